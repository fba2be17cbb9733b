"""The quiz read out: one fact a line, in ASCII, the label before the number; for screen readers, pipes and scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from ...formulas.expression import Expression
from ...formulas.typeset import to_text
from ...handwork.quantities import Gradient, Rate, Subject
from ...quiz.attempts import State
from ...quiz.choosing import Asked
from ...quiz.fairness import as_asked
from ...quiz.replies import Reply
from ...quiz.session import Ended
from ...quiz.types import Choice, Item
from ...values import Struct, field
from ..run import paths, plain
from ..screen import Screen
from . import worked as quiz_worked
from .words import (
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
)

LONG_LINE = 2000


class PlainView(Struct):
    """Reads a quiz out on a screen."""

    screen: Screen
    quiet: bool = False
    _instructions: Instructions = field(default_factory=Instructions)

    # ------------------------------------------------------------------ spelling
    def _say(self, *texts: str) -> None:
        for text in texts:
            self.screen.line(self.screen.glyphs.text(text))

    def _formula(self, formula: Expression) -> str:
        return to_text(formula, self.screen.glyphs.style)

    def _name(self, asked: Asked, subject: Subject) -> str:
        if isinstance(subject, Rate):
            return "rate"
        return asked.source.vocabulary.text(subject, self.screen.glyphs.style.partial)

    # ------------------------------------------------------------------ opening and question
    def opening(self, name: str, seed: str, count: int, offered: int) -> None:
        """What is practised."""
        self._say(f"Quiz {name}. {counted(count, 'question')}, seed {seed}.")

    def question(self, asked: Asked, count: int, letters: bool) -> None:
        """The question, a fact a line."""
        question = asked.question
        self._say("", f"Question {asked.number} of {count}: {head_words(asked)}.")
        self._say(*self._ways(asked), *self._given(asked))
        for number, one in enumerate(question.sheet, 1):
            name = self._name(asked, one.subject)
            self._say(f"Line {number}: {name} = {self._formula(one.formula)} = {one.text}")
        if question.chain is not None:
            self._say(*self._chain(asked))
        self._say(f"Asked: {asks(asked, self.screen.glyphs.style)}")
        first = question.items[0]
        if isinstance(first, Choice) and not first.lines:
            self._say(*self._options(first))
        self._say_once(asked, first, letters)

    def _say_once(self, asked: Asked, item: Item | Choice, letters: bool) -> None:
        """What may be typed, where that is news."""
        words = "" if self.quiet else self._instructions.words(asked, item, letters)
        if words:
            self._say(f"Answer: {words}")

    def choice(self, asked: Asked, item: Choice, letters: bool) -> None:
        """The question and the options of a later step."""
        self._say(f"Asked: {item.prompt}", *self._options(item))
        self._say_once(asked, item, letters)

    def _ways(self, asked: Asked) -> Iterator[str]:
        question = asked.question
        subject = question.sheet[-1].subject if question.sheet else question.subject
        if not isinstance(subject, Gradient):
            return
        count = asked.source.trace.path_count(subject.by, subject.of)
        if 0 < count <= paths.MAX_PATHS:
            name = asked.source.graph.name
            for number, path in enumerate(asked.source.trace.paths(subject.by, count, subject.of), 1):
                yield f"Path {number} of {count}: {' to '.join(name(node) for node in path.nodes)}"

    def _given(self, asked: Asked) -> Iterator[str]:
        notes = connections(asked, True)
        known = asked.question.known
        numbers = {one.subject: one.text for one in known if one.formula is None}
        with_formula = {one.subject for one in known if one.formula is not None}
        for one in known:
            name = self._name(asked, one.subject)
            if one.formula is not None:
                number = f" = {numbers[one.subject]}" if one.subject in numbers else ""
                yield f"Given: {name} = {self._formula(one.formula)}{number}"
            elif one.subject not in with_formula:
                note = notes.get(one.subject, "")
                yield f"Given: {name} = {one.text}" + (f", {note}" if note else "")

    def _chain(self, asked: Asked) -> Iterator[str]:
        chain = asked.question.chain
        assert chain is not None
        name, partial = asked.source.graph.name, self.screen.glyphs.style.partial
        edges = list(pairwise(chain.nodes))[: chain.missing]
        shown = "*".join(f"{partial}{name(up)}/{partial}{name(low)}" for up, low in edges)
        yield f"Chain: {shown}*(next factor)"

    def _options(self, choice: Choice) -> Iterator[str]:
        for letter, option in zip("abcdefghij", choice.options, strict=False):
            yield f"Option {letter}: {option.text}"

    # ------------------------------------------------------------------ prompts and replies
    def prompt(self, asked: Asked, item: Item | Choice) -> str:
        """What stands before the answer."""
        return self.screen.glyphs.text(prompt_name(item, self.screen.glyphs.style)) + " "

    def reply(self, asked: Asked, item: Item | Choice, reply: Reply, prompt: str, last: bool) -> None:
        """The verdict in words."""
        title, said = verdict_words(asked, item, reply, last)
        word = {"right": "OK", "wrong": "WRONG", "again": "AGAIN"}[reply.outcome]
        self._say(f"{word}: {' '.join(filter(None, (title, said)))}")

    def hint(self, text: str) -> None:
        """One hint."""
        self._say(f"Hint: {text}")

    def told(self, asked: Asked, item: Item) -> None:
        """The answer of one line of a derivation."""
        self._say(f"It is: {self._formula(item.asked)} = {as_asked(item.value, item.digits):f}")

    def worked(self, asked: Asked, items: tuple[Item | Choice, ...], told: bool) -> None:
        """The worked step, as `run --plain` reads it."""
        for item in items if told else ():
            if isinstance(item, Choice):
                self._say(told_words(asked, item))
        pen = quiz_worked.pen_of(asked, self.screen._replace(width=LONG_LINE))
        for work in quiz_worked.works_of(pen, asked, items):
            if work.by_paths is not None:
                for paragraph in plain.gradients(work.pen, [work.by_paths]):
                    self._say(*filter(None, paragraph))
            for row in work.rows:
                self._say(*plain.facts(row, "Worked: "))

    # ------------------------------------------------------------------ the score
    def score(self, ended: list[Ended], count: int) -> None:
        """How it stands."""
        self._say(f"Score: {score_words(ended)}; {len(ended)} of {count} done.")

    def closing(self, command: str, ended: Sequence[Ended], seed: str, state: State, now: datetime) -> None:
        """How it went, and what to practise."""
        self._say("", f"Summary: {kept_words(ended, seed)}")
        if ended:
            found = practise(command, ended, state, now)
            self._say(*found.sentences)
            if not self.quiet:
                self._say(f"Next: {found.command}")
