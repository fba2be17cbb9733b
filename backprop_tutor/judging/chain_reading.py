"""A scalar chain's names given their meaning, and what its judgement collects on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..formulas.expression import (
    Call,
    DerivativeOf,
    Expression,
    Group,
    Name,
    Span,
    Sum,
    names_in,
    transform,
    ungrouped,
    walk,
)
from ..handwork import meaning
from ..handwork.claims import Claim, Explanation, LinkKind, LinkVerdict, Mark, Part
from ..handwork.exact import Stated, literal
from ..handwork.indices import Elements
from ..handwork.meaning import Meaning
from ..handwork.quantities import Subject, Updated, Value
from ..handwork.sums import written_out
from ..values import replace
from .alignment import has_names
from .foreign_names import ForeignNames
from .own_names import OwnName, same_quantity, with_own_names
from .person import Line, Person
from .session import Session, Step

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
        self.rounded_in: set[Fraction] = set()  # the values of those that are not
        self.renamed = {**claim.renamed, **self.summed}
        for step in self.steps:
            self.renamed |= step.meaning.renamed
        self.opens_nudge = False  # the line moves a given value for a finite difference
        self.vindicated = False  # a result that is right is said to come from a number that is not
        self.in_nudge = False  # the number belongs to a nudged run
        self.explanations: tuple[Explanation, ...] = ()
        self.own = ""  # the name of the person's own that the line introduces
        self.free: tuple[str, ...] = ()  # variables of a function's own definition

    def add(
        self, kind: LinkKind, left: Step, right: Step, mark: Mark, code: str = "", message: str = "",
        stated: float | None = None, expected: float | None = None, span: tuple[int, int] | None = None,
        follows: tuple[int, ...] = (), interval: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        start, end = span or (right.part.start, right.part.end)
        follows = tuple(line for line in follows if line != self.claim.line)  # its own formula is no earlier line
        self.links.append(
            LinkVerdict(
                kind, left.part.text, right.part.text, mark, code, message, stated, expected,
                start, end, follows, interval,
            )
        )  # fmt: skip

    @property
    def people(self) -> list[Person]:
        """The person's own numbers, and those of the nudged run that is open."""
        return [p for p in (self.session.person, self.session.nudged) if p is not None]

    # ------------------------------------------------------------------ reading
    def read_steps(self) -> list[Step]:
        claim, vocabulary, session = self.claim, self.vocabulary, self.session
        expressions = self.with_own_names()
        elements = Elements(self.judge.arrays, claim.sample)
        sums = [written_out(e, elements) for e in expressions]
        self.summed = {name: own for one in sums for name, own in one.renamed.items()}
        expressions = [meaning.by_one_name(e, vocabulary) for e in self.with_steps([one.formula for one in sums])]
        bound = parameter_names(expressions)
        foreign = tuple(dict.fromkeys(n for e in expressions for n in meaning.foreign_names(e, vocabulary, bound)))
        renamed = ForeignNames(self.judge, session, claim, expressions).meant(foreign) if foreign else {}
        meanings = [meaning.read(e, vocabulary, renamed, False, claim.sample) for e in expressions]
        return [self.step(part, m) for part, m in zip(claim.parts, meanings, strict=True)]

    def with_own_names(self) -> list[Expression]:
        """The parts with what the person's own names stand for; a name that is given another meaning stays."""
        defined = self.session.definitions
        first, *rest = [part.expression for part in self.claim.parts]
        others = [with_own_names(expression, defined) for expression in rest]
        name = ungrouped(first)
        if isinstance(name, Name) and name.name in defined and self.is_redefined(defined[name.name], others):
            return [first, *others]
        return [with_own_names(first, defined), *others]

    def is_redefined(self, own: OwnName, rest: Sequence[Expression]) -> bool:
        """Does a chain give a name of the person's own another meaning than before?"""
        if own.subject is None or not rest:
            return True
        if has_names(rest[0]):
            second = meaning.read(rest[0], self.vocabulary, {}, False, self.claim.sample).expression
            return not self.judge.equality.same(self.vocabulary.read(own.subject), second, quick=True)
        return not same_quantity(self.judge, own, literal(rest[-1]))

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

    def step(self, part: Part, m: Meaning) -> Step:
        number = literal(m.expression)
        if number is not None and part.open:
            number = replace(number, open=True)
        kind = "number" if number is not None else "formula" if has_names(m.expression) else "numbers"
        return Step(part, m, kind, number)

    def final_number(self, expressions: list[Expression]) -> Stated | None:
        return literal(expressions[-1])


def also(message: str, more: str) -> str:
    """A sentence with something more to say."""
    return f"{message.rstrip('.')}; {more}" if message else more


def parameter_names(expressions: Sequence[Expression]) -> set[str]:
    """Variables of a function's own definition: the x of `f(x) = 2.0*x`, which stands on the right, too."""
    first, *rest = (ungrouped(expression) for expression in expressions)
    inner = ungrouped(first.operand) if isinstance(first, DerivativeOf) else first
    if not isinstance(inner, Call):
        return set()
    found = {name for argument in inner.arguments for name in names_in(argument)}
    return found if inner is not first else found & {name for expression in rest for name in names_in(expression)}
