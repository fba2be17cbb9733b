"""Names of the person's own: `err = o1 - t1 = 0.741` introduces one, and later lines use it.

Where its formula is one of the scenario's quantities or derivatives, the name stands for that and the line is judged
like any other. Else the formula stands for it; a calculation without names leaves its number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..formulas.expression import (
    NOWHERE,
    Call,
    Derivative,
    Expression,
    Group,
    Name,
    Negative,
    Number,
    names_in,
    transform,
    ungrouped,
)
from ..handwork import meaning
from ..handwork.exact import Stated, agrees, exact, truncates
from ..handwork.quantities import Gradient, Subject, Value
from ..values import Struct, replace
from .person import Line, Truth

if TYPE_CHECKING:
    from .judge import Judge

RELATIVE = 1e-9


class OwnName(Struct, frozen=True):
    """What a name stands for, and the number that the person gave it."""

    formula: Expression | None
    line: Line | None = None
    subject: Subject | None = None

    def put(self, name: Name) -> Expression:
        """What stands in a formula instead of the name, at its place."""
        if self.formula is not None:
            if isinstance(self.formula, (Name, Derivative)):
                return replace(self.formula, span=name.span)
            return Group(self.formula, name.span)
        assert self.line is not None
        number = self.line.number
        size = Number(number.text.lstrip("-"), abs(number.value), name.span)
        return size if number.value >= 0 else Group(Negative(size, name.span), name.span)

    def is_its_number(self, formula: Expression, number: Stated) -> bool:
        """Is a number put into a formula the one that the person gave this name?"""
        if self.line is None or self.subject is not None:
            return False
        own = self.line.number
        if self.formula is None:
            return self.line.faulty and number.value == own.value and number.unit == own.unit
        return ungrouped_inside(formula) == self.formula and agrees(number.value, number.unit, own.value)


def with_own_names(formula: Expression, defined: Mapping[str, OwnName]) -> Expression:
    """A formula with what the person's own names stand for in their place."""

    def change(node: Expression) -> Expression:
        return defined[node.name].put(node) if isinstance(node, Name) and node.name in defined else node

    return transform(formula, change) if defined else formula


def ungrouped_inside(formula: Expression) -> Expression:
    """A formula without brackets that change nothing: around a name, a number, a call, or a term of a sum."""

    def change(node: Expression) -> Expression:
        needless = isinstance(node, Group) and isinstance(node.inner, (Name, Number, Call, Derivative))
        return ungrouped(node) if needless else node

    return ungrouped(transform(formula, change))


def placeless(formula: Expression) -> Expression:
    """A formula that is used on other lines than its own."""
    return transform(ungrouped(formula), lambda node: replace(node, span=NOWHERE))


def same_quantity(judge: Judge, own: OwnName, number: Stated | None) -> bool:
    """May a number be that of the quantity that a name stands for?"""
    if own.subject is None or number is None or judge.truth is None:
        return False
    true = judge.truth.of(own.subject)
    if not math.isfinite(true):
        return False
    return agrees(number.value, number.unit, exact(true)) or truncates(number.value, number.unit, exact(true))


def quantity_of(judge: Judge, formula: Expression) -> Subject | None:
    """The quantity that a formula is: a value, a gradient of the loss, a local slope; None where it is none."""
    subject = meaning.subject_of(formula, judge.vocabulary)
    if subject is not None:
        return subject
    for candidate in _candidates(judge, formula):
        if judge.equality.same(formula, judge.vocabulary.read(candidate)):
            return candidate
    return None


def _candidates(judge: Judge, formula: Expression) -> Iterator[Subject]:
    """The quantities that have a formula's value at the first point, those around its names last."""
    graph = judge.graph
    if not judge.equality.points:
        return
    point = judge.equality.points[-1]  # a random one: the scenario's own values repeat
    value = point.evaluate(formula)
    if value != value or not value or not isinstance(point, Truth):
        return
    trace = point.trace
    slope = value / point.convention.scale
    for place in np.flatnonzero(np.isclose(trace.adjoints, slope, rtol=RELATIVE, atol=0.0)).tolist():
        yield Gradient(graph.loss, place)
    for place in np.flatnonzero(np.isclose(trace.values, value, rtol=RELATIVE, atol=0.0)).tolist():
        yield Value(place)
    near = {node for name in names_in(formula) if (node := judge.vocabulary.nodes.get(name)) is not None}
    for above in sorted(near | {user for node in near for user in graph.users.get(node, ())}):
        for below in graph.node(above).operands:
            yield Gradient(above, below)
