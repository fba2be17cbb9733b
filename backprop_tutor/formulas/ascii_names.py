"""The names of a scenario in ASCII, each a name of its own, for screens that show nothing else and for typing.

`h̃` is htilde, `x̄` is xbar, `ŷ₁` is yhat1, `α` is alpha. Where the scenario has that name already, a number follows:
beside a quantity `alpha`, `α` is alpha_2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .characters import in_ascii
from .notation import folded

_PLACEHOLDER = re.compile(r"\{[ijk]\}")
_NAME = re.compile(r"[^\W\d](?:\w|[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f])*'*")
_INDEX = r"([1-9][0-9]*)"


def ascii_name(name: str) -> str:
    """One name by itself: accents and Greek letters as words, a letter without a name by its number."""
    return "".join(map(_spelt, unicodedata.normalize("NFKD", name)))


def _spelt(char: str) -> str:
    found = in_ascii(char)
    return f"u{ord(char):x}" if found is None else found


class AsciiNames(NamedTuple):
    """The spellings of one scenario's names; what was ASCII stays as it is."""

    spelt: Mapping[str, str]  # the document's name → its spelling
    patterns: tuple[tuple[str, str], ...] = ()  # the same for element patterns, `α_{i}{j}`

    def text(self, text: str) -> str:
        """A text with every name of the scenario spelt in ASCII; the rest as it is."""
        if text.isascii() or not (self.spelt or self.patterns):
            return text
        return _NAME.sub(lambda found: self.name(found[0]), text)

    def name(self, name: str) -> str:
        """The spelling of a name (primes may follow); a name that isn't the scenario's as it is."""
        return _found(name, self.spelt, self.patterns) or name

    def original(self, spelling: str) -> str | None:
        """The document's name for `htilde`, `htilde[1]` or `htilde_11#2`; None where no name is spelt so."""
        match = re.match(r"[^\[#]+", spelling)
        if match is None:
            return None
        back = {shown: name for name, shown in self.spelt.items()}
        found = _found(match[0], back, tuple((shown, name) for name, shown in self.patterns))
        return found and found + spelling[match.end() :]


def _found(name: str, names: Mapping[str, str], patterns: Iterable[tuple[str, str]]) -> str | None:
    bare = name.rstrip("'")
    for key in (name, bare):
        if key in names:
            return names[key] + name[len(key) :]
    for one, other in patterns:
        pieces = map(re.escape, _PLACEHOLDER.split(one))
        if match := re.fullmatch(_INDEX.join(pieces), bare):
            return _with_indices(other, match.groups()) + name[len(bare) :]
    return None


def _with_indices(pattern: str, indices: Iterable[str]) -> str:
    after = iter(indices)
    return _PLACEHOLDER.sub(lambda _: next(after), pattern)


def ascii_names(names: Iterable[str], patterns: Iterable[str] = ()) -> AsciiNames:
    """Distinct spellings for the names and element patterns of one scenario, in the document's order."""
    names, patterns = list(names), list(patterns)
    taken = _Taken([one for one in (*names, *patterns) if one.isascii()])
    spelt = {name: taken.free(name) for name in names if not name.isascii()}
    return AsciiNames(spelt, tuple((pattern, taken.free(pattern)) for pattern in patterns if not pattern.isascii()))


class _Taken:
    """The spellings that are somebody's; what `verify` would read as one name counts as one."""

    def __init__(self, spellings: Iterable[str]) -> None:
        self.names: set[str] = set()
        self.patterns: list[re.Pattern[str]] = []
        for spelling in spellings:
            self.add(spelling)

    def add(self, spelling: str) -> None:
        self.names.add(folded(spelling))
        if _PLACEHOLDER.search(spelling):
            self.patterns.append(_regex(spelling))

    def has(self, spelling: str) -> bool:
        if folded(spelling) in self.names or any(pattern.fullmatch(folded(spelling)) for pattern in self.patterns):
            return True
        return bool(_PLACEHOLDER.search(spelling)) and any(map(_regex(spelling).fullmatch, self.names))

    def free(self, name: str) -> str:
        """The name's spelling, with the first number that nobody has where it is taken."""
        first = _PLACEHOLDER.search(name)
        at = first.start() if first else len(name.rstrip("'"))
        stem = ascii_name(name[:at])
        rest = "".join(part if part.isascii() else ascii_name(part) for part in re.split(r"(\{[ijk]\})", name[at:]))
        count = 1
        while self.has(spelling := stem + (f"_{count}" if count > 1 else "") + rest):
            count += 1
        self.add(spelling)
        return spelling


def _regex(pattern: str) -> re.Pattern[str]:
    """The folded names of a pattern's elements."""
    return re.compile(_INDEX.join(re.escape(folded(piece)) for piece in _PLACEHOLDER.split(pattern)))
