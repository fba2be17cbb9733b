"""A scenario with other numbers: given ones (`--set w1=0.7`), or drawn ones for its unknowns (`--random 7`)."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Mapping
from itertools import product
from types import MappingProxyType

from ..errors import Problem, RequestError, Where, did_you_mean
from ..formulas.notation import element_name
from ..values import replace
from .names import normal_name, quoted
from .toml_places import find_places
from .toml_text import parsed_value
from .types import Quantity, Report, Sample, Scenario, Source
from .values import ArrayFault, ValueReader, constant

SMALL = 16
"""An array with longer rows is drawn smaller, so that sums over a row stay near 1 and no sigmoid is saturated."""


# ---------------------------------------------------------------- given values
def with_values(scenario: Scenario, assignments: Mapping[str, str]) -> Scenario:
    """The scenario with some values replaced: `{"x1": "0.7", "W1[1,2]": "-1", "t1#2": "?", "rate": "0.1"}`.

    A name is a quantity's, an element's (its own name too), either with `#2` for the second sample, or `rate`. A value
    is a number, "?", or an array written as in a file. RequestError with everything that is wrong.
    """
    problems: list[Problem] = []
    for name, text in assignments.items():
        try:
            named = normal_name(name.strip())
            scenario = _assigned(scenario, scenario.ascii_names.original(named) or named, text.strip())
        except RequestError as error:
            problems += error.problems
    if problems:
        raise RequestError(*problems)
    return scenario


def _assigned(scenario: Scenario, name: str, text: str) -> Scenario:
    if name == "rate" and not any(q.name == "rate" for q in scenario.quantities):
        return _with_rate(scenario, text)
    base, _, sample_text = name.partition("#")
    varying = scenario.samples[0].values if scenario.samples else {}
    target, index = _resolve(scenario, base)
    if not sample_text and target.name not in varying:
        return _with_quantity(scenario, target, _changed(target, index, name, text))
    if target.name not in varying:
        raise _refused(name, f"{quoted(target.name)} is the same in all samples", f"write {base}={text}")
    if not re.fullmatch(r"[1-9]\d{0,5}", sample_text) or int(sample_text) > len(scenario.samples):
        said = f"{quoted(target.name)} is given for each of {len(scenario.samples)} samples"
        raise _refused(name, said, f"say for which: {base}#1={text}")
    number = int(sample_text) - 1
    sample = scenario.samples[number]
    changed = _changed(sample.values[target.name], index, name, text)
    values = MappingProxyType({**sample.values, target.name: changed})
    samples = (*scenario.samples[:number], Sample(values, sample.where), *scenario.samples[number + 1 :])
    return replace(scenario, samples=samples)


def _with_rate(scenario: Scenario, text: str) -> Scenario:
    number = _number("rate", text)
    if number <= 0:
        raise _refused("rate", f"the learning rate is {text}", "a learning rate is greater than 0")
    known = not math.isnan(number)
    return replace(scenario, rate=number if known else None, rate_text=text if known else "?", rate_assumed=None)


def _with_quantity(scenario: Scenario, old: Quantity, new: Quantity) -> Scenario:
    return replace(scenario, quantities=tuple(new if q is old else q for q in scenario.quantities))


def _resolve(scenario: Scenario, name: str) -> tuple[Quantity, int | None]:
    """The quantity that a name means, and the flat index if it means one element."""
    for quantity in scenario.quantities:
        if quantity.name == name:
            return quantity, None
    bracketed = re.fullmatch(r"([^\[\]]+)\[\s*(\d{1,7}(?:\s*,\s*\d{1,7})*)\s*\]", name)
    for quantity in scenario.quantities:
        if not quantity.shape:
            continue
        if bracketed and bracketed[1] == quantity.name:
            index = tuple(int(part) - 1 for part in bracketed[2].split(","))
            if len(index) != len(quantity.shape) or not all(
                0 <= i < n for i, n in zip(index, quantity.shape, strict=True)
            ):
                size = " x ".join(map(str, quantity.shape))
                raise _refused(
                    name, f"{quoted(name)} is outside {quoted(quantity.name)}, which is {size}", "count from 1"
                )
            return quantity, _flat(index, quantity.shape)
        if pattern := scenario.elements.get(quantity.name):
            for flat, place in enumerate(product(*(range(1, size + 1) for size in quantity.shape))):
                if element_name(quantity.name, pattern, place) == name:
                    return quantity, flat
    names = [q.name for q in scenario.quantities]
    if any(equation.name == name for equation in scenario.equations):
        raise _refused(name, f"{quoted(name)} is computed by a formula", "set what it is computed from")
    raise _refused(name, f"there is no quantity {quoted(name)}", did_you_mean(name, names) or _some(names))


def _flat(index: Iterable[int], shape: tuple[int, ...]) -> int:
    flat = 0
    for i, size in zip(index, shape, strict=True):
        flat = flat * size + i
    return flat


def _changed(quantity: Quantity, index: int | None, name: str, text: str) -> Quantity:
    """The quantity with the typed value in the place of one element, or of all."""
    if index is None and text.startswith("["):
        return _whole(quantity, name, text)
    if index is None and quantity.shape and "," in text:
        raise _refused(name, f"{quoted(name)} is {_size(quantity.shape)}", f"write {name}=[{text}]")
    number = _number(name, text)
    typed = "?" if math.isnan(number) else text.replace("−", "-").removeprefix("+")
    if index is None and quantity.shape:
        size = " x ".join(map(str, quantity.shape))
        element = f"{name}[{','.join('1' * len(quantity.shape))}]"
        raise _refused(name, f"{quoted(name)} is an array, {size}", f"name an element, {element}, or write an array")
    values = quantity.values.copy()
    values[index or 0] = number
    values.setflags(write=False)
    texts = None
    if quantity.texts is not None:
        at = index or 0
        texts = (*quantity.texts[:at], typed, *quantity.texts[at + 1 :])
    return replace(quantity, values=values, texts=texts, assumed=None if index is None else quantity.assumed)


def _whole(quantity: Quantity, name: str, text: str) -> Quantity:
    """An array typed as in a file: [[1, 2], [3, 4]]."""
    try:
        raw = parsed_value(text)
    except ValueError:
        raise _refused(name, f"{quoted(text)} is no array", "write it as in a file: [[1, 2], [3, 4]]") from None
    report = Report(Source(f"v = {text}", None, find_places(f"v = {text}")))
    reader = ValueReader(report, lambda file, key: ArrayFault("npz", "no file can be named here", "type the numbers"))
    read = reader.quantity(("v",), name, quantity.kind, raw)
    if read is None:
        raise RequestError(*(problem._replace(where=_where(name)) for problem in report.found))
    bare = quantity.shape == () and not quantity.known
    if read.shape != quantity.shape and not bare:
        said = f"{quoted(name)} is {_size(quantity.shape)}, and {quoted(text)} is {_size(read.shape)}"
        raise _refused(name, said, "give it the same shape" if quantity.shape else "write one number")
    return replace(read, name=quantity.name, where=quantity.where, key_where=quantity.key_where)


def _size(shape: tuple[int, ...]) -> str:
    """`one number`, `an array of 3`, `an array of 2 x 3`."""
    return f"an array of {' x '.join(map(str, shape))}" if shape else "one number"


def _number(name: str, text: str) -> float:
    """A typed number; NaN for "?"."""
    plain = text.replace("−", "-")
    if plain == "?":
        return math.nan
    if (number := constant(plain)) is not None:
        return number
    if re.fullmatch(r"[+-]?[\d.]+[eE][+-]?\d+", plain):
        raise _refused(name, f"{text} is too large a number", "write one below 1e308")
    comma = re.fullmatch(r"[+-]?\d+,\d+", plain)
    help = f"write it with a point: {plain.replace(',', '.')}" if comma else 'write a number, 0.7 or 1/3, or "?"'
    raise _refused(name, f"{quoted(text)} is no number", help)


def _where(name: str) -> Where:
    return Where(key=f"--set {name}")


def _refused(name: str, message: str, help: str) -> RequestError:
    return RequestError(Problem(message, _where(name), "", help))


def _some(names: list[str]) -> str:
    return "there are: " + ", ".join(names[:12]) + (", and others" if len(names) > 12 else "")


# ---------------------------------------------------------------- drawn values
def with_random(scenario: Scenario, seed: int) -> Scenario:
    """The scenario with a number for every "?", the same for the same seed and name whatever else is set.

    Inputs and parameters get two decimals from -1 to 1, never 0 (rows of an array longer than 16 get smaller ones, four
    decimals). Targets get one 1 among zeros where the loss wants classes (softmax, cross entropy, logarithm), else two
    decimals between 0 and 1. An unknown rate becomes 0.5.
    """
    classes = any(
        re.search(r"\b(softmax|\w*cross_entropy|log|logsumexp|ln)\b", equation.text) for equation in scenario.equations
    )
    varying = scenario.samples[0].values if scenario.samples else {}
    plain = {q.name: q for q in scenario.quantities if q.name not in varying}
    drawn = _drawn(plain, seed, "", classes)
    samples = tuple(
        replace(sample, values=MappingProxyType(_drawn(sample.values, seed, f"#{number}", classes)))
        for number, sample in enumerate(scenario.samples, 1)
    )
    changed = replace(
        scenario, quantities=tuple(drawn.get(q.name, q) for q in scenario.quantities), samples=samples
    )  # fmt: skip
    return replace(changed, rate=0.5, rate_text="0.5") if scenario.rate_text == "?" else changed


def _drawn(quantities: Mapping[str, Quantity], seed: int, sample: str, classes: bool) -> dict[str, Quantity]:
    """Numbers for the unknowns of one group; the single targets of a group form one vector of classes."""
    drawn: dict[str, Quantity] = {}
    singles = [q for q in quantities.values() if q.kind == "target" and not q.shape]
    values = _targets([float(q.values[0]) for q in singles], _dice(seed, "targets", sample), classes)
    single_targets = {q.name: value for q, value in zip(singles, values, strict=True)}
    for quantity in quantities.values():
        if quantity.known:
            drawn[quantity.name] = quantity
            continue
        dice = _dice(seed, quantity.name, sample)
        old = [float(value) for value in quantity.values]
        if quantity.kind != "target":
            new = [_number_for(quantity, dice) if math.isnan(value) else value for value in old]
        elif quantity.shape:
            new = _targets(old, dice, classes)
        else:
            new = [single_targets[quantity.name]]
        drawn[quantity.name] = _filled(quantity, old, new)
    return drawn


def _dice(seed: int, name: str, sample: str) -> random.Random:
    return random.Random(f"{seed}:{name}{sample}")


def _number_for(quantity: Quantity, dice: random.Random) -> float:
    row = quantity.shape[-1] if len(quantity.shape) > 1 else 1
    size, decimals = (1.0, 2) if row <= SMALL else (1 / math.sqrt(row), 4)
    while not (number := round((2 * dice.random() - 1) * size, decimals)):
        pass
    return number


def _targets(old: list[float], dice: random.Random, classes: bool) -> list[float]:
    """Values for the unknown targets of one vector, whose other values stay."""
    unknown = [i for i, value in enumerate(old) if math.isnan(value)]
    new = list(old)
    if not classes:
        for i in unknown:
            new[i] = dice.randint(1, 99) / 100
        return new
    for i in unknown:
        new[i] = 0.0
    if len(old) == 1 and unknown:
        new[0] = float(dice.randint(0, 1))
    elif unknown and not any(value == 1 for value in old):
        new[dice.choice(unknown)] = 1.0
    return new


def _filled(quantity: Quantity, old: list[float], new: list[float]) -> Quantity:
    import numpy as np

    values = np.array(new, dtype=np.float64)
    values.setflags(write=False)
    texts = tuple(
        quantity.text(i) if not math.isnan(before) else f"{after:.10g}"
        for i, (before, after) in enumerate(zip(old, new, strict=True))
    )
    return replace(quantity, values=values, texts=texts)
