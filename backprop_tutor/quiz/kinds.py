"""The questions about one quantity, and how each is made.

Every maker decides three things: what is asked, what is given, and the right formula over what is given. The slips that
count are those that need nothing else; `fairness.py` decides whether the question may be asked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from ..formulas.algebra import minus, plus, times
from ..formulas.digits import rounded, significant
from ..formulas.expression import Call, Derivative, Expression, Negative, ungrouped
from ..formulas.typeset import to_text
from ..handwork.quantities import Gradient, Rate, Subject, Updated, Value
from ..lesson.steps import definition_of
from ..values import Struct
from .fairness import LONGEST, is_fair, is_plain, slips_of
from .names import Kind
from .offer import MANY_PATHS, Candidate, right_value
from .skills import skill_of
from .source import Source
from .types import Chain, Choice, Form, Item, Known, Option, PossibleSlip, Question

_KNOWN_FUNCTIONS = ("sigmoid", "tanh", "relu", "softmax")
DISTRACTORS = 4  # numbers that are given and not needed
MOST_GIVEN = 14  # numbers


class Setting(Struct, frozen=True):
    """What a maker needs besides the subject: the network, the digits asked for, the dice, the seed's text."""

    source: Source
    digits: int
    dice: random.Random
    seed: str


Maker = Callable[[Setting, Candidate], Question | None]


# ---------------------------------------------------------------- putting a question together
def given(source: Source, subjects: Iterable[Subject], digits: int, formulas: Iterable[int] = ()) -> tuple[Known, ...]:
    """The numbers given, in order, and the formulas of some nodes after them."""
    numbers = [source.known(subject, digits) for subject in source.in_order(subjects)]
    shown = [Known(Value(node), formula=shown_formula(source, node)) for node in dict.fromkeys(formulas)]
    return (*numbers, *shown)


def shown_formula(source: Source, node: int) -> Expression:
    """A node's formula as it is given: a softmax by its name, a function that few know by heart written out."""
    softmax = source.network.softmax(node)
    if softmax is not None:
        return Call("softmax", tuple(source.network.name(z) for z in softmax.logits), 0, "softmax")
    formula = source.graph.node(node).formula
    assert formula is not None, "only a computed quantity has a formula"
    called = ungrouped(formula)
    if isinstance(called, Call) and called.function not in _KNOWN_FUNCTIONS:
        return definition_of(source.graph, formula) or formula
    return formula


def number_item(
    setting: Setting, subject: Subject, right: Expression, known: Iterable[Subject], form: Form = "number"
) -> Item | None:
    """What is asked, or None where it is not fair."""
    source = setting.source
    known = set(known)
    value = source.of(subject)
    if len(to_text(right)) > LONGEST or abs(source.value(right) - value) > 1e-9 * max(1.0, abs(value)):
        return None
    slips = slips_of(source, subject, known)
    item = Item(source.read(subject), subject, right, value, setting.digits, slips, form)
    return item if is_fair(item, [source.of(one) for one in known]) else None


def question(
    setting: Setting, candidate: Candidate, known: tuple[Known, ...], *items: Item | Choice, chain: Chain | None = None
) -> Question:
    return Question(
        candidate.kind, candidate.skill, setting.source.name, setting.seed, candidate.subject, setting.digits,
        known, items, chain=chain,
    )  # fmt: skip


# ---------------------------------------------------------------- the makers
def value(setting: Setting, candidate: Candidate) -> Question | None:
    """A forward value from what goes into it."""
    source, subject = setting.source, candidate.subject
    assert isinstance(subject, Value)
    right = right_value(source, subject.node)
    if right is None:
        return None
    needed = source.needs([right])
    if source.network.unit(subject.node) is not None and not all(map(source.of, needed)):
        return None  # a term of 0: who forgets it is right, too
    known = [*needed, *_other_weights(source, subject.node)]
    item = number_item(setting, subject, right, known)
    if item is None or source.at_kink((subject.node, n) for n in source.graph.node(subject.node).operands):
        return None
    return question(setting, candidate, given(source, known, setting.digits, formulas_of(source, subject.node)), item)


def _other_weights(source: Source, node: int) -> list[Subject]:
    """The weights of the layer's other neurons, where they are few."""
    unit = source.network.unit(node)
    if unit is None:
        return []
    own = set(unit.weights)
    others = [w for other in source.network.others(unit) for w in other.weights if w not in own]
    return [Value(w) for w in dict.fromkeys(others)] if len(others) <= DISTRACTORS else []


def formulas_of(source: Source, node: int) -> list[int]:
    """Nodes whose formula has to be given for a value to be defined: none for a neuron, whose picture says it."""
    if source.network.unit(node) is not None:
        return []
    loss = source.network.loss(node)
    parts = [source.graph.id(name) for _, name in loss.parts] if loss is not None else []
    return [*parts, node]


def local(setting: Setting, candidate: Candidate) -> Question | None:
    """A local derivative as a number."""
    return _of_edge(setting, candidate, "number")


def formula(setting: Setting, candidate: Candidate) -> Question | None:
    """A local derivative as a formula."""
    return _of_edge(setting, candidate, "formula")


def _of_edge(setting: Setting, candidate: Candidate, form: Form) -> Question | None:
    source, subject = setting.source, candidate.subject
    assert isinstance(subject, Gradient)
    right = source.network.local(subject.of, subject.by)
    operands = source.graph.node(subject.of).operands
    known = [*source.needs([right]), *map(Value, operands), Value(subject.of)]
    item = number_item(setting, subject, right, known, form)
    if item is None or source.at_kink([(subject.of, subject.by)]):
        return None
    numbers = known if form == "number" else []
    return question(setting, candidate, given(source, numbers, setting.digits, [subject.of]), item)


def factor(setting: Setting, candidate: Candidate) -> Question | None:
    """The next factor of a chain, by its name, its formula or its number."""
    source, subject = setting.source, candidate.subject
    assert isinstance(subject, Gradient)
    [path] = source.trace.paths(subject.by, 1, subject.of)
    nodes = path.nodes[::-1]
    edges = list(pairwise(nodes))
    open_ = [i for i, edge in enumerate(edges) if i and not is_plain(source.network.local(*edge))]
    if not open_ or source.at_kink(edges):
        return None
    missing = setting.dice.choice(open_)
    rights = [source.network.local(*edge) for edge in edges]
    known = source.needs(rights)
    asked = Gradient(*edges[missing])
    item = number_item(setting, asked, rights[missing], known, "factor")
    if item is None:
        return None
    formulas = [part for n in nodes[:-1] for part in formulas_of(source, n)]
    chain = Chain(nodes, missing)
    return question(setting, candidate, given(source, known, setting.digits, formulas), item, chain=chain)


def path(setting: Setting, candidate: Candidate) -> Question | None:
    """A derivative along one path, or over several, from the values."""
    source, subject = setting.source, candidate.subject
    assert isinstance(subject, Gradient)
    found = _written_out(source, subject)
    if found is None:
        return None
    right, known, formulas = found
    item = number_item(setting, subject, right, known)
    if item is None or source.at_kink(source.edges_between(subject.of, subject.by)):
        return None
    return question(setting, candidate, given(source, known, setting.digits, formulas), item)


def _written_out(source: Source, subject: Gradient) -> tuple[Expression, list[Subject], list[int]] | None:
    """The sum over the paths in values, what it needs (with the sums on the way), the formulas to give."""
    paths = source.trace.paths(subject.by, MANY_PATHS, subject.of)
    chains = [[source.network.local(up, low) for low, up in pairwise(p.nodes)][::-1] for p in paths]
    if any(isinstance(piece, Derivative) for chain in chains for piece in chain):
        return None
    right = plus(*(times(*chain) for chain in chains))
    on_way = [n for p in paths for n in p.nodes[1:-1] if source.network.loss(n) is None]
    known = [*source.needs([right]), *map(Value, on_way)]
    if not source.network.is_parameter(subject.by):
        known.append(Value(subject.by))
    formulas = [part for p in paths for n in p.nodes[:0:-1] for part in formulas_of(source, n)]
    if len(set(known)) > MOST_GIVEN:
        return None
    return right, known, formulas


def adjoint(setting: Setting, candidate: Candidate) -> Question | None:
    """An adjoint from those of the next layer."""
    source, subject = setting.source, candidate.subject
    assert isinstance(subject, Gradient)
    right, known = passed_back(source, subject)
    item = number_item(setting, subject, right, known)
    users = source.network.uses(subject.by, subject.of)
    if item is None or source.at_kink((user, subject.by) for user in users):
        return None
    return question(setting, candidate, given(source, known, setting.digits, _softmaxes(source, users)), item)


def _softmaxes(source: Source, nodes: Iterable[int]) -> list[int]:
    """Nodes whose function has to be told: what is no neuron."""
    return [node for node in nodes if source.network.unit(node) is None]


def passed_back(source: Source, subject: Gradient) -> tuple[Expression, list[Subject]]:
    """Σ ∂of/∂user·∂user/∂by, and what it needs, with some weights and values that it doesn't."""
    network = source.network
    users = network.uses(subject.by, subject.of)
    terms = [times(network.derivative(subject.of, user), network.local(user, subject.by)) for user in users]
    right = plus(*terms)
    known = list(source.needs([right]))
    others: list[Subject] = []
    for user in users:
        unit = network.unit(user)
        if unit is not None:
            others += map(Value, unit.sources if network.is_parameter(subject.by) else unit.weights)
        elif (activation := network.activation(user)) is not None and activation.argument is not None:
            others.append(Value(activation.argument))
        others.append(Value(subject.by))
    extra = [one for one in dict.fromkeys(others) if one not in known]
    return right, [*known, *extra[:DISTRACTORS]]


def update(setting: Setting, candidate: Candidate) -> Question | None:
    """The new value of a parameter; its change where the new value would not tell the slips apart."""
    source, subject = setting.source, candidate.subject
    assert isinstance(subject, Updated)
    w = source.network.name(subject.node)
    gradient = Gradient(source.graph.loss, subject.node)
    step = times(source.rate, source.read(gradient))
    known: list[Subject] = [Value(subject.node), Rate(), gradient]
    item = None
    if skill_of(source.network, gradient) != "hidden-weight":
        item = number_item(setting, subject, minus(w, step), known)
    if item is None:
        item = _change(setting, subject, step, known)
    return None if item is None else question(setting, candidate, given(source, known, setting.digits), item)


_OF_A_STEP = ("ascent", "rate-missing", "step-scales-weight")


def _change(setting: Setting, subject: Updated, step: Expression, known: list[Subject]) -> Item | None:
    """w' − w, with the slips that concern the step."""
    source = setting.source
    w = source.network.name(subject.node)
    slips = tuple(
        PossibleSlip(s.code, s.sentence, s.prior, s.value - source.value(w), minus(s.formula, w), Negative(step))
        for s in slips_of(source, subject, known)
        if s.code in _OF_A_STEP
    )
    right = Negative(step)
    asked = minus(source.read(subject), w)
    item = Item(asked, None, right, source.value(right), setting.digits, slips)
    return item if is_fair(item, [source.of(one) for one in known]) else None


def eye(setting: Setting, candidate: Candidate) -> Question | None:
    """Sign and size by eye: four numbers of one digit, one of them right."""
    source, subject = setting.source, candidate.subject
    assert isinstance(subject, Gradient)
    found = _written_out(source, subject)
    right = source.of(subject)
    if found is None or not 1e-4 <= abs(right) < 100 or source.at_kink(source.edges_between(subject.of, subject.by)):
        return None
    near = significant(right, 1)
    size = 10 if abs(right) < 0.05 or setting.dice.random() < 0.5 else 0.1
    wrong = [
        (significant(-right, 1), "The size is right, the sign is not."),
        (significant(right * size, 1), "The sign is right, the size is not."),
        (significant(-right * size, 1), "Neither the sign nor the size is right."),
    ]
    options = [Option(near, True), *(Option(text, False, why) for text, why in wrong)]
    setting.dice.shuffle(options)
    prompt = to_text(source.read(subject))
    known = tuple(
        one if one.formula is not None else Known(one.subject, _roughly(one.text), exact=False)
        for one in given(source, source.needs([found[0]]), setting.digits, found[2])
    )
    return question(setting, candidate, known, Choice(prompt, tuple(options)))


def _roughly(text: str) -> str:
    """A number to two digits."""
    return significant(float(rounded(float(text), 2)), 2)


MAKERS: Mapping[Kind, Maker] = {
    Kind.VALUE: value,
    Kind.LOCAL: local,
    Kind.FORMULA: formula,
    Kind.FACTOR: factor,
    Kind.PATH: path,
    Kind.GRADIENT: path,
    Kind.ADJOINT: adjoint,
    Kind.UPDATE: update,
    Kind.EYE: eye,
}
