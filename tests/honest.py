"""People who calculate rightly, as text: for tests that no honest line is ever condemned.

A writer goes through a network forward and backward, rounds or cuts off every step to some digits, uses what they wrote
or what the calculator still holds (or now this, now that), and writes bare results, numbers put in, or whole chains.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from backprop_tutor.engine.build import build
from backprop_tutor.engine.graph import Graph
from backprop_tutor.engine.trace import Trace, run
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.expression import (
    Call,
    Expression,
    Group,
    Name,
    Power,
    Sum,
    transform,
    ungrouped,
    walk,
)
from backprop_tutor.formulas.typeset import ASCII, to_text
from backprop_tutor.lesson.steps import local_formula
from backprop_tutor.scenario.loading import loads
from backprop_tutor.values import replace

INNER = "a bracket worked out"
ACTIVATIONS = ("sigmoid", "sigmoid", "sigmoid", "tanh", "relu", "softplus")
LOSSES = ("(t{k} - {o})**2 / 2", "(t{k} - {o})**2", "0.5*({o} - t{k})**2")


def random_network(seed: int) -> Graph:
    """A small random network: 1 to 3 inputs, 1 to 3 hidden units, 1 or 2 outputs, shared biases at times."""
    draw = random.Random(seed)
    inputs, hidden, outputs = draw.randint(1, 3), draw.randint(1, 3), draw.randint(1, 2)

    def number(low: float = -0.9, high: float = 0.9) -> str:
        value = 0.0
        while abs(value) < 0.05:
            value = round(draw.uniform(low, high), draw.choice((1, 2, 2)))
        return repr(value)

    shared = draw.random() < 0.4
    act, last = draw.choice(ACTIVATIONS), draw.choice(("sigmoid", "sigmoid", "tanh"))
    lines = ["[inputs]", *(f"x{i} = {number()}" for i in range(1, inputs + 1)), "[parameters]"]
    lines += [f"w{j}{i} = {number()}" for j in range(1, hidden + 1) for i in range(1, inputs + 1)]
    lines += [f"b{j} = {number()}" for j in ([1] if shared else range(1, hidden + 1))]
    lines += [f"v{k}{j} = {number()}" for k in range(1, outputs + 1) for j in range(1, hidden + 1)]
    lines += [f"c{k} = {number()}" for k in range(1, outputs + 1)]
    lines += ["[targets]", *(f"t{k} = {number(0.05, 0.95)}" for k in range(1, outputs + 1)), "[equations]"]
    for j in range(1, hidden + 1):
        terms = " + ".join(f"w{j}{i}*x{i}" for i in range(1, inputs + 1))
        lines += [f'z{j} = "{terms} + b{1 if shared else j}"', f'h{j} = "{act}(z{j})"']
    for k in range(1, outputs + 1):
        terms = " + ".join(f"v{k}{j}*h{j}" for j in range(1, hidden + 1))
        lines += [f'n{k} = "{terms} + c{k}"', f'o{k} = "{last}(n{k})"']
    loss = draw.choice(LOSSES)
    lines += [f'E{k} = "{loss.format(k=k, o=f"o{k}")}"' for k in range(1, outputs + 1)]
    lines += [f'E = "{" + ".join(f"E{k}" for k in range(1, outputs + 1))}"', "[learning]", 'loss = "E"', "rate = 0.5"]
    return build(loads("\n".join(lines), "random"))


def written(value: float, digits: int, significant: bool, how: str) -> str:
    """The number as somebody writes it: to so many decimals or significant digits, rounded or cut off.

    It is read from a calculator of 12 digits: nobody cuts 0.42 to 0.41 because a machine holds 0.41999999999999998.
    """
    exact = Decimal(f"{value:.12g}")
    mode = {"up": ROUND_HALF_UP, "even": ROUND_HALF_EVEN, "cut": ROUND_DOWN}[how]
    places = digits - 1 - exact.adjusted() if significant and exact else digits
    return format(exact.quantize(Decimal(1).scaleb(-places), mode), "f")


def bracketed(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def turned_round(formula: Expression) -> Expression:
    """The formula with a − b for b − a in every square."""

    def change(part: Expression) -> Expression:
        difference = ungrouped(part.base) if isinstance(part, Power) else None
        if not isinstance(part, Power) or not isinstance(difference, Sum) or len(difference.terms) != 2:
            return part
        first, second = difference.terms
        if (first[0], second[0]) != (1, -1):
            return part
        return replace(part, base=Group(Sum(((1, second[1]), (-1, first[1])))))

    return transform(formula, change)


@dataclass
class Writer:
    """One person: how many digits, rounding or cutting, and which numbers they go on with."""

    trace: Trace
    digits: int
    significant: bool
    how: str  # "up", "even" or "cut"
    keeps: str  # "written", "calculator" or "mixed"
    draw: random.Random
    held: dict[str, float] = field(default_factory=dict)
    exact: dict[str, float] = field(default_factory=dict)

    def seen(self, name: str) -> float:
        """The number that the person goes on with."""
        if name not in self.held:
            return self.trace.value(name)  # given data
        if self.keeps == "written" or (self.keeps == "mixed" and self.draw.random() < 0.5):
            return self.held[name]
        return self.exact[name]

    def note(self, name: str, value: float, exact: float) -> str:
        text = written(value, self.digits, self.significant, self.how)
        self.held[name], self.exact[name] = float(text), exact
        return text

    def forward(self) -> Iterator[str]:
        graph = self.trace.graph
        for node in graph.nodes_of("computed"):
            formula = graph.node(node).formula
            assert formula is not None
            name = graph.name(node)
            put_in: dict[str, float] = {n: self.seen(n) for n in _names(formula)}
            value = evaluate(formula, put_in.__getitem__)
            text = self.note(name, value, self.trace.value(node))
            yield self.line(name, formula, put_in, text)

    def line(self, name: str, formula: Expression, put_in: dict[str, float], text: str) -> str:
        """A bare result, numbers put in, or the whole chain; numbers put in are written as all others.

        Some write a difference the other way round, put given data into a formula whose other names they leave, or go
        on step by step: each term or bracket worked out before the whole is.
        """
        style = self.draw.random()
        if style < 0.3:
            return f"{name} = {text}"
        formula = turned_round(formula) if self.draw.random() < 0.3 else formula
        graph = self.trace.graph
        given = {n: typed for n in put_in if n in graph.blocks and (typed := graph.typed(graph.id(n))) is not None}

        def number(n: str) -> str:
            return bracketed(given[n] if n in given else self.text(put_in[n]))

        def some_given(n: str) -> str:
            return bracketed(given[n]) if n in given and self.draw.random() < 0.6 else n

        parts = [to_text(formula, ASCII, number)]
        if style > 0.5:
            parts.insert(0, to_text(formula, ASCII, some_given if self.draw.random() < 0.5 else str))
        if self.draw.random() < 0.4:
            parts += self.working(formula, put_in, number)
        return " = ".join([name, *parts, text])

    def text(self, value: float) -> str:
        return written(value, self.digits, self.significant, self.how)

    def working(self, formula: Expression, put_in: dict[str, float], number: Callable[[str], str]) -> list[str]:
        """The next step of the calculation: terms and brackets worked out, e to its power."""

        def value(node: Expression) -> float:
            return evaluate(node, put_in.__getitem__)

        whole = ungrouped(formula)
        if isinstance(whole, Call) and whole.function == "sigmoid":
            power = math.exp(-value(whole.arguments[0]))
            argument = to_text(whole.arguments[0], ASCII, number)
            return [f"1/(1 + e^(-{argument}))", f"1/(1 + {self.text(power)})"]
        if isinstance(whole, Sum) and len(whole.terms) > 1:
            terms = [sign * value(term) for sign, term in whole.terms]
            return [" + ".join(bracketed(self.text(term)) for term in terms)]
        squares = [part for part in walk(whole) if isinstance(part, Power)]
        if not squares:
            return []
        base = squares[0].base
        worked = transform(whole, lambda part: Name(INNER) if part == base else part)
        return [to_text(worked, ASCII, {INNER: bracketed(self.text(value(base)))}.__getitem__)]

    def backward(self) -> Iterator[str]:
        graph, loss = self.trace.graph, self.trace.graph.name(self.trace.graph.loss)
        nodes = sorted(graph.nodes_of("computed", "parameter"), key=lambda n: -int(graph.levels[n]))
        for node in nodes:
            if node == graph.loss or not self.trace.path_count(node):
                continue
            total = 0.0
            for user in graph.users[node]:
                if not self.trace.path_count(user):
                    continue
                formula = local_formula(graph, user, node)
                local = evaluate(formula, self.seen)
                upstream = 1.0 if user == graph.loss else self.seen(f"d{loss}/d{graph.name(user)}")
                total += upstream * local
            name = f"d{loss}/d{graph.name(node)}"
            yield f"{name} = {self.note(name, total, self.trace.gradient(node))}"

    def updates(self) -> Iterator[str]:
        graph, loss = self.trace.graph, self.trace.graph.name(self.trace.graph.loss)
        for update in self.trace.updates:
            name = graph.name(update.node)
            gradient = self.seen(f"d{loss}/d{name}")
            value = update.before - 0.5 * gradient
            step = f"{graph.typed(update.node)} - 0.5*{bracketed(self.text(gradient))}"
            worked = f"{graph.typed(update.node)} - {bracketed(self.text(0.5 * gradient))}"
            parts = ["", f" = {step}", f" = {step} = {worked}"][self.draw.randrange(3)]
            yield f"{name}'{parts} = {self.note(name + chr(39), value, update.after)}"

    def sheet(self) -> str:
        return "\n".join([*self.forward(), *self.backward(), *self.updates()])


def _names(formula: Expression) -> tuple[str, ...]:
    from backprop_tutor.formulas.expression import names_in

    return names_in(formula)


def people(count: int, seed: int) -> Iterator[tuple[Trace, str, str]]:
    """(trace, sheet, description) of `count` honest people on random networks."""
    draw = random.Random(seed)
    for i in range(count):
        trace = run(random_network(draw.randrange(10**9)))
        digits, significant = draw.randint(2, 6), draw.random() < 0.5
        how, keeps = draw.choice(("up", "up", "even", "cut")), draw.choice(("written", "calculator", "mixed"))
        writer = Writer(trace, digits, significant, how, keeps, random.Random(draw.randrange(10**9)))
        yield trace, writer.sheet(), f"#{i}: {digits} {'s.f.' if significant else 'd.p.'}, {how}, {keeps}"
