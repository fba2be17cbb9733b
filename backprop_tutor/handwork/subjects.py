"""What a line of a hand calculation can be about."""

from __future__ import annotations

from typing import TypeAlias

from ..values import Struct


class Value(Struct, frozen=True):
    """The value of a node."""

    node: int


class Gradient(Struct, frozen=True):
    """∂of/∂by, over all paths between the two."""

    of: int
    by: int


class Updated(Struct, frozen=True):
    """A parameter after one step of the rule."""

    node: int


class Rate(Struct, frozen=True):
    """The learning rate."""


class Worked(Struct, frozen=True):
    """What a line of the update rule (from 0) comes to for a parameter: its velocity, its mean gradient, ..."""

    line: int
    node: int


class Remembered(Struct, frozen=True):
    """A name of the update rule as the step before has left it for a parameter."""

    name: str
    node: int


class RuleNumber(Struct, frozen=True):
    """A number of the update rule: one of its constants, or t, the number of the step."""

    name: str


Subject: TypeAlias = Value | Gradient | Updated | Rate | Worked | Remembered | RuleNumber
