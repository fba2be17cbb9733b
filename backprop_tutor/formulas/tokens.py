"""Text → tokens: numbers, names and signs in the spellings people use; which names a reader knows."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from ..errors import FormulaError
from ..values import Struct
from .elsewhere import instead
from .expression import (
    Number,
)

MAX_CHARACTERS = 4000
MAX_PIECES = 2000
MAX_DIGITS = 40
MAX_EXPONENT = 30  # of ten, in a typed number

_PRIMES = "'′’"
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+", strict=True))
_VULGAR = {"½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3)}
_OPERATORS = {"×": "*", "·": "*", "⋅": "*", "∙": "*", "⊙": "*", "∘": "*", "−": "-", "–": "-", "÷": "/", "**": "^"}
DOTS = "·⋅∙×"  # on paper the product of two matrices as well as that of their elements
TURNED = "ᵀ"  # the operator after a matrix that is turned: `Wᵀ`, `W⊤`, `W.T`
_TURNED = (TURNED, "⊤")
_COMPARISONS = {"≤": "<=", "≥": ">="}
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def _letter(char: str) -> bool:
    return (char.isalpha() or char == "_") and char not in _SUPERSCRIPTS and char not in _TURNED


def _name_part(char: str) -> bool:
    if char in _SUPERSCRIPTS or char in _VULGAR or char in _TURNED:
        return False
    return char == "_" or char.isalnum() or unicodedata.combining(char) > 0


class Token(Struct, frozen=True):
    """`kind` is number, name, operator, comparison, superscript, percent or end.

    `text` is normalised for operators and comparisons only.
    """

    kind: str
    text: str
    start: int
    end: int


def normalised(name: str) -> str:
    """One spelling for the same typed name: NFC, and one kind of prime."""
    return re.sub(f"[{_PRIMES}]", "'", unicodedata.normalize("NFC", name))


def read_name(text: str, start: int) -> int:
    """Where the name that starts at `start` ends: letters, digits, underscores, `_{...}`, then `.1`, `#2` and primes.

    `.1` stands at the end of the name of an intermediate result. A subscript ends a name, too: `θ₁x` is θ₁ and x.
    """
    at = start + 1
    while at < len(text):
        if text[at - 1] in SUBSCRIPTS and text[at].isalpha():
            break
        if _name_part(text[at]):
            at += 1
        elif text[at] == "{" and text[at - 1] == "_" and (close := text.find("}", at)) > 0:
            at = close + 1
        else:
            break
    primes = at + len(text[at:]) - len(text[at:].lstrip(_PRIMES))
    if count := re.match(r"\.[1-9]\d{0,3}(?!\w|\.(?!T\b))", text[primes:], re.ASCII):
        at = primes + count.end()
    if sample := re.match(r"#\d+", text[at:]):
        at += sample.end()
    while at < len(text) and text[at] in _PRIMES:
        at += 1
    return at


def tokens(text: str, lists: bool = False) -> list[Token]:
    """The pieces of a formula with their places; FormulaError at a character that has no meaning.

    With `lists`, a semicolon is a piece: it ends a row of `[1 2; 3 4]`; without, a bar and a double one: |x|, ‖x‖.
    """
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(
            f"this formula has {len(text)} characters; the limit is {MAX_CHARACTERS}",
            MAX_CHARACTERS, MAX_CHARACTERS + 1, "too long", "split it into several named quantities",
        )  # fmt: skip
    found: list[Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
            continue
        start = at
        if match := _NUMBER.match(text, at):
            at = match.end()
            found.append(Token("number", match.group(), start, at))
        elif char in _VULGAR:
            at += 1
            found.append(Token("number", char, start, at))
        elif char in _SUPERSCRIPTS:
            while at < len(text) and text[at] in _SUPERSCRIPTS:
                at += 1
            found.append(Token("superscript", "".join(_SUPERSCRIPTS[c] for c in text[start:at]), start, at))
        elif _letter(char) or char in "∂√∇∑":
            at = at + 1 if char in "∂√∑" else read_name(text, at)
            found.append(Token("name", normalised(text[start:at].replace("∑", "Σ")), start, at))
        elif char in _TURNED or (text.startswith(".T", at) and not _name_part(text[at + 2 : at + 3] or " ")):
            at += 1 if char in _TURNED else 2
            found.append(Token("operator", TURNED, start, at))
        elif not lists and (char in "‖∥" or text.startswith("||", at)):
            at += 1 if char in "‖∥" else 2
            found.append(Token("operator", "‖", start, at))
        elif text.startswith("**", at):
            at += 2
            found.append(Token("operator", "^", start, at))
        elif text.startswith(("<=", ">=", "=="), at) or char in "<>≤≥":
            at += 2 if text[at + 1 : at + 2] == "=" else 1
            found.append(Token("comparison", _COMPARISONS.get(char, text[start:at]), start, at))
        elif char == "%":
            at += 1
            found.append(Token("percent", "%", start, at))
        elif char in "+-*/^@()[],:" or (char == (";" if lists else "|")) or char in _OPERATORS:
            at += 1
            found.append(Token("operator", _OPERATORS.get(char, char), start, at))
        else:
            shown = f"'{char}'" if char.isprintable() else f"the invisible character U+{ord(char):04X}"
            if char in "\"'":
                shown = "a quotation mark"
            raise FormulaError(
                f"{shown} has no meaning in a formula", at, at + 1, "can't be read", instead(text, at), text
            )
        if len(found) > MAX_PIECES:
            raise FormulaError(
                f"this formula has more than {MAX_PIECES} pieces", start, at, "too long",
                "split it into several named quantities",
            )  # fmt: skip
    found.append(Token("end", "", len(text), len(text)))
    return found


def number_of(token_text: str, start: int, end: int) -> Number:
    """A typed number, exactly; limits keep hostile digits from costing anything."""
    if token_text in _VULGAR:
        return Number(token_text, _VULGAR[token_text], (start, end))
    mantissa, _, exponent = token_text.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or len(exponent) > 4 or abs(int(exponent or 0)) > MAX_EXPONENT:
        raise FormulaError(
            f"a number may have {MAX_DIGITS} digits and an exponent up to ±{MAX_EXPONENT}", start, end, "too large"
        )
    whole, _, decimals = mantissa.partition(".")
    power = int(exponent or 0) - len(decimals)
    digits = int((whole + decimals) or "0")
    value = Fraction(digits * 10**power) if power >= 0 else Fraction(digits, 10**-power)
    return Number(token_text, value, (start, end))
