"""`--help` in sections, as plain text.

Typer's own is drawn by rich, and importing what it draws with (Markdown among it) takes longer than the whole of the
rest; these sections come from the same declarations.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

WIDEST = 100  # cells of a line; longer ones are hard to read


def _written(formatter: Any, rows: Iterable[tuple[str, tuple[str, str]]]) -> None:
    """Sections of (heading, (name, help)), each heading once, in the order in which they come."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for heading, row in rows:
        sections.setdefault(heading, []).append(row)
    for heading, found in sections.items():
        with formatter.section(heading):
            formatter.write_dl(found)


def _parameters(command: Any, ctx: Any) -> list[tuple[str, tuple[str, str]]]:
    """Arguments first, then options under their headings, those without one last."""
    found = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            argument = parameter.param_type_name == "argument"
            heading = getattr(parameter, "rich_help_panel", None) or ("Arguments" if argument else "Options")
            found.append((heading, record))
    return sorted(found, key=lambda row: {"Arguments": 0, "Options": 2}.get(row[0], 1))


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


class Command(TyperCommand):
    """A command whose help stands in sections."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _written(formatter, _parameters(self, ctx))


class Group(TyperGroup):
    """The program, its commands in sections."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [
            (getattr(command, "rich_help_panel", None) or "Commands", (name, _first_paragraph(command.help or "")))
            for name, command in commands
            if command is not None and not command.hidden
        ]
        _written(formatter, rows)
        _written(formatter, _parameters(self, ctx))


def program(**settings: Any) -> typer.Typer:
    """A typer program with these sections."""
    context = {"help_option_names": ["-h", "--help"], "max_content_width": WIDEST}
    return typer.Typer(
        cls=Group, context_settings=context, rich_markup_mode=None, pretty_exceptions_enable=False, **settings
    )
