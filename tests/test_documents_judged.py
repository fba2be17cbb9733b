"""The sheets of all five documents: every line gets the mark that its comment says, decided by reading."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.claims import Judgement, Verdict
from backprop_tutor.judging.expectations import mismatches
from tests.judging import judge_of, shown

SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"
DOCUMENTS = {
    "symbolic_cross_entropy": 12,
    "shared_weights": 65,
    "linear_two_errors": 73,
    "matrix_softmax": 33,
    "two_sigmoid_outputs": 48,
}


@cache
def judgement_of(name: str) -> Judgement:
    judge = judge_of(name)
    return judge.judge(handwork.read_file(str(SCENARIOS / f"{name}.hand.md"), judge.vocabulary))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_line_gets_the_mark_that_it_is_said_to_deserve(name: str) -> None:
    judgement = judgement_of(name)
    assert len(judgement.verdicts) == DOCUMENTS[name]
    assert all(verdict.claim.expected is not None for verdict in judgement.verdicts)
    # a line that is not right says which kind of not right
    coded = [e for v in judgement.verdicts if (e := v.claim.expected) and e.mark not in ("right", "unread")]
    assert all(expected.code for expected in coded)
    wrong = [f"{m.sentence}: {shown(m.verdict)}" for m in mismatches(judgement)]
    assert not wrong, "\n".join(wrong)


TRANSCRIPTS = {path.stem: path for path in (Path(__file__).resolve().parent / "documents").glob("*.txt")}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_transcript_is_judged_like_its_sheet(name: str) -> None:
    """The documents' own LaTeX, prose and pictures: every mistake is found there, with its code, and no other."""
    judge = judge_of(name)
    path = TRANSCRIPTS[str(judge.graph.scenario.document)]
    transcript = judge.judge(handwork.read_file(str(path), judge.vocabulary))
    assert transcript.summary["unread"] == 0

    def places(verdict: Verdict) -> range:
        """The lines of the transcript that a chain stands in."""
        return range(verdict.line, verdict.line + (verdict.claim.where.source or "").count("\n") + 1)

    for mark in ("wrong", "follows"):
        told = [v for v in transcript.verdicts if v.mark == mark]
        known = [v for v in judgement_of(name).verdicts if v.mark == mark]
        for one in known:
            assert any(one.claim.source_lines[0] in places(v) and v.code == one.code for v in told), shown(one)
        for one in told:
            lines = places(one)
            assert any(v.claim.source_lines[0] in lines and v.code == one.code for v in known), shown(one)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_verdict_but_right_says_why(name: str) -> None:
    for verdict in judgement_of(name).verdicts:
        if verdict.mark != "right":
            assert verdict.code, shown(verdict)
            assert verdict.message, shown(verdict)


def test_a_judge_judges_the_same_sheet_twice_alike() -> None:
    one = judgement_of("linear_two_errors")
    two = judge_of("linear_two_errors").judge(one.sheet)
    assert [(v.mark, v.code, v.message) for v in one.verdicts] == [(v.mark, v.code, v.message) for v in two.verdicts]
