"""`verify --plain`: the report read line by line, one fact a line, in ASCII, the mark in words before anything else.

Line 24, document line 39, wrong: loss_o2 = 1/2*(0.99 - 0.77)^2 = 0.236
  why: the decimal point is 1 place off; right: 0.0242 [decimal-point]
"""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.graph import Graph
from ...handwork.claims import MARKS, Judgement, Verdict
from ..lines import Line
from ..screen import Screen
from .families import families
from .mistakes import after, comparisons, place_at_fault
from .options import VerifyOptions
from .terminal import next_step, score_sentence
from .words import Words, practise


def show(judgement: Judgement, graph: Graph, options: VerifyOptions, screen: Screen) -> None:
    """Read the whole report out."""
    for text in lines(judgement, graph, options, screen):
        screen.line(text)
    if not options.quiet:
        screen.hint(next_step(judgement, options))


def lines(judgement: Judgement, graph: Graph, options: VerifyOptions, screen: Screen) -> Iterator[str]:
    """The report, a line a fact."""
    words = Words(options, screen.glyphs)
    against = f", judged against scenario {words.text(judgement.scenario)}"
    yield f"Sheet {words.text(judgement.sheet.path)}{against}."
    if graph.scenario.document and any(v.claim.source_lines for v in judgement.verdicts):
        yield f"Document {words.text(graph.scenario.document)}."
    for verdict in judgement.verdicts:
        if options.shows(verdict.mark):
            yield from line_of(verdict, words)
    if options.shows("wrong"):
        yield from mistakes(judgement, words)
    for number, sentence in judgement.remarks:
        yield f"Line {number}: {words.text(sentence)}."
    counts = [f"{count} {mark}" for mark in MARKS if (count := judgement.summary[mark])]
    yield f"Marks: {', '.join(counts)}."
    yield f"Score: {score_sentence(judgement, options.strict)}"


def line_of(verdict: Verdict, words: Words) -> Iterator[str]:
    """A line with its mark, and what is said of it."""
    numbers = [str(n) for n in verdict.claim.source_lines]
    source = f", document line{'s' if len(numbers) > 1 else ''} {' and '.join(numbers)}" if numbers else ""
    yield f"Line {verdict.line}{source}, {verdict.mark}: {words.text(verdict.claim.text)}"
    if verdict.mark == "right":
        return
    said = words.remark(verdict).removeprefix(verdict.mark).removeprefix(":").strip()
    if said:
        yield f"  why: {said}"
    problem = verdict.claim.unreadable
    if problem is not None:
        label = f": {words.text(problem.label)}" if problem.label else ""
        line, column = place_at_fault(verdict, words)
        where = f"line {line}, column {column}" if line != verdict.line else f"column {column}"
        yield f"  {where}{label}"
        if problem.help:
            yield f"  help: {words.text(problem.help)}"


def mistakes(judgement: Judgement, words: Words) -> Iterator[str]:
    """The first line of each mistake, with what belongs there."""
    for number, family in enumerate(families(judgement), 1):
        verdict = family.first
        about = f" about {words.text(verdict.quantity)}" if verdict.quantity else ""
        line, column = place_at_fault(verdict, words)
        yield f"Mistake {number}: line {line}, column {column}{about}."
        yield f"  {words.message(verdict)}"
        for row in comparisons(verdict, words, 10_000):
            yield f"  {_read(row)}"
        for cause in verdict.explanations if len(verdict.explanations) > 1 else ():
            yield f"  it may be: {words.veiled(cause.message, 'value', verdict)} [{cause.code}]"
        for sentence in after(family, words):
            yield f"  {sentence}"
        command = practise(verdict, words.options)
        if command and not words.options.quiet:
            yield f"  practise: {command}"


def _read(row: Line) -> str:
    """`yours: … = …` from a row of two columns."""
    label, *rest = (text for text, _ in row)
    return f"{label.strip()}: {' '.join(''.join(rest).split())}"
