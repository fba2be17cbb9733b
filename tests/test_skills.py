"""Which skill a quantity exercises, and the ladder."""

from __future__ import annotations

import pytest

from backprop_tutor.handwork.quantities import Gradient, Subject, Updated, Value
from backprop_tutor.quiz.names import Loss, Shared
from backprop_tutor.quiz.networks import Shape
from backprop_tutor.quiz.skills import CODES, OPEN, SKILLS, Result, climbed, open_skills, skill, skill_of, title_of
from backprop_tutor.quiz.source import Source
from tests.quizzing import drawn, own

RIGHT, WRONG = Result(True), Result(False)


def slipped(code: str) -> Result:
    return Result(False, code)


def subject(source: Source, text: str) -> Subject:
    if "/" in text:
        of, by = (part.lstrip("∂") for part in text.split("/"))
        return Gradient(source.graph.id(of), source.graph.id(by))
    if text.endswith("'"):
        return Updated(source.graph.id(text[:-1]))
    return Value(source.graph.id(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("h1", "neuron"),
        ("a_h1", "sigmoid"),
        ("L1", "loss"),
        ("Loss", "loss"),
        ("∂a_h1/∂h1", "sigmoid-slope"),
        ("∂L1/∂a_o1", "loss"),
        ("∂Loss/∂a_o1", "loss"),
        ("∂o1/∂w21", "neuron"),
        ("∂Loss/∂o1", "output-delta"),
        ("∂Loss/∂w21", "output-weight"),
        ("∂Loss/∂b2", "bias"),
        ("∂L1/∂a_h1", "one-path"),
        ("∂Loss/∂a_h1", "two-paths"),
        ("∂Loss/∂h1", "hidden-delta"),
        ("∂Loss/∂w11", "hidden-weight"),
        ("∂Loss/∂b1", "bias"),
        ("w21'", "update"),
    ],
)
def test_the_skill_of_a_quantity(text: str, code: str) -> None:
    source = own("two_sigmoid_outputs")
    assert skill_of(source.network, subject(source, text)) == code


@pytest.mark.parametrize(
    ("shape", "text", "code"),
    [
        (Shape((2, 2, 2), "tanh"), "h1", "tanh"),
        (Shape((2, 2, 2), "tanh"), "∂h1/∂z_h1", "tanh"),
        (Shape((2, 2, 2), "relu"), "∂L/∂z_h1", "relu"),
        (Shape((2, 2, 2), "gelu"), "∂h1/∂z_h1", "other-function"),
        (Shape((2, 2, 2), "sigmoid", Loss.CROSS_ENTROPY), "p1", "softmax"),
        (Shape((2, 2, 2), "sigmoid", Loss.CROSS_ENTROPY), "∂L/∂z_p1", "softmax"),
        (Shape((2, 2, 2), "sigmoid", Loss.BINARY), "∂L/∂z_o1", "output-delta"),
        (Shape((2, 2, 2), "sigmoid", Loss.HALF_SQUARED, Shared.WEIGHTS), "∂L/∂w1", "hidden-weight"),
    ],
)
def test_other_functions_have_skills_of_their_own(shape: Shape, text: str, code: str) -> None:
    source = drawn(shape, 1)
    assert skill_of(source.network, subject(source, text)) == code


@pytest.mark.parametrize(
    ("results", "up"),
    [
        ([], False),
        ([RIGHT, RIGHT], False),
        ([RIGHT, RIGHT, RIGHT], True),
        ([RIGHT, WRONG, RIGHT, RIGHT], True),
        ([RIGHT, WRONG, WRONG, RIGHT, RIGHT], False),
        ([RIGHT, RIGHT, RIGHT, slipped("a")], True),
        ([RIGHT, RIGHT, RIGHT, slipped("a"), slipped("b")], True),
        ([RIGHT, RIGHT, RIGHT, slipped("a"), slipped("a")], False),
        ([slipped("a"), RIGHT, RIGHT, RIGHT, slipped("a")], True),
        ([RIGHT, RIGHT, RIGHT, slipped("a"), RIGHT, slipped("a"), RIGHT, RIGHT], False),
        ([RIGHT, RIGHT, RIGHT, slipped("a"), RIGHT, slipped("a"), RIGHT, RIGHT, RIGHT], True),
    ],
)
def test_up_after_three_unaided_rights_in_four_and_down_on_the_same_slip_twice(results: list[Result], up: bool) -> None:
    assert climbed(results) is up


def test_a_few_skills_are_open_at_a_time() -> None:
    start = open_skills(CODES, {})
    assert start == CODES[:OPEN]
    three = [RIGHT] * 3
    assert open_skills(CODES, {CODES[1]: three}) == CODES[: OPEN + 1]
    assert open_skills(CODES, dict.fromkeys(CODES, three)) == CODES
    assert open_skills(("update", "neuron"), {}) == ("neuron", "update")


def test_every_skill_has_a_rule_and_a_title_of_its_own() -> None:
    assert len({one.title for one in SKILLS}) == len(SKILLS)
    assert all(one.rule.endswith(".") for one in SKILLS)
    assert skill("neuron").title == title_of("neuron")
    assert title_of("a-skill-of-the-future") == "a-skill-of-the-future"


def test_every_skill_but_the_learners_own_is_exercised_by_some_question() -> None:
    from tests.quizzing import questions

    shapes = [
        Shape((2, 2, 2)),
        Shape((2, 2, 2), "tanh"),
        Shape((2, 2, 2), "relu", Loss.SQUARED, Shared.BIAS),
        Shape((2, 2, 2), "gelu", Loss.CROSS_ENTROPY),
    ]
    found = {q.skill for shape in shapes for seed in (1, 2) for q in questions(drawn(shape, seed), 4, 1)}
    assert found == set(CODES) - {"own-scenario"}
