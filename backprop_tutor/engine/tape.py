"""A small network as a tape: elementary operations on Python's own numbers, played forward and back.

A call of NumPy takes as long as some ten operations on single numbers; where a graph has few operands for each
operation of its templates, the tape is the faster way to the same values and adjoints. Its rules are those of
`rules.py` at one number. What it has no rule for, or no number (a division by 0, an overflow), is left to the plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..formulas.at_one_number import at_one_number
from ..formulas.rounding import RESIDUE
from .template import Add, Apply, Fixed, Multiply, Raise, Reduce, Slot, Stack, Tree, parts

Values: TypeAlias = NDArray[np.float64]
Registers: TypeAlias = list[float]  # one for each node, then constants and intermediate results
MOST = 500  # operands of a graph that is played: to write the tape takes some microseconds for each
PER_OPERATION = 30  # operands for each operation of a template, from where on NumPy is as fast


class Group(Protocol):
    """What is read of a group of nodes."""

    @property
    def tree(self) -> Tree: ...
    @property
    def slots(self) -> tuple[NDArray[np.int64], ...]: ...
    @property
    def start(self) -> int: ...
    @property
    def rows(self) -> int: ...


class Operation(NamedTuple):
    """One rule at its registers: `backward` adds to the adjoints of what `forward` reads."""

    forward: Callable[[Registers], None]
    backward: Callable[[Registers, Registers], None]


class Result(NamedTuple):
    """A node, the register of its formula's value, and the operations that lead there."""

    node: int
    register: int
    operations: tuple[Operation, ...]


class Played(NamedTuple):
    """What a tape's forward pass leaves for the way back."""

    registers: Registers


class Tape:
    """All operations of a graph, in the order of calculation."""

    __slots__ = ("_more", "_results", "size")

    def __init__(self, size: int, results: Sequence[Result], more: Sequence[float]) -> None:
        self.size = size  # of the graph
        self._results = tuple(results)
        self._more = tuple(more)  # constants, and 0 for each intermediate result

    def forward(self, leaves: Values) -> Played | None:
        """Every node's value and every intermediate result; None where one has no number."""
        registers = [*leaves.tolist(), *self._more]
        try:
            for node, register, operations in self._results:
                for forward, _ in operations:
                    forward(registers)
                registers[node] = registers[register]
        except (ArithmeticError, ValueError):
            return None
        return Played(registers)

    def values(self, played: Played) -> Values:
        """The values of the graph's nodes."""
        return np.array(played.registers[: self.size])

    def backward(self, values: Values, seeds: Mapping[int, float], played: Played | None = None) -> Values | None:
        """The adjoint of every node from those of the outputs; None where one has no number.

        `played` is what the forward pass of the same values has left.
        """
        adjoints = [0.0] * (self.size + len(self._more))
        for node, seed in seeds.items():
            adjoints[node] += seed
        try:
            registers = self._intermediate(values) if played is None else played.registers
            for node, register, operations in reversed(self._results):
                if adjoints[node]:
                    adjoints[register] += adjoints[node]
                    for _, backward in operations[::-1]:
                        backward(registers, adjoints)
        except (ArithmeticError, ValueError):
            return None
        return np.array(adjoints[: self.size])

    def _intermediate(self, values: Values) -> Registers:
        """The registers where the values of all nodes are known, and may be others than their formulas'."""
        registers = [*values.tolist(), *self._more]
        for _, _, operations in self._results:
            for forward, _ in operations:
                forward(registers)
        return registers


def tape_of(groups: Sequence[Group], size: int) -> Tape | None:
    """The graph's tape; None where a graph is large, or has an operation that the tape has no rule for."""
    operands = sum(slot.size for group in groups for slot in group.slots)
    if operands > min(MOST, PER_OPERATION * sum(_operations(group.tree) for group in groups)):
        return None
    writer = _Writer(size)
    try:
        results = [writer.result(group, row) for group in groups for row in range(group.rows)]
    except _NoRuleError:
        return None
    return Tape(size, results, writer.more)


def _operations(tree: Tree) -> int:
    return sum(map(_operations, parts(tree)), not isinstance(tree, (Slot, Fixed)))


class _NoRuleError(Exception):
    """An operation that the tape has no rule for."""


class _Writer:
    """Templates written out, row by row."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.more: list[float] = []
        self.constants: set[int] = set()

    def result(self, group: Group, row: int) -> Result:
        operations: list[Operation] = []

        def write(tree: Tree, index: tuple[int, ...]) -> int:
            match tree:
                case Slot(number, axes):
                    return int(group.slots[number][(row, *index[: len(axes)])])
                case Fixed(value):
                    register = self.register(value)
                    self.constants.add(register)
                    return register
                case Add(signs, inner):
                    terms = [(sign, write(part, index)) for sign, part in zip(signs, inner, strict=True)]
                    return done(lambda out: _added(out, terms))
                case Multiply((False, False), (left, right)):
                    one, other = write(left, index), write(right, index)
                    return done(lambda out: _multiplied(out, one, other))
                case Multiply(divides, inner):
                    factors = [(over, write(part, index)) for over, part in zip(divides, inner, strict=True)]
                    return done(lambda out: _divided(out, factors, self.constants))
                case Raise(base, Fixed(exponent)):
                    below = write(base, index)
                    return done(lambda out: _raised(out, below, exponent))
                case Apply(function, argument):
                    inside = write(argument, index)
                    return done(lambda out: _applied(out, inside, function))
                case Reduce("sum", Multiply((False, False), (Slot() as left, Slot() as right))):
                    pairs = [(write(left, at), write(right, at)) for at in along(left, index)]
                    return done(lambda out: _summed_products(out, pairs))
                case Reduce("sum" | "mean" as how, Stack(inner)):
                    terms = [(1, write(part, index)) for part in inner]
                    return mean(terms, how)
                case Reduce("sum" | "mean" as how, argument):
                    terms = [(1, write(argument, at)) for at in along(argument, index)]
                    return mean(terms, how)
                case _:
                    raise _NoRuleError

        def mean(terms: list[tuple[int, int]], how: str) -> int:
            total = done(lambda out: _added(out, terms))
            if how == "sum":
                return total
            count = write(Fixed(float(len(terms))), ())
            return done(lambda out: _divided(out, [(False, total), (True, count)], self.constants))

        def done(make: Callable[[int], Operation]) -> int:
            out = self.register(0.0)
            operations.append(make(out))
            return out

        def along(argument: Tree, index: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
            axes = max(_axes(argument), key=len, default=())
            if len(axes) <= len(index):
                raise _NoRuleError
            return ((*index, k) for k in range(axes[len(index)]))

        return Result(group.start + row, write(group.tree, ()), tuple(operations))

    def register(self, value: float) -> int:
        self.more.append(value)
        return self.size + len(self.more) - 1


def _axes(tree: Tree) -> Iterator[tuple[int, ...]]:
    """The reductions that each operand stands under."""
    if isinstance(tree, Slot):
        yield tree.axes
    for part in parts(tree):
        yield from _axes(part)


# ---------------------------------------------------------------- the rules, at one number
def _added(out: int, terms: Sequence[tuple[int, int]]) -> Operation:
    def forward(r: Registers) -> None:
        total = size = 0.0
        for sign, at in terms:
            value = r[at]
            total = total + value if sign > 0 else total - value
            size += abs(value)
        r[out] = 0.0 if abs(total) < RESIDUE * size else total

    def backward(r: Registers, adjoints: Registers) -> None:
        adjoint = adjoints[out]
        for sign, at in terms:
            adjoints[at] += adjoint if sign > 0 else -adjoint

    return Operation(forward, backward)


def _summed_products(out: int, pairs: Sequence[tuple[int, int]]) -> Operation:
    def forward(r: Registers) -> None:
        total = size = 0.0
        for one, other in pairs:
            product = r[one] * r[other]
            total += product
            size += abs(product)
        r[out] = 0.0 if abs(total) < RESIDUE * size else total

    def backward(r: Registers, adjoints: Registers) -> None:
        adjoint = adjoints[out]
        for one, other in pairs:
            adjoints[one] += adjoint * r[other]
            adjoints[other] += adjoint * r[one]

    return Operation(forward, backward)


def _multiplied(out: int, one: int, other: int) -> Operation:
    def forward(r: Registers) -> None:
        r[out] = r[one] * r[other]

    def backward(r: Registers, adjoints: Registers) -> None:
        adjoint = adjoints[out]
        adjoints[one] += adjoint * r[other]
        adjoints[other] += adjoint * r[one]

    return Operation(forward, backward)


def _divided(out: int, factors: Sequence[tuple[bool, int]], constants: set[int]) -> Operation:
    """A product of any number of factors, some of which divide."""
    moving = [(i, over, at) for i, (over, at) in enumerate(factors) if at not in constants]

    def forward(r: Registers) -> None:
        over, at = factors[0]
        total = 1.0 / r[at] if over else r[at]
        for over, at in factors[1:]:
            total = total / r[at] if over else total * r[at]
        r[out] = total

    def backward(r: Registers, adjoints: Registers) -> None:
        values = [1.0 / r[at] if over else r[at] for over, at in factors]
        for i, over, at in moving:
            share = adjoints[out]
            for j, value in enumerate(values):
                if j != i:
                    share *= value
            adjoints[at] += -share * values[i] * values[i] if over else share

    return Operation(forward, backward)


def _raised(out: int, base: int, exponent: float) -> Operation:
    def squared(r: Registers) -> None:
        r[out] = r[base] * r[base]

    def twice(r: Registers, adjoints: Registers) -> None:
        adjoints[base] += adjoints[out] * 2.0 * r[base]

    def forward(r: Registers) -> None:
        value = r[base] ** exponent
        if isinstance(value, complex):
            raise ArithmeticError
        r[out] = value

    def backward(r: Registers, adjoints: Registers) -> None:
        # b⁰ is 1 for every b, at 0 as well, where 0·0⁻¹ has no value
        slope = exponent * r[base] ** (exponent - 1.0) if exponent else 0.0
        adjoints[base] += adjoints[out] * slope

    return Operation(squared, twice) if exponent == 2.0 else Operation(forward, backward)


def _applied(out: int, argument: int, function: str) -> Operation:
    rules = at_one_number(function)
    if rules is None:
        raise _NoRuleError
    value, slope = rules

    def forward(r: Registers) -> None:
        r[out] = value(r[argument])

    def backward(r: Registers, adjoints: Registers) -> None:
        adjoints[argument] += adjoints[out] * slope(r[argument], r[out])

    return Operation(forward, backward)
