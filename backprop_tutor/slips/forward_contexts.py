"""The situations in which slips of the forward pass and of the update happen, and what a slip yields.

A *context* is a quantity together with what surrounds it in the network. Each slip is a short function of one context
that yields drafts: the wrong formula beside the right one, and the names for its sentence. The contexts of the backward
pass are in `backward_contexts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

from ..engine.loss_terms import Loss, LossTerm
from ..engine.network import Activation, Network, Part, Softmax, Unit
from ..formulas.algebra import call, named, plus, renamed, size, total
from ..formulas.expression import Expression, Name
from ..formulas.typeset import to_text
from ..handwork.quantities import RATE, Subject, Updated, Value
from ..values import Struct, field
from .first_step import FirstStep, first_step

MOST_LISTED = 4  # names in a sentence
READABLE = 12  # pieces of a step that is written out in a sentence
Words: TypeAlias = Mapping[str, Expression | str]


class Draft(Struct, frozen=True):
    """A wrong formula, the right one in the same style, and what its sentence speaks of.

    `share` is the part of the slip's prior that this draft deserves: below 1 for the less likely ones of many.
    """

    formula: Expression
    right: Expression
    words: Words = field(default_factory=dict)
    share: float = 1.0


Drafts: TypeAlias = Iterator[Draft]
Rewrite: TypeAlias = Callable[[Network, Subject], Iterable[Draft]]
C = TypeVar("C")


def listed(names: Sequence[str]) -> str:
    """`h1`, `h1 and h2`, `h1, h2 and h3`; of more than four the first three."""
    if len(names) > MOST_LISTED:
        names = [*names[: MOST_LISTED - 1], f"{len(names) - MOST_LISTED + 1} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def in_context(make: Callable[[Network, Subject], C | None]) -> Callable[[Callable[[C], Iterable[Draft]]], Rewrite]:
    """A rule over a context, as a rewrite of any quantity: nothing where the quantity has no such context."""

    def decorate(rule: Callable[[C], Iterable[Draft]]) -> Rewrite:
        def rewrite(network: Network, subject: Subject) -> Iterable[Draft]:
            key = (make, subject)
            if key not in network.memo:
                network.memo[key] = make(network, subject)
            context: C | None = network.memo[key]  # type: ignore[assignment]
            return () if context is None else rule(context)

        rewrite.__doc__ = rule.__doc__
        return rewrite

    return decorate


# ---------------------------------------------------------------- forward
class Weighing(Struct, frozen=True):
    """The value of a unit."""

    network: Network
    unit: Unit
    right: Expression

    @property
    def neuron(self) -> str:
        return self.network.graph.name(self.unit.node)

    def written(self, parts: Iterable[tuple[int, Expression]]) -> Expression:
        """The unit with other terms in its sum."""
        inside = total(parts)
        return self.squashed(inside)

    def squashed(self, inside: Expression) -> Expression:
        return call(self.unit.function, inside) if self.unit.function else inside

    def changed(self, replacements: Mapping[Part, Expression]) -> Expression:
        """The unit with some of its terms replaced."""
        return self.written((part.sign, replacements.get(part, part.formula)) for part in self.unit.parts)


def weighing(network: Network, subject: Subject) -> Weighing | None:
    """The context of a unit's value."""
    if not isinstance(subject, Value):
        return None
    unit = network.unit(subject.node)
    right = network.formula(subject.node)
    return None if unit is None or right is None else Weighing(network, unit, right)


class Squashing(Struct, frozen=True):
    """The value of an activation."""

    network: Network
    activation: Activation
    right: Expression

    @property
    def z(self) -> Expression:
        return self.activation.formula


def squashing(network: Network, subject: Subject) -> Squashing | None:
    """The context of an activation's value."""
    if not isinstance(subject, Value):
        return None
    activation = network.activation(subject.node)
    right = network.formula(subject.node)
    return None if activation is None or right is None else Squashing(network, activation, right)


class Normalising(Struct, frozen=True):
    """The value of one output of a softmax."""

    network: Network
    softmax: Softmax
    right: Expression

    @property
    def z(self) -> Name:
        return self.network.name(self.softmax.own)

    @property
    def logits(self) -> tuple[Name, ...]:
        return tuple(self.network.name(z) for z in self.softmax.logits)


def normalising(network: Network, subject: Subject) -> Normalising | None:
    """The context of a softmax output's value."""
    if not isinstance(subject, Value):
        return None
    softmax = network.softmax(subject.node)
    right = network.formula(subject.node)
    return None if softmax is None or right is None else Normalising(network, softmax, right)


class Losing(Struct, frozen=True):
    """The value of a loss."""

    network: Network
    node: int
    loss: Loss
    terms: tuple[LossTerm, ...]
    right: Expression

    @property
    def name(self) -> str:
        return self.network.graph.name(self.node)

    @property
    def flat(self) -> Expression:
        """The loss with the losses that it adds up written out."""
        return plus(*(term.formula for term in self.terms))

    @property
    def samples(self) -> int:
        """How many samples' losses it adds up; 0 where it is no total over samples."""
        graph = self.network.graph
        found = {graph.block_of(graph.id(part)).sample for _, part in self.loss.parts}
        return len(found) if None not in found and not self.loss.terms else 0


def losing(network: Network, subject: Subject) -> Losing | None:
    """The context of a loss's value."""
    if not isinstance(subject, Value):
        return None
    loss, right = network.loss(subject.node), network.formula(subject.node)
    if loss is None or right is None:
        return None
    return Losing(network, subject.node, loss, network.loss_terms(subject.node), right)


# ---------------------------------------------------------------- update
class Updating(Struct, frozen=True):
    """A parameter after one step."""

    network: Network
    node: int
    first: FirstStep

    @property
    def w(self) -> Name:
        return self.network.name(self.node)

    @property
    def gradient(self) -> Expression:
        return self.network.derivative(self.network.graph.loss, self.node)

    @property
    def right(self) -> Expression:
        return self.first.after

    @property
    def step_in_words(self) -> str:
        """`η·∂L/∂w`, or the step of the scenario's rule where it is short enough to be read."""
        short = size(self.first.step) <= READABLE
        return to_text(renamed(self.first.step, {RATE: named("η")})) if short else "the step of the update rule"

    @property
    def direction(self) -> str:
        """What the rate multiplies."""
        unscaled = self.first.unscaled or self.gradient
        return to_text(unscaled) if size(unscaled) <= READABLE else "the rest of the step"


def updating(network: Network, subject: Subject) -> Updating | None:
    """The context of an updated parameter."""
    step = first_step(network, subject.node) if isinstance(subject, Updated) else None
    return Updating(network, subject.node, step) if isinstance(subject, Updated) and step is not None else None
