"""Two formulas, one function? Decided at random points through the graph; nothing hangs, and doubt is never "wrong"."""

from __future__ import annotations

import pytest

from backprop_tutor.formulas.expression import Derivative, Expression, Name
from backprop_tutor.formulas.parse import parse
from backprop_tutor.handwork import meaning
from backprop_tutor.handwork.plain_reader import notation_of
from backprop_tutor.judging.equality import Comparison
from tests.judging import judge_of


def formula(scenario: str, text: str) -> Expression:
    judge = judge_of(scenario)
    return meaning.read(parse(text, notation_of(judge.vocabulary)), judge.vocabulary, {}, False).expression


def compared(scenario: str, left: str, right: str) -> Comparison:
    return judge_of(scenario).equality.compare(formula(scenario, left), formula(scenario, right))


@pytest.mark.parametrize(
    ("scenario", "left", "right"),
    [
        ("sigmoid", "dh1/dnet_h1", "h1*(1 - h1)"),
        ("sigmoid", "dh1/dnet_h1", "e^(-net_h1)/(1 + e^(-net_h1))^2"),
        ("sigmoid", "σ(net_h1)*(1 - σ(net_h1))", "h1 - h1^2"),  # the activation and the sum are not independent
        ("sigmoid", "dE/dw1", "(dE/dnet_o1*w5 + dE/dnet_o2*w7)*h1*(1 - h1)*i1"),
        ("sigmoid", "dE/do1", "-(t1 - o1)"),
        ("sigmoid", "dE/db2", "dE/dnet_o1 + dE/dnet_o2"),
        ("softmax", "dL/dz1", "p1*(y1 + y2 + y3) - y1"),
        ("chain", "dL/dw", "2*(o - t)*(u*relu'(p) + relu'(z))*x"),
        ("chain", "w'", "w - η*dL/dw"),
        ("samples", "dE/dw", "(dE#1/dw + dE#2/dw)/2"),
    ],
)
def test_equal(scenario: str, left: str, right: str) -> None:
    assert compared(scenario, left, right) == Comparison(True)


def test_equal_under_a_condition() -> None:
    assert compared("softmax", "dL/dz1", "p1 - y1") == Comparison(True, "holds because the targets sum to 1")


@pytest.mark.parametrize(
    ("scenario", "left", "right"),
    [
        ("sigmoid", "dh1/dnet_h1", "h1"),
        ("sigmoid", "dE/dw1", "dE/dnet_o1*w5*h1*(1 - h1)*i1"),
        ("sigmoid", "dE/do1", "t1 - o1"),
        ("sigmoid", "net_h1", "w1*i1 + w2*i2"),
        ("softmax", "dp1/dz2", "p1*p2"),
        ("softmax", "dL/dz1", "y1 - p1"),
        ("chain", "q", "p"),  # true here, where p is positive
        ("chain", "a", "z"),
        ("ties", "z", "0.5*w"),  # true at the scenario's own numbers only
    ],
)
def test_different(scenario: str, left: str, right: str) -> None:
    assert compared(scenario, left, right).same is False


@pytest.mark.parametrize("right", ["log(0 - h1)", "1/(h1 - h1)", "sqrt(-h1)", "(0 - h1)^0.5"])
def test_what_has_no_value_is_undecided(right: str) -> None:
    assert compared("sigmoid", "h1", right).same is None


def test_a_wrong_claim_about_the_deepest_derivative_is_decided_by_numbers() -> None:
    """Algebra systems need seconds to minutes for wrong claims of this kind."""
    claim = "(dE/do1*o1*w5 + dE/do2*o2*(1 - o2)*w7)*h1*(1 - h1)*i1"
    left, right = formula("sigmoid", "dE/dw1"), formula("sigmoid", claim)
    equality = judge_of("sigmoid").equality
    equality.same(left, left)
    assert equality.compare(left, right).same is False


def test_readings_of_a_name_are_tried_without_building_formulas() -> None:
    equality = judge_of("sigmoid").equality
    holds = equality.trial(
        formula("sigmoid", "net_h1"), parse("w1*i1 + w2*foo + b1", notation_of(judge_of("sigmoid").vocabulary))
    )
    assert [name for name in ("i1", "i2", "h1", "nothing") if holds({"foo": Name(name)})] == ["i2"]
    slope = equality.trial(
        formula("sigmoid", "dE/dnet_o1"), parse("dE/do1*gap", notation_of(judge_of("sigmoid").vocabulary))
    )
    assert slope({"gap": Derivative("o1", "net_o1")})
    assert not slope({"gap": Derivative("o2", "net_o2")})


def test_nothing_equal_to_nothing_is_no_agreement() -> None:
    equality = judge_of("sigmoid").equality
    assert not equality.trial(formula("sigmoid", "dh1/dh2"), formula("sigmoid", "dh2/dh1"))({})
