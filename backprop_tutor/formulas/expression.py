"""A formula as a small tree that keeps what its author wrote: order, brackets, digits, and the place of every piece.

Sums and products are n-ary, as people write them: `a - b + c` is one `Sum` of three signed terms, `a*b/c` one
`Product` of three factors. Brackets stay as `Group`, numbers keep their typed text (`0.20`), calls keep the spelling
of their function (`σ`). Nothing here evaluates text; `parse.py` makes the trees, `typeset.py` prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from operator import attrgetter
from typing import Any, ClassVar, TypeAlias

from ..values import Struct, replace

Span: TypeAlias = tuple[int, int]
NOWHERE: Span = (0, 0)


class FormulaPart(Struct, frozen=True, eq=False):
    """One piece of a formula. Two are equal where they say the same, wherever and however each was typed: `typed` names
    the fields that don't count."""

    typed: ClassVar[frozenset[str]] = frozenset({"span"})
    _said: ClassVar[attrgetter[object]]

    def __init_subclass__(cls) -> None:
        cls._said = attrgetter(*(name for name in cls.__annotations__ if name not in {*cls.typed, "typed"}))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._said(self) == self._said(other)

    def __ne__(self, other: object) -> bool:  # Struct has one of its own, which asks nobody
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self), self._said(self)))


class Number(FormulaPart, frozen=True, eq=False):
    """A number as typed, and its exact value."""

    text: str
    value: Fraction
    span: Span = NOWHERE


class Constant(FormulaPart, frozen=True, eq=False):
    """e or π: a number that has no finite decimal text."""

    text: str
    value: float
    span: Span = NOWHERE


class Name(FormulaPart, frozen=True, eq=False):
    """A quantity: a scalar, one element, or a whole array; `text` is the spelling found in the source."""

    typed: ClassVar[frozenset[str]] = frozenset({"span", "text"})

    name: str
    text: str = ""
    span: Span = NOWHERE


class Range(Struct, frozen=True):
    """An index range, counted from 1, both ends included; None leaves an end open. `step` takes every second, third."""

    first: int | None
    last: int | None
    step: int = 1


class Element(FormulaPart, frozen=True, eq=False):
    """Part of an array: `W1[2,3]`, `x[1:3]`, `W1[2,:]`; `text` is the element's own name where that was typed."""

    typed: ClassVar[frozenset[str]] = frozenset({"span", "text"})

    name: str
    indices: tuple[int | Range, ...]
    span: Span = NOWHERE
    text: str = ""


class Indexed(FormulaPart, frozen=True, eq=False):
    """Part of what a formula gives: `softmax(z)[1]`, `(W @ X)[1,:]`."""

    operand: Expression
    indices: tuple[int | Range, ...]
    span: Span = NOWHERE


class Sum(FormulaPart, frozen=True, eq=False):
    """Signed terms; each sign is +1 or -1."""

    terms: tuple[tuple[int, Expression], ...]
    span: Span = NOWHERE


class Product(FormulaPart, frozen=True, eq=False):
    """Factors with the operation that brings each in, `*` or `/`; the first one's is always `*`.

    Where a formula of arrays is shown, `⊙` brings in one whose elements are multiplied with those of another array.

    `beside` are the places of those that no sign for the products of elements brings in: `W x`, `W·x`.
    """

    typed: ClassVar[frozenset[str]] = frozenset({"beside", "span"})

    factors: tuple[tuple[str, Expression], ...]
    span: Span = NOWHERE
    beside: frozenset[int] = frozenset()


class MatrixProduct(FormulaPart, frozen=True, eq=False):
    left: Expression
    right: Expression
    span: Span = NOWHERE


class Power(FormulaPart, frozen=True, eq=False):
    base: Expression
    exponent: Expression
    span: Span = NOWHERE


class Negative(FormulaPart, frozen=True, eq=False):
    operand: Expression
    span: Span = NOWHERE


class Group(FormulaPart, frozen=True, eq=False):
    """A bracket that the author wrote."""

    inner: Expression
    span: Span = NOWHERE


class Call(FormulaPart, frozen=True, eq=False):
    """A function applied; `primes` counts the derivative marks (`σ'(z)` has one); `text` is the function as typed."""

    typed: ClassVar[frozenset[str]] = frozenset({"span", "text"})

    function: str
    arguments: tuple[Expression, ...]
    primes: int = 0
    text: str = ""
    span: Span = NOWHERE


class Comparison(FormulaPart, frozen=True, eq=False):
    """`left < right`, the condition of a `where`; the operator is one of < <= > >= ==."""

    operator: str
    left: Expression
    right: Expression
    span: Span = NOWHERE


class Bracketed(FormulaPart, frozen=True, eq=False):
    """A list `[a, b]` (nested: a matrix)."""

    items: tuple[Expression, ...]
    span: Span = NOWHERE


class Derivative(FormulaPart, frozen=True, eq=False):
    """∂of/∂by, a name of its own and not a division."""

    of: str
    by: str
    span: Span = NOWHERE


class DerivativeOf(FormulaPart, frozen=True, eq=False):
    """d/dby applied to a written-out formula."""

    operand: Expression
    by: str
    span: Span = NOWHERE


Expression: TypeAlias = (
    Number
    | Constant
    | Name
    | Element
    | Indexed
    | Sum
    | Product
    | MatrixProduct
    | Power
    | Negative
    | Group
    | Call
    | Comparison
    | Bracketed
    | Derivative
    | DerivativeOf
)


def number(value: int | Fraction) -> Number:
    """A number that no author typed."""
    exact = Fraction(value)
    return Number(str(exact), exact)


# by type, as a match would ask a name first whether it is each of the others; what is missing has no parts
_PARTS: Mapping[type, Callable[[Any], tuple[Expression, ...]]] = {
    Sum: lambda node: tuple([term for _, term in node.terms]),
    Product: lambda node: tuple([factor for _, factor in node.factors]),
    MatrixProduct: attrgetter("left", "right"),
    Comparison: attrgetter("left", "right"),
    Power: attrgetter("base", "exponent"),
    Negative: lambda node: (node.operand,),
    DerivativeOf: lambda node: (node.operand,),
    Indexed: lambda node: (node.operand,),
    Group: lambda node: (node.inner,),
    Call: attrgetter("arguments"),
    Bracketed: attrgetter("items"),
}


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct parts of a formula, in reading order."""
    parts = _PARTS.get(type(node))
    return () if parts is None else parts(node)


def walk(node: Expression) -> Iterator[Expression]:
    """The formula and all its parts, outermost first, in reading order."""
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        parts = _PARTS.get(type(here))
        if parts is not None:
            stack += parts(here)[::-1]


def rebuild(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The same formula with every direct part replaced by `change(part)`."""
    if type(node) not in _PARTS:
        return node
    match node:
        case Sum(terms):
            return replace(node, terms=tuple((sign, change(term)) for sign, term in terms))
        case Product(factors):
            return replace(node, factors=tuple((how, change(factor)) for how, factor in factors))
        case MatrixProduct(left, right) | Comparison(_, left, right):
            return replace(node, left=change(left), right=change(right))
        case Power(base, exponent):
            return replace(node, base=change(base), exponent=change(exponent))
        case Negative(operand) | DerivativeOf(operand) | Indexed(operand):
            return replace(node, operand=change(operand))
        case Group(inner):
            return replace(node, inner=change(inner))
        case Call(_, arguments):
            return replace(node, arguments=tuple(change(argument) for argument in arguments))
        case Bracketed(items):
            return replace(node, items=tuple(change(item) for item in items))
        case _:
            return node


def transform(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Rebuild from the leaves up: every part is replaced by `change(part with its own parts replaced)`."""
    if type(node) not in _PARTS:
        return change(node)
    return change(rebuild(node, lambda part: transform(part, change)))


def ungrouped(node: Expression) -> Expression:
    """The formula without the brackets around the whole of it."""
    while isinstance(node, Group):
        node = node.inner
    return node


def names_in(node: Expression) -> tuple[str, ...]:
    """The names of quantities in reading order, each once."""
    found = dict.fromkeys(part.name for part in walk(node) if isinstance(part, (Name, Element)))
    return tuple(found)
