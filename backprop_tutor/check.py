"""Finite differences: the witness that needs no derivative rule at all.

Central by default, (f(x+h) - f(x-h)) / 2h with h = ∛ε·max(|x|, 1) for each quantity of its own; or forward,
(f(x+h) - f(x)) / h. A nudge that crosses a kink (a `relu` or `abs` at 0, a tie in `max`) says nothing about the
derivative there: it is reported as a kink and not as a mismatch. Nothing here knows a derivative rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import template
from .functions import primitive
from .graph import Graph, ancestors, descendants
from .trace import Trace, Values, gather

Method: TypeAlias = Literal["central", "forward"]

EPSILON = float(np.finfo(float).eps)
CENTRAL_STEP = EPSILON ** (1 / 3)
FORWARD_STEP = 1e-6
THRESHOLD = {"central": 1e-6, "forward": 1e-4}
TRUNCATION = 4.0  # times the change when the step is halved, where the step is not ours to choose
NOISE = 16.0  # rounding errors of f that a difference may show, in units of ε·|f|/h
BATCH_BYTES = 1 << 24
SMALL = 1 << 20  # nudges times operands: so much is calculated again without a thought


@dataclass(frozen=True, slots=True)
class Check:
    """A derivative beside its finite difference.

    `relative_error` is |value - difference| / max(|value|, |difference|, noise/threshold), where noise is the rounding
    error that the difference itself may carry (it keeps a derivative of 0 from showing an error of 100 %); `agrees`
    holds when the gap is within threshold·max(|value|, |difference|) plus that noise. `kink`: the point has no
    derivative, or the step crosses one that has none; there the difference decides nothing, and `agrees` holds.
    """

    value: float
    difference: float
    relative_error: float
    agrees: bool
    kink: bool
    step: float


@dataclass(frozen=True, slots=True)
class Differences:
    """Differences of one objective by many nodes: value, rounding noise, kink flags, steps."""

    values: Values
    noise: Values
    kinks: NDArray[np.bool_]
    steps: Values


def compare(
    value: float, difference: float, noise: float, kink: bool, step: float, method: Method, on_kink: bool = False
) -> Check:
    """One verdict; the threshold is relative, the noise absolute. `on_kink`: the point itself is a kink."""
    gap = abs(value - difference)
    size = max(abs(value), abs(difference))
    agrees = bool(gap <= THRESHOLD[method] * size + noise)
    floor = max(size, noise / THRESHOLD[method])
    error = gap / floor if floor else 0.0
    return Check(value, difference, error, agrees or kink, on_kink or (kink and not agrees), step)


def default_steps(values: Values, method: Method, h: float | None) -> Values:
    """The nudge of each quantity."""
    if h is not None:
        return np.full(values.shape, h)
    if method == "forward":
        return np.full(values.shape, FORWARD_STEP)
    return np.asarray(CENTRAL_STEP * np.maximum(np.abs(values), 1.0))


@np.errstate(all="ignore")
def doubt(gap: ArrayLike, one: ArrayLike, two: ArrayLike, noise: ArrayLike) -> Values:
    """How far a difference is in doubt, relative to itself: by the gap to the halved step's, and by its noise."""
    found = np.add(gap, noise) / (np.maximum(np.abs(one), np.abs(two)) + noise)
    return np.asarray(np.where(np.isfinite(found), found, np.inf))


# ---------------------------------------------------------------- gradients
def check_gradients(
    trace: Trace,
    nodes: Sequence[int],
    method: Method = "central",
    h: float | None = None,
    objective: int | None = None,
) -> tuple[Check, ...]:
    """d(objective)/d(node) against its difference: each node is nudged and everything after it calculated again.

    The objective is the loss unless another node is given.
    """
    objective = trace.graph.loss if objective is None else objective
    found = differences(trace.graph, trace.values, nodes, method, h, objective)
    return tuple(
        compare(trace.derivative(objective, node), float(d), float(n), bool(k), float(s), method)
        for node, d, n, k, s in zip(nodes, found.values, found.noise, found.kinks, found.steps, strict=True)
    )


@np.errstate(all="ignore")
def differences(
    graph: Graph,
    values: Values,
    nodes: Sequence[int],
    method: Method = "central",
    h: float | None = None,
    objective: int | None = None,
) -> Differences:
    """The differences of the loss (or another objective) by each of the nodes.

    Where the default step is bad (the result is not finite, hardly above its rounding noise, or changes with the step)
    other steps are tried, and the one whose own halved step agrees best, relative to the result, is kept: the choice
    never looks at the rule.
    A step that was asked for, and a forward difference, stay as they are: how far the halved step is off then counts
    as noise.
    """
    end = graph.loss if objective is None else objective
    at = np.asarray(nodes, dtype=np.int64)
    steps = default_steps(values[at], method, h)
    best = _difference(graph, values, at, steps, method, end)
    if not len(at):
        return best
    half = _difference(graph, values, at, steps / 2, method, end)
    spread = np.abs(best.values - half.values)
    if h is not None or method == "forward":
        best.noise[:] += TRUNCATION * spread
        return best
    size = np.maximum(np.abs(best.values), np.abs(half.values))
    doubtful = ~np.isfinite(spread) | (spread > 0.25 * THRESHOLD[method] * size + best.noise)
    doubtful |= (best.noise > 0.1 * THRESHOLD[method] * size) & (size > 0)
    doubtful &= ~best.kinks
    for scale in (1e-3, 1e-6, 1e2):
        again = np.nonzero(doubtful)[0]
        if not len(again):
            break
        other = steps[again] * scale
        one = _difference(graph, values, at[again], other, method, end)
        two = _difference(graph, values, at[again], other / 2, method, end)
        gap = np.abs(one.values - two.values)
        uncertain = doubt(gap, one.values, two.values, one.noise)
        before = doubt(spread[again], best.values[again], half.values[again], best.noise[again])
        # where nothing but noise is seen with either step, the one with less of it
        noise_only = (uncertain >= 0.5) & (before >= 0.5) & (gap + one.noise < spread[again] + best.noise[again])
        better = again[((uncertain < 0.5) & (uncertain < before) | noise_only) & ~one.kinks]
        chosen = np.isin(again, better)
        # a step so much larger or smaller cuts off more: the halved step shows how much
        for kept, new in ((best.values, one.values), (best.noise, one.noise + 2.0 * gap), (best.steps, other)):
            kept[better] = new[chosen]
        half.values[better] = two.values[chosen]
        spread[better] = gap[chosen]
    return best


def _difference(
    graph: Graph, values: Values, nodes: NDArray[np.int64], steps: Values, method: Method, end: int
) -> Differences:
    """One difference for every node, in batches: only what depends on the nudged nodes is calculated again."""
    out = np.empty(len(nodes))
    kinks = np.zeros(len(nodes), bool)
    for part in _companies(graph, nodes):
        cone = _Cone.of(graph, nodes[part], end)
        size = max(1, BATCH_BYTES // (16 * cone.width))
        for start in range(0, len(part), size):
            some = part[start : start + size]
            out[some], kinks[some] = _batch(graph, values, nodes[some], steps[some], method, end, cone)
    base = abs(float(values[end]))
    moved = np.maximum(base, np.abs(out * steps))
    divisor = 2 * steps if method == "central" else steps
    return Differences(out, NOISE * EPSILON * moved / divisor, kinks, steps.copy())


def _companies(graph: Graph, nodes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The positions in `nodes` in companies that are nudged side by side: all of one level, so that none depends on
    another; in a large network all with the same users, so that little has to be calculated again for each.
    """
    large = len(nodes) * sum(slot.size for group in graph.groups for slot in group.slots) > SMALL
    found: dict[object, list[int]] = defaultdict(list)
    for i, (node, level) in enumerate(zip(nodes.tolist(), graph.levels[nodes].tolist(), strict=True)):
        found[(level, graph.users.get(node)) if large else level].append(i)
    return [np.array(positions) for positions in found.values()]


@dataclass(frozen=True, slots=True)
class _Cone:
    """What depends on some nodes and is needed for the objective: per group the rows, and every such node's column."""

    columns: NDArray[np.int64]  # of every node in a table of the nudged values; -1 for what stays as it is
    nodes: NDArray[np.int64]  # in the order of the columns
    rows: tuple[NDArray[np.int64], ...]  # of each group
    width: int  # numbers that one nudge needs

    @classmethod
    def of(cls, graph: Graph, nodes: NDArray[np.int64], end: int) -> _Cone:
        touched = descendants(graph, *nodes.tolist()) & ancestors(graph, end)
        touched[nodes] = True
        columns = np.full(graph.size, -1)
        inside = np.nonzero(touched)[0]
        columns[inside] = np.arange(len(inside))
        first = int(graph.levels[nodes[0]])
        rows = tuple(
            np.nonzero(touched[group.out])[0] if group.level > first else np.empty(0, np.int64)
            for group in graph.groups
        )
        slots = sum(slot[0].size * len(r) for group, r in zip(graph.groups, rows, strict=True) for slot in group.slots)
        return cls(columns, inside, rows, len(inside) + slots)


def _batch(
    graph: Graph,
    values: Values,
    nodes: NDArray[np.int64],
    steps: Values,
    method: Method,
    end: int,
    cone: _Cone,
) -> tuple[Values, NDArray[np.bool_]]:
    """Differences of the objective and kink flags, one nudged node a row."""
    counts, mine = np.arange(len(nodes)), cone.columns[nodes]
    sides: list[Values] = []
    branches: list[list[Values]] = []
    for sign in (1.0, -1.0, 0.0) if _has_kinks(graph) else (1.0, -1.0):
        nudged = np.repeat(values[cone.nodes][None, :], len(nodes), 0)
        nudged[counts, mine] += sign * steps
        taken: list[Values] = []
        for group, rows in zip(graph.groups, cone.rows, strict=True):
            if len(rows):
                operands = [
                    slot[rows].astype(float) if i in group.picks else _operand(slot[rows], cone.columns, nudged, values)
                    for i, slot in enumerate(group.slots)
                ]
                results = cone.columns[group.start + rows]
                nudged[:, results] = template.value(group.tree, operands, taken)
        column = cone.columns[end]
        sides.append(nudged[:, column] if column >= 0 else np.full(len(nodes), values[end]))
        branches.append(taken)
    kinks = np.zeros(len(nodes), bool)
    for sides_taken in zip(*branches, strict=True):
        for other in sides_taken[1:]:
            changed = sides_taken[0] != other
            if np.any(changed):  # what no nudge reaches has no axis for them, and never changes
                kinks |= np.broadcast_to(changed, (len(nodes), *changed.shape[1:])).reshape(len(nodes), -1).any(1)
    # the step as the machine holds it: (x+h) - (x-h) is not exactly 2h
    up, down = values[nodes] + steps, values[nodes] - steps
    if method == "central":
        return (sides[0] - sides[1]) / (up - down), kinks
    return (sides[0] - values[end]) / (up - values[nodes]), kinks


def _operand(slot: NDArray[np.int64], columns: NDArray[np.int64], nudged: Values, values: Values) -> Values:
    """A slot's operands, each from the table of nudged values where it is in there."""
    column = columns[slot]
    inside = column >= 0
    if not inside.any():
        return values[slot]
    if inside.all():
        return nudged[:, column]
    return np.where(inside, nudged[:, np.maximum(column, 0)], values[slot])


def _has_kinks(graph: Graph) -> bool:
    return any(_tree_has_kinks(group.tree) for group in graph.groups)


def _tree_has_kinks(tree: template.Tree) -> bool:
    match tree:
        case template.Apply(function) if primitive(function).kinks:
            return True
        case template.Reduce("max" | "min"):
            return True
    return any(_tree_has_kinks(part) for part in template.parts(tree))


# ---------------------------------------------------------------- local derivatives
def check_locals(
    trace: Trace, edges: Sequence[tuple[int, int]], method: Method = "central", h: float | None = None
) -> tuple[Check, ...]:
    """∂result/∂operand against the difference of the result's own formula, all other operands held."""
    return tuple(_check_local(trace, result, operand, method, h) for result, operand in edges)


def _check_local(trace: Trace, result: int, operand: int, method: Method, h: float | None) -> Check:
    found = trace.graph.group_of(result)
    assert found is not None
    group, row = found
    operands = gather(group, trace.values)
    mine = [array[row] for array in operands]
    hits = [
        (slot[row] == operand) if i not in group.picks else np.zeros_like(slot[row], bool)
        for i, slot in enumerate(group.slots)
    ]
    x = trace.value(operand)

    def at(offset: float) -> tuple[float, list[float]]:
        taken: list[NDArray[np.float64]] = []
        nudged = [np.where(hit, x + offset, value) for hit, value in zip(hits, mine, strict=True)]
        return float(template.value(group.tree, nudged, taken)), [float(v) for b in taken for v in np.ravel(b)]

    here = at(0.0)[1]
    # exactly at a kink the branch there is neither the one above nor the one below
    above, below = at(float(np.spacing(x)))[1], at(-float(np.spacing(x)))[1]
    on_kink = any(h not in (a, b) for h, a, b in zip(here, above, below, strict=True))

    def difference(step: float) -> tuple[float, float, bool]:
        up, taken_up = at(step)
        low = -step if method == "central" else 0.0
        down, taken_down = at(low)
        run = (x + step) - (x + low)
        noise = NOISE * EPSILON * max(abs(up), abs(down)) / abs(run)
        return (up - down) / run, noise, not (taken_up == taken_down == here)

    steps = default_steps(np.array([x]), method, h)
    step = float(steps[0])
    value, noise, kink = difference(step)
    if h is None and method == "central":
        tried = [step, step * 1e-3, step * 1e-6]
        found_at = [(nudge, *difference(nudge), difference(nudge / 2)[0]) for nudge in tried]
        step, value, noise, kink, _ = min(found_at, key=lambda f: float(doubt(abs(f[1] - f[4]), f[1], f[4], f[2])))
    else:
        noise += TRUNCATION * abs(value - difference(step / 2)[0])
    return compare(trace.local(result, operand), value, noise, kink, step, method, on_kink)


__all__ = ["Check", "Differences", "Method", "check_gradients", "check_locals", "compare", "differences"]
