"""Problems as a person reads them: what is wrong, where, the line with a caret under it, and what to do.

error: nothing is called 'w21'
  --> net.toml:13:17
   |
13 | z = "x1*w1 + x2*w21"
   |                 ^^^  not known
   |
   help: did you mean 'w2' or 'w1'?

1 error in net.toml; nothing was calculated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import Problem, Where
from ..render.lines import Block, line, width_of, worded

if TYPE_CHECKING:
    from ..render.screen import Glyphs, Screen

LEAST_GUTTER = 3
CUT = "..."


def show_problems(problems: Sequence[Problem], screen: Screen) -> None:
    """All problems, and how many there are."""
    if screen.plain:
        for problem in problems:
            screen.line(one_line(problem, screen.glyphs))
    else:
        for number, problem in enumerate(problems):
            if number:
                screen.show(Block([line()]))
            screen.show(_block(problem, screen.glyphs, screen.width))
    if closing := _closing(problems):
        screen.line(closing) if screen.plain else screen.show(
            Block([line(), line((screen.glyphs.text(closing), "note"))])
        )


def one_line(problem: Problem, glyphs: Glyphs) -> str:
    """The same for a screen reader or a log: `net.toml:13:17: error: nothing is called 'w21'; did you mean 'w2'?`"""
    place = place_text(problem.where)
    said = "; ".join(filter(None, (problem.message, problem.help)))
    return glyphs.text(f"{place}: error: {said}" if place else f"error: {said}")


def place_text(where: Where) -> str:
    """`net.toml:13:17`; the option or the key where there is no line."""
    if where.file is None:
        return where.key or ""
    return ":".join(str(part) for part in (where.file, where.line, where.column) if part is not None)


def _closing(problems: Sequence[Problem]) -> str:
    files = list(dict.fromkeys(p.where.file for p in problems if p.where.file is not None and p.where.line is not None))
    if not files:
        return ""
    count = f"{len(problems)} error{'s'[: len(problems) != 1]}"
    return f"{count} in {files[0] if len(files) == 1 else f'{len(files)} files'}; nothing was calculated."


def _block(problem: Problem, glyphs: Glyphs, width: int) -> Block:
    where = problem.where
    gutter = max(LEAST_GUTTER, len(str(where.line or "")))
    block = Block()
    first, *rest = worded(f"error: {glyphs.text(problem.message)}", width)
    block.add(("error:", "wrong"), (first.removeprefix("error:"), "head"))
    for more in rest:
        block.add((more, "head"))
    if place := place_text(where):
        arrow = f"{glyphs.dash * 2}{'>' if glyphs.ascii else '▸'}"
        block.add((f"  {arrow} ", "rule"), (glyphs.text(place), "hint"))
    edge = (f" {'':>{gutter}} {glyphs.bar}"[1:], "rule")
    if where.line is not None and where.source is not None:
        block.add(edge)
        for number, text, style in _source(problem, glyphs, width - gutter - 3):
            margin = (f"{number:>{gutter}} {glyphs.bar} ", "rule")
            block.add(margin, (text, style))
        block.add(edge)
    if problem.help:
        indent = " " * (gutter + 1)
        first, *rest = worded(f"help: {glyphs.text(problem.help)}", width - len(indent)) or [""]
        block.add(indent, ("help:", "ok"), first.removeprefix("help:"))
        for more in rest:
            block.add(indent + "      " + more)
    return block


def _source(problem: Problem, glyphs: Glyphs, width: int) -> Iterator[tuple[str, str, str]]:
    """The line with its number, and the caret line: (gutter, text, style)."""
    where = problem.where
    assert where.source is not None
    source = where.source.replace("\t", " ")
    if where.column is None:
        yield str(where.line), glyphs.text(_cut(source, 0, width)[0]), "text"
        return
    start, end = where.column - 1, where.column - 1 + where.length
    shown, offset = _cut(source, start, width)
    before = width_of(glyphs.text(shown[: start - offset]))
    below = max(1, width_of(glyphs.text(shown[start - offset : end - offset])))
    yield str(where.line), glyphs.text(shown), "text"
    carets = " " * before + "^" * min(below, max(1, width - before))
    label = glyphs.text(problem.label)
    if label and width_of(carets) + 2 + width_of(label) > width:
        yield "", carets, "wrong"
        yield "", " " * min(before, max(0, width - width_of(label))) + label, "wrong"
    else:
        yield "", f"{carets}  {label}" if label else carets, "wrong"


def _cut(source: str, start: int, width: int) -> tuple[str, int]:
    """As much of a long line as fits, the caret in it; and by how many characters the text is shifted to the left."""
    if width_of(source) <= width:
        return source, 0
    room = max(8, width - 2 * len(CUT))
    first = 0 if start < room * 3 // 4 else max(0, start - room // 2)
    last = first + room
    before, after = (CUT if first else ""), (CUT if last < len(source) else "")
    return before + source[first:last] + after, first - len(before)
