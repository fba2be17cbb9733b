"""Update rules written in a scenario, and several update steps in a row."""

# ruff: noqa: E501  (a sentence stays on one line, as it is printed)
from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.engine.learning import course, retraced, states, steps_of
from backprop_tutor.errors import RequestError, ScenarioError
from backprop_tutor.lesson import by_hand
from backprop_tutor.render.lines import width_of
from backprop_tutor.render.run.several_steps import chosen, curve
from backprop_tutor.scenario import loading as scenario
from tests.program import Done

Run = Callable[..., Done]

HEAD = """\
[inputs]
x = 2
[parameters]
w1 = 1
b = 0
[targets]
y = 1
[equations]
L = "(y - w1*x - b)**2/2"
"""


def network(learning: str, head: str = HEAD) -> trace.Trace:
    return trace.run(build(scenario.loads(head + learning, "t")))


def ran(learning: str, steps: int) -> list[dict[str, float]]:
    """The parameters after each step."""
    run = network(learning)
    names = [run.graph.name(node) for node in run.graph.nodes_of("parameter")]
    return [
        {name: float(state.values[run.graph.id(name)]) for name in names} for state in islice(states(run), 1, steps + 1)
    ]


def slopes(w: float, b: float) -> tuple[float, float]:
    """The gradient of the small network, by hand."""
    error = 2 * w + b - 1
    return 2 * error, error


# ---------------------------------------------------------------- rules
def test_momentum_by_hand() -> None:
    found = ran('[learning]\nrate = 0.1\n[learning.update]\nv = "beta*v + g"\nw = "w - rate*v"\n'
                "[learning.values]\nbeta = 0.9\n", 3)  # fmt: skip
    assert found[0] == pytest.approx({"w1": 0.8, "b": -0.1})
    assert found[1] == pytest.approx({"w1": 0.52, "b": -0.24})
    assert found[2] == pytest.approx({"w1": 0.308, "b": -0.346})


def test_adam_against_the_standard_library() -> None:
    run = trace.run(build(scenario.load("adam_two_steps")))
    w = [1.0, 0.0]
    m, v = [0.0, 0.0], [0.0, 0.0]
    for state in islice(states(run), 1, 21):
        for i, g in enumerate(slopes(*w)):
            m[i], v[i] = 0.9 * m[i] + 0.1 * g, 0.999 * v[i] + 0.001 * g * g
        for i in range(2):
            mhat, vhat = m[i] / (1 - 0.9**state.number), v[i] / (1 - 0.999**state.number)
            w[i] -= 0.1 * mhat / (math.sqrt(vhat) + 1e-8)
        assert [float(state.values[node]) for node in run.graph.nodes_of("parameter")] == pytest.approx(w, rel=1e-12)


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        ('w = "w - rate*g"', (1 - 0.1 * 2, -0.1)),
        ('w = "w - 0.1*sign(g)"', (0.9, -0.1)),
        ('w = "w - rate*(g + decay*w)"\n[learning.values]\ndecay = 0.5', (1 - 0.1 * 2.5, -0.1)),
        ('s = "s + g**2"\nw = "w - rate*g/sqrt(s)"\n[learning.values]\ns = 0', (0.9, -0.1)),
        ('s = "s + g**2"\nw = "w - rate*g/sqrt(s)"\n[learning.values]\ns = 12', (1 - 0.2 / 4, -0.1 / math.sqrt(13))),
        ('w = "w - rate/t*f(g)"', (1 - 0.1 * 1, -0.1)),
        ('w = "w - rate*g*min(1, 1/norm(g))"', (1 - 0.1 * 2 / math.sqrt(5), -0.1 / math.sqrt(5))),
        ('c = "min(1, k/||k*g||)"\nw = "w - c*g"\n[learning.values]\nk = 2', (1 - 2 / math.sqrt(5), -1 / math.sqrt(5))),
        ('u = "g/max(abs(g)) + sum(g^2) - mean(w)"\nw = "w - u"', (1 - (1 + 5 - 0.5), -(0.5 + 5 - 0.5))),
        ('step1 = "rate*g"\nw = "w - step1"', (0.8, -0.1)),
        ('v = "0.9*v - rate*g"\nw = "w - 0.9*old + 1.9*v"\nold = "v"', (1 - 1.9 * 0.2, -1.9 * 0.1)),
        ('w = "w - rate*max(-1, min(1, g))"', (0.9, -0.1)),
    ],
)
def test_rules_of_courses(rule: str, after: tuple[float, float]) -> None:
    own = '[functions]\n"f(z)" = "z/max(1, abs(z))"\n'
    run = network(f"{own}[learning]\nrate = 0.1\n[learning.update]\n{rule}\n")
    assert tuple(update.after for update in run.updates) == pytest.approx(after, rel=1e-12)


def test_without_a_rule_the_step_is_plain_descent_to_the_last_bit() -> None:
    run = network("[learning]\nrate = 0.3\n")
    for update in run.updates:
        assert update.after == update.before - 0.3 * update.gradient
    rule = network('[learning]\nrate = 0.3\n[learning.update]\nw = "w - rate*g"\n')
    assert [update.after for update in rule.updates] == [update.after for update in run.updates]


def test_a_rule_has_no_need_of_a_rate() -> None:
    assert network('[learning.update]\nw = "w - 0.5*g"\n').updates[0].after == 0
    assert network("").updates == ()


def test_a_person_who_rounds_works_every_line_of_the_rule() -> None:
    run = trace.run(build(scenario.load("adam_two_steps")))
    steps = [step for step in by_hand.work(run, 2).steps if step.part == "update"]
    assert [step.hand for step in steps] == [0.9, -0.1]


RATE = "[learning]\nrate = 0.1\n"


# Each row: what follows the network in the file, and what is said about it as "line:column sentence | remedy".
FAULTS = [
    (RATE + '[learning.update]\nw = "w - rate*q"\n', "13:15 the rule has nothing called 'q' | it knows w, g, rate, t; give numbers under [learning.values]"),
    (RATE + '[learning.update]\nw = "w - rate*w1"\n', "13:15 the rule has nothing called 'w1' | did you mean 'w'?"),
    (RATE + '[learning.update]\nw = "w - rate*"\n', "13:14 the formula ends too early | "),
    ('[learning.update]\nw = "w - rate*g"\n', "11:10 the rule uses 'rate', and [learning] has none | write rate = 0.1 there"),
    (RATE + '[learning.update]\nw = "w - rate*g/prod(g)"\n', "13:17 'prod' needs several numbers, and a rule works on one parameter at a time | norm(g), sum, mean, max and min are those of all parameters together"),
    (RATE + '[learning.update]\nw = "w - rate*dot(g, w)"\n', "13:15 'dot' needs several numbers, and a rule works on one parameter at a time | norm(g), sum, mean, max and min are those of all parameters together"),
    (RATE + '[learning.update]\nv = "2*g"\nw = "w - rate*v/norm(v)"\n', "14:22 'norm' is one number of all parameters, so it can hold their w and g only | write norm(g), or sum(g**2)"),
    (RATE + '[learning.update]\nw = "w @ g"\n', "13:6 '@' is the product of matrices, and these are two numbers | write *"),
    (RATE + '[learning.update]\nw = "w - g/0"\n', "13:10 this divides by zero | "),
    (RATE + '[learning.update]\ng = "2*g"\nw = "w - g"\n', "13:1 'g' is the gradient in a rule, so nothing else can have that name | choose another name"),
    (RATE + '[learning.update]\nw = "w - L"\n', "13:10 the rule has nothing called 'L' | it knows w, g, rate, t; give numbers under [learning.values]"),
    (RATE + '[learning.update]\nb = "b + g"\nw = "w - b"\n', "13:1 'b' is in [parameters] already | a rule needs names of its own: choose another"),
    (RATE + '[learning.update]\nv = "v + g"\n', "12:1 [learning.update] doesn't say what becomes of a parameter, w | write w = \"w - rate*g\", w being every parameter and g its gradient"),
    (RATE + "[learning.values]\nbeta = 1\n", "13:1 [learning.values] has numbers for a rule, and there is none | write the rule under [learning.update]"),
    (RATE + '[learning.update]\nw = "w - beta*g"\n[learning.values]\nbeta = "?"\n', "15:8 'beta' is the text '?', where a number belongs | write a number, for example 0.20"),
    (RATE + '[learning.update]\nw = "w - beta*g"\n[learning.values]\nbeta = nan\n', "15:8 'beta' is no finite number | write a number that is finite"),
    (RATE + '[learning.update]\nw = "w - t*g"\n[learning.values]\nt = 3\n', "15:1 't' is the number of the step in a rule, so nothing else can have that name | choose another name"),
    (RATE + 'update = "w - g"\n', "12:10 'update' is text, where a table belongs | write [learning.update] on a line of its own"),
    (RATE + "values = 3\n", "12:10 'values' is a number, where a table belongs | write [learning.values] on a line of its own"),
    (RATE + "steps = 0\n", "12:9 the number of steps is 0 | write a whole number from 1 to 10000"),
    (RATE + "steps = 2.5\n", "12:9 the number of steps is 2.5 | write a whole number from 1 to 10000"),
    (RATE + "steps = 20000\n", "12:9 the number of steps is 20000 | write a whole number from 1 to 10000"),
    (RATE + 'steps = "2"\n', "12:9 the number of steps is text | write a whole number from 1 to 10000"),
    (RATE + '[learning.update]\nw = ""\nv = "q"\n', "13:5 the formula of 'w' is empty | write it: \"x1*w1 + b1\""),
]  # fmt: skip


@pytest.mark.parametrize(("learning", "expected"), FAULTS)
def test_what_is_wrong_with_a_rule_is_said_where_it_stands(learning: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        build(scenario.loads(HEAD + learning))
    told = [f"{p.where.line}:{p.where.column} {p.message} | {p.help}" for p in caught.value.problems]
    assert told == [expected]


def test_a_rule_may_call_its_names_like_nothing_in_the_network_but_w_is_its_own() -> None:
    head = HEAD.replace("w1", "w").replace("y", "t")
    run = network('[learning]\nrate = 0.1\n[learning.update]\nw = "w - rate*g*t"\n', head)
    assert {run.graph.name(u.node): u.after for u in run.updates} == pytest.approx({"w": 0.8, "b": -0.1})


# ---------------------------------------------------------------- several steps
def test_steps_start_where_the_last_one_ended() -> None:
    run = network("[learning]\nrate = 0.1\n")
    w = [1.0, 0.0]
    for state in islice(states(run), 6):
        assert [float(state.values[run.graph.id(name)]) for name in ("w1", "b")] == pytest.approx(w)
        again = retraced(run.graph, state)
        assert again.loss == pytest.approx((2 * w[0] + w[1] - 1) ** 2 / 2)
        assert again.gradient("w1") == pytest.approx(slopes(*w)[0])
        assert again.graph.scenario.quantity("w1").texts is None
        w = [value - 0.1 * slope for value, slope in zip(w, slopes(*w), strict=True)]


def test_a_step_in_the_middle_is_the_run_of_a_scenario_with_those_numbers() -> None:
    run = trace.run(build(scenario.load("xor_four_samples")))
    state = next(islice(states(run), 3, 4))
    given = {run.graph.name(n): repr(float(state.values[n])) for n in run.graph.nodes_of("parameter")}
    fresh = trace.run(build(scenario.with_values(run.graph.scenario, given)))
    assert (fresh.values == state.values).all()
    assert (fresh.adjoints == state.adjoints).all()


def test_the_course_of_a_descent() -> None:
    done = course(network("[learning]\nrate = 0.1\n"), 20)
    assert [point.number for point in done.points] == list(range(21))
    assert done.points[0].largest == 2
    losses = [point.loss for point in done.points]
    assert losses == sorted(losses, reverse=True)
    assert done.lowest == done.points[-1]
    assert not done.broken


def test_a_descent_that_runs_away_ends_with_the_last_finite_step() -> None:
    done = course(network("[learning]\nrate = 1e60\n"), 50)
    assert done.broken
    assert 1 < len(done.points) < 10
    assert all(math.isfinite(point.loss) for point in done.points)


def test_how_many_steps_are_shown() -> None:
    assert steps_of(build(scenario.load("adam_two_steps")), None) == 2
    assert steps_of(build(scenario.load("adam_two_steps")), 5) == 5
    assert steps_of(build(scenario.load("two_sigmoid_outputs")), None) == 1
    with pytest.raises(RequestError, match="has unknowns"):
        steps_of(build(scenario.load("symbolic_cross_entropy")), 2)
    with pytest.raises(RequestError, match="needs a learning rate"):
        steps_of(build(scenario.load("circuit_with_upstream")), 2)


def test_of_many_steps_the_table_keeps_the_telling_ones() -> None:
    points = course(network("[learning]\nrate = 0.1\n"), 500).points
    shown = [point.number for point in chosen(points)]
    assert shown[:6] == [0, 1, 2, 3, 4, 5]
    assert shown[-1] == 500
    assert len(shown) < 20
    assert chosen(points[:12]) == list(points[:12])


@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("values", [[3.0, 2.0, 1.0, 0.5, 0.4], [1.0] * 7, [0.0, 5.0] * 300, [1e-9, 1e9, 1.0, 2.0, 3.0]])
def test_a_curve_has_its_size_and_touches_every_column(values: list[float], ascii: bool) -> None:
    drawn = curve(values, 30, 6, ascii)
    assert [width_of(row) for row in drawn] == [30] * 6
    assert all(any(row[column] != " " for row in drawn) for column in range(30))
    assert all(row.isascii() for row in drawn) is ascii
    if max(values) > min(values):
        assert drawn[0].strip()
        assert drawn[-1].strip()


# ---------------------------------------------------------------- what is shown
def test_every_step_is_shown_in_full_up_to_a_few(bptutor: Run) -> None:
    out = bptutor("run", "momentum_two_steps").out
    assert "v'  = beta·v + g\n        = 0.9·2 + 1      =  2.8" in out
    assert "w1' = w1 − rate·v'\n        = 0.8 − 0.1·2.8  =  0.52" in out
    assert [int(n) for n in re.findall(r"^Step (\d+)  with", out, re.M)] == [2]
    assert out.count("\nForward ") == out.count("\nUpdate ") == 2
    assert "all 10 derivatives agree" in out
    many = bptutor("run", "momentum_two_steps", "--steps", "30", "--part", "update").out
    assert [int(n) for n in re.findall(r"^Step (\d+)  with", many, re.M)] == [2, 3]
    assert "Steps  30 steps" in many
    assert "L after each step" in many


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", ["momentum_two_steps", "adam_two_steps", "two_sigmoid_outputs", "xor_four_samples"])
def test_no_line_of_the_steps_is_too_wide(process: Run, name: str, width: int) -> None:
    done = process("run", name, "--part", "update", "--steps", "40", env={"COLUMNS": str(width)})
    assert done.status == 0
    assert max(width_of(row) for row in done.out.splitlines()) <= width


def test_the_steps_in_ascii_and_read_out(bptutor: Run) -> None:
    shown = bptutor("run", "adam_two_steps", "--steps", "9", "--part", "update", "--ascii").out
    assert shown.isascii()
    assert re.search(r"\|\*+", shown)
    read = bptutor("run", "adam_two_steps", "--plain", "--part", "update").out
    assert read.isascii()
    assert "\nm' = beta1*m + (1 - beta1)*g\n  numbers: 0.9*0.2 + (1 - 0.9)*1.40000\n  m' = 0.320000\n" in read
    assert "after step 2: L 0.0829401, largest |gradient| 0.814568, of w1" in read


def test_a_descent_that_breaks_says_so(bptutor: Run) -> None:
    done = bptutor("run", "two_sigmoid_outputs", "--set", "rate=1e200", "--steps", "9", "--part", "update")
    assert done.status == 0
    broken = bptutor("run", "momentum_two_steps", "--set", "rate=1e60", "--steps", "50", "--part", "update").out
    assert "no finite number any more" in " ".join(broken.split())


def test_steps_as_json(bptutor: Run) -> None:
    shown = json.loads(bptutor("run", "momentum_two_steps", "--format", "json").out)
    assert [update["after"] for update in shown["updates"]] == [0.8, -0.1]
    assert [step["step"] for step in shown["steps"]] == [1, 2]
    assert shown["steps"][1]["parameters"] == pytest.approx({"w1": 0.52, "b": -0.24})
    assert [step["loss"] for step in shown["steps"]] == pytest.approx([0.125, 0.02])
    assert json.loads(bptutor("run", "momentum_two_steps", "--format", "json", "--steps", "1").out)["steps"] == []


def test_steps_as_markdown(bptutor: Run) -> None:
    page = bptutor("run", "adam_two_steps", "--format", "markdown").out
    assert r"\hat{m} &= \frac{m'}{1 - {\beta_{1}}^{t}} = \frac{0.2}{1 - {0.9}^{1}} = 2" in page
    assert re.findall(r"^# (.+)$", page, re.M) == ["Adam, two steps", "Step 2", "Steps: 2"]
    assert "| 2 | $0.0829401$ | $0.814568$ | $w_1$ |" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["circuit_with_upstream", "--steps", "3"], "--steps needs a learning rate, and this scenario has none"),
        (["symbolic_cross_entropy", "--steps", "3"], "--steps works with numbers, and this scenario has unknowns"),
        (["momentum_two_steps", "--steps", "0"], "0 is not in the range"),
        (["two_sigmoid_outputs", "--format", "json", "--steps", "10000", "--set", "rate=1e-9"], None),
    ],
)
def test_steps_that_cannot_be_taken(bptutor: Run, arguments: list[str], said: str | None) -> None:
    done = bptutor("run", *arguments)
    assert done.status == (2 if said else 0)
    assert (said or "") in done.err


def test_a_large_network_keeps_to_a_table(bptutor: Run) -> None:
    text = (
        "[inputs]\nx = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n[parameters]\nW = { shape = [10, 10] }\n"
        '[equations]\nz = "W @ x"\nL = "sum(z**2)/2"\n[learning]\nrate = 0.001\n'
    )
    shown = bptutor("run", "-", "--random", "3", "--steps", "8", stdin=text.encode()).out
    assert "Step 2" not in shown
    assert "100 parameters; --format json lists them" in shown
    assert re.search(r"^  8 ", shown, re.M)


def test_a_total_is_of_all_parameters_that_move_and_stands_above_them(bptutor: Run, tmp_path: Path) -> None:
    """x = (3, 4), dL/dy = 7: the gradient is (21, 28), its norm 35, and clipped to 5 it is (3, 4)."""
    text = """\
[inputs]
x = [3, 4]
[parameters]
w = [1, 1]
[equations]
y = "w @ x"
L = "y^2/2"
[learning]
rate = 0.1
[learning.update]
gc = "g*min(1, 5/norm(g))"
w = "w - rate*gc"
"""
    (tmp_path / "clip.toml").write_text(text)
    for options in ([], ["--plain"], ["--format", "markdown"], ["--by-hand", "3"]):
        shown = bptutor("run", str(tmp_path / "clip.toml"), "--part", "update", *options).out
        assert re.search(r"0\.7\b.*0\.6\b", shown, re.DOTALL), options
    shown = bptutor("run", str(tmp_path / "clip.toml"), "--part", "update").out
    assert "over all parameters: norm(g) = 35" in shown
    assert "21·min(1, 5 / 35)" in shown
    (tmp_path / "sheet.md").write_text("gc_w1 = 21*5/35 = 3\nw[2]' = 1 - 0.1*4 = 0.6\nw[1]' = 1 - 0.1*5 = 0.5\n")
    judged = bptutor("verify", str(tmp_path / "clip.toml"), str(tmp_path / "sheet.md"))
    assert re.findall(r"^([✓✗]) \d", judged.out, re.MULTILINE) == ["✓", "✓", "✗"]
    frozen = trace.run(build(scenario.loads(text.replace("rate = 0.1", 'rate = 0.1\nfrozen = ["u"]').replace(
        "w = [1, 1]", "w = [1, 1]\nu = 1").replace("w @ x", "w @ x*u"))))  # fmt: skip
    assert [update.after for update in frozen.updates] == pytest.approx([0.7, 0.6, 1])
