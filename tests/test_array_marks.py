"""Claims about whole arrays: values, gradients, δ, updates, in formulas and numbers. array_marks.txt has the cases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backprop_tutor.judging.expectations import expectations, mismatches
from tests.judging import judged, only, shown

TURNED = "[[0.2279, -0.3806, 0.1527], [0.4557, -0.7612, 0.3055]]"


def cases(name: str) -> Iterator[tuple[str, str, str]]:
    """(what is tested, scenario, sheet) of every case of a file beside this one."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for case in text.split("\n== ")[1:]:
        head, _, sheet = case.partition("\n")
        scenario, _, title = head.partition(": ")
        yield title, scenario, sheet.rstrip()


CASES = [*cases("array_marks.txt"), *cases("sample_and_step_marks.txt")]


@pytest.mark.parametrize(("scenario", "sheet"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_marks(scenario: str, sheet: str) -> None:
    judgement = judged(scenario, sheet)
    assert expectations(judgement) == sheet.count("  # ")
    wrong = [f"{m.sentence}: {shown(m.verdict)}" for m in mismatches(judgement)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("scenario", "line", "quantity", "message"),
    [
        ("classes", "z = [0.1, 1.2, -0.3]", "z2", "z2: "),
        ("classes", "z = x + b", None, "its pieces do not fit together"),
        ("classes", "p = [0.2, 0.3]", None, "p has 3 numbers, this has 2 numbers"),
        ("classes", "W' = W + 0.5*dL/dW", "W'", "the same in w12', w21', w22', w31' and 1 more"),
        ("classes", "dL/dW = [[0.2, 0.4], [-0.3, -0.7]]", None, "dL/dW has 3×2 numbers, this has 2×2 numbers"),
        ("classes", f"dL/dW = {TURNED}", "∂L/∂W", "rows and columns are exchanged: this is the transpose of ∂L/∂W"),
        ("layers", "z1 = [0.51, -0.56]", "z1", "z1[1]: should be 0.5; z1[2]: should be -0.55"),
    ],
)  # fmt: skip
def test_what_is_said_of_an_array(scenario: str, line: str, quantity: str | None, message: str) -> None:
    verdict = only(scenario, line)
    assert message in verdict.message, shown(verdict)
    if verdict.mark != "unknown":
        assert verdict.quantity == quantity


def test_all_elements_that_follow_are_told() -> None:
    lines = ("a1 = w11 @ x + b1 = [2.9, 1.4, 2.1, 2.3]", "h1 = [0.95, 0.80, 0.89, 0.91]", "a2 = [1.66, 0.45]")
    first, second, third, fourth = judged("matrix_softmax", "\n".join((*lines, "yhat = [0.77, 0.23]"))).verdicts
    assert first.quantity == "a_12"
    assert second.message == "follows from line 1 in h_12"
    assert third.message == "follows from line 2 in a2"
    assert fourth.message == "follows from line 3 in yhat"


def test_a_caret_stands_under_the_element() -> None:
    text = "z = [0.1, 1.2, -0.3]"
    (link,) = [k for k in only("classes", text).links if k.mark == "wrong"]
    assert text[link.start : link.end] == "1.2"
