"""The first line of each mistake in full: the source with carets, what belongs there, why, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator

from ...formulas.differences import differing
from ...handwork.claims import Explanation, Judgement, LinkVerdict, Verdict
from ..lines import Block, line, width_of, worded, wrapped
from .families import Family, families, faults, numbered
from .source import Note, annotated, place_of
from .words import Words, practise

INSET = "    "
MOST_EXPLANATIONS = 3


def blocks(judgement: Judgement, words: Words, width: int) -> Iterator[Block]:
    """The lines that can't be read, then each mistake."""
    if words.options.shows("unread"):
        for verdict in judgement.verdicts:
            if verdict.mark == "unread":
                yield unread(judgement, verdict, words, width)
    if words.options.shows("wrong"):
        for family in families(judgement):
            yield mistake(judgement, family, words, width)


def unread(judgement: Judgement, verdict: Verdict, words: Words, width: int) -> Block:
    problem = verdict.claim.unreadable
    block = _head(judgement, verdict, "can't be read: " + words.message(verdict), words, width)
    if problem is not None:
        notes = [Note(problem.start, problem.end, problem.label)]
        block.extend(annotated(verdict.claim, notes, words.glyphs, width).lines)
        if problem.help:
            _say(block, f"help: {problem.help}", words, width)
    return block


def mistake(judgement: Judgement, family: Family, words: Words, width: int) -> Block:
    verdict = family.first
    block = _head(judgement, verdict, words.message(verdict) or "this is not right", words, width)
    block.extend(annotated(verdict.claim, mistake_notes(verdict, words), words.glyphs, width).lines)
    for text in comparisons(verdict, words, width - len(INSET)):
        block.add(INSET, *text)
    _explain(block, verdict, words, width)
    for sentence in after(family, words):
        _say(block, sentence, words, width)
    command = practise(verdict, words.options)
    if command and not words.options.quiet:
        label = "Practise this step:"
        if len(INSET) + len(label) + 1 + width_of(command) <= width:
            block.add(INSET, (f"{label} ", "note"), (command, "hint"))
        else:
            block.add(INSET, (label, "note"))
            block.add(INSET + "  ", (command, "hint"))
    return block


def mistake_notes(verdict: Verdict, words: Words) -> list[Note]:
    """A caret for every link at fault; under the very names where only names are at fault."""
    found: list[Note] = []
    links = faults(verdict)
    formulas = [link for link in links if link.kind == "formula"]
    for link in links:
        names = _names_at_fault(link, verdict, words) if link.kind == "formula" else []
        if names:
            found += names
        elif link.end > link.start:
            own = len(formulas) > 1 and link in formulas  # several formulas at fault: each for a reason of its own
            found.append(Note(link.start, link.end, words.link_message(link, verdict) if own else words.label(link)))
    return found


def _names_at_fault(link: LinkVerdict, verdict: Verdict, words: Words) -> list[Note]:
    """The names of a wrong formula in whose place others belong, where the cause is no more than that."""
    if len(verdict.explanations) != 1:
        return []
    cause = verdict.explanations[0]
    if cause.formula is None or cause.right is None:
        return []
    found: list[Note] = []
    for (start, end), piece in differing(cause.formula, cause.right) or []:
        if 0 <= start < end <= link.end - link.start:
            label = f"{words.formula(piece)} belongs here" if words.options.reveal else "another belongs here"
            found.append(Note(link.start + start, link.start + end, label))
    return found


def after(family: Family, words: Words) -> Iterator[str]:
    """What else the mistake has done."""
    if family.again:
        yield f"The same slip again in {numbered(family.again)}."
    if family.consequences:
        lines = numbered(family.consequences)
        yield f"{lines[:1].upper()}{lines[1:]} follow{'s' if len(family.consequences) == 1 else ''} from it."


def _head(judgement: Judgement, verdict: Verdict, said: str, words: Words, width: int) -> Block:
    """The sentence, and where it is."""
    block = Block([line()])
    about = words.text(verdict.quantity) + ": " if verdict.quantity and not said.startswith(verdict.quantity) else ""
    mark = words.glyph(verdict.mark)
    first, *rest = worded(f"{about}{said}", max(20, width - width_of(mark) - 1))
    block.add((f"{mark} ", words.color(verdict.mark)), (first, "head"))
    for more in rest:
        block.add((" " * (width_of(mark) + 1) + more, "head"))
    glyphs = words.glyphs
    arrow = f"  {glyphs.dash * 2}{'>' if glyphs.ascii else '▸'} "
    places = "".join(f" @{n}" for n in verdict.claim.source_lines)
    code = f"[{verdict.code}]" if verdict.code not in ("", verdict.mark) else ""
    number, column = place_at_fault(verdict, words)
    place = f"{words.text(judgement.sheet.path)}:{number}:{column}"
    pieces = [(arrow, "rule"), (place, "hint"), (places, "note")]
    if code and sum(width_of(text) for text, _ in pieces) + 2 + len(code) <= width:
        block.add(*pieces, (f"  {code}", "note"))
    else:
        block.add(*pieces)
        if code:
            block.add((f"      {code}", "note"))
    return block


def place_at_fault(verdict: Verdict, words: Words) -> tuple[int, int]:
    """The line and the column (both from 1) of what is at fault."""
    claim = verdict.claim
    if claim.unreadable is not None:
        return place_of(claim, claim.unreadable.start)
    notes = mistake_notes(verdict, words)
    return place_of(claim, notes[0].start if notes else (claim.where.column or 1) - 1)


# ---------------------------------------------------------------- what was written beside what belongs there
def comparisons(verdict: Verdict, words: Words, width: int) -> Iterator[tuple[tuple[str, str], ...]]:
    """`yours …  = …` and `right …  = …` for a formula, with their values."""
    if len(verdict.explanations) == 1 and (rows := [*explained(verdict.explanations[0], verdict, words, width)]):
        yield from rows
        return
    link = next(iter(faults(verdict)), None)
    if link is None or link.kind != "formula" or len(verdict.explanations) > 1:
        return
    yield from compared(words.text(link.right), words.text(link.left), (link.stated, link.expected), words, width)


def explained(cause: Explanation, verdict: Verdict, words: Words, width: int) -> Iterator[tuple[tuple[str, str], ...]]:
    """The formula of a slip beside the right one."""
    if cause.formula is None or cause.right is None:
        return
    value = cause.value if cause.value is not None else verdict.stated
    yours, right = words.formula(cause.formula), words.formula(cause.right)
    yield from compared(yours, right, (value, verdict.expected), words, width)


def compared(
    yours: str, right: str, values: tuple[float | None, float | None], words: Words, width: int
) -> Iterator[tuple[tuple[str, str], ...]]:
    """Two formulas, one above the other, their values in line where they fit."""
    rows = [("yours", yours, values[0], "text")]
    if words.options.reveal:
        rows.append(("right", right, values[1], "ok"))
    column = max(width_of(text) for _, text, _, _ in rows)
    shown = ["" if value is None else words.number(value) for _, _, value, _ in rows]
    fits = 7 + column + 3 + max(map(len, shown)) <= width
    for (label, text, _, style), value in zip(rows, shown, strict=True):
        if fits:
            gap = " " * (column - width_of(text))
            result = [(f"{gap}  = ", "rule"), (value, style)] if value else []
            yield line((f"{label}  ", "note"), (text, style), *result)
            continue
        whole = f"{text} = {value}" if value else text
        for i, piece in enumerate(wrapped(whole, width - 9, width - 7)):
            yield line((f"{label}  " if not i else " " * 9, "note"), (piece, style))


# ---------------------------------------------------------------- why
def _explain(block: Block, verdict: Verdict, words: Words, width: int) -> None:
    causes = verdict.explanations[:MOST_EXPLANATIONS]
    if not causes:
        return
    if len(causes) == 1:
        message = words.veiled(causes[0].message, "value", verdict)
        if message.rstrip(".") not in words.message(verdict):
            _say(block, f"It looks like this: {message}", words, width)
        return
    _say(block, "More than one slip gives this number:", words, width)
    for cause in causes:
        message = words.veiled(cause.message, "value", verdict)
        _say(block, f"- {message} [{cause.code}]", words, width, hang=2)
        for text in explained(cause, verdict, words, width - len(INSET) - 2):
            block.add(INSET + "  ", *text)


def _say(block: Block, sentence: str, words: Words, width: int, hang: int = 0) -> None:
    for i, text in enumerate(worded(words.text(sentence), width - len(INSET) - hang)):
        block.add(INSET + (" " * hang if i else "") + text)
