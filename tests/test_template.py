"""One formula shape run for many nodes: the same numbers as one by one, with and without a batch axis."""

from __future__ import annotations

import numpy as np
import pytest

from backprop_tutor.engine.build import build
from backprop_tutor.engine.program import pullback, value
from backprop_tutor.engine.rules import TIED
from backprop_tutor.engine.template import (
    Add,
    Apply,
    Choose,
    Dot,
    Fixed,
    Multiply,
    Raise,
    Reduce,
    Slot,
    Softmax,
    Stack,
    Tree,
    XLogY,
    parts,
)
from backprop_tutor.formulas.functions import Array
from backprop_tutor.scenario.loading import loads

RANDOM = np.random.default_rng(5)
S = [Slot(i, ()) for i in range(4)]
K = [Slot(i, (3,)) for i in range(4)]

TREES: list[tuple[str, Tree, int, bool]] = [
    ("sum", Add((1, -1, 1), (S[0], S[1], Fixed(0.5))), 2, False),
    ("product", Multiply((False, True, False), (S[0], S[1], S[2])), 3, False),
    ("reciprocal first", Multiply((False, True, True), (Fixed(2.0), S[0], S[1])), 2, False),
    ("power", Raise(S[0], S[1]), 2, False),
    ("square", Raise(S[0], Fixed(2.0)), 1, False),
    ("function", Apply("tanh", Multiply((False, False), (S[0], S[1]))), 2, False),
    ("largest", Reduce("max", Stack((S[0], S[1], Fixed(0.1)))), 2, False),
    ("dot", Reduce("sum", Multiply((False, False), (K[0], K[1]))), 2, True),
    ("mean", Reduce("mean", Apply("exp", K[0])), 1, True),
    ("smallest", Reduce("min", K[0]), 1, True),
    ("logsumexp", Reduce("logsumexp", Multiply((False, False), (K[0], K[1]))), 2, True),
    ("xlogy", XLogY(S[0], S[1]), 2, False),
    ("either", Choose("<", S[0], Multiply((False, False), (S[1], S[2])), Apply("exp", S[0]), S[2]), 3, False),
    ("sum of either", Reduce("sum", Choose(">=", K[0], K[1], Apply("log", K[0]), K[1])), 2, True),
    ("sum or not", Choose(">", Reduce("mean", K[0]), Fixed(0.8), Reduce("sum", K[0]), Reduce("max", K[0])), 1, True),
    ("one slot twice", Multiply((False, False), (S[0], Add((1, 1), (S[0], S[1])))), 2, False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "tree", "slots", "reduced"), TREES, ids=[row[0] for row in TREES])
def test_rows_and_batches_do_not_mix(name: str, tree: Tree, slots: int, reduced: bool) -> None:
    shape = (4, 5, 3) if reduced else (4, 5)
    operands = [RANDOM.uniform(0.2, 1.5, shape) for _ in range(slots)]
    whole = value(tree, operands)
    slopes = pullback(tree, operands, np.ones((4, 5)))
    assert whole.shape == (4, 5)
    for batch in range(4):
        for row in range(5):
            one = [operand[batch, row : row + 1] for operand in operands]
            assert value(tree, one) == whole[batch, row]
            for slope, alone in zip(slopes, pullback(tree, one, np.ones(1)), strict=True):
                np.testing.assert_allclose(slope[batch, row], alone[0], rtol=1e-15)


@pytest.mark.parametrize(("name", "tree", "slots", "reduced"), TREES, ids=[row[0] for row in TREES])
def test_the_pullback_is_the_slope_of_the_value(name: str, tree: Tree, slots: int, reduced: bool) -> None:
    operands = [RANDOM.uniform(0.2, 1.5, (1, 3) if reduced else (1,)) for _ in range(slots)]
    slopes = pullback(tree, operands, np.array([1.7]))
    for which, operand in enumerate(operands):
        for place in np.ndindex(operand.shape):
            sides = []
            for step in (1e-6, -1e-6):
                nudged = [array.copy() for array in operands]
                nudged[which][place] += step
                sides.append(float(value(tree, nudged)[0]))
            assert slopes[which][place] == pytest.approx(1.7 * (sides[0] - sides[1]) / 2e-6, rel=1e-7, abs=1e-8)


def test_softmax_picks_its_own_share() -> None:
    logits = np.array([[1.0, 2.0, 3.0]])
    tree = Softmax(K[0], 1)
    rows = np.repeat(logits, 3, 0)
    shares = value(tree, [rows, np.arange(3.0)])
    assert shares.sum() == pytest.approx(1.0)
    slopes, position = pullback(tree, [rows, np.arange(3.0)], np.ones(3))
    np.testing.assert_allclose(slopes, np.diag(shares) - np.outer(shares, shares), atol=1e-16)
    assert not position.any()


@pytest.mark.parametrize(
    ("tree", "at", "value_there", "slopes"),
    [
        (Raise(S[0], Fixed(0.0)), [0.0], 1.0, [0.0]),
        (Raise(S[0], Fixed(1.0)), [0.0], 0.0, [1.0]),
        (Raise(S[0], Fixed(2.0)), [-3.0], 9.0, [-6.0]),
        (Raise(S[0], S[1]), [0.0, 2.0], 0.0, [0.0, 0.0]),
        (XLogY(S[0], S[1]), [0.0, 0.0], 0.0, [-np.inf, 0.0]),
        (XLogY(S[0], S[1]), [0.0, 0.5], 0.0, [np.log(0.5), 0.0]),
        (Multiply((False, True), (S[0], S[1])), [1e300, 1e200], 1e100, [1e-200, -1e-100]),
    ],
)
def test_corners(tree: Tree, at: list[float], value_there: float, slopes: list[float]) -> None:
    operands = [np.array([number]) for number in at]
    assert value(tree, operands) == value_there
    assert [float(slope[0]) for slope in pullback(tree, operands, np.ones(1))] == pytest.approx(slopes, rel=1e-15)


def test_a_formula_without_operands_is_its_number_for_every_row() -> None:
    built = build(loads('[parameters]\nw = 2\n[equations]\nc = "1/4"\nL = "w*c"\n'))
    assert built.groups[0].tree == Fixed(0.25)


def test_which_side_of_every_kink_was_taken() -> None:
    taken: list[Array] = []
    value(Apply("relu", S[0]), [np.array([-1.0, 0.0, 2.0])], taken)
    value(Reduce("max", K[0]), [np.array([[1.0, 5.0, 2.0], [4.0, 4.0, 0.0]])], taken)
    value(Choose("<", S[0], S[1], S[0], S[1]), [np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])], taken)
    tied = TIED
    assert [side.tolist() for side in taken] == [[-1.0, tied, 1.0], [1.0, tied], [1.0, tied, 0.0]]


@pytest.mark.parametrize(("at", "slopes"), [(0.0, [1.0]), (-1.0, [1.0]), (2.0, [0.5])])
def test_the_case_that_is_not_taken_spoils_nothing(at: float, slopes: list[float]) -> None:
    """log(x) has no slope at 0, and where it is not taken none is needed."""
    tree = Choose(">", S[0], Fixed(0.0), Apply("log", S[0]), S[0])
    assert [float(slope[0]) for slope in pullback(tree, [np.array([at])], np.ones(1))] == slopes


def test_what_rounding_leaves_over_is_nothing() -> None:
    for terms in ([0.1, 0.2, -0.3], [0.3, -0.1 * 3], [1e9 * 0.7, -7e8]):
        row = np.array([terms])
        assert value(Reduce("sum", K[0]), [row]) == 0.0
        assert value(Reduce("mean", K[0]), [row]) == 0.0
        assert value(Add((1,) * len(terms), tuple(S[: len(terms)])), [np.array([x]) for x in terms]) == 0.0
        assert value(Dot(0, 1), [np.array([terms, [1.0] * len(terms)]), np.ones(len(terms))])[0] == 0.0
    assert value(Add((1, -1), S[:2]), [np.array([1.0]), np.array([1.0 - 1e-14])]) > 9e-15
    assert value(Add((1, -1), S[:2]), [np.array([1e308]), np.array([9e307])]) > 0


def test_parts_are_all_there() -> None:
    for _, tree, slots, _ in TREES:
        found: list[Tree] = [tree]
        for part in found:
            found.extend(parts(part))
        assert {part.number for part in found if isinstance(part, Slot)} == set(range(slots))
