"""The names of an update rule of the scenario's own, as people write them: `v_w1`, `m_b`, `mhat`, `β1`.

A rule's line `v = beta*v + g` holds for every parameter: `v` alone does not say whose velocity is meant, `v_w1` does.
On the right of its own line a name means what the step before has left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from ..engine.graph import Graph
from ..formulas.notation import folded
from .subjects import Gradient, Rate, Remembered, RuleNumber, Subject, Updated, Value, Worked

MOST_PARAMETERS = 200
_SINGLE = ("beta", "mu", "gamma", "momentum", "rho", "alpha")  # what the one constant of a rule may be called
_SMALL = ("eps", "epsilon")
_NOW = re.compile(r"(?:t|new)")
_BEFORE = re.compile(r"(?:t-1|old|prev|before)")


class RuleNames:
    """The spellings of one graph's update rule; `canonical` are the names that formulas hold."""

    def __init__(self, graph: Graph) -> None:
        assert graph.rule is not None
        self.graph = graph
        self.rule = graph.rule
        self.parameters = graph.nodes_of("parameter")[:MOST_PARAMETERS]
        self.last = {line.name: i for i, line in enumerate(self.rule.lines)}
        self.result = self.last["w"]

    @cached_property
    def canonical(self) -> Mapping[str, Subject]:
        """Every name of the rule for every parameter: `v_w1` worked in this step, `old v_w1` remembered."""
        found: dict[str, Subject] = {}
        for node in self.parameters:
            parameter = self.graph.name(node)
            for name, line in self.last.items():
                if name != "w":
                    found[f"{name}_{parameter}"] = Worked(line, node)
            for name in self.rule.starts:
                found[f"old {name}_{parameter}"] = Remembered(name, node)
        return {**found, **{self._apart.get(name, name): RuleNumber(name) for name in self._single}}

    @cached_property
    def _apart(self) -> Mapping[str, str]:
        """What a number of the rule is called where a quantity has its name: the step's t beside a target t."""
        return {name: f"{name}_step" for name in self._single if self.graph.find(name) is not None}

    def hidden(self, spelling: str, is_exponent: bool) -> RuleNumber | None:
        """A number of the rule whose name is a quantity's, too; `t` is the step's number in an exponent."""
        own = spelling in self._apart and (is_exponent or spelling != "t")
        return RuleNumber(spelling) if own else None

    @property
    def _single(self) -> tuple[str, ...]:
        """What is one number for all parameters."""
        return (*self.rule.numbers, *(total.name for total in self.rule.totals), "t")

    @cached_property
    def _spellings(self) -> Mapping[str, Subject]:
        found = {folded(name): subject for name, subject in self.canonical.items()}
        letters: dict[str, list[int]] = {}
        for node in self.parameters:
            parameter = folded(self.graph.name(node))
            found[f"g{parameter}"] = Gradient(self.graph.loss, node)
            letters.setdefault(parameter.rstrip("0123456789"), []).append(node)
        for letter, nodes in letters.items():
            if len(nodes) == 1 and letter:
                for name, line in self.last.items():
                    if name != "w":
                        found.setdefault(folded(name) + letter, Worked(line, nodes[0]))
        own = [name for name in self.rule.numbers if folded(name) not in _SMALL]
        if len(own) == 1:
            found |= {name: RuleNumber(own[0]) for name in _SINGLE if name not in found}
        small = [name for name in self.rule.numbers if folded(name) in _SMALL]
        return {**found, **{name: RuleNumber(small[0]) for name in _SMALL if small}}

    def subject(self, spelling: str) -> Subject | None:
        """What a spelling that says its parameter means, or a constant of the rule."""
        return self.canonical.get(spelling) or self._spellings.get(folded(spelling))

    def bare(self, spelling: str) -> tuple[str, bool | None] | None:
        """A name of the rule that doesn't say its parameter: `m`, `mhat`, `g`; and whether it says when.

        True for the step at hand (`m_2` in step 2, `m_t`), False for the one before (`m_1`, `m_{t-1}`).
        """
        plain = folded(spelling).rstrip("'")
        for name in sorted((*self.last, "g"), key=lambda name: -len(name)):
            own = folded(name)
            if not plain.startswith(own):
                continue
            when = plain[len(own) :]
            if not when:
                return name, True if plain != folded(spelling) else None
            if _NOW.fullmatch(when) or when == str(self.graph.step):
                return name, True
            if _BEFORE.fullmatch(when) or when == str(self.graph.step - 1):
                return name, False
        return None

    def of(self, name: str, node: int, before: bool = False) -> Subject | None:
        """A name of the rule for one parameter; None for what is not remembered."""
        if name == "g":
            return None if before else Gradient(self.graph.loss, node)
        if before:
            return Remembered(name, node) if name in self.rule.starts else None
        return Updated(node) if name == "w" else Worked(self.last[name], node)

    def operand(self, line: int, name: str, node: int) -> Subject:
        """What a name in a line's formula means: the line of that name above it, else what is remembered or given."""
        above = [i for i in range(line) if self.rule.lines[i].name == name]
        if above:
            return Worked(above[-1], node)
        given: Mapping[str, Subject] = {"w": Value(node), "g": Gradient(self.graph.loss, node), "rate": Rate()}
        if name in given:
            return given[name]
        return Remembered(name, node) if name in self.rule.starts else RuleNumber(name)

    def text(self, subject: Worked | Remembered | RuleNumber) -> str:
        """The subject's canonical name."""
        return next(name for name, own in self.canonical.items() if own == subject)
