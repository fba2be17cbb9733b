"""The network with given values moved a little: what a finite difference done by hand has to come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from ..engine.trace import Trace, backward, forward
from ..handwork.exact import ending, exact
from ..handwork.quantities import Gradient, Vocabulary
from .person import STANDARD, Convention, Truth

MOST_LEAVES = 60  # that are moved to see where a number comes from


class Moved:
    """Runs of one scenario at moved values, each kept."""

    def __init__(self, vocabulary: Vocabulary, trace: Trace, convention: Convention = STANDARD) -> None:
        self.vocabulary = vocabulary
        self.trace = trace
        self.convention = convention
        self._runs: dict[tuple[tuple[int, float], ...], Truth] = {}

    def run(self, nudges: Mapping[int, float]) -> Truth:
        """The exact values where these leaves are moved by so much."""
        key = tuple(sorted(nudges.items()))
        if key not in self._runs:
            graph = self.trace.graph
            leaves = self.trace.values.copy()
            for leaf, step in key:
                leaves[leaf] += step
            values = forward(graph, leaves)
            self._runs[key] = Truth(self.vocabulary, Trace(graph, values, backward(graph, values)), self.convention)
        return self._runs[key]

    def quotients(self, subject: Gradient, step: float) -> Iterator[Fraction]:
        """The forward, backward and central difference quotient of a derivative by a given value."""
        here = self.run({}).value(subject.of)
        up, down = (self.run({subject.by: way}).value(subject.of) for way in (step, -step))
        for rise, run in ((up - here, step), (here - down, step), (up - down, 2 * step)):
            quotient = rise / run
            if quotient == quotient and abs(quotient) != float("inf"):
                yield exact(quotient)

    def exact_values(self, steps: Sequence[float]) -> frozenset[Fraction]:
        """Every number that ends after some decimals where one given value is moved by one of the steps."""
        leaves = self.trace.graph.nodes_of("input", "parameter")[:MOST_LEAVES]
        found: set[Fraction] = set()
        for leaf in leaves:
            for step in steps:
                found |= ending(self.run({leaf: step}).values)
        return frozenset(found)
