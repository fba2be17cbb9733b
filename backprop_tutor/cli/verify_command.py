"""The command `bptutor verify`: its options, and what their texts mean."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import typer

from . import options as opt
from .completion import complete_scenario, offered
from .look import Look
from .reporting import reporting


class MarkName(StrEnum):
    """The marks (an Enum: a list of a Literal is more than typer can read)."""

    RIGHT = "right"
    CLOSE = "close"
    NOTATION = "notation"
    CONVENTION = "convention"
    FOLLOWS = "follows"
    UNKNOWN = "unknown"
    UNREAD = "unread"
    WRONG = "wrong"


Format: TypeAlias = Literal["terminal", "plain", "markdown", "json", "csv"]
JUDGING = "How it is judged"


def verify_command(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="A bundled scenario or a file; without one every bundled document is judged.",
            autocompletion=offered(complete_scenario),
            show_default=False,
        ),
    ] = None,
    sheets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SHEET]...",
            help="Hand calculations (text, Markdown, - for standard input); by default NAME.hand.md beside NAME.toml.",
            show_default=False,
        ),
    ] = None,
    explain: Annotated[
        int | None,
        typer.Option(
            "--explain", metavar="LINE", min=1, help="Everything about one line of the sheet.", rich_help_panel=opt.SHOW
        ),
    ] = None,
    corrected: Annotated[
        bool,
        typer.Option(
            "--corrected",
            help="The sheet as it should have been, in the same notation and digits; nothing else changes.",
            rich_help_panel=opt.SHOW,
            show_default=False,
        ),
    ] = False,
    only: Annotated[
        list[MarkName] | None,
        typer.Option(
            "--only",
            metavar="MARK",
            help="Only lines with this mark (right, close, notation, convention, follows, unknown, unread, wrong); "
            "may be given more than once.",
            rich_help_panel=opt.SHOW,
        ),
    ] = None,
    no_reveal: Annotated[
        bool,
        typer.Option(
            "--no-reveal", help="Hide the right values, for another try.", rich_help_panel=opt.SHOW, show_default=False
        ),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="A line that is only close counts as wrong, in the score and the exit status.",
            rich_help_panel=JUDGING,
            show_default=False,
        ),
    ] = False,
    expect: Annotated[
        bool,
        typer.Option(
            "--expect",
            help="Compare the marks with the comments at the lines' ends (# wrong \\[decimal-point]).",
            rich_help_panel=JUDGING,
            show_default=False,
        ),
    ] = False,
    values: opt.Sets = None,
    random: opt.Random = None,
    digits: opt.Digits = 6,
    format: Annotated[
        Format, typer.Option("--format", help="What is written; csv is a gradebook.", rich_help_panel=opt.OUTPUT)
    ] = "terminal",
    output: opt.OutputFile = None,
    plain: opt.Plain = False,
    ascii: opt.Ascii = False,
    color: opt.ColorWhen = "auto",
    quiet: opt.Quiet = False,
) -> None:
    """Judge hand calculations line by line: what is right, what is not and why, and what follows from it.

    Exit status: 0 nothing is wrong, 1 a line is wrong, 2 a sheet or the scenario can't be used.
    """
    look = Look(color, ascii, plain, quiet)
    with reporting(look):
        from ..render.verify.options import VerifyOptions
        from .verifying import Request, verify

        options = VerifyOptions(
            scenario=scenario or "",
            command=opt.again(["verify", *filter(None, (scenario, *(sheets or ())))], values, random),
            digits=digits,
            only=tuple(mark.value for mark in only or ()),
            strict=strict,
            reveal=not no_reveal,
            quiet=quiet,
        )
        request = Request(
            scenario=scenario,
            sheets=tuple(sheets or ()),
            values=tuple(opt.assignments(values or []).items()),
            seed=random,
            options=options,
            format=format,
            output=output,
            look=look,
            explain=explain,
            corrected=corrected,
            expect=expect,
        )
        status = verify(request)
    raise typer.Exit(status)
