"""A scalar formula at given numbers, in ordinary floating point."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

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
    ungrouped,
)
from .rounding import equal, holds, settled
from .typeset import index_text

Lookup = Callable[[str], float]
_Factors: TypeAlias = tuple[tuple[str, Expression], ...]


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
            return total if np.isfinite(total) else _share(factors, sub, total)
        case Power(base, exponent):
            return np.float64(np.power(sub(base), sub(exponent)))
        case Derivative(of, by) if derivative is not None:
            return np.float64(derivative(of, by))
        case Call("where", (Comparison(operator, left, right), first, second), 0):
            return sub(first) if holds(operator, sub(left), sub(right)) else sub(second)
        case Call("log", (argument,), 0):
            total = _call("log", [sub(argument)], 0)
            return total if np.isfinite(total) else _log_of_powers(argument, sub, total)
        case Call(function, arguments, primes):
            return _call(function, [sub(argument) for argument in arguments], primes)
        case _:
            raise ValueError(f"not a scalar formula: {node}")


def _share(factors: _Factors, sub: Callable[[Expression], np.float64], plain: np.float64) -> np.float64:
    """exp(z) / (exp(z1) + exp(z2) + ...) where the powers are too large for a number; any other product as it is."""
    match factors:
        case (("*", Call("exp", (own,), 0)), ("/", below)) if exponents := _exponents(below):
            numbers = [sub(exponent) for exponent in exponents]
            top = max(numbers)
            return np.float64(np.exp(sub(own) - top) / math.fsum(np.exp(number - top) for number in numbers))
        case _:
            return plain


def _log_of_powers(node: Expression, sub: Callable[[Expression], np.float64], plain: np.float64) -> np.float64:
    """log(exp(z1) + exp(z2) + ...) where the powers are too large, or too small; any other logarithm as it is."""
    numbers = [sub(exponent) for exponent in _exponents(node)]
    if not numbers:
        return plain
    top = max(numbers)
    return np.float64(top + np.log(math.fsum(np.exp(number - top) for number in numbers)))


def _exponents(node: Expression) -> tuple[Expression, ...]:
    """z1, z2, ... of exp(z1) + exp(z2) + ...; empty for any other formula."""
    node = ungrouped(node)
    terms = node.terms if isinstance(node, Sum) else ((1, node),)
    powers = [term for sign, term in terms if sign > 0 and isinstance(term, Call) and term.function == "exp"]
    found = tuple(power.arguments[0] for power in powers)
    return found if len(found) == len(terms) else ()


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
