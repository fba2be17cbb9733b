"""What a line of a hand calculation can be about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a node."""

    node: int


@dataclass(frozen=True, slots=True)
class Gradient:
    """∂of/∂by, over all paths between the two."""

    of: int
    by: int


@dataclass(frozen=True, slots=True)
class Updated:
    """A parameter after one step of the rule."""

    node: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The learning rate."""


@dataclass(frozen=True, slots=True)
class Worked:
    """What a line of the update rule (from 0) comes to for a parameter: its velocity, its mean gradient, ..."""

    line: int
    node: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """A name of the update rule as the step before has left it for a parameter."""

    name: str
    node: int


@dataclass(frozen=True, slots=True)
class RuleNumber:
    """A number of the update rule: one of its constants, or t, the number of the step."""

    name: str


Subject: TypeAlias = Value | Gradient | Updated | Rate | Worked | Remembered | RuleNumber
