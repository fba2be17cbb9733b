"""No question is ambiguous: thousands are generated from every bundled scenario and from random networks.

Each is fair by numbers alone; and some of each network are answered with the right number, rounded and cut off, with
the right formula, and with every slip that can be made, as a number and as a formula.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import pytest

from backprop_tutor.formulas.digits import significant
from backprop_tutor.formulas.expression import Call, Expression, Name, transform, ungrouped
from backprop_tutor.handwork.quantities import Gradient
from backprop_tutor.quiz.answers import choose, judge
from backprop_tutor.quiz.misses import ENOUGH_TO_NAME
from backprop_tutor.quiz.names import Activation, Kind, Loss, Shared
from backprop_tutor.quiz.networks import Shape
from backprop_tutor.quiz.replies import PEN, Reply
from backprop_tutor.quiz.source import Source
from backprop_tutor.quiz.types import Choice, Item, Question
from backprop_tutor.scenario.loading import load
from tests.program import SCENARIOS
from tests.quizzing import cut_text, drawn, other, own, questions, rounded_text, typed

SIZES = ((2, 2, 2), (2, 3, 1), (3, 2, 2), (2, 2, 2, 2))
SHAPES = [
    Shape(SIZES[i % len(SIZES)], activation.value, loss.value, shared.value)
    for i, (activation, loss, shared) in enumerate(product(Activation, Loss, Shared))
    if not (loss == Loss.CROSS_ENTROPY and SIZES[i % len(SIZES)][-1] == 1)
]
SEEDS = (1, 2)
ANSWERED = 5  # questions of each network that are answered


def sources(name: str) -> Iterator[Source]:
    if load(name).known:
        yield own(name)
    yield from (other(name, seed) for seed in SEEDS)


def assert_fair(source: Source, question: Question) -> None:
    """By numbers alone, with nothing of the quiz's own judgement."""
    for item in question.items:
        if isinstance(item, Choice):
            assert sum(option.right for option in item.options) == 1
            assert len({option.text for option in item.options}) == len(item.options)
            continue
        right = rounded_text(item.value, item.digits)
        assert item.value == pytest.approx(source.value(item.asked), rel=1e-12)
        assert abs(item.value) > 1e-7, "a degenerate zero"
        assert abs(item.value) != 1
        unit = Fraction(right) if "." not in right else Fraction(1, 10 ** len(right.partition(".")[2]))
        for slip in item.slips:
            assert rounded_text(slip.value, item.digits) != right
            assert abs(Fraction(slip.value) - Fraction(item.value)) > unit, slip.code
        if item.form == "number":
            assert right not in {known.text for known in question.known}, "the answer is given"
        if isinstance(item.subject, Gradient):
            assert_no_kink(source, item.subject)


def assert_no_kink(source: Source, subject: Gradient) -> None:
    for result, operand in source.edges_between(subject.of, subject.by):
        activation = source.network.activation(result)
        if activation is not None and activation.function in ("relu", "leaky_relu", "elu", "abs"):
            assert abs(source.trace.value(operand)) > 1e-6


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_generates_only_fair_questions(name: str) -> None:
    for source in sources(name):
        count = 0
        for question in questions(source, 3 + len(source.note) % 2, 11):
            assert_fair(source, question)
            count += 1
        assert count >= 2


@pytest.mark.parametrize("part", range(8))
def test_random_networks_of_every_activation_loss_and_sharing_generate_only_fair_questions(part: int) -> None:
    for seed, shape in enumerate(SHAPES[part::8]):
        source = drawn(shape, seed)
        found = list(questions(source, 4, seed, limit=20))
        assert found
        for question in found:
            assert_fair(source, question)


# ---------------------------------------------------------------- answered
def answers(source: Source, question: Question, item: Item) -> Iterator[tuple[str, str, Reply]]:
    """(what kind of answer, what is typed, the reply) for every way of answering."""

    def ask(text: str) -> Reply:
        return judge(source, question, item, text, source.session(question.known))

    if item.form != "formula":
        for kind, text in (("rounded", rounded_text), ("cut off", cut_text)):
            yield kind, text(item.value, item.digits), ask(text(item.value, item.digits))
    yield "formula", typed(item.right), ask(typed(item.right))
    if item.form != "formula":
        calculation = typed(with_numbers(source, question, item.right))
        yield "calculation", calculation, ask(calculation)
    for slip in item.slips:
        if item.form != "formula":
            number = rounded_text(slip.value, item.digits)
            yield slip.code, number, ask(number)
        yield slip.code, typed(slip.formula), ask(typed(slip.formula))


def assert_answered(source: Source, question: Question) -> None:
    for item in question.items:
        if isinstance(item, Choice):
            for i, option in enumerate(item.options):
                text = str(i + 1) if item.lines else "abcdefghij"[i]
                assert choose(item, text).outcome == ("right" if option.right else "wrong")
            continue
        for kind, text, reply in answers(source, question, item):
            said = (source.name, question.kind.value, typed(item.asked), item.value, kind, text, reply)
            if kind in ("rounded", "cut off") or (kind == "calculation" and not names_slope(item)):
                assert reply.outcome == "right", said
            elif kind == "calculation":
                assert reply.outcome == "again", said
            elif kind == "formula":
                # what is printed, written down again, shows nothing
                assert reply.outcome == ("again" if is_printed(question, item) else "right"), said
            else:
                assert reply.outcome == "wrong", said
                assert kind in reply.codes, said
                assert len(reply.codes) <= 3, said
                assert_nothing_told(source, item, reply)
        if item.form != "formula":
            for number in (-item.value, 2 * item.value, item.value / 2):
                text = rounded_text(number, item.digits)
                reply = judge(source, question, item, text, source.session(question.known))
                assert reply.outcome == "wrong", (typed(item.asked), text, reply)
                own = {slip.code for slip in item.slips} | set(PEN)
                assert set(reply.codes) <= own, "only what the question counts can be somebody's slip"
                assert_nothing_told(source, item, reply)


def is_printed(question: Question, item: Item) -> bool:
    """Is the right formula on the screen already, or does it only name the derivative, as relu'(z) does?"""
    printed = any(known.formula is not None and known.subject == item.subject for known in question.known)
    return item.form != "formula" and (printed or names_slope(item))


def names_slope(item: Item) -> bool:
    """Is the right formula only a name of the derivative?"""
    whole = ungrouped(item.right)
    return isinstance(whole, Call) and whole.primes > 0


def with_numbers(source: Source, question: Question, formula: Expression) -> Expression:
    """A formula with the given numbers to 4 digits in the place of names."""
    texts = {known.subject: known.text for known in question.known if known.text}

    def number(part: Expression) -> Expression:
        subject = source.subject(part)
        if subject not in texts:
            return part
        text = texts[subject] if len(texts[subject]) <= 6 else significant(float(texts[subject]), 4)
        return Name(text, text) if not text.startswith("-") else Name(f"({text})", f"({text})")

    return transform(formula, number)


def assert_nothing_told(source: Source, item: Item, reply: Reply) -> None:
    """While there is another try nothing that is right is told: neither the number nor the formula nor a name of it."""
    assert reply.first
    assert rounded_text(abs(item.value), ENOUGH_TO_NAME) not in reply.first
    if item.form == "formula":
        words = set(re.findall(r"[\w#\[\],']+", reply.first))
        assert not words & {source.vocabulary.text(subject) for subject in source.needs([item.right])}, reply
    assert typed(item.right) not in reply.first.replace("·", "*").replace("−", "-")


@pytest.mark.parametrize("name", SCENARIOS)
def test_right_answers_are_right_and_slips_are_named_in_every_scenario(name: str) -> None:
    source = own(name) if load(name).known else other(name, 5)
    chosen = [q for q in questions(source, 4, 21, limit=40) if q.kind != Kind.DERIVATION][:ANSWERED]
    for question in chosen:
        assert_answered(source, question)


@pytest.mark.parametrize("seed", range(12))
def test_right_answers_are_right_and_slips_are_named_in_random_networks(seed: int) -> None:
    source = drawn(random.Random(seed).choice(SHAPES), seed)
    digits = 3 + seed % 2
    chosen = [q for q in questions(source, digits, seed, limit=40) if q.kind != Kind.DERIVATION][:ANSWERED]
    for question in chosen:
        assert_answered(source, question)


def test_every_kind_is_on_offer() -> None:
    found = [*questions(own("two_sigmoid_outputs"), 4, 1), *questions(other("two_sigmoid_outputs", 0), 4, 1)]
    assert {question.kind for question in found} == set(Kind)
