"""What a reader asked `verify` to show. Plain values: nothing heavy is imported."""

from __future__ import annotations

from ...handwork.claims import Mark
from ...values import Struct


class VerifyOptions(Struct, frozen=True):
    """The options of `verify`.

    `scenario` is the scenario as it was named on the command line, and `command` what judges the same sheet again: for
    the commands that the report proposes. `only` keeps lines with these marks (empty: all). `reveal` False hides every
    number that would give an answer away.
    """

    scenario: str = ""
    command: str = ""
    digits: int = 6
    only: tuple[Mark, ...] = ()
    strict: bool = False
    reveal: bool = True
    quiet: bool = False

    def shows(self, mark: Mark) -> bool:
        """Is a line with this mark shown?"""
        return not self.only or mark in self.only
