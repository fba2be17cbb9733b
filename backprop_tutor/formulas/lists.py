"""The ways in which people write lists of numbers, turned into the grammar's own: `[a, b]`, `[[a, b], [c, d]]`.

    (0.1, 0.2)          round brackets with commas, where they are no function's
    [0.1 0.2]           numbers with spaces between; a sign belongs to its number where only a space stands before it
    [0.1 0.2; 0.3 0.4]  rows that end with a semicolon

Tokens are replaced, added and kept in their places, so that a caret still stands under what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..values import replace
from .tokens import Token

_CLOSING = {"(": ")", "[": "]"}


def written_lists(tokens: Sequence[Token], is_quantity: Callable[[str], bool]) -> list[Token]:
    """The tokens with every list in square brackets and with commas; brackets that do not match stay as they are."""
    pairs = dict(_pairs(tokens))
    found = list(tokens)
    added: dict[int, list[Token]] = {}  # before the token at a place
    for start, end in pairs.items():
        before = tokens[start - 1] if start else None
        level = list(_level(tokens, pairs, start, end))
        if _belongs_to_name(tokens[start], before, is_quantity):
            continue
        rows = [i for i in level if tokens[i].text == ";"]
        commas = [i for i in level if tokens[i].text == ","]
        if tokens[start].text == "(" and (rows or commas) and not any(_decimal(tokens, i) for i in commas):
            found[start], found[end] = _as(tokens[start], "["), _as(tokens[end], "]")
        elif tokens[start].text == "(":
            continue
        for i in _gaps(tokens, level):
            added.setdefault(i, []).append(_empty(tokens[i], ","))
        for i in rows:
            found[i] = _as(tokens[i], ",")
        for first, last in _between(start, rows, end) if rows else ():
            added.setdefault(first, []).insert(0, _empty(tokens[first], "["))
            added.setdefault(last, []).append(_empty(tokens[last], "]"))
    return [token for i, own in enumerate(found) for token in (*added.get(i, ()), own)]


def _pairs(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Where each bracket opens and closes."""
    opened: list[int] = []
    for i, token in enumerate(tokens):
        if token.kind != "operator":
            continue
        if token.text in _CLOSING:
            opened.append(i)
        elif token.text in _CLOSING.values():
            if not opened or _CLOSING[tokens[opened[-1]].text] != token.text:
                return
            yield opened.pop(), i


def _level(tokens: Sequence[Token], pairs: dict[int, int], start: int, end: int) -> Iterator[int]:
    """The tokens directly inside a bracket, without those of brackets inside it."""
    i = start + 1
    while i < end:
        yield i
        i = pairs.get(i, i) + 1


def _belongs_to_name(opening: Token, before: Token | None, is_quantity: Callable[[str], bool]) -> bool:
    """Is a bracket an index (`W[1,2]`) or holds it a function's arguments?"""
    if before is None or before.kind != "name":
        return False
    return before.end == opening.start if opening.text == "[" else not is_quantity(before.text)


def _decimal(tokens: Sequence[Token], comma: int) -> bool:
    """May a comma be meant as a decimal point (`0,05`)?"""
    before, after = tokens[comma - 1], tokens[comma + 1]
    joined = before.end == tokens[comma].start and after.start == tokens[comma].end
    return joined and before.text.isdecimal() and after.text.isdecimal()


def _gaps(tokens: Sequence[Token], level: Sequence[int]) -> list[int]:
    """Where a space separates two numbers or rows, in a list that holds nothing else (but semicolons)."""
    found = []
    for at, i in enumerate(level):
        token, before = tokens[i], tokens[i - 1]
        if token.text == "[":
            if at and before.text == "]":
                found.append(i)
        elif token.kind == "number":
            if at and before.kind == "number":
                found.append(i)
        elif token.text in ("-", "+"):
            if tokens[i + 1].kind != "number":
                return []
            if at and before.kind == "number":
                if token.start == before.end or tokens[i + 1].start != token.end:
                    return []
                found.append(i)
        elif token.text != ";":
            return []
    return found


def _between(start: int, rows: Sequence[int], end: int) -> Iterator[tuple[int, int]]:
    """The first token of each row, and the one after it."""
    first = start + 1
    for i in (*rows, end):
        if i > first:
            yield first, i
        first = i + 1


def _as(token: Token, text: str) -> Token:
    return replace(token, text=text)


def _empty(before: Token, text: str) -> Token:
    """A sign that nobody typed, before a token."""
    return Token("operator", text, before.start, before.start)
