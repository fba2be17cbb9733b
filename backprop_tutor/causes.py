"""Why a line is wrong: the catalogue's slips tried on the formula and on the number, ranked by how surely they explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .expression import Expression
from .quantities import Subject
from .slips import Variant, variants

if TYPE_CHECKING:
    from .verify import Judge


@dataclass(frozen=True, slots=True)
class Cause:
    """A slip named: its stable code and one sentence for a learner."""

    code: str
    message: str
    variant: Variant | None = None


def formula_cause(judge: Judge, subject: Subject | None, left: Expression, claimed: Expression) -> Cause | None:
    """The slip whose formula the claimed one equals, or None."""
    if subject is None:
        return None
    matches = [v for v in variants(judge.network, subject) if judge.equality.same(v.formula, claimed)]
    if not matches:
        return None
    best = max(matches, key=lambda v: v.prior)
    return Cause(best.code, best.sentence, best)
