"""The commands `bptutor quiz` and `bptutor progress`: their options, and what their texts mean."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from ..errors import Problem, RequestError
from ..quiz.names import Activation, Kind, Loss, Shared
from . import options as opt
from .completion import complete_quantity, complete_scenario, offered
from .look import Look
from .reporting import reporting

QUESTIONS, NETWORKS, LEARNING = "Questions", "Random networks", "Your progress"
Export: TypeAlias = Literal["json", "csv"]

ProgressFile = Annotated[
    Path | None,
    typer.Option(
        "--progress",
        metavar="FILE",
        help="Where your progress is kept, instead of your own data folder (or BPTUTOR_HOME).",
        rich_help_panel=LEARNING,
    ),
]


def quiz_command(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="A bundled scenario, a file, or nothing: then random networks.",
            autocompletion=offered(complete_scenario),
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        list[Kind] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only this kind: value, local, formula, factor, path, gradient, adjoint, update, derivation, find or "
            "eye; may be given more than once.",
            rich_help_panel=QUESTIONS,
        ),
    ] = None,
    only: Annotated[
        str,
        typer.Option(
            "--only",
            metavar="NAME",
            help="Only questions about this quantity.",
            autocompletion=offered(complete_quantity),
            rich_help_panel=QUESTIONS,
            show_default=False,
        ),
    ] = "",
    skill: Annotated[
        str,
        typer.Option(
            "--skill",
            metavar="SKILL",
            help="Only this skill; 'bptutor progress' names them.",
            rich_help_panel=QUESTIONS,
            show_default=False,
        ),
    ] = "",
    count: Annotated[
        int, typer.Option("--count", "-n", metavar="N", min=1, max=500, help="Questions.", rich_help_panel=QUESTIONS)
    ] = 8,
    digits: Annotated[
        int,
        typer.Option(
            "--digits", metavar="N", min=2, max=8, help="Significant digits asked for.", rich_help_panel=QUESTIONS
        ),
    ] = 4,
    seed: Annotated[
        str | None,
        typer.Option(
            "--seed",
            metavar="SEED",
            help="The same questions for everybody; without it they follow your progress.",
            rich_help_panel=QUESTIONS,
        ),
    ] = None,
    random: Annotated[
        str | None,
        typer.Option(
            "--random",
            metavar="2-2-2",
            help="Random networks: units in each layer, inputs first.",
            rich_help_panel=NETWORKS,
        ),
    ] = None,
    activation: Annotated[
        Activation, typer.Option("--activation", help="Of the hidden layers.", rich_help_panel=NETWORKS)
    ] = Activation.SIGMOID,
    loss: Annotated[Loss, typer.Option("--loss", help="The loss.", rich_help_panel=NETWORKS)] = Loss.HALF_SQUARED,
    shared: Annotated[
        Shared, typer.Option("--shared", help="What the units of a layer share.", rich_help_panel=NETWORKS)
    ] = Shared.NOTHING,
    progress: ProgressFile = None,
    plain: opt.Plain = False,
    ascii: opt.Ascii = False,
    color: opt.ColorWhen = "auto",
    quiet: opt.Quiet = False,
) -> None:
    """Practise: questions from a scenario or random networks, judged like hand calculations, with hints.

    An answer is a number, a calculation or a formula. ? gives a hint, = the answer, s skips, q stops. What you answer
    is kept on this machine; 'bptutor progress' shows it.
    """
    look = Look(color, ascii, plain, quiet)
    with reporting(look):
        from ..quiz.choosing import Wishes
        from ..quiz.networks import shape
        from .practising import Surroundings, known_skill, practice
        from .practising import quiz as run_quiz

        wanted = None if random is None else shape(random, activation.value, loss.value, shared.value)
        usual = (activation, loss, shared) == (Activation.SIGMOID, Loss.HALF_SQUARED, Shared.NOTHING)
        if wanted is None and not usual:
            wanted = shape("2-2-2", activation.value, loss.value, shared.value)
        wishes = Wishes(
            digits, count, tuple(dict.fromkeys(kind or ())), known_skill(skill) if skill else "", only, seed is not None
        )
        run_quiz(practice(scenario, wanted, wishes.skill), wishes, seed, progress, look, Surroundings())


def progress_command(
    export: Annotated[
        Export | None,
        typer.Option(
            "--export", help="Every answer as JSON or CSV instead of the summary.", rich_help_panel=opt.OUTPUT
        ),
    ] = None,
    output: opt.OutputFile = None,
    reset: Annotated[
        bool,
        typer.Option("--reset", help="Forget everything; asks first.", rich_help_panel=LEARNING, show_default=False),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Don't ask.", rich_help_panel=LEARNING, show_default=False)
    ] = False,
    progress: ProgressFile = None,
    plain: opt.Plain = False,
    ascii: opt.Ascii = False,
    color: opt.ColorWhen = "auto",
    quiet: opt.Quiet = False,
) -> None:
    """What you can do: every skill, when it is due, slips that recur, and the days you practised.

    Nothing leaves this machine.
    """
    look = Look(color, ascii, plain, quiet)
    with reporting(look):
        from .practising import Surroundings, exported, forget, show_progress

        if reset and export is not None:
            raise RequestError(Problem("--export and --reset exclude each other", help="export first, then --reset"))
        if reset:
            forget(progress, yes, look)
        elif export is not None:
            exported(progress, export, output, look)
        else:
            show_progress(progress, look, Surroundings())
