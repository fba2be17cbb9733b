"""The program as tests run it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SCENARIOS = tuple(sorted(path.stem for path in (TOP / "scenarios").glob("*.toml")))


@dataclass(frozen=True)
class Done:
    """How a run of the program ended."""

    status: int
    out: str
    err: str


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with the tree's package first on the path."""
    return {**os.environ, "PYTHONPATH": str(TOP), **changes}
