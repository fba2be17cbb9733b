"""The formulas of a scenario, read and checked before anything is unrolled: functions, equations, their order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np

from ..errors import FormulaError, Problem, Where, did_you_mean
from ..formulas import functions as table
from ..formulas.cursor import CASES, WORDS
from ..formulas.expression import (
    Call,
    Element,
    Expression,
    Group,
    Name,
    names_in,
    transform,
    walk,
)
from ..formulas.notation import element_indices, element_name
from ..formulas.parse import MISSING, Notation, read
from ..scenario.loading import Equation, FunctionDefinition, Scenario
from ..scenario.types import MAX_HINTS
from ..values import replace
from .graph import Block, leaf_quantities
from .lift import Indices, Piece
from .written_out import CustomFunction, arity_faults, expanded, substitute

MAX_CIRCLE = 8  # names of a circle that are told
MAX_SUGGESTED = 200  # elements of an array that a misspelling is compared with


class FormulaReader:
    """Reads a scenario's formulas; collects every problem on the way.

    `doubtful` are names whose values the reader could not read: what depends on them is not judged.
    """

    def __init__(self, scenario: Scenario, doubtful: frozenset[str] = frozenset()) -> None:
        self.scenario = scenario
        self.doubtful = doubtful
        self.problems: list[Problem] = []
        names = {q.name for q in scenario.quantities} | {e.name for e in scenario.equations}
        self.known = names | doubtful
        own = frozenset(f.name for f in scenario.functions)
        self.functions = frozenset(table.NAMES | own | doubtful)
        self.notation = Notation(self.functions, (names - doubtful).__contains__, own=own)
        self.custom: dict[str, CustomFunction] = {}
        self.broken = set(doubtful)
        self.faulty: dict[str, tuple[Expression, Equation]] = {}  # equations that can be read in part
        self.leaves = leaf_quantities(scenario)
        self.blocks: dict[str, Block] = {}
        self.arrays: dict[str, Indices] = {}
        self.lifted: list[tuple[str, tuple[Piece, ...]]] = []
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
        own = {table.own_name(definition.name) for definition in self.scenario.functions}
        earlier: set[str] = set()
        for definition in self.scenario.functions:
            # an e is a number to a function, whatever the scenario calls e; a built-in function means itself until the
            # scenario has defined its own of that name
            callable_here = {f.name for f in self.scenario.functions} - table.NAMES | earlier
            names = {*definition.parameters, *(self.known - {"e"})}
            notation = Notation(self.functions, names.__contains__, own=callable_here)
            earlier.add(definition.name)
            inside = table.own_name(definition.name)
            before = len(self.problems)
            body = self.read(definition.body, definition, notation)
            if body is None:
                self.broken.add(inside)
                continue
            for part in walk(body):
                if isinstance(part, Element):
                    error = FormulaError("a function's variable has no elements", *part.span, "no index here")
                    self.report(error, definition.where)
                elif isinstance(part, Name) and not self.is_known(part, definition.parameters):
                    error = FormulaError(
                        f"'{part.name}' is neither a variable of '{definition.name}' nor a quantity", *part.span,
                        "not known", self.near(part.name, [*definition.parameters, *self.known]),
                    )  # fmt: skip
                    self.report(error, definition.where)
            later = next((p for p in calls_in(body) if p.function in own - self.custom.keys() - self.broken), None)
            if later is not None:
                error = FormulaError(
                    f"'{definition.name}' calls '{later.text}', which is not defined before it", *later.span,
                    "not known yet", "define it first; a function can't call itself",
                )  # fmt: skip
                self.report(error, definition.where)
            for error in arity_faults(body, self.custom):
                self.report(error, definition.where)
            calls = {part.function for part in calls_in(body)}
            if len(self.problems) == before and not calls & self.broken:
                try:
                    whole = expanded(body, self.custom)
                    self.custom[inside] = CustomFunction(definition.name, definition.parameters, whole)
                except FormulaError as error:
                    self.report(error, definition.where)
            if len(self.problems) > before or inside not in self.custom:
                self.broken.add(inside)

    def read(self, text: str, owner: FunctionDefinition | Equation, notation: Notation) -> Expression | None:
        """The formula as far as it can be read, None where it has no structure; every fault is reported."""
        found, faults = read(text, notation)
        for error in faults:
            self.report(error, owner.where)
        return found

    def read_equations(self) -> dict[str, tuple[Expression, Equation]]:
        """The equations that are in order so far; what could be read of the others is in `faulty`."""
        found: dict[str, tuple[Expression, Equation]] = {}
        for equation in self.scenario.equations:
            before = len(self.problems)
            body = self.read(equation.text, equation, self.notation)
            if body is None:
                self.broken.add(equation.name)
                continue
            body = transform(body, self.elements)
            for part in walk(body):
                if isinstance(part, (Name, Element)) and part.name not in self.known and part.name != MISSING:
                    help = self.unknown_name(part.name)
                    error = FormulaError(f"nothing is called '{part.name}'", *part.span, "not known", help)
                    self.report(error, equation.where)
            for error in arity_faults(body, self.custom):
                self.report(error, equation.where)
            calls = {part.function for part in calls_in(body)}
            if len(self.problems) == before and not calls & self.broken:  # a broken function has been reported
                try:
                    expanded(body, self.custom)
                    body = transform(self.inlined(body), self.elements)
                except FormulaError as error:
                    self.report(error, equation.where)
                else:
                    found[equation.name] = (body, equation)
                    continue
            self.broken.add(equation.name)
            self.faulty[equation.name] = (body, equation)
        return found

    def inlined(self, body: Expression) -> Expression:
        """The formula with those own functions written out that use quantities beside their variables, or samples."""

        def change(part: Expression) -> Expression:
            own = self.custom.get(part.function) if isinstance(part, Call) else None
            over = own is not None and any(piece.function == table.SAMPLES for piece in calls_in(own.body))
            if own is None or not (over or set(names_in(own.body)) - set(own.parameters)):
                return part
            assert isinstance(part, Call)
            inner = transform(own.body, lambda piece: replace(piece, span=part.span))
            return Group(substitute(inner, dict(zip(own.parameters, part.arguments, strict=True))))

        found = transform(body, change)
        return found.inner if isinstance(found, Group) and not isinstance(body, Group) else found

    def is_known(self, part: Name, variables: Collection[str]) -> bool:
        """Is a name in a function's formula one of its variables, or a quantity's?"""
        named = part.name in variables or part.name in self.known or part.name == MISSING
        return named or isinstance(self.element(part), Element)

    def elements(self, part: Expression) -> Expression:
        """A document's name of an element as that element; anything else as it is."""
        return self.element(part) if isinstance(part, Name) else part

    def unknown_name(self, name: str) -> str:
        """What to do about a name that nothing has."""
        if name == "e":
            return "for the exponential function write e^x or exp(x)"
        if name in WORDS:
            return CASES
        if name[0] == "Σ":
            return "no index runs here: write Σ y*log(p), which is over all elements"
        if name in self.functions:
            return f"it is a function: write {name}(...)"
        base, stop, count = name.partition(".")
        if stop and base in self.known:
            return f"an intermediate result needs an equation of its own; for a product write {base}*0.{count}"
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


def calls_in(body: Expression) -> list[Call]:
    return [part for part in walk(body) if isinstance(part, Call)]
