"""The work of a person who rounds every step: each value, local derivative, product, sum and update to N digits.

A step is what one writes down: the formula is worked with the numbers written before, in full, and its result is
rounded, half up, to N significant digits (digits before the point all stay). Given numbers are taken as given. The
gradients go from the loss down, each upstream gradient once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import fsum, isfinite

import numpy as np

from ..engine.trace import Trace
from ..formulas.digits import EXACT, decimal, rounded
from ..formulas.evaluate import evaluate
from ..formulas.expression import Derivative, Expression, Name, names_in
from ..values import Struct
from .steps import adjoint_steps, backward_edges, local_formula


class Written(float):
    """A number as it was written down; `cut` where it is not exact, so that zeros at its end say something."""

    __slots__ = ("cut",)
    cut: bool


def written(x: float, digits: int, *sources: float) -> Written:
    """Rounded, half up, to so many significant digits; `sources` are the numbers that it was worked out from."""
    number = Written(rounded(x, digits) if isfinite(x) else x)
    number.cut = isfinite(x) and abs(number - x) > float(EXACT) * abs(x)
    number.cut |= any(isinstance(source, Written) and source.cut for source in sources)
    return number


class Term(Struct, frozen=True):
    """One contribution as written: upstream gradient × local derivative, and the rounded product."""

    result: int
    upstream: float
    local: float
    product: float


class HandStep(Struct, frozen=True):
    """One written number beside the exact one.

    `part` is "forward" (`of` a quantity), "local" (∂of/∂by), "backward" (∂of/∂by with `of` the loss) or "update" (of a
    parameter); `terms` are a backward step's contributions.
    """

    part: str
    of: int
    by: int | None
    hand: float
    exact: float
    terms: tuple[Term, ...] = ()
    formula: Expression | None = None  # a local derivative's
    lines: tuple[float, ...] = ()  # what the lines of the scenario's own rule came to, in an update

    @property
    def exactly(self) -> bool:
        """Is the written number the exact one, but for the rounding of binary floating point?"""
        return abs(self.hand - self.exact) <= float(EXACT) * abs(self.exact)

    @property
    def drift(self) -> float:
        """How far the written number is from the exact one, relative to it; infinite beside an exact 0."""
        if self.exactly:
            return 0.0
        if not isfinite(self.hand) or self.exact == 0:
            return float("inf")
        return (self.hand - self.exact) / abs(self.exact)

    def units(self, digits: int) -> float:
        """The drift in units of the last digit that the exact number would be written with."""
        if self.exactly:
            return 0.0
        place = decimal(self.exact).adjusted() if self.exact else decimal(self.hand).adjusted()
        return (self.hand - self.exact) / float(f"1e{min(0, place - digits + 1)}")


class HandWork(Struct, frozen=True):
    """All steps in the order of writing, and what was written for each quantity and derivative."""

    digits: int
    steps: tuple[HandStep, ...]
    values: Mapping[int, float]
    locals: Mapping[tuple[int, int], float]
    gradients: Mapping[int, float]
    totals: Mapping[str, float]  # of the scenario's own rule

    @property
    def worst(self) -> HandStep | None:
        """The step that has drifted furthest, relative to its exact number."""
        drifted = [step for step in self.steps if step.drift]
        return max(drifted, key=lambda step: abs(step.drift), default=None)


def _rounding(digits: int, source: float) -> Callable[[float], float]:
    return lambda x: written(x, digits, source)


def _product(one: float, other: float, digits: int) -> float:
    """The rounded product; of a factor 1 the other one as it was written."""
    if 1 in (one, other):
        return other if one == 1 else one
    return written(one * other, digits, one, other)


def work(trace: Trace, digits: int, inputs: bool = False) -> HandWork:
    """Work a trace through by hand, every step rounded to so many significant digits."""
    graph = trace.graph
    steps: list[HandStep] = []
    computed = graph.nodes_of("computed")
    values = {node: trace.value(node) for node in graph.nodes_of("input", "parameter", "target")}

    def value_of(name: str) -> float:
        return values[graph.id(name)]

    for node in sorted(computed, key=lambda n: int(graph.levels[n])):  # as levels allow: every operand comes before
        operands = (values[operand] for operand in graph.node(node).operands)
        values[node] = written(evaluate(graph.node_formula(node), value_of), digits, *operands)
    for node in computed:
        steps.append(HandStep("forward", node, None, values[node], trace.value(node)))

    locals_: dict[tuple[int, int], float] = {}
    for result, operand in backward_edges(graph, inputs):
        formula = local_formula(graph, result, operand)
        exact = trace.local(result, operand)
        if isinstance(formula, Name):  # a number that stands there already
            locals_[result, operand] = value_of(formula.name)
        elif isinstance(formula, Derivative):
            locals_[result, operand] = written(exact, digits)
        else:
            used = map(value_of, names_in(formula))
            locals_[result, operand] = written(evaluate(formula, value_of), digits, *used)
        steps.append(HandStep("local", result, operand, locals_[result, operand], exact, formula=formula))

    gradients = {graph.loss: 1.0}
    for step in adjoint_steps(trace, inputs):
        node = step.node.id
        terms = []
        for c in step.contributions:
            upstream, local = gradients[c.result], locals_[c.result, node]
            terms.append(Term(c.result, upstream, local, _product(upstream, local, digits)))
        products = [term.product for term in terms]
        gradients[node] = products[0] if len(products) == 1 else written(fsum(products), digits, *products)
        steps.append(HandStep("backward", graph.loss, node, gradients[node], step.value, tuple(terms)))

    totals: Mapping[str, float] = {}
    if graph.rule is not None and trace.updates:
        before = np.array([update.before for update in trace.updates])
        slopes = np.array([gradients[update.node] for update in trace.updates])
        totals = {
            name: written(total, digits, *slopes)
            for name, total in graph.rule.over_all(before, slopes, graph.frozen).items()
        }
    for update, rate, frozen in zip(trace.updates, graph.rates, graph.frozen, strict=True) if trace.updates else ():
        lines: tuple[float, ...] = ()
        if frozen:
            after = update.after
        elif graph.rule is not None and not graph.rule.plain:
            slope = gradients[update.node]
            after, worked = graph.rule.by_hand(update.before, slope, rate, totals, _rounding(digits, slope))
            lines = tuple(worked.values())
        else:
            step_size = _product(rate, gradients[update.node], digits)
            after = written(update.before - step_size, digits, step_size)
        steps.append(HandStep("update", update.node, None, after, update.after, lines=lines))
    return HandWork(digits, tuple(steps), values, locals_, gradients, totals)
