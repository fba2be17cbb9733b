"""The rule that takes a parameter one step on: plain gradient descent, or the equations of [learning.update].

    v = "beta*v + g"          # remembered: on the right it is the value of the step before, 0 at first
    w = "w - rate*v"          # w a parameter, g its gradient, rate the learning rate, t the number of the step

The lines are worked from top to bottom for every parameter by itself. A name stands for the value of its own line once
that has been worked, and for the value of the step before until then. A rule sees nothing of the network but w and g.
A total, as `norm(g)` in `g*min(1, c/norm(g))`, is one number of all parameters: here the norm of the whole gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import FormulaError, Problem, did_you_mean
from ..formulas import functions as table
from ..formulas.evaluate import evaluate
from ..formulas.expression import Call, Element, Expression, Name, transform, walk
from ..formulas.parse import MISSING, Notation, parse, read
from ..formulas.typeset import to_text
from ..scenario.loading import Equation, Scenario
from ..scenario.types import RULE_NAMES
from ..values import Struct, replace
from .lift import Lifter, Piece
from .program import value
from .written_out import CustomFunction, arity_faults, expanded

Values = NDArray[np.float64]
Memory: TypeAlias = Mapping[str, Values] | None  # of a rule, from one step to the next
PLAIN = "w - rate*g"
# have no sense for the one number that a rule works on
_WHOLE = ("prod", "logsumexp", "softmax", "outer", "samples")
_TOTALS: Mapping[str, Callable[[Values], Any]] = MappingProxyType(
    {"norm": np.linalg.norm, "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}
)

_ONLY = "norm(g), sum, mean, max and min are those of all parameters together"


class RuleLine(Struct, frozen=True):
    """One equation of the rule: `formula` as its author wrote it, `full` with all functions of his own written out."""

    name: str
    formula: Expression
    full: Expression
    lifted: Piece


class Total(Struct, frozen=True):
    """One number of all parameters: the `call` joins what the formula in its brackets, `each`, is for each.

    `name` is the call as text, `norm(g)`, which stands in the lines' formulas as a name.
    """

    name: str
    call: Call
    each: Piece


class Worked(Struct, frozen=True):
    """One step of the rule for every parameter: what each line came to, and what is remembered of it."""

    number: int
    known: Mapping[str, Values]  # w, g and the remembered names before the step
    results: tuple[Values, ...]  # of the lines
    after: Values
    memory: Mapping[str, Values]

    def operand(self, rule: UpdateRule, line: int, name: str, row: int) -> float:
        """The number that a name stands for in a line, for one parameter; KeyError for a name the rule hasn't."""
        earlier = next((i for i in range(line) if rule.lines[i].name == name), None)
        values = self.known[name] if earlier is None else self.results[earlier]
        return float(values[row])


class UpdateRule(Struct, frozen=True, dict=True):
    """A checked rule. `numbers` are its constants, `starts` the remembered names and where each begins."""

    lines: tuple[RuleLine, ...]
    rate: float
    numbers: Mapping[str, float]
    starts: Mapping[str, float]
    plain: bool  # w' = w - rate·g, which the document had no need to write
    totals: tuple[Total, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name that a formula may hold, in the order of the index arrays."""
        return (*_names([line.name for line in self.lines], self.numbers), *(total.name for total in self.totals))

    @cached_property
    def ready(self) -> bool:
        """Are all its numbers known?"""
        parts = [part for line in self.lines for part in walk(line.formula)]
        return self.rate == self.rate or not any(isinstance(part, Name) and part.name == "rate" for part in parts)

    def over_all(self, w: Values, g: Values, frozen: NDArray[np.bool_] | None = None) -> Mapping[str, float]:
        """Every total by its name, over the parameters w with gradients g that a step changes."""
        if not self.totals:
            return {}
        moved = slice(None) if frozen is None else ~frozen
        known: dict[str, Any] = {**self.numbers, "w": w[moved], "g": g[moved]}
        found = {}
        for total in self.totals:
            operands = [known[self.names[int(slot[0])]] for slot in total.each.slots]
            each = np.broadcast_to(value(total.each.tree, operands), known["w"].shape)
            found[total.name] = float(_TOTALS[total.call.function](each)) if each.size else 0.0
        return found

    def work(
        self,
        number: int,
        w: Values,
        g: Values,
        memory: Memory = None,
        rates: Values | None = None,
        frozen: NDArray[np.bool_] | None = None,
    ) -> Worked:
        """Step `number` (from 1) for parameters w with gradients g; `memory` is that of the step before.

        `rates` are the parameters' own, `frozen` those that stay as they are.
        """
        fixed = {"rate": self.rate, "t": float(number), **self.numbers, **self.over_all(w, g, frozen)}
        known = {name: np.broadcast_to(np.float64(value), w.shape) for name, value in fixed.items()}
        known |= {name: np.full(w.shape, start) for name, start in self.starts.items()} | dict(memory or {})
        known |= {"w": w, "g": g}
        if rates is not None:
            known["rate"] = rates
        current = dict(known)
        results = []
        for line in self.lines:
            operands = [current[self.names[int(slot[0])]] for slot in line.lifted.slots]
            result = np.broadcast_to(value(line.lifted.tree, operands), w.shape)
            current[line.name] = result
            results.append(result)
        remembered = {name: current[name] for name in self.starts}
        after = current["w"] if frozen is None else np.where(frozen, w, current["w"])
        return Worked(number, known, tuple(results), after, MappingProxyType(remembered))

    def by_hand(
        self,
        before: float,
        gradient: float,
        rate: float,
        totals: Mapping[str, float],
        written: Callable[[float], float] = lambda x: x,
    ) -> tuple[float, dict[str, float]]:
        """The first step for one parameter, line by line, each result as `written`: w after it, and every line's.

        `totals` are those of `over_all`.
        """
        current = {"rate": rate, "t": 1.0, **self.numbers, **self.starts, "w": before, "g": gradient, **totals}
        for line in self.lines:
            current[line.name] = written(evaluate(line.full, current.__getitem__))
        return current["w"], {line.name: current[line.name] for line in self.lines}


def _names(lines: Sequence[str], numbers: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*RULE_NAMES, *lines, *numbers)))


# ---------------------------------------------------------------- reading
def rule_of(scenario: Scenario, custom: Mapping[str, CustomFunction]) -> UpdateRule | None:
    """The rule of a checked scenario; None where it takes no step (it has neither a rate nor a rule)."""
    if not scenario.update and scenario.rate_text is None:
        return None
    rule, problems = read_rule(scenario, custom)
    assert rule is not None, problems
    return rule


def read_rule(
    scenario: Scenario, custom: Mapping[str, CustomFunction], doubtful: frozenset[str] = frozenset()
) -> tuple[UpdateRule | None, list[Problem]]:
    """The rule, and everything that is wrong with its formulas; None where there is something wrong."""
    problems: list[Problem] = []
    lines: list[RuleLine] = []
    totals: dict[str, Call] = {}
    names = _names([e.name for e in scenario.update], {v.name: v.value for v in scenario.rule_values})
    own = frozenset(function.name for function in scenario.functions)
    notation = Notation(table.NAMES | own | doubtful, frozenset(names).__contains__, own=own)
    places = {name: np.array(i) for i, name in enumerate(names)}
    lifter = Lifter(places, custom)
    for equation in scenario.update:
        formula, faults = read(equation.text, notation)
        if formula is not None:
            faults = (*faults, *arity_faults(formula, custom), *_faults(formula, names, scenario))
        problems += [_placed(fault, equation) for fault in faults]
        if formula is None or faults:
            continue
        try:
            formula = _with_totals(formula, totals)
            places |= {name: np.array(len(names) + i) for i, name in enumerate(totals)}
            full = expanded(formula, custom)
            _check_single(formula, custom)
            lines.append(RuleLine(equation.name, formula, full, lifter.scalar(full)))
        except FormulaError as error:
            problems.append(_placed(error, equation))
    if problems:
        return None, problems
    if not scenario.update:
        formula = parse(PLAIN, notation)
        lines.append(RuleLine("w", formula, formula, lifter.scalar(formula)))
    given = {v.name: v.value for v in scenario.rule_values}
    worked = [line.name for line in lines]
    numbers = {name: value for name, value in given.items() if name not in worked}
    starts = {name: given.get(name, 0.0) for name in _remembered(lines)}
    rate = float("nan") if scenario.rate is None else scenario.rate
    found = tuple(
        Total(name, call, lifter.scalar(expanded(call.arguments[0], custom))) for name, call in totals.items()
    )
    return UpdateRule(
        tuple(lines), rate, MappingProxyType(numbers), MappingProxyType(starts), not scenario.update, found
    ), []  # fmt: skip


def _remembered(lines: Sequence[RuleLine]) -> Iterator[str]:
    """The names of lines that a formula needs before they are worked; the parameter itself is not among them."""
    for i, line in enumerate(lines):
        uses = {part.name for earlier in lines[: i + 1] for part in walk(earlier.formula) if isinstance(part, Name)}
        if line.name in uses and line.name != "w":
            yield line.name


def _is_total(part: Expression) -> bool:
    return isinstance(part, Call) and part.function in _TOTALS and len(part.arguments) == 1


def _with_totals(formula: Expression, totals: dict[str, Call]) -> Expression:
    """The formula with a name in the place of every total, which is entered into `totals`."""

    def named(part: Expression) -> Expression:
        if not isinstance(part, Call) or not _is_total(part):
            return part
        name = to_text(replace(part, text=part.function))
        totals.setdefault(name, part)
        return Name(name, name, part.span)

    return transform(formula, named)


def _check_single(formula: Expression, custom: Mapping[str, CustomFunction]) -> None:
    """FormulaError where a function is written out with one of several numbers: `dot(w, g)`."""
    for part in walk(formula):
        full = walk(expanded(part, custom)) if isinstance(part, Call) else ()
        if isinstance(part, Call) and any(_is_total(inner) or _is_whole(inner) for inner in full):
            raise _several(part)


def _is_whole(part: Expression) -> bool:
    return isinstance(part, Call) and part.function in _WHOLE


def _several(part: Call) -> FormulaError:
    said = f"'{part.text or part.function}' needs several numbers, and a rule works on one parameter at a time"
    return FormulaError(said, *part.span, "one number only", _ONLY)


def _faults(formula: Expression, names: Sequence[str], scenario: Scenario) -> Iterator[FormulaError]:
    """Every piece of a formula that a rule can't hold."""
    given = {value.name for value in scenario.rule_values} - {equation.name for equation in scenario.update}
    for part in walk(formula):
        if isinstance(part, (Name, Element)) and part.name not in (*names, MISSING):
            known = ", ".join(names)
            help = did_you_mean(part.name, names) or f"it knows {known}; give numbers under [learning.values]"
            yield FormulaError(f"the rule has nothing called '{part.name}'", *part.span, "not known", help)
        if isinstance(part, Name) and part.name == "rate" and scenario.rate_text is None:
            said = "the rule uses 'rate', and [learning] has none"
            yield FormulaError(said, *part.span, "no rate", "write rate = 0.1 there")
        if isinstance(part, Call) and _is_total(part):
            for inner in walk(part.arguments[0]):
                if isinstance(inner, Name) and inner.name in names and inner.name not in ("w", "g", *given):
                    said = f"'{part.text}' is one number of all parameters, so it can hold their w and g only"
                    yield FormulaError(said, *inner.span, "not w or g", "write norm(g), or sum(g**2)")
        if isinstance(part, Call) and _is_whole(part):
            yield _several(part)


def _placed(error: FormulaError, equation: Equation) -> Problem:
    """The problem where it stands in the file."""
    problem, where = error.problems[0], equation.where
    place = where.shifted(error.start, error.end - error.start) if where.column else where
    return Problem(problem.message, place, problem.label, problem.help)
