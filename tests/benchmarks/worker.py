"""One program of a comparison, in a process of its own: does a piece of work when told to, and says how long it took.

python -m tests.benchmarks.worker ours gradient 32      then one line on standard input for each repetition
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable

from tests.benchmarks.networks import scenario
from tests.benchmarks.peers import PEERS, Work


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


PROGRAMS: dict[str, Callable[[str, int], Work]] = {"ours": ours, **{name: peer.work for name, peer in PEERS.items()}}


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
