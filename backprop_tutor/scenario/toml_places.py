"""Where every key and every value of a TOML document stands.

`tomllib` parses a document but forgets the places; an error that names line and column needs them. `find_places` scans
the text once and notes, for the path of each key ("parameters", "W1", "value", 0, 2), the span of the key and the span
of the value, so that a caret can be put under either and a number can be shown with the digits its author typed.

The scanner takes more than valid TOML and never less, so it sees at least as far as `tomllib` does: what it has seen of
a broken document is kept (`Places.repeats` explains the commonest break), and its depth limit protects `tomllib`, whose
time grows with the square of the length of a dotted key and whose parser is recursive.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator

from ..values import Struct

Path = tuple[str | int, ...]

MAX_DEPTH = 100
"""How deep tables and arrays may be nested, unless the caller says otherwise."""

_BLANKS = re.compile(r"[ \t]*+")
_GAP = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY = re.compile(r"""[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""")
_STRING = re.compile(
    r'''"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}'''
    r"""|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"""
    r'''|"(?:[^"\\\n]|\\.)*+"'''
    r"""|'[^'\n]*+'""",
    re.DOTALL,
)
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*+|[^\s,\[\]{}#=\"']++")


class Span(Struct, frozen=True):
    """A stretch of the text: offsets from 0 (end not included); line and column of its start, counted from 1."""

    start: int
    end: int
    line: int
    column: int

    @property
    def length(self) -> int:
        """How many characters it covers."""
        return self.end - self.start


class TooDeep(ValueError):
    """Tables or arrays are nested deeper than the limit; `span` is where the limit was passed."""

    def __init__(self, limit: int, span: Span) -> None:
        super().__init__(f"nested deeper than {limit} levels")
        self.limit, self.span = limit, span


class Places:
    """The places of one document, by key path. A table made by `[a.b]` has its header as value; an element, no key."""

    __slots__ = ("_keys", "_line_starts", "_values", "repeats", "stopped", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.stopped: Span | None = None
        """Where the heading or the value starts in which the scan met something that isn't TOML."""
        self.repeats: list[tuple[Path, Span, Span]] = []
        """Every key that is given again, with its first place and the later one."""
        self._keys: dict[Path, tuple[int, int]] = {}
        self._values: dict[Path, tuple[int, int]] = {}
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def __contains__(self, path: Path) -> bool:
        return path in self._keys or path in self._values

    def __iter__(self) -> Iterator[Path]:
        """Every path that has a value, in the order of the text."""
        return iter(self._values)

    def key(self, path: Path) -> Span | None:
        """Where the last key of the path is written (quotes included); None for an element of an array."""
        return self._span(self._keys.get(path))

    def value(self, path: Path) -> Span | None:
        """Where the value is written; the header for a table; None for a table that exists only through its keys."""
        return self._span(self._values.get(path))

    def raw(self, path: Path) -> str | None:
        """The value's text exactly as typed."""
        found = self._values.get(path)
        return None if found is None else self.text[found[0] : found[1]]

    def nearest(self, path: Path) -> Span | None:
        """The place to point at for a path that may be absent: the value, else the key, else those of its parents."""
        while path:
            span = self.value(path) or self.key(path)
            if span is not None:
                return span
            path = path[:-1]
        return None

    def line(self, number: int) -> str:
        """One whole line, counted from 1, without its end."""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].removesuffix("\r")

    def span(self, start: int, end: int) -> Span:
        """The span between two offsets."""
        line = bisect_right(self._line_starts, start)
        return Span(start, end, line, start - self._line_starts[line - 1] + 1)

    def at(self, line: int, column: int) -> Span:
        """The one character at a line and column, both counted from 1; the end of the text if that is beyond it."""
        start = min(self._line_starts[min(line, len(self._line_starts)) - 1] + column - 1, len(self.text))
        return self.span(start, start + 1)

    def _span(self, found: tuple[int, int] | None) -> Span | None:
        return None if found is None else self.span(*found)

    def _note_key(self, path: Path, found: tuple[int, int], *, final: bool) -> None:
        """Note a key's place; the `final` key of a statement must be new, the earlier ones of a dotted key needn't."""
        first = self._keys.setdefault(path, found)
        if final and first is not found and path in self._values:
            self.repeats.append((path, self.span(*first), self.span(*found)))


def find_places(text: str, max_depth: int = MAX_DEPTH) -> Places:
    """The places of a TOML document (CRLF lines are fine; a byte order mark is not part of it).

    A document that isn't TOML gives the places up to its first fault. Raises `TooDeep`.
    """
    return _Scanner(text, max_depth).places


class _Stop(Exception):
    """The text isn't TOML from here on."""


class _Scanner:
    """One pass over the text; `at` is the offset of the next character to read."""

    def __init__(self, text: str, max_depth: int) -> None:
        self.text = text
        self.max_depth = max_depth
        self.at = 0
        self.begun = 0
        self.places = Places(text)
        self.table: Path = ()
        self.tables_in: dict[Path, int] = {}  # path of an array of tables → how many it has so far
        self.headers: set[Path] = set()
        try:
            self.document()
        except _Stop:
            self.places.stopped = self.places.span(self.begun, self.begun + 1)

    def document(self) -> None:
        while True:
            self.skip(_GAP)
            if self.at >= len(self.text):
                return
            self.begun = self.at
            if self.text[self.at] == "[":
                self.header()
            else:
                self.assignment(self.table)
            self.skip(_BLANKS)
            if not self.text.startswith(("\n", "\r\n", "#"), self.at) and self.at < len(self.text):
                raise _Stop

    def header(self) -> None:
        """`[a.b]` or `[[a.b]]`."""
        start = self.at
        brackets = 2 if self.text.startswith("[[", start) else 1
        self.at += brackets
        keys = self.keys()
        self.expect("]" * brackets)
        path: Path = ()
        for index, (key, found) in enumerate(keys):
            last = index == len(keys) - 1
            path = (*path, key)
            self.places._note_key(path, found, final=last and (brackets == 1 and path in self.headers))
            if last and brackets == 2:
                self.tables_in[path] = self.tables_in.get(path, 0) + 1
                self.places._values.setdefault(path, (start, self.at))
            if path in self.tables_in:
                path = (*path, self.tables_in[path] - 1)
        if brackets == 1:
            self.headers.add(path)
        self.places._values.setdefault(path, (start, self.at))
        self.table = path

    def assignment(self, table: Path) -> None:
        """`a.b = value`, in a table or between the braces of an inline table."""
        keys = self.keys()
        path = table
        for index, (key, found) in enumerate(keys):
            path = (*path, key)
            self.places._note_key(path, found, final=index == len(keys) - 1)
        self.expect("=")
        self.skip(_BLANKS)
        if table == self.table:
            self.begun = self.at
        self.value(path)

    def keys(self) -> list[tuple[str, tuple[int, int]]]:
        """The parts of a dotted key, each with its offsets."""
        parts: list[tuple[str, tuple[int, int]]] = []
        while True:
            self.skip(_BLANKS)
            found = self.token(_KEY)
            self.check_depth(len(parts) + 1, found)
            parts.append((self.key_text(found), found))
            self.skip(_BLANKS)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def key_text(self, found: tuple[int, int]) -> str:
        """The key that a bare or quoted spelling stands for."""
        raw = self.text[found[0] : found[1]]
        if raw[0] not in "\"'":
            return raw
        if "\\" not in raw:
            return raw[1:-1]
        try:
            (key,) = tomllib.loads(f"{raw}=0")
        except tomllib.TOMLDecodeError:
            raise _Stop from None
        return key

    def value(self, path: Path) -> None:
        start = self.at
        opening = self.text[start : start + 1]
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            self.token(_STRING if opening in ('"', "'") else _PLAIN)
        self.places._values.setdefault(path, (start, self.at))

    def array(self, path: Path) -> None:
        self.check_depth(len(path) + 1, (self.at, self.at + 1))
        self.at += 1
        index = 0
        while True:
            self.skip(_GAP)
            if self.text.startswith("]", self.at):
                break
            self.value((*path, index))
            index += 1
            self.skip(_GAP)
            if not self.text.startswith(",", self.at):
                break
            self.at += 1
        self.expect("]")

    def inline_table(self, path: Path) -> None:
        self.check_depth(len(path) + 1, (self.at, self.at + 1))
        self.at += 1
        while True:
            self.skip(_GAP)  # TOML 1.1 allows line ends here
            if self.text.startswith("}", self.at):
                break
            self.assignment(path)
            self.skip(_GAP)
            if not self.text.startswith(",", self.at):
                break
            self.at += 1
        self.expect("}")

    def check_depth(self, depth: int, found: tuple[int, int]) -> None:
        if depth > self.max_depth:
            raise TooDeep(self.max_depth, self.places.span(*found))

    def token(self, pattern: re.Pattern[str]) -> tuple[int, int]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Stop
        self.at = match.end()
        return match.span()

    def expect(self, literal: str) -> None:
        if not self.text.startswith(literal, self.at):
            raise _Stop
        self.at += len(literal)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
