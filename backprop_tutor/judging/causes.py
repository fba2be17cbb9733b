"""Why a line is wrong: the single change that explains it, or an honest silence.

Candidates are the catalogue's slips (`slips/catalogue.py`, wrong formulas for a quantity), one piece put for another,
one term's sign, and slips of the pen. Each is tried at the true values and at the person's own. A match counts for as
much as it is surprising: with two digits many stories fit by chance, so a cause is named only when it is at least
four times as likely as all others together, chance included; near ties are shown as ties, at most three.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ..formulas.expression import Derivative, Expression, Name, Negative, Product, Sum, rebuild, ungrouped, walk
from ..formulas.typeset import to_text
from ..handwork import meaning
from ..handwork.claims import Explanation
from ..handwork.exact import Stated, agrees, truncates
from ..handwork.quantities import Gradient, Subject, Value
from ..slips.catalogue import Variant, variants
from .person import Model, Person
from .values import finite, pen_slip

if TYPE_CHECKING:
    from .judge import Judge

NAMED = 0.8  # posterior from which a cause is named
NO_SLIP = 0.35  # prior of "none of these"
DECADES = 4  # an unrelated number is log-uniform over this many, of either sign
MOST_SHOWN = 3
MOST_FACTORS = 30  # of a formula that is searched for a repeated one
_GAP = "a piece left out"
PEN_PRIOR = 1.0
TERM_PRIOR = 0.5


@dataclass(frozen=True, slots=True)
class Cause:
    """A slip named: its stable code and one sentence for a learner."""

    code: str
    message: str
    formula: Expression | None = None
    right: Expression | None = None


# ---------------------------------------------------------------- a formula that is wrong
def formula_cause(judge: Judge, subject: Subject | None, left: Expression, claimed: Expression) -> Cause | None:
    """The slip that a claimed formula is, or None."""
    if subject is not None:
        matches = [v for v in variants(judge.network, subject) if judge.equality.same(v.formula, claimed)]
        if matches:
            best = max(matches, key=lambda v: v.prior)
            return Cause(best.code, best.sentence, best.formula, best.right)
    return (
        _repeated_factor(judge, left, claimed)
        or _constant_factor(judge, left, claimed)
        or _one_piece(judge, subject, left, claimed)
        or _missing_term(judge, left, claimed)
    )


def _repeated_factor(judge: Judge, left: Expression, claimed: Expression) -> Cause | None:
    """A factor that stands there twice."""
    whole = ungrouped(claimed)
    if not isinstance(whole, Product) or len(whole.factors) > MOST_FACTORS:
        return None
    for i, (_, factor) in enumerate(whole.factors):
        rest = tuple(f for j, f in enumerate(whole.factors) if j != i)
        twice = any(ungrouped(f) == ungrouped(factor) for _, f in rest)
        if twice and rest[0][0] == "*" and judge.equality.same(left, Product(rest)):
            shown = to_text(factor)
            return Cause("factor-twice", f"{shown} stands there twice; each link of the chain appears once",
                         claimed, Product(rest))  # fmt: skip
    return None


def _constant_factor(judge: Judge, left: Expression, claimed: Expression) -> Cause | None:
    """The right formula times a number, the same at every point."""
    ratios = []
    for point in judge.equality.points[:5]:
        right, given = point.evaluate(left), point.evaluate(claimed)
        if right and given == given and right == right:
            ratios.append(given / right)
    if len(ratios) < 3 or max(ratios) - min(ratios) > 1e-9 * abs(ratios[0]):
        return None
    ratio = ratios[0]
    if abs(ratio + 1) < 1e-9:
        return Cause("sign", "the sign is the other way round", claimed, left)
    if abs(ratio - 2) < 1e-9 or abs(ratio - 0.5) < 1e-9:
        much = "twice" if ratio > 1 else "half"
        return Cause("half-or-two", f"this is {much} what it should be: look at the factor ½ or 2", claimed, left)
    return None


def _one_piece(judge: Judge, subject: Subject | None, left: Expression, claimed: Expression) -> Cause | None:
    """One name that stands in the place of another."""
    known = meaning.candidates(judge.graph, subject, 30)
    places: list[Name | Derivative] = [
        part for part in walk(claimed) if isinstance(part, (Name, Derivative)) and part.span != (0, 0)
    ]
    found: list[tuple[float, Name | Derivative, Name | Derivative]] = []
    for place in places[:12]:
        holds = judge.equality.trial(left, _put(claimed, place, Name(_GAP)))
        for option in _instead(place, known):
            if holds({_GAP: option}):
                one, two = to_text(place), to_text(option)
                kin = re.sub(r"[\d_]", "", one) == re.sub(r"[\d_]", "", two)
                alike = meaning.similarity(one, two) + kin
                found.append((alike, place, option))
    # the most alike pair first: yhat_1 for yhat_2 rather than y_2 for yhat_1
    for _, place, option in sorted(found, key=lambda f: -f[0]):
        repaired = _put(claimed, place, option)
        if judge.equality.same(left, repaired):
            return Cause("miscopied-operand", f"{to_text(place)} stands where {to_text(option)} belongs",
                         claimed, repaired)  # fmt: skip
    return None


def _instead(place: Name | Derivative, known: Sequence[str]) -> Iterable[Name | Derivative]:
    if isinstance(place, Name):
        return (Name(name, name) for name in known if name != place.name)
    others = [Derivative(place.of, name) for name in known if name != place.by]
    return [*others, *(Derivative(name, place.by) for name in known if name != place.of)]


def _put(node: Expression, place: Expression, option: Expression) -> Expression:
    """The formula with the piece at one place (told by its span) replaced."""
    if node == place and getattr(node, "span", None) == getattr(place, "span", ()):
        return option
    return rebuild(node, lambda part: _put(part, place, option))


def _missing_term(judge: Judge, left: Expression, claimed: Expression) -> Cause | None:
    """A sum that lacks one term of the right one."""
    subject = meaning.subject_of(left, judge.vocabulary)
    if not isinstance(subject, Value) or subject.node in judge.leaves:
        return None
    right = ungrouped(judge.graph.node_formula(subject.node))
    if not isinstance(right, Sum) or len(right.terms) < 3:
        return None
    for i, (_, term) in enumerate(right.terms):
        rest = Sum(tuple(t for j, t in enumerate(right.terms) if j != i))
        if judge.equality.same(rest, claimed, quick=True):
            return Cause("term-missing", f"the term {to_text(term)} is missing", claimed, right)
    return None


# ---------------------------------------------------------------- a number that is wrong
@dataclass(frozen=True, slots=True)
class _Candidate:
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
    models: list[Model] = [person] if judge.truth is None else [judge.truth, person]
    found: dict[str, _Candidate] = {}
    catalogued: list[Fraction] = []
    for candidate in _candidates(judge, models, person, subject, number):
        if not _matches(number, candidate.value):
            continue
        if candidate.catalogued:
            catalogued.append(candidate.value)
        elif any(_same(value, candidate.value, candidate.code) for value in catalogued):
            continue  # the catalogue has a name for just this
        kept = found.get(candidate.code)
        if kept is None or kept.prior < candidate.prior:
            found[candidate.code] = candidate
    if not found:
        return ()
    weight = sum(v.prior for v in variants(judge.network, subject)) + PEN_PRIOR * 4 + TERM_PRIOR * 4
    true = finite(models[0].of(subject))
    chance = NO_SLIP * _by_chance(number, true)
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


def _by_chance(number: Stated, true: Fraction | None) -> float:
    """How likely an unrelated number is to be this one: half log-uniform, half a slip in one digit of the right one."""
    size = abs(number.value)
    if not size or not number.unit:
        return 0.05 if number.unit or size else 0.01  # who writes a bare 0 hardly means an unrelated number
    log_uniform = float(number.unit / size) / (2 * DECADES * math.log(10))
    digit = 0.0
    if true is not None and pen_slip(number, true)[0] == "one-digit":
        digit = 1 / (9 * max(1, number.digits))
    return 0.5 * log_uniform + 0.5 * digit


def _candidates(
    judge: Judge, models: Sequence[Model], person: Person, subject: Subject, number: Stated
) -> Iterable[_Candidate]:
    for variant in variants(judge.network, subject):
        for model in models:
            value = finite(_evaluated(model, person, variant, subject))
            if value is not None:
                yield _Candidate(
                    variant.code, variant.sentence, variant.prior, value, variant.formula, variant.right, True
                )
    for model in models:
        right = finite(person.carried(subject).value if model is person else model.of(subject))
        if right is None:
            continue
        code, message = pen_slip(number, right)
        if code != "arithmetic":
            # a slip of the pen fits by its kind, not by its value
            value = -right if code == "sign" else number.value
            yield _Candidate(code, message, PEN_PRIOR, value)
        yield from _terms(judge, model, person, subject)


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


def with_lines(explanation: Explanation, lines: Iterable[int]) -> Explanation:
    """The explanation with all the lines that it accounts for."""
    return replace(explanation, lines_explained=tuple(sorted({*explanation.lines_explained, *lines})))
