"""One quiz: asks, listens, judges, gives hints, keeps what was answered. What it looks like is the view's affair.

Two tries for each thing asked, then the worked step. `?` is a hint, `=` the answer, `s` skips, `q` stops, a blank line
asks again. Every judged answer is kept before anything is said about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from . import __version__
from .attempts import Attempt, State, rated, replay, usual_pace
from .progress import Progress
from .quiz import Asked, Generator
from .quiz_answers import Reply, choose, judge
from .quiz_hints import BOTTOM, hints
from .quiz_names import Kind
from .quiz_types import Choice, Item
from .session import Session

TRIES = 2
HINT, ANSWER, SKIP, STOP = "?", "=", "s", "q"
_WORDS = {"hint": HINT, "answer": ANSWER, "skip": SKIP, "quit": STOP, "stop": STOP, "exit": STOP}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a question ended: "right" at once, "helped", "wrong" or "skipped"; the slips that were made."""

    how: str
    skill: str
    slips: tuple[str, ...] = ()


class View(Protocol):
    """What a quiz needs to be seen, or read out."""

    def opening(self, name: str, seed: str, count: int, offered: int) -> None: ...
    def question(self, asked: Asked, count: int, letters: bool) -> None: ...
    def choice(self, asked: Asked, item: Choice) -> None: ...
    def prompt(self, asked: Asked, item: Item | Choice) -> str: ...
    def reply(self, asked: Asked, item: Item | Choice, reply: Reply, prompt: str, last: bool) -> None: ...
    def hint(self, text: str) -> None: ...
    def no_more_hints(self) -> None: ...
    def again(self) -> None: ...
    def worked(self, asked: Asked, items: tuple[Item | Choice, ...], told: bool) -> None: ...
    def score(self, ended: list[Ended], count: int) -> None: ...
    def closing(self, name: str, ended: list[Ended], seed: str, state: State, now: datetime) -> None: ...


class _Stop(Exception):
    """The learner has had enough, or there is no more input."""


@dataclass
class _Tally:
    """What happened in one question so far."""

    tries: int = 0
    hints: int = 0
    missed: bool = False
    pen_only: bool = True
    shown: bool = False
    skipped: bool = False
    slips: list[str] = field(default_factory=list)


@dataclass
class Quiz:
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
                    break
                self._ask(asked)
        except _Stop:
            pass
        self.close()

    def close(self) -> None:
        """The summary."""
        generator = self.generator
        self.view.closing(generator.practice.name, self.ended, generator.seed, self.state, self.now())

    # ------------------------------------------------------------------ one question
    def _ask(self, asked: Asked) -> None:
        question = asked.question
        self.view.question(asked, self._count, self._letters(asked))
        tally = _Tally()
        session = asked.source.session(question.known)
        started = self.timer()
        last = ""
        unfinished: list[Item | Choice] = []
        for line, item in enumerate(question.items, 1):
            if isinstance(item, Choice) and len(question.items) > 1:
                self.view.choice(asked, item)
            right = self._listen(asked, item, session, line, tally, started)
            if tally.skipped:
                break
            if not right:
                unfinished.append(item)
                if question.kind == Kind.FIND:
                    break
        milliseconds = self._since(started)
        rating = None
        if not tally.skipped:
            right = not unfinished
            usual = usual_pace(self._attempts, question.skill)
            rating = rated(
                right or (question.kind == Kind.DERIVATION and tally.pen_only),
                1 + tally.missed, tally.hints, tally.pen_only and tally.missed,
                tally.shown or tally.hints >= BOTTOM, milliseconds, usual,
            )  # fmt: skip
            last = "right" if right else "wrong"
        self._keep(asked, tally, "", "skipped" if tally.skipped else "shown" if tally.shown else last,
                   "", milliseconds, rating)  # fmt: skip
        self.state = replay(self._attempts, self.now())
        how = (
            "skipped"
            if tally.skipped
            else "wrong"
            if unfinished or tally.shown
            else ("helped" if tally.missed or tally.hints else "right")
        )
        self.ended.append(Ended(how, question.skill, tuple(tally.slips)))
        told = bool(unfinished) or tally.shown or tally.skipped
        self.view.worked(asked, tuple(unfinished) or question.items, told)
        self.view.score(self.ended, self._count)

    def _listen(
        self, asked: Asked, item: Item | Choice, session: Session, line: int, tally: _Tally, started: float
    ) -> bool:
        """One thing asked until it is right, missed for good, shown or skipped."""
        given = iter(hints(asked.source, asked.question, item))
        tries = 1 if asked.question.kind == Kind.DERIVATION else TRIES
        while True:
            prompt = self.view.prompt(asked, item)
            typed = self.read(prompt)
            if typed is None:
                raise _Stop
            command = self._command(asked, item, typed)
            if command == STOP:
                raise _Stop
            if not typed.strip():
                self.view.again()
                continue
            if command == HINT:
                text = next(given, None)
                if text is None:
                    self.view.no_more_hints()
                else:
                    tally.hints += 1
                    self.view.hint(text)
                continue
            if command == SKIP:
                tally.skipped = True
                return False
            if command == ANSWER:
                tally.shown = True
                return False
            reply = (
                choose(item, typed)
                if isinstance(item, Choice)
                else judge(asked.source, asked.question, item, typed, session, line)
            )
            if reply.outcome != "again":
                tally.tries += 1
                tally.missed |= reply.outcome == "wrong"
                if reply.outcome == "wrong":
                    tally.pen_only &= reply.pen
                    tally.slips += reply.codes[:1] if len(reply.codes) == 1 else ()
                slip = reply.codes[0] if len(reply.codes) == 1 and reply.outcome == "wrong" else ""
                self._keep(asked, tally, typed.strip(), reply.mark, slip, self._since(started), None)
                tries -= 1
            self.view.reply(asked, item, reply, prompt, reply.outcome == "wrong" and not tries)
            if reply.outcome == "right":
                return True
            if reply.outcome == "wrong" and not tries:
                return False

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

    def _since(self, started: float) -> int:
        return max(0, round((self.timer() - started) * 1000))

    # ------------------------------------------------------------------ keeping it
    def _keep(
        self, asked: Asked, tally: _Tally, typed: str, verdict: str, slip: str, milliseconds: int, rating: int | None
    ) -> None:
        question = asked.question
        visible = tuple(sorted(question.visible)) if rating is not None else ()
        attempt = Attempt(
            self.now(), self.session, asked.number, question.skill, question.kind.value, question.scenario,
            asked.source.vocabulary.text(question.subject), question.seed, question.digits, typed, verdict, slip,
            tally.hints, milliseconds, rating, visible, __version__,
        )  # fmt: skip
        self.progress.record(attempt)
        self._attempts.append(attempt)
