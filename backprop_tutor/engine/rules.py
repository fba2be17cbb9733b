"""The engine's derivative rules: each operation of a template on NumPy's arrays, forward and backward.

A group of m nodes has operand arrays of shape (..., m) or, below a reduction, (..., m, K). Leading axes are a batch
(used by finite differences). Backward is reverse accumulation over the tree, each rule written out once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..formulas.functions import Array, Primitive, primitive
from ..formulas.rounding import RESIDUE, equal, holds, settled, without_residue
from .template import Add, Apply, Choose, Dot, Fixed, Multiply, Raise, Reduce, Softmax, Stack, XLogY

Frame: TypeAlias = list[Any]  # the operands, then constants and results, each in a register of its own
Branches: TypeAlias = list[Array] | None
_DEAD = -1  # the register of a part that no adjoint needs to reach
TIED = -9.0  # the branch of a point that is a kink itself
SUSPECT = 1e-6  # of a product's largest operand: a smaller product may be nothing but rounding


class Outer(NamedTuple):
    """The outer product of a column and a row, not carried out yet: it may be written straight to where it belongs."""

    column: Array
    row: Array

    def array(self) -> Array:
        """The product itself."""
        return np.asarray(np.multiply.outer(self.column, self.row))


def pass_on(adjoints: Frame, to: int, amount: Any) -> None:
    """Add to a part's adjoint."""
    if to >= 0:
        before = adjoints[to]
        adjoints[to] = amount if before is None else before + amount


class Rule:
    """One operation with its derivative: `parts` are the registers it reads, `to` those its adjoint goes on to."""

    __slots__ = ("out", "parts", "to")

    def __init__(self, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        self.out = out
        self.parts = parts
        self.to = tuple(part if live[part] else _DEAD for part in parts)

    def forward(self, frame: Frame, branches: Branches) -> None:
        """Put the result into its register; `branches` takes which side of each kink was taken."""
        raise NotImplementedError

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        """Pass the result's adjoint on to the parts, times ∂result/∂part."""
        raise NotImplementedError


class _Adding(Rule):
    __slots__ = ("signs",)

    def __init__(self, tree: Add, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.signs = tree.signs

    def forward(self, frame: Frame, branches: Branches) -> None:
        total = frame[self.parts[0]]
        if self.signs[0] < 0:
            total = -total
        for sign, part in zip(self.signs[1:], self.parts[1:], strict=True):
            total = total + frame[part] if sign > 0 else total - frame[part]
        frame[self.out] = settled(total, [frame[part] for part in self.parts]) if len(self.parts) > 1 else total

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        for sign, to in zip(self.signs, self.to, strict=True):
            if to >= 0:
                pass_on(adjoints, to, adjoint if sign > 0 else -adjoint)


class _Multiplying(Rule):
    __slots__ = ("divides",)

    def __init__(self, tree: Multiply, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.divides = tree.divides

    def forward(self, frame: Frame, branches: Branches) -> None:
        total = frame[self.parts[0]]
        if self.divides[0]:
            total = 1.0 / total
        # a / b is one division: the reciprocal times a would lose the last bit
        for over, part in zip(self.divides[1:], self.parts[1:], strict=True):
            total = total / frame[part] if over else total * frame[part]
        frame[self.out] = total

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        pairs = zip(self.divides, self.parts, strict=True)
        values = [1.0 / frame[part] if over else frame[part] for over, part in pairs]
        scale = 1.0  # all constant factors in one
        for to, value in zip(self.to, values, strict=True):
            if to < 0 and np.ndim(value) == 0:
                scale = scale * value
        if scale != 1.0:
            adjoint = adjoint * scale
        for i, to in enumerate(self.to):
            if to < 0:
                continue
            others = adjoint
            for j, value in enumerate(values):
                if j != i and not (self.to[j] < 0 and np.ndim(value) == 0):
                    others = others * value
            # d(1/v)/dv = -1/v²
            pass_on(adjoints, to, -others * values[i] * values[i] if self.divides[i] else others)


class _Raising(Rule):
    __slots__ = ("squared",)

    def __init__(self, tree: Raise, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.squared = isinstance(tree.exponent, Fixed) and tree.exponent.value == 2.0

    def forward(self, frame: Frame, branches: Branches) -> None:
        below, above = frame[self.parts[0]], frame[self.parts[1]]
        frame[self.out] = below * below if self.squared else np.power(below, above)

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        below, above = frame[self.parts[0]], frame[self.parts[1]]
        if self.to[0] >= 0:
            # b⁰ is 1 for every b, at 0 as well, where 0·0⁻¹ has no value
            slope = 2.0 * below if self.squared else np.where(above == 0.0, 0.0, above * np.power(below, above - 1.0))
            pass_on(adjoints, self.to[0], adjoint * slope)
        if self.to[1] >= 0:
            # 0^e is 0 for every e > 0, where 0·log(0) has no value
            slope = np.where((below == 0.0) & (above > 0.0), 0.0, frame[self.out] * np.log(below))
            pass_on(adjoints, self.to[1], adjoint * slope)


class _Applying(Rule):
    __slots__ = ("row",)

    def __init__(self, tree: Apply, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.row: Primitive = primitive(tree.function)

    def forward(self, frame: Frame, branches: Branches) -> None:
        inner = frame[self.parts[0]]
        frame[self.out] = self.row.value(inner)
        if branches is not None:
            branches.extend(np.where(inner == kink, TIED, np.sign(inner - kink)) for kink in self.row.kinks)

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        pass_on(adjoints, self.to[0], adjoint * self.row.slope(frame[self.parts[0]], frame[self.out]))


class _Reducing(Rule):
    __slots__ = ("how",)

    def __init__(self, tree: Reduce, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.how = tree.how

    def forward(self, frame: Frame, branches: Branches) -> None:
        inner = frame[self.parts[0]]
        if self.how in ("sum", "mean"):
            total = without_residue(np.add.reduce(inner, -1), RESIDUE * np.add.reduce(np.abs(inner), -1))
            frame[self.out] = total if self.how == "sum" else total / inner.shape[-1]
        elif self.how == "prod":
            frame[self.out] = np.multiply.reduce(inner, -1)
        elif self.how == "logsumexp":
            top = inner.max(-1, keepdims=True)
            frame[self.out] = top[..., 0] + np.log(np.exp(inner - top).sum(-1))
        else:
            chosen, tied = self.choice(inner)
            frame[self.out] = np.take_along_axis(inner, chosen[..., None], -1)[..., 0]
            if branches is not None:
                branches.append(np.where(tied, TIED, chosen))

    def choice(self, inner: Array) -> tuple[Any, Any]:
        """Which element is the largest (the smallest), the first of those that are equal; and are there several?"""
        top = inner.max(-1, keepdims=True) if self.how == "max" else inner.min(-1, keepdims=True)
        among = equal(inner, top) | np.isnan(inner)
        return among.argmax(-1), among.sum(-1) > 1

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        inner = frame[self.parts[0]]
        adjoint = np.asarray(adjoint)[..., None]
        if self.how == "mean":
            adjoint = adjoint * (1.0 / inner.shape[-1])
        elif self.how == "prod":
            # the product of those before and those after it: no division, which a 0 would spoil
            edge = np.ones_like(inner[..., :1])
            before = np.cumprod(np.concatenate([edge, inner[..., :-1]], -1), -1)
            after = np.cumprod(np.concatenate([edge, inner[..., :0:-1]], -1), -1)[..., ::-1]
            adjoint = adjoint * before * after
        elif self.how == "logsumexp":
            powers = np.exp(inner - inner.max(-1, keepdims=True))
            adjoint = adjoint * (powers / powers.sum(-1, keepdims=True))
        elif self.how != "sum":
            chosen, _ = self.choice(inner)
            adjoint = adjoint * np.where(np.arange(inner.shape[-1]) == chosen[..., None], 1.0, 0.0)
        pass_on(adjoints, self.to[0], adjoint)


class _Sharing(Rule):
    """Softmax; the second part is the slot of positions."""

    __slots__ = ()

    def forward(self, frame: Frame, branches: Branches) -> None:
        shares, mine = self.shares(frame)
        frame[self.out] = np.where(mine, shares, 0.0).sum(-1)

    def shares(self, frame: Frame) -> tuple[Array, Any]:
        inner = frame[self.parts[0]]
        powers = np.exp(inner - inner.max(-1, keepdims=True))
        mine = np.arange(inner.shape[-1]) == frame[self.parts[1]][..., None]
        return powers / powers.sum(-1, keepdims=True), mine

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        shares, mine = self.shares(frame)
        # 1 - a as the sum of the others: exact even when a is nearly 1
        rest = np.where(mine, 0.0, shares).sum(-1, keepdims=True)
        slopes = frame[self.out][..., None] * np.where(mine, rest, -shares)
        pass_on(adjoints, self.to[0], np.asarray(adjoint)[..., None] * slopes)


class _TimesLog(Rule):
    __slots__ = ()

    def forward(self, frame: Frame, branches: Branches) -> None:
        y, p = frame[self.parts[0]], frame[self.parts[1]]
        zero = y == 0.0
        frame[self.out] = np.where(zero, 0.0, y * np.log(np.where(zero, 1.0, p)))

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        y, p = frame[self.parts[0]], frame[self.parts[1]]
        if self.to[0] >= 0:
            pass_on(adjoints, self.to[0], adjoint * np.log(p))
        if self.to[1] >= 0:
            zero = y == 0.0
            pass_on(adjoints, self.to[1], adjoint * np.where(zero, 0.0, y / np.where(zero, 1.0, p)))


class _Choosing(Rule):
    """Of a comparison's own two sides no adjoint is passed on: moving them a little changes nothing."""

    __slots__ = ("operator",)

    def __init__(self, tree: Choose, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.operator = tree.operator

    def forward(self, frame: Frame, branches: Branches) -> None:
        left, right = frame[self.parts[0]], frame[self.parts[1]]
        taken = holds(self.operator, left, right)
        frame[self.out] = np.where(taken, frame[self.parts[2]], frame[self.parts[3]])
        if branches is not None:
            branches.append(np.where(equal(left, right), TIED, taken))

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        taken = holds(self.operator, frame[self.parts[0]], frame[self.parts[1]])
        pass_on(adjoints, self.to[2], np.where(taken, adjoint, 0.0))
        pass_on(adjoints, self.to[3], np.where(taken, 0.0, adjoint))


class _Stacking(Rule):
    __slots__ = ()

    def forward(self, frame: Frame, branches: Branches) -> None:
        frame[self.out] = np.stack(np.broadcast_arrays(*(frame[part] for part in self.parts)), -1)

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        adjoint = np.broadcast_to(adjoint, frame[self.out].shape)
        for i, to in enumerate(self.to):
            pass_on(adjoints, to, adjoint[..., i])


class _Dotting(Rule):
    """A matrix times a vector, or times a matrix; the results row by row."""

    __slots__ = ()

    def forward(self, frame: Frame, branches: Branches) -> None:
        left, right = frame[self.parts[0]], frame[self.parts[1]]
        product = left @ right
        suspect = (np.abs(product) < SUSPECT * np.abs(right).max()) & (product != 0.0)
        if suspect.any():
            product = without_residue(product, RESIDUE * (np.abs(left) @ np.abs(right)))
        frame[self.out] = product if right.ndim == 1 else product.reshape(-1)

    def backward(self, frame: Frame, adjoints: Frame, adjoint: Any) -> None:
        left, right = frame[self.parts[0]], frame[self.parts[1]]
        if right.ndim == 1:
            pass_on(adjoints, self.to[0], Outer(adjoint, right))
            pass_on(adjoints, self.to[1], adjoint @ left)
        else:
            adjoint = adjoint.reshape(len(left), -1)
            pass_on(adjoints, self.to[0], adjoint @ right.T)
            pass_on(adjoints, self.to[1], left.T @ adjoint)


RULES: Mapping[type, Callable[..., Rule]] = MappingProxyType(
    {
        Add: _Adding,
        Multiply: _Multiplying,
        Raise: _Raising,
        Apply: _Applying,
        Reduce: _Reducing,
        Softmax: lambda _, *rest: _Sharing(*rest),
        XLogY: lambda _, *rest: _TimesLog(*rest),
        Choose: _Choosing,
        Stack: lambda _, *rest: _Stacking(*rest),
        Dot: lambda _, *rest: _Dotting(*rest),
    }
)
