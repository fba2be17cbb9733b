"""Formulas of derivatives that would be too long: what SymPy is spared, what is shown in their place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from backprop_tutor.engine import check
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.expression import Derivative, Expression
from backprop_tutor.formulas.parse import parse
from backprop_tutor.formulas.shapes import RESULT
from backprop_tutor.formulas.typeset import to_text
from backprop_tutor.lesson import derivatives, lengths, symbolic
from backprop_tutor.lesson.steps import local_formula
from tests.program import Done
from tests.random_networks import traced

PRODUCTS = [f"w{i}*x{i}" for i in range(300)]
FACTORS = "*".join(f"(w + {i})" for i in range(1, 31))
LARGEST = 2 * derivatives.LONG  # pieces that SymPy may get of these


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pieces each formula has that SymPy gets to differentiate."""
    found: list[int] = []
    derive = symbolic.derivative_of_shape

    def counted(shape: Expression, slot: str) -> Expression:
        found.append(lengths.pieces(shape))
        return derive(shape, slot)

    monkeypatch.setattr(symbolic, "derivative_of_shape", counted)
    monkeypatch.setenv("BPTUTOR_CACHE", "")
    derivatives._of_shape.cache_clear()
    return found


@pytest.mark.parametrize(
    ("formula", "by", "shown"),
    [
        (" + ".join(PRODUCTS), "w7", "x7"),
        (f"sigmoid({' + '.join(PRODUCTS)})", "w299", "r·(1 − r)·x299"),
        (f"(t - ({' + '.join(PRODUCTS[:40])}))**2/2", "t", None),
        (f"exp(w0)/({' + '.join(f'exp(w{i})' for i in range(30))})", "w1", None),
        (f"2*({' - '.join(PRODUCTS)})*c", "w3", "−2·x3·c"),
        (f"where({' + '.join(PRODUCTS[:40])} > t, 3*a, b)", "a", None),
    ],
)
def test_sympy_gets_no_more_of_a_long_formula_than_the_derivative_needs(
    formula: str, by: str, shown: str | None, given: list[int]
) -> None:
    tree = parse(formula)
    assert lengths.pieces(tree) > derivatives.LONG
    found = derivatives.local_derivative(tree, by, "r")
    assert found is not None
    assert max(given) < LARGEST
    if shown is not None:
        assert to_text(found) == shown.replace("sigmoid", "σ")

    def at(name: str) -> float:
        return 0.3 + 0.01 * int(name[1:]) if name[1:] else 0.7

    value = evaluate(tree, at)
    exact = symbolic.witness(tree, by, at)
    assert evaluate(found, lambda name: value if name == "r" else at(name)) == pytest.approx(exact, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    "formula",
    [
        FACTORS,
        " + ".join(f"exp(w*x{i})" for i in range(60)),
        f"a*sigmoid(w + {' + '.join(PRODUCTS)})",
        f"tanh({FACTORS})",
    ],
)
def test_what_would_be_too_long_is_not_derived_at_all(formula: str, given: list[int]) -> None:
    assert derivatives.local_derivative(parse(formula), "w", RESULT) is None
    assert max(given, default=0) < LARGEST


def test_the_estimate_is_no_less_than_what_sympy_finds() -> None:
    texts = ("w*x + b", "sigmoid(w*x + b)*w", "(w + 1)*(w + 2)*(w + x)", "exp(-(w - x)**2/2)/w", "tanh(1 + tanh(w*x))")
    for text in texts:
        tree = parse(text)
        found = symbolic.local_derivative(tree, "w", "r")
        assert lengths.pieces(found) <= 3 * lengths.pieces_of_derivative(tree, "w") + 4


TEXT = (
    f'[inputs]\nx = 2\n[parameters]\nw = 0.1\n[equations]\ny = "{FACTORS}/1e30"\nL = "(y - x)**2/2"\n'
    "[learning]\nrate = 0.1\n"
)


def test_the_numbers_of_a_formula_too_long_to_show_are_checked_all_the_same() -> None:
    run = traced(TEXT)
    assert local_formula(run.graph, run.node("y"), run.node("w")) == Derivative("y", "w")
    [found] = check.check_locals(run, [(run.node("y"), run.node("w"))])
    assert found.agrees
    assert found.value == pytest.approx(sum(1 / (0.1 + i) for i in range(1, 31)) * run.value("y"))


def test_what_stands_in_the_place_of_a_formula_too_long_to_show(bptutor: Callable[..., Done]) -> None:
    def shown(*options: str) -> str:
        done = bptutor("run", "-", *options, stdin=TEXT.encode())
        assert done.status == 0
        return done.out

    local = shown("--part", "local")
    assert "∂y/∂w = [too long to show]" in local
    assert "give the inner part an equation of its own" in " ".join(local.split())
    assert "too long to show" in shown("--part", "local", "--plain")
    assert "too long to show" in shown("--part", "local", "--format", "markdown")
    assert "too long to show" in shown("--part", "backward", "--view", "adjoints") or "∂y/∂w" in shown("--grad", "w")
    assert shown("--by-hand", "3")
    edges: list[dict[str, Any]] = json.loads(shown("--format", "json"))["local_derivatives"]
    [edge] = [edge for edge in edges if edge["of"] == "y"]
    assert edge["formula"] is None
    assert edge["value"] == pytest.approx(edge["finite_difference"], rel=1e-6)
