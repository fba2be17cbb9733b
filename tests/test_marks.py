"""Every rule of judging, one row per case: a scenario, and a sheet whose lines say the mark that they deserve."""

from __future__ import annotations

import pytest

from backprop_tutor.judging.expectations import expectations, mismatches
from backprop_tutor.judging.references import references
from tests.judging import judge_of, judged, only, shown

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
    (
        "a rounded number that is a given value too",
        "sigmoid",
        "h2 = 0.60  # right\ndh2/dnet_h2 = h2*(1 - h2) = 0.60*(1 - 0.60) = 0.60*0.40 = 0.2406  # right",
    ),
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
    (
        "working that goes on from the line's own numbers",
        "sigmoid",
        "h1 = 1/(1+e^(-0.3775)) = 1/(1+0.6856) = 0.5933  # right\no1 = 1/(1+e^(-1.1059)) = 1/1.3309 = 0.7514  # right\n"
        "do1/dnet_o1 = o1*(1 - o1) = 0.7514*(1 - 0.7514) = 0.7514*0.2486 = 0.1868  # right\n"
        "w5' = 0.4 - 0.5*0.1385*0.5933 = 0.4 - 0.0411 = 0.3589  # right\n"
        "w1' = 0.15 - 0.5*0.00877*0.05 = 0.15 - 0.000219 = 0.149781  # right",
    ),
    (
        "working that starts with the 1 of 1 - a²",
        "single_tanh_neuron",
        "do/dn = 1 - o^2 = 1 - 0.7071^2 = 1 - 0.5000 = 0.5000  # right",
    ),
    (
        "working that goes on wrongly",
        "sigmoid",
        "h1 = 1/(1+e^(-0.3775)) = 1/(1+0.6586) = 0.6029  # wrong\n"
        "w5' = 0.4 - 0.5*0.1385*0.5933 = 0.4 - 0.411 = -0.011  # wrong",
    ),
    ("running equals with a wrong number", "sigmoid", "net_h1 = 0.15*0.05 = 0.0075 + 0.03 + 0.35 = 0.3875  # wrong"),
    ("a right formula alone", "sigmoid", "net_h1 = w1*i1 + w2*i2 + b1  # right"),
    ("a formula written out", "sigmoid", "h1 = 1/(1 + e^(-net_h1)) = 1/(1 + e^(-0.3775)) = 0.5933  # right"),
    ("a root, a power, a superscript", "sigmoid", "E1 = (t1 - o1)²/2 = ½(0.01 - 0.75137)^2 = 0.27481  # right"),
    ("a formula said to be the number", "chain", "0.42 = u*q + a  # right\n0.43 = u*q + a  # wrong"),
    # ------------------------------------------------------------ given numbers in a formula that has names too
    (
        "given numbers put in for some names",
        "sigmoid",
        "net_h1 = 0.15*i1 + 0.2*i2 + 0.35 = 0.3775  # right\nnet_h1 = 0.05*w1 + 0.1*w2 + 0.35  # right\n"
        "E1 = 0.5*(0.01 - o1)^2 = 0.2748  # right\ndE/do1 = o1 - 0.01 = 0.7414  # right\n"
        "dE/do1 = -(0.01 - o1)  # right\ndE/dw1 = δ_h1*0.05  # right\nw5' = w5 - 0.5*dE/dw5  # right",
    ),
    (
        "another number put in",
        "sigmoid",
        "net_h1 = 0.15*i1 + 0.25*i2 + 0.35  # wrong\nE1 = 0.5*(0.99 - o1)^2  # wrong\n"
        "dE/dw1 = δ_h1*0.1  # wrong\nE1 = 0.5*(0.01 - o2)^2  # wrong",
    ),
    (
        "numbers worked out before put in",
        "sigmoid",
        "dE/dw5 = 0.1385*h1 = 0.0822  # right\ndE/dw5 = 0.1385*h2  # wrong\ndE/dw5 = 0.1364*h1  # wrong",
    ),
    (
        "a wrong number worked out before put in",
        "sigmoid",
        "dE/dnet_o1 = 0.5571  # wrong\ndE/dw5 = 0.5571*h1 = 0.3305  # follows\ndE/dw5 = 0.5571*h2  # wrong",
    ),
    (
        "what holds for the given numbers",
        "sigmoid",
        "i2 = 2*i1  # right\ndE/dw2 = 2*dE/dw1  # right\nnet_h2 = net_h1 + 0.015 = 0.3925  # right\n"
        "i2 = 3*i1  # wrong\nnet_h2 = net_h1 + 0.025  # wrong",
    ),
    (
        "given numbers multiplied before",
        "linear_two_errors",
        "o1 = 2.0*a21 = 2*w21*h1 = 2*0.2*h1 = 0.4*h1 = 0.4*3 = 1.2  # right\n∂e1/∂w11 = -1.6*2*w21*2*x11  # right\n"
        "∂e1/∂w21 = -1.6*2*h1  # right\n∂e1/∂w21 = 1.6*2*h1  # wrong\n∂e1/∂o1 = -2*(2.0 - o1)  # right\n"
        "∂e1/∂o1 = 2*(2.0 - o1)  # wrong",
    ),
    (
        "targets of 0 and 1",
        "softmax",
        "L = -ln(p2)  # right\ndL/dz2 = p2 - 1 = -0.7249  # right\ndL/dz1 = p1  # right\ndL/dp2 = -1/p2  # right\n"
        "dL/dz1 = p1 - 1  # wrong [minus-one-for-every-class]\nL = -ln(p1)  # wrong\ndL/dz2 = p2  # wrong",
    ),
    (
        "two squares with targets of 0 and 1",
        "matrix_softmax",
        "dL/dyhat1 = -2(1 - yhat1)  # right\ndL/dyhat2 = 2*yhat2  # right\nL = (1 - yhat1)^2 + yhat2^2  # right\n"
        "L = 2*yhat2^2  # right\ndL/dyhat1 = -2*yhat1  # wrong\nL = 2*yhat1^2  # wrong",
    ),
    (
        "numbers in a formula of arrays",
        "batch_norm_three_samples",
        "y = 0.5*xhat + 0.2 = [-0.4, 0.2, 0.8]  # right\ny = 0.5*xhat + 0.3 = [-0.4, 0.2, 0.8]  # wrong",
    ),
    (
        "a relu that lets all through, on the way to a number",
        "chain",
        "q = p = 0.6  # right\no = u*p + a = 0.42  # right",
    ),
    ("a relu that lets nothing through", "chain", "a = 0*z = 0  # right\nc' = c = -0.9  # right\na = z  # wrong"),
    # ------------------------------------------------------------ numbers put in, in another arrangement
    (
        "a square the other way round",
        "sigmoid",
        "E1 = 1/2*(0.7514 - 0.01)^2 = 0.2748  # right\nE1 = 0.5*(0.7514 - 0.01)^2 = 0.2748  # right\n"
        "E1 = (0.7514 - 0.01)^2/2 = 0.2748  # right",
    ),
    (
        "factors multiplied before",
        "sigmoid",
        "dE/dw1 = 0.036350306*0.01206503 = 0.000438568  # right\ndE/dw1 = 0.008771*0.05 = 0.00043855  # close",
    ),
    (
        "two terms, each worked out",
        "decay",
        "dL/dw2 = (-0.7)(-1) + 0.1*0.3 = 0.7 + 0.03 = 0.73  # right\ndL/db = -0.7 + 0.1*0.1 = -0.69  # wrong",
    ),
    # ------------------------------------------------------------ given data are exact
    (
        "another given value is no rounding of this one",
        "sigmoid",
        "dE/dw1 = 0.00877*0.1 = 0.000877  # wrong [other-activation]\n"
        "net_h2 = 0.2*0.05 + 0.3*0.1 + 0.35 = 0.39000  # wrong [other-neurons-weight]\n"
        "E1 = 0.5*(0.0 - 0.7514)^2 = 0.2823  # wrong [miscopied-operand]",
    ),
    (
        "not even where the result is right to its two digits",
        "sigmoid",
        "net_h2 = 0.2*0.05 + 0.3*0.1 + 0.35 = 0.39  # wrong [other-neurons-weight]",
    ),
    (
        "restated givens leave no room",
        "two_sigmoid_outputs",
        "w21 = 0.4  # right\nw22 = 0.45  # right\nb2 = 0.6  # right\na_h1 = 0.593  # right\na_h2 = 0.597  # right\n"
        "o1 = a_h1*w21 + a_h2*w22 + b2 = 1.15  # wrong\no1 = a_h1*w21 + a_h2*w22 + b2 = 1.1062  # close",
    ),
    (
        "restated givens leave no room in a gradient",
        "two_sigmoid_outputs",
        "i1 = 0.05  # right\n∂h1/∂w11 = 0.05  # right\n∂Loss/∂a_h1 = 0.0364  # right\n∂a_h1/∂h1 = 0.241  # right\n"
        "∂Loss/∂w11 = 0.000470  # wrong\n∂Loss/∂w11 = 0.000400  # wrong\n∂Loss/∂w11 = 0.0004385  # close",
    ),
    (
        "restated matrices neither",
        "matrix_softmax",
        "W2 = [[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]  # right\n"
        "h1 = sigmoid(a1) = [0.95, 0.97, 0.89, 0.91]  # right\na2 = W2 @ h1 + b2 = [1.60, 0.60]  # wrong",
    ),
    (
        "a given value miscopied, and what follows",
        "sigmoid",
        "i2 = 0.2  # wrong\nnet_h1 = 0.15*0.05 + 0.2*0.2 + 0.35 = 0.3975  # follows",
    ),
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
    (
        "a target of 0 multiplies a logarithm that has no value",
        "softmax",
        "p1 = -0.1111  # wrong\np2 = 1.2222  # wrong\np3 = -0.1111  # wrong\nL = -0.2007  # follows [carried]\n"
        "dL/dz1 = -0.1111  # follows [carried]\ndL/dz2 = 0.2222  # follows [carried]",
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
    (
        "a wrong line repeated",
        "sigmoid",
        "δ_o1 = (0.7514 - 0.01)*0.7514 = 0.5571  # wrong\nδ_o1 = 0.5571  # follows [carried]\n"
        "δ_o1 = (0.7514 - 0.01)*0.7514 = 0.5571  # follows [carried]\nδ_o1 = 0.557  # follows [carried]\n"
        "δ_o1 = 0.1385  # right\nδ_o1 = 0.1285  # wrong\nδ_o1 = 0.1285  # follows",
    ),
    (
        "a number of a wrong line that makes no difference",
        "sigmoid",
        "h1 = 0.4067  # wrong [wrong-exponent-sign]\n"
        "dh1/dnet_h1 = h1*(1 - h1) = 0.4067*(1 - 0.4067) = 0.2413  # follows [no-effect]\n"
        "dE/dnet_h1 = 0.03635*0.2413 = 0.008771  # right\ndE/dw5 = 0.1385*0.4067 = 0.0563  # follows [carried]",
    ),
    (
        "a wrong sign makes a difference, but for a square",
        "sigmoid",
        "δ_o1 = -0.1385  # wrong\ndE/dw5 = (-0.1385)*0.5933 = -0.0822  # follows [carried]\n"
        "w5' = 0.4 - 0.5*(-0.0822) = 0.4411  # follows [carried]\n"
        "dE1/do1 = -0.7414  # wrong\nE1 = 1/2*(-0.7414)^2 = 0.2748  # right",
    ),
    (
        "a table whose calculations have several steps",
        "chain",
        "| gradient | calculation | result |\n|---|---|---|\n| dL/do | 2(o - t) = 2*(0.42 - 1) | -1.16 |  # right\n"
        "| dL/du | dL/do*q = -1.16*0.6 | -0.796 |  # wrong\n| dL/dq | o - t = 0.42 - 1 | -0.58 |  # wrong",
    ),
    (
        "e is the difference beside a loss E",
        "sigmoid",
        "e = t1 - o1 = 0.01 - 0.7514 = -0.7414  # right [definition]\ndE/do1 = -e = 0.7414  # right\ndE/do1 = e  # wrong",
    ),
    (
        "dp below a differential is that of p, whatever else has this name",
        "pair of distances",
        "dL/dp = -2(a - p) = 0.1387  # right\ndp = (a - p)^2 = 0.0048  # right\ndp/dw = (1 - p^2)*xp = 0.4593  # right\n"
        "dL/dp = 2(a - p)  # wrong [sign]",
    ),
    (
        "a slip in the derivative of the whole loss leads to its one part",
        "sigmoid",
        "dE/dnet_o1 = 0.1581  # wrong\ndE1/dh1 = 0.1581*0.4 = 0.0632  # follows\ndE/dnet_o2 = 0.0481  # wrong\n"
        "dE2/dh1 = 0.0481*0.5 = 0.0241  # follows\ndE/dh1 = 0.0632 + 0.0241 = 0.0873  # follows",
    ),
    (
        "what a right formula gives at a wrong number follows",
        "sigmoid",
        "dE/do1 = 0.7514  # wrong\ndE1/do1 = dE/do1 = 0.7514  # follows",
    ),
    (
        "the factor of a mean left out of a formula",
        "three outputs",
        "dL/dy1 = 2/3*(y1 - t1)  # right\ndL/dy1 = 2*(y1 - t1)  # wrong [constant-factor]\n"
        "dL/dy1 = 1/3*(y1 - t1)  # wrong [factor-two-missing]",
    ),
    (
        "signs of factors stand where people put them",
        "circuit",
        "df/dn = -0.20  # right\ndf/dd = -0.20 * -1 = 0.20  # right\ndf/dd = -0.20*(-1) = 0.20  # right\n"
        "df/dd = -1 * -0.20 = 0.20  # right\ndf/da = 1*0.20 = 0.20  # right\ndf/dd = -0.20 * 1 = -0.20  # wrong",
    ),
    (
        "a slip in one part of the loss leads to the whole",
        "sigmoid",
        "dE1/dh1 = 0.138*0.359 = 0.0495  # wrong [updated-weights-used]\ndE2/dh1 = -0.0190  # right\n"
        "dE/dh1 = 0.0495 + (-0.0190) = 0.0305  # follows\ndE/dh1 = 0.0305  # follows",
    ),
    (
        "whose g a line means is said in it",
        "adam_two_steps",
        "g = dL/dw1 = (yhat - y)*x = -2  # wrong [error-sign]\nm = 0.9*0 + 0.1*dL/db = 0.2  # wrong",
    ),
    (
        "a number that fits another parameter by its one digit alone",
        "momentum_two_steps",
        "dL/dw1 = 2  # right\nv = 2  # right\nw1' = 0.8  # right\ndL/db = 1  # right\nv = 1  # right\n"
        "# Step 2\ndL/dw1 = 1  # right\nv = 1  # wrong",
    ),
    (
        "the weight at hand, or the new one",
        "momentum_two_steps",
        "dL/dw1 = 2  # right\nv = 2  # right\nw = 1 - 0.1*2 = 0.8  # right\nw = 0.8  # right\n# Step 2\n"
        "w1 = 0.8  # right\ndL/dw1 = 1  # right\nv = 2.8  # right\nw1 = 0.52  # notation\nw1 = 0.7  # wrong",
    ),
    (
        "new weights alone",
        "sigmoid",
        "w5 = 0.3589  # notation [renamed]\nw6 = 0.45  # right\nw7 = 0.5213  # wrong\nw8 = 0.65  # wrong",
    ),
    (
        "a transpose beside targets called T",
        "attention_two_tokens",
        "dL/dV = A^T dL/dO  # right\ndL/dWV = X^T A^T (O - T)  # right",
    ),
    # ------------------------------------------------------------ the slope of a formula, or over all paths
    (
        "what else changes with an operand is held fixed, or not",
        "batch_norm_three_samples",
        "dxhat1/dz1 = 1/s = 1/2.5 = 0.4  # right [local-derivative]\n"
        "dxhat1/dz1 = 1/s - 1/(3*s) - (z1 - mu)^2/(3*s^3) = 0.0747  # right [total-derivative]\n"
        "dxhat1/dz1 = 0.5  # wrong\n∂xhat_2/∂z_2 = 1/s  # right [local-derivative]\ndvar/dz1 = 2/3*(z1 - mu) = -2  # right\n"
        "dL/dz1 = dL/dxhat1*dxhat1/dz1 + dL/dmu*dmu/dz1 + dL/dvar*dvar/dz1 = -0.0341  # right [local-derivative]\n"
        "dL/dz1 = -0.2*0.4 + 0.08/3 - 2*dL/dvar = -0.0341  # right\n"
        "dL/dz1 = dL/dxhat1*dxhat1/dz1 = -0.2*0.4 = -0.08  # wrong [taken-as-constant]",
    ),
    (
        "the way past a block, or both",
        "residual_block",
        "dr2/dr1 = 1  # right [local-derivative]\ndr2/dr1 = 1 + v2*w2 = 0.5  # right\n"
        "dL/dr1 = dL/dr2*dr2/dr1 + dL/dz2*dz2/dr1 = -0.5*1 + 0.5*0.5 = -0.25  # right [local-derivative]\n"
        "dL/dr1 = dL/dr2*dr2/dr1 = -0.5*0.5 = -0.25  # right [total-derivative]\n"
        "dL/dr1 = dL/dr2*dr2/dr1 = -0.5*1 = -0.5  # wrong [taken-as-constant]\n"
        "dL/dw1 = dL/dr1*dr1/dh1*dh1/dz1*dz1/dw1 = -0.25*2*1*2 = -1  # right\ndr2/dr1 = 2  # wrong",
    ),
    ("a part of the loss is no way to leave out the other", "decay", "dL/dw1 = k*w1  # wrong"),
    (
        "a slip in writing a number down, and the right one used",
        "sigmoid",
        "h1 = 0.59  # right\nh2 = 0.59  # close\nnet_o1 = 0.4*0.59 + 0.45*0.59 + 0.6 = 1.0115  # wrong [swapped-digits]\n"
        "o1 = 1/(1 + e^-1.1015) = 0.7505  # close\no1 = 1/(1 + e^-1.1015) = 0.7605  # wrong\no1 = 0.7333  # follows",
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
        "w5_new = w5 - lr*dE/dw5  # right\nw5⁺ = w5 - 0.5*dE/dw5  # right\nw5_new = w5 - alpha*dE/dw5  # right",
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
    (
        "own names in a chain",
        "sigmoid",
        "s = 0.4*0.5933 + 0.45*0.5969 = 0.5059  # right [definition]\nnet_o1 = s + 0.6 = 1.1059  # right\n"
        "err = o1 - t1 = 0.7514 - 0.01 = 0.7414  # right [definition]\nslope = o1*(1 - o1) = 0.1868  # right [definition]\n"
        "d1 = err*slope = 0.1385  # right [definition]\ndE/dw5 = d1*h1 = 0.1385*0.5933 = 0.0822  # right\n"
        "g = dE/dw5 = 0.0822  # right [definition]\nw5' = w5 - η*g = 0.3589  # right\ng = dE/dw6 = 0.0827  # right [definition]\n"
        "w6' = w6 - η*g = 0.4087  # right\nS = 0.1385*0.4 - 0.0381*0.5 = 0.0364  # right [definition]\n"
        "dE/dw1 = S*0.2413*0.05 = 0.000439  # right\nS = 0.1385*0.45 - 0.0381*0.55 = 0.0414  # right [definition]",
    ),
    (
        "own names with a mistake",
        "sigmoid",
        "s = w5*h1 + w6*h2 = 0.4*0.5933 + 0.45*0.5969 = 0.5159  # wrong\nnet_o1 = s + b2 = 0.5159 + 0.6 = 1.1159  # follows [carried]\n"
        "err = o1 - t1 = 0.8414  # wrong\nslope = o1*(1 - o1) = 0.1868  # right [definition]\n"
        "d1 = err*slope = 0.8414*0.1868 = 0.1572  # follows [carried]\nS = 0.1385*0.4 - 0.0381*0.5 = 0.0464  # wrong\n"
        "dE/dw1 = S*0.2413*0.05 = 0.000560  # follows [carried]",
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
    # ------------------------------------------------------------ finite differences by hand
    ("finite differences", "samples", "(0.09290 - 0.0925)/0.001 = 0.4  # right"),
    (
        "a nudge with names, with numbers, with both",
        "linear_two_errors",
        "a1 = (w11 + 0.000001)*x11 = 1.500003  # right\na1 = (0.5 + 0.000001)*3.0 = 1.500003  # right\n"
        "a21 = (0.2 + 0.000001)*3 = 0.600003  # right\na1 = (0.5 + 0.001)*3 = 1.503  # right\n"
        "h1 = 2*1.503 = 3.006  # right\na21 = 0.2*3.006 = 0.6012  # right\no1 = 2*0.6012 = 1.2024  # right\n"
        "((2 - 1.2024)^2 - 0.64)/0.001 = -3.83424  # right",
    ),
    (
        "a nudge that went wrong",
        "linear_two_errors",
        "a22 = (w22 + 0.000001)*h1 = (0.1 + 0.000001)*3.0 = 0.300002  # wrong\n"
        "a22 = (w22 + 0.000001)*h1 = (0.1 + 0.000001)*3.0 = 0.300004  # wrong\n"
        "a22 = (w22 + 0.000001)*h1 = (0.1 + 0.000001)*3.0 = 0.3000003  # wrong [zero-more]\n"
        "o2 = f(a22) = 2.0*a22 = 0.6000006  # follows [carried]",
    ),
    (
        "a nudge lost on the way",
        "linear_two_errors",
        "a22 = (w22 + 0.000001)*h1 = 0.300003  # right\no2 = 2.0*a22 = 0.60006  # wrong [zero-less]",
    ),
    (
        "a quotient leaves no room where all in it is exact",
        "linear_two_errors",
        "((2.0 - 1.200006)^2 - (2.0 - 1.2)^2)/0.000001 = -9.599964 ≈ -9.6  # right\n"
        "((2.0 - 1.200006)^2 - (2.0 - 1.2)^2)/0.000001 = -9.60  # right\n"
        "((2.0 - 1.200006)^2 - (2.0 - 1.2)^2)/0.000001 = -9.599946  # wrong [swapped-digits]\n"
        "((2.0 - 1.200006)^2 - (2.0 - 1.2)^2)/0.000001 = -7.0  # wrong\n"
        "((2.0 - 1.200006)^2 - (2.0 - 1.2)^2)/0.000001 = -8.123456 ≈ -9.6  # wrong",
    ),
    (
        "a quotient of rounded numbers leaves the room that they leave",
        "sigmoid",
        "(0.29845 - 0.29837)/0.001 = 0.0822  # right\n(0.29845 - 0.29837)/0.001 = 0.1022  # wrong",
    ),
    (
        "a quotient for a derivative",
        "linear_two_errors",
        "∂e1/∂w21 ≈ -9.599964  # close [difference-quotient]\n∂e1/∂w21 ≈ -9.599946  # wrong\n"
        "∂e1/∂w11 ≈ ((2 - 1.2024)^2 - 0.64)/0.001 = -3.83424  # close [difference-quotient]\n"
        "∂e1/∂w11 ≈ ((2 - 1.2024)^2 - 0.64)/0.001 = -3.93424  # wrong",
    ),
    # ------------------------------------------------------------ slips of the pen
    ("decimal point", "sigmoid", "E2 = 0.236  # wrong [decimal-point]\nh1 = 0.0593  # wrong [decimal-point]"),
    ("sign", "ties", "n = 0.125  # wrong [sign]"),
    ("swapped digits", "sigmoid", "net_h1 = 0.3757  # wrong [swapped-digits]"),
    (
        "a zero too many, a zero too few",
        "sigmoid",
        "net_o1 = 1.1005906  # wrong [zero-more]\ndE/dnet_o2 = -0.038098  # right\no1 = 0.7510365  # wrong [zero-more]",
    ),
    ("a zero left out", "linear_two_errors", "a1 = (w11 + 0.0001)*x11 = 1.503  # wrong [zero-less]"),
    ("one digit", "sigmoid", "o1 = 0.751865  # wrong [one-digit]"),
    ("a miscopied operand", "sigmoid", "net_h1 = 0.15*0.05 + 0.2*0.01 + 0.35 = 0.3595  # wrong [miscopied-operand]"),
    ("no cause is claimed without one", "sigmoid", "h1 = 0.8412  # wrong [wrong]"),
    # ------------------------------------------------------------ LaTeX
    (
        "braces",
        "sigmoid",
        "h1 = 1/(1 + e^{-net_{h1}}) = 1/(1+e^{-0.3775}) = 0.5933  # right\nnet_{h1} = 0.3775  # right",
    ),
    (
        "fractions and derivatives",
        "sigmoid",
        r"\frac{\partial E}{\partial w_5} = \frac{\partial E}{\partial o_1} \cdot \frac{\partial o_1}{\partial net_{o1}} "
        r"\times \frac{\partial net_{o1}}{\partial w_5} = 0.741365 * 0.186816 * 0.59327 = 0.082167  # right"
        "\n"
        r"E_1 = \frac{1}{2}(t_1 - o_1)^{2} = \frac12 \left( 0.01 - 0.75137 \right)^2 = 0.27481  # right"
        "\n"
        r"\frac{dE}{dw_{5}} = \delta_{o1} h_{1}  # right"
        "\n"
        r"\frac{\partial E}{\partial w_5} = 0.09217  # wrong",
    ),
    (
        "updates in LaTeX",
        "sigmoid",
        r"w_5^{+} = w_5 - \eta \frac{\partial E}{\partial w_{5}} = 0.35892  # right"
        "\n"
        r"w^{new}_5 = 0.35892  # right"
        "\n"
        r"w_{5}^{(t+1)} = w_{5}^{(t)} - \eta\delta_{o1}h_{1}  # right",
    ),
    ("dollars", "sigmoid", "We get $net_{h1} = 0.3775$, so $$h_1 = 0.5933$$  # right"),
    (
        "aligned equations",
        "sigmoid",
        r"\begin{aligned}"
        "\n"
        r"net_{h1} &= w_1 i_1 + w_2 i_2 + b_1 \\"
        "\n"
        r"&= 0.3775 \\[4pt]  # right"
        "\n"
        r"\end{aligned}",
    ),
    ("a matrix in LaTeX", "arrays", r"z = \begin{bmatrix} 0.33 \\ 0.73 \\ 1.13 \end{bmatrix}  # right"),
    # ------------------------------------------------------------ weights after the update
    (
        "marks of a new weight",
        "sigmoid",
        "w5+ = 0.35892  # right\nw5^+ = 0.35892  # right\nw5⁺ = 0.35892  # right\nw5* = 0.35892  # right\n"
        "w5(new) = 0.35892  # right\nw5 new = 0.35892  # right\nw5 (updated) := 0.35892  # right\nw5 new = 0.45892  # wrong\nw5,new = 0.35892  # right\nnew w5 = 0.35892  # right\nupdated w5 = 0.35892  # right\n"
        "w5_updated = 0.35892  # right\nw5_after = 0.35892  # right\nw5_t+1 = 0.35892  # right\nŵ5 = 0.35892  # right\n"
        "w5(t+1) = 0.35892  # right\nw5_{t+1} = 0.35892  # right\nw5_neu = 0.35892  # right\nnew_w5 = 0.35892  # right",
    ),
    ("a new weight that is wrong", "sigmoid", "w5_updated = 0.36892  # wrong\nw5+ = 0.44108  # wrong [ascent]"),
    ("w(0) and w(1)", "sigmoid", "w7(1) = w7(0) - η*δ_o2*h1 = 0.5113  # right\nw5(1) = w5(0) - η*dE/dw6  # wrong"),
    (
        "assignments",
        "sigmoid",
        "w5 := 0.35892  # right\nw6 ← w6 - η*dE/dw6 = 0.40867  # right\nw7 -= 0.5*dE/dw7  # right\nw8 := 0.46137  # wrong",
    ),
    (
        "in place",
        "sigmoid",
        "w6 = 0.45  # right\nw5 = w5 - η*dE/dw5 = 0.35892  # notation [renamed]\n"
        "w6 = 0.45 - 0.5*0.082668 = 0.40867  # notation [renamed]\nw7 = 0.51130  # notation [renamed]\nw8 = 0.65  # wrong",
    ),
    ("a given weight copied", "sigmoid", "w5 = 0.45  # wrong\nw6 = 0.45  # right"),
    # ------------------------------------------------------------ gradients and the loss by other names
    (
        "names of programs",
        "sigmoid",
        "".join(
            f"{name} = 0.082167  # right\n"
            for name in ("dw5", "grad_w5", "∇w5", "grad w5", "dE_dw5", "dEdw5", "δE/δw5", "\U0001d715E/\U0001d715w5")
        )
        + "db2 = 0.1004  # right\nd_w5 = 0.093167  # wrong",
    ),
    (
        "the loss is E, L, J or C",
        "sigmoid",
        "L = 0.298371  # right\nJ = E1 + E2  # right\nloss = 0.298371  # right\n"
        "dC/dw5 = 0.082167  # right\nTotal error = 0.298371  # right\ntotal cost = 0.3984  # wrong",
    ),
    (
        "the loss at a weight",
        "sigmoid",
        "E(w5) = 0.298371  # right\nE(w5 + 0.001) = 0.298453  # unknown\n"
        "(E(w5+h) - E(w5-h))/(2h) = 0.082167  # unknown",
    ),
    (
        "an activation without a name",
        "sigmoid",
        "f(x) = 1/(1 + e^-x)  # right\nf'(x) = f(x)(1 - f(x))  # right\nf'(x) = f(x)  # wrong\nf(net_h1) = 0.59327  # right\ndh1/dnet_h1 = f'(net_h1) = h1(1 - h1)  # right",
    ),
    # ------------------------------------------------------------ foreign names need evidence
    (
        "a number is none",
        "sigmoid",
        "dropout = 0.5  # unknown\nepoch = 1  # unknown\nnet_h3 = 0.4  # unknown\ndE/dw9 = 0.0822  # unknown\n"
        "accuracy = 0.7514  # unknown\nF = m*a  # unknown",
    ),
    ("no derivative by itself", "sigmoid", "dE/dnet_o1 = dE/dfoo * dfoo/dnet_o1  # notation [renamed]"),
    # ------------------------------------------------------------ prose
    (
        "sentences",
        "sigmoid",
        "The net input of h1 is net_h1 = 0.3775, so its output is h1 = 0.5933.  # right\n"
        "For h2 we have h2 = 0.5969 and o1 = 0.7514; hence E1 = 0.2748.  # right\n"
        "The output layer gives net_o1 = 1.1059 → o1 = 0.7514  # right\n"
        "Therefore the gradient is dE/dw5 = 0.7414 * 0.1868 * 0.5933 ≈ 0.0822 (very small!)  # right\n"
        "Hence w5 becomes w5_new = 0.4 - 0.5*0.0822 = 0.3689  # wrong\nLet h1 = the output of the first unit\nName = Anna Schmidt",
    ),
    (
        "labels",
        "sigmoid",
        "Step 1: net_h1 = 0.3775  # right\nNet input: net_h2 = 0.3925  # right\nt=1: h1 = 0.5933  # right\n"
        "a) h2 = 0.5969  # right\n1. o1 = 0.7514  # right\n(2) o2 = 0.7729  # right\nAt t = 3, E1 = 0.2748  # right",
    ),
    (
        "remarks behind",
        "sigmoid",
        "h1 = 0.5933 (rounded)  # right\nh1 = 0.5933, because net_h1 > 0  # right\nh1 = 0.5933 ✓  # right\n"
        "h1 = 0.5933 # that was easy  # right\nh1 = 0.5933 // done  # right\nh1 = 0.5933 (since net_h1 > 0)  # right\n"
        "h1 = 0.5833 which is fine  # wrong",
    ),
    (
        "numbers of sections and notes far behind",
        "sigmoid",
        r"3.2 $\frac{\partial h_1}{\partial net_{h1}} = 0.2413$  # right"
        "\nStep 3.3 h1 = 0.5933  # right\n"
        r"$$3.4 \frac{\partial net_{h1}}{\partial w_1} = 0.05$$  # right"
        "\no1 = 0.75137    (0.01)  # right",
    ),
    (
        "an arrow in a picture is no claim",
        "sigmoid",
        r"$$\frac{\partial E}{\partial h_1} \leftarrow \sigma'(net_{h1})$$",
    ),
    (
        "values as functions",
        "two_sigmoid_outputs",
        "a(h_1) = 1/(1 + e^(-h_1)) = 0.593  # right\nloss(o_1) = 1/2*(0.01 - 0.7514)^2 = 0.275  # right\n"
        "∂a(o_1)/∂o_1 = a(o_1)*(1 - a(o_1)) = 0.187  # right\nloss(o_2) = 0.236  # wrong",
    ),
    (
        "sums over an index",
        "softmax",
        "L = -Σ_i y_i log(p_i)  # right\n"
        r"L = -\sum_{i=1}^{3} y_i \log p_i = 1.2905  # right"
        "\nz1 = Σ_i w_{1i} x_i  # right\nL = Σ_i y_i*log(p_i)  # wrong",
    ),
    (
        "a sum over the outputs",
        "sigmoid",
        "E = Σ ½(target - output)²  # notation [renamed]\nE = Σ_k ½(t_k - o_k)² = 0.29837  # right\n"
        "E = Σ (target - output)²  # wrong",
    ),
    (
        "arrows",
        "sigmoid",
        "=> net_h1 = 0.3775  # right\n⇒ h1 = 0.5933  # right\nnet_h1 -> 0.3775  # right\nso o1 = 0.7614  # wrong\n"
        "w5: 0.4 → 0.3589\nw5 = 0.4 → 0.3589  # right\nw5' = 0.5*0.0822 = 0.0411 -> 0.4 - 0.0411 = 0.3589  # right\n"
        "w5' = 0.5*0.0822 = 0.0411 -> 0.4 - 0.0411 = 0.3689  # wrong",
    ),
    (
        "products multiplied out go on from one's own wrong numbers",
        "sigmoid",
        "dE/dnet_o1 = 0.1385  # right\ndE/dnet_o2 = -0.0399  # wrong\ndE/dh1 = 0.0554 - 0.01995 = 0.03545  # follows\n"
        "dE/dh1 = 0.0554 + (-0.01995) = 0.03545  # follows\ndE/dh1 = 0.0554 - 0.01895 = 0.03645  # wrong",
    ),
    # ------------------------------------------------------------ Markdown
    (
        "emphasis and bullets",
        "sigmoid",
        "**net_h1** = 0.3775  # right\n- **h1 = 0.5933**  # right\n* *h2 = 0.5969*  # right\n`o1 = 0.7514`  # right\n"
        "• o2 = 0.7729  # right\n– E = 0.2984  # right\n> dE/dw6 = 0.0827  # right\n- [x] E1 = 0.2748  # right",
    ),
    (
        "tables",
        "sigmoid",
        "| name | formula | value |\n|---|---|---|\n| net_h1 | w1*i1 + w2*i2 + b1 | 0.3775 |  # right\n"
        "| h1 | σ(net_h1) | 0.5833 |  # wrong\n\n| step | result |\n|---|---|\n| 1 | net_h2 = 0.3925 |  # right\n\n"
        "| weight | old | gradient | new |\n|--|--|--|--|\n| w5 | 0.4 | 0.0822 | 0.3589 |  # right\n"
        "| w6 | 0.45 | 0.0827 | 0.5087 |  # wrong\n\n| h1 | h2 |\n|--|--|\n| 0.5933 | 0.5969 |  # right",
    ),
    (
        "two claims far apart",
        "sigmoid",
        "net_h1 = 0.3775   h1 = 0.5833  # wrong\nnet_h1   =   w1*i1   +  w2*i2  +  b1  # right",
    ),
    # ------------------------------------------------------------ lines that go on
    (
        "a chain over several lines",
        "sigmoid",
        "dE/dw5 = dE/do1 * do1/dnet_o1 * dnet_o1/dw5\n  = 0.7414 * 0.1868 * 0.5933\n  = 0.0822  # right\n"
        "E\n= 1/2*(0.01 - 0.7514)^2\n+ 1/2*(0.99 - 0.7729)^2\n= 0.2984  # right\n"
        "net_o1 = w5*h1 + w6*h2\n  + b2  # right\nnet_o2 = 0.5*0.5933 + 0.55*0.5969 +\n  0.6 = 1.2249  # right\n"
        "h1 = 0.5933\n  = 0.6033  # wrong",
    ),
    (
        "a chain over empty lines and words",
        "sigmoid",
        "$$dE/dw5 = dE/do1 * do1/dnet_o1 * dnet_o1/dw5$$\n\n$$= 0.7414 * 0.1868 * 0.5933$$\n\n$$= 0.0822$$  # right\n\n"
        "h1 = 1/(1 + e^(-net_h1))\n\nnow the numbers\n\n= 0.5833  # wrong\n\n## Next\n= 0.5  # unread",
    ),
    (
        "a chain in one line of LaTeX",
        "sigmoid",
        r"\begin{aligned} net_{h1} &= w_1 i_1 + w_2 i_2 + b_1 \\ &= 0.3775 \\ h_1 &= 0.5933 \end{aligned}  # right",
    ),
    ("a list is no formula", "sigmoid", "- net_h1 = 0.3775  # right\n- h1 = 0.5933  # right\n+ h2 = 0.5969  # right"),
    ("a sum goes on behind a semicolon", "sigmoid", "0.4*0.5933 + 0.45*0.5969 = 0.5059; + 0.6 = 1.1059  # right"),
    # ------------------------------------------------------------ numbers and functions
    (
        "decimal commas all over",
        "sigmoid",
        "net_h1 = 0,15*0,05 + 0,2*0,1 + 0,35 = 0,3775  # right\nh1 = 0,5833  # wrong",
    ),
    ("times ten", "sigmoid", "dE/dw4 = 9.95 x 10^-4  # right\ndE/dw4 = 9.95 × 10⁻⁴  # right"),
    (
        "characters of other keyboards",
        "sigmoid",
        "h1 = ０.５９３３  # right\nh2 = 0.5969\u200b  # right\nE2\u00a0= 0.0236  # right",
    ),
    (
        "functions without brackets",
        "softmax",
        "L = -ln p2  # right\nL = -y2 log p2 - y1 log p1 - y3 log p3  # right\nL = -log 0.2751 = 1.2906  # close\nL = -log 0.2751 = 1.2905  # right",
    ),
    (
        "powers of functions",
        "sigmoid",
        "tanh²(0.66) = 0.3345  # right\n1 - tanh^2(0.66) = 0.6655  # right\nsigma'(1.1059) = 0.1868  # right",
    ),
    (
        "a library's functions",
        "sigmoid",
        "h1 = 1/(1 + np.exp(-net_h1)) = 0.5933  # right\nh1 = 1/(1 + math.exp(-0.3775))  # right",
    ),
    ("names run together", "sigmoid", "net_h1 = w1i1 + w2i2 + b1  # right"),
    ("two points in a number", "sigmoid", "h1 = 0.5.9  # unread [unreadable]"),
    (
        "what nobody can tell is passed over",
        "sigmoid",
        "E1 = foo(o1) = 1/2*(t1 - o1)^2  # right\nE1 = foo(o1) = (t1 - o1)^2  # wrong",
    ),
    ("a derivative by a difference", "chain", "dL/d(o - t) = 2(o - t)  # right\ndL/d(t - o) = 2(o - t)  # wrong"),
    # ------------------------------------------------------------ unread lines
    ("one decimal comma", "sigmoid", "h1 = 0,5933  # unread [unreadable]\nh1 = 0.5933  # right"),
    (
        "words before an equation",
        "sigmoid",
        "So, h1 = 0.5933  # right\nThen we get h2 = 0.5969  # right\nnew w5 = 0.3589  # right",
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


def test_a_line_does_not_follow_from_itself() -> None:
    verdict = only("sigmoid", "net_h1 = w1*i1 + w3*i2 + b1 = 0.3825")
    assert (verdict.mark, verdict.follows_from) == ("wrong", ())
    again = only("sigmoid", "net_h1 = w1*i1 + w3*i2 + b1 = 0.3825\nh1 = 0.59448")
    assert (again.mark, again.follows_from) == ("follows", (1,))


def test_a_wrong_number_is_told_what_its_own_lines_give() -> None:
    alone = only("sigmoid", "net_o1 = 1.7559")
    assert alone.message == "should be 1.10591"
    after = only("sigmoid", "h1 = 0.693\nnet_o1 = 1.7559")
    assert after.message == "should be 1.10591, or 1.14580 from your line 1"


def test_a_given_number_put_in_is_named() -> None:
    assert only("sigmoid", "dE/do1 = o1 - 0.01").message == "with t1 = 0.01 put in"
    assert only("softmax", "dL/dp2 = -1/p2").message == "with y2 = 1 put in"
    assert only("softmax", "dL/dz1 = p1").message == "with y1 = 0, y2 = 1, y3 = 0 put in"
    assert only("sigmoid", "dE/dw5 = 0.1385*h1").message == "with ∂E/∂net_o1 = 0.1385 put in"


def test_a_wrong_formula_that_comes_to_the_right_number_is_told_so() -> None:
    verdict = only("chain", "q = p")
    assert verdict.mark == "wrong"
    assert "the same number" in verdict.message


def test_a_right_result_of_wrong_working_is_told_so() -> None:
    verdict = only("sigmoid", "net_h1 = 0.15*0.01 + 0.2*0.12 + 0.35 = 0.3775")
    assert verdict.mark == "wrong"
    assert verdict.message.endswith("; the result is right")
    assert "the result" not in only("sigmoid", "net_h1 = 0.15*0.01 + 0.2*0.12 + 0.35 = 0.3755").message


def test_an_operand_of_a_wrong_line_is_told_where_it_comes_from() -> None:
    verdict = only("sigmoid", "E2 = 0.236\nE = 0.2748 + 0.236 = 0.2984")
    assert verdict.mark == "wrong"
    assert verdict.message == "0.236 comes from line 1; with 0.0236 this gives 0.2984, so the result is right"


def test_an_operand_of_a_line_with_a_wrong_sign_is_told_so() -> None:
    verdict = only("sigmoid", "δ_o1 = -0.1385\ndE/dw5 = (-0.1385)*0.5933 = 0.0822")
    said = "0.1385 comes from line 1; with 0.1385 and the other sign this gives 0.0821721, so the result is right"
    assert verdict.message == said


def test_what_only_rests_on_assumed_values_is_compared_with_the_own_lines() -> None:
    lines = "∂L/∂h21 = 0.009\n∂L/∂h22 = 0.009\n∂L/∂a11 = (0.009 + 0.009)(0.14) = 0.002"
    verdict = only("shared_weights", lines)
    assert (verdict.mark, verdict.code, verdict.expected) == ("close", "truncated", 0.00252)


def test_a_number_that_makes_no_difference_is_told_where_it_comes_from() -> None:
    verdict = only("sigmoid", "h1 = 0.4067\ndh1/dnet_h1 = 0.4067*(1 - 0.4067) = 0.2413")
    said = "0.4067 comes from line 1, which makes no difference here; the result is right"
    assert (verdict.mark, verdict.message) == ("follows", said)


def test_the_reading_of_a_derivative_is_told() -> None:
    local = only("batch_norm_three_samples", "dxhat1/dz1 = 1/s")
    assert local.message == "∂xhat1/∂z1 is read as the slope of the formula alone, with mu and s held fixed"
    total = only("batch_norm_three_samples", "dxhat1/dz1 = 0.0747")
    assert total.message == "∂xhat1/∂z1 is read over all paths, through mu and s too"


def test_an_undecided_number_says_which_own_lines_it_agrees_with() -> None:
    undecided = "the document does not state all that this needs; it agrees with "
    assert only("shared_weights", "h11 = 0.023").message == undecided + "the assumed values"
    twin = only("shared_weights", "a11 = 0.494\nh21 = 0.158")
    assert (twin.mark, twin.message) == ("unknown", undecided + "your line 1 and the assumed values")
    both = only("shared_weights", "a21 = 0.461\na22 = 0.461\nz = 0.295")
    assert (both.mark, both.message) == ("unknown", undecided + "your lines 1 and 2 and the assumed values")
    assert only("shared_weights", "a21 = 0.461\na22 = 0.461\nz = 0.395").message == undecided.partition(";")[0]


def test_explained_lines_are_compared_with_the_reading_that_was_taken() -> None:
    def truth(scenario: str, text: str) -> tuple[float | None, bool]:
        found = references(judge_of(scenario), judged(scenario, text), 0)
        assert found is not None
        return found.truth and round(found.truth, 4), found.assumed

    assert truth("batch_norm_three_samples", "dxhat1/dz1 = 1/s = 0.4") == (0.4, False)
    assert truth("batch_norm_three_samples", "dxhat1/dz1 = 0.0747") == (0.0747, False)
    assert truth("shared_weights", "h21 = 0.158") == (0.1618, True)


def test_a_number_left_as_it_was_is_no_slip_of_the_pen() -> None:
    verdict = only("batch_norm_three_samples", "var = 6\ns = 6.0")
    assert (verdict.mark, verdict.code, verdict.message) == ("wrong", "wrong", "this is var itself; should be 2.5")
    verdict = only("adam_two_steps", "dL/dw1 = 2\nm = 0.2\nmhat = 0.2")
    assert (verdict.mark, verdict.code) == ("wrong", "correction-missing")
