"""A graph run into numbers: values, local derivatives, contributions, adjoints, gradients, paths, updates.

Everything a command shows is read from a `Trace`. Forward: v = f(operands), group by group. Backward: the adjoint of an
operand is the sum over its users of upstream gradient × local derivative. Both run on NumPy arrays over whole groups;
the methods that return one number or one path look things up.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice, pairwise
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import Problem, ScenarioError, Where
from ..formulas.expression import Call, walk
from ..scenario.loading import Scenario
from ..values import Struct
from .build import build
from .graph import Graph, NodeGroup, ancestors, descendants
from .program import pullback
from .tape import Played

Values = NDArray[np.float64]
MAX_OPERANDS = 6  # of a formula that has no value, told with their numbers


class Contribution(Struct, frozen=True):
    """One term of an adjoint: upstream gradient (the result's adjoint) × local derivative (∂result/∂operand)."""

    result: int
    operand: int
    upstream: float
    local: float

    @property
    def product(self) -> float:
        return self.upstream * self.local


class Path(Struct, frozen=True):
    """One chain from a quantity up to the loss: its nodes, the local derivative of each link, their product."""

    nodes: tuple[int, ...]  # from the quantity to the loss
    factors: tuple[float, ...]  # factors[i] = ∂nodes[i+1]/∂nodes[i]
    product: float


class Update(Struct, frozen=True):
    """A parameter before and after one step of the rule."""

    node: int
    before: float
    gradient: float
    after: float


def gather(group: NodeGroup, values: Values) -> list[Values]:
    """The operands of a whole group; a slot of positions is passed on as it is."""
    return [slot.astype(float) if i in group.picks else values[..., slot] for i, slot in enumerate(group.slots)]


Frames: TypeAlias = list[Any]  # what each group's execution left behind, or the tape's


def forward(graph: Graph, leaves: Values, frames: Frames | None = None) -> Values:
    """All values from the leaves' (a vector over all nodes, the rest ignored).

    `frames` takes what `backward` would otherwise have to calculate again.
    """
    if graph.tape is not None and (played := graph.tape.forward(leaves)) is not None:
        if frames is not None:
            frames.append(played)
        return graph.tape.values(played)
    values = leaves.copy()
    with np.errstate(all="ignore"):
        for plan in graph.plans:
            frame = plan.program.run(plan.operands(values))
            values[plan.out] = plan.program.result(frame)
            if frames is not None:
                frames.append(frame)
    return values


def backward(
    graph: Graph, values: Values, seeds: Mapping[int, float] | None = None, frames: Frames | None = None
) -> Values:
    """The adjoint of every node: d(objective)/d(node), with `seeds` = d(objective)/d(output); the loss's is 1.

    `frames` are those of the same values' forward pass.
    """
    seeds = {graph.loss: 1.0} if seeds is None else seeds
    played = frames[0] if frames and isinstance(frames[0], Played) else None
    if graph.tape is not None and (found := graph.tape.backward(values, seeds, played)) is not None:
        return found
    return _by_plans(graph, values, seeds, frames if played is None else None)


def _by_plans(graph: Graph, values: Values, seeds: Mapping[int, float], frames: Frames | None) -> Values:
    adjoints = np.zeros(graph.size)
    first = graph.groups[0].start if graph.groups else graph.size
    for node, seed in seeds.items():
        if node >= first:
            adjoints[node] += seed
    with np.errstate(all="ignore"):
        for number in range(len(graph.plans) - 1, -1, -1):
            plan = graph.plans[number]
            mine = adjoints[plan.out]
            if not mine.any():
                continue
            frame = plan.program.run(plan.operands(values)) if frames is None else frames[number]
            for access, share in zip(plan.accesses, plan.program.pull(frame, mine), strict=True):
                if share is not None:
                    access.give(adjoints, share)
    for node, seed in seeds.items():
        if node < first:  # last, since the adjoints of leaves may be written without being read
            adjoints[node] += seed
    return adjoints


def local_derivatives(graph: Graph, values: Values) -> Values:
    """∂result/∂operand for every edge, in the order of `graph.edges`."""
    results, operands = graph.edges
    keys = results * np.int64(graph.size) + operands
    out = np.zeros(len(keys))
    for group in graph.groups:
        passed = pullback(group.tree, gather(group, values), np.ones(group.rows))
        names = np.arange(group.start, group.start + group.rows)
        for number, (slot, slope) in enumerate(zip(group.slots, passed, strict=True)):
            if number not in group.picks:
                rows = np.broadcast_to(names.reshape(-1, *(1,) * (slot.ndim - 1)), slot.shape)
                at = np.searchsorted(keys, rows.ravel() * np.int64(graph.size) + slot.ravel())
                np.add.at(out, at, slope.ravel())
    return out


class Trace(Struct, frozen=True, dict=True):
    """The numbers of one run. Arrays are indexed by node; the methods take node numbers or names."""

    graph: Graph
    values: Values
    adjoints: Values

    def node(self, which: int | str) -> int:
        return self.graph.id(which) if isinstance(which, str) else which

    def value(self, which: int | str) -> float:
        """The quantity's value."""
        return float(self.values[self.node(which)])

    def gradient(self, which: int | str) -> float:
        """d(loss)/d(quantity): a parameter's gradient, a computed quantity's adjoint."""
        return float(self.adjoints[self.node(which)])

    @property
    def loss(self) -> float:
        return float(self.values[self.graph.loss])

    @cached_property
    def locals(self) -> Values:
        """The local derivatives of all edges, in the order of `graph.edges`."""
        return local_derivatives(self.graph, self.values)

    @cached_property
    def _edge_keys(self) -> NDArray[np.int64]:
        results, operands = self.graph.edges
        return results * np.int64(self.graph.size) + operands

    def local(self, result: int | str, operand: int | str) -> float:
        """∂result/∂operand, 0 where the result does not use the operand directly."""
        key = self.node(result) * self.graph.size + self.node(operand)
        at = int(np.searchsorted(self._edge_keys, key))
        if at == len(self._edge_keys) or self._edge_keys[at] != key:
            return 0.0
        return float(self.locals[at])

    def contributions(self, which: int | str, of: int | str | None = None) -> tuple[Contribution, ...]:
        """The terms whose sum is d(of)/d(quantity), one for each direct user on a way to `of` (the loss)."""
        node = self.node(which)
        end = self.graph.loss if of is None else self.node(of)
        counts, upstream = self.path_counts_to(end), self.adjoints_of(end)
        return tuple(
            Contribution(user, node, float(upstream[user]), self.local(user, node))
            for user in self.graph.users.get(node, ())
            if counts.get(user)
        )

    # ------------------------------------------------------------------ derivatives between any two quantities
    def derivative(self, of: int | str, by: int | str) -> float:
        """d(of)/d(by) over all paths; 1 for a quantity by itself."""
        of, by = self.node(of), self.node(by)
        if of == self.graph.loss:
            return float(self.adjoints[by])
        return float(self.adjoints_of(of)[by])

    @cached_property
    def _adjoints_of(self) -> dict[int, Values]:
        return {self.graph.loss: self.adjoints}

    def adjoints_of(self, node: int) -> Values:
        """d(node)/d(every node)."""
        known = self._adjoints_of
        if node not in known:
            known[node] = backward(self.graph, self.values, {node: 1.0})
        return known[node]

    # ------------------------------------------------------------------ paths
    @property
    def path_counts(self) -> Mapping[int, int]:
        """How many chains lead from each node to the loss."""
        return self.path_counts_to(self.graph.loss)

    @cached_property
    def _path_counts(self) -> dict[int, Mapping[int, int]]:
        return {}

    def path_counts_to(self, end: int) -> Mapping[int, int]:
        """How many chains lead from each node to `end`: exact, by dynamic programming, without listing them."""
        if end not in self._path_counts:
            totals = path_totals(self.graph, end)
            self._path_counts[end] = MappingProxyType(
                {node: int(totals[node]) for node in np.nonzero(totals)[0].tolist()}
            )
        return self._path_counts[end]

    def path_count(self, which: int | str, of: int | str | None = None) -> int:
        """How many chains lead from a quantity to `of` (the loss)."""
        end = self.graph.loss if of is None else self.node(of)
        return self.path_counts_to(end).get(self.node(which), 0)

    def paths(self, which: int | str, limit: int = 12, of: int | str | None = None) -> tuple[Path, ...]:
        """The chains from a quantity to `of` (the loss): all in the document's order, or the `limit` largest ones.

        The largest come first, by the magnitude of their products. Without numbers there is no largest: then the first
        `limit`.
        """
        node = self.node(which)
        end = self.graph.loss if of is None else self.node(of)
        if self.path_count(node, end) <= limit or self.graph.symbolic:
            return tuple(islice(self._all_paths(node, end), limit))
        return tuple(self._largest_paths(node, end, limit))

    def _steps(self, node: int, end: int) -> list[tuple[int, float]]:
        counts = self.path_counts_to(end)
        return [(user, self.local(user, node)) for user in self.graph.users.get(node, ()) if user in counts]

    def _all_paths(self, start: int, end: int) -> Iterator[Path]:
        if start not in self.path_counts_to(end):
            return
        stack: list[tuple[tuple[int, ...], tuple[float, ...]]] = [((start,), ())]
        while stack:
            nodes, factors = stack.pop()
            if nodes[-1] == end:
                yield _path(nodes, factors)
                continue
            for user, local in reversed(self._steps(nodes[-1], end)):
                stack.append(((*nodes, user), (*factors, local)))

    def _largest_paths(self, start: int, end: int, limit: int) -> Iterator[Path]:
        """The `limit` largest, by dynamic programming from the end: for each node only its own `limit` largest ways on.

        A way on is (magnitude of its product, next node, which of that node's ways). Ties keep the order of the
        network, so that a network whose products are all 0 costs no more than any other.
        """
        ways: dict[int, list[tuple[float, int, int]]] = {end: [(1.0, end, 0)]}
        between = [n for n in self._after(start) if n in self.path_counts_to(end) and n != end]
        for node in sorted(between, reverse=True):
            steps = [(abs(local), user) for user, local in self._steps(node, end)]
            # a way through a user is among the largest only if the user's first one is
            steps = heapq.nlargest(limit, steps, key=lambda step: step[0] * ways[step[1]][0][0])
            found = [(size * way[0], user, i) for size, user in steps for i, way in enumerate(ways[user])]
            ways[node] = heapq.nlargest(limit, found, key=lambda way: way[0])
        for i in range(len(ways[start])):
            nodes, at, which = [start], start, i
            while at != end:
                _, at, which = ways[at][which]
                nodes.append(at)
            yield _path(tuple(nodes), tuple(self.local(up, low) for low, up in pairwise(nodes)))

    def _after(self, start: int) -> set[int]:
        """The node and everything that depends on it."""
        return set(np.nonzero(descendants(self.graph, start))[0].tolist())

    # ------------------------------------------------------------------ updates
    @cached_property
    def updates(self) -> tuple[Update, ...]:
        """Every parameter after one step of the rule, w' = w - rate·dL/dw if the scenario has no other.

        Empty without a rate (where the rule needs one).
        """
        nodes = self.graph.nodes_of("parameter")
        rule = self.graph.rule
        if rule is None or not rule.ready:
            return ()
        done = self.graph.worked(1, self.values, self.adjoints)
        numbers = zip(nodes, self.values[nodes], self.adjoints[nodes], done.after, strict=True)
        return tuple(Update(node, float(w), float(g), float(after)) for node, w, g, after in numbers)


EXACT = 2.0**53  # up to here a float holds every whole number


def path_totals(graph: Graph, end: int, lengths: bool = False) -> NDArray[Any]:
    """How many chains lead from each node to `end`, exact; with `lengths`, how many links these have together.

    Edges are sorted by their results, and groups follow each other, so that every result's number is complete before
    its operands need it. Whole numbers beyond 2⁵³ are Python's.
    """
    results, operands = graph.edges
    bounds = np.searchsorted(results, [group.start for group in graph.groups] + [graph.size])

    def added(kind: type) -> NDArray[Any]:
        counts: NDArray[Any] = np.zeros(graph.size, kind)
        links: NDArray[Any] = np.zeros(graph.size, kind)
        counts[end] = 1
        for first, last in zip(bounds[-2::-1].tolist(), bounds[:0:-1].tolist(), strict=True):
            above, below = results[first:last], operands[first:last]
            np.add.at(counts, below, counts[above])
            if lengths:
                np.add.at(links, below, links[above] + counts[above])
        return links if lengths else counts

    with np.errstate(over="ignore"):  # a number that large is counted again
        totals = added(float)
    return totals if totals.max(initial=0.0) < EXACT else added(object)


def _path(nodes: tuple[int, ...], factors: tuple[float, ...]) -> Path:
    return Path(nodes, factors, math.prod(factors))


def run(graph: Graph | Scenario) -> Trace:
    """Run a graph (or a scenario) forward and backward.

    ScenarioError where a value, or the gradient of a parameter, is not a finite number.
    """
    if isinstance(graph, Scenario):
        graph = build(graph)
    leaves = graph.leaf_values()
    frames: Frames = []
    values = forward(graph, leaves, frames)
    refuse_infinite(graph, values)
    adjoints = backward(graph, values, frames=frames)
    for array in (values, adjoints):
        array.setflags(write=False)
    trace = Trace(graph, values, adjoints)
    refuse_infinite_gradients(trace)
    return trace


def unknown(graph: Graph) -> Trace:
    """The trace of a graph whose leaves lack numbers: NaN everywhere, but paths and their number are there."""
    nothing = np.full(graph.size, np.nan)
    nothing.setflags(write=False)
    return Trace(graph, nothing, nothing)


def refuse_infinite(graph: Graph, values: Values) -> None:
    """ScenarioError for the first computed quantity, in the order of calculation, that is not a finite number."""
    for group in graph.groups:
        finite = np.isfinite(values[group.out])
        if not finite.all():
            node = group.start + int(np.argmin(finite))
            said = f"'{graph.name(node)}' has no finite value ({values[node]:g}) at {_operands(graph, node, values)}"
            help = "check the values"
            if any(isinstance(p, Call) and p.function in ("log", "xlogy") for p in walk(graph.node_formula(node))):
                help += "; for a loss at 0 or 1 use softmax_cross_entropy or sigmoid_cross_entropy"
            raise ScenarioError(Problem(said, _where(graph, node), "not finite", help))


def refuse_infinite_gradients(trace: Trace) -> None:
    """ScenarioError for the first local derivative, from the loss down, that spoils a parameter's gradient."""
    graph = trace.graph
    sources = np.array(graph.sources(), dtype=np.int64)
    spoilt = sources[~np.isfinite(trace.adjoints[sources])]
    if not len(spoilt):
        return
    results, operands = graph.edges
    concerned = ancestors(graph, graph.loss)[results] & descendants(graph, int(spoilt[0]))[operands]
    for at in np.nonzero(concerned & ~np.isfinite(trace.locals))[0][::-1].tolist():
        result, operand = int(results[at]), int(operands[at])
        said = f"the derivative of '{graph.name(result)}' by '{graph.name(operand)}' has no finite value "
        said += f"({trace.locals[at]:g}) at {_operands(graph, result, trace.values)}"
        help = "choose other values: at this point there is no slope"
        raise ScenarioError(Problem(said, _where(graph, result), "no derivative here", help))
    said = f"the gradient of '{graph.name(int(spoilt[0]))}' is too large for a number"
    raise ScenarioError(Problem(said, _where(graph, graph.loss), "too large", "choose smaller values"))


def _operands(graph: Graph, node: int, values: Values) -> str:
    """`x = 0, y = 2`, the first few of a formula's operands."""
    operands = graph.node(node).operands
    told = ", ".join(f"{graph.name(operand)} = {values[operand]:g}" for operand in operands[:MAX_OPERANDS])
    return told + (", ..." if len(operands) > MAX_OPERANDS else "")


def _where(graph: Graph, node: int) -> Where:
    block = graph.block_of(node)
    name = block.part_of or block.name.partition("#")[0]
    equation = next((e for e in graph.scenario.equations if e.name == name), None)
    return equation.where if equation else graph.scenario.loss_where
