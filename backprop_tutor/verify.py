"""A hand calculation judged, link by link.

Each link asks one question: is this formula the quantity (formula), do the numbers put in belong (substitution), does
what is written give what is written (arithmetic), does the result agree with the quantity (value)? Three references
answer: the truth T, the value W of what is written, and the value C that the right formula gives at the person's own
latest numbers. Only the first of a family of consequences is `wrong`; what follows from it `follows`.

The decisions are in `values.py` (numbers) and `causes.py` (why); this module walks the sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from . import meaning
from .array_claims import judge_array, stated_elements
from .alignment import Pair, align, as_written, has_names, numbers_in
from .assumptions import Assumptions
from .causes import formula_cause, number_causes
from .claims import Claim, Explanation, Judgement, LinkVerdict, Mark, Part, Sheet, Verdict, worst
from .conventions import under_convention
from .equality import Equality
from .exact import Interval, Stated, agrees, exact, literal, reach, spread, truncates
from .expression import Bracketed, Expression, Name, Number, Span, Sum, transform, ungrouped, walk
from .graph import Graph
from .meaning import Meaning
from .network import Network
from .plausible import remarks
from .person import STANDARD, Convention, Line, Person, Truth
from .quantities import Gradient, Rate, Subject, Updated, Value, Vocabulary
from .slips import right_forms
from .trace import Trace
from .trace import run as run_trace
from .typeset import to_text
from .values import Ground, Reference, judge_number, pen_slip


@dataclass(frozen=True, slots=True)
class Step:
    """A chain's part in the graph's names, with what kind of thing it is."""

    part: Part
    meaning: Meaning
    kind: str  # "formula", "numbers" or "number"
    number: Stated | None

    @property
    def expression(self) -> Expression:
        return self.meaning.expression


@dataclass
class Session:
    """What the sheet has said so far."""

    person: Person
    nudged: Person | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, Expression] = field(default_factory=dict)
    wrong_formulas: list[tuple[Subject, Expression, int]] = field(default_factory=list)
    right_formulas: dict[Subject, list[Expression]] = field(default_factory=dict)
    history: dict[Subject, list[Line]] = field(default_factory=dict)


class Judge:
    """Judges sheets against one scenario; make it once for a whole class."""

    def __init__(self, graph: Graph, trace: Trace | None = None, convention: Convention = STANDARD) -> None:
        self.graph = graph
        self.vocabulary = Vocabulary(graph)
        if trace is None and not graph.symbolic:
            trace = run_trace(graph)
        self.trace = trace
        self.truth = Truth(self.vocabulary, trace, convention) if trace is not None else None
        self.network = Network(graph)
        self.convention = convention
        self._others: dict[Convention, Judge] = {}
        self.readings: dict[tuple[str, int | None], Mapping[str, str]] = {}  # of foreign names, by line
        self.leaves = {
            node: (trace.value(node) if trace is not None else float("nan"))
            for node in graph.nodes_of("input", "parameter", "target")
        }

    @cached_property
    def equality(self) -> Equality:
        return Equality(self.vocabulary, self.trace, self.convention)

    def reference(self, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Reference:
        return Reference(
            self.truth, session.person, session.history, later, self.network,
            lambda subject: self.assumptions.decided(subject, later),
        )  # fmt: skip

    @cached_property
    def assumptions(self) -> Assumptions:
        return Assumptions(self.vocabulary, self.leaves)

    # ------------------------------------------------------------------ the sheet
    def judge(self, sheet: Sheet) -> Judgement:
        """Every claim of the sheet, in order, under the convention that the sheet follows."""
        later = self.stated_anywhere(sheet)
        name = self.graph.scenario.name
        plain = Judgement(sheet, name, self.verdicts(sheet, later))
        verdicts, _ = under_convention(plain, self.graph, lambda c: self.under(c).verdicts(sheet, later))
        return Judgement(sheet, name, verdicts, remarks(self.graph, later))

    def under(self, convention: Convention) -> Judge:
        """A judge of the same scenario under another convention."""
        if convention not in self._others:
            other = self._others[convention] = Judge(self.graph, self.trace, convention)
            other.readings = self.readings
        return self._others[convention]

    def verdicts(self, sheet: Sheet, later: Mapping[Subject, Sequence[Line]]) -> tuple[Verdict, ...]:
        """Every claim judged, twice when a line uses what stands further down."""
        verdicts = self.once(sheet, later)
        if self.used_later:
            # a line used a number that is stated further down: now it is known which of those lines are at fault
            at_fault = {v.line for v in verdicts if v.mark in ("wrong", "follows")}
            known = {
                subject: [replace(line, faulty=line.line in at_fault) for line in lines]
                for subject, lines in later.items()
            }
            verdicts = self.once(sheet, known)
        return verdicts

    def once(self, sheet: Sheet, later: Mapping[Subject, Sequence[Line]]) -> tuple[Verdict, ...]:
        session = Session(Person(self.vocabulary, self.leaves, convention=self.convention))
        self.used_later = False
        return tuple(self.claim(claim, session, later) for claim in sheet.claims)

    used_later = False

    def stated_anywhere(self, sheet: Sheet) -> dict[Subject, list[Line]]:
        """Every value that the sheet states, by quantity: a line may use what stands further down."""
        found: dict[Subject, list[Line]] = {}
        for claim in sheet.claims:
            if len(claim.parts) < 2:
                continue
            if meaning.is_array_claim([p.expression for p in claim.parts], self.vocabulary):
                for subject, number in stated_elements(self, claim):
                    found.setdefault(subject, []).append(Line(number, claim.line))
                continue
            first = meaning.read(claim.parts[0].expression, self.vocabulary, {}, False, claim.sample)
            subject = meaning.subject_of(first.expression, self.vocabulary)
            number = literal(claim.parts[-1].expression)
            if subject is not None and number is not None:
                found.setdefault(subject, []).append(Line(number, claim.line))
        return found

    def claim(self, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Verdict:
        """One claim judged, and the session brought up to date."""
        if claim.unreadable is not None:
            return Verdict(claim, None, "unread", "unreadable", claim.unreadable.message, None, None, ())
        expressions = [part.expression for part in claim.parts]
        if meaning.is_array_claim(expressions, self.vocabulary):
            return judge_array(self, claim, session, later)
        return self.chain(claim, session, later)

    def chain(self, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Verdict:
        """One scalar chain judged."""
        return Chain(self, claim, session, later).verdict()


class Chain:
    """One scalar claim, judged link by link."""

    def __init__(self, judge: Judge, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> None:
        self.judge = judge
        self.claim = claim
        self.session = session
        self.vocabulary = judge.vocabulary
        self.reference = judge.reference(session, later)
        self.links: list[LinkVerdict] = []
        self.steps = self.read_steps()
        self.subject = meaning.subject_of(self.steps[0].expression, self.vocabulary)
        self.formula: Expression | None = None  # the latest formula of the chain that is right, else the latest
        self.formula_wrong = False
        self.operand_lines: set[int] = set()  # lines at fault whose numbers were put in
        self.unknown_operands = False
        self.put_in: dict[Span, bool] = {}  # the numbers put in, by place: is it given data (exact)?
        self.renamed = {k: v for step in self.steps for k, v in step.meaning.renamed.items()}

    # ------------------------------------------------------------------ reading
    def read_steps(self) -> list[Step]:
        claim, vocabulary, session = self.claim, self.vocabulary, self.session
        defined = session.definitions
        expressions = [
            transform(p.expression, lambda n: defined.get(n.name, n) if isinstance(n, Name) else n)
            for p in claim.parts
        ]
        bound = _parameter_names(expressions)
        foreign = tuple(dict.fromkeys(n for e in expressions for n in meaning.foreign_names(e, vocabulary, bound)))
        renamed = self.meant(expressions, foreign) if foreign else {}
        meanings = [meaning.read(e, vocabulary, renamed, False, claim.sample) for e in expressions]
        return [self.step(part, m) for part, m in zip(claim.parts, meanings, strict=True)]

    def meant(self, expressions: list[Expression], foreign: tuple[str, ...]) -> Mapping[str, str]:
        """Foreign names: what the spelling makes evident, else what makes the line true, else what it meant before."""
        remembered = {name: self.session.renamed[name] for name in foreign if name in self.session.renamed}
        key = (self.claim.text, self.claim.sample)
        if key not in self.judge.readings:
            evident = self.evident(foreign)
            if len(evident) < len(foreign) or not self.true_with(expressions, evident):
                rest = tuple(name for name in foreign if name not in evident)
                found = self.searched(expressions, {}, foreign) or self.searched(expressions, evident, rest)
                evident = {**evident, **(found or {})}
            self.judge.readings[key] = evident
        renamed = {**remembered, **self.judge.readings[key]}
        self.session.renamed.update(renamed)
        return renamed

    def step(self, part: Part, m: Meaning) -> Step:
        number = literal(m.expression)
        if number is not None and part.open:
            number = replace(number, open=True)
        kind = "number" if number is not None else "formula" if has_names(m.expression) else "numbers"
        return Step(part, m, kind, number)

    def evident(self, foreign: tuple[str, ...]) -> dict[str, str]:
        """Foreign names whose meaning the spelling alone makes clear."""
        found: dict[str, str] = {}
        for name in foreign:
            node = self.vocabulary.meant(name) if self.vocabulary.array(name) is None else None
            if node is not None:
                found[name] = self.judge.graph.name(node)
        return found

    def searched(
        self, expressions: list[Expression], renamed: Mapping[str, str], unknown: tuple[str, ...]
    ) -> Mapping[str, str] | None:
        """An assignment of the foreign names under which the first formula of the chain is true."""
        if not unknown or any(not name.strip("_") for name in unknown):
            return None
        first = meaning.read(expressions[0], self.vocabulary, renamed, False, self.claim.sample)
        subject = meaning.subject_of(first.expression, self.vocabulary)
        known = meaning.candidates(self.judge.graph, subject)
        return meaning.assignments(unknown, known, lambda reading: self.true_with(expressions, {**renamed, **reading}))

    def true_with(self, expressions: list[Expression], reading: Mapping[str, str]) -> bool:
        """Is the first link with foreign names true when they are read so?"""
        vocabulary, sample = self.vocabulary, self.claim.sample
        pairs = zip(expressions, expressions[1:], strict=False)
        used = [p for p in pairs if any(n in reading for e in p for n in meaning.foreign_names(e, vocabulary))]
        if not used:
            return False
        left, right = (meaning.read(e, vocabulary, reading, False, sample) for e in used[0])
        if left.unknown or right.unknown:
            return False
        if has_names(right.expression):
            equality = self.judge.equality
            return equality.same(left.expression, right.expression, quick=True) and not equality.vanishes(
                right.expression
            )
        quantity = meaning.subject_of(left.expression, vocabulary)
        number = self.final_number(expressions)
        if quantity is None or number is None or self.judge.truth is None:
            return False
        return agrees(number.value, number.unit, exact_or_zero(self.judge.truth.of(quantity)))

    def final_number(self, expressions: list[Expression]) -> Stated | None:
        return literal(expressions[-1])

    # ------------------------------------------------------------------ the walk
    def verdict(self) -> Verdict:
        steps = self.steps
        foreign = tuple(dict.fromkeys(name for step in steps for name in step.meaning.unknown))
        if foreign and self.defines(foreign):
            return self.finish("right", "definition", f"'{steps[0].part.text}' is a name of your own")
        bound = _parameter_names([p.expression for p in self.claim.parts])
        self.free = tuple(name for name in foreign if name in bound)
        foreign = tuple(name for name in foreign if name not in bound)
        for i in range(1, len(steps)):
            self.link(steps[i - 1], steps[i], i, foreign)
        self.value_link(foreign)
        self.judge.used_later |= self.reference.used_later
        return self.close()

    def defines(self, foreign: tuple[str, ...]) -> bool:
        """Does the line introduce a name of the person's own for something known?"""
        first = ungrouped(self.claim.parts[0].expression)
        if not isinstance(first, Name) or foreign != (first.name,) or len(self.steps) < 2:
            return False
        if self.steps[1].kind != "formula":
            return False
        self.session.definitions[first.name] = self.steps[1].expression
        return len(self.steps) == 2

    def link(self, left: Step, right: Step, i: int, foreign: tuple[str, ...]) -> None:
        if any(name in foreign for name in (*left.meaning.unknown, *right.meaning.unknown)):
            if right.kind == "formula" or i == 1:
                names = ", ".join(f"'{n}'" for n in (*left.meaning.unknown, *right.meaning.unknown) if n in foreign)
                self.add("formula", left, right, "unknown", "not-checkable", f"{names} means nothing in this scenario")
                self.unknown_operands = True
            return
        if right.kind == "formula":
            self.formula_link(left, right)
        elif left.kind == "formula" and right.kind == "numbers":
            self.substitution_link(left, right)
        elif left.kind == "formula" and self.subject is None:
            self.plain_value(left, right)
        elif left.kind in ("numbers", "number"):
            self.arithmetic_link(left, right)

    def add(
        self, kind: str, left: Step, right: Step, mark: Mark, code: str = "", message: str = "",
        stated: float | None = None, expected: float | None = None, span: tuple[int, int] | None = None,
        follows: tuple[int, ...] = (), interval: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        start, end = span or (right.part.start, right.part.end)
        self.links.append(
            LinkVerdict(
                kind, left.part.text, right.part.text, mark, code, message, stated, expected,  # type: ignore[arg-type]
                start, end, follows, interval,
            )
        )  # fmt: skip

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
        if cause is not None:
            self.explanations = (
                Explanation(cause.code, cause.message, (self.claim.line,), 1.0, cause.formula, cause.right),
            )
        truth = self.judge.truth
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
        mark = {"unknown": "unknown", "stated": "follows" if ground.lines else "right"}.get(ground.kind, "right")  # type: ignore[assignment]
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
                self.odd_substitution(left, right)
                return
        pairs, misfits, grounds = best
        self.put_in.update({pair.span: self.is_given(pair.formula) for pair in pairs})
        if misfits:
            self.misfit(left, right, misfits)
            return
        lines = sorted({line for g in grounds if g is not None for line in g.lines})
        self.operand_lines.update(lines)
        if any(g is not None and g.kind == "unknown" for g in grounds):
            self.unknown_operands = True
            self.add("substitution", left, right, "unknown", "not-stated", "a number that is stated nowhere")
        elif lines:
            self.add("substitution", left, right, "follows", "carried", f"uses line {_lines(lines)}",
                     follows=tuple(lines))  # fmt: skip
        else:
            self.add("substitution", left, right, "right")

    def is_given(self, formula: Expression) -> bool:
        """Is a piece of a formula given data: a leaf or the rate?"""
        subject = meaning.subject_of(formula, self.vocabulary)
        return isinstance(subject, Rate) or isinstance(subject, Value) and subject.node in self.judge.leaves

    def forms(self, left: Step) -> list[Expression]:
        """Formulas into which the numbers may have been put: the chain's own, else the usual ones."""
        if left is not self.steps[0]:
            return [left.expression]
        if self.subject is None:
            return [left.expression]
        own = self.session.right_formulas.get(self.subject, [])
        return [*reversed(own), *right_forms(self.judge.network, self.subject), left.expression]

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

    def odd_substitution(self, left: Step, right: Step) -> None:
        """Numbers in a shape that is not the formula's: the right numbers with a wrong sign between, or others."""
        if self.judge.truth is None:
            self.add("substitution", left, right, "unknown", "not-checkable", "this scenario has no numbers")
            return
        message = "the numbers don't stand as the formula says"
        code = "operator" if self.same_numbers(left, right) else "wrong"
        if code == "operator":
            message = "these are the right numbers, but the signs between them are not the formula's"
        expected = self.judge.truth.evaluate(left.expression)
        self.add("substitution", left, right, "wrong", code, message, float(as_written_or_nan(right.expression)), expected)

    def same_numbers(self, left: Step, right: Step) -> bool:
        """Does every name of the formula find its number somewhere?"""
        reference = self.reference
        values = [literal(n) for n in numbers_in(right.expression)]
        names = [part for part in walk(left.expression) if part in _pieces(left.expression)]
        left_over = [v for v in values if v is not None]
        people = [p for p in (self.session.person,) if p is not None]
        for name in names:
            for value in left_over:
                ground = reference.fits(Pair(name, value, (0, 0)), people)
                if ground is not None and ground.kind != "unknown":
                    left_over.remove(value)
                    break
            else:
                return False
        return not left_over

    def misfit(self, left: Step, right: Step, misfits: list) -> None:  # type: ignore[type-arg]
        """Name the number that doesn't belong and what belongs there."""
        reference = self.reference
        told = []
        for pair in misfits:
            belongs = reference.belongs(pair.formula)
            name = to_text(pair.formula)
            told.append(f"{pair.number.text} stands where {name} = {belongs} belongs")
        pair = misfits[0]
        span = self.place(right, pair.span)
        expected = reference.best(pair.formula)
        self.add("substitution", left, right, "wrong", "miscopied-operand", "; ".join(told),
                 float(pair.number.value), expected, span)  # fmt: skip

    def place(self, step: Step, span: tuple[int, int]) -> tuple[int, int]:
        return (step.part.start + span[0], step.part.start + span[1]) if span != (0, 0) else (
            step.part.start, step.part.end)  # fmt: skip

    # ------------------------------------------------------------------ arithmetic
    def units(self, node: Expression) -> list[Stated]:
        """For every typed number of a formula its value and its unit: given data and whole numbers are exact."""
        exact_values = self.reference.exact_values
        found = []
        for number in numbers_in(node):
            stated = literal(number)
            assert stated is not None
            whole = "." not in number.text and "e" not in number.text.lower() and "%" not in number.text
            given = self.put_in.get(number.span)
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
        if truncates(value, unit, written) or cut and (cut.meets(value, unit) or cut.meets_truncated(value, unit)):
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
        if one.low <= two.high and two.low <= one.high or abs(written - second) <= abs(written) * Fraction(1, 10**12):
            self.add("arithmetic", left, right, "right", "", "", float(second), float(written))
            return
        first = _first_number(right.expression)
        if first is not None and agrees(first.value, first.unit, written):
            message = "each '=' joins what is equal: this one starts a new calculation"
            self.add("arithmetic", left, right, "notation", "running-equals", message, float(second), float(written))
            return
        self.add("arithmetic", left, right, "wrong", "arithmetic", f"what stands before gives {float(written):.6g}",
                 float(second), float(written))  # fmt: skip

    # ------------------------------------------------------------------ value
    def value_link(self, foreign: tuple[str, ...]) -> None:
        if self.subject is None or len(self.steps) < 2:
            self.end_nudge()
            return
        final = self.steps[-1]
        number = final.number
        if number is None:
            number = self.total_as_number(final)
            if number is None:
                return
        if foreign and self.judge.truth is None:
            return
        ground = self.ground(number)
        truth = self.judge.truth
        if ground.mark == "wrong" and ground.code == "wrong" and final.number is not None:
            ground = self.explained(number, ground)
        if final.number is not None or ground.mark == "wrong":
            expected = ground.expected
            # a substitution that is already wrong explains its own total
            if final.number is not None or not any(link.mark == "wrong" for link in self.links):
                if truth is not None or ground.mark != "unknown":
                    self.add("value", self.steps[0], final, ground.mark, ground.code, ground.message,
                             float(number.value), expected, follows=ground.lines, interval=ground.interval)  # fmt: skip
        self.remember(final, ground)

    def explained(self, number: Stated, ground: Ground) -> Ground:
        """The cause of a wrong number, where one explains it well."""
        assert self.subject is not None
        if any(link.mark == "wrong" and link.kind != "formula" for link in self.links):
            return ground  # the working already shows where it went wrong
        self.explanations = number_causes(self.judge, self.session.person, self.subject, number, self.claim.line)
        if len(self.explanations) == 1:
            only = self.explanations[0]
            return replace(ground, code=only.code, message=only.message)
        return ground

    def total_as_number(self, final: Step) -> Stated | None:
        """A chain that ends with numbers put in states their total, as exactly as they are typed."""
        if final.kind != "numbers":
            return None
        try:
            value = as_written(final.expression)
        except ArithmeticError:
            return None
        box = self.written_box(final.expression)
        return Stated(value, box.high - box.low, "")

    def ground(self, number: Stated) -> Ground:
        assert self.subject is not None
        reference = self.reference
        formula = self.formula if self.formula_wrong else None
        written = None
        if len(self.steps) > 1 and self.steps[-2].kind == "numbers":
            bad = any(link.mark == "wrong" for link in self.links)
            try:
                written = None if bad else as_written(self.steps[-2].expression)
            except ArithmeticError:
                written = None
        ground = judge_number(
            reference, self.session.person, self.subject, number, formula, written,
            tuple(sorted(self.operand_lines)), self.unknown_operands, self.claim.line,
        )  # fmt: skip
        nudged = self.session.nudged
        if nudged is not None:
            other = judge_number(
                Reference(None, nudged, {}, {}, self.judge.network), nudged, self.subject, number, formula, written,
                tuple(sorted(self.operand_lines)), False, self.claim.line,
            )  # fmt: skip
            if _better(other, ground, number, nudged, self.subject, reference):
                self.in_nudge = True
                return other
        self.in_nudge = False
        return ground

    def end_nudge(self) -> None:
        """A quotient of differences closes a nudged run."""
        if self.session.nudged is not None and self.subject is None:
            self.session.nudged = None

    def remember(self, final: Step, ground: Ground) -> None:
        if final.number is None or self.subject is None:
            return
        at_fault = any(link.mark in ("wrong", "follows") for link in self.links)
        line = Line(final.number, self.claim.line, at_fault and ground.mark != "right", abs(final.number.value) == 0)
        if self.in_nudge and self.session.nudged is not None:
            self.session.nudged.state(self.subject, line)
            return
        self.session.history.setdefault(self.subject, []).append(line)
        self.session.person.state(self.subject, line)

    # ------------------------------------------------------------------ the verdict
    in_nudge = False
    explanations: tuple[Explanation, ...] = ()
    free: tuple[str, ...] = ()

    def close(self) -> Verdict:
        if not self.links:
            return self.finish("unknown", "not-checkable", "there is nothing to compare this with")
        if self.renamed and all(link.mark in ("right", "close") for link in self.links):
            text = "; ".join(f"'{foreign}' is read as {own}" for foreign, own in self.renamed.items())
            return self.finish("notation", "renamed", text)
        mark = worst([link.mark for link in self.links])
        link = next(link for link in self.links if link.mark == mark)
        return self.finish(mark, link.code, link.message, link)

    def finish(self, mark: Mark, code: str, message: str, link: LinkVerdict | None = None) -> Verdict:
        stated = link.stated if link else None
        expected = link.expected if link else None
        final = self.steps[-1].number
        if stated is None and final is not None:
            stated = float(final.value)
        if expected is None and self.subject is not None and self.judge.truth is not None:
            value = self.judge.truth.of(self.subject)
            expected = None if value != value else value
        lines = tuple(sorted({n for item in self.links for n in item.follows_from}))
        quantity = self.vocabulary.text(self.subject) if self.subject is not None else None
        shown = "" if mark == "right" and code == "identity" else code
        return Verdict(self.claim, quantity, mark, shown, message, stated, expected, tuple(self.links), lines,
                       self.explanations)  # fmt: skip


# ---------------------------------------------------------------- small helpers
def exact_or_none(value: float) -> Fraction | None:
    return None if value != value or abs(value) == float("inf") else exact(value)


def exact_or_zero(value: float) -> Fraction:
    return exact_or_none(value) or Fraction(0)


def as_written_or_nan(node: Expression) -> float:
    try:
        return float(as_written(node))
    except (ArithmeticError, OverflowError):
        return float("nan")


def _first_number(node: Expression) -> Stated | None:
    numbers = numbers_in(node)
    return literal(numbers[0]) if numbers else None


def _pieces(node: Expression) -> list[Expression]:
    from .expression import Derivative

    return [part for part in walk(node) if isinstance(part, (Name, Derivative))]


def _lines(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines))


def _parameter_names(expressions: Sequence[Expression]) -> set[str]:
    """Variables of a function's own definition: the x of `f(x) = 2.0*x`."""
    from .expression import Call, DerivativeOf

    first = ungrouped(expressions[0])
    inner = first.operand if isinstance(first, DerivativeOf) else first
    if isinstance(inner, Call):
        return {n.name for argument in inner.arguments for n in walk(argument) if isinstance(n, Name)}
    return set()


def _better(
    other: Ground, ground: Ground, number: Stated, nudged: Person, subject: Subject, reference: Reference
) -> bool:
    """Does a number belong to the nudged run rather than to the plain one?"""
    order: list[Mark] = ["right", "close", "follows", "unknown", "wrong"]
    moved = exact_or_none(nudged.of(subject))
    plain = reference.truth_of(subject)
    if moved is None:
        return False
    if plain is not None and agrees(number.value, number.unit, plain) and not agrees(number.value, number.unit, moved):
        return False
    if other.mark not in order or ground.mark not in order:
        return False
    if order.index(other.mark) < order.index(ground.mark):
        return True
    # both wrong or both right: the nearer one
    if plain is None:
        return True
    return order.index(other.mark) == order.index(ground.mark) and abs(number.value - moved) < abs(number.value - plain)


__all__ = ["Bracketed", "Chain", "Gradient", "Judge", "Number", "Session", "Step", "Updated", "Value"]
