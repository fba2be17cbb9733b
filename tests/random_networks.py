"""Random scenarios as TOML text: small networks of every kind that the format allows, away from kinks and poles.

    text = scalar_network(random.Random(7))     # scalar equations, shared weights, several losses
    networks()                                  # a Hypothesis strategy over all kinds

Every generator takes its randomness as an argument, so that a failing example can be made again from its seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import strategies as st

from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.formulas import functions
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.expression import Call, Comparison, walk
from backprop_tutor.formulas.functions import PRIMITIVES
from backprop_tutor.lesson import steps as lesson
from backprop_tutor.scenario import loading as scenario
from backprop_tutor.scenario.loading import Scenario

FLAT = ("sign", "step")  # their derivative is 0 everywhere: a loss of nothing else depends on nothing
UNBOUNDED = ("exp", "log", "log10", "log2", "sqrt")
TAMED = {"tan": "tanh({})", "asin": "tanh({})*0.9", "acos": "tanh({})*0.9", "sinh": "({})/4", "cosh": "({})/4"}
EVERYWHERE = tuple(row.name for row in PRIMITIVES if row.name not in FLAT + UNBOUNDED)
OF_ONE = (
    "huber({}, 0.7)", "clip({}, -0.4, 0.9)", "relu6({})", "softsign({})", "mish({})", "selu({})", "leaky_relu({}, 0.2)",
    "elu({}, 1.5)",
)  # fmt: skip
OF_MANY = ("norm({})", "var({})", "std({})", "prod({})", "mean({})", "logsumexp({})", "sum({})", "mae(0.2, {})")
OF_ROWS = ("row_norm({})", "row_var({})", "row_std({})", "row_max({})", "row_min({})", "row_logsumexp({})",
           "column_norm({})", "column_var({})", "column_std({})", "column_max({})", "column_min({})",
           "column_logsumexp({})")  # fmt: skip


# ---------------------------------------------------------------- pieces of a file
def number(rng: random.Random, low: float = -1.5, high: float = 1.5) -> str:
    """A number of two decimals that is not near 0."""
    while True:
        value = round(rng.uniform(low, high), 2)
        if abs(value) >= 0.05:
            return repr(value)


def vector(rng: random.Random, length: int) -> str:
    return "[" + ", ".join(number(rng) for _ in range(length)) + "]"


def matrix(rng: random.Random, rows: int, columns: int) -> str:
    return "[" + ", ".join(vector(rng, columns) for _ in range(rows)) + "]"


def shares(rng: random.Random, length: int) -> str:
    """Positive numbers that add up to 1: the target of a cross entropy."""
    return repr([float(share) for share in np.round(np.array([1.0] + [0.25] * (length - 1)) / (0.75 + length / 4), 3)])


def table(name: str, entries: dict[str, str]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items()) if entries else ""


def quoted(equations: dict[str, str]) -> dict[str, str]:
    return {name: f'"{text}"' for name, text in equations.items()}


def called(rng: random.Random, function: str, inner: str) -> str:
    """A function of a formula, kept inside its domain and away from overflow."""
    if function == "exp":
        return f"exp(({inner})/4)"
    if function in UNBOUNDED:
        return f"{function}(0.3 + ({inner})**2)"
    return f"{function}({TAMED.get(function, '{}').format(inner)})"


# ---------------------------------------------------------------- scalar networks
def scalar_network(rng: random.Random, size: int = 5) -> str:
    """Scalar equations over shared weights; every row of the function table turns up."""
    inputs = {f"x{i}": number(rng) for i in range(1, rng.randint(2, 3))}
    parameters = {f"w{i}": number(rng) for i in range(1, rng.randint(3, 5))}
    targets = {"t1": number(rng), "t2": number(rng)}
    own = {'"f(z)"': '"0.7*z + tanh(z)/2"', '"g(u, v)"': '"u*f(v) - v**2/4"'} if rng.random() < 0.4 else {}
    equations: dict[str, str] = {}
    unused = list(parameters)
    for i in range(1, size + 1):
        names = [*inputs, *parameters, *equations]
        one, two, three = (rng.choice(names) for _ in range(3))
        if unused:
            one = unused.pop(0)
        linear = rng.choice([f"{one}*{two} + {three}", f"{one} - 0.5*{two}*{three}", f"{one}*({two} - {three}) + 0.3"])
        shape = rng.randint(0, 12)
        if shape <= 3:
            function = rng.choice([*EVERYWHERE, *UNBOUNDED])
            text = called(rng, function, linear) + rng.choice(["", f"*{two}", f" - {three}"])
        elif shape == 4:
            text = f"({linear})**{rng.choice([2, 3])}/5 - {number(rng)}"
        elif shape == 5:
            text = f"({one} + {two})/(1.5 + {three}**2)"
        elif shape == 6:
            text = rng.choice([f"max({one}, {linear}, {two} + 0.1)", f"min({linear}, {three} - 0.2)*{one}"])
        elif shape == 7:
            text = rng.choice(OF_MANY).format(f"[{one}, {two}, {three}]")
        elif shape == 8:
            sign = rng.choice(["<", "<=", ">", ">="])
            text = f"where({linear} {sign} {three} + 0.1, {called(rng, 'log', one)}, {two}*{three})"
        elif 9 <= shape <= 11:
            text = rng.choice(OF_ONE).format(linear) + f" + {two}"
        elif own:
            text = rng.choice([f"f({linear})", f"g({one}, {two}) + {three}"])
        else:
            text = f"1/(1 + exp(-({linear})))"
        equations[f"h{i}"] = text
    ends = [f"h{i}" for i in range(1, size + 1)]
    equations["L1"] = f"(t1 - {ends[-1]})**2/2"
    equations["L2"] = rng.choice([f"mse(t2, {ends[-2]})", f"sigmoid_cross_entropy(0.3, {ends[-2]})"])
    rest = " + ".join(f"sin({name})" for name in [*ends[:-2], *unused])
    equations["Loss"] = f"L1 + L2 + ({rest})/10"
    return "\n".join(
        [
            table("inputs", inputs), table("parameters", parameters), table("targets", targets),
            table("functions", own), table("equations", quoted(equations)), "[learning]\nrate = 0.1\n",
        ]
    )  # fmt: skip


def recurrence(rng: random.Random, steps: int = 4) -> str:
    """A recurrence unrolled over time: the same three weights in every step."""
    inputs = {f"x{i}": number(rng) for i in range(1, steps + 1)}
    parameters = {"w_x": number(rng), "w_h": number(rng), "b": number(rng), "h0": number(rng)}
    activation = rng.choice(["tanh", "sigmoid", "softplus", "silu", "gelu"])
    equations = {f"h{i}": f"{activation}(w_x*x{i} + w_h*h{i - 1} + b)" for i in range(1, steps + 1)}
    equations |= {f"e{i}": f"(t - h{i})**2" for i in range(1, steps + 1)}
    equations["L"] = " + ".join(f"e{i}" for i in range(1, steps + 1))
    return "\n".join(
        [table("inputs", inputs), table("parameters", parameters), "[targets]\nt = 0.3\n",
         table("equations", quoted(equations))]
    )  # fmt: skip


# ---------------------------------------------------------------- arrays
LOSSES: tuple[tuple[str, Callable[[int], str]], ...] = (
    # what the output is, and the loss over y, yhat and the pre-activation a2 of k units
    ("softmax(a2)", lambda k: "sum((y - yhat)**2)"),
    ("softmax(a2)", lambda k: "cross_entropy(y, yhat)"),
    ("softmax(a2)", lambda k: f"-sum(y*log(yhat)) + yhat[{k}]*yhat[1]"),
    ("sigmoid(a2)", lambda k: "mse(y, yhat) + max(a2)/4 + min(yhat)"),
    ("sigmoid(a2)", lambda k: "binary_cross_entropy(y, yhat)"),
    ("tanh(a2)", lambda k: "softmax_cross_entropy(y, a2) + dot(yhat, y)"),
    ("a2*a2/3", lambda k: f"logsumexp(yhat) - a2[{k}] + mean(yhat[1:2])"),
    ("gelu(a2)", lambda k: "sigmoid_cross_entropy(y, a2) + sum(yhat)/5"),
    ("0.5*a2", lambda k: "sum((y - yhat)**2)/2 + mean(W1)**2 + dot(W1[1,:], x)/7"),
)


def array_network(rng: random.Random) -> str:
    """Two layers in matrix form, with the document's names of elements or the default ones."""
    n, m, k = rng.randint(2, 3), rng.randint(2, 3), rng.randint(2, 3)
    activation = rng.choice(["sigmoid", "tanh", "softplus", "silu", "elu", "leaky_relu", "relu", "g"])
    output, loss = rng.choice(LOSSES)
    transposed = rng.random() < 0.5
    parameters = {"W1": matrix(rng, m, n), "b1": vector(rng, m)}
    parameters |= {"W2": matrix(rng, m, k) if transposed else matrix(rng, k, m), "c": number(rng)}
    equations = {
        "a1": rng.choice(["W1 @ x + b1", "b1 + (W1 @ x)", "W1 @ (x - 0.1) + b1*1.1"]),
        "h1": f"{activation}(a1)",
        "a2": rng.choice(["transpose(W2) @ h1 + c", "h1 @ W2 + c"] if transposed else ["W2 @ h1 + c", "c - W2 @ h1"]),
        "yhat": output,
        "L": loss(k),
    }
    elements = {"W1": '"w_1{i}{j}"', "a1": '"a_1{i}"', "h1": '"h_1{i}"'} if rng.random() < 0.5 else {}
    if elements and rng.random() < 0.5:
        equations["L"] += " + w_112*h_11/3"
    own = {'"g(z)"': '"z/(1 + z**2) + 0.1*z"'} if activation == "g" else {}
    return "\n".join(
        [
            table("inputs", {"x": vector(rng, n)}), table("parameters", parameters),
            table("targets", {"y": shares(rng, k)}), table("functions", own),
            table("equations", quoted(equations)), table("elements", elements),
        ]
    )  # fmt: skip


def rows_network(rng: random.Random) -> str:
    """A matrix of inputs, one row a sample, softmax row by row; a function that needs the whole of its argument."""
    s, n, k = 2, rng.randint(2, 3), rng.randint(2, 3)
    equations = {
        "A": rng.choice(["X @ transpose(W) + b", "X @ transpose(W) - b/2"]),
        "P": rng.choice(["row_softmax(A)", "column_softmax(A)"]),
        "q": "f(A[1,:])",
        "L": rng.choice([
            "sum((Y - P)**2) + mean(q)", "-sum(Y*log(P))/2 + q[1]*q[2]", "mean(P*P) + sum(exp(A/4)) + q[2]",
            "sum(outer(q, q)*0.3) + kl_divergence(P, Y + 0.1)",
            "sum(where(A > P - 0.3, A*A, P)) + sum(q)/3", "sum(max(A, 0.2*P)) + sum(q)/3",
            "dot(column_mean(P), q) + sum(column_sum(A*A))/9",
            "sum((A - row_mean(A))**2)/5 + sum(row_sum(P)*A)", "sum(concat(q, b, A[2,:])**2)/4",
        ]) + f" + sum({rng.choice(OF_ROWS).format('A')})/7",
    }  # fmt: skip
    targets = {"Y": "[" + ", ".join(shares(rng, k) for _ in range(s)) + "]"}
    return "\n".join(
        [table("inputs", {"X": matrix(rng, s, n)}), table("parameters", {"W": matrix(rng, k, n), "b": vector(rng, k)}),
         table("targets", targets), '[functions]\n"f(z)" = "z/(1 + sum(z*z))"\n', table("equations", quoted(equations))]
    )  # fmt: skip


def nested_network(rng: random.Random) -> str:
    """Formulas that stand inside others, and all that only moves elements: lists, joins, parts of results."""
    n, m = rng.randint(2, 3), rng.randint(2, 3)
    wide = f"[{', '.join(rng.choice(['dot(x, A[1,:])', 'c*x[1]', '1', 'x[-1]', 'c']) for _ in range(n))}]"
    equations = {
        "h": rng.choice([
            "softmax(A @ tanh(B @ x) + c)", "A @ softmax(B @ x/2)", "tanh(A @ (B @ x - mean(B @ x)))",
            "(A @ B @ column(x))[:,1]", "f(A @ (B @ x))", "flatten(A @ B @ column(x))*c", "(A @ B)[-1] @ B",
        ]),
        "v": rng.choice([
            "concat(c*x, 1, h[1:2])", "[c, 0, x[1]*h[1], 0]", f"concat({wide}, flatten(A))",
            "flatten(hstack(A, 2*A)[:,1:3:2])", "reshape(vstack(A, sin(A)), 2, " + str(n * m) + ")[2]",
        ]),
        "S": rng.choice(["[[1, c], [x[1]*c, 0]]", "[x[1:2]*c, [0, h[1]]]", "vstack([x[1:2]], [[c, sum(x*x)]])"]),
        "L": rng.choice([
            "sum(softmax(v)*v) + trace(S @ S)", "logsumexp([c*x[1], sum(v), 1]) + sum(diag(S)**2)",
            "mean((v - mean(v))**2) + S[1,2]*S[-1,1] + dot(h, h)", "sum((S @ sigmoid(S @ S))**2)/9 + v[-1]*max(v)/5",
            "cross_entropy([0.2, 0.8], softmax(S @ S[1])) + sum(v**2)/7", "-log_softmax(v)[2] + sum(outer(v, h)**2)/9",
            "-trace(row_log_softmax(S @ S)) + v[1]*sum(row_max(A @ B))", "sum((S - row_logsumexp(S))**2)*max(v)/9",
            "dot(column_max(A), x)*h[1] + sum(row_min(B))", "dot(column_min(B), x)*sum(v) - sum(column_logsumexp(S))",
        ]) + " + sum(h*h)/3 + sum(A)*sum(B)/9 + c",
    }  # fmt: skip
    parameters = {"A": matrix(rng, m, n), "B": matrix(rng, n, n), "c": number(rng)}
    return "\n".join(
        [table("inputs", {"x": vector(rng, n)}), table("parameters", parameters),
         '[functions]\n"f(z)" = "z/(1 + sum(z*z))"\n', table("equations", quoted(equations))]
    )  # fmt: skip


def window_network(rng: random.Random) -> str:
    """Convolutions and pools: every element of a result looks at a window of an array."""
    flat = rng.random() < 0.4
    equations = {
        "a": rng.choice(["conv1d(x, k)", "conv1d(x, k, 2)", "conv1d(x, k, 1, 1)", "conv_transpose1d(x, k, 2)"])
        if flat
        else rng.choice(["conv2d(X, K)", "conv2d(X, K, 2)", "conv2d(X, K, 1, 1)", "conv_transpose2d(X, K)"]),
        "h": rng.choice(["tanh(a + b)", "sigmoid(a) + b", "softplus(a)*b"]),
        "p": rng.choice(["max_pool(h, 2)", "average_pool(h, 2)", "max_pool(h, 2, 1)", "average_pool(h, 2, 1)", "h"]),
        "L": rng.choice(["sum((p - t)**2)/2", "mean(p**2) + b*t", "sum(p*p)*b - t"]),
    }
    given = {"x": vector(rng, 5)} if flat else {"X": matrix(rng, 4, 4)}
    kernel = {"k": vector(rng, 2)} if flat else {"K": matrix(rng, 2, 2)}
    return "\n".join(
        [table("inputs", given), table("parameters", kernel | {"b": number(rng)}), "[targets]\nt = 0.3\n",
         table("equations", quoted(equations))]
    )  # fmt: skip


def samples_network(rng: random.Random) -> str:
    """Several samples, their losses averaged or added, scalar or in arrays."""
    over = rng.choice(["mean", "sum"])
    if rng.random() < 0.5:
        head = table("inputs", {"x": '"?"', "bias": number(rng)})
        head += table("parameters", {"w": number(rng), "b": number(rng)})
        head += '[targets]\nt = "?"\n[equations]\nz = "w*x + b*bias"\na = "sigmoid(z)"\nr = "w*b"\n'
        head += 'L = "(t - a)**2 + r**2/9"\n'
        rows = [{"x": number(rng), "t": number(rng)} for _ in range(rng.randint(2, 3))]
    else:
        head = table("inputs", {"x": '["?", "?"]'}) + table("parameters", {"W": matrix(rng, 2, 2)})
        head += '[targets]\ny = ["?", "?"]\n[equations]\nz = "W @ x"\np = "softmax(z)"\nL = "cross_entropy(y, p)"\n'
        head += '[elements]\nW = "w_{i}{j}"\n'
        rows = [{"x": vector(rng, 2), "y": shares(rng, 2)} for _ in range(rng.randint(2, 3))]
    return head + f'[learning]\nover_samples = "{over}"\n' + "".join(table("[samples]", row) for row in rows)


def circuit(rng: random.Random) -> str:
    """A circuit without a loss: gradients arrive at its outputs."""
    return "\n".join(
        [
            table("parameters", {name: number(rng) for name in ("x", "y", "z")}),
            '[equations]\nq = "x*y + 0.1"\nf = "q*z + sin(x)"\ng = "max(x, z + 0.3)"\nv = "[q, f]*x"\n',
            table("learning.upstream", {"f": number(rng), "g": number(rng), '"v[2]"': number(rng)}),
        ]
    )  # fmt: skip


KINDS: Sequence[Callable[[random.Random], str]] = (
    scalar_network, scalar_network, array_network, array_network, rows_network, nested_network, nested_network,
    window_network, samples_network, recurrence, circuit,
)  # fmt: skip


def network(seed: int) -> str:
    """Any kind of network, the same for the same seed."""
    rng = random.Random(seed)
    return rng.choice(KINDS)(rng)


# ---------------------------------------------------------------- for Hypothesis and for other tests
def loaded(text: str) -> Scenario:
    return scenario.loads(text, "random")


def traced(text: str) -> trace.Trace:
    return trace.run(build(loaded(text)))


def away_from_kinks(run: trace.Trace, margin: float = 1e-3) -> bool:
    """Is no argument of a relu, abs, max, ... within the margin of a kink, and no number so large that it hides all?"""
    if not np.all(np.abs(run.values) < 1e4):
        return False
    for node in run.graph.nodes_of("computed"):
        for part in walk(run.graph.node_formula(node)):
            if isinstance(part, Comparison):
                left, right = (evaluate(side, run.value) for side in (part.left, part.right))
                if abs(left - right) < margin:
                    return False
            if not isinstance(part, Call) or part.function == "where":
                continue
            row = functions.table()[part.function]
            arguments = [evaluate(argument, run.value) for argument in part.arguments]
            if isinstance(row, functions.Primitive) and any(abs(arguments[0] - kink) < margin for kink in row.kinks):
                return False
            if part.function in ("max", "min"):
                ordered = sorted(arguments)
                best = ordered[-2:] if part.function == "max" else ordered[:2]
                if len(best) == 2 and best[1] - best[0] < margin:
                    return False
    return True


def networks() -> st.SearchStrategy[trace.Trace]:
    """Runs of random networks away from kinks."""
    return st.integers(0, 2**32 - 1).map(network).map(traced).filter(away_from_kinks)


def edges(run: trace.Trace) -> list[tuple[int, int]]:
    """Every edge on a way from a parameter or input to the loss."""
    return lesson.backward_edges(run.graph)
