"""Is a quantity's truth certain where some given values are only assumed?

An assumed leaf is an unknown with a wide prior. Every line of the sheet that agrees with the assumed values is a
measurement of it, as exact as its digits; a line that was calculated from the quantity in question counts only for what
it says apart from that quantity. The quantity is decided when the other lines leave less than a tenth of its prior
uncertainty: then the document states it, if only between the lines. (Linear, at the assumed values.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .exact import Stated, agrees, truncates
from .person import Line, Person
from .quantities import Subject, Vocabulary
from .values import finite

NUDGE = 1e-5
REMAINING = 0.1  # of the prior uncertainty
PRIOR = 1.0


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
        self.sensitivity = lru_cache(maxsize=None)(self._sensitivity)
        self.effect = lru_cache(maxsize=None)(self._effect)

    def _sensitivity(self, subject: Subject) -> NDArray[np.float64]:
        """d(subject)/d(assumed value) for every assumed quantity."""
        base = self.person.of(subject)
        return np.nan_to_num(np.array([(moved.of(subject) - base) / NUDGE for moved in self._moved]))

    def _effect(self, later: Subject, fixed: Subject) -> float:
        """d(later)/d(fixed), the fixed quantity moved by itself."""
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

    def decided(self, subject: Subject, stated: Mapping[Subject, Iterable[Line]]) -> bool:
        """Do the sheet's other lines (those that agree with the assumed values) leave the subject no freedom?"""
        if not self.assumed:
            return True
        mine = self.sensitivity(subject)
        prior = float(mine @ mine) * PRIOR**2
        if prior < 1e-18:
            return True
        information = np.eye(len(self.assumed)) / PRIOR**2
        for other, lines in stated.items():
            if other == subject:
                continue
            true = finite(self.person.of(other))
            agreeing = [
                line.number for line in lines
                if true is not None and line.number.unit
                and (agrees(line.number.value, line.number.unit, true)
                     or truncates(line.number.value, line.number.unit, true))
            ]  # fmt: skip
            if not agreeing:
                continue
            row = self.sensitivity(other) - self.effect(other, subject) * mine
            noise = float(min(number.unit for number in agreeing)) / 2
            information += np.outer(row, row) / noise**2
        left = float(mine @ np.linalg.solve(information, mine))
        return left <= REMAINING**2 * prior
