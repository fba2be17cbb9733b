"""What is remembered: the file, its versions, two quizzes at once, a killed process, and what follows from attempts."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backprop_tutor.quiz.attempts import AGAIN, EASY, GOOD, HARD, Attempt, Card, rated, replay, usual_pace
from backprop_tutor.quiz.progress import MIGRATIONS, VERSION, Progress, connected, default_path, migrate, version_of
from tests.program import TOP, Done, environment

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def attempt(number: int = 1, rating: int | None = GOOD, day: float = 0, **changes: object) -> Attempt:
    values: dict[str, object] = {
        "at": NOW + timedelta(days=day), "session": "s", "number": number, "skill": "neuron", "kind": "value",
        "scenario": "two_sigmoid_outputs", "subject": "h1", "seed": "7.1", "digits": 4, "typed": "0.3775",
        "verdict": "right", "rating": rating,
    }  # fmt: skip
    return Attempt(**{**values, **changes})  # type: ignore[arg-type]


class Notes(list[str]):
    def __call__(self, text: str) -> None:
        self.append(text)


# ---------------------------------------------------------------- the file
def test_attempts_come_back_as_they_were_written(tmp_path: Path) -> None:
    notes = Notes()
    file = tmp_path / "deep" / "folder" / "progress.sqlite"
    kept = [attempt(), attempt(2, None, typed="∂L/∂w = −0.1", slip="error-sign", visible=("a", "b"))]
    progress = Progress(file, notes)
    for one in kept:
        progress.record(one)
    progress.close()
    again = Progress(file, notes)
    assert again.attempts() == kept
    assert again.kept
    again.close()
    assert not notes


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite"
    old = sqlite3.connect(file)
    for step in MIGRATIONS[0]:
        old.execute(step)
    old.execute(
        "INSERT INTO attempt (at, session, number, skill, kind, scenario, subject, seed, digits, typed, verdict, slip,"
        " hints, milliseconds, rating, version) VALUES ('2026-11-01T10:00:00.000+00:00', 's', 1, 'neuron', 'value',"
        " 'x', 'h1', '1', 4, '0.3', 'right', '', 0, 900, 3, '0.1')"
    )
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    notes = Notes()
    progress = Progress(file, notes)
    [found] = progress.attempts()
    assert (found.skill, found.rating, found.visible) == ("neuron", 3, ())
    progress.record(attempt(2))
    assert len(progress.attempts()) == 2
    progress.close()
    assert not notes
    assert version_of(sqlite3.connect(file)) == VERSION


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "progress.sqlite"
    connection = connected(file)
    migrate(connection)
    connection.close()
    broken = (*MIGRATIONS, ("CREATE TABLE other (a)", "this is no SQL"))
    monkeypatch.setattr("backprop_tutor.quiz.progress.MIGRATIONS", broken)
    monkeypatch.setattr("backprop_tutor.quiz.progress.VERSION", len(broken))
    connection = connected(file)
    with pytest.raises(sqlite3.Error):
        migrate(connection)
    assert version_of(connection) == VERSION
    assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'other'").fetchall()
    connection.close()


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE future (a)")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.commit()
    connection.close()
    notes = Notes()
    progress = Progress(file, notes)
    progress.record(attempt())
    assert progress.attempts() == [attempt()]
    assert not progress.kept
    progress.close()
    [note] = notes
    assert "newer" in note
    assert sqlite3.connect(file).execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_said_and_kept(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "progress.sqlite"
    file.write_bytes(content)
    notes = Notes()
    progress = Progress(file, notes)
    progress.record(attempt())
    assert progress.attempts() == [attempt()]
    progress.close()
    [note] = notes
    assert "damaged" in note
    assert str(file) in note
    assert file.read_bytes() == content


def test_a_file_damaged_in_the_middle_is_said_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite"
    progress = Progress(file, Notes())
    for number in range(400):
        progress.record(attempt(number, typed="x" * 200))
    progress.close()
    content = bytearray(file.read_bytes())
    content[3 * 4096 : 6 * 4096] = b"\xab" * (3 * 4096)
    file.write_bytes(bytes(content))
    notes = Notes()
    damaged = Progress(file, notes)
    damaged.attempts()
    damaged.record(attempt())
    damaged.close()
    assert len(notes) == 1
    assert len(file.read_bytes()) >= len(content)


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    notes = Notes()
    progress = Progress(tmp_path, notes)
    progress.record(attempt())
    assert progress.attempts() == [attempt()]
    assert len(notes) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "home" / "progress.sqlite"
    progress = Progress(file, Notes())
    progress.record(attempt())
    progress.close()
    file.chmod(0o400)
    file.parent.chmod(0o500)
    notes = Notes()
    try:
        progress = Progress(file, notes)
        assert progress.attempts() == [attempt()]
        progress.record(attempt(2))
        assert len(progress.attempts()) == 2
        progress.close()
    finally:
        file.parent.chmod(0o700)
    assert len(notes) == 1


def test_a_file_that_may_only_be_read_still_says_what_was_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "progress.sqlite"
    progress = Progress(file, Notes())
    progress.record(attempt())
    progress.close()

    def refused(path: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("backprop_tutor.quiz.progress.connected", refused)
    before = file.read_bytes()
    notes = Notes()
    progress = Progress(file, notes)
    assert progress.attempts() == [attempt()]
    progress.record(attempt(2))
    assert len(progress.attempts()) == 2
    assert not progress.kept
    assert file.read_bytes() == before
    assert notes == [f"{file} can't be written: what you answer now is not kept"]


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    notes = Notes()
    progress = Progress(tmp_path / "file" / "progress.sqlite", notes)
    progress.record(attempt())
    assert progress.attempts() == [attempt()]
    assert len(notes) == 1
    assert "can't be made" in notes[0]


def test_what_cannot_be_written_any_more_stays_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite"
    notes = Notes()
    progress = Progress(file, notes)
    progress.record(attempt(1))
    progress._connection.execute("PRAGMA query_only = ON")  # as if the disk refused from now on
    progress.record(attempt(2))
    progress.record(attempt(3))
    assert [one.number for one in progress.attempts()] == [1, 2, 3]
    assert len(notes) == 1
    progress.close()
    assert [one.number for one in Progress(file, notes).attempts()] == [1]


def test_where_progress_is_kept() -> None:
    assert default_path({"BPTUTOR_HOME": "/somewhere"}) == Path("/somewhere/progress.sqlite")
    assert default_path({}).name == "progress.sqlite"
    assert "bptutor" in str(default_path({}))


# ---------------------------------------------------------------- other processes
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from backprop_tutor.quiz.attempts import Card, Attempt
from backprop_tutor.quiz.progress import Progress
progress = Progress(Path(sys.argv[1]), lambda text: sys.exit(text))
for number in range(int(sys.argv[3])):
    about = ("neuron", "value", "x", "h1", "1", 4)
    progress.record(Attempt(datetime.now(UTC), sys.argv[2], number, *about, "0.3", "right"))
    print(number, flush=True)
"""


def writer(file: Path, session: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file), session, str(count)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP, env=environment({}),
    )  # fmt: skip


def test_two_quizzes_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite"
    both = [writer(file, session, 60) for session in ("one", "two")]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    progress = Progress(file, Notes())
    found = progress.attempts()
    progress.close()
    for session in ("one", "two"):
        assert [one.number for one in found if one.session == session] == list(range(60))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_process_killed_while_writing_loses_nothing_that_it_said(tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite"
    process = writer(file, "one", 100_000)
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(25)]
    process.kill()
    process.wait(timeout=30)
    said += [int(line) for line in process.stdout.read().split("\n") if line.strip()]
    process.communicate()
    notes = Notes()
    progress = Progress(file, notes)
    found = [one.number for one in progress.attempts()]
    assert found[: len(said)] == said
    assert len(found) <= len(said) + 1
    progress.record(attempt())
    progress.close()
    assert not notes
    assert sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone() == ("ok",)


# ---------------------------------------------------------------- what follows from attempts
def test_three_goods_are_repeated_after_days_and_not_minutes() -> None:
    attempts: list[Attempt] = []
    now, gaps = NOW, []
    for number in range(3):
        attempts.append(attempt(number, GOOD, (now - NOW) / timedelta(days=1)))
        card = replay(attempts, now).skills["neuron"].card
        assert card is not None
        gaps.append(round((card.due - now) / timedelta(days=1)))
        now = card.due
    assert gaps == [2, 11, 46]


def test_again_is_due_sooner_than_easy() -> None:
    def due(rating: int) -> datetime:
        card = replay([attempt(rating=rating)], NOW).skills["neuron"].card
        assert card is not None
        return card.due

    assert NOW < due(AGAIN) <= due(HARD) <= due(GOOD) < due(EASY)


def test_what_is_due_comes_first_by_how_long() -> None:
    attempts = [
        attempt(1, AGAIN, 0, skill="neuron"), attempt(2, AGAIN, -5, skill="loss"), attempt(3, EASY, 0, skill="tanh"),
    ]  # fmt: skip
    assert replay(attempts, NOW + timedelta(days=3)).due(NOW + timedelta(days=3)) == ("loss", "neuron")


def test_a_slip_that_recurs_gets_a_card_and_fades() -> None:
    first = attempt(1, None, 0, slip="error-sign", verdict="wrong")
    once = replay([first], NOW)
    assert once.slips[0].card is None
    second = attempt(2, AGAIN, 1, slip="error-sign", verdict="wrong")
    twice = replay([first, second], NOW + timedelta(days=1))
    [slip] = twice.slips
    assert (slip.code, slip.count) == ("error-sign", 2)
    assert slip.card is not None
    assert slip.evidence > once.slips[0].evidence > 1
    later = replay([first, second], NOW + timedelta(days=61)).slips[0].evidence
    assert 1 < later < slip.evidence
    shown = attempt(3, GOOD, 1, visible=("error-sign",))
    assert replay([first, second, shown], NOW + timedelta(days=1)).slips[0].evidence < slip.evidence


def test_a_recurring_slip_is_due_like_a_skill() -> None:
    made = [attempt(n, AGAIN, n, slip="error-sign", verdict="wrong") for n in (1, 2)]
    made += [attempt(3, None, 2, slip="delta-dropped", verdict="wrong")]
    state = replay(made, NOW + timedelta(days=20))
    assert state.due_slips(NOW + timedelta(days=20)) == ("error-sign",), "what was made once has no card"
    shown = attempt(4, GOOD, 20, visible=("error-sign",))
    later = replay([*made, shown], NOW + timedelta(days=20))
    assert later.due_slips(NOW + timedelta(days=20)) == ()


def test_levels_days_and_what_was_answered() -> None:
    attempts = [attempt(n, GOOD, 0) for n in (1, 2, 3)] + [attempt(4, HARD, 1), attempt(5, AGAIN, 1)]
    state = replay(attempts, NOW + timedelta(days=1))
    skill = state.skills["neuron"]
    assert skill.climbed
    assert skill.recent == ("right", "right", "helped", "wrong")
    assert state.questions == 5
    assert dict(state.days) == {"2026-11-23": (3, 3), "2026-11-24": (2, 0)}
    assert ("two_sigmoid_outputs", "value", "h1") in state.answered


@pytest.mark.parametrize(
    ("arguments", "rating"),
    [
        ((True, False, False, True, False, 9000, None), GOOD),
        ((True, False, False, True, False, 900, 2000.0), EASY),
        ((True, False, False, True, False, 1900, 2000.0), GOOD),
        ((True, False, True, True, False, 100, 2000.0), HARD),
        ((True, True, False, True, False, 100, 2000.0), HARD),
        ((True, True, False, False, False, 100, 2000.0), AGAIN),
        ((True, False, False, True, True, 100, 2000.0), AGAIN),
        ((False, True, False, True, False, 100, 2000.0), AGAIN),
    ],
)
def test_ratings(arguments: tuple[bool, bool, bool, bool, bool, int, float | None], rating: int) -> None:
    assert rated(*arguments) == rating


def test_the_usual_pace_needs_some_answers() -> None:
    attempts = [attempt(n, GOOD, 0, milliseconds=1000 * n) for n in range(1, 6)]
    assert usual_pace(attempts[:4], "neuron") is None
    assert usual_pace(attempts, "neuron") == 3000
    assert usual_pace(attempts, "loss") is None


# ---------------------------------------------------------------- the command
@pytest.fixture
def filled(tmp_path: Path) -> Path:
    file = tmp_path / "progress.sqlite"
    progress = Progress(file, Notes())
    for number, rating in enumerate([GOOD, GOOD, HARD, AGAIN], 1):
        progress.record(attempt(number, rating, -number, slip="error-sign" if rating == AGAIN else ""))
    progress.record(attempt(9, AGAIN, -1, slip="error-sign", skill="output-delta"))
    progress.close()
    return file


def test_the_progress_screen(bptutor: Callable[..., Done], filled: Path) -> None:
    done = bptutor("progress", "--progress", str(filled))
    assert done.status == 0
    for text in ("one neuron", "neuron", "●", "━", "error-sign", "2 times", "Mo ", "Nov", "due", str(filled.name)):
        assert text in done.out
    assert "Next: bptutor quiz two_sigmoid_outputs --skill neuron" in done.err


def test_the_progress_screen_in_ascii_and_read_out(bptutor: Callable[..., Done], filled: Path) -> None:
    for option in ("--ascii", "--plain"):
        done = bptutor("progress", "--progress", str(filled), option)
        assert done.status == 0
        assert done.out.isascii()
        assert "neuron" in done.out
    assert "Skill neuron: known " in done.out


@pytest.mark.parametrize("columns", ["40", "60", "120"])
def test_no_line_of_the_progress_screen_is_wider_than_the_terminal(
    bptutor: Callable[..., Done], filled: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    done = bptutor("progress", "--progress", str(filled), "--quiet")
    own = [line for line in done.out.splitlines() if str(filled.parent) not in line and "progress.sqlite" not in line]
    assert max(map(len, own)) <= int(columns)


def test_nothing_answered_yet_makes_no_file(bptutor: Callable[..., Done], tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite"
    done = bptutor("progress", "--progress", str(file))
    assert done.status == 0
    assert "Nothing has been answered yet" in done.out
    assert not file.exists()


def test_export(bptutor: Callable[..., Done], filled: Path, tmp_path: Path) -> None:
    done = bptutor("progress", "--progress", str(filled), "--export", "json")
    document = json.loads(done.out)
    assert document["schema"] == 1
    assert len(document["attempts"]) == 5
    assert document["attempts"][3]["slip"] == "error-sign"
    target = tmp_path / "out.csv"
    done = bptutor("progress", "--progress", str(filled), "--export", "csv", "-o", str(target))
    assert done.status == 0
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [row["rating"] for row in rows] == ["3", "3", "2", "1", "1"]


@pytest.mark.parametrize(
    ("options", "stdin", "status", "left"),
    [
        (["--reset", "--yes"], b"", 0, 0),
        (["--reset"], b"yes\n", 0, 0),
        (["--reset"], b"no\n", 2, 5),
        (["--reset"], b"", 2, 5),
    ],
)
def test_reset_asks_first(
    bptutor: Callable[..., Done], filled: Path, options: list[str], stdin: bytes, status: int, left: int
) -> None:
    done = bptutor("progress", "--progress", str(filled), *options, stdin=stdin)
    assert done.status == status
    progress = Progress(filled, Notes())
    assert len(progress.attempts()) == left
    progress.close()


def test_a_damaged_file_is_said_on_the_error_stream(bptutor: Callable[..., Done], tmp_path: Path) -> None:
    file = tmp_path / "progress.sqlite"
    file.write_bytes(b"nonsense" * 600)
    done = bptutor("progress", "--progress", str(file))
    assert done.status == 0
    assert "damaged" in done.err
    done = bptutor("progress", "--progress", str(file), "--reset", "--yes")
    assert done.status == 2
    assert file.read_bytes() == b"nonsense" * 600


def test_what_is_known_falls_with_a_miss_and_with_time() -> None:
    from backprop_tutor.quiz.attempts import SkillState

    def state(recent: tuple[str, ...], recall: float) -> SkillState:
        return SkillState("neuron", len(recent), recent, False, (), Card(NOW, recall, len(recent)))

    assert state(("wrong",), 1.0).known == 0
    assert state(("right",) * 4, 1.0).known == 1
    assert state(("right",) * 4, 0.9).known < 1
    assert state(("right", "right", "right", "wrong"), 1.0).known == 0.75


def test_the_network_grows_with_what_is_climbed() -> None:
    from backprop_tutor.quiz.networks import LARGER, OTHERS, USUAL, next_shape

    ladder = ["sigmoid", "neuron", "softmax"]
    assert next_shape([], ladder) == next_shape(["sigmoid"], ladder) == USUAL
    climbed = ["sigmoid", "neuron"]
    for code, expected in OTHERS.items():
        assert next_shape(climbed, ladder) == expected
        climbed.append(code)
    assert next_shape(climbed, ladder) == LARGER


@pytest.mark.parametrize("code", ["softmax", "relu", "tanh", "other-function"])
def test_every_skill_of_the_ladder_can_be_asked_for(bptutor: Callable[..., Done], tmp_path: Path, code: str) -> None:
    done = bptutor("quiz", "--skill", code, "--count", "1", "--progress", str(tmp_path / "p.sqlite"), stdin=b"s\n")
    assert done.status == 0, done.err


def test_export_and_reset_exclude_each_other(bptutor: Callable[..., Done], filled: Path) -> None:
    done = bptutor("progress", "--export", "json", "--reset", "--yes", "--progress", str(filled))
    assert done.status == 2
    assert "exclude each other" in done.err
    assert "5 questions" in bptutor("progress", "--progress", str(filled)).out
