"""A small network on single numbers: the same as by the plans of NumPy, and left to them where it has no number."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given

from backprop_tutor.engine import graph as graphs
from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.engine.graph import Graph
from backprop_tutor.scenario.loading import Scenario, load, loads
from tests.benchmarks.networks import scenario
from tests.program import SCENARIOS
from tests.random_networks import networks

ONE = "[parameters]\nw = {w}\nv = 2\n[equations]\n{equations}\n"


def planned(given: Scenario) -> Graph:
    """The graph without a tape."""
    built = build(given)
    with mock.patch.object(graphs, "tape_of", return_value=None):
        assert built.tape is None
    return built


def both(given: Scenario) -> tuple[trace.Trace, trace.Trace]:
    taped, plain = build(given), planned(given)
    leaves = plain.leaf_values()
    leaves[np.isnan(leaves)] = 0.3  # of a scenario without numbers
    found = []
    for one in (taped, plain):
        frames: trace.Frames = []
        values = trace.forward(one, leaves, frames)
        found.append(trace.Trace(one, values, trace.backward(one, values, frames=frames)))
    return found[0], found[1]


def same(given: Scenario) -> trace.Trace:
    """Values, adjoints with and without what forward left behind, and the adjoints of every computed quantity."""
    taped, plain = both(given)
    close = {"rtol": 1e-11, "atol": 1e-12, "equal_nan": True}
    np.testing.assert_allclose(taped.values, plain.values, **close)
    np.testing.assert_allclose(taped.adjoints, plain.adjoints, **close)
    again = trace.backward(taped.graph, taped.values)
    np.testing.assert_allclose(again, taped.adjoints, **close)
    for node in plain.graph.nodes_of("computed"):
        np.testing.assert_allclose(taped.adjoints_of(node), plain.adjoints_of(node), **close)
    return taped


@pytest.mark.parametrize("name", SCENARIOS)
def test_bundled_scenarios(name: str) -> None:
    same(load(name))


@given(networks())
def test_random_networks(run: trace.Trace) -> None:
    same(run.graph.scenario)


def test_most_bundled_scenarios_are_played() -> None:
    played = [name for name in SCENARIOS if build(load(name)).tape is not None]
    assert len(played) > len(SCENARIOS) / 2


@pytest.mark.parametrize(("n", "played"), [(2, True), (8, True), (12, False), (64, False)])
def test_small_networks_execute_no_template_and_large_ones_play_no_tape(n: int, played: bool) -> None:
    built = build(loads(scenario(n)))
    assert (built.tape is not None) == played
    trace.run(built)
    assert (sum(plan.program.runs for plan in built.plans) == 0) == played


@pytest.mark.parametrize(
    "equations",
    [
        'a = "v"\nL = "w*a"',  # a formula that is a quantity
        'a = "3"\nL = "w*a + v"',  # or a number
        'L = "w*v + w*w + w/w/v"',
        'L = "1/w/v + 2/(w*v) - -w"',
        'L = "w**3 + w**-2 + w**0.5 + v*w**0"',
        'L = "sum([w, v, w*v]) + mean([w, v])"',
        'L = "log(w) + log10(v) + log2(w) + sqrt(v) + exp(w) + tan(w)"',
        'L = "σ(w) + relu(-w) + relu(v) + gelu(w) + abs(v)"',
    ],
)
@pytest.mark.parametrize("w", ["1.5", "0.25"])
def test_every_rule(equations: str, w: str) -> None:
    assert same(loads(ONE.format(w=w, equations=equations))).graph.tape is not None


def test_what_is_left_of_a_sum_by_rounding_is_nothing() -> None:
    run = same(loads(ONE.format(w="0.1", equations='a = "w + 0.2 - 0.3"\nL = "v*sign(a)"')))
    assert run.value("a") == 0.0


@pytest.mark.parametrize(
    ("w", "equations", "value", "slope"),
    [
        ("0", 'L = "v/w"', np.inf, -np.inf),
        ("-1", 'L = "v*log(w)"', np.nan, -2.0),
        ("1000", 'L = "v*exp(w)"', np.inf, np.inf),
        ("-2", 'L = "v*w**0.5"', np.nan, np.nan),
        ("0", 'L = "v*w**-1"', np.inf, -np.inf),
        ("0", 'L = "v*sqrt(w)"', 0.0, np.inf),  # only on the way back
        ("0", 'L = "v*w**0.5"', 0.0, np.inf),
    ],
)
def test_where_single_numbers_have_no_value_the_plans_answer(
    w: str, equations: str, value: float, slope: float
) -> None:
    given = loads(ONE.format(w=w, equations=equations))
    run, _ = both(given)
    assert run.graph.tape is not None
    assert same(given).loss == pytest.approx(value, nan_ok=True)
    assert run.gradient("w") == pytest.approx(slope, nan_ok=True)


@pytest.mark.parametrize("equations", ['L = "max(w, v)"', 'L = "where(w > v, w, v)"', 'L = "w**v"'])
def test_what_has_no_rule_is_left_to_the_plans(equations: str) -> None:
    assert same(loads(ONE.format(w="1", equations=equations))).graph.tape is None


def test_a_value_that_was_set_is_what_later_derivatives_are_taken_at() -> None:
    """A person's own number stands in the place of a calculated one."""
    given = loads(ONE.format(w="0.5", equations='a = "w*v"\nL = "a**2"'))
    for built in (build(given), planned(given)):
        values = trace.forward(built, built.leaf_values())
        values[built.id("a")] = 3.0
        assert trace.backward(built, values)[built.id("w")] == 2 * 3.0 * 2
