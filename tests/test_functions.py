"""Every row of the function table: right to the last digits from -1000 to 1000, its kinks said, its formulas true."""

from __future__ import annotations

import math
import re
import warnings
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from backprop_tutor.engine import check, program
from backprop_tutor.formulas import functions
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.expression import (
    Call,
    Constant,
    Expression,
    Group,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Sum,
)
from backprop_tutor.formulas.functions import COMPOSED, PRIMITIVES, REDUCTIONS, Primitive
from backprop_tutor.formulas.parse import parse
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.lesson import symbolic
from tests.random_networks import traced

POINTS = (-1000.0, -708.5, -50.0, -37.0, -10.0, -5.5, -1.0, -0.3, 0.3, 1.0, 5.5, 10.0, 37.0, 50.0, 708.5, 1000.0)
TINY = 1e-300  # below, double precision has no digits left to compare

by_name = pytest.mark.parametrize("row", PRIMITIVES, ids=lambda row: row.name)


def exactly(node: Expression, z: Any) -> Any:
    """A row's definition in mpmath's numbers: the truth, to as many digits as one likes."""

    def sub(part: Expression) -> Any:
        return exactly(part, z)

    match node:
        case Number(_, value):
            return mp.mpf(value.numerator) / value.denominator
        case Constant():
            return mp.pi
        case Name():
            return z
        case Group(inner):
            return sub(inner)
        case Negative(operand):
            return -sub(operand)
        case Sum(terms):
            return sum((sign * sub(term) for sign, term in terms), mp.mpf(0))
        case Product(factors):
            return mp.fprod(sub(factor) if how == "*" else 1 / sub(factor) for how, factor in factors)
        case Power(base, exponent):
            return sub(base) ** sub(exponent)
        case Call(name, arguments):
            own = {"max": max, "min": min, "abs": abs, "step": lambda x: mp.mpf(x > 0)}
            return (own.get(name) or getattr(mp, name))(*map(sub, arguments))
        case _:
            raise ValueError(node)


def inside(row: Primitive, z: float) -> bool:
    if row.name in ("exp", "sinh", "cosh") and abs(z) > 709:
        return z < 0 and row.name == "exp"
    return not row.domain or (z > 0 if row.domain == "z > 0" else abs(z) < 1)


@by_name
def test_value_and_slope_are_right_to_the_last_digits_without_a_warning(row: Primitive) -> None:
    points = [z for z in POINTS if inside(row, z)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = row.value(np.array(points))
        slopes = row.slope(np.array(points), values)
    definition = parse(row.definition)
    # 1 - tanh(1000)² is 10^-868; of erf, whose digits take their time, no more is needed than TINY has
    with mp.workdps(350 if row.name in ("erf", "gelu") else 900):
        for z, value, slope in zip(points, values, slopes, strict=True):
            true = exactly(definition, mp.mpf(z))
            true_slope = mp.diff(lambda x: exactly(definition, x), mp.mpf(z))
            assert math.isfinite(value)
            assert math.isfinite(slope)
            assert abs(value - true) <= 1e-13 * abs(true) + TINY, (z, value, mp.nstr(true, 20))
            assert abs(slope - true_slope) <= 1e-13 * abs(true_slope) + TINY, (z, slope, mp.nstr(true_slope, 20))


@by_name
def test_the_derivative_as_documents_write_it_is_the_slope(row: Primitive) -> None:
    for z in (0.3, 0.9, 2.5, -0.4, -2.1):
        if inside(row, z):
            a = float(row.value(np.array(z)))
            shown = evaluate(parse(row.derivative), {"z": z, "a": a}.__getitem__)
            assert math.isclose(shown, float(row.slope(np.array(z), np.array(a))), rel_tol=1e-12, abs_tol=1e-15)


@by_name
def test_what_is_used_at_a_kink_is_said_and_is_what_all_use(row: Primitive) -> None:
    assert bool(row.kinks) == bool(row.kink_rule)
    for kink in row.kinks:
        value = row.value(np.array(kink))
        slope = float(row.slope(np.array(kink), value))
        assert f"{row.name}'(0) = {slope:g}" in row.kink_rule
        run = traced(f'[parameters]\nw = {kink}\n[equations]\nL = "{row.name}(w)"\n')
        edge = (run.node("L"), run.node("w"))
        assert run.local(*edge) == slope
        assert evaluate(lesson.local_formula(run.graph, *edge), run.value) == slope
        if row.name != "step":  # step(0) itself is a convention
            assert symbolic.witness(run.graph.node_formula(edge[0]), "w", run.value) == slope
        for method in ("central", "forward"):
            [found] = check.check_locals(run, [edge], method)  # type: ignore[arg-type]
            assert found.kink
            assert found.agrees
            assert all(one.agrees for one in check.check_gradients(run, [edge[1]], method))  # type: ignore[arg-type]
        assert lesson.local_steps(run)[0].kink_rule == row.kink_rule


@pytest.mark.parametrize("kind", ["max", "min"])
def test_at_a_tie_the_first_takes_it(kind: str) -> None:
    run = traced(f'[parameters]\nu = 0.5\nv = 0.5\nw = 3\n[equations]\nm = "{kind}(u, v)"\nL = "m*w"\n')
    assert (run.local("m", "u"), run.local("m", "v")) == (1.0, 0.0)
    u, v, w = (run.node(name) for name in "uvw")
    m = run.node("m")
    assert [found.kink for found in check.check_locals(run, [(m, u), (m, v)])] == [True, True]
    assert [(found.kink, found.agrees) for found in check.check_gradients(run, [u, v, w])] == [
        (True, True), (True, True), (False, True),
    ]  # fmt: skip
    steps = {(step.result.name, step.operand.name): step for step in lesson.local_steps(run)}
    word = "largest" if kind == "max" else "smallest"
    assert steps["m", "u"].kink_rule == f"at a tie the first of the {word} takes it"
    assert steps["L", "w"].kink_rule == ""


def test_a_tie_among_elements_goes_to_the_first() -> None:
    run = traced('[parameters]\nz = [1, 4, 4, 2]\n[equations]\nL = "max(z) - min(z)"\n')
    assert [run.gradient(f"z[{i}]") for i in (1, 2, 3, 4)] == [-1, 1, 0, 0]
    kinks = [found.kink for found in check.check_gradients(run, run.graph.nodes_of("parameter"))]
    assert kinks == [False, True, True, False]


def test_a_relu_close_to_its_kink_is_no_kink() -> None:
    run = traced('[parameters]\nw = 1e-3\n[equations]\nL = "relu(w)"\n')
    [found] = check.check_gradients(run, [run.node("w")])
    assert (found.agrees, found.kink, found.value) == (True, False, 1.0)


def test_a_step_that_crosses_a_kink_decides_nothing() -> None:
    run = traced('[parameters]\nw = 1e-7\n[equations]\nL = "abs(w)"\n')
    [found] = check.check_gradients(run, [run.node("w")], h=1e-3)
    assert (found.agrees, found.kink) == (True, True)


# ---------------------------------------------------------------- losses and reductions at ±1000
FAR = [
    # formula of z = [1000, -1000] and y = [1, 0] or [0, 1]; value and gradient by z, from the mathematics
    ("softmax_cross_entropy(y, z)", [1, 0], 0.0, [0.0, 0.0]),
    ("softmax_cross_entropy(y, z)", [0, 1], 2000.0, [1.0, -1.0]),
    ("sigmoid_cross_entropy(y, z)", [1, 0], 0.0, [0.0, 0.0]),
    ("sigmoid_cross_entropy(y, z)", [0, 1], 2000.0, [1.0, -1.0]),
    ("logsumexp(z) + 0*sum(y)", [0, 1], 1000.0, [1.0, 0.0]),
    ("sum(softplus(z)*y)", [1, 1], 1000.0, [1.0, 0.0]),
    ("sum((y - softmax(z))**2)", [0, 1], 2.0, [0.0, 0.0]),
    ("cross_entropy(y, softmax(z))", [1, 0], 0.0, [0.0, 0.0]),
    ("binary_cross_entropy(y, sigmoid(z))", [1, 0], 0.0, [0.0, 0.0]),
    ("mse(y, tanh(z))", [1, -1], 0.0, [0.0, 0.0]),
    ("sum(silu(z)) + sum(gelu(z)) + 0*sum(y)", [0, 0], 2000.0, [2.0, 0.0]),
    ("sum(elu(z)*y)", [1, 1], 999.0, [1.0, 0.0]),
]


@pytest.mark.parametrize(("formula", "y", "value", "gradient"), FAR)
def test_losses_are_right_at_a_thousand(formula: str, y: list[int], value: float, gradient: list[float]) -> None:
    text = f'[parameters]\nz = [1000, -1000]\n[targets]\ny = {y}\n[equations]\nL = "{formula}"\n'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = traced(text)
        nodes = run.graph.nodes_of("parameter")
        assert run.loss == value
        assert [run.gradient(node) for node in nodes] == gradient
        assert all(found.agrees for found in check.check_gradients(run, nodes))


def test_a_softmax_keeps_its_digits_where_one_share_is_nearly_1() -> None:
    run = traced('[parameters]\nz = [40, 0, -3]\n[equations]\np = "softmax(z)"\nL = "p[1]"\n')
    with mp.workdps(60):
        powers = [mp.exp(z) for z in (40, 0, -3)]
        shares = [power / sum(powers) for power in powers]
        wanted = [shares[0] * (1 - shares[0]), -shares[0] * shares[1], -shares[0] * shares[2]]
        for i, slope in enumerate(wanted, 1):
            assert abs(run.local("p[1]", f"z[{i}]") - slope) <= 4e-16 * abs(slope)


def test_a_loss_of_exactly_0_is_refused_with_the_way_out() -> None:
    with pytest.raises(Exception, match="has no finite value") as caught:
        traced(
            "[parameters]\nz = [1000, -1000]\n[targets]\ny = [0, 1]\n[equations]\n"
            'p = "softmax(z)"\nL = "cross_entropy(y, p)"\n'
        )
    assert "use softmax_cross_entropy" in caught.value.problems[0].help  # type: ignore[attr-defined]


# ---------------------------------------------------------------- the table itself
def test_names_and_aliases_are_unique_and_found() -> None:
    rows = [*PRIMITIVES, *REDUCTIONS, *COMPOSED]
    spellings = [name for row in rows for name in (row.name, *row.aliases)]
    assert len(set(spellings)) == len(spellings)
    assert set(spellings) == set(functions.table())
    assert all(functions.table()[name].name in {row.name for row in rows} for name in spellings)
    assert functions.primitive("σ").name == "sigmoid"
    with pytest.raises(KeyError):
        functions.primitive("softmax")


GENERAL = [row.general for row in PRIMITIVES if row.general is not None]
ARGUMENTS = {
    "X": "[[0.6, -0.4, 1.1], [0.2, 0.5, -0.7]]", "Z": "[[0.6, -0.4], [0.2, 0.5]]", "A": "[[0.6, -0.4], [0.2, 0.5]]",
    "d": "0.5", "s": "0.3", "low": "-0.1", "high": "0.7",
    "y": "[0.3, 0.7]", "u": "[0.3, 0.7, 0.2]", "p": "[0.6, 0.4]", "q": "[0.5, 0.5]", "v": "[0.6, -0.4, 0.1]",
    "z": "[0.9, -0.4]", "r": "[0.9, -0.2]",
}  # fmt: skip


@pytest.mark.parametrize("row", [*COMPOSED, *GENERAL], ids=lambda row: f"{row.name}/{len(row.parameters)}")
def test_a_composed_function_is_what_its_formula_says(row: functions.Composed) -> None:
    """Written by its name and by its formula: the same loss and gradients, and differences that agree."""
    arguments = {name: f"{name}_0" for name in row.parameters}
    values = "".join(f"{arguments[name]} = {ARGUMENTS[name]}\n" for name in row.parameters)
    head = f"[parameters]\n{values}[equations]\n"
    body = re.sub(r"\b([A-Za-z]\w*)\b(?!\()", lambda found: arguments.get(found[1], found[1]), row.body)
    runs = [traced(f'{head}L = "sum({text})"\n') for text in (f"{row.name}({', '.join(arguments.values())})", body)]
    assert runs[0].loss == runs[1].loss
    assert np.array_equal(runs[0].adjoints, runs[1].adjoints)
    nodes = runs[0].graph.nodes_of("parameter")
    for node, found in zip(nodes, check.check_gradients(runs[0], nodes), strict=True):
        assert found.agrees, (runs[0].graph.name(node), found)


def test_softmax_along_rows_and_columns() -> None:
    """Ng has samples in columns, others have them in rows: the matrix alone does not say."""
    head = "[parameters]\nZ = [[1, 2, 0.5], [0.3, -1, 0.2]]\n[equations]\n"
    rows = traced(head + 'P = "row_softmax(Z)"\ns = "row_sum(P)"\nL = "sum(s*s) + P[1,1]"\n')
    columns = traced(head + 'P = "column_softmax(Z)"\ns = "column_sum(P)"\nL = "sum(s*s) + P[1,1]"\n')
    assert [rows.value(f"s[{i},1]") for i in (1, 2)] == pytest.approx([1, 1])
    assert [columns.value(f"s[{i}]") for i in (1, 2, 3)] == pytest.approx([1, 1, 1])
    assert rows.value("P[1,1]") == pytest.approx(math.exp(1) / (math.exp(1) + math.exp(2) + math.exp(0.5)))
    assert columns.value("P[1,1]") == pytest.approx(math.exp(1) / (math.exp(1) + math.exp(0.3)))
    for run in (rows, columns):
        assert all(found.agrees for found in check.check_gradients(run, run.graph.nodes_of("parameter")))
    one = traced('[parameters]\nz = [[1], [2], [0.5]]\n[equations]\np = "softmax(z)"\nL = "sum(p*p) + logsumexp(z)"\n')
    assert one.value("p[2,1]") == pytest.approx(math.exp(2) / (math.exp(1) + math.exp(2) + math.exp(0.5)))


def test_a_scenarios_own_function_may_have_a_built_in_ones_name() -> None:
    """And then what is built in keeps its meaning inside of the others."""
    run = traced(
        '[functions]\n"sigmoid(x)" = "1/(1 + exp(-2*x))"\n"σ(x)" = "sigmoid(x)"\n"mean(a)" = "a + 1"\n'
        "[parameters]\nw = 0.3\nv = [1, 3]\n"
        '[equations]\na = "sigmoid(w)"\nb = "1/(1 + exp(-w))"\nc = "σ(w)"\nd = "mean(w)"\n'
        'e = "var(v)"\nL = "a + b + c + d + e"\n'
    )
    half, full = 1 / (1 + math.exp(-0.3)), 1 / (1 + math.exp(-0.6))
    assert [run.value(name) for name in "abcde"] == pytest.approx([full, half, full, 1.3, 1.0])
    for step in lesson.local_steps(run):
        assert step.check.agrees
        assert evaluate(step.formula, run.value) == pytest.approx(step.value)


def test_a_quantity_may_have_a_functions_name() -> None:
    """A call has brackets: σ is a standard deviation, and σ(z) a sigmoid."""
    run = traced(
        '[inputs]\n"σ" = 0.5\nsum = 2\n[parameters]\n"π" = 0.3\nmax = [1, 3]\n[equations]\n'
        'mean = "sum*sum(max)"\nL = "σ(π)*σ + mean(max)*mean + max(π, σ)"\n'
    )
    assert run.value("mean") == 8
    assert run.loss == pytest.approx(0.5 / (1 + math.exp(-0.3)) + 16 + 0.5)


def test_the_engine_uses_no_definition_and_the_witness_no_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    """Independence: with every slope broken SymPy's values stay; with every definition broken the engine's do."""
    run = traced('[parameters]\nw = 0.7\n[equations]\nL = "tanh(w)"\n')
    formula = run.graph.node_formula(run.node("L"))
    right = symbolic.witness(formula, "w", run.value)

    def broken(z: functions.Array, a: functions.Array) -> functions.Array:
        raise AssertionError("the witness used the engine's rule")

    monkeypatch.setattr(functions.primitive("tanh").__class__, "slope", broken, raising=False)
    symbolic._derivative_written_out.cache_clear()
    assert symbolic.witness(formula, "w", run.value) == right
    monkeypatch.undo()
    monkeypatch.setattr(symbolic, "written_out", None)
    assert program.pullback(run.graph.groups[0].tree, [np.array([0.7])], np.array([1.0]))[0] == run.gradient("w")


@pytest.mark.parametrize(
    ("equations", "loss"),
    [
        ('p = "softmax(z)"\nL = "p[1] + 3*p[2]"\n', 1.0),
        ('L = "cross_entropy(y, softmax(z))"\n', 0.0),
        ('L = "softmax_cross_entropy(y, z)"\n', 0.0),
        ('L = "softmax_cross_entropy([0, 1], z)"\n', 2000.0),
        ('L = "logsumexp(z)"\n', 1000.0),
        ('L = "logsumexp(-2*z - 3000)"\n', -1000.0),
        ('P = "row_softmax([z, 2*z])"\nL = "sum(P)"\n', 2.0),
    ],
)
def test_the_second_calculation_is_as_sound_as_the_first(equations: str, loss: float) -> None:
    run = traced(f"[inputs]\ny = [1, 0]\n[parameters]\nz = [1000, -1000]\n[equations]\n{equations}")
    assert run.loss == pytest.approx(loss)
    steps = lesson.forward_steps(run)
    assert all(step.agrees for step in steps), [(step.node.name, step.gap) for step in steps]


def test_a_second_calculation_without_a_value_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson, "evaluate", lambda *_: math.nan)
    run = traced('[parameters]\nw = 1\n[equations]\nL = "w*w"\n')
    [step] = lesson.forward_steps(run)
    assert (step.agrees, step.gap) == (False, math.inf)
