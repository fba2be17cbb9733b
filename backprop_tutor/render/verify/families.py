"""Mistakes and what follows from them: a family is one wrong line, the same slip again, and all its consequences."""

from __future__ import annotations

from collections.abc import Iterable

from ...handwork.claims import Judgement, LinkVerdict, Verdict
from ...judging.pen import PEN_SLIPS
from ...values import Struct

# Slips of the pen and marks without a cause: two of a kind have nothing to do with each other.
SINGLE = frozenset(
    (*PEN_SLIPS, "wrong", "arithmetic", "miscopied-operand", "term-missing", "operator", "factor-twice", "half-or-two",
     "constant-factor")
)  # fmt: skip

MOST_NUMBERS = 24  # line numbers in a sentence
MOST_FIRST = 12  # of more than those


class Family(Struct, frozen=True):
    """The first line of one mistake, the lines that make it again, and the lines that follow from them."""

    first: Verdict
    again: tuple[int, ...]
    consequences: tuple[int, ...]


def families(judgement: Judgement) -> tuple[Family, ...]:
    """The mistakes of a sheet, in order; a habit (one slip of the catalogue on several lines) is one mistake."""
    firsts: list[Verdict] = []
    again: dict[int, list[int]] = {}
    for verdict in judgement.verdicts:
        if verdict.mark != "wrong":
            continue
        same = next((one for one in firsts if _same_slip(one, verdict)), None)
        if same is None:
            firsts.append(verdict)
            again.setdefault(verdict.line, [])
        elif verdict.line != same.line:
            again[same.line].append(verdict.line)
    return tuple(
        Family(one, tuple(again[one.line]), consequences(judgement, {one.line, *again[one.line]})) for one in firsts
    )


def _same_slip(first: Verdict, other: Verdict) -> bool:
    explained = {line for cause in first.explanations[:1] for line in cause.lines_explained}
    return other.line in explained or (other.code == first.code and other.code not in SINGLE)


def consequences(judgement: Judgement, lines: Iterable[int]) -> tuple[int, ...]:
    """The lines that follow from these, directly or through others."""
    reached = set(lines)
    found: dict[int, None] = {}
    for verdict in judgement.verdicts:
        if verdict.mark == "follows" and not reached.isdisjoint(verdict.follows_from):
            reached.add(verdict.line)
            found[verdict.line] = None
    return tuple(found)


def faults(verdict: Verdict) -> tuple[LinkVerdict, ...]:
    """The links that a line's mark comes from, each place once."""
    found: dict[tuple[int, int], LinkVerdict] = {}
    for link in verdict.links:
        if link.mark == verdict.mark:
            found.setdefault((link.start, link.end), link)
    return tuple(found.values())


def numbered(lines: Iterable[int]) -> str:
    """`line 12`, `lines 12 and 14`, `lines 12, 14 and 15`; of very many the first, and up to where the others go."""
    numbers = [str(line) for line in lines]
    if len(numbers) > MOST_NUMBERS:
        more = len(numbers) - MOST_FIRST
        return f"lines {', '.join(numbers[:MOST_FIRST])} and {more} more up to line {numbers[-1]}"
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    return f"lines {', '.join(numbers[:-1])} and {numbers[-1]}"
