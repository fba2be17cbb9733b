"""What a network offers to ask: every quantity with the kinds of questions that fit it, and the skill of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from ..engine.graph import Graph
from ..formulas.algebra import plus
from ..formulas.expression import Call, Derivative, Expression, Name, Number, names_in, ungrouped, walk
from ..formulas.typeset import to_text
from ..handwork.quantities import Gradient, Subject, Updated, Value
from ..values import Struct
from .fairness import LONGEST, is_plain
from .names import Kind
from .skills import skill_of
from .source import Source

MANY_PARTS = 6  # of a neuron's sum: more is no calculation by hand
MANY_PATHS = 4
LONG_PATH = 7  # edges


class Candidate(Struct, frozen=True):
    """A question that could be made: its kind, what it is about, the skill it exercises."""

    kind: Kind
    subject: Subject
    skill: str


# ---------------------------------------------------------------- what there is to ask
def candidates(source: Source) -> list[Candidate]:
    """Every question of one quantity that the network may offer; whether it is fair shows when it is made."""
    network = source.network
    found: list[Candidate] = []

    def add(kind: Kind, subject: Subject, skill: str = "") -> None:
        found.append(Candidate(kind, subject, skill or skill_of(network, subject)))

    for node in source.graph.nodes_of("computed"):
        if _by_hand(source, node):
            add(Kind.VALUE, Value(node))
    for result, operand in _edges(source):
        slope = network.local(result, operand)
        if isinstance(slope, (Derivative, Number)):
            continue
        if not any(isinstance(part, Call) and part.primes for part in walk(slope)):
            add(Kind.FORMULA, Gradient(result, operand))
        if not _is_known(slope):
            add(Kind.LOCAL, Gradient(result, operand))
    for of, by in _chains(source):
        count = source.trace.path_count(by, of)
        if count == 1:
            add(Kind.PATH, Gradient(of, by))
            add(Kind.FACTOR, Gradient(of, by), "one-path")
        elif of == source.graph.loss:
            add(Kind.GRADIENT, Gradient(of, by), "two-paths" if not network.is_parameter(by) else "")
        add(Kind.EYE, Gradient(of, by))
    for by in _passed_back(source):
        add(Kind.ADJOINT, Gradient(source.graph.loss, by))
    plain = source.graph.rule is not None and source.graph.rule.plain
    for update, frozen in zip(source.trace.updates if plain else (), source.graph.frozen, strict=False):
        if not frozen and source.graph.block_of(update.node).name not in source.graph.scenario.rates:
            add(Kind.UPDATE, Updated(update.node))
    return found


def _by_hand(source: Source, node: int) -> bool:
    unit = source.network.unit(node)
    if unit is not None:
        return len(unit.parts) <= MANY_PARTS
    right = right_value(source, node)
    return right is not None and len(to_text(right)) <= LONGEST and not _is_known(right)


def _is_known(formula: Expression) -> bool:
    """Another quantity's value as it is, or numbers only: nothing to calculate."""
    return isinstance(ungrouped(formula), Name) or not names_in(formula)


def right_value(source: Source, node: int) -> Expression | None:
    """The formula of a value: a total loss by the outputs themselves."""
    loss, terms = source.network.loss(node), source.network.loss_terms(node)
    if loss is not None and loss.parts and terms and not loss.terms:
        return plus(*(term.formula for term in terms))
    return source.network.formula(node)


def _edges(source: Source) -> Iterator[tuple[int, int]]:
    results, operands = source.graph.edges
    counts = source.trace.path_counts
    for result, operand in zip(results.tolist(), operands.tolist(), strict=True):
        few = len(source.graph.node(result).operands) <= MANY_PARTS
        if result in counts and few and source.graph.block_of(operand).kind != "target":  # nobody needs those
            yield result, operand


def _losses(source: Source) -> list[int]:
    """The loss and the losses that it adds up."""
    return [n for n in source.graph.nodes_of("computed") if source.network.loss(n) is not None] or [source.graph.loss]


def _chains(source: Source) -> Iterator[tuple[int, int]]:
    """(of, by) whose derivative is a few products that are long enough to be chains."""
    graph, trace = source.graph, source.trace
    wanted = [n for n in _asked(graph) if n in trace.path_counts]
    for of in _losses(source):
        for by in wanted:
            count = trace.path_count(by, of)
            if by == of or not 1 <= count <= MANY_PATHS or (of != graph.loss and source.trace.path_count(by) == count):
                continue
            paths = trace.paths(by, MANY_PATHS, of)
            if all(len(_steps(source, path.nodes)) >= 2 and len(path.nodes) <= LONG_PATH + 1 for path in paths):
                yield of, by


def _asked(graph: Graph) -> list[int]:
    """What is differentiated by: the computed quantities and, in the document's order, the sources."""
    return graph.nodes_of("computed", "parameter" if graph.nodes_of("parameter") else "input")


def _steps(source: Source, nodes: Sequence[int]) -> list[tuple[int, int]]:
    """The edges of a path, from the loss down, without those whose derivative is 1."""
    edges = [(result, operand) for operand, result in pairwise(nodes)][::-1]
    return [edge for edge in edges if not is_plain(source.network.local(*edge))]


def _passed_back(source: Source) -> Iterator[int]:
    """The quantities whose adjoint comes from adjoints of the next layer."""
    network, graph = source.network, source.graph
    for node in _asked(graph):
        users = network.uses(node, graph.loss)
        if not users or graph.loss in users or len(users) > MANY_PATHS:
            continue
        if not any(isinstance(network.local(user, node), Derivative) for user in users):
            yield node
