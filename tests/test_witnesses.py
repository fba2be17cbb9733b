"""The three witnesses of every derivative agree on random networks, and each notices a rule that is 0.1 % off.

Engine: the rules of functions.py and rules.py. SymPy: its own derivative of the written-out formula. Differences:
no rule at all. They share no derivative code.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings

from backprop_tutor.engine import check, graph, rules, tape, template, trace
from backprop_tutor.engine.trace import Trace
from backprop_tutor.formulas import functions
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.lesson import symbolic
from backprop_tutor.lesson.third import ThirdWitness
from backprop_tutor.values import replace
from tests.random_networks import (
    FLAT,
    KINDS,
    away_from_kinks,
    edges,
    network,
    networks,
    recurrence,
    scalar_network,
    traced,
)

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def near(one: float, other: float, size: float = 0.0) -> bool:
    """Equal but for rounding; `size` is how large the numbers were that were added up."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12 * max(1.0, size))


# ---------------------------------------------------------------- agreement
@QUICK
@given(networks())
def test_local_derivatives_agree_with_sympy_differences_and_the_formula_shown(run: Trace) -> None:
    ways = edges(run)
    for (result, operand), found in zip(ways, check.check_locals(run, ways), strict=True):
        value, by = run.local(result, operand), run.graph.name(operand)
        assert found.agrees, (run.graph.name(result), by, found)
        assert not found.kink
        assert near(value, symbolic.witness(run.graph.node_formula(result), by, run.value))
        assert near(value, evaluate(lesson.local_formula(run.graph, result, operand), run.value))


@QUICK
@given(networks())
def test_gradients_agree_with_differences_and_with_sympys_local_derivatives_multiplied(run: Trace) -> None:
    graph = run.graph
    adjoints = {graph.loss: 1.0}
    sizes = {graph.loss: 1.0}
    for result in sorted(graph.nodes_of("computed"), reverse=True):
        for operand in graph.node(result).operands:
            if result in adjoints:
                local = symbolic.witness(graph.node_formula(result), graph.name(operand), run.value)
                adjoints[operand] = adjoints.get(operand, 0.0) + adjoints[result] * local
                sizes[operand] = sizes.get(operand, 0.0) + sizes[result] * abs(local)
    nodes = graph.nodes_of("parameter", "input", "computed")
    for node, found in zip(nodes, check.check_gradients(run, nodes), strict=True):
        assert found.agrees, (graph.name(node), found)
        assert near(run.gradient(node), adjoints.get(node, 0.0), sizes.get(node, 0.0))


@pytest.mark.parametrize("method", ["forward", "central"])
@settings(QUICK, max_examples=12)
@given(networks())
def test_a_step_of_ones_own_choice_agrees_too(method: check.Method, run: Trace) -> None:
    nodes = run.graph.nodes_of("parameter")
    assert all(found.agrees for found in check.check_gradients(run, nodes, method, 1e-5))
    assert all(found.agrees for found in check.check_locals(run, edges(run), method, 1e-5))


@pytest.mark.parametrize("seed", range(6))
def test_the_expanded_loss_of_a_small_network_differentiated_whole_by_sympy(seed: int) -> None:
    rng = random.Random(seed)
    run = next(r for r in (traced(scalar_network(rng, 3)) for _ in range(50)) if away_from_kinks(r))
    graph = run.graph
    expanded: dict[str, Any] = {}
    for node in graph.nodes_of("computed"):
        expanded[graph.name(node)] = symbolic.written_out_form(graph.node_formula(node), expanded)
    loss = expanded[graph.name(graph.loss)]
    leaves = graph.nodes_of("parameter", "input", "target")
    numbers = {symbolic.symbol(graph.name(node)): sp.Float(run.value(node), 40) for node in leaves}
    for node in graph.nodes_of("parameter", "input"):
        derivative = sp.diff(loss, symbolic.symbol(graph.name(node)))
        assert near(run.gradient(node), float(derivative.xreplace(numbers).evalf(30)))


@QUICK
@given(networks())
def test_the_second_calculation_of_every_value_agrees(run: Trace) -> None:
    for step in lesson.forward_steps(run):
        operands = [abs(run.value(operand)) for operand in step.node.operands]
        assert step.gap * abs(step.value) <= 1e-13 * max([1.0, *operands]) ** 2 or step.agrees


def test_every_function_and_every_kind_of_network_turns_up() -> None:
    texts = [network(seed) for seed in range(600)]
    called = {name for name in functions.NAMES for text in texts if f"{name}(" in text}
    assert functions.NAMES - called <= {
        "σ", "√", "ln", "logistic", "ReLU", "GELU", "swish", "xlogy", "sign", "step", "arcsin", "arccos", "arctan",
        "samples",
    }  # fmt: skip
    assert all(kind(random.Random(1)) for kind in KINDS)


# ---------------------------------------------------------------- the array form is the scalar form
def test_the_array_form_equals_the_scalar_form_written_by_hand() -> None:
    arrays = traced("""
[inputs]
x = [0.5, -1.2]
[parameters]
W = [[0.1, 0.7], [-0.4, 0.3]]
b = [0.2, -0.1]
[targets]
y = [1, 0]
[equations]
a = "W @ x + b"
p = "softmax(a)"
L = "cross_entropy(y, p)"
[elements]
x = "x{i}"
W = "W{i}{j}"
b = "b{i}"
y = "y{i}"
a = "a{i}"
p = "p{i}"
""")
    scalars = traced("""
[inputs]
x1 = 0.5
x2 = -1.2
[parameters]
W11 = 0.1
W12 = 0.7
W21 = -0.4
W22 = 0.3
b1 = 0.2
b2 = -0.1
[targets]
y1 = 1
y2 = 0
[equations]
a1 = "W11*x1 + W12*x2 + b1"
a2 = "W21*x1 + W22*x2 + b2"
p1 = "exp(a1)/(exp(a1) + exp(a2))"
p2 = "exp(a2)/(exp(a1) + exp(a2))"
L  = "-(y1*log(p1) + y2*log(p2))"
""")
    names = [scalars.graph.name(node) for node in range(scalars.graph.size)]
    assert {arrays.graph.name(node) for node in range(arrays.graph.size)} == set(names)
    for name in names:
        assert near(arrays.value(name), scalars.value(name))
        assert name.startswith("y") or near(arrays.gradient(name), scalars.gradient(name))
        assert arrays.path_count(name) == scalars.path_count(name)


def test_a_recurrence_adds_up_its_uses_of_one_weight() -> None:
    run = traced(recurrence(random.Random(3), 5))
    assert len(run.contributions("w_h")) == 5
    # step i reaches the loss through e_i, ..., e_5: 5 + 4 + 3 + 2 + 1 ways
    assert run.path_count("w_h") == 15
    assert near(run.gradient("w_h"), sum(path.product for path in run.paths("w_h", 15)))


# ---------------------------------------------------------------- a rule that is 0.1 % off
OFF = 1.001


def noticed(run: Trace) -> list[tuple[str, bool, bool]]:
    """For every edge: its name, and whether differences and SymPy notice that the engine's slope is wrong."""
    ways = edges(run)
    found = []
    for (result, operand), checked in zip(ways, check.check_locals(run, ways), strict=True):
        own = run.local(result, operand)
        by_sympy = symbolic.witness(run.graph.node_formula(result), run.graph.name(operand), run.value)
        disagrees = abs(own - by_sympy) > 1e-6 * abs(by_sympy)
        found.append((f"{run.graph.name(result)} by {run.graph.name(operand)}", not checked.agrees, disagrees))
    return found


def all_notice(run: Trace) -> None:
    for edge, by_difference, by_sympy in noticed(run):
        assert by_difference, f"no difference noticed {edge}"
        assert by_sympy, f"SymPy did not notice {edge}"
    parameters = run.graph.nodes_of("parameter")
    assert not any(found.agrees for found in check.check_gradients(run, parameters))


def nobody_notices(run: Trace) -> None:
    assert not any(by_difference or by_sympy for _, by_difference, by_sympy in noticed(run))
    assert all(found.agrees for found in check.check_gradients(run, run.graph.nodes_of("parameter")))


@pytest.mark.parametrize("name", [row.name for row in functions.PRIMITIVES])
@pytest.mark.parametrize("at", [0.7, 1.9, -0.8])
def test_a_slope_that_is_off_is_noticed(name: str, at: float, monkeypatch: pytest.MonkeyPatch) -> None:
    row = functions.primitive(name)
    if row.domain:
        at = abs(at) if row.domain == "z > 0" else at / 2
    text = f'[parameters]\nw = {at}\n[equations]\nL = "{name}(w)"\n'
    nobody_notices(traced(text))

    def off(z: functions.Array, a: functions.Array) -> functions.Array:
        # a slope of 0 is off by a thousandth of 1
        return np.where(row.slope(z, a) == 0, OFF - 1, row.slope(z, a) * OFF)

    monkeypatch.setattr(rules, "primitive", lambda _: replace(row, slope=off))
    without_tape(monkeypatch)
    all_notice(traced(text))


RULES = [
    # what passes on too much, and a formula that it works on
    (template.Add, "w + v - 0.3"),
    (template.Multiply, "w*v"),
    (template.Multiply, "v*1.5/w"),
    (template.Multiply, "2/w/v"),
    (template.Raise, "w**2 + 0*v"),
    (template.Raise, "v**3 + w**0.5"),
    (template.Raise, "2**w*v**1.5"),
    (template.Raise, "w**v"),
    (template.Apply, "tanh(w)*exp(v)"),
    (template.Reduce, "sum([w, v])"),
    (template.Reduce, "mean([w, v])"),
    (template.Reduce, "prod([w, v])"),
    (template.Reduce, "logsumexp([w, v])"),
    (template.Reduce, "max(w, 0.2)*min(v, 2)"),
    (template.Stack, "max(w, 0.2)*min(v, 2)"),
    (template.XLogY, "xlogy(w, v)"),
    (template.Choose, "where(w < v, w, 3*v)*where(v < w, 2, v)"),
]


@pytest.mark.parametrize(("rule", "formula"), RULES)
def test_a_rule_that_is_off_is_noticed(rule: type, formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'[parameters]\nw = 0.7\nv = 1.3\n[equations]\nL = "{formula}"\n'
    nobody_notices(traced(text))
    spoil(rule, monkeypatch)
    run = traced(text)
    found = noticed(run)
    assert found
    for edge, by_difference, by_sympy in found:
        if run.local(*edge.split(" by ")) != 0:
            assert by_difference, f"no difference noticed {edge}"
            assert by_sympy, f"SymPy did not notice {edge}"


def test_a_softmax_that_is_off_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[parameters]\nz = [0.7, 1.3, -0.2]\n[equations]\np = "softmax(z)"\nL = "p[1]**2 + p[2]/3"\n'
    nobody_notices(traced(text))
    spoil(template.Softmax, monkeypatch)
    run = traced(text)
    for edge, by_difference, by_sympy in noticed(run):
        assert (by_difference, by_sympy) == (edge.startswith("p["), edge.startswith("p["))
    assert not any(found.agrees for found in check.check_gradients(run, run.graph.nodes_of("parameter")))


@pytest.mark.parametrize("x", ["[0.5, -1.2, 0.8]", "[[0.5, 0.4], [-1.2, 0.3], [0.8, -0.7]]"])
def test_a_matrix_product_that_is_off_is_noticed(x: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs by a rule of its own in the backward pass, which the differences of the loss hold to account."""
    without_tape(monkeypatch)
    text = (
        f"[inputs]\nx = {x}\n[parameters]\nW = [[0.7, 1.3, -0.2], [0.4, -0.6, 0.9]]\nb = 0.3\n[equations]\n"
        'a = "W @ x"\nh = "tanh(a + b)"\nL = "sum(h**2)"\n'
    )
    run = traced(text)
    nobody_notices(run)
    weights = [run.graph.id(f"W[{i},{j}]") for i in (1, 2) for j in (1, 2, 3)]
    spoil(template.Dot, monkeypatch)
    wrong = traced(text)
    assert not any(found.agrees for found in check.check_gradients(wrong, weights))
    assert wrong.gradient("b") == run.gradient("b")


def without_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks, too, run by templates."""
    monkeypatch.setattr(graph, "tape_of", lambda *_: None)


TAPE_RULES = [
    ("_added", "w + v - 0.3"),
    ("_added", "mean([w, v, w*v])"),
    ("_multiplied", "w*v"),
    ("_divided", "v*1.5/w"),
    ("_divided", "2/w/v"),
    ("_raised", "w**2*v**2"),
    ("_raised", "w**3 + v**-0.5"),
    ("_summed_products", "dot([w, w], [v, v])"),
    *[("_applied", f"{row.name}({{}})".format("w*v/2")) for row in functions.PRIMITIVES if row.name not in FLAT],
]


@pytest.mark.parametrize(("rule", "formula"), TAPE_RULES)
def test_a_rule_of_the_tape_that_is_off_is_noticed(rule: str, formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'[parameters]\nw = 0.7\nv = 1.3\n[equations]\nL = "{formula}"\n'
    nobody_notices(traced(text))
    right = getattr(tape, rule)

    def spoiled(out: int, *rest: Any) -> tape.Operation:
        forward, backward = right(out, *rest)

        def wrong(registers: tape.Registers, adjoints: tape.Registers) -> None:
            adjoints[out] *= OFF
            backward(registers, adjoints)

        return tape.Operation(forward, wrong)

    monkeypatch.setattr(tape, rule, spoiled)
    run = traced(text)
    assert not any(found.agrees for found in check.check_gradients(run, run.graph.nodes_of("parameter")))
    assert not any(ThirdWitness(run).gradient(node).agrees for node in run.graph.nodes_of("parameter"))


def spoil(rule: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make one of the engine's rules pass on 1.001 times what it should."""
    without_tape(monkeypatch)
    tree_of: dict[type, template.Tree] = {
        template.Add: template.Add((1,), (template.Slot(0, ()),)),
        template.Multiply: template.Multiply((False,), (template.Slot(0, ()),)),
        template.Raise: template.Raise(template.Slot(0, ()), template.Fixed(2.0)),
        template.Apply: template.Apply("tanh", template.Slot(0, ())),
        template.Reduce: template.Reduce("sum", template.Slot(0, (2,))),
        template.Choose: template.Choose("<", *[template.Slot(0, ())] * 4),
    }
    made = rules.RULES[rule](tree_of.get(rule), 2, (0, 1, 0, 1), (True, True, True))
    right: Callable[..., None] = type(made).backward

    def wrong(self: Any, frame: Any, adjoints: Any, adjoint: Any) -> None:
        right(self, frame, adjoints, np.asarray(adjoint) * OFF)

    monkeypatch.setattr(type(made), "backward", wrong)


def test_a_backward_pass_that_is_off_is_noticed() -> None:
    run = traced('[parameters]\nw = 0.7\n[equations]\nh = "tanh(w)"\nL = "h**2"\n')
    wrong = trace.Trace(run.graph, run.values, run.adjoints * OFF)
    found = check.check_gradients(wrong, [wrong.node("w"), wrong.node("h")])
    assert not any(one.agrees for one in found)
    assert all(0.0009 < one.relative_error < 0.0011 for one in found)


def test_a_use_that_is_forgotten_is_noticed() -> None:
    """A backward pass that keeps only the last use of a shared weight."""
    run = traced('[parameters]\nw = 0.7\n[equations]\nh = "tanh(w)"\nL = "h*w + w**2"\n')
    w = run.node("w")
    forgetful = run.adjoints.copy()
    forgetful[w] = run.contributions("w")[-1].product
    assert len(run.contributions("w")) == 2
    assert check.check_gradients(run, [w])[0].agrees
    assert not check.check_gradients(trace.Trace(run.graph, run.values, forgetful), [w])[0].agrees
