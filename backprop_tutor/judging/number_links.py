"""Substitution and arithmetic links: do the numbers put in belong, does what is written give what is written?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ..formulas.expression import Expression, Group, Number, transform
from ..handwork import meaning
from ..handwork.claims import Mark
from ..handwork.exact import Interval, Stated, agrees, literal, reach, spread, truncates
from ..handwork.quantities import Rate, Value
from .alignment import Pair, align, as_written, numbers_in
from .formula_links import FormulaLinks
from .odd_numbers import OddNumbers
from .session import Step
from .values import pen_slip


class NumberLinks(FormulaLinks):
    """The links whose right side is made of numbers."""

    # ------------------------------------------------------------------ substitution
    def substitution_link(self, left: Step, right: Step) -> None:
        forms = self.forms(left)
        reference = self.reference
        people = [p for p in (self.session.person, self.session.nudged) if p is not None]
        best = None
        for form in forms:
            pairs = align(form, right.expression, lambda pair: reference.fits(pair, people) is not None)
            if pairs is None:
                continue
            grounds = [reference.fits(pair, people) for pair in pairs]
            misfits = [pair for pair, ground in zip(pairs, grounds, strict=True) if ground is None]
            if best is None or len(misfits) < len(best[1]):
                best = (pairs, misfits, grounds)
            if not misfits:
                break
        if best is None or (best[1] and len(best[1]) * 2 > len(best[0])):
            if self.total_fits(left, right):
                self.add("substitution", left, right, "right")
                return
            if best is None:
                OddNumbers(self, left, right).add(forms, ())
                return
        pairs, misfits, grounds = best
        self.put_in[id(right.expression)] = {pair.span: self.is_exact(pair) for pair in pairs if pair not in misfits}
        if misfits:
            OddNumbers(self, left, right).add(forms, misfits)
            return
        lines = sorted({line for g in grounds if g is not None for line in g.lines})
        self.operand_lines.update(lines)
        if any(g is not None and g.kind == "unknown" for g in grounds):
            self.unknown_operands = True
            self.add("substitution", left, right, "unknown", "not-stated", "a number that is stated nowhere")
        elif lines:
            self.add("substitution", left, right, "follows", "carried", f"uses line {line_list(lines)}",
                     follows=tuple(lines))  # fmt: skip
        else:
            self.add("substitution", left, right, "right")

    def is_exact(self, pair: Pair) -> bool:
        """Does a number put in carry no rounding: given data, or the quantity's value to the last digit?"""
        subject = meaning.subject_of(pair.formula, self.vocabulary)
        if isinstance(subject, Rate) or (isinstance(subject, Value) and self.judge.is_given(subject.node)):
            return True
        best = self.reference.best(pair.formula)
        return best is not None and abs(best - float(pair.number.value)) <= 1e-12 * max(1.0, abs(best))

    def forms(self, left: Step) -> list[Expression]:
        """Formulas into which the numbers may have been put: the chain's own, else the usual ones."""
        if left is not self.steps[0]:
            return [left.expression]
        if self.subject is None:
            return [left.expression]
        own = self.session.right_formulas.get(self.subject, [])
        return [*reversed(own), *self.reference.forms(self.subject), left.expression]

    def total_fits(self, left: Step, right: Step) -> bool:
        """Whatever was put in, does the whole give the quantity?"""
        reference = self.reference
        try:
            value = as_written(right.expression)
        except ArithmeticError:
            return False
        box = self.written_box(right.expression)
        for answer in reference.totals(self.subject, left.expression):
            if box.low <= answer <= box.high or abs(answer - value) <= abs(value) * Fraction(1, 10**9):
                return True
        return False

    # ------------------------------------------------------------------ arithmetic
    def units(self, node: Expression) -> list[Stated]:
        """For every typed number of a formula its value and its unit: given data and whole numbers are exact."""
        exact_values = self.reference.exact_values
        put_in = self.put_in.get(id(node), {})
        found = []
        for number in numbers_in(node):
            stated = literal(number)
            assert stated is not None
            whole = "." not in number.text and "e" not in number.text.lower() and "%" not in number.text
            # a pair's place includes the sign of its number
            given = next((is_exact for (a, b), is_exact in put_in.items() if a <= number.span[0] < b), None)
            if whole or (stated.value in exact_values if given is None else given):
                stated = Stated(stated.value, Fraction(0), stated.text)
            found.append(stated)
        return found

    def written_box(self, node: Expression, truncating: bool = False) -> Interval:
        """The range of a formula of numbers while each stays within its half unit (or was cut off)."""
        numbers = numbers_in(node)
        stated = self.units(node)

        def at(values: Sequence[Fraction]) -> Fraction:
            given = {id(number): value for number, value in zip(numbers, values, strict=True)}
            return as_written(node, lambda number: given.get(id(number), number.value))

        return spread(at, [n.value for n in stated], [reach(n, truncating) for n in stated])

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
        shown = (float(box.low), float(box.high)) if box else None
        if box and box.meets(value, unit):
            self.add("arithmetic", left, right, "right", "within-rounding", "", float(value), expected, interval=shown)
            return
        cut = self.written_box(left.expression, True) if left.kind == "numbers" else None
        if truncates(value, unit, written) or (cut and (cut.meets(value, unit) or cut.meets_truncated(value, unit))):
            mark = "right" if number.open else "close"
            self.add("arithmetic", left, right, mark, "truncated", f"cut off, not rounded: {expected:.6g}",
                     float(value), expected, interval=shown)  # fmt: skip
            return
        code, message = pen_slip(number, written)
        if code == "arithmetic" and self.subject is not None:
            true = self.reference.truth_of(self.subject)
            if true is not None and not agrees(value, unit, true):
                code, message = pen_slip(number, true)
        self.add("arithmetic", left, right, "wrong", code, message or f"what is written gives {expected:.6g}",
                 float(value), expected, interval=shown)  # fmt: skip

    def between_numbers(self, left: Step, right: Step, written: Fraction) -> None:
        """One calculation said to be another: equal, or equal within the digits typed."""
        try:
            second = as_written(right.expression)
        except ArithmeticError:
            self.add("arithmetic", left, right, "unknown", "not-checkable", "this can't be calculated")
            return
        one, two = self.written_box(left.expression), self.written_box(right.expression)
        if (one.low <= two.high and two.low <= one.high) or abs(written - second) <= abs(written) * Fraction(1, 10**12):
            self.add("arithmetic", left, right, "right", "", "", float(second), float(written))
            return
        if self.starts_anew(left, right):
            message = "each '=' joins what is equal: this one starts a new calculation"
            self.add("arithmetic", left, right, "notation", "running-equals", message, float(second), float(written))
            return
        self.add("arithmetic", left, right, "wrong", "arithmetic", f"what stands before gives {float(written):.6g}",
                 float(second), float(written))  # fmt: skip

    def starts_anew(self, left: Step, right: Step) -> bool:
        """Does a part begin with the value of the one before it, to go on calculating?"""
        first = first_number(right.expression)
        try:
            one, two = as_written(left.expression), as_written(right.expression)
        except ArithmeticError:
            return False
        return first is not None and one != two and agrees(first.value, first.unit, one)


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


def line_list(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines))
