"""Lines about an update rule of the scenario's own: `m = 0.9*m + 0.1*g`, `v_b = 1.4`, `w1' = w1 - η*mhat/(√vhat + ε)`.

`m` alone is the m of one parameter: of the one for which the line is true, else of the one that the lines before are
about. On the right of its own line, and of those above it, it is what the step before has left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..formulas.expression import (
    Derivative,
    Expression,
    Name,
    Power,
    transform,
    walk,
)
from ..handwork import meaning
from ..handwork.claims import Claim, Verdict
from ..handwork.exact import agrees, finite, literal, truncates
from ..handwork.quantities import Gradient, Remembered, Subject, Updated, Value, Vocabulary, Worked
from ..handwork.rule_names import RuleNames
from ..values import replace
from .alignment import has_names

if TYPE_CHECKING:
    from .judge import Judge
    from .session import Session

TELLING_DIGITS = 3  # of a number that is the new weight by no chance
WHOSE = "it is not said whose {} this is: write {}_{}"


def with_rule_names(judge: Judge, claim: Claim, session: Session) -> Claim | str:
    """The claim with the rule's names for one parameter; a sentence where none tells for which."""
    rule = judge.vocabulary.rule
    if rule is None or not claim.parts:
        return claim
    bare = list(dict.fromkeys(_bare_names(judge.vocabulary, rule, claim)))
    if not bare:
        return _with_memory(judge.vocabulary, rule, claim)
    options = [_for_parameter(judge.vocabulary, rule, claim, node) for node in rule.parameters]
    best = [claim for claim in options if _holds(judge, claim, session)]
    if not best:
        renewed = [_for_parameter(judge.vocabulary, rule, claim, node, True) for node in rule.parameters]
        best = [new for new, old in zip(renewed, options, strict=True) if new != old and _holds(judge, new, session)]
        options = renewed if best else options
    said = set(_said(judge.vocabulary, claim)) & set(rule.parameters)
    latest = said.pop() if len(said) == 1 else session.parameter
    if latest is not None and latest in rule.parameters:
        preferred = options[rule.parameters.index(latest)]
        others = [one for one in best if one is preferred or _tells(judge, one, session)]
        return preferred if preferred in best or not others else others[0]
    if best or len(options) == 1:
        return [*best, *options][0]
    name = rule.bare(bare[0])
    assert name is not None
    return WHOSE.format(f"'{bare[0]}'", name[0], judge.graph.name(rule.parameters[0]))


def old_or_new(
    vocabulary: Vocabulary, claim: Claim, session: Session, judged: Callable[[Claim, Session], Verdict]
) -> Verdict:
    """The verdict of a claim; `w1 = 0.8` may be about the weight at hand or the new one, whatever stands around it.

    A later step begins with the weights that the one before has led to, and some write down the new ones alone.
    """
    other = _other_reading(vocabulary, claim)
    if other is None:
        return judged(claim, session)
    before = session.copy()
    verdict = judged(claim, session)
    if verdict.mark != "wrong":
        return verdict
    found = judged(other, before)
    if found.mark not in ("right", "close", "notation"):
        return verdict
    session.become(before)
    return found


def _other_reading(vocabulary: Vocabulary, claim: Claim) -> Claim | None:
    """A claim about a parameter's new value as one about that at hand, where only the context says which; or back."""
    first = claim.parts[0].expression
    if not isinstance(first, Name) or len(claim.parts) < 2:
        return None
    renamed = {typed: own for typed, own in claim.renamed.items() if typed != first.text}
    if len(renamed) < len(claim.renamed) and first.name.endswith("'"):
        name = first.name.removesuffix("'")
    else:
        subject, number = vocabulary.subject(first.name), literal(claim.parts[-1].expression)
        if not isinstance(subject, Value) or vocabulary.graph.block_of(subject.node).kind != "parameter":
            return None
        if number is None or number.digits < TELLING_DIGITS:
            return None
        name = f"{vocabulary.graph.name(subject.node)}'"
        renamed[first.text] = name
    changed = replace(claim.parts[0], expression=replace(first, name=name))
    return replace(claim, parts=(changed, *claim.parts[1:]), renamed=renamed)


def parameter_of(vocabulary: Vocabulary, subject: Subject | None) -> int | None:
    """The parameter that a line is about: its gradient, its new value, one of the rule's lines for it."""
    match subject:
        case Gradient(of, by) if of == vocabulary.graph.loss and vocabulary.graph.block_of(by).kind == "parameter":
            return by
        case Updated(node) | Worked(_, node) | Remembered(_, node):
            return node
        case _:
            return None


def _said(vocabulary: Vocabulary, claim: Claim) -> Iterator[int]:
    """The parameters that a claim names, by themselves or in derivatives."""
    for part in claim.parts:
        for node in walk(part.expression):
            match node:
                case Derivative(_, by) if (found := vocabulary.node(by)) is not None:
                    yield found
                case Name(spelling):
                    match vocabulary.subject(spelling):
                        case Value(found) | Updated(found):
                            yield found
                        case Gradient(_, found):
                            yield found


def _bare_names(vocabulary: Vocabulary, rule: RuleNames, claim: Claim) -> Iterator[str]:
    for part in claim.parts:
        for node in walk(part.expression):
            if isinstance(node, Name) and vocabulary.subject(node.name) is None and rule.bare(node.name):
                yield node.name


def _for_parameter(vocabulary: Vocabulary, rule: RuleNames, claim: Claim, node: int, renewed: bool = False) -> Claim:
    """The claim as one about a parameter; `renewed`: a bare `w` at its beginning is the new one."""
    first = claim.parts[0].expression

    def change(part: Expression) -> Expression:
        if not isinstance(part, Name) or vocabulary.subject(part.name) is not None:
            return part
        found = rule.bare(part.name)
        if found is None:
            return part
        name, now = found
        subject = rule.of(name, node, now is False)
        if name == "w" and now is None and not (renewed and part == first):
            subject = None if subject is None else meaning.subject_of(Name(vocabulary.graph.name(node)), vocabulary)
        return part if subject is None else _named(vocabulary, subject, part)

    parts = tuple(replace(p, expression=transform(p.expression, change)) for p in claim.parts)
    return _with_memory(vocabulary, rule, replace(claim, parts=parts))


def _named(vocabulary: Vocabulary, subject: Subject, typed: Name) -> Expression:
    read = vocabulary.read(subject)
    if isinstance(read, (Name, Derivative)):
        return replace(read, span=typed.span)
    return read


def _with_memory(vocabulary: Vocabulary, rule: RuleNames, claim: Claim) -> Claim:
    """On the right of a line of the rule, names of this line and of later ones as the step before has left them."""
    about = meaning.subject_of(claim.parts[0].expression, vocabulary)
    if not isinstance(about, (Worked, Updated)):
        return claim
    worked = isinstance(about, Worked)

    def change(part: Expression) -> Expression:
        if isinstance(part, Power) and isinstance(part.exponent, Name):
            number = rule.hidden(part.exponent.name, True)
            return part if number is None else replace(part, exponent=_named(vocabulary, number, part.exponent))
        if not worked or not isinstance(part, Name):
            return part
        if (number := rule.hidden(part.name, False)) is not None:
            return _named(vocabulary, number, part)
        subject = vocabulary.subject(part.name)
        if isinstance(subject, Worked) and isinstance(about, Worked) and subject.line >= about.line:
            before = rule.of(rule.rule.lines[subject.line].name, subject.node, True)
            return part if before is None else _named(vocabulary, before, part)
        return part

    first, *others = claim.parts
    return replace(claim, parts=(first, *(replace(p, expression=transform(p.expression, change)) for p in others)))


def _tells(judge: Judge, claim: Claim, session: Session) -> bool:
    """Is a claim's number that of its parameter by no chance: to more than one digit, or exactly?"""
    last = literal(claim.parts[-1].expression)
    if last is None or last.digits > 1:
        return True
    left = meaning.read(claim.parts[0].expression, judge.vocabulary, {}, False, claim.sample).expression
    values = [model.evaluate(left) for model in (judge.truth, session.person) if model is not None]
    return any(abs(value - float(last.value)) <= 1e-12 * abs(value) for value in values)


def _holds(judge: Judge, claim: Claim, session: Session) -> bool:
    """Is the claim true of this parameter, or does it follow from the lines before?"""
    sides = [meaning.read(p.expression, judge.vocabulary, {}, False, claim.sample) for p in claim.parts]
    if any(side.unknown for side in sides) or len(sides) < 2:
        return False
    left, last = sides[0].expression, literal(sides[-1].expression)
    if has_names(sides[1].expression) and not judge.equality.same(left, sides[1].expression, quick=True):
        return False
    if last is None:
        return has_names(sides[1].expression)
    for model in (judge.truth, session.person):
        value = finite(model.evaluate(left)) if model is not None else None
        if value is not None and (agrees(last.value, last.unit, value) or truncates(last.value, last.unit, value)):
            return True
    return False
