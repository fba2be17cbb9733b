"""Every rule of judging, one row per case: a scenario, and a sheet whose lines say the mark that they deserve."""

from __future__ import annotations

import pytest

from backprop_tutor.judging.expectations import expectations, mismatches
from tests.judging import judged, shown

# (what is tested, scenario, sheet). `# mark [code]` at the end of a line is what it must get.
CASES: tuple[tuple[str, str, str], ...] = (
    # ------------------------------------------------------------ digits
    ("exact", "ties", "z = 0.125  # right [exact]"),
    ("a tie half up", "ties", "z = 0.13  # right [rounded]"),
    ("a tie half even", "ties", "z = 0.12  # right [rounded]"),
    ("a negative tie, both ways", "ties", "n = -0.13  # right [rounded]\nn = -0.12  # right [rounded]"),
    ("more digits than there are", "ties", "z = 0.12500000000000  # right [exact]"),
    (
        "rounded",
        "sigmoid",
        "h1 = 0.5933  # right [rounded]\nh1 = 0.59327  # right [rounded]\nh1 = 0.6  # right [rounded]",
    ),
    ("one digit of 0.40", "arrays", "W = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]  # right"),
    ("cut off", "sigmoid", "h1 = 0.5932  # close [truncated]"),
    ("cut off with dots", "sigmoid", "h1 = 0.5932...  # right [truncated]"),
    ("cut off with an ellipsis", "sigmoid", "h1 = 0.5932\u2026  # right [truncated]"),
    ("dots don't excuse", "sigmoid", "h1 = 0.5942...  # wrong"),
    (
        "a negative number cut off",
        "sigmoid",
        "dE/dnet_o2 = -0.038  # right [rounded]\ndE/dw8 = -0.0227  # right [rounded]",
    ),
    ("a negative number shrinks when cut", "sigmoid", "dE/dnet_o2 = -0.0380  # close [truncated]"),
    ("a negative number does not grow", "ties", "n = -0.126  # close [last-digit]"),
    ("off by one in the last of three digits", "sigmoid", "h1 = 0.594  # close [last-digit]"),
    ("off by one in the last of two digits", "sigmoid", "h1 = 0.58  # wrong"),
    ("trailing zeros count", "sigmoid", "h2 = 0.5970  # wrong [wrong]\nh2 = 0.597  # right [rounded]"),
    ("trailing zeros that are right", "chain", "p = 0.600  # right [exact]\np = 0.60  # right [exact]"),
    ("leading zeros don't", "sigmoid", "dE/dw1 = 0.0004386  # right [rounded]"),
    ("no digit survives", "sigmoid", "dE/dw1 = 0.000  # right [rounded]"),
    (
        "a small gradient, unit by unit",
        "sigmoid",
        "dE/dw1 = 0.00044  # right [rounded]\ndE/dw1 = 0.00043  # close [truncated]",
    ),
    ("a small gradient that is wrong", "sigmoid", "dE/dw1 = 0.00046  # wrong"),
    ("a very small number", "ties", "small = 0.00000125  # right [exact]\nsmall = 0.00000135  # wrong"),
    (
        "scientific, three spellings",
        "sigmoid",
        "dE/dw5 = 8.217e-2  # right [rounded]\n"
        "dE/dw5 = 8.217×10^-2  # right [rounded]\ndE/dw5 = 8.217*10^-2  # right [rounded]\n"
        "dE/dw5 = 8.217·10⁻²  # right [rounded]",
    ),
    ("scientific, wrong in its last digit", "sigmoid", "dE/dw5 = 8.257×10^-2  # wrong [one-digit]"),
    ("percent", "sigmoid", "net_h1 = 37.75%  # right [exact]\nh1 = 59.3%  # right [rounded]\nh1 = 59.5%  # wrong"),
    ("a half", "samples", "h#1 = 3/5  # right"),
    ("a whole number's zeros fill places", "ties", "big = 150  # right\nbig = 200  # right"),
    ("they excuse no more than that", "ties", "big = 100  # wrong"),
    ("minus signs of all kinds", "ties", "n = −0.125  # right\nn = –0.125  # right\nn = -0.125  # right"),
    ("minus nothing", "chain", "a = -0  # right\na = 0.00  # right"),
    ("a true zero", "chain", "a = 0.004  # wrong\na = 0.0  # right"),
    ("approximately", "sigmoid", "h1 ≈ 0.593  # right [rounded]\nh1 ≈ 0.613  # wrong"),
    # ------------------------------------------------------------ chains
    (
        "formula, numbers, result",
        "sigmoid",
        "net_h1 = w1*i1 + w2*i2 + b1 = 0.15*0.05 + 0.2*0.1 + 0.35 = 0.3775  # right",
    ),
    ("in another order", "sigmoid", "net_h1 = b1 + i2*w2 + i1*w1 = 0.35 + 0.1*0.2 + 0.05*0.15 = 0.3775  # right"),
    ("a bracketed product", "chain", "o = (u)(q) + a = (0.7)(0.6) + 0 = 0.42  # right"),
    ("a number said twice, shorter", "sigmoid", "h1 = 0.59327 = 0.593 = 0.59  # right"),
    ("a number said twice, cut", "sigmoid", "h1 = 0.593269992 = 0.5932  # close [truncated]"),
    ("a number said twice, another", "sigmoid", "h1 = 0.59327 = 0.583  # wrong"),
    (
        "calculator digits behind rounded ones",
        "sigmoid",
        "net_o1 = w5*h1 + w6*h2 + b2 = 0.4*0.593 + 0.45*0.597 + 0.6 = 1.105906  # right",
    ),
    ("as written", "sigmoid", "net_o1 = 0.4*0.593 + 0.45*0.597 + 0.6 = 1.10585  # close"),
    ("the wrong product", "sigmoid", "net_h1 = 0.15*0.05 + 0.2*0.1 + 0.35 = 0.3875  # wrong [one-digit]"),
    (
        "right value, wrong working",
        "sigmoid",
        "net_h1 = 0.15*0.05 + 0.2*0.2 + 0.35 = 0.3775  # wrong [miscopied-operand]",
    ),
    ("right value, wrong sum", "sigmoid", "E = E1 + E2 = 0.2748 + 0.236 = 0.2984  # wrong [miscopied-operand]"),
    (
        "a wrong sign between the right numbers",
        "sigmoid",
        "w5' = w5 - η*dE/dw5 = 0.4*0.5 - 0.082167 = 0.35892  # wrong [operator]",
    ),
    (
        "each '=' joins what is equal",
        "sigmoid",
        "net_h1 = 0.15*0.05 = 0.0075 + 0.02 + 0.35 = 0.3775  # notation [running-equals]",
    ),
    ("running equals with a wrong number", "sigmoid", "net_h1 = 0.15*0.05 = 0.0075 + 0.03 + 0.35 = 0.3875  # wrong"),
    ("a right formula alone", "sigmoid", "net_h1 = w1*i1 + w2*i2 + b1  # right"),
    ("a formula written out", "sigmoid", "h1 = 1/(1 + e^(-net_h1)) = 1/(1 + e^(-0.3775)) = 0.5933  # right"),
    ("a root, a power, a superscript", "sigmoid", "E1 = (t1 - o1)²/2 = ½(0.01 - 0.75137)^2 = 0.27481  # right"),
    ("a formula said to be the number", "chain", "0.42 = u*q + a  # right\n0.43 = u*q + a  # wrong"),
    # ------------------------------------------------------------ what follows from what
    (
        "an error carried on",
        "sigmoid",
        "net_h1 = 0.4775  # wrong [one-digit]\nh1 = 0.61716  # follows [carried]\n"
        "net_o1 = 1.11546  # follows [carried]\no1 = 0.753145  # follows [carried]\nE1 = 0.276133  # follows [carried]",
    ),
    (
        "carried with numbers put in",
        "sigmoid",
        "net_h1 = 0.4775  # wrong [one-digit]\nh1 = 1/(1 + e^(-0.4775)) = 0.61716  # follows [carried]",
    ),
    ("a second mistake on the way", "sigmoid", "net_h1 = 0.4775  # wrong\nh1 = 0.38284  # wrong [wrong-exponent-sign]"),
    ("cut off on the way", "sigmoid", "net_h1 = 0.4775  # wrong\nh1 = 0.6171  # follows [carried]"),
    ("the other branch is not touched", "sigmoid", "net_h1 = 0.4775  # wrong\nh2 = 0.59688  # right [rounded]"),
    (
        "right but not from yours",
        "sigmoid",
        "net_h1 = 0.4775  # wrong\nh1 = 0.59327  # right [right-but-not-from-yours]\no1 = 0.751365  # right [rounded]",
    ),
    (
        "right again after a correction",
        "sigmoid",
        "net_h1 = 0.4775  # wrong\nnet_h1 = 0.3775  # right\nh1 = 0.59327  # right [rounded]",
    ),
    ("a quantity restated", "sigmoid", "h1 = 0.613  # wrong\nh1 = 0.593  # right\nnet_o1 = 1.106  # right [rounded]"),
    ("restated wrongly", "sigmoid", "h1 = 0.593  # right\nh1 = 0.693  # wrong\nnet_o1 = 1.1458  # follows [carried]"),
    (
        "an old value put in",
        "sigmoid",
        "h1 = 0.693  # wrong\nh1 = 0.593  # right\nnet_o1 = 0.4*0.693 + 0.45*0.5969 + 0.6 = 1.1458  # wrong [miscopied-operand]",
    ),
    (
        "rounded numbers carried on",
        "sigmoid",
        "h1 = 0.59  # right\nh2 = 0.60  # right\n"
        "net_o1 = 0.4*0.59 + 0.45*0.60 + 0.6 = 1.1060  # close [rounded-intermediates]\no1 = 0.7514  # right",
    ),
    ("right from rounded numbers", "sigmoid", "o1 = 0.75  # right\ndE/do1 = 0.7400  # close [rounded-intermediates]"),
    ("as exact as rounded numbers allow", "sigmoid", "o1 = 0.75  # right\ndE/do1 = 0.7440  # close [within-rounding]"),
    ("not as inexact as that", "sigmoid", "o1 = 0.75  # right\ndE/do1 = 0.7520  # wrong"),
    (
        "two lines cut off",
        "sigmoid",
        "h1 = 0.5932  # close [truncated]\nh2 = 0.5968  # close [truncated]\n"
        "net_o1 = 1.1058  # close\no1 = 0.7513  # close",
    ),
    (
        "a wrong formula and its own number",
        "sigmoid",
        "net_h1 = w1*i1 + w3*i2 + b1 = 0.3825  # wrong [other-neurons-weight]\nh1 = 0.59448  # follows [carried]",
    ),
    (
        "a wrong formula again",
        "sigmoid",
        "net_h1 = w1*i2 + w2*i1 + b1  # wrong [weights-swapped]\nnet_h1 = b1 + w1*i2 + w2*i1  # follows [carried]",
    ),
    (
        "a number stated further down",
        "sigmoid",
        "net_o1 = 0.4*0.593 + 0.45*0.597 + 0.6 = 1.1059  # right\nh1 = 0.593  # right\nh2 = 0.597  # right",
    ),
    # ------------------------------------------------------------ a trivial value earns nothing
    (
        "a wrong zero earns nothing downstream",
        "sigmoid",
        "dE/do1 = 0  # wrong\ndE/dnet_o1 = 0  # follows [no-evidence]\n"
        "dE/dw5 = 0  # follows [no-evidence]\nw5' = 0.40  # follows [no-evidence]",
    ),
    (
        "a wrong one neither",
        "sigmoid",
        "do1/dnet_o1 = 1  # wrong\ndE/do1 = 0.741365  # right\ndE/dnet_o1 = 0.741365  # follows [no-evidence]",
    ),
    ("a wrong zero among others", "sigmoid", "h1 = 0  # wrong\nnet_o1 = 0.8686  # follows [carried]"),
    ("a right zero is as good as any", "chain", "a = 0  # right\no = 0.42  # right"),
    # ------------------------------------------------------------ updates
    ("an update", "sigmoid", "w5' = 0.35892  # right [rounded]\nw5_new = w5 - η*dE/dw5  # right"),
    ("an update rule", "sigmoid", "w5_new = w5 - η*dE/dw5 = 0.40 - 0.5*0.082167041 = 0.35891648  # right"),
    (
        "η by other names",
        "sigmoid",
        "w5_new = w5 - lr*dE/dw5  # right\nw5⁺ = w5 - 0.5*dE/dw5  # unread\nw5_new = w5 - alpha*dE/dw5  # right",
    ),
    ("an update that does not show", "sigmoid", "w1' = 0.150  # right [update-invisible]\nw1' = 0.14978  # right"),
    (
        "a step by its own name",
        "sigmoid",
        "Δw5 = -0.5*0.0822 = -0.0411  # right\nw5' = w5 + Δw5 = 0.4 - 0.0411 = 0.3589  # right\n"
        "Δw5 = -η*dE/dw5  # right\nΔw5 = -0.0511  # wrong\nΔw1 = -0.000219  # right",
    ),
    (
        "a step that is subtracted",
        "sigmoid",
        "Δw5 = η*dE/dw5 = 0.5*0.082167 = 0.04108  # right\nw5' = w5 - Δw5 = 0.4 - 0.04108 = 0.35892  # right",
    ),
    ("ascent", "sigmoid", "w5' = 0.44108  # wrong [ascent]"),
    ("ascent as a formula", "sigmoid", "w5_new = w5 + η*dE/dw5  # wrong [ascent]"),
    # ------------------------------------------------------------ names
    ("unknown names", "sigmoid", "foo = 3*bar  # unknown [not-checkable]\nfoo = 7  # unknown [not-checkable]"),
    (
        "a name of the person's own",
        "sigmoid",
        "err = o1 - t1  # right [definition]\ndE/dnet_o1 = err*o1*(1 - o1)  # right",
    ),
    ("a foreign name that is clear", "sigmoid", "net_h_1 = 0.3775  # right\nout_h1 = 0.59327  # notation [renamed]"),
    ("LaTeX-like names", "sigmoid", "w_{5}' = 0.35892  # right\nnet_{h1} = 0.3775  # right"),
    ("two claims on one line", "ties", "z = 0.125, n = -0.125  # right\nz = 0.135, n = -0.125  # right"),
    ("two claims with a semicolon", "ties", "z = 0.125; n = -0.2  # wrong"),
    (
        "element names",
        "arrays",
        "z1 = w11*x1 + w12*x2 + w13*x3 + b1 = 0.33  # right\nz[2] = 0.73  # right\nW[2,1] = 0.4  # right\n"
        "a3 = 0.7558  # right",
    ),
    (
        "a derivative by an element",
        "arrays",
        "dL/dw21 = -0.03568  # right\ndL/dW[2,1] = -0.03568  # right\n∂L/∂w12 = -0.0425  # right",
    ),
    (
        "whole arrays",
        "arrays",
        "z = W @ x + b = [0.33, 0.73, 1.13]  # right\na = [0.5818, 0.6748, 0.7558]  # right\n"
        "z = [0.33, 0.74, 1.13]  # wrong",
    ),
    ("an array cut short", "arrays", "z = [0.33, 0.73]  # unknown [not-checkable]"),
    ("samples", "samples", "h#1 = 0.6  # right\nh#2 = w*x#2 + b = 0.5*2 + 0.1 = 1.1  # right\nE = 0.0925  # right"),
    (
        "below a heading",
        "samples",
        "## Sample 1\nh = 0.6  # right\n### Sample 2\nh = 1.1  # right\nE#2 = 0.005  # right\nh = 0.6  # wrong",
    ),
    # ------------------------------------------------------------ derivatives
    (
        "d or ∂, with spaces",
        "sigmoid",
        "dE/dw5 = 0.08217  # right\n∂E/∂w5 = 0.08217  # right\nd E / d w5 = 0.08217  # right\n"
        "∂E/∂w_5 = 0.08217  # right",
    ),
    (
        "a chain of derivatives",
        "sigmoid",
        "dE/dw5 = dE/do1 * do1/dnet_o1 * dnet_o1/dw5 = 0.741365*0.186816*0.59327 = 0.082167  # right",
    ),
    ("a chain in another order", "sigmoid", "dE/dw5 = dnet_o1/dw5 * dE/do1 * do1/dnet_o1  # right"),
    ("a link missing", "sigmoid", "dE/dw5 = dE/do1 * dnet_o1/dw5  # wrong [slope-missing]"),
    ("a sum over paths", "sigmoid", "dE/dh1 = dE1/dh1 + dE2/dh1 = 0.0554 - 0.019049 = 0.03635  # right"),
    ("paths written out", "sigmoid", "dE/dh1 = dE/dnet_o1 * w5 + dE/dnet_o2 * w7  # right"),
    (
        "one path only",
        "sigmoid",
        "dE/dh1 = dE/dnet_o1 * w5  # wrong [one-path-only]\ndE/dh1 = 0.0554  # follows [carried]",
    ),
    ("σ'", "sigmoid", "dh1/dnet_h1 = σ'(net_h1) = h1*(1 - h1) = 0.2413  # right\nσ'(net_h1) = 0.2413  # right"),
    ("σ' is not σ", "sigmoid", "dh1/dnet_h1 = σ(net_h1)  # wrong [hidden-activation-for-slope]"),
    ("d/dx of something written out", "sigmoid", "d/dh1 (w5*h1 + w6*h2 + b2) = w5 = 0.4  # right"),
    ("δ", "sigmoid", "δ_o1 = dE/do1 * o1*(1 - o1) = 0.1385  # right\nδ_h1 = 0.008771  # right"),
    (
        "softmax and cross entropy",
        "softmax",
        "dL/dz1 = p1 - y1  # right\ndL/dz2 = p2 - y2 = 0.2751 - 1 = -0.7249  # right\n"
        "dp1/dz2 = -p1*p2  # right\ndp1/dz1 = p1*(1 - p1)  # right\ndp1/dz2 = p1*(1 - p2)  # wrong [softmax-off-diagonal]",
    ),
    ("under a condition", "softmax", "dL/dz1 = p1*(y1 + y2 + y3) - y1  # right"),
    (
        "a formula that is never so",
        "sigmoid",
        "E1 = (t1 - o1)/2  # wrong\nnet_h1 = w1*i1 + w2*i2  # wrong [bias-missing]",
    ),
    ("true at this point only", "chain", "q = w*x  # wrong\nq = p  # follows [carried]"),
    ("finite differences", "samples", "(0.09290 - 0.0925)/0.001 = 0.4  # right"),
    # ------------------------------------------------------------ slips of the pen
    ("decimal point", "sigmoid", "E2 = 0.236  # wrong [decimal-point]\nh1 = 0.0593  # wrong [decimal-point]"),
    ("sign", "ties", "n = 0.125  # wrong [sign]"),
    ("swapped digits", "sigmoid", "net_h1 = 0.3757  # wrong [swapped-digits]"),
    ("one digit", "sigmoid", "o1 = 0.751865  # wrong [one-digit]"),
    ("a miscopied operand", "sigmoid", "net_h1 = 0.15*0.05 + 0.2*0.01 + 0.35 = 0.3595  # wrong [miscopied-operand]"),
    ("no cause is claimed without one", "sigmoid", "h1 = 0.8412  # wrong [wrong]"),
    # ------------------------------------------------------------ unread lines
    ("a decimal comma", "sigmoid", "h1 = 0,5933  # unread [unreadable]\nh1 = 0.5933  # right"),
    (
        "words before an equation",
        "sigmoid",
        "So, h1 = 0.5933  # right\nThen we get h2 = 0.5969  # right\nnew w5 = 0.3589  # unknown",
    ),
    ("brackets that don't close", "sigmoid", "h1 = 1/(1 + e^(-net_h1  # unread [unreadable]"),
    ("a sign with nothing after it", "sigmoid", "h1 = 0.5 +  # unread [unreadable]"),
    ("nothing after =", "sigmoid", "h1 =  # unread [unreadable]"),
    ("a bad line changes no other", "sigmoid", "net_h1 = 0.3775  # right\nh1 = ((((  # unread\no1 = 0.75137  # right"),
)


@pytest.mark.parametrize(("scenario", "sheet"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_marks(scenario: str, sheet: str) -> None:
    judgement = judged(scenario, sheet)
    assert expectations(judgement) == sheet.count("  # ")
    wrong = [f"{m.sentence}: {shown(m.verdict)}" for m in mismatches(judgement)]
    assert not wrong, "\n".join(wrong)
