"""Sheets are tests: the mark that a line is said to deserve (`# wrong [decimal-point]`) against the one it gets."""

from __future__ import annotations

from ..handwork.claims import Expected, Judgement, Verdict
from ..values import Struct


class Mismatch(Struct, frozen=True):
    """A line that got another mark, or another code, than its comment says."""

    verdict: Verdict
    expected: Expected

    @property
    def sentence(self) -> str:
        """`line 12: expected wrong [decimal-point], got close [truncated]`."""
        verdict = self.verdict
        finer = verdict.mark != "right" or self.expected.mark == "right"  # a right line's code is of interest only here
        got = tagged(verdict.mark, verdict.code if finer else "")
        return f"line {verdict.line}: expected {tagged(self.expected.mark, self.expected.code)}, got {got}"


def tagged(mark: str, code: str) -> str:
    """`wrong [decimal-point]`, as a sheet's comment has it."""
    return f"{mark} [{code}]" if code else mark


def mismatches(judgement: Judgement) -> list[Mismatch]:
    """Every line whose comment disagrees with its verdict; a comment without a code leaves the code open."""
    found = []
    for verdict in judgement.verdicts:
        expected = verdict.claim.expected
        if expected is None:
            continue
        if expected.mark != verdict.mark or (expected.code and expected.code != verdict.code):
            found.append(Mismatch(verdict, expected))
    return found


def expectations(judgement: Judgement) -> int:
    """How many lines say what they deserve."""
    return sum(verdict.claim.expected is not None for verdict in judgement.verdicts)
