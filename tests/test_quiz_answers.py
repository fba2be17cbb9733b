"""What typed answers are worth: the forgiving notation, what is no miss, and the causes that are named."""

from __future__ import annotations

import pytest

from backprop_tutor.formulas.typeset import to_text
from backprop_tutor.quiz.answers import choose, judge
from backprop_tutor.quiz.names import Kind
from backprop_tutor.quiz.replies import Reply, sentence
from backprop_tutor.quiz.types import Choice, Option
from tests.quizzing import only_item, own, question, rounded_text

SOURCE = own("two_sigmoid_outputs")
DELTA = question(SOURCE, Kind.PATH, "∂Loss/∂o1")  # 0.138499
WEIGHT = question(SOURCE, Kind.ADJOINT, "∂Loss/∂w21")  # 0.0821670
SLOPE = question(SOURCE, Kind.FORMULA, "∂a_o1/∂o1")
ACTIVATION = question(SOURCE, Kind.VALUE, "a_h1")  # 0.593270
STEP = question(SOURCE, Kind.UPDATE, "w11'")  # asks w11' − w11: −0.000219284
UPDATED = question(SOURCE, Kind.UPDATE, "w21'")  # 0.358916
HIDDEN = question(SOURCE, Kind.ADJOINT, "∂Loss/∂a_h2")  # 0.0413703
LOCAL = question(SOURCE, Kind.LOCAL, "∂a_o1/∂o1")  # 0.186816
NEURON = question(SOURCE, Kind.VALUE, "h1")  # 0.3775


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
    (ACTIVATION, "1/(1+e^(-0.3775))", ""),
    (STEP, "-0.0002193", ""),
    (STEP, "-0.5*0.000438568", ""),
    (STEP, "-rate*dLoss/dw11", ""),
    (STEP, "-0.5*dLoss/dw11", ""),
    (STEP, "-rate*0.000438568", ""),
    (STEP, "Δw11 = -0.0002193", ""),
    (LOCAL, "= 0.1868", "rounded"),
    (LOCAL, "≈ 0.1868", "rounded"),
    (LOCAL, "~0.1868", "rounded"),
    (LOCAL, "~ 0.1868", "rounded"),
    (LOCAL, "1.868e−1", "rounded"),
    (LOCAL, "0.7514 x 0.2486", ""),
    (LOCAL, "0.7514x0.2486", ""),
    (LOCAL, "sigma(o1)*(1 - sigma(o1))", ""),
    (LOCAL, "0.7514*(1 - 0.7514) ~ 0.1868", ""),
    (LOCAL, "a_o1*(1-a_o1) = 0.1868", ""),
    (LOCAL, "0.1868 = a_o1*(1-a_o1)", ""),
    (LOCAL, "a_o1*0.2486", ""),
    (LOCAL, "0.1869", "last-digit"),
    (LOCAL, "0.1867", "last-digit"),
    (LOCAL, "0.18683", ""),
    (WEIGHT, "0.08216", "truncated"),
    (WEIGHT, "0.08218", "last-digit"),
    (WEIGHT, "∂E/∂w21 = 0.08217", "rounded"),
    (WEIGHT, "∂E/∂o1*a_h1", ""),
    (WEIGHT, "dC/do1*a_h1", ""),
    (WEIGHT, "0.138499*a_h1", ""),
    (SLOPE, "a_{o1}(1-a_{o1})", ""),
    (NEURON, "i1*0.15 + i2*0.20 + b1", ""),
    (NEURON, "i1*w11 + i2*w12 + b1", ""),
    (NEURON, "i1w11 + i2w12 + b1", ""),
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
    (HIDDEN, "-0.04137", "sign"),  # the sign of an error is no slip of who was given ∂Loss/∂o1
    (WEIGHT, "-0.08217", "sign"),
    (DELTA, "-0.14", ""),
    (DELTA, "0.56", ""),
    (DELTA, "1.4", ""),
    (DELTA, "0.9*0.5", ""),
    (DELTA, "0.741*0.751", "activation-for-slope"),
    (LOCAL, "0.1968", "one-digit"),
    (LOCAL, "sigma(o1)", "activation-for-slope"),
    (NEURON, "0.05*0.15 + 0.1*0.2 + 0.35 = 0.3875", "one-digit"),  # as another neuron's weight gives, too
    (NEURON, "0.05*0.15 + 0.1*0.25 + 0.35", "other-neurons-weight"),
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
    (LOCAL, "0.18 68", "unread"),
    (LOCAL, "0.1868 0.2", "unread"),
    (LOCAL, "0.7514 0.2486", "unread"),
    (LOCAL, "0,1868", "unread"),
    (LOCAL, "1,868e-1", "unread"),
    (LOCAL, "0.1868?", "unread"),
    (LOCAL, "0.1868 (rounded)", "unknown"),
    (LOCAL, "σ'(o1)", "unknown"),
    (LOCAL, "σ'(1.10591)", "unknown"),
    (LOCAL, "d/do1(a_o1)", "unknown"),
    (DELTA, "0.7*0.2", "unknown"),
    (DELTA, "0..5", "unread"),
    (WEIGHT, "dLoss/dw21'", "unknown"),
    (WEIGHT, "dLoss/drate", "unknown"),
    (WEIGHT, "dLoss/da", "unknown"),
    (WEIGHT, "∂E/∂w5", "unknown"),
    (WEIGHT, "dE/dw*x", "unknown"),
    (WEIGHT, "dog/dig", "unknown"),
    (WEIGHT, "δ_h1/δ_w1", "unknown"),
    (STEP, "0.1498", "unknown"),
    (STEP, "w11 - rate*dLoss/dw11", "unknown"),
    (STEP, "w11' - w11", "unknown"),
    (STEP, "Δw11", "unknown"),
    (UPDATED, "-0.04108", "unknown"),
    (UPDATED, "-rate*dLoss/dw21", "unknown"),
    (UPDATED, "w21 + Δw21", "unknown"),
    (ACTIVATION, "σ(h1)", "unknown"),
    (ACTIVATION, "1/(1+e^(-h1))", "unknown"),
    (ACTIVATION, "a_h1", "unknown"),
    (SLOPE, "a_o1 - 0.5645", "unknown"),
]
# nothing that the network has: neither a name nor a formula of them is an answer to anything
NONSENSE = (
    "help", "banana", "banana+0", "2*banana", "banana*a_h1", "σ(banana)", "hello-world", "a-t", "cat*dog + fish*bird",
    "dLoss/dbanana", "dbanana/dw", "∂E/∂banana", "banana'", "w99", "W*x", "x", "o-t", "σ(help)*(1-σ(help))",
)  # fmt: skip


@pytest.mark.parametrize(("asked", "text", "mark"), NO_MISS, ids=[row[1][:20] for row in NO_MISS])
def test_what_is_no_miss_is_asked_again(asked: object, text: str, mark: str) -> None:
    reply = answer(asked, text)
    assert reply.outcome == "again", reply
    assert reply.message
    assert (reply.mark == "unread") == (mark == "unread")


@pytest.mark.parametrize("text", NONSENSE)
def test_a_word_that_means_nothing_is_never_an_answer(text: str) -> None:
    for asked in (DELTA, WEIGHT, SLOPE, ACTIVATION, STEP, UPDATED, HIDDEN, LOCAL, NEURON):
        reply = answer(asked, text)
        assert reply.outcome == "again", (to_text(only_item(asked).asked), reply)
        assert reply.message


def test_an_unknown_name_is_told() -> None:
    assert answer(NEURON, "help").message == "'help' means nothing here."
    assert answer(NEURON, "i1w99 + b1").message == "'i1w99' means nothing here."
    assert answer(WEIGHT, "∂E/∂w5").message == "'∂Loss/∂w5' means nothing here."
    assert answer(NEURON, "cat + dog + fish").message == "'cat', 'dog' and 'fish' mean nothing here."


def test_a_name_that_is_meant_evidently_counts_for_a_right_answer_and_against_nobody() -> None:
    loss = question(SOURCE, Kind.FORMULA, "∂L1/∂a_o1")
    right = answer(loss, "a_o1 - t1")
    assert (right.outcome, right.mark, right.message) == ("right", "notation", "'t1' is read as target_o1")
    assert answer(loss, "t1 - a_o1").outcome == "again"
    assert answer(loss, "t1").outcome == "again"


def test_the_first_miss_says_what_kind_and_not_what_is_right() -> None:
    reply = answer(question(SOURCE, Kind.FORMULA, "∂L1/∂a_o1"), "target_o1-a_o1")
    assert reply.first == "It fits a usual slip: the sign of the error."
    assert reply.message == "The inner derivative is −1: ∂L1/∂a_o1 is a_o1 − target_o1."
    reply = answer(HIDDEN, "-0.04137")
    assert reply.first == "The size is right, the sign is not."
    reply = answer(DELTA, "(0.7514 - 0.01)*0.7514*(1 - 0.7541)")
    assert reply.first == "Look at 0.7541: it does not belong there."
    assert reply.pen


def test_what_an_answer_comes_to_is_told_of_calculations_and_formulas() -> None:
    value = answer(DELTA, "(target_o1-a_o1)*a_o1*(1-a_o1)").value
    assert value is not None
    assert value == pytest.approx(-0.138499, rel=1e-5)
    value = answer(DELTA, "0.7414*0.7514").value
    assert value is not None
    assert value == pytest.approx(0.557088, rel=1e-5)
    assert answer(DELTA, "-0.1385").value is None


def test_once_a_hint_has_told_the_formula_only_a_number_counts() -> None:
    session = SOURCE.session(WEIGHT.known)
    item = only_item(WEIGHT)
    for told, outcome in ((False, "right"), (True, "again")):
        assert judge(SOURCE, WEIGHT, item, "dLoss/do1*a_h1", session, formula_told=told).outcome == outcome
    assert judge(SOURCE, WEIGHT, item, "0.138499*0.593270", session, formula_told=True).outcome == "right"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("h1 stands where h2 belongs", "Here h1 stands where h2 belongs."),
        ("w12 is the weight of i2", "Here w12 is the weight of i2."),
        ("1 − a_o1² is the slope of tanh", "Here 1 − a_o1² is the slope of tanh."),
        ("Loss has no ½.", "Here Loss has no ½."),
        ("two digits have changed places", "Two digits have changed places."),
        ("Add the bias b1", "Add the bias b1."),
    ],
)
def test_a_sentence_never_changes_a_name(text: str, said: str) -> None:
    assert sentence(text, SOURCE.vocabulary) == said


def test_what_cannot_be_read_has_a_column() -> None:
    reply = answer(DELTA, "0.5*(0.3 + )")
    assert reply.outcome == "again"
    assert reply.start == 11


def test_the_answer_is_never_told_with_a_first_miss() -> None:
    for asked, text, _ in WRONG:
        reply = answer(asked, text)
        item = only_item(asked)
        assert reply.first
        assert rounded_text(abs(item.value), 3) not in reply.first
        assert to_text(item.right) not in reply.first


def test_a_calculation_with_a_wrong_number_in_it_says_which() -> None:
    reply = answer(DELTA, "(0.7514 - 0.01)*0.7514*(1 - 0.7541)")
    assert reply.outcome == "wrong"


def test_the_next_factor_is_a_formula_or_a_number_and_its_name_alone_shows_nothing() -> None:
    asked = question(SOURCE, Kind.FACTOR, "∂L1/∂a_h1")
    assert asked.chain is not None
    of, by = asked.chain.nodes[asked.chain.missing], asked.chain.nodes[asked.chain.missing + 1]
    name = f"d{SOURCE.graph.name(of)}/d{SOURCE.graph.name(by)}"
    item = only_item(asked)
    for text in (f"{item.value:.4f}", to_text(item.right), f"{name} = {item.value:.4f}"):
        assert answer(asked, text).outcome == "right", text
    assert answer(asked, name).outcome == "again"
    assert answer(asked, "dL1/da_o1").outcome == "wrong"


def test_options_are_chosen_by_letter_or_by_their_own_text() -> None:
    choice = Choice("∂L/∂w", (Option("−0.08", False, "The sign."), Option("0.08", True)))
    assert choose(choice, "b").outcome == "right"
    assert choose(choice, "B)").outcome == "right"
    assert choose(choice, "0.08").outcome == "right"
    assert choose(choice, "-0.08").message == "The sign."
    assert choose(choice, "c").outcome == "again"
    assert choose(choice, "").outcome == "again"
    lines = Choice("wrong line", (Option("1", False), Option("2", True)), lines=True)
    assert choose(lines, "2").outcome == "right"
    assert choose(lines, "line 1").outcome == "wrong"
    assert choose(lines, "3").outcome == "again"
    assert choose(lines, "x").outcome == "again"
    assert choose(lines, "²").outcome == "again"


def test_choosing_a_wrong_cause_shows_no_slip_of_ones_own() -> None:
    asked = question(SOURCE, Kind.FIND, "a_o1")
    _, cause = asked.items
    assert isinstance(cause, Choice)
    for letter, option in zip("abcd", cause.options, strict=True):
        reply = choose(cause, letter)
        assert reply.codes == ()
        assert reply.code == ""
        assert reply.message, "every option says why"
        assert option.right == (reply.outcome == "right")
        assert reply.message.startswith("That would give ") or option.right
    assert cause.prompt.startswith("What went wrong in line ")
    assert not asked.visible


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
    formula = judge(source, asked, second, to_text(second.right), source.session(asked.known), 2)
    assert formula.code == "numbers-wanted", "the next line goes on from a number"
