"""What a wrong answer points to: the slip that it fits, a slip of the pen, or an honest "not this".

Only what happens between the given and the asked can be the learner's slip: a cause is one of those that the question
counts (`Item.slips`), or a slip of the pen. While there is another try, a slip of understanding is told by its kind
alone; its sentence, which has the right formula in it, comes with the last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ..handwork.claims import Explanation, Verdict
from ..handwork.exact import SLACK, Stated, agrees, exact, finite, truncates
from ..judging.pen import pen_slip
from ..judging.session import Session
from ..slips.catalogue import row
from ..values import replace
from .fairness import TIES, unit_at
from .replies import PEN, Reply, sentence
from .source import Source
from .types import Item, PossibleSlip

ENOUGH_TO_NAME = 3  # digits; with fewer an unrelated number fits some slip too often
NARROW = Fraction(1, 200)  # of a value: the room within which a calculation still tells a slip
NOTHING_TOLD = "That is not it, and no usual slip gives it."
_NOT_IT = "That is not it."
_STANDS = " stands where "
# what kind of miss it is, of what is no slip of the catalogue
_FIRST: Mapping[str, str] = {
    "sign": "The size is right, the sign is not.",
    "decimal-point": "The digits are right, the decimal point is not.",
    "one-digit": "Nearly: check the arithmetic of the last step.",
    "swapped-digits": "Two digits have changed places.",
    "arithmetic": "Calculate it again: what you wrote comes to something else.",
    "operator": "The numbers are right, the signs between them are not.",
    "term-missing": "One term is missing.",
    "factor-missing": "One factor is missing.",
    "half-or-two": "It is off by a factor of 2.",
}


def named(source: Source, found: Sequence[PossibleSlip], value: float | None) -> Reply:
    """A slip named, or the few that fit alike."""
    once = {slip.code: slip for slip in reversed(found)}
    ordered = [once[code] for code in dict.fromkeys(slip.code for slip in found)][:TIES]
    said = [sentence(slip.sentence, source.vocabulary) for slip in ordered]
    names = list(dict.fromkeys(row(slip.code).name for slip in ordered))
    few = "a usual slip" if len(names) == 1 else "usual slips"
    first = f"It fits {few}: {', or '.join(names)}."
    codes = tuple(slip.code for slip in ordered)
    return Reply("wrong", "wrong", codes[0], " Or: ".join(dict.fromkeys(said)), first, codes, value)


def nothing_told(value: float | None = None, message: str = NOTHING_TOLD) -> Reply:
    """No slip is named."""
    return Reply("wrong", "wrong", "", message, message, value=value)


def fits(stated: Stated, value: float) -> bool:
    """Is a number another one, rounded or cut off?"""
    return agrees(stated.value, stated.unit, exact(value)) or truncates(stated.value, stated.unit, exact(value))


def is_short(stated: Stated) -> bool:
    """Has a typed number too few digits to tell one slip from another?"""
    return bool(stated.text) and bool(stated.unit) and stated.digits < ENOUGH_TO_NAME


def at_least(stated: Stated, value: float, digits: int) -> Stated:
    """A number as exact as a value with so many digits, where it was calculated and not typed."""
    if stated.text:
        return stated
    room = min(stated.unit, abs(exact(value)) * NARROW)
    return replace(stated, unit=max(room, unit_at(value, digits) * (1 + SLACK)))


def fitting(item: Item, stated: Stated) -> list[PossibleSlip]:
    """The slips whose number this is, likeliest first: by the digits typed, or within what rounded operands allow."""
    found = []
    enough = max(item.digits, ENOUGH_TO_NAME)
    for slip in item.slips:
        number = at_least(stated, slip.value, enough)
        if is_short(stated):
            # as few digits as that fit too much: they count as rounded only where the zeros that follow would be right
            number = replace(stated, unit=unit_at(slip.value, enough))
        if fits(number, slip.value):
            found.append(slip)
    return sorted(found, key=lambda slip: -slip.prior)


def missed(
    source: Source, item: Item, stated: Stated | None, verdict: Verdict, value: float | None, session: Session
) -> Reply:
    """The slip that a wrong answer points to, or that none does. `stated` is None for a formula in names."""
    causes = list(verdict.explanations)
    working = "" if causes else verdict.code  # told by the working itself and not by its result
    if stated is not None:
        shown = len(verdict.claim.parts) > 2 and working in _FIRST  # the working shows where it went wrong
        found = [] if shown else fitting(item, stated)
        if found:
            return named(source, found, value)
        if is_short(stated):
            return nothing_told(value, f"That is not it; with {item.digits} digits its slip could be named.")
        possible = {slip.code for slip in item.slips} | set(PEN)
        causes = [cause for cause in causes if cause.code in possible]
        if not causes and working not in (*_FIRST, "miscopied-operand"):
            return _pen(source, item, stated, value, session)
    if causes:
        return _by_causes(source, causes[:TIES], value)
    if working in ("", "wrong") or (working == "miscopied-operand" and not _is_one_of_several(verdict)):
        return nothing_told(value)
    return _by_causes(source, [Explanation(working, verdict.message, (), 1.0)], value)


def _is_one_of_several(verdict: Verdict) -> bool:
    """Is a number that doesn't belong the only one? Where several don't, it is no slip in copying."""
    numbers = re.findall(r"\d*\.\d+", verdict.claim.parts[-1].text)
    return "; " not in verdict.message and (len(numbers) > 1 or not numbers)


def _by_causes(source: Source, causes: Sequence[Explanation], value: float | None) -> Reply:
    firsts = list(dict.fromkeys(_first_words(cause) for cause in causes))
    said = list(dict.fromkeys(sentence(_full_words(cause), source.vocabulary) for cause in causes))
    codes = tuple(dict.fromkeys(cause.code for cause in causes))
    first = firsts[0] if len(firsts) == 1 else _NOT_IT
    return Reply("wrong", "wrong", codes[0], " Or: ".join(said), first, codes, value)


def _pen(source: Source, item: Item, stated: Stated, value: float | None, session: Session) -> Reply:
    """A slip of the pen in the number itself, or nothing."""
    targets = [Fraction(item.value)]
    if item.subject is not None:
        own = finite(session.person.carried(item.subject).value)
        targets += [own] if own is not None else []
    for target in targets:
        code, message = pen_slip(stated, target)
        if code != "arithmetic":
            return _by_causes(source, [Explanation(code, message, (), 1.0)], value)
    return nothing_told(value)


def _first_words(cause: Explanation) -> str:
    """What kind of miss it is: nothing that is right is told."""
    if cause.code == "sign" and cause.message.startswith("the sign of "):
        return "One term has the wrong sign."
    if cause.code == "miscopied-operand":
        return _misplaced(cause.message)
    if cause.code in _FIRST:
        return _FIRST[cause.code]
    try:
        return f"It fits a usual slip: {row(cause.code).name}."
    except KeyError:
        return _NOT_IT


def _misplaced(message: str) -> str:
    """Which piece is the wrong one, without what belongs there."""
    piece, found, _ = message.partition(_STANDS)
    if found:
        return f"Look at {piece.partition(', which is ')[0].lstrip('-−')}: it does not belong there."
    if message.startswith("the sign of "):
        return "One number has the wrong sign."
    return "One piece too many stands there." if "one too many" in message else _NOT_IT


def _full_words(cause: Explanation) -> str:
    """The same with what is right, for the last try."""
    return _FIRST[cause.code] if cause.code in ("one-digit", "swapped-digits") else cause.message
