"""Equations under each other: name = formula, then the numbers put in, then the value; measured before laid out.

    1 h1    = i1·w11 + i2·w12 + b1
            = 0.05·0.15 + 0.1·0.20 + 0.35     = 0.3775  ✓

A line that is too long for its column goes on to the edge, and the value stands under it. Where the columns themselves
don't fit, every part gets lines of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..values import Struct, replace
from .lines import Block, Line, Piece, aligned, left, length, line, right, width_of, worded, wrapped

LEAST_FORMULA = 22  # cells; with less for the formula, the parts are stacked, unless nearly all of them fit
NARROW_FORMULA = 8  # cells; with less they are stacked anyway
NEARLY_ALL = 0.75
INDENT = 2


class Equation(Struct, frozen=True):
    """One row. `steps` are what stands after the equals signs, formulas first; numbers put in are styled as such."""

    name: str
    steps: tuple[Piece, ...]
    value: str = ""
    other: str = ""  # a second value beside the first, such as the finite difference
    mark: Piece = ("", "text")
    other_word: str = "by differences"  # what the second value is called where the row is stacked
    number: str = ""
    gap: bool = False  # an empty line before this row
    error: str = ""  # the relative gap between the two values, behind the mark
    note: str = ""  # words behind the first line, or on a line of their own where they don't fit


class Columns(Struct, frozen=True):
    """The widths of a table, in cells."""

    number: int
    name: int
    formula: int
    value: int
    other: int
    width: int
    stacked: bool

    @property
    def start(self) -> int:
        """Where the formulas begin."""
        return self.number + self.name + 3


def measure(rows: Sequence[Equation], width: int) -> Columns:
    """The columns that hold every row uncut, or stacked lines."""
    number = max((width_of(row.number) + 1 for row in rows if row.number), default=0)
    number = max(number + 1, INDENT + 2) if number else INDENT
    name = max((width_of(row.name) for row in rows), default=0)
    value = max((width_of(row.value) for row in rows), default=0)
    other = max((width_of(row.other) + 2 for row in rows if row.other), default=0)
    mark = max((length(tuple(_marked(row))) for row in rows), default=0)
    needs = [width_of(row.steps[-1][0]) for row in rows if row.steps and row.value]
    needed = max(needs, default=0)
    most = width - (number + name + 3) - ((3 + value) if value else 0) - other - mark
    # one that is wider takes all of the width, and its value stands below: it decides nothing for the others
    formula = max([0, *(need for need in needs if need <= most)]) or most // 2
    short = most < min(needed, LEAST_FORMULA) and sum(need <= most for need in needs) < NEARLY_ALL * len(needs)
    stacked = short or most < min(needed, NARROW_FORMULA) or name > 0.45 * width
    return Columns(number, name, formula, value, other, width, stacked)


def lined_up(rows: Sequence[Equation]) -> list[Equation]:
    """The same rows with their values point under point."""
    if not rows:
        return []
    values = aligned([row.value for row in rows])
    others = aligned([row.other for row in rows])
    return [
        replace(row, value=value if row.value else "", other=other if row.other else "")
        for row, value, other in zip(rows, values, others, strict=True)
    ]


def laid_out(rows: Sequence[Equation], width: int, columns: Columns | None = None) -> Iterator[Block]:
    """Each row as a block of its own, in columns that suit them all."""
    columns = columns or measure(rows, width)
    for row in rows:
        block = Block([line()] if row.gap else [])
        block.extend(_stacked(row, columns) if columns.stacked else _in_columns(row, columns))
        yield block


def _in_columns(row: Equation, columns: Columns) -> Iterator[Line]:
    lead: tuple[Piece, ...] = (
        (right(row.number + " ", columns.number) if row.number else " " * columns.number, "note"),
        (left(row.name, columns.name), "name"),
    )
    blank: tuple[Piece, ...] = ((" " * (columns.number + columns.name), "text"),)
    whole = columns.width - columns.start
    note = row.note
    for i, (text, style) in enumerate(row.steps):
        last = i == len(row.steps) - 1 and bool(row.value)
        pieces = [text] if last and width_of(text) <= columns.formula else wrapped(text, whole)
        for j, piece in enumerate(pieces):
            sign: Piece = (" = " if j == 0 else "   ", "rule")
            front = (*lead, sign) if i == j == 0 else (*blank, sign)
            ends = last and j == len(pieces) - 1
            if ends and width_of(piece) > columns.formula:  # the value goes under it
                yield (*front, (piece, style))
                yield (*blank, ("   " + " " * columns.formula, "text"), *_value(row, columns))
            elif ends:
                yield (*front, (left(piece, columns.formula), style), *_value(row, columns))
            elif note and columns.start + width_of(piece) + 2 + width_of(note) <= columns.width:
                yield (*front, (piece, style), ("  " + note, "note"))
                note = ""
            else:
                yield (*front, (piece, style))
    if not row.steps:
        yield (*lead, (" = ", "rule"), (row.value, "result"), *_marked(row))
    if note:
        yield from ((*blank, ("   ", "rule"), (text, "note")) for text in worded(note, whole))


def _value(row: Equation, columns: Columns) -> Iterator[Piece]:
    yield (" = ", "rule")
    yield (right(row.value, columns.value), "result")
    if columns.other:
        yield (right(row.other, columns.other), "numbers")
    yield from _marked(row)


def _marked(row: Equation) -> Iterator[Piece]:
    if row.mark[0]:
        yield " ", "text"
        yield row.mark
    if row.error:
        yield "  " + row.error, "note"


def _stacked(row: Equation, columns: Columns) -> Iterator[Line]:
    """The name on a line of its own; then every step; value and difference behind the last one where they fit."""
    yield line((f"{row.number} " if row.number else "", "note"), (row.name, "name"))
    room = columns.width - INDENT - 2
    steps = [step for step in row.steps if not (len(row.steps) == 1 and step[0] == row.value.strip())]
    lines: list[Line] = []
    for text, style in steps:
        for j, piece in enumerate(wrapped(text, room)):
            lines.append(line((" " * INDENT + ("= " if j == 0 else "  "), "rule"), (piece, style)))
    tail: list[Line] = []
    if row.value:
        tail.append(line(("= ", "rule"), (row.value.strip(), "result"), *([] if row.other else _marked(row))))
    if row.other:
        tail.append(line((f"{row.other_word} ", "note"), (row.other.strip(), "numbers"), *_marked(row)))
    for part in tail:
        gap = 1 if part[0][0] == "= " else 2
        if lines and length(lines[-1]) + gap + length(part) <= columns.width:
            lines[-1] = (*lines[-1], (" " * gap, "text"), *part)
        else:
            if INDENT + length(part) > columns.width and gap == 2:
                lines.append(line(" " * INDENT, (row.other_word, "note")))
                part = part[1:]
            lines.append((*line(" " * INDENT), *part))
    yield from lines
    if row.note:
        yield from (line((" " * INDENT + text, "note")) for text in worded(row.note, columns.width - INDENT))


def heading(title: str, note: str, width: int, dash: str) -> list[Line]:
    """A section's title, its note, and a rule to the edge; a long note goes under it."""
    used = width_of(title) + (width_of(note) + 2 if note else 0) + 1
    if note and used > width - 3:
        return [*heading(title, "", width, dash), *(line((text, "note")) for text in worded(note, width))]
    note = "  " + note if note else ""
    return [line((title, "head"), (note, "note"), " ", (dash * max(0, width - used), "rule"))]
