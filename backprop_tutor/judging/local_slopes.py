"""A derivative of a quantity by an operand of its own formula, which may also reach it through others.

Of xhat = (z - mu)/s, where mu and s depend on z, people write ∂xhat/∂z = 1/s, as the factor of a chain rule, and mean
the formula alone; or they mean how xhat changes in all. Both are common: a line that is wrong over all paths is judged
again with the slope of the formula itself, and what was read is said. Not for the loss: its derivatives are gradients.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..formulas.expression import Derivative, Expression, walk
from ..handwork.claims import Claim, Mark, Verdict
from ..handwork.quantities import Gradient, Subject, Vocabulary
from ..values import replace
from .person import Line, Person, Truth
from .session import Session

if TYPE_CHECKING:
    from .chain import Chain
    from .judge import Judge

LOCAL, TOTAL = "local-derivative", "total-derivative"
_GOOD: tuple[Mark, ...] = ("right", "close", "notation")
_EXACT = ("", "exact", "definition")


def read_either_way(
    judge: Judge, claim: Claim, chain: Chain, session: Session, later: Mapping[Subject, Sequence[Line]]
) -> Verdict:
    """A chain's verdict over all paths; where it is better with slopes of formulas alone, that one."""
    slopes = [] if judge.convention.local else [s for s in _two_slopes(chain, judge.vocabulary) if _differ(judge, s)]
    before = session.copy() if slopes else session
    plain = chain.verdict()
    if not slopes:
        return plain
    if plain.mark in _GOOD and plain.code in _EXACT:
        return _said(plain, TOTAL, _over_all(judge.vocabulary, slopes))
    other = of_formulas(judge)
    other.used_later = False
    before.person = with_local(before.person, True)
    local = other.chain(claim, before, later)
    judge.used_later |= other.used_later
    if _rank(local) >= _rank(plain):
        return _said(plain, TOTAL, _over_all(judge.vocabulary, slopes))
    # a slope of the formula alone says nothing of how the quantity changes in all
    before.person = with_local(before.person, False)
    for slope in slopes:
        before.person.stated.pop(slope, None)
    session.become(before)
    return _said(local, LOCAL, _of_the_formula(judge.vocabulary, slopes))


def _rank(verdict: Verdict) -> tuple[int, int, bool, bool]:
    """How much is wrong with a line: the smaller, the better it is understood."""
    marks = (*_GOOD, "convention", "follows", "unknown", "wrong", "unread")
    place = 0 if verdict.mark in _GOOD else marks.index(verdict.mark)
    wrong = sum(link.mark == "wrong" for link in verdict.links)
    return place, wrong, verdict.code == "wrong", verdict.code not in _EXACT


def of_formulas(judge: Judge) -> Judge:
    """The judge for whom a derivative by an operand is the slope of the formula alone."""
    return judge.under(replace(judge.convention, local=True))


def with_local(person: Person, local: bool) -> Person:
    """The same person, for whom derivatives by operands are slopes of the formula alone, or not."""
    return Person(
        person.vocabulary, person.leaves, person.stated, replace(person.convention, local=local), person.nudges
    )


def _two_slopes(chain: Chain, vocabulary: Vocabulary) -> list[Gradient]:
    """The derivatives of a chain that can be read in two ways."""
    found = (slope for step in chain.steps for slope in _derivatives(step.expression, vocabulary))
    return list(dict.fromkeys(slope for slope in found if vocabulary.graph.two_slopes(slope.of, slope.by)))


def _derivatives(formula: Expression, vocabulary: Vocabulary) -> Iterator[Gradient]:
    for part in walk(formula):
        if isinstance(part, Derivative):
            of, by = vocabulary.nodes.get(part.of), vocabulary.nodes.get(part.by)
            if of is not None and by is not None:
                yield Gradient(of, by)


def _differ(judge: Judge, slope: Gradient) -> bool:
    """Are the two slopes different numbers anywhere? ∂var/∂z is the same whether the mean is held fixed or not."""
    traces = [point.trace for point in judge.equality.points if isinstance(point, Truth)]
    both = ((t.local(slope.of, slope.by), t.derivative(slope.of, slope.by)) for t in traces)
    return any(not math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-12) for one, two in both)


def _said(verdict: Verdict, code: str, sentence: str) -> Verdict:
    """A verdict that says how its derivatives are read, where all is right and nothing else is said."""
    if verdict.mark != "right" or verdict.message:
        return verdict
    return replace(verdict, code=code, message=sentence)


def _of_the_formula(vocabulary: Vocabulary, slopes: Sequence[Gradient]) -> str:
    return "; ".join(
        f"{read} as the {'slope' if one else 'slopes'} of the formula alone, with {held} held fixed"
        for read, held, one in _groups(vocabulary, slopes)
    )


def _over_all(vocabulary: Vocabulary, slopes: Sequence[Gradient]) -> str:
    return "; ".join(f"{read} over all paths, through {held} too" for read, held, _ in _groups(vocabulary, slopes))


def _groups(vocabulary: Vocabulary, slopes: Sequence[Gradient]) -> Iterator[tuple[str, str, bool]]:
    """Slopes with the same operands between: "∂xhat1/∂z1 is read", "mu and s", whether it is only one."""
    graph = vocabulary.graph
    groups: dict[str, list[str]] = {}
    for slope in slopes:
        others = (n for n in graph.node(slope.of).operands if n != slope.by and graph.reaches(slope.by, n))
        groups.setdefault(_listed([graph.name(n) for n in others]), []).append(vocabulary.text(slope))
    for held, names in groups.items():
        yield f"{_listed(names)} {'is' if len(names) == 1 else 'are'} read", held, len(names) == 1


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
