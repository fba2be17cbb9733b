"""Building formulas piece by piece, tidily: factors of 1 and terms of 0 vanish, products and sums stay flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from .expression import (
    Call,
    Expression,
    Group,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    number,
    transform,
    ungrouped,
    walk,
)

ONE = number(1)
TWO = number(2)
ZERO = number(0)

Monomial = tuple[Fraction, tuple[Expression, ...]]


def named(name: str) -> Name:
    """A quantity by its name."""
    return Name(name, name)


def times(*factors: Expression) -> Expression:
    """The product, written in this order; 1 for no factor. A minus sign moves to the front."""
    negative = False
    flat: list[tuple[str, Expression]] = []
    for factor in factors:
        while isinstance(factor, (Group, Negative)):
            negative ^= isinstance(factor, Negative)
            factor = factor.inner if isinstance(factor, Group) else factor.operand
        if factor == ONE:
            continue
        flat += factor.factors if isinstance(factor, Product) else [("*", factor)]
    kept = [(how, factor) for how, factor in flat if factor != ONE]
    if not kept or kept[0][0] == "/":
        kept.insert(0, ("*", ONE))  # 1/s
    whole = kept[0][1] if len(kept) == 1 else Product(tuple(kept))
    return Negative(whole) if negative else whole


def over(above: Expression, below: Expression) -> Expression:
    """The quotient."""
    if below == ONE:
        return above
    parts = above.factors if isinstance(above, Product) else (("*", above),)
    return Product((*parts, ("/", below)))


def total(terms: Iterable[tuple[int, Expression]]) -> Expression:
    """The sum of signed terms; 0 for none. A sum that is taken away keeps its brackets."""
    flat: list[tuple[int, Expression]] = []
    for sign, term in terms:
        while isinstance(term, (Group, Negative)):
            sign = -sign if isinstance(term, Negative) else sign
            term = term.inner if isinstance(term, Group) else term.operand
        if isinstance(term, Sum) and sign > 0:
            flat += term.terms
        elif term != ZERO:
            flat.append((sign, term))
    if not flat:
        return ZERO
    if len(flat) == 1:
        sign, term = flat[0]
        return term if sign > 0 else Negative(term)
    return Sum(tuple(flat))


def plus(*terms: Expression) -> Expression:
    """The sum."""
    return total((1, term) for term in terms)


def minus(first: Expression, second: Expression) -> Expression:
    """The difference."""
    return total(((1, first), (-1, second)))


def scaled(factor: Fraction, node: Expression) -> Expression:
    """A number times a formula; a negative number becomes a sign."""
    part = times(number(abs(factor)), node) if abs(factor) != 1 else node
    return Negative(part) if factor < 0 else part


def square(node: Expression) -> Expression:
    """The second power."""
    return Power(node, TWO)


def call(function: str, *arguments: Expression, primes: int = 0) -> Call:
    """A function applied; `primes` = 1 is its derivative."""
    return Call(function, arguments, primes, function)


def monomials(node: Expression) -> list[Monomial]:
    """The formula as Σ number·factor·factor, its brackets around sums multiplied out only by numbers.

    `-(y*log(p))/2` is one monomial: (−1/2, (y, log(p))). What is not a number, a sign, a sum or a product is a factor.
    """
    match node:
        case Group(inner):
            return monomials(inner)
        case Negative(operand):
            return [(-c, factors) for c, factors in monomials(operand)]
        case Sum(terms):
            return [(sign * c, factors) for sign, term in terms for c, factors in monomials(term)]
        case Number():
            return [(node.value, ())] if node.value else []
        case Product(factors):
            return _multiplied(factors)
        case _:
            return [(Fraction(1), (node,))]


def _multiplied(factors: tuple[tuple[str, Expression], ...]) -> list[Monomial]:
    coefficient = Fraction(1)
    rest: list[Expression] = []
    sums: list[list[Monomial]] = []
    for how, factor in factors:
        inner = monomials(factor)
        if not inner and how == "*":
            return []
        constant = inner[0][0] if len(inner) == 1 and not inner[0][1] else None
        if constant is not None:
            coefficient = coefficient / constant if how == "/" else coefficient * constant
        elif how == "/":  # by a sum, by a name, by 0
            rest.append(Product((("*", ONE), ("/", ungrouped(factor)))))
        elif len(inner) == 1:
            coefficient *= inner[0][0]
            rest += inner[0][1]
        else:
            sums.append(inner)
            rest.append(ungrouped(factor))
    if len(sums) == 1 and len(rest) == 1:
        return [(coefficient * c, parts) for c, parts in sums[0]]
    return [(coefficient, tuple(rest))]


def signed_terms(node: Expression, sign: int = 1) -> list[tuple[int, Expression]]:
    """The terms of a sum as they are written, the brackets around sums taken away."""
    match node:
        case Group(inner):
            return signed_terms(inner, sign) if isinstance(ungrouped(inner), (Sum, Negative)) else [(sign, node)]
        case Negative(operand):
            return signed_terms(operand, -sign)
        case Sum(terms):
            return [found for s, term in terms for found in signed_terms(term, sign * s)]
        case _:
            return [(sign, node)]


def slope(node: Expression, name: str) -> Expression | None:
    """∂node/∂name of sums, products and squares, written out; None for what else the name stands in."""
    match node:
        case Name():
            return ONE if node.name == name else ZERO
        case Group(inner):
            return slope(inner, name)
        case Negative(operand):
            inside = slope(operand, name)
            return None if inside is None else total([(-1, inside)])
        case Sum(terms):
            inner_slopes = [(sign, slope(term, name)) for sign, term in terms]
            known = [(sign, inside) for sign, inside in inner_slopes if inside is not None]
            return total(known) if len(known) == len(terms) else None
        case Product(factors):
            return _slope_of_product(factors, name)
        case Power(base, exponent) if ungrouped(exponent) == TWO:
            inside = slope(base, name)
            return None if inside is None else ZERO if inside == ZERO else times(TWO, base, inside)
        case _:
            return None if any(isinstance(part, Name) and part.name == name for part in walk(node)) else ZERO


def _slope_of_product(factors: tuple[tuple[str, Expression], ...], name: str) -> Expression | None:
    """A name in one factor only, and not below the line."""
    inside = [i for i, (_, factor) in enumerate(factors) if slope(factor, name) != ZERO]
    if not inside:
        return ZERO
    at = inside[0]
    own = slope(factors[at][1], name)
    if len(inside) > 1 or factors[at][0] == "/" or own is None:
        return None
    above = times(*(factor for i, (how, factor) in enumerate(factors) if how == "*" and i != at), own)
    below = times(*(factor for how, factor in factors if how == "/"))
    return over(above, below)


def size(node: Expression) -> int:
    """How many pieces a formula has."""
    return sum(1 for _ in walk(node))


def renamed(node: Expression, names: Mapping[str, Expression]) -> Expression:
    """The formula with other formulas in the place of some names."""

    def put(part: Expression) -> Expression:
        return names.get(part.name, part) if isinstance(part, Name) else part

    return transform(node, put)
