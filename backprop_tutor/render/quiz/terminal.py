"""The quiz on a terminal: the question with its part of the network and what is given; the reply; the worked step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from ...formulas.expression import Expression
from ...formulas.typeset import to_text
from ...handwork.quantities import Gradient, Rate, Subject, Value
from ...quiz.attempts import State
from ...quiz.choosing import Asked
from ...quiz.fairness import as_asked
from ...quiz.names import Kind
from ...quiz.replies import Reply
from ...quiz.session import Ended
from ...quiz.types import Choice, Item, Known
from ...values import Struct, field
from ..equations import Equation, heading, laid_out
from ..fractions import Factor, common_widths, product_lines
from ..lines import Block, Line, Piece, left, line, width_of, worded, wrapped
from ..run import paths
from ..run.pen import Pen
from ..screen import Screen
from . import worked as quiz_worked
from .words import (
    MARKS,
    Instructions,
    asks,
    connections,
    counted,
    head_words,
    kept_words,
    practise,
    prompt_name,
    score_words,
    told_words,
    verdict_words,
    with_minus,
)

INDENT = "  "
FULL, GAP = 6, 4  # numbers in one column; cells between two columns


class TerminalView(Struct):
    """Shows a quiz on a screen. `rates` are what the session says of itself at the start and the end."""

    screen: Screen
    quiet: bool = False
    _instructions: Instructions = field(default_factory=Instructions)
    _blank: bool = field(default=True)  # is the line above empty?

    # ------------------------------------------------------------------ spelling
    def _text(self, text: str) -> str:
        """A formula, a number or a sentence in this screen's characters."""
        text = self.screen.glyphs.text(text)
        return text if self.screen.glyphs.ascii else with_minus(text)

    def _formula(self, formula: Expression) -> str:
        return self._text(to_text(formula, self.screen.glyphs.style))

    def _name(self, asked: Asked, subject: Subject) -> str:
        if isinstance(subject, Rate):
            return "rate"
        return self._text(asked.source.vocabulary.text(subject, self.screen.glyphs.style.partial))

    def _show(self, *lines: Line) -> None:
        self.screen.show(Block(list(lines)))

    def _sentence(self, text: str, lead: Piece = ("", "text"), style: str = "text") -> Iterator[Line]:
        """Words behind a mark, wrapped under each other."""
        room = max(20, self.screen.width - len(INDENT) - width_of(lead[0]))
        for i, words in enumerate(worded(self._text(text), room)):
            front = lead if i == 0 else (" " * width_of(lead[0]), "text")
            yield line(INDENT, front, (words, style))

    # ------------------------------------------------------------------ opening and question
    def opening(self, name: str, seed: str, count: int, offered: int) -> None:
        name = self._text(name)
        words = f"{counted(count, 'question')} from {counted(offered, 'skill')}, seed {seed}"
        if width_of(name) + 2 + len(words) <= self.screen.width:
            self._show(line((name, "head"), "  ", (words, "note")), line())
        else:
            self._show(line((name, "head")), line((words, "note")), line())

    def question(self, asked: Asked, count: int, letters: bool) -> None:
        question = asked.question
        title = f"Question {asked.number} of {count}"
        note = self._text(head_words(asked))
        block = Block([*heading(title, note, self.screen.width, self.screen.glyphs.dash)])
        picture = list(self._picture(asked))
        if picture:
            block.extend([line(), *picture])
        block.extend([line(), *self._given(asked)])
        if question.sheet:
            block.extend([line(), *self._sheet(asked)])
        if question.chain is not None:
            block.extend([line(), *self._chain(asked)])
        block.extend([line(), *self._sentence(asks(asked, self.screen.glyphs.style))])
        first = question.items[0]
        if isinstance(first, Choice) and not first.lines:
            block.extend([line(), *self._options(first)])
        block.extend(self._told_once(asked, first, letters))
        block.add()
        self.screen.show(block)

    def _told_once(self, asked: Asked, item: Item | Choice, letters: bool) -> Iterator[Line]:
        """What may be typed, where that is news."""
        words = "" if self.quiet else self._instructions.words(asked, item, letters)
        if words:
            yield from self._sentence(words, style="note")

    def choice(self, asked: Asked, item: Choice, letters: bool) -> None:
        """The question and the options of a later step."""
        told = self._told_once(asked, item, letters)
        self._show(*self._sentence(item.prompt), line(), *self._options(item), *told, line())

    def _picture(self, asked: Asked) -> Iterator[Line]:
        """The part of the network: how a neuron is fed, or the ways to the loss."""
        question, source = asked.question, asked.source
        subject = question.sheet[-1].subject if question.sheet else question.subject
        if isinstance(subject, Value) and question.kind == Kind.VALUE:
            yield from self._neuron(asked, subject.node)
            operands = source.graph.node(subject.node).operands
            if len(operands) == 1:
                yield from paths.picture(quiz_worked.towards(self._pen(asked), subject.node), operands[0], 1)
            return
        if not isinstance(subject, Gradient):
            return
        pen = self._pen(asked)
        here = quiz_worked.towards(pen, subject.of)
        count = source.trace.path_count(subject.by, subject.of)
        if count <= paths.MAX_PATHS:
            yield from paths.picture(here, subject.by, count)

    def _neuron(self, asked: Asked, node: int) -> Iterator[Line]:
        """`i1 ─ w11 ┐` for every weight, then the bias, joined in the neuron."""
        source = asked.source
        unit = source.network.unit(node)
        if unit is None:
            return
        name, corners = source.graph.name, self.screen.glyphs.corners
        pairs = [(name(edge.source), name(edge.weight)) for edge in unit.edges]
        pairs += [("", name(bias.node)) for bias in unit.biases]
        first, second = (max(width_of(pair[i]) for pair in pairs) for i in (0, 1))
        dash = self.screen.glyphs.dash
        last, middle = len(pairs) - 1, (len(pairs) - 1) // 2
        for i, (start, weight) in enumerate(pairs):
            joint = (
                corners["left right"]
                if not last
                else corners["down left" if i == 0 else "up left" if i == last else "up down left"]
            )
            if i == middle and last:
                joint = corners["down left right" if i == 0 else "up down left right"]
            lead = f"{start.rjust(first)} {dash if start else ' '} {left(weight, second)} {dash}"
            tail = [(f"{dash} ", "rule"), (name(node), "name")] if i == middle else []
            yield line(INDENT, (self._text(lead), "text"), (joint, "rule"), *tail)

    def _pen(self, asked: Asked) -> Pen:
        return quiz_worked.pen_of(asked, self.screen)

    # ------------------------------------------------------------------ what is given
    def _given(self, asked: Asked) -> Iterator[Line]:
        yield line(INDENT, "You know" + (", roughly" if asked.question.kind == Kind.EYE else ""))
        known = asked.question.known
        formulas = [one for one in known if one.formula is not None]
        with_formula = {one.subject for one in formulas}
        numbers = {one.subject: one.text for one in known if one.formula is None}
        yield from self._numbers(asked, [one for one in known if one.subject not in with_formula])
        wide = max((width_of(self._name(asked, one.subject)) for one in formulas), default=0)
        for one in formulas:
            assert one.formula is not None
            name = left(self._name(asked, one.subject), wide)
            number = f" = {self._text(numbers[one.subject])}" if one.subject in numbers else ""
            room = self.screen.width - wide - 7
            for i, text in enumerate(wrapped(self._formula(one.formula) + number, room)):
                yield line(
                    INDENT * 2, (name if i == 0 else " " * wide, "name"), (" = " if i == 0 else "   ", "rule"), text
                )

    def _numbers(self, asked: Asked, known: Sequence[Known]) -> Iterator[Line]:
        """`name = number  where it belongs`, in two columns where there are many."""
        notes = connections(asked, self.screen.glyphs.ascii)
        wide = max((width_of(self._name(asked, one.subject)) for one in known), default=0)
        noted = max((width_of(self._text(one.text)) for one in known if one.subject in notes), default=0)
        cells: list[Line] = []
        for one in known:
            name = left(self._name(asked, one.subject), wide)
            note = self._text(notes.get(one.subject, ""))
            number = left(self._text(one.text), noted) if note else self._text(one.text)
            cells.append(line((name, "name"), (" = ", "rule"), number, (f"  {note}" if note else "", "note")))
        widths = [sum(width_of(text) for text, _ in cell) for cell in cells]
        column = max(widths, default=0) + GAP
        if len(cells) <= FULL or 4 + column + max(widths) > self.screen.width:
            yield from ((*line(INDENT * 2), *cell) for cell in cells)
            return
        half = (len(cells) + 1) // 2
        for i in range(half):
            second = cells[i + half] if i + half < len(cells) else ()
            yield (*line(INDENT * 2), *cells[i], (" " * (column - widths[i]), "text"), *second)

    def _sheet(self, asked: Asked) -> Iterator[Line]:
        """The calculation with its numbered lines."""
        rows = [
            Equation(
                self._name(asked, one.subject),
                ((self._formula(one.formula), "text"),),
                self._text(one.text),
                number=str(i),
            )
            for i, one in enumerate(asked.question.sheet, 1)
        ]
        for block in laid_out(rows, self.screen.width):
            yield from block.lines

    def _chain(self, asked: Asked) -> Iterator[Line]:
        """The product as far as it goes, and a question mark for the next factor."""
        chain = asked.question.chain
        assert chain is not None
        partial = self.screen.glyphs.style.partial

        def name(node: int) -> str:
            return self._text(asked.source.graph.name(node))

        arrow = f" {self.screen.glyphs.left} "
        along = arrow.join(name(node) for node in chain.nodes)
        yield from self._sentence(along, ("along  ", "path"), "note")
        yield line()
        edges = list(pairwise(chain.nodes))
        shown = [Factor(partial + name(up), partial + name(low), "") for up, low in edges[: chain.missing]]
        factors = [*shown, Factor("?", "?", "")]
        [widths] = common_widths([factors])
        yield from product_lines(
            factors, widths, self.screen.width, self.screen.glyphs.style.times, self.screen.glyphs.dash, False
        )

    def _options(self, choice: Choice) -> Iterator[Line]:
        for letter, option in zip("abcdefghij", choice.options, strict=False):
            for i, text in enumerate(worded(self._text(option.text), self.screen.width - 7)):
                yield line(INDENT * 2, (f"{letter}  " if i == 0 else "   ", "name"), text)

    # ------------------------------------------------------------------ prompts and replies
    def prompt(self, asked: Asked, item: Item | Choice) -> str:
        self._blank = False
        return f"{INDENT}{self._text(prompt_name(item, self.screen.glyphs.style))} "

    def reply(self, asked: Asked, item: Item | Choice, reply: Reply, prompt: str, last: bool) -> None:
        glyphs = self.screen.glyphs
        block = Block()
        if reply.mark == "unread" and reply.end:
            carets = "^" * max(1, reply.end - reply.start)
            block.add(" " * (width_of(prompt) + reply.start), (carets, "wrong"))
        words = verdict_words(asked, item, reply, last)
        shape, style = {
            "right": (glyphs.ok, "ok"),
            "wrong": (glyphs.wrong, "wrong"),
            "again": ("?" if reply.mark != "unread" else "!", "hint"),
        }[reply.outcome]
        if reply.mark == "follows":
            shape, style = ("->" if glyphs.ascii else "↳"), "kink"
        title, said = words
        lead = f"{shape} {title} " if not (glyphs.ascii and reply.outcome == "right") else f"{title} "
        block.extend(self._sentence(said, (lead, style)) if said else [line(INDENT, (lead.rstrip(), style))])
        block.add()
        self.screen.show(block)
        self._blank = True

    def hint(self, text: str) -> None:
        self._show(*self._sentence(text, ("Hint. ", "hint")), line())
        self._blank = True

    def told(self, asked: Asked, item: Item) -> None:
        """The answer of one line of a derivation."""
        number = f"{as_asked(item.value, item.digits):f}"
        text = f"{self._formula(item.asked)} = {self._text(number)}"
        self._show(line(INDENT, ("It is ", "note"), (text, "result")), line())
        self._blank = True

    def worked(self, asked: Asked, items: tuple[Item | Choice, ...], told: bool) -> None:
        block = Block()
        if told:
            for item in items:
                if isinstance(item, Choice):
                    block.extend(self._sentence(told_words(asked, item)))
            if block.lines:
                block.add()
        for found in quiz_worked.blocks(self._pen(asked), asked, items):
            block.extend(found.lines)
        if not self._blank:
            block.lines.insert(0, line())
        block.add()
        self.screen.show(block)

    # ------------------------------------------------------------------ the score
    def _marks(self, ended: Sequence[Ended], count: int) -> Iterator[Piece]:
        marks = MARKS[self.screen.glyphs.ascii]
        for one in ended:
            yield marks[one.how], {"right": "ok", "helped": "ok", "wrong": "wrong"}.get(one.how, "rule")
        yield marks["open"] * (count - len(ended)), "rule"

    def score(self, ended: list[Ended], count: int) -> None:
        words = score_words(ended)
        if len(INDENT) + count + 3 + width_of(words) <= self.screen.width:
            self._show(line(INDENT, *self._marks(ended, count), ("   " + words, "note")), line())
        else:
            self._show(*self._sentence(f"{len(ended)} of {count}: {words}", style="note"), line())
        self._blank = True

    def closing(self, command: str, ended: list[Ended], seed: str, state: State, now: datetime) -> None:
        above = [] if self._blank else [line()]
        block = Block([*above, *heading("Summary", "", self.screen.width, self.screen.glyphs.dash)])
        block.extend(self._sentence(kept_words(ended, seed)))
        if ended:
            found = practise(command, ended, state, now)
            for text in found.sentences:
                block.extend(self._sentence(text))
            if not self.quiet:
                block.extend(self._sentence(found.command, ("Next: ", "note"), "hint"))
        self.screen.show(block)
