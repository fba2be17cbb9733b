"""The recursive view: every upstream gradient calculated once, from the loss down, and used again by the ones below.

∂Loss/∂a_h1 = ∂Loss/∂o1·∂o1/∂a_h1 + ∂Loss/∂o2·∂o2/∂a_h1
            = 0.138499·0.4 + (−0.0380982)·0.50              = 0.0363503  ✓
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...engine.check import Check, check_gradients
from ...engine.trace import Contribution
from ...formulas.digits import counted
from ...formulas.expression import Derivative
from ...lesson.steps import AdjointStep, Multiplications, adjoint_steps, local_formula, multiplications
from ..equations import Equation, heading, laid_out, lined_up, measure
from ..fractions import INDENT
from ..lines import Block, line, worded
from .local import TOO_LONG
from .paths import bracketed
from .pen import Pen


def parts(pen: Pen) -> Iterator[Block]:
    """Upstream gradients, then the gradients of the parameters (and inputs, on request), then what reuse saves."""
    steps = [step for step in adjoint_steps(pen.trace, pen.options.inputs) if pen.shown(step.node.id)]
    computed = [step for step in steps if step.node.kind == "computed"]
    leaves = [step for step in steps if step.node.kind != "computed"]
    dash = pen.glyphs.dash
    rows = rows_of(pen, [*computed, *leaves])
    columns = measure(rows, pen.width)
    sections = (
        ("Backward", "each upstream gradient once", rows[: len(computed)]),
        ("Gradients", "from the upstream gradients", rows[len(computed) :]),
    )
    for title, note, members in sections:
        for i, block in enumerate(laid_out(members, pen.width, columns)):
            yield Block([*([line(), *heading(title, note, pen.width, dash)] if i == 0 else []), *block.lines])
    yield saved(pen, multiplications(pen.trace))


def rows_of(pen: Pen, steps: Sequence[AdjointStep]) -> list[Equation]:
    """The steps as equations, each beside its finite difference."""
    if pen.symbolic:
        return [row(pen, step, None) for step in steps]
    checks = check_gradients(pen.trace, [step.node.id for step in steps], pen.options.method, pen.options.h)
    return lined_up([row(pen, step, check) for step, check in zip(steps, checks, strict=True)])


def row(pen: Pen, step: AdjointStep, check: Check | None) -> Equation:
    """One adjoint: the sum of its contributions in symbols, in numbers, and its value."""
    times = pen.glyphs.style.times
    symbols = " + ".join(_symbols(pen, c, times) for c in step.contributions)
    note = f"used {step.uses} times" if step.uses > 1 and step.node.kind == "computed" else ""
    if check is None:
        formulas = " + ".join(_formulas(pen, c, times) for c in step.contributions)
        named = [(symbols, "text")] if symbols != pen.total(step.node.id) else []
        return Equation(pen.total(step.node.id), (*named, (formulas, "text")), note=note)
    pen.checked(check, step.node.id)
    numbers = " + ".join(_numbers(pen, c, times, i == 0) for i, c in enumerate(step.contributions))
    value = pen.number(step.value)
    steps = [(symbols, "text")] if symbols != pen.total(step.node.id) else []
    if numbers != value:
        steps.append((numbers, "numbers"))
    elif not steps:
        formula = local_formula(pen.graph, pen.graph.loss, step.node.id)
        if isinstance(formula, Derivative):
            steps.append((TOO_LONG, "note"))
        else:
            steps.append((pen.formula(formula), "text"))
            if (put_in := pen.put_in(formula)) not in (steps[0][0], value):
                steps.append((put_in, "numbers"))
    return Equation(
        pen.total(step.node.id),
        tuple(steps),
        value,
        pen.difference(check),
        pen.check_mark(check),
        error=pen.error(check),
        note=note,
    )


def use(pen: Pen, c: Contribution) -> Equation:
    """One contribution by itself: upstream gradient × local derivative."""
    times = pen.glyphs.style.times
    name, symbols = f"in {pen.name(c.result)}", _symbols(pen, c, times)
    if pen.symbolic:
        return Equation(name, ((symbols, "text"), (_formulas(pen, c, times), "text")))
    return Equation(name, ((symbols, "text"), (_numbers(pen, c, times, True), "numbers")), pen.number(c.product))


def _symbols(pen: Pen, c: Contribution, times: str) -> str:
    """∂L/∂u·∂u/∂v, or ∂L/∂v alone where u is the loss itself."""
    local = pen.derivative(c.result, c.operand)
    return local if c.result == pen.graph.loss else pen.total(c.result) + times + local


def _formulas(pen: Pen, c: Contribution, times: str) -> str:
    local = pen.formula(local_formula(pen.graph, c.result, c.operand))
    if c.result == pen.graph.loss:
        return local
    return pen.total(c.result) + ("" if local == "1" else times + bracketed(local, first=False))


def _numbers(pen: Pen, c: Contribution, times: str, first: bool) -> str:
    local = pen.slope(c.result, c.operand, c.local)
    if c.result == pen.graph.loss:
        return local if first else _negative_in_brackets(local)
    upstream = pen.number(c.upstream)
    return (upstream if first else _negative_in_brackets(upstream)) + times + _negative_in_brackets(local)


def _negative_in_brackets(number: str) -> str:
    return f"({number})" if number.startswith(("-", "−")) else number


def saved(pen: Pen, count: Multiplications) -> Block:
    """What calculating each upstream gradient once saves."""
    words = (
        f"{counted(count.by_adjoints)} multiplications with each upstream gradient calculated once, "
        f"{counted(count.by_paths)} path by path: {counted(count.saved)} saved"
    )
    lines = [line(" " * INDENT, (text, "note")) for text in worded(words, pen.width - INDENT)]
    return Block([line(), *lines])
