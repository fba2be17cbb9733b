"""The title, and what is given: inputs, parameters, targets and rate; what the document doesn't state is marked."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.graph import Block as Quantity
from ...formulas.digits import spelt
from ...formulas.expression import Call, Name
from ...formulas.typeset import to_text
from ..equations import heading
from ..lines import Block, Line, Piece, left, line, width_of, worded, wrapped
from .array_equations import matrix, nodes_of
from .pen import Pen

LARGE_ARRAY = 80
_GROUPS = (("input", "inputs"), ("constant", "constants"), ("parameter", "parameters"), ("target", "targets"))


def title(pen: Pen) -> Block:
    """The scenario's name and title, what it is about, and its document."""
    scenario = pen.graph.scenario
    name = pen.glyphs.text(scenario.name)
    block = Block()
    words = worded(pen.glyphs.text(scenario.title), max(20, pen.width - width_of(name) - 2))
    if width_of(name) + 2 + max(map(width_of, words)) > pen.width:
        block.add((name, "head"))
        block.extend(line(text) for text in worded(pen.glyphs.text(scenario.title), pen.width))
    else:
        block.add((name, "head"), "  ", words[0])
        block.extend(line(" " * (width_of(name) + 2), text) for text in words[1:])
    about = pen.glyphs.text(" ".join(scenario.about.split()))
    block.extend(line((text, "note")) for text in worded(about, pen.width) if text)
    return block


def parts(pen: Pen) -> Iterator[Block]:
    """The given numbers in columns, then every assumed one with its reason."""
    block = Block([line(), *heading("Given", "", pen.width, pen.glyphs.dash)])
    groups = [(label, [b for b in pen.graph.blocks.values() if b.role == role]) for role, label in _GROUPS]
    groups = [(label, [b for b in found if b.sample is None or b.sample in pen.samples]) for label, found in groups]
    labels = [label for label, found in groups if found] + ["functions"] * bool(pen.graph.custom)
    margin = 2 + max(map(len, labels)) + 2
    if pen.width < 48:
        margin = 4
    for label, found in groups:
        if found:
            block.extend(_group(pen, label, found, margin))
    if pen.graph.custom:
        lines = [line(text) for one in definitions(pen) for text in wrapped(one, pen.width - margin)]
        block.extend(_beside("functions", lines, margin))
    if rate := pen.rate:
        star = " *" if pen.graph.scenario.rate_assumed else ""
        block.extend(_beside("rate", [line(rate + star)], margin))
    block.extend(_assumed(pen))
    yield block


def definitions(pen: Pen) -> Iterator[str]:
    """The scenario's own functions as equations."""
    for one in pen.graph.custom.values():
        call = Call(one.name, tuple(Name(parameter, parameter) for parameter in one.parameters))
        style = pen.glyphs.style
        yield pen.glyphs.text(f"{to_text(call, style)} = {to_text(one.body, style)}")


def _beside(label: str, lines: list[Line], margin: int) -> Iterator[Line]:
    """The lines behind a label, or under it where there is no room."""
    if margin < len(label) + 3:
        yield line("  ", (label, "note"))
        label = ""
    for i, one in enumerate(lines):
        yield (*line(("  " + left(label if i == 0 else "", margin - 2), "note")), *one)


def _group(pen: Pen, label: str, found: list[Quantity], margin: int) -> Iterator[Line]:
    lines: list[Line] = []
    scalars: list[int] = []
    for quantity in found:
        if quantity.size > LARGE_ARRAY:
            lines += _grid(pen, scalars, pen.width - margin, 0)
            scalars = []
            lines += _range(pen, quantity, pen.width - margin)
        elif quantity.shape:
            lines += _grid(pen, scalars, pen.width - margin, 0)
            scalars = []
            nodes = list(range(quantity.start, quantity.start + quantity.size))
            room = pen.width - margin
            lines += _matrices(pen, quantity, room) or _grid(pen, nodes, room, quantity.shape[-1])
        else:
            scalars.append(quantity.start)
    lines += _grid(pen, scalars, pen.width - margin, 0)
    yield from _beside(label, lines, margin)


def _matrices(pen: Pen, quantity: Quantity, room: int) -> list[Line]:
    """`W = [0.1  0.2]` in rows, of three dimensions one matrix after another; nothing where that doesn't fit.

    Elements that have names of their own, or something to be said about them, are told one by one.
    """
    nodes = nodes_of(quantity)
    named = quantity.pattern is not None or pen.graph.assumed(quantity.start)
    if named or nodes.ndim > 3 or (pen.symbolic and any(_number(pen, int(node)) == "?" for node in nodes.flat)):
        return []
    name = pen.glyphs.text(quantity.name)
    matrices = [(name, nodes)] if nodes.ndim < 3 else [(f"{name}[{i}]", one) for i, one in enumerate(nodes, 1)]
    lines: list[Line] = []
    for label, one in matrices:
        rows = matrix(pen, one, True)
        if not rows or width_of(label) + 3 + width_of(rows[0]) > room:
            return []
        for i, row in enumerate(rows):
            front = ((label, "name"), (" = ", "rule")) if i == 0 else ((" " * (width_of(label) + 3), "text"),)
            lines.append(line(*front, (row, "text")))
    return lines


def _grid(pen: Pen, nodes: list[int], room: int, columns: int) -> list[Line]:
    """`w11 = 0.15` and so on in equal columns: a matrix's own where they fit, else as many as fit."""
    if not nodes:
        return []
    cells = [(pen.name(node), _number(pen, node)) for node in nodes]
    name = max(width_of(n) for n, _ in cells)
    value = max(width_of(v) for _, v in cells)
    wide = name + 3 + value + 3
    fitting = max(1, (room + 3) // wide)
    if not columns or columns > fitting:
        columns = min(fitting, 5)
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    return [line(*(p for cell in row for p in _cell(cell, name, value))) for row in rows]


def _cell(cell: tuple[str, str], name: int, value: int) -> tuple[Piece, ...]:
    return ((left(cell[0], name), "name"), (" = ", "rule"), (left(cell[1], value + 3), "text"))


def _number(pen: Pen, node: int) -> str:
    if pen.symbolic and pen.graph.typed(node) in (None, "?"):
        return "?"
    return pen.value(node) + (" *" if pen.graph.assumed(node) else "")


def _range(pen: Pen, quantity: Quantity, room: int) -> list[Line]:
    """A large array in one sentence."""
    values = pen.trace.values[quantity.start : quantity.start + quantity.size]
    shape = " by ".join(map(str, quantity.shape))
    low, high = float(values.min()), float(values.max())
    span = "unknown" if low != low else f"{pen.number(low)} to {pen.number(high)}"  # NaN is an unknown's number
    words = f"{shape} numbers, {span}"
    name = pen.glyphs.text(quantity.name)
    texts = worded(words, max(20, room - width_of(name) - 3))
    return [line((name if i == 0 else " " * width_of(name), "name"), "   ", text) for i, text in enumerate(texts)]


def _assumed(pen: Pen) -> Iterator[Line]:
    """Every value that the document doesn't state, with the reason; quantities with one reason share a line."""
    reasons: dict[str, list[str]] = {}
    scenario = pen.graph.scenario
    for quantity in pen.graph.blocks.values():
        if quantity.kind == "computed" or (quantity.sample is not None and quantity.sample not in pen.samples):
            continue
        if reason := pen.graph.assumed(quantity.start):
            label = pen.glyphs.text(quantity.name)
            if not quantity.shape:
                label += f" = {pen.value(quantity.start)}"
            reasons.setdefault(reason, []).append(label)
    if scenario.rate_assumed and not pen.symbolic:
        reasons.setdefault(scenario.rate_assumed, []).append(f"rate = {spelt(scenario.rate_text or '')}")
    if reasons:
        yield line()
        for text in worded("* assumed, the document doesn't state it:", pen.width - 2):
            yield line(("  " + text, "note"))
    for reason, names in reasons.items():
        label = ", ".join(names)
        lead = f"    {label}  "
        why = pen.glyphs.text(reason)
        if width_of(lead) + width_of(why) <= pen.width:
            yield line(f"    {label}  ", (why, "note"))
        else:
            yield from (line(f"    {text}") for text in worded(label, pen.width - 4))
            yield from (line(("      " + text, "note")) for text in worded(why, pen.width - 6))
