"""A person's sheet in plain notation → claims.

Prose is prose; a stretch of mathematics with an '=' (or '≈') in it is a claim, a chain of formulas, numbers put in,
and results. `@39` at a line's end says where it stands in the document, `# wrong [decimal-point]` what a test expects.
A claim that can't be read stays one, with a caret; it never stops the rest, and nothing that a person writes is ever
evaluated.

`layout.py` finds the lines, `latex.py` and `spellings.py` put them into plain notation, `prose.py` cuts the equations
out, `tables.py` reads tables; here they become claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..engine.graph import Graph
from ..errors import FormulaError, Problem, RequestError, Where
from ..formulas import functions
from ..formulas.expression import Call, Derivative, Expression, Name, rebuild, transform, walk
from ..formulas.forgiving import HandNotation
from ..formulas.parse import parse
from ..scenario.files import first_bytes
from ..values import replace
from . import naming
from .arrays import ArrayNames
from .claims import Claim, Part, Sheet, Unreadable
from .indices import element, in_square_brackets, lettered, letters_of, says_numbers
from .layout import CORRECTED as CORRECTED  # for those who write sheets
from .layout import Row, in_plain, plain_row, rows
from .own_notation import own_notation
from .prose import Equation, Words, equations, is_mathematics
from .quantities import Updated, Value, Vocabulary
from .sections import Sections
from .tables import Table, cells_of, is_one_name, kinds, row_equations, tables
from .typed import Typed
from .updates import Updates, in_place

MAX_SHEET_BYTES = 1 << 20
SUFFIX = ".hand.md"
MAX_LINE = 1000
MAX_PARTS = 20
MAX_CLAIMS = 5000

_EQUALS = re.compile(r"(?<![<>!:])(?:==|≈|=)")
_OPEN = re.compile(r"([-−+]?[\d.]*\d)\s*(?:\.\.\.|…)")
# a name of the person's own: what stands alone before an '='
_OWN = re.compile(r"(?:^|[;,|]\s)\s*(?:[-*•]\s+)?([^\W\d]\w*)\s*(?:=|≈)", re.MULTILINE)
_NO_NAMES = frozenset("is are was be gives give get gets becomes equals yields have has so hence then and or".split())
_ARTICLES = frozenset("the a an so and then thus hence our my this that its now also with where".split())


def read_file(path: str, vocabulary: Vocabulary) -> Sheet:
    """Read a sheet; RequestError when the file can't be read at all."""
    try:
        data = first_bytes(path, MAX_SHEET_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RequestError(
            Problem(f"the sheet can't be read: {reason}", Where(path), help="give the path of a text file")
        ) from error
    if len(data) > MAX_SHEET_BYTES:
        size = f"the sheet has more than {MAX_SHEET_BYTES:,} bytes, the limit"
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
    claims: list[Claim] = []
    for claim in _Reader(vocabulary, path, lines).claims():
        if len(claims) >= MAX_CLAIMS:
            limit = f"a sheet may have {MAX_CLAIMS} claims; from this line on nothing is read"
            problem = Unreadable(limit, 0, 1, "too many", "split it into several sheets")
            claims.append(replace(claim, parts=(), expected=None, unreadable=problem))
            break
        claims.append(claim)
    return Sheet(path, tuple(claims), tuple(lines))


def read_again(text: str, vocabulary: Vocabulary, sheet: Sheet, line: int, backward: bool) -> tuple[Claim, ...]:
    """The claims of a line of a sheet in new words, as they would be read there.

    Below the heading of its table, with the names of the whole sheet; `backward`: after gradients.
    """
    heads = (sheet.lines[t.heading : t.first] for t in tables(sheet.lines) if t.first < line <= t.last + 1)
    reader = _Reader(vocabulary, sheet.path, [*next(heads, ()), *text.split("\n")], sheet.lines)
    reader.updates.backward = backward
    return tuple(reader.claims())


def notation_of(vocabulary: Vocabulary, timed: bool = False) -> HandNotation:
    """The forgiving notation over one scenario's names; `timed` reads w(0) and w(1) as before and after a step."""
    graph = vocabulary.graph
    known = set(graph.blocks)

    def names(spelling: str) -> bool:
        if spelling == "e" and spelling not in vocabulary.nodes:
            return False  # e^x is Euler's number even where a loss is called E
        if spelling == "Σ" and spelling not in known:
            return False  # a sum, even where a deviation is called sigma
        return spelling in known or vocabulary.subject(spelling, timed) is not None

    def is_array(name: str) -> bool:
        return vocabulary.array(name) is not None

    def is_quantity(spelling: str) -> bool:
        if spelling in known or vocabulary.node(spelling) is not None or is_array(spelling):
            return True
        found = element(spelling)
        return found is not None and is_array(found.stem)

    def is_marked(text: str, last: bool) -> bool:
        found = lettered(text)
        known = found is not None and (is_array(found.stem) or vocabulary.updated_array(found.stem) is not None)
        variance = text[1:] if text[0] in "d∂" else text
        if naming.variances(variance) and (vocabulary.node(variance) is not None or is_array(variance)):
            return True
        return known or vocabulary.marked(text, last, timed)

    def is_applied(name: str, argument: str) -> bool:
        node = vocabulary.node(name)
        return node is not None and vocabulary.is_loss(node)

    own = {function.name for function in graph.scenario.functions}
    return HandNotation(
        functions.NAMES | own, names, own, is_quantity, is_applied,
        is_marked, vocabulary.pieces, vocabulary.activation, is_array, _applied(graph),
    )  # fmt: skip


def _applied(graph: Graph) -> frozenset[str]:
    """The functions that the network applies, by all their names."""
    formulas = [block.formula for block in graph.blocks.values() if block.formula is not None]
    formulas += [function.body for function in graph.custom.values()]
    called = {part.function for formula in formulas for part in walk(formula) if isinstance(part, Call)}
    table = functions.table()
    rows = {table[name].name for name in called if name in table}
    return frozenset(called | {name for name, row in table.items() if row.name in rows})


class _Reader:
    """One sheet's lines, from the first to the last."""

    def __init__(self, vocabulary: Vocabulary, path: str, lines: list[str], whole: Sequence[str] = ()) -> None:
        self.vocabulary = vocabulary
        self.path = path
        self.lines = lines
        self.notation = notation_of(vocabulary)
        self.arrays = ArrayNames(vocabulary)
        own = {match for line in whole or lines for match in _OWN.findall(line)} - _NO_NAMES
        self.words = Words(
            lambda word: word in own or word in functions.CONSTANTS or self.is_known(word),
            lambda text: vocabulary.marked(text, False),
            self.notation.is_quantity,
            lambda name: vocabulary.parameter(name) is not None or vocabulary.updated_array(f"{name}'") is not None,
        )
        self.updates = Updates(vocabulary)
        scenario = vocabulary.graph.scenario
        self.in_names = own_notation(scenario.notation, self.notation.names)
        letters = "".join(letter for letter in "imnkt" if vocabulary.node(letter) is None)
        self.sections = Sections(len(scenario.samples), scenario.steps, letters)

    def is_known(self, word: str) -> bool:
        return word in self.notation.functions or self.notation.names(word) or self.arrays.grid(word) is not None

    def claims(self) -> Iterator[Claim]:
        """Every claim of the sheet; tables are read where they stand."""
        waiting = list(tables(self.lines))
        within = {i for table in waiting for i in range(table.heading, table.last + 1)}
        plain = ["" if i in within else line for i, line in enumerate(self.lines)]
        for row in rows(plain, lambda text: is_mathematics(text, self.words)):
            while waiting and waiting[0].heading < row.line:
                yield from self.table(waiting.pop(0))
            if row.heading is not None:
                self.sections.heading(row.heading, row.rank)
                continue
            start = self.sections.line(row.text.text, row.source)
            text = in_square_brackets(self.sections.plain(self.in_names(row.text.cut(start))), self.arrays)
            yield from self.row(row, equations(text, self.words))
        for table in waiting:
            yield from self.table(table)

    def table(self, table: Table) -> Iterator[Claim]:
        """The claims of a table, row by row."""
        head = self.lines[table.heading]
        columns = kinds([head[a:b] for a, b in cells_of(head)], self.notation.names)
        loss = self.vocabulary.graph.name(self.vocabulary.graph.loss)
        for i in range(table.first, table.last + 1):
            row = plain_row(i + 1, self.lines[i], bullets=False)
            end = max((b for _, b in row.text.places), default=0)
            places = [(a, min(b, end)) for a, b in cells_of(row.source) if a < end]
            cells = [in_square_brackets(in_plain(Typed.of(row.source).cut(*place)), self.arrays) for place in places]
            own = [equation for cell in cells for equation in equations(cell, self.words)]
            if own and self.goes_on(cells, columns, own):
                own = []
            yield from self.row(row, own or row_equations(cells, columns, loss))

    def goes_on(self, cells: Sequence[Typed], columns: Sequence[str], own: Sequence[Equation]) -> bool:
        """Is `| dL/do | 2(o - t) = 2*0.3 | 0.6 |` one chain: a name first, and no cell's equation has its own?"""
        if columns[:1] != ["about"] or any(is_one_name(equation.parts[0].text) for equation in own):
            return False
        about = cells[0].strip()
        return "=" not in about.text and self.is_known_name(about.text)

    def is_known_name(self, text: str) -> bool:
        """Is it the name of a quantity, of an array, or a derivative of them?"""
        try:
            found = parse(text, self.notation)
        except FormulaError:
            return False
        if isinstance(found, Derivative):
            return True
        return isinstance(found, Name) and self.is_known(found.name)

    def row(self, row: Row, found: list[Equation]) -> Iterator[Claim]:
        """The claims of one row; the mark at its end is what the last one deserves."""
        claims = [self.claim(replace(row, expected=None), equation) for equation in found]
        letters = {letter for claim in claims for part in claim.parts for letter in letters_of(part.expression)}
        stated = [claim for claim in claims if not says_numbers(claim.text, letters)]
        for claim in stated:
            yield replace(claim, expected=row.expected) if claim is stated[-1] else claim

    def claim(self, row: Row, equation: Equation) -> Claim:
        start = min((a for part in equation.parts for a, _ in part.places), default=0)
        end = max((b for part in equation.parts for _, b in part.places), default=0)
        where = Where(self.path, row.line, start + 1, max(1, end - start), row.source)
        shown = " ".join(row.source[start:end].split())[:MAX_LINE]

        def made(parts: tuple[Part, ...], problem: Unreadable | None, renamed: dict[str, str]) -> Claim:
            return self.sections.placed(
                Claim(row.line, shown, parts, row.source_lines, row.expected, problem, where, renamed=renamed)
            )

        if len(row.text.text) > MAX_LINE:
            limit = f"the line has {len(row.source)} characters; the limit is {MAX_LINE}"
            return made((), Unreadable(limit, 0, 1, "too long", "split it into several lines"), {})
        try:
            parts, renamed = self.updates.read(self.parts(row.source, equation), equation.assigns)
            return made(parts, None, renamed)
        except FormulaError as error:
            trouble = error.problems[0]
            return made((), Unreadable(trouble.message, error.start, error.end, trouble.label, trouble.help), {})

    def parts(self, source: str, equation: Equation) -> list[Part]:
        pieces = list(equation.parts)
        for piece, place in zip(pieces[1:], equation.places, strict=False):
            if not piece.text.strip():
                raise FormulaError("nothing stands behind this '='", *place, "something must follow")
        if not pieces[0].text.strip():
            raise FormulaError("nothing stands before this '='", *equation.places[0], "of what?")
        if equation.words is not None:
            start, end = equation.words.span(0, len(equation.words.text))
            said = " ".join(equation.words.text.split())
            help = "write a formula, or put the words before the equation or behind it"
            raise FormulaError(f"'{said}' stands where a formula belongs", start, end, "words", help)
        if len(pieces) > MAX_PARTS:
            raise FormulaError(f"a chain may have {MAX_PARTS} parts", *pieces[MAX_PARTS].span(0, 1), "too long")
        timed = naming.TIMED.fullmatch(pieces[0].text) is not None
        notation = notation_of(self.vocabulary, True) if timed else self.notation
        if operation := in_place(equation.signs[0]):
            pieces[1] = _in_place(pieces[0], operation, pieces[1])
        first = [self.named(source, pieces[0])] if equation.named else [_part(source, pieces[0], notation)]
        parts = [*first, *(_part(source, piece, notation) for piece in pieces[1:])]
        return [replace(part, expression=self.at_steps(part.expression)) for part in parts] if timed else parts

    def at_steps(self, expression: Expression) -> Expression:
        """w(0) and w(1) as the parameter before and after the first step."""

        def change(node: Expression) -> Expression:
            subject = self.vocabulary.subject(node.name, True) if isinstance(node, Name) else None
            if subject is None or not isinstance(subject, (Value, Updated)):
                return node
            own = self.vocabulary.read(subject)
            return replace(own, span=node.span)

        return transform(expression, change)

    def named(self, source: str, words: Typed) -> Part:
        """The left side where it is words: the quantity that the last of them name, else a name of its own."""
        pieces = words.text.split()
        while len(pieces) > 1 and pieces[0].casefold() in _ARTICLES:
            pieces.pop(0)
        known = next((w for i in range(len(pieces)) if self.notation.names(w := " ".join(pieces[i:]))), None)
        start, end = words.span(0, len(words.text))
        name = known or " ".join(pieces)
        return Part(Name(name, source[start:end], (0, end - start)), source[start:end], start, end)


def _in_place(left: Typed, operation: str, right: Typed) -> Typed:
    """`w -= g` as w - (g)."""
    size = len(right.text)
    return left.strip() + right.put(f" {operation} (", 0, size) + right.strip() + right.put(")", max(0, size - 1), size)


def parts_of(body: str, start: int, end: int, notation: HandNotation) -> tuple[Part, ...]:
    """The pieces of a chain without words; FormulaError with the place in the text where one can't be read."""
    text = in_plain(Typed.of(body).cut(start, end))
    pieces = []
    at = 0
    for sign in _EQUALS.finditer(text.text):
        pieces.append(text.cut(at, sign.start()))
        at = sign.end()
    pieces.append(text.cut(at))
    if len(pieces) > MAX_PARTS:
        raise FormulaError(f"a chain may have {MAX_PARTS} parts", *pieces[MAX_PARTS].span(0, 1), "too long")
    return tuple(_part(body, piece, notation) for piece in pieces)


def _part(source: str, piece: Typed, notation: HandNotation) -> Part:
    """One piece of a chain; FormulaError with the place in the source where it can't be read."""
    piece = _without_end(piece)
    cut = _OPEN.fullmatch(piece.text)
    if cut is not None:
        piece = piece.cut(0, cut.end(1))
    start, end = piece.span(0, len(piece.text))
    try:
        expression = parse(piece.text, notation)
    except FormulaError as error:
        problem = error.problems[0]
        first, last = piece.span(error.start, error.end)
        raise FormulaError(problem.message, first, max(last, first + 1), problem.label, problem.help) from None
    shown = source[start:end].replace("\n", " ")
    return Part(_placed(expression, piece, start), shown, start, end, cut is not None)


def _without_end(piece: Typed) -> Typed:
    """Without spaces and the signs that end a sentence."""
    piece = piece.strip()
    while piece.text and (piece.text[-1] in ";," or (piece.text[-1] == "." and not piece.text.endswith(".."))):
        piece = piece.cut(0, len(piece.text) - 1).strip()
    return piece


def _placed(expression: Expression, piece: Typed, start: int) -> Expression:
    """The formula with the places of its pieces in the source, counted from where it begins there."""

    def change(node: Expression) -> Expression:
        inner = rebuild(node, change)
        if inner.span[0] == inner.span[1]:
            return inner
        first, last = piece.span(*inner.span)
        return replace(inner, span=(first - start, last - start))

    return change(expression)
