"""What a screen may show, and how formulas are spelt there: the little that an error message needs, too."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple


class Style(NamedTuple):
    """How formulas are spelt in one medium."""

    times: str
    minus: str
    partial: str
    powers: bool  # superscript digits, else ^2
    spell: Mapping[str, str]  # function name -> spelling
    each: str  # between two arrays whose elements are multiplied


UNICODE = Style("·", "−", "∂", True, {"sigmoid": "σ", "sqrt": "√"}, " ⊙ ")
ASCII = Style("*", "-", "d", False, {"sigmoid": "sigmoid", "sqrt": "sqrt", "sum": "sum"}, "*")


ACCENTS: Mapping[str, str] = {
    "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0306": "breve", "\u0307": "dot",
    "\u030c": "check", "\u20d7": "vec", "\u20d6": "vec", "\u0331": "low", "\u0332": "low",
}  # fmt: skip
"""The accents of mathematics, as words behind the letter; the others are those of languages."""

_WORDS = {"∂": "d", "∇": "nabla", "∞": "inf", "ø": "o", "ł": "l", "ß": "ss", "đ": "d", "æ": "ae", "œ": "oe"}


def in_ascii(char: str) -> str | None:
    """A letter by its nearest one or, if Greek, by its name; an accent by its word, if any; None for anything else."""
    if char.isascii() or char in _WORDS:
        return _WORDS.get(char, char)
    if unicodedata.combining(char):
        return ACCENTS.get(char, "")
    bare = unicodedata.normalize("NFKD", char)[0]
    if bare != char:
        return in_ascii(bare)
    name = unicodedata.name(char, "")
    if name.startswith("GREEK") and " LETTER " in name:
        word = name.split(" LETTER ")[1].split(" WITH ")[0].split()[-1].lower().replace("lamda", "lambda")
        return word.capitalize() if "CAPITAL" in name else word
    return None


def printable(text: str) -> str:
    """The text with U+FFFD for every character that a terminal would obey; the columns stay."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)
