"""What is left over by rounding counts as nothing: 0.1 + 0.2 - 0.3 is 0, and not 5.6e-17.

A sum (or a difference) that is smaller than RESIDUE times the magnitudes of its terms is 0: decimals are not exact in
binary, and of the digits of the terms none is left in it. Two numbers are equal where their difference is 0 in this
sense. Every evaluator keeps to this rule (the engine, the plain evaluator, the judge's, SymPy's witness), so that a
`step`, a `relu`, an `abs`, a `max` or a comparison takes the same side in all of them, the side that a person takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

EPSILON = float(np.finfo(float).eps)
RESIDUE = 4 * EPSILON
"""Relative to the sum of the terms' magnitudes. Sums of products of decimals leave up to 1·ε, chains of them more."""


def settled(total: Any, parts: Sequence[Any]) -> Any:
    """A sum of arrays or numbers, or 0 where nothing but rounding is left of its parts."""
    bound = RESIDUE * abs(parts[0])
    for part in parts[1:]:
        bound = bound + RESIDUE * abs(part)
    return without_residue(total, bound)


def without_residue(total: Any, bound: Any) -> Any:
    """The total, or 0 where it is smaller than the bound."""
    left_over = abs(total) < bound
    return np.where(left_over, 0.0, total) if np.any(left_over) else total


def settled_number(total: float, parts: Sequence[float]) -> float:
    """The same for Python's own numbers, which a hand calculation is judged with."""
    return 0.0 if abs(total) < RESIDUE * sum(map(abs, parts)) else total


def equal(one: Any, other: Any) -> Any:
    """Where two numbers are the same but for rounding."""
    with np.errstate(invalid="ignore", over="ignore"):  # ∞ - ∞
        return np.equal(one, other) | np.less(abs(one - other), RESIDUE * (abs(one) + abs(other)))


def holds(operator: str, left: Any, right: Any) -> Any:
    """Where a comparison holds; numbers that are the same but for rounding are equal."""
    same = equal(left, right)
    match operator:
        case "<":
            return (left < right) & ~same
        case "<=":
            return (left < right) | same
        case ">":
            return (left > right) & ~same
        case ">=":
            return (left > right) | same
        case _:
            return same
