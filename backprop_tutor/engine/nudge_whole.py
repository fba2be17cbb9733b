"""All nudges of a deep, narrow network at once: each group is executed once for all of them, felt or not.

In a network of hundreds of levels that hold a few nodes each, following every nudge by itself executes each group once
for every node below it; that is what takes the time there, and not the numbers. Nothing here knows a derivative rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .graph import Graph
from .plan import Indices, Values
from .program import Program

STATE_BYTES = 1 << 22  # of all values of the network, for the sides of all nudges that go together
FOLLOWED = 10_000  # executions of groups that follow nudges one by one: from here on they go together
NUMBERS = 2_000  # that may be calculated in the time of one such execution


def pays(graph: Graph, companies: int, numbers: int) -> bool:
    """Is it quicker to calculate the whole network for every nudge?

    `companies` of nudges would be followed one by one; `numbers` is how many nudges and sides there are together.
    """
    executions = companies * len(graph.groups)
    operands = sum(slot.size for group in graph.groups for slot in group.slots)
    return executions > FOLLOWED and numbers * (graph.size + operands) < executions * NUMBERS


class WholeNetwork:
    """One graph at its values; `calculated` counts numbers, `executed` groups."""

    def __init__(self, graph: Graph, values: Values, end: int, live: Sequence[bool]) -> None:
        self.graph, self.values, self.end = graph, values, end
        self.calculated = self.executed = 0
        chosen = [group for group, on in zip(graph.groups, live, strict=True) if on]
        self._groups = [(group, Program(group.tree, len(group.slots))) for group in chosen]

    def objective(self, nodes: Indices, offsets: Values, compared: Sequence[int]) -> tuple[Values, NDArray[np.bool_]]:
        """As `Nudges.objective` has it."""
        found, kinks = np.empty(offsets.shape), np.zeros(len(nodes), bool)
        together = max(1, STATE_BYTES // (8 * len(offsets) * self.graph.size))
        order = np.argsort(self.graph.levels[nodes], kind="stable")
        for at in range(0, len(nodes), together):
            some = order[at : at + together]
            found[:, some], kinks[some] = self._states(nodes[some], offsets[:, some], compared)
        return found, kinks

    def _states(self, nodes: Indices, offsets: Values, compared: Sequence[int]) -> tuple[Values, NDArray[np.bool_]]:
        nudged = self.values[nodes] + offsets
        state = np.repeat(np.repeat(self.values[None, None], len(nodes), 1), len(offsets), 0)
        own = np.arange(len(nodes))
        state[:, own, nodes] = nudged
        kinks = np.zeros(len(nodes), bool)
        lowest = int(self.graph.levels[nodes].min())
        for group, program in self._groups:
            if group.level <= lowest:
                continue
            slots = [s.astype(float) if i in group.picks else state[:, :, s] for i, s in enumerate(group.slots)]
            branches: list[Values] | None = [] if compared else None
            state[:, :, group.out] = program.result(program.run(slots, branches))
            self.calculated += state[:, :, group.out].size
            self.executed += 1
            here = (nodes >= group.start) & (nodes < group.start + group.rows)
            state[:, own[here], nodes[here]] = nudged[:, here]
            for taken in branches or ():
                if taken.ndim >= 2:
                    chosen = taken[list(compared)]
                    kinks |= (chosen[1:] != chosen[:1]).any(0).reshape(len(nodes), -1).any(1)
        return state[:, :, self.end], kinks
