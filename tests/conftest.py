"""One environment for every test, whatever machine it runs on, and two ways to run the program."""

from __future__ import annotations

import os

# Before anything imports typer or rich: their defaults follow these variables, some at import.
for _name in (
    "FORCE_COLOR",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "GITHUB_ACTIONS",
    "BPTUTOR_PLAIN",
    "PYTHONIOENCODING",
    "LINES",
):
    os.environ.pop(_name, None)
os.environ.update(
    {
        "_TYPER_FORCE_DISABLE_TERMINAL": "1",  # GITHUB_ACTIONS=true would force ANSI codes into the help
        "TERMINAL_WIDTH": "80",
        "COLUMNS": "80",
        "TTY_COMPATIBLE": "0",
        "TERM": "xterm-256color",
        "BPTUTOR_CACHE": "",  # nothing is remembered from test to test
    }
)

import io  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable, Mapping  # noqa: E402
from contextlib import redirect_stderr, redirect_stdout  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

from tests.program import Done, environment  # noqa: E402


@pytest.fixture
def bptutor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run the command line inside this process: `bptutor("run", "-", stdin=data)`."""
    from backprop_tutor.cli.program import program

    def run(*arguments: str, stdin: bytes = b"") -> Done:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with redirect_stdout(out), redirect_stderr(err):
            status = program(arguments)
        return Done(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., Done]:
    """Run the command line as a process of its own, in an empty folder."""

    def run(*arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, encoding: str = "utf-8") -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "backprop_tutor", *arguments],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env=environment(env or {}),
            timeout=120,
        )
        return Done(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))

    return run


# a shared machine may be slow at any moment: an example that takes long is no failure. The check
# command tries the same examples each time, so that a change is judged by what it changes;
# `--hypothesis-profile explore` looks for new ones, many more of them.
settings.register_profile("patient", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("patient")
