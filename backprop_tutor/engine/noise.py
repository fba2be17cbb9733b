"""How much of a difference is rounding, where that is more than the rounding of the objective itself.

At the bottom of (t - y)² the loss is 0 and has nothing to round; what is rounded is y, and the difference of two losses
shows it. So everything that depends on the nudge is calculated again and again, each intermediate result moved by a
rounding error or two: how far the difference moves is its noise. This knows no derivative rule, and is done only for
the few differences that seem to disagree.
"""

from __future__ import annotations

import numpy as np

from ..formulas.rounding import EPSILON
from .graph import Graph, NodeGroup, ancestors, descendants
from .plan import Values
from .program import Program

SHAKES = 8  # times everything is calculated again
SIZE = 2 * EPSILON  # of a shake, relative: four times the rounding of one operation
MARGIN = 2.0


class Shaker:
    """Moves numbers by up to SIZE, the same way for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = np.random.default_rng(seed)

    def __call__(self, numbers: Values) -> Values:
        return np.asarray(numbers * (1.0 + SIZE * self._dice.uniform(-1.0, 1.0, np.shape(numbers))))


def _spread(up: Values, down: Values, run: float, difference: float) -> float:
    found = float(np.max(np.abs((up - down) / run - difference)))
    return MARGIN * found if np.isfinite(found) else 0.0


@np.errstate(all="ignore")
def of_gradient(
    graph: Graph, values: Values, objective: int, node: int, ends: tuple[float, float], difference: float
) -> float:
    """The noise of (f(upper) - f(lower))/(upper - lower) at the two ends of a nudge of `node`."""
    shaken = Shaker()
    state = np.repeat(values[None], 2 * SHAKES, 0)
    nudged = np.repeat(ends, SHAKES)
    state[:, node] = nudged
    touched = descendants(graph, node) & ancestors(graph, objective)
    for group in graph.groups:
        mine = touched[group.out]
        if mine.any():
            slots = [slot.astype(float) if i in group.picks else state[:, slot] for i, slot in enumerate(group.slots)]
            program = Program(group.tree, len(slots))
            result = program.result(program.run(slots, jitter=shaken))
            state[:, group.out] = np.where(mine, result, state[:, group.out])
            state[:, node] = nudged
    found = state[:, objective]
    return _spread(found[:SHAKES], found[SHAKES:], ends[0] - ends[1], difference)


@np.errstate(all="ignore")
def of_local(
    group: NodeGroup, row: int, values: Values, operand: int, ends: tuple[float, float], difference: float
) -> float:
    """The same for one formula and one of its operands."""
    at = np.repeat(ends, SHAKES)
    operands: list[Values] = []
    for i, slot in enumerate(group.slots):
        mine = slot[row]
        if i in group.picks:
            operands.append(np.broadcast_to(mine.astype(float), (len(at), *mine.shape)))
        else:
            operands.append(np.where(mine == operand, at.reshape(-1, *(1,) * mine.ndim), values[mine]))
    program = Program(group.tree, len(operands))
    found = np.broadcast_to(program.result(program.run(operands, jitter=Shaker())), len(at))
    return _spread(found[:SHAKES], found[SHAKES:], ends[0] - ends[1], difference)
