"""Claims about elements by letters: `dL/dW_ij = δ_i x_j` is judged for every i and j that W has.

What a line says of its letters counts: `for i = 1, 2` says which, `i ≠ j` and `i = j` which pairs.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..formulas.expression import Bracketed, ungrouped
from ..handwork.claims import Claim, Verdict
from ..handwork.indices import LETTERS, Elements, Values
from ..handwork.quantities import Subject
from ..values import replace
from .alignment import has_names
from .array_claims import Arrays, together
from .person import Line

if TYPE_CHECKING:
    from .judge import Judge
    from .session import Session

MOST_ELEMENTS = 100  # that a line is judged for; of larger arrays the first rows and columns
_PAIR = re.compile(rf"(?<![\w^_{{])([{LETTERS}])\s*(=|≠|!=|<>|\\neq?\b)\s*([{LETTERS}])(?![\w^_}}])")
_NUMBERS = re.compile(
    rf"(?<![\w^_{{])([{LETTERS}])\s*(?:=|∈|\\in\b)\s*\\?\{{?\s*(\d+(?:\s*(?:,|and)\s*\d+)*)(?![\w.]|\s*,?\s*[.…\\])"
)


def judge_by_letters(
    judge: Judge, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]
) -> Verdict | None:
    """The verdict over all elements that the claim speaks of; None where it has no letters of arrays outside sums."""
    elements = Elements(judge.arrays, claim.sample)
    lengths = elements.free([part.expression for part in claim.parts]) if len(claim.parts) > 1 else {}
    made = [_at(elements, claim, values) for values in _chosen(claim, lengths)] if lengths else []
    claims = [one for one in made if one is not None]
    if not claims or len(claims) < len(made):
        return None
    verdicts = [judge.chain(one, session, later) for one in claims]
    return together(judge, claim, Arrays((), {}), verdicts)


def _chosen(claim: Claim, lengths: Mapping[str, int]) -> Iterator[Values]:
    """The numbers for the letters of which a line speaks."""
    source = claim.where.source or ""
    most = int(MOST_ELEMENTS ** (1 / len(lengths)))
    whole = math.prod(lengths.values()) <= MOST_ELEMENTS
    runs: dict[str, Sequence[int]] = {
        letter: range(1, (length if whole else min(length, most)) + 1) for letter, length in lengths.items()
    }
    for said in _NUMBERS.finditer(source):
        numbers = [int(number) for number in re.findall(r"\d+", said[2])]
        if said[1] in runs and all(1 <= number <= lengths[said[1]] for number in numbers):
            runs[said[1]] = numbers
    pairs = [(said[1], said[2] == "=", said[3]) for said in _PAIR.finditer(source)]
    for places in itertools.product(*runs.values()):
        values = dict(zip(lengths, places, strict=True))
        if all((values[one] == values[two]) is same for one, same, two in pairs if {one, two} <= set(values)):
            yield values


def _at(elements: Elements, claim: Claim, values: Values) -> Claim | None:
    """The claim for one element; None where a part is a number, which could be of any."""
    parts = []
    for part in claim.parts:
        formula = part.expression
        inner = ungrouped(formula)
        if isinstance(inner, Bracketed) and len(values) == 1:
            (number,) = values.values()
            if number > len(inner.items):
                return None
            formula = inner.items[number - 1]
        elif not has_names(formula):
            return None
        parts.append(replace(part, expression=elements.at(formula, values)))
    return replace(claim, parts=tuple(parts))
