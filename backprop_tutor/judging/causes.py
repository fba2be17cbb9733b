"""Why a number is wrong: the single change that explains it, or an honest silence.

Candidates are the catalogue's slips (`slips/catalogue.py`, wrong formulas for a quantity), one term's sign, one term
left out, and slips of the pen. Each is tried at the true values and at the person's own. A match counts for as much as
it is surprising: with two digits many stories fit by chance, so a cause is named only when it is at least four times as
likely as all others together, chance included; near ties are shown as ties, at most three.

Where the numbers put in are shown they are asked first: what they come to is known more exactly than a rounded result,
and numbers that stand as a slip's own formula has them leave little to chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..formulas.expression import Derivative, Expression, Negative, Product, Sum, ungrouped, walk
from ..formulas.typeset import to_text
from ..handwork.claims import Explanation, Verdict
from ..handwork.exact import Interval, Stated, agrees, finite, truncates
from ..handwork.meaning import subject_of
from ..handwork.quantities import Gradient, Subject, Value
from ..slips.catalogue import SLIPS, Variant, variants
from ..slips.rule_steps import line_of
from ..values import Struct, replace
from .alignment import Fits, align
from .pen import DIGIT_SLIP_NEEDS, pen_slip
from .person import Model, Person

if TYPE_CHECKING:
    from .judge import Judge

NAMED = 0.8  # posterior from which a cause is named
NO_SLIP = 0.35  # prior of "none of these"
DECADES = 4  # an unrelated number is log-uniform over this many, of either sign
MOST_SHOWN = 3
PEN_PRIOR = 1.0
CODES = frozenset(slip.code for slip in SLIPS)
TERM_PRIOR = 0.5
STANDING = 0.02  # of the chance that numbers agree, where they also stand as a slip's formula has them
EXACT = Fraction(1, 10**9)  # of a value: two ways of calculating one number with doubles


class Misfit(Struct, frozen=True):
    """A number put in that doesn't belong; what does, and the unit to which the person has that (None: nowhere)."""

    number: Stated
    right: Fraction | None
    unit: Fraction | None

    @property
    def by_chance(self) -> float:
        """How likely an unrelated number, or the right one with a digit changed, is to be this one."""
        comparable = self.unit == self.number.unit if self.unit is not None else self.number.digits > 1
        return _by_chance(self.number, self.right if comparable else None, 1)


class Written(Struct, frozen=True):
    """Numbers put in: as they stand, what they come to, and its range while each stays within its half unit.

    `misfits` are those that don't belong where they stand, where the rest stands as in the right formula.
    """

    expression: Expression
    value: Fraction
    box: Interval
    fits: Fits  # may a number stand for a piece of a formula?
    misfits: tuple[Misfit, ...] = ()

    def gives(self, value: Fraction) -> bool:
        room = abs(value) * EXACT
        return self.box.low - room <= value <= self.box.high + room

    def stands_as(self, formula: Expression) -> bool:
        """Does every number stand in the place of a piece of the formula that it belongs to?"""
        pairs = align(formula, self.expression, self.fits)
        return bool(pairs) and all(self.fits(pair) for pair in pairs or ())

    @property
    def stated(self) -> Stated:
        """The value, as exact as the numbers put in make it."""
        return Stated(self.value, max(self.box.high - self.box.low, abs(self.value) * EXACT), "")


# ---------------------------------------------------------------- a number that is wrong
class _Candidate(Struct, frozen=True):
    code: str
    message: str
    prior: float
    value: Fraction
    formula: Expression | None = None
    right: Expression | None = None
    catalogued: bool = False


def _same(one: Fraction, two: Fraction, code: str) -> bool:
    """Is a catalogued slip's value the one of a slip of the pen? A turned sign may come from rounded numbers."""
    return abs(one - two) <= max(abs(one), abs(two)) * Fraction(1, 10 ** (3 if code == "sign" else 9))


def number_causes(judge: Judge, person: Person, subject: Subject, number: Stated, line: int) -> tuple[Explanation, ...]:
    """What may lie behind a wrong number, most likely first; empty when nothing explains it well."""
    models = _models(judge, person)
    candidates = (*_slips(judge, models, person, subject), *_of_the_pen(models, person, subject, number))
    found = _matching(candidates, lambda value: _matches(number, value))
    true = finite(models[0].of(subject))
    return _ranked(judge, subject, _by_code(found), NO_SLIP * _by_chance(number, true), line)


def written_causes(
    judge: Judge, person: Person, subject: Subject, written: Written, line: int
) -> tuple[Explanation, ...]:
    """The slip whose formula the numbers put in are, most likely first; empty when they are none's.

    Where the numbers stand as in the right formula but for some misfits, a slip has to account for just those: else one
    of them was simply copied wrongly.
    """
    models = _models(judge, person)
    found = _matching(_slips(judge, models, person, subject), written.gives)
    standing = [c for c in found if c.formula is not None and written.stands_as(c.formula)]
    if written.misfits:
        accounting = [c for c in found if all(_has(judge, c, models, misfit.number) for misfit in written.misfits)]
        chance = NO_SLIP * math.prod(misfit.by_chance for misfit in written.misfits)
        return _ranked(judge, subject, _by_code(standing or accounting), chance, line)
    chance = NO_SLIP * _by_chance(written.stated, None)
    return _ranked(judge, subject, _by_code(standing or found), chance * STANDING if standing else chance, line)


def _has(judge: Judge, candidate: _Candidate, models: Sequence[Model], number: Stated) -> bool:
    """Is a number the value of some piece of a slip's formula, its sign aside? A factor of 1 is in every formula.

    A derivative in it may be written as a chain: ∂L#1/∂z#1·x#1 for ∂L#1/∂w.
    """
    if abs(number.value) == 1:
        return True
    pieces = [] if candidate.formula is None else list(walk(candidate.formula))
    for piece in list(pieces):
        subject = subject_of(piece, judge.vocabulary) if isinstance(piece, Derivative) else None
        if isinstance(subject, Gradient):
            users = judge.network.uses(subject.by, subject.of)
            pieces += [judge.network.derivative(subject.of, user) for user in users if user != subject.of]
    values = (finite(model.evaluate(piece)) for piece in pieces for model in models)
    size = abs(number.value)
    return any(value is not None and agrees(size, number.unit, abs(value)) for value in values)


def _matching(candidates: Iterable[_Candidate], fits: Callable[[Fraction], bool]) -> list[_Candidate]:
    """The candidates of a fitting value, without those for which the catalogue has a name."""
    found = [c for c in candidates if fits(c.value)]
    catalogued = [c.value for c in found if c.catalogued]
    return [c for c in found if c.catalogued or not any(_same(value, c.value, c.code) for value in catalogued)]


def _by_code(candidates: Iterable[_Candidate]) -> dict[str, _Candidate]:
    """Of each code the likeliest."""
    found: dict[str, _Candidate] = {}
    for candidate in candidates:
        kept = found.get(candidate.code)
        if kept is None or kept.prior < candidate.prior:
            found[candidate.code] = candidate
    return found


def _models(judge: Judge, person: Person) -> list[Model]:
    return [person] if judge.truth is None else [judge.truth, person]


def _ranked(
    judge: Judge, subject: Subject, found: Mapping[str, _Candidate], chance: float, line: int
) -> tuple[Explanation, ...]:
    """The one that stands out, or at most three that are likely together; nothing where chance does as well."""
    if not found:
        return ()
    slips = variants(judge.network, subject, judge.graph.step > 1)
    weight = sum(slip.prior for slip in slips) + PEN_PRIOR * 4 + TERM_PRIOR * 4
    likely = {code: (1 - NO_SLIP) * c.prior / weight for code, c in found.items()}
    whole = sum(likely.values()) + chance
    ranked = sorted(found.values(), key=lambda c: -likely[c.code])
    best = likely[ranked[0].code] / whole
    if best >= NAMED:
        return (_explanation(ranked[0], best, line),)
    if sum(likely.values()) / whole >= NAMED:
        return tuple(_explanation(c, likely[c.code] / whole, line) for c in ranked[:MOST_SHOWN])
    return ()


def _explanation(candidate: _Candidate, confidence: float, line: int) -> Explanation:
    return Explanation(
        candidate.code, candidate.message, (line,), round(confidence, 3), candidate.formula, candidate.right,
        float(candidate.value),
    )  # fmt: skip


def _matches(number: Stated, value: Fraction) -> bool:
    return agrees(number.value, number.unit, value) or (
        number.digits >= 3 and truncates(number.value, number.unit, value)
    )


def _by_chance(number: Stated, true: Fraction | None, least: int = DIGIT_SLIP_NEEDS) -> float:
    """How likely an unrelated number is to be this one: half log-uniform, half a slip in one digit of the right one.

    `least` is the number of digits from which a slip in one of them is thought of.
    """
    size = abs(number.value)
    if not size or not number.unit:
        return 0.05 if number.unit or size else 0.01  # who writes a bare 0 hardly means an unrelated number
    log_uniform = float(number.unit / size) / (2 * DECADES * math.log(10))
    digit = 0.0
    if true is not None and number.digits >= least and _one_digit_apart(number, true):
        digit = 1 / (9 * max(1, number.digits))
    return 0.5 * log_uniform + 0.5 * digit


def _one_digit_apart(number: Stated, true: Fraction) -> bool:
    """Does one digit of a number differ from the right one, rounded or cut off like it?"""
    digits, exact = abs(number.value) / number.unit, abs(true) / number.unit
    for right in (int(exact + Fraction(1, 2)), int(exact)):
        one, two = str(digits), str(right).rjust(len(str(digits)), "0")
        if len(one) == len(two) and sum(a != b for a, b in zip(one, two, strict=True)) == 1:
            return (number.value > 0) == (true > 0)
    return False


def _slips(judge: Judge, models: Sequence[Model], person: Person, subject: Subject) -> Iterable[_Candidate]:
    """What a formula gone wrong gives: the catalogue's first."""
    for variant in variants(judge.network, subject, judge.graph.step > 1):
        for model in models:
            value = finite(_evaluated(model, person, variant, subject))
            if value is not None:
                yield _Candidate(
                    variant.code, variant.sentence, variant.prior, value, variant.formula, variant.right, True
                )
    for model in models:
        yield from _terms(judge, model, person, subject)


def _of_the_pen(models: Sequence[Model], person: Person, subject: Subject, number: Stated) -> Iterable[_Candidate]:
    """A right number written down wrongly: that fits by its kind, not by its value."""
    for model in models:
        right = finite(person.carried(subject).value if model is person else model.of(subject))
        if right is None:
            continue
        code, message = pen_slip(number, right)
        if code != "arithmetic":
            yield _Candidate(code, message, PEN_PRIOR, -right if code == "sign" else number.value)


def _evaluated(model: Model, person: Person, variant: Variant, subject: Subject) -> float:
    return person.answer(variant.formula, without=subject).value if model is person else model.evaluate(variant.formula)


def _terms(judge: Judge, model: Model, person: Person, subject: Subject) -> Iterable[_Candidate]:
    """A sum with one term's sign turned or one term left out."""
    right = _sum_of(judge, subject)
    if right is None:
        return
    for i, (sign, term) in enumerate(right.terms):
        turned = Sum(tuple((-s, t) if j == i else (s, t) for j, (s, t) in enumerate(right.terms)))
        left_out = Sum(tuple(t for j, t in enumerate(right.terms) if j != i))
        shown = to_text(term if sign > 0 else Negative(term))
        for formula, code, message in (
            (turned, "sign", f"the sign of {shown} is turned"),
            (left_out, "term-missing", f"{shown} is left out"),
        ):
            answer = person.answer(formula, without=subject).value if model is person else model.evaluate(formula)
            value = finite(answer)
            if value is not None:
                yield _Candidate(code, message, TERM_PRIOR, value, formula, right)


def _sum_of(judge: Judge, subject: Subject) -> Sum | None:
    line = line_of(judge.network, subject)
    if line is not None and isinstance(ungrouped(line), Sum):
        return ungrouped(line)  # type: ignore[return-value]
    if isinstance(subject, Value) and subject.node not in judge.leaves:
        formula = ungrouped(judge.graph.node_formula(subject.node))
        return formula if isinstance(formula, Sum) and len(formula.terms) > 1 else None
    if isinstance(subject, Gradient):
        name = judge.graph.name
        users = [u for u in judge.graph.users.get(subject.by, ()) if judge.graph.reaches(u, subject.of)]
        if 2 <= len(users) <= 8:
            of, by = name(subject.of), name(subject.by)
            paths = [(Derivative(of, name(u)), Derivative(name(u), by)) for u in users]
            return Sum(tuple((1, Product((("*", above), ("*", local)))) for above, local in paths))
    return None


def with_habits(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts, the first line of each habit with all the lines that make the same slip of the catalogue."""
    habits: dict[str, list[int]] = {}
    for verdict in verdicts:
        if verdict.mark == "wrong" and len(verdict.explanations) == 1 and verdict.code in CODES:
            habits.setdefault(verdict.code, []).append(verdict.line)
    out = []
    for verdict in verdicts:
        lines = habits.get(verdict.code, [])
        if len(lines) > 1 and verdict.line == lines[0] and verdict.mark == "wrong" and verdict.explanations:
            cause = verdict.explanations[0]
            explained = tuple(sorted({*cause.lines_explained, *lines}))
            verdict = replace(verdict, explanations=(replace(cause, lines_explained=explained),))
        out.append(verdict)
    return tuple(out)
