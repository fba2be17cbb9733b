"""The screen of `bptutor run`: every step as a block of styled lines, in the order a person would write them.

What only some runs show is imported by those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...engine.graph import Graph
from ...engine.trace import Trace, unknown
from ..lines import Block
from ..screen import Screen
from . import forward, given, local, paths, samples, summary, update
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
        from . import explain

        for wanted in explain.wanted_of(graph, options.grads):
            yield from explain.parts(pen, wanted)
        yield from summary.parts(pen)
        return
    by_hand = options.by_hand is not None and not pen.symbolic
    if pen.short and not by_hand:
        from . import big

        yield big.notice(pen)
    if "forward" in options.parts:
        yield from given.parts(pen)
        yield from samples.overview(pen)
    if by_hand:
        from . import by_hand as hand

        yield from hand.parts(pen)
        return
    yield from _in_full(pen) if pen.short else several.in_a_row(pen, _in_full)
    yield from several.parts(pen)
    yield from summary.parts(pen)


def _in_full(pen: Pen) -> Iterator[Block]:
    """Every part asked for, step by step; one that is too long summed up."""
    for part in pen.options.parts:
        if part in pen.short:
            from . import big

            yield from big.parts(pen, part)
        else:
            yield from PARTS[part](pen)


def backward(pen: Pen) -> Iterator[Block]:
    """The gradients, in the view that was asked for."""
    if pen.symbolic or pen.options.view == "adjoints":
        from . import adjoints

        yield from adjoints.parts(pen)
    if pen.options.view == "paths":
        yield from paths.parts(pen)
    yield from samples.gradients(pen)


PARTS: Mapping[str, Callable[[Pen], Iterator[Block]]] = {
    "forward": forward.parts, "local": local.parts, "backward": backward, "update": update.parts,
}  # fmt: skip


def show_run(trace: Trace | None, graph: Graph, options: RunOptions, screen: Screen) -> bool:
    """Show the whole run; True when every check agrees."""
    tally = Tally()
    for block in steps(trace, graph, options, screen, tally):
        screen.show(block)
    if not options.quiet:
        screen.naming(graph.ascii_names).hint(summary.next_step(graph, options))
    return tally.all_agree
