"""What is remembered of a learner: attempts, and what follows from them. Nothing here touches a file.

An attempt is one typed answer; the last one of a question carries the rating. Levels, due dates and recurring slips are
never stored: they are calculated from the attempts, so that a better scheduler or a renamed skill loses nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from ..values import Struct
from .skills import CODES, WINDOW, Result, climbed

if TYPE_CHECKING:
    import fsrs

AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
RECURS = 2  # times a slip is made before it gets a card of its own
HALF_LIFE = timedelta(days=30)
NAMED_ODDS, SHOWN_RIGHT_ODDS = 3.0, 0.4  # what an answer does to the odds that a slip is a habit
ANSWERS_FOR_PACE = 5  # before "twice as quick as usual" means anything


class Attempt(Struct, frozen=True):
    """One typed answer. `number` counts the questions of a session, `rating` is set on the last answer of one."""

    at: datetime  # UTC
    session: str
    number: int
    skill: str
    kind: str
    scenario: str
    subject: str
    seed: str
    digits: int
    typed: str
    verdict: str  # the judge's mark, or "shown" or "skipped"
    slip: str = ""  # the one slip that the answer points to
    hints: int = 0
    milliseconds: int = 0
    rating: int | None = None
    visible: tuple[str, ...] = ()  # slips that this question would have shown
    version: str = ""

    @property
    def unaided(self) -> bool:
        """Right at the first try, without a hint."""
        return self.rating in (GOOD, EASY)


def rated(
    right: bool, missed: bool, hinted: bool, pen_only: bool, shown: bool, milliseconds: int, usual: float | None
) -> int:
    """The rating of a question.

    Again for a wrong idea or a shown answer; Hard after a hint, or after a slip of the pen; Good at the first try; Easy
    without a hint in less than half the usual time.
    """
    if shown or not right:
        return AGAIN
    if missed:
        return HARD if pen_only else AGAIN
    if hinted:
        return HARD
    return EASY if usual is not None and milliseconds < usual / 2 else GOOD


class Card(Struct, frozen=True):
    """When a skill or a slip is due, and how likely it is remembered now (0 to 1)."""

    due: datetime
    recall: float
    reviews: int


class SkillState(Struct, frozen=True):
    """One skill: how its last questions ended (oldest first), whether it is climbed, its card."""

    code: str
    asked: int
    recent: tuple[str, ...]  # "right", "helped" or "wrong"
    climbed: bool
    results: tuple[Result, ...]
    card: Card | None
    scenario: str = ""  # where it was asked last

    @property
    def known(self) -> float:
        """How well it is known now, 0 to 1: the share of right answers among the last four, fading as memory does."""
        recall = self.card.recall if self.card is not None else 0.0
        return recall * sum(how == "right" for how in self.recent) / WINDOW


class SlipState(Struct, frozen=True):
    """A slip that was made: how often, when last, the evidence that it is a habit, its card once it recurs."""

    code: str
    count: int
    last: datetime
    evidence: float
    card: Card | None


class State(Struct, frozen=True):
    """Everything that follows from the attempts."""

    skills: Mapping[str, SkillState]
    slips: tuple[SlipState, ...]
    answered: frozenset[tuple[str, str, str]]  # (scenario, kind, subject) that were asked already
    questions: int
    days: Mapping[str, tuple[int, int]]  # ISO date -> questions, unaided rights

    def due(self, now: datetime) -> tuple[str, ...]:
        """The skills that are due on this day or before, the longest overdue first."""
        return _due(((one.code, one.card) for one in self.skills.values()), now)

    def due_slips(self, now: datetime) -> tuple[str, ...]:
        """The recurring slips that a question should show on this day or before, the longest overdue first."""
        return _due(((slip.code, slip.card) for slip in self.slips), now)


def _due(cards: Iterable[tuple[str, Card | None]], now: datetime) -> tuple[str, ...]:
    today = now.astimezone().date()
    found = [(card.due, code) for code, card in cards if card is not None and card.due.astimezone().date() <= today]
    return tuple(code for _, code in sorted(found))


def usual_pace(attempts: Sequence[Attempt], skill: str) -> float | None:
    """The median time of the skill's right answers, in milliseconds; None while there are few."""
    times = [a.milliseconds for a in attempts if a.skill == skill and a.unaided and a.milliseconds > 0]
    return median(times) if len(times) >= ANSWERS_FOR_PACE else None


# ---------------------------------------------------------------- replay
class _Cards:
    """Cards reviewed one after the other; `fsrs` is imported with the first."""

    def __init__(self) -> None:
        import fsrs

        # days are our unit: what is repeated within a session is the ladder's affair
        self.scheduler = fsrs.Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
        self.cards: dict[str, fsrs.Card] = {}
        self.reviews: Counter[str] = Counter()

    def review(self, key: str, rating: int, at: datetime) -> None:
        import fsrs

        # an id of our own: without one the package waits a millisecond to make one up
        card = self.cards.get(key) or fsrs.Card(card_id=len(self.cards) + 1, due=at)
        card, _ = self.scheduler.review_card(card, fsrs.Rating(rating), at)
        self.cards[key] = card
        self.reviews[key] += 1

    def card(self, key: str, now: datetime) -> Card | None:
        found = self.cards.get(key)
        if found is None:
            return None
        recall = float(self.scheduler.get_card_retrievability(found, max(now, found.last_review or now)))
        return Card(found.due, recall, self.reviews[key])


def replay(attempts: Iterable[Attempt], now: datetime) -> State:
    """The state after all attempts, in order."""
    cards = _Cards()
    ended: dict[str, list[Attempt]] = defaultdict(list)
    slips: Counter[str] = Counter()
    seen: dict[str, datetime] = {}
    odds: dict[str, float] = {}
    days: dict[str, tuple[int, int]] = {}
    answered: set[tuple[str, str, str]] = set()
    made: dict[tuple[str, int], list[str]] = defaultdict(list)
    results: dict[str, list[Result]] = defaultdict(list)
    for attempt in attempts:
        key = (attempt.session, attempt.number)
        answered.add((attempt.scenario, attempt.kind, attempt.subject))
        if attempt.slip:
            slips[attempt.slip] += 1
            odds[attempt.slip] = _faded(odds, seen, attempt.slip, attempt.at) * NAMED_ODDS
            seen[attempt.slip] = attempt.at
            made[key].append(attempt.slip)
            if slips[attempt.slip] >= RECURS:
                cards.review("slip " + attempt.slip, AGAIN, attempt.at)
        if attempt.rating is None:
            continue
        cards.review(attempt.skill, attempt.rating, attempt.at)
        ended[attempt.skill].append(attempt)
        own = made.pop(key, [])
        results[attempt.skill].append(Result(attempt.unaided, own[0] if own else ""))
        day = attempt.at.astimezone().date().isoformat()  # the learner's day
        count, right = days.get(day, (0, 0))
        days[day] = (count + 1, right + attempt.unaided)
        if attempt.unaided:
            for slip in attempt.visible:
                if slip in odds:
                    odds[slip] = _faded(odds, seen, slip, attempt.at) * SHOWN_RIGHT_ODDS
                if slips[slip] >= RECURS:
                    cards.review("slip " + slip, GOOD, attempt.at)
    order = [code for code in CODES if code in ended] + sorted(set(ended) - set(CODES))
    states = {
        code: SkillState(
            code, len(ended[code]), tuple(map(_how, ended[code][-WINDOW:])), climbed(results[code]),
            tuple(results[code]), cards.card(code, now), ended[code][-1].scenario,
        )
        for code in order
    }  # fmt: skip
    habits = [
        SlipState(code, count, seen[code], _faded(odds, seen, code, now), cards.card("slip " + code, now))
        for code, count in slips.items()
    ]
    habits.sort(key=lambda slip: (-slip.evidence, -slip.count, slip.code))
    return State(states, tuple(habits), frozenset(answered), sum(map(len, ended.values())), days)


def _how(attempt: Attempt) -> str:
    return "right" if attempt.unaided else "helped" if attempt.rating == HARD else "wrong"


def _faded(odds: Mapping[str, float], seen: Mapping[str, datetime], slip: str, now: datetime) -> float:
    """The odds of a habit, halved towards 1 for every half-life that has passed."""
    before = odds.get(slip)
    if before is None:
        return 1.0
    age = max(0.0, (now - seen[slip]) / HALF_LIFE)
    return float(before ** (0.5**age))
