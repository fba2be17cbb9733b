"""Where a screen goes: the stream's encoding, its width, whether it takes colour, and the characters it can show.

    screen = make_screen(sys.stdout, color="auto", ascii=None, width=None)
    screen.show(block)

Colour is decoration: every mark is also a shape or a word. Only named ANSI colours are used, and neither blue nor
bright black, which some palettes make invisible. rich is imported for a screen that has styles, and for no other.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TextIO, TypeAlias

from ..formulas.ascii_names import AsciiNames
from ..formulas.characters import ASCII, UNICODE, Style, in_ascii, printable

if TYPE_CHECKING:
    from rich.console import Console

    from .lines import Block

Color: TypeAlias = Literal["auto", "always", "never"]

PROBE = "∂σ·−½²✓✗─┌┤←→Σ√█⊙ᵀ"
LEAST_WIDTH = 20
DEFAULT_WIDTH = 80
DEFAULT_HEIGHT = 24

# Names of styles; the reader's own palette decides the shades.
THEME: Mapping[str, str] = {
    "name": "bold cyan",  # a quantity or a derivative on the left of an equals sign
    "result": "bold",
    "numbers": "dim",  # the numbers put into a formula
    "ok": "green",
    "wrong": "bold red",
    "kink": "yellow",
    "head": "bold",
    "note": "dim",
    "rule": "dim",
    "hint": "cyan",
    "path": "magenta",
    "text": "default",
}


class Glyphs(NamedTuple):
    """The characters of one screen: Unicode, or the same in ASCII."""

    ascii: bool
    style: Style
    ok: str
    wrong: str
    left: str
    dash: str
    bar: str
    full: str
    corners: Mapping[str, str]  # box characters by the directions they join: "down right", "up down left", ...
    names: AsciiNames = AsciiNames({})  # how the scenario's names are spelt in ASCII

    def text(self, text: str) -> str:
        """Somebody's text (a title, a name) as this screen can show it; control characters become U+FFFD or '?'."""
        text = printable(text)
        return to_ascii(self.names.text(text)) if self.ascii else text


_JOINTS = {
    "down right": "┌", "up right": "└", "down left": "┐", "up left": "┘", "up down right": "├", "up down left": "┤",
    "left right": "─", "up down": "│", "up down left right": "┼", "down left right": "┬", "up left right": "┴",
}  # fmt: skip

UNICODE_GLYPHS = Glyphs(False, UNICODE, "✓", "✗", "←", "─", "│", "█", _JOINTS)
ASCII_GLYPHS = Glyphs(
    True, ASCII, "ok", "WRONG", "<-", "-", "|", "#",
    {**dict.fromkeys(_JOINTS, "+"), "left right": "-", "up down": "|"},
)  # fmt: skip

_SPELLED = {
    "·": "*", "×": "*", "−": "-", "–": "-", "—": "-", "½": "1/2", "²": "^2", "³": "^3", "√": "sqrt",
    "Σ": "sum", "→": "->", "←": "<-", "≈": "~", "≤": "<=", "≥": ">=", "‘": "'", "’": "'", "“": '"', "”": '"', "′": "'",
    "\u2026": "...", "ŷ": "yhat",
}  # fmt: skip


def to_ascii(text: str) -> str:
    """The text in ASCII: signs spelt out, Greek letters by name, a language's accents dropped, anything else as '?'.

    An accent that makes no letter of any language (h̃) is mathematics, and a word: htilde.
    """
    if text.isascii():
        return text
    return "".join(map(_spelled, unicodedata.normalize("NFC", text)))


def _spelled(char: str) -> str:
    found = _SPELLED.get(char, in_ascii(char))
    return "?" if found is None else found


class Screen(NamedTuple):
    """One output: its stream, its width in cells, its characters; hints go to `errors` when nobody watches."""

    stream: TextIO
    console: Console | None  # rich's, where there are styles: nothing else needs it, and it takes long to import
    glyphs: Glyphs
    width: int
    plain: bool
    interactive: bool
    errors: TextIO

    def naming(self, names: AsciiNames) -> Screen:
        """The same screen for one scenario, whose names stay distinct in ASCII."""
        return self._replace(glyphs=self.glyphs._replace(names=names)) if self.glyphs.ascii else self

    def show(self, block: Block) -> None:
        """Print a block as it is: no wrapping, no cropping, no markup."""
        if self.console is not None:
            self.console.print(block, soft_wrap=True, markup=False, highlight=False, emoji=False)
        elif block.lines:
            self.line(block.text())

    def line(self, text: str) -> None:
        """Print a line without styles."""
        self.stream.write(text + "\n")

    def hint(self, text: str) -> None:
        """What to do next: under the result on a terminal, on the error stream when the result goes elsewhere."""
        text = self.glyphs.text(text)
        if not self.interactive:
            encoding = getattr(self.errors, "encoding", None) or "utf-8"
            self.errors.write((text if _encodes(text, encoding) else to_ascii(text)) + "\n")
        elif self.plain:
            self.line(text)
        else:
            from .lines import Block, line

            label, _, rest = text.partition(" ")
            lines = shell_lines(rest, self.width - len(label) - 1)
            block = Block([line((f"{label} ", "note"), (lines[0], "hint"))])
            for more in lines[1:]:
                block.add(" " * (len(label) + 1), (more, "hint"))
            self.show(block)


def shell_lines(command: str, width: int) -> list[str]:
    """A command in lines that a shell takes as one; only a word that is wider sticks out."""
    lines: list[str] = []
    for word in re.findall(r"(?:'[^']*'|\"[^\"]*\"|[^\s'\"])+", command):
        if lines and len(lines[-1]) + len(word) + 3 <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [*(f"{text} \\" for text in lines[:-1]), *lines[-1:]]


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def prepare_stream(stream: TextIO, environ: Mapping[str, str] = os.environ) -> str:
    """Make a stream safe to write any text to; the encoding it ends up with.

    A file or pipe becomes UTF-8 (as Python 3.15 does by itself) unless PYTHONIOENCODING says otherwise; a character
    that a console can't show is replaced and never raises.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        if not stream.isatty() and not environ.get("PYTHONIOENCODING"):
            reconfigure(encoding="utf-8", errors="replace")
        else:
            reconfigure(errors="replace")
    return getattr(stream, "encoding", None) or "utf-8"


def takes_color(stream: TextIO, color: Color, environ: Mapping[str, str] = os.environ) -> tuple[bool, bool]:
    """(styles at all, but without colours): NO_COLOR keeps bold; FORCE_COLOR=0 forces nothing."""
    if color == "always":
        return True, False
    if color == "never":
        return False, False
    forced = environ.get("FORCE_COLOR", "").lower() not in ("", "0", "false", "no", "off")
    styled = forced or (stream.isatty() and environ.get("TERM", "") != "dumb")
    return styled, bool(environ.get("NO_COLOR"))


def width_of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> int:
    """COLUMNS, else the terminal's width, else 80."""
    if environ.get("COLUMNS", "").isdigit() and int(environ["COLUMNS"]) > 0:
        return max(LEAST_WIDTH, int(environ["COLUMNS"]))
    try:
        if stream.isatty():
            return max(LEAST_WIDTH, os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH)
    except (OSError, ValueError):
        return max(LEAST_WIDTH, shutil.get_terminal_size((DEFAULT_WIDTH, DEFAULT_HEIGHT)).columns)
    return DEFAULT_WIDTH


def make_console(stream: TextIO, width: int, color: Color, environ: Mapping[str, str] = os.environ) -> Console | None:
    """A rich console that asks the environment nothing by itself; None where the stream takes no styles."""
    styled, without_color = takes_color(stream, color, environ)
    if not styled:
        return None
    from rich.console import Console
    from rich.theme import Theme

    class Output(Console):
        """Who reads no further (`| head`) has had enough: no error, while rich would end with status 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Output(
        file=stream,
        height=DEFAULT_HEIGHT,  # else it asks the system again for every block
        width=width,
        force_terminal=True,
        force_interactive=False,
        color_system="standard",
        no_color=without_color,
        theme=Theme(dict(THEME)),
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )


def make_screen(
    stream: TextIO | None = None,
    color: Color = "auto",
    ascii: bool | None = None,
    width: int | None = None,
    plain: bool | None = None,
    errors: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Screen:
    """The screen for a stream (stdout).

    `ascii` None: Unicode where the stream can encode it. `plain` None: where TERM=dumb or BPTUTOR_PLAIN is set; a
    plain screen is ASCII and without styles.
    """
    stream = sys.stdout if stream is None else stream
    errors = sys.stderr if errors is None else errors
    encoding = prepare_stream(stream, environ)
    if plain is None:
        plain = environ.get("BPTUTOR_PLAIN", "") not in ("", "0") or environ.get("TERM") == "dumb"
    if ascii is None:
        ascii = not _encodes(PROBE, encoding)
    width = max(LEAST_WIDTH, width) if width else width_of(stream, environ)
    console = make_console(stream, width, "never" if plain else color, environ)
    glyphs = ASCII_GLYPHS if ascii or plain else UNICODE_GLYPHS
    return Screen(stream, console, glyphs, width, plain, stream.isatty(), errors)
