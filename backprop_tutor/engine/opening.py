"""From what a person names to a checked graph, with every fault of the file in one go.

The reader finds the faults of the file, the graph those of the formulas. Where both find some, they are told together;
but what depends on a value that couldn't be read is not judged: its shape isn't known.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ScenarioError
from ..scenario.loading import Draft, Scenario, draft, with_random, with_values
from ..scenario.types import in_order
from .build import build, problems
from .graph import Graph


def opened(name_or_path: str, values: Mapping[str, str] | None = None, seed: int | None = None) -> Graph:
    """The graph of a scenario, with some values replaced, and with drawn ones for those that are still unknown.

    RequestError for what isn't there, ScenarioError with every fault of the file and its formulas.
    """
    scenario = finished(draft(name_or_path))
    if values:
        scenario = with_values(scenario, values)
    if seed is not None:
        scenario = with_random(scenario, seed)
    return build(scenario)


def drawn(graph: Graph, seed: int) -> Graph | None:
    """The same with drawn numbers for the unknowns; None where there is no unknown."""
    scenario = graph.scenario
    return build(with_random(scenario, seed)) if graph.symbolic or scenario.rate_text == "?" else None


def finished(read: Draft) -> Scenario:
    """The scenario of a draft; where it has faults, ScenarioError with those of its formulas as well."""
    if read.scenario is None or not read.problems:
        return read.finished()
    said = {(problem.message, problem.where.line, problem.where.column): problem for problem in read.problems}
    for problem in problems(read.scenario, read.doubtful):
        said.setdefault((problem.message, problem.where.line, problem.where.column), problem)
    raise ScenarioError(*in_order(said.values(), read.scenario.source.file))
