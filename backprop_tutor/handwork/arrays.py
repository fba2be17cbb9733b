"""What the name of a whole array means on a hand sheet: values, gradients, δ, updated values, one value per sample.

An array's name stands for a grid of scalar names: `W` for `w_11 ...`, `dL/dW` and `dW` for `∂L/∂w_11 ...`, `W'` for
`w_11' ...`, `δ` of a layer for the gradients at its pre-activations, and, outside a sample, `yhat` for `yhat#1`,
`yhat#2`, ... Nothing here knows a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

import numpy as np

from ..engine.unroll import Cells
from ..engine.written_out import Indices
from ..formulas.expression import Call, Expression, Name, ungrouped
from ..formulas.notation import folded
from ..values import Struct
from .quantities import Gradient, Updated, Value, Vocabulary

_GRADIENT = re.compile(r"(?:d|grad_?|∇_?|g_)\{?(.+?)\}?")
_DELTA = re.compile(r"[dD]elta(.*)")
Element = Callable[[int], Expression]


class Grid(Struct, frozen=True):
    """An array of scalar quantities, and how its name is written."""

    text: str
    cells: Cells


class ArrayNames:
    """The spellings of one scenario's arrays."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.graph = vocabulary.graph
        self._grids: dict[tuple[str, int | None], Grid | None] = {}

    def grid(self, spelling: str, sample: int | None = None) -> Grid | None:
        """What a name stands for: an array, its gradient (`dW`, `∇_W`), its δ, its step Δ, its new values."""
        key = (spelling, sample)
        if key not in self._grids:
            self._grids[key] = self._grid(spelling, sample)
        return self._grids[key]

    def _grid(self, spelling: str, sample: int | None) -> Grid | None:
        if self.vocabulary.node(spelling) is not None:
            return None
        if (own := self.values(spelling, sample)) is not None:
            return self._made(own[0], own[1], self._value)
        plain = folded(spelling)
        if (base := self.vocabulary.updated_array(spelling)) is not None:
            return self._made(f"{base}'", self.graph.arrays[base], self._updated)
        if match := _DELTA.fullmatch(plain):
            if base := self._parameter(match[1]):
                return self._made(f"Δ{base}", self.graph.arrays[base], self._step)
            base = self.before_activation(match[1], sample)
            return self.gradient(self.graph.name(self.graph.loss), base, sample) if base else None
        if (match := _GRADIENT.fullmatch(spelling)) and self.values(match[1], sample) is not None:
            return self.gradient(self.graph.name(self.graph.loss), match[1], sample)
        return None

    # ------------------------------------------------------------------ arrays of values
    def values(self, spelling: str, sample: int | None = None) -> tuple[str, Indices] | None:
        """The name and the node numbers of an array of values, `h#1, h#2, ...` for a quantity of every sample."""
        vocabulary, arrays = self.vocabulary, self.graph.arrays
        if sample is not None and (name := vocabulary.array(f"{spelling}#{sample}")) is not None:
            return name, arrays[name]
        name = vocabulary.array(spelling)
        if name is not None:
            return name, arrays[name]
        nodes = self._of_samples(spelling) if sample is None else None
        return None if nodes is None else (spelling, nodes)

    def of_samples(self, spelling: str) -> Grid | None:
        """A quantity of every sample, also where the name alone means their total (`L = [1.69, 3.24]`)."""
        nodes = self._of_samples(spelling)
        return None if nodes is None else self._made(spelling, nodes, self._value)

    def _of_samples(self, spelling: str) -> Indices | None:
        samples = len(self.graph.scenario.samples)
        each = [f"{spelling}#{k}" for k in range(1, samples + 1)]
        own = [self.vocabulary.array(name) or self._scalar(name) for name in each]
        return np.stack([self.graph.arrays[str(name)] for name in own]) if own and all(own) else None

    def _scalar(self, spelling: str) -> str | None:
        node = self.vocabulary.node(spelling)
        return self.graph.block_of(node).name if node is not None and not self.graph.block_of(node).shape else None

    def _parameter(self, spelling: str) -> str | None:
        name = self.vocabulary.array(spelling)
        return name if name is not None and self.graph.blocks[name].kind == "parameter" else None

    @cached_property
    def arguments(self) -> dict[str, str]:
        """For every array that is a function of another one alone, such as `p = softmax(z)`, the other's name."""
        found = {}
        for name, block in self.graph.blocks.items():
            formula = ungrouped(block.formula) if block.formula is not None else None
            if block.shape and isinstance(formula, Call) and len(formula.arguments) == 1:
                argument = ungrouped(formula.arguments[0])
                if isinstance(argument, Name) and self.graph.blocks[argument.name].shape == block.shape:
                    found[name] = argument.name
        return found

    def before_activation(self, spelling: str, sample: int | None = None) -> str | None:
        """The array whose gradients are called δ of a layer: `δ_a1` and `δ1` are at z1 where a1 = σ(z1)."""
        own = self.values(spelling, sample) if spelling else None
        if own is not None:
            name = own[0]
            computed = name in self.graph.blocks and self.graph.blocks[name].kind == "computed"
            return self.arguments.get(name, name) if computed else None
        ends = f"{spelling}#{sample}" if sample is not None else spelling
        before = [name for name in dict.fromkeys(self.arguments.values()) if folded(name).endswith(ends)]
        return before[0] if len(before) == 1 else None

    # ------------------------------------------------------------------ grids of scalar names
    def gradient(self, of: str, by: str, sample: int | None = None) -> Grid | None:
        """∂of/∂by of two names of which one at least is an array; None where it has no single meaning.

        Of an array by one of the same shape: element by element where each depends on its own alone.
        """
        one, two = self._nodes(of, sample), self._nodes(by, sample)
        if one is None or two is None:
            return None
        if one.ndim and two.ndim:
            return self._by_elements(of, by, one, two)
        above, below = np.broadcast_arrays(one, two)
        cells = np.empty(above.shape, dtype=object)
        for index in np.ndindex(*above.shape):
            cells[index] = self.vocabulary.read(Gradient(int(above[index]), int(below[index])))
        return Grid(f"∂{of}/∂{by}", cells)

    def _by_elements(self, of: str, by: str, above: Indices, below: Indices) -> Grid | None:
        """The slopes of elements by their own arguments, or all slopes of a vector by a vector."""
        reaches = self.graph.reaches
        if above.shape == below.shape:
            pairs = list(zip(above.ravel().tolist(), below.ravel().tolist(), strict=True))
            if not any(reaches(b, a) for i, (a, _) in enumerate(pairs) for j, (_, b) in enumerate(pairs) if i != j):
                cells = np.empty(len(pairs), dtype=object)
                for i, (a, b) in enumerate(pairs):
                    cells[i] = self.vocabulary.read(Gradient(a, b))
                return Grid(f"∂{of}/∂{by}", cells.reshape(above.shape))
        if above.ndim != 1 or below.ndim != 1:
            return None
        cells = np.empty((above.size, below.size), dtype=object)
        for i, j in np.ndindex(*cells.shape):
            cells[i, j] = self.vocabulary.read(Gradient(int(above[i]), int(below[j])))
        return Grid(f"∂{of}/∂{by}", cells)

    def _nodes(self, spelling: str, sample: int | None) -> Indices | None:
        """The node numbers of an array or, as one without dimensions, of a single number."""
        scalar = self.vocabulary.node(f"{spelling}#{sample}") if sample is not None else None
        scalar = self.vocabulary.node(spelling) if scalar is None else scalar
        if scalar is not None:
            return np.array(scalar)
        own = self.values(spelling, sample)
        return None if own is None else own[1]

    def _made(self, text: str, nodes: Indices, element: Element) -> Grid:
        cells = np.empty(nodes.shape, dtype=object)
        for index in np.ndindex(*nodes.shape):
            cells[index] = element(int(nodes[index]))
        return Grid(text, cells)

    def _value(self, node: int) -> Expression:
        return self.vocabulary.read(Value(node))

    def _updated(self, node: int) -> Expression:
        return self.vocabulary.read(Updated(node))

    def _step(self, node: int) -> Expression:
        name = "Δ" + self.graph.name(node)
        return Name(name, name)
