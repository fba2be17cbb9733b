"""People with another way of writing are told so, once, and nothing of theirs is wrong; one slip is no convention.

The sheets are calculated here, in plain Python, by people who write gradients with the other sign, leave out the ½,
average over the outputs, leave biases alone, go back through weights they have just updated, or exchange two indices.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from backprop_tutor.handwork.claims import Judgement
from tests.honest import written
from tests.judging import judged, shown

GIVEN = {
    "i1": 0.05, "i2": 0.1, "b1": 0.35, "b2": 0.6, "t1": 0.01, "t2": 0.99,
    "w1": 0.15, "w2": 0.2, "w3": 0.25, "w4": 0.3, "w5": 0.4, "w6": 0.45, "w7": 0.5, "w8": 0.55,
}  # fmt: skip
RATE = 0.5


@dataclass
class Writer:
    """One person's way of writing; `factor` multiplies the loss and its gradients."""

    factor: float = 1.0
    sign: float = 1.0
    frozen_biases: bool = False
    updated_first: bool = False
    digits: int = 5

    def sheet(self) -> dict[str, float]:
        """All quantities of the network of two sigmoid layers, in the order of calculation."""
        v: dict[str, float] = {}
        g: Mapping[str, float] = GIVEN
        v["net_h1"] = g["w1"] * g["i1"] + g["w2"] * g["i2"] + g["b1"]
        v["h1"] = sigmoid(v["net_h1"])
        v["net_h2"] = g["w3"] * g["i1"] + g["w4"] * g["i2"] + g["b1"]
        v["h2"] = sigmoid(v["net_h2"])
        v["net_o1"] = g["w5"] * v["h1"] + g["w6"] * v["h2"] + g["b2"]
        v["o1"] = sigmoid(v["net_o1"])
        v["net_o2"] = g["w7"] * v["h1"] + g["w8"] * v["h2"] + g["b2"]
        v["o2"] = sigmoid(v["net_o2"])
        v["E"] = self.factor * 0.5 * ((g["t1"] - v["o1"]) ** 2 + (g["t2"] - v["o2"]) ** 2)
        back = self.factor * self.sign
        d = {o: back * (v[f"o{o}"] - g[f"t{o}"]) * v[f"o{o}"] * (1 - v[f"o{o}"]) for o in (1, 2)}
        v["dE/dnet_o1"], v["dE/dnet_o2"] = d[1], d[2]
        for k, o, h in ((5, 1, 1), (6, 1, 2), (7, 2, 1), (8, 2, 2)):
            v[f"dE/dw{k}"] = d[o] * v[f"h{h}"]
            v[f"w{k}'"] = g[f"w{k}"] - self.sign * RATE * v[f"dE/dw{k}"]
        v["dE/db2"] = d[1] + d[2]
        v["b2'"] = g["b2"] if self.frozen_biases else g["b2"] - self.sign * RATE * v["dE/db2"]
        w = {k: v[f"w{k}'"] if self.updated_first else g[f"w{k}"] for k in (5, 6, 7, 8)}
        v["dE/dh1"] = d[1] * w[5] + d[2] * w[7]
        v["dE/dh2"] = d[1] * w[6] + d[2] * w[8]
        for h in (1, 2):
            v[f"dE/dnet_h{h}"] = v[f"dE/dh{h}"] * v[f"h{h}"] * (1 - v[f"h{h}"])
        for k, h, i in ((1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2)):
            v[f"dE/dw{k}"] = v[f"dE/dnet_h{h}"] * g[f"i{i}"]
            v[f"w{k}'"] = g[f"w{k}"] - self.sign * RATE * v[f"dE/dw{k}"]
        v["dE/db1"] = v["dE/dnet_h1"] + v["dE/dnet_h2"]
        v["b1'"] = g["b1"] if self.frozen_biases else g["b1"] - self.sign * RATE * v["dE/db1"]
        return v

    def text(self, without: str = "") -> str:
        return "\n".join(
            f"{name} = {written(value, self.digits, True, 'up')}"
            for name, value in self.sheet().items()
            if not (without and name.startswith(without))
        )


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def conventions_of(judgement: Judgement) -> set[str]:
    return {v.code for v in judgement.verdicts if v.mark == "convention"}


def told(judgement: Judgement) -> list[str]:
    """The sentences that say which convention it is; the other lines only point to them."""
    lines = [v.message for v in judgement.verdicts if v.mark == "convention"]
    return [message for message in lines if message != "under the same convention"]


@pytest.mark.parametrize("digits", [3, 4, 6])
@pytest.mark.parametrize(
    ("scenario", "writer", "code"),
    [
        ("sigmoid", Writer(sign=-1), "convention-sign"),
        ("sigmoid", Writer(factor=2), "convention-half"),
        ("plain squares", Writer(factor=1), "convention-half"),
        ("sigmoid", Writer(factor=0.5), "convention-mean"),
        ("sigmoid", Writer(frozen_biases=True), "convention-frozen-bias"),
        ("sigmoid", Writer(updated_first=True), "convention-updated-weights"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_sheet_in_another_convention(scenario: str, writer: Writer, code: str, digits: int) -> None:
    writer.digits = digits
    judgement = judged(scenario, writer.text())
    bad = [shown(v) for v in judgement.verdicts if v.mark not in ("right", "close", "convention")]
    assert not bad, "\n".join(bad)
    assert conventions_of(judgement) == {code}
    assert len(told(judgement)) == 1


def test_the_half_may_stand_in_the_parts_of_the_loss() -> None:
    """E1, E2 and what comes after them double; ∂E/∂E1 stays 1."""
    values = Writer(factor=2).sheet()
    parts = {"E1": (GIVEN["t1"] - values["o1"]) ** 2, "E2": (GIVEN["t2"] - values["o2"]) ** 2}
    lines = [f"{n} = {written(x, 5, True, 'up')}" for n, x in values.items()]
    at = next(i for i, line in enumerate(lines) if line.startswith("E ="))
    lines[at:at] = [f"{n} = {written(x, 5, True, 'up')}" for n, x in parts.items()]
    lines += ["dE/dE1 = 1", f"dE1/do1 = 2*({values['o1']:.6f} - 0.01) = {2 * (values['o1'] - 0.01):.5f}"]
    judgement = judged("sigmoid", "\n".join(lines))
    bad = [shown(v) for v in judgement.verdicts if v.mark not in ("right", "close", "convention")]
    assert not bad, "\n".join(bad)
    assert conventions_of(judgement) == {"convention-half"}
    assert told(judgement) == ["you leave out the ½ of E1 and E2: everything after it doubles"]
    assert next(v.mark for v in judgement.verdicts if v.quantity == "∂E/∂E1") == "right"


def test_a_half_in_every_samples_loss() -> None:
    sheet = "E#1 = 0.36\nE#2 = 0.0100\nE = 0.185\ndE#1/dh#1 = 1.2\ndE#2/dh#2 = 0.2"
    judgement = judged("samples", sheet)
    assert [v.mark for v in judgement.verdicts] == ["convention"] * 5
    assert told(judgement) == ["you leave out the ½ of E#1 and E#2: everything after it doubles"]


def test_the_scenarios_own_way_is_no_convention() -> None:
    judgement = judged("sigmoid", Writer().text())
    assert {v.mark for v in judgement.verdicts} <= {"right", "close"}


def test_only_what_the_convention_changes_is_marked() -> None:
    judgement = judged("sigmoid", Writer(sign=-1).text())
    marked = {v.quantity for v in judgement.verdicts if v.mark == "convention"}
    assert marked == {v.quantity for v in judgement.verdicts if (v.quantity or "").startswith("∂E")}


@pytest.mark.parametrize(
    ("scenario", "text"),
    [
        ("recurrent_three_steps", "dL/du = -1.1746*0.3537 = -0.4155\nw' = 0.5 - 0.1*1.1746 = 0.3825"),
        ("lstm_two_steps", "dE/dstate_0 = (0.53631-0.5)*0.81757*(1-0.65574^2) = 0.01692\ndE/dW_a1 = 1"),
    ],
)
def test_a_weight_used_at_every_step_is_not_updated_on_the_way_back(scenario: str, text: str) -> None:
    """Its gradient needs the way back through all its uses: with its new value there it would need itself."""
    assert [v.mark for v in judged(scenario, text).verdicts] == ["wrong", "wrong"]


# ---------------------------------------------------------------- what is no convention
def test_one_slip_of_sign_is_not_excused() -> None:
    lines = Writer().text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("dE/dnet_o2"))
    lines[at] = lines[at].replace("= -", "= ")
    judgement = judged("sigmoid", "\n".join(lines))
    assert not conventions_of(judgement)
    assert [(v.quantity, v.code) for v in judgement.verdicts if v.mark == "wrong"] == [("∂E/∂net_o2", "error-sign")]


def test_a_sign_that_the_update_does_not_put_right_is_not_excused() -> None:
    writer = Writer(sign=-1)
    lines = writer.text().splitlines()
    for i, line in enumerate(lines):
        name = line.split(" ")[0]
        if name.endswith("'"):
            value = GIVEN[name[:-1]] - RATE * writer.sheet()[f"dE/d{name[:-1]}"]
            lines[i] = f"{name} = {written(value, 5, True, 'up')}"
    judgement = judged("sigmoid", "\n".join(lines))
    assert not conventions_of(judgement)
    assert {v.quantity: v.code for v in judgement.verdicts if v.mark == "wrong"} == {
        "∂E/∂net_o1": "error-sign",
        "∂E/∂net_o2": "error-sign",
    }


def test_gradients_alone_with_the_other_sign_are_not_excused() -> None:
    text = "\n".join(line for line in Writer(sign=-1).text().splitlines() if "'" not in line)
    judgement = judged("sigmoid", text)
    assert not conventions_of(judgement)
    assert any(v.mark == "wrong" and v.code == "error-sign" for v in judgement.verdicts)


def test_a_factor_kept_in_one_line_is_not_excused() -> None:
    values = Writer().sheet()
    values["dE/dnet_o1"] *= 2
    judgement = judged(
        "sigmoid", "\n".join(f"{n} = {written(x, 5, True, 'up')}" for n, x in values.items() if "o" in n)
    )
    assert not conventions_of(judgement)
    assert [v.code for v in judgement.verdicts if v.mark == "wrong"] == ["factor-two-kept"]


def test_gradients_that_do_not_belong_to_the_persons_own_loss_are_not_excused() -> None:
    """The ½ stands in the loss, and the 2 is kept in its gradients: that is a slip, however often it is made."""
    loss = Writer().sheet()["E"]
    values = Writer(factor=2).sheet() | {"E": loss}
    judgement = judged("sigmoid", "\n".join(f"{n} = {written(x, 5, True, 'up')}" for n, x in values.items()))
    assert not conventions_of(judgement)
    assert {v.code for v in judgement.verdicts if v.mark == "wrong"} == {"factor-two-kept"}


def test_one_bias_left_alone_is_not_excused() -> None:
    values = Writer().sheet() | {"b1'": GIVEN["b1"]}
    judgement = judged("sigmoid", "\n".join(f"{n} = {written(x, 5, True, 'up')}" for n, x in values.items()))
    assert not conventions_of(judgement)
    assert [(v.quantity, v.code) for v in judgement.verdicts if v.mark == "wrong"] == [("b1'", "old-weight")]


def test_a_real_mistake_under_a_convention_is_still_wrong() -> None:
    values = Writer(factor=2).sheet()
    values["dE/dh1"] = values["dE/dnet_o1"] * GIVEN["w5"]  # one path only
    for name in ("dE/dnet_h1", "dE/dw1", "dE/dw2", "w1'", "w2'", "dE/db1", "b1'"):
        del values[name]
    judgement = judged("sigmoid", "\n".join(f"{n} = {written(x, 5, True, 'up')}" for n, x in values.items()))
    assert conventions_of(judgement) == {"convention-half"}
    assert [(v.quantity, v.code) for v in judgement.verdicts if v.mark == "wrong"] == [("∂E/∂h1", "one-path-only")]


# ---------------------------------------------------------------- the order of indices
X = (0.5, -0.3, 0.8)
W = ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6), (0.7, 0.8, 0.9))
B = (0.1, 0.2, 0.3)
T = (0.0, 1.0, 0.0)


def array_sheet(order: str) -> list[str]:
    """z = W·x + b and its gradients by somebody who calls the weight from input j to unit i w_ij, or w_ji."""

    def w(i: int, j: int) -> str:
        return f"w{i + 1}{j + 1}" if order == "ij" else f"w{j + 1}{i + 1}"

    lines = []
    a = []
    for i in range(3):
        z = sum(W[i][j] * X[j] for j in range(3)) + B[i]
        a.append(sigmoid(z))
        terms = " + ".join(f"{w(i, j)}*x{j + 1}" for j in range(3))
        lines.append(f"z{i + 1} = {terms} + b{i + 1} = {z:.4f}")
        lines.append(f"a{i + 1} = {a[i]:.4f}")
    for i in range(3):
        delta = (a[i] - T[i]) * a[i] * (1 - a[i])
        for j in range(3):
            lines.append(f"dL/d{w(i, j)} = {delta * X[j]:.5f}")
            lines.append(f"{w(i, j)}' = {W[i][j] - 0.5 * delta * X[j]:.5f}")
    return lines


def test_indices_in_the_other_order() -> None:
    judgement = judged("arrays", "\n".join(array_sheet("ji")))
    bad = [shown(v) for v in judgement.verdicts if v.mark not in ("right", "close", "convention")]
    assert not bad, "\n".join(bad)
    assert conventions_of(judgement) == {"convention-index-order"}
    assert len(told(judgement)) == 1
    # a weight on the diagonal has one name in both orders
    assert all(v.mark != "convention" for v in judgement.verdicts if v.quantity in ("∂L/∂w11", "∂L/∂w22", "w33'"))
    # what is said of a line uses the name that stands there
    assert {v.quantity for v in judgement.verdicts} >= {"∂L/∂w21", "w12'"}


def test_indices_in_the_scenarios_order() -> None:
    assert {v.mark for v in judged("arrays", "\n".join(array_sheet("ij"))).verdicts} <= {"right", "close"}


def test_one_line_with_exchanged_indices_is_not_excused() -> None:
    lines = array_sheet("ij")
    lines[2] = array_sheet("ji")[2]
    judgement = judged("arrays", "\n".join(lines))
    assert not conventions_of(judgement)
    assert [(v.quantity, v.code) for v in judgement.verdicts if v.mark == "wrong"] == [("z2", "index-transposed")]
