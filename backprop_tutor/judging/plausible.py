"""Values that can't be: told in plain words, even where no line asks about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from ..engine.graph import Graph
from ..formulas.expression import Call, Power, Product, Sum, ungrouped, walk
from ..handwork.quantities import Subject, Value
from ..lesson.steps import softmax_parts
from .person import Line
from .steps import Anywhere

_RANGES = {"sigmoid": (0, 1), "tanh": (-1, 1), "relu": (0, None), "exp": (0, None), "softplus": (0, None)}


def remarks(graph: Graph, stated: Anywhere) -> tuple[tuple[int, str], ...]:
    """(line, sentence) for every impossible value that the sheet states, in any of its steps."""
    found = [remark for _, own in stated.by_step() for remark in _of_step(graph, own)]
    return tuple(sorted(dict.fromkeys(found)))


def _of_step(graph: Graph, stated: Mapping[Subject, Iterable[Line]]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    softmaxes: dict[object, dict[int, Line]] = defaultdict(dict)
    sizes: dict[object, int] = {}
    for subject, lines in stated.items():
        if not isinstance(subject, Value) or graph.block_of(subject.node).kind != "computed":
            continue
        name, formula = graph.name(subject.node), ungrouped(graph.node_formula(subject.node))
        parts = softmax_parts(formula)
        for line in lines:
            value = line.number.value
            if parts is not None:
                softmaxes[parts[1]][subject.node] = line
                sizes[parts[1]] = len(parts[1])
                if not 0 <= value <= 1:
                    found.append((line.line, f"{name} is a share of a softmax: it lies between 0 and 1"))
            elif isinstance(formula, Call) and formula.function in _RANGES:
                low, high = _RANGES[formula.function]
                if value < low or (high is not None and value > high):
                    limits = f"between {low} and {high}" if high is not None else f"{low} or more"
                    found.append((line.line, f"{name} is a {formula.function}: it is {limits}"))
            elif value < 0 and _never_negative(graph, subject.node):
                found.append((line.line, f"{name} is made of squares: it can't be negative"))
    for key, lines_of in softmaxes.items():
        if len(lines_of) == sizes[key]:
            total = sum((line.number.value for line in lines_of.values()), Fraction(0))
            room = sum((line.number.unit for line in lines_of.values()), Fraction(0))
            if abs(total - 1) > room:
                last = max(line.line for line in lines_of.values())
                found.append((last, f"the outputs of the softmax add up to {float(total):g}, not to 1"))
    return found


def _never_negative(graph: Graph, node: int) -> bool:
    """Is a quantity a sum of squares, or of things that are?"""
    formula = ungrouped(graph.node_formula(node))
    terms = formula.terms if isinstance(formula, Sum) else ((1, formula),)
    for sign, term in terms:
        part = ungrouped(term)
        if sign < 0:
            return False
        if isinstance(part, Product):
            squares = [f for how, f in part.factors if isinstance(ungrouped(f), Power)]
            others = [f for how, f in part.factors if not isinstance(ungrouped(f), Power)]
            if not squares or any(type(p).__name__ == "Name" for f in others for p in walk(f)):
                return False
            part = ungrouped(squares[0])
        if isinstance(part, Power):
            continue
        child = graph.find(getattr(part, "name", ""))
        if child is None or graph.block_of(child).kind != "computed" or not _never_negative(graph, child):
            return False
    return True
