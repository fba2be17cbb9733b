"""Scalar formulas compiled to closures over Python floats: value and one directional derivative together.

A hand calculation is judged by evaluating small formulas many times: at the truth, at the person's own numbers, at
random points, at the corners of rounding boxes. Each formula is compiled once; an evaluation is a few microseconds. The
second component carries d/dx along (forward accumulation), which gives local derivatives at a person's own numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ..formulas.at_one_number import AtOneNumber, at_one_number
from ..formulas.expression import (
    Call,
    Comparison,
    Constant,
    Derivative,
    DerivativeOf,
    Element,
    Expression,
    Group,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
    names_in,
)
from ..formulas.rounding import equal, holds, settled_number
from ..formulas.typeset import index_text
from .written_out import CustomFunction

Dual: TypeAlias = tuple[float, float]
Get: TypeAlias = Callable[[str], Dual]  # a name's value and its derivative in the chosen direction
GetGradient: TypeAlias = Callable[[str, str], float]
Compiled: TypeAlias = Callable[[Get, GetGradient], Dual]

NAN = float("nan")
NO_FUNCTIONS: Mapping[str, CustomFunction] = MappingProxyType({})


def no_gradient(of: str, by: str) -> float:
    """For formulas that name no derivative."""
    raise KeyError(f"d{of}/d{by}")


def compiled(node: Expression, custom: Mapping[str, CustomFunction] = NO_FUNCTIONS) -> Compiled:
    """The formula as a function of a lookup. ValueError for what is no scalar formula (lists, matrix products)."""

    def sub(part: Expression) -> Compiled:
        return compiled(part, custom)

    match node:
        case Number():
            constant = (float(node.value), 0.0)
            return lambda get, gradient: constant
        case Constant():
            fixed = (node.value, 0.0)
            return lambda get, gradient: fixed
        case Name(name):
            return lambda get, gradient: get(name)
        case Element(name, indices):
            full = f"{name}[{','.join(index_text(i) for i in indices)}]"
            return lambda get, gradient: get(full)
        case Group(inner):
            return sub(inner)
        case Negative(operand):
            return _negative(sub(operand))
        case Sum(terms):
            return _sum([(sign, sub(term)) for sign, term in terms])
        case Product(factors):
            return _product([(how == "/", sub(factor)) for how, factor in factors])
        case Power(base, exponent):
            return _power(sub(base), sub(exponent))
        case Derivative(of, by):
            return lambda get, gradient: (gradient(of, by), 0.0)
        case DerivativeOf(operand, by):
            return _derivative_of(sub(operand), by, by in names_in(operand))
        case Call("where", (Comparison(operator, left, right), first, second), 0):
            return _where(operator, *map(sub, (left, right, first, second)))
        case Call(function, arguments, primes):
            if function in custom:
                return _own(custom[function], [sub(argument) for argument in arguments], primes)
            return _call(function, [sub(argument) for argument in arguments], primes)
        case _:
            raise ValueError("not a scalar formula")


def _negative(inner: Compiled) -> Compiled:
    def run(get: Get, gradient: GetGradient) -> Dual:
        v, d = inner(get, gradient)
        return -v, -d

    return run


def _sum(parts: list[tuple[int, Compiled]]) -> Compiled:
    def run(get: Get, gradient: GetGradient) -> Dual:
        total = slope = 0.0
        values = []
        for sign, part in parts:
            v, d = part(get, gradient)
            values.append(v)
            if sign > 0:
                total += v
                slope += d
            else:
                total -= v
                slope -= d
        return settled_number(total, values), slope

    return run


def _product(parts: list[tuple[bool, Compiled]]) -> Compiled:
    def run(get: Get, gradient: GetGradient) -> Dual:
        total, slope = parts[0][1](get, gradient)
        for over, part in parts[1:]:
            v, d = part(get, gradient)
            if over:
                if v == 0.0:
                    return NAN, NAN
                total, slope = total / v, (slope * v - total * d) / (v * v)
            else:
                total, slope = total * v, slope * v + total * d
        return total, slope

    return run


def _power(base: Compiled, exponent: Compiled) -> Compiled:
    def run(get: Get, gradient: GetGradient) -> Dual:
        b, db = base(get, gradient)
        e, de = exponent(get, gradient)
        try:
            value = b**e
            slope = e * b ** (e - 1) * db if db else 0.0
            if de:
                slope += value * math.log(b) * de
        except (ValueError, ZeroDivisionError, OverflowError):
            return NAN, NAN
        return (NAN, NAN) if isinstance(value, complex) else (value, slope)

    return run


def _derivative_of(inner: Compiled, by: str, named: bool) -> Compiled:
    """∂/∂by of a formula in its own right: only that quantity moves, and everything else is held.

    One that the formula does not name moves it through those that it does.
    """

    def run(get: Get, gradient: GetGradient) -> Dual:
        def moved(name: str) -> Dual:
            return get(name)[0], (1.0 if name == by else 0.0) if named else gradient(name, by)

        return inner(moved, gradient)[1], 0.0

    return run


def _own(function: CustomFunction, arguments: list[Compiled], primes: int) -> Compiled:
    """A function of the scenario's own; f'(x) is its derivative by its first parameter."""
    body = compiled(function.body)
    if primes > 1 or len(arguments) != len(function.parameters):
        raise ValueError(f"'{function.name}' can't be read here")

    def run(get: Get, gradient: GetGradient) -> Dual:
        duals = [argument(get, gradient) for argument in arguments]
        at = dict(zip(function.parameters, duals, strict=True))
        if primes:
            first = function.parameters[0]
            return body(lambda name: (at[name][0], 1.0 if name == first else 0.0), gradient)[1], 0.0
        return body(at.__getitem__, gradient)

    return run


def _call(function: str, arguments: list[Compiled], primes: int) -> Compiled:
    rules = at_one_number(function)
    if rules is not None and len(arguments) == 1 and primes <= 1:
        return _apply(rules, arguments[0], primes)
    if primes == 0 and function in ("max", "min"):
        return _extreme(max if function == "max" else min, arguments)
    if primes == 0 and function == "xlogy" and len(arguments) == 2:
        return _xlogy(*arguments)
    if primes == 0 and function == "sum" and len(arguments) == 1:
        return arguments[0]
    raise ValueError(f"no scalar value for '{function}'")


def _apply(rules: AtOneNumber, argument: Compiled, primes: int) -> Compiled:
    value, slope = rules

    def run(get: Get, gradient: GetGradient) -> Dual:
        z, d = argument(get, gradient)
        try:
            a = value(z)
            if primes:
                return slope(z, a), 0.0
            return a, slope(z, a) * d if d else 0.0
        except (ValueError, ZeroDivisionError, OverflowError):
            return NAN, NAN

    return run


def _extreme(choose: Callable[..., Dual], arguments: list[Compiled]) -> Compiled:
    def run(get: Get, gradient: GetGradient) -> Dual:
        duals = [argument(get, gradient) for argument in arguments]
        top = choose(duals, key=lambda dual: dual[0])[0]
        return next((dual for dual in duals if equal(dual[0], top)), (NAN, NAN))

    return run


def _where(operator: str, left: Compiled, right: Compiled, first: Compiled, second: Compiled) -> Compiled:
    def run(get: Get, gradient: GetGradient) -> Dual:
        taken = holds(operator, left(get, gradient)[0], right(get, gradient)[0])
        return (first if taken else second)(get, gradient)

    return run


def _xlogy(factor: Compiled, argument: Compiled) -> Compiled:
    def run(get: Get, gradient: GetGradient) -> Dual:
        y, dy = factor(get, gradient)
        if y == 0.0 and dy == 0.0:
            return 0.0, 0.0
        p, dp = argument(get, gradient)
        if p <= 0.0:
            return NAN, NAN
        return y * math.log(p), dy * math.log(p) + y / p * dp

    return run
