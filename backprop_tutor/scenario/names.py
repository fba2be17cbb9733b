"""The form of names in a scenario: quantities, functions, element patterns, typeset notation.

    name     = letter { letter | digit | subscript | "_" } { prime }        Greek letters and accents are letters
    function = name "(" name { "," name } ")"
    pattern  = a name with {i}, {i}{j} or {i}{j}{k} for the indices of an element, counted from 1

Each check returns None, or a `Fault`: the sentence and what to do about it. Nothing here knows about files.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from ..formulas.notation import element_name
from ..formulas.tokens import SUBSCRIPTS

MAX_NAME_CHARACTERS = 40
MAX_NOTATION_CHARACTERS = 200
MAX_FUNCTION_PARAMETERS = 8
INDEX_LETTERS = "ijk"

_PRIMES = re.compile("[′’]")
_NAME_RULE = "a name is a letter, then letters, digits and underscores; primes may follow (h1, W_out, ŷ, w12')"
_BOTH = re.compile(r"^(\w+?)_(\{[^{}]*\}|\w+)\^(\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]|\w+)$")
_DERIVATIVE = re.compile(r"[d∂].*/.*[d∂]")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+|.?)", re.DOTALL)
# What a page or a LaTeX document may be given to typeset: letters, accents, fonts; nothing that reads or defines.
_COMMAND_NAMES = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho varrho sigma
varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar imath
jmath nabla partial infty hat bar tilde vec dot ddot check acute grave breve widehat widetilde overline underline mathrm
mathbf mathit mathsf mathtt mathcal mathbb mathfrak boldsymbol bm text textrm textbf textit operatorname prime star ast
circ cdot times dagger top perp left right langle rangle lvert rvert lVert rVert quad qquad
"""
_COMMANDS = frozenset({*_COMMAND_NAMES.split(), *"_,;:! {}|"})


class Fault(NamedTuple):
    """What is wrong, a few words for the caret, and what to do."""

    message: str
    label: str
    help: str


def normal_name(name: str) -> str:
    """One spelling for the same typed name: NFC, and ' for every kind of prime."""
    return _PRIMES.sub("'", unicodedata.normalize("NFC", name))


def look_alike(name: str) -> str:
    """The same text for names that a reader can hardly tell apart (ϕ and φ)."""
    return unicodedata.normalize("NFKC", name)


def quoted(text: str, limit: int = 60) -> str:
    """The text in quotes for a message: shortened, and without characters that a terminal would obey."""
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[:limit])
    return f"'{shown}{'...' if len(text) > limit else ''}'"


def kind_of(value: object) -> str:
    """What a value of a TOML document is, in words."""
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "an array" if isinstance(value, list) else "a table" if isinstance(value, dict) else "a date or time"


def name_fault(name: str) -> Fault | None:
    """What is wrong with a name (already normalised); it may be a function's too, since a call has brackets."""
    if not name:
        return Fault("a name is empty", "no name", _NAME_RULE)
    if _DERIVATIVE.match(name):
        return Fault(
            f"{quoted(name)} is how a derivative is written, so nothing else can have that name", "reserved",
            "leave it out: every derivative is worked out and named by the program",
        )  # fmt: skip
    if len(name) > MAX_NAME_CHARACTERS:
        return Fault(
            f"the name {quoted(name, 20)} has {len(name)} characters; the limit is {MAX_NAME_CHARACTERS}", "too long",
            "choose a shorter name; [notation] can typeset it at length",
        )  # fmt: skip
    stem = name.rstrip("'")
    for index, char in enumerate(stem or name):
        if index and stem[index - 1] in SUBSCRIPTS and _letter(char):
            said = f"{quoted(name)} is no name: a subscript ends one"
            return Fault(said, "not a name", _instead(name) or _NAME_RULE)
        if _letter(char) or (index and (_digit(char) or char == "_" or unicodedata.category(char).startswith("M"))):
            continue
        if index == 0:
            return Fault(f"{quoted(name)} is no name: it must start with a letter", "not a name", _NAME_RULE)
        return Fault(
            f"{quoted(name)} is no name: {quoted(char)} can't stand in one", "not a name", _instead(name) or _NAME_RULE
        )
    return None


def _instead(name: str) -> str:
    """What to write for `w_{11}`, `W^[1]`, `x^(1)` or `net input`; empty where nothing near is a name."""
    upper_first = _BOTH.sub(r"\1\3_\2", look_alike(name))  # w_{12}^{(1)} is w1_12
    better = re.sub(r"[\s.\-−]+", "_", re.sub(r"[{}()\[\]<>^]", "", upper_first))
    if better == name or name_fault(better) is not None:
        return ""
    advice = f"write '{better}'"
    typeset = re.sub(r"\^(\[[^\]]*\]|\([^)]*\))", r"^{\1}", name)
    if re.search(r"[\^{]", name) and notation_fault(typeset) is None:
        return f"{advice}, and in [notation] {better} = '{typeset}'"
    return f"{advice}; [notation] says how it is typeset"


def _letter(char: str) -> bool:
    return unicodedata.category(char).startswith("L")


def _digit(char: str) -> bool:
    return char in "0123456789" + SUBSCRIPTS


def function_heading(key: str) -> tuple[str, tuple[str, ...]] | Fault:
    """`f(x)` → ("f", ("x",)), or what is wrong with it."""
    heading = re.fullmatch(r"\s*([^()\s]*)\s*\(([^()]*[^()\s][^()]*)\)\s*", key)
    if heading is None:
        return Fault(
            f"{quoted(key)} doesn't say what the function is called on", "no parameter",
            'write "f(x)" = "2.0*x", with the name and its variable in quotes',
        )  # fmt: skip
    name = normal_name(heading[1])
    parameters = tuple(normal_name(part.strip()) for part in heading[2].split(","))
    if len(parameters) > MAX_FUNCTION_PARAMETERS:
        return Fault(
            f"the function {quoted(name)} has {len(parameters)} variables; the limit is {MAX_FUNCTION_PARAMETERS}",
            "too many", "define a function of fewer variables",
        )  # fmt: skip
    for part in (name, *parameters):
        if fault := name_fault(part):
            return fault
    if name == "where":
        return Fault("'where' is part of the notation", "taken", "choose another name, for example 'where_1'")
    if len(set(parameters)) < len(parameters):
        return Fault(f"the function {quoted(name)} names a variable twice", "named twice", "give each its own name")
    return name, parameters


def pattern_fault(pattern: str, dimensions: int | None = None) -> Fault | None:
    """What is wrong with an element pattern; with `dimensions` None only its form is checked."""
    used = _PLACEHOLDER.findall(pattern)
    for inside in used:
        if inside not in tuple(INDEX_LETTERS):
            return Fault(
                f"the pattern {quoted(pattern)} has the unknown place {{{inside[:20]}}}", "unknown place",
                "the places are {i}, {j} and {k}, counted from 1",
            )  # fmt: skip
    if "i" not in used:
        return Fault(
            f"the pattern {quoted(pattern)} gives every element the same name", "no {i}",
            'write {i} for the first index, {j} for the second: "w_{i}{j}"',
        )  # fmt: skip
    if dimensions == 0:
        return Fault("a single number has no elements to name", "no array", "leave the line out")
    wanted = INDEX_LETTERS[:dimensions] if dimensions is not None else "".join(sorted(set(used)))
    if dimensions is not None and set(used) != set(wanted):
        places = " and ".join("{" + letter + "}" for letter in wanted)
        return Fault(
            f"the pattern {quoted(pattern)} doesn't fit an array of {dimensions} dimension{'s'[: dimensions > 1]}",
            "doesn't fit", f"it takes {places}",
        )  # fmt: skip
    if wanted != INDEX_LETTERS[: len(wanted)]:
        return Fault(f"the pattern {quoted(pattern)} skips an index", "skips {j}", "use {i}, then {j}, then {k}")
    filled = normal_name(element_name("", pattern, (1,) * len(INDEX_LETTERS)))
    if fault := name_fault(filled):
        return Fault(f"the pattern {quoted(pattern)} makes the name {quoted(filled)}", fault.label, fault.help)
    return None


def text_fault(text: str, *, line_ends: bool = False) -> Fault | None:
    """A text that is only shown may hold nothing that a terminal would obey (or that turns the writing direction)."""
    for char in text:
        if char == "\n" and line_ends:
            continue
        category = unicodedata.category(char)
        if category in ("Cc", "Cs", "Co", "Cn") or char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
            return Fault(
                f"a control character (U+{ord(char):04X}) stands in this text", "holds a control character",
                r"in double quotes TOML reads \b, \t, \n, \f, \r and \u001b as such; single quotes keep a backslash: "
                r"'\theta'",
            )  # fmt: skip
    return None


def notation_fault(text: str) -> Fault | None:
    """What is wrong with a typeset name: it may use letters, sub- and superscripts, accents and fonts, no more."""
    if fault := text_fault(text):
        return fault
    if not text.strip():
        return Fault("a typeset name is empty", "empty", "leave the line out to keep the name as it is typed")
    if len(text) > MAX_NOTATION_CHARACTERS:
        return Fault(
            f"a typeset name has {len(text)} characters; the limit is {MAX_NOTATION_CHARACTERS}",
            "too long",
            "shorten it",
        )
    for command in _COMMAND.findall(text):
        if command not in _COMMANDS:
            return Fault(
                f"the LaTeX command {quoted(chr(92) + command)} can't stand in a name", "not allowed",
                r"accents, fonts and Greek letters can: '\hat{y}', '\mathrm{net}_{h1}', '\delta_1'",
            )  # fmt: skip
    plain = _COMMAND.sub(" ", text)
    for char in plain:
        if char in '$%#&~<>"`':
            return Fault(f"{quoted(char)} can't stand in a typeset name", "not allowed", "leave it out")
    depth = 0
    for char in plain:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            break
    if depth:
        return Fault("the braces of a typeset name don't match", "unbalanced", "every { needs its }")
    return None
