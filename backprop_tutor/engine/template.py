"""One formula shape: a tree over numbered slots, for all nodes whose formulas differ only in their operands' names.

A group of m such nodes runs it once, as a `Program` (program.py) of the derivative rules (rules.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ..values import Struct


class Slot(Struct, frozen=True):
    """The operand in slot `number`; `axes` are the lengths of the reductions it stands under."""

    number: int
    axes: tuple[int, ...]


class Fixed(Struct, frozen=True):
    """A number."""

    value: float


class Add(Struct, frozen=True):
    signs: tuple[int, ...]
    parts: tuple[Tree, ...]


class Multiply(Struct, frozen=True):
    """Factors; `divides` says which of them divide."""

    divides: tuple[bool, ...]
    parts: tuple[Tree, ...]


class Raise(Struct, frozen=True):
    """base ** exponent."""

    base: Tree
    exponent: Tree


class Apply(Struct, frozen=True):
    """A primitive of one variable."""

    function: str
    argument: Tree


class Reduce(Struct, frozen=True):
    """sum, mean, prod, max, min or logsumexp over the last axis."""

    how: str
    argument: Tree


class Softmax(Struct, frozen=True):
    """One element of a softmax over the last axis; slot `pick` holds which (an index, not a quantity)."""

    argument: Tree
    pick: int


class XLogY(Struct, frozen=True):
    """y·log(p), 0 where y = 0."""

    factor: Tree
    argument: Tree


class Choose(Struct, frozen=True):
    """`first` where left and right compare so, else `second`; the operator is one of < <= > >= ==."""

    operator: str
    left: Tree
    right: Tree
    first: Tree
    second: Tree


class Stack(Struct, frozen=True):
    """Several formulas side by side on a new last axis."""

    parts: tuple[Tree, ...]


class Dot(Struct, frozen=True):
    """Σ over the last axis of slot `left` × slot `right`, which come as the matrices or vectors they are parts of.

    No formula is lifted to this: `plan.py` puts it in the place of a sum of products whose operands lie regularly.
    """

    left: int
    right: int


Tree: TypeAlias = Slot | Fixed | Add | Multiply | Raise | Apply | Reduce | Softmax | XLogY | Choose | Stack | Dot


def parts(tree: Tree) -> tuple[Tree, ...]:
    """The direct parts of a template."""
    match tree:
        case Add(_, inner) | Multiply(_, inner) | Stack(inner):
            return inner
        case Raise(left, right) | XLogY(left, right):
            return (left, right)
        case Apply(_, argument) | Reduce(_, argument) | Softmax(argument, _):
            return (argument,)
        case Choose(_, left, right, first, second):
            return (left, right, first, second)
        case _:
            return ()


def rebuilt(tree: Tree, change: Callable[[Any], Tree]) -> Tree:
    """The template with each of its direct parts changed."""
    match tree:
        case Add(signs, inner):
            return Add(signs, tuple(change(part) for part in inner))
        case Multiply(divides, inner):
            return Multiply(divides, tuple(change(part) for part in inner))
        case Raise(base, exponent):
            return Raise(change(base), change(exponent))
        case Apply(function, argument):
            return Apply(function, change(argument))
        case Reduce(how, argument):
            return Reduce(how, change(argument))
        case Softmax(argument, pick):
            return Softmax(change(argument), pick)
        case XLogY(factor, argument):
            return XLogY(change(factor), change(argument))
        case Choose(operator=operator):
            return Choose(operator, *(change(part) for part in parts(tree)))
        case Stack(inner):
            return Stack(tuple(change(part) for part in inner))
        case _:
            return tree
