"""Arithmetic links: does what is written give what is written?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction

from ..formulas.digits import significant
from ..formulas.expression import Expression, Group, Number, transform, walk
from ..handwork.claims import Mark
from ..handwork.exact import Interval, Stated, agrees, finite, literal, reach, spread, truncates
from ..values import replace
from .alignment import as_written, numbers_in
from .formula_links import FormulaLinks
from .pen import pen_slip
from .session import Step

USUAL_DIGITS = 6  # of a number in a sentence


class ArithmeticLinks(FormulaLinks):
    """The links from numbers to numbers."""

    def units(self, node: Expression) -> list[Stated]:
        """For every typed number of a formula its value and its unit: given data and whole numbers are exact."""
        exact_values, moved = self.reference.exact_values, self.exact_in(node)
        worked_out = self.worked_out(node)
        put_in = self.put_in.get(id(node), {})
        found = []
        for number in numbers_in(node):
            stated = literal(number)
            assert stated is not None
            whole = "." not in number.text and "e" not in number.text.lower() and "%" not in number.text
            # a pair's place includes the sign of its number
            given = next((is_exact for (a, b), is_exact in put_in.items() if a <= number.span[0] < b), None)
            value = stated.value
            if given is None and worked_out is not None:
                given = abs(value) in worked_out
            elif given is None:
                given = (value in exact_values or value in moved) and not self.is_rounded(value)
            if whole or given:
                stated = Stated(stated.value, Fraction(0), stated.text)
            found.append(stated)
        return found

    def worked_out(self, node: Expression) -> frozenset[Fraction] | None:
        """What a part that goes on from numbers can have exactly: they and what they give; None for other parts."""
        place = next((i for i, step in enumerate(self.steps) if step.expression is node), 0)
        before = self.steps[place - 1] if place else None
        if before is None or before.kind != "numbers":
            return None
        known = zip(numbers_in(before.expression), self.units(before.expression), strict=True)
        exact = {id(number) for number, stated in known if not stated.unit}
        found: set[Fraction] = set()
        for part in walk(before.expression):
            if all(id(number) in exact for number in numbers_in(part)):
                try:
                    found.add(abs(as_written(part)))
                except ArithmeticError:
                    continue
        return frozenset(found)

    def is_rounded(self, value: Fraction) -> bool:
        """Has the line put a number in, or has the person stated it, for what it is only nearly?"""
        person = self.session.person
        return value in self.rounded_in or any(
            abs(line.number.value) == value and not person.is_exact(subject, self.judge.truth)
            for subject, line in person.stated.items()
        )

    def written_box(self, node: Expression, truncating: bool = False) -> Interval:
        """The range of a formula of numbers while each stays within its half unit (or was cut off)."""
        return self.range_of(node, lambda number: reach(number, truncating))

    def written_room(self, node: Expression) -> Interval:
        """The range of a formula of numbers while each may be off by a unit of its last digit."""
        return self.range_of(node, lambda number: (number.value - number.unit, number.value + number.unit))

    def range_of(self, node: Expression, ends: Callable[[Stated], tuple[Fraction, Fraction]]) -> Interval:
        """The range of a formula of numbers while each stays between two ends.

        Where a number may be rounded into a division by 0 there is no such range: the value as written alone counts.
        """
        numbers = numbers_in(node)
        stated = self.units(node)

        def at(values: Sequence[Fraction]) -> Fraction:
            given = {id(number): value for number, value in zip(numbers, values, strict=True)}
            return as_written(node, lambda number: given.get(id(number), number.value))

        try:
            return spread(at, [n.value for n in stated], [ends(n) for n in stated])
        except ArithmeticError:
            value = as_written(node)
            return Interval(value, value)

    def arithmetic_link(self, left: Step, right: Step) -> None:
        try:
            written = as_written(left.expression)
        except ArithmeticError:
            self.add("arithmetic", left, right, "unknown", "not-checkable", "this can't be calculated")
            return
        if right.kind == "numbers":
            self.between_numbers(left, right, written)
            return
        number = right.number
        assert number is not None
        value, unit = number.value, number.unit
        expected = float(written)
        if agrees(value, unit, written):
            self.add("arithmetic", left, right, "right", "", "", float(value), expected)
            return
        if left.kind == "number" and truncates(value, unit, written):
            mark: Mark = "right" if number.open else "close"
            self.add("arithmetic", left, right, mark, "truncated", "cut off, not rounded", float(value), expected)
            return
        box = self.written_box(left.expression) if left.kind == "numbers" else None
        shown = (float(box.low), float(box.high)) if box and box.low < box.high else None
        if box and box.meets(value, unit):
            self.add("arithmetic", left, right, "right", "within-rounding", "", float(value), expected, interval=shown)
            return
        cut = self.written_box(left.expression, True) if left.kind == "numbers" else None
        if truncates(value, unit, written) or (cut and (cut.meets(value, unit) or cut.meets_truncated(value, unit))):
            mark = "right" if number.open else "close"
            self.add("arithmetic", left, right, mark, "truncated", f"cut off, not rounded: {significant(expected)}",
                     float(value), expected, interval=shown)  # fmt: skip
            return
        operand = self.wrong_operand(left.expression, number)
        self.vindicated |= bool(operand)
        code, message = pen_slip(number, written) if not operand else ("arithmetic", operand)
        if code == "arithmetic" and not operand and self.subject is not None:
            true = self.reference.truth_of(self.subject)
            if true is not None and not agrees(value, unit, true):
                code, message = pen_slip(number, true)
        gives = significant(expected, max(USUAL_DIGITS, number.digits + 1))
        self.add("arithmetic", left, right, "wrong", code, message or f"what is written gives {gives}",
                 float(value), expected, interval=shown)  # fmt: skip

    def wrong_operand(self, node: Expression, number: Stated) -> str:
        """What to say where a result is right and a number that it is said to come from, of a line at fault, is not."""
        truth = self.session.moved if self.opens_nudge else self.judge.truth
        true = None if truth is None or self.subject is None else finite(truth.of(self.subject))
        if true is not None and not agrees(number.value, number.unit, true):
            return ""
        for typed in numbers_in(node):
            for line, proper in self.carried_as(typed):
                gives = as_written(node, lambda n, t=typed, p=proper: p if n is t else n.value)  # type: ignore[misc]
                if agrees(number.value, number.unit, gives) or truncates(number.value, number.unit, gives):
                    result = significant(float(gives), max(USUAL_DIGITS, number.digits))
                    instead = significant(abs(float(proper))) + " and the other sign" * (proper < 0)
                    return (
                        f"{typed.text} comes from line {line}; with {instead} "
                        f"this gives {result}, so the result is right"
                    )
        return ""

    def carried_as(self, typed: Number, among: Collection[int] | None = None) -> Iterator[tuple[int, Fraction]]:
        """The lines at fault (of some) that state a number, with what belongs in its place, to as many digits.

        Negative where the line has the wrong sign: a number typed stands without its own.
        """
        for person, truth in ((self.session.nudged, self.session.moved), (self.session.person, self.judge.truth)):
            if person is None or truth is None:
                continue
            further_down = self.reference.later if person is self.session.person else {}
            stated = [*person.stated.items(), *((s, line) for s, lines in further_down.items() for line in lines)]
            for subject, line in stated:
                if not line.faulty or (among is not None and line.line not in among):
                    continue
                if abs(line.number.value) == typed.value and (right := finite(truth.of(subject))) is not None:
                    proper = Fraction(significant(float(right), line.number.digits))
                    yield line.line, -proper if line.number.value < 0 else proper

    def no_effect(self, node: Expression, lines: Sequence[int]) -> str:
        """What to say where a result is the same with the right numbers in the place of those of lines at fault."""
        number = self.steps[-1].number
        proper: dict[int, tuple[int, Fraction]] = {}
        for typed in numbers_in(node):
            for line, right in self.carried_as(typed, lines):
                proper.setdefault(id(typed), (line, right))
        if number is None or {line for line, _ in proper.values()} != set(lines):
            return ""
        try:
            gives = as_written(node, lambda n: proper[id(n)][1] if id(n) in proper else n.value)
            stands = as_written(node)
        except ArithmeticError:
            return ""  # a root of a negative number
        if not agrees(number.value, number.unit, gives) or not agrees(number.value, number.unit, stands):
            return ""
        carried = [typed for typed in numbers_in(node) if id(typed) in proper]
        told = dict.fromkeys(f"{typed.text} comes from line {proper[id(typed)][0]}" for typed in carried)
        return f"{' and '.join(told)}, which makes no difference here"

    def between_numbers(self, left: Step, right: Step, written: Fraction) -> None:
        """One calculation said to be another: equal, or equal within the digits typed."""
        try:
            second = as_written(right.expression)
        except ArithmeticError:
            self.add("arithmetic", left, right, "unknown", "not-checkable", "this can't be calculated")
            return
        if self.come_to_the_same(left, right):
            self.add("arithmetic", left, right, "right", "", "", float(second), float(written))
            return
        if self.starts_anew(left, right):
            message = "each '=' joins what is equal: this one starts a new calculation"
            self.add("arithmetic", left, right, "notation", "running-equals", message, float(second), float(written))
            return
        message = f"what stands before gives {significant(float(written))}"
        self.add("arithmetic", left, right, "wrong", "arithmetic", message, float(second), float(written))

    def come_to_the_same(self, left: Step, right: Step) -> bool:
        """Do two calculations give one number, within the digits that they are typed with, rounded or cut off?"""
        try:
            first, second = as_written(left.expression), as_written(right.expression)
        except ArithmeticError:
            return False
        if abs(first - second) <= abs(first) * Fraction(1, 10**12):
            return True
        for cut in (False, True):
            one, two = self.written_box(left.expression, cut), self.written_box(right.expression, cut)
            if one.low <= two.high and two.low <= one.high:
                return True
        return False

    def starts_anew(self, left: Step, right: Step) -> bool:
        """Does a part begin with the value of the one before it, to go on calculating?"""
        first = first_number(right.expression)
        if first is None:
            return False
        try:
            value = as_written(left.expression)
        except ArithmeticError:
            return False
        # the 1 of 1/1.69 is no rounded 0.593: it takes two digits to say "as far as I have got"
        begins = first.value == value or (first.digits > 1 and agrees(first.value, first.unit, value))
        return begins and not self.come_to_the_same(left, right)


def continued(left: Step, right: Step) -> Step:
    """The second of two parts with the first in place of the number that it begins with."""
    first = numbers_in(right.expression)[0]
    shift = right.part.start - left.part.start

    def change(part: Expression) -> Expression:
        if not isinstance(part, Number):
            return part
        if part.span == first.span:
            return Group(left.expression)
        return replace(part, span=(part.span[0] + shift, part.span[1] + shift))

    whole = transform(right.expression, change)
    return replace(left, meaning=replace(left.meaning, expression=whole), kind="numbers", number=None)


def first_number(node: Expression) -> Stated | None:
    numbers = numbers_in(node)
    return literal(numbers[0]) if numbers else None
