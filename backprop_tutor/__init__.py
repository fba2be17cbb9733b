"""bptutor: backpropagation worked by hand, step by step, every number of it checked three ways.

The five-minute tour. A scenario is a small network in its document's own notation; it is checked into a graph of
formulas, run into a trace of numbers, and everything that is shown only reads the trace:

    scenario.toml ──load──▸ Scenario ──build──▸ Graph ──run──▸ Trace ──▸ render: terminal, plain, markdown, json
                                       formulas       numbers

Each arrow's product is an immutable value. The words used throughout: an *edge* is one local derivative,
∂result/∂operand; a quantity's *adjoint* is d(loss)/d(quantity); a *contribution* is upstream gradient × local
derivative, and an adjoint is the sum of its contributions; a *path* is one chain from a quantity up to the loss, a
*path product* the product of its local derivatives, and a *gradient* the sum over all paths: the adjoint again.

>>> import backprop_tutor
>>> network = backprop_tutor.load("two_sigmoid_outputs")
>>> run = backprop_tutor.run(network)
>>> run.values["h1"]
0.3775
>>> f"{run.gradients['w11']:.9f}"
'0.000438568'
>>> [f"{c.upstream:.6f} * {c.local:.2f} = {c.product:.6f}" for c in run.contributions["a_h1"]]
['0.138499 * 0.40 = 0.055399', '-0.038098 * 0.50 = -0.019049']
>>> run.checks["w11"].agrees
True
>>> f"{run.updates['w11'].after:.6f}"
'0.149781'

In a notebook the run shows itself: the whole lesson, typeset. `README.md` has the format of scenario files, and what to
touch in order to add a function, a scenario or an output format.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .handwork.claims import Judgement
    from .results import Run
    from .scenario.types import Scenario

__version__ = "0.1.0"

__all__ = ["__version__", "load", "loads", "run", "verify", "with_random", "with_values"]

# Imports stand inside the functions: `bptutor --help` must not wait for NumPy and pydantic.


def load(name_or_path: str | os.PathLike[str]) -> Scenario:
    """A bundled scenario by name, a file by its path, or "-" for standard input.

    RequestError when there is nothing of that name; ScenarioError with every fault of the file.
    """
    from .errors import Problem, RequestError
    from .scenario.loading import load

    if not isinstance(name_or_path, (str, os.PathLike)):
        said = f"{name_or_path!r} is no scenario"
        raise RequestError(Problem(said, help="give a name, a path, or what load and loads return"))
    # a path without a slash would be taken for a bundled name
    path = name_or_path if isinstance(name_or_path, str) else os.path.join(os.curdir, os.fspath(name_or_path))
    return load(path)


def _scenario(given: Scenario | str | os.PathLike[str]) -> Scenario:
    from .scenario.types import Scenario

    return given if isinstance(given, Scenario) else load(given)


def loads(text: str) -> Scenario:
    """A scenario from its TOML text. ScenarioError with every fault."""
    from .scenario.loading import loads

    return loads(text)


def with_values(scenario: Scenario | str | os.PathLike[str], values: Mapping[str, object]) -> Scenario:
    """The scenario with other values: `{"w11": 0.2, "W1[1,2]": -1, "x1#2": 0.5, "rate": 0.1}`; "?" makes an unknown.

    An array takes a list, a list of lists or a NumPy array. RequestError for a name or a value that can't be.
    """
    from .scenario.loading import with_values

    def text(value: object) -> str:
        return str(value.tolist() if hasattr(value, "tolist") else value)

    return with_values(_scenario(scenario), {name: text(value) for name, value in values.items()})


def with_random(scenario: Scenario | str | os.PathLike[str], seed: int) -> Scenario:
    """The scenario with a number drawn for each of its unknowns, the same for the same seed."""
    from .scenario.loading import with_random

    return with_random(_scenario(scenario), seed)


def run(scenario: Scenario | str | os.PathLike[str]) -> Run:
    """Work a scenario (or the one of that name or path) forward and backward.

    ScenarioError with every fault of its formulas, or where a value isn't a finite number; RequestError when it has
    unknowns ("?"): give them numbers by `with_values` or `with_random`.
    """
    from .results import run

    return run(_scenario(scenario))


def verify(scenario: Scenario | str | os.PathLike[str], sheet: str) -> Judgement:
    """Judge the text of a hand calculation, line by line, against a scenario (or the one of that name or path).

    Each verdict has the line's mark, code, sentence, what was stated and expected, and its links.
    """
    from .engine.build import build
    from .handwork.plain_reader import read
    from .judging.judge import Judge

    judge = Judge(build(_scenario(scenario)))
    return judge.judge(read(sheet, judge.vocabulary))
