"""The options of the commands, each declared once, and what their texts mean.

Importing this costs typer and nothing else; help, version and usage errors need no more.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from ..errors import Problem, RequestError, Where
from .completion import complete_quantity, complete_scenario, complete_value, offered
from .look import Color

SHOW, NUMBERS, OUTPUT, LOOK = "What is shown", "Numbers", "Output", "How it looks"


class Part(StrEnum):
    """The parts of a run (an Enum: a list of a Literal is more than typer can read)."""

    FORWARD = "forward"
    LOCAL = "local"
    BACKWARD = "backward"
    UPDATE = "update"


View: TypeAlias = Literal["paths", "adjoints"]
Difference: TypeAlias = Literal["central", "forward"]
Format: TypeAlias = Literal["terminal", "markdown", "json"]

ScenarioName = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="A bundled scenario ('bptutor list'), a file, or - for standard input.",
        autocompletion=offered(complete_scenario),
        show_default=False,
    ),
]
Parts = Annotated[
    list[Part] | None,
    typer.Option(
        "--part",
        metavar="PART",
        help="Only forward, local, backward or update; may be given more than once.",
        rich_help_panel=SHOW,
    ),
]
Grads = Annotated[
    list[str] | None,
    typer.Option(
        "--grad",
        metavar="NAME",
        help="One derivative in full: w11, dL/dw11, do1/dw11; may be given more than once.",
        autocompletion=offered(complete_quantity),
        rich_help_panel=SHOW,
    ),
]
ViewAs = Annotated[
    View,
    typer.Option(
        "--view",
        help="Gradients as sums over paths, or each adjoint once and used again.",
        rich_help_panel=SHOW,
    ),
]
Inputs = Annotated[
    bool, typer.Option("--inputs", help="Gradients of the inputs too.", rich_help_panel=SHOW, show_default=False)
]
All = Annotated[
    bool,
    typer.Option("--all", help="Nothing summed up, however long it is.", rich_help_panel=SHOW, show_default=False),
]
Samples = Annotated[
    str | None,
    typer.Option(
        "--samples",
        metavar="LIST",
        help="Which samples to show in full: 'all', 2, 1,3 or 1-4.",
        rich_help_panel=SHOW,
    ),
]
Step = Annotated[
    bool, typer.Option("--step", help="One step per key press; q ends.", rich_help_panel=SHOW, show_default=False)
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        metavar="N",
        min=1,
        max=10_000,
        help="So many update steps in a row: each in full up to a few, then a table and the curve of the loss.",
        rich_help_panel=SHOW,
    ),
]
Digits = Annotated[
    int, typer.Option("--digits", metavar="N", min=1, max=17, help="Significant digits.", rich_help_panel=NUMBERS)
]
ByHand = Annotated[
    int | None,
    typer.Option(
        "--by-hand",
        metavar="N",
        min=1,
        max=15,
        help="Work as a person who rounds every step to N digits, beside the exact values.",
        rich_help_panel=NUMBERS,
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Another value: w11=0.2, W1[1,2]=-1, x1#2=0.5 (sample 2), rate=0.1; may be given more than once.",
        autocompletion=offered(complete_value),
        rich_help_panel=NUMBERS,
    ),
]
Random = Annotated[
    int | None,
    typer.Option(
        "--random",
        metavar="SEED",
        min=0,
        help='A number for every unknown ("?"), the same for the same seed.',
        rich_help_panel=NUMBERS,
    ),
]
DifferenceBy = Annotated[
    Difference,
    typer.Option("--difference", help="How the finite differences are taken.", rich_help_panel=NUMBERS),
]
StepSize = Annotated[
    float | None,
    typer.Option(
        "--h",
        metavar="H",
        help="The step of the finite differences; by default one that suits each quantity.",
        rich_help_panel=NUMBERS,
    ),
]
FormatOf = Annotated[Format, typer.Option("--format", help="What is written.", rich_help_panel=OUTPUT)]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to a file, in the place of what is there, instead of the screen.",
        rich_help_panel=OUTPUT,
    ),
]
Plain = Annotated[
    bool,
    typer.Option(
        "--plain",
        help="One fact a line, no boxes or columns, ASCII: for screen readers and pipes.",
        rich_help_panel=LOOK,
        show_default=False,
    ),
]
Ascii = Annotated[
    bool,
    typer.Option("--ascii", help="No character beyond ASCII.", rich_help_panel=LOOK, show_default=False),
]
ColorWhen = Annotated[Color, typer.Option("--color", help="When to use colour.", rich_help_panel=LOOK)]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No hints.", rich_help_panel=LOOK, show_default=False),
]


_ANOTHER = re.compile(r",\s*(?=[^\W\d][^=,]*=)")


def assignments(texts: Sequence[str]) -> dict[str, str]:
    """`["w11=0.2", "rate=0.1"]` as a mapping; the last one wins. RequestError for a text that isn't one."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise _refused(f"--set {text}", f"'{text}' sets nothing", "write NAME=VALUE, for example --set w11=0.2")
        several = _ANOTHER.split(text)
        if len(several) > 1:
            help = f"write --set for each: --set {' --set '.join(several)}"
            raise _refused(f"--set {text}", f"'{text}' sets several values at once", help)
        found[name.strip()] = value.strip()
    return found


def sample_numbers(text: str, count: int) -> tuple[int, ...]:
    """`all`, `2`, `1,3` or `1-4` → numbers from 1. RequestError for anything else, or where there is no such sample."""
    option = f"--samples {text}"
    if not count:
        raise _refused(option, "this scenario has no samples", "leave --samples out")
    if text.strip() == "all":
        return tuple(range(1, count + 1))
    chosen: dict[int, None] = {}
    for piece in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", piece, re.ASCII)
        if match is None:
            raise _refused(option, f"'{text}' names no samples", "write all, 2, 1,3 or 1-4")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise _refused(option, f"there is no sample {piece.strip()}", f"the samples are 1 to {count}")
        chosen.update(dict.fromkeys(range(first, last + 1)))
    return tuple(chosen)


def step_size(h: float | None) -> float | None:
    """The finite differences' step. RequestError unless it is a number above 0."""
    if h is not None and not 0 < h < float("inf"):
        raise _refused("--h", f"a step of {h:g} measures nothing", "write a small number above 0, for example --h 1e-6")
    return h


def _refused(option: str, message: str, help: str) -> RequestError:
    return RequestError(Problem(message, Where(key=option), "", help))


def again(words: Sequence[str], values: Sequence[str] | None, seed: int | None) -> str:
    """The command line of these words with the same values, for a shell."""
    command = ["bptutor", *words]
    for value in values or []:
        command += ["--set", value]
    return shlex.join(command if seed is None else [*command, "--random", str(seed)])
