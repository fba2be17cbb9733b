"""The ways in which one faulty line can be put right, the smallest change first."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from . import meaning
from .alignment import Pair, align, as_written, has_names
from .chain import Chain
from .claims import Claim, LinkVerdict, Part, Verdict
from .exact import agrees, literal
from .expression import Derivative, Expression, Name, Number, ungrouped
from .lesson import local_formula
from .penmanship import Penmanship
from .person import Line
from .quantities import Gradient, Subject, Value
from .session import Session, Step
from .slips import right_forms
from .values import finite
from .verify import Judge

MOST_FORMS = 6


def rewritings(
    judge: Judge, claim: Claim, verdict: Verdict, session: Session,
    later: Mapping[Subject, Sequence[Line]], pen: Penmanship,
) -> Iterator[tuple[str, bool]]:  # fmt: skip
    """(new line, is it written anew?); the session may be used up."""
    source = claim.where.source or claim.text
    for replacements in single_numbers(verdict, source, pen):
        yield replaced(source, replacements), False
    if meaning.is_array_claim([part.expression for part in claim.parts], judge.vocabulary):
        return
    writer = _Writer(judge, claim, verdict, session, later, pen)
    for chain in writer.chains():
        yield chain, True


def replaced(source: str, pieces: Sequence[tuple[int, int, str]]) -> str:
    """The line with new text at some places."""
    for start, end, text in sorted(pieces, reverse=True):
        source = source[:start] + text + source[end:]
    return source


# ---------------------------------------------------------------- single numbers
def single_numbers(
    verdict: Verdict, source: str, pen: Penmanship
) -> Iterator[list[tuple[int, int, str]]]:
    """Numbers that stand where another belongs, replaced: the ones put in first, the result last."""
    put_in = _replacements(verdict, "substitution", source, pen)
    if put_in:
        yield put_in
        return
    values = _replacements(verdict, "value", source, pen)
    if values:
        yield values
    written = _replacements(verdict, "arithmetic", source, pen)
    if written:
        yield written


def _replacements(verdict: Verdict, kind: str, source: str, pen: Penmanship) -> list[tuple[int, int, str]]:
    found: dict[tuple[int, int], str] = {}
    for link in verdict.links:
        if link.kind == kind and link.mark in ("wrong", "follows") and _is_number(link, source):
            assert link.expected is not None
            typed = source[link.start : link.end]
            found.setdefault((link.start, link.end), pen.number(Fraction(link.expected), typed))
    return [(start, end, text) for (start, end), text in found.items() if source[start:end] != text]


def _is_number(link: LinkVerdict, source: str) -> bool:
    """Does a link's place hold a number and nothing else?"""
    typed = source[link.start : link.end].lstrip("-−+")
    return link.expected is not None and bool(typed) and typed.replace(".", "", 1).isdigit()


# ---------------------------------------------------------------- the chain written anew
class _Writer:
    """Writes the parts of one chain: what is right stays as it was typed."""

    def __init__(
        self, judge: Judge, claim: Claim, verdict: Verdict, session: Session,
        later: Mapping[Subject, Sequence[Line]], pen: Penmanship,
    ) -> None:  # fmt: skip
        self.judge = judge
        self.claim = claim
        self.verdict = verdict
        self.pen = pen
        self.chain = Chain(judge, claim, session, later)
        self.person = session.nudged or session.person
        self.plain = session.person
        self.subject = self.chain.subject
        self.bad = {link.right for link in verdict.links if link.kind == "formula" and link.mark in ("wrong", "follows")}

    def chains(self) -> Iterator[str]:
        """Whole lines: every choice of formula with every choice of result."""
        source = self.claim.where.source or self.claim.text
        first, last = self.claim.parts[0], self.claim.parts[-1]

        def line(parts: list[str]) -> str:
            return source[: first.start] + " = ".join(parts) + source[last.end :]

        for form in self.forms():
            for true_first in (True, False):
                yield line(self.parts(form, true_first))
        form = next(iter(self.forms()), None)
        for result in self.results(""):
            yield line([first.text, self.pen.number(result, self.typed_result())])
        if form is not None:
            yield line([first.text, self.pen.formula(form)])

    def typed_result(self) -> str:
        number = self.chain.steps[-1].number
        return self.claim.parts[-1].text if number is not None else ""

    # ------------------------------------------------------------------ formulas
    def forms(self) -> list[Expression | None]:
        """Right formulas for the line, the most like what was written first; None keeps the person's own."""
        if not self.bad:
            return [None, *self.right_forms("")]
        wrong = next(part.text for part in self.claim.parts if part.text in self.bad)
        return [*self.right_forms(wrong)]

    def right_forms(self, like: str) -> list[Expression]:
        found: list[Expression] = [cause.right for cause in self.verdict.explanations if cause.right is not None]
        left = self.left_formula()
        if self.subject is not None:
            found += self.chain.session.right_formulas.get(self.subject, [])
            found += right_forms(self.judge.network, self.subject)
            found += self.local(self.subject)
        if left is None:
            return []
        equality = self.judge.equality
        kept = [f for f in dict.fromkeys(found) if ungrouped(f) != ungrouped(left) and equality.same(left, f, quick=True)]
        ranked = sorted(kept, key=lambda f: -difflib.SequenceMatcher(None, self.pen.formula(f), like).ratio()) if like else kept
        return ranked[:MOST_FORMS]

    def left_formula(self) -> Expression | None:
        if self.subject is not None:
            return self.judge.vocabulary.read(self.subject)
        first = self.chain.steps[0]
        return first.expression if first.kind == "formula" else None

    def local(self, subject: Subject) -> list[Expression]:
        """The formula of a derivative along one edge."""
        graph = self.judge.graph
        if isinstance(subject, Gradient) and subject.by in graph.node(subject.of).operands:
            return [local_formula(graph, subject.of, subject.by)]
        if isinstance(subject, Value) and subject.node not in self.judge.leaves:
            return [graph.node_formula(subject.node)]
        return []

    # ------------------------------------------------------------------ the parts
    def parts(self, form: Expression | None, true_first: bool) -> list[str]:
        """The chain with this formula in the place of the wrong ones, its numbers and its result put right."""
        steps = self.chain.steps
        found = [self.claim.parts[0].text]
        latest = form
        numbers: Expression | None = None
        for before, step in zip(steps, steps[1:], strict=False):
            text = step.part.text
            if step.kind == "formula":
                if text in self.bad and form is not None:
                    text = self.pen.formula(form)
                else:
                    latest = step.expression
            elif step.kind == "numbers" and before.kind == "formula":
                base = latest if latest is not None else before.expression
                text = self.put_in(base, step)
            elif step.kind == "numbers":
                continue  # a calculation between: what follows it is worked out anew
            else:
                text = self.result(step, found[-1], true_first)
            if text != found[-1]:
                found.append(text)
        return found

    def put_in(self, formula: Expression, step: Step) -> str:
        """The numbers of a formula: those that belong stay as typed, the others are replaced."""
        pairs = align(formula, step.expression, lambda pair: self.belongs(pair))
        if pairs is None:
            return self.pen.formula(_with_numbers(formula, self.number_of))
        pieces = [
            (*pair.span, self.number_of(pair.formula, step.part.text[pair.span[0] : pair.span[1]]))
            for pair in pairs
            if pair.span != (0, 0) and not self.belongs(pair)
        ]
        return replaced(step.part.text, pieces)

    def belongs(self, pair: Pair) -> bool:
        value = self.value(pair.formula)
        return value is not None and agrees(pair.number.value, pair.number.unit, value)

    def value(self, formula: Expression) -> Fraction | None:
        """At the person's corrected numbers, else the truth."""
        found = finite(self.person.evaluate(formula))
        if found is None and self.judge.truth is not None:
            found = finite(self.judge.truth.evaluate(formula))
        return found

    def number_of(self, formula: Expression, like: str = "") -> str:
        """The number to put in for a piece of a formula: as stated before, as given, or rounded like the one replaced."""
        subject = meaning.subject_of(formula, self.judge.vocabulary)
        if isinstance(subject, Value) and subject.node in self.judge.leaves and subject.node not in self.person.nudges:
            typed = self.judge.graph.typed(subject.node)
            if typed not in (None, "?"):
                return str(typed)
        if subject is not None and subject in self.person.stated:
            return self.person.stated[subject].number.text
        value = self.value(formula)
        return like if value is None else self.pen.number(value, like)

    def result(self, step: Step, before: str, true_first: bool) -> str:
        """The number that a chain comes to."""
        results = [*self.results(before)]
        if not results:
            return step.part.text
        return self.pen.number(results[0] if true_first else results[-1], step.part.text)

    def results(self, before: str) -> list[Fraction]:
        """The true value, what the corrected lines give, what the numbers just written give."""
        found: list[Fraction | None] = []
        if self.subject is not None:
            if self.judge.truth is not None and self.person is self.plain:
                found.append(finite(self.judge.truth.of(self.subject)))
            found.append(finite(self.person.carried(self.subject).value))
        found.append(self.written(before))
        return [value for value in found if value is not None]

    def written(self, text: str) -> Fraction | None:
        from .errors import FormulaError
        from .handwork import notation_of
        from .parse import parse

        try:
            node = parse(text, notation_of(self.judge.vocabulary))
            return None if has_names(node) else as_written(node)
        except (FormulaError, ArithmeticError):
            return None


def _with_numbers(formula: Expression, number: object) -> Expression:
    """A formula with a number in the place of every quantity."""
    from .expression import transform

    def change(part: Expression) -> Expression:
        if isinstance(part, (Name, Derivative)):
            text = number(part)  # type: ignore[operator]
            return Name(text, text)
        return part

    return transform(formula, change)


__all__ = ["Number", "Part", "literal", "rewritings"]
