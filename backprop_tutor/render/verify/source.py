"""A line of a sheet with carets under its parts, wrapped where it is long: nothing is cut, and carets stay below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...handwork.claims import Claim
from ...values import Struct
from ..lines import Block, line, width_of, worded
from ..screen import Glyphs

INDENT = 2  # of a long line's continuation


class Note(Struct, frozen=True):
    """A place in the line (from 0) and a few words for it."""

    start: int
    end: int
    label: str
    style: str = "wrong"


def source_of(claim: Claim) -> tuple[str, int]:
    """The claim as it stands in its line (or lines), and the place where it begins."""
    where = claim.where
    if where.source is None:
        return claim.text, 0
    start = max(0, (where.column or 1) - 1)
    return where.source[start : start + where.length], start


def place_of(claim: Claim, at: int) -> tuple[int, int]:
    """The line of the sheet and the column (both from 1) of a place in the claim's lines."""
    before = (claim.where.source or "")[:at]
    return claim.line + before.count("\n"), at - (before.rfind("\n") + 1) + 1


def rows_of(text: str, width: int, glyphs: Glyphs) -> list[tuple[int, int]]:
    """Where a long line is cut: (from, to) of each row. Rows break at spaces; a longer word stands out."""
    rows: list[tuple[int, int]] = []
    start = 0
    while True:
        room = width if not rows else width - INDENT
        if width_of(glyphs.text(text[start:])) <= room:
            break
        spaces = [i for i in range(start + 1, len(text)) if text[i] == " " and text[i - 1] != " "]
        fitting = [i for i in spaces if width_of(glyphs.text(text[start:i])) <= room]
        if not spaces:
            break
        before_equals = [i for i in fitting if text[i + 1 : i + 2] in ("=", "≈")]
        far = [i for i in before_equals if width_of(glyphs.text(text[start:i])) >= room * 0.5]
        at = far[-1] if far else fitting[-1] if fitting else spaces[0]
        rows.append((start, at))
        start = at + 1
    return [*rows, (start, len(text))]


def annotated(claim: Claim, notes: Sequence[Note], glyphs: Glyphs, width: int) -> Block:
    """The claim's lines with their numbers in the margin, and the carets of every note below."""
    text, begin = source_of(claim)
    text = text.replace("\t", " ")
    gutter = max(3, len(str(claim.line + text.count("\n"))))
    margin = f"{'':>{gutter}} {glyphs.bar} "
    block = Block()
    block.add((margin, "rule"))
    at = 0
    for number, typed in enumerate(text.split("\n"), claim.line):
        for i, (start, end) in enumerate(rows_of(typed, width - len(margin), glyphs)):
            indent = " " * (INDENT if i else 0)
            shown = f"{number:>{gutter}} {glyphs.bar} " if not i else margin
            block.add((shown, "rule"), indent + glyphs.text(typed[start:end]))
            for note in notes:
                place = Note(note.start - begin - at, note.end - begin - at, note.label, note.style)
                first, last = max(place.start, start), min(place.end, end)
                if first >= last and not (place.start == place.end == first):
                    continue
                before = len(indent) + width_of(glyphs.text(typed[start:first]))
                carets = "^" * max(1, width_of(glyphs.text(typed[first:last])))
                block.extend(_carets(margin, before, carets, place, glyphs, width, place.end <= end))
        at += len(typed) + 1
    block.add((margin, "rule"))
    return block


def _carets(
    margin: str, before: int, carets: str, note: Note, glyphs: Glyphs, width: int, ends: bool
) -> Iterator[tuple[tuple[str, str], ...]]:
    """The caret row, the note's words beside it where it ends: on the same row if they fit, else below."""
    label = glyphs.text(note.label) if ends else ""
    place = " " * before + carets
    if not label:
        yield line((margin, "rule"), (place, note.style))
        return
    room = width - len(margin)
    if width_of(place) + 2 + width_of(label) <= room:
        yield line((margin, "rule"), (f"{place}  {label}", note.style))
        return
    yield line((margin, "rule"), (place, note.style))
    left = min(before, max(0, room - width_of(label)))
    for words in worded(label, max(8, room - left)):
        yield line((margin, "rule"), (" " * left + words, note.style))
