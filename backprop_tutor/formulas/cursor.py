"""A place in the tokens of a formula, and what is said where something else stands there than should."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import FormulaError
from .tokens import Token

WORDS = frozenset("and or not if then else".split())  # of programs
CASES = "for cases write where(x > 0, a, b); a second comparison goes into another where( ) in it"


class Cursor:
    """Goes through the tokens of a formula; `names` says whether a spelling is a quantity's."""

    def __init__(self, text: str, tokens: Sequence[Token], names: Callable[[str], bool]) -> None:
        self.text = text
        self.tokens = tokens
        self.names = names
        self.at = 0
        self.noted: list[FormulaError] = []

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, count: int) -> Token:
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.here
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def sees(self, *operators: str) -> bool:
        return self.here.kind == "operator" and self.here.text in operators

    def fail(self, message: str, token: Token, label: str = "", help: str = "") -> FormulaError:
        return FormulaError(message, token.start, max(token.end, token.start + 1), label, help, self.text)

    def note(self, error: FormulaError) -> None:
        """Keep what is wrong and does not stand in the way of the rest."""
        self.noted.append(error)

    def expect(self, operator: str, opened: Token) -> Token:
        if not self.sees(operator):
            if self.here.kind == "comparison":
                raise self.stray()
            what = "the formula ends" if self.here.kind == "end" else f"'{self.shown(self.here)}' stands"
            raise self.fail(
                f"the bracket '{opened.text}' is not closed: {what} where '{operator}' belongs",
                self.here, f"'{operator}' expected",
            )  # fmt: skip
        return self.take()

    def shown(self, token: Token) -> str:
        return self.text[token.start : token.end]

    def stray(self) -> FormulaError:
        token = self.here
        shown = self.shown(token)
        before = self.tokens[self.at - 1] if self.at else None
        missing = "a quantity is missing"
        if token.text in ("^", "*", "/", "+", "-", "@"):
            if before is None:
                return self.fail(f"'{shown}' has nothing before it", token, missing)
            return self.fail(f"'{shown}' can't follow '{self.shown(before)}'", token, missing)
        percent = next((one for one in (token, before) if one is not None and one.kind == "percent"), None)
        if percent is not None:
            said, help = "'%' means per cent, and that only behind a number", "write 5% or 0.05; there is no remainder"
            return self.fail(said, percent, "not here", help)
        if token.kind == "comparison":
            help = "write where(x > 0, a, b)"
            return self.fail(f"'{shown}' compares, and only where( ) takes a comparison", token, "not here", help)
        if token.text in (")", "]"):
            if not self.is_open("(" if token.text == ")" else "["):
                return self.fail(f"'{shown}' closes a bracket that is not open", token, "one too many")
            empty = before is not None and before.text in ("(", "[")
            what = "the brackets are empty" if empty else f"something is missing before '{shown}'"
            return self.fail(what, token, missing)
        if token.text == "," or before is None:
            hint = "use a decimal point" if before is not None and before.kind == "number" else ""
            return self.fail(f"'{shown}' has no meaning here", token, "not expected", hint)
        if before.text in WORDS and not self.names(before.text):
            return self.fail(f"'{before.text}' has no meaning in a formula", before, "not a sign", CASES)
        gap = f"{self.shown(before)}*{shown}"
        return self.fail(f"'{shown}' follows without a sign", token, "an operator is missing", f"write {gap}")

    def is_open(self, bracket: str) -> bool:
        """Does a bracket of this kind stand open here?"""
        closing = {"(": ")", "[": "]"}[bracket]
        texts = [token.text for token in self.tokens[: self.at]]
        return texts.count(bracket) > texts.count(closing)
