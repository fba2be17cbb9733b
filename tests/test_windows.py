"""Convolutions and pooling beside sums over NumPy windows, by three witnesses; what does not fit is said."""

# ruff: noqa: E501  (a case stays on one line)
from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from backprop_tutor.engine.build import build
from backprop_tutor.engine.lift import MOST_APART
from backprop_tutor.errors import ScenarioError
from backprop_tutor.results import Run
from backprop_tutor.scenario import loading as scenario
from tests.test_range import witnessed

Array: TypeAlias = NDArray[np.float64]


def drawn(seed: int, *shape: int) -> Array:
    return np.round(np.random.default_rng(seed).normal(size=shape), 1)


def correlated(x: Array, k: Array, stride: int = 1, padding: int = 0) -> Array:
    """Σ k·window over vectors or matrices, zeros written around them."""
    axes = k.ndim
    x = np.pad(x, padding)
    counts = [(n - m) // stride + 1 for n, m in zip(x.shape, k.shape, strict=True)]
    out = np.zeros(counts)
    for at in np.ndindex(*counts):
        window = tuple(slice(at[i] * stride, at[i] * stride + k.shape[i]) for i in range(axes))
        out[at] = np.sum(x[window] * k)
    return out


def spread(x: Array, k: Array, stride: int = 1, padding: int = 0) -> Array:
    out = np.zeros([(n - 1) * stride + m for n, m in zip(x.shape, k.shape, strict=True)])
    for at in np.ndindex(*x.shape):
        out[tuple(slice(a * stride, a * stride + m) for a, m in zip(at, k.shape, strict=True))] += x[at] * k
    return out[(slice(padding, -padding or None),) * k.ndim]


def pooled(x: Array, size: int, stride: int, how: Callable[[Array], Array]) -> Array:
    counts = [(n - size) // stride + 1 for n in x.shape]
    return np.array(
        [how(x[tuple(slice(a * stride, a * stride + size) for a in at)]) for at in np.ndindex(*counts)]
    ).reshape(counts)


CASES: dict[str, tuple[str, tuple[int, ...], tuple[int, ...], Callable[[Array, Array], Array]]] = {
    "vectors": ("conv1d(X, K)", (6,), (3,), correlated),
    "vectors, a stride and padding": ("conv1d(X, K, 2, 1)", (7,), (3,), lambda x, k: correlated(x, k, 2, 1)),
    "vectors of two channels": ("conv1d(X, K)", (2, 5), (2, 3), lambda x, k: sum(map(correlated, x, k), np.zeros(3))),
    "vectors, a map for each kernel": ("conv1d(X, K)", (5,), (2, 3), lambda x, k: np.array([correlated(x, m) for m in k])),
    "matrices": ("conv2d(X, K)", (4, 5), (2, 3), correlated),
    "two channels, a stride and padding": (
        "conv2d(X, K, 2, 1)", (2, 3, 3), (2, 3, 3), lambda x, k: correlated(x[0], k[0], 2, 1) + correlated(x[1], k[1], 2, 1),
    ),
    "a map for each kernel, in a formula": (
        "tanh(conv2d(X, K, 1, 1) + 0.5)", (2, 3), (2, 2, 2), lambda x, k: np.tanh([correlated(x, m, 1, 1) + 0.5 for m in k]),
    ),
    "one kernel of several": ("conv2d(X, K[2])", (3, 3), (2, 2, 2), lambda x, k: correlated(x, k[1])),
    "a part of a matrix": ("conv2d(X[1:3,2:4], K)", (4, 4), (2, 2), lambda x, k: correlated(x[:3, 1:], k)),
    "two layers": ("conv2d(relu(conv2d(X, K)), K)", (4, 4), (2, 2), lambda x, k: correlated(np.maximum(correlated(x, k), 0), k)),
    "transposed": ("conv_transpose2d(X, K)", (2, 2), (2, 2), spread),
    "transposed, a stride and padding": ("conv_transpose2d(X, K, 2, 1)", (2, 3), (3, 3), lambda x, k: spread(x, k, 2, 1)),
    "transposed, with gaps": ("conv_transpose1d(X, K, 3)", (3,), (2,), lambda x, k: spread(x, k, 3)),
    "the largest of windows": ("max_pool(conv2d(X, K, 1, 1), 2)", (4, 4), (3, 3), lambda x, k: pooled(correlated(x, k, 1, 1), 2, 2, np.max)),
    "means that overlap": ("flatten(average_pool(X, 2, 1)) + sum(K)", (3, 4), (2,), lambda x, k: pooled(x, 2, 1, np.mean).ravel() + k.sum()),
    "pools of channels": ("max_pool(X*K, 2)", (2, 4, 2), (2, 4, 2), lambda x, k: np.array([pooled(one, 2, 2, np.max) for one in x * k])),
    "pools of a vector": ("average_pool(X, 3, 2) * K", (7,), (3,), lambda x, k: pooled(x, 3, 2, np.mean) * k),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_windows_beside_numpy_and_by_three_witnesses(case: str) -> None:
    formula, of_x, of_k, reference = CASES[case]
    x, k = drawn(1, *of_x), drawn(2, *of_k)
    text = f'[parameters]\nX = {x.tolist()}\nK = {k.tolist()}\n[equations]\nY = "{formula}"\nL = "sum(Y**2)/2"\n'
    run = witnessed(scenario.loads(text))
    block = run.graph.blocks["Y"]
    found = run.values[block.start : block.start + block.size].reshape(block.shape)
    assert found == pytest.approx(reference(x, k), abs=1e-12)


def test_each_weight_of_a_kernel_sums_its_places() -> None:
    """dL/dK[a,b] = Σ X[i+a,j+b]·dL/dY[i,j]; with L = sum(Y) the sum of what it lies on."""
    x = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    run = Run(witnessed(scenario.loads(
        f'[inputs]\nX = {x}\n[parameters]\nK = [[1, 0], [0, -1]]\n[equations]\nY = "conv2d(X, K)"\nL = "sum(Y)"\n'
    )))  # fmt: skip
    assert [run.values[f"Y[{i},{j}]"] for i in (1, 2) for j in (1, 2)] == [-4, -4, -4, -4]
    assert [run.gradients[f"K[{i},{j}]"] for i in (1, 2) for j in (1, 2)] == [12, 16, 24, 28]


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("conv2d(x, K)", "conv2d takes a matrix, or one for each channel"),
        ("conv2d(C, K)", "conv2d needs a kernel of as many channels: 3"),
        ("conv2d(K, X)", "the kernel of 3×3 does not fit into 2×2"),
        ("conv2d(X, K, 0)", "conv2d needs a whole number from 1 here"),
        ("conv2d(X, K, 1, 2)", "the padding of conv2d is less than the kernel"),
        ("conv2d(X)", "'conv2d' takes 2 to 4 arguments, not 1"),
        ("conv_transpose2d(C, K)", "conv_transpose2d takes a matrix"),
        ("max_pool(X, 4)", "a window of 4×4 does not fit into 3×3"),
        ("max_pool(X, x)", "max_pool needs a whole number from 1 here"),
        ("max_pool(2, 2)", "max_pool takes an array"),
    ],
)
def test_what_does_not_fit_is_said(formula: str, said: str) -> None:
    head = "[parameters]\nx = [1, 2]\nX = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]\nK = [[1, 2], [3, 4]]\n"
    head += 'C = { shape = [3, 2, 2], value = "?" }\n[equations]\n'
    text = f'{head}Y = "{formula}"\nL = "sum(Y) + sum(x) + sum(X) + sum(K) + sum(C)"\n'
    with pytest.raises(ScenarioError) as caught:
        build(scenario.loads(text))
    (problem,) = caught.value.problems
    assert problem.message == said


def test_padding_has_a_limit_that_is_said_before_it_takes_long() -> None:
    text = '[parameters]\nX = { shape = [150, 150], value = "?" }\nK = { shape = [3, 3], value = "?" }\n[equations]\n'
    with pytest.raises(ScenarioError, match=f"more than {MOST_APART} operands"):
        build(scenario.loads(text + 'Y = "conv2d(X, K, 1, 1)"\nL = "sum(Y)"\n'))
