"""What can go wrong with somebody's input, said so that they can mend it.

A `Problem` is one mistake: what is wrong, where it stands, and what to do next. A `TutorError` carries every problem
found in one go; the command line prints them all and ends with status 2. Any other exception is a bug of ours.

What help and usage errors load has named tuples for its values: a dataclass takes seven times as long to make.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple


class Where(NamedTuple):
    """A place in a text: file, line and column (both counted from 1), and how many characters the caret underlines.

    `source` is the whole line as typed, so that it can be shown without reading the file again; `key` names the entry
    of a scenario file ("equations.h1").
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    length: int = 1
    source: str | None = None
    key: str | None = None

    def shifted(self, offset: int, length: int) -> Where:
        """The place `offset` characters further right on the same line."""
        column = None if self.column is None else self.column + offset
        return self._replace(column=column, length=max(1, length))


class Problem(NamedTuple):
    """One mistake: the sentence, the place, a few words for the caret, and what to do next."""

    message: str
    where: Where = Where()
    label: str = ""
    help: str = ""


class TutorError(Exception):
    """Unusable input; carries all problems found in one pass."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class ScenarioError(TutorError):
    """A scenario file that can't be used."""


class FormulaError(TutorError):
    """A formula that can't be read; columns count from the formula's own first character."""

    def __init__(self, message: str, start: int, end: int, label: str = "", help: str = "", source: str = "") -> None:
        where = Where(column=start + 1, length=max(1, end - start), source=source or None)
        super().__init__(Problem(message, where, label, help))
        self.start, self.end = start, end


class RequestError(TutorError):
    """An argument or option that asks for what isn't there (a quantity, a scenario, a folder that can't be written)."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'w21'?` for the nearest known names, or an empty text when none is near."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if not near:
        folded = {k.casefold(): k for k in known}
        near = [folded[name.casefold()]] if name.casefold() in folded else []
    return "did you mean " + " or ".join(f"'{n}'" for n in near) + "?" if near else ""
