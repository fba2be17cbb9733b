"""A scenario's equations, checked and unrolled into scalar nodes, grouped by level and template.

A node is one named scalar with one formula; an edge is one local derivative. A weight used twice is one node with two
outgoing edges. Nodes are numbered so that every quantity's elements, and every group's results, are consecutive. Arrays
cost index arrays, not Python objects: names and written-out formulas are made when somebody asks for them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import functions as table
from .errors import FormulaError, Problem, RequestError, ScenarioError, Where, did_you_mean
from .expression import Element, Expression, Group, Name, Number, Product, Sum, names_in, number, transform, walk
from .lift import CustomFunction, Indices, Lifter, expanded, recognised, shape_text
from .lift import Equation as LiftedEquation
from .notation import element_indices, element_name
from .parse import Notation, parse
from .scenario import Equation, FunctionDefinition, Quantity, Scenario
from .template import Tree
from .unroll import Unroller, of_single_numbers

Kind: TypeAlias = Literal["input", "parameter", "target", "computed"]
MAX_NODES = 2_000_000


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
        return int(np.prod(self.shape, dtype=np.int64))

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
            for index in element_indices(pattern, own) if block is not None else ():
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
    def edges(self) -> tuple[Indices, Indices]:
        """All edges (result, operand), each pair once, sorted by result and then by operand."""
        pairs = []
        for group in self.groups:
            results = np.arange(group.start, group.start + group.rows)
            for number_, slot in enumerate(group.slots):
                if number_ not in group.picks:
                    spread = np.broadcast_to(results.reshape(-1, *(1,) * (slot.ndim - 1)), slot.shape)
                    pairs.append(spread.ravel() * np.int64(self.size) + slot.ravel())
        keys = np.unique(np.concatenate(pairs)) if pairs else np.empty(0, np.int64)
        return keys // self.size, keys % self.size

    @cached_property
    def users(self) -> Mapping[int, tuple[int, ...]]:
        """For every operand the nodes that use it directly. For small graphs: one tuple per node."""
        found: dict[int, list[int]] = defaultdict(list)
        for result, operand in zip(*(side.tolist() for side in self.edges), strict=True):
            found[operand].append(result)
        return {operand: tuple(results) for operand, results in found.items()}

    @property
    def symbolic(self) -> bool:
        """Does any leaf lack a number?"""
        return any(np.isnan(np.asarray(q.values, dtype=float)).any() for q in leaf_quantities(self.scenario).values())

    def leaf_values(self) -> NDArray[np.float64]:
        """The numbers of all leaves at their places in a vector of all nodes (NaN elsewhere and where unknown)."""
        out = np.full(self.size, np.nan)
        for name, quantity in leaf_quantities(self.scenario).items():
            block = self.blocks[name]
            out[block.start : block.start + block.size] = np.asarray(quantity.values, dtype=float).ravel()
        return out

    def typed(self, node: int) -> str | None:
        """A leaf's number as its author typed it ('0.20'), or None."""
        block = self.block_of(node)
        quantity = leaf_quantities(self.scenario).get(block.name)
        if quantity is None or quantity.texts is None:
            return None
        return quantity.texts[node - block.start]

    def assumed(self, node: int) -> str | None:
        """Why a leaf's value is assumed, where the document does not state it."""
        quantity = leaf_quantities(self.scenario).get(self.block_of(node).name)
        return quantity.assumed if quantity else None


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
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.problems: list[Problem] = []
        self.functions = {definition.name for definition in scenario.functions}
        names = {q.name for q in scenario.quantities} | {e.name for e in scenario.equations}
        self.notation = Notation(table.NAMES | self.functions, lambda name: name in names)
        self.custom: dict[str, CustomFunction] = {}
        self.broken: set[str] = set()

    def report(self, error: FormulaError, where: Where) -> None:
        problem = error.problems[0]
        place = where.shifted(error.start, error.end - error.start) if where.column else where
        self.problems.append(Problem(problem.message, place, problem.label, problem.help))

    # -------------------------------------------------- functions and equations
    def read_functions(self) -> None:
        for definition in self.scenario.functions:
            body = self.read(definition.body, definition)
            if body is None:
                continue
            for part in walk(body):
                if isinstance(part, (Name, Element)) and part.name not in definition.parameters:
                    error = FormulaError(
                        f"'{part.name}' is not a parameter of '{definition.name}'", *part.span, "not known",
                        did_you_mean(part.name, definition.parameters) or "a function sees only its own parameters",
                    )  # fmt: skip
                    self.report(error, definition.where)
            called = {part.function for part in walk(body) if hasattr(part, "function")}
            inner = expanded(body, self.custom)
            if called & (self.functions - set(self.custom)):
                self.problems.append(
                    Problem(
                        f"'{definition.name}' calls a function that is not defined before it", definition.where,
                        "not known yet", "define it first; a function can't call itself",
                    )  # fmt: skip
                )
                continue
            self.custom[definition.name] = CustomFunction(definition.name, definition.parameters, inner)

    def read(self, text: str, owner: FunctionDefinition | Equation) -> Expression | None:
        try:
            return parse(text, self.notation)
        except FormulaError as error:
            self.report(error, owner.where)
            return None

    def read_equations(self) -> dict[str, tuple[Expression, Equation]]:
        found: dict[str, tuple[Expression, Equation]] = {}
        known = {q.name for q in self.scenario.quantities} | {e.name for e in self.scenario.equations}
        elements = self.element_spellings()
        for equation in self.scenario.equations:
            body = self.read(equation.text, equation)
            if body is None:
                self.broken.add(equation.name)
                continue
            unknown = False
            body = transform(body, lambda part: elements.get(part.name, part) if isinstance(part, Name) else part)
            for part in walk(body):
                if isinstance(part, (Name, Element)) and part.name not in known:
                    unknown = True
                    close = did_you_mean(part.name, known | set(elements))
                    hint = close or "declare it under [inputs], [parameters], [targets] or [equations]"
                    self.report(
                        FormulaError(f"nothing is called '{part.name}'", *part.span, "not known", hint), equation.where
                    )
            if unknown:
                self.broken.add(equation.name)
            else:
                found[equation.name] = (body, equation)
        return found

    def element_spellings(self) -> dict[str, Element]:
        """The document's names of a leaf array's elements, usable in formulas."""
        found: dict[str, Element] = {}
        for quantity in self.scenario.quantities:
            pattern = self.scenario.elements.get(quantity.name)
            if quantity.shape and pattern:
                for index in np.ndindex(*quantity.shape):
                    place = tuple(i + 1 for i in index)
                    found[element_name(quantity.name, pattern, place)] = Element(quantity.name, place)
        return found

    def sorted(self, equations: dict[str, tuple[Expression, Equation]]) -> list[str]:
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
                    loop = [*loop[loop.index(nxt) :], nxt]
                    body, equation = equations[name]
                    span = next(p.span for p in walk(body) if isinstance(p, (Name, Element)) and p.name == nxt)
                    text = " needs ".join(loop)
                    self.report(
                        FormulaError(
                            f"these equations go round in a circle: {text}", *span, "closes the circle",
                            "give each step of a recurrence its own name (h1, h2, ...)",
                        ),
                        equation.where,
                    )  # fmt: skip
                    self.broken.update(loop)
                elif nxt not in state:
                    state[nxt] = 1
                    stack.append((nxt, iter(needs[nxt])))
        return [name for name in order if name not in self.broken]

    # -------------------------------------------------- samples
    def per_sample(self, equations: dict[str, tuple[Expression, Equation]], order: list[str]) -> set[str]:
        """Every name whose value differs from sample to sample."""
        found = {name for sample in self.scenario.samples for name in sample.values}
        for name in order:
            if any(n in found for n in names_in(equations[name][0])):
                found.add(name)
        return found

    # -------------------------------------------------- the graph
    def build(self) -> Graph:
        self.read_functions()
        equations = self.read_equations()
        order = self.sorted(equations)
        varying = self.per_sample(equations, order) if self.scenario.samples else set()
        samples = range(1, len(self.scenario.samples) + 1)

        blocks: dict[str, Block] = {}
        at = 0

        def add(block: Block) -> None:
            nonlocal at
            blocks[block.name] = block
            at += block.size

        for name, quantity in leaf_quantities(self.scenario).items():
            base, _, sample = name.partition("#")
            pattern = self.scenario.elements.get(base)
            add(Block(name, quantity.kind, quantity.shape, at, pattern, int(sample) if sample else None))

        # (name, formula, equation) of everything calculated, samples written out
        calculated: list[tuple[str, Expression, Equation, int | None]] = []
        for name in order:
            body, equation = equations[name]
            if name not in varying:
                calculated.append((name, body, equation, None))
                continue
            for count in samples:
                calculated.append((f"{name}#{count}", _of_sample(body, varying, count), equation, count))

        arrays: dict[str, Indices] = {
            b.name: np.arange(b.start, b.start + b.size).reshape(b.shape) for b in blocks.values()
        }
        lifter = Lifter(arrays, self.custom)
        lifted: list[tuple[str, LiftedEquation]] = []

        def calculate(name: str, body: Expression, where: Where, sample: int | None, given: bool = False) -> bool:
            if any(n not in arrays for n in names_in(body)):
                return False  # an operand's own equation is broken and has been reported
            try:
                result = lifter.equation(recognised(body))
            except FormulaError as error:
                self.report(error, where)
                return False
            pattern = self.scenario.elements.get(name.partition("#")[0])
            block = Block(name, "computed", result.shape, at, pattern, sample, body, given)
            if at + block.size > MAX_NODES:
                self.problems.append(
                    Problem(
                        f"'{name}' would bring the network to {at + block.size} nodes; the limit is {MAX_NODES}",
                        where, "too large", "use smaller arrays",
                    )  # fmt: skip
                )
                return False
            add(block)
            arrays[name] = np.arange(block.start, block.start + block.size).reshape(block.shape)
            lifted.append((name, result))
            return True

        for name, body, equation, sample in calculated:
            calculate(name, body, equation.where, sample)
        loss = self.objective(equations, varying, calculate, arrays)
        self.check_names(blocks)
        if self.problems or loss is None:
            raise ScenarioError(*sorted(self.problems, key=lambda p: (p.where.line or 0, p.where.column or 0)))
        return self.assemble(blocks, lifted, loss)

    def objective(self, equations: Mapping[str, object], varying: set[str], calculate, arrays) -> str | None:  # type: ignore[no-untyped-def]
        """The name of what is differentiated: the loss, its sum or mean over samples, or Σ upstream·output."""
        scenario = self.scenario
        if not scenario.equations:
            self.problems.append(
                Problem("a scenario needs at least one equation", Where(scenario.path, 1, 1, key="equations"),
                        help='write [equations] and, for example, z = "w*x + b"')  # fmt: skip
            )
            return None
        upstream = dict(scenario.upstream)
        where = scenario.loss_where or Where(scenario.path, key="learning.loss")
        if upstream:
            return self.given_objective(upstream, varying, calculate, arrays, where)
        name = scenario.loss or scenario.equations[-1].name
        if name in self.broken or name not in equations:
            if name not in self.broken:
                self.problems.append(
                    Problem(f"the loss '{name}' is not an equation", where, "not known",
                            did_you_mean(name, equations) or "name one of the [equations]")  # fmt: skip
                )
            return None
        if name in varying:
            count = len(scenario.samples)
            total: Expression = Sum(tuple((1, Name(f"{name}#{i}", f"{name}#{i}")) for i in range(1, count + 1)))
            if count == 1:
                total = Name(f"{name}#1", f"{name}#1")
            if scenario.over_samples == "mean":
                total = Product((("*", Group(total) if count > 1 else total), ("/", number(count))))
            shape = arrays[f"{name}#1"].shape if f"{name}#1" in arrays else ()
            if shape == () and not calculate(name, total, where, None):
                return None
        elif name not in arrays:
            return None
        shape = arrays[name].shape if name in arrays else shape
        if shape != ():
            equation = next(e for e in scenario.equations if e.name == name)
            self.problems.append(
                Problem(
                    f"the loss '{name}' must be one number; its shape is {shape_text(shape)}", equation.where,
                    "not a number", "add its elements up with sum( ), or name another equation in [learning] loss",
                )  # fmt: skip
            )
            return None
        return name

    def given_objective(self, upstream, varying, calculate, arrays, where) -> str | None:  # type: ignore[no-untyped-def]
        terms: list[tuple[int, Expression]] = []
        for output, value in upstream.items():
            if output not in arrays and f"{output}#1" not in arrays and self.element(output, arrays) is None:
                if output not in self.broken:
                    self.problems.append(
                        Problem(f"the upstream gradient is given for '{output}', which is no equation",
                                where, "not known", did_you_mean(output, arrays))  # fmt: skip
                    )
                return None
            factor = parse(str(value))
            names = [f"{output}#{i}" for i in range(1, len(self.scenario.samples) + 1)] if output in varying else [output]
            for name in names:
                node = self.element(name, arrays) or Name(name, name)
                terms.append((1, Product((("*", factor), ("*", node)))))
        name = next(n for n in ("L", "J", "objective") if n not in arrays)
        body = Sum(tuple(terms)) if len(terms) > 1 else terms[0][1]
        return name if calculate(name, body, where, None, True) else None

    def element(self, name: str, arrays: Mapping[str, Indices]) -> Element | None:
        match = re.fullmatch(r"(.+)\[([\d,]+)\]", name)
        if match and match[1] in arrays:
            return Element(match[1], tuple(int(i) for i in match[2].split(",")))
        return None

    def check_names(self, blocks: Mapping[str, Block]) -> None:
        """An element's name must not be anybody else's."""
        seen: dict[str, str] = {name: name for name in blocks}
        for block in blocks.values():
            if not block.shape or block.pattern is None or block.size > 100_000:
                continue
            for index in np.ndindex(*block.shape):
                name = element_name(block.name, block.pattern, tuple(i + 1 for i in index))
                if name in seen and seen[name] != block.name + str(index):
                    self.problems.append(
                        Problem(
                            f"the element name '{name}' of '{block.name}' is already taken by '{seen[name]}'",
                            Where(self.scenario.path, key=f"elements.{block.name}"), "name bound twice",
                            "choose another pattern in [elements]",
                        )  # fmt: skip
                    )
                    break
                seen[name] = block.name + str(index)

    def assemble(self, blocks: dict[str, Block], lifted: list[tuple[str, LiftedEquation]], loss: str) -> Graph:
        """Group, renumber so that each group's results are consecutive, and check that the loss needs every parameter."""
        size = sum(block.size for block in blocks.values())
        leaves = sum(block.size for block in blocks.values() if block.kind != "computed")
        levels = np.zeros(size, np.int32)
        grouped: dict[tuple[int, Tree], list[tuple[str, LiftedEquation]]] = defaultdict(list)
        for name, equation in lifted:
            operands = [s for i, s in enumerate(equation.slots) if i not in equation.picks]
            level = 1 + max((int(levels[slot].max(initial=0)) for slot in operands), default=0)
            block = blocks[name]
            levels[block.start : block.start + block.size] = level
            grouped[level, equation.tree].append((name, equation))
        moved = np.arange(size)
        starts: dict[str, int] = {}
        at = leaves
        for key in sorted(grouped, key=lambda key: key[0]):
            for name, _ in grouped[key]:
                block = blocks[name]
                starts[name] = at
                moved[block.start : block.start + block.size] = np.arange(at, at + block.size)
                at += block.size
        groups: list[NodeGroup] = []
        for (level, tree), members in sorted(grouped.items(), key=lambda item: item[0][0]):
            first = members[0][1]
            slots = tuple(
                np.concatenate([equation.slots[i] for _, equation in members])
                if len(members) > 1
                else first.slots[i]
                for i in range(len(first.slots))
            )
            slots = tuple(slot if i in first.picks else moved[slot] for i, slot in enumerate(slots))
            rows = sum(blocks[name].size for name, _ in members)
            groups.append(NodeGroup(tree, slots, first.picks, starts[members[0][0]], rows, level))
        numbered = np.empty_like(levels)
        numbered[moved] = levels
        placed = {
            name: block if block.kind != "computed" else _moved(block, starts[name])
            for name, block in _in_document_order(blocks, self.scenario).items()
        }
        graph = Graph(self.scenario, placed, tuple(groups), self.custom, size, placed[loss].start, numbered)
        self.check_dependence(graph, loss)
        return graph

    def check_dependence(self, graph: Graph, loss: str) -> None:
        needed = ancestors(graph, graph.loss)
        for quantity in self.scenario.quantities:
            block = graph.blocks.get(quantity.name)
            if block is None or block.kind != "parameter":
                continue
            if not needed[block.start : block.start + block.size].any():
                self.problems.append(
                    Problem(
                        f"'{loss}' does not depend on the parameter '{quantity.name}'", quantity.where, "never used",
                        "use it in an equation, or move it to [inputs]",
                    )  # fmt: skip
                )
        if self.problems:
            raise ScenarioError(*self.problems)


def _moved(block: Block, start: int) -> Block:
    from dataclasses import replace

    return replace(block, start=start)


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


def _of_sample(body: Expression, varying: Iterable[str], sample: int) -> Expression:
    def rename(part: Expression) -> Expression:
        if isinstance(part, Name) and part.name in varying:
            return Name(f"{part.name}#{sample}", f"{part.name}#{sample}", part.span)
        if isinstance(part, Element) and part.name in varying:
            return Element(f"{part.name}#{sample}", part.indices, part.span)
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


def descendants(graph: Graph, node: int) -> NDArray[np.bool_]:
    """Which nodes depend on the given node (itself included)."""
    touched = np.zeros(graph.size, bool)
    touched[node] = True
    for group in graph.groups:
        for i, slot in enumerate(group.slots):
            if i not in group.picks:
                touched[group.out] |= touched[slot].reshape(group.rows, -1).any(1)
    return touched


def build(scenario: Scenario) -> Graph:
    """Check a scenario whole and turn it into a graph; ScenarioError with every problem found."""
    return _Builder(scenario).build()


def formula_faults(scenario: Scenario) -> tuple[Problem, ...]:
    """What is wrong with the formulas before any shape is known: how they are written, unknown names, circles."""
    builder = _Builder(scenario)
    builder.read_functions()
    builder.sorted(builder.read_equations())
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
    "formula_faults",
    "leaf_quantities",
]
