"""Claims and verdicts: what a person asserts and what is said of it, apart from any way of writing it down.

A claim is a chain of parts joined by '='; each pair of neighbours is a link. Readers (`plain_reader.py` for plain
notation) make claims; `judging/judge.py` judges them; renderers print verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from ..errors import Where
from ..formulas.expression import Expression
from ..values import Struct, field

Mark: TypeAlias = Literal["right", "close", "notation", "convention", "follows", "unknown", "unread", "wrong"]
MARKS: tuple[Mark, ...] = ("right", "close", "notation", "convention", "follows", "unknown", "unread", "wrong")
# the mark of a line is the worst of its links, worst first
SEVERITY: tuple[Mark, ...] = ("wrong", "unread", "unknown", "follows", "convention", "close", "notation", "right")
LinkKind: TypeAlias = Literal["formula", "substitution", "arithmetic", "value"]


class Part(Struct, frozen=True):
    """One piece of a chain: its formula, the text as written, and its place in the line (from 0)."""

    expression: Expression
    text: str
    start: int
    end: int
    open: bool = False  # ended with '...': cut off on purpose


class Unreadable(Struct, frozen=True):
    """Why a line can't be read: the sentence, the place in the line (from 0), a few words for the caret, the remedy."""

    message: str
    start: int
    end: int
    label: str = ""
    help: str = ""


class Expected(Struct, frozen=True):
    """A mark that a sheet says its line deserves, for tests."""

    mark: Mark
    code: str = ""


class Step(Struct, frozen=True):
    """An update step as a heading names it; not `sure` where it may number the stages of the work ("Step 2: backward").

    It is taken for an update step all the same where the updates of the one before it have just been written down.
    """

    number: int
    sure: bool


class Claim(Struct, frozen=True):
    """One chain. `line` counts from 1 in the sheet, `source_lines` are lines of the document ('@39').

    `where.source` holds all lines of a chain that goes on over several, with the line breaks; `renamed` says what the
    reader took a name for: `w5` for `w5'` where a weight is updated in place.
    """

    line: int
    text: str
    parts: tuple[Part, ...]
    source_lines: tuple[int, ...] = ()
    expected: Expected | None = None
    unreadable: Unreadable | None = None
    where: Where = field(default_factory=Where)
    sample: int | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    nearby: int | None = None  # the sample before this line, of a section that may have ended
    step: Step | None = None  # the update step that a heading says the line is about


class Sheet(Struct, frozen=True):
    """All claims of one sheet, in order."""

    path: str
    claims: tuple[Claim, ...]
    lines: tuple[str, ...]


class Explanation(Struct, frozen=True):
    """A possible cause: a slip's code, the sentence, the lines that it explains, and how sure it is (0 to 1)."""

    code: str
    message: str
    lines_explained: tuple[int, ...]
    confidence: float
    formula: Expression | None = None  # what was done
    right: Expression | None = None  # what belongs there
    value: float | None = None  # what the slip gives


class LinkVerdict(Struct, frozen=True):
    """One link judged."""

    kind: LinkKind
    left: str
    right: str
    mark: Mark
    code: str = ""
    message: str = ""
    stated: float | None = None
    expected: float | None = None
    start: int = 0  # of what the caret underlines, in the line
    end: int = 0
    follows_from: tuple[int, ...] = ()
    interval: tuple[float, float] | None = None  # what honest rounding of the numbers that went in could give


class Verdict(Struct, frozen=True):
    """One claim judged: the worst of its links, and why."""

    claim: Claim
    quantity: str | None
    mark: Mark
    code: str
    message: str
    stated: float | None
    expected: float | None
    links: tuple[LinkVerdict, ...]
    follows_from: tuple[int, ...] = ()
    explanations: tuple[Explanation, ...] = ()

    @property
    def line(self) -> int:
        return self.claim.line


class Judgement(Struct, frozen=True):
    """A whole sheet judged; `remarks` are plain words about impossible values, one per line number."""

    sheet: Sheet
    scenario: str
    verdicts: tuple[Verdict, ...]
    remarks: tuple[tuple[int, str], ...] = ()
    convention: str = ""  # the sentence of the convention that the sheet follows, where it isn't the scenario's

    @property
    def summary(self) -> Mapping[Mark, int]:
        """How many lines of each mark."""
        return {mark: sum(v.mark == mark for v in self.verdicts) for mark in MARKS}


def worst(marks: list[Mark]) -> Mark:
    """The mark that decides a line."""
    return min(marks, key=SEVERITY.index, default="right")
