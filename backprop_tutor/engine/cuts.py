"""A group cut at its sums, and who uses what: what a nudge follows on its way up.

The terms under a group's outermost sums form stages of their own, each with a row for every term, so that one touched
term can be calculated alone; what remains above them is the upper stage. `Uses` lists every place where a node stands
as an operand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..values import Struct, replace
from .plan import Group, Indices, Product, product_of
from .program import Program
from .template import Reduce, Slot, Softmax, Stack, Tree, parts, rebuilt


class Stage(Struct, frozen=True):
    """A formula over rows of its own. `slots` are node numbers, (rows, ...), and `numbers` the group's slots that they
    are; the slots in `picks` hold positions."""

    program: Program
    slots: tuple[Indices, ...]
    numbers: tuple[int, ...]
    picks: frozenset[int]
    rows: int


class SumPart(Struct, frozen=True):
    """A sum (or mean) inside a group: the stage of its terms, how many each row adds, the product that it may be."""

    stage: Stage
    terms: int
    mean: bool
    product: Product | None


class Uses(Struct, frozen=True):
    """Every place where a node stands as an operand: slots one behind the other, group by group, each row by row.

    The uses of node n are order[first[n] : first[n + 1]]. `slots` says where each slot begins, `groups` where each
    group does.
    """

    order: Indices
    first: Indices
    slots: tuple[tuple[int, ...], ...]
    groups: Indices


class Cut(Struct, frozen=True):
    """A group and its stages. `place` has for each slot its stage (the upper one is the last), its number there, and
    the operands of a row; `sources` the groups that operands come from (-1: leaves), and how many uses a row of such
    a group has here on average."""

    group: Group
    level: int
    sums: tuple[SumPart, ...]
    upper: Stage
    place: tuple[tuple[int, int, int], ...]
    sources: Mapping[int, float]
    slot_sources: tuple[frozenset[int], ...]

    def slot_uses(self, uses: Uses, number: int, slot: int) -> tuple[int, int]:
        """Where the uses of a slot begin and end; `number` is the group's own."""
        begin = uses.slots[number][slot]
        return begin, begin + self.group.slots[slot].size

    def row_cost(self, one_each: bool) -> float:
        """How many numbers all rows cost for one nudge; `one_each`: it has touched a single operand."""
        cost = 4.0 * self.group.rows * (1 + sum(np.prod(s.shape[1:]) for s in self.upper.slots if s.ndim > 1))
        for part in self.sums:
            if part.product is not None and part.product.vector:
                cost += part.stage.rows / 8 if not one_each else 2 * self.group.rows
            else:
                cost += 4 * sum(slot.size for slot in part.stage.slots)
        return float(cost)


def slots_of(tree: Tree) -> Iterator[int]:
    """The slots of a template, those of positions too."""
    if isinstance(tree, Slot):
        yield tree.number
    if isinstance(tree, Softmax):
        yield tree.pick
    for part in parts(tree):
        yield from slots_of(part)


def _stacks(tree: Tree) -> bool:
    return isinstance(tree, Stack) or any(_stacks(part) for part in parts(tree))


def cut(group: Group, level: int, starts: Indices) -> Cut:
    """The group's formula in stages; `starts` are the first nodes of all groups."""
    count = len(group.slots)
    place = [(-1, 0, 1)] * count
    sums: list[SumPart] = []

    def stage(tree: Tree, depth: int) -> Stage:
        numbers = tuple(dict.fromkeys(slots_of(tree)))
        own = {number: i for i, number in enumerate(sorted(numbers, key=lambda n: (n >= count, n)))}

        def renumbered(part: Tree) -> Tree:
            if isinstance(part, Slot):
                return Slot(own[part.number], part.axes)
            part = rebuilt(part, renumbered)
            return replace(part, pick=own[part.pick]) if isinstance(part, Softmax) else part

        real = tuple(number for number in own if number < count)
        slots = tuple(group.slots[n].reshape(-1, *group.slots[n].shape[depth:]) for n in real)
        for i, number in enumerate(real):
            place[number] = (len(sums) if depth == 2 else -2, i, int(np.prod(slots[i].shape[1:], dtype=np.int64)))
        rows = len(slots[0]) if depth == 2 else group.rows
        picks = frozenset(own[number] for number in real if number in group.picks)
        return Stage(Program(renumbered(tree), len(own)), slots, real, picks, rows)

    def change(part: Tree) -> Tree:
        if isinstance(part, Reduce) and part.how in ("sum", "mean") and not _stacks(part):
            numbers = tuple(slots_of(part))
            terms = group.slots[numbers[0]].shape[1]
            if terms > 1:
                sums.append(SumPart(stage(part.argument, 2), terms, part.how == "mean", product_of(part, group.slots)))
                return Slot(count + len(sums) - 1, ())
        # a sum below another reduction has a row for each of that one's places
        return part if isinstance(part, (Reduce, Softmax)) else rebuilt(part, change)

    upper = stage(change(group.tree), 1)
    places = tuple((len(sums) if at == -2 else at, own, size) for at, own, size in place)
    origins = [
        np.bincount(np.searchsorted(starts, slot.ravel(), side="right")) if i not in group.picks else np.zeros(1, int)
        for i, slot in enumerate(group.slots)
    ]
    totals: dict[int, float] = {}
    for counts in origins:
        for source in np.nonzero(counts)[0].tolist():
            totals[source - 1] = totals.get(source - 1, 0.0) + counts[source]
    sources = tuple(frozenset((np.nonzero(counts)[0] - 1).tolist()) for counts in origins)
    return Cut(group, level, tuple(sums), upper, places, totals, sources)


def cuts_of(groups: Sequence[Group], levels: NDArray[np.int32]) -> tuple[Cut, ...]:
    """Every group in stages."""
    starts = np.array([group.start for group in groups], dtype=np.int64)
    cuts = [cut(group, int(levels[group.start]), starts) for group in groups]
    return tuple(
        replace(one, sources={s: uses / groups[s].rows if s >= 0 else uses for s, uses in one.sources.items()})
        for one in cuts
    )


def uses_of(groups: Sequence[Group], size: int) -> Uses:
    """Who uses what, over `size` nodes."""
    slots: list[tuple[int, ...]] = []
    starts = [0]
    flat: list[Indices] = []
    at = 0
    for group in groups:
        begins = []
        for i, slot in enumerate(group.slots):
            begins.append(at)
            if i not in group.picks:
                flat.append(slot.ravel())
                at += slot.size
        slots.append(tuple(begins))
        starts.append(at)
    every = np.concatenate(flat) if flat else np.empty(0, np.int64)
    order = np.argsort(every, kind="stable")
    first = np.searchsorted(every[order], np.arange(size + 1))
    return Uses(order, first, tuple(slots), np.array(starts))
