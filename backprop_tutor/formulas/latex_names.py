r"""Names as LaTeX: `w213` → `w_{213}`, `h̃1` → `\tilde{h}_{1}`, `W[2,1]` → `W_{2,1}`, `w2[1]` → `w_{2}[1]`.

An index stands below a letter that has nothing there yet, else in brackets as in the scenario, so that `w2[1]` and
`w[2,1]` differ. A scenario's own [notation] comes first, also for the elements of its arrays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from .characters import ACCENTS, in_ascii

_GREEK_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
"""
_GREEK = frozenset(_GREEK_NAMES.split())
_CAPITALS = frozenset({"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"})
_COMMANDS = {"hat": "hat", "tilde": "tilde", "bar": "bar", "breve": "breve", "dot": "dot", "check": "check",
             "vec": "vec", "low": "underline"}  # fmt: skip
_SPELT = re.compile(rf"([A-Za-z]|{'|'.join(sorted(_GREEK))})(hat|tilde|bar|dot|vec)")
_SAMPLE_FIRST = re.compile(r"(#\d+)(\[[^\]]*\])")  # of an element: `x#1[2]`
_PARTS = re.compile(r"(?P<letter>[^\W\d_]+?)_?(?P<below>\d[\d_]*|_.+|(?<=_).+|)")


def latex_name(name: str, notation: Mapping[str, str] | None = None) -> str:
    """One name by itself; two names may come out alike (`w2` and `w_2`): `LatexNames` keeps them apart."""
    notation = notation or {}
    if name in notation:
        return notation[name]
    name = _SAMPLE_FIRST.sub(r"\2\1", name)
    own, _, sample = name.rstrip("'").partition("#")
    bare = own.rstrip("'")
    primes = own[len(bare) :] + name[len(name.rstrip("'")) :]
    stem, bracket, index = bare.partition("[")
    stem, dot, count = stem.partition(".")  # of an intermediate result
    shown = (notation.get(own) or notation.get(stem) or _symbol(stem)) + dot + count
    if bracket:
        shown = f"{shown}[{index}" if "_" in shown else f"{shown}_{{{index[:-1]}}}"
    if own == bare or own not in notation:
        shown += primes
    if sample:
        inside = f"{{{shown}}}" if "^" in shown or stem in notation else shown
        return f"{inside}^{{({sample})}}"
    return shown


class LatexNames:
    """The names of one page, each typeset differently; a name that would look like an earlier one stands as typed."""

    def __init__(self, notation: Mapping[str, str]) -> None:
        self.notation = notation
        self.known: dict[str, str] = {}
        self.used: set[str] = set()

    def __call__(self, name: str) -> str:
        if name not in self.known:
            shown = latex_name(name, self.notation)
            if shown in self.used:
                shown = rf"\mathtt{{{_typed(name)}}}"
            self.known[name] = shown
            self.used.add(shown)
        return self.known[name]


def _symbol(stem: str) -> str:
    r"""`a_h1` → `a_{h1}`, `delta_o1` → `\delta_{o1}`, `net` → `\mathrm{net}`, `x̂` → `\hat{x}`."""
    plain = "".join(char for char in unicodedata.normalize("NFD", stem) if not unicodedata.combining(char))
    match = _PARTS.fullmatch(plain)
    if match is None:
        return rf"\mathtt{{{_typed(stem)}}}"
    letter, rest = _cut(stem, len(match["letter"]))
    below = rest.strip("_")
    return _letters(letter) + (f"_{{{_below(below)}}}" if below else "")


def _cut(text: str, count: int) -> tuple[str, str]:
    """The first letters with their accents, and the rest."""
    text = unicodedata.normalize("NFD", text)
    at = 0
    while count or (at < len(text) and unicodedata.combining(text[at])):
        count -= not unicodedata.combining(text[at])
        at += 1
    return text[:at], text[at:]


def _letters(word: str) -> str:
    r"""A symbol: one letter in italics, a Greek one by its name, `yhat` as `\hat{y}`, any other word upright."""
    if spelt := _SPELT.fullmatch(word):
        return rf"\{_COMMANDS[spelt[2]]}{{{_letters(spelt[1])}}}"
    if word in _GREEK or word in _CAPITALS:
        return rf"\{word}"
    pieces = _accented(word)
    return pieces[0] if len(pieces) == 1 else rf"\mathrm{{{_joined(pieces)}}}"


def _accented(word: str) -> list[str]:
    """Each letter of a word with its accents around it."""
    found: list[str] = []
    for char in unicodedata.normalize("NFD", word):
        if not unicodedata.combining(char):
            found.append(_letter(char))
        elif accent := _COMMANDS.get(ACCENTS.get(char, "")):
            found[-1] = rf"\{accent}{{{found[-1]}}}"
        else:
            found[-1] = rf"\text{{{unicodedata.normalize('NFC', found[-1] + char)}}}"
    return found


def _letter(char: str) -> str:
    if char.isascii():
        return char
    if char == "ℓ":
        return r"\ell"
    name = in_ascii(char)
    if name in _GREEK or name in _CAPITALS:
        return rf"\{name}"
    return rf"\text{{{char}}}"


def _below(text: str) -> str:
    """What stands below a letter, as it is typed; Greek letters and accents typeset."""
    return _joined(_accented(text)).replace("_", r"\_")


def _joined(pieces: list[str]) -> str:
    """Pieces side by side; a command is parted from the letter behind it."""
    apart = (f"{piece} " if piece[0] == "\\" and piece[1:].isalpha() else piece for piece in pieces)
    return "".join(apart).strip()


def _typed(name: str) -> str:
    return "".join(rf"\{char}" if char in "_#" else char for char in name)
