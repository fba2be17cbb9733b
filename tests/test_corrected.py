"""`--corrected`: a sheet as it should have been, in its author's own hand."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from functools import cache

import pytest

from backprop_tutor.engine.build import build
from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.penmanship import style_of, usual_digits, usual_places, written
from backprop_tutor.judging.corrected import Corrected, correct, flagged
from backprop_tutor.judging.judge import Judge
from backprop_tutor.scenario import loading as scenario
from tests.honest import people
from tests.judging import judge_of
from tests.program import TOP

SHEETS = tuple(path.name.removesuffix(".hand.md") for path in sorted((TOP / "scenarios").glob("*.hand.md")))


@cache
def judge(name: str) -> Judge:
    return Judge(build(scenario.load(name)))


@cache
def text_of(name: str) -> str:
    return (TOP / "scenarios" / f"{name}.hand.md").read_text(encoding="utf-8")


@cache
def corrected(name: str) -> Corrected:
    return correct(judge(name), text_of(name))


def claim_of(name: str, line: int) -> str:
    """A line of the corrected sheet without what trails it."""
    return re.sub(r"\s+(@\d+|#).*", "", corrected(name).text.split("\n")[line - 1])


@pytest.mark.parametrize("name", SHEETS)
def test_a_corrected_document_has_nothing_wrong(name: str) -> None:
    again = judge(name).judge(handwork.read(corrected(name).text, judge(name).vocabulary))
    assert [(v.line, v.mark, v.claim.text) for v in again.verdicts if v.mark in ("wrong", "follows")] == []
    assert corrected(name).left == ()


def test_nothing_carried_from_a_mistake_stays_where_values_are_only_assumed() -> None:
    trusting = judge("shared_weights").trusting()
    again = trusting.judge(handwork.read(corrected("shared_weights").text, trusting.vocabulary))
    assert [(v.line, v.mark, v.claim.text) for v in again.verdicts if v.mark in ("wrong", "follows")] == []


def spoilt(text: str, draw: random.Random) -> str:
    """A sheet with another number as the result of one line, and the lines that use it as they were."""
    lines = text.split("\n")
    number = re.compile(r"(?<=[= ])-?\d+\.\d*[1-9]\d+$")
    place = draw.choice([i for i, line in enumerate(lines) if number.search(line) and "'" not in line])
    right = number.findall(lines[place])[0]
    places = len(right.partition(".")[2])
    lines[place] = number.sub(f"{float(right) * 0.6:.{places}f}", lines[place])
    return "\n".join(lines)


def test_a_corrected_sheet_of_a_random_network_has_nothing_wrong() -> None:
    draw = random.Random(7)
    for trace, text, who in people(8, seed=31):
        own = Judge(trace.graph, trace)
        wrong = spoilt(text, draw)
        done = correct(own, wrong)
        again = own.judge(handwork.read(done.text, own.vocabulary))
        left = [f"{who}: {v.claim.text}: {v.message}" for v in again.verdicts if v.mark in ("wrong", "follows")]
        assert not left, left
        (change,) = done.changes
        right = text.split("\n")[change.line - 1]
        assert re.sub(r"\d", "0", change.after) == re.sub(r"\d", "0", right) + "  # corrected", (change, right)


@pytest.mark.parametrize("name", SHEETS)
def test_everything_else_keeps_every_byte(name: str) -> None:
    before, after = text_of(name).split("\n"), corrected(name).text.split("\n")
    assert len(before) == len(after)
    changed = {n for n, (a, b) in enumerate(zip(before, after, strict=True), 1) if a != b}
    assert changed == {change.line for change in corrected(name).changes}
    for change in corrected(name).changes:
        assert change.before == before[change.line - 1]
        assert change.after == after[change.line - 1]
        assert change.after.endswith("  # corrected")
        assert re.findall(r"@\d+", change.before) == re.findall(r"@\d+", change.after)


@pytest.mark.parametrize("name", SHEETS)
def test_a_corrected_document_is_corrected_for_good(name: str) -> None:
    again = correct(judge(name), corrected(name).text)
    assert again.changes == ()
    assert again.text == corrected(name).text


@pytest.mark.parametrize("name", SHEETS)
def test_no_result_gets_lost(name: str) -> None:
    """A line that came to a number still does."""
    for change in corrected(name).changes:
        if re.search(r"[=≈]\s*[-−]?[\d.]+\s+@", change.before):
            assert re.search(r"[=≈]\s*[-−]?[\d.]+\s+@", change.after), change


# By hand, from the documents.
@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("two_sigmoid_outputs", 8, "h1 = i1*w11 + i2*w12 + b1*1 = 0.15*0.05 + 0.1*0.20 + 0.35 = 0.3775"),
        ("two_sigmoid_outputs", 25, "Loss = 0.275 + 0.0236 = 0.298"),
        ("two_sigmoid_outputs", 42, "w21' = w21 - η*∂loss/∂w21 = 0.4 - 0.5*0.082 = 0.359"),
        ("two_sigmoid_outputs", 43, "w22' = 0.409"),
        ("two_sigmoid_outputs", 52, "∂Loss_1/∂a_h1 = ∂Loss_1/∂o1 * ∂o1/∂a_h1 = 0.0554"),
        ("two_sigmoid_outputs", 53, "o1 = a_h1*w21 + a_h2*w22 + b2"),
        ("two_sigmoid_outputs", 56, "∂Loss/∂a_h1 = 0.0554 - 0.019 = 0.0364"),
        ("two_sigmoid_outputs", 61, "h1 = i1*w11 + i2*w12 + b1*1"),
        ("two_sigmoid_outputs", 67, "w11' = w11 - η*∂Loss/∂w11 = 0.15 - 0.5*0.000439 = 0.1498"),
        ("linear_two_errors", 62, "a22 = (w22 + 0.000001)*h1 = (0.1 + 0.000001)*3.0 = 0.300003"),
        ("linear_two_errors", 63, "o2 = f(a22) = 2.0*a22 = 0.600006"),
        ("linear_two_errors", 64, "((1.0 - 0.600006)^2 - (1.0 - 0.6)^2)/0.000001 = -4.799964 ≈ -4.8"),
        ("matrix_softmax", 28, "dL/dyhat1 = d/dyhat1 [(y1 - yhat1)^2 + (y2 - yhat2)^2]"),
        ("matrix_softmax", 42, "da21/db212 = h12"),
        ("matrix_softmax", 46, "a1 = w11 @ x + b1 = [2.9, 3.4, 2.1, 2.3]"),
        ("matrix_softmax", 47, "h1 = sigmoid(a1) = [0.95, 0.97, 0.89, 0.91]"),
        ("matrix_softmax", 60, "∂a21/∂h13 = 0.2"),
        ("shared_weights", 70, "a11 = σ(h11) = 0.506"),
        ("shared_weights", 74, "a21 = σ(h21) = 0.540"),
        ("shared_weights", 71, "h21 = b_h21 + w3*a11 + w4*a12 = 0.162"),
        ("shared_weights", 73, "∂L/∂a21 = ∂L/∂z * ∂z/∂a21 = ∂L/∂z * w5 = (0.249)(-0.10) = -0.025"),
        ("shared_weights", 79, "z = b_z + w5*a21 + w6*a22 = 0.335"),
        (
            "shared_weights",
            69,
            "∂L/∂a11 = ∂L/∂h21 * ∂h21/∂a11 + ∂L/∂h22 * ∂h22/∂a11 = (∂L/∂h21 + ∂L/∂h22)*w3 "
            "= (-0.006 - 0.006)(0.14) = -0.002",
        ),
        (
            "matrix_softmax",
            55,
            "∂L/∂u131 = ((∂L/∂yhat1 * ∂yhat1/∂a21 + ∂L/∂yhat2 * ∂yhat2/∂a21) * ∂a21/∂h13 "
            "+ (∂L/∂yhat1 * ∂yhat1/∂a22 + ∂L/∂yhat2 * ∂yhat2/∂a22) * ∂a22/∂h13) * ∂h13/∂a13 * ∂a13/∂u131",
        ),
    ],
)
def test_corrections_are_what_a_person_would_write(name: str, line: int, expected: str) -> None:
    assert claim_of(name, line) == expected


def test_line_ends_and_byte_order_mark_stay() -> None:
    text = "\ufeff# Mine\r\nProse: a = is no claim here?\r\nh1 = 0.3775\r\na_h1 = 0.953\rh2 = 0.3925\r\n"
    done = correct(judge("two_sigmoid_outputs"), text)
    assert done.text == text.replace("a_h1 = 0.953", "a_h1 = 0.593  # corrected")


def test_a_right_sheet_stays_as_it_is() -> None:
    text = "h1 = 0.3775\na_h1 = 0.593 \t\n\n\n"
    assert correct(judge("two_sigmoid_outputs"), text) == Corrected(text, (), ())


def test_two_claims_on_one_line() -> None:
    text = "a1 = 1.5, h1 = 3.5, a21 = 0.7\na22 = 0.3; o1 = 1.4\n"
    done = correct(judge("linear_two_errors"), text)
    assert done.text == "a1 = 1.5, h1 = 3.0, a21 = 0.6  # corrected\na22 = 0.3; o1 = 1.2  # corrected\n"


def test_a_line_of_a_later_step_is_put_right_by_that_step() -> None:
    lines = ["w1' = 0.8", "b' = -0.1", "# Step 2", "yhat = 0.8*2 - 0.1 = 1.6", "w1' = 0.8 - 0.28 = 0.54"]
    corrected = correct(judge_of("momentum_two_steps"), "\n".join(lines))
    assert corrected.text.split("\n")[3:] == [
        "yhat = 0.8*2 - 0.1 = 1.5  # corrected",
        "w1' = 0.8 - 0.28 = 0.52  # corrected",
    ]
    assert not corrected.left


def test_arrays_are_put_right_number_by_number() -> None:
    sheet = "z1 = W1 x + b1 = [0.5, -0.65]\nW1' = [[0.2041, 0.4021],\n       [-0.5094, 0.0853]]"
    corrected = correct(judge_of("layers"), sheet)
    assert corrected.text == (
        "z1 = W1 x + b1 = [0.5, -0.55]  # corrected\nW1' = [[0.2041, 0.4021],\n       [-0.5094, 0.0953]]  # corrected"
    )


def test_own_signs_and_digits() -> None:
    text = "h1 = i1·w11 + i2·w13 + b1 = 0.05·0.15 + 0.1·0.25 + 0.35 = 0.38250\n"
    done = correct(judge("two_sigmoid_outputs"), text)
    assert done.text == "h1 = i1·w11 + i2·w12 + b1 = 0.05·0.15 + 0.1·0.20 + 0.35 = 0.37750  # corrected\n"


def test_comments_are_replaced_and_not_piled_up() -> None:
    assert flagged("h1 = 1  @7  # wrong [sign]") == "h1 = 1  @7  # corrected"
    assert flagged("h1 = 1") == "h1 = 1  # corrected"
    assert flagged("h1 = 1  # corrected") == "h1 = 1  # corrected"


@pytest.mark.parametrize(
    ("value", "like", "expected"),
    [
        ("0.0242", "0.236", "0.0242"),
        ("0.05539942", "0.554", "0.0554"),
        ("0.2", "2", "0.2"),
        ("3.4", "1.4", "3.4"),
        ("0.6", "0.75", "0.60"),
        ("0.300003", "0.3000003", "0.300003"),
        ("-4.799964", "-4.8", "-4.8"),
        ("0.40866", "0.410", "0.409"),
        ("0", "0.12", "0.00"),
        ("0.99996", "0.123", "1.000"),
        ("12.34", "1", "12"),
        ("0.000438567", "", "0.000439"),
    ],
)
def test_numbers_have_the_digits_of_those_they_replace(value: str, like: str, expected: str) -> None:
    assert written(Fraction(value), like, 3) == expected


def test_who_rounds_to_decimals_goes_on_so() -> None:
    three = "a = 0.593\nb = 0.597\nc = 1.106\nd = 0.751\ne = 0.014\nf = 0.024"
    assert usual_places(three) == 3
    assert usual_places(three.replace("0.014", "0.0143").replace("0.024", "0.0236")) is None
    assert usual_places("a = 0.593\nb = 0.597\nc = 1.106\nd = 0.751\ne = 0.114\nf = 0.224") is None


def test_habits() -> None:
    assert style_of("a × b + c×d × e").times == " × "
    assert style_of("a*b").times == "*"
    assert style_of("dL/dw = 1").partial == "d"
    assert style_of("∂L/∂w = 1").partial == "∂"
    assert usual_digits("a = 0.5933\nb = 0.7514\nc = 0.2") == 4
