"""One given value changed: does it reconcile a whole sheet?

A weight copied with the wrong sign, from the wrong place or with its decimal point moved makes line after line differ.
Each given value is changed in these ways, the network is calculated anew, and the change that makes most lines true
(without making a true one false) is offered as an explanation of the first of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..engine.trace import Trace, backward, forward
from ..handwork.claims import Explanation, Mark, Verdict, worst
from ..handwork.exact import agrees
from ..handwork.quantities import Gradient, Subject, Updated, Value, Vocabulary
from .person import Line, Truth
from .values import finite

MOST_CHANGES = 600
LEAST_LINES = 3


@dataclass(frozen=True, slots=True)
class Repair:
    """A given value as the sheet seems to have it, and the lines that fit then."""

    leaf: int
    value: float
    lines: tuple[int, ...]


def repaired(
    vocabulary: Vocabulary, trace: Trace, stated: Mapping[Subject, Sequence[Line]], verdicts: Sequence[Verdict]
) -> tuple[Verdict, ...]:
    """The verdicts, the first mistake with the one-value repair as an explanation where one fits."""
    best = best_repair(vocabulary, trace, stated, verdicts)
    if best is None:
        return tuple(verdicts)
    graph = vocabulary.graph
    name, text = graph.name(best.leaf), f"{best.value:g}"
    message = f"these lines fit if {name} is {text} instead of {trace.value(best.leaf):g}"
    found = Explanation("miscopied-value", message, best.lines, 0.9, value=best.value)
    out = list(verdicts)
    for i, verdict in enumerate(verdicts):
        if verdict.mark == "wrong" and verdict.line in best.lines:
            others = tuple(e for e in verdict.explanations if e.code != "miscopied-value")[:2]
            named = verdict.code not in ("wrong", "arithmetic")
            out[i] = replace(
                verdict,
                code=verdict.code if named else found.code,
                message=verdict.message if named else message,
                explanations=(*others, found) if named else (found, *others),
            )
            break
    return tuple(out)


def best_repair(
    vocabulary: Vocabulary, trace: Trace, stated: Mapping[Subject, Sequence[Line]], verdicts: Sequence[Verdict]
) -> Repair | None:
    """The change that explains most lines, among them a wrong one; None when none explains enough."""
    marks: dict[int, Mark] = {}
    for verdict in verdicts:
        marks[verdict.line] = worst([verdict.mark, marks.get(verdict.line, "right")])
    numbers = [
        (subject, line)
        for subject, lines in stated.items()
        for line in lines
        if isinstance(subject, (Value, Gradient, Updated))
        and line.number.unit
        and not (isinstance(subject, Value) and vocabulary.graph.block_of(subject.node).kind != "computed")
    ]
    unexplained = {line.line for _, line in numbers if marks.get(line.line) in ("wrong", "follows")}
    if len(unexplained) < LEAST_LINES or not any(marks[line] == "wrong" for line in unexplained):
        return None
    ahead = [(subject, line) for subject, line in numbers if isinstance(subject, Value)]
    back = [(subject, line) for subject, line in numbers if not isinstance(subject, Value)]
    found: list[Repair] = []
    for leaf, value in _changes(vocabulary, trace):
        leaves = trace.values.copy()
        leaves[leaf] = value
        values = forward(trace.graph, leaves)
        if not np.isfinite(values).all():
            continue
        fitting = _fitting(Truth(vocabulary, Trace(trace.graph, values, values)), ahead, marks)
        if fitting is None:
            continue  # what breaks a right line on the way forward needs no way back
        if back:
            changed = Trace(trace.graph, values, backward(trace.graph, values))
            later = _fitting(Truth(vocabulary, changed), back, marks)
            if later is None:
                continue
            fitting |= later
        if len(fitting) >= LEAST_LINES and any(marks[line] == "wrong" for line in fitting):
            found.append(Repair(leaf, value, tuple(sorted(fitting))))
    most = max((len(r.lines) for r in found), default=0)
    best = [r for r in found if len(r.lines) == most]
    return best[0] if len(best) == 1 else None


def _fitting(truth: Truth, numbers: Iterable[tuple[Subject, Line]], marks: Mapping[int, Mark]) -> set[int] | None:
    """The lines that are not right and fit these values; None where a right one does not."""
    found: set[int] = set()
    for subject, line in numbers:
        true = finite(truth.of(subject))
        fits = true is not None and agrees(line.number.value, line.number.unit, true)
        mark = marks.get(line.line)
        if mark == "right" and not fits:
            return None
        if fits and mark in ("wrong", "follows"):
            found.add(line.line)
    return found


def _changes(vocabulary: Vocabulary, trace: Trace) -> Iterable[tuple[int, float]]:
    """Every given value with its sign turned, with a neighbour's value, with its point moved."""
    graph = vocabulary.graph
    count = 0
    for kind in ("parameter", "input", "target"):
        nodes = graph.nodes_of(kind)
        if len(nodes) > 60:
            continue
        for node in nodes:
            own = trace.value(node)
            others = {-own, own * 10, own / 10, *(trace.value(n) for n in nodes)} - {own}
            for value in sorted(others):
                yield node, value
                count += 1
                if count >= MOST_CHANGES:
                    return
