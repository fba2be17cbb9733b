"""What the commands `quiz` and `progress` do once they know what is asked of them."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from ..engine.opening import opened
from ..errors import Problem, RequestError, Where, did_you_mean
from ..quiz.attempts import Attempt, replay
from ..quiz.choosing import Generator, Practice, Wishes
from ..quiz.networks import OTHERS, USUAL, Shape, next_shape
from ..quiz.progress import COLUMNS, Progress, default_path
from ..quiz.session import Quiz, View
from ..quiz.skills import CODES, SKILLS
from ..render.screen import Screen, to_ascii
from ..scenario.files import find
from ..values import Struct, asdict, replace
from .look import Look
from .output import write


class Surroundings(Struct, frozen=True):
    """The clock, the stop watch, dice for what nobody fixed, and where answers come from."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    timer: Callable[[], float] = time.monotonic
    dice: Callable[[], random.Random] = random.SystemRandom
    source: TextIO | None = None


def practice(scenario: str | None, shape: Shape | None, skill: str = "") -> Practice:
    """What is practised; a network for the skill where nothing is named. RequestError, ScenarioError as ever."""
    if scenario is None or shape is not None:
        if scenario is not None:
            raise RequestError(Problem("a scenario and --random exclude each other", help="leave out one of them"))
        return Practice(shape=shape or OTHERS.get(skill, USUAL), grows=shape is None and not skill)
    graph = opened(scenario)
    own = graph.scenario.path is not None and not _is_bundled(scenario)
    return Practice(graph.scenario, own=own)


def _is_bundled(name: str) -> bool:
    from ..scenario.loading import bundled

    return name in bundled() and find(name).path != name


def known_skill(code: str) -> str:
    """A skill by its code. RequestError with the nearest ones."""
    if code not in CODES:
        help = did_you_mean(code, CODES) or "there are: " + ", ".join(skill.code for skill in SKILLS)
        raise RequestError(Problem(f"no skill is called '{code}'", Where(key="--skill"), help=help))
    return code


def quiz(
    practice: Practice, wishes: Wishes, seed: str | None, file: Path | None, look: Look, around: Surroundings
) -> None:
    """One quiz from beginning to end. KeyboardInterrupt after a summary, with everything answered kept."""
    screen = look.screen(sys.stdout)
    if not screen.interactive and look.color != "always":
        # nobody looks at a terminal: a script reads, or somebody listens
        screen = look._replace(plain=True).screen(sys.stdout)
    if practice.scenario is not None:
        screen = screen.naming(practice.scenario.ascii_names)
    dice = around.dice()
    progress = Progress(file if file is not None else default_path(), noted(screen))
    if practice.grows and seed is None:
        known = replay(progress.attempts(), around.now()).skills
        offered = Generator(practice, wishes, "0").offered
        practice = replace(practice, shape=next_shape([c for c, s in known.items() if s.climbed], offered))
    generator = Generator(practice, wishes, seed if seed is not None else str(dice.randrange(10_000, 100_000)))
    view = view_of(screen, look)
    reader = Reader(screen, around.source)
    session = f"{dice.getrandbits(64):016x}"
    one = Quiz(generator, progress, view, reader, around.now, around.timer, session)
    try:
        one.run()
    except KeyboardInterrupt:
        screen.line("")
        one.close()
        raise
    finally:
        progress.close()


def noted(screen: Screen) -> Callable[[str], None]:
    """A note on standard error, told once and in its own characters."""

    def note(text: str) -> None:
        sys.stdout.flush()
        text = f"note: {text}"
        screen.errors.write((to_ascii(text) if screen.glyphs.ascii else text) + "\n")
        screen.errors.flush()

    return note


def view_of(screen: Screen, look: Look) -> View:
    """How the quiz is shown: on a terminal's screen, or read out."""
    if screen.plain:
        from ..render.quiz.plain import PlainView

        return PlainView(screen, look.quiet)
    from ..render.quiz.terminal import TerminalView

    return TerminalView(screen, look.quiet)


class Reader:
    """The next typed line: edited on a terminal (arrow keys, history), else read line by line and echoed."""

    def __init__(self, screen: Screen, source: TextIO | None = None) -> None:
        self.source = sys.stdin if source is None else source
        self.interactive = source is None and screen.interactive and self.source.isatty()
        self.bold = ("", "")
        if self.interactive:
            with suppress(ImportError):
                import readline  # input() edits and remembers lines where this is there

                readline.set_auto_history(True)
                if screen.console is not None and "libedit" not in (readline.__doc__ or ""):
                    # between \001 and \002 stands what takes no room on the line
                    self.bold = ("\001\x1b[1m\002", "\001\x1b[0m\002")

    def __call__(self, prompt: str) -> str | None:
        if self.interactive:
            try:
                return input(prompt.join(self.bold))
            except EOFError:
                sys.stdout.write("\n")
                return None
        sys.stdout.write(prompt)
        sys.stdout.flush()
        text = self.source.readline()
        if not text:
            sys.stdout.write("\n")
            return None
        text = text.rstrip("\r\n")
        sys.stdout.write(text + "\n")
        return text


# ---------------------------------------------------------------- progress
def show_progress(file: Path | None, look: Look, around: Surroundings) -> None:
    """Skills, slips and days on a screen."""
    from ..render.quiz.progress_screen import show

    screen = look.screen(sys.stdout)
    path = file if file is not None else default_path()
    progress = existing(path, screen)
    now = around.now()
    state = replay(progress.attempts() if progress is not None else [], now)
    show(screen, state, str(path), now, look.quiet)
    if progress is not None:
        progress.close()


def existing(path: Path, screen: Screen) -> Progress | None:
    """The progress in a file; None where there is no file: looking makes none."""
    return Progress(path, noted(screen)) if path.exists() else None


def exported(file: Path | None, format: str, output: Path | None, look: Look) -> None:
    """Every answer as JSON or CSV, to standard output or a file."""
    import csv
    import io
    import json

    progress = existing(file if file is not None else default_path(), look.screen(sys.stdout))
    attempts = progress.attempts() if progress is not None else []
    if progress is not None:
        progress.close()
        if progress.problem:
            raise RequestError(Problem(progress.problem, help="nothing was exported"))
    rows = [as_row(attempt) for attempt in attempts]
    if format == "json":
        text = json.dumps({"schema": 1, "attempts": rows}, ensure_ascii=False, indent=1) + "\n"
    else:
        paper = io.StringIO()
        writer = csv.DictWriter(paper, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "visible": " ".join(row["visible"])} for row in rows)
        text = paper.getvalue()
    write(text, output, look.quiet)


def as_row(attempt: Attempt) -> dict[str, Any]:
    """An attempt as plain values."""
    found = asdict(attempt)
    return {**found, "at": attempt.at.isoformat(timespec="milliseconds"), "visible": list(attempt.visible)}


def forget(file: Path | None, yes: bool, look: Look, source: TextIO | None = None) -> None:
    """Delete every answer after asking for a yes. RequestError without one, or where the file can't be written."""
    screen = look.screen(sys.stdout)
    path = file if file is not None else default_path()
    progress = existing(path, screen)
    if progress is None:
        screen.line("There is nothing to forget.")
        return
    count = len(progress.attempts())
    answers = f"{count} answer" + ("" if count == 1 else "s")
    if not yes:
        sys.stderr.write(f"Forget {answers} in {path}? Type yes: ")
        sys.stderr.flush()
        if (sys.stdin if source is None else source).readline().strip().casefold() not in ("yes", "y"):
            progress.close()
            raise RequestError(Problem("nothing was forgotten", help="--yes forgets without asking"))
    progress.clear()
    progress.close()
    if not look.quiet:
        screen.line(f"{answers} forgotten.")
