"""The peers, as somebody who uses them would write the same network: its gradient, or its check by differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.benchmarks.networks import Numbers, numbers

Work = Callable[[], float]  # returns something that must agree over the programs


def flat(given: Numbers) -> list[float]:
    """W1, b1, W2, b2 in one row."""
    return [w for part in (*given.W1, given.b1, *given.W2, given.b2) for w in part]


def torch(what: str, n: int) -> Work:
    import torch as t

    t.set_num_threads(1)
    given = numbers(n)
    theta = t.tensor(flat(given), dtype=t.float64, requires_grad=True)
    x, target = t.tensor(given.x, dtype=t.float64), t.tensor(given.t, dtype=t.float64)
    k = n * n

    def loss(p: Any) -> Any:
        h = t.sigmoid(p[:k].reshape(n, n) @ x + p[k : k + n])
        o = t.sigmoid(p[k + n : 2 * k + n].reshape(n, n) @ h + p[2 * k + n :])
        return 0.5 * ((target - o) ** 2).sum()

    def gradient() -> float:
        return float(t.autograd.grad(loss(theta), theta)[0].abs().sum())

    def checked() -> float:
        assert t.autograd.gradcheck(loss, theta, eps=1e-6, atol=1e-5, rtol=1e-3)
        return gradient()

    return gradient if what == "gradient" else checked


def numpy(what: str, n: int) -> Work:
    """By hand: what somebody writes who knows the network; the check nudges and calculates only what follows."""
    import numpy as np

    given = numbers(n)
    w1, b1, w2, b2, x, t = (np.array(part) for part in (given.W1, given.b1, given.W2, given.b2, given.x, given.t))

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    def gradient() -> float:
        h = sigmoid(w1 @ x + b1)
        o = sigmoid(w2 @ h + b2)
        d2 = (o - t) * o * (1 - o)
        d1 = (d2 @ w2) * h * (1 - h)
        parts = np.outer(d2, h), d2, np.outer(d1, x), d1
        return float(sum(abs(part).sum() for part in parts))

    def checked() -> float:
        z1, total = w1 @ x + b1, 0.0
        h = sigmoid(z1)
        z2 = w2 @ h + b2
        inputs, hidden, step = np.append(x, 1.0), np.append(h, 1.0), 1e-6
        for i in range(n):
            sides = []
            for sign in (step, -step):
                moved = sigmoid(z1[i] + sign * inputs) - h[i]
                sides.append((0.5 * (t - sigmoid(z2 + moved[:, None] * w2[:, i])) ** 2).sum(1))
            total += float(abs(sides[0] - sides[1]).sum())
        up, down = (0.5 * (t[:, None] - sigmoid(z2[:, None] + s * hidden)) ** 2 for s in (step, -step))
        return (total + float(abs(up - down).sum())) / (2 * step)

    return gradient if what == "gradient" else checked


def jax(what: str, n: int) -> Work:
    """Compiled before the clock starts."""
    import jax as j
    import jax.numpy as jnp

    j.config.update("jax_enable_x64", True)
    given, k = numbers(n), n * n
    theta, x, target = (jnp.array(part) for part in (flat(given), given.x, given.t))

    def loss(p: Any) -> Any:
        h = j.nn.sigmoid(p[:k].reshape(n, n) @ x + p[k : k + n])
        o = j.nn.sigmoid(p[k + n : 2 * k + n].reshape(n, n) @ h + p[2 * k + n :])
        return 0.5 * ((target - o) ** 2).sum()

    compiled = j.jit(lambda p: abs(j.grad(loss)(p)).sum())
    return lambda: float(compiled(theta))


def autograd(what: str, n: int) -> Work:
    import autograd.numpy as np
    from autograd import grad

    given, k = numbers(n), n * n
    theta, x, target = (np.array(part) for part in (flat(given), given.x, given.t))

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    def loss(p: Any) -> Any:
        h = sigmoid(np.dot(p[:k].reshape(n, n), x) + p[k : k + n])
        o = sigmoid(np.dot(p[k + n : 2 * k + n].reshape(n, n), h) + p[2 * k + n :])
        return 0.5 * np.sum((target - o) ** 2)

    slopes = grad(loss)
    return lambda: float(abs(slopes(theta)).sum())


def micrograd(what: str, n: int) -> Work:
    from micrograd.engine import Value

    given = numbers(n)

    def sigmoid(z: Any) -> Any:
        out = Value(1 / (1 + math.exp(-z.data)), (z,), "sigmoid")

        def backward() -> None:
            z.grad += out.data * (1 - out.data) * out.grad

        out._backward = backward
        return out

    def layer(weights: Any, biases: Any, inputs: Any) -> list[Any]:
        rows = zip(weights, biases, strict=True)
        return [sigmoid(sum((w * a for w, a in zip(row, inputs, strict=True)), bias)) for row, bias in rows]

    def gradient() -> float:
        w1, w2 = ([[Value(w) for w in row] for row in part] for part in (given.W1, given.W2))
        b1, b2 = ([Value(w) for w in part] for part in (given.b1, given.b2))
        o = layer(w2, b2, layer(w1, b1, given.x))
        loss = sum(((a - t) ** 2 for a, t in zip(o, given.t, strict=True)), Value(0.0)) * 0.5
        loss.backward()
        return sum(abs(w.grad) for row in (*w1, b1, *w2, b2) for w in row)

    return gradient


def sympy(what: str, n: int) -> Work:
    """The whole loss as one expression, derived by every weight before the clock starts."""
    import sympy as sp

    given, k = numbers(n), n * n
    p = sp.symbols(f"w:{2 * k + 2 * n}")

    def layer(start: int, inputs: Any) -> list[Any]:
        sums = [p[start + k + j] + sum(p[start + j * n + i] * inputs[i] for i in range(n)) for j in range(n)]
        return [1 / (1 + sp.exp(-z)) for z in sums]

    o = layer(k + n, layer(0, given.x))
    loss = sum((t - a) ** 2 for a, t in zip(o, given.t, strict=True)) / 2
    slopes = sp.lambdify(p, [sp.diff(loss, w) for w in p], "math", cse=True)
    at = flat(given)
    return lambda: float(sum(map(abs, slopes(*at))))


class Peer(NamedTuple):
    """`gradient`, `check`: the largest n at which anybody would wait for it; 0 where it has no such thing."""

    work: Callable[[str, int], Work]
    gradient: int
    check: int = 0


FAR = 10**6
PEERS: Mapping[str, Peer] = {
    "numpy": Peer(numpy, FAR, FAR),
    "torch": Peer(torch, FAR, FAR),
    "jax": Peer(jax, FAR),
    "autograd": Peer(autograd, FAR),
    "micrograd": Peer(micrograd, 64),
    "sympy": Peer(sympy, 4),
}
