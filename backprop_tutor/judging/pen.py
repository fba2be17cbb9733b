"""Slips of the pen: the right number, written down wrongly."""

from __future__ import annotations

from fractions import Fraction

from ..handwork.exact import Stated, agrees, truncates, unit_of

AMONG_DIGITS = ("one-digit", "zero-more", "zero-less", "swapped-digits")
PEN_SLIPS = ("sign", "decimal-point", *AMONG_DIGITS)
DIGIT_SLIP_NEEDS = 3  # significant digits: of a shorter number every other one differs in one digit
ZERO_SLIP_NEEDS = 4  # significant digits


def pen_slip(number: Stated, reference: Fraction) -> tuple[str, str]:
    """(code, sentence) of the slip of the pen that turns the reference into the number; 'arithmetic' when none does."""
    y, unit = number.value, number.unit
    for k in (1, -1, 2, -2, 3, -3):
        moved, place = y * Fraction(10) ** k, unit * Fraction(10) ** k
        if y and (agrees(moved, place, reference) or truncates(moved, place, reference)):
            return "decimal-point", f"the decimal point is {abs(k)} place{'s' if abs(k) > 1 else ''} off"
    if y and agrees(-y, unit, reference):
        return "sign", "the sign is wrong"
    if number.digits < DIGIT_SLIP_NEEDS or not unit or (y > 0) != (reference > 0):
        return "arithmetic", ""
    return _zero_slip(number, reference) or _digit_slip(y, unit, reference) or ("arithmetic", "")


def _zero_slip(number: Stated, reference: Fraction) -> tuple[str, str] | None:
    """A zero too many or too few between a number's digits: 0.3000003 for 0.300003."""
    text = number.text.lstrip("-−+")
    if not text.replace(".", "", 1).isdecimal():
        return None
    places = [i for i, c in enumerate(text) if c.isdecimal()]
    first = next((n for n, i in enumerate(places) if text[i] != "0"), len(places))
    inner = places[first + 1 :]
    for code, said, others in (
        ("zero-more", "there is a zero too many", [text[:i] + text[i + 1 :] for i in inner[:-1] if text[i] == "0"]),
        ("zero-less", "a zero is missing", [text[:i] + "0" + text[i:] for i in inner]),
    ):
        for other in others:
            meant = Stated(Fraction(other), unit_of(other), other)
            if meant.digits >= ZERO_SLIP_NEEDS and agrees(meant.value, meant.unit, abs(reference)):
                return code, said
    return None


def _digit_slip(y: Fraction, unit: Fraction, reference: Fraction) -> tuple[str, str] | None:
    """One digit for another, or two neighbours in the wrong order."""
    digits = str(abs(y) / unit)
    target = abs(reference) / unit
    rounded = str(int(target + Fraction(1, 2))).rjust(len(digits), "0")
    cut = str(int(target)).rjust(len(digits), "0")
    for right in (rounded, cut):
        if len(right) != len(digits):
            continue
        wrong = [i for i in range(len(digits)) if digits[i] != right[i]]
        if len(wrong) == 1:
            return "one-digit", "one digit is different"
        if len(wrong) == 2 and wrong[1] == wrong[0] + 1:
            i, j = wrong
            if digits[i] == right[j] and digits[j] == right[i]:
                return "swapped-digits", "two digits have changed places"
    return None
