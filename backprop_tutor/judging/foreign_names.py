"""Names in a chain that are none of the scenario's: which quantities they stand for.

What a spelling makes evident counts first; then the one assignment under which the chain holds, most of its links; then
what the names meant before. A reading needs evidence: a spelling that resembles the quantity's, or a true formula with
other quantities in it. A number alone is none, as too many quantities have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ..errors import did_you_mean
from ..formulas.expression import Derivative, Expression, Name, ungrouped, walk
from ..formulas.forgiving import OMITTED
from ..handwork import meaning
from ..handwork.claims import Claim
from ..handwork.exact import agrees, finite, literal
from ..handwork.quantities import Vocabulary
from .alignment import has_names
from .session import Session

if TYPE_CHECKING:
    from .judge import Judge


def meaningless(names: Sequence[str], vocabulary: Vocabulary) -> str:
    """What to say of names that nobody can tell, and of what was left out."""
    names = list(dict.fromkeys(names))
    if OMITTED in names:
        return f"'{OMITTED}' leaves something out: write it in full"
    moved = next((name for name in names if vocabulary.node(name.partition("(")[0]) is not None), None)
    if moved is not None and "(" in moved:
        return f"'{moved}' is a value at other given values, and these are not judged"
    shown = ", ".join(f"'{name}'" for name in names)
    hint = did_you_mean(names[0], vocabulary.nodes) if len(names) == 1 else ""
    return f"{shown} mean{'s' if len(names) == 1 else ''} nothing in this scenario" + (f"; {hint}" if hint else "")


class ForeignNames:
    """The foreign names of one claim."""

    def __init__(self, judge: Judge, session: Session, claim: Claim, expressions: Sequence[Expression]) -> None:
        self.judge = judge
        self.session = session
        self.claim = claim
        self.vocabulary = judge.vocabulary
        self.expressions = expressions

    def meant(self, foreign: tuple[str, ...]) -> Mapping[str, str]:
        """What the names stand for; those that nobody can tell are left out."""
        session = self.session
        foreign = tuple(name for name in foreign if name not in session.definitions)
        remembered = {name: session.renamed[name] for name in foreign if name in session.renamed}
        key = (self.claim.text, self.claim.sample)
        if key not in self.judge.readings:
            self.judge.readings[key] = self.found(tuple(n for n in foreign if not meaning.is_opaque(n)))
        renamed = {**remembered, **self.judge.readings[key]}
        session.renamed.update(renamed)
        return renamed

    def found(self, foreign: tuple[str, ...]) -> Mapping[str, str]:
        evident = self.evident(foreign, self.vocabulary.meant_name)
        if len(evident) == len(foreign) and self.holds(evident):
            return evident
        likely = {**self.evident(foreign, self.vocabulary.likely_name), **evident}
        if len(likely) == len(foreign) and len(likely) > len(evident) and self.holds(likely):
            return likely
        rest = tuple(name for name in foreign if name not in evident)
        found = self.searched({}, foreign) or self.searched(evident, rest)
        return {**evident, **(found or {})}

    def evident(self, foreign: tuple[str, ...], reading: Callable[[str], str | None]) -> dict[str, str]:
        """Names whose meaning the spelling alone makes clear, each of another quantity."""
        found: dict[str, str] = {}
        for name in foreign:
            own = reading(name) if self.vocabulary.array(name) is None else None
            if own is not None and own not in found.values():
                found[name] = own
        return found

    # ------------------------------------------------------------------ the assignment that makes the chain true
    def searched(self, renamed: Mapping[str, str], unknown: tuple[str, ...]) -> Mapping[str, str] | None:
        """An assignment of the foreign names under which the chain holds, as much of it as possible."""
        if not unknown:
            return None
        first = meaning.read(self.expressions[0], self.vocabulary, renamed, False, self.claim.sample)
        known = meaning.candidates(self.judge.graph, meaning.subject_of(first.expression, self.vocabulary))
        links = [trial for left, right in self.links() if (trial := self.trial(left, right, (*renamed, *unknown)))]
        if not links:
            return None
        taken = set(renamed.values())

        def sensible(reading: Mapping[str, str]) -> bool:
            chosen = list(reading.values())
            return len(set(chosen)) == len(chosen) and not taken & set(chosen) and not self.is_trivial(reading)

        def score(reading: Mapping[str, str]) -> int:
            whole = {**renamed, **reading}
            if not sensible(reading) or not links[0](whole):
                return 0
            return 1 + sum(link(whole) for link in links[1:])

        return meaning.assignments(unknown, known, score, len(links))

    def is_trivial(self, reading: Mapping[str, str]) -> bool:
        """Would a reading make a derivative ∂q/∂q?"""

        def node(name: str) -> int | None:
            return self.vocabulary.node(reading.get(name, name))

        return any(
            isinstance(part, Derivative) and part.of != part.by and None is not node(part.of) == node(part.by)
            for expression in self.expressions
            for part in walk(expression)
        )

    def holds(self, reading: Mapping[str, str]) -> bool:
        """Is the first link with foreign names true when they are read so?"""
        links = self.links()
        trial = self.trial(*links[0], reading) if links else None
        return trial is not None and not self.is_trivial(reading) and trial(reading)

    def links(self) -> list[tuple[Expression, Expression]]:
        """The links in which foreign names stand."""
        return [
            pair
            for pair in pairwise(self.expressions)
            if any(meaning.foreign_names(expression, self.vocabulary) for expression in pair)
        ]

    def trial(
        self, left: Expression, right: Expression, names: Iterable[str]
    ) -> Callable[[Mapping[str, str]], bool] | None:
        """The question whether a link is true, to be asked of many readings; None where it can't be asked."""
        vocabulary, sample = self.vocabulary, self.claim.sample
        names = tuple(names)
        open_names = {name: name for name in names}
        one, two = (meaning.read(side, vocabulary, open_names, False, sample) for side in (left, right))
        if one.unknown or two.unknown:
            return None
        if has_names(two.expression):
            holds = self.judge.equality.trial(one.expression, two.expression)
            sides = (one.expression, two.expression)
            # `h1 = foo` is no formula that could tell what foo is
            bare = all(isinstance(ungrouped(side), Name) for side in sides)
            anchored = not bare and any(self.has_own(side, names) for side in sides)
            return lambda reading: (
                (anchored or self.resembles(reading)) and holds({name: Name(own) for name, own in reading.items()})
            )
        number, truth = literal(self.expressions[-1]), self.judge.truth
        if number is None or truth is None:
            return None

        def agreeing(reading: Mapping[str, str]) -> bool:
            if not self.resembles(reading):
                return False
            quantity = meaning.subject_of(meaning.put(one.expression, reading), vocabulary)
            true = None if quantity is None else finite(truth.of(quantity))
            return true is not None and agrees(number.value, number.unit, true)

        return agreeing

    def has_own(self, expression: Expression, names: tuple[str, ...]) -> bool:
        """Does a side hold a quantity under the scenario's own name?"""
        found = (n for part in walk(expression) for n in meaning.names_of(part))
        return any(name not in names and self.vocabulary.subject(name) is not None for name in found)

    def resembles(self, reading: Mapping[str, str]) -> bool:
        return all(self.vocabulary.resembles(foreign, own) for foreign, own in reading.items())
