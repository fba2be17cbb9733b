"""Losses recognised in formulas, whatever their names: squared errors, cross entropies of probabilities or of logits.

A loss is a sum of terms c·(t − o)², c·y·log(p), c·(y·log(p) + (1 − y)·log(1 − p)), or of other losses. The number c
holds the ½, the sign and the mean. What is not recognised is left alone: then nothing is said of that loss.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Literal, TypeAlias

from ..formulas.algebra import ONE, TWO, Monomial, call, minus, monomials, over, plus, scaled, square, times
from ..formulas.expression import Call, Expression, Name, Power, Product, Sum, ungrouped
from ..values import Struct

LossKind: TypeAlias = Literal["squared", "log", "binary", "softmax logits", "sigmoid logits"]


class LossTerm(Struct, frozen=True):
    """One output's share of a loss: c·(t − o)², c·y·log(o) or c·(y·log(o) + (1 − y)·log(1 − o)).

    With "… logits" the output is a logit and c·(y·log(p) + …) is meant, p being the softmax or sigmoid of the logits.
    """

    kind: LossKind
    coefficient: Fraction
    output: str
    target: Expression
    written: Expression  # t − o as its author wrote it, for the squared error
    logits: tuple[str, ...] = ()  # all logits under one softmax
    targets: tuple[Expression, ...] = ()

    @property
    def formula(self) -> Expression:
        """The term itself."""
        return scaled(self.coefficient, self.unscaled)

    @property
    def unscaled(self) -> Expression:
        """The term without its number."""
        o = Name(self.output, self.output)
        if self.kind == "squared":
            return square(self.written)
        if self.kind == "log":
            return times(self.target, call("log", o))
        p = self.probability
        first = times(self.target, call("log", p))
        if self.kind == "softmax logits":
            return first
        return plus(first, times(minus(ONE, self.target), call("log", minus(ONE, p))))

    @property
    def probability(self) -> Expression:
        """p: the output, or the softmax or sigmoid of the logits."""
        o = Name(self.output, self.output)
        if self.kind == "softmax logits":
            return over(call("exp", o), plus(*(call("exp", Name(z, z)) for z in self.logits)))
        return call("sigmoid", o) if self.kind == "sigmoid logits" else o

    def slope(self, reverse: bool = False) -> Expression:
        """∂term/∂output; `reverse` writes −(t − o) for (o − t)."""
        o, t, c = Name(self.output, self.output), self.target, self.coefficient
        if self.kind == "squared":
            return scaled(-2 * c, minus(t, o)) if reverse else scaled(2 * c, minus(o, t))
        if self.kind == "log":
            return scaled(c, over(t, o))
        if self.kind == "binary":
            if reverse:
                return scaled(c, minus(over(t, o), over(minus(ONE, t), minus(ONE, o))))
            return scaled(-c, over(minus(o, t), times(o, minus(ONE, o))))
        p = self.probability
        return scaled(c, minus(t, p)) if reverse else scaled(-c, minus(p, t))


class Loss(Struct, frozen=True):
    """A recognised loss: its own terms, and other losses that it adds up (number, name)."""

    terms: tuple[LossTerm, ...]
    parts: tuple[tuple[Fraction, str], ...]


def recognise(formula: Expression, is_target: Callable[[str], bool], is_loss: Callable[[str], bool]) -> Loss | None:
    """The formula as a loss, or None. `is_target` tells a known number from an output."""
    from_logits = _logit_loss(monomials(formula))
    if from_logits:
        return Loss(from_logits, ())
    terms: list[LossTerm] = []
    parts: list[tuple[Fraction, str]] = []
    logs: dict[str, list[tuple[Fraction, Expression, bool]]] = {}
    for coefficient, factors in monomials(formula):
        only = factors[0] if len(factors) == 1 else None
        if isinstance(only, Name) and is_loss(only.name):
            parts.append((coefficient, only.name))
        elif (difference := _difference(factors)) is not None:
            term = _squared(coefficient, difference, is_target)
            if term is None:
                return None
            terms.append(term)
        elif (found := _logarithm(factors)) is not None:
            output, target, complement = found
            logs.setdefault(output, []).append((coefficient, target, complement))
        else:
            return None
    for output, uses in logs.items():
        term = _log_term(output, uses)
        if term is None:
            return None
        terms.append(term)
    return Loss(tuple(terms), tuple(parts)) if terms or parts else None


def _difference(factors: tuple[Expression, ...]) -> Expression | None:
    """d of d² or d·d, where d has two terms."""
    match factors:
        case (Power(base, exponent),) if ungrouped(exponent) == TWO:
            inside = ungrouped(base)
        case (first, second) if ungrouped(first) == ungrouped(second):
            inside = ungrouped(first)
        case _:
            return None
    return inside if isinstance(inside, Sum) and len(inside.terms) == 2 else None


def _squared(coefficient: Fraction, difference: Expression, is_target: Callable[[str], bool]) -> LossTerm | None:
    sides = monomials(difference)
    if len(sides) != 2 or sides[0][0] != -sides[1][0]:
        return None
    pieces = [factors[0] if len(factors) == 1 else None for _, factors in sides]
    scale = sides[0][0] ** 2
    for t, o in (pieces, pieces[::-1]):
        if isinstance(t, Name) and isinstance(o, Name) and is_target(t.name) and not is_target(o.name) and scale == 1:
            return LossTerm("squared", coefficient, o.name, Name(t.name, t.name), difference)
    return None


def _logarithm(factors: tuple[Expression, ...]) -> tuple[str, Expression, bool] | None:
    """(output, target, is it the (1 − y)·log(1 − p) term) of y·log(p), xlogy(y, p) or log(p)."""
    match factors:
        case (Call("xlogy", (y, p), 0),):
            pair = (y, p)
        case (Call("log", (p,), 0),):
            pair = (ONE, p)
        case (Call("log", (p,), 0), y) | (y, Call("log", (p,), 0)):
            pair = (y, p)
        case _:
            return None
    target, output = ungrouped(pair[0]), ungrouped(pair[1])
    if isinstance(output, Name):
        return output.name, target, False
    inner = _complement(output)
    return None if inner is None else (inner, target, True)


def _complement(node: Expression) -> str | None:
    """p of 1 − p."""
    match monomials(node):
        case [(one, ()), (minus_one, (Name(name),))] if one == 1 and minus_one == -1:
            return name
        case [(minus_one, (Name(name),)), (one, ())] if one == 1 and minus_one == -1:
            return name
    return None


def _log_term(output: str, uses: list[tuple[Fraction, Expression, bool]]) -> LossTerm | None:
    if len(uses) == 1:
        coefficient, target, complement = uses[0]
        return None if complement else LossTerm("log", coefficient, output, target, ONE)
    if len(uses) != 2:
        return None
    (c1, y1, complement1), (c2, y2, complement2) = sorted(uses, key=lambda use: use[2])
    if complement1 or not complement2 or c1 != c2 or _differs(y2, y1):
        return None
    return LossTerm("binary", c1, output, y1, ONE)


def _differs(complement: Expression, target: Expression) -> bool:
    """Is the formula anything but 1 − target?"""
    return set(monomials(complement)) != {(Fraction(1), ()), (Fraction(-1), (target,))}


# ---------------------------------------------------------------- losses of logits
def _logit_loss(parts: list[Monomial]) -> tuple[LossTerm, ...]:
    """The terms of Σy·log(Σexp(z)) − Σy·z, or of Σ(log(1 + exp(z)) − y·z); none for anything else."""
    products: dict[str, tuple[Fraction, Expression]] = {}
    normaliser: tuple[Fraction, tuple[str, ...]] | None = None
    pluses: dict[str, Fraction] = {}
    for coefficient, factors in parts:
        match [ungrouped(factor) for factor in factors]:
            case [Call("softplus", (argument,), 0)] if (logit := bare_name(argument)) is not None:
                pluses[logit] = coefficient
            case [Sum() | Name(), Call("log", (inside,), 0)] if logits := exponents(inside):
                normaliser = (coefficient, logits)
            case [Name() as y, Name(z)]:
                products[z] = (-coefficient, y)
            case _:
                return ()
    if normaliser is not None and set(products) == set(normaliser[1]) and not pluses:
        c, logits = normaliser
        targets = tuple(products[z][1] for z in logits)
        if all(products[z][0] == c for z in logits):
            return tuple(
                LossTerm("softmax logits", -c, z, y, ONE, logits, targets) for z, y in zip(logits, targets, strict=True)
            )
    if pluses and normaliser is None and {z: c for z, (c, _) in products.items()} == pluses:
        return tuple(LossTerm("sigmoid logits", -c, z, products[z][1], ONE) for z, c in pluses.items())
    return ()


def exponents(node: Expression) -> tuple[str, ...]:
    """The names z of exp(z₁) + exp(z₂) + …; none for any other formula."""
    names = []
    for coefficient, factors in monomials(node):
        match factors:
            case (Call("exp", (argument,), 0),) if coefficient == 1 and (name := bare_name(argument)) is not None:
                names.append(name)
            case _:
                return ()
    return tuple(names)


def softmax_parts(formula: Expression) -> tuple[str, tuple[str, ...]] | None:
    """(own logit, all logits) of exp(z_i)/(exp(z₁) + …), or None."""
    match ungrouped(formula):
        case Product((("*", Call("exp", (own,), 0)), ("/", below))):
            logits, name = exponents(below), bare_name(own)
            return (name, logits) if name is not None and name in logits and len(logits) > 1 else None
    return None


def bare_name(node: Expression) -> str | None:
    """The name that a formula is, brackets aside."""
    node = ungrouped(node)
    return node.name if isinstance(node, Name) else None
