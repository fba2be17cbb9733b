"""Numbers as text: significant digits, rounded as a person rounds, in a form that can be typed back.

    significant(0.3775, 6)        0.3775       nothing is lost, so no zeros are added
    significant(0.0235600256, 6)  0.0235600    rounded, so the zeros stay
    significant(1.5e-9, 6)        1.5e-9       an exponent only below 1e-6 and from 1e6 on

Digits before the point are never rounded away: 123456.7 to 3 digits is 123457.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite, isnan

LEAST_PLAIN = Decimal("1e-6")
MOST_PLAIN = Decimal("1e6")
NOISE_DIGITS = 15  # what a double holds for certain: 0.39249999999999996 is a person's 0.3925
EXACT = Decimal("1e-12")  # relative; below it a rounded number counts as the number itself
_WIDE = Context(prec=1000)  # wide enough for every double written out


def decimal(x: float, digits: int = NOISE_DIGITS) -> Decimal:
    """The number a person means by a double: its last uncertain digits rounded off, unless more digits are asked."""
    return Decimal(repr(x)) if digits > NOISE_DIGITS else Decimal(f"{x:.{NOISE_DIGITS}g}")


def rounded(x: float | Decimal, digits: int) -> Decimal:
    """To so many significant digits, half up (away from zero); digits before the point all stay."""
    exact = x if isinstance(x, Decimal) else decimal(x, digits)
    if not exact:
        return Decimal(0)
    once = _at(exact, exact.adjusted() - digits + 1)
    # 0.9996 to three digits is 1.00, not 1.000
    return _at(once, once.adjusted() - digits + 1)


def _at(x: Decimal, place: int) -> Decimal:
    return x.quantize(Decimal(1).scaleb(min(0, place)), ROUND_HALF_UP, _WIDE)


def significant(x: float, digits: int = 6, minus: str = "-", measured: bool = False) -> str:
    """`x` to so many significant digits; `minus` spells the sign in front, an exponent's sign is always '-'.

    A `measured` number (a finite difference) keeps its zeros: it is never known to be exact.
    """
    if not isfinite(x):
        return "not a number" if isnan(x) else ("" if x > 0 else minus) + "infinite"
    exact = decimal(x, digits)
    if not exact:
        return "0"
    sign = minus if exact < 0 else ""
    size = abs(exact)
    plain = rounded(size, digits)
    if LEAST_PLAIN <= plain < MOST_PLAIN:
        return sign + (f"{plain:f}" if measured else _without_needless_zeros(plain, size))
    places = size.adjusted()
    if rounded(size.scaleb(-places), digits) >= 10:
        places += 1
    mantissa = size.scaleb(-places)
    shown = rounded(mantissa, digits)
    return f"{sign}{f'{shown:f}' if measured else _without_needless_zeros(shown, mantissa)}e{places}"


def _without_needless_zeros(shown: Decimal, exact: Decimal) -> str:
    text = f"{shown:f}"
    if "." in text and abs(shown - exact) <= EXACT * exact:
        return text.rstrip("0").rstrip(".")
    return text


def spelt(typed: str, minus: str = "-") -> str:
    """A number as its author typed it, with the sign spelt in the style."""
    return minus + typed[1:] if typed.startswith(("-", "−")) else typed


def is_number(text: str) -> bool:
    """Is a text a number and nothing else: `0.20`, `-1.5e-9`? (A value may be typed as a formula of numbers, 1/3.)"""
    return re.fullmatch(r"[-−]?\d+(\.\d+)?([eE][-+]?\d+)?", text) is not None


def counted(count: int) -> str:
    """A whole number, in groups of three from five digits on: `272`, `134,217,728`."""
    return f"{count:,}" if count > 9999 else str(count)


def short(x: float) -> str:
    """A size to two digits, for gaps and steps: `7e-9`, `6.1e-6`, `0`."""
    if x == 0:
        return "0"
    mantissa, _, exponent = f"{x:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
