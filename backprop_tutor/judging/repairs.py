"""One given value changed: does it reconcile a whole sheet?

A weight copied with the wrong sign, from the wrong place or with its decimal point moved makes line after line differ.
Each given value is changed in these ways, the network is calculated anew, and the change that makes most lines true
(without making a true one false) is offered as an explanation of the first of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from ..engine.graph import Graph
from ..engine.scalar import Dual
from ..engine.trace import Trace, backward, forward
from ..handwork.claims import Explanation, Mark, Verdict, worst
from ..handwork.exact import Stated, agrees, exact, finite
from ..handwork.quantities import Gradient, Subject, Updated, Value, Vocabulary
from ..values import Struct, replace
from .closures import closure, run
from .person import Line, Truth

MOST_CHANGES = 600
LEAST_LINES = 3
ROUGH = 3  # units of the last digit: how far a line made of rounded numbers may be from the values it speaks for


class Repair(Struct, frozen=True):
    """A given value as the sheet seems to have it, and the lines that fit then."""

    leaf: int
    value: float
    lines: tuple[int, ...]


def repaired(
    vocabulary: Vocabulary, trace: Trace, stated: Mapping[Subject, Sequence[Line]], verdicts: Sequence[Verdict]
) -> tuple[Verdict, ...]:
    """The verdicts, the first mistake with the one-value repair as an explanation where one fits.

    What follows from a mistake fits whatever explains the mistake: a repair that explains a single wrong line says no
    more than the slip that this line has been given already.
    """
    best = best_repair(vocabulary, trace, stated, verdicts)
    if best is None:
        return tuple(verdicts)
    explained = [verdict for verdict in verdicts if verdict.mark == "wrong" and verdict.line in best.lines]
    first, *more = explained
    if len(first.explanations) == 1 and not more:
        return tuple(verdicts)
    graph = vocabulary.graph
    name, text = graph.name(best.leaf), f"{best.value:g}"
    message = f"these lines fit if {name} is {text} instead of {trace.value(best.leaf):g}"
    found = Explanation("miscopied-value", message, best.lines, 0.9, value=best.value)
    others = tuple(e for e in first.explanations if e.code != found.code)[:2]
    named = not first.explanations and first.code not in ("wrong", "arithmetic")  # the working shows what it is
    said = first if named else replace(first, code=found.code, message=message)
    shown = replace(said, explanations=(found, *others))
    return tuple(shown if verdict is first else verdict for verdict in verdicts)


def best_repair(
    vocabulary: Vocabulary, trace: Trace, stated: Mapping[Subject, Sequence[Line]], verdicts: Sequence[Verdict]
) -> Repair | None:
    """The change that explains most lines, among them a wrong one; None when none explains enough."""
    marks: dict[int, Mark] = {}
    for verdict in verdicts:
        marks[verdict.line] = worst([verdict.mark, marks.get(verdict.line, "right")])
    graph = vocabulary.graph
    ahead: list[tuple[Value, Line]] = []
    back: list[tuple[Subject, Line]] = []
    restated: dict[int, list[Line]] = {}
    for subject, lines in stated.items():
        typed = [line for line in lines if line.number.unit]
        if isinstance(subject, Value) and graph.block_of(subject.node).kind != "computed":
            restated[subject.node] = typed
        elif isinstance(subject, Value):
            ahead += [(subject, line) for line in typed]
        elif isinstance(subject, (Gradient, Updated)):
            back += [(subject, line) for line in typed]
    told = {line.line for _, line in (*ahead, *back)}
    unexplained = {line for line in told if marks.get(line) in ("wrong", "follows")}
    if len(unexplained) < LEAST_LINES or not any(marks[line] == "wrong" for line in unexplained):
        return None
    fitting = _Fitting(Truth(vocabulary, trace), marks)
    beside: dict[int, list[tuple[Value, Line]]] = {}
    found: list[Repair] = []
    for leaf, value in _changes(vocabulary, trace):
        if any(not agrees(line.number.value, line.number.unit, exact(value)) for line in restated.get(leaf, ())):
            continue  # the person wrote down another value
        if leaf not in beside:
            beside[leaf] = [(subject, line) for subject, line in ahead if _goes_straight(graph, leaf, subject.node)]
        if fitting.broken_beside(leaf, value, beside[leaf]):
            continue  # no need to calculate the whole network: most changes break a right line that is near
        leaves = trace.values.copy()
        leaves[leaf] = value
        values = forward(graph, leaves)
        if not np.isfinite(values).all():
            continue
        fits = fitting.of(Truth(vocabulary, Trace(graph, values, values)).of, ahead)
        if fits is None:
            continue  # what breaks a right line on the way forward needs no way back
        if back:
            later = fitting.of(Truth(vocabulary, Trace(graph, values, backward(graph, values))).of, back)
            if later is None:
                continue
            fits |= later
        if len(fits) >= LEAST_LINES and any(marks[line] == "wrong" for line in fits):
            found.append(Repair(leaf, value, tuple(sorted(fits))))
    most = max((len(r.lines) for r in found), default=0)
    best = [r for r in found if len(r.lines) == most]
    return best[0] if len(best) == 1 else None


def _goes_straight(graph: Graph, leaf: int, node: int) -> bool:
    """Does a leaf stand in the formula of a quantity, and in nothing else that this is worked out from?"""
    operands = graph.node(node).operands
    return leaf in operands and not any(other != leaf and graph.reaches(leaf, other) for other in operands)


class _Fitting(Struct, frozen=True):
    """Which lines of a sheet fit changed values; `truth` has the values unchanged."""

    truth: Truth
    marks: Mapping[int, Mark]

    def of(self, changed: Callable[[Subject], float], numbers: Iterable[tuple[Subject, Line]]) -> set[int] | None:
        """The lines that are not right and fit changed values; None where one that is right, or might be, does not."""
        found: set[int] = set()
        others: set[int] = set()  # lines with a number, perhaps another element of an array, that doesn't fit
        for subject, line in numbers:
            value = finite(changed(subject))
            number, mark = line.number, self.marks.get(line.line)
            fits = value is not None and agrees(number.value, number.unit, value)
            if not fits and self.speaks_for(subject, number, mark, value):
                return None
            if mark in ("wrong", "follows"):
                (found if fits else others).add(line.line)
        return found - others

    def broken_beside(self, leaf: int, value: float, numbers: Iterable[tuple[Value, Line]]) -> bool:
        """Does a changed leaf break a right line about what it goes straight into?"""
        truth, name = self.truth, self.truth.graph.name(leaf)

        def get(other: str) -> Dual:
            return (value, 0.0) if other == name else truth.get(other)

        def changed(subject: Subject) -> float:
            assert isinstance(subject, Value)
            return run(closure(truth.graph.node_formula(subject.node), truth.graph), get, truth.get_gradient)

        known = [(subject, line) for subject, line in numbers if math.isfinite(changed(subject))]
        return self.of(changed, known) is None

    def speaks_for(self, subject: Subject, number: Stated, mark: Mark | None, value: Fraction | None) -> bool:
        """Does a line speak for the values unchanged: right, undecided but in agreement, or close to them?"""
        if mark == "right":
            return True
        true = finite(self.truth.of(subject)) if mark in ("unknown", "close") else None
        if true is None:
            return False
        off = abs(number.value - true)
        return off <= number.unit * ROUGH and (value is None or abs(number.value - value) > 2 * max(off, number.unit))


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
