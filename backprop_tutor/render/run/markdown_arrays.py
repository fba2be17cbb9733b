"""Arrays of the Markdown lesson: those that are given, and the equations of those that are computed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...engine.graph import Block as Quantity
from ...formulas.typeset import to_latex
from . import array_equations
from .array_equations import MARK, Nodes
from .latex_text import display

if TYPE_CHECKING:
    from .markdown import Page

LARGE_ARRAY = 80


def given(page: Page, quantity: Quantity) -> Iterator[str]:
    """A given array, as a matrix where it is small."""
    name = page.name(quantity.name)
    if quantity.size > LARGE_ARRAY or len(quantity.shape) > 2:
        shape = r" \times ".join(map(str, quantity.shape))
        yield rf"${name}$ ({quantity.role}) is an array of ${shape}$ numbers."
        return
    first, last = page.node(quantity.start), page.node(quantity.start + quantity.size - 1)
    elements = f"elements ${first}$ to ${last}$" if quantity.size > 1 else f"one element ${first}$"
    why = f" ({page.reason(quantity.start)})" if page.graph.assumed(quantity.start) else ""
    yield f"{quantity.role.capitalize()} ${name}$ with the {elements}{why}:"
    yield f"$$\n{name} = {matrix(page, array_equations.nodes_of(quantity))}\n$$"


def matrix(page: Page, nodes: Nodes, lying: bool = False) -> str:
    """The numbers of an array of one or two dimensions; a vector stands upright unless it lies."""
    rows = (" & ".join(page.value(int(node)) for node in row) for row in array_equations.rows_of(nodes, lying))
    whole = r" \\ ".join(rows)
    return rf"\begin{{pmatrix}} {whole} \end{{pmatrix}}"


def written(page: Page, quantity: Quantity) -> str:
    """The author's formula; an element of an array by its own name."""

    def name(text: str) -> str:
        node = page.graph.find(text)
        return page.name(text) if node is None else page.node(node)

    return page.bounded(array_equations.as_written(page.pen, quantity), name)


def equation(page: Page, quantity: Quantity) -> str:
    """The equation as its author wrote it, and with the matrices' numbers put in where these are few."""
    assert quantity.formula is not None
    lying = array_equations.lies(page.pen, quantity)
    lines = [f"{page.name(quantity.name)} &= {written(page, quantity)}"]
    shown = array_equations.with_signs(page.graph, quantity.formula)
    formula, places = array_equations.with_places(page.graph, shown)
    numbers = to_latex(formula, lambda name: name if MARK in name else page.value(page.graph.id(name)))
    result = array_equations.nodes_of(quantity)
    if all(nodes.size <= LARGE_ARRAY and nodes.ndim <= 2 for nodes in (*places, result)):
        drawn = [matrix(page, nodes, lying) for nodes in places]
        numbers = re.sub(f"{MARK}(\\d+){MARK}", lambda match: drawn[int(match[1])], numbers)
        lines.append(f"&= {numbers}" + ("" if page.symbolic else f" = {matrix(page, result, lying)}"))
    return display(lines)
