"""One formula shape, executed for all nodes that share it: values, local derivatives, and the branches taken at kinks.

A template is a tree over numbered slots. Nodes whose formulas differ only in their operands' names share one; a group
of m such nodes runs it once, with NumPy, on operand arrays of shape (..., m) or, below a reduction, (..., m, K).
Leading axes are a batch (used by finite differences). The derivative rules here are the engine's own: reverse
accumulation over the tree, each rule written out once. A tree is compiled to a flat `Program` of these rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..formulas.functions import Array, Primitive, primitive
from ..formulas.rounding import RESIDUE, equal, holds, settled, without_residue
from ..values import Struct


class Slot(Struct, frozen=True):
    """The operand in slot `number`; `axes` are the lengths of the reductions it stands under."""

    number: int
    axes: tuple[int, ...]


class Fixed(Struct, frozen=True):
    """A number."""

    value: float


class Add(Struct, frozen=True):
    signs: tuple[int, ...]
    parts: tuple[Tree, ...]


class Multiply(Struct, frozen=True):
    """Factors; `divides` says which of them divide."""

    divides: tuple[bool, ...]
    parts: tuple[Tree, ...]


class Raise(Struct, frozen=True):
    """base ** exponent."""

    base: Tree
    exponent: Tree


class Apply(Struct, frozen=True):
    """A primitive of one variable."""

    function: str
    argument: Tree


class Reduce(Struct, frozen=True):
    """sum, mean, prod, max, min or logsumexp over the last axis."""

    how: str
    argument: Tree


class Softmax(Struct, frozen=True):
    """One element of a softmax over the last axis; slot `pick` holds which (an index, not a quantity)."""

    argument: Tree
    pick: int


class XLogY(Struct, frozen=True):
    """y·log(p), 0 where y = 0."""

    factor: Tree
    argument: Tree


class Choose(Struct, frozen=True):
    """`first` where left and right compare so, else `second`; the operator is one of < <= > >= ==."""

    operator: str
    left: Tree
    right: Tree
    first: Tree
    second: Tree


class Stack(Struct, frozen=True):
    """Several formulas side by side on a new last axis."""

    parts: tuple[Tree, ...]


class Dot(Struct, frozen=True):
    """Σ over the last axis of slot `left` × slot `right`, which come as the matrices or vectors they are parts of.

    No formula is lifted to this: `plan.py` puts it in the place of a sum of products whose operands lie regularly.
    """

    left: int
    right: int


Tree: TypeAlias = Slot | Fixed | Add | Multiply | Raise | Apply | Reduce | Softmax | XLogY | Choose | Stack | Dot


def parts(tree: Tree) -> tuple[Tree, ...]:
    """The direct parts of a template."""
    match tree:
        case Add(_, inner) | Multiply(_, inner) | Stack(inner):
            return inner
        case Raise(left, right) | XLogY(left, right):
            return (left, right)
        case Apply(_, argument) | Reduce(_, argument) | Softmax(argument, _):
            return (argument,)
        case Choose(_, left, right, first, second):
            return (left, right, first, second)
        case _:
            return ()


def rebuilt(tree: Tree, change: Callable[[Any], Tree]) -> Tree:
    """The template with each of its direct parts changed."""
    match tree:
        case Add(signs, inner):
            return Add(signs, tuple(change(part) for part in inner))
        case Multiply(divides, inner):
            return Multiply(divides, tuple(change(part) for part in inner))
        case Raise(base, exponent):
            return Raise(change(base), change(exponent))
        case Apply(function, argument):
            return Apply(function, change(argument))
        case Reduce(how, argument):
            return Reduce(how, change(argument))
        case Softmax(argument, pick):
            return Softmax(change(argument), pick)
        case XLogY(factor, argument):
            return XLogY(change(factor), change(argument))
        case Choose(operator=operator):
            return Choose(operator, *(change(part) for part in parts(tree)))
        case Stack(inner):
            return Stack(tuple(change(part) for part in inner))
        case _:
            return tree


Operands: TypeAlias = Sequence[Array]
_Frame: TypeAlias = list[Any]  # the operands, then constants and results, each in a register of its own
_Branches: TypeAlias = list[Array] | None
Jitter: TypeAlias = Callable[[Array], Array] | None  # what is done to every intermediate result
_DEAD = -1  # the register of a part that no adjoint needs to reach
TIED = -9.0  # the branch of a point that is a kink itself
SUSPECT = 1e-6  # of a product's largest operand: a smaller product may be nothing but rounding


class Outer(NamedTuple):
    """The outer product of a column and a row, not carried out yet: it may be written straight to where it belongs."""

    column: Array
    row: Array

    def array(self) -> Array:
        return np.asarray(np.multiply.outer(self.column, self.row))


def _pass(adjoints: _Frame, to: int, amount: Any) -> None:
    """Add to a part's adjoint."""
    if to >= 0:
        before = adjoints[to]
        adjoints[to] = amount if before is None else before + amount


class _Rule:
    """One operation with its derivative: `parts` are the registers it reads, `to` those its adjoint goes on to."""

    __slots__ = ("out", "parts", "to")

    def __init__(self, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        self.out = out
        self.parts = parts
        self.to = tuple(part if live[part] else _DEAD for part in parts)

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        raise NotImplementedError

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        raise NotImplementedError


class _Adding(_Rule):
    __slots__ = ("signs",)

    def __init__(self, tree: Add, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.signs = tree.signs

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        total = frame[self.parts[0]]
        if self.signs[0] < 0:
            total = -total
        for sign, part in zip(self.signs[1:], self.parts[1:], strict=True):
            total = total + frame[part] if sign > 0 else total - frame[part]
        frame[self.out] = settled(total, [frame[part] for part in self.parts]) if len(self.parts) > 1 else total

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        for sign, to in zip(self.signs, self.to, strict=True):
            if to >= 0:
                _pass(adjoints, to, adjoint if sign > 0 else -adjoint)


class _Multiplying(_Rule):
    __slots__ = ("divides",)

    def __init__(self, tree: Multiply, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.divides = tree.divides

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        total = frame[self.parts[0]]
        if self.divides[0]:
            total = 1.0 / total
        # a / b is one division: the reciprocal times a would lose the last bit
        for over, part in zip(self.divides[1:], self.parts[1:], strict=True):
            total = total / frame[part] if over else total * frame[part]
        frame[self.out] = total

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
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
            _pass(adjoints, to, -others * values[i] * values[i] if self.divides[i] else others)


class _Raising(_Rule):
    __slots__ = ("squared",)

    def __init__(self, tree: Raise, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.squared = isinstance(tree.exponent, Fixed) and tree.exponent.value == 2.0

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        below, above = frame[self.parts[0]], frame[self.parts[1]]
        frame[self.out] = below * below if self.squared else np.power(below, above)

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        below, above = frame[self.parts[0]], frame[self.parts[1]]
        if self.to[0] >= 0:
            # b⁰ is 1 for every b, at 0 as well, where 0·0⁻¹ has no value
            slope = 2.0 * below if self.squared else np.where(above == 0.0, 0.0, above * np.power(below, above - 1.0))
            _pass(adjoints, self.to[0], adjoint * slope)
        if self.to[1] >= 0:
            # 0^e is 0 for every e > 0, where 0·log(0) has no value
            slope = np.where((below == 0.0) & (above > 0.0), 0.0, frame[self.out] * np.log(below))
            _pass(adjoints, self.to[1], adjoint * slope)


class _Applying(_Rule):
    __slots__ = ("row",)

    def __init__(self, tree: Apply, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.row: Primitive = primitive(tree.function)

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        inner = frame[self.parts[0]]
        frame[self.out] = self.row.value(inner)
        if branches is not None:
            branches.extend(np.where(inner == kink, TIED, np.sign(inner - kink)) for kink in self.row.kinks)

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        _pass(adjoints, self.to[0], adjoint * self.row.slope(frame[self.parts[0]], frame[self.out]))


class _Reducing(_Rule):
    __slots__ = ("how",)

    def __init__(self, tree: Reduce, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.how = tree.how

    def forward(self, frame: _Frame, branches: _Branches) -> None:
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

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
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
        _pass(adjoints, self.to[0], adjoint)


class _Sharing(_Rule):
    """Softmax; the second part is the slot of positions."""

    __slots__ = ()

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        shares, mine = self.shares(frame)
        frame[self.out] = np.where(mine, shares, 0.0).sum(-1)

    def shares(self, frame: _Frame) -> tuple[Array, Any]:
        inner = frame[self.parts[0]]
        powers = np.exp(inner - inner.max(-1, keepdims=True))
        mine = np.arange(inner.shape[-1]) == frame[self.parts[1]][..., None]
        return powers / powers.sum(-1, keepdims=True), mine

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        shares, mine = self.shares(frame)
        # 1 - a as the sum of the others: exact even when a is nearly 1
        rest = np.where(mine, 0.0, shares).sum(-1, keepdims=True)
        slopes = frame[self.out][..., None] * np.where(mine, rest, -shares)
        _pass(adjoints, self.to[0], np.asarray(adjoint)[..., None] * slopes)


class _TimesLog(_Rule):
    __slots__ = ()

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        y, p = frame[self.parts[0]], frame[self.parts[1]]
        zero = y == 0.0
        frame[self.out] = np.where(zero, 0.0, y * np.log(np.where(zero, 1.0, p)))

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        y, p = frame[self.parts[0]], frame[self.parts[1]]
        if self.to[0] >= 0:
            _pass(adjoints, self.to[0], adjoint * np.log(p))
        if self.to[1] >= 0:
            zero = y == 0.0
            _pass(adjoints, self.to[1], adjoint * np.where(zero, 0.0, y / np.where(zero, 1.0, p)))


class _Choosing(_Rule):
    """Of a comparison's own two sides no adjoint is passed on: moving them a little changes nothing."""

    __slots__ = ("operator",)

    def __init__(self, tree: Choose, out: int, parts: tuple[int, ...], live: Sequence[bool]) -> None:
        super().__init__(out, parts, live)
        self.operator = tree.operator

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        left, right = frame[self.parts[0]], frame[self.parts[1]]
        taken = holds(self.operator, left, right)
        frame[self.out] = np.where(taken, frame[self.parts[2]], frame[self.parts[3]])
        if branches is not None:
            branches.append(np.where(equal(left, right), TIED, taken))

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        taken = holds(self.operator, frame[self.parts[0]], frame[self.parts[1]])
        _pass(adjoints, self.to[2], np.where(taken, adjoint, 0.0))
        _pass(adjoints, self.to[3], np.where(taken, 0.0, adjoint))


class _Stacking(_Rule):
    __slots__ = ()

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        frame[self.out] = np.stack(np.broadcast_arrays(*(frame[part] for part in self.parts)), -1)

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        adjoint = np.broadcast_to(adjoint, frame[self.out].shape)
        for i, to in enumerate(self.to):
            _pass(adjoints, to, adjoint[..., i])


class _Dotting(_Rule):
    """A matrix times a vector, or times a matrix; the results row by row."""

    __slots__ = ()

    def forward(self, frame: _Frame, branches: _Branches) -> None:
        left, right = frame[self.parts[0]], frame[self.parts[1]]
        product = left @ right
        suspect = (np.abs(product) < SUSPECT * np.abs(right).max()) & (product != 0.0)
        if suspect.any():
            product = without_residue(product, RESIDUE * (np.abs(left) @ np.abs(right)))
        frame[self.out] = product if right.ndim == 1 else product.reshape(-1)

    def backward(self, frame: _Frame, adjoints: _Frame, adjoint: Any) -> None:
        left, right = frame[self.parts[0]], frame[self.parts[1]]
        if right.ndim == 1:
            _pass(adjoints, self.to[0], Outer(adjoint, right))
            _pass(adjoints, self.to[1], adjoint @ left)
        else:
            adjoint = adjoint.reshape(len(left), -1)
            _pass(adjoints, self.to[0], adjoint @ right.T)
            _pass(adjoints, self.to[1], left.T @ adjoint)


_RULES: Mapping[type, Callable[..., _Rule]] = MappingProxyType(
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


class _Guard(NamedTuple):
    """What a part of a case depends on: the comparison's two registers, and which outcome makes it count."""

    operator: str
    left: int
    right: int
    side: bool

    def kept(self, frame: _Frame, share: Any) -> Any:
        """The share where this case is taken, 0 elsewhere."""
        taken = np.asarray(holds(self.operator, frame[self.left], frame[self.right]) == self.side)
        deeper = np.ndim(share) - taken.ndim  # the axes of reductions inside the case
        return np.where(taken.reshape(taken.shape + (1,) * deeper) if deeper > 0 else taken, share, 0.0)


class Program:
    """A template as a flat list of operations over registers; made once, it builds nothing when it runs.

    Registers 0 .. slots - 1 are the operands, the others constants and results. `runs` counts executions, for those
    who hold a fact about them.
    """

    __slots__ = ("_back", "_guards", "_rest", "_result", "_steps", "runs", "slots")

    def __init__(self, tree: Tree, slots: int) -> None:
        self.slots = slots
        self.runs = 0
        self._rest: list[Any] = []
        live = [True] * slots
        steps: list[_Rule] = []
        self._guards: dict[int, tuple[_Guard, ...]] = {}

        def add(part: Tree, guards: tuple[_Guard, ...] = ()) -> int:
            if isinstance(part, Slot):
                return part.number
            if isinstance(part, Choose):
                found = [add(part.left, guards), add(part.right, guards)]
                for side, inner in ((True, part.first), (False, part.second)):
                    found.append(add(inner, (*guards, _Guard(part.operator, found[0], found[1], side))))
            else:
                found = [add(inner, guards) for inner in parts(part)]
            if isinstance(part, Softmax):
                live[part.pick] = False
                found.append(part.pick)
            elif isinstance(part, Dot):
                found = [part.left, part.right]
            register = slots + len(self._rest)
            self._rest.append(np.float64(part.value) if isinstance(part, Fixed) else None)
            live.append(any(live[inner] for inner in found))
            if not isinstance(part, Fixed):
                steps.append(_RULES[type(part)](part, register, tuple(found), live))
                if guards:
                    self._guards[register] = guards
            return register

        self._result = add(tree)
        self._steps = tuple(steps)
        self._back = tuple(step for step in reversed(steps) if live[step.out])

    def run(self, operands: Operands, branches: _Branches = None, jitter: Jitter = None) -> _Frame:
        """Execute on the operands; what comes back holds every intermediate result, for `result` and `pull`.

        `jitter` may shake each of them a little: that shows how far rounding is felt in the result.
        """
        self.runs += 1
        frame = [*operands, *self._rest]
        for step in self._steps:
            step.forward(frame, branches)
            if jitter is not None:
                frame[step.out] = jitter(frame[step.out])
        return frame

    def result(self, frame: _Frame) -> Array:
        """The formula's value after a run."""
        return frame[self._result]  # type: ignore[no-any-return]

    def pull(self, frame: _Frame, adjoint: Array) -> _Frame:
        """adjoint × ∂formula/∂slot for every slot, of a shape that spreads to the slot's; None where there is none."""
        adjoints: _Frame = [None] * len(frame)
        adjoints[self._result] = adjoint
        for step in self._back:
            mine = adjoints[step.out]
            if mine is None:
                continue
            if step.out in self._guards:
                self._pull_guarded(step, frame, adjoints, mine)
            else:
                step.backward(frame, adjoints, mine)
        return adjoints[: self.slots]

    def _pull_guarded(self, step: _Rule, frame: _Frame, adjoints: _Frame, mine: Any) -> None:
        """Of the case that is not taken nothing is passed on, not even 0·∞ of a slope that it would not have."""
        targets = [to for to in dict.fromkeys(step.to) if to >= 0]
        before = [adjoints[to] for to in targets]
        for to in targets:
            adjoints[to] = None
        step.backward(frame, adjoints, mine)
        for to, earlier in zip(targets, before, strict=True):
            share = adjoints[to].array() if isinstance(adjoints[to], Outer) else adjoints[to]
            adjoints[to] = earlier
            if share is not None:
                for guard in self._guards[step.out]:
                    share = guard.kept(frame, share)
                _pass(adjoints, to, share)


def value(tree: Tree, operands: Operands, branches: list[Array] | None = None) -> Array:
    """The formula at the operands; with `branches`, also which side of every kink was taken."""
    program = Program(tree, len(operands))
    with np.errstate(all="ignore"):
        return program.result(program.run(operands, branches))


def pullback(tree: Tree, operands: Operands, adjoint: Array) -> list[Array]:
    """adjoint × ∂formula/∂slot for every slot, in the slot's own shape (0 for a slot that is an index)."""
    if not operands:
        return []  # numbers only: nothing to derive by
    program = Program(tree, len(operands))
    with np.errstate(all="ignore"):
        frame = program.run(operands)
        passed = program.pull(frame, np.broadcast_to(adjoint, np.shape(program.result(frame))))
    return [
        np.broadcast_to(0.0 if share is None else share, np.shape(operand))
        for share, operand in zip(passed, operands, strict=True)
    ]
