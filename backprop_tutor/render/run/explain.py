"""`--grad NAME`: one derivative explained in full, between any two quantities of the network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeAlias

from ...engine.check import THRESHOLD, check_gradients
from ...engine.graph import Graph
from ...errors import Problem, RequestError
from ...formulas.digits import counted, short
from ...formulas.notation import folded
from ...lesson.steps import AdjointStep
from ...lesson.third import SYMBOLIC_GAP, chained, exact
from ...values import Struct
from ..equations import Equation, heading, laid_out, lined_up, measure
from ..lines import Block, Line, aligned, left, length, line, width_of, worded
from . import adjoints, local, paths, update
from .pen import Pen

MAX_EDGES = 80  # local derivatives listed; of more only those on the largest paths
MAX_UPSTREAM = 80  # upstream gradients listed; of more the nearest ones
MANY_PATHS = 4  # with more of them the uses of the quantity are summed up first
MAX_USES = 24  # listed; of more the largest ones
LARGEST_PATHS = 3
MAX_WITNESSED = 400  # edges that SymPy is asked for

_LOSS_NAMES = ("L", "E", "J", "C", "loss", "Loss", "error")


class Derivative(Struct, frozen=True):
    """d(of)/d(by), node numbers."""

    of: int
    by: int


def requested(graph: Graph, text: str) -> Derivative:
    """`w11`, `δ_o1`, `dLoss/dw11`, `∂o1/∂w11`, `dL/dw11` (L for the loss of whatever name).

    RequestError if it isn't there.
    """
    text = re.sub(r"\s+", "", text)
    if graph.find(text) is None and not text.strip("/d∂δ"):
        name = graph.name(graph.sources()[0])
        raise RequestError(Problem(f"'{text}' names no quantity", help=f"name one, for example --grad {name}"))
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
    if found is None and (delta := re.match(r"∂|(?:δ|delta|d)_?", text)):
        found = _lookup(graph, text[delta.end() :])
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
    if rows := uses(here, wanted.by):
        note = f"one term for each quantity that {here.name(wanted.by)} is used in"
        yield from _titled(here, laid_out(rows, here.width), "Sum over its uses", note, space=False)
    yield from _titled(here, paths.gradients(here, [wanted.by]), "Chain rule", "along every path")
    edges = between(here, wanted)
    shown, note = factors(here, wanted, edges)
    rows = local.titled_rows(here, shown)
    columns = measure(rows, here.width)
    titles = tuple(local.titles(columns, here, rows))
    yield from _titled(here, laid_out(rows, here.width, columns), "Its factors", note, titles, space=False)
    upstream, note = recursive(here, edges, shown)
    rows = adjoints.rows_of(here, upstream)
    yield from _titled(here, laid_out(rows, here.width), "Recursively", note, space=False)
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


def uses(pen: Pen, by: int) -> list[Equation]:
    """Where there are many paths: the gradient as a sum over the quantities that use `by`, one row each, and the sum.

    A weight that every time step shares has one term a step here, however many paths there are.
    """
    terms = pen.trace.contributions(by)
    if pen.trace.path_count(by) <= MANY_PATHS or len(terms) < 2:
        return []
    listed = terms
    if len(terms) > MAX_USES:
        listed = tuple(sorted(terms, key=lambda term: -abs(term.product))[:MAX_USES])
    rows = [adjoints.use(pen, term) for term in listed]
    words = f"the sum of all {counted(len(terms))}"
    if len(listed) < len(terms):
        words += f"; {counted(len(terms) - len(listed))} small ones are not listed"
    if pen.symbolic:
        return rows
    return lined_up([*rows, Equation(pen.total(by), ((words, "note"),), pen.number(pen.trace.gradient(by)))])


def between(pen: Pen, wanted: Derivative) -> list[tuple[int, int]]:
    """The edges on all paths, from the result down."""
    users = paths.users_of(pen)
    found: list[tuple[int, int]] = []
    stack, seen = [wanted.by], {wanted.by}
    while stack:
        node = stack.pop()
        for user in users(node):
            found.append((user, node))
            if user not in seen:
                seen.add(user)
                stack.append(user)
    levels = pen.graph.levels
    return sorted(found, key=lambda edge: (-int(levels[edge[0]]), edge[0], edge[1]))


def factors(pen: Pen, wanted: Derivative, edges: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], str]:
    """The local derivatives that are listed, of very many those on the largest paths; and what is said of them."""
    if len(edges) <= MAX_EDGES:
        return list(edges), ""
    largest = pen.trace.paths(wanted.by, LARGEST_PATHS)
    on_paths = {edge for path in largest for edge in zip(path.nodes[1:], path.nodes, strict=False)}
    listed = [edge for edge in edges if edge in on_paths]
    which = "the first" if pen.symbolic else "the largest"
    note = f"{counted(len(listed))} of {counted(len(edges))}, those on {which} {len(largest)} paths"
    return listed, f"{note}; all: --part local"


def recursive(
    pen: Pen, edges: Sequence[tuple[int, int]], shown: Sequence[tuple[int, int]]
) -> tuple[list[AdjointStep], str]:
    """The adjoints of every quantity on the way, from the result down to the one asked for; and what is said of them.

    One that is nothing but a local derivative of the result, shown among the factors, is left out.
    """
    among = {operand for result, operand in shown if result == pen.graph.loss}
    nodes = []
    for node in sorted({operand for _, operand in edges}, key=lambda n: (-int(pen.graph.levels[n]), n)):
        if node not in among or len(pen.trace.contributions(node)) > 1:
            nodes.append(node)
    left_out = len(nodes) - MAX_UPSTREAM
    note = "each upstream gradient once"
    if left_out > 0:
        nodes = nodes[left_out:]
        note += f"; {counted(left_out)} nearer to {pen.name(pen.graph.loss)} are left out, all: --view adjoints"
    times_used = Counter(result for result, _ in edges)
    steps = [
        AdjointStep(pen.graph.node(node), pen.trace.contributions(node), pen.trace.gradient(node), times_used[node])
        for node in nodes
    ]
    return steps, note


Witness: TypeAlias = tuple[str, str, "tuple[str, str] | None", str]  # name, number, verdict, relative gap and threshold


def witnesses(pen: Pen, wanted: Derivative, edges: list[tuple[int, int]]) -> list[Witness]:
    """The derivative three ways: the engine's rules, SymPy's derivatives of every formula, the finite difference."""
    value = pen.trace.gradient(wanted.by)
    [check] = check_gradients(pen.trace, [wanted.by], pen.options.method, pen.options.h)
    found: list[Witness] = [("the rules of this program", pen.number(value), None, "")]
    if len(edges) > MAX_WITNESSED:
        found.append(("SymPy's derivatives of the formulas", f"{counted(len(edges))}: too many", None, ""))
    elif not pen.hides:  # else the paths of the samples that aren't shown are missing
        symbolic = chained(pen.trace, edges, partial(exact, pen.trace))[wanted.by]
        error = _gap(symbolic.relative_error, SYMBOLIC_GAP)
        found.append(
            ("SymPy's derivatives of the formulas", pen.number(symbolic.value), pen.mark(symbolic.agrees), error)
        )
    label = f"{pen.options.method} difference, step {short(check.step)}"
    error = "" if check.kink or check.undecided else _gap(check.relative_error, THRESHOLD[pen.options.method])
    return [*found, (label, pen.difference(check), pen.check_mark(check), error)]


def _gap(relative: float, threshold: float) -> str:
    return f"gap {short(relative)} {'<' if relative <= threshold else '>'} {short(threshold)}"


def witnessed(pen: Pen, wanted: Derivative, edges: list[tuple[int, int]]) -> Block:
    """The three ways under each other."""
    rows = witnesses(pen, wanted, edges)
    numbers = aligned([number for _, number, _, _ in rows])
    wide = max(width_of(label) for label, *_ in rows)
    stacked = 2 + wide + 3 + width_of(numbers[0]) + 6 > pen.width
    block = Block([line(), *heading("Three ways", "which share no derivative rule", pen.width, pen.glyphs.dash)])
    for (label, _, mark, error), number in zip(rows, numbers, strict=True):
        if stacked:
            block.extend(line("  ", (text, "note")) for text in worded(label, pen.width - 2))
            block.add("  ", ("= ", "rule"), (number.strip(), "result"), " ", mark or ("", "text"))
        else:
            block.add("  ", (left(label, wide), "note"), (" = ", "rule"), (number, "result"), " ", mark or ("", "text"))
        if error and length(block.lines[-1]) + 2 + width_of(error) <= pen.width:
            block.lines[-1] = (*block.lines[-1], ("  " + error, "note"))
        elif error:
            block.add("  ", (error, "note"))
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
