"""Array formulas in one line: the intermediate results that they are cut into, lists and joins, parts of results."""

from __future__ import annotations

import numpy as np
import pytest

from backprop_tutor.engine.build import build
from backprop_tutor.engine.graph import Graph
from backprop_tutor.engine.trace import Trace
from backprop_tutor.errors import ScenarioError
from backprop_tutor.formulas.expression import Comparison, walk
from backprop_tutor.formulas.typeset import ASCII, to_text
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.scenario.loading import loads
from tests.random_networks import traced
from tests.test_range import witnessed

GIVEN = """
[inputs]
x = [1, 2]
X = [[1, 2], [0.5, -1]]
[parameters]
W = [[0.1, 0.2], [0.3, -0.4]]
V = [[0.5, 0.6], [0.7, -0.8]]
b = [0.1, -0.1]
w = 0.5
[targets]
t = [0, 1]
"""


def network(equations: str, rest: str = "") -> str:
    last = '\nL = "sum(W*W) + sum(V*V) + sum(b*b) + w*w"\n[learning]\n' if "L =" not in equations else "\n"
    return f"{GIVEN}[equations]\n{equations}{last}{rest}"


def formulas(graph: Graph) -> dict[str, str]:
    """What the quantities are calculated by, as the author wrote it or as it was cut."""
    return {name: to_text(block.formula, ASCII) for name, block in graph.blocks.items() if block.formula}


@pytest.mark.parametrize(
    ("equation", "found"),
    [
        ("W @ x + b", ["W @ x + b"]),
        ("sigmoid(W @ x + b)", ["sigmoid(W @ x + b)"]),
        ("x/sum(x)", ["x / sum(x)"]),
        ("softmax(b/2)", ["softmax(b / 2)"]),
        ("softmax(W @ x + b)", ["W @ x + b", "softmax(y.1)"]),
        ("V @ relu(W @ x + b)", ["W @ x + b", "V @ relu(y.1)"]),
        ("V @ softmax(b)", ["softmax(b)", "V @ y.1"]),
        ("W @ V @ x", ["W @ V", "y.1 @ x"]),
        ("row_softmax(X @ transpose(W)/sqrt(2)) @ V", ["(X @ transpose(W)) / sqrt(2)", "row_softmax(y.1)", "y.2 @ V"]),
        ("var(W @ x)", ["W @ x", "mean(y.1)", "mean((y.1 - y.2)^2)"]),
        ("(x - mean(x))/sqrt(mean((x - mean(x))**2))", ["mean(x)", "(x - y.1) / sqrt(mean((x - y.1)^2))"]),
        ("softmax(W @ x)*exp(W @ x)", ["W @ x", "softmax(y.1)*exp(y.1)"]),
        ("cross_entropy(t, softmax(W @ x))", ["W @ x", "softmax(y.1)", "cross_entropy(t, y.2)"]),
        ("mse(t, sigmoid(W @ x))", ["W @ x", "mse(t, sigmoid(y.1))"]),
        ("softmax_cross_entropy(t, W @ x)", ["W @ x", "softmax_cross_entropy(t, y.1)"]),
        ("f(W @ x, b)", ["f(W @ x, b)"]),
        ("layer(W, x, b)", ["layer(W, x, b)"]),
        ("layer(V, layer(W, x, b), b)", ["W @ x + b", "layer(V, sigmoid(y.1), b)"]),
        ("[dot(x, b), w*2]", ["[dot(x, b), w*2]"]),
        ("W @ [dot(x, b), w*2]", ["[dot(x, b), w*2]", "W @ y.1"]),
        ("logsumexp([dot(x, b), w*2])", ["x*b", "logsumexp([y.1, w*2])"]),
        ("W @ concat(w, 2)", ["concat(w, 2)", "W @ y.1"]),
        ("W @ concat(w, b[1])", ["W @ concat(w, b[1])"]),
        ("hstack(W @ V, 2*V)", ["hstack(W @ V, 2*V)"]),
        ("tanh(1 + tanh(1 + tanh(w)))", ["tanh(1 + tanh(1 + tanh(w)))"]),
    ],
)  # fmt: skip
def test_a_formula_is_cut_where_it_would_be_written_out_again_and_again(equation: str, found: list[str]) -> None:
    own = '[functions]\n"f(u, v)" = "u*exp(-v)"\n"layer(A, u, v)" = "sigmoid(A @ u + v)"\n'
    run = witnessed(loads(network(f'y = "{equation}"', own)))
    shown = formulas(run.graph)
    names = [f"y.{i}" for i in range(1, len(found))]
    assert [name for name in shown if name.startswith("y")] == [*names, "y"]
    if "logsumexp" not in equation:
        assert [shown[name] for name in (*names, "y")] == found


@pytest.mark.parametrize(
    ("inner", "depth", "deepest"),
    [("tanh(1 + {})", 35, 5), ("1/(1 + {})", 30, 5), ("sqrt(1 + {})", 30, 5), ("sigmoid(1 + {})", 30, 3),
     ("gelu({})", 30, 3), ("silu({})", 30, 3), ("f({})", 8, 1)],
)  # fmt: skip
def test_functions_nested_deep_are_cut_into_low_ones(inner: str, depth: int, deepest: int) -> None:
    text = "w*w"
    for _ in range(depth):
        text = inner.replace("{}", text)
    text = f'[parameters]\nw = 0.7\n[functions]\n"f(x)" = "x/(1 + x**2)"\n[equations]\nL = "{text}"\n'
    run = traced(text)
    blocks = [block for block in run.graph.blocks.values() if block.part_of]
    assert len(blocks) >= depth / deepest - 1
    assert all(block.part_of == "L" for block in blocks)
    for edge in lesson.backward_edges(run.graph):
        assert len(to_text(lesson.local_formula(run.graph, *edge))) < 250
    witnessed(loads(text))


GCN = """
[inputs]
A = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
H = [[1, 0], [0, 1], [1, 1], [0.5, -0.5]]
[parameters]
W0 = [[0.5, -0.3, 0.2], [0.1, 0.8, -0.6]]
W1 = [[0.4, -0.2], [0.3, 0.7], [-0.5, 0.1]]
[equations]
Z = "row_softmax(A @ relu(A @ H @ W0) @ W1)"
L = "-log(Z[1,1]) - log(Z[4,2])"
"""


def test_no_element_of_a_graph_convolution_needs_more_than_a_row_and_a_column() -> None:
    run = witnessed(loads(GCN))
    assert formulas(run.graph) == {
        "Z.1": "A @ H", "Z.2": "Z.1 @ W0", "Z.3": "A @ relu(Z.2)", "Z.4": "Z.3 @ W1", "Z": "row_softmax(Z.4)",
        "L": "-log(Z[1,1]) - log(Z[4,2])",
    }  # fmt: skip
    assert max(len(run.graph.node(node).operands) for node in run.graph.nodes_of("computed")) == 8
    assert [block.name for block in run.graph.blocks.values()][-6:] == ["Z.1", "Z.2", "Z.3", "Z.4", "Z", "L"]


def test_intermediate_results_of_samples_are_each_samples_own() -> None:
    text = network('y = "V @ tanh(W @ x + b)"\nL = "sum((y - t)**2) + w*w"')
    text = text.replace("x = [1, 2]", 'x = "?"') + "[[samples]]\nx = [1, 2]\n[[samples]]\nx = [0, 1]\n"
    run = witnessed(loads(text))
    names = [name for name in run.graph.blocks if name.startswith(("y", "L"))]
    assert names == ["y.1#1", "y#1", "L#1", "y.1#2", "y#2", "L#2", "L"]
    assert run.graph.node(run.node("y.1#1[2]")).block.sample == 1


def test_what_is_wrong_inside_is_said_where_it_stands() -> None:
    with pytest.raises(ScenarioError) as caught:
        build(loads(network('y = "V @ tanh(W @ [1, 2, 3])"')))
    [problem] = caught.value.problems
    assert problem.message == "shapes 2×2 and 3 do not fit a matrix product"
    assert (problem.where.line, problem.where.column, problem.where.length) == (13, 15, 13)


# ---------------------------------------------------------------- lists, joins, parts
def values(run: Trace, name: str) -> list[float]:
    block = run.graph.blocks[name]
    return run.values[block.start : block.start + block.size].reshape(block.shape).tolist()  # type: ignore[no-any-return]


W = np.array([[0.1, 0.2], [0.3, -0.4]])
V = np.array([[0.5, 0.6], [0.7, -0.8]])
X = np.array([[1, 2], [0.5, -1]])
B = np.array([0.1, -0.1])


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("[w, 1, w*2]", [0.5, 1, 1]),
        ("[[1, 0], [0, 1]] @ W", W),
        ("[[dot(x, b), 2], [w, 3*w]]", [[-0.1, 2], [0.5, 1.5]]),
        ("concat(0, b, 0)", [0, 0.1, -0.1, 0]),
        ("concat(2*b, w, x)", [0.2, -0.2, 0.5, 1, 2]),
        ("hstack(W, V)", np.hstack([W, V])),
        ("hstack(W @ V, 2*V)", np.hstack([W @ V, 2 * V])),
        ("vstack(W, X @ V)", np.vstack([W, X @ V])),
        ("transpose([b, 2*x])", np.transpose([B, [2, 4]])),
        ("flatten(W)", W.ravel()),
        ("flatten(W @ V)", (W @ V).ravel()),
        ("reshape(W @ V, 4, 1)", (W @ V).reshape(4, 1)),
        ("reshape(hstack(W, 2*V), 2, 2, 2)", np.hstack([W, 2 * V]).reshape(2, 2, 2)),
        ("column(b)*x", np.outer(B, [1, 2])),
        ("outer(b, x)", np.outer(B, [1, 2])),
        ("diag(W @ V)", np.diagonal(W @ V)),
        ("trace(W @ V)", np.trace(W @ V)),
        ("(W @ V)[2]", (W @ V)[1]),
        ("(W @ V)[:,1]", (W @ V)[:, 0]),
        ("(W @ V)[1,2]", (W @ V)[0, 1]),
        ("W[2]", W[1]),
        ("W[-1,:]", W[1]),
        ("W[:,-2]", W[:, 0]),
        ("concat(x, b, w)[1:5:2]", [1, 0.1, 0.5]),
        ("concat(x, b, w)[-2:]", [-0.1, 0.5]),
        ("softmax(b)[1]", np.exp(0.1) / (np.exp(0.1) + np.exp(-0.1))),
        ("row_max(W @ V)", (W @ V).max(1, keepdims=True)),
        ("column_max(W)", W.max(0)),
        ("row_min(W)", W.min(1, keepdims=True)),
        ("column_min(W @ V)", (W @ V).min(0)),
        ("column_softmax(W)", np.exp(W) / np.exp(W).sum(0)),
        ("row_logsumexp(W)", np.log(np.exp(W).sum(1, keepdims=True))),
        ("log_softmax(b)", B - np.log(np.exp(B).sum())),
        ("row_log_softmax(W @ V)", W @ V - np.log(np.exp(W @ V).sum(1, keepdims=True))),
        ("[W, V][2]", V),
        ("[W, V][1,2,1]", 0.3),
    ],
)  # fmt: skip
def test_what_only_moves_elements_moves_them_as_numpy_does(formula: str, expected: object) -> None:
    run = witnessed(loads(network(f'y = "{formula}"\nL = "sum(y*y) + sum(W*W) + sum(V*V) + sum(b*b) + w"')))
    np.testing.assert_allclose(values(run, "y"), expected, rtol=1e-12)
    assert run.graph.blocks["y"].shape == np.shape(expected)


@pytest.mark.parametrize(
    ("given", "of_w"),
    [
        ("y = [[0.1, -0.20], [0.3, 0.4]]", X.T @ np.array([[0.1, -0.2], [0.3, 0.4]])),
        ("y = 1.5", X.T @ np.full((2, 2), 1.5)),
        ('y = [["1/4 - 1", -0.2], ["-2/5", 0.4]]', X.T @ np.array([[-0.75, -0.2], [-0.4, 0.4]])),
        ('y = "1/4"', X.T @ np.full((2, 2), 0.25)),
        ('"y[2,1]" = 2\n"y[1,2]" = -1', X.T @ np.array([[0, -1], [2, 0]])),
    ],
)
def test_an_upstream_gradient_may_be_an_array(given: str, of_w: object) -> None:
    text = "[inputs]\nX = [[1, 2], [0.5, -1]]\n[parameters]\nW = [[0.1, 0.2], [0.3, -0.4]]\n"
    run = witnessed(loads(f'{text}[equations]\ny = "X @ W"\n[learning.upstream]\n{given}\n'))
    block = run.graph.blocks["W"]
    np.testing.assert_allclose(run.adjoints[block.start : block.start + 4].reshape(2, 2), of_w, rtol=1e-12)
    objective = run.graph.node(run.graph.loss).formula
    assert objective is not None
    if "0.20" in given:
        assert to_text(objective, ASCII) == "0.1*y[1,1] - 0.20*y[1,2] + 0.3*y[2,1] + 0.4*y[2,2]"


@pytest.mark.parametrize("depth", range(6, 14))
def test_a_deep_condition_is_cut_at_its_sides(depth: int) -> None:
    side = "w"
    for _ in range(depth):
        side = f"tanh({side})"
    run = witnessed(loads(network(f'y = "where({side} < 0.3, w**2, 2*w)"\nL = "y + sum(W*W) + sum(V*V) + sum(b*b)"')))
    found = run.graph.blocks["y"].formula
    assert found is not None
    assert any(isinstance(part, Comparison) for part in walk(found))
