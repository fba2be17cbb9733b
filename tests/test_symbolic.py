"""SymPy's derivatives as people write them, and what keeps an odd formula from costing anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import mpmath as mp
import pytest

from backprop_tutor.engine.build import build
from backprop_tutor.errors import ScenarioError
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.parse import parse
from backprop_tutor.formulas.shapes import RESULT
from backprop_tutor.formulas.typeset import to_text
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.lesson import symbolic
from backprop_tutor.scenario.loading import load, loads
from tests.random_networks import traced


@pytest.mark.parametrize(
    ("formula", "by", "shown"),
    [
        ("w*x + b", "w", "x"), ("w*x + b", "b", "1"), ("sigmoid(z)", "z", "r·(1 − r)"), ("tanh(z)", "z", "1 − r²"),
        ("exp(z)", "z", "r"), ("log(z)", "z", "1 / z"), ("relu(z)", "z", "step(z)"), ("(t - a)**2/2", "a", "a − t"),
        ("1/2*(t - a)**2", "a", "a − t"), ("(t - a)**2", "a", "2·(a − t)"), ("z**3", "z", "3·z²"),
        ("sqrt(z)", "z", "1 / (2·r)"), ("max(0, z)", "z", "step(z)"), ("max(u, v)", "u", "where(u ≥ v, 1, 0)"),
        ("min(u, v)", "v", "where(v < u, 1, 0)"), ("max(z, 0)", "z", "where(z ≥ 0, 1, 0)"),
        ("max(0, 1 - r)", "r", "−step(1 − r)"), ("max(0, 1 - y*z)**2", "z", "−2·max(0, 1 − y·z)·y·step(1 − y·z)"),
        ("max(0.2*z, z)", "z", "where(0.2·z ≥ z, 0.2, 1)"), ("max(0, s1 - s3 + 1)", "s3", "−step(s1 − s3 + 1)"),
        ("max(p, q, z)", "q", "where(q > p, where(q ≥ z, 1, 0), 0)"), ("w*min(z, 6)", "z", "w·where(z ≤ 6, 1, 0)"),
        ("where(abs(z) <= 1, z**2/2, abs(z) - 1/2)", "z", "where(abs(z) ≤ 1, z, sign(z))"),
        ("where(z > 0, 1, 2)", "z", "0"), ("w*where(z == 0, w, z)", "z", "w·where(z == 0, 0, 1)"),
        ("max(z, z)", "z", "1"),
        ("softplus(z)", "z", "sigmoid(z)"),
        ("-log(p)", "p", "−1 / p"), ("a/b", "b", "−a / b²"), ("0.20*w", "w", "0.20"), ("w*w", "w", "2·w"),
        ("xlogy(y, p)", "p", "y / p"), ("abs(z)", "z", "sign(z)"), ("leaky_relu(z)", "z", "0.01 + 0.99·step(z)"),
        ("0**n", "n", "0"), ("w - w", "w", "0"),
        # the author's sums, order and numbers
        ("(y - 1)**2", "y", "2·(y − 1)"), ("-(x - c)**2/(2*s**2)", "x", "−(x − c) / s²"),
        ("-(x - c)**2/(2*s**2)", "c", "(x − c) / s²"), ("exp(-(x - c)**2/(2*s**2))", "s", "r·(x − c)² / s³"),
        ("0.25*w**3", "w", "0.75·w²"), ("w**3/4", "w", "3·w² / 4"), ("sigmoid(w*x + b)", "w", "r·(1 − r)·x"),
        ("tanh(w*x + b)", "x", "(1 − r²)·w"), ("(x - m)/sqrt(v + 0.00001)", "x", "1 / √(v + 0.00001)"),
        ("(x - m)/sqrt(v + 0.00001)", "v", "−(x − m) / (2·√(v + 0.00001)³)"), ("a*b/m", "a", "b / m"),
        ("((a - m)**2 + (b - m)**2)/4", "m", "(2·m − a − b) / 2"), ("(a + b + c + d)/4", "c", "1/4"),
        ("b*sigmoid(a)", "a", "b·sigmoid(a)·(1 − sigmoid(a))"), ("sigmoid(a)*b", "a", "sigmoid(a)·(1 − sigmoid(a))·b"),
        ("(x - m)/sqrt(m**2 + v)", "m", "−(1 + m·(x − m) / (m² + v)) / √(m² + v)"),
        ("log(exp(u)/(exp(u) + exp(v)))", "u", "1 − exp(u) / (exp(u) + exp(v))"), ("u**v", "v", "r·log(u)"),
    ],
)  # fmt: skip
def test_derivatives_as_people_write_them(formula: str, by: str, shown: str) -> None:
    assert to_text(symbolic.local_derivative(parse(formula), by, "r")) == shown.replace("sigmoid", "σ")


def test_the_derivatives_of_a_softmax_use_its_outputs() -> None:
    built = build(load("symbolic_cross_entropy"))
    found = {
        (of, by): to_text(lesson.local_formula(built, built.id(of), built.id(by)))
        for of in ("yhat1", "yhat2")
        for by in ("o1", "o2")
    }
    assert found == {
        ("yhat1", "o1"): "yhat1·(1 − yhat1)",
        ("yhat1", "o2"): "−yhat1·yhat2",
        ("yhat2", "o1"): "−yhat2·yhat1",
        ("yhat2", "o2"): "yhat2·(1 − yhat2)",
    }


@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes_inside_a_larger_formula(name: str) -> None:
    for values in ((0.3, 0.7, -0.2), (0.9, 0.1, 0.4), (-1.0, -0.4, 2.0)):
        numbers = dict(zip("abc", values, strict=True))
        formula = parse(f"3*{name}(a, b*2, c)**2 - {name}(a*b, c)")
        for by in "abc":
            shown = evaluate(symbolic.local_derivative(formula, by, "r"), {**numbers, "r": 0.0}.__getitem__)
            assert shown == pytest.approx(symbolic.witness(formula, by, numbers.__getitem__), abs=1e-12)


def quickly(work: Callable[[], object], seconds: float = 3.0) -> None:
    begun = time.process_time()
    work()
    assert time.process_time() - begun < seconds


@pytest.mark.parametrize(
    "formula",
    [
        "w*0.99999999999999999999999999999999999999**64",
        "w + ((((0.999999999999999999999999999999^64)^64)^64)^64)^64",
        "w*1e30*1e30*1e-30*1e-30",
        "w*(12345678901234567890123456789012345678^64)^4/1e30",
        "w + 1/(1 + exp(-exp(exp(w))))",
        "w*2**0.333333333333333333333333333333",
        "exp(-exp(exp(w)))",
        "w**0.1234567890123456789012345678901234567",
    ],
)
def test_large_exact_numbers_cost_nothing(formula: str) -> None:
    def work() -> None:
        with suppress(ScenarioError):  # some have no finite value, and are refused
            built = build(loads(f'[parameters]\nw = "?"\n[equations]\nL = "{formula}"\n'))
            for edge in lesson.backward_edges(built):
                to_text(lesson.local_formula(built, *edge))

    quickly(work)


def test_long_and_deep_formulas_are_differentiated_in_time() -> None:
    long = " + ".join(f"w*w{i}" for i in range(300))
    deep = "tanh(1 + w*" * 12 + "w" + ")" * 12
    for text in (long, deep):
        names = "".join(f"w{i} = 0.1\n" for i in range(300) if f"w{i}" in text)

        def work(text: str = text, names: str = names) -> None:
            run = traced(f'[parameters]\nw = 0.5\n{names}[equations]\nL = "{text}"\n')
            at = {"w": 0.5, RESULT: run.loss} | {f"w{i}": 0.1 for i in range(300)}
            shown = evaluate(symbolic.local_derivative(parse(text), "w", RESULT), at.__getitem__)
            assert shown == pytest.approx(run.gradient("w"))

        quickly(work, 6.0)


@pytest.mark.parametrize("name", ["tanh", "gelu", "elu", "silu", "leaky_relu"])
def test_functions_inside_functions_are_witnessed_in_time(name: str) -> None:
    text = f"{f'{name}(0.1 + w*' * 15}w{')' * 15}"
    run = traced(f'[parameters]\nw = 0.5\n[equations]\nL = "{text}"\n')
    formula = parse(text)
    quickly(lambda: symbolic.witness(formula, "w", run.value))
    assert symbolic.witness(formula, "w", run.value) == pytest.approx(run.gradient("w"), rel=1e-12)
    assert symbolic.witness(formula, "no_operand", run.value) == 0


@pytest.mark.parametrize(("text", "z"), [("sigmoid(z)", 40.0), ("tanh(z)", 20.0), ("softplus(z)", -50.0)])
def test_the_witness_evaluates_to_all_digits(text: str, z: float) -> None:
    true = {"sigmoid(z)": lambda z: 1 / (4 * mp.cosh(z / 2) ** 2), "tanh(z)": lambda z: 1 / mp.cosh(z) ** 2,
            "softplus(z)": lambda z: 1 / (1 + mp.exp(-z))}[text]  # fmt: skip
    with mp.workdps(50):
        assert symbolic.witness(parse(text), "z", lambda _: z) == pytest.approx(float(true(mp.mpf(z))), rel=1e-15)
