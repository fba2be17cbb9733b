"""What the tests of the quiz share: sources, questions by hand, and the ways of typing an answer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from functools import cache

from backprop_tutor.engine.build import build
from backprop_tutor.errors import ScenarioError
from backprop_tutor.formulas.expression import Expression
from backprop_tutor.formulas.typeset import ASCII, to_text
from backprop_tutor.quiz.choosing import ALL_MAKERS
from backprop_tutor.quiz.kinds import Setting
from backprop_tutor.quiz.long_questions import candidates as long_candidates
from backprop_tutor.quiz.names import Kind
from backprop_tutor.quiz.networks import Shape, random_scenario, renumbered, stated
from backprop_tutor.quiz.offer import candidates
from backprop_tutor.quiz.source import Source
from backprop_tutor.quiz.types import Item, Question
from backprop_tutor.scenario.loading import load

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
# what no answer is, and some of what might break a reader
HOSTILE = (
    "dL/da", "∂E/∂w", "dE/dw*x", "d", "∂", "dx", "∂L", "dog/dig", "f(x)", "f'(x)", "σ'(q)", "softmax(1,2)",
    "softmax(x)", "max(1,2)", "Σ", "sum(1,2)", "w'", "w_new", "w[1]", "w^T", "W*x", "1e400", "1e-400", "0.0000000",
    "-", "*", "()", "2(", "√2", "log(0)", "log(-1)", "exp(1000)", "e^1000", "e", "π", "i", "∞", "1/0.0", "0/0",
    "(-1)^0.5", "1^1^1", "#", "h1#2", "h1#9", "@3", "==", "?=", "=?", "???", "a=b=c", "1=2=3", "0.5 = 0.5 = 0.6",
    "\\frac{1}{2}", "\t", "\x00", "🙂", "１", "0x10", "1_000", "1,000.5", "--1", "+-+1", "!5", "a|b", "a:b", "{1}",
    "[1]", "(1, 2)", "[1 2]", "[1; 2]", "[1, 2]@[3, 4]", '"1"', "'", "∂²L/∂x²", "δ", "δ_q", "δ_1/δ_2", "∇L", "None",
    "lambda", "a.b", "0..5", "..", "2:3", "−", "3 4", "2^", "2^^3", "2***3", "mean(1,2)", "tanh", "σ", "σ()",
    "min(1)", "max()", "exp(1,2)", "d/dx(x)", "df(x)/dx", "d/d", "exp(exp(exp(9)))", "(2^64)^64",
    "1e30*" * 12 + "1e30", "0.5^-64", "1/(1-1)", "…", "a" * 3000, "(" * 300 + "1" + ")" * 300, "1" * 400,
    "1+" * 400 + "1", "0." + "1" * 500, "x" * 999, "=" * 30 + "1",
)  # fmt: skip


@cache
def own(name: str) -> Source:
    """A bundled scenario with its own numbers."""
    return Source(build(stated(load(name))))


def other(name: str, seed: int) -> Source:
    """A bundled scenario with other numbers."""
    dice = random.Random(seed)
    for _ in range(8):
        try:
            source = Source(build(renumbered(load(name), dice)), "other numbers")
            _ = source.trace
        except ScenarioError:
            continue
        return source
    raise AssertionError("no finite numbers were found")


def drawn(shape: Shape, seed: int) -> Source:
    """A random network."""
    return Source(build(random_scenario(shape, random.Random(seed))))


def questions(source: Source, digits: int, seed: int, limit: int = 10_000) -> Iterator[Question]:
    """The questions of a network, in a random order."""
    dice = random.Random(seed)
    offer = [*candidates(source), *long_candidates(source, False)]
    dice.shuffle(offer)
    for candidate in offer[:limit]:
        made = ALL_MAKERS[candidate.kind](Setting(source, digits, dice, str(seed)), candidate)
        if made is not None:
            yield made


def question(source: Source, kind: Kind, about: str, digits: int = 4) -> Question:
    """The question of this kind about this quantity: `question(own("two_sigmoid_outputs"), Kind.PATH, "∂Loss/∂o1")`."""
    for candidate in [*candidates(source), *long_candidates(source, False)]:
        if candidate.kind == kind and source.vocabulary.text(candidate.subject) == about:
            made = ALL_MAKERS[kind](Setting(source, digits, random.Random(1), "1"), candidate)
            assert made is not None, f"{about} is not fair"
            return made
    raise AssertionError(f"there is no {kind} about {about}")


def only_item(asked: Question) -> Item:
    """The one thing a question asks."""
    [item] = asked.items
    assert isinstance(item, Item)
    return item


def rounded_text(value: float, digits: int) -> str:
    """As a person rounds it."""
    from backprop_tutor.quiz.fairness import as_asked

    return f"{as_asked(value, digits):f}"


def cut_text(value: float, digits: int) -> str:
    """As a person cuts it off, all digits kept."""
    exact = Decimal(repr(value))
    place = min(0, exact.adjusted() - digits + 1)
    return f"{exact.quantize(Decimal(1).scaleb(place), ROUND_DOWN):f}"


def typed(formula: Expression) -> str:
    """A formula as one types it."""
    return to_text(formula, ASCII)
