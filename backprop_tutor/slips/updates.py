"""Slips of the update, one function each, by the scenario's own rule: w' = w − step, its step η·g where it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..engine.network import Network
from ..formulas.algebra import ONE, minus, named, plus, times
from ..formulas.expression import Expression
from ..handwork.quantities import RATE, Subject
from .forward_contexts import Draft, Drafts, Rewrite, Updating, in_context, updating
from .rule_steps import updating_by_name

_ETA = named(RATE)


def _update(c: Updating, formula: Expression) -> Draft:
    return Draft(formula, c.right, {"w": c.w, "gradient": c.gradient, "step": c.step_in_words, "slope": c.direction})


def _updated(rule: Callable[[Updating], Iterable[Draft]]) -> Rewrite:
    """A rule for the first step as one formula, and for every step by the names of the rule's last line."""
    first, later = in_context(updating)(rule), in_context(updating_by_name)(rule)

    def rewrite(network: Network, subject: Subject) -> Iterable[Draft]:
        yield from first(network, subject)
        yield from later(network, subject)

    rewrite.__doc__ = rule.__doc__
    return rewrite


@_updated
def ascent(c: Updating) -> Drafts:
    """w + η·g."""
    yield _update(c, plus(c.w, c.first.step))


@_updated
def rate_missing(c: Updating) -> Drafts:
    """w − g."""
    if c.first.unscaled is not None:
        yield _update(c, minus(c.w, c.first.unscaled))


@_updated
def step_for_weight(c: Updating) -> Drafts:
    """η·g."""
    yield _update(c, c.first.step)


@_updated
def rate_times_weight(c: Updating) -> Drafts:
    """η·w − g."""
    if c.first.unscaled is not None:
        yield _update(c, minus(times(_ETA, c.w), c.first.unscaled))


@_updated
def step_scales_weight(c: Updating) -> Drafts:
    """w·(1 − η·g)."""
    yield _update(c, times(c.w, minus(ONE, c.first.step)))


@_updated
def old_weight(c: Updating) -> Drafts:
    """w."""
    yield _update(c, c.w)


@_updated
def plain_step(c: Updating) -> Drafts:
    """w − η·g where the rule takes another step."""
    yield _update(c, minus(c.w, times(_ETA, c.gradient)))
