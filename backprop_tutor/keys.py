"""One key press, for `--step`: a terminal is asked for a key, any other input for a line."""

from __future__ import annotations

import sys
from typing import Literal, TextIO, TypeAlias

Answer: TypeAlias = Literal["next", "quit", "no more"]

_QUIT = ("q", "Q", "\x04", "\x1a")  # Ctrl-D and Ctrl-Z leave too


def wait(source: TextIO | None = None) -> Answer:
    """Wait for a key, or for a line where the input is no terminal; "no more" at the end of the input.

    KeyboardInterrupt for Ctrl-C, as always.
    """
    source = sys.stdin if source is None else source
    if source.isatty():
        return "quit" if _key(source) in _QUIT else "next"
    text = source.readline()
    return "no more" if not text else "quit" if text.strip() in _QUIT else "next"


def _key(source: TextIO) -> str:
    """The next key of a terminal, without waiting for Enter."""
    if sys.platform == "win32":
        import msvcrt

        key = msvcrt.getwch()
        if key in ("\x00", "\xe0"):  # a function key comes as two
            msvcrt.getwch()
        if key == "\x03":
            raise KeyboardInterrupt
        return key
    import os
    import termios
    import tty

    descriptor = source.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        return os.read(descriptor, 32).decode("utf-8", "replace")[:1]  # an arrow key comes as several bytes
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
