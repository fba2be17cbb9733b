"""Many sheets at one look: a row each with its marks, first slip and score, then the slips that most of them share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...handwork.claims import MARKS, Mark
from ...judging.classroom import Marked, Slip, common_slips, first_slip, score
from ..equations import heading
from ..lines import Block, left, line, right, width_of, worded
from ..screen import Screen
from .markdown import plain
from .options import VerifyOptions
from .words import Words

MOST_SLIPS = 10


def show(marked: Sequence[Marked], options: VerifyOptions, screen: Screen) -> None:
    """The class on a screen."""
    words = Words(options, screen.glyphs)
    if screen.plain:
        for text in read_out(marked, words):
            screen.line(text)
    else:
        for block in blocks(marked, words, screen.width):
            screen.show(block)
    if not options.quiet and (hint := next_step(marked, options)):
        screen.hint(hint)


def next_step(marked: Sequence[Marked], options: VerifyOptions) -> str:
    """The sheet with the most to look at."""
    faulty = [one for one in marked if one.judgement is not None and one.judgement.summary["wrong"]]
    if not faulty:
        return ""
    worst = max(faulty, key=lambda one: one.judgement.summary["wrong"] if one.judgement else 0)
    if options.scenario:
        return f"Next: bptutor verify {options.scenario} {worst.path}"
    return f"Next: bptutor verify {worst.scenario}"


# ---------------------------------------------------------------- the screen
def blocks(marked: Sequence[Marked], words: Words, width: int) -> Iterator[Block]:
    """The table (or, where it does not fit, a few lines a sheet), and the commonest slips."""
    shown = marks_of(marked)
    tables = [Table(marked, shown, words, slips) for slips in (True, False)]
    fitting = next((table for table in tables if table.width <= width), None)
    yield stacked(marked, shown, words, width) if fitting is None else fitting.block(width)
    yield summary(marked, words, width)
    slips = common_slips(marked)
    if slips:
        yield slips_block(slips, marked, words, width)


def marks_of(marked: Sequence[Marked]) -> list[Mark]:
    """The marks that occur."""
    return [mark for mark in MARKS if any(one.judgement and one.judgement.summary[mark] for one in marked)]


class Table:
    """A row a sheet; the columns as wide as what stands in them. The first slip is a column, or a line of its own."""

    def __init__(self, marked: Sequence[Marked], shown: Sequence[Mark], words: Words, slips: bool) -> None:
        self.marked = marked
        self.words = words
        self.shown = shown
        self.slips = slips
        self.head = ["sheet", "score", *(words.glyph(mark) for mark in shown), *(["first slip"] if slips else [])]
        self.rows = [self.cells(one) for one in marked]
        self.widths = [max(width_of(row[i]) for row in [self.head, *self.rows]) for i in range(len(self.head))]
        self.width = sum(self.widths) + 2 * (len(self.widths) - 1)

    def cells(self, one: Marked) -> list[str]:
        path = self.words.text(one.path)
        counts = [""] * len(self.shown)
        earned = ""
        if one.judgement is not None:
            counts = [str(one.judgement.summary[mark] or "") for mark in self.shown]
            earned = score_text(one, self.words)
        return [path, earned, *counts, *([self.said(one)] if self.slips else [])]

    def said(self, one: Marked) -> str:
        return slip_text(one, self.words) if one.judgement is not None else problem_of(one, self.words)

    def block(self, width: int) -> Block:
        block = Block([line((self.line(self.head), "note"))])
        block.add((self.words.glyphs.dash * self.width, "rule"))
        for one, row in zip(self.marked, self.rows, strict=True):
            block.add((row[0], "name"), self.line(row)[len(row[0]) :])
            if not self.slips and (said := self.said(one)):
                about = f"first slip: {said}" if one.judgement is not None else said
                for text in worded(about, width - 4):
                    block.add((f"    {text}", "note"))
        block.add("")
        legend = ", ".join(f"{self.words.glyph(mark)} {mark}" for mark in self.shown)
        for text in worded(legend, width):
            block.add((text, "note"))
        return block

    def line(self, cells: Sequence[str]) -> str:
        last = len(cells) - 1 if self.slips else -1
        shown = [
            left(cell, width) if i in (0, last) else right(cell, width)
            for i, (cell, width) in enumerate(zip(cells, self.widths, strict=True))
        ]
        return "  ".join(shown).rstrip()


def stacked(marked: Sequence[Marked], shown: Sequence[Mark], words: Words, width: int) -> Block:
    block = Block()
    for one in marked:
        block.add((words.text(one.path), "name"))
        facts = [problem_of(one, words)]
        if one.judgement is not None:
            counts = ", ".join(f"{n} {mark}" for mark in shown if (n := one.judgement.summary[mark]))
            slip = slip_text(one, words)
            facts = [f"{score_text(one, words)}: {counts}", *([f"first slip: {slip}"] if slip else [])]
        for fact in facts:
            for i, text in enumerate(worded(fact, width - 4)):
                block.add(("    " if i else "  ") + text)
    return block


def score_text(one: Marked, words: Words) -> str:
    """`38/46  83%`."""
    assert one.judgement is not None
    earned = score(one.judgement, words.options.strict)
    share = "" if earned.share is None else f"{earned.share:.0%}"
    return f"{earned.earned}/{earned.counted} {share:>4}".rstrip()


def slip_text(one: Marked, words: Words) -> str:
    """`line 24, L2: decimal-point`."""
    slip = first_slip(one.judgement) if one.judgement is not None else None
    if slip is None:
        return ""
    about = f", {words.text(slip.quantity)}" if slip.quantity else ""
    return f"line {slip.line}{about}: {slip.code}"


def problem_of(one: Marked, words: Words) -> str:
    return words.text("; ".join(f"not judged: {problem.message}" for problem in one.problems))


def summary(marked: Sequence[Marked], words: Words, width: int) -> Block:
    """How many sheets, how many could be judged, the class's score."""
    return Block([line(), *(line((text, "note")) for text in worded(class_sentence(marked, words.options), width))])


def class_sentence(marked: Sequence[Marked], options: VerifyOptions) -> str:
    scores = [score(one.judgement, options.strict) for one in marked if one.judgement is not None]
    earned, counted = sum(s.earned for s in scores), sum(s.counted for s in scores)
    said = f"{len(marked)} sheet{'s'[: len(marked) != 1]}; {earned} of {counted} lines earn their mark"
    left_out = len(marked) - len(scores)
    if left_out:
        said += f"; {left_out} could not be judged"
    return said + "."


def slips_block(slips: Sequence[Slip], marked: Sequence[Marked], words: Words, width: int) -> Block:
    """The commonest slips: in how many sheets, on how many lines, and one example."""
    block = Block([line(), *heading("Commonest slips", "", width, words.glyphs.dash)])
    code = max(width_of(slip.code) for slip in slips[:MOST_SLIPS])
    for slip in slips[:MOST_SLIPS]:
        block.add(("  ", "text"), (left(slip.code, code), "wrong"), ("  " + counted(slip, len(marked)), "text"))
        for i, text in enumerate(worded(example(slip, words), width - 6)):
            block.add(("      " if i else "    ") + text)
    return block


def counted(slip: Slip, sheets: int) -> str:
    lines = f"{slip.lines} line{'s'[: slip.lines != 1]}"
    return f"{slip.sheets} of {sheets} sheets, {lines}"


def example(slip: Slip, words: Words) -> str:
    """`sheet.md:24, L2: the decimal point is 1 place off`."""
    about = f", {words.text(slip.example.quantity)}" if slip.example.quantity else ""
    return f"{words.text(slip.path)}:{slip.example.line}{about}: {words.message(slip.example)}"


# ---------------------------------------------------------------- plain and Markdown
def read_out(marked: Sequence[Marked], words: Words) -> Iterator[str]:
    """One fact a line."""
    for one in marked:
        yield f"Sheet {words.text(one.path)}"
        if one.judgement is None:
            yield f"  {problem_of(one, words)}"
            continue
        yield f"  score: {score_text(one, words)}"
        yield f"  marks: {', '.join(f'{n} {mark}' for mark in MARKS if (n := one.judgement.summary[mark]))}"
        if first := slip_text(one, words):
            yield f"  first slip: {first}"
    yield class_sentence(marked, words.options)
    for common in common_slips(marked)[:MOST_SLIPS]:
        yield f"Slip {common.code}: {counted(common, len(marked))}"
        yield f"  example: {example(common, words)}"


def markdown(marked: Sequence[Marked], options: VerifyOptions, words: Words) -> str:
    """The table and the commonest slips as Markdown."""
    shown = marks_of(marked)
    table = Table(marked, shown, words, True)
    head = ["sheet", "score", *shown, "first slip"]
    rows = [head, ["---", *["---:"] * (len(shown) + 1), "---"], *([plain(c) for c in row] for row in table.rows)]
    parts = ["# Sheets", "\n".join(f"| {' | '.join(row)} |" for row in rows), class_sentence(marked, options)]
    slips = common_slips(marked)[:MOST_SLIPS]
    if slips:
        parts.append("## Commonest slips")
        parts.append(
            "\n".join(f"- {slip.code}: {counted(slip, len(marked))}; {plain(example(slip, words))}" for slip in slips)
        )
    return "\n\n".join(parts) + "\n"
