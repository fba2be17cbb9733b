"""Slips of the forward pass, one function each: weighted sums, activations, softmax outputs, losses."""

from __future__ import annotations

from itertools import combinations

from ..engine.network import Bias, Edge, Part, Unit
from ..engine.unroll import bracket
from ..formulas.algebra import ONE, TWO, call, minus, named, over, plus, renamed, scaled, square, times, total
from ..formulas.expression import Call, Expression, Negative, number, transform
from .forward_contexts import (
    Draft,
    Drafts,
    Losing,
    Normalising,
    Squashing,
    Weighing,
    in_context,
    listed,
    losing,
    normalising,
    squashing,
    weighing,
)

FEW = 6  # terms of a sum in which each is tried by itself
MANY = 24  # drafts of one slip
SMALL = 200  # nodes of a network in which every weight is tried


# ---------------------------------------------------------------- weighted sums
@in_context(weighing)
def bias_missing(c: Weighing) -> Drafts:
    """Σwx without b."""
    if c.unit.biases:
        formula = c.written((part.sign, part.formula) for part in c.unit.parts if not isinstance(part, Bias))
        yield Draft(formula, c.right, {"bias": c.unit.biases[0].formula, "neuron": c.neuron})


@in_context(weighing)
def bias_multiplied(c: Weighing) -> Drafts:
    """(Σwx)·b."""
    if c.unit.biases:
        rest = total((part.sign, part.formula) for part in c.unit.parts if not isinstance(part, Bias))
        formula = c.squashed(times(rest, *(part.formula for part in c.unit.biases)))
        yield Draft(formula, c.right, {"bias": c.unit.biases[0].formula})


@in_context(weighing)
def bias_twice(c: Weighing) -> Drafts:
    """Σwx + 2b."""
    if c.unit.biases:
        formula = c.changed({part: times(TWO, part.formula) for part in c.unit.biases})
        yield Draft(formula, c.right, {"bias": c.unit.biases[0].formula, "neuron": c.neuron})


@in_context(weighing)
def weights_swapped(c: Weighing) -> Drafts:
    """w₁x₂ + w₂x₁ + b, for each two terms."""
    pairs = list(combinations(c.unit.edges[:FEW], 2))
    for one, two in pairs:
        a, b = c.network.name(one.source), c.network.name(two.source)
        formula = c.changed({one: renamed(one.formula, {a.name: b}), two: renamed(two.formula, {b.name: a})})
        words = {"one": one.formula, "two": two.formula}
        yield Draft(formula, c.right, words, 1.0 if len(pairs) == 1 else 0.5)


def _with_weight(c: Weighing, part: Edge, weight: int, owner: Unit, share: float) -> Draft:
    """The unit with another weight in one of its terms."""
    name = c.network.name
    formula = c.changed({part: renamed(part.formula, {name(part.weight).name: name(weight)})})
    origin = next(edge.source for edge in owner.edges if edge.weight == weight)
    words: dict[str, Expression | str] = {
        "wrong": name(weight), "weight": name(part.weight), "source": name(part.source), "neuron": c.neuron,
        "from": name(origin), "to": name(owner.node),
    }  # fmt: skip
    return Draft(formula, c.right, words, share)


@in_context(weighing)
def other_neurons_weight(c: Weighing) -> Drafts:
    """One weight of another neuron: first of the same source, then of any; another layer's is the least likely."""
    made: list[tuple[float, Edge, int, Unit]] = []
    for unit, share in _other_units(c):
        for edge in c.unit.edges[:FEW]:
            for other in unit.edges[:FEW]:
                if other.weight not in c.unit.weights and not c.network.is_zero(other.weight):
                    likely = share if other.source == edge.source else share / len(c.unit.edges)
                    made.append((likely, edge, other.weight, unit))
    made.sort(key=lambda each: -each[0])
    for likely, edge, weight, unit in made[:MANY]:
        yield _with_weight(c, edge, weight, unit, likely)


def _other_units(c: Weighing) -> list[tuple[Unit, float]]:
    """The other units of the layer, and in a small network those of the other layers; with how likely each is."""
    near = [(unit, 1.0) for unit in c.network.others(c.unit)]
    graph = c.network.graph
    if graph.size > SMALL:
        return near
    known = {unit.node for unit, _ in near} | {c.unit.node}
    sample = graph.block_of(c.unit.node).sample
    nodes = [n for n in graph.nodes_of("computed") if n not in known and graph.block_of(n).sample in (None, sample)]
    return near + [(unit, 0.3) for node in nodes if (unit := c.network.unit(node)) is not None]


@in_context(weighing)
def another_weight(c: Weighing) -> Drafts:
    """One weight of the same neuron in two places."""
    for edge in c.unit.edges[:FEW]:
        for weight in c.unit.weights[:FEW]:
            if weight != edge.weight and not c.network.is_zero(weight):
                yield _with_weight(c, edge, weight, c.unit, 1 / (len(c.unit.edges) - 1))


@in_context(weighing)
def index_transposed(c: Weighing) -> Drafts:
    """w_ji for w_ij in every term."""
    replaced: dict[Part, Expression] = {}
    for part in c.unit.edges:
        swapped = c.network.transposed(c.unit, part.source)
        if swapped is None:
            return
        if swapped != part.weight:
            old = c.network.graph.name(part.weight)
            replaced[part] = renamed(part.formula, {old: c.network.name(swapped)})
    if len(replaced) > 1:
        yield Draft(c.changed(replaced), c.right, {"neuron": c.neuron})


@in_context(weighing)
def input_missing(c: Weighing) -> Drafts:
    """Σwx + b without one term."""
    edges = c.unit.edges
    if len(edges) < 2:
        return
    for part in edges[:FEW]:
        rest = c.written((other.sign, other.formula) for other in c.unit.parts if other is not part)
        yield Draft(rest, c.right, {"term": part.formula, "neuron": c.neuron}, 1.0 if len(edges) == 2 else 0.5)


@in_context(weighing)
def preactivation_passed_on(c: Weighing) -> Drafts:
    """Σw·z + b for Σw·a + b."""
    before: dict[str, Expression] = {}
    for source in c.unit.sources:
        activation = c.network.activation(source)
        if activation is not None and activation.argument is not None:
            before[c.network.graph.name(source)] = activation.formula
    if before:
        name, z = next(iter(before.items()))
        yield Draft(renamed(c.right, before), c.right, {"a": named(name), "z": z})


# ---------------------------------------------------------------- activations
def _reciprocal(z: Expression, sign: int) -> Expression:
    """1/(1 + e^(∓z)): the sigmoid as people write it out."""
    return over(ONE, plus(ONE, call("exp", Negative(z) if sign < 0 else z)))


def _words(c: Squashing) -> dict[str, Expression | str]:
    return {"right": c.right, "z": bracket(c.z), "a": c.network.name(c.activation.node)}


@in_context(squashing)
def activation_missing(c: Squashing) -> Drafts:
    """z for f(z)."""
    yield Draft(c.z, c.right, _words(c))


@in_context(normalising)
def activation_missing_softmax(c: Normalising) -> Drafts:
    """z for softmax(z)."""
    yield Draft(c.z, c.right, {"right": c.right, "z": c.z, "a": c.network.name(c.softmax.node)})


@in_context(squashing)
def wrong_exponent_sign(c: Squashing) -> Drafts:
    """1/(1 + e^z)."""
    if c.activation.function == "sigmoid":
        yield Draft(_reciprocal(c.z, 1), _reciprocal(c.z, -1), _words(c))


@in_context(squashing)
def tanh_argument_sign(c: Squashing) -> Drafts:
    """tanh(−z)."""
    if c.activation.function == "tanh":
        yield Draft(call("tanh", Negative(c.z)), c.right, _words(c))


@in_context(squashing)
def tanh_for_sigmoid(c: Squashing) -> Drafts:
    """tanh(z) for σ(z)."""
    if c.activation.function == "sigmoid":
        yield Draft(call("tanh", c.z), c.right, _words(c))


@in_context(squashing)
def sigmoid_for_tanh(c: Squashing) -> Drafts:
    """σ(z) for tanh(z)."""
    if c.activation.function == "tanh":
        yield Draft(call("sigmoid", c.z), c.right, _words(c))


@in_context(squashing)
def slope_for_activation(c: Squashing) -> Drafts:
    """f'(z) for f(z)."""
    a = call(c.activation.function, c.z) if c.activation.function else ONE
    if c.activation.function == "sigmoid":
        yield Draft(times(a, minus(ONE, a)), c.right, _words(c))
    elif c.activation.function == "tanh":
        yield Draft(minus(ONE, square(a)), c.right, _words(c))
    elif c.activation.function:
        yield Draft(call(c.activation.function, c.z, primes=1), c.right, _words(c))


@in_context(squashing)
def reciprocal_missing(c: Squashing) -> Drafts:
    """1 + e^(−z)."""
    if c.activation.function == "sigmoid":
        yield Draft(plus(ONE, call("exp", Negative(c.z))), _reciprocal(c.z, -1), _words(c))


# ---------------------------------------------------------------- softmax outputs
def _softmax_words(c: Normalising) -> dict[str, Expression | str]:
    return {"sum": plus(*(call("exp", z) for z in c.logits)), "z": c.z, "p": c.network.name(c.softmax.node)}


@in_context(normalising)
def softmax_not_normalised(c: Normalising) -> Drafts:
    """e^z."""
    yield Draft(call("exp", c.z), c.right, _softmax_words(c))


@in_context(normalising)
def softmax_without_exp(c: Normalising) -> Drafts:
    """z/Σz."""
    yield Draft(over(c.z, plus(*c.logits)), c.right, _softmax_words(c))


@in_context(normalising)
def sigmoid_for_softmax(c: Normalising) -> Drafts:
    """σ(z)."""
    yield Draft(call("sigmoid", c.z), c.right, _softmax_words(c))


@in_context(normalising)
def softmax_exponent_sign(c: Normalising) -> Drafts:
    """e^(−z)/Σe^(−z)."""
    powers = {z.name: call("exp", Negative(z)) for z in c.logits}
    formula = over(powers[c.z.name], plus(*powers.values()))
    yield Draft(formula, c.right, {"right": c.right, **_softmax_words(c)})


# ---------------------------------------------------------------- losses
@in_context(losing)
def half_missing(c: Losing) -> Drafts:
    """Σ(t − o)² for ½Σ(t − o)²."""
    halved = [term for term in c.terms if term.kind == "squared" and term.coefficient.denominator % 2 == 0]
    if halved:
        formula = plus(*(scaled(t.coefficient * (2 if t in halved else 1), t.unscaled) for t in c.terms))
        yield Draft(formula, c.flat, {"loss": c.name})


@in_context(losing)
def half_added(c: Losing) -> Drafts:
    """½Σ(t − o)² for Σ(t − o)²."""
    if c.terms and all(term.kind == "squared" and term.coefficient.denominator % 2 for term in c.terms):
        formula = plus(*(scaled(term.coefficient / 2, term.unscaled) for term in c.terms))
        yield Draft(formula, c.flat, {"loss": c.name})


@in_context(losing)
def mean_for_sum(c: Losing) -> Drafts:
    """The sum divided by the number of outputs or samples."""
    if c.samples > 1 and all(factor == 1 for factor, _ in c.loss.parts):
        yield Draft(over(c.right, number(c.samples)), c.right, {"loss": c.name, "pieces": "samples"})
    outputs = len({term.output for term in c.terms})
    if outputs > 1 and not c.samples:
        yield Draft(over(c.right, number(outputs)), c.right, {"loss": c.name, "pieces": "outputs"})


def _pieces(c: Losing) -> list[tuple[str, Expression]]:
    """What the loss adds up: other losses by name, or one piece for each output."""
    if c.loss.parts and not c.loss.terms:
        return [(name, scaled(factor, named(name))) for factor, name in c.loss.parts]
    return [(term.output, term.formula) for term in c.loss.terms] if not c.loss.parts else []


@in_context(losing)
def output_missing_from_loss(c: Losing) -> Drafts:
    """One output's loss alone, or all but one."""
    pieces = _pieces(c)
    if len(pieces) < 2 or c.samples:
        return
    right = plus(*(piece for _, piece in pieces))
    for name, piece in pieces[:FEW]:
        others = [other for other, _ in pieces if other != name]
        yield Draft(piece, right, {"others": listed(others), "loss": c.name})
    if len(pieces) > 2:
        for name, _ in pieces[:FEW]:
            rest = plus(*(piece for other, piece in pieces if other != name))
            yield Draft(rest, right, {"others": name, "loss": c.name}, 0.5)


@in_context(losing)
def square_of_sum(c: Losing) -> Drafts:
    """½(Σ(t − o))²."""
    coefficients = {term.coefficient for term in c.terms}
    if len(c.terms) > 1 and len(coefficients) == 1 and all(term.kind == "squared" for term in c.terms):
        together = square(plus(*(term.written for term in c.terms)))
        yield Draft(scaled(coefficients.pop(), together), c.flat, {"loss": c.name})


@in_context(losing)
def log_base_ten(c: Losing) -> Drafts:
    """log₁₀ for ln."""
    right = c.flat if c.terms else c.right
    formula = transform(right, _in_base_ten)
    if formula != right:
        yield Draft(formula, right, {"loss": c.name})


def _in_base_ten(part: Expression) -> Expression:
    match part:
        case Call("log", arguments, 0):
            return call("log10", *arguments)
        case Call("xlogy", (y, p), 0):
            return times(y, call("log10", p))
        case _:
            return part


@in_context(losing)
def log_loss_sign(c: Losing) -> Drafts:
    """Σy·log(p) without the minus sign."""
    if c.terms and all(term.kind != "squared" for term in c.terms):
        yield Draft(total([(-1, c.flat)]), c.flat, {"loss": c.name})


@in_context(losing)
def binary_loss_per_class(c: Losing) -> Drafts:
    """−Σ(y·log(p) + (1 − y)·log(1 − p)) over the classes of a softmax."""
    terms = [term for term in c.terms if term.kind in ("log", "softmax logits")]
    if len(terms) < 2 or len(terms) < len(c.terms):
        return
    pieces = []
    for term in terms:
        other = times(minus(ONE, term.target), call("log", minus(ONE, term.probability)))
        pieces.append(scaled(term.coefficient, plus(term.unscaled, other)))
    yield Draft(plus(*pieces), c.flat, {"loss": c.name})


@in_context(losing)
def batch_sum_for_mean(c: Losing) -> Drafts:
    """The sum over samples for the mean."""
    if c.samples > 1 and all(factor * c.samples == 1 for factor, _ in c.loss.parts):
        formula = plus(*(named(name) for _, name in c.loss.parts))
        yield Draft(formula, c.right, {"number": number(c.samples), "loss": c.name})
