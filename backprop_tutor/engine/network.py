"""What the nodes of a graph are to each other: units with their weights, activations, softmax outputs, losses.

Everything is found by structure, not by names, so it holds for any scenario, scalar or unrolled from arrays. A *unit*
is a node with a sum of weight·source products and biases; its *activation* is a function of that sum alone (or both
are one node: `sigmoid(w*x + b)`). A weight or a bias is a parameter. Nothing is analysed before somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..formulas.algebra import ONE, call, minus, monomials, named, plus, scaled, signed_terms, slope, square, times
from ..formulas.expression import Call, Derivative, Expression, Name, names_in, ungrouped
from ..formulas.functions import Primitive, table
from ..values import Struct, replace
from .graph import Graph
from .loss_terms import Loss, LossTerm, bare_name, recognise, softmax_parts

NEIGHBOURS = 16  # how many units of one layer are looked at
MAX_TERMS = 80  # of a loss written out


class Edge(Struct, frozen=True):
    """One term weight·source of a unit's sum, as it is written."""

    sign: int
    formula: Expression
    weight: int
    source: int


class Bias(Struct, frozen=True):
    """One parameter that a unit's sum adds."""

    sign: int
    formula: Expression
    node: int


class Offset(Struct, frozen=True):
    """One plain number that a unit's sum adds."""

    sign: int
    formula: Expression


Part: TypeAlias = Edge | Bias | Offset


class Unit(Struct, frozen=True):
    """A node with a weighted sum; `function` is what it applies to the sum itself, empty for a bare sum."""

    node: int
    parts: tuple[Part, ...]
    function: str = ""

    @property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(part for part in self.parts if isinstance(part, Edge))

    @property
    def biases(self) -> tuple[Bias, ...]:
        return tuple(part for part in self.parts if isinstance(part, Bias))

    @property
    def sources(self) -> tuple[int, ...]:
        return tuple(edge.source for edge in self.edges)

    @property
    def weights(self) -> tuple[int, ...]:
        return tuple(edge.weight for edge in self.edges)


class Activation(Struct, frozen=True):
    """node = function(argument); `argument` is None where a unit applies the function to its own sum."""

    node: int
    function: str  # empty for a formula that is no function of the table
    argument: int | None
    formula: Expression  # of the argument: a name, or the sum


class Softmax(Struct, frozen=True):
    """One output of a softmax: its own logit, all logits, and the outputs of all of them (None where there is none)."""

    node: int
    own: int
    logits: tuple[int, ...]


class Network:
    """The structure of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._names: dict[int, Name] = {}
        self._locals: dict[tuple[int, int, bool], Expression] = {}
        self._units: dict[int, Unit | None] = {}
        self._activations: dict[int, Activation | None] = {}
        self._softmaxes: dict[int, Softmax | None] = {}
        self._losses: dict[int, Loss | None] = {}
        self._hidden: dict[int, bool] = {}
        self._layers: dict[int, tuple[Unit, ...]] = {}
        self.memo: dict[object, object] = {}  # what others work out about this network, kept as long as it lives

    # ------------------------------------------------------------------ names and formulas
    def name(self, node: int) -> Name:
        """The node as a piece of a formula."""
        if node not in self._names:
            self._names[node] = named(self.graph.name(node))
        return self._names[node]

    def formula(self, node: int) -> Expression | None:
        """The node's formula with the scenario's own functions written out; None for a leaf."""
        return None if self.graph.block_of(node).formula is None else self.graph.node_formula(node)

    def derivative(self, of: int, by: int) -> Expression:
        """∂of/∂by by its name; 1 for a quantity by itself."""
        return ONE if of == by else Derivative(self.name(of).name, self.name(by).name)

    def is_parameter(self, node: int) -> bool:
        return self.graph.block_of(node).kind == "parameter"

    def is_zero(self, node: int) -> bool:
        """Is it a leaf whose number is 0?"""
        return bool(self._leaves[node] == 0.0)

    @cached_property
    def _leaves(self) -> NDArray[np.float64]:
        return self.graph.leaf_values()

    def uses(self, node: int, of: int) -> tuple[int, ...]:
        """The direct users of a node on a way to `of`, in the document's order."""
        users = [user for user in self.graph.users.get(node, ()) if user == of or self.graph.reaches(user, of)]
        return tuple(sorted(users, key=self._place.__getitem__)) if len(users) > 1 else tuple(users)

    @cached_property
    def _place(self) -> dict[int, int]:
        return {node: i for i, node in enumerate(self.graph.order())}

    # ------------------------------------------------------------------ units
    def unit(self, node: int) -> Unit | None:
        """The node as a unit, or None."""
        if node not in self._units:
            self._units[node] = self._find_unit(node)
        return self._units[node]

    def _find_unit(self, node: int) -> Unit | None:
        formula = self.formula(node)
        if formula is None:
            return None
        whole = ungrouped(formula)
        function = ""
        if isinstance(whole, Call) and _primitive(whole) and bare_name(whole.arguments[0]) is None:
            function, whole = whole.function, ungrouped(whole.arguments[0])
        parts = [self._part(sign, term) for sign, term in signed_terms(whole)]
        found = tuple(part for part in parts if part is not None)
        if len(found) < len(parts) or not any(isinstance(part, Edge) for part in found):
            return None
        return Unit(node, found, function)

    def _part(self, sign: int, term: Expression) -> Part | None:
        match monomials(term):
            case [] | [(_, ())]:
                return Offset(sign, term)
            case [(coefficient, factors)] if coefficient == 1 and all(isinstance(f, Name) for f in factors):
                nodes = [self.graph.id(name) for name in names_in(term)]
            case _:
                return None
        parameters = [node for node in nodes if self.is_parameter(node)]
        if len(factors) == len(nodes) == 1 and parameters:
            return Bias(sign, term, nodes[0])
        if len(factors) == len(nodes) == 2 and parameters:
            weight = parameters[0]
            return Edge(sign, term, weight, nodes[1] if nodes[0] == weight else nodes[0])
        return None

    def layer(self, unit: Unit) -> tuple[Unit, ...]:
        """The units that share a source with this one at the same level (and sample), itself among them."""
        if unit.node not in self._layers:
            sources = set(unit.sources)
            found = [
                other
                for node in self._neighbours(unit.node)
                if (other := self.unit(node)) is not None and (node == unit.node or sources & set(other.sources))
            ]
            for other in found:
                self._layers[other.node] = tuple(found)
        return self._layers[unit.node]

    def _neighbours(self, node: int) -> list[int]:
        """Nodes of the same level and sample, in the document's order; of a wide layer some before and after."""
        graph = self.graph
        block = graph.block_of(node)
        if block.shape:
            nodes = list(range(block.start, block.start + block.size))
        else:
            same = np.nonzero(graph.levels == graph.levels[node])[0].tolist()[: 8 * NEIGHBOURS]
            blocks = [(other, graph.block_of(other)) for other in same]
            nodes = [n for n, b in blocks if n == node or (not b.shape and b.sample == block.sample)]
            nodes = sorted(nodes, key=self._place.__getitem__)
        at = max(0, nodes.index(node) - NEIGHBOURS // 2)
        return nodes[at : at + NEIGHBOURS]

    def others(self, unit: Unit) -> tuple[Unit, ...]:
        """The other units of the layer."""
        return tuple(other for other in self.layer(unit) if other.node != unit.node)

    def weight(self, unit: Unit, source: int) -> int | None:
        """The weight from a source into a unit."""
        return next((edge.weight for edge in unit.edges if edge.source == source), None)

    def transposed(self, unit: Unit, source: int) -> int | None:
        """The weight with its two indices swapped: from the source numbered like the unit to the unit numbered like
        the source; None where there is none."""
        units = self.layer(unit)
        if len(units) == NEIGHBOURS:
            return None  # only a part of the layer was looked at
        i, j = [u.node for u in units].index(unit.node), unit.sources.index(source)
        if j >= len(units) or i >= len(unit.sources):
            return None
        return self.weight(units[j], unit.sources[i])

    # ------------------------------------------------------------------ activations
    def activation(self, node: int) -> Activation | None:
        """The node as a function of one unit's sum (or of any one quantity, by a function of the table), or None."""
        if node not in self._activations:
            self._activations[node] = self._find_activation(node)
        return self._activations[node]

    def _find_activation(self, node: int) -> Activation | None:
        formula = self.formula(node)
        if formula is None:
            return None
        whole = ungrouped(formula)
        unit = self.unit(node)
        if unit is not None:
            inner = whole.arguments[0] if isinstance(whole, Call) else whole
            return Activation(node, unit.function, None, ungrouped(inner)) if unit.function else None
        names = names_in(whole)
        if len(names) != 1:
            return None
        argument = self.graph.id(names[0])
        if isinstance(whole, Call) and _primitive(whole) and bare_name(whole.arguments[0]) is not None:
            return Activation(node, whole.function, argument, self.name(argument))
        if self.unit(argument) is not None and self.loss(node) is None:
            return Activation(node, "", argument, self.name(argument))
        return None

    def activated(self, unit: Unit) -> int | None:
        """The node of the unit's activation: itself where it applies the function, else its one user that does."""
        if unit.function:
            return unit.node
        for user in self.graph.users.get(unit.node, ()):
            found = self.activation(user)
            if found is not None and found.argument == unit.node:
                return user
        return None

    def is_hidden(self, node: int) -> bool:
        """Does a unit further on take this node's value in?"""
        if node not in self._hidden:
            self._hidden[node] = False
            users = self.graph.users.get(node, ())
            units = (self.unit(user) for user in users)
            self._hidden[node] = any(unit is not None and node in unit.sources for unit in units) or any(
                self.is_hidden(user) for user in users
            )
        return self._hidden[node]

    def slope(self, activation: Activation) -> Expression:
        """∂a/∂z as people write it: a·(1 − a), 1 − a², f'(z)."""
        a = self.name(activation.node)
        if activation.function == "sigmoid":
            return times(a, minus(ONE, a))
        if activation.function == "tanh":
            return minus(ONE, square(a))
        if activation.function:
            return call(activation.function, activation.formula, primes=1)
        assert activation.argument is not None, "only a function of the table is applied to a sum"
        return self.linear_slope(activation.node, activation.argument) or self.derivative(
            activation.node, activation.argument
        )

    # ------------------------------------------------------------------ softmax
    def softmax(self, node: int) -> Softmax | None:
        """The node as one output of a softmax over named logits, or None."""
        if node not in self._softmaxes:
            formula = self.formula(node)
            parts = None if formula is None else softmax_parts(formula)
            found = None
            if parts is not None:
                found = Softmax(node, self.graph.id(parts[0]), tuple(self.graph.id(z) for z in parts[1]))
            self._softmaxes[node] = found
        return self._softmaxes[node]

    def softmax_outputs(self, softmax: Softmax) -> dict[int, int]:
        """The output of each logit."""
        users = self.graph.users.get(softmax.own, ())
        others = [found for user in users if (found := self.softmax(user)) is not None]
        return {other.own: other.node for other in others if other.logits == softmax.logits}

    # ------------------------------------------------------------------ losses
    def loss(self, node: int) -> Loss | None:
        """The node as a loss, or None."""
        if node not in self._losses:
            self._losses[node] = None
            formula = self.formula(node)
            if formula is not None and self.unit(node) is None:
                self._losses[node] = recognise(formula, self._is_target, self._is_loss)
        return self._losses[node]

    def _is_target(self, name: str) -> bool:
        return self.graph.block_of(self.graph.id(name)).kind in ("target", "input")

    def _is_loss(self, name: str) -> bool:
        return self.loss(self.graph.id(name)) is not None

    def loss_terms(self, node: int) -> tuple[LossTerm, ...]:
        """A loss with the losses that it adds up written out; empty where it is none or too long."""
        loss = self.loss(node)
        if loss is None:
            return ()
        found = list(loss.terms)
        for factor, part in loss.parts:
            inner = self.loss_terms(self.graph.id(part))
            found += [replace(term, coefficient=factor * term.coefficient) for term in inner]
        return tuple(found) if len(found) <= MAX_TERMS else ()

    def share(self, of: int, part: int) -> Expression | None:
        """The number before a loss in the loss that adds it up, 1 or 1/N; None for any other two nodes."""
        loss = self.loss(of)
        found = [factor for factor, name in loss.parts if name == self.name(part).name] if loss is not None else []
        return scaled(found[0], ONE) if len(found) == 1 and self.uses(part, of) == (of,) else None

    # ------------------------------------------------------------------ local derivatives as people write them
    def local(self, result: int, operand: int, reverse: bool = False) -> Expression:
        """∂result/∂operand written out where its form is known, else by its name.

        `reverse` writes the squared error's slope as −(t − o).
        """
        key = (result, operand, reverse)
        if key not in self._locals:
            self._locals[key] = self._local(result, operand, reverse)
        return self._locals[key]

    def _local(self, result: int, operand: int, reverse: bool) -> Expression:
        activation = self.activation(result)
        if activation is not None and operand == activation.argument:
            return self.slope(activation)
        softmax = self.softmax(result)
        if softmax is not None and operand in softmax.logits:
            return self.softmax_slope(softmax, operand)
        unit = self.unit(result)
        if unit is not None and activation is not None:
            return times(self.slope(activation), plus(*self.unit_slopes(unit, operand)))
        loss = self.loss(result)
        if loss is not None:
            name = self.graph.name(operand)
            shares = [term.slope(reverse) for term in loss.terms if term.output == name]
            shares += [scaled(factor, ONE) for factor, part in loss.parts if part == name]
            if shares:
                return plus(*shares)
        return (
            self.linear_slope(result, operand)
            or self._partial_slope(result, operand)
            or self.derivative(result, operand)
        )

    def _partial_slope(self, result: int, operand: int) -> Expression | None:
        """∂result/∂operand by the result's own formula, where the name of the derivative would mean all paths."""
        formula = self.formula(result)
        if formula is None or self.graph.direct_only(result, operand):
            return None
        return slope(formula, self.name(operand).name)

    def unit_slopes(self, unit: Unit, operand: int) -> list[Expression]:
        """∂sum/∂operand, one piece for each place where the operand stands."""
        found: list[Expression] = []
        for part in unit.parts:
            sign = Fraction(part.sign)
            if isinstance(part, Edge):
                pair = ((part.weight, part.source), (part.source, part.weight))
                found += [scaled(sign, self.name(other)) for mine, other in pair if mine == operand]
            elif isinstance(part, Bias) and part.node == operand:
                found.append(scaled(sign, ONE))
        return found

    def softmax_slope(self, softmax: Softmax, by: int) -> Expression:
        """p·(1 − p) by its own logit, −p_k·p_i by another's."""
        p = self.name(softmax.node)
        if by == softmax.own:
            return times(p, minus(ONE, p))
        other = self.softmax_outputs(softmax).get(by)
        if other is None:
            return self.derivative(softmax.node, by)
        return scaled(Fraction(-1), times(p, self.name(other)))

    def linear_slope(self, result: int, operand: int) -> Expression | None:
        """∂result/∂operand of a formula that is linear in the operand; None for any other."""
        formula = self.formula(result)
        if formula is None:
            return None
        name = self.name(operand)
        found: list[Expression] = []
        for coefficient, factors in monomials(formula):
            inside = [factor for factor in factors if name.name in names_in(factor)]
            if not inside:
                continue
            if inside != [name]:
                return None
            rest = [factor for factor in factors if factor != name]
            found.append(scaled(coefficient, times(*rest)))
        return plus(*found) if found else None

    def paths(self, of: int, by: int, limit: int = 8) -> list[tuple[int, ...]]:
        """The chains of nodes from `by` up to `of`; empty when there are more than `limit`."""
        found: list[tuple[int, ...]] = []
        for path in self._paths(of, (by,)):
            found.append(path)
            if len(found) > limit:
                return []
        return found

    def _paths(self, of: int, start: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if start[-1] == of:
            yield start
            return
        for user in self.uses(start[-1], of):
            yield from self._paths(of, (*start, user))


def _primitive(node: Call) -> bool:
    row = table().get(node.function)
    return isinstance(row, Primitive) and row.name in ACTIVATIONS and not node.primes and len(node.arguments) == 1


ACTIVATIONS = frozenset(
    ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "sin", "cos", "exp", "erf", "step")
)
