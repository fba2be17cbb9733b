"""Slips of the update, one function each, by the scenario's own rule: w' = w − step, its step η·g where it has none."""

from __future__ import annotations

from ..formulas.algebra import ONE, minus, named, plus, times
from ..formulas.expression import Expression
from ..handwork.quantities import RATE
from .forward_contexts import Draft, Drafts, Updating, in_context, updating

_ETA = named(RATE)


def _update(c: Updating, formula: Expression) -> Draft:
    return Draft(formula, c.right, {"w": c.w, "gradient": c.gradient, "step": c.step_in_words, "slope": c.direction})


@in_context(updating)
def ascent(c: Updating) -> Drafts:
    """w + η·g."""
    yield _update(c, plus(c.w, c.first.step))


@in_context(updating)
def rate_missing(c: Updating) -> Drafts:
    """w − g."""
    if c.first.unscaled is not None:
        yield _update(c, minus(c.w, c.first.unscaled))


@in_context(updating)
def step_for_weight(c: Updating) -> Drafts:
    """η·g."""
    yield _update(c, c.first.step)


@in_context(updating)
def rate_times_weight(c: Updating) -> Drafts:
    """η·w − g."""
    if c.first.unscaled is not None:
        yield _update(c, minus(times(_ETA, c.w), c.first.unscaled))


@in_context(updating)
def step_scales_weight(c: Updating) -> Drafts:
    """w·(1 − η·g)."""
    yield _update(c, times(c.w, minus(ONE, c.first.step)))


@in_context(updating)
def old_weight(c: Updating) -> Drafts:
    """w."""
    yield _update(c, c.w)


@in_context(updating)
def plain_step(c: Updating) -> Drafts:
    """w − η·g where the rule takes another step."""
    yield _update(c, minus(c.w, times(_ETA, c.gradient)))
