"""Other common ways of writing, told apart from mistakes: ½ or none, sum or mean, the sign of δ, frozen biases, ...

A convention is a change of the truth that a whole sheet shares. It is accepted only when at least two lines that are
wrong without it become right with it and none gets worse; then it is said once, and the sheet is judged under it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .claims import Judgement, Verdict
from .graph import Graph
from .person import Convention

INDEPENDENT_LINES = 2


def conventions(graph: Graph) -> tuple[Convention, ...]:
    """The conventions that may differ in a scenario."""
    terms = _loss_terms(graph)
    loss = graph.name(graph.loss)
    found = [
        Convention("convention-sign", -1.0, 1.0, -1.0,
                   sentence=f"you write gradients of {loss} with the opposite sign and add them in the update"),
        Convention("convention-half", 2.0, 2.0, sentence=f"you leave out the ½ of {loss}: everything after it doubles"),
        Convention("convention-half", 0.5, 0.5, sentence=f"you put a ½ in front of {loss}: everything after it halves"),
        Convention("convention-half", 2.0, 1.0,
                   sentence="your gradients keep the factor 2 of a square without ½, the loss has the ½"),
        Convention("convention-frozen-bias", frozen_bias=True, sentence="you leave the biases as they are"),
        Convention("convention-updated-weights", updated_weights=True,
                   sentence="you update a layer before you go back through it: the hidden layer sees the new weights"),
    ]  # fmt: skip
    if terms > 1:
        found.append(
            Convention("convention-mean", 1 / terms, 1 / terms, sentence=f"you average over the {terms} outputs")
        )
        found.append(
            Convention("convention-mean", float(terms), float(terms), sentence=f"you add up the {terms} parts")
        )
    return tuple(found)


def _loss_terms(graph: Graph) -> int:
    """How many parts the loss adds up."""
    from .expression import Product, Sum, ungrouped

    whole = ungrouped(graph.node_formula(graph.loss))
    if isinstance(whole, Product):
        sums = [ungrouped(f) for _, f in whole.factors if isinstance(ungrouped(f), Sum)]
        whole = sums[0] if sums else whole
    return len(whole.terms) if isinstance(whole, Sum) else 1


def under_convention(
    plain: Judgement, graph: Graph, again: Callable[[Convention], Sequence[Verdict]]
) -> tuple[tuple[Verdict, ...], Convention | None]:
    """The verdicts under the convention that the sheet follows, or the plain ones."""
    wrong = [v for v in plain.verdicts if v.mark == "wrong"]
    if len(wrong) < INDEPENDENT_LINES:
        return plain.verdicts, None
    best: tuple[int, Convention, Sequence[Verdict]] | None = None
    for convention in conventions(graph):
        verdicts = again(convention)
        gained = sum(a.mark == "wrong" and b.mark != "wrong" for a, b in zip(plain.verdicts, verdicts, strict=True))
        lost = sum(a.mark != "wrong" and b.mark == "wrong" for a, b in zip(plain.verdicts, verdicts, strict=True))
        healed = [
            a for a, b in zip(plain.verdicts, verdicts, strict=True)
            if a.mark == "wrong" and b.mark in ("right", "close", "notation")
        ]  # fmt: skip
        if lost or len({v.quantity for v in healed}) < INDEPENDENT_LINES:
            continue
        if best is None or gained > best[0]:
            best = (gained, convention, verdicts)
    if best is None:
        return plain.verdicts, None
    _, convention, verdicts = best
    out: list[Verdict] = []
    said = False
    for before, after in zip(plain.verdicts, verdicts, strict=True):
        if before.mark in ("wrong", "follows", "close") and after.mark in ("right", "close", "notation"):
            message = "under the same convention" if said else convention.sentence
            said = True
            out.append(replace(after, mark="convention", code=convention.code, message=message, explanations=()))
        else:
            out.append(after)
    return tuple(out), convention
