"""One network with numbers, ready to ask questions about: its run, its structure, and the judge of the answers."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property

from ..engine.check import check_locals
from ..engine.graph import Graph
from ..engine.network import Network
from ..engine.trace import Trace
from ..formulas.algebra import named
from ..formulas.digits import significant, spelt
from ..formulas.expression import Derivative, Expression, Name, walk
from ..handwork.exact import Stated, unit_of
from ..handwork.quantities import (
    RATE,
    Gradient,
    Rate,
    Remembered,
    RuleNumber,
    Subject,
    Updated,
    Value,
    Vocabulary,
    Worked,
)
from ..judging.judge import Judge
from ..judging.person import Line, Person, subject_of
from ..judging.session import Session
from ..values import Struct
from .types import Known

GUARD = 2  # digits that a given number has more than the answer needs


class Source(Struct, frozen=True, dict=True):
    """A graph with numbers. `note` says where the numbers come from when they are not the scenario's own."""

    graph: Graph
    note: str = ""

    @cached_property
    def judge(self) -> Judge:
        return Judge(self.graph)

    @property
    def trace(self) -> Trace:
        trace = self.judge.trace
        assert trace is not None, "a source has numbers"
        return trace

    @property
    def network(self) -> Network:
        return self.judge.network

    @property
    def vocabulary(self) -> Vocabulary:
        return self.judge.vocabulary

    @property
    def name(self) -> str:
        return self.graph.scenario.name

    # ------------------------------------------------------------------ numbers
    def value(self, formula: Expression) -> float:
        """A formula over the network's names; nan where it has no value."""
        assert self.judge.truth is not None
        return self.judge.truth.evaluate(formula)

    def of(self, subject: Subject) -> float:
        """A quantity's true value."""
        assert self.judge.truth is not None
        return self.judge.truth.of(subject)

    def read(self, subject: Subject) -> Expression:
        """The quantity as a piece of a formula."""
        return self.vocabulary.read(subject)

    def subject(self, part: Expression) -> Subject | None:
        """The quantity that a name or a derivative means; None for any other formula."""
        if isinstance(part, Name):
            return subject_of(self.vocabulary, part.name)
        if isinstance(part, Derivative):
            of, by = self.graph.find(part.of), self.graph.find(part.by)
            return None if of is None or by is None else Gradient(of, by)
        return None

    def needs(self, formulas: Iterable[Expression]) -> tuple[Subject, ...]:
        """The quantities in some formulas, in reading order, each once."""
        found: dict[Subject, None] = {}
        for formula in formulas:
            for part in walk(formula):
                subject = self.subject(part)
                if subject is not None:
                    found[subject] = None
        return tuple(found)

    # ------------------------------------------------------------------ what is given
    def known(self, subject: Subject, digits: int) -> Known:
        """A quantity given by its number: as typed, or rounded to `digits` and two more."""
        if isinstance(subject, Rate):
            return Known(subject, self.graph.scenario.rate_text or significant(self.of(subject), 12))
        if isinstance(subject, Value):
            typed = self.graph.typed(subject.node)
            if typed not in (None, "?"):
                return Known(subject, spelt(typed or "", "-"))
        value = self.of(subject)
        text = significant(value, digits + GUARD)
        exact = abs(float(text) - value) <= 1e-12 * max(1.0, abs(value))
        return Known(subject, text, exact=exact)

    def in_order(self, subjects: Iterable[Subject]) -> list[Subject]:
        """Values in the document's order, then the rate, then derivatives from the loss down."""
        place = {node: i for i, node in enumerate(self.graph.order())}

        def key(subject: Subject) -> tuple[int, int, int]:
            match subject:
                case Value(node):
                    return 0, place[node], 0
                case Rate():
                    return 1, 0, 0
                case Gradient(of, by):
                    return 2, -int(self.graph.levels[by]), place[of] * len(place) + place[by]
                case Updated(node):
                    return 3, place[node], 0
                case Worked(_, node) | Remembered(_, node):
                    return 4, place[node], 0
                case RuleNumber():
                    return 1, 1, 0

        return sorted(set(subjects), key=key)

    def session(self, known: Iterable[Known]) -> Session:
        """A sheet on which what is given stands already."""
        person = Person(self.vocabulary, self.judge.leaves)
        for one in known:
            leaf = isinstance(one.subject, Rate) or (
                isinstance(one.subject, Value) and one.subject.node in self.judge.leaves
            )
            if one.text and not leaf:
                unit = Fraction(0) if one.exact else unit_of(one.text.lstrip("-"))
                person.state(one.subject, Line(Stated(Fraction(one.text), unit, one.text), 0))
        return Session(person)

    # ------------------------------------------------------------------ the structure
    def edges_between(self, of: int, by: int) -> list[tuple[int, int]]:
        """(result, operand) of every edge on a way from `by` up to `of`."""
        counts = self.trace.path_counts_to(of)
        found: dict[tuple[int, int], None] = {}
        stack, seen = [by], {by}
        while stack:
            node = stack.pop()
            for user in self.graph.users.get(node, ()):
                if user in counts:
                    found[user, node] = None
                    if user not in seen:
                        seen.add(user)
                        stack.append(user)
        return list(found)

    @cached_property
    def _kinks(self) -> dict[tuple[int, int], bool]:
        return {}

    def at_kink(self, edges: Iterable[tuple[int, int]]) -> bool:
        """Does one of the local derivatives stand at a kink, or too near to one?"""
        edges = list(edges)
        new = [edge for edge in edges if edge not in self._kinks]
        if new:
            checks = check_locals(self.trace, new, "central", None)
            self._kinks.update({edge: check.kink for edge, check in zip(new, checks, strict=True)})
        return any(self._kinks[edge] for edge in edges)

    @property
    def rate(self) -> Name:
        return named(RATE)
