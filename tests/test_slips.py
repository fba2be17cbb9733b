"""The catalogue of slips: each gives the number of its table, on the networks for which the table was calculated."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest

from backprop_tutor.engine import trace as traces
from backprop_tutor.engine.build import build
from backprop_tutor.engine.network import Network
from backprop_tutor.engine.trace import Trace
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.expression import Expression
from backprop_tutor.handwork.quantities import Gradient, Subject, Updated, Value, Worked
from backprop_tutor.scenario import loading as scenarios
from backprop_tutor.slips.catalogue import SLIPS, Variant, right_forms, row, variants
from backprop_tutor.slips.rule_steps import rule_names

OTHER_SHAPES = ("batch_norm_three_samples", "lstm_two_steps", "adam_two_steps")
BUNDLED = ("linear_two_errors", "matrix_softmax", "shared_weights", "symbolic_cross_entropy", "two_sigmoid_outputs")

SOFTMAX = """
format = 1
title = "softmax and cross entropy"
[inputs]
z = [1, 2, 0.5]
[parameters]
k = 1
[targets]
y = [0, 1, 0]
[equations]
s = "k*z"
p = "softmax(s)"
L = "cross_entropy(y, p)"
[learning]
loss = "L"
[elements]
z = "z{i}"
s = "s{i}"
p = "p{i}"
y = "y{i}"
"""

SOFTMAX_LOGITS = """
format = 1
title = "softmax cross entropy of logits"
[inputs]
x = 1
[parameters]
s = [1, 2, 0.5]
[targets]
y = [0, 1, 0]
[equations]
L = "softmax_cross_entropy(y, s)"
[learning]
loss = "L"
[elements]
s = "s{i}"
y = "y{i}"
"""

ONE_FUNCTION = """
format = 1
title = "one function"
[inputs]
x = 1
[parameters]
w = ZED
[equations]
z = "w*x"
a = "FUNCTION(z)"
[learning]
upstream = { a = 0.25 }
"""

BINARY = """
format = 1
title = "sigmoid and binary cross entropy"
[inputs]
x = 1
[parameters]
w = 0.8
[targets]
y = 1
[equations]
z = "w*x"
p = "sigmoid(z)"
L = "-(y*log(p) + (1 - y)*log(1 - p))"
[learning]
loss = "L"
"""

BINARY_LOGIT = """
format = 1
title = "sigmoid cross entropy of a logit"
[inputs]
x = 1
[parameters]
w = 0.8
[targets]
y = 1
[equations]
z = "w*x"
L = "sigmoid_cross_entropy(y, z)"
[learning]
loss = "L"
"""

BATCH = """
format = 1
title = "three samples"
[inputs]
x = 0
[parameters]
w = 0.5
b = 0.1
[targets]
t = 0
[equations]
z = "w*x + b"
o = "sigmoid(z)"
E = "(t - o)**2 / 2"
[learning]
loss = "E"
over_samples = "mean"
rate = 0.1
[[samples]]
x = 1
t = 0
[[samples]]
x = 2
t = 1
[[samples]]
x = -1
t = 0.5
"""

TANH_NET = """
format = 1
title = "tanh units written in one line each"
[inputs]
x1 = 0.4
x2 = -0.7
[parameters]
u11 = 0.3
u12 = 0.2
u21 = -0.5
u22 = 0.6
c = 0.1
v1 = 0.7
v2 = -0.4
d = 0.2
[targets]
t = 0.5
[equations]
h1 = "tanh(u11*x1 + u12*x2 + c)"
h2 = "tanh(u21*x1 + u22*x2 + c)"
o = "v1*h1 + v2*h2 + d"
E = "(o - t)**2"
[learning]
loss = "E"
rate = 0.1
"""

THREE_BY_THREE = """
format = 1
title = "three units of three inputs"
[inputs]
x = [0.5, -0.3, 0.8]
[parameters]
W = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]
b = [0.1, 0.2, 0.3]
[targets]
t = [0, 1, 0]
[equations]
z = "W @ x + b"
a = "relu(z)"
E = "mean((t - a)**2)"
[learning]
loss = "E"
rate = 0.1
"""

DOUBLED = """
format = 1
title = "a sum of samples"
[inputs]
x = 0
[parameters]
w = 0.5
[targets]
t = 0
[equations]
o = "w*x"
E = "(t - o)**2 / 2"
[learning]
loss = "E"
over_samples = "sum"
rate = 0.1
[[samples]]
x = 1
t = 0
[[samples]]
x = 2
t = 1
"""

OWN = {
    "softmax": SOFTMAX,
    "softmax logits": SOFTMAX_LOGITS,
    "relu live": ONE_FUNCTION.replace("ZED", "0.8").replace("FUNCTION", "relu"),
    "relu dead": ONE_FUNCTION.replace("ZED", "-0.8").replace("FUNCTION", "relu"),
    "tanh": ONE_FUNCTION.replace("ZED", "0.8").replace("FUNCTION", "tanh"),
    "binary": BINARY,
    "binary logit": BINARY_LOGIT,
    "batch": BATCH,
    "tanh net": TANH_NET,
    "three by three": THREE_BY_THREE,
    "doubled": DOUBLED,
}

# update rules of their own
RULES = {
    "momentum": """
format = 1
title = "momentum"
[inputs]
x = 2.0
[parameters]
w = 0.5
b = 0.1
[targets]
t = 2
[equations]
y = "w*x + b"
E = "(y - t)**2/2"
[learning]
rate = 0.1
steps = 2
[learning.update]
v = "beta*v - rate*g"
w = "w + v"
[learning.values]
beta = 0.9
""",
    "adam": """
format = 1
title = "Adam, beside a target called t"
[inputs]
x = 1.5
[parameters]
w = 0.4
[targets]
t = 1
[equations]
y = "w*x"
E = "(y - t)**2"
[learning]
rate = 0.01
steps = 2
[learning.update]
m = "beta1*m + (1 - beta1)*g"
v = "beta2*v + (1 - beta2)*g**2"
mhat = "m/(1 - beta1**t)"
vhat = "v/(1 - beta2**t)"
w = "w - rate*mhat/(sqrt(vhat) + eps)"
[learning.values]
beta1 = 0.9
beta2 = 0.999
eps = 1e-8
""",
    "rmsprop": """
format = 1
title = "RMSprop"
[inputs]
x = 1.0
[parameters]
w = 0.8
[targets]
t = 0.3
[equations]
y = "w*x"
E = "(y - t)**2"
[learning]
rate = 0.1
steps = 2
[learning.update]
s = "rho*s + (1 - rho)*g**2"
w = "w - rate*g/(sqrt(s) + eps)"
[learning.values]
rho = 0.9
eps = 0.01
""",
}
EVERY = (*BUNDLED, *OWN, *OTHER_SHAPES, *RULES)


@cache
def network(name: str) -> Network:
    own = {**OWN, **RULES}.get(name)
    found = scenarios.load(name) if own is None else scenarios.loads(own)
    return Network(build(found))


@cache
def trace(name: str) -> Trace:
    return traces.run(network(name).graph)


def subject(net: Network, text: str) -> Subject:
    """`h1`, `∂Loss/∂w21` or `w21'`."""
    if text.startswith("∂"):
        of, by = text.replace("∂", "").split("/")
        return Gradient(net.graph.id(of), net.graph.id(by))
    if text.endswith("'"):
        return Updated(net.graph.id(text[:-1]))
    return Value(net.graph.id(text))


def value(name: str, formula: Expression) -> float:
    """A formula at the scenario's own numbers."""
    net, run = network(name), trace(name)
    rate = net.graph.scenario.rate or 0.0

    def look(text: str) -> float:
        if text == "rate":
            return rate
        node = net.graph.find(text)
        if node is not None:
            return run.value(node)
        return run.value(text[:-1]) - rate * run.gradient(text[:-1])

    return evaluate(formula, look, run.derivative)


def of_code(name: str, text: str, code: str) -> list[Variant]:
    net = network(name)
    return [variant for variant in variants(net, subject(net, text)) if variant.code == code]


def rounds_to(number: float, printed: str) -> bool:
    """Does a number round to a printed one, to its last digit?"""
    digits = len(printed.partition(".")[2])
    return abs(number - float(printed)) <= 0.5000001 * 10.0**-digits


# The value column of the catalogue, on the network with two inputs, hidden units and outputs.
SIGMOID_TABLE = (
    ("h1", "F1", "bias-missing", ".0275"),
    ("h1", "F2", "bias-multiplied", ".009625"),
    ("h1", "F3", "bias-twice", ".7275"),
    ("h1", "F4", "weights-swapped", ".375"),
    ("h1", "F5", "other-neurons-weight", ".3825"),
    ("h1", "F6", "input-missing", ".3575"),
    ("a_h1", "F7", "activation-missing", ".3775"),
    ("a_h1", "F8", "wrong-exponent-sign", ".4067"),
    ("a_h1", "F9", "tanh-for-sigmoid", ".3605"),
    ("a_h1", "F10", "slope-for-activation", ".2413"),
    ("a_h1", "F11", "reciprocal-missing", "1.686"),
    ("o1", "F12", "preactivation-passed-on", ".9276"),
    ("Loss", "L1", "half-missing", ".5967"),
    ("Loss", "L2", "mean-for-sum", ".1492"),
    ("Loss", "L3", "output-missing-from-loss", ".2748"),
    ("Loss", "L4", "square-of-sum", ".1374"),
    ("∂Loss/∂o1", "D1", "error-sign", "-.1385"),
    ("∂Loss/∂o1", "D2", "slope-missing", ".7414"),
    ("∂Loss/∂o1", "D3", "activation-for-slope", ".5570"),
    ("∂Loss/∂o1", "D4", "half-of-slope", ".1843"),
    ("∂Loss/∂o1", "D5", "factor-two-kept", ".2770"),
    ("∂Loss/∂o1", "D6", "sigmoid-twice", ".1615"),
    ("∂Loss/∂o1", "D7", "slope-of-preactivation", "-.08683"),
    ("∂Loss/∂o1", "D8", "tanh-slope", ".3228"),
    ("∂Loss/∂o1", "D9", "loss-for-its-slope", ".05134"),
    ("∂Loss/∂o1", "D10", "bracket-missing", ".7495"),
    ("∂Loss/∂o1", "D11", "loss-factor-missing", ".1868"),
    ("∂Loss/∂w21", "G1", "other-activation", ".08267"),
    ("∂Loss/∂w21", "G2", "preactivation-for-activation", ".05228"),
    ("∂Loss/∂w21", "G3", "weight-for-activation", ".05540"),
    ("∂Loss/∂w21", "G4", "activation-missing-from-gradient", ".1385"),
    ("∂Loss/∂w21", "G5", "factors-added", "1.521"),
    ("∂Loss/∂w21", "G6", "factor-twice", ".01535"),
    ("∂Loss/∂w21", "G7", "other-delta", "-.0226"),
    ("∂Loss/∂w21", "G8", "term-for-derivative", ".03287"),
    ("∂Loss/∂a_h1", "H1", "one-path-only", ".05540"),
    ("∂Loss/∂a_h1", "H2", "transposed-weights", ".03826"),
    ("∂Loss/∂a_h1", "H3", "updated-weights-used", ".03023"),
    ("∂Loss/∂a_h1", "H4", "paths-averaged", ".01818"),
    ("∂Loss/∂a_h1", "H5", "path-weights-missing", ".1004"),
    ("∂Loss/∂a_h1", "H6", "output-slope-missing", ".1880"),
    ("∂Loss/∂a_h1", "H7", "paths-subtracted", ".07445"),
    ("∂Loss/∂h1", "H8", "hidden-slope-missing", ".03635"),
    ("∂Loss/∂h1", "H9", "hidden-activation-for-slope", ".02157"),
    ("∂Loss/∂h1", "H10", "other-neurons-slope", ".006791"),
    ("∂Loss/∂b2", "B1", "shared-bias-one-use", ".1385"),
    ("∂Loss/∂b2", "B2", "bias-derivative-not-one", ".05943"),
    ("w21'", "U1", "ascent", ".4411"),
    ("w21'", "U2", "rate-missing", ".3178"),
    ("w21'", "U3", "step-for-weight", ".04108"),
    ("w21'", "U4", "rate-times-weight", ".1178"),
    ("w21'", "U5", "step-scales-weight", ".3836"),
)

# (network, quantity, id, code, right, wrong): the catalogue's other pieces
OTHER_TABLE = (
    ("softmax", "p1", "X3", "softmax-not-normalised", ".2312", "2.718"),
    ("softmax", "p1", "X8", "softmax-without-exp", ".2312", ".2857"),
    ("softmax", "p1", "X9", "sigmoid-for-softmax", ".2312", ".7311"),
    ("softmax", "∂L/∂s1", "X1", "softmax-cross-terms", ".2312", "0"),
    ("softmax", "∂p1/∂s2", "X1", "softmax-cross-terms", "-.1453", "0"),
    ("softmax", "∂L/∂s1", "X2", "softmax-slope-twice", ".2312", ".0411"),
    ("softmax", "L", "X4", "log-base-ten", ".4644", ".2017"),
    ("softmax", "L", "X12", "log-loss-sign", ".4644", "-.4644"),
    ("softmax", "L", "X14", "binary-loss-per-class", ".4644", ".8784"),
    ("softmax", "∂p1/∂s2", "X15", "softmax-cross-sign", "-.1453", ".1453"),
    ("softmax", "∂p1/∂s2", "X16", "softmax-off-diagonal", "-.1453", ".0859"),
    ("softmax", "∂L/∂s1", "X18", "target-minus-output", ".2312", "-.2312"),
    ("softmax", "∂L/∂s1", "X21", "minus-one-for-every-class", ".2312", "-.7688"),
    ("softmax logits", "∂L/∂s1", "X2", "softmax-slope-twice", ".2312", ".0411"),
    ("softmax logits", "∂L/∂s1", "X18", "target-minus-output", ".2312", "-.2312"),
    ("softmax logits", "L", "X14", "binary-loss-per-class", ".4644", ".8784"),
    ("relu live", "∂L/∂z", "X5", "relu-slope-is-z", ".25", ".20"),
    ("relu live", "∂L/∂z", "X22", "live-relu-blocked", ".25", "0"),
    ("relu dead", "∂L/∂z", "X23", "dead-relu-passes", "0", ".25"),
    ("tanh", "∂L/∂z", "X24", "tanh-not-squared", ".1398", ".0840"),
    ("tanh", "∂L/∂z", "X25", "sigmoid-slope-for-tanh", ".1398", ".0558"),
    ("tanh", "∂L/∂z", "X27", "tanh-twice", ".1398", ".1656"),
    ("binary", "∂L/∂z", "X29", "sigmoid-slope-kept", "-.3100", "-.0663"),
    ("binary", "∂L/∂z", "X30", "output-derivative-for-logit", "-.3100", "-1.449"),
    ("binary", "∂L/∂z", "X18", "target-minus-output", "-.3100", ".3100"),
    ("binary logit", "∂L/∂z", "X29", "sigmoid-slope-kept", "-.3100", "-.0663"),
    ("binary logit", "∂L/∂z", "X30", "output-derivative-for-logit", "-.3100", "-1.449"),
    # by hand in the scenario: s = 2.5, dL/dxhat1 = 0.5*(-0.4) = -0.2, so -0.2/2.5 where mu and var stay as they are
    ("batch_norm_three_samples", "∂L/∂z1", "taken-as-constant", "taken-as-constant", "-.0341", "-.0800"),
    ("batch_norm_three_samples", "∂xhat1/∂z1", "taken-as-constant", "taken-as-constant", ".0747", ".4000"),
    # E_0 alone: (0.53631 - 0.5)*0.81757*(1 - 0.65598^2); without the forget path: 0.018038*0.81757*(1 - 0.65598^2)
    ("lstm_two_steps", "∂E/∂state_0", "one-part-of-loss", "one-part-of-loss", "-.05348", ".01691"),
    ("lstm_two_steps", "∂E/∂state_0", "H1", "one-path-only", "-.05348", ".00840"),
    # 1 - 0.1*2 for 1 - 0.1*2/2
    ("adam_two_steps", "w1'", "plain-step", "plain-step", ".9", ".8"),
    ("adam_two_steps", "w1'", "U1", "ascent", ".9", "1.1"),
    ("adam_two_steps", "w1'", "U2", "rate-missing", ".9", "0"),
    ("momentum_two_steps", "w1'", "U1", "ascent", ".8", "1.2"),
    ("momentum_two_steps", "w1'", "U2", "rate-missing", ".8", "-1"),
    # h1's slope where h2's belongs, in a unit that is used at every step: -0.8205*1.5*(1 - 0.2137^2)*0.8*(1 - 0.4621^2)
    ("recurrent_three_steps", "∂L/∂z2", "H10", "other-neurons-slope", "-.8221", "-.7390"),
    # the last of its uses: -1.1746*0.3537
    ("recurrent_three_steps", "∂L/∂u", "X6", "shared-weight-last-use", "-.7954", "-.4155"),
)


@pytest.mark.parametrize(("text", "id_", "code", "printed"), SIGMOID_TABLE, ids=[case[1] for case in SIGMOID_TABLE])
def test_sigmoid_network(text: str, id_: str, code: str, printed: str) -> None:
    assert row(code).id == id_
    found = of_code("two_sigmoid_outputs", text, code)
    assert any(rounds_to(value("two_sigmoid_outputs", variant.formula), printed) for variant in found)


@pytest.mark.parametrize(
    ("name", "text", "id_", "code", "right", "wrong"), OTHER_TABLE, ids=[f"{c[2]}-{c[0]}" for c in OTHER_TABLE]
)
def test_other_pieces(name: str, text: str, id_: str, code: str, right: str, wrong: str) -> None:
    assert row(code).id == id_
    found = of_code(name, text, code)
    assert any(rounds_to(value(name, variant.formula), wrong) for variant in found)
    assert all(rounds_to(value(name, variant.right), right) for variant in found)


def test_shared_weight_last_use() -> None:
    net = network("shared_weights")
    found = of_code("shared_weights", "∂L/∂w3", "shared-weight-last-use")
    run = trace("shared_weights")
    last = run.gradient("h22") * run.value("a11")
    assert value("shared_weights", found[0].formula) == pytest.approx(last)
    assert value("shared_weights", found[0].right) == pytest.approx(run.gradient("w3"))
    assert "h22" in found[0].sentence
    assert not any(v.code == "shared-weight-last-use" for v in variants(net, subject(net, "∂L/∂w5")))


@pytest.mark.parametrize("text", ["E", "∂E/∂w", "∂E/∂b"])
def test_a_batch_summed_instead_of_averaged_is_three_times_as_large(text: str) -> None:
    (found,) = of_code("batch", text, "batch-sum-for-mean")
    assert value("batch", found.formula) == pytest.approx(3 * value("batch", found.right))
    assert "3 samples" in found.sentence


def test_a_sum_over_samples_averaged() -> None:
    (found,) = of_code("doubled", "E", "mean-for-sum")
    assert value("doubled", found.formula) == pytest.approx(value("doubled", found.right) / 2)
    assert "samples" in found.sentence


def test_units_written_in_one_line() -> None:
    wanted = {
        "h1": {"bias-missing", "weights-swapped", "activation-missing", "sigmoid-for-tanh", "other-neurons-weight"},
        "∂E/∂u11": {"tanh-not-squared", "hidden-slope-missing", "other-activation", "weight-for-activation"},
        "∂E/∂v1": {"error-sign", "factor-two-missing", "activation-missing-from-gradient", "other-activation"},
        "∂E/∂c": {"shared-bias-one-use", "bias-derivative-not-one", "hidden-slope-missing"},
        "∂E/∂h1": {"weights-swapped", "updated-weights-used", "term-for-derivative"},
    }
    net = network("tanh net")
    for text, codes in wanted.items():
        assert codes <= {variant.code for variant in variants(net, subject(net, text))}, text


def test_transposed_weights_need_a_square_layer() -> None:
    (found,) = of_code("three by three", "z[1]", "index-transposed")
    assert value("three by three", found.formula) == pytest.approx(0.1 * 0.5 - 0.4 * 0.3 + 0.7 * 0.8 + 0.1)
    assert not of_code("tanh net", "o", "index-transposed")


def test_cross_terms_are_dropped_in_every_path_of_a_first_layer_weight() -> None:
    found = of_code("matrix_softmax", "∂L/∂w_131", "softmax-cross-terms")
    run = trace("matrix_softmax")
    slopes = [run.derivative("L", f"yhat_{k}") * run.derivative(f"yhat_{k}", f"a_2{k}") for k in (1, 2)]
    through = slopes[0] * run.value("w_213") + slopes[1] * run.value("w_223")
    h, x = run.value("h_13"), run.value("x_1")
    assert any(value("matrix_softmax", v.formula) == pytest.approx(through * h * (1 - h) * x) for v in found)


def test_a_weight_of_another_layer_is_found() -> None:
    found = of_code("two_sigmoid_outputs", "h1", "other-neurons-weight")
    assert any("w21" in variant.sentence for variant in found)


# ---------------------------------------------------------------- every quantity of every network
def subjects(net: Network) -> Iterable[Subject]:
    graph = net.graph
    everything = list(range(graph.size))
    yield from (Value(node) for node in graph.nodes_of("computed"))
    yield from (Gradient(graph.loss, node) for node in everything if net.uses(node, graph.loss))
    results, operands = graph.edges
    yield from (Gradient(int(r), int(o)) for r, o in zip(results, operands, strict=True))
    if graph.scenario.rate is not None:
        yield from (Updated(node) for node in graph.nodes_of("parameter"))
    names = rule_names(net)
    if names is not None:
        yield from (subject for subject in names.canonical.values() if isinstance(subject, Worked))


RELU = ("relu live", "relu dead", "three by three")
CROSS_ENTROPY = ("softmax", "softmax logits", "symbolic_cross_entropy")
NUMERIC = tuple(name for name in (*BUNDLED, *OWN) if name != "symbolic_cross_entropy")


@pytest.mark.parametrize("name", NUMERIC)
def test_what_stands_beside_a_slip_is_right(name: str) -> None:
    net, run = network(name), trace(name)
    for each in subjects(net):
        match each:
            case Value(node):
                truth = run.value(node)
            case Gradient(of, by):
                truth = run.derivative(of, by)
            case Updated(node):
                truth = run.value(node) - (net.graph.scenario.rate or 0.0) * run.gradient(node)
            case _:
                raise AssertionError(each)
        for variant in variants(net, each):
            assert value(name, variant.right) == pytest.approx(truth, abs=1e-12), variant
        for form in right_forms(net, each):
            assert value(name, form) == pytest.approx(truth, abs=1e-12), form


@pytest.mark.parametrize("name", [*BUNDLED, *OWN])
def test_no_slip_is_right_and_no_two_are_equal(name: str) -> None:
    """Decided at points of this test's own, not at those by which the slips were told apart."""
    net = network(name)
    points = [drawn(name, seed) for seed in range(12 if name in RELU else 3)]
    for each in subjects(net):
        found = variants(net, each)
        assert all(variant.prior > 0 for variant in found)
        numbers = [tuple(at(net, point, variant.formula) for point in points) for variant in found]
        rights = [tuple(at(net, point, variant.right) for point in points) for variant in found]
        for variant, wrong, right in zip(found, numbers, rights, strict=True):
            assert wrong != pytest.approx(right, rel=1e-9, abs=1e-9, nan_ok=True), variant
        for i, one in enumerate(numbers):
            for two in numbers[:i]:
                assert one != pytest.approx(two, rel=1e-9, abs=1e-9, nan_ok=True)


def drawn(name: str, seed: int) -> Trace:
    """A run at random leaves; those that are 0 stay 0, and the targets of a softmax add up to 1."""
    graph = network(name).graph
    generator = np.random.default_rng(seed)
    signs = [-1.0, 1.0] if name in RELU else [1.0]
    leaves = generator.uniform(0.3, 0.9, graph.size) * generator.choice(signs, graph.size)
    leaves[graph.leaf_values() == 0.0] = 0.0
    targets = graph.nodes_of("target")
    leaves[targets] = generator.uniform(0.1, 0.9, len(targets))
    if name in CROSS_ENTROPY:
        leaves[targets] /= leaves[targets].sum()
    values = traces.forward(graph, leaves)
    return Trace(graph, values, traces.backward(graph, values))


def at(net: Network, run: Trace, formula: Expression) -> float:
    def look(text: str) -> float:
        if text == "rate":
            return 0.3
        node = net.graph.find(text)
        return run.value(node) if node is not None else run.value(text[:-1]) - 0.3 * run.gradient(text[:-1])

    return evaluate(formula, look, run.derivative)


def test_every_row_is_produced_somewhere() -> None:
    made = set()
    for name in EVERY:
        net = network(name)
        for each in subjects(net):
            made |= {slip for slip in SLIPS if any(True for _ in slip.rewrite(net, each))}
    assert [slip.name for slip in SLIPS if slip not in made] == []


def test_every_code_survives_somewhere() -> None:
    made = {
        v.code
        for name in EVERY
        for s in subjects(network(name))
        for v in (*variants(network(name), s), *variants(network(name), s, True))
    }
    assert {slip.code for slip in SLIPS} == made


def test_every_id_of_the_catalogue_has_a_row() -> None:
    ids = {slip.id for slip in SLIPS}
    wanted = [f"F{i}" for i in range(1, 13)] + [f"L{i}" for i in range(1, 5)] + [f"D{i}" for i in range(1, 12)]
    wanted += [f"G{i}" for i in range(1, 9)] + [f"H{i}" for i in range(1, 11)] + ["B1", "B2"]
    wanted += [f"U{i}" for i in range(1, 6)]
    wanted += [f"X{i}" for i in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 16, 18, 21, 22, 23, 24, 25, 27, 29, 30)]
    assert not set(wanted) - ids


@pytest.mark.parametrize("name", EVERY)
def test_sentences_are_filled_in_with_names_of_the_network(name: str) -> None:
    net = network(name)
    names = set(net.graph.some_names()) | {"η", "softmax", "cross", "samples", "target", "sign", "relu"}
    for each in subjects(net):
        for variant in (*variants(net, each), *variants(net, each, True)):
            assert "{" not in variant.sentence
            assert variant.sentence.endswith(".")
            assert any(word in variant.sentence for word in names), variant.sentence


def test_a_bias_of_zero_cannot_be_forgotten() -> None:
    assert not of_code("shared_weights", "h11", "bias-missing")
    assert of_code("shared_weights", "z", "bias-missing")


def test_right_forms_of_a_weight_are_the_usual_ones() -> None:
    from backprop_tutor.formulas.typeset import to_text

    net = network("two_sigmoid_outputs")
    texts = [to_text(form) for form in right_forms(net, subject(net, "∂Loss/∂w21"))]
    assert "∂Loss/∂o1·a_h1" in texts
    assert "∂Loss/∂a_o1·∂a_o1/∂o1·∂o1/∂w21" in texts
    assert "(a_o1 − target_o1)·a_o1·(1 − a_o1)·a_h1" in texts
    assert "−(target_o1 − a_o1)·a_o1·(1 − a_o1)·a_h1" in texts
    assert "w21 − rate·∂Loss/∂w21" in [to_text(form) for form in right_forms(net, subject(net, "w21'"))]
    symbolic = network("symbolic_cross_entropy")
    texts = [to_text(form) for form in right_forms(symbolic, subject(symbolic, "∂L/∂w_h3_o1"))]
    assert "(yhat1 − y1)·h3" in texts


def test_the_slips_of_a_quantity_are_worked_out_once() -> None:
    net = Network(build(scenarios.load("two_sigmoid_outputs")))
    for each in subjects(net):
        assert variants(net, each) is variants(net, each)
