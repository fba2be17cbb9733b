"""Hints in steps: the point to look at, the rule, the formula of this step, the numbers put in, the answer."""

from __future__ import annotations

from ..formulas.digits import significant
from ..formulas.expression import Expression, Name, transform
from ..formulas.typeset import to_text
from ..handwork.quantities import Gradient, Updated, Value
from .fairness import as_asked
from .skills import skill, skill_of
from .source import Source
from .types import Choice, Item, Question

BOTTOM = 4  # the hint from which a right answer is no evidence any more


def hints(source: Source, question: Question, item: Item | Choice) -> tuple[str, ...]:
    """The hints for one thing asked, each saying more than the one before."""
    if isinstance(item, Choice):
        return _of_choice(source, question, item)
    code = question.skill if item.subject is None else skill_of(source.network, item.subject)
    numbers = put_in(source, question, item.right)
    asked = to_text(item.asked)
    formula = f"{asked} = {to_text(item.right)}"
    if item.form == "formula":
        return _look_at(source, question, item), skill(code).rule, _first_half(source, item), formula
    found = [_look_at(source, question, item), skill(code).rule]
    if item.form == "factor":
        found.append(f"The factor is {asked}.")
    else:
        found.append(formula)
    found.append(f"{asked} = {numbers}" if numbers != to_text(item.right) else formula)
    found.append(f"{asked} = {as_asked(item.value, item.digits):f}")
    return tuple(dict.fromkeys(found))


def put_in(source: Source, question: Question, formula: Expression) -> str:
    """A formula with the given numbers put in, derivatives too."""
    texts = {known.subject: known.text for known in question.known if known.text}

    def number(part: Expression) -> Expression:
        subject = source.subject(part)
        if subject is None:
            return part
        text = texts.get(subject) or significant(source.of(subject), question.digits + 2)
        return Name(text, text)

    return to_text(transform(formula, number))


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
            users = [name(n) for n in network.uses(by, of)]
            ways = "one way" if len(users) == 1 else f"{len(users)} ways"
            return f"Look at how {name(by)} reaches {name(of)}: {ways}, through {_listed(users)}."
        case Updated(node):
            return f"Look at the gradient of {name(node)}: which way does the loss fall?"
        case _:
            return "Look at the gradient: which way does the loss fall, and how far is a step?"


def _first_half(source: Source, item: Item) -> str:
    assert isinstance(item.subject, Gradient), "a formula is asked for a derivative"
    needed = [to_text(source.read(one)) for one in source.needs([item.right])]
    return f"Only {_listed(needed)} {'stands' if len(needed) == 1 else 'stand'} in it."


def _of_choice(source: Source, question: Question, item: Choice) -> tuple[str, ...]:
    right = item.options[item.right]
    if item.lines:
        line = question.sheet[item.right]
        half = "forward pass" if isinstance(line.subject, Value) else "way back"
        return (
            f"It is in the {half}.",
            skill(question.skill).rule,
            f"Look at the line about {source.vocabulary.text(line.subject)}.",
            f"It is line {right.text}.",
        )
    if question.sheet:
        return skill(question.skill).rule, right.text
    assert isinstance(question.subject, Gradient)
    return (
        "Take the sign of every factor first; then round each factor to one digit.",
        skill(question.skill).rule,
        f"It is {right.text}.",
    )


def _listed(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]
