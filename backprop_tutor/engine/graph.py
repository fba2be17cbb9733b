"""A network as scalar nodes, grouped by level and template; `build` makes it from a scenario.

A node is one named scalar with one formula; an edge is one local derivative. A weight used twice is one node with two
outgoing edges. Nodes are numbered so that every quantity's elements, and every group's results, are consecutive. Arrays
cost index arrays, not Python objects: names and written-out formulas are made when somebody asks for them.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import Problem, RequestError, did_you_mean
from ..formulas.ascii_names import AsciiNames
from ..formulas.expression import (
    Expression,
    names_in,
)
from ..formulas.notation import element_indices, element_name
from ..scenario.loading import Quantity, Scenario
from ..values import Struct, field
from .cuts import Cut, Uses, cuts_of, uses_of
from .lift import Indices, shape_text
from .plan import Plan, distinct, plans_of
from .tape import Tape, tape_of
from .template import Tree
from .unroll import Unroller, of_single_numbers
from .update_rule import Memory, UpdateRule, Worked, rule_of
from .written_out import CustomFunction, expanded, recognised

FEW_NAMES = 5  # told where nothing resembles a name

Kind: TypeAlias = Literal["input", "parameter", "target", "computed"]


class Block(Struct, frozen=True):
    """One quantity: a scalar or an array of nodes `start` .. `start + size - 1`, in row-major order."""

    name: str
    kind: Kind
    shape: tuple[int, ...]
    start: int
    pattern: str | None = None  # the document's names of the elements
    sample: int | None = None  # counted from 1
    formula: Expression | None = None  # as the author wrote it; None for a leaf
    constant: bool = False  # given, and nothing is differentiated by it
    given: bool = False  # an objective that stands for given upstream gradients, not the author's
    part_of: str = ""  # the equation whose intermediate result this is; empty for a quantity of the author's own

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def role(self) -> str:
        """What it is to the reader: its kind, or a constant."""
        return "constant" if self.constant else self.kind

    def node_at(self, index: tuple[int, ...]) -> int | None:
        """The node of the element at this index, counted from 1; None where there is none."""
        if len(index) != len(self.shape) or not all(1 <= i <= n for i, n in zip(index, self.shape, strict=True)):
            return None
        return self.start + int(np.ravel_multi_index([i - 1 for i in index], self.shape))


class NodeGroup(Struct, frozen=True):
    """m nodes `start` .. `start + m - 1` of one level that share a template; `slots` are their operands."""

    tree: Tree
    slots: tuple[Indices, ...]  # each (m, *reduction axes)
    picks: frozenset[int]  # slots that hold positions, not nodes
    start: int
    rows: int
    level: int

    @property
    def out(self) -> slice:
        return slice(self.start, self.start + self.rows)


class Node(Struct, frozen=True):
    """One scalar quantity, as people see it."""

    id: int
    name: str
    kind: Kind
    formula: Expression | None  # in scalar names, as the author wrote it
    expanded: Expression | None  # the same with every function of the scenario's own written out
    operands: tuple[int, ...]  # in reading order, each once
    block: Block

    def __repr__(self) -> str:
        return f"Node(id={self.id}, name={self.name!r}, kind={self.kind!r})"


class Graph(Struct, frozen=True, dict=True):
    """The checked network: blocks in the document's order, groups in the order of calculation."""

    scenario: Scenario
    blocks: Mapping[str, Block]
    groups: tuple[NodeGroup, ...]
    custom: Mapping[str, CustomFunction]
    size: int
    loss: int
    levels: NDArray[np.int32]
    step: int = 1  # the update step that comes next, from 1
    memory: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # what its rule remembers of those before

    # ------------------------------------------------------------------ names
    @cached_property
    def _starts(self) -> tuple[list[int], list[Block]]:
        ordered = sorted(self.blocks.values(), key=lambda block: block.start)
        return [block.start for block in ordered], ordered

    def block_of(self, node: int) -> Block:
        """The quantity that a node belongs to."""
        starts, ordered = self._starts
        return ordered[bisect_right(starts, node) - 1]

    def name(self, node: int) -> str:
        """The node's name in the document's notation."""
        block = self.block_of(node)
        if not block.shape:
            return block.name
        index = np.unravel_index(node - block.start, block.shape)
        return element_name(block.name, block.pattern, tuple(int(i) + 1 for i in index))

    @cached_property
    def ascii_names(self) -> AsciiNames:
        """How the names are spelt where a screen has ASCII only."""
        return self.scenario.ascii_names

    def find(self, name: str) -> int | None:
        """The node of this exact name, or of its spelling in ASCII; None where there is none."""
        found = self._find(name)
        if found is None and name.isascii() and (original := self.ascii_names.original(name)) is not None:
            return self._find(original)
        return found

    def _find(self, name: str) -> int | None:
        block = self.blocks.get(name)
        if block is not None:
            return block.start if not block.shape else None
        if match := re.fullmatch(r"(.+)\[([0-9]{1,9}(?:,\s*[0-9]{1,9})*)\]", name):
            block = self.blocks.get(match[1])
            if block is not None:
                return block.node_at(tuple(map(int, match[2].split(","))))
        own, mark, sample = name.partition("#")
        for array, pattern in self.scenario.elements.items():
            block = self.blocks.get(array + mark + sample)
            if block is not None:
                for index in element_indices(pattern, own):
                    if (found := block.node_at(index)) is not None:
                        return found
        return None

    def id(self, name: str) -> int:
        """The node of this name; RequestError with a suggestion where there is none."""
        found = self.find(name)
        if found is None:
            block = self.blocks.get(name)
            if block is not None:
                raise RequestError(
                    Problem(
                        f"'{name}' is an array of {shape_text(block.shape)} elements",
                        help=f"name one element, for example {self.name(block.start)}",
                    )
                )
            names = self.some_names()
            few = ", ".join(names[:FEW_NAMES])
            help = did_you_mean(name, names) or f"name one of {few}{' and so on' if len(names) > FEW_NAMES else ''}"
            raise RequestError(Problem(f"this scenario has no quantity called '{name}'", help=help))
        return found

    def some_names(self, limit: int = 2000) -> list[str]:
        """Every scalar's and element's name in the document's order, at most `limit` of an array."""
        return [
            self.name(node)
            for block in self.blocks.values()
            for node in range(block.start, block.start + min(block.size, limit))
        ]

    # ------------------------------------------------------------------ nodes
    @cached_property
    def arrays(self) -> Mapping[str, Indices]:
        """The node numbers of every quantity, in its shape."""
        return {
            block.name: np.arange(block.start, block.start + block.size).reshape(block.shape)
            for block in self.blocks.values()
        }

    @cached_property
    def unroller(self) -> Unroller:
        return Unroller(self.arrays, self.custom, self.name)

    @cached_property
    def _nodes(self) -> dict[int, Node]:
        return {}

    def node(self, node: int) -> Node:
        """A node with its formula written out; made once."""
        known = self._nodes.get(node)
        if known is None:
            known = self._nodes[node] = self._made(node)
        return known

    def _made(self, node: int) -> Node:
        block = self.block_of(node)
        if block.formula is None:
            return Node(node, self.name(node), block.kind, None, None, (), block)
        index = tuple(int(i) for i in np.unravel_index(node - block.start, block.shape)) if block.shape else ()
        formula = self.unroller.element(block.formula, index)
        full = of_single_numbers(recognised(expanded(formula, self.custom, limited=False)))
        operands = tuple(dict.fromkeys(self.id(name) for name in names_in(full)))
        return Node(node, self.name(node), block.kind, formula, full, operands, block)

    def node_formula(self, node: int) -> Expression:
        """A computed node's formula with all functions of the scenario's own written out."""
        formula = self.node(node).expanded
        assert formula is not None, "a leaf has no formula"
        return formula

    @cached_property
    def _descendants(self) -> dict[int, frozenset[int]]:
        return {}

    def reaches(self, start: int, end: int) -> bool:
        """Does `end` depend on `start` (or is it the same node)?"""
        after = self._descendants.get(start)
        if after is None:
            seen = {start}
            stack = [start]
            while stack:
                for user in self.users.get(stack.pop(), ()):
                    if user not in seen:
                        seen.add(user)
                        stack.append(user)
            after = self._descendants[start] = frozenset(seen)
        return end in after

    def direct_only(self, result: int, operand: int) -> bool:
        """Does the result depend on the operand by its own formula alone?"""
        users = self.users.get(operand, ())
        return result in users and not any(user != result and self.reaches(user, result) for user in users)

    def two_slopes(self, result: int, operand: int) -> bool:
        """Is d(result)/d(operand) one number by the result's own formula and another over all paths?

        Of the loss only the one over all paths is meant.
        """
        used = result in self.users.get(operand, ())
        return used and result != self.loss and not self.direct_only(result, operand)

    def order(self) -> Iterator[int]:
        """Every node in the document's order: leaves as declared, then the equations as written."""
        for block in self.blocks.values():
            yield from range(block.start, block.start + block.size)

    def nodes_of(self, *kinds: Kind) -> list[int]:
        """The nodes of these kinds, in the document's order."""
        return [
            node
            for block in self.blocks.values()
            if block.kind in kinds
            for node in range(block.start, block.start + block.size)
        ]

    def sources(self, inputs: bool = False) -> list[int]:
        """What the loss is differentiated by: the parameters; and inputs, on request or where there are none."""
        kinds = ("parameter", "input") if inputs or not self.nodes_of("parameter") else ("parameter",)
        blocks = [block for block in self.blocks.values() if block.kind in kinds and not block.constant]
        return [node for block in blocks for node in range(block.start, block.start + block.size)]

    def group_of(self, node: int) -> tuple[NodeGroup, int] | None:
        """The group that calculates a node, and the node's row in it; None for a leaf."""
        starts = self._group_starts
        at = int(np.searchsorted(starts, node, side="right")) - 1
        if at < 0 or node >= self.groups[at].start + self.groups[at].rows:
            return None
        return self.groups[at], node - self.groups[at].start

    @cached_property
    def _group_starts(self) -> NDArray[np.int64]:
        return np.array([group.start for group in self.groups], dtype=np.int64)

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """How each group is executed; made once."""
        return plans_of(self.groups, self.groups[0].start if self.groups else self.size)

    @cached_property
    def tape(self) -> Tape | None:
        """A small graph as operations on single numbers; None where its plans are the faster way."""
        return tape_of(self.groups, self.size)

    @cached_property
    def cuts(self) -> tuple[Cut, ...]:
        """Every group cut at its sums, for finite differences; made once."""
        return cuts_of(self.groups, self.levels)

    @cached_property
    def uses(self) -> Uses:
        """Every place where a node stands as an operand."""
        return uses_of(self.groups, self.size)

    def groups_at(self, nodes: Indices) -> Indices:
        """The number of each node's group; -1 for a leaf."""
        return np.searchsorted(self._group_starts, nodes, side="right") - 1

    @cached_property
    def edges(self) -> tuple[Indices, Indices]:
        """All edges (result, operand), each pair once, sorted by result and then by operand."""
        pairs = []
        for group in self.groups:
            results = np.arange(group.start, group.start + group.rows)
            for number_, slot in enumerate(group.slots):
                if number_ not in group.picks:
                    spread = np.broadcast_to(results.reshape(-1, *(1,) * (slot.ndim - 1)), slot.shape)
                    pairs.append(spread.ravel() * np.int64(self.size) + slot.ravel())
        keys = distinct(np.concatenate(pairs)) if pairs else np.empty(0, np.int64)
        return keys // self.size, keys % self.size

    @cached_property
    def users(self) -> Users:
        """For every operand the nodes that use it directly."""
        return Users(*self.edges, self.size)

    @cached_property
    def rule(self) -> UpdateRule | None:
        """How a parameter is taken a step on; None where the scenario has neither a rate nor a rule."""
        return rule_of(self.scenario, self.custom)

    @cached_property
    def parameter_rows(self) -> Mapping[int, int]:
        """The place of every parameter among all."""
        return {node: row for row, node in enumerate(self.nodes_of("parameter"))}

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """The learning rate of every parameter."""
        own, common = self.scenario.rates, self.scenario.rate
        names = [self.block_of(node).name for node in self.nodes_of("parameter")]
        return np.array([own[name].value if name in own else np.nan if common is None else common for name in names])

    @cached_property
    def frozen(self) -> NDArray[np.bool_]:
        """Which of the parameters no step changes."""
        return np.array([self.block_of(node).name in self.scenario.frozen for node in self.nodes_of("parameter")], bool)

    def worked(
        self, number: int, values: NDArray[np.float64], adjoints: NDArray[np.float64], memory: Memory = None
    ) -> Worked:
        """Step `number` (from 1) of the rule for all parameters; `memory` is that of the step before."""
        assert self.rule is not None
        nodes = self.nodes_of("parameter")
        return self.rule.work(number, values[nodes], adjoints[nodes], memory, self.rates, self.frozen)

    @property
    def symbolic(self) -> bool:
        """Does any leaf lack a number?"""
        return any(np.isnan(np.asarray(q.values, dtype=float)).any() for q in self._quantities.values())

    def leaf_values(self) -> NDArray[np.float64]:
        """The numbers of all leaves at their places in a vector of all nodes (NaN elsewhere and where unknown)."""
        out = np.full(self.size, np.nan)
        for name, quantity in self._quantities.items():
            block = self.blocks[name]
            out[block.start : block.start + block.size] = np.asarray(quantity.values, dtype=float).ravel()
        return out

    def typed(self, node: int) -> str | None:
        """A leaf's number as its author typed it ('0.20'), or None."""
        block = self.block_of(node)
        quantity = self._quantities.get(block.name)
        if quantity is None or quantity.texts is None:
            return None
        return quantity.texts[node - block.start]

    def assumed(self, node: int) -> str | None:
        """Why a leaf's value is assumed, where the document does not state it."""
        quantity = self._quantities.get(self.block_of(node).name)
        return quantity.assumed if quantity else None

    @cached_property
    def _quantities(self) -> Mapping[str, Quantity]:
        return leaf_quantities(self.scenario)


class Users(Mapping[int, tuple[int, ...]]):
    """The direct users of every node that has any: arrays, and a tuple for who is asked about."""

    def __init__(self, results: Indices, operands: Indices, size: int) -> None:
        order = np.argsort(operands, kind="stable")
        self._results = results[order]
        self._first = np.searchsorted(operands[order], np.arange(size + 1))
        self._known: dict[int, tuple[int, ...]] = {}

    def __getitem__(self, node: int) -> tuple[int, ...]:
        found = self._known.get(node)
        if found is None:
            if not 0 <= node < len(self._first) - 1:
                raise KeyError(node)
            first, last = self._first[node : node + 2].tolist()
            found = self._known[node] = tuple(self._results[first:last].tolist())
        if not found:
            raise KeyError(node)
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(np.nonzero(np.diff(self._first))[0].tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(np.diff(self._first)))


def leaf_quantities(scenario: Scenario) -> dict[str, Quantity]:
    """Every leaf by its name in the graph: a quantity given per sample has one leaf `x#2` a sample."""
    per_sample = {name for sample in scenario.samples for name in sample.values}
    found: dict[str, Quantity] = {}
    for quantity in scenario.quantities:
        if quantity.name not in per_sample:
            found[quantity.name] = quantity
            continue
        for count, sample in enumerate(scenario.samples, 1):
            found[f"{quantity.name}#{count}"] = sample.values.get(quantity.name, quantity)
    return found


def ancestors(graph: Graph, node: int) -> NDArray[np.bool_]:
    """Which nodes the given node depends on (itself included)."""
    needed = np.zeros(graph.size, bool)
    needed[node] = True
    for group in reversed(graph.groups):
        rows = np.nonzero(needed[group.out])[0]
        if len(rows):
            for i, slot in enumerate(group.slots):
                if i not in group.picks:
                    needed[slot[rows].ravel()] = True
    return needed


def descendants(graph: Graph, *nodes: int) -> NDArray[np.bool_]:
    """Which nodes depend on the given ones (themselves included)."""
    touched = np.zeros(graph.size, bool)
    touched[list(nodes)] = True
    for group in graph.groups:
        for i, slot in enumerate(group.slots):
            if i not in group.picks:
                touched[group.out] |= touched[slot].reshape(group.rows, -1).any(1)
    return touched
