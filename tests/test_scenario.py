"""Scenario files are read whole, kept as typed, found by name and path, and refused when they can't be trusted."""

# ruff: noqa: E501  (a sentence stays on one line, as it is printed)
from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backprop_tutor.errors import RequestError, ScenarioError, TutorError
from backprop_tutor.formulas import tokens
from backprop_tutor.scenario import loading as scenario
from backprop_tutor.scenario import types as scenario_types
from backprop_tutor.scenario.loading import Scenario, loads, with_random, with_values
from backprop_tutor.scenario.schema import json_schema
from tests.program import Done

REST = '[equations]\nL = "x"\n'

FULL = r"""
format   = 1
title    = "Everything the format has"
document = "004"
about    = '''Two
lines.'''

[inputs]
x1 = "?"
x2 = 1_000
v  = [0.20, "?", +3]

[parameters]
w12 = { value = 0.20, assumed = "read off w12' = 0.1995" }
W1  = [[1, 2.50], [-3e-1, 4]]
b   = { shape = [2], value = 0.0 }
U   = { shape = [2, 3], value = "?", assumed = "not stated" }
"ŷ′" = 0x10

[targets]
t1 = 0.01

[functions]
"f( x , y )" = "2.0*x + y"

[equations]
h1 = "x1*w12"
'L' = '''(t1 - h1)**2 / 2'''
J = '''
L
  + 1'''

[[samples]]
x1 = 0
[[samples]]
x1 = 1.0
t1 = 1

[learning]
loss = "L"
rate = { value = 0.50, assumed = "usual" }
over_samples = "sum"

steps = 3

[learning.update]
m = "beta*m + g"
w = "w - rate*m"

[learning.values]
beta = 0.90

[notation]
h1 = 'h_{1}'
"w1_12" = 'w^{(1)}_{12}'

[elements]
W1 = "w1_{i}{j}"
"""


def problems(make: Callable[[], object]) -> list[str]:
    """What is said about an input, each as "file:line:column sentence | remedy"."""
    with pytest.raises(TutorError) as caught:
        make()
    return [
        ":".join(str(part) for part in (p.where.file, p.where.line, p.where.column) if part is not None)
        + f" {p.message} | {p.help}"
        for p in caught.value.problems
    ]


# ---------------------------------------------------------------- what is read
def test_the_whole_format() -> None:
    read = loads(FULL, "full")
    assert (read.name, read.path, read.title, read.document) == ("full", None, "Everything the format has", "004")
    assert read.about == "Two\nlines."
    assert [q.name for q in read.inputs] == ["x1", "x2", "v"]
    assert [q.name for q in read.parameters] == ["w12", "W1", "b", "U", "ŷ'"]
    assert [q.name for q in read.targets] == ["t1"]
    assert [(f.name, f.parameters, f.body) for f in read.functions] == [("f", ("x", "y"), "2.0*x + y")]
    assert [(e.name, e.text) for e in read.equations] == [("h1", "x1*w12"), ("L", "(t1 - h1)**2 / 2"), ("J", "L + 1")]
    assert (read.loss, read.rate, read.rate_text, read.rate_assumed) == ("L", 0.5, "0.50", "usual")
    assert read.over_samples == "sum"
    assert [(e.name, e.text) for e in read.update] == [("m", "beta*m + g"), ("w", "w - rate*m")]
    assert read.rule_values == (scenario_types.RuleValue("beta", 0.9, "0.90"),)
    assert read.steps == 3
    assert dict(read.notation) == {"h1": "h_{1}", "w1_12": "w^{(1)}_{12}"}
    assert dict(read.elements) == {"W1": "w1_{i}{j}"}
    assert not read.known


@pytest.mark.parametrize(
    ("name", "shape", "values", "texts"),
    [
        ("x1", (), [math.nan], ("?",)),
        ("x2", (), [1000], ("1000",)),
        ("v", (3,), [0.2, math.nan, 3], ("0.20", "?", "3")),
        ("w12", (), [0.2], ("0.20",)),
        ("W1", (2, 2), [1, 2.5, -0.3, 4], ("1", "2.50", "-3e-1", "4")),
        ("b", (2,), [0, 0], ("0.0", "0.0")),
        ("U", (2, 3), [math.nan] * 6, ("?",) * 6),
        ("ŷ'", (), [16], ("16",)),
    ],
)
def test_values_keep_their_digits(
    name: str, shape: tuple[int, ...], values: list[float], texts: tuple[str, ...]
) -> None:
    quantity = loads(FULL).quantity(name)
    assert quantity.shape == shape
    assert np.array_equal(quantity.values, values, equal_nan=True)
    assert quantity.texts == texts
    assert quantity.text(quantity.size - 1) == texts[-1]
    assert quantity.known == (not any(math.isnan(value) for value in values))
    with pytest.raises(ValueError, match="read-only"):
        quantity.values[0] = 1


def test_a_value_may_be_a_formula_of_numbers() -> None:
    read = loads(
        '[inputs]\nx = "1/3"\nv = ["1/2", -1, "sqrt(2)"]\n[constants]\nk = "-π/4"\neps = 1e-5\n'
        '[parameters]\nw = { value = "2/3", assumed = "why" }\nU = { shape = [2, 2], value = "0.5^2" }\n'
        '[equations]\nL = "w*x"\n[learning]\nrate = "1/10"\n[learning.values]\n[[samples]]\ny = "1/7"\n'
    )
    assert [read.quantity(name).values[0] for name in ("x", "k", "w", "U")] == [1 / 3, -math.pi / 4, 2 / 3, 0.25]
    assert list(read.quantity("v").values) == [0.5, -1, math.sqrt(2)]
    assert [read.quantity(name).text() for name in ("x", "k", "w")] == ["1/3", "-π/4", "2/3"]
    assert read.quantity("v").texts == ("1/2", "-1", "sqrt(2)")
    assert (read.rate, read.rate_text) == (0.1, "1/10")
    assert [q.name for q in read.quantities if q.constant] == ["k", "eps"]
    assert read.samples[0].values["y"].values[0] == 1 / 7
    assert with_values(read, {"x": "2/7"}).quantity("x").values[0] == 2 / 7


def test_a_value_put_in_keeps_its_brackets(bptutor: Callable[..., Done]) -> None:
    net = b'[inputs]\nx = "1/3"\n[parameters]\nw = "-1/2"\n[equations]\nL = "x**2 + w*x - w/x + x*w"\n'
    done = bptutor("run", "-", "--part", "forward", stdin=net)
    assert "= (1/3)² + (−1/2)·(1/3) − (−1/2) / (1/3) + (1/3)·(−1/2)" in done.out


def test_samples_need_no_declaration() -> None:
    read = loads('[targets]\nt = "?"\n[[samples]]\nx = [1, 2]\nt = 0\n[[samples]]\nx = [3, 4]\nt = 1\n' + REST)
    assert [(q.name, q.kind, q.shape) for q in read.quantities] == [("t", "target", ()), ("x", "input", (2,))]
    assert [q.values["x"].texts for q in read.samples] == [("1", "2"), ("3", "4")]


def test_samples_have_all_that_varies() -> None:
    first, second = loads(FULL).samples
    assert {name: q.text() for name, q in first.values.items()} == {"x1": "0", "t1": "0.01"}
    assert {name: q.text() for name, q in second.values.items()} == {"x1": "1.0", "t1": "1"}
    assert second.values["x1"].where.line == 36


def test_samples_give_a_bare_unknown_its_shape() -> None:
    read = loads('[inputs]\nx = "?"\n[[samples]]\nx = [1, 2]\n[[samples]]\nx = [3, "?"]\n' + REST)
    assert read.quantity("x").shape == (2,)
    assert [q.values["x"].texts for q in read.samples] == [("1", "2"), ("3", "?")]


def test_places_for_carets() -> None:
    read = loads(FULL, "full", "full.toml")
    h1, total, folded = read.equations
    assert (h1.where.file, h1.where.line, h1.where.column, h1.where.length) == ("full.toml", 27, 7, 6)
    assert h1.where.source == 'h1 = "x1*w12"'
    assert h1.where.shifted(3, 3).column == 10
    assert (total.where.line, total.where.column, total.name_where.column) == (28, 10, 1)
    assert (folded.where.line, folded.where.column) == (29, None)  # typed over several lines: only the line is known
    assert read.functions[0].where.column == 17
    assert read.where("learning", "rate", "value").column == 18
    assert read.where("notation", "h1", key=True).line == 54
    assert read.where("learning", "upstream").line == 39  # absent: the table that it would stand in
    assert (read.quantity("w12").where.column, read.quantity("w12").key_where.column) == (17, 1)


def test_escapes_leave_a_formula_without_a_column() -> None:
    (equation,) = loads('[equations]\nL = "x\\u002b1"\n').equations
    assert (equation.text, equation.where.line, equation.where.column) == ("x+1", 2, None)


def test_the_last_equation_is_the_loss() -> None:
    read = loads('[equations]\nh = "x"\nL = "h"\n')
    assert (read.loss, read.loss_where.line, read.rate, read.rate_text, read.title) == ("L", 3, None, None, "scenario")
    assert loads(REST + '[learning]\nrate = "?"\n').rate_text == "?"


def test_an_upstream_gradient_takes_the_place_of_a_loss() -> None:
    read = loads('[equations]\ny1 = "x"\n[learning]\nupstream = { y1 = 0.250 }\n')
    assert (read.loss, dict(read.upstream), dict(read.upstream_texts)) == (None, {"y1": 0.25}, {"y1": "0.250"})


def test_names_are_one_spelling() -> None:
    """Composed and decomposed accents, and every kind of prime, are the same name."""
    read = loads('[inputs]\n"y\u0302" = 1\n"w’" = 1\n[equations]\nL = "1"\n[notation]\n"ŷ" = \'\\hat{y}\'\n')
    assert [q.name for q in read.quantities] == ["ŷ", "w'"]
    assert dict(read.notation) == {"ŷ": r"\hat{y}"}
    for name in ("y\u0302", "w’", "x′′"):
        assert scenario.normal_name(name) == tokens.normalised(name)


def test_a_draft_keeps_what_could_be_read() -> None:
    """Formulas can be checked beside the other faults; what is doubtful is said."""
    draft = scenario.drafts('[inputs]\nx = "a"\nz = 2\n[functions]\n"f(x)" = 3\n[equations]\nL = "x + z"\nM = 3\n')
    assert draft.scenario is not None
    assert [(q.name, q.known) for q in draft.scenario.quantities] == [("x", False), ("z", True)]
    assert [e.name for e in draft.scenario.equations] == ["L"]
    assert draft.doubtful == {"x", "f", "M"}
    assert [p.where.line for p in draft.problems] == [2, 5, 8]
    with pytest.raises(ScenarioError):
        draft.finished()
    assert scenario.drafts("x = ").scenario is None


# ---------------------------------------------------------------- where it comes from
def test_bundled_scenarios_are_read_and_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = scenario.bundled()
    assert {"linear_two_errors", "matrix_softmax", "shared_weights", "symbolic_cross_entropy"} <= set(names)
    assert [entry.name for entry in scenario.titles()] == list(names)
    for entry in scenario.titles():
        read = scenario.load(entry.name)
        assert (read.name, read.title, read.document) == tuple(entry)
        assert read.equations[0].where.file == f"{entry.name}.toml"


def test_listing_and_importing_are_cheap() -> None:
    code = (
        "import sys; from backprop_tutor.scenario import files, loading; loading.titles(); "
        "print([m for m in ('numpy', 'pydantic', 'sympy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_name_path_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(REST)
    (tmp_path / "plain").write_text(REST)
    (tmp_path / "matrix_softmax").write_text("not a scenario")
    for given, name, path in [
        ("net.toml", "net", "net.toml"),
        ("net", "net", "net.toml"),
        ("plain", "plain", "plain"),
        ("./net.toml", "net", "./net.toml"),
        (str(tmp_path / "net.toml"), "net", str(tmp_path / "net.toml")),
    ]:
        read = scenario.load(given)
        assert (read.name, read.path) == (name, path)
    assert scenario.load("matrix_softmax").title != "matrix_softmax"
    read = scenario.load("-", stdin="\ufeff" + REST)
    assert (read.name, read.path, read.equations[0].where.file) == ("stdin", None, "standard input")


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_byte_order_mark_and_crlf(tmp_path: Path, prefix: bytes, ending: bytes) -> None:
    path = tmp_path / "net.toml"
    path.write_bytes(prefix + FULL.encode().replace(b"\n", ending))
    read = scenario.load(str(path))
    assert [(e.name, e.text) for e in read.equations] == [("h1", "x1*w12"), ("L", "(t1 - h1)**2 / 2"), ("J", "L + 1")]
    assert (read.equations[0].where.line, read.equations[0].where.column) == (27, 7)
    assert read.equations[0].where.source == 'h1 = "x1*w12"'
    assert read.about == "Two\nlines."


def test_what_cannot_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(REST)
    listed = "'bptutor list' shows the bundled scenarios"
    for given, expected in [
        ("matrix_sofmax", " there is no scenario 'matrix_sofmax' | did you mean 'matrix_softmax'?"),
        ("xyz", f" there is no scenario 'xyz' | {listed}"),
        ("nett.toml", "nett.toml there is no file 'nett.toml' | did you mean 'net.toml'?"),
        ("./matrix_softmaxx.toml", "./matrix_softmaxx.toml there is no file './matrix_softmaxx.toml' | did you mean 'matrix_softmax'?"),
        ("no/such/file", f"no/such/file there is no file 'no/such/file' | {listed}"),
        (" ", f" no scenario is named | name one, or a file; {listed}"),
    ]:  # fmt: skip
        with pytest.raises(RequestError):
            scenario.load(given)
        assert problems(lambda given=given: scenario.load(given)) == [expected]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", " the scenario is empty | 'bptutor new FILE' writes one to start from"),
        (b" \r\n\t\n", " the scenario is empty | 'bptutor new FILE' writes one to start from"),
        (b'a = 1\r\ntitle = "\xc5\xb7 caf\xe9"\r\n', ":2:15 byte 0xe9 at offset 22 is not UTF-8 | save the file as UTF-8"),
        (b"\xef\xbb\xbf\xff", ":1:2 byte 0xff at offset 3 is not UTF-8 | save the file as UTF-8"),
        ("a = 1".encode("utf-16"), ":1:1 byte 0xff at offset 0 is not UTF-8 | it looks like UTF-16: save it as UTF-8"),
        (b"a = 1\0", ":1:6 something follows the value | one entry a line; formulas stand in quotes: \"2*x1\""),
        (
            b"#" * 2_097_152,
            " the scenario has more than 1,048,576 bytes, the limit | "
            'keep large arrays in an .npz file: W1 = { npz = "weights.npz", key = "W1" }',
        ),
    ],
    ids=["empty", "blank", "latin-1", "byte-order-mark", "utf-16", "nul", "2-MiB"],
)  # fmt: skip
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "net.toml"
    path.write_bytes(content)
    assert problems(lambda: scenario.load(str(path))) == [f"{path}{expected}"]


def test_a_folder_and_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(lambda: scenario.load(f"{tmp_path}/")) == [
        f"{tmp_path}/ '{tmp_path}/' is a folder | name a scenario file in it"
    ]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "net.toml"
    path.write_text(REST)
    monkeypatch.setattr("builtins.open", refuse)
    assert problems(lambda: scenario.load(str(path))) == [
        f"{path} '{path}' can't be read: permission denied | ask its owner, or copy it"
    ]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_an_endless_file_is_not_read_to_its_end() -> None:
    assert "more than 1,048,576 bytes" in problems(lambda: scenario.load("/dev/zero"))[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(process: Callable[..., Done], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.toml")
    os.mkfifo(tmp_path / "my.hand.md")
    assert "'net.toml' can't be read: it is a pipe that nobody writes to" in process("run", "net.toml").err
    assert "nobody writes to" in process("verify", "two_sigmoid_outputs", "my.hand.md").err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)

    def write() -> None:
        time.sleep(0.2)
        os.write(end, FULL.encode())
        os.close(end)

    writer = threading.Thread(target=write)
    writer.start()
    assert scenario.load(str(path)).title == "Everything the format has"
    writer.join()


def test_too_long_standard_input() -> None:
    assert "standard input the scenario has more than" in problems(lambda: scenario.load("-", stdin="#" * 1_048_577))[0]


# ---------------------------------------------------------------- hostile files
def test_many_faults_are_counted_not_listed() -> None:
    text = REST + "[notation]\n" + "".join(f'a{i} = "x"\n' for i in range(5000))
    told = problems(lambda: loads(text))
    assert len(told) == scenario_types.MAX_PROBLEMS + 1
    assert told[-1] == "scenario.toml 4950 more problems are not shown | mend these first"


@pytest.mark.parametrize(
    "text",
    [
        "x = [" + "1," * 520_000 + "]",
        "x = " + "[" * 500_000,
        "x" + ".a" * 500_000 + " = 1",
        "[x" + ".a" * 500_000 + "]",
        "x = " + "{a=" * 300_000,
        "x = 0x" + "f" * 1_000_000,
        "x = " + "9" * 1_000_000,
        '"' + "x" * 1_000_000 + '" = 1',
        "[inputs]\n" + "".join(f"x{i} = 1\n" for i in range(80_000)),
        "[[samples]]\n" * 80_000,
        "[notation]\n" + "".join(f"x{i} = 'a'\n" for i in range(60_000)),
        "x = \n" * 200_000,
        "[elements]\n" + "".join(f"x{i} = 'a{{i}}'\n" for i in range(50_000)),
    ],
    ids=lambda text: text[:12],
)
def test_hostile_files_are_refused_soon(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ScenarioError):
        loads(text)
    assert time.perf_counter() - start < 20


def test_control_characters_of_a_broken_file_are_not_shown() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads("x = \x1b[2J\n")
    assert caught.value.problems[0].where.source == "x = \ufffd[2J"


def test_no_text_is_a_format_string() -> None:
    """A pattern is filled in by plain replacement: no attribute of anything can be reached."""
    for pattern in ("w{i.__class__}", "w{0}{i}", "w{i!r}", "w{i:>99999999}"):
        assert "unknown place" in problems(lambda p=pattern: loads(f'{REST}[elements]\nL = "{p}"\n'))[0]  # type: ignore[misc]


def test_the_limits_of_formulas_agree() -> None:
    assert scenario_types.MAX_FORMULA_CHARACTERS == tokens.MAX_CHARACTERS


# ---------------------------------------------------------------- arrays from files
def stored(tmp_path: Path, entry: str) -> Scenario:
    path = tmp_path / "net.toml"
    path.write_text(f"[parameters]\nW1 = {{ {entry} }}\n{REST}")
    return scenario.load(str(path))


def test_arrays_from_an_npz_file(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "w.npz", W1=np.asfortranarray([[1, 2, 3], [4, 5, 6]]), b=np.float32(0.5))
    quantity = stored(tmp_path, 'npz = "w.npz", key = "W1", assumed = "trained"').quantity("W1")
    assert (quantity.shape, quantity.texts, quantity.assumed) == ((2, 3), None, "trained")
    assert quantity.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert (quantity.text(1), quantity.known) == ("2", True)
    assert stored(tmp_path, 'npz = "w.npz", key = "b"').quantity("W1").shape == ()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('npz = "../w.npz", key = "a"', "'../w.npz' is outside the scenario's folder | put the file beside the scenario"),
        ('npz = "/etc/w.npz", key = "a"', "'/etc/w.npz' is outside the scenario's folder | put the file beside the scenario"),
        (r"npz = 'C:\w.npz', key = 'a'", r"'C:\w.npz' is outside the scenario's folder | put the file beside the scenario"),
        (r"npz = '..\w.npz', key = 'a'", r"'..\w.npz' is outside the scenario's folder | put the file beside the scenario"),
        ('npz = "link.npz", key = "a"', "'link.npz' is outside the scenario's folder | put the file beside the scenario"),
        ('npz = "ww.npz", key = "a"', "there is no file 'ww.npz' beside the scenario | did you mean 'w.npz'?"),
        ('npz = "w\\u0000", key = "a"', "'w\\u0000' can't be read (ValueError) | write it with numpy.savez"),
        ('npz = "w.npz", key = "WW1"', "'w.npz' has no array 'WW1' | did you mean 'W1'?"),
        ('npz = "w.npz", key = "q"', "'w.npz' has no array 'q' | it has: 'W1', 'nan', 'text', 'object', 'empty', 'deep', 'half', 'huge'"),
        ('npz = "w.npz", key = "nan"', "'nan' holds values that are no finite numbers | store finite numbers only"),
        ('npz = "w.npz", key = "text"', "'text' holds no plain numbers (<U1) | store it as float64"),
        ('npz = "w.npz", key = "object"', "'object' holds no plain numbers (object) | store it as float64"),
        ('npz = "w.npz", key = "empty"', "'empty' is an array without elements | store at least one number"),
        ('npz = "w.npz", key = "deep"', "'deep' has 4 dimensions; the limit is 3 | split the array"),
        ('npz = "w.npz", key = "half"', "'w.npz' can't be read (ValueError) | write it with numpy.savez"),
        ('npz = "w.npz", key = "huge"', "'huge' is larger than 2,000,000 elements | make the network smaller"),
        ('npz = "w.npz", key = "W1", shape = [3, 2]', "'W1' has the shape [2, 3], not [3, 2] | write shape = [2, 3], or leave it out"),
        ('npz = "text.npz", key = "a"', "'text.npz' can't be read (BadZipFile) | write it with numpy.savez"),
    ],
)  # fmt: skip
def test_arrays_that_cannot_be_had(tmp_path: Path, entry: str, expected: str) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    np.savez(tmp_path / "outside.npz", a=[1.0])
    (folder / "link.npz").symlink_to(tmp_path / "outside.npz")
    (folder / "text.npz").write_text("not a zip file")
    np.savez_compressed(
        folder / "w.npz", W1=np.ones((2, 3)), nan=[1, math.nan], text=["a"], object=np.array([None]),
        empty=np.ones((0, 2)), deep=np.ones((1, 1, 1, 1)),
    )  # fmt: skip
    with zipfile.ZipFile(folder / "w.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + b"\n"
        archive.writestr("half.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        archive.writestr("huge.npy", b"\0" * 20_000_000)
    told = problems(lambda: stored(folder, entry))
    assert [line.partition(" ")[2] for line in told] == [expected]


def test_standard_input_has_no_folder() -> None:
    text = '[inputs]\nx = { npz = "w.npz", key = "a" }\n' + REST
    assert problems(lambda: scenario.load("-", stdin=text)) == [
        "standard input:2:13 'w.npz' can't be found: a scenario without a file has no folder"
        " | save the scenario as a file beside it"
    ]


# ---------------------------------------------------------------- other numbers
def test_given_values() -> None:
    read = with_values(
        loads(FULL), {"x2": ".5", "W1[1,2]": "−1", "w1_21": "+7.0", "v": "[1, 2, 3.0]", "x1#2": "9", "U[2, 3]": "4", "rate": "0.1"}
    )  # fmt: skip
    assert (read.quantity("x2").text(), read.quantity("x2").values[0]) == (".5", 0.5)
    assert read.quantity("W1").texts == ("1", "-1", "7.0", "4")
    assert read.quantity("v").texts == ("1", "2", "3.0")
    assert read.samples[1].values["x1"].text() == "9"
    assert read.quantity("U").texts == ("?",) * 5 + ("4",)
    assert (read.rate, read.rate_text, read.rate_assumed) == (0.1, "0.1", None)
    assert with_values(read, {"w12": "1"}).quantity("w12").assumed is None
    assert with_values(read, {"x2": "?"}).quantity("x2").known is False
    assert loads(FULL).quantity("x2").text() == "1000"  # nothing is changed in place


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("w13", "1", "there is no quantity 'w13' | did you mean 'w12'?"),
        ("q", "1", "there is no quantity 'q' | there are: x1, x2, v, w12, W1, b, U, ŷ', t1"),
        ("h1", "1", "'h1' is computed by a formula | set what it is computed from"),
        ("x2", "0,5", "'0,5' is no number | write it with a point: 0.5"),
        ("x2", "1e999", "1e999 is too large a number | write one below 1e308"),
        ("x2", "__import__('os')", "'__import__('os')' is no number | write a number, 0.7 or 1/3, or \"?\""),
        ("x1", "1", "'x1' is given for each of 2 samples | say for which: x1#1=1"),
        ("x1#3", "1", "'x1' is given for each of 2 samples | say for which: x1#1=1"),
        ("x2#1", "1", "'x2' is the same in all samples | write x2=1"),
        ("W1", "1", "'W1' is an array, 2 x 2 | name an element, W1[1,1], or write an array"),
        ("W1[3,1]", "1", "'W1[3,1]' is outside 'W1', which is 2 x 2 | count from 1"),
        ("W1[0,1]", "1", "'W1[0,1]' is outside 'W1', which is 2 x 2 | count from 1"),
        ("W1[1]", "1", "'W1[1]' is outside 'W1', which is 2 x 2 | count from 1"),
        ("v", "[1, 2]", "'v' is an array of 3, and '[1, 2]' is an array of 2 | give it the same shape"),
        ("v", "[1, 2, 'a']", "element 3 of 'v' is the text 'a', where a number belongs | write a number, or \"?\" for a value that is not known"),
        ("v", "[1]\nb = 2", "'[1]\\u000ab = 2' is no array | write it as in a file: [[1, 2], [3, 4]]"),
        ("v", "[" * 5000, f"'{'[' * 60}...' is no array | write it as in a file: [[1, 2], [3, 4]]"),
        ("rate", "-1", "the learning rate is -1 | a learning rate is greater than 0"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_given(name: str, text: str, expected: str) -> None:
    with pytest.raises(RequestError):
        with_values(loads(FULL), {name: text})
    assert problems(lambda: with_values(loads(FULL), {name: text})) == [f" {expected}"]


def test_all_wrong_assignments_are_told() -> None:
    assert len(problems(lambda: with_values(loads(FULL), {"q": "1", "x2": "a", "w12": "1"}))) == 2


def test_random_values_are_kind_to_hand_work() -> None:
    text = (
        '[inputs]\nx = ["?", 0.5]\nz = "?"\n[parameters]\nW = { shape = [3, 2] }\nV = { shape = [2, 400] }\n[targets]\nt = "?"\n'
        'u = 1\n[equations]\nL = "x"\n[learning]\nrate = "?"\n'
    )
    read = with_random(loads(text), 7)
    assert read.known
    assert read.quantity("x").texts is not None
    assert read.quantity("x").text(1) == "0.5"
    assert (read.rate, read.rate_text) == (0.5, "0.5")
    for name in ("x", "z", "W"):
        for index, value in enumerate(read.quantity(name).values):
            assert 0 < abs(value) <= 1
            assert round(value, 2) == value == float(read.quantity(name).text(index))
    assert abs(read.quantity("V").values).max() <= 1 / math.sqrt(400)
    assert 0 < read.quantity("t").values[0] < 1
    again, other = with_random(loads(text), 7), with_random(loads(text), 8)
    assert np.array_equal(again.quantity("W").values, read.quantity("W").values)
    assert not np.array_equal(other.quantity("W").values, read.quantity("W").values)
    fixed = with_random(with_values(loads(text), {"z": "0.3"}), 7)
    assert np.array_equal(fixed.quantity("W").values, read.quantity("W").values)


@pytest.mark.parametrize(
    ("targets", "loss", "allowed"),
    [
        ('y1 = "?"\ny2 = "?"\ny3 = "?"', "cross_entropy(y, softmax(z))", [{0.0, 1.0}, 1.0]),
        ('y = ["?", "?", "?"]', "sum(y*log(p))", [{0.0, 1.0}, 1.0]),
        ('y = ["?", 1, "?"]', "softmax(z)", [{0.0, 1.0}, 1.0]),
        ('y = ["?", 0, "?"]', "softmax(z)", [{0.0, 1.0}, 1.0]),
    ],
)
def test_random_targets_of_classes(targets: str, loss: str, allowed: list[object]) -> None:
    for seed in range(20):
        read = with_random(loads(f'[targets]\n{targets}\n[equations]\nL = "{loss}"\n'), seed)
        values = [float(value) for q in read.targets for value in q.values]
        assert [set(values), sum(values)] == allowed


def test_random_targets_of_samples_and_of_one_class() -> None:
    text = '[inputs]\nx = "?"\n[targets]\nt = "?"\n[[samples]]\nx = "?"\nt = "?"\n[[samples]]\nx = "?"\nt = "?"\n'
    drawn = [with_random(loads(f'{text}[equations]\nL = "-t*log(x)"\n'), seed) for seed in range(20)]
    assert {float(s.values["t"].values[0]) for read in drawn for s in read.samples} == {0.0, 1.0}
    assert all(read.known for read in drawn)
    assert any(read.samples[0].values["x"].text() != read.samples[1].values["x"].text() for read in drawn)


# ---------------------------------------------------------------- the schema
def test_the_schema_describes_the_format() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["equations"]
    assert list(schema["properties"]) == [
        "format", "title", "document", "about", "inputs", "constants", "parameters", "targets", "functions", "equations",
        "samples", "learning", "notation", "elements",
    ]  # fmt: skip
    assert all("description" in entry for entry in schema["properties"].values())
    assert schema["properties"]["format"]["const"] == 1
    assert "<" not in json.dumps(schema)  # the tags of the union don't show
    assert os.linesep not in schema["title"]
