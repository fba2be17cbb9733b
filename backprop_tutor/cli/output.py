"""Text to standard output or to a file, with a clear message where a file can't be written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from ..errors import Problem, RequestError, Where


def write(text: str, file: Path | None, quiet: bool = False) -> None:
    """To a file (replaced if it exists; "-" and None are standard output). RequestError when it can't be written."""
    if file is None or str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise refused(file, error) from None
    if not quiet:
        sys.stderr.write(f"{file} is written\n")


def write_bytes(data: bytes, file: Path | None, quiet: bool = False) -> None:
    """The same for bytes, which reach their place as they are."""
    if file is None or str(file) == "-":
        sys.stdout.flush()
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(data.decode("utf-8", "replace"))
        else:
            buffer.write(data)
        return
    try:
        file.write_bytes(data)
    except OSError as error:
        raise refused(file, error) from None
    if not quiet:
        sys.stderr.write(f"{file} is written\n")


def encodes(text: str, stream: TextIO) -> bool:
    """Whether a stream has every character of a text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def write_new(file: Path, text: str) -> None:
    """To a file that must not exist yet. RequestError when it does, or can't be written."""
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise RequestError(
            Problem(
                f"'{file}' exists, and nothing is ever overwritten here", Where(str(file)), help="choose another name"
            )
        ) from None
    except OSError as error:
        raise refused(file, error) from None


def refused(file: Path, error: OSError) -> RequestError:
    """Why a file can't be written."""
    if isinstance(error, FileNotFoundError):
        help = f"there is no folder '{file.parent}'"
    elif isinstance(error, IsADirectoryError):
        help = "name a file in it"
    elif isinstance(error, PermissionError):
        help = "choose another folder"
    else:
        help = "check the path"
    reason = (error.strerror or str(error)).lower()
    return RequestError(Problem(f"'{file}' can't be written: {reason}", Where(str(file)), help=help))
