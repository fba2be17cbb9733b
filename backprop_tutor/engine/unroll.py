"""One scalar node of an array equation, written out in names: what the screen shows and SymPy differentiates.

Only the element that is asked for is made: one weight of a large layer costs one row, not the whole matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..formulas import functions as table
from ..formulas.expression import (
    Bracketed,
    Call,
    Comparison,
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
    transform,
    walk,
)
from .written_out import CustomFunction, expanded

Cells = NDArray[np.object_]  # an array of scalar expressions
Index = tuple[int, ...]  # counted from 0

_REARRANGING = ("softmax", "transpose", "outer", *table.ALONG)
_WHOLE = ("sum", "mean", "prod", "max", "min", "logsumexp")  # of one argument: of all its elements


def bracket(node: Expression) -> Expression:
    """In brackets where it has more than one term."""
    return Group(node) if isinstance(node, (Sum, Negative)) else node


def of_single_numbers(node: Expression) -> Expression:
    """A scalar formula without the sum, mean or extreme of one number, which is that number."""

    def change(part: Expression) -> Expression:
        if isinstance(part, Call) and part.function in _WHOLE and len(part.arguments) == 1:
            inner = part.arguments[0]
            return inner if isinstance(inner, (Name, Number, Group, Call)) else Group(inner)
        return part

    return transform(node, change)


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
        self._shapes: dict[int, tuple[Expression, Index]] = {}
        self._written_out: dict[int, tuple[Expression, Expression]] = {}

    def element(self, node: Expression, index: Index) -> Expression:
        """The scalar formula of one element (index counted from 0; () for a scalar equation)."""
        return self.cell(node, index) if index or self.has_arrays(node) else node

    def has_arrays(self, node: Expression) -> bool:
        return any(
            isinstance(part, (MatrixProduct, Bracketed, Element))
            or (isinstance(part, Name) and part.name in self.arrays and self.arrays[part.name].ndim > 0)
            for part in walk(node)
        )

    def cells(self, node: Expression) -> Cells:
        """Every element of a formula, written out, in its shape."""
        shape = self.shape(node)
        out = np.empty(shape, dtype=object)
        for index in np.ndindex(*shape):
            out[index] = self.cell(node, index)
        return out

    # ------------------------------------------------------------------ shapes
    def shape(self, node: Expression) -> Index:
        """The shape of a formula; ValueError where its parts do not fit together, KeyError for a name nobody has."""
        known = self._shapes.get(id(node))
        if known is None:  # the formula is kept beside its shape, so that its identity stays its own
            known = self._shapes[id(node)] = (node, self._shape(node))
        return known[1]

    def _shape(self, node: Expression) -> Index:
        match node:
            case Name(name):
                return self.arrays[name].shape
            case Element():
                return self.numbers(node).shape
            case Group(inner) | Negative(inner):
                return self.shape(inner)
            case Sum() | Product() | Power() | Comparison():
                return self.spread(node)
            case MatrixProduct(left, right):
                one, two = self.shape(left), self.shape(right)
                if not one or one[-1:] != two[:1]:
                    raise ValueError(f"no matrix product of shapes {one} and {two}")
                return (*one[:-1], *two[1:])
            case Bracketed(items):
                return (len(items), *self.shape(items[0]))
            case Call(function, arguments):
                if written_out := self.written_out(node):
                    return self.shape(written_out)
                if function == "transpose":
                    return self.shape(arguments[0])[::-1]
                if function == "outer":
                    return (*self.shape(arguments[0]), *self.shape(arguments[1]))
                if function == "concat":
                    return (sum(int(np.prod(self.shape(argument), dtype=np.int64)) for argument in arguments),)
                if function in table.ALONG:
                    rows, columns = self.shape(arguments[0])
                    if table.ALONG[function][0] == "softmax":
                        return (rows, columns)
                    return (columns,) if table.ALONG[function][1] == 0 else (rows, 1)
                if function in _WHOLE and len(arguments) == 1:
                    return ()
                return self.spread(node)
            case _:
                return ()

    def spread(self, node: Expression) -> Index:
        """The shape of what works element by element."""
        match node:
            case Sum(terms):
                parts = [part for _, part in terms]
            case Product(factors):
                parts = [part for _, part in factors]
            case Power(left, right) | Comparison(_, left, right):
                parts = [left, right]
            case Call(_, arguments):
                parts = list(arguments)
            case _:
                parts = []
        return np.broadcast_shapes(*map(self.shape, parts))

    def numbers(self, node: Element) -> NDArray[np.int64]:
        """The node numbers of a part of an array."""
        picked = tuple(slice((i.first or 1) - 1, i.last) if isinstance(i, Range) else i - 1 for i in node.indices)
        return np.asarray(self.arrays[node.name][picked])

    # ------------------------------------------------------------------ elements
    def cell(self, node: Expression, index: Index) -> Expression:
        """One element of a formula, in the names of scalars."""
        match node:
            case Name(name):
                return Name(self.name_of(int(self.arrays[name][index])))
            case Element():
                return Name(self.name_of(int(self.numbers(node)[index])))
            case Group(inner):
                part = self.cell(inner, index)
                return part if isinstance(part, (Name, Number)) else Group(part)
            case Negative(operand):
                return Negative(self.cell(operand, index))
            case Sum(terms):
                return _flat_sum((sign, self.part(term, index)) for sign, term in terms)
            case Product(factors):
                return Product(tuple((how, bracket(self.part(factor, index))) for how, factor in factors))
            case Power(base, exponent):
                return Power(bracket(self.part(base, index)), self.part(exponent, index))
            case Comparison(operator, left, right):
                return Comparison(operator, self.part(left, index), self.part(right, index))
            case MatrixProduct(left, right):
                return self.matrix_product(left, right, index)
            case Bracketed(items):
                return self.cell(items[index[0]], index[1:])
            case Call():
                return self.call(node, index)
            case _:
                return node

    def part(self, node: Expression, index: Index) -> Expression:
        """An operand's element that goes into element `index` of the result: numbers spread over arrays."""
        shape = self.shape(node)
        own = index[len(index) - len(shape) :]
        return self.cell(node, tuple(i if length > 1 else 0 for i, length in zip(own, shape, strict=True)))

    def matrix_product(self, left: Expression, right: Expression, index: Index) -> Expression:
        rows = len(self.shape(left)) - 1
        row, column = index[:rows], index[rows:]
        return _flat_sum(
            (1, Product((("*", bracket(self.cell(left, (*row, k)))), ("*", bracket(self.cell(right, (k, *column)))))))
            for k in range(self.shape(right)[0])
        )

    def call(self, node: Call, index: Index) -> Expression:
        name, arguments = node.function, node.arguments
        if written_out := self.written_out(node):
            return self.cell(written_out, index)
        if name == "transpose":
            return self.cell(arguments[0], index[::-1])
        if name == "concat":
            return self.concatenated(arguments, index[0])
        if name == "outer":
            return Product(
                tuple(("*", bracket(self.cell(argument, (i,)))) for argument, i in zip(arguments, index, strict=True))
            )
        if name in table.ALONG:
            how, axis = table.ALONG[name]
            if how == "softmax":
                return self.softmax(arguments[0], index, axis)
            rows, columns = self.shape(arguments[0])
            line = [(k, index[0]) for k in range(rows)] if axis == 0 else [(index[0], k) for k in range(columns)]
            return self.reduced(how, [self.cell(arguments[0], place) for place in line])
        if name == "softmax":
            return self.softmax(arguments[0], index, int(np.argmax(self.shape(arguments[0]))))
        if name in _WHOLE and len(arguments) == 1:
            return self.reduction(name, arguments[0])
        return Call(name, tuple(self.part(argument, index) for argument in arguments), 0, node.text)

    def written_out(self, node: Call) -> Expression | None:
        """What a call stands for, where it can't be shown as a call on single numbers."""
        own = self.custom.get(node.function)
        composed = own is None and table.composed(node.function, len(node.arguments)) is not None
        of_arrays = own is not None and not _works_by_elements(own.body) and any(map(self.shape, node.arguments))
        if composed or of_arrays:
            known = self._written_out.get(id(node))
            if known is None:
                known = self._written_out[id(node)] = (node, expanded(node, self.custom))
            return known[1]
        return None

    def softmax(self, argument: Expression, index: Index, axis: int) -> Expression:
        """exp(z_i) / Σ exp(z_k) over the row or column of the element."""
        places = [(*index[:axis], k, *index[axis + 1 :]) for k in range(self.shape(argument)[axis])]
        powers = [Call("exp", (self.cell(argument, place),), 0, "exp") for place in places]
        total = Group(_flat_sum((1, power) for power in powers))
        return Product((("*", powers[index[axis]]), ("/", total)))

    def reduction(self, name: str, argument: Expression) -> Expression:
        shape = self.shape(argument)
        if not shape:
            return self.cell(argument, ())
        return self.reduced(name, [self.cell(argument, index) for index in product(*map(range, shape))])

    def concatenated(self, arguments: tuple[Expression, ...], at: int) -> Expression:
        """The element at a place of several vectors one behind the other."""
        for argument in arguments:
            size = int(np.prod(self.shape(argument), dtype=np.int64))
            if at < size:
                return self.cell(argument, (at,) if self.shape(argument) else ())
            at -= size
        raise IndexError(at)

    def reduced(self, name: str, cells: list[Expression]) -> Expression:
        """The sum, mean or extreme of cells, written out."""
        if name == "sum":
            return _flat_sum((1, cell) for cell in cells)
        if name == "prod":
            return Product(tuple(("*", bracket(cell)) for cell in cells)) if len(cells) > 1 else cells[0]
        if name == "mean":
            return Product((("*", bracket(_flat_sum((1, cell) for cell in cells))), ("/", number(len(cells)))))
        if name == "logsumexp":
            return Call("log", (_flat_sum((1, Call("exp", (cell,), 0, "exp")) for cell in cells),), 0, "log")
        return Call(name, tuple(cells), 0, name)


def _works_by_elements(body: Expression) -> bool:
    """Does a function's formula treat every element of an array by itself?"""
    return not any(
        isinstance(part, (MatrixProduct, Bracketed))
        or (isinstance(part, Call) and part.function in (*_WHOLE, *_REARRANGING) and len(part.arguments) == 1)
        or (isinstance(part, Call) and part.function in ("concat", "outer"))
        for part in walk(body)
    )


def _flat_sum(terms: Iterable[tuple[int, Expression]]) -> Expression:
    """One n-ary sum: a sum inside a sum gives its terms, a negative term its sign."""

    def flat(sign: int, term: Expression) -> Iterator[tuple[int, Expression]]:
        if isinstance(term, Negative):
            yield from flat(-sign, term.operand)
        elif isinstance(term, Sum):
            for inner, part in term.terms:
                yield from flat(sign * inner, part)
        else:
            yield sign, term

    found = tuple(part for sign, term in terms for part in flat(sign, term))
    if len(found) == 1:
        sign, term = found[0]
        return term if sign > 0 else Negative(term)
    return Sum(found)
