"""What products of arrays mean where their author wrote no `@`: `W x`, `u^T v`, `δ x^T`, and the square of a norm.

    W x, W·x        the matrix product, where a matrix stands beside a vector or beside a matrix of another shape
    u^T v, u^T M v  a vector that is turned lies: with another vector it makes a number
    u v^T           the outer product
    ‖v‖^2           sum(v^2), which has a derivative where the root has none

Two vectors, or two matrices of one shape, side by side may be either product; they stay as they are, which is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import FormulaError
from ..formulas.expression import (
    Call,
    Expression,
    Group,
    MatrixProduct,
    Negative,
    Number,
    Power,
    Product,
    transform,
    ungrouped,
    walk,
)
from ..values import replace
from .array_shapes import Shapes
from .rearranging import Shape
from .written_out import CustomFunction, substitute

_SQUARED = {"norm": "sum", "row_norm": "row_sum", "column_norm": "column_sum"}


def meant(
    formula: Expression, arrays: Mapping[str, NDArray[np.int64]], custom: Mapping[str, CustomFunction]
) -> Expression:
    """The formula with such products as matrix products. What doesn't fit stays, for others to say so."""
    reader = _Reader(arrays, custom)
    return transform(formula, reader.read)


class _Reader:
    def __init__(self, arrays: Mapping[str, NDArray[np.int64]], custom: Mapping[str, CustomFunction]) -> None:
        self.shapes = Shapes(arrays, custom)
        self.custom = custom
        self.rows: list[Expression] = []  # products of a turned vector and a matrix: vectors that lie themselves

    def read(self, part: Expression) -> Expression:
        match part:
            case MatrixProduct(left, right):
                return self.multiplied(left, right, part) or part
            case Product(factors) if part.beside:
                return self.joined(part, factors)
            case Call(function, arguments) if function in self.custom and any(map(self.shape, arguments)):
                return self.written_out(part, self.custom[function])
            case Power(base, Number(value=two)) if two == 2:
                call = ungrouped(base)
                if isinstance(call, Call) and call.function in _SQUARED and len(call.arguments) == 1:
                    square = Power(Group(call.arguments[0]), Number("2", two), part.span)
                    return Call(_SQUARED[call.function], (square,), 0, _SQUARED[call.function], part.span)
        return part

    def written_out(self, call: Call, own: CustomFunction) -> Expression:
        """A function of the scenario's own with such products in it: what they are depends on its arguments."""
        if not any(isinstance(part, Product) and part.beside for part in walk(own.body)):
            return call
        body = transform(own.body, lambda piece: replace(piece, span=call.span))
        return Group(transform(substitute(body, dict(zip(own.parameters, call.arguments, strict=True))), self.read))

    def joined(self, node: Product, factors: tuple[tuple[str, Expression], ...]) -> Expression:
        """A product whose matrices stand beside each other, from left to right."""
        found = [factors[0]]
        beside = set()
        for place, (how, factor) in enumerate(factors[1:], 1):
            before_how, before = found[-1]
            if place in node.beside and before_how == how == "*" and self.shape(before) != () != self.shape(factor):
                span = (before.span[0], factor.span[1])
                one = self.multiplied(before, factor, MatrixProduct(before, factor, span), signed=False)
                if one is not None:
                    found[-1] = (before_how, one)
                    continue
            if place in node.beside:
                beside.add(len(found))
            found.append((how, factor))
        if len(found) == 1:
            return found[0][1]
        return replace(node, factors=tuple(found), beside=frozenset(beside))

    def multiplied(
        self, left: Expression, right: Expression, node: MatrixProduct, signed: bool = True
    ) -> Expression | None:
        """The matrix product of two arrays; None where it isn't one, or is `node` as it stands.

        Without a sign two arrays are multiplied so only where nothing else can be meant.
        """
        lying, standing = self.without_turn(left), self.without_turn(right)
        if standing is not None and lying is None:
            vectors = len(self.shape(left) or ()) == 1
            return Call("outer", (left, standing), 0, "outer", node.span) if vectors else None
        if lying is not None:
            product = self.fitting(replace(node, left=lying))
            if product is not None and self.shape(product):
                self.rows.append(product)
            return product
        one, two = self.shape(left), self.shape(right)
        if signed or one is None or two is None or one == two or (len(one), len(two)) == (1, 1):
            return None
        return self.fitting(node)

    def fitting(self, node: MatrixProduct) -> Expression | None:
        """The product, where its shapes fit."""
        return node if self.shape(node) is not None else None

    def without_turn(self, node: Expression) -> Expression | None:
        """What is turned though it is a vector, `u^T`, unturned; None for anything else."""
        match node:
            case Group(inner) | Negative(inner):
                found = self.without_turn(inner)
                return None if found is None else type(node)(found, node.span)
            case Product(factors) if factors[-1][0] == "*":
                found = self.without_turn(factors[-1][1])
                return None if found is None else replace(node, factors=(*factors[:-1], ("*", found)))
            case Call("transpose", (vector,)) if len(self.shape(vector) or ()) == 1:
                return vector
            case MatrixProduct() if any(node is row for row in self.rows):
                return node
        return None

    def shape(self, node: Expression) -> Shape | None:
        """The shape; that of a vector where one is turned; None where there is none."""
        if (vector := self.without_turn(node)) is not None:
            node = vector
        try:
            return self.shapes.shape(node)
        except FormulaError:
            return None
