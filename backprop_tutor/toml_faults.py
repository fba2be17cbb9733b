"""Text → TOML document, or everything that keeps it from being one, in plain sentences with a remedy."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from .errors import Problem, Where
from .scenario_names import quoted
from .scenario_types import MAX_LINE_SHOWN, MAX_NESTING, Document, Source, dotted
from .toml_places import Places, Span, TooDeep, find_places

_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_QUOTE_NAME = 'a name with such a character stands in quotes: "ŷ" = ... or "w1\'" = ...'


def parse_document(text: str, file: str | None) -> tuple[Document | None, Source, tuple[Problem, ...]]:
    """The parsed document and its places; None and the problems when it is no TOML."""
    try:
        source = Source(text, file, find_places(text, MAX_NESTING))
    except TooDeep as error:
        source = Source(text, file, Places(text))
        said = f"tables or arrays are nested deeper than {error.limit} levels"
        return None, source, (_at(source, error.span, said, "too deep", "a scenario needs no more than five levels"),)
    try:
        return tomllib.loads(text), source, ()
    except RecursionError:
        return None, source, (Problem("tables or arrays are nested too deeply", Where(file), "", "flatten them"),)
    except ValueError as error:  # TOMLDecodeError, and int() on more digits than Python converts
        if source.places.repeats:
            return None, source, tuple(_repeated(source, *repeat) for repeat in source.places.repeats)
        return None, source, (_syntax(source, error),)


def _at(source: Source, span: Span, message: str, label: str, help: str, key: str | None = None) -> Problem:
    line = source.places.line(span.line)
    shown = line if len(line) <= MAX_LINE_SHOWN else None
    return Problem(message, Where(source.file, span.line, span.column, max(1, span.length), shown, key), label, help)


def _repeated(source: Source, path: tuple[str | int, ...], first: Span, again: Span) -> Problem:
    return _at(
        source, again, f"{quoted(str(path[-1]))} is given twice; first in line {first.line}", "again",
        "keep one of the two", dotted(path),
    )  # fmt: skip


def _syntax(source: Source, error: ValueError) -> Problem:
    """tomllib's message, its position taken out of the text, and a remedy for the likely causes."""
    said = str(error)
    position = _POSITION.search(said)
    if position is None:
        span = _long_number(source)
        return _at(
            source, span, "a number has more digits than can be read", "too long", "write it in scientific form: 1e9"
        )
    said = said[: position.start()]
    if position[1] is None:
        last = source.text.rstrip()
        offset = max(0, len(last) - 1)
        span = source.places.span(offset, offset + 1)
    else:
        line, column = int(position[1]), int(position[2])
        start = source.places.span(0, 0).start if line < 1 else _offset(source, line, column)
        span = source.places.span(start, start + 1)
    message, label, help = _explained(said, source, span)
    return _at(source, span, message, label, help)


def _offset(source: Source, line: int, column: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = source.text.index("\n", offset) + 1
    return offset + column - 1


def _long_number(source: Source) -> Span:
    match = re.search(r"[\d_]{1000,}", source.text)
    return source.places.span(*(match.span() if match else (0, 0)))


def _explained(said: str, source: Source, span: Span) -> tuple[str, str, str]:
    """Message, label and help for what tomllib says at a place."""
    line = source.places.line(span.line)
    before, rest = line[: span.column - 1], line[span.column - 1 :].strip()
    if said == "Invalid statement" or said.startswith("Invalid initial character for a key"):
        name = re.match(r"[^\s=.\"#\[\]]+", rest)
        if name and re.search(r"[^\x00-\x7f]|['′’]", name[0]):
            return f"the name {quoted(name[0])} needs quotes in TOML", "in quotes", _QUOTE_NAME
        return (
            "this line is neither `name = value` nor a [table]",
            "not readable",
            "write name = value, or # for a remark",
        )
    if said.startswith("Expected '=' after a key"):
        if rest[:1] in ("'", "′", "’") or (rest and not rest[0].isascii()):
            return "the name needs quotes in TOML", "in quotes", _QUOTE_NAME
        if rest.startswith("("):
            return "the name of a function needs quotes in TOML", "in quotes", 'write "f(x)" = "2.0*x"'
        return "a '=' is missing after the name", "no '='", "write name = value; a name has no blanks"
    if said == "Invalid value":
        if rest.startswith("?"):
            return "an unknown stands in quotes", "in quotes", 'write "?"'
        if re.match(r"[+-]?\.\d", rest):
            return "a number starts with a digit in TOML", "not a number", "write 0.5 for .5"
        if not rest or rest.startswith("#"):
            return "the value is missing", "nothing here", "write a number, a text in quotes or an array"
        return (
            "this value is neither a number nor in quotes",
            "not readable",
            'formulas and texts stand in quotes: "x1*w1"',
        )
    if said.startswith("Expected newline or end of document after a statement"):
        if re.search(r"\d$", before.rstrip()) and re.match(r",\d", rest):
            return "a number has a point, not a comma", "a comma", "write 0.5 for 0,5"
        if re.search(r"=\s*[+-]?\d+$", before) and re.match(r"\.(\D|$)", rest):
            return "a number has a digit after its point in TOML", "not a number", "write 5.0 for 5."
        return "something follows the value", "not expected", 'one entry a line; formulas stand in quotes: "2*x1"'
    if said.startswith("Unescaped '\\' in a string"):
        return "in double quotes a backslash is special in TOML", "a backslash", r"use single quotes: '\hat{y}'"
    if "string" in said.lower() or said.startswith("Illegal character '\\n'") or "quote" in said.lower():
        return "a text has no closing quote", "not closed", "close it with the quote that opened it"
    if "array" in said.lower():
        return "an array isn't closed, or a comma is missing in it", "not closed", "write [1, 2, 3]"
    if "inline table" in said.lower():
        return (
            "an inline table isn't closed, or a comma is missing in it",
            "not closed",
            "write { value = 0.2 } on one line",
        )
    if said.startswith(("Cannot", "Duplicate")):
        return "this table or name is given twice", "again", "keep one of the two"
    return (
        f"this is not TOML: {quoted(said[:1].lower() + said[1:], 200)[1:-1]}",
        "not readable",
        "see toml.io for the format",
    )


def parsed_value(text: str) -> Any:
    """The value of `v = TEXT` when the text is one TOML value and no more; ValueError otherwise."""
    document = tomllib.loads(f"v = {text}")
    if list(document) != ["v"]:
        raise ValueError("more than one value")
    return document["v"]
