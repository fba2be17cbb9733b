"""Formula links: is this formula the named quantity? And the runs of finite differences done by hand."""

from __future__ import annotations

from fractions import Fraction

from ..formulas.expression import Expression, Name, Sum, transform, walk
from ..formulas.typeset import to_text
from ..handwork.claims import Explanation, Mark
from ..handwork.exact import agrees, literal
from .alignment import Pair
from .chain_reading import ChainReader
from .formula_causes import PLAIN, formula_cause
from .person import Person
from .session import Step, exact_or_none


class FormulaLinks(ChainReader):
    """The links whose right side is a formula."""

    # ------------------------------------------------------------------ formula
    def formula_link(self, left: Step, right: Step) -> None:
        equality = self.judge.equality
        if left.kind != "formula":
            self.value_of_formula(left, right)
            return
        if self.nudge_of(right.expression):
            self.nudged_formula(left, right)
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
        else:
            self.false_formula(left, right)
            self.formula = right.expression
            self.formula_wrong = True

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
        self.add(
            "formula", left, right, "wrong", cause.code if cause else "wrong",
            cause.message if cause else f"this is not {to_text(left.expression)}", stated, expected,
        )  # fmt: skip
        if target is not None:
            session.wrong_formulas.append((target, right.expression, self.claim.line))

    def value_of_formula(self, left: Step, right: Step) -> None:
        """A number said to be a formula: `0.2 = w21`."""
        number = left.number
        if number is None or self.judge.truth is None:
            self.add("formula", left, right, "unknown", "not-checkable", "nothing to compare with")
            return
        truth = exact_or_none(self.judge.truth.evaluate(right.expression))
        carried = exact_or_none(self.session.person.evaluate(right.expression))
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
        people = [p for p in (self.session.person, self.session.nudged) if p is not None]
        pair = Pair(left.expression, number, (0, 0))
        ground = self.reference.fits(pair, people)
        expected = self.reference.best(left.expression)
        if ground is None:
            self.add("value", left, right, "wrong", "wrong", f"this is {self.reference.belongs(left.expression)}",
                     float(number.value), expected)  # fmt: skip
            return
        mark = {"unknown": "unknown", "stated": "follows" if ground.lines else "right"}.get(ground.kind, "right")
        self.add("value", left, right, mark, ground.code, ground.message, float(number.value), expected,
                 follows=ground.lines)  # fmt: skip

    # ------------------------------------------------------------------ nudged runs (finite differences by hand)
    def nudge_of(self, node: Expression) -> dict[int, Fraction]:
        """Leaves to which a formula adds a small number: `(w21 + 0.000001)*h1`."""
        found: dict[int, Fraction] = {}
        for part in walk(node):
            if isinstance(part, Sum) and len(part.terms) == 2:
                (_, name), (sign, number) = part.terms
                stated = literal(number)
                leaf = self.vocabulary.nodes.get(name.name) if isinstance(name, Name) else None
                if stated is not None and leaf in self.judge.leaves and 0 < abs(stated.value) <= Fraction(1, 100):
                    assert leaf is not None
                    found[leaf] = sign * stated.value
        return found

    def without_nudge(self, node: Expression) -> Expression:
        def change(part: Expression) -> Expression:
            if isinstance(part, Sum) and len(part.terms) == 2 and self.nudge_of(part):
                return part.terms[0][1]
            return part

        return transform(node, change)

    def nudged_formula(self, left: Step, right: Step) -> None:
        nudges = self.nudge_of(right.expression)
        if not self.judge.equality.same(left.expression, self.without_nudge(right.expression)):
            self.false_formula(left, right)
            return
        moved = {leaf: float(step) for leaf, step in nudges.items()}
        person = self.session.person
        self.session.nudged = Person(self.vocabulary, person.leaves, {}, person.convention, moved)
        names = ", ".join(self.judge.graph.name(leaf) for leaf in nudges)
        self.add("formula", left, right, "right", "nudged", f"{names} moved a little, for a finite difference")
        self.formula = self.without_nudge(right.expression)
