"""Runs of a network at generic leaves: where two formulas that differ show that they do.

A leaf that its author typed as 0 stays 0, as in the network itself: there a bias of 0 may be left out. Targets of a
softmax keep their sum of 1. Each relu is seen on both sides of its kink where that is possible.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..engine.network import Network
from ..engine.scalar import NAN, Compiled, Dual, compiled
from ..engine.trace import Trace, backward, forward
from ..engine.update_rule import UpdateRule
from ..formulas.evaluate import evaluate
from ..formulas.expression import Expression
from ..handwork.quantities import RATE, Gradient, Rate, Remembered, RuleNumber, Subject, Updated, Value, Worked
from ..handwork.rule_names import RuleNames

ENOUGH = 5
TRIES = 40
RELATIVE = 1e-9
TINY = 1e-6  # what is smaller than this differs by rounding only
SMALL = 4000  # nodes: in a larger network the sides of relus and the sums of targets are not looked after
_KINKED = ("relu", "leaky_relu", "elu", "abs")


class Point:
    """One run; the learning rate is drawn too."""

    def __init__(self, network: Network, trace: Trace, rate: float, seed: int) -> None:
        self.network = network
        self.seed = seed  # of what the steps before have left for an update rule
        self.trace = trace
        self.rate = rate
        self.values: list[float] = trace.values.tolist()
        self._known: dict[str, Dual] = {}
        self._slopes: dict[tuple[str, str], float] = {}

    def get(self, name: str) -> Dual:
        """A quantity, `w'` after the update, or the rate, with a derivative of 0."""
        if name not in self._known:
            self._known[name] = self._value(name), 0.0
        return self._known[name]

    def _value(self, name: str) -> float:
        graph = self.network.graph
        node = graph.find(name)
        if node is not None:
            return self.values[node]
        if name == RATE:
            return self.rate
        subject = self._rule_names.canonical.get(name) if self._rule_names is not None else None
        if subject is not None:
            return self.of(subject)
        node = graph.find(name.removesuffix("'"))
        return NAN if node is None else self._updated(node)

    @cached_property
    def _rule_names(self) -> RuleNames | None:
        rule = self.network.graph.rule
        return None if rule is None or rule.plain else RuleNames(self.network.graph)

    def _of_rule(self, subject: Worked | Remembered | RuleNumber) -> float:
        """A name of the update rule in some later step: what is remembered is drawn."""
        names = self._rule_names
        assert names is not None
        match subject:
            case Remembered(name, node):
                return float(np.random.default_rng((self.seed, node, *name.encode())).uniform(0.2, 1.2))
            case RuleNumber(name):
                known = {**names.rule.numbers, "t": 2.0 + self.seed % 3}
                return known[name] if name in known else self._totals(names.rule)[name]
            case Worked(line, node):
                formula = names.rule.lines[line].full
                return evaluate(formula, lambda name: self.of(names.operand(line, name, node)))

    def _updated(self, node: int) -> float:
        """The parameter after the first step of the scenario's rule, at this point's rate."""
        graph = self.network.graph
        rule, row, before = graph.rule, graph.parameter_rows[node], self.values[node]
        if graph.frozen[row]:
            return before
        own = graph.block_of(node).name in graph.scenario.rates
        rate = float(graph.rates[row]) if own else self.rate
        if rule is None or rule.plain:
            return before - rate * self.trace.gradient(node)
        return rule.by_hand(before, self.trace.gradient(node), rate, self._totals(rule))[0]

    def _totals(self, rule: UpdateRule) -> Mapping[str, float]:
        """What the rule takes of all parameters together."""
        nodes = self.network.graph.nodes_of("parameter")
        gradients = np.array([self.trace.gradient(node) for node in nodes])
        return rule.over_all(np.array([self.values[node] for node in nodes]), gradients, self.network.graph.frozen)

    def of(self, subject: Subject) -> float:
        """The value of a quantity of any kind."""
        match subject:
            case Value(node):
                return self.values[node]
            case Gradient(of, by):
                return self.trace.derivative(of, by)
            case Updated(node):
                return self._updated(node)
            case Rate():
                return self.rate
            case _:
                return self._of_rule(subject)

    def derivative(self, of: str, by: str) -> float:
        """∂of/∂by over all paths."""
        if (of, by) not in self._slopes:
            self._slopes[of, by] = self.trace.derivative(of, by)
        return self._slopes[of, by]

    def at(self, formula: Compiled) -> float:
        """A compiled formula's value; nan where it has none."""
        try:
            return formula(self.get, self.derivative)[0]
        except (OverflowError, ZeroDivisionError, RecursionError):
            return NAN


class GenericPoints:
    """The points of one network, and formulas at them."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def values(self, formula: Expression) -> tuple[float, ...]:
        """The formula at every point; nan where it has no value. ValueError for no scalar formula."""
        ready = compiled(formula, self.network.graph.custom)
        return tuple(point.at(ready) for point in self.points)

    @cached_property
    def points(self) -> tuple[Point, ...]:
        generator = np.random.default_rng(42)
        found: list[Point] = []
        unseen = {(node, side) for node in self._kinked for side in (False, True)}
        for _ in range(TRIES):
            values = self._drawn(generator)
            if values is None:
                continue
            seen = {(node, bool(values[node] > 0)) for node, _ in unseen}
            if len(found) < ENOUGH or unseen & seen:
                graph = self.network.graph
                found.append(
                    Point(self.network, Trace(graph, values, backward(graph, values)), _rate(generator), len(found))
                )
                unseen -= seen
            if len(found) >= ENOUGH and not unseen:
                break
        return tuple(found)

    def _drawn(self, generator: np.random.Generator) -> NDArray[np.float64] | None:
        """All values at leaves from ±[0.2, 1.2], or from the positive half where a logarithm needs it; else None."""
        graph = self.network.graph
        leaves = generator.uniform(0.2, 1.2, graph.size) * generator.choice([-1.0, 1.0], graph.size)
        leaves[self._zero] = 0.0
        targets = graph.nodes_of("target")
        leaves[targets] = generator.uniform(0.1, 0.9, len(targets))
        for together in self._summing:
            leaves[list(together)] /= leaves[list(together)].sum()
        for at in (leaves, np.abs(leaves)):
            with np.errstate(all="ignore"):
                values = forward(graph, np.where(graph.levels == 0, at, np.nan))
            if np.isfinite(values).all():
                return values
        return None

    @cached_property
    def _zero(self) -> NDArray[np.bool_]:
        graph = self.network.graph
        zero: NDArray[np.bool_] = (graph.levels == 0) & (graph.leaf_values() == 0.0)
        return zero

    @cached_property
    def _kinked(self) -> tuple[int, ...]:
        """The arguments of functions with a kink at 0."""
        graph = self.network.graph
        if graph.size > SMALL:
            return ()
        nodes = graph.nodes_of("computed")
        found = (self.network.activation(node) for node in nodes)
        return tuple(a.argument for a in found if a is not None and a.argument is not None and a.function in _KINKED)

    @cached_property
    def _summing(self) -> tuple[tuple[int, ...], ...]:
        """The targets under one softmax whose own sum is 1 or unknown, group by group."""
        graph, network = self.network.graph, self.network
        if graph.size > SMALL:
            return ()
        known = graph.leaf_values()
        groups = {group for node in graph.nodes_of("computed") for group in _target_groups(network, node)}
        sums = ((group, float(known[list(group)].sum())) for group in groups)
        return tuple(group for group, whole in sorted(sums) if np.isnan(whole) or abs(whole - 1.0) < 1e-9)

    # ------------------------------------------------------------------ comparing
    def truth(self, subject: Subject) -> tuple[float, ...]:
        """The quantity itself at every point."""
        return tuple(point.of(subject) for point in self.points)

    @staticmethod
    def equal(one: tuple[float, ...], two: tuple[float, ...]) -> bool | None:
        """Do two rows of numbers agree wherever both are finite? None where that is nowhere."""
        decided = None
        for a, b in zip(one, two, strict=True):
            if not (math.isfinite(a) and math.isfinite(b)):
                continue
            if abs(a - b) > RELATIVE * max(abs(a), abs(b), TINY):
                return False
            decided = True
        return decided


def points_of(network: Network) -> GenericPoints:
    """The points of a network, drawn once."""
    if "points" not in network.memo:
        network.memo["points"] = GenericPoints(network)
    return network.memo["points"]  # type: ignore[return-value]


def _rate(generator: np.random.Generator) -> float:
    return float(generator.uniform(0.1, 0.4))


def _target_groups(network: Network, node: int) -> list[tuple[int, ...]]:
    """The targets that stand together in a cross entropy after a softmax."""
    loss = network.loss(node)
    if loss is None:
        return []
    groups: dict[tuple[object, ...], list[int]] = {}
    for term in loss.terms:
        target = network.graph.find(getattr(term.target, "name", ""))
        if target is None or term.kind not in ("log", "softmax logits"):
            continue
        softmax = network.softmax(network.graph.id(term.output))
        key = term.logits if term.kind == "softmax logits" else softmax.logits if softmax else None
        if key is not None:
            groups.setdefault(key, []).append(target)
    return [tuple(group) for group in groups.values()]
