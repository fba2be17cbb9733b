"""Plain tables: columns as wide as they need; where they don't fit, every row becomes lines of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .lines import Line, aligned, left, line, right, width_of, worded

INDENT = 2
GAP = 3


def grid(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int, names: bool = False, plain: bool = False
) -> Iterator[Line]:
    """A table of numbers under their titles; the first column holds names (or the number of the row).

    `plain`: one line a row, every number after its title.
    """
    if not rows:
        return
    if plain:
        for row in rows:
            facts = [f"{title} {cell}".strip() for title, cell in zip(header[1:], row[1:], strict=True) if cell]
            yield line(f"{header[0]} {row[0]}: ".lstrip() + ", ".join(facts))
        return
    columns = [aligned([row[i] for row in rows]) for i in range(1, len(header))]
    wide = [max(width_of(title), width_of(cells[0])) for title, cells in zip(header[1:], columns, strict=True)]
    first = max(width_of(header[0]), *(width_of(row[0]) for row in rows))
    if INDENT + first + sum(wide) + GAP * len(wide) > width:
        yield from _stacked(header, rows, width)
        return
    titles = "".join(" " * GAP + right(title, w) for title, w in zip(header[1:], wide, strict=True))
    yield line((" " * INDENT + left(header[0], first) + titles, "note"))
    for number, row in enumerate(rows):
        cells = "".join(" " * GAP + right(cells[number], w) for cells, w in zip(columns, wide, strict=True))
        yield line(" " * INDENT, (left(row[0], first), "name" if names else "text"), (cells, "text"))


def _stacked(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[Line]:
    for row in rows:
        yield line(" " * INDENT, (f"{header[0]} {row[0]}".strip(), "name"))
        facts = [f"{title} {cell}".strip() for title, cell in zip(header[1:], row[1:], strict=True) if cell]
        words = ", ".join(fact.replace(" ", "\u00a0") for fact in facts)
        for text in worded(words, width - 2 * INDENT):
            yield line(" " * 2 * INDENT, (text, "text"))
