"""How one judgement is spelt: the mark's glyph, the sentence beside a line, numbers, and what is hidden on request."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...formulas.digits import significant
from ...formulas.expression import Expression
from ...formulas.typeset import ASCII, Style, to_text
from ...handwork.claims import LinkVerdict, Mark, Verdict
from ...judging.alignment import has_names
from ...values import Struct
from ..screen import ASCII_GLYPHS, Glyphs
from .options import VerifyOptions

# (Unicode, ASCII, style); every mark but `right` also stands in words beside its line
MARKS: Mapping[Mark, tuple[str, str, str]] = {
    "right": ("✓", "ok", "ok"),
    "close": ("≈", "~", "kink"),
    "notation": ("≡", "=", "path"),
    "convention": ("§", "c", "path"),
    "follows": ("↳", "->", "kink"),
    "unknown": ("?", "?", "note"),
    "unread": ("!", "!", "wrong"),
    "wrong": ("✗", "WRONG", "wrong"),
}

HIDDEN: Mapping[str, str] = {
    "formula": "this formula is not the quantity",
    "substitution": "a number stands where another belongs",
    "arithmetic": "what is written doesn't give this",
    "value": "this is not the value",
}
_MINUS = re.compile(r"(?<![\w.)\]])-(?=\d)")
_NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")
_LINES = re.compile(r"\blines? [\d, ]+(?: and \d+)?")


class Words(Struct, frozen=True):
    """Spells verdicts in one medium."""

    options: VerifyOptions
    glyphs: Glyphs

    @property
    def style(self) -> Style:
        return self.glyphs.style

    def glyph(self, mark: Mark) -> str:
        unicode, ascii, _ = MARKS[mark]
        return ascii if self.glyphs.ascii else unicode

    def color(self, mark: Mark) -> str:
        return MARKS[mark][2]

    def number(self, x: float, least: int = 0) -> str:
        """A number to the digits asked for, or to one more than `least` where that is finer."""
        return significant(x, max(self.options.digits, least + 1 if least else 0), self.style.minus)

    def formula(self, formula: Expression) -> str:
        return self.glyphs.text(to_text(formula, self.style))

    def text(self, text: str) -> str:
        """Somebody's line as this medium can show it."""
        return self.glyphs.text(text.replace("\t", " "))

    # ------------------------------------------------------------------ sentences
    def message(self, verdict: Verdict) -> str:
        """The verdict's sentence."""
        said = [link for link in verdict.links if link.message and verdict.message.startswith(link.message.rstrip("."))]
        kind = said[0].kind if said else "value"
        return self.veiled(verdict.message, kind, verdict)

    def link_message(self, link: LinkVerdict, verdict: Verdict) -> str:
        return self.veiled(link.message, link.kind, verdict)

    def veiled(self, message: str, kind: str, verdict: Verdict) -> str:
        """The sentence; where nothing is to be revealed, one without a number that the line doesn't have itself."""
        if self.options.reveal or not self.gives_away(message, verdict):
            return self.text(_MINUS.sub(self.style.minus, message))
        return HIDDEN[kind]

    def gives_away(self, message: str, verdict: Verdict) -> bool:
        own = {found.replace("−", "-") for found in _NUMBER.findall(verdict.claim.text)}
        said = {found.replace("−", "-") for found in _NUMBER.findall(_LINES.sub("", message))}
        told = {number for number in said - own if "." in number or "e" in number}
        if verdict.expected is not None:
            told |= {number for number in said - own if float(number) == verdict.expected}
        return bool(told)

    def right_value(self, verdict: Verdict) -> str:
        """The value that belongs there, where a line's mark makes one ask for it; else an empty text."""
        if not self.options.reveal or verdict.expected is None or verdict.mark not in ("close", "follows", "wrong"):
            return ""
        return self.number(verdict.expected) if states_number(verdict) else ""

    def remark(self, verdict: Verdict) -> str:
        """What is said beside a line: `wrong: the decimal point is 1 place off; right: 0.0242 [decimal-point]`."""
        said = self.message(verdict)
        value = self.right_value(verdict)
        if value and value not in said:
            said = "; ".join(filter(None, (said.rstrip("."), f"right: {value}")))
        code = f" [{verdict.code}]" if verdict.code not in ("", verdict.mark) else ""
        said = said.removeprefix(f"{verdict.mark} ")  # "follows: from line 5"
        return f"{verdict.mark}: {said}{code}" if said else f"{verdict.mark}{code}"

    def label(self, link: LinkVerdict) -> str:
        """The few words beside a caret."""
        several = not _NUMBER.fullmatch(link.right) and link.end - link.start >= len(link.right)
        whole = link.kind == "substitution" and several
        if link.expected is None or not self.options.reveal or link.kind == "formula" or whole:
            return {"formula": "this formula", "substitution": "these numbers"}.get(link.kind, "this number")
        typed = len(re.sub(r"\D", "", link.right).lstrip("0")) if link.kind == "arithmetic" else 0
        value = self.number(link.expected, typed)
        return f"what is written gives {value}" if link.kind == "arithmetic" else f"should be {value}"


def is_number(text: str) -> bool:
    """Is a piece of a line a number and nothing else?"""
    return _NUMBER.fullmatch(text) is not None


def states_number(verdict: Verdict) -> bool:
    """Does the line come to a number?"""
    parts = verdict.claim.parts
    return bool(parts) and not has_names(parts[-1].expression)


def practise(verdict: Verdict, options: VerifyOptions) -> str:
    """The command to practise the quantity of a line; empty where the line is about no single quantity."""
    if verdict.quantity is None or not options.scenario or options.scenario == "-":
        return ""
    name = ASCII_GLYPHS.text(verdict.quantity.replace("∂", ASCII.partial)).removesuffix("'")
    return f"bptutor quiz {shell(options.scenario)} --only {shell(name)}"


def shell(word: str) -> str:
    """A word as a shell takes it."""
    if re.fullmatch(r"[\w./#-]+", word, re.ASCII):
        return word
    return f'"{word}"' if not re.search(r'["$`\\!]', word) else "'" + word.replace("'", "'\\''") + "'"
