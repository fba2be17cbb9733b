"""How long a run is on the screen: what is summed up, what is said of it, how to see the rest; headings and words."""

from __future__ import annotations

import io
import re
import shlex

from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.formulas.digits import significant
from backprop_tutor.render.run import terminal
from backprop_tutor.render.run.options import RunOptions
from backprop_tutor.render.screen import make_screen, shell_lines
from backprop_tutor.scenario import loading as scenario
from tests.test_screens import text_of

GRU = """
[inputs]
x = [1, -0.5]
[parameters]
W = [[0.2, -0.3], [0.1, 0.4]]
U = [[0.1, 0.2], [0.3, -0.1]]
b = [0.1, 0.2]
[targets]
y = 0.3
[equations]
h1 = "tanh(W @ x + U @ x + b)"
h2 = "tanh(W @ h1 + U @ x + b)"
h3 = "tanh(W @ h2 + U @ h1 + b)"
h4 = "tanh(W @ h3 + U @ h2 + b)"
h5 = "tanh(W @ h4 + U @ h3 + b)"
h6 = "tanh(W @ h5 + U @ h4 + b)"
h7 = "tanh(W @ h6 + U @ h5 + b)"
L = "(sum(h7) - y)**2"
[learning]
rate = 0.1
"""


def test_what_is_summed_up_is_said_at_the_start_and_shown_on_request() -> None:
    text, agrees = text_of(GRU, RunOptions(quiet=True))
    assert agrees
    start = " ".join("\n".join(text.splitlines()[:5]).split())
    assert re.search(
        r"In full this takes about \d,?\d00 lines, so the gradients are summed up\. In full: --part backward, one "
        r"gradient with --grad NAME, everything with --all\.", start
    )  # fmt: skip
    assert len(text.splitlines()) < 500
    assert "The largest ─" in text
    assert "∂L/∂h1[1]" not in text.split("Gradients")[1]
    assert "∂h7[1]/∂W[1,1] = " in text
    for options in (RunOptions(all=True, quiet=True), RunOptions(parts=("backward",), quiet=True)):
        whole, _ = text_of(GRU, options)
        assert "summed up" not in whole
        assert whole.count("  finite difference") == 10


def test_a_formula_of_more_than_half_a_screen_is_told_and_not_shown() -> None:
    names = [f"w{i}" for i in range(1, 31)]
    text = "*".join(f"(1 + tanh({name}*x + sigmoid({name} + b))*{name})" for name in names)
    source = "[inputs]\nx = 0.3\n[parameters]\nb = 0.1\n" + "".join(f"{name} = 0.2\n" for name in names)
    source += f'[equations]\nL = "{text}"\n'
    shown, agrees = text_of(source, RunOptions(("forward",), quiet=True))
    assert agrees
    assert len(shown.splitlines()) < 20
    assert re.search(r"L += \(a formula of \d+ pieces; --all writes it out\)", " ".join(shown.split()))
    whole, _ = text_of(source, RunOptions(("forward",), all=True, quiet=True))
    assert "--all" not in whole
    assert "(1 + tanh(w30·x + σ(w30 + b))·w30)" in " ".join(whole.split())


# ---------------------------------------------------------------- headings, and one derivative in full
RECURRENT = """
[inputs]
x = 0.5
[parameters]
w = 0.4
v = 0.7
[targets]
t = 1
[equations]
h1 = "tanh(w*x)"
y1 = "v*h1"
L1 = "(y1 - t)**2"
h2 = "tanh(w*h1)"
y2 = "v*h2"
L2 = "(y2 - t)**2"
h3 = "tanh(w*h2)"
y3 = "v*h3"
L3 = "(y3 - t)**2"
L = "L1 + L2 + L3"
"""


def test_the_loss_has_one_heading_where_only_the_loss_is_left() -> None:
    text, _ = text_of(RECURRENT, RunOptions(("forward",), quiet=True))
    assert re.findall(r"^(\w+) ─+$", text, re.M) == ["Given", "Forward", "Loss"]
    assert re.findall(r"^ *\d+ (\w+)", text.split("\nLoss ─")[1], re.M) == ["L3", "L"]
    no_target = '[parameters]\nw = 2\n[equations]\na = "w*w"\nL = "a + w"\n'
    text, _ = text_of(no_target, RunOptions(("forward",), quiet=True))
    assert re.findall(r"^(\w+) ─+$", text, re.M) == ["Given", "Forward", "Loss"]


def test_one_derivative_of_many_paths_has_no_holes() -> None:
    text, agrees = text_of(RECURRENT, RunOptions(grads=("w",), quiet=True))
    assert agrees
    uses, recursive = text.split("Sum over its uses")[1], text.split("Recursively")[1]
    assert re.search(r"in h1 += ∂L/∂h1·∂h1/∂w\n", uses)
    assert re.search(r"∂L/∂w += the sum of all 3", uses)
    used = set(re.findall(r"(∂L/∂\w+)·", recursive))
    derived = set(re.findall(r"^ *(∂L/∂\w+) +=", recursive + text.split("Its factors")[1], re.M))
    assert used <= derived | {"∂L/∂L1", "∂L/∂L2", "∂L/∂L3"}
    assert "SymPy's derivatives of the formulas" in text


def test_what_only_rounding_is_left_of_adds_nothing() -> None:
    text, _ = text_of(GRU, RunOptions(grads=("W[1,1]",), quiet=True))
    [rest] = re.findall(r"the others add\s+(\S+)", text)
    assert "e-1" not in rest


# ---------------------------------------------------------------- words
def test_one_value_agrees() -> None:
    text, _ = text_of('[parameters]\nw = 2\n[equations]\nL = "w*w"\n', RunOptions(quiet=True))
    assert "the 1 value agrees with a second calculation" in text
    assert "all 2 derivatives agree" in text


def test_the_next_command_fits_and_can_be_pasted() -> None:
    assert shell_lines("bptutor run a.toml --grad 'W[1,1]'", 80) == ["bptutor run a.toml --grad 'W[1,1]'"]
    lines = shell_lines("bptutor run /a/long/path/of/a.toml --set 'w=0.5' --grad 'W [1,1]'", 40)
    assert max(map(len, lines)) <= 40
    assert shlex.split(" ".join(line.removesuffix("\\") for line in lines)) == [
        "bptutor", "run", "/a/long/path/of/a.toml", "--set", "w=0.5", "--grad", "W [1,1]"
    ]  # fmt: skip


UNKNOWN = """
[inputs]
x = { shape = [20], value = "?" }
[parameters]
W = { shape = [20, 20], value = "?" }
[equations]
h = "tanh(W @ x)"
L = "sum(h**2)"
[learning]
rate = 0.1
"""


def test_a_large_network_without_numbers_shows_none() -> None:
    built = build(scenario.loads(UNKNOWN))
    stream = io.StringIO()
    assert terminal.show_run(None, built, RunOptions(quiet=True), make_screen(stream, "never", False, 80))
    text = stream.getvalue()
    assert "W   20 by 20 numbers, unknown" in text
    assert "summed up" in text
    assert "not a number" not in text
    assert "updated values" not in text


def test_few_gradients_that_are_summed_up_stand_as_matrices() -> None:
    text, _ = text_of(GRU, RunOptions(quiet=True))
    gradients = text.split("Gradients  ")[1].split("The largest")[0].splitlines()[1:]
    run = trace.run(build(scenario.loads(GRU)))

    def number(name: str) -> str:
        return significant(run.gradient(run.graph.id(name)), 6, "−")

    assert [re.findall(r"[−.\d]+(?!\w)", row.split("[")[1]) for row in gradients[:2]] == [
        [number("W[1,1]"), number("W[1,2]")],
        [number("W[2,1]"), number("W[2,2]")],
    ]
    assert gradients[0].startswith("  ∂L/∂W = [")
    assert "Sizes of the gradients" not in text
