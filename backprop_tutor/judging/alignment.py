"""Numbers put in, matched with the formula they were put into.

`align` pairs every typed number with the piece of the formula in whose place it stands: `0.15*0.01 + 0.35` against
`i1*w11 + b1` gives (w11, 0.15), (i1, 0.01), (b1, 0.35). Products and sums may be written in any order; the pairing with
the fewest misfits counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeAlias

from ..engine.scalar import Dual, compiled, no_gradient
from ..formulas.expression import (
    Call,
    Derivative,
    DerivativeOf,
    Element,
    Expression,
    Group,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Span,
    Sum,
    transform,
    ungrouped,
    walk,
)
from ..handwork.exact import Stated, bare, literal
from ..values import Struct

MOST_PERMUTED = 5
LARGEST = 10**300  # what is larger has no float beside it
MOST_BITS = 100_000  # of an exact power


class Pair(Struct, frozen=True):
    """A number and the piece of the formula that it replaces; `negated` where a minus sign of it was not typed."""

    formula: Expression
    number: Stated
    span: Span  # of the number in its part
    negated: bool = False


Pairs: TypeAlias = tuple[Pair, ...]
Fits: TypeAlias = Callable[[Pair], bool]


def align(formula: Expression, numbers: Expression, fits: Fits) -> Pairs | None:
    """All pairs, or None where the shapes differ."""
    whole = isinstance(formula, Group)  # a bracket may have one number in its place
    formula, numbers = _plain(formula), ungrouped(numbers)
    number = literal(numbers)
    if not has_names(formula):
        return () if _same_constant(formula, numbers) else None
    if number is not None and isinstance(formula, Negative):
        negated = Stated(-number.value, number.unit, turned(number.text), number.open)
        return (Pair(formula.operand, negated, bare(numbers).span, not number.text.startswith("-")),)
    if number is not None and (whole or not isinstance(formula, (Sum, Product))):
        return (Pair(formula, number, numbers.span),)
    match formula, numbers:
        case Sum(terms), Sum(others):
            return _matched([_term(s, t) for s, t in terms], [_signed(s, t) for s, t in others], fits)
        case Product(factors), Product(others_):
            return _matched(*_as_many(_flat(factors), _flat(others_)), fits)
        case Power(base, exponent), Power(other_base, other_exponent):
            inner = align(base, other_base, fits)
            above = align(exponent, other_exponent, fits)
            return None if inner is None or above is None else inner + above
        case Negative(inner_formula), Negative(inner_numbers):
            found = align(inner_formula, inner_numbers, fits)
            return found if found is not None else _with_signs(formula, numbers, fits)
        case ((Product() | Negative()), (Product() | Negative())):
            return _with_signs(formula, numbers, fits)
        case Call(function, arguments), Call(other, other_arguments) if function == other:
            return _in_order(arguments, other_arguments, fits)
        case _:
            return None


def _with_signs(formula: Expression, numbers: Expression, fits: Fits) -> Pairs | None:
    """Products whose signs stand elsewhere: `-0.2*(-1)` in the place of a·b, or of −a."""
    inner = ungrouped(numbers.operand) if isinstance(numbers, Negative) else numbers
    if not isinstance(inner, Product):
        return None
    factors = _flat(inner.factors)
    first = literal(factors[0])
    if isinstance(numbers, Negative):
        if first is None or not isinstance(ungrouped(factors[0]), Number):
            return None
        number = bare(factors[0])
        factors[0] = Negative(number, (numbers.span[0], number.span[1]))
    return _matched(*_as_many(_flat((("*", formula),)), factors), fits)


def turned(text: str) -> str:
    """A typed number with the other sign."""
    return text[1:] if text.startswith("-") else f"-{text}"


def _same_constant(formula: Expression, numbers: Expression) -> bool:
    """A number of the formula's own (1/2), however it is written (0.5)."""
    try:
        return as_written(formula) == as_written(numbers)
    except ArithmeticError:
        return False


def _as_many(formulas: list[Expression], numbers: list[Expression]) -> tuple[list[Expression], list[Expression]]:
    """The factors of both sides, without factors of 1 on the side that has more (1/2*x, x/2)."""

    def without_ones(factors: list[Expression]) -> list[Expression]:
        return [factor for factor in factors if ungrouped(factor) != Number("1", Fraction(1))]

    if len(formulas) > len(numbers):
        return without_ones(formulas), numbers
    return (formulas, without_ones(numbers)) if len(numbers) > len(formulas) else (formulas, numbers)


def _plain(node: Expression) -> Expression:
    """Without brackets and without factors of 1 (`b1*1`)."""
    node = ungrouped(node)
    if isinstance(node, Product):
        kept = [
            (how, factor)
            for how, factor in node.factors
            if not (isinstance(ungrouped(factor), Number) and ungrouped(factor) == Number("1", Fraction(1)))
        ]
        if len(kept) == 1 and kept[0][0] == "*":
            return _plain(kept[0][1])
        if 0 < len(kept) < len(node.factors) and kept[0][0] == "*":
            return Product(tuple(kept), node.span)
    return node


def _signed(sign: int, term: Expression) -> Expression:
    plain = _plain(term)
    term = Group(plain, term.span) if isinstance(term, Group) and isinstance(plain, (Sum, Product)) else plain
    return term if sign > 0 else Negative(term, term.span)


def _term(sign: int, term: Expression) -> Expression:
    """A term of a formula, which may have been multiplied out: `0.24` may stand for `w5*h1`."""
    signed = _signed(sign, term)
    return Group(signed, signed.span) if isinstance(signed, Product) else signed


def _flat(factors: Sequence[tuple[str, Expression]]) -> list[Expression]:
    """Factors with inner products opened; a divisor is marked by a power of −1."""
    found: list[Expression] = []
    for how, factor in factors:
        inner = _plain(factor)
        if how == "*" and isinstance(inner, Product):
            found += _flat(inner.factors)
        elif how == "*" and isinstance(inner, Negative) and literal(inner) is None:
            found += [Negative(Number("1", Fraction(1)), inner.span), *_flat((("*", inner.operand),))]
        else:
            found.append(factor if how == "*" else Power(Group(factor), Negative(Number("1", Fraction(1)))))
    return found


def _in_order(formulas: Sequence[Expression], numbers: Sequence[Expression], fits: Fits) -> Pairs | None:
    if len(formulas) != len(numbers):
        return None
    found: Pairs = ()
    for formula, number in zip(formulas, numbers, strict=True):
        pairs = align(formula, number, fits)
        if pairs is None:
            return None
        found += pairs
    return found


def _matched(formulas: list[Expression], numbers: list[Expression], fits: Fits) -> Pairs | None:
    """The order with the fewest misfits: as written when nothing is gained by another."""
    if len(formulas) != len(numbers):
        return None
    as_typed = range(len(numbers))
    if len(formulas) > MOST_PERMUTED:
        return _in_order(formulas, numbers, fits)
    # every piece is aligned with every other once, not once for each order
    known: dict[tuple[int, int], tuple[Pairs | None, float]] = {}

    def of(i: int, j: int) -> tuple[Pairs | None, float]:
        if (i, j) not in known:
            pairs = align(formulas[i], numbers[j], fits)
            known[i, j] = pairs, _misfits(pairs, fits)
        return known[i, j]

    best, misfits = tuple(as_typed), sum(of(i, i)[1] for i in as_typed)
    if misfits:
        for order in itertools.permutations(as_typed):
            count = sum(of(i, j)[1] for i, j in enumerate(order))
            if count < misfits:
                best, misfits = order, count
                if not count:
                    break
    found: Pairs = ()
    for i, j in enumerate(best):
        pairs = of(i, j)[0]
        if pairs is None:
            return None
        found += pairs
    return found


def _misfits(pairs: Pairs | None, fits: Fits) -> float:
    return float("inf") if pairs is None else sum(not fits(pair) for pair in pairs)


def numbers_in(node: Expression) -> list[Number]:
    """Every typed number of a formula, in reading order."""
    return [part for part in walk(node) if isinstance(part, Number)]


def has_names(node: Expression) -> bool:
    return any(isinstance(part, (Name, Element, Derivative, DerivativeOf)) for part in walk(node))


def as_written(node: Expression, replace: Callable[[Number], Fraction] = lambda n: n.value) -> Fraction:
    """The exact value of a formula of numbers; functions at double precision. ArithmeticError where it has none."""
    value = _as_written(node, replace)
    if abs(value) > LARGEST:
        raise OverflowError("too large")
    return value


def _as_written(node: Expression, replace: Callable[[Number], Fraction]) -> Fraction:
    match node:
        case Number():
            return replace(node)
        case Group(inner):
            return _as_written(inner, replace)
        case Negative(operand):
            return -_as_written(operand, replace)
        case Sum(terms):
            return sum((sign * _as_written(term, replace) for sign, term in terms), Fraction(0))
        case Product(factors):
            total = Fraction(1)
            for how, factor in factors:
                value = _as_written(factor, replace)
                total = total / value if how == "/" else total * value
            return total
        case Power(base, exponent):
            return _power(_as_written(base, replace), _as_written(exponent, replace))
        case _:
            try:
                number = compiled(_numbers_replaced(node, replace))
            except ValueError as error:
                raise ArithmeticError(str(error)) from error
            return _rational(number(_no_number, no_gradient)[0])


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 1 and abs(exponent) <= 64:
        if (base.numerator.bit_length() + base.denominator.bit_length()) * abs(exponent) > MOST_BITS:
            raise OverflowError("too large")
        return base ** int(exponent)
    return _rational(float(base) ** float(exponent))


def _no_number(name: str) -> Dual:
    raise ArithmeticError(f"'{name}' is no number")


def _numbers_replaced(node: Expression, replace: Callable[[Number], Fraction]) -> Expression:
    return transform(
        node, lambda part: Number(part.text, replace(part), part.span) if isinstance(part, Number) else part
    )


def _rational(value: float | complex) -> Fraction:
    if isinstance(value, complex) or value != value or abs(value) == float("inf"):
        raise ArithmeticError("no finite value")
    return Fraction(value)
