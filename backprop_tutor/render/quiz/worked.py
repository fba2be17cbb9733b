"""The worked step of a question, made by the functions that `run` shows it with."""

from __future__ import annotations

from collections.abc import Iterator

from ...formulas.digits import spelt
from ...formulas.typeset import to_text
from ...handwork.quantities import Gradient, Subject, Updated, Value
from ...lesson.steps import AdjointStep, forward_steps, local_formula
from ...quiz.choosing import Asked
from ...quiz.hints import put_in
from ...quiz.names import Kind
from ...quiz.types import Choice, Item
from ...values import Struct, replace
from ..equations import Equation, laid_out, measure
from ..lines import Block, length
from ..run import adjoints, forward, local, paths, update
from ..run.options import RunOptions
from ..run.pen import Pen
from ..run.terminal import pen_for
from ..screen import Screen
from .words import GUARD, with_minus


class Work(Struct, frozen=True):
    """One thing worked: by equations, or a derivative along its paths. `pen` is the one for its derivatives."""

    pen: Pen
    rows: tuple[Equation, ...] = ()
    by_paths: int | None = None


def pen_of(asked: Asked, screen: Screen) -> Pen:
    """The pen for a question's network."""
    options = RunOptions(digits=asked.question.digits + GUARD)
    return pen_for(asked.source.trace, asked.source.graph, options, screen)


def works_of(pen: Pen, asked: Asked, items: tuple[Item | Choice, ...]) -> Iterator[Work]:
    """What has to be worked: what each item asks, or for a choice what the question is about."""
    done: set[Subject] = set()
    for item in items:
        if isinstance(item, Item) and item.subject is None:
            yield Work(pen, (_as_asked(pen, asked, item),))
        subject = item.subject if isinstance(item, Item) and item.subject is not None else asked.question.subject
        if subject in done:
            continue
        done.add(subject)
        if isinstance(subject, Gradient) and asked.question.kind in (Kind.PATH, Kind.GRADIENT, Kind.EYE):
            yield Work(towards(pen, subject.of), by_paths=subject.by)
        else:
            yield Work(pen, tuple(_rows_of(pen, asked, subject)))


def towards(pen: Pen, of: int) -> Pen:
    """The pen for derivatives of a quantity."""
    return pen if of == pen.graph.loss else pen.towards(of)


def _as_asked(pen: Pen, asked: Asked, item: Item) -> Equation:
    """What is asked where it is no quantity of its own: the change of a parameter."""
    text, style = pen.glyphs.text, pen.glyphs.style
    numbers = text(put_in(asked.source, asked.question, item.right))
    numbers = numbers if pen.glyphs.ascii else with_minus(numbers)
    steps = ((text(to_text(item.right, style)), "text"), (numbers, "numbers"))
    return Equation(text(to_text(item.asked, style)), steps, spelt(pen.number(item.value), style.minus))


def _rows_of(pen: Pen, asked: Asked, subject: Subject) -> list[Equation]:
    """One quantity worked as equations."""
    match subject:
        case Value(node):
            [row] = [forward.row(pen, step) for step in forward_steps(pen.trace, [node])]
            return [replace(row, number=_number_in_run(pen, node))]
        case Updated(node):
            return update.rows_of(pen, [node])
        case Gradient(of, by) if asked.question.kind == Kind.FORMULA:
            formula = pen.formula(local_formula(pen.graph, of, by))
            return [Equation(pen.derivative(of, by), ((formula, "text"),))]
        case Gradient(of, by) if _is_local(pen, asked, subject):
            return local.titled_rows(pen, [(of, by)])
        case Gradient(of, by):
            here = towards(pen, of)
            step = AdjointStep(here.graph.node(by), here.trace.contributions(by), here.trace.gradient(by), 1)
            return local.titled(adjoints.rows_of(here, [step]))
        case _:
            return []


def _number_in_run(pen: Pen, node: int) -> str:
    """A value's number among the forward steps of a whole run."""
    shown = [other for other in pen.graph.nodes_of("computed") if pen.shown(other)]
    return str(shown.index(node) + 1) if node in shown else ""


def _is_local(pen: Pen, asked: Asked, subject: Gradient) -> bool:
    """Is this the derivative of a quantity by one that stands in its own formula?"""
    if subject.by not in pen.graph.node(subject.of).operands:
        return False
    return subject.of != pen.graph.loss or asked.question.kind in (Kind.LOCAL, Kind.FACTOR)


def blocks(pen: Pen, asked: Asked, items: tuple[Item | Choice, ...]) -> Iterator[Block]:
    """The worked steps as blocks of a terminal."""
    rows: list[Equation] = []
    for work in works_of(pen, asked, items):
        rows += work.rows
        if work.by_paths is not None:
            for block in paths.gradients(work.pen, [work.by_paths], pictured=False):
                first = next(i for i, one in enumerate(block.lines) if length(one))
                yield Block(block.lines[first:])
    columns = measure(rows, pen.width)
    derivatives = [row for row in rows if row.other]
    for row, block in zip(rows, laid_out(rows, pen.width, columns), strict=True):
        if derivatives and row is derivatives[0]:
            yield Block(list(local.titles(columns, pen, rows)))
        yield block
