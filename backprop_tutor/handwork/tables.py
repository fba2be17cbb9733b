"""Tables in a sheet, read as equations.

    | name   | formula            | value  |        | weight | old | gradient | new    |        | z1     | a1   |
    | net_h1 | w1*i1 + w2*i2 + b1 | 0.3775 |        | w5     | 0.4 | 0.0822   | 0.3589 |        | 0.3775 | 0.59 |

A column's heading says what its cells are: what a row is about, a formula, a value, a weight before or after the
update, a gradient. Where headings are quantities themselves, each number below is one's value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ..formulas.expression import Span
from ..values import Struct
from .prose import Equation
from .typed import Typed

_EQUALS = re.compile(r"(?<![<>!:])(?:==|≈|=)")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_ABOUT = re.compile(
    r"name|quantity|quantities|variable|symbol|node|unit|neuron|weight|parameter|param|what|term|gr(?:ö|oe)(?:ß|ss)e"
)
_FORMULA = re.compile(r"formula|calculation|working|expression|equation|how|rule|formel|rechnung|numbers|substitution")
_VALUE = re.compile(r"value|result|answer|number|output|wert|ergebnis|=")
_OLD = re.compile(r"(?:old|before|initial|current|given)(?: (?:value|weight))?|alt")
_NEW = re.compile(r"(?:new|after|updated|next)(?: (?:value|weight|update))?|neu")
_GRADIENT = re.compile(r"(?:the )?gradients?|grad|derivative|slope|ableitung|∂[eljc]/∂w|d[eljc]/dw")
_KINDS = (
    (_ABOUT, "about"), (_FORMULA, "formula"), (_OLD, "value"), (_VALUE, "value"), (_NEW, "new"),
    (_GRADIENT, "gradient"),
)  # fmt: skip


class Table(Struct, frozen=True):
    """Places of a table among a sheet's lines, counted from 0: the heading's, and the first and last of its rows."""

    heading: int
    first: int
    last: int


def tables(lines: Sequence[str]) -> Iterator[Table]:
    """Every table: a line with '|', a ruler under it, and rows."""
    at = 1
    while at < len(lines):
        if "|" in lines[at] and "|" in lines[at - 1] and _RULE.fullmatch(lines[at]):
            end = at + 1
            while end < len(lines) and "|" in lines[end] and lines[end].strip():
                end += 1
            if end > at + 1:
                yield Table(at - 1, at + 1, end - 1)
            at = end
        at += 1


def cells_of(line: str) -> list[Span]:
    """Where the cells of a row begin and end."""
    text = line.strip()
    start = line.index(text[0]) if text else 0
    inner_start = start + (1 if text.startswith("|") else 0)
    inner_end = start + len(text) - (1 if text.endswith("|") and len(text) > 1 else 0)
    found, at = [], inner_start
    for i in range(inner_start, inner_end):
        if line[i] == "|" and line[i - 1 : i] != "\\":
            found.append((at, i))
            at = i + 1
    return [*found, (at, inner_end)]


def kinds(headings: Sequence[str], is_quantity: Callable[[str], bool]) -> list[str]:
    """What each column holds: about, formula, value, new, gradient, the quantity that a heading names, or nothing."""
    found = []
    for heading in headings:
        plain = heading.strip().strip("*`$ ")
        kind = next((kind for pattern, kind in _KINDS if pattern.fullmatch(plain.casefold())), "")
        found.append(f"={plain}" if not kind and is_quantity(plain) else kind)
    first = found[0] if found else "about"
    if (
        "about" not in found
        and first in ("", "gradient")
        and any(kind in ("formula", "value", "new") for kind in found)
    ):
        found[0] = "about"
    return found


def row_equations(cells: Sequence[Typed], columns: Sequence[str], loss: str) -> list[Equation]:
    """What one row says; cells that hold equations of their own are not for here."""
    found: list[Equation] = []
    about: Typed | None = None
    chain: list[Typed] = []
    for cell, kind in zip(cells, columns, strict=False):
        piece = cell.strip()
        if not piece.text or piece.text in ("-", "–", "—", "?", "…"):
            continue
        if kind == "about" and about is None:
            about = piece
            chain = [piece]
        elif kind in ("formula", "value") and chain:
            chain += pieces_of(piece)
        elif kind == "new" and about is not None:
            found.append(Equation((_around("", about, "'"), piece), ("=",)))
        elif kind == "gradient" and about is not None:
            found.append(Equation((_around(f"d{loss}/d", about, ""), piece), ("=",)))
        elif kind.startswith("=") and re.fullmatch(r"[-−+]?[\d.]+(?:[eE][-+]?\d+)?%?", piece.text):
            found.append(Equation((piece.put(kind[1:], 0, len(piece.text)), piece), ("=",)))
    if len(chain) > 1:
        found.insert(0, Equation(tuple(chain), ("=",) * (len(chain) - 1)))
    return found


def pieces_of(cell: Typed) -> list[Typed]:
    """A cell at its equals signs, without those that end or begin it."""
    found, at = [], 0
    for sign in _EQUALS.finditer(cell.text):
        found.append(cell.cut(at, sign.start()).strip())
        at = sign.end()
    return [piece for piece in (*found, cell.cut(at).strip()) if piece.text]


def is_one_name(text: str) -> bool:
    """Is it a name, or a derivative's, rather than a formula?"""
    return re.fullmatch(r"\s*[^\W\d][\w{}'^,+#\[\]]*(?:\s*/\s*[^\W\d][\w{}'^,#\[\]]*)?\s*", text) is not None


def _around(before: str, name: Typed, after: str) -> Typed:
    """A name with signs that its column adds."""
    size = len(name.text)
    return name.put(before, 0, size) + name + name.put(after, 0, size)
