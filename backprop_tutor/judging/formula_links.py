"""Formula links: is this formula the named quantity?"""

from __future__ import annotations

import math

from ..formulas.typeset import to_text
from ..handwork.claims import Explanation, Mark
from ..handwork.exact import agrees, finite
from .alignment import Pair
from .chain_reading import also
from .finite_differences import FiniteDifferences
from .formula_causes import PLAIN, formula_cause
from .put_in import PuttingIn
from .session import Step

COMES_TO_THE_SAME = "here it comes to the same number, with other values it doesn't"


class FormulaLinks(FiniteDifferences):
    """The links whose right side is a formula."""

    # ------------------------------------------------------------------ formula
    def formula_link(self, left: Step, right: Step) -> None:
        equality = self.judge.equality
        if left.kind != "formula":
            self.value_of_formula(left, right)
            return
        same = equality.compare(left.expression, right.expression, self.free)
        first = self.steps[0]
        if same.same is False and left is not first and self.subject is not None:
            same = equality.compare(first.expression, right.expression, self.free)
        if same.same is None:
            self.add("formula", left, right, "unknown", "not-checkable", "no point was found where both sides exist")
        elif same.same:
            code, mark = ("renamed", "notation") if self.renames(left, right) else ("identity", "right")
            message = self.renaming(left, right) if mark == "notation" else same.condition
            self.add("formula", left, right, mark, code, message)  # type: ignore[arg-type]
            self.formula = right.expression
            if self.subject is not None:
                self.session.right_formulas.setdefault(self.subject, []).append(right.expression)
        elif not (self.nudged_formula(left, right) or self.formula_with_numbers(left, right)):
            self.false_formula(left, right)
            self.formula = right.expression
            self.formula_wrong = True

    def formula_with_numbers(self, left: Step, right: Step) -> bool:
        """Is a formula the quantity with given numbers, or numbers of earlier lines, put in?"""
        if self.free:
            return False
        people, goes_on = self.people, self.steps[-1].kind != "formula"
        asked = PuttingIn(self.judge, people[0], lambda pair: self.reference.fits(pair, people), self.subject, goes_on)
        for start in (left,) if left is self.steps[0] else (left, self.steps[0]):
            found = asked.holds(start.expression, right.expression)
            if found is None:
                continue
            self.operand_lines.update(found.lines)
            mark: Mark = "follows" if found.lines else "right"
            self.add("formula", left, right, mark, "carried" if found.lines else "identity", found.message,
                     follows=found.lines)  # fmt: skip
            self.formula = right.expression
            return True
        return False

    def renames(self, left: Step, right: Step) -> bool:
        return bool(left.meaning.renamed or right.meaning.renamed)

    def renaming(self, left: Step, right: Step) -> str:
        pairs = {**left.meaning.renamed, **right.meaning.renamed}
        return "; ".join(f"'{foreign}' is read as {own}" for foreign, own in pairs.items())

    def false_formula(self, left: Step, right: Step) -> None:
        """A formula that is not the quantity: said before, explained by a slip, or simply wrong."""
        session = self.session
        target = self.subject
        for subject, formula, line in session.wrong_formulas:
            if subject == target and self.judge.equality.same(formula, right.expression, quick=True):
                message = f"the formula of line {line} again"
                self.add("formula", left, right, "follows", "carried", message, follows=(line,))
                return
        cause = formula_cause(self.judge, target, left.expression, right.expression)
        if cause is None and left is not self.steps[0]:
            cause = formula_cause(self.judge, target, self.steps[0].expression, right.expression)
        truth = self.judge.truth
        # of several wrong formulas in one line the first with a name of its own says most
        said = self.explanations[0].code if self.explanations else ""
        if cause is not None and (not said or (said in PLAIN and cause.code not in PLAIN)):
            value = None if truth is None or cause.formula is None else truth.evaluate(cause.formula)
            self.explanations = (
                Explanation(cause.code, cause.message, (self.claim.line,), 1.0, cause.formula, cause.right,
                            None if value != value else value),
            )  # fmt: skip
        stated = expected = None
        if truth is not None:
            stated, expected = truth.evaluate(right.expression), truth.evaluate(left.expression)
            stated = None if stated != stated else stated
        chance = stated is not None and expected is not None and math.isclose(stated, expected, rel_tol=1e-9)
        message = cause.message if cause else f"this is not {to_text(left.expression)}"
        self.add(
            "formula", left, right, "wrong", cause.code if cause else "wrong",
            also(message, COMES_TO_THE_SAME) if chance else message, stated, expected,
        )  # fmt: skip
        if target is not None:
            session.wrong_formulas.append((target, right.expression, self.claim.line))

    def value_of_formula(self, left: Step, right: Step) -> None:
        """A number said to be a formula: `0.2 = w21`."""
        number = left.number
        if number is None or self.judge.truth is None:
            self.add("formula", left, right, "unknown", "not-checkable", "nothing to compare with")
            return
        truth = finite(self.judge.truth.evaluate(right.expression))
        carried = finite(self.session.person.evaluate(right.expression))
        good = any(v is not None and agrees(number.value, number.unit, v) for v in (truth, carried))
        self.add("value", left, right, "right" if good else "wrong", "" if good else "wrong",
                 "" if good else f"{right.part.text} is not {left.part.text}", float(number.value),
                 float(truth) if truth is not None else None)  # fmt: skip

    def plain_value(self, left: Step, right: Step) -> None:
        """A formula that is no named quantity, and its number: `df(x)/dx = 2.0`, `w21*h1 = 0.6`."""
        number = right.number
        assert number is not None
        if self.free:
            same = self.judge.equality.compare(left.expression, right.expression, self.free).same
            mark: Mark = "unknown" if same is None else "right" if same else "wrong"
            self.add("value", left, right, mark, "" if same else "wrong", "" if same else "this is not so")
            return
        pair = Pair(left.expression, number, (0, 0))
        ground = self.reference.fits(pair, self.people)
        expected = self.reference.best(left.expression)
        if ground is None:
            self.add("value", left, right, "wrong", "wrong", f"this is {self.reference.belongs(left.expression)}",
                     float(number.value), expected)  # fmt: skip
            return
        mark = {"unknown": "unknown", "stated": "follows" if ground.lines else "right"}.get(ground.kind, "right")
        self.add("value", left, right, mark, ground.code, ground.message, float(number.value), expected,
                 follows=ground.lines)  # fmt: skip
