"""Where the numbers of a judgement come from: the truth, random points, and a person's own lines.

Every model answers the same questions: the value of a node, of ∂of/∂by, of an updated parameter, of any formula over
them. `Truth` reads a trace. `Person` uses the person's latest stated values through the right formulas, and calculates
what they skipped from what they stated: that is what "follows" means. It also says which statements an answer rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..engine.graph import Graph, Kind
from ..engine.scalar import NAN, Dual
from ..engine.trace import Trace, backward, forward
from ..formulas.evaluate import evaluate
from ..formulas.expression import (
    Call,
    Expression,
    Name,
    Sum,
    names_in,
    ungrouped,
)
from ..handwork.exact import Interval, Stated, decimals, ending, exact, reach, spread
from ..handwork.quantities import (
    RATE,
    Gradient,
    Rate,
    Remembered,
    RuleNumber,
    Subject,
    Updated,
    Value,
    Vocabulary,
    Worked,
)
from ..values import Struct
from .closures import closure, run, slope_needs, without_factors


class Convention(Struct, frozen=True):
    """A consistent way of writing that differs from the scenario's: what multiplies a loss and its gradients.

    The factor stands in the losses `at`; those and the ones that add them up (`scaled`) are larger by it.
    """

    code: str = ""
    scale: float = 1.0  # of gradients of those losses
    loss_scale: float = 1.0  # of the losses themselves
    at: frozenset[int] = frozenset()
    scaled: frozenset[int] = frozenset()
    ascent: float = 1.0  # −1: w' = w + rate·gradient
    frozen_bias: bool = False
    transposed: bool = False  # w_ij is what the scenario calls w_ji
    updated_weights: bool = False  # going back, a weight's value is the one after its own update
    local: bool = False  # a derivative by an operand of the formula itself is that of the formula alone
    sentence: str = ""


STANDARD = Convention()


class Model:
    """Numbers for every subject and every formula; subclasses say where they come from."""

    def __init__(self, vocabulary: Vocabulary, convention: Convention = STANDARD) -> None:
        self.vocabulary = vocabulary
        self.graph: Graph = vocabulary.graph
        self.convention = convention
        rate = self.graph.scenario.rate
        self.rate = NAN if rate is None else rate

    # ------------------------------------------------------------------ questions
    def value(self, node: int) -> float:
        raise NotImplementedError

    def gradient(self, of: int, by: int) -> float:
        raise NotImplementedError

    def updated(self, node: int) -> float:
        """w − rate·∂L/∂w, or what the scenario's own rule makes of w in its first step."""
        row = self.graph.parameter_rows[node]
        if self.graph.frozen[row] or (self.convention.frozen_bias and is_bias(self.graph, node)):
            return self.value(node)
        if (names := self.vocabulary.rule) is not None:
            return self.worked(names.result, node)
        step = float(self.graph.rates[row]) * self.of(Gradient(self.graph.loss, node))
        return self.value(node) - self.convention.ascent * step

    def worked(self, line: int, node: int) -> float:
        """What a line of the scenario's own update rule comes to for a parameter."""
        names = self.vocabulary.rule
        assert names is not None

        def value(name: str) -> float:
            if name == "g":
                return self.convention.ascent * self.of(Gradient(self.graph.loss, node))
            operand = names.operand(line, name, node)
            own = self.graph.rates[self.graph.parameter_rows[node]]
            return float(own) if isinstance(operand, Rate) else self.of(operand)

        return evaluate(names.rule.lines[line].full, value)

    def remembered(self, name: str, node: int) -> float:
        """What the steps before have left of a name of the update rule; where it starts, before the first."""
        names, memory = self.vocabulary.rule, self.graph.memory.get(name)
        assert names is not None
        return names.rule.starts[name] if memory is None else float(memory[self.graph.parameter_rows[node]])

    def rule_number(self, name: str) -> float:
        """A constant of the update rule, the number of the step, or what the rule takes of all parameters together."""
        names = self.vocabulary.rule
        assert names is not None
        if name == "t" or name in names.rule.numbers:
            return float(self.graph.step) if name == "t" else names.rule.numbers[name]
        nodes = self.graph.nodes_of("parameter")
        slopes = np.array([self.of(Gradient(self.graph.loss, node)) for node in nodes])
        return names.rule.over_all(np.array([self.value(node) for node in nodes]), slopes, self.graph.frozen)[name]

    def of(self, subject: Subject) -> float:
        match subject:
            case Value(node):
                return self.value(node)
            case Gradient(of, by):
                return self.gradient(of, by)
            case Updated(node):
                return self.updated(node)
            case Rate():
                return self.rate
            case Worked(line, node):
                return self.worked(line, node)
            case Remembered(name, node):
                return self.remembered(name, node)
            case RuleNumber(name):
                return self.rule_number(name)

    # ------------------------------------------------------------------ formulas
    def get(self, name: str) -> Dual:
        node = self.vocabulary.nodes.get(name)
        if node is not None:
            return self.value(node), 0.0
        subject = subject_of(self.vocabulary, name)
        return (NAN if subject is None else self.of(subject)), 0.0

    def get_gradient(self, of: str, by: str) -> float:
        first, second = self.vocabulary.nodes.get(of), self.vocabulary.nodes.get(by)
        if first is None or second is None:
            return NAN
        return self.gradient(first, second)

    def evaluate(self, formula: Expression) -> float:
        """A formula over the graph's names; nan where it has no value."""
        return run(closure(formula, self.graph), self.get, self.get_gradient)


# derivatives that people write with the result a alone
_BY_RESULT: Mapping[str, Callable[[float], float]] = {
    "sigmoid": lambda a: a * (1.0 - a),
    "tanh": lambda a: 1.0 - a * a,
    "exp": lambda a: a,
}


def subject_of(vocabulary: Vocabulary, name: str) -> Subject | None:
    """The subject behind a graph's own name (`w1'` is the updated parameter, `rate` the learning rate)."""
    node = vocabulary.nodes.get(name)
    if node is not None:
        return Value(node)
    if name.endswith("'"):
        node = vocabulary.nodes.get(name[:-1])
        return None if node is None else Updated(node)
    if name == RATE:
        return Rate()
    return vocabulary.rule.canonical.get(name) if vocabulary.rule is not None else None


def is_bias(graph: Graph, node: int) -> bool:
    """A parameter that every user only adds: its local derivatives are all 1."""
    users = graph.users.get(node, ())
    return bool(users) and all(_adds(graph, user, node) for user in users)


def _adds(graph: Graph, user: int, node: int) -> bool:
    formula = graph.node(user).expanded
    whole = ungrouped(formula) if formula is not None else None
    name = graph.name(node)
    if not isinstance(whole, Sum):
        return False
    return any(ungrouped(term) == Name(name) for _, term in whole.terms)


class Truth(Model):
    """The exact values of one run."""

    def __init__(self, vocabulary: Vocabulary, trace: Trace, convention: Convention = STANDARD) -> None:
        super().__init__(vocabulary, convention)
        self.trace = trace
        self.values: list[float] = trace.values.tolist()

    def value(self, node: int) -> float:
        if node in self.convention.scaled:
            return self.values[node] * self.convention.loss_scale
        return self.values[node]

    def gradient(self, of: int, by: int) -> float:
        convention = self.convention
        if convention.updated_weights and of == self.graph.loss:
            return self._through_new_weights.gradient(of, by)
        alone = convention.local and self.graph.two_slopes(of, by)
        plain = self.trace.local(of, by) if alone else self.trace.derivative(of, by)
        # of two losses that both have the factor neither changes faster for it
        return plain * convention.scale if of in convention.scaled and by not in convention.scaled else plain

    @cached_property
    def given(self) -> frozenset[Fraction]:
        """The given data: values of inputs, parameters and targets, the learning rate, constants of the update."""
        graph = self.graph
        kinds: tuple[Kind, ...] = ("input", "target") if graph.step > 1 else ("input", "parameter", "target")
        constants = graph.rule.numbers.values() if graph.rule is not None else ()
        return decimals([*(self.values[node] for node in graph.nodes_of(*kinds)), self.rate, *constants])

    @cached_property
    def exact_values(self) -> frozenset[Fraction]:
        """Numbers that carry no rounding: given data, and values and gradients that end after some decimals."""
        return self.given | ending((*self.values, *self.trace.adjoints.tolist()))

    @cached_property
    def _through_new_weights(self) -> Person:
        graph = self.graph
        leaves = {n: self.values[n] for n in graph.nodes_of("input", "parameter", "target")}
        return Person(self.vocabulary, leaves, convention=self.convention)


def random_points(vocabulary: Vocabulary, trace: Trace | None, count: int = 6, seed: int = 20) -> tuple[Truth, ...]:
    """Runs at random leaves, for deciding whether two formulas are one function.

    A leaf that its author typed as 0 stays 0 (people leave out a bias of 0); the rest is drawn from ±[0.2, 1.2], all
    different. Points where anything is not finite are discarded.
    """
    graph = vocabulary.graph
    generator = np.random.default_rng(seed)
    leaves = graph.leaf_values()
    is_leaf = graph.levels == 0
    zero = is_leaf & (leaves == 0.0)
    targets = np.zeros(graph.size, bool)
    targets[graph.nodes_of("target")] = True
    found: list[Truth] = []
    for _ in range(40):
        drawn = generator.uniform(0.2, 1.2, graph.size) * generator.choice([-1.0, 1.0], graph.size)
        drawn[targets] = np.abs(drawn[targets]) * 0.75
        at = np.where(is_leaf, np.where(zero & ~targets, 0.0, drawn), np.nan)
        values = forward(graph, at)
        if not np.isfinite(values).all():
            # a formula with a logarithm or a root may need positive leaves
            values = forward(graph, np.abs(at))
            if not np.isfinite(values).all():
                continue
        found.append(Truth(vocabulary, Trace(graph, values, backward(graph, values))))
        if len(found) == count:
            break
    return tuple(found)


class Line(Struct, frozen=True):
    """A value that the person stated: the number, the line, and whether that line was at fault."""

    number: Stated
    line: int
    faulty: bool = False
    trivial: bool = False


class Answer(Struct, frozen=True):
    """What the person's own lines give: the value, the statements it rests on, the assumed leaves it needed."""

    value: float
    rests_on: frozenset[Subject]
    assumed: frozenset[int]


class Person(Model):
    """The person's latest stated values, and the right formulas for everything else."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        leaves: Mapping[int, float],
        stated: Mapping[Subject, Line] | None = None,
        convention: Convention = STANDARD,
        nudges: Mapping[int, float] | None = None,
    ) -> None:
        super().__init__(vocabulary, convention)
        self.leaves = leaves
        self.stated: dict[Subject, Line] = dict(stated or {})
        self.nudges = dict(nudges or {})
        # what was worked out, for each way of asking: without one statement, slopes from results, gradients from parts
        self._memos: dict[tuple[Subject | None, bool, bool], dict[Subject, Answer]] = {}
        self._open: list[tuple[set[Subject], set[int]]] = []
        self._parts: dict[int, list[int]] | None = None  # by quantity: what has a stated derivative by it
        self._ask()

    def copy(self) -> Person:
        """A person who has stated the same so far."""
        return Person(self.vocabulary, self.leaves, self.stated, self.convention, self.nudges)

    def state(self, subject: Subject, line: Line) -> None:
        """A new statement replaces the old one; everything after it is calculated anew."""
        self.stated[subject] = line
        self._memos.clear()
        self._parts = None
        self._ask()

    def _ask(self, without: Subject | None = None, by_result: bool = True, by_parts: bool = True) -> None:
        """How the next questions are answered: without one statement; with slopes from the stated activation, else from
        the stated argument; with ∂L/∂w from the stated ∂L1/∂w where L is made of L1, else along the chain alone."""
        self._skip, self.by_result, self.by_parts = without, by_result, by_parts
        stated = without if without in self.stated else None
        self._memo = self._memos.setdefault((stated, by_result, by_parts), {})

    def is_given(self, node: int) -> bool:
        """Is a value typed in the scenario, not only assumed? From the second update step on no parameter's is."""
        if node not in self.leaves or node in self.assumed_leaves:
            return False
        return self.graph.step == 1 or self.graph.block_of(node).kind != "parameter"

    @cached_property
    def assumed_leaves(self) -> frozenset[int]:
        graph = self.graph
        return frozenset(n for n in self.leaves if graph.assumed(n) is not None)

    # ------------------------------------------------------------------ the model's questions
    def value(self, node: int) -> float:
        return self._answer(Value(node)).value

    def gradient(self, of: int, by: int) -> float:
        return self._answer(Gradient(of, by)).value

    def of(self, subject: Subject) -> float:
        return self._answer(subject).value

    def _answer(self, subject: Subject) -> Answer:
        known = self._memo.get(subject)
        if known is None:
            self._open.append((set(), set()))
            try:
                line = self.stated.get(subject) if subject != self._skip else None
                if line is not None:
                    value = float(line.number.value)
                    self._open[-1][0].add(subject)
                else:
                    value = self._calculated(subject)
            finally:
                rests_on, assumed = self._open.pop()
            known = Answer(value, frozenset(rests_on), frozenset(assumed))
            self._memo[subject] = known
        if self._open:
            self._open[-1][0].update(known.rests_on)
            self._open[-1][1].update(known.assumed)
        return known

    def _calculated(self, subject: Subject) -> float:
        match subject:
            case Value(node):
                return self._value(node)
            case Gradient(of, by):
                alone = self.convention.local and self.graph.two_slopes(of, by)
                return self._local(of, by) if alone else self._gradient(of, by)
            case _:
                return super().of(subject)

    def _value(self, node: int) -> float:
        if node in self.leaves:
            if node in self.assumed_leaves:
                self._open[-1][1].add(node)
            return self.leaves[node] + self.nudges.get(node, 0.0)
        value = self.evaluate(self.graph.node_formula(node))
        if value != value:
            value = self.evaluate(self._without_zeros(node))
        return value * self.convention.loss_scale if node in self.convention.at else value

    def _without_zeros(self, node: int) -> Expression:
        """The node's formula without what a given 0 multiplies: 0·log(p) is 0 even where p has come out negative."""
        formula = self.graph.node_formula(node)
        nodes = ((name, self.graph.find(name)) for name in names_in(formula))
        zeros = frozenset(name for name, leaf in nodes if leaf is not None and self.leaves.get(leaf) == 0.0)
        return without_factors(formula, zeros) if zeros else formula

    def _gradient(self, of: int, by: int) -> float:
        if of == by:
            return 1.0
        if self.by_parts and (whole := self._from_whole(of, by)) is not None:
            return whole
        if self.by_parts and self._has_parts(of, by):
            return self._from_parts(of, by)
        total = 0.0
        for user in self.graph.users.get(by, ()):
            if not self.graph.reaches(user, of):
                continue
            total += self._upstream(of, user) * self._local(user, by)
        return total

    @property
    def parts(self) -> Mapping[int, Sequence[int]]:
        """By quantity, what has a stated derivative by it that is more than a slope of one formula."""
        if self._parts is None:
            self._parts = {}
            graph, local = self.graph, self.convention.local
            for subject in self.stated:
                if not isinstance(subject, Gradient) or graph.direct_only(subject.of, subject.by):
                    continue
                if not (local and graph.two_slopes(subject.of, subject.by)):
                    self._parts.setdefault(subject.by, []).append(subject.of)
        return self._parts

    def _has_parts(self, of: int, by: int) -> bool:
        """Is a derivative by the same quantity stated of something that `of` is made of, as a sample's own loss?"""
        return any(
            part != of and Gradient(part, by) != self._skip and self.graph.reaches(part, of)
            for part in self.parts.get(by, ())
        )

    def _from_whole(self, of: int, by: int) -> float | None:
        """∂E1/∂o from the stated ∂E/∂o of the loss E = E1 + E2, where o changes E1 alone; else None."""
        loss = self.graph.loss
        whole, parts = Gradient(loss, by), self.graph.node(loss).operands
        if whole not in self.stated or whole == self._skip or of not in parts:
            return None
        if any(part != of and self.graph.reaches(by, part) for part in parts):
            return None
        share = self._local(loss, of)
        return self.of(whole) / share if share else None

    def _from_parts(self, of: int, by: int) -> float:
        """∂of/∂by = Σ ∂of/∂part · ∂part/∂by over what goes into `of` itself."""
        parts = (part for part in dict.fromkeys(self.graph.node(of).operands) if self.graph.reaches(by, part))
        return sum(self._local(of, part) * self._upstream(part, by) for part in parts)

    def _upstream(self, of: int, user: int) -> float:
        """∂of/∂user over all paths, however the person means it where they write it."""
        if user == of:
            return 1.0
        if self.convention.local and self.graph.two_slopes(of, user):
            return self._gradient(of, user)
        return self.of(Gradient(of, user))

    def _local(self, user: int, by: int) -> float:
        """∂user/∂by at the person's own operands, or their own statement of it."""
        subject = Gradient(user, by)
        if subject in self.stated and subject != self._skip and self.graph.direct_only(user, by):
            return self.of(subject)
        factor = self.convention.scale if user in self.convention.at else 1.0
        slope = self._slope(self.graph.node_formula(user), user, by)
        if slope != slope:
            slope = self._slope(self._without_zeros(user), user, by)
        return factor * slope

    def _slope(self, formula: Expression, user: int, by: int) -> float:
        name = self.graph.name(by)
        if self.by_result and (slope := self._by_result(formula, user, name)) is not None:
            return slope
        ready = closure(formula, self.graph)
        if ready is None:
            return NAN
        needed = slope_needs(formula, name)

        def get(n: str) -> Dual:
            # what the slope does not depend on must not count as something it rests on
            direction = 1.0 if n == name else 0.0
            if n not in needed:
                return 1.0, direction
            if self.convention.updated_weights and by not in self.leaves:
                node = self.vocabulary.nodes.get(n)
                if node is not None and self._updated_before(node, by):
                    return self.of(Updated(node)), direction
            return self.get(n)[0], direction

        try:
            return ready(get, self.get_gradient)[1]
        except (OverflowError, ZeroDivisionError):
            return NAN

    def _updated_before(self, node: int, by: int) -> bool:
        """Can a parameter have its new value when the way back reaches a quantity: is it used after that only?

        One that is used earlier too (a recurrent weight) needs this very slope for its own gradient. Levels make sure
        that no two parameters wait for each other.
        """
        graph = self.graph
        if graph.block_of(node).kind != "parameter":
            return False
        return all(graph.levels[user] > graph.levels[by] for user in graph.users.get(node, ()))

    def _by_result(self, formula: Expression, user: int, by: str) -> float | None:
        """σ' as a·(1 − a), tanh' as 1 − a², from the activation that the person stated."""
        whole = ungrouped(formula)
        if not isinstance(whole, Call) or whole.function not in _BY_RESULT or Value(user) not in self.stated:
            return None
        if ungrouped(whole.arguments[0]) != Name(by):
            return None
        return _BY_RESULT[whole.function](self.of(Value(user)))

    # ------------------------------------------------------------------ answers with their grounds
    def carried(self, subject: Subject, by_result: bool = True, by_parts: bool = True) -> Answer:
        """The subject from everything stated but the subject itself."""
        self._ask(subject, by_result, by_parts)
        try:
            return self._answer(subject)
        finally:
            self._ask()

    def answer(self, formula: Expression, without: Subject | None = None) -> Answer:
        """A formula at the person's numbers, `without` their own statement of one subject."""
        self._ask(without)
        self._open.append((set(), set()))
        try:
            value = self.evaluate(formula)
        finally:
            rests_on, assumed = self._open.pop()
            self._ask()
        return Answer(value, frozenset(rests_on), frozenset(assumed))

    def faulty(self, answer: Answer) -> tuple[int, ...]:
        """The lines at fault that an answer rests on, earliest first."""
        return tuple(sorted({self.stated[s].line for s in answer.rests_on if self.stated[s].faulty}))

    def is_exact(self, subject: Subject, truth: Model | None) -> bool:
        """Does a statement carry no rounding: given data (right or wrong), or the quantity's own value?"""
        if isinstance(subject, Rate) or (isinstance(subject, Value) and self.is_given(subject.node)):
            return True
        value = float(self.stated[subject].number.value)
        return truth is not None and abs(truth.of(subject) - value) <= 1e-13 * max(abs(value), 1e-3)

    def box(
        self, answer: Answer, again: Callable[[Person], float], truth: Model | None, truncating: bool = False
    ) -> Interval | None:
        """The range of an answer while each stated number it rests on stays within its half unit.

        A number that is not at fault may also have been carried on exactly, on a calculator: its true value belongs to
        the range too.
        """
        subjects = [s for s in answer.rests_on if self.stated[s].number.unit and not self.is_exact(s, truth)]
        if not subjects:
            return None
        numbers = [self.stated[s].number for s in subjects]
        ends = []
        for s, number in zip(subjects, numbers, strict=True):
            low, high = reach(number, truncating)
            true = truth.of(s) if truth is not None and not self.stated[s].faulty else NAN
            if true == true and abs(true) != float("inf"):
                low, high = min(low, exact(true)), max(high, exact(true))
            ends.append((low, high))

        def at(values: Iterable[Fraction]) -> Fraction:
            moved = dict(self.stated)
            for s, value in zip(subjects, values, strict=True):
                moved[s] = Line(Stated(value, Fraction(0), ""), self.stated[s].line)
            result = again(Person(self.vocabulary, self.leaves, moved, self.convention, self.nudges))
            if result != result or abs(result) == float("inf"):
                raise ArithmeticError("no finite value in the box")
            return exact(result)

        try:
            return spread(at, [number.value for number in numbers], ends)
        except ArithmeticError:
            return None
