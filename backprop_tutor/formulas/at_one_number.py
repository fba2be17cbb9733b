"""A primitive's value and derivative at one of Python's own numbers: what `functions.py` has for arrays.

For one number NumPy takes some ten times as long as the standard library. ArithmeticError and ValueError where there is
no number (a logarithm of a negative number, an overflow); NaN where a function has none of the library's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from .functions import Primitive, table


class AtOneNumber(NamedTuple):
    """value(z) = a; slope(z, a) = da/dz."""

    value: Callable[[float], float]
    slope: Callable[[float, float], float]


def _sigmoid(z: float) -> float:
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    small = math.exp(z)
    return small / (1.0 + small)


def _tanh_slope(z: float, a: float) -> float:
    small = math.exp(-2.0 * abs(z))
    return 4.0 * small / (1.0 + small) ** 2


_OWN: Mapping[str, AtOneNumber] = MappingProxyType(
    {
        "exp": AtOneNumber(math.exp, lambda z, a: a),
        "log": AtOneNumber(math.log, lambda z, a: 1.0 / z),
        "log10": AtOneNumber(math.log10, lambda z, a: 1.0 / (z * math.log(10.0))),
        "sqrt": AtOneNumber(math.sqrt, lambda z, a: 0.5 / a),
        # 1 - a loses all digits when a is near 1; σ(-z) does not, nor does the form of tanh'
        "sigmoid": AtOneNumber(_sigmoid, lambda z, a: a * _sigmoid(-z)),
        "tanh": AtOneNumber(math.tanh, _tanh_slope),
        "relu": AtOneNumber(lambda z: z if z > 0 else 0.0 * z, lambda z, a: 1.0 if z > 0 else 0.0),
    }
)


def at_one_number(name: str) -> AtOneNumber | None:
    """The function by one of its names; None for what is no primitive."""
    row = table().get(name)
    if not isinstance(row, Primitive):
        return None
    return _OWN.get(row.name) or _of_arrays(row)


def _of_arrays(row: Primitive) -> AtOneNumber:
    def value(z: float) -> float:
        with np.errstate(all="ignore"):
            return float(row.value(np.asarray(z)))

    def slope(z: float, a: float) -> float:
        with np.errstate(all="ignore"):
            return float(row.slope(np.asarray(z), np.asarray(a)))

    return AtOneNumber(value, slope)
