"""Several update steps in a row: the first ones in full, then how the loss went, in a table and a curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from math import log10

from ...engine.learning import Course, Point, course, retraced, states, steps_of
from ...formulas.digits import counted
from ...values import replace
from ..equations import INDENT, heading
from ..lines import Block, Line, left, line, right, width_of, worded
from ..tables import grid
from .pen import Pen

IN_FULL = 3  # steps
LISTED_POINTS = 12  # rows of the table before it leaves some out
LISTED_PARAMETERS = 40
CURVE_POINTS = 5  # with fewer the table says it all
CURVE_WIDTH, CURVE_HEIGHT = 60, 8  # cells
MANY_SIZES = 1000.0  # largest over least loss; beyond it the curve is logarithmic


def pens(pen: Pen) -> Iterator[Pen]:
    """The pen of every step that is shown in full; the only one where no more steps are asked for."""
    count = steps_of(pen.graph, pen.options.steps)
    if count == 1:
        yield pen
        return
    for state in islice(states(pen.trace), min(count, IN_FULL)):
        if not state.finite:
            return
        trace = pen.trace if state.number == 0 else retraced(pen.graph, state)
        yield replace(pen, trace=trace, worked=state.worked)


def in_a_row(pen: Pen, in_full: Callable[[Pen], Iterator[Block]]) -> Iterator[Block]:
    """The steps that are shown in full, one after the other."""
    for later in pens(pen):
        if later.worked is not None and later.worked.number > 1:
            title = f"Step {later.worked.number}"
            yield Block([line(), *heading(title, "with the updated values", pen.width, "=")])
        yield from in_full(later)


def parts(pen: Pen) -> Iterator[Block]:
    """The course of the steps, where there are several."""
    count = steps_of(pen.graph, pen.options.steps)
    if count == 1 or "update" not in pen.options.parts:
        return
    done = course(pen.trace, count)
    yield table(pen, done)
    if len(done.points) >= CURVE_POINTS and not pen.screen.plain:
        yield curve_of(pen, done)
    yield parameters(pen, done)


def sentence(pen: Pen, done: Course) -> str:
    """How the loss went."""
    loss, first, last = pen.name(pen.graph.loss), done.points[0], done.points[-1]
    went = "falls" if last.loss < first.loss else "rises" if last.loss > first.loss else "stays"
    said = f"{loss} {went} from {pen.number(first.loss)} to {pen.number(last.loss)}"
    if went == "stays":
        said = f"{loss} ends at {pen.number(last.loss)}, where it began"
    if done.lowest.number not in (0, last.number):
        said += f"; the lowest is {pen.number(done.lowest.loss)}, after step {done.lowest.number}"
    if done.broken:
        said += f"; in step {last.number + 1} it is no finite number any more: the rate is too large here"
    return said


def table(pen: Pen, done: Course) -> Block:
    """Steps made, the loss then, the largest gradient then."""
    shown = chosen(done.points)
    note = f"{_steps(done.points[-1].number)}, each from where the one before ended"
    block = Block([line(), *heading("Steps", note, pen.width, pen.glyphs.dash)])
    rows = [[str(p.number), pen.number(p.loss), pen.number(p.largest), pen.name(p.steepest)] for p in shown]
    header = ["after step", pen.name(pen.graph.loss), "largest |gradient|", "of"]
    block.extend(grid(header, rows, pen.width, plain=pen.screen.plain))
    if len(shown) < len(done.points):
        block.add("  ", (f"{len(done.points) - len(shown)} steps between are left out", "note"))
    block.extend(line("  ", (text, "note")) for text in worded(sentence(pen, done), pen.width - INDENT))
    return block


def chosen(points: Sequence[Point]) -> list[Point]:
    """All points, or of many the first ones, then ever fewer (1, 2, 5, 10, 20, 50, ...), and the last."""
    if len(points) <= LISTED_POINTS:
        return list(points)
    wanted = {0, 1, 2, 3, 4, len(points) - 1, min(points, key=lambda point: point.loss).number}
    wanted |= {digit * 10**power for power in range(1, 6) for digit in (1, 2, 5)} | {5}
    return [point for point in points if point.number in wanted]


def parameters(pen: Pen, done: Course) -> Block:
    """Every parameter at the start and at the end."""
    last = done.points[-1].number
    note = f"after {_steps(last)}"
    block = Block([line(), *heading("Parameters", note, pen.width, pen.glyphs.dash)])
    nodes = pen.graph.nodes_of("parameter")
    if len(nodes) > LISTED_PARAMETERS:
        block.add("  ", (f"{len(nodes):,} parameters; --format json lists them after every step", "note"))
        return block
    rows = [
        [pen.name(node), pen.value(node), pen.number(float(after))]
        for node, after in zip(nodes, done.last, strict=True)
    ]
    block.extend(grid(["", "at first", "at last"], rows, pen.width, names=True, plain=pen.screen.plain))
    return block


def _steps(count: int) -> str:
    return "one step" if count == 1 else f"{counted(count)} steps"


# ---------------------------------------------------------------- the curve
def curve_of(pen: Pen, done: Course) -> Block:
    """The loss over the steps as a small curve, its highest and lowest value beside it."""
    losses = [point.loss for point in done.points]
    low, high = min(losses), max(losses)
    wide = low > 0 and high > MANY_SIZES * low
    labels = [pen.number(high), pen.number(low)]
    margin = max(map(width_of, labels)) + 1
    width = min(CURVE_WIDTH, pen.width - INDENT - margin - 1)
    drawn = curve([log10(loss) for loss in losses] if wide else losses, width, CURVE_HEIGHT, pen.glyphs.ascii)
    block = Block([line()])
    for i, row in enumerate(drawn):
        label = labels[0] if i == 0 else labels[1] if i == len(drawn) - 1 else ""
        block.add(" " * INDENT, (right(label, margin - 1), "note"), " ", (pen.glyphs.bar, "rule"), (row, "path"))
    title = f"{pen.name(pen.graph.loss)} after each step" + (", on a logarithmic scale" if wide else "")
    ends: Line = line(" " * (INDENT + margin + 1), (left("0", width - width_of(str(len(losses) - 1))), "note"))
    block.lines.append((*ends, (str(len(losses) - 1), "note")))
    block.extend(line(" " * (INDENT + margin + 1), (text, "note")) for text in worded(title, width))
    return block


def curve(values: Sequence[float], width: int, height: int, ascii: bool) -> list[str]:
    """The values as `height` lines of `width` characters: dots of Braille, two by four in each, or asterisks.

    Few values are joined by straight lines; of many, each column of dots shows the nearest one. Upright lines keep the
    curve in one piece where it jumps.
    """
    across, down = (1, 1) if ascii else (2, 4)
    columns, rows = width * across, height * down
    low, high = min(values), max(values)
    dots: set[tuple[int, int]] = set()
    before = None
    for column in range(columns):
        at = column * (len(values) - 1) / max(1, columns - 1)
        here, rest = (int(at), at % 1) if len(values) < columns else (round(at), 0.0)
        value = values[here] + (rest * (values[here + 1] - values[here]) if rest else 0.0)
        row = round((high - value) / (high - low) * (rows - 1)) if high > low else rows - 1
        start = row if before is None or abs(row - before) <= 1 else before + (1 if row > before else -1)
        dots |= {(column, y) for y in range(min(start, row), max(start, row) + 1)}
        before = row
    if ascii:
        return ["".join("*" if (x, y) in dots else " " for x in range(columns)) for y in range(rows)]
    return ["".join(_braille(dots, 2 * x, 4 * y) for x in range(width)) for y in range(height)]


_BRAILLE = {(0, 0): 1, (0, 1): 2, (0, 2): 4, (1, 0): 8, (1, 1): 16, (1, 2): 32, (0, 3): 64, (1, 3): 128}


def _braille(dots: set[tuple[int, int]], x: int, y: int) -> str:
    raised = sum(bit for (dx, dy), bit in _BRAILLE.items() if (x + dx, y + dy) in dots)
    return chr(0x2800 + raised) if raised else " "
