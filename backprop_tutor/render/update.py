"""The update part: every parameter after one step, with the numbers put in, and the loss before and after."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..trace import forward
from .equations import INDENT, Equation, heading, laid_out, lined_up
from .lines import Block, line, width_of, worded
from .pen import Pen


def parts(pen: Pen) -> Iterator[Block]:
    scenario = pen.graph.scenario
    if scenario.rate_text is None and scenario.rate is None:
        return
    note = "one step of gradient descent" + ("" if pen.symbolic else f", rate = {pen.rate}")
    for i, block in enumerate(laid_out(rows_of(pen, steps_of(pen)), pen.width)):
        above = [line(), *heading("Update", note, pen.width, pen.glyphs.dash)] if i == 0 else []
        yield Block([*above, *block.lines])
    if not pen.symbolic:
        yield after_step(pen)


def of(pen: Pen, node: int) -> Iterator[Block]:
    """One parameter's update."""
    rows = rows_of(pen, [step for step in steps_of(pen) if step[0] == node])
    for block in laid_out(rows, pen.width):
        yield Block([line(), *heading("Update", f"rate = {pen.rate}", pen.width, pen.glyphs.dash), *block.lines])


def rows_of(pen: Pen, updates: list[tuple[int, float, float]]) -> list[Equation]:
    """w' = w - rate·∂L/∂w, then with the numbers put in."""
    rate = "rate" if pen.symbolic else pen.rate
    minus, times = pen.glyphs.style.minus, pen.glyphs.style.times
    rows = []
    for node, gradient, after in updates:
        name = pen.name(node)
        formula = f"{name} {minus} rate{times}{pen.total(node)}"
        steps = [(formula, "text")]
        if not pen.symbolic:
            slope = pen.number(gradient)
            slope = f"({slope})" if slope.startswith(minus) else slope
            steps.append((f"{pen.value(node)} {minus} {rate}{times}{slope}", "numbers"))
        value = "" if pen.symbolic else pen.number(after)
        rows.append(Equation(f"{name}'", tuple(steps), value))
    return lined_up(rows)


def steps_of(pen: Pen) -> list[tuple[int, float, float]]:
    """(parameter, gradient, value after the step) of every update; NaN for numbers without a trace."""
    if pen.symbolic:
        nan = float("nan")
        return [(node, nan, nan) for node in pen.graph.nodes_of("parameter")]
    return [(u.node, u.gradient, u.after) for u in pen.trace.updates]


def loss_after(pen: Pen) -> float:
    """The loss with every parameter updated; NaN where it has no finite value."""
    leaves = pen.graph.leaf_values()
    for update in pen.trace.updates:
        leaves[update.node] = update.after
    with np.errstate(all="ignore"):
        return float(forward(pen.graph, leaves)[pen.graph.loss])


def after_step(pen: Pen) -> Block:
    """What the step does to the loss."""
    loss = pen.name(pen.graph.loss)
    before, after = pen.trace.loss, loss_after(pen)
    words = "it falls" if after < before else "it rises: the rate is too large here" if after > before else "unchanged"
    block = Block([line()])
    rest = f"before the step {pen.number(before)}; {words}"
    lead = f"{loss} with the updated values"
    if INDENT + width_of(lead) + 3 + width_of(pen.number(after)) > pen.width:
        block.extend(line(" " * INDENT, (text, "note")) for text in worded(lead, pen.width - INDENT))
        block.add(" " * INDENT, ("= ", "rule"), (pen.number(after), "result"))
        block.extend(line(" " * INDENT, (text, "note")) for text in worded(rest, pen.width - INDENT))
        return block
    result = (("= ", "rule"), (pen.number(after), "result"))
    block.add("  ", (loss, "name"), (" with the updated values ", "note"), *result)
    block.extend(line("  ", (text, "note")) for text in worded(rest, pen.width - INDENT))
    return block
