"""One formula shape, executed for all nodes that share it: values, local derivatives, and the branches taken at kinks.

A template is a tree over numbered slots. Nodes whose formulas differ only in their operands' names share one; a group
of m such nodes runs it once, with NumPy, on operand arrays of shape (..., m) or, below a reduction, (..., m, K).
Leading axes are a batch (used by finite differences). The derivative rules here are the engine's own: reverse
accumulation over the tree, each rule written out once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .functions import Array, Primitive, primitive


@dataclass(frozen=True, slots=True)
class Slot:
    """The operand in slot `number`; `axes` are the lengths of the reductions it stands under."""

    number: int
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Add:
    signs: tuple[int, ...]
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Multiply:
    """Factors; `divides` says which of them divide."""

    divides: tuple[bool, ...]
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Raise:
    """base ** exponent."""

    base: Tree
    exponent: Tree


@dataclass(frozen=True, slots=True)
class Apply:
    """A primitive of one variable."""

    function: str
    argument: Tree


@dataclass(frozen=True, slots=True)
class Reduce:
    """sum, mean, max, min or logsumexp over the last axis."""

    how: str
    argument: Tree


@dataclass(frozen=True, slots=True)
class Softmax:
    """One element of a softmax over the last axis; slot `pick` holds which (an index, not a quantity)."""

    argument: Tree
    pick: int


@dataclass(frozen=True, slots=True)
class XLogY:
    """y·log(p), 0 where y = 0."""

    factor: Tree
    argument: Tree


@dataclass(frozen=True, slots=True)
class Stack:
    """Several formulas side by side on a new last axis."""

    parts: tuple[Tree, ...]


Tree: TypeAlias = Slot | Fixed | Add | Multiply | Raise | Apply | Reduce | Softmax | XLogY | Stack


def parts(tree: Tree) -> tuple[Tree, ...]:
    """The direct parts of a template."""
    match tree:
        case Add(_, inner) | Multiply(_, inner) | Stack(inner):
            return inner
        case Raise(left, right) | XLogY(left, right):
            return (left, right)
        case Apply(_, argument) | Reduce(_, argument) | Softmax(argument, _):
            return (argument,)
        case _:
            return ()


Operands: TypeAlias = Sequence[Array]
_Backward: TypeAlias = Callable[[Array], None]


class _Run:
    """One execution: forward builds, for every inner node, the function that passes an adjoint on to its parts."""

    def __init__(self, operands: Operands, keep: bool, branches: list[Array] | None) -> None:
        self.operands = operands
        self.keep = keep
        self.branches = branches
        self.adjoints: list[Array | float] = [0.0] * len(operands)

    def run(self, tree: Tree) -> tuple[Array, _Backward | None]:
        match tree:
            case Slot(number):
                return self.operands[number], self._slot(number) if self.keep else None
            case Fixed(value):
                return np.float64(value), None  # type: ignore[return-value]
            case Add(signs, parts):
                return self._add(signs, parts)
            case Multiply(divides, parts):
                return self._multiply(divides, parts)
            case Raise(base, exponent):
                return self._raise(base, exponent)
            case Apply(function, argument):
                return self._apply(primitive(function), argument)
            case Reduce(how, argument):
                return self._reduce(how, argument)
            case Softmax(argument, pick):
                return self._softmax(argument, pick)
            case XLogY(factor, argument):
                return self._xlogy(factor, argument)
            case Stack(parts):
                return self._stack(parts)

    def _slot(self, number: int) -> _Backward:
        def back(adjoint: Array) -> None:
            self.adjoints[number] = self.adjoints[number] + adjoint

        return back

    def _add(self, signs: tuple[int, ...], parts: tuple[Tree, ...]) -> tuple[Array, _Backward | None]:
        ran = [self.run(part) for part in parts]
        total = ran[0][0] if signs[0] > 0 else -ran[0][0]
        for sign, (value, _) in zip(signs[1:], ran[1:], strict=True):
            total = total + value if sign > 0 else total - value
        if not self.keep:
            return total, None
        passes = [(sign, back) for sign, (_, back) in zip(signs, ran, strict=True) if back is not None]

        def back(adjoint: Array) -> None:
            for sign, onward in passes:
                onward(adjoint if sign > 0 else -adjoint)

        return total, back

    def _multiply(self, divides: tuple[bool, ...], parts: tuple[Tree, ...]) -> tuple[Array, _Backward | None]:
        ran = [self.run(part) for part in parts]
        values = [1.0 / value if over else value for over, (value, _) in zip(divides, ran, strict=True)]
        # a / b is one division: the reciprocal times a would lose the last bit
        total = ran[0][0]
        for over, (value, _) in zip(divides[1:], ran[1:], strict=True):
            total = total / value if over else total * value
        if not self.keep:
            return total, None

        def back(adjoint: Array) -> None:
            for i, (_, onward) in enumerate(ran):
                if onward is None:
                    continue
                others = adjoint
                for j, value in enumerate(values):
                    if j != i:
                        others = others * value
                # d(1/v)/dv = -1/v²
                onward(-others * values[i] * values[i] if divides[i] else others)

        return total, back

    def _raise(self, base: Tree, exponent: Tree) -> tuple[Array, _Backward | None]:
        below, back_base = self.run(base)
        above, back_exponent = self.run(exponent)
        squared = isinstance(exponent, Fixed) and exponent.value == 2.0
        total = below * below if squared else np.power(below, above)
        if not self.keep:
            return total, None

        def back(adjoint: Array) -> None:
            if back_base is not None:
                # b⁰ is 1 for every b, at 0 as well, where 0·0⁻¹ has no value
                slope = 2.0 * below if squared else np.where(above == 0.0, 0.0, above * np.power(below, above - 1.0))
                back_base(adjoint * slope)
            if back_exponent is not None:
                # 0^e is 0 for every e > 0, where 0·log(0) has no value
                back_exponent(adjoint * np.where((below == 0.0) & (above > 0.0), 0.0, total * np.log(below)))

        return total, back

    def _apply(self, row: Primitive, argument: Tree) -> tuple[Array, _Backward | None]:
        inner, onward = self.run(argument)
        total = row.value(inner)
        if self.branches is not None:
            self.branches.extend(np.sign(inner - kink) for kink in row.kinks)
        if not self.keep or onward is None:
            return total, None
        return total, lambda adjoint: onward(adjoint * row.slope(inner, total))

    def _reduce(self, how: str, argument: Tree) -> tuple[Array, _Backward | None]:
        inner, onward = self.run(argument)
        count = inner.shape[-1]
        weights: Array | float
        if how == "sum":
            total, weights = inner.sum(-1), 1.0
        elif how == "mean":
            total, weights = inner.mean(-1), 1.0 / count
        elif how == "logsumexp":
            top = inner.max(-1, keepdims=True)
            powers = np.exp(inner - top)
            denominator = powers.sum(-1, keepdims=True)
            total = top[..., 0] + np.log(denominator[..., 0])
            weights = powers / denominator
        else:
            chosen = inner.argmax(-1) if how == "max" else inner.argmin(-1)
            total = np.take_along_axis(inner, chosen[..., None], -1)[..., 0]
            weights = np.where(np.arange(count) == chosen[..., None], 1.0, 0.0)
            if self.branches is not None:
                tied = (inner == total[..., None]).sum(-1) > 1
                self.branches.append(np.where(tied, -1.0, chosen))
        if not self.keep or onward is None:
            return total, None
        shape = inner.shape
        return total, lambda adjoint: onward(np.broadcast_to(np.expand_dims(adjoint, -1) * weights, shape))

    def _softmax(self, argument: Tree, pick: int) -> tuple[Array, _Backward | None]:
        inner, onward = self.run(argument)
        powers = np.exp(inner - inner.max(-1, keepdims=True))
        shares = powers / powers.sum(-1, keepdims=True)
        chosen = self.operands[pick].astype(np.intp)
        mine = np.arange(inner.shape[-1]) == chosen[..., None]
        total = np.where(mine, shares, 0.0).sum(-1)
        if not self.keep or onward is None:
            return total, None
        # 1 - a as the sum of the others: exact even when a is nearly 1
        rest = np.where(mine, 0.0, shares).sum(-1, keepdims=True)
        slopes = total[..., None] * np.where(mine, rest, -shares)
        return total, lambda adjoint: onward(np.expand_dims(adjoint, -1) * slopes)

    def _xlogy(self, factor: Tree, argument: Tree) -> tuple[Array, _Backward | None]:
        y, back_y = self.run(factor)
        p, back_p = self.run(argument)
        zero = y == 0.0
        safe = np.where(zero, 1.0, p)
        total = np.where(zero, 0.0, y * np.log(safe))
        if not self.keep:
            return total, None

        def back(adjoint: Array) -> None:
            if back_y is not None:
                back_y(adjoint * np.log(p))
            if back_p is not None:
                back_p(adjoint * np.where(zero, 0.0, y / safe))

        return total, back

    def _stack(self, parts: tuple[Tree, ...]) -> tuple[Array, _Backward | None]:
        ran = [self.run(part) for part in parts]
        total = np.stack(np.broadcast_arrays(*(value for value, _ in ran)), -1)
        if not self.keep:
            return total, None

        def back(adjoint: Array) -> None:
            for i, (_, onward) in enumerate(ran):
                if onward is not None:
                    onward(adjoint[..., i])

        return total, back


def value(tree: Tree, operands: Operands, branches: list[Array] | None = None) -> Array:
    """The formula at the operands; with `branches`, also which side of every kink was taken."""
    with np.errstate(all="ignore"):
        return _Run(operands, False, branches).run(tree)[0]


def pullback(tree: Tree, operands: Operands, adjoint: Array) -> list[Array]:
    """adjoint × ∂formula/∂slot for every slot, in the slot's own shape (0 for a slot that is an index)."""
    with np.errstate(all="ignore"):
        run = _Run(operands, True, None)
        total, back = run.run(tree)
        if back is not None:
            back(np.broadcast_to(adjoint, np.shape(total)))
        return [np.broadcast_to(a, np.shape(o)) for a, o in zip(run.adjoints, operands, strict=True)]
