"""Small networks for the tests of the judge, and a short way to judge a text."""

from __future__ import annotations

from functools import cache

from backprop_tutor.engine.build import build
from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.claims import Judgement, Verdict
from backprop_tutor.judging.judge import Judge
from backprop_tutor.scenario import loading as scenarios

# Two inputs, two hidden units, two outputs: the network of a widely read tutorial, whose numbers are published.
SIGMOID = """
format = 1
title = "two sigmoid layers"
[inputs]
i1 = 0.05
i2 = 0.10
[parameters]
w1 = 0.15
w2 = 0.20
w3 = 0.25
w4 = 0.30
b1 = 0.35
w5 = 0.40
w6 = 0.45
w7 = 0.50
w8 = 0.55
b2 = 0.60
[targets]
t1 = 0.01
t2 = 0.99
[equations]
net_h1 = "w1*i1 + w2*i2 + b1"
h1 = "sigmoid(net_h1)"
net_h2 = "w3*i1 + w4*i2 + b1"
h2 = "sigmoid(net_h2)"
net_o1 = "w5*h1 + w6*h2 + b2"
o1 = "sigmoid(net_o1)"
net_o2 = "w7*h1 + w8*h2 + b2"
o2 = "sigmoid(net_o2)"
E1 = "1/2*(t1 - o1)**2"
E2 = "1/2*(t2 - o2)**2"
E = "E1 + E2"
[learning]
loss = "E"
rate = 0.5
"""

# One number through a few steps: everything ends after a few decimals, so ties are exact.
TIES = """
format = 1
title = "exact ties"
[inputs]
x = 0.5
y = -0.5
[parameters]
w = 0.25
v = 300
[targets]
t = 1
[equations]
z = "w*x"
n = "w*y"
big = "v*x + 2 - 3*x"
small = "w*x/100000"
s = "big + z"
L = "(t - z)**2 + 0*n + 0*s + 0*small"
[learning]
loss = "L"
rate = 0.5
"""

CHAIN = """
format = 1
title = "a chain of relus"
[inputs]
x = 2
[parameters]
w = 0.3
c = -0.9
u = 0.7
[targets]
t = 1
[equations]
z = "w*x + c"
a = "relu(z)"
p = "w*x"
q = "relu(p)"
o = "u*q + a"
L = "(o - t)**2"
[learning]
loss = "L"
rate = 0.1
"""

SOFTMAX = """
format = 1
title = "softmax and cross entropy"
[inputs]
x1 = 0.5
x2 = -0.3
[parameters]
w11 = 0.2
w12 = 0.4
w21 = -0.6
w22 = 0.1
w31 = 0.3
w32 = 0.8
[targets]
y1 = 0
y2 = 1
y3 = 0
[equations]
z1 = "w11*x1 + w12*x2"
z2 = "w21*x1 + w22*x2"
z3 = "w31*x1 + w32*x2"
p1 = "exp(z1)/(exp(z1) + exp(z2) + exp(z3))"
p2 = "exp(z2)/(exp(z1) + exp(z2) + exp(z3))"
p3 = "exp(z3)/(exp(z1) + exp(z2) + exp(z3))"
L = "-(y1*log(p1) + y2*log(p2) + y3*log(p3))"
[learning]
loss = "L"
rate = 0.1
"""

ARRAYS = """
format = 1
title = "arrays"
[inputs]
x = [0.5, -0.3, 0.8]
[parameters]
W = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]
b = [0.1, 0.2, 0.3]
[targets]
t = [0, 1, 0]
[equations]
z = "W @ x + b"
a = "sigmoid(z)"
L = "sum((t - a)**2)/2"
[learning]
loss = "L"
rate = 0.5
[elements]
x = "x{i}"
W = "w{i}{j}"
b = "b{i}"
z = "z{i}"
a = "a{i}"
t = "t{i}"
"""

# Three classes in matrix form; the target is one-hot.
CLASSES = """
format = 1
title = "softmax of three classes"
[inputs]
x = [1.0, 2.0]
[parameters]
W = [[0.2, -0.1], [0.5, 0.3], [-0.4, 0.1]]
b = [0.1, 0.0, -0.1]
[targets]
y = [0, 1, 0]
[equations]
z = "W @ x + b"
p = "softmax(z)"
L = "-sum(y*log(p))"
[learning]
loss = "L"
rate = 0.5
[elements]
x = "x{i}"
W = "w{i}{j}"
b = "b{i}"
y = "y{i}"
z = "z{i}"
p = "p{i}"
"""

# Two layers in matrix form: a square matrix, and one of a single row.
LAYERS = """
format = 1
title = "two layers in matrix form"
[inputs]
x = [1.0, 0.5]
[parameters]
W1 = [[0.2, 0.4], [-0.5, 0.1]]
b1 = [0.1, -0.1]
W2 = [[0.3, -0.7]]
b2 = [0.2]
[targets]
y = [1]
[equations]
z1 = "W1 @ x + b1"
a1 = "sigmoid(z1)"
z2 = "W2 @ a1 + b2"
a2 = "sigmoid(z2)"
L = "1/2*sum((a2 - y)**2)"
[learning]
loss = "L"
rate = 0.5
"""

# A batch: the rows of X are samples.
BATCH = """
format = 1
title = "a batch of three rows"
[inputs]
X = [[1, 2], [0, 1], [2, -1]]
[parameters]
W = [0.5, -0.3]
b = 0.1
[targets]
t = [1, 0, 1]
[equations]
p = "sigmoid(X @ W + b)"
L = "-mean(t*log(p) + (1 - t)*log(1 - p))"
[learning]
loss = "L"
rate = 0.2
"""

SAMPLES = """
format = 1
title = "two samples"
[inputs]
x = 0
[parameters]
w = 0.5
b = 0.1
[targets]
t = 0
[equations]
h = "w*x + b"
E = "(t - h)**2 / 2"
[learning]
loss = "E"
over_samples = "mean"
rate = 0.1
[[samples]]
x = 1
t = 0
[[samples]]
x = 2
t = 1
"""

# A linear unit whose weights are held small by a second term of the loss.
DECAY = """
format = 1
title = "weight decay"
[inputs]
x1 = 2
x2 = -1
k = 0.1
[parameters]
w1 = 0.5
w2 = 0.3
b = 0.1
[targets]
y = 1.5
[equations]
o = "w1*x1 + w2*x2 + b"
data = "1/2*(o - y)**2"
reg = "k/2*(w1**2 + w2**2)"
L = "data + reg"
[learning]
loss = "L"
rate = 0.2
"""

# The same as SIGMOID in other hands: no ½ in the loss.
PLAIN_SQUARES = SIGMOID.replace("1/2*(", "(")

# 1/(1 + e^-(w0 x0 + w1 x1 + w2)), one operation a line, as a circuit.
CIRCUIT = """
format = 1
title = "a circuit"
[inputs]
w0 = 2.0
x0 = -1.0
w1 = -3.0
x1 = -2.0
w2 = -3.0
[equations]
a = "w0*x0"
b = "w1*x1"
d = "a + b + w2"
n = "-d"
p = "1 + exp(n)"
f = "1/p"
[learning.upstream]
f = 1.0
"""

# A triplet loss: a quantity is called dp, and another one p.
DISTANCES = """
format = 1
title = "a pair of distances"
[inputs]
xa = 1.0
xp = 1.2
xn = 0.7
[parameters]
w = 0.8
b = 0.1
[equations]
a = "tanh(w*xa + b)"
p = "tanh(w*xp + b)"
n = "tanh(w*xn + b)"
dp = "(a - p)**2"
dn = "(a - n)**2"
L = "max(0, dp - dn + 0.5)"
[learning]
rate = 0.5
"""

# The mean of three squared errors.
THREE_OUTPUTS = """
format = 1
title = "three outputs"
[inputs]
x = 0.5
[parameters]
w1 = 1.0
w2 = -0.4
w3 = 0.6
[targets]
t1 = 1
t2 = 0
t3 = 0
[equations]
y1 = "w1*x"
y2 = "w2*x"
y3 = "w3*x"
L = "((y1 - t1)**2 + (y2 - t2)**2 + (y3 - t3)**2)/3"
[learning]
rate = 0.1
"""

SCENARIOS = {
    "sigmoid": SIGMOID,
    "plain squares": PLAIN_SQUARES,
    "ties": TIES,
    "chain": CHAIN,
    "softmax": SOFTMAX,
    "decay": DECAY,
    "arrays": ARRAYS,
    "classes": CLASSES,
    "layers": LAYERS,
    "batch": BATCH,
    "samples": SAMPLES,
    "circuit": CIRCUIT,
    "pair of distances": DISTANCES,
    "three outputs": THREE_OUTPUTS,
}


@cache
def judge_of(name: str) -> Judge:
    """The judge of a network above, or of a bundled scenario."""
    found = scenarios.loads(SCENARIOS[name], name) if name in SCENARIOS else scenarios.load(name)
    return Judge(build(found))


def judged(name: str, text: str) -> Judgement:
    judge = judge_of(name)
    judgement = judge.judge(handwork.read(text, judge.vocabulary))
    assert not judge.failures
    return judgement


def only(name: str, text: str) -> Verdict:
    """The verdict of a sheet's last line."""
    return judged(name, text).verdicts[-1]


def shown(verdict: Verdict) -> str:
    """A verdict in one line, for a failing test."""
    links = "; ".join(f"{k.kind} {k.left} = {k.right}: {k.mark} [{k.code}]" for k in verdict.links)
    return f"{verdict.claim.text}: {verdict.mark} [{verdict.code}] {verdict.message} ({links})"
