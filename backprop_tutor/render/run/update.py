"""The update part: every parameter after one step, with the numbers put in, and the loss before and after.

A rule of the scenario's own is shown line by line for each parameter, as it is worked by hand:

    w1 g   = ∂L/∂w1              = 2
       v'  = beta·v + g
           = 0.9·0 + 2           = 2
       w1' = w1 − rate·v'
           = 1 − 0.1·2           = 0.8
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...engine.graph import Graph
from ...engine.trace import forward
from ...engine.update_rule import UpdateRule, Worked
from ...formulas.digits import spelt
from ...formulas.typeset import to_text
from ...values import replace
from ..equations import INDENT, Equation, heading, laid_out, lined_up
from ..lines import Block, Line, line, width_of, worded
from .pen import Pen


def shown_rule(pen: Pen) -> UpdateRule | None:
    """The rule, where there is one whose numbers are known (or which is shown in formulas)."""
    rule = pen.graph.rule
    return rule if rule is not None and (pen.symbolic or rule.ready) else None


def parts(pen: Pen) -> Iterator[Block]:
    rule = shown_rule(pen)
    if rule is None:
        return
    for i, block in enumerate(laid_out(rows_of(pen, pen.graph.nodes_of("parameter")), pen.width)):
        yield Block([*(above(pen, rule, note(pen, rule)) if i == 0 else []), *block.lines])
    if not pen.symbolic:
        yield after_step(pen)


def of(pen: Pen, node: int) -> Iterator[Block]:
    """One parameter's update."""
    rule = shown_rule(pen)
    blocks = [] if rule is None else list(laid_out(rows_of(pen, [node]), pen.width))
    if rule is not None and blocks:
        note = numbers_of(pen, rule)[0] if rule.plain else ""
        yield Block([*above(pen, rule, note), *(row for block in blocks for row in block.lines)])


def above(pen: Pen, rule: UpdateRule, note: str) -> list[Line]:
    """The heading; a rule of the scenario's own has its numbers and what it remembers on lines below."""
    lines = [line(), *heading("Update", note, pen.width, pen.glyphs.dash)]
    if not rule.plain:
        room = pen.width - INDENT
        known = [] if pen.symbolic else [numbers_of(pen, rule), totals_of(pen, rule)]
        texts = [*(text for facts in known for text in packed(facts, room)), *worded(memory(pen, rule), room)]
        lines += [line(" " * INDENT, (text, "note")) for text in texts if text]
    return lines


def note(pen: Pen, rule: UpdateRule) -> str:
    """What kind of step this is, and at which rate."""
    number = "one step" if pen.worked is None else f"step {pen.worked.number}"
    if not rule.plain:
        return f"{number} of the scenario's rule"
    return ", ".join([f"{number} of gradient descent", *([] if pen.symbolic else numbers_of(pen, rule))])


def packed(facts: Sequence[str], width: int) -> list[str]:
    """The facts one after another, none of them cut at the end of a line."""
    lines: list[str] = []
    for fact in facts:
        if lines and width_of(lines[-1]) + 2 + width_of(fact) <= width:
            lines[-1] += f", {fact}"
        else:
            lines.append(fact)
    return lines


def numbers_of(pen: Pen, rule: UpdateRule) -> list[str]:
    """`rate = 0.1`, `beta = 0.9`"""
    minus = pen.glyphs.style.minus
    given = {v.name: spelt(v.text, minus) for v in pen.graph.scenario.rule_values if v.name in rule.numbers}
    rate = [f"rate = {pen.rate}"] if pen.rate else []
    return rate + [f"{pen.glyphs.text(name)} = {text}" for name, text in given.items()]


def totals_of(pen: Pen, rule: UpdateRule) -> list[str]:
    """`over all parameters: norm(g) = 35`"""
    known = step_of(pen).known
    found = [f"{pen.glyphs.text(total.name)} = {pen.number(float(known[total.name][0]))}" for total in rule.totals]
    return [f"over all parameters: {', '.join(found)}"] if found else []


def memory(pen: Pen, rule: UpdateRule) -> str:
    """What the rule remembers, and from where it starts."""
    if not rule.starts or (pen.worked is not None and pen.worked.number > 1):
        return ""
    starts = [f"{pen.glyphs.text(name)} = {pen.number(start)}" for name, start in rule.starts.items()]
    first = pen.glyphs.text(next(iter(rule.starts)))
    new = renewed(pen.graph, first)
    return f"{new} is the new {first}, kept for the next step; before the first step {', '.join(starts)}"


def rows_of(pen: Pen, nodes: Sequence[int]) -> list[Equation]:
    """The lines of the rule for each of the parameters, then with the numbers put in."""
    rule = pen.graph.rule
    assert rule is not None
    work = None if pen.symbolic else step_of(pen)
    places = {node: row for row, node in enumerate(pen.graph.nodes_of("parameter"))}
    if rule.plain:
        return lined_up([_plain_row(pen, node, work, places[node]) for node in nodes])
    return lined_up([row for node in nodes for row in _rule_rows(pen, rule, node, work, places[node])])


def step_of(pen: Pen) -> Worked:
    """The step that is taken from here."""
    if pen.worked is not None:
        return pen.worked
    return pen.graph.worked(1, pen.trace.values, pen.trace.adjoints)


def _plain_row(pen: Pen, node: int, work: Worked | None, row: int) -> Equation:
    """w' = w - rate·∂L/∂w."""
    minus, times = pen.glyphs.style.minus, pen.glyphs.style.times
    name = pen.name(node)
    formula = f"{name} {minus} rate{times}{pen.total(node)}"
    new = renewed(pen.graph, name)
    if pen.graph.frozen[row]:
        value = "" if work is None else pen.value(node)
        return Equation(new, ((name, "text"),), value, note="frozen: no step changes it")
    if work is None:
        return Equation(new, ((formula, "text"),))
    slope = pen.number(float(work.known["g"][row]))
    slope = f"({slope})" if slope.startswith(minus) else slope
    numbers = f"{pen.value(node)} {minus} {pen.rate_of(node)}{times}{slope}"
    return Equation(new, ((formula, "text"), (numbers, "numbers")), pen.number(float(work.after[row])))


def _rule_rows(pen: Pen, rule: UpdateRule, node: int, work: Worked | None, row: int) -> Iterator[Equation]:
    """The gradient, then every line of the rule; what is new of a remembered name has a prime."""
    parameter = pen.name(node)
    if pen.graph.frozen[row]:
        yield replace(_plain_row(pen, node, work, row), gap=True)
        return
    value = "" if work is None else pen.number(float(work.known["g"][row]))
    yield Equation("g", ((pen.total(node), "text"),), value, number=parameter, gap=True)
    for i, one in enumerate(rule.lines):
        formula = pen.glyphs.text(to_text(one.formula, pen.glyphs.style, spelling(pen.graph, i, parameter)))
        steps = [(formula, "text")]
        if work is not None:
            numbers = pen.glyphs.text(to_text(one.formula, pen.glyphs.style, number_of(pen, rule, work, i, node)))
            if numbers != formula:
                steps.append((numbers, "numbers"))
            value = pen.number(float(work.results[i][row]))
        yield Equation(pen.glyphs.text(spelling(pen.graph, i + 1, parameter)(one.name)), tuple(steps), value)


def has_primes(graph: Graph) -> bool:
    """Has any name of the scenario a prime of its own? Then a prime can't say what is new."""
    scenario = graph.scenario
    own = [q.name for q in scenario.quantities] + [e.name for e in (*scenario.equations, *scenario.update)]
    return any("'" in name for name in (*own, *(v.name for v in scenario.rule_values), *scenario.elements.values()))


def renewed(graph: Graph, name: str) -> str:
    """The name of what a step makes of something: `w'`; `w_new` beside names that have primes of their own."""
    if not has_primes(graph):
        return f"{name}'"
    stem, bracket, index = name.partition("[")
    return f"{stem}_new{bracket}{index}"


def spelling(graph: Graph, line: int, parameter: str) -> Callable[[str], str]:
    """How names are written in a line: the parameter's own name, a prime for what is new of a remembered one."""
    rule = graph.rule
    assert rule is not None
    done = {one.name for one in rule.lines[:line]} & {*rule.starts, "w"}

    def spelt_out(name: str) -> str:
        shown = parameter if name == "w" else name
        return renewed(graph, shown) if name in done else shown

    return spelt_out


def number_of(pen: Pen, rule: UpdateRule, work: Worked, line: int, node: int) -> Callable[[str], str]:
    """The numbers that are put into a line for one parameter; those that somebody typed, as typed."""
    typed = {value.name: value.text for value in pen.graph.scenario.rule_values if value.name in rule.numbers}
    typed |= {"rate": pen.rate_of(node), "t": str(work.number)}
    row = pen.graph.nodes_of("parameter").index(node)

    def put_in(name: str) -> str:
        if name in typed:
            return spelt(typed[name], pen.glyphs.style.minus)
        if name == "w" and not any(one.name == "w" for one in rule.lines[:line]):
            return pen.value(node)
        return pen.number(work.operand(rule, line, name, row))

    return put_in


def loss_after(pen: Pen) -> float:
    """The loss with every parameter updated; NaN where it has no finite value."""
    leaves = pen.graph.leaf_values()
    leaves[pen.graph.nodes_of("parameter")] = step_of(pen).after
    with np.errstate(all="ignore"):
        return float(forward(pen.graph, leaves)[pen.graph.loss])


def after_step(pen: Pen) -> Block:
    """What the step does to the loss."""
    loss = pen.name(pen.graph.loss)
    before, after = pen.trace.loss, loss_after(pen)
    rule = pen.graph.rule
    rises = "it rises: the rate is too large here" if rule is not None and rule.plain else "it rises"
    words = "it falls" if after < before else rises if after > before else "unchanged"
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
