"""A lesson in Markdown is itself a hand calculation in LaTeX: judged against its scenario, its lines are right."""

from __future__ import annotations

import pytest

from backprop_tutor.handwork.plain_reader import read
from backprop_tutor.judging.judge import Judge
from backprop_tutor.render.run.markdown import run_text
from tests.program import SCENARIOS
from tests.test_screens import WHOLE, graph_of, trace_of

# what the scenario quotes of its document, slips and all; the loss after the last step that it takes
OTHERS = {
    "shared_weights": {"a11", "h21", "a21", "z", "y_pred", "∂L/∂z"},
    "adam_two_steps": {"L"},
    "momentum_two_steps": {"L"},
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_lines_of_a_lesson_are_right(name: str) -> None:
    text, agrees = run_text(trace_of(name), graph_of(name), WHOLE)
    assert agrees
    judge = Judge(graph_of(name))
    verdicts = judge.judge(read(text, judge.vocabulary)).verdicts
    assert not judge.failures
    wrong = [(v.line, v.quantity, v.message) for v in verdicts if v.mark == "wrong"]
    assert {quantity for _, quantity, _ in wrong} <= OTHERS.get(name, set()), wrong
    short = [v for v in verdicts if "the limit is" not in v.message]  # of long chains the reader takes no more
    earned = sum(v.mark in ("right", "close", "notation") for v in short)
    assert len(short) > 15
    assert earned + len(wrong) >= 0.85 * len(short)
