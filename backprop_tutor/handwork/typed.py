"""A text rewritten piece by piece, which never forgets where each of its characters was typed.

Readers put people's spellings (LaTeX, full-width digits, `**bold**`) into plain ones; a caret must still stand under
what the person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..formulas.expression import Span
from ..values import Struct


class Typed(Struct, frozen=True):
    """A text, and for each character the place (from, to) in the source that it stands for."""

    text: str
    places: tuple[Span, ...]

    @classmethod
    def of(cls, source: str) -> Typed:
        """A source as it is."""
        return cls(source, tuple((i, i + 1) for i in range(len(source))))

    def __add__(self, other: Typed) -> Typed:
        return Typed(self.text + other.text, self.places + other.places)

    def cut(self, start: int, end: int | None = None) -> Typed:
        """A piece."""
        return Typed(self.text[start:end], self.places[start:end])

    def put(self, text: str, start: int, end: int) -> Typed:
        """Another text for the piece from start to end: each of its characters stands for the whole piece."""
        return Typed(text, (self.span(start, end),) * len(text))

    def shifted(self, by: int) -> Typed:
        """The same text in a source that has `by` more characters before it."""
        return Typed(self.text, tuple((a + by, b + by) for a, b in self.places)) if by else self

    def strip(self) -> Typed:
        """Without space at its ends."""
        start = len(self.text) - len(self.text.lstrip())
        return self.cut(start, max(start, len(self.text.rstrip())))

    def span(self, start: int, end: int) -> Span:
        """Where the piece from start to end was typed; an empty one stands behind what comes before it."""
        inside = self.places[start:end]
        if inside:
            return min(a for a, _ in inside), max(b for _, b in inside)
        if start and self.places:
            at = self.places[min(start, len(self.places)) - 1][1]
            return at, at
        return (self.places[0][0],) * 2 if self.places else (0, 0)

    def sub(self, pattern: re.Pattern[str], change: str | Callable[[re.Match[str]], Typed]) -> Typed:
        """Every match replaced, by a text or by what `change` makes of it."""
        found = list(pattern.finditer(self.text))
        if not found:
            return self
        out, at = NOTHING, 0
        for match in found:
            new = self.put(change, match.start(), match.end()) if isinstance(change, str) else change(match)
            out += self.cut(at, match.start()) + new
            at = match.end()
        return out + self.cut(at)


NOTHING = Typed("", ())
