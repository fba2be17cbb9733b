"""Slips of an update rule of the scenario's own, by the names of its lines: `m_w`, `old v_w`, `mhat_w`, `β1`.

The rule's line is changed as people change it: a root or a square left out, the bias correction left out, what the step
before has left forgotten, a constant and what it leaves of 1 exchanged. `first_step.py` writes the first step out.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ..engine.network import Network
from ..formulas.algebra import ONE, TWO, ZERO, named, renamed
from ..formulas.expression import (
    Call,
    Expression,
    Group,
    Name,
    Number,
    Power,
    Product,
    Sum,
    rebuild,
    transform,
    ungrouped,
    walk,
)
from ..formulas.typeset import to_text
from ..handwork.quantities import RATE, Rate, Remembered, RuleNumber, Subject, Updated, Value, Worked
from ..handwork.rule_names import RuleNames
from ..values import Struct
from .first_step import FirstStep, taken_from, tidy
from .forward_contexts import Draft, Drafts, Updating, in_context, listed

SMALL = 1e-2  # what is added only so that nobody divides by 0


class Ruled(Struct, frozen=True):
    """A quantity that the rule's line `line` makes of one parameter; `right` is the line in the names of formulas."""

    network: Network
    names: RuleNames
    line: int
    node: int
    right: Expression

    @property
    def said(self) -> str:
        """The line as a sentence has it."""
        return to_text(renamed(self.right, {RATE: named("η")}))


def rule_names(network: Network) -> RuleNames | None:
    """The names of the network's own update rule; None where it has none."""
    if "rule names" not in network.memo:
        rule = network.graph.rule
        network.memo["rule names"] = None if rule is None or rule.plain else RuleNames(network.graph)
    return network.memo["rule names"]  # type: ignore[return-value]


def by_name(network: Network, names: RuleNames, line: int, node: int) -> Expression:
    """A line of the rule for one parameter, over the names that formulas hold."""

    def change(part: Expression) -> Expression:
        if not isinstance(part, Name):
            return part
        match names.operand(line, part.name, node):
            case Value(given):
                return network.name(given)
            case Rate():
                own = network.graph.scenario.rates.get(network.graph.block_of(node).name)
                return named(RATE) if own is None else Number(own.text, Fraction(own.value))
            case (Worked() | Remembered() | RuleNumber()) as kept:
                return named(names.text(kept))
            case _:
                return network.derivative(network.graph.loss, node)

    return transform(names.rule.lines[line].full, change)


def ruled(network: Network, subject: Subject) -> Ruled | None:
    """The context of what a rule's line makes of a parameter."""
    names = rule_names(network)
    if names is None or not isinstance(subject, (Worked, Updated)) or subject.node not in names.parameters:
        return None
    if network.graph.frozen[network.graph.parameter_rows[subject.node]]:
        return None
    line = names.result if isinstance(subject, Updated) else subject.line
    return Ruled(network, names, line, subject.node, by_name(network, names, line, subject.node))


def line_of(network: Network, subject: Subject) -> Expression | None:
    """The rule's line for a quantity, by the names of formulas; None for what no rule of its own makes."""
    c = ruled(network, subject)
    return None if c is None else c.right


def at_start(network: Network, formula: Expression) -> Expression:
    """A formula over a rule's names in the first step: with what is remembered at its start, and t = 1."""
    names = rule_names(network)
    if names is None:
        return formula
    known: dict[str, Expression] = {names.text(RuleNumber("t")): ONE}
    for name, own in names.canonical.items():
        if isinstance(own, Remembered):
            known[name] = Number(repr(names.rule.starts[own.name]), Fraction(names.rule.starts[own.name]))
    return renamed(formula, known)


def updating_by_name(network: Network, subject: Subject) -> Updating | None:
    """The context of a parameter after any step of the run, by the names of the rule's last line."""
    c = ruled(network, subject) if isinstance(subject, Updated) else None
    step = taken_from(c.right, network.name(c.node)) if c is not None else None
    if c is None or step is None:
        return None
    has_rate = any(part == named(RATE) for part in walk(step))
    unscaled = tidy(renamed(step, {RATE: ONE})) if has_rate else None
    return Updating(network, c.node, FirstStep(c.right, step, unscaled))


# ---------------------------------------------------------------- one piece changed
def _changed(c: Ruled, change: Callable[[Expression], Expression | None]) -> Drafts:
    """The line with one piece after the other as `change` makes it; None leaves a piece as it is."""
    for place in list(walk(c.right)):
        if (other := change(place)) is not None:
            words = {"right": c.said, "piece": ungrouped(place), "inner": ungrouped(other)}
            yield Draft(tidy(_put(c.right, place, other)), c.right, words)


def _put(formula: Expression, place: Expression, other: Expression) -> Expression:
    """The formula with another piece in one place."""
    return other if formula is place else rebuild(formula, lambda part: _put(part, place, other))


@in_context(ruled)
def root_missing(c: Ruled) -> Drafts:
    """s for √s."""
    yield from _changed(
        c, lambda part: part.arguments[0] if isinstance(part, Call) and part.function == "sqrt" else None
    )


@in_context(ruled)
def square_missing(c: Ruled) -> Drafts:
    """g for g²."""
    yield from _changed(c, lambda part: part.base if isinstance(part, Power) and part.exponent == TWO else None)


@in_context(ruled)
def memory_missing(c: Ruled) -> Drafts:
    """Without what the step before has left."""
    for name, own in c.names.canonical.items():
        if isinstance(own, Remembered) and own.node == c.node and any(part == named(name) for part in walk(c.right)):
            kept = f"{own.name}_{c.network.graph.name(c.node)}"
            yield Draft(tidy(renamed(c.right, {name: ZERO})), c.right, {"right": c.said, "old": kept})


@in_context(ruled)
def share_missing(c: Ruled) -> Drafts:
    """g for (1 − β)·g."""
    yield from _changed(c, lambda part: ONE if _share(c, part) else None)


@in_context(ruled)
def shares_exchanged(c: Ruled) -> Drafts:
    """(1 − β)·m + β·g for β·m + (1 − β)·g."""
    for constant in dict.fromkeys(name for part in walk(c.right) if (name := _share(c, part))):
        yield Draft(_exchanged(c, constant, c.right), c.right, {"right": c.said, "constant": constant})


def _exchanged(c: Ruled, constant: str, part: Expression) -> Expression:
    if _share(c, part) == constant:
        return named(constant)
    if part == named(constant):
        return Group(Sum(((1, ONE), (-1, named(constant)))))
    return rebuild(part, lambda inner: _exchanged(c, constant, inner))


def _share(c: Ruled, part: Expression) -> str:
    """The constant β of a piece 1 − β; empty for any other piece."""
    match part:
        case Sum(((1, Number() as one), (-1, Name(name)))) if one == ONE and _constant(c, part.terms[1][1]) is not None:
            return name
    return ""


def _constant(c: Ruled, part: Expression) -> float | None:
    """The number of a constant of the rule; None for any other piece."""
    own = c.names.canonical.get(part.name) if isinstance(part, Name) else None
    return c.names.rule.numbers.get(own.name) if isinstance(own, RuleNumber) else None


@in_context(ruled)
def correction_missing(c: Ruled) -> Drafts:
    """m for m/(1 − βᵗ): in the line itself, in one of those that it uses, and in all of them."""
    own = _uncorrected(c.right)
    if own is not None and c.line != c.names.result:
        name = c.names.text(Worked(c.line, c.node))
        yield Draft(own, c.right, {"corrected": f"{name} is {c.said}"})
    found: dict[str, tuple[Expression, Expression]] = {}
    for part in walk(c.right):
        subject = c.names.canonical.get(part.name) if isinstance(part, Name) else None
        line = by_name(c.network, c.names, subject.line, c.node) if isinstance(subject, Worked) else None
        plain = None if line is None else _uncorrected(line)
        if isinstance(part, Name) and line is not None and plain is not None:
            found[part.name] = plain, line
    for names in {(name,) for name in found} | {tuple(found)} if found else ():
        wrong = renamed(c.right, {name: found[name][0] for name in names})
        yield Draft(wrong, c.right, {"corrected": listed([f"{name} is {to_text(found[name][1])}" for name in names])})


def _uncorrected(formula: Expression) -> Expression | None:
    """m of m/(1 − βᵗ)."""
    match ungrouped(formula):
        case Product((("*", above), ("/", below))) if any(isinstance(part, Power) for part in walk(below)):
            return above
    return None


@in_context(ruled)
def power_missing(c: Ruled) -> Drafts:
    """1 − β for 1 − βᵗ: as in the first step."""
    step = named(c.names.text(RuleNumber("t")))
    yield from _changed(c, lambda part: part.base if isinstance(part, Power) and part.exponent == step else None)


@in_context(ruled)
def small_constant_missing(c: Ruled) -> Drafts:
    """√s for √s + ε."""

    def change(part: Expression) -> Expression | None:
        value = _constant(c, part)
        return ZERO if value is not None and abs(value) <= SMALL else None

    yield from _changed(c, change)


@in_context(ruled)
def rate_missing(c: Ruled) -> Drafts:
    """β·v − g for β·v − η·g, in a line before the last one."""
    if c.line != c.names.result:
        yield from _changed(c, lambda part: ONE if part == named(RATE) else None)


@in_context(ruled)
def step_sign(c: Ruled) -> Drafts:
    """w − v for w + v."""
    whole, w = ungrouped(c.right), c.network.name(c.node)
    if c.line == c.names.result and isinstance(whole, Sum) and all(sign > 0 for sign, _ in whole.terms):
        turned = tuple((sign if ungrouped(term) == w else -sign, term) for sign, term in whole.terms)
        yield Draft(Sum(turned), c.right, {"right": c.said})
