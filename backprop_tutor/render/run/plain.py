"""`--plain`: the run read line by line, one fact a line, in ASCII, the label before the number; for screen readers.

Step 1. h1 = i1*w11 + i2*w12 + b1
  numbers: 0.05*0.15 + 0.1*0.20 + 0.35
  h1 = 0.3775, check ok
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...engine.check import Check
from ...engine.graph import Graph
from ...engine.trace import Path, Trace
from ...lesson.steps import AdjointStep, GradientStep, adjoint_steps, gradient_steps, multiplications
from ..equations import Equation
from ..lines import Block
from ..screen import Screen
from . import adjoints, array_equations, big, explain, forward, given, local, paths, samples, summary, update
from . import by_hand as hand
from . import several_steps as several
from .options import RunOptions
from .pen import Pen, Tally
from .terminal import pen_for

LONG_LINE = 2000


def show_run(trace: Trace | None, graph: Graph, options: RunOptions, screen: Screen) -> bool:
    """Read the whole run out; True when every check agrees."""
    tally = Tally()
    for text in steps(trace, graph, options, screen, tally):
        screen.line(text)
    if not options.quiet:
        screen.naming(graph.ascii_names).hint(summary.next_step(graph, options))
    return tally.all_agree


def steps(
    trace: Trace | None, graph: Graph, options: RunOptions, screen: Screen, tally: Tally | None = None
) -> Iterator[str]:
    """The run, a paragraph a step; what was checked is added up in `tally`."""
    # lines as long as they are: nobody looks at a column
    pen = pen_for(trace, graph, options, screen._replace(width=LONG_LINE), tally)
    for paragraph in _paragraphs(pen):
        if paragraph:
            yield "\n".join(paragraph)


def _paragraphs(pen: Pen) -> Iterator[list[str]]:
    scenario, options = pen.graph.scenario, pen.options
    yield [f"Scenario {pen.glyphs.text(scenario.name)}. {_sentence(pen, scenario.title)}"]
    if scenario.about:
        yield [_sentence(pen, scenario.about)]
    if options.grads:
        for wanted in explain.wanted_of(pen.graph, options.grads):
            yield from _explained(pen, wanted)
        yield _closing(pen)
        return
    by_hand = options.by_hand is not None and not pen.symbolic
    if pen.short and not by_hand:
        yield from _blocks([big.notice(pen)])
    if "forward" in options.parts:
        yield ["", "Given."]
        yield from ([fact] for fact in _given(pen))
        yield from _blocks(samples.overview(pen))
    if by_hand:
        yield from _by_hand(pen)
        return
    if pen.short:
        yield from _in_full(pen)
    else:
        for later in several.pens(pen):
            if later.worked is not None and later.worked.number > 1:
                yield ["", f"Step {later.worked.number}, with the updated values."]
            yield from _in_full(later)
    yield from _blocks(several.parts(pen))
    yield _closing(pen)


def _blocks(blocks: Iterable[Block]) -> Iterator[list[str]]:
    """Blocks of the terminal's screen, read out."""
    for block in blocks:
        yield ["", *_joined(block.text())]


def _joined(text: str) -> list[str]:
    """A block's lines without rules and repeated spaces."""
    return [" ".join(part.rstrip("-").split()) for part in text.splitlines() if part.strip()]


def _sentence(pen: Pen, text: str) -> str:
    text = pen.glyphs.text(" ".join(text.split()))
    return text if text.endswith((".", "!", "?")) else text + "."


def _given(pen: Pen) -> Iterator[str]:
    for quantity in pen.graph.blocks.values():
        if quantity.kind == "computed" or not pen.shown(quantity.start):
            continue
        label = quantity.role.capitalize()
        if quantity.size > big.LARGE:
            yield f"{label} {pen.glyphs.text(quantity.name)}: {quantity.size} numbers"
            continue
        for node in range(quantity.start, quantity.start + quantity.size):
            value = pen.value(node)
            value = "unknown" if value == pen.name(node) else value
            assumed = pen.graph.assumed(node)
            because = f", assumed: {pen.glyphs.text(assumed)}" if assumed else ""
            yield f"{label} {pen.name(node)} = {value}{because}"
    yield from (f"Function {definition}" for definition in given.definitions(pen))
    if pen.rate:
        reason = pen.graph.scenario.rate_assumed
        because = f", assumed: {pen.glyphs.text(reason)}" if reason else ""
        yield f"Rate = {'unknown' if pen.rate == '?' else pen.rate}{because}"


def _in_full(pen: Pen) -> Iterator[list[str]]:
    """Every part asked for, step by step; one that is too long summed up."""
    for part in pen.options.parts:
        yield from _blocks(big.parts(pen, part)) if part in pen.short else _part(pen, part)


def _part(pen: Pen, part: str) -> Iterator[list[str]]:
    if part == "forward":
        taken = forward.shown_steps(pen)
        yield ["", f"Forward pass, {len(taken)} step{'s'[: len(taken) != 1]}."]
        for step in taken:
            if forward.begins_array(pen, step):
                yield [f"Array {line}" for line in array_equations.read_out(pen, step.node.block)]
            yield facts(forward.row(pen, step), f"Step {step.number}. ", "check")
    if part == "local":
        edges = local.shown_edges(pen)
        yield ["", f"Local derivatives, {len(edges)} of them."]
        for row in local.rows_of(pen, edges):
            yield facts(row)
    if part == "backward":
        if pen.symbolic or pen.options.view == "adjoints":
            yield from _adjoints(pen, adjoint_steps(pen.trace, pen.options.inputs))
            saved = multiplications(pen.trace)
            yield [
                f"Multiplications: {saved.by_adjoints} with each upstream gradient calculated once, "
                f"{saved.by_paths} path by path, {saved.saved} saved."
            ]
        if pen.options.view == "paths":
            nodes = [n for n in pen.graph.sources(pen.options.inputs) if pen.shown(n) and pen.trace.path_count(n)]
            yield from gradients(pen, nodes)
        yield from _blocks(samples.gradients(pen))
    rule = update.shown_rule(pen)
    if part == "update" and rule is not None:
        yield ["", _sentence(pen, f"Update, {update.note(pen, rule)}")]
        if not rule.plain and not pen.symbolic:
            words = [", ".join(update.numbers_of(pen, rule)), *update.totals_of(pen, rule), update.memory(pen, rule)]
            yield [_sentence(pen, text) for text in words if text]
        for row in update.rows_of(pen, pen.graph.nodes_of("parameter")):
            yield facts(row, f"{row.number}: " if row.number else "")
        if not pen.symbolic:
            loss = pen.name(pen.graph.loss)
            yield [f"{loss} before the step = {pen.number(pen.trace.loss)}"]
            yield [f"{loss} with the updated values = {pen.number(update.loss_after(pen))}"]


def facts(row: Equation, label: str = "", check: str = "") -> list[str]:
    """A row read out: the formula, the numbers put in, the value and its check."""
    steps = [(text, style) for text, style in row.steps if text != row.value.strip()]
    value = row.value.strip()
    lines = []
    if steps:
        lines.append(f"{label}{row.name} = {steps[0][0]}")
        lines += [f"  {'numbers' if style == 'numbers' else 'that is'}: {text}" for text, style in steps[1:]]
    ending = f", finite difference {row.other.strip()}" if row.other else ""
    ending += f", relative gap {row.error.strip()}" if row.error else ""
    if row.mark[0]:
        ending += f", check {row.mark[0]}"
    if value:
        lines.append(f"{'  ' if lines else label}{row.name} = {value}{ending}")
    if row.note:
        lines.append(f"  {row.note}")
    return lines


def _adjoints(pen: Pen, taken: Sequence[AdjointStep]) -> Iterator[list[str]]:
    chosen = [step for step in taken if pen.shown(step.node.id)]
    yield ["", f"Each upstream gradient once, {len(chosen)} step{'s'[: len(chosen) != 1]}."]
    for row in adjoints.rows_of(pen, chosen):
        yield facts(row)


def gradients(pen: Pen, nodes: Sequence[int]) -> Iterator[list[str]]:
    if pen.symbolic:
        for node in nodes:
            yield _symbolic(pen, node)
        return
    for step in gradient_steps(pen.trace, nodes, paths.MAX_PATHS, pen.options.method, pen.options.h):
        pen.checked(step.check, step.node.id)
        yield _gradient(pen, step)


def _gradient(pen: Pen, step: GradientStep) -> list[str]:
    total = pen.total(step.node.id)
    listed = paths.shown_paths(pen, step)
    lines = ["", f"Gradient {total}, {_plural(step.path_count, 'path')}."]
    for number, path in enumerate(listed, 1):
        lines += _path(pen, number, step.path_count, path)
    if len(listed) < step.path_count:
        rest = pen.number(paths.others(step, listed))
        lines.append(f"The other {step.path_count - len(listed)} paths together: {rest}")
    lines.append(f"Sum of paths: {total} = {pen.number(step.value)}")
    lines.append(f"Finite difference: {pen.difference(step.check)}, check {_verdict(pen, step.check)}")
    return lines


def _path(pen: Pen, number: int, count: int, path: Path) -> list[str]:
    names = [pen.name(node) for node in reversed(path.nodes)]
    through = f" by {', '.join(names[1:-1])}" if len(names) > 2 else ""
    factors = paths.factors(pen, path)
    lines = [f"Path {number} of {count}, from {names[0]} to {names[-1]}{through}. {_plural(len(factors), 'factor')}."]
    for i, factor in enumerate(factors, 1):
        value = f" = {factor.value}" if factor.value else ""
        lines.append(f"  factor {i}: {factor.above}/{factor.below}{value}")
    if pen.symbolic:
        return [*lines, f"  product: {paths.put_together(pen, path)}"]
    return [*lines, f"  product = {pen.number(path.product)}"]


def _symbolic(pen: Pen, node: int) -> list[str]:
    count = pen.trace.path_count(node)
    lines = ["", f"Gradient {pen.total(node)}, {_plural(count, 'path')}."]
    for number, path in enumerate(pen.trace.paths(node, paths.MAX_PATHS), 1):
        lines += _path(pen, number, count, path)
    return lines


def _explained(pen: Pen, wanted: explain.Derivative) -> Iterator[list[str]]:
    here = pen if wanted.of == pen.graph.loss else pen.towards(wanted.of)
    if wanted.of == wanted.by or not here.trace.path_count(wanted.by):
        yield ["", *_joined(explain.trivial(here, wanted).text())]
        return
    if rows := explain.uses(here, wanted.by):
        yield ["", "Sum over its uses.", *(text for row in rows for text in facts(row))]
    yield from gradients(here, [wanted.by])
    edges = explain.between(here, wanted)
    shown, note = explain.factors(here, wanted, edges)
    yield ["", _sentence(pen, f"Its factors: {note}" if note else "Its factors")]
    for row in local.rows_of(here, shown):
        yield facts(row)
    yield from _adjoints(here, explain.recursive(here, edges, shown)[0])
    if pen.symbolic:
        return
    yield ["", "Three ways, which share no derivative rule."]
    for label, number, mark, error in explain.witnesses(here, wanted, edges):
        yield [f"{label}: {number}" + (f", check {mark[0]}" if mark else "") + (f", {error}" if error else "")]
    parameter = wanted.of == pen.graph.loss and pen.graph.node(wanted.by).kind == "parameter"
    if parameter and update.shown_rule(pen) is not None:
        rows = update.rows_of(pen, [wanted.by])
        yield ["", "Update.", *(text for row in rows for text in facts(row))]


def _by_hand(pen: Pen) -> Iterator[list[str]]:
    done = hand.worked(pen)
    for part in hand.TITLES:
        title, note = hand.title_of(pen, part)
        taken = hand.steps_of(pen, done, part)
        if taken:
            yield ["", f"{title}, {note}."]
        for step in taken:
            row = hand.row(pen, done, step)
            drift = row.mark[0].strip()
            ending = f", drift {drift}" if drift else ""
            yield [
                *(f"{row.name} = {text}" + (f", {row.note}" if row.note else "") for text, _ in row.steps[:1]),
                *(f"  numbers: {text}" for text, _ in row.steps[1:]),
                f"  by hand {row.value.strip()}, exact {row.other.strip()}{ending}",
            ]
    yield ["", f"Drift: {hand.verdict(pen, done)}."]


def _closing(pen: Pen) -> list[str]:
    found = [f"{'OK' if good else 'WRONG'}: {text}." for good, text in summary.sentences(pen)]
    return ["", *found] if found else []


def _verdict(pen: Pen, check: Check) -> str:
    return pen.check_mark(check)[0]


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
