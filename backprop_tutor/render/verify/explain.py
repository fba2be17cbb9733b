"""Everything about one line of a sheet: each link with its question and answer, the references, the right formula."""

from __future__ import annotations

from collections.abc import Iterator

from ...handwork.claims import LinkVerdict, Verdict
from ...judging.references import References
from ..lines import Block, line, width_of, worded, wrapped
from .mistakes import INSET, mistake_notes
from .source import Note, annotated
from .words import Words, is_number

QUESTIONS = {
    "formula": "is this formula the quantity?",
    "substitution": "do the numbers put in belong there?",
    "arithmetic": "does what is written give what is written?",
    "value": "does the result agree with the quantity?",
}


def blocks(verdict: Verdict, references: References | None, words: Words, width: int) -> Iterator[Block]:
    """The line, its links, and what it is compared with."""
    yield _line(verdict, words, width)
    for number, link in enumerate(verdict.links, 1):
        yield _link(number, link, verdict, words, width)
    if references is not None:
        yield _references(references, words, width)
    if len(verdict.explanations) > 0:
        yield _explanations(verdict, words, width)


def _line(verdict: Verdict, words: Words, width: int) -> Block:
    block = Block([line()])
    about = words.text(verdict.quantity) if verdict.quantity else "no quantity of the scenario by itself"
    places = "".join(f" @{n}" for n in verdict.claim.source_lines)
    block.add((f"Line {verdict.line}", "head"), (places, "note"), "  about ", (about, "name"))
    block.extend(annotated(verdict.claim, _notes(verdict, words), words.glyphs, width).lines)
    for i, text in enumerate(worded(words.remark(verdict), width - len(INSET) - 2)):
        mark = words.glyph(verdict.mark) + " " if not i else "  "
        block.add(INSET, (mark, words.color(verdict.mark)), text)
    return block


def _notes(verdict: Verdict, words: Words) -> list[Note]:
    problem = verdict.claim.unreadable
    if problem is not None:
        return [Note(problem.start, problem.end, problem.label)]
    return mistake_notes(verdict, words) if verdict.mark == "wrong" else []


def _link(number: int, link: LinkVerdict, verdict: Verdict, words: Words, width: int) -> Block:
    block = Block([line()])
    block.add((f"{number} {link.kind}", "head"), (f"  {QUESTIONS[link.kind]}", "note"))
    for text in wrapped(words.text(f"{link.left} = {link.right}"), width - 6, width - 4):
        block.add(INSET + text)
    code = f" [{link.code}]" if link.code not in ("", link.mark) else ""
    said = words.link_message(link, verdict)
    answer = f"{link.mark}{code}" + (f": {said}" if said else "")
    for i, text in enumerate(worded(answer, width - len(INSET) - width_of(words.glyph(link.mark)) - 1)):
        mark = words.glyph(link.mark)
        block.add(INSET, (f"{mark if not i else ' ' * width_of(mark)} ", words.color(link.mark)), text)
    for label, value in _numbers(link, verdict, words):
        block.add(INSET, (f"{label:<9}", "note"), (value, "result"))
    return block


def _numbers(link: LinkVerdict, verdict: Verdict, words: Words) -> Iterator[tuple[str, str]]:
    if link.stated is not None:
        typed = (verdict.claim.where.source or "")[link.start : link.end]
        yield "stated", words.text(typed) if is_number(typed) else words.number(link.stated)
    if not words.options.reveal:
        return
    if link.expected is not None:
        yield ("written" if link.kind == "arithmetic" else "right"), words.number(link.expected)
    if link.interval is not None:
        low, high = (words.number(end) for end in link.interval)
        yield "accepted", f"{low} to {high}"


def _references(references: References, words: Words, width: int) -> Block:
    """T, W and C, and the formulas that are right."""
    block = Block([line(), line(("What it is compared with", "head"))])
    rows = [
        ("T", references.truth, "what the assumed values give" if references.assumed else "the true value"),
        ("W", references.written, "what the numbers in this line give"),
        ("C", references.carried, _carried(references)),
    ]
    for letter, value, meaning in rows:
        if value is None:
            continue
        shown = words.number(value) if words.options.reveal else "hidden"
        first, *rest = worded(meaning, max(12, width - len(INSET) - 18))
        block.add(INSET, (f"{letter}  ", "name"), (f"{shown:<13}", "result"), (f"  {first}", "note"))
        for text in rest:
            block.add(INSET + " " * 18, (text, "note"))
    if words.options.reveal:
        for formula in references.formulas:
            whole = f"{words.text(references.name)} = {words.formula(formula)}"
            for i, text in enumerate(wrapped(whole, width - len(INSET) - 9, width - len(INSET) - 7)):
                block.add(INSET, ("right  " if not i else " " * 9, "note"), text)
    return block


def _carried(references: References) -> str:
    if not references.lines:
        return "the right formula; it needs nothing that you stated"
    return f"the right formula at your own numbers, of {_lines(references.lines)}"


def _lines(lines: tuple[int, ...]) -> str:
    return ("line " if len(lines) == 1 else "lines ") + ", ".join(map(str, lines))


def _explanations(verdict: Verdict, words: Words, width: int) -> Block:
    block = Block([line(), line(("What may lie behind it", "head"))])
    for cause in verdict.explanations:
        lines = _lines(cause.lines_explained) if cause.lines_explained else "this line"
        message = words.veiled(cause.message, "value", verdict)
        said = f"{message} [{cause.code}]; explains {lines}, certainty {cause.confidence:.0%}"
        for i, text in enumerate(worded(said, width - len(INSET) - 2)):
            block.add(INSET + ("  " if i else "") + text)
        for label, formula in (("yours", cause.formula), ("right", cause.right)):
            if formula is None or (label == "right" and not words.options.reveal):
                continue
            for i, text in enumerate(wrapped(words.formula(formula), width - 13, width - 11)):
                block.add(INSET, (f"{label}  " if not i else " " * 9, "note"), text)
    return block


def read_out(block: Block) -> Iterator[str]:
    """The lines of a block for a screen reader: without empty ones and without the frame around a source line."""
    for text in block.text().splitlines():
        if text.strip() and text.strip() != "|":
            yield text
