"""The reports of `verify`, on a judgement made by hand with a line of every mark.

The goldens (tests/golden/verify_*) are compared exactly; BPTUTOR_UPDATE_GOLDENS=1 writes them anew: then look at them.
What must hold of any report is asserted beside them: nothing is cut, no mark is told by colour alone, carets stand
under what they mean, and what is to be hidden is hidden.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from backprop_tutor.errors import Problem
from backprop_tutor.handwork.claims import MARKS, Judgement
from backprop_tutor.judging.classroom import Marked
from backprop_tutor.render.lines import width_of
from backprop_tutor.render.screen import UNICODE_GLYPHS, make_screen
from backprop_tutor.render.verify import (
    classes as verify_class,
)
from backprop_tutor.render.verify import (
    explain as verify_explain,
)
from backprop_tutor.render.verify import (
    gradebook as verify_csv,
)
from backprop_tutor.render.verify import (
    json_document as verify_json,
)
from backprop_tutor.render.verify import (
    markdown as verify_markdown,
)
from backprop_tutor.render.verify import (
    plain as verify_plain,
)
from backprop_tutor.render.verify import (
    terminal as verify_terminal,
)
from backprop_tutor.render.verify.families import families, numbered
from backprop_tutor.render.verify.options import VerifyOptions
from backprop_tutor.render.verify.source import rows_of
from backprop_tutor.render.verify.words import Words, practise, shell
from tests.verdicts import NAME, judgement, vocabulary

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("BPTUTOR_UPDATE_GOLDENS") == "1"
OPTIONS = VerifyOptions(scenario=NAME, quiet=False)
QUIET = VerifyOptions(scenario=NAME, quiet=True)
WIDTHS = (60, 80, 120)
LOOKS = ("color", "no_color", "ascii")


def golden(name: str, text: str) -> str:
    path = GOLDEN / name
    if UPDATE:
        path.write_bytes(text.encode())
    return path.read_bytes().decode()


def screen_text(
    show: Callable[..., None], *arguments: object, width: int = 80, look: str = "no_color", plain: bool = False
) -> str:
    stream = io.StringIO()
    color = "always" if look == "color" else "never"
    show(*arguments, make_screen(stream, color, look == "ascii", width, plain, io.StringIO(), {}))  # type: ignore[arg-type]
    return stream.getvalue()


def terminal(
    options: VerifyOptions = OPTIONS, width: int = 80, look: str = "no_color", of: Judgement | None = None
) -> str:
    return screen_text(verify_terminal.show, of or judgement(), vocabulary().graph, options, width=width, look=look)


def plain(options: VerifyOptions = OPTIONS) -> str:
    return screen_text(verify_plain.show, judgement(), vocabulary().graph, options, plain=True)


def class_of_three() -> list[Marked]:
    broken = Marked("=broken.md", NAME, None, (Problem("the sheet can't be read: Is a directory"),))
    return [Marked("ada.md", NAME, judgement("ada.md")), Marked("bob.md", NAME, judgement("bob.md")), broken]


# ---------------------------------------------------------------- goldens
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("look", LOOKS)
def test_golden(look: str, width: int) -> None:
    text = terminal(width=width, look=look)
    assert text == golden(f"verify_report.{width}.{look}.txt", text)


def test_golden_plain() -> None:
    text = plain()
    assert text.isascii()
    assert text == golden("verify_report.plain.txt", text)


def test_golden_markdown() -> None:
    text = verify_markdown.report(judgement(), vocabulary().graph, OPTIONS)
    assert text == golden("verify_report.md", text)


def test_golden_json() -> None:
    text = verify_json.report(class_of_three(), OPTIONS)
    assert text == golden("verify_report.json", text)


def test_golden_csv() -> None:
    text = verify_csv.report(class_of_three(), OPTIONS)
    assert text == golden("verify_report.csv", text)


@pytest.mark.parametrize("width", WIDTHS)
def test_golden_class(width: int) -> None:
    text = screen_text(verify_class.show, class_of_three(), OPTIONS, width=width)
    assert text == golden(f"verify_class.{width}.txt", text)


def test_golden_class_plain_and_markdown() -> None:
    text = screen_text(verify_class.show, class_of_three(), OPTIONS, plain=True)
    assert text.isascii()
    assert text == golden("verify_class.plain.txt", text)
    text = verify_class.markdown(class_of_three(), OPTIONS, Words(OPTIONS, UNICODE_GLYPHS))
    assert text == golden("verify_class.md", text)


# ---------------------------------------------------------------- what must hold
@pytest.mark.parametrize("width", [40, *WIDTHS, 200])
@pytest.mark.parametrize("look", ["no_color", "ascii"])
def test_nothing_is_cut_and_nothing_sticks_out(look: str, width: int) -> None:
    text = terminal(width=width, look=look)
    too_wide = [line for line in text.splitlines() if width_of(line) > max(width, 60)]
    assert too_wide == []
    squeezed = re.sub(r"\s", "", text)
    glyphs = make_screen(io.StringIO(), ascii=look == "ascii", width=width, environ={}).glyphs
    for verdict in judgement().verdicts:
        assert re.sub(r"\s", "", glyphs.text(verdict.claim.text)) in squeezed


@pytest.mark.parametrize("look", LOOKS)
def test_every_mark_is_a_word_or_a_glyph_of_its_own(look: str) -> None:
    text = terminal(look=look)
    for mark in set(MARKS) - {"right"}:
        assert f"{mark}:" in re.sub(r"\x1b\[[\d;]*m", "", text)
    glyphs = make_screen(io.StringIO(), ascii=look == "ascii", environ={}).glyphs
    shown = [Words(OPTIONS, glyphs).glyph(mark) for mark in MARKS]
    assert len(set(shown)) == len(MARKS)
    assert look != "ascii" or text.isascii()


def test_carets_stand_under_what_is_at_fault() -> None:
    lines = terminal(width=120).splitlines()
    expected = {
        "should be 0.2": "0.12",
        "should be 0.3775": "0.3695",
        "b2 belongs here": "b1",
        "should be 0.408666": "0.410",
    }
    for label, part in expected.items():
        row = next(i for i, line in enumerate(lines) if "^" in line and line.endswith(label))
        start, end = lines[row].index("^"), lines[row].rindex("^") + 1
        source = next(line for line in reversed(lines[:row]) if "^" not in line)
        assert source[start:end] == part


def test_carets_follow_a_wrapped_line() -> None:
    lines = terminal(width=60).splitlines()
    row = next(i for i, line in enumerate(lines) if "^" in line and "should be 0.3775" in line)
    start, end = lines[row].index("^"), lines[row].rindex("^") + 1
    source = next(line for line in reversed(lines[:row]) if "^" not in line)
    assert source[start:end] == "0.3695"


def test_rows_of_a_long_line_are_the_line() -> None:
    text = "∂Loss/∂w11 = " + " + ".join(f"a_{i}*w_{i}" for i in range(40)) + " = 0.25"
    for width in (24, 40, 80):
        rows = rows_of(text, width, UNICODE_GLYPHS)
        assert " ".join(text[start:end] for start, end in rows) == text
        assert all(end - start <= width for start, end in rows)


def test_habit_and_consequences_are_one_family() -> None:
    found = families(judgement())
    assert [(family.first.line, family.again, family.consequences) for family in found] == [
        (5, (), (6,)), (8, (), ()), (14, (15,), (16,)), (20, (), ()),
    ]  # fmt: skip
    text = terminal()
    assert "The same slip again in line 15." in text
    assert "Line 6 follows from it." in text
    assert numbered([1, 2, 3]) == "lines 1, 2 and 3"


def test_ties_are_shown_as_ties() -> None:
    text = terminal()
    assert "More than one slip gives this number:" in text
    assert "[rate-missing]" in text
    assert "[one-digit]" in text


def test_no_reveal_hides_every_right_value() -> None:
    hidden = VerifyOptions(scenario=NAME, reveal=False)
    reports = [
        terminal(hidden),
        plain(hidden),
        verify_markdown.report(judgement(), vocabulary().graph, hidden),
        verify_json.report(class_of_three(), hidden),
        verify_csv.report(class_of_three(), hidden),
    ]
    for verdict in judgement().verdicts:
        reports.append(screen_text(_explained, verdict, hidden))
    for text in reports:
        for value in ("0.2 belongs", "0.3775", "0.5932", "0.596884", "0.1384", "0.138", "0.0821", "0.40866"):
            assert value not in text


def _explained(verdict: object, options: VerifyOptions, screen: object) -> None:
    for block in verify_explain.blocks(verdict, None, Words(options, screen.glyphs), 80):  # type: ignore[arg-type, attr-defined]
        screen.show(block)  # type: ignore[attr-defined]


def test_only_keeps_lines_and_not_counts() -> None:
    text = terminal(VerifyOptions(scenario=NAME, only=("close",)))
    assert "a_h2 = 1/(1 + e^(-h2))" in text
    assert "w22'" not in text
    assert "Mistakes" not in text
    assert "5 wrong" in text


def test_digits() -> None:
    assert "0.59" in terminal(VerifyOptions(scenario=NAME, digits=2))
    assert "right: 0.593269992" in terminal(VerifyOptions(scenario=NAME, digits=9), width=120)


def test_quiet_proposes_nothing() -> None:
    assert "bptutor" not in terminal(QUIET)
    assert "bptutor" not in plain(QUIET)
    assert "bptutor quiz two_sigmoid_outputs --only o1" in terminal(OPTIONS)


def test_commands_are_fit_for_a_shell() -> None:
    wrong = judgement().verdicts[-1]
    assert practise(wrong, OPTIONS) == f"bptutor quiz {NAME} --only w22"
    assert shell("a b") == '"a b"'
    assert shell('say "$x"') == "'say \"$x\"'"
    assert practise(wrong, VerifyOptions(scenario="-")) == ""


def test_json_has_exactly_the_documented_keys() -> None:
    sheets = json.loads(verify_json.report(class_of_three(), OPTIONS))["sheets"]
    assert [set(sheet) for sheet in sheets] == 3 * [
        {"path", "scenario", "claims", "summary", "score", "remarks", "problems"}
    ]
    claim = sheets[0]["claims"][0]
    assert set(claim) == {
        *("line", "source_line", "source_lines", "text", "quantity", "mark", "code", "stated", "expected"),
        *("follows_from", "message", "explanations", "links"),
    }
    assert set(claim["links"][0]) == set("kind left right mark code stated expected message".split())
    assert claim["source_line"] == 7
    assert claim["source_lines"] == [7, 9]
    explanation = sheets[0]["claims"][3]["explanations"][0]
    assert set(explanation) == {"code", "message", "lines_explained", "confidence"}
    assert sheets[0]["summary"] == dict(judgement().summary)
    assert sheets[2]["problems"] == ["the sheet can't be read: Is a directory"]


def test_gradebook_opens_in_a_spreadsheet() -> None:
    rows = list(csv.DictReader(io.StringIO(verify_csv.report(class_of_three(), OPTIONS))))
    assert rows[0]["sheet"] == "ada.md"
    assert (rows[0]["earned"], rows[0]["counted"], rows[0]["score"]) == ("6", "11", "0.5455")
    assert rows[0]["first_code"] == "miscopied-operand"
    assert rows[2]["sheet"] == "'=broken.md"  # no formula for a spreadsheet
    assert rows[2]["problem"]


def test_hostile_text_stays_text() -> None:
    """Control characters, markup and Markdown in a sheet reach the screen as what they are."""
    from backprop_tutor.handwork import plain_reader as handwork
    from backprop_tutor.judging.judge import Judge

    text = "h1 = 0.3775 \x1b[31m@7\n[bold]h1[/bold] = |0.1|`` <b>\n"
    judged = Judge(vocabulary().graph).judge(handwork.read(text, vocabulary(), "\x1b[2Jevil|.md"))
    shown = terminal(of=judged)
    assert "\x1b" not in shown
    report = verify_markdown.report(judged, vocabulary().graph, OPTIONS)
    assert "\x1b" not in report
    assert "evil\\|.md" in report
