"""`--format json`: the contract that README.md states, held against the trace and numbers known from elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from backprop_tutor import load, loads, with_random
from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.formulas import functions
from backprop_tutor.formulas.parse import Notation, parse
from backprop_tutor.render.run.json_document import PATHS, ascii_text, document, run_text
from backprop_tutor.render.run.options import RunOptions
from tests.program import DOCUMENTS, SCENARIOS, TOP, Done

Run = Callable[..., Done]
Document = dict[str, Any]

KEYS = {
    "": ["scenario", "loss", "nodes", "local_derivatives", "gradients", "updates", "steps"],
    "scenario": ["name", "title", "document"],
    "nodes": ["name", "kind", "formula", "value"],
    "local_derivatives": [
        "of", "by", "formula", "value", "finite_difference", "relative_error", "agrees", "symbolic"
    ],
    "gradients": [
        "name", "kind", "value", "finite_difference", "relative_error", "agrees", "path_count", "paths", "symbolic"
    ],
    "paths": ["nodes", "factors", "product"],
    "updates": ["name", "before", "after"],
    "steps": ["step", "loss", "parameters"],
}  # fmt: skip

LAYERS = """\
[inputs]
x = [0.5, -0.2]
[parameters]
{parameters}
[equations]
{equations}
L = "sum(h10**2)"
"""


@cache
def written(name: str) -> Document:
    built = build(load(name))
    shown: Document = document(None if built.symbolic else trace.run(built), built, RunOptions())[0]
    return shown


def test_the_readme_states_these_keys() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    for keys in KEYS.values():
        for key in keys:
            assert f'"{key}"' in readme


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_key_is_always_there_and_in_order(name: str) -> None:
    shown = written(name)
    assert list(shown) == KEYS[""]
    assert list(shown["scenario"]) == KEYS["scenario"]
    for part in ("nodes", "local_derivatives", "gradients", "updates", "steps"):
        assert shown[part] or name not in DOCUMENTS or part == "steps"
        assert all(list(entry) == KEYS[part] for entry in shown[part])
    assert all(list(path) == KEYS["paths"] for gradient in shown["gradients"] for path in gradient["paths"])


@pytest.mark.parametrize("name", SCENARIOS)
def test_nodes_and_gradients_are_complete(name: str) -> None:
    shown = written(name)
    built = build(load(name))
    assert [node["name"] for node in shown["nodes"]] == [built.name(node) for node in built.order()]
    differentiated = [node["name"] for node in shown["nodes"] if node["kind"] != "target"]
    assert sorted(gradient["name"] for gradient in shown["gradients"]) == sorted(differentiated)
    kinds = {node["name"]: node["kind"] for node in shown["nodes"]}
    assert all(gradient["kind"] == kinds[gradient["name"]] for gradient in shown["gradients"])
    parameters = [node["name"] for node in shown["nodes"] if node["kind"] == "parameter"]
    assert [update["name"] for update in shown["updates"]] in ([], parameters)
    assert shown["updates"] or name not in DOCUMENTS


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "symbolic_cross_entropy"])
def test_numbers_agree_with_one_another(name: str) -> None:
    shown = written(name)
    locals_ = {(edge["of"], edge["by"]): edge["value"] for edge in shown["local_derivatives"]}
    values = {node["name"]: node["value"] for node in shown["nodes"]}
    for gradient in shown["gradients"]:
        assert gradient["agrees"] is True or (name, gradient["agrees"]) == ("relu_at_kink", None)
        assert gradient["path_count"] == len(gradient["paths"]) or len(gradient["paths"]) == PATHS
        for path in gradient["paths"]:
            assert path["nodes"][0] == gradient["name"]
            links = list(zip(path["nodes"][1:], path["nodes"], strict=False))
            assert [locals_[link] for link in links] == path["factors"]
            assert path["product"] == pytest.approx(math.prod(path["factors"]), rel=1e-14)
        if gradient["path_count"] <= PATHS:
            total = math.fsum(path["product"] for path in gradient["paths"])
            assert gradient["value"] == pytest.approx(total, rel=1e-12, abs=1e-15)
    gradients = {gradient["name"]: gradient["value"] for gradient in shown["gradients"]}
    scenario = load(name)
    for update in shown["updates"]:
        assert update["before"] == values[update["name"]]
        if not scenario.update:
            assert scenario.rate is not None
            assert update["after"] == update["before"] - scenario.rate * gradients[update["name"]]


def test_full_precision_of_known_numbers() -> None:
    """Mazur's network: its page gives these to nine digits; here they are worked with the standard library alone."""
    shown = written("two_sigmoid_outputs")

    def sigmoid(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    h1, h2 = (sigmoid(0.05 * u + 0.1 * v + 0.35) for u, v in ((0.15, 0.20), (0.25, 0.30)))
    o1, o2 = (sigmoid(h1 * u + h2 * v + 0.60) for u, v in ((0.40, 0.45), (0.50, 0.55)))
    loss = 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2
    gradients = {gradient["name"]: gradient for gradient in shown["gradients"]}
    assert shown["loss"] == pytest.approx(loss, rel=1e-15)
    assert gradients["w21"]["value"] == pytest.approx((o1 - 0.01) * o1 * (1 - o1) * h1, rel=1e-14)
    assert round(gradients["w21"]["value"], 9) == 0.082167041
    assert round(gradients["w11"]["value"], 9) == 0.000438568
    assert gradients["w11"]["path_count"] == 2
    assert {update["name"]: round(update["after"], 9) for update in shown["updates"]}["w11"] == 0.149780716


def test_a_symbolic_scenario_has_null_for_every_number() -> None:
    shown = written("symbolic_cross_entropy")
    assert shown["loss"] is None
    assert all(node["value"] is None for node in shown["nodes"])
    assert all(edge["value"] is edge["finite_difference"] is None for edge in shown["local_derivatives"])
    for gradient in shown["gradients"]:
        assert gradient["value"] is gradient["finite_difference"] is gradient["agrees"] is None
        assert all(path["product"] is None and set(path["factors"]) <= {None} for path in gradient["paths"])
    assert {gradient["name"]: gradient["path_count"] for gradient in shown["gradients"]}["w_x1_h1"] == 8
    assert all(update["before"] is update["after"] is None for update in shown["updates"])


@pytest.mark.parametrize("name", SCENARIOS)
def test_formulas_can_be_typed_back(name: str) -> None:
    shown = written(name)
    formulas = [node["formula"] for node in shown["nodes"] if node["kind"] == "computed"]
    notation = Notation(functions.NAMES | {function.name for function in load(name).functions})
    for formula in [*formulas, *(edge["formula"] for edge in shown["local_derivatives"])]:
        assert formula.isascii()
        parse(formula, notation)


def test_of_very_many_paths_the_largest_are_listed_and_all_are_counted() -> None:
    names = [f"W{n}" for n in range(1, 11)]
    scenario = with_random(
        loads(
            LAYERS.format(
                parameters="\n".join(f"{name} = {{ shape = [8, {8 if n else 2}] }}" for n, name in enumerate(names)),
                equations="\n".join(
                    f'h{n} = "tanh({name} @ {f"h{n - 1}" if n > 1 else "x"})"' for n, name in enumerate(names, 1)
                ),
            )
        ),
        3,
    )
    built = build(scenario)
    shown, agrees = document(trace.run(built), built, RunOptions(grads=("W1[1,1]",)))
    assert agrees
    [gradient] = shown["gradients"]
    assert gradient["path_count"] == 8**9
    assert len(gradient["paths"]) == PATHS
    sizes = [abs(path["product"]) for path in gradient["paths"]]
    assert sizes == sorted(sizes, reverse=True)


def test_a_kink_has_no_verdict_and_is_no_disagreement() -> None:
    built = build(loads('[parameters]\nw = 0\n[equations]\nL = "relu(w) + 1"\n'))
    shown, agrees = document(trace.run(built), built, RunOptions())
    assert agrees
    assert {gradient["name"]: gradient["agrees"] for gradient in shown["gradients"]} == {"w": None, "L": True}


def test_parts_and_grads_that_were_not_asked_for_are_empty(bptutor: Run) -> None:
    shown = json.loads(bptutor("run", "shared_weights", "--format", "json", "--part", "local").out)
    assert list(shown) == KEYS[""]
    assert shown["local_derivatives"]
    assert shown["nodes"] == shown["gradients"] == shown["updates"] == shown["steps"] == []
    shown = json.loads(bptutor("run", "shared_weights", "--format", "json", "--grad", "dL/dw3").out)
    assert [gradient["name"] for gradient in shown["gradients"]] == ["w3"]


def test_standard_output_holds_one_document_and_nothing_else(bptutor: Run) -> None:
    done = bptutor("run", "linear_two_errors", "--format", "json")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out)["scenario"] == {
        "name": "linear_two_errors",
        "title": "A linear activation, two errors and their total",
        "document": "002_9a83eb9094147a53",
    }


def test_ascii_text_is_the_same_document() -> None:
    scenario = loads('title = "ŷ, 中, 🙂"\n[parameters]\n"ŷ" = 1\n[equations]\nL = "ŷ**2"\n')
    built = build(scenario)
    text, _ = run_text(trace.run(built), built, RunOptions())
    assert not text.isascii()
    assert ascii_text(text).isascii()
    assert json.loads(ascii_text(text)) == json.loads(text)


@pytest.mark.parametrize(("length", "all_listed"), [(60, True), (400, False)])
def test_the_paths_listed_are_bounded_and_the_parameters_come_first(
    bptutor: Callable[..., Done], length: int, all_listed: bool
) -> None:
    chain = "".join(f'z{i} = "tanh(z{i - 1})"\n' for i in range(1, length))
    text = f'[inputs]\nx = 1\n[parameters]\nw = 0.5\n[equations]\nz0 = "w*x"\n{chain}L = "(1 - z{length - 1})**2"\n'
    done = bptutor("run", "-", "--format", "json", stdin=text.encode())
    gradients = json.loads(done.out)["gradients"]
    links = sum(len(path["factors"]) for gradient in gradients for path in gradient["paths"])
    assert links < 20_000 + 12 * (length + 2)
    assert all(gradient["path_count"] == 1 for gradient in gradients)
    listed = {gradient["name"] for gradient in gradients if gradient["paths"]}
    assert {"w", "x"} <= listed
    assert (len(listed) == len(gradients)) == all_listed


def test_nothing_is_differentiated_by_a_constant() -> None:
    text = '[inputs]\nx = 2\n[constants]\nc = "1/2"\n[parameters]\nw = 3\n[equations]\nL = "c*(w*x - 1)**2"\n'
    run = trace.run(build(loads(text)))
    shown, agrees = document(run, run.graph, RunOptions())
    assert agrees
    assert {node["name"]: node["kind"] for node in shown["nodes"]} == {
        "x": "input", "c": "constant", "w": "parameter", "L": "computed"
    }  # fmt: skip
    assert [gradient["name"] for gradient in shown["gradients"]] == ["x", "w", "L"]
