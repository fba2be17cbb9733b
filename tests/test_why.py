"""What is said of a wrong line: the sentence that names the slip, the number or the piece at fault, one row each."""

from __future__ import annotations

import pytest

from backprop_tutor.handwork.claims import Verdict
from tests.judging import judged, only, shown

FORWARD = "net_h1 = 0.3775\nh1 = 0.593270\nnet_h2 = 0.3925\nh2 = 0.596884\no1 = 0.751365\no2 = 0.772928\n"
BACK = FORWARD + "dE/dnet_o1 = 0.138499\ndE/dnet_o2 = -0.038098\n"

# (scenario, sheet of which the last line counts, code, sentence)
NUMBERS_PUT_IN = (
    # a slip of the catalogue, by the place of the numbers or by what they come to
    ("sigmoid", "net_h1 = 0.15*0.05 + 0.2*0.1 = 0.0275", "bias-missing", "Add the bias b1"),
    ("sigmoid", FORWARD + "h1 = 1/(1 + e^0.3775) = 0.40673", "wrong-exponent-sign", "The exponent is −net_h1"),
    ("sigmoid", FORWARD + "dE/dnet_o1 = (0.01 - 0.751365)*0.751365*(1 - 0.751365) = -0.138499", "error-sign", "is −1"),
    ("sigmoid", FORWARD + "dE/dnet_o1 = 0.751365*(1 - 0.751365) = 0.186816", "loss-factor-missing", "is missing."),
    ("sigmoid", FORWARD + "E1 = (0.01 - 0.751365)^2 = 0.549622", "half-missing", "The ½ of E1 is missing."),
    ("sigmoid", BACK + "dE/dh1 = 0.138499 + (-0.038098) = 0.100401", "path-weights-missing", "by its own weight"),
    ("sigmoid", BACK + "dE/dh1 = 0.138499*0.4 = 0.0553996", "one-path-only", "add all 2 paths"),
    ("sigmoid", BACK + "dE/dh1 = (0.138499*0.4 + (-0.038098)*0.5)/2 = 0.018175", "paths-averaged", "Paths add"),
    ("sigmoid", BACK + "dE/dw5 = 0.138499*0.4 = 0.0554", "weight-for-activation", "the derivative by w5 is h1, not w5"),
    ("sigmoid", "w5' = 0.4 + 0.5*0.082167 = 0.441084", "ascent", "Descent subtracts"),
    ("sigmoid", "w5' = 0.5*0.4 - 0.082167 = 0.117833", "rate-times-weight", "η multiplies ∂E/∂w5, not w5"),
    # under another rule of the update, in networks of other shapes
    ("momentum_two_steps", "dL/dw1 = 2\nw1' = 1 + 0.2 = 1.2", "ascent", "Descent subtracts: w1 − η·∂L/∂w1."),
    ("momentum_two_steps", "dL/dw1 = 2\nw1' = 1 - 2 = -1", "rate-missing", "Multiply ∂L/∂w1 by the learning rate η."),
    ("adam_two_steps", "dL/dw1 = 2\nw1' = 1 - 0.1*2 = 0.8", "plain-step", "the update rule here takes another step"),
    ("batch_norm_three_samples", "dL/dz1 = -0.2/2.5 = -0.08", "taken-as-constant", "mu and var depend on z1 too"),
    ("recurrent_three_steps", "dL/dz2 = -1.1746*0.8*(1 - 0.4621^2) = -0.7390", "other-neurons-slope", "not of h1"),
    ("recurrent_three_steps", "dL/du = -1.1746*0.3537 = -0.4155", "shared-weight-last-use", "u is used 3 times"),
    ("recurrent_three_steps", "w' = 0.5 - 0.1*1.1746 = 0.3825", "shared-weight-last-use",
     "1.1746 stands where ∂L/∂w = 0.657353 belongs. w is used 3 times"),
    # no slip of the catalogue: what stands where which belongs
    ("sigmoid", BACK + "dE/dw5 = 0.138499*0.596270 = 0.082583", "miscopied-operand", "0.596270 stands where h1"),
    ("sigmoid", FORWARD + "net_o1 = 0.4*0.593270 + 0.45*0.596884 + 0.35 = 0.855906", "miscopied-operand",
     "0.35, which is b1, stands where b2 = 0.6 belongs"),
    ("sigmoid", "net_h2 = 0.25*0.05 + 0.3*0.1 - 0.35 = -0.3075", "sign", "the sign of b1 is turned"),
    ("sigmoid", "w5' = w5 - η*dE/dw5 = 0.4 - 0.5*(0.138499/0.593270) = 0.28328", "miscopied-operand",
     "0.138499/0.593270 = 0.23345 stands where ∂E/∂w5 = 0.082167 belongs"),
    ("sigmoid", FORWARD + "dE/dnet_o1 = (0.751365 - 0.01)*0.751365*(1 - 0.751365)*3 = 0.415496", "wrong",
     "the factor 3 is one too many"),
    ("sigmoid", "w5' = 0.4 - 0.5*0.082167*0.3 = 0.387675", "wrong", "the factor 0.3 is one too many"),
    ("shared_weights", "w5' = w5 - η*∂L/∂z*∂z/∂w5 = 0.249 - 0.01*(0.035/0.14) = 0.2465", "miscopied-operand",
     "0.035/0.14 = 0.25, which is w5, stands where ∂L/∂z·∂z/∂w5 belongs"),
)  # fmt: skip


@pytest.mark.parametrize(("scenario", "sheet", "code", "sentence"), NUMBERS_PUT_IN, ids=[c[2] for c in NUMBERS_PUT_IN])
def test_numbers_put_in(scenario: str, sheet: str, code: str, sentence: str) -> None:
    verdict = only(scenario, sheet)
    assert (verdict.mark, verdict.code) == ("wrong", code), shown(verdict)
    assert sentence in verdict.message


def test_nothing_is_said_to_stand_in_its_own_place() -> None:
    """A minus sign of the formula that was not typed belongs to what stands there: 0.4775 is no −net_h1."""
    verdict = only("sigmoid", FORWARD + "h1 = 1/(1 + e^(-0.4775)) = 0.61716")
    assert verdict.message == "0.4775 stands where net_h1 = 0.3775 belongs"
    verdict = only("sigmoid", FORWARD + "h1 = 1/(1 + e^0.4775) = 0.38284")
    assert verdict.message == "0.4775 stands where −net_h1 = -0.3775 belongs"


# ---------------------------------------------------------------- formulas
FORMULAS = (
    ("sigmoid", "dE/do1 = dE/do1*1/2", "times-itself", "∂E/∂o1 stands on both sides, so 1/2 would have to be 1"),
    ("symbolic_cross_entropy", "∂L/∂z1 = ∂L/∂y1*∂y1/∂z1", "no-dependence", "y1 is a target and does not depend on z1"),
    ("sigmoid", "dE/dnet_h1 = dE/dh1*dh2/dnet_h1", "no-dependence", "h2 does not depend on net_h1: ∂h2/∂net_h1 is 0"),
    ("sigmoid", "dE1/dh1 = dE1/dnet_o1*dnet_o1/dh1*dnet_o1/dh1", "factor-twice", "∂net_o1/∂h1 stands there twice"),
)


@pytest.mark.parametrize(("scenario", "line", "code", "sentence"), FORMULAS, ids=[c[2] for c in FORMULAS])
def test_formulas(scenario: str, line: str, code: str, sentence: str) -> None:
    verdict = only(scenario, line)
    assert (verdict.mark, verdict.code) == ("wrong", code), shown(verdict)
    assert sentence in verdict.message


def test_each_wrong_formula_of_a_line_has_its_own_word() -> None:
    verdict = only("sigmoid", "dE/do1 = dE/do1*1/2 = dE/do1*(t1 - o1) = (t1 - o1)")
    assert [link.code for link in verdict.links] == ["times-itself", "times-itself", "error-sign"]
    assert len({link.message for link in verdict.links}) == 3
    assert verdict.code == "error-sign"


def test_two_faults_that_hold_together_are_both_said() -> None:
    """The factor twice gives 0.0222, the right product 0.0554: 0.554 has its decimal point wrong as well."""
    verdict = only("sigmoid", "dE1/dh1 = dE1/dnet_o1*dnet_o1/dh1*dnet_o1/dh1 = 0.554")
    assert "stands there twice" in verdict.message
    assert "As well, the decimal point is 1 place off" in verdict.message
    (cause,) = verdict.explanations
    assert cause.value == pytest.approx(0.0221598, rel=1e-5)


# ---------------------------------------------------------------- one given value behind several lines
def miscopied(verdict: Verdict) -> bool:
    return any(cause.code == "miscopied-value" for cause in verdict.explanations)


def test_a_given_value_that_explains_two_mistakes_is_told() -> None:
    """w5 = 0.45 in the output's sum and on the way back."""
    sheet = "net_o1 = 1.135569\no1 = 0.756867\ndE/dnet_o1 = 0.137438\ndE/dnet_o2 = -0.038098\ndE/dh1 = 0.042798"
    judgement = judged("sigmoid", sheet)
    first = next(v for v in judgement.verdicts if v.mark == "wrong")
    assert miscopied(first)
    assert first.message == "these lines fit if w5 is 0.45 instead of 0.4"


def test_a_given_value_has_to_fit_every_element_of_a_line() -> None:
    """With y2 = −1 the line about z would fit, and one element of the last, whose slip is another one."""
    turned = "[-0.2279, 0.3806, -0.1527]"
    sheet = f"p = [0.2279, 0.6194, 0.1527]\ndL/dz = y - p = {turned}\ndL/db = {turned}\nb' = [0.2140, -0.3806, -0.0236]"
    judgement = judged("classes", sheet)
    assert [v.code for v in judgement.verdicts if v.mark == "wrong"] == ["target-minus-output", "rate-missing"]


@pytest.mark.parametrize(
    "sheet",
    [
        # the slip is certain, and what follows from it fits any story that explains it
        "h1 = 0.40673\nnet_o1 = 1.03129\no1 = 0.737164\nE1 = 0.264384",
        # the person has written down the given value
        "w1 = 0.15\nnet_h1 = 0.3700\nh1 = 0.591459\nnet_o1 = 1.105181\no1 = 0.751229",
    ],
)
def test_a_given_value_that_explains_no_more_is_not_told(sheet: str) -> None:
    judgement = judged("sigmoid", sheet)
    assert any(v.mark == "wrong" for v in judgement.verdicts)
    assert not any(map(miscopied, judgement.verdicts))
