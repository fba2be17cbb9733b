"""A person's sheet in plain notation → claims.

Prose is prose; a line with an '=' (or '≈') is a claim, a chain of formulas, numbers put in, and results. `@39` at its
end says where it stands in the document, `# wrong [decimal-point]` what a test expects. A line that can't be read
becomes a claim with a caret; it never stops the rest, and nothing a person writes is ever evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import FormulaError, Problem, RequestError, Where
from ..formulas import functions
from ..formulas.expression import Name, walk
from ..formulas.parse import Notation, parse
from .claims import MARKS, Claim, Expected, Part, Sheet, Unreadable
from .quantities import Vocabulary

CORRECTED = "corrected"  # the comment of a line that `--corrected` has changed
MAX_SHEET_BYTES = 1 << 20
SUFFIX = ".hand.md"
MAX_LINE = 1000
MAX_PARTS = 20
MAX_CLAIMS = 5000

_EQUALS = re.compile(r"(?<![<>!:])(?:==|≈|≃|≅|=|→(?=\s*[-−+.\d]))")
_SOURCE = re.compile(r"\s@(\d{1,6})(?=\s|$)")
_EXPECTED = re.compile(r"\s#\s*([a-z]+)(?:\s*\[([\w-]+)\])?\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+]\s+(?=\S)|\d{1,3}[.)]\s+|>\s*)*")
_HEADING = re.compile(r"^\s*#{1,6}\s+(.*)")
_SAMPLE = re.compile(r"\bsample\s+#?(\d{1,4})\b", re.IGNORECASE)
_OPEN = re.compile(r"(?:\.\.\.|…)\s*$")
_NEXT_CLAIM = re.compile(r"[;,]\s+(?=[^=≈,;()\[\]]+(?:=|≈))")
# words that lead up to an equation and say nothing about it (unlike "new" or "the old")
_LEAD = re.compile(
    r"(?:(?:so|then|thus|hence|therefore|now|and|also|next|first|second|finally|again|we|get|have|find|obtain|with|where"
    r"|since|because|this|that|gives|is|it|follows)\b[,:]?\s+)+(?=[^\s=≈])",
    re.IGNORECASE,
)
_QUANTITY = re.compile(r"[A-Za-z\u0370-\u03ff∂√½ŷ]|\d")


def read_file(path: str, vocabulary: Vocabulary) -> Sheet:
    """Read a sheet; RequestError when the file can't be read at all."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RequestError(
            Problem(f"the sheet can't be read: {reason}", Where(path), help="give the path of a text file")
        ) from error
    if len(data) > MAX_SHEET_BYTES:
        size = f"the sheet has {len(data)} bytes; the limit is {MAX_SHEET_BYTES}"
        raise RequestError(Problem(size, Where(path), help="split it into several sheets"))
    # a stray byte in prose must not cost the sheet: it becomes a replacement character, and a claim with one is unread
    return read(data.decode("utf-8-sig", errors="replace"), vocabulary, path)


def beside(scenario_path: str | None, vocabulary: Vocabulary) -> Sheet | None:
    """The document's own sheet, NAME.hand.md beside NAME.toml, where there is one that can be read."""
    path = Path(scenario_path).with_suffix(SUFFIX) if scenario_path else None
    try:
        return read_file(str(path), vocabulary) if path is not None and path.is_file() else None
    except RequestError:
        return None


def read(text: str, vocabulary: Vocabulary, path: str = "sheet") -> Sheet:
    """All claims of a text, in order."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    notation = notation_of(vocabulary)
    claims: list[Claim] = []
    sample: int | None = None
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith(("```", "~~~")):
            continue
        if heading := _HEADING.match(line):
            found = _SAMPLE.search(heading[1])
            sample = int(found[1]) if found else sample
            continue
        if len(claims) >= MAX_CLAIMS:
            limit = f"a sheet may have {MAX_CLAIMS} claims; from this line on nothing is read"
            problem = Unreadable(limit, 0, 1, "too many", "split it into several sheets")
            where = Where(path, number, 1, max(1, len(line.rstrip())), line)
            claims.append(Claim(number, line.strip()[:MAX_LINE], (), (), None, problem, where, sample))
            break
        claims += _claims_of(line, number, notation, path, sample)
    return Sheet(path, tuple(claims), tuple(lines))


def notation_of(vocabulary: Vocabulary) -> Notation:
    """The forgiving notation over one scenario's names."""
    graph = vocabulary.graph
    known = set(graph.blocks)

    def names(spelling: str) -> bool:
        if spelling == "e" and spelling not in vocabulary.nodes:
            return False  # e^x is Euler's number even where a loss is called E
        return spelling in known or vocabulary.subject(spelling) is not None

    return Notation(functions.NAMES | set(graph.custom), names, True)


def _claims_of(line: str, number: int, notation: Notation, path: str, sample: int | None) -> Iterable[Claim]:
    body = line
    expected = None
    if match := _EXPECTED.search(body):
        if match[1] in MARKS:
            expected = Expected(match[1], match[2] or "")
        if match[1] in (*MARKS, CORRECTED):
            body = body[: match.start()]
    source = tuple(int(found) for found in _SOURCE.findall(body))
    if source:
        body = body[: next(_SOURCE.finditer(body)).start()]
    start = _BULLET.match(body).end()  # type: ignore[union-attr]
    if not is_claim(body[start:]):
        return
    pieces = claims_on(body, start)
    for first, last in pieces:
        lead = _LEAD.match(body, first)
        if lead is not None and is_claim(body[lead.end() : last]) and not any(map(notation.names, words_of(lead[0]))):
            first = lead.end()
        where = Where(path, number, first + 1, max(1, last - first), line)
        own = expected if last == pieces[-1][1] else None  # the comment at the end belongs to the last claim
        shown = body[first:last].strip()
        if len(body) > MAX_LINE:
            problem = Unreadable(f"the line has {len(body)} characters; the limit is {MAX_LINE}", 0, 1, "too long",
                                 "split it into several lines")  # fmt: skip
            yield Claim(number, shown[:MAX_LINE], (), source, own, problem, where, sample)
            return
        try:
            yield Claim(number, shown, parts_of(body, first, last, notation), source, own, None, where, sample)
        except FormulaError as error:
            trouble = error.problems[0]
            problem = Unreadable(trouble.message, error.start, error.end, trouble.label, trouble.help)
            yield Claim(number, shown, (), source, own, problem, where, sample)


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def claims_on(body: str, start: int) -> list[tuple[int, int]]:
    """Where each claim of a line begins and ends: `a = 1, b = 2` makes two."""
    found = []
    end = len(body.rstrip())
    first = start
    for gap in _NEXT_CLAIM.finditer(body, start):
        before = body[first : gap.start()]
        closed = all(before.count(a) == before.count(b) for a, b in ("()", "[]", "{}"))
        if closed and is_claim(before) and is_claim(body[gap.end() : end]):
            found.append((first, gap.start()))
            first = gap.end()
    return [*found, (first, end)]


def is_claim(text: str) -> bool:
    """Does a line assert an equation? It has an equals sign with something mathematical before and after it."""
    signs = list(_EQUALS.finditer(text))
    if not signs:
        return False
    before, after = text[: signs[0].start()], text[signs[-1].end() :]
    return bool(_QUANTITY.search(before)) and bool(after.strip() or before.strip())


def parts_of(body: str, start: int, end: int, notation: Notation) -> tuple[Part, ...]:
    """The chain's pieces; FormulaError with the place in the line where one can't be read."""
    pieces: list[tuple[int, int]] = []
    at = start
    for sign in _EQUALS.finditer(body, start, end):
        pieces.append((at, sign.start()))
        at = sign.end()
    pieces.append((at, end))
    if len(pieces) > MAX_PARTS:
        raise FormulaError(f"a chain may have {MAX_PARTS} parts", *pieces[MAX_PARTS], "too long")
    return tuple(_part(body, first, last, notation) for first, last in pieces)


def _part(body: str, first: int, last: int, notation: Notation) -> Part:
    text = body[first:last]
    first += len(text) - len(text.lstrip())
    text = text.strip().rstrip(";,")
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1].rstrip()
    cut = bool(_OPEN.search(text)) and bool(re.fullmatch(r"[-−+]?[\d.]+\s*(?:\.\.\.|…)", text))
    if cut:
        text = _OPEN.sub("", text).rstrip()
    prepared = _prepared(text)
    try:
        expression = parse(prepared, notation)
    except FormulaError as error:
        problem = error.problems[0]
        begin = first + min(error.start, len(text))
        end = max(begin + 1, first + min(error.end, len(text)))
        message = problem.message if text else "something must stand on both sides of '='"
        raise FormulaError(message, begin, end, problem.label, problem.help) from None
    return Part(expression, text, first, first + len(text), cut)


def _prepared(text: str) -> str:
    """Spellings that the formula grammar doesn't have, replaced by ones of the same length."""
    # "[...]": something the writer left out, a name that means nothing
    text = re.sub(r"\[\s*(?:\.\.\.|…)\s*\]", lambda m: "(" + "_" * (len(m[0]) - 2) + ")", text)
    return text.replace("$", " ").replace("`", " ").replace("\\", " ")


def undefined_names(parts: Iterable[Part], vocabulary: Vocabulary) -> set[str]:
    """Names that mean nothing in the scenario."""
    return {
        node.name
        for part in parts
        for node in walk(part.expression)
        if isinstance(node, Name) and vocabulary.subject(node.name) is None and vocabulary.array(node.name) is None
    }
