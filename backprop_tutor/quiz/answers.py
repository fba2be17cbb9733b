"""What a typed answer is worth: read in the forgiving notation, judged by the judge of hand calculations.

A number, a calculation with the numbers put in, a formula, or a chain of them (`0.741*0.187 = 0.1386`) are all answers.
What can't be read, is too coarse to tell, or only repeats the question is no miss: it is asked again, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, TypeAlias

from ..errors import FormulaError
from ..formulas.expression import Call, Derivative, Expression, walk
from ..formulas.typeset import to_text
from ..handwork import meaning
from ..handwork import plain_reader as handwork
from ..handwork.claims import Claim, Mark, Part, Verdict
from ..handwork.exact import SLACK, Stated, agrees, exact, literal, truncates
from ..handwork.quantities import Gradient, Updated, Value
from ..judging.alignment import as_written, has_names
from ..judging.session import Session
from .fairness import APART, TIES, as_asked, unit_at
from .names import Kind
from .source import Source
from .types import Choice, Item, PossibleSlip, Question

Outcome: TypeAlias = Literal["right", "wrong", "again"]
PEN = ("sign", "decimal-point", "one-digit", "swapped-digits", "arithmetic", "miscopied-operand", "term-missing")
_TWO_POINTS = re.compile(r"\.\d+\.(?=\d)")
FEWER_DIGITS = "fewer-digits"
LEAST_DIGITS = 2
ENOUGH_TO_NAME = 3  # digits; with fewer an unrelated number fits some slip too often
NOTHING_TOLD = "That is not it, and no usual slip gives it."


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said of an answer.

    `code` is stable: the judge's for right answers, a slip's for wrong ones, empty for an honest "not this". `codes`
    are all slips that the answer fits. `start` and `end` place the caret for what can't be read.
    """

    outcome: Outcome
    mark: Mark
    code: str = ""
    message: str = ""
    codes: tuple[str, ...] = ()
    value: float | None = None
    start: int = 0
    end: int = 0
    help: str = ""

    @property
    def pen(self) -> bool:
        """A slip of the pen and not of understanding."""
        return self.outcome == "wrong" and self.code in PEN


def again(message: str, mark: Mark = "unknown", code: str = "", value: float | None = None) -> Reply:
    """Not counted: asked again, with the reason."""
    return Reply("again", mark, code, message, value=value)


# ---------------------------------------------------------------- choices
def choose(choice: Choice, text: str) -> Reply:
    """An option by its letter or its own text, a line by its number."""
    typed = text.strip().casefold().rstrip(".)").lstrip("(")
    count = len(choice.options)
    if choice.lines:
        digits = typed.removeprefix("line").strip()
        place = int(digits) - 1 if digits.isdecimal() and len(digits) < 4 else -1
        wanted = f"the number of a line, 1 to {count}"
    else:
        letters = "abcdefghij"[:count]
        same = [
            i
            for i, option in enumerate(choice.options)
            if option.text.casefold().replace("−", "-") == typed.replace("−", "-")
        ]
        place = letters.find(typed) if len(typed) == 1 else same[0] if len(same) == 1 else -1
        wanted = f"a letter, a to {letters[-1]}"
    if not 0 <= place < count:
        return again(f"Give {wanted}.", "unread", "unreadable")
    option = choice.options[place]
    if option.right:
        return Reply("right", "right")
    return Reply("wrong", "wrong", option.code, option.why, (option.code,) if option.code else ())


# ---------------------------------------------------------------- numbers and formulas
def judge(source: Source, question: Question, item: Item, text: str, session: Session, line: int = 1) -> Reply:
    """One answer to one item; `session` holds what is given, and what was answered before in a derivation."""
    notation = handwork.notation_of(source.vocabulary)
    typed = text.strip()
    if len(typed) > handwork.MAX_LINE:
        return again(f"That has {len(typed)} characters; the limit is {handwork.MAX_LINE}.", "unread", "unreadable")
    begin = len(text) - len(text.lstrip())
    two_points = _TWO_POINTS.search(text)
    if two_points is not None:
        said, help = "a number has one decimal point", "write a product with *"
        return Reply("again", "unread", "unreadable", said, start=two_points.start(), end=two_points.end(), help=help)
    try:
        parts = handwork.parts_of(text, begin, len(text.rstrip()), notation)
    except FormulaError as error:
        problem = error.problems[0]
        return Reply(
            "again", "unread", "unreadable", problem.message, start=error.start, end=error.end, help=problem.help
        )
    sample = _sample(source, item)
    parts, about = _without_name(source, item, parts, sample)
    if about is not None:
        return again(f"That is about {about}; {to_text(item.asked)} is asked.")
    last = meaning.read(parts[-1].expression, source.vocabulary, {}, False, sample).expression
    whole = tuple(meaning.read(p.expression, source.vocabulary, {}, False, sample).expression for p in parts)
    objection = _beside_the_point(source, question, item, whole)
    if objection is not None:
        return objection
    asked = Part(item.asked, to_text(item.asked), 0, 0)
    claim = Claim(line, f"{asked.text} = {typed}", (asked, *parts), sample=sample)
    if not has_names(last) and _stated(last) is None:
        return again("That can't be calculated.", code="not-checkable")
    zero = _as_zero(item, last)
    if zero is not None:
        return zero
    known_slip = _plain_slip(item, last) if question.kind != Kind.DERIVATION else None
    if known_slip is not None:
        return known_slip
    verdict = source.judge.claim(claim, session, {})
    if item.subject is None and verdict.mark == "wrong" and has_names(last):
        same = [slip for slip in item.slips if source.judge.equality.same(slip.formula, last)]
        if same:
            return _wrong(same, source.value(last))
    return _told(source, item, last, verdict)


def _sample(source: Source, item: Item) -> int | None:
    match item.subject:
        case Value(node) | Updated(node) | Gradient(node, _):
            return source.graph.block_of(node).sample
        case _:
            return None


def _without_name(
    source: Source, item: Item, parts: tuple[Part, ...], sample: int | None
) -> tuple[tuple[Part, ...], str | None]:
    """The parts without a first one that repeats what is asked; the name of what they are about instead."""
    if len(parts) < 2:
        return parts, None
    first = meaning.read(parts[0].expression, source.vocabulary, {}, False, sample).expression
    if first == item.asked:
        return parts[1:], None
    subject = meaning.subject_of(first, source.vocabulary)
    if subject is not None and subject != item.subject and item.form != "factor":
        return parts, source.vocabulary.text(subject)
    return parts, None


def _beside_the_point(source: Source, question: Question, item: Item, formulas: Sequence[Expression]) -> Reply | None:
    """What is true and no answer: the question itself, a derivative that isn't given, a number for a formula."""
    last = formulas[-1]
    if item.form == "formula" and not has_names(last):
        fitting = _as_number(item, last)
        return _wrong(fitting, fitting[0].value) if fitting else again("A formula in names is asked.")
    if item.form == "factor":
        return None
    given = {known.subject for known in question.known}
    for formula in formulas:
        for part in walk(formula):
            if isinstance(part, Call) and part.primes and item.form == "formula":
                return again("That only names the slope: write it out.")
            if part == item.asked:
                return again(f"That is {to_text(item.asked)} itself: say what it comes to.")
            unknown = isinstance(part, Derivative) and source.subject(part) not in given
            if unknown and has_names(last) and source.value(part) == source.value(part):
                return again(f"{to_text(part)} is not given: use what you know.")
    return None


def _as_number(item: Item, formula: Expression) -> list[PossibleSlip]:
    """The slips that make a formula a mere number, such as a slope of 1."""
    number = literal(formula)
    return (
        [] if number is None else [s for s in item.slips if s.value == float(number.value) and not has_names(s.formula)]
    )


def _as_zero(item: Item, last: Expression) -> Reply | None:
    """A typed 0 means 0, not everything below a half."""
    number = literal(last)
    if number is None or number.value or item.form == "formula":
        return None
    fitting = [slip for slip in item.slips if not slip.value]
    return _wrong(fitting, 0.0) if fitting else Reply("wrong", "wrong", "", NOTHING_TOLD, value=0.0)


def _plain_slip(item: Item, last: Expression) -> Reply | None:
    """A number that is a slip's to all the digits asked for: nothing else can be meant (`fairness.py`)."""
    stated = literal(last)
    if stated is None or not stated.unit or stated.digits < item.digits or item.form == "formula":
        return None
    if abs(stated.value - exact(item.value)) <= APART * stated.unit:
        return None
    fitting = _fitting(item, stated)
    return _wrong(fitting, float(stated.value)) if fitting else None


def _told(source: Source, item: Item, last: Expression, verdict: Verdict) -> Reply:
    stated = _stated(last)
    value = float(stated.value) if stated is not None else source.value(last) if has_names(last) else None
    if verdict.mark in ("right", "close", "notation", "convention", "follows"):
        if verdict.mark == "follows" and stated is not None and stated.unit and stated.digits < LEAST_DIGITS:
            return again(f"Too few digits to tell: give {item.digits}.", code="too-few-digits", value=value)
        if stated is not None and item.form != "formula" and verdict.mark != "follows":
            coarse = _too_coarse(item, stated)
            if coarse is not None:
                return coarse
            if stated.unit and stated.digits < item.digits and not _is_as_asked(item, stated):
                return Reply("right", verdict.mark, FEWER_DIGITS, verdict.message, value=value)
        return Reply("right", verdict.mark, verdict.code, verdict.message, value=value)
    if verdict.mark == "wrong":
        return _missed(item, last, stated, verdict, value)
    message = verdict.message or "That can't be decided"
    return again(message[:1].upper() + message[1:] + ".", verdict.mark, verdict.code, value)


def _stated(last: Expression) -> Stated | None:
    """The number that an answer comes to with the digits it has: typed, or calculated from what is typed."""
    number = literal(last)
    if number is not None:
        return number
    if has_names(last):
        return None
    try:
        return Stated(as_written(last), Fraction(0), "")
    except ArithmeticError:
        return None


def _too_coarse(item: Item, stated: Stated) -> Reply | None:
    """Fewer digits than asked for are enough where no slip would look the same."""
    if not stated.unit or stated.digits >= item.digits:
        return None
    if _is_as_asked(item, stated):
        return None
    padded = max(stated.unit / 10 ** (item.digits - stated.digits), Fraction(1, 10**12))
    fitting = [s for s in item.slips if agrees(stated.value, padded, exact(s.value))]
    if fitting and not agrees(stated.value, padded, exact(item.value)):
        return _wrong(fitting, float(stated.value))
    if stated.digits >= LEAST_DIGITS and not any(_fits(stated, slip.value) for slip in item.slips):
        return None
    return again(f"Too few digits to tell: give {item.digits}.", "unknown", "too-few-digits", float(stated.value))


def _is_as_asked(item: Item, stated: Stated) -> bool:
    """The right number to the digits asked for, with its last zeros left out perhaps."""
    return stated.value == Fraction(as_asked(item.value, item.digits))


def _fits(stated: Stated, value: float) -> bool:
    return agrees(stated.value, stated.unit, exact(value)) or truncates(stated.value, stated.unit, exact(value))


# ---------------------------------------------------------------- wrong answers
def _missed(item: Item, last: Expression, stated: Stated | None, verdict: Verdict, value: float | None) -> Reply:
    """The slip that an answer points to, or that none does."""
    if stated is not None:
        fitting = _fitting(item, stated)
        if fitting:
            return _wrong(fitting, value)
    names = tuple(dict.fromkeys(e.code for e in verdict.explanations))
    if len(verdict.explanations) > 1:
        said = " Or: ".join(dict.fromkeys(e.message for e in verdict.explanations))
        return Reply("wrong", "wrong", names[0], _sentence(said), names, value)
    if verdict.explanations or verdict.code not in ("wrong", "arithmetic", ""):
        names = names or (verdict.code,)
        return Reply("wrong", "wrong", names[0], _sentence(verdict.message), names, value)
    if verdict.code == "arithmetic":
        return Reply("wrong", "wrong", "arithmetic", _sentence(verdict.message), ("arithmetic",), value)
    return Reply("wrong", "wrong", "", NOTHING_TOLD, value=value)


def _fitting(item: Item, stated: Stated) -> list[PossibleSlip]:
    """The slips whose number this is, likeliest first: by the digits typed, or within what rounded operands allow."""
    found = []
    few = bool(stated.unit) and stated.digits < min(item.digits, ENOUGH_TO_NAME)
    for slip in item.slips:
        number = stated
        if few:
            # as few digits as that fit too much: they count as rounded only where the zeros that follow would be right
            number = replace(number, unit=unit_at(slip.value, item.digits))
        elif not number.unit and number.text == "":
            # calculated from what was typed: as exact as the digits asked for
            number = replace(number, unit=unit_at(slip.value, item.digits) * (1 + SLACK))
        if _fits(number, slip.value):
            found.append(slip)
    return sorted(found, key=lambda slip: -slip.prior)


def _wrong(fitting: Sequence[PossibleSlip], value: float | None) -> Reply:
    """A slip named, or the few that fit alike."""
    once = {slip.code: slip for slip in reversed(fitting)}
    ordered = [once[code] for code in dict.fromkeys(slip.code for slip in fitting)][:TIES]
    said = " Or: ".join(dict.fromkeys(slip.sentence for slip in ordered))
    return Reply("wrong", "wrong", ordered[0].code, said, tuple(slip.code for slip in ordered), value)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
