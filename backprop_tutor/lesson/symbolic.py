"""SymPy's part, and the only module that imports it: derivatives of formulas, and an independent value for each.

A formula is turned into SymPy objects node by node, never from text. `local_derivative` differentiates with opaque
functions, whose derivative is written in the document's form (σ' = a·(1 − a)), and gives a formula to show.
`witness` differentiates the functions' written-out definitions and evaluates the result at 60 digits: it shares no
derivative rule with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

import sympy as sp

from ..formulas import functions as table
from ..formulas.evaluate import evaluate
from ..formulas.expression import (
    Call,
    Comparison,
    Constant,
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
    number,
    rebuild,
    ungrouped,
    walk,
)
from ..formulas.parse import parse
from ..formulas.rounding import equal, holds
from ..formulas.shapes import RESULT, template_of, with_names
from ..formulas.typeset import index_text, to_text

DIGITS = 60  # of the independent values
MAX_MULTIPLE = 64  # of a typed decimal number that is still a decimal one
MAX_EXACT_BITS = 20_000  # of an exact power of numbers


@cache
def opaque(name: str) -> Any:
    """A SymPy function whose derivative is the row's own formula over z and a."""
    row = table.primitive(name)

    def fdiff(self: Any, argindex: int = 1) -> Any:
        z = self.args[0]
        return _to_sympy(parse(row.derivative), {"z": z, "a": self}, opaque)

    return type(name, (sp.Function,), {"fdiff": fdiff, "nargs": 1})


@cache
def gate(operator: str) -> Any:
    """`where` as a SymPy function of (left, right, first, second): its derivative is that of the case that is taken."""

    def derivative(self: Any, by: Any) -> Any:
        left, right, first, second = self.args
        one, other = first.diff(by), second.diff(by)
        return one if one == other else self.func(left, right, one, other)

    members = {"_eval_derivative": derivative, "nargs": 4, "operator": operator}
    return type(f"where{operator}", (sp.Function,), members)


@cache
def extreme(name: str) -> Any:
    """`max` or `min` as a SymPy function whose derivative is that of the argument that is taken, the first at a tie."""
    beyond = ">" if name == "max" else "<"

    def among(parts: Sequence[Any]) -> Any:
        return parts[0] if len(parts) == 1 else extreme(name)(*parts)

    def derivative(self: Any, by: Any) -> Any:
        parts = self.args
        slopes = [part.diff(by) for part in parts]
        if len(set(slopes)) == 1:
            return slopes[0]
        moving = [i for i, slope in enumerate(slopes) if slope != 0]
        if len(moving) > 1:  # one after the other
            found = slopes[-1]
            for i in range(len(parts) - 2, -1, -1):
                found = gate(f"{beyond}=")(parts[i], among(parts[i + 1 :]), slopes[i], found)
            return found
        [at] = moving
        mine, found = parts[at], slopes[at]
        if parts[:at] == (0,) and at == len(parts) - 1:  # max(0, z): step(z)
            return found * opaque("step")(mine if name == "max" else -mine)
        if at < len(parts) - 1:
            found = gate(f"{beyond}=")(mine, among(parts[at + 1 :]), found, 0)
        return found if at == 0 else gate(beyond)(mine, among(parts[:at]), found, 0)

    return type(name, (sp.Function,), {"_eval_derivative": derivative})


def written_out(name: str) -> Callable[[Any], Any]:
    """A primitive by its definition, down to SymPy's own functions."""
    own: dict[str, Any] = {
        "exp": sp.exp, "log": sp.log, "sin": sp.sin, "cos": sp.cos, "erf": sp.erf, "abs": _absolute,
        "asin": sp.asin, "acos": sp.acos, "atan": sp.atan,
        "sign": lambda z: sp.Piecewise((1, z > 0), (-1, z < 0), (0, True)),
        "step": lambda z: sp.Piecewise((1, z > 0), (0, True)),
    }  # fmt: skip
    if name in own:
        return own[name]  # type: ignore[no-any-return]
    row = table.primitive(name)
    return lambda z: _to_sympy(parse(row.definition), {"z": z}, written_out)


def _absolute(z: Any) -> Any:
    return sp.Piecewise((z, z > 0), (-z, z < 0), (0, True))


def symbol(name: str) -> Any:
    return sp.Symbol(name, real=True)


def _to_sympy(node: Expression, values: Mapping[str, Any], function: Callable[[str], Any]) -> Any:
    def sub(part: Expression) -> Any:
        return _to_sympy(part, values, function)

    match node:
        case Number(_, value):
            return sp.Rational(value.numerator, value.denominator)
        case Constant():
            return sp.pi
        case Name(name):
            return values[name] if name in values else symbol(name)
        case Element(name, indices):
            full = f"{name}[{','.join(index_text(i) for i in indices)}]"
            return values[full] if full in values else symbol(full)
        case Group(inner):
            return sub(inner)
        case Negative(operand):
            return -sub(operand)
        case Sum(terms):
            return sp.Add(*(sign * sub(term) for sign, term in terms))
        case Product(factors):
            return sp.Mul(*(sub(factor) if how == "*" else 1 / sub(factor) for how, factor in factors))
        case Power(base, exponent):
            return _power(sub(base), sub(exponent))
        case Call("where", (Comparison(operator, left, right), first, second), 0):
            choose = gate(operator) if function is opaque else partial(_chosen_if, operator)
            return choose(*map(sub, (left, right, first, second)))
        case Call(name, arguments, 0):
            put_in = [sub(argument) for argument in arguments]
            if name in ("max", "min"):
                if function is opaque:
                    return extreme(name)(*put_in)
                return _largest(put_in) if name == "max" else -_largest([-i for i in put_in])
            if name == "xlogy":
                return put_in[0] * function("log")(put_in[1])
            return function(name)(*put_in)
        case _:
            raise ValueError(f"no symbolic form for {node}")


def _power(base: Any, exponent: Any) -> Any:
    """base ** exponent; 0 to an unknown power is 0, and an exact number of very many digits becomes a decimal one."""
    if base == 0 and not exponent.is_number:
        return sp.Integer(0)
    if base.is_Rational and exponent.is_Rational:
        bits = max(abs(base.p), base.q).bit_length() * abs(exponent)
        if bits > MAX_EXACT_BITS:
            base = sp.Float(base, 40)
    return base**exponent


def _largest(parts: list[Any]) -> Any:
    """The first of the largest, so that a tie is the first one's."""
    cases = [
        (part, sp.And(*([part >= other for other in parts[i + 1 :]] + [part > other for other in parts[:i]])))
        for i, part in enumerate(parts)
    ]
    return sp.Piecewise(*cases[:-1], (cases[-1][0], True))


def _chosen_if(operator: str, left: Any, right: Any, first: Any, second: Any) -> Any:
    """`where` as SymPy has it."""
    holds = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq}[operator](left, right)
    return sp.Piecewise((first, holds), (second, True))


def written_out_form(formula: Expression, values: Mapping[str, Any]) -> Any:
    """The formula in SymPy's own functions; `values` are put in for names, the other names become symbols."""
    return _to_sympy(formula, values, written_out)


# ---------------------------------------------------------------- the independent value
@cache
def _derivative_written_out(formula: Expression, by: str) -> Any:
    return sp.diff(_written_out(formula), symbol(by))


@cache
def _written_out(formula: Expression) -> Any:
    return written_out_form(formula, {})


def witness(formula: Expression, by: str, value_of: Callable[[str], float]) -> float:
    """∂formula/∂by by SymPy from the functions' definitions, evaluated at 60 digits.

    A function of a formula, σ(w·x + b), is taken in pieces, z = w·x + b and σ(z), and these are chained: written out
    whole, a few functions inside each other would grow beyond all bounds.
    """
    values: dict[str, Any] = {}
    slopes: dict[str, Any] = {by: sp.Integer(1)}

    def number_of(name: str) -> Any:
        return values[name] if name in values else sp.Float(value_of(name), DIGITS)

    def plain(name: str) -> float:
        return float(number_of(name))

    for name, piece in _pieces(formula):
        taken = _taken(piece, plain)
        if taken is not None:
            values[name] = number_of(taken.name) if isinstance(taken, Name) else sp.Rational(taken.value)
            slopes[name] = slopes.get(taken.name, 0) if isinstance(taken, Name) else 0
            continue
        shape, slots = template_of(piece)
        at = {symbol(slot): number_of(n) for n, slot in slots.items()}
        values[name] = _number(_written_out(shape), at)
        if isinstance(piece, Sum) and evaluate(piece, plain) == 0:
            values[name] = sp.Integer(0)  # what is left over by rounding
        slopes[name] = sum(
            (_number(_derivative_written_out(shape, slot), at) * slopes[n] for n, slot in slots.items() if n in slopes),
            sp.Integer(0),
        )
    return float(slopes[""])


def _number(expression: Any, at: Mapping[Any, Any]) -> Any:
    return sp.re(sp.N(expression.xreplace(at), DIGITS))


def _taken(piece: Expression, number_of: Callable[[str], float]) -> Name | Number | None:
    """Which of its arguments a max, min or where is; None for any other piece."""
    match piece:
        case Call("where", (Comparison(operator, left, right), first, second)):
            sides = [evaluate(side, number_of) for side in (left, right)]
            chosen = first if holds(operator, *sides) else second
        case Call("max" | "min" as name, arguments):
            numbers = [evaluate(argument, number_of) for argument in arguments]
            top = max(numbers) if name == "max" else min(numbers)
            chosen = next(one for one, x in zip(arguments, numbers, strict=True) if equal(x, top))
        case _:
            return None
    assert isinstance(chosen, (Name, Number))
    return chosen


def _pieces(formula: Expression) -> Iterator[tuple[str, Expression]]:
    """The formula in pieces, innermost first, each with a name; the whole has "".

    The arguments of functions that are formulas themselves are pieces, with the sums inside them; and so is every max,
    min and where, which takes one of its arguments.
    """
    found: list[tuple[str, Expression]] = []

    def named(part: Expression) -> Expression:
        if isinstance(part, (Name, Number)):
            return part
        found.append((f"#{len(found)}", part))
        return Name(found[-1][0])

    def cut(part: Expression, inside: bool) -> Expression:
        calls = isinstance(part, (Call, Comparison))
        part = rebuild(part, lambda inner: cut(inner, inside or calls))
        if isinstance(part, (Call, Comparison)):
            part = rebuild(part, lambda inner: inner if isinstance(inner, Comparison) else named(ungrouped(inner)))
        choosing = isinstance(part, Call) and part.function in ("max", "min", "where")
        return named(part) if choosing or (inside and isinstance(part, Sum)) else part

    whole = cut(formula, False)
    yield from found
    yield "", whole


# ---------------------------------------------------------------- the formula to show
def local_derivative(formula: Expression, by: str, result: str) -> Expression:
    """∂formula/∂by as a formula over the operands and the result's own name, in the document's form.

    `formula` is in scalar names with all functions written out but the primitives. The derivative of a max or min is
    that of the argument that is taken, said by `step` or `where`, at a tie that of the first.
    """
    shape, slots = template_of(formula)
    return with_names(derivative_of_shape(shape, slots[by]), slots, result)


@cache
def derivative_of_shape(shape: Expression, slot: str) -> Expression:
    """∂shape/∂slot, where `result` stands for the shape's own value."""
    whole = _to_sympy(shape, {}, opaque)
    derivative = sp.diff(whole, symbol(slot))
    if not whole.is_Number:
        derivative = derivative.xreplace({whole: symbol(RESULT)})
    reader = _Reader(shape)
    whole_forms = [sp.factor_terms(derivative), derivative]
    if derivative.is_Add:
        whole_forms.append(sp.Mul(*derivative.primitive(), evaluate=False))
    # 2·(y − 1) rather than 2·y − 2, (2·m − a − b) / 2 rather than m − a / 2 − b / 2, but 0.01 + 0.99·step(z) rather
    # than (1 + 99·step(z)) / 100
    forms = [reader.expression(_roots_taken(form)) for form in whole_forms]
    return min(forms, key=reader.unlikeness)


def _roots_taken(form: Any) -> Any:
    """The square of a square root is what stands below it."""
    root = opaque("sqrt")
    return form.replace(
        lambda part: part.is_Pow and isinstance(part.base, root) and part.exp.is_even,
        lambda part: part.base.args[0] ** (part.exp / 2),
    )


def _finite(denominator: int) -> bool:
    """Has 1/denominator a decimal fraction that ends?"""
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1


class _Reader:
    """SymPy's result back into a formula: numbers and sums as the author typed them, operands in the author's order."""

    def __init__(self, shape: Expression) -> None:
        self.texts = {part.value: part.text for part in walk(shape) if isinstance(part, Number)}
        self.order = {name: i for i, name in enumerate(names_in(shape))}
        self.sums = {_to_sympy(part, {}, opaque): part for part in walk(shape) if isinstance(part, Sum)}
        self.decimals = [value for value, text in self.texts.items() if "." in text]
        self.places: dict[Any, int] = {}  # of pieces that were met before, as every sum and product inside another is

    def key(self, node: Any) -> tuple[int, str]:
        return self.place(node), str(node)

    def place(self, node: Any) -> int:
        """Where the first of the operands in it stands; -1 where there is none."""
        if node not in self.places:
            if node.is_Symbol:
                self.places[node] = self.order.get(node.name, 1000)
            else:
                inner = [place for place in map(self.place, node.args) if place >= 0]
                self.places[node] = min(inner, default=-1)
        return self.places[node]

    def unlikeness(self, form: Expression) -> tuple[int, int]:
        """How far a formula is from the author's way: few of the author's sums; long, with many fractions."""
        parts = list(walk(form))
        own = {part for part in parts if isinstance(part, Sum) and part in self.sums.values()}
        fractions = sum(sign == "/" for part in parts if isinstance(part, Product) for sign, _ in part.factors)
        return -len(own), len(to_text(form)) + len(" / ") * fractions

    def decimal(self, value: Any) -> bool:
        """Is a fraction written as a decimal number: 0.99, and 0.75 as three times the author's 0.25?"""
        multiples = (value / one for one in self.decimals if one)
        return _finite(value.denominator) and (
            value.denominator % 10 == 0 or any(m.denominator == 1 and abs(m) <= MAX_MULTIPLE for m in multiples)
        )

    def number(self, value: Any) -> Expression:
        exact = number(0).value.__class__(int(value.p), int(value.q))
        if exact < 0:
            return Negative(self.number(-value))
        if exact in self.texts:
            return Number(self.texts[exact], exact)
        if exact.denominator > 1 and self.decimal(exact):
            return Number(repr(float(exact)), exact)
        if exact.denominator > 1:
            return Product((("*", number(exact.numerator)), ("/", number(exact.denominator))))
        return number(exact)

    def expression(self, node: Any) -> Expression:
        if node.is_Rational:
            return self.number(node)
        if node.is_Float:
            return Number(repr(float(node)), number(0).value.__class__(float(node)))
        if node is sp.pi or node is sp.E:
            return Constant("pi", float(sp.pi)) if node is sp.pi else Call("exp", (number(1),), 0, "exp")
        if node.is_Symbol:
            return Name(node.name, node.name)
        if node.is_Add:
            return self.sum(node)
        if node.is_Mul:
            return self.product(node)
        if node.is_Pow:
            return self.power(node)
        if isinstance(node, sp.exp):
            return Call("exp", (self.expression(node.args[0]),), 0, "exp")
        if isinstance(node, sp.Function) and hasattr(node, "operator"):
            left, right, first, second = map(self.expression, node.args)
            return Call("where", (Comparison(node.operator, left, right), first, second), 0, "where")
        if isinstance(node, sp.Function):
            return Call(type(node).__name__, tuple(self.expression(a) for a in node.args), 0, type(node).__name__)
        raise ValueError(f"no formula for {node!r}")

    def sum(self, node: Any) -> Expression:
        if node in self.sums:
            return self.sums[node]

        def split(term: Any) -> tuple[int, Any]:
            return (-1, -term) if term.could_extract_minus_sign() else (1, term)

        terms = [split(term) for term in sorted(node.args, key=self.key)]
        # a positive term first where there is one: a - t, not -t + a
        terms.sort(key=lambda signed: signed[0] < 0)
        return Sum(tuple((sign, self.expression(term)) for sign, term in terms))

    def product(self, node: Any) -> Expression:
        coefficient, rest = node.as_coeff_Mul()
        turned = next((f for f in sp.Mul.make_args(rest) if f.is_Add and -f in self.sums), None)
        if coefficient.is_negative and turned is not None:  # (x − c) / s² rather than −(c − x) / s²
            others = [-turned if factor == turned else factor for factor in sp.Mul.make_args(rest)]
            return self.product(sp.Mul(-coefficient, sp.Mul(*others, evaluate=False), evaluate=False))
        if coefficient.is_negative:
            inner = self.expression(-node)
            return Negative(inner)
        above: list[Expression] = []
        below: list[Expression] = []
        numerator, denominator = coefficient.p, coefficient.q
        exact = number(numerator).value / denominator
        if exact in self.texts and exact != 1:
            above.append(Number(self.texts[exact], exact))
        elif denominator > 1 and denominator not in self.texts and self.decimal(exact):
            above.append(self.number(coefficient))  # 0.99·x rather than 99·x / 100
        else:
            if numerator != 1:
                above.append(self.number(sp.Integer(numerator)))
            if denominator != 1:
                below.append(self.number(sp.Integer(denominator)))
        for factor in self.in_order(sp.Mul.make_args(rest)):
            if factor.is_Pow and factor.exp.could_extract_minus_sign():
                below.append(self.bracketed(self.expression(1 / factor)))
            elif factor != 1:
                above.append(self.bracketed(self.expression(factor)))
        if not above:
            above.append(number(1))
        if not below and len(above) == 1:
            return above[0]
        under: Expression | None = None
        if below:
            under = below[0] if len(below) == 1 else Group(Product(tuple(("*", b) for b in below)))
        factors = [("*", a) for a in above] + ([("/", under)] if under is not None else [])
        return Product(tuple(factors))

    def in_order(self, factors: Sequence[Any]) -> list[Any]:
        """The result's own name first, then single names, then brackets; 1 − a behind its a."""
        own = symbol(RESULT)
        found: list[Any] = sorted(factors, key=lambda f: (not f.has(own), bool(f.is_Add), *self.key(f)))
        for bracket in [factor for factor in found if factor.is_Add]:
            of = {base for term in bracket.args for base in sp.Mul.make_args(term)}
            at = next((i for i, factor in enumerate(found) if factor in of and not factor.is_number), None)
            if at is not None:
                found.remove(bracket)
                found.insert(at + 1 if at < len(found) and found[at] in of else at, bracket)
        return found

    def power(self, node: Any) -> Expression:
        if node.exp.could_extract_minus_sign():
            return Product((("*", number(1)), ("/", self.bracketed(self.expression(1 / node)))))
        if node.exp == sp.Rational(1, 2):
            return Call("sqrt", (self.expression(node.base),), 0, "sqrt")
        return Power(self.bracketed(self.expression(node.base)), self.expression(node.exp))

    def bracketed(self, node: Expression) -> Expression:
        return Group(node) if isinstance(node, (Sum, Negative, Product)) else node
