"""What one line of a sheet is compared with: the truth T, what is written W, what the person's own lines give C."""

from __future__ import annotations

from ..formulas.expression import Expression
from ..handwork.claims import Claim, Judgement
from ..handwork.exact import finite
from ..values import Struct
from .alignment import as_written
from .array_claims import is_about_arrays
from .chain import Chain
from .conventions import conventions
from .judge import Judge
from .local_slopes import LOCAL, of_formulas, with_local
from .person import Person
from .session import Session
from .steps import placed

MOST_FORMULAS = 4


class References(Struct, frozen=True):
    """T, W and C of a line; `lines` are those that C rests on, `formulas` usual right forms of the quantity.

    `assumed`: T needs values that the scenario only assumes.
    """

    name: str
    truth: float | None
    written: float | None
    carried: float | None
    lines: tuple[int, ...]
    formulas: tuple[Expression, ...]
    assumed: bool = False


def references(judge: Judge, judgement: Judgement, place: int) -> References | None:
    """The references of the claim at a place among the sheet's; None where it is about no single quantity."""
    return _at(_convened(judge, judgement), judgement, place)


def _convened(judge: Judge, judgement: Judgement) -> Judge:
    """The judge under the convention that the sheet was judged by."""
    said = judgement.convention
    own = next((c for c in conventions(judge.network) if c.sentence == said), None) if said else None
    return judge.under(own) if own is not None else judge


def _at(judge: Judge, judgement: Judgement, place: int) -> References | None:
    """The sheet read again up to the claim, for what it has stated until then."""
    session, claim = replay(judge, judgement, place)
    if claim.unreadable is not None:
        return None
    if is_about_arrays(judge, claim):
        return None
    judge, claim, session, later = placed(judge, claim, session, judge.stated_anywhere(judgement.sheet))
    local = judgement.verdicts[place].code == LOCAL
    if local:
        judge, session.person = of_formulas(judge), with_local(session.person, True)
    chain = Chain(judge, claim, session, later)
    if chain.subject is None:
        return None
    chain.verdict()  # tells whether the line belongs to a run with values moved a little
    nudged = session.nudged if chain.in_nudge else None
    person = nudged or session.person
    model = session.moved if nudged is not None else judge.truth
    answer = person.carried(chain.subject)
    truth = None if model is None else finite(model.of(chain.subject))
    carried = finite(answer.value)
    return References(
        judge.vocabulary.text(chain.subject),
        None if truth is None else float(truth),
        _written(chain),
        None if carried is None else float(carried),
        tuple(sorted({person.stated[subject].line for subject in answer.rests_on})),
        tuple(dict.fromkeys(chain.reference.forms(chain.subject)))[:MOST_FORMULAS],
        not chain.reference.decided(chain.subject),
    )


def replay(judge: Judge, judgement: Judgement, place: int) -> tuple[Session, Claim]:
    """What the sheet has stated before a claim, and the claim."""
    later = judge.stated_anywhere(judgement.sheet)
    session = Session(Person(judge.vocabulary, judge.leaves, convention=judge.convention))
    for claim in judgement.sheet.claims[:place]:
        judge.claim(claim, session, later)
    return session, judgement.sheet.claims[place]


def _written(chain: Chain) -> float | None:
    """The value of the numbers put in."""
    for step in reversed(chain.steps):
        if step.kind == "numbers":
            try:
                return float(as_written(step.expression))
            except (ArithmeticError, OverflowError):
                return None
    return None
