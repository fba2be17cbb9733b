"""The benchmark command: see the package's docstring."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.networks import LARGE, deep, numbers
from tests.benchmarks.peers import PEERS
from tests.program import TOP

PARTS = ("gradient", "check", "start", "large", "judge")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
Row = dict[str, Any]


class Worker:
    """A program of a comparison, waiting for its turn."""

    def __init__(self, python: str, name: str, what: str, size: int) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [python, "-m", "tests.benchmarks.worker", name, what, str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TOP,
            env={**os.environ, **ONE_THREAD},
        )
        self.ready = self.answer()

    def answer(self) -> Row:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline() or '{"missing": "it ended"}')  # type: ignore[no-any-return]

    def run(self, repeat: int) -> Row:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{repeat}\n")
        self.process.stdin.flush()
        return self.answer()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def compared(what: str, size: int, rounds: int, python: str) -> Iterator[Row]:
    """Ours and every peer in turn; the median of the rounds' ratios ours / peer."""
    able = [name for name, peer in PEERS.items() if size <= (peer.check if what == "check" else peer.gradient)]
    pythons = {"ours": sys.executable, **dict.fromkeys(able, python)}
    workers = [worker for name in pythons if "ready" in (worker := Worker(pythons[name], name, what, size)).ready]
    results = {worker.name: worker.ready["ready"] for worker in workers}
    repeat = {w.name: max(1, min(1000, int(0.05 / max(w.run(1)["seconds"], 1e-9)))) for w in workers}
    found: dict[str, list[Row]] = {worker.name: [] for worker in workers}
    begun = time.perf_counter()
    for number in range(rounds):
        for worker in workers if number % 2 else reversed(workers):
            found[worker.name].append(worker.run(repeat[worker.name]))
        if time.perf_counter() - begun > 120:
            break
    for worker in workers:
        worker.stop()
        assert math.isclose(results[worker.name], results["ours"], rel_tol=1e-4), results
        rows = found[worker.name]
        ratios = [mine["seconds"] / theirs["seconds"] for mine, theirs in zip(found["ours"], rows, strict=True)]
        yield {
            "part": what, "case": f"n = {size} ({numbers(size).parameters} parameters)", "beside": worker.name,
            "ms": 1e3 * median(row["seconds"] for row in rows), "peak_mib": rows[-1]["peak_mib"],
            "ours/theirs": median(ratios), "n": size,
        }  # fmt: skip


def exponents(rows: Sequence[Row], first: int, last: int) -> Iterator[Row]:
    """How each program's time grows with the number of parameters."""
    for program in dict.fromkeys(row["beside"] for row in rows):
        ms = {row["n"]: row["ms"] for row in rows if row["beside"] == program}
        if first in ms and last in ms:
            steps = math.log(numbers(last).parameters / numbers(first).parameters)
            case = f"exponent in the number of parameters, n = {first} to {last}"
            found = math.log(ms[last] / ms[first]) / steps
            yield {"part": rows[0]["part"], "case": case, "beside": program, "exponent": found}


def took(command: Sequence[str], env: dict[str, str], folder: Path | None = None) -> float:
    """Seconds of a whole process; infinity where a peer isn't there."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    begun = time.perf_counter()
    done = subprocess.run(command, env=env, cwd=folder or tempfile.gettempdir(), **quiet)  # type: ignore[call-overload]
    return math.inf if b'"missing"' in done.stdout else time.perf_counter() - begun


def start(rounds: int, python: str) -> Iterator[Row]:
    """Whole processes of the installed package beside an interpreter that imports what it can't do without."""
    program = str(Path(python).with_name("bptutor"))
    if not Path(program).exists():
        yield {"part": "start", "case": "not measured: no bptutor beside " + python, "beside": ""}
        return
    small = "import typer, rich.console"
    large = "import numpy, typer, rich.console, rich.table"
    run = [program, "run", "two_sigmoid_outputs"]
    with tempfile.TemporaryDirectory() as kept:
        env = {**{k: v for k, v in os.environ.items() if k != "PYTHONPATH"}, "BPTUTOR_CACHE": kept}
        for case, command, beside, fresh in (
            ("--help", [program, "--help"], small, False),
            ("usage error", [program, "run", "--nothing"], small, False),
            ("repeated run", run, large, False),
            ("first run", run, large + ", sympy", True),
        ):
            ratios, times = [], []
            took(command, env), took([python, "-c", beside], env)
            for _ in range(rounds):
                if fresh:
                    for file in Path(kept).iterdir():
                        file.unlink()
                times.append(took(command, env))
                ratios.append(times[-1] / took([python, "-c", beside], env))
            numbers_ = {"ms": 1e3 * median(times), "ours/theirs": median(ratios)}
            yield {"part": "start", "case": case, "beside": beside, **numbers_}
        for name in PEERS:
            bare = [python, "-m", "tests.benchmarks.worker", name, "gradient", "2"]
            if not math.isinf(took(bare, env, TOP)):
                ratios = [took(run, env) / took(bare, env, TOP) for _ in range(rounds)]
                case = "repeated run, beside the bare gradient of a 2-2-2 network"
                yield {"part": "start", "case": case, "beside": name, "ours/theirs": median(ratios)}


def large(rounds: int, python: str) -> Iterator[Row]:
    """One command on a real network, and on a deep one."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"784-128-10": LARGE, "30 layers of 10": deep(30, 10)}
        for case, text in files.items():
            file = Path(folder) / "network.toml"
            file.write_text(text, encoding="utf-8")
            run = [sys.executable, "-m", "backprop_tutor", "run", str(file), "--random", "1"]
            for more in ([], ["--grad", "W1[5,300]" if text is LARGE else "W1[5,3]"]):
                script = (
                    "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
                    "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
                )
                begun = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, "-c", script, *run, *more], cwd=TOP, capture_output=True, text=True, check=True
                )
                seconds = time.perf_counter() - begun
                status, peak = done.stdout.split()
                assert status == "0", done.stderr
                words = " ".join([case, *more])
                yield {"part": "large", "case": words, "beside": "", "ms": 1e3 * seconds, "peak_mib": float(peak)}


def judge(rounds: int, python: str) -> Iterator[Row]:
    """Hand calculations a second, right ones and ones with three slips; questions a second."""
    from tests.benchmarks.judging import questions, sheets

    for case, count, seconds in (*sheets(), questions()):
        yield {"part": "judge", "case": case, "beside": "", "ms": 1e3 * seconds / count, "a second": count / seconds}


def shown(rows: Sequence[Row]) -> None:
    """The table."""
    for row in rows:
        units = {"ms": "ms", "peak_mib": "MiB", "a second": "a second", "exponent": "", "ours/theirs": "ours/theirs"}
        numbers_ = [f"{row[key]:.3g} {unit}" for key, unit in units.items() if key in row]
        print(f"{row['part']:<9} {row['case']:<50} {row['beside']:<44} {', '.join(numbers_)}", flush=True)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    options.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without one")
    options.add_argument("--sizes", default="2,8,32,256", help="of the n-n-n networks")
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument(
        "--python", default=sys.executable, help="the Python that has the peers and the installed package"
    )
    options.add_argument("--json", type=Path, help="the rows, for a machine")
    asked = options.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        options.error(f"no such part: {', '.join(sorted(unknown))}")
    sizes = [int(size) for size in asked.sizes.split(",")]
    rows: list[Row] = []
    for part in asked.parts or PARTS:
        found: list[Row] = []
        if part in ("gradient", "check"):
            for size in sizes:
                found += compared(part, size, asked.rounds, asked.python)
            found += exponents(found, 32, 256)
        else:
            with suppress(KeyboardInterrupt):
                found += {"start": start, "large": large, "judge": judge}[part](asked.rounds, asked.python)
        shown(found)
        rows += found
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
