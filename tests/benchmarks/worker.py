"""One program of a comparison, in a process of its own: does a piece of work when told to, and says how long it took.

python -m tests.benchmarks.worker ours gradient 32      then one line on standard input for each repetition
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks.networks import numbers, scenario

Work = Callable[[], float]  # returns something that must agree over the programs


def ours(what: str, n: int) -> Work:
    import numpy as np

    from backprop_tutor.engine import check, trace
    from backprop_tutor.engine.build import build
    from backprop_tutor.scenario.loading import loads

    built = build(loads(scenario(n)))
    leaves = built.leaf_values()
    nodes = np.array(built.nodes_of("parameter"))

    def gradient() -> float:
        frames: trace.Frames = []
        values = trace.forward(built, leaves, frames)
        return float(abs(trace.backward(built, values, frames=frames)[nodes]).sum())

    values = trace.forward(built, leaves)
    gradients = trace.backward(built, values)[nodes]

    def checked() -> float:
        found = check.differences(built, values, nodes)
        assert abs(found.values - gradients).max() < 1e-6
        return float(abs(found.values).sum())

    return gradient if what == "gradient" else checked


def torch(what: str, n: int) -> Work:
    import torch as t

    t.set_num_threads(1)
    given = numbers(n)
    flat = [w for part in (*given.W1, given.b1, *given.W2, given.b2) for w in part]
    theta = t.tensor(flat, dtype=t.float64, requires_grad=True)
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


PROGRAMS = {"ours": ours, "torch": torch, "numpy": numpy}


def main() -> None:
    name, what, size = sys.argv[1:4]
    try:
        work = PROGRAMS[name](what, int(size))
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    result = work()  # once for free
    print(json.dumps({"ready": result}), flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        for _ in range(int(line)):
            work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": (time.perf_counter() - begun) / int(line), "peak_mib": peak}), flush=True)


if __name__ == "__main__":
    main()
