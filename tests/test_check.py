"""Finite differences: document 002's own checks digit for digit, sensible steps, honest verdicts."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings

from backprop_tutor.engine import check, nudge, trace
from backprop_tutor.engine.trace import Trace
from backprop_tutor.scenario.loading import load
from tests.random_networks import networks, traced


@pytest.mark.parametrize(
    ("of", "by", "stated"),
    [
        ("e1", "w21", "-9.599964"),
        ("e2", "w22", "-4.799964"),
        ("e1", "w11", "-3.83999424"),
        ("e2", "w11", "-0.95999856"),
    ],
)
def test_document_002s_own_checks_to_every_digit_it_states(of: str, by: str, stated: str) -> None:
    run = trace.run(load("linear_two_errors"))
    end, node = run.node(of), run.node(by)
    found = check.differences(run.graph, run.values, [node], "forward", 1e-6, end)
    decimals = len(stated.partition(".")[2])
    assert f"{found.values[0]:.{decimals}f}" == stated
    [verdict] = check.check_gradients(run, [node], "forward", 1e-6, end)
    assert verdict.agrees
    assert verdict.value == run.derivative(end, node)
    assert verdict.difference == found.values[0]
    assert verdict.step == 1e-6


def test_a_forward_difference_has_the_steps_it_is_given() -> None:
    run = trace.run(load("two_sigmoid_outputs"))
    nodes = run.graph.nodes_of("parameter")
    assert {found.step for found in check.check_gradients(run, nodes, "forward")} == {1e-6}
    assert {found.step for found in check.check_gradients(run, nodes, "central", 1e-4)} == {1e-4}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_any_objective_agrees(run: Trace) -> None:
    nodes = run.graph.nodes_of("parameter", "input")
    for end in run.graph.nodes_of("computed")[::3]:
        assert all(found.agrees for found in check.check_gradients(run, nodes, objective=end))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_companies_of_nodes_do_not_change_a_difference(run: Trace) -> None:
    """Nudged together or one by one, followed entry by entry or in whole rows: the same numbers."""
    nodes = run.graph.nodes_of("parameter", "input", "computed")
    together = check.differences(run.graph, run.values, nodes)
    others = []
    for cost, batch in ((0, 1 << 14), (0, 1), (1e9, 1 << 14), (1e9, 2), (30, 3)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nudge, "LIST_COST", cost)
            patch.setattr(nudge, "FIRST_BATCH", batch)
            patch.setattr(nudge, "MOST", batch)
            others.append(check.differences(run.graph, run.values, nodes))
    for i, node in enumerate(nodes):
        alone = check.differences(run.graph, run.values, [node])
        for other in (*(found.values[i] for found in others), alone.values[0]):
            assert math.isclose(together.values[i], other, rel_tol=1e-6, abs_tol=10 * together.noise[i] + 1e-15)


@pytest.mark.parametrize("value", ["1e-8", "1e-3", "1", "1e3", "1e6"])
@pytest.mark.parametrize("formula", ["w**2", "log(w)", "sqrt(w)", "1/w", "w*1e-9", "w*1e9", "w**3 - w", "1/(1 + w)"])
def test_the_step_suits_the_quantity(formula: str, value: str) -> None:
    run = traced(f'[parameters]\nw = {value}\n[equations]\nh = "{formula}"\nL = "2*h"\n')
    [found] = check.check_gradients(run, [run.node("w")])
    assert found.agrees, found
    [found] = check.check_locals(run, [(run.node("h"), run.node("w"))])
    assert found.agrees, found


@pytest.mark.parametrize(
    ("formula", "value"),
    [("(w - 3)**2", 3.0), ("cos(w)", 0.0), ("w**4", 0.0), ("0*w + 1e6", 1.0), ("w - w", 2.0), ("exp(-w**2)", 0.0)],
)
@pytest.mark.parametrize("method", ["central", "forward"])
def test_a_slope_of_0_agrees(formula: str, value: float, method: check.Method) -> None:
    run = traced(f'[parameters]\nw = {value}\n[equations]\nL = "{formula}"\n')
    [found] = check.check_gradients(run, [run.node("w")], method)
    assert found.value == 0
    assert found.agrees, found
    assert found.relative_error <= 1


def test_a_difference_drowned_in_rounding_knows_it() -> None:
    run = traced('[parameters]\nw = 1\n[equations]\nbig = "w*1e-12 + 1e6"\nL = "big"\n')
    [found] = check.check_gradients(run, [run.node("w")])
    assert (found.agrees, found.undecided) == (True, "rounding")
    wrong = Trace(run.graph, run.values, run.adjoints * 1e9)
    assert not check.check_gradients(wrong, [run.node("w")])[0].agrees


@pytest.mark.parametrize(
    "text",
    [
        '[inputs]\nx = 2\n[parameters]\nw = 0.5\n[equations]\ny = "w*x"\nL = "(1 - y)**2"\n',
        '[inputs]\nx = 3\n[parameters]\nw = 0.5\n[equations]\ny = "w*x"\nL = "1/2*(y - 1.5)**2"\n',
        '[inputs]\nx = 3\n[parameters]\nw = 0.7\n[equations]\nL = "(2.1 - w*x)**2 + (2.1 - 3*w)**2"\n',
        '[parameters]\nw = [0.1, 0.2, 0.7]\n[equations]\ns = "sum(w)"\nd = "1 - s"\nL = "d*d*1e3"\n',
    ],
)
def test_an_error_of_exactly_0_is_no_disagreement(text: str) -> None:
    """At the bottom of a square the loss has nothing to round; the quantities before it have."""
    run = traced(text)
    assert run.loss == 0
    edges = [
        (result, operand) for result in run.graph.nodes_of("computed") for operand in run.graph.node(result).operands
    ]
    found = [*check.check_gradients(run, list(run.graph.order())), *check.check_locals(run, edges)]
    assert all(one.agrees and not one.kink and not one.undecided for one in found)
    assert all(one.relative_error < 1e-5 for one in found)


def test_a_wrong_gradient_at_an_error_of_0_is_noticed() -> None:
    run = traced('[parameters]\nw = 0.5\nv = 2\n[equations]\ny = "w*v"\nL = "(1 - y)**2"\n')
    wrong = Trace(run.graph, run.values, run.adjoints + 1e-9)
    assert not any(one.agrees for one in check.check_gradients(wrong, [run.node("w"), run.node("v")]))


SMALL = """
[inputs]
y = -3.5e6
[parameters]
b = 1_000
c = 1e3
d = 1e-3
[equations]
v = "b*y + c*1e-8 + sin(d*1e-9)"
L = "v**2"
"""


def test_small_derivatives_get_a_larger_step_or_are_unclear() -> None:
    run = traced(SMALL)
    c, d, v = (run.node(name) for name in "cdv")
    for one in (*check.check_gradients(run, [c]), *check.check_locals(run, [(v, c)])):
        assert (one.agrees, one.undecided) == (True, "")
        assert math.isclose(one.difference, one.value, rel_tol=1e-2)
        assert one.step > 1e3
    [found] = check.check_gradients(run, [d], h=1e-3)
    assert (found.agrees, found.undecided) == (True, "rounding")
    # nothing that is plainly different counts as agreeing
    for one in (*check.check_gradients(run, [c, d]), *check.check_locals(run, [(v, c), (v, d)])):
        if not one.undecided:
            assert abs(one.value - one.difference) <= 0.02 * abs(one.value)


@pytest.mark.parametrize("method", ["central", "forward"])
def test_a_step_that_is_much_too_large_is_unclear(method: check.Method) -> None:
    run = trace.run(load("two_sigmoid_outputs"))
    nodes = run.graph.nodes_of("parameter")
    edges = [(run.node("a_h1"), run.node("h1"))]
    for one in (*check.check_gradients(run, nodes, method, 1000.0), *check.check_locals(run, edges, method, 1000.0)):
        assert (one.undecided or not one.agrees) == "step", one
    assert not any(one.undecided for one in check.check_gradients(run, nodes, method, 1e-5))


def test_a_step_out_of_the_domain_tells_nothing_and_is_no_warning() -> None:
    run = traced('[parameters]\nw = 0.001\n[equations]\nL = "log(w)"\n')
    assert check.check_gradients(run, [run.node("w")])[0].agrees
    for found in (
        check.check_gradients(run, [run.node("w")], h=0.01)[0],
        check.check_locals(run, [(run.node("L"), run.node("w"))], h=0.01)[0],
    ):
        assert math.isnan(found.difference)
        assert found.undecided == "step"


def test_a_target_far_from_everything_is_checked_too() -> None:
    run = trace.run(load("matrix_softmax"))
    nodes = run.graph.nodes_of("input", "target", "parameter", "computed")
    assert all(found.agrees and not found.kink for found in check.check_gradients(run, nodes))
    assert check.check_gradients(run, []) == ()


def test_a_large_network_is_checked_in_seconds() -> None:
    run = traced("""
[inputs]
x = { shape = [200], value = 0.1 }
[parameters]
W1 = { shape = [40, 200], value = 0.01 }
b1 = { shape = [40], value = 0.02 }
W2 = { shape = [10, 40], value = 0.03 }
[targets]
y = { shape = [10], value = 0.1 }
[equations]
h = "sigmoid(W1 @ x + b1)"
o = "W2 @ h"
p = "softmax(o)"
L = "sum((y - p*p)**2)"
""")
    nodes = run.graph.nodes_of("parameter")
    assert len(nodes) == 8_440
    assert all(found.agrees for found in check.check_gradients(run, nodes))
