"""Elements of arrays by letters: `W_ij`, `p_i`, `∂L/∂z_k`, which mean an element for every number of the letter.

A letter is *free* where a name outside of a sum has it: the line is then said of every element. In a sum the others are
bound: `Σ_j W_ij x_j`. How far a letter runs is told by the arrays that it stands below.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial

from ..engine.unroll import Cells
from ..formulas.expression import (
    Call,
    Derivative,
    DerivativeOf,
    Expression,
    Name,
    Number,
    children,
    rebuild,
    transform,
    walk,
)
from ..formulas.notation import folded
from ..values import Struct, replace
from .arrays import ArrayNames
from .meaning import names_of
from .typed import Typed

LETTERS = "ijklmnpqrst"
_NAME = re.compile(
    rf"(?P<stem>[^\W_\d][^_{{}}]*)_\{{?(?P<index>(?:[{LETTERS}]|\d)+|(?:[{LETTERS}]|\d+)(?:,(?:[{LETTERS}]|\d+))+)\}}?"
    r"(?:(?P<new>'|\^?\+|\^?⁺|\^?_?[({]*new[)}]*|\^?\{?\(t\+1\)\}?)|\^?\{?\(t\)\}?|\^?_?[({]*old[)}]*)?"
)
_SAYS_NUMBERS = re.compile(
    rf"([{LETTERS}])\s*(?:=|≈)\s*(?:[{LETTERS}NKM]|\d+(?:[\s,.…]|and|\\l?dots|\d|\b[{LETTERS}NKM]\b)*)"
)
# W[1][2] and W(1,2), with a mark of the new value before, between or behind the brackets
_MARK = r"(?:'|⁺|_new\b)?"
_BRACKETS = re.compile(
    rf"(?P<name>[^\W\d_]\w*?)(?P<mark>{_MARK})(?:\[\s*(?P<row>\d+)\s*\](?P<between>{_MARK})\[\s*(?P<column>\d+)\s*\]"
    rf"|\(\s*(?P<places>\d+(?:\s*,\s*\d+)*)\s*\))(?P<behind>{_MARK})"
)
Values = Mapping[str, int]


class Lettered(Struct, frozen=True):
    """`W_ij'` as W' and the places i and j."""

    stem: str
    places: tuple[str, ...]  # letters and numbers

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(place for place in self.places if place.isalpha())

    def spelled(self, values: Values) -> str:
        """The name with numbers in the place of some letters."""
        places = [str(values.get(place, place)) for place in self.places]
        compact = all(len(place) == 1 for place in places)
        return f"{self.stem}_{''.join(places)}" if compact else f"{self.stem}_{{{','.join(places)}}}"


def element(spelling: str) -> Lettered | None:
    """A name with letters or numbers below it, as an element's may be; None for any other."""
    match = _NAME.fullmatch(spelling) if "_" in spelling else None
    if match is None:
        return None
    index = match["index"]
    return Lettered(match["stem"] + (match["new"] or ""), tuple(index.split(",") if "," in index else index))


def lettered(spelling: str) -> Lettered | None:
    """A name with letters below it; None for any other."""
    found = element(spelling)
    return found if found is not None and found.letters else None


def in_square_brackets(text: Typed, names: ArrayNames) -> Typed:
    """`W[1][2]` and `W(1,2)` as W[1,2], where W is an array that has such an element."""

    def change(match: re.Match[str]) -> Typed:
        places = [int(place) for place in re.findall(r"\d+", match["places"] or f"{match['row']} {match['column']}")]
        marks = match["mark"] + (match["between"] or "") + match["behind"]
        grids = (
            names.grid(name) for name in (match["name"], match["name"].removeprefix("d"), match["name"][1:]) if name
        )
        cells = next((grid.cells for grid in grids if grid is not None), None)
        fits = cells is not None and cells.ndim == len(places)
        if cells is None or not fits or not all(1 <= n <= most for n, most in zip(places, cells.shape, strict=True)):
            return text.cut(*match.span())
        written = f"{match['name']}{marks}[{','.join(map(str, places))}]"
        return text.put(written, *match.span())

    return text.sub(_BRACKETS, change) if "[" in text.text or "(" in text.text else text


class Elements:
    """The elements of one scenario's arrays, as they are named by letters on a sheet."""

    def __init__(self, names: ArrayNames, sample: int | None) -> None:
        self.names = names
        self.vocabulary = names.vocabulary
        self.sample = sample

    def of(self, spelling: str) -> tuple[Lettered, Cells] | None:
        """A name with letters and the array of whose elements it is; None where it means anything else, or nothing."""
        found = lettered(spelling)
        if found is None or self.vocabulary.subject(spelling) is not None:
            return None
        grid = self.names.grid(found.stem, self.sample)
        return (found, grid.cells) if grid is not None and grid.cells.ndim == len(found.places) else None

    # ------------------------------------------------------------------ what letters run over
    def lengths(self, formulas: Iterable[Expression]) -> dict[str, int]:
        """How far every letter of the formulas runs, by the first array that has it."""
        found: dict[str, int] = {}
        for name in (name for formula in formulas for part in walk(formula) for name in names_of(part)):
            if (own := self.of(name)) is not None:
                for place, length in zip(own[0].places, own[1].shape, strict=True):
                    if place.isalpha():
                        found.setdefault(place, length)
        return found

    def free(self, formulas: Sequence[Expression]) -> dict[str, int]:
        """The letters that stand below names outside of sums, and how far each runs."""
        lengths = self.lengths(formulas)
        outside = [name for formula in formulas for part in _outside_sums(formula) for name in names_of(part)]
        letters = (letter for name in outside if (own := lettered(name)) is not None for letter in own.letters)
        return {letter: lengths[letter] for letter in letters if letter in lengths}

    # ------------------------------------------------------------------ numbers for letters
    def at(self, formula: Expression, values: Values) -> Expression:
        """A formula with numbers in the place of letters; a sum over one of these keeps it."""

        def change(node: Expression) -> Expression:
            match node:
                case Call("sum", (term,)) if not letters_of(term) - set(values):
                    return node
                case Name(spelling):
                    return self._element(spelling, values, node)
                case Derivative(of, by):
                    return replace(node, of=self._name(of, values), by=self._name(by, values))
                case DerivativeOf(operand, by, span):
                    return DerivativeOf(change(operand), self._name(by, values), span)
                case _:
                    return rebuild(node, change)

        return change(formula)

    def of_whole(self, formula: Expression, most: int) -> list[Expression]:
        """A formula of vectors, `exp(z)`, for each of their elements; empty where they have no single length."""
        names = {part.name for part in walk(formula) if isinstance(part, Name)}
        grids = {name: grid.cells for name in names if (grid := self.names.grid(name, self.sample)) is not None}
        shapes = {cells.shape for cells in grids.values()}
        if len(shapes) != 1 or len(shape := shapes.pop()) != 1 or shape[0] > most:
            return []

        def change(node: Expression, number: int) -> Expression:
            cell = grids[node.name][number] if isinstance(node, Name) and node.name in grids else node
            return replace(cell, span=node.span) if isinstance(cell, (Name, Derivative)) else node

        return [transform(formula, partial(change, number=number)) for number in range(shape[0])]

    def _element(self, spelling: str, values: Values, node: Name) -> Expression:
        name = lettered(spelling)
        if name is None or not set(name.letters) & set(values) or self.vocabulary.subject(spelling) is not None:
            return node
        own = self.of(spelling)
        cell = _cell(name, own[1], values) if own is not None else None
        if cell is not None:
            return replace(cell, span=node.span)
        if own is None and folded(name.stem) == "delta" and len(name.places) == 2 and set(name.letters) <= set(values):
            one, two = (str(values.get(place, place)) for place in name.places)  # Kronecker's
            return Number(str(int(one == two)), Fraction(one == two), node.span)
        return replace(node, name=name.spelled(values))

    def _name(self, spelling: str, values: Values) -> str:
        found = self._element(spelling, values, Name(spelling, spelling))
        return found.name if isinstance(found, Name) else spelling


def says_numbers(text: str, letters: Collection[str]) -> bool:
    """Is it `i = 1, 2` or `i = j`, which only says what one of the letters of a line stands for?"""
    match = _SAYS_NUMBERS.fullmatch(text)
    return match is not None and match[1] in letters


def letters_of(formula: Expression) -> set[str]:
    """All letters below the names of a formula."""
    names = (lettered(name) for part in walk(formula) for name in names_of(part))
    return {letter for name in names if name is not None for letter in name.letters}


def _cell(name: Lettered, cells: Cells, values: Values) -> Name | Derivative | None:
    """The element at some numbers; None where a letter has none, or the array ends before it."""
    places = [values.get(place, 0) if place.isalpha() else int(place) for place in name.places]
    if not all(1 <= place <= length for place, length in zip(places, cells.shape, strict=True)):
        return None
    found = cells[tuple(place - 1 for place in places)]
    return found if isinstance(found, (Name, Derivative)) else None


def _outside_sums(node: Expression) -> Iterator[Expression]:
    """Every piece of a formula that stands in no sum."""
    yield node
    if not (isinstance(node, Call) and node.function == "sum"):
        for child in children(node):
            yield from _outside_sums(child)
