"""How a person writes: which sign for ×, which names, how many digits; a correction should look like their own line."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from ..formulas.digits import significant
from ..formulas.expression import Call, Derivative, DerivativeOf, Expression, Name, transform, walk
from ..formulas.typeset import ASCII, Style, to_text
from ..values import Struct, replace
from .claims import Claim, Sheet
from .quantities import Gradient, Vocabulary

LEAST_DIGITS = 3  # for a number that the person did not write
MOST_DECIMALS = 12
MOST_PADDED = 4  # decimals up to which a round number gets zeros: 0.60 like 0.75, but 0.300003 like 0.3000003
LEAST_RESULTS = 6  # that show a habit of decimals
MOSTLY = 0.9
EXACT = Fraction(1, 10**12)
_TIMES = {
    **{sign: rf"(?<=\S){re.escape(sign)}(?=\S)" for sign in "*·×"},
    **{f" {sign} ": rf" {re.escape(sign)} " for sign in "*·×"},
}


class Penmanship(Struct, frozen=True):
    """One sheet's habits: signs, the spelling of each quantity, digits of a result, e^x rather than exp(x)."""

    style: Style
    names: Mapping[str, str]
    digits: int
    e_power: bool
    places: int | None = None  # decimals of every result, where it is these that are the same and not the digits

    @classmethod
    def of(cls, sheet: Sheet, vocabulary: Vocabulary) -> Penmanship:
        text = "\n".join(claim.text for claim in sheet.claims)
        return cls(style_of(text), spellings(sheet.claims, vocabulary), usual_digits(text), "e^" in text,
                   usual_places(text))  # fmt: skip

    def on(self, claim: Claim, vocabulary: Vocabulary, renamed: Mapping[str, str]) -> Penmanship:
        """The habits of one line, its own spellings first; `renamed` says what its foreign names were read as."""
        foreign = {own: spelling for spelling, own in renamed.items() if "(" not in spelling}
        names = {**self.names, **spellings([claim], vocabulary), **foreign}
        return replace(self, style=style_of(claim.text, self.style), names=names)

    def formula(self, formula: Expression) -> str:
        """A formula in the graph's names as this person would write it."""

        def change(part: Expression) -> Expression:
            match part:
                case Name(name):
                    return replace(part, name=self.names.get(name, name))
                case Derivative(of, by):
                    return replace(part, of=self.names.get(of, of), by=self.names.get(by, by))
                case DerivativeOf(_, by):
                    return replace(part, by=self.names.get(by, by))
                case Call("exp") if self.e_power:
                    return replace(part, text="e^")
                case _:
                    return part

        return to_text(transform(formula, change), self.style)

    def number(self, value: Fraction, like: str = "") -> str:
        """A number with the digits of one that stood there: as many decimals, and no fewer significant digits.

        By somebody who rounds everything to so many decimals, just these.
        """
        decimals = len(like.strip().partition(".")[2])
        if self.places is not None and decimals == self.places and float(_rounded(abs(value), decimals)):
            return (self.style.minus if value < 0 else "") + _rounded(abs(value), decimals)
        return written(value, like, self.digits, self.style.minus)


def style_of(text: str, usual: Style = ASCII) -> Style:
    """The signs that a text uses most; `usual` where it uses none."""
    times = Counter({sign: len(re.findall(pattern, text)) for sign, pattern in _TIMES.items()})
    spell = dict(usual.spell)
    if "σ(" in text or "sigmoid(" in text:
        spell["sigmoid"] = "σ" if "σ(" in text else "sigmoid"
    if "√(" in text:
        spell["sqrt"] = "√"
    return usual._replace(
        times=times.most_common(1)[0][0] if any(times.values()) else usual.times,
        minus="−" if "−" in text else "-" if "-" in text else usual.minus,
        partial="∂" if "∂" in text else "d" if re.search(r"\bd\w+/d", text) else usual.partial,
        powers=any(sign in text for sign in "²³") or (usual.powers and "^" not in text),
        spell=spell,
    )


def spellings(claims: Iterable[Claim], vocabulary: Vocabulary) -> dict[str, str]:
    """For each quantity the spelling that the claims use most, by the graph's own name."""
    found: dict[str, Counter[str]] = defaultdict(Counter)

    def note(spelling: str) -> None:
        subject = vocabulary.subject(spelling)
        if subject is not None and not isinstance(subject, Gradient):
            own = vocabulary.read(subject)
            if isinstance(own, Name):
                found[own.name][spelling] += 1

    for claim in claims:
        for part in claim.parts:
            for node in walk(part.expression):
                if isinstance(node, Name):
                    note(node.name)
                elif isinstance(node, Derivative):
                    note(node.of)
                    note(node.by)
    return {name: count.most_common(1)[0][0] for name, count in found.items()}


def results_in(text: str) -> list[str]:
    """The decimal numbers that chains come to."""
    return re.findall(r"[=≈]\s*[-−]?(\d+\.\d+)\s*(?=$|[=≈])", text, re.MULTILINE)


def usual_places(text: str) -> int | None:
    """The decimals of nearly all results, where some have fewer significant digits for it; else None."""
    stated = results_in(text)
    counts = Counter(len(number.partition(".")[2]) for number in stated)
    places, count = counts.most_common(1)[0] if counts else (0, 0)
    short = any(number.lstrip("0").startswith(".0") for number in stated if len(number.partition(".")[2]) == places)
    return places if count >= LEAST_RESULTS and count >= MOSTLY * len(stated) and short else None


def usual_digits(text: str) -> int:
    """The significant digits that most results have."""
    stated = results_in(text)
    counts = Counter(len(re.sub(r"\D", "", number).lstrip("0")) for number in stated)
    return max(LEAST_DIGITS, counts.most_common(1)[0][0]) if counts else LEAST_DIGITS


def written(value: Fraction, like: str, digits: int, minus: str = "-") -> str:
    """The value rounded half up in the form of `like` ("0.236", "-3e-4"); else to so many significant digits."""
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
    if decimals > MOST_PADDED and not like.endswith("0") and not _off(size, decimals):
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
