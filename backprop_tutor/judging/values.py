"""A stated number against its references: the truth, what follows from the person's own lines, what is written.

No tolerance is used: agreement is half a unit of the last stated digit, and what lies outside must be explained by
truncation or by honest rounding of the numbers that went in (intervals over their half units), or it is a mistake.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from ..formulas.digits import significant
from ..formulas.expression import Expression
from ..handwork.exact import Interval, Stated, agrees, exact, finite, near, truncates
from ..handwork.quantities import Gradient, Subject, Updated, Value
from ..kept import Kept
from ..values import Struct, replace
from .fitting import LAST_DIGIT_NEEDS, Ground, Reference
from .pen import pen_slip
from .person import Answer, Person

SMALL_STEPS = range(-3, -8, -1)  # powers of ten by which people move a value for a difference quotient


class AsWritten(Struct, frozen=True):
    """What numbers put in give, and the range of it while each may be off by a whole unit of its last digit."""

    value: Fraction
    room: Callable[[], Interval]

    def explains(self, y: Fraction, true: Fraction | None, certain: bool, carried: Sequence[Answer]) -> bool:
        """Is it only the rounding of the numbers put in that leads away from the truth, or from the person's lines?"""
        if true is None or not certain:
            return true is None or not y or (y > 0) == (true > 0)
        others = (finite(answer.value) for answer in carried)
        values = [true, *(value for value in others if value is not None)]
        room = self.room()
        return any(room.low <= value <= room.high for value in values)


def judge_number(
    reference: Reference,
    person: Person,
    subject: Subject,
    number: Stated,
    own_formula: Expression | None,
    as_written: AsWritten | None,
    operand_lines: tuple[int, ...],
    unknown_operands: bool,
    line: int,
    formula_line: int,
    right_formula: Expression | None = None,
) -> Ground:
    """The mark of one stated value; first rule that holds.

    `own_formula` is the person's formula where it is wrong, on `formula_line`; `as_written` is what the numbers put in
    give where these and their arithmetic are right; `operand_lines` are lines at fault that these numbers come from;
    `right_formula` is the line's own where that is right.
    """
    written = None if as_written is None else as_written.value
    y, unit = number.value, number.unit
    true = reference.truth_of(subject)
    certain = true is not None and reference.decided(subject)
    expected = None if true is None else float(true)
    if true is not None and certain and agrees(y, unit, true):
        return _true(reference, person, subject, number, true)
    again = _repeated(reference, subject, number)
    if again is not None:
        return Ground("follows", "carried", f"the number of line {again} again", expected, (again,))
    sure = Kept(c for c in candidates(reference, person, subject) if not c.assumed)
    own = None if certain else next((c for c in sure if not person.faulty(c)), None)
    if own is not None:
        expected = own.value  # the person's own lines know it better than values that are only assumed
    for answer in sure:
        value = finite(answer.value)
        if value is None or not agrees(y, unit, value):
            continue
        lines = person.faulty(answer)
        if lines:
            return _following(person, answer, value, subject, expected)
        if not certain:
            return Ground("right", "rounded", "", float(value))
        return Ground("close", "rounded-intermediates", "right from your rounded numbers", expected)
    if written is not None and agrees(y, unit, written) and operand_lines:
        return Ground("follows", "carried", f"follows from line {_list(operand_lines)}", expected, operand_lines)
    if right_formula is not None:
        answer = person.answer(right_formula, without=subject)
        value = finite(answer.value)
        sound = not answer.assumed and bool(person.faulty(answer))
        if value is not None and sound and agrees(y, unit, value):
            return _following(person, answer, value, subject, expected)
    if own_formula is not None:
        value = finite(person.evaluate(own_formula))
        if value is not None and (agrees(y, unit, value) or truncates(y, unit, value)):
            where = "in this line" if formula_line == line else f"of line {formula_line}"
            return Ground("follows", "carried", f"follows from the formula {where}", expected, (formula_line,))
    carried_on = as_written is not None and not unknown_operands and not operand_lines
    near_written = written is not None and (agrees(y, unit, written) or truncates(y, unit, written))
    carried_on = carried_on and near_written
    explained = carried_on and as_written is not None and as_written.explains(y, true, certain, sure)
    if explained and written is not None and agrees(y, unit, written):
        if true is not None and agrees(y, unit, true):
            return Ground("right", "rounded", "it agrees with the assumed values", expected)
        return Ground("close", "rounded-intermediates", "right from the numbers as written", expected)
    near_misses = _rounding(reference, person, subject, number, true if certain else None, sure, expected)
    if near_misses is not None:
        return near_misses
    quotient = _difference_quotient(reference, subject, number) if certain else None
    if quotient is not None:
        return Ground("close", "difference-quotient", quotient, expected)
    if written is not None and not unknown_operands and truncates(y, unit, written):
        if operand_lines:
            return Ground("follows", "carried", f"follows from line {_list(operand_lines)}", expected, operand_lines)
        if explained:
            return Ground("close", "truncated", f"cut off, not rounded: {significant(float(written))}", expected)
    if any(person.faulty(answer) for answer in sure):
        other = _from_right_lines(reference, person, subject, number, expected)
        if other is not None:
            return other
    if unknown_operands or (not certain and not sure):
        message = "the document does not state all that this needs" + _agreeing(reference, person, subject, number)
        return Ground("unknown", "not-stated", message, expected)
    target = true if certain and true is not None else finite(sure[0].value) if sure else true
    if target is None:
        return Ground("unknown", "not-checkable", "there is nothing to compare this with", None)
    instead = f"should be {significant(float(target))}" + (_from_yours(person, sure, target) if certain else "")
    code, message = pen_slip(number, target)
    if not code or code == "arithmetic":
        code, message = "wrong", instead
    return Ground("wrong", code, message, float(target), instead=instead)


def _agreeing(reference: Reference, person: Person, subject: Subject, number: Stated) -> str:
    """What an undecided number agrees with: the assumed values, or the person's own lines and these."""

    def fits(value: Fraction | None) -> bool:
        y, unit = number.value, number.unit
        return value is not None and (agrees(y, unit, value) or truncates(y, unit, value))

    if fits(reference.truth_of(subject)):
        return "; it agrees with the assumed values"
    for own in (person, _with_twins(reference, person)):
        answer = own.carried(subject)
        worked_out = (s for s in answer.rests_on if not isinstance(s, Value) or s.node not in own.leaves)
        lines = sorted({own.stated[s].line for s in worked_out})
        if lines and fits(finite(answer.value)):
            named = f"line {lines[0]}" if len(lines) == 1 else f"lines {_list(lines[:-1])} and {lines[-1]}"
            return f"; it agrees with your {named} and the assumed values"
    return ""


def _with_twins(reference: Reference, person: Person) -> Person:
    """The person with what they state of one unit for those that have the same formula and the same value."""
    graph, truth = person.graph, reference.truth
    found = Person(person.vocabulary, person.leaves, person.stated, person.convention, person.nudges)
    for subject, line in person.stated.items():
        place = graph.group_of(subject.node) if isinstance(subject, Value) else None
        if truth is None or place is None or not isinstance(subject, Value):
            continue
        group, value = place[0], truth.value(subject.node)
        for twin in range(group.start, group.start + group.rows):
            if Value(twin) not in found.stated and truth.value(twin) == value:
                found.stated[Value(twin)] = line
    return found


def _from_right_lines(
    reference: Reference, person: Person, subject: Subject, number: Stated, expected: float | None
) -> Ground | None:
    """A number that follows from the person's right lines: what a slip wrote down was not what they went on with."""
    right = {s: line for s, line in person.stated.items() if not line.faulty}
    trusted = Person(person.vocabulary, person.leaves, right, person.convention, person.nudges)
    answers = list(candidates(reference, trusted, subject))
    values = [value for a in answers if not a.assumed and (value := finite(a.value)) is not None]
    if any(agrees(number.value, number.unit, value) for value in values):
        return Ground("close", "rounded-intermediates", "right from your rounded numbers", expected)
    return _rounding(reference, trusted, subject, number, None, answers, expected)


def _difference_quotient(reference: Reference, subject: Subject, number: Stated) -> str | None:
    """What to say of a number that is a difference quotient of the derivative, as exact as its step allows."""
    moved = reference.moved
    if moved is None or not isinstance(subject, Gradient) or subject.by not in reference.person.leaves:
        return None
    for power in SMALL_STEPS if number.digits >= LAST_DIGIT_NEEDS else ():
        for quotient in moved.quotients(subject, 10.0**power):
            if agrees(number.value, number.unit, quotient):
                return f"a difference quotient for a step of {10.0**power:g}, near the derivative itself"
    return None


def _from_yours(person: Person, carried: Sequence[Answer], target: Fraction) -> str:
    """What a person's own numbers give where lines at fault lead elsewhere than to the truth."""
    answer = next((a for a in carried if person.faulty(a)), None)
    if answer is None or math.isclose(answer.value, target, rel_tol=1e-6):
        return ""
    lines = person.faulty(answer)
    return f", or {significant(answer.value)} from your line{'s' if len(lines) > 1 else ''} {_list(lines)}"


def judge_stated(judged: Callable[[Stated], Ground], number: Stated) -> Ground:
    """The mark of a number as typed; a whole number's zeros at its end may only fill places (100 for 98)."""
    ground = judged(number)
    text = number.text.lstrip("-")
    zeros = len(text) - len(text.rstrip("0")) if text.isdecimal() and number.value else 0
    for places in range(1, zeros + 1):
        if ground.mark in ("right", "follows"):
            break
        wider = judged(Stated(number.value, number.unit * 10**places, number.text, number.open))
        if wider.mark in ("right", "follows"):
            digits = len(text) - places
            message = f"right to {digits} digit{'s' if digits > 1 else ''}"
            return replace(wider, message=message) if wider.mark == "right" else wider
    return ground


def _true(reference: Reference, person: Person, subject: Subject, number: Stated, true: Fraction) -> Ground:
    """A number that is the true value: with what should be said of it all the same."""
    y, unit = number.value, number.unit
    expected = float(true)
    if any(stated.faulty for stated in person.stated.values()):
        first: Answer | None = None
        for way in candidates(reference, person, subject):
            if not person.faulty(way) or _within(reference, person, subject, number, way):
                break
            first = first or way
        else:
            if first is not None:
                own = f"your line {person.faulty(first)[0]} gives {significant(first.value)}"
                return Ground("right", "right-but-not-from-yours", f"this is the true value, yet {own}", expected)
    if not y and true:
        return Ground("right", "rounded", f"no digit survives: write {_scientific(expected)}", expected)
    code = "exact" if abs(y - true) <= abs(true) * Fraction(1, 10**13) else "rounded"
    if isinstance(subject, Updated) and unit:
        old = person.value(subject.node)
        step = abs(expected - old)
        if 0 < step < unit and agrees(y, unit, exact(old)):
            message = f"right as stated; the step of {_scientific(step)} does not show at these digits"
            return Ground("right", "update-invisible", message, expected)
    return Ground("right", code, "", expected)


def _repeated(reference: Reference, subject: Subject, number: Stated) -> int | None:
    """The line at fault that said the same number of the same quantity before, where nothing else was said since."""
    before = reference.history.get(subject, ())
    if not before or not _same_number(before[-1].number, number) or not before[-1].faulty:
        return None
    return next(line.line for line in before if line.faulty and _same_number(line.number, number))


def _same_number(one: Stated, two: Stated) -> bool:
    """Are two numbers one, perhaps with other digits?"""
    return agrees(two.value, two.unit, one.value) or agrees(one.value, one.unit, two.value)


def _within(reference: Reference, person: Person, subject: Subject, number: Stated, answer: Answer) -> bool:
    """Is a number what an answer gives, rounded, cut off or within the rounding of what went in?"""
    value = finite(answer.value)
    if value is None:
        return False
    if agrees(number.value, number.unit, value) or truncates(number.value, number.unit, value):
        return True
    box = person.box(answer, lambda p: p.carried(subject).value, reference.truth)
    return box is not None and box.meets(number.value, number.unit)


def _following(person: Person, answer: Answer, value: Fraction, subject: Subject, expected: float | None) -> Ground:
    """A number that follows from a mistake; where that made it trivial, it shows nothing."""
    lines = person.faulty(answer)
    stated = [person.stated[s] for s in answer.rests_on]
    trivial = [line for line in stated if line.faulty and line.trivial]
    if trivial:
        others = [abs(float(line.number.value)) for line in stated if not line.trivial]
        unchanged = isinstance(subject, Updated) and value == finite(person.value(subject.node))
        if not value or unchanged or any(math.isclose(abs(value), other, rel_tol=1e-12) for other in others):
            message = f"follows from line {_list(lines)}, where {trivial[0].number.text} makes it trivial: no evidence"
            return Ground("follows", "no-evidence", message, expected, lines)
    return Ground("follows", "carried", f"follows from line {_list(lines)}", expected, lines)


def _scientific(value: float) -> str:
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def candidates(reference: Reference, person: Person, subject: Subject) -> Iterator[Answer]:
    """What the person's own lines give for the subject, by every usual way of calculating it; each when asked for."""
    return (answer for answer in _ways(reference, person, subject) if math.isfinite(answer.value))


def _ways(reference: Reference, person: Person, subject: Subject) -> Iterator[Answer]:
    yield person.carried(subject)
    if isinstance(subject, (Gradient, Updated)):
        yield person.carried(subject, by_result=False)
        if person.parts:
            yield person.carried(subject, by_parts=False)
    for form in reference.forms(subject):
        yield person.answer(form, without=subject)


def _rounding(
    reference: Reference,
    person: Person,
    subject: Subject,
    number: Stated,
    true: Fraction | None,
    carried: Sequence[Answer],
    expected: float | None,
) -> Ground | None:
    """Cut off, within the intervals of rounded operands, or one off in the last digit."""
    y, unit = number.value, number.unit
    values: list[tuple[Fraction | None, tuple[int, ...]]] = [(true, ())]
    values += [(finite(a.value), person.faulty(a)) for a in carried]
    for value, lines in values:
        if value is not None and truncates(y, unit, value):
            shown = f"cut off, not rounded: {significant(float(value))}"
            if lines:
                return Ground("follows", "carried", f"follows from line {_list(lines)}; {shown}", expected, lines)
            return Ground("right" if number.open else "close", "truncated", shown, expected)
    for answer in carried:
        for truncating in (False, True):
            box = person.box(answer, lambda p: p.carried(subject).value, reference.truth, truncating)
            if box is None:
                continue
            if box.meets(y, unit) or (truncating and box.meets_truncated(y, unit)):
                lines = person.faulty(answer)
                interval = (float(box.low), float(box.high))
                if lines:
                    return Ground("follows", "carried", f"follows from line {_list(lines)}", expected, lines, interval)
                message = "as exact as your rounded numbers allow"
                return Ground("close", "within-rounding", message, expected, (), interval)
        break
    if number.digits >= LAST_DIGIT_NEEDS:
        for value, lines in values:
            if value is not None and near(y, unit, value):
                if lines:
                    return Ground("follows", "carried", f"follows from line {_list(lines)}", expected, lines)
                return Ground("close", "last-digit", f"the last digit is off: {significant(float(value))}", expected)
    return None


def _list(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines))
