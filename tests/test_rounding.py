"""What rounding leaves over counts as nothing, and all who calculate keep to that: 0.1 + 0.2 - 0.3 is 0."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from backprop_tutor.engine import check, scalar
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.parse import parse
from backprop_tutor.formulas.rounding import RESIDUE, equal, holds, settled, settled_number
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.lesson import symbolic
from tests.random_networks import edges, traced

HEAD = "[inputs]\nx1 = 1\nx2 = 1\n[parameters]\nw1 = 0.1\nw2 = 0.2\nb = -0.3\nk = 0.5\n[equations]\n"
SUM = "w1*x1 + w2*x2 + b"


@pytest.mark.parametrize(
    ("equations", "value"),
    [
        (f'z = "{SUM}"\nL = "step(z)*k"\n', 0.0),
        (f'L = "k*step({SUM})"\n', 0.0),
        (f'L = "relu(({SUM})*k)"\n', 0.0),
        (f'L = "k*abs({SUM})"\n', 0.0),
        (f'z = "{SUM}"\nL = "max(z, 0) + k"\n', 0.5),
        ('L = "k*where(w1*x1 + w2*x2 > -b, 1, 2)"\n', 1.0),
        ('L = "k*where(w1*x1 + w2*x2 <= -b, 1, 2)"\n', 0.5),
        ('L = "k*max(-b, w1*x1 + w2*x2)"\n', 0.15),
        ('m = "min(w1*x1 + w2*x2, -b)"\nL = "m*k"\n', 0.15),
        ('h = "[w1, w2, b]"\nL = "k*step(sum(h))"\n', 0.0),
        ('W = "[w1, w2]"\nx = "[x1, x2]"\nz = "W @ x"\nL = "leaky_relu(z + b)*k"\n', 0.0),
    ],
)
def test_everybody_takes_the_side_of_exact_decimals(equations: str, value: float) -> None:
    run = traced(HEAD + equations)
    assert run.loss == pytest.approx(value, abs=0.0 if value == 0 else 1e-15)
    for node in run.graph.nodes_of("computed"):
        formula = run.graph.node_formula(node)
        assert evaluate(formula, run.value) == pytest.approx(run.value(node), rel=1e-15)
        judged = scalar.compiled(formula)(lambda name: (run.value(name), 0.0), scalar.no_gradient)
        assert judged[0] == pytest.approx(run.value(node), rel=1e-15)
    ways = edges(run)
    for (result, operand), found in zip(ways, check.check_locals(run, ways), strict=True):
        local = run.local(result, operand)
        formula = run.graph.node_formula(result)
        assert symbolic.witness(formula, run.graph.name(operand), run.value) == pytest.approx(local)
        assert evaluate(lesson.local_formula(run.graph, result, operand), run.value) == pytest.approx(local)
        assert found.agrees
    assert all(found.agrees for found in check.check_gradients(run, run.graph.nodes_of("parameter")))


def test_sums_of_decimals_that_are_0_are_0() -> None:
    rng = random.Random(3)
    for _ in range(5_000):
        terms = [
            Fraction(rng.randint(-2000, 2000), 100) * Fraction(rng.randint(-20, 20), 10)
            for _ in range(rng.randint(1, 6))
        ]
        terms.append(-sum(terms, Fraction(0)))
        numbers = [float(term) for term in terms]
        assert settled(sum(numbers), numbers) == 0.0
        assert settled_number(sum(numbers), numbers) == 0.0
    assert settled_number(1 - 0.999_999_999_999, [1.0, -0.999_999_999_999]) > 9e-13


def test_comparisons_do_not_see_the_last_bits() -> None:
    third = 0.1 + 0.2
    assert equal(third, 0.3)
    assert [bool(holds(sign, third, 0.3)) for sign in ("<", "<=", ">", ">=", "==")] == [False, True, False, True, True]
    assert [bool(holds(sign, 0.2, 0.3)) for sign in ("<", "<=", ">", ">=", "==")] == [True, True, False, False, False]
    assert not equal(0.3, 0.3 * (1 + 3 * RESIDUE))
    assert np.asarray(equal(np.array([np.inf, np.nan]), np.array([np.inf, np.nan]))).tolist() == [True, False]


def test_a_formula_says_which_convention_applies() -> None:
    run = traced('[parameters]\nz = 0\nw = 1\n[equations]\nL = "relu(z) + abs(w) + max(w, 2)"\n')
    rules = {step.operand.name: step.kink_rule for step in lesson.local_steps(run)}
    assert rules == {"z": "relu'(0) = 0", "w": ""}


def test_parsing_a_comparison() -> None:
    assert evaluate(parse("where(x ≤ 2, x, 10*x)"), {"x": 2.0}.__getitem__) == 2.0
    assert evaluate(parse("where(2 < x, where(x == 5, 1, 2), 3)"), {"x": 5.0}.__getitem__) == 1.0
