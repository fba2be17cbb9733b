"""How a graph's groups are executed: each template compiled once, each operand fetched by the cheapest way it allows.

A slot is an array of node numbers. Where those lie regularly (a block of weights, one row spread over all units) the
operands are a view of the vector of values, and adjoints are added to a view of theirs; elsewhere they are gathered and
scattered. A sum of products of two such slots is a matrix product and runs as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..values import Struct
from .program import Program
from .rules import Outer
from .template import Dot, Multiply, Reduce, Slot, Tree, rebuilt

Indices: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]
_ITEM = 8  # bytes of a value


def distinct(numbers: Indices) -> Indices:
    """Every number once, sorted. (NumPy's own `unique` imports its masked arrays, at every start of the program.)"""
    ranked = np.sort(numbers, axis=None)
    first = np.concatenate([np.ones(min(1, ranked.size), bool), ranked[1:] != ranked[:-1]])
    return np.asarray(ranked[first])


class Group(Protocol):
    """What is read of a group of nodes."""

    @property
    def tree(self) -> Tree: ...
    @property
    def slots(self) -> tuple[Indices, ...]: ...
    @property
    def picks(self) -> frozenset[int]: ...
    @property
    def start(self) -> int: ...
    @property
    def rows(self) -> int: ...


class View:
    """Operands that lie at start + Σ strides·index: no copy is made."""

    __slots__ = ("_bytes", "_repeated", "_whole", "offset", "shape", "sole", "strides")

    def __init__(self, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.offset, self.shape, self.strides = offset, shape, strides
        self.sole = False  # does nothing else add to these adjoints?
        self._bytes = tuple(stride * _ITEM for stride in strides)
        self._repeated = tuple(axis for axis, stride in enumerate(strides) if stride == 0 and shape[axis] > 1)
        whole = len(shape) == 1 and strides[0] == 1
        self._whole = slice(offset, offset + shape[0]) if whole else None

    def fetch(self, values: Values) -> Values:
        if self._whole is not None:
            return values[self._whole]
        return np.ndarray(self.shape, np.float64, values, self.offset * _ITEM, self._bytes)

    def give(self, adjoints: Values, share: Any) -> None:
        """Add the adjoints of all operands; one operand at several places gets the sum."""
        if self._whole is not None:
            mine = adjoints[self._whole]
        elif not self._repeated:
            mine = np.ndarray(self.shape, np.float64, adjoints, self.offset * _ITEM, self._bytes)
        else:
            share = share.array() if isinstance(share, Outer) else share
            share = np.add.reduce(np.broadcast_to(share, self.shape), self._repeated)
            kept = [axis for axis in range(len(self.shape)) if axis not in self._repeated]
            shape = tuple(self.shape[axis] for axis in kept)
            strides = tuple(self._bytes[axis] for axis in kept)
            mine = np.ndarray(shape, np.float64, adjoints, self.offset * _ITEM, strides)
        if isinstance(share, Outer):
            if self.sole:
                np.multiply(share.column[:, None], share.row, out=mine)
                return
            share = share.array()
        if self.sole:
            mine[...] = share
        else:
            mine += share


class Gathered:
    """Operands that lie anywhere."""

    __slots__ = ("_first", "_flat", "_length", "_once", "indices")

    def __init__(self, indices: Indices) -> None:
        self.indices = indices
        self._flat = indices.ravel()
        self._once = len(distinct(self._flat)) == indices.size
        self._first = int(self._flat.min(initial=0)) if indices.size else 0
        self._length = int(self._flat.max(initial=0)) + 1 - self._first

    def fetch(self, values: Values) -> Values:
        return values[self.indices]

    def give(self, adjoints: Values, share: Any) -> None:
        """Add the adjoints of all operands; one operand at several places gets the sum."""
        if self._once:
            adjoints[self.indices] += share
        else:
            spread = np.broadcast_to(share, self.indices.shape).ravel()
            sums = np.bincount(self._flat - self._first, spread, self._length)
            adjoints[self._first : self._first + self._length] += sums


class Positions:
    """A slot that holds positions (a softmax's), not operands."""

    __slots__ = ("numbers",)

    def __init__(self, indices: Indices) -> None:
        self.numbers = indices.astype(float)

    def fetch(self, values: Values) -> Values:
        return self.numbers

    def give(self, adjoints: Values, share: Any) -> None:
        """Positions have no adjoint."""


Access: TypeAlias = View | Gathered | Positions


def access(indices: Indices) -> Access:
    """The cheapest way to these operands."""
    return regular(indices) or Gathered(indices)


def regular(indices: Indices) -> View | None:
    """The view that these node numbers are, or None where they lie irregularly (or one node at several places that
    aren't whole rows)."""
    if not indices.size or not indices.ndim:
        return None
    first = int(indices.flat[0])
    strides = []
    for axis, length in enumerate(indices.shape):
        second = tuple(1 if axis == other else 0 for other in range(indices.ndim))
        strides.append(int(indices[second]) - first if length > 1 else 0)
    if min(strides) < 0:
        return None
    grid = np.zeros(indices.shape, np.int64)
    for axis, (length, stride) in enumerate(zip(indices.shape, strides, strict=True)):
        if stride:
            grid += (np.arange(length) * stride).reshape(-1, *(1,) * (indices.ndim - axis - 1))
    if not np.array_equal(grid + first, indices):
        return None
    reach = 0  # from the finest stride up, each must step over all that the finer ones reach
    for stride, length in sorted((s, n) for s, n in zip(strides, indices.shape, strict=True) if s):
        if stride <= reach:
            return None
        reach += stride * (length - 1)
    return View(first, indices.shape, tuple(strides))


class Product(Struct, frozen=True):
    """A sum of products as a matrix product: which slot is the left factor, which the right, and their views."""

    left: int
    right: int
    matrix: View  # (rows, terms)
    other: View  # (terms,), or (terms, columns)

    @property
    def vector(self) -> bool:
        """Is the other factor a vector?"""
        return len(self.other.shape) == 1


def product_of(tree: Tree, slots: Sequence[Indices]) -> Product | None:
    """The sum of products over two slots as a matrix product, or None where it is none."""
    match tree:
        case Reduce("sum", Multiply((False, False), (Slot(one, axes), Slot(two, _)))) if len(axes) == 1:
            pair = (one, two)
        case _:
            return None
    terms = axes[0]
    rows = len(slots[one])
    inner = min(_period(slots[number]) for number in pair)
    if rows % inner:
        return None
    shape = (rows // inner, inner, terms)
    views = [regular(slots[number].reshape(shape)) for number in pair]
    if views[0] is None or views[1] is None:
        return None
    for (left, a), (right, b) in (((one, views[0]), (two, views[1])), ((two, views[1]), (one, views[0]))):
        (outer_a, inner_a, step_a), (outer_b, inner_b, step_b) = a.strides, b.strides
        if inner_a or outer_b or (terms > 1 and not (step_a and step_b)):
            continue
        if shape[0] == 1:  # a vector times a matrix: the matrix goes to the left
            matrix = View(b.offset, (inner, terms), (inner_b, step_b))
            return Product(right, left, matrix, View(a.offset, (terms,), (step_a,)))
        matrix = View(a.offset, (shape[0], terms), (outer_a, step_a))
        if inner == 1:
            return Product(left, right, matrix, View(b.offset, (terms,), (step_b,)))
        return Product(left, right, matrix, View(b.offset, (terms, inner), (step_b, inner_b)))
    return None


def _period(indices: Indices) -> int:
    """After how many rows the operands stop advancing evenly."""
    starts = indices[:, 0]
    steps = np.diff(starts)
    uneven = np.nonzero(steps != steps[0])[0] if len(steps) else steps
    return int(uneven[0]) + 1 if len(uneven) else len(starts)


class Plan(Struct, frozen=True):
    """One group ready to run."""

    program: Program
    accesses: tuple[Access, ...]
    products: tuple[Product, ...]
    out: slice

    def operands(self, values: Values) -> list[Values]:
        return [access.fetch(values) for access in self.accesses]


def plan_of(group: Group) -> Plan:
    """The group's template compiled, with its sums of products as matrix products."""
    products: list[Product] = []

    def change(tree: Tree) -> Tree:
        found = product_of(tree, group.slots)
        if found is None:
            return rebuilt(tree, change)
        products.append(found)
        return Dot(found.left, found.right)

    tree = change(group.tree)
    accesses: list[Access] = [
        Positions(slot) if i in group.picks else access(slot) for i, slot in enumerate(group.slots)
    ]
    for product in products:
        accesses[product.left], accesses[product.right] = product.matrix, product.other
    out = slice(group.start, group.start + group.rows)
    return Plan(Program(tree, len(accesses)), tuple(accesses), tuple(products), out)


def plans_of(groups: Sequence[Group], leaves: int) -> tuple[Plan, ...]:
    """Plans of all groups; nodes below `leaves` are leaves, and a view of leaves that nothing else uses is written to
    without being read."""
    plans = tuple(plan_of(group) for group in groups)
    uses = np.zeros(leaves + 1, np.int64)
    for group in groups:
        for i, slot in enumerate(group.slots):
            if i not in group.picks:
                low = distinct(slot)
                uses[low[low < leaves]] += 1
    for group, plan in zip(groups, plans, strict=True):
        for slot, way in zip(group.slots, plan.accesses, strict=True):
            if isinstance(way, View):
                way.sole = int(slot.max()) < leaves and bool((uses[slot] == 1).all())
    return plans
