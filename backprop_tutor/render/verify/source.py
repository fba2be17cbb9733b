"""A line of a sheet with carets under its parts, wrapped where it is long: nothing is cut, and carets stay below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...handwork.claims import Claim
from ..lines import Block, line, width_of, worded
from ..screen import Glyphs

INDENT = 2  # of a long line's continuation


@dataclass(frozen=True, slots=True)
class Note:
    """A place in the line (from 0) and a few words for it."""

    start: int
    end: int
    label: str
    style: str = "wrong"


def source_of(claim: Claim) -> tuple[str, int]:
    """The claim as it stands in its line, and the place where it begins."""
    whole = claim.where.source or claim.text
    start = max(0, (claim.where.column or 1) - 1)
    return claim.text, start if whole.startswith(claim.text, start) else max(0, whole.find(claim.text))


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
    """The line with its number in the margin, and the carets of every note below."""
    text, begin = source_of(claim)
    text = text.replace("\t", " ")
    gutter = max(3, len(str(claim.line)))
    margin = f"{'':>{gutter}} {glyphs.bar} "
    block = Block()
    block.add((margin, "rule"))
    rows = rows_of(text, width - len(margin), glyphs)
    for number, (start, end) in enumerate(rows):
        indent = " " * (INDENT if number else 0)
        shown = f"{claim.line:>{gutter}} {glyphs.bar} " if not number else margin
        block.add((shown, "rule"), indent + glyphs.text(text[start:end]))
        for note in notes:
            first, last = max(note.start - begin, start), min(note.end - begin, end)
            if first >= last and not (note.start - begin == note.end - begin == first):
                continue
            before = len(indent) + width_of(glyphs.text(text[start:first]))
            carets = "^" * max(1, width_of(glyphs.text(text[first:last])))
            ends = note.end - begin <= end
            block.extend(_carets(margin, before, carets, note, glyphs, width, ends))
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
