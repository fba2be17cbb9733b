"""Slips of the backward pass at weighted sums, and of the update: weights, biases, paths that meet, steps."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ..engine.network import Network
from ..formulas.algebra import ONE, named, over, plus, scaled, times, total
from ..formulas.expression import Derivative, Expression, Name, number
from ..handwork.quantities import Gradient, Subject
from .backward_contexts import Use, Uses, bias_uses, chain, delta, source_uses, weight_uses
from .forward_contexts import Draft, Drafts, in_context, listed

FEW = 6


# ---------------------------------------------------------------- a weight's gradient
def _weight_words(c: Uses) -> dict[str, Expression | str]:
    use = c.uses[0]
    return {"w": c.name, "source": c.factor(use), "unit": c.unit_name, "delta": c.delta_name, "right": c.right}


def _sources(c: Uses) -> Callable[[int], Callable[[Use], Expression]]:
    """The factor that stands `steps` further among the unit's sources."""

    def moved(steps: int) -> Callable[[Use], Expression]:
        def factor(use: Use) -> Expression:
            sources = use.unit.sources
            at = sources.index(use.source)
            return c.network.name(sources[(at + steps) % len(sources)])

        return factor

    return moved


@in_context(weight_uses)
def other_activation(c: Uses) -> Drafts:
    """δ·h₂ for δ·h₁: another source of the same neuron."""
    count = len(c.uses[0].unit.sources)
    for steps in range(1, min(count, FEW)):
        factor = _sources(c)(steps)
        words = {"other": factor(c.uses[0]), **_weight_words(c)}
        yield Draft(c.with_factor(factor), c.right, words, 1.0 if count == 2 else 0.5)


@in_context(weight_uses)
def preactivation_for_activation(c: Uses) -> Drafts:
    """δ·z_h for δ·h."""
    before: dict[int, Expression] = {}
    for use in c.uses:
        activation = c.network.activation(use.source)
        if activation is None or activation.argument is None:
            return
        before[use.source] = activation.formula
    words = {"z": next(iter(before.values())), **_weight_words(c)}
    yield Draft(c.with_factor(lambda use: before[use.source]), c.right, words)


@in_context(weight_uses)
def weight_for_activation(c: Uses) -> Drafts:
    """δ·w for δ·h."""
    yield Draft(c.with_factor(lambda use: c.name), c.right, _weight_words(c))


@in_context(weight_uses)
def activation_missing_from_gradient(c: Uses) -> Drafts:
    """δ for δ·h."""
    yield Draft(c.with_factor(lambda use: ONE), c.right, _weight_words(c))


@in_context(weight_uses)
def term_for_derivative(c: Uses) -> Drafts:
    """δ·w·h for δ·h."""
    formula = c.with_factor(lambda use: times(c.name, c.factor(use)))
    words = _weight_words(c)
    yield Draft(formula, c.right, {"term": times(c.name, c.factor(c.uses[0])), "by": c.name, "rest": words["source"]})


@in_context(source_uses)
def term_for_derivative_by_source(c: Uses) -> Drafts:
    """Σδ·v·h for Σδ·v."""
    formula = c.with_factor(lambda use: times(c.factor(use), c.name))
    first = c.factor(c.uses[0])
    yield Draft(formula, c.right, {"term": times(first, c.name), "by": c.name, "rest": first})


def _factors(c: Uses) -> list[Expression]:
    """The links of a single chain: what comes from above, the slope, the last factor."""
    use = c.only
    if use is None:
        return []
    return [factor for factor in (*chain(c.network, c.of, use.unit), c.factor(use)) if factor != ONE]


@in_context(weight_uses)
def factors_added(c: Uses) -> Drafts:
    """e + f'(z) + h for e·f'(z)·h."""
    factors = _factors(c)
    if len(factors) > 1:
        yield Draft(plus(*factors), times(*factors), {"factors": times(*factors)})


def _twice(c: Uses) -> Drafts:
    factors = _factors(c)
    if len(factors) < 2:
        return
    for at, factor in enumerate(factors):
        formula = times(*factors[: at + 1], *factors[at:])
        yield Draft(formula, times(*factors), {"factor": factor, "chain": times(*factors)})


@in_context(weight_uses)
def factor_twice(c: Uses) -> Drafts:
    """One factor of the chain squared."""
    yield from _twice(c)


@in_context(source_uses)
def factor_twice_by_source(c: Uses) -> Drafts:
    """One factor of a single path squared."""
    yield from _twice(c)


@in_context(weight_uses)
def other_delta(c: Uses) -> Drafts:
    """δ₂·h₁ for δ₁·h₁: another neuron of the layer."""
    use = c.only
    if use is None or c.of == use.unit.node:
        return
    for other in c.network.others(use.unit)[:FEW]:
        if c.network.uses(other.node, c.of):
            wrong = delta(c.network, c.of, other)
            yield Draft(times(wrong, c.factor(use)), c.right, {"wrong": wrong, **_weight_words(c)})


@in_context(weight_uses)
def shared_weight_last_use(c: Uses) -> Drafts:
    """δ·h of one use for the sum over all."""
    yield from _single_uses(c)


def _single_uses(c: Uses) -> Drafts:
    """The gradient over one use alone, the last first; then over all but one."""
    if len(c.uses) < 2:
        return
    words: dict[str, Expression | str] = {"w": c.name, "count": str(len(c.uses))}
    for use in c.uses[::-1][:FEW]:
        yield Draft(times(use.delta, c.factor(use)), c.right, {"unit": c.network.name(use.unit.node), **words})
    if len(c.uses) > 2:
        for use in c.uses[:FEW]:
            rest = [other for other in c.uses if other is not use]
            units = listed([c.network.graph.name(other.unit.node) for other in rest])
            formula = total((other.part.sign, times(other.delta, c.factor(other))) for other in rest)
            yield Draft(formula, c.right, {"unit": units, **words}, 0.5)


# ---------------------------------------------------------------- a bias's gradient
def _samples(c: Uses) -> bool:
    """Do the uses differ by their sample only?"""
    found = {c.network.graph.block_of(use.unit.node).sample for use in c.uses}
    return len(found) == len(c.uses)


@in_context(bias_uses)
def shared_bias_one_use(c: Uses) -> Drafts:
    """δ of one neuron for the sum over all."""
    if not _samples(c):
        yield from _single_uses(c)


@in_context(bias_uses)
def shared_bias_one_sample(c: Uses) -> Drafts:
    """δ of one sample for the sum over all."""
    if _samples(c):
        yield from _single_uses(c)


@in_context(bias_uses)
def bias_derivative_not_one(c: Uses) -> Drafts:
    """Σδ·h or Σδ·b for Σδ."""
    words = {"b": c.name, "unit": c.unit_name}
    sources = c.uses[0].unit.sources
    if len(c.uses) == len(sources) > 1 and all(use.unit.sources == sources for use in c.uses):
        paired = {id(use): source for use, source in zip(c.uses, sources, strict=True)}
        yield Draft(c.with_factor(lambda use: c.network.name(paired[id(use)])), c.right, words)
    for at in range(min(len(sources), FEW)):

        def factor(use: Use, at: int = at) -> Expression:
            return c.network.name(use.unit.sources[min(at, len(use.unit.sources) - 1)])

        yield Draft(c.with_factor(factor), c.right, words, 0.5)
    yield Draft(c.with_factor(lambda use: c.name), c.right, words, 0.5)


# ---------------------------------------------------------------- an activation's gradient: paths that meet
def _path_words(c: Uses) -> dict[str, Expression | str]:
    units = [c.network.graph.name(use.unit.node) for use in c.uses]
    weights = list(dict.fromkeys(c.network.graph.name(use.weight) for use in c.uses))
    return {
        "h": c.name, "of": c.network.graph.name(c.of), "units": listed(units), "weights": listed(weights),
        "count": str(len(units)), "right": c.right,
    }  # fmt: skip


@in_context(source_uses)
def one_path_only(c: Uses) -> Drafts:
    """δ·v of one path for the sum, or all but one."""
    if len(c.uses) < 2:
        return
    for use in c.uses[:FEW]:
        yield Draft(times(use.delta, c.factor(use)), c.right, _path_words(c))
    if len(c.uses) > 2:
        for use in c.uses[:FEW]:
            rest = total((o.part.sign, times(o.delta, c.factor(o))) for o in c.uses if o is not use)
            yield Draft(rest, c.right, _path_words(c), 0.5)


def _other_weights(c: Uses, pick: Callable[[Use], int | None]) -> Expression | None:
    picked = {id(use): weight for use in c.uses if (weight := pick(use)) is not None}
    if len(picked) < len(c.uses):
        return None
    return c.with_factor(lambda use: c.network.name(picked[id(use)]))


@in_context(source_uses)
def transposed_weights(c: Uses) -> Drafts:
    """Σδ_k·v_1k for Σδ_k·v_k1."""
    formula = _other_weights(c, lambda use: c.network.transposed(use.unit, c.node))
    if formula is not None:
        yield Draft(formula, c.right, _path_words(c))


@in_context(source_uses)
def weights_swapped_back(c: Uses) -> Drafts:
    """∂z/∂h with the weight of another source of the same units."""
    sources = c.uses[0].unit.sources
    for source in [s for s in sources[:FEW] if s != c.node]:
        formula = _other_weights(c, lambda use, source=source: c.network.weight(use.unit, source))  # type: ignore[misc]
        if formula is not None:
            edge = next(e for e in c.uses[0].unit.edges if e.source == source)
            yield Draft(formula, c.right, {"one": c.uses[0].part.formula, "two": edge.formula}, 0.5)


@in_context(source_uses)
def updated_weights_used(c: Uses) -> Drafts:
    """Σδ·v' with the weights after the update."""
    if c.network.graph.scenario.rate is not None:
        yield Draft(c.with_factor(lambda use: named(f"{_name(c.factor(use))}'")), c.right, _path_words(c))


def _name(node: Expression) -> str:
    assert isinstance(node, Name), "a unit's weight is a quantity"
    return node.name


@in_context(source_uses)
def paths_averaged(c: Uses) -> Drafts:
    """The mean of the paths for their sum."""
    if len(c.uses) > 1:
        yield Draft(scaled(Fraction(1, len(c.uses)), c.right), c.right, _path_words(c))


@in_context(source_uses)
def path_weights_missing(c: Uses) -> Drafts:
    """Σδ for Σδ·v."""
    yield Draft(c.with_factor(lambda use: ONE), c.right, _path_words(c))


@in_context(source_uses)
def output_slope_missing(c: Uses) -> Drafts:
    """Σ∂E/∂o·v for Σδ·v."""
    above: dict[int, Expression] = {}
    for use in c.uses:
        output = _output(c.network, use)
        if output is None or output == c.of or not c.network.uses(output, c.of):
            return
        above[id(use)] = c.network.derivative(c.of, output)
    slopeless = c.summed(lambda use: times(above[id(use)], c.factor(use)))
    yield Draft(slopeless, c.right, _path_words(c))


def _output(network: Network, use: Use) -> int | None:
    """The unit's activation, or its output under a softmax."""
    found = network.activated(use.unit)
    if found is not None:
        return found
    outputs = (network.softmax(user) for user in network.graph.users.get(use.unit.node, ()))
    return next((s.node for s in outputs if s is not None and s.own == use.unit.node), None)


@in_context(source_uses)
def paths_subtracted(c: Uses) -> Drafts:
    """δ₁·v₁ − δ₂·v₂ for the sum."""
    if len(c.uses) > 1:
        signed = [(1 if i == 0 else -1, times(use.delta, c.factor(use))) for i, use in enumerate(c.uses)]
        yield Draft(total(signed), c.right, _path_words(c))


@in_context(source_uses)
def activation_for_weight(c: Uses) -> Drafts:
    """Σδ·h for Σδ·v."""
    yield Draft(c.with_factor(lambda use: c.name), c.right, _path_words(c))


# ---------------------------------------------------------------- samples
def batch_gradient_summed(network: Network, subject: Subject) -> Drafts:
    """The sum over samples for the mean."""
    if not isinstance(subject, Gradient):
        return
    loss = network.loss(subject.of)
    if loss is None or loss.terms or len(loss.parts) < 2:
        return
    graph = network.graph
    parts = [(factor, graph.id(name)) for factor, name in loss.parts]
    if None in {graph.block_of(part).sample for _, part in parts} or any(f * len(parts) != 1 for f, _ in parts):
        return
    pieces = [Derivative(graph.name(p), graph.name(subject.by)) for _, p in parts if graph.reaches(subject.by, p)]
    if pieces:
        count = number(len(parts))
        yield Draft(plus(*pieces), over(plus(*pieces), count), {"number": count, "loss": graph.name(subject.of)})
