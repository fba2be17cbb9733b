"""What a quiz asks, as immutable values: questions, what is given, what is asked, the slips that an answer may show.

A question is data alone. The numbers it was made from are a `Source` (source.py); an answer is judged by
`answers.py`, worked by `render/quiz/worked.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from ..formulas.expression import Expression
from ..handwork.quantities import Subject
from ..values import Struct
from .names import Kind

Form: TypeAlias = Literal["number", "formula", "factor"]


class PossibleSlip(Struct, frozen=True):
    """A slip that can be made in what is asked, and the number it gives."""

    code: str
    sentence: str
    prior: float
    value: float
    formula: Expression
    right: Expression


class Known(Struct, frozen=True):
    """Something given: a quantity with its number as shown, or with its formula. `exact`: the number is no rounding."""

    subject: Subject
    text: str = ""
    formula: Expression | None = None
    exact: bool = True


class Item(Struct, frozen=True):
    """One thing asked: a number, a formula, or the next factor of a chain.

    `asked` stands left of the equals sign, `right` is a right formula over what is given, `subject` is None for a
    change of a parameter (w' − w), which is no quantity of its own.
    """

    asked: Expression
    subject: Subject | None
    right: Expression
    value: float
    digits: int
    slips: tuple[PossibleSlip, ...]
    form: Form = "number"


class Option(Struct, frozen=True):
    """One answer to choose. A wrong one says why it is wrong, and shows nobody's own slip: it was made by others."""

    text: str
    right: bool
    why: str = ""


class Choice(Struct, frozen=True):
    """Options to choose from: by letters, or (`lines`) by the number of a line of the sheet.

    `prompt` is what is asked: a quantity by eye, or a whole question.
    """

    prompt: str
    options: tuple[Option, ...]
    lines: bool = False

    @property
    def right(self) -> int:
        """The place of the right option, from 0."""
        return next(i for i, option in enumerate(self.options) if option.right)


class SheetLine(Struct, frozen=True):
    """A line of a calculation to be checked: what it is about, its formula, the number it comes to."""

    subject: Subject
    formula: Expression
    text: str


class Chain(Struct, frozen=True):
    """A product of derivatives along one path, from the loss down; the factor at `missing` is asked."""

    nodes: tuple[int, ...]  # from the loss down
    missing: int


class Question(Struct, frozen=True):
    """One question. `subject` is the quantity it is about; `of` and `by` span the part of the network to show."""

    kind: Kind
    skill: str
    scenario: str
    seed: str
    subject: Subject
    digits: int
    known: tuple[Known, ...]
    items: tuple[Item | Choice, ...]
    sheet: tuple[SheetLine, ...] = ()
    chain: Chain | None = None

    @property
    def slips(self) -> tuple[PossibleSlip, ...]:
        """The slips of everything that is asked."""
        return tuple(slip for item in self.items if isinstance(item, Item) for slip in item.slips)

    @property
    def visible(self) -> frozenset[str]:
        """The codes of the slips that a right answer speaks against."""
        return frozenset(slip.code for slip in self.slips)
