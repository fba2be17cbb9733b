"""The local derivatives: each quantity by the ones just before it; formula, numbers, value, finite difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...formulas.digits import is_number
from ...formulas.expression import Derivative, Name
from ...lesson.steps import LocalStep, backward_edges, local_formula, local_steps
from ...values import replace
from ..equations import Columns, Equation, heading, laid_out, lined_up, measure
from ..lines import Block, Line, left, line, right, width_of
from .pen import GAP_WIDTH, Pen

TOO_LONG = "[too long to show]"
REMEDY = "for its formula give the inner part an equation of its own"


def shown_edges(pen: Pen) -> list[tuple[int, int]]:
    """The edges from the loss down to the parameters (and the inputs, on request), for the samples shown."""
    return [(r, o) for r, o in backward_edges(pen.graph, pen.options.inputs) if pen.shown(r)]


def rows_of(pen: Pen, edges: Sequence[tuple[int, int]]) -> list[Equation]:
    """The edges as equations; an empty line where the next level begins."""
    if pen.symbolic:
        rows = [symbolic(pen, r, o) for r, o in edges]
    else:
        rows = [numeric(pen, step) for step in local_steps(pen.trace, edges, pen.options.method, pen.options.h)]
    levels = [int(pen.graph.levels[r]) for r, _ in edges]
    return [replace(row, gap=i > 0 and levels[i] != levels[i - 1]) for i, row in enumerate(rows)]


def titled_rows(pen: Pen, edges: Sequence[tuple[int, int]]) -> list[Equation]:
    """The same, point under point, with room for the columns' titles."""
    return titled(lined_up(rows_of(pen, edges)))


def titled(rows: Sequence[Equation]) -> list[Equation]:
    """Rows with room for the titles of their values."""
    return [
        replace(row, value=right(row.value, len("value")), other=left(row.other, len("difference")))
        if row.other
        else row
        for row in rows
    ]


def symbolic(pen: Pen, result: int, operand: int) -> Equation:
    """One local derivative of a scenario without numbers."""
    formula = local_formula(pen.graph, result, operand)
    if isinstance(formula, Derivative):
        return Equation(pen.derivative(result, operand), ((TOO_LONG, "note"),), note=REMEDY)
    return Equation(pen.derivative(result, operand), ((pen.formula(formula), "text"),))


def numeric(pen: Pen, step: LocalStep) -> Equation:
    """One local derivative; a formula that is a single name or number stays on one line."""
    formula = TOO_LONG if isinstance(step.formula, Derivative) else pen.formula(step.formula)
    numbers = pen.put_in(step.formula)
    value = pen.number(step.value)
    steps = [(formula, "text")]
    if isinstance(step.formula, Name) and is_number(numbers):
        value = numbers  # a leaf's number as its author typed it
    elif numbers not in (formula, value) and formula != TOO_LONG:
        steps.append((numbers, "numbers"))
    pen.checked(step.check, step.operand.id, step.result.id)
    return Equation(
        pen.derivative(step.result.id, step.operand.id),
        tuple(steps),
        value,
        pen.difference(step.check),
        pen.check_mark(step.check),
        error=pen.error(step.check),
        note=f"a kink: {pen.glyphs.text(step.kink_rule)}" if step.kink_rule else REMEDY if formula == TOO_LONG else "",
    )


def titles(columns: Columns, pen: Pen, rows: Sequence[Equation]) -> Iterator[Line]:
    """What the columns hold."""
    if columns.stacked or pen.symbolic:
        return
    name = left("derivative", columns.name)
    room = columns.start + columns.formula + 3 - columns.number - width_of(name) - 3
    formula = next((words for words in ("formula, then numbers", "formula") if len(words) < room), "")
    difference = right("difference", columns.other)
    head = " " * columns.number + name + "   " + left(formula, room) + right("value", columns.value) + difference
    if any(row.error for row in rows):
        head += right("gap", 1 + max(width_of(row.mark[0]) for row in rows) + 2 + GAP_WIDTH)
    if width_of(head) <= columns.width:
        yield line((head, "note"))


def parts(pen: Pen) -> Iterator[Block]:
    rows = titled_rows(pen, shown_edges(pen))
    columns = measure(rows, pen.width)
    note = "each quantity by the ones just before it"
    for i, block in enumerate(laid_out(rows, pen.width, columns)):
        above = [line(), *heading("Local derivatives", note, pen.width, pen.glyphs.dash), *titles(columns, pen, rows)]
        yield Block([*(above if i == 0 else []), *block.lines])
