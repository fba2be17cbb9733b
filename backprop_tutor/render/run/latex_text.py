"""Numbers, formulas and somebody's words as Markdown with LaTeX has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ...formulas.digits import is_number
from ...formulas.parse import parse
from ...formulas.typeset import to_latex


def latex_number(text: str) -> str:
    r"""`1.5e-9` → `1.5 \times 10^{-9}`; any other number as it is."""
    match = re.fullmatch(r"(-?[\d.]+)[eE]([+-]?\d+)", text)
    return rf"{match[1]} \times 10^{{{int(match[2])}}}" if match else text


def latex_value(typed: str) -> str:
    """A value as its author typed it, which may be a formula of numbers."""
    return latex_number(typed) if is_number(typed) or typed == "?" else to_latex(parse(typed))


def factor(text: str, first: bool = False) -> str:
    """A factor: in brackets where a sign, a sum or a power of ten would read wrongly."""
    signed = text.startswith("-") and not first
    depth = 0
    compound = r"\times" in text
    for i, char in enumerate(text):
        depth += (char in "{(") - (char in "})")
        compound |= depth == 0 and i > 0 and char in "+-"
    return rf"\left({text}\right)" if signed or compound else text


def distinct(numbers: str, value: str) -> list[str]:
    """The numbers put in and what they come to; `3.0` is 3 already."""
    return [numbers] if is_number(numbers) and is_number(value) and float(numbers) == float(value) else [numbers, value]


def in_latex(text_of: Callable[[str], str]) -> Callable[[str], str]:
    """The numbers that a terminal shows for names, as LaTeX."""
    return lambda name: latex_number(text_of(name).replace("\u2212", "-"))


def with_dots(text: str) -> str:
    return re.sub(r"\(\d+ more terms\)|\(a formula of [^()]*\)", lambda match: rf"\text{{{match[0]}}}", text)


def display(lines: Iterable[str]) -> str:
    """Formulas on lines of their own, aligned at the ampersands."""
    body = " \\\\\n".join(lines)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"


def words(text: str) -> str:
    """Somebody's text in Markdown: no character of it formats anything."""
    return re.sub(r"([\\`*_{}\[\]<>#|$~])", r"\\\1", text)
