"""Claims about whole arrays: `dL/dW = δ x^T = [[0.2, 0.4], [-0.4, -0.8]]` is judged element by element.

Each element is a scalar chain of its own, judged as any other. Where a formula can be read in several ways, the one
that makes the line true counts; an array written with rows for columns is the other convention, and told as that.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..engine.lift import shape_text
from ..engine.unroll import Cells, Index
from ..formulas.expression import (
    Bracketed,
    Derivative,
    Element,
    Expression,
    MatrixProduct,
    Name,
    Negative,
    Number,
    ungrouped,
    walk,
)
from ..formulas.typeset import to_text
from ..handwork import meaning
from ..handwork.arrays import Grid
from ..handwork.claims import Claim, LinkVerdict, Mark, Part, Verdict, worst
from ..handwork.exact import Stated, agrees, finite, literal, truncates
from ..handwork.quantities import Subject
from ..values import Struct, replace
from .alignment import as_written, has_names
from .array_reading import ArrayReader
from .own_names import OwnName, placeless, with_own_names
from .person import Line

if TYPE_CHECKING:
    from .judge import Judge
    from .session import Session

MOST_TRIED = 60  # readings of names that mean nothing here
MOST_TOLD = 4  # elements of which a sentence speaks
LAYOUT = "convention-layout"
ITSELF = "\0"  # the element's own name in its sentence
TURNED = "rows and columns are exchanged: this is the transpose of {}"


class Arrays(Struct, frozen=True):
    """A claim's parts as grids of scalar formulas of one shape; `unread` says why a part is missing."""

    parts: tuple[tuple[Part, Cells], ...]
    renamed: Mapping[str, str]
    unread: tuple[tuple[Part, str], ...] = ()
    turned: bool = False  # is a part written with rows for columns?
    defined: bool = False  # the claim's first part was a new name for its second


def judge_array(
    judge: Judge, claim: Claim, session: Session, later: Mapping[Subject, Sequence[Line]]
) -> Verdict | None:
    """The verdict over all elements; None where the claim is better read as one about a single number."""
    reading = _ArrayClaim(judge, claim, session)
    whole = is_about_arrays(judge, claim)
    found = reading.read(whole)
    if found is None or isinstance(found, str):
        message = found or "there is nothing to compare this with"
        return Verdict(claim, None, "unknown", "not-checkable", message, None, None, ()) if whole else None
    if not whole and (found.unread or found.renamed):
        return None
    if not whole and not reading.agrees(found) and judge.has_scalar_meaning(claim, session, later):
        return None  # `da1/dw` of one a1 among many
    if len(found.parts) < 2:
        if found.defined and not found.unread:
            return Verdict(claim, None, "right", "definition", "a name of your own", None, None, ())
        message = found.unread[0][1] if found.unread else "there is nothing to compare this with"
        return Verdict(claim, None, "unknown", "not-checkable", message, None, None, ())
    size = found.parts[0][1].size
    verdicts = [judge.chain(_element(claim, found, i), session, later) for i in range(size)]
    return together(judge, claim, found, verdicts)


def is_about_arrays(judge: Judge, claim: Claim) -> bool:
    """Does a chain hold a list or a matrix product, or begin with the name of an array?"""
    for part in claim.parts:
        if any(isinstance(node, (Bracketed, MatrixProduct)) for node in walk(part.expression)):
            return True
    first = ungrouped(claim.parts[0].expression)
    if not isinstance(first, Name) or judge.arrays.of_samples(first.name) is not None:
        return False  # without a list the numbers of all samples are not meant
    grid = judge.arrays.grid(first.name, claim.sample)
    return grid is not None and grid.cells.size > 1


def mentions_arrays(judge: Judge, claim: Claim) -> bool:
    """Does a chain hold a list, or the name of anything that is an array?"""
    arrays, sample = judge.arrays, claim.sample
    for part in claim.parts:
        for node in walk(part.expression):
            match node:
                case Bracketed() | MatrixProduct():
                    return True
                case Name(name) | Element(name) if arrays.grid(name, sample) is not None:
                    return True
                case Derivative(of, by) if any(arrays.values(name, sample) is not None for name in (of, by)):
                    return True
    return False


def stated_elements(judge: Judge, claim: Claim) -> Iterator[tuple[Subject, Stated]]:
    """The numbers that an array claim states for each element of the array that it is about."""
    reader = ArrayReader(judge.graph, judge.arrays, claim.sample, {})
    reader.stacked = _of_samples(judge, claim)
    first, last = (reader.read(claim.parts[i].expression) for i in (0, -1))
    if reader.unknown or not isinstance(ungrouped(first), Name):
        return
    about, numbers = (next(reader.grids(tree), None) for tree in (first, last))
    if about is None or numbers is None or about.shape != numbers.shape:
        return
    for cell, entry in zip(about.ravel(), numbers.ravel(), strict=True):
        subject, number = meaning.subject_of(cell, judge.vocabulary), literal(entry)
        if subject is not None and number is not None:
            yield subject, number


# ---------------------------------------------------------------- reading
class _ArrayClaim:
    """Finds what the names of a claim mean, and the reading of its products under which it is true."""

    def __init__(self, judge: Judge, claim: Claim, session: Session) -> None:
        self.judge = judge
        self.claim = claim
        self.session = session
        self.expressions = [with_own_names(part.expression, session.definitions) for part in claim.parts]

        self.stacked = _of_samples(judge, claim)

    def reader(self, renamed: Mapping[str, Grid]) -> ArrayReader:
        reader = ArrayReader(self.judge.graph, self.judge.arrays, self.claim.sample, renamed)
        reader.stacked = self.stacked
        return reader

    def read(self, searching: bool) -> Arrays | str | None:
        """The parts as grids; a sentence or None where they can't be. `searching`: for what foreign names may mean."""
        known = self.session.arrays
        reader = self.reader(known)
        for expression in self.expressions:
            reader.read(expression)
        foreign = tuple(reader.unknown)
        if not foreign:
            return self.fitted(known)
        first = ungrouped(self.expressions[0])
        if isinstance(first, Name) and first.name in foreign:
            return self.named(first.name)
        found = self.meant(foreign) if searching else None
        return self.fitted(known) if found is None else found

    def named(self, name: str) -> Arrays | str | None:
        """A claim about a name that means nothing so far: defined here, or read as the array that it agrees with."""
        others = self.reader(self.session.arrays)
        if len(self.expressions) > 1 and has_names(self.expressions[1]):
            others.read(self.expressions[1])
            if not others.unknown and name.strip("_"):
                self.session.definitions[name] = OwnName(placeless(self.expressions[1]))
                found = self.fitted(self.session.arrays, 1)
                return replace(found, defined=True) if isinstance(found, Arrays) else found
        for grid in self.candidates(name):
            renamed = {**self.session.arrays, name: grid}
            found = self.fitted(renamed)
            if isinstance(found, Arrays) and not found.unread and self.agrees(found):
                self.session.arrays[name] = grid
                return found
        return f"'{name}' means nothing in this scenario"

    def meant(self, foreign: tuple[str, ...]) -> Arrays | None:
        """Foreign names inside formulas, read as the arrays under which the claim's first formula is true."""
        if len(foreign) > 2 or not all(name.strip("_") for name in foreign):
            return None
        options = [self.candidates(name)[:MOST_TRIED] for name in foreign]
        for chosen in itertools.islice(itertools.product(*options), MOST_TRIED):
            readings = dict(zip(foreign, chosen, strict=True))
            found = self.fitted({**self.session.arrays, **readings})
            if isinstance(found, Arrays) and not found.unread and self.agrees(found):
                self.session.arrays.update(readings)
                return found
        return None

    def candidates(self, foreign: str) -> list[Grid]:
        """What a foreign name may mean, the most alike first: arrays, their gradients, their new values."""
        arrays, sample = self.judge.arrays, self.claim.sample
        graph = self.judge.graph
        found: dict[str, Grid] = {}
        for name, block in graph.blocks.items():
            if block.shape and (block.sample is None or block.sample == sample):
                loss = graph.name(graph.loss)
                grids = (arrays.grid(name), arrays.gradient(loss, name), arrays.grid(f"{name}'"))
                found |= {grid.text: grid for grid in grids if grid is not None}
        return sorted(found.values(), key=lambda grid: -meaning.similarity(foreign, grid.text))

    def agrees(self, found: Arrays) -> bool:
        """Is the first link of every element true?"""
        if len(found.parts) < 2:
            return False
        first, second = found.parts[0][1], found.parts[1][1]
        return all(self.holds(a, b) for a, b in zip(first.ravel(), second.ravel(), strict=True))

    # ------------------------------------------------------------------ shapes
    def fitted(self, renamed: Mapping[str, Grid], start: int = 0) -> Arrays | str | None:
        """The parts from `start` on in one shape, each in the reading that agrees best with the first."""
        options: list[tuple[Part, list[Cells], str]] = []
        used: dict[str, str] = {}
        for part, expression in list(zip(self.claim.parts, self.expressions, strict=True))[start:]:
            reader = self.reader(renamed)
            tree = reader.read(expression)
            used |= reader.used
            if reader.unknown:
                names = ", ".join(f"'{name}'" for name in reader.unknown)
                options.append((part, [], f"{names} means nothing in this scenario"))
            else:
                options.append((part, list(reader.grids(tree)), "its pieces do not fit together"))
        first, grids, message = options[0]
        if not grids:
            return message
        target = self.best_first(grids, [other for _, other, _ in options[1:]])
        parts: list[tuple[Part, Cells]] = [(first, target)]
        unread: list[tuple[Part, str]] = []
        turned = False
        for part, readings, message in options[1:]:
            chosen = self.chosen(target, readings)
            if chosen is None:
                shape = readings[0].shape if readings else ()
                parts_differ = f"{first.text} has {sized(target.shape)}, this has {sized(shape)}"
                unread.append((part, parts_differ if readings else message))
                continue
            cells, is_turned = chosen
            parts.append((part, cells))
            turned = turned or is_turned
        return Arrays(tuple(parts), used, tuple(unread), turned)

    def best_first(self, grids: Sequence[Cells], others: Sequence[Sequence[Cells]]) -> Cells:
        """The reading of the first part whose shape another part has."""
        shapes = [cells.shape for readings in others for cells in readings]
        return next((cells for cells in grids if cells.shape in shapes), grids[0])

    def chosen(self, target: Cells, readings: Sequence[Cells]) -> tuple[Cells, bool] | None:
        """The reading that agrees with the target in most elements, and whether it is turned; None where none fits."""
        fitting = [(cells, False) for cells in readings if cells.shape == target.shape]
        if target.ndim == 2:
            fitting += [(cells.T, True) for cells in readings if cells.shape == target.shape[::-1]]
        best: tuple[int, Cells, bool] | None = None
        for cells, is_turned in fitting:
            count = sum(self.holds(a, b) for a, b in zip(target.ravel(), cells.ravel(), strict=True))
            # turned only where that makes all of it true, or where the shape leaves no choice
            if is_turned and count < target.size and target.shape[0] == target.shape[1]:
                continue
            if best is None or count > best[0]:
                best = (count, cells, is_turned)
            if count == target.size:
                break
        return None if best is None else (best[1], best[2])

    def holds(self, left: Expression, right: Expression) -> bool:
        """Is a cell the quantity (as a formula), or does its number agree with the truth or the lines before?"""
        if has_names(right):
            return self.judge.equality.same(left, right, quick=True)
        number = literal(right)
        try:
            value, unit = (number.value, number.unit) if number is not None else (as_written(right), None)
        except ArithmeticError:
            return False
        for model in (self.judge.truth, self.session.person):
            true = finite(model.evaluate(left)) if model is not None else None
            if true is None:
                continue
            if unit is None:
                if abs(true - value) <= max(abs(true), abs(value)) / 50:
                    return True
            elif agrees(value, unit, true) or truncates(value, unit, true):
                return True
        return False


def _of_samples(judge: Judge, claim: Claim) -> dict[str, Grid]:
    """`E = [0.18, 0.005]`: a list of one number for each sample, under the name of their total."""
    first, last = ungrouped(claim.parts[0].expression), ungrouped(claim.parts[-1].expression)
    if claim.sample is not None or not (isinstance(first, Name) and isinstance(last, Bracketed)):
        return {}
    grid = judge.arrays.of_samples(first.name)
    return {first.name: grid} if grid is not None and len(last.items) == len(grid.cells) else {}


def sized(shape: Index) -> str:
    """`2×3 numbers`, `3 numbers`, `one number`."""
    return f"{shape_text(shape)} numbers" if shape else "one number"


# ---------------------------------------------------------------- judging
def _element(claim: Claim, found: Arrays, index: int) -> Claim:
    """The scalar claim of one element."""
    pieces = []
    for part, cells in found.parts:
        cell = cells.ravel()[index]
        span = getattr(_number(cell), "span", (0, 0))
        if span == (0, 0):
            pieces.append(replace(part, expression=cell, text=to_text(cell)))
        else:
            text = part.text[span[0] : span[1]]
            pieces.append(Part(cell, text, part.start + span[0], part.start + span[1], part.open))
    return replace(claim, parts=tuple(pieces))


def _number(cell: Expression) -> Expression:
    """A typed number, with its sign, that is all there is of an entry."""
    node = ungrouped(cell)
    plain = node.operand if isinstance(node, Negative) else node
    return node if isinstance(plain, Number) else cell


def together(judge: Judge, claim: Claim, found: Arrays, verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict of all elements': the worst mark, said of every element that has it."""
    marks: list[Mark] = [v.mark for v in verdicts]
    mark = worst(marks)
    links = [link for v in verdicts for link in v.links]
    first = claim.parts[0]
    for part, message in found.unread:
        links.append(LinkVerdict("formula", first.text, part.text, "unknown", "not-checkable", message,
                                 start=part.start, end=part.end))  # fmt: skip
    bad = [v for v in verdicts if v.mark == mark]
    chosen = bad[0]
    lines = tuple(sorted({line for v in verdicts for line in v.follows_from}))
    name = _name_of(judge, claim) or first.text
    verdict = replace(chosen, claim=claim, links=tuple(links), follows_from=lines, quantity=name)
    if found.unread and mark not in ("wrong", "unread", "unknown"):
        return replace(verdict, mark="unknown", code="not-checkable", message=found.unread[0][1], expected=None)
    if found.turned and mark in ("right", "close", "notation"):
        return replace(verdict, mark="convention", code=LAYOUT, message=TURNED.format(name), expected=None)
    if found.renamed and mark in ("right", "close"):
        text = "; ".join(f"'{foreign}' is read as {own}" for foreign, own in found.renamed.items())
        return replace(verdict, mark="notation", code="renamed", message=text)
    if mark in ("right", "notation") or len(verdicts) == 1:
        return replace(verdict, quantity=chosen.quantity if len(verdicts) == 1 else name)
    single = len(bad) == 1 and mark == "wrong"
    message = _told(bad, name if len(bad) == len(verdicts) else "")
    return replace(
        verdict, message=message, quantity=chosen.quantity if single else name,
        expected=chosen.expected if len(bad) == 1 else None,
    )  # fmt: skip


def _name_of(judge: Judge, claim: Claim) -> str | None:
    first = ungrouped(claim.parts[0].expression)
    reader = ArrayReader(judge.graph, judge.arrays, claim.sample, judge.session.arrays)
    tree = reader.read(first)
    return tree.name if isinstance(tree, Name) and not reader.unknown else None


def _told(bad: Sequence[Verdict], whole: str) -> str:
    """The sentences of several elements, each sentence once with the elements that it is about."""
    about: dict[str, list[str]] = {}
    for verdict in bad:
        name = verdict.quantity or ""
        about.setdefault(re.sub(rf"\b{re.escape(name)}$", ITSELF, verdict.message), []).append(name)
    said = []
    slip = bad[0].code
    if len(about) > 1 and slip not in ("", "wrong", "carried") and all(v.code == slip for v in bad):
        others = _listed([v.quantity or "" for v in bad[1:]])
        return f"{bad[0].quantity}: {bad[0].message.rstrip('.')}; the same in {others}"
    for message, names in list(about.items())[:MOST_TOLD]:
        subject = whole if whole and len(about) == 1 else _listed([name for name in names if name])
        if message.endswith(ITSELF):
            said.append(message.replace(ITSELF, subject))  # "this is not z"
        elif message.startswith("follows "):
            said.append(f"{message} in {subject}" if subject else message)
        else:
            said.append(f"{subject}: {message}" if subject else message)
    more = sum(len(names) for names in list(about.values())[MOST_TOLD:])
    return "; ".join(said) + (f"; and {more} more" if more else "")


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_TOLD:
        return ", ".join(names[:MOST_TOLD]) + f" and {len(names) - MOST_TOLD} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
