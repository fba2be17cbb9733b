"""What a shell offers after Tab: bundled scenarios, and the names of quantities in the scenario already typed.

Each answer must come quickly: a scenario is only looked at as TOML, neither checked nor built.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import typer

from ..errors import TutorError

MANY = 400
"""An array with more elements than this is offered by its first ones only."""

COMPLETING = "_BPTUTOR_COMPLETE" in os.environ  # a shell asks what may follow
Complete: TypeAlias = Callable[[typer.Context, str], list[tuple[str, str]]]


def offered(complete: Complete) -> Complete | None:
    """The function while a shell asks, else None: typer takes its time over every one it is given."""
    return complete if COMPLETING else None


def complete_scenario(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The bundled scenarios with their titles."""
    from ..scenario.loading import titles

    return [(entry.name, entry.title) for entry in titles() if entry.name.startswith(incomplete)]


def complete_quantity(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The quantities of the scenario on the command line."""
    return [(name, kind) for name, kind in _quantities(ctx) if name.startswith(incomplete)]


def complete_value(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """What can be set: `w11=`."""
    settable = [(f"{name}=", kind) for name, kind in _quantities(ctx) if kind != "computed"]
    return [(name, kind) for name, kind in (*settable, ("rate=", "learning rate")) if name.startswith(incomplete)]


def _quantities(ctx: typer.Context) -> Iterator[tuple[str, str]]:
    """(name, kind) of every quantity; nothing when there is no scenario, or none that can be read."""
    # While completing, the words that follow the command stand in ctx.args; the parameter is still empty.
    named = ctx.params.get("scenario") or next(iter(ctx.args), None)
    if not named or named == "-":
        return
    import tomllib

    from ..scenario.files import find

    try:
        document = tomllib.loads(find(named).text)
    except (TutorError, ValueError):
        return
    patterns = _table(document, "elements")
    for key, kind in (("parameters", "parameter"), ("inputs", "input"), ("targets", "target")):
        for name, value in _table(document, key).items():
            for element in _elements(name, value, patterns.get(name)):
                yield element, kind
    for name in _table(document, "equations"):
        yield name, "computed"


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _elements(name: str, value: object, pattern: object) -> Iterator[str]:
    """The names of an array's elements, or the name of a single number."""
    from ..formulas.notation import element_name

    if isinstance(value, dict):
        value = value.get("value")
    shape = []
    while isinstance(value, list) and value:
        shape.append(len(value))
        value = value[0]
    if not shape:
        yield name
        return
    places = itertools.product(*(range(1, size + 1) for size in shape))
    for place in itertools.islice(places, MANY):
        yield element_name(name, pattern if isinstance(pattern, str) else None, place)
