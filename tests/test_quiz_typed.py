"""Whatever is typed, the quiz goes on: random text, names, derivatives and hostile text for every kind of question."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tutor.quiz.answers import choose, judge
from backprop_tutor.quiz.names import Kind
from backprop_tutor.quiz.networks import Shape
from backprop_tutor.quiz.replies import Reply
from backprop_tutor.quiz.source import Source
from backprop_tutor.quiz.types import Choice, Question
from tests.quizzing import HOSTILE, drawn, other, own, questions

MOST = 2  # questions of one kind


@cache
def asked() -> tuple[tuple[Source, Question], ...]:
    """A question of every kind from networks of several sorts."""
    sources = [
        own("two_sigmoid_outputs"), other("two_sigmoid_outputs", 0), own("matrix_softmax"), own("residual_block"),
        drawn(Shape((2, 2, 2), "tanh", "cross_entropy"), 3),
    ]  # fmt: skip
    found: list[tuple[Source, Question]] = []
    for source in sources:
        kinds: dict[Kind, Question] = {}
        for question in questions(source, 4, 5, limit=90):
            if sum(one.kind == question.kind for _, one in found) < MOST:
                kinds.setdefault(question.kind, question)
        found += [(source, question) for question in kinds.values()]
    assert {question.kind for _, question in found} == set(Kind)
    return tuple(found)


def reply_to(source: Source, question: Question, text: str) -> Reply:
    item = question.items[0]
    if isinstance(item, Choice):
        return choose(item, text)
    return judge(source, question, item, text, source.session(question.known))


@pytest.mark.parametrize("part", range(4))
def test_hostile_text_never_ends_the_quiz(part: int) -> None:
    for source, question in asked()[part::4]:
        for text in HOSTILE:
            reply = reply_to(source, question, text)
            letter = isinstance(question.items[0], Choice) and len(text) == 1
            assert reply.outcome in ("again", "wrong") or letter, (source.name, question.kind, text, reply)


def test_every_spelling_of_every_name_gets_a_reply() -> None:
    forms = ("{}", "d{}/dw", "dL/d{}", "∂{0}/∂{0}", "{}'", "δ_{}", "Δ{}", "{}[1]", "σ({})", "σ'({})", "2{}", "{0}{0}",
             "{}_new", "d{}", "{} = 1", "{0} = {0}", "0.5*{}")  # fmt: skip
    for source, question in asked():
        dice = random.Random(7)
        for name in dice.sample(source.graph.some_names(60), 6):
            for form in forms:
                assert reply_to(source, question, form.format(name)).message is not None


PIECES = st.sampled_from(
    ["0.5", "1", "2", "0.1868", "e", "x", "h1", "w11", "a_o1", "o1", "L", "Loss", "rate", "σ(", "exp(", "relu'(", "(",
     ")", "[", "]", "+", "-", "*", "/", "^", "=", "≈", "'", ",", " ", "d", "∂", "δ_", "Δ", "#2", "%", "½", "²",
     "banana", ".", "σ", "=0.5", "/dw11", "dLoss", "∂E", "T"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10_000), st.one_of(st.lists(PIECES, max_size=9).map("".join), st.text(max_size=25)))
def test_random_text_never_ends_the_quiz(number: int, text: str) -> None:
    source, question = asked()[number % len(asked())]
    reply = reply_to(source, question, text)
    if "banana" in text:
        assert reply.outcome == "again"
    if reply.outcome != "right":
        assert reply.message
