"""No option of `run` is ignored in silence: it is refused, or a note on standard error says why it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import Done

NAME = "two_sigmoid_outputs"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--grad", "w11", "--part", "forward"], "--part is left aside: --grad shows one derivative in full"),
        (["--grad", "w11", "--view", "adjoints", "--inputs"], "--view and --inputs are left aside: --grad shows"),
        (["--random", "7"], "--random is left aside: every value of this scenario is known"),
        (["--by-hand", "3", "--view", "adjoints"], "--view is left aside: --by-hand calculates each upstream"),
        (["--by-hand", "3", "--h", "1e-3"], "--h is left aside: --by-hand takes no differences"),
        (["--part", "forward", "--view", "adjoints"], "--view is left aside: the backward part is not shown"),
        (["--part", "forward", "--difference", "forward"], "--difference is left aside: no derivative is shown"),
        (["--part", "forward", "--step"], "--step is left aside: this is no terminal"),
        (["--format", "json", "--digits", "3"], "--digits is left aside: JSON has everything, to all digits"),
        (["--format", "markdown", "--plain"], "--plain is left aside: it is for the terminal, not for markdown"),
    ],
)
def test_what_changes_nothing_is_told(bptutor: Callable[..., Done], options: list[str], told: str) -> None:
    done = bptutor("run", NAME, *options)
    assert done.status == 0
    assert f"note: {told}" in " ".join(done.err.split())


@pytest.mark.parametrize(
    "options",
    [
        [], ["--grad", "w11"], ["--part", "update"], ["--part", "local", "--difference", "forward", "--inputs"],
        ["--by-hand", "3"], ["--format", "json", "--part", "forward"], ["--all"], ["--steps", "2"],
    ],
)  # fmt: skip
def test_what_counts_is_not_told(bptutor: Callable[..., Done], options: list[str]) -> None:
    assert "left aside" not in bptutor("run", NAME, *options).err


@pytest.mark.parametrize(
    ("options", "message", "help"),
    [
        (["--by-hand", "3", "--grad", "w11"], "--by-hand works the whole network", "leave out one of them"),
        (["--grad", ""], "'' names no quantity", "name one, for example --grad w11"),
        (["--grad", "∂/∂"], "'∂/∂' names no quantity", "name one"),
        (["--set", "w11=1e999"], "1e999 is too large a number", "write one below 1e308"),
        (["--set", "w11=[1,2]"], "'w11' is one number, and '[1,2]' is an array of 2", "write one number"),
        (["--set", "w11=1,b1=2"], "sets several values at once", "--set w11=1 --set b1=2"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(
    bptutor: Callable[..., Done], options: list[str], message: str, help: str
) -> None:
    done = bptutor("run", NAME, *options)
    assert done.status == 2
    said = " ".join(done.err.split())
    assert message in said
    assert help in said


def test_a_list_for_an_array_needs_brackets(bptutor: Callable[..., Done]) -> None:
    done = bptutor("run", "matrix_softmax", "--set", "x=1,2,3,4")
    assert done.status == 2
    assert "write x=[1,2,3,4]" in " ".join(done.err.split())
    done = bptutor("run", "matrix_softmax", "--set", "x=[1,2,3,4]", "--part", "forward")
    assert done.status == 0


@pytest.mark.parametrize("spelt", ["δ_o1", "δo1", "delta_o1", "dLoss/do1", "do1"])
def test_a_delta_is_the_derivative_of_the_loss(bptutor: Callable[..., Done], spelt: str) -> None:
    done = bptutor("run", NAME, "--grad", spelt, "--plain")
    assert done.status == 0
    assert "Gradient dLoss/do1, 1 path." in done.out


def test_a_file_that_is_there_is_replaced(bptutor: Callable[..., Done], tmp_path: Path) -> None:
    file = tmp_path / "lesson.md"
    file.write_text("old", encoding="utf-8")
    done = bptutor("run", NAME, "--format", "markdown", "-o", str(file))
    assert done.status == 0
    assert file.read_text(encoding="utf-8").startswith("# Two sigmoid outputs")
