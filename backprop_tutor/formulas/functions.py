"""Every function a formula may call: one row each.

A *primitive* of one variable has its numeric value and derivative, the formula of both as documents write them (`z` is
the argument, `a` the result), its domain and its kinks. A *reduction* takes a whole array. A *composed* function is an
abbreviation of a formula and needs no rule of its own. The numeric derivative is the engine's rule; `definition` is
what the symbolic witness differentiates by itself, so the two share nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import erf, erfc
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..values import Struct

Array: TypeAlias = NDArray[np.float64]


class Primitive(Struct, frozen=True):
    """A function of one variable z with result a.

    value(z) -> a; slope(z, a) -> da/dz; `definition` and `derivative` are the same two as formulas over z and a.
    `kinks` are the points without a derivative, `kink_rule` says what is used there. `domain` is 'z > 0' and the like.
    """

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]
    definition: str
    derivative: str
    latex: str
    aliases: tuple[str, ...] = ()
    domain: str = ""
    kinks: tuple[float, ...] = ()
    kink_rule: str = ""
    with_number: tuple[str, str] | None = None  # a second argument's name, and the formula with it

    @property
    def general(self) -> Composed | None:
        """The same function with a number of one's own (`leaky_relu(z, 0.2)`), where it has one."""
        if self.with_number is None:
            return None
        name, body = self.with_number
        return Composed(self.name, ("z", name), body, self.latex)


class Reduction(Struct, frozen=True):
    """A function of all elements of an array (or of several arguments), or of one element among all (`softmax`)."""

    name: str
    definition: str
    derivative: str
    latex: str
    aliases: tuple[str, ...] = ()
    kink_rule: str = ""
    elementwise_result: bool = False  # softmax has one result per element


class Composed(Struct, frozen=True):
    """An abbreviation: its parameters and the formula it stands for.

    `takes` says what its first argument must be, and what to write where it isn't.
    """

    name: str
    parameters: tuple[str, ...]
    body: str
    latex: str
    aliases: tuple[str, ...] = ()
    takes: tuple[Literal["vector", "matrix"], str] | None = None


def _sigmoid(z: Array) -> Array:
    with np.errstate(over="ignore"):  # exp(-z) of z = -1000 is inf, and 1/inf the right 0
        a = np.asarray(-z)
        np.exp(a, out=a)
        a += 1.0
        return np.divide(1.0, a, out=a)


def _sigmoid_slope(z: Array, a: Array) -> Array:
    # 1 - a loses all digits when a is near 1; σ(-z) does not
    return a * _sigmoid(-z)


def _tanh_slope(z: Array, a: Array) -> Array:
    small = np.exp(-2.0 * np.abs(z))
    return 4.0 * small / (1.0 + small) ** 2


def _softplus(z: Array) -> Array:
    return np.asarray(np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))))


def _erf(z: Array) -> Array:
    """Error function to full precision without SciPy: the standard library's, element by element."""
    return np.asarray(np.frompyfunc(erf, 1, 1)(z), dtype=float)


def _normal(z: Array) -> Array:
    """Φ(z), the share of a standard normal variable below z; 1 + erf loses all digits far below 0, erfc does not."""
    return 0.5 * np.asarray(np.frompyfunc(erfc, 1, 1)(-z / np.sqrt(2.0)), dtype=float)


def _gelu(z: Array) -> Array:
    return z * _normal(z)


def _gelu_slope(z: Array, a: Array) -> Array:
    return np.asarray(_normal(z) + z * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))


def _silu_slope(z: Array, a: Array) -> Array:
    s = _sigmoid(z)
    return s + a * _sigmoid(-z)


LEAK = 0.01

PRIMITIVES: tuple[Primitive, ...] = (
    Primitive("exp", np.exp, lambda z, a: a, "exp(z)", "a", "e^{#}"),
    Primitive("log", np.log, lambda z, a: 1.0 / z, "log(z)", "1/z", r"\ln", ("ln",), domain="z > 0"),
    Primitive(
        "log10",
        np.log10,
        lambda z, a: 1.0 / (z * np.log(10.0)),
        "log(z)/log(10)",
        "1/(z*log(10))",
        r"\log_{10}",
        domain="z > 0",
    ),
    Primitive(
        "log2",
        np.log2,
        lambda z, a: 1.0 / (z * np.log(2.0)),
        "log(z)/log(2)",
        "1/(z*log(2))",
        r"\log_2",
        domain="z > 0",
    ),
    Primitive("sqrt", np.sqrt, lambda z, a: 0.5 / a, "z**(1/2)", "1/(2*a)", r"\sqrt", ("√",), domain="z > 0"),
    Primitive(
        "abs",
        np.abs,
        lambda z, a: np.sign(z),
        "abs(z)",
        "sign(z)",
        r"\operatorname{abs}",
        kinks=(0.0,),
        kink_rule="abs'(0) = 0",
    ),
    Primitive(
        "sign",
        np.sign,
        lambda z, a: 0.0 * z,
        "sign(z)",
        "0",
        r"\operatorname{sign}",
        kinks=(0.0,),
        kink_rule="sign'(0) = 0",
    ),
    Primitive(
        "step",
        lambda z: np.where(z > 0, 1.0, 0.0),
        lambda z, a: 0.0 * z,
        "step(z)",
        "0",
        r"\operatorname{step}",
        kinks=(0.0,),
        kink_rule="step(0) = 0, step'(0) = 0",
    ),
    Primitive("sin", np.sin, lambda z, a: np.cos(z), "sin(z)", "cos(z)", r"\sin"),
    Primitive("cos", np.cos, lambda z, a: -np.sin(z), "cos(z)", "-sin(z)", r"\cos"),
    Primitive("tan", np.tan, lambda z, a: 1.0 + a * a, "sin(z)/cos(z)", "1 + a**2", r"\tan"),
    Primitive(
        "asin",
        np.arcsin,
        lambda z, a: 1.0 / np.sqrt((1.0 - z) * (1.0 + z)),
        "asin(z)",
        "1/sqrt(1 - z**2)",
        r"\arcsin",
        ("arcsin",),
        domain="-1 < z < 1",
    ),
    Primitive(
        "acos",
        np.arccos,
        lambda z, a: -1.0 / np.sqrt((1.0 - z) * (1.0 + z)),
        "acos(z)",
        "-1/sqrt(1 - z**2)",
        r"\arccos",
        ("arccos",),
        domain="-1 < z < 1",
    ),
    Primitive("atan", np.arctan, lambda z, a: 1.0 / (1.0 + z * z), "atan(z)", "1/(1 + z**2)", r"\arctan", ("arctan",)),
    Primitive("sinh", np.sinh, lambda z, a: np.cosh(z), "(exp(z) - exp(-z))/2", "cosh(z)", r"\sinh"),
    Primitive("cosh", np.cosh, lambda z, a: np.sinh(z), "(exp(z) + exp(-z))/2", "sinh(z)", r"\cosh"),
    Primitive(
        "erf",
        _erf,
        lambda z, a: 2.0 / np.sqrt(np.pi) * np.exp(-z * z),
        "erf(z)",
        "2*exp(-z**2)/sqrt(pi)",
        r"\operatorname{erf}",
    ),
    Primitive("tanh", np.tanh, _tanh_slope, "(exp(z) - exp(-z))/(exp(z) + exp(-z))", "1 - a**2", r"\tanh"),
    Primitive("sigmoid", _sigmoid, _sigmoid_slope, "1/(1 + exp(-z))", "a*(1 - a)", r"\sigma", ("σ", "logistic")),
    Primitive(
        "relu",
        lambda z: np.maximum(z, 0.0),
        lambda z, a: np.where(z > 0, 1.0, 0.0),
        "max(0, z)",
        "step(z)",
        r"\operatorname{ReLU}",
        ("ReLU",),
        kinks=(0.0,),
        kink_rule="relu'(0) = 0",
    ),
    Primitive(
        "leaky_relu",
        lambda z: np.where(z > 0, z, LEAK * z),
        lambda z, a: np.where(z > 0, 1.0, LEAK),
        "max(0, z) + 0.01*min(z, 0)",
        "0.01 + 0.99*step(z)",
        r"\operatorname{LReLU}",
        kinks=(0.0,),
        kink_rule="leaky_relu'(0) = 0.01",
        with_number=("s", "where(z > 0, z, s*z)"),
    ),
    Primitive(
        "elu",
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
        lambda z, a: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0))),
        "max(0, z) + exp(min(z, 0)) - 1",
        "step(z) + (1 - step(z))*(a + 1)",
        r"\operatorname{ELU}",
        with_number=("s", "where(z > 0, z, s*(exp(z) - 1))"),
    ),
    Primitive(
        "softplus", _softplus, lambda z, a: _sigmoid(z), "log(1 + exp(z))", "sigmoid(z)", r"\operatorname{softplus}"
    ),
    Primitive(
        "silu",
        lambda z: z * _sigmoid(z),
        _silu_slope,
        "z/(1 + exp(-z))",
        "sigmoid(z) + a*(1 - sigmoid(z))",
        r"\operatorname{SiLU}",
        ("swish",),
    ),
    Primitive(
        "gelu",
        _gelu,
        _gelu_slope,
        "z*(1 + erf(z/sqrt(2)))/2",
        "(1 + erf(z/sqrt(2)))/2 + z*exp(-z**2/2)/sqrt(2*pi)",
        r"\operatorname{GELU}",
        ("GELU",),
    ),
)

REDUCTIONS: tuple[Reduction, ...] = (
    Reduction("sum", "z1 + z2 + ...", "1", r"\sum"),
    Reduction("mean", "(z1 + z2 + ...)/N", "1/N", r"\operatorname{mean}"),
    Reduction("prod", "z1*z2*...", "the product of the others", r"\prod"),
    Reduction(
        "max",
        "the largest of z1, z2, ...",
        "1 for the largest, else 0",
        r"\max",
        kink_rule="at a tie the first of the largest takes it",
    ),
    Reduction(
        "min",
        "the smallest of z1, z2, ...",
        "1 for the smallest, else 0",
        r"\min",
        kink_rule="at a tie the first of the smallest takes it",
    ),
    Reduction("logsumexp", "log(exp(z1) + exp(z2) + ...)", "exp(z_k - a)", r"\operatorname{logsumexp}"),
    Reduction(
        "softmax",
        "exp(z_i)/(exp(z1) + exp(z2) + ...)",
        "a_i*(1 - a_i) on the diagonal, -a_i*a_k off it",
        r"\operatorname{softmax}",
        elementwise_result=True,
    ),
    Reduction("xlogy", "y*log(p), and 0 where y = 0", "log(p) and y/p", r"\operatorname{xlogy}"),
    Reduction(
        "where",
        "where(x > y, a, b): a where x > y holds, else b; also < <= >= ==",
        "that of a where it holds, else that of b",
        r"\operatorname{where}",
        kink_rule="at equality the comparison decides as it is written",
    ),
)

COMPOSED: tuple[Composed, ...] = (
    Composed("dot", ("u", "v"), "sum(u*v)", r"\operatorname{dot}"),
    Composed("norm", ("v",), "sqrt(sum(v**2))", r"\operatorname{norm}"),
    Composed("var", ("v",), "mean((v - mean(v))**2)", r"\operatorname{var}"),
    Composed("std", ("v",), "sqrt(mean((v - mean(v))**2))", r"\operatorname{std}"),
    Composed("row_norm", ("X",), "sqrt(row_sum(X**2))", r"\operatorname{norm}"),
    Composed("row_var", ("X",), "row_mean((X - row_mean(X))**2)", r"\operatorname{var}"),
    Composed("row_std", ("X",), "sqrt(row_mean((X - row_mean(X))**2))", r"\operatorname{std}"),
    Composed("column_norm", ("X",), "sqrt(column_sum(X**2))", r"\operatorname{norm}"),
    Composed("column_var", ("X",), "column_mean((X - column_mean(X))**2)", r"\operatorname{var}"),
    Composed("column_std", ("X",), "sqrt(column_mean((X - column_mean(X))**2))", r"\operatorname{std}"),
    Composed("clip", ("z", "low", "high"), "min(max(z, low), high)", r"\operatorname{clip}"),
    Composed("relu6", ("z",), "min(max(0, z), 6)", r"\operatorname{ReLU6}"),
    Composed("softsign", ("z",), "z/(1 + abs(z))", r"\operatorname{softsign}"),
    Composed("mish", ("z",), "z*tanh(softplus(z))", r"\operatorname{mish}"),
    Composed(
        "selu",
        ("z",),
        "1.0507009873554805*(max(0, z) + 1.6732632423543772*(exp(min(z, 0)) - 1))",
        r"\operatorname{SELU}",
    ),
    Composed("huber", ("r", "d"), "where(abs(r) <= d, r**2/2, d*(abs(r) - d/2))", r"\operatorname{huber}"),
    Composed("outer", ("u", "v"), "column(u)*v", r"\operatorname{outer}"),
    Composed("trace", ("A",), "sum(diag(A))", r"\operatorname{tr}"),
    Composed(
        "log_softmax",
        ("z",),
        "z - logsumexp(z)",
        r"\operatorname{log\,softmax}",
        takes=("vector", "for each row of a matrix write row_log_softmax( )"),
    ),
    Composed(
        "row_log_softmax",
        ("Z",),
        "Z - row_logsumexp(Z)",
        r"\operatorname{log\,softmax}",
        takes=("matrix", "for a vector write log_softmax( )"),
    ),
    Composed("mse", ("y", "p"), "mean((y - p)**2)", r"\operatorname{MSE}"),
    Composed("mae", ("y", "p"), "mean(abs(y - p))", r"\operatorname{MAE}"),
    Composed("kl_divergence", ("p", "q"), "sum(xlogy(p, p) - xlogy(p, q))", r"\operatorname{KL}"),
    Composed("cross_entropy", ("y", "p"), "-sum(xlogy(y, p))", r"\operatorname{CE}"),
    Composed("binary_cross_entropy", ("y", "p"), "-sum(xlogy(y, p) + xlogy(1 - y, 1 - p))", r"\operatorname{BCE}"),
    Composed("softmax_cross_entropy", ("y", "z"), "sum(y)*logsumexp(z) - sum(y*z)", r"\operatorname{CE}"),
    Composed("sigmoid_cross_entropy", ("y", "z"), "sum(softplus(z) - y*z)", r"\operatorname{BCE}"),
)

_Row: TypeAlias = Primitive | Reduction | Composed


@cache
def table() -> Mapping[str, _Row]:
    """Every row by its name and by its aliases."""
    rows: dict[str, _Row] = {}
    every: tuple[_Row, ...] = (*PRIMITIVES, *REDUCTIONS, *COMPOSED)
    for row in every:
        for name in (row.name, *row.aliases):
            rows[name] = row
    return MappingProxyType(rows)


# What only moves elements has no derivative to speak of. How many arguments each takes; None for one or more.
REARRANGEMENTS: Mapping[str, int | None] = MappingProxyType(
    {
        "transpose": 1, "concat": None, "hstack": None, "vstack": None, "flatten": 1, "reshape": None, "column": 1,
        "diag": 1,
    }
)  # fmt: skip
# Of a matrix: the reduction over each column (a vector), or over each row (a matrix of one column, so that it spreads
# over the rows it comes from, as X - row_mean(X) does); a softmax keeps the matrix's shape.
ALONG: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        f"{line}_{how}": (how, axis)
        for line, axis in (("column", 0), ("row", 1))
        for how in ("sum", "mean", "max", "min", "logsumexp", "softmax")
    }
)
# What looks at a window for each element: the least and the most arguments.
WINDOWS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "conv1d": (2, 4), "conv2d": (2, 4), "conv_transpose1d": (2, 4), "conv_transpose2d": (2, 4),
        "max_pool": (2, 3), "average_pool": (2, 3),
    }
)  # fmt: skip
_LINES = (r"_{\mathrm{columns}}", r"_{\mathrm{rows}}")
SAMPLES = "samples"  # of a quantity that differs from sample to sample: the list of what it is in each
NAMES: frozenset[str] = frozenset({*(table()), *REARRANGEMENTS, *ALONG, *WINDOWS, SAMPLES})
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": float(np.pi), "π": float(np.pi)})


def latex(name: str) -> str:
    """A function's symbol, along each row or column with that below it; one of a scenario's own as it is called."""
    if name in ALONG:
        how, axis = ALONG[name]
        return table()[how].latex + _LINES[axis]
    row = table().get(name)
    if row is not None:
        return row.latex
    words = name.replace("_", r"\,")
    return rf"\operatorname{{{words}}}" if name in REARRANGEMENTS or name in WINDOWS else name


def own_name(name: str) -> str:
    """What a scenario's own function is called inside: one that has a built-in function's name gets another."""
    return f"own {name}" if name in NAMES else name


def composed(name: str, count: int) -> Composed | None:
    """The formula that a function of so many arguments abbreviates; None for one that has a rule of its own."""
    row = table().get(name)
    if isinstance(row, Primitive):
        return row.general if count == 2 else None
    return row if isinstance(row, Composed) else None


def primitive(name: str) -> Primitive:
    """The row of a primitive; KeyError where there is none."""
    row: Any = table()[name]
    if not isinstance(row, Primitive):
        raise KeyError(name)
    return row
