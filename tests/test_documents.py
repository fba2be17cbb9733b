"""What the five documents state, where they are right, is what the engine finds, to every digit stated."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from backprop_tutor.engine import check, trace
from backprop_tutor.engine.build import build
from backprop_tutor.engine.trace import Trace
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.lesson import symbolic
from backprop_tutor.scenario.loading import load, with_random, with_values

DOCUMENTS = ("symbolic_cross_entropy", "shared_weights", "linear_two_errors", "matrix_softmax", "two_sigmoid_outputs")


def worked(name: str, values: Mapping[str, str] | None = None) -> Trace:
    scenario = load(name)
    if name == "symbolic_cross_entropy":
        scenario = with_random(scenario, 7)
    return trace.run(build(with_values(scenario, values or {})))


def quantity(run: Trace, name: str) -> float:
    """`h1`, `dL/dw`, or `w'` for a parameter after the update."""
    if name.startswith("d") and "/d" in name:
        of, by = name[1:].split("/d")
        return run.derivative(of, by)
    if name.endswith("'"):
        return next(update.after for update in run.updates if update.node == run.node(name[:-1]))
    return run.value(name)


def decimals(stated: str) -> int:
    return len(stated.partition(".")[2])


STATED: dict[str, list[tuple[str, str]]] = {
    # quantity, digits as the document states them
    "two_sigmoid_outputs": [
        ("h1", "0.3775"), ("a_h1", "0.593"), ("o1", "1.106"), ("a_o1", "0.75"), ("a_o2", "0.77"),
        ("L1", "0.275"), ("Loss", "0.298"), ("dLoss/da_o1", "0.741"), ("a_o1", "0.751"),
        ("da_o1/do1", "0.187"), ("do1/dw21", "0.593"), ("dLoss/dw21", "0.082"), ("w21'", "0.359"),
        ("w23'", "0.511"), ("w24'", "0.561"), ("dL2/da_h1", "-0.019"), ("da_h1/dh1", "0.241"),
        ("dh1/dw11", "0.05"), ("w13'", "0.25"), ("w14'", "0.2995"),
    ],
    "linear_two_errors": [
        ("a1", "1.5"), ("h1", "3.0"), ("a21", "0.6"), ("a22", "0.3"), ("o1", "1.2"),
        ("o2", "0.6"), ("do1/da21", "2.0"), ("da21/dw21", "3.0"), ("de1/dw21", "-9.6"),
        ("do2/da22", "2.0"), ("da22/dw22", "3.0"), ("de2/dw22", "-4.8"), ("da21/dh1", "0.2"),
        ("dh1/da1", "2.0"), ("da1/dw11", "3.0"), ("de1/dw11", "-3.84"), ("da22/dh1", "0.1"),
        ("de2/dw11", "-0.96"), ("de_total/dw11", "-4.8"), ("de1/do1", "-1.60"), ("de2/do2", "-0.80"),
    ],
    "matrix_softmax": [
        ("a_11", "2.9"), ("a_13", "2.1"), ("a_14", "2.3"), ("h_11", "0.95"), ("h_13", "0.89"),
        ("h_14", "0.91"),
    ],
    "shared_weights": [("h11", "0.023")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("scenario", "name", "stated"),
    [(scenario, name, stated) for scenario, rows in STATED.items() for name, stated in rows],
)
def test_a_stated_number_is_found_to_every_digit(scenario: str, name: str, stated: str) -> None:
    found = quantity(worked(scenario), name)
    assert abs(found - float(stated)) <= 0.5 * 10 ** -decimals(stated) * (1 + 1e-9)


def test_one_sign_reconciles_document_003() -> None:
    """With -0.2 for 0.2 in row 2, column 2 of W_1 everything the document states follows."""
    run = worked("matrix_softmax", {"W1[2,2]": "-0.2"})
    for name, stated in (
        ("a_12", "1.4"), ("h_12", "0.80"), ("a_21", "1.66"), ("a_22", "0.45"), ("yhat_1", "0.77"), ("yhat_2", "0.23")
    ):  # fmt: skip
        assert f"{run.value(name):.{decimals(stated)}f}" == stated
    assert f"{worked('matrix_softmax').value('a_12'):.1f}" == "3.4"


def test_document_003s_formulas_hold() -> None:
    run = worked("matrix_softmax")
    assert run.local("yhat_1", "a_21") == pytest.approx(run.value("yhat_1") * (1 - run.value("yhat_1")))
    assert run.local("L", "yhat_1") == pytest.approx(-2 * (run.value("y_1") - run.value("yhat_1")))
    assert run.local("a_21", "h_13") == run.value("w_213")
    assert run.local("a_22", "h_13") == run.value("w_223")
    shown = run.graph.node(run.node("a_21")).formula
    from backprop_tutor.formulas.typeset import to_text

    assert shown is not None
    assert to_text(shown) == "w_211·h_11 + w_212·h_12 + w_213·h_13 + w_214·h_14 + b_21"


def test_one_wrong_sign_gives_every_number_of_document_001() -> None:
    """With the author's sigmoid, 1/(1 + e^z), the assumed values give what the document states, line after line."""
    run = worked("shared_weights")
    v = run.value

    def sigma(z: float) -> float:
        return 1 / (1 + math.exp(z))

    a11 = a12 = sigma(v("h11"))
    h21 = v("w3") * a11 + v("w4") * a12 + v("b_h21")
    a21 = a22 = sigma(h21)
    z = v("w5") * a21 + v("w6") * a22 + v("b_z")
    y_pred = sigma(z)
    by_z = (v("y") - y_pred) * y_pred * (1 - y_pred)  # with (y - y_pred) as line 27 has it
    by_a21 = by_z * v("w5")
    by_h21 = by_a21 * a21 * (1 - a21)
    by_a11 = 2 * by_h21 * v("w3")
    for found, stated in (
        (a11, "0.494"), (h21, "0.158"), (a21, "0.461"), (z, "0.295"), (by_z, "0.14"), (by_a21, "0.035"),
        (by_h21, "0.009"), (by_a11, "0.002"),
    ):  # fmt: skip
        assert f"{found:.{decimals(stated)}f}" == stated
    assert f"{v('a11'):.3f}" == "0.506"
    assert f"{v('a21'):.3f}" == "0.540"
    assert run.gradient("z") < 0 < by_z


def test_document_001s_chain_rule_holds() -> None:
    run = worked("shared_weights")
    at = run.gradient
    assert at("x1") == pytest.approx((at("h11") + at("h12")) * run.value("w1"))
    assert at("w1") == pytest.approx((at("h11") + at("h12")) * run.value("x1"))
    assert at("a11") == pytest.approx((at("h21") + at("h22")) * run.value("w3"))
    assert at("a12") == pytest.approx((at("h21") + at("h22")) * run.value("w4"))
    assert at("h21") == pytest.approx(at("a21") * run.value("a21") * (1 - run.value("a21")))
    assert [run.graph.name(part.result) for part in run.contributions("w1")] == ["h11", "h12"]
    assert run.path_count("w1") == 4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_document_000s_formulas_hold_for_any_numbers(seed: int) -> None:
    scenario = load("symbolic_cross_entropy")
    assert build(scenario).symbolic
    run = trace.run(build(with_random(scenario, seed)))
    v, at = run.value, run.gradient
    y1, y2, p1, p2 = (v(name) for name in ("y1", "y2", "yhat1", "yhat2"))
    share = math.exp(v("o1")) / (math.exp(v("o1")) + math.exp(v("o2")))
    wanted = {
        "o1": -y1 / p1 * (share - share**2) - y2 / p2 * (-p1 * p2),
        "h3": at("o1") * v("w_h3_o1") + at("o2") * v("w_h3_o2"),
        "z3": (at("o1") * v("w_h3_o1") + at("o2") * v("w_h3_o2")) * v("h3") * (1 - v("h3")),
        "h1": at("z3") * v("w_h1_z3") + at("z4") * v("w_h1_z4"),
        "z1": (at("z3") * v("w_h1_z3") + at("z4") * v("w_h1_z4")) * v("h1") * (1 - v("h1")),
        "w_x1_h1": at("z1") * v("x1"),
        "w_x2_h1": at("z1") * v("x2"),
    }
    assert {name: at(name) for name in wanted} == pytest.approx(wanted, rel=1e-12)
    assert run.local("z3", "w_h1_z3") == v("h1")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_all_derivatives_of_a_document_agree_three_ways(name: str) -> None:
    run = worked(name)
    edges = lesson.backward_edges(run.graph)
    for (result, operand), found in zip(edges, check.check_locals(run, edges), strict=True):
        assert found.agrees
        assert not found.kink
        by_sympy = symbolic.witness(run.graph.node_formula(result), run.graph.name(operand), run.value)
        assert math.isclose(run.local(result, operand), by_sympy, rel_tol=1e-13, abs_tol=1e-16)
    nodes = run.graph.nodes_of("parameter", "input", "computed")
    assert all(found.agrees and not found.kink for found in check.check_gradients(run, nodes))
    assert all(step.agrees for step in lesson.forward_steps(run))
