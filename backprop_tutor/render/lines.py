"""Lines of styled text, measured and wrapped by ourselves, so that no formula and no number is ever cut.

A `Block` is what one step shows. Long formulas break before an operator, at the outermost brackets that fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

Piece: TypeAlias = tuple[str, str]  # text and the name of its style
Line: TypeAlias = tuple[Piece, ...]


def width_of(text: str) -> int:
    """How many cells a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def line(*pieces: str | Piece) -> Line:
    """A line; a bare string takes the default style."""
    return tuple((piece, "text") if isinstance(piece, str) else piece for piece in pieces)


def length(one: Line) -> int:
    return sum(width_of(text) for text, _ in one)


def left(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def right(text: str, width: int) -> str:
    return " " * (width - width_of(text)) + text


def centred(text: str, width: int) -> str:
    gap = width - width_of(text)
    return " " * (gap // 2) + text + " " * (gap - gap // 2)


_NUMBER = re.compile(r"([-+−]?\d+)(\.\d+)?(.*)", re.S)


def aligned(numbers: Sequence[str]) -> list[str]:
    """Numbers in cells of equal width, point under point; anything else to the right."""
    parts = [_NUMBER.fullmatch(text) for text in numbers]
    before = max((len(m[1]) for m in parts if m), default=0)
    after = max((len(m[2] or "") + len(m[3]) for m in parts if m), default=0)
    wide = max([before + after, *(width_of(text) for text, m in zip(numbers, parts, strict=True) if not m)])
    return [
        right(left(m[1].rjust(before) + (m[2] or "") + m[3], before + after), wide) if m else right(text, wide)
        for text, m in zip(numbers, parts, strict=True)
    ]


@dataclass(slots=True)
class Block:
    """A few lines that belong together: one step of the screen. A rich renderable."""

    lines: list[Line] = field(default_factory=list)

    def add(self, *pieces: str | Piece) -> None:
        self.lines.append(line(*pieces))

    def extend(self, lines: Iterable[Line]) -> None:
        self.lines.extend(lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        for pieces in self.lines:
            for text, style in _merged(_stripped(pieces)):
                yield Segment(text, None if style == "text" else console.get_style(style))
            yield Segment.line()

    def text(self) -> str:
        """The block without styles."""
        return "\n".join("".join(text for text, _ in _stripped(pieces)) for pieces in self.lines)


def _merged(pieces: Line) -> Line:
    """Neighbours of one style as one piece; spaces have no style of their own."""
    merged: list[Piece] = []
    for text, style in pieces:
        if merged and (style == merged[-1][1] or not text.strip()):
            merged[-1] = (merged[-1][0] + text, merged[-1][1])
        elif text:
            merged.append((text, style))
    return tuple(merged)


def _stripped(pieces: Line) -> Line:
    """Without spaces at the end of the line."""
    kept = list(pieces)
    while kept and not kept[-1][0].rstrip():
        kept.pop()
    if kept:
        kept[-1] = (kept[-1][0].rstrip(), kept[-1][1])
    return tuple(kept)


_BREAK = re.compile(r" (?=[+−/=@] |- )|(?<=, )|(?=[·*](?=[^ *]))|(?<=\() ?(?=[^)]{24})")
_WORD = re.compile(r" ")


def wrapped(text: str, width: int, first: int | None = None) -> list[str]:
    """A formula cut into lines of at most `width` cells (the first of `first`), each but the first led by an operator.

    Only a single piece that is wider than the line sticks out.
    """
    first = width if first is None else first
    if width_of(text) <= first:
        return [text]
    found = [(match.start(), match.end()) for match in _BREAK.finditer(text)]
    depths = _depths(text)
    lines = []
    start = 0
    room = first
    while width_of(text[start:]) > room:
        later = [(a, b) for a, b in found if a > start]
        if not later:
            break
        fitting = [(a, b) for a, b in later if width_of(text[start:a]) <= room]
        if fitting:
            # the outermost brackets' breaks first, but not at the price of a nearly empty line
            good = [(a, b) for a, b in fitting if width_of(text[start:a]) >= room / 3] or fitting
            at, to = min(good, key=lambda ab: (_badness(text, ab, depths), -ab[0]))
        else:
            at, to = later[0]
        lines.append(text[start:at])
        start, room = to, width
    return [*lines, text[start:]]


def _badness(text: str, place: tuple[int, int], depths: list[int]) -> tuple[int, int]:
    at, to = place
    sign = text[to : to + 1]
    rank = {"=": 0, "+": 1, "−": 1, "-": 1, "@": 2, "/": 2, "·": 3, "*": 3}.get(sign, 1)
    if at and text[at - 1] == "(":
        rank = 6
    return (depths[at] if rank else -1, rank)


def _depths(text: str) -> list[int]:
    """How many brackets are open at each character."""
    found = []
    depth = 0
    for char in text:
        if char in ")]":
            depth -= 1
        found.append(depth)
        if char in "([":
            depth += 1
    return [*found, depth]


def worded(text: str, width: int) -> list[str]:
    """Prose cut at spaces."""
    lines: list[str] = []
    here = ""
    for word in text.split():
        if here and width_of(here) + 1 + width_of(word) > width:
            lines.append(here)
            here = word
        else:
            here = f"{here} {word}" if here else word
    return [*lines, here] if here or not lines else lines
