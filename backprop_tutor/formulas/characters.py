"""What a screen may show, and how formulas are spelt there: the little that an error message needs, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Style:
    """How formulas are spelt in one medium."""

    times: str
    minus: str
    partial: str
    powers: bool  # superscript digits, else ^2
    spell: Mapping[str, str] = field(default_factory=dict)  # function name -> spelling


UNICODE = Style("·", "−", "∂", True, {"sigmoid": "σ", "sqrt": "√"})
ASCII = Style("*", "-", "d", False, {"sigmoid": "sigmoid", "sqrt": "sqrt"})


def printable(text: str) -> str:
    """The text with U+FFFD for every character that a terminal would obey; the columns stay."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)
