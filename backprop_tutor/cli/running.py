"""What the commands do with a scenario once they know which: run it, write it to the screen or a file, validate it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..engine.check import lost_step
from ..engine.graph import Graph
from ..engine.learning import steps_of
from ..engine.notes import notes
from ..engine.opening import opened
from ..engine.trace import Trace
from ..engine.trace import run as run_graph
from ..errors import Problem, RequestError, Where
from ..render.run.formats import writer
from ..render.run.options import RunOptions
from ..render.run.pen import Tally
from ..values import Struct, field, replace
from .left_aside import left_aside, refuse_conflicts
from .look import Look
from .output import encodes, write

if TYPE_CHECKING:
    from .keys import Answer


class Output(Struct, frozen=True):
    """Where a run goes, and in which form."""

    format: str = "terminal"
    file: Path | None = None
    look: Look = field(default_factory=Look)
    step: bool = False
    no_unknowns: bool = False  # for the --random that was asked for

    @property
    def on_terminal(self) -> bool:
        return self.format == "terminal" and self.file is None and sys.stdout.isatty()


def run(graph: Graph, options: RunOptions, output: Output) -> bool:
    """Run a graph and write it; True when every check agrees.

    RequestError where two options exclude each other or the file can't be written, ScenarioError where a value is not
    finite.
    """
    refuse_conflicts(graph, options, output)
    if options.grads:
        from ..render.run.explain import wanted_of

        wanted_of(graph, options.grads)  # what isn't there is refused before anything is shown
    steps_of(graph, options.steps)
    trace = None if graph.symbolic else run_graph(graph)
    if not options.quiet:
        tell_notes(graph, output.look)
        tell(left_aside(options, output), output.look)
    if trace is not None and options.h is not None:
        refuse_lost_step(trace, options.h, options.inputs or output.format != "terminal")
    if output.format != "terminal":
        format = writer(output.format)
        text, agrees = format.run_text(trace, graph, options)
        if output.look.ascii or (output.file is None and not encodes(text, sys.stdout)):
            text = format.ascii_text(text)
        write(text, output.file, options.quiet)
        return agrees
    if output.file is not None:
        paper = io.StringIO()
        agrees = show(trace, graph, replace(options, quiet=True), output.look, paper)
        write(paper.getvalue(), output.file, options.quiet)
        return agrees
    if output.step and output.on_terminal:
        return step_by_step(trace, graph, options, output.look)
    return show(trace, graph, options, output.look, sys.stdout)


def refuse_lost_step(trace: Trace, h: float, inputs: bool) -> None:
    """RequestError for a step that is lost in the rounding of a quantity that a difference nudges."""
    node = lost_step(trace, h, inputs)
    if node is not None:
        said = f"a step of {h:g} is lost in the rounding of {trace.graph.name(node)} = {trace.value(node):g}"
        raise RequestError(Problem(said, Where(key="--h"), "", "write a larger one, for example --h 1e-6"))


def tell_notes(graph: Graph, look: Look) -> None:
    """On standard error, what is in order and yet worth a word."""
    tell(notes(graph), look, graph)


def tell(sentences: Iterable[str], look: Look, graph: Graph | None = None) -> None:
    """Notes on standard error, in the spelling of its stream."""
    screen = look.screen(sys.stderr)
    if graph is not None:
        screen = screen.naming(graph.ascii_names)
    for sentence in sentences:
        screen.line(screen.glyphs.text(f"note: {sentence}"))


def show(trace: Trace | None, graph: Graph, options: RunOptions, look: Look, stream: TextIO) -> bool:
    """The whole run on a stream; True when every check agrees."""
    screen = look.screen(stream)
    if screen.plain:
        from ..render.run import plain

        return plain.show_run(trace, graph, options, screen)
    from ..render.run import terminal

    return terminal.show_run(trace, graph, options, screen)


def step_by_step(trace: Trace | None, graph: Graph, options: RunOptions, look: Look) -> bool:
    """One step per key press; q ends, and after the end of the input the rest follows at once."""
    from ..render.run import plain, terminal
    from .keys import keyboard

    screen = look.screen(sys.stdout)
    tally = Tally()
    answer: Answer = "next"
    if not options.quiet:
        sys.stderr.write("Any key: the next step. q: the end.\n")
    with keyboard() as wait:
        for piece in (plain if screen.plain else terminal).steps(trace, graph, options, screen, tally):
            screen.line(piece) if isinstance(piece, str) else screen.show(piece)
            sys.stdout.flush()
            if answer == "next":
                answer = wait()
            if answer == "quit":
                break
    return tally.all_agree


def validated(name_or_path: str, look: Look) -> str:
    """One line about a scenario that is in order. TutorError with every fault."""
    graph = opened(name_or_path)
    if not graph.symbolic:
        run_graph(graph)
    if not look.quiet:
        tell_notes(graph, look)
    constants = sum(block.size for block in graph.blocks.values() if block.constant)
    counts = [
        (len(graph.nodes_of("input")) - constants, "input", "inputs"),
        (constants, "constant", "constants"),
        (len(graph.nodes_of("parameter")), "parameter", "parameters"),
        (len(graph.nodes_of("target")), "target", "targets"),
        (len(graph.nodes_of("computed")), "computed quantity", "computed quantities"),
    ]
    words = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    unknown = "; with unknowns, it runs in formulas" if graph.symbolic else ""
    return f"fine ({', '.join(words)}{unknown})"
