"""Numbers that do not stand as a formula says: what is missing, what is too many, what stands in another's place.

`differences` compares a formula with numbers in a shape that is not its own: `0.249 - 0.01*(0.035/0.14)` against
`w5 - rate·∂L/∂w5` leaves `0.035/0.14` in the place of `∂L/∂w5`, and nothing else.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..formulas.algebra import size, times
from ..formulas.expression import Call, Expression, Negative, Number, Power, Product, Sum, ungrouped
from ..handwork.exact import Stated
from ..values import Struct
from .alignment import Fits, Pair, align

MOST_MATCHED = 5
MOST_TOLD = 2  # differences: with more it is another formula
LARGEST_SHARE = 0.5  # of all pieces: what differs more than that is another formula

Valued: TypeAlias = Callable[[Expression], Stated | None]


class Difference(Struct, frozen=True):
    """What a formula has and what stands there instead; None for nothing. `kind` is "term" or "factor"."""

    belongs: Expression | None
    stands: Expression | None
    kind: str = ""

    @property
    def weight(self) -> int:
        return sum(size(side) for side in (self.belongs, self.stands) if side is not None)


Differences: TypeAlias = tuple[Difference, ...]


def nearest(
    forms: Sequence[Expression], numbers: Expression, fits: Fits, valued: Valued
) -> tuple[Expression, Differences] | None:
    """The form that numbers come nearest to, and how they differ; None where they are too far from all of them.

    `valued` is what some of the numbers come to, as exactly as they are typed.
    """
    compare = _Comparison(fits, valued)
    found = [(form, compare.of(form, numbers)) for form in forms]
    near = [
        (form, differences)
        for form, differences in found
        if 0 < len(differences) <= MOST_TOLD and weight(differences) <= LARGEST_SHARE * (size(form) + size(numbers))
    ]
    return min(near, key=lambda each: weight(each[1]), default=None)


def weight(differences: Differences) -> int:
    """How many pieces are on one side only."""
    return sum(difference.weight for difference in differences)


class _Comparison(Struct, frozen=True):
    fits: Fits
    valued: Valued

    def of(self, form: Expression, numbers: Expression, kind: str = "") -> Differences:
        """How numbers differ from a formula; empty where they stand as it says."""
        form, numbers = ungrouped(form), ungrouped(numbers)
        if self.same(form, numbers):
            return ()
        match form, numbers:
            case Power(base, exponent), Power(other_base, other_exponent):
                return (*self.of(base, other_base), *self.of(exponent, other_exponent))
            case Negative(inner), Negative(other):
                return self.of(inner, other, kind)
            case Call(function, (argument,)), Call(other_function, (other_argument,)) if function == other_function:
                return self.of(argument, other_argument)
            case (Sum(), _) | (_, Sum()):
                return self.matched(_terms(form), _terms(numbers), "term")
            case (Product(), _) | (_, Product()) if not (_divided(form) or _divided(numbers)):
                return self.matched(_factors(form), _factors(numbers), "factor")
        return (Difference(form, numbers, kind),)

    def same(self, form: Expression, numbers: Expression) -> bool:
        pairs = align(form, numbers, self.fits)
        if pairs is not None and all(self.fits(pair) for pair in pairs):
            return True
        if isinstance(form, Number) or isinstance(numbers, Number):
            return False
        value = self.valued(numbers)
        return value is not None and self.fits(Pair(form, value, (0, 0)))

    def matched(self, forms: list[Expression], numbers: list[Expression], kind: str) -> Differences:
        """The pieces put together so that least differs; of a product what is left over is one piece."""
        for form in list(forms):
            same = next((n for n in numbers if self.same(form, n)), None)
            if same is not None:
                forms.remove(form)
                numbers.remove(same)
        if kind == "factor" and len(forms) != len(numbers) and forms and numbers:
            return (Difference(times(*forms), times(*numbers) if len(numbers) > 1 else numbers[0], kind),)
        if max(len(forms), len(numbers)) > MOST_MATCHED:
            return tuple(Difference(f, n, kind) for f, n in itertools.zip_longest(forms, numbers))
        longer = max(len(forms), len(numbers))
        places: list[Expression | None] = [*numbers, *[None] * (longer - len(numbers))]
        wanted: list[Expression | None] = [*forms, *[None] * (longer - len(forms))]
        # each pair is compared once: of products of sums every order of every order would be tried otherwise
        pairs = [[self.paired(form, number, kind) for number in places] for form in wanted]
        costs = [[weight(pair) for pair in row] for row in pairs]
        orders = itertools.permutations(range(longer))
        best = min(orders, key=lambda order: sum(row[at] for row, at in zip(costs, order, strict=True)))
        return tuple(itertools.chain.from_iterable(row[at] for row, at in zip(pairs, best, strict=True)))

    def paired(self, form: Expression | None, number: Expression | None, kind: str) -> Differences:
        """How one piece differs from another; one that is alone differs whole."""
        if form is not None and number is not None:
            return self.of(form, number, kind)
        return (Difference(form, number, kind),) if form is not None or number is not None else ()


def _terms(node: Expression) -> list[Expression]:
    if not isinstance(node, Sum):
        return [node]
    return [term if sign > 0 else Negative(term, getattr(term, "span", (0, 0))) for sign, term in node.terms]


def _divided(node: Expression) -> bool:
    return isinstance(node, Product) and any(how == "/" for how, _ in node.factors)


def _factors(node: Expression) -> list[Expression]:
    """The factors of a product, inner products opened; a divided product stays whole."""
    node = ungrouped(node)
    if not isinstance(node, Product) or _divided(node):
        return [node]
    return [inner for _, factor in node.factors for inner in _factors(factor)]
