"""Formulas ready to be run at many points: compiled once, what their slopes depend on, without what a 0 multiplies."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ..engine.graph import Graph
from ..engine.scalar import NAN, NO_FUNCTIONS, Compiled, Dual, compiled
from ..formulas.algebra import ZERO
from ..formulas.expression import Call, Expression, Group, Name, Negative, Product, Sum, names_in, transform, ungrouped

# by identity, as hashing a tree costs more than running it; what the ids belong to is kept alive beside them
_CLOSURES: dict[tuple[int, int], tuple[Expression, object, Compiled | None]] = {}
_MOST_CLOSURES = 20_000


def closure(formula: Expression, graph: Graph) -> Compiled | None:
    """The formula compiled once; None for what has no scalar value."""
    custom = graph.custom or NO_FUNCTIONS
    key = (id(formula), id(custom))
    known = _CLOSURES.get(key)
    if known is None:
        if len(_CLOSURES) > _MOST_CLOSURES:
            _CLOSURES.clear()
        try:
            known = formula, custom, compiled(formula, custom)
        except ValueError:
            known = formula, custom, None
        _CLOSURES[key] = known
    return known[2]


def run(formula: Compiled | None, get: Callable[[str], Dual], gradient: Callable[[str, str], float]) -> float:
    """A compiled formula's value; nan where it has none."""
    if formula is None:
        return NAN
    try:
        return formula(get, gradient)[0]
    except (OverflowError, ZeroDivisionError, RecursionError):
        return NAN


@lru_cache(maxsize=20_000)
def slope_needs(formula: Expression, by: str) -> frozenset[str]:
    """The names whose values ∂formula/∂by depends on: for w·x + b by w only x."""

    def every(node: Expression) -> frozenset[str]:
        return frozenset(names_in(node))

    def needs(node: Expression) -> frozenset[str]:
        if by not in every(node):
            return frozenset()
        match node:
            case Name():
                return frozenset()
            case Group(inner):
                return needs(inner)
            case Negative(operand):
                return needs(operand)
            case Sum(terms):
                return frozenset().union(*(needs(term) for _, term in terms))
            case Product(factors):
                found: frozenset[str] = frozenset()
                for i, (how, factor) in enumerate(factors):
                    if by in every(factor):
                        others = (every(f) for j, (_, f) in enumerate(factors) if j != i)
                        found = found.union(needs(factor), *others, every(factor) if how == "/" else ())
                return found
            case _:
                return every(node)

    return needs(formula)


@lru_cache(maxsize=1_000)
def without_factors(formula: Expression, zeros: frozenset[str]) -> Expression:
    """The formula with 0 for every product in which one of these names is a factor."""

    def is_zero(factor: Expression) -> bool:
        inner = ungrouped(factor)
        return isinstance(inner, Name) and inner.name in zeros

    def change(part: Expression) -> Expression:
        match part:
            case Product(factors) if any(how == "*" and is_zero(factor) for how, factor in factors):
                return ZERO
            case Call("xlogy", (first, _), 0) if is_zero(first):
                return ZERO
            case _:
                return part

    return transform(formula, change)
