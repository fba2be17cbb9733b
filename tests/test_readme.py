"""README.md tells the truth: its commands, screens, tables, limits and examples are those of the program."""

from __future__ import annotations

import doctest
import io
import os
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

import pytest

import backprop_tutor
from backprop_tutor import loads
from backprop_tutor.cli.program import program
from backprop_tutor.engine import build, lift
from backprop_tutor.formulas import functions, parse, tokens
from backprop_tutor.render.run.formats import FORMATS
from backprop_tutor.scenario import types as scenario_types
from tests.program import DOCUMENTS, SCENARIOS, TOP, Done

Run = Callable[..., Done]

README = (TOP / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.M | re.S)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


# ---------------------------------------------------------------- the two commands
def commands() -> list[str]:
    """The commands for a fresh machine, one a line."""
    [block] = re.findall(r"^```sh\n(.*?)^```$", section("Two commands"), re.M | re.S)
    return [line for line in block.splitlines() if line and not line.startswith("#")]


def test_there_are_two_commands_that_make_their_own_environment() -> None:
    first, second = commands()
    for command in (first, second):
        assert command.startswith("python3 -m venv --without-pip .venv && ")
    assert first.endswith(" && .venv/bin/bptutor run two_sigmoid_outputs")
    assert second.endswith(" && .venv/bin/python -m tests")


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    lines = (TOP / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    script = [line for line in lines if line and not line.startswith("#")]
    assert script == ["set -eu", 'cd "$(dirname "$0")/.."', commands()[1]]


# ---------------------------------------------------------------- screens
SCREENS = [block for block in blocks("text") if block.startswith("$ bptutor ")]


def test_there_are_screens() -> None:
    assert len(SCREENS) >= 3


def renewed(screen: str) -> str:
    """The same part of what the program shows now: from a line like the first to a line like the last."""
    command, *old = screen.splitlines()
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        program(shlex.split(command)[2:])
    lines = (out.getvalue() + err.getvalue()).splitlines()
    start = lines.index(old[0])
    end = start + next(i for i, text in enumerate(lines[start:]) if text.split()[:2] == old[-1].split()[:2])
    return "\n".join([command, *lines[start : end + 1], ""])


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.splitlines()[0][2:] for screen in SCREENS])
def test_a_screen_is_what_the_program_shows(bptutor: Run, screen: str) -> None:
    """The lines under the command stand together in its output, which may go on before and after them.

    `python -m tests.test_readme` writes what is shown now into README.md: read it before you commit it.
    """
    command, _, shown = screen.partition("\n")
    done = bptutor(*shlex.split(command)[2:])
    assert shown.strip("\n")
    assert shown in done.out + done.err


def test_every_command_that_is_named_exists(bptutor: Run) -> None:
    known = set(re.findall(r"^\W*(\w+) ", bptutor("--help").out.partition("Learn")[2], re.M))
    named = set(re.findall(r"bptutor (\w+)", README)) - {"authors", "import"}
    assert named <= known
    assert {"run", "list", "new", "check", "schema"} <= named


def test_every_option_that_is_named_exists_and_every_option_of_run_is_named(bptutor: Run) -> None:
    shown = bptutor("run", "--help").out + bptutor("--help").out
    here = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section("Use")))
    assert here == {option for option in here if option in shown}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", bptutor("run", "--help").out)) - {"--help", "--output"} <= here


def test_every_document_is_named_and_every_scenario_that_is_named_exists() -> None:
    named = re.findall(r"^\| `(\w+)` \|", section("Two commands"), re.M)
    assert set(DOCUMENTS) <= set(named) <= set(SCENARIOS)


# ---------------------------------------------------------------- the format
def test_the_example_scenario_runs() -> None:
    for text in blocks("toml"):
        if "[equations]" in text:
            assert backprop_tutor.run(loads(text)).loss > 0


def functions_table() -> str:
    """The table of functions, made from the rows."""
    lines = ["| function | stands for | derivative |", "| --- | --- | --- |"]
    for row in (*functions.PRIMITIVES, *functions.REDUCTIONS):
        names = ", ".join(f"`{name}`" for name in (row.name, *row.aliases))
        rule = f"; {row.kink_rule}" if row.kink_rule else ""
        lines.append(f"| {names} | `{row.definition}` | `{row.derivative}`{rule} |")
    for composed in functions.COMPOSED:
        lines.append(f"| `{composed.name}({', '.join(composed.parameters)})` | `{composed.body}` | |")
    return "\n".join(lines)


def test_every_function_of_arrays_is_named() -> None:
    table = README.partition("| of arrays | is |")[2].partition("\n\n")[0]
    assert {f"`{name}" for name in (*functions.REARRANGEMENTS, *functions.ALONG)} <= set(re.findall(r"`\w+", table))


def test_the_table_of_functions_is_that_of_the_program() -> None:
    assert functions_table() in README


LIMITS = {
    "a file": f"{scenario_types.MAX_FILE_BYTES:,} bytes",
    "an .npz file": f"{scenario_types.MAX_NPZ_BYTES:,} bytes",
    "a formula": f"{tokens.MAX_CHARACTERS:,} characters, {tokens.MAX_PIECES:,} pieces, nested {parse.MAX_DEPTH} deep",
    "a typed number": f"{tokens.MAX_DIGITS} digits, exponents of ten up to {tokens.MAX_EXPONENT}",
    "a typed power": f"up to {parse.MAX_POWER}",
    "inputs, parameters and targets": f"{scenario_types.MAX_QUANTITIES:,} of each",
    "equations": f"{scenario_types.MAX_EQUATIONS:,}, and {build.MAX_FORMULAS:,} with the samples written out",
    "samples": f"{scenario_types.MAX_SAMPLES:,}",
    "an array": f"{scenario_types.MAX_DIMENSIONS} dimensions",
    "all arrays of a file": f"{scenario_types.MAX_ARRAY_ELEMENTS:,} elements",
    "the network": f"{build.MAX_NODES:,} nodes and {lift.MAX_TERMS:,} operands",
}


@pytest.mark.parametrize(("what", "limit"), LIMITS.items())
def test_the_limits_are_those_of_the_program(what: str, limit: str) -> None:
    assert f"| {what} | {limit} |" in README
    assert scenario_types.MAX_FORMULA_CHARACTERS == tokens.MAX_CHARACTERS


# ---------------------------------------------------------------- Python and the pipeline
def test_the_python_examples_are_right() -> None:
    found = doctest.DocTestParser().get_doctest("\n".join(blocks("python")), {}, "README.md", "README.md", 0)
    assert len(found.examples) >= 6
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(found).failed == 0


def test_the_tour_in_the_package_is_right() -> None:
    assert doctest.testmod(backprop_tutor, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_formats_and_files_that_are_named_exist() -> None:
    for name, module in FORMATS.items():
        assert f"`--format {name}`" in README
        assert (TOP / "backprop_tutor" / "render" / "run" / f"{module}.py").exists()
    for path in re.findall(r"`((?:backprop_tutor|scenarios|tests|render)/[\w/.]+)`", README):
        assert (TOP / path).exists() or (TOP / "backprop_tutor" / path).exists(), path
    for module in re.findall(r"^\| `(\w+\.py)`", section("Contributing"), re.M):
        assert (TOP / "backprop_tutor" / module).exists(), module


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    for block in SCREENS:
        README = README.replace(block, renewed(block))
    old_table = re.search(r"^\| function \|.*?\n\n", README, re.M | re.S)
    assert old_table is not None
    README = README.replace(old_table[0], functions_table() + "\n\n")
    for what, limit in LIMITS.items():
        README = re.sub(rf"^\| {what} \| .*$", f"| {what} | {limit} |", README, flags=re.M)
    (TOP / "README.md").write_text(README, encoding="utf-8")
