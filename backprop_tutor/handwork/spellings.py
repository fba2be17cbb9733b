"""A line of a sheet in plain characters, whatever keyboards, word processors, Markdown and NumPy put there."""

from __future__ import annotations

import re
import unicodedata

from .typed import NOTHING, Typed

_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_SAME = {
    "\u2011": "-", "\u2217": "*", "\u2044": "/", "\u2215": "/", "∑": "Σ", "Ʃ": "Σ", "≃": "≈", "≅": "≈", "≔": ":=",
    "⟵": "←", "⇐": "←", "⟶": "→", "➔": "→", "➜": "→", "➝": "→", "↦": "→", "⟹": "⇒", "∴": "⇒", "“": " ", "”": " ",
    "„": " ", '"': " ", "‘": "'", "\u2033": "''", "✅": "✓", "✔": "✓", "☑": "✓", "√": "√", "ℓ": "l", "≙": "=", "≜": "=",
    "ᵀ": "^T",
}  # fmt: skip
_ALPHABETS = range(0x1D400, 0x1D800)  # mathematical letters: 𝑤, 𝜕, 𝛿
_FULL_WIDTH = range(0xFF01, 0xFF5F)

_CODE = re.compile(r"`+")
_BOLD = re.compile(r"(?<![^\s(\[|>])(\*\*|__)(?=\S)(.+?)(?<=\S)\1(?![\w*])")
_ITALIC = re.compile(r"^(\s*)\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?=[\s.,;:!)]*$)")
_URL = re.compile(r"\b(?:https?://|www\.)\S+")
_LIBRARY = re.compile(r"\b(?:np|numpy|math|torch|tf|jnp|F|nn)\.(?=[A-Za-z])")
_TIMES_TEN = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*(?:\^|\*\*|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]))")
_NUMBER = r"[-−]?(?:\d+\.?\d*|\.\d+)"
_TIMES = re.compile(rf"(?<=\d)\s+[xX]\s+(?={_NUMBER})")
_WORDS = {"times": "*", "plus": "+", "minus": "-", "divided by": "/"}
_OPERATION = re.compile(rf"(?<=[\w)\]])\s+({'|'.join(_WORDS)})\s+(?=[-−]?[\w.(\[])")
_NEW_ELEMENT = re.compile(r"(?<=\w)(\[\s*\d+(?:\s*,\s*\d+)*\s*\])('|⁺|_new\b)")
_ABOUT = re.compile(r"~=|=~|≈\s*=|=\s*≈|\b=\s*(?:about|approximately|approx\.?|roughly|circa|ca\.)\s")
DECIMAL_COMMA = re.compile(r"(?<![\w.,])(?<![\w']\[)(?<!_\{)(\d+),(\d+)(?![\w,]|\.\d)")
DECIMAL_POINT = re.compile(r"\d\.\d|(?<![\w.])\.\d")


def plain_characters(line: Typed) -> Typed:
    """One character for each sign, nothing invisible, and every kind of space as a space."""
    if line.text.isascii() and '"' not in line.text:
        return line
    out, at = NOTHING, 0
    for i, char in enumerate(line.text):
        new = _plain(char)
        if new != char:
            out += line.cut(at, i) + line.put(new, i, i + 1)
            at = i + 1
    return out + line.cut(at)


def _plain(char: str) -> str:
    if char in _INVISIBLE:
        return ""
    if char in _SAME:
        return _SAME[char]
    if ord(char) in _ALPHABETS or ord(char) in _FULL_WIDTH:
        return unicodedata.normalize("NFKC", char)
    return " " if char.isspace() and char not in "\n\t" else char


def plain_markup(line: Typed) -> Typed:
    """Without Markdown's emphasis, code signs and links, and without the names of libraries (`np.exp`)."""
    line = line.sub(_URL, " ").sub(_CODE, "")
    if "**" in line.text or "__" in line.text:
        line = line.sub(_BOLD, lambda m: line_cut(line, m))
    if "*" in line.text:
        line = line.sub(_ITALIC, lambda m: line.cut(m.start(1), m.end(1)) + line_cut(line, m))
    return line.sub(_LIBRARY, "") if "." in line.text else line


def line_cut(line: Typed, match: re.Match[str]) -> Typed:
    return line.cut(match.start(2), match.end(2))


def plain_signs(line: Typed) -> Typed:
    """Signs and words for operations: `9.95 x 10^-4`, `0.4 times 0.5`, `~=`; `W[1,2]'` as `W'[1,2]`."""
    line = line.sub(_NEW_ELEMENT, lambda m: line.cut(*m.span(2)) + line.cut(*m.span(1)))
    line = line.sub(_ABOUT, "≈ ").sub(_TIMES_TEN, "*").sub(_TIMES, "*")
    return line.sub(_OPERATION, lambda m: line.put(_WORDS[m[1]], m.start(), m.end()))


def with_points(line: Typed) -> Typed:
    """Decimal commas as decimal points."""

    def point(match: re.Match[str]) -> Typed:
        comma = match.end(1)
        return line.cut(match.start(), comma) + line.put(".", comma, comma + 1) + line.cut(comma + 1, match.end())

    return line.sub(DECIMAL_COMMA, point)
