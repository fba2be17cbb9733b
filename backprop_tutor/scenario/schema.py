"""The format of a scenario file as pydantic models: the check of its structure, and the JSON Schema for editors.

`structure_faults` finds everything whose kind is wrong (an unknown key, a text where a number belongs) in one go, in
sentences of our own. What the values mean (names bound twice, rows of different length) is checked by the reader.
Importing this module imports pydantic; only the reader and the `schema` command do, when they need it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from ..errors import did_you_mean
from .names import kind_of, quoted
from .toml_places import Path
from .types import (
    MAX_DIMENSIONS,
    MAX_EQUATIONS,
    MAX_FORMULA_CHARACTERS,
    MAX_QUANTITIES,
    MAX_SAMPLES,
    MAX_STEPS,
    MAX_TEXT_CHARACTERS,
)

_LEAF = {"anyOf": [{"type": "number"}, {"type": "string"}]}
_ROW = {"type": "array", "items": _LEAF, "minItems": 1}
_MATRIX = {"type": "array", "items": _ROW, "minItems": 1}
_ARRAYS = {"anyOf": [_ROW, _MATRIX, {"type": "array", "items": _MATRIX, "minItems": 1}]}

Text = Annotated[str, Field(max_length=MAX_TEXT_CHARACTERS)]
Formula = Annotated[str, Field(max_length=MAX_FORMULA_CHARACTERS)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Written = Annotated[str, Field(max_length=MAX_FORMULA_CHARACTERS)]  # "?", or a formula of numbers: the reader's part
# The elements are checked by the reader, which knows rows and columns and takes a tenth of the time.
Array = Annotated[list[Any], WithJsonSchema(_ARRAYS)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", defer_build=True)


class Stated(_Table):
    """A value with the reason why it was assumed: the document does not state it."""

    value: Annotated[Any, WithJsonSchema({"anyOf": [*_LEAF["anyOf"], *_ARRAYS["anyOf"]]})] = Field(
        description="a number, a formula of numbers ('1/3'), an array of these, or '?' for a value that is not known"
    )
    assumed: Text | None = Field(None, description="why this value, which the document does not state")


class Shaped(_Table):
    """An array of a given shape, all of whose elements have one value (or none yet)."""

    shape: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, max_length=MAX_DIMENSIONS, description="[rows, ...]")
    value: Annotated[Any, WithJsonSchema(_LEAF)] = Field("?", description="the value of every element")
    assumed: Text | None = Field(None, description="why this value, which the document does not state")


class Stored(_Table):
    """An array kept in a NumPy .npz file beside the scenario."""

    npz: Text = Field(description="the .npz file, relative to the scenario's own folder")
    key: Text = Field(description="the array's name in that file")
    shape: list[Annotated[int, Field(ge=1)]] | None = Field(
        None, min_length=1, max_length=MAX_DIMENSIONS, description="the shape it must have"
    )
    assumed: Text | None = Field(None, description="why this value, which the document does not state")


def _kind_of_value(value: object) -> str | None:
    """Which of the forms of a value this is meant to be, so that only that form's faults are told."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return "<number>"
    if isinstance(value, str):
        return "<written>"
    if isinstance(value, list):
        return "<array>"
    if isinstance(value, Mapping):
        return "<stored>" if "npz" in value else "<shaped>" if "shape" in value else "<stated>"
    return None


Value = Annotated[
    Annotated[Number, Tag("<number>")]
    | Annotated[Written, Tag("<written>")]
    | Annotated[Array, Tag("<array>")]
    | Annotated[Stated, Tag("<stated>")]
    | Annotated[Shaped, Tag("<shaped>")]
    | Annotated[Stored, Tag("<stored>")],
    Discriminator(_kind_of_value),
]


Quantified = Annotated[
    Annotated[Number, Tag("<number>")] | Annotated[Written, Tag("<written>")], Discriminator(_kind_of_value)
]


class StatedRate(_Table):
    """A learning rate that the document does not state."""

    value: Annotated[
        Annotated[Annotated[Number, Field(gt=0)], Tag("<number>")] | Annotated[Written, Tag("<written>")],
        Discriminator(_kind_of_value),
    ] = Field(description="the learning rate")
    assumed: Text | None = Field(None, description="why this value, which the document does not state")


Rate = Annotated[
    Annotated[Annotated[Number, Field(gt=0)], Tag("<number>")]
    | Annotated[Written, Tag("<written>")]
    | Annotated[StatedRate, Tag("<stated>")],
    Discriminator(lambda value: kind if (kind := _kind_of_value(value)) in ("<number>", "<written>") else "<stated>"),
]


Upstream = Annotated[
    Annotated[Number, Tag("<number>")] | Annotated[Written, Tag("<written>")] | Annotated[Array, Tag("<array>")],
    Discriminator(_kind_of_value),
]


class Learning(_Table):
    """What is differentiated, and how a step is taken."""

    loss: Text | None = Field(None, description="the equation to differentiate, or a formula; left out, the last one")
    rate: Rate | None = Field(None, description="the learning rate; without it no update is shown")
    rates: dict[str, Quantified] = Field({}, description="parameters with a learning rate of their own")
    frozen: list[Text] = Field([], description="parameters that no step changes; their gradients are shown")
    over_samples: Literal["mean", "sum"] = Field("mean", description="how the samples' losses become one")
    upstream: dict[str, Upstream] = Field(
        {},
        description="without a loss: the gradient that arrives at each output; for an array one of its shape, or one "
        "number for all of its elements",
    )
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = Field(1, description="how many update steps are shown")
    update: dict[str, Formula] = Field(
        {},
        description="the rule of a step, line by line for every parameter w with its gradient g, the rate and the step "
        'number t: v = "beta*v + g", w = "w - rate*v"; a name that is needed before its own line has the value of the '
        "step before, 0 at first; norm(g), and so sum, mean, max and min of w and g, is one number of all parameters; "
        "without a rule it is plain gradient descent",
    )
    values: dict[str, Quantified] = Field(
        {}, description="numbers of the rule: its constants, and where a remembered name starts if not at 0"
    )


class ScenarioFile(_Table):
    """One network, its numbers and its loss, in a document's own notation."""

    model_config = ConfigDict(title="bptutor scenario")

    format: Annotated[int, Field(ge=1, le=1), WithJsonSchema({"const": 1})] = Field(
        1, description="the version of this format"
    )
    title: Text = Field("", description="one line that says what the network is")
    document: Text | None = Field(None, description="which document the numbers come from")
    about: Text = Field("", description="a few sentences for the reader")
    inputs: dict[str, Value] = Field({}, max_length=MAX_QUANTITIES, description="what goes in")
    constants: dict[str, Value] = Field(
        {}, max_length=MAX_QUANTITIES, description="given numbers that nothing is differentiated by"
    )
    parameters: dict[str, Value] = Field(
        {}, max_length=MAX_QUANTITIES, description="what gets a gradient and an update"
    )
    targets: dict[str, Value] = Field({}, max_length=MAX_QUANTITIES, description="what the outputs should be")
    functions: dict[str, Formula] = Field({}, description='functions of the document\'s own: "f(x)" = "2.0*x"')
    equations: dict[str, Formula] = Field(
        min_length=1,
        max_length=MAX_EQUATIONS,
        description="one formula per name, in the document's order; for arrays: W @ x, transpose(W), W[1,:], x[2:3], "
        "[a, 2*b], concat(h, x), hstack(A, B), flatten(A), sum and mean of all, column_sum(A), row_sum(A)",
    )
    samples: list[dict[str, Value]] = Field(
        [], max_length=MAX_SAMPLES, description="values that differ from sample to sample, each table one sample"
    )
    learning: Learning = Field(
        default_factory=Learning.model_construct, description="the loss, the rate, and what else a step needs"
    )
    notation: dict[str, Text] = Field({}, description="how a name is typeset, in LaTeX")
    elements: dict[str, Text] = Field({}, description='the names of an array\'s elements: W2 = "w_2{i}{j}"')


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario file, for an editor's completion and checks."""
    schema = TypeAdapter(ScenarioFile).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


class StructureFault(NamedTuple):
    """Something of the wrong kind; `on_key` says that the key is at fault, not the value."""

    path: Path
    message: str
    label: str
    help: str
    on_key: bool = False


def structure_faults(document: Mapping[str, Any]) -> list[StructureFault]:
    """Everything in a parsed TOML document that the format doesn't allow."""
    try:
        ScenarioFile.model_validate(document)
    except ValidationError as error:
        return _without_echoes([_fault(detail) for detail in error.errors(include_url=False, include_context=True)])
    return []


def _without_echoes(faults: list[StructureFault]) -> list[StructureFault]:
    """One fault per mistake: a misspelt 'value' isn't also a missing one, a table by mistake has no unknown keys."""
    misspelt = {fault.path[:-1] for fault in faults if fault.on_key and "'value'" in fault.help}
    faults = [fault for fault in faults if fault.label != "no value" or fault.path not in misspelt]
    no_values = {fault.path for fault in faults if fault.label == "no value"}
    return [fault for fault in faults if not (fault.on_key and fault.path[:-1] in no_values)]


_EXAMPLES = {
    "equations": 'h1 = "x1*w1 + b1"',
    "inputs": "x1 = 0.05",
    "constants": "eps = 1e-5",
    "parameters": "w1 = 0.15",
    "targets": "t1 = 0.01",
    "functions": '"f(x)" = "2.0*x"',
    "learning": "rate = 0.5",
    "notation": "a_h1 = 'a_{h_1}'",
    "elements": "W2 = 'w_2{i}{j}'",
}
_MODELS: Mapping[str, type[BaseModel]] = {"<stated>": Stated, "<shaped>": Shaped, "<stored>": Stored}


def _fault(detail: ErrorDetails) -> StructureFault:
    """pydantic's finding in our own words."""
    tags = [part for part in detail["loc"] if isinstance(part, str) and re.fullmatch(r"<\w+>", part)]
    path: Path = tuple(part for part in detail["loc"] if part not in tags)
    got, kind, context = detail["input"], detail["type"], detail.get("ctx", {})
    name = quoted(str(path[-1])) if path else ""
    if kind == "extra_forbidden":
        return _unknown_key(path, tags)
    if kind == "missing":
        return _missing(path, tags, got)
    if path == ("format",):
        said = got if isinstance(got, int) and not isinstance(got, bool) else kind_of(got)
        return StructureFault(
            path, f"the format is {said}; this program reads format 1", "not known", "write format = 1"
        )
    if path == ("learning", "steps"):
        count = f"{got:g}" if isinstance(got, int | float) and not isinstance(got, bool) else kind_of(got)
        return StructureFault(
            path, f"the number of steps is {count}", "no count", f"write a whole number from 1 to {MAX_STEPS}"
        )
    if kind in ("too_long", "too_short", "string_too_long", "greater_than", "greater_than_equal", "finite_number"):
        return _out_of_range(path, name, kind, got, context)
    if path[:2] == ("learning", "frozen"):
        said = f"frozen is {kind_of(got)}" if len(path) == 2 else f"an entry of frozen is {kind_of(got)}"
        return StructureFault(path[:2], said, "no list of names", 'write frozen = ["w1", "w2"]')
    if path[-1:] == ("over_samples",):
        near = did_you_mean(str(got), ("mean", "sum"))
        return StructureFault(path, f"over_samples is {quoted(str(got))}", "not known", near or 'it is "mean" or "sum"')
    if path == ("samples",) or (len(path) == 2 and path[0] == "samples"):
        said = "the samples are" if len(path) == 1 else f"sample {int(path[1]) + 1} is"
        return StructureFault(path, f"{said} {kind_of(got)}", "no sample", "start each sample with [[samples]]")
    if len(path) == 1 and path[0] in _EXAMPLES:
        where = f"write [{path[0]}] on a line of its own, then lines such as {_EXAMPLES[str(path[0])]}"
        return StructureFault(path, f"{name} is {kind_of(got)}, where a table belongs", "no table", where)
    if path[:1] == ("learning",) and path[1:] in (("upstream",), ("update",), ("values",), ("rates",)):
        where = f"write [learning.{path[1]}] on a line of its own"
        return StructureFault(path, f"{name} is {kind_of(got)}, where a table belongs", "no table", where)
    if kind == "string_type":
        return _no_text(path, name, got)
    if path[-1:] == ("shape",) or (len(path) > 1 and path[-2] == "shape"):
        path = path if path[-1] == "shape" else path[:-1]
        return StructureFault(
            path,
            f"the shape of {quoted(str(path[-2]))} is no list of whole numbers",
            "no shape",
            "write shape = [rows, columns]",
        )
    return _no_number(path, name, got)


_RATES = ("α", "alpha", "η", "eta", "ε", "epsilon", "lr", "learning_rate", "learningrate", "step_size")


def _unknown_key(path: Path, tags: list[str]) -> StructureFault:
    name = str(path[-1])
    if len(path) == 1:
        known = list(ScenarioFile.model_fields)
        said = f"unknown key {quoted(name)}"
    elif path[0] == "learning" and not tags:
        known = list(Learning.model_fields)
        said = f"unknown key {quoted(name)} in [learning]"
    else:
        known = list((StatedRate if path[0] == "learning" else _MODELS[tags[-1]]).model_fields)
        said = f"unknown key {quoted(name)} for {quoted(str(path[-2]))}"
    help = did_you_mean(name, known) or f"known here: {', '.join(known)}"
    if path[:-1] == ("learning",) and name.casefold() in _RATES:
        help = "the learning rate is called rate here; [learning.values] may give an update rule numbers of other names"
    return StructureFault(path, said, "not known", help, True)


def _missing(path: Path, tags: list[str], got: object) -> StructureFault:
    if path == ("equations",):
        return StructureFault(
            (), "there are no equations", "", f"write [equations], then lines such as {_EXAMPLES['equations']}"
        )
    parent = path[:-1]
    if path[-1] == "value" and isinstance(got, Mapping) and not set(got) & {"value", "assumed"}:
        advice = "write it as a number; a dot in a name makes a table in TOML, so a name has none"
        if parent[0] == "samples" and parent[-1] in ("inputs", "targets", "parameters"):
            advice = "write the names themselves under [[samples]], one a line"
        return StructureFault(parent, f"{quoted(str(parent[-1]))} is a table without a value", "no value", advice)
    return StructureFault(
        parent, f"{quoted(str(parent[-1]))} has no '{path[-1]}'", f"no '{path[-1]}'",
        "{ value = 0.20, assumed = \"why\" } is the whole form" if path[-1] == "value"
        else "{ npz = \"weights.npz\", key = \"W1\" } is the whole form",
    )  # fmt: skip


def _out_of_range(path: Path, name: str, kind: str, got: Any, context: Mapping[str, Any]) -> StructureFault:
    if kind == "finite_number":
        return StructureFault(path, f"{name} is no finite number", "not finite", "write a number that is finite")
    if kind == "greater_than":
        return StructureFault(
            path, f"the learning rate is {got:g}", "not positive", "a learning rate is greater than 0"
        )
    if kind == "greater_than_equal":
        return StructureFault(
            path[:-1], f"the shape of {quoted(str(path[-3]))} has the size {got}", "no size", "each size is 1 or more"
        )
    if kind == "too_short":
        if path == ("equations",):
            return StructureFault(path, "there are no equations", "empty", f"write one: {_EXAMPLES['equations']}")
        return StructureFault(path, f"the shape of {quoted(str(path[-2]))} is empty", "no shape", "write shape = [3]")
    if path[-1] == "shape":
        said = f"{quoted(str(path[-2]))} has {len(got)} dimensions; the limit is {MAX_DIMENSIONS}"
        return StructureFault(path, said, "too many", "split the array")
    what = "characters" if kind == "string_too_long" else "samples" if path == ("samples",) else "entries"
    return StructureFault(
        path, f"{name} has {len(got)} {what}; the limit is {context['max_length']}", "too long", "make it shorter"
    )


def _no_text(path: Path, name: str, got: object) -> StructureFault:
    if isinstance(got, Mapping):
        return StructureFault(
            path, f"{name} is a table, where text belongs", "no text",
            "a dot in a name makes a table in TOML: write the name without a dot",
        )  # fmt: skip
    formula = path[0] in ("equations", "functions") or "update" in path
    help = f"put {'the formula' if formula else 'it'} in quotes"
    if formula and isinstance(got, list):
        help = 'put the whole list into one pair of quotes: "[2*a, a + b]"; of several lines into three'
    return StructureFault(
        path, f"{name} is {kind_of(got)}, where {'a formula' if formula else 'text'} belongs", "not in quotes", help
    )


def _no_number(path: Path, name: str, got: object) -> StructureFault:
    said, label = f"{name} is {kind_of(got)}, where a number belongs", "no number"
    if isinstance(got, int) and not isinstance(got, bool):
        return StructureFault(path, f"{name} is too large a number", "too large", "numbers end near 1.8e308")
    if isinstance(got, str):
        said = f"{name} is the text {quoted(got)}, where a number belongs"
        if re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", got):
            return StructureFault(path, said, label, f"take off the quotes: {got.strip()}")
        if re.fullmatch(r"\s*[+-−]?\d+,\d+\s*", got):
            return StructureFault(path, said, label, f"write it with a point: {got.strip().replace(',', '.')}")
        if path[:2] != ("learning", "values"):
            return StructureFault(path, said, label, 'write a number, or "?" for a value that is not known')
    return StructureFault(path, said, label, "write a number, for example 0.20")
