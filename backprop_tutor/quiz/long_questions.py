"""The long questions: a whole derivation, line after line, and a calculation in which one line is wrong.

Both go from the first neuron on a parameter's way up to the loss and back down to its gradient. In a derivation each
answer is judged from the learner's own earlier ones. In a wrong calculation one slip is made in one line, and every
later line follows from it, as it would on paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from ..formulas.algebra import times
from ..formulas.digits import significant
from ..formulas.expression import Derivative, Expression, walk
from ..formulas.typeset import to_text
from ..handwork.exact import Stated, exact, unit_of
from ..handwork.quantities import Gradient, Subject, Value
from ..judging.person import Line
from .cause_choice import cause_choice
from .fairness import LONGEST, apart, is_fair, slips_of, unit_at
from .kinds import Setting, formulas_of, given, number_item, passed_back, question, shown_formula
from .names import Kind
from .offer import MANY_PARTS, Candidate, right_value
from .skills import skill_of
from .source import Source
from .types import Choice, Item, Known, Option, Question, SheetLine

SHORTEST, LONGEST_SHEET = 4, 9  # lines
MOST_GIVEN = 16


def candidates(source: Source, own: bool) -> list[Candidate]:
    """The derivations, and the lines of them that may be wrong. `own`: the learner brought the scenario along."""
    found: dict[tuple[Kind, Subject], Candidate] = {}
    for parameter in source.graph.sources():
        lines = _lines(source, parameter)
        if not SHORTEST <= len(lines) <= LONGEST_SHEET:
            continue
        whole = Gradient(source.graph.loss, parameter)
        skill = "own-scenario" if own else "whole-pass"
        found[Kind.DERIVATION, whole] = Candidate(Kind.DERIVATION, whole, skill)
        for subject in lines:
            code = skill_of(source.network, subject)
            found.setdefault((Kind.FIND, subject), Candidate(Kind.FIND, subject, code))
    return list(found.values())


def _lines(source: Source, parameter: int) -> tuple[Subject, ...]:
    """What a person writes down on the way from a parameter's inputs to its gradient, along its first path."""
    graph, network = source.graph, source.network
    if source.trace.path_count(parameter) == 0 or graph.size > 400:
        return ()
    paths = source.trace.paths(parameter, 1)
    nodes = paths[0].nodes
    first = network.unit(nodes[1])
    before: list[int] = []
    if first is not None:
        edge = next((edge for edge in first.edges if edge.weight == parameter), None)
        if edge is not None and graph.block_of(edge.source).kind == "computed":
            before = _activation_and_sum(source, edge.source)
    forward = [Value(n) for n in (*before, *nodes[1:]) if _written(source, n)]
    back = [Gradient(graph.loss, n) for n in reversed(nodes[1:-1]) if _worth_a_line(source, n)]
    return (*forward, *back, Gradient(graph.loss, parameter))


def _activation_and_sum(source: Source, node: int) -> list[int]:
    activation = source.network.activation(node)
    if activation is None or activation.argument is None:
        return [node]
    return [activation.argument, node]


def _written(source: Source, node: int) -> bool:
    formula = source.graph.node(node).formula
    few = len(source.graph.node(node).operands) <= 2 * MANY_PARTS
    return formula is not None and few and len(to_text(formula)) <= LONGEST // 2


def _worth_a_line(source: Source, node: int) -> bool:
    """An adjoint that is not just 1, and whose step can be written down."""
    network, loss = source.network, source.graph.loss
    users = network.uses(node, loss)
    if source.network.loss(node) is not None or len(users) > 3:
        return False
    return not any(isinstance(network.local(user, node), Derivative) for user in users)


def _right(source: Source, subject: Subject) -> tuple[Expression, list[Subject]] | None:
    """The formula of one line over the lines before it, and what it needs."""
    match subject:
        case Value(node):
            formula = right_value(source, node)
            return None if formula is None else (formula, list(source.needs([formula])))
        case Gradient(of, by):
            return _of_gradient(source, Gradient(of, by))
        case _:
            return None


def _of_gradient(source: Source, subject: Gradient) -> tuple[Expression, list[Subject]] | None:
    """From the next layer; where that is a loss, its slope written out."""
    network = source.network
    users = network.uses(subject.by, subject.of)
    if any(network.loss(user) is not None for user in users):
        paths = source.trace.paths(subject.by, 4, subject.of)
        if len(paths) != 1:
            return None
        slopes = [network.local(up, low) for low, up in pairwise(paths[0].nodes)][::-1]
        if any(isinstance(slope, Derivative) for slope in slopes):
            return None
        formula = times(*slopes)
        return formula, list(source.needs([formula]))
    return passed_back(source, subject)


# ---------------------------------------------------------------- a whole derivation
def derivation(setting: Setting, candidate: Candidate) -> Question | None:
    """Every line of a derivation, each judged from the learner's own lines before it."""
    source, subject = setting.source, candidate.subject
    assert isinstance(subject, Gradient)
    items: list[Item] = []
    needed: dict[Subject, None] = {}
    answered: list[Subject] = []
    idle: set[Subject] = set()  # derivatives that no later line has needed
    for line in _lines(source, subject.by):
        found = _right(source, line)
        if found is None:
            continue
        right, needs = found
        item = number_item(setting, line, right, needs)
        if item is None:
            return None  # a line that is given would make the ones before it idle
        items.append(item)
        needs = list(source.needs([right]))
        idle.difference_update(needs)
        needed.update(dict.fromkeys(one for one in needs if one not in answered))
        answered.append(line)
        if isinstance(line, Gradient):
            idle.add(line)
    if len(items) < SHORTEST or len(needed) > MOST_GIVEN or _at_kink(source, subject):
        return None
    if idle != {subject} or not set(needs) & set(answered):
        return None
    numbers = [source.of(one) for one in needed]
    if not all(is_fair(item, numbers) for item in items):
        return None
    return question(setting, candidate, given(source, needed, setting.digits, _formulas(source, answered)), *items)


def _at_kink(source: Source, subject: Gradient) -> bool:
    return source.at_kink(source.edges_between(subject.of, subject.by))


def _formulas(source: Source, lines: Iterable[Subject]) -> list[int]:
    """The nodes whose formula has to be told: all but neurons."""
    nodes = [line.node for line in lines if isinstance(line, Value)]
    return [part for node in nodes for part in formulas_of(source, node)]


# ---------------------------------------------------------------- find the wrong line
def find(setting: Setting, candidate: Candidate) -> Question | None:
    """A calculation with one slip in one line: which line, and what went wrong in it?"""
    source, wrong = setting.source, candidate.subject
    owners = [p for p in source.graph.sources() if wrong in _lines(source, p)]
    owners = [p for p in owners if SHORTEST <= len(_lines(source, p)) <= LONGEST_SHEET]
    if not owners:
        return None
    parameter = setting.dice.choice(owners)
    lines = [(line, found) for line in _lines(source, parameter) if (found := _right(source, line)) is not None]
    if wrong not in [line for line, _ in lines] or _at_kink(source, Gradient(source.graph.loss, parameter)):
        return None
    stated = [line for line, _ in lines]
    needs = [source.needs([right]) for _, (right, _) in lines]
    known = [one for one in dict.fromkeys(one for some in needs for one in some) if one not in stated]
    if len(known) > MOST_GIVEN:
        return None
    told = given(source, known, setting.digits, _formulas(source, stated))
    sheet = _with_slip(setting, wrong, [(line, right) for line, (right, _) in lines], told)
    if sheet is None:
        return None
    written, cause = sheet
    touched = {wrong}
    for line, some in zip(stated, needs, strict=True):
        if touched.intersection(some):
            touched.add(line)
    which = Choice("wrong line", tuple(_line(i, line, wrong, touched) for i, line in enumerate(stated)), lines=True)
    made = question(setting, candidate, told, which, cause)
    return Question(
        made.kind, made.skill, made.scenario, made.seed, made.subject, made.digits, made.known, made.items, written
    )


def _line(i: int, line: Subject, wrong: Subject, touched: set[Subject]) -> Option:
    """A line to choose, and why it is not the wrong one; `touched` are those that need the wrong one's number."""
    if line == wrong:
        return Option(str(i + 1), True)
    why = "That line only follows from an earlier one." if line in touched else "That line is right."
    return Option(str(i + 1), False, why=why)


def _with_slip(
    setting: Setting, wrong: Subject, lines: list[tuple[Subject, Expression]], told: tuple[Known, ...]
) -> tuple[tuple[SheetLine, ...], Choice] | None:
    """The sheet with a slip in one line and all that follows from it; the causes to choose from.

    The lines are calculated from what is told and from the lines before them, and the wrong one is written as the right
    one would be: over the same adjoints, not written out in values.
    """
    source, digits, dice = setting.source, setting.digits, setting.dice
    before = [line for line, _ in lines[: [line for line, _ in lines].index(wrong)]]
    passed_on = _has_derivatives(dict(lines)[wrong])
    known = [*before, *(one.subject for one in told if one.text)]
    slips = [
        slip
        for slip in slips_of(source, wrong, known)
        if len(to_text(slip.formula)) <= LONGEST // 2 and slip.value and _has_derivatives(slip.formula) == passed_on
    ]
    right = source.of(wrong)
    slips = [s for s in slips if apart(right, s.value, digits)]
    by_code = {slip.code: slip for slip in reversed(slips)}
    if not by_code or not right:
        return None
    chosen = dice.choices(list(by_code.values()), [s.prior for s in by_code.values()])[0]
    person = source.session(told).person
    written = []
    for number, (line, formula) in enumerate(lines, 1):
        shown = chosen.formula if line == wrong else formula
        value = person.evaluate(shown)
        if value != value or abs(value) > 1e6 or not value:
            return None
        text = significant(value, digits)
        written.append(SheetLine(line, shown if line == wrong else _as_shown(source, line, formula), text))
        person.state(line, Line(Stated(exact(value), unit_of(text.lstrip("-")), text), number))
    place = [line for line, _ in lines].index(wrong)
    cause = cause_choice(chosen, list(by_code.values()), written[place].text, place + 1, digits, dice)
    return None if cause is None or not unit_at(right, digits) else (tuple(written), cause)


def _has_derivatives(formula: Expression) -> bool:
    return any(isinstance(part, Derivative) for part in walk(formula))


def _as_shown(source: Source, line: Subject, formula: Expression) -> Expression:
    if isinstance(line, Value) and source.network.softmax(line.node) is not None:
        return shown_formula(source, line.node)
    return formula
