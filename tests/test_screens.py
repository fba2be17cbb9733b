"""The screens of `run`: every bundled scenario as it looks, and what must hold of any screen.

The goldens under tests/golden are compared exactly, but for the figures that are rounding noise (the worst gap and the
steps chosen). BPTUTOR_UPDATE_GOLDENS=1 writes them anew: then look at them. They are never the only witness: the
numbers are also compared with SymPy's derivatives and with finite differences.
"""

from __future__ import annotations

import io
import os
import re
import time
from functools import cache
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tutor.engine import graph, trace
from backprop_tutor.engine.build import build
from backprop_tutor.errors import RequestError
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.lesson import symbolic
from backprop_tutor.lesson.symbolic import witness
from backprop_tutor.render.lines import aligned, width_of, wrapped
from backprop_tutor.render.run import explain, picture, plain, terminal
from backprop_tutor.render.run.options import RunOptions
from backprop_tutor.render.run.pen import Pen, Tally
from backprop_tutor.render.screen import ASCII_GLYPHS, UNICODE_GLYPHS, Screen, make_screen, to_ascii
from backprop_tutor.scenario import loading as scenario

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("BPTUTOR_UPDATE_GOLDENS") == "1"
SCENARIOS = scenario.bundled()
NUMERIC = tuple(name for name in SCENARIOS if scenario.load(name).known)
ONE_STEP = tuple(name for name in NUMERIC if scenario.load(name).steps == 1)
WIDTHS = (60, 80, 120)
LOOKS = ("color", "no_color", "ascii")
ELLIPSIS = "\u2026"
WHOLE = RunOptions(quiet=True)

XOR = """
format = 1
title = "Four samples with relu"
[inputs]
x1 = 0
x2 = 0
[parameters]
w = 1
v = 0.5
[targets]
y = 0
[equations]
h = "relu(w*x1 + v*x2)"
L = "(h - y)**2"
[[samples]]
x1 = 1
x2 = -2
y = 0.5
[[samples]]
x1 = 1
x2 = 2
y = 1
[learning]
rate = 0.1
"""


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@cache
def graph_of(name: str) -> graph.Graph:
    return build(scenario.load(name))


@cache
def trace_of(name: str) -> trace.Trace | None:
    return None if graph_of(name).symbolic else trace.run(graph_of(name))


def numeric(name: str) -> trace.Trace:
    found = trace_of(name)
    assert found is not None
    return found


def screen_of(look: str, width: int, stream: io.StringIO) -> Screen:
    if look == "color":
        return make_screen(stream, "always", False, width, False, environ={})
    if look == "no_color":
        return make_screen(stream, "auto", False, width, False, environ={"NO_COLOR": "1"})
    return make_screen(stream, "never", True, width, False, environ={})


@cache
def shown(name: str, look: str, width: int, options: RunOptions = WHOLE) -> str:
    stream = Terminal()
    assert terminal.show_run(trace_of(name), graph_of(name), options, screen_of(look, width, stream))
    return stream.getvalue()


def text_of(source: str, options: RunOptions, width: int = 80) -> tuple[str, bool]:
    built = build(scenario.loads(source))
    stream = io.StringIO()
    agrees = terminal.show_run(trace.run(built), built, options, make_screen(stream, "never", False, width))
    return stream.getvalue(), agrees


def bare(text: str) -> str:
    """Without styles."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


BREAK = r"(?:\s|\x1b\[[\d;]*m)+"  # between two words, which a style may end and begin again


def without_noise(text: str) -> str:
    """Without the figures that are rounding noise, and so may differ from machine to machine."""
    text = re.sub(rf"worst{BREAK}gap{BREAK}[\de.-]+", "worst gap #", text)
    text = re.sub(r"(steps?)(\s+[\de.-]+)(\s+to\s+[\de.-]+)?\)", r"\1 #)", text)
    text = re.sub(r"  +(?:\d(?:\.\d)?e-\d+|0)((?:\x1b\[0m)?)$", r"  #\1", text, flags=re.M)  # behind a mark
    text = re.sub(r"(relative gap) [\d.e-]+", r"\1 #", text)
    # their lengths decide where the closing sentence breaks
    return re.sub(r"\([^()]*worst gap #[^()]*\)", lambda found: " ".join(re.split(BREAK, found[0])), text)


def golden(name: str, text: str) -> str:
    path = GOLDEN / name
    if UPDATE:
        GOLDEN.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    return path.read_bytes().decode()


# ---------------------------------------------------------------- the bundled scenarios
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_golden(name: str, look: str, width: int) -> None:
    text = shown(name, look, width)
    assert without_noise(text) == without_noise(golden(f"{name}.{width}.{look}.txt", text))


@pytest.mark.parametrize("name", SCENARIOS)
def test_plain_golden(name: str) -> None:
    text = read_out(name)
    assert text.isascii()
    assert without_noise(text) == without_noise(golden(f"{name}.plain.txt", text))


def read_out(name: str, options: RunOptions = WHOLE) -> str:
    stream = io.StringIO()
    assert plain.show_run(trace_of(name), graph_of(name), options, make_screen(stream, plain=True, environ={}))
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, *WIDTHS])
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_cut_and_no_line_is_too_wide(name: str, look: str, width: int) -> None:
    text = bare(shown(name, look, width))
    assert ELLIPSIS not in text
    assert [line for line in text.splitlines() if width_of(line) > width] == []
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    if look == "ascii":
        assert text.isascii()


@pytest.mark.parametrize("options", [
    RunOptions(view="adjoints", quiet=True),
    RunOptions(digits=17, quiet=True),
    RunOptions(inputs=True, method="forward", quiet=True),
    RunOptions(by_hand=3, quiet=True),
], ids=["adjoints", "all digits", "forward difference", "by hand"])  # fmt: skip
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_cut_with_other_options(name: str, width: int, options: RunOptions) -> None:
    text = shown(name, "ascii", width, options)
    assert "..." not in text
    assert [line for line in text.splitlines() if width_of(line) > width] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_colour_is_decoration_only(name: str, width: int) -> None:
    assert bare(shown(name, "color", width)) == bare(shown(name, "no_color", width))


@pytest.mark.parametrize("name", SCENARIOS)
def test_only_named_colours_and_neither_blue_nor_bright_black(name: str) -> None:
    def codes(look: str) -> set[str]:
        return {c for found in re.findall(r"\x1b\[([\d;]*)m", shown(name, look, 80)) for c in found.split(";")}

    assert codes("color") <= {"0", "1", "2", "31", "32", "33", "35", "36"}
    assert codes("no_color") <= {"0", "1", "2"}
    assert codes("ascii") == set()


# ---------------------------------------------------------------- every number, and a second witness of each
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NUMERIC)
def test_every_number_of_the_run_is_shown(name: str, width: int) -> None:
    run = numeric(name)
    text = bare(shown(name, "no_color", width))
    pen = Pen(run, RunOptions(), screen_of("no_color", width, io.StringIO()), Tally())
    numbers = [run.value(node) for node in run.graph.nodes_of("computed")]
    numbers += [run.gradient(node) for node in run.graph.nodes_of("parameter")]
    numbers += [update.after for update in run.updates]
    numbers += [path.product for node in run.graph.nodes_of("parameter") for path in run.paths(node)]
    missing = [x for x in numbers if not re.search(rf"(?<![\d.]){re.escape(pen.number(x))}(?![\d.])", text)]
    assert missing == []
    for node in run.graph.nodes_of("input", "parameter", "target"):
        assert f"{run.graph.name(node)} " in text.replace("=", " ")
        assert pen.value(node) in text


@pytest.mark.parametrize("name", ONE_STEP)
def test_the_gradients_shown_are_those_of_sympy_and_of_differences(name: str) -> None:
    run = numeric(name)
    text = read_out(name)
    slopes = by_sympy(run)
    loss = run.graph.name(run.graph.loss)
    found = dict(re.findall(rf"Sum of paths: d{loss}/d(\S+) = (\S+)\n", text))
    assert list(found) == [run.graph.name(node) for node in run.graph.nodes_of("parameter")]
    for parameter, number in found.items():
        pattern = rf"Sum of paths: d{loss}/d{re.escape(parameter)} = .*\nFinite difference: (\S+), check (ok|kink)"
        [(difference, verdict)] = re.findall(pattern, text)
        assert float(number) == pytest.approx(slopes[run.graph.id(parameter)], rel=1e-5, abs=1e-15)
        if verdict == "ok":
            assert float(difference) == pytest.approx(float(number), rel=2e-5, abs=1e-12)


def by_sympy(run: trace.Trace) -> dict[int, float]:
    """d(loss)/d(every node) by SymPy's derivative of every formula, from its definition."""
    net = run.graph
    slopes = {net.loss: 1.0}
    for node in sorted(net.nodes_of("computed"), key=lambda n: -int(net.levels[n])):
        for operand in net.node(node).operands:
            slope = witness(net.node_formula(node), net.name(operand), run.value)
            slopes[operand] = slopes.get(operand, 0.0) + slopes.get(node, 0.0) * slope
    return slopes


@pytest.mark.parametrize("name", ONE_STEP)
def test_the_local_derivatives_shown_are_those_of_sympy_and_of_differences(name: str) -> None:
    run = numeric(name)
    pattern = r"^ *d(\S+)/d(\S+) = (\S+), finite difference (\S+?)(?:, relative gap \S+)?, check (ok|kink)$"
    found = re.findall(pattern, read_out(name), re.M)
    assert len(found) == len(lesson.backward_edges(run.graph, inputs=False))
    for of, by, number, difference, verdict in found:
        expected = witness(run.graph.node_formula(run.graph.id(of)), by, run.value)
        assert float(number) == pytest.approx(expected, rel=1e-5)
        if verdict == "ok":
            assert float(difference) == pytest.approx(expected, rel=1e-5, abs=1e-12)


def test_the_values_shown_are_those_of_document_004() -> None:
    text = bare(shown("two_sigmoid_outputs", "no_color", 80))
    for line in (
        "  1 h1   = i1·w11 + i2·w12 + b1",
        "         = 0.05·0.15 + 0.1·0.20 + 0.35          = 0.3775    ✓",
        "  2 a_h1 = σ(h1) = 1 / (1 + exp(−h1))",
        " 11 Loss = L1 + L2",
        "  * assumed, the document doesn't state it:",
        "    w13 = 0.25  read off w13' = 0.25",
        "  w11 ── h1 ── a_h1 ┤                    ├─ Loss",
        "    1   · (−0.217072) · 0.175510 · 0.50  · 0.241301 · 0.05 = −0.000229828",
        "  ∂Loss/∂w11  path 1 + path 2                              =  0.000438568",
        "  finite difference (Loss(w11+h) − Loss(w11−h)) / 2h       =  0.000438568 ✓",
        "       = 0.15 − 0.5·0.000438568  = 0.149781",
    ):
        assert line in text.splitlines()


def test_the_forward_differences_of_document_002() -> None:
    options = RunOptions(parts=("local",), method="forward", h=1e-6, quiet=True)
    text = bare(shown("linear_two_errors", "no_color", 80, options))
    assert re.search(r"= 2·\(1\.2 − 2\.0\) += +−1\.6 +−1\.59999900 +✓", text)  # the document states −1.599999
    assert "derivative     formula" in text
    grads = ("de_total/dw21", "de_total/dw22", "de1/dw11", "de2/dw11")
    options = RunOptions(grads=grads, method="forward", h=1e-6, quiet=True)
    text = bare(shown("linear_two_errors", "no_color", 80, options))
    for number in ("−9.59996400", "−4.79996400", "−3.83999424", "−0.959998560"):  # the document's own
        assert re.search(rf"finite difference .* = +{re.escape(number)} ✓", text)


# ---------------------------------------------------------------- options
def test_the_recursive_view_calculates_each_upstream_gradient_once() -> None:
    text = bare(shown("two_sigmoid_outputs", "no_color", 80, RunOptions(("backward",), view="adjoints", quiet=True)))
    assert "  ∂Loss/∂o1   = ∂Loss/∂a_o1·∂a_o1/∂o1  used 5 times\n" in text
    assert "= 0.138499·0.4 + (−0.0380982)·0.50  =  0.0363503" in text
    assert "22 multiplications with each upstream gradient calculated once, 78 path by\n  path: 56 saved" in text


@pytest.mark.parametrize("name", ["w11", "dLoss/dw11", "∂Loss/∂w11", "dL/dw11", "w_11", " d Loss / d w11 "])
def test_one_derivative_is_found_by_any_spelling(name: str) -> None:
    net = graph_of("two_sigmoid_outputs")
    wanted = explain.requested(net, name)
    assert (wanted.of, wanted.by) == (net.loss, net.id("w11"))


def test_one_derivative_in_full() -> None:
    text = bare(shown("two_sigmoid_outputs", "no_color", 80, RunOptions(grads=("do1/db1",), quiet=True)))
    assert "     ┌─ h1 ── a_h1 ─┐  path 1\n  b1 ┤              ├─ o1\n" in text
    assert "  ∂o1/∂b1 = ∂o1/∂h1·∂h1/∂b1 + ∂o1/∂h2·∂h2/∂b1\n          = 0.0965203·1 + 0.108276·1 = 0.204796" in text
    assert "SymPy's derivatives of the formulas = 0.204796 ✓" in text


def test_derivatives_without_a_path() -> None:
    text = bare(shown("two_sigmoid_outputs", "no_color", 80, RunOptions(grads=("L1/w23", "h1/h1"), quiet=True)))
    assert "∂L1/∂w23 = 0  no path leads from w23 to L1" in text
    assert "∂h1/∂h1 = 1  a quantity by itself" in text


def test_all_that_is_not_there_is_named_at_once() -> None:
    with pytest.raises(RequestError) as caught:
        explain.wanted_of(graph_of("two_sigmoid_outputs"), ("w99", "w11", "dLoss/dq"))
    assert [problem.message for problem in caught.value.problems] == [
        "this scenario has no quantity called 'w99'", "this scenario has no quantity called 'q'"
    ]  # fmt: skip


def test_a_wrong_derivative_is_marked_and_the_run_says_so() -> None:
    run = numeric("two_sigmoid_outputs")
    wrong = trace.Trace(run.graph, run.values, run.adjoints * 1.001)
    stream = io.StringIO()
    screen = make_screen(stream, "never", False, 80)
    assert not terminal.show_run(wrong, run.graph, RunOptions(quiet=True), screen)
    assert re.search(r"finite difference .* = +0\.000438568 ✗\n", stream.getvalue())
    assert "✗ 24 of 34 derivatives agree" in stream.getvalue()
    assert not plain.show_run(wrong, run.graph, RunOptions(quiet=True), make_screen(stream, plain=True, environ={}))
    assert "Finite difference: 0.000438568, check WRONG" in stream.getvalue()


# ---------------------------------------------------------------- samples, kinks, large networks
def test_samples_are_told_apart_and_a_kink_is_no_mistake() -> None:
    text, agrees = text_of(XOR, RunOptions(quiet=True))
    assert agrees
    for part in (
        "Forward  sample 1 ─",
        "Loss  sample 2 ─",
        "Loss  all samples together ─",
        "h#2 = relu(w·x1#2 + v·x2#2)",
    ):
        assert part in text
    assert "a kink: relu'(0) = 0\n" in text
    assert re.search(r"∂L/∂w +0 +2 +1\n", text)  # sample 1, sample 2, mean of both
    assert re.search(r"at a kink: a difference decides\s+nothing there", text)


def test_only_the_samples_asked_for() -> None:
    text, _ = text_of(XOR, RunOptions(samples=(2,), quiet=True))
    assert "sample 1 ─" not in text
    assert "2 samples; in full: 2 (others: --samples)" in text
    assert "1 of 2 paths; those of the other samples add 0 " in text


def test_many_samples_are_listed_and_one_is_shown() -> None:
    more = "".join(f"[[samples]]\nx1 = {i}\nx2 = 1\ny = 1\n" for i in range(40))
    head, tail = XOR.split("[[samples]]")[0], XOR[XOR.index("[learning]") :]
    text, _ = text_of(head + more + tail, RunOptions(("forward",), quiet=True))
    assert text.count("sample 1 ─") == 2
    assert re.search(r"and 30 more: L from 0\.25 \(sample 1\) to \S+ \(sample 40\)", text)


def large(layers: int, units: int) -> str:
    names = [f"W{i}" for i in range(1, layers + 1)]
    weights = "".join(f'{name} = {{ shape = [{units}, {units}], value = "?" }}\n' for name in names)
    equations = "".join(
        f'h{i} = "tanh(W{i} @ {"x" if i == 1 else f"h{i - 1}"})"\n' for i in range(1, layers + 1)
    )  # fmt: skip
    return (
        f'format = 1\ntitle = "Deep"\n[inputs]\nx = {{ shape = [{units}], value = "?" }}\n[parameters]\n{weights}'
        f'[equations]\n{equations}E = "sum(h{layers}**2)"\n[learning]\nrate = 0.1\n'
    )


def test_a_large_network_is_summed_up() -> None:
    built = build(scenario.with_random(scenario.loads(large(10, 10)), 1))
    run = trace.run(built)
    for width in (40, 80):
        stream = io.StringIO()
        assert terminal.show_run(run, built, RunOptions(quiet=True), make_screen(stream, "never", False, width))
        lines = stream.getvalue().splitlines()
        assert len(lines) < 250
        assert max(map(width_of, lines)) <= width
    assert "10,000,000,000" not in "\n".join(lines)
    assert re.search(
        r"Any one in full: bptutor run scenario --grad 'W\d+\[\d+,\d+\]'", " ".join("\n".join(lines).split())
    )


def test_of_billions_of_paths_the_largest_are_shown_and_the_rest_is_added() -> None:
    built = build(scenario.with_random(scenario.loads(large(10, 10)), 1))
    run = trace.run(built)
    stream = io.StringIO()
    terminal.show_run(run, built, RunOptions(grads=("W1[1,1]",), quiet=True), make_screen(stream, "never", False, 120))
    assert "by 1,000,000,000 paths" in stream.getvalue()
    assert "the 16 largest of 1,000,000,000 paths; the others add " in stream.getvalue()


def test_names_in_brackets_are_no_markup() -> None:
    built = build(scenario.with_random(scenario.loads(large(1, 2)), 1))
    stream = io.StringIO()
    terminal.show_run(trace.run(built), built, RunOptions(quiet=True), make_screen(stream, "always", False, 80))
    assert "∂E/∂W1[1,2]" in bare(stream.getvalue())


# ---------------------------------------------------------------- the picture
def routes(drawing: picture.Drawing) -> set[tuple[str, ...]]:
    """All ways through a picture from left to right, by following its lines: the names met on each."""
    joints = {char: set(directions.split()) for directions, char in UNICODE_GLYPHS.corners.items()}
    opposite = {"up": "down", "down": "up", "right": "left"}
    found: set[tuple[str, ...]] = set()
    width = drawing.width

    def follow(row: int, column: int, coming: str, names: tuple[str, ...]) -> None:
        while True:
            if column >= width:
                found.add(names)
                return
            char = drawing.rows[row][column]
            if char in joints:
                if opposite[coming] not in joints[char]:
                    return
                ways = [way for way in ("up", "down", "right") if way in joints[char] and way != opposite[coming]]
                for way in ways:
                    step = {"up": (-1, 0), "down": (1, 0), "right": (0, 1)}[way]
                    follow(row + step[0], column + step[1], way, names)
                return
            if char == " ":
                column += 1
                continue
            name = re.match(r"\S+?(?=[ ─┌┤├┼┬└]|$)", drawing.rows[row][column:])
            assert name is not None
            names = (*names, name[0])
            column += len(name[0])

    follow(drawing.at, 0, "right", ())
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sets(st.integers(1, 3), min_size=1), min_size=2, max_size=6))
def test_a_picture_has_exactly_the_paths_there_are(steps: list[set[int]]) -> None:
    """Random graphs: node i is used by the nodes i + step; the last one is the loss."""
    last = len(steps)
    following = {i: sorted({min(i + step, last) for step in found}) for i, found in enumerate(steps)}
    drawing = picture.draw(0, last, lambda n: following.get(n, []), lambda n: f"n{n}", UNICODE_GLYPHS.corners, 10_000)
    paths = list(ways_through(following, 0, last))
    if drawing is None:
        assert len(paths) > 3
        return
    assert len({width_of(row) for row in drawing.rows}) == 1
    assert routes(drawing) == {tuple(f"n{n}" for n in path) for path in paths}


def ways_through(following: dict[int, list[int]], node: int, last: int):  # type: ignore[no-untyped-def]
    if node == last:
        yield (node,)
        return
    for user in following[node]:
        yield from ((node, *rest) for rest in ways_through(following, user, last))


# ---------------------------------------------------------------- streams
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "cp850", "latin-1"])
def test_a_console_that_cannot_show_the_signs_gets_ascii(encoding: str) -> None:
    class Console(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    screen = make_screen(Console(raw, encoding=encoding), "auto", None, 80, environ={"TERM": "xterm"})
    terminal.show_run(numeric("two_sigmoid_outputs"), graph_of("two_sigmoid_outputs"), RunOptions(), screen)
    screen.stream.flush()
    assert b"dLoss/dw11" in raw.getvalue()
    assert bare(raw.getvalue().decode(encoding)).isascii()


def test_a_file_is_written_in_utf_8_whatever_the_code_page() -> None:
    raw = io.BytesIO()
    screen = make_screen(io.TextIOWrapper(raw, encoding="cp1252"), environ={})
    terminal.show_run(numeric("two_sigmoid_outputs"), graph_of("two_sigmoid_outputs"), RunOptions(quiet=True), screen)
    screen.stream.flush()
    assert "∂Loss/∂w11" in raw.getvalue().decode("utf-8")


def test_an_encoding_asked_for_is_kept() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    assert make_screen(stream, environ={"PYTHONIOENCODING": "cp1252"}).glyphs is ASCII_GLYPHS
    assert stream.encoding == "cp1252"


@pytest.mark.parametrize(("environ", "color", "styled"), [
    ({}, "auto", False),
    ({"FORCE_COLOR": "1"}, "auto", True),
    ({"FORCE_COLOR": "0"}, "auto", False),
    ({"FORCE_COLOR": ""}, "auto", False),
    ({"FORCE_COLOR": "1"}, "never", False),
    ({"NO_COLOR": "1"}, "always", True),
])  # fmt: skip
def test_when_a_pipe_gets_styles(environ: dict[str, str], color: str, styled: bool) -> None:
    stream = io.StringIO()
    screen = make_screen(stream, color, False, 80, environ=environ)  # type: ignore[arg-type]
    terminal.show_run(numeric("linear_two_errors"), graph_of("linear_two_errors"), RunOptions(), screen)
    assert ("\x1b[" in stream.getvalue()) == styled


def test_a_dumb_terminal_is_plain() -> None:
    assert make_screen(Terminal(), environ={"TERM": "dumb"}).plain
    assert make_screen(Terminal(), environ={"TERM": "xterm", "BPTUTOR_PLAIN": "1"}).plain
    assert not make_screen(Terminal(), environ={"TERM": "xterm"}).plain


def test_the_hint_leaves_a_pipe_alone() -> None:
    out, err = io.StringIO(), io.StringIO()
    screen = make_screen(out, errors=err, environ={})
    terminal.show_run(numeric("linear_two_errors"), graph_of("linear_two_errors"), RunOptions(), screen)
    assert err.getvalue().startswith("Next: bptutor run linear_two_errors ")
    assert "Next:" not in out.getvalue()


def test_the_width_comes_from_columns_else_it_is_80() -> None:
    assert make_screen(io.StringIO(), environ={}).width == 80
    assert make_screen(io.StringIO(), environ={"COLUMNS": "132"}).width == 132
    assert make_screen(io.StringIO(), width=7, environ={}).width == 20


def test_ascii_spells_what_it_cannot_show() -> None:
    assert to_ascii("∂L/∂δ₁ = ½·ŷ² − é → ≈ 你") == "dL/ddelta1 = 1/2*yhat^2 - e -> ~ ?"


# ---------------------------------------------------------------- measuring
@pytest.mark.parametrize(("text", "width", "lines"), [
    ("a·b + c·d + e", 20, ["a·b + c·d + e"]),
    ("a·b + c·d + e", 8, ["a·b", "+ c·d", "+ e"]),
    ("w_very_long_name", 5, ["w_very_long_name"]),
    ("(t1 − o1)² + (t2 − o2)²", 16, ["(t1 − o1)²", "+ (t2 − o2)²"]),
    ("1 / (1 + 5.82843)", 16, ["1", "/ (1 + 5.82843)"]),
    ("aaa·bbb + ccc·(−0.5) + ddd·eee", 19, ["aaa·bbb", "+ ccc·(−0.5)", "+ ddd·eee"]),
    ("p·(aaaaa + bbbbb + ccccc) + d", 26, ["p·(aaaaa + bbbbb + ccccc)", "+ d"]),
    ("exp(a·b + (−0.13)·c + d·(−0.11) + e·f)", 28, ["exp(a·b + (−0.13)·c", "  + d·(−0.11) + e·f)"]),
    ("σ(h1) = 1 / (1 + exp(−h1))", 22, ["σ(h1)", "= 1 / (1 + exp(−h1))"]),
    ("max(aaaaaa + bbbbbb, cccccc + ddd)", 20, ["max(aaaaaa + bbbbbb,", "cccccc + ddd)"]),
])  # fmt: skip
def test_a_formula_breaks_before_an_operator(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


@given(st.text("ab1 +−·/()=,", max_size=60), st.integers(4, 40))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    assert "".join("".join(wrapped(text, width)).split()) == "".join(text.split())


def _balanced(term: str) -> bool:
    depths = list(accumulate({"(": 1, ")": -1}.get(sign, 0) for sign in term))
    return min(depths) >= 0 and depths[-1] == 0


@given(st.lists(st.text("ab1·()", min_size=1, max_size=9), min_size=2, max_size=12), st.integers(8, 40))
def test_no_term_that_fits_on_a_line_is_torn(terms: list[str], width: int) -> None:
    terms = [term for term in terms if _balanced(term)]
    shown = " + ".join(terms)
    torn = [line for line in wrapped(shown, width)[1:] if not line.startswith("+ ")]
    assert torn == [] or any(len(term) + 2 > width for term in terms)


def test_a_long_formula_is_broken_in_time_that_grows_with_its_length() -> None:
    text = "exp(" + " + ".join(f"(x̂{i}·w{i} + b)·2" for i in range(20_000)) + ")"
    begun = time.process_time()
    lines = wrapped(text, 60)
    assert time.process_time() - begun < 5
    assert max(map(width_of, lines)) <= 60


def test_numbers_stand_point_under_point() -> None:
    assert aligned(["0.3775", "−12.5", "1", "1.5e-9"]) == ["  0.3775", "−12.5   ", "  1     ", "  1.5e-9"]


def test_local_formulas_are_those_of_symbolic() -> None:
    """The screen's formula, evaluated, is the value beside it."""
    from backprop_tutor.formulas.evaluate import evaluate

    run = numeric("matrix_softmax")
    for result, operand in lesson.backward_edges(run.graph):
        formula = lesson.local_formula(run.graph, result, operand)
        assert evaluate(formula, run.value) == pytest.approx(run.local(result, operand), rel=1e-12)
    assert symbolic.opaque("sigmoid") is symbolic.opaque("sigmoid")
