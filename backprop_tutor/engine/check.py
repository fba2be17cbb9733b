"""Finite differences: the witness that needs no derivative rule at all.

Central by default, (f(x+h) - f(x-h)) / 2h with h = ∛ε·max(|x|, 1) for each quantity of its own; or forward,
(f(x+h) - f(x)) / h. A nudge that crosses a kink (a `relu` or `abs` at 0, a tie in `max`) says nothing about the
derivative there: it is reported as a kink and not as a mismatch. A difference that is mostly rounding, or whose step
was asked for and is too large, says nothing either: it is reported as undecided. Nothing here knows a derivative rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..formulas.rounding import EPSILON
from ..values import Struct, replace
from . import noise as rounding
from .graph import Graph, NodeGroup, ancestors, descendants
from .nudge import Nudges
from .plan import distinct
from .program import value
from .rules import TIED
from .trace import Trace, Values

Method: TypeAlias = Literal["central", "forward"]
Undecided: TypeAlias = Literal["", "rounding", "step"]

CENTRAL_STEP = EPSILON ** (1 / 3)
FORWARD_STEP = 1e-6
THRESHOLD = {"central": 1e-6, "forward": 1e-4}
TRUNCATION = 4.0  # times the change when the step is halved, where the step is not ours to choose
WIDER = 1e2  # times the default step, where that shows little but noise
MANY = 1000  # nodes, of which
PILOT = 64  # show which step to begin with
LARGER = (1e4, 1e6, 1e8)  # times the default step, where still nothing can be told
NOISE = 16.0  # rounding errors of f that a difference may show, in units of ε·|f|/h
TOLD = 1e-2  # relative: how exact a difference must be if it is to decide anything
AT_ONCE = 16  # differences whose noise is measured together


class Check(Struct, frozen=True):
    """A derivative beside its finite difference.

    `agrees` holds when the gap is within threshold·max(|value|, |difference|) plus what the difference itself is off
    by: its rounding noise and, of a step that was asked for, what the step cuts off. `undecided` says that this is too
    much to tell anything ("rounding", or the "step" is too large), unless the two agree to the threshold alone; and
    so does a step that was asked for where there is agreement with a more suitable one.
    `kink`: the point has no derivative, or the step crosses one that has none. In both cases the difference decides
    nothing, and `agrees` holds.
    `relative_error` is |value - difference| / max(|value|, |difference|, noise/threshold): the noise keeps a
    derivative of 0 from showing an error of 100 %.
    """

    value: float
    difference: float
    relative_error: float
    agrees: bool
    kink: bool
    step: float
    undecided: Undecided = ""


class Differences(Struct, frozen=True):
    """Differences of one objective by many nodes: value, rounding noise, what the step cuts off, kink flags, steps.

    `evaluations` says how often the objective was had at a nudged point, `calculated` how many numbers that took.
    """

    values: Values
    noise: Values
    cut: Values
    kinks: NDArray[np.bool_]
    steps: Values
    evaluations: int = 0
    calculated: int = 0

    def replaced(self, at: NDArray[np.int64], other: Differences, chosen: NDArray[np.bool_] | slice) -> None:
        """Take over some of the others."""
        for mine, new in (
            (self.values, other.values), (self.noise, other.noise), (self.cut, other.cut), (self.kinks, other.kinks),
            (self.steps, other.steps),
        ):  # fmt: skip
            mine[at] = new[chosen]


class Found(Struct, frozen=True):
    """One difference: `noise` and `cut` are how far it may be off by rounding and by its step."""

    value: float
    noise: float
    cut: float
    step: float
    kink: bool
    on_kink: bool = False

    @property
    def off(self) -> float:
        """How far it may be off."""
        return self.noise + self.cut

    @property
    def doubt(self) -> float:
        """The same relative to itself."""
        size = abs(self.value) + self.off
        return self.off / size if math.isfinite(size) and size else math.inf


def disagreeing(value: float, found: Found, method: Method) -> bool:
    """Is the gap larger than all that the difference may be off by? (At a kink, or without a number, nobody knows.)"""
    size = max(abs(value), abs(found.value))
    beyond = abs(value - found.value) > THRESHOLD[method] * size + found.off
    return beyond and not found.kink and math.isfinite(found.value)


def undecided(value: float, found: Found, method: Method) -> Undecided:
    """Why nothing can be told; empty where the two agree to the threshold alone, or the difference is exact enough."""
    gap, size = abs(value - found.value), max(abs(value), abs(found.value))
    plainly = gap <= THRESHOLD[method] * size
    # of a derivative of 0 the difference is all noise: it is told if that is small by itself
    told = found.off <= (TOLD * size if value else THRESHOLD[method])
    if plainly or told or not gap <= THRESHOLD[method] * size + found.off:
        return ""
    return "step" if found.cut > found.noise else "rounding"


def compare(value: float, found: Found, method: Method) -> Check:
    """One verdict; the threshold is relative, the noise absolute."""
    gap, size = abs(value - found.value), max(abs(value), abs(found.value))
    agrees = bool(gap <= THRESHOLD[method] * size + found.off)
    floor = max(size, found.off / THRESHOLD[method])
    error = gap / floor if floor else 0.0
    unsure = undecided(value, found, method)
    kink = found.on_kink or (found.kink and (bool(unsure) or not agrees))
    return Check(value, found.value, error, agrees or found.kink, kink, found.step, "" if kink else unsure)


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
    graph = trace.graph
    objective = graph.loss if objective is None else objective
    every = differences(graph, trace.values, nodes, method, h, objective)
    truth = [trace.derivative(objective, node) for node in nodes]
    found = _listed(every)
    if h is None and method == "central":
        unsure = [i for i, (value, one) in enumerate(zip(truth, found, strict=True)) if undecided(value, one, method)]
        for i, better in zip(unsure, _with_larger_steps(trace, [nodes[i] for i in unsure], objective), strict=True):
            found[i] = min(found[i], better, key=lambda one: (one.kink, one.doubt))
    doubtful = [i for i, (value, one) in enumerate(zip(truth, found, strict=True)) if disagreeing(value, one, method)]
    # those that are off by least first; where none of a batch turns out to be noise, the others are no more likely to
    doubtful.sort(key=lambda i: abs(truth[i] - found[i].value) / max(abs(truth[i]), abs(found[i].value)))
    for start in range(0, len(doubtful), AT_ONCE):
        batch = doubtful[start : start + AT_ONCE]
        for i in batch:
            ends = _ends(float(trace.values[nodes[i]]), found[i].step, method)
            felt = rounding.of_gradient(graph, trace.values, objective, nodes[i], ends, found[i].value)
            found[i] = replace(found[i], noise=found[i].noise + felt)
        if all(disagreeing(truth[i], found[i], method) for i in batch):
            break
    checks = [compare(value, one, method) for value, one in zip(truth, found, strict=True)]
    if h is not None or method == "forward":
        wrong = [i for i, one in enumerate(checks) if not one.agrees]
        for i, own in zip(wrong, check_gradients(trace, [nodes[i] for i in wrong], objective=objective), strict=True):
            checks[i] = by_own_step(checks[i], own)
    return tuple(checks)


def by_own_step(check: Check, own: Check) -> Check:
    """A disagreement; where there is none with the step that suits the quantity, the step that was asked for is to
    blame."""
    if not own.agrees or own.kink or own.undecided:
        return check
    return replace(check, agrees=True, undecided="step" if check.step > own.step else "rounding")


def _listed(every: Differences) -> list[Found]:
    numbers = zip(every.values, every.noise, every.cut, every.steps, every.kinks, strict=True)
    return [Found(float(d), float(n), float(c), float(s), bool(k)) for d, n, c, s, k in numbers]


@np.errstate(all="ignore")
def _with_larger_steps(trace: Trace, nodes: Sequence[int], objective: int) -> list[Found]:
    """Each difference with the larger step of which most can be told; where a function is nearly straight, any is."""
    at = np.asarray(nodes, dtype=np.int64)
    nudges = Nudges(trace.graph, trace.values, objective)
    steps = default_steps(trace.values[at], "central", None)
    tried = []
    for scale in LARGER if len(at) else ():
        one, two = _with_halved(nudges, at, steps * scale, "central")
        one.noise[:] += 2.0 * np.abs(one.values - two.values)
        tried.append(_listed(one))
    return [min(options, key=lambda one: (one.kink, one.doubt)) for options in zip(*tried, strict=True)]


def _ends(x: float, step: float, method: Method) -> tuple[float, float]:
    return x + step, x - step if method == "central" else x


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
    A step that was asked for, and a forward difference, stay as they are: how far the halved step is off shows what
    the step cuts off.
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
    best.replaced(rest, _settled(nudges, at[rest], steps[rest], "central", False), slice(None))
    return best


def _settled(nudges: Nudges, at: NDArray[np.int64], steps: Values, method: Method, asked: bool) -> Differences:
    """The differences with the steps given (where they are `asked` for, or forward) or with better ones."""
    best, half = _with_halved(nudges, at, steps, method)
    if not len(at):
        return best
    spread = np.abs(best.values - half.values)
    if asked or method == "forward":
        best.cut[:] = TRUNCATION * spread
        return best
    size = np.maximum(np.abs(best.values), np.abs(half.values))
    unsteady = ~np.isfinite(spread) | (spread > 0.25 * THRESHOLD[method] * size + best.noise)
    noisy = (best.noise > 0.1 * THRESHOLD[method] * size) & (size > 0)
    for scale in (1e-3, 1e-6, WIDER):
        # a smaller step has more noise still
        again = np.nonzero((unsteady | noisy if scale > 1 else unsteady) & ~best.kinks)[0]
        if not len(again):
            continue
        one, two = _with_halved(nudges, at[again], steps[again] * scale, method)
        gap = np.abs(one.values - two.values)
        uncertain = doubt(gap, one.values, two.values, one.noise)
        before = doubt(spread[again], best.values[again], half.values[again], best.noise[again])
        # where nothing but noise is seen with either step, the one with less of it
        noise_only = (uncertain >= 0.5) & (before >= 0.5) & (gap + one.noise < spread[again] + best.noise[again])
        chosen = ((uncertain < 0.5) & (uncertain < before) | noise_only) & ~one.kinks
        one.noise[:] += 2.0 * gap  # a step so much larger or smaller cuts off more: the halved step shows how much
        better = again[chosen]
        best.replaced(better, one, chosen)
        half.replaced(better, two, chosen)
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
        made.append(Differences(slope, noise, np.zeros_like(slope), kinks.copy(), step.copy()))
    return made[0], made[1]


def lost_step(trace: Trace, h: float, inputs: bool) -> int | None:
    """A quantity that a step of h, or half of it, does not move at all; None where it moves all that are nudged.

    Nudged is what lies on a way from a parameter (or an input) to the loss. Of several, the largest.
    """
    graph = trace.graph
    nudged = np.nonzero(ancestors(graph, graph.loss) & descendants(graph, *graph.sources(inputs)))[0]
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
    at = trace.graph.group_of(result)
    assert at is not None
    group, row = at
    x, slope = trace.value(operand), trace.local(result, operand)
    step = float(default_steps(np.array([x]), method, h)[0])
    free = h is None and method == "central"
    found = _of_formula(trace, group, row, operand, method, [step * s for s in ((1.0, 1e-3, 1e-6) if free else (1.0,))])
    if free and undecided(slope, found, method):
        wide = _of_formula(trace, group, row, operand, method, [step * s for s in (WIDER, *LARGER)])
        found = min(found, wide, key=lambda one: (one.kink, one.doubt))
    if disagreeing(slope, found, method):
        ends = _ends(x, found.step, method)
        felt = rounding.of_local(group, row, trace.values, operand, ends, found.value)
        found = replace(found, noise=found.noise + felt)
    check = compare(slope, found, method)
    if free or check.agrees:
        return check
    return by_own_step(check, _check_local(trace, result, operand, "central", None))


@np.errstate(all="ignore")
def _of_formula(
    trace: Trace, group: NodeGroup, row: int, operand: int, method: Method, steps: Sequence[float]
) -> Found:
    """The difference of one formula by one operand, with the step whose own half agrees best."""
    x = trace.value(operand)
    default = float(default_steps(np.array([x]), "central", None)[0])
    near = default * 1e-6  # and yet beyond what rounding leaves over
    below = [-1.0, -0.5] if method == "central" else [0.0, 0.0]
    # the point itself, its neighbours above and below, and for every step the two ends of it and of its half
    offsets = np.array([0.0, near, -near, *(s * side for s in steps for side in (1.0, 0.5, *below))])
    operands = []
    for i, slot in enumerate(group.slots):
        shape = (len(offsets), *(1,) * (slot.ndim - 1))
        if i in group.picks:
            operands.append(np.broadcast_to(slot[row].astype(float), (len(offsets), *slot.shape[1:])))
        else:
            operands.append(np.where(slot[row] == operand, (x + offsets).reshape(shape), trace.values[slot[row]]))
    taken: list[Values] = []
    values = value(group.tree, operands, taken).tolist()
    sides = [branch.reshape(len(offsets), -1) for branch in taken if branch.ndim]
    branches = np.concatenate([np.zeros((len(offsets), 1)), *sides], 1)
    # the point is a kink of something that moves with the operand
    on_kink = bool(((branches[0] == TIED) & (branches[1:3] != TIED).any(0)).any())
    asked = len(steps) == 1  # then how far the halved step is off shows what the step cuts off; else the choice does
    found = []
    for i, step in enumerate(steps):
        slopes = []
        for half, scale in enumerate((1.0, 0.5)):
            up, down = values[3 + 4 * i + half], values[5 + 4 * i + half]
            upper, lower = _ends(x, step * scale, method)
            slopes.append((up - down) / (upper - lower))
            if not half:
                noise = NOISE * EPSILON * max(abs(up), abs(down)) / abs(upper - lower)
        crossed = bool((branches[[3 + 4 * i, 5 + 4 * i]] != branches[0]).any())
        gap = abs(slopes[0] - slopes[1])
        cut = TRUNCATION * gap if asked else 2.0 * gap * (step != default)
        in_doubt = float(doubt(gap, slopes[0], slopes[1], noise))
        found.append((crossed, in_doubt, Found(slopes[0], noise, cut, step, crossed, on_kink)))
    if all(crossed for crossed, _, _ in found):
        return found[0][2]
    return min(found, key=lambda one: one[:2])[2]


__all__ = ["Check", "Differences", "Method", "check_gradients", "check_locals", "compare", "differences"]
