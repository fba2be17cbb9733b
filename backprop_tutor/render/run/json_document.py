"""`--format json`: one run as one JSON document, a contract that README.md describes.

    {"scenario": {"name", "title", "document"}, "loss",
     "nodes": [{"name", "kind", "formula", "value"}],
     "local_derivatives": [{"of", "by", "formula", "value", "finite_difference"}],
     "gradients": [{"name", "kind", "value", "finite_difference", "relative_error", "agrees", "path_count",
                    "paths": [{"nodes", "factors", "product"}]}],
     "updates": [{"name", "before", "after"}],
     "steps": [{"step", "loss", "parameters": {name: value}}]}

Numbers are full floats; null stands where there is none: every number of a scenario with unknowns, the verdict of a
difference that crosses a kink or is unclear. Formulas can be typed into a scenario: signs and functions in ASCII, names
as in "name". Every key is always there; a part that wasn't asked for is an empty list. `updates` are those of the first
step; `steps` has, where several are asked for, the loss and the parameters after each, up to the last one whose loss is
a finite number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import islice, takewhile
from typing import Any

from ...engine.check import Check, check_gradients, check_locals
from ...engine.graph import Graph
from ...engine.learning import states, steps_of
from ...engine.trace import Path, Trace, unknown
from ...errors import Problem, RequestError
from ...formulas.expression import Derivative
from ...formulas.typeset import ASCII, to_text
from ...lesson.steps import backward_edges, local_formula
from ...lesson.third import Symbolic, ThirdWitness
from .explain import wanted_of
from .options import RunOptions

PATHS = 12
"""The most paths listed for one quantity: the largest products; `path_count` counts them all."""
LINKS = 20_000
"""Once all paths listed have so many links together, no more are."""
NUMBERS = 1_000_000
"""The most numbers in the list of steps."""


def run_text(trace: Trace | None, graph: Graph, options: RunOptions) -> tuple[str, bool]:
    """The document as text, and whether every check agrees. RequestError for a derivative that isn't there."""
    shown, agrees = document(trace, graph, options)
    return json.dumps(shown, indent=2, ensure_ascii=False, allow_nan=False) + "\n", agrees


def ascii_text(text: str) -> str:
    """The same without a character beyond ASCII: JSON has an escape for each, and they stand in its strings only."""
    return "".join(char if char.isascii() else json.dumps(char)[1:-1] for char in text)


def document(trace: Trace | None, graph: Graph, options: RunOptions) -> tuple[dict[str, Any], bool]:
    """The run as plain data, and whether every check agrees; `trace` is None for a scenario with unknowns."""
    scenario = graph.scenario
    parts = options.parts
    nodes = _differentiated(graph, options)
    edges = backward_edges(graph) if "local" in parts else []
    local_checks: Sequence[Check | None] = [None] * len(edges)
    gradient_checks: Sequence[Check | None] = [None] * len(nodes)
    if trace is not None:
        local_checks = check_locals(trace, edges, options.method, options.h)
        gradient_checks = check_gradients(trace, nodes, options.method, options.h)
    agrees = all(check is None or check.agrees for check in (*local_checks, *gradient_checks))
    some = trace or unknown(graph)
    local_thirds: Sequence[Symbolic | None] = [None] * len(edges)
    gradient_thirds: Sequence[Symbolic | None] = [None] * len(nodes)
    if trace is not None:
        third = ThirdWitness(trace)
        local_thirds = [third.local(*edge) for edge in edges]
        gradient_thirds = [third.gradient(node) for node in nodes]
        agrees &= all(found is None or found.agrees for found in (*local_thirds, *gradient_thirds))
    paths = _paths(some, nodes) if "backward" in parts else {}
    shown = {
        "scenario": {"name": scenario.name, "title": scenario.title, "document": scenario.document},
        "loss": None if trace is None else _number(trace.loss),
        "nodes": [_node(graph, trace, node) for node in graph.order()] if "forward" in parts else [],
        "local_derivatives": [
            _local_derivative(graph, *row) for row in zip(edges, local_checks, local_thirds, strict=True)
        ],
        "gradients": [
            _gradient(some, node, check, found, paths.get(node, ()))
            for node, check, found in zip(nodes, gradient_checks, gradient_thirds, strict=True)
            if "backward" in parts
        ],
        "updates": _updates(graph, trace) if "update" in parts else [],
        "steps": _steps(graph, trace, steps_of(graph, options.steps)) if "update" in parts and trace else [],
    }
    return shown, agrees


def _differentiated(graph: Graph, options: RunOptions) -> list[int]:
    """The quantities that the loss is differentiated by: all but targets and constants, or those asked for by name."""
    if not options.grads:
        nodes = graph.nodes_of("parameter", "input", "computed")
        return [node for node in nodes if not graph.block_of(node).constant]
    found = []
    for text, wanted in zip(options.grads, wanted_of(graph, options.grads), strict=True):
        if wanted.of != graph.loss:
            raise RequestError(
                Problem(f"'{text}' is no derivative of the loss, and JSON has no other", help="leave out --format json")
            )
        found.append(wanted.by)
    return found


def _node(graph: Graph, trace: Trace | None, number: int) -> dict[str, Any]:
    node = graph.node(number)
    return {
        "name": node.name,
        "kind": node.block.role,
        "formula": None if node.formula is None else to_text(node.formula, ASCII),
        "value": _number(graph.leaf_values()[number] if trace is None else trace.value(number)),
    }


def _local_derivative(
    graph: Graph, edge: tuple[int, int], check: Check | None, third: Symbolic | None
) -> dict[str, Any]:
    result, operand = edge
    formula = local_formula(graph, result, operand)
    return {
        "of": graph.name(result),
        "by": graph.name(operand),
        "formula": None if isinstance(formula, Derivative) else to_text(formula, ASCII),
        "value": check and _number(check.value),
        "finite_difference": check and _number(check.difference),
        "relative_error": check and _number(check.relative_error),
        "agrees": None if check is None or check.kink or check.undecided else check.agrees,
        "symbolic": third and _number(third.value),
    }


def _paths(trace: Trace, nodes: Sequence[int]) -> dict[int, tuple[Path, ...]]:
    """The paths of every node until LINKS are used up: the parameters come first, then the inputs, then the others."""
    kinds = ("parameter", "input", "target", "computed")
    found: dict[int, tuple[Path, ...]] = {}
    left = LINKS
    for node in sorted(nodes, key=lambda n: kinds.index(trace.graph.block_of(n).kind)):
        if left <= 0:
            break
        found[node] = trace.paths(node, PATHS)
        left -= sum(len(path.factors) for path in found[node])
    return found


def _gradient(
    trace: Trace, node: int, check: Check | None, third: Symbolic | None, paths: Sequence[Path]
) -> dict[str, Any]:
    graph = trace.graph
    return {
        "name": graph.name(node),
        "kind": graph.block_of(node).role,
        "value": check and _number(check.value),
        "finite_difference": check and _number(check.difference),
        "relative_error": check and _number(check.relative_error),
        "agrees": None if check is None or check.kink or check.undecided else check.agrees,
        "path_count": trace.path_count(node),
        "paths": [
            {
                "nodes": [graph.name(n) for n in path.nodes],
                "factors": [_number(factor) for factor in path.factors],
                "product": check and _number(path.product),
            }
            for path in paths
        ],
        "symbolic": third and _number(third.value),
    }


def _updates(graph: Graph, trace: Trace | None) -> list[dict[str, Any]]:
    if trace is None:
        known = graph.scenario.rate_text is not None
        return [
            {"name": graph.name(node), "before": None, "after": None}
            for node in (graph.nodes_of("parameter") if known else ())
        ]
    return [
        {"name": graph.name(update.node), "before": _number(update.before), "after": _number(update.after)}
        for update in trace.updates
    ]


def _steps(graph: Graph, trace: Trace, count: int) -> list[dict[str, Any]]:
    """The loss and every parameter after each of several steps. RequestError where these are too many."""
    nodes = graph.nodes_of("parameter")
    if count == 1:
        return []
    if count * len(nodes) > NUMBERS:
        said = f"{count} steps of {len(nodes)} parameters are more than {NUMBERS:,} numbers"
        raise RequestError(Problem(said, help="ask for fewer --steps, or leave out --format json"))
    names = [graph.name(node) for node in nodes]
    found = islice(states(trace), 1, count + 1)
    return [
        {
            "step": state.number,
            "loss": float(state.values[graph.loss]),
            "parameters": dict(zip(names, state.values[nodes].tolist(), strict=True)),
        }
        for state in takewhile(lambda state: state.finite, found)
    ]


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return float(value) if math.isfinite(value) else None
