"""A formula of whole arrays, as people write them, read as one scalar formula for each element.

`W x`, `W*x` and `W @ x` may be a product of matrices, of elements (`a ⊙ b`) or an outer product (`δ x^T`): which one is
told by the shapes, and by what the line says that it is. Vectors have no orientation, and an array of one number is a
number. Each reading is unrolled into a grid of scalar formulas.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from ..engine.graph import Graph
from ..engine.rearranging import RULES, Rules
from ..engine.unroll import Cells, Index, Unroller
from ..engine.written_out import CustomFunction, recognised
from ..errors import FormulaError
from ..formulas.expression import (
    Bracketed,
    Call,
    Derivative,
    Element,
    Expression,
    Group,
    MatrixProduct,
    Name,
    Negative,
    Product,
    children,
    rebuild,
    ungrouped,
    walk,
)
from ..formulas.typeset import index_text
from ..handwork.arrays import ArrayNames, Grid
from ..handwork.meaning import of_sample, subject_in
from ..values import replace

MOST_ELEMENTS = 400
MOST_READINGS = 24  # of one formula
LOSSES = ("l", "e", "j", "c", "loss", "cost", "error")  # what a loss may be called, whatever the scenario calls it
MOST_FACTORS = 5  # arrays in one product


VECTORS_TURN: Rules = MappingProxyType({**RULES, "transpose": lambda node, places: places[0].T})


class _Grids(Unroller):
    """Writes out formulas over grids of scalar formulas; `grids` is filled while names are read."""

    rules = VECTORS_TURN

    def __init__(self, custom: Mapping[str, CustomFunction]) -> None:
        self.grids: dict[str, Cells] = {}
        super().__init__(cast(Any, self.grids), custom, str)

    def cell(self, node: Expression, index: Index) -> Expression:
        match node:
            case Name(name):
                return cast(Expression, self.grids[name][index])
            case Element():
                return cast(Expression, self.numbers(node)[index])
            case Negative(operand, span):
                return Negative(self.cell(operand, index), span)
            case _:
                return super().cell(node, index)

    def call(self, node: Call, index: Index) -> Expression:
        written = super().call(node, index)
        return replace(written, primes=node.primes) if node.primes and isinstance(written, Call) else written


class ArrayReader:
    """Reads the parts of one claim; `unknown` are the names without meaning, `used` the foreign ones with one."""

    def __init__(self, graph: Graph, names: ArrayNames, sample: int | None, renamed: Mapping[str, Grid]) -> None:
        self.names = names
        self.vocabulary = names.vocabulary
        self.sample = sample
        self.renamed = renamed
        self.stacked: dict[str, Grid] = {}  # names that mean the numbers of all samples here, and not their total
        self.unroller = _Grids(graph.custom)
        self.unknown: dict[str, None] = {}
        self.used: dict[str, str] = {}

    # ------------------------------------------------------------------ names
    def read(self, node: Expression) -> Expression:
        """The formula over the names of grids."""
        match node:
            case Name():
                return self._name(node)
            case Derivative(of, by):
                return self._derivative(of, by, node)
            case Element(name, indices):
                return self._element(name, indices, node)
            case _:
                return rebuild(node, self.read)

    def _name(self, node: Name) -> Expression:
        spelling = of_sample(node.name, self.sample, self.vocabulary)
        vocabulary = self.vocabulary
        grid = self.names.grid(node.name, self.sample) if vocabulary.node(spelling) is None else None
        grid = self.stacked.get(node.name, grid)
        if grid is None and (subject := subject_in(node.name, self.sample, vocabulary)) is not None:
            return self._single(spelling, vocabulary.read(subject))
        if grid is None and node.name in self.renamed:
            grid = self.renamed[node.name]
            self.used[node.name] = grid.text
        if grid is not None:
            return self._grid(grid)
        joined = self._joined(node.name)
        if joined is not None:
            return joined
        self.unknown[node.name] = None
        return self._single(node.name, node)

    def _joined(self, spelling: str) -> Expression | None:
        """`Wx` as W·x, where both are known and no other two are."""
        found = [
            (spelling[:i], spelling[i:])
            for i in range(1, len(spelling))
            if spelling[i].isalpha() and all(map(self._is_known, (spelling[:i], spelling[i:])))
        ]
        if len(found) != 1 or not any(self.vocabulary.array(piece) for piece in found[0]):
            return None
        left, right = (self._name(Name(piece, piece)) for piece in found[0])
        return Product((("*", left), ("*", right)))

    def _is_known(self, spelling: str) -> bool:
        return self.vocabulary.array(spelling) == spelling or spelling in self.vocabulary.nodes

    def _derivative(self, of: str, by: str, node: Derivative) -> Expression:
        sample, vocabulary = self.sample, self.vocabulary
        one, two = (vocabulary.node(of_sample(name, sample, vocabulary)) for name in (of, by))
        if one is not None and two is not None:
            above, below = vocabulary.graph.name(one), vocabulary.graph.name(two)
            return self._single(f"∂{above}/∂{below}", Derivative(above, below, node.span))
        grid = self.names.gradient(of, by, sample)
        if grid is None and one is None and of.casefold() in LOSSES and self.names.values(of, sample) is None:
            loss = vocabulary.graph.name(vocabulary.graph.loss)
            grid = self.names.gradient(loss, by, sample)
            self.used |= {of: loss} if grid is not None else {}
        if grid is None:
            for name in (of, by):
                if vocabulary.node(name) is None and self.names.values(name, sample) is None:
                    self.unknown[name] = None
            return self._single(f"∂{of}/∂{by}", node)
        return self._grid(grid)

    def _element(self, name: str, indices: tuple[Any, ...], node: Element) -> Expression:
        spelling = f"{name}[{','.join(index_text(i) for i in indices)}]"
        found = self.vocabulary.node(of_sample(spelling, self.sample, self.vocabulary))
        if found is not None:
            own = self.vocabulary.graph.name(found)
            return self._single(own, Name(own, spelling, node.span))
        grid = self.names.grid(name, self.sample)
        if grid is None:
            self.unknown[spelling] = None
            return self._single(spelling, node)
        self.unroller.grids[grid.text] = grid.cells
        return replace(node, name=grid.text)

    def _single(self, key: str, cell: Expression) -> Name:
        cells = np.empty((), dtype=object)
        cells[()] = cell
        self.unroller.grids[key] = cells
        return Name(key, key)

    def _grid(self, grid: Grid) -> Name:
        self.unroller.grids[grid.text] = without_ones(grid.cells)
        return Name(grid.text, grid.text)

    # ------------------------------------------------------------------ readings
    def shape(self, node: Expression) -> Index | None:
        """The shape of a formula over grids; None where its pieces do not fit together."""
        try:
            return self.unroller.shape(node)
        except (ValueError, KeyError, IndexError, FormulaError):
            return None

    def grids(self, node: Expression) -> Iterator[Cells]:
        """Every way to understand a formula's products that fits, each as a grid without dimensions of one."""
        for tree in self._readings(node):
            shape = self.shape(tree)
            if shape is None or np.prod(shape, dtype=np.int64) > MOST_ELEMENTS:
                continue
            try:
                yield without_ones(self.unroller.cells(recognised(tree)))
            except (ValueError, KeyError, IndexError, FormulaError):
                continue

    def _readings(self, node: Expression) -> list[Expression]:
        if not any(isinstance(part, (Product, MatrixProduct)) for part in walk(node)):
            return [node]
        parts = [self._readings(part) for part in children(node)]
        found: list[Expression] = []
        for chosen in itertools.islice(itertools.product(*parts), MOST_READINGS):
            pieces = iter(chosen)
            whole = rebuild(node, lambda _, pieces=pieces: next(pieces))  # type: ignore[misc]
            found += self._products(whole)
        return [tree for tree in found if self.shape(tree) is not None][:MOST_READINGS]

    def _products(self, node: Expression) -> list[Expression]:
        if isinstance(node, MatrixProduct):
            return self._pair(node.left, node.right, True)
        if not isinstance(node, Product):
            return [node]
        single = [(how, factor) for how, factor in node.factors if self.shape(factor) == ()]
        arrays = [(how, factor) for how, factor in node.factors if self.shape(factor) != ()]
        if len(arrays) < 2 or len(arrays) > MOST_FACTORS or any(how == "/" for how, _ in arrays):
            return [node]
        found = self._bracketings([factor for _, factor in arrays])
        if not single:
            return found
        # a number multiplies or divides the whole, wherever it stands
        before, after = [p for p in single if p[0] == "*"], [p for p in single if p[0] == "/"]
        return [Product((*before, ("*", bracketed(tree)), *after)) for tree in found]

    def _bracketings(self, factors: Sequence[Expression]) -> list[Expression]:
        """Every order in which factors may be multiplied, from the left first."""
        if len(factors) == 1:
            return [factors[0]]
        found: list[Expression] = []
        for cut in range(len(factors) - 1, 0, -1):
            for left, right in itertools.product(self._bracketings(factors[:cut]), self._bracketings(factors[cut:])):
                found += self._pair(left, right, False)
                if len(found) >= MOST_READINGS:
                    return found
        return found

    def _pair(self, left: Expression, right: Expression, matrices: bool) -> list[Expression]:
        """The products of two that fit, the likeliest first; `matrices`: `@` was typed between them."""
        one, two = self.shape(left), self.shape(right)
        if one is None or two is None:
            return []
        by_elements = Product((("*", bracketed(left)), ("*", bracketed(right))))
        if not one or not two:
            return [by_elements]
        found: list[tuple[int, Expression]] = []
        if broadcast(one, two):
            likely = not matrices and len(one) == len(two) and not is_turned(left)
            found.append((0 if likely else 2, by_elements))
        if one[-1] == two[0]:
            inner = matrices or (len(one) == 1 and is_turned(left))
            found.append((0 if inner else 1, MatrixProduct(bracketed(left), bracketed(right))))
        if len(one) == len(two) == 1:
            column = Call("transpose", (Bracketed((left,)),), 0, "transpose")
            found.append((-1 if is_turned(right) else 3, Product((("*", column), ("*", bracketed(right))))))
        return [tree for _, tree in sorted(found, key=lambda option: option[0])]


def bracketed(node: Expression) -> Expression:
    """A piece that can stand in a product."""
    return node if isinstance(node, (Name, Group, Call, Bracketed, Element)) else Group(node)


def is_turned(node: Expression) -> bool:
    node = ungrouped(node)
    return isinstance(node, Call) and node.function == "transpose"


def broadcast(one: Index, two: Index) -> bool:
    try:
        np.broadcast_shapes(one, two)
    except ValueError:
        return False
    return True


def without_ones(cells: Cells) -> Cells:
    """The grid without its dimensions of one."""
    return cells.reshape(tuple(length for length in cells.shape if length != 1))
