"""A sheet as it should have been: the person's own lines, notation and digits, with only what is at fault replaced.

Each line is judged after the corrected lines before it. One that is wrong (or followed from a wrong one) is rewritten:
first single numbers, then the numbers put in and the result, then formulas, until it is right where it stands. All
other lines keep every byte. A rewritten line ends with `# corrected`; `correct` also returns what it was before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ..handwork import meaning
from ..handwork import plain_reader as handwork
from ..handwork.claims import Claim, Sheet, Verdict
from ..handwork.exact import literal
from ..handwork.penmanship import Penmanship
from ..handwork.quantities import Gradient, Subject, Updated, Value
from ..handwork.updates import Updates
from ..values import Struct, replace
from .alignment import has_names
from .corrections import rewritings
from .judge import Judge
from .person import Line, Person
from .session import Session

PASSES = 4
MOST_TRIALS = 60
FAULTY = ("wrong", "follows")
GOOD = ("right", "notation", "convention")
_COMMENT = re.compile(r"\s+#\s*[a-z]+(?:\s*\[[\w-]+\])?\s*$")


class Change(Struct, frozen=True):
    """One corrected line: its number, what stood there, what stands there now."""

    line: int
    before: str
    after: str


class Corrected(Struct, frozen=True):
    """The whole sheet, the changes, and the lines that no correction was found for."""

    text: str
    changes: tuple[Change, ...]
    left: tuple[int, ...]


def correct(judge: Judge, text: str, path: str = "sheet") -> Corrected:
    """The sheet with every wrong line, and every line that follows from one, put right."""
    lines = re.split(r"(\r\n|\r|\n)", text)  # line, its end, line, its end, ...
    changed: dict[int, Change] = {}
    left: tuple[int, ...] = ()
    trusting = judge.trusting()
    tainted: set[int] = set()
    for _ in range(PASSES):
        sheet = handwork.read("".join(lines), judge.vocabulary, path)
        verdicts = judge.judge(sheet).verdicts
        tainted |= _tainted(judge, verdicts)
        known = trusting.judge(sheet).verdicts if tainted else verdicts
        faulty = [
            place
            for place, v in enumerate(verdicts)
            if v.mark in FAULTY or (v.line in tainted and known[place].mark in FAULTY)
        ]
        left = tuple(dict.fromkeys(verdicts[place].line for place in faulty))
        if not left:
            break
        open_to_all = [place for place, v in enumerate(verdicts) if v.mark == "unknown" and v.line not in tainted]
        fresh = _Pass(trusting if tainted else judge, sheet, faulty, open_to_all).changes()
        if not fresh:
            break
        # a chain may go on over several lines
        held = {claim.line: whole_line(claim).count("\n") + 1 for claim in sheet.claims}
        for number, after in fresh.items():
            places = [2 * (number - 1 + i) for i in range(held[number])]
            before = changed[number].before if number in changed else "\n".join(lines[place] for place in places)
            first, *more = flagged(after).split("\n")
            more = [*more, *[""] * (len(places) - 1 - len(more))]
            for place, text in zip(places, [first, *more], strict=False):
                lines[place] = text
            changed[number] = Change(number, before, flagged(after))
    return Corrected("".join(lines), tuple(changed[n] for n in sorted(changed)), left)


def _tainted(judge: Judge, verdicts: Sequence[Verdict]) -> set[int]:
    """The lines that nothing decides, about what a mistake goes into: their numbers were worked out with it."""
    about = [(subject, v) for v in verdicts if (subject := _subject(judge, v.claim)) is not None]
    at_fault = [subject for subject, v in about if v.mark in FAULTY]
    undecided = [(subject, v.line) for subject, v in about if v.mark == "unknown" and v.stated is not None]
    return {line for subject, line in undecided if any(_goes_into(judge, slip, subject) for slip in at_fault)}


def _subject(judge: Judge, claim: Claim) -> Subject | None:
    if not claim.parts:
        return None
    first = meaning.read(claim.parts[0].expression, judge.vocabulary, {}, False, claim.sample)
    return meaning.subject_of(first.expression, judge.vocabulary)


def _goes_into(judge: Judge, slip: Subject, subject: Subject) -> bool:
    """Is a quantity worked out with another one: forward along the graph, back along it, or from values to slopes?"""
    graph = judge.graph
    match slip, subject:
        case Value(node), Value(later):
            return graph.reaches(node, later)
        case Value(node), Gradient(of, _):
            return graph.reaches(node, of)
        case Value(node), Updated(_):
            return graph.reaches(node, graph.loss)
        case Gradient(_, node), Gradient(_, earlier):
            return graph.reaches(earlier, node)
        case Gradient(_, node), Updated(weight):
            return graph.reaches(weight, node)
        case _:
            return False


def flagged(line: str) -> str:
    """The line with `# corrected` at its end, in the place of the mark that it was said to deserve."""
    return _COMMENT.sub("", line).rstrip() + f"  # {handwork.CORRECTED}"


class _Pass:
    """One walk down the sheet: every line is judged after the corrected ones above it."""

    def __init__(self, judge: Judge, sheet: Sheet, faulty: Sequence[int], kept: Sequence[int]) -> None:
        self.judge = judge
        self.sheet = sheet
        self.faulty = frozenset(faulty)  # places among the sheet's claims
        self.kept = frozenset(kept)  # those that stay, whatever the values are that the scenario assumes
        self.first = min(faulty)
        self.on_line = Counter(claim.line for claim in sheet.claims)
        self.later: Mapping[Subject, Sequence[Line]] = judge.stated_anywhere(sheet)
        self.pen = Penmanship.of(sheet, judge.vocabulary)
        updates = Updates(judge.vocabulary)
        backward = (claim.line for claim in sheet.claims if updates.is_backward(claim.parts))
        self.backward = next(backward, len(sheet.lines))  # the first line about a gradient
        self.restated: dict[str, str] = {}  # results as they stood, and what they are now

    def changes(self) -> dict[int, str]:
        """The new text of each line that has to change."""
        judge = self.judge
        session = Session(Person(judge.vocabulary, judge.leaves, convention=judge.convention))
        found: dict[int, str] = {}
        passed: Counter[int] = Counter()
        for place, typed in enumerate(self.sheet.claims):
            index = passed[typed.line]  # among the claims of its line
            passed[typed.line] += 1
            claim = self.read(found[typed.line], typed, index) if typed.line in found else typed
            if claim is None:
                continue
            held = session.copy()
            verdict = judge.claim(claim, session, self.later)
            if place not in self.faulty and (verdict.mark not in FAULTY or place < self.first):
                continue
            if place in self.kept:
                continue
            if verdict.mark in GOOD:
                continue  # in order now that the lines before it are
            better = self.better(claim, index, verdict, held)
            if better is not None:
                after, session = better
                found[claim.line] = whole_line(after)
                self.note(claim, after)
        return found

    def note(self, before: Claim, after: Claim) -> None:
        """Remember a result that has changed: later lines may have used it."""
        old, new = before.parts[-1].text, after.parts[-1].text
        if old != new and literal(before.parts[-1].expression) and literal(after.parts[-1].expression):
            self.restated[old] = new

    def better(self, claim: Claim, index: int, verdict: Verdict, session: Session) -> tuple[Claim, Session] | None:
        """The first rewriting that is right where it stands, else one that is close; and the session after it."""
        seen = {whole_line(claim)}
        kept: dict[int, tuple[Claim, Session]] = {}
        for text in self.tried(claim, index, verdict, session):
            if text in seen:
                continue
            seen.add(text)
            if len(seen) > MOST_TRIALS:
                break
            after = session.copy()
            judged = self.judged(claim, index, text, after)
            if judged is None or judged[1].mark not in (*GOOD, "close"):
                continue
            rank = 2 * loses_result(claim, judged[0]) + (judged[1].mark == "close")
            if not rank:
                return judged[0], after
            kept.setdefault(rank, (judged[0], after))
        if verdict.mark not in FAULTY:
            return None
        return kept[min(kept)] if kept else None

    def tried(self, claim: Claim, index: int, verdict: Verdict, session: Session) -> Iterator[str]:
        """Rewritings, the smallest change first; one that helps a little is improved on."""
        starts = [(claim, verdict)]
        used = replaced_numbers(whole_line(claim), self.restated)
        judged = self.judged(claim, index, used, session.copy())
        if judged is not None:
            yield used
            starts.insert(0, judged)
        seen = {whole_line(claim)}
        while starts:
            from_claim, from_verdict = starts.pop(0)
            for text, whole in rewritings(self.judge, from_claim, from_verdict, session.copy(), self.later, self.pen):
                yield text
                if whole or text in seen or len(seen) > MOST_TRIALS:
                    continue
                seen.add(text)
                judged = self.judged(claim, index, text, session.copy())
                if judged is not None and judged[1].mark not in GOOD:
                    starts.append(judged)

    def judged(self, claim: Claim, index: int, text: str, session: Session) -> tuple[Claim, Verdict] | None:
        """A new text for a claim's line, read and judged after what the session holds."""
        fresh = self.read(text, claim, index)
        return None if fresh is None else (fresh, self.judge.claim(fresh, session, self.later))

    def read(self, text: str, claim: Claim, index: int) -> Claim | None:
        """The claim in a new text of its line; None where that no longer holds as many claims."""
        backward = claim.line > self.backward
        claims = handwork.read_again(text, self.judge.vocabulary, self.sheet, claim.line, backward)
        if len(claims) != self.on_line[claim.line]:
            return None
        return replace(claims[index], line=claim.line, sample=claim.sample, nearby=claim.nearby, step=claim.step)


def replaced_numbers(line: str, restated: Mapping[str, str]) -> str:
    """The line with every number that was corrected further up in its new form; its source lines stay."""
    return re.sub(r"(?<![\w.@])\d+\.\d+(?![\w.])", lambda found: restated.get(found[0], found[0]), line)


def loses_result(before: Claim, after: Claim) -> bool:
    """Does a chain that came to a number end without one?"""
    return not has_names(before.parts[-1].expression) and has_names(after.parts[-1].expression)


def whole_line(claim: Claim) -> str:
    return claim.where.source or claim.text
