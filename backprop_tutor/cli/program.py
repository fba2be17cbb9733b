"""The command line: arguments in, exit status out. Each command is a few lines over the library.

Exit status: 0 fine; 1 a check disagrees; 2 a usage error or unusable input; 130 Ctrl-C. Results go to standard output,
errors and hints to standard error. Nothing heavy is imported before a command needs it.
"""

import gc
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from .. import __version__
from ..errors import Problem, RequestError, TutorError, Where
from . import help_pages as cli_help
from . import options as opt
from .completion import COMPLETING
from .look import Look
from .reporting import UNUSABLE, reporting, show_error, stop_writing

LEARN, TEACH, SCENARIOS = "Learn", "Teach", "Scenarios"
DISAGREES, INTERRUPTED = 1, 130
SELDOM = (50_000, 20, 20)  # of Python's search for circular garbage
LEAST_TITLE = 24  # cells; with less room a title gets lines of its own

Body: TypeAlias = Callable[..., None]
_commands: dict[str, tuple[str, Callable[[], Body]]] = {}  # by name: the heading of the help, and what brings the body


def command(name: str, heading: str) -> Callable[[Body], Body]:
    """Make a function a command of the program."""

    def keep(body: Body) -> Body:
        _commands[name] = (heading, lambda: body)
        return body

    return keep


def main() -> None:
    """The `bptutor` command: runs it and exits with its status."""
    # imports and formulas make a hundred thousand objects that stay: to search them for garbage takes a twentieth of a
    # first run
    gc.set_threshold(*SELDOM)
    sys.exit(program(sys.argv[1:]))


def program(arguments: Sequence[str]) -> int:
    """Run the command line with these arguments; its exit status."""
    return status_of(lambda: _app(arguments)(list(arguments), standalone_mode=False, prog_name="bptutor"))


def _app(arguments: Sequence[str]) -> typer.Typer:
    """The program with the one command that is called; typer takes its time over every command it is told of."""
    called = arguments[0] if arguments and not COMPLETING else ""
    app = cli_help.program(name="bptutor", epilog="To start with: bptutor run two_sigmoid_outputs")
    app.callback(invoke_without_command=True)(bptutor)
    for name in [called] if called in _commands else list(_commands):
        heading, bring = _commands[name]
        app.command(name, cls=cli_help.Command, rich_help_panel=heading)(bring())
    return app


def status_of(command: Callable[[], object]) -> int:
    """Run a command; what is wrong with somebody's arguments becomes a message and a status, never a traceback."""
    from ..render.screen import prepare_stream

    # `>&-` and `<&-` leave no stream at all
    sys.stdin = sys.stdin or io.TextIOWrapper(io.BytesIO())
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        prepare_stream(stream)
    try:
        status = command()
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except OSError as error:
        return _output_lost(error)
    except Exception as error:
        problem = usage_problem(error)
        if problem is None:
            raise
        return show_error(RequestError(problem), Look())
    return status if isinstance(status, int) else 0


def _output_lost(error: OSError) -> int:
    """Standard output takes no more. Who has read enough (`| head`) needs no message; a full disk does."""
    stop_writing()
    if isinstance(error, BrokenPipeError):
        return 0
    return show_error(RequestError(Problem(f"the output can't be written: {error.strerror or error}".lower())), Look())


def usage_problem(error: Exception) -> Problem | None:
    """What typer has against the arguments, in our form; None for any other exception."""
    say = getattr(error, "format_message", None)
    if say is None:
        return None
    command = getattr(getattr(error, "ctx", None), "command_path", "bptutor")
    message = " ".join(say().split()).rstrip(".")
    return Problem(message[:1].lower() + message[1:], help=f"'{command} --help' shows what there is")


# ---------------------------------------------------------------- the program itself
def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"bptutor {__version__}")
        raise typer.Exit


def bptutor(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_show_version, is_eager=True, help="Show the version.", show_default=False
        ),
    ] = False,
) -> None:
    """Backpropagation worked by hand, step by step: every number of a small network with its formula and its check."""
    if ctx.invoked_subcommand is None:
        help_text = ctx.get_help()
        if help_text:
            typer.echo(help_text)
        raise typer.Exit(UNUSABLE)


# ---------------------------------------------------------------- run
@command("run", LEARN)
def run_command(
    scenario: opt.ScenarioName,
    part: opt.Parts = None,
    grad: opt.Grads = None,
    view: opt.ViewAs = "paths",
    inputs: opt.Inputs = False,
    all: opt.All = False,
    samples: opt.Samples = None,
    step: opt.Step = False,
    steps: opt.Steps = None,
    digits: opt.Digits = 6,
    by_hand: opt.ByHand = None,
    values: opt.Sets = None,
    random: opt.Random = None,
    difference: opt.DifferenceBy = "central",
    h: opt.StepSize = None,
    format: opt.FormatOf = "terminal",
    output: opt.OutputFile = None,
    plain: opt.Plain = False,
    ascii: opt.Ascii = False,
    color: opt.ColorWhen = "auto",
    quiet: opt.Quiet = False,
) -> None:
    """Every step of a network: forward, local derivatives, backward, update; each formula, its numbers, its check."""
    look = Look(color, ascii, plain, quiet)
    with reporting(look):
        from ..engine.opening import drawn, opened
        from ..render.run.options import PARTS, RunOptions
        from .running import Output, run

        graph = opened(scenario, opt.assignments(values or []))
        numbers = None if random is None else drawn(graph, random)
        options = RunOptions(
            parts=tuple(p for p in PARTS if p in part) if part else PARTS,
            grads=tuple(grad or ()),
            view=view,
            digits=digits,
            by_hand=by_hand,
            method=difference,
            h=opt.step_size(h),
            steps=steps,
            samples=None if samples is None else opt.sample_numbers(samples, len(graph.scenario.samples)),
            inputs=inputs,
            all=all,
            quiet=quiet,
            command=opt.again(["run", scenario], values, random),
        )
        no_unknowns = random is not None and numbers is None
        agrees = run(numbers or graph, options, Output(format, output, look, step, no_unknowns))
    raise typer.Exit(0 if agrees else DISAGREES)


def _quiz() -> Body:
    from .quiz_commands import quiz_command

    return quiz_command


def _progress() -> Body:
    from .quiz_commands import progress_command

    return progress_command


def _verify() -> Body:
    from .verify_command import verify_command

    return verify_command


_commands |= {"quiz": (LEARN, _quiz), "progress": (LEARN, _progress), "verify": (TEACH, _verify)}


# ---------------------------------------------------------------- scenarios
@command("list", SCENARIOS)
def list_command(
    plain: opt.Plain = False, ascii: opt.Ascii = False, color: opt.ColorWhen = "auto", quiet: opt.Quiet = False
) -> None:
    """The bundled scenarios."""
    look = Look(color, ascii, plain, quiet)
    with reporting(look):
        from ..render.lines import Block, left, line, width_of, worded
        from ..scenario.loading import titles

        screen = look.screen(sys.stdout)
        entries = [(entry.name, screen.glyphs.text(entry.title)) for entry in titles()]
        column = max(width_of(name) for name, _ in entries) + 2
        room = screen.width - column
        block = Block()
        for name, title in entries:
            if screen.plain:
                screen.line(f"{name}: {title}")
            elif room < LEAST_TITLE:
                block.add((name, "name"))
                block.extend(line("  ", text) for text in worded(title, screen.width - 2))
            else:
                first, *rest = worded(title, room)
                block.add((left(name, column), "name"), first)
                block.extend(line(" " * column, text) for text in rest)
        screen.show(block)
        if not quiet:
            screen.hint("Next: bptutor run two_sigmoid_outputs")


@command("new", SCENARIOS)
def new_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.", show_default=False)],
    plain: opt.Plain = False,
    ascii: opt.Ascii = False,
    color: opt.ColorWhen = "auto",
    quiet: opt.Quiet = False,
) -> None:
    """Write a commented scenario to start from; an existing file is never touched."""
    look = Look(color, ascii, plain, quiet)
    with reporting(look):
        from ..scenario.starter import TEMPLATE
        from .output import write_new

        if file.suffix != ".toml":
            where = Where(file=str(file))
            raise RequestError(Problem("a scenario's file name ends in .toml", where, help=f"bptutor new {file}.toml"))
        write_new(file, TEMPLATE)
        if not quiet:
            typer.echo(f"{file} is written. Next: bptutor run {file}", err=True)


@command("check", SCENARIOS)
def check_command(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Scenario files, bundled names or -.", show_default=False),
    ],
    plain: opt.Plain = False,
    ascii: opt.Ascii = False,
    color: opt.ColorWhen = "auto",
    quiet: opt.Quiet = False,
) -> None:
    """Only validate scenarios: every fault of every file, with its place and what to do."""
    look = Look(color, ascii, plain, quiet)
    with reporting(look):
        from .running import validated

        screen = look.screen(sys.stdout)
        problems: list[Problem] = []
        for file in files:
            try:
                summary = validated(file, look)
            except TutorError as error:
                problems += error.problems
                continue
            if not quiet:
                screen.line(screen.glyphs.text(f"{file}: {summary}"))
        if problems:
            raise TutorError(*problems)


@command("schema", SCENARIOS)
def schema_command(output: opt.OutputFile = None, quiet: opt.Quiet = False) -> None:
    """The JSON Schema of scenario files, for an editor's completion and checks."""
    look = Look(quiet=quiet)
    with reporting(look):
        import json

        from ..scenario.schema import json_schema
        from .output import write

        write(json.dumps(json_schema(), indent=2) + "\n", output, quiet)
