"""The closing lines: how many values and derivatives agree, the worst gap, and by what measure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ...engine.build import build
from ...engine.check import FORWARD_STEP, THRESHOLD, check_locals
from ...engine.graph import Graph
from ...engine.trace import run
from ...errors import TutorError
from ...formulas.digits import short
from ...lesson.steps import backward_edges
from ...lesson.third import SYMBOLIC_GAP
from ...scenario.changes import with_random
from ..lines import Block, line, worded
from .options import RunOptions
from .pen import Pen, Tally

DRAWN = 7  # the seed of the numbers that a scenario without numbers is checked at


def sentences(pen: Pen) -> Iterator[tuple[bool, str]]:
    """(does all of it agree, the sentence)"""
    drawn = with_drawn_numbers(pen) if pen.symbolic else None
    if drawn is None:
        yield from _sentences(pen)
        return
    for good, text in _sentences(drawn):
        yield good, f"with numbers drawn for the unknowns, {text}"


def with_drawn_numbers(pen: Pen) -> Pen | None:
    """The local derivatives of a scenario without numbers, checked at some numbers; None where none are shown."""
    options = pen.options
    if "local" in pen.short or not (options.grads or {"local", "backward"} & {*options.parts}):
        return None
    try:
        graph = build(with_random(pen.graph.scenario, DRAWN))
        trace = run(graph)
    except TutorError:  # there is a formula that has no value at these numbers
        return None
    drawn = Pen(trace, options, pen.screen, pen.tally)
    edges = [(r, o) for r, o in backward_edges(graph, options.inputs) if drawn.shown(r)]
    for (result, operand), check in zip(edges, check_locals(trace, edges, options.method, options.h), strict=True):
        drawn.checked(check, operand, result)
    return drawn


def _sentences(pen: Pen) -> Iterator[tuple[bool, str]]:
    tally = pen.tally
    if tally.values:
        yield (
            tally.values == tally.values_agree,
            f"{_of(tally.values_agree, tally.values, 'value')} with a second calculation "
            f"(worst gap {short(tally.worst_value)})",
        )
    decided = tally.decided
    if decided:
        kinds = _kinds(tally.locals, tally.gradients)
        unclear = tally.lost + tally.too_wide
        apart = f", {tally.kinks} at a kink not counted" if tally.kinks else ""
        apart += f", {unclear} unclear not counted" if unclear else ""
        threshold = short(THRESHOLD[pen.options.method])
        yield (
            tally.agree == decided,
            f"{_of(tally.agree, decided, 'derivative')} with a {pen.options.method} difference "
            f"({kinds}{apart}; worst gap {short(tally.worst)}, threshold {threshold}, {_step(tally)})",
        )
    if tally.third:
        kinds = _kinds(tally.third_locals, tally.third_gradients)
        yield (
            tally.third_agree == tally.third,
            f"{_of(tally.third_agree, tally.third, 'derivative')} with SymPy's "
            f"({kinds}; worst gap {short(tally.third_worst)}, threshold {short(SYMBOLIC_GAP)})",
        )
    if tally.kinks:
        one = tally.kinks == 1
        yield (
            True,
            f"{tally.kinks} derivative{' stands' if one else 's stand'} at a kink: a difference decides nothing there, "
            "and the convention named above is used",
        )
    if tally.lost:
        one = tally.lost == 1
        step = f" with h = {short(pen.options.h)}" if pen.options.h else ""
        yield (
            True,
            f"{tally.lost} derivative{' is' if one else 's are'} unclear: too small for a difference{step} to tell "
            f"{'it' if one else 'them'} from rounding",
        )
    if tally.too_wide:
        one = tally.too_wide == 1
        step = short(pen.options.h or FORWARD_STEP)
        yield (
            True,
            f"{tally.too_wide} derivative{' is' if one else 's are'} unclear: h = {step} is too large to tell",
        )


def _of(some: int, count: int, word: str) -> str:
    """`all 7 values agree`, `6 of 7 values agree`, `the 1 value agrees`."""
    if count == 1:
        return f"the 1 {word} {'agrees' if some else 'disagrees'}"
    return f"{f'all {count}' if some == count else f'{some} of {count}'} {word}s agree"


def _kinds(local: int, total: int) -> str:
    counted = ((local, "local derivative"), (total, "gradient"))
    return " and ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count)


def _step(tally: Tally) -> str:
    low, high = min(tally.steps), max(tally.steps)
    if f"{low:.1e}" == f"{high:.1e}":
        return f"step {short(low)}"
    return f"steps {short(low)} to {short(high)}"


def parts(pen: Pen) -> Iterator[Block]:
    block = Block()
    for good, text in sentences(pen):
        mark, style = pen.mark(good)
        for i, words in enumerate(worded(text, pen.width - len(mark) - 1)):
            block.add((mark if i == 0 else " " * len(mark), style), " ", (words, "note"))
    if block.lines:
        block.lines.insert(0, line())
        yield block


def command(graph: Graph, options: RunOptions) -> str:
    """How this scenario is run again, as it can be pasted into a shell."""
    return options.command or f"bptutor run {shlex.quote(graph.scenario.name)}"


def next_step(graph: Graph, options: RunOptions) -> str:
    """One thing to try next, as it can be pasted into a shell."""
    run = f"Next: {command(graph, options)}"
    sources = graph.sources()
    if options.by_hand is not None:
        return run
    if options.grads:
        return f"{run} --part backward --view adjoints"
    if options.parts == ("forward",):
        return f"{run} --part backward"
    if graph.symbolic:
        return f"{run} --random 7"
    if not sources:
        return f"{run} --view adjoints"
    one = next((node for node in sources if graph.reaches(node, graph.loss)), sources[0])
    return f"{run} --grad {shlex.quote(graph.name(one))}"
