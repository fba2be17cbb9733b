"""A hand calculation judged, link by link.

Each link asks one question: is this formula the quantity (formula), do the numbers put in belong (substitution), does
what is written give what is written (arithmetic), does the result agree with the quantity (value)? Three references
answer: the truth T, the value W of what is written, and the value C that the right formula gives at the person's own
latest numbers. Only the first of a family of consequences is `wrong`; what follows from it `follows`.

This module walks the sheet; `chain.py` judges one line, on `chain_reading.py` (names), `formula_links.py`,
`arithmetic_links.py` and `number_links.py`; the decisions about numbers are in `values.py`, the causes in `causes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TypeVar

from ..engine.graph import Graph
from ..engine.network import Network
from ..engine.trace import Trace
from ..engine.trace import run as run_trace
from ..handwork import meaning
from ..handwork.arrays import ArrayNames
from ..handwork.claims import Claim, Judgement, Sheet, Verdict
from ..handwork.exact import Stated, literal
from ..handwork.plain_reader import beside
from ..handwork.quantities import Subject, Vocabulary
from ..values import replace
from .array_claims import judge_array, mentions_arrays, stated_elements
from .assumptions import Assumptions
from .causes import with_habits
from .chain import Chain
from .conventions import promising, under_convention, worse
from .equality import Equality
from .fitting import Reference
from .letter_claims import judge_by_letters
from .local_slopes import read_either_way
from .moved import Moved
from .person import STANDARD, Convention, Line, Person, Truth
from .plausible import remarks
from .repairs import repaired
from .rule_lines import old_or_new, parameter_of, with_rule_names
from .session import NO_EFFECT, Session
from .steps import Anywhere, judged, next_step, stated_anywhere

T = TypeVar("T")
MOST_PASSES = 4  # over a sheet whose lines use what stands further down
NOT_JUDGED = "this program could not judge this line; it counts neither way, and the rest of the sheet is judged"


class _GotWorse(Exception):
    """A convention that makes a line wrong which is not."""


class Judge:
    """Judges sheets against one scenario; make it once for a whole class."""

    def __init__(
        self,
        graph: Graph,
        trace: Trace | None = None,
        convention: Convention = STANDARD,
        network: Network | None = None,
    ) -> None:
        self.graph = graph
        self.vocabulary = Vocabulary(graph, convention.transposed)
        self.arrays = ArrayNames(self.vocabulary)
        if trace is None and not graph.symbolic:
            trace = run_trace(graph)
        self.trace = trace
        self.truth = Truth(self.vocabulary, trace, convention) if trace is not None else None
        self.network = network or Network(graph)
        self.convention = convention
        self.session = Session(Person(self.vocabulary, {}))
        self.used_later = False
        self.trusts_assumed = False  # are values that the scenario only assumes taken for given?
        self.failures: list[Exception] = []  # what should not have happened; it cost its line's mark, not the sheet
        self._steps: list[Judge | None] = [self]
        self._others: dict[Convention, Judge] = {}
        self._evidence: tuple[Mapping[Subject, Sequence[Line]], Mapping[Subject, Sequence[Line]]] | None = None
        self.readings: dict[tuple[str, int | None], Mapping[str, str]] = {}  # of foreign names, by line
        self.leaves = {
            node: (trace.value(node) if trace is not None else float("nan"))
            for node in graph.nodes_of("input", "parameter", "target")
        }

    @cached_property
    def moved(self) -> Moved | None:
        return None if self.trace is None else Moved(self.vocabulary, self.trace, self.convention)

    @cached_property
    def equality(self) -> Equality:
        return Equality(self.vocabulary, self.trace, self.convention)

    def reference(self, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Reference:
        return Reference(
            self.truth, session.person, session.history, later, self.network, partial(self.decided, later),
            session.definitions, self.moved,
        )  # fmt: skip

    def decided(self, later: Mapping[Subject, Sequence[Line]], subject: Subject) -> bool:
        """Is a quantity's true value certain, with what the sheet states?"""
        return self.trusts_assumed or self.assumptions.decided(subject, self.evidence(later))

    def evidence(self, later: Mapping[Subject, Sequence[Line]]) -> Mapping[Subject, Sequence[Line]]:
        """What the sheet and the document's own sheet state: both tell of values that are only assumed."""
        if self._evidence is None or self._evidence[0] is not later:
            document = self.document_lines
            merged = {subject: [*document.get(subject, ()), *lines] for subject, lines in later.items()}
            self._evidence = later, {**document, **merged}
        return self._evidence[1]

    @cached_property
    def document_lines(self) -> Mapping[Subject, Sequence[Line]]:
        if not self.assumptions.assumed:
            return {}
        sheet = beside(self.graph.scenario.path, self.vocabulary)
        return {} if sheet is None else self.stated_anywhere(sheet)

    @cached_property
    def assumptions(self) -> Assumptions:
        return Assumptions(self.vocabulary, self.leaves)

    # ------------------------------------------------------------------ the sheet
    def judge(self, sheet: Sheet) -> Judgement:
        """Every claim of the sheet, in order, under the convention that the sheet follows."""
        later = self.stated_anywhere(sheet)
        name = self.graph.scenario.name
        plain = Judgement(sheet, name, self.verdicts(sheet, later))
        unconvened: tuple[tuple[Verdict, ...], Convention | None] = plain.verdicts, None
        verdicts, convention = self.without_failing(partial(self.convened, plain, later), unconvened)
        trace = self.trace
        if convention is None and trace is not None:
            verdicts = self.without_failing(partial(repaired, self.vocabulary, trace, later, verdicts), verdicts)
        verdicts = with_habits(verdicts)
        said = convention.sentence if convention is not None else ""
        return Judgement(sheet, name, verdicts, self.without_failing(partial(remarks, self.graph, later), ()), said)

    def convened(self, plain: Judgement, later: Anywhere) -> tuple[tuple[Verdict, ...], Convention | None]:
        """The verdicts under the convention that the sheet follows, or the plain ones."""
        possible = promising(self, plain.verdicts, self.session, partial(self.decided, later))
        return under_convention(plain, possible, lambda c: self.under(c).again(plain.sheet, plain.verdicts))

    def without_failing(self, step: Callable[[], T], otherwise: T) -> T:
        """What a step gives; where it fails, which is a fault of this program, what there is without it."""
        try:
            return step()
        except _GotWorse:
            raise
        except Exception as error:
            self.failures.append(error)
            return otherwise

    def at_step(self, step: int) -> Judge | None:
        """The judge of the network in a later update step; None where the run doesn't reach it."""
        while len(self._steps) < step:
            latest = self._steps[-1]
            self._steps.append(latest.next_step() if latest is not None else None)
        return self._steps[step - 1]

    def next_step(self) -> Judge | None:
        return next_step(self)

    def like(self, trace: Trace) -> Judge:
        """A judge of another run of the network, under the same convention."""
        other = Judge(trace.graph, trace, self.convention, self.network)
        other.failures = self.failures
        other.trusts_assumed = self.trusts_assumed
        return other

    def trusting(self) -> Judge:
        """A judge for whom values that the scenario only assumes are given."""
        assumed = any(self.graph.assumed(leaf) is not None for leaf in self.leaves)
        if self.trusts_assumed or self.trace is None or not assumed:
            return self
        other = self.like(self.trace)
        other.trusts_assumed = True
        return other

    def under(self, convention: Convention) -> Judge:
        """A judge of the same scenario under another convention."""
        if convention not in self._others:
            other = self._others[convention] = Judge(self.graph, self.trace, convention, self.network)
            other.failures = self.failures
            if not convention.transposed:
                other.readings = self.readings
        return self._others[convention]

    def again(self, sheet: Sheet, plain: Sequence[Verdict]) -> tuple[Verdict, ...] | None:
        """The sheet judged under this judge's convention; None as soon as a line is worse than without it."""
        try:
            return self.verdicts(sheet, self.stated_anywhere(sheet), plain)
        except _GotWorse:
            return None

    def verdicts(self, sheet: Sheet, later: Anywhere, plain: Sequence[Verdict] = ()) -> tuple[Verdict, ...]:
        """Every claim judged; again when a line uses what stands further down, until it is known what is at fault."""
        verdicts = self.once(sheet, later, plain)
        before: set[int] = set()
        for _ in range(MOST_PASSES):
            at_fault = {v.line for v in verdicts if v.mark in ("wrong", "follows") and v.code != NO_EFFECT}
            if not self.used_later or at_fault == before:
                break
            before, known = at_fault, Anywhere()
            for step, own in later.by_step():
                for subject, lines in own.items():
                    known.at(step)[subject] = [replace(line, faulty=line.line in at_fault) for line in lines]
            verdicts = self.once(sheet, known, plain)
        return verdicts

    def once(
        self, sheet: Sheet, later: Mapping[Subject, Sequence[Line]], plain: Sequence[Verdict] = ()
    ) -> tuple[Verdict, ...]:
        """Every claim judged; _GotWorse at the first one that is wrong and wasn't in `plain`."""
        self.session = Session(Person(self.vocabulary, self.leaves, convention=self.convention))
        for judge in self._steps:
            if judge is not None:
                judge.used_later = False
        found: list[Verdict] = []
        for i, claim in enumerate(sheet.claims):
            failed = Verdict(claim, None, "unknown", "not-judged", NOT_JUDGED, None, None, ())
            found.append(self.without_failing(partial(self.claim, claim, self.session, later), failed))
            if plain and not self.used_later and worse(plain[i], found[i], self.convention):
                raise _GotWorse
        return tuple(found)

    def stated_anywhere(self, sheet: Sheet) -> Anywhere:
        """Every value that the sheet states, by quantity: a line may use what stands further down."""
        return stated_anywhere(self, sheet)

    def safely_stated(self, own: Judge, claim: Claim) -> list[tuple[Subject, Stated]]:
        """What a claim states in the step of a judge; nothing where that fails."""
        return self.without_failing(partial(own.stated_in, claim), [])

    def stated_in(self, claim: Claim) -> list[tuple[Subject, Stated]]:
        """The quantities that a claim gives a number, with the number."""
        if mentions_arrays(self, claim) and (elements := list(stated_elements(self, claim))):
            return elements
        first = meaning.read(claim.parts[0].expression, self.vocabulary, {}, False, claim.sample)
        about = meaning.subject_of(first.expression, self.vocabulary)
        result = literal(claim.parts[-1].expression)
        return [(about, result)] if about is not None and result is not None else []

    def claim(self, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Verdict:
        """One claim judged in the step and the sample that it belongs to, and the session brought up to date."""
        if claim.unreadable is not None:
            return Verdict(claim, None, "unread", "unreadable", claim.unreadable.message, None, None, ())
        return judged(self, claim, session, later)

    def claim_here(self, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Verdict:
        """One claim of this judge's own step judged."""
        named = with_rule_names(self, claim, session)
        if isinstance(named, str):
            return Verdict(claim, None, "unknown", "not-checkable", named, None, None, ())
        about = meaning.subject_of(named.parts[0].expression, self.vocabulary)
        parameter = parameter_of(self.vocabulary, about)
        session.parameter = session.parameter if parameter is None else parameter
        return old_or_new(self.vocabulary, named, session, lambda read, said: self.either(read, said, later))

    def either(self, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Verdict:
        """A claim about an array, about its elements by letters or about a single number."""
        verdict = judge_by_letters(self, claim, session, later)
        if verdict is None and mentions_arrays(self, claim):
            verdict = judge_array(self, claim, session, later)
        return self.chain(claim, session, later) if verdict is None else verdict

    def chain(self, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> Verdict:
        """One scalar chain judged."""
        return read_either_way(self, claim, Chain(self, claim, session, later), session, later)

    def has_scalar_meaning(self, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]) -> bool:
        """Has every name of a claim a meaning as the name of a single number?"""
        return not any(step.meaning.unknown for step in Chain(self, claim, session, later).steps)
