"""Lines of styled text, measured and wrapped by ourselves, so that no formula and no number is ever cut.

A `Block` is what one step shows. Long formulas break before an operator, at the outermost brackets first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

Piece: TypeAlias = tuple[str, str]  # text and the name of its style
Line: TypeAlias = tuple[Piece, ...]


@lru_cache(maxsize=4096)  # a screen measures the same pieces again and again
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


class Block:
    """A few lines that belong together: one step of the screen. A rich renderable."""

    __slots__ = ("lines",)

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.lines = list(lines)

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


_BREAK = re.compile(r" (?=[+−/=@] |- )|(?<=,) |(?=[·*](?=[^ *]))|(?=/\()|(?<=\() ?(?=[^)]{24})")
_RANKS = {"=": 0, "+": 2, "−": 2, "-": 2, "@": 3, "/": 3, "·": 4, "*": 4}
_AFTER_COMMA, _AFTER_BRACKET = 1, 5
INSIDE = 2  # cells; the indent of a line that begins inside a bracket
WIDE_ENOUGH = 24  # cells; in less room nothing is indented


def wrapped(text: str, width: int, first: int | None = None) -> list[str]:
    """A formula cut into lines of at most `width` cells (the first of `first`), each but the first led by an operator.

    It breaks at the outermost operators that bind least, and fills each line; a product or a bracket is torn only if
    it does not fit on a line of its own, and what goes on inside a bracket is indented. Only a single piece that is
    wider than the line sticks out.
    """
    first = width if first is None else first
    if len(text) <= first and width_of(text) <= first:
        return [text]
    return _Wrapper(text, width, first).lines()


class _Wrapper:
    """Chooses the breaks of one text. Widths are differences of running totals, so that long texts cost no more."""

    def __init__(self, text: str, width: int, first: int) -> None:
        self.text = text
        self.width = width
        self.room = first
        self.totals = [0, *accumulate(map(width_of, text))]
        depths = _depths(text)
        # (end of one line, beginning of the next, how many brackets are open, how loosely the operator binds)
        self.places = [(*m.span(), depths[m.start()], self.rank(*m.span())) for m in _BREAK.finditer(text)]
        self.chosen: list[int] = []
        self.column = 0

    def rank(self, at: int, to: int) -> int:
        before = self.text[at - 1 : at]
        if before == "(":
            return _AFTER_BRACKET
        return _AFTER_COMMA if before == "," else _RANKS[self.text[to]]

    def lines(self) -> list[str]:
        self.fill(0, len(self.text), 0, len(self.places))
        found = []
        start = indent = 0
        for place in self.chosen:
            at, to, depth, _ = self.places[place]
            found.append(" " * indent + self.text[start:at])
            start, indent = to, self.indent(depth)
        return [*found, " " * indent + self.text[start:]]

    def indent(self, depth: int) -> int:
        return INSIDE if depth > 0 and self.width >= WIDE_ENOUGH else 0

    def measured(self, start: int, end: int) -> int:
        return self.totals[end] - self.totals[start]

    def fill(self, start: int, end: int, low: int, high: int) -> None:
        """Lay out text[start:end], whose breaks are places[low:high], from the current column on."""
        wide = self.measured(start, end)
        if self.column + wide <= self.room or low == high:
            self.column += wide
            return
        loosest = min(place[2:] for place in self.places[low:high])
        cuts = [i for i in range(low, high) if self.places[i][2:] == loosest]
        ends = [*(self.places[i][0] for i in cuts), end]
        self.fill(start, ends[0], low, cuts[0])
        for i, (cut, stop) in enumerate(zip(cuts, ends[1:], strict=True)):
            at, to, depth, _ = self.places[cut]
            gap, wide = self.measured(at, to), self.measured(to, stop)
            room = self.width - self.indent(depth)
            # what fits on no line begins behind a short head rather than leave that alone on its line
            torn = wide > room and self.column + gap <= self.room / 3
            if self.column + gap + wide <= self.room or torn:
                self.column += gap
            else:
                self.chosen.append(cut)
                self.column, self.room = 0, room
            self.fill(to, stop, cut + 1, cuts[i + 1] if i + 1 < len(cuts) else high)


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
    """Prose cut at spaces; at a no-break space, which is shown as a space, only where it must be."""
    lines: list[list[str]] = [[]]
    used = 0
    words = re.split(r"[ \t\n]+", text.strip())
    for word in (piece for one in words for piece in ([one] if width_of(one) <= width else one.split())):
        wide = width_of(word)
        if lines[-1] and used + 1 + wide > width:
            lines.append([])
        used = used + 1 + wide if lines[-1] else wide
        lines[-1].append(word)
    return [" ".join(line).replace("\u00a0", " ") for line in lines]
