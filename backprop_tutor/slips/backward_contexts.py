"""The situations in which slips of the backward pass happen: at a loss, an activation, a softmax, where paths meet.

Each context is one step of the chain rule at one quantity, with what comes from above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..engine.loss_terms import LossTerm
from ..engine.network import Activation, Bias, Edge, Network, Softmax, Unit
from ..engine.unroll import bracket
from ..formulas.algebra import ONE, ZERO, minus, over, plus, scaled, times, total
from ..formulas.expression import Expression, Name
from ..handwork.quantities import Gradient, Subject
from ..values import Struct


# ---------------------------------------------------------------- backward: where the loss meets the outputs
class Missing(Struct, frozen=True):
    """∂loss/∂output by the loss's own terms."""

    network: Network
    of: int
    node: int
    terms: tuple[LossTerm, ...]

    @property
    def kind(self) -> str:
        return self.terms[0].kind

    @property
    def right(self) -> Expression:
        return plus(*(term.slope() for term in self.terms))

    @property
    def target(self) -> Expression:
        return self.terms[0].target


def error(network: Network, of: int, node: int) -> Missing | None:
    """How a loss depends on an output by its own terms; None where it doesn't."""
    name = network.graph.name(node)
    terms = tuple(term for term in network.loss_terms(of) if term.output == name)
    return Missing(network, of, node, terms) if terms else None


def missing(network: Network, subject: Subject) -> Missing | None:
    """The context of ∂loss/∂output."""
    if not isinstance(subject, Gradient):
        return None
    found = error(network, subject.of, subject.by)
    return found if found is not None and not found.terms[0].kind.endswith("logits") else None


# ---------------------------------------------------------------- backward: through one function
class Arm(Struct, frozen=True):
    """One way through a neuron a = f(z): what comes from above, times the slope, times `tail`.

    `tail` is 1 but for a unit that applies f to its own sum: there ∂of/∂w has the slope and the source in one step.
    """

    network: Network
    of: int
    activation: Activation
    error: Missing | None
    tail: Expression

    @property
    def a(self) -> Name:
        return self.network.name(self.activation.node)

    @property
    def z(self) -> Expression:
        return self.activation.formula

    @property
    def slope(self) -> Expression:
        return self.network.slope(self.activation)

    @property
    def above(self) -> Expression:
        """∂of/∂a."""
        if self.error is not None:
            return self.error.right
        return self.network.derivative(self.of, self.activation.node)


class Sloping(Struct, frozen=True):
    """∂of/∂z of a neuron a = f(z); of several where they apply f to sums with a weight, bias or source in common."""

    arms: tuple[Arm, ...]

    @property
    def first(self) -> Arm:
        return self.arms[0]

    @property
    def function(self) -> str:
        return self.first.activation.function

    @property
    def error(self) -> Missing | None:
        """The loss's own dependence on a single neuron."""
        return self.first.error if len(self.arms) == 1 else None

    @property
    def hidden(self) -> bool:
        return self.first.network.is_hidden(self.first.activation.node)

    @property
    def local(self) -> bool:
        """Is it the slope alone, ∂a/∂z?"""
        return self.first.of == self.first.activation.node

    def with_slope(self, slope: Callable[[Arm], Expression]) -> Expression:
        return plus(*(times(arm.above, slope(arm), arm.tail) for arm in self.arms))

    @property
    def right(self) -> Expression:
        return self.with_slope(lambda arm: arm.slope)

    @property
    def words(self) -> dict[str, Expression | str]:
        arm = self.first
        return {"slope": arm.slope, "neuron": arm.a, "a": arm.a, "z": bracket(arm.z), "above": arm.above}


def sloping(network: Network, subject: Subject) -> Sloping | None:
    """The context of a derivative that passes activations."""
    if not isinstance(subject, Gradient):
        return None
    arms = [_arm(network, subject, user) for user in network.uses(subject.by, subject.of)]
    found = tuple(arm for arm in arms if arm is not None)
    if not found or len(found) < len(arms) or len({arm.activation.function for arm in found}) > 1:
        return None
    return Sloping(found)


def _arm(network: Network, subject: Gradient, user: int) -> Arm | None:
    activation = network.activation(user)
    if activation is None:
        return None
    tail: Expression = ONE
    if activation.argument is None:
        unit = network.unit(user)
        assert unit is not None, "only a unit applies a function to its own sum"
        tail = plus(*network.unit_slopes(unit, subject.by))
    return Arm(network, subject.of, activation, error(network, subject.of, user), tail)


class Cancelling(Struct, frozen=True):
    """∂of/∂z of a sigmoid under a binary cross entropy: (p − y), times what belongs to a fused unit's step."""

    p: Expression
    y: Expression
    scale: Expression
    tail: Expression

    @property
    def right(self) -> Expression:
        return times(self.scale, minus(self.p, self.y), self.tail)

    @property
    def turned(self) -> Expression:
        return times(self.scale, minus(self.y, self.p), self.tail)

    @property
    def slope(self) -> Expression:
        return times(self.p, minus(ONE, self.p))

    @property
    def words(self) -> dict[str, Expression | str]:
        return {"p": self.p, "y": self.y, "slope": self.slope}


def cancelling(network: Network, subject: Subject) -> Cancelling | None:
    """The context in which a binary cross entropy cancels the sigmoid's slope."""
    if not isinstance(subject, Gradient):
        return None
    direct = error(network, subject.of, subject.by)
    if direct is not None and direct.kind == "sigmoid logits":
        term = direct.terms[0]
        return Cancelling(term.probability, term.target, scaled(-term.coefficient, ONE), ONE)
    through = sloping(network, subject)
    if through is None or through.function != "sigmoid" or through.error is None or through.error.kind != "binary":
        return None
    scale = scaled(-through.error.terms[0].coefficient, ONE)
    return Cancelling(through.first.a, through.error.target, scale, through.first.tail)


# ---------------------------------------------------------------- backward: through a softmax
class Spreading(Struct, frozen=True):
    """∂of/∂z_i of a logit: it moves every output of its softmax. `terms` are a cross entropy's, where `of` is one."""

    network: Network
    of: int
    at: int  # the place of z_i among the logits
    logits: tuple[int, ...]
    outputs: tuple[Expression, ...]
    above: tuple[Expression, ...]  # ∂of/∂p_k, empty without nodes for the outputs
    terms: tuple[LossTerm, ...]

    @property
    def p(self) -> Expression:
        return self.outputs[self.at]

    @property
    def y(self) -> Expression:
        return self.terms[self.at].target

    @property
    def scale(self) -> Expression:
        """What multiplies p − y: 1 but for a mean or a weight of the loss."""
        return scaled(-self.terms[self.at].coefficient, ONE)

    @property
    def diagonal(self) -> Expression:
        return times(self.p, minus(ONE, self.p))

    def by_all(self, cross: Callable[[Expression], tuple[int, Expression]]) -> Expression:
        """Σ_k ∂of/∂p_k · ∂p_k/∂z_i, with the sign and the size of each off-diagonal slope as given for p_k."""
        found = []
        for k, (above, p) in enumerate(zip(self.above, self.outputs, strict=True)):
            if above == ZERO:
                continue
            sign, slope = (1, self.diagonal) if k == self.at else cross(p)
            if slope != ZERO:
                found.append((sign, times(above, slope)))
        return total(found)

    @property
    def right(self) -> Expression:
        return self.by_all(lambda p: (-1, times(p, self.p)))

    @property
    def words(self) -> dict[str, Expression | str]:
        others = [p for k, p in enumerate(self.outputs) if k != self.at]
        return {
            "z": self.network.name(self.logits[self.at]), "p": self.p, "slope": self.diagonal, "other": others[0],
            "likewise": ", and likewise for the others" if len(others) > 1 else "",
        }  # fmt: skip


def spreading(network: Network, subject: Subject) -> Spreading | None:
    """The context of a logit's gradient."""
    if not isinstance(subject, Gradient):
        return None
    users = network.uses(subject.by, subject.of)
    found = [network.softmax(user) for user in users]
    softmax = found[0] if found else None
    if softmax is not None and all(s is not None and s.logits == softmax.logits for s in found):
        return _of_softmax(network, subject, softmax)
    return _of_logits(network, subject) if len(users) == 1 else None


def _of_softmax(network: Network, subject: Gradient, softmax: Softmax) -> Spreading | None:
    nodes = network.softmax_outputs(softmax)
    if set(nodes) != set(softmax.logits):
        return None
    outputs = tuple(network.name(nodes[z]) for z in softmax.logits)
    errors = [error(network, subject.of, nodes[z]) for z in softmax.logits]
    terms = tuple(found.terms[0] for found in errors if found is not None and found.kind == "log")
    above = tuple(
        ZERO
        if not network.uses(nodes[z], subject.of) and nodes[z] != subject.of
        else found.right
        if found is not None
        else network.derivative(subject.of, nodes[z])
        for z, found in zip(softmax.logits, errors, strict=True)
    )
    complete = terms if len(terms) == len(outputs) else ()
    at = softmax.logits.index(subject.by)
    return Spreading(network, subject.of, at, softmax.logits, outputs, above, complete)


def _of_logits(network: Network, subject: Gradient) -> Spreading | None:
    found = error(network, subject.of, subject.by)
    if found is None or found.kind != "softmax logits":
        return None
    graph = network.graph
    logits = tuple(graph.id(z) for z in found.terms[0].logits)
    errors = [error(network, subject.of, z) for z in logits]
    terms = tuple(each.terms[0] for each in errors if each is not None)
    outputs = tuple(term.probability for term in terms)
    above = tuple(scaled(term.coefficient, over(term.target, term.probability)) for term in terms)
    return Spreading(network, subject.of, logits.index(subject.by), logits, outputs, above, terms)


# ---------------------------------------------------------------- backward: through weighted sums
class Use(Struct, frozen=True):
    """One place where a weight, a bias or a source stands in a unit's sum."""

    unit: Unit
    part: Edge | Bias
    delta: Expression  # ∂of/∂sum

    @property
    def weight(self) -> int:
        """The weight of the source's or the weight's term."""
        assert isinstance(self.part, Edge), "a bias has no weight"
        return self.part.weight

    @property
    def source(self) -> int:
        """The source of the source's or the weight's term."""
        assert isinstance(self.part, Edge), "a bias has no source"
        return self.part.source


class Uses(Struct, frozen=True):
    """∂of/∂q of a quantity that stands in the sums of units as `role`."""

    network: Network
    of: int
    node: int
    role: str  # "weight", "source" or "bias"
    uses: tuple[Use, ...]

    def factor(self, use: Use) -> Expression:
        """∂sum/∂q: the source, the weight, or 1."""
        if self.role == "bias":
            return ONE
        return self.network.name(use.source if self.role == "weight" else use.weight)

    def summed(self, piece: Callable[[Use], Expression]) -> Expression:
        """Σ over the uses."""
        return total((use.part.sign, piece(use)) for use in self.uses)

    def with_factor(self, factor: Callable[[Use], Expression]) -> Expression:
        """Σδ·factor."""
        return self.summed(lambda use: times(use.delta, factor(use)))

    @property
    def right(self) -> Expression:
        return self.with_factor(self.factor)

    @property
    def only(self) -> Use | None:
        return self.uses[0] if len(self.uses) == 1 else None

    @property
    def name(self) -> Name:
        return self.network.name(self.node)

    @property
    def unit_name(self) -> Name:
        return self.network.name(self.uses[0].unit.node)

    @property
    def delta_name(self) -> Expression:
        return self.uses[0].delta


def delta(network: Network, of: int, unit: Unit) -> Expression:
    """∂of/∂sum of a unit: by its name, or ∂of/∂a·slope where the sum has none."""
    above = network.derivative(of, unit.node)
    if not unit.function:
        return above
    activation = network.activation(unit.node)
    assert activation is not None, "a unit with a function is an activation"
    return times(above, network.slope(activation))


def _uses(role: str) -> Callable[[Network, Subject], Uses | None]:
    def make(network: Network, subject: Subject) -> Uses | None:
        if not isinstance(subject, Gradient):
            return None
        found: list[Use] = []
        for user in network.uses(subject.by, subject.of):
            unit = network.unit(user)
            parts = [] if unit is None else list(_places(unit, role, subject.by))
            if unit is None or not parts:
                return None
            found += [Use(unit, part, delta(network, subject.of, unit)) for part in parts]
        return Uses(network, subject.of, subject.by, role, tuple(found)) if found else None

    return make


def _places(unit: Unit, role: str, node: int) -> Iterator[Edge | Bias]:
    """The terms of a unit in which a node stands in this role."""
    for part in unit.parts:
        match part:
            case Edge(_, _, weight, source) if node == (weight if role == "weight" else source) and role != "bias":
                yield part
            case Bias(_, _, bias) if node == bias and role == "bias":
                yield part


weight_uses = _uses("weight")
source_uses = _uses("source")
bias_uses = _uses("bias")


def chain(network: Network, of: int, unit: Unit) -> tuple[Expression, ...]:
    """δ of a unit as its factors: what comes from above and the slope, where the unit has an activation."""
    if of == unit.node:
        return ()
    node = network.activated(unit)
    if node is None or (network.uses(unit.node, of) not in ((node,), ()) and not unit.function):
        direct = error(network, of, unit.node)
        return (direct.right if direct is not None else network.derivative(of, unit.node),)
    activation = network.activation(node)
    assert activation is not None, "activated() names an activation"
    found = error(network, of, node)
    above = found.right if found is not None else network.derivative(of, node)
    return tuple(factor for factor in (above, network.slope(activation)) if factor != ONE)
