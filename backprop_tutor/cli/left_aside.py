"""Options of `run` that exclude each other, which is refused, and those that change nothing, which is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Problem, RequestError, Where
from ..render.run.options import PARTS, RunOptions

if TYPE_CHECKING:
    from ..engine.graph import Graph
    from .running import Output


def refuse_conflicts(graph: Graph, options: RunOptions, output: Output) -> None:
    """RequestError for what can't be had together."""
    if output.format != "terminal":
        for option, given in (("--step", output.step), ("--by-hand", options.by_hand is not None)):
            if given:
                raise RequestError(
                    Problem(
                        f"{option} is for the terminal, not for {output.format}", help=f"leave out {option} or --format"
                    )
                )
    if output.step and output.file is not None:
        raise RequestError(
            Problem("--step shows one step per key press, -o writes a file", help="leave out one of them")
        )
    if options.by_hand is not None and graph.symbolic:
        raise RequestError(
            Problem("--by-hand rounds numbers, and this scenario has unknowns", help="give it numbers: --random 7")
        )
    if options.by_hand is not None and options.grads:
        raise RequestError(
            Problem("--by-hand works the whole network, --grad shows one derivative", help="leave out one of them")
        )
    source = graph.scenario.path
    if output.file is not None and source is not None and output.file.resolve() == Path(source).resolve():
        raise RequestError(
            Problem(
                "the output would replace the scenario itself", Where(str(output.file)), help="write to another file"
            )
        )


def left_aside(options: RunOptions, output: Output) -> Iterator[str]:
    """A sentence for every option that was given and changes nothing, with the reason."""
    if output.no_unknowns:
        yield "--random is left aside: every value of this scenario is known"
    if output.step and not output.on_terminal:
        yield "--step is left aside: this is no terminal, where a key could be pressed"
    if output.look.plain and output.format != "terminal":
        yield f"--plain is left aside: it is for the terminal, not for {output.format}"
    for names, reason in _reasons(options, output):
        told = [option for option, given in _given(options).items() if given and option in names]
        if told:
            yield f"{' and '.join(told)} {'is' if len(told) == 1 else 'are'} left aside: {reason}"


def _given(options: RunOptions) -> dict[str, bool]:
    """Which options were given: what is as if it had not been is no loss."""
    return {
        "--part": options.parts != PARTS,
        "--view": options.view != "paths",
        "--inputs": options.inputs,
        "--steps": options.steps is not None,
        "--difference": options.method != "central",
        "--h": options.h is not None,
        "--digits": options.digits != RunOptions().digits,
        "--samples": options.samples is not None,
        "--all": options.all,
    }


def _reasons(options: RunOptions, output: Output) -> Iterator[tuple[tuple[str, ...], str]]:
    """The options that have no say, each with the reason; every option at most once."""
    if output.format == "json":
        yield ("--view", "--inputs", "--digits", "--samples", "--all"), "JSON has everything, to all digits"
        if options.grads and options.steps is not None:
            yield ("--steps",), "--grad shows the first step"
        return
    if options.grads:
        yield ("--part", "--view", "--inputs", "--steps"), "--grad shows one derivative in full, of the first step"
    elif options.by_hand is not None:
        yield ("--view", "--steps"), "--by-hand calculates each upstream gradient once, and the first step"
        yield ("--difference", "--h"), "--by-hand takes no differences"
    else:
        parts = {*options.parts}
        if "backward" not in parts:
            yield ("--view",), "the backward part is not shown"
        if not parts & {"local", "backward"}:
            yield ("--difference", "--h", "--inputs"), "no derivative is shown"
