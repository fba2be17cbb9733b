"""What a line of a hand calculation can be about, and what the names in it mean.

A `Subject` is a node, a derivative between two nodes, or a parameter after the update. `Vocabulary` reads a spelling
(`w_{11}`, `δ_o1`, `w5_new`, `η`) as the quantity it means in one scenario; it knows nothing of numbers.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from ..engine.graph import Graph
from ..formulas.expression import Call, Derivative, Expression, Name, Number, Sum, names_in, transform, ungrouped
from ..formulas.notation import folded
from ..values import Struct
from . import naming
from .rule_names import RuleNames
from .subjects import Gradient as Gradient
from .subjects import Rate as Rate
from .subjects import Remembered as Remembered
from .subjects import RuleNumber as RuleNumber
from .subjects import Subject as Subject
from .subjects import Updated as Updated
from .subjects import Value as Value
from .subjects import Worked as Worked

RATE = "rate"
_RATE_SPELLINGS = ("rate", "eta", "lr", "learningrate", "alpha")
MAX_SPELLINGS = 5000
MAX_NAME = 100  # characters: a longer one is no name with a mark
LEAST_ALIKE = 3  # letters that two names without an index must share
LONG_INDEX = 3  # digits that make an index evident by itself
# what people call a loss, an output, a target, whatever a scenario calls it
_LOSS_NAMES = frozenset("mse sse rss bce ce nll crossentropy squarederror meansquarederror etotal".split())
_OUTPUT_NAMES = frozenset("yhat ypred yp y pred prediction output out o a p".split())
_TARGET_NAMES = frozenset("t y target label truth desired true d".split())
K = TypeVar("K")


class Reading(Struct, frozen=True):
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
        self.rule = RuleNames(graph) if graph.rule is not None and not graph.rule.plain else None
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
        if found is None and naming.is_loss(spelling):
            return self.graph.loss
        if found is None:
            found = self._caseless.get(key.casefold())
            if key == "e" and found is not None and self.is_loss(found):
                found = None  # many call the difference of target and output e, beside a loss E
        if found is None and self.graph.scenario.samples:
            own = (self._own(f"{name}#{number}") for name, number in naming.of_samples(spelling))
            found = next((node for node in own if node is not None), None)
        if found is None and "^" in spelling and self._own(spelling.partition("^")[0]) is None:
            found = next((n for name in naming.layered(spelling) if (n := self._own(name)) is not None), None)
        if found is None:
            others = naming.small_constants(spelling) or naming.variances(spelling)
            found = next((n for name in others if (n := self._own(name)) is not None), None)
        if found is None:
            found = self.graph.find(spelling)
        return self._of_a_sample(spelling) if found is None else found

    def _of_a_sample(self, spelling: str) -> int | None:
        """`yhat_2`, `yhat2` and `yhat^(2)` as sample 2's yhat, where there are samples."""
        count = len(self.graph.scenario.samples)
        match = re.fullmatch(r"(.+?)(?:_?(\d+)|_\{(\d+)\}|\^\((\d+)\))", spelling) if count else None
        if match is None:
            return None
        number = int(match[2] or match[3] or match[4])
        return self._own(f"{match[1]}#{number}") if 1 <= number <= count else None

    def _own(self, spelling: str) -> int | None:
        """The node that has this name, as typed or folded."""
        found = self.nodes.get(spelling)
        return self._folded.get(folded(spelling)) if found is None else found

    def array(self, spelling: str) -> str | None:
        """The name of the array that this spelling names: as typed, folded, or with other capitals."""
        found = self._arrays.get(spelling) or self._arrays.get(folded(spelling))
        found = found or self._arrays.get(folded(spelling).casefold())
        return found or next((own for name in naming.variances(spelling) if (own := self._arrays.get(name))), None)

    @cached_property
    def _arrays(self) -> Mapping[str, str]:
        names = [name for name, block in self.graph.blocks.items() if block.shape]
        other = {folded(name).casefold(): name for name in reversed(names)}
        return {**other, **{folded(name): name for name in reversed(names)}, **{name: name for name in names}}

    def subject(self, spelling: str, timed: bool = False) -> Subject | None:
        """A value, an adjoint (δ_x, dw5), an updated parameter (w', w_new), or the rate.

        `timed` reads `w(0)` and `w(1)` as the parameter before and after the first step.
        """
        key = f"{spelling}\n" if timed else spelling
        if key not in self._subjects:
            if len(self._subjects) > MAX_SPELLINGS:
                self._subjects.clear()
            self._subjects[key] = self._subject(spelling, timed)
        return self._subjects[key]

    def _subject(self, spelling: str, timed: bool) -> Subject | None:
        node = self.node(spelling)
        if node is not None:
            return Value(node)
        if len(spelling) > MAX_NAME:
            return None
        plain = folded(spelling)
        if plain.casefold() in _RATE_SPELLINGS and self.graph.scenario.rate is not None:
            return Rate()
        for name in naming.updated(spelling, timed):
            if (node := self.parameter(name)) is not None:
                return Updated(node)
        for name in naming.original(spelling, timed):
            if (node := self.parameter(name)) is not None:
                return Value(node)
        if match := re.fullmatch(r"(?:delta|Delta)(.+)", plain):
            node = self.preactivation(match[1])
            if node is not None and self.graph.block_of(node).kind != "parameter":
                return Gradient(self.graph.loss, node)
        found = self._gradient(spelling) or self._applied(spelling)
        return found or (self.rule.subject(spelling) if self.rule is not None else None)

    def parameter(self, spelling: str) -> int | None:
        """The parameter of this name."""
        node = self.node(spelling)
        return node if node is not None and self.graph.block_of(node).kind == "parameter" else None

    def updated_array(self, spelling: str) -> str | None:
        """The array of parameters whose new values a spelling means: `W'`, `W_new`."""
        found = (self.array(name) for name in naming.updated(spelling))
        return next((name for name in found if name and self.graph.blocks[name].kind == "parameter"), None)

    def _gradient(self, spelling: str) -> Subject | None:
        """`dw5`, `grad_w5`, `dE_dw5`: a derivative by its name in programs."""
        for of, by in naming.gradients(spelling):
            above, below = self.node(of) if of else self.graph.loss, self.node(by)
            if above is None or below is None or above == below:
                continue
            if self.graph.block_of(below).kind != "target" and self.graph.reaches(below, above):
                return Gradient(above, below)
        return None

    def _applied(self, spelling: str) -> Subject | None:
        """`f(net_h1)` as the activation of net_h1, `f'(net_h1)` as its slope, `E(w5)` as the loss."""
        found = naming.application(spelling)
        if found is None:
            return None
        function, primes, argument = found
        if (own := self._own(f"{function}_{argument}")) is not None and not primes:
            return Value(own)  # a(h_1) for a_h1
        own = self.node(function)
        if own is not None:
            return Value(self.term_of(own, argument)) if not primes and self.is_argument(own, argument) else None
        before = self.node(argument) if naming.any_activation(function) and primes < 2 else None
        after = self.activation_of(before) if before is not None else None
        if before is None or after is None:
            return None
        return Gradient(after, before) if primes else Value(after)

    def is_argument(self, node: int, argument: str) -> bool:
        """Do names in brackets behind a quantity only say what it depends on: `E(w5)`, `L(y, yhat)`, `a(z)`?"""
        names = [name.strip() for name in argument.split(",")]
        given = {found for name in names if (found := self.node(name)) is not None}
        if not all(self.graph.reaches(n, node) for n in given):
            return False
        if self.is_loss(node):  # of outputs, weights, all data: whatever these are called
            return all(re.fullmatch(r"[^\W\d]\w*(?:_\{\w+\})?", name) for name in names)
        return len(given) == len(names) and given == set(self.graph.node(node).operands)

    def term_of(self, loss: int, argument: str) -> int:
        """`loss(o_1)`: of a loss with several terms the only one that depends on the output in the brackets."""
        node = self.node(argument)
        if loss != self.graph.loss or node is None or self.graph.block_of(node).kind != "computed":
            return loss
        terms = [term for term in self.loss_terms if self.graph.reaches(node, term)]
        return terms[0] if len(terms) == 1 else loss

    def is_loss(self, node: int) -> bool:
        """Is it the loss, or what the loss is a sum of?"""
        return node == self.graph.loss or node in self.loss_terms

    def by_one(self, of: str, difference: str) -> str | None:
        """∂of/∂(y - p) as the derivative by y alone: so where y and p go into the quantity as y - p and nothing else.

        `difference` is a formula in brackets without spaces. None where it can't be told.
        """
        match = re.fullmatch(r"\(([^-−+()]+)[-−]([^-−+()]+)\)", difference)
        above = self.node(of)
        if match is None or above is None:
            return None
        first, second = self.node(match[1]), self.node(match[2])
        formula = self.graph.node(above).expanded
        if first is None or second is None or formula is None:
            return None
        if any(set(self.graph.users.get(n, ())) != {above} for n in (first, second)):
            return None
        pair = {self.graph.name(first), self.graph.name(second)}

        def without(node: Expression) -> Expression:
            gap = isinstance(node, Sum) and len(node.terms) == 2 and {s for s, _ in node.terms} == {1, -1}
            return Number("0", Fraction(0)) if gap and set(names_in(node)) == pair else node

        return None if pair & set(names_in(transform(formula, without))) else match[1]

    @cached_property
    def loss_terms(self) -> tuple[int, ...]:
        """The quantities that the loss adds up."""
        graph = self.graph
        formula = graph.node(graph.loss).expanded
        whole = ungrouped(formula) if formula is not None else None
        if not isinstance(whole, Sum):
            return ()
        names = {term.name for _, term in whole.terms if isinstance(term, Name)}
        return tuple(node for node in graph.node(graph.loss).operands if graph.name(node) in names)

    def marked(self, text: str, last: bool, timed: bool = False) -> bool:
        """Are several signs one name: `w5^+`, `w5(t+1)`, `new w5`; at the end of a formula also `w5+` and `w5*`?"""
        if " " in text:  # net h1, delta w5, new w5
            first, _, rest = text.partition(" ")
            apart = self.node(first) is not None and self.node(rest.strip()) is not None
            if self._own(text) is not None and not apart:
                return True
            if naming.PREFIX.fullmatch(first) and self.step_of(text) is not None:
                return True
        if last and naming.LAST.fullmatch(text):
            return isinstance(self.subject(text), Updated) or self.updated_array(text) is not None
        if not (naming.SUFFIX.fullmatch(text) or naming.PREFIX.match(text)):
            return False
        if self.subject(text, timed) is not None or self.updated_array(text) is not None:
            return True
        return self.meant_update(text) is not None

    def pieces(self, spelling: str) -> tuple[str, ...]:
        """`w1i1` as w1 and i1: known names run together, with an index at least one of them; empty where unclear."""
        if len(spelling) > MAX_NAME:
            return ()
        ways = [
            (spelling[:at], spelling[at:])
            for at in range(1, len(spelling))
            if spelling[at].isalpha() and spelling[at - 1] != "_" and self._own(spelling[:at]) is not None
            and self._own(spelling[at:]) is not None
        ]  # fmt: skip
        return ways[0] if len(ways) == 1 and any(char.isdigit() for char in spelling) else ()

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

    def activation(self, name: str) -> str:
        """The function that a name such as f stands for: the one that all activations of the network are."""
        return self._function if naming.any_activation(name) else ""

    @cached_property
    def _function(self) -> str:
        found = set()
        for block in self.graph.blocks.values():
            if block.kind == "computed" and self.argument_of(block.start) is not None:
                formula = ungrouped(self.graph.node_formula(block.start))
                found |= {formula.function} if isinstance(formula, Call) else set()
        return found.pop() if len(found) == 1 else ""

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
        index = _kin(spelling)[1]
        found = self._look.get(_lookalike(spelling))
        if found is None and index:
            found = self._kin.get(_kin(spelling))
        if found is None and len(index) >= LONG_INDEX:
            found = self._digits.get(index)
        if found is None or (self.is_loss(found) and re.fullmatch(r"e_?\d*", spelling)):
            return None  # many call a plain difference e1
        plain, own = _bare(spelling), _bare(self.graph.name(found))
        if self.graph.block_of(found).kind == "parameter" and plain != own and plain.startswith(own):
            return None  # a mark that says when, and nobody knows what
        return found

    def meant_name(self, spelling: str) -> str | None:
        """The name of what is evidently meant: also of a weight's new value, `Wz_{12}'` for `Wz[1,2]'`."""
        updated, node = self.meant_update(spelling), self.meant(spelling)
        if updated is not None:
            return f"{self.graph.name(updated)}'"
        return None if node is None else self.graph.name(node)

    def meant_update(self, spelling: str) -> int | None:
        """The parameter whose new value a foreign spelling evidently means."""
        found = (self.meant(base) for base in naming.updated(spelling))
        return next((n for n in found if n is not None and self.graph.block_of(n).kind == "parameter"), None)

    def likely_name(self, spelling: str) -> str | None:
        """The name of what is likely meant."""
        node = self.likely(spelling)
        return None if node is None else self.graph.name(node)

    def likely(self, spelling: str) -> int | None:
        """The node that a foreign spelling may well mean where that makes a line true: u13 for w13, ŷ, MSE."""
        plain = folded(spelling).casefold()
        if plain in _LOSS_NAMES:
            return self.graph.loss
        if plain in _OUTPUT_NAMES and len(self.outputs) == 1:
            return self.outputs[0]
        if plain in _TARGET_NAMES and len(targets := self.graph.nodes_of("target")) == 1:
            return int(targets[0])
        return self._digits.get(_kin(spelling)[1])

    def role(self, spelling: str) -> str:
        """What a name says of a quantity without an index: "target", "output", or nothing."""
        plain = folded(spelling).casefold()
        return "target" if plain in _TARGET_NAMES else "output" if plain in _OUTPUT_NAMES else ""

    @cached_property
    def outputs(self) -> tuple[int, ...]:
        """The quantities that the loss compares with targets."""
        graph = self.graph
        found: dict[int, None] = {}
        for target in graph.nodes_of("target"):
            for user in graph.users.get(int(target), ()):
                for node in graph.node(user).operands:
                    if graph.block_of(node).kind == "computed":
                        found[node] = None
        return tuple(found)

    def resembles(self, foreign: str, own: str) -> bool:
        """Is a foreign spelling like a quantity's own: the same index, one name within the other, a usual name?"""
        node = self.node(own)
        if node is not None and node in (self.meant(foreign), self.likely(foreign)):
            return True
        one, two = folded(foreign).casefold(), folded(own).casefold()
        if "".join(re.findall(r"\d", one)) != "".join(re.findall(r"\d", two)):
            return False
        shorter, longer = sorted((one, two), key=len)
        marked = any(char.isdigit() for char in one) or len(shorter) >= LEAST_ALIKE
        return marked and (longer.endswith(shorter) or longer.startswith(shorter))

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
            case Worked() | Remembered() | RuleNumber():
                text = self.text(subject)
                return Name(text, text)

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
            case Worked() | Remembered() | RuleNumber():
                assert self.rule is not None
                return self.rule.text(subject)


def _unique(pairs: Iterable[tuple[K, int]]) -> dict[K, int]:
    """The keys that mean one node only."""
    found: dict[K, set[int]] = defaultdict(set)
    for key, node in pairs:
        found[key].add(node)
    return {key: next(iter(nodes)) for key, nodes in found.items() if len(nodes) == 1}


def _bare(name: str) -> str:
    """A name without what only sets its index apart: `W[1,2]` and `w_{12}` as w12."""
    return re.sub(r"[\[\]]", "", folded(name).casefold())


def _lookalike(name: str) -> str:
    return _bare(name).replace("0", "o").replace("l", "1")


def _kin(name: str) -> tuple[str, str]:
    """First letter and index digits."""
    plain = folded(name).casefold()
    return plain[:1], "".join(re.findall(r"\d", plain))
