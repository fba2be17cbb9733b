"""The same seeded n-n-n sigmoid network for everybody: numbers, and the scenario that holds them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

Matrix = list[list[float]]


@dataclass(frozen=True)
class Numbers:
    """Loss = Σ ½(t − o)², o = σ(W2·h + b2), h = σ(W1·x + b1)."""

    W1: Matrix
    b1: list[float]
    W2: Matrix
    b2: list[float]
    x: list[float]
    t: list[float]

    @property
    def parameters(self) -> int:
        return 2 * len(self.x) ** 2 + 2 * len(self.x)


def numbers(n: int, seed: int = 0) -> Numbers:
    """Weights of a size that keeps every unit alive."""
    source, size = random.Random(seed), 1 / math.sqrt(n)

    def row() -> list[float]:
        return [source.uniform(-size, size) for _ in range(n)]

    weights = [[row() for _ in range(n)], row(), [row() for _ in range(n)], row()]
    inputs = [source.uniform(-1, 1) for _ in range(n)]
    return Numbers(*weights, inputs, [source.uniform(0.05, 0.95) for _ in range(n)])  # type: ignore[arg-type]


def scenario(n: int) -> str:
    """The network in array equations."""
    given = numbers(n)
    return (
        f"[inputs]\nx = {given.x}\n[targets]\nt = {given.t}\n"
        f"[parameters]\nW1 = {given.W1}\nb1 = {given.b1}\nW2 = {given.W2}\nb2 = {given.b2}\n"
        '[equations]\nh = "sigmoid(W1 @ x + b1)"\no = "sigmoid(W2 @ h + b2)"\nL = "sum(1/2*(t - o)**2)"\n'
    )


LARGE = """
title = "784-128-10"
[inputs]
x = { shape = [784], value = "?" }
[targets]
y = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
[parameters]
W1 = { shape = [128, 784], value = "?" }
b1 = { shape = [128], value = "?" }
W2 = { shape = [10, 128], value = "?" }
b2 = { shape = [10], value = "?" }
[equations]
h = "sigmoid(W1 @ x/784 + b1)"
p = "softmax(W2 @ h + b2)"
L = "cross_entropy(y, p)"
[learning]
rate = 0.1
"""


def deep(layers: int, units: int) -> str:
    """Fully connected layers of tanh units, all values unknown."""
    names = ["x", *(f"h{i}" for i in range(1, layers + 1))]
    arrays = "".join(
        f'W{i} = {{ shape = [{units}, {units}], value = "?" }}\nb{i} = {{ shape = [{units}], value = "?" }}\n'
        for i in range(1, layers + 1)
    )
    steps = "".join(f'{names[i]} = "tanh(W{i} @ {names[i - 1]} + b{i})"\n' for i in range(1, layers + 1))
    inputs = f'[inputs]\nx = {{ shape = [{units}], value = "?" }}\n'
    return f'{inputs}[parameters]\n{arrays}[equations]\n{steps}L = "sum({names[-1]}*{names[-1]})/2"\n'
