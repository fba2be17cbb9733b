"""One quiz: asks, listens, judges, gives hints, keeps what was answered. What it looks like is the view's affair.

Two tries for each thing asked, then the worked step. `?` is a hint, `=` the answer, `s` skips, `q` stops, a blank line
asks again. Every judged answer is kept before anything is said about it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from math import isfinite
from typing import Protocol

from .. import __version__
from ..errors import Problem, RequestError
from ..handwork.exact import Stated
from ..handwork.quantities import Subject
from ..judging.person import Line
from ..judging.session import Session
from ..values import Struct, field, replace
from .answers import choose, judge
from .attempts import Attempt, State, rated, replay, usual_pace
from .choosing import Asked, Generator
from .fairness import apart, as_asked
from .hints import TELLING, Hint, hints
from .names import Kind
from .progress import Progress
from .replies import Reply
from .types import Choice, Item

TRIES = 2
HINT, ANSWER, SKIP, STOP = "?", "=", "s", "q"
_WORDS = {"hint": HINT, "answer": ANSWER, "skip": SKIP, "quit": STOP, "stop": STOP, "exit": STOP}


class Ended(Struct, frozen=True):
    """How a question ended: "right" at once, "helped", "wrong", "skipped" or "begun"; the slips that were made."""

    how: str
    skill: str
    slips: tuple[str, ...] = ()


class View(Protocol):
    """What a quiz needs to be seen, or read out."""

    def opening(self, name: str, seed: str, count: int, offered: int) -> None: ...
    def question(self, asked: Asked, count: int, letters: bool) -> None: ...
    def choice(self, asked: Asked, item: Choice, letters: bool) -> None: ...
    def prompt(self, asked: Asked, item: Item | Choice) -> str: ...
    def reply(self, asked: Asked, item: Item | Choice, reply: Reply, prompt: str, last: bool) -> None: ...
    def hint(self, text: str) -> None: ...
    def told(self, asked: Asked, item: Item) -> None: ...
    def worked(self, asked: Asked, items: tuple[Item | Choice, ...], told: bool) -> None: ...
    def score(self, ended: list[Ended], count: int) -> None: ...
    def closing(self, command: str, ended: list[Ended], seed: str, state: State, now: datetime) -> None: ...


class _Stop(Exception):
    """The learner has had enough, or there is no more input."""


class _Tally(Struct):
    """What happened in one question so far."""

    started: float
    answers: int = 0
    hints: int = 0
    missed: bool = False
    pen_only: bool = True
    shown: bool = False  # the answer, or the numbers put in
    skipped: bool = False
    unfinished: list[Item | Choice] = field(default_factory=list)
    slips: list[str] = field(default_factory=list)

    def count(self, reply: Reply) -> str:
        """Add a judged answer; the one slip that it points to, if any."""
        self.answers += 1
        if reply.outcome == "right":
            return ""
        self.missed = True
        self.pen_only &= reply.pen
        slip = reply.codes[0] if len(reply.codes) == 1 else ""
        self.slips += [slip] if slip else []
        return slip

    @property
    def how(self) -> str:
        """How the question ended."""
        if self.skipped:
            return "skipped"
        if self.unfinished:
            return "wrong"
        return "helped" if self.missed or self.hints else "right"


class Quiz(Struct, dict=True):
    """`read` gives the next typed line for a prompt, None at the end of the input; `now` and `timer` are the clocks."""

    generator: Generator
    progress: Progress
    view: View
    read: Callable[[str], str | None]
    now: Callable[[], datetime]
    timer: Callable[[], float]
    session: str
    ended: list[Ended] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._attempts = self.progress.attempts()
        self.state = replay(self._attempts, self.now())

    @property
    def _count(self) -> int:
        return self.generator.wishes.count

    def run(self) -> None:
        """All questions; ends early when the learner stops. KeyboardInterrupt passes through, nothing is lost."""
        name, seed = self.generator.practice.name, self.generator.seed
        self.view.opening(name, seed, self._count, len(self.generator.offered))
        try:
            for number in range(1, self._count + 1):
                asked = self.generator.next(number, self.state, self.now())
                if asked is None:
                    if number == 1:
                        raise RequestError(
                            Problem(
                                "no question was found that leaves no doubt",
                                help="ask for more --digits, or leave out --kind, --skill or --only",
                            )
                        )
                    break
                self._ask(asked)
        except _Stop:
            pass
        self.close()

    def close(self) -> None:
        """The summary."""
        generator = self.generator
        self.view.closing(generator.practice.command, self.ended, generator.seed, self.state, self.now())

    # ------------------------------------------------------------------ one question
    def _ask(self, asked: Asked) -> None:
        question = asked.question
        self.view.question(asked, self._count, self._letters(asked))
        tally = _Tally(self.timer())
        session = asked.source.session(question.known)
        try:
            for line, item in enumerate(question.items, 1):
                if isinstance(item, Choice) and line > 1:
                    self.view.choice(asked, item, self._letters(asked))
                self._listen(asked, item, session, line, tally)
                if tally.skipped or (tally.unfinished and question.kind == Kind.FIND):
                    break  # the cause of a wrong line is asked once the line is found
        except (_Stop, KeyboardInterrupt):
            if tally.answers:
                self.ended.append(Ended("begun", question.skill, tuple(tally.slips)))
            raise
        self.state = replay(self._attempts, self.now())
        self.ended.append(Ended(tally.how, question.skill, tuple(tally.slips)))
        left = tuple(tally.unfinished)
        if left and question.kind == Kind.FIND:
            # whoever did not find the line is told what went wrong in it, too
            left = question.items[question.items.index(left[0]) :]
        self.view.worked(asked, left or question.items, bool(left))
        self.view.score(self.ended, self._count)

    def _listen(self, asked: Asked, item: Item | Choice, session: Session, line: int, tally: _Tally) -> None:
        """One thing asked until it is right, missed for good, told or skipped."""
        derivation = asked.question.kind == Kind.DERIVATION
        told, own = _going_on(item, session) if derivation else (item, {})
        ahead = list(hints(asked.source, asked.question, told, own))
        given: list[Hint] = []
        tries = 1 if derivation else TRIES
        while True:
            prompt = self.view.prompt(asked, item)
            typed = self.read(prompt)
            if typed is None:
                raise _Stop
            command = self._command(asked, item, typed)
            if command == STOP:
                raise _Stop
            if command == HINT:
                self._hint(ahead, given, tally)
            elif command == SKIP:
                tally.skipped = True
                tally.unfinished += asked.question.items[line - 1 :]
                self._keep(asked, tally, typed.strip(), "skipped", "", None)
                return
            elif command == ANSWER:
                tally.shown = True
                tally.unfinished.append(item)
                self._keep(asked, tally, typed.strip(), "shown", "", self._rating(asked, item, tally))
                if isinstance(told, Item) and derivation:
                    self._state(session, told, line)
                    self.view.told(asked, told)
                return
            elif typed.strip():
                reply = self._judged(asked, item, typed, session, line, given)
                if reply.outcome != "again":
                    tries -= 1
                    slip = tally.count(reply)
                    over = reply.outcome == "right" or not tries
                    if over and reply.outcome == "wrong":
                        tally.unfinished.append(item)
                    rating = self._rating(asked, item, tally) if over else None
                    self._keep(asked, tally, typed.strip(), reply.mark, slip, rating)
                self.view.reply(asked, item, reply, prompt, not tries)
                if reply.outcome == "right" or not tries:
                    return

    def _judged(
        self, asked: Asked, item: Item | Choice, typed: str, session: Session, line: int, given: list[Hint]
    ) -> Reply:
        if isinstance(item, Choice):
            return choose(item, typed)
        formula_told = any(hint.step == "formula" for hint in given)
        if asked.question.kind != Kind.DERIVATION:
            # what was tried before is no line of a calculation: a second try doesn't follow from the first
            session = asked.source.session(asked.question.known)
        return judge(asked.source, asked.question, item, typed, session, line, formula_told)

    def _hint(self, ahead: list[Hint], given: list[Hint], tally: _Tally) -> None:
        """The next hint; after the last one that one again."""
        if ahead:
            given.append(ahead.pop(0))
            tally.hints += 1
            tally.shown |= given[-1].step in TELLING
        self.view.hint(given[-1].text)

    def _command(self, asked: Asked, item: Item | Choice, typed: str) -> str:
        """The command that a line is, empty for an answer. A quantity's own name stays an answer."""
        text = typed.strip().casefold()
        if text in (HINT, ANSWER):
            return text
        if text in _WORDS:
            return _WORDS[text]
        return text if text in (SKIP, STOP) and (isinstance(item, Choice) or self._letters(asked)) else ""

    def _letters(self, asked: Asked) -> bool:
        """May `s` and `q` be commands? Not where the network has quantities of these names."""
        vocabulary = asked.source.vocabulary
        return vocabulary.node(SKIP) is None and vocabulary.node(STOP) is None

    def _state(self, session: Session, item: Item, line: int) -> None:
        """A line that was told: the lines after it go on from there."""
        assert item.subject is not None, "a line is about a quantity"
        number = as_asked(item.value, item.digits)
        exponent = number.as_tuple().exponent
        unit = Fraction(10) ** int(exponent)
        session.person.state(item.subject, Line(Stated(Fraction(number), unit, f"{number:f}"), line))

    # ------------------------------------------------------------------ keeping it
    def _rating(self, asked: Asked, item: Item | Choice, tally: _Tally) -> int | None:
        """The rating of the question, where this was the last thing it asks; None before that."""
        question = asked.question
        gave_up = question.kind == Kind.FIND and bool(tally.unfinished)
        if item is not question.items[-1] and not gave_up:
            return None
        right = not tally.unfinished or (question.kind == Kind.DERIVATION and tally.pen_only and not tally.shown)
        usual = usual_pace(self._attempts, question.skill)
        return rated(right, tally.missed, tally.hints > 0, tally.pen_only, tally.shown, self._since(tally), usual)

    def _since(self, tally: _Tally) -> int:
        """Milliseconds since the question was put."""
        return max(0, round((self.timer() - tally.started) * 1000))

    def _keep(self, asked: Asked, tally: _Tally, typed: str, verdict: str, slip: str, rating: int | None) -> None:
        question = asked.question
        attempt = Attempt(
            at=self.now(),
            session=self.session,
            number=asked.number,
            skill=question.skill,
            kind=question.kind.value,
            scenario=question.scenario,
            subject=asked.source.vocabulary.text(question.subject),
            seed=question.seed,
            digits=question.digits,
            typed=typed,
            verdict=verdict,
            slip=slip,
            hints=tally.hints,
            milliseconds=self._since(tally),
            rating=rating,
            visible=tuple(sorted(question.visible)) if rating is not None else (),
            version=__version__,
        )
        self.progress.record(attempt)
        self._attempts.append(attempt)


def _going_on(item: Item | Choice, session: Session) -> tuple[Item | Choice, dict[Subject, str]]:
    """A line of a derivation as it follows from the learner's own lines, and their numbers."""
    if not isinstance(item, Item):
        return item, {}
    value = session.person.evaluate(item.right)
    if isfinite(value) and apart(value, item.value, item.digits):
        item = replace(item, value=value)
    return item, {subject: line.number.text for subject, line in session.person.stated.items()}
