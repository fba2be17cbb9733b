"""Given numbers put into a formula that keeps its other names: `E = 0.5*(0.01 - o)^2`, `dL/dz = p - 1` where y is 1.

Such a formula differs from the quantity at random values and is right all the same. It is compared again where the
given values that may stand in it are held (those that it shows, and those of 0 or 1, which leave nothing to show) and
the others move a little; then with its numbers taken for what the person has, `0.1385*h1` for ∂E/∂n·h1. What holds only
at the very numbers of the scenario counts where the formula shows a number of its own; with names alone it is chance.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from ..formulas.expression import Derivative, Expression, Group, Name, Negative, Number, Span, names_in, transform
from ..formulas.typeset import to_text
from ..handwork import meaning
from ..handwork.exact import decimals, literal
from ..handwork.quantities import Gradient, Subject
from ..slips.catalogue import right_forms
from ..values import Struct, replace
from .alignment import Pair, numbers_in
from .fitting import Ground
from .person import Person

if TYPE_CHECKING:
    from .judge import Judge

NEIGHBOURS = 24  # quantities around a line's own that a number may be
MOST_NUMBERS = 6  # of a formula whose numbers are taken for quantities
MOST_TRIALS = 400
MOST_NAMED = 4
_NUMBER = "the number in place "  # the name that a number of a formula has while it is tried as a quantity

Stands: TypeAlias = Callable[[Pair], Ground | None]  # why a number may stand for a quantity, if it may


class PutIn(Struct, frozen=True):
    """Why a formula holds with numbers put in, and the lines at fault that they come from."""

    message: str
    lines: tuple[int, ...] = ()


class _Taken(Struct, frozen=True):
    """A number of a formula taken for a quantity, perhaps with its sign turned."""

    number: Number
    quantity: Name | Derivative
    turned: bool
    lines: tuple[int, ...]

    @property
    def gap(self) -> str:
        return f"{_NUMBER}{self.number.span[0]}"


class PuttingIn(Struct, frozen=True):
    """The question whether a formula is a quantity with given numbers put in.

    `goes_on` says that the line goes on to a number: `q = p = 0.6` for a relu of 0.6 calculates, `q = p` states a rule.
    """

    judge: Judge
    person: Person
    stands: Stands
    subject: Subject | None
    goes_on: bool

    def holds(self, left: Expression, right: Expression) -> PutIn | None:
        """How a formula that is not the quantity everywhere is it here; None where it isn't."""
        if self.judge.truth is None:
            return None
        equality = self.judge.equality
        shown = frozenset(abs(number.value) for formula in (left, right) for number in numbers_in(formula))
        if 0 not in shown and equality.vanishes_near(right):
            return None  # that 0 = 0 says nothing of a formula, but where the 0 has been put in
        given = self.given(shown, names_in(right))
        if equality.near(left, right, given):
            needed = self.needed(left, right, given)
            return PutIn(self.sentence(needed)) if needed or self.goes_on else None
        taken = self.taken(left, right, given)
        if taken is not None:
            return taken
        if self.shows_own_numbers(left, right) and equality.here(left, right):
            return PutIn("true with the given numbers")
        return None

    # ------------------------------------------------------------------ given values
    def given(self, shown: frozenset[Fraction], names: Iterable[str]) -> frozenset[int]:
        """Given values that a formula shows, and those that leave nothing to show (0 and 1), but not what it names."""
        named = {self.judge.vocabulary.nodes.get(name) for name in names}
        values = shown | {Fraction(0), Fraction(1)}
        leaves = self.judge.leaves.items()
        return frozenset(node for node, own in leaves if node not in named and decimals([abs(own)]) & values)

    def needed(self, left: Expression, right: Expression, held: frozenset[int]) -> frozenset[int]:
        """The given values without which a formula would not hold."""
        for node in sorted(held):
            fewer = held - {node}
            if self.judge.equality.near(left, right, fewer):
                held = fewer
        return held

    def sentence(self, held: Iterable[int]) -> str:
        graph = self.judge.graph
        values = [(node, graph.typed(node) or f"{self.judge.leaves[node]:g}") for node in sorted(held)]
        named = [f"{graph.name(node)} = {value}" for node, value in values]
        if not named:
            return "true on this side of the kinks (relu, max, abs), though not everywhere"
        return f"with {', '.join(named)} put in" if len(named) <= MOST_NAMED else "with given numbers put in"

    def shows_own_numbers(self, left: Expression, right: Expression) -> bool:
        """Does a formula have a number that is in no usual formula of the quantity?"""
        usual = (left, *(right_forms(self.judge.network, self.subject) if self.subject is not None else ()))
        known = {abs(number.value) for formula in usual for number in numbers_in(formula)}
        return any(abs(number.value) not in known for number in numbers_in(right))

    # ------------------------------------------------------------------ numbers taken for quantities
    def taken(self, left: Expression, right: Expression, held: frozenset[int]) -> PutIn | None:
        """A formula of which one or two numbers are values of quantities, rounded, that belong where they stand."""
        numbers = [number for number in numbers_in(right) if number.value not in (0, 1) and number.span != (0, 0)]
        pieces = list(self.pieces()) if numbers else []
        options = [list(self.options(number, pieces)) for number in numbers[:MOST_NUMBERS]]
        trials = itertools.islice(_choices(options), MOST_TRIALS)
        for chosen in trials:
            ready = self.judge.equality.trial(left, _with_gaps(right, chosen), held)
            if ready({one.gap: one.quantity for one in chosen}):
                named = [f"{to_text(c.quantity)} = {'-' if c.turned else ''}{c.number.text}" for c in chosen]
                lines = tuple(sorted({line for one in chosen for line in one.lines}))
                return PutIn(f"with {', '.join(named)} put in", lines)
        return None

    def pieces(self) -> Iterator[tuple[Name | Derivative, tuple[float, ...]]]:
        """Quantities around the subject and slopes between them, with their true value and the person's own."""
        judge, graph, subject = self.judge, self.judge.graph, self.subject
        assert judge.truth is not None
        nodes = [judge.vocabulary.nodes[name] for name in meaning.candidates(graph, subject, NEIGHBOURS)]
        tops = dict.fromkeys([*([subject.of] if isinstance(subject, Gradient) else ()), graph.loss])
        found: list[Name | Derivative] = [Name(graph.name(node), graph.name(node)) for node in nodes]
        # what people work out on the way back first, then slopes by given data
        for node in sorted(nodes, key=lambda n: graph.block_of(n).kind in ("input", "target")):
            above = dict.fromkeys([*(top for top in tops if top != node), *graph.users.get(node, ())])
            found += [Derivative(graph.name(of), graph.name(node)) for of in above]
        for piece in found:
            yield piece, (judge.truth.evaluate(piece), self.person.evaluate(piece))

    def options(
        self, number: Number, pieces: Sequence[tuple[Name | Derivative, tuple[float, ...]]]
    ) -> Iterator[_Taken]:
        """The quantities that a number may be, as it stands or with its sign turned."""
        stated = literal(number)
        assert stated is not None
        room = 2 * float(stated.unit) + 1e-12
        for piece, values in pieces:
            close = [value for value in values if abs(abs(value) - float(stated.value)) <= room]
            for turned in sorted({value < 0 for value in close}):
                counted = replace(stated, value=-stated.value) if turned else stated
                ground = self.stands(Pair(piece, counted, number.span))
                if ground is not None and ground.kind != "unknown":
                    yield _Taken(number, piece, turned, ground.lines)


def _choices(options: Sequence[Sequence[_Taken]]) -> Iterator[tuple[_Taken, ...]]:
    """One number taken for a quantity, then two."""
    for count in (1, 2):
        for some in itertools.combinations(options, count):
            yield from itertools.product(*some)


def _with_gaps(formula: Expression, chosen: Iterable[_Taken]) -> Expression:
    """The formula with a name to be filled in for each of these numbers."""
    places: dict[Span, _Taken] = {one.number.span: one for one in chosen}

    def change(part: Expression) -> Expression:
        one = places.get(part.span) if isinstance(part, Number) else None
        if one is None:
            return part
        return Group(Negative(Name(one.gap))) if one.turned else Name(one.gap)

    return transform(formula, change)
