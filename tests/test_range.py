"""What courses teach: every bundled scenario and a shelf of small networks, each derivative by three witnesses."""

from __future__ import annotations

import math
import re

import pytest

from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.engine.check import check_gradients, check_locals
from backprop_tutor.errors import ScenarioError
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.lesson import symbolic
from backprop_tutor.results import Run
from backprop_tutor.scenario import loading as scenario
from backprop_tutor.scenario.loading import Scenario
from tests.program import SCENARIOS, TOP

# Stated in the comments of each file, and worked there by hand: quantities and derivatives of the loss.
BY_HAND: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "single_tanh_neuron": ({"o": 0.7071}, {"n": 0.5, "x1": -1.5, "w1": 1, "x2": 0.5, "w2": 0, "b": 0.5}),
    "xor_four_samples": ({"h1#1": 0.3775, "h2#1": 0.1824, "s#1": -0.1873, "y#1": 0.4533, "L#1": 0.1027}, {}),
    "recurrent_three_steps": (
        {"h1": 0.4621, "h2": 0.3537, "h3": -0.2137, "y": -0.3205, "L": 0.3366},
        {"z3": -1.1746, "z2": -0.8221, "z1": -0.5172, "w": 0.6574},
    ),
    "lstm_two_steps": ({"state_0": 0.7857, "out_0": 0.53631, "state_1": 1.5176, "out_1": 0.77198}, {}),
    "convolution_max_pool": (
        {"z1": -1.5, "z2": 2.5, "z3": 4.5, "z4": -1.5, "p1": 2.5, "p2": 4.5, "y": 0.5, "L": 0.5},
        {"y": -1, "p1": -2, "p2": 1, "z1": 0, "z2": -2, "z3": 1, "z4": 0, "k1": -1, "k2": -6, "k3": -1, "b": -1},
    ),
    "convolution_two_channels": (
        {
            "r11": -0.5,
            "r12": -0.5,
            "r21": -0.5,
            "r22": 4.5,
            "s11": 0.5,
            "s12": 1.5,
            "s21": 1.5,
            "s22": 0.5,
            "p1": 1.125,
            "p2": 1,
            "y": 1.25,
            "L": 0.5,
        },
        {
            "y": 1,
            "k111": 0.5,
            "k112": 0.5,
            "k121": 0.5,
            "k122": 0,
            "k211": 0,
            "k212": 1,
            "k221": 0.5,
            "k222": 0,
            "b": 0.5,
            "c": -1,
        },
    ),
    "variational_autoencoder": (
        {
            "mu": 0.6,
            "logvar": -0.3,
            "sigma": 0.8607,
            "z": 1.0304,
            "xhat1": 0.6729,
            "xhat2": 0.3733,
            "recon": 0.8634,
            "KL": 0.2004,
            "loss": 1.0638,
        },
        {"z": -0.4529, "mu": 0.1471, "logvar": -0.2271},
    ),
    "batch_norm_three_samples": (
        {"mu": 4, "var": 6, "s": 2.5, "xhat1": -1.2, "xhat2": 0, "xhat3": 1.2, "y1": -0.4, "y3": 0.8, "L": 0.12},
        {"beta": -0.4, "gamma": 0.24, "z1": -0.0341, "z2": 0.0667, "z3": -0.0325},
    ),
    "layer_norm": (
        {"mu": 3, "var": 2.5, "s": 1.6, "xhat1": -1.25, "xhat2": -0.625, "y2": -1.25, "y4": 2.5, "L": 0.2578},
        {"g1": 0.3125, "g2": 0.15625, "g3": -0.234375, "g4": 0.625, "b3": -0.375},
    ),
    "attention_two_tokens": (
        {"s11": 1.4142, "s21": 2.1213, "a11": 0.5, "a21": 0.6698, "a22": 0.3302, "o11": 1, "o22": 0.6605, "L": 0.5576},
        {},
    ),
    "residual_block": (
        {"h1": 0.5, "r1": 3, "h2": 1, "r2": 2, "L": 0.125},
        {"r2": -0.5, "r1": -0.25, "v1": -0.125, "w1": -1, "x": -0.5},
    ),
    "relu_at_kink": ({"z1": 0, "h1": 0, "y": 2, "L": 0.5}, {"y": 1, "z1": 0, "w1": 0, "w2": 4}),
    "circuit_with_upstream": ({"q": 3, "f": -12}, {"f": 2, "q": -8, "z": 6, "x": -8, "y": -8}),
    "momentum_two_steps": ({"yhat": 2, "L": 0.5}, {"yhat": 1, "w1": 2, "b": 1}),
    "adam_two_steps": ({"yhat": 2, "L": 0.5}, {"yhat": 1, "w1": 2, "b": 1}),
}


def witnessed(what: Scenario) -> trace.Trace:
    """The run of a scenario, after every value, local derivative and gradient has been found to agree."""
    run = trace.run(build(what))
    for step in lesson.forward_steps(run):
        assert step.agrees, (step.node.name, step.gap)
    edges = lesson.backward_edges(run.graph)
    for (result, operand), check in zip(edges, check_locals(run, edges), strict=True):
        rule = run.local(result, operand)
        derived = symbolic.witness(run.graph.node_formula(result), run.graph.name(operand), run.value)
        names = run.graph.name(result), run.graph.name(operand)
        assert check.agrees, (names, check)
        assert check.kink or math.isclose(rule, derived, rel_tol=1e-9, abs_tol=1e-13), (names, rule, derived)
    nodes = run.graph.nodes_of("parameter", "input", "computed")
    for node, check in zip(nodes, check_gradients(run, nodes), strict=True):
        assert check.agrees, (run.graph.name(node), check)
    return run


@pytest.mark.parametrize("name", SCENARIOS)
def test_three_witnesses_for_every_derivative_of_every_bundled_scenario(name: str) -> None:
    read = scenario.load(name)
    run = witnessed(read if read.known else scenario.with_random(read, 7))
    assert any(abs(run.gradient(node)) > 0 for node in run.graph.nodes_of("parameter"))


@pytest.mark.parametrize("name", BY_HAND)
def test_the_arithmetic_in_the_comments(name: str) -> None:
    run = Run(trace.run(build(scenario.load(name))))
    values, gradients = BY_HAND[name]
    for names, found in ((values, run.values), (gradients, run.gradients)):
        for quantity, stated in names.items():
            decimals = len(repr(stated).partition(".")[2])
            rounding = 0.5 * 10**-decimals if decimals > 3 else 1e-12
            assert found[quantity] == pytest.approx(stated, abs=rounding), quantity


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_says_where_its_numbers_come_from(name: str) -> None:
    text = (TOP / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    assert re.match(r"# (Document 00\d|Source: |Own arithmetic)", text)
    read = scenario.load(name)
    assert read.title != name
    assert read.about


def test_a_published_lstm_to_every_digit() -> None:
    """Gomez's page gives the weights after the update to five digits."""
    run = Run(trace.run(build(scenario.load("lstm_two_steps"))))
    stated = {
        "w_a1": 0.45267, "w_a2": 0.25922, "w_f2": 0.45189, "w_o1": 0.60259, "w_o2": 0.41626, "b_a": 0.20364,
        "b_i": 0.65028, "b_f": 0.15063, "b_o": 0.10536,
    }  # fmt: skip
    assert {name: round(run.updates[name].after, 5) for name in stated} == stated


def test_at_the_kink_the_convention_decides() -> None:
    run = trace.run(build(scenario.load("relu_at_kink")))
    (step,) = lesson.local_steps(run, [(run.graph.id("h1"), run.graph.id("z1"))])
    assert (step.value, step.check.kink, step.check.agrees, step.kink_rule) == (0, True, True, "relu'(0) = 0")
    assert step.check.difference == pytest.approx(0.5)


def test_a_mean_over_samples_is_the_mean_of_their_gradients() -> None:
    read = scenario.load("xor_four_samples")
    alone = []
    for number in range(1, 5):
        sample = read.samples[number - 1]
        values = {name: quantity.text() for name, quantity in sample.values.items()}
        single = "\n".join(
            line for line in read.source.text.partition("[[samples]]")[0].splitlines() if not line.startswith("#")
        )
        for name, value in values.items():
            single = single.replace(f'{name} = "?"', f"{name} = {value}").replace(f'{name}  = "?"', f"{name} = {value}")
        alone.append(Run(trace.run(build(scenario.loads(single + '[learning]\nloss = "L"\n')))))
    together = Run(trace.run(build(read)))
    for name in ("w11", "w22", "b1", "v1", "c"):
        assert together.gradients[name] == pytest.approx(sum(run.gradients[name] for run in alone) / 4, rel=1e-12)


# ---------------------------------------------------------------- more of what is taught, as throwaway files
NETWORKS = {
    "a GRU cell": """
[inputs]
x = [0.5, -1]
h_0 = [0.1, 0.2]
[parameters]
W_z = [[0.1, 0.2, 0.3, -0.1], [0.4, -0.2, 0.1, 0.2]]
W_r = [[0.3, -0.1, 0.2, 0.5], [0.1, 0.1, -0.4, 0.2]]
W_h = [[0.2, 0.4, -0.3, 0.1], [-0.5, 0.3, 0.2, 0.6]]
[targets]
t = [0.3, -0.1]
[equations]
hx = "concat(h_0, x)"
z = "sigmoid(W_z @ hx)"
r = "sigmoid(W_r @ hx)"
rh = "r*h_0"
rhx = "concat(rh, x)"
n = "tanh(W_h @ rhx)"
h_1 = "(1 - z)*h_0 + z*n"
L = "sum((t - h_1)**2)"
""",
    "an embedding by a one-hot product and by a row": """
[inputs]
first = [0, 1, 0]
[parameters]
E = [[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]
[targets]
y = [1, 0]
[equations]
e1 = "first @ E"
e2 = "E[3,:]"
s = "e1*e2 + E[1,:]"
L = "softmax_cross_entropy(y, s)"
""",
    "cross entropy over the rows of several samples, a bias on every row": """
[inputs]
X = [[1, 2], [0.5, -1], [0, 1]]
[parameters]
W = [[0.1, 0.2, -0.1], [0.3, -0.2, 0.4]]
b = [0.1, 0, -0.1]
[targets]
Y = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
[equations]
Z = "X @ W + b"
P = "row_softmax(Z)"
L = "-sum(Y*log(P))/3"
""",
    "weight decay, a dropout mask, a leaky ReLU": """
[inputs]
x = [1, -0.5]
mask = [2, 0, 2]
decay = 0.01
[parameters]
W = [[0.5, 0.1], [0.2, -0.3], [-0.4, 0.6]]
v = [0.3, 0.2, -0.5]
[targets]
t = 1
[equations]
h = "leaky_relu(W @ x)"
d = "h*mask"
y = "v @ d"
E = "(t - y)**2/2"
R = "decay/2*(sum(W**2) + sum(v**2))"
L = "E + R"
""",
    "batch norm over features, samples in rows": """
[inputs]
X = [[1, 2], [3, -1], [0.5, 4]]
eps = 0.1
[parameters]
W = [[0.5, -0.2], [0.3, 0.4]]
gamma = [1, 0.5]
beta = [0, 0.1]
[targets]
T = [[0, 0], [1, 0], [0, 1]]
[equations]
Z = "X @ W"
mu = "column_mean(Z)"
var = "column_mean((Z - mu)**2)"
N = "(Z - mu)/sqrt(var + eps)"
Y = "gamma*N + beta"
L = "sum((T - Y)**2)/2"
[elements]
mu = "mu_{i}"
var = "var_{i}"
""",
    "layer norm of two tokens, softmax written out": """
[inputs]
X = [[1, 2], [3, -1]]
[parameters]
W = [[0.5, -0.2], [0.3, 0.4]]
[functions]
"norm(Z)" = "(Z - row_mean(Z))/sqrt(row_mean((Z - row_mean(Z))**2) + 0.1)"
[equations]
Z = "X @ W"
N = "norm(Z)"
S = "exp(N)"
A = "S/row_sum(S)"
t = "column_sum(A)"
L = "sum(A**2) + t[1]*t[2]"
""",
    "a 2-D convolution by slices, pooled, made flat": """
[inputs]
X = [[1, 2, 0], [0, 1, -1], [3, 1, 2]]
[parameters]
K = [[0.5, -1], [0.2, 1]]
b = 0.1
V = [[0.1, 0.2, 0.3, 0.4], [-0.3, 0.1, 0.2, 0.5]]
[targets]
t = [1, 0]
[equations]
Z = "K[1,1]*X[1:2,1:2] + K[1,2]*X[1:2,2:3] + K[2,1]*X[2:3,1:2] + K[2,2]*X[2:3,2:3] + b"
A = "relu(Z)"
m = "max(A)"
f = "concat(A[1,:], A[2,:])"
y = "V @ f + m"
L = "sum((t - y)**2)/2"
""",
    "max over three, an outer product, elementwise products": """
[parameters]
u = [0.5, -0.2]
v = [0.3, 0.7, -0.4]
[equations]
O = "transpose([u]) * v"
M = "transpose([u]) @ [v]"
p = "max(v[1], v[2], v[3])"
q = "O[1,:]*O[2,:]*v"
L = "sum(O**2) + sum(M*O) + p*u[1] + sum(q)"
""",
    "a Siamese pair with a contrastive margin": """
[inputs]
x1 = [1, 0]
x2 = [0.2, 0.5]
[parameters]
W = [[0.4, 0.1], [-0.2, 0.3]]
[equations]
a = "tanh(W @ x1)"
b = "tanh(W @ x2)"
d = "sqrt(sum((a - b)**2))"
L = "max(0, 1 - d)**2"
""",
    "logistic regression as it is written, its samples declared nowhere else": """
[parameters]
"θ₀" = 0
"θ₁" = "1/2"
[equations]
"ŷ" = "σ(θ₀ + θ₁x)"
"ℓ" = "-(y ln(ŷ) + (1 - y)ln(1 - ŷ))"
[learning]
rate = "1/10"
[[samples]]
x = 1
y = 1
[[samples]]
x = -2
y = 0
""",
    "Ng's cost: the mean over the samples and a weight decay outside of it": """
[constants]
"λ" = 0.5
m = 3
[inputs]
x = "?"
[targets]
y = "?"
[parameters]
w = 0.5
b = -0.25
[equations]
a = "σ(w x + b)"
L = "-(y*log(a) + (1 - y)*log(1 - a))"
J = "1/m*sum(samples(L)) + λ/(2m) w²"
[learning]
rate = 0.1
[[samples]]
x = 1
y = 1
[[samples]]
x = -2
y = 0
[[samples]]
x = 0.5
y = 1
""",
    "a semi-gradient: the target comes from a copy of the weight, which no gradient passes": """
[inputs]
s = 1.5
s_next = 0.5
[constants]
r = 1
discount = 0.9
w_copy = 0.25
[parameters]
w = 0.25
[equations]
q = "w s"
target = "r + discount*w_copy*s_next"
L = "(target - q)^2/2"
[learning]
rate = 0.1
""",
    "batch normalisation over the samples": """
[parameters]
w = 0.7
"γ" = 1.5
"β" = -0.2
[equations]
z = "w*x + 0.1"
"μ" = "mean(samples(z))"
n = "γ(z - μ)/sqrt(var(samples(z)) + 1e-5) + β"
L = "(n - t)^2"
[learning]
over_samples = "sum"
[[samples]]
x = 1
t = 0
[[samples]]
x = 4
t = 1
[[samples]]
x = -2
t = 0.5
""",
    "a Huber loss by cases, and one with a function of the document's own": """
[functions]
"H(r)" = "where(abs(r) <= δ, r^2/2, δ(abs(r) - δ/2))"
[inputs]
x = 2
"δ" = 1
[parameters]
w = 3
v = 0.4
[targets]
t = 1
[equations]
r = "t - w x"
s = "t - v x"
L = "H(r) + H(s) + huber(r, δ) + where(r < -2, r², where(r > 2, r, 0))"
""",
    "a tied autoencoder, three ways to turn a matrix": """
[inputs]
x = [1, 0, -1]
[parameters]
W = [[0.1, 0.2, 0.3], [-0.3, 0.1, 0.4]]
[equations]
h = "tanh(W @ x)"
r = "W.T @ h + W^T @ h/2 - Wᵀ @ h/4"
L = "1/2 sum((r - x)²)"
""",
    "a radial basis function, products without a sign": """
[inputs]
x = "1/2"
[parameters]
c = 0
s1 = "1/3"
w = "-sqrt(2)"
[targets]
t = "π/4"
[equations]
phi = "exp(-(x - c)^2/(2 s1^2))"
y = "w phi + 2(1 - phi) + |w|"
E = "1/2 (t - y)^2"
[learning]
rate = 0.1
""",
    "two losses in one, a parameter that one of them does not need, one that stays as it is": """
[inputs]
x = 1
[parameters]
w = 0.5
v = 2
u = 3
[equations]
h = "w*x"
L1 = "(v*h - 1/3)**2"
L2 = "(h**2 - 1)**2"
other = "u*L1"
[learning]
loss = "L1 + 0.5 L2"
rate = 0.1
rates = { v = 0.01 }
frozen = ["w"]
""",
    "a mixture of losses with an upstream gradient at each end": """
[parameters]
x = 0.5
y = -1.5
[equations]
s = "x*y"
q = "concat(s, x)"
r = "q*q"
[learning.upstream]
s = 2
"r[1]" = -1
"r[2]" = 0.5
""",
}


@pytest.mark.parametrize("what", NETWORKS)
def test_what_a_course_works_through_can_be_written_and_agrees(what: str) -> None:
    witnessed(scenario.loads(NETWORKS[what]))


@pytest.mark.parametrize(
    ("formula", "said", "help"),
    [
        (
            "sum(concat(W, x))",
            "concat takes vectors and numbers",
            "hstack( ) puts matrices side by side, vstack( ) one under the other, flatten( ) makes one a vector",
        ),
        ("sum(hstack(x, x))", "hstack takes matrices", "for vectors and numbers write concat( )"),
        ("sum(vstack(x, W))", "vstack takes matrices", "for rows of equal length write [u, v]"),
        ("sum(row_mean(x))", "'row_mean' takes a matrix", "for a vector write mean( )"),
        ("sum(column_sum(W, 1))", "'column_sum' takes 1 argument, not 2", ""),
    ],
)
def test_what_cannot_be_joined_or_added_up_is_said(formula: str, said: str, help: str) -> None:
    text = f'[parameters]\nx = [1, 2]\nW = [[1, 2], [3, 4]]\n[equations]\nL = "{formula} + sum(W) + sum(x)"\n'
    with pytest.raises(ScenarioError) as caught:
        build(scenario.loads(text))
    (problem,) = caught.value.problems
    assert (problem.message, problem.help) == (said, help)
    assert problem.where.line == 5
    assert problem.where.column is not None


ON_PAPER = """
[functions]
"layer(A, v, c)" = "tanh(A v + c)"
"of_x(A)" = "A x"
[constants]
"λ" = 0.1
[inputs]
x = [1, 2]
"δ" = [0.5, -1, 2]
M = [[1, 2], [3, 4]]
[parameters]
W = [[0.1, 0.2], [0.3, 0.4], [0.5, -0.6]]
u = [1, -1]
[equations]
y = "{}"
L = "sum(y) + sum(W) + sum(u)"
"""


@pytest.mark.parametrize(
    ("on_paper", "explicit"),
    [
        ("W x", "W @ x"), ("W·x", "W @ x"), ("2 W x", "2*(W @ x)"), ("M W^T", "M @ transpose(W)"), ("u M", "u @ M"),
        ("u^T x", "u @ x"), ("-u^T x", "-(u @ x)"), ("uᵀ @ x", "u @ x"), ("u^⊤ M x / 2", "u @ M @ x / 2"),
        ("x^T M x", "x @ M @ x"), ("(δ^T W) x", "δ @ W @ x"), ("δ x^T", "outer(δ, x)"), ("W^T δ", "transpose(W) @ δ"),
        ("W.T W", "transpose(W) @ W"), ("λ/2 ‖u‖²", "λ/2*sum(u**2)"), ("½‖x - u‖_2^2", "sum((x - u)**2)/2"),
        ("1/2 ||W||_F^2", "sum(W**2)/2"), ("λ ‖u‖_1", "λ*sum(abs(u))"), ("2|u[1]| |x[2]|", "2*abs(u[1])*abs(x[2])"),
        ("-½ Σ (x - u)^2 + 1", "-sum((x - u)**2)/2 + 1"), ("∑ x*u/2 - Σ W", "sum(x*u/2) - sum(W)"),
        ("layer(W, x, δ)", "tanh(W @ x + δ)"), ("layer(2, u, 1)", "tanh(2*u + 1)"), ("of_x(W)", "W @ x"),
        ("λ/2 sum(u^2)", "λ/2*sum(u**2)"), ("3 ‖u‖", "3*sqrt(sum(u**2))"), ("|x - 2*|u| + 1|", "abs(x - 2*abs(u) + 1)"),
    ],
)  # fmt: skip
def test_products_and_norms_as_they_stand_on_paper(on_paper: str, explicit: str) -> None:
    one, two = (witnessed(scenario.loads(ON_PAPER.replace("{}", text))) for text in (on_paper, explicit))
    assert one.graph.blocks["y"].shape == two.graph.blocks["y"].shape
    assert one.loss == pytest.approx(two.loss, rel=1e-12)
    assert Run(one).gradients["u[1]"] == pytest.approx(Run(two).gradients["u[1]"], rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "said", "help"),
    [
        ("x·u", "this may be either product of two arrays",
         "write u @ v for the dot product, u*v for the products of elements"),
        ("M M", "this may be either product of two arrays",
         "write A @ B for the matrix product, A*B for the products of elements"),
        ("u^T", "only a matrix has a transpose", "u^T v is dot(u, v), u v^T is outer(u, v)"),
        ("dot(W, x)", "dot takes two vectors", "the product of matrices is A @ B"),
    ],
)  # fmt: skip
def test_a_product_that_may_be_either_is_asked_for(formula: str, said: str, help: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        build(scenario.loads(ON_PAPER.replace("{}", formula)))
    (problem,) = caught.value.problems
    assert (problem.message, problem.help) == (said, help)


def test_the_square_of_a_norm_has_a_derivative_where_the_norm_is_0() -> None:
    run = witnessed(scenario.loads('[parameters]\nw = [0, 0]\n[equations]\nL = "1/2 ‖w‖²"\n'))
    assert Run(run).gradients["w[1]"] == 0
