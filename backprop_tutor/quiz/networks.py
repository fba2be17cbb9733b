"""Networks to practise on: small random ones, and a scenario's own network with other numbers.

Numbers are kind to hand calculation: one or two decimals, all different, nothing saturated. A random network is written
as a scenario file and read like any other, so that everything said of scenarios holds for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType

from ..errors import Problem, RequestError, Where
from ..formulas.digits import is_number
from ..formulas.notation import element_name
from ..scenario.loading import Quantity, Scenario, loads, with_random, with_values
from ..values import Struct, replace
from .names import Activation, Loss, Shared

MAX_LAYERS = 4  # of weights
MAX_UNITS = 8
MAX_PARAMETERS = 60
_LAYERS = "wvus"  # the weights of each layer
_BIASES = "bcdf"
_HIDDEN = "hgk"
ACTIVATIONS = tuple(activation.value for activation in Activation)


class Shape(Struct, frozen=True):
    """A random network: units in each layer (inputs first), activation, loss, sharing."""

    sizes: tuple[int, ...]
    activation: str = "sigmoid"
    loss: str = Loss.HALF_SQUARED
    shared: str = Shared.NOTHING

    @property
    def name(self) -> str:
        """`random_2-2-2_tanh`: only what isn't usual is said."""
        said = ["random", "-".join(map(str, self.sizes))]
        said += [self.activation] if self.activation != "sigmoid" else []
        said += [self.loss] if self.loss != Loss.HALF_SQUARED else []
        said += [f"shared_{self.shared}"] if self.shared != Shared.NOTHING else []
        return "_".join(said)

    @property
    def options(self) -> list[str]:
        """The options of `quiz` that ask for this shape."""
        said = [f"--random {'-'.join(map(str, self.sizes))}"]
        said += [f"--activation {self.activation}"] if self.activation != Activation.SIGMOID else []
        said += [f"--loss {self.loss}"] if self.loss != Loss.HALF_SQUARED else []
        return said + ([f"--shared {self.shared}"] if self.shared != Shared.NOTHING else [])


USUAL = Shape((2, 2, 2))
OTHERS: Mapping[str, Shape] = MappingProxyType(  # by the skill that the usual network has no use for
    {
        "softmax": Shape((2, 2, 2), loss=Loss.CROSS_ENTROPY),
        "relu": Shape((2, 2, 2), activation="relu"),
        "tanh": Shape((2, 2, 2), activation="tanh"),
        "other-function": Shape((2, 2, 2), activation="softplus"),
    }
)
LARGER = Shape((3, 3, 2))


def next_shape(climbed: Collection[str], ladder: Sequence[str]) -> Shape:
    """The network for somebody who has climbed these skills: the usual one first, then others, then a larger one."""
    rungs = [code for code in ladder if code not in OTHERS]
    if not all(code in climbed for code in rungs):
        return USUAL
    return next((shape for code, shape in OTHERS.items() if code not in climbed), LARGER)


def shape(text: str, activation: str = "sigmoid", loss: str = Loss.HALF_SQUARED, shared: str = Shared.NOTHING) -> Shape:
    """`2-2-2` as a shape; RequestError with what is wrong."""
    where = Where(key=f"--random {text}")

    def refused(message: str, help: str) -> RequestError:
        return RequestError(Problem(message, where, "", help))

    if not re.fullmatch(r"\d{1,3}(?:[-x,]\d{1,3})+", text):
        raise refused(f"'{text}' is no network", "give the units of each layer, inputs first: 2-2-2")
    sizes = tuple(map(int, re.split(r"[-x,]", text)))
    if len(sizes) > MAX_LAYERS + 1 or max(sizes) > MAX_UNITS or 0 in sizes:
        raise refused(
            f"'{text}' is no network to calculate by hand",
            f"up to {MAX_LAYERS + 1} layers of 1 to {MAX_UNITS} units, for example 2-3-2",
        )
    found = Shape(sizes, activation, loss, shared)
    count = sum(1 for _ in _parameters(found))
    if count > MAX_PARAMETERS:
        raise refused(f"this network has {count} parameters; the limit is {MAX_PARAMETERS}", "give it fewer units")
    if activation not in ACTIVATIONS:
        raise RequestError(
            Problem(f"no activation is called '{activation}'", Where(key="--activation"), "", ", ".join(ACTIVATIONS))
        )
    if loss == Loss.CROSS_ENTROPY and sizes[-1] < 2:
        raise refused("a softmax over one output is always 1", "give it two outputs, or --loss binary_cross_entropy")
    return found


# ---------------------------------------------------------------- a random network
def random_scenario(shape: Shape, dice: random.Random) -> Scenario:
    """A network of this shape with numbers of its own."""
    return loads(_text(shape, dice), shape.name)


def _names(shape: Shape, layer: int) -> list[str]:
    """The values of a layer's units: x1, h1, o1; the outputs of a softmax are p1."""
    last = len(shape.sizes) - 1
    letter = (
        "x"
        if layer == 0
        else ("p" if shape.loss == Loss.CROSS_ENTROPY else "o")
        if layer == last
        else _HIDDEN[layer - 1]
    )
    return [f"{letter}{i}" for i in range(1, shape.sizes[layer] + 1)]


def _weight(shape: Shape, layer: int, source: int, unit: int) -> str:
    """The weight from a source to a unit of a layer; shared ones are passed round, as in a convolution."""
    letter = _LAYERS[layer - 1]
    if shape.shared == Shared.WEIGHTS and layer < len(shape.sizes) - 1:
        return f"{letter}{(source - unit) % shape.sizes[layer - 1] + 1}"
    return f"{letter}{source}{unit}"


def _bias(shape: Shape, layer: int, unit: int) -> str:
    letter = _BIASES[layer - 1]
    return letter if shape.shared == Shared.BIAS else f"{letter}{unit}"


def _parameters(shape: Shape) -> Iterator[str]:
    """Every parameter once, layer by layer."""
    seen: set[str] = set()
    for layer in range(1, len(shape.sizes)):
        units = range(1, shape.sizes[layer] + 1)
        weights = [_weight(shape, layer, s, u) for u in units for s in range(1, shape.sizes[layer - 1] + 1)]
        for name in (*weights, *(_bias(shape, layer, u) for u in units)):
            if name not in seen:
                seen.add(name)
                yield name


def _text(shape: Shape, dice: random.Random) -> str:
    parameters = list(_parameters(shape))
    inputs = _names(shape, 0)
    numbers = _different(len(parameters) + len(inputs), dice)
    signs = [dice.choice((1, 1, -1)) for _ in parameters]
    lines = [f'title = "A random network, {"-".join(map(str, shape.sizes))}"', "[inputs]"]
    lines += [f"{name} = {number:g}" for name, number in zip(inputs, numbers, strict=False)]
    lines += ["[parameters]"]
    rest = numbers[len(inputs) :]
    lines += [f"{name} = {sign * number:g}" for name, sign, number in zip(parameters, signs, rest, strict=True)]
    outputs = _names(shape, len(shape.sizes) - 1)
    lines += ["[targets]", *(f"t{i} = {t}" for i, t in enumerate(_targets(shape, dice), 1))]
    lines += ["[equations]", *_equations(shape)]
    lines += [f'L = "{_loss(shape, outputs)}"']
    rate = dice.choice(("0.5", "0.2", "0.1"))
    lines += ["[learning]", 'loss = "L"', f"rate = {rate}"]
    return "\n".join(["format = 1", *lines]) + "\n"


def _different(count: int, dice: random.Random) -> list[float]:
    """So many different numbers between 0.1 and 0.95: by twentieths while they last, else by hundredths."""
    few = [k / 20 for k in range(2, 20)]
    many = [k / 100 for k in range(11, 96)]
    return dice.sample(few if count <= len(few) else many, count)


def _targets(shape: Shape, dice: random.Random) -> list[str]:
    count = shape.sizes[-1]
    if shape.loss == Loss.CROSS_ENTROPY:
        chosen = dice.randrange(count)
        return ["1" if i == chosen else "0" for i in range(count)]
    if shape.loss == Loss.BINARY:
        return [dice.choice(("0", "1")) for _ in range(count)]
    return [dice.choice(("0.01", "0.1", "0.9", "0.99")) for _ in range(count)]


def _equations(shape: Shape) -> Iterator[str]:
    last = len(shape.sizes) - 1
    for layer in range(1, last + 1):
        sources, names = _names(shape, layer - 1), _names(shape, layer)
        for u, name in enumerate(names, 1):
            terms = [f"{_weight(shape, layer, s, u)}*{x}" for s, x in enumerate(sources, 1)]
            yield f'z_{name} = "{" + ".join([*terms, _bias(shape, layer, u)])}"'
        for name in names:
            yield f'{name} = "{_activated(shape, layer == last, name, names)}"'


def _activated(shape: Shape, output: bool, name: str, names: Sequence[str]) -> str:
    if output and shape.loss == Loss.CROSS_ENTROPY:
        return f"exp(z_{name}) / ({' + '.join(f'exp(z_{other})' for other in names)})"
    function = shape.activation
    if output and shape.loss == Loss.BINARY:
        function = "sigmoid"
    elif output and function not in ("sigmoid", "tanh"):
        function = "identity"
    return f"z_{name}" if function == "identity" else f"{function}(z_{name})"


def _loss(shape: Shape, outputs: Sequence[str]) -> str:
    pairs = [(f"t{i}", o) for i, o in enumerate(outputs, 1)]
    if shape.loss == Loss.CROSS_ENTROPY:
        return "-(" + " + ".join(f"{t}*log({o})" for t, o in pairs) + ")"
    if shape.loss == Loss.BINARY:
        return "-(" + " + ".join(f"{t}*log({o}) + (1 - {t})*log(1 - {o})" for t, o in pairs) + ")"
    if shape.loss == Loss.HALF_SQUARED:
        return " + ".join(f"1/2*({t} - {o})**2" for t, o in pairs)
    total = " + ".join(f"({t} - {o})**2" for t, o in pairs)
    return f"({total}) / {len(pairs)}" if shape.loss == Loss.MEAN_SQUARED and len(pairs) > 1 else total


# ---------------------------------------------------------------- a scenario's network
def stated(scenario: Scenario) -> Scenario:
    """The scenario with every assumed value taken as given: a quiz shows each number that it needs."""
    varying = tuple(
        replace(sample, values=MappingProxyType({n: replace(q, assumed=None) for n, q in sample.values.items()}))
        for sample in scenario.samples
    )
    quantities = tuple(replace(quantity, assumed=None) for quantity in scenario.quantities)
    return replace(scenario, quantities=quantities, samples=varying, rate_assumed=None)


def renumbered(scenario: Scenario, dice: random.Random) -> Scenario:
    """The scenario with other inputs and parameters, near its own, with as many decimals.

    Targets stay, and inputs of 0. Unknowns ("?") get a number, inputs and parameters alike.
    """
    seed = dice.randrange(1 << 30)
    changes = dict(_changes(scenario, dice))
    return stated(with_values(with_random(scenario, seed), changes))


def _changes(scenario: Scenario, dice: random.Random) -> Iterator[tuple[str, str]]:
    varying = scenario.samples[0].values if scenario.samples else {}
    for quantity in scenario.quantities:
        if quantity.kind != "target" and not quantity.constant and quantity.name not in varying:
            yield from _new_numbers(quantity, "", scenario, dice)
    for number, sample in enumerate(scenario.samples, 1):
        for quantity in sample.values.values():
            if quantity.kind != "target":
                yield from _new_numbers(quantity, f"#{number}", scenario, dice)


def _new_numbers(quantity: Quantity, sample: str, scenario: Scenario, dice: random.Random) -> Iterator[tuple[str, str]]:
    places = product(*(range(1, size + 1) for size in quantity.shape))
    for flat, place in enumerate(places):
        name = element_name(quantity.name, None, place) if quantity.shape else quantity.name
        text = quantity.text(flat)
        text = text if text == "?" or is_number(text) else repr(float(quantity.values[flat]))
        number = _near(text, quantity.kind == "parameter", dice)
        if number is not None:
            yield name + sample, number


def _near(text: str, parameter: bool, dice: random.Random) -> str | None:
    """Another number of the same size, sign and decimals; None for an input of 0, which stays.

    A parameter of 0 gets a number: a bias of 0 would leave nothing to add.
    """
    if text == "?" or (parameter and not float(text)):
        return f"{dice.choice((1, 1, -1)) * dice.randrange(10, 96) / 100:g}"
    value = float(text)
    if not value:
        return None
    decimals = min(4, max(1 if abs(value) < 2 else 0, len(text.partition(".")[2])))
    if abs(value) < 10.0**-decimals * 4:
        decimals += 1
    for _ in range(20):
        new = f"{value * dice.uniform(0.55, 1.45):.{decimals}f}"
        if float(new) and float(new) != value:
            return new
    return text
