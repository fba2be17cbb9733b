"""`--by-hand N`: the run as a person works it who rounds every step, each number beside the exact one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

from ..by_hand import HandStep, HandWork, work
from ..digits import significant
from ..errors import Problem, RequestError
from ..lesson import definition_of
from ..typeset import to_text
from . import big
from .equations import Equation, heading, laid_out, lined_up, measure
from .lines import Block, line, right, width_of, worded
from .pen import Pen, shortened
from .tables import grid

WORST = 8  # steps in the closing table
_TITLES = {
    "forward": ("Forward", "every value rounded"),
    "local": ("Local derivatives", "from the rounded values"),
    "backward": ("Backward", "every product and every sum rounded"),
    "update": ("Update", "one step of gradient descent"),
}


def parts(pen: Pen) -> Iterator[Block]:
    """Every step by hand, then where it drifted most. RequestError for a network nobody would work by hand."""
    if big.is_large(pen):
        raise RequestError(
            Problem(
                "--by-hand works every step, and this network has too many",
                help="leave it out, or take a smaller network",
            )
        )
    digits = pen.options.by_hand
    assert digits is not None
    done = work(pen.trace, digits, pen.options.inputs)
    pages = [part for part in _TITLES if part in pen.options.parts]
    for part in pages:
        steps = [step for step in done.steps if step.part == part and pen.shown(step.of if step.by is None else step.by)]
        rows = lined_up([row(pen, done, step) for step in steps])
        rows = [replace(r, other=right(r.other, width_of("exact") + 2)) for r in rows]
        columns = measure(rows, pen.width)
        title, note = _TITLES[part]
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


def row(pen: Pen, done: HandWork, step: HandStep) -> Equation:
    """One step: its numbers as written, the rounded result, the exact one and the drift in percent."""
    return Equation(
        name_of(pen, step),
        tuple((text, "numbers") for text in written(pen, done, step)),
        number(pen, step.hand, done.digits),
        pen.number(step.exact),
        (percent(step, pen.glyphs.style.minus), "note"),
    )


def name_of(pen: Pen, step: HandStep) -> str:
    if step.by is not None:
        return pen.derivative(step.of, step.by)
    return pen.name(step.of) + ("'" if step.part == "update" else "")


def number(pen: Pen, x: float, digits: int) -> str:
    """A written number: all its digits, no more."""
    return significant(x, digits, pen.glyphs.style.minus)


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
    if step.part == "update":
        slope = number(pen, done.gradients[step.of], done.digits)
        return [f"{value(step.of)} {minus} {pen.rate}{times}{bracketed(slope)}"]
    products = []
    for i, term in enumerate(step.terms):
        local = number(pen, term.local, done.digits)
        if term.result == graph.loss:
            products.append(bracketed(local, i == 0))
        else:
            products.append(bracketed(number(pen, term.upstream, done.digits), i == 0) + times + bracketed(local))
    texts = [" + ".join(products)]
    if len(step.terms) > 1:
        texts.append(" + ".join(bracketed(number(pen, t.product, done.digits), i == 0) for i, t in enumerate(step.terms)))
    return texts


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
    plural = "digit" if done.digits == 1 else "digits"
    drifted = sorted((s for s in done.steps if s.drift), key=lambda s: -abs(s.drift))
    block = Block([line(), *heading("Drift", f"every step rounded to {done.digits} {plural}", pen.width, pen.glyphs.dash)])
    if not drifted:
        block.add("  ", ("none: every number has fewer digits", "note"))
        return block
    rows = [
        [name_of(pen, s), number(pen, s.hand, done.digits), pen.number(s.exact), percent(s, pen.glyphs.style.minus).strip(),
         significant(s.units(done.digits), 2, pen.glyphs.style.minus)]
        for s in drifted[:WORST]
    ]  # fmt: skip
    block.extend(grid(["", "by hand", "exact", "drift", "in last digits"], rows, pen.width, names=True))
    worst = drifted[0]
    words = (
        f"{len(done.steps) - len(drifted)} of {len(done.steps)} numbers are exact; the worst, {name_of(pen, worst)}, "
        f"is off by {percent(worst, pen.glyphs.style.minus).strip() or 'more than can be said in percent'}"
    )
    block.extend(line("  ", (text, "note")) for text in worded(words, pen.width - 2))
    return block
