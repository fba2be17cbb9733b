"""The program as tests run it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
_FILES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((TOP / "scenarios").glob("*.toml"))}
SCENARIOS = tuple(_FILES)
DOCUMENTS = tuple(name for name, text in _FILES.items() if "\ndocument = " in text)
"""The scenarios that come from a handwritten document."""


@dataclass(frozen=True)
class Done:
    """How a run of the program ended."""

    status: int
    out: str
    err: str


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with the tree's package first on the path."""
    return {**os.environ, "PYTHONPATH": str(TOP), **changes}
