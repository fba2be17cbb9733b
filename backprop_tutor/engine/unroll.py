"""One scalar node of an array equation, written out in names: what the screen shows and SymPy differentiates.

Only the element that is asked for is made: one weight of a large layer costs one row, not the whole matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..formulas import functions as table
from ..formulas.expression import (
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
    Sum,
    number,
    transform,
)
from .array_shapes import WHOLE, Shapes, reduces
from .rearranging import Shape, rearranges
from .windows import POOLS, seen_from
from .written_out import CustomFunction

Cells = NDArray[np.object_]  # an array of scalar expressions
Index: TypeAlias = Shape  # counted from 0


def bracket(node: Expression) -> Expression:
    """In brackets where it has more than one term."""
    return Group(node) if isinstance(node, (Sum, Negative)) else node


def of_single_numbers(node: Expression) -> Expression:
    """A scalar formula without the sum, mean or extreme of one number, which is that number."""

    def change(part: Expression) -> Expression:
        if isinstance(part, Call) and part.function in WHOLE and len(part.arguments) == 1:
            inner = part.arguments[0]
            return inner if isinstance(inner, (Name, Number, Group, Call)) else Group(inner)
        return part

    return transform(node, change)


class Unroller(Shapes):
    """`name_of` spells the element (or scalar) behind a node number; `arrays` gives the numbers of every quantity."""

    def __init__(
        self,
        arrays: Mapping[str, NDArray[np.int64]],
        custom: Mapping[str, CustomFunction],
        name_of: Callable[[int], str],
    ) -> None:
        super().__init__(arrays, custom)
        self.name_of = name_of

    def element(self, node: Expression, index: Index) -> Expression:
        """The scalar formula of one element (index counted from 0; () for a scalar equation)."""
        return self.cell(node, index) if index or self.has_arrays(node) else node

    def cells(self, node: Expression) -> Cells:
        """Every element of a formula, written out, in its shape."""
        shape = self.shape(node)
        out = np.empty(shape, dtype=object)
        for index in np.ndindex(*shape):
            out[index] = self.cell(node, index)
        return out

    # ------------------------------------------------------------------ elements
    def cell(self, node: Expression, index: Index) -> Expression:
        """One element of a formula, in the names of scalars."""
        if rearranges(node):
            return self.moved(node, index)
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
            case Call():
                return self.call(node, index)
            case _:
                return node

    def moved(self, node: Expression, index: Index) -> Expression:
        """An element of what only moves them, where it comes from."""
        found = self.origin(node)
        formula = found.formulas[int(found.which[index])]
        place = np.unravel_index(int(found.cell[index]), self.shape(formula)) if self.shape(formula) else ()
        return self.cell(formula, tuple(map(int, place)))

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
        if name in table.WINDOWS:
            return self.window(node, index)
        if name in table.ALONG:
            how, axis = table.ALONG[name]
            if how == "softmax":
                return self.softmax(arguments[0], index, axis)
            rows, columns = self.shape(arguments[0])
            line = [(k, index[0]) for k in range(rows)] if axis == 0 else [(index[0], k) for k in range(columns)]
            return self.reduced(how, [self.cell(arguments[0], place) for place in line])
        if name == "softmax":
            return self.softmax(arguments[0], index, int(np.argmax(self.shape(arguments[0]))))
        if reduces(node):
            return self.reduction(name, arguments[0])
        return Call(name, tuple(self.part(argument, index) for argument in arguments), 0, node.text)

    def window(self, node: Call, index: Index) -> Expression:
        """Σ kernel·array, or the largest or the mean, over what an element of a convolution or a pool looks at."""
        seen = seen_from(node, index, self.shape)
        array, other = node.arguments[:2]
        if node.function in POOLS:
            return self.reduced(POOLS[node.function], [self.cell(array, at) for _, at in seen])
        pairs = [(self.cell(other, a), self.cell(array, at)) for a, at in seen]
        terms = [(1, Product((("*", bracket(one)), ("*", bracket(two))))) for one, two in pairs]
        return _flat_sum(terms) if terms else number(0)

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
