"""No honest line is condemned: people who round or cut off every step, and go on with what they have."""

from __future__ import annotations

from collections import Counter

from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.judging.judge import Judge
from tests.honest import people

PEOPLE = 260  # some ten thousand lines


def test_no_honest_line_in_ten_thousand_is_condemned() -> None:
    marks: Counter[str] = Counter()
    condemned = []
    for trace, text, who in people(PEOPLE, seed=2026):
        judge = Judge(trace.graph, trace)
        for verdict in judge.judge(handwork.read(text, judge.vocabulary)).verdicts:
            marks[verdict.mark] += 1
            if verdict.mark not in ("right", "close"):
                condemned.append(f"{who}: {verdict.claim.text}: {verdict.mark} [{verdict.code}] {verdict.message}")
    assert sum(marks.values()) >= 9_000
    assert not condemned, "\n".join(condemned[:10])
    # the marks are not given away either: rounding shows as 'close' where it moved a digit
    assert marks["close"] > sum(marks.values()) / 20
