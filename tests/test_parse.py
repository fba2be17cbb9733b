"""Text to formula: order, brackets, digits and places are kept; what is no formula is refused with its place."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backprop_tutor.errors import FormulaError
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.expression import (
    Bracketed,
    Call,
    Constant,
    Element,
    Expression,
    Group,
    Indexed,
    MatrixProduct,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Range,
    Sum,
    names_in,
    transform,
    ungrouped,
    walk,
)
from backprop_tutor.formulas.forgiving import HandNotation
from backprop_tutor.formulas.parse import Notation, parse
from backprop_tutor.formulas.tokens import MAX_CHARACTERS
from backprop_tutor.formulas.typeset import ASCII, UNICODE, to_text

VALUES = {"a": 2.0, "b": 3.0, "c": 5.0, "x": 0.5, "e": 7.0, "w'": 11.0, "δ": 13.0, "w_12": 17.0}


def value(text: str, notation: Notation | None = None) -> float:
    return evaluate(parse(text, notation or Notation()), VALUES.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b*c", 17), ("(a + b)*c", 25), ("a - b - c", -6), ("a - (b - c)", 4), ("a/b/c", 2 / 15),
        ("a/(b/c)", 10 / 3), ("a*b/c*a", 12 / 5), ("-a**2", -4), ("(-a)**2", 4), ("a**-2", 0.25), ("2**a", 4),
        ("-a*b", -6), ("a*-b", -6), ("a - -b", 5), ("--a", 2), ("+a", 2), ("a^2", 4), ("a²", 4), ("a⁻²", 0.25),
        ("½*a", 1), ("a·b", 6), ("a×b", 6), ("a ÷ b", 2 / 3), ("a − b", -1), ("1e-3*a", 0.002), (".5*a", 1),
        ("5.*a", 10), ("a%", None), ("50%*a", 1), ("√(a + 2)", 2), ("√a**2", 2), ("ln(a)", 0.6931471805599453),
        ("σ(0*a)", 0.5), ("2*pi*0*a", 0), ("π*0*a", 0), ("e^0*a", 2), ("max(a, b, c)", 5), ("min(a, b, c)", 2),
        ("(a^2)^2", 16), ("a^(1/2)^1", 2**0.5), ("w'*a", 22), ("w’*a", 22), ("w′*a", 22), ("δ*a", 26), ("w_12", 17),
        ("2e1*a", 40), ("1/2*a**2", 2), ("a**2/2", 2), ("a/2*b", 3), ("exp(-(a - 2))", 1), ("e^-(a - 2)", 1),
        ("e^(a - 2)*b", 3), ("a\t+\n b", 5),
    ],
)  # fmt: skip
def test_a_formula_means_what_it_means_to_people(text: str, expected: float | None) -> None:
    if expected is None:
        with pytest.raises(FormulaError):
            parse(text)
    else:
        assert value(text) == pytest.approx(expected, rel=1e-15)


def test_e_is_the_exponential_unless_a_quantity_has_that_name() -> None:
    assert value("e^a", Notation(known=VALUES.__contains__)) == 49
    assert value("e^a") == pytest.approx(7.38905609893065)
    assert parse("e") == Name("e")
    assert parse("e_1 + e2") == Sum(((1, Name("e_1")), (1, Name("e2"))))
    assert parse("1e1") == Number("1e1", Fraction(10))


def test_names_that_look_like_something_else_are_names() -> None:
    names = "d1 dL delta pi_1 exp_1 sigmoid2 w12' ŷ λ w_{12} h1#2 max_1 Z.1 a_1.12#2 h'.3".split()
    for name in names:
        assert names_in(parse(f"2*{name}")) == (name,)


def test_the_tree_keeps_order_brackets_digits_and_places() -> None:
    tree = parse("b + 0.20*(a - x)")
    gap = Group(Sum(((1, Name("a")), (-1, Name("x")))))
    assert tree == Sum(((1, Name("b")), (1, Product((("*", Number("0.20", Fraction(1, 5))), ("*", gap))))))
    places = {tree_text(part, "b + 0.20*(a - x)") for part in walk(tree)}
    assert places == {"b + 0.20*(a - x)", "b", "0.20*(a - x)", "0.20", "(a - x)", "a - x", "a", "x"}


def tree_text(part: Expression, text: str) -> str:
    return text[part.span[0] : part.span[1]]


def test_arrays() -> None:
    assert parse("W1 @ x + b") == Sum(((1, MatrixProduct(Name("W1"), Name("x"))), (1, Name("b"))))
    assert parse("A @ B @ c") == MatrixProduct(MatrixProduct(Name("A"), Name("B")), Name("c"))
    assert parse("W[1,2]*x[3]") == Product((("*", Element("W", (1, 2))), ("*", Element("x", (3,)))))
    assert parse("W[2,:]") == Element("W", (2, Range(None, None)))
    assert parse("x[1:3]") == Element("x", (Range(1, 3),))
    assert parse("x[:3]") == Element("x", (Range(None, 3),))
    assert parse("x[-1]") == Element("x", (-1,))
    assert parse("x[2:-1]") == Element("x", (Range(2, -1),))
    assert parse("x[1:5:2]") == Element("x", (Range(1, 5, 2),))
    assert parse("X[::3,1]") == Element("X", (Range(None, None, 3), 1))
    assert parse("softmax(z)[1]") == Indexed(Call("softmax", (Name("z"),)), (1,))
    assert parse("(A @ B)[1,:]") == Indexed(Group(MatrixProduct(Name("A"), Name("B"))), (1, Range(None, None)))
    assert parse("[a, b][2]**2") == Power(Indexed(Bracketed((Name("a"), Name("b"))), (2,)), Number("2", Fraction(2)))
    assert parse("W[1,:][2]") == Indexed(Element("W", (1, Range(None, None))), (2,))
    # a hand calculation may multiply by such a bracket
    assert parse("(a + b)[2]", FORGIVING) == parse("(a + b)*(2)")


def test_calls() -> None:
    assert parse("σ(z)") == Call("sigmoid", (Name("z"),))
    assert parse("swish(z)") == Call("silu", (Name("z"),))
    assert parse("ln(z)") == Call("log", (Name("z"),))
    assert parse("f(z)", Notation(frozenset({"f"}))) == Call("f", (Name("z"),))
    assert parse("2*π") == Product((("*", Number("2", Fraction(2))), ("*", Constant("π", 3.141592653589793))))
    assert parse("-z**2") == Negative(Power(Name("z"), Number("2", Fraction(2))))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("2a", "2*a"), ("2 a", "2*a"), ("2(a + b)", "2*(a + b)"), ("(a + b)(a - b)", "(a + b)*(a - b)"),
        ("h(1 - h)", "h*(1 - h)"), ("a b", "a*b"), ("2a²b", "2*a**2*b"), ("σ(a)(1 - σ(a))", "σ(a)*(1 - σ(a))"),
        ("1/2 (a - b)^2", "1/2*(a - b)^2"), ("1/2(a - b)^2", "1/2*(a - b)^2"), ("1/a (b + h)", "1/a*(b + h)"),
        ("1/2 a^2", "1/2*a^2"), ("exp(-(a - b)^2/(2 h^2))", "exp(-(a - b)^2/(2*h^2))"), ("2 exp(a)", "2*exp(a)"),
        ("a^2^3", "a^(2^3)"), ("a^b^h", "a^(b^h)"), ("|a - b| h", "abs(a - b)*h"), ("2*|a|", "2*abs(a)"),
        ("‖a - b‖^2", "norm(a - b)^2"), ("||a|| + | |b| |", "norm(a) + abs(abs(b))"),
        ("Wᵀ @ a", "transpose(W) @ a"), ("W^T", "transpose(W)"), ("W.T @ W", "transpose(W) @ W"),
        ("(W @ W)ᵀ", "transpose((W @ W))"), ("a ⊙ b", "a*b"), ("a ∘ b", "a*b"), ("a/(2b) h", "a/(2*b)*h"),
        ("a ≤ b", ""), ("2 3", ""), ("a 2", ""), ("a/2b", ""), ("a/2 b", ""), ("1/2b", ""), ("a/b (h)", ""),
        ("h(a)", ""), ("|a", ""), ("||a|", ""), ("‖a|", ""), ("a²^3", ""), ("a^[1]", ""),
        ("a^9^9", ""), ("f(a)", ""),
    ],
)  # fmt: skip
def test_what_a_scenario_may_write_in_short(text: str, plain: str) -> None:
    notation = Notation(known={"a", "b", "h", "W"}.__contains__)
    if not plain:
        with pytest.raises(FormulaError):
            parse(text, notation)
        return
    short, long = parse(text, notation), parse(plain, notation)
    assert transform(short, ungrouped) == transform(long, ungrouped)


def test_a_quantity_called_t_is_an_exponent() -> None:
    assert parse("W^T", Notation(known={"W", "T"}.__contains__)) == Power(Name("W"), Name("T"))


# ---------------------------------------------------------------- hand work
FORGIVING = HandNotation(known={"a", "b", "h", "w1"}.__contains__)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("(a + b)(a - b)", "(a + b)*(a - b)"), ("2a", "2*a"), ("2(a + b)", "2*(a + b)"), ("a(1 - a)", "a*(1 - a)"),
        ("a b", "a*b"), ("37.75% a", "37.75%*a"), ("[a + b]*2", "(a + b)*2"), ("2a²b", "2*a**2*b"),
    ],
)  # fmt: skip
def test_a_hand_calculation_may_leave_the_sign_out(text: str, plain: str) -> None:
    assert parse(text, FORGIVING) == parse(plain, FORGIVING)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("(0.1, 0.2)", "[0.1, 0.2]"), ("(a, -b)", "[a, -b]"), ("((1, 2), (3, 4))", "[[1, 2], [3, 4]]"),
        ("[0.1 0.2]", "[0.1, 0.2]"), ("[0.5 -0.55]", "[0.5, -0.55]"), ("[-1 +2]", "[-1, 2]"),
        ("[0.1 0.2; 0.3 -0.4]", "[[0.1, 0.2], [0.3, -0.4]]"), ("[0.5; -0.5]", "[(0.5), (-0.5)]"),
        ("[[1 2] [3 4]]", "[[1, 2], [3, 4]]"), ("a (1, 2)", "a*[1, 2]"), ("a*(1, 2)ᵀ", "a*transpose([1, 2])"),
        ("a^T", "transpose(a)"), ("aᵀ b", "transpose(a)*b"), ("a⊤", "transpose(a)"), ("a.T @ b", "transpose(a) @ b"),
        ("(a b)^T", "transpose((a*b))"), ("a ⊙ b", "a*b"), ("∇_{a} L", "dL/da"), ("∇_a L", "dL/da"),
    ],
)  # fmt: skip
def test_a_hand_calculation_may_write_lists_and_matrices_in_other_ways(text: str, plain: str) -> None:
    assert parse(text, FORGIVING) == parse(plain, FORGIVING)


@pytest.mark.parametrize("text", ["[0.5 - 0.55]", "[2-1]", "[a -1]", "[2 a]", "max(a, 1)", "(a + b)", "[a]"])
def test_what_is_no_list_stays_what_it_is(text: str) -> None:
    assert not any(isinstance(part, Bracketed) for part in walk(parse(text, FORGIVING)))


def test_a_decimal_comma_makes_no_list() -> None:
    with pytest.raises(FormulaError, match="',' stands where"):
        parse("a*(0,05)", FORGIVING)


@pytest.mark.parametrize("text", ["dL/dw1", "∂L/∂w1", "d L / d w1", "∂(L)/∂(w1)", "dL / dw1"])
def test_a_derivative_is_one_name(text: str) -> None:
    (found,) = [part for part in walk(parse(f"2*{text}", FORGIVING)) if hasattr(part, "of")]
    assert (found.of, found.by) == ("L", "w1")


def test_a_scenario_is_strict() -> None:
    for text in ("dL/dw1 w1", "(a, b)", "[1 2]", "[1; 2]", "1 2", "a 2", "2 tanh a b[1 2]"):
        with pytest.raises(FormulaError):
            parse(text)
    assert parse("dL/dw1") == Product((("*", Name("dL")), ("/", Name("dw1"))))


# ---------------------------------------------------------------- text comes back
atoms = st.sampled_from(["a", "b", "c", "x", "w'", "δ", "0.20", "3", "1e-3", "W[1,2]"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", "*", "/"]), inner).map("".join),
        inner.map("({})".format),
        inner.map("-({})".format),
        inner.map("tanh({})".format),
        st.tuples(inner, st.sampled_from(["2", "3", "(a)"])).map(lambda p: f"({p[0]})**{p[1]}"),
        st.tuples(inner, inner).map(lambda p: f"max({p[0]}, {p[1]})"),
    )


@settings(deadline=None)
@given(st.recursive(atoms, larger, max_leaves=12))
@example("a - (b - c)/x*(-a)**2")
@example("(a + a) + a")
def test_what_is_printed_reads_as_the_same_formula(text: str) -> None:
    """But for brackets, which are added where two signs would meet."""
    tree = transform(parse(text), ungrouped)
    for style in (UNICODE, ASCII):
        assert transform(parse(to_text(parse(text), style)), ungrouped) == tree
        assert transform(parse(to_text(tree, style)), ungrouped) == tree


@settings(deadline=None)
@given(st.text(max_size=60) | st.text("abT12()[]+-*/^.,;:'\"_{}#%∂∇√²½ eπσᵀ@\n", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for notation in (Notation(), FORGIVING):
        refused = None
        try:
            parse(text, notation)
        except FormulaError as error:
            refused = error
        if refused is not None:
            assert 0 <= refused.start < refused.end
            assert refused.start <= len(text)
            assert refused.problems[0].message


@settings(deadline=None)
@given(st.integers(0, 3000), st.sampled_from("(-√[+a1²'^"))
def test_repetition_of_anything_ends_soon(count: int, char: str) -> None:
    for text in (char * count, f"a{char}" * (count // 2)):
        with suppress(FormulaError):
            assert len(names_in(parse(text))) <= 1


def test_the_longest_formula_is_read() -> None:
    text = "a" + "*a" * 999
    assert len(parse(text).factors) == 1000  # type: ignore[union-attr]
    with pytest.raises(FormulaError, match=f"the limit is {MAX_CHARACTERS}"):
        parse("a" * (MAX_CHARACTERS + 1))
