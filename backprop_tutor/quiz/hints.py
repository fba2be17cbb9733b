"""Hints in steps: the point to look at, the rule, the formula of this step, the numbers put in, the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise, takewhile
from types import MappingProxyType
from typing import Literal, TypeAlias

from ..formulas.algebra import plus, times
from ..formulas.digits import significant
from ..formulas.expression import Expression, Name, Sum, names_in, transform, ungrouped
from ..formulas.typeset import to_text
from ..handwork.quantities import Gradient, Subject, Updated, Value
from ..lesson.steps import definition_of
from ..slips.catalogue import right_forms
from ..values import Struct
from .fairness import as_asked
from .names import Kind
from .skills import skill, skill_of
from .source import Source
from .types import Choice, Item, Question

Step: TypeAlias = Literal["look", "rule", "formula", "numbers", "answer"]
TELLING: tuple[Step, ...] = ("numbers", "answer")  # after these a right answer is no evidence any more
NEAR = 3  # lines of a sheet among which the wrong one is said to be
MOST_PATHS = 16
NONE: Mapping[Subject, str] = MappingProxyType({})


class Hint(Struct, frozen=True):
    """One hint; `step` says how much it tells."""

    step: Step
    text: str


def hints(
    source: Source, question: Question, item: Item | Choice, own: Mapping[Subject, str] = NONE
) -> tuple[Hint, ...]:
    """The hints for one thing asked, each saying more than the one before; the last is the answer.

    `own` are the numbers that the learner has stated on the way: in a derivation the next line goes on from them.
    """
    if isinstance(item, Choice):
        found = _of_choice(source, question, item)
    elif item.form == "formula":
        found = _of_formula(source, question, item)
    else:
        found = _of_number(source, question, item, own)
    every = list(found)
    answer = every[-1].text
    once: dict[str, Hint] = {}
    for hint in every[:-1]:
        if hint.text != answer:
            once.setdefault(hint.text, hint)
    return (*once.values(), every[-1])


def _of_number(source: Source, question: Question, item: Item, own: Mapping[Subject, str]) -> Iterator[Hint]:
    asked = to_text(item.asked)
    yield Hint("look", _look_at(source, question, item))
    if item.form == "factor":
        yield Hint("look", f"The factor is {asked}.")
    yield Hint("rule", rule_of(source, question, item.subject))
    formula = _worked_formula(source, question, item)
    if formula is not None:
        yield Hint("formula", f"{asked} = {to_text(formula)}")
    numbers = put_in(source, question, formula or item.right, own)
    yield Hint("numbers", f"{asked} = {numbers}")
    yield Hint("answer", f"{asked} = {as_asked(item.value, item.digits):f}")


def _worked_formula(source: Source, question: Question, item: Item) -> Expression | None:
    """The formula of this step: where it is printed already, what its function stands for, or nothing new."""
    printed = any(known.formula is not None and known.subject == item.subject for known in question.known)
    return definition_of(source.graph, item.right) if printed else item.right


def _of_formula(source: Source, question: Question, item: Item) -> Iterator[Hint]:
    yield Hint("look", _look_at(source, question, item))
    yield Hint("rule", rule_of(source, question, item.subject))
    assert isinstance(item.subject, Gradient), "a formula is asked for a derivative"
    term = _term_with(source, item.subject)
    if term:
        yield Hint("look", term)
    needed = [to_text(source.read(one)) for one in source.needs([item.right])]
    if not isinstance(ungrouped(item.right), Name):
        yield Hint("look", f"Only {_listed(needed)} {'stands' if len(needed) == 1 else 'stand'} in it.")
    yield Hint("answer", f"{to_text(item.asked)} = {to_text(item.right)}")


def _term_with(source: Source, subject: Gradient) -> str:
    """The term of a sum in which what moves stands."""
    formula, name = source.graph.node(subject.of).formula, source.graph.name(subject.by)
    whole = ungrouped(formula) if formula is not None else None
    terms = [term for _, term in whole.terms if name in names_in(term)] if isinstance(whole, Sum) else []
    if len(terms) != 1 or isinstance(ungrouped(terms[0]), Name):
        return ""
    return f"In {source.graph.name(subject.of)}, {name} stands in {to_text(terms[0])} only."


def put_in(source: Source, question: Question, formula: Expression, own: Mapping[Subject, str] = NONE) -> str:
    """A formula with the given numbers put in and the learner's own, derivatives too."""
    texts = {known.subject: known.text for known in question.known if known.text} | dict(own)

    def number(part: Expression) -> Expression:
        subject = source.subject(part)
        if subject is None:
            return part
        text = texts.get(subject) or significant(source.of(subject), question.digits + 2)
        return Name(text, text)

    return to_text(transform(formula, number))


# ---------------------------------------------------------------- where to look
def _look_at(source: Source, question: Question, item: Item) -> str:
    """Where to look, without the rule."""
    name, network = source.graph.name, source.network
    match item.subject:
        case Value(node):
            operands = [name(n) for n in source.graph.node(node).operands]
            return f"Look at what goes into {name(node)}: {_listed(operands)}."
        case Gradient(of, by) if item.form == "factor" and question.chain is not None:
            before = question.chain.nodes[question.chain.missing - 1]
            return f"The factor before it leads from {name(before)} to {name(of)}: go on from {name(of)}."
        case Gradient(of, by) if network.uses(by, of) == (of,):
            return f"Look at the formula of {name(of)}: how does it change when only {name(by)} moves?"
        case Gradient(of, by):
            return f"Look at how {name(by)} reaches {name(of)}: {_ways(source, question, of, by)}."
        case Updated(node):
            return f"Look at the gradient of {name(node)}: which way does the loss fall?"
        case _:
            return "Look at the gradient: which way does the loss fall, and how far is a step?"


def _ways(source: Source, question: Question, of: int, by: int) -> str:
    """How many ways lead up, and where they part: along whole paths, or only as far as the given derivatives."""
    name = source.graph.name
    users = source.network.uses(by, of)
    count = source.trace.path_count(by, of)
    if question.kind not in (Kind.PATH, Kind.GRADIENT, Kind.EYE) or len(users) == count:
        ways = "one way" if len(users) == 1 else f"{len(users)} ways"
        return f"{ways}, through {_listed([name(user) for user in users])}"
    paths = source.trace.paths(by, MOST_PATHS, of)
    steps = zip(*(path.nodes for path in paths), strict=False)
    shared = [nodes[0] for nodes in takewhile(lambda nodes: len(set(nodes)) == 1, steps)]
    return f"{count} ways, which part at {name(shared[-1])}"


# ---------------------------------------------------------------- the rule
def rule_of(source: Source, question: Question, subject: Subject | None) -> str:
    """The rule of one step in words, as it applies to what is given."""
    if subject is None:
        return skill("update").rule
    if isinstance(subject, Gradient):
        name, network = source.graph.name, source.network
        users = network.uses(subject.by, subject.of)
        if users == (subject.of,) and network.unit(subject.of) is not None:
            return f"Only the term with {name(subject.by)} changes: its slope is what multiplies {name(subject.by)}."
        stepwise = question.kind in (Kind.ADJOINT, Kind.DERIVATION, Kind.FIND)
        if stepwise and len(users) == 1 and _is_activated(source, users[0], subject.by):
            slope = skill(skill_of(network, Gradient(users[0], subject.by))).rule
            above = to_text(network.derivative(subject.of, users[0]))
            return f"What has come back to {name(users[0])}, {above}, is multiplied by its slope. {slope}"
    return skill(skill_of(source.network, subject)).rule


def _is_activated(source: Source, user: int, by: int) -> bool:
    activation = source.network.activation(user)
    return activation is not None and activation.argument == by and source.network.softmax(user) is None


# ---------------------------------------------------------------- choices
def _of_choice(source: Source, question: Question, item: Choice) -> Iterator[Hint]:
    right = item.options[item.right]
    if item.lines:
        yield from _of_lines(source, question, item)
    elif question.sheet:
        place = next(one for one in question.items if isinstance(one, Choice) and one.lines).right
        wrong = question.sheet[place]
        yield Hint("look", f"Compare line {place + 1} with the formula that belongs there.")
        yield Hint("rule", rule_of(source, question, wrong.subject))
        belongs = _right_formula(source, question, wrong.subject)
        if belongs is not None:
            yield Hint("formula", f"What belongs there is {to_text(source.read(wrong.subject))} = {to_text(belongs)}.")
        yield Hint("answer", f"What went wrong: {right.text}.")
    else:
        assert isinstance(question.subject, Gradient)
        yield Hint("look", "Take the sign of every factor first; then round each factor to one digit.")
        yield Hint("rule", skill(question.skill).rule)
        formula = along_paths(source, question.subject)
        yield Hint("formula", f"{item.prompt} = {to_text(formula)}")
        yield Hint("numbers", f"{item.prompt} = {put_in(source, question, formula)}")
        yield Hint("answer", f"It is {right.text}.")


def _of_lines(source: Source, question: Question, item: Choice) -> Iterator[Hint]:
    """First the half of the calculation, then a few lines, then what belongs to the right one."""
    place, sheet = item.right, question.sheet
    values = [i for i, one in enumerate(sheet) if isinstance(one.subject, Value)]
    here = values if place in values else [i for i in range(len(sheet)) if i not in values]
    half = "forward pass" if here is values else "way back"
    yield Hint("look", f"It is in the {half}, {_lines(here)}.")
    # not always the middle one of the three
    first = max(here[0], min(place - (len(sheet) + place) % NEAR, here[-1] - NEAR + 1))
    few = [i for i in here if first <= i < first + NEAR]
    if len(few) < len(here):
        yield Hint("look", f"It is in {_lines(few)}: calculate each from the numbers above it.")
    yield Hint("rule", rule_of(source, question, sheet[place].subject))
    yield Hint("answer", f"It is line {item.options[place].text}.")


def _lines(places: list[int]) -> str:
    if len(places) == 1:
        return f"line {places[0] + 1}"
    return f"lines {places[0] + 1} to {places[-1] + 1}"


def _right_formula(source: Source, question: Question, subject: Subject) -> Expression | None:
    """The formula that a line should have, over what is given and the other lines."""
    there = {*(known.subject for known in question.known), *(line.subject for line in question.sheet)} - {subject}
    return next((f for f in right_forms(source.network, subject) if set(source.needs([f])) <= there), None)


def along_paths(source: Source, subject: Gradient) -> Expression:
    """A derivative as the sum of its paths' products, each factor written out."""
    paths = source.trace.paths(subject.by, MOST_PATHS, subject.of)
    chains = [[source.network.local(up, low) for low, up in pairwise(path.nodes)][::-1] for path in paths]
    return plus(*(times(*chain) for chain in chains))


def _listed(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]
