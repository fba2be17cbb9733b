"""`--format markdown`: the same lesson in Markdown, every formula in LaTeX between dollar signs.

It opens in a notebook, on GitHub and in any Markdown editor that knows `$$`. The document's names are typeset by its
[notation]; the author's own digits and order of terms stay.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import islice

from ...engine.check import Check
from ...engine.graph import Graph
from ...engine.learning import steps_of
from ...engine.trace import Path, Trace, unknown
from ...formulas.algebra import size
from ...formulas.digits import short, significant
from ...formulas.expression import Call, Derivative, Expression, Name
from ...formulas.latex_names import LatexNames
from ...formulas.typeset import to_latex
from ...lesson.steps import (
    AdjointStep,
    ForwardStep,
    GradientStep,
    adjoint_steps,
    backward_edges,
    gradient_steps,
    local_formula,
    local_steps,
)
from ...values import replace
from ..screen import make_screen, to_ascii
from . import array_equations, big, explain, forward, given, length, markdown_arrays, markdown_update
from . import several_steps as several
from .latex_text import display, distinct, factor, latex_number, latex_value, with_dots, words
from .options import RunOptions
from .pen import LONG_PIECES, Pen, Tally, shortened, words_for
from .summary import sentences

MAX_PATHS = 12


def run_text(trace: Trace | None, graph: Graph, options: RunOptions) -> tuple[str, bool]:
    """The lesson as Markdown, and whether every check agrees. RequestError for a derivative that isn't there."""
    page = Page(trace, graph, options)
    return "\n\n".join(page.paragraphs()) + "\n", page.pen.tally.all_agree


def ascii_text(text: str) -> str:
    """The same without a character beyond ASCII."""
    return to_ascii(text)


def lesson_text(graph: Graph, trace: Trace) -> str:
    """The whole lesson of a trace with the usual options."""
    return run_text(trace, graph, RunOptions())[0]


class Page:
    """Writes one run; the parts are generators of paragraphs."""

    def __init__(self, trace: Trace | None, graph: Graph, options: RunOptions) -> None:
        self.graph = graph
        self.options = options
        self.symbolic = trace is None
        self.trace = unknown(graph) if trace is None else trace
        self.pen = Pen(self.trace, options, make_screen(io.StringIO(), color="never"), Tally())

    def paragraphs(self) -> Iterator[str]:
        """Title, the parts that were asked for, the closing line."""
        yield from self.title()
        if self.options.grads:
            yield from self.explained()
        elif self.pen.short:
            yield length.sentence(self.pen.lengths, self.pen.short, self.options)
            yield from self.parts()
            yield from markdown_update.course(self)
        else:
            if not self.symbolic and steps_of(self.graph, self.options.steps) > 1:
                self.pen = next(several.pens(self.pen))
            yield from self.parts()
            yield from self.in_a_row()
        yield from self.closing()

    def parts(self) -> Iterator[str]:
        """The parts that were asked for, of one step."""
        written: Mapping[str, Callable[[], Iterator[str]]] = {
            "forward": self.forward, "local": self.local, "backward": self.backward,
            "update": partial(markdown_update.parts, self),
        }  # fmt: skip
        for part in self.options.parts:
            yield from self.summed_up(part) if part in self.pen.short else written[part]()

    # ------------------------------------------------------------------ LaTeX
    @cached_property
    def name(self) -> LatexNames:
        return LatexNames(self.graph.scenario.notation)

    def node(self, node: int) -> str:
        return self.name(self.graph.name(node))

    def formula(self, formula: Expression) -> str:
        """In names."""
        return self.bounded(formula, self.name)

    def put_in(self, formula: Expression) -> str:
        """With the numbers put in for the names."""
        return self.bounded(formula, lambda name: self.value(self.graph.id(name)))

    def bounded(self, formula: Expression, name: Callable[[str], str]) -> str:
        """The formula; a very long one in words, unless everything is asked for."""
        if not self.options.all and size(shortened(formula)) > LONG_PIECES:
            return with_dots(words_for(formula))
        return with_dots(to_latex(shortened(formula), name))

    def number(self, x: float) -> str:
        return latex_number(significant(x, self.options.digits))

    def value(self, node: int) -> str:
        """A leaf's number as typed, a computed one to the digits asked for."""
        typed = self.graph.typed(node)
        if typed not in (None, "?"):
            return latex_value(str(typed))
        return self.node(node) if self.symbolic else self.number(self.trace.value(node))

    def derivative(self, of: int, by: int) -> str:
        return rf"\frac{{\partial {self.node(of)}}}{{\partial {self.node(by)}}}"

    def total(self, by: int) -> str:
        return self.derivative(self.trace.graph.loss, by)

    def verdict(self, check: Check) -> str:
        """The finite difference and a mark, in a column of its own."""
        mark = r"\checkmark" if check.agrees else r"\times\ \text{disagrees}"
        if check.kink or check.undecided:
            mark = r"\text{a kink}" if check.kink else r"\text{unclear}"
        return rf"&& {self.finite(check)}\ {mark}"

    def finite(self, check: Check) -> str:
        """The finite difference, as the terminal has it."""
        return latex_number(self.pen.difference(check).replace("\u2212", "-"))

    # ------------------------------------------------------------------ parts
    def title(self) -> Iterator[str]:
        scenario = self.graph.scenario
        yield f"# {words(scenario.title)}"
        if scenario.about:
            yield words(" ".join(scenario.about.split()))
        source = f", from document `{scenario.document}`" if scenario.document else ""
        yield f"Scenario `{scenario.name}`{source}."

    def given(self) -> Iterator[str]:
        """What is given: the single numbers in a table, arrays as matrices."""
        yield "## Given"
        leaves = [q for q in self.graph.blocks.values() if q.kind != "computed"]
        leaves = [q for q in leaves if q.sample is None or q.sample in self.pen.samples]
        rows = ["| | quantity | value | |", "| --- | --- | --- | --- |"]
        for quantity in leaves:
            if not quantity.shape:
                value = "?" if self.symbolic and self.graph.typed(quantity.start) == "?" else self.value(quantity.start)
                rows.append(
                    f"| {quantity.role} | ${self.name(quantity.name)}$ | ${value}$ | {self.reason(quantity.start)} |"
                )
        scenario = self.graph.scenario
        if scenario.rate_text is not None:
            assumed = f"assumed: {words(scenario.rate_assumed)}" if scenario.rate_assumed else ""
            rows.append(rf"| rate | $\eta$ | ${latex_value(scenario.rate_text)}$ | {assumed} |")
        if len(rows) > 2:
            yield "\n".join(rows)
        for one in self.graph.custom.values():
            call = Call(one.name, tuple(Name(parameter, parameter) for parameter in one.parameters))
            yield f"Function ${to_latex(call)} = {to_latex(one.body)}$"
        for quantity in leaves:
            if quantity.shape:
                yield from markdown_arrays.given(self, quantity)

    def reason(self, node: int) -> str:
        reason = self.graph.assumed(node)
        return f"assumed: {words(reason)}" if reason else ""

    def summed_up(self, part: str) -> Iterator[str]:
        """A part too long for steps, as the terminal sums it up."""
        blocks = [*given.parts(self.pen)] if part == "forward" else []
        blocks += big.parts(self.pen, part)
        text = "\n".join(block.text() for block in blocks).strip("\n")
        yield f"```text\n{text}\n```"

    def forward(self) -> Iterator[str]:
        yield from self.given()
        part = ""
        for step in forward.shown_steps(self.pen):
            if step.part != part:
                part = step.part
                yield f"## {part.capitalize()}"
            if forward.begins_array(self.pen, step):
                yield markdown_arrays.equation(self, step.node.block)
            yield self.forward_step(step)

    def forward_step(self, step: ForwardStep) -> str:
        formula = step.node.formula
        assert formula is not None
        lines = [f"{self.node(step.node.id)} &= {self.formula(formula)}"]
        block = step.node.block
        if not block.shape and array_equations.uses_arrays(self.pen, block):
            written = f"{self.node(step.node.id)} &= {markdown_arrays.written(self, block)}"
            lines = list(dict.fromkeys([written, *lines]))
            lines[1:] = [f"&= {self.formula(formula)}"] * (len(lines) > 1)
        used = formula
        if step.definition is not None:
            used = step.definition
            lines[-1] += f" = {self.formula(used)}"
        if not self.symbolic:
            self.pen.tally.value(step.gap, step.agrees)
            lines += [f"&= {text}" for text in distinct(self.put_in(used), self.number(step.value))]
        return display(lines)

    def local(self) -> Iterator[str]:
        yield "## Local derivatives"
        edges = [(r, o) for r, o in backward_edges(self.graph, self.options.inputs) if self.pen.shown(r)]
        yield from self.edges(self.pen, edges)

    def edges(self, pen: Pen, edges: list[tuple[int, int]]) -> Iterator[str]:
        """Local derivatives, one display for each result; the last column is the finite difference."""
        if not self.symbolic:
            yield f"The last column is the {self.options.method} difference."
        lines: dict[int, list[str]] = {}
        if self.symbolic:
            for result, operand in edges:
                formula = self.slope(local_formula(self.graph, result, operand))
                lines.setdefault(result, []).append(f"{self.derivative(result, operand)} &= {formula}")
        else:
            for step in local_steps(pen.trace, edges, self.options.method, self.options.h):
                pen.checked(step.check, step.operand.id, step.result.id)
                formula, numbers, value = self.slope(step.formula), self.put_in(step.formula), self.number(step.value)
                if isinstance(step.formula, Derivative):
                    numbers = value
                chain = dict.fromkeys([formula, *distinct(numbers, value)])
                lines.setdefault(step.result.id, []).append(
                    f"{self.derivative(step.result.id, step.operand.id)} &= {' = '.join(chain)} "
                    f"{self.verdict(step.check)}"
                )
        for shown in lines.values():
            yield display(shown)

    def slope(self, formula: Expression) -> str:
        """A local derivative's formula, where it can be shown."""
        return r"\text{(too long to show)}" if isinstance(formula, Derivative) else self.formula(formula)

    def backward(self) -> Iterator[str]:
        if self.options.view == "adjoints" or self.symbolic:
            yield "## Backward: each upstream gradient once"
            steps = [s for s in adjoint_steps(self.trace, self.options.inputs) if self.pen.shown(s.node.id)]
            yield from self.adjoints(self.pen, steps)
        if self.options.view == "paths":
            yield "## Backward: the chain rule along every path"
            sources = self.graph.sources(self.options.inputs)
            nodes = [n for n in sources if self.pen.shown(n) and self.trace.path_count(n)]
            yield from self.gradients(self.pen, nodes)

    def adjoints(self, pen: Pen, steps: Iterable[AdjointStep]) -> Iterator[str]:
        """Each adjoint as a sum of upstream gradient × local derivative."""
        steps = list(steps)
        checks: Iterable[Check | None] = [None] * len(steps)
        if not self.symbolic:
            found = gradient_steps(pen.trace, [s.node.id for s in steps], 0, self.options.method, self.options.h)
            checks = [step.check for step in found]
        for step, check in zip(steps, checks, strict=True):
            node, loss = step.node.id, pen.graph.loss
            at_loss = step.contributions[0].result == loss  # nothing lies between: the formula itself says more
            if check is None or at_loss:
                lines = [f"{self.derivative(loss, node)} &= {self.sum_of_formulas(loss, step)}"]
            else:
                terms = [self.contribution(loss, c.result, c.operand) for c in step.contributions]
                numbers = (
                    rf"{factor(self.number(c.upstream), i == 0)} \cdot {factor(self.number(c.local))}"
                    for i, c in enumerate(step.contributions)
                )
                lines = [f"{self.derivative(loss, node)} &= {' + '.join(terms)}", f"&= {' + '.join(numbers)}"]
            if check is not None:
                pen.checked(check, node)
                lines.append(f"&= {self.number(step.value)} {self.verdict(check)}")
            yield display(lines)

    def contribution(self, loss: int, result: int, operand: int) -> str:
        local = self.derivative(result, operand)
        return local if result == loss else rf"{self.derivative(loss, result)} \cdot {local}"

    def sum_of_formulas(self, loss: int, step: AdjointStep) -> str:
        """The terms with each local derivative's formula put in."""
        terms = []
        for c in step.contributions:
            formula = self.formula(local_formula(self.graph, c.result, c.operand))
            terms.append(formula if c.result == loss else rf"{self.derivative(loss, c.result)} \cdot {factor(formula)}")
        return " + ".join(factor(term, i == 0) if term.startswith("-") else term for i, term in enumerate(terms))

    def gradients(self, pen: Pen, nodes: list[int]) -> Iterator[str]:
        """Each gradient over its paths."""
        if self.symbolic:
            for node in nodes:
                yield from self.gradient(pen.trace, node, pen.trace.paths(node, MAX_PATHS), None)
            return
        for step in gradient_steps(pen.trace, nodes, MAX_PATHS, self.options.method, self.options.h):
            pen.checked(step.check, step.node.id)
            yield from self.gradient(pen.trace, step.node.id, step.paths, step)

    def gradient(self, trace: Trace, node: int, paths: tuple[Path, ...], step: GradientStep | None) -> Iterator[str]:
        count = trace.path_count(node)
        loss = trace.graph.loss
        whole = len(paths) == count
        name = self.derivative(loss, node)
        yield f"### $\\partial {self.node(loss)} / \\partial {self.node(node)}$"
        shown = "" if whole else f"; here are the {'first' if step is None else 'largest'} {len(paths)}"
        yield f"${self.node(node)}$ reaches ${self.node(loss)}$ by {count:,} path{'s'[: count != 1]}{shown}."
        lines = []
        for number, path in enumerate(paths):
            links = list(zip(path.nodes[1:], path.nodes, path.factors, strict=False))[::-1]
            symbols = r" \cdot ".join(self.derivative(result, operand) for result, operand, _ in links)
            lead = (f"{name} &= " if whole else r"&\phantom{+}\ ") if number == 0 else r"&\quad + "
            lines.append(lead + symbols)
        yield display(lines)
        if step is None:
            formulas = [self.path_formula(path, i == 0) for i, path in enumerate(paths)]
            yield display([(f"{name} &= " if i == 0 else r"&\quad + ") + text for i, text in enumerate(formulas)])
            return
        lines = []
        for number, path in enumerate(paths):
            numbers = r" \cdot ".join(
                factor(self.number(f), i == number == 0) for i, f in enumerate(reversed(path.factors))
            )
            lead = (f"{name} &= " if whole else r"&\phantom{+}\ ") if number == 0 else r"&\quad + "
            lines.append(f"{lead}{numbers}" + ("" if count == 1 else f" && ({self.number(path.product)})"))
        if not whole:
            lines.append(rf"{name} &= \text{{the sum over all paths}}")
        lines.append(f"&= {self.number(step.value)}")
        yield display(lines)
        yield self.difference(step.check)

    def path_formula(self, path: Path, first: bool) -> str:
        """The product of a path's local derivatives, each by its formula; factors of 1 left out."""
        links = list(zip(path.nodes[1:], path.nodes, strict=False))[::-1]
        formulas = [self.formula(local_formula(self.graph, result, operand)) for result, operand in links]
        formulas = [text for text in formulas if text != "1"] or ["1"]
        return r" \cdot ".join(factor(text, first and i == 0) for i, text in enumerate(formulas))

    def difference(self, check: Check) -> str:
        """One sentence about a gradient's check."""
        said = f"{self.options.method.capitalize()} difference: ${self.finite(check)}$"
        if check.kink:
            return f"{said}; the step crosses a kink, so it decides nothing."
        if check.undecided:
            why = "the step is too large" if check.undecided == "step" else "it is mostly rounding"
            return f"{said}; {why}, so it decides nothing."
        word = "agrees" if check.agrees else "**disagrees**"
        if check.value == 0:
            return f"{said}: {word}."
        return f"{said}, relative error ${latex_number(short(check.relative_error))}$: {word}."

    def explained(self) -> Iterator[str]:
        """The derivatives asked for by name, each in full."""
        for wanted in explain.wanted_of(self.graph, self.options.grads):
            here = self.pen if wanted.of == self.graph.loss else self.pen.towards(wanted.of)
            if not here.trace.path_count(wanted.by) or wanted.of == wanted.by:
                value = "1" if wanted.of == wanted.by else "0"
                yield f"### $\\partial {self.node(wanted.of)} / \\partial {self.node(wanted.by)}$"
                yield display([f"{self.derivative(wanted.of, wanted.by)} &= {value}"])
                continue
            yield from self.gradients(here, [wanted.by])
            edges = explain.between(here, wanted)
            shown, note = explain.factors(here, wanted, edges)
            yield f"#### Its factors{': ' * bool(note)}{note}"
            yield from self.edges(here, shown)
            upstream, note = explain.recursive(here, edges, shown)
            yield f"#### Recursively, {note}"
            yield from self.adjoints(here, upstream)

    def in_a_row(self) -> Iterator[str]:
        """The further steps: a few of them in full, then how the loss went."""
        for pen in islice(several.pens(self.pen), 1, None):
            page = Page(pen.trace, pen.trace.graph, self.options)
            page.pen = replace(page.pen, tally=self.pen.tally, worked=pen.worked)
            assert pen.worked is not None
            yield f"# Step {pen.worked.number}"
            yield from page.parts()
        yield from markdown_update.course(self)

    @cached_property
    def loss(self) -> str:
        return self.number(self.trace.loss)

    def closing(self) -> Iterator[str]:
        """How many derivatives agree, and the worst gap."""
        for good, text in sentences(self.pen):
            yield f"{text[0].upper()}{text[1:]}." if good else f"**Not all right:** {text}."
