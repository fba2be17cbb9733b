"""What a line of a hand calculation can be about, and what the names in it mean.

A `Subject` is a node, a derivative between two nodes, or a parameter after the update. `Vocabulary` reads a spelling
(`w_{11}`, `δ_o1`, `w5_new`, `η`) as the quantity it means in one scenario; it knows nothing of numbers.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar

from ..engine.graph import Graph
from ..formulas.expression import Call, Derivative, Expression, Name, ungrouped
from ..formulas.notation import folded

RATE = "rate"
_RATE_SPELLINGS = ("rate", "eta", "lr", "learningrate", "alpha")
NEW = r"(.+?)(?:'|_?\(?new\)?|\+|next|neu)"  # w', w_new: a parameter after its update
MAX_SPELLINGS = 5000
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a node."""

    node: int


@dataclass(frozen=True, slots=True)
class Gradient:
    """∂of/∂by, over all paths between the two."""

    of: int
    by: int


@dataclass(frozen=True, slots=True)
class Updated:
    """A parameter after one step of the rule."""

    node: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The learning rate."""


Subject: TypeAlias = Value | Gradient | Updated | Rate


@dataclass(frozen=True, slots=True)
class Reading:
    """What a spelling was read as; `renamed` when it is not one of the quantity's own spellings."""

    subject: Subject
    renamed: bool = False


class Vocabulary:
    """The spellings of one graph."""

    def __init__(self, graph: Graph, transposed: bool = False) -> None:
        self.graph = graph
        self.transposed = transposed
        self.nodes: dict[str, int] = {}
        for name in graph.some_names(MAX_SPELLINGS):
            node = graph.find(name)
            assert node is not None
            self.nodes[name] = node
        self._subjects: dict[str, Subject | None] = {}
        self._folded = _unique((folded(name), node) for name, node in self.nodes.items())
        self._caseless = _unique((folded(name).casefold(), node) for name, node in self.nodes.items())

    # ------------------------------------------------------------------ exact spellings
    def node(self, spelling: str) -> int | None:
        """The node that this spelling names: as typed, folded (w_{11} = w11), or with other capitals."""
        found = self._spelled(spelling)
        return self._other_order.get(found, found) if self.transposed and found is not None else found

    @cached_property
    def _other_order(self) -> Mapping[int, int]:
        """For every weight of a square array the one with its two indices exchanged."""
        found: dict[int, int] = {}
        for block in self.graph.blocks.values():
            if block.kind == "parameter" and len(block.shape) == 2 and block.shape[0] == block.shape[1]:
                size = block.shape[0]
                for i, j in itertools.permutations(range(size), 2):
                    found[block.start + i * size + j] = block.start + j * size + i
        return found

    def has_two_orders(self, spellings: Iterable[str]) -> bool:
        """Is one of these the name of a weight whose two indices could stand in the other order?"""
        return bool(self._other_order) and any(self._spelled(s) in self._other_order for s in spellings)

    def _spelled(self, spelling: str) -> int | None:
        if spelling in self.nodes:
            return self.nodes[spelling]
        key = folded(spelling)
        found = self._folded.get(key)
        if found is None:
            found = self._caseless.get(key.casefold())
        return found if found is not None else self.graph.find(spelling)

    def array(self, spelling: str) -> str | None:
        """The name of the array that this spelling names: as typed, folded, or with other capitals."""
        found = self._arrays.get(spelling) or self._arrays.get(folded(spelling))
        return found or self._arrays.get(folded(spelling).casefold())

    @cached_property
    def _arrays(self) -> Mapping[str, str]:
        names = [name for name, block in self.graph.blocks.items() if block.shape]
        other = {folded(name).casefold(): name for name in reversed(names)}
        return {**other, **{folded(name): name for name in reversed(names)}, **{name: name for name in names}}

    def subject(self, spelling: str) -> Subject | None:
        """A value, an adjoint written δ_x, an updated parameter (w', w_new), or the rate."""
        if spelling not in self._subjects:
            if len(self._subjects) > MAX_SPELLINGS:
                self._subjects.clear()
            self._subjects[spelling] = self._subject(spelling)
        return self._subjects[spelling]

    def _subject(self, spelling: str) -> Subject | None:
        node = self.node(spelling)
        if node is not None:
            return Value(node)
        plain = folded(spelling)
        if match := re.fullmatch(NEW, plain, re.IGNORECASE):
            node = self.node(match[1])
            if node is not None and self.graph.block_of(node).kind == "parameter":
                return Updated(node)
        if match := re.fullmatch(r"(?:delta|Delta)(.+)", plain):
            node = self.preactivation(match[1])
            if node is not None and self.graph.block_of(node).kind != "parameter":
                return Gradient(self.graph.loss, node)
        if plain.casefold() in _RATE_SPELLINGS and self.graph.scenario.rate is not None:
            return Rate()
        return None

    def step_of(self, spelling: str) -> int | None:
        """The parameter whose change in an update is called Δw."""
        match = re.fullmatch(r"[dD]elta_?(.+)", folded(spelling))
        node = self.node(match[1]) if match and self.node(spelling) is None else None
        return node if node is not None and self.graph.block_of(node).kind == "parameter" else None

    def preactivation(self, spelling: str) -> int | None:
        """The node whose adjoint is called δ_spelling: the unit's value before its nonlinearity."""
        node = self.node(spelling)
        if node is None:
            ending = [n for name, n in self.nodes.items() if folded(name).endswith(spelling)]
            before = [n for n in ending if self.activation_of(n) is not None]
            if len(before) != 1:
                return None
            return before[0]
        argument = self.argument_of(node)
        return argument if argument is not None else node

    def argument_of(self, node: int) -> int | None:
        """z where the node is f(z) for one primitive f, else None."""
        formula = self.graph.node(node).expanded
        if formula is not None and isinstance(ungrouped(formula), Call):
            operands = self.graph.node(node).operands
            if len(operands) == 1:
                return operands[0]
        return None

    def activation_of(self, node: int) -> int | None:
        """f(z) for a pre-activation z: the one user of z that is a call of z alone."""
        for user in self.graph.users.get(node, ()):
            if self.argument_of(user) == node:
                return user
        return None

    # ------------------------------------------------------------------ evident meanings of a foreign name
    @cached_property
    def _look(self) -> Mapping[str, int]:
        return _unique((_lookalike(name), node) for name, node in self.nodes.items())

    @cached_property
    def _kin(self) -> Mapping[tuple[str, str], int]:
        return _unique((_kin(name), node) for name, node in self.nodes.items() if _kin(name)[1])

    @cached_property
    def _digits(self) -> Mapping[str, int]:
        return _unique((_kin(name)[1], node) for name, node in self.nodes.items() if len(_kin(name)[1]) > 1)

    def meant(self, spelling: str) -> int | None:
        """The node evidently meant by a foreign spelling: 0 for o, loss_1 for L1, u131 for w131; None when unclear."""
        for found in (
            self._look.get(_lookalike(spelling)),
            self._kin.get(_kin(spelling)) if _kin(spelling)[1] else None,
            self._digits.get(_kin(spelling)[1]),
        ):
            if found is not None:
                return found
        return None

    # ------------------------------------------------------------------ formulas
    def read(self, subject: Subject) -> Expression:
        """The subject as a piece of a formula, in the graph's own names."""
        name = self.graph.name
        match subject:
            case Value(node):
                return Name(name(node), name(node))
            case Gradient(of, by):
                return Derivative(name(of), name(by))
            case Updated(node):
                return Name(name(node) + "'", name(node) + "'")
            case Rate():
                return Name(RATE, RATE)

    def text(self, subject: Subject, partial: str = "∂") -> str:
        """The subject as a terminal shows it: `h1`, `∂L/∂w1`, `w1'`."""

        def name(node: int) -> str:
            return self.graph.name(self._other_order.get(node, node) if self.transposed else node)

        match subject:
            case Value(node):
                return name(node)
            case Gradient(of, by):
                return f"{partial}{name(of)}/{partial}{name(by)}"
            case Updated(node):
                return name(node) + "'"
            case Rate():
                return "η"


def _unique(pairs: Iterable[tuple[K, int]]) -> dict[K, int]:
    """The keys that mean one node only."""
    found: dict[K, set[int]] = defaultdict(set)
    for key, node in pairs:
        found[key].add(node)
    return {key: next(iter(nodes)) for key, nodes in found.items() if len(nodes) == 1}


def _lookalike(name: str) -> str:
    return folded(name).casefold().replace("0", "o").replace("l", "1").replace("i", "1")


def _kin(name: str) -> tuple[str, str]:
    """First letter and index digits."""
    plain = folded(name).casefold()
    return plain[:1], "".join(re.findall(r"\d", plain))
