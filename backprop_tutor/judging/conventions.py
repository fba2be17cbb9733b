"""Other common ways of writing, told apart from mistakes: ½ or none, sum or mean, the sign of δ, frozen biases, ...

A convention is a change of the truth that a whole sheet shares. It is accepted only when at least two lines that are
wrong without it become right with it and none gets worse; then it is said once, and the sheet is judged under it. One
line alone is never excused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..engine.graph import Graph
from ..engine.network import Network
from ..formulas.expression import Derivative, Expression, Name, Number, Product, Sum, ungrouped, walk
from ..handwork.claims import Claim, Judgement, Verdict
from ..handwork.exact import agrees, finite
from ..handwork.quantities import Gradient, Subject, Value
from ..values import replace
from .person import Convention
from .session import Session

if TYPE_CHECKING:
    from .judge import Judge

INDEPENDENT_LINES = 2
MOST_LISTED = 4  # losses named in a sentence
ROUNDING = Fraction(1, 10**12)  # of a value, by doubles on another way to it
ROOM = 20  # units of the last digit: a line farther away than this can't be right under a convention


def conventions(network: Network) -> tuple[Convention, ...]:
    """The conventions that may differ in a scenario."""
    graph = network.graph
    loss = graph.name(graph.loss)
    whole = frozenset([graph.loss])
    found = [
        Convention("convention-sign", -1.0, 1.0, whole, whole, -1.0,
                   sentence=f"you write gradients of {loss} with the opposite sign and add them in the update"),
        Convention("convention-frozen-bias", frozen_bias=True, sentence="you leave the biases as they are"),
        Convention("convention-updated-weights", updated_weights=True,
                   sentence="you update a layer before you go back through it: the hidden layer sees the new weights"),
        Convention("convention-index-order", transposed=True,
                   sentence="you write the two indices of the weights in the other order"),
    ]  # fmt: skip
    found += _halves(network)
    terms = _loss_terms(graph)
    if terms > 1:
        found.append(_scaled("convention-mean", 1 / terms, whole, whole,
                             f"you average over the {terms} parts of {loss}"))  # fmt: skip
        found.append(_scaled("convention-mean", float(terms), whole, whole,
                             f"you add up the {terms} parts of {loss}"))  # fmt: skip
    return tuple(found)


def _scaled(code: str, factor: float, at: frozenset[int], scaled: frozenset[int], sentence: str) -> Convention:
    return Convention(code, factor, factor, at, scaled, sentence=sentence)


def _halves(network: Network) -> Iterator[Convention]:
    """The ½ of the loss left out, or put there; where the loss adds up others, in those or in the whole."""
    graph = network.graph
    whole = frozenset([graph.loss])
    loss = network.loss(graph.loss)
    parts = frozenset(graph.id(name) for _, name in loss.parts) if loss is not None and not loss.terms else frozenset()
    places = [parts] if any(map(_has_half, map(graph.node_formula, parts))) else [parts, whole]
    for at in filter(None, places):
        halved = any(map(_has_half, map(graph.node_formula, at)))
        names = graph.name(graph.loss) if at == whole else _listed(graph, at)
        if halved:
            sentence = f"you leave out the ½ of {names}: everything after it doubles"
        else:
            sentence = f"you put a ½ in front of {names}: everything after it halves"
        yield _scaled("convention-half", 2.0 if halved else 0.5, at, at | whole, sentence)


def _listed(graph: Graph, nodes: Iterable[int]) -> str:
    """`E1 and E2`, `L#1, L#2 and L#3`; of many the first and how many more."""
    names = [graph.name(node) for node in sorted(nodes)]
    if len(names) > MOST_LISTED:
        names = [*names[: MOST_LISTED - 1], f"{len(names) - MOST_LISTED + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _loss_terms(graph: Graph) -> int:
    """How many parts the loss adds up."""
    whole = ungrouped(graph.node_formula(graph.loss))
    if isinstance(whole, Product):
        sums = [ungrouped(f) for _, f in whole.factors if isinstance(ungrouped(f), Sum)]
        whole = sums[0] if sums else whole
    return len(whole.terms) if isinstance(whole, Sum) else 1


def _has_half(formula: Expression) -> bool:
    """Is there a ½ in a formula?"""
    return any(
        (how == "*" and factor.value == Fraction(1, 2)) or (how == "/" and factor.value == 2)
        for part in walk(formula)
        if isinstance(part, Product)
        for how, inner in part.factors
        if isinstance(factor := ungrouped(inner), Number)
    )


# ---------------------------------------------------------------- which one a sheet follows
def under_convention(
    plain: Judgement, possible: Sequence[Convention], again: Callable[[Convention], Sequence[Verdict] | None]
) -> tuple[tuple[Verdict, ...], Convention | None]:
    """The verdicts under the convention that the sheet follows, or the plain ones.

    `again` judges the sheet under a convention; None where a line got worse.
    """
    best: tuple[int, Convention, Sequence[Verdict]] | None = None
    for convention in possible:
        verdicts = again(convention)
        if verdicts is None or not _followed(plain.verdicts, verdicts, convention):
            continue
        gained = sum(a.mark == "wrong" and b.mark != "wrong" for a, b in zip(plain.verdicts, verdicts, strict=True))
        if best is None or gained > best[0]:
            best = (gained, convention, verdicts)
    if best is None:
        return plain.verdicts, None
    _, convention, verdicts = best
    out: list[Verdict] = []
    said = False
    for before, after in zip(plain.verdicts, verdicts, strict=True):
        good = after.mark in ("right", "close", "notation")
        if (good and before.mark in ("wrong", "follows")) or (after.mark == "right" and before.mark == "close"):
            message = "under the same convention" if said else convention.sentence
            said = True
            out.append(replace(after, mark="convention", code=convention.code, message=message, explanations=()))
        else:
            out.append(after)
    return tuple(out), convention


def _followed(plain: Sequence[Verdict], verdicts: Sequence[Verdict], convention: Convention) -> bool:
    """Do enough lines become right, and none worse?"""
    pairs = list(zip(plain, verdicts, strict=True))
    if any(worse(a, b, convention) for a, b in pairs):
        return False
    good = ("right", "close", "notation")
    healed = {a.quantity for a, b in pairs if a.mark == "wrong" and b.mark in good}
    if convention.ascent < 0:
        # the sign alone is a mistake; that the update adds what has the other sign makes it a way of writing
        updated = any(b.quantity is not None and b.quantity.endswith("'") and b.mark in good for _, b in pairs)
        also = {a.quantity for a, b in pairs if a.mark == "follows" and b.mark in good}
        return updated and bool(healed) and len(healed | also) >= INDEPENDENT_LINES
    return len(healed) >= INDEPENDENT_LINES


def worse(before: Verdict, after: Verdict, convention: Convention) -> bool:
    """Does a line that was not wrong become wrong, or one that was right become less than that?

    The weights after an update are so near to those before that a line may agree with both to its digits, or nearly.
    """
    if before.mark == "right" and after.mark != "right" and not convention.updated_weights:
        return True
    return before.mark != "wrong" and after.mark == "wrong"


def promising(
    judge: Judge, plain: Sequence[Verdict], session: Session, decided: Callable[[Subject], bool]
) -> list[Convention]:
    """The conventions under which wrong lines may well be right and right ones stay so: looked at one by one, without
    judging the sheet. `decided`: is a quantity's true value certain?"""
    wrong = {v.line for v in plain if v.mark == "wrong"}
    if not wrong:
        return []
    stated = {line.line for lines in session.history.values() for line in lines}
    formulas = {line for _, _, line in session.wrong_formulas}
    claims = [v.claim for v in plain if v.line in wrong]
    found = []
    updated = any(v.quantity is not None and v.quantity.endswith("'") for v in plain)
    for convention in conventions(judge.network):
        least = 1 if convention.ascent < 0 else INDEPENDENT_LINES
        if len(wrong) < least or (convention.ascent < 0 and not updated):
            continue
        if convention.transposed:
            hopeful = wrong if any(map(judge.vocabulary.has_two_orders, map(_spellings, claims))) else set()
        else:
            hopeful = wrong - stated - formulas | _hopeful(judge, judge.under(convention), wrong, session)
        if len(hopeful) >= least and not _contradicted(judge, convention, plain, session, decided):
            found.append(convention)
    return found


def _contradicted(
    judge: Judge,
    convention: Convention,
    plain: Sequence[Verdict],
    session: Session,
    decided: Callable[[Subject], bool],
) -> bool:
    """Does a line state a number that is right, and that under the convention is not its quantity's?

    A number of another reading (of a name of the person's own, of the slope of a formula alone) may be right all the
    same, and so may digits that are not all meant: places filled with zeros, a number that goes on.
    """
    other, graph = judge.under(convention), judge.graph
    if convention.transposed or convention.updated_weights or judge.truth is None or other.truth is None:
        return False
    right = {(v.line, v.quantity) for v in plain if v.mark == "right" and v.code != "definition"}
    for subject, lines in session.history.items():
        before, after = finite(judge.truth.of(subject)), finite(other.truth.of(subject))
        if before is None or after is None or _same(before, after):
            continue
        if isinstance(subject, Gradient) and graph.two_slopes(subject.of, subject.by):
            continue
        quantity = judge.vocabulary.text(subject)
        for line in lines:
            y, unit = line.number.value, line.number.unit
            if line.number.open or line.number.text.lstrip("-").isdecimal() or (line.line, quantity) not in right:
                continue
            if agrees(y, unit, before) and not agrees(y, unit, after) and decided(subject):
                return True
    return False


def _hopeful(judge: Judge, other: Judge, wrong: set[int], session: Session) -> set[int]:
    """Wrong lines whose number or formula may be right for another judge, who is under a convention.

    A value or a slope that is under it what it was (and no 0) is worked out as before: what is wrong of it stays so.
    """
    found: set[int] = set()
    values: set[int] = set()
    for subject, lines in session.history.items():
        at_fault = [line for line in lines if line.line in wrong]
        values |= {line.line for line in at_fault}
        true = finite(other.truth.of(subject)) if at_fault and other.truth is not None else None
        if true is None or judge.truth is None:
            continue
        if isinstance(subject, (Value, Gradient)) and true and _same(finite(judge.truth.of(subject)), true):
            continue
        found |= {a.line for a in at_fault if abs(a.number.value - true) <= max(a.number.unit * ROOM, abs(true) / 50)}
    for subject, formula, number in session.wrong_formulas:
        if number in wrong - values and other.equality.same(other.vocabulary.read(subject), formula, quick=True):
            found.add(number)
    return found


def _same(one: Fraction | None, two: Fraction) -> bool:
    """Are two values one, but for the rounding of doubles?"""
    return one is not None and abs(one - two) <= abs(two) * ROUNDING


def _spellings(claim: Claim) -> set[str]:
    return {part.name for piece in claim.parts for part in walk(piece.expression) if isinstance(part, Name)} | {
        part.by for piece in claim.parts for part in walk(piece.expression) if isinstance(part, Derivative)
    }
