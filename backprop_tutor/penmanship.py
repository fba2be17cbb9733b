"""How a person writes: which sign for ×, which names, how many digits; so that a correction looks like their own line."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction

from .claims import Sheet
from .digits import significant
from .expression import Call, Derivative, Expression, Name, transform, walk
from .quantities import Gradient, Vocabulary
from .typeset import ASCII, Style, to_text

LEAST_DIGITS = 3  # for a number that the person did not write
MOST_DECIMALS = 12
EXACT = Fraction(1, 10**12)


class Penmanship:
    """One sheet's habits."""

    def __init__(self, sheet: Sheet, vocabulary: Vocabulary) -> None:
        text = "\n".join(claim.text for claim in sheet.claims)
        self.style = style_of(text)
        self.e_power = "e^" in text
        self.names = spellings(sheet, vocabulary)
        self.digits = usual_digits(text)

    def formula(self, formula: Expression) -> str:
        """A formula in the graph's names as this person would write it."""

        def change(part: Expression) -> Expression:
            match part:
                case Name(name):
                    return replace(part, name=self.names.get(name, name))
                case Derivative(of, by):
                    return replace(part, of=self.names.get(of, of), by=self.names.get(by, by))
                case Call("exp") if self.e_power:
                    return replace(part, text="e^")
                case _:
                    return part

        return to_text(transform(formula, change), self.style)

    def number(self, value: Fraction, like: str = "") -> str:
        """A number with the digits of one that stood there: as many decimals, and no fewer significant digits."""
        return written(value, like, self.digits, self.style.minus)


def style_of(text: str) -> Style:
    """The signs that a text uses most."""
    times = Counter({sign: len(re.findall(pattern, text)) for sign, pattern in {
        " * ": r" \* ", "*": r"(?<=\S)\*(?=\S)", "·": r"(?<=\S)·(?=\S)", " · ": " · ", "×": r"(?<=\S)×(?=\S)", " × ": " × ",
    }.items()})  # fmt: skip
    return replace(
        ASCII,
        times=times.most_common(1)[0][0] if any(times.values()) else "*",
        minus="−" if text.count("−") > text.count("-") else "-",
        partial="∂" if "∂" in text else "d",
        powers=any(sign in text for sign in "²³"),
        spell={"sigmoid": "σ" if "σ(" in text else "sigmoid", "sqrt": "√" if "√(" in text else "sqrt"},
    )


def spellings(sheet: Sheet, vocabulary: Vocabulary) -> dict[str, str]:
    """For each quantity the spelling that the sheet uses most, by the graph's own name."""
    found: dict[str, Counter[str]] = defaultdict(Counter)

    def note(spelling: str) -> None:
        subject = vocabulary.subject(spelling)
        if subject is not None and not isinstance(subject, Gradient):
            own = vocabulary.read(subject)
            if isinstance(own, Name):
                found[own.name][spelling] += 1

    for claim in sheet.claims:
        for part in claim.parts:
            for node in walk(part.expression):
                if isinstance(node, Name):
                    note(node.name)
                elif isinstance(node, Derivative):
                    note(node.of)
                    note(node.by)
    return {name: count.most_common(1)[0][0] for name, count in found.items()}


def usual_digits(text: str) -> int:
    """The significant digits that most results have."""
    stated = re.findall(r"[=≈]\s*[-−]?(\d+\.\d+)\s*(?=$|[=≈])", text, re.MULTILINE)
    counts = Counter(len(re.sub(r"\D", "", number).lstrip("0")) for number in stated)
    return max(LEAST_DIGITS, counts.most_common(1)[0][0]) if counts else LEAST_DIGITS


def written(value: Fraction, like: str, digits: int, minus: str = "-") -> str:
    """The value rounded half up in the form of `like` ("0.236", "-3e-4"); without one, to so many significant digits."""
    plain = re.fullmatch(r"[-−+]?(\d*)(?:\.(\d*))?", like.strip())
    if plain is None or not like.strip():
        return significant(float(value), max(digits, _digits(like)), minus)
    sign = minus if value < 0 else ""
    size = abs(value)
    decimals = len(plain[2] or "")
    keep = _digits(like)
    while decimals < MOST_DECIMALS and size and _kept(size, decimals) < keep and _off(size, decimals):
        decimals += 1
    shown = _rounded(size, decimals)
    if not shown.strip("0."):
        sign = ""
    if decimals > len(plain[2] or "") and not _off(size, decimals):
        shown = shown.rstrip("0").rstrip(".")
    return sign + shown


def _digits(text: str) -> int:
    return max(1, len(re.sub(r"\D", "", re.split(r"[eE×*]", text)[0]).lstrip("0")))


def _kept(size: Fraction, decimals: int) -> int:
    """Significant digits that survive so many decimals."""
    return len(_rounded(size, decimals).replace(".", "").lstrip("0"))


def _off(size: Fraction, decimals: int) -> bool:
    """Does rounding to so many decimals lose anything?"""
    return abs(Fraction(_rounded(size, decimals)) - size) > EXACT * size


def _rounded(size: Fraction, decimals: int) -> str:
    whole = int(size * 10**decimals + Fraction(1, 2))
    text = str(whole).rjust(decimals + 1, "0")
    return f"{text[:-decimals]}.{text[-decimals:]}" if decimals else text
