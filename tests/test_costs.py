"""What things cost, as facts: modules imported, programs executed, objective values had, matrix products found.

Times are for `python -m tests.benchmarks`; these numbers are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_tutor.engine import check, nudge, nudge_whole, trace
from backprop_tutor.engine.build import build
from backprop_tutor.engine.plan import Gathered, View, regular
from backprop_tutor.engine.trace import Trace
from backprop_tutor.handwork import plain_reader
from backprop_tutor.handwork.quantities import Gradient, Subject
from backprop_tutor.judging import arithmetic_links, repairs
from backprop_tutor.judging.judge import Judge
from backprop_tutor.judging.person import Truth
from backprop_tutor.kept import Kept
from backprop_tutor.lesson.steps import multiplications
from backprop_tutor.scenario.loading import load, loads
from backprop_tutor.slips.generic_points import GenericPoints
from backprop_tutor.slips.right_forms import right_forms
from tests.benchmarks.networks import LARGE, deep, numbers, scenario
from tests.benchmarks.peers import PEERS
from tests.benchmarks.worker import ours
from tests.judging import SIGMOID, judge_of, judged
from tests.random_networks import traced
from tests.test_imports import SOME, STYLED, loaded

RUN = ["run", "two_sigmoid_outputs"]


def test_a_repeated_run_needs_neither_sympy_nor_pydantic(tmp_path: Path) -> None:
    env = {"BPTUTOR_CACHE": str(tmp_path)}
    status, first = loaded(RUN, env)
    assert status == 0
    assert {"sympy", "pydantic"} <= first
    status, again = loaded(RUN, env)
    assert status == 0
    assert not again & {"sympy", "pydantic", "hashlib", "cli.keys", *STYLED, *SOME}
    assert loaded(["check", "two_sigmoid_outputs"], env)[1] & {"sympy", "pydantic"} == set()


def test_without_a_cache_everything_is_made_again() -> None:
    for _ in range(2):
        assert {"sympy", "pydantic"} <= loaded(RUN, {"BPTUTOR_CACHE": ""})[1]


def n_n_n(n: int) -> Trace:
    return traced(scenario(n))


@pytest.mark.parametrize("n", [24, 32, 64])
def test_a_gradient_executes_every_template_once_whatever_the_size(n: int) -> None:
    built = build(loads(scenario(n)))
    frames: trace.Frames = []
    values = trace.forward(built, built.leaf_values(), frames)
    trace.backward(built, values, frames=frames)
    assert len(built.groups) == 3
    assert sum(plan.program.runs for plan in built.plans) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (scenario(4), 2),  # both layers; the loss is a sum of squares
        ('[parameters]\nW = [[1,2],[3,4],[5,6]]\nx = [1,2]\n[equations]\na = "W @ x"\nL = "sum(a*a)"\n', 2),
        ('[parameters]\nW = [[1,2],[3,4],[5,6]]\nx = [1,2,3]\n[equations]\na = "x @ W"\nL = "a[1]*a[2]"\n', 1),
        ('[parameters]\nW = [[1,2],[3,4],[5,6]]\nx = [1,2,3]\n[equations]\na = "transpose(W) @ x"\nL = "a[1]"\n', 1),
        ('[parameters]\nA = [[1,2],[3,4]]\nB = [[1,2,5],[3,4,6]]\n[equations]\nC = "A @ B"\nL = "sum(C**2)"\n', 1),
        ('[parameters]\nA = [[1,2],[3,4]]\n[equations]\nC = "A @ transpose(A)"\nL = "sum(C**2)"\n', 1),
        ('[parameters]\nu = [1,2]\n[equations]\nL = "sum(u**2)"\n', 0),
        ('[parameters]\nw = 2\nv = 3\n[equations]\nL = "w*v + v*w"\n', 0),
    ],
)
def test_sums_of_products_are_recognised(text: str, found: int) -> None:
    run = traced(text)
    assert sum(len(plan.products) for plan in run.graph.plans) == found
    nodes = run.graph.nodes_of("parameter")
    assert all(one.agrees for one in check.check_gradients(run, nodes))
    plain = sum(run.adjoints_of(run.graph.loss)[nodes])
    assert plain == pytest.approx(sum(c.product for n in nodes for c in run.contributions(n)), rel=1e-12)


def test_samples_share_a_matrix_product() -> None:
    run = traced(
        '[inputs]\nx = "?"\n[parameters]\nW = [[1,2],[3,4],[5,6]]\n[targets]\n[equations]\na = "W @ x"\n'
        'L = "sum(a**2)"\n[[samples]]\nx = [1,2]\n[[samples]]\nx = [0,1]\n[[samples]]\nx = [2,-1]\n'
    )
    [product] = [product for plan in run.graph.plans for product in plan.products]
    assert product.matrix.shape == (3, 2)
    assert product.other.shape == (2, 3)
    assert all(one.agrees for one in check.check_gradients(run, run.graph.nodes_of("parameter", "input")))


@pytest.mark.parametrize(
    ("indices", "is_view"),
    [
        (np.arange(12).reshape(3, 4) + 5, True),
        (np.arange(12).reshape(3, 4).T + 5, True),
        (np.tile(np.arange(4), (3, 1)), True),
        (np.array([[0, 1], [1, 2], [2, 3]]), False),  # a convolution's: one node in several rows
        (np.array([3, 2, 1]), False),
        (np.array([0, 1, 3]), False),
        (np.array([7]), True),
        (np.zeros((2, 3), np.int64), True),
    ],
)
def test_regular_operands_are_views_and_their_adjoints_arrive(indices: Any, is_view: bool) -> None:
    view = regular(indices)
    assert (view is not None) == is_view
    values = np.random.default_rng(1).uniform(-1, 1, 20)
    share = np.random.default_rng(2).uniform(-1, 1, indices.shape)
    expected = np.ones(20)
    np.add.at(expected, indices, share)
    for way in (view, Gathered(indices)):
        if isinstance(way, (View, Gathered)):
            assert (way.fetch(values) == values[indices]).all()
            adjoints = np.ones(20)
            way.give(adjoints, share)
            np.testing.assert_allclose(adjoints, expected, rtol=1e-12)


@pytest.mark.parametrize("n", [2, 8, 24])
def test_a_check_has_four_or_eight_objective_values_a_parameter(n: int) -> None:
    """x ± h and x ± h/2; where noise asks for another step, the same once more."""
    run = n_n_n(n)
    nodes = run.graph.nodes_of("parameter")
    found = check.differences(run.graph, run.values, nodes)
    assert 4 * len(nodes) <= found.evaluations <= (8 + 1) * len(nodes)
    assert len(check.differences(run.graph, run.values, nodes, h=1e-4).values) == len(nodes)
    assert check.differences(run.graph, run.values, nodes, h=1e-4).evaluations == 4 * len(nodes)


@pytest.mark.parametrize("n", [8, 24])
def test_a_nudge_calculates_only_what_depends_on_it(n: int) -> None:
    """Numbers had for one side of every parameter: a weight of the last layer changes one term, one output's value and
    one term of the loss; a weight of the first one unit, and then every output."""
    run = n_n_n(n)
    nodes = run.graph.nodes_of("parameter")
    found = check.differences(run.graph, run.values, nodes, h=1e-4)
    weights, biases = n * n, n
    last = weights * 4 + biases * 3  # product, output, its error, the loss; a bias is no product
    first = weights * 2 + biases * 1 + (weights + biases) * (2 * n + 1)  # product, unit; outputs, errors, the loss
    assert found.calculated <= 4 * (last + first)
    whole = 4 * len(nodes) * (2 * weights + 4 * n + 1)
    assert found.calculated < whole / 2


def test_large_networks_begin_with_the_step_they_will_need() -> None:
    run = n_n_n(32)
    nodes = run.graph.nodes_of("parameter")
    found = check.differences(run.graph, run.values, nodes)
    assert found.evaluations < 6 * len(nodes)  # not eight
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "MANY", 10**9)
        plain = check.differences(run.graph, run.values, nodes)
    assert (found.steps == plain.steps).mean() > 0.98
    assert (abs(found.values - plain.values) <= found.noise + plain.noise).all()
    same = found.steps == plain.steps
    np.testing.assert_allclose(found.values[same], plain.values[same], rtol=1e-6, atol=1e-12)


def test_a_check_needs_no_more_than_a_few_megabytes() -> None:
    import tracemalloc

    run = n_n_n(48)
    nodes = run.graph.nodes_of("parameter")
    _ = run.graph.cuts, run.graph.uses
    tracemalloc.start()
    check.differences(run.graph, run.values, nodes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * nudge.BATCH_BYTES


def test_one_weight_of_a_real_network_costs_no_object_per_edge() -> None:
    run = trace.run(build(_drawn(LARGE)))
    assert run.graph.size > 101_000
    node = run.graph.id("W1[5,300]")
    assert run.path_count(node) == 100  # over the 10 logits, and from each over the 10 outputs of the softmax
    [found] = check.check_gradients(run, [node])
    assert found.agrees
    assert len(run.graph.users[node]) == 1
    assert len(run.graph._nodes) == 0  # no formula has been written out
    assert run.graph.node(node).name == "W1[5,300]"


def test_thirty_layers_are_counted_exactly() -> None:
    run = trace.run(build(_drawn(deep(30, 10))))
    assert run.path_count("W1[1,1]") == 10**29
    assert multiplications(run).by_paths > 10**30
    assert len(run.paths("W1[1,1]", 12)) == 12


def _drawn(text: str) -> Any:
    from backprop_tutor.scenario.loading import with_random

    return with_random(loads(text), 1)


def test_the_same_numbers_as_everybody() -> None:
    """The benchmark's network is the one that its peers calculate."""
    run, given = n_n_n(2), numbers(2)
    assert run.value("W1[2,1]") == given.W1[1][0]
    assert len(run.graph.nodes_of("parameter")) == given.parameters
    assert trace.run(load("two_sigmoid_outputs")).graph.groups


def test_a_sum_inside_a_softmax_is_no_sum_of_the_group() -> None:
    run = traced(
        "[inputs]\nx = [0.3, -0.2]\n[parameters]\nW = [[0.1, 0.4], [-0.3, 0.2], [0.5, 0.6]]\nb = [0.1, 0.2, 0.3]\n"
        '[equations]\np = "softmax(W @ x + b)"\nq = "logsumexp(W @ x)"\nL = "p[1]**2 + q"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        for cost in (0, 30, 10**9):
            patch.setattr(nudge, "LIST_COST", cost)
            assert all(one.agrees for one in check.check_gradients(run, run.graph.nodes_of("parameter", "input")))


FIBONACCI = (
    '[parameters]\nw = 0.5\n[equations]\nz0 = "w"\nz1 = "z0 + w"\n'
    + "".join(f'z{i} = "tanh(0.3*z{i - 1}) + 0.2*relu(z{i - 2} - 0.4) + 0.1*z{i - 1}*w"\n' for i in range(2, 300))
    + 'L = "(1 - z299)**2"\n'
)


def test_a_deep_narrow_network_executes_each_group_once_for_all_nudges(monkeypatch: pytest.MonkeyPatch) -> None:
    run = traced(FIBONACCI)
    nodes = np.array(run.graph.nodes_of("parameter", "computed"))
    offsets = 1e-6 * np.array([[1.0], [-1.0], [0.0]]) * np.ones(len(nodes))
    together = nudge.Nudges(run.graph, run.values, run.graph.loss)
    found, kinks = together.objective(nodes, offsets, (0, 1, 2))
    whole = together._whole_network
    chunks = -(-len(nodes) * 8 * 3 * run.graph.size // nudge_whole.STATE_BYTES)
    assert whole.executed <= len(run.graph.groups) * (chunks + 1)
    monkeypatch.setattr(nudge, "pays", lambda *_: False)
    followed = nudge.Nudges(run.graph, run.values, run.graph.loss)
    one_by_one, own = followed.objective(nodes, offsets, (0, 1, 2))
    np.testing.assert_allclose(found, one_by_one, rtol=1e-12)
    assert (kinks == own).all()
    assert "_whole_network" not in followed.__dict__


def test_small_and_wide_networks_are_followed_as_before() -> None:
    for text in (scenario(32), deep(10, 8).replace('"?"', "0.1")):
        built = build(loads(text))
        assert not nudge_whole.pays(built, 40, 5 * len(built.nodes_of("parameter")))


def test_the_loss_of_a_thousand_samples_is_one_sum() -> None:
    text = '[inputs]\nx = "?"\n[parameters]\nw = 0.5\n[equations]\nz = "w*x"\nL = "(1 - z)**2"\n'
    run = traced(text + "".join(f"[[samples]]\nx = {i / 1000}\n" for i in range(1000)))
    group, _ = run.graph.group_of(run.graph.loss) or (None, 0)
    assert group is not None
    assert [slot.shape for slot in group.slots] == [(1, 1000)]
    assert run.loss == pytest.approx(sum((1 - 0.5 * i / 1000) ** 2 for i in range(1000)) / 1000)
    [found] = check.check_gradients(run, [run.node("w")])
    assert found.agrees


def test_what_a_long_sheet_asks_grows_with_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    plain = Truth.of

    def counted(truth: Truth, subject: Subject) -> float:
        nonlocal calls
        calls += 1
        return plain(truth, subject)

    monkeypatch.setattr(Truth, "of", counted)
    once = "h1 = 0.6933\nnet_o1 = 0.4*0.6933 + 0.45*0.5969 + 0.6 = 1.1459\no1 = 1/(1 + e^(-1.1459)) = 0.7588\n"
    asked = []
    for times in (20, 80):
        calls = 0
        judgement = judged("sigmoid", once * times)
        assert judgement.summary["follows"] == 3 * times - 1
        asked.append(calls)
    assert asked[1] <= 5 * asked[0]


# forward, back and update right to four digits, but for three numbers with one digit changed
THREE_SLIPS = """net_h1 = 0.3775
h1 = 0.5933
net_h2 = 0.3925
h2 = 0.5969
net_o1 = 1.106
o1 = 0.7574
net_o2 = 1.225
o2 = 0.7729
E1 = 0.2748
E2 = 0.02356
E = 0.2984
dE/do1 = 0.7414
dE/do2 = -0.2171
dE/dnet_o1 = 0.1385
dE/dnet_o2 = -0.03810
dE/dw5 = 0.08217
dE/dw6 = 0.08167
dE/dw7 = -0.02360
dE/dw8 = -0.02274
dE/dh1 = 0.03635
dE/dh2 = 0.04137
w5' = 0.3589
w6' = 0.4087
w7' = 0.5113
w8' = 0.5614
b2' = 0.5498
"""


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[str]:
    """A list that grows by one with every call of a function."""
    calls: list[str] = []
    plain = getattr(owner, name)

    def once_more(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return plain(*args, **kwargs)

    monkeypatch.setattr(owner, name, once_more)
    return calls


def test_a_sheet_is_judged_again_only_under_conventions_that_its_lines_may_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again = counted(monkeypatch, Judge, "again")
    assert judged("sigmoid", THREE_SLIPS).summary["wrong"] == 3
    assert not again


def test_a_given_value_is_changed_without_calculating_the_network_where_a_right_line_is_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = counted(monkeypatch, repairs, "forward")
    assert judged("sigmoid", THREE_SLIPS).summary["wrong"] == 3
    judge = judge_of("sigmoid")
    assert judge.trace is not None
    assert len(list(repairs._changes(judge.vocabulary, judge.trace))) > 100
    assert len(runs) < 20


def test_numbers_that_are_equal_need_no_rounding_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = counted(monkeypatch, arithmetic_links, "spread")
    sheet = "net_h1 = 0.15*0.05 + 0.2*0.1 + 0.35 = 0.0075 + 0.02 + 0.35 = 0.3775\n"
    assert judged("sigmoid", sheet).summary["right"] == 1
    assert not boxes
    assert judged("sigmoid", "h1 = 1/(1 + e^(-0.3775)) = 1/(1 + 0.686) = 0.593\n").summary["right"] == 1
    assert boxes


def test_what_is_kept_is_worked_out_once_and_only_as_far_as_it_is_asked_for() -> None:
    asked = []

    def items() -> Iterator[int]:
        for i in range(3):
            asked.append(i)
            yield i

    kept = Kept(items())
    assert [next(iter(kept)), next(iter(kept))] == [0, 0]
    assert asked == [0]
    assert [*zip(kept, kept, strict=True)] == [(0, 0), (1, 1), (2, 2)]
    assert (len(kept), kept[-1], list(kept), asked) == (3, 2, [0, 1, 2], [0, 1, 2])
    assert not Kept([])


def test_usual_formulas_of_a_quantity_are_tried_only_until_one_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Judge(build(loads(SIGMOID)))
    tried = counted(monkeypatch, GenericPoints, "values")
    sheet = "dE/do1 = 0.741\ndE/dnet_o1 = 0.138\nh1 = 0.593\ndE/dw5 = 0.138*0.593 = 0.0818\n"
    judgement = judge.judge(plain_reader.read(sheet, judge.vocabulary))
    assert [verdict.mark for verdict in judgement.verdicts] == ["right", "right", "right", "close"]
    few = len(tried)
    graph = judge.graph
    assert len(right_forms(judge.network, Gradient(graph.loss, graph.id("w5")))) > 4
    assert len(tried) >= 2 * few > 0


@pytest.mark.parametrize("name", PEERS)
def test_the_peers_calculate_the_same_gradient(name: str) -> None:
    """What the benchmark compares is the same work; a peer that isn't installed has nothing to say."""
    try:
        peer = PEERS[name].work("gradient", 2)
    except ImportError:
        pytest.skip(f"{name} is not installed")
    assert peer() == pytest.approx(ours("gradient", 2)(), rel=1e-6)
