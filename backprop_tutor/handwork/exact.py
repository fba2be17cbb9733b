"""Exact decimal arithmetic on what people write: the unit of the last digit, rounding, truncation, intervals.

Numbers are `Fraction`; nothing is decided with floats where digits decide. Both tie rules (half up, half even) are
right, so agreement to half a unit is closed at both ends.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

from ..formulas.expression import Expression, Group, Negative, Number, Power, Product, ungrouped
from ..values import Struct

SMALLEST_UNIT = Fraction(1, 10**12)
DOUBLE = Fraction(1, 10**13)  # of a value: the rounding of a few double operations
PLACES = 12  # decimals after which an exact value ends
MOST = 1e12
NOTHING = 1e-14  # the noise of a double near 1
SLACK = Fraction(1, 10**9)  # of a unit: room for exp and log, which have no exact value


class Stated(Struct, frozen=True):
    """A number as somebody typed it: exact value, unit of its last digit (0: exact), `open` for a trailing '...'."""

    value: Fraction
    unit: Fraction
    text: str
    open: bool = False

    @property
    def digits(self) -> int:
        """Significant digits typed."""
        return digits_in(self.text)


@lru_cache(maxsize=4096)
def digits_in(text: str) -> int:
    """Significant digits of a number as typed."""
    mantissa = re.split(r"[eE×*]", text.lstrip("-−+"))[0]
    return len(re.sub(r"\D", "", mantissa).lstrip("0")) or 1


def literal(node: Expression) -> Stated | None:
    """The number that an expression simply is (a sign and a power of ten allowed), or None."""
    node = ungrouped(node)
    if isinstance(node, Negative):
        inner = literal(node.operand)
        return None if inner is None else Stated(-inner.value, inner.unit, "-" + inner.text)
    if isinstance(node, Number):
        # a bare 0 says that there is nothing, not that it was rounded to whole numbers
        unit = Fraction(0) if node.text == "0" else unit_of(node.text)
        return Stated(node.value, unit, node.text)
    if isinstance(node, Product) and len(node.factors) == 2:
        (_, mantissa), (how, power) = node.factors
        power = ungrouped(power)
        if how == "*" and isinstance(power, Power) and isinstance(power.base, Number) and power.base.value == 10:
            first, exponent = literal(mantissa), literal(power.exponent)
            if first is not None and exponent is not None and exponent.value.denominator == 1:
                scale = Fraction(10) ** int(exponent.value)
                return Stated(first.value * scale, first.unit * scale, f"{first.text}e{exponent.value}")
    return None


@lru_cache(maxsize=4096)
def unit_of(text: str) -> Fraction:
    """10^(place of the last typed digit): '0.380' → 1/1000, '37.75%' → 1/10000, '3e-2' → 1/100, '½' → 0."""
    percent = text.endswith("%")
    mantissa, _, exponent = text.rstrip("%").lower().partition("e")
    if not re.fullmatch(r"\d*\.?\d*", mantissa):
        return Fraction(0)
    decimals = len(mantissa.partition(".")[2])
    unit = Fraction(10) ** (int(exponent or 0) - decimals - (2 if percent else 0))
    return max(unit, SMALLEST_UNIT)


def exact(value: float | Fraction) -> Fraction:
    """A float as the fraction it is."""
    return value if isinstance(value, Fraction) else Fraction(value)


def finite(value: float) -> Fraction | None:
    """The float as the fraction it is; None for nan and infinities."""
    return None if value != value or abs(value) == float("inf") else exact(value)


def decimals(values: Iterable[float]) -> frozenset[Fraction]:
    """Floats as the decimal numbers that they stand for."""
    return frozenset(Fraction(repr(round(v, PLACES))) for v in values if v == v and abs(v) < MOST)


def ending(values: Iterable[float]) -> frozenset[Fraction]:
    """Those of some floats that stand for a decimal number which ends soon, as that number."""
    return decimals(v for v in values if abs(v - round(v, PLACES)) < NOTHING)


# ---------------------------------------------------------------- predicates
def agrees(y: Fraction, unit: Fraction, value: Fraction) -> bool:
    """|y − value| ≤ unit/2, closed."""
    try:
        one, two, half = float(y), float(value), float(unit) / 2
    except OverflowError:
        pass
    else:
        # most numbers are nowhere near the limit: only what is needs exact arithmetic
        gap, doubt = abs(one - two), 1e-3 * half + 1e-12 * (abs(one) + abs(two))
        if abs(gap - half) > doubt:
            return gap < half
    return abs(y - value) <= unit / 2 + unit * SLACK + abs(value) * DOUBLE


def truncates(y: Fraction, unit: Fraction, value: Fraction) -> bool:
    """y is value cut off after its last digit: nearer to 0 by less than one unit, same sign."""
    if y and (y > 0) != (value > 0):
        return False
    gap = abs(value) - abs(y)
    if not 0 <= gap < unit:
        return False
    # a double just below 0.6 must not make 0.5 a cut-off 0.6
    return gap < unit * (1 - SLACK) - abs(value) * DOUBLE and not agrees(y, unit, value)


def near(y: Fraction, unit: Fraction, value: Fraction) -> bool:
    """Off by at most one unit of the last digit."""
    return abs(y - value) <= unit * (1 + SLACK)


class Interval(Struct, frozen=True):
    low: Fraction
    high: Fraction

    def meets(self, y: Fraction, unit: Fraction) -> bool:
        """Could a number in the interval be written as y, rounded to its unit?"""
        return self.low <= y + unit / 2 and y - unit / 2 <= self.high

    def meets_truncated(self, y: Fraction, unit: Fraction) -> bool:
        """Could a number in the interval be written as y, cut off?"""
        # cutting takes away less than a whole unit: 0.3 is no cut 0.4
        return self.low < y + unit and y <= self.high if y >= 0 else self.low <= y and y - unit < self.high


CORNERS = 6
MARGIN = Fraction(105, 100)


def reach(operand: Stated, truncating: bool = False) -> tuple[Fraction, Fraction]:
    """Between what a typed number may stand for: half a unit to either side, a truncating writer's one unit outward."""
    half = operand.unit / 2
    if not truncating:
        return operand.value - half, operand.value + half
    away = operand.unit if operand.value >= 0 else -operand.unit
    return min(operand.value - half, operand.value + away), max(operand.value + half, operand.value + away)


def spread(
    function: Callable[[Sequence[Fraction]], Fraction],
    centre: Sequence[Fraction],
    ends: Sequence[tuple[Fraction, Fraction]],
) -> Interval:
    """The range of a function while each operand stays between its two ends.

    All corners for up to 6 inexact operands (the formulas at hand are monotone or multilinear in each), beyond that the
    sum of the single effects with a margin of 5 %.
    """
    base = function(centre)
    loose = [i for i, (low, high) in enumerate(ends) if low != high]
    if len(loose) <= CORNERS:
        results = [base]
        for corner in itertools.product(*(ends[i] for i in loose)):
            at = list(centre)
            for i, value in zip(loose, corner, strict=True):
                at[i] = value
            results.append(function(at))
        return Interval(min(results), max(results))
    down = up = Fraction(0)
    for i in loose:
        effects = [Fraction(0)]
        for value in ends[i]:
            at = list(centre)
            at[i] = value
            effects.append(function(at) - base)
        down += min(effects)
        up += max(effects)
    return Interval(base + down * MARGIN, base + up * MARGIN)


def bare(node: Expression) -> Expression:
    """Without outer brackets and outer sign."""
    while isinstance(node, (Group, Negative)):
        node = node.inner if isinstance(node, Group) else node.operand
    return node
