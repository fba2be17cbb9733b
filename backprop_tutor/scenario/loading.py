"""Scenario files → `Scenario`: everything that is known about the format passes through here.

    load("two_sigmoid_outputs")   a bundled scenario
    load("lessons/net.toml")      a file
    load("-")                     standard input

One pass finds every fault of a file: TOML, structure (by the schema), then what the entries mean: the form of names,
names bound twice, arrays, samples, notation. Formulas stay text here; the graph reads them, and places its own faults
with `Equation.where`. Reading a scenario runs none of it. Importing this module imports neither numpy nor pydantic.
"""

from __future__ import annotations

from ..errors import Problem, Where
from ..values import replace
from .changes import with_random, with_values
from .files import Found, Title, bundled, find, titles
from .names import normal_name, pattern_fault
from .toml_text import parse_document
from .types import Draft, Equation, FunctionDefinition, Kind, Quantity, Sample, Scenario, Source, in_order

__all__ = [
    "Draft",
    "Equation",
    "FunctionDefinition",
    "Kind",
    "Quantity",
    "Sample",
    "Scenario",
    "Source",
    "Title",
    "bundled",
    "draft",
    "drafts",
    "load",
    "loads",
    "normal_name",
    "pattern_fault",
    "titles",
    "with_random",
    "with_values",
]


def load(name_or_path: str, *, stdin: str | None = None) -> Scenario:
    """A bundled scenario by name, a file by path, or "-" for standard input (`stdin` gives its text for a test).

    RequestError when there is nothing of that name; ScenarioError with every problem of the file.
    """
    return draft(name_or_path, stdin=stdin).finished()


def loads(text: str, name: str = "scenario", path: str | None = None) -> Scenario:
    """A scenario from its text; `path` says where it was read from. ScenarioError with every problem."""
    return drafts(text, name, path).finished()


def draft(name_or_path: str, *, stdin: str | None = None) -> Draft:
    """Like `load`, but a scenario with faults comes back as far as it could be read, with its problems."""
    return _draft(find(name_or_path, stdin))


def drafts(text: str, name: str = "scenario", path: str | None = None) -> Draft:
    """Like `loads`, but a scenario with faults comes back as far as it could be read, with its problems."""
    return _draft(Found(text.removeprefix("\ufeff"), name, path, path or f"{name}.toml"))


def _draft(found: Found) -> Draft:
    document, source, problems, lost = parse_document(found.text, found.label)
    if document is None:
        return Draft(None, problems)
    if not document:
        nothing = Problem(
            "the scenario is empty", Where(found.label), "", "'bptutor new FILE' writes one to start from"
        )
        return Draft(None, (nothing,))
    from .reading import Reader

    rest = Reader(document, source, found, lost).draft()
    return rest if not problems else replace(rest, problems=in_order((*problems, *rest.problems), found.label))
