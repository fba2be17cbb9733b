"""The screen of `bptutor verify` for one sheet: its lines with their marks, each mistake in full, and the count."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.graph import Graph
from ...handwork.claims import MARKS, Judgement
from ...judging.classroom import score
from ..equations import heading
from ..lines import Block, line, width_of, worded
from ..screen import Screen
from . import lines as verify_lines
from . import mistakes as verify_mistakes
from .families import families
from .options import VerifyOptions
from .words import Words


def report(judgement: Judgement, graph: Graph, options: VerifyOptions, screen: Screen) -> Iterator[Block]:
    """The report, block by block."""
    words = Words(options, screen.glyphs)
    yield title(judgement, graph, words, screen.width)
    yield from verify_lines.blocks(judgement, words, screen.width)
    mistakes = [*verify_mistakes.blocks(judgement, words, screen.width)]
    if mistakes:
        title_of = "Mistakes" if any(v.mark == "wrong" for v in judgement.verdicts) else "What can't be read"
        yield Block([line(), *heading(title_of, "", screen.width, screen.glyphs.dash)])
    yield from mistakes
    yield closing(judgement, words, screen.width)


def show(judgement: Judgement, graph: Graph, options: VerifyOptions, screen: Screen) -> None:
    """The whole report on a screen."""
    for block in report(judgement, graph, options, screen):
        screen.show(block)
    if not options.quiet:
        screen.hint(next_step(judgement, options))


def title(judgement: Judgement, graph: Graph, words: Words, width: int) -> Block:
    """The sheet, and what it is judged against."""
    block = Block()
    path = words.text(judgement.sheet.path)
    about = f"judged against {words.text(judgement.scenario)}"
    if graph.scenario.document and any(v.claim.source_lines for v in judgement.verdicts):
        about += f"; @ is the line of document {words.text(graph.scenario.document)}"
    if width_of(path) + 2 + width_of(about) <= width:
        block.add((path, "head"), (f"  {about}", "note"))
        return block
    block.add((path, "head"))
    for text in worded(about, width):
        block.add((text, "note"))
    return block


def closing(judgement: Judgement, words: Words, width: int) -> Block:
    """Plain words about impossible values, then how many lines have each mark, and the score."""
    block = Block([line()])
    for number, sentence in judgement.remarks:
        for i, text in enumerate(worded(words.text(f"Line {number}: {sentence}."), width - 2)):
            block.add(("  " if i else "! ", "kink"), text)
    if judgement.remarks:
        block.add("")
    pieces = [(f"{count} {mark}", words.color(mark)) for mark in MARKS if (count := judgement.summary[mark])]
    dot = " - " if words.glyphs.ascii else "  ·  "
    here: list[tuple[str, str]] = []
    used = 0
    for text, style in pieces:
        if here and used + len(dot) + len(text) > width:
            block.add(*here)
            here, used = [], 0
        if here:
            here.append((dot, "rule"))
            used += len(dot)
        here.append((text, style))
        used += len(text)
    block.add(*here)
    for text in worded(score_sentence(judgement, words.options.strict), width):
        block.add((text, "note"))
    return block


def score_sentence(judgement: Judgement, strict: bool) -> str:
    """`38 of 46 lines earn their mark; 2 are for a person to decide.`"""
    earned = score(judgement, strict)
    left = len(judgement.verdicts) - earned.counted
    said = f"{earned.earned} of {earned.counted} lines earn their mark"
    if left:
        said += f"; {left} {'is' if left == 1 else 'are'} for a person to decide"
    return said + "."


def next_step(judgement: Judgement, options: VerifyOptions) -> str:
    """One thing to try next."""
    found = families(judgement)
    command = "Next: " + (options.command or f"bptutor verify {options.scenario}")
    if found:
        return f"{command} --explain {found[0].first.line}"
    other = next((v.line for v in judgement.verdicts if v.mark != "right"), None)
    return f"{command} --explain {other}" if other else f"Next: bptutor quiz {options.scenario}"
