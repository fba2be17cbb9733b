"""∂formula/∂operand in the document's form: derived by SymPy once, then remembered from run to run.

A remembered formula is not believed: our own parser reads it, and its numbers at two points must be the engine's own
derivative's. What fails is derived again.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np

from ..cache import shared
from ..engine.lift import Lifter
from ..engine.program import pullback, value
from ..errors import FormulaError
from ..formulas.evaluate import evaluate
from ..formulas.expression import Expression, names_in
from ..formulas.parse import parse
from ..formulas.shapes import RESULT, template_of, with_names
from ..formulas.typeset import ASCII, to_text
from .lengths import Dependence, Held, pieces, pieces_of_derivative, put_back

LONG = 60  # pieces of a formula: SymPy gets a longer one without what the derivative doesn't need
MAX_PIECES = 300  # of a derivative
POINTS = ((0.37, 0.29), (0.83, -0.11))  # of a slot: first + number·second, kept positive
AGREE = 1e-9  # relative; the two differ by rounding only


def local_derivative(formula: Expression, by: str, result: str) -> Expression | None:
    """∂formula/∂by over the operands and the result's own name, as `symbolic.local_derivative` has it.

    None where it is too long to be shown.
    """
    held: dict[str, Held] = {}
    known = _dependence(_Same(formula))
    if known.pieces > LONG:
        formula, held = known.without_constants(by)
    shape, slots = template_of(formula)
    if pieces_of_derivative(shape, slots[by]) > MAX_PIECES:
        return None
    found = put_back(with_names(_of_shape(shape, slots[by]), slots, result), held)
    return found if pieces(found) <= MAX_PIECES else None


class _Same:
    """A formula by its identity: to compare two long ones costs more than what is remembered of them saves."""

    def __init__(self, formula: Expression) -> None:
        self.formula = formula

    def __hash__(self) -> int:
        return id(self.formula)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.formula is other.formula


@lru_cache(maxsize=64)
def _dependence(same: _Same) -> Dependence:
    return Dependence(same.formula)


@cache
def _of_shape(shape: Expression, slot: str) -> Expression:
    cache = shared()
    key = f"{to_text(shape, ASCII)} by {slot}"
    known = cache.get("formula", key)
    if known is not None and (found := trusted(known, shape, slot)) is not None:
        return found
    from .symbolic import derivative_of_shape

    found = derivative_of_shape(shape, slot)
    text = to_text(found, ASCII)
    if _read(text) == found and trusted(text, shape, slot) is not None:
        cache.put("formula", key, text)
    return found


def trusted(text: str, shape: Expression, slot: str) -> Expression | None:
    """The formula, if it is one over the shape's slots and its numbers are the engine's derivative's; else None."""
    found = _read(text)
    names = names_in(shape)
    if found is None or not {*names_in(found)} <= {*names, RESULT}:
        return None
    try:
        lifted = Lifter({name: np.array(i) for i, name in enumerate(names)}, {}).scalar(shape)
    except FormulaError:
        return None
    agreed = False
    for first, second in POINTS:
        at = {name: abs(first + second * i) for i, name in enumerate(names)}
        numbers = np.array([at[name] for name in names])
        operands = [numbers[indices] for indices in lifted.slots]
        slopes = pullback(lifted.tree, operands, np.ones(1))
        mine = names.index(slot)
        slope = sum(float(s[indices == mine].sum()) for s, indices in zip(slopes, lifted.slots, strict=True))
        at[RESULT] = float(value(lifted.tree, operands)[0])
        try:
            stated = evaluate(found, at.__getitem__)
        except (ValueError, KeyError):
            return None
        if math.isfinite(slope) and math.isfinite(stated):
            if abs(stated - slope) > AGREE * max(abs(stated), abs(slope), 1e-6):
                return None
            agreed = True
    return found if agreed else None


def _read(text: str) -> Expression | None:
    """The formula of a text; None where it is none."""
    try:
        return parse(text)
    except FormulaError:
        return None
