"""What a sheet has said so far, and one chain cut into steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from ..formulas.expression import Expression
from ..handwork.arrays import Grid
from ..handwork.claims import Part
from ..handwork.exact import Stated, exact
from ..handwork.meaning import Meaning
from ..handwork.quantities import Subject
from .person import Line, Person


@dataclass(frozen=True, slots=True)
class Step:
    """A chain's part in the graph's names, with what kind of thing it is."""

    part: Part
    meaning: Meaning
    kind: str  # "formula", "numbers" or "number"
    number: Stated | None

    @property
    def expression(self) -> Expression:
        return self.meaning.expression


@dataclass
class Session:
    """What the sheet has said so far."""

    person: Person
    nudged: Person | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, Expression] = field(default_factory=dict)
    wrong_formulas: list[tuple[Subject, Expression, int]] = field(default_factory=list)
    right_formulas: dict[Subject, list[Expression]] = field(default_factory=dict)
    history: dict[Subject, list[Line]] = field(default_factory=dict)
    arrays: dict[str, Grid] = field(default_factory=dict)  # foreign names of arrays and what they were read as


def exact_or_none(value: float) -> Fraction | None:
    """A float as a fraction; None for nan and infinities."""
    return None if value != value or abs(value) == float("inf") else exact(value)
