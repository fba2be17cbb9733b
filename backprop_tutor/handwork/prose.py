"""A line of a sheet cut into words and mathematics: `So the net input is z = 0.5, and a = 0.62.` has two equations.

A word is prose when it stands next to another word, a name or a number with only a space between; a word between signs
is somebody's name for a quantity (`err*slope`). What a scenario knows is mathematics, unless words stand on both sides
of it. Every stretch of mathematics with an '=' in it is an equation; one that has only words behind its '=' is prose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..formulas import functions
from ..formulas.expression import Span
from ..formulas.forgiving import BARE
from ..values import Struct, replace
from .naming import BEHIND
from .typed import NOTHING, Typed

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<word>[^\W\d_]+['’][a-z]{1,2}(?![\w(]))
    |(?P<dots>\.{3}|…)
    |(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?%?)
    |(?P<quotient>[d∂δ]\s?[^\W\d](?:\w|_\{[^{}]*\})*\s*/\s*[d∂δ]\s?[^\W\d](?:\w|_\{[^{}]*\})*'*)
    |(?P<name>[∂∇Δ]?[^\W\d](?:\w|_\{[^{}]*\}|[\u0300-\u036f])*'*(?:\#\d+)?)
    |(?P<compare><=|>=|!=|<(?!-)|(?<![-=])>|[≤≥≠])
    |(?P<arrow>=>|->|[→⇒])
    |(?P<equals>:=|<-|[-+]=(?!=)|==|[=≈←])
    |(?P<open>[(\[])|(?P<close>[)\]])
    |(?P<end>[;✓]|[!?](?=\s*$|\s+[^\W\d])|[,.:](?=\s|$)|,(?=(?!new|old)[^\W\d]\w*\s*=)|(?<!\S)\|(?!\S))
    |(?P<sign>\*\*|.)""",
    re.VERBOSE | re.DOTALL,
)
_OPERANDS = ("name", "quotient", "number", "group", "word", "dots")
# words that may stand between '=' and the number that they say something of
_ABOUT = frozenset("about approximately approx roughly circa ca exactly just only now again then still simply".split())
_GREEK = frozenset("alpha beta gamma delta epsilon eta theta lambda mu sigma phi omega".split())
# `t = 1:` and `At step = 2,` say where a line belongs
_PLACES = frozenset("t k n i j s m step time epoch iteration iter sample timestep".split())
_SECTION = re.compile(r"[1-9]\d?\.[1-9]\d?")
_NUMBERED = frozenset("step section part eq equation line no nr example exercise question schritt teil".split())
_BEFORE_PLACE = frozenset("at for in on when with if step time".split())


class Equation(Struct, frozen=True):
    """The parts of one chain as they were typed, and the signs between them.

    `named` is the text left of the first '=' where that is words (`batch size`).
    """

    parts: tuple[Typed, ...]
    signs: tuple[str, ...]
    named: bool = False
    places: tuple[Span, ...] = ()  # of the signs, in the source
    words: Typed | None = None  # what stands where a formula belongs

    def going_on(self, other: Equation) -> Equation:
        """This chain with what another one adds that begins with '='."""
        return replace(
            self, parts=(*self.parts, *other.parts[1:]), signs=(*self.signs, *other.signs),
            places=(*self.places, *other.places), words=self.words or other.words,
        )  # fmt: skip

    @property
    def assigns(self) -> bool:
        return self.signs[0] in (":=", "←", "<-", "-=", "+=")


class _Token(Struct):
    kind: str
    start: int
    end: int
    prose: bool = False


class Words(Struct, frozen=True):
    """What a sheet's reader knows of words: all names, two that make one (`new w5`), the scenario's own quantities."""

    known: Callable[[str], bool]
    marked: Callable[[str], bool]
    quantity: Callable[[str], bool]
    parameter: Callable[[str], bool]


def equations(line: Typed, words: Words) -> list[Equation]:
    """Every equation of a line, in order."""
    return _Cutter(line, words).equations()


def is_mathematics(line: Typed, words: Words) -> bool:
    """Is there no word of prose in a line?"""
    cutter = _Cutter(line, words)
    return not any(token.prose for token in cutter.tokens)


def _in_front(line: Typed, match: re.Match[str], words: Words) -> Typed:
    """`w5 (new)` as `new w5`, where that means something."""
    name, mark = (line.cut(*match.span(group)) for group in ("name", "mark"))
    turned = mark + line.put(" ", match.end("name"), match.start("mark")) + name
    return turned if words.marked(turned.text) else line.cut(*match.span())


class _Cutter:
    def __init__(self, line: Typed, words: Words) -> None:
        self.line = line.sub(BEHIND, lambda match: _in_front(line, match, words))
        self.text = self.line.text
        self.words = words
        self.tokens = self.marked_words(self.grouped(self.lexed()))

    # ------------------------------------------------------------------ tokens
    def lexed(self) -> list[_Token]:
        return [
            _Token(match.lastgroup or "", match.start(), match.end())
            for match in _TOKEN.finditer(self.text)
            if match.lastgroup != "space"
        ]

    def grouped(self, tokens: list[_Token]) -> list[_Token]:
        """What stands in brackets as one token; brackets that do not close stay as they are."""
        found: list[_Token] = []
        opened: list[int] = []  # places in `found`
        for token in tokens:
            found.append(token)
            if token.kind == "open":
                opened.append(len(found) - 1)
            elif token.kind == "close" and opened:
                first = opened.pop()
                inner = found[first + 1 : -1]
                group = _Token("group", found[first].start, token.end)
                group.prose = self.is_remark(inner, group)
                found[first:] = [group]
        return found

    def is_remark(self, inner: list[_Token], group: _Token) -> bool:
        """Are brackets no part of a formula: `(rounded)`, `(since z1 > 0)`, `(very small!)`?"""
        if not inner or self.text[group.start] == "[":
            return False
        apart = group.start == 0 or self.text[group.start - 1].isspace()
        if not apart:
            return False
        if any(token.kind == "equals" for token in inner):
            return True
        if len(inner) == 1 and inner[0].kind == "name":
            return self.is_unknown_word(inner[0])
        if any(token.kind in ("compare", "word") for token in inner) or self.shown(inner[0]) in ("!", "?", "✓"):
            return True
        return any(token.prose for token in self.marked_words(inner))

    def shown(self, token: _Token) -> str:
        return self.text[token.start : token.end]

    def is_unknown_word(self, token: _Token) -> bool:
        text = self.shown(token)
        if token.kind == "word":
            return True
        if token.kind != "name" or not text.isalpha() or text.casefold() in _GREEK:
            return False
        if len(text) == 1:
            return text in "aAI" and not self.words.known(text)
        return not self.words.known(text)

    def marked_words(self, tokens: list[_Token]) -> list[_Token]:
        """Decide which words are prose."""
        for i, token in enumerate(tokens):
            if token.kind in ("name", "word"):
                token.prose = token.prose or self.is_prose(tokens, i)
        for i, token in enumerate(tokens):  # Step 3.3, and a number far behind the claim: 0.75   (0.01)
            before = tokens[i - 1] if i else None
            if token.kind == "number" and before is not None and before.prose:
                token.prose = self.shown(before).casefold() in _NUMBERED
            elif token.kind == "group" and before is not None and before.kind == "number" and i == len(tokens) - 1:
                far = "  " in self.text[before.end : token.start]
                token.prose |= far and re.fullmatch(r"\([-−+]?[\d.]+\)", self.shown(token)) is not None
        for i, token in enumerate(tokens):  # known names among words, and hyphens
            if token.kind in ("name", "sign") and not token.prose and 0 < i < len(tokens) - 1:
                between = tokens[i - 1].prose and tokens[i + 1].prose
                plain = self.shown(token).isalpha() or self.shown(token) in "-&/"
                token.prose = between and plain and "group" not in (tokens[i - 1].kind, tokens[i + 1].kind)
        return tokens

    def is_prose(self, tokens: list[_Token], i: int) -> bool:
        token = tokens[i]
        before, after = (tokens[i - 1] if i else None), (tokens[i + 1] if i + 1 < len(tokens) else None)
        if after is not None and after.kind == "name" and self.words.marked(self.text[token.start : after.end]):
            return False  # new w5
        if not self.is_unknown_word(token) and not self.is_idle_function(token, after):
            return False
        if len(self.shown(token)) == 1:
            return after is not None and after.kind in ("name", "word") and self.is_unknown_word(after)
        if token.kind == "word":
            return True
        if before is not None and self.shown(before) in BARE and not before.prose:
            return False  # log yhat
        if after is not None and after.kind == "group":
            return after.start > token.end or (before is not None and before.kind in _OPERANDS and not before.prose)
        left = before is not None and before.kind in _OPERANDS and self.apart(before, token)
        right = after is not None and after.kind in _OPERANDS and self.apart(token, after)
        alone = (before is None or before.kind == "end") and (after is None or after.kind == "end")
        return left or right or alone

    def apart(self, left: _Token, right: _Token) -> bool:
        return left.end < right.start

    def is_idle_function(self, token: _Token, after: _Token | None) -> bool:
        """Is a function's name only a word here: `the sum of`, `where E1 = 0.27`?"""
        text = self.shown(token)
        if text not in functions.NAMES or not text.isalpha() or after is None or self.words.quantity(text):
            return False
        if after.kind == "group":
            return False
        return text not in BARE or (after.kind in ("name", "word") and self.is_unknown_word(after))

    # ------------------------------------------------------------------ runs
    def equations(self) -> list[Equation]:
        found: list[Equation] = []
        before: Typed | None = None  # the number with which the run before ended: `0.24; + 0.6 = 0.84`
        going = led = False  # did the run before end with an equation? with an arrow?
        for run, ended in self.runs():
            if self.is_place(run, ended) or self.lists_on(run, found):
                continue
            fresh = self.chains(run, before)
            if going and led and fresh and before is not None and self.uses(fresh[0], before.text):
                found[-1:], fresh[0] = _beside(found[-1], fresh[0])
            if going and fresh and run[0].kind == "equals":  # a = b ; = c
                found[-1] = found[-1].going_on(fresh.pop(0))
            found += fresh
            going = bool(fresh or (going and run and run[0].kind == "equals")) and not run[-1].prose
            before, led = self.last_number(run), ended in ("→", "->", "⇒", "=>")
            for token in run:
                if token.kind == "group" and token.prose:  # (net_h1 = 0.3775)
                    found += equations(self.line.cut(token.start + 1, token.end - 1), self.words)
        return found

    def uses(self, equation: Equation, number: str) -> bool:
        """Does a calculation go on with a number in its middle: `0.4 - 0.0411` with 0.0411?"""
        calculation = equation.parts[0].text
        in_numbers = re.search(r"[^\W\d]", calculation) is None
        return in_numbers and re.search(rf"\S\s+{re.escape(number)}\b", calculation) is not None

    def runs(self) -> Iterator[tuple[list[_Token], str]]:
        """The stretches between separators, each with the sign that ends it."""
        run: list[_Token] = []
        for i, token in enumerate(self.tokens):
            kind = token.kind
            if kind == "arrow" and self.is_result(i) and not self.is_number(run):
                kind = "equals"
            elif self.shown(token) in ("←", "<-") and not (run and self.words.parameter(self.shown(run[-1]))):
                kind = "arrow"  # in a picture
            if kind == "equals":
                run.append(replace(token, kind=kind))
            elif kind in ("end", "arrow", "compare"):
                yield run, self.shown(token)
                run = []
            elif self.begins_anew(run, i):
                yield run, " "
                run = [] if self.is_number_of_claim(token) else [token]
            else:
                run.append(token)
        yield run, ""

    def is_number(self, run: list[_Token]) -> bool:
        """Does a run end with a number by itself? An arrow behind one tells of a change: `w5: 0.4 → 0.36`."""
        last = _split(run)[0][-1]
        return [token.kind for token in last] == ["number"]

    def is_result(self, i: int) -> bool:
        """Does an arrow lead to a number and nothing else: `net → 0.38`?"""
        if self.shown(self.tokens[i]) not in ("→", "->"):
            return False
        rest = self.tokens[i + 1 : i + 4]
        if rest and rest[0].kind == "sign" and self.shown(rest[0]) in "-−+":
            rest = rest[1:]
        if not rest or rest[0].kind not in ("number", "dots"):
            return False
        after = rest[1] if len(rest) > 1 else None
        return after is None or after.prose or after.kind in ("end", "arrow", "dots", "word")

    def begins_anew(self, run: list[_Token], i: int) -> bool:
        """Do wide spaces separate two claims: `a = 1    b = 2`?"""
        token = self.tokens[i]
        if not run or run[-1].kind not in _OPERANDS or token.kind not in ("name", "quotient", "group"):
            return False
        gap = self.text[run[-1].end : token.start]
        if "\n" in gap or not ("\t" in gap or "  " in gap or (gap and self.is_number_of_claim(token))):
            return False
        return any(t.kind == "equals" for t in run) and any(t.kind == "equals" for t in self.tokens[i:])

    def is_number_of_claim(self, token: _Token) -> bool:
        """(2) before the second of two claims."""
        return token.kind == "group" and re.fullmatch(r"\(\d{1,2}\)", self.shown(token)) is not None

    def is_place(self, run: list[_Token], ended: str) -> bool:
        """`t = 1:` or `At t = 3,` before a claim only says where it belongs."""
        words = [token for token in run if not token.prose]
        if len(words) != 3 or [t.kind for t in words] != ["name", "equals", "number"]:
            return False
        if self.shown(words[0]).casefold() not in _PLACES or not self.shown(words[2]).isdecimal():
            return False
        lead = [self.shown(token).casefold() for token in run if token.prose]
        if ended == ":":
            return run[-1].end < self.tokens[-1].end
        return ended == "," and bool(lead) and lead[-1] in _BEFORE_PLACE

    def lists_on(self, run: list[_Token], found: list[Equation]) -> bool:
        """Numbers behind the last one of a claim, with commas between: `p = 0.2, 0.6, 0.2` is a list."""
        if not (found and run and self.comma_before(run)) or any(t.prose or t.kind == "equals" for t in run):
            return False
        last = found[-1]
        whole = last.parts[-1]
        start = whole.text if whole.text.startswith("[") else ""
        here = self.line.cut(run[0].start, run[-1].end)
        comma = self.line.put(", ", run[0].start, run[0].start)
        inner = whole.cut(1, -1) if start else whole
        opening, closing = self.line.put("[", run[0].start, run[0].start), self.line.put("]", run[-1].end, run[-1].end)
        found[-1] = replace(last, parts=(*last.parts[:-1], opening + inner + comma + here + closing))
        return True

    def comma_before(self, run: list[_Token]) -> bool:
        return self.text[: run[0].start].rstrip().endswith(",")

    def last_number(self, run: list[_Token]) -> Typed | None:
        if run and run[-1].kind == "number":
            return self.line.cut(run[-1].start, run[-1].end)
        return None

    # ------------------------------------------------------------------ one run
    def chains(self, run: list[_Token], before: Typed | None) -> list[Equation]:
        """The equations of one run: words in its middle may end one and begin another."""
        parts, marks = _split(run)
        if not marks:
            return []
        signs = [self.shown(token) for token in marks]
        found: list[Equation] = []
        left, named = self.left(parts[0], before)
        chain, first = [left], 0
        words: Typed | None = None

        def ended(last: int) -> Equation:
            places = tuple(self.line.span(mark.start, mark.end) for mark in marks[first:last])
            return Equation(tuple(chain), tuple(signs[first:last]), named, places, words)

        for i, part in enumerate(parts[1:]):
            stretches = self.stretches(part)
            middle = i + 1 < len(signs)
            if stretches and not self.may_lead(part, stretches[0]):
                words = words or self.piece(part[: part.index(stretches[0][0])])
                chain.append(self.piece(part))
            elif stretches or not part:
                chain.append(self.piece(stretches[0] if stretches else part))
            if middle and len(stretches) > 1 and words is None:
                found.append(ended(i + 1))
                left, named = self.left(part[part.index(stretches[0][-1]) + 1 :], None)
                chain, first = [left], i + 1
        found.append(ended(len(signs)))
        return [equation for equation in found if len(equation.parts) > 1 and not self.is_sentence(equation)]

    def is_sentence(self, equation: Equation) -> bool:
        """`forward pass = calculate`: words on both sides."""
        rest = [part.text for part in equation.parts[1:]]
        return equation.named and all(
            not text or (text.isalpha() and len(text) > 2 and not self.words.known(text)) for text in rest
        )

    def left(self, part: list[_Token], before: Typed | None) -> tuple[Typed, bool]:
        """What an equation is about: the mathematics before its '=', else the words there."""
        stretches = self.stretches(part)
        if stretches and stretches[-1][-1] is part[-1]:
            last = stretches[-1]
            if [token.kind for token in last] == ["number", "quotient"] and _SECTION.fullmatch(self.shown(last[0])):
                last = last[1:]  # 3.4 ∂E/∂w5 = ...
            piece = self.piece(last)
            if before is not None and last[0].kind == "sign" and self.shown(last[0]) in ("+", "*", "/", "·", "×"):
                return before + self.line.cut(last[0].start, last[-1].end), False
            return piece, False
        words: list[_Token] = []
        for token in reversed(part):
            if not token.prose or token.kind == "group":
                break
            words.insert(0, token)
        return self.piece(words), bool(words)

    def may_lead(self, part: list[_Token], stretch: list[_Token]) -> bool:
        """Is there nothing before the formula but words such as 'about'?"""
        lead = part[: part.index(stretch[0])]
        return all(self.shown(token).casefold() in _ABOUT or token.kind == "group" for token in lead)

    def stretches(self, part: list[_Token]) -> list[list[_Token]]:
        """Mathematics between words."""
        found: list[list[_Token]] = []
        fresh = True
        for token in part:
            if token.prose:
                fresh = True
                continue
            if fresh:
                found.append([])
                fresh = False
            found[-1].append(token)
        return found

    def piece(self, tokens: list[_Token]) -> Typed:
        return self.line.cut(tokens[0].start, tokens[-1].end) if tokens else NOTHING


def _beside(first: Equation, second: Equation) -> tuple[list[Equation], Equation]:
    """`w' = 0.5*0.08 = 0.04 → 0.4 - 0.04 = 0.36`: the first calculation stands beside, the second is about w'."""
    if len(first.parts) < 3:
        return [first], second
    about = Equation(
        (first.parts[0], *second.parts), (first.signs[0], *second.signs), first.named,
        (first.places[0], *second.places), second.words,
    )  # fmt: skip
    return [replace(first, parts=first.parts[1:], signs=first.signs[1:], places=first.places[1:], named=False)], about


def _split(run: list[_Token]) -> tuple[list[list[_Token]], list[_Token]]:
    parts: list[list[_Token]] = [[]]
    signs = []
    for token in run:
        if token.kind == "equals":
            signs.append(token)
            parts.append([])
        else:
            parts[-1].append(token)
    return parts, signs
