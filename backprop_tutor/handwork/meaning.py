"""The names in a claim, read as the scenario's quantities.

Own spellings first (`w_{11}`, `δ_o1`, `w5_new`); then what a foreign name evidently means (`a_01`, `loss_1`, `u131`);
then the one assignment of foreign names that makes the line true. Readings of the last two kinds are reported as
`notation`. A name that stays without meaning makes its line uncheckable, never wrong.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from ..engine.graph import Graph
from ..formulas.expression import (
    Call,
    Derivative,
    DerivativeOf,
    Element,
    Expression,
    Name,
    Product,
    transform,
    ungrouped,
    walk,
)
from ..formulas.notation import folded
from ..formulas.typeset import index_text
from ..values import Struct, replace
from .quantities import Gradient, Subject, Updated, Value, Vocabulary

MAX_TRIALS = 3000


class Meaning(Struct, frozen=True):
    """A piece of a claim in the graph's own names: `renamed` maps foreign spellings to what they were read as."""

    expression: Expression
    renamed: Mapping[str, str]
    unknown: tuple[str, ...]

    @property
    def has_names(self) -> bool:
        return any(isinstance(part, (Name, Element, Derivative, DerivativeOf)) for part in walk(self.expression))


def names_of(node: Expression) -> tuple[str, ...]:
    """The names that one piece of a formula holds itself."""
    match node:
        case Name(name):
            return (name,)
        case Derivative(of, by):
            return (of, by)
        case DerivativeOf(_, by):
            return (by,)
        case _:
            return ()


def is_opaque(name: str) -> bool:
    """Is a name one that nothing can stand for: a function's value, what was left out, a difference?"""
    return any(sign in name for sign in "([<")


def foreign_names(node: Expression, vocabulary: Vocabulary, own: Iterable[str] = ()) -> tuple[str, ...]:
    """Spellings that are none of the scenario's (arrays where a number must stand count as foreign)."""
    own = set(own)
    names = (name for part in walk(node) for name in names_of(part))
    return tuple(dict.fromkeys(n for n in names if n not in own and vocabulary.subject(n) is None))


def by_one_name(node: Expression, vocabulary: Vocabulary) -> Expression:
    """A formula with ∂L/∂(y - p) as ∂L/∂y, where L depends on both by their difference alone."""

    def change(part: Expression) -> Expression:
        if isinstance(part, Derivative) and part.by.startswith("("):
            by = vocabulary.by_one(part.of, part.by)
            return part if by is None else replace(part, by=by)
        return part

    return transform(node, change)


def read(
    node: Expression, vocabulary: Vocabulary, renamed: Mapping[str, str], arrays: bool, sample: int | None = None
) -> Meaning:
    """Put the graph's own names into a piece of a claim; `renamed` are readings already found for foreign names."""
    used: dict[str, str] = {}
    unknown: dict[str, None] = {}

    def canonical(spelling: str) -> str:
        subject = subject_in(spelling, sample, vocabulary)
        if subject is not None:
            if isinstance(subject, Gradient):
                return spelling
            return _name(vocabulary.read(subject))
        if arrays and (array := vocabulary.array(spelling)) is not None:
            return array
        if spelling in renamed:
            used[spelling] = renamed[spelling]
            return renamed[spelling]
        unknown[spelling] = None
        return spelling

    nodes = vocabulary.nodes

    def change(part: Expression) -> Expression:
        match part:
            case Name(spelling):
                subject = subject_in(spelling, sample, vocabulary)
                if isinstance(subject, Gradient):
                    return vocabulary.read(subject)
                name = canonical(spelling)
                return Name(name, part.text, part.span)
            case Element(spelling, indices):
                full = f"{spelling}[{','.join(index_text(i) for i in indices)}]"
                node_ = vocabulary.node(full)
                if node_ is not None:
                    name = vocabulary.graph.name(node_)
                    return Name(name, full, part.span)
                unknown[full] = None
                return part
            case Derivative(of, by):
                return Derivative(canonical(of), canonical(by), part.span)
            case Call("softmax", (Name(argument),)) if output := _softmax_output(vocabulary, argument):
                used[f"softmax({argument})"] = output
                return Name(output, part.text, part.span)
            case DerivativeOf(operand, by) if isinstance(named := ungrouped(operand), Name) and named.name in nodes:
                return Derivative(named.name, canonical(by), part.span)  # d(z^a_0)/dw
            case DerivativeOf(operand, by):
                bound = {n.name for n in walk(operand) if isinstance(n, Name)}
                return part if by in bound and by in unknown else DerivativeOf(operand, canonical(by), part.span)
            case _:
                return part

    expression = transform(node, change)
    return Meaning(expression, used, tuple(unknown))


def _softmax_output(vocabulary: Vocabulary, argument: str) -> str | None:
    """`softmax(a21)` of one number is read as the output that belongs to a21."""
    node = vocabulary.nodes.get(argument)
    if node is None:
        return None
    own = Call("exp", (Name(argument),))
    for user in vocabulary.graph.users.get(node, ()):
        formula = ungrouped(vocabulary.graph.node_formula(user))
        if isinstance(formula, Product) and ungrouped(formula.factors[0][1]) == own and len(formula.factors) == 2:
            return vocabulary.graph.name(user)
    return None


def of_sample(spelling: str, sample: int | None, vocabulary: Vocabulary) -> str:
    """Below a heading 'Sample 2', h1 means h1#2 where there is one."""
    if sample is None or "#" in spelling:
        return spelling
    return f"{spelling}#{sample}" if vocabulary.node(f"{spelling}#{sample}") is not None else spelling


def subject_in(spelling: str, sample: int | None, vocabulary: Vocabulary) -> Subject | None:
    """What a spelling means; below a heading 'Sample 2' that sample's own: dw is the gradient of that sample's loss."""
    if sample is None or "#" in spelling:
        return vocabulary.subject(spelling)
    found = vocabulary.subject(f"{spelling}#{sample}") or vocabulary.subject(spelling)
    graph = vocabulary.graph
    if isinstance(found, Gradient) and found.of == graph.loss:
        own = vocabulary.node(f"{graph.name(graph.loss)}#{sample}")
        if own is not None and graph.reaches(found.by, own):
            return replace(found, of=own)
    return found


def _name(node: Expression) -> str:
    assert isinstance(node, Name)
    return node.name


def subject_of(node: Expression, vocabulary: Vocabulary) -> Subject | None:
    """What a chain's first part is about: a quantity, a derivative, an updated parameter."""
    node = ungrouped(node)
    if isinstance(node, Name):
        found = vocabulary.nodes.get(node.name)
        if found is not None:
            return Value(found)
        base = node.name.removesuffix("'")
        if base != node.name and base in vocabulary.nodes:
            return Updated(vocabulary.nodes[base])
        return vocabulary.subject(node.name)
    if isinstance(node, Derivative):
        of, by = vocabulary.nodes.get(node.of), vocabulary.nodes.get(node.by)
        if of is not None and by is not None:
            return Gradient(of, by)
    return None


def put(node: Expression, reading: Mapping[str, str]) -> Expression:
    """A single name or derivative with foreign names replaced; anything else stays."""
    match ungrouped(node):
        case Name(name, text, span):
            return Name(reading.get(name, name), text, span)
        case Derivative(of, by, span):
            return Derivative(reading.get(of, of), reading.get(by, by), span)
        case _:
            return node


# ---------------------------------------------------------------- the assignment that makes a line true
@lru_cache(maxsize=50_000)
def similarity(foreign: str, own: str) -> float:
    """How alike two spellings are, from 0 to 1; equal index digits count most."""
    a, b = folded(foreign).casefold(), folded(own).casefold()
    ratio = difflib.SequenceMatcher(None, a, b).ratio()
    digits_a = "".join(c for c in a if c.isdigit())
    digits_b = "".join(c for c in b if c.isdigit())
    return ratio + (0.5 if digits_a and digits_a == digits_b else 0.0) + (0.3 if a[:1] == b[:1] else 0.0)


def candidates(graph: Graph, subject: Subject | None, limit: int = 60) -> list[str]:
    """Names that a line about the subject may well mean: the quantities around it, nearest first."""
    if subject is None:
        return graph.some_names(200)[:limit]
    roots = {Value: lambda s: [s.node], Updated: lambda s: [s.node], Gradient: lambda s: [s.of, s.by]}.get(
        type(subject), lambda s: []
    )(subject)
    found: dict[int, None] = {}
    wave = list(roots)
    while wave and len(found) < limit:
        following: list[int] = []
        for node in wave:
            if node not in found:
                found[node] = None
                following += graph.node(node).operands
                following += graph.users.get(node, ())
        wave = following
    return [graph.name(node) for node in list(found)[:limit]]


def assignments(
    names: tuple[str, ...], known: list[str], score: Callable[[Mapping[str, str]], int], full: int
) -> Mapping[str, str] | None:
    """The assignment of foreign names to known ones with the highest score (0: it does not hold), or None.

    Of equal ones the most similar counts; `full` is a score that nothing can exceed.
    """
    if not names or len(names) > 3:
        return None
    ranked = [sorted(known, key=lambda own: -similarity(name, own)) for name in names]
    keep = {1: 60, 2: 40, 3: 12}[len(names)]
    trials = sorted(
        itertools.product(*(options[:keep] for options in ranked)),
        key=lambda chosen: -sum(similarity(n, o) for n, o in zip(names, chosen, strict=True)),
    )
    best: Mapping[str, str] | None = None
    most = 0
    for chosen in trials[:MAX_TRIALS]:
        reading = dict(zip(names, chosen, strict=True))
        found = score(reading)
        if found > most:
            best, most = reading, found
        if most >= full:
            break
    return best
