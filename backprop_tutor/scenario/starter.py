"""The text that `bptutor new` writes: a scenario that runs as it is, with a comment for everything it may hold."""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = """\
#:schema bptutor.schema.json
# The line above lets an editor complete and check this file, once the schema lies beside it:
#     bptutor schema -o bptutor.schema.json

format = 1
title  = "One hidden unit, one output"
about  = "Two inputs, one tanh unit, one sigmoid output; half the squared error."

# What goes in. Digits are shown as they are typed: 0.20 stays 0.20. A fraction stands in quotes: "1/3".
[inputs]
x1 = 0.5
x2 = -0.20

# What gets a gradient and an update, in the order of display.
# A value that the document doesn't state can say why it was taken; an unknown is "?", and then formulas are shown.
[parameters]
w1 = 0.40
w2 = 0.70
b1 = { value = 0.1, assumed = "an example" }
v  = -1.2
b2 = 0

# What the outputs should be.
[targets]
t = 1

# Functions of the document's own, of any formula. Built in: exp log sqrt abs sin cos tanh sigmoid relu leaky_relu elu
# softplus silu gelu max min sum mean dot softmax logsumexp mse cross_entropy binary_cross_entropy, and others.
[functions]
"half(u)" = "u/2"

# One formula per name, in the document's order: + - * / ** ( ), @ for matrices, where(x > 0, a, b) for cases.
# Each name becomes a quantity.
# An array is a list, W = [[0.1, 0.2], [0.3, 0.4]]; its elements are W[1,2] and so on.
[equations]
z    = "w1*x1 + w2*x2 + b1"
h    = "tanh(z)"
s    = "v*h + b2"
yhat = "sigmoid(s)"
E1   = "half((t - yhat)**2)"

[learning]
loss = "E1"      # the last equation when left out
rate = 0.5       # without a rate no update is shown

# How a name is typeset where there is LaTeX; a terminal shows it as it is typed. Single quotes keep the backslashes.
[notation]
yhat = '\\hat{y}'
"""
