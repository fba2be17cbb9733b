"""The grammar of hand calculations: what people leave out or write in another way than a scenario file does.

    (a+b)(c)   h(1-h)   2w   w1i1      products without a sign, of known quantities also run together
    e^(-x)   σ'(h)   log a   tanh²(z)   functions without brackets, to a power, with a prime
    dL/dw21   ∂L/∂w₂₁   δE/δw   d/dh [...]   ∂L/∂(y - p)   derivatives, which are names and no divisions
    w5+   w5^(t+1)   new w5   f(net)     names with marks, and values as functions, where the notation knows them
    Wᵀ   W^T   (a, b)   [a; b]   Σ y·log p   matrices turned, lists in other ways (`lists.py`), sums

`HandNotation` asks about names; nothing here knows a scenario.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ..errors import FormulaError, did_you_mean
from ..values import replace
from . import functions
from .expression import (
    Bracketed,
    Call,
    Derivative,
    DerivativeOf,
    Expression,
    Group,
    Name,
    Negative,
    Power,
    Sum,
)
from .lists import written_lists
from .parse import MAX_DEPTH, Grammar, Notation
from .tokens import Token, number_of, tokens

# functions whose argument may stand without brackets
BARE = frozenset(
    "log ln log10 log2 exp tanh sin cos sqrt sigmoid σ logistic relu ReLU softmax softplus abs sign".split()
)
OMITTED = "[...]"  # the name of what a writer left out
_MASKED = re.compile(r"\[\s*(?:\.\.\.|…)\s*\]|\b[A-Za-z]\w*\([^()=]*=[^()=]*\)")
MOST_TOKENS_OF_A_NAME = 8


class HandNotation(Notation, frozen=True):
    """What a reader of hand calculations knows of names.

    `quantity` says whether a spelling is a quantity's own name (and no mark such as `dw5`), `is_applied` whether
    brackets behind a quantity only name its arguments (`E(w5+h)`), `marked` whether several tokens are one known name
    (`w5+`, `new w5`), `pieces` which known names are run together in one, `activation` which function is meant by a
    name such as f, `array` whether it is an array's. `applied` are the functions that the network applies: before
    brackets these are meant, though a quantity may be called so, too (σ, a deviation and the sigmoid).
    """

    quantity: Callable[[str], bool] | None = None
    is_applied: Callable[[str, str], bool] = lambda name, argument: False
    marked: Callable[[str, bool], bool] = lambda text, last: False
    pieces: Callable[[str], tuple[str, ...]] = lambda name: ()
    activation: Callable[[str], str] = lambda name: ""
    array: Callable[[str], bool] = lambda name: False
    applied: frozenset[str] = frozenset()

    def is_quantity(self, text: str) -> bool:
        return (self.quantity or self.known or (lambda name: False))(text)

    def grammar(self, text: str) -> Grammar:
        return HandGrammar(text, self)


class HandGrammar(Grammar):
    """The strict grammar, forgiving where a hand calculation is meant."""

    notation: HandNotation

    # ------------------------------------------------------------------ tokens
    def tokenised(self) -> list[Token]:
        """The tokens with marks joined to their names, names run together taken apart, and lists in one form."""
        # what is left out and a probability are names of their own, whatever signs they hold
        masked = _MASKED.sub(lambda m: "_" * len(m[0]), self.text)
        return written_lists(list(self.with_names(tokens(masked, True))), self.notation.names)

    def with_names(self, found: list[Token]) -> Iterator[Token]:
        at = 0
        while at < len(found):
            token = found[at]
            if token.kind == "number" and token.text.count("."):
                self.check_point(token, found[at + 1])
            if token.kind != "name":
                yield token
                at += 1
                continue
            if not token.text.strip("_"):
                shown = self.text[token.start : token.end]
                yield replace(token, text=OMITTED if shown.startswith("[") else shown)
                at += 1
                continue
            count = self.marks(found, at) or self.arguments(found, at)
            if count:
                end = found[at + count - 1].end
                yield Token("name", self.text[token.start : end], token.start, end)
            else:
                yield from self.apart(token, found[at + 1])
            at += count or 1

    def arguments(self, found: list[Token], at: int) -> int:
        """How many tokens from here are a quantity as a function: `E(w5)`, `L(y, yhat)`, `a(z)`; 0 for a product."""
        name, opened = found[at], found[at + 1]
        if opened.text != "(" or opened.start != name.end or name.text.rstrip("'") in self.notation.functions:
            return 0
        close = closing(found, at + 1)
        if close is None:
            return 0
        inside = " ".join(self.text[opened.end : found[close].start].split())
        known = self.notation.names(f"{name.text}({inside})")
        applied = self.notation.names(name.text) and self.notation.is_applied(name.text, inside)
        return close - at + 1 if known or applied else 0

    def marks(self, found: list[Token], at: int) -> int:
        """How many tokens from here make one known name; 0 where the first is one by itself."""
        for count in range(min(MOST_TOKENS_OF_A_NAME, len(found) - at - 1), 1, -1):
            last = found[at + count - 1]
            text = self.text[found[at].start : last.end]
            if self.notation.marked(text, found[at + count].kind == "end"):
                return count
        return 0

    def apart(self, token: Token, after: Token) -> Iterator[Token]:
        """`w1i1` as w1 and i1, where both are known and the whole is not."""
        name = token.text
        if after.text == "(" and (function := self.respelled(name)):
            yield replace(token, text=function)
            return
        known = self.notation.names(name) or name.rstrip("'") in self.notation.functions or after.text == "("
        at = token.start
        pieces = () if known else self.notation.pieces(name)
        if len(pieces) < 2 or len("".join(pieces)) != len(name):
            yield token
            return
        for piece in pieces:
            yield Token("name", piece, at, at + len(piece))
            at += len(piece)

    def is_exponent(self, name: str) -> bool:
        return super().is_exponent(name) and not self.notation.array(name)  # nobody raises to a matrix of targets

    def respelled(self, name: str) -> str:
        """A function's name in other capitals or as a word (`Tanh(z)`, `sigma'(z)`); empty where it is none."""
        bare = name.rstrip("'")
        if len(bare) < 2 or bare in self.notation.functions or self.notation.names(name):
            return ""
        other = "sigmoid" if bare.casefold() in ("sigma", "sig") else bare.casefold()
        return other + name[len(bare) :] if other in self.notation.functions else ""

    def check_point(self, token: Token, after: Token) -> None:
        if after.kind == "number" and after.start == token.end and after.text.startswith("."):
            both = Token("number", "", token.start, after.end)
            shown = self.text[token.start : after.end]
            raise self.fail(f"'{shown}' has two decimal points", both, "two points", "write a product with *")

    def note(self, error: FormulaError) -> None:
        """A part of a hand calculation that can't be read is none: what stands there may be read in another way."""
        raise error

    # ------------------------------------------------------------------ products
    def joins(self) -> bool:
        token = self.here
        before = self.tokens[self.at - 1]
        if token.kind == "number" and before.kind == "number":
            return False  # 1 2 is no product
        return token.kind in ("number", "name") or self.sees("(", "[")

    def check_joint(self, factors: list[tuple[str, Expression]]) -> None:
        """Hand calculations are read as they stand."""

    def indexes(self, base: Expression) -> bool:
        """`(a)[b]` is a product here."""
        return False

    def check_not_called(self, token: Token) -> None:
        """`h(x)` with h a quantity is a product here."""

    def bracketed(self) -> Expression:
        node = super().bracketed()
        if isinstance(node, Bracketed) and len(node.items) == 1:
            return Group(node.items[0], node.span)
        return node

    # ------------------------------------------------------------------ names and functions
    def named(self) -> Expression:
        if derivative := self.derivative():
            return derivative
        token = self.here
        if token.text[:1] == "Σ" and not self.notation.names(token.text):
            return self.summation()
        function = token.text.rstrip("'")
        is_function = function in self.notation.functions and self.no_quantity(token, function)
        if is_function and (applied := self.function(function)) is not None:
            return applied
        if self.ahead(1).text == "(" and not is_function:
            if self.ahead(1).start == token.end and (spelled := self.applied()) is not None:
                return spelled
            if not self.notation.names(token.text):
                self.take()
                return Name(token.text, self.shown(token), (token.start, token.end))
        return super().named()

    def no_quantity(self, token: Token, function: str) -> bool:
        """Does a function's name mean it here, and no quantity of this name?"""
        after = self.ahead(1)
        applied = after.text == "(" and after.start == token.end and function in self.notation.applied
        return applied or not self.notation.names(token.text)

    def calls(self, name: str, function: str) -> bool:
        return super().calls(name, function) and (function in self.notation.applied or not self.notation.names(name))

    def deeper(self) -> None:
        """One level further down; too many would have no end."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"functions nest deeper than {MAX_DEPTH}", self.here, "too deep", "name the inner part")

    def summation(self) -> Expression:
        """`Σ y·log p`: over all elements of what follows."""
        token = self.take()
        if self.here.kind == "end":
            raise self.fail("a sum sign has nothing after it", token, "a sum of what?")
        return self.summed(token)

    def function(self, name: str) -> Expression | None:
        """A function to a power or without brackets; None where it is called as usual."""
        token, start = self.here, self.at
        power: Expression | None = None
        after = self.ahead(1)
        if after.kind == "superscript" and after.text.isdecimal():
            power = number_of(after.text, after.start, after.end)
            self.at += 2
        elif after.text == "^" and self.ahead(2).kind == "number" and self.ahead(2).text.isdecimal():
            exponent = self.ahead(2)
            power = number_of(exponent.text, exponent.start, exponent.end)
            self.at += 3
        elif after.text == "^" and name == "exp":  # exp^(-x)
            self.at += 2
            return Call("exp", (self.nested("powers"),), 0, "exp", (token.start, self.tokens[self.at - 1].end))
        else:
            self.at += 1
        row = functions.table().get(name)
        whole: Expression | None = None
        if self.sees("("):
            whole = self.call(token, name, len(token.text) - len(name)) if power is not None else None
        elif name in BARE and (argument := self.bare_argument(token)) is not None:
            own = row.name if row is not None else name
            span = (token.start, self.tokens[self.at - 1].end)
            whole = Call(own, (argument,), len(token.text) - len(name), self.shown(token), span)
        if whole is None:
            self.at = start
            return None
        return whole if power is None else Power(whole, power, (token.start, self.tokens[self.at - 1].end))

    def bare_argument(self, function: Token) -> Expression | None:
        """The argument of a function without brackets: one quantity or number, with its power."""
        self.deeper()
        negative = self.sees("-") and self.here.end == self.ahead(1).start and self.here.start > function.end
        sign = self.take() if negative else None
        argument = self.power() if self.here.kind in ("name", "number") else None
        self.depth -= 1
        if argument is None or sign is None:
            return argument
        return Negative(argument, (sign.start, self.tokens[self.at - 1].end))

    def applied(self) -> Expression | None:
        """A function that nobody knows: `f(x)` as the activation, `P(y)` as a name; None where it is a product."""
        token, notation = self.here, self.notation
        close = closing(self.tokens, self.at + 1)
        if close is None or notation.names(token.text) or notation.is_quantity(token.text):
            return None
        if function := notation.activation(token.text.rstrip("'")):
            self.take()
            return self.call(token, function, len(token.text) - len(token.text.rstrip("'")))
        if hint := did_you_mean(token.text, notation.functions):
            raise self.fail(f"there is no function called '{token.text}'", token, "not known", hint)
        inside = self.text[self.ahead(1).end : self.tokens[close].start]
        spelling = f"{token.text}({' '.join(inside.split())})"
        self.at = close + 1
        return Name(spelling, spelling, (token.start, self.tokens[close].end))

    # ------------------------------------------------------------------ derivatives
    def derivative(self) -> Expression | None:
        """`dL/dw`, `∂L/∂w`, `d L / d w`, `d/dw (formula)`; None where the text means something else."""
        start = self.at
        token = self.here
        if of_function := self.derivative_of_function():
            return of_function
        if token.text.startswith("∇_") and self.ahead(1).kind == "name":  # ∇_W L
            weight = self.take().text.removeprefix("∇_").strip("{}")
            return Derivative(self.take().text, weight, (token.start, self.tokens[self.at - 1].end))
        of = self.differential()
        if of is None or not self.sees("/"):
            self.at = start
            return None
        self.take()
        by = self.differential(below=True)
        if not by:
            self.at = start
            return None
        end = self.tokens[self.at - 1].end
        if of:
            return Derivative(of, by, (token.start, end))
        if not self.sees("(", "["):
            self.at = start
            return None
        operand = self.atom()
        return DerivativeOf(operand, by, (token.start, self.tokens[self.at - 1].end))

    def derivative_of_function(self) -> Expression | None:
        """`df(x)/dx`: the derivative of a written-out call."""
        start, token = self.at, self.here
        function = token.text[1:].rstrip("'")
        if not (token.text[:1] in ("d", "∂") and function in self.notation.functions and self.ahead(1).text == "("):
            return None
        self.take()
        inner = self.call(Token("name", function, token.start + 1, token.end), function, 0)
        if self.sees("/"):
            self.take()
            if by := self.differential():
                return DerivativeOf(inner, by, (token.start, self.tokens[self.at - 1].end))
        self.at = start
        return None

    def differential(self, below: bool = False) -> str | None:
        """The name after d or ∂ (empty for a bare d), or None where no differential stands here.

        `below` another one, dp is that of p even where a quantity is called dp; and so above one.
        """
        token = self.here
        if token.kind != "name":
            return None
        if token.text in ("d", "∂", "δ"):
            if token.text != "∂" and self.notation.is_quantity(token.text):
                return None
            self.take()
            if self.sees("("):  # ∂(L)/∂(w), ∂L/∂(y - p)
                return self.difference()
            if self.here.kind == "name":
                return self.subscripted(self.take().text)
            return ""
        if token.text[0] not in "d∂δ" or token.text[1] in "0123456789_":
            return None
        if self.notation.is_quantity(token.text) and not self.is_differential(token, below):
            return None
        if self.ahead(1).text == "(" and token.text[1:] in self.notation.functions:
            return None
        if token.text[0] == "δ" and not self.notation.is_quantity(token.text[1:]):
            return None
        self.take()
        return self.subscripted(token.text[1:])

    def is_differential(self, token: Token, below: bool) -> bool:
        """Is `dp`, which is a quantity, too, the differential of p: below another one, or above one that is none?"""
        if not self.notation.is_quantity(token.text[1:]):
            return False
        under = self.ahead(2).text
        quotient = self.ahead(1).text == "/" and under[:1] in ("d", "∂") and self.notation.is_quantity(under[1:])
        return below or (quotient and not self.notation.is_quantity(under))

    def difference(self) -> str:
        """What stands in brackets after ∂: one name, or a formula as it is written; empty where it is no such thing."""
        inner = self.ahead(1)
        if inner.kind == "name" and self.ahead(2).text == ")":
            self.at += 3
            return inner.text
        start, opened = self.at, self.here
        try:
            group = self.atom()
        except FormulaError:
            self.at = start
            return ""
        if isinstance(group, Group) and isinstance(group.inner, Sum):
            return re.sub(r"\s+", "", self.text[opened.start : group.span[1]])
        self.at = start
        return ""

    def subscripted(self, name: str) -> str:
        """`W1[2,3]` and `a(h_1)` after a differential are one name."""
        applied = self.sees("(") and self.here.start == self.tokens[self.at - 1].end
        if applied and (close := closing(self.tokens, self.at)) is not None:
            whole = name + re.sub(r"\s+", "", self.text[self.here.start : self.tokens[close].end])
            if self.notation.names(whole):
                self.at = close + 1
                return whole
        if not (self.sees("[") and self.here.start == self.tokens[self.at - 1].end):
            return name
        start = self.here.start
        depth = 0
        while self.here.kind != "end":
            token = self.take()
            depth += (token.text == "[") - (token.text == "]")
            if depth == 0:
                return name + re.sub(r"\s+", "", self.text[start : token.end])
        return name


def closing(tokens: Sequence[Token], opened: int) -> int | None:
    """Where the bracket that opens at a token closes; None where it doesn't."""
    depth = 0
    for i in range(opened, len(tokens)):
        if tokens[i].kind == "operator":
            depth += (tokens[i].text in "([") - (tokens[i].text in ")]")
            if depth == 0:
                return i
    return None
