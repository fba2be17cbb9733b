"""Everything that keeps a text from being a TOML document, in plain sentences with a remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import Problem
from .names import normal_name, quoted
from .toml_places import TooDeep, find_places
from .types import MAX_NESTING, MAX_PROBLEMS, Document, Report, Source, dotted

MAX_MENDED_CHARACTERS = 50_000
"""In a longer text only the first fault of TOML is told: each further one takes another reading."""


class _Cause(NamedTuple):
    """A row of the table: what tomllib says, what stands before and at the place, and what we say."""

    said: str
    before: str
    here: str
    message: str
    label: str
    help: str


_HEADING = re.compile(r"\s*\[+\s*([\w.-]+)\s*\]+\s*(?:#.*)?$")
_MAY_MISS = ("inputs", "constants", "parameters", "targets", "equations", "notation")  # whose entries may be left out
_QUOTE_NAME = 'write it in quotes: "ŷ" = ... or "w1\'" = ...'

# The first row that fits explains the fault; `said`, `before` (its end) and `here` (its start) are regular expressions.
_CAUSES: tuple[_Cause, ...] = (
    _Cause("Invalid statement|Invalid initial", "", r"\w*[^\x00-\x7f]", "this name needs quotes in TOML",
           "needs quotes", _QUOTE_NAME),
    _Cause("Invalid statement", "", "=", "a name is missing", "no name", "write name = value"),
    _Cause("Invalid statement", "", "", "this line is neither `name = value` nor a [table]", "not readable",
           "write name = value, or # for a remark"),
    _Cause("Invalid initial", r"[{,]\s*", r"\s*(#|$)", "a { } ends in the line where it starts", "not closed",
           'write { value = 0.2, assumed = "why" } on one line'),
    _Cause("Invalid initial", "", "", "a name is missing", "no name", "write name = value"),
    _Cause("Expected '=' after a key", "", r"['′’]|[^\x00-\x7f]", "this name needs quotes in TOML", "needs quotes",
           _QUOTE_NAME),
    _Cause("Expected '=' after a key", "", r"\(", "the heading of a function needs quotes in TOML", "needs quotes",
           'write "f(x)" = "2.0*x"'),
    _Cause("Expected '=' after a key", "", "", "a '=' is missing after the name", "no '='",
           "write name = value; a name has no blanks"),
    _Cause("Expected '\\]+' at the end", "", "", "the heading of a table isn't closed", "no ']'", "write [inputs]"),
    _Cause("Invalid value", "", r"\?", "an unknown stands in quotes", "needs quotes", 'write "?"'),
    _Cause("Invalid value", "", r"[+-]?\.\d", "a number starts with a digit in TOML", "no digit", "write 0.5 for .5"),
    _Cause("Invalid value", "", r"\s*(#|$)", "a value is missing", "nothing here",
           "write a number, a text in quotes or an array"),
    _Cause("Invalid value", "", "[“”„‟‘’‚«»]", "these are not the quotes of TOML", "not a quote",
           'write "..." with the quotes of the keyboard'),
    _Cause("Invalid value", "", "[−–—]", "this is not the minus sign of TOML", "not a minus",
           "write -0.5 with a hyphen"),
    _Cause("Invalid value", "", "", "this is no number, and not in quotes", "not readable",
           'formulas and texts stand in quotes: "x1*w1"'),
    _Cause("Expected newline", r"\d", r",\d", "a number has a point, not a comma", "a comma", "write 0.5 for 0,5"),
    _Cause("Expected newline", r"\d", r"\.(\D|$)", "a number has a digit after its point in TOML", "no digit",
           "write 5.0 for 5."),
    _Cause("Expected newline", r"=\s*[+-]?0", r"\d", "a number has no zero before it in TOML", "a leading zero",
           "write 5 for 05"),
    _Cause("Expected newline", "", "", "something follows the value", "not expected",
           'one entry a line; formulas stand in quotes: "2*x1"'),
    _Cause(r"Unescaped '\\'|Invalid hex|Escaped character", "", "", "in double quotes a backslash is special in TOML",
           "a backslash", r"use single quotes: '\hat{y}'"),
    _Cause(r"Unterminated string|(Illegal|Found invalid) character '\\n'|Expected [\"']+\\?'", "", "",
           "a text has no closing quote", "not closed", "close it with the quote that opened it"),
    _Cause("Illegal character|Found invalid", "", "", "a control character stands here", "not allowed",
           "delete it, or type it anew"),
    _Cause("Unclosed array", "", "", "an array isn't closed, or a comma is missing in it", "not closed",
           "write [1, 2, 3]"),
    _Cause("Unclosed inline|Expected '}'", "", "", "a { } isn't closed, or a comma is missing in it", "not closed",
           'write { value = 0.2, assumed = "why" } on one line'),
    _Cause("Invalid date", "", "", "this is no date", "not readable", "a scenario holds numbers and texts only"),
    _Cause("Cannot|Duplicate", "", "", "this name or table is given twice", "again", "keep one of the two"),
    _Cause("", "", "", "this is not TOML", "not readable", "toml.io describes the format"),
)  # fmt: skip


def explained(
    source: Source, said: str
) -> tuple[tuple[Problem, ...], Source | None, Document | None, tuple[tuple[str, str], ...]]:
    """Every fault of a text that tomllib says `said` of; the text without its faulty lines, its document, and the names
    that these lines bind, where something is left of it."""
    report = Report(source)
    report.found += _repeats(source)
    mended = _syntax(report, said)
    document, lost = (None, ()) if mended is None else _rest(source.text, mended)
    return report.sorted(), mended, document, lost


def _repeats(source: Source) -> Iterator[Problem]:
    """What is given twice, as far as the text can be read."""
    for path, first, again in source.places.repeats:
        said = f"{quoted(str(path[-1]))} is given twice; first in line {first.line}"
        table = source.text[again.start - 1] == "["
        help = "write all its lines under one heading" if table else "keep one of the two"
        yield Problem(said, source.at(again, dotted(path)), "again", help)


def _rest(text: str, mended: Source) -> tuple[Document | None, tuple[tuple[str, str], ...]]:
    """What a text without its faulty lines says, and the names that these bind; None where that would mislead."""
    document = tomllib.loads(mended.text)
    lost, table = [], ""
    for line, left in zip(text.split("\n"), mended.text.split("\n"), strict=True):
        if heading := _HEADING.match(line):
            table = heading[1]
        elif line != left:
            name = normal_name(line.partition("=")[0].strip().strip("\"'"))
            entries = document.get(table)
            if table not in _MAY_MISS or not isinstance(entries, dict):
                return None, ()
            if table != "notation" and name not in map(normal_name, entries):
                lost.append((table, name))
    usable = isinstance(document.get("equations"), dict) and document["equations"]
    return document if usable else None, tuple(lost)


def _syntax(report: Report, said: str) -> Source | None:
    """All faults of the text: tomllib stops at the first, so a faulty line is blanked and the rest tried again.

    Without its faulty lines the text is TOML, or None.
    """
    source = report.source
    for _ in range(MAX_PROBLEMS):
        problem, mendable = _fault(source, said)
        told = {one.where.line for one in report.found}
        again = [one for one in _repeats(source) if one.where.line not in told] if problem.label == "again" else []
        if again or problem.label != "again" or not report.found:
            report.found += again or [problem]
        if not mendable or problem.where.line is None or len(source.text) > MAX_MENDED_CHARACTERS:
            return None
        text, places = source.text, source.places
        start = places.at(problem.where.line, 1).start
        end = start + len(places.line(problem.where.line))
        text = text[:start] + " " * (end - start) + text[end:]
        try:
            source = Source(text, source.file, find_places(text, MAX_NESTING))
            tomllib.loads(text)
        except TooDeep:
            return None
        except ValueError as error:
            said = str(error)
        else:
            return source
    return None


def _fault(source: Source, said: str) -> tuple[Problem, bool]:
    """tomllib's message in our words, and whether the fault spoils no more than one line."""
    position = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    if position is None:
        span = source.places.span(*_longest_number(source.text))
        return Problem("a number has too many digits", source.at(span), "too long", "write it shorter: 1e9"), False
    if position[1] is None:
        end = len(source.text.rstrip())
        span = source.places.span(max(0, end - 1), end)
        before, here = source.places.line(span.line), ""
    else:
        span = source.places.at(int(position[1]), int(position[2]))
        line = source.places.line(span.line)
        before, here = line[: span.column - 1], line[span.column - 1 :]
    cause = next(
        cause
        for cause in _CAUSES
        if re.match(cause.said, said) and re.search(f"(?:{cause.before})$", before) and re.match(cause.here, here)
    )
    if cause.label == "not closed" and source.places.stopped:
        span = source.places.stopped
    entry = re.match(r"""\s*[^\s=\[\]#][^=]*=\s*+(?!\[|\{|\"{3}|'{3})""", source.places.line(span.line))
    return Problem(cause.message, source.at(span), cause.label, cause.help), entry is not None


def _longest_number(text: str) -> tuple[int, int]:
    match = max(re.finditer(r"[\d_]+", text), key=lambda match: match.end() - match.start())
    return match.span()
