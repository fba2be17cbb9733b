r"""LaTeX in a sheet, put into plain notation: `\frac{\partial E}{\partial w_5}` is `∂E/∂w_5`, `e^{-x}` is `e^(-x)`.

Only what stands in hand calculations: fractions, derivatives, Greek letters, accents, brackets, sums, small matrices.
A command that nobody here knows leaves its name behind, so that the line says what was not understood.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from .typed import NOTHING, Typed

MAX_DEPTH = 30
GLUE = "\u2009"  # a space that nobody typed: wide spaces separate claims
_GREEK = {
    unicodedata.name(letter).split()[-1].lower(): letter for letter in "αβγδεζηθικλμνξοπρστυφχψω"
} | {"lambda": "λ", "varepsilon": "ε", "varphi": "φ", "vartheta": "θ", "varsigma": "σ"}  # fmt: skip
_GREEK |= {name.capitalize(): letter.upper() for name, letter in _GREEK.items()}
# what a command without arguments stands for
_SIGNS: Mapping[str, str] = {
    **_GREEK,
    "partial": "∂", "nabla": "∇", "cdot": "·", "times": "×", "ast": "*", "star": "*", "odot": "⊙", "circ": "∘",
    "div": "÷", "approx": "≈", "simeq": "≈", "cong": "≈", "sim": "≈", "equiv": "=", "doteq": "=", "coloneqq": ":=",
    "to": "→", "rightarrow": "→", "longrightarrow": "→", "mapsto": "→", "Rightarrow": "⇒", "Longrightarrow": "⇒",
    "implies": "⇒", "therefore": "⇒", "leftarrow": "←", "gets": "←", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "lt": "<", "gt": ">", "neq": "≠", "ne": "≠", "quad": "    ", "qquad": "    ", "ldots": "…", "dots": "…",
    "cdots": "…", "sum": "Σ", "prime": "'", "top": "⊤", "intercal": "⊤", "lbrack": "[", "rbrack": "]",
    "lbrace": "[", "rbrace": "]", "lvert": "|", "rvert": "|", "mid": "|", "vert": "|",
}  # fmt: skip
_ACCENTS = {"hat": "hat", "widehat": "hat", "tilde": "tilde", "bar": "bar", "overline": "bar"}
# their argument is all that counts
_WRAPPERS = frozenset(
    "text textbf textit textrm texttt textsf mathrm mathbf mathit mathsf mathtt mathcal mathbb operatorname mbox hbox "
    "boldsymbol bm vec boxed cancel underline fbox ensuremath".split()
)
_TWO_ARGUMENTS = frozenset(("textcolor", "underset", "overset", "stackrel"))  # the second counts
_UNDER = frozenset(("underbrace", "overbrace"))
_DROPPED_WITH_ARGUMENT = frozenset(("tag", "label", "hspace", "vspace", "color", "phantom", "footnote"))
_DROPPED = frozenset(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr displaystyle textstyle limits nolimits nonumber "
    "notag allowbreak hfill hline noindent".split()
)
_MATRICES = frozenset(("matrix", "pmatrix", "bmatrix", "vmatrix", "Bmatrix", "smallmatrix", "array"))
_SPACES = {",": " ", ";": " ", ":": " ", "!": "", " ": " ", "\\": " ; ", "%": "%", "_": "_", "#": "#", "&": "", "$": "",
           "{": "[", "}": "]", "|": "|", "(": " ", ")": " ", "[": " ", "]": " "}  # fmt: skip
# superscripts that belong to a name: after the update, at a time, transposed
_MARKS = re.compile(r"\s*(?:[+*'⊤T]|new|neu|next|updated|old|alt|t|t\s*[+-]\s*1|\((?:new|old|t|t\s*[+-]\s*1|\d)\))\s*")
# the next column but one of an aligned row, where it does not begin with the sign that the row is aligned at
_COLUMN = re.compile(r"&\s*&(?!\s*(?:=|\\approx|\\equiv|\\simeq))")
_TO_POWER = re.compile(r"\s*\^\s*\{?\s*\d")
_LATEX = re.compile(r"[\\{}$&]|~(?!=)")
_DIFFERENTIAL = re.compile(r"\s*(?:∂|d(?![\d_]))\s*(?P<what>.*?)\s*", re.DOTALL)
_NAME = re.compile(r"[^\W\d](?:\w|_\{[^{}]*\})*(?:\^?\(\w+\))?'*")


def is_latex(text: str) -> bool:
    """Does a text hold anything that plain notation writes in another way?"""
    return _LATEX.search(text) is not None


def plain(line: Typed) -> Typed:
    """The line in plain notation."""
    return _Latex(line).whole() if is_latex(line.text) else line


class _Latex:
    """One pass from left to right."""

    def __init__(self, line: Typed) -> None:
        self.line = line
        self.text = line.text
        self.at = 0
        self.depth = 0

    def whole(self) -> Typed:
        out = self.until("")
        while self.at < len(self.text):  # a brace that closes nothing
            out += self.line.cut(self.at, self.at + 1)
            self.at += 1
            out += self.until("")
        return out

    def until(self, closing: str) -> Typed:
        """Everything up to a closing brace (or the end)."""
        out = NOTHING
        while self.at < len(self.text) and self.text[self.at] not in ("}", closing):
            out += self.piece(out)
        return out

    def piece(self, before: Typed) -> Typed:
        """The next piece; `before` is what stands left of it."""
        start, char = self.at, self.text[self.at]
        if char == "\\":
            return self.command()
        if char == "{":
            return self.group(before)
        if not self.depth and (found := _COLUMN.match(self.text, start)):
            self.at = found.end()
            # another equation beside the first one, or a remark
            return self.line.put(" ; ", start, self.at) if "=" in self.text[self.at : self.row_end()] else self.remark()
        self.at += 1
        if char in "$&":
            return NOTHING
        if char == "~":
            return self.line.put(" ", start, self.at)
        if char == "_" and self.text[self.at : self.at + 1] in ("{", "\\"):
            return self.subscript(start)
        if char == "^" and self.text[self.at : self.at + 1] in ("{", "\\"):
            return self.superscript(start, before)
        return self.line.cut(start, self.at)

    def row_end(self) -> int:
        """Where the row of an aligned block ends."""
        end = self.text.find(r"\\", self.at)
        return len(self.text) if end < 0 else end

    def remark(self) -> Typed:
        """What stands in a column of remarks is left aside."""
        self.at = self.row_end()
        return NOTHING

    # ------------------------------------------------------------------ braces
    def argument(self) -> Typed:
        """What a command takes: a group without its braces, else one piece."""
        while self.text[self.at : self.at + 1] == " ":
            self.at += 1
        if self.at >= len(self.text) or self.text[self.at] == "}":
            return NOTHING
        if self.text[self.at] == "{":
            return self.inside()
        if self.text[self.at] == "\\":
            return self.command()
        self.at += 1
        return self.line.cut(self.at - 1, self.at)

    def inside(self) -> Typed:
        """A group in braces, without them; one that is not closed stays as it was typed."""
        start = self.at
        if self.depth >= MAX_DEPTH:
            self.at = len(self.text)
            return self.line.cut(start)
        self.depth += 1
        self.at += 1
        inner = self.until("}")
        self.depth -= 1
        if self.at >= len(self.text):
            return self.line.cut(start, start + 1) + inner
        self.at += 1
        return inner

    def group(self, before: Typed) -> Typed:
        """Braces that only group: round brackets, unless they hold one name or number.

        To a power they stay round it: `{\\sigma}^{2}` is the square of σ, `\\sigma^2` may be a variance of that name.
        """
        start = self.at
        inner = self.inside()
        if re.fullmatch(r"\s*[\w.]*\s*", inner.text) and not _TO_POWER.match(self.text, self.at):
            return self.closed(inner.strip())
        if inner.text.startswith("{"):
            return inner
        return self.bracketed(inner, start)

    def closed(self, inner: Typed) -> Typed:
        """A group without braces: its last character stands for the closing brace, too."""
        if not inner.text:
            return inner
        start, _ = inner.places[-1]
        return Typed(inner.text, (*inner.places[:-1], (start, max(start, self.line.span(0, self.at)[1]))))

    def opened(self, inner: Typed, start: int) -> Typed:
        """A command's argument: its first character stands for the command, too."""
        if not inner.text:
            return inner
        first = (self.line.span(start, start + 1)[0], inner.places[0][1])
        return Typed(inner.text, (first, *inner.places[1:]))

    def bracketed(self, inner: Typed, start: int) -> Typed:
        return self.line.put("(", start, start + 1) + inner + self.line.put(")", self.at - 1, self.at)

    def subscript(self, start: int) -> Typed:
        """`_{h_{1}}` as `_{h_1}`: one name to the end."""
        inner = self.closed(self.argument().sub(re.compile(r"[\s{}\\]"), ""))
        if re.fullmatch(r"\w*", inner.text):
            whole = self.line.cut(start, start + 1) + inner
        else:
            whole = self.line.put("_{", start, start + 1) + inner + self.line.put("}", self.at - 1, self.at)
        # the braces end the name: w_{1}x is not w_1x
        return whole + self.line.put(self._gap(), self.at - 1, self.at)

    def superscript(self, start: int, before: Typed) -> Typed:
        inner = self.argument().strip()
        sign = self.line.cut(start, start + 1)
        if re.fullmatch(r"'+", inner.text):
            return inner
        if before.text and (before.text[-1].isalnum() or before.text[-1] in "}'") and _MARKS.fullmatch(inner.text):
            below = NOTHING
            if self.text[self.at : self.at + 1] == "_":  # w^{+}_5 is w_5^+
                self.at += 1
                below = self.subscript(self.at - 1)
            return below + sign + self.closed(inner) + self.line.put(self._gap(), self.at - 1, self.at)
        if re.fullmatch(r"\s*[\w.]+\s*", inner.text):
            return sign + self.closed(inner) + self.line.put(self._gap(), self.at - 1, self.at)
        return sign + self.bracketed(inner, start + 1)

    # ------------------------------------------------------------------ commands
    def command(self) -> Typed:
        start = self.at
        match = re.compile(r"\\([A-Za-z]+)\*?").match(self.text, start)
        if match is None:
            after = self.text[start + 1 : start + 2]
            self.at = min(start + 2, len(self.text))
            if after == "\\":
                self.skip(r"\[[^\]]*\]")
                if not self.text[self.at :].strip():
                    return NOTHING
            return self.line.put(_SPACES.get(after, " " + after), start, self.at)
        self.at = match.end(1) if match[1] not in ("operatorname", "tag", "hspace") else match.end()
        name = match[1]
        if name in ("frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"):
            return self.fraction(start)
        if name in ("begin", "end"):
            return self.environment(name, start)
        if name in _ACCENTS:
            return self.argument().strip() + self.line.put(_ACCENTS[name], start, self.at)
        if name in _WRAPPERS:
            return self.opened(self.wrapped(), start)
        if name in _TWO_ARGUMENTS:
            self.argument()
            return self.wrapped()
        if name in _UNDER:
            inner = self.wrapped()
            if self.text[self.at : self.at + 1] in ("_", "^"):
                self.at += 1
                self.argument()
            return inner
        if name in _DROPPED_WITH_ARGUMENT:
            self.argument()
            return NOTHING
        if name in _DROPPED:
            if name in ("left", "right") and self.text[self.at : self.at + 1] == ".":
                self.at += 1
            return NOTHING
        if name == "sqrt":
            inner = self.argument()
            return self.line.put("sqrt(", start, start + 5) + inner + self.line.put(")", self.at - 1, self.at)
        if name == "sum":
            return self.sum(start)
        shown = _SIGNS.get(name, name)
        if shown == "Δ":  # Δw is one name
            self.skip(r"\s+")
            return self.line.put(shown, start, self.at)
        gap = self._gap() if shown.isalpha() else ""
        if name not in _SIGNS and self.text[self.at : self.at + 1] == "{":
            gap = GLUE
        return self.line.put(shown + gap, start, self.at)

    def _gap(self) -> str:
        """A space, where what follows would make one name of two."""
        return GLUE if re.compile(r"[^\W_]|\\[A-Za-z]").match(self.text, self.at) else ""

    def wrapped(self) -> Typed:
        """The argument as it is; several words keep apart from what follows."""
        inner = self.closed(self.argument())
        return inner + self.line.put(" ", self.at - 1, self.at) if " " in inner.text.strip() else inner

    def sum(self, start: int) -> Typed:
        """Σ without its limits: what is summed says over what."""
        self.skip(r"\s*\\limits")
        while self.skip(r"\s*[_^]"):
            self.argument()
        self.skip(r"\s+")
        return self.line.put(f"Σ{GLUE}", start, self.at)

    def skip(self, pattern: str) -> bool:
        match = re.compile(pattern).match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return match is not None

    def fraction(self, start: int) -> Typed:
        above, below = self.argument().strip(), self.closed(self.argument().strip())
        over = self.line.put("/", start, start + 1)
        top, bottom = _DIFFERENTIAL.fullmatch(above.text), _DIFFERENTIAL.fullmatch(below.text)
        if top and bottom and bottom["what"]:
            if not _NAME.fullmatch(bottom["what"]):  # by a difference
                sign, inner = below.cut(0, 1), below.cut(bottom.start("what"), bottom.end("what"))
                below = sign + (inner if inner.text.startswith("(") else self.bracketed(inner, start))
            if not top["what"] or _NAME.fullmatch(top["what"]):
                ends = (self.line.put(GLUE, at, at + 1) for at in (start, self.at - 1))
                return next(ends) + above + over + below + next(ends)
            # d(formula)/dw: the formula goes behind
            sign, inner = above.cut(0, 1), above.cut(top.start("what"), top.end("what"))
            return sign + over + below + self.bracketed(inner, start)
        whole = [part if re.fullmatch(r"[\w.]+", part.text) else self.bracketed(part, start) for part in (above, below)]
        return self.bracketed(whole[0] + over + whole[1], start)

    def environment(self, which: str, start: int) -> Typed:
        name = self.argument().text.strip().rstrip("*")
        if which == "end":
            return NOTHING
        if self.text[self.at : self.at + 1] == "[":
            self.skip(r"\[[^\]]*\]")
        if name not in _MATRICES:
            self.skip(r"\{[^{}]*\}") if name == "alignedat" else None
            return NOTHING
        if name == "array":
            self.argument()
        return self.matrix(name, start)

    def matrix(self, name: str, start: int) -> Typed:
        r"""`\begin{bmatrix} a & b \\ c & d \end{bmatrix}` as `[[a, b], [c, d]]`; a column as `[a, c]`."""
        closing = f"\\end{{{name}}}"
        end = self.text.find(closing, self.at)
        if end < 0 or self.depth >= MAX_DEPTH:
            return NOTHING
        rows = []
        for row_start, row_end in _split(self.text, self.at, end, "\\\\"):
            cells = [self.part(a, b) for a, b in _split(self.text, row_start, row_end, "&")]
            if any(cell.text.strip() for cell in cells):
                rows.append(cells)
        self.at = end + len(closing)
        comma = self.line.put(", ", start, self.at)
        left, right = self.line.put("[", start, start + 1), self.line.put("]", self.at - 1, self.at)

        def joined(pieces: list[Typed]) -> Typed:
            out = NOTHING
            for i, part in enumerate(pieces):
                out += (comma if i else NOTHING) + part.strip()
            return left + out + right

        if all(len(cells) == 1 for cells in rows):
            return joined([cells[0] for cells in rows])
        if len(rows) == 1:
            return joined(rows[0])
        return joined([joined(cells) for cells in rows])

    def part(self, start: int, end: int) -> Typed:
        """A piece of the text by itself."""
        inner = _Latex(self.line.cut(start, end))
        inner.depth = self.depth + 1
        return inner.whole()


def _split(text: str, start: int, end: int, sign: str) -> list[tuple[int, int]]:
    """The pieces between signs that stand outside of braces."""
    found, first, at, depth = [], start, start, 0
    while at < end:
        if text.startswith(sign, at) and depth == 0:
            found.append((first, at))
            at += len(sign)
            first = at
            continue
        depth += (text[at] == "{") - (text[at] == "}")
        at += 2 if text[at] == "\\" and sign != "\\\\" else 1
    return [*found, (first, end)]
