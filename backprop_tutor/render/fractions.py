"""A chain-rule product as people write it: stacked fractions, and under each one its number.

    ∂Loss    ∂L1     ∂a_o1
    ───── · ───── · ──────
     ∂L1    ∂a_o1     ∂o1
      1   · 0.741 · 0.1868   = 0.1385

A product that is wider than the screen goes on in further blocks; nothing is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..values import Struct
from .lines import Line, Piece, centred, line, width_of

INDENT = 2
_BETWEEN = 3  # cells of " · "


class Factor(Struct, frozen=True):
    """One local derivative: what stands above the bar, below it, and under the fraction."""

    above: str
    below: str
    value: str

    @property
    def width(self) -> int:
        return max(width_of(self.above), width_of(self.below), width_of(self.value))


def common_widths(chains: Sequence[Sequence[Factor]]) -> list[list[int]]:
    """A width for every factor of every chain; chains of equal length share their columns."""
    found = []
    for chain in chains:
        alike = [other for other in chains if len(other) == len(chain)]
        found.append([max(other[i].width for other in alike) for i in range(len(chain))])
    return found


def blocks_of(widths: Sequence[int], room: int) -> list[slice]:
    """Which factors go into which block of at most `room` cells."""
    found = []
    start = 0
    used = 0
    for i, width in enumerate(widths):
        more = width if i == start else _BETWEEN + width
        if i > start and used + more > room - (_BETWEEN - 1 if start else 0):
            found.append(slice(start, i))
            start, used = i, width
        else:
            used += more
    return [*found, slice(start, len(widths))]


def product_width(widths: Sequence[int], width: int) -> int:
    """Where the last block ends, from the left edge."""
    last = blocks_of(widths, width - INDENT)[-1]
    more = _BETWEEN - 1 if last.start else 0
    inside = widths[last]
    return INDENT + more + sum(inside) + _BETWEEN * (len(inside) - 1)


def product_lines(
    chain: Sequence[Factor], widths: Sequence[int], width: int, times: str, dash: str, values: bool = True
) -> Iterator[Line]:
    """The product in blocks of three or four lines; the caller puts the result after the very last line."""
    for block in blocks_of(widths, width - INDENT):
        again = block.start > 0
        front: Piece = (" " * INDENT, "text")
        hang: Piece = (" " * (_BETWEEN - 1) if again else "", "text")
        sign: Piece = (f"{times} " if again else "", "rule")
        factors = list(zip(chain[block], widths[block], strict=True))
        yield line(front, hang, *_joined([(centred(f.above, w), "name") for f, w in factors], "   "))
        yield line(front, sign, *_joined([(dash * w, "rule") for _, w in factors], f" {times} "))
        yield line(front, hang, *_joined([(centred(f.below, w), "name") for f, w in factors], "   "))
        if values:
            yield line(front, sign, *_joined([(centred(f.value, w), "text") for f, w in factors], f" {times} "))


def _joined(pieces: Sequence[Piece], between: str) -> Iterator[Piece]:
    for i, piece in enumerate(pieces):
        if i:
            yield between, "rule"
        yield piece
