"""What typed answers are worth: the forgiving notation, what is no miss, and the causes that are named."""

from __future__ import annotations

import pytest

from backprop_tutor.quiz.answers import Reply, choose, judge
from backprop_tutor.quiz.names import Kind
from backprop_tutor.quiz.types import Choice, Option
from tests.quizzing import only_item, own, question

SOURCE = own("two_sigmoid_outputs")
DELTA = question(SOURCE, Kind.PATH, "∂Loss/∂o1")  # 0.138499
WEIGHT = question(SOURCE, Kind.ADJOINT, "∂Loss/∂w21")  # 0.0821670
SLOPE = question(SOURCE, Kind.FORMULA, "∂a_o1/∂o1")
ACTIVATION = question(SOURCE, Kind.VALUE, "a_h1")  # 0.593270
STEP = question(SOURCE, Kind.UPDATE, "w11'")


def answer(asked: object, text: str) -> Reply:
    from backprop_tutor.quiz.types import Question

    assert isinstance(asked, Question)
    return judge(SOURCE, asked, only_item(asked), text, SOURCE.session(asked.known))


RIGHT = [
    (DELTA, "0.1385", "rounded"),
    (DELTA, ".1385", "rounded"),
    (DELTA, "0.138499", "rounded"),
    (DELTA, "1.385e-1", "rounded"),
    (DELTA, "1.385*10^-1", "rounded"),
    (DELTA, "13.85%", "rounded"),
    (DELTA, "0.1384", "truncated"),
    (DELTA, "0.1384...", "truncated"),
    (DELTA, "0.138", "fewer-digits"),
    (DELTA, "∂Loss/∂o1 = 0.1385", "rounded"),
    (DELTA, "dLoss/do1 = 0.1385", "rounded"),
    (DELTA, "  0.1385  ", "rounded"),
    (DELTA, "0.7414*0.7514*(1-0.7514)", ""),
    (DELTA, "0.741*0.187", ""),
    (DELTA, "0.741*0.187 = 0.139", "fewer-digits"),
    (DELTA, "(a_o1 - target_o1)*a_o1*(1 - a_o1)", ""),
    (DELTA, "a_o1(1-a_o1)(a_o1-target_o1)", ""),
    (DELTA, "-(target_o1 - a_o1)·a_o1·(1 − a_o1)", ""),
    (WEIGHT, "0.0822", "fewer-digits"),
    (WEIGHT, "0.741*0.187*0.593", ""),
    (WEIGHT, "0.138499*0.593270", ""),
    (WEIGHT, "dLoss/do1*a_h1", ""),
    (SLOPE, "a_o1*(1-a_o1)", ""),
    (SLOPE, "a_o1 - a_o1^2", ""),
    (SLOPE, "exp(-o1)/(1+exp(-o1))^2", ""),
    (ACTIVATION, "1/(1+e^(-h1))", ""),
    (ACTIVATION, "1/(1+e^(-0.3775))", ""),
    (STEP, "-0.0002193", ""),
    (STEP, "-0.5*0.000438568", ""),
    (STEP, "-rate*dLoss/dw11", ""),
]


@pytest.mark.parametrize(("asked", "text", "code"), RIGHT, ids=[row[1] for row in RIGHT])
def test_right_answers(asked: object, text: str, code: str) -> None:
    reply = answer(asked, text)
    assert reply.outcome == "right", reply
    if code:
        assert reply.code == code


WRONG = [
    (DELTA, "-0.1385", "error-sign"),
    (DELTA, "(target_o1-a_o1)*a_o1*(1-a_o1)", "error-sign"),
    (DELTA, "0.7414", "slope-missing"),
    (DELTA, "0.557", "activation-for-slope"),
    (DELTA, "0.277", "factor-two-kept"),
    (DELTA, "1.385", "decimal-point"),
    (DELTA, "0.1835", "swapped-digits"),
    (DELTA, "0.3333", ""),
    (DELTA, "0", ""),
    (DELTA, "a_o1 - target_o1", "slope-missing"),
    (WEIGHT, "0.1385", "activation-missing-from-gradient"),
    (WEIGHT, "dLoss/do1*a_h2", "other-activation"),
    (WEIGHT, "dLoss/do1*w21", "weight-for-activation"),
    (SLOPE, "a_o1", "activation-for-slope"),
    (SLOPE, "1", "slope-missing"),
    (SLOPE, "1-a_o1^2", "tanh-slope"),
    (ACTIVATION, "0.4067", "wrong-exponent-sign"),
    (ACTIVATION, "1/(1+e^h1)", "wrong-exponent-sign"),
    (STEP, "0.0002193", "ascent"),
    (STEP, "-0.0004386", "rate-missing"),
]


@pytest.mark.parametrize(("asked", "text", "code"), WRONG, ids=[row[1] for row in WRONG])
def test_wrong_answers_get_the_slip_they_point_to_or_an_honest_not_this(asked: object, text: str, code: str) -> None:
    reply = answer(asked, text)
    assert reply.outcome == "wrong", reply
    assert reply.code == code
    assert reply.message


NO_MISS = [
    (DELTA, "0.1385)", "unread"),
    (DELTA, "0,1385", "unread"),
    (DELTA, "0.1.2", "unread"),
    (DELTA, "σ(", "unread"),
    (DELTA, "9**9**9**9**9", "unread"),
    (DELTA, "1/0", "unknown"),
    (DELTA, "banana", "unknown"),
    (DELTA, "0.1", "unknown"),
    (DELTA, "dLoss/do1", "unknown"),
    (DELTA, "dLoss/da_o1*da_o1/do1", "unknown"),
    (DELTA, "a_h1 = 0.5933", "unknown"),
    (SLOPE, "0.1868", "unknown"),
    (SLOPE, "da_o1/do1", "unknown"),
    (SLOPE, "σ'(o1)", "unknown"),
    (DELTA, "x" * 2000, "unread"),
]


@pytest.mark.parametrize(("asked", "text", "mark"), NO_MISS, ids=[row[1][:20] for row in NO_MISS])
def test_what_is_no_miss_is_asked_again(asked: object, text: str, mark: str) -> None:
    reply = answer(asked, text)
    assert reply.outcome == "again", reply
    assert reply.message
    assert (reply.mark == "unread") == (mark == "unread")


def test_what_cannot_be_read_has_a_column() -> None:
    reply = answer(DELTA, "0.5*(0.3 + )")
    assert reply.outcome == "again"
    assert reply.start == 11


def test_the_answer_is_never_told_with_a_miss() -> None:
    for text in ("0.3333", "0.1835", "-0.1385", "0.9*0.5", "a_h1"):
        reply = answer(DELTA, text)
        assert reply.outcome == "wrong"
        assert "0.138" not in reply.message


def test_a_calculation_with_a_wrong_number_in_it_says_which() -> None:
    reply = answer(DELTA, "(0.7514 - 0.01)*0.7514*(1 - 0.7541)")
    assert reply.outcome == "wrong"


def test_the_next_factor_may_be_a_name_a_formula_or_a_number() -> None:
    asked = question(SOURCE, Kind.FACTOR, "∂L1/∂a_h1")
    assert asked.chain is not None
    of, by = asked.chain.nodes[asked.chain.missing], asked.chain.nodes[asked.chain.missing + 1]
    name = f"d{SOURCE.graph.name(of)}/d{SOURCE.graph.name(by)}"
    item = only_item(asked)
    for text in (name, f"{item.value:.4f}"):
        assert answer(asked, text).outcome == "right"
    assert answer(asked, "dL1/da_o1").outcome == "wrong"


def test_options_are_chosen_by_letter_or_by_their_own_text() -> None:
    choice = Choice("∂L/∂w", (Option("−0.08", False, "sign", "the sign"), Option("0.08", True)))
    assert choose(choice, "b").outcome == "right"
    assert choose(choice, "B)").outcome == "right"
    assert choose(choice, "0.08").outcome == "right"
    assert choose(choice, "-0.08").code == "sign"
    assert choose(choice, "c").outcome == "again"
    assert choose(choice, "").outcome == "again"
    lines = Choice("wrong line", (Option("1", False), Option("2", True)), lines=True)
    assert choose(lines, "2").outcome == "right"
    assert choose(lines, "line 1").outcome == "wrong"
    assert choose(lines, "3").outcome == "again"
    assert choose(lines, "x").outcome == "again"


def test_each_line_of_a_derivation_is_judged_from_the_lines_before() -> None:
    from tests.quizzing import other, questions

    source = other("two_sigmoid_outputs", 0)
    asked = next(q for q in questions(source, 4, 1) if q.kind == Kind.DERIVATION)
    session = source.session(asked.known)
    first, second = asked.items[0], asked.items[1]
    assert not isinstance(first, Choice)
    assert not isinstance(second, Choice)
    wrong = first.value + 0.1
    assert judge(source, asked, first, f"{wrong:.6f}", session, 1).outcome == "wrong"
    carried = session.person.carried(second.subject).value if second.subject is not None else 0.0
    reply = judge(source, asked, second, f"{carried:.6f}", session, 2)
    assert reply.outcome == "right"
    assert reply.mark == "follows"
    assert "line 1" in reply.message
