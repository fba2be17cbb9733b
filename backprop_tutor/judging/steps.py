"""Several update steps on one sheet, and samples whose section may have ended: which run a line is judged against.

Step k is the network with the parameters that k − 1 updates have left, and with what the rule remembers of them; the
person goes on with the new values that they have stated. A heading says which step a line is about. Without one, a
forward value that is stated again after an update, and is true of the next step alone, begins that step. A line that
may belong to either and is true of neither is `unknown`, never `wrong`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..engine.learning import resumed
from ..formulas.expression import Derivative, Expression, Name, transform, ungrouped, walk
from ..handwork import meaning, naming
from ..handwork.claims import Claim, Sheet, Verdict
from ..handwork.exact import Stated, agrees, exact, finite
from ..handwork.quantities import Remembered, Subject, Updated, Value, Vocabulary, Worked
from ..values import Struct, replace
from .person import Line, Person, is_bias
from .session import Session

if TYPE_CHECKING:
    from .judge import Judge

MOST_STEPS = 20
MOST_SAMPLES = 12  # looked at for a line that doesn't say its own
GOOD = ("right", "close", "notation", "convention", "follows")
WHICH = "it is not said whether this is before or after the update, and it fits neither: write a heading such as Step 2"
WHOSE_SAMPLE = "every sample has its own {0}: say which, with a heading such as Sample 2, or as {0}#2"
TOO_FAR = "this network can't be followed to step {}"
_PRIMES = re.compile(r"(?P<name>[^']+)(?P<primes>'+)")


class Anywhere(dict[Subject, list[Line]]):
    """Every value that a sheet states, by quantity; of the steps after the first in `steps`."""

    def __init__(self, lines: Mapping[Subject, list[Line]] | None = None) -> None:
        super().__init__(lines or {})
        self.steps: dict[int, Anywhere] = {}

    def at(self, step: int) -> Anywhere:
        """What is stated in a step."""
        return self if step == 1 else self.steps.setdefault(step, Anywhere())

    def by_step(self) -> Iterator[tuple[int, Anywhere]]:
        """Every step and what is stated in it."""
        yield 1, self
        yield from self.steps.items()


def at(later: Mapping[Subject, Sequence[Line]], step: int) -> Mapping[Subject, Sequence[Line]]:
    """What is stated in a step, of whatever a caller has."""
    return later.at(step) if isinstance(later, Anywhere) else later


class Place(Struct, frozen=True):
    """One way to understand where a claim belongs; `stays`: the lines after it belong there, too."""

    step: int
    sample: int | None
    stays: bool = True


# ---------------------------------------------------------------- the runs
def next_step(judge: Judge) -> Judge | None:
    """The judge of the network after one more update; None where there is none, or no finite one."""
    rule, truth = judge.graph.rule, judge.truth
    if truth is None or rule is None or not rule.ready or judge.graph.step >= MOST_STEPS:
        return None
    nodes = judge.graph.nodes_of("parameter")
    parameters = np.array([truth.of(Updated(node)) for node in nodes])
    names = judge.vocabulary.rule
    remembered = {} if names is None else {name: names.last[name] for name in names.rule.starts}
    memory = {
        name: np.array([truth.of(Worked(line, node)) for node in nodes]) for name, line in remembered.items()
    }  # fmt: skip
    if not len(nodes) or not np.isfinite(parameters).all():
        return None
    trace = resumed(truth.trace, parameters, memory)
    return judge.like(trace)


def session_of(judge: Judge, session: Session, step: int) -> tuple[Judge, Session] | None:
    """The judge of a step and what has been said in it; None for a step that the run doesn't reach."""
    if step == 1:
        return judge, session
    own = judge.at_step(step)
    if own is None:
        return None
    if step not in session.steps:
        before = session_of(judge, session, step - 1)
        if before is None:
            return None
        session.steps[step] = _gone_on(own, *before)
    return own, session.steps[step]


def _gone_on(judge: Judge, before_judge: Judge, before: Session) -> Session:
    """A new step begins: with the new values that were stated, or that follow from a mistake."""
    person = Person(judge.vocabulary, judge.leaves, convention=judge.convention)
    names = judge.vocabulary.rule
    carried: list[tuple[Subject, Subject]] = []
    for node in judge.graph.nodes_of("parameter"):
        carried.append((Updated(node), Value(node)))
        if names is not None:
            carried += [(Worked(names.last[name], node), Remembered(name, node)) for name in names.rule.starts]
    for old, new in carried:
        line = before.person.stated.get(old)
        if line is None:
            answer = before.person.carried(old)
            at_fault, value = before.person.faulty(answer), finite(answer.value)
            if not at_fault or value is None:
                continue
            line = Line(Stated(value, exact(0.0), ""), at_fault[0], True)
        person.state(new, line)
    kept = before.copy()
    return Session(
        person, None, kept.renamed, kept.definitions, kept.wrong_formulas, kept.right_formulas, {}, kept.arrays,
        kept.parameter,
    )  # fmt: skip


# ---------------------------------------------------------------- where a claim belongs
def places(judge: Judge, claim: Claim, session: Session) -> list[Place]:
    """Where a claim may belong, the likeliest first."""
    samples = [claim.sample]
    if claim.sample is not None:
        samples.append(None)
    elif claim.nearby is not None:
        samples.append(claim.nearby)
    elif _of_some_sample(judge, claim):
        known = [] if session.sample is None else [session.sample]
        samples += dict.fromkeys((*known, *range(1, min(len(judge.graph.scenario.samples), MOST_SAMPLES) + 1)))
    steps = _steps(judge, claim, session)
    return [replace(step, sample=sample) for step in steps for sample in samples]


def _of_some_sample(judge: Judge, claim: Claim) -> bool:
    """Is a claim about a quantity that every sample has, and says it not which sample's?"""
    first = ungrouped(claim.parts[0].expression) if claim.parts else None
    return (
        isinstance(first, Name)
        and judge.vocabulary.subject(first.name) is None
        and judge.arrays.of_samples(first.name) is not None
    )


def _steps(judge: Judge, claim: Claim, session: Session) -> list[Place]:
    now = session.step
    here = session_of(judge, session, now)
    updated = here is not None and any(isinstance(subject, Updated) for subject in here[1].history)
    said = said_step(judge.vocabulary, claim, now, updated)
    if said is not None:
        return [said]
    found = [Place(now, None)]
    if here is not None and updated and _restates(here[0], claim, here[1].history):
        found.append(Place(now + 1, None))
    if now > 1 and claim.step is None:
        found.append(Place(now - 1, None, False))
    return found


def said_step(vocabulary: Vocabulary, claim: Claim, now: int, updated: bool) -> Place | None:
    """The step that a claim's names (`w1''`) or its heading say; `updated`: have new values been stated in this one?"""
    first = ungrouped(claim.parts[0].expression) if claim.parts else None
    if isinstance(first, Name) and (primes := _primes(vocabulary, first.name)) > 1:
        return Place(primes, None)
    if claim.step is not None and claim.step.number != now:
        number = claim.step.number
        if claim.step.sure or (updated and number == now + 1):
            return Place(number, None)
    elif claim.step is not None and claim.step.sure:
        return Place(now, None)
    if isinstance(first, Name) and _computed_anew(vocabulary, first.name) is not None:
        return Place(now + 1, None, False)
    return None


def _restates(judge: Judge, claim: Claim, history: Mapping[Subject, object]) -> bool:
    """Is it about a forward value that has been stated already, and that an updated parameter takes part in?"""
    updated = [subject.node for subject in history if isinstance(subject, Updated)]
    return any(
        isinstance(subject, Value)
        and judge.graph.block_of(subject.node).kind == "computed"
        and subject in history
        and any(judge.graph.reaches(node, subject.node) for node in updated)
        for subject in _subjects(judge, claim)
    )


def _all_updated(judge: Judge, claim: Claim, session: Session) -> bool:
    """Has every weight that takes part in the quantity of a claim been updated in the step at hand?"""
    found = session_of(judge, session, session.step)
    assert found is not None
    own, said = found
    graph = own.graph
    updated = {subject.node for subject in said.history if isinstance(subject, Updated)}
    weights = [node for node in graph.nodes_of("parameter") if not is_bias(graph, node)]
    about = [subject.node for subject in _subjects(own, claim) if isinstance(subject, Value)]
    return all(node in updated for node in weights if any(graph.reaches(node, value) for value in about))


def _subjects(judge: Judge, claim: Claim) -> Iterable[Subject]:
    if not claim.parts:
        return ()
    return [subject for subject, _ in judge.stated_in(claim)] or filter(
        None, [meaning.subject_of(ungrouped(claim.parts[0].expression), judge.vocabulary)]
    )  # fmt: skip


def _computed_anew(vocabulary: Vocabulary, spelling: str) -> str | None:
    """`L_new` and `yhat'` as the names of L and yhat, where these are calculated and the whole is no name."""
    if vocabulary.subject(spelling) is not None or vocabulary.array(spelling) is not None:
        return None
    names = (name for name in naming.updated(spelling) if name in spelling)
    return next((name for name in names if _kind(vocabulary, name) == "computed"), None)


def with_names_of(vocabulary: Vocabulary, claim: Claim, step: int) -> Claim:
    """A claim of a later step in that step's own names: there w1' is the old value of w1, and w1'' the new one."""
    if step == 1:
        return claim
    highest = max((_primes(vocabulary, name) for part in claim.parts for name in _names(part.expression)), default=0)

    def named(spelling: str, left: bool) -> str:
        primes = _primes(vocabulary, spelling)
        base = spelling.rstrip("'")
        if primes and primes == step:
            return base + "'"
        if primes == step - 1 and (not left or highest == step):
            return base
        return _computed_anew(vocabulary, spelling) or spelling

    def change(part: Expression, left: bool) -> Expression:
        match part:
            case Name(name, text, span):
                return Name(named(name, left), text, span)
            case Derivative(of, by, span):
                return Derivative(named(of, False), named(by, False), span)
            case _:
                return part

    parts = tuple(
        replace(p, expression=transform(p.expression, lambda node, left=not i: change(node, left)))  # type: ignore[misc]
        for i, p in enumerate(claim.parts)
    )
    return replace(claim, parts=parts)


def _names(node: Expression) -> Iterator[str]:
    for part in walk(node):
        if isinstance(part, Name):
            yield part.name


def _primes(vocabulary: Vocabulary, spelling: str) -> int:
    """How many times a parameter's name says that it was updated."""
    match = _PRIMES.fullmatch(spelling) if spelling not in vocabulary.nodes else None
    return len(match["primes"]) if match and _kind(vocabulary, match["name"]) == "parameter" else 0


def _kind(vocabulary: Vocabulary, spelling: str) -> str:
    """The kind of the quantity, a single number or an array, of a name; empty for none."""
    node, array = vocabulary.node(spelling), vocabulary.array(spelling)
    if node is not None:
        return vocabulary.graph.block_of(node).kind
    return "" if array is None else vocabulary.graph.blocks[array].kind


# ---------------------------------------------------------------- judging
def judged(judge: Judge, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Verdict:
    """A claim judged where it belongs, and the session brought up to date."""
    options = places(judge, claim, session)
    if len(options) == 1:
        return _at(judge, claim, session, later, options[0])
    before = session.copy()
    first = _at(judge, claim, session, later, options[0])
    if first.mark in GOOD:
        return first
    tried = [first]
    for option in options[1:]:
        trial = before.copy()
        verdict = _at(judge, claim, trial, later, option)
        if verdict.mark in GOOD:
            session.become(trial)
            return _told_sample(judge, verdict, session, option)
        tried.append(verdict)
    if first.mark == "unknown" and _of_some_sample(judge, claim):
        name = claim.parts[0].text
        return replace(first, message=WHOSE_SAMPLE.format(name))
    steps = [option.step for option in options]
    if first.mark != "wrong" or max(steps) <= before.step:
        return first
    ahead = steps.index(before.step + 1)
    if _put_in(tried[ahead]) and not _put_in(first):
        session.become(before)
        return _at(judge, claim, session, later, options[ahead])
    if not _put_in(first) and _all_updated(judge, claim, before):
        session.become(before)
        return Verdict(claim, first.quantity, "unknown", "which-step", WHICH, first.stated, None, ())
    return first


def _told_sample(judge: Judge, verdict: Verdict, session: Session, place: Place) -> Verdict:
    """A verdict that says of which sample a line was found to be, where the line doesn't say it."""
    claim = verdict.claim
    if place.sample in (None, claim.sample, claim.nearby):
        return verdict
    session.sample = place.sample
    if verdict.mark not in ("right", "close"):
        return verdict
    name = verdict.quantity or claim.parts[0].text
    said = f"read as {name}: it is not said which sample this is about"
    return replace(verdict, mark="notation", code="renamed", message=said)


def _put_in(verdict: Verdict) -> bool:
    """Do the numbers put in belong?"""
    return any(link.kind == "substitution" and link.mark != "wrong" for link in verdict.links)


def _at(
    judge: Judge, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]], place: Place
) -> Verdict:  # fmt: skip
    """A claim judged in one place."""
    found = session_of(judge, session, place.step)
    if found is None:
        return Verdict(claim, None, "unknown", "not-checkable", TOO_FAR.format(place.step), None, None, ())
    if place.stays:
        session.step = place.step
    own, said = found
    there = with_names_of(own.vocabulary, replace(claim, sample=place.sample), place.step)
    verdict = own.claim_here(there, said, at(later, place.step))
    judge.used_later |= own.used_later
    return replace(verdict, claim=claim)


def placed(
    judge: Judge, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]
) -> tuple[Judge, Claim, Session, Mapping[Subject, Sequence[Line]]]:
    """The judge, the names, the session and the statements of the step that a claim most likely belongs to."""
    place = places(judge, claim, session)[0]
    found = session_of(judge, session, place.step)
    if found is None:
        return judge, claim, session, later
    own, said = found
    return own, with_names_of(own.vocabulary, claim, place.step), said, at(later, place.step)


# ---------------------------------------------------------------- what is stated where
def stated_anywhere(judge: Judge, sheet: Sheet) -> Anywhere:
    """Every value that a sheet states, in the step that it most likely belongs to."""
    found = Anywhere()
    now = 1
    for claim in sheet.claims:
        if len(claim.parts) < 2:
            continue
        here = found.at(now)
        updated = any(isinstance(subject, Updated) for subject in here)
        said = said_step(judge.vocabulary, claim, now, updated)
        step = now if said is None else said.step
        if said is None and updated and _begins(judge, claim, now, here):
            step = now = now + 1
        if said is not None and said.stays:
            now = said.step
        own = judge.at_step(step)
        if own is None:
            continue
        for subject, number in judge.safely_stated(own, with_names_of(own.vocabulary, claim, step)):
            found.at(step).setdefault(subject, []).append(Line(number, claim.line))
    return found


def _begins(judge: Judge, claim: Claim, now: int, here: Mapping[Subject, object]) -> bool:
    """Is a claim's number true of the next step alone?"""
    own, ahead = judge.at_step(now), judge.at_step(now + 1)
    if own is None or ahead is None or own.truth is None or ahead.truth is None or not _restates(own, claim, here):
        return False
    stated = own.stated_in(claim)
    for subject, number in stated:
        old, new = finite(own.truth.of(subject)), finite(ahead.truth.of(subject))
        if old is None or new is None or agrees(number.value, number.unit, old):
            return False
        if not agrees(number.value, number.unit, new):
            return False
    return bool(stated)
