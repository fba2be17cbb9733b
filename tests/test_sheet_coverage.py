"""Nothing of a document is left out of its sheet: every equation is there, and every number on it.

The transcripts lie in tests/documents as they were found; the number behind an at sign in a sheet is a line of one.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from backprop_tutor.engine.build import build
from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.claims import Sheet
from backprop_tutor.handwork.quantities import Vocabulary
from backprop_tutor.scenario import loading as scenario
from tests.program import TOP

DOCUMENTS = Path(__file__).parent / "documents"
NAMES = tuple(path.name.removesuffix(".hand.md") for path in sorted((TOP / "scenarios").glob("*.hand.md")))
SUM_SIGN = re.compile(r"\\sum_(\{[^{}]*\}|\w)(\^(\{[^{}]*\}|\w))?")
SUBSCRIPT = re.compile(r"_(\{(?:[^{}]|\{[^{}]*\})*\}|\w)")
ENVIRONMENT = re.compile(r"\\(begin|end)\{[^}]*\}")
NUMBER = re.compile(r"(?<![A-Za-z_.\d])\d+(?:\.\d+)?")


@cache
def transcript(name: str) -> tuple[str, ...]:
    document = scenario.load(name).document
    assert document is not None
    return tuple((DOCUMENTS / f"{document}.txt").read_text(encoding="utf-8").split("\n"))


@cache
def sheet(name: str) -> Sheet:
    vocabulary = Vocabulary(build(scenario.load(name)))
    return handwork.read_file(str(TOP / "scenarios" / f"{name}.hand.md"), vocabulary)


@cache
def references(name: str) -> dict[int, str]:
    """Line of the document → the text of every line of the sheet that refers to it."""
    found: dict[int, list[str]] = {}
    for line in sheet(name).lines:
        for number in re.findall(r"\s@(\d+)", line):
            found.setdefault(int(number), []).append(re.sub(r"\s@\d+|\s#.*", "", line))
    return {number: " ".join(lines) for number, lines in found.items()}


def numbers_of_latex(line: str) -> set[str]:
    """Number literals of a line of LaTeX: digits in names (w_{11}, target o_1) are no numbers, limits of a sum are."""
    text = ENVIRONMENT.sub(" ", line)
    limits = " ".join(found[0] for found in SUM_SIGN.finditer(text))
    text = SUM_SIGN.sub(" ", text)
    text = SUBSCRIPT.sub(" ", text)
    return set(NUMBER.findall(f"{re.sub(r'[A-Za-z]+', ' ', limits).replace('_', ' ')} {text}"))


def equations(name: str) -> list[int]:
    return [number for number, line in enumerate(transcript(name), 1) if "=" in line]


@pytest.mark.parametrize("name", NAMES)
def test_every_equation_is_referenced(name: str) -> None:
    assert [n for n in equations(name) if n not in references(name)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_an_equation_is_in_the_sheet(name: str) -> None:
    missing = {}
    for number in equations(name):
        said = set(NUMBER.findall(references(name).get(number, "")))
        left_out = numbers_of_latex(transcript(name)[number - 1]) - said
        if left_out:
            missing[number] = left_out
    assert missing == {}


@pytest.mark.parametrize("name", NAMES)
def test_no_number_of_a_claim_is_invented(name: str) -> None:
    """Every number that the sheet puts into a claim stands on the lines that the claim refers to."""
    invented = {}
    for claim in sheet(name).claims:
        stated = set(NUMBER.findall(re.sub(r"[A-Za-z∂δη'_]\w*'?", " ", claim.text)))
        there = set(re.findall(r"\d+(?:\.\d+)?", " ".join(transcript(name)[n - 1] for n in claim.source_lines)))
        if stated - there:
            invented[claim.line] = stated - there
    assert invented == {}


@pytest.mark.parametrize("name", NAMES)
def test_claims_stand_in_the_documents_order_and_say_what_they_deserve(name: str) -> None:
    places = [claim.source_lines for claim in sheet(name).claims]
    assert all(places)
    assert [place[0] for place in places] == sorted(place[0] for place in places)
    assert all(claim.expected is not None for claim in sheet(name).claims)


def test_the_five_documents_are_the_five_sheets() -> None:
    documents = {scenario.load(name).document for name in NAMES}
    assert documents == {path.stem for path in DOCUMENTS.glob("*.txt")}
    assert len(NAMES) == 5


def test_the_test_would_notice() -> None:
    """A number or an equation that is taken out of a sheet is missed."""
    line = r"$$h_{11} = 0.15 \times 0.01 + \sum_{i=1}^2 x_i$$"
    assert numbers_of_latex(line) == {"0.15", "0.01", "1", "2"}
    assert numbers_of_latex(r"$$\text{loss}(o_1) = \frac{1}{2} (0.01 - 0.75)^2$$") == {"1", "2", "0.01", "0.75"}
