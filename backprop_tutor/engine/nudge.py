"""What follows from a nudge: the objective at many nudged points, each with only what depends on its nudge.

A nudge goes up the network as touched operands. While few are touched, each is one entry of a list, and a sum is
carried on by its touched terms alone (old sum + new term - old term). Where a nudge reaches most of a layer, whole rows
are calculated, a matrix product by the operands that changed. All nudges of a batch, and all sides of each (x + h,
x - h, the halved steps), go together: arrays have the shape (sides, nudges, ...). Nothing here knows a derivative rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..formulas.functions import primitive
from ..formulas.rounding import RESIDUE, without_residue
from ..values import Struct
from .cuts import Cut, Stage, SumPart
from .graph import Graph, ancestors
from .nudge_whole import WholeNetwork, pays
from .plan import Indices, Values, distinct
from .template import Apply, Choose, Reduce, Tree, parts

BATCH_BYTES = 1 << 20  # of the widest result of a batch: it stays in the processor's cache
FIRST_BATCH = 16  # nudges tried first; how wide their results are decides how many go together afterwards
MOST = 1 << 14  # nudges in one batch
LIST_COST = 30  # of one entry of a list, beside 1 for a number of a whole row


class _List:
    """Touched nodes, each for one nudge: nudge, node and, for all sides, value; all of one group (-1: leaves)."""

    def __init__(self, graph: Graph, group: int, nudge: Indices, node: Indices, value: Values) -> None:
        self.graph, self.group = graph, group
        self.nudge, self.node, self.value = nudge, node, value

    @cached_property
    def uses(self) -> tuple[Indices, Indices]:
        """Every use of every entry, in the order of the uses; and whose it is."""
        index = self.graph.uses
        first = index.first[self.node]
        counts = index.first[self.node + 1] - first
        whose = np.repeat(np.arange(len(self.node)), counts)
        within = np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)
        uses = index.order[np.repeat(first, counts) + within]
        if bool((np.diff(uses) < 0).any()):
            order = np.argsort(uses, kind="stable")
            uses, whose = uses[order], whose[order]
        return uses, whose

    def between(self, low: int, high: int) -> tuple[Indices, Indices]:
        """The uses in a range, counted from its start, and whose they are."""
        uses, whose = self.uses
        start, end = np.searchsorted(uses, (low, high))
        return uses[start:end] - low, whose[start:end]


class _Batch(Struct):
    """The nudges that go up together: what they have touched so far."""

    sides: int
    nudges: int
    lists: list[_List]
    rows: dict[int, Values]  # by group: (sides, nudges, rows)
    kinks: NDArray[np.bool_]
    compared: Sequence[int]  # sides whose branches must be the same
    widest: int = 1


class Nudges:
    """One graph at its values, ready to be nudged; `evaluations` counts objective values, `calculated` numbers."""

    def __init__(self, graph: Graph, values: Values, end: int) -> None:
        self.graph, self.values, self.end = graph, values, end
        self.evaluations = self.calculated = 0
        self._needed = ancestors(graph, end)
        self._live = [bool(self._needed[group.out].any()) for group in graph.groups]
        self._kinked = any(has_kinks(group.tree) for group in graph.groups)
        self._sums: dict[tuple[int, int], Values] = {}
        self._columns: dict[tuple[int, int], Values] = {}

    @cached_property
    def _whole_network(self) -> WholeNetwork:
        return WholeNetwork(self.graph, self.values, self.end, self._live)

    @property
    def kinked(self) -> bool:
        """Can any nudge cross a kink?"""
        return self._kinked

    def objective(
        self, nodes: Indices, offsets: Values, compared: Sequence[int] = ()
    ) -> tuple[Values, NDArray[np.bool_]]:
        """The objective with each node moved by each of its offsets (sides, nodes): (sides, nodes).

        And for which nodes the sides `compared` have taken different branches at a kink.
        """
        found = np.empty(offsets.shape)
        kinks = np.zeros(len(nodes), bool)
        self.evaluations += offsets.size
        companies = list(self._companies(nodes))
        if pays(self.graph, len(companies), offsets.size):
            before = self._whole_network.calculated
            found, kinks = self._whole_network.objective(nodes, offsets, compared if self._kinked else ())
            self.calculated += self._whole_network.calculated - before
            return found, kinks
        for company in companies:
            at, size = 0, FIRST_BATCH
            while at < len(company):
                some = company[at : at + size]
                batch = self._batch(nodes[some], offsets[:, some], compared if self._kinked else ())
                found[:, some], kinks[some] = self._outcome(batch), batch.kinks
                at += len(some)
                size = max(1, min(MOST, BATCH_BYTES // (8 * batch.sides * batch.widest)))
        return found, kinks

    def _companies(self, nodes: Indices) -> Iterator[Indices]:
        """The positions of nodes that go together: of one group, so that none depends on another, used first by one
        group; neighbours in it stay neighbours."""
        graph, index = self.graph, self.graph.uses
        own = graph.groups_at(nodes)
        used = index.first[nodes + 1] > index.first[nodes]
        first = np.full(len(nodes), -1)
        first[used] = index.order[index.first[nodes[used]]]
        into = np.searchsorted(index.groups, first, side="right") - 1
        order = np.lexsort((first, into, own))
        cuts = np.nonzero((np.diff(own[order]) != 0) | (np.diff(into[order]) != 0))[0] + 1
        yield from np.split(order, cuts) if len(order) else ()

    def _batch(self, nodes: Indices, offsets: Values, compared: Sequence[int]) -> _Batch:
        graph, count = self.graph, len(nodes)
        own = int(graph.groups_at(nodes[:1])[0])
        start = _List(graph, own, np.arange(count), nodes, self.values[nodes] + offsets)
        batch = _Batch(len(offsets), count, [start], {}, np.zeros(count, bool), compared)
        level = int(graph.levels[nodes[0]])
        for number, one in enumerate(graph.cuts):
            if one.level <= level or not self._live[number]:
                continue
            whole = any(source in batch.rows for source in one.sources)
            listed = [touched for touched in batch.lists if touched.group in one.sources]
            if not whole and listed:
                low, high = graph.uses.groups[number : number + 2].tolist()
                events = sum(
                    len(t.between(low, high)[0]) if t is start else len(t.node) * one.sources[t.group] for t in listed
                )
                if not events:
                    continue
                whole = LIST_COST * events > count * one.row_cost(len(listed[0].node) <= count)
            if whole:
                batch.rows[number] = self._in_rows(batch, number, one)
            elif listed and (result := self._in_lists(batch, number, one, listed)) is not None:
                batch.lists.append(result)
        return batch

    def _outcome(self, batch: _Batch) -> Values:
        """The objective of every nudge and side."""
        out = np.full((batch.sides, batch.nudges), self.values[self.end])
        group = int(self.graph.groups_at(np.array([self.end]))[0])
        if group in batch.rows:
            return batch.rows[group][:, :, self.end - self.graph.groups[group].start]
        for touched in batch.lists:
            mine = touched.node == self.end
            out[:, touched.nudge[mine]] = touched.value[:, mine]
        return out

    # ------------------------------------------------------------------ a group by its touched terms
    def _in_lists(self, batch: _Batch, number: int, one: Cut, listed: Sequence[_List]) -> _List | None:
        stages = [part.stage for part in one.sums] + [one.upper]
        events: list[list[tuple[int, Indices, Indices, Values]]] = [[] for _ in stages]  # slot, nudge, place, value
        for slot, (level, own, _) in enumerate(one.place):
            if slot in one.group.picks:
                continue
            low, high = one.slot_uses(self.graph.uses, number, slot)
            for touched in listed:
                if touched.group not in one.slot_sources[slot]:
                    continue
                place, whose = touched.between(low, high)
                if len(place):
                    events[level].append((own, touched.nudge[whose], place, touched.value[:, whose]))
        rows = one.group.rows
        changes: list[tuple[int, Indices, Values]] = []  # of a sum: which, (nudge, row) as one key, change
        for which, part in enumerate(one.sums):
            if events[which]:
                keys, operands = self._touched(batch, part.stage, events[which], part.stage.rows)
                at = keys % part.stage.rows
                old = part.stage.program
                was = old.result(old.run([self._given(part.stage, i, at) for i in range(len(operands))]))
                new = self._run(batch, part.stage, operands, keys // part.stage.rows)
                change = np.broadcast_to(new - was, (batch.sides, len(keys)))
                changes.append((which, keys // part.stage.rows * rows + at // part.terms, change))
                self.calculated += change.size
        if not changes and not events[-1]:
            return None
        keys, operands = self._touched(batch, one.upper, events[-1], rows, [keys for _, keys, _ in changes])
        nudge, row = np.divmod(keys, rows)
        if one.sums:
            sums = [np.repeat(self._sum(number, one, i)[row][None], batch.sides, 0) for i in range(len(one.sums))]
            for which, at, change in changes:
                places = np.searchsorted(keys, at)
                if bool((np.diff(places) > 0).all()):
                    sums[which][:, places] += change
                else:
                    _add_at(sums[which], places, change)
            operands += [total / part.terms if part.mean else total for total, part in zip(sums, one.sums, strict=True)]
        value = np.broadcast_to(self._run(batch, one.upper, operands, nudge), (batch.sides, len(keys)))
        self.calculated += value.size
        kept = self._needed[one.group.start + row]
        if not kept.all():
            nudge, row, value = nudge[kept], row[kept], value[:, kept]
        return _List(self.graph, number, nudge, one.group.start + row, value)

    def _touched(
        self,
        batch: _Batch,
        stage: Stage,
        events: Sequence[tuple[int, Indices, Indices, Values]],
        rows: int,
        more: Sequence[Indices] = (),
    ) -> tuple[Indices, list[Values]]:
        """The touched (nudge, row) pairs as sorted keys nudge·rows + row, and the operands there."""
        sizes = [int(np.prod(slot.shape[1:], dtype=np.int64)) for slot in stage.slots]
        touched = [nudge * rows + place // sizes[own] for own, nudge, place, _ in events]
        keys = _union([*touched, *more])
        at = keys % rows
        operands = [self._given(stage, i, at) for i in range(len(stage.slots))]
        for (own, _, place, value), mine in zip(events, touched, strict=True):
            operand = operands[own]
            if operand.ndim == stage.slots[own].ndim:
                operand = np.repeat(operand[None], batch.sides, 0)
            flat = operand.reshape(batch.sides, len(keys), -1)
            flat[:, np.searchsorted(keys, mine), place % sizes[own]] = value
            operands[own] = flat.reshape(batch.sides, *operand.shape[1:])
        return keys, operands

    def _given(self, stage: Stage, slot: int, rows: Indices) -> Values:
        """The operands of some rows as they are without a nudge."""
        indices = stage.slots[slot][rows]
        return indices.astype(float) if slot in stage.picks else self.values[indices]

    def _run(self, batch: _Batch, stage: Stage, operands: list[Values], nudge: Indices) -> Values:
        """The stage at the operands of pairs; crossed kinks are noted for the nudges of the pairs."""
        if not batch.compared:
            return stage.program.result(stage.program.run(operands))
        shapes = [slot.shape[1:] for slot in stage.slots] + [()] * (len(operands) - len(stage.slots))
        full = [np.broadcast_to(o, (batch.sides, len(nudge), *s)) for o, s in zip(operands, shapes, strict=True)]
        branches: list[Values] = []
        frame = stage.program.run(full, branches)
        for taken in branches:
            if taken.ndim >= 2:
                chosen = taken[list(batch.compared)]
                crossed = (chosen[1:] != chosen[:1]).any(0).reshape(len(nudge), -1).any(1)
                batch.kinks[nudge[crossed]] = True
        return stage.program.result(frame)

    # ------------------------------------------------------------------ a group in whole rows
    def _in_rows(self, batch: _Batch, number: int, one: Cut) -> Values:
        """Every row of a group for every nudge."""
        sums = []
        for which, part in enumerate(one.sums):
            product = part.product
            if product is not None and product.vector and not self._rows_among(batch, one.group.slots[product.left]):
                total = self._product(batch, number, one, which)
            else:
                total = self._terms(batch, number, one, which)
            sums.append(total / part.terms if part.mean else total)
        operands = [self._operand(batch, number, one, one.upper, i) for i in range(len(one.upper.slots))]
        result = self._whole(batch, one.upper, [*operands, *sums])
        return np.broadcast_to(result, (batch.sides, batch.nudges, one.group.rows))

    def _whole(self, batch: _Batch, stage: Stage, operands: list[Values]) -> Values:
        """A stage over all its rows, for all nudges where any operand differs between them."""
        shapes = [slot.shape for slot in stage.slots] + [(stage.rows,)] * (len(operands) - len(stage.slots))
        if all(operand.ndim == len(shape) for operand, shape in zip(operands, shapes, strict=True)):
            return stage.program.result(stage.program.run(operands))
        batch.widest = max(batch.widest, *(int(np.prod(shape, dtype=np.int64)) for shape in shapes))
        self.calculated += batch.sides * batch.nudges * stage.rows
        if batch.compared:
            lead = (batch.sides, batch.nudges)
            operands = [np.broadcast_to(o, (*lead, *shape)) for o, shape in zip(operands, shapes, strict=True)]
        branches: list[Values] | None = [] if batch.compared else None
        frame = stage.program.run(operands, branches)
        for taken in branches or ():
            if taken.ndim >= 2:
                chosen = taken[list(batch.compared)]
                batch.kinks |= (chosen[1:] != chosen[:1]).any(0).reshape(batch.nudges, -1).any(1)
        return stage.program.result(frame)

    def _terms(self, batch: _Batch, number: int, one: Cut, which: int) -> Values:
        """A sum by all its terms."""
        part = one.sums[which]
        operands = [self._operand(batch, number, one, part.stage, i) for i in range(len(part.stage.slots))]
        if all(operand.ndim == slot.ndim for operand, slot in zip(operands, part.stage.slots, strict=True)):
            return self._sum(number, one, which)
        terms = self._whole(batch, part.stage, operands)
        terms = np.broadcast_to(terms, (batch.sides, batch.nudges, part.stage.rows))
        return np.asarray(np.add.reduce(terms.reshape(batch.sides, batch.nudges, one.group.rows, part.terms), -1))

    def _product(self, batch: _Batch, number: int, one: Cut, which: int) -> Values:
        """A matrix times a vector: the old product, the changes of the vector through the matrix, and then those of
        single entries of the matrix."""
        part = one.sums[which]
        assert part.product is not None
        other = one.group.slots[part.product.right][0]
        lead = (batch.sides, batch.nudges)
        total: Values = self._sum(number, one, which)
        vector: Values = self.values[other]
        touched = [t for t in batch.lists if t.group in one.sources and len(self._inside(t, other)[0])]
        if not touched and not self._rows_among(batch, other):
            pass
        elif not self._rows_among(batch, other) and (single := self._one_each(batch, touched, other)) is not None:
            mine, place = single
            change = touched[0].value[:, mine] - vector[place]
            columns = self._column(number, one, which)
            if len(place) and bool((place == place[0]).all()):
                total = np.multiply.outer(change, columns[place[0]]) + total
            else:
                total = change[:, :, None] * columns[place] + total
            if self._entries(batch, number, one, part):
                vector = np.repeat(np.repeat(vector[None, None], batch.nudges, 1), batch.sides, 0)
                vector[:, np.arange(batch.nudges), place] += change
        else:
            old = vector
            vector = self._fetched(batch, other)
            change = (vector - old).reshape(-1, len(old))
            total = (change @ self._column(number, one, which)).reshape(*lead, -1) + total
        batch.widest = max(batch.widest, one.group.rows, part.terms)
        for nudge, row, term, value in self._entries(batch, number, one, part):
            if total.ndim == 1:
                total = np.tile(total, (*lead, 1))
            there = vector[term] if vector.ndim == 1 else vector[:, nudge, term]
            old_entry = self.values[one.group.slots[part.product.left][row, term]]
            flat = total.reshape(batch.sides, -1)  # whole rows of numbers: a view
            _add_at(flat, nudge * one.group.rows + row, (value - old_entry) * there)
            total = flat.reshape(*lead, -1)
        return total

    def _entries(
        self, batch: _Batch, number: int, one: Cut, part: SumPart
    ) -> list[tuple[Indices, Indices, Indices, Values]]:
        """The touched entries of a product's matrix: nudge, row, term, value."""
        assert part.product is not None
        low, high = one.slot_uses(self.graph.uses, number, part.product.left)
        found = []
        for touched in batch.lists:
            if touched.group in one.slot_sources[part.product.left]:
                place, whose = touched.between(low, high)
                if len(place):
                    row, term = np.divmod(place, part.terms)
                    found.append((touched.nudge[whose], row, term, touched.value[:, whose]))
        return found

    @staticmethod
    def _inside(touched: _List, nodes: Indices) -> tuple[Indices, Indices]:
        """Which entries of a list are among the nodes (sorted), and where."""
        place = np.minimum(np.searchsorted(nodes, touched.node), len(nodes) - 1)
        mine = np.nonzero(nodes[place] == touched.node)[0]
        return mine, place[mine]

    def _one_each(self, batch: _Batch, touched: Sequence[_List], nodes: Indices) -> tuple[Indices, Indices] | None:
        """Where each nudge touches exactly one of the nodes: the entries, in the order of the nudges, and where."""
        if len(touched) != 1:
            return None
        mine, place = self._inside(touched[0], nodes)
        return (mine, place) if np.array_equal(touched[0].nudge[mine], np.arange(batch.nudges)) else None

    def _rows_among(self, batch: _Batch, nodes: Indices) -> bool:
        """Is any of the nodes in a group that has been calculated in rows?"""
        return any(
            bool(((nodes >= group.start) & (nodes < group.start + group.rows)).any())
            for group in (self.graph.groups[number] for number in batch.rows)
        )

    def _operand(self, batch: _Batch, number: int, one: Cut, stage: Stage, slot: int) -> Values:
        """All operands of a stage's slot, for each nudge where one of them is touched."""
        indices = stage.slots[slot]
        if slot in stage.picks:
            return indices.astype(float)
        sources = one.slot_sources[stage.numbers[slot]]
        if not any(source in batch.rows for source in sources) and not any(t.group in sources for t in batch.lists):
            return self.values[indices]
        return self._fetched(batch, indices)

    def _fetched(self, batch: _Batch, indices: Indices) -> Values:
        """The values of nodes for every nudge: (sides, nudges, ...), or without these axes where nothing is touched."""
        flat = indices.ravel()
        low, high = int(flat.min()), int(flat.max())
        out: Values | None = None
        lead = (batch.sides, batch.nudges)
        for number, rows in batch.rows.items():
            group = self.graph.groups[number]
            if high < group.start or low >= group.start + group.rows:
                continue
            if low >= group.start and high < group.start + group.rows:
                if len(flat) == group.rows and low == flat[0] and bool((np.diff(flat) == 1).all()):
                    return rows.reshape(*lead, *indices.shape)
                return rows[:, :, flat - group.start].reshape(*lead, *indices.shape)
            out = np.tile(self.values[flat], (*lead, 1)) if out is None else out
            mine = (flat >= group.start) & (flat < group.start + group.rows)
            out[:, :, mine] = rows[:, :, flat[mine] - group.start]
        order = np.argsort(flat, kind="stable")
        ranked = flat[order]
        for touched in batch.lists:
            first = np.searchsorted(ranked, touched.node)
            counts = np.searchsorted(ranked, touched.node, side="right") - first
            if counts.any():
                out = np.tile(self.values[flat], (*lead, 1)) if out is None else out
                whose = np.repeat(np.arange(len(counts)), counts)
                within = np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)
                place = order[np.repeat(first, counts) + within]
                out[:, touched.nudge[whose], place] = touched.value[:, whose]
        return self.values[indices] if out is None else out.reshape(*lead, *indices.shape)

    # ------------------------------------------------------------------ without a nudge
    def _sum(self, number: int, one: Cut, which: int) -> Values:
        """A sum at the values as they are."""
        known = self._sums.get((number, which))
        if known is None:
            part = one.sums[which]
            if part.product is not None and part.product.vector:
                matrix, vector = part.product.matrix.fetch(self.values), part.product.other.fetch(self.values)
                total, size = matrix @ vector, np.abs(matrix) @ np.abs(vector)
            else:
                stage = part.stage
                every = np.arange(stage.rows)
                frame = stage.program.run([self._given(stage, i, every) for i in range(len(stage.slots))])
                rows = np.broadcast_to(stage.program.result(frame), (stage.rows,))
                terms = rows.reshape(one.group.rows, part.terms)
                total, size = terms.sum(-1), np.abs(terms).sum(-1)
            known = self._sums[number, which] = without_residue(total, RESIDUE * size)
        return known

    def _column(self, number: int, one: Cut, which: int) -> Values:
        """The matrix of a product, column by column."""
        known = self._columns.get((number, which))
        if known is None:
            product = one.sums[which].product
            assert product is not None
            known = np.ascontiguousarray(product.matrix.fetch(self.values).T)
            self._columns[number, which] = known
        return known


def _add_at(totals: Values, places: Indices, amounts: Values) -> None:
    """Add amounts (sides, many) at places that may be the same."""
    for total, amount in zip(totals, amounts, strict=True):
        np.add.at(total, places, amount)


def _union(keys: Sequence[Indices]) -> Indices:
    """All keys once, sorted."""
    if len(keys) == 1 and bool((np.diff(keys[0]) > 0).all()):
        return keys[0]
    return distinct(np.concatenate(keys))


def has_kinks(tree: Tree) -> bool:
    """Has any part of a template a point without a derivative?"""
    match tree:
        case Apply(function) if primitive(function).kinks:
            return True
        case Reduce("max" | "min") | Choose():
            return True
    return any(has_kinks(part) for part in parts(tree))
