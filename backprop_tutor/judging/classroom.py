"""Many sheets judged: one by one or over all cores, in order, and none can stop the rest; scores and common slips.

A line earns its mark when it is `right`, `close`, `notation`, `convention` or `follows` (a mistake costs once, where it
is made); `wrong` earns nothing. `unknown` and `unread` lines count neither way: nobody could decide them, and a person
has to look at them. Under `strict`, `close` earns nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from multiprocessing import get_context

from ..engine.graph import Graph
from ..engine.opening import opened
from ..errors import Problem, RequestError, TutorError, Where
from ..handwork import plain_reader as handwork
from ..handwork.claims import Judgement, Mark, Sheet, Verdict
from ..handwork.quantities import Vocabulary
from ..values import Struct
from .judge import Judge

EARNING: tuple[Mark, ...] = ("right", "close", "notation", "convention", "follows")
UNDECIDED: tuple[Mark, ...] = ("unknown", "unread")
FEW = 6
"""Up to so many sheets are judged in this process: starting others takes longer than that."""


class Marked(Struct, frozen=True):
    """One sheet and its judgement, or the problem that kept it from being judged."""

    path: str
    scenario: str
    judgement: Judgement | None
    problems: tuple[Problem, ...] = ()


class Score(Struct, frozen=True):
    """How many of the lines that could be decided earn their mark."""

    earned: int
    counted: int

    @property
    def share(self) -> float | None:
        """0 to 1; None where no line could be decided."""
        return self.earned / self.counted if self.counted else None


def earning(strict: bool) -> tuple[Mark, ...]:
    return tuple(mark for mark in EARNING if not (strict and mark == "close"))


def score(judgement: Judgement, strict: bool = False) -> Score:
    """The score of one sheet; see the module's first paragraph."""
    earns = earning(strict)
    counted = [v for v in judgement.verdicts if v.mark not in UNDECIDED]
    return Score(sum(v.mark in earns for v in counted), len(counted))


def at_fault(judgement: Judgement, strict: bool = False) -> bool:
    """Is a line wrong (or, when strict, only close)?"""
    return any(v.mark == "wrong" or (strict and v.mark == "close") for v in judgement.verdicts)


def first_slip(judgement: Judgement) -> Verdict | None:
    """The first wrong line."""
    return next((v for v in judgement.verdicts if v.mark == "wrong"), None)


# ---------------------------------------------------------------- the slips of a class
class Slip(Struct, frozen=True):
    """One kind of mistake over a class: in how many sheets, on how many lines, and where it is seen first."""

    code: str
    sheets: int
    lines: int
    example: Verdict
    path: str


def common_slips(marked: Iterable[Marked]) -> list[Slip]:
    """Every kind of mistake, the one of most sheets first."""
    lines: Counter[str] = Counter()
    sheets: Counter[str] = Counter()
    examples: dict[str, tuple[Verdict, str]] = {}
    for one in marked:
        if one.judgement is None:
            continue
        wrong = [v for v in one.judgement.verdicts if v.mark == "wrong"]
        lines.update(v.code for v in wrong)
        sheets.update({v.code for v in wrong})
        for verdict in wrong:
            examples.setdefault(verdict.code, (verdict, one.path))
    found = [Slip(code, sheets[code], lines[code], *examples[code]) for code in examples]
    return sorted(found, key=lambda slip: (-slip.sheets, -slip.lines, slip.code))


# ---------------------------------------------------------------- one sheet
class Source(Struct, frozen=True):
    """A scenario as it was asked for: its name or path, the values put in, the seed; a worker builds it again."""

    scenario: str
    values: tuple[tuple[str, str], ...] = ()
    seed: int | None = None

    def graph(self) -> Graph:
        return opened(self.scenario, dict(self.values), self.seed)


class Paper(Struct, frozen=True):
    """One sheet to judge: what it is called, and its text where that is known already (else the file is read)."""

    source: Source
    path: str
    text: str | None = None


def read_sheet(paper: Paper, vocabulary: Vocabulary) -> Sheet:
    """The sheet's claims. RequestError when there is nothing to judge."""
    path, text = paper.path, paper.text
    sheet = handwork.read_file(path, vocabulary) if text is None else handwork.read(text, vocabulary, path)
    if any("\0" in line for line in sheet.lines):
        raise RequestError(Problem("the sheet is no text", Where(path), help="save it as UTF-8 text"))
    if not sheet.claims:
        raise RequestError(
            Problem("the sheet has no equation", Where(path), help="write one claim a line, for example h1 = 0.3775")
        )
    return sheet


def judged(judge: Judge, paper: Paper) -> Marked:
    """One sheet judged; its problems are returned and never raised."""
    name = judge.graph.scenario.name
    try:
        return Marked(paper.path, name, judge.judge(read_sheet(paper, judge.vocabulary)))
    except TutorError as error:
        return Marked(paper.path, name, None, error.problems)
    except (RecursionError, MemoryError) as error:
        problem = Problem(f"the sheet is too much to judge ({type(error).__name__})", Where(paper.path))
        return Marked(paper.path, name, None, (problem,))


# ---------------------------------------------------------------- many sheets
class Judges:
    """A judge for every scenario, each made once."""

    def __init__(self, made: Iterable[tuple[Source, Judge]] = ()) -> None:
        self._made = dict(made)

    def of(self, source: Source) -> Judge:
        if source not in self._made:
            self._made[source] = Judge(source.graph())
        return self._made[source]

    def mark(self, paper: Paper) -> Marked:
        return judged(self.of(paper.source), paper)


def judge_all(
    papers: Sequence[Paper],
    judges: Judges,
    workers: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Marked]:
    """Every sheet, in the order given, the same whatever the number of workers.

    `workers` None: every core where there are many sheets or several scenarios, else this process alone.
    """
    if workers is None:
        many = len(papers) > FEW or len({paper.source for paper in papers}) > 1
        workers = min(os.cpu_count() or 1, len(papers)) if many else 1
    found: list[Marked] = []
    if workers > 1 and all(paper.source.scenario != "-" for paper in papers):
        try:
            for one in _in_parallel(papers, workers):
                found.append(one)
                progress(len(found))
        except (OSError, BrokenProcessPool):
            pass  # no processes to be had (a sandbox, too little memory): the rest is judged here
    for paper in papers[len(found) :]:
        found.append(judges.mark(paper))
        progress(len(found))
    return found


_judges = Judges()  # of a worker process


def _work(paper: Paper) -> Marked:
    return _judges.mark(paper)


def _in_parallel(papers: Sequence[Paper], workers: int) -> Iterator[Marked]:
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(_work, papers, chunksize=max(1, min(8, len(papers) // (4 * workers))))
