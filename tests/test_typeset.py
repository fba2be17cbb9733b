"""Formulas as text, ASCII and LaTeX: what stands there is what was meant, whatever numbers are put in."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.expression import (
    Call,
    Derivative,
    Group,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    number,
)
from backprop_tutor.formulas.latex_names import LatexNames, latex_name
from backprop_tutor.formulas.parse import Notation, parse
from backprop_tutor.formulas.typeset import ASCII, derivative_text, to_latex, to_text
from tests.test_parse import larger


@pytest.mark.parametrize(
    ("text", "shown", "ascii_shown", "latex"),
    [
        ("b + w*x", "b + w·x", "b + w*x", r"b + w \cdot x"),
        ("0.20*i1", "0.20·i1", "0.20*i1", r"0.20 \cdot i_{1}"),
        ("(t - a)**2 / 2", "(t − a)² / 2", "(t - a)^2 / 2", r"\frac{{\left(t - a\right)}^{2}}{2}"),
        ("1/2*(t - a)**2", "1/2·(t − a)²", "1/2*(t - a)^2", r"\frac{1}{2} \cdot {\left(t - a\right)}^{2}"),
        ("1/m*(a + w)", "1/m·(a + w)", "1/m*(a + w)", r"\frac{1}{m} \cdot \left(a + w\right)"),
        ("-1/m*a", "−1/m·a", "-1/m*a", r"-\frac{1}{m} \cdot a"),
        ("a/b*w", "a/b·w", "a/b*w", r"\frac{a}{b} \cdot w"),
        ("a*b/c", "a·b / c", "a*b / c", r"\frac{a \cdot b}{c}"),
        ("a/b/c", "a / b / c", "a / b / c", r"\frac{a}{b \cdot c}"),
        ("a/b*c/d", "a/b·c / d", "a/b*c / d", r"\frac{a}{b} \cdot \frac{c}{d}"),
        ("sigmoid(h1)", "σ(h1)", "sigmoid(h1)", r"\sigma\left(h_{1}\right)"),
        ("1/(1 + e^(-z))", "1 / (1 + e^(−z))", "1 / (1 + e^(-z))", r"\frac{1}{1 + e^{-z}}"),
        ("e^z", "e^(z)", "e^(z)", "e^{z}"),
        ("-y*log(p)", "−y·log(p)", "-y*log(p)", None),
        ("x**-2", "x⁻²", "x^(-2)", "{x}^{-2}"),
        ("x**y", "x^y", "x^y", "{x}^{y}"),
        ("W1 @ x + b", "W1 @ x + b", "W1 @ x + b", "W_{1} x + b"),
        ("sqrt(x)", "√(x)", "sqrt(x)", r"\sqrt{x}"),
        ("2*pi*r", "2·π·r", "2*pi*r", r"2 \cdot \pi \cdot r"),
        ("½*x", "½·x", "1/2*x", r"\tfrac{1}{2} \cdot x"),
        ("a - (b - c)", "a − (b − c)", "a - (b - c)", r"a - \left(b - c\right)"),
        ("a/(b*c)", "a / (b·c)", "a / (b*c)", r"\frac{a}{b \cdot c}"),
        ("xlogy(y, p)", "y·log(p)", "y*log(p)", r"y \cdot \ln\left(p\right)"),
        ("1 - xlogy(y, p)", "1 − y·log(p)", "1 - y*log(p)", None),
    ],
)
def test_formulas(text: str, shown: str, ascii_shown: str, latex: str | None) -> None:
    tree = parse(text)
    assert to_text(tree) == shown
    assert to_text(tree, ASCII) == ascii_shown
    assert ascii_shown.isascii()
    if latex is not None:
        assert to_latex(tree) == latex


def test_an_exponential_whose_exponent_only_begins_with_a_bracket_keeps_its_own() -> None:
    exponent = Sum(((1, Group(Name("a"), (2, 5))), (1, Name("b"))))
    assert to_text(Call("exp", (exponent,), 0, "e^")) == "e^((a) + b)"


NUMBERS = {"n": "0", "a": "-0.5", "b": "2.5", "c": "-3", "x": "1.5e-7", "w'": "4", "δ": "-1e-9"}


def put_in(name: str) -> str:
    return NUMBERS[name]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("b + a*c", "2.5 + (-0.5)·(-3)"), ("a*b", "-0.5·2.5"), ("b - a", "2.5 − (-0.5)"), ("-a", "−(-0.5)"),
        ("a**2", "(-0.5)²"), ("b**2", "2.5²"), ("x**2", "(1.5e-7)²"), ("b/c", "2.5 / (-3)"), ("(a)*b", "(-0.5)·2.5"),
        ("(a + b)*c", "(-0.5 + 2.5)·(-3)"), ("b - (a)", "2.5 − (-0.5)"), ("tanh(a)", "tanh(-0.5)"),
        ("-a - 1", "−(-0.5) − 1"), ("-n/b", "0 / 2.5"), ("-n - b", "0 − 2.5"), ("b*(-n)", "2.5·(0)"), ("-n", "0"),
    ],
)  # fmt: skip
def test_numbers_put_in_are_bracketed_where_a_sign_would_be_misread(text: str, shown: str) -> None:
    assert to_text(parse(text), name=put_in) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sigmoid(a)", r"\sigma\left(-0.5\right)"), ("b*a", r"2.5 \cdot \left(-0.5\right)"), ("a", "-0.5"),
        ("b/a", r"\frac{2.5}{-0.5}"), ("a**2", r"{\left(-0.5\right)}^{2}"), ("-a", r"-\left(-0.5\right)"),
    ],
)  # fmt: skip
def test_numbers_put_in_have_brackets_in_latex_only_where_they_are_needed(text: str, shown: str) -> None:
    assert to_latex(parse(text), put_in) == shown


leaves = st.sampled_from(["a", "b", "c", "x", "w'", "δ", "0.25", "3"])


@settings(deadline=None)
@given(st.recursive(leaves, larger, max_leaves=10))
def test_a_formula_with_its_numbers_put_in_has_its_value(text: str) -> None:
    tree = parse(text)
    expected = evaluate(tree, lambda name: float(NUMBERS[name]))
    filled = parse(to_text(tree, name=put_in), Notation())
    found = evaluate(filled, lambda _: float("nan"))
    assert found == expected or (found != found and expected != expected) or abs(found - expected) < 1e-12 * abs(found)


A_PLUS_B = Sum(((1, Name("a")), (1, Name("b"))))
B_TIMES_C = Product((("*", Name("b")), ("*", Name("c"))))


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        (Product((("*", A_PLUS_B), ("*", Name("c")))), "(a + b)·c"),
        (Product((("*", Name("a")), ("/", B_TIMES_C))), "a / (b·c)"),
        (Power(Negative(Name("a")), number(2)), "(−a)²"),
        (Power(Product((("*", Name("a")), ("*", Name("b")))), number(2)), "(a·b)²"),
        (Power(Name("a"), Product((("*", number(1)), ("/", number(3))))), "a^(1/3)"),
        (Negative(A_PLUS_B), "−(a + b)"),
        (Negative(Negative(Name("a"))), "−(−a)"),
        (Sum(((-1, A_PLUS_B), (1, Name("c")))), "−(a + b) + c"),
        (Product((("*", Name("a")), ("*", Negative(Name("b"))))), "a·(−b)"),
        (Product((("*", Name("y")), ("*", Call("xlogy", (Name("y"), Name("p")))))), "y·(y·log(p))"),
        (Derivative("L", "w"), "∂L/∂w"),
        (Number("½", Fraction(1, 2)), "½"),
        (Call("exp", (Group(A_PLUS_B),), 0, "exp"), "exp(a + b)"),
        (Call("exp", (Group(A_PLUS_B, (4, 9)),), 0, "exp"), "exp((a + b))"),
        (Negative(Group(B_TIMES_C)), "−b·c"),
        (Product((("*", Name("a")), ("*", Group(A_PLUS_B)))), "a·(a + b)"),
        (Power(Group(Name("a")), number(2)), "a²"),
    ],
)  # fmt: skip
def test_brackets_that_no_author_wrote_stand_only_where_they_are_needed(tree: Product, shown: str) -> None:
    assert to_text(tree) == shown


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("w213", "w_{213}"), ("a_h1", "a_{h1}"), ("delta_o1", r"\delta_{o1}"), ("L", "L"), ("b1", "b_{1}"),
        ("w12'", "w_{12}'"), ("W2[1,2]", "W_{2}[1,2]"), ("W[2,1]", "W_{2,1}"),
        ("h̃1", r"\tilde{h}_{1}"), ("x̂", r"\hat{x}"), ("x̄[3]", r"\bar{x}_{3}"), ("ŷ1", r"\hat{y}_{1}"),
        ("θ", r"\theta"), ("Δw", r"\mathrm{\Delta w}"), ("ℓ_1", r"\ell_{1}"), ("mu_θ", r"\mu_{\theta}"),
        ("xbar", r"\bar{x}"), ("thetahat", r"\hat{\theta}"), ("W_hh[1,1]", "W_{hh}[1,1]"), ("q_i[1]", "q_{i}[1]"),
        ("h_1[2]#3'", "h_{1}[2]'^{(3)}"), ("Alpha", r"\mathrm{Alpha}"), ("é", r"\text{é}"),
        ("x#2[1]", "x_{1}^{(2)}"), ("y.1#3[1,2]", "y.1_{1,2}^{(3)}"), ("w2#1[2]", "w_{2}[2]^{(1)}"),
        ("h1#2", "h_{1}^{(2)}"), ("yhat1", r"\hat{y}_{1}"),
        ("net", r"\mathrm{net}"), ("lambda", r"\lambda"), ("e_total", r"e_{total}"), ("x_1_2", r"x_{1\_2}"),
    ],
)  # fmt: skip
def test_names_in_latex(name: str, latex: str) -> None:
    assert latex_name(name) == latex


def test_the_scenarios_own_notation_comes_first() -> None:
    notation = {"yhat1": r"\hat{y}_1", "a_h1": "a_{h_1}"}
    assert latex_name("yhat1", notation) == r"\hat{y}_1"
    assert latex_name("a_h1#2", notation) == "{a_{h_1}}^{(2)}"
    assert latex_name("a_h1'", notation) == "a_{h_1}'"
    layers = {"zL": "z^L", "W2": "W_2"}
    assert latex_name("zL[1]", layers) == "z^L_{1}"
    assert latex_name("zL[1]#2", layers) == "{z^L_{1}}^{(2)}"
    assert latex_name("W2[1,2]", layers) == "W_2[1,2]"
    assert to_latex(parse("yhat1*2"), lambda name: latex_name(name, notation)) == r"\hat{y}_1 \cdot 2"


def test_no_two_names_of_a_page_are_typeset_alike() -> None:
    names = LatexNames({"a": "x"})
    shown = [names(name) for name in ("w2", "w_2", "w2[1]", "w[2,1]", "w21", "w[21]", "x", "a", "w2")]
    assert shown == [
        "w_{2}", r"\mathtt{w\_2}", "w_{2}[1]", "w_{2,1}", "w_{21}", r"\mathtt{w[21]}", "x", r"\mathtt{a}", "w_{2}"
    ]  # fmt: skip


def test_derivatives() -> None:
    assert derivative_text("e1", "w21") == "∂e1/∂w21"
    assert derivative_text("e1", "w21", ASCII) == "de1/dw21"
    assert to_latex(Derivative("L", "w21")) == r"\frac{\partial L}{\partial w_{21}}"
