"""A scenario's equations, checked and unrolled into scalar nodes, grouped by level and template.

A node is one named scalar with one formula; an edge is one local derivative. A weight used twice is one node with two
outgoing edges. Nodes are numbered so that every quantity's elements, and every group's results, are consecutive. Arrays
cost index arrays, not Python objects: names and written-out formulas are made when somebody asks for them.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import FormulaError, Problem, RequestError, ScenarioError, Where, did_you_mean
from ..formulas import functions as table
from ..formulas.expression import (
    Call,
    Element,
    Expression,
    Group,
    Name,
    Number,
    Product,
    Sum,
    names_in,
    number,
    transform,
    walk,
)
from ..formulas.notation import element_indices, element_name
from ..formulas.parse import Notation, parse
from ..scenario.loading import Equation, FunctionDefinition, Quantity, Scenario
from ..scenario.types import MAX_HINTS, in_order
from .cuts import Cut, Uses, cuts_of, uses_of
from .lift import MAX_TERMS, CustomFunction, Indices, Lifter, expanded, recognised, shape_text
from .lift import Equation as LiftedEquation
from .plan import Plan, distinct, plans_of
from .template import Tree
from .unroll import Unroller, of_single_numbers
from .update_rule import UpdateRule, read_rule, rule_of

Kind: TypeAlias = Literal["input", "parameter", "target", "computed"]
MAX_NODES = 2_000_000
MAX_FORMULAS = 10_000  # with samples written out
MAX_CIRCLE = 8  # names of a circle that are told
MAX_SUGGESTED = 200  # elements of an array that a misspelling is compared with
MAX_LISTED = 20_000  # elements of an array whose names are compared one by one


@dataclass(frozen=True, slots=True)
class Block:
    """One quantity: a scalar or an array of nodes `start` .. `start + size - 1`, in row-major order."""

    name: str
    kind: Kind
    shape: tuple[int, ...]
    start: int
    pattern: str | None = None  # the document's names of the elements
    sample: int | None = None  # counted from 1
    formula: Expression | None = None  # as the author wrote it; None for a leaf
    given: bool = False  # an objective that stands for given upstream gradients, not the author's

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def node_at(self, index: tuple[int, ...]) -> int | None:
        """The node of the element at this index, counted from 1; None where there is none."""
        if len(index) != len(self.shape) or not all(1 <= i <= n for i, n in zip(index, self.shape, strict=True)):
            return None
        return self.start + int(np.ravel_multi_index([i - 1 for i in index], self.shape))


@dataclass(frozen=True, slots=True)
class NodeGroup:
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


@dataclass(frozen=True, slots=True)
class Node:
    """One scalar quantity, as people see it."""

    id: int
    name: str
    kind: Kind
    formula: Expression | None  # in scalar names, as the author wrote it
    expanded: Expression | None  # the same with every function of the scenario's own written out
    operands: tuple[int, ...]  # in reading order, each once
    block: Block = field(repr=False)


@dataclass(frozen=True)
class Graph:
    """The checked network: blocks in the document's order, groups in the order of calculation."""

    scenario: Scenario
    blocks: Mapping[str, Block]
    groups: tuple[NodeGroup, ...]
    custom: Mapping[str, CustomFunction]
    size: int
    loss: int
    levels: NDArray[np.int32]

    # ------------------------------------------------------------------ names
    @cached_property
    def _starts(self) -> tuple[NDArray[np.int64], list[Block]]:
        ordered = sorted(self.blocks.values(), key=lambda block: block.start)
        return np.array([block.start for block in ordered]), ordered

    def block_of(self, node: int) -> Block:
        """The quantity that a node belongs to."""
        starts, ordered = self._starts
        return ordered[int(np.searchsorted(starts, node, side="right")) - 1]

    def name(self, node: int) -> str:
        """The node's name in the document's notation."""
        block = self.block_of(node)
        if not block.shape:
            return block.name
        index = np.unravel_index(node - block.start, block.shape)
        return element_name(block.name, block.pattern, tuple(int(i) + 1 for i in index))

    def find(self, name: str) -> int | None:
        """The node of this exact name, or None."""
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
            raise RequestError(
                Problem(f"this scenario has no quantity called '{name}'", help=did_you_mean(name, self.some_names()))
            )
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


# ---------------------------------------------------------------- building
class _Builder:
    """Checks a scenario's formulas and turns them into a graph; collects every problem on the way.

    `doubtful` are names whose values the reader could not read: what depends on them is not judged.
    """

    def __init__(self, scenario: Scenario, doubtful: frozenset[str] = frozenset()) -> None:
        self.scenario = scenario
        self.problems: list[Problem] = []
        names = {q.name for q in scenario.quantities} | {e.name for e in scenario.equations}
        self.known = names | doubtful
        self.functions = frozenset(table.NAMES | {f.name for f in scenario.functions} | doubtful)
        self.notation = Notation(self.functions, (names - doubtful).__contains__)
        self.custom: dict[str, CustomFunction] = {}
        self.broken = set(doubtful)
        self.leaves = leaf_quantities(scenario)
        self.blocks: dict[str, Block] = {}
        self.arrays: dict[str, Indices] = {}
        self.lifted: list[tuple[str, LiftedEquation]] = []
        self.size = 0
        self.terms = 0

    # -------------------------------------------------- problems
    def report(self, error: FormulaError, where: Where) -> None:
        problem = error.problems[0]
        place = where.shifted(error.start, error.end - error.start) if where.column else where
        self.problems.append(Problem(problem.message, place, problem.label, problem.help))

    def near(self, name: str, known: Iterable[str]) -> str:
        """The nearest known names as a hint; nothing more once there are many problems."""
        return did_you_mean(name, known) if len(self.problems) < MAX_HINTS else ""

    def names_to_suggest(self) -> list[str]:
        """Every quantity, and the elements' own names where there are not too many."""
        elements = [
            element_name(q.name, pattern, tuple(i + 1 for i in index))
            for q in self.scenario.quantities
            if q.shape and q.size <= MAX_SUGGESTED and (pattern := self.scenario.elements.get(q.name)) is not None
            for index in np.ndindex(*q.shape)
        ]
        return [*sorted(self.known), *elements]

    # -------------------------------------------------- functions and equations
    def read_functions(self) -> None:
        own = {definition.name for definition in self.scenario.functions}
        for definition in self.scenario.functions:
            # a function sees its own variables only: an e is a number to it, whatever the scenario calls e
            notation = Notation(self.functions, frozenset(definition.parameters).__contains__)
            body = self.read(definition.body, definition, notation)
            if body is None:
                continue
            before = len(self.problems)
            for part in walk(body):
                if isinstance(part, Element):
                    error = FormulaError("a function's variable has no elements", *part.span, "no index here")
                    self.report(error, definition.where)
                elif isinstance(part, Name) and part.name not in definition.parameters:
                    error = FormulaError(
                        f"'{part.name}' is not a parameter of '{definition.name}'", *part.span, "not known",
                        self.near(part.name, definition.parameters) or "a function sees only its own parameters",
                    )  # fmt: skip
                    self.report(error, definition.where)
            later = next((p for p in _calls(body) if p.function in own - self.custom.keys() - self.broken), None)
            if later is not None:
                error = FormulaError(
                    f"'{definition.name}' calls '{later.function}', which is not defined before it", *later.span,
                    "not known yet", "define it first; a function can't call itself",
                )  # fmt: skip
                self.report(error, definition.where)
            elif not any(part.function in self.broken for part in _calls(body)):
                try:
                    whole = expanded(body, self.custom)
                    self.custom[definition.name] = CustomFunction(definition.name, definition.parameters, whole)
                except FormulaError as error:
                    self.report(error, definition.where)
            if len(self.problems) > before or definition.name not in self.custom:
                self.broken.add(definition.name)

    def read(self, text: str, owner: FunctionDefinition | Equation, notation: Notation) -> Expression | None:
        """The formula; None after a report, and what it defines is then broken."""
        try:
            return parse(text, notation)
        except FormulaError as error:
            self.report(error, owner.where)
            self.broken.add(owner.name)
            return None

    def read_equations(self) -> dict[str, tuple[Expression, Equation]]:
        found: dict[str, tuple[Expression, Equation]] = {}
        for equation in self.scenario.equations:
            body = self.read(equation.text, equation, self.notation)
            if body is None:
                continue
            if any(part.function in self.broken for part in _calls(body)):
                self.broken.add(equation.name)  # its function has been reported
                continue
            body = transform(body, lambda part: self.element(part) if isinstance(part, Name) else part)
            unknown = [p for p in walk(body) if isinstance(p, (Name, Element)) and p.name not in self.known]
            for part in unknown:
                help = self.unknown_name(part.name)
                error = FormulaError(f"nothing is called '{part.name}'", *part.span, "not known", help)
                self.report(error, equation.where)
            if unknown:
                self.broken.add(equation.name)
                continue
            try:
                expanded(body, self.custom)
            except FormulaError as error:
                self.report(error, equation.where)
                self.broken.add(equation.name)
            else:
                found[equation.name] = (body, equation)
        return found

    def unknown_name(self, name: str) -> str:
        """What to do about a name that nothing has."""
        if name == "e":
            return "for the exponential function write e^x or exp(x)"
        if name in self.functions:
            return f"it is a function: write {name}(...)"
        close = self.near(name, self.names_to_suggest())
        return close or "declare it under [inputs], [parameters], [targets] or [equations]"

    def element(self, part: Name) -> Expression:
        """A document's name of an element (`w_213`) as that element; any other name as it is.

        `w_{i}{j}` names both [1,11] and [11,1] `w_111`: the array's shape decides, which for a computed array is known
        only when its equation has been unrolled; until then the first reading stands.
        """
        if part.name not in self.known:
            for array, pattern in self.scenario.elements.items():
                index = self.fitting(array, pattern, part.name)
                if index is not None:
                    return Element(array, index, part.span, part.name)
        return part

    def fitting(self, array: str, pattern: str, name: str) -> tuple[int, ...] | None:
        """The index of the element of this name: one that the array has, where its shape is known already."""
        readings = list(element_indices(pattern, name))
        known = next((self.blocks[n] for n in (array, f"{array}#1") if n in self.blocks), None)
        fits = [index for index in readings if known is not None and known.node_at(index) is not None]
        return next(iter(fits or readings), None)

    def sorted(self, equations: Mapping[str, tuple[Expression, Equation]]) -> list[str]:
        """The equations' names, operands before results; a cycle is a problem."""
        needs = {
            name: [n for n in names_in(body) if n in equations or n in self.broken]
            for name, (body, _) in equations.items()
        }
        state: dict[str, int] = {}
        order: list[str] = []
        for root in equations:
            stack: list[tuple[str, Iterator[str]]] = [(root, iter(needs[root]))] if root not in state else []
            if stack:
                state[root] = 1
            while stack:
                name, rest = stack[-1]
                nxt = next(rest, None)
                if nxt is None:
                    stack.pop()
                    state[name] = 2
                    order.append(name)
                elif nxt in self.broken:
                    self.broken.add(name)
                elif state.get(nxt) == 1:
                    loop = [entry[0] for entry in stack]
                    self.report_circle(loop[loop.index(nxt) :], equations)
                elif nxt not in state:
                    state[nxt] = 1
                    stack.append((nxt, iter(needs[nxt])))
        return [name for name in order if name not in self.broken]

    def report_circle(self, loop: list[str], equations: Mapping[str, tuple[Expression, Equation]]) -> None:
        """The circle told from the equation that stands first in the file; the caret under what closes it."""
        order = {name: i for i, name in enumerate(equations)}
        first = min(range(len(loop)), key=lambda i: order[loop[i]])
        loop = [*loop[first:], *loop[:first]]
        body, equation = equations[loop[-1]]
        span = next(p.span for p in walk(body) if isinstance(p, (Name, Element)) and p.name == loop[0])
        told = [*loop, loop[0]] if len(loop) <= MAX_CIRCLE else [*loop[: MAX_CIRCLE - 1], "...", loop[-1], loop[0]]
        error = FormulaError(
            f"these equations go round in a circle: {' needs '.join(told)}", *span, "closes the circle",
            "give each step of a recurrence its own name (h1, h2, ...)",
        )  # fmt: skip
        self.report(error, equation.where)
        self.broken.update(loop)

    # -------------------------------------------------- samples
    def per_sample(self, equations: Mapping[str, tuple[Expression, Equation]], order: list[str]) -> frozenset[str]:
        """Every name whose value differs from sample to sample."""
        found = {name for sample in self.scenario.samples for name in sample.values}
        for name in order:
            if any(n in found for n in names_in(equations[name][0])):
                found.add(name)
        return frozenset(found)

    def spellings(self, name: str, varying: frozenset[str]) -> list[str]:
        """A quantity's names in the graph: one per sample where it differs between them."""
        return [f"{name}#{i}" for i in range(1, len(self.scenario.samples) + 1)] if name in varying else [name]

    # -------------------------------------------------- the graph
    def build(self) -> Graph:
        """The graph; ScenarioError with every problem."""
        graph = self.checked()
        if graph is None or self.problems:
            raise ScenarioError(*in_order(self.problems, self.scenario.source.file))
        return graph

    def checked(self) -> Graph | None:
        """The graph as far as it can be had; what is wrong is in `problems`."""
        self.read_functions()
        equations = self.read_equations()
        order = self.sorted(equations)
        varying = self.per_sample(equations, order)
        for name, quantity in self.leaves.items():
            base, _, sample = name.partition("#")
            pattern = self.scenario.elements.get(base)
            count = int(sample) if sample else None
            self.add(Block(name, quantity.kind, quantity.shape, self.size, pattern, count))
        formulas = sum(len(self.spellings(name, varying)) for name in order)
        if formulas > MAX_FORMULAS:
            said = f"with its samples written out this scenario has {formulas} formulas; the limit is {MAX_FORMULAS}"
            where = self.scenario.where("samples", key=True)
            self.problems.append(Problem(said, where, "too many", "use arrays, or fewer samples"))
            return None
        for name in order:
            body, equation = equations[name]
            if name not in varying:
                self.calculate(name, body, equation.where, None)
                continue
            for count, spelling in enumerate(self.spellings(name, varying), 1):
                before = len(self.problems)
                self.calculate(spelling, _of_sample(body, varying, count), equation.where, count)
                if len(self.problems) > before:
                    break  # the other samples have the same fault
        loss = self.objective(equations, varying)
        self.check_names()
        if self.scenario.update and not any(f.name in self.broken for f in self.scenario.functions):
            self.problems += read_rule(self.scenario, self.custom, self.functions)[1]
        if self.problems or loss is None:
            return None
        graph = self.assemble(loss)
        self.check_dependence(graph)
        return graph

    def add(self, block: Block) -> None:
        self.blocks[block.name] = block
        self.arrays[block.name] = np.arange(block.start, block.start + block.size).reshape(block.shape)
        self.size += block.size

    def calculate(self, name: str, body: Expression, where: Where, sample: int | None, given: bool = False) -> bool:
        """Add a computed quantity; False where that can't be done, which has then been reported."""
        if any(n not in self.arrays or n in self.broken for n in names_in(body)):
            return False  # an operand's own equation is broken and has been reported
        body = transform(body, self.in_shape)
        try:
            result = Lifter(self.arrays, self.custom).equation(recognised(body))
        except FormulaError as error:
            self.report(error, where)
            return False
        pattern = self.scenario.elements.get(name.partition("#")[0])
        block = Block(name, "computed", result.shape, self.size, pattern, sample, body, given)
        self.terms += sum(slot.size for slot in result.slots)
        for count, limit, what in (
            (self.size + block.size, MAX_NODES, "nodes"),
            (self.terms, MAX_TERMS, "terms"),
        ):
            if count > limit:
                said = f"'{name}' would bring the network to {count} {what}; the limit is {limit}"
                self.problems.append(Problem(said, where, "too large", "use smaller arrays or fewer samples"))
                return False
        self.add(block)
        self.lifted.append((name, result))
        return True

    def in_shape(self, part: Expression) -> Expression:
        """An element that was written by its own name, read by the shape that its array turned out to have."""
        if isinstance(part, Element) and part.text:
            array = part.name.partition("#")[0]
            index = self.fitting(array, self.scenario.elements[array], part.text)
            return part if index is None else Element(part.name, index, part.span, part.text)
        return part

    # -------------------------------------------------- what is differentiated
    def objective(self, equations: Mapping[str, object], varying: frozenset[str]) -> int | None:
        """The node that is differentiated: the loss, its sum or mean over samples, or Σ upstream·output."""
        scenario = self.scenario
        if not scenario.equations:
            if "equations" not in self.broken and not self.broken:
                where = Where(scenario.path, 1, 1, key="equations")
                help = 'write [equations] and, for example, z = "w*x + b"'
                self.problems.append(Problem("a scenario needs at least one equation", where, "", help))
            return None
        if scenario.upstream:
            return self.given_objective(equations, varying)
        name = scenario.loss or scenario.equations[-1].name
        part = self.output(name, equations, scenario.loss_where, "the loss")
        if part is None:
            return None
        if part.name not in varying:
            return self.one_number(name, part, scenario.loss_where)
        parts = [_renamed(part, spelling) for spelling in self.spellings(part.name, varying)]
        if self.one_number(name, parts[0], scenario.loss_where) is None:
            return None
        total: Expression = Sum(tuple((1, one) for one in parts)) if len(parts) > 1 else parts[0]
        if scenario.over_samples == "mean" and len(parts) > 1:
            total = Product((("*", Group(total)), ("/", number(len(parts)))))
        if not self.calculate(name, total, scenario.loss_where, None):
            return None
        return self.blocks[name].start

    def output(
        self, name: str, equations: Mapping[str, object], where: Where, what: str
    ) -> Name | Element | None:
        """An equation or an element of one, by its name; None where there is none, or where it is broken."""
        part = self.element(Name(name, name))
        if (match := re.fullmatch(r"(.+)\[([0-9]{1,9}(?:, ?[0-9]{1,9})*)\]", name)) and match[1] in self.known:
            part = Element(match[1], tuple(map(int, match[2].split(","))))
        assert isinstance(part, (Name, Element))
        if part.name in equations or part.name in self.broken:
            return part if part.name not in self.broken else None
        hint = self.near(name, equations) or "name one of the [equations]"
        self.problems.append(Problem(f"{what} '{name}' is none of the equations", where, "not an equation", hint))
        return None

    def one_number(self, name: str, part: Name | Element, where: Where) -> int | None:
        """The node of a scalar or of one element; None after a report, or where its equation is broken."""
        block = self.blocks.get(part.name)
        if block is None:
            return None
        part = self.in_shape(part) if isinstance(part, Element) else part  # type: ignore[assignment]
        if isinstance(part, Element):
            indices = tuple(i for i in part.indices if isinstance(i, int))
            node = block.node_at(indices)
            if node is None:
                said = f"'{block.name}' has no element '{name}': its shape is {shape_text(block.shape)}"
                self.problems.append(Problem(said, where, "out of range", "indices count from 1"))
            return node
        if block.shape:
            base = name.partition("#")[0]
            at = next((e.where for e in self.scenario.equations if e.name == base), where)
            help = "add its elements up with sum( ), or name another equation in [learning] loss"
            if self.scenario.upstream:
                help = f"give it for each element: {element_name(base, block.pattern, (1,) * len(block.shape))}"
                at = where
            what = "the upstream gradient needs" if self.scenario.upstream else "the loss must be"
            said = f"{what} one number; the shape of '{base}' is {shape_text(block.shape)}"
            self.problems.append(Problem(said, at, "not a number", help))
            return None
        return block.start

    def given_objective(self, equations: Mapping[str, object], varying: frozenset[str]) -> int | None:
        """Σ upstream gradient × output, whose derivative by each output is the given gradient."""
        terms: list[tuple[int, Expression]] = []
        scenario = self.scenario
        complete = True
        for name, value in scenario.upstream.items():
            where = scenario.where("learning", "upstream", name)
            part = self.output(name, equations, where, "the upstream gradient's")
            if part is None:
                complete = False
                continue
            text = scenario.upstream_texts.get(name, repr(value)).removeprefix("-")
            size = Number(text, abs(Fraction(value)))
            for spelling in self.spellings(part.name, varying):
                one = _renamed(part, spelling)
                complete &= self.one_number(spelling if isinstance(part, Name) else name, one, where) is not None
                terms.append((-1 if value < 0 else 1, Product((("*", size), ("*", one)))))
        if not complete:
            return None
        name = next(n for n in ("L", "J", *(f"L_{i}" for i in range(1, 10_000))) if n not in self.known)
        body = Sum(tuple(terms)) if len(terms) > 1 or terms[0][0] < 0 else terms[0][1]
        return self.blocks[name].start if self.calculate(name, body, scenario.loss_where, None, True) else None

    # -------------------------------------------------- checks
    def check_names(self) -> None:
        """An element's name must not be anybody else's."""
        seen = {name: f"the quantity '{name}'" for name in self.blocks}
        for block in self.blocks.values():
            if not block.shape or block.pattern is None or (block.sample or 1) > 1:
                continue
            clash = self.clash_of_many(block) if block.size > MAX_LISTED else None
            if block.size <= MAX_LISTED:
                for index in np.ndindex(*block.shape):
                    place = tuple(i + 1 for i in index)
                    name = element_name(block.name, block.pattern, place)
                    if name in seen:
                        clash = (name, seen[name])
                        break
                    seen[name] = element_name(block.name.partition("#")[0], None, place)
            if clash is not None:
                array = block.name.partition("#")[0]
                said = f"the element name '{clash[0]}' of '{array}' is already taken by {clash[1]}"
                where = self.scenario.where("elements", array)
                self.problems.append(Problem(said, where, "name bound twice", "choose another pattern"))

    def clash_of_many(self, block: Block) -> tuple[str, str] | None:
        """For an array too large to list: an element name that two of its elements share, or that a quantity has."""
        assert block.pattern is not None
        for i, (one, two) in enumerate(zip(block.shape, block.shape[1:], strict=False)):
            touch = f"{{{'ijk'[i]}}}{{{'ijk'[i + 1]}}}" in block.pattern
            if touch and one > 10 and two > 10:
                places = [[1] * len(block.shape) for _ in range(2)]
                places[0][i : i + 2], places[1][i : i + 2] = [11, 1], [1, 11]
                name = element_name(block.name, block.pattern, tuple(places[0]))
                return name, element_name(block.name, None, tuple(places[1]))
        for name in self.blocks:
            if any(block.node_at(index) is not None for index in element_indices(block.pattern, name)):
                return name, f"the quantity '{name}'"
        return None

    def check_dependence(self, graph: Graph) -> None:
        """The loss must need every parameter."""
        needed = ancestors(graph, graph.loss)
        for quantity in self.scenario.parameters:
            block = graph.blocks[quantity.name]
            if not needed[block.start : block.start + block.size].any():
                said = f"'{graph.name(graph.loss)}' does not depend on the parameter '{quantity.name}'"
                help = "use it in an equation, or move it to [inputs]"
                self.problems.append(Problem(said, quantity.where, "never used", help))

    # -------------------------------------------------- numbering
    def assemble(self, loss: int) -> Graph:
        """Group, and renumber so that each group's results are consecutive."""
        blocks, size = self.blocks, self.size
        levels = np.zeros(size, np.int32)
        grouped: dict[tuple[int, Tree], list[tuple[str, LiftedEquation]]] = defaultdict(list)
        for name, equation in self.lifted:
            operands = [s for i, s in enumerate(equation.slots) if i not in equation.picks]
            level = 1 + max((int(levels[slot].max(initial=0)) for slot in operands), default=0)
            block = blocks[name]
            levels[block.start : block.start + block.size] = level
            grouped[level, equation.tree].append((name, equation))
        moved = np.arange(size)
        starts: dict[str, int] = {}
        at = sum(block.size for block in blocks.values() if block.kind != "computed")
        ordered = sorted(grouped.items(), key=lambda item: item[0][0])
        for _, members in ordered:
            for name, _ in members:
                block = blocks[name]
                starts[name] = at
                moved[block.start : block.start + block.size] = np.arange(at, at + block.size)
                at += block.size
        groups: list[NodeGroup] = []
        for (level, tree), members in ordered:
            first = members[0][1]
            slots = tuple(
                np.concatenate([equation.slots[i] for _, equation in members]) if len(members) > 1 else slot
                for i, slot in enumerate(first.slots)
            )
            slots = tuple(slot if i in first.picks else moved[slot] for i, slot in enumerate(slots))
            rows = sum(blocks[name].size for name, _ in members)
            groups.append(NodeGroup(tree, slots, first.picks, starts[members[0][0]], rows, level))
        numbered = np.empty_like(levels)
        numbered[moved] = levels
        placed = {
            name: block if block.kind != "computed" else replace(block, start=starts[name])
            for name, block in _in_document_order(blocks, self.scenario).items()
        }
        return Graph(self.scenario, placed, tuple(groups), self.custom, size, int(moved[loss]), numbered)


def _calls(body: Expression) -> list[Call]:
    return [part for part in walk(body) if isinstance(part, Call)]


def _renamed(part: Name | Element, name: str) -> Name | Element:
    """The same part of another array: of `h#2` for `h`."""
    return replace(part, name=name, text=name) if isinstance(part, Name) else replace(part, name=name)


def _in_document_order(blocks: Mapping[str, Block], scenario: Scenario) -> dict[str, Block]:
    """Leaves as declared; then the equations as the document writes them, sample by sample; then what was added."""
    ordered = {name: block for name, block in blocks.items() if block.kind != "computed"}
    samples = range(1, len(scenario.samples) + 1)
    for equation in scenario.equations:
        if equation.name in blocks and not any(f"{equation.name}#{i}" in blocks for i in samples):
            ordered[equation.name] = blocks[equation.name]
    for count in samples:
        for equation in scenario.equations:
            if (name := f"{equation.name}#{count}") in blocks:
                ordered[name] = blocks[name]
    return {**ordered, **{name: block for name, block in blocks.items() if name not in ordered}}


def _of_sample(body: Expression, varying: frozenset[str], sample: int) -> Expression:
    def rename(part: Expression) -> Expression:
        if isinstance(part, (Name, Element)) and part.name in varying:
            return _renamed(part, f"{part.name}#{sample}")
        return part

    return transform(body, rename)


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


def build(scenario: Scenario) -> Graph:
    """Check a scenario whole and turn it into a graph; ScenarioError with every problem found."""
    return _Builder(scenario).build()


def problems(scenario: Scenario, doubtful: frozenset[str] = frozenset()) -> tuple[Problem, ...]:
    """What is wrong with a scenario's formulas; of what depends on `doubtful` names, only how it is written."""
    builder = _Builder(scenario, doubtful)
    builder.checked()
    return tuple(builder.problems)


__all__ = [
    "Block",
    "Graph",
    "Node",
    "NodeGroup",
    "Number",
    "ancestors",
    "build",
    "descendants",
    "leaf_quantities",
    "problems",
]
