"""A template compiled to a flat list of its rules, and run: values, local derivatives, branches taken at kinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..formulas.functions import Array
from ..formulas.rounding import holds
from .rules import RULES, Branches, Frame, Outer, Rule, pass_on
from .template import Choose, Dot, Fixed, Slot, Softmax, Tree, parts

Operands: TypeAlias = Sequence[Array]
Jitter: TypeAlias = Callable[[Array], Array] | None  # what is done to every intermediate result


class _Guard(NamedTuple):
    """What a part of a case depends on: the comparison's two registers, and which outcome makes it count."""

    operator: str
    left: int
    right: int
    side: bool

    def kept(self, frame: Frame, share: Any) -> Any:
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
        steps: list[Rule] = []
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
                steps.append(RULES[type(part)](part, register, tuple(found), live))
                if guards:
                    self._guards[register] = guards
            return register

        self._result = add(tree)
        self._steps = tuple(steps)
        self._back = tuple(step for step in reversed(steps) if live[step.out])

    def run(self, operands: Operands, branches: Branches = None, jitter: Jitter = None) -> Frame:
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

    def result(self, frame: Frame) -> Array:
        """The formula's value after a run."""
        return frame[self._result]  # type: ignore[no-any-return]

    def pull(self, frame: Frame, adjoint: Array) -> Frame:
        """adjoint × ∂formula/∂slot for every slot, of a shape that spreads to the slot's; None where there is none."""
        adjoints: Frame = [None] * len(frame)
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

    def _pull_guarded(self, step: Rule, frame: Frame, adjoints: Frame, mine: Any) -> None:
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
                pass_on(adjoints, to, share)


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
