"""What a sheet has said so far, and one chain cut into steps."""

from __future__ import annotations

from ..formulas.expression import Expression
from ..handwork.arrays import Grid
from ..handwork.claims import Part
from ..handwork.exact import Stated
from ..handwork.meaning import Meaning
from ..handwork.quantities import Subject
from ..values import Struct, field
from .own_names import OwnName
from .person import Line, Person, Truth

NO_EFFECT = "no-effect"  # code of what comes from a mistake and yet makes no difference


class Step(Struct, frozen=True):
    """A chain's part in the graph's names, with what kind of thing it is."""

    part: Part
    meaning: Meaning
    kind: str  # "formula", "numbers" or "number"
    number: Stated | None

    @property
    def expression(self) -> Expression:
        return self.meaning.expression


class Session(Struct):
    """What the sheet has said so far, in one update step; `steps` are those of the other steps."""

    person: Person
    nudged: Person | None = None  # the person's numbers of a run with given values moved a little
    renamed: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, OwnName] = field(default_factory=dict)
    wrong_formulas: list[tuple[Subject, Expression, int]] = field(default_factory=list)
    right_formulas: dict[Subject, list[Expression]] = field(default_factory=dict)
    history: dict[Subject, list[Line]] = field(default_factory=dict)
    arrays: dict[str, Grid] = field(default_factory=dict)  # foreign names of arrays and what they were read as
    parameter: int | None = None  # the one that the lines before are about
    sample: int | None = None  # the one that lines which don't say theirs were found to be about
    step: int = 1  # which update step the sheet has come to
    steps: dict[int, Session] = field(default_factory=dict)  # from the second on
    moved: Truth | None = None  # what is true in the nudged run

    def copy(self) -> Session:
        """A session that can be tried on without any effect on this one."""
        return Session(
            self.person.copy(),
            None if self.nudged is None else self.nudged.copy(),
            dict(self.renamed),
            dict(self.definitions),
            list(self.wrong_formulas),
            {subject: list(forms) for subject, forms in self.right_formulas.items()},
            {subject: list(lines) for subject, lines in self.history.items()},
            dict(self.arrays),
            self.parameter,
            self.sample,
            self.step,
            {number: session.copy() for number, session in self.steps.items()},
            self.moved,
        )

    def become(self, other: Session) -> None:
        """This session as another one has gone on from a copy of it."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(other, name))
