"""Is a quantity's truth certain where some given values are only assumed?

An assumed leaf is an unknown with a wide prior. Every line of the sheet that agrees with the assumed values is a
measurement of it, as exact as its digits; a line that was calculated from the quantity in question counts only for what
it says apart from that quantity. The quantity is decided when the other lines leave less than a tenth of its prior
uncertainty: then the document states it, if only between the lines. (Linear, at the assumed values.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..handwork.exact import Stated, agrees, finite, truncates
from ..handwork.quantities import Gradient, Subject, Updated, Value, Vocabulary
from ..values import Struct
from .person import Line, Person

NUDGE = 1e-5
REMAINING = 0.1  # of the prior uncertainty
PRIOR = 1.0


class _Measurement(Struct, frozen=True):
    """A stated quantity: how it depends on the assumed values, and half the unit of its last digit."""

    subject: Subject
    row: NDArray[np.float64]
    noise: float


class Assumptions:
    """Sensitivities of quantities to the assumed leaves of one scenario, worked out once and kept."""

    def __init__(self, vocabulary: Vocabulary, leaves: Mapping[int, float]) -> None:
        self.vocabulary = vocabulary
        self.leaves = dict(leaves)
        self.person = Person(vocabulary, leaves)
        graph = vocabulary.graph
        # an array that is assumed for one reason is one unknown: its elements move together
        blocks: dict[str, list[int]] = {}
        for node in sorted(self.person.assumed_leaves):
            blocks.setdefault(graph.block_of(node).name, []).append(node)
        self.assumed = list(blocks.values())
        self._moved = [Person(vocabulary, {**leaves, **{n: leaves[n] + NUDGE for n in b}}) for b in self.assumed]
        self._fixed: dict[Subject, tuple[Person, float]] = {}
        self._stated: Mapping[Subject, Sequence[Line]] | None = None
        self._measured: list[_Measurement] = []
        self._rows = np.zeros((0, len(self.assumed)))  # of the measurements, in units of their noise
        self._known: dict[Subject, bool] = {}
        self.sensitivity = lru_cache(maxsize=None)(self._sensitivity)
        self.effect = lru_cache(maxsize=None)(self._effect)

    def _sensitivity(self, subject: Subject) -> NDArray[np.float64]:
        """d(subject)/d(assumed value) for every assumed quantity."""
        base = self.person.of(subject)
        slopes = np.array([(moved.of(subject) - base) / NUDGE for moved in self._moved], float)
        return np.where(np.isfinite(slopes), slopes, 0.0)

    def _effect(self, later: Subject, fixed: Subject) -> float:
        """d(later)/d(fixed), the fixed quantity moved by itself."""
        if not self._may_follow(later, fixed):
            return 0.0
        if fixed not in self._fixed:
            value = self.person.of(fixed)
            step = NUDGE * max(abs(value), 1e-2)
            moved = finite(value + step)
            if moved is None:
                return 0.0
            line = Line(Stated(moved, moved - moved, ""), 0)
            self._fixed[fixed] = Person(self.vocabulary, self.leaves, {fixed: line}), step
        person, step = self._fixed[fixed]
        change = (person.of(later) - self.person.of(later)) / step
        return change if np.isfinite(change) else 0.0

    def _may_follow(self, later: Subject, fixed: Subject) -> bool:
        """Can a quantity change when another one is set?"""
        match fixed, later:
            case Value(first), Value(second):
                return self.vocabulary.graph.reaches(first, second)
            case ((Gradient() | Updated()), Value()):
                return False
            case Updated(), _:
                return False
            case _:
                return True

    def decided(self, subject: Subject, stated: Mapping[Subject, Sequence[Line]]) -> bool:
        """Do the sheet's other lines (those that agree with the assumed values) leave the subject no freedom?"""
        if not self.assumed:
            return True
        if self._stated is not stated:
            self._stated, self._measured, self._known = stated, self._measurements(stated), {}
            rows = [measured.row / measured.noise for measured in self._measured]
            self._rows = np.array(rows).reshape(len(rows), len(self.assumed))
        if subject not in self._known:
            self._known[subject] = self._decides(subject)
        return self._known[subject]

    def _measurements(self, stated: Mapping[Subject, Sequence[Line]]) -> list[_Measurement]:
        """The stated numbers that agree with the assumed values, the finest of each quantity."""
        found = []
        for subject, lines in stated.items():
            true = finite(self.person.of(subject))
            if true is None:
                continue
            units = [
                line.number.unit
                for line in lines
                if line.number.unit and _rounds(line.number.value, line.number.unit, true)
            ]
            if units:
                found.append(_Measurement(subject, self.sensitivity(subject), float(min(units)) / 2))
        return found

    def _decides(self, subject: Subject) -> bool:
        mine = self.sensitivity(subject)
        prior = float(mine @ mine) * PRIOR**2
        if prior < 1e-18:
            return True
        given = isinstance(subject, Value) and subject.node in self.leaves
        others = [other.subject != subject for other in self._measured]
        rows = self._rows[others]
        if not given:
            # what was calculated from the subject says nothing of it beyond that; of a given value it tells the value
            effects = [self.effect(other.subject, subject) / other.noise for other in self._measured]
            rows -= np.outer(effects, mine)[others]
        information = np.eye(len(mine)) / PRIOR**2 + rows.T @ rows
        left = float(mine @ np.linalg.solve(information, mine))
        return left <= REMAINING**2 * prior


def _rounds(value: Fraction, unit: Fraction, true: Fraction) -> bool:
    return agrees(value, unit, true) or truncates(value, unit, true)
