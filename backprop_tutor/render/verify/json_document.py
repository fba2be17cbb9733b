"""`verify --format json`: one document, stable; numbers are full doubles, and what has no number is null.

    {"sheets": [{
        "path": "answers.md",              the sheet as it was named
        "scenario": "two_sigmoid_outputs",
        "claims": [{
            "line": 24,                    of the sheet, from 1
            "source_line": 39,             of the document ("@39"); null where none is given
            "source_lines": [39],          all of them
            "text": "loss_o2 = ... = 0.236",
            "quantity": "L2",              what the line is about, null where that is no single quantity
            "mark": "wrong",               right close notation convention follows unknown unread wrong
            "code": "decimal-point",       empty where the mark says all
            "stated": 0.236,
            "expected": 0.0242,
            "follows_from": [],            lines of the sheet
            "message": "the decimal point is 1 place off",
            "explanations": [{"code", "message", "lines_explained": [24], "confidence": 0.97}],
            "links": [{"kind": "formula|substitution|arithmetic|value", "left", "right", "mark", "code", "stated",
                       "expected", "message"}]
        }],
        "summary": {"right": 24, "close": 2, ...},      every mark, also those of no line
        "score": {"earned": 38, "counted": 46},         unknown and unread lines count neither way
        "remarks": [{"line": 12, "message": "..."}],    impossible values
        "problems": []                                  sentences; then claims is empty
    }]}

`--no-reveal` sets every "expected" to null and hides numbers in messages; `--only` leaves out other claims, not counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from ...handwork.claims import MARKS, Explanation, LinkVerdict, Verdict
from ...judging.classroom import Marked, score
from ..screen import UNICODE_GLYPHS
from .options import VerifyOptions
from .words import Words


def report(marked: Iterable[Marked], options: VerifyOptions) -> str:
    """The document as text."""
    return json.dumps(document(marked, options), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def document(marked: Iterable[Marked], options: VerifyOptions) -> dict[str, Any]:
    """The document as plain data."""
    words = Words(options, UNICODE_GLYPHS)
    return {"sheets": [_sheet(one, words) for one in marked]}


def _sheet(one: Marked, words: Words) -> dict[str, Any]:
    judgement = one.judgement
    if judgement is None:
        problems = ["; ".join(filter(None, (p.message, p.help))) for p in one.problems]
        return {
            "path": one.path, "scenario": one.scenario, "claims": [], "summary": dict.fromkeys(MARKS, 0),
            "score": {"earned": 0, "counted": 0}, "remarks": [], "problems": problems,
        }  # fmt: skip
    earned = score(judgement, words.options.strict)
    return {
        "path": one.path,
        "scenario": one.scenario,
        "claims": [_claim(verdict, words) for verdict in judgement.verdicts if words.options.shows(verdict.mark)],
        "summary": dict(judgement.summary),
        "score": {"earned": earned.earned, "counted": earned.counted},
        "remarks": [{"line": line, "message": sentence} for line, sentence in judgement.remarks],
        "problems": [],
    }


def _claim(verdict: Verdict, words: Words) -> dict[str, Any]:
    claim = verdict.claim
    return {
        "line": verdict.line,
        "source_line": claim.source_lines[0] if claim.source_lines else None,
        "source_lines": list(claim.source_lines),
        "text": claim.text,
        "quantity": verdict.quantity,
        "mark": verdict.mark,
        "code": verdict.code,
        "stated": _number(verdict.stated),
        "expected": _number(verdict.expected) if words.options.reveal else None,
        "follows_from": list(verdict.follows_from),
        "message": words.message(verdict),
        "explanations": [_explanation(cause, verdict, words) for cause in verdict.explanations],
        "links": [_link(link, verdict, words) for link in verdict.links],
    }


def _explanation(cause: Explanation, verdict: Verdict, words: Words) -> dict[str, Any]:
    return {
        "code": cause.code,
        "message": words.veiled(cause.message, "value", verdict),
        "lines_explained": list(cause.lines_explained),
        "confidence": cause.confidence,
    }


def _link(link: LinkVerdict, verdict: Verdict, words: Words) -> dict[str, Any]:
    return {
        "kind": link.kind,
        "left": link.left,
        "right": link.right,
        "mark": link.mark,
        "code": link.code,
        "stated": _number(link.stated),
        "expected": _number(link.expected) if words.options.reveal else None,
        "message": words.link_message(link, verdict),
    }


def _number(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return None if value is None or not math.isfinite(value) else value
