"""`bptutor verify` as people run it: which sheet is judged, exit status, formats, files, and what can't be used."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backprop_tutor.cli.verify_command import MarkName
from backprop_tutor.cli.verifying import Progress
from backprop_tutor.handwork.claims import MARKS
from backprop_tutor.scenario import loading as scenario
from tests.program import TOP, Done

Run = Callable[..., Done]
NAME = "linear_two_errors"
RIGHT = "a1 = w11*x11 = 0.5*3.0 = 1.5\nh1 = 3.0\n"
WRONG = "a1 = 1.5\nh1 = 2*a1 = 2*1.5 = 3.5\na21 = 0.2*3.5 = 0.7\n"
SHEETS = tuple(path.name.removesuffix(".hand.md") for path in sorted((TOP / "scenarios").glob("*.hand.md")))


@pytest.fixture
def sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sheets, which is also the working folder."""
    (tmp_path / "right.md").write_text(RIGHT)
    (tmp_path / "wrong.md").write_text(WRONG)
    (tmp_path / "close.md").write_text("a1 = 1.5\nh1 = 3.0\no1 = 1.2\ne1 = 0.639\n")
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "binary.md").write_bytes(b"\x00\xff a = b")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---------------------------------------------------------------- exit status
def test_exit_status(bptutor: Run, sheets: Path) -> None:
    assert bptutor("verify", NAME, "right.md").status == 0
    assert bptutor("verify", NAME, "wrong.md").status == 1
    assert bptutor("verify", NAME, "close.md").status == 0
    assert bptutor("verify", NAME, "close.md", "--strict").status == 1
    for unusable in ("folder.md", "binary.md", "missing.md"):
        done = bptutor("verify", NAME, unusable)
        assert done.status == 2
        assert done.out == ""
        assert done.err.startswith("error: ")


@pytest.mark.parametrize("name", SHEETS)
def test_the_sheet_beside_a_bundled_scenario(bptutor: Run, name: str) -> None:
    done = bptutor("verify", name, "--only", "unread", "--quiet")
    assert done.status == (0 if name == "symbolic_cross_entropy" else 1)
    assert done.out.startswith(f"{name}.hand.md")


def test_the_sheet_beside_a_file(bptutor: Run, sheets: Path) -> None:
    net = sheets / "net.toml"
    net.write_text((TOP / "scenarios" / f"{NAME}.toml").read_text(encoding="utf-8"), encoding="utf-8")
    missing = bptutor("verify", "net.toml")
    assert missing.status == 2
    assert "net.hand.md" in missing.err
    (sheets / "net.hand.md").write_text(RIGHT)
    assert bptutor("verify", "net.toml").status == 0


def test_all_bundled_documents(bptutor: Run) -> None:
    done = bptutor("verify", "--format", "json")
    assert done.status == 1
    found = json.loads(done.out)["sheets"]
    assert [sheet["scenario"] for sheet in found] == list(SHEETS)
    assert [sheet["path"] for sheet in found] == [f"{name}.hand.md" for name in SHEETS]
    assert all(sum(sheet["summary"].values()) == len(sheet["claims"]) for sheet in found)


def test_the_documents_get_the_marks_they_deserve(bptutor: Run) -> None:
    done = bptutor("verify", "--expect")
    count = sum(len(scenario_marks(name)) for name in SHEETS)
    assert done.out == f"{count} of {count} expected marks agree\n"
    assert done.status == 0


def scenario_marks(name: str) -> list[str]:
    text = (TOP / "scenarios" / f"{name}.hand.md").read_text(encoding="utf-8")
    return [line for line in text.split("\n") if any(f"  # {mark}" in line for mark in MARKS)]


def test_expected_marks_that_disagree(bptutor: Run, sheets: Path) -> None:
    (sheets / "marks.md").write_text("a1 = 1.5  # wrong [sign]\nh1 = 3.0  # right\n")
    done = bptutor("verify", NAME, "marks.md", "--expect")
    assert done.status == 1
    assert done.out == "marks.md: line 1: expected wrong [sign], got right\n1 of 2 expected marks agree\n"


# ---------------------------------------------------------------- sheets
def test_standard_input(bptutor: Run, sheets: Path) -> None:
    done = bptutor("verify", NAME, "-", stdin=RIGHT.encode())
    assert done.status == 0
    assert "standard input" in done.out
    assert bptutor("verify", NAME, "-", "-", stdin=RIGHT.encode()).status == 2
    text = (TOP / "scenarios" / f"{NAME}.toml").read_bytes()
    assert bptutor("verify", "-", "right.md", stdin=text).status == 0
    assert bptutor("verify", "-", stdin=text).status == 2


def test_a_class(bptutor: Run, sheets: Path) -> None:
    done = bptutor("verify", NAME, "right.md", "folder.md", "wrong.md", "binary.md", "missing.md")
    assert done.status == 2
    for name in ("right.md", "wrong.md", "folder.md", "binary.md", "missing.md"):
        assert name in done.out
    assert done.out.count("not judged") == 3
    assert "2 of 3 lines" not in done.out
    assert "Commonest slips" in done.out
    assert bptutor("verify", NAME, "right.md", "wrong.md").status == 1
    assert bptutor("verify", NAME, "right.md", "right.md").status == 0


def test_gradebook(bptutor: Run, sheets: Path) -> None:
    done = bptutor("verify", NAME, "right.md", "wrong.md", "missing.md", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["sheet"] for row in rows] == ["right.md", "wrong.md", "missing.md"]
    assert [row["score"] for row in rows] == ["1.0000", "0.6667", ""]
    assert (rows[1]["first_line"], rows[1]["first_quantity"]) == ("2", "h1")
    # the columns are the same for one sheet
    alone = bptutor("verify", NAME, "right.md", "--format", "csv").out
    assert alone.splitlines()[0] == done.out.splitlines()[0]


# ---------------------------------------------------------------- options
def test_explain(bptutor: Run, sheets: Path) -> None:
    done = bptutor("verify", NAME, "wrong.md", "--explain", "2")
    assert done.status == 1
    for text in ("Line 2", "formula", "substitution", "arithmetic", "value", "the true value", "right  h1 = "):
        assert text in done.out
    proposed = bptutor("verify", NAME, "wrong.md", "--set", "w11=0.15")
    assert f"bptutor verify {NAME} wrong.md --set w11=0.15 --explain " in proposed.out + proposed.err
    nowhere = bptutor("verify", NAME, "wrong.md", "--explain", "77")
    assert nowhere.status == 2
    assert "the nearest stand on lines 1, 2, 3" in nowhere.err
    plain = bptutor("verify", NAME, "wrong.md", "--explain", "2", "--plain")
    assert plain.out.isascii()


def test_explain_two_claims_on_one_line(bptutor: Run, sheets: Path) -> None:
    (sheets / "two.md").write_text("a1 = 1.5, h1 = 3.5\n")
    done = bptutor("verify", NAME, "two.md", "--explain", "1")
    assert "about a1" in done.out
    assert "about h1" in done.out
    assert "C  3" in done.out


def test_only(bptutor: Run, sheets: Path) -> None:
    done = bptutor("verify", NAME, "wrong.md", "--only", "wrong", "--only", "follows")
    assert "a1 = 1.5" not in done.out
    assert "a21 = 0.2*3.5" in done.out
    assert bptutor("verify", NAME, "wrong.md", "--only", "nonsense").status == 2
    assert [mark.value for mark in MarkName] == list(MARKS)


def test_no_reveal(bptutor: Run, sheets: Path) -> None:
    shown = bptutor("verify", NAME, "wrong.md", "--quiet").out
    hidden = bptutor("verify", NAME, "wrong.md", "--no-reveal", "--quiet").out
    assert "gives 3" in shown
    assert "gives 3" not in hidden
    assert hidden.count("wrong") >= 1


def test_corrected(bptutor: Run, process: Run, sheets: Path) -> None:
    done = bptutor("verify", NAME, "wrong.md", "--corrected", "-o", "better.md")
    assert done.status == 1
    assert done.out == ""
    assert "2 lines corrected: 2, 3" in done.err
    better = (sheets / "better.md").read_text()
    assert better == "a1 = 1.5\nh1 = 2*a1 = 2*1.5 = 3.0  # corrected\na21 = 0.2*3.0 = 0.6  # corrected\n"
    assert bptutor("verify", NAME, "better.md").status == 0
    again = bptutor("verify", NAME, "better.md", "--corrected")
    assert (again.status, again.out) == (0, better)
    piped = process("verify", NAME, "-", "--corrected", stdin=b"Prose\nh1 = 3.5\n")
    assert piped.out == "Prose\nh1 = 3.0  # corrected\n"


def test_corrected_keeps_stray_bytes(bptutor: Run, sheets: Path) -> None:
    (sheets / "latin.md").write_bytes(b"\xef\xbb\xbfGr\xfc\xdfe\r\nh1 = 3.5\r\n")
    bptutor("verify", NAME, "latin.md", "--corrected", "-o", "better.md")
    assert (sheets / "better.md").read_bytes() == b"\xef\xbb\xbfGr\xfc\xdfe\r\nh1 = 3.0  # corrected\r\n"


@pytest.mark.parametrize("format", ["terminal", "plain", "markdown", "json", "csv"])
def test_formats_and_files(bptutor: Run, sheets: Path, format: str) -> None:
    shown = bptutor("verify", NAME, "wrong.md", "--format", format, "--quiet")
    done = bptutor("verify", NAME, "wrong.md", "--format", format, "--quiet", "-o", "report.out")
    assert shown.status == done.status == 1
    assert done.out == ""
    assert (sheets / "report.out").read_text(encoding="utf-8") == shown.out
    several = bptutor("verify", NAME, "wrong.md", "right.md", "--format", format, "--quiet")
    assert "right.md" in several.out


@pytest.mark.parametrize("format", ["terminal", "plain", "markdown", "json"])
def test_ascii(bptutor: Run, sheets: Path, format: str) -> None:
    (sheets / "greek.md").write_text("∂e1/∂o1 = 2·(o1 − 2.0) = −1.6\nη = 0.1\n", encoding="utf-8")
    done = bptutor("verify", NAME, "greek.md", "--format", format, "--ascii")
    assert done.out.isascii()
    if format == "json":
        assert json.loads(done.out)["sheets"][0]["claims"][0]["text"].startswith("∂e1/∂o1")


def test_set_and_random(bptutor: Run, sheets: Path) -> None:
    assert bptutor("verify", NAME, "right.md", "--set", "w11=0.7").status == 1
    (sheets / "other.md").write_text("a1 = 0.7*3.0 = 2.1\n")
    assert bptutor("verify", NAME, "other.md", "--set", "w11=0.7").status == 0
    assert bptutor("verify", NAME, "right.md", "--set", "nothing").status == 2
    assert bptutor("verify", "symbolic_cross_entropy", "--random", "3").status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("right.md",), "no scenario is named"),
        (("nowhere", "right.md"), "nowhere"),
        ((NAME, "right.md", "wrong.md", "--explain", "2"), "--explain is for one sheet"),
        ((NAME, "right.md", "wrong.md", "--corrected"), "--corrected is for one sheet"),
        ((NAME, "right.md", "--corrected", "--format", "json"), "not for json"),
        ((NAME, "right.md", "-o", "right.md"), "replace the sheet"),
        ((NAME, "right.md", "-o", "no/such/folder.txt"), "can't be written"),
    ],
)
def test_what_cant_be_had(bptutor: Run, sheets: Path, arguments: tuple[str, ...], said: str) -> None:
    done = bptutor("verify", *arguments)
    assert done.status == 2
    assert done.out == ""
    assert said in " ".join(done.err.split())


def test_narrow_streams_and_no_color(process: Run, sheets: Path) -> None:
    path = str(sheets / "wrong.md")
    done = process("verify", NAME, path, env={"PYTHONIOENCODING": "cp437", "COLUMNS": "60"}, encoding="cp437")
    assert done.status == 1
    assert "WRONG" in done.out
    assert max(len(line) for line in done.out.splitlines() if path not in line) <= 60
    colored = process("verify", NAME, path, "--color", "always")
    assert "\x1b[" in colored.out
    assert "\x1b[" not in process("verify", NAME, path).out


def test_many_sheets_in_processes(process: Run, sheets: Path) -> None:
    paths = []
    for i in range(8):
        file = sheets / f"many{i}.md"
        file.write_text((RIGHT, WRONG)[i % 2])
        paths.append(str(file))
    done = process("verify", NAME, *paths, "--format", "csv")
    assert done.status == 1
    assert [row["sheet"] for row in csv.DictReader(io.StringIO(done.out))] == paths
    assert done.err == ""


def test_progress_only_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    progress = Progress(30, stream, False)
    progress.show(15)
    assert stream.getvalue().endswith("] 15 of 30 sheets")
    progress.clear()
    assert stream.getvalue().endswith("\r")
    for quiet, total, where in ((True, 30, Terminal()), (False, 3, Terminal()), (False, 30, io.StringIO())):
        Progress(total, where, quiet).show(1)
        assert where.getvalue() == ""


def test_help_names_every_option(bptutor: Run) -> None:
    text = bptutor("verify", "--help").out
    for option in ("--explain", "--corrected", "--only", "--no-reveal", "--strict", "--expect", "--format", "--set"):
        assert option in text


def test_the_bundled_sheets_are_found_from_anywhere(process: Run) -> None:
    assert "scenarios" not in sys.path
    done = process("verify", "symbolic_cross_entropy", "--quiet")
    assert done.status == 0
    assert done.out.startswith("symbolic_cross_entropy.hand.md")
    assert set(SHEETS) <= set(scenario.bundled())
