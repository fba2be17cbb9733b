"""What follows from a nudge: the objective at many nudged points, each with only what depends on its nudge.

A nudge goes up the network as touched operands. While few are touched, each is one entry of a list; a sum is carried on
by its touched terms alone (old sum + new term - old term). Where a nudge reaches most of a layer, whole rows are
calculated, a matrix product by the operands that changed. All nudges of a batch, and all sides of each (x + h, x - h, and
the halved steps), go together. Nothing here knows a derivative rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .functions import primitive
from .graph import Graph, NodeGroup, ancestors
from .plan import Indices, Product, Values, product_of
from .template import Apply, Multiply, Program, Reduce, Slot, Tree, parts, rebuilt

BATCH_BYTES = 1 << 19  # of the widest result of a batch: it stays in the processor's cache
FIRST_BATCH = 16  # nudges tried first; how wide their results are decides how many go together afterwards
MOST = 1 << 14  # nudges in one batch
LIST_COST = 30  # what one entry of a list costs, in numbers of a whole row


@dataclass(frozen=True, slots=True)
class Stage:
    """A formula over rows of its own: a group's terms under a sum, or what remains of the group above its sums.

    `slots` are node numbers of shape (rows, ...), `numbers` the group's slots that they are; `picks` holds positions.
    """

    program: Program
    slots: tuple[Indices, ...]
    numbers: tuple[int, ...]
    picks: frozenset[int]
    rows: int


@dataclass(frozen=True, slots=True)
class SumPart:
    """A sum (or mean) inside a group: the stage of its terms, how many each row adds, and the product it may be."""

    stage: Stage
    terms: int
    mean: bool
    product: Product | None


@dataclass(frozen=True, slots=True)
class Cut:
    """A group cut at its outermost sums; the upper stage has one operand more for each of them."""

    group: NodeGroup
    sums: tuple[SumPart, ...]
    upper: Stage
    place: tuple[tuple[int, int, int], ...]  # of each slot: its stage (the upper one is len(sums)), number, size per row
    terms: int  # operands of the whole group


def cut(group: NodeGroup) -> Cut:
    """The group's formula in two stages."""
    sums: list[SumPart] = []
    place: dict[int, tuple[int, int, int]] = {}
    upper: list[int] = []

    def stage(tree: Tree, numbers: list[int], rows: int, level: int, extra: int = 0) -> Stage:
        own = {number: i for i, number in enumerate(numbers)}

        def renumber(part: Tree) -> Tree:
            if isinstance(part, Slot):
                return Slot(own.get(part.number, part.number), part.axes)
            made = rebuilt(part, renumber)
            return made if not hasattr(made, "pick") else type(made)(made.argument, own[made.pick])

        slots = []
        for number in numbers:
            array = group.slots[number]
            depth = 2 if rows != group.rows else 1
            shape = (rows, *array.shape[depth:])
            slots.append(array.reshape(shape))
            place[number] = (level, own[number], int(np.prod(shape[1:], dtype=np.int64)))
        picks = frozenset(own[number] for number in numbers if number in group.picks)
        return Stage(Program(renumber(tree), len(numbers) + extra), tuple(slots), tuple(numbers), picks, rows)

    def change(part: Tree) -> Tree:
        if isinstance(part, Reduce) and part.how in ("sum", "mean"):
            numbers = slots_of(part)
            if numbers and all(group.slots[number].ndim > 1 for number in numbers):
                terms = group.slots[numbers[0]].shape[1]
                product = product_of(part, group.slots)
                below = stage(part.argument, numbers, group.rows * terms, len(sums)) if terms > 1 else None
                if below is not None:
                    sums.append(SumPart(below, terms, part.how == "mean", product))
                    return Slot(-len(sums), ())
        upper.extend(_own_slots(part))
        return rebuilt(part, change)

    above = change(group.tree)
    count = len(upper)
    tree = _sums_numbered(above, count)
    top = stage(tree, upper, group.rows, len(sums), len(sums))
    places = tuple(place.get(number, (-1, 0, 1)) for number in range(len(group.slots)))
    return Cut(group, tuple(sums), top, places, sum(slot.size for slot in group.slots))
