"""What is said of numbers put in that do not belong: the slip that they are, else what stands where which belongs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..formulas.algebra import size
from ..formulas.digits import is_number
from ..formulas.expression import NOWHERE, Derivative, Expression, Name, Negative, Span, names_in, walk
from ..formulas.typeset import to_text
from ..handwork import meaning
from ..handwork.claims import Explanation
from ..handwork.exact import DOUBLE, Stated, agrees, finite, literal, unit_of
from ..handwork.quantities import Gradient, Subject, Value
from ..values import Struct, replace
from .alignment import Pair, as_written, numbers_in, turned
from .causes import CODES, Misfit, Written, number_causes, written_causes
from .misfits import Difference, Differences, nearest, weight
from .session import Step

if TYPE_CHECKING:
    from .number_links import NumberLinks

ODD = "the numbers don't stand as the formula says"
OPERATOR = "these are the right numbers, but the signs between them are not the formula's"
READABLE = 16  # pieces of a formula that is spelt out in a sentence
TELLING_DIGITS = 3  # of a number that is said to be another quantity; given data are known by fewer


class Said(Struct, frozen=True):
    """A code, its sentence, and the one number (or few) that it is about."""

    code: str
    message: str
    pair: Pair | None = None


class OddNumbers:
    """One substitution link whose numbers do not belong."""

    def __init__(self, chain: NumberLinks, left: Step, right: Step) -> None:
        self.chain = chain
        self.left = left
        self.right = right
        self.reference = chain.reference
        self._fitting: dict[tuple[int, Fraction, Fraction], tuple[Expression, bool]] = {}  # by formula and number

    # ------------------------------------------------------------------ the link
    def add(self, forms: Sequence[Expression], misfits: Sequence[Pair]) -> None:
        """The link; `misfits` are what doesn't belong where the rest stands as one of the formulas says."""
        if self.chain.judge.truth is None:
            message = "this scenario has no numbers"
            self.chain.add("substitution", self.left, self.right, "unknown", "not-checkable", message)
            return
        named = self.slip(misfits)
        told = named or self.plain(forms, misfits)
        if isinstance(told, Said):
            self.wrong(told.code, told.message, told.pair)
        elif misfits:
            self.wrong(told.code, told.message, misfits[0])
        else:
            self.wrong(told.code, told.message)

    def wrong(self, code: str, message: str, pair: Pair | None = None) -> None:
        """The link with what stands and what belongs at one number, or on the whole."""
        truth = self.chain.judge.truth
        assert truth is not None, "without numbers nothing is wrong"
        span = NOWHERE
        stated: float | None = _number_or_nan(self.right.expression)
        expected: float | None = truth.evaluate(self.left.expression)
        if pair is not None and pair.span != NOWHERE:
            sign, right = -1 if pair.negated else 1, self.right_for(pair.formula)
            stated, span = sign * float(pair.number.value), pair.span
            expected = None if right is None else float(sign * right)
        self.chain.add("substitution", self.left, self.right, "wrong", code, message, stated, expected,
                       self.place(span))  # fmt: skip

    def plain(self, forms: Sequence[Expression], misfits: Sequence[Pair]) -> Said:
        """What stands where which belongs; what is missing or too many where that is less."""
        if len(misfits) != 1:
            found = nearest(forms, self.right.expression, self.fits, self.valued)
            if found is not None and (not misfits or weight(found[1]) < 2 * len(misfits)):
                self.chain.explanations = ()  # what differs is plain to see: no need to guess
                return self.of_differences(found[1])
        if misfits:
            self.chain.explanations = ()
            said = Said("miscopied-operand", _sentences(map(self.said_of_pair, misfits)), misfits[0])
            return self.with_its_own_slip(said) if len(misfits) == 1 else said
        return Said("operator", OPERATOR) if self.same_numbers() else Said("wrong", ODD)

    def with_its_own_slip(self, said: Said) -> Said:
        """A number put in that comes from a slip in a quantity which the person has not written down by itself."""
        chain, pair = self.chain, said.pair
        subject = None if pair is None else meaning.subject_of(pair.formula, chain.vocabulary)
        if pair is None or not isinstance(subject, (Value, Gradient)) or subject in chain.session.person.stated:
            return said
        causes = number_causes(chain.judge, chain.session.person, subject, pair.number, chain.claim.line)
        if len(causes) != 1 or causes[0].code not in CODES or pair.number.digits < TELLING_DIGITS:
            return said
        chain.explanations = (replace(causes[0], formula=None, right=None),)
        return Said(causes[0].code, f"{said.message}. {causes[0].message}", pair)

    def of_differences(self, differences: Differences) -> Said:
        if self.same_numbers():
            return Said("operator", OPERATOR)
        only = differences[0] if len(differences) == 1 else None
        pair = None
        if only is not None and only.stands is not None and only.belongs is not None:
            value = self.valued(only.stands)
            pair = None if value is None else Pair(only.belongs, value, getattr(only.stands, "span", NOWHERE))
        return Said(_code(differences), _sentences(map(self.said_of, differences)), pair)

    # ------------------------------------------------------------------ the slip
    def slip(self, misfits: Sequence[Pair] = ()) -> Explanation | None:
        """The slip whose formula the numbers are; of several that are as likely none, yet the line keeps them all."""
        chain, right = self.chain, self.right
        if chain.subject is None or chain.explanations:
            return None
        try:
            value = as_written(right.expression)
        except ArithmeticError:
            return None
        if self.calculated_rightly(value):
            return None
        strangers = tuple(Misfit(p.number, self.right_for(p.formula), self.usual_unit(p)) for p in misfits)
        written = Written(right.expression, value, chain.written_box(right.expression), self.fits, strangers)
        person = chain.session.person
        chain.explanations = written_causes(chain.judge, person, chain.subject, written, chain.claim.line)
        return chain.explanations[0] if len(chain.explanations) == 1 else None

    def calculated_rightly(self, written: Fraction) -> bool:
        """Does the line come to the right number, which is not what the numbers put in give? Then the pen slipped."""
        chain = self.chain
        number = chain.steps[-1].number
        if number is None or chain.subject is None or agrees(number.value, number.unit, written):
            return False
        rights = self.reference.totals(chain.subject, chain.steps[0].expression)
        return any(agrees(number.value, number.unit, right) for right, _ in rights)

    def right_for(self, formula: Expression) -> Fraction | None:
        """What belongs in a formula's place; None where that rests on assumed values."""
        subjects = (meaning.subject_of(part, self.chain.vocabulary) for part in walk(formula))
        if not all(self.reference.decided(subject) for subject in subjects if subject is not None):
            return None
        best = self.reference.best(formula)
        return None if best is None else finite(best)

    def usual_unit(self, pair: Pair) -> Fraction | None:
        """The unit to which the person, or the scenario for given data, has what a number stands for."""
        subject = meaning.subject_of(pair.formula, self.chain.vocabulary)
        if subject in self.chain.session.person.stated:
            return self.chain.session.person.stated[subject].number.unit
        typed = self.chain.judge.graph.typed(subject.node) if isinstance(subject, Value) else None
        return unit_of(typed.lstrip("-")) if typed is not None and is_number(typed) else None

    # ------------------------------------------------------------------ what belongs where
    def fits(self, pair: Pair) -> bool:
        """Does a number certainly belong where it stands?"""
        key = (id(pair.formula), pair.number.value, pair.number.unit)
        if key not in self._fitting:
            ground = self.reference.fits(pair, [self.chain.session.person])
            # the formula is kept too: its id must not become another's
            self._fitting[key] = pair.formula, ground is not None and ground.kind != "unknown"
        return self._fitting[key][1]

    def valued(self, numbers: Expression) -> Stated | None:
        """What some of the numbers come to, as exactly as they are typed."""
        number = literal(numbers)
        if number is not None:
            return number
        try:
            value = as_written(numbers)
        except ArithmeticError:
            return None
        box = self.chain.written_box(numbers)
        return Stated(value, box.high - box.low, f"{float(value):.6g}")

    def same_numbers(self) -> bool:
        """Does every name of the formula find its number somewhere?"""
        left_over = [number for node in numbers_in(self.right.expression) if (number := literal(node)) is not None]
        for name in (part for part in walk(self.left.expression) if isinstance(part, (Name, Derivative))):
            own = next((number for number in left_over if self.fits(Pair(name, number, NOWHERE))), None)
            if own is None:
                return False
            left_over.remove(own)
        return not left_over

    def said_of_pair(self, pair: Pair) -> str:
        """`0.12 stands where w12 = 0.2 belongs`."""
        if not pair.negated:
            return self.said(pair.number, pair.number.text, pair.formula)
        typed = replace(pair.number, value=-pair.number.value, text=turned(pair.number.text))
        return self.said(typed, typed.text, Negative(pair.formula))

    def said_of(self, difference: Difference) -> str:
        stands, belongs = difference.stands, difference.belongs
        if stands is None:
            assert belongs is not None, "a difference has a side"
            return f"the {difference.kind} {to_text(belongs)} is missing"
        if belongs is None:
            return f"the {difference.kind} {to_text(stands)} is one too many"
        value, typed = self.valued(stands), literal(stands) is not None
        text = to_text(stands)
        if value is not None and not typed:
            text = f"{text} = {value.text}"
        return self.said(value, text, belongs, typed)

    def said(self, number: Stated | None, text: str, belongs: Expression, typed: bool = True) -> str:
        """One number, or a few, in the place of a piece of the formula."""
        name, right = to_text(belongs), self.right_for(belongs)
        if right is not None:
            value = f"{float(right):.6g}"
            name = value if name == value or size(belongs) > READABLE else f"{name} = {value}"
        if number is not None and self.fits(Pair(Negative(belongs), number, NOWHERE)):
            return f"the sign of {text} is turned: {name} belongs there"
        older = None if number is None else self.older(number, belongs)
        if older is not None:
            return f"{text} stands where {name} belongs (your older value, line {older})"
        other = None if number is None else self.known_as(number, Fraction(0) if typed else number.unit / 2)
        return f"{text}{f', which is {other},' if other else ''} stands where {name} belongs"

    def older(self, number: Stated, belongs: Expression) -> int | None:
        """The line of an earlier statement, replaced since, that a number put in was taken from."""
        subject = meaning.subject_of(belongs, self.chain.vocabulary)
        lines = self.chain.session.history.get(subject, ()) if subject is not None else ()
        return next((line.line for line in lines if agrees(number.value, number.unit, line.number.value)), None)

    def known_as(self, number: Stated, room: Fraction) -> str | None:
        """The one quantity that a number is: given data, within some room, or what the person has stated."""
        person = self.chain.session.person
        found: list[Subject] = [
            subject
            for subject, line in person.stated.items()
            if number.digits >= TELLING_DIGITS and agrees(number.value, number.unit, line.number.value)
        ]
        for node, value in self.chain.judge.leaves.items():
            given = finite(value)
            if given is not None and number.digits > 1 and abs(number.value - given) <= max(room, abs(given) * DOUBLE):
                found.append(Value(node))
        names = {self.chain.vocabulary.text(subject) for subject in found}
        own = names & set(names_in(self.left.expression))  # of several the one that the line speaks of
        return min(own or names) if len(own or names) == 1 else None

    def place(self, span: Span) -> Span:
        part = self.right.part
        return (part.start + span[0], part.start + span[1]) if span != NOWHERE else (part.start, part.end)


def _sentences(said: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(said))


def _code(differences: Differences) -> str:
    """What kind of slip some differences are."""
    if any(d.stands is not None and d.belongs is not None for d in differences):
        return "miscopied-operand"
    missing = {d.kind for d in differences if d.stands is None}
    return f"{missing.pop()}-missing" if len(missing) == 1 and all(d.stands is None for d in differences) else "wrong"


def _number_or_nan(node: Expression) -> float:
    try:
        return float(as_written(node))
    except (ArithmeticError, OverflowError):
        return float("nan")
