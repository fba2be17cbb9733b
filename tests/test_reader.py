"""Hostile and broken sheets: no crash, no hang, nothing evaluated, no line lost, none harmed by its neighbour."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprop_tutor.handwork import layout
from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.claims import MARKS, Sheet
from tests.judging import judge_of, judged, shown

SHEETS = sorted((Path(__file__).resolve().parent.parent / "scenarios").glob("*.hand.md"))
REAL = {
    path.name.removesuffix(".hand.md"): [line for line in path.read_text(encoding="utf-8").splitlines() if "=" in line]
    for path in SHEETS
}
LATEX = (
    r"\frac \frac{ \partial \delta _{ ^{ } {o1} {+} \left( \right) \cdot \sum \begin{bmatrix} \end{bmatrix} & \\ \hat{y} "
    r"\text{net} $ $$ \eta \sqrt \Rightarrow \quad w_5 w_{5} = 0.5 | - * ** ` • → ; : # // ~= := ← -= += 1. a) (since"
).split(" ")
SECONDS = 1.0  # of processor time for one line, read and judged, on a slow machine
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
reading = settings(relaxed, max_examples=300)
judging = settings(relaxed, max_examples=60)

PIECES = (
    "h1 net_h1 o1 w1 w5 E dE/dw5 ∂E/∂h1 dE/d σ(net_h1) σ' e^ exp( log( sqrt( w5' w5_new η foo y_3 h1#2 [ ] ( ) { } + - − * × · / ÷ "
    "^ ** ² ⁻¹ = == ≈ → , ; : . ... \u2026 % ½ 0.5933 0.15 1e5 1e999 9**9**9 .5 1_000 0x10 0,38 8.2×10^-2 @39 # ` $ \\ | < > ! ? "
    "__import__('os') ().__class__ lambda print( eval( \x00 \u202e \ud7ff \U0001f600 and so d ∂ W1[2,3] [1, 2] [..."
).split(" ")


def lines_judged(scenario: str, text: str) -> float:
    """Processor time for a sheet; every claim gets a mark."""
    judge = judge_of(scenario)
    start = time.process_time()
    verdicts = judge.judge(handwork.read(text, judge.vocabulary)).verdicts
    spent = time.process_time() - start
    assert all(v.mark in MARKS for v in verdicts)
    return spent


# ---------------------------------------------------------------- reading
@given(st.text(max_size=300))
@reading
def test_any_text_can_be_read(text: str) -> None:
    assert no_line_lost(handwork.read(text, judge_of("sigmoid").vocabulary))


@given(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join))
@reading
def test_any_heap_of_symbols_can_be_read(text: str) -> None:
    assert no_line_lost(handwork.read(text, judge_of("sigmoid").vocabulary))


@given(st.lists(st.sampled_from((*PIECES, *LATEX)), max_size=20).map("".join))
@reading
def test_any_heap_of_latex_can_be_read(text: str) -> None:
    sheet = handwork.read(text, judge_of("sigmoid").vocabulary)
    for claim in sheet.claims:
        for part in claim.parts:
            assert claim.where.source is not None
            assert part.text == claim.where.source[part.start : part.end].replace("\n", " ")


PLAIN = re.compile(r"(?:^|\s)(?:h1|o1|w5|0\.5933|0\.15)\s+=\s+(?:h1|o1|w5|0\.5933|0\.15)(?:\s|$)")
SPECIAL = re.compile(r"[\\{}$()\[\]|`]|#|//|[<>!:@]")


def no_line_lost(sheet: Sheet) -> bool:
    """A line that says `h1 = 0.5933` in so many words is a claim, whatever stands around it."""
    claimed = {claim.line + i for claim in sheet.claims for i in range((claim.where.source or "").count("\n") + 1)}
    return all(
        number in claimed or SPECIAL.search(line) or not PLAIN.search(line)
        for number, line in enumerate(sheet.lines, 1)
    )


def test_every_real_line_is_a_claim() -> None:
    for name, lines in REAL.items():
        for line in lines:
            if not line.startswith("#") and re.search(r"\w\s*=", line):
                assert handwork.read(line, judge_of(name).vocabulary).claims, line


# ---------------------------------------------------------------- judging what was mutated
@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A real line with pieces left out, doubled, exchanged or put in."""
    name = draw(st.sampled_from(sorted(REAL)))
    line = re.sub(r"  # .*", "", draw(st.sampled_from(REAL[name])))
    for _ in range(draw(st.integers(1, 4))):
        at, to = sorted((draw(st.integers(0, len(line))), draw(st.integers(0, len(line)))))
        to = min(to, at + 12)
        kind = draw(st.sampled_from(("cut", "double", "put", "replace", "digit")))
        if kind == "cut":
            line = line[:at] + line[to:]
        elif kind == "double":
            line = line[:to] + line[at:to] + line[to:]
        elif kind == "digit":
            line = re.sub(r"\d", lambda m: str((int(m[0]) + 3) % 10), line, count=draw(st.integers(1, 3)))
        else:
            piece = draw(st.sampled_from(PIECES))
            line = line[:at] + piece + line[at if kind == "put" else to :]
    return name, line


@given(mutated())
@judging
def test_mutated_lines_are_judged(case: tuple[str, str]) -> None:
    name, line = case
    assert lines_judged(name, line) < SECONDS, line


@given(st.lists(st.sampled_from(PIECES), min_size=2, max_size=14), st.lists(st.sampled_from(PIECES), max_size=8))
@judging
def test_heaps_of_symbols_are_judged(before: list[str], after: list[str]) -> None:
    text = " ".join(before) + " = " + " ".join(after)
    assert lines_judged("sigmoid", text) < SECONDS, text


# ---------------------------------------------------------------- hostile on purpose
DEEP = "(" * 39 + "h1" + ")" * 39
HOSTILE = (
    "h1 = __import__('os').getpid()",
    "h1 = ().__class__.__bases__[0].__name__",
    "h1 = print(1)",
    "h1 = open('/etc/passwd').read()",
    "h1 = lambda: 1",
    "h1 = 9**9**9",
    "h1 = 9^9^9^9 = 1",
    "h1 = ((((9^64)^64)^64)^64)^64",
    "h1 = (9^64)*(9^64)*(9^64)*(9^64)*(9^64)*(9^64) = 5",
    "h1 = 1/(0.5 - 0.5) = 1",
    "h1 = 1/(0.5 - 0.4) = 3",
    "h1 = 0.5/0 = 0",
    "h1 = 0^-1 = 0",
    "h1 = (-8)^(1/3) = 2",
    "h1 = log(-1) = log(0)",
    "h1 = exp(exp(exp(100))) = 1",
    "h1 = factorial(10**7)",
    "h1 = 1e9999999",
    "h1 = 1e30 = 1e-30",
    "h1 = " + "9" * 500,
    "h1 = " + "-" * 900 + "1",
    "h1 = " + "+".join(["1"] * 400),
    "h1 = " + "*".join(["h1"] * 300),
    f"h1 = {DEEP}",
    "h1 = " + "(" * 900,
    "h1 = " + "[" * 300 + "1" + "]" * 300,
    "h1 = " + "e^" * 200 + "1",
    "h1 = " + "√" * 200 + "4",
    "h1 = " + " = ".join(["0.5"] * 300),
    "h1 = " + "= " * 30,
    "h1" + " = w1" * 19,
    "=" * 500,
    "h1 = " + "d/dh1 (" * 30 + "h1" + ")" * 30,
    "h1 = \x00\x01\x02",
    "h1 = \u202e5.0",
    "h1 = ١٢٣",
    "h1 = 0.5933\u200b",
    "ｈ１ = ０.５",
    "h1 = ∂∂∂∂",
    "h1 = ∂E/∂(∂E/∂h1)",
    "h1 = W1[999999999999,1]",
    "h1 = w1[2:3]",
    "h1 = softmax(h1, h2, h3)",
    "h1 = max()",
    "h1 = σ''''(net_h1)",
    "h1 = σ(net_h1, 3)",
    "h1 = 1_000 = 0x10",
    "h1 = e = π",
    "E = e^E = E^e",
    "h1' = h1''",
    "w5' = w5'",
    "w5' = w5 - w5' = 0",
    "h1 = foo(bar) = baz",
    "[1, 2] = [h1, h2]",
    "(h1 + h2)*(h1 + h2)*(h1 + h2) = (0.1 + 0.2)*(0.3 + 0.4)*(0.5 + 0.6) = 7",
    "a + b + c + d = a*b*c*d = f",
    "x1 = x2 = x3 = x4 = x5 = 1",
)


@pytest.mark.parametrize("line", HOSTILE, ids=[line[:40] for line in HOSTILE])
def test_hostile_lines(line: str) -> None:
    assert lines_judged("sigmoid", line) < SECONDS
    before, *_, after = judged("sigmoid", f"net_h1 = 0.3775\n{line}\nh2 = 0.59688").verdicts
    assert (before.mark, after.mark) == ("right", "right")


def test_numbers_in_any_order_are_matched_without_trying_every_order_of_every_order() -> None:
    left = "*".join(f"({'+'.join(f'w{k}' for k in range(1, 6))})" for _ in range(5))
    right = "*".join(f"({'+'.join(f'0.{n}{k}' for k in range(1, 6))})" for n in range(1, 6))
    assert lines_judged("sigmoid", f"h1 = {left} = {right} = 0.123") < SECONDS


@pytest.mark.parametrize(
    "bad",
    [
        "h1 = ((((",
        "foo = bar",
        "o1 = 1 2 3 =",
        "h1 = 0,59",
        "net_o1 = __import__('os')",
        "E = ?",
        "w5' = ",
        "Let h1 = it",
    ],
)
def test_a_bad_line_never_changes_the_verdict_of_the_others(bad: str) -> None:
    lines = ["net_h1 = 0.4775", "h1 = 0.61716", "h2 = 0.59688", "net_o1 = 1.1155", "dE/do1 = -0.74", "E2 = 0.236"]
    plain = [(v.mark, v.code) for v in judged("sigmoid", "\n".join(lines)).verdicts]
    for at in range(len(lines) + 1):
        with_bad = judged("sigmoid", "\n".join([*lines[:at], bad, *lines[at:]])).verdicts
        assert [(v.mark, v.code) for v in with_bad if v.claim.line != at + 1] == plain


def test_nothing_is_evaluated(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for text in (f"open('{trap}', 'w')", f"__import__('os').system('touch {trap}')", f"[].append(open('{trap}','w'))"):
        judged("sigmoid", f'h1 = {text}\nh1 = eval("{text}")')
    assert not trap.exists()


def test_unread_lines_have_a_place_and_a_remedy() -> None:
    *_, verdict = judged("sigmoid", "net_h1 = 0.3775\nh1 = 0,5933").verdicts
    problem = verdict.claim.unreadable
    assert problem is not None
    assert verdict.claim.where.source is not None
    assert verdict.claim.where.source[problem.start : problem.end] == ","
    assert problem.help == "use a decimal point"


@pytest.mark.parametrize(
    ("line", "caret", "message", "help"),
    [
        ("h1 =", "=", "nothing stands behind this '='", ""),
        ("= 0.5", "=", "nothing stands before this '='", ""),
        (
            "h1 = the input times 2",
            "the input",
            "'the input' stands where a formula belongs",
            "write a formula, or put",
        ),
        ("h1 = 0.5 0.6", "0.6", "'0.6' follows without a sign", "write 0.5*0.6"),
        ("h1 = 0.5.9", "0.5.9", "'0.5.9' has two decimal points", "write a product with *"),
        ("h1 = |net_h1|", "|", "'|' has no meaning in a formula", ""),
        (r"h1 = \frac{1}{1 + e^{-net_{h1} ?}}", "?", "'?' has no meaning in a formula", ""),
        ("so we get h1 = 1/(1 + e^(-0.3775)), and net_h1 = 0.3 +", "+", "the formula ends too early", ""),
    ],
)
def test_what_can_not_be_read_is_named_and_marked(line: str, caret: str, message: str, help: str) -> None:
    *_, verdict = judged("sigmoid", line).verdicts
    problem = verdict.claim.unreadable
    assert problem is not None
    assert verdict.claim.where.source is not None
    assert verdict.claim.where.source[problem.start : problem.end] == caret
    assert (problem.message, problem.help[: len(help)]) == (message, help)


def test_a_caret_stands_in_its_own_line_of_a_chain() -> None:
    (verdict,) = judged(
        "sigmoid", "net_o1 = w5*h1 +\n  w6*h2 + b2\n  = 0.4*0.5933 + 0.45*0.5969 + 0.7\n  = 1.2059"
    ).verdicts
    source = verdict.claim.where.source
    assert source is not None
    wrong = next(link for link in verdict.links if link.kind == "substitution")
    assert (source[wrong.start : wrong.end], source[: wrong.start].count("\n")) == ("0.7", 2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("h1 = foo", "'foo' means nothing in this scenario"),
        ("h1 = foo*bar*foo", "'foo', 'bar' mean nothing in this scenario"),
        ("net_h3 = 0.4", "'net_h3' means nothing in this scenario; did you mean"),
        ("h1 = 1/(1 + [...])", "'[...]' leaves something out: write it in full"),
        ("E(w5 + 0.001) = 0.2985", "'E(w5 + 0.001)' is a value at other given values, and these are not judged"),
    ],
)
def test_what_means_nothing_is_named(line: str, message: str) -> None:
    (verdict,) = judged("sigmoid", line).verdicts
    assert (verdict.mark, verdict.message[: len(message)]) == ("unknown", message)


# ---------------------------------------------------------------- files
def test_a_sheet_of_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_bytes(b"prose \xff\xfe\nh1 = 0.59327\r\nh2 = \xc3\x28\r\nnet_h1 = 0.3775")
    judge = judge_of("sigmoid")
    verdicts = judge.judge(handwork.read_file(str(path), judge.vocabulary)).verdicts
    assert [(v.line, v.mark) for v in verdicts] == [(2, "right"), (3, "unread"), (4, "right")]


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_bytes(b"\xef\xbb\xbfnet_h1 = 0.3775\n")
    judge = judge_of("sigmoid")
    assert [v.mark for v in judge.judge(handwork.read_file(str(path), judge.vocabulary)).verdicts] == ["right"]


def test_what_is_beyond_the_limit_of_claims_is_said() -> None:
    sheet = handwork.read("h1 = 1\n" * (handwork.MAX_CLAIMS + 10), judge_of("sigmoid").vocabulary)
    assert len(sheet.claims) == handwork.MAX_CLAIMS + 1
    assert sheet.claims[-1].unreadable is not None
    assert str(handwork.MAX_CLAIMS) in sheet.claims[-1].unreadable.message


def test_the_marks_of_hostile_lines_have_words() -> None:
    for line in HOSTILE:
        for verdict in judged("sigmoid", line).verdicts:
            if verdict.mark not in ("right", "close"):
                assert verdict.message, shown(verdict)


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("dL/dW[1,1] = dL/dZ[1,1]*X[1,2]", "dL/dW[1,1] = dL/dZ[1,1]*X[1,2]"),
        (r"S_{1,2} = X_{2,1}", "S_{1,2} = X_{2,1}"),
        ("dL/dW[1,1] = 0,5*X'[1,2] + 2,5", "dL/dW[1,1] = 0.5*X'[1,2] + 2.5"),
    ],
)
def test_the_index_of_an_element_is_no_decimal_number(line: str, read: str) -> None:
    assert layout.plain_row(1, line, layout.uses_commas([line])).text.text == read
