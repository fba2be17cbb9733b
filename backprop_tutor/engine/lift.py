"""An equation, scalar or array, → one template and the index arrays of its operands: the unrolling, done on indices.

`a1 = W1 @ x + b1` with W1 of shape (m, n) becomes m scalar nodes that share the template Σ s0·s1 + s2; slot 0 is an
(m, n) array of node numbers (the elements of W1), slot 1 the elements of x, slot 2 those of b1. A scalar equation is
the same with m = 1. Shapes are inferred here, and what does not fit is said with both shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import FormulaError, did_you_mean
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
    Range,
    Sum,
)
from . import template as t
from .written_out import CustomFunction, check_arity, expanded

Indices: TypeAlias = NDArray[np.int64]
Shape: TypeAlias = tuple[int, ...]
MAX_TERMS = 2_000_000  # operands of all equations together, unrolled


@dataclass(frozen=True, slots=True)
class _Leaf:
    """An operand before slots are numbered: node numbers of shape (*result shape, *reduction axes)."""

    indices: Indices
    is_index: bool = False  # a softmax's position, not a node


_Tree: TypeAlias = _Leaf | t.Tree


@dataclass(frozen=True, slots=True)
class _Lifted:
    tree: _Tree
    shape: Shape


@dataclass(frozen=True, slots=True)
class Equation:
    """m = prod(shape) scalar nodes: their common tree, and per slot the operands, shape (m, *reduction axes)."""

    tree: t.Tree
    shape: Shape
    slots: tuple[Indices, ...]
    picks: frozenset[int]  # the slots that hold positions, not node numbers


def shape_text(shape: Shape) -> str:
    """(3,) as '3', (2, 4) as '2×4', () as 'a number'."""
    return "×".join(map(str, shape)) if shape else "a number"


class Lifter:
    """Lifts formulas over known arrays of node numbers."""

    def __init__(self, arrays: Mapping[str, Indices], custom: Mapping[str, CustomFunction]) -> None:
        self.arrays = arrays
        self.custom = custom

    def equation(self, node: Expression) -> Equation:
        """The whole right side of an equation."""
        lifted = self.lift(node)
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

        return Equation(number(lifted.tree), lifted.shape, tuple(slots), frozenset(picks))

    # ------------------------------------------------------------------ cases
    def lift(self, node: Expression) -> _Lifted:
        match node:
            case Number():
                return _Lifted(t.Fixed(float(node.value)), ())
            case Constant():
                return _Lifted(t.Fixed(node.value), ())
            case Name():
                indices = self.block(node.name, node)
                return _Lifted(_Leaf(indices), indices.shape)
            case Element():
                indices = self.part(node)
                return _Lifted(_Leaf(indices), indices.shape)
            case Group(inner):
                return self.lift(inner)
            case Negative(operand):
                return self.combine(lambda parts: t.Add((-1,), parts), node, operand)
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
            case Bracketed(items):
                return self.bracketed(node, items)
            case Call():
                return self.call(node)
            case _:
                raise self.fail("a derivative can't stand in a scenario's formula", node, "not allowed here")

    def fail(self, message: str, node: Expression, label: str = "", help: str = "") -> FormulaError:
        return FormulaError(message, *node.span, label, help)

    def block(self, name: str, node: Expression) -> Indices:
        try:
            return self.arrays[name]
        except KeyError:
            raise self.fail(
                f"nothing is called '{name}'", node, "not known",
                did_you_mean(name, self.arrays) or "declare it under [inputs], [parameters], [targets] or [equations]",
            ) from None  # fmt: skip

    def part(self, node: Element) -> Indices:
        whole = self.block(node.name, node)
        if not whole.ndim:
            raise self.fail(f"'{node.name}' is a single number", node, "no index here", f"write {node.name}")
        if len(node.indices) != whole.ndim:
            places = "one index" if whole.ndim == 1 else f"{whole.ndim} indices"
            raise self.fail(
                f"'{node.name}' takes {places}, not {len(node.indices)}: its shape is {shape_text(whole.shape)}",
                node, f"{whole.ndim} needed",
            )  # fmt: skip
        picked: list[int | slice] = []
        for index, length in zip(node.indices, whole.shape, strict=True):
            first, last = (index, index) if isinstance(index, int) else (index.first or 1, index.last or length)
            if not 1 <= first <= last <= length:
                raise self.fail(
                    f"'{node.name}' has no such element: its shape is {shape_text(whole.shape)}", node,
                    "out of range", "indices count from 1",
                )  # fmt: skip
            picked.append(slice(first - 1, last) if isinstance(index, Range) else first - 1)
        return np.asarray(whole[tuple(picked)])

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
        value = float(t.value(tree, ()))
        if not math.isfinite(value):
            by_zero = isinstance(tree, t.Multiply) and _divides_by_zero(tree)
            what, label = ("divides by zero", "division by zero") if by_zero else ("has no finite value", "not finite")
            raise self.fail(f"this {what}", node, label)
        return t.Fixed(value)

    def limit(self, shape: Shape, node: Expression) -> None:
        if math.prod(shape) > MAX_TERMS:
            raise self.fail(
                f"this would unroll to {shape_text(shape)} terms; the limit is {MAX_TERMS}", node, "too large",
                "use smaller arrays",
            )  # fmt: skip

    def matrix_product(self, node: MatrixProduct, left: Expression, right: Expression) -> _Lifted:
        a, b = self.lift(left), self.lift(right)
        if not a.shape and not b.shape:
            raise self.fail("'@' is the product of matrices, and these are two numbers", node, "", "write *")
        if not a.shape or not b.shape or len(a.shape) > 2 or len(b.shape) > 2 or a.shape[-1] != b.shape[0]:
            raise self.fail(
                f"shapes {shape_text(a.shape)} and {shape_text(b.shape)} do not fit a matrix product", node,
                f"{shape_text(a.shape)} @ {shape_text(b.shape)}",
                "the last length on the left must equal the first on the right; for numbers write *",
            )  # fmt: skip
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

    def bracketed(self, node: Bracketed, items: tuple[Expression, ...]) -> _Lifted:
        lifted = [self.lift(item) for item in items]
        shapes = {part.shape for part in lifted}
        leaves = [part.tree for part in lifted]
        if len(shapes) != 1:
            raise self.fail("the entries of a list must have one shape", node, "shapes differ")
        if not all(isinstance(leaf, _Leaf) for leaf in leaves):
            raise self.fail(
                "a list inside a formula holds names", node, "not names", "give each entry an equation of its own"
            )
        stacked = np.stack([leaf.indices for leaf in leaves if isinstance(leaf, _Leaf)])
        return _Lifted(_Leaf(stacked), stacked.shape)

    # ------------------------------------------------------------------ functions
    def call(self, node: Call) -> _Lifted:
        name, arguments = node.function, node.arguments
        if node.primes:
            raise self.fail("a derivative can't stand in a scenario's formula", node, "not allowed here")
        own = self.custom.get(name)
        row = table.table().get(name)
        check_arity(node, self.custom)
        if own or table.composed(name, len(arguments)):
            return self.inside(node, expanded(node, self.custom))
        if name == "transpose":
            inner = self.lift(arguments[0])
            if len(inner.shape) != 2:
                raise self.fail("only a matrix has a transpose", node, f"shape {shape_text(inner.shape)}")
            return _Lifted(_mapped(inner.tree, lambda indices: np.swapaxes(indices, 0, 1)), inner.shape[::-1])
        if name == "concat":
            return self.concatenated(node, arguments)
        if name == "outer":
            return self.outer(node, *arguments)
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
        if name in ("softmax", "logsumexp") and len(arguments) == 1:
            return self.of_all(node, name, self.lift(arguments[0]))
        if len(arguments) > 1:
            return self.combine(lambda parts: t.Reduce(name, t.Stack(parts)), node, *arguments)
        inner = self.lift(arguments[0])
        return self.reduced(name, inner)

    def inside(self, node: Call, body: Expression) -> _Lifted:
        """A function's formula; what is wrong in it is said at the call."""
        try:
            return self.lift(body)
        except FormulaError as error:
            problem = error.problems[0]
            said = f"in '{node.text or node.function}': {problem.message}"
            raise self.fail(said, node, problem.label, problem.help) from error

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
        if len(inner.shape) != 2:
            what = f"shape {shape_text(inner.shape)}"
            said = f"'{node.text or node.function}' takes a matrix"
            raise self.fail(said, node, what, f"for a vector write {how}( )")
        if how == "softmax":
            return self.softmax(node, inner, axis)
        shape = (inner.shape[1],) if axis == 0 else (inner.shape[0], 1)

        def moved(indices: Indices) -> Indices:
            # (rows, columns, *inner) → (*shape, reduced, *inner)
            last = np.moveaxis(indices, axis, 1)
            return last if axis == 0 else last[:, None]

        return _Lifted(t.Reduce(how, _mapped(inner.tree, moved)), shape)

    def outer(self, node: Call, left: Expression, right: Expression) -> _Lifted:
        """Every element of one vector times every element of another."""
        a, b = self.lift(left), self.lift(right)
        for part, argument in ((a, left), (b, right)):
            if len(part.shape) != 1:
                raise self.fail("outer takes two vectors", argument, f"shape {shape_text(part.shape)}")
        shape = (*a.shape, *b.shape)
        self.limit(shape, node)
        column = _mapped(a.tree, lambda i: np.broadcast_to(i[:, None], (*shape, *i.shape[1:])))
        row = _mapped(b.tree, lambda i: np.broadcast_to(i, (*shape, *i.shape[1:])))
        for leaf in (*_leaves(column), *_leaves(row)):
            self.limit(leaf.indices.shape, node)
        return _Lifted(t.Multiply((False, False), (column, row)), shape)

    def concatenated(self, node: Call, arguments: tuple[Expression, ...]) -> _Lifted:
        """Vectors and numbers one behind the other, as one vector."""
        lifted = [self.lift(argument) for argument in arguments]
        for part, argument in zip(lifted, arguments, strict=True):
            if len(part.shape) > 1:
                what = f"shape {shape_text(part.shape)}"
                raise self.fail("concat takes vectors and numbers", argument, what, "name a row of it: W[1,:]")
            if not isinstance(part.tree, _Leaf):
                raise self.fail("concat holds names", argument, "not a name", "give it an equation of its own")
        joined = np.concatenate([part.tree.indices.ravel() for part in lifted if isinstance(part.tree, _Leaf)])
        self.limit(joined.shape, node)
        return _Lifted(_Leaf(joined), joined.shape)

    def of_all(self, node: Call, name: str, inner: _Lifted) -> _Lifted:
        """softmax or logsumexp of a vector; of a matrix it has to be said along which side."""
        if not inner.shape and name == "softmax":
            raise self.fail(
                "softmax takes a vector", node, "a number", "for single numbers write exp(z1)/(exp(z1) + exp(z2))"
            )
        if sum(length > 1 for length in inner.shape) > 1:
            raise self.fail(
                f"'{name}' of a matrix needs to know which way: along each row, or along each column", node,
                f"shape {shape_text(inner.shape)}", f"write row_{name}( ) or column_{name}( )",
            )  # fmt: skip
        if name == "logsumexp":
            return self.reduced(name, inner)
        return self.softmax(node, inner, int(np.argmax(inner.shape)))

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
