"""Sums over an index, written out: `Σ (y_i - p_i)^2` as `(y1 - p1)^2 + (y2 - p2)^2`.

The index is a letter in the subscripts of names that mean nothing as they stand and are known with a number in its
place. `Σ ½(target - output)²` has no index at all: it runs over the outputs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..formulas.expression import Call, Derivative, Expression, Group, Name, Sum, transform, walk
from ..values import Struct, replace
from .indices import Elements, letters_of
from .meaning import names_of
from .quantities import Vocabulary

MOST_TERMS = 50


class WrittenOut(Struct, frozen=True):
    """A formula without sum signs, and what names without an index were read as."""

    formula: Expression
    renamed: Mapping[str, str]


def written_out(formula: Expression, elements: Elements) -> WrittenOut:
    """The formula with every sum over an index written out; one that nobody can tell stays."""
    vocabulary = elements.vocabulary
    renamed: dict[str, str] = {}

    def change(part: Expression) -> Expression:
        if not (isinstance(part, Call) and part.function == "sum" and len(part.arguments) == 1):
            return part
        term = part.arguments[0]
        if terms := _elements(term, elements):
            return Group(Sum(tuple((1, Group(one, part.span)) for one in terms), part.span), part.span)
        foreign = [name for node in walk(term) for name in names_of(node) if _is_foreign(name, vocabulary)]
        readings = _by_index(foreign, vocabulary)
        if not readings:
            readings = _by_output(foreign, vocabulary)
            renamed.update({name: ", ".join(reading[name] for reading in readings) for name in foreign if readings})
        if len(readings) < 2:
            return part
        return Group(Sum(tuple((1, _put(term, reading)) for reading in readings), part.span), part.span)

    return WrittenOut(transform(formula, change), renamed)


def _elements(term: Expression, elements: Elements) -> list[Expression]:
    """A term for every element of the arrays below which its letter stands: of several letters the last is the sum's.

    The others are those of sums around it. Without a letter it is one for every element of the arrays that it names.
    """
    lengths = elements.lengths([term])
    letters = sorted(letters_of(term))
    if not letters:
        return elements.of_whole(term, MOST_TERMS)
    if any(letter not in lengths for letter in letters) or lengths[letters[-1]] > MOST_TERMS:
        return []
    return [elements.at(term, {letters[-1]: number}) for number in range(1, lengths[letters[-1]] + 1)]


def _is_foreign(name: str, vocabulary: Vocabulary) -> bool:
    return vocabulary.subject(name) is None and vocabulary.array(name) is None


def _by_index(foreign: list[str], vocabulary: Vocabulary) -> list[Mapping[str, str]]:
    """For each number of the index the names with it; empty where no letter makes all names known."""
    letters = dict.fromkeys(letter for name in foreign for letter in re.findall(r"[a-z]", name.partition("_")[2]))
    for letter in letters:
        found: list[Mapping[str, str]] = []
        for number in range(1, MOST_TERMS + 1):
            reading = {name: numbered(name, letter, number) for name in foreign}
            if any(_is_foreign(name, vocabulary) for name in reading.values()):
                if found:
                    break
                continue
            found.append(reading)
        if found:
            return found
    return []


def numbered(name: str, letter: str, number: int) -> str:
    """`w_{x_i,h_1}` with a number in place of an index."""
    stem, mark, index = name.partition("_")
    return stem + mark + re.sub(rf"(?<![A-Za-z]){letter}(?![A-Za-z])", str(number), index)


def _by_output(foreign: list[str], vocabulary: Vocabulary) -> list[Mapping[str, str]]:
    """For each output the names `target` and `output` as its own; empty where there is another name."""
    graph = vocabulary.graph
    targets, outputs = graph.nodes_of("target"), vocabulary.outputs
    if not foreign or len(targets) != len(outputs):
        return []
    found: list[Mapping[str, str]] = []
    for target, output in zip(targets, outputs, strict=True):
        reading = {}
        for name in foreign:
            kind = vocabulary.role(name)
            if not kind:
                return []
            reading[name] = graph.name(int(target) if kind == "target" else output)
        found.append(reading)
    return found


def _put(term: Expression, reading: Mapping[str, str]) -> Expression:
    def change(node: Expression) -> Expression:
        match node:
            case Name(name) if name in reading:
                return replace(node, name=reading[name])
            case Derivative(of, by):
                return replace(node, of=reading.get(of, of), by=reading.get(by, by))
            case _:
                return node

    whole = transform(term, change)
    return whole if isinstance(whole, (Name, Group, Call)) else Group(whole, whole.span)
