"""Scenarios into graphs: names, elements, samples, levels, and every formula written out as its engine works it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from backprop_tutor.engine import graph
from backprop_tutor.engine.build import build
from backprop_tutor.engine.trace import Trace
from backprop_tutor.errors import RequestError
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.notation import element_indices, element_name
from backprop_tutor.formulas.parse import parse
from backprop_tutor.formulas.typeset import to_text
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.lesson import symbolic
from backprop_tutor.scenario.loading import loads
from tests.random_networks import networks, traced

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))

ELEMENTS = """
[inputs]
x = [0.5, -1.0]
[parameters]
W = [[0.1, 0.7], [-0.4, 0.3]]
[equations]
h = "W @ x"
s = "{s}"
L = "s**2 + sum(h)"
[elements]
x = "x_{{i}}"
W = "w_{{i}}{{j}}"
h = "h_{{i}}"
"""


# ---------------------------------------------------------------- properties
@QUICK
@given(networks())
def test_the_formula_shown_for_every_node_has_its_value(run: Trace) -> None:
    for node in run.graph.nodes_of("computed"):
        found = run.graph.node(node)
        assert found.expanded is not None
        operands = [abs(run.value(operand)) for operand in found.operands]
        size = max([1.0, abs(run.value(node)), *operands]) ** 2
        value = evaluate(found.expanded, run.value)
        assert math.isclose(value, run.value(node), rel_tol=1e-12, abs_tol=1e-13 * size)


@QUICK
@given(networks())
def test_a_node_has_the_operands_that_its_engine_uses(run: Trace) -> None:
    edges = set(zip(*(side.tolist() for side in run.graph.edges), strict=True))
    written = {(node, operand) for node in run.graph.nodes_of("computed") for operand in run.graph.node(node).operands}
    assert written == edges
    assert all(run.graph.levels[result] > run.graph.levels[operand] for result, operand in edges)
    assert all(result > operand for result, operand in edges)


@QUICK
@given(networks())
def test_names_are_unique_and_lead_back_to_their_nodes(run: Trace) -> None:
    names = [run.graph.name(node) for node in range(run.graph.size)]
    assert len(set(names)) == len(names)
    assert [run.graph.id(name) for name in names] == list(range(run.graph.size))
    assert sorted(run.graph.order()) == list(range(run.graph.size))


@QUICK
@given(networks())
def test_ancestors_and_descendants(run: Trace) -> None:
    loss = graph.ancestors(run.graph, run.graph.loss)
    for node in run.graph.nodes_of("parameter"):
        after = graph.descendants(run.graph, node)
        assert after[run.graph.loss] == loss[node] == (run.path_count(node) > 0)
        assert all(run.graph.reaches(node, other) == after[other] for other in range(run.graph.size))


# ---------------------------------------------------------------- names of elements
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("w_12*h_1", "W[1,2]*h[1]"),
        ("h_2 + x_1", "h[2] + x[1]"),
        ("h[2] + w_21", "h[2] + W[2,1]"),
        ("h_1*h_1", "h[1]**2"),
    ],
)
def test_a_formula_may_use_the_documents_names_of_elements(typed: str, meant: str) -> None:
    by_name, by_index = traced(ELEMENTS.format(s=typed)), traced(ELEMENTS.format(s=meant))
    assert by_name.loss == by_index.loss
    assert np.array_equal(by_name.adjoints, by_index.adjoints)
    formula = by_name.graph.node(by_name.node("s")).formula
    assert formula is not None
    assert to_text(formula).replace("·", "*") == typed.replace("h[2]", "h_2")


def test_a_computed_array_may_be_used_by_its_elements_names_before_its_equation() -> None:
    run = traced('[parameters]\nw = [1, 2, 3]\n[equations]\nL = "h_3*h_1"\nh = "2*w"\n[elements]\nh = "h_{i}"\n'
                 '[learning]\nloss = "L"\n')  # fmt: skip
    assert run.loss == 12


def test_indices_that_touch_are_read_by_the_shape() -> None:
    text = """
[parameters]
w = {{ shape = [{rows}, {columns}], value = 0.5 }}
[equations]
H = "2*w"
L = "sum(H) + {name}"
[elements]
H = "h_{{i}}{{j}}"
"""
    cases = ((2, 12, "h_112", "H[1,12]"), (12, 2, "h_112", "H[11,2]"), (2, 2, "h_12", "H[1,2]"))
    for rows, columns, name, meant in cases:
        run = traced(text.format(rows=rows, columns=columns, name=name))
        (extra,) = [c for c in run.contributions(meant) if c.local == 2.0] or [None]
        assert extra is not None, (rows, columns)


def test_element_names_and_indices_are_inverse() -> None:
    patterns = {"w_2{i}{j}": (1, 3), "x_{i}": (12,), "a{i}_{j}b": (10, 2), "t{k}_{j}_{i}": (1, 2, 3)}
    for pattern, index in patterns.items():
        assert list(element_indices(pattern, element_name("A", pattern, index))) == [index]
    assert list(element_indices("w_{i}{j}", "w_111")) == [(1, 11), (11, 1)]
    assert list(element_indices("w_{i}", "w_01")) == []
    assert list(element_indices("w_{i}", "v_1")) == []
    assert list(element_indices("d{i}_{i}", "d3_3")) == [(3,)]
    assert list(element_indices("d{i}_{i}", "d3_4")) == []
    assert element_name("W#2", "w_{i}", (3,)) == "w_3#2"


def test_unknown_names_are_told_with_the_nearest() -> None:
    run = traced(ELEMENTS.format(s="x_1"))
    for name, help in (
        ("w_13", "'w_12'"),
        ("W", "name one element, for example w_11"),
        ("W[3,1]", ""),
        ("zebra", ""),
    ):
        with pytest.raises(RequestError) as caught:
            run.graph.id(name)
        assert help in caught.value.problems[0].help
    assert run.graph.id("W[1, 2]") == run.graph.id("w_12")


# ---------------------------------------------------------------- odd names
@pytest.mark.parametrize(
    ("quantities", "formula", "value"),
    [
        ({"e": 2.0}, "e^2 + e*exp(0)", 6.0),
        ({"x": 2.0}, "e^(0*x) + x", 3.0),
        ({"δ": 2.0, "λ_1": 3.0}, "δ*λ_1", 6.0),
        ({"w'": 2.0, "w''": 5.0, "w": 1.0}, "w*w' + w''", 7.0),
        ({"d1": 2.0, "dL": 3.0, "d": 4.0}, "d1*dL/d", 1.5),
        ({"ŷ": 2.0, "σ_1": 0.0}, "ŷ + σ(σ_1)", 2.5),
        ({"E1": 3.0, "e1": 2.0}, "2e1*E1 + e1", 62.0),
        ({"max_1": 3.0, "pi_0": 2.0}, "max(max_1, pi_0) + 0*pi", 3.0),
        ({"i": 2.0, "j": 3.0, "S": 5.0, "N": 7.0, "I": 11.0}, "i*j + S*N*I", 391.0),
        ({"lambda_": 2.0, "None_": 3.0, "class1": 4.0}, "lambda_*None_ - class1", 2.0),
    ],
)
def test_names_mean_what_the_scenario_says(quantities: dict[str, float], formula: str, value: float) -> None:
    given_ = "".join(f'"{name}" = {number}\n' for name, number in quantities.items())
    run = traced(f'[parameters]\n{given_}[equations]\nLoss = "{formula}"\n')
    assert run.loss == pytest.approx(value, rel=1e-15)
    for name in quantities:
        node = run.node(name)
        assert run.graph.name(node) == name
        (edge,) = run.contributions(name)
        shown = evaluate(lesson.local_formula(run.graph, run.graph.loss, node), run.value)
        assert shown == pytest.approx(edge.local, rel=1e-14)
        assert symbolic.witness(run.graph.node_formula(run.graph.loss), name, run.value) == pytest.approx(edge.local)


def test_a_functions_variable_is_its_own_whatever_the_scenario_calls_so() -> None:
    text = '[parameters]\ne = 3\nx = 2\n[functions]\n"f(x)" = "1/(1 + e^(-x))"\n"g(e)" = "e^2"\n[equations]\n'
    run = traced(text + 'L = "f(e) + g(x)"\n')
    assert run.loss == pytest.approx(1 / (1 + math.exp(-3)) + 4)


# ---------------------------------------------------------------- functions of a whole array
def test_functions_of_one_number_and_of_arrays() -> None:
    run = traced(
        '[parameters]\nw = 0.5\nv = [0.2, 0.4]\n[functions]\n"f(x)" = "x/sum(x)"\n"g(x)" = "x**2"\n[equations]\n'
        'a = "mse(w, 0.2) + binary_cross_entropy(0.3, w)"\nb = "f(v)"\nc = "g(v)"\nd = "f(w) + mean(w) + max(w)"\n'
        'L = "a + sum(b*c) + d"\n'
    )
    shown = {name: run.graph.node(run.node(name)).formula for name in ("a", "b[2]", "c[2]", "d")}
    assert {name: to_text(formula) for name, formula in shown.items() if formula} == {
        "a": "mse(w, 0.2) + binary_cross_entropy(0.3, w)",
        "b[2]": "v[2] / (v[1] + v[2])",
        "c[2]": "g(v[2])",
        "d": "f(w) + mean(w) + max(w)",
    }
    assert run.value("a") == pytest.approx(0.09 - 0.3 * math.log(0.5) - 0.7 * math.log(0.5))
    assert run.value("b[2]") == pytest.approx(0.4 / 0.6)
    assert run.value("d") == pytest.approx(2.0)


def test_only_the_element_that_is_asked_for_is_written_out() -> None:
    built = build(loads(
        '[inputs]\nx = { shape = [700], value = 0.1 }\n[parameters]\nW = { shape = [1000, 700], value = 0.1 }\n'
        '[equations]\na = "W @ x"\nL = "sum(a*a)"\n'
    ))  # fmt: skip
    node = built.node(built.id("a[7]"))
    assert len(node.operands) == 1400
    assert len(built.unroller.__dict__["_shapes"]) <= 3


# ---------------------------------------------------------------- samples
SAMPLES = """
[inputs]
x = "?"
[parameters]
w = 0.5
[targets]
t = "?"
[equations]
r = "w**2"
y = "w*x + r"
L = "(t - y)**2"
{learning}
[[samples]]
x = 1
t = 2
[[samples]]
x = 3
t = 1
"""


@pytest.mark.parametrize(("over", "share"), [("mean", 0.5), ("sum", 1.0)])
def test_samples_share_what_does_not_differ(over: str, share: float) -> None:
    run = traced(SAMPLES.format(learning=f'[learning]\nover_samples = "{over}"'))
    names = [run.graph.name(node) for node in run.graph.order()]
    assert names == ["x#1", "x#2", "w", "t#1", "t#2", "r", "y#1", "L#1", "y#2", "L#2", "L"]
    assert run.loss == pytest.approx(share * (1.25**2 + 0.75**2))
    assert run.gradient("L#1") == share
    assert run.graph.blocks["y#2"].sample == 2


def test_an_element_may_be_the_loss() -> None:
    for name in ("p_2", "p[2]"):
        run = traced('[parameters]\nz = [0.1, 0.2]\n[equations]\np = "softmax(z)"\n[elements]\np = "p_{i}"\n'
                     f'[learning]\nloss = "{name}"\n')  # fmt: skip
        assert run.graph.name(run.graph.loss) == "p_2"
        assert run.gradient("z[2]") == pytest.approx(run.value("p_2") * (1 - run.value("p_2")))


def test_given_gradients_arrive_at_outputs_and_elements() -> None:
    run = traced('[parameters]\nx = [1, 2]\n[equations]\nv = "x*x"\ns = "x[1]*3"\n[elements]\nv = "v_{i}"\n'
                 '[learning.upstream]\ns = -0.5\nv_2 = 1e-40\n')  # fmt: skip
    assert run.gradient("s") == -0.5
    assert run.gradient("v_2") == 1e-40
    assert run.gradient("v_1") == 0
    assert run.gradient("x[1]") == -1.5
    assert run.graph.blocks[run.graph.name(run.graph.loss)].given


def test_nodes_of_one_shape_run_as_one_group() -> None:
    run = traced("[parameters]\n" + "".join(f"w{i} = {i}\n" for i in range(1, 9))
                 + "[equations]\n" + "".join(f'h{i} = "w{i}*w{9 - i} + 1"\n' for i in range(1, 9))
                 + 'L = "' + "*".join(f"h{i}" for i in range(1, 9)) + '"\n')  # fmt: skip
    assert [(group.level, group.rows) for group in run.graph.groups] == [(1, 8), (2, 1)]


def test_the_authors_digits_and_formulas_are_kept() -> None:
    run = traced('[parameters]\nw = 0.20\nv = [1, 2.50]\n[equations]\nL = "v[2]*w + (w*0.10)"\n')
    assert run.graph.typed(run.node("w")) == "0.20"
    assert run.graph.typed(run.node("v[2]")) == "2.50"
    assert run.graph.typed(run.node("L")) is None
    formula = run.graph.blocks["L"].formula
    assert formula == parse("v[2]*w + (w*0.10)")
