"""What somebody typed, in the network's own names; or why it is no answer yet.

Spellings that a typist means alike are read alike (`= 0.1868`, `0.7514x0.2486`, `1.868e−1`). A name has to be one of
the network's: of other spellings only those count whose meaning is evident, and the loss may have any usual name in a
derivative (∂E/∂w). What can't be read, or speaks of something that isn't there, is no miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..errors import FormulaError
from ..formulas.expression import (
    Bracketed,
    Derivative,
    Expression,
    Group,
    MatrixProduct,
    Name,
    Sum,
    transform,
    ungrouped,
    walk,
)
from ..formulas.parse import Notation
from ..formulas.typeset import to_text
from ..handwork import meaning
from ..handwork import plain_reader as handwork
from ..handwork.claims import Part
from ..handwork.meaning import Meaning
from ..handwork.quantities import Gradient, Updated, Value
from ..judging.alignment import has_names
from ..values import Struct, replace
from .replies import Reply, again, unread
from .source import Source
from .types import Item

LOSS_NAMES = ("E", "L", "C", "J", "Loss", "loss", "cost", "error")  # whatever the scenario calls it
_LEAD = re.compile(r"\s*(?:[=≈≃≅]\s*)*")
_EXPONENT = re.compile(r"(?<=\d)([eE])[−–](?=\d)")
_CROSS = re.compile(r"((?:(?<![\w.])(?:\d+\.?\d*|\.\d+)|\))\s*)[xX](?=\s*[\d.(])")
_MOST_NAMED = 3  # unknown names


class Typed(Struct, frozen=True):
    """An answer as a chain of parts in the network's own names; what has names stands before what is calculated.

    `renamed` are the spellings whose meaning had to be found; they count for a right answer and never against anybody.
    """

    parts: tuple[Part, ...]
    renamed: Mapping[str, str]

    @property
    def last(self) -> Expression:
        return self.parts[-1].expression


def read(source: Source, item: Item, text: str) -> Typed | Reply:
    """An answer read, or the reply that asks for another one."""
    notation = handwork.notation_of(source.vocabulary)
    shown = text.strip()
    if len(shown) > handwork.MAX_LINE:
        return unread(f"that has {len(shown)} characters; the limit is {handwork.MAX_LINE}")
    text = _spelt(text, notation)
    begin = _LEAD.match(text).end()  # type: ignore[union-attr]
    try:
        parts = handwork.parts_of(text, begin, len(text.rstrip()), notation)
    except FormulaError as error:
        problem = error.problems[0]
        return unread(problem.message, error.start, error.end, problem.help)
    return _in_own_names(source, item, parts)


def _spelt(text: str, notation: Notation) -> str:
    """Spellings that the notation of sheets doesn't have, by ones of the same length that it has."""

    def cross(found: re.Match[str]) -> str:
        word = re.match(r"\w+", text[found.end() - 1 :])
        is_name = word is not None and notation.names(word[0])
        return found[0] if is_name else f"{found[1]}*"

    text = _EXPONENT.sub(r"\1-", text.replace("~", "≈").replace("∼", "≈"))
    return _CROSS.sub(cross, text)


# ---------------------------------------------------------------- names
def _in_own_names(source: Source, item: Item, parts: tuple[Part, ...]) -> Typed | Reply:
    vocabulary, sample = source.vocabulary, sample_of(source, item)
    expressions = [_with_steps(source, part.expression) for part in parts]
    foreign = dict.fromkeys(name for e in expressions for name in meaning.foreign_names(e, vocabulary))
    losses = {name: source.graph.name(source.graph.loss) for name in foreign if name in LOSS_NAMES}
    evident = {name: own for name in foreign if name not in losses and (own := _evident(source, name))}
    meanings = [meaning.read(e, vocabulary, {**losses, **evident}, False, sample) for e in expressions]
    unknown = dict.fromkeys(name for m in meanings for name in _unknown(source, m))
    if unknown:
        return again(means_nothing(source, list(unknown)), code="unknown-name")
    if any(isinstance(part, (Bracketed, MatrixProduct)) for m in meanings for part in walk(m.expression)):
        return again("That is a whole array; one number is asked.", code="array")
    found = tuple(replace(p, expression=m.expression) for p, m in zip(parts, meanings, strict=True))
    renamed = {name: own for m in meanings for name, own in m.renamed.items() if name in evident}
    bare = any(
        isinstance(ungrouped(m.expression), (Name, Derivative)) and set(m.renamed) & set(evident) for m in meanings
    )
    if bare or (isinstance(item.asked, Name) and item.asked.name in renamed.values()):
        # no answer is a name whose meaning had to be found, and none speaks of what is asked by another name
        return again(means_nothing(source, list(renamed)), code="unknown-name")
    found, about = _without_name(source, item, found)
    if about is not None:
        return again(f"That is about {about}; {to_text(item.asked)} is asked.", code="something-else")
    # what comes to a number says most, wherever it stands
    return Typed(tuple(sorted(found, key=lambda part: not has_names(part.expression))), renamed)


def _unknown(source: Source, read: Meaning) -> Iterator[str]:
    """What means nothing: names, and derivatives of or by what is no quantity (a weight after the update, the rate)."""
    inside: set[str] = set()
    for part in walk(read.expression):
        if isinstance(part, Derivative) and source.subject(part) is None:
            inside |= {part.of, part.by}
            yield to_text(part)
    yield from (name for name in read.unknown if name not in inside)


def sample_of(source: Source, item: Item) -> int | None:
    """The sample that a question is about; None where it is about none."""
    match item.subject:
        case Value(node) | Updated(node) | Gradient(node, _):
            return source.graph.block_of(node).sample
        case _:
            return None


def _evident(source: Source, name: str) -> str | None:
    """The quantity that a foreign spelling evidently means: one with the same first letters and digits."""
    vocabulary = source.vocabulary
    node = vocabulary.meant(name) if vocabulary.array(name) is None else None
    if node is None:
        return None
    own = source.graph.name(node)
    one, two = (re.sub(r"[^a-z]", "", text.casefold()) for text in (name, own))
    alike = one.startswith(two) or two.startswith(one) or one.replace("o", "") == two.replace("o", "")
    return own if one and two and alike else None


def _with_steps(source: Source, formula: Expression) -> Expression:
    """Δw as w' − w."""
    vocabulary = source.vocabulary

    def change(part: Expression) -> Expression:
        node = vocabulary.step_of(part.name) if isinstance(part, Name) else None
        if node is None:
            return part
        new, old = vocabulary.read(Updated(node)), vocabulary.read(Value(node))
        return Group(Sum(((1, new), (-1, old)), part.span), part.span)

    return transform(formula, change)


def means_nothing(source: Source, names: list[str]) -> str:
    """`'help' means nothing here.`"""
    quoted = [f"'{name}'" for name in names[:_MOST_NAMED]]
    listed = " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
    verb = "means" if len(quoted) == 1 else "mean"
    array = next((name for name in names if source.vocabulary.array(name) is not None), None)
    if array is not None:
        return f"'{array}' is a whole array; one number is asked."
    return f"{listed} {verb} nothing here."


def _without_name(source: Source, item: Item, parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], str | None]:
    """The parts without a first one that repeats what is asked; the name of what they are about instead."""
    if len(parts) < 2:
        return parts, None
    first = ungrouped(parts[0].expression)
    if first == ungrouped(item.asked):
        return parts[1:], None
    subject = meaning.subject_of(first, source.vocabulary)
    if subject is not None and subject != item.subject and item.form != "factor":
        return parts, source.vocabulary.text(subject)
    return parts, None
