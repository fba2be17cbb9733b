"""May a number stand where it stands? What a line's numbers are compared with, and how they stand to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property

from ..engine.network import Network
from ..formulas.digits import significant
from ..formulas.expression import Call, Derivative, Expression, Name, names_in, ungrouped
from ..handwork.claims import Mark
from ..handwork.exact import Stated, agrees, decimals, finite, near, truncates
from ..handwork.quantities import Gradient, Rate, Subject, Value
from ..kept import Kept
from ..slips.catalogue import right_forms
from ..values import Struct
from .alignment import Pair
from .closures import slope_needs
from .moved import Moved
from .own_names import OwnName
from .person import STANDARD, Line, Person, Truth, subject_of
from .rule_forms import rule_forms

LAST_DIGIT_NEEDS = 3  # significant digits: below that, off by one is a large error
GIVEN_NEEDS = 2  # significant digits: given data are copied, not rounded to one


class Ground(Struct, frozen=True):
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
        nudges = decimals(self.person.nudges.values())
        return nudges if self.truth is None else self.truth.exact_values | nudges

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
        graph = self.person.graph
        if truth.convention.local and isinstance(subject, Gradient) and graph.two_slopes(subject.of, subject.by):
            return [self.network.local(subject.of, subject.by)]
        value = truth.of(subject)
        return Kept(f for f in usual if math.isclose(truth.evaluate(f), value, rel_tol=1e-9, abs_tol=1e-15))

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
        if given is not None and not self.copies(number, given):
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
        subject = subject_in(formula, self.person)
        not_stated = self.carried_on(subject, value, unit, number.digits) or self.stated_later(formula, value, unit)
        if not_stated is not None:
            return not_stated
        if self.truth is None or (subject is not None and not self.decided(subject)):
            return Ground("unknown", "not-stated", "", None, (), None, "unknown")
        return None

    def copies(self, number: Stated, given: Fraction) -> bool:
        """Is a number this given value: exactly, or rounded to two digits or more and no other given value?"""
        if number.value == given:
            return True
        if number.digits < GIVEN_NEEDS or (self.truth is not None and number.value in self.truth.given):
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

    def carried_on(self, subject: Subject | None, value: Fraction, unit: Fraction, digits: int) -> Ground | None:
        """A number that the person's other lines give, where the one that they state for it is a slip."""
        line = self.person.stated.get(subject) if subject is not None else None
        if subject is None or line is None or not line.faulty:
            return None
        answer = self.person.carried(subject)
        found = finite(answer.value)
        if found is None or not _close_enough(value, unit, found, digits):
            return None
        lines = self.person.faulty(answer)
        return Ground("follows" if lines else "right", "", "", float(found), lines, None, "stated")

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


def _close_enough(value: Fraction, unit: Fraction, reference: Fraction, digits: int) -> bool:
    """Rounded, cut off, or off by one in the last of at least three digits."""
    if not unit:
        return abs(value - reference) <= Fraction(1, 10**9) * max(abs(reference), Fraction(1))
    if agrees(value, unit, reference) or truncates(value, unit, reference):
        return True
    return digits >= LAST_DIGIT_NEEDS and near(value, unit, reference)
