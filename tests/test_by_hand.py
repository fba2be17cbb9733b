"""The work of a person who rounds every step."""

from __future__ import annotations

import io
import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.lesson import by_hand
from backprop_tutor.render.run import plain, terminal
from backprop_tutor.render.run.options import RunOptions
from backprop_tutor.render.screen import make_screen
from backprop_tutor.scenario import loading as scenario
from tests.test_markdown import Run

NUMERIC = ("linear_two_errors", "matrix_softmax", "shared_weights", "two_sigmoid_outputs")


def traced(name: str) -> trace.Trace:
    return trace.run(scenario.load(name))


def to_three(x: str | Decimal) -> Decimal:
    exact = Decimal(x)
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2), ROUND_HALF_UP)


def test_a_chain_worked_on_paper() -> None:
    """Document 004's w24, each number here rounded by decimal arithmetic of the test's own."""
    run = traced("two_sigmoid_outputs")
    done = by_hand.work(run, 3)

    def value(name: str) -> Decimal:
        return Decimal(repr(done.values[run.graph.id(name)]))

    def gradient(name: str) -> Decimal:
        return Decimal(repr(done.gradients[run.graph.id(name)]))

    assert value("h1") == to_three("0.3775")  # 0.378: half up
    assert value("o2") == to_three(value("a_h1") * Decimal("0.50") + value("a_h2") * Decimal("0.55") + Decimal("0.60"))
    assert value("L2") == to_three((Decimal("0.99") - value("a_o2")) ** 2 / 2)
    slope = to_three(value("a_o2") * (1 - value("a_o2")))
    delta = to_three(to_three(value("a_o2") - Decimal("0.99")) * slope)
    assert gradient("o2") == delta
    assert gradient("w24") == to_three(delta * value("a_h2"))
    assert gradient("b2") == to_three(gradient("o1") + delta)
    after = next(s.hand for s in done.steps if s.part == "update" and s.of == run.graph.id("w24"))
    assert Decimal(repr(after)) == to_three(Decimal("0.55") - to_three(Decimal("0.5") * gradient("w24")))


@pytest.mark.parametrize("name", NUMERIC)
def test_many_digits_drift_nowhere(name: str) -> None:
    run = traced(name)
    done = by_hand.work(run, 15)
    for step in done.steps:
        assert step.hand == pytest.approx(step.exact, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("name", NUMERIC)
def test_fewer_digits_drift_more(name: str) -> None:
    run = traced(name)
    sums = [sum(abs(s.hand - s.exact) for s in by_hand.work(run, digits).steps) for digits in (2, 5, 9)]
    assert sums[0] >= sums[1] >= sums[2]


@pytest.mark.parametrize("name", NUMERIC)
def test_every_step_stands_once(name: str) -> None:
    run = traced(name)
    steps = by_hand.work(run, 4).steps
    assert len({(s.part, s.of, s.by) for s in steps}) == len(steps)
    assert sum(s.part == "forward" for s in steps) == len(run.graph.nodes_of("computed"))
    assert sum(s.part == "update" for s in steps) == len(run.graph.nodes_of("parameter"))


def test_drift_and_its_units() -> None:
    step = by_hand.HandStep("forward", 0, None, 0.378, 0.3775)
    assert step.drift == pytest.approx(0.0005 / 0.3775)
    assert step.units(3) == pytest.approx(0.5)
    assert by_hand.HandStep("forward", 0, None, 0.1, 0.0).drift == float("inf")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_screen_shows_every_number_beside_the_exact_one(width: int) -> None:
    run = traced("two_sigmoid_outputs")
    stream = io.StringIO()
    screen = make_screen(stream, "never", False, width)
    terminal.show_run(run, run.graph, RunOptions(by_hand=3, quiet=True), screen)
    text = stream.getvalue()
    for shown in ("0.378", "0.3775", "0.000434", "0.000438568", "0.149781", "+0.13 %"):
        assert shown in text
    assert max(map(len, text.splitlines())) <= width


def test_the_plain_reading() -> None:
    run = traced("two_sigmoid_outputs")
    stream = io.StringIO()
    plain.show_run(run, run.graph, RunOptions(by_hand=3, quiet=True), make_screen(stream, plain=True))
    assert "h1 = 0.05*0.15 + 0.1*0.20 + 0.35\n  by hand 0.378, exact 0.3775, drift +0.13 %\n" in stream.getvalue()


def test_the_zeros_of_a_rounded_number_stay_and_an_exact_one_gets_none(bptutor: Run) -> None:
    text = bptutor("run", "two_sigmoid_outputs", "--by-hand", "3").out
    assert re.search(r"∂Loss/∂a_h1 +0\.0360 ", text)
    assert re.search(r"∂Loss/∂a_h2 +0\.0410 ", text)
    assert re.search(r"w11' = 0\.15 − 0\.5·0\.000434 += +0\.150 ", text)
    assert re.search(r"∂o1/∂a_h1 = 0\.4 += +0\.4 ", text)
    assert re.search(r"∂Loss/∂L1 = 1 += +1 ", text)


def test_a_parameter_may_have_a_rate_of_its_own_or_stay_as_it_is() -> None:
    text = """
[inputs]
x = 2
[parameters]
w = 0.5
b = "1/4"
v = 3
[equations]
L = "(v(w x + b) - 1)^2"
[learning]
rate = 0.1
rates = { v = 0.01 }
frozen = ["b"]
"""
    run = trace.run(build(scenario.loads(text)))
    stream = io.StringIO()
    plain.show_run(run, run.graph, RunOptions(by_hand=3, quiet=True), make_screen(stream, plain=True))
    assert "w' = 0.5 - 0.1*33\n" in stream.getvalue()
    assert "b' = 1/4\n" in stream.getvalue()
    assert "v' = 3 - 0.01*6.88\n" in stream.getvalue()
