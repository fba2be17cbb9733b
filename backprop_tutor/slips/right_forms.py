"""The usual right ways of writing one quantity: by name or written out, step by step or path by path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from ..engine.network import Network
from ..formulas.algebra import ONE, call, minus, over, plus, size, times
from ..formulas.expression import Expression, Negative, transform
from ..handwork.quantities import Gradient, Subject, Updated, Value
from ..kept import Kept
from .backward_contexts import cancelling, spreading
from .first_step import first_step
from .generic_points import points_of

MOST = 14
LONG = 400  # pieces of a formula
DEPTH = 5  # steps of the chain that one formula writes out
Local = Callable[[int, int], Expression]


def right_forms(network: Network, subject: Subject) -> Sequence[Expression]:
    """Formulas that give the quantity, each different in shape; the first is the scenario's own for a value."""
    key = ("right_forms", subject)
    if key not in network.memo:
        network.memo[key] = Kept(_checked(network, subject, _forms(network, subject)))
    return network.memo[key]  # type: ignore[return-value]


def _checked(network: Network, subject: Subject, forms: Iterator[Expression]) -> Iterator[Expression]:
    """Short enough, different, and right at generic points."""
    points = points_of(network)
    truth = points.truth(subject)
    found: set[Expression] = set()
    for form in forms:
        if form not in found and size(form) <= LONG and points.equal(points.values(form), truth) is True:
            found.add(form)
            yield form
            if len(found) == MOST:
                break


def _forms(network: Network, subject: Subject) -> Iterator[Expression]:
    match subject:
        case Value(node):
            yield from _values(network, node)
        case Gradient(of, by) if of != by:
            yield from _gradients(network, of, by)
        case Updated(node):
            yield from _updates(network, node)


def _updates(network: Network, node: int) -> Iterator[Expression]:
    """By the gradient's name, by the plain step, and with the gradient written out."""
    found = first_step(network, node)
    loss = network.graph.loss
    if found is None:
        return
    yield found.after
    by_name = network.derivative(loss, node)
    for gradient in _gradients(network, loss, node):
        yield _put(found.after, by_name, gradient)


def _put(formula: Expression, piece: Expression, other: Expression) -> Expression:
    """The formula with another one in the place of a piece."""
    return transform(formula, lambda part: other if part == piece else part)


def _values(network: Network, node: int) -> Iterator[Expression]:
    formula = network.formula(node)
    if formula is None:
        return
    yield formula
    activation = network.activation(node)
    if activation is not None and activation.function == "sigmoid":
        yield over(ONE, plus(ONE, call("exp", Negative(activation.formula))))
    loss, terms = network.loss(node), network.loss_terms(node)
    if loss is not None and loss.parts and terms:
        yield plus(*(term.formula for term in terms))


def _gradients(network: Network, of: int, by: int) -> Iterator[Expression]:
    """Deeper and deeper chains, by name and written out; the paths one by one; what cross entropy cancels to."""

    def by_name(result: int, operand: int) -> Expression:
        return network.derivative(result, operand)

    def written(result: int, operand: int) -> Expression:
        return network.local(result, operand)

    def turned(result: int, operand: int) -> Expression:
        return network.local(result, operand, reverse=True)

    short = _cancelled(network, of, by)
    if short is not None:
        yield short
    for depth in range(1, DEPTH + 1):
        for local in (written, by_name):
            chain = _chain(network, of, by, depth, local)
            if chain is not None and chain != network.derivative(of, by):
                yield chain
        if depth == 1 and (parts := _of_parts(network, of, by)) is not None:
            yield parts
    paths = network.paths(of, by)
    for local in (by_name, written, turned):
        if paths:
            yield plus(*(times(*(local(u, v) for v, u in reversed(list(pairwise(path))))) for path in paths))
    nested = _chain(network, of, by, DEPTH, turned)
    if nested is not None:
        yield nested
    yield from _through_cancelled(network, of, by)


def _chain(network: Network, of: int, by: int, depth: int, local: Local) -> Expression | None:
    """Σ over users of ∂of/∂user·∂user/∂by, ∂of/∂user written out `depth` − 1 steps further; None when too long."""
    if of == by:
        return ONE
    if depth == 0:
        share = network.share(of, by)
        return network.derivative(of, by) if share is None else share
    terms = []
    for user in network.uses(by, of):
        above = _chain(network, of, user, depth - 1, local)
        if above is None:
            return None
        terms.append(times(above, local(user, by)))
    whole = plus(*terms)
    return whole if size(whole) <= LONG else None


def _of_parts(network: Network, of: int, by: int) -> Expression | None:
    """∂E/∂h = ∂E1/∂h + ∂E2/∂h: over what goes into a sum; None where it is a single thing."""
    graph = network.graph
    parts = [part for part in dict.fromkeys(graph.node(of).operands) if part != by and graph.reaches(by, part)]
    if not 1 < len(parts) <= MOST:
        return None
    return plus(*(times(network.local(of, part), network.derivative(part, by)) for part in parts))


def _cancelled(network: Network, of: int, by: int) -> Expression | None:
    """p − y, where the loss is a cross entropy of this logit's probability."""
    binary = cancelling(network, Gradient(of, by))
    if binary is not None:
        return binary.right
    many = spreading(network, Gradient(of, by))
    if many is not None and many.terms:
        return times(many.scale, minus(many.p, many.y))
    return None


def _through_cancelled(network: Network, of: int, by: int) -> Iterator[Expression]:
    """Σ (p − y)·∂z/∂by one or two steps before such logits."""
    for depth in (1, 2, 3):
        found = _before(network, of, by, depth)
        if found is not None:
            yield found


def _before(network: Network, of: int, by: int, depth: int) -> Expression | None:
    if depth == 0:
        return _cancelled(network, of, by)
    terms = []
    for user in network.uses(by, of):
        above = _before(network, of, user, depth - 1)
        if above is None:
            return None
        terms.append(times(above, network.local(user, by)))
    whole = plus(*terms)
    return whole if terms and size(whole) <= LONG else None
