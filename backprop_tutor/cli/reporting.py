"""What is wrong with somebody's input, as a message on standard error and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from ..errors import TutorError
from .look import Look

UNUSABLE = 2


def show_error(error: TutorError, look: Look) -> int:
    """Every problem on standard error, in the look asked for; the exit status."""
    from .error_screen import show_problems

    sys.stdout.flush()
    show_problems(error.problems, look.screen(sys.stderr))
    return UNUSABLE


def stop_writing() -> None:
    """Nothing more can be written to standard output, also at the end of the program."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def reporting(look: Look) -> Iterator[None]:
    """Turns a TutorError into its message and status 2; who reads no further (`| head`) has had enough: status 0."""
    try:
        yield
    except BrokenPipeError:  # typer would end with status 1
        stop_writing()
        raise typer.Exit from None
    except TutorError as error:
        raise typer.Exit(show_error(error, look)) from None
