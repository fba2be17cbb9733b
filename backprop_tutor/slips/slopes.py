"""Slips of the backward pass at one function, one function each: the loss's slope, an activation's, a softmax's."""

from __future__ import annotations

from ..engine.network import Activation
from ..formulas.algebra import ONE, ZERO, call, minus, over, plus, scaled, square, times, total
from ..formulas.expression import Expression, number
from .backward_contexts import Arm, Cancelling, Missing, Sloping, Spreading, cancelling, missing, sloping, spreading
from .forward_contexts import Draft, Drafts, in_context

FEW = 6
_SIGMOID, _TANH, _RELU = "sigmoid", "tanh", "relu"


# ---------------------------------------------------------------- the loss's own slope
def _error_words(c: Missing) -> dict[str, Expression | str]:
    term = c.terms[0]
    return {"o": c.network.name(c.node), "t": c.target, "right": term.slope(), "loss": c.network.graph.name(c.of)}


@in_context(missing)
def error_sign(c: Missing) -> Drafts:
    """t − o for o − t."""
    yield Draft(total([(-1, c.right)]) if c.kind != "squared" else _turned(c), c.right, _error_words(c))


def _turned(c: Missing) -> Expression:
    """(t − o) for (o − t)."""
    return plus(*(scaled(2 * term.coefficient, minus(term.target, c.network.name(c.node))) for term in c.terms))


@in_context(missing)
def factor_two_kept(c: Missing) -> Drafts:
    """2(o − t) for o − t."""
    if c.kind == "squared" and c.terms[0].coefficient.denominator % 2 == 0:
        yield Draft(times(number(2), c.right), c.right, _error_words(c))


@in_context(missing)
def factor_two_missing(c: Missing) -> Drafts:
    """o − t for 2(o − t)."""
    if c.kind == "squared" and c.terms[0].coefficient.denominator % 2:
        halved = plus(*(scaled(t.coefficient, minus(c.network.name(c.node), t.target)) for t in c.terms))
        yield Draft(halved, c.right, _error_words(c))


@in_context(missing)
def loss_for_its_slope(c: Missing) -> Drafts:
    """½(t − o)² for o − t."""
    yield Draft(plus(*(term.formula for term in c.terms)), c.right, _error_words(c))


# ---------------------------------------------------------------- an activation's slope
def _bell(a: Expression) -> Expression:
    """a·(1 − a)."""
    return times(a, minus(ONE, a))


@in_context(sloping)
def slope_missing(c: Sloping) -> Drafts:
    """∂E/∂o for ∂E/∂o·f'(z)."""
    cancels = c.error is not None and c.error.kind == "binary"
    if not c.hidden and c.function != _RELU and not cancels:
        yield Draft(c.with_slope(lambda arm: ONE), c.right, c.words)


@in_context(sloping)
def hidden_slope_missing(c: Sloping) -> Drafts:
    """The same in a hidden neuron."""
    if c.hidden and c.function != _RELU:
        yield Draft(c.with_slope(lambda arm: ONE), c.right, c.words)


@in_context(sloping)
def activation_for_slope(c: Sloping) -> Drafts:
    """a for f'(z)."""
    if not c.hidden and c.function != _RELU:
        yield Draft(c.with_slope(lambda arm: arm.a), c.right, c.words)


@in_context(sloping)
def hidden_activation_for_slope(c: Sloping) -> Drafts:
    """The same in a hidden neuron."""
    if c.hidden and c.function != _RELU:
        yield Draft(c.with_slope(lambda arm: arm.a), c.right, c.words)


@in_context(sloping)
def half_of_slope(c: Sloping) -> Drafts:
    """1 − a for a·(1 − a)."""
    if c.function == _SIGMOID:
        yield Draft(c.with_slope(lambda arm: minus(ONE, arm.a)), c.right, c.words)


@in_context(sloping)
def sigmoid_twice(c: Sloping) -> Drafts:
    """σ(a)·(1 − σ(a)) for a·(1 − a)."""
    if c.function == _SIGMOID:
        yield Draft(c.with_slope(lambda arm: _bell(call("sigmoid", arm.a))), c.right, c.words)


@in_context(sloping)
def slope_of_preactivation(c: Sloping) -> Drafts:
    """z·(1 − z) for a·(1 − a), or 1 − z² for 1 − a²."""
    if c.function == _SIGMOID:
        yield Draft(c.with_slope(lambda arm: _bell(arm.z)), c.right, c.words)
    elif c.function == _TANH:
        yield Draft(c.with_slope(lambda arm: minus(ONE, square(arm.z))), c.right, c.words)


@in_context(sloping)
def tanh_slope(c: Sloping) -> Drafts:
    """1 − a² for a·(1 − a)."""
    if c.function == _SIGMOID:
        yield Draft(c.with_slope(lambda arm: minus(ONE, square(arm.a))), c.right, c.words)


@in_context(sloping)
def bracket_missing(c: Sloping) -> Drafts:
    """o − t·f'(z) for (o − t)·f'(z)."""
    if c.error is None or c.error.kind != "squared" or len(c.error.terms) != 1:
        return
    if c.error.terms[0].coefficient * 2 == 1:
        wrong = minus(c.first.a, times(c.error.target, c.first.slope))
        yield Draft(times(wrong, c.first.tail), c.right, {"t": c.error.target, **c.words})


@in_context(sloping)
def loss_factor_missing(c: Sloping) -> Drafts:
    """f'(z) without ∂E/∂o."""
    if not c.hidden and not c.local:
        formula = plus(*(times(arm.slope, arm.tail) for arm in c.arms))
        factor = c.first.network.derivative(c.first.of, c.first.activation.node)
        yield Draft(formula, c.right, {"factor": factor, **c.words})


@in_context(sloping)
def other_neurons_slope(c: Sloping) -> Drafts:
    """f'(z) of a neuron that this one feeds, or of its own layer."""
    if len(c.arms) > 1 or c.function == _RELU:
        return  # of relus one slope looks like another: 0 or 1
    near = _other_activations(c.first)[:FEW]
    before = [other for other in _activations_before(c.first)[:FEW] if other not in near]
    for other in [*near, *before]:
        slope = c.first.network.slope(other)
        formula = c.with_slope(lambda arm, slope=slope: slope)  # type: ignore[misc]
        words = {"other": c.first.network.name(other.node), **c.words}
        yield Draft(formula, c.right, words, 1.0 if other in near else 0.5)


def _activations_before(arm: Arm) -> list[Activation]:
    """The activations of the same kind that feed this one: of the layer or the time before."""
    node, argument = arm.activation.node, arm.activation.argument
    unit = arm.network.unit(node if argument is None else argument)
    found = [arm.network.activation(source) for source in unit.sources] if unit is not None else []
    return [a for a in found if a is not None and a.function == arm.activation.function]


def _other_activations(arm: Arm) -> list[Activation]:
    """The activations that this one feeds, and those of its own layer."""
    network, node, argument = arm.network, arm.activation.node, arm.activation.argument
    found: dict[int, Activation] = {}
    units = [unit for user in network.graph.users.get(node, ()) if (unit := network.unit(user)) is not None]
    own = network.unit(node if argument is None else argument)
    units += network.others(own) if own is not None else ()
    for unit in units[:FEW]:
        activated = network.activated(unit)
        activation = network.activation(activated) if activated is not None else None
        if activation is not None and activation.function == arm.activation.function:
            found[activation.node] = activation
    return list(found.values())


@in_context(sloping)
def relu_slope_is_z(c: Sloping) -> Drafts:
    """z for relu'(z)."""
    if c.function == _RELU:
        yield Draft(c.with_slope(lambda arm: arm.z), c.right, c.words)


@in_context(sloping)
def live_relu_blocked(c: Sloping) -> Drafts:
    """0, which is wrong where z > 0."""
    if c.function == _RELU:
        yield Draft(ZERO, c.right, c.words)


@in_context(sloping)
def dead_relu_passes(c: Sloping) -> Drafts:
    """The slope 1, which is wrong where z < 0."""
    if c.function == _RELU:
        yield Draft(c.with_slope(lambda arm: ONE), c.right, c.words)


@in_context(sloping)
def tanh_not_squared(c: Sloping) -> Drafts:
    """1 − a for 1 − a²."""
    if c.function == _TANH:
        yield Draft(c.with_slope(lambda arm: minus(ONE, arm.a)), c.right, c.words)


@in_context(sloping)
def sigmoid_slope_for_tanh(c: Sloping) -> Drafts:
    """a·(1 − a) for 1 − a²."""
    if c.function == _TANH:
        yield Draft(c.with_slope(lambda arm: _bell(arm.a)), c.right, c.words)


@in_context(sloping)
def tanh_twice(c: Sloping) -> Drafts:
    """1 − tanh(a)² for 1 − a²."""
    if c.function == _TANH:
        yield Draft(c.with_slope(lambda arm: minus(ONE, square(call("tanh", arm.a)))), c.right, c.words)


# ---------------------------------------------------------------- sigmoid under binary cross entropy
@in_context(cancelling)
def sigmoid_slope_kept(c: Cancelling) -> Drafts:
    """(p − y)·p·(1 − p) for p − y."""
    yield Draft(times(c.right, c.slope), c.right, c.words)


@in_context(cancelling)
def output_derivative_for_logit(c: Cancelling) -> Drafts:
    """(p − y)/(p·(1 − p)) for p − y."""
    yield Draft(over(c.right, c.slope), c.right, c.words)


@in_context(cancelling)
def target_minus_output(c: Cancelling) -> Drafts:
    """y − p for p − y."""
    yield Draft(c.turned, c.right, c.words)


# ---------------------------------------------------------------- softmax
@in_context(spreading)
def softmax_cross_terms(c: Spreading) -> Drafts:
    """∂L/∂p_i·p_i·(1 − p_i) alone; 0 for a cross term itself."""
    words = {"all": plus(*c.outputs), **c.words}
    if c.above:
        yield Draft(c.by_all(lambda p: (1, ZERO)), c.right, words)


@in_context(spreading)
def softmax_cross_sign(c: Spreading) -> Drafts:
    """+p_k·p_i for −p_k·p_i."""
    if c.above:
        yield Draft(c.by_all(lambda p: (1, times(p, c.p))), c.right, c.words)


@in_context(spreading)
def softmax_off_diagonal(c: Spreading) -> Drafts:
    """p_k·(1 − p_i) for −p_k·p_i."""
    if c.above and not c.terms:  # under cross entropy this is p − 1, a slip of its own
        yield Draft(c.by_all(lambda p: (1, times(p, minus(ONE, c.p)))), c.right, c.words)


def _entropy(c: Spreading) -> tuple[Expression, Expression] | None:
    """(p − y, y − p) times the number before a cross entropy; None under any other loss."""
    if not c.terms:
        return None
    return times(c.scale, minus(c.p, c.y)), times(c.scale, minus(c.y, c.p))


@in_context(spreading)
def softmax_slope_twice(c: Spreading) -> Drafts:
    """(p − y)·p·(1 − p) for p − y."""
    pair = _entropy(c)
    if pair is not None:
        yield Draft(times(pair[0], c.diagonal), pair[0], {"y": c.y, **c.words})


@in_context(spreading)
def softmax_target_minus_output(c: Spreading) -> Drafts:
    """y − p for p − y."""
    pair = _entropy(c)
    if pair is not None:
        yield Draft(pair[1], pair[0], {"y": c.y, **c.words})


@in_context(spreading)
def minus_one_for_every_class(c: Spreading) -> Drafts:
    """p − 1 for p − y."""
    pair = _entropy(c)
    if pair is not None:
        yield Draft(times(c.scale, minus(c.p, ONE)), pair[0], {"y": c.y, **c.words})


@in_context(spreading)
def softmax_output_derivative(c: Spreading) -> Drafts:
    """−y/p for p − y."""
    pair = _entropy(c)
    if pair is not None:
        yield Draft(c.above[c.at], pair[0], c.words)


@in_context(spreading)
def softmax_slope_missing(c: Spreading) -> Drafts:
    """∂L/∂p_i for ∂L/∂z_i."""
    if c.above and not c.terms and c.above[c.at] != ZERO:
        yield Draft(c.above[c.at], c.right, {"neuron": c.p, **c.words})


@in_context(spreading)
def softmax_activation_for_slope(c: Spreading) -> Drafts:
    """∂L/∂p_i·p_i."""
    if c.above and not c.terms and c.above[c.at] != ZERO:
        yield Draft(times(c.above[c.at], c.p), c.right, {"a": c.p, **c.words})


@in_context(spreading)
def softmax_half_of_slope(c: Spreading) -> Drafts:
    """∂L/∂p_i·(1 − p_i)."""
    if c.above and not c.terms and c.above[c.at] != ZERO:
        yield Draft(times(c.above[c.at], minus(ONE, c.p)), c.right, {"a": c.p, **c.words})
