"""Every slip of the catalogue, in a hand calculation that carries it: the judge names it.

The numbers of the first table are the catalogue's own, written down here digit by digit, so that the program is not its
own witness; the second test goes through every row of the catalogue on every network where the slip is possible.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from functools import cache

import pytest

from backprop_tutor.engine.build import build
from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.claims import Verdict
from backprop_tutor.handwork.quantities import Gradient, Subject, Updated, Value, Worked
from backprop_tutor.judging.judge import Judge
from backprop_tutor.scenario import loading as scenarios
from backprop_tutor.slips.catalogue import SLIPS, variants
from tests.honest import written
from tests.judging import SCENARIOS, judge_of, shown
from tests.test_slips import OWN, RULES

# (network, line, code)
PUBLISHED = (
    ("sigmoid", "net_h1 = 0.02750", "bias-missing"),
    ("sigmoid", "net_h1 = 0.009625", "bias-multiplied"),
    ("sigmoid", "net_h1 = 0.7275", "bias-twice"),
    ("sigmoid", "net_h1 = 0.3750", "weights-swapped"),
    ("sigmoid", "net_h1 = 0.3825", "other-neurons-weight"),
    ("sigmoid", "net_h1 = 0.3575", "input-missing"),
    ("sigmoid", "h1 = 0.3775", "activation-missing"),
    ("sigmoid", "h1 = 0.4067", "wrong-exponent-sign"),
    ("sigmoid", "h1 = 0.3605", "tanh-for-sigmoid"),
    ("sigmoid", "h1 = 0.2413", "slope-for-activation"),
    ("sigmoid", "h1 = 1.686", "reciprocal-missing"),
    ("sigmoid", "net_o1 = 0.9276", "preactivation-passed-on"),
    ("sigmoid", "E = 0.5967", "half-missing"),
    ("sigmoid", "E = 0.1492", "mean-for-sum"),
    ("sigmoid", "E = 0.2748", "output-missing-from-loss"),
    ("sigmoid", "E = 0.1374", "square-of-sum"),
    ("sigmoid", "dE/dnet_o1 = -0.1385", "error-sign"),
    ("sigmoid", "dE/dnet_o1 = 0.7414", "slope-missing"),
    ("sigmoid", "dE/dnet_o1 = 0.5570", "activation-for-slope"),
    ("sigmoid", "dE/dnet_o1 = 0.1843", "half-of-slope"),
    ("sigmoid", "dE/dnet_o1 = 0.2770", "factor-two-kept"),
    ("sigmoid", "dE/dnet_o1 = 0.1615", "sigmoid-twice"),
    ("sigmoid", "dE/dnet_o1 = -0.08683", "slope-of-preactivation"),
    ("sigmoid", "dE/dnet_o1 = 0.3228", "tanh-slope"),
    ("sigmoid", "dE/dnet_o1 = 0.05134", "loss-for-its-slope"),
    ("sigmoid", "dE/dnet_o1 = 0.7495", "bracket-missing"),
    ("sigmoid", "dE/dnet_o1 = 0.1868", "loss-factor-missing"),
    ("sigmoid", "dE/dw5 = 0.08267", "other-activation"),
    ("sigmoid", "dE/dw5 = 0.05228", "preactivation-for-activation"),
    ("sigmoid", "dE/dw5 = 0.05540", "weight-for-activation"),
    ("sigmoid", "dE/dw5 = 0.1385", "activation-missing-from-gradient"),
    ("sigmoid", "dE/dw5 = 1.521", "factors-added"),
    ("sigmoid", "dE/dw5 = 0.01535", "factor-twice"),
    ("sigmoid", "dE/dw5 = -0.02260", "other-delta"),
    ("sigmoid", "dE/dw5 = 0.03287", "term-for-derivative"),
    ("sigmoid", "dE/dh1 = 0.05540", "one-path-only"),
    ("sigmoid", "dE/dh1 = 0.03826", "transposed-weights"),
    ("sigmoid", "dE/dh1 = 0.03023", "updated-weights-used"),
    ("sigmoid", "dE/dh1 = 0.01818", "paths-averaged"),
    ("sigmoid", "dE/dh1 = 0.1004", "path-weights-missing"),
    ("sigmoid", "dE/dh1 = 0.1880", "output-slope-missing"),
    ("sigmoid", "dE/dh1 = 0.07445", "paths-subtracted"),
    ("sigmoid", "dE/dnet_h1 = 0.03635", "hidden-slope-missing"),
    ("sigmoid", "dE/dnet_h1 = 0.02157", "hidden-activation-for-slope"),
    ("sigmoid", "dE/dnet_h1 = 0.006791", "other-neurons-slope"),
    ("sigmoid", "dE/db2 = 0.1385", "shared-bias-one-use"),
    ("sigmoid", "dE/db2 = 0.05943", "bias-derivative-not-one"),
    ("sigmoid", "w5' = 0.4411", "ascent"),
    ("sigmoid", "w5' = 0.3178", "rate-missing"),
    ("sigmoid", "w5' = 0.04108", "step-for-weight"),
    ("sigmoid", "w5' = 0.1178", "rate-times-weight"),
    ("sigmoid", "w5' = 0.3836", "step-scales-weight"),
    ("slips: softmax", "p1 = 2.718", "softmax-not-normalised"),
    ("slips: softmax", "p1 = 0.2857", "softmax-without-exp"),
    ("slips: softmax", "p1 = 0.7311", "sigmoid-for-softmax"),
    ("slips: softmax", "dL/ds1 = 0", "softmax-cross-terms"),
    ("slips: softmax", "dL/ds1 = 0.0411", "softmax-slope-twice"),
    ("slips: softmax", "L = 0.2017", "log-base-ten"),
    ("slips: softmax", "L = -0.4644", "log-loss-sign"),
    ("slips: softmax", "L = 0.8784", "binary-loss-per-class"),
    ("slips: softmax", "dp1/ds2 = 0.1453", "softmax-cross-sign"),
    ("slips: softmax", "dp1/ds2 = 0.0859", "softmax-off-diagonal"),
    ("slips: softmax", "dL/ds1 = -0.2312", "target-minus-output"),
    ("slips: softmax", "dL/ds1 = -0.7688", "minus-one-for-every-class"),
    ("slips: relu live", "da/dz = 0.800", "relu-slope-is-z"),
    ("slips: relu live", "da/dz = 0", "live-relu-blocked"),
    ("slips: relu dead", "da/dz = 1", "dead-relu-passes"),
    ("slips: tanh", "da/dz = 0.3360", "tanh-not-squared"),
    ("slips: tanh", "da/dz = 0.2230", "sigmoid-slope-for-tanh"),
    ("slips: tanh", "da/dz = 0.6623", "tanh-twice"),
    ("slips: binary", "dL/dz = -0.0663", "sigmoid-slope-kept"),
    ("slips: binary", "dL/dz = -1.449", "output-derivative-for-logit"),
    ("slips: binary", "dL/dz = 0.3100", "target-minus-output"),
    ("batch_norm_three_samples", "dL/dz1 = -0.0800", "taken-as-constant"),
    ("lstm_two_steps", "dE/dstate_0 = 0.01691", "one-part-of-loss"),
    ("lstm_two_steps", "dE/dstate_0 = 0.008401", "one-path-only"),
    ("adam_two_steps", "w1' = 0.800", "plain-step"),
    ("momentum_two_steps", "w1' = 1.200", "ascent"),
    ("recurrent_three_steps", "dL/dz2 = -0.7390", "other-neurons-slope"),
    # w1: g = 2, m = 0.2, v = 0.004; g = 1.4 in step 2, m = 0.32, v = 0.005956
    ("adam_two_steps", "w1' = 0.6838", "correction-missing"),
    ("adam_two_steps", "mhat_w1 = 0.200", "correction-missing"),
    ("adam_two_steps", "w1' = 1 - 0.1*0.2/sqrt(0.004) = 0.6838", "correction-missing"),
    ("adam_two_steps", "w1' = 0.9500", "root-missing"),
    ("adam_two_steps", "v_w1 = 0.002000", "square-missing"),
    ("adam_two_steps", "v_w1 = 4.000", "share-missing"),
    ("adam_two_steps", "m_w1 = 1.800", "shares-exchanged"),
    ("adam_two_steps", "# Step 2\nm_w1 = 0.1400", "memory-missing"),
    ("adam_two_steps", "# Step 2\nm_w1 = 0.9*0.2 + 1.4 = 1.580", "share-missing"),
    ("adam_two_steps", "# Step 2\nmhat_w1 = 3.200", "correction-power-missing"),
    ("adam_two_steps", "# Step 2\nmhat_w1 = 0.32/(1 - 0.9) = 3.200", "correction-power-missing"),
    ("adam_two_steps", "# Step 2\nw1'' = 0.9976", "ascent"),
    # g = −1.2, then −1.155
    ("rules: adam", "w' = 0.4316", "correction-missing"),
    ("rules: adam", "# Step 2\nmhat_w = -2.235", "correction-power-missing"),
    # v = 0.9 v − 0.1 g, w' = w + v; g = −1.8, then −0.9
    ("rules: momentum", "v_w = 1.800", "rate-missing"),
    ("rules: momentum", "w' = 0.5 - 0.18 = 0.3200", "ascent"),
    ("rules: momentum", "# Step 2\nv_w = 0.0900", "memory-missing"),
    ("rules: momentum", "# Step 2\nv_w = 0.9*0.18 + 0.1*(-0.9) = 0.0720", "sign"),
    # s = 0.1 g² = 0.1, w' = 0.8 − 0.1*1/(√0.1 + 0.01)
    ("rules: rmsprop", "w' = 0.483772", "small-constant-missing"),
)


@cache
def judge_for(name: str) -> Judge:
    kind, _, own_name = name.partition(": ")
    own = {"slips": OWN, "rules": RULES}.get(kind, {}).get(own_name)
    return judge_of(name) if own is None else Judge(build(scenarios.loads(own, name)))


def last(name: str, text: str) -> Verdict:
    judge = judge_for(name)
    return judge.judge(handwork.read(text, judge.vocabulary)).verdicts[-1]


def named(verdict: Verdict, code: str) -> bool:
    return verdict.mark == "wrong" and (
        verdict.code == code or (bool(verdict.explanations) and verdict.explanations[0].code == code)
    )


@pytest.mark.parametrize(("name", "line", "code"), PUBLISHED, ids=[f"{c[2]}: {c[1]}" for c in PUBLISHED])
def test_published_numbers(name: str, line: str, code: str) -> None:
    verdict = last(name, line)
    assert named(verdict, code), f"{shown(verdict)} {verdict.explanations}"


def test_a_rule_takes_a_parameters_own_rate() -> None:
    own = RULES["momentum"].replace("rate = 0.1", "rate = 0.1\nrates = { b = 0.02 }")
    judge = Judge(build(scenarios.loads(own)))
    sheet = "v_b = 0.9*0 - 0.02*(-0.9) = 0.018\nb' = 0.1 + 0.018 = 0.118\nv_w = -0.1*(-1.8) = 0.18\nv_b = 0.09"
    marks = [verdict.mark for verdict in judge.judge(handwork.read(sheet, judge.vocabulary)).verdicts]
    assert marks == ["right", "right", "right", "wrong"]


def test_a_target_called_t_is_not_the_number_of_the_step() -> None:
    for line in ("mhat_w = m_w/(1 - beta1^t)", "mhat_w = -0.2235/(1 - 0.9^2) = -1.1763", "E = (w*x - t)^2"):
        assert last("rules: adam", f"# Step 2\n{line}").mark == "right"


# ---------------------------------------------------------------- every row, as a sheet
DOCUMENTS = ("linear_two_errors", "shared_weights", "matrix_softmax")
OTHERS = ("batch_norm_three_samples", "lstm_two_steps", "adam_two_steps")
NETWORKS = (
    *(f"slips: {name}" for name in OWN), *SCENARIOS, *DOCUMENTS, *OTHERS, *(f"rules: {name}" for name in RULES)
)  # fmt: skip
LATER = ("adam_two_steps", "momentum_two_steps", *(f"rules: {name}" for name in RULES))  # their second step, too
ENOUGH = 6  # sheets for one code
EACH = 2  # of them from one network


def subjects(judge: Judge) -> Iterable[Subject]:
    graph, network = judge.graph, judge.network
    yield from (Value(node) for node in graph.nodes_of("computed"))
    yield from (Gradient(graph.loss, node) for node in reversed(range(graph.size)) if network.uses(node, graph.loss))
    results, operands = graph.edges
    yield from (Gradient(int(r), int(o)) for r, o in zip(results, operands, strict=True) if int(r) != graph.loss)
    if graph.scenario.rate is not None:
        yield from (Updated(node) for node in graph.nodes_of("parameter"))
    if judge.vocabulary.rule is not None:
        yield from (s for s in judge.vocabulary.rule.canonical.values() if isinstance(s, Worked))


def before(judge: Judge, subject: Subject) -> list[str]:
    """Right lines that stand before a quantity: what it is calculated from."""
    graph = judge.graph
    assert judge.truth is not None
    match subject:
        case Value(node):
            needed: list[Subject] = [
                Value(n) for n in graph.node(node).operands if graph.block_of(n).kind == "computed"
            ]
        case Gradient(of, by) if of == graph.loss:
            users = [user for user in judge.network.uses(by, of) if user != of]
            needed = [Gradient(of, user) for user in users]
        case Updated(node):
            needed = [Gradient(graph.loss, node)]
        case _:
            needed = []
    values = ((judge.vocabulary.text(s), judge.truth.of(s)) for s in needed)
    return [f"{text} = {written(value, 5, True, 'up')}" for text, value in values if value]


def number(value: float) -> str:
    return written(value, 4, True, "up") if value and math.isfinite(value) else str(value).removesuffix(".0")


@cache
def sheets() -> dict[str, list[tuple[str, str, str]]]:
    """For every code up to six (network, sheet, kind of quantity): right lines, then the slip to four digits."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    places = [(name, "", judge_for(name)) for name in NETWORKS]
    later = [(name, "# Step 2\n", judge_for(name).at_step(2)) for name in LATER]
    for name, heading, judge in (*places, *later):
        assert judge is not None
        assert judge.truth is not None
        for subject in subjects(judge):
            found_here = variants(judge.network, subject, bool(heading))
            results = Counter(number(judge.truth.evaluate(variant.formula)) for variant in found_here)
            for variant in found_here:
                kept = found.setdefault(variant.code, [])
                value = judge.truth.evaluate(variant.formula)
                right = judge.truth.of(subject)
                if len(kept) >= ENOUGH or sum(case[0] == name for case in kept) >= EACH:
                    continue
                if value != value or 0 < abs(value) < 1e-7 or abs(value) > 1e7:
                    continue
                text = number(value)
                if number(right) == text or results[text] > 1:
                    continue  # does not show at these digits, or is two slips at once
                line = f"{judge.vocabulary.text(subject)} = {text}"
                sheet = heading + "\n".join([*before(judge, subject), line])
                kept.append((name, sheet, type(subject).__name__))
    return found


@cache
def judged_sheet(name: str, text: str) -> tuple[Verdict, ...]:
    judge = judge_for(name)
    return judge.judge(handwork.read(text, judge.vocabulary)).verdicts


@pytest.mark.parametrize("code", sorted({slip.code for slip in SLIPS}))
def test_every_code_of_the_catalogue_is_named(code: str) -> None:
    verdicts = [(judged_sheet(name, text)[-1], name) for name, text, _ in sheets()[code]]
    assert any(named(verdict, code) for verdict, _ in verdicts), "\n".join(
        f"{name}: {shown(v)} {[e.code for e in v.explanations]}" for v, name in verdicts
    )


def test_lines_before_a_slip_are_right_and_most_slips_are_named() -> None:
    outcome: Counter[str] = Counter()
    for code, cases in sheets().items():
        for name, text, kind in cases:
            *earlier, verdict = judged_sheet(name, text)
            assert all(v.mark in ("right", "close", "unknown") for v in earlier), text
            if kind != "Updated":
                outcome["named" if named(verdict, code) else "other" if len(verdict.explanations) == 1 else "open"] += 1
    assert outcome["named"] >= 0.85 * outcome.total(), outcome
    assert outcome["other"] <= 0.02 * outcome.total(), outcome
