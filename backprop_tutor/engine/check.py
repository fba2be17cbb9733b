"""Finite differences: the witness that needs no derivative rule at all.

Central by default, (f(x+h) - f(x-h)) / 2h with h = ∛ε·max(|x|, 1) for each quantity of its own; or forward,
(f(x+h) - f(x)) / h. A nudge that crosses a kink (a `relu` or `abs` at 0, a tie in `max`) says nothing about the
derivative there: it is reported as a kink and not as a mismatch. Nothing here knows a derivative rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import template
from .graph import Graph, ancestors, descendants
from .nudge import Nudges
from .plan import distinct
from .trace import Trace, Values

Method: TypeAlias = Literal["central", "forward"]

EPSILON = float(np.finfo(float).eps)
CENTRAL_STEP = EPSILON ** (1 / 3)
FORWARD_STEP = 1e-6
THRESHOLD = {"central": 1e-6, "forward": 1e-4}
TRUNCATION = 4.0  # times the change when the step is halved, where the step is not ours to choose
WIDER = 1e2  # times the default step, where that shows little but noise
MANY = 1000  # nodes, of which
PILOT = 64  # show which step to begin with
NOISE = 16.0  # rounding errors of f that a difference may show, in units of ε·|f|/h


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
    """Differences of one objective by many nodes: value, rounding noise, kink flags, steps.

    `evaluations` says how often the objective was had at a nudged point, `calculated` how many numbers that took.
    """

    values: Values
    noise: Values
    kinks: NDArray[np.bool_]
    steps: Values
    evaluations: int = 0
    calculated: int = 0


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
    nudges = Nudges(graph, values, graph.loss if objective is None else objective)
    at = np.asarray(nodes, dtype=np.int64)
    steps = default_steps(values[at], method, h)
    if h is not None or method == "forward" or len(at) < MANY:
        found = _settled(nudges, at, steps, method, h is not None)
    else:
        found = _of_many(nudges, at, steps)
    return replace(found, evaluations=nudges.evaluations, calculated=nudges.calculated)


def _of_many(nudges: Nudges, at: NDArray[np.int64], steps: Values) -> Differences:
    """The same as `_settled` of central differences, begun with the wide step where that is what noise will ask for.

    In a large network most gradients are small beside the loss, and the default step shows little but rounding. A few
    nodes tell whether it is so.
    """
    few = distinct(np.linspace(0, len(at) - 1, PILOT).astype(np.int64))
    wide = float(np.mean(_settled(nudges, at[few], steps[few], "central", False).steps > steps[few]))
    if wide < 0.5:
        return _settled(nudges, at, steps, "central", False)
    best, half = _with_halved(nudges, at, steps * WIDER, "central")
    gap = np.abs(best.values - half.values)
    size = np.maximum(np.abs(best.values), np.abs(half.values))
    base = abs(float(nudges.values[nudges.end]))
    noise = NOISE * EPSILON * np.maximum(base, np.abs(best.values * steps)) / (2 * steps)  # of the default step
    uncertain = doubt(gap, best.values, half.values, best.noise)
    # with twice the margin, what `_settled` would find out after the default step
    taken = np.isfinite(gap) & ~best.kinks & (noise > 0.2 * THRESHOLD["central"] * size)
    taken &= (uncertain < 0.5) & (uncertain < 0.5 * noise / (size + noise))
    best.noise[:] += 2.0 * gap
    rest = np.nonzero(~taken)[0]
    others = _settled(nudges, at[rest], steps[rest], "central", False)
    for kept, new in (
        (best.values, others.values), (best.noise, others.noise), (best.kinks, others.kinks), (best.steps, others.steps)
    ):  # fmt: skip
        kept[rest] = new
    return best


def _settled(nudges: Nudges, at: NDArray[np.int64], steps: Values, method: Method, asked: bool) -> Differences:
    """The differences with the steps given (where they are `asked` for, or forward) or with better ones."""
    best, half = _with_halved(nudges, at, steps, method)
    if not len(at):
        return best
    spread = np.abs(best.values - half.values)
    if asked or method == "forward":
        best.noise[:] += TRUNCATION * spread
        return best
    size = np.maximum(np.abs(best.values), np.abs(half.values))
    unsteady = ~np.isfinite(spread) | (spread > 0.25 * THRESHOLD[method] * size + best.noise)
    noisy = (best.noise > 0.1 * THRESHOLD[method] * size) & (size > 0)
    for scale in (1e-3, 1e-6, WIDER):
        # a smaller step has more noise still
        again = np.nonzero((unsteady | noisy if scale > 1 else unsteady) & ~best.kinks)[0]
        if not len(again):
            continue
        other = steps[again] * scale
        one, two = _with_halved(nudges, at[again], other, method)
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


def _with_halved(
    nudges: Nudges, nodes: NDArray[np.int64], steps: Values, method: Method
) -> tuple[Differences, Differences]:
    """The difference by every node, and the same with half the step."""
    still = np.zeros_like(steps)
    if method == "central":
        sides = [steps, -steps, steps / 2, -steps / 2, *([still] if nudges.kinked else [])]
        found, kinks = nudges.objective(nodes, np.array(sides), (0, 1, 4))
        ends = ((found[0], found[1]), (found[2], found[3]))
    else:
        sides = [steps, steps / 2, still, *([-steps] if nudges.kinked else [])]
        found, kinks = nudges.objective(nodes, np.array(sides), (0, 2, 3))
        ends = ((found[0], found[2]), (found[1], found[2]))
    made = []
    at, base = nudges.values[nodes], abs(float(nudges.values[nudges.end]))
    for (up, down), step in zip(ends, (steps, steps / 2), strict=True):
        # the step as the machine holds it: (x+h) - (x-h) is not exactly 2h
        run = (at + step) - (at - step) if method == "central" else (at + step) - at
        slope = (up - down) / run
        moved = np.maximum(base, np.abs(slope * step))
        noise = NOISE * EPSILON * moved / (2 * step if method == "central" else step)
        made.append(Differences(slope, noise, kinks, step.copy()))
    return made[0], made[1]


def lost_step(trace: Trace, h: float, inputs: bool) -> int | None:
    """A quantity that a step of h, or half of it, does not move at all; None where it moves all that are nudged.

    Nudged is what lies on a way from a parameter (or an input) to the loss. Of several, the largest.
    """
    graph = trace.graph
    starts = graph.nodes_of(*(("parameter", "input") if inputs else ("parameter",)))
    nudged = np.nonzero(ancestors(graph, graph.loss) & descendants(graph, *starts))[0]
    values = trace.values[nudged]
    lost = nudged[(values + h / 2) - (values - h / 2) == 0]
    return int(lost[np.argmax(np.abs(trace.values[lost]))]) if len(lost) else None


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
    x = trace.value(operand)
    step = float(default_steps(np.array([x]), method, h)[0])
    tried = [step, step * 1e-3, step * 1e-6] if h is None and method == "central" else [step]
    below = [-1.0, -0.5] if method == "central" else [0.0, 0.0]
    # the point itself, its neighbours above and below, and for every step the two ends of it and of its half
    offsets = np.array([0.0, np.spacing(x), -np.spacing(x), *(s * side for s in tried for side in (1.0, 0.5, *below))])
    operands = []
    for i, slot in enumerate(group.slots):
        shape = (len(offsets), *(1,) * (slot.ndim - 1))
        if i in group.picks:
            operands.append(np.broadcast_to(slot[row].astype(float), (len(offsets), *slot.shape[1:])))
        else:
            operands.append(np.where(slot[row] == operand, (x + offsets).reshape(shape), trace.values[slot[row]]))
    taken: list[Values] = []
    values = template.value(group.tree, operands, taken).tolist()
    sides = [branch.reshape(len(offsets), -1) for branch in taken if branch.ndim]
    branches = np.concatenate([np.zeros((len(offsets), 1)), *sides], 1)
    # exactly at a kink the branch there is neither the one above nor the one below
    on_kink = bool(((branches[0] != branches[1]) & (branches[0] != branches[2])).any())

    def difference(step: float, high: int, low: int) -> tuple[float, float, bool]:
        up, down = values[high], values[low]
        run = (x + step) - (x - step) if method == "central" else (x + step) - x
        noise = NOISE * EPSILON * max(abs(up), abs(down)) / abs(run)
        return (up - down) / run, noise, bool((branches[[high, low]] != branches[0]).any())

    found_at = [
        (s, *difference(s, at, at + 2), difference(s / 2, at + 1, at + 3)[0])
        for s, at in zip(tried, range(3, len(offsets), 4), strict=True)
    ]
    step, value, noise, kink, half = min(found_at, key=lambda f: float(doubt(abs(f[1] - f[4]), f[1], f[4], f[2])))
    if len(tried) == 1:
        noise += TRUNCATION * abs(value - half)
    return compare(trace.local(result, operand), value, noise, kink, step, method, on_kink)


__all__ = ["Check", "Differences", "Method", "check_gradients", "check_locals", "compare", "differences"]
