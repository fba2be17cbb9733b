"""The closing lines: how many values and derivatives agree, the worst gap, and by what measure."""

from __future__ import annotations

from collections.abc import Iterator

from ..check import THRESHOLD
from ..digits import short
from ..graph import Graph
from .lines import Block, line, worded
from .options import RunOptions
from .pen import Pen, Tally


def sentences(pen: Pen) -> Iterator[tuple[bool, str]]:
    """(does all of it agree, the sentence)"""
    tally = pen.tally
    if tally.values:
        yield (
            tally.values == tally.values_agree,
            f"{_of(tally.values_agree, tally.values)} values agree with a second calculation "
            f"(worst gap {short(tally.worst_value)})",
        )
    total = tally.locals + tally.gradients
    decided = total - tally.kinks
    if decided:
        kinds = [
            f"{count} {word}{'' if count == 1 else 's'}"
            for count, word in ((tally.locals, "local derivative"), (tally.gradients, "gradient"))
            if count
        ]
        yield (
            tally.agree == decided,
            f"{_of(tally.agree, decided)} derivatives agree with a {pen.options.method} difference "
            f"({' and '.join(kinds)}; worst gap {short(tally.worst)}, threshold {short(THRESHOLD[pen.options.method])}, "
            f"{_step(tally)})",
        )
    if tally.kinks:
        yield True, f"{tally.kinks} at a kink, where a difference decides nothing"


def _of(some: int, count: int) -> str:
    return f"all {count}" if some == count else f"{some} of {count}"


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


def next_step(graph: Graph, options: RunOptions) -> str:
    """One thing to try next."""
    name = graph.scenario.name
    last = graph.nodes_of("parameter")[:1]
    if options.grads:
        return f"Next: bptutor run {name} --view adjoints"
    if options.parts == ("forward",):
        return f"Next: bptutor run {name} --part backward"
    if last:
        return f"Next: bptutor run {name} --grad {graph.name(last[0])}"
    return f"Next: bptutor quiz {name}"
