"""Text → formula, by a grammar of our own: nothing a person writes is ever evaluated.

    formula  = ["-"|"+"] product { ("+"|"-") product }
    product  = factor { ("*"|"·"|"×"|"⊙"|"/"|"÷"|"@") factor | power-without-a-sign }
    factor   = ["-"|"+"] power
    power    = turned [ ("^"|"**") factor | superscript ]
    turned   = atom { "ᵀ" | "^T" | ".T" | "[" index {"," index} "]" }
    atom     = number | "Σ" product | name | name "[" index {"," index} "]" | function "(" formula {"," formula} ")"
             | "where" "(" formula comparison formula "," formula "," formula ")"
             | "(" formula ")" | "[" formula {"," formula} "]" | "|" formula "|" | "‖" formula "‖"
    index    = ["-"] number | [["-"] number] ":" [["-"] number] [":" number]
    comparison = "<" | "<=" | ">" | ">=" | "=="

A product may leave its sign out where that is clear: `2 x`, `h(1 - h)`, `(a + b)(c + d)`, `1/2 (t - y)^2`. What else a
hand calculation may leave out or write in another way is in `forgiving.py`. Every tree node keeps its place, so that a
caret can stand under it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from fractions import Fraction

from ..errors import FormulaError, did_you_mean
from ..values import Struct
from . import functions
from .cursor import Cursor
from .expression import (
    Bracketed,
    Call,
    Comparison,
    Constant,
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
    walk,
)
from .tokens import DOTS, MAX_EXPONENT, TURNED, Token, number_of, tokens

MAX_DEPTH = 40
MAX_POWER = 64  # of a literal exponent
_BASED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)\b")


class Notation(Struct, frozen=True):
    """How a scenario writes: `functions` are the callable names, `own` those of them that the scenario defines, `known`
    says whether a spelling names a quantity."""

    functions: Collection[str] = functions.NAMES
    known: Callable[[str], bool] | None = None
    own: Collection[str] = ()

    def names(self, text: str) -> bool:
        return self.known is not None and self.known(text)

    def grammar(self, text: str) -> Grammar:
        return Grammar(text, self)


STRICT = Notation()
_STOPS = ("stopgradient", "stopgrad", "detach", "sg")  # what elsewhere keeps a gradient from passing
MISSING = ""  # the name of what isn't there, in a formula that is read as far as it can be


class Grammar(Cursor):
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str, notation: Notation) -> None:
        self.text = text
        self.notation = notation
        super().__init__(text, self.tokenised(), notation.names)
        self.depth = 0
        self.bars: list[str] = []  # that are open

    def tokenised(self) -> list[Token]:
        return tokens(self.text)

    # ------------------------------------------------------------------ grammar
    def whole(self) -> Expression:
        if self.here.kind == "end":
            raise self.fail("a formula is empty", self.here, "nothing here")
        node = self.sum()
        if self.here.kind != "end":
            raise self.stray()
        return node

    def sum(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(
                f"brackets nest deeper than {MAX_DEPTH}", self.here, "too deep", "name the inner part as a quantity"
            )
        start = self.here.start
        sign, signs = 1, 0
        while self.sees("+", "-"):
            sign = -sign if self.take().text == "-" else sign
            signs += 1
            if signs > 8:
                raise self.fail("too many signs in a row", self.here, "one sign is enough")
        first = self.product()
        terms = [(sign, first)]
        while self.sees("+", "-"):
            sign = -1 if self.take().text == "-" else 1
            terms.append((sign, self.product()))
        self.depth -= 1
        end = self.tokens[self.at - 1].end
        if len(terms) == 1:
            return first if terms[0][0] > 0 else Negative(first, (start, end))
        return Sum(tuple(terms), (start, end))

    def product(self) -> Expression:
        start = self.here.start
        factors: list[tuple[str, Expression]] = [("*", self.factor())]
        beside: set[int] = set()
        while True:
            if self.sees("*", "/"):
                sign = self.take()
                if self.shown(sign) in DOTS:
                    beside.add(len(factors))
                factors.append((sign.text, self.factor()))
            elif self.sees("@"):
                self.take()
                left = self._product(factors, start, beside)
                right = self.factor()
                factors = [("*", MatrixProduct(left, right, (start, self.tokens[self.at - 1].end)))]
                beside = set()
            elif self.joins():
                self.check_joint(factors)
                beside.add(len(factors))
                factors.append(("*", self.power()))
            else:
                return self._product(factors, start, beside)

    def _product(self, factors: list[tuple[str, Expression]], start: int, beside: set[int]) -> Expression:
        if len(factors) == 1:
            return factors[0][1]
        return Product(tuple(factors), (start, self.tokens[self.at - 1].end), frozenset(beside))

    def joins(self) -> bool:
        """Does the next token multiply what stands before it without a sign?"""
        opens = self.sees("|", "‖") and self.here.text not in self.bars
        return (self.here.kind == "name" and self.here.text != "∂") or self.sees("(") or opens

    def check_joint(self, factors: list[tuple[str, Expression]]) -> None:
        """Notes a factor without a sign behind a division: a/2 b might be either of two.

        A bracket is clear, `a/(2m) b`, and so is a typed fraction, `1/2 x`, `1/m (a + b)`, `λ/2 ‖w‖²`.
        """
        token, (how, divisor) = self.here, factors[-1]
        apart = token.text in ("(", "|", "‖") or token.start > self.tokens[self.at - 1].end
        over, called = factors[0][1], token.kind != "name" or self.ahead(1).text == "("
        fraction = isinstance(over, Number) and isinstance(divisor, (Number, Name))
        fraction |= isinstance(over, Name) and isinstance(divisor, Number) and called
        fraction &= len(factors) == 2
        if how == "/" and not isinstance(divisor, Group) and not (fraction and apart):
            shown = self.shown(token)
            help = f"write *{shown} to multiply by it, or brackets around all that divides"
            said = f"'{shown}' follows a division without a sign"
            self.note(self.fail(said, token, "an operator is missing", help))

    def factor(self) -> Expression:
        if self.sees("-", "+"):
            signs = 0
            start = self.here.start
            negative = False
            while self.sees("-", "+"):
                negative ^= self.take().text == "-"
                signs += 1
                if signs > 8:
                    raise self.fail("too many signs in a row", self.here, "one sign is enough")
            inner = self.power()
            return Negative(inner, (start, self.tokens[self.at - 1].end)) if negative else inner
        return self.power()

    def power(self) -> Expression:
        start = self.here.start
        token = self.here
        if self.exponential():
            self.take()
            self.take()
            exponent = self.nested("powers")
            return Call("exp", (exponent,), 0, self.shown(token) + "^", (start, self.tokens[self.at - 1].end))
        base = self.based()
        if self.here.kind == "superscript":
            mark = self.take()
            if not re.fullmatch(r"[+-]?\d{1,3}", mark.text):
                raise self.fail("this exponent can't be read", mark, "not a number")
            exponent = Number(mark.text.lstrip("+-"), Fraction(abs(int(mark.text))), (mark.start, mark.end))
            if mark.text.startswith("-"):
                exponent = Negative(exponent, (mark.start, mark.end))
            return self.checked_power(base, exponent, start)
        if self.sees("^"):
            self.take()
            return self.checked_power(base, self.nested("powers"), start)
        return base

    def based(self) -> Expression:
        """What may be raised to a power: an atom, perhaps turned, or a part of what it gives, `softmax(z)[1]`."""
        start, base = self.here.start, self.atom()
        while True:
            if self.turns():
                base = Call("transpose", (base,), 0, TURNED, (start, self.tokens[self.at - 1].end))
            elif self.indexes(base):
                indices, end = self.indices()
                base = Indexed(base, indices, (start, end))
            else:
                return base

    def indexes(self, base: Expression) -> bool:
        """Does an index of what stands before it follow?"""
        return self.sees("[") and self.here.start == self.tokens[self.at - 1].end and not isinstance(base, Number)

    def turns(self) -> bool:
        """Takes a sign that turns the matrix before it: `Wᵀ`, `W^T`, `W.T`; False where none stands here."""
        if self.sees(TURNED):
            self.take()
            return True
        if self.sees("^") and self.ahead(1).text in ("T", TURNED) and not self.is_exponent("T"):
            self.take()
            self.take()
            return True
        return False

    def is_exponent(self, name: str) -> bool:
        """Is a name behind `^` a quantity, and not the sign that turns a matrix?"""
        return self.notation.names(name)

    def exponential(self) -> bool:
        token = self.here
        return (
            token.kind == "name"
            and token.text == "e"
            and self.ahead(1).text == "^"
            and self.ahead(1).kind == "operator"
            and not self.notation.names("e")
        )

    def nested(self, what: str) -> Expression:
        """An exponent, or what stands under a root: it may hold another one."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(
                f"{what} nest deeper than {MAX_DEPTH}", self.here, "too deep", "name the inner part as a quantity"
            )
        node = self.factor()
        self.depth -= 1
        return node

    def checked_power(self, base: Expression, exponent: Expression, start: int) -> Expression:
        span = (start, self.tokens[self.at - 1].end)
        bare = exponent
        while isinstance(bare, (Group, Negative)):
            bare = bare.inner if isinstance(bare, Group) else bare.operand
        ten = isinstance(base, Number) and base.value == 10
        limit = MAX_EXPONENT if ten else MAX_POWER
        if isinstance(bare, Bracketed):
            help = "a layer's or a sample's number belongs to the name: W1 for W^[1]; [notation] says how it is typeset"
            self.note(FormulaError("an exponent is no list", *bare.span, "a list", help, self.text))
        elif isinstance(bare, Number) and abs(bare.value) > limit:
            said = f"the exponent {bare.text} is too large; the limit is {limit}"
            self.note(FormulaError(said, *bare.span, "too large", "", self.text))
        elif isinstance(bare, Power) and _is_arithmetic(bare):  # x^2^3 is x^(2^3)
            from .evaluate import evaluate

            if not abs(evaluate(bare, dict[str, float]().__getitem__)) <= limit:
                said = f"this exponent is too large; the limit is {limit}"
                self.note(FormulaError(said, *bare.span, "too large", "", self.text))
        elif isinstance(base, Power) and isinstance(bare, Number):
            said, help = "this may be read in two ways", "write (a²)^b or a^(2^b)"
            self.note(FormulaError(said, *span, "ambiguous", help, self.text))
        return Power(base, exponent, span)

    def atom(self) -> Expression:
        token = self.here
        if token.kind == "number":
            return self.number()
        if token.kind == "name":
            return self.named()
        if self.sees("("):
            self.take()
            inner = self.sum()
            close = self.expect(")", token)
            return Group(inner, (token.start, close.end))
        if self.sees("["):
            return self.bracketed()
        if self.sees("|", "‖"):
            return self.between_bars()
        if token.kind == "end":
            before = self.tokens[self.at - 1] if self.at else token
            self.note(self.fail("the formula ends too early", before, "something must follow"))
        elif token.text in ("*", "/", "^", "@", ")", "]"):
            self.note(self.stray())
        else:
            raise self.stray()
        return Name(MISSING, "", (token.start, token.end))

    def between_bars(self) -> Expression:
        """`|x|` and `‖x‖`, which may say which norm it is: `‖x‖_2`, `‖W‖_F`, `‖x‖_1`."""
        opened = self.take()
        self.bars.append(opened.text)
        inner = self.sum()
        self.bars.pop()
        close = self.expect(opened.text, opened)
        mark = self.here.text.strip("_{}") if self.here.start == close.end and self.here.text[:1] == "_" else ""
        end = self.take().end if opened.text == "‖" and mark in ("1", "2", "F") else close.end
        span = (opened.start, end)
        if opened.text == "‖" and mark == "1":
            return Call("sum", (Call("abs", (inner,), 0, "abs", span),), 0, "sum", span)
        name = "abs" if opened.text == "|" else "norm"
        return Call(name, (inner,), 0, name, span)

    def number(self) -> Expression:
        token = self.take()
        if based := _BASED.match(self.text, token.start):
            whole = Token("number", based.group(), token.start, based.end())
            help = f"write {int(based.group(), 0)}"
            raise self.fail(f"'{based.group()}' is no decimal number, as all are here", whole, "not decimal", help)
        node = number_of(token.text, token.start, token.end)
        if self.here.kind == "percent":
            close = self.take()
            return Number(node.text + "%", node.value / 100, (token.start, close.end))
        if self.here.kind == "name" and self.here.start == token.end and not self.joins():
            raise self.fail(
                f"'{token.text}{self.shown(self.here)}' is neither a number nor a name", self.here,
                "an operator is missing", f"write {token.text}*{self.shown(self.here)}",
            )  # fmt: skip
        return node

    def bracketed(self) -> Expression:
        opened = self.take()
        items = [self.sum()]
        while self.sees(","):
            self.take()
            items.append(self.sum())
        close = self.expect("]", opened)
        return Bracketed(tuple(items), (opened.start, close.end))

    # ------------------------------------------------------------------ names
    def named(self) -> Expression:
        token = self.take()
        name = token.text
        if name == "√":
            argument = self.nested("roots")
            return Call("sqrt", (ungrouped(argument),), 0, "√", (token.start, self.tokens[self.at - 1].end))
        if name == "Σ" and not self.notation.names(name):
            return self.summed(token)
        if name == "∂":
            raise self.fail("'∂' must begin a derivative such as ∂L/∂w", token, "incomplete")
        if self.sees("("):
            function = name.rstrip("'")
            if self.calls(name, function):
                return self.call(token, function, len(name) - len(function))
            if not self.notation.names(name):
                self.note(self.unknown_call(token, function))
                return self.call(token, function, 0)
            self.check_not_called(token)
        if (count := self.power_of_function(name)) and not self.notation.names(name):
            exponent = "".join(one.text for one in self.tokens[self.at : self.at + count]).removeprefix("^")
            help = f"write 1/{name}(...)" if exponent == "-1" else f"write {name}(...)^{exponent}"
            said = f"a power of '{name}' belongs behind its argument"
            self.note(self.fail(said, token, "the argument comes first", help))
            self.at += count
            return self.call(token, name, 0)
        if self.sees("[") and self.here.start == token.end:
            return self.element(token)
        if name in functions.CONSTANTS and not self.notation.names(name):
            return Constant(name, functions.CONSTANTS[name], (token.start, token.end))
        return Name(name, self.shown(token), (token.start, token.end))

    def summed(self, sign: Token) -> Expression:
        """`Σ y*log(p)`: over all elements of the product behind the sign."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"sums nest deeper than {MAX_DEPTH}", sign, "too deep", "name the inner part as a quantity")
        argument = ungrouped(self.product())
        self.depth -= 1
        return Call("sum", (argument,), 0, "Σ", (sign.start, self.tokens[self.at - 1].end))

    def calls(self, name: str, function: str) -> bool:
        """Is a name before brackets a function's? A product has its sign: a quantity may share a function's name."""
        return function in self.notation.functions

    def power_of_function(self, name: str) -> int:
        """How many tokens from here are a power between a function and its argument, as in `exp^2(x)`; else 0."""
        if name not in self.notation.functions:
            return 0
        negative = self.ahead(1).text == "-"
        after = 1 if self.here.kind == "superscript" else 2 + negative
        power = self.here.kind == "superscript" or (self.sees("^") and self.ahead(1 + negative).kind == "number")
        return after if power and self.ahead(after).text == "(" else 0

    def check_not_called(self, token: Token) -> None:
        """Notes `y(x)` with y a quantity: it looks like a function. `h(1 - h)` is a product."""
        if self.ahead(2).text in (")", ","):
            shown = self.shown(token)
            said = f"'{shown}' is a quantity and no function"
            self.note(self.fail(said, token, "no function", f"for a product write {shown}*("))

    def unknown_call(self, token: Token, function: str) -> FormulaError:
        hint = did_you_mean(function, self.notation.functions) or "define it under [functions]"
        if function == "Π":
            hint = "write prod( ) of all that it runs over"
        if re.sub(r"[^a-z]", "", function.casefold()) in _STOPS:
            hint = "compute it from copies of the parameters under [constants]: nothing is differentiated by these"
        return self.fail(f"there is no function called '{function}'", token, "not known", hint)

    def call(self, token: Token, function: str, primes: int) -> Expression:
        opened = self.take()
        arguments = [self.comparison() if function == "where" else self.sum()]
        while self.sees(","):
            self.take()
            arguments.append(self.sum())
        close = self.expect(")", opened)
        row = functions.table().get(function)
        if function in self.notation.own:
            function = functions.own_name(function)
        elif row is not None:
            function = row.name
        return Call(function, tuple(arguments), primes, self.shown(token), (token.start, close.end))

    def comparison(self) -> Expression:
        """The condition of a `where`."""
        left, sign = self.sum(), self.here
        if sign.kind != "comparison":
            help = "write where(x > 0, a, b) with one of < <= > >= =="
            raise self.fail("'where' begins with a comparison", sign, "no comparison", help)
        self.take()
        right = self.sum()
        return Comparison(sign.text, left, right, (left.span[0], right.span[1]))

    def element(self, token: Token) -> Expression:
        indices, end = self.indices()
        return Element(token.text, indices, (token.start, end))

    def indices(self) -> tuple[tuple[int | Range, ...], int]:
        """`[1,2:3]`, and where it ends."""
        opened = self.take()
        found = [self.index()]
        while self.sees(","):
            self.take()
            found.append(self.index())
        return tuple(found), self.expect("]", opened).end

    def index(self) -> int | Range:
        """One index: a place counted from 1, or from the end (`-1` is the last), or a range of places."""

        def position() -> int | None:
            back = self.sees("-") and self.ahead(1).kind == "number"
            if back:
                self.take()
            if self.here.kind != "number":
                return None
            token = self.take()
            if not token.text.isdecimal() or len(token.text) > 9 or int(token.text) < 1:
                raise self.fail("an index is a whole number, counted from 1", token, "not an index")
            return -int(token.text) if back else int(token.text)

        first = position()
        if self.sees(":"):
            self.take()
            last, step = position(), 1
            if self.sees(":"):
                self.take()
                step = position() or 0
                if step < 1:
                    raise self.fail("a range's step is a whole number from 1", self.here, "no step", "write x[1:5:2]")
            return Range(first, last, step)
        if first is None:
            raise self.fail("an index is a whole number, counted from 1", self.here, "not an index", "write x[2]")
        return first


def _is_arithmetic(formula: Expression) -> bool:
    """Is it made of numbers only, so that it has a value by itself?"""
    return all(isinstance(part, (Number, Constant, Group, Negative, Sum, Product, Power)) for part in walk(formula))


def parse(text: str, notation: Notation = STRICT) -> Expression:
    """Read a formula; FormulaError says what can't be read and where."""
    found, faults = read(text, notation)
    if found is None or faults:
        raise faults[0]
    return found


def read(text: str, notation: Notation = STRICT) -> tuple[Expression | None, tuple[FormulaError, ...]]:
    """A formula as far as it can be read, with every fault in the order of places; None where there is no structure."""
    noted: list[FormulaError] = []
    found = None
    try:
        grammar = notation.grammar(text)
        noted = grammar.noted
        found = grammar.whole()
    except FormulaError as error:
        noted.append(error)
    told = {(fault.start, str(fault)): fault for fault in sorted(noted, key=lambda fault: fault.start)}
    return found, tuple(told.values())
