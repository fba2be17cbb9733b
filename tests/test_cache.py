"""What is remembered between runs: never believed, never in the way, gone without harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backprop_tutor import cache
from backprop_tutor.cache import FILE_NAME, MAX_ENTRIES, Cache
from backprop_tutor.formulas.parse import parse
from backprop_tutor.formulas.typeset import ASCII, to_text
from backprop_tutor.lesson import derivatives, symbolic
from tests.program import TOP, environment

RUN = [sys.executable, "-m", "backprop_tutor", "run", "two_sigmoid_outputs"]


def program(place: Path | str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        RUN, env=environment({"BPTUTOR_CACHE": str(place)}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def shown(place: Path | str) -> str:
    process = program(place)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    return out


@pytest.fixture(scope="module")
def plain() -> str:
    """The screen without any cache."""
    return shown("")


def test_a_second_run_shows_the_same(tmp_path: Path, plain: str) -> None:
    assert shown(tmp_path / "new" / "folder") == plain
    assert shown(tmp_path / "new" / "folder") == plain
    assert os.listdir(tmp_path / "new" / "folder") == [FILE_NAME]


@pytest.mark.parametrize("spoilt", ["", "nothing", "bptutor 0 0 0\n", "\0\xff"])
def test_a_spoilt_file_counts_as_none(tmp_path: Path, plain: str, spoilt: str) -> None:
    (tmp_path / FILE_NAME).write_text(spoilt, encoding="utf-8")
    assert shown(tmp_path) == plain
    assert shown(tmp_path) == plain


def filled(place: Path) -> Cache:
    one = Cache(place)
    one.put("formula", "s0*s1 by s0", "s1")
    one.put("scenario", "0f", "in order")
    one.keep()
    return one


def test_every_cut_and_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path)
    data = (tmp_path / FILE_NAME).read_bytes()
    assert Cache(tmp_path).get("formula", "s0*s1 by s0") == "s1"
    for at in range(len(data)):
        (tmp_path / FILE_NAME).write_bytes(data[:at])
        assert Cache(tmp_path).get("formula", "s0*s1 by s0") is None
        (tmp_path / FILE_NAME).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert Cache(tmp_path).get("formula", "s0*s1 by s0") is None


def test_another_version_of_the_program_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)
    monkeypatch.setattr(cache, "__version__", "99.0")
    assert Cache(tmp_path).get("scenario", "0f") is None


def test_a_folder_that_cannot_be_written_changes_nothing(tmp_path: Path, plain: str) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert shown(blocked) == plain
    assert shown(blocked / "below") == plain
    if os.name == "posix" and os.geteuid() != 0:  # root may write everywhere
        tmp_path.chmod(0o500)
        assert shown(tmp_path) == plain
        tmp_path.chmod(0o700)


def test_a_folder_in_the_place_of_the_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    filled(tmp_path)
    assert Cache(tmp_path).get("scenario", "0f") is None
    assert os.listdir(tmp_path) == [FILE_NAME]


def test_many_processes_at_once(tmp_path: Path, plain: str) -> None:
    processes = [program(tmp_path) for _ in range(6)]
    for process in processes:
        assert process.communicate(timeout=120)[0] == plain
        assert process.returncode == 0
    assert os.listdir(tmp_path) == [FILE_NAME]
    assert Cache(tmp_path).get("formula", "s0 + s1 by s0") == "1"


def test_writers_keep_each_others_entries(tmp_path: Path) -> None:
    one, two = Cache(tmp_path), Cache(tmp_path)
    one.get("formula", "a"), two.get("formula", "a")
    one.put("formula", "a", "1")
    two.put("formula", "b", "2")
    one.keep(), two.keep()
    assert [Cache(tmp_path).get("formula", key) for key in "ab"] == ["1", "2"]


def test_a_file_is_never_seen_half_written(tmp_path: Path) -> None:
    writer = (
        "import sys; from pathlib import Path; from backprop_tutor.cache import Cache\n"
        "for i in range(150):\n"
        "    c = Cache(Path(sys.argv[1])); c.put('formula', f'k{i % 7}', 'x' * 500); c.keep()\n"
    )
    filled(tmp_path)
    processes = [
        subprocess.Popen([sys.executable, "-c", writer, str(tmp_path)], env=environment({}), cwd=TOP) for _ in range(3)
    ]
    while any(process.poll() is None for process in processes):
        assert Cache(tmp_path)._read()
    assert not any(process.returncode for process in processes)


def test_it_does_not_grow_without_end(tmp_path: Path) -> None:
    one = Cache(tmp_path)
    for number in range(MAX_ENTRIES + 50):
        one.put("formula", str(number), "1")
    one.keep()
    kept = Cache(tmp_path)
    assert kept.get("formula", str(MAX_ENTRIES + 49)) == "1"
    assert kept.get("formula", "0") is None


def test_what_a_line_cannot_hold_is_left_out(tmp_path: Path) -> None:
    one = Cache(tmp_path)
    one.put("formula", "a\tb", "1")
    one.put("formula", "c", "1\n2")
    one.keep()
    assert not (tmp_path / FILE_NAME).exists()


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache.folder({"BPTUTOR_CACHE": ""}) is None
    assert cache.folder({"BPTUTOR_CACHE": "here"}) == Path("here")
    found = cache.folder({})
    assert found is not None
    assert "bptutor" in str(found)


@pytest.mark.parametrize(
    ("formula", "slot", "text", "believed"),
    [
        ("s0*s1 + s2", "s0", "s1", True),
        ("s0*s1 + s2", "s0", "s2", False),
        ("s0*s1 + s2", "s0", "-s1", False),
        ("s0*s1 + s2", "s0", "s1 +", False),
        ("s0*s1 + s2", "s0", "s1 + s3 - s3", False),
        ("s0*s1 + s2", "s0", "s1*open(s0)", False),
        ("s0*s1 + s2", "s0", "", False),
        ("s0*s1 + s2", "s0", "s1[1]", False),
        ("s0*s1 + s2", "s0", "sum(s1)", False),
        ("sigmoid(s0)", "s0", "result*(1 - result)", True),
        ("sigmoid(s0)", "s0", "result*(1 + result)", False),
        ("tanh(s0)", "s0", "1 - result^2", True),
        ("log(s0)", "s0", "1/s0", True),
        ("s0^2", "s0", "2*s0", True),
        ("s0^2", "s0", "s0 + 0.37", False),  # right at the first point alone
        ("max(s0, s1)", "s0", "step(s0 - s1)", True),
    ],
)
def test_a_remembered_formula_is_not_believed(formula: str, slot: str, text: str, believed: bool) -> None:
    found = derivatives.trusted(text, parse(formula), slot)
    assert (found is not None) == believed
    assert found is None or found == parse(text)


def test_a_wrong_entry_is_derived_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPTUTOR_CACHE", str(tmp_path))
    one = Cache(tmp_path)
    one.put("formula", "s0*s1 by s0", "s0")
    one.keep()
    derivatives._of_shape.cache_clear()
    assert to_text(derivatives.local_derivative(parse("w*x"), "w", "z"), ASCII) == "x"
    cache.shared().keep()
    assert Cache(tmp_path).get("formula", "s0*s1 by s0") == "s1"
    derivatives._of_shape.cache_clear()


@pytest.mark.parametrize("formula", ["w*x + b", "sigmoid(w)", "(t - w)**2/2", "0.20*w", "max(w, v)", "w**3/(1 + w)"])
def test_what_comes_back_is_what_was_derived(formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPTUTOR_CACHE", str(tmp_path))
    derivatives._of_shape.cache_clear()
    first = derivatives.local_derivative(parse(formula), "w", "r")
    cache.shared().keep()
    derivatives._of_shape.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(symbolic, "derivative_of_shape", None)  # not called again
        assert derivatives.local_derivative(parse(formula), "w", "r") == first
    assert symbolic.local_derivative(parse(formula), "w", "r") == first
    derivatives._of_shape.cache_clear()
