"""What there is to show: a trace cut into the steps a person would write down, as data without any layout.

Every renderer, the quiz's worked answers and the JSON contract read these. Numbers are full floats;
`formulas/digits.py` writes them. Formulas are expressions in the document's names; `local_formula` is SymPy's
derivative in the document's form.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from ..engine.check import Check, Method, check_gradients, check_locals
from ..engine.graph import Graph, Node, ancestors, descendants
from ..engine.trace import Contribution, Path, Trace, path_totals
from ..engine.unroll import of_single_numbers
from ..engine.written_out import substitute
from ..formulas import functions as table
from ..formulas.evaluate import Lookup, evaluate
from ..formulas.expression import (
    Call,
    Comparison,
    Derivative,
    Expression,
    Group,
    Name,
    Negative,
    Product,
    Sum,
    ungrouped,
    walk,
)
from ..formulas.parse import parse
from ..formulas.rounding import equal
from ..values import Struct
from .derivatives import local_derivative

SECOND_CALCULATION = 1e-12  # relative; the two forward calculations differ by rounding only


class ForwardStep(Struct, frozen=True):
    """One quantity: formula, the function's definition where it is new, value, and the second calculation's gap."""

    number: int
    node: Node
    definition: Expression | None
    value: float
    gap: float  # relative, to the same formula evaluated by the plain evaluator
    part: str  # "forward" or "loss"
    sample: int | None

    @property
    def agrees(self) -> bool:
        return self.gap <= SECOND_CALCULATION


class LocalStep(Struct, frozen=True):
    """One edge: ∂result/∂operand with its formula, value and difference."""

    result: Node
    operand: Node
    formula: Expression
    value: float
    check: Check
    kink_rule: str  # what is used at a kink, empty where there is none


class GradientStep(Struct, frozen=True):
    """d(loss)/d(quantity): its paths, their number, the value and its difference."""

    node: Node
    paths: tuple[Path, ...]
    path_count: int
    value: float
    check: Check


class AdjointStep(Struct, frozen=True):
    """The recursive view: one adjoint as a sum of upstream gradient × local derivative."""

    node: Node
    contributions: tuple[Contribution, ...]
    value: float
    uses: int  # how many other adjoints or gradients this one goes into


def definition_of(graph: Graph, formula: Expression) -> Expression | None:
    """What a single call stands for, with its argument put in: σ(z) → 1/(1 + exp(-z)); None for anything else."""
    formula = ungrouped(formula)
    if not isinstance(formula, Call) or formula.primes:
        return None
    own = graph.custom.get(formula.function)
    if own is not None:
        return substitute(own.body, dict(zip(own.parameters, formula.arguments, strict=True)))
    row = table.table().get(formula.function)
    abbreviation = table.composed(formula.function, len(formula.arguments))
    if abbreviation is not None:
        body = substitute(parse(abbreviation.body), dict(zip(abbreviation.parameters, formula.arguments, strict=True)))
        return of_single_numbers(body)
    if isinstance(row, table.Primitive) and row.name in ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus",
                                                         "silu", "gelu"):  # fmt: skip
        return substitute(parse(row.definition), {"z": formula.arguments[0]})
    return None


def loss_part(graph: Graph) -> frozenset[int]:
    """The computed nodes under the heading of the loss: the last ones in the document's order, where all compare.

    What compares depends on a target, or is the loss itself. A loss term that the document has between two forward
    steps (as at each step of a recurrent network) stays there; each sample has its own end.
    """
    compares = descendants(graph, graph.loss, *graph.nodes_of("target"))
    found: set[int] = set()
    ended: set[int | None] = set()
    for node in reversed(graph.nodes_of("computed")):
        sample = graph.block_of(node).sample
        if compares[node] and sample not in ended:
            found.add(node)
        else:
            ended.add(sample)
    return frozenset(found)


def forward_steps(trace: Trace, nodes: Iterable[int] | None = None) -> tuple[ForwardStep, ...]:
    """The computed quantities in the document's order (or just the given ones)."""
    graph = trace.graph
    chosen = list(graph.nodes_of("computed") if nodes is None else nodes)
    in_loss = loss_part(graph)
    seen: set[str] = set()
    steps = []
    for count, number in enumerate(chosen, 1):
        node = graph.node(number)
        assert node.formula is not None
        assert node.expanded is not None
        definition = definition_of(graph, node.formula)
        called = ungrouped(node.formula)
        if definition is not None and isinstance(called, Call):
            # a built-in function is written out the first time, the document's own every time
            if called.function in seen and called.function not in graph.custom:
                definition = None
            seen.add(called.function)
        value = trace.value(number)
        again = evaluate(node.expanded, trace.value)
        gap = abs(again - value) / max(abs(again), abs(value), 1e-300) if again != value else 0.0
        gap = gap if gap == gap else math.inf  # no second value is no agreement
        part = "loss" if number in in_loss else "forward"
        steps.append(ForwardStep(count, node, definition, value, gap, part, node.block.sample))
    return tuple(steps)


def backward_edges(graph: Graph, inputs: bool = True) -> list[tuple[int, int]]:
    """The edges on a way to the loss, from the loss down, operands in reading order; targets and the like left out.

    Without `inputs` only what a parameter influences (an input, where none is a parameter).
    """
    needed = ancestors(graph, graph.loss)
    useful = descendants(graph, *graph.sources(inputs))
    found = []
    for node in sorted(graph.nodes_of("computed"), key=lambda n: -int(graph.levels[n])):
        if needed[node]:
            found += [(node, operand) for operand in graph.node(node).operands if useful[operand]]
    return found


def local_steps(
    trace: Trace, edges: Sequence[tuple[int, int]] | None = None, method: Method = "central", h: float | None = None
) -> tuple[LocalStep, ...]:
    """Local derivatives with formulas and differences, from the loss down."""
    edges = backward_edges(trace.graph) if edges is None else edges
    checks = check_locals(trace, edges, method, h)
    nodes = {number: trace.graph.node(number) for edge in edges for number in edge}
    return tuple(
        LocalStep(
            nodes[result],
            nodes[operand],
            local_formula(trace.graph, result, operand),
            trace.local(result, operand),
            check,
            kink_rule(nodes[result], trace) if check.kink else "",
        )
        for (result, operand), check in zip(edges, checks, strict=True)
    )


def kink_rule(node: Node, trace: Trace) -> str:
    """The conventions of those of the node's functions that stand exactly at their kink, or else of all."""
    assert node.expanded is not None
    exactly: list[str] = []
    near: list[str] = []
    for part in walk(node.expanded):
        row = table.table().get(part.function) if isinstance(part, Call) else None
        if isinstance(part, Call) and isinstance(row, (table.Primitive, table.Reduction)) and row.kink_rule:
            (exactly if at_kink(part, trace.value) else near).append(row.kink_rule)
    return "; ".join(dict.fromkeys(exactly or near))


def at_kink(call: Call, value_of: Lookup) -> bool:
    """Does a call stand exactly where its function has no derivative?"""
    match call:
        case Call("where", (Comparison(_, left, right), *_)):
            return bool(equal(evaluate(left, value_of), evaluate(right, value_of)))
        case Call("max" | "min" as name, arguments):
            numbers = [evaluate(argument, value_of) for argument in arguments]
            top = max(numbers) if name == "max" else min(numbers)
            return sum(bool(equal(x, top)) for x in numbers) > 1
    row = table.table().get(call.function)
    return isinstance(row, table.Primitive) and evaluate(call.arguments[0], value_of) in row.kinks


def gradient_steps(
    trace: Trace,
    nodes: Sequence[int] | None = None,
    limit: int = 12,
    method: Method = "central",
    h: float | None = None,
) -> tuple[GradientStep, ...]:
    """Gradients over paths, for the parameters (or the given nodes)."""
    nodes = trace.graph.sources() if nodes is None else nodes
    checks = check_gradients(trace, nodes, method, h)
    return tuple(
        GradientStep(
            trace.graph.node(node), trace.paths(node, limit), trace.path_count(node), trace.gradient(node), check
        )
        for node, check in zip(nodes, checks, strict=True)
    )


def adjoint_steps(trace: Trace, inputs: bool = False) -> tuple[AdjointStep, ...]:
    """Every adjoint once, from the loss down to the parameters (and inputs): the backward pass as it is calculated."""
    graph = trace.graph
    useful = descendants(graph, *graph.sources(inputs))
    counts = trace.path_counts
    chosen = [n for n in range(graph.size) if useful[n] and n in counts and n != graph.loss]
    order = {node: i for i, node in enumerate(graph.order())}
    chosen.sort(key=lambda n: (-int(graph.levels[n]), order[n]))
    kept = set(chosen)
    return tuple(
        AdjointStep(
            graph.node(node),
            trace.contributions(node),
            trace.gradient(node),
            sum(operand in kept for operand in graph.node(node).operands),
        )
        for node in chosen
    )


class Multiplications(Struct, frozen=True):
    """What reuse saves: products along every path by itself, against one per edge."""

    by_paths: int
    by_adjoints: int

    @property
    def saved(self) -> int:
        return self.by_paths - self.by_adjoints


def multiplications(trace: Trace) -> Multiplications:
    """How many multiplications all gradients need, path by path and with each adjoint calculated once.

    A path of k factors needs k - 1 products; the number of factors over all paths of a node is found by dynamic
    programming, like the number of paths. With adjoints each useful edge but those at the loss needs one product.
    """
    graph = trace.graph
    sources = graph.sources()
    useful = descendants(graph, *sources)
    results, operands = graph.edges
    counted = ancestors(graph, graph.loss)[results] & (results != graph.loss) & useful[operands]
    links = path_totals(graph, graph.loss, lengths=True)[sources]
    counts = path_totals(graph, graph.loss)[sources]
    return Multiplications(sum(map(int, links)) - sum(map(int, counts)), int(np.count_nonzero(counted)))


# ---------------------------------------------------------------- formulas of local derivatives
@lru_cache(maxsize=4096)
def softmax_parts(formula: Expression) -> tuple[Expression, tuple[Expression, ...]] | None:
    """(own argument, all arguments) of exp(z_i) / (exp(z_1) + ...), or None for any other formula."""
    match ungrouped(formula):
        case Product((("*", Call("exp", (own,), 0)), ("/", below))):
            total = ungrouped(below)
            if isinstance(total, Sum) and all(
                sign > 0 and isinstance(term, Call) and term.function == "exp" for sign, term in total.terms
            ):
                arguments = tuple(term.arguments[0] for _, term in total.terms if isinstance(term, Call))
                if ungrouped(own) in [ungrouped(a) for a in arguments]:
                    return own, arguments
    return None


def local_formula(graph: Graph, result: int, operand: int) -> Expression:
    """∂result/∂operand in the document's form, derived by SymPy (a softmax's by its rule over the outputs).

    One that is too long to be shown stands for itself, by its name: it is a `Derivative` then.
    """
    node = graph.node(result)
    assert node.expanded is not None
    by = graph.name(operand)
    softmax = softmax_parts(node.expanded)
    if softmax is not None and all(isinstance(ungrouped(a), Name) for a in softmax[1]):
        own, arguments = (ungrouped(softmax[0]), [ungrouped(a) for a in softmax[1]])
        mine = Name(node.name, node.name)
        if own == Name(by):
            return Product((("*", mine), ("*", Group(Sum(((1, parse("1")), (-1, mine)))))))
        other = _sibling(graph, node, Name(by, by), arguments)
        if other is not None:
            return Negative(Product((("*", mine), ("*", Name(other, other)))))
    return local_derivative(node.expanded, by, node.name) or Derivative(node.name, by)


def _sibling(graph: Graph, node: Node, own: Name, arguments: list[Expression]) -> str | None:
    """The softmax output over the same arguments whose numerator is exp(own)."""
    for user in graph.users.get(graph.id(own.name), ()):
        formula = graph.node(user).expanded
        parts = softmax_parts(formula) if formula is not None else None
        if parts and ungrouped(parts[0]) == own and [ungrouped(a) for a in parts[1]] == arguments:
            return graph.name(user)
    return None
