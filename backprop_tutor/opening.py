"""From what a person names to a checked graph, with every fault of the file in one go.

The reader finds the faults of the file, the graph those of the formulas. Where both find some, they are told together;
but what depends on a value that couldn't be read is not judged: its shape isn't known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .errors import Problem, ScenarioError
from .graph import Graph, build, formula_faults
from .scenario import Draft, Scenario, draft, with_random, with_values
from .scenario_names import pattern_matches


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


def finished(read: Draft) -> Scenario:
    """The scenario of a draft; where it has faults, ScenarioError with those of its formulas as well."""
    scenario = read.scenario
    if scenario is None or not read.problems:
        return read.finished()
    found = [*read.problems, *_faults_of_formulas(scenario, read.doubtful)]
    found.sort(key=lambda problem: (problem.where.line or 0, problem.where.column or 0))
    raise ScenarioError(*dict.fromkeys(found))


def _faults_of_formulas(scenario: Scenario, doubtful: frozenset[str]) -> list[Problem]:
    """What is wrong with the formulas whatever the doubtful values turn out to be."""
    if not doubtful:
        try:
            build(scenario)
        except ScenarioError as error:
            return list(error.problems)
        return []
    patterns = [scenario.elements[name] for name in doubtful if name in scenario.elements]

    def certain(problem: Problem) -> bool:
        named = re.match("nothing is called '(.+)'", problem.message)
        return not (named and (named[1] in doubtful or any(pattern_matches(p, named[1]) for p in patterns)))

    return [problem for problem in formula_faults(scenario) if certain(problem)]
