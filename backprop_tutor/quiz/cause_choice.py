"""The causes to choose from, once the wrong line of a calculation is found."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from ..formulas.digits import significant
from ..slips.catalogue import row
from .fairness import apart
from .types import Choice, Option, PossibleSlip

CAUSES = 4  # to choose from
_WEIGHTS = frozenset(
    ("weights-swapped", "other-neurons-weight", "another-weight", "index-transposed", "transposed-weights",
     "input-missing")
)  # fmt: skip
_SLOPE_GONE = frozenset(
    ("slope-missing", "hidden-slope-missing", "half-of-slope", "output-slope-missing", "softmax-cross-terms")
)
# what is true to see as well, where a line has one of these slips: who puts w for a has left out a, too
_ALSO_TRUE: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_WEIGHTS, _WEIGHTS),
    **dict.fromkeys(
        ("activation-for-slope", "hidden-activation-for-slope", "slope-of-preactivation", "sigmoid-twice", "tanh-twice",
         "relu-slope-is-z", "tanh-not-squared", "tanh-slope", "sigmoid-slope-for-tanh", "other-neurons-slope",
         "half-of-slope"),
        _SLOPE_GONE,
    ),
    **dict.fromkeys(
        ("other-activation", "preactivation-for-activation", "weight-for-activation", "term-for-derivative"),
        frozenset({"activation-missing-from-gradient", "other-activation", "preactivation-for-activation"}),
    ),
    "slope-missing": frozenset({"softmax-cross-terms"}),
    "activation-missing": frozenset({"reciprocal-missing", "softmax-not-normalised", "softmax-without-exp"}),
    "activation-for-weight": frozenset({"path-weights-missing"}),
    "rate-times-weight": frozenset({"rate-missing"}),
    "mean-for-sum": frozenset({"half-added"}),
    "half-added": frozenset({"mean-for-sum"}),
    "error-sign": frozenset({"target-minus-output"}),
    "target-minus-output": frozenset({"error-sign"}),
    "sigmoid-for-softmax": frozenset({"softmax-not-normalised"}),
    "loss-for-its-slope": frozenset({"loss-factor-missing", "half-missing"}),
    "softmax-without-exp": frozenset({"softmax-not-normalised"}),
}  # fmt: skip


def cause_choice(
    chosen: PossibleSlip, possible: Sequence[PossibleSlip], stated: str, line: int, digits: int, dice: random.Random
) -> Choice | None:
    """What went wrong in a line that states a number: the slip that was made among others, each by its name.

    None where there are too few others that give another number and can't be seen in the line as well.
    """
    taken = {chosen.code}
    names = {row(chosen.code).name}
    others = []
    for slip in dice.sample(list(possible), len(possible)):
        name = row(slip.code).name
        if slip.code in taken | _ALSO_TRUE.get(chosen.code, frozenset()) or name in names:
            continue
        if apart(slip.value, chosen.value, digits):
            others.append(slip)
            taken.add(slip.code)
            names.add(name)
    if len(others) < CAUSES - 1:
        return None
    offered = [chosen, *others[: CAUSES - 1]]
    dice.shuffle(offered)
    options = tuple(
        Option(row(chosen.code).name, True, why=chosen.sentence)
        if slip is chosen
        else Option(row(slip.code).name, False, why=f"That would give {significant(slip.value, digits)}, not {stated}.")
        for slip in offered
    )
    return Choice(f"What went wrong in line {line}?", options)
