"""The third witness of a run: SymPy's derivative of every formula in numbers, and their products along the paths.

The engine's rules and the finite differences are the other two. SymPy's formula is evaluated as it is remembered,
without SymPy; where rounding spoils that (or the formula is too long to be kept), SymPy is asked at 60 digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from ..engine.trace import Trace
from ..formulas.evaluate import evaluate
from ..formulas.expression import Expression, names_in
from ..formulas.rounding import EPSILON
from ..values import Struct, field
from .derivatives import local_derivative
from .lengths import pieces

SYMBOLIC_GAP = 1e-9  # relative; SymPy's numbers and the engine's differ by rounding only
NOISE = 64.0  # rounding errors of the largest products in a sum, in units of ε
NUDGE = 1e-6  # relative, of an operand: what it does to a derivative, in proportion, is what its rounding does
MOST_EDGES = 1_000  # local derivatives that are multiplied along the paths
MOST_PIECES = 50  # of a formula that SymPy is asked for at 60 digits
MOST_EXACT = 100  # of one run that SymPy is asked for at 60 digits


class Symbolic(Struct, frozen=True):
    """A derivative as SymPy has it, the engine's gap to it, and what rounding may put the two apart."""

    value: float
    relative_error: float
    noise: float = 0.0

    @property
    def agrees(self) -> bool:
        return self.relative_error <= SYMBOLIC_GAP


class ThirdWitness(Struct):
    """SymPy's derivatives at the numbers of one trace; None where SymPy isn't asked because it is too much."""

    trace: Trace
    _asked: int = 0
    _locals: dict[tuple[int, int], Symbolic | None] = field(default_factory=dict)
    _totals: dict[int, Symbolic] | None = None

    def local(self, result: int, operand: int) -> Symbolic | None:
        """∂result/∂operand along the one edge between them."""
        edge = result, operand
        if edge not in self._locals:
            self._locals[edge] = self._local(result, operand)
        return self._locals[edge]

    def gradient(self, node: int) -> Symbolic | None:
        """∂loss/∂node: SymPy's local derivatives multiplied along the paths, and these added."""
        if self._totals is None:
            self._totals = self._chained()
        return self._totals.get(node)

    def _local(self, result: int, operand: int) -> Symbolic | None:
        graph = self.trace.graph
        expanded = graph.node(result).expanded
        assert expanded is not None
        formula = local_derivative(expanded, graph.name(operand), graph.name(result))
        if formula is not None:
            found = _compared(self.trace.local(result, operand), evaluate(formula, self.trace.value))
            if found.agrees:
                return found
        if self._asked >= MOST_EXACT or pieces(expanded) > MOST_PIECES:
            return None
        self._asked += 1
        found = exact(self.trace, result, operand)
        if found.agrees or formula is None:
            return found
        return _compared(self.trace.local(result, operand), found.value, self._noise(formula))

    def _noise(self, formula: Expression) -> float:
        """How far rounded operands alone may put a derivative off: the sum of deviations from a mean is 0, or 1e-17."""
        value_of = self.trace.value
        slope = evaluate(formula, value_of)

        def moved(name: str) -> float:
            return evaluate(formula, lambda other: value_of(other) * (1 + NUDGE * (other == name)))

        return math.fsum(abs(moved(name) - slope) for name in names_in(formula)) * (NOISE * EPSILON / NUDGE)

    def _chained(self) -> dict[int, Symbolic]:
        """By every quantity that the loss depends on; nothing where the network is large."""
        graph = self.trace.graph
        if len(graph.edges[0]) > MOST_EDGES:
            return {}
        nodes = [n for n in self.trace.path_counts if graph.block_of(n).kind == "computed"]
        downwards = sorted(nodes, key=lambda n: -int(graph.levels[n]))
        return chained(self.trace, ((n, operand) for n in downwards for operand in graph.node(n).operands), self.local)


def exact(trace: Trace, result: int, operand: int) -> Symbolic:
    """∂result/∂operand by SymPy at 60 digits, at the numbers of a trace."""
    from .symbolic import witness

    graph = trace.graph
    slope = witness(graph.node_formula(result), graph.name(operand), trace.value)
    return _compared(trace.local(result, operand), slope)


def chained(
    trace: Trace, edges: Iterable[tuple[int, int]], slope_of: Callable[[int, int], Symbolic | None]
) -> dict[int, Symbolic]:
    """The loss by every quantity on these edges (result, operand), which go down from it; nothing if one is unknown."""
    found = {trace.graph.loss: (1.0, 1.0, 0.0)}  # the sum over the paths, that of their sizes, that of their noise
    for result, operand in edges:
        slope = slope_of(result, operand)
        if slope is None:
            return {}
        (upstream, above, off), (value, size, noise) = found[result], found.get(operand, (0.0, 0.0, 0.0))
        length = abs(slope.value)
        noise += off * length + above * slope.noise
        found[operand] = value + upstream * slope.value, size + above * length, noise
    return {
        node: _compared(trace.gradient(node), value, NOISE * EPSILON * size + noise)
        for node, (value, size, noise) in found.items()
    }


def _compared(mine: float, other: float, noise: float = 0.0) -> Symbolic:
    """The noise keeps a derivative of 0 from showing an error of 100 %."""
    gap = abs(mine - other)
    if not math.isfinite(gap):  # there is no number to compare
        return Symbolic(other, math.inf, noise)
    size = max(abs(mine), abs(other), noise / SYMBOLIC_GAP)
    return Symbolic(other, gap / size if gap else 0.0, noise)
