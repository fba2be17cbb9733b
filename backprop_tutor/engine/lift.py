"""An equation, scalar or array, → one template and the index arrays of its operands: the unrolling, done on indices.

`a1 = W1 @ x + b1` with W1 of shape (m, n) becomes m scalar nodes that share the template Σ s0·s1 + s2; slot 0 is an
(m, n) array of node numbers (the elements of W1), slot 1 the elements of x, slot 2 those of b1. A scalar equation is
the same with m = 1. `array_shapes.py` has checked that everything fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import FormulaError
from ..formulas import functions as table
from ..formulas.expression import (
    Bracketed,
    Call,
    Comparison,
    Constant,
    Element,
    Expression,
    Group,
    MatrixProduct,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    names_in,
    ungrouped,
    walk,
)
from ..values import Struct
from . import template as t
from .array_shapes import Shapes
from .program import value
from .rearranging import Origin, Places, Shape, rearranges
from .rearranging import shape_text as shape_text  # for those who tell a shape
from .unroll import Unroller
from .windows import by_slices, has_windows
from .written_out import CustomFunction, expanded

Indices: TypeAlias = NDArray[np.int64]
MAX_TERMS = 2_000_000  # operands of all equations together, unrolled
MOST_APART = 50_000  # operands of a formula whose elements have templates of their own
MANY_TERMS = 32  # names that are added up: as many are one operand with an axis


class _Leaf(Struct, frozen=True):
    """An operand before slots are numbered: node numbers of shape (*result shape, *reduction axes)."""

    indices: Indices
    is_index: bool = False  # a softmax's position, not a node


_Tree: TypeAlias = _Leaf | t.Tree


class _Lifted(Struct, frozen=True):
    tree: _Tree
    shape: Shape


class Piece(Struct, frozen=True):
    """`rows` scalar nodes: their common tree, and per slot the operands, shape (rows, *reduction axes)."""

    tree: t.Tree
    rows: int
    slots: tuple[Indices, ...]
    picks: frozenset[int]  # the slots that hold positions, not node numbers


class Lifter:
    """Lifts formulas over known arrays of node numbers."""

    def __init__(self, arrays: Mapping[str, Indices], custom: Mapping[str, CustomFunction]) -> None:
        self.custom = custom
        self.shapes = Shapes(arrays, custom)

    def pieces(self, node: Expression) -> tuple[Shape, tuple[Piece, ...]]:
        """The whole right side of an equation: its shape, and its elements one behind the other.

        They are one piece, but for lists and joins of formulas: of these every run that shares a template is one.
        FormulaError where the parts of the formula do not fit together, or where it is too large.
        """
        self.shapes.shape(node)
        node = by_slices(node, self.shapes.shape) if has_windows(node) else node
        if has_windows(node):
            return self.shapes.shape(node), tuple(_merged(self.each(node)))
        if not rearranges(ungrouped(node)):
            lifted = self.lift(node)
            return lifted.shape, (self.numbered(lifted, node),)
        found = self.shapes.origin(node)
        joined = self.joined(found, node)
        if joined is not None:
            return joined.shape, (self.numbered(joined, node),)
        which, cells = found.which.ravel(), found.cell.ravel()
        bounds = [0, *(np.nonzero(np.diff(which))[0] + 1).tolist(), len(which)]
        runs = []
        for first, last in pairwise(bounds):
            one = _moved(self.lift(found.formulas[which[first]]), cells[first:last])
            runs.append(self.numbered(one, node))
        return found.cell.shape, tuple(_merged(runs))

    def each(self, node: Expression) -> list[Piece]:
        """Every element of a formula by itself, for those that share no template."""
        unroller = Unroller(self.shapes.arrays, self.custom, lambda node: f"#{node}")
        shape = self.shapes.shape(node)
        inmost = unroller.cell(node, tuple(length // 2 for length in shape))  # it sees most
        if math.prod(shape) * sum(isinstance(part, Name) for part in walk(inmost)) > MOST_APART:
            said = f"with padding this has more than {MOST_APART} operands, which are worked out one by one"
            raise self.fail(said, node, "too large", "use smaller arrays, or no padding")
        found = []
        for cell in unroller.cells(node).ravel():
            one = Lifter({name: np.array(int(name[1:])) for name in names_in(cell)}, self.custom)
            found.append(one.numbered(one.lift(cell), node))
        return found

    def scalar(self, node: Expression) -> Piece:
        """A formula of single numbers."""
        self.shapes.shape(node)
        return self.numbered(self.lift(node), node)

    def numbered(self, lifted: _Lifted, node: Expression) -> Piece:
        """A lifted formula with its operands in slots."""
        slots: list[Indices] = []
        picks: set[int] = set()
        rows = math.prod(lifted.shape)
        depth = len(lifted.shape)
        self.limit((sum(leaf.indices.size for leaf in _leaves(lifted.tree)),), node)

        def number(tree: _Tree) -> t.Tree:
            if isinstance(tree, _Leaf):
                axes = tree.indices.shape[depth:]
                if tree.is_index:
                    picks.add(len(slots))
                slots.append(tree.indices.reshape(rows, *axes))
                return t.Slot(len(slots) - 1, axes)
            if isinstance(tree, t.Softmax):
                argument = number(tree.argument)
                pick = number(tree.pick)  # type: ignore[arg-type]
                assert isinstance(pick, t.Slot)
                return t.Softmax(argument, pick.number)
            return t.rebuilt(tree, number)

        return Piece(number(lifted.tree), rows, tuple(slots), frozenset(picks))

    # ------------------------------------------------------------------ cases
    def lift(self, node: Expression) -> _Lifted:
        if rearranges(node):
            return self.rearranged(node)
        match node:
            case Number():
                return _Lifted(t.Fixed(float(node.value)), ())
            case Constant():
                return _Lifted(t.Fixed(node.value), ())
            case Name():
                indices = self.shapes.array(node.name, node)
                return _Lifted(_Leaf(indices), indices.shape)
            case Element():
                indices = self.shapes.numbers(node)
                return _Lifted(_Leaf(indices), indices.shape)
            case Group(inner):
                return self.lift(inner)
            case Negative(operand):
                return self.combine(lambda parts: t.Add((-1,), parts), node, operand)
            case Sum(terms) if len(terms) >= MANY_TERMS and (names := self.names_added(terms)) is not None:
                return _Lifted(t.Reduce("sum", _Leaf(names)), ())  # type: ignore[arg-type]
            case Sum(terms):
                signs = tuple(sign for sign, _ in terms)
                return self.combine(lambda parts: t.Add(signs, parts), node, *(term for _, term in terms))
            case Product(factors):
                divides = tuple(how == "/" for how, _ in factors)
                return self.combine(lambda parts: t.Multiply(divides, parts), node, *(factor for _, factor in factors))
            case Power(base, exponent):
                return self.combine(lambda parts: t.Raise(*parts), node, base, exponent)
            case MatrixProduct(left, right):
                return self.matrix_product(node, left, right)
            case Call():
                return self.call(node)
            case _:
                raise self.fail("a derivative can't stand in a scenario's formula", node, "not allowed here")

    def fail(self, message: str, node: Expression, label: str = "", help: str = "") -> FormulaError:
        return FormulaError(message, *node.span, label, help)

    def names_added(self, terms: Sequence[tuple[int, Expression]]) -> Indices | None:
        """The node numbers of a sum of single names, as the losses of many samples are; None for any other sum."""
        if not all(sign > 0 and isinstance(term, Name) and not self.shapes.shape(term) for sign, term in terms):
            return None
        return np.array([self.shapes.array(term.name, term) for _, term in terms if isinstance(term, Name)])

    def combine(self, make: Callable[..., t.Tree], node: Expression, *parts: Expression) -> _Lifted:
        """Element by element, numbers spread over arrays."""
        lifted = [self.lift(part) for part in parts]
        try:
            shape = np.broadcast_shapes(*(part.shape for part in lifted))
        except ValueError:
            shapes = list(dict.fromkeys(shape_text(part.shape) for part in lifted if part.shape))
            raise self.fail(
                f"shapes {' and '.join(shapes)} do not fit together", node, "shapes differ",
                "use @ for a matrix product" if isinstance(node, Product) and len(shapes) > 1 else "",
            ) from None  # fmt: skip
        self.limit(shape, node)
        if all(isinstance(part.tree, t.Fixed) for part in lifted):
            return _Lifted(self.constant(make(tuple(part.tree for part in lifted)), node), shape)
        tree = make(tuple(_spread(part, shape) for part in lifted))
        if isinstance(tree, t.Multiply) and _divides_by_zero(tree):
            raise self.fail("this divides by zero", node, "division by zero")
        for leaf in _leaves(tree):
            self.limit(leaf.indices.shape, node)
        return _Lifted(tree, shape)

    def constant(self, tree: t.Tree, node: Expression) -> t.Fixed:
        """A part without any quantity is one number, and that must be finite whatever the scenario's values are."""
        number = float(value(tree, ()))
        if not math.isfinite(number):
            by_zero = isinstance(tree, t.Multiply) and _divides_by_zero(tree)
            what, label = ("divides by zero", "division by zero") if by_zero else ("has no finite value", "not finite")
            raise self.fail(f"this {what}", node, label)
        return t.Fixed(number)

    def limit(self, shape: Shape, node: Expression) -> None:
        if math.prod(shape) > MAX_TERMS:
            raise self.fail(
                f"this would unroll to {shape_text(shape)} terms; the limit is {MAX_TERMS}", node, "too large",
                "use smaller arrays",
            )  # fmt: skip

    def matrix_product(self, node: MatrixProduct, left: Expression, right: Expression) -> _Lifted:
        a, b = self.lift(left), self.lift(right)
        rows, columns, count = a.shape[:-1], b.shape[1:], a.shape[-1]
        full = (*rows, *columns, count)
        self.limit(full, node)
        i, j = len(rows), len(columns)

        def left_leaf(indices: Indices) -> Indices:
            inner = indices.shape[i + 1 :]
            spread = indices.reshape(*rows, *(1,) * j, count, *inner)
            return np.broadcast_to(spread, (*full, *inner))

        def right_leaf(indices: Indices) -> Indices:
            inner = indices.shape[1 + j :]
            moved = np.moveaxis(indices, 0, j)
            return np.broadcast_to(moved.reshape(*(1,) * i, *columns, count, *inner), (*full, *inner))

        product = t.Multiply((False, False), (_mapped(a.tree, left_leaf), _mapped(b.tree, right_leaf)))
        for leaf in _leaves(product):
            self.limit(leaf.indices.shape, node)
        return _Lifted(t.Reduce("sum", product), (*rows, *columns))

    # ------------------------------------------------------------------ what only moves elements
    def rearranged(self, node: Expression) -> _Lifted:
        joined = self.joined(self.shapes.origin(node), node)
        if joined is None:
            raise self.fail(
                "a list inside a formula holds names", node, "not names", "give each entry an equation of its own"
            )
        return joined

    def joined(self, found: Origin, node: Expression) -> _Lifted | None:
        """Elements of one formula, or of several names; None for those of several formulas, which share no template."""
        self.limit(found.cell.shape, node)
        lifted = [self.lift(formula) for formula in found.formulas]
        if len(lifted) == 1:
            one = _moved(lifted[0], found.cell)
            for leaf in _leaves(one.tree):
                self.limit(leaf.indices.shape, node)
            return one
        leaves = [part.tree for part in lifted if isinstance(part.tree, _Leaf)]
        if len(leaves) < len(lifted):
            return None
        starts = np.cumsum([0, *(leaf.indices.size for leaf in leaves)])
        every = np.concatenate([leaf.indices.ravel() for leaf in leaves])
        indices = every[starts[found.which] + found.cell]
        return _Lifted(_Leaf(indices), indices.shape)

    # ------------------------------------------------------------------ functions
    def call(self, node: Call) -> _Lifted:
        name, arguments = node.function, node.arguments
        if node.primes:
            raise self.fail("a derivative can't stand in a scenario's formula", node, "not allowed here")
        own = self.custom.get(name)
        row = table.table().get(name)
        if own or table.composed(name, len(arguments)):
            return self.lift(expanded(node, self.custom))
        if name in table.ALONG:
            return self.along(node, *table.ALONG[name], arguments[0])
        if isinstance(row, table.Primitive):
            return self.combine(lambda parts: t.Apply(name, parts[0]), node, arguments[0])
        if name == "xlogy":
            return self.combine(lambda parts: t.XLogY(*parts), node, *arguments)
        if name == "where":
            condition, first, second = arguments
            assert isinstance(condition, Comparison)
            operator, left, right = condition.operator, condition.left, condition.right
            return self.combine(lambda parts: t.Choose(operator, *parts), node, left, right, first, second)
        if name == "softmax":
            inner = self.lift(arguments[0])
            return self.softmax(node, inner, int(np.argmax(inner.shape)))
        listed = ungrouped(arguments[0])
        if isinstance(listed, Bracketed):
            items = [self.lift(item) for item in listed.items]
            if not any(item.shape for item in items) and not all(isinstance(item.tree, _Leaf) for item in items):
                arguments = listed.items  # single numbers, each with a formula of its own
        if len(arguments) > 1:
            return self.combine(lambda parts: t.Reduce(name, t.Stack(parts)), node, *arguments)
        inner = self.lift(arguments[0])
        return self.reduced(name, inner)

    def reduced(self, how: str, inner: _Lifted) -> _Lifted:
        """sum, mean, max, min, logsumexp run over all elements: the axes become reduction axes as they stand."""
        if not inner.shape:
            return inner  # of one number: the number itself
        flat = (math.prod(inner.shape),)
        depth = len(inner.shape)
        tree = _mapped(inner.tree, lambda indices: indices.reshape(*flat, *indices.shape[depth:]))
        return _Lifted(t.Reduce(how, tree), ())

    def along(self, node: Call, how: str, axis: int, argument: Expression) -> _Lifted:
        """A reduction over each column of a matrix (axis 0), or over each row of it, which stays one column wide."""
        inner = self.lift(argument)
        if how == "softmax":
            return self.softmax(node, inner, axis)
        shape = (inner.shape[1],) if axis == 0 else (inner.shape[0], 1)

        def moved(indices: Indices) -> Indices:
            # (rows, columns, *inner) → (*shape, reduced, *inner)
            last = np.moveaxis(indices, axis, 1)
            return last if axis == 0 else last[:, None]

        return _Lifted(t.Reduce(how, _mapped(inner.tree, moved)), shape)

    def softmax(self, node: Call, inner: _Lifted, axis: int) -> _Lifted:
        """Over a vector, or over the rows (axis 1) or columns (axis 0) of a matrix."""
        count, depth = inner.shape[axis], len(inner.shape)

        def line_of(indices: Indices) -> Indices:
            # (*shape, *inner) → (*shape, operands of the line, *inner)
            line = np.moveaxis(np.expand_dims(indices, axis), axis + 1, depth)
            return np.broadcast_to(line, (*inner.shape, count, *indices.shape[depth:]))

        places = np.arange(count).reshape(-1, *(1,) * (depth - axis - 1))
        pick = _Leaf(np.broadcast_to(places, inner.shape), True)
        softmax = t.Softmax(_mapped(inner.tree, line_of), pick)  # type: ignore[arg-type]
        for leaf in _leaves(softmax):
            self.limit(leaf.indices.shape, node)
        return _Lifted(softmax, inner.shape)


def _divides_by_zero(tree: t.Multiply) -> bool:
    return any(over and part == t.Fixed(0.0) for over, part in zip(tree.divides, tree.parts, strict=True))


def _leaves(tree: _Tree) -> Iterator[_Leaf]:
    """Every operand of a tree whose slots are not numbered yet."""
    if isinstance(tree, _Leaf):
        yield tree
        return
    for part in t.parts(tree):
        yield from _leaves(part)


def _mapped(tree: _Tree, change: Callable[[Indices], Indices]) -> t.Tree:
    """The tree with every leaf's index array changed."""
    if isinstance(tree, _Leaf):
        return _Leaf(change(tree.indices), tree.is_index)  # type: ignore[return-value]
    if isinstance(tree, t.Softmax):
        return t.Softmax(_mapped(tree.argument, change), _mapped(tree.pick, change))  # type: ignore[arg-type]
    return t.rebuilt(tree, lambda part: _mapped(part, change))


def _moved(lifted: _Lifted, cells: Places) -> _Lifted:
    """Some elements of a lifted formula, counted in row-major order, in the shape of `cells`."""
    depth, size = len(lifted.shape), math.prod(lifted.shape)
    tree = _mapped(lifted.tree, lambda indices: indices.reshape(size, *indices.shape[depth:])[cells])
    return _Lifted(tree, cells.shape)


def _merged(runs: Sequence[Piece]) -> Iterator[Piece]:
    """Runs side by side that share a template are one."""
    for _, group in groupby(runs, key=lambda run: (run.tree, run.picks)):
        same = list(group)
        slots = tuple(np.concatenate(slots) for slots in zip(*(run.slots for run in same), strict=True))
        yield Piece(same[0].tree, sum(run.rows for run in same), slots, same[0].picks)


def _spread(lifted: _Lifted, shape: Shape) -> t.Tree:
    """The tree with its leaves broadcast from the lifted shape to `shape`, reduction axes untouched."""
    if lifted.shape == shape:
        return lifted.tree  # type: ignore[return-value]
    depth = len(lifted.shape)
    extra = (1,) * (len(shape) - depth)

    def spread(indices: Indices) -> Indices:
        inner = indices.shape[depth:]
        return np.broadcast_to(indices.reshape(*extra, *indices.shape), (*shape, *inner))

    return _mapped(lifted.tree, spread)
