"""Slips of the backward pass at one function, one function each: the loss's slope, an activation's, a softmax's."""

from __future__ import annotations

from .algebra import ONE, ZERO, call, minus, over, plus, scaled, square, times, total
from .expression import Expression, number
from .network import Activation
from .slip_contexts import (
    Cancelling,
    Draft,
    Drafts,
    Missing,
    Sloping,
    Spreading,
    cancelling,
    in_context,
    missing,
    sloping,
    spreading,
)

FEW = 6
_SIGMOID, _TANH, _RELU = "sigmoid", "tanh", "relu"


# ---------------------------------------------------------------- the loss's own slope
def _error_words(c: Missing) -> dict[str, Expression | str]:
    term = c.terms[0]
    return {"o": c.network.name(c.node), "t": c.target, "right": term.slope(), "loss": c.network.graph.name(c.of)}


@in_context(missing)
def error_sign(c: Missing) -> Drafts:
    yield Draft(total([(-1, c.right)]) if c.kind != "squared" else _turned(c), c.right, _error_words(c))


def _turned(c: Missing) -> Expression:
    """(t − o) for (o − t)."""
    return plus(*(scaled(2 * term.coefficient, minus(term.target, c.network.name(c.node))) for term in c.terms))


@in_context(missing)
def factor_two_kept(c: Missing) -> Drafts:
    if c.kind == "squared" and c.terms[0].coefficient.denominator % 2 == 0:
        yield Draft(times(number(2), c.right), c.right, _error_words(c))


@in_context(missing)
def factor_two_missing(c: Missing) -> Drafts:
    if c.kind == "squared" and c.terms[0].coefficient.denominator % 2:
        halved = plus(*(scaled(t.coefficient, minus(c.network.name(c.node), t.target)) for t in c.terms))
        yield Draft(halved, c.right, _error_words(c))


@in_context(missing)
def loss_for_its_slope(c: Missing) -> Drafts:
    yield Draft(plus(*(term.formula for term in c.terms)), c.right, _error_words(c))


# ---------------------------------------------------------------- an activation's slope
@in_context(sloping)
def slope_missing(c: Sloping) -> Drafts:
    cancels = c.error is not None and c.error.kind == "binary"
    if not c.hidden and c.function != _RELU and not cancels:
        yield Draft(c.with_slope(ONE), c.right, c.words)


@in_context(sloping)
def hidden_slope_missing(c: Sloping) -> Drafts:
    if c.hidden and c.function != _RELU:
        yield Draft(c.with_slope(ONE), c.right, c.words)


@in_context(sloping)
def activation_for_slope(c: Sloping) -> Drafts:
    if not c.hidden and c.function != _RELU:
        yield Draft(c.with_slope(c.a), c.right, c.words)


@in_context(sloping)
def hidden_activation_for_slope(c: Sloping) -> Drafts:
    if c.hidden and c.function != _RELU:
        yield Draft(c.with_slope(c.a), c.right, c.words)


@in_context(sloping)
def half_of_slope(c: Sloping) -> Drafts:
    if c.function == _SIGMOID:
        yield Draft(c.with_slope(minus(ONE, c.a)), c.right, c.words)


@in_context(sloping)
def sigmoid_twice(c: Sloping) -> Drafts:
    if c.function == _SIGMOID:
        again = call("sigmoid", c.a)
        yield Draft(c.with_slope(times(again, minus(ONE, again))), c.right, c.words)


@in_context(sloping)
def slope_of_preactivation(c: Sloping) -> Drafts:
    if c.function == _SIGMOID:
        yield Draft(c.with_slope(times(c.z, minus(ONE, c.z))), c.right, c.words)
    elif c.function == _TANH:
        yield Draft(c.with_slope(minus(ONE, square(c.z))), c.right, c.words)


@in_context(sloping)
def tanh_slope(c: Sloping) -> Drafts:
    if c.function == _SIGMOID:
        yield Draft(c.with_slope(minus(ONE, square(c.a))), c.right, c.words)


@in_context(sloping)
def bracket_missing(c: Sloping) -> Drafts:
    if c.error is None or c.error.kind != "squared" or len(c.error.terms) != 1:
        return
    if c.error.terms[0].coefficient * 2 == 1:
        wrong = minus(c.a, times(c.error.target, c.slope))
        yield Draft(times(wrong, c.tail), c.right, {"t": c.error.target, **c.words})


@in_context(sloping)
def loss_factor_missing(c: Sloping) -> Drafts:
    if not c.hidden and not c.local:
        loss = c.network.graph.name(c.of)
        yield Draft(times(c.slope, c.tail), c.right, {"factor": c.network.derivative(c.of, c.activation.node),
                                                      "loss": loss, **c.words})  # fmt: skip


@in_context(sloping)
def other_neurons_slope(c: Sloping) -> Drafts:
    for other in _other_activations(c)[:FEW]:
        slope = c.network.slope(other)
        words = {"other": c.network.name(other.node), **c.words}
        yield Draft(c.with_slope(slope), c.right, words)


def _other_activations(c: Sloping) -> list[Activation]:
    """The activations that this one feeds, and those of its own layer."""
    network, node = c.network, c.activation.node
    found: dict[int, Activation] = {}
    units = [unit for user in network.graph.users.get(node, ()) if (unit := network.unit(user)) is not None]
    own = network.unit(node if c.activation.argument is None else c.activation.argument)
    units += network.others(own) if own is not None else ()
    for unit in units[:FEW]:
        activated = network.activated(unit)
        activation = network.activation(activated) if activated is not None else None
        if activation is not None and activation.function == c.function:
            found[activation.node] = activation
    return list(found.values())


@in_context(sloping)
def relu_slope_is_z(c: Sloping) -> Drafts:
    if c.function == _RELU:
        yield Draft(c.with_slope(c.z), c.right, c.words)


@in_context(sloping)
def live_relu_blocked(c: Sloping) -> Drafts:
    if c.function == _RELU:
        yield Draft(ZERO, c.right, c.words)


@in_context(sloping)
def dead_relu_passes(c: Sloping) -> Drafts:
    if c.function == _RELU:
        yield Draft(c.with_slope(ONE), c.right, c.words)


@in_context(sloping)
def tanh_not_squared(c: Sloping) -> Drafts:
    if c.function == _TANH:
        yield Draft(c.with_slope(minus(ONE, c.a)), c.right, c.words)


@in_context(sloping)
def sigmoid_slope_for_tanh(c: Sloping) -> Drafts:
    if c.function == _TANH:
        yield Draft(c.with_slope(times(c.a, minus(ONE, c.a))), c.right, c.words)


@in_context(sloping)
def tanh_twice(c: Sloping) -> Drafts:
    if c.function == _TANH:
        yield Draft(c.with_slope(minus(ONE, square(call("tanh", c.a)))), c.right, c.words)


# ---------------------------------------------------------------- sigmoid under binary cross entropy
@in_context(cancelling)
def sigmoid_slope_kept(c: Cancelling) -> Drafts:
    yield Draft(times(c.right, c.slope), c.right, c.words)


@in_context(cancelling)
def output_derivative_for_logit(c: Cancelling) -> Drafts:
    yield Draft(over(c.right, c.slope), c.right, c.words)


@in_context(cancelling)
def target_minus_output(c: Cancelling) -> Drafts:
    yield Draft(c.turned, c.right, c.words)


# ---------------------------------------------------------------- softmax
@in_context(spreading)
def softmax_cross_terms(c: Spreading) -> Drafts:
    words = {"all": plus(*c.outputs), **c.words}
    if c.above:
        yield Draft(c.by_all(lambda p: (1, ZERO)), c.right, words)


@in_context(spreading)
def softmax_cross_sign(c: Spreading) -> Drafts:
    if c.above:
        yield Draft(c.by_all(lambda p: (1, times(p, c.p))), c.right, c.words)


@in_context(spreading)
def softmax_off_diagonal(c: Spreading) -> Drafts:
    if c.above:
        yield Draft(c.by_all(lambda p: (1, times(p, minus(ONE, c.p)))), c.right, c.words)


def _entropy(c: Spreading) -> tuple[Expression, Expression] | None:
    """(p − y, y − p) times the number before a cross entropy; None under any other loss."""
    if not c.terms:
        return None
    return times(c.scale, minus(c.p, c.y)), times(c.scale, minus(c.y, c.p))


@in_context(spreading)
def softmax_slope_twice(c: Spreading) -> Drafts:
    pair = _entropy(c)
    if pair is not None:
        yield Draft(times(pair[0], c.diagonal), pair[0], {"y": c.y, **c.words})


@in_context(spreading)
def softmax_target_minus_output(c: Spreading) -> Drafts:
    pair = _entropy(c)
    if pair is not None:
        yield Draft(pair[1], pair[0], {"y": c.y, **c.words})


@in_context(spreading)
def minus_one_for_every_class(c: Spreading) -> Drafts:
    pair = _entropy(c)
    if pair is not None:
        yield Draft(times(c.scale, minus(c.p, ONE)), pair[0], {"y": c.y, **c.words})


@in_context(spreading)
def softmax_output_derivative(c: Spreading) -> Drafts:
    pair = _entropy(c)
    if pair is not None:
        yield Draft(c.above[c.at], pair[0], c.words)


@in_context(spreading)
def softmax_slope_missing(c: Spreading) -> Drafts:
    if c.above and not c.terms and c.above[c.at] != ZERO:
        yield Draft(c.above[c.at], c.right, {"neuron": c.p, **c.words})


@in_context(spreading)
def softmax_activation_for_slope(c: Spreading) -> Drafts:
    if c.above and c.above[c.at] != ZERO:
        yield Draft(times(c.above[c.at], c.p), c.right, {"a": c.p, **c.words})


@in_context(spreading)
def softmax_half_of_slope(c: Spreading) -> Drafts:
    if c.above and c.above[c.at] != ZERO:
        yield Draft(times(c.above[c.at], minus(ONE, c.p)), c.right, {"a": c.p, **c.words})
