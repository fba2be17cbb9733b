"""Where two formulas of one shape differ: the names that stand where others belong, with their places."""

from __future__ import annotations

from fractions import Fraction

from .expression import NOWHERE, Derivative, Expression, Name, Number, Span, rebuild

_ZERO = Number("0", Fraction(0))


def differing(claimed: Expression, right: Expression) -> list[tuple[Span, Expression]] | None:
    """(place in the claimed formula, what belongs there) for each name or derivative; None where the shapes differ."""
    if isinstance(claimed, Name | Derivative) and isinstance(right, Name | Derivative):
        if claimed == right:
            return []
        return [(claimed.span, right)] if claimed.span != NOWHERE else None
    one, two = _children(claimed), _children(right)
    if type(claimed) is not type(right) or len(one) != len(two):
        return None
    if not one:
        return [] if claimed == right else None
    if rebuild(claimed, lambda _: _ZERO) != rebuild(right, lambda _: _ZERO):
        return None  # another sign or another operation
    found: list[tuple[Span, Expression]] = []
    for a, b in zip(one, two, strict=True):
        inner = differing(a, b)
        if inner is None:
            return None
        found += inner
    return found


def _children(node: Expression) -> list[Expression]:
    found: list[Expression] = []

    def note(part: Expression) -> Expression:
        found.append(part)
        return part

    rebuild(node, note)
    return found
