"""A parameter after its first step by the scenario's own rule, as one formula: w' = w − step."""

from __future__ import annotations

from fractions import Fraction

from ..engine.network import Network
from ..engine.update_rule import UpdateRule
from ..formulas.algebra import ONE, ZERO, minus, named, over, renamed, times, total
from ..formulas.expression import (
    Expression,
    Group,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    transform,
    ungrouped,
    walk,
)
from ..handwork.quantities import RATE
from ..values import Struct


class FirstStep(Struct, frozen=True):
    """w' = w − `step`; `unscaled` is the step without the learning rate, None where it has none."""

    after: Expression
    step: Expression
    unscaled: Expression | None


def first_step(network: Network, node: int) -> FirstStep | None:
    """The first step of a parameter; None where the rule is no step away from w, or there is no rule."""
    graph = network.graph
    rule = graph.rule
    w, gradient = network.name(node), network.derivative(graph.loss, node)
    rate: Expression = named(RATE)
    if rule is None:
        return None
    if graph.frozen[graph.parameter_rows[node]]:
        return FirstStep(w, ZERO, None)
    own = graph.scenario.rates.get(graph.block_of(node).name)
    if own is not None:
        rate = Number(own.text, Fraction(own.value))
    if rule.plain:
        plain = times(rate, gradient)
        return FirstStep(minus(w, plain), plain, gradient)
    after = _written_out(rule, w, gradient, rate)
    step = taken_from(after, w)
    if step is None:
        return None
    has_rate = any(part == rate for part in walk(step))
    return FirstStep(after, step, tidy(renamed(step, {RATE: ONE})) if has_rate else None)


def _written_out(rule: UpdateRule, w: Name, gradient: Expression, rate: Expression) -> Expression:
    """The rule's lines put into each other, with what is remembered at its start."""
    known: dict[str, Expression] = {name: _typed(value) for name, value in {**rule.numbers, **rule.starts}.items()}
    known |= {"w": w, "g": gradient, "t": ONE, RATE: rate}
    for line in rule.lines:
        known[line.name] = tidy(renamed(line.full, known))
    return known["w"]


def _typed(value: float) -> Expression:
    return ZERO if value == 0.0 else Number(repr(value), Fraction(repr(value)))


def tidy(formula: Expression) -> Expression:
    """Without what a 0 multiplies, without terms of 0 and factors of 1."""

    def change(part: Expression) -> Expression:
        match part:
            case Group(inner) if inner == ZERO or not isinstance(inner, (Sum, Product, Negative, Power)):
                return inner
            case Product(factors):
                if any(how == "*" and ungrouped(factor) == ZERO for how, factor in factors):
                    return ZERO
                above = times(*(factor for how, factor in factors if how == "*"))
                below = times(*(factor for how, factor in factors if how == "/"))
                return over(above, below)
            case Sum(terms):
                return total(terms)
            case Power(base, exponent) if ungrouped(exponent) == ONE:
                return base
            case _:
                return part

    return transform(formula, change)


def taken_from(after: Expression, w: Name) -> Expression | None:
    """The step of w − step."""
    whole = ungrouped(after)
    if not isinstance(whole, Sum):
        return None
    rest = [(-sign, term) for sign, term in whole.terms if (sign, ungrouped(term)) != (1, w)]
    return total(rest) if len(rest) == len(whole.terms) - 1 else None
