"""A network too large for steps: what there is, where the gradients are large, and how to see any one of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from math import floor, log10

import numpy as np

from ...engine.check import check_gradients
from ...engine.graph import Block as Quantity
from ...engine.trace import Values
from ...formulas.digits import counted
from ...formulas.typeset import derivative_text, to_text
from ...lesson.steps import forward_steps, multiplications
from ..equations import INDENT, Equation, heading, laid_out
from ..lines import Block, Line, aligned, left, line, right, width_of, worded
from ..tables import grid
from . import forward, length
from .array_equations import matrix, nodes_of
from .pen import Pen
from .summary import command
from .update import after_step, numbers_of

LARGE = 80  # numbers of an array that are listed
LISTED = 30  # quantities or arrays listed
LARGEST = 10  # gradients listed
CHECKED = 10  # more gradients checked, spread evenly
BAR = 40  # cells of the histogram's longest bar


def notice(pen: Pen) -> Block:
    """What is summed up, at the start."""
    said = length.sentence(pen.lengths, pen.short, pen.options)
    return Block([line(), *(line((text, "note")) for text in worded(said, pen.width))])


def _computed(pen: Pen) -> list[Quantity]:
    blocks = [b for b in pen.graph.blocks.values() if b.kind == "computed"]
    return [b for b in blocks if b.sample is None or b.sample in pen.samples]


def parts(pen: Pen, part: str) -> Iterator[Block]:
    """One part in a few lines."""
    if part == "forward":
        yield values(pen)
    elif part == "local":
        yield locals_(pen)
    elif part == "backward" and pen.symbolic:
        yield unworked(pen)
    elif part == "backward":
        few = matrices(pen)
        yield few or arrays(pen)
        yield largest(pen)
        if few is None:
            yield histogram(pen)
    elif pen.trace.updates:
        assert pen.graph.rule is not None
        numbers = ", ".join(numbers_of(pen, pen.graph.rule))
        yield Block([line(), *heading("Update", numbers, pen.width, pen.glyphs.dash)])
        if not pen.symbolic:
            yield after_step(pen)


def values(pen: Pen) -> Block:
    """Every quantity with its formula and the range of its values; a few elements written out."""
    blocks = _computed(pen)
    note = f"{len(blocks)} quantities, {counted(sum(b.size for b in blocks))} numbers"
    block = Block([line(), *heading("Forward", note, pen.width, pen.glyphs.dash)])
    shown = blocks if len(blocks) <= LISTED else [*blocks[: LISTED // 2], *blocks[-LISTED // 2 :]]
    rows = [_row(pen, quantity) for quantity in shown]
    for row in laid_out(rows, pen.width):
        block.extend(row.lines)
    if len(shown) < len(blocks):
        words = f"({len(blocks) - len(shown)} quantities between these are left out)"
        block.extend(line("  ", (text, "note")) for text in worded(words, pen.width - 2))
    if pen.symbolic:
        return block
    firsts = [b.start for b in shown if b.size > 1][:3]
    spread = [b.start + b.size // 2 for b in shown]
    steps = forward_steps(pen.trace, list(dict.fromkeys([*firsts, *spread])))
    written = [forward.row(pen, step) for step in steps]
    written = [row for row, step in zip(written, steps, strict=True) if step.node.id in firsts]
    if written:
        block.add()
        block.add("  ", ("one element of each, written out:", "note"))
        for row in laid_out([_unnumbered(row) for row in written], pen.width):
            block.extend(row.lines)
    return block


def _unnumbered(row: Equation) -> Equation:
    return Equation(row.name, row.steps, row.value, row.other, row.mark)


def _row(pen: Pen, quantity: Quantity) -> Equation:
    assert quantity.formula is not None
    formula = pen.glyphs.text(to_text(quantity.formula, pen.glyphs.style))
    name = pen.glyphs.text(quantity.name)
    if pen.symbolic:
        return Equation(name, ((formula, "text"),))
    if not quantity.shape:
        return Equation(name, ((formula, "text"),), pen.number(pen.trace.value(quantity.start)))
    return Equation(name, ((formula, "text"),), note=_range(pen, quantity, pen.trace.values))


def _range(pen: Pen, quantity: Quantity, numbers: Values) -> str:
    part = numbers[quantity.start : quantity.start + quantity.size]
    return f"{_shape(quantity)}: {pen.number(float(part.min()))} to {pen.number(float(part.max()))}"


def _shape(quantity: Quantity) -> str:
    return " by ".join(map(str, quantity.shape)) or "1"


def locals_(pen: Pen) -> Block:
    """How many local derivatives there are, and what reuse saves."""
    count = len(pen.graph.edges[0])
    block = Block([line(), *heading("Local derivatives", f"{counted(count)} of them", pen.width, pen.glyphs.dash)])
    saved = multiplications(pen.trace)
    words = (
        f"{counted(saved.by_adjoints)} multiplications give every gradient when each upstream gradient is calculated "
        f"once; path by path it would be {counted(saved.by_paths)}."
    )
    block.extend(line("  ", (text, "note")) for text in worded(words, pen.width - 2))
    return block


def unworked(pen: Pen) -> Block:
    """How many gradients there are, where there are no numbers to say more."""
    count = len(pen.graph.sources())
    block = Block([line(), *heading("Gradients", f"{counted(count)} parameters", pen.width, pen.glyphs.dash)])
    block.extend(line("  ", (text, "note")) for text in worded(one_in_full(pen), pen.width - 2))
    return block


def one_in_full(pen: Pen, node: int | None = None) -> str:
    """The command that explains one gradient."""
    node = pen.graph.sources()[0] if node is None else node
    run = f"{command(pen.graph, pen.options)} --grad {shlex.quote(pen.name(node))}"
    return f"Any one in full: {pen.glyphs.text(run)}"


def arrays(pen: Pen) -> Block:
    """The gradients of every parameter array in one line."""
    found = [b for b in pen.graph.blocks.values() if b.kind == "parameter"]
    count = sum(b.size for b in found)
    block = Block([line(), *heading("Gradients", f"{counted(count)} parameters", pen.width, pen.glyphs.dash)])
    rows = []
    for quantity in found[:LISTED]:
        part = np.abs(pen.trace.adjoints[quantity.start : quantity.start + quantity.size])
        at = quantity.start + int(np.argmax(part))
        mean = float(np.sqrt(np.mean(part**2)))
        zeros = int((part == 0).sum())
        numbers = [pen.number(mean), pen.number(float(part.max()))]
        rows.append([pen.glyphs.text(quantity.name), _shape(quantity), *numbers, pen.name(at), str(zeros)])
    block.extend(
        grid(
            ["", "size", "root mean square", "largest", "at", "zeros"],
            rows,
            pen.width,
            names=True,
            plain=pen.screen.plain,
        )
    )
    if len(found) > LISTED:
        block.add("  ", (f"and {len(found) - LISTED} more", "note"))
    return block


def matrices(pen: Pen) -> Block | None:
    """Every gradient, those of an array as a matrix; None where there are too many, or where one is too wide."""
    found = [b for b in pen.graph.blocks.values() if b.kind == "parameter"]
    count = sum(b.size for b in found)
    if count > LARGE or pen.screen.plain:
        return None
    block = Block([line(), *heading("Gradients", f"{counted(count)} parameters", pen.width, pen.glyphs.dash)])
    for quantity in found:
        nodes = nodes_of(quantity)
        name = derivative_text(pen.name(pen.graph.loss), pen.glyphs.text(quantity.name), pen.glyphs.style)
        rows = matrix(pen, nodes, True, lambda node: pen.number(float(pen.trace.adjoints[node])))
        if not quantity.shape:
            rows = [pen.number(float(pen.trace.adjoints[quantity.start]))]
        if not rows or INDENT + width_of(name) + 3 + width_of(rows[0]) > pen.width:
            return None
        for i, row in enumerate(rows):
            front = ((name, "name"), (" = ", "rule")) if i == 0 else ((" " * (width_of(name) + 3), "text"),)
            block.add(" " * INDENT, *front, (row, "result" if len(rows) == 1 else "numbers"))
    return block


def _chosen(pen: Pen) -> tuple[list[int], list[int]]:
    """The parameters with the largest gradients, and some others spread evenly."""
    sources = np.array(pen.graph.sources())
    order = np.argsort(-np.abs(pen.trace.adjoints[sources]), kind="stable")
    most = sources[order[:LARGEST]].tolist()
    rest = sources[order[LARGEST:]]
    spread = rest[np.unique(np.linspace(0, len(rest) - 1, CHECKED).astype(int))].tolist() if len(rest) else []
    return most, spread


def largest(pen: Pen) -> Block:
    """The largest gradients, each beside its finite difference and the number of its paths."""
    most, spread = _chosen(pen)
    checks = check_gradients(pen.trace, [*most, *spread], pen.options.method, pen.options.h)
    for node, check in zip([*most, *spread], checks, strict=True):
        pen.checked(check, node)
    rows = []
    for node, check in zip(most, checks, strict=False):
        numbers = [pen.number(check.value), pen.difference(check)]
        rows.append([pen.total(node), *numbers, pen.check_mark(check)[0], counted(pen.trace.path_count(node))])
    block = Block([line(), *heading("The largest", "", pen.width, pen.glyphs.dash)])
    block.extend(grid(["", "gradient", "difference", "", "paths"], rows, pen.width, names=True, plain=pen.screen.plain))
    block.extend(line("  ", (text, "note")) for text in worded(one_in_full(pen, most[0]), pen.width - 2))
    return block


def histogram(pen: Pen) -> Block:
    """How many gradients there are of each power of ten."""
    sizes = np.abs(pen.trace.adjoints[np.array(pen.graph.sources())])
    live = sizes[sizes > 0]
    block = Block([line(), *heading("Sizes of the gradients", "", pen.width, pen.glyphs.dash)])
    powers = np.floor(np.log10(live)).astype(int)
    rows = [(f"1e{p} to 1e{p + 1}", int((powers == p).sum())) for p in sorted(set(powers.tolist()), reverse=True)]
    if len(rows) > 12:
        low = int(np.sum(powers < powers.max() - 10))
        rows = [*rows[:11], (f"below 1e{floor(log10(live.max())) - 10}", low)]
    if len(live) < len(sizes):
        rows.append(("0", len(sizes) - len(live)))
    if pen.screen.plain:
        block.extend(line(f"{size}: {count}") for size, count in rows)
    else:
        block.extend(bars(rows, pen.width, pen.glyphs.full))
    return block


def bars(rows: Sequence[tuple[str, int]], width: int, full: str) -> Iterator[Line]:
    """Counts as horizontal bars."""
    label = max(width_of(text) for text, _ in rows)
    counts = aligned([str(count) for _, count in rows])
    room = max(1, min(BAR, width - 2 - label - 2 - width_of(counts[0]) - 2))
    most = max(count for _, count in rows)
    for (text, count), shown in zip(rows, counts, strict=True):
        bar = full * (max(1, round(room * count / most)) if count else 0)
        yield line("  ", (left(text, label), "note"), "  ", (right(shown, 1), "text"), "  ", (bar, "path"))
