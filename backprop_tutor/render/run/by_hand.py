"""`--by-hand N`: the run as a person works it who rounds every step, each number beside the exact one."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from ...errors import Problem, RequestError
from ...formulas.digits import significant, spelt
from ...formulas.typeset import to_text
from ...lesson.by_hand import HandStep, HandWork, Written, work
from ...lesson.steps import definition_of
from ...values import replace
from ..equations import Equation, heading, laid_out, lined_up, measure
from ..lines import Block, line, right, width_of, worded
from ..tables import grid
from . import length, update
from .pen import Pen, shortened

WORST = 8  # steps in the closing table
TITLES = {
    "forward": ("Forward", "every value rounded"),
    "local": ("Local derivatives", "from the rounded values"),
    "backward": ("Backward", "every product and every sum rounded"),
    "update": ("Update", "one step of gradient descent"),
}


def parts(pen: Pen) -> Iterator[Block]:
    """Every step by hand, then where it drifted most."""
    done = worked(pen)
    for part in TITLES:
        steps = steps_of(pen, done, part)
        rows = lined_up([row(pen, done, step) for step in steps])
        # as wide as the columns' titles
        rows = [replace(r, value=right(r.value, len("by hand")), other=right(r.other, len("exact"))) for r in rows]
        columns = measure(rows, pen.width)
        title, note = title_of(pen, part)
        for i, block in enumerate(laid_out(rows, pen.width, columns)):
            above = []
            if i == 0:
                above = [line(), *heading(title, note, pen.width, pen.glyphs.dash)]
                if not columns.stacked:
                    lead = " " * (columns.start + columns.formula + 3)
                    titles = lead + right("by hand", columns.value) + right("exact", columns.other) + "  drift"
                    above += [line((titles, "note"))] if width_of(titles) <= pen.width else []
            yield Block([*above, *block.lines])
    yield closing(pen, done)


def title_of(pen: Pen, part: str) -> tuple[str, str]:
    """A part's title and what is done in it."""
    rule = pen.graph.rule
    title, note = TITLES[part]
    return title, "one step of the scenario's rule" if part == "update" and rule and not rule.plain else note


def steps_of(pen: Pen, done: HandWork, part: str) -> list[HandStep]:
    """The steps of one part, if it was asked for, in the samples shown."""
    if part not in pen.options.parts:
        return []
    return [step for step in done.steps if step.part == part and pen.shown(step.of if step.by is None else step.by)]


def worked(pen: Pen) -> HandWork:
    """The work by hand. RequestError for a network nobody would work by hand."""
    if sum(pen.lengths[part] for part in TITLES) > length.ASKED and not pen.options.all:
        raise RequestError(
            Problem(
                "--by-hand works every step, and this network has too many",
                help="leave it out, take a smaller network, or say --all",
            )
        )
    assert pen.options.by_hand is not None
    return work(pen.trace, pen.options.by_hand, pen.options.inputs)


def row(pen: Pen, done: HandWork, step: HandStep) -> Equation:
    """One step: its numbers as written, the rounded result, the exact one and the drift in percent."""
    return Equation(
        name_of(pen, step),
        tuple((text, "numbers") for text in written(pen, done, step)),
        number(pen, step.hand, done.digits),
        pen.number(step.exact),
        (percent(step, pen.glyphs.style.minus), "note"),
        other_word="exact",
        note=rule_note(pen, done, step),
    )


def rule_note(pen: Pen, done: HandWork, step: HandStep) -> str:
    """What the other lines of the scenario's own rule came to, each rounded: `m' = 0.2, mhat = 2`."""
    rule = pen.graph.rule
    if rule is None or not step.lines:
        return ""
    facts = [
        f"{update.spelling(pen.graph, i + 1, '')(line.name)} = {number(pen, value, done.digits)}"
        for i, (line, value) in enumerate(zip(rule.lines, step.lines, strict=True))
        if line.name != "w"
    ]
    return pen.glyphs.text(f"with {', '.join(facts)}") if facts else ""


def name_of(pen: Pen, step: HandStep) -> str:
    if step.by is not None:
        return pen.derivative(step.of, step.by)
    name = pen.name(step.of)
    return update.renewed(pen.graph, name) if step.part == "update" else name


def number(pen: Pen, x: float, digits: int) -> str:
    """A written number: all its digits, no more; 0.0360 is a number that was rounded to three."""
    return significant(x, digits, pen.glyphs.style.minus, measured=isinstance(x, Written) and x.cut)


def written(pen: Pen, done: HandWork, step: HandStep) -> list[str]:
    """What stands between the name and the result: the formula with the written numbers put in."""
    graph = pen.graph
    times, minus = pen.glyphs.style.times, pen.glyphs.style.minus

    def value(node: int) -> str:
        if graph.node(node).kind != "computed":
            return pen.value(node)
        return number(pen, done.values[node], done.digits)

    def bracketed(text: str, first: bool = False) -> str:
        return f"({text})" if text.startswith(minus) and not first else text

    if step.part == "forward" or step.part == "local":
        formula = step.formula
        if formula is None:
            node = graph.node(step.of)
            assert node.formula is not None
            formula = definition_of(graph, node.formula) or node.formula
        text = to_text(shortened(formula), pen.glyphs.style, lambda name: value(graph.id(name)))
        return [pen.glyphs.text(text)]
    if step.part == "update" and graph.frozen[graph.parameter_rows[step.of]]:
        return [value(step.of)]
    if step.part == "update" and step.lines:
        return [update_by_rule(pen, done, step)]
    if step.part == "update":
        slope = number(pen, done.gradients[step.of], done.digits)
        return [f"{value(step.of)} {minus} {pen.rate_of(step.of)}{times}{bracketed(slope)}"]
    products = []
    for i, term in enumerate(step.terms):
        local = number(pen, term.local, done.digits)
        if term.result == graph.loss:
            products.append(bracketed(local, i == 0))
        else:
            products.append(bracketed(number(pen, term.upstream, done.digits), i == 0) + times + bracketed(local))
    texts = [" + ".join(products)]
    if len(step.terms) > 1:
        rounded = [number(pen, term.product, done.digits) for term in step.terms]
        texts.append(" + ".join(bracketed(text, i == 0) for i, text in enumerate(rounded)))
    return texts


def update_by_rule(pen: Pen, done: HandWork, step: HandStep) -> str:
    """The rule's line for the parameter itself, with the written numbers put in."""
    rule = pen.graph.rule
    assert rule is not None
    at = next(i for i, line in enumerate(rule.lines) if line.name == "w")
    texts = {value.name: spelt(value.text, pen.glyphs.style.minus) for value in pen.graph.scenario.rule_values}
    texts |= {name: number(pen, start, done.digits) for name, start in (*rule.starts.items(), *done.totals.items())}
    results = zip(rule.lines[:at], step.lines, strict=False)
    texts |= {line.name: number(pen, value, done.digits) for line, value in results}
    slope = number(pen, done.gradients[step.of], done.digits)
    texts |= {"w": pen.value(step.of), "g": slope, "rate": pen.rate_of(step.of), "t": "1"}
    return pen.glyphs.text(to_text(rule.lines[at].formula, pen.glyphs.style, texts.__getitem__))


def percent(step: HandStep, minus: str) -> str:
    """The drift, signed, to two digits; empty where there is none."""
    if not step.drift:
        return ""
    if not isfinite(step.drift):
        return "exact is 0" if step.exact == 0 else ""
    text = significant(100 * abs(step.drift), 2)
    return f" {minus if step.drift < 0 else '+'}{text} %"


def closing(pen: Pen, done: HandWork) -> Block:
    """Where the rounding shows most."""
    title = f"every step rounded to {done.digits} digit{'' if done.digits == 1 else 's'}"
    block = Block([line(), *heading("Drift", title, pen.width, pen.glyphs.dash)])
    drifted = sorted((step for step in done.steps if step.drift), key=lambda step: -abs(step.drift))
    minus = pen.glyphs.style.minus
    rows = [
        [
            name_of(pen, step),
            number(pen, step.hand, done.digits),
            pen.number(step.exact),
            percent(step, minus).strip(),
            significant(step.units(done.digits), 2, minus),
        ]
        for step in drifted[:WORST]
    ]
    block.extend(
        grid(["", "by hand", "exact", "drift", "last digits"], rows, pen.width, names=True, plain=pen.screen.plain)
    )
    block.extend(line("  ", (text, "note")) for text in worded(verdict(pen, done), pen.width - 2))
    return block


def verdict(pen: Pen, done: HandWork) -> str:
    """How many numbers are exact, and the worst."""
    exact = sum(not step.drift for step in done.steps)
    worst = done.worst
    if worst is None:
        return f"all {len(done.steps)} numbers are exact"
    off = percent(worst, pen.glyphs.style.minus).strip()
    return f"{exact} of {len(done.steps)} numbers are exact; the worst, {name_of(pen, worst)}, is off: {off}"
