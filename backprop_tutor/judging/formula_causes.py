"""Why a formula is wrong: a slip of the catalogue, a factor twice, one name in the place of another, a term missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..formulas.algebra import ONE
from ..formulas.expression import Derivative, Expression, Name, Product, Sum, rebuild, ungrouped, walk
from ..formulas.typeset import to_text
from ..handwork import meaning
from ..handwork.quantities import Subject, Value
from ..slips.catalogue import variants
from ..values import Struct

if TYPE_CHECKING:
    from .judge import Judge

MOST_FACTORS = 30  # of a formula that is searched for a repeated one
MOST_TIMES = 20  # what a formula is said to be too large or too small by
PLAIN = (
    "wrong",
    "half-or-two",
    "constant-factor",
    "sign",
    "miscopied-operand",
    "times-itself",
)  # codes that name no slip of their own
_GAP = "a piece left out"


class Cause(Struct, frozen=True):
    """A slip named: its stable code and one sentence for a learner."""

    code: str
    message: str
    formula: Expression | None = None
    right: Expression | None = None


def formula_cause(judge: Judge, subject: Subject | None, left: Expression, claimed: Expression) -> Cause | None:
    """The slip that a claimed formula is, or None."""
    plain = _no_dependence(judge, claimed) or _repeated_factor(judge, left, claimed)
    if plain is not None:
        return plain
    if subject is not None:
        matches = [
            v for v in variants(judge.network, subject, judge.graph.step > 1) if judge.equality.same(v.formula, claimed)
        ]
        if matches:
            best = max(matches, key=lambda v: v.prior)
            return Cause(best.code, best.sentence, best.formula, best.right)
    return (
        _times_itself(judge, subject, claimed)
        or _constant_factor(judge, left, claimed)
        or _one_piece(judge, subject, left, claimed)
        or _missing_term(judge, left, claimed)
    )


def _no_dependence(judge: Judge, claimed: Expression) -> Cause | None:
    """A derivative of something that does not depend on what it is taken by."""
    graph = judge.graph
    for part in walk(claimed):
        if not isinstance(part, Derivative):
            continue
        of, by = judge.vocabulary.nodes.get(part.of), judge.vocabulary.nodes.get(part.by)
        if of is None or by is None or of == by or graph.reaches(by, of):
            continue
        kind = graph.block_of(of).kind
        given = "" if kind == "computed" else f" is {'an' if kind == 'input' else 'a'} {kind} and"
        return Cause(
            "no-dependence", f"{graph.name(of)}{given} does not depend on {graph.name(by)}: {to_text(part)} is 0"
        )
    return None


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


def _times_itself(judge: Judge, subject: Subject | None, claimed: Expression) -> Cause | None:
    """A quantity said to be itself times something."""
    whole = ungrouped(claimed)
    if subject is None or not isinstance(whole, Product):
        return None
    itself = [i for i, (how, f) in enumerate(whole.factors) if how == "*" and _names(judge, f) == subject]
    rest = tuple(f for i, f in enumerate(whole.factors) if i not in itself[:1])
    if not itself or not rest:
        return None
    shown = to_text(Product(rest) if rest[0][0] == "*" else Product((("*", ONE), *rest)))
    name = judge.vocabulary.text(subject)
    return Cause("times-itself", f"{name} stands on both sides, so {shown} would have to be 1")


def _names(judge: Judge, factor: Expression) -> Subject | None:
    return meaning.subject_of(factor, judge.vocabulary)


def _constant_factor(judge: Judge, left: Expression, claimed: Expression) -> Cause | None:
    """The right formula times a number, the same at every point."""
    ratio = judge.equality.ratio(left, claimed)
    if ratio is None:
        return None
    if abs(ratio + 1) < 1e-9:
        return Cause("sign", "the sign is the other way round", claimed, left)
    if abs(ratio - 2) < 1e-9 or abs(ratio - 0.5) < 1e-9:
        much = "twice" if ratio > 1 else "half"
        return Cause("half-or-two", f"this is {much} what it should be: look at the factor ½ or 2", claimed, left)
    for times, missing in ((ratio, "1/{}"), (1 / ratio if ratio else 0.0, "{}")):
        count = round(times)
        if 2 < count <= MOST_TIMES and abs(times - count) < 1e-9 * count:
            factor = missing.format(count)
            return Cause("constant-factor", f"the factor {factor} of {to_text(left)} is missing", claimed, left)
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
