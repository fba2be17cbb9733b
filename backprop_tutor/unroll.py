"""One scalar node of an array equation, written out in names: what the screen shows and SymPy differentiates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from . import functions as table
from .expression import (
    Bracketed,
    Call,
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
    number,
)
from .lift import CustomFunction, expanded

Cells = NDArray[np.object_]  # an array of scalar expressions


def _cell_array(shape: tuple[int, ...], cells: list[Expression]) -> Cells:
    out = np.empty(len(cells), dtype=object)
    out[:] = cells
    return out.reshape(shape)


def _single(value: Expression) -> Cells:
    out = np.empty((), dtype=object)
    out[()] = value
    return out


def bracket(node: Expression) -> Expression:
    """In brackets where it has more than one term."""
    return Group(node) if isinstance(node, (Sum, Negative)) else node


class Unroller:
    """`name_of` spells the element (or scalar) behind a node number; `arrays` gives the numbers of every quantity."""

    def __init__(
        self,
        arrays: Mapping[str, NDArray[np.int64]],
        custom: Mapping[str, CustomFunction],
        name_of: Callable[[int], str],
    ) -> None:
        self.arrays = arrays
        self.custom = custom
        self.name_of = name_of

    def element(self, node: Expression, index: tuple[int, ...]) -> Expression:
        """The scalar formula of one element (index counted from 0; () for a scalar equation)."""
        if not index and not self.has_arrays(node):
            return node
        cells = self.cells(node)
        found = cells[index] if cells.shape else cells[()]
        assert not isinstance(found, np.ndarray)
        return found  # type: ignore[no-any-return]

    def has_arrays(self, node: Expression) -> bool:
        from .expression import walk

        return any(
            isinstance(part, (MatrixProduct, Bracketed, Element))
            or (isinstance(part, Name) and part.name in self.arrays and self.arrays[part.name].ndim > 0)
            for part in walk(node)
        )

    # ------------------------------------------------------------------ cases
    def cells(self, node: Expression) -> Cells:
        match node:
            case Name():
                indices = self.arrays[node.name]
                return _cell_array(indices.shape, [Name(self.name_of(int(i))) for i in indices.ravel()])
            case Element():
                picked = tuple(
                    slice((i.first or 1) - 1, i.last) if isinstance(i, Range) else i - 1 for i in node.indices
                )
                indices = np.asarray(self.arrays[node.name][picked])
                return _cell_array(indices.shape, [Name(self.name_of(int(i))) for i in indices.ravel()])
            case Group(inner):
                return self.each(lambda a: Group(a) if not isinstance(a, (Name, Number)) else a, self.cells(inner))
            case Negative(operand):
                return self.each(Negative, self.cells(operand))
            case Sum(terms):
                signs = [sign for sign, _ in terms]
                return self.each(
                    lambda *parts: _flat_sum(list(zip(signs, parts, strict=True))),
                    *(self.cells(term) for _, term in terms),
                )
            case Product(factors):
                hows = [how for how, _ in factors]
                return self.each(
                    lambda *parts: Product(
                        tuple((how, bracket(part)) for how, part in zip(hows, parts, strict=True))
                    ),
                    *(self.cells(factor) for _, factor in factors),
                )
            case Power(base, exponent):
                return self.each(lambda b, e: Power(bracket(b), e), self.cells(base), self.cells(exponent))
            case MatrixProduct(left, right):
                return self.matrix_product(self.cells(left), self.cells(right))
            case Bracketed(items):
                parts = [self.cells(item) for item in items]
                flat = [cell for part in parts for cell in part.ravel()]
                return _cell_array((len(parts), *parts[0].shape), flat)
            case Call():
                return self.call(node)
            case _:
                return _single(node)

    def each(self, make: Callable[..., Expression], *parts: Cells) -> Cells:
        spread = np.broadcast_arrays(*parts)
        shape = spread[0].shape
        return _cell_array(shape, [make(*cells) for cells in zip(*(part.ravel() for part in spread), strict=True)])

    def matrix_product(self, a: Cells, b: Cells) -> Cells:
        rows, columns = a.shape[:-1], b.shape[1:]
        left = a.reshape(-1, a.shape[-1])
        right = b.reshape(b.shape[0], -1)
        cells: list[Expression] = [
            _flat_sum([(1, Product((("*", bracket(u)), ("*", bracket(v))))) for u, v in zip(row, column, strict=True)])
            for row in left
            for column in right.T
        ]
        return _cell_array((*rows, *columns), cells)

    def call(self, node: Call) -> Cells:
        name = node.function
        row = table.table().get(name)
        if name in self.custom:
            arguments = [self.cells(argument) for argument in node.arguments]
            return self.each(lambda *cells: Call(name, cells, 0, node.text), *arguments)
        if isinstance(row, table.Composed):
            return self.cells(expanded(node, self.custom))
        if isinstance(row, table.Primitive):
            return self.each(lambda cell: Call(name, (cell,), 0, node.text), self.cells(node.arguments[0]))
        if name == "xlogy":
            return self.each(lambda y, p: Call(name, (y, p), 0, node.text), *map(self.cells, node.arguments))
        if name == "transpose":
            return self.cells(node.arguments[0]).T
        if len(node.arguments) > 1:
            return self.each(lambda *cells: Call(name, cells, 0, node.text), *map(self.cells, node.arguments))
        inner = self.cells(node.arguments[0])
        if not inner.shape:
            return inner
        if name == "softmax":
            return self.softmax(inner)
        return _single(_reduction(name, list(inner.ravel())))

    def softmax(self, inner: Cells) -> Cells:
        """exp(z_i) / Σ exp(z_k), row by row."""
        rows = inner.reshape(-1, inner.shape[-1])
        cells: list[Expression] = []
        for row in rows:
            powers = [Call("exp", (cell,), 0, "exp") for cell in row]
            total = Group(_flat_sum([(1, power) for power in powers]))
            cells += [Product((("*", power), ("/", total))) for power in powers]
        return _cell_array(inner.shape, cells)


def _reduction(name: str, cells: list[Expression]) -> Expression:
    if name == "sum":
        return _flat_sum([(1, cell) for cell in cells])
    if name == "mean":
        total = _flat_sum([(1, cell) for cell in cells])
        return Product((("*", bracket(total)), ("/", number(len(cells)))))
    if name == "logsumexp":
        return Call("log", (_flat_sum([(1, Call("exp", (cell,), 0, "exp")) for cell in cells]),), 0, "log")
    return Call(name, tuple(cells), 0, name)


def _flat_sum(terms: list[tuple[int, Expression]]) -> Expression:
    """One n-ary sum: a sum inside a sum gives its terms, a negative term its sign."""
    flat: list[tuple[int, Expression]] = []
    for sign, term in terms:
        if isinstance(term, Negative):
            sign, term = -sign, term.operand
        if isinstance(term, Sum):
            flat += [(sign * inner, part) for inner, part in term.terms]
        else:
            flat.append((sign, term))
    if len(flat) == 1:
        sign, term = flat[0]
        return term if sign > 0 else Negative(term)
    return Sum(tuple(flat))


