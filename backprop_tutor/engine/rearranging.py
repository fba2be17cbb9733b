"""What only moves elements: lists, joins, transposes, parts of arrays. Each is one rule over places.

A rule gets the places of its operands' elements, numbered one operand behind the other, and gives the places in the
shape of its result. So whoever unrolls (node numbers, formulas, shapes) shares it. `origin` follows such operations
into each other, down to the formulas that are more than a rearrangement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..errors import FormulaError
from ..formulas import functions as table
from ..formulas.expression import Bracketed, Call, Element, Expression, Indexed, Number, Range, ungrouped
from ..scenario.types import MAX_DIMENSIONS
from ..values import Struct

Shape: TypeAlias = tuple[int, ...]
Places: TypeAlias = NDArray[np.int64]
Rearranging: TypeAlias = Bracketed | Indexed | Call
Rules: TypeAlias = Mapping[str, Callable[[Call, Sequence[Places]], Places]]  # of the functions that move elements


class Origin(Struct, frozen=True):
    """Where the elements of a rearrangement come from: `which` of the formulas, and which `cell` of that one, counted
    in row-major order; both in the shape of the result."""

    formulas: tuple[Expression, ...]
    which: Places
    cell: Places


def shape_text(shape: Shape) -> str:
    """(3,) as '3', (2, 4) as '2×4', () as 'a number'."""
    return "×".join(map(str, shape)) if shape else "a number"


def rearranges(node: Expression) -> TypeGuard[Rearranging]:
    """Does this formula only move elements?"""
    if isinstance(node, Call):
        return not node.primes and node.function in table.REARRANGEMENTS
    return isinstance(node, (Bracketed, Indexed))


def operands(node: Rearranging) -> tuple[Expression, ...]:
    """What is moved."""
    match node:
        case Bracketed(items):
            return items
        case Indexed(operand):
            return (operand,)
        case Call("reshape", arguments):
            return arguments[:1]
        case Call(_, arguments):
            return arguments


def origin(node: Expression, shape_of: Callable[[Expression], Shape], rules: Rules) -> Origin:
    """Where each element comes from; FormulaError where the operands do not fit."""
    node = ungrouped(node)
    if not rearranges(node):
        shape = shape_of(node)
        return Origin((node,), np.zeros(shape, np.int64), np.arange(math.prod(shape)).reshape(shape))
    found = [origin(operand, shape_of, rules) for operand in operands(node)]
    places, which, cells, first, count = [], [], [], 0, 0
    for one in found:
        places.append(np.arange(first, first + one.cell.size).reshape(one.cell.shape))
        which.append(one.which.ravel() + count)
        cells.append(one.cell.ravel())
        first += one.cell.size
        count += len(one.formulas)
    moved = rearranged(node, places, rules)
    formulas = tuple(formula for one in found for formula in one.formulas)
    return Origin(formulas, np.concatenate(which)[moved], np.concatenate(cells)[moved])


def rearranged(node: Rearranging, places: Sequence[Places], rules: Rules) -> Places:
    """The places in the shape of the result; FormulaError where the operands do not fit."""
    match node:
        case Bracketed():
            return _listed(node, places)
        case Indexed(_, indices):
            return np.asarray(places[0][picked(indices, places[0].shape, "this", node)])
        case Call(function):
            return rules[function](node, places)


def fault(node: Expression, message: str, label: str = "", help: str = "") -> FormulaError:
    """What is wrong with a piece of a formula."""
    return FormulaError(message, *node.span, label, help)


def _shapes(places: Sequence[Places]) -> str:
    return " and ".join(dict.fromkeys(shape_text(one.shape) for one in places))


# ---------------------------------------------------------------- indices
def picked(indices: Sequence[int | Range], shape: Shape, name: str, node: Expression) -> tuple[int | slice, ...]:
    """NumPy's index for indices that count from 1 (from the end where they are negative), both ends included.

    Fewer indices than dimensions take all of the rest: W[2] is the second row of a matrix. FormulaError where there is
    no such element.
    """
    if not shape:
        raise fault(node, f"{name} is a single number", "no index here", "leave the index out")
    if len(indices) > len(shape):
        places = "one index" if len(shape) == 1 else f"{len(shape)} indices"
        said = f"{name} takes {places}, not {len(indices)}: its shape is {shape_text(shape)}"
        raise fault(node, said, f"{len(shape)} needed")

    def counted(place: int | None, otherwise: int, length: int) -> int:
        return otherwise if place is None else place if place > 0 else length + 1 + place

    found: list[int | slice] = []
    for index, length in zip(indices, shape, strict=False):
        one, two = (index, index) if isinstance(index, int) else (index.first, index.last)
        first, last = counted(one, 1, length), counted(two, length, length)
        if not 1 <= first <= last <= length:
            said = f"{name} has no such element: its shape is {shape_text(shape)}"
            raise fault(node, said, "out of range", "indices count from 1")
        found.append(slice(first - 1, last, index.step) if isinstance(index, Range) else first - 1)
    return tuple(found)


def part_of(node: Element, whole: Places) -> Places:
    """The places of a part of a named array."""
    return np.asarray(whole[picked(node.indices, whole.shape, f"'{node.name}'", node)])


# ---------------------------------------------------------------- rules
def _listed(node: Bracketed, places: Sequence[Places]) -> Places:
    if len({one.shape for one in places}) != 1:
        flat = max(one.ndim for one in places) < 2
        help = "concat( ) puts vectors and numbers one behind the other" if flat else ""
        raise fault(node, f"the entries of a list must have one shape, not {_shapes(places)}", "shapes differ", help)
    if places[0].ndim >= MAX_DIMENSIONS:
        raise fault(node, f"an array has {MAX_DIMENSIONS} dimensions at most", "too many")
    return np.stack(places)


def _transpose(node: Call, places: Sequence[Places]) -> Places:
    [matrix] = places
    if matrix.ndim != 2:
        help = "u^T v is dot(u, v), u v^T is outer(u, v)" if matrix.ndim == 1 else ""
        raise fault(node, "only a matrix has a transpose", f"shape {shape_text(matrix.shape)}", help)
    return matrix.T


def _concat(node: Call, places: Sequence[Places]) -> Places:
    for one, argument in zip(places, node.arguments, strict=True):
        if one.ndim > 1:
            help = "hstack( ) puts matrices side by side, vstack( ) one under the other, flatten( ) makes one a vector"
            raise fault(argument, "concat takes vectors and numbers", f"shape {shape_text(one.shape)}", help)
    return np.concatenate([one.ravel() for one in places])


def _joined(node: Call, places: Sequence[Places], axis: int) -> Places:
    """Matrices side by side (axis 1) or one under the other (axis 0)."""
    for one, argument in zip(places, node.arguments, strict=True):
        if one.ndim != 2:
            help = "for vectors and numbers write concat( )" if axis else "for rows of equal length write [u, v]"
            raise fault(argument, f"{node.function} takes matrices", f"shape {shape_text(one.shape)}", help)
    if len({one.shape[1 - axis] for one in places}) != 1:
        what = "rows" if axis else "columns"
        raise fault(node, f"{node.function} needs as many {what} in each: shapes {_shapes(places)}", "shapes differ")
    return np.concatenate(places, axis)


def _reshape(node: Call, places: Sequence[Places]) -> Places:
    lengths = []
    for argument in node.arguments[1:] or (node,):
        length = ungrouped(argument)
        if not isinstance(length, Number) or length.value.denominator != 1 or length.value < 1:
            said = "reshape needs the new lengths as whole numbers"
            raise fault(argument, said, "not a length", "write reshape(x, 2, 3)")
        lengths.append(int(length.value))
    if len(lengths) > MAX_DIMENSIONS:
        raise fault(node, f"an array has {MAX_DIMENSIONS} dimensions at most", "too many")
    if math.prod(lengths) != places[0].size:
        said = f"shape {shape_text(places[0].shape)} has not the elements of {shape_text(tuple(lengths))}"
        raise fault(node, said, f"{places[0].size} elements")
    return places[0].reshape(lengths)


def _column(node: Call, places: Sequence[Places]) -> Places:
    [vector] = places
    if vector.ndim != 1:
        raise fault(node, "column takes a vector", f"shape {shape_text(vector.shape)}")
    return vector[:, None]


def _diagonal(node: Call, places: Sequence[Places]) -> Places:
    [matrix] = places
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise fault(node, "only a square matrix has a diagonal", f"shape {shape_text(matrix.shape)}")
    return np.diagonal(matrix)


RULES: Rules = MappingProxyType(
    {
        "transpose": _transpose,
        "concat": _concat,
        "hstack": lambda node, places: _joined(node, places, 1),
        "vstack": lambda node, places: _joined(node, places, 0),
        "flatten": lambda node, places: places[0].ravel(),
        "reshape": _reshape,
        "column": _column,
        "diag": _diagonal,
    }
)
