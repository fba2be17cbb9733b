"""`verify --format markdown`: a table of the sheet's lines with their marks, then each mistake with its source line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...engine.graph import Graph
from ...handwork.claims import MARKS, Judgement
from ..screen import UNICODE_GLYPHS
from .families import families
from .mistakes import after, comparisons, mistake_notes
from .options import VerifyOptions
from .source import Note, annotated
from .terminal import score_sentence
from .words import Words, practise

CODE_WIDTH = 10_000  # nothing wraps in a code block


def report(judgement: Judgement, graph: Graph, options: VerifyOptions) -> str:
    """The report as Markdown."""
    words = Words(options, UNICODE_GLYPHS)
    return "\n\n".join(paragraphs(judgement, graph, words)) + "\n"


def paragraphs(judgement: Judgement, graph: Graph, words: Words) -> Iterator[str]:
    """The report's paragraphs, tables and code blocks."""
    yield f"# {plain(words.text(judgement.sheet.path))}"
    document = graph.scenario.document
    about = f", document {plain(words.text(document))}" if document else ""
    yield f"Judged against the scenario {plain(words.text(judgement.scenario))}{about}."
    yield table(judgement, words)
    if words.options.shows("unread"):
        for verdict in judgement.verdicts:
            problem = verdict.claim.unreadable
            if problem is not None:
                notes = [Note(problem.start, problem.end, problem.label)]
                yield f"## Line {verdict.line} can't be read"
                yield sentence(words.message(verdict))
                yield code(annotated(verdict.claim, notes, words.glyphs, CODE_WIDTH).text())
    if words.options.shows("wrong"):
        yield from mistakes(judgement, words)
    for number, text in judgement.remarks:
        yield f"Line {number}: {sentence(words.text(text))}"
    counts = [f"{count} {mark}" for mark in MARKS if (count := judgement.summary[mark])]
    yield f"**{', '.join(counts)}.** {score_sentence(judgement, words.options.strict)}"


def table(judgement: Judgement, words: Words) -> str:
    """The lines: mark, number, line of the document, the line, what is said of it."""
    rows = ["| mark | line | document | claim | remark |", "| --- | ---: | --- | --- | --- |"]
    for verdict in judgement.verdicts:
        if not words.options.shows(verdict.mark):
            continue
        source = " ".join(f"@{n}" for n in verdict.claim.source_lines)
        said = "" if verdict.mark == "right" else words.remark(verdict).removeprefix(verdict.mark).lstrip(": ")
        cells = [f"{words.glyph(verdict.mark)} {verdict.mark}", str(verdict.line), source]
        rows.append(f"| {' | '.join(cells)} | {quoted(words.text(verdict.claim.text))} | {plain(said)} |")
    return "\n".join(rows)


def mistakes(judgement: Judgement, words: Words) -> Iterator[str]:
    for family in families(judgement):
        verdict = family.first
        about = f", {plain(words.text(verdict.quantity))}" if verdict.quantity else ""
        yield f"## Line {verdict.line}{about}"
        tag = plain(f"[{verdict.code}]") if verdict.code != "wrong" else ""
        yield f"{sentence(words.message(verdict))} {tag}".rstrip()
        shown = annotated(verdict.claim, mistake_notes(verdict, words), words.glyphs, CODE_WIDTH).text()
        rows = ["".join(text for text, _ in row) for row in comparisons(verdict, words, CODE_WIDTH)]
        yield code("\n".join([shown, *rows]))
        if len(verdict.explanations) > 1:
            yield "More than one slip gives this number:"
            causes = (f"- {words.veiled(c.message, 'value', verdict)} [{c.code}]" for c in verdict.explanations)
            yield "\n".join(map(plain, causes))
        said = [*after(family, words)]
        command = practise(verdict, words.options)
        if command and not words.options.quiet:
            said.append(f"Practise this step: {quoted(command)}")
        if said:
            yield " ".join(said)


def sentence(text: str) -> str:
    """A sentence with its full stop, in which Markdown finds nothing to do."""
    return plain(text if text.endswith((".", "!", "?")) else f"{text}.")


def plain(text: str) -> str:
    """A text in which Markdown finds nothing to do."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def quoted(text: str) -> str:
    """An inline code span, also in a table and around backticks."""
    text = text.replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


def code(text: str) -> str:
    """A code block, whatever the text holds."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
