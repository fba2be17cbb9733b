"""The quiz from beginning to end: scripted through a pipe, typed on a terminal, stopped in the middle."""

from __future__ import annotations

import codecs
import os
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from backprop_tutor.errors import RequestError
from backprop_tutor.quiz.attempts import AGAIN, EASY, GOOD, HARD, Attempt, replay
from backprop_tutor.quiz.choosing import Asked, Generator, Practice, Wishes
from backprop_tutor.quiz.hints import hints
from backprop_tutor.quiz.names import Kind
from backprop_tutor.quiz.networks import Shape, random_scenario, renumbered, shape
from backprop_tutor.quiz.progress import Progress
from backprop_tutor.quiz.replies import Reply
from backprop_tutor.quiz.session import Ended, Quiz
from backprop_tutor.quiz.skills import CODES
from backprop_tutor.quiz.types import Choice, Item
from backprop_tutor.scenario.loading import load
from tests.program import TOP, Done, environment
from tests.quizzing import HOSTILE, NOW, rounded_text, typed

NAME = "two_sigmoid_outputs"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BPTUTOR_HOME", str(tmp_path))
    return tmp_path


def kept(home: Path) -> list[Attempt]:
    progress = Progress(home / "progress.sqlite", lambda text: pytest.fail(text))
    found = progress.attempts()
    progress.close()
    return found


@pytest.fixture
def terminal(bptutor: Callable[..., Done]) -> Callable[..., Done]:
    """A quiz as a terminal shows it, without the colours."""

    def shown(*arguments: str, stdin: bytes) -> Done:
        done = bptutor("quiz", *arguments, "--color", "always", stdin=stdin)
        return replace(done, out=re.sub(r"\x1b\[[0-9;]*m", "", done.out))

    return shown


def generator(seed: str = "7", **wishes: object) -> Generator:
    return Generator(Practice(load(NAME)), Wishes(**wishes), seed)  # type: ignore[arg-type]


# ---------------------------------------------------------------- scripted
def test_a_scripted_quiz(terminal: Callable[..., Done], home: Path) -> None:
    stdin = b"0.7514\n?\n0.7729\n0.1755\n\n0.3925\n=\nq\n"
    done = terminal(NAME, "--seed", "7", "--count", "12", stdin=stdin)
    assert done.status == 0, done.err
    assert done.out.count("seed 7") == 2
    assert "Question 1 of 12" in done.out
    assert "You know" in done.out
    assert "✓ Right." in done.out
    assert "Hint." in done.out
    assert "✗ Not yet." in done.out
    assert "●◐●✗" in done.out
    assert "Practise: " in done.out
    assert f"  Next: bptutor quiz {NAME} --skill" in done.out
    assert [a.rating for a in kept(home)] == [GOOD, None, AGAIN, GOOD, AGAIN]
    assert [a.typed for a in kept(home)] == ["0.7514", "0.7729", "0.1755", "0.3925", "="]


def test_the_worked_step_is_the_one_that_run_shows(bptutor: Callable[..., Done], terminal: Callable[..., Done]) -> None:
    quiz = terminal(NAME, "--seed", "7", "--count", "1", "--kind", "gradient", stdin=b"=\n").out
    match = re.search(r"Find ∂Loss/∂(\w+),", quiz)
    assert match is not None
    run = bptutor("run", NAME, "--grad", match[1]).out
    shown = run[run.index("path 1  Loss") : run.index("Its factors")]
    assert shown.rstrip() in quiz, "the same lines, without the picture that stands above the question"
    assert quiz.count("─ Loss") == 1


def test_the_same_seed_asks_the_same_of_everybody(bptutor: Callable[..., Done]) -> None:
    first = bptutor("quiz", NAME, "--seed", "5", "--count", "6", stdin=b"s\n" * 6).out
    again = bptutor("quiz", NAME, "--seed", "5", "--count", "6", stdin=b"s\n" * 6).out
    other = bptutor("quiz", NAME, "--seed", "6", "--count", "6", stdin=b"s\n" * 6).out
    body = re.compile(r"Question.*", re.S)
    assert body.findall(first)[0].split("Summary")[0] == body.findall(again)[0].split("Summary")[0]
    assert body.findall(first) != body.findall(other)


def test_the_end_of_the_input_ends_the_quiz(bptutor: Callable[..., Done], home: Path) -> None:
    done = bptutor("quiz", NAME, "--seed", "7", stdin=b"0.7514\n0.9")
    assert done.status == 0
    assert "Summary" in done.out
    assert [a.typed for a in kept(home)] == ["0.7514", "0.9"]
    assert kept(home)[1].rating is None
    assert bptutor("quiz", NAME, "--seed", "7", stdin=b"").status == 0


def test_nothing_typed_ends_the_quiz(bptutor: Callable[..., Done]) -> None:
    lines = [text for text in HOSTILE if text.isprintable() and text.strip() not in ("=", "?")]
    done = bptutor("quiz", NAME, "--seed", "7", "--count", "2", stdin="\n".join([*lines, *"qq"]).encode())
    assert done.status == 0, done.err
    assert done.err == ""
    assert "Summary" in done.out


@pytest.mark.parametrize("stop", [b"q\n", b"Q\n", b"quit\n", b" stop \n"])
def test_stopping(bptutor: Callable[..., Done], stop: bytes) -> None:
    done = bptutor("quiz", NAME, "--seed", "7", stdin=b"0.7514\n" + stop)
    assert done.status == 0
    assert "1 right at once; seed 7." in done.out


def test_two_misses_then_the_worked_step(terminal: Callable[..., Done], home: Path) -> None:
    done = terminal(NAME, "--seed", "7", "--count", "1", stdin=b"0.91\n0.85\n")
    assert done.out.count("Not yet.") == 1
    assert done.out.count("Not right.") == 1
    assert done.out.index("Not right.") < done.out.index("0.751365")
    assert [a.rating for a in kept(home)] == [None, AGAIN]


def test_what_cannot_be_read_is_no_miss_and_has_a_caret(terminal: Callable[..., Done], home: Path) -> None:
    done = terminal(NAME, "--seed", "7", "--count", "1", stdin=b"0.75)\n0,75\n\n  \n0.7514\n")
    assert done.out.count("Not read.") == 2
    lines = done.out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.endswith("0.75)"))
    assert lines[at + 1].index("^") == lines[at].index(")")
    assert [a.rating for a in kept(home)] == [GOOD]


def test_what_goes_into_a_pipe_is_plain(bptutor: Callable[..., Done]) -> None:
    options = ["quiz", NAME, "--seed", "7", "--count", "1"]
    piped = bptutor(*options, stdin=b"0.7514\n")
    assert piped.out == bptutor(*options, "--plain", stdin=b"0.7514\n").out
    assert piped.out.startswith(f"Quiz {NAME}. 1 question, seed 7.\n")
    assert piped.err == ""


def test_a_formula_that_is_printed_and_a_word_are_no_answers(bptutor: Callable[..., Done], home: Path) -> None:
    keys = b"help\nsigma(o1)\n1/(1+e^(-o1))\n0.7514\n"
    done = bptutor("quiz", NAME, "--seed", "7", "--count", "1", stdin=keys)
    assert "AGAIN: Not counted. 'help' means nothing here." in done.out
    assert "AGAIN: Not counted. That is a_o1 itself: say what it comes to." in done.out
    assert "AGAIN: Not counted. The formula is right: put the numbers in." in done.out
    assert [a.typed for a in kept(home)] == ["0.7514"]


def test_a_first_miss_says_what_kind_and_the_second_what_is_right(terminal: Callable[..., Done]) -> None:
    options = [NAME, "--only", "a_o1", "--kind", "formula", "--skill", "loss", "--count", "1", "--seed", "1"]
    wrong = b"target_o1-a_o1\n"
    first, second = (" ".join(terminal(*options, stdin=wrong * times).out.split()) for times in (1, 2))
    assert "Not yet. It fits a usual slip: the sign of the error." in first
    assert "a_o1 − target_o1" not in first
    assert "Right" not in second, "the same again does not follow from itself"
    assert "Not right. The inner derivative is −1: ∂L1/∂a_o1 is a_o1 − target_o1." in second


def test_what_a_wrong_calculation_comes_to_is_told(terminal: Callable[..., Done]) -> None:
    options = [NAME, "--only", "a_o1", "--kind", "local", "--skill", "loss", "--count", "1", "--seed", "1"]
    done = terminal(*options, stdin=b"target_o1-a_o1\n")
    assert "✗ Not yet. That comes to −0.7414." in done.out


def test_the_change_that_was_asked_is_told(terminal: Callable[..., Done]) -> None:
    for keys in (b"=\n", b"s\n", b"0.123\n0.234\n"):
        done = terminal(NAME, "--only", "w11", "--kind", "update", "--count", "1", "--seed", "1", stdin=keys)
        assert re.search(r"w11' − w11 = −rate·∂Loss/∂w11\n += −0.5·0.000438568 += −0.000219284", done.out), done.out


FIND = [NAME, "--kind", "find", "--count", "1", "--seed", "5"]  # line 4: a_o1 = 1 + exp(−o1)


def test_who_does_not_find_the_line_is_told_what_went_wrong_in_it(terminal: Callable[..., Done]) -> None:
    for keys in (b"=\n", b"s\n", b"1\n2\n"):
        said = " ".join(terminal(*FIND, stdin=keys).out.split())
        assert "It is line 4. What went wrong in line 4: the reciprocal left out. Take the reciprocal last:" in said
        assert " 6 a_o1 = σ(o1) = 1 / (1 + exp(−o1))" in said, "numbered as run numbers it"


def test_the_cause_is_asked_for_and_a_wrong_one_is_nobodys_slip(terminal: Callable[..., Done], home: Path) -> None:
    done = terminal(*FIND, stdin=b"4\nb\nd\n")
    assert "What went wrong in line 4?" in done.out
    assert "A letter." in done.out
    assert done.out.count("That would give ") == 2
    assert [(a.verdict, a.slip, a.visible) for a in kept(home)] == [
        ("right", "", ()), ("wrong", "", ()), ("wrong", "", ()),
    ]  # fmt: skip
    assert "It is line 4." not in done.out
    assert "What went wrong in line 4: the reciprocal left out." in done.out


def test_the_kind_of_answer_is_told_whenever_it_changes(bptutor: Callable[..., Done]) -> None:
    done = bptutor("quiz", NAME, "--seed", "7", "--count", "13", stdin=b"=\n" * 30)
    told = [line for line in done.out.splitlines() if line.startswith("Answer: ")]
    assert all(one != two for one, two in pairwise(told))
    assert len(told) > 4
    assert sum("? hint" in line for line in told) == 1


def test_a_formula_is_worked_without_numbers_that_nobody_has(terminal: Callable[..., Done]) -> None:
    done = terminal(NAME, "--only", "o1", "--kind", "formula", "--count", "1", "--seed", "1", stdin=b"=\n")
    shown = done.out.partition("= =")[2].partition("✗")[0]
    assert "∂a_o1/∂o1 = a_o1·(1 − a_o1)" in shown
    assert not re.search(r"0\.\d", shown)


def test_a_quantity_with_a_number_and_a_formula_is_given_in_one_line(terminal: Callable[..., Done]) -> None:
    done = terminal(NAME, "--only", "o1", "--kind", "local", "--count", "1", "--seed", "1", stdin=b"=\n")
    given = done.out.partition("You know")[2].partition("Find")[0]
    assert "    a_o1 = σ(o1) = 0.751365\n" in given
    assert given.count("a_o1 =") == 1


def test_after_the_last_hint_it_is_said_again(bptutor: Callable[..., Done]) -> None:
    done = bptutor("quiz", NAME, "--seed", "7", "--count", "1", stdin=b"?\n" * 9)
    said = [line for line in done.out.splitlines() if line.startswith("Hint: ")]
    assert len(said) == 9
    assert said[-1] == "Hint: a_o1 = 0.7514"
    assert said.count(said[-1]) == 9 - len(set(said)) + 1


def test_the_score_of_many_questions_is_counted(terminal: Callable[..., Done]) -> None:
    done = terminal(NAME, "--seed", "7", "--count", "100", stdin=b"0.7514\nq\n")
    assert "  1 of 100: 1 right at once\n" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_right_derivative_has_its_other_witness(terminal: Callable[..., Done]) -> None:
    options = [NAME, "--only", "o1", "--kind", "path", "--skill", "output-delta", "--count", "1", "--seed", "1"]
    done = terminal(*options, stdin=b"0.1385\n")
    assert "✓ Right. It comes to 0.1385; a central difference gives 0.138499, too." in done.out


def test_plain_is_ascii_and_says_one_fact_a_line(bptutor: Callable[..., Done]) -> None:
    done = bptutor("quiz", NAME, "--seed", "7", "--count", "12", "--plain", stdin=b"?\n=\n" * 12)
    assert done.status == 0
    assert done.out.isascii()
    for text in ("Given: ", "Asked: ", "Hint: ", "Score: ", "Path 1 of", "Worked: "):
        assert text in done.out


@pytest.mark.parametrize("columns", ["40", "60", "80", "120"])
def test_no_line_is_wider_than_the_terminal(
    terminal: Callable[..., Done], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    done = terminal(NAME, "--seed", "3", "--count", "13", "--quiet", stdin=b"?\n=\n" * 20)
    assert done.status == 0
    assert max(map(len, done.out.splitlines())) <= int(columns)


@pytest.mark.parametrize("option", [["--ascii"], []])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_can_be_shown(terminal: Callable[..., Done], kind: Kind, option: list[str]) -> None:
    done = terminal(NAME, "--kind", kind.value, "--count", "2", "--seed", "4", *option, stdin=b"?\n=\n" * 9)
    assert done.status == 0, done.err
    assert "Question 2 of 2" in done.out
    assert done.out.isascii() or not option


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--random", "2"], "no network"),
        (["--random", "2-2-2", "--loss", "nothing"], "loss"),
        (["--random", "9-9-9"], "by hand"),
        (["--random", "2-2-1", "--loss", "cross_entropy"], "softmax over one output"),
        ([NAME, "--random", "2-2-2"], "exclude each other"),
        ([NAME, "--skill", "sigmod"], "sigmoid"),
        ([NAME, "--skill", "tanh"], "no question"),
        ([NAME, "--only", "w99"], "w99"),
        ([NAME, "--kind", "values"], "value"),
        (["nothing"], "nothing"),
    ],
)
def test_what_cannot_be_asked_is_said(bptutor: Callable[..., Done], options: list[str], said: str) -> None:
    done = bptutor("quiz", *options)
    assert done.status == 2
    assert said in done.err


def test_only_asks_about_one_quantity(bptutor: Callable[..., Done]) -> None:
    done = bptutor("quiz", NAME, "--only", "w21", "--count", "3", "--seed", "2", stdin=b"=\n" * 9)
    assert done.status == 0, done.err
    assert done.out.count("w21") >= 3


def test_random_networks(bptutor: Callable[..., Done]) -> None:
    options = ["--random", "2-3-2", "--activation", "tanh", "--loss", "cross_entropy", "--shared", "weights"]
    done = bptutor("quiz", *options, "--seed", "1", "--count", "3", stdin=b"=\n" * 3)
    assert done.status == 0, done.err
    assert "random_2-3-2_tanh_cross_entropy_shared_weights" in done.out
    assert "bptutor quiz --random 2-3-2 --activation tanh --loss cross_entropy --shared weights --skill" in done.out
    assert bptutor("quiz", "--seed", "1", "--count", "1", stdin=b"=\n").status == 0


def test_a_home_that_cannot_be_used_is_no_obstacle(terminal: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    options = ["--progress", str(tmp_path / "file" / "p.sqlite"), "--seed", "7", "--count", "1"]
    done = terminal(NAME, *options, stdin=b"0.7514\n")
    assert done.status == 0
    assert done.err.count("note: ") == 1
    assert "✓ Right." in done.out


def test_numbers_alone_need_no_sympy() -> None:
    code = (
        "import sys\nfrom backprop_tutor.cli.program import program\n"
        f"status = program(['quiz', '{NAME}', '--kind', 'value', '--count', '2', '--seed', '1'])\n"
        "sys.exit('sympy' in sys.modules or status)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=b"0.5\n0.6\n=\n", cwd=TOP, env=environment({}), timeout=60)
    assert done.returncode == 0


# ---------------------------------------------------------------- on a terminal
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals here")
def test_arrow_keys_edit_and_control_c_keeps_what_was_answered(home: Path) -> None:
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(TOP)
        os.environ.update(environment({"TERM": "xterm", "COLUMNS": "80"}))
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background starts without it
        os.execv(sys.executable, [sys.executable, "-m", "backprop_tutor", "quiz", NAME, "--seed", "7"])
    seen = ""
    decode = codecs.getincrementaldecoder("utf-8")().decode  # a read may end within a character

    def until(text: str, again: bytes = b"") -> None:
        nonlocal seen
        deadline = time.monotonic() + 120
        while text not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([terminal], [], [], 5.0)[0]:
                seen += decode(os.read(terminal, 65536))
            elif again:
                os.write(terminal, again)

    try:
        until("a_o1 =")
        os.write(terminal, b"0.714\x1b[D\x1b[D5\r")  # two steps to the left, a 5 between
        until("Right.")
        until("∂a_o2/∂o2 =")
        os.write(terminal, b"\x03")
        until("Summary", again=b"\x03")  # Python drops a signal between showing the prompt and waiting for a key
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 130
    assert [a.typed for a in kept(home)] == ["0.7514"]


# ---------------------------------------------------------------- what comes next
class Silent:
    """A view that shows nothing and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.replies: list[Reply] = []
        self.ended: list[Ended] = []

    def question(self, asked: Asked, count: int, letters: bool) -> None:
        self.asked.append(asked)

    def prompt(self, asked: Asked, item: Item | Choice) -> str:
        return "? "

    def reply(self, asked: Asked, item: Item | Choice, reply: Reply, prompt: str, last: bool) -> None:
        self.replies.append(reply)

    def score(self, ended: list[Ended], count: int) -> None:
        self.ended = list(ended)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


def right_answers(view: Silent) -> Iterator[str]:
    """Every question answered right."""
    while True:
        question = view.asked[-1].question
        for item in question.items:
            if isinstance(item, Choice):
                yield str(item.right + 1) if item.lines else "abcdefghij"[item.right]
            elif item.form == "formula":
                yield typed(item.right)
            else:
                yield f"{item.value:.9f}"


def played(made: Generator, progress: Progress, answers: Callable[[Silent], Iterator[str]]) -> Silent:
    view = Silent()
    given = answers(view)
    ticks = iter(range(0, 10_000_000, 30))
    quiz = Quiz(made, progress, view, lambda prompt: next(given, None), lambda: NOW, lambda: next(ticks), "s")  # type: ignore[arg-type]
    quiz.run()
    return view


def in_memory() -> Progress:
    return Progress(None, lambda text: pytest.fail(text))


def test_right_answers_climb_the_ladder_to_its_end() -> None:
    progress = in_memory()
    view = played(generator(count=60), progress, right_answers)
    assert [one.how for one in view.ended] == ["right"] * 60
    skills = [asked.question.skill for asked in view.asked]
    assert "whole-pass" not in skills[:15]
    assert {"update", "two-paths", "hidden-weight"} <= set(skills)
    assert all(a != b for a, b in pairwise(skills)), "the same skill twice in a row"
    state = replay(progress.attempts(), NOW)
    assert state.skills["sigmoid"].climbed


def test_a_beginner_is_asked_the_first_skills() -> None:
    view = played(generator(count=12), in_memory(), lambda view: iter(["="] * 40))
    assert {asked.question.skill for asked in view.asked} <= set(CODES[:4])


def test_what_was_answered_comes_with_other_numbers() -> None:
    view = played(generator(count=30, kinds=(Kind.VALUE,), skill="sigmoid"), in_memory(), right_answers)
    own = [asked for asked in view.asked if not asked.source.note]
    assert len({asked.question.subject for asked in own}) == len(own)
    assert len(view.asked) == 30
    later = view.asked[-1].source
    assert later.note == "other numbers"
    assert later.graph.leaf_values()[0] != own[0].source.graph.leaf_values()[0]


def test_what_is_due_is_asked_more_often() -> None:
    from datetime import timedelta

    progress = in_memory()
    for number in range(4):
        old = NOW - timedelta(days=60 - number)
        progress.record(Attempt(old, "old", number, "loss", "value", "x", "L1", "1", 4, "1", "right", rating=GOOD))
    counts = {"loss": 0, "neuron": 0}
    for seed in range(12):
        made = generator(str(seed), count=2)
        for number in (1, 2):
            asked = made.next(number, replay(progress.attempts(), NOW), NOW)
            assert asked is not None
            if asked.question.skill in counts:
                counts[asked.question.skill] += 1
    assert counts["loss"] > counts["neuron"]


def test_a_slip_that_is_due_is_looked_for() -> None:
    """Made twice long ago, it is due: the skill comes up more often, and the question is one that would show it."""
    from datetime import timedelta

    def shown(*days_ago: int) -> tuple[int, int]:
        progress = in_memory()
        for number, ago in enumerate(days_ago):
            at = NOW - timedelta(days=ago)
            progress.record(
                Attempt(at, "old", number, "loss", "local", "x", "L1", "1", 4, "1", "wrong", "error-sign", rating=AGAIN)
            )
        of_skill, showing = 0, 0
        for seed in range(25):
            asked = generator(str(seed), count=1).next(1, replay(progress.attempts(), NOW), NOW)
            assert asked is not None
            of_skill += asked.question.skill == "loss"
            showing += "error-sign" in asked.question.visible
        return of_skill, showing

    often, seen = shown(60, 59)
    seldom, unseen = shown(60)
    assert often > seldom
    assert seen > unseen
    assert seen >= often, "every question of that skill would show the slip"


def test_an_easy_answer_is_twice_as_fast_as_usual() -> None:
    view = Silent()
    progress = in_memory()
    for number in range(6):
        progress.record(
            Attempt(NOW, "old", number, "sigmoid", "value", "x", "a", "1", 4, "1", "right", "", 0, 90_000, GOOD)
        )
    given = right_answers(view)
    ticks = iter(range(0, 1000, 30))
    made = generator(count=1, skill="sigmoid", fixed=True, kinds=(Kind.VALUE,))
    Quiz(made, progress, view, lambda prompt: next(given), lambda: NOW, lambda: next(ticks), "s").run()  # type: ignore[arg-type]
    assert progress.attempts()[-1].rating == EASY


def test_a_hint_makes_it_hard_and_a_pen_slip_too() -> None:
    for answers in (["?", "0.7514"], ["7.514", "0.7514"]):
        progress = in_memory()
        made = Generator(Practice(load(NAME)), Wishes(count=1, fixed=True), "7")
        played(made, progress, lambda view, answers=answers: iter(answers))  # type: ignore[misc]
        assert progress.attempts()[-1].rating == HARD, answers


def test_a_wrong_line_is_found_and_its_cause_named() -> None:
    progress = in_memory()
    made = generator(count=3, kinds=(Kind.FIND,), fixed=True)
    view = played(made, progress, right_answers)
    assert [one.how for one in view.ended] == ["right"] * 3
    for asked in view.asked:
        which, cause = asked.question.items
        assert isinstance(which, Choice)
        assert isinstance(cause, Choice)
        wrong = asked.question.sheet[which.right]
        assert asked.source.value(wrong.formula) != pytest.approx(asked.source.of(wrong.subject))
        for line in asked.question.sheet[: which.right]:
            assert asked.source.value(line.formula) == pytest.approx(asked.source.of(line.subject))
        assert len(cause.options) == 4


def test_hints_say_more_and_more_and_end_with_the_answer() -> None:
    made = generator(count=13, fixed=True)
    state = replay([], NOW)
    for number in range(1, 14):
        asked = made.next(number, state, NOW)
        assert asked is not None
        for item in asked.question.items:
            found = hints(asked.source, asked.question, item)
            texts = [hint.text for hint in found]
            assert len(found) >= 3
            assert len(set(texts)) == len(texts)
            assert [hint.step == "answer" for hint in found] == [*(len(found) - 1) * [False], True]
            if isinstance(item, Choice):
                answer = item.options[item.right].text
                assert not any(re.search(rf"(?<![\d.]){re.escape(answer)}(?![\d.])", text) for text in texts[2:-1])
            elif item.form == "formula":
                assert typed(item.right) in texts[-1].replace("·", "*").replace("−", "-")
            else:
                answer = rounded_text(item.value, item.digits)
                assert answer in texts[-1]
                assert not any(answer in text for text in texts[:-1])


def test_the_hints_of_a_derivation_go_on_from_the_learners_own_lines(process: Callable[..., Done]) -> None:
    """σ(0.5) = 0.6225, whatever o1 should have been; and 1/2·(0.01 − 0.6225)² = 0.1876."""
    typed_lines = b"0.5\n?\n?\n?\n?\n?\n=\n?\n?\n?\n?\n"
    done = process(*"quiz two_sigmoid_outputs --kind derivation --seed 3 --count 1".split(), stdin=typed_lines)
    for text in (
        "a_o1 = 1 / (1 + exp(-0.5))", "Hint: a_o1 = 0.6225", "It is: a_o1 = 0.6225", "L1 = 1/2*(0.01 - 0.6225)^2",
        "L1 = 0.1876",
    ):  # fmt: skip
        assert text in done.out


# ---------------------------------------------------------------- networks
def test_a_random_network_is_a_scenario_with_different_kind_numbers() -> None:
    for seed in range(5):
        scenario = random_scenario(Shape((2, 2, 2)), random.Random(seed))
        texts = [q.text() for q in (*scenario.inputs, *scenario.parameters)]
        assert len({text.lstrip("-") for text in texts}) == len(texts)
        assert all(len(text.partition(".")[2]) <= 2 for text in texts)
    assert (
        random_scenario(Shape((2, 2, 2)), random.Random(1)).parameters[0].values
        == random_scenario(Shape((2, 2, 2)), random.Random(1)).parameters[0].values
    )


def test_other_numbers_keep_zeros_targets_and_signs() -> None:
    scenario = load("matrix_softmax")
    new = renumbered(scenario, random.Random(3))
    for before, after in zip(scenario.quantities, new.quantities, strict=True):
        assert before.shape == after.shape
        if before.kind == "target":
            assert (before.values == after.values).all()
        else:
            stays = (before.values == 0) & (before.kind == "input")  # a bias of 0 would leave nothing to add
            assert (stays == (after.values == 0)).all()
            assert (before.values * after.values >= 0).all()
    assert any((a.values != b.values).any() for a, b in zip(scenario.quantities, new.quantities, strict=True))


@pytest.mark.parametrize("text", ["", "2", "a-b", "0-2", "2-2-2-2-2-2-2", "99-1"])
def test_shapes_that_are_none(text: str) -> None:
    with pytest.raises(RequestError):
        shape(text)


def test_a_network_too_large_for_a_hand_is_refused() -> None:
    from backprop_tutor.scenario.loading import loads

    text = "format = 1\n[inputs]\nx = [" + ", ".join(["0.5"] * 700) + "]\n[parameters]\nw = 0.1\n[equations]\n"
    with pytest.raises(RequestError, match="by hand"):
        Generator(Practice(loads(text + 'L = "w*sum(x)"\n')), Wishes(), "1")
