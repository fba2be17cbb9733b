"""The ways in which one faulty line can be put right, the smallest change first."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from ..errors import FormulaError
from ..formulas.differences import differing
from ..formulas.expression import Derivative, Expression, Group, Name, Product, Sum, transform, ungrouped, walk
from ..formulas.parse import parse
from ..handwork import meaning
from ..handwork.claims import Claim, LinkVerdict, Verdict
from ..handwork.exact import agrees, finite
from ..handwork.penmanship import Penmanship
from ..handwork.plain_reader import notation_of
from ..handwork.quantities import Gradient, Subject, Value
from ..lesson.steps import local_formula
from ..slips.catalogue import right_forms
from .alignment import Pair, align, as_written, has_names
from .chain import Chain
from .judge import Judge
from .person import Line
from .session import Session, Step
from .steps import placed

MOST_FORMS = 6
_SIGNED = re.compile(r"(?<=[\w)\]])\s*(?P<sign>[-−+*·×/])(?P<space>\s*)$")  # an operator between two terms or factors


def rewritings(
    judge: Judge, claim: Claim, verdict: Verdict, session: Session,
    later: Mapping[Subject, Sequence[Line]], pen: Penmanship,
) -> Iterator[tuple[str, bool]]:  # fmt: skip
    """(new line, is it written anew?); the session may be used up."""
    source = claim.where.source or claim.text
    for replacements in single_numbers(verdict, source, pen):
        yield replaced(source, replacements), False
    typed = {part.text for part in claim.parts}
    if any(link.right not in typed for link in verdict.links):
        return  # judged element by element
    writer = _Writer(judge, claim, verdict, session, later, pen)
    for chain in writer.chains():
        yield chain, True


def replaced(source: str, pieces: Sequence[tuple[int, int, str]]) -> str:
    """The line with new text at some places; a number that has become negative turns the sign before it."""
    for start, end, text in sorted(pieces, reverse=True):
        before = _SIGNED.search(source[:start])
        if text.startswith("-") and before is not None and before["sign"] in "+-−":
            sign = "-" if before["sign"] == "+" else "+"
            source = source[: before.start("sign")] + sign + before["space"] + text[1:] + source[end:]
        elif text.startswith("-") and before is not None:
            source = f"{source[:start]}({text}){source[end:]}"
        else:
            source = source[:start] + text + source[end:]
    return source


# ---------------------------------------------------------------- single numbers
def single_numbers(verdict: Verdict, source: str, pen: Penmanship) -> Iterator[list[tuple[int, int, str]]]:
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
        judge, claim, session, later = placed(judge, claim, session, later)
        self.judge = judge
        self.claim = claim
        self.verdict = verdict
        self.chain = Chain(judge, claim, session, later)
        self.pen = pen.on(claim, judge.vocabulary, self.chain.renamed)
        self.person = session.nudged or session.person
        self.plain = session.person
        self.subject = self.chain.subject
        formulas = (link for link in verdict.links if link.kind == "formula")
        self.bad = {link.right for link in formulas if link.mark in ("wrong", "follows")}

    def chains(self) -> Iterator[str]:
        """Whole lines: single pieces of a formula first, then every choice of formula with every choice of result."""
        source = self.claim.where.source or self.claim.text
        pieces = self.single_pieces()
        if pieces:
            yield replaced(source, pieces)
        forms = self.forms()
        for form in forms:
            for true_first in (True, False):
                yield self.line(self.parts(form, true_first))
        first = self.claim.parts[0].text
        for result in self.results(""):
            yield self.line([("", first), (" = ", self.pen.number(result, self.typed_result()))])
        for form in forms:
            if form is not None:
                yield self.line([("", first), (" = ", self.pen.formula(form))])

    def line(self, parts: Sequence[tuple[str, str]]) -> str:
        """The whole line from what joins its parts and the parts."""
        source = self.claim.where.source or self.claim.text
        chain = "".join(sign + text for sign, text in parts)
        return source[: self.claim.parts[0].start] + chain + source[self.claim.parts[-1].end :]

    def single_pieces(self) -> list[tuple[int, int, str]]:
        """The names in which a wrong formula differs from the right one, where that is all that differs."""
        right = next((cause.right for cause in self.verdict.explanations if cause.right is not None), None)
        found: list[tuple[int, int, str]] = []
        for step in self.chain.steps:
            if right is None or step.part.text not in self.bad:
                continue
            pieces = differing(step.expression, right)
            if pieces is None:
                return []
            start = step.part.start
            found += [(start + a, start + b, self.pen.formula(piece)) for (a, b), piece in pieces]
        return found

    def typed_result(self) -> str:
        number = self.chain.steps[-1].number
        return self.claim.parts[-1].text if number is not None else ""

    # ------------------------------------------------------------------ formulas
    def forms(self) -> list[Expression | None]:
        """Right formulas for the line, the most like what was written first; None keeps the person's own."""
        if not self.bad:
            return [None, *self.right_forms("")]
        texts = [part.text for part in self.claim.parts]
        wrong = next(text for text in texts if text in self.bad)
        found = self.right_forms(wrong)
        fresh = [form for form in found if self.pen.formula(form) not in texts]
        return [*fresh, *(form for form in found if form not in fresh)]

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
        found += [path_by_path for form in found if (path_by_path := self.by_paths(form)) != form]
        others = [f for f in dict.fromkeys(found) if ungrouped(f) != ungrouped(left)]
        kept = [f for f in others if equality.same(left, f, quick=True)]
        if like:
            wrong = {d for step in self.chain.steps if step.part.text == like for d in _derivatives(step.expression)}
            lost = {f: len(wrong - _derivatives(f)) for f in kept}
            kept.sort(key=lambda f: (lost[f], -difflib.SequenceMatcher(None, self.pen.formula(f), like).ratio()))
        return kept[:MOST_FORMS]

    def by_paths(self, form: Expression) -> Expression:
        """A form with its derivatives written as sums over paths, where the person writes those paths."""
        graph, nodes = self.judge.graph, self.judge.vocabulary.nodes
        typed = {pair for step in self.chain.steps for pair in _derivatives(step.expression)}

        def change(part: Expression) -> Expression:
            if not isinstance(part, Derivative) or (part.of, part.by) in typed:
                return part
            of, by = nodes.get(part.of), nodes.get(part.by)
            users = [] if of is None or by is None else [u for u in graph.users.get(by, ()) if graph.reaches(u, of)]
            ways = [(Derivative(part.of, graph.name(u)), Derivative(graph.name(u), part.by)) for u in users]
            if not any((one.of, one.by) in typed and (two.of, two.by) in typed for one, two in ways):
                return part
            return Group(Sum(tuple((1, Product((("*", one), ("*", two)))) for one, two in ways)))

        return transform(form, change)

    def left_formula(self) -> Expression | None:
        if self.subject is not None:
            return self.judge.vocabulary.read(self.subject)
        first = self.chain.steps[0]
        return first.expression if first.kind == "formula" else None

    def local(self, subject: Subject) -> list[Expression]:
        """The formula of a derivative along one edge."""
        graph = self.judge.graph
        if isinstance(subject, Gradient) and subject.by in graph.node(subject.of).operands:
            formula = local_formula(graph, subject.of, subject.by)
            return [] if isinstance(formula, Derivative) else [formula]
        if isinstance(subject, Value) and subject.node not in self.judge.leaves:
            return [graph.node_formula(subject.node)]
        return []

    # ------------------------------------------------------------------ the parts
    def parts(self, form: Expression | None, true_first: bool) -> list[tuple[str, str]]:
        """The chain with this formula in the place of the wrong ones, its numbers and its result put right."""
        steps = self.chain.steps
        source = self.claim.where.source or self.claim.text
        found = [("", self.claim.parts[0].text)]
        latest: Expression | None = None
        for before, step in itertools.pairwise(steps):
            sign = source[before.part.end : step.part.start]
            text = step.part.text
            if step.kind == "formula":
                if form is not None and (text in self.bad or not self.is_right(step.expression)):
                    text, latest = self.pen.formula(form), form
                else:
                    latest = step.expression
            elif step.kind == "numbers" and before.kind == "formula":
                text = self.put_in(self.bases(latest or form, before), step)
            elif step.kind == "numbers":
                continue  # a calculation between: what follows it is worked out anew
            else:
                text = self.result(step, found[-1][1], true_first)
            if text not in [other for _, other in found]:
                found.append((sign, text))
        return found

    def is_right(self, formula: Expression) -> bool:
        left = self.left_formula()
        return left is not None and self.judge.equality.same(left, formula, quick=True)

    def bases(self, formula: Expression | None, before: Step) -> list[Expression]:
        """The formulas into which numbers may have been put."""
        if formula is not None:
            return [formula]
        return [*self.right_forms(""), before.expression]

    def put_in(self, formulas: Sequence[Expression], step: Step) -> str:
        """The numbers of a formula: those that belong stay as typed, the others are replaced."""
        fitting = [pairs for f in formulas if (pairs := align(f, step.expression, self.belongs)) is not None]
        if not fitting:
            return self.pen.formula(_with_numbers(formulas[0], self.number_of)) if formulas else step.part.text
        pairs = min(fitting, key=lambda found: sum(not self.belongs(pair) for pair in found))
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
        """The number to put in for a piece of a formula: as given, as stated, or rounded like the one it replaces."""
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
        try:
            node = parse(text, notation_of(self.judge.vocabulary))
            return None if has_names(node) else as_written(node)
        except (FormulaError, ArithmeticError):
            return None


def _derivatives(formula: Expression) -> set[tuple[str, str]]:
    return {(part.of, part.by) for part in walk(formula) if isinstance(part, Derivative)}


def _with_numbers(formula: Expression, number: Callable[[Expression], str]) -> Expression:
    """A formula with a number in the place of every quantity."""

    def change(part: Expression) -> Expression:
        if isinstance(part, (Name, Derivative)):
            text = number(part)
            return Name(text, text)
        return part

    return transform(formula, change)
