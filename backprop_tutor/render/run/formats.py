"""The formats a run can be written in besides the terminal's: one row each, the module that writes it.

Each module has `run_text(trace, graph, options) -> (text, agrees)`: the whole text, newline at its end, and whether
every check agrees; `trace` is None for a scenario with unknowns. `ascii_text(text)` is such a text without a character
beyond ASCII.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol

from ...engine.graph import Graph
from ...engine.trace import Trace
from .options import RunOptions

FORMATS: Mapping[str, str] = {
    "markdown": "markdown",
    "json": "json_document",
}


class Writer(Protocol):
    """What a format's module offers."""

    def run_text(self, trace: Trace | None, graph: Graph, options: RunOptions) -> tuple[str, bool]: ...

    def ascii_text(self, text: str) -> str: ...


def writer(name: str) -> Writer:
    """The module that writes a format; KeyError where there is none of that name."""
    module: Writer = import_module(f".{FORMATS[name]}", __package__)
    return module
