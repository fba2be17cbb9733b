"""What is said of an answer, as a value; and the sentences, which never change a name's letters."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from ..handwork.claims import Mark
from ..handwork.quantities import Vocabulary
from ..judging.pen import PEN_SLIPS
from ..values import Struct

Outcome: TypeAlias = Literal["right", "wrong", "again"]
PEN = (*PEN_SLIPS, "arithmetic", "miscopied-operand", "term-missing")


class Reply(Struct, frozen=True):
    """What is said of an answer.

    `code` is stable: the judge's for right answers, a slip's for wrong ones, empty for an honest "not this". `codes`
    are all slips that the answer fits. `first` says of a wrong answer what kind of miss it is and nothing of what is
    right: all that is told while there is another try; `message` says the rest. `value` is what a calculation or a
    formula comes to. `start` and `end` place the caret for what can't be read.
    """

    outcome: Outcome
    mark: Mark
    code: str = ""
    message: str = ""
    first: str = ""
    codes: tuple[str, ...] = ()
    value: float | None = None
    start: int = 0
    end: int = 0
    help: str = ""

    @property
    def pen(self) -> bool:
        """A slip of the pen and not of understanding."""
        return self.outcome == "wrong" and self.code in PEN


def again(message: str, mark: Mark = "unknown", code: str = "", value: float | None = None) -> Reply:
    """Not counted: asked again, with the reason."""
    return Reply("again", mark, code, message, value=value)


def unread(message: str, start: int = 0, end: int = 0, help: str = "") -> Reply:
    """Not counted because it can't be read, with the place (none where `end` is 0) and the remedy."""
    return Reply("again", "unread", "unreadable", message, start=start, end=end, help=help)


def sentence(text: str, vocabulary: Vocabulary) -> str:
    """A whole sentence. One that would start with a name or a formula starts with a plain word instead."""
    first = re.split(r"[\s,:;]", text, maxsplit=1)[0]
    if not re.fullmatch(r"[A-Za-z][a-z]*'?[a-z]*", first) or vocabulary.subject(first) is not None:
        text = f"Here {text}"
    else:
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
