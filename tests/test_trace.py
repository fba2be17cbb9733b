"""The numbers of a run: paths and their counts, contributions, derivatives between any two quantities, updates."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import HealthCheck, given, settings

from backprop_tutor.engine import check, trace
from backprop_tutor.engine.trace import Trace
from backprop_tutor.errors import ScenarioError
from backprop_tutor.lesson.steps import forward_steps
from backprop_tutor.scenario.loading import load
from tests.random_networks import networks, traced

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def every_path(run: Trace, start: int, end: int) -> list[tuple[int, ...]]:
    """All chains by brute force, from the formulas' own operands."""
    users: dict[int, list[int]] = {}
    for node in run.graph.nodes_of("computed"):
        for operand in run.graph.node(node).operands:
            users.setdefault(operand, []).append(node)
    found, open_ends = [], [(start,)]
    while open_ends:
        path = open_ends.pop()
        if path[-1] == end:
            found.append(path)
        else:
            open_ends.extend((*path, user) for user in users.get(path[-1], []))
    return found


@QUICK
@given(networks())
def test_paths_are_all_there_and_add_up_to_the_adjoint(run: Trace) -> None:
    graph = run.graph
    for node in graph.nodes_of("parameter", "computed"):
        brute = every_path(run, node, graph.loss)
        assert run.path_count(node) == len(brute)
        paths = run.paths(node, len(brute))
        assert sorted(path.nodes for path in paths) == sorted(brute)
        size = sum(abs(path.product) for path in paths)
        assert math.isclose(sum(path.product for path in paths), run.gradient(node), rel_tol=1e-9, abs_tol=1e-12 * size)
        for path in paths:
            chain = zip(path.nodes, path.nodes[1:], strict=False)
            assert path.factors == tuple(run.local(result, operand) for operand, result in chain)
            assert math.isclose(path.product, math.prod(path.factors), rel_tol=1e-12, abs_tol=1e-300)


@QUICK
@given(networks())
def test_the_largest_paths_are_the_largest_in_order(run: Trace) -> None:
    for node in run.graph.nodes_of("parameter"):
        count = run.path_count(node)
        sizes = sorted((abs(path.product) for path in run.paths(node, count)), reverse=True)
        for limit in range(1, min(count, 6)):
            largest = run.paths(node, limit)
            assert len({path.nodes for path in largest}) == limit
            found = [abs(path.product) for path in largest]
            assert found == pytest.approx(sizes[:limit], rel=1e-12, abs=1e-300)


@QUICK
@given(networks())
def test_an_adjoint_is_the_sum_of_its_contributions(run: Trace) -> None:
    for node in run.graph.nodes_of("parameter", "computed"):
        if node != run.graph.loss:
            parts = run.contributions(node)
            # a local derivative whose terms cancel is rounding, and so is its share of what comes from above
            size = sum(abs(part.product) + abs(part.upstream) for part in parts)
            total = sum(part.product for part in parts)
            assert math.isclose(total, run.gradient(node), rel_tol=1e-9, abs_tol=1e-12 * size)


@QUICK
@given(networks())
def test_any_quantity_can_be_the_objective(run: Trace) -> None:
    graph = run.graph
    for end in graph.nodes_of("computed")[:4]:
        assert run.derivative(end, end) == 1.0
        for node in graph.nodes_of("parameter"):
            paths = run.paths(node, 10_000, of=end)
            parts = run.contributions(node, of=end)
            assert run.path_count(node, of=end) == len(paths) == len(every_path(run, node, end))
            size = sum(abs(path.product) for path in paths)
            for total in (sum(path.product for path in paths), sum(part.product for part in parts)):
                assert math.isclose(total, run.derivative(end, node), rel_tol=1e-9, abs_tol=1e-12 * size)


def layers(depth: int, width: int, weight: str) -> str:
    """A fully connected network of `depth` hidden layers whose weights are all one number."""
    shape = f"{{ shape = [{width}, {width}], value = {weight} }}"
    parameters = "".join(f"W{i} = {shape}\n" for i in range(1, depth + 1))
    equations = "".join(f'h{i} = "tanh(W{i} @ h{i - 1})"\n' for i in range(1, depth + 1))
    return (
        f"[inputs]\nh0 = {{ shape = [{width}], value = 0.5 }}\n[parameters]\n{parameters}"
        f'[equations]\n{equations}L = "sum(h{depth})"\n'
    )


@pytest.mark.parametrize("weight", ["0.3", "0"])
def test_thirty_layers_are_counted_and_their_largest_paths_found_at_once(weight: str) -> None:
    """10^29 paths; equal products (and zeros) must not make the search for the largest try them all."""
    run = traced(layers(30, 10, weight))
    begun = time.process_time()
    assert run.path_count("W1[1,1]") == 10**29
    assert run.path_count("h0[1]") == 10**30
    largest = run.paths("W1[1,1]", 5)
    assert time.process_time() - begun < 2
    assert len({path.nodes for path in largest}) == 5
    assert all(len(path.factors) == 31 for path in largest)
    assert [path.product for path in largest] == sorted((p.product for p in largest), key=abs, reverse=True)


def test_a_chain_of_thousands_of_steps() -> None:
    steps = 1200
    equations = "".join(f'h{i} = "tanh(w*h{i - 1} + 0.1)"\n' for i in range(1, steps + 1))
    run = traced(f'[inputs]\nh0 = 0.1\n[parameters]\nw = 0.5\n[equations]\n{equations}L = "h{steps}"\n')
    assert run.path_count("w") == steps
    assert math.isclose(sum(p.product for p in run.paths("w", 60)), run.gradient("w"), rel_tol=1e-9)


def test_equal_paths_keep_the_order_of_the_network() -> None:
    equations = "".join(f'h{i} = "w*{i % 2 + 1}"\n' for i in range(1, 9))
    total = " + ".join(f"h{i}" for i in range(1, 9))
    run = traced(f'[parameters]\nw = 1\n[equations]\n{equations}L = "{total}"\n')
    names = [[run.graph.name(node) for node in path.nodes] for path in run.paths("w", 5)]
    assert names == [["w", f"h{i}", "L"] for i in (1, 3, 5, 7, 2)]


def test_more_paths_than_a_float_can_hold_are_counted() -> None:
    """f(n) = f(n-1) + f(n-2): as many paths as Fibonacci's numbers, with 400 digits in the end."""
    chain = "".join(f'f{i} = "(f{i - 1} + f{i - 2})/2"\n' for i in range(2, 1900))
    run = traced(f'[parameters]\nw = 1\n[equations]\nf0 = "w"\nf1 = "w"\n{chain}L = "f1899"\n')
    one, two = 1, 1
    for _ in range(2, 1900):
        one, two = two, one + two
    assert run.path_count("w") == two


def test_what_does_not_lead_to_the_loss_has_no_path() -> None:
    run = traced('[parameters]\nw = 1\n[equations]\na = "w*2"\nL = "w*3"\n')
    assert run.path_count("a") == 0
    assert run.paths("a") == ()
    assert run.gradient("a") == 0
    assert run.contributions("a") == ()
    assert [run.graph.name(part.result) for part in run.contributions("w")] == ["L"]


def test_numbers_are_looked_up_by_name_or_node() -> None:
    run = trace.run(load("two_sigmoid_outputs"))
    node = run.graph.id("w11")
    assert run.value("w11") == run.value(node) == 0.15
    assert run.local("h1", "w11") == run.value("i1")
    assert run.local("o1", "w11") == 0.0
    assert run.derivative("o1", "w11") == run.local("o1", "a_h1") * run.local("a_h1", "h1") * run.local("h1", "w11")
    assert not run.values.flags.writeable
    assert not run.adjoints.flags.writeable


@pytest.mark.parametrize(
    ("equations", "message", "line"),
    [
        ('L = "1/w"\n', "'L' has no finite value (inf) at w = 0", 4),
        ('y = "[w, w]"\nz = "2/y"\nL = "sum(z)"\n', "'z[1]' has no finite value (inf) at y[1] = 0", 5),
        ('L = "sqrt(w)"\n', "the derivative of 'L' by 'w' has no finite value (inf) at w = 0", 4),
        ('h = "w*1"\ny = "h**0.5"\nL = "2*y"\n', "the derivative of 'y' by 'h' has no finite value (inf) at h = 0", 5),
    ],
)
def test_what_is_not_finite_is_refused_where_it_arises(equations: str, message: str, line: int) -> None:
    with pytest.raises(ScenarioError) as caught:
        traced(f"[parameters]\nw = 0\n[equations]\n{equations}")
    (problem,) = caught.value.problems
    assert (problem.message, problem.where.line) == (message, line)


@pytest.mark.parametrize(
    "equations",
    ['h = "0.5"\nL = "h*a"\n', 'h = "2*3"\nk = "h/4"\nL = "a**2*k + h"\n', 'h = "1"\nv = "[h, a]"\nL = "sum(v*h)"\n'],
)
def test_a_formula_of_numbers_only_is_a_quantity_like_any_other(equations: str) -> None:
    run = traced(f"[parameters]\na = 2\n[equations]\n{equations}")
    edges = zip(*(side.tolist() for side in run.graph.edges), strict=True)
    assert all(one.agrees for one in check.check_locals(run, list(edges)))
    assert all(one.agrees for one in check.check_gradients(run, [run.node("a"), run.node("h")]))
    assert run.contributions("h")
    assert forward_steps(run)[0].agrees


def test_a_slope_that_no_parameter_needs_may_be_infinite() -> None:
    run = traced('[parameters]\nw = 2\n[targets]\ny = 0\n[equations]\nL = "w**2 + sqrt(y)"\n')
    assert run.gradient("w") == 4
    assert run.gradient("y") == math.inf
