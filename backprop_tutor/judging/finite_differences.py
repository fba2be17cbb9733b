"""Finite differences done by hand: a value moved a little, what follows from it, and the quotient of two results.

A nudge is written with names, `(w21 + 0.000001)*h1`, or with numbers, `(0.2 + 0.000001)*3`. From then on the lines are
judged at the moved value too, until a quotient of differences ends the run. The step is exact, and so is what the moved
network gives where that ends after a few decimals: `(A − B)/h` leaves no room for rounding then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from ..formulas.expression import Expression, Name, Number, Product, Sum, transform, ungrouped, walk
from ..handwork.exact import Interval, agrees, ending, literal
from ..handwork.quantities import Gradient
from .alignment import Pair, align, as_written, has_names
from .chain_reading import ChainReader
from .person import Person
from .session import Step

LARGEST_STEP = Fraction(1, 100)
QUOTIENT_ROOM = Fraction(1, 10**9)  # of a quotient: doubles that are nearly equal were subtracted


class FiniteDifferences(ChainReader):
    """The links of a difference quotient and of the lines that lead to it."""

    # ------------------------------------------------------------------ nudges
    def nudge_of(self, node: Expression) -> dict[int, Fraction]:
        """Leaves to which a formula adds a small number: `(w21 + 0.000001)*h1`."""
        found: dict[int, Fraction] = {}
        for part in walk(node):
            nudge = _nudged(part)
            leaf = self.vocabulary.nodes.get(nudge[0].name) if nudge and isinstance(nudge[0], Name) else None
            if nudge is not None and leaf is not None and leaf in self.judge.leaves:
                found[leaf] = nudge[1]
        return found

    def without_nudge(self, node: Expression) -> Expression:
        def change(part: Expression) -> Expression:
            nudge = _nudged(part)
            return nudge[0] if nudge is not None and self.nudge_of(part) else part

        return transform(node, change)

    def nudged_formula(self, left: Step, right: Step) -> bool:
        """Is a formula the quantity, but for a nudge?"""
        nudges = self.nudge_of(right.expression)
        plain = self.without_nudge(right.expression)
        if not nudges or not self.judge.equality.same(left.expression, plain):
            return False
        self.add("formula", left, right, "right", "nudged", self.open_nudge(nudges))
        self.formula = plain
        return True

    def nudged_numbers(self, left: Step, right: Step, forms: Sequence[Expression]) -> bool:
        """Are numbers put in the right ones, but for a nudge of a given value: `(0.2 + 0.000001)*3`?"""
        steps: dict[tuple[int, int], Fraction] = {}

        def change(part: Expression) -> Expression:
            nudge = _nudged(part)
            if nudge is None or not isinstance(nudge[0], Number):
                return part
            steps[nudge[0].span] = nudge[1]
            return nudge[0]

        plain = transform(right.expression, change)
        people = self.people
        for form in forms if steps else ():
            pairs = align(form, plain, lambda pair: self.reference.fits(pair, people) is not None)
            if pairs is None or any(self.reference.fits(pair, people) is None for pair in pairs):
                continue
            nudges = {
                leaf: steps[pair.span] for pair in pairs if (leaf := self.moved_leaf(pair)) and pair.span in steps
            }
            if len(nudges) == len(steps):
                self.add("substitution", left, right, "right", "nudged", self.open_nudge(nudges))
                return True
        return False

    def moved_leaf(self, pair: Pair) -> int | None:
        piece = ungrouped(pair.formula)
        leaf = self.vocabulary.nodes.get(piece.name) if isinstance(piece, Name) else None
        return leaf if leaf in self.judge.leaves else None

    def open_nudge(self, nudges: Mapping[int, Fraction]) -> str:
        """A run with values moved a little begins; what to say of it."""
        moved = {leaf: float(step) for leaf, step in nudges.items()}
        person = self.session.person
        self.session.nudged = Person(self.vocabulary, person.leaves, {}, person.convention, moved)
        self.session.moved = self.judge.moved.run(moved) if self.judge.moved is not None else None
        self.opens_nudge = True
        names = ", ".join(self.judge.graph.name(leaf) for leaf in nudges)
        return f"{names} moved a little, for a finite difference"

    # ------------------------------------------------------------------ quotients
    def exact_in(self, node: Expression) -> frozenset[Fraction]:
        """Numbers that carry no rounding: the step of a difference quotient, and what the moved network gives."""
        found: set[Fraction] = set()
        if self.session.moved is not None and self.session.nudged is not None:
            found |= ending((*self.session.moved.values, *self.session.nudged.nudges.values()))
        step, moved = step_of(node), self.judge.moved
        if step is not None and moved is not None:
            found |= {step, step / 2}
            found |= moved.exact_values([float(way) for way in (step, step / 2, -step, -step / 2)])
        return frozenset(found)

    def quotient_put_in(self, left: Step, right: Step, box_of: Callable[[Expression], Interval]) -> bool:
        """Is what is put in a difference quotient of the derivative that the line is about, or meant to be one?"""
        step, moved, subject = step_of(right.expression), self.judge.moved, self.subject
        if step is None or moved is None or not isinstance(subject, Gradient) or subject.by not in self.judge.leaves:
            return False
        box = box_of(right.expression)
        results = [part.number for part in self.steps if part.number is not None]
        for way in (step, step / 2):
            for quotient in moved.quotients(subject, float(way)):
                room = abs(quotient) * QUOTIENT_ROOM
                meant = any(agrees(number.value, number.unit, quotient) for number in results)
                if meant or box.low - room <= quotient <= box.high + room:
                    message = f"the difference quotient for a step of {float(way):g}"
                    self.add("substitution", left, right, "right", "difference-quotient", message)
                    return True
        return False


def _nudged(node: Expression) -> tuple[Name | Number, Fraction] | None:
    """A name or a number with a small number added to it."""
    if not isinstance(node, Sum) or len(node.terms) != 2:
        return None
    (first_sign, first), (sign, second) = node.terms
    first, step = ungrouped(first), literal(second)
    if first_sign < 0 or not isinstance(first, (Name, Number)) or step is None:
        return None
    return (first, sign * step.value) if 0 < abs(step.value) <= LARGEST_STEP else None


def step_of(node: Expression) -> Fraction | None:
    """What a difference is divided by, where that is a small number: the 0.001 of (A − B)/0.001."""
    node = ungrouped(node)
    if not isinstance(node, Product) or has_names(node):
        return None
    divisors = [factor for how, factor in node.factors if how == "/"]
    differences = [
        whole
        for how, factor in node.factors
        if how == "*" and isinstance(whole := ungrouped(factor), Sum) and any(sign < 0 for sign, _ in whole.terms)
    ]
    if len(divisors) != 1 or len(differences) != 1:
        return None
    try:
        step = as_written(divisors[0])
    except ArithmeticError:
        return None
    return step if 0 < abs(step) <= 2 * LARGEST_STEP else None
