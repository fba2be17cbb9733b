"""One key press, for `--step`: a terminal is asked for a key, any other input for a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, TextIO, TypeAlias

Answer: TypeAlias = Literal["next", "quit", "no more"]

_QUIT = ("q", "Q", "\x04", "\x1a")  # Ctrl-D and Ctrl-Z leave too


@contextmanager
def keyboard(source: TextIO | None = None) -> Iterator[Callable[[], Answer]]:
    """What waits for the next answer: a key of a terminal, else a line ("no more" at its end).

    A terminal gives its keys without Enter, and shows none of them, until the context is left. Ctrl-C is
    KeyboardInterrupt, as always.
    """
    source = sys.stdin if source is None else source
    if not source.isatty():
        yield lambda: _line(source)
    elif sys.platform == "win32":
        yield lambda: _meaning(_windows_key())
    else:
        import termios
        import tty

        descriptor = source.fileno()
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor)
            yield lambda: _meaning(_terminal_key(descriptor))
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _meaning(key: str) -> Answer:
    return "quit" if key in _QUIT else "next"


def _line(source: TextIO) -> Answer:
    text = source.readline()
    return _meaning(text.strip()) if text else "no more"


def _terminal_key(descriptor: int) -> str:
    """The next key of a terminal; of an arrow key, which comes as several bytes, the first."""
    import os
    import select

    key = os.read(descriptor, 1)
    if key == b"\x1b":
        while select.select([descriptor], [], [], 0.02)[0] and not os.read(descriptor, 1).isalpha():
            pass
    return key.decode("latin-1")


def _windows_key() -> str:
    """The next key of a Windows console."""
    import msvcrt

    key: str = msvcrt.getwch()  # type: ignore[attr-defined]
    if key in ("\x00", "\xe0"):  # a function key comes as two
        msvcrt.getwch()  # type: ignore[attr-defined]
    if key == "\x03":
        raise KeyboardInterrupt
    return key
