"""The screen of `bptutor run`: every step as a block of styled lines, in the order a person would write them."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.graph import Graph
from ...engine.trace import Trace, unknown
from ..lines import Block
from ..screen import Screen
from . import adjoints, big, explain, forward, given, local, paths, samples, summary, update
from . import by_hand as hand
from . import several_steps as several
from .options import RunOptions
from .pen import Pen, Tally


def pen_for(trace: Trace | None, graph: Graph, options: RunOptions, screen: Screen, tally: Tally | None = None) -> Pen:
    """The pen of a run; without a trace (a symbolic scenario) every number is NaN and none is shown."""
    screen = screen.naming(graph.ascii_names)
    return Pen(unknown(graph) if trace is None else trace, options, screen, Tally() if tally is None else tally)


def steps(
    trace: Trace | None, graph: Graph, options: RunOptions, screen: Screen, tally: Tally | None = None
) -> Iterator[Block]:
    """The run, a renderable a step; what was checked is added up in `tally`."""
    pen = pen_for(trace, graph, options, screen, tally)
    yield given.title(pen)
    if options.grads:
        for wanted in explain.wanted_of(graph, options.grads):
            yield from explain.parts(pen, wanted)
        yield from summary.parts(pen)
        return
    if "forward" in options.parts:
        yield from given.parts(pen)
        yield from samples.overview(pen)
    if options.by_hand is not None and not pen.symbolic:
        yield from hand.parts(pen)
        return
    yield from big.parts(pen) if big.is_large(pen) else several.in_a_row(pen, _in_full)
    yield from several.parts(pen)
    yield from summary.parts(pen)


def _in_full(pen: Pen) -> Iterator[Block]:
    """Every part asked for, step by step."""
    options = pen.options
    if "forward" in options.parts:
        yield from forward.parts(pen)
    if "local" in options.parts:
        yield from local.parts(pen)
    if "backward" in options.parts:
        if pen.symbolic or options.view == "adjoints":
            yield from adjoints.parts(pen)
        if options.view == "paths":
            yield from paths.parts(pen)
        yield from samples.gradients(pen)
    if "update" in options.parts:
        yield from update.parts(pen)


def show_run(trace: Trace | None, graph: Graph, options: RunOptions, screen: Screen) -> bool:
    """Show the whole run; True when every check agrees."""
    tally = Tally()
    for block in steps(trace, graph, options, screen, tally):
        screen.show(block)
    if not options.quiet:
        screen.naming(graph.ascii_names).hint(summary.next_step(graph, options))
    return tally.all_agree
