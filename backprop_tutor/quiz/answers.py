"""What a typed answer is worth: read in the forgiving notation, judged by the judge of hand calculations.

A number, a calculation with the numbers put in, a formula, or a chain of them (`0.741*0.187 = 0.1386`) are all answers.
What can't be read, is too coarse to tell, copies what is on the screen or only repeats the question is no miss: it is
asked again, with the reason. `misses.py` says what a wrong answer points to.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..formulas.algebra import minus
from ..formulas.expression import (
    Call,
    Derivative,
    DerivativeOf,
    Expression,
    Group,
    Negative,
    Number,
    transform,
    ungrouped,
    walk,
)
from ..formulas.typeset import to_text
from ..handwork.claims import Claim, Part, Verdict
from ..handwork.exact import Stated, agrees, exact, literal, reach, spread, unit_of
from ..handwork.quantities import Subject, Updated, Value
from ..judging.alignment import as_written, has_names, numbers_in
from ..judging.session import Session
from ..values import replace
from .fairness import APART, apart, as_asked, unit_at
from .misses import at_least, fits, fitting, is_short, missed, named, nothing_told
from .names import Kind
from .replies import Reply, again, sentence, unread
from .source import Source
from .typed import Typed, means_nothing, read, sample_of
from .types import Choice, Item, PossibleSlip, Question

FEWER_DIGITS, LAST_DIGIT = "fewer-digits", "last-digit"
ONLY_NAMED = "That only names the derivative: work it out."
LEAST_DIGITS = 2
ROOM = 10  # a calculation shows something where rounding leaves it less room than the tenth of its value
OFF = Fraction(3, 2)  # units of the last digit: one more or less than the rounded number


# ---------------------------------------------------------------- choices
def choose(choice: Choice, text: str) -> Reply:
    """An option by its letter or its own text, a line by its number. A wrong one is nobody's own slip."""
    typed = text.strip().casefold().rstrip(".)").lstrip("(")
    count = len(choice.options)
    if choice.lines:
        digits = typed.removeprefix("line").strip()
        place = int(digits) - 1 if digits.isascii() and digits.isdecimal() and len(digits) < 4 else -1
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
        return unread(f"give {wanted}")
    option = choice.options[place]
    if option.right:
        return Reply("right", "right", message=option.why)
    return Reply("wrong", "wrong", message=option.why, first=option.why)


# ---------------------------------------------------------------- numbers and formulas
def judge(
    source: Source,
    question: Question,
    item: Item,
    text: str,
    session: Session,
    line: int = 1,
    formula_told: bool = False,
) -> Reply:
    """One answer to one item.

    `session` holds what is given, and what was answered before in a derivation. `formula_told`: a hint has shown the
    formula, so that from now on only a number shows anything.
    """
    typed = read(source, item, text)
    if isinstance(typed, Reply):
        return typed
    reply = _judged(source, question, item, typed, session, line, formula_told)
    if typed.renamed and reply.outcome == "wrong":
        return again(means_nothing(source, list(typed.renamed)), code="unknown-name")
    if typed.renamed and reply.outcome == "right" and reply.mark == "right":
        said = "; ".join(f"'{foreign}' is read as {own}" for foreign, own in typed.renamed.items())
        return replace(reply, mark="notation", code="renamed", message=said)
    return reply


def _judged(
    source: Source, question: Question, item: Item, typed: Typed, session: Session, line: int, formula_told: bool
) -> Reply:
    before = [one.subject for one in question.items[: line - 1] if isinstance(one, Item)]
    objection = _beside_the_point(source, question, item, typed, before)
    if objection is not None:
        return objection
    parts = _all_numbers(source, question, item, typed.parts, session)
    last = parts[-1].expression
    if not has_names(last) and _stated(question, last) is None:
        return again("That can't be calculated.", code="not-checkable")
    early = _as_zero(source, item, last)
    if early is None and question.kind != Kind.DERIVATION and len(parts) == 1:
        early = _plain_slip(source, item, last)
    early = early or _other_of_step(source, question, item, last)
    if early is not None:
        return early
    asked = Part(item.asked, to_text(item.asked), 0, 0)
    text = " = ".join(part.text for part in parts)
    claim = Claim(line, f"{asked.text} = {text}", (asked, *parts), sample=sample_of(source, item))
    verdict = source.judge.claim(claim, session, {})
    if verdict.mark == "wrong" and has_names(last):
        same = [slip for slip in item.slips if source.judge.equality.same(slip.formula, last)]
        if same:
            return named(source, same, source.value(last))
    reply = _told(source, question, item, last, verdict, session)
    # the lines of a derivation go on from numbers
    printed = formula_told or question.kind == Kind.DERIVATION
    printed |= any(known.formula is not None and known.subject == item.subject for known in question.known)
    if reply.outcome != "right":
        return reply
    if _only_named(item, typed.last):
        return again(ONLY_NAMED, code="itself")
    if has_names(last) and printed and item.form != "formula":
        return again("The formula is right: put the numbers in.", code="numbers-wanted")
    return reply


def _beside_the_point(
    source: Source, question: Question, item: Item, typed: Typed, before: Sequence[Subject | None]
) -> Reply | None:
    """What may be true and is no answer: the question itself, a derivative that isn't given, a number for a formula."""
    last = typed.last
    if item.form == "formula" and not has_names(last):
        found = _as_number(item, last)
        return named(source, found, found[0].value) if found else again("A formula in names is asked.")
    given = {*(known.subject for known in question.known), *before}
    for formula in (part.expression for part in typed.parts):
        for part in walk(formula):
            if part == item.asked:
                wanted = "its formula or its number" if item.form == "factor" else "what it comes to"
                return again(f"That is {to_text(item.asked)} itself: say {wanted}.", code="itself")
            if isinstance(part, DerivativeOf):
                return again(ONLY_NAMED, code="itself")
            unknown = isinstance(part, Derivative) and source.subject(part) not in given and item.form != "factor"
            if unknown and has_names(last) and source.value(part) == source.value(part):
                return again(f"{to_text(part)} is not given: use what you know.", code="not-given")
    return None


def _only_named(item: Item, last: Expression) -> bool:
    """Does an answer call a slope by its name (σ'(z)) where it could be written out, or say nothing else?"""
    slopes = [part for part in walk(last) if isinstance(part, Call) and part.primes]
    written_so = any(isinstance(part, Call) and part.primes for part in walk(item.right))  # relu' has no other spelling
    return bool(slopes) and (ungrouped(last) in slopes or not written_so)


def _as_number(item: Item, formula: Expression) -> list[PossibleSlip]:
    """The slips that make a formula a mere number, such as a slope of 1."""
    number = literal(formula)
    return (
        [] if number is None else [s for s in item.slips if s.value == float(number.value) and not has_names(s.formula)]
    )


def _all_numbers(
    source: Source, question: Question, item: Item, parts: tuple[Part, ...], session: Session
) -> tuple[Part, ...]:
    """The parts; in a last one that mixes names and numbers (`0.1385*a_h1`) the numbers stand for the names too."""
    last = parts[-1].expression
    mixed = has_names(last) and any(isinstance(part, Number) and "." in part.text for part in walk(last))
    if not mixed or item.form == "formula" or source.judge.equality.same(item.asked, last):
        return parts
    texts = {known.subject: known.text for known in question.known if known.text}
    texts |= {subject: line.number.text for subject, line in session.person.stated.items() if line.number.text}

    def number(part: Expression) -> Expression:
        subject = source.subject(part)
        text = texts.get(subject, "") if subject is not None else ""
        if not text:
            return part
        size = Number(text.lstrip("-"), abs(Fraction(text)), getattr(part, "span", (0, 0)))
        return Group(Negative(size)) if text.startswith("-") else size

    return (*parts[:-1], replace(parts[-1], expression=transform(last, number)))


def _as_zero(source: Source, item: Item, last: Expression) -> Reply | None:
    """A typed 0 means 0, not everything below a half."""
    number = literal(last)
    if number is None or number.value or item.form == "formula":
        return None
    found = [slip for slip in item.slips if not slip.value]
    return named(source, found, None) if found else nothing_told()


def _plain_slip(source: Source, item: Item, last: Expression) -> Reply | None:
    """A number that is a slip's to all the digits asked for: nothing else can be meant (`fairness.py`)."""
    stated = literal(last)
    if stated is None or not stated.unit or stated.digits < item.digits or item.form == "formula":
        return None
    if abs(stated.value - exact(item.value)) <= APART * stated.unit:
        return None
    found = fitting(item, stated)
    return named(source, found, None) if found else None


def _other_of_step(source: Source, question: Question, item: Item, last: Expression) -> Reply | None:
    """The new value where the change is asked, or the change where the new value is asked: a question misread."""
    if question.kind != Kind.UPDATE or not isinstance(question.subject, Updated):
        return None
    node = question.subject.node
    new, old = source.read(question.subject), source.read(Value(node))
    change = minus(new, old)
    other, what = (new, "the new value") if item.subject is None else (change, "the change")
    asked = "the change is asked" if item.subject is None else "the new value is asked"
    if not apart(source.value(other), item.value, item.digits):
        return None  # where w is 0 the two are one
    if has_names(last):
        meant = source.judge.equality.same(other, last)
    else:
        stated, value = _stated(question, last), source.value(other)
        meant = stated is not None and not is_short(stated) and fits(at_least(stated, value, item.digits), value)
    return again(f"That is {what}, {to_text(other)}; {asked}.", code="something-else") if meant else None


def _told(
    source: Source, question: Question, item: Item, last: Expression, verdict: Verdict, session: Session
) -> Reply:
    stated = _stated(question, last)
    value = None if literal(last) is not None else float(stated.value) if stated is not None else source.value(last)
    mark, code, message = verdict.mark, verdict.code, verdict.message
    if mark == "wrong" and stated is not None and question.kind != Kind.DERIVATION and _is_near(item, stated):
        mark, code, message = "close", _near_code(item, stated), ""
    if mark in ("right", "close", "notation", "convention", "follows"):
        if mark == "follows" and stated is not None and stated.text and stated.unit and stated.digits < LEAST_DIGITS:
            return again(f"Too few digits to tell: give {item.digits}.", code="too-few-digits")
        if stated is not None and item.form != "formula" and mark != "follows":
            coarse = _too_coarse(source, item, stated)
            if coarse is not None:
                return coarse
            if stated.text and stated.unit and stated.digits < item.digits and not _is_as_asked(item, stated):
                return Reply("right", mark, FEWER_DIGITS, message, value=value)
        return Reply("right", mark, code, message, value=value)
    if mark == "wrong":
        if item.form == "formula" and _has_numbers_put_in(source, item, last):
            return again("A formula in names is asked: leave the numbers out.")
        return missed(source, item, stated, verdict, value, session)
    return again(sentence(message or "that can't be decided", source.vocabulary), mark, code)


def _is_near(item: Item, stated: Stated) -> bool:
    """One more or less in the last digit than the rounded number has; further digits than asked for don't count.

    What is calculated is right where it comes to the number asked for, within the rounding of what was put in.
    """
    if item.form == "formula" or is_short(stated):
        return False
    asked = unit_at(item.value, item.digits)
    room = OFF * max(stated.unit, asked) if stated.text else (asked + stated.unit) / 2
    return bool(stated.unit) and abs(stated.value - exact(item.value)) <= room


def _near_code(item: Item, stated: Stated) -> str:
    """Nothing to say where the number is right to the digits asked for."""
    off = abs(stated.value - exact(item.value)) > unit_at(item.value, item.digits) / 2
    return LAST_DIGIT if off else ""


def _has_numbers_put_in(source: Source, item: Item, last: Expression) -> bool:
    """Is it the right value by a formula with some of the numbers in the place of names?"""
    decimal = any(isinstance(part, Number) and "." in part.text for part in walk(last))
    return decimal and abs(source.value(last) - item.value) <= 1e-3 * abs(item.value)


def _stated(question: Question, last: Expression) -> Stated | None:
    """The number that an answer comes to: typed, or calculated from what is typed.

    A calculation has no text of its own; its unit is the room that the rounding of the numbers put in leaves.
    """
    number = literal(last)
    if number is not None:
        return number
    if has_names(last):
        return None
    given = {abs(Fraction(known.text)) for known in question.known if known.text}
    numbers = numbers_in(last)
    stated = []
    for one in numbers:
        whole = "." not in one.text and "e" not in one.text.lower() and "%" not in one.text
        stated.append(Stated(one.value, Fraction(0) if whole or one.value in given else unit_of(one.text), one.text))

    def at(values: Sequence[Fraction]) -> Fraction:
        put_in = {id(one): value for one, value in zip(numbers, values, strict=True)}
        return as_written(last, lambda one: put_in.get(id(one), one.value))

    try:
        value = as_written(last)
        box = spread(at, [one.value for one in stated], [reach(one) for one in stated])
    except ArithmeticError:
        return None
    return Stated(value, box.high - box.low, "")


def _too_coarse(source: Source, item: Item, stated: Stated) -> Reply | None:
    """Fewer digits than asked for are enough where no slip would look the same."""
    if not stated.text:
        wide = stated.unit > abs(exact(item.value)) / ROOM
        alike = any(abs(stated.value - exact(slip.value)) <= stated.unit / 2 for slip in item.slips)
        said = f"The numbers put in have too few digits to tell: give {item.digits}."
        return again(said, code="too-few-digits") if wide or alike else None
    if not stated.unit or stated.digits >= item.digits:
        return None
    if _is_as_asked(item, stated):
        return None
    padded = max(stated.unit / 10 ** (item.digits - stated.digits), Fraction(1, 10**12))
    found = [s for s in item.slips if agrees(stated.value, padded, exact(s.value))]
    if found and not agrees(stated.value, padded, exact(item.value)):
        return named(source, found, None)
    if stated.digits >= LEAST_DIGITS and not any(fits(stated, slip.value) for slip in item.slips):
        return None
    return again(f"Too few digits to tell: give {item.digits}.", "unknown", "too-few-digits")


def _is_as_asked(item: Item, stated: Stated) -> bool:
    """The right number to the digits asked for, with its last zeros left out perhaps."""
    return stated.value == Fraction(as_asked(item.value, item.digits))
