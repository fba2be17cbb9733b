"""The picture of a quantity's ways to the loss: branches drawn side by side from where they part to where they meet.

                      ┌─ o1 ── a_o1 ── L1 ─┐       path 1
    w11 ── h1 ── a_h1 ┤                    ├─ Loss
                      └─ o2 ── a_o2 ── L2 ─┘       path 2

A quantity's branches meet at its next post-dominator, the first quantity that every way on passes. Between the two each
branch is drawn by itself, so one that two branches share appears in both: the picture has exactly the paths there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...values import Struct
from ..lines import width_of

MAX_ROWS = 16  # branches; more would be no picture any more


class Drawing(Struct, frozen=True):
    """Rows of equal width; `at` is the row where its line comes in and leaves, `ends` the row of each branch."""

    rows: tuple[str, ...]
    at: int
    ends: tuple[int, ...]

    @property
    def width(self) -> int:
        return width_of(self.rows[0])


class Ways(Struct, frozen=True):
    """A part of the graph with one entry and one exit: which quantities follow each one, and where its ways meet."""

    following: Mapping[int, tuple[int, ...]]
    meeting: Mapping[int, int]


def ways(start: int, end: int, users: Callable[[int], Sequence[int]]) -> Ways:
    """The part between `start` and `end`; `users` gives the quantities that use one and lie on a way to the end."""
    following: dict[int, tuple[int, ...]] = {}
    stack = [start]
    while stack:
        node = stack.pop()
        if node not in following and node != end:
            following[node] = tuple(users(node))
            stack.extend(following[node])
    # post-dominators: what lies on every way from a node to the end, nearest first
    after: dict[int, tuple[int, ...]] = {end: (end,)}
    order: list[int] = []
    seen = {end}

    def visit(node: int) -> None:
        work = [(node, iter(following.get(node, ())))]
        seen.add(node)
        while work:
            here, rest = work[-1]
            nxt = next((n for n in rest if n not in seen), None)
            if nxt is None:
                order.append(here)
                work.pop()
            else:
                seen.add(nxt)
                work.append((nxt, iter(following.get(nxt, ()))))

    if start not in seen:
        visit(start)
    for node in order:
        shared = set.intersection(*(set(after[n]) for n in following[node]))
        after[node] = (node, *(n for n in after[following[node][0]] if n in shared))
    return Ways(following, {node: after[node][1] for node in following})


def rows_needed(here: Ways, start: int, end: int) -> int:
    """How many rows the drawing takes; some number above MAX_ROWS where it takes too many."""
    known: dict[tuple[int, int], int] = {}

    def count(node: int, until: int, depth: int) -> int:
        if depth > MAX_ROWS:  # every branch inside a branch adds a row
            return MAX_ROWS + 1
        begin = node
        most = 1
        while node != until and (begin, until) not in known:
            branches = here.following[node]
            if len(branches) > 1:
                meets = here.meeting[node]
                most = max(most, sum(1 if b == meets else count(b, meets, depth + 1) for b in branches))
                node = meets
            else:
                node = branches[0]
        return known.setdefault((begin, until), min(most, MAX_ROWS + 1))

    return count(start, end, 0)


class _Artist:
    def __init__(self, here: Ways, name: Callable[[int], str], corners: Mapping[str, str], gap: str) -> None:
        self.here = here
        self.name = name
        self.corners = corners
        self.dash = corners["left right"]
        self.link = gap

    def chain(self, node: int, until: int, last: bool) -> Drawing:
        """From `node` up to `until`, which is drawn only when it is the `last`."""
        drawing: Drawing | None = None
        while True:
            if node == until:
                return self.series(drawing, Drawing((self.name(node),), 0, ())) if last else drawing or self.empty()
            drawing = self.series(drawing, Drawing((self.name(node),), 0, ()))
            branches = self.here.following[node]
            if len(branches) == 1:
                node = branches[0]
                continue
            node = self.here.meeting[node]
            drawing = self.series(drawing, self.parallel([self.chain(b, node, False) for b in branches]), " ", True)

    def empty(self) -> Drawing:
        return Drawing((self.dash,), 0, ())

    def series(self, one: Drawing | None, two: Drawing, link: str | None = None, branch: bool = False) -> Drawing:
        if one is None:
            return two
        after_branch = one.rows[one.at][-1:] in self.corners.values() and len(one.rows) > 1
        link = link if link is not None else f"{self.dash} " if after_branch else self.link
        above = max(one.at, two.at)
        below = max(len(one.rows) - one.at, len(two.rows) - two.at)
        rows = []
        for r in range(-above, below):
            first, second = self.row(one, one.at + r), self.row(two, two.at + r)
            rows.append(first + (link if r == 0 else " " * width_of(link)) + second)
        ends = two.ends or one.ends
        shift = above - (two.at if two.ends else one.at)
        if one.ends and two.ends:  # two sets of branches in a row: a row is no path of its own
            return Drawing(tuple(rows), above, (-1,))
        return Drawing(tuple(rows), above, tuple(e + shift if e >= 0 else e for e in ends))

    def row(self, drawing: Drawing, number: int) -> str:
        return drawing.rows[number] if 0 <= number < len(drawing.rows) else " " * drawing.width

    def parallel(self, branches: list[Drawing]) -> Drawing:
        wide = max(b.width for b in branches)
        rows: list[str] = []
        entries: list[int] = []
        ends: list[int] = []
        for number, branch in enumerate(branches):
            if number == len(branches) // 2 and len(branches) % 2 == 0:
                rows.append(" " * (wide + 4))
            entries.append(len(rows) + branch.at)
            ends += [len(rows) + e if e >= 0 else e for e in branch.ends] or [len(rows) + branch.at]
            for r, text in enumerate(branch.rows):
                fill = (self.dash if r == branch.at else " ") * (wide - branch.width)
                side = f"{self.dash} " if r == branch.at and text[:1] != self.dash else "  "
                end = f" {self.dash}" if r == branch.at else "  "
                if r == branch.at and text[:1] == self.dash:
                    side = self.dash * 2
                if r == branch.at and (fill or text[-1:] in self.corners.values()):
                    end = (" " if fill and text[-1:] not in self.corners.values() else self.dash) + self.dash
                    fill = fill[1:] + self.dash if fill else fill
                rows.append(side + text + end[:1] + fill + end[1:])
        middle = (entries[0] + entries[-1]) // 2
        out = []
        for r, text in enumerate(rows):
            one = self.joint(r, entries, middle, "right", "left")
            other = self.joint(r, entries, middle, "left", "right")
            out.append(one + text + other)
        return Drawing(tuple(out), middle, tuple(ends))

    def joint(self, row: int, entries: list[int], middle: int, inside: str, outside: str) -> str:
        """The box character of a row at one side of the branches."""
        if not entries[0] <= row <= entries[-1]:
            return " "
        directions = set()
        if row > entries[0]:
            directions.add("up")
        if row < entries[-1]:
            directions.add("down")
        if row in entries:
            directions.add(inside)
        if row == middle:
            directions.add(outside)
        return self.corners[" ".join(d for d in ("up", "down", "left", "right") if d in directions)]


def draw(
    start: int,
    end: int,
    users: Callable[[int], Sequence[int]],
    name: Callable[[int], str],
    corners: Mapping[str, str],
    width: int,
) -> Drawing | None:
    """The picture of all ways from `start` to `end` within `width` cells; None where it doesn't fit."""
    here = ways(start, end, users)
    if start == end or rows_needed(here, start, end) > MAX_ROWS:
        return None
    dash = corners["left right"]
    for link in (f" {dash}{dash} ", f" {dash} "):
        drawing = _Artist(here, name, corners, link).chain(start, end, True)
        if drawing.width <= width:
            return drawing
    return None
