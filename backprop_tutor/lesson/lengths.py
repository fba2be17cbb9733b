"""How long a derivative's formula would be, and what of a formula its derivative can do without.

Both keep SymPy's work, and what a person would have to read, within bounds; nothing here differentiates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from ..formulas.expression import (
    Call,
    Comparison,
    Constant,
    Expression,
    Group,
    Name,
    Number,
    Power,
    Product,
    Sum,
    children,
    rebuild,
    ungrouped,
    walk,
)

Held: TypeAlias = Callable[[], Expression]  # made when it is needed: of a long sum it hardly ever is


def pieces(formula: Expression) -> int:
    """Names, numbers and operations."""
    return sum(not isinstance(part, Group) for part in walk(formula))


def pieces_of_derivative(formula: Expression, by: str) -> int:
    """How many pieces ∂formula/∂by has before anything is simplified: by the rules of sums, products and chains."""
    _, found = _lengths(formula, by)
    return found


def _lengths(node: Expression, by: str) -> tuple[int, int]:
    """The pieces of a formula and of its derivative."""
    if isinstance(node, Name):
        return 1, int(node.name == by)
    inner = [_lengths(part, by) for part in children(node)]
    own = sum(length for length, _ in inner) + (not isinstance(node, Group))
    moved = [slope for _, slope in inner if slope]
    match node:
        case Product():  # each factor's derivative times the others
            return own, sum(moved) + len(moved) * own
        case Power() | Call():  # the outer derivative times the inner one
            return own, sum(moved) + len(moved) * (own + 1)
        case _:
            return own, sum(moved)


class Dependence:
    """What every part of one formula depends on: worked out once for all derivatives of it."""

    def __init__(self, formula: Expression) -> None:
        self.formula = formula
        self.pieces = pieces(formula)
        self._names: dict[int, frozenset[str]] = {}
        self._terms: dict[int, dict[str, list[int]]] = {}  # of a sum: which of its terms depend on a name
        self._note(formula)

    def _note(self, node: Expression) -> frozenset[str]:
        inner = [self._note(part) for part in children(node)]
        names = frozenset({node.name}) if isinstance(node, Name) else frozenset().union(*inner)
        if isinstance(node, Sum):
            places: dict[str, list[int]] = {}
            for place, mine in enumerate(inner):
                for name in mine:
                    places.setdefault(name, []).append(place)
            self._terms[id(node)] = places
        self._names[id(node)] = names
        return names

    def without_constants(self, by: str) -> tuple[Expression, dict[str, Held]]:
        """The formula with what doesn't depend on `by` under names of its own, and what these stand for.

        The terms of a sum that don't are one name together.
        """
        held: dict[str, Held] = {}

        def hold(whole: Held) -> Name:
            name = f"held{len(held) + 1}"
            held[name] = whole
            return Name(name, name)

        def of_sum(node: Sum) -> Expression:
            places = frozenset(self._terms[id(node)][by])
            first = next((place for place in range(len(node.terms)) if place not in places), None)
            kept = {place: (node.terms[place][0], cut(node.terms[place][1])) for place in sorted(places)}
            if first is not None:
                kept[first] = (1, hold(lambda: _others(node, places)))
            return Sum(tuple(kept[place] for place in sorted(kept)))

        def cut(node: Expression) -> Expression:
            if by not in self._names[id(node)] and not isinstance(node, Comparison):
                return node if isinstance(node, (Name, Number, Constant)) else hold(lambda: ungrouped(node))
            return of_sum(node) if isinstance(node, Sum) else rebuild(node, cut)

        return cut(self.formula), held


def _others(node: Sum, places: frozenset[int]) -> Sum:
    return Sum(tuple(term for place, term in enumerate(node.terms) if place not in places))


def put_back(formula: Expression, held: Mapping[str, Held]) -> Expression:
    """The formula with what was held in the place of its names; a sum's terms go into the sum that they come from."""

    def terms(sign: int, term: Expression) -> Iterator[tuple[int, Expression]]:
        whole = held[term.name]() if isinstance(term, Name) and term.name in held else None
        if isinstance(whole, Sum):
            yield from ((sign * own, part) for own, part in whole.terms)
        else:
            yield sign, put(term)

    def put(part: Expression) -> Expression:
        if isinstance(part, Name) and part.name in held:
            whole = held[part.name]()
            return whole if isinstance(whole, Call) else Group(whole)
        if isinstance(part, Sum):
            return Sum(tuple(one for sign, term in part.terms for one in terms(sign, term)))
        return rebuild(part, put)

    return put(formula) if held else formula
