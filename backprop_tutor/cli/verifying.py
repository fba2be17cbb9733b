"""What `bptutor verify` does once it knows its arguments: find the sheets, judge them, write the report."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from ..errors import Problem, RequestError, TutorError, Where
from ..handwork.plain_reader import MAX_SHEET_BYTES, SUFFIX
from ..judging.classroom import Judges, Marked, Paper, Source, at_fault, judge_all
from ..judging.expectations import expectations, mismatches
from ..render.screen import UNICODE_GLYPHS, Screen, to_ascii
from ..render.verify import (
    classes as verify_class,
)
from ..render.verify import (
    gradebook as verify_csv,
)
from ..render.verify import (
    json_document as verify_json,
)
from ..render.verify import (
    markdown as verify_markdown,
)
from ..render.verify import (
    plain as verify_plain,
)
from ..render.verify import (
    terminal as verify_terminal,
)
from ..render.verify.options import VerifyOptions
from ..render.verify.words import Words
from ..scenario.files import bundled, bundled_folder, find
from ..values import Struct, field, replace
from .look import Look
from .output import encodes, write, write_bytes

STANDARD_INPUT = "standard input"

WRONG, UNUSABLE = 1, 2
SHOWN_PROGRESS = 6


class Request(Struct, frozen=True):
    """What is asked of `verify`: which scenario and sheets, what is wanted of them, where it goes."""

    scenario: str | None
    sheets: tuple[str, ...]
    values: tuple[tuple[str, str], ...] = ()
    seed: int | None = None
    options: VerifyOptions = field(default_factory=VerifyOptions)
    format: str = "terminal"
    output: Path | None = None
    look: Look = field(default_factory=Look)
    explain: int | None = None
    corrected: bool = False
    expect: bool = False


def verify(request: Request) -> int:
    """Judge and write; the exit status: 0 nothing wrong, 1 something wrong, 2 a sheet that can't be used.

    TutorError where the request itself, or its only sheet, can't be used.
    """
    papers = papers_of(request)
    refuse_conflicts(request, papers)
    judges = Judges()
    if len({paper.source for paper in papers}) == 1:
        judges.of(papers[0].source)  # a scenario with faults is told before any work
    if request.corrected:
        return write_corrected(request, papers[0], judges)
    progress = Progress(len(papers), sys.stderr, request.options.quiet)
    marked = judge_all(papers, judges, None, progress.show)
    progress.clear()
    if len(marked) == 1 and marked[0].judgement is None:
        raise TutorError(*marked[0].problems)
    if request.expect:
        return write_expectations(request, marked)
    if request.explain is not None:
        explain(request, papers[0], marked[0], judges)
    else:
        write_report(request, papers, marked, judges)
    return status_of(marked, request.options.strict)


def status_of(marked: Sequence[Marked], strict: bool) -> int:
    """2 where a sheet could not be judged, 1 where a line is wrong, else 0."""
    if any(one.judgement is None for one in marked):
        return UNUSABLE
    return WRONG if any(one.judgement and at_fault(one.judgement, strict) for one in marked) else 0


# ---------------------------------------------------------------- which sheets
def papers_of(request: Request) -> list[Paper]:
    """The sheets to judge. RequestError where there is none."""
    if request.scenario is None:
        return [
            Paper(Source(name, request.values, request.seed), f"{name}{SUFFIX}", text)
            for name in bundled()
            if (text := _bundled_sheet(name)) is not None
        ]
    source = Source(request.scenario, request.values, request.seed)
    if request.scenario.endswith((".md", ".txt")):
        said = f"'{request.scenario}' looks like a sheet, and no scenario is named"
        raise RequestError(Problem(said, help=f"bptutor verify SCENARIO {request.scenario}"))
    if not request.sheets:
        return [_own_sheet(source)]
    if request.sheets.count("-") + (request.scenario == "-") > 1:
        raise RequestError(Problem("standard input is named more than once", help="name a file in one of the places"))
    return [Paper(source, STANDARD_INPUT, _standard_input()) if s == "-" else Paper(source, s) for s in request.sheets]


def _bundled_sheet(name: str) -> str | None:
    entry = bundled_folder() / f"{name}{SUFFIX}"
    return entry.read_text(encoding="utf-8") if entry.is_file() else None


def _own_sheet(source: Source) -> Paper:
    """The sheet that lies beside a scenario: NAME.hand.md for NAME.toml."""
    found = find(source.scenario) if source.scenario != "-" else None
    if found is None or found.path is None:
        raise RequestError(Problem("a scenario on standard input has no sheet beside it", help="name a sheet"))
    if source.scenario in bundled() and (text := _bundled_sheet(source.scenario)) is not None:
        return Paper(source, f"{source.scenario}{SUFFIX}", text)
    beside = Path(found.path).with_suffix(SUFFIX)
    if not beside.is_file():
        said = f"there is no sheet '{beside.name}' beside the scenario"
        raise RequestError(Problem(said, Where(found.path), help=f"bptutor verify {source.scenario} SHEET"))
    return Paper(source, str(beside))


def _standard_input() -> str:
    data = sys.stdin.buffer.read(MAX_SHEET_BYTES + 1)
    if len(data) > MAX_SHEET_BYTES:
        raise RequestError(Problem(f"the sheet has more than {MAX_SHEET_BYTES} bytes", Where(STANDARD_INPUT)))
    return data.decode("utf-8-sig", errors="replace")


def refuse_conflicts(request: Request, papers: Sequence[Paper]) -> None:
    """RequestError for what can't be had together."""
    if not papers:
        raise RequestError(Problem("there is nothing to judge", help="bptutor verify SCENARIO SHEET"))
    for option, given in (("--explain", request.explain is not None), ("--corrected", request.corrected)):
        if given and len(papers) > 1:
            raise RequestError(Problem(f"{option} is for one sheet, and there are {len(papers)}", help="name one"))
        if given and request.format not in ("terminal", "plain"):
            said = f"{option} is for the terminal, not for {request.format}"
            raise RequestError(Problem(said, help=f"leave out {option} or --format"))
    if request.output is None:
        return
    target = request.output.resolve()
    for paper in papers:
        if paper.text is None and Path(paper.path).resolve() == target:
            said = "the report would replace the sheet itself"
            raise RequestError(Problem(said, Where(str(request.output)), help="write to another file"))


# ---------------------------------------------------------------- what is written
def write_report(request: Request, papers: Sequence[Paper], marked: Sequence[Marked], judges: Judges) -> None:
    """The report in the format asked for."""
    options = request.options
    if request.format == "json":
        _write(request, verify_json.report(marked, options))
    elif request.format == "csv":
        _write(request, verify_csv.report(marked, options))
    elif request.format == "markdown":
        one = marked[0].judgement
        if len(marked) == 1 and one is not None:
            _write(request, verify_markdown.report(one, judges.of(papers[0].source).graph, options))
        else:
            _write(request, verify_class.markdown(marked, options, Words(options, UNICODE_GLYPHS)))
    else:
        _on_screen(request, lambda screen, options: _show(papers, marked, judges, options, screen))


def _show(
    papers: Sequence[Paper], marked: Sequence[Marked], judges: Judges, options: VerifyOptions, screen: Screen
) -> None:
    if len({paper.source for paper in papers}) == 1:
        screen = screen.naming(judges.of(papers[0].source).graph.ascii_names)
    if len(marked) > 1:
        verify_class.show(marked, options, screen)
        return
    judgement = marked[0].judgement
    assert judgement is not None
    show = verify_plain.show if screen.plain else verify_terminal.show
    show(judgement, judges.of(papers[0].source).graph, options, screen)


def explain(request: Request, paper: Paper, marked: Marked, judges: Judges) -> None:
    """Everything about one line. RequestError where no claim stands on it."""
    from ..judging.references import references
    from ..render.verify import explain as verify_explain

    judgement, judge = marked.judgement, judges.of(paper.source)
    assert judgement is not None
    assert request.explain is not None
    wanted = [(place, v) for place, v in enumerate(judgement.verdicts) if v.line == request.explain]
    if not wanted:
        near = sorted((v.line for v in judgement.verdicts), key=lambda line: abs(line - (request.explain or 0)))[:3]
        shown = ", ".join(map(str, sorted(near)))
        said = f"no equation stands on line {request.explain} of the sheet"
        raise RequestError(Problem(said, Where(paper.path), help=f"the nearest stand on lines {shown}"))
    known = [(verdict, references(judge, judgement, place)) for place, verdict in wanted]

    def show(screen: Screen, options: VerifyOptions) -> None:
        screen = screen.naming(judge.graph.ascii_names)
        words = Words(options, screen.glyphs)
        for verdict, compared in known:
            for block in verify_explain.blocks(verdict, compared, words, screen.width):
                if screen.plain:
                    for text in verify_explain.read_out(block):
                        screen.line(text)
                else:
                    screen.show(block)

    _on_screen(request, show)


def write_corrected(request: Request, paper: Paper, judges: Judges) -> int:
    """The sheet as it should have been on standard output (or in a file), what has changed on standard error."""
    from ..judging.classroom import read_sheet
    from ..judging.corrected import correct

    judge = judges.of(paper.source)
    read_sheet(paper, judge.vocabulary)  # what can't be used is refused here
    # a stray byte stays what it is
    text = paper.text if paper.text is not None else Path(paper.path).read_bytes().decode("utf-8", "surrogateescape")
    done = correct(judge, text, paper.path)
    write_bytes(done.text.encode("utf-8", "surrogateescape"), request.output, request.options.quiet)
    if not request.options.quiet:
        screen = request.look.screen(sys.stderr)
        count = len(done.changes)
        numbers = ", ".join(str(change.line) for change in done.changes)
        said = f"{count} line{'s'[: count != 1]} corrected: {numbers}" if count else "nothing to correct"
        screen.line(screen.glyphs.text(said))
        if done.left:
            screen.line(f"no correction found for: {', '.join(map(str, done.left))}")
    return WRONG if done.changes or done.left else 0


def write_expectations(request: Request, marked: Sequence[Marked]) -> int:
    """Every line whose comment disagrees with its verdict; the exit status."""
    lines: list[str] = []
    expected = failed = 0
    for one in marked:
        if one.judgement is None:
            lines += [f"{one.path}: not judged: {problem.message}" for problem in one.problems]
            continue
        found = mismatches(one.judgement)
        lines += [f"{one.path}: {mismatch.sentence}" for mismatch in found]
        expected += expectations(one.judgement)
        failed += len(found)
    lines.append(f"{expected - failed} of {expected} expected marks agree")
    _on_screen(request, lambda screen, options: screen.line("\n".join(map(screen.glyphs.text, lines))))
    if any(one.judgement is None for one in marked):
        return UNUSABLE
    return WRONG if failed else 0


def _on_screen(request: Request, show: Callable[[Screen, VerifyOptions], object]) -> None:
    """Show something on standard output, or write it to a file."""
    look = request.look._replace(plain=request.look.plain or request.format == "plain")
    if request.output is None or str(request.output) == "-":
        show(look.screen(sys.stdout), request.options)
        return
    paper = io.StringIO()
    show(look.screen(paper), replace(request.options, quiet=True))
    write(paper.getvalue(), request.output, request.options.quiet)


def _write(request: Request, text: str) -> None:
    """A document as text, in ASCII where asked or where the stream has nothing else."""
    if request.look.ascii or (request.output is None and not encodes(text, sys.stdout)):
        text = as_json_ascii(text) if request.format == "json" else to_ascii(text)
    write(text, request.output, request.options.quiet)


def as_json_ascii(text: str) -> str:
    """JSON keeps every character: as an escape."""
    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)


class Progress:
    """A bar on standard error, on a terminal and for more than a few sheets only."""

    WIDTH = 30

    def __init__(self, total: int, stream: TextIO, quiet: bool) -> None:
        self.total = total
        self.stream = stream
        self.wanted = total > SHOWN_PROGRESS and not quiet and stream.isatty()

    def show(self, done: int) -> None:
        if self.wanted:
            full = self.WIDTH * done // self.total
            bar = "#" * full + "." * (self.WIDTH - full)
            self.stream.write(f"\r[{bar}] {done} of {self.total} sheets")
            self.stream.flush()

    def clear(self) -> None:
        if self.wanted:
            self.stream.write("\r" + " " * (self.WIDTH + 30) + "\r")
            self.stream.flush()
