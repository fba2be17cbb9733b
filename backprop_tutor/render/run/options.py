"""What a reader asked `run` to show. Plain values: nothing heavy is imported, the command line builds one of these."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ...values import Struct

Part: TypeAlias = Literal["forward", "local", "backward", "update"]
View: TypeAlias = Literal["paths", "adjoints"]
PARTS: tuple[Part, ...] = ("forward", "local", "backward", "update")


class RunOptions(Struct, frozen=True):
    """The options of `run`.

    `grads` names derivatives to explain in full (`w11`, `dL/dw11`, `∂o1/∂w11`); then only these are shown. `by_hand`
    rounds every step to so many significant digits. `h` is the finite difference's step (None: one for each quantity).
    `steps` is how many update steps in a row are shown (None: as many as the scenario says).
    `samples` counts from 1 (None: all of up to four, else the first). `inputs` adds the gradients of the inputs.
    `all` sums nothing up, however long it is.
    `command` is how the same scenario with the same values is run again, for the hints.
    """

    parts: tuple[str, ...] = PARTS
    grads: tuple[str, ...] = ()
    view: View = "paths"
    digits: int = 6
    by_hand: int | None = None
    method: Literal["central", "forward"] = "central"
    h: float | None = None
    steps: int | None = None
    samples: tuple[int, ...] | None = None
    inputs: bool = False
    all: bool = False
    quiet: bool = False
    command: str = ""
