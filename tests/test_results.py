"""What a person at a Python prompt gets: a run by the document's names, immutable, with clear refusals."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

import backprop_tutor
from backprop_tutor.errors import RequestError, ScenarioError
from backprop_tutor.results import Run


@pytest.fixture(scope="module")
def run() -> Run:
    return backprop_tutor.run("two_sigmoid_outputs")


def test_a_name_a_path_and_a_scenario_are_the_same_to_it(run: Run) -> None:
    scenario = backprop_tutor.load("two_sigmoid_outputs")
    assert scenario.path is not None
    assert backprop_tutor.run(scenario).loss == backprop_tutor.run(scenario.path).loss == run.loss == run.values["Loss"]
    assert repr(run) == "Run('two_sigmoid_outputs', loss=0.298371)"


def test_everything_is_in_the_documents_order_and_by_its_names(run: Run) -> None:
    parameters = ["w11", "w12", "w13", "w14", "b1", "w21", "w22", "w23", "w24", "b2"]
    assert list(run.updates) == parameters
    assert [name for name in run.gradients if name in parameters] == parameters
    assert list(run.values)[:2] == ["i1", "i2"]
    assert len(run.values) == 25
    assert "target_o1" in run.values
    assert "target_o1" not in run.gradients
    assert "nothing" not in run.values
    assert run.values.get("nothing") is None
    assert "and 19 more" in repr(run.values)


def test_contributions_paths_and_gradients_are_one_sum(run: Run) -> None:
    for name in run.gradients:
        if name != "Loss":
            assert math.fsum(term.product for term in run.contributions[name]) == pytest.approx(run.gradients[name])
        assert math.fsum(path.product for path in run.paths(name)) == pytest.approx(run.gradients[name])
        assert run.checks[name].agrees
        assert run.path_count(name) == len(run.paths(name))
    for term in run.contributions["a_h1"]:
        assert term.upstream == run.gradients[term.of]
        assert term.local == run.local(term.of, term.by)
        assert run.local_check(term.of, term.by).agrees


def test_names_that_are_not_there(run: Run) -> None:
    with pytest.raises(KeyError, match="did you mean 'w11'"):
        run.values["w111"]
    with pytest.raises(KeyError):
        run.gradients["target_o1"]
    with pytest.raises(RequestError, match="doesn't use"):
        run.local_check("h1", "w21")
    with pytest.raises(RequestError):
        run.paths("nothing")


def test_a_run_never_changes(run: Run) -> None:
    with pytest.raises(FrozenInstanceError):
        run.trace = run.trace  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        run.trace.values[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        run.trace.adjoints[0] = 1.0
    with pytest.raises(TypeError):
        run.values["h1"] = 1.0  # type: ignore[index]


def test_other_values() -> None:
    scenario = backprop_tutor.load("two_sigmoid_outputs")
    other = backprop_tutor.run(backprop_tutor.with_values(scenario, {"w11": 0.25, "rate": "0.1"}))
    assert other.values["h1"] == pytest.approx(0.3825)
    assert other.updates["w11"].after == 0.25 - 0.1 * other.gradients["w11"]
    assert scenario.quantity("w11").text() == "0.15"


def test_a_scenario_is_named_in_many_ways(tmp_path: Path) -> None:
    given = backprop_tutor.with_values("matrix_softmax", {"x": np.array([2, 5, 3, 4])})
    assert backprop_tutor.run(given).values["x_4"] == 4
    file = tmp_path / "net.toml"
    file.write_text('[parameters]\nw = 2\n[equations]\nL = "w**2"\n', encoding="utf-8")
    assert backprop_tutor.run(file).gradients["w"] == backprop_tutor.run(backprop_tutor.load(file)).gradients["w"] == 4
    for nothing in (3, None, b"two_sigmoid_outputs"):
        with pytest.raises(RequestError, match="is no scenario"):
            backprop_tutor.run(nothing)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="nothing"):
        backprop_tutor.load(tmp_path / "nothing.toml")


def test_unknowns_need_numbers() -> None:
    scenario = backprop_tutor.load("symbolic_cross_entropy")
    with pytest.raises(RequestError, match="unknown values"):
        backprop_tutor.run(scenario)
    assert backprop_tutor.run(backprop_tutor.with_random(scenario, 7)).checks["w_x1_h1"].agrees


def test_faults_carry_their_places() -> None:
    with pytest.raises(ScenarioError) as caught:
        backprop_tutor.run(backprop_tutor.loads('[parameters]\nw = 1\n[equations]\nL = "w + nothing"\n'))
    [problem] = caught.value.problems
    assert (problem.where.line, problem.where.column, problem.where.length) == (4, 10, 7)


def test_a_local_derivative_is_checked_by_its_two_names(run: Run) -> None:
    check = run.local_check("o1", "a_h1")
    assert check.agrees
    assert check.value == run.local("o1", "a_h1")
    assert check.difference == pytest.approx(0.4)
    with pytest.raises(RequestError, match="doesn't use 'i1'"):
        run.local_check("o1", "i1")
