"""What has been learnt, as a screen: a bar for every skill, slips that recur, and a calendar of the days practised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from ...quiz.attempts import RECURS, SkillState, SlipState, State
from ...quiz.skills import CODES, SKILLS, WINDOW, title_of
from ...scenario.files import bundled
from ..equations import heading
from ..lines import Block, Line, Piece, left, line, width_of, worded
from ..screen import Screen
from .words import MARKS, slip_name, when

BAR = 10  # cells
WEEKS = 26
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_SHADES = {False: "·░▒▓█", True: ".:+*#"}
_MANY = (1, 3, 6, 12)  # questions of a day from which the next shade begins
_BARS = {False: ("━", "─"), True: ("#", "-")}
_TITLES = ("--skill", "", "known", "", "last", "due")
FEW_SLIPS = 6


def show(screen: Screen, state: State, path: str, now: datetime, quiet: bool) -> None:
    """The whole screen, or the same facts line by line."""
    if screen.plain:
        for text in facts(state, path, now):
            screen.line(screen.glyphs.text(text))
        return
    block = Block([*heading("Progress", _summary(state), screen.width, screen.glyphs.dash), line()])
    if not state.questions:
        block.add("  Nothing has been answered yet.")
    else:
        block.extend(_skills(screen, state, now))
        block.extend(_slips(screen, state, now))
        block.extend([line(), *heading("Days", "questions answered", screen.width, screen.glyphs.dash), line()])
        block.extend(_calendar(screen, state.days, now.astimezone().date()))
    block.add()
    block.extend(line("  ", (text, "note")) for text in worded(screen.glyphs.text(f"Kept in {path}"), screen.width - 2))
    screen.show(block)
    if not quiet:
        screen.hint(f"Next: {command(state, now)}")


def _summary(state: State) -> str:
    rights = sum(right for _, right in state.days.values())
    days = len(state.days)
    if not state.questions:
        return ""
    return f"{_plural(state.questions, 'question')}, {rights} right at once, on {_plural(days, 'day')}"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def command(state: State, now: datetime) -> str:
    """What to practise next: what is due, a skill or one with a slip that is, else what was asked least well."""
    due = [state.skills[code] for code in state.due(now)]
    slips = state.due_slips(now)
    slipped = [skill for skill in state.skills.values() if any(result.slip in slips for result in skill.results)]
    weak = [skill for skill in state.skills.values() if not skill.climbed]
    for skill in (*due, *slipped, *weak):
        if skill.scenario in bundled():
            return f"bptutor quiz {skill.scenario} --skill {skill.code}"
        if skill.code in CODES and skill.code != "own-scenario":
            return f"bptutor quiz --skill {skill.code}"
    return "bptutor quiz"


# ---------------------------------------------------------------- skills
def _skills(screen: Screen, state: State, now: datetime) -> Iterator[Line]:
    known = [state.skills[skill.code] for skill in SKILLS if skill.code in state.skills]
    known += [one for code, one in state.skills.items() if code not in {skill.code for skill in SKILLS}]
    texts = [screen.glyphs.text(title_of(one.code)) for one in known]
    codes = [one.code for one in known]
    wide, code_wide = max(5, *map(width_of, texts)), max(7, *map(len, codes))
    dues = [_due(one, now) for one in known]
    due_wide = max(3, *map(len, dues))
    rows = []
    for one, text, due in zip(known, texts, dues, strict=True):
        marks = list(_recent(screen, one))
        cells: list[list[Piece]] = [
            [(left(one.code, code_wide), "name")],
            [(left(text, wide), "text")],
            list(_bar(screen, one.known)),
            [(f"{one.known:4.0%}", "text")],
            [*marks, (" " * (WINDOW - len(marks)), "text")],
            [(left(due, due_wide), "kink" if due == "now" else "note")],
        ]
        rows.append(cells)
    kept = [0, 1, 2, 3, 4, 5]
    for dispensable in (3, 1, 2, 5):
        if _width([rows[0][i] for i in kept]) > screen.width:
            kept.remove(dispensable)
    titles = [[(left(title, _length(cell)), "note")] for title, cell in zip(_TITLES, rows[0], strict=True)]
    for cells in (titles, *rows):
        yield line(*(piece for i in kept for piece in (("  ", "text"), *cells[i])))
    ahead = [screen.glyphs.text(skill.title) for skill in SKILLS if skill.code not in state.skills]
    if ahead:
        yield line()
        for i, text in enumerate(worded("Not met yet: " + ", ".join(ahead), screen.width - 4)):
            yield line("  " if i == 0 else "    ", (text, "note"))
    signs = MARKS[screen.glyphs.ascii]
    legend = f"{signs['right']} right at once, {signs['helped']} with help, {signs['wrong']} not right" + (
        "; bar: right answers among the last four, fading with time" if 2 in kept else ""
    )
    for text in worded(legend, screen.width - 2):
        yield line("  ", (text, "note"))


def _length(cell: Sequence[Piece]) -> int:
    return sum(width_of(text) for text, _ in cell)


def _width(cells: Sequence[Sequence[Piece]]) -> int:
    return sum(2 + _length(cell) for cell in cells)


def _bar(screen: Screen, share: float) -> Iterator[Piece]:
    full, empty = _BARS[screen.glyphs.ascii]
    cells = round(share * BAR)
    yield full * cells, "ok"
    yield empty * (BAR - cells), "rule"


def _recent(screen: Screen, one: SkillState) -> Iterator[Piece]:
    marks = MARKS[screen.glyphs.ascii]
    for how in one.recent:
        yield marks[how], "wrong" if how == "wrong" else "ok"


def _due(one: SkillState | SlipState, now: datetime) -> str:
    return "" if one.card is None else when(one.card.due, now)


# ---------------------------------------------------------------- slips
def _slips(screen: Screen, state: State, now: datetime) -> Iterator[Line]:
    every = sorted((slip for slip in state.slips if slip.count >= RECURS), key=lambda slip: -slip.count)
    found = every[:FEW_SLIPS]
    if not found:
        return
    yield line()
    yield from heading("Slips that recur", "", screen.width, screen.glyphs.dash)
    yield line()
    wide = max(width_of(slip.code) for slip in found)
    for slip in found:
        pieces: list[Piece] = [(left(slip.code, wide), "name"), (f"  {slip.count} times", "text")]
        dates = (f", last {_ago(slip.last, now)}", f", due {_due(slip, now)}")
        for more in (*dates, f"  {screen.glyphs.text(slip_name(slip.code))}"):
            if _width([[*pieces, (more, "note")]]) <= screen.width:
                pieces.append((more, "note"))
        yield line("  ", *pieces)
    if len(every) > len(found):
        yield line("  ", (f"and {len(every) - len(found)} more", "note"))


def _ago(moment: datetime, now: datetime) -> str:
    days = (now.astimezone().date() - moment.astimezone().date()).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"


# ---------------------------------------------------------------- days
def _calendar(screen: Screen, days: Mapping[str, tuple[int, int]], today: date) -> Iterator[Line]:
    """A column a week, a row a weekday, darker for more questions; the months above."""
    weeks = max(1, min(WEEKS, (screen.width - 6) // 2))
    monday = today - timedelta(days=today.weekday())
    starts = [monday - timedelta(weeks=weeks - 1 - i) for i in range(weeks)]
    yield line("     ", (_months(starts), "note"))
    shades = _SHADES[screen.glyphs.ascii]
    for weekday, name in enumerate(DAYS):
        pieces: list[Piece] = []
        for start in starts:
            day = start + timedelta(days=weekday)
            count = days.get(day.isoformat(), (0, 0))[0]
            shade = " " if day > today else shades[sum(count >= least for least in _MANY)]
            pieces.append((shade + " ", "ok" if count else "rule"))
        yield line("  ", (name + " ", "note"), *pieces)
    legend = f"less {' '.join(shades)} more"
    yield line("     ", (legend, "note"))


def _months(starts: Sequence[date]) -> str:
    """The month's name above its first whole week, where there is room."""
    names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    text = ""
    for i, start in enumerate(starts):
        first = i == 0 or start.month != starts[i - 1].month
        if first and len(text) <= 2 * i <= 2 * len(starts) - 3:
            text = text.ljust(2 * i) + names[start.month - 1] + " "
    return text.rstrip()


# ---------------------------------------------------------------- read out
def facts(state: State, path: str, now: datetime) -> Iterator[str]:
    """The same, one fact a line."""
    if not state.questions:
        yield "Progress: nothing has been answered yet."
    else:
        yield f"Progress: {_summary(state)}."
    for one in state.skills.values():
        recall = f"known {one.known:.0%}, due {_due(one, now)}, " if one.card is not None else ""
        yield f"Skill {one.code}: {recall}last answers {', '.join(one.recent)}, {_plural(one.asked, 'question')}"
    for slip in state.slips:
        if slip.count >= RECURS:
            yield f"Slip {slip.code}: {slip.count} times, last {_ago(slip.last, now)}, due {_due(slip, now)}"
    for day, (count, rights) in sorted(state.days.items()):
        yield f"Day {day}: {_plural(count, 'question')}, {rights} right at once"
    yield f"Kept in: {path}"
    yield f"Next: {command(state, now)}"
