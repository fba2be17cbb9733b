"""The worked step of a question, made by the functions that `run` shows it with."""

from __future__ import annotations

from collections.abc import Iterator

from ...handwork.quantities import Gradient, Subject, Updated, Value
from ...lesson.steps import AdjointStep, forward_steps
from ...quiz.choosing import Asked
from ...quiz.names import Kind
from ...quiz.types import Choice, Item
from ..equations import Equation, laid_out, measure
from ..lines import Block
from ..run import adjoints, forward, local, paths, update
from ..run.options import RunOptions
from ..run.pen import Pen
from ..run.terminal import pen_for
from ..screen import Screen

GUARD = 2  # digits more than asked for


def pen_of(asked: Asked, screen: Screen) -> Pen:
    """The pen for a question's network."""
    options = RunOptions(digits=asked.question.digits + GUARD)
    return pen_for(asked.source.trace, asked.source.graph, options, screen)


def subjects_of(asked: Asked, items: tuple[Item | Choice, ...]) -> list[Subject]:
    """What has to be worked: what each item asks, or for a choice what the question is about."""
    found: dict[Subject, None] = {}
    for item in items:
        subject = item.subject if isinstance(item, Item) and item.subject is not None else asked.question.subject
        found[subject] = None
    return list(found)


def is_by_paths(asked: Asked, subject: Subject) -> bool:
    """Is this derivative worked along its paths (and not from the next layer)?"""
    kinds = (Kind.PATH, Kind.GRADIENT, Kind.EYE)
    return isinstance(subject, Gradient) and asked.question.kind in kinds


def is_local(pen: Pen, asked: Asked, subject: Subject) -> bool:
    """Is this the derivative of a quantity by one that stands in its own formula?"""
    if not isinstance(subject, Gradient) or subject.by not in pen.graph.node(subject.of).operands:
        return False
    return subject.of != pen.graph.loss or asked.question.kind in (Kind.LOCAL, Kind.FORMULA, Kind.FACTOR)


def rows_of(pen: Pen, asked: Asked, subject: Subject) -> list[Equation]:
    """One quantity worked as equations."""
    match subject:
        case Value(node):
            return [forward.row(pen, step) for step in forward_steps(pen.trace, [node])]
        case Updated(node):
            return update.rows_of(pen, [node])
        case Gradient(of, by) if is_local(pen, asked, subject):
            return local.titled_rows(pen, [(of, by)])
        case Gradient(of, by):
            here = towards(pen, of)
            step = AdjointStep(here.graph.node(by), here.trace.contributions(by), here.trace.gradient(by), 1)
            return adjoints.rows_of(here, [step])
        case _:
            return []


def towards(pen: Pen, of: int) -> Pen:
    """The pen for derivatives of a quantity."""
    return pen if of == pen.graph.loss else pen.towards(of)


def blocks(pen: Pen, asked: Asked, items: tuple[Item | Choice, ...]) -> Iterator[Block]:
    """The worked steps as blocks of a terminal."""
    rows: list[Equation] = []
    for subject in subjects_of(asked, items):
        if is_by_paths(asked, subject):
            assert isinstance(subject, Gradient)
            here = towards(pen, subject.of)
            for block in paths.gradients(here, [subject.by]):
                yield Block(block.lines[1:])
        else:
            rows += rows_of(pen, asked, subject)
    columns = measure(rows, pen.width)
    if rows and all(is_local(pen, asked, subject) for subject in subjects_of(asked, items)):
        yield Block(list(local.titles(columns, pen)))
    yield from laid_out(rows, pen.width, columns)
