"""A scalar chain's names given their meaning, and what its judgement collects on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from ..formulas.expression import Call, DerivativeOf, Expression, Group, Name, Span, Sum, transform, ungrouped, walk
from ..handwork import meaning
from ..handwork.claims import Claim, Explanation, LinkKind, LinkVerdict, Mark, Part
from ..handwork.exact import Stated, agrees, literal
from ..handwork.meaning import Meaning
from ..handwork.quantities import Subject, Updated, Value
from .alignment import has_names
from .person import Line
from .session import Session, Step, exact_or_none

if TYPE_CHECKING:
    from .judge import Judge


class ChainReader:
    """One scalar claim with its names read; the links are judged by the classes that build on this one."""

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
        self.put_in: dict[
            int, dict[Span, bool]
        ] = {}  # of a part, the numbers put in by place: is it given data (exact)?
        self.renamed = {k: v for step in self.steps for k, v in step.meaning.renamed.items()}
        self.in_nudge = False  # the number belongs to a nudged run
        self.explanations: tuple[Explanation, ...] = ()
        self.free: tuple[str, ...] = ()  # variables of a function's own definition

    def add(
        self, kind: LinkKind, left: Step, right: Step, mark: Mark, code: str = "", message: str = "",
        stated: float | None = None, expected: float | None = None, span: tuple[int, int] | None = None,
        follows: tuple[int, ...] = (), interval: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        start, end = span or (right.part.start, right.part.end)
        self.links.append(
            LinkVerdict(
                kind, left.part.text, right.part.text, mark, code, message, stated, expected,
                start, end, follows, interval,
            )
        )  # fmt: skip

    # ------------------------------------------------------------------ reading
    def read_steps(self) -> list[Step]:
        claim, vocabulary, session = self.claim, self.vocabulary, self.session
        defined = session.definitions
        expressions = [
            transform(p.expression, lambda n: defined.get(n.name, n) if isinstance(n, Name) else n) for p in claim.parts
        ]
        expressions = self.with_steps(expressions)
        bound = parameter_names(expressions)
        foreign = tuple(dict.fromkeys(n for e in expressions for n in meaning.foreign_names(e, vocabulary, bound)))
        renamed = self.meant(expressions, foreign) if foreign else {}
        meanings = [meaning.read(e, vocabulary, renamed, False, claim.sample) for e in expressions]
        return [self.step(part, m) for part, m in zip(claim.parts, meanings, strict=True)]

    def with_steps(self, expressions: list[Expression]) -> list[Expression]:
        """Δw as w' − w; as w − w' where only that can be meant, by people who subtract their steps."""
        vocabulary = self.vocabulary
        spelled = {n.name for e in expressions for n in walk(e) if isinstance(n, Name)}
        steps = {name: node for name in spelled if (node := vocabulary.step_of(name)) is not None}
        if not steps:
            return expressions

        def read(sign: int) -> list[Expression]:
            def change(part: Expression) -> Expression:
                if not (isinstance(part, Name) and part.name in steps):
                    return part
                old, new = (vocabulary.read(s) for s in (Value(steps[part.name]), Updated(steps[part.name])))
                return Group(Sum(((sign, new), (-sign, old)), part.span), part.span)

            return [transform(e, change) for e in expressions]

        up, down = read(1), read(-1)
        return down if not self.may_hold(up) and self.may_hold(down) else up

    def may_hold(self, expressions: list[Expression]) -> bool:
        """Is a chain's first formula the quantity, or has its number the right sign?"""
        if len(expressions) < 2:
            return False
        sides = [meaning.read(e, self.vocabulary, {}, False, self.claim.sample).expression for e in expressions[:2]]
        if has_names(sides[1]):
            return self.judge.equality.same(sides[0], sides[1], quick=True)
        number, truth = self.final_number(expressions), self.judge.truth
        return number is not None and truth is not None and number.value * truth.evaluate(sides[0]) > 0

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
        holds = self.trial(expressions, (*renamed, *unknown))
        return meaning.assignments(unknown, known, lambda reading: holds({**renamed, **reading}))

    def true_with(self, expressions: list[Expression], reading: Mapping[str, str]) -> bool:
        """Is the first link with foreign names true when they are read so?"""
        return self.trial(expressions, reading)(reading)

    def trial(self, expressions: list[Expression], names: Iterable[str]) -> Callable[[Mapping[str, str]], bool]:
        """The question whether the first link with these foreign names is true, to be asked of many readings."""
        vocabulary, sample = self.vocabulary, self.claim.sample
        open_names = {name: name for name in names}
        used = [
            p
            for p in pairwise(expressions)
            if any(n in open_names for e in p for n in meaning.foreign_names(e, vocabulary))
        ]
        if not used:
            return lambda reading: False
        left, right = (meaning.read(e, vocabulary, open_names, False, sample) for e in used[0])
        if left.unknown or right.unknown:
            return lambda reading: False
        if has_names(right.expression):
            holds = self.judge.equality.trial(left.expression, right.expression)
            return lambda reading: holds({name: Name(own) for name, own in reading.items()})
        number, truth = self.final_number(expressions), self.judge.truth
        if number is None or truth is None:
            return lambda reading: False

        def agreeing(reading: Mapping[str, str]) -> bool:
            quantity = meaning.subject_of(meaning.put(left.expression, reading), vocabulary)
            true = None if quantity is None else exact_or_none(truth.of(quantity))
            return true is not None and agrees(number.value, number.unit, true)

        return agreeing

    def final_number(self, expressions: list[Expression]) -> Stated | None:
        return literal(expressions[-1])


def parameter_names(expressions: Sequence[Expression]) -> set[str]:
    """Variables of a function's own definition: the x of `f(x) = 2.0*x`."""
    first = ungrouped(expressions[0])
    inner = first.operand if isinstance(first, DerivativeOf) else first
    if isinstance(inner, Call):
        return {n.name for argument in inner.arguments for n in walk(argument) if isinstance(n, Name)}
    return set()
