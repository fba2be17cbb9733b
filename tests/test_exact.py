"""Decimal arithmetic on what people write: units, both tie rules, truncation, intervals; fast paths change nothing."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_tutor.formulas.forgiving import HandNotation
from backprop_tutor.formulas.parse import parse
from backprop_tutor.handwork.exact import Stated, agrees, literal, near, reach, spread, truncates, unit_of

HAND = HandNotation()


@pytest.mark.parametrize(
    ("text", "value", "unit", "digits"),
    [
        ("0.380", "0.38", "0.001", 3),
        ("0.38", "0.38", "0.01", 2),
        ("0.00", "0", "0.01", 1),
        ("0", "0", "0", 1),
        ("-0.50", "-0.5", "0.01", 2),
        ("100", "100", "1", 3),
        ("1.00e2", "100", "1", 3),
        ("8.217×10^-2", "0.08217", "0.00001", 4),
        ("8.217*10^-2", "0.08217", "0.00001", 4),
        ("8.217e-2", "0.08217", "0.00001", 4),
        ("-8.217·10⁻²", "-0.08217", "0.00001", 4),
        ("37.75%", "0.3775", "0.0001", 4),
        (".5", "0.5", "0.1", 1),
        ("0.12345678901234567", "0.12345678901234567", "0.000000000001", 17),
    ],
)
def test_a_number_as_typed(text: str, value: str, unit: str, digits: int) -> None:
    stated = literal(parse(text, HAND))
    assert stated is not None
    assert (stated.value, stated.unit, stated.digits) == (Fraction(value), Fraction(unit), digits)


def test_a_half_is_exact() -> None:
    assert unit_of("½") == 0


def test_a_formula_is_no_number() -> None:
    assert literal(parse("0.2*0.1", HAND)) is None
    assert literal(parse("3/8", HAND)) is None


NUMBERS = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=7)
PLACES = st.integers(0, 6)


@given(NUMBERS, PLACES)
def test_every_way_of_rounding_agrees(value: Decimal, places: int) -> None:
    unit = Decimal(1).scaleb(-places)
    for rule in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN):
        assert agrees(Fraction(value.quantize(unit, rule)), Fraction(unit), Fraction(value))


@given(NUMBERS, PLACES)
def test_cutting_off_is_rounding_or_truncation(value: Decimal, places: int) -> None:
    unit = Decimal(1).scaleb(-places)
    cut = Fraction(value.quantize(unit, ROUND_DOWN))
    rounded, truncated = agrees(cut, Fraction(unit), Fraction(value)), truncates(cut, Fraction(unit), Fraction(value))
    assert rounded != truncated
    assert near(cut, Fraction(unit), Fraction(value))


@given(NUMBERS, NUMBERS, PLACES)
def test_what_lies_outside_half_a_unit_does_not_agree(y: Decimal, value: Decimal, places: int) -> None:
    unit = Fraction(1, 10**places)
    gap = abs(Fraction(y) - Fraction(value))
    room = unit * Fraction(1, 10**9) + abs(Fraction(value)) * Fraction(1, 10**13)
    assert agrees(Fraction(y), unit, Fraction(value)) == (gap <= unit / 2 + room)


@given(st.integers(-(10**30), 10**30), st.integers(-25, 25), PLACES)
def test_huge_and_tiny_numbers_are_decided_exactly(mantissa: int, exponent: int, places: int) -> None:
    value, unit = Fraction(mantissa) * Fraction(10) ** exponent, Fraction(1, 10**places)
    assert agrees(value, unit, value)
    assert not agrees(value + unit + abs(value) / 10**9, unit, value)


def test_numbers_beyond_floats() -> None:
    large = Fraction(10) ** 400
    assert agrees(large, Fraction(1), large)
    assert not agrees(large, Fraction(1), 2 * large)


def test_truncation_keeps_the_sign_and_shrinks() -> None:
    unit = Fraction(1, 100)
    assert truncates(Fraction("0.59"), unit, Fraction("0.599"))
    assert not truncates(Fraction("-0.59"), unit, Fraction("0.599"))
    assert truncates(Fraction("-0.59"), unit, Fraction("-0.599"))
    assert not truncates(Fraction("0.60"), unit, Fraction("0.589"))
    assert truncates(Fraction(0), unit, Fraction("-0.009"))
    assert not truncates(Fraction("0.59"), unit, Fraction("0.591"))  # rounded


def test_slack_is_a_part_of_the_unit() -> None:
    tiny = Fraction(1, 10**11)
    assert not agrees(Fraction(12, 10**11), tiny, Fraction(13, 10**11))


@given(st.lists(st.decimals(-5, 5, places=3), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_spread_of_a_product_holds_every_product_inside(operands: list[Decimal], draw: object) -> None:
    stated = [Stated(Fraction(value), Fraction(1, 1000), str(value)) for value in operands]

    def product(values: object) -> Fraction:
        total = Fraction(1)
        for value in values:  # type: ignore[attr-defined]
            total *= value
        return total

    box = spread(product, [s.value for s in stated], [reach(s) for s in stated])
    for _ in range(10):
        at = [s.value + s.unit * Fraction(draw.randint(-500, 500), 1000) for s in stated]  # type: ignore[attr-defined]
        assert box.low <= product(at) <= box.high
