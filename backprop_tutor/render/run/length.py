"""How long a run is on the screen, estimated before anything is worked out, and which parts are summed up for that."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine.graph import Graph, descendants
from ...engine.learning import steps_of
from ...engine.trace import Trace, path_totals
from ...formulas.digits import counted
from .options import PARTS, RunOptions

DEFAULT = 1_600  # lines; of a longer run, where nothing was asked for, the long parts are summed up
ASKED = 10_000  # where parts were named
LONG = 0.2  # of these limits; a longer part is a long one
OPERAND = 11  # cells that an operand takes in a formula, with the sign before it
MARGIN = 20  # cells beside a formula
SHOWN_OPERANDS = 48  # a longer sum is shortened
MOST_PATHS = 16  # of one quantity
FACTORS = 5  # of a path side by side
SHOWN_STEPS = 3  # update steps in a row


def lines_of(trace: Trace, options: RunOptions, samples: int, width: int) -> dict[str, int]:
    """About how many lines each part would take, for so many samples shown, on a screen of this width."""
    graph = trace.graph
    share = samples / len(graph.scenario.samples) if graph.scenario.samples else 1.0
    wanted = np.array(graph.sources(options.inputs), dtype=int)
    found = {
        "forward": share * _forward(graph, min(width, 120) - MARGIN),
        "local": 2.0 * share * _edges(graph, wanted),
        "backward": _adjoints(graph, wanted) if options.view == "adjoints" else share * _paths(trace, wanted),
        "update": 3 * len(graph.nodes_of("parameter")) * (len(graph.rule.lines) if graph.rule else 0),
    }
    in_full = min(steps_of(graph, options.steps), SHOWN_STEPS)
    return {part: round(found[part] * in_full) for part in PARTS}


def _forward(graph: Graph, line: int) -> float:
    """A name's formula and numbers, a line each for so many operands, and an empty line."""
    total = 0.0
    for group in graph.groups:
        operands = min(sum(slot.size / group.rows for slot in group.slots), SHOWN_OPERANDS)
        total += group.rows * (1 + 2 * max(1.0, operands * OPERAND / line))
    return total


def _edges(graph: Graph, wanted: np.ndarray) -> int:
    useful = descendants(graph, *wanted.tolist())
    return int(useful[graph.edges[1]].sum())


def _adjoints(graph: Graph, wanted: np.ndarray) -> float:
    useful = descendants(graph, *wanted.tolist())
    return 2.5 * float(useful.sum()) + 0.5 * _edges(graph, wanted)


def _paths(trace: Trace, wanted: np.ndarray) -> float:
    """A heading, a picture, and every path's fractions, four lines for so many factors."""
    counts = path_totals(trace.graph, trace.graph.loss)[wanted].astype(float)
    links = path_totals(trace.graph, trace.graph.loss, lengths=True)[wanted].astype(float)
    used = counts > 0
    lengths = links[used] / counts[used]
    shown = np.minimum(counts[used], MOST_PATHS)
    return float(np.sum(6 + shown * (2 + 4 * np.ceil(lengths / FACTORS))))


def summed_up(lengths: Mapping[str, int], options: RunOptions) -> frozenset[str]:
    """The parts that are summed up: the long ones of a run that is too long."""
    limit = DEFAULT if options.parts == PARTS else ASKED
    if options.all or sum(lengths[part] for part in options.parts) <= limit:
        return frozenset()
    return frozenset(part for part in options.parts if lengths[part] > LONG * limit)


NAMES: Mapping[str, tuple[str, str]] = {
    "forward": ("the forward pass", "is"),
    "local": ("the local derivatives", "are"),
    "backward": ("the gradients", "are"),
    "update": ("the update", "is"),
}


def sentence(lengths: Mapping[str, int], short: frozenset[str], options: RunOptions) -> str:
    """What is summed up, and how to see it."""
    total = counted(round(sum(lengths[part] for part in options.parts), -2))
    parts = [part for part in PARTS if part in short]
    names = [NAMES[part][0] for part in parts]
    named = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    verb = NAMES[parts[0]][1] if len(parts) == 1 else "are"
    asked = "".join(f"--part\u00a0{part}, " for part in parts) if options.parts == PARTS else ""
    return (
        f"In full this takes about {total} lines, so {named} {verb} summed up. "
        f"In full: {asked}one gradient with --grad\u00a0NAME, everything with --all."
    )
