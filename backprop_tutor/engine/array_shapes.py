"""The shape of a formula over known arrays, and what its functions stand for where that depends on shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import FormulaError, did_you_mean
from ..formulas import functions as table
from ..formulas.expression import (
    Bracketed,
    Call,
    Element,
    Expression,
    Group,
    MatrixProduct,
    Name,
    Negative,
    Product,
    children,
    walk,
)
from .rearranging import RULES, Origin, Places, Shape, fault, origin, part_of, rearranges, shape_text
from .windows import shape_of_windows
from .written_out import CustomFunction, arity_fault, check_arity, expanded

WHOLE = ("sum", "mean", "prod", "max", "min", "logsumexp")  # of one argument: of all its elements


class Shapes:
    """`arrays` gives the numbers of every quantity, in its shape; `custom` the scenario's own functions."""

    rules = RULES

    def __init__(self, arrays: Mapping[str, NDArray[np.int64]], custom: Mapping[str, CustomFunction]) -> None:
        self.arrays = arrays
        self.custom = custom
        # a formula is kept beside what is known of it, so that its identity stays its own
        self._shapes: dict[int, tuple[Expression, Shape]] = {}
        self._origins: dict[int, tuple[Expression, Origin]] = {}
        self._written_out: dict[int, tuple[Expression, Expression]] = {}

    def shape(self, node: Expression) -> Shape:
        """The shape of a formula; FormulaError where its parts do not fit together, or for a name nobody has."""
        known = self._shapes.get(id(node))
        if known is None:
            known = self._shapes[id(node)] = (node, self._shape(node))
        return known[1]

    def _shape(self, node: Expression) -> Shape:
        if rearranges(node):
            return self.origin(node).cell.shape
        match node:
            case Name(name):
                return self.array(name, node).shape
            case Element():
                return self.numbers(node).shape
            case Group(inner) | Negative(inner):
                return self.shape(inner)
            case MatrixProduct(left, right):
                return self.of_product(node, self.shape(left), self.shape(right))
            case Product(factors) if self.is_unclear(node):
                one, two = [shape for _, factor in factors if (shape := self.shape(factor))][:2]
                of, kind = (("u", "v"), "dot") if len(one) == len(two) == 1 else (("A", "B"), "matrix")
                help = f"write {' @ '.join(of)} for the {kind} product, {'*'.join(of)} for the products of elements"
                raise fault(node, "this may be either product of two arrays", "which product?", help)
            case Call():
                return self.of_call(node)
            case _:
                return self.spread(node)

    def is_unclear(self, node: Product) -> bool:
        """Do two arrays stand beside each other without a sign that says which product it is?"""
        arrays = [place for place, (_, factor) in enumerate(node.factors) if self.shape(factor)]
        return len(arrays) > 1 and not node.beside.isdisjoint(arrays[1:])

    def spread(self, node: Expression) -> Shape:
        """The shape of what works element by element, numbers spread over arrays."""
        shapes = [self.shape(part) for part in children(node)]
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            told = " and ".join(dict.fromkeys(shape_text(shape) for shape in shapes if shape))
            help = "use @ for a matrix product" if len(set(map(len, shapes))) > 1 else ""
            raise fault(node, f"shapes {told} do not fit together", "shapes differ", help) from None

    def of_product(self, node: MatrixProduct, left: Shape, right: Shape) -> Shape:
        if not left and not right:
            raise fault(node, "'@' is the product of matrices, and these are two numbers", "", "write *")
        if not left or not right or len(left) > 2 or len(right) > 2 or left[-1] != right[0]:
            one, two = shape_text(left), shape_text(right)
            help = "the last length on the left must equal the first on the right; for numbers write *"
            raise fault(node, f"shapes {one} and {two} do not fit a matrix product", f"{one} @ {two}", help)
        return (*left[:-1], *right[1:])

    def of_call(self, node: Call) -> Shape:
        check_arity(node, self.custom)
        function, shapes = node.function, [self.shape(argument) for argument in node.arguments]
        if function not in self.custom:
            self.check_arguments(node, shapes)
            if function in table.WINDOWS:
                return shape_of_windows(node, self.shape)
        if whole := self.written_out(node):
            try:
                return self.shape(whole)
            except FormulaError as error:  # what is wrong in a function is said at the call
                problem = error.problems[0]
                said = f"in '{node.text or function}': {problem.message}"
                raise fault(node, said, problem.label, problem.help) from error
        if function in table.ALONG:
            how, axis = table.ALONG[function]
            rows, columns = shapes[0]
            return shapes[0] if how == "softmax" else (columns,) if axis == 0 else (rows, 1)
        return () if reduces(node) else self.spread(node)

    def check_arguments(self, node: Call, shapes: Sequence[Shape]) -> None:
        """FormulaError for a vector where a matrix belongs, and the like."""
        function, shape, name = node.function, shapes[0], node.text or node.function
        wide = sum(length > 1 for length in shape)  # one column is a vector here
        row, what = table.table().get(function), f"shape {shape_text(shape)}"
        if isinstance(row, table.Composed) and row.takes is not None and shape:
            kind, help = row.takes
            if (wide > 1) if kind == "vector" else len(shape) != 2:
                raise fault(node, f"{name} takes a {kind}", what, help)
        if function == "softmax" and not shape:
            help = "for single numbers write exp(z1)/(exp(z1) + exp(z2))"
            raise fault(node, "softmax takes a vector", "a number", help)
        if function in ("softmax", "logsumexp") and len(shapes) == 1 and wide > 1:
            said = f"'{name}' of a matrix needs to know which way: along each row, or along each column"
            raise fault(node, said, what, f"write row_{function}( ) or column_{function}( )")
        if function in table.ALONG and len(shape) != 2:
            help = f"for a vector write {table.ALONG[function][0]}( )"
            raise fault(node, f"'{name}' takes a matrix", what, help)
        for own, argument in zip(shapes, node.arguments, strict=True) if function in ("outer", "dot") else ():
            if len(own) > 1 or (not own and function == "outer"):
                help = "the product of matrices is A @ B" if function == "dot" else ""
                raise fault(argument, f"{function} takes two vectors", f"shape {shape_text(own)}", help)

    def faults(self, node: Expression) -> list[FormulaError]:
        """Every fault of a formula's shapes that does not follow from another one.

        What needs a name or a function that nobody has, or a function with a wrong number of arguments, is not judged.
        """
        return self._judged(node)[0]

    def _judged(self, node: Expression) -> tuple[list[FormulaError], bool]:
        """The faults, and whether the formula has a shape."""
        if isinstance(node, (Name, Element)) and node.name not in self.arrays:
            return [], False
        inner = [self._judged(part) for part in children(node)]
        found = [fault for faults, _ in inner for fault in faults]
        if isinstance(node, Call) and (self.is_unknown(node) or arity_fault(node, self.custom)):
            return found, False
        if not all(judged for _, judged in inner):
            return found, False
        try:
            self.shape(node)
        except FormulaError as error:
            return [error], False
        return [], True

    def is_unknown(self, node: Call) -> bool:
        """Is a call of a function that nobody has, or of one that is broken itself?"""
        return node.function not in self.custom and node.function not in table.NAMES

    def array(self, name: str, node: Expression) -> Places:
        """The node numbers of a quantity."""
        try:
            return self.arrays[name]
        except KeyError:
            hint = did_you_mean(name, self.arrays)
            help = hint or "declare it under [inputs], [parameters], [targets] or [equations]"
            raise fault(node, f"nothing is called '{name}'", "not known", help) from None

    def size(self, node: Expression) -> int:
        """How many elements the formula has."""
        return math.prod(self.shape(node))

    def numbers(self, node: Element) -> Places:
        """The node numbers of a part of an array."""
        return part_of(node, self.array(node.name, node))

    def origin(self, node: Expression) -> Origin:
        """Where the elements of what only moves them come from."""
        known = self._origins.get(id(node))
        if known is None:
            known = self._origins[id(node)] = (node, origin(node, self.shape, self.rules))
        return known[1]

    def has_arrays(self, node: Expression) -> bool:
        """Is there more in the formula than single numbers?"""
        return any(
            isinstance(part, (MatrixProduct, Bracketed, Element))
            or (isinstance(part, Name) and part.name in self.arrays and self.arrays[part.name].ndim > 0)
            for part in walk(node)
        )

    def written_out(self, node: Call) -> Expression | None:
        """What a call stands for, where it can't be shown as a call on single numbers."""
        own = self.custom.get(node.function)
        composed = own is None and table.composed(node.function, len(node.arguments)) is not None
        if composed or (own is not None and not works_by_elements(own.body) and any(map(self.shape, node.arguments))):
            known = self._written_out.get(id(node))
            if known is None:
                known = self._written_out[id(node)] = (node, expanded(node, self.custom))
            return known[1]
        return None


def reduces(node: Call) -> bool:
    """Is it one number of a whole array?"""
    return node.function in WHOLE and len(node.arguments) == 1


def shares(node: Call) -> bool:
    """Is it a softmax, of a vector or along the rows or columns of a matrix?"""
    return "softmax" in (node.function, *table.ALONG.get(node.function, ()))


def works_by_elements(body: Expression) -> bool:
    """Does a function's formula treat every element of an array by itself?"""
    return not any(
        isinstance(part, MatrixProduct)
        or rearranges(part)
        or (isinstance(part, Call) and (reduces(part) or part.function in ("softmax", *table.ALONG, *table.WINDOWS)))
        for part in walk(body)
    )
