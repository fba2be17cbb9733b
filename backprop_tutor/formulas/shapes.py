"""A formula and its shape: the same with its names numbered, so that equal formulas of other quantities are one."""

from __future__ import annotations

from collections.abc import Mapping

from .expression import Expression, Name, rebuild

RESULT = "result"  # the name of the formula's own value in a derivative's formula


def template_of(formula: Expression) -> tuple[Expression, dict[str, str]]:
    """The formula with its names replaced by slots in reading order, and which slot each name became."""
    slots: dict[str, str] = {}

    def rename(part: Expression) -> Expression:
        if isinstance(part, Name):
            return Name(slots.setdefault(part.name, f"s{len(slots)}"))
        return rebuild(part, rename)

    return rename(formula), slots


def with_names(shape: Expression, slots: Mapping[str, str], result: str) -> Expression:
    """A shape's derivative with the names put back; `result` is the name of the formula's own value."""
    back = {slot: name for name, slot in slots.items()}

    def rename(part: Expression) -> Expression:
        if isinstance(part, Name):
            name = back.get(part.name, result if part.name == RESULT else part.name)
            return Name(name, name)
        return rebuild(part, rename)

    return rename(shape)
