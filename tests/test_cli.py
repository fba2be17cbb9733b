"""The command line: options, exit status, messages, streams and their encodings, completion."""

from __future__ import annotations

import codecs
import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TypeAlias

import pytest

from backprop_tutor import __version__
from backprop_tutor.cli.keys import Answer, keyboard
from backprop_tutor.cli.options import sample_numbers
from backprop_tutor.cli.program import program
from backprop_tutor.errors import RequestError
from backprop_tutor.scenario.starter import TEMPLATE
from tests.program import SCENARIOS, TOP, Done, environment

Run = Callable[..., Done]
Captured: TypeAlias = pytest.CaptureFixture[str]
ESCAPE = "\x1b"

FAULTY = """\
format = 1
titel = "x"

[inputs]
x1 = "big"

[parameters]
w11 = 0.2

[equations]
z = "x1*w12"
L = "(z - 1)**2 +"
"""
SAID = """\
error: unknown key 'titel'
  ──▸ faulty.toml:2:1
    │
  2 │ titel = "x"
    │ ^^^^^  not known
    │
    help: did you mean 'title'?

error: 'x1' is the text 'big', where a number belongs
  ──▸ faulty.toml:5:6
    │
  5 │ x1 = "big"
    │      ^^^^^  no number
    │
    help: write a number, or "?" for a value that is not known

error: nothing is called 'w12'
  ──▸ faulty.toml:11:9
    │
 11 │ z = "x1*w12"
    │         ^^^  not known
    │
    help: did you mean 'w11'?

error: the formula ends too early
  ──▸ faulty.toml:12:17
    │
 12 │ L = "(z - 1)**2 +"
    │                 ^  something must follow
    │

4 errors in faulty.toml; nothing was calculated.
"""


# ---------------------------------------------------------------- what is there
def test_version(bptutor: Run) -> None:
    for option in ("--version", "-V"):
        assert bptutor(option) == Done(0, f"bptutor {__version__}\n", "")


def test_help(bptutor: Run) -> None:
    for option in ("--help", "-h"):
        done = bptutor(option)
        assert done.status == 0
        for word in ("Learn", "Scenarios", "run", "list", "new", "check", "schema", "--install-completion"):
            assert word in done.out
        assert "list-" not in done.out


def test_help_of_run_shows_every_option_and_swallows_no_bracket(bptutor: Run) -> None:
    shown = bptutor("run", "-h").out
    for option in (
        "--part", "--grad", "--view", "--inputs", "--samples", "--step", "--digits", "--by-hand", "--set", "--random",
        "--difference", "--h", "--format", "--output", "-o", "--plain", "--ascii", "--color", "--quiet",
    ):  # fmt: skip
        assert option in shown
    assert "W1[1,2]=-1" in shown


def test_no_arguments_show_the_help_and_are_a_usage_error(bptutor: Run) -> None:
    done = bptutor()
    assert done.status == 2
    assert "Usage" in done.out


def test_list_shows_every_bundled_scenario(bptutor: Run) -> None:
    done = bptutor("list")
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines() if line[0] != " "] == list(SCENARIOS)
    assert "two_sigmoid_outputs" in done.err, "the hint goes to the error stream when nobody watches"
    assert bptutor("list", "--quiet").err == ""
    assert len(bptutor("list", "--plain").out.splitlines()) == len(SCENARIOS)


def test_list_keeps_titles_whole_in_a_narrow_terminal(process: Run) -> None:
    for columns in ("40", "60", "80", "120"):
        shown = process("list", env={"COLUMNS": columns}).out
        assert "Two hidden layers, softmax and cross entropy, in symbols" in " ".join(shown.split())
        assert all(len(line) <= int(columns) for line in shown.splitlines())


def test_schema_is_the_schema(bptutor: Run, tmp_path: Path) -> None:
    from backprop_tutor.scenario.schema import json_schema

    assert json.loads(bptutor("schema").out) == json_schema()
    file = tmp_path / "bptutor.schema.json"
    assert bptutor("schema", "-o", str(file)).out == ""
    assert json.loads(file.read_text(encoding="utf-8")) == json_schema()


# ---------------------------------------------------------------- new and check
def test_a_new_scenario_runs_and_is_never_overwritten(bptutor: Run, tmp_path: Path) -> None:
    file = tmp_path / "net.toml"
    done = bptutor("new", str(file))
    assert (done.status, done.out) == (0, "")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("#:schema ")
    assert bptutor("check", str(file)).status == 0
    assert bptutor("run", str(file), "--quiet").status == 0
    file.write_text("mine", encoding="utf-8")
    again = bptutor("new", str(file))
    assert again.status == 2
    assert "exists" in again.err
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_new_scenario_needs_a_place_and_the_right_ending(bptutor: Run, tmp_path: Path) -> None:
    assert "there is no folder" in bptutor("new", str(tmp_path / "nowhere" / "net.toml")).err
    done = bptutor("new", str(tmp_path / "net.txt"))
    assert done.status == 2
    assert "ends in .toml" in done.err


def test_check_reports_every_file_and_every_fault(
    bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("faulty.toml").write_text(FAULTY, encoding="utf-8")
    done = bptutor("check", "two_sigmoid_outputs", "faulty.toml", "symbolic_cross_entropy", "nowhere.toml")
    assert done.status == 2
    assert done.out.splitlines()[0].startswith("two_sigmoid_outputs: fine (2 inputs, 10 parameters, 2 targets, 11 ")
    assert "with unknowns" in done.out.splitlines()[1]
    assert done.err.count("error:") == 5
    assert "there is no file 'nowhere.toml'" in done.err


# ---------------------------------------------------------------- what is wrong, and how it is said
def test_the_error_screen(bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("faulty.toml").write_text(FAULTY, encoding="utf-8")
    assert bptutor("run", "faulty.toml") == Done(2, "", SAID)


def test_the_error_screen_in_ascii(bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("faulty.toml").write_text(FAULTY, encoding="utf-8")
    done = bptutor("run", "faulty.toml", "--ascii")
    assert done.err == SAID.replace("──▸", "-->").replace("│", "|")


@pytest.mark.parametrize("before", [0, 9, 60, 180])
@pytest.mark.parametrize("after", [0, 60])
def test_the_caret_stands_under_the_fault_of_a_long_line(
    bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    terms = ["w*x^2"] * before + ["zz*w"] + ["w*x^3"] * after
    text = f'[inputs]\nx = 1\n[parameters]\nw = 1\n[equations]\nL = "{" + ".join(terms)}"\n'
    (tmp_path / "net.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    lines = bptutor("check", "net.toml", "--ascii").err.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  6 |"))
    column = lines[at + 1].index("^^")
    assert lines[at][column : column + 4] == "zz*w"
    assert len(lines[at]) <= 80
    assert (before > 0) == lines[at].startswith("  6 | ...")
    assert (after > 0) == lines[at].endswith("...")


def test_the_error_screen_for_screen_readers_is_one_line_each(
    bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("faulty.toml").write_text(FAULTY, encoding="utf-8")
    lines = bptutor("run", "faulty.toml", "--plain").err.splitlines()
    assert lines[0] == "faulty.toml:2:1: error: unknown key 'titel'; did you mean 'title'?"
    assert len(lines) == 5


def test_a_caret_stands_under_its_character_whatever_stands_before_it(
    bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = '[parameters]\nw = 1\n[equations]\n\t"σ̂_中" = "w + 中 + nix"\n'
    Path("wide.toml").write_text(text, encoding="utf-8")
    lines = bptutor("run", "wide.toml").err.splitlines()
    from rich.cells import cell_len

    source = next(line for line in lines if "nix" in line and "│" in line)
    caret = next(line for line in lines if "^^^" in line)
    assert cell_len(source.partition("nix")[0]) == cell_len(caret.partition("^^^")[0])


def test_a_long_line_is_shown_around_the_caret(bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    formula = " + ".join(["w"] * 60) + " + nix + " + " + ".join(["w"] * 20)
    Path("long.toml").write_text(f'[parameters]\nw = 1\n[equations]\nL = "{formula}"\n', encoding="utf-8")
    lines = bptutor("run", "long.toml").err.splitlines()
    assert all(len(line) <= 80 for line in lines)
    source = next(line for line in lines if "nix" in line and "│" in line)
    caret = next(line for line in lines if "^^^" in line)
    assert source.index("nix") == caret.index("^^^")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "no such command 'rnu'. Did you mean 'run'?"),
        (["run"], "missing argument 'SCENARIO'"),
        (["run", "shared_weights", "--digit", "3"], "no such option: --digit"),
        (["run", "shared_weights", "--digits", "many"], "'many' is not a valid int"),
        (["run", "shared_weights", "--digits", "0"], "0 is not in the range"),
        (["run", "shared_weights", "--part", "middle"], "'middle' is not one of"),
        (["run", "shared_weights", "--color", "pink"], "'pink' is not one of"),
        (["run", "shared_weigths"], "did you mean 'shared_weights'?"),
        (["run", "nothing_like_it"], "'bptutor list' shows the bundled scenarios"),
        (["run", "./shared_weights.toml"], "there is no file './shared_weights.toml'"),
        (["run", ""], "no scenario is named"),
        (["run", "shared_weights", "--grad", "w9"], "no quantity called 'w9'"),
        (["run", "shared_weights", "--set", "w1"], "'w1' sets nothing"),
        (["run", "shared_weights", "--set", "w1=much"], "'much' is no number"),
        (["run", "shared_weights", "--set", "b_h13=1"], "help: did you mean 'b_h21' or 'b_h12' or 'b_h11'?"),
        (["run", "shared_weights", "--set", "z=1"], "'z' is computed by a formula"),
        (["run", "shared_weights", "--h", "0"], "a step of 0 measures nothing"),
        (["run", "shared_weights", "--h", "nan"], "a step of nan measures nothing"),
        (["run", "shared_weights", "--h", "1e-300"], "a step of 1e-300 is lost in the rounding of"),
        (["run", "shared_weights", "--h", "1e-17", "--format", "json"], "write a larger one, for example --h 1e-6"),
        (["run", "shared_weights", "--samples", "1"], "this scenario has no samples"),
        (["run", "shared_weights", "--format", "json", "--step"], "--step is for the terminal"),
        (["run", "shared_weights", "--format", "json", "--by-hand", "3"], "--by-hand is for the terminal"),
        (["run", "shared_weights", "--step", "-o", "x.txt"], "leave out one of them"),
        (["run", "symbolic_cross_entropy", "--by-hand", "3"], "this scenario has unknowns"),
        (["run", "shared_weights", "-o", "no/such/folder.txt"], "there is no folder"),
        (["run", "shared_weights", "-o", "."], "name a file in it"),
        (["run", "shared_weights", "--grad", "dz/dw1", "--format", "json"], "no derivative of the loss"),
        (["run", "-"], "the scenario is empty"),
    ],
)
def test_what_is_wrong_is_said_with_status_2(
    bptutor: Run, arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = bptutor(*arguments)
    assert done.status == 2
    assert done.out == ""
    assert said in " ".join(done.err.split())
    assert done.err.startswith("error: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said", "status"),
    [
        ("run -", "error: the scenario is empty", 2),
        ("check -", "error: the scenario is empty", 2),
        ("verify two_sigmoid_outputs -", "error: the sheet has no equation", 2),
        ("quiz two_sigmoid_outputs --seed 1", "", 0),
    ],
)
def test_a_closed_standard_input_is_an_empty_one(
    arguments: str, said: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert program(arguments.split()) == status
    assert capsys.readouterr().err.startswith(said)


def test_the_output_never_replaces_the_scenario(bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bptutor("new", "net.toml")
    before = Path("net.toml").read_bytes()
    done = bptutor("run", "net.toml", "-o", "../" + tmp_path.name + "/net.toml")
    assert done.status == 2
    assert "replace the scenario" in done.err
    assert Path("net.toml").read_bytes() == before


def test_a_check_that_disagrees_ends_with_status_1(bptutor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every gradient 0.1 % off: each format still shows it all, and the status tells."""
    from backprop_tutor.engine import trace

    backward = trace.backward
    monkeypatch.setattr(trace, "backward", lambda *given, **named: backward(*given, **named) * 1.001)
    for format in ("terminal", "json", "markdown"):
        done = bptutor("run", "two_sigmoid_outputs", "--format", format, "--quiet")
        assert (done.status, done.err) == (1, "")
        assert done.out
    assert "✗" in bptutor("run", "two_sigmoid_outputs").out


# ---------------------------------------------------------------- values and samples
def test_set_changes_a_value_and_keeps_the_digits(bptutor: Run) -> None:
    shown = bptutor("run", "two_sigmoid_outputs", "--part", "forward", "--set", "i1=0.50", "--set", "i1=0.070").out
    assert "0.070·0.15" in shown


def test_random_gives_numbers_to_a_symbolic_scenario(bptutor: Run) -> None:
    first = bptutor("run", "symbolic_cross_entropy", "--random", "7", "--format", "json")
    again = bptutor("run", "symbolic_cross_entropy", "--random", "7", "--format", "json")
    other = bptutor("run", "symbolic_cross_entropy", "--random", "8", "--format", "json")
    assert first.status == 0
    assert json.loads(first.out)["loss"] is not None
    assert first.out == again.out != other.out


def test_sample_numbers() -> None:
    assert sample_numbers("all", 3) == (1, 2, 3)
    assert sample_numbers("2", 3) == (2,)
    assert sample_numbers(" 3 , 1-2, 2", 3) == (3, 1, 2)
    for text in ("0", "4", "3-2", "", "x", "1;2", "-1", "٣"):
        with pytest.raises(RequestError):
            sample_numbers(text, 3)


def test_forward_differences_reproduce_the_checks_of_document_002(bptutor: Run) -> None:
    """Its nudge of 0.000001 gives 5.6800144 and the like; here every derivative agrees with such a difference."""
    done = bptutor("run", "linear_two_errors", "--difference", "forward", "--h", "1e-6", "--format", "json")
    assert done.status == 0
    assert all(gradient["agrees"] for gradient in json.loads(done.out)["gradients"])


# ---------------------------------------------------------------- where scenarios come from
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_bundled_scenario_runs_from_any_folder(
    bptutor: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = bptutor("run", name)
    assert done.status == 0
    assert done.out.startswith(name)


def test_a_path_comes_before_a_bundled_name_only_when_it_looks_like_one(
    bptutor: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bptutor("new", "shared_weights.toml")
    assert "two hidden layers" in bptutor("run", "shared_weights").out
    for path in ("shared_weights.toml", "./shared_weights.toml"):
        assert "One hidden unit" in bptutor("run", path).out


def test_a_scenario_from_standard_input(bptutor: Run) -> None:
    done = bptutor("run", "-", "--part", "update", stdin=TEMPLATE.encode())
    assert done.status == 0
    assert "Update" in done.out


@pytest.mark.parametrize("change", ["bom", "crlf", "both"])
def test_a_byte_order_mark_and_windows_line_ends(bptutor: Run, tmp_path: Path, change: str) -> None:
    file = tmp_path / "net.toml"
    data = TEMPLATE.encode()
    file.write_bytes(data)
    expected = bptutor("run", str(file)).out
    if change in ("crlf", "both"):
        data = data.replace(b"\n", b"\r\n")
    if change in ("bom", "both"):
        data = codecs.BOM_UTF8 + data
    file.write_bytes(data)
    assert bptutor("run", str(file)).out == expected
    piped = bptutor("run", "-", stdin=data)
    assert piped.status == 0
    assert piped.out.splitlines()[1:] == expected.splitlines()[1:]


# ---------------------------------------------------------------- output
def test_output_to_a_file(bptutor: Run, tmp_path: Path) -> None:
    file = tmp_path / "lesson.txt"
    shown = bptutor("run", "shared_weights", "--quiet")
    written = bptutor("run", "shared_weights", "-o", str(file))
    assert written == Done(0, "", f"{file} is written\n")
    assert file.read_text(encoding="utf-8") == shown.out


def test_a_failed_run_leaves_an_existing_file_alone(bptutor: Run, tmp_path: Path) -> None:
    file = tmp_path / "lesson.txt"
    file.write_text("old", encoding="utf-8")
    assert bptutor("run", "shared_weights", "--grad", "nix", "-o", str(file)).status == 2
    assert file.read_text(encoding="utf-8") == "old"


def test_brackets_of_titles_and_names_are_no_markup(bptutor: Run) -> None:
    text = 'title = "[w1] and [red]red[/red]"\n[parameters]\nw = [1, 2]\n[equations]\nL = "sum(w**2)"\n'
    shown = bptutor("run", "-", stdin=text.encode()).out
    assert "[w1] and [red]red[/red]" in shown
    assert "w[2]" in shown


def test_the_hint_runs_the_same_scenario_with_the_same_values(bptutor: Run, tmp_path: Path) -> None:
    file = tmp_path / "a net.toml"
    file.write_text(TEMPLATE.replace("w1 = 0.40", 'w1 = "?"'), encoding="utf-8")
    done = bptutor("run", str(file), "--set", "x1=1", "--random", "7")
    words = shlex.split(done.err.removeprefix("Next: "))
    assert words[:7] == ["bptutor", "run", str(file), "--set", "x1=1", "--random", "7"]
    again = bptutor(*words[1:])
    assert again.status == 0


@pytest.mark.parametrize(
    ("env", "arguments", "coloured"),
    [
        ({}, [], False),
        ({"GITHUB_ACTIONS": "true"}, [], False),
        ({"FORCE_COLOR": "0"}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, [], False),
        ({}, ["--color", "always"], True),
    ],
)
def test_colour_comes_when_it_is_wanted(
    bptutor: Run, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], arguments: list[str], coloured: bool
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert (ESCAPE in bptutor("run", "shared_weights", *arguments).out) is coloured
    assert (ESCAPE in bptutor("run", "nothing", *arguments).err) is coloured


def test_help_has_no_escape_codes_in_a_pipe(process: Run) -> None:
    assert ESCAPE not in process("run", "--help", env={"GITHUB_ACTIONS": "true"}).out


LEGACY = [
    ["run", "symbolic_cross_entropy"],
    ["run", "matrix_softmax", "--format", "json"],
    ["run", "matrix_softmax", "--format", "markdown"],
    ["run", "net.toml"],
    ["run", "net.toml", "--format", "json"],
    ["run", "net.toml", "--format", "markdown"],
    ["check", "net.toml"],
    ["list"],
    ["--help"],
    ["run", "--help"],
    ["run", "faulty.toml"],
    ["run", "\u03c3"],
    ["\u03c3"],
]
ONE_AFTER_ANOTHER = """
import json, sys
from backprop_tutor.cli.program import program
for arguments in json.loads(sys.argv[1]):
    status = program(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"\\n== {status}\\n")
        stream.flush()
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252"])
def test_a_legacy_code_page_breaks_nothing(tmp_path: Path, encoding: str) -> None:
    net = 'title = "ŷ = σ(中)"\n[parameters]\nw = 1\n[equations]\n"ŷ" = "sigmoid(w)"\n"λ" = "ŷ**2 - 1/2"\n'
    (tmp_path / "net.toml").write_text(net, encoding="utf-8")
    (tmp_path / "faulty.toml").write_text(net.replace("w)", "中)"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_ANOTHER, json.dumps(LEGACY)],
        capture_output=True,
        cwd=tmp_path,
        env=environment({"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    ended = re.split(r"\n== (\d)\n", done.stdout.decode(encoding).replace("\r\n", "\n"))
    assert "Traceback" not in done.stderr.decode(encoding)
    assert [int(status) for status in ended[1::2]] == [0] * 10 + [2] * 3
    for arguments, shown in zip(LEGACY, ended[0::2], strict=False):
        if "json" in arguments:
            json.loads(shown)
        elif arguments[0] == "run" and "--help" not in arguments:
            assert shown.isascii(), "what can't show everything gets ASCII throughout"


def test_a_pipe_is_utf_8_without_being_told(process: Run) -> None:
    done = process("run", "shared_weights", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert "∂L/∂w1" in done.out


@pytest.mark.parametrize("arguments", [["run", "matrix_softmax"], ["run", "matrix_softmax", "--format", "json"]])
def test_a_reader_that_has_enough_causes_no_complaint(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "backprop_tutor", *arguments, "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({})) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == b""
        program.wait(60)


def test_ctrl_c_ends_with_status_130(bptutor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("backprop_tutor.engine.opening.draft", interrupted)
    done = bptutor("run", "shared_weights")
    assert (done.status, done.out) == (130, "")
    assert "Traceback" not in done.err


def test_a_bug_of_ours_is_not_hidden(bptutor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("backprop_tutor.engine.opening.draft", broken)
    with pytest.raises(ZeroDivisionError):
        bptutor("run", "shared_weights")


# ---------------------------------------------------------------- step by step
class Watched(io.StringIO):
    """Standard output in front of a person."""

    def isatty(self) -> bool:
        return True


def stepped(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> tuple[int, str]:
    """Run with these answers to "go on?"; exit status, and what was shown."""
    left = iter(answers)
    monkeypatch.setattr("backprop_tutor.cli.keys.keyboard", lambda: nullcontext(lambda: next(left)))
    shown = Watched()
    monkeypatch.setattr(sys, "stdout", shown)
    status = program(["run", "shared_weights", "--step", "--color", "never"])
    assert next(left, None) is None, "every answer was asked for"
    return status, shown.getvalue()


def test_step_without_a_terminal_shows_everything(bptutor: Run) -> None:
    assert bptutor("run", "shared_weights", "--step").out == bptutor("run", "shared_weights").out


def test_step_shows_one_step_for_each_key(bptutor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bptutor("run", "shared_weights").out
    shown = [stepped(monkeypatch, *["next"] * count, "quit") for count in (0, 1, 2, 3)]
    assert all(status == 0 for status, _ in shown)
    for (_, less), (_, more) in itertools.pairwise(shown):
        assert more.startswith(less)
        assert len(less) < len(more) < len(whole)
        assert whole.startswith(more)


def test_step_shows_the_rest_at_the_end_of_the_input(bptutor: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stepped(monkeypatch, "next", "no more")[1] == bptutor("run", "shared_weights").out


def test_an_answer_is_a_line_where_the_input_is_no_terminal() -> None:
    with keyboard(io.StringIO("\n\nq\n")) as wait:
        assert [wait() for _ in range(4)] == ["next", "next", "quit", "no more"]


if sys.platform != "win32":
    import pty

    def test_an_answer_is_one_key_in_a_terminal() -> None:
        controller, terminal = pty.openpty()
        with open(terminal, encoding="utf-8") as typed, keyboard(typed) as wait:
            os.write(controller, b" \x1b[Aq\x04\n")
            assert [wait() for _ in range(5)] == ["next", "next", "quit", "quit", "next"]
        os.close(controller)


# ---------------------------------------------------------------- completion
def completed(process: Run, *words: str) -> list[str]:
    env = {"_BPTUTOR_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = process(env=env)
    assert done.status == 0
    return done.out.split()


def test_completion_of_scenarios(process: Run) -> None:
    assert completed(process, "bptutor", "run", "") == list(SCENARIOS)
    assert completed(process, "bptutor", "run", "ma") == ["matrix_softmax"]


def test_completion_of_quantities_knows_the_scenario(process: Run) -> None:
    assert completed(process, "bptutor", "run", "two_sigmoid_outputs", "--grad", "w2") == ["w21", "w22", "w23", "w24"]
    assert completed(process, "bptutor", "run", "matrix_softmax", "--grad", "w_22") == [
        "w_221",
        "w_222",
        "w_223",
        "w_224",
    ]
    assert completed(process, "bptutor", "run", "shared_weights", "--set", "b_h") == [
        "b_h11=", "b_h12=", "b_h21=", "b_h22="
    ]  # fmt: skip
    assert completed(process, "bptutor", "run", "nothing", "--grad", "w") == []


def test_completion_scripts(process: Run) -> None:
    shown = process("--show-completion", "bash")
    assert "_BPTUTOR_COMPLETE" in shown.out + shown.err


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's pipe")
@pytest.mark.parametrize("look", [[], ["--plain"], ["--format", "markdown"]])
def test_who_reads_no_further_makes_no_error(look: list[str]) -> None:
    """`bptutor run ... | head`: the reader goes before the text has come."""
    command = [sys.executable, "-m", "backprop_tutor", "run", "matrix_softmax", *look]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment({}), cwd=TOP
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 0
    assert "Traceback" not in said
