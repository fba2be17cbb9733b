"""The equations of arrays on a run's screen: as their author wrote them, with the matrices, above their elements."""

from __future__ import annotations

import io
import re

import pytest

from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.render.run import markdown, plain
from backprop_tutor.render.run.options import RunOptions
from backprop_tutor.render.screen import make_screen
from backprop_tutor.scenario.loading import loads
from tests.test_screens import text_of

LAYER = """
[inputs]
x = [2, -5]
[parameters]
W = [[0.1, 0.3], [-0.2, 0.4], [1, 0]]
b = [0, 1, 2]
[targets]
y = 0.5
[functions]
"half(u)" = "u/2"
[equations]
z = "W @ x + b"
L = "half(sum(z) - y)**2 + mean(z**2)"
"""

FORWARD = RunOptions(parts=("forward",), quiet=True)


def forward_of(source: str, width: int = 80) -> list[str]:
    text, agrees = text_of(source, FORWARD, width)
    assert agrees
    return text.split("Forward ")[1].splitlines()


def test_an_array_is_shown_whole_above_its_elements_and_once() -> None:
    lines = forward_of(LAYER)
    assert lines[1:5] == [
        "    z = W @ x + b",
        "        [ 0.1  0.3]          [0]   [−1.3]",
        "      = [−0.2  0.4] @ [ 2] + [1] = [−1.4]",
        "        [ 1    0  ]   [−5]   [2]   [ 4  ]",
    ]
    assert sum("W @ x" in line for line in lines) == 1
    assert lines[6].startswith("  1 z[1] = W[1,1]·x[1]")


def test_a_number_of_arrays_has_its_own_formula_before_that_of_the_elements() -> None:
    lines = [line.strip() for line in forward_of(LAYER)]
    at = next(i for i, line in enumerate(lines) if re.match(r"\d+ L ", line))
    assert "half(sum(z) − y)² + mean(z²)" in lines[at]
    assert lines[at + 1].startswith("= ")
    assert "z[1] + z[2] + z[3]" in lines[at + 1]


def test_own_functions_are_given() -> None:
    text, _ = text_of(LAYER, FORWARD)
    assert "  functions   half(u) = u / 2" in text.splitlines()


@pytest.mark.parametrize("width", [40, 60, 80])
def test_what_does_not_fit_is_left_out_and_nothing_is_wider(width: int) -> None:
    wide = LAYER.replace("[2, -5]", "[2.123456, -5.123456]").replace("[0.1, 0.3]", "[0.123456, 0.345678]")
    lines = forward_of(wide, width)
    assert lines[1] == "    z = W @ x + b"
    assert max(map(len, lines)) <= width


def test_a_vector_left_of_a_matrix_lies() -> None:
    text = "\n".join(forward_of(LAYER.replace("W @ x + b", "x @ transpose(W) + b")))
    assert re.search(r"= \[2  −5\] @ transpose\(\[−0\.2  0\.4\]\) \+ \[0  1  2\] = \[−1\.3  −1\.4  4\]", text)


def test_intermediate_results_stand_in_their_formula() -> None:
    source = LAYER.replace('z = "W @ x + b"', 'q = "W @ x + b"\nz = "(q - mean(q))/std(q)"')
    text = "\n".join(forward_of(source))
    assert "z = (q − mean(q)) / √(mean((q − mean(q))²))" in text


def test_markdown_has_matrices_without_needless_brackets() -> None:
    run = trace.run(build(loads(LAYER)))
    text, agrees = markdown.run_text(run, run.graph, FORWARD)
    assert agrees
    assert r"z &= W x + b \\" in text
    assert r"&= \begin{pmatrix} 0.1 & 0.3 \\ -0.2 & 0.4 \\ 1 & 0 \end{pmatrix} \begin{pmatrix} 2 \\ -5" in text
    assert r"Function $" in text


def test_the_plain_reading() -> None:
    run = trace.run(build(loads(LAYER)))
    stream = io.StringIO()
    assert plain.show_run(run, run.graph, FORWARD, make_screen(stream, plain=True))
    text = stream.getvalue()
    assert "Array z = W @ x + b, 3 elements\nStep 1. z[1] = " in text
    assert "Function half(u) = u / 2\n" in text


def test_an_element_counted_from_the_end_is_that_element() -> None:
    source = LAYER.replace("W @ x + b", "W @ x + b*x[-1]")
    text = "\n".join(forward_of(source))
    assert "z = W @ x + b·x[-1]" in text.replace("x[−1]", "x[-1]")
    assert re.search(r"\[1\]·\(−5\) = \[", text)
    run = trace.run(build(loads(source)))
    assert r"\cdot \left(-5\right)" in markdown.run_text(run, run.graph, FORWARD)[0]


def test_parts_of_arrays_are_drawn() -> None:
    source = LAYER.replace("W @ x + b", "W[2:3,1]*x[1] + b[1:2]").replace("sum(z)", "sum(z) + W[1,2]")
    text = "\n".join(forward_of(source))
    assert re.search(r"= \[−0\.2\]·2 \+ \[0\] = \[−0\.4\]\n +\[ 1  \] +\[1\]   \[ 3  \]", text)


def test_products_of_elements_have_a_sign_of_their_own() -> None:
    lines = forward_of(LAYER.replace("W @ x + b", "2*b*(W @ x)/3 + b*W[:,1]"), 100)
    assert lines[1] == "    z = 2·b ⊙ (W @ x) / 3 + b ⊙ W[:,1]"
    run = trace.run(build(loads(LAYER.replace("W @ x + b", "b*(W @ x)/3"))))
    assert r"\odot \frac{W x}{3}" in markdown.run_text(run, run.graph, FORWARD)[0]


def test_a_result_that_does_not_fit_behind_the_numbers_has_a_line_of_its_own() -> None:
    lines = forward_of(LAYER.replace("W @ x + b", "tanh(W @ x + b + W @ x + b + W @ x - 3*b)/2"), 60)
    assert lines[1:5] == [
        "    z = tanh(W @ x + b + W @ x + b + W @ x − 3·b) / 2",
        "        [−0.499590]",
        "      = [−0.500000]",
        "        [ 0.499665]",
    ]


def test_a_given_array_stands_as_a_matrix_and_its_elements_by_themselves_where_they_have_names() -> None:
    source = LAYER.replace("[0, 1, 2]", "[[[0, 1], [2, 3]], [[-4, 5.50], [6, 7]]]").replace("@ x + b", "@ x + sum(b)")
    text = text_of(source, RunOptions(parts=("forward",), quiet=True))[0]
    assert text.split("Given ")[1].splitlines()[1:8] == [
        "  inputs      x = [2  −5]",
        "  parameters  W = [ 0.1  0.3]",
        "                  [−0.2  0.4]",
        "                  [ 1    0  ]",
        "              b[1] = [0  1]",
        "                     [2  3]",
        "              b[2] = [−4  5.50]",
    ]
    named = text_of(source + '[elements]\nW = "w{i}{j}"\n', RunOptions(parts=("forward",), quiet=True))[0]
    assert "w11 = 0.1" in named
    assumed = source.replace("x = [2, -5]", 'x = { value = [2, -5], assumed = "a guess" }')
    assert "x[1] = 2 *" in text_of(assumed, RunOptions(parts=("forward",), quiet=True))[0]
