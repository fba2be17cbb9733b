"""`verify --format csv`: the gradebook, one row a sheet; opens in any spreadsheet.

Columns: sheet, scenario, earned, counted, score (earned/counted to 4 places, empty where nothing could be decided),
one for each mark, then the first wrong line: first_line, first_quantity, first_code, first_message; problem says why a
sheet could not be judged.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ...handwork.claims import MARKS
from ...judging.classroom import Marked, first_slip, score
from ..screen import UNICODE_GLYPHS
from .options import VerifyOptions
from .words import Words

COLUMNS = (
    "sheet", "scenario", "earned", "counted", "score", *MARKS,
    "first_line", "first_quantity", "first_code", "first_message", "problem",
)  # fmt: skip


def report(marked: Iterable[Marked], options: VerifyOptions) -> str:
    """The gradebook as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    words = Words(options, UNICODE_GLYPHS)
    for one in marked:
        writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in row(one, words)])
    return text.getvalue()


def row(one: Marked, words: Words) -> list[str | int]:
    """One sheet's cells, in the order of `COLUMNS`."""
    judgement = one.judgement
    if judgement is None:
        problem = "; ".join(p.message for p in one.problems)
        return [one.path, one.scenario, *[""] * (len(COLUMNS) - 3), problem]
    earned = score(judgement, words.options.strict)
    share = "" if earned.share is None else f"{earned.share:.4f}"
    slip = first_slip(judgement)
    first: list[str | int] = ["", "", "", ""]
    if slip is not None:
        first = [slip.line, slip.quantity or "", slip.code, words.message(slip)]
    counts = [judgement.summary[mark] for mark in MARKS]
    return [one.path, one.scenario, earned.earned, earned.counted, share, *counts, *first, ""]


def safe(cell: str) -> str:
    """A text that no spreadsheet takes for a formula: a file may be called =1+1.md."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
