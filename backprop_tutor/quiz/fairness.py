"""Which questions may be asked: none that is ambiguous, trivial, at a kink or about a zero.

A question is fair when every slip that can be made in it gives another number than the right one, told apart at the
digits asked for, however somebody rounds: the two differ by more than two units of the coarser one's last digit.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import isfinite

from ..formulas.digits import rounded
from ..formulas.expression import Expression, Number
from ..handwork.exact import exact
from ..handwork.quantities import Subject
from ..slips.catalogue import variants
from .source import Source
from .types import Item, PossibleSlip

LEAST, MOST = 1e-6, 1e6  # sizes that a person writes without an exponent
APART = 2  # units of the last digit asked for
TIES = 3  # slips that may give the same number; of more nobody could say anything
LONGEST = 140  # characters of a right formula that a person is asked to evaluate


def unit_at(value: float, digits: int) -> Fraction:
    """The unit of the last digit when a number is written with so many significant digits."""
    if not value:
        return Fraction(0)
    exponent = rounded(value, digits).as_tuple().exponent
    return Fraction(10) ** int(exponent)


def as_asked(value: float, digits: int) -> Decimal:
    """The number as a person should write it."""
    return rounded(value, digits)


def apart(value: float, other: float, digits: int) -> bool:
    """Can the two be told apart when both are written with so many digits?"""
    if not (isfinite(value) and isfinite(other)):
        return True
    unit = max(unit_at(value, digits), unit_at(other, digits))
    return abs(exact(value) - exact(other)) > APART * unit


def slips_of(source: Source, subject: Subject, known: Iterable[Subject]) -> tuple[PossibleSlip, ...]:
    """The slips that can be made in calculating a quantity from what is given."""
    given = set(known)
    found = []
    for variant in variants(source.network, subject):
        if not set(source.needs([variant.formula])) <= given:
            continue
        value = source.value(variant.formula)
        if isfinite(value):
            found.append(
                PossibleSlip(variant.code, variant.sentence, variant.prior, value, variant.formula, variant.right)
            )
    return tuple(found)


def is_fair(item: Item, given: Iterable[float]) -> bool:
    """May this be asked? `given` are the numbers that are shown: an answer that is one of them is trivial."""
    value = item.value
    if not isfinite(value) or not LEAST <= abs(value) < MOST or abs(value) == 1:
        return False
    if item.form == "number" and any(not apart(value, number, item.digits) for number in given):
        return False
    return all(apart(value, slip.value, item.digits) for slip in item.slips) and not _too_many_alike(item)


def _too_many_alike(item: Item) -> bool:
    """Do more slips than can be told give one number?"""
    alike: dict[Decimal, set[str]] = {}
    for slip in item.slips:
        alike.setdefault(as_asked(slip.value, item.digits), set()).add(slip.code)
    return any(len(codes) > TIES for codes in alike.values())


def is_plain(formula: Expression) -> bool:
    """A formula that is a number and nothing else: nobody has to derive it."""
    return isinstance(formula, Number)
