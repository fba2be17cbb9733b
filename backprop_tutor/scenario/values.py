"""The values of one quantity: a number, "?", an array of either, or a table that says where they come from.

A number may be typed as a formula of numbers in quotes: "1/3", "sqrt(2)", "-pi/4".
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..errors import FormulaError
from .names import Fault, kind_of, quoted
from .toml_places import Path
from .types import MAX_ARRAY_ELEMENTS, MAX_DIMENSIONS, Floats, Kind, Quantity, Report

MAX_FAULTS_PER_ARRAY = 10

LoadArray = Callable[[str, str], "Floats | ArrayFault"]
"""(file, key) → the array of an .npz file beside the scenario, or what is wrong with it."""


class ArrayFault(NamedTuple):
    """Why an array can't be had: which entry is at fault ("npz" or "key"), the sentence, what to do."""

    entry: str
    message: str
    help: str


class _Values(NamedTuple):
    shape: tuple[int, ...]
    values: Floats
    texts: tuple[str, ...] | None


class ValueReader:
    """Reads the values of a file's quantities; faults go to the report, and the quantity is then None."""

    def __init__(self, report: Report, load_array: LoadArray) -> None:
        self.report = report
        self.load_array = load_array
        self.left = MAX_ARRAY_ELEMENTS

    def quantity(self, path: Path, name: str, kind: Kind, raw: Any) -> Quantity | None:
        """The quantity whose value stands at `path`; `raw` has been checked for its structure."""
        at, assumed = path, None
        if isinstance(raw, dict):
            assumed = raw.get("assumed")
            if "npz" in raw:
                found = self._stored(path, name, raw)
            elif "shape" in raw:
                found = self._shaped(path, name, raw)
            else:
                at = (*path, "value")
                found = self._stated(at, name, raw["value"])
        else:
            found = self._stated(path, name, raw)
        if found is None:
            return None
        found.values.setflags(write=False)
        source = self.report.source
        return Quantity(
            name, kind, found.shape, found.values, found.texts, assumed,
            source.where(*at), source.where(*path, key=True),
        )  # fmt: skip

    def _stated(self, path: Path, name: str, raw: Any) -> _Values | None:
        """A number, "?", or rows of them."""
        import numpy as np

        if not isinstance(raw, list):
            number = self._number(path, name, raw)
            return None if number is None else _Values((), np.array([number]), (self._typed(path, number),))
        shape = self._shape(path, name, raw)
        if shape is None or not self._room(path, name, math.prod(shape)):
            return None
        before = len(self.report.found)
        numbers = self._flat(path, name, raw, shape)
        if len(self.report.found) > before:
            return None
        indices = itertools.product(*map(range, shape))
        texts = tuple(self._typed((*path, *index), number) for index, number in zip(indices, numbers, strict=True))
        return _Values(shape, np.array(numbers, dtype=np.float64), texts)

    def _shape(self, path: Path, name: str, raw: list[Any]) -> tuple[int, ...] | None:
        """The shape that the first row, and its first row, suggest."""
        shape: list[int] = []
        node: Any = raw
        while isinstance(node, list):
            if not node:
                self.report.add(
                    path, f"{quoted(name)} is an array without elements", "empty", "write at least one number"
                )
                return None
            shape.append(len(node))
            node = node[0]
        if len(shape) > MAX_DIMENSIONS:
            said = f"{quoted(name)} has {len(shape)} dimensions; the limit is {MAX_DIMENSIONS}"
            self.report.add(path, said, "too many", "split the array")
            return None
        return tuple(shape)

    def _flat(self, path: Path, name: str, raw: list[Any], shape: Sequence[int]) -> list[float]:
        """The numbers row by row; every row of another length and everything that is no number is reported."""
        numbers: list[float] = []
        last = len(shape) - 1
        faults_before = len(self.report.found)

        def walk(node: list[Any], at: Path, level: int) -> None:
            if len(node) != shape[level]:
                said = f"{_part('row', name, path, at)} has {_count(len(node))}, the first has {_count(shape[level])}"
                self.report.add(at, said, "another length", "give every row the same length")
            for index, item in enumerate(node):
                if len(self.report.found) - faults_before >= MAX_FAULTS_PER_ARRAY:
                    return
                here = (*at, index)
                if isinstance(item, list) and level < last:
                    walk(item, here, level + 1)
                elif isinstance(item, list) or level < last:
                    what = "a row" if isinstance(item, list) else "no row"
                    said = f"{_part('element', name, path, here)} is {what}, unlike the first"
                    self.report.add(here, said, "doesn't fit", "write rows of the same length: [[1, 2], [3, 4]]")
                elif (number := finite(item)) is not None:
                    numbers.append(number)
                else:
                    self._no_number(here, _part("element", name, path, here), item)

        walk(raw, path, 0)
        return numbers

    def _number(self, path: Path, name: str, raw: Any) -> float | None:
        """A finite number, NaN for "?", or None after a report."""
        number = finite(raw)
        if number is None:
            self._no_number(path, quoted(name), raw)
        return number

    def _no_number(self, path: Path, shown: str, raw: Any) -> None:
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            self.report.add(path, f"{shown} is no finite number", "not finite", "write a number that is finite")
            return
        if not isinstance(raw, str):
            said = f"{shown} is {kind_of(raw)}, where a number belongs"
            self.report.add(path, said, "no number", 'write a number, or "?" for a value that is not known')
            return
        fault = no_constant(raw)
        self.report.add(path, f"{shown} is {fault.message}", fault.label, fault.help)

    def _typed(self, path: Path, number: float) -> str:
        """The digits as typed, without TOML's decorations (1_000, +5, 0xff); a formula as it is."""
        return "?" if math.isnan(number) else self.report.source.digits(path, number)

    def _room(self, path: Path, name: str, count: int) -> bool:
        self.left -= count
        if self.left >= 0:
            return True
        said = f"with {quoted(name)} the arrays of this file have more than {MAX_ARRAY_ELEMENTS:,} elements"
        self.report.add(path, said, "too large", "make the network smaller")
        self.left += count
        return False

    def _shaped(self, path: Path, name: str, raw: dict[str, Any]) -> _Values | None:
        """`{ shape = [4, 3], value = "?" }`."""
        import numpy as np

        shape = tuple(raw["shape"])
        count = math.prod(shape)
        value = self._number((*path, "value"), name, raw.get("value", "?"))
        if value is None or not self._room((*path, "shape"), name, count):
            return None
        text = self._typed((*path, "value"), value)
        return _Values(shape, np.full(count, value), (text,) * count)

    def _stored(self, path: Path, name: str, raw: dict[str, Any]) -> _Values | None:
        """`{ npz = "weights.npz", key = "W1" }`."""
        array = self.load_array(raw["npz"], raw["key"])
        if isinstance(array, ArrayFault):
            self.report.add((*path, array.entry), array.message, "not usable", array.help)
            return None
        if array.ndim > MAX_DIMENSIONS:
            said = f"{quoted(raw['key'])} has {array.ndim} dimensions; the limit is {MAX_DIMENSIONS}"
            self.report.add((*path, "key"), said, "too many", "split the array")
            return None
        wanted = raw.get("shape")
        if wanted is not None and tuple(wanted) != array.shape:
            said = f"{quoted(raw['key'])} has the shape {list(array.shape)}, not {wanted}"
            self.report.add(
                (*path, "shape"), said, "another shape", f"write shape = {list(array.shape)}, or leave it out"
            )
            return None
        if not self._room((*path, "npz"), name, array.size):
            return None
        return _Values(array.shape, array.reshape(-1), None)


def finite(raw: object) -> float | None:
    """The number as a float, NaN for "?", None for anything that is no finite number."""
    if isinstance(raw, str):
        return math.nan if raw == "?" else constant(raw)
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        return None
    try:
        number = float(raw)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def constant(text: str) -> float | None:
    """The value of a formula of numbers, `2/3` or `sqrt(2)`; None where it is none, or has no finite value."""
    from ..formulas.evaluate import evaluate
    from ..formulas.expression import names_in
    from ..formulas.parse import parse

    if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text.strip()):
        number = float(text)
        return number if math.isfinite(number) else None
    try:
        formula = parse(text)
        number = math.nan if names_in(formula) else evaluate(formula, dict[str, float]().__getitem__)
    except (FormulaError, ValueError):
        return None
    return number if math.isfinite(number) else None


def no_constant(text: str) -> Fault:
    """Why a text is no value, after "it is"."""
    from ..formulas.expression import names_in
    from ..formulas.parse import parse

    said = Fault(
        f"the text {quoted(text)}, where a number belongs", "no number",
        'write a number, or "?" for a value that is not known',
    )  # fmt: skip
    if re.fullmatch(r"\s*[-+−]?\d+,\d+\s*", text):
        return said._replace(help=f"write it with a point: {text.strip().replace(',', '.')}")
    try:
        names = names_in(parse(text))
    except FormulaError:
        return said
    if names and len(text) > 1 and text not in names:
        return Fault(
            f"a formula with the quantity {quoted(names[0])}, and a value is made of numbers only", "no number",
            "write it under [equations]",
        )  # fmt: skip
    return said if names else Fault(f"the formula {quoted(text)}, which has no finite value", "not finite",
                                    "write another number")  # fmt: skip


def _part(what: str, name: str, start: Path, at: Path) -> str:
    """`element 3 of 'x'`, `row [2, 1] of 'W'`, for messages."""
    index = [part + 1 for part in at[len(start) :] if isinstance(part, int)]
    return f"{what} {index[0] if len(index) == 1 else index} of {quoted(name)}"


def _count(number: int) -> str:
    return f"{number} element{'s'[: number != 1]}"
