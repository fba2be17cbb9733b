"""The same line gets the same mark, however it is spelt: with and without spaces, in LaTeX, with the signs of print."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

import pytest

from backprop_tutor.formulas.typeset import to_latex, to_text
from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.quantities import Gradient, Subject, Value
from backprop_tutor.judging.judge import Judge
from backprop_tutor.scenario.files import bundled
from backprop_tutor.slips.catalogue import right_forms
from tests.judging import judge_of
from tests.quizzing import typed
from tests.test_documents_judged import DOCUMENTS, SCENARIOS, judgement_of

SUBJECTS = 12  # of a scenario


def compact(text: str) -> str:
    return re.sub(r"(?<=\S) *([-+*/=≈·−]) *(?=\S)", r"\1", text)


SPELT: Mapping[str, Callable[[str], str]] = {
    "compact": compact,
    "wide": lambda text: re.sub(r"(?<=[\w)]) *([-+*/]) *(?=[\w(])", r"  \1  ", text),
    "dots": lambda text: text.replace("*", "·").replace("-", "−"),
    "crosses": lambda text: re.sub(r" ?\* ?", " × ", text),
    "no zero before the point": lambda text: re.sub(r"(?<![\d.\w])0\.(?=\d)", ".", text),
}


def _subjects(judge: Judge) -> list[Subject]:
    graph = judge.network.graph
    values: list[Subject] = [Value(n) for n in range(graph.size) if graph.node(n).formula is not None]
    return [*values, *(Gradient(graph.loss, n) for n in range(graph.size) if n != graph.loss)]


@pytest.mark.parametrize("name", [*bundled()])
def test_every_right_formula_is_right_in_every_spelling(name: str) -> None:
    judge = judge_of(name)
    subjects = _subjects(judge)
    random.Random(name).shuffle(subjects)
    lines: list[str] = []
    for subject in subjects[:SUBJECTS]:
        left = judge.vocabulary.text(subject)
        for form in right_forms(judge.network, subject)[:3]:
            lines += [f"{left} = {spell(form)}" for spell in (typed, to_text, to_latex)]
            lines += [spell(f"{left} = {typed(form)}") for spell in SPELT.values()]
    verdicts = judge.judge(handwork.read("\n".join(lines), judge.vocabulary)).verdicts
    assert len(verdicts) == len(lines) >= SUBJECTS
    assert [f"{v.claim.text}: {v.mark}, {v.message}" for v in verdicts if v.mark != "right"] == []


@pytest.mark.parametrize("spelling", SPELT)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_gets_the_same_marks_in_every_spelling(name: str, spelling: str) -> None:
    own = judgement_of(name)
    claims = {verdict.claim.line for verdict in own.verdicts}
    lines = (SCENARIOS / f"{name}.hand.md").read_text(encoding="utf-8").split("\n")
    for number in claims:
        text, mark, comment = lines[number - 1].partition(" #")
        lines[number - 1] = SPELT[spelling](text) + mark + comment
    judge = judge_of(name)
    other = judge.judge(handwork.read("\n".join(lines), judge.vocabulary))
    assert [(v.claim.line, v.mark, v.code) for v in other.verdicts] == [
        (v.claim.line, v.mark, v.code) for v in own.verdicts
    ]
