"""Are two formulas one function? Decided at random points, through the graph: only leaves are drawn.

A difference at one point is a proof of difference; agreement at all points is equality for the formulas at hand (they
are analytic piece by piece). No algebra system is asked, so nothing can hang, and a point where a side has no value is
passed over, never counted against the person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

from ..engine.scalar import Dual, Get, GetGradient
from ..engine.trace import Trace, backward, forward
from ..formulas.expression import Derivative, Expression, Name
from ..handwork.quantities import Vocabulary
from ..values import Struct
from .closures import closure, run
from .person import STANDARD, Convention, Model, Truth, random_points

Reading: TypeAlias = Mapping[str, Name | Derivative]  # what some names of a formula are tried as
Trial: TypeAlias = Callable[[Reading], bool]
RELATIVE = 1e-9
CLEAR = 1e-6
NEAR_POINTS = 3


class Comparison(Struct, frozen=True):
    """`same` is None when it can't be decided; `condition` says under what it holds ("the targets sum to 1")."""

    same: bool | None
    condition: str = ""


class Equality:
    """Comparisons of formulas in one scenario."""

    def __init__(self, vocabulary: Vocabulary, trace: Trace | None, convention: Convention = STANDARD) -> None:
        self.vocabulary = vocabulary
        points = random_points(vocabulary, trace)
        self.points: tuple[Model, ...] = tuple(Truth(vocabulary, p.trace, convention) for p in points)
        if trace is not None:
            self.points = (Truth(vocabulary, trace, convention), *self.points)
        self.trace = trace
        self._summing: tuple[Model, ...] | None = None
        self._around: dict[frozenset[int], tuple[Model, ...]] = {}
        self.convention = convention

    def same(self, left: Expression, right: Expression, quick: bool = False) -> bool:
        """True when the two agree everywhere; `quick` looks at three points."""
        points = self.points[:3] if quick else self.points
        return self._compare(left, right, points, ()) is True

    def near(self, left: Expression, right: Expression, held: frozenset[int]) -> bool:
        """True when the two agree all around the scenario's own values, while some given ones are held there."""
        return self._compare(left, right, self._near(held), ()) is True

    def here(self, left: Expression, right: Expression) -> bool:
        """True when the two agree at the scenario's own values."""
        return self.trace is not None and self._compare(left, right, self.points[:1], ()) is True

    def ratio(self, left: Expression, right: Expression) -> float | None:
        """How many times as large the right one is everywhere, or at least near the scenario's own values."""
        for points in (self.points, self._near(frozenset())):
            pairs = [(point.evaluate(left), point.evaluate(right)) for point in points]
            ratios = [two / one for one, two in pairs if one and math.isfinite(one) and math.isfinite(two)]
            if len(ratios) > 2 and max(ratios) - min(ratios) <= 1e-9 * abs(ratios[0]):
                return ratios[0]
        return None

    def vanishes_near(self, formula: Expression) -> bool:
        """Is the formula 0 (or without a value) all around the scenario's own values?"""
        return _only_zeros(point.evaluate(formula) for point in self._near(frozenset()))

    def compare(self, left: Expression, right: Expression, free: Iterable[str] = ()) -> Comparison:
        """Equality with its condition; `free` are names of the person's own that stand for any number."""
        plain = self._compare(left, right, self.points, tuple(free))
        if plain is not False:
            return Comparison(plain)
        summing = self.summing()
        if summing and self._compare(left, right, summing, tuple(free)):
            return Comparison(True, "holds because the targets sum to 1")
        return Comparison(False)

    def _compare(
        self, left: Expression, right: Expression, points: tuple[Model, ...], free: tuple[str, ...]
    ) -> bool | None:
        one, two = closure(left, self.vocabulary.graph), closure(right, self.vocabulary.graph)
        if one is None or two is None:
            return None
        decided = 0
        for number, point in enumerate(points):
            drawn = {name: 0.37 + 0.29 * number + 0.11 * i for i, name in enumerate(free)}

            def get(name: str, point: Model = point, drawn: dict[str, float] = drawn) -> Dual:
                return (drawn[name], 0.0) if name in drawn else point.get(name)

            agree = _agree(run(one, get, point.get_gradient), run(two, get, point.get_gradient))
            if agree is False:
                return False
            decided += agree is True
        return True if decided else None

    def trial(self, left: Expression, right: Expression, held: frozenset[int] | None = None) -> Trial:
        """A quick comparison to be made with many readings of some names; 0 = 0 doesn't count as agreement.

        At random points, or near the scenario's own with some given values held.
        """
        graph = self.vocabulary.graph
        one, two = closure(left, graph), closure(right, graph)
        points = self.points[:3] if held is None else self._near(held)

        def holds(reading: Reading) -> bool:
            if one is None or two is None:
                return False
            decided = something = False
            for point in points:
                get, gradient = _as_read(point, reading)
                a, b = run(one, get, gradient), run(two, get, gradient)
                agree = _agree(a, b)
                if agree is False:
                    return False
                decided |= agree is True
                something |= math.isfinite(b) and b != 0.0
            return bool(decided and something)

        return holds

    def _near(self, held: frozenset[int]) -> tuple[Model, ...]:
        """Points beside the scenario's own: every given value but those held is moved by up to 3 %."""
        if held not in self._around:
            self._around[held] = tuple(self._moved(held)) if self.trace is not None else ()
        return self._around[held]

    def _moved(self, held: frozenset[int]) -> Iterator[Model]:
        assert self.trace is not None
        graph = self.trace.graph
        generator = np.random.default_rng(20)
        kept = sorted(held)
        # as at random points a 0 stays, but for a target's
        sizes = np.abs(self.trace.values)
        targets = graph.nodes_of("target")
        sizes[targets] = np.where(sizes[targets] == 0.0, 1.0, sizes[targets])
        for _ in range(NEAR_POINTS):
            away = sizes * generator.uniform(0.005, 0.03, graph.size) * generator.choice([-1.0, 1.0], graph.size)
            away[kept] = 0.0
            values = forward(graph, self.trace.values + away)
            if np.isfinite(values).all():
                yield Truth(self.vocabulary, Trace(graph, values, backward(graph, values)), self.convention)

    def summing(self) -> tuple[Model, ...]:
        """Points at which the targets sum to 1, where the scenario's own do (or are unknown)."""
        if self._summing is None:
            self._summing = self._drawn_summing()
        return self._summing

    def _drawn_summing(self) -> tuple[Model, ...]:
        graph = self.vocabulary.graph
        targets = graph.nodes_of("target")
        own = graph.leaf_values()[targets]
        if len(targets) < 2 or not (np.isnan(own).any() or abs(own.sum() - 1.0) < 1e-9):
            return ()
        found = []
        for point in self.points:
            assert isinstance(point, Truth)
            leaves = point.trace.values.copy()
            leaves[targets] = np.abs(leaves[targets]) + 0.1
            leaves[targets] /= leaves[targets].sum()
            values = forward(graph, leaves)
            if np.isfinite(values).all():
                found.append(Truth(self.vocabulary, Trace(graph, values, backward(graph, values)), self.convention))
        return tuple(found)


def _only_zeros(values: Iterable[float]) -> bool:
    return all(value == 0.0 or value != value for value in values)


def _agree(a: float, b: float) -> bool | None:
    """Are two values the same number? None where one of them has no value, or rounding leaves it open."""
    if not (math.isfinite(a) and math.isfinite(b)):
        return None
    scale = max(abs(a), abs(b), 1e-9)
    if abs(a - b) <= RELATIVE * max(scale, 1e-3):
        return True
    return False if abs(a - b) > CLEAR * scale or abs(a - b) > 1e-12 else None


def _as_read(point: Model, reading: Reading) -> tuple[Get, GetGradient]:
    """A point's answers where some names stand for other quantities."""

    def name_of(name: str) -> str:
        meant = reading.get(name)
        return name if meant is None else meant.name if isinstance(meant, Name) else ""

    def get(name: str) -> Dual:
        meant = reading.get(name)
        if isinstance(meant, Derivative):
            return point.get_gradient(meant.of, meant.by), 0.0
        return point.get(name if meant is None else meant.name)

    return get, lambda of, by: point.get_gradient(name_of(of), name_of(by))
