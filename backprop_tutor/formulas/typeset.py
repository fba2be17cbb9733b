"""Formulas as text for a terminal, as ASCII, and as LaTeX: the author's order, brackets and digits, never reordered.

A `Style` says how to spell. Names go through a function, so that the same printer writes a formula in names, with the
numbers put in, or in LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .characters import ASCII as ASCII  # for those who typeset
from .characters import UNICODE as UNICODE
from .characters import Style as Style
from .expression import (
    NOWHERE,
    Bracketed,
    Call,
    Comparison,
    Constant,
    Derivative,
    DerivativeOf,
    Element,
    Expression,
    Group,
    Indexed,
    MatrixProduct,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Range,
    Sum,
    ungrouped,
)
from .latex_names import latex_name
from .tokens import TURNED

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_COMPARISONS = {"<=": "≤", ">=": "≥"}
_LATEX_COMPARISONS = {"<": r"\lt", "<=": r"\le", ">": r"\gt", ">=": r"\ge", "==": "="}
_BARS = {"abs": "|", "norm": r"\|"}
_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(5)


def _rank(node: Expression) -> int:
    match node:
        case Sum():
            return _SUM
        case Product() | MatrixProduct():
            return _PRODUCT
        case Negative():
            return _SUM
        case Power():
            return _POWER
        case _:
            return _ATOM


def _as_written(node: Expression) -> Expression:
    """xlogy(y, p), a name for machines only, as the product that people write: y·log(p).

    A bracket that no author wrote goes: where one is needed, it is put again.
    """
    while isinstance(node, Group) and node.span == NOWHERE:
        node = node.inner
    match node:
        case Call("xlogy", (factor, argument), 0):
            return Product((("*", factor), ("*", Call("log", (argument,), 0, "log"))), node.span)
        case _:
            return node


def _is_negative(shown: str) -> bool:
    return shown.startswith(("-", "−"))


def put_in_rank(shown: str) -> int:
    """How loosely what is put in for a name hangs together: a value may be typed as `1/3`."""
    rank, depth = _ATOM, 0
    for i, char in enumerate(shown):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and i and char in "+-−" and shown[i - 1] not in "eE":
            return _SUM
        if depth == 0 and char in "/*·":
            rank = _PRODUCT
        elif depth == 0 and char == "^" and shown[0].isdigit():
            rank = min(rank, _POWER)
    return rank


def _is_zero(shown: str) -> bool:
    return re.fullmatch(r"0(\.0*)?", shown) is not None


def derivative_text(of: str, by: str, style: Style = UNICODE) -> str:
    """`∂L/∂w1`, or `dL/dw1` in ASCII."""
    return f"{style.partial}{of}/{style.partial}{by}"


def index_text(index: int | Range) -> str:
    if isinstance(index, int):
        return str(index)
    step = f":{index.step}" if index.step != 1 else ""
    return f"{index.first or ''}:{index.last or ''}{step}"


def indices_text(indices: Sequence[int | Range]) -> str:
    """`[1,2:3]`, as it is typed after an array."""
    return f"[{','.join(map(index_text, indices))}]"


class _Printer:
    def __init__(self, style: Style, name: Callable[[str], str]) -> None:
        self.style = style
        self.name = name

    def bracketed(self, shown: str) -> str:
        return f"({shown})"

    def text(self, node: Expression, least: int = _SUM) -> str:
        node = _as_written(node)
        shown = self.bare(node)
        rank = put_in_rank(shown) if isinstance(node, (Name, Element)) else _rank(node)
        return self.bracketed(shown) if rank < least and not _is_zero(shown) else shown

    def part(self, node: Expression, first: bool) -> str:
        """A factor: a negative number put in for a name gets brackets, unless it stands first."""
        node = _as_written(node)
        shown = self.text(node, _UNARY)
        put_in = isinstance(node, (Name, Element))
        return self.bracketed(shown) if put_in and not first and _is_negative(shown) else shown

    def negative(self, shown: str) -> str:
        """A product with its minus sign: never two in a row, and none before a 0 that was put in."""
        if re.match(r"0(\.0*)?(?![\d.])", shown):
            return shown
        return self.style.minus + (self.bracketed(shown) if _is_negative(shown) else shown)

    def bare(self, node: Expression) -> str:
        style = self.style
        match node:
            case Number():
                return node.text if style.powers else node.text.replace("½", "1/2")
            case Constant():
                return "π" if style.powers and node.text in ("pi", "π") else node.text.replace("π", "pi")
            case Name():
                return self.name(node.name)
            case Element():
                return self.name(node.name + indices_text(node.indices))
            case Indexed(operand, indices):
                return self.text(operand, _ATOM) + indices_text(indices)
            case Sum(terms):
                sign, first = terms[0]
                least = _PRODUCT if isinstance(_as_written(first), Sum) else _SUM
                out = self.negative(self.text(first, _PRODUCT)) if sign < 0 else self.text(first, least)
                for sign, term in terms[1:]:
                    term = _as_written(term)
                    # a negative number put in first gets its own brackets: a + (−2)·b
                    shown = (
                        self.product(term.factors, False) if isinstance(term, Product) else self.text(term, _PRODUCT)
                    )
                    if _is_negative(shown):
                        shown = self.bracketed(shown)
                    out += (f" {style.minus} " if sign < 0 else " + ") + shown
                return out
            case Product(factors):
                return self.product(factors, True)
            case MatrixProduct(left, right):
                return f"{self.text(left, _PRODUCT)} @ {self.text(right, _UNARY)}"
            case Negative(operand):
                return self.negative(self.text(operand, _PRODUCT))
            case Power(base, exponent):
                low = self.text(base, _ATOM)
                exponential = isinstance(base, Name) and low[:1].isdigit() and "e" in low
                if _is_negative(low) or exponential:
                    low = self.bracketed(low)
                return low + self.exponent(exponent)
            case Group(inner):
                return self.bracketed(self.text(inner))
            case Call(function, arguments):
                if node.text == TURNED and style.powers:
                    return self.text(arguments[0], _ATOM) + TURNED
                shown = ", ".join(self.text(argument) for argument in arguments)
                if node.text == "e^":
                    return f"e^{shown}" if isinstance(_as_written(arguments[0]), Group) else f"e^({shown})"
                typed = "" if node.text == TURNED else node.text.rstrip("'")
                spelling = style.spell.get(function, typed or function)
                return f"{spelling}{chr(39) * node.primes}({shown})"
            case Comparison(operator, left, right):
                compares = _COMPARISONS.get(operator, operator) if style.powers else operator
                return f"{self.text(left)} {compares} {self.text(right)}"
            case Bracketed(items):
                return "[" + ", ".join(self.text(item) for item in items) + "]"
            case Derivative(of, by):
                return derivative_text(of, by, style)
            case DerivativeOf(operand, by):
                return f"{style.partial}/{style.partial}{by} {self.text(operand, _ATOM)}"

    def product(self, factors: tuple[tuple[str, Expression], ...], first: bool) -> str:
        """The factors. A fraction that is multiplied on, or of two typed numbers, is written close together.

        1/m·(a + b) is (1/m)·(a + b): with spaces it would read as 1 / (m·(a + b)).
        """
        out = self.part(factors[0][1], first)
        before = factors[0][1]
        for i, (how, factor) in enumerate(factors[1:], 1):
            rank = _POWER if how == "/" else _UNARY
            shown = self.text(factor, rank) if _rank(_as_written(factor)) < rank else self.part(factor, False)
            close = isinstance(before, Number) and isinstance(factor, Number)
            close = close or any(later != "/" for later, _ in factors[i:])
            signs = {"/": "/" if close else " / ", "⊙": self.style.each}
            out += signs.get(how, self.style.times)
            out += shown
            before = factor
        return out

    def exponent(self, exponent: Expression) -> str:
        bare = ungrouped(exponent)
        if self.style.powers:
            if isinstance(bare, Number) and bare.text.isdigit():
                return bare.text.translate(_SUPERSCRIPT)
            if isinstance(bare, Negative) and isinstance(bare.operand, Number) and bare.operand.text.isdigit():
                return f"-{bare.operand.text}".translate(_SUPERSCRIPT)
        return "^" + self.text(exponent, _ATOM)


def to_text(node: Expression, style: Style = UNICODE, name: Callable[[str], str] = str) -> str:
    """The formula on one line; `name` spells each quantity (or puts its number in)."""
    return _Printer(style, name).text(node)


# ---------------------------------------------------------------- LaTeX
class _Latex(_Printer):
    def bracketed(self, shown: str) -> str:
        return rf"\left({shown}\right)"

    def bare(self, node: Expression) -> str:
        match node:
            case Number():
                return r"\tfrac{1}{2}" if node.text == "½" else node.text.replace("%", r"\%")
            case Constant():
                return r"\pi" if node.text in ("pi", "π") else node.text
            case MatrixProduct(left, right):
                return f"{self.text(left, _PRODUCT)} {self.text(right, _UNARY)}"
            case Power(base, exponent):
                low = self.text(base, _ATOM)
                loose = r"\times" in low or r"\frac" in low
                if _is_negative(low) or (loose and isinstance(_as_written(base), Name)):
                    low = self.bracketed(low)
                return f"{{{low}}}^{{{self.text(ungrouped(exponent))}}}"
            case Comparison(operator, left, right):
                return f"{self.text(left)} {_LATEX_COMPARISONS[operator]} {self.text(right)}"
            case Call("where", (condition, first, second)):
                one, other = self.text(first), self.text(second)
                return rf"\left({one}\ \text{{if}}\ {self.text(condition)},\ \text{{else}}\ {other}\right)"
            case Call(function, arguments):
                return self.called(node, function, arguments)
            case Bracketed(items):
                return r"\left[" + ", ".join(self.text(item) for item in items) + r"\right]"
            case Derivative(of, by):
                return rf"\frac{{\partial {self.name(of)}}}{{\partial {self.name(by)}}}"
            case DerivativeOf(operand, by):
                return rf"\frac{{\partial}}{{\partial {self.name(by)}}}{self.text(operand, _ATOM)}"
            case _:
                return super().bare(node)

    def product(self, factors: tuple[tuple[str, Expression], ...], first: bool) -> str:
        """Factors and fractions as they were written: `1/2*(t - a)**2` is a half times a square, no half of one."""
        pieces: list[tuple[str, list[Expression], list[Expression]]] = []
        for how, factor in factors:
            if how == "/":
                pieces[-1][2].append(factor)
            elif pieces and not pieces[-1][2] and how == "*":
                pieces[-1][1].append(factor)
            else:
                pieces.append((how, [factor], []))
        out = ""
        for i, (how, above, below) in enumerate(pieces):
            sign = self.style.each if how == "⊙" else self.style.times
            out += (sign if i else "") + self.fraction(above, below, first and i == 0)
        return out

    def fraction(self, above: list[Expression], below: list[Expression], first: bool) -> str:
        """A product, or a fraction of products."""
        if not below:
            return self.joined(above, first)
        return rf"\frac{{{self.joined(above, True, alone=True)}}}{{{self.joined(below, True, alone=True)}}}"

    def joined(self, factors: list[Expression], first: bool, alone: bool = False) -> str:
        if alone and len(factors) == 1:
            return self.text(ungrouped(factors[0]))
        return r" \cdot ".join(self.part(factor, first and i == 0) for i, factor in enumerate(factors))

    def part(self, node: Expression, first: bool) -> str:
        shown = super().part(node, first)
        return self.bracketed(shown) if r"\times" in shown and isinstance(_as_written(node), Name) else shown

    def called(self, node: Call, function: str, arguments: tuple[Expression, ...]) -> str:
        inner = ", ".join(self.text(argument) for argument in arguments)
        if function == "exp" and not node.primes:
            return f"e^{{{self.text(ungrouped(arguments[0]))}}}"
        if function == "sqrt":
            return rf"\sqrt{{{self.text(ungrouped(arguments[0]))}}}"
        if function == "transpose":
            return rf"{{{self.text(arguments[0], _ATOM)}}}^{{\top}}"
        if function in _BARS and not node.primes:
            return rf"\left{_BARS[function]} {inner} \right{_BARS[function]}"
        from . import functions  # brings NumPy; only LaTeX has need of the table

        symbol = functions.latex(function)
        return rf"{symbol}{chr(39) * node.primes}\left({inner}\right)"


LATEX = Style(r" \cdot ", "-", r"\partial ", False, {}, r" \odot ")


def to_latex(node: Expression, name: Callable[[str], str] = latex_name) -> str:
    """The formula as LaTeX mathematics (without the dollar signs)."""
    return _Latex(LATEX, name).text(node)
