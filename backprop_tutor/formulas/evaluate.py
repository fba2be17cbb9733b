"""A scalar formula at given numbers, in ordinary floating point."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from . import functions
from .expression import (
    Call,
    Comparison,
    Constant,
    Derivative,
    Element,
    Expression,
    Group,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
)
from .rounding import equal, holds, settled
from .typeset import index_text

Lookup = Callable[[str], float]


def evaluate(node: Expression, value_of: Lookup, derivative: Callable[[str, str], float] | None = None) -> float:
    """The formula's value; `value_of` gives each name's number, `derivative` each ∂of/∂by.

    Division by zero and the like give inf or nan, as in NumPy; they do not raise.
    """
    with np.errstate(all="ignore"):
        return float(_value(node, value_of, derivative))


def _value(node: Expression, value_of: Lookup, derivative: Callable[[str, str], float] | None) -> np.float64:
    def sub(part: Expression) -> np.float64:
        return _value(part, value_of, derivative)

    match node:
        case Number():
            return np.float64(float(node.value))
        case Constant():
            return np.float64(node.value)
        case Name():
            return np.float64(value_of(node.name))
        case Element():
            return np.float64(value_of(f"{node.name}[{','.join(index_text(i) for i in node.indices)}]"))
        case Group(inner):
            return sub(inner)
        case Negative(operand):
            return -sub(operand)
        case Sum(terms):
            return _total([sign * sub(term) for sign, term in terms])
        case Product(factors):
            total = sub(factors[0][1])
            for how, factor in factors[1:]:
                total = total / sub(factor) if how == "/" else total * sub(factor)
            return total
        case Power(base, exponent):
            return np.float64(np.power(sub(base), sub(exponent)))
        case Derivative(of, by) if derivative is not None:
            return np.float64(derivative(of, by))
        case Call("where", (Comparison(operator, left, right), first, second), 0):
            return sub(first) if holds(operator, sub(left), sub(right)) else sub(second)
        case Call(function, arguments, primes):
            return _call(function, [sub(argument) for argument in arguments], primes)
        case _:
            raise ValueError(f"not a scalar formula: {node}")


def _total(terms: list[np.float64]) -> np.float64:
    """The exact sum, rounded once, without what is left over by rounding; infinities and overflow as NumPy has them."""
    try:
        total = math.fsum(terms)
    except (OverflowError, ValueError):
        total = sum(terms)
    return np.float64(settled(total, terms))


def _call(function: str, arguments: list[np.float64], primes: int) -> np.float64:
    row = functions.table().get(function)
    if isinstance(row, functions.Primitive):
        z = np.asarray(arguments[0])
        a = row.value(z)
        if primes == 1:
            return np.float64(row.slope(z, a))
        if primes == 0:
            return np.float64(a)
    elif function in ("max", "min"):
        top = max(arguments) if function == "max" else min(arguments)
        return next(argument for argument in arguments if equal(argument, top) or argument != argument)
    elif function == "xlogy":
        y, p = arguments
        return np.float64(0.0) if y == 0 else y * np.log(p)
    raise ValueError(f"no scalar value for {function} with {primes} primes")
