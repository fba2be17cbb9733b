"""A scenario's equations, checked and unrolled into scalar nodes: the graph, or every problem on the way to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction

import numpy as np

from ..errors import FormulaError, Problem, ScenarioError, Where
from ..formulas.algebra import ONE
from ..formulas.digits import is_number
from ..formulas.expression import (
    Bracketed,
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
)
from ..formulas.functions import SAMPLES, own_name
from ..formulas.notation import element_indices, element_name, place_of
from ..formulas.parse import parse
from ..scenario.loading import Equation, Quantity, Scenario
from ..scenario.types import in_order
from ..values import replace
from .array_products import meant
from .array_shapes import Shapes
from .equations import FormulaReader
from .graph import Block, Graph, NodeGroup, ancestors
from .intermediate import intermediates
from .lift import MAX_TERMS, Lifter, Piece, shape_text
from .template import Tree
from .update_rule import read_rule
from .written_out import recognised

MAX_NODES = 2_000_000
MAX_FORMULAS = 10_000  # with samples written out
MAX_LISTED = 20_000  # elements of an array whose names are compared one by one


class _Builder(FormulaReader):
    """Turns the formulas that were read into a graph, quantity by quantity."""

    # -------------------------------------------------- samples
    def per_sample(self, equations: Mapping[str, tuple[Expression, Equation]], order: list[str]) -> frozenset[str]:
        """Every name whose value differs from sample to sample."""
        found = {name for sample in self.scenario.samples for name in sample.values}
        for name in order:
            if any(n in found for n in names_in(without_samples(equations[name][0]))):
                found.add(name)
        return frozenset(found)

    def over_samples(self, body: Expression, varying: frozenset[str]) -> Expression:
        """The formula with `samples(x)` as the list of x in every sample; FormulaError where x is no such quantity."""

        def listed(part: Expression) -> Expression:
            if not (isinstance(part, Call) and part.function == SAMPLES):
                return part
            [one] = part.arguments
            if not isinstance(one, (Name, Element)):
                said, help = "'samples' takes the name of a quantity", "give the formula an equation of its own"
                raise FormulaError(said, *one.span, "no name", help)
            if one.name not in varying:
                said = f"'{one.name}' is the same in all samples"
                raise FormulaError(said, *one.span, "not one for each", "write it without samples( )")
            spellings = self.spellings(one.name, varying)
            return Bracketed(tuple(_renamed(one, spelling) for spelling in spellings), part.span)

        return transform(body, listed)

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
            kind, shape = quantity.kind, quantity.shape
            self.add(Block(name, kind, shape, self.size, pattern, count, constant=quantity.constant))
        formulas = sum(len(self.spellings(name, varying)) for name in order)
        if formulas > MAX_FORMULAS:
            said = f"with its samples written out this scenario has {formulas} formulas; the limit is {MAX_FORMULAS}"
            where = self.scenario.where("samples", key=True)
            self.problems.append(Problem(said, where, "too many", "use arrays, or fewer samples"))
            return None
        for name in order:
            body, equation = equations[name]
            try:
                body = self.over_samples(body, varying)
            except FormulaError as error:
                self.report(error, equation.where)
                self.broken.add(name)
                continue
            if name not in varying:
                self.calculate(name, body, equation.where, None)
                continue
            for count, spelling in enumerate(self.spellings(name, varying), 1):
                before = len(self.problems)
                self.calculate(spelling, _of_sample(body, varying, count), equation.where, count)
                if len(self.problems) > before:
                    break  # the other samples have the same fault
        for name, (body, equation) in {**equations, **self.faulty}.items():
            if name not in order:  # it is broken, and may have wrong shapes as well
                self.report_shapes(_of_sample(body, varying, 1), equation.where)
        loss = self.objective(equations, varying)
        self.check_names()
        if self.scenario.update and not any(own_name(f.name) in self.broken for f in self.scenario.functions):
            self.problems += read_rule(self.scenario, self.custom, self.doubtful)[1]
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
            self.report_shapes(body, where)
            return False  # an operand's own equation is broken and has been reported
        body = meant(transform(body, self.in_shape), self.arrays, self.custom)
        base, mark, number = name.partition("#")
        try:
            found, body = intermediates(body, self.arrays, self.custom, lambda count: f"{base}.{count}{mark}{number}")
        except FormulaError as error:
            if not self.report_shapes(body, where):
                self.report(error, where)
            return False
        for one in found:
            if not self.unroll(one.name, one.formula, where, sample, of=base):
                return False
        return self.unroll(name, body, where, sample, given=given)

    def report_shapes(self, body: Expression, where: Where) -> bool:
        """Report every fault of a formula's shapes, as far as its operands are known; True where there is one."""
        sound = {name: places for name, places in self.arrays.items() if name.partition("#")[0] not in self.broken}
        faults = Shapes(sound, self.custom).faults(meant(transform(body, self.in_shape), sound, self.custom))
        for fault in faults:
            self.report(fault, where)
        return bool(faults)

    def unroll(
        self, name: str, body: Expression, where: Where, sample: int | None, of: str = "", given: bool = False
    ) -> bool:
        """Add the nodes of a formula; False where that can't be done, which has then been reported."""
        try:
            shape, pieces = Lifter(self.arrays, self.custom).pieces(recognised(body))
        except FormulaError as error:
            self.report(error, where)
            return False
        pattern = self.scenario.elements.get(name.partition("#")[0])
        block = Block(name, "computed", shape, self.size, pattern, sample, body, given=given, part_of=of)
        self.terms += sum(slot.size for piece in pieces for slot in piece.slots)
        for count, limit, what in (
            (self.size + block.size, MAX_NODES, "nodes"),
            (self.terms, MAX_TERMS, "terms"),
        ):
            if count > limit:
                said = f"'{name}' would bring the network to {count} {what}; the limit is {limit}"
                self.problems.append(Problem(said, where, "too large", "use smaller arrays or fewer samples"))
                return False
        self.add(block)
        self.lifted.append((name, pieces))
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
            return None  # that has been reported
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

    def output(self, name: str, equations: Mapping[str, object], where: Where, what: str) -> Name | Element | None:
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
            said = f"the loss must be one number; the shape of '{base}' is {shape_text(block.shape)}"
            self.problems.append(Problem(said, at, "not a number", help))
            return None
        return block.start

    def given_objective(self, equations: Mapping[str, object], varying: frozenset[str]) -> int | None:
        """Σ upstream gradient × output, whose derivative by each output is the given gradient."""
        terms: list[tuple[int, Expression]] = []
        scenario = self.scenario
        complete = True
        for name, shape in scenario.upstream_shapes.items():
            block = next((self.blocks[s] for s in self.spellings(name, varying) if s in self.blocks), None)
            if block is not None and block.shape != shape:
                what, own = shape_text(shape), shape_text(block.shape)
                said = f"the upstream gradient of '{name}' has shape {what}, and '{name}' itself {own}"
                where = scenario.where("learning", "upstream", name)
                self.problems.append(Problem(said, where, "shapes differ", "give one number for each element"))
                return None
        for name, value in scenario.upstream.items():
            array = name.partition("[")[0]
            where = scenario.where("learning", "upstream", array if array in scenario.upstream_shapes else name)
            part = self.output(name, equations, where, "the upstream gradient's")
            if part is None:
                complete = False
                continue
            text = scenario.upstream_texts.get(name, repr(value))
            sign = -1 if value < 0 and is_number(text) else 1  # it may be typed as a formula of numbers
            size = Number(text.removeprefix("-"), abs(Fraction(value))) if is_number(text) else Group(parse(text))
            for spelling in self.spellings(part.name, varying):
                for one in self.elements_of(_renamed(part, spelling)):
                    complete &= self.one_number(spelling if isinstance(part, Name) else name, one, where) is not None
                    terms.append((sign, Product((("*", size), ("*", one)))))
        if not complete:
            return None
        name = next(n for n in ("L", "J", *(f"L_{i}" for i in range(1, 10_000))) if n not in self.known)
        body = Sum(tuple(terms)) if len(terms) > 1 or terms[0][0] < 0 else terms[0][1]
        return self.blocks[name].start if self.calculate(name, body, scenario.loss_where, None, True) else None

    def elements_of(self, part: Name | Element) -> Iterator[Name | Element]:
        """The part itself, or every element of an array that is named as a whole."""
        block = self.blocks.get(part.name)
        if isinstance(part, Element) or block is None or not block.shape:
            yield part
        else:
            yield from (Element(part.name, place_of(i, block.shape), part.span) for i in range(block.size))

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
        """The loss must need some parameter, and every parameter must be used in some equation."""
        needed = ancestors(graph, graph.loss)

        def among(quantity: Quantity) -> bool:
            block = graph.blocks[quantity.name]
            return bool(needed[block.start : block.start + block.size].any())

        nobody = not any(map(among, self.scenario.parameters))
        for quantity in self.scenario.parameters:
            block = graph.blocks[quantity.name]
            used = any(graph.users.get(node) for node in range(block.start, block.start + block.size))
            if not among(quantity) and (nobody or not used):
                said = f"'{graph.name(graph.loss)}' does not depend on the parameter '{quantity.name}'"
                help = "name another loss in [learning]" if used else "use it in an equation, or move it to [inputs]"
                self.problems.append(Problem(said, quantity.where, "not needed" if used else "never used", help))

    # -------------------------------------------------- numbering
    def assemble(self, loss: int) -> Graph:
        """Group, and renumber so that each group's results are consecutive."""
        blocks, size = self.blocks, self.size
        levels = np.zeros(size, np.int32)
        # (level, which quantity if it is one of several templates, template) → first node before renumbering, piece
        grouped: dict[tuple[int, str, int, Tree], list[tuple[int, Piece]]] = defaultdict(list)
        for name, pieces in self.lifted:
            operands = [slot for piece in pieces for i, slot in enumerate(piece.slots) if i not in piece.picks]
            level = 1 + max((int(levels[slot].max(initial=0)) for slot in operands), default=0)
            block = blocks[name]
            levels[block.start : block.start + block.size] = level
            at = block.start
            for count, piece in enumerate(pieces):
                alone = (name, count) if len(pieces) > 1 else ("", 0)  # its elements stay one behind the other
                grouped[level, *alone, piece.tree].append((at, piece))
                at += piece.rows
        moved = np.arange(size)
        firsts: list[int] = []
        at = sum(block.size for block in blocks.values() if block.kind != "computed")
        ordered = sorted(grouped.items(), key=lambda item: item[0][0])
        for _, members in ordered:
            firsts.append(at)
            for first, piece in members:
                moved[first : first + piece.rows] = np.arange(at, at + piece.rows)
                at += piece.rows
        groups: list[NodeGroup] = []
        for ((level, _, _, tree), members), first in zip(ordered, firsts, strict=True):
            one = members[0][1]
            slots = tuple(
                np.concatenate([piece.slots[i] for _, piece in members]) if len(members) > 1 else slot
                for i, slot in enumerate(one.slots)
            )
            slots = tuple(slot if i in one.picks else moved[slot] for i, slot in enumerate(slots))
            rows = sum(piece.rows for _, piece in members)
            groups.append(NodeGroup(tree, slots, one.picks, first, rows, level))
        numbered = np.empty_like(levels)
        numbered[moved] = levels
        placed = {
            name: block if block.kind != "computed" else replace(block, start=int(moved[block.start]))
            for name, block in _in_document_order(blocks, self.scenario).items()
        }
        return Graph(self.scenario, placed, tuple(groups), self.custom, size, int(moved[loss]), numbered)


def without_samples(body: Expression) -> Expression:
    """The formula without what is taken over all samples."""
    return transform(body, lambda part: ONE if isinstance(part, Call) and part.function == SAMPLES else part)


def _renamed(part: Name | Element, name: str) -> Name | Element:
    """The same part of another array: of `h#2` for `h`."""
    return replace(part, name=name, text=name) if isinstance(part, Name) else replace(part, name=name)


def _in_document_order(blocks: Mapping[str, Block], scenario: Scenario) -> dict[str, Block]:
    """Leaves as declared; then the equations as the document writes them, sample by sample; then what was added."""
    ordered = {name: block for name, block in blocks.items() if block.kind != "computed"}
    parts: dict[tuple[str, int | None], list[str]] = defaultdict(list)
    for name, block in blocks.items():
        if block.part_of:
            parts[block.part_of, block.sample].append(name)

    def place(equation: str, sample: int | None) -> None:
        name = equation if sample is None else f"{equation}#{sample}"
        if name in blocks:
            ordered.update({one: blocks[one] for one in (*parts[equation, sample], name)})

    samples = range(1, len(scenario.samples) + 1)
    for equation in scenario.equations:
        if not any(f"{equation.name}#{i}" in blocks for i in samples):
            place(equation.name, None)
    for count in samples:
        for equation in scenario.equations:
            place(equation.name, count)
    return {**ordered, **{name: block for name, block in blocks.items() if name not in ordered}}


def _of_sample(body: Expression, varying: frozenset[str], sample: int) -> Expression:
    def rename(part: Expression) -> Expression:
        if isinstance(part, (Name, Element)) and part.name in varying:
            return _renamed(part, f"{part.name}#{sample}")
        return part

    return transform(body, rename)


def build(scenario: Scenario) -> Graph:
    """Check a scenario whole and turn it into a graph; ScenarioError with every problem found."""
    return _Builder(scenario).build()


def problems(scenario: Scenario, doubtful: frozenset[str] = frozenset()) -> tuple[Problem, ...]:
    """What is wrong with a scenario's formulas; of what depends on `doubtful` names, only how it is written."""
    builder = _Builder(scenario, doubtful)
    builder.checked()
    return tuple(builder.problems)
