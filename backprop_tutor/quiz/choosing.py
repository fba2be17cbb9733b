"""Which question comes next: from a scenario or from random networks, for what the learner has to practise.

    generator = Generator(Practice(scenario), Wishes(digits=4), seed="7")
    asked = generator.next(1, state, now)     # a Question with the Source it was made from

Without a seed of their own, questions follow the learner's progress: what is due comes first (a skill, or a question
that would show a slip that recurs), what is open on the ladder is mixed, and no skill is asked twice in a row. With a
seed they are the same for everybody.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from ..engine.build import build
from ..engine.graph import Graph
from ..errors import Problem, RequestError, ScenarioError, Where
from ..handwork.quantities import Gradient, Rate, Remembered, RuleNumber, Subject, Updated, Value, Worked
from ..scenario.loading import Scenario
from ..values import Struct, field
from .attempts import SkillState, State
from .kinds import MAKERS, Maker, Setting
from .long_questions import candidates as long_candidates
from .long_questions import derivation, find
from .names import Kind
from .networks import Shape, random_scenario, renumbered, stated
from .offer import Candidate, candidates
from .skills import CODES, SKILLS, open_skills
from .source import Source
from .types import Question

MAX_NODES = 600  # of a network to calculate by hand
TRIES = 12  # subjects tried with one set of numbers
NUMBERS = 12  # sets of numbers tried
DUE_WEIGHT, NEW_WEIGHT, HABIT_WEIGHT = 4.0, 2.0, 2.0
ALL_MAKERS: Mapping[Kind, Maker] = {**MAKERS, Kind.DERIVATION: derivation, Kind.FIND: find}


class Practice(Struct, frozen=True):
    """What is practised: a scenario, or random networks of one shape.

    `own`: a file of the learner's own. `grows`: nobody has asked for this shape, and it may follow the progress.
    """

    scenario: Scenario | None = None
    shape: Shape | None = None
    own: bool = False
    grows: bool = False

    @property
    def command(self) -> str:
        """The command that practises this."""
        if self.scenario is not None:
            return f"bptutor quiz {self.scenario.path if self.own else self.scenario.name}"
        assert self.shape is not None, "there is something to practise"
        return " ".join(["bptutor quiz", *self.shape.options])

    @property
    def name(self) -> str:
        if self.scenario is not None:
            return self.scenario.name
        assert self.shape is not None, "there is something to practise"
        return self.shape.name


class Wishes(Struct, frozen=True):
    """What the learner asked for. `fixed`: the same questions for everybody with this seed."""

    digits: int = 4
    count: int = 8
    kinds: tuple[Kind, ...] = ()
    skill: str = ""
    only: str = ""
    fixed: bool = False


class Asked(Struct, frozen=True):
    """A question, what it was made from, and its number."""

    question: Question
    source: Source
    number: int


class Generator(Struct, dict=True):
    """Makes the questions of one quiz, one after the other."""

    practice: Practice
    wishes: Wishes
    seed: str
    _asked: set[tuple[Kind, Subject]] = field(default_factory=set)
    _last_skill: str = ""

    def __post_init__(self) -> None:
        self._base = self._first_source()
        if self._base.graph.size > MAX_NODES:
            said = f"this network has {self._base.graph.size} quantities: nobody calculates that by hand"
            raise RequestError(Problem(said, help=f"take one with up to {MAX_NODES}, or --random 2-2-2"))
        every = [*candidates(self._base), *long_candidates(self._base, self.practice.own)]
        self._candidates = [c for c in every if self._wanted(c)]
        if not self._candidates:
            raise self._nothing(every)

    # ------------------------------------------------------------------ sources
    def _first_source(self) -> Source:
        scenario = self.practice.scenario
        if scenario is None:
            return self._new_source("first")
        if scenario.known:
            return Source(build(stated(scenario)))
        return Source(build(renumbered(scenario, random.Random(f"{self.seed}.first"))), "numbers drawn")

    def _new_source(self, number: str) -> Source:
        """The network with other numbers."""
        dice = random.Random(f"{self.seed}.{number}")
        for _ in range(8):
            scenario, shape = self.practice.scenario, self.practice.shape
            if shape is not None:
                return Source(build(random_scenario(shape, dice)))
            assert scenario is not None
            try:
                source = Source(build(renumbered(scenario, dice)), "other numbers")
                _ = source.trace
                return source
            except ScenarioError:
                continue  # a value that is not finite: other numbers
        return self._base

    # ------------------------------------------------------------------ what may be asked
    def _wanted(self, candidate: Candidate) -> bool:
        wishes = self.wishes
        if wishes.kinds and candidate.kind not in wishes.kinds:
            return False
        if wishes.skill and candidate.skill != wishes.skill:
            return False
        return not wishes.only or self._about(candidate.subject)

    def _about(self, subject: Subject) -> bool:
        node = node_of(subject)
        return node is not None and node in self._only

    @property
    def _only(self) -> frozenset[int]:
        return named_nodes(self._base.graph, self.wishes.only)

    def _nothing(self, every: Iterable[Candidate]) -> RequestError:
        wishes = self.wishes
        wished = [
            *(f"--kind {kind.value}" for kind in wishes.kinds),
            *([f"--skill {wishes.skill}"] if wishes.skill else []),
            *([f"--only {wishes.only}"] if wishes.only else []),
        ]
        there = dict.fromkeys(c.skill for c in every)
        offered = ", ".join(code for code in CODES if code in there)
        said = (
            f"{self.practice.name} has no question for {' '.join(wished)}"
            if wished
            else (f"{self.practice.name} has nothing to ask")
        )
        return RequestError(Problem(said, help=f"its skills are: {offered}" if offered else "try --random 2-2-2"))

    @property
    def offered(self) -> tuple[str, ...]:
        """The skills on offer, in the order of the ladder."""
        there = {candidate.skill for candidate in self._candidates}
        return tuple(skill.code for skill in SKILLS if skill.code in there)

    # ------------------------------------------------------------------ the next question
    def next(self, number: int, state: State, now: datetime) -> Asked | None:
        """Question `number`; None when nothing fair is left."""
        dice = random.Random(f"{self.seed}.{number}")
        for code in self._skills(number, state, now, dice):
            made = self._of_skill(code, number, state, now, dice)
            if made is not None:
                self._asked.add((made.question.kind, made.question.subject))
                self._last_skill = code
                return made
        return None

    def _skills(self, number: int, state: State, now: datetime, dice: random.Random) -> list[str]:
        """The skills in the order in which they are tried."""
        offered = list(self.offered)
        if self.wishes.fixed:
            count = max(1, self.wishes.count)
            spread = len(offered) > count
            first = ((number - 1) * len(offered) // count if spread else number - 1) % len(offered)
            return [*offered[first:], *offered[:first]]
        results = {code: skill.results for code, skill in state.skills.items()}
        now_open = open_skills(offered, results) or tuple(offered)
        due, due_slips = set(state.due(now)), set(state.due_slips(now))
        habits = {slip.code for slip in state.slips if slip.evidence > 1}
        weights = {code: _weight(state.skills.get(code), code in due, due_slips, habits) for code in now_open}
        order = _shuffled(weights, dice)
        order = [code for code in order if code != self._last_skill] + [c for c in order if c == self._last_skill]
        return [*order, *(code for code in offered if code not in order)]

    def _of_skill(self, code: str, number: int, state: State, now: datetime, dice: random.Random) -> Asked | None:
        """A question of this skill; where slips are due, one that would show such a slip, if there is one."""
        mine = [c for c in self._candidates if c.skill == code]
        due = frozenset() if self.wishes.fixed else frozenset(state.due_slips(now))
        for attempt in range(NUMBERS):
            source = self._source(number, attempt)
            fresh = attempt > 0 or self.practice.shape is not None
            other: Asked | None = None
            for candidate in self._ordered(mine, source, state, fresh, dice)[:TRIES]:
                setting = Setting(source, self.wishes.digits, dice, f"{self.seed}.{number}")
                question = ALL_MAKERS[candidate.kind](setting, candidate)
                if question is None:
                    continue
                asked = Asked(question, source, number)
                if not due or due & question.visible:
                    return asked
                other = other or asked
            if other is not None:
                return other
        return None

    def _source(self, number: int, attempt: int) -> Source:
        if attempt == 0 and self.practice.shape is None:
            return self._base
        return self._new_source(f"{number}.{attempt}")

    def _ordered(
        self, mine: list[Candidate], source: Source, state: State, fresh: bool, dice: random.Random
    ) -> list[Candidate]:
        """Candidates in the order in which they are tried: kinds mixed, what was asked before last.

        With the scenario's own numbers nothing is asked that this learner has answered already.
        """
        by_kind: dict[Kind, list[Candidate]] = {}
        for candidate in mine:
            by_kind.setdefault(candidate.kind, []).append(candidate)
        kinds = list(by_kind)
        dice.shuffle(kinds)
        for members in by_kind.values():
            dice.shuffle(members)
        mixed: list[Candidate] = []
        for i in range(max(map(len, by_kind.values()), default=0)):
            mixed += [by_kind[kind][i] for kind in kinds if i < len(by_kind[kind])]
        if not fresh:
            known = source.name
            text = source.vocabulary.text
            mixed = [
                c
                for c in mixed
                if (c.kind, c.subject) not in self._asked
                and (self.wishes.fixed or (known, c.kind.value, text(c.subject)) not in state.answered)
            ]
        return sorted(mixed, key=lambda c: (c.kind, c.subject) in self._asked)


def _weight(known: SkillState | None, due: bool, due_slips: Collection[str], habits: Collection[str]) -> float:
    """How much a skill wants to be asked: because it is due or new, or because of the slips that were made in it."""
    weight = 1.0 + (DUE_WEIGHT if due else 0.0)
    if known is None or not known.climbed:
        weight += NEW_WEIGHT
    if known is not None and any(result.slip in due_slips for result in known.results):
        weight += DUE_WEIGHT
    elif known is not None and any(result.slip in habits for result in known.results[-4:]):
        weight += HABIT_WEIGHT
    return weight


def _shuffled(weights: Mapping[str, float], dice: random.Random) -> list[str]:
    """The codes in a random order in which heavier ones tend to come first."""
    return sorted(weights, key=lambda code: -(dice.random() ** (1 / weights[code])))


def node_of(subject: Subject) -> int | None:
    """The quantity that a subject is about."""
    match subject:
        case Value(node) | Updated(node) | Worked(_, node) | Remembered(_, node):
            return node
        case Gradient(_, by):
            return by
        case Rate() | RuleNumber():
            return None


def named_nodes(graph: Graph, name: str) -> frozenset[int]:
    """The nodes that `--only NAME` means: one quantity, or all elements of an array. RequestError for none."""
    bare = name.split("/")[-1].lstrip("∂d") if "/" in name else name
    block = graph.blocks.get(bare)
    if block is not None:
        return frozenset(range(block.start, block.start + block.size))
    try:
        return frozenset({graph.id(bare)})
    except RequestError as error:
        problem = error.problems[0]
        raise RequestError(Problem(problem.message, Where(key=f"--only {name}"), "", problem.help)) from None
