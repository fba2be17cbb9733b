"""The forward part: each quantity with its formula, the numbers put in and the value; then the loss."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ...formulas.expression import Call, ungrouped
from ...lesson.steps import ForwardStep, definition_of, forward_steps, loss_part
from ..equations import Equation, heading, laid_out, lined_up, measure
from ..lines import Block, line, width_of
from . import array_equations
from .pen import Pen

LONG_DEFINITION = 100  # cells; a function of a long formula is not written out


def shown_steps(pen: Pen) -> tuple[ForwardStep, ...]:
    """The forward steps of the samples shown, their numbers counted over these."""
    nodes = [n for n in pen.graph.nodes_of("computed") if pen.shown(n)]
    if not pen.symbolic:
        return forward_steps(pen.trace, nodes)
    in_loss = loss_part(pen.graph)
    found = []
    known: set[str] = set()
    for count, number in enumerate(nodes, 1):
        node = pen.graph.node(number)
        assert node.formula is not None
        part = "loss" if number in in_loss else "forward"
        definition = definition_of(pen.graph, node.formula)
        called = ungrouped(node.formula)
        if isinstance(called, Call) and called.function not in pen.graph.custom:
            definition = None if called.function in known else definition
            known.add(called.function)
        found.append(ForwardStep(count, node, definition, 0.0, 0.0, part, node.block.sample))
    return tuple(found)


def row(pen: Pen, step: ForwardStep) -> Equation:
    """One quantity as an equation."""
    assert step.node.formula is not None
    formula = pen.formula(step.node.formula)
    used = step.node.formula
    if step.definition is not None and width_of(written := pen.formula(step.definition)) <= LONG_DEFINITION:
        formula += f" = {written}"
        used = step.definition
    steps = [(formula, "text")]
    if not step.node.block.shape and array_equations.uses_arrays(pen, step.node.block):
        steps.insert(0, (pen.formula(array_equations.as_written(pen, step.node.block)), "text"))
        steps = list(dict.fromkeys(steps))
    name = pen.name(step.node.id)
    if pen.symbolic:
        return Equation(name, tuple(steps), number=str(step.number))
    numbers = pen.put_in(used)
    value = pen.number(step.value)
    if numbers not in (formula, value):
        steps.append((numbers, "numbers"))
    pen.tally.value(step.gap, step.agrees)
    return Equation(name, tuple(steps), value, mark=pen.mark(step.agrees), number=str(step.number))


def begins_array(pen: Pen, step: ForwardStep) -> bool:
    """Is it the first element of an array, whose equation comes first?"""
    block = step.node.block
    return step.node.id == block.start and bool(block.shape) and array_equations.uses_arrays(pen, block)


def parts(pen: Pen) -> Iterator[Block]:
    """A heading and one block a quantity; the loss part under a heading of its own."""
    steps = shown_steps(pen)
    rows = lined_up([row(pen, step) for step in steps])
    roomy = any(len(r.steps) > 1 for r in rows)
    columns = measure(rows, pen.width)
    several = bool(pen.graph.scenario.samples)
    at = 0
    for (sample, part), members in groupby(steps, lambda step: (step.sample, step.part)):
        count = len(list(members))
        note = f"sample {sample}" if sample is not None else ("all samples together" if several else "")
        title = "Forward" if part == "forward" else "Loss"
        for i, block in enumerate(laid_out(rows[at : at + count], pen.width, columns)):
            above = [line(), *heading(title, note, pen.width, pen.glyphs.dash)] if i == 0 else [line()] if roomy else []
            if begins_array(pen, step := steps[at + i]):
                above += [*array_equations.lines_of(pen, step.node.block, columns.number), line()]
            yield Block([*above, *block.lines])
        at += count
