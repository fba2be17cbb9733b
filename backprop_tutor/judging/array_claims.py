"""Claims about whole arrays: `a1 = W1 @ x + b1 = [2.9, 1.4]` is judged element by element, each as a scalar chain."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..engine.unroll import Cells
from ..engine.written_out import recognised
from ..errors import FormulaError
from ..formulas.expression import Bracketed, Expression, Name, transform, ungrouped, walk
from ..formulas.typeset import to_text
from ..handwork import meaning
from ..handwork.claims import Claim, LinkVerdict, Part, Verdict, worst
from ..handwork.exact import Stated, literal
from ..handwork.quantities import Subject, Value
from .person import Line

if TYPE_CHECKING:
    from .judge import Judge
    from .session import Session

MOST_ELEMENTS = 400


def judge_array(judge: Judge, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Verdict:
    """The verdict of the worst element, with the links of all."""
    if _defines(judge, claim):
        return Verdict(claim, None, "right", "definition", "a name of your own", None, None, ())
    renamed: Mapping[str, str] = {}
    parts = cells_of(judge, claim, renamed)
    if parts is None:
        found = array_names(judge, claim)
        if found is None:
            message = "there is nothing to compare this with"
            return Verdict(claim, None, "unknown", "not-checkable", message, None, None, ())
        renamed, parts = found
    verdicts = [_element(judge, claim, parts, i, session, later) for i in range(parts[0].size)]
    mark = worst([v.mark for v in verdicts])
    chosen = next(v for v in verdicts if v.mark == mark)
    links: tuple[LinkVerdict, ...] = tuple(itertools.chain.from_iterable(v.links for v in verdicts))
    lines = tuple(sorted({line for v in verdicts for line in v.follows_from}))
    if mark in ("right", "close") and renamed:
        text = "; ".join(f"'{foreign}' is read as {own}" for foreign, own in renamed.items())
        return replace(chosen, claim=claim, mark="notation", code="renamed", message=text, links=links)
    first = ungrouped(claim.parts[0].expression)
    name = first.name if isinstance(first, Name) else None
    message = chosen.message
    if mark not in ("right", "notation") and chosen.quantity:
        message = f"{chosen.quantity}: {message}"
    quantity = chosen.quantity if mark == "wrong" else judge.vocabulary.array(name) if name else None
    return replace(chosen, claim=claim, quantity=quantity, message=message, links=links, follows_from=lines)


def stated_elements(judge: Judge, claim: Claim) -> Iterator[tuple[Subject, Stated]]:
    """The numbers that an array claim states for each element of the array it names."""
    first, last = ungrouped(claim.parts[0].expression), ungrouped(claim.parts[-1].expression)
    array = judge.vocabulary.array(first.name) if isinstance(first, Name) else None
    if array is None or not isinstance(last, Bracketed):
        return
    block = judge.graph.blocks[array]
    if block.kind != "computed":
        return
    for index in range(block.size):
        source = _cell_source(last, index)
        number = literal(source) if source is not None else None
        if number is not None:
            yield Value(block.start + index), number


def _defines(judge: Judge, claim: Claim) -> bool:
    """A list of known quantities under a name of the person's own."""
    first = ungrouped(claim.parts[0].expression)
    if not isinstance(first, Name) or judge.vocabulary.subject(first.name) or judge.vocabulary.array(first.name):
        return False
    rest = [node for part in claim.parts[1:] for node in walk(part.expression) if isinstance(node, Name)]
    return bool(rest) and all(judge.vocabulary.subject(node.name) is not None for node in rest)


def cells_of(judge: Judge, claim: Claim, renamed: Mapping[str, str]) -> list[Cells] | None:
    """Each part as an array of scalar formulas of one shape; None when a name or a shape does not fit."""
    found: list[Cells] = []
    for part in claim.parts:
        read = meaning.read(part.expression, judge.vocabulary, renamed, True, claim.sample)
        names = _list_names(judge, read.expression)
        if any(name not in judge.graph.arrays for name in names):
            return None
        try:
            found.append(judge.graph.unroller.cells(recognised(_element_names(judge, read.expression))))
        except (KeyError, ValueError, IndexError, FormulaError):
            return None
    shapes = {cells.shape for cells in found}
    if len(shapes) != 1 or found[0].size > MOST_ELEMENTS:
        return None
    return found


def _list_names(judge: Judge, node: Expression) -> list[str]:
    return [p.name for p in walk(node) if isinstance(p, Name) and judge.vocabulary.subject(p.name) is None]


def _element_names(judge: Judge, node: Expression) -> Expression:
    """Element names of arrays (w_212) as the unroller knows them: by array and index."""
    graph = judge.graph

    def change(part: Expression) -> Expression:
        if isinstance(part, Name) and part.name not in graph.arrays:
            number = judge.vocabulary.nodes.get(part.name)
            if number is not None:
                from ..formulas.expression import Element

                block = graph.block_of(number)
                index = np.unravel_index(number - block.start, block.shape)
                return Element(block.name, tuple(int(i) + 1 for i in index), part.span)
        return part

    return transform(node, change)


def _known(judge: Judge, name: str) -> bool:
    return judge.vocabulary.subject(name) is not None or judge.vocabulary.array(name) is not None


def array_names(judge: Judge, claim: Claim) -> tuple[Mapping[str, str], list[Cells]] | None:
    """Foreign names of arrays read so that the first two parts agree (`w11 @ x` for `W1 @ x`)."""
    foreign: dict[str, None] = {}
    for part in claim.parts:
        for node in walk(part.expression):
            if isinstance(node, Name) and not _known(judge, node.name):
                foreign[node.name] = None
    arrays = [name for name, block in judge.graph.blocks.items() if block.shape]
    if not 0 < len(foreign) <= 2:
        return None
    ranked = sorted(
        itertools.product(arrays, repeat=len(foreign)),
        key=lambda chosen: -sum(meaning.similarity(f, c) for f, c in zip(foreign, chosen, strict=True)),
    )
    for chosen in ranked:
        renamed = dict(zip(foreign, chosen, strict=True))
        parts = cells_of(judge, claim, renamed)
        if parts is not None and all(
            judge.equality.same(a, b, quick=True) or not any(isinstance(n, Name) for n in walk(b))
            for a, b in zip(parts[0].ravel(), parts[1].ravel(), strict=True)
        ):
            return renamed, parts
    return None


def _element(
    judge: Judge, claim: Claim, parts: list[Cells], index: int, session: Session,
    later: Mapping[Subject, Sequence[Line]],
) -> Verdict:  # fmt: skip
    pieces = []
    for part, cells in zip(claim.parts, parts, strict=True):
        cell = cells.ravel()[index]
        span = getattr(_cell_source(part.expression, index), "span", (0, 0))
        start, end = (part.start + span[0], part.start + span[1]) if span != (0, 0) else (part.start, part.end)
        pieces.append(Part(cell, to_text(cell), start, end))
    return judge.chain(replace(claim, parts=tuple(pieces)), session, later)


def _cell_source(node: Expression, index: int) -> Expression | None:
    """The entry of a typed list, for the caret."""
    node = ungrouped(node)
    if isinstance(node, Bracketed):
        flat: list[Expression] = []
        for item in node.items:
            flat += item.items if isinstance(item, Bracketed) else [item]
        return flat[index] if index < len(flat) else None
    return None
