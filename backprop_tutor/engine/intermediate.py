"""A formula cut into intermediate results, quantities of their own: what a person would work out first.

    Z = row_softmax(A @ relu(A @ H @ W) @ V)    Z.1 = A @ H        Z.2 = Z.1 @ W        Z.3 = A @ relu(Z.2)
                                                Z.4 = Z.3 @ V      Z   = row_softmax(Z.4)

Written out for one element, a matrix product inside another would hold the inner one anew in each of its terms, and a
softmax all of its argument. So a product, a sum or a mean inside another one becomes a quantity of its own, and so do
the argument of a softmax that holds one, a list of formulas that stands inside a formula, and the inner part of
functions that are nested deep. What stands in the formula twice is one quantity. The names, with a full stop, are
nobody else's.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..formulas import functions as table
from ..formulas.expression import (
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
    children,
    rebuild,
    ungrouped,
    walk,
)
from ..formulas.parse import parse
from ..values import Struct
from .array_shapes import Shapes, reduces, shares
from .rearranging import Shape, operands, rearranges
from .written_out import CustomFunction, expanded

MAX_HEIGHT = 10
"""Operations inside each other in one formula: what nests deeper is cut. (In σ(w·x + b) it is four: a function counts
as often as its derivative needs its argument or its result, one of the scenario's own as often as it does itself.)"""


class Intermediate(Struct, frozen=True):
    name: str
    formula: Expression


def intermediates(
    formula: Expression,
    arrays: dict[str, NDArray[np.int64]],
    custom: Mapping[str, CustomFunction],
    name: Callable[[int], str],
) -> tuple[tuple[Intermediate, ...], Expression]:
    """The intermediate results in the order of calculation, and what the formula is over them.

    `name` gives the first, second, ... intermediate result its name. FormulaError where the parts of the formula do not
    fit together.
    """
    cutter = _Cutter(arrays, custom, name)
    cutter.shapes.shape(formula)
    whole = cutter.root(formula) if cutter.shapes.has_arrays(formula) else formula
    whole = cutter.low(cutter.shared(whole))
    return tuple(cutter.found), whole


class _Cutter:
    def __init__(
        self,
        arrays: dict[str, NDArray[np.int64]],
        custom: Mapping[str, CustomFunction],
        name: Callable[[int], str],
    ) -> None:
        self.own: dict[str, NDArray[np.int64]] = {}
        self.custom = custom
        self.shapes = Shapes(ChainMap(self.own, arrays), custom)
        self.name = name
        self.found: list[Intermediate] = []

    # ------------------------------------------------------------------ sums inside sums
    def root(self, node: Expression) -> Expression:
        """A whole right side: a list or a join of formulas may stand here, each element is one of them."""
        if isinstance(node, Group) or rearranges(node):
            return rebuild(node, self.root)
        return self.visit(node, False)

    def visit(self, node: Expression, inside: bool) -> Expression:
        """The formula with what has to be calculated first cut out; `inside`: it stands inside a sum."""
        if isinstance(node, (Name, Element, Number, Constant)):
            return node
        if inside and self.is_sum(node):
            return self.cut(node)
        if rearranges(node) and self.mixed(node):
            return self.cut(node)
        if isinstance(node, Call):
            return self.call(node, inside)
        if isinstance(node, MatrixProduct):
            inside |= self.shapes.shape(node.right)[0] > 1
        return rebuild(node, lambda part: self.visit(part, inside))

    def call(self, node: Call, inside: bool) -> Expression:
        if node.function in table.WINDOWS:
            return rebuild(node, lambda part: self.cut(part) if self.shapes.shape(part) else part)
        whole = self.shapes.written_out(node)
        if whole is not None:
            return self.composed(node, whole, inside)
        if shares(node) and self.shapes.size(node) > 1:
            if inside:
                return self.cut(node)
            if self.holds_sum(node.arguments[0]):
                return rebuild(node, self.cut)
            inside = True
        if self.adds(node):
            listed = ungrouped(node.arguments[0])
            if rearranges(listed) and not any(map(self.shapes.shape, operands(listed))):
                changed = rebuild(listed, lambda item: self.visit(item, True))  # a list of formulas may be added up
                return rebuild(node, lambda _: changed)
            inside = True
        return rebuild(node, lambda part: self.visit(part, inside))

    def composed(self, node: Call, whole: Expression, inside: bool) -> Expression:
        """A call that stands for a formula keeps its name, unless that formula is cut itself."""
        before = len(self.found)
        if self.tried(whole, inside, before) == whole:
            return node
        node = rebuild(node, lambda argument: self.visit(argument, True))  # type: ignore[assignment]
        whole = expanded(node, self.custom)
        return node if self.tried(whole, inside, len(self.found)) == whole else self.visit(whole, inside)

    def tried(self, node: Expression, inside: bool, before: int) -> Expression:
        """What would become of a formula; nothing is kept of it."""
        changed = self.visit(node, inside)
        for intermediate in self.found[before:]:
            del self.own[intermediate.name]
        del self.found[before:]
        return changed

    def is_sum(self, node: Expression) -> bool:
        """Is it a sum of products, alone or with what is added to it or with numbers by which it is multiplied?"""
        match node:
            case Group(inner) | Negative(inner):
                return self.is_sum(inner)
            case Sum(terms):
                shape = self.shapes.shape(node)
                return any(self.shapes.shape(term) == shape and self.is_sum(term) for _, term in terms)
            case Product(factors):
                sums = [factor for how, factor in factors if how == "*" and self.is_sum(factor)]
                others = [factor for _, factor in factors if factor not in sums]
                return len(sums) == 1 and not any(self.shapes.shape(factor) for factor in others)
            case MatrixProduct(_, right):
                return self.shapes.shape(right)[0] > 1
            case Call(function) if function not in self.custom:
                return node.function in table.WINDOWS or self.adds(node)
        return False

    def adds(self, node: Call) -> bool:
        """Does it run over several elements?"""
        lines = node.function in table.ALONG and not shares(node)
        return (lines or reduces(node)) and self.shapes.size(node.arguments[0]) > 1

    def holds_sum(self, node: Expression) -> bool:
        if isinstance(node, Call) and (whole := self.shapes.written_out(node)) is not None:
            return self.holds_sum(whole)
        return (
            (isinstance(node, Call) and shares(node)) or self.is_sum(node) or any(map(self.holds_sum, children(node)))
        )

    def mixed(self, node: Expression) -> bool:
        """Do the elements come from several formulas that are more than names?"""
        formulas = self.shapes.origin(node).formulas
        return len(formulas) > 1 and not all(isinstance(formula, (Name, Element)) for formula in formulas)

    def cut(self, node: Expression) -> Expression:
        """The formula as a quantity of its own."""
        bare = ungrouped(node)
        if isinstance(bare, (Name, Element)):
            return bare
        return self.keep(self.root(bare), self.shapes.shape(bare))

    def keep(self, formula: Expression, shape: Shape) -> Name:
        """The name of an intermediate result; the same formula has one name."""
        known = next((one.name for one in self.found if one.formula == formula), None)
        if known is None:
            known = self.name(len(self.found) + 1)
            self.found.append(Intermediate(known, formula))
            self.own[known] = np.zeros(shape, np.int64)
        return Name(known, known, formula.span)

    def shared(self, whole: Expression) -> Expression:
        """What was cut in one place, cut wherever it stands."""
        known: dict[Expression, Name] = {}

        def with_names(part: Expression) -> Expression:
            return known.get(ungrouped(part)) or rebuild(part, with_names)

        found = []
        for one in self.found:
            found.append(Intermediate(one.name, with_names(one.formula)))
            known[one.formula] = Name(one.name, one.name)
        self.found = found
        return with_names(whole)

    # ------------------------------------------------------------------ functions inside functions
    def low(self, formula: Expression) -> Expression:
        """The formula, and the intermediate results found so far, none higher than MAX_HEIGHT."""
        if all(self.height(one) <= MAX_HEIGHT for one in (formula, *(known.formula for known in self.found))):
            return formula
        known, self.found = self.found, []
        shapes = {one.name: self.own[one.name].shape for one in known}
        renamed: dict[str, Name] = {}

        def with_names(part: Expression) -> Expression:
            return renamed.get(part.name, part) if isinstance(part, Name) else rebuild(part, with_names)

        for one in known:
            renamed[one.name] = self.keep(self.lowered(with_names(one.formula)), shapes[one.name])
        return self.lowered(with_names(formula))

    def lowered(self, node: Expression) -> Expression:
        node = rebuild(node, self.lowered)
        while self.height(node) > MAX_HEIGHT:
            most = max(map(self.height, children(node)))
            if not most:
                break  # a function of the scenario's own that is high by itself
            node = rebuild(node, lambda part: self.cut_high(part, most))  # noqa: B023
        return node

    def cut_high(self, node: Expression, most: int) -> Expression:
        if self.height(node) < most:
            return node
        if isinstance(node, Comparison):  # no quantity: its sides are
            return rebuild(node, lambda side: self.cut_high(side, most))
        return self.cut(node)

    def height(self, node: Expression) -> int:
        inner = max(map(self.height, children(node)), default=0)
        match node:
            case Group() | Negative():
                return inner
            case Call(function) if function in self.custom:
                body = self.custom[function].body
                uses = Counter(part.name for part in walk(body) if isinstance(part, Name))
                return inner + self.height(body) * max(uses.values(), default=1)
            case Call(function):
                return inner + _weight(function)
            case Sum() | Product() | Power() | MatrixProduct():
                return inner + 1
            case _:
                return inner


@cache
def _weight(function: str) -> int:
    row = table.table().get(function)
    if not isinstance(row, table.Primitive):
        return 1
    return max(1, sum(isinstance(part, Name) for part in walk(parse(row.derivative))))
