"""The equation of an array as its author wrote it, once above its elements: in names, and in matrices of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...engine.array_shapes import Shapes
from ...engine.graph import Block as Quantity
from ...engine.graph import Graph
from ...engine.rearranging import picked
from ...formulas.expression import (
    Element,
    Expression,
    Group,
    MatrixProduct,
    Name,
    Product,
    Sum,
    transform,
    ungrouped,
    walk,
)
from ...formulas.typeset import to_text
from ...values import replace
from ..lines import Line, aligned, line, width_of, wrapped
from .pen import Pen

Nodes: TypeAlias = NDArray[np.int64]

MOST_ROWS = 8  # of a matrix that is written out
MARK = "\ue000"  # around the name of a matrix, in a formula that is spelt before its matrices are drawn


def uses_arrays(pen: Pen, quantity: Quantity) -> bool:
    """Is it computed by a formula of arrays, which says more than the formulas of its elements?"""
    if quantity.formula is None or quantity.given:
        return False
    return bool(quantity.shape) or bool(with_places(pen.graph, quantity.formula)[1])


def as_written(pen: Pen, quantity: Quantity) -> Expression:
    """The author's formula: intermediate results of it put back in their places."""
    assert quantity.formula is not None
    own = quantity.name.partition("#")[0]

    def put_back(part: Expression) -> Expression:
        inner = pen.graph.blocks.get(part.name) if isinstance(part, Name) else None
        if inner is None or inner.part_of != own or inner.formula is None:
            return part
        whole = transform(inner.formula, put_back)
        return Group(whole) if isinstance(whole, (Sum, Product, MatrixProduct)) else whole

    return with_signs(pen.graph, transform(quantity.formula, put_back))


def with_signs(graph: Graph, formula: Expression) -> Expression:
    """The formula with a sign of its own, ⊙, where the elements of two arrays are multiplied."""
    shapes = Shapes(graph.arrays, graph.custom)

    def change(part: Expression) -> Expression:
        if not isinstance(part, Product):
            return part
        factors, array = [], False
        for how, factor in part.factors:
            own = bool(shapes.shape(factor))
            factors.append(("⊙" if how == "*" and array and own else how, factor))
            array |= own
        return replace(part, factors=tuple(factors))

    return transform(formula, change) if shapes.has_arrays(formula) else formula


def lines_of(pen: Pen, quantity: Quantity, indent: int) -> list[Line]:
    """The equation in names, in numbers where they fit on the screen, and its result."""
    assert quantity.formula is not None
    name = pen.glyphs.text(quantity.name)
    room = pen.width - indent - width_of(name) - 3
    blank = " " * (indent + width_of(name))
    found: list[Line] = []
    for i, text in enumerate(wrapped(pen.formula(as_written(pen, quantity)), room)):
        front = ((" " * indent, "text"), (name, "name"), (" = ", "rule")) if i == 0 else ((blank + "   ", "text"),)
        found.append((*front, (text, "text")))
    drawn = [drawing(pen, quantity, result=not pen.symbolic)]
    if not fits(drawn[0], room) and not pen.symbolic:
        drawn = [drawing(pen, quantity, result=False), matrix(pen, nodes_of(quantity), lies(pen, quantity))]
    for rows in (one for one in drawn if fits(one, room)):
        middle = (len(rows) - 1) // 2
        for i, text in enumerate(rows):
            found.append(line((blank + (" = " if i == middle else "   "), "rule"), (text.rstrip(), "numbers")))
    return found


def fits(rows: Sequence[str], room: int) -> bool:
    return bool(rows) and width_of(rows[0]) <= room


def read_out(pen: Pen, quantity: Quantity) -> Iterator[str]:
    """The equation in names and how many elements follow, one fact a line."""
    name = pen.glyphs.text(quantity.name)
    yield f"{name} = {pen.formula(as_written(pen, quantity))}, {' by '.join(map(str, quantity.shape))} elements"


def with_places(graph: Graph, formula: Expression) -> tuple[Expression, list[Nodes]]:
    """The formula with a mark in the place of every array or part of one, and the nodes that stand there."""
    places: list[Nodes] = []

    def change(part: Expression) -> Expression:
        quantity = graph.blocks.get(part.name) if isinstance(part, (Name, Element)) else None
        if quantity is None or not quantity.shape:
            return part
        nodes = nodes_of(quantity)
        if isinstance(part, Element):
            nodes = np.asarray(nodes[picked(part.indices, quantity.shape, part.name, part)])
        if not nodes.shape:
            name = graph.name(int(nodes))  # x[-1] as it is called
            return Name(name, name)
        places.append(nodes)
        mark = f"{MARK}{len(places) - 1}{MARK}"
        return Name(mark, mark)

    return transform(formula, change), places


def nodes_of(quantity: Quantity) -> Nodes:
    """The nodes of a quantity, in its shape."""
    return np.arange(quantity.start, quantity.start + quantity.size).reshape(quantity.shape)


def drawing(pen: Pen, quantity: Quantity, result: bool) -> list[str]:
    """The formula with every matrix in rows of numbers, and its result; nothing where a matrix has too many rows."""
    assert quantity.formula is not None
    lying = lies(pen, quantity)
    formula, places = with_places(pen.graph, with_signs(pen.graph, quantity.formula))
    text = to_text(formula, pen.glyphs.style, lambda name: name if MARK in name else pen.value(pen.graph.id(name)))
    split = re.split(f"{MARK}(\\d+){MARK}", text)
    pieces = [
        matrix(pen, places[int(piece)], lying) if i % 2 else [pen.glyphs.text(piece)]
        for i, piece in enumerate(split)
        if piece
    ]
    if result:
        pieces += [[" = "], matrix(pen, nodes_of(quantity), lying)]
    return [] if not all(pieces) else beside(pieces)


def lies(pen: Pen, quantity: Quantity) -> bool:
    """Are vectors rows in this equation, as they are beside matrices of their rows, and left of a matrix multiplied?"""
    assert quantity.formula is not None
    if len(quantity.shape) > 1:
        return True
    lefts = [ungrouped(part.left) for part in walk(quantity.formula) if isinstance(part, MatrixProduct)]
    return any(
        isinstance(left, Name) and left.name in pen.graph.blocks and len(pen.graph.blocks[left.name].shape) == 1
        for left in lefts
    )


def matrix(pen: Pen, nodes: Nodes, lying: bool, spelt: Callable[[int], str] | None = None) -> list[str]:
    """The rows of an array's numbers, in brackets; a vector stands upright unless it lies. Nothing of a large one.

    `spelt` gives what stands at each place, where that isn't its value.
    """
    rows = rows_of(nodes, lying)
    if nodes.ndim > 2 or len(rows) > MOST_ROWS or len(rows[0]) > 2 * MOST_ROWS:
        return []
    columns = [aligned([(spelt or pen.value)(int(node)) for node in column]) for column in rows.T]
    return [f"[{'  '.join(row)}]" for row in zip(*columns, strict=True)]


def rows_of(nodes: Nodes, lying: bool) -> Nodes:
    """A matrix as it is; a vector as one row or as one column."""
    return nodes if nodes.ndim > 1 else nodes.reshape((1, -1) if lying else (-1, 1))


def beside(pieces: Sequence[Sequence[str]]) -> list[str]:
    """Pieces of several lines beside each other, the middle of each on one line."""
    height = max(map(len, pieces))
    middle = (height - 1) // 2
    columns = []
    for piece in pieces:
        above = middle - (len(piece) - 1) // 2
        wide = max(map(width_of, piece))
        column = [*[""] * above, *piece]
        column += [""] * (height - len(column))
        columns.append([text + " " * (wide - width_of(text)) for text in column])
    return ["".join(parts) for parts in zip(*columns, strict=True)]
