"""The lines of a sheet with their marks: glyph, number, line of the document, the line, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...handwork.claims import Judgement, Verdict
from ..lines import Block, line, width_of, worded
from .source import INDENT, rows_of
from .words import MARKS, Words

_HEADING = re.compile(r"^\s*#{1,6}\s+(.*?)\s*#*\s*$")


def blocks(judgement: Judgement, words: Words, width: int) -> Iterator[Block]:
    """A block for each heading of the sheet and each of its lines that is shown."""
    shown = [v for v in judgement.verdicts if words.options.shows(v.mark)]
    columns = Columns(judgement, words, width)
    headings = [(number, found[1]) for number, text in enumerate(judgement.sheet.lines, 1)
                if (found := _HEADING.match(text)) and found[1]]  # fmt: skip
    before = 0
    for verdict in shown:
        passed = [text for number, text in headings if before < number < verdict.line]
        if passed:
            yield Block([line(), line((words.text(passed[-1]), "head"))])
        before = verdict.line
        yield columns.row(verdict)


class Columns:
    """The widths of one sheet's columns."""

    def __init__(self, judgement: Judgement, words: Words, width: int) -> None:
        self.words = words
        self.width = width
        used = {v.mark for v in judgement.verdicts} & set(MARKS)
        self.mark = max((width_of(words.glyph(mark)) for mark in used), default=1)
        self.number = max((len(str(v.line)) for v in judgement.verdicts), default=1)
        self.source = max((len(source_text(v)) for v in judgement.verdicts), default=0)

    @property
    def before(self) -> int:
        """Where the line itself begins."""
        return self.mark + 1 + self.number + 2 + (self.source + 2 if self.source else 0)

    def row(self, verdict: Verdict) -> Block:
        words = self.words
        block = Block()
        text = verdict.claim.text.replace("\t", " ")
        rows = rows_of(text, self.width - self.before, words.glyphs)
        color = words.color(verdict.mark)
        source = f"{source_text(verdict):<{self.source}}  " if self.source else ""
        for i, (start, end) in enumerate(rows):
            shown = words.glyphs.text(text[start:end])
            if i:
                block.add(" " * (self.before + INDENT) + shown)
                continue
            mark = words.glyph(verdict.mark)
            mark += " " * (self.mark - width_of(mark) + 1)
            block.add((mark, color), (f"{verdict.line:>{self.number}}  {source}", "note"), shown)
        if verdict.mark != "right":
            self.remark(block, verdict)
        return block

    def remark(self, block: Block, verdict: Verdict) -> None:
        """What is said of the line, the mark's word first."""
        indent = self.before + INDENT
        first, *rest = worded(self.words.remark(verdict), max(20, self.width - indent - INDENT))
        word, colon, said = first.partition(":")
        block.add(" " * indent, (word, self.words.color(verdict.mark)), f"{colon}{said}")
        for more in rest:
            block.add(" " * (indent + INDENT) + more)


def source_text(verdict: Verdict) -> str:
    """`@7 @9`: where the claim stands in the document."""
    return " ".join(f"@{n}" for n in verdict.claim.source_lines[:1]) + ("+" if verdict.claim.source_lines[1:] else "")
