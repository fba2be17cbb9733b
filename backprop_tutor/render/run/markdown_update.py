"""The update part of the Markdown lesson, and the course of several steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ...engine.learning import course as course_of
from ...engine.learning import steps_of
from ...engine.update_rule import UpdateRule
from ...formulas.typeset import to_latex
from . import several_steps as several
from . import update
from .latex_text import display, factor, in_latex, latex_number, latex_value, words

if TYPE_CHECKING:
    from .markdown import Page


def parts(page: Page) -> Iterator[str]:
    """The updated parameters, and what the step does to the loss."""
    rule = update.shown_rule(page.pen)
    if rule is None:
        return
    yield "## Update"
    kind = "one step" if page.pen.worked is None else f"step {page.pen.worked.number}"
    kind += " of gradient descent" if rule.plain else " of the scenario's rule"
    kind = kind[0].upper() + kind[1:]
    if page.symbolic:
        yield f"{kind}:"
    else:
        numbers = [rf"$\eta = {latex_value(page.graph.scenario.rate_text or '')}$"] if page.pen.rate else []
        given = [v for v in page.graph.scenario.rule_values if v.name in rule.numbers]
        numbers += [f"${page.name(v.name)} = {latex_number(v.text)}$" for v in given]
        known = update.step_of(page.pen).known
        for total in rule.totals:
            numbers.append(f"${rule_latex(page, rule, total.name)} = {page.number(float(known[total.name][0]))}$")
        yield f"{kind} with {', '.join(numbers)}:" if numbers else f"{kind}:"
    nodes = page.graph.nodes_of("parameter")
    if rule.plain:
        yield display([descent(page, node, row) for row, node in enumerate(nodes)])
    else:
        for row, node in enumerate(nodes):
            yield display(rule_lines(page, rule, node, row))
    if not page.symbolic:
        after = page.number(update.loss_after(page.pen))
        yield f"With the updated values ${page.node(page.graph.loss)} = {after}$; before the step ${page.loss}$."


def descent(page: Page, node: int, row: int) -> str:
    """One parameter's step of plain gradient descent."""
    text = rf"{new(page, page.node(node))} &= {page.node(node)} - \eta \cdot {page.total(node)}"
    if page.graph.frozen[row]:
        return rf"{new(page, page.node(node))} &= {page.node(node)}\ \text{{(frozen)}}"
    if page.symbolic:
        return text
    work = update.step_of(page.pen)
    slope, after = page.number(float(work.known["g"][row])), page.number(float(work.after[row]))
    rate = latex_value(page.pen.rate_of(node).replace("\u2212", "-"))
    return rf"{text} = {page.value(node)} - {rate} \cdot {factor(slope)} = {after}"


def rule_lines(page: Page, rule: UpdateRule, node: int, row: int) -> Iterator[str]:
    """The gradient of one parameter and every line of the rule, in formulas and with the numbers put in."""
    if page.graph.frozen[row]:
        yield descent(page, node, row)
        return
    work = None if page.symbolic else update.step_of(page.pen)
    slope = "" if work is None else f" = {page.number(float(work.known['g'][row]))}"
    yield f"g &= {page.total(node)}{slope}"
    for i, one in enumerate(rule.lines):
        left = rule_name(page, rule, i + 1, node)(one.name)
        formula = to_latex(one.formula, rule_name(page, rule, i, node))
        if work is None:
            yield f"{left} &= {formula}"
            continue
        numbers = to_latex(one.formula, in_latex(update.number_of(page.pen, rule, work, i, node)))
        yield f"{left} &= {formula} = {numbers} = {page.number(float(work.results[i][row]))}"


def rule_name(page: Page, rule: UpdateRule, line: int, node: int) -> Callable[[str], str]:
    """The LaTeX of the names in a line of the rule: w is the parameter itpage."""
    spelling = update.spelling(page.graph, line, "w")

    def typeset(name: str) -> str:
        shown = page.node(node) if name == "w" else rule_latex(page, rule, name)
        return shown if spelling(name) == name else new(page, shown)

    return typeset


def rule_latex(page: Page, rule: UpdateRule, name: str) -> str:
    """A name of the rule that is no parameter's: a total is a formula."""
    if total := next((total for total in rule.totals if total.name == name), None):
        return to_latex(total.call, lambda inner: rule_latex(page, rule, inner))
    return r"\eta" if name == "rate" else page.name(name)


def new(page: Page, shown: str) -> str:
    """What a step makes of something: a prime, or a word beside names that have primes of their own."""
    return rf"{{{shown}}}^{{\mathrm{{new}}}}" if update.has_primes(page.graph) else f"{shown}'"


def course(page: Page) -> Iterator[str]:
    """Loss and largest gradient after each step, and the parameters after the last."""
    count = steps_of(page.graph, page.options.steps)
    if count == 1 or "update" not in page.options.parts:
        return
    done = course_of(page.trace, count)
    loss = page.node(page.graph.loss)
    yield f"# Steps: {done.points[-1].number}"
    rows = [f"| after step | ${loss}$ | largest gradient | of |", "| ---: | ---: | ---: | --- |"]
    for point in several.chosen(done.points):
        largest = f"${page.number(point.largest)}$ | ${page.node(point.steepest)}$"
        rows.append(f"| {point.number} | ${page.number(point.loss)}$ | {largest} |")
    yield "\n".join(rows)
    yield f"{words(several.sentence(page.pen, done))}."
    nodes = page.graph.nodes_of("parameter")
    if len(nodes) <= several.LISTED_PARAMETERS:
        rows = ["| | at first | at last |", "| --- | ---: | ---: |"]
        for node, after in zip(nodes, done.last, strict=True):
            rows.append(f"| ${page.node(node)}$ | ${page.value(node)}$ | ${page.number(float(after))}$ |")
        yield "\n".join(rows)
