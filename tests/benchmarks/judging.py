"""A class of hand calculations, and a quiz: how many a second."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator

from backprop_tutor.engine.build import build
from backprop_tutor.engine.trace import run
from backprop_tutor.judging.classroom import Judges, Paper, Source, judge_all
from backprop_tutor.scenario.loading import load
from tests import quizzing
from tests.honest import Writer

SCENARIO = "two_sigmoid_outputs"
SHEETS = 1000
FEW = 50  # sheets judged before the clock starts
SLIPS = 3  # on each sheet of the second class


def right(count: int) -> list[str]:
    """Sheets of people who calculate rightly, each in a way of their own."""
    trace, draw = run(build(load(SCENARIO))), random.Random(1)
    return [
        Writer(
            trace, draw.randint(4, 6), draw.random() < 0.5, draw.choice(("up", "even", "cut")),
            draw.choice(("written", "calculator")), random.Random(draw.random()),
        ).sheet()
        for _ in range(count)
    ]  # fmt: skip


def slipped(sheet: str, draw: random.Random) -> str:
    """The sheet with one digit of the result changed on three of its lines."""
    lines = sheet.splitlines()
    for number in draw.sample(range(len(lines)), SLIPS):
        result = lines[number].rfind("=")
        places = [found.start() for found in re.finditer(r"[1-9]", lines[number]) if found.start() > result]
        if places:
            at = draw.choice(places)
            other = draw.choice([d for d in "123456789" if d != lines[number][at]])
            lines[number] = lines[number][:at] + other + lines[number][at + 1 :]
    return "\n".join(lines)


def sheets(count: int = SHEETS) -> Iterator[tuple[str, int, float]]:
    """What is judged, how many, and how many seconds it takes on all cores."""
    source, draw = Source(SCENARIO), random.Random(2)
    fine = right(count)
    for words, texts in (
        ("sheets, all right", fine),
        (f"sheets, {SLIPS} slips each", [slipped(text, draw) for text in fine]),
    ):
        papers = [Paper(source, f"{number}.txt", text) for number, text in enumerate(texts)]
        judge_all(papers[:FEW], Judges(), 1)
        begun = time.perf_counter()
        marked = judge_all(papers, Judges())
        seconds = time.perf_counter() - begun
        assert all(one.judgement is not None for one in marked)
        yield f"{count} {words}, {os.cpu_count()} cores", count, seconds


def questions(limit: int = 200) -> tuple[str, int, float]:
    """Questions made from the same scenario with other numbers each time."""
    begun, made = time.perf_counter(), 0
    for seed in range(1000):
        made += sum(1 for _ in quizzing.questions(quizzing.other(SCENARIO, seed), 4, seed, 20))
        if made >= limit:
            break
    return "questions, new numbers for every 20", made, time.perf_counter() - begun
