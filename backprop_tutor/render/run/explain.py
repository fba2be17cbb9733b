"""`--grad NAME`: one derivative explained in full, between any two quantities of the network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...engine.check import check_gradients
from ...engine.graph import Graph
from ...errors import Problem, RequestError
from ...formulas.digits import short
from ...formulas.notation import folded
from ...lesson.steps import AdjointStep
from ..equations import heading, laid_out, measure
from ..lines import Block, Line, aligned, left, line, width_of, worded
from . import adjoints, local, paths, update
from .pen import Pen

MAX_EDGES = 40  # local derivatives listed; of more only those on the paths shown
MAX_WITNESSED = 400  # edges that SymPy is asked for
SYMBOLIC_GAP = 1e-9  # relative; SymPy's numbers and the engine's differ by rounding only

_LOSS_NAMES = ("L", "E", "J", "C", "loss", "Loss", "error")


@dataclass(frozen=True, slots=True)
class Derivative:
    """d(of)/d(by), node numbers."""

    of: int
    by: int


def requested(graph: Graph, text: str) -> Derivative:
    """`w11`, `dLoss/dw11`, `∂o1/∂w11`, `dL/dw11` (L for the loss of whatever name). RequestError if it isn't there."""
    text = re.sub(r"\s+", "", text)
    above, slash, below = text.partition("/")
    if not slash or graph.find(text) is not None:
        return Derivative(graph.loss, _named(graph, text))
    of = _differential(graph, above, loss=True)
    return Derivative(of, _differential(graph, below, loss=False))


def _differential(graph: Graph, text: str, loss: bool) -> int:
    bare = text[1:] if text[:1] in ("d", "∂", "δ") else text
    found = _lookup(graph, bare)
    if found is None and loss and bare in _LOSS_NAMES:
        found = graph.loss
    if found is None:
        found = _lookup(graph, text)
    return graph.id(bare or text) if found is None else found


def _named(graph: Graph, text: str) -> int:
    found = _lookup(graph, text)
    if found is None and text[:1] == "∂":
        found = _lookup(graph, text[1:])
    return graph.id(text) if found is None else found


def _lookup(graph: Graph, name: str) -> int | None:
    """By the exact name, else by another spelling of just one: `w_11`, `w_{11}`."""
    exact = graph.find(name)
    if exact is not None or not name:
        return exact
    wanted = folded(name)
    same = [known for known in graph.some_names() if folded(known) == wanted]
    return graph.id(same[0]) if len(same) == 1 else None


def parts(pen: Pen, wanted: Derivative) -> Iterator[Block]:
    """The derivative along every path, its factors, the recursive view, the witnesses, the update."""
    here = pen if wanted.of == pen.graph.loss else pen.towards(wanted.of)
    count = here.trace.path_count(wanted.by)
    if wanted.of == wanted.by or not count:
        yield trivial(here, wanted)
        return
    yield from _titled(here, paths.gradients(here, [wanted.by]), "Chain rule", "along every path")
    edges = between(here, wanted)
    rows = local.titled_rows(here, edges)
    columns = measure(rows, here.width)
    yield from _titled(
        here, laid_out(rows, here.width, columns), "Its factors", "", tuple(local.titles(columns, here)), space=False
    )
    upstream = [step for step in recursive(here, edges) if not only_a_factor(here, step)]
    rows = adjoints.rows_of(here, upstream)
    yield from _titled(here, laid_out(rows, here.width), "Recursively", "each upstream gradient once", space=False)
    if not pen.symbolic:
        yield witnessed(here, wanted, edges)
        if wanted.of == pen.graph.loss and pen.graph.node(wanted.by).kind == "parameter":
            yield from update.of(pen, wanted.by)


def _titled(
    pen: Pen, blocks: Iterator[Block], title: str, note: str, below: Sequence[Line] = (), space: bool = True
) -> Iterator[Block]:
    """The blocks with a heading above the first; `space`: that one begins with an empty line, which goes."""
    for i, block in enumerate(blocks):
        above = [line(), *heading(title, note, pen.width, pen.glyphs.dash), *below] if i == 0 else []
        lines = block.lines[1:] if i == 0 and space else block.lines
        yield Block([*above, *lines])


def trivial(pen: Pen, wanted: Derivative) -> Block:
    """A derivative without a path: 1 by itself, else 0."""
    name = pen.derivative(wanted.of, wanted.by)
    of, by = pen.name(wanted.of), pen.name(wanted.by)
    value, why = ("1", "a quantity by itself") if wanted.of == wanted.by else ("0", f"no path leads from {by} to {of}")
    return Block([line(), line((name, "name"), (" = ", "rule"), (value, "result"), "  ", (why, "note"))])


def between(pen: Pen, wanted: Derivative) -> list[tuple[int, int]]:
    """The edges on the paths, from the result down; of very many those of the largest paths."""
    users = paths.users_of(pen)
    if pen.trace.path_count(wanted.by) <= paths.MAX_PATHS:
        found: dict[tuple[int, int], None] = {}
        for path in pen.trace.paths(wanted.by, paths.MAX_PATHS):
            found.update(dict.fromkeys(zip(path.nodes[1:], path.nodes, strict=False)))
    else:
        found = {}
        stack, seen = [wanted.by], {wanted.by}
        while stack and len(found) <= MAX_EDGES:
            node = stack.pop()
            for user in users(node):
                found[user, node] = None
                if user not in seen:
                    seen.add(user)
                    stack.append(user)
        if len(found) > MAX_EDGES:
            found = {}
            for path in pen.trace.paths(wanted.by, 3):
                found.update(dict.fromkeys(zip(path.nodes[1:], path.nodes, strict=False)))
    levels = pen.graph.levels
    return sorted(found, key=lambda edge: (-int(levels[edge[0]]), edge[0], edge[1]))


def recursive(pen: Pen, edges: list[tuple[int, int]]) -> Iterator[AdjointStep]:
    """The adjoints of every quantity on the way, from the result down to the one asked for."""
    nodes = {operand for _, operand in edges}
    for node in sorted(nodes, key=lambda n: (-int(pen.graph.levels[n]), n)):
        uses = sum(result == node for result, _ in edges)
        yield AdjointStep(pen.graph.node(node), pen.trace.contributions(node), pen.trace.gradient(node), uses)


def only_a_factor(pen: Pen, step: AdjointStep) -> bool:
    """Is this adjoint nothing but a local derivative of the result, listed among the factors?"""
    return all(c.result == pen.graph.loss for c in step.contributions)


Witness: TypeAlias = tuple[str, str, "tuple[str, str] | None"]  # its name, its number, the verdict


def witnesses(pen: Pen, wanted: Derivative, edges: list[tuple[int, int]]) -> list[Witness]:
    """The derivative three ways: the engine's rules, SymPy's derivatives of every formula, the finite difference."""
    from ...lesson.symbolic import witness

    value = pen.trace.gradient(wanted.by)
    [check] = check_gradients(pen.trace, [wanted.by], pen.options.method, pen.options.h)
    found: list[Witness] = [("the rules of this program", pen.number(value), None)]
    complete = {operand for _, operand in edges}
    if len(edges) <= MAX_WITNESSED and sum(len(pen.trace.contributions(node)) for node in complete) == len(edges):
        slopes = {wanted.of: 1.0}
        for result, operand in edges:
            slope = witness(pen.graph.node_formula(result), pen.graph.name(operand), pen.trace.value)
            slopes[operand] = slopes.get(operand, 0.0) + slopes[result] * slope
        symbolic = slopes[wanted.by]
        agrees = abs(symbolic - value) <= SYMBOLIC_GAP * max(abs(symbolic), abs(value))
        found.append(("SymPy's derivatives of the formulas", pen.number(symbolic), pen.mark(agrees)))
    label = f"{pen.options.method} difference, step {short(check.step)}"
    return [*found, (label, pen.difference(check), pen.check_mark(check))]


def witnessed(pen: Pen, wanted: Derivative, edges: list[tuple[int, int]]) -> Block:
    """The three ways under each other."""
    rows = witnesses(pen, wanted, edges)
    numbers = aligned([number for _, number, _ in rows])
    wide = max(width_of(label) for label, _, _ in rows)
    stacked = 2 + wide + 3 + width_of(numbers[0]) + 6 > pen.width
    block = Block([line(), *heading("Three ways", "which share no derivative rule", pen.width, pen.glyphs.dash)])
    for (label, _, mark), number in zip(rows, numbers, strict=True):
        if stacked:
            block.extend(line("  ", (text, "note")) for text in worded(label, pen.width - 2))
            block.add("  ", ("= ", "rule"), (number.strip(), "result"), " ", mark or ("", "text"))
        else:
            block.add("  ", (left(label, wide), "note"), (" = ", "rule"), (number, "result"), " ", mark or ("", "text"))
    return block


def wanted_of(graph: Graph, grads: tuple[str, ...]) -> list[Derivative]:
    """All that was asked for; RequestError naming everything that isn't there."""
    found: list[Derivative] = []
    problems: list[Problem] = []
    for text in grads:
        try:
            found.append(requested(graph, text))
        except RequestError as error:
            problems += error.problems
    if problems:
        raise RequestError(*problems)
    return found
