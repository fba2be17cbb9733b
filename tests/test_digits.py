"""Numbers as text."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backprop_tutor.formulas.digits import rounded, short, significant, spelt

CASES = [
    # x, digits, text
    (0.3775, 6, "0.3775"),
    (0.39249999999999996, 6, "0.3925"),  # what a person means by it
    (0.39249999999999996, 3, "0.393"),  # half up, of 0.3925
    (0.023560025583847746, 6, "0.0235600"),  # rounded: the zeros stay
    (0.5932699921071872, 6, "0.593270"),
    (1.10590596705977, 6, "1.10591"),
    (-0.000229828, 6, "-0.000229828"),
    (2.0, 6, "2"),
    (0.0, 6, "0"),
    (-0.0, 6, "0"),
    (0.99999999, 3, "1.00"),
    (9.9996, 4, "10.00"),
    (123456.7, 3, "123457"),  # no digit before the point is rounded away
    (999999.7, 6, "1.00000e6"),
    (1e6, 6, "1e6"),
    (-1e-6, 6, "-0.000001"),
    (9.999999e-7, 6, "0.00000100000"),
    (1.5e-9, 6, "1.5e-9"),
    (5e-324, 6, "4.94066e-324"),
    (1.7976931348623157e308, 3, "1.80e308"),
    (0.1, 17, "0.1"),
    (1 / 3, 17, "0.3333333333333333"),
    (float("inf"), 6, "infinite"),
    (float("nan"), 6, "not a number"),
]


@pytest.mark.parametrize(("x", "digits", "text"), CASES)
def test_significant(x: float, digits: int, text: str) -> None:
    assert significant(x, digits) == text


def test_the_sign_in_front_is_spelt_and_that_of_an_exponent_is_not() -> None:
    assert significant(-1.5e-9, 3, "−") == "−1.5e-9"
    assert spelt("-0.042", "−") == "−0.042"
    assert spelt("0.20", "−") == "0.20"


def test_a_measured_number_keeps_its_zeros() -> None:
    assert significant(0.5, 6, measured=True) == "0.500000"
    assert significant(3.0, 6, measured=True) == "3.00000"
    assert significant(2e-9, 3, measured=True) == "2.00e-9"


def test_short() -> None:
    assert [short(x) for x in (0.0, 6.55e-6, 1e-6, 2.8e-10)] == ["0", "6.5e-6", "1e-6", "2.8e-10"]


doubles = st.floats(allow_nan=False, allow_infinity=False)


@given(doubles, st.integers(1, 15))
@example(0.5, 1)
@example(999999.5, 6)
def test_it_reads_back_within_half_a_unit_of_its_last_digit(x: float, digits: int) -> None:
    text = significant(x, digits)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text)
    assert text != "-0"
    if 1e-6 <= abs(x) < 999999:
        assert "e" not in text
    if 1e-300 < abs(x) < 1e300:
        assert abs(float(text) - x) <= 0.5000001 * 10.0 ** (1 - digits) * abs(x)


@given(doubles)
def test_seventeen_digits_read_back_exactly(x: float) -> None:
    assert float(significant(x, 17)) == x


@given(st.floats(1e-5, 1e5), st.integers(1, 12))
def test_no_more_digits_than_asked_for(x: float, digits: int) -> None:
    shown = significant(x, digits).replace(".", "").lstrip("0")
    assert len(shown) <= max(digits, len(str(int(x))) + 1)


def test_halves_go_up_as_a_person_rounds_them() -> None:
    assert [rounded(x, 2) for x in (0.125, 0.135, -0.125, 2.675)] == [
        Decimal("0.13"), Decimal("0.14"), Decimal("-0.13"), Decimal("2.7")
    ]  # fmt: skip
