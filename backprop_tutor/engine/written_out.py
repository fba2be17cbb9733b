"""Formulas with every custom and every composed function replaced by what it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import FormulaError
from ..formulas import functions as table
from ..formulas.expression import (
    Call,
    Constant,
    Element,
    Expression,
    Group,
    Name,
    Negative,
    Number,
    Product,
    Sum,
    children,
    transform,
    ungrouped,
    walk,
)
from ..formulas.parse import parse
from ..values import Struct

Indices: TypeAlias = NDArray[np.int64]
Shape: TypeAlias = tuple[int, ...]

MAX_WRITTEN_OUT = 5_000  # pieces of one formula with its functions written out
MAX_WRITTEN_DEPTH = 170  # and how deep they nest


class CustomFunction(Struct, frozen=True):
    """A function that a scenario defines: its parameters and its formula."""

    name: str
    parameters: tuple[str, ...]
    body: Expression


def expanded(node: Expression, custom: Mapping[str, CustomFunction], limited: bool = True) -> Expression:
    """The formula with every custom and every composed function replaced by what it stands for.

    FormulaError for a wrong number of arguments and, unless the formula has been checked before (`limited` False),
    where functions of functions of functions grow beyond all bounds.
    """

    def replace_call(part: Expression) -> Expression:
        if not isinstance(part, Call) or part.primes:
            return part
        check_arity(part, custom)
        own = custom.get(part.function)
        abbreviation = table.composed(part.function, len(part.arguments))
        if own is not None:
            out = substitute(own.body, dict(zip(own.parameters, part.arguments, strict=True)))
        elif abbreviation is not None:
            body = parse(abbreviation.body)
            out = substitute(body, dict(zip(abbreviation.parameters, part.arguments, strict=True)))
        else:
            return part
        if limited:
            _check_size(out, part)
        return out

    out = transform(node, replace_call)
    if limited:
        _check_size(out, node)
    return out


def _check_size(node: Expression, blamed: Expression) -> None:
    """FormulaError where a written-out formula has too many pieces; counts no further than the limit."""
    count = 0
    stack = [(node, 1)]
    while stack:
        part, depth = stack.pop()
        count += 1
        if count > MAX_WRITTEN_OUT or depth > MAX_WRITTEN_DEPTH:
            limit = f"nests deeper than {MAX_WRITTEN_DEPTH}" if depth > MAX_WRITTEN_DEPTH else (
                f"has more than {MAX_WRITTEN_OUT} pieces"
            )  # fmt: skip
            raise FormulaError(
                f"with its functions written out, this formula {limit}", *blamed.span, "too large",
                "give the inner part an equation of its own",
            )  # fmt: skip
        stack.extend((inner, depth + 1) for inner in children(part))


def arity_faults(node: Expression, custom: Mapping[str, CustomFunction]) -> Iterator[FormulaError]:
    """Every call with too many or too few arguments, of the functions that are known."""
    for part in walk(node):
        known = isinstance(part, Call) and (part.function in custom or part.function in table.NAMES)
        if isinstance(part, Call) and known and (fault := arity_fault(part, custom)):
            yield fault


def check_arity(node: Call, custom: Mapping[str, CustomFunction]) -> None:
    """FormulaError where a function is called with too many or too few arguments."""
    if fault := arity_fault(node, custom):
        raise fault


def arity_fault(node: Call, custom: Mapping[str, CustomFunction]) -> FormulaError | None:
    """What is wrong with the number of a call's arguments."""
    own, row, count = custom.get(node.function), table.table().get(node.function), len(node.arguments)
    general = isinstance(row, table.Primitive) and row.general is not None  # may have a number of its own
    many = node.function in ("max", "min") or table.REARRANGEMENTS.get(node.function, 1) is None
    if own is None and node.function in table.WINDOWS:
        least, most = table.WINDOWS[node.function]
        if least <= count <= most:
            return None
        said = f"'{node.text or node.function}' takes {least} to {most} arguments, not {count}"
        return FormulaError(said, *node.span, f"{least} needed")
    if own is None and (many or (general and count == 2)):
        return None
    written = own or row
    expected = len(written.parameters) if isinstance(written, (CustomFunction, table.Composed)) else (
        _ARGUMENTS.get(node.function, 1)
    )  # fmt: skip
    if count == expected:
        return None
    help = _HELP.get((node.function, count), "")
    axis = ungrouped(node.arguments[1]) if count == 2 else None
    axis = axis.operand if isinstance(axis, Negative) else axis
    if (
        isinstance(row, table.Reduction)
        and isinstance(axis, Number)
        and axis.value in (0, 1)
        and f"row_{row.name}" in table.ALONG
    ):
        help = f"over each row write row_{row.name}(A), over each column column_{row.name}(A)"
    elif isinstance(row, table.Reduction) and expected == 1:
        help = f"for several numbers write a list: {node.text}([a, b])"
    said = f"'{node.text or node.function}' takes {expected} argument{'s' if expected > 1 else ''}, not {count}"
    return FormulaError(said, *node.span, f"{expected} needed", help)


def recognised(node: Expression) -> Expression:
    """1/(1 + exp(-z)) read as the sigmoid it is: finite at any z, and its derivative is a·(1 − a)."""

    def change(part: Expression) -> Expression:
        if not (isinstance(part, Product) and len(part.factors) == 2):
            return part
        (_, one), (how, below) = part.factors
        total = ungrouped(below)
        if how != "/" or ungrouped(one) != _ONE or not isinstance(total, Sum) or len(total.terms) != 2:
            return part
        for first, second in (total.terms, total.terms[::-1]):
            if first == (1, _ONE) and second[0] > 0 and isinstance(second[1], Call) and second[1].function == "exp":
                inner = ungrouped(second[1].arguments[0])
                if isinstance(inner, Negative):
                    return Call("sigmoid", (inner.operand,), 0, "sigmoid", part.span)
        return part

    return transform(node, change)


_ONE = Number("1", Fraction(1))
_HELP = {("log", 2): "to another base it is log(x)/log(base)"}
_ARGUMENTS = {"xlogy": 2, "outer": 2, "where": 3}


def substitute(body: Expression, values: Mapping[str, Expression]) -> Expression:
    """The formula with names replaced; what is put in is bracketed where it is more than one piece."""

    def put(part: Expression) -> Expression:
        if isinstance(part, Name) and part.name in values:
            value = values[part.name]
            return value if isinstance(value, (Name, Element, Number, Group, Call, Constant)) else Group(value)
        return part

    return transform(body, put)
