"""The third witness of a run: SymPy's derivatives in numbers, beside the engine's rules and the finite differences."""

from __future__ import annotations

import re

import pytest

from backprop_tutor.engine import graph, trace
from backprop_tutor.engine.build import build
from backprop_tutor.lesson.steps import backward_edges
from backprop_tutor.lesson.third import MOST_EDGES, ThirdWitness
from backprop_tutor.render.run.json_document import document
from backprop_tutor.render.run.options import RunOptions
from backprop_tutor.scenario.loading import load, loads
from tests.program import SCENARIOS
from tests.test_screens import bare, read_out, shown

NUMERIC = [name for name in SCENARIOS if name != "symbolic_cross_entropy"]

NORMALISED = """
[inputs]
x = [0.3, 0.7, -0.4]
[parameters]
w = 0.9
b = 0.1
[equations]
z = "w*x + b"
n = "(z - mean(z))/std(z)"
L = "n[1]**3 + 0.2*n[2]"
"""

SATURATED = """
[inputs]
x = 1
[parameters]
w = {w}
[equations]
a = "{name}(w*x)"
L = "(a - 2)**2"
"""


@pytest.mark.parametrize("name", NUMERIC)
def test_every_derivative_shown_agrees_with_sympys_and_it_is_said(name: str) -> None:
    text = " ".join(bare(shown(name, "no_color", 80)).split())
    [counts] = re.findall(r"✓ all (\d+) derivatives agree with SymPy's \((.*?); worst gap \S+, threshold 1e-9\)", text)
    assert int(counts[0]) == sum(map(int, re.findall(r"(\d+) (?:local|gradient)", counts[1])))
    assert "derivatives agree with SymPy's" in read_out(name)


@pytest.mark.parametrize("name", NUMERIC)
def test_json_has_sympys_numbers(name: str) -> None:
    run = trace.run(build(load(name)))
    found, agrees = document(run, run.graph, RunOptions())
    assert agrees
    for entry in (*found["local_derivatives"], *found["gradients"]):
        assert entry["symbolic"] == pytest.approx(entry["value"], rel=1e-9, abs=1e-14)


def test_a_wrong_derivative_rule_disagrees(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trace.run(build(load("two_sigmoid_outputs")))
    result, operand = run.graph.id("a_h1"), run.graph.id("h1")
    right = run.local(result, operand)
    assert ThirdWitness(run).local(result, operand).agrees  # type: ignore[union-attr]
    monkeypatch.setattr(trace.Trace, "local", lambda self, of, by: 1.001 * right)
    found = ThirdWitness(run).local(result, operand)
    assert found is not None
    assert not found.agrees
    assert found.relative_error == pytest.approx(1e-3, rel=1e-2)
    assert not document(run, run.graph, RunOptions())[1]


def test_products_that_cancel_agree() -> None:
    run = trace.run(build(loads(NORMALISED)))
    third = ThirdWitness(run)
    for name in ("b", "w", "mean(z)"):
        if name in {run.graph.name(n) for n in run.path_counts}:
            found = third.gradient(run.graph.id(name))
            assert found is not None
            assert found.agrees


def test_a_sum_of_deviations_from_their_mean_is_rounding_and_no_disagreement() -> None:
    text = """
[parameters]
w = 0.5
[equations]
z = "w*x"
mu = "mean(samples(z))"
v = "mean((samples(z) - mu)**2)"
y = "(z - mu)/sqrt(v + 1e-5)"
L = "mean(samples(y)**3) + 0.05*w**2"
"""
    run = trace.run(build(loads(text + "".join(f"[[samples]]\nx = {x}\n" for x in (1, 2, 4)))))
    by_mean = ThirdWitness(run).local(run.graph.id("v"), run.graph.id("mu"))
    assert by_mean is not None
    assert by_mean.agrees
    assert 0 < abs(run.local(run.graph.id("v"), run.graph.id("mu"))) < 1e-15
    assert document(run, run.graph, RunOptions())[1]


@pytest.mark.parametrize("w", ["9", "18", "-18", "40", "-40", "700", "-700"])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu", "silu", "elu"])
def test_saturated_units_agree(name: str, w: str) -> None:
    run = trace.run(build(loads(SATURATED.format(name=name, w=w))))
    third = ThirdWitness(run)
    for result, operand in backward_edges(run.graph):
        found = third.local(result, operand)
        assert found is not None
        assert found.agrees, (name, w, found)


def test_rounding_in_a_sum_of_many_deviations_is_no_disagreement_either(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
[parameters]
x = [1.6132, -1.1554, -1.2971, 1, -0.99891, 0.99953]
[equations]
v = "x*x*x - x"
L = "mean((v - mean(v))**2) + v[1]"
"""
    monkeypatch.setattr(graph, "tape_of", lambda *_: None)  # which happens to sum up to 0 here
    run = trace.run(build(loads(text)))
    third = ThirdWitness(run)
    mean = run.graph.id("L.1")
    assert 0 < abs(run.gradient(mean)) < 1e-15
    for found in (third.local(run.graph.loss, mean), third.gradient(mean)):
        assert found is not None
        assert found.agrees


SHIFTED = """
[inputs]
x = [0.68, -0.78]
[parameters]
W1 = [[1.44, 0.38], [0.3, 0.14]]
b1 = [-0.65, 1.1]
W2 = [[-0.24, 1.34], [-1.0, 1.16]]
c = 1.29
[targets]
y = [0.8, 0.2]
[equations]
a1 = "W1 @ (x - 0.1) + b1*1.1"
h1 = "softplus(a1)"
a2 = "h1 @ W2 + c"
yhat = "softmax(a2)"
L = "sum((y - yhat)**2)"
"""


def test_what_a_softmax_takes_away_again_is_rounding() -> None:
    run = trace.run(build(loads(SHIFTED)))
    found = ThirdWitness(run).gradient(run.graph.id("c"))
    assert found is not None
    assert 0 < abs(found.value) < 1e-15
    assert found.agrees


EXTREME = """
[inputs]
x = [1000, 0, -1000]
[parameters]
w = 1.0
[targets]
y = [1, 0, 0]
[equations]
z = "w*x"
g = "gelu(z)"
s = "sigmoid(z)"
L = "sum(g) + sum((y - s)**2)"
"""


def test_a_formula_without_a_number_at_extreme_ones_is_asked_for_again() -> None:
    run = trace.run(build(loads(EXTREME)))
    third = ThirdWitness(run)
    found = [third.local(result, operand) for result, operand in backward_edges(run.graph)]
    assert all(one is not None and one.agrees for one in found)
    assert document(run, run.graph, RunOptions())[1]


def test_of_a_large_network_sympy_has_the_local_derivatives_alone() -> None:
    values = ", ".join(["0.1"] * (MOST_EDGES // 2 + 1))
    run = trace.run(build(loads(f'[parameters]\nw = [{values}]\n[equations]\na = "w**2"\nL = "sum(a)"\n')))
    third = ThirdWitness(run)
    assert third.gradient(run.graph.id("w[1]")) is None
    assert third.local(run.graph.id("a[1]"), run.graph.id("w[1]")) is not None


def test_a_scenario_without_numbers_is_checked_at_drawn_ones() -> None:
    text = " ".join(bare(shown("symbolic_cross_entropy", "no_color", 80)).split())
    said = "with numbers drawn for the unknowns, all 30 derivatives agree with"
    assert f"✓ {said} a central difference" in text
    assert f"✓ {said} SymPy's" in text
    only = RunOptions(parts=("forward",), quiet=True)
    assert "drawn" not in bare(shown("symbolic_cross_entropy", "no_color", 80, only))


def test_every_relative_gap_is_shown_where_there_is_room() -> None:
    options = RunOptions(parts=("local",), quiet=True)
    wide = bare(shown("two_sigmoid_outputs", "no_color", 120, options))
    assert re.search(r"difference +gap$", wide, re.M)
    assert len(re.findall(r"✓ +(?:\d(?:\.\d)?e-\d+|0)$", wide, re.M)) == 24
    assert not re.search(r"\bgap$", bare(shown("two_sigmoid_outputs", "no_color", 80, options)), re.M)
    assert len(re.findall(r", relative gap \S+, check ok", read_out("two_sigmoid_outputs", options))) == 24


def test_three_ways_have_their_gaps_beside_the_thresholds() -> None:
    text = bare(shown("two_sigmoid_outputs", "no_color", 80, RunOptions(grads=("w11",), quiet=True)))
    assert re.findall(r"✓  gap \S+ < (\S+)$", text, re.M) == ["1e-9", "1e-6"]
