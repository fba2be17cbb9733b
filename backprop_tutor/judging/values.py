"""A stated number against its references: the truth, what follows from the person's own lines, what is written.

No tolerance is used: agreement is half a unit of the last stated digit, and what lies outside must be explained by
truncation or by honest rounding of the numbers that went in (intervals over their half units), or it is a mistake.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from ..engine.network import Network
from ..formulas.digits import significant
from ..formulas.expression import Call, Derivative, Expression, Name, names_in, ungrouped
from ..handwork.claims import Mark
from ..handwork.exact import Stated, agrees, exact, near, truncates
from ..handwork.quantities import Gradient, Rate, Subject, Updated, Value
from ..slips.catalogue import right_forms
from .alignment import Pair
from .closures import slope_needs
from .moved import Moved, decimals, ending
from .own_names import OwnName
from .pen import pen_slip
from .person import STANDARD, Answer, Line, Person, Truth, subject_of
from .rule_forms import rule_forms

LAST_DIGIT_NEEDS = 3  # significant digits: below that, off by one is a large error
SMALL_STEPS = range(-3, -8, -1)  # powers of ten by which people move a value for a difference quotient
GIVEN_NEEDS = 2  # significant digits: given data are copied, not rounded to one


@dataclass(frozen=True, slots=True)
class Ground:
    """How a number stands: mark, code, sentence, what was expected, the lines it follows from.

    `kind` is only used for numbers put in: "true", "stated" or "unknown".
    """

    mark: Mark
    code: str = ""
    message: str = ""
    expected: float | None = None
    lines: tuple[int, ...] = ()
    interval: tuple[float, float] | None = None
    kind: str = "true"
    instead: str = ""  # of a wrong number: what it should be, from the truth and from the person's own numbers


class Reference:
    """Everything a number may be compared with, at one line of a sheet."""

    def __init__(
        self,
        truth: Truth | None,
        person: Person,
        history: Mapping[Subject, Sequence[Line]],
        later: Mapping[Subject, Sequence[Line]],
        network: Network,
        decided: Callable[[Subject], bool] = lambda subject: True,
        own: Mapping[str, OwnName] | None = None,
        moved: Moved | None = None,
    ) -> None:
        self.truth = truth
        self.person = person
        self.history = history
        self.later = later
        self.network = network
        self.decided = decided
        self.own = {} if own is None else own
        self.moved = moved
        self.used_later = False

    @cached_property
    def exact_values(self) -> frozenset[Fraction]:
        """Numbers that carry no rounding: given data, and true values that end after some decimals."""
        known = self.given | decimals(self.person.nudges.values())
        return (
            known if self.truth is None else known | ending((*self.truth.values, *self.truth.trace.adjoints.tolist()))
        )

    @cached_property
    def given(self) -> frozenset[Fraction]:
        """The given data: values of inputs, parameters and targets, the learning rate, constants of the update."""
        graph = self.person.graph
        constants = graph.rule.numbers.values() if graph.rule is not None else ()
        return decimals([*self.person.leaves.values(), self.person.rate, *constants])

    def given_value(self, formula: Expression) -> Fraction | None:
        """The value of a given quantity as it is typed in the scenario; None for what is calculated or only assumed.

        A slope that is simply a given quantity (∂z/∂w of w·x + b) counts as one.
        """
        person = self.person
        subject = subject_in(formula, person)
        if isinstance(subject, Gradient) and person.graph.direct_only(subject.of, subject.by):
            slope = person.graph.node_formula(subject.of)
            names = slope_needs(slope, person.graph.name(subject.by))
            other = subject_of(person.vocabulary, next(iter(names))) if len(names) == 1 else None
            if other is None or (self.truth is not None and self.truth.of(subject) != self.truth.of(other)):
                return None
            subject = other
        if isinstance(subject, Rate):
            return next(iter(decimals([person.rate])), None)
        if not isinstance(subject, Value) or not person.is_given(subject.node):
            return None
        return next(iter(decimals([person.leaves[subject.node]])), None)

    def truth_of(self, subject: Subject) -> Fraction | None:
        return None if self.truth is None else finite(self.truth.of(subject))

    def forms(self, subject: Subject) -> Sequence[Expression]:
        """The usual right formulas of a quantity; under a convention those that it leaves right."""
        usual = rule_forms(self.person.vocabulary, subject) or right_forms(self.network, subject)
        truth = self.truth
        if truth is None or truth.convention == STANDARD:
            return usual
        value = truth.of(subject)
        return [form for form in usual if math.isclose(truth.evaluate(form), value, rel_tol=1e-9, abs_tol=1e-15)]

    def totals(self, subject: Subject | None, formula: Expression) -> list[tuple[Fraction, tuple[int, ...]]]:
        """What a formula, or a quantity by any usual formula, comes to, with the lines at fault that it rests on."""
        forms = (formula, *(self.forms(subject) if subject is not None else ()))
        found: list[tuple[Fraction | None, tuple[int, ...]]] = []
        if self.truth is not None:
            found.append((finite(self.truth.evaluate(formula)), ()))
        found += [(finite(a.value), self.person.faulty(a)) for a in map(self.person.answer, forms)]
        return sorted(((v, lines) for v, lines in found if v is not None), key=lambda total: bool(total[1]))

    def best(self, formula: Expression) -> float | None:
        """What belongs in a formula's place: the true value, else the person's."""
        value = self.truth.evaluate(formula) if self.truth is not None else self.person.evaluate(formula)
        return None if value != value else value

    def belongs(self, formula: Expression) -> str:
        value = self.best(formula)
        return "an unknown number" if value is None else f"{significant(value)}"

    # ------------------------------------------------------------------ numbers put in
    def fits(self, pair: Pair, people: Sequence[Person]) -> Ground | None:
        """Why a number may stand where it stands, or None when it doesn't belong there."""
        for own in self.own.values():
            if own.line is not None and own.is_its_number(pair.formula, pair.number):
                at_fault = (own.line.line,) if own.line.faulty else ()
                stands = float(own.line.number.value)
                return Ground("follows" if at_fault else "right", "", "", stands, at_fault, None, "stated")
        number, formula = pair.number, self.as_quantity(pair.formula)
        value, unit = number.value, number.unit
        given = self.given_value(formula)
        if given is not None and not self.is_given(number, given):
            return self.stated_otherwise(formula, value, people)
        answers = [person.answer(formula) for person in people]
        for person, answer in zip(people, answers, strict=True):
            found = finite(answer.value)
            if found is None or not (answer.rests_on or person.nudges):
                continue
            if _close_enough(value, unit, found, number.digits):
                lines = person.faulty(answer)
                true = None if self.truth is None else finite(self.truth.evaluate(formula))
                if lines and true is not None and agrees(value, unit, true):
                    lines = ()
                return Ground("follows" if lines else "right", "", "", float(found), lines, None, "stated")
        if self.truth is not None:
            true = finite(self.truth.evaluate(formula))
            if true is not None and _close_enough(value, unit, true, number.digits):
                return Ground("right", "", "", float(true), (), None, "true")
        stated_later = self.stated_later(formula, value, unit)
        if stated_later is not None:
            return stated_later
        subject = subject_in(formula, self.person)
        if self.truth is None or (subject is not None and not self.decided(subject)):
            return Ground("unknown", "not-stated", "", None, (), None, "unknown")
        return None

    def is_given(self, number: Stated, given: Fraction) -> bool:
        """Is a number this given value: exactly, or rounded to two digits or more and no other given value?"""
        if number.value == given:
            return True
        if number.digits < GIVEN_NEEDS or number.value in self.given:
            return False
        return agrees(number.value, number.unit, given) or truncates(number.value, number.unit, given)

    def stated_otherwise(self, formula: Expression, value: Fraction, people: Sequence[Person]) -> Ground | None:
        """A number that is not the given value, where the person said before that this is what they have for it."""
        for person in people:
            answer = person.answer(formula)
            lines = person.faulty(answer)
            if lines and finite(answer.value) == value:
                return Ground("follows", "", "", float(value), lines, None, "stated")
        return None

    def as_quantity(self, formula: Expression) -> Expression:
        """`σ(h11)` as the quantity a11 that it is."""
        formula = ungrouped(formula)
        if isinstance(formula, Call):
            for name in names_in(formula)[:1]:
                node = self.person.vocabulary.nodes.get(name)
                for user in self.person.graph.users.get(node, ()) if node is not None else ():
                    if ungrouped(self.person.graph.node_formula(user)) == formula:
                        own = self.person.graph.name(user)
                        return Name(own, own)
        return formula

    def stated_later(self, formula: Expression, value: Fraction, unit: Fraction) -> Ground | None:
        """A number that the person states further down (or stated before and replaced)."""
        person = Person(self.person.vocabulary, self.person.leaves, convention=self.person.convention)
        for lines in (self.later, self.history):
            for subject, found in lines.items():
                if found:
                    person.stated[subject] = found[-1]
        answer = person.answer(formula)
        found_value = finite(answer.value)
        if found_value is None or not answer.rests_on:
            return None
        if not agrees(value, unit, found_value):
            return None
        rests = person.faulty(answer)
        self.used_later = True
        return Ground("follows" if rests else "right", "", "", float(found_value), rests, None, "stated")


def subject_in(formula: Expression, person: Person) -> Subject | None:
    """The quantity that a formula simply names."""
    formula = ungrouped(formula)
    if isinstance(formula, Name):
        return subject_of(person.vocabulary, formula.name)
    if isinstance(formula, Derivative):
        of, by = person.vocabulary.nodes.get(formula.of), person.vocabulary.nodes.get(formula.by)
        return None if of is None or by is None else Gradient(of, by)
    return None


def finite(value: float) -> Fraction | None:
    """The float as a fraction, None for nan and infinities."""
    return None if value != value or abs(value) == float("inf") else exact(value)


def _close_enough(value: Fraction, unit: Fraction, reference: Fraction, digits: int) -> bool:
    """Rounded, cut off, or off by one in the last of at least three digits."""
    if not unit:
        return abs(value - reference) <= Fraction(1, 10**9) * max(abs(reference), Fraction(1))
    if agrees(value, unit, reference) or truncates(value, unit, reference):
        return True
    return digits >= LAST_DIGIT_NEEDS and near(value, unit, reference)


# ---------------------------------------------------------------- the decision
def judge_number(
    reference: Reference,
    person: Person,
    subject: Subject,
    number: Stated,
    own_formula: Expression | None,
    written: Fraction | None,
    operand_lines: tuple[int, ...],
    unknown_operands: bool,
    line: int,
    formula_line: int,
) -> Ground:
    """The mark of one stated value; first rule that holds.

    `own_formula` is the person's formula where it is wrong, on `formula_line`; `written` the value of the numbers put
    in where these and their arithmetic are right; `operand_lines` the lines at fault that these numbers come from.
    """
    y, unit = number.value, number.unit
    true = reference.truth_of(subject)
    certain = true is not None and reference.decided(subject)
    expected = None if true is None else float(true)
    if true is not None and certain and agrees(y, unit, true):
        return _true(reference, person, subject, number, true)
    again = _repeated(reference, subject, number)
    if again is not None:
        return Ground("follows", "carried", f"the number of line {again} again", expected, (again,))
    carried = candidates(reference, person, subject)
    sure = [c for c in carried if not c.assumed]
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
    if own_formula is not None:
        value = finite(person.evaluate(own_formula))
        if value is not None and (agrees(y, unit, value) or truncates(y, unit, value)):
            where = "in this line" if formula_line == line else f"of line {formula_line}"
            return Ground("follows", "carried", f"follows from the formula {where}", expected, (formula_line,))
    near_misses = _rounding(reference, person, subject, number, true if certain else None, sure, expected)
    if near_misses is not None:
        return near_misses
    quotient = _difference_quotient(reference, subject, number) if certain else None
    if quotient is not None:
        return Ground("close", "difference-quotient", quotient, expected)
    if written is not None and not unknown_operands and (agrees(y, unit, written) or truncates(y, unit, written)):
        if operand_lines:
            return Ground("follows", "carried", f"follows from line {_list(operand_lines)}", expected, operand_lines)
        if not agrees(y, unit, written):
            return Ground("close", "truncated", f"cut off, not rounded: {significant(float(written))}", expected)
        return Ground("close", "rounded-intermediates", "right from the numbers as written", expected)
    if unknown_operands or (not certain and not sure):
        agreeing = true is not None and (agrees(y, unit, true) or truncates(y, unit, true))
        message = "the document does not state all that this needs" + (
            "; it agrees with the assumed values" if agreeing else ""
        )
        return Ground("unknown", "not-stated", message, expected)
    target = true if certain and true is not None else finite(sure[0].value) if sure else true
    if target is None:
        return Ground("unknown", "not-checkable", "there is nothing to compare this with", None)
    instead = f"should be {significant(float(target))}" + (_from_yours(person, sure, target) if certain else "")
    code, message = pen_slip(number, target)
    if not code or code == "arithmetic":
        code, message = "wrong", instead
    return Ground("wrong", code, message, float(target), instead=instead)


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
        ways = candidates(reference, person, subject)
        if ways and all(person.faulty(way) and not _within(reference, person, subject, number, way) for way in ways):
            own = finite(ways[0].value)
            lines = person.faulty(ways[0])
            message = f"this is the true value, yet your line {lines[0]} gives {significant(float(own or 0))}"
            return Ground("right", "right-but-not-from-yours", message, expected)
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


def candidates(reference: Reference, person: Person, subject: Subject) -> list[Answer]:
    """What the person's own lines give for the subject, by every usual way of calculating it."""
    answers = [person.carried(subject)]
    if isinstance(subject, (Gradient, Updated)):
        answers.append(person.carried(subject, by_result=False))
    for form in reference.forms(subject):
        answers.append(person.answer(form, without=subject))
    return [a for a in answers if finite(a.value) is not None]


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
