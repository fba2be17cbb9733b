"""One name and its spellings.

A document writes `w_{11}`, `w₁₁`, `w_11` or `w11` for one weight, `∂L/∂w` or `dL/dw` for one derivative. A terminal
shows a name exactly as the scenario types it; what people type is matched by its folded form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from .characters import in_ascii


def element_name(array: str, pattern: str | None, index: tuple[int, ...]) -> str:
    """The name of one element, its indices counted from 1: by the document's pattern `w_2{i}{j}`, else `W2[1,2]`.

    The sample of `W#2` stays at the end: `w_212#2`.
    """
    if pattern is None:
        return f"{array}[{','.join(map(str, index))}]"
    name = pattern
    for letter, value in zip("ijk", index, strict=False):
        name = name.replace("{" + letter + "}", str(value))
    _, mark, sample = array.partition("#")
    return name + mark + sample


def place_of(number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index, counted from 1, of an element that is counted from 0 in row-major order."""
    found: list[int] = []
    for length in reversed(shape):
        number, index = divmod(number, length)
        found.append(index + 1)
    return tuple(reversed(found))


def element_indices(pattern: str, name: str) -> Iterator[tuple[int, ...]]:
    """The indices, counted from 1, of every element that the pattern gives this name.

    One at most, but for patterns whose indices touch: `w_{i}{j}` names both [1,11] and [11,1] `w_111`.
    """
    pieces = re.split(r"\{([ijk])\}", pattern)

    def read(at: int, piece: int, found: dict[str, int]) -> Iterator[tuple[int, ...]]:
        if not name.startswith(pieces[piece], at):
            return
        at += len(pieces[piece])
        if piece == len(pieces) - 1:
            if at == len(name):
                yield tuple(found[letter] for letter in sorted(found))
            return
        letter = pieces[piece + 1]
        digits = re.match(r"[1-9][0-9]{0,6}", name[at:])
        for length in range(1, len(digits[0]) + 1 if digits else 0):
            value = int(name[at : at + length])
            if found.get(letter, value) == value:
                yield from read(at + length, piece + 2, {**found, letter: value})

    return read(0, 0, {})


@lru_cache(maxsize=20_000)
def folded(name: str) -> str:
    """The form in which two spellings of one name are equal.

    `w_{11}`, `w₁₁`, `w_11` → `w11`; `ŷ₁` → `yhat1`; `h̃` → `htilde`; `Δ` → `delta`.
    """
    text = unicodedata.normalize("NFKD", name).replace("’", "'").replace("′", "'")
    text = "".join(c if c.isascii() else _plain(c) for c in text)
    return re.sub(r"[_{},\s]", "", text)


def _plain(char: str) -> str:
    found = in_ascii(char)
    return char if found is None else found.lower()
