"""Substitution links: do the numbers put in belong to the names of the formula?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

from ..formulas.expression import Expression, Sum, ungrouped
from ..handwork import meaning
from ..handwork.quantities import Rate, Value
from ..kept import Kept
from ..values import replace
from .alignment import Pair, align, as_written, numbers_in
from .arithmetic_links import ArithmeticLinks
from .odd_numbers import OddNumbers
from .session import NO_EFFECT, Step


class NumberLinks(ArithmeticLinks):
    """The links from a formula to the numbers put into it."""

    # ------------------------------------------------------------------ substitution
    def substitution_link(self, left: Step, right: Step) -> None:
        forms = self.forms(left)
        reference = self.reference
        people = self.people
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
        if best is None or best[1]:
            sources = self.regrouped(left, right, *(best[:2] if best else ((), ())))
            if sources is not None:
                self.fitting(left, right, sources)
                return
            if self.nudged_numbers(left, right, forms) or self.quotient_put_in(left, right, self.written_box):
                return
        if best is None:
            OddNumbers(self, left, right).add(forms, ())
            return
        pairs, misfits, grounds = best
        exact = {pair: self.is_exact(pair) for pair in pairs if pair not in misfits}
        self.put_in[id(right.expression)] = {pair.span: known for pair, known in exact.items()}
        self.rounded_in |= {abs(pair.number.value) for pair, known in exact.items() if not known}
        if misfits:
            OddNumbers(self, left, right).add(forms, misfits)
            return
        lines = sorted({line for g in grounds if g is not None for line in g.lines})
        self.operand_lines.update(lines)
        if any(g is not None and g.kind == "unknown" for g in grounds):
            self.unknown_operands = True
            self.add("substitution", left, right, "unknown", "not-stated", "a number that is stated nowhere")
        else:
            self.fitting(left, right, tuple(lines))

    def fitting(self, left: Step, right: Step, lines: tuple[int, ...]) -> None:
        """Numbers that belong: the right ones, or those of lines at fault."""
        harmless = self.no_effect(right.expression, lines) if lines else ""
        if harmless:
            self.operand_lines -= set(lines)
            self.add("substitution", left, right, "follows", NO_EFFECT, harmless, follows=lines)
        elif lines:
            self.add("substitution", left, right, "follows", "carried", f"uses line {line_list(lines)}", follows=lines)
        else:
            self.add("substitution", left, right, "right")

    def is_exact(self, pair: Pair) -> bool:
        """Does a number put in carry no rounding: given data, or the quantity's value to the last digit?"""
        subject = meaning.subject_of(pair.formula, self.vocabulary)
        if isinstance(subject, Rate) or (isinstance(subject, Value) and self.session.person.is_given(subject.node)):
            return True
        best = self.reference.best(pair.formula)
        return best is not None and abs(best - float(pair.number.value)) <= 1e-12 * max(1.0, abs(best))

    def forms(self, left: Step) -> Sequence[Expression]:
        """Formulas into which the numbers may have been put: the chain's own, else the usual ones."""
        if left is not self.steps[0]:
            return [left.expression]
        if self.subject is None:
            return [left.expression]
        own = self.session.right_formulas.get(self.subject, [])
        return Kept(itertools.chain(reversed(own), self.reference.forms(self.subject), [left.expression]))

    def regrouped(
        self, left: Step, right: Step, pairs: Sequence[Pair], misfits: Sequence[Pair]
    ) -> tuple[int, ...] | None:
        """Are these the right numbers in another arrangement: (t − o)² for (o − t)², some factors already multiplied?

        Where most numbers stand as the formula says, the rest must be exact or belong to its other places: a rounded
        total alone would excuse a miscopied number. The lines at fault that they come from; None where they are not.
        """
        lines = self.total_fits(left, right)
        if lines is None or len(misfits) * 2 > len(pairs) or not misfits:
            return lines
        box = self.written_box(right.expression)
        places = [pair.formula for pair in pairs]
        people = self.people
        placed = all(
            any(self.reference.fits(replace(pair, formula=place), people) is not None for place in places)
            for pair in misfits
        )
        return lines if placed or box.low == box.high or self.same_products(right.expression, misfits) else None

    def same_products(self, numbers: Expression, misfits: Sequence[Pair]) -> bool:
        """Do the misfits of each term give what belongs in their places: `0.25*0.453` for ∂L/∂y·∂z/∂b, which is 1?"""
        whole = ungrouped(numbers)
        terms = [term for _, term in whole.terms] if isinstance(whole, Sum) else [whole]
        for term in terms:
            places = {number.span[1] for number in numbers_in(term)}
            inside = [pair for pair in misfits if pair.span[1] in places]
            product, true, rooms = 1.0, 1.0, []
            for pair in inside:
                best, value = self.reference.best(pair.formula), float(pair.number.value)
                if best is None or not value:
                    return False
                product, true = product * value, true * best
                rooms += [abs(float(pair.number.unit) / 2 / value)] if pair.number.unit else []
            # of the finest number: a coarse one, as 0.25 for 1/4, would excuse a digit that is wrong in another
            room = len(inside) * min(rooms, default=0.0)
            if len(inside) == 1 or abs(product - true) > room * abs(product):
                return False
            misfits = [pair for pair in misfits if pair not in inside]
        return not misfits

    def total_fits(self, left: Step, right: Step) -> tuple[int, ...] | None:
        """Whatever was put in, does the whole give the quantity? The lines at fault that this rests on, or None."""
        reference = self.reference
        try:
            value = as_written(right.expression)
        except ArithmeticError:
            return None
        boxes = [self.written_box(right.expression, truncating) for truncating in (False, True)]
        for answer, lines in reference.totals(self.subject, left.expression):
            if any(box.low <= answer <= box.high for box in boxes):
                return lines
            if abs(answer - value) <= abs(value) * Fraction(1, 10**9):
                return lines
        return None


def line_list(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines))
