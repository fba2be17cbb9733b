"""A class of sheets: scores, common slips, both cores, and sheets that can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_tutor.handwork.claims import MARKS
from backprop_tutor.judging import classroom, expectations
from backprop_tutor.judging.chain import Chain
from backprop_tutor.judging.classroom import Judges, Marked, Paper, Score, Source, common_slips, judge_all, score
from tests.verdicts import NAME, judgement

SOURCE = Source("linear_two_errors")
RIGHT = "a1 = 1.5\nh1 = 3.0\n"
WRONG = "a1 = 1.5\nh1 = 2.0\n"


def papers(folder: Path, texts: dict[str, str | bytes]) -> list[Paper]:
    found = []
    for name, text in texts.items():
        file = folder / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        found.append(Paper(SOURCE, str(file)))
    return found


def test_score_of_every_mark() -> None:
    whole = judgement()
    assert {v.mark for v in whole.verdicts} == set(MARKS)
    # 11 lines count: all but the unknown and the unread one; the five wrong ones earn nothing
    assert score(whole) == Score(6, 11)
    assert score(whole, strict=True) == Score(5, 11)
    assert Score(0, 0).share is None
    assert classroom.at_fault(whole)
    slip = classroom.first_slip(whole)
    assert slip is not None
    assert slip.line == 5


def test_common_slips_count_sheets_before_lines() -> None:
    marked = [Marked("a.md", NAME, judgement()), Marked("b.md", NAME, judgement()), Marked("c.md", NAME, None)]
    found = common_slips(marked)
    assert [(slip.code, slip.sheets, slip.lines) for slip in found] == [
        ("activation-for-slope", 2, 4), ("miscopied-operand", 2, 4), ("wrong", 2, 2),
    ]  # fmt: skip
    assert found[0].path == "a.md"
    assert found[0].example.line == 14


def test_parallel_and_serial_are_identical(tmp_path: Path) -> None:
    sheets = papers(tmp_path, {f"{i:02}.md": (RIGHT, WRONG, "no equation here\n")[i % 3] for i in range(9)})
    steps: list[int] = []
    together = judge_all(sheets, Judges(), 2, steps.append)
    alone = judge_all(sheets, Judges(), 1)
    assert together == alone
    assert [one.path for one in together] == [paper.path for paper in sheets]
    assert steps == list(range(1, 10))


def test_one_judge_for_many_sheets_remembers_nothing(tmp_path: Path) -> None:
    first, second = papers(tmp_path, {"first.md": "v = h1 + 1\nh1 = 0.9\na21 = 0.18\n", "second.md": WRONG})
    judges = Judges()
    judges.mark(first)
    assert judges.mark(second) == Judges().mark(second)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no equation"),
        (b"# only\n\nprose\n", "no equation"),
        (b"\x00\x01\x02 h1 = 3\n", "no text"),
        ("h1 = 0.3775\n".encode("utf-16"), "no text"),
    ],
)
def test_unusable_sheets_are_told(tmp_path: Path, text: bytes, message: str) -> None:
    (paper,) = papers(tmp_path, {"sheet.md": text})
    marked = Judges().mark(paper)
    assert marked.judgement is None
    assert message in marked.problems[0].message


def test_a_bad_sheet_stops_nobody(tmp_path: Path) -> None:
    (good,) = papers(tmp_path, {"good.md": RIGHT})
    sheets = [
        Paper(SOURCE, str(tmp_path)), good, Paper(SOURCE, str(tmp_path / "missing.md")), Paper(SOURCE, "said", WRONG),
    ]  # fmt: skip
    marked = judge_all(sheets, Judges(), 1)
    assert [one.judgement is not None for one in marked] == [False, True, False, True]
    assert marked[3].path == "said"


def test_stray_bytes_cost_nothing_but_their_own_line(tmp_path: Path) -> None:
    (paper,) = papers(tmp_path, {"latin.md": b"Gr\xfc\xdfe\nh1 = 3.0\n"})
    marked = Judges().mark(paper)
    assert marked.judgement is not None
    assert [v.mark for v in marked.judgement.verdicts] == ["right"]


def test_what_goes_wrong_in_one_line_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (paper,) = papers(tmp_path, {"sheet.md": b"h1 = 3.0\na1 = 0.5\na1 = 1.5\n"})
    plain = Chain.value_link

    def failing(chain: Chain, foreign: tuple[str, ...]) -> None:
        if chain.claim.line == 2:
            raise RecursionError("never expected")
        plain(chain, foreign)

    monkeypatch.setattr(Chain, "value_link", failing)
    judges = Judges()
    marked = judges.mark(paper)
    assert marked.judgement is not None
    assert [(v.mark, v.code) for v in marked.judgement.verdicts][1] == ("unknown", "not-judged")
    assert [v.mark for v in marked.judgement.verdicts][::2] == ["right", "right"]
    assert "could not judge this line" in marked.judgement.verdicts[1].message
    assert {type(error) for error in judges.of(paper.source).failures} == {RecursionError}


def test_without_processes_the_work_is_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> None:
        raise OSError("no processes")

    monkeypatch.setattr(classroom, "ProcessPoolExecutor", refused)
    sheets = papers(tmp_path, {f"{i}.md": RIGHT for i in range(8)})
    assert all(one.judgement is not None for one in judge_all(sheets, Judges(), 2))


# ---------------------------------------------------------------- expected marks
def test_mismatches_name_line_and_both_marks() -> None:
    text = "a1 = 1.5  # right\nh1 = 3.0  # wrong [sign]\na21 = 0.6\na22 = 0.4  # wrong\na1 = 1.5  # right [rounded]\n"
    whole = Judges().mark(Paper(SOURCE, "sheet", text)).judgement
    assert whole is not None
    assert expectations.expectations(whole) == 4
    found = [mismatch.sentence for mismatch in expectations.mismatches(whole)]
    assert found == [
        "line 2: expected wrong [sign], got right",
        "line 5: expected right [rounded], got right [exact]",
    ]
