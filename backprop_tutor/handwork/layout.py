"""A sheet's lines in plain notation: bullets and comments off, and what is written over several lines in one piece.

A line that begins with '=' goes on with the line before, and so does one that begins with an operator or stands inside
an open bracket:

    ∂E/∂w5
      = ∂E/∂o1 * ∂o1/∂net
      = 0.7414 * 0.1868
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ..values import Struct
from . import latex, spellings
from .claims import MARKS, Expected
from .typed import NOTHING, Typed

CORRECTED = "corrected"  # the comment of a line that `--corrected` has changed
MAX_JOINED = 30  # lines of one claim
MAX_EMPTY = 3  # lines before one that begins with '='
MAX_ASIDES = 2  # lines of words between

SOURCE = re.compile(r"\s@(\d{1,6})(?=\s|$)")
EXPECTED = re.compile(r"\s#\s*([a-z]+)(?:\s*\[([\w-]+)\])?\s*$")
BULLET = re.compile(
    r"\s*(?:(?:[-*+•◦‣▪∙·–—]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+|[1-9]\d*(?:\.\d+)+\s+(?=[$\\])"
    r"|\(\d{1,3}\)\s+(?=[^\W\d])|\(?[a-zA-Z]\)\s+|>\s*)(?=\S))*"
)
_COMMENT = re.compile(r"(?:(?<=\s)|^)(?:#|//)(?!\s*(?:=|≈|→|->)\s*[-−+.\d]).*$", re.DOTALL)
_RESULT = re.compile(r"(?<=\s)(?:#|//)(?=\s*(?:=|≈|→|->))")  # `x = 0.5*2   # = 1.0`
_EQUALS_FIRST = re.compile(r"\s*(?:=(?![=>])|≈)")
_OPERATOR_FIRST = re.compile(r"\s*(?P<sign>[-−+*/·×⋅⊙])(?P<rest>.*)", re.DOTALL)
_OPERATOR_LAST = re.compile(r"[-−+*/·×⋅⊙=≈(\[,]\s*$")
_SECTION = re.compile(
    r"\b(?:sample|example|instance|observation|pattern|step|iteration|epoch|pass|time)\b", re.IGNORECASE
)
_LONE_NAME = re.compile(r"\s*[∂∇Δ]?\s?[^\W\d][\w{}']*\s*(?:/\s*∂?\s?[^\W\d][\w{}']*\s*)?(?:\^?[+*]|\([^()]*\))?\s*")
_BULLET_OPERATORS = ("-", "*", "+", "·", "∙", "–")
_SIGN = re.compile(r"(?<![<>!])(?:=|≈)")


class Row(Struct, frozen=True):
    """One line, or several that belong together: the source as typed, the text in plain notation.

    `heading` is the text of a heading, `bullet` what stood before the line.
    """

    line: int
    source: str
    text: Typed
    expected: Expected | None = None
    source_lines: tuple[int, ...] = ()
    heading: str | None = None
    bullet: str = ""
    comma: bool = False  # the sheet has decimal commas
    rank: int = 0  # of a heading: 1 for the highest

    def joined(self, other: Row, between: Sequence[str]) -> Row:
        """This row and the one that goes on with it, with the empty lines between the two."""
        before = "\n".join((self.source, *between))
        gap = Typed("\n", ((len(self.source), len(self.source) + 1),))
        return Row(
            self.line, f"{before}\n{other.source}", self.text + gap + other.text.shifted(len(before) + 1),
            other.expected or self.expected, (*self.source_lines, *other.source_lines), None, self.bullet, self.comma,
        )  # fmt: skip

    @property
    def last(self) -> int:
        """The number of its last line."""
        return self.line + self.source.count("\n")


_HEADING = re.compile(r"^\s*(#{1,6})\s+(.*)")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_RULER = re.compile(r"\s*(?:[-=_*~]\s*){3,}$")


def rows(lines: Sequence[str], is_mathematics: Callable[[Typed], bool]) -> Iterator[Row]:
    """Every line that may say something, with those that go on with it."""
    held: Row | None = None
    whole = False  # is there nothing but mathematics in its last line?
    asides: list[Row] = []  # words since then
    for row in _each(lines):
        if row.heading is None and not row.text.text.strip():
            continue
        if held is not None and row.heading is None and row.line - held.line < MAX_JOINED:
            empty = row.line - held.last - 1 - len(asides)
            equals = _EQUALS_FIRST.match(row.text.text) is not None
            near = whole and equals and empty <= MAX_EMPTY * (1 + len(asides))
            more = going_on(held, row, is_mathematics) if near or not (empty or asides) else None
            if more is not None:
                held, asides = held.joined(more, lines[held.last : more.line - 1]), []
                whole = is_mathematics(row.text)
                continue
            if whole and len(asides) < MAX_ASIDES and _is_aside(row) and not is_mathematics(row.text):
                asides.append(row)
                continue
        yield from (*([held] if held is not None else ()), *asides)
        asides = []
        held = row if row.heading is None else None
        whole = row.heading is None and is_mathematics(row.text)
        if row.heading is not None:
            yield row
    yield from (*([held] if held is not None else ()), *asides)


def _is_aside(row: Row) -> bool:
    """Words between the lines of one chain, which open no section of the sheet."""
    return _SIGN.search(row.text.text) is None and _SECTION.search(row.text.text) is None


def _each(lines: Sequence[str]) -> Iterator[Row]:
    """Every physical line in plain notation."""
    comma = uses_commas(lines)
    fenced = False
    for number, line in enumerate(lines, 1):
        if _FENCE.match(line):
            fenced = not fenced
            yield Row(number, line, NOTHING)
        elif (heading := _HEADING.match(line)) and not fenced:
            yield Row(number, line, NOTHING, heading=heading[2], rank=len(heading[1]))
        elif _RULER.fullmatch(line):
            yield Row(number, line, NOTHING)
        else:
            yield plain_row(number, line, comma)


def plain_row(number: int, line: str, comma: bool = False, bullets: bool = True) -> Row:
    """One physical line in plain notation, without what is said about it."""
    end = len(line)
    expected = None
    if match := EXPECTED.search(line):
        if match[1] in MARKS:
            expected = Expected(match[1], match[2] or "")
        if match[1] in (*MARKS, CORRECTED):
            end = match.start()
    sources = tuple(int(found) for found in SOURCE.findall(line[:end]))
    if first := SOURCE.search(line[:end]):
        end = first.start()
    start = bullet_of(line[:end]) if bullets else 0
    text = in_plain(Typed.of(line).cut(start, end), comma)
    return Row(number, line, text, expected, sources, bullet=line[:start].strip(), comma=comma)


def in_plain(text: Typed, comma: bool = False) -> Typed:
    """A piece of a sheet in plain notation."""
    text = spellings.plain_characters(text)
    text = latex.plain(text.sub(_COMMENT, "").sub(_RESULT, ""))
    text = spellings.plain_signs(spellings.plain_markup(text))
    return spellings.with_points(text) if comma else text


def bullet_of(line: str) -> int:
    """Where a line begins behind its bullets, numbers and quotation marks."""
    match = BULLET.match(line)
    return match.end() if match is not None else 0


def uses_commas(lines: Sequence[str]) -> bool:
    """Is every decimal number of a sheet's equations written with a comma?"""
    text = "\n".join(line for line in lines if _SIGN.search(line))
    found = spellings.DECIMAL_COMMA.search(text)
    return found is not None and not spellings.DECIMAL_POINT.search(re.sub(r"(?m)^\s*\d+(?:\.\d+)*[.)]?\s", "", text))


# ---------------------------------------------------------------- what belongs together
def going_on(held: Row, row: Row, is_mathematics: Callable[[Typed], bool]) -> Row | None:
    """The line as it goes on with the ones before it; None where it begins something of its own."""
    before, text = held.text.text, row.text.text
    if _EQUALS_FIRST.match(text):
        return row if not row.bullet else None
    equation = _SIGN.search(text)
    lone = _LONE_NAME.fullmatch(_SIGN.split(text)[0]) is not None
    unfinished = (equation is None and _open(before)) or (not (equation and lone) and _OPERATOR_LAST.search(before))
    if not row.bullet and unfinished:
        return row if is_mathematics(row.text) else None
    if row.bullet and row.bullet not in _BULLET_OPERATORS:
        return None
    # a bullet, or the operator of a formula that goes on?
    whole = plain_row(row.line, row.source, row.comma, bullets=False) if row.bullet else row
    operator = _OPERATOR_FIRST.match(whole.text.text)
    about = _SIGN.search(before) is not None or _LONE_NAME.fullmatch(before) is not None
    if operator is None or not about or not is_mathematics(whole.text):
        return None
    rest = operator["rest"]
    deeper = _indent(row.source) > _indent(held.source)
    if held.bullet == row.bullet != "" and not deeper:
        return None  # the next item of a list
    lone = _LONE_NAME.fullmatch(_SIGN.split(rest)[0]) is not None
    if not row.bullet or (deeper and not held.bullet and row.bullet not in "-–"):
        return whole
    if equation is not None:
        return whole if not lone and (deeper or row.bullet == "+") else None
    return whole if deeper or not lone else None


def _open(text: str) -> bool:
    """Are there brackets that have not closed?"""
    return any(text.count(a) > text.count(b) for a, b in ("()", "[]"))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
