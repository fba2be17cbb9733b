"""Several update steps in a row: forward, backward, the rule; and again with the parameters it left.

    for state in states(trace): ...      # state 0 is the trace itself, state k the network after k steps

A state costs one forward and one backward pass and is made when it is asked for; nothing keeps the earlier ones. The
course of a descent is the few numbers of every state that a table or a curve needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np

from ..errors import Problem, RequestError
from ..values import Struct, replace
from .graph import Graph
from .trace import Frames, Trace, Values, backward, forward
from .update_rule import Worked


class State(Struct, frozen=True):
    """The network after `number` steps: all values and adjoints, and the rule's work for the step that comes next."""

    number: int
    values: Values
    adjoints: Values
    worked: Worked
    finite: bool  # is the loss, and is every parameter's gradient, a finite number?


class Point(Struct, frozen=True):
    """What the course keeps of a state; `steepest` is the parameter with the largest gradient, by magnitude."""

    number: int
    loss: float
    largest: float
    steepest: int


class Course(Struct, frozen=True):
    """A descent: one point for each state, the parameters before and after; `broken` if it ended with no number."""

    points: tuple[Point, ...]
    first: Values
    last: Values
    broken: bool

    @property
    def lowest(self) -> Point:
        """The first point with the least loss."""
        return min(self.points, key=lambda point: point.loss)


def steps_of(graph: Graph, asked: int | None) -> int:
    """How many steps are to be shown: as many as asked for, else as the scenario says, else one.

    RequestError where steps were asked for that can't be taken.
    """
    if asked is not None and asked > 1:
        if graph.symbolic:
            help = "give it numbers: --random 7"
            raise RequestError(Problem("--steps works with numbers, and this scenario has unknowns", help=help))
        if graph.rule is None or not graph.rule.ready:
            said = "--steps needs a learning rate, and this scenario has none"
            raise RequestError(Problem(said, help="give it one: --set rate=0.1"))
    able = not graph.symbolic and graph.rule is not None and graph.rule.ready and bool(graph.nodes_of("parameter"))
    return (asked or graph.scenario.steps) if able else 1


def states(trace: Trace) -> Iterator[State]:
    """The states from the trace on, without end unless one is not finite; that one is the last."""
    graph = trace.graph
    rule = graph.rule
    assert rule is not None
    nodes = np.array(graph.nodes_of("parameter"), dtype=np.int64)
    leaves = graph.leaf_values()
    values, adjoints, memory, number = trace.values, trace.adjoints, graph.memory, 0
    while True:
        finite = bool(np.isfinite(values[graph.loss]) and np.isfinite(adjoints[nodes]).all())
        worked = graph.worked(graph.step + number, values, adjoints, memory)
        yield State(number, values, adjoints, worked, finite)
        if not finite:
            return
        leaves[nodes] = worked.after
        frames: Frames = []
        with np.errstate(all="ignore"):
            values = forward(graph, leaves, frames)
            adjoints = backward(graph, values, frames=frames)
        memory, number = worked.memory, number + 1


def course(trace: Trace, steps: int) -> Course:
    """The course of so many steps, or of as many as have a finite loss."""
    nodes = trace.graph.nodes_of("parameter")
    points = []
    last = first = trace.values[nodes]
    broken = False
    for state in islice(states(trace), steps + 1):
        if not state.finite:
            broken = True
            break
        slopes = np.abs(state.adjoints[nodes])
        at = int(slopes.argmax())
        points.append(Point(state.number, float(state.values[trace.graph.loss]), float(slopes[at]), nodes[at]))
        last = state.values[nodes]
    return Course(tuple(points), first, last, broken)


def retraced(graph: Graph, state: State) -> Trace:
    """A state as a trace of its own, whose scenario holds the parameters of that state (as numbers nobody typed)."""
    rule = graph.rule
    memory = {} if rule is None else {name: state.worked.known[name] for name in rule.starts}
    now = _resumed(graph, state.values, memory, graph.step + state.number)
    return Trace(now, state.values, state.adjoints)


def resumed(trace: Trace, parameters: Values, memory: Mapping[str, Values]) -> Trace:
    """The network one step on, with these parameters (in the document's order) and what its rule remembers of them."""
    graph = trace.graph
    leaves = graph.leaf_values()
    leaves[graph.nodes_of("parameter")] = parameters
    with np.errstate(all="ignore"):
        values = forward(graph, leaves)
        adjoints = backward(graph, values)
    return Trace(_resumed(graph, values, memory, graph.step + 1), values, adjoints)


def _resumed(graph: Graph, values: Values, memory: Mapping[str, Values], step: int) -> Graph:
    changed = []
    for quantity in graph.scenario.quantities:
        if quantity.kind == "parameter":
            block = graph.blocks[quantity.name]
            own = values[block.start : block.start + block.size].copy()
            own.setflags(write=False)
            quantity = replace(quantity, values=own, texts=None, assumed=None)
        changed.append(quantity)
    scenario = replace(graph.scenario, quantities=tuple(changed))
    return replace(graph, scenario=scenario, step=step, memory=dict(memory))
