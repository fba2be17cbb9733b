"""What a scenario file says, as immutable values: quantities, formulas, samples, and the place of each in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..errors import Problem, ScenarioError, Where, did_you_mean
from ..formulas.ascii_names import AsciiNames, ascii_names
from ..formulas.characters import printable as printable  # for those who read scenarios
from ..values import Struct
from .toml_places import Path, Places, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float64]"
Document: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["input", "parameter", "target"]

RULE_NAMES = ("w", "g", "rate", "t")
"""What an update rule is given: a parameter, its gradient, the learning rate, the number of the step."""

# Limits: nothing in a scenario may hang the program or exhaust memory.
MAX_FILE_BYTES = 1_048_576
MAX_NPZ_BYTES = 67_108_864
MAX_NESTING = 16
MAX_TEXT_CHARACTERS = 10_000
MAX_FORMULA_CHARACTERS = 4_000
MAX_QUANTITIES = 10_000
MAX_EQUATIONS = 5_000
MAX_SAMPLES = 1_000
MAX_STEPS = 10_000
MAX_DIMENSIONS = 3
MAX_ARRAY_ELEMENTS = 2_000_000
"""In all arrays of a file together."""
MAX_PROBLEMS = 50
"""Of one file; the rest is counted."""
MAX_HINTS = 20
"""Looking for the nearest name takes long when there are thousands."""
MAX_LINE_SHOWN = 5000
"""A longer line isn't shown in an error; of a shorter one a screen shows the part around the caret."""


class Source(Struct, frozen=True, eq=False):
    """The text of one scenario and the places in it; it makes the `Where` of an error."""

    text: str
    file: str | None
    places: Places

    def __repr__(self) -> str:
        return f"Source(file={self.file!r})"

    def where(self, *path: str | int, key: bool = False) -> Where:
        """The place of a value (or, with `key`, of its key); of the nearest table when the path is absent."""
        span = (self.places.key(path) if key else None) or self.places.nearest(path)
        name = dotted(path)
        if span is None:
            return Where(self.file, key=name or None)
        return self.at(span, name)

    def at(self, span: Span, key: str | None = None) -> Where:
        """The place of a span; a span of several lines ends with the first."""
        line = self.places.line(span.line)
        length = max(1, min(span.length, len(line) - span.column + 1))
        return Where(self.file, span.line, span.column, length, shown_line(line), key)

    def digits(self, path: Path, number: float) -> str:
        """The digits of a number as typed, without TOML's decorations (1_000, +5, 0xff); what is in quotes as it is."""
        raw = self.places.raw(path) or repr(number)
        if raw[:1] in ('"', "'"):
            return " ".join(raw.strip("\"'").split()).replace("−", "-")
        raw = raw.replace("_", "").removeprefix("+")
        return str(int(raw, 0)) if raw.startswith(("0x", "0o", "0b")) else raw

    def formula_where(self, *path: str | int, value: str) -> Where:
        """The place of the first character inside the quotes.

        A formula that is typed over several lines or with escapes has no column to count from: its place is the line
        of its key, without a column.
        """
        where = self.where(*path)
        raw = self.places.raw(path)
        if raw is not None and where.column is not None:
            for quote in ('"""', "'''", '"', "'"):
                if raw.startswith(quote):
                    if raw[len(quote) : -len(quote)] != value or "\n" in value:
                        break
                    return where.shifted(len(quote), len(value))
        key = self.where(*path, key=True)
        return Where(key.file, key.line, None, 1, key.source, key.key)


def dotted(path: Iterable[str | int]) -> str:
    """`("samples", 1, "x1")` → `samples[2].x1` (counted from 1, as people do)."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return printable(text)


def shown_line(line: str) -> str | None:
    """A line of the file as an error may show it; None when it is too long for that."""
    return printable(line) if len(line) <= MAX_LINE_SHOWN else None


class Quantity(Struct, frozen=True, eq=False):
    """An input, a parameter or a target: a number or an array of them.

    `values` is flat, row by row, read-only, NaN where the value is unknown ("?"). `texts` holds what the author typed
    ('0.20', '1/3'), '?' for an unknown; None where nothing was typed (values from an .npz file, or drawn).
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    values: Floats
    texts: tuple[str, ...] | None
    assumed: str | None
    where: Where
    key_where: Where
    constant: bool = False  # of [constants]: given, and nothing is differentiated by it

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return int(self.values.size)

    @property
    def known(self) -> bool:
        """Whether every value is a number."""
        import numpy as np

        return not np.isnan(self.values).any()

    def text(self, index: int = 0) -> str:
        """The value at a flat index as typed; the shortest digits that read back as the same number otherwise."""
        if self.texts is not None:
            return self.texts[index]
        value = float(self.values[index])
        return "?" if value != value else repr(value).removesuffix(".0")


class FunctionDefinition(Struct, frozen=True):
    """A function that the document brings along. `where` is the first character of the body, for carets."""

    name: str
    parameters: tuple[str, ...]
    body: str
    where: Where
    name_where: Where


class Equation(Struct, frozen=True):
    """`name = text`. `where` is the first character of the formula inside its quotes, for carets."""

    name: str
    text: str
    where: Where
    name_where: Where


class RuleValue(Struct, frozen=True):
    """A number of [learning.values]: a constant of the update rule, or where a name that it remembers starts."""

    name: str
    value: float
    text: str


class Sample(Struct, frozen=True, eq=False):
    """One sample: the quantities that differ from sample to sample (the same names in each)."""

    values: Mapping[str, Quantity]
    where: Where


class Scenario(Struct, frozen=True, eq=False):
    """One network in its document's own notation."""

    name: str
    path: str | None
    title: str
    document: str | None
    about: str
    quantities: tuple[Quantity, ...]
    functions: tuple[FunctionDefinition, ...]
    equations: tuple[Equation, ...]
    samples: tuple[Sample, ...]
    over_samples: Literal["mean", "sum"]
    loss: str | None
    """The equation that is differentiated (the last one unless the file says otherwise); None with `upstream`."""
    loss_where: Where
    upstream: Mapping[str, float]
    """A circuit without a loss: the gradient that arrives at each of its outputs."""
    upstream_texts: Mapping[str, str]
    upstream_shapes: Mapping[str, tuple[int, ...]]
    """The shape in which the gradient of an array was given; its elements stand one by one in `upstream`."""
    rate: float | None
    rate_text: str | None
    rate_assumed: str | None
    rates: Mapping[str, RuleValue]
    """Learning rates of single parameters, where they have their own."""
    frozen: tuple[str, ...]
    """Parameters that no step changes."""
    update: tuple[Equation, ...]
    """The equations of [learning.update], worked for every parameter; empty for plain gradient descent."""
    rule_values: tuple[RuleValue, ...]
    steps: int
    """How many update steps are shown unless somebody asks for another number."""
    notation: Mapping[str, str]
    elements: Mapping[str, str]
    source: Source

    @property
    def inputs(self) -> tuple[Quantity, ...]:
        """The quantities of [inputs], in the file's order."""
        return tuple(q for q in self.quantities if q.kind == "input")

    @property
    def parameters(self) -> tuple[Quantity, ...]:
        """The quantities of [parameters], in the file's order."""
        return tuple(q for q in self.quantities if q.kind == "parameter")

    @property
    def targets(self) -> tuple[Quantity, ...]:
        """The quantities of [targets], in the file's order."""
        return tuple(q for q in self.quantities if q.kind == "target")

    @property
    def known(self) -> bool:
        """Whether every value is a number; a scenario with unknowns runs in symbols."""
        varying = self.samples[0].values if self.samples else {}
        return all(q.known for q in self.quantities if q.name not in varying) and all(
            q.known for sample in self.samples for q in sample.values.values()
        )

    @property
    def ascii_names(self) -> AsciiNames:
        """How the names are spelt where a screen has ASCII only; they can be typed so, too."""
        names = [*(q.name for q in self.quantities), *(e.name for e in self.equations)]
        values = [value.name for value in self.rule_values]
        rule = [equation.name for equation in self.update]
        return ascii_names(dict.fromkeys([*names, *values, *rule]), self.elements.values())

    def quantity(self, name: str) -> Quantity:
        """The quantity of that name; KeyError when there is none."""
        for quantity in self.quantities:
            if quantity.name == name:
                return quantity
        raise KeyError(name)

    def where(self, *path: str | int, key: bool = False) -> Where:
        """The place of any entry of the file: `where("learning", "rate")`, `where("notation", "a_h1", key=True)`."""
        return self.source.where(*path, key=key)


class Draft(Struct, frozen=True, eq=False):
    """A scenario as far as it could be read, and everything that is wrong with it.

    A quantity that couldn't be read stands in the scenario as an unknown, so that formulas can still be checked;
    `doubtful` names these: neither their shape nor what follows from it means anything. `scenario` is None when the
    text is no TOML.
    """

    scenario: Scenario | None
    problems: tuple[Problem, ...]
    doubtful: frozenset[str] = frozenset()

    def finished(self) -> Scenario:
        """The scenario; ScenarioError with all problems when there are any."""
        if self.problems or self.scenario is None:
            raise ScenarioError(*self.problems)
        return self.scenario


class Report:
    """Collects the problems of one file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Problem] = []

    def add(self, path: Path, message: str, label: str = "", help: str = "", *, key: bool = False) -> None:
        """A problem at the value of a path, or at its key."""
        self.found.append(Problem(message, self.source.where(*path, key=key), label, help))

    def near(self, name: str, known: Iterable[str]) -> str:
        """The nearest known names as a hint; nothing more once there are many problems."""
        return did_you_mean(name, known) if len(self.found) < MAX_HINTS else ""

    def sorted(self) -> tuple[Problem, ...]:
        """The problems in the order of the text."""
        return in_order(self.found, self.source.file)


def in_order(problems: Iterable[Problem], file: str | None) -> tuple[Problem, ...]:
    """The problems in the order of the text, each once; of very many the first, and how many more there are."""
    once = dict.fromkeys(problems)
    ordered = sorted(once, key=lambda problem: (problem.where.line or 0, problem.where.column or 0))
    if len(ordered) > MAX_PROBLEMS:
        more = f"{len(ordered) - MAX_PROBLEMS} more problems are not shown"
        ordered[MAX_PROBLEMS:] = [Problem(more, Where(file), "", "mend these first")]
    return tuple(ordered)
