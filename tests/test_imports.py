"""What is imported when, and by whom: start-up stays quick, and the modules' imports never go round in a circle."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.program import TOP, environment

PACKAGE = TOP / "backprop_tutor"
FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(file: Path) -> str:
    parts = file.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file for file in FILES}
PLAIN = {name.removeprefix("backprop_tutor.") for name in MODULES}


def only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a module but what stands under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if not only_for_types(node):
            yield node
            yield from nodes(node)


def imports(name: str) -> set[str]:
    """The full names of everything that a module imports, at its top or inside a function."""
    found = set()
    file = MODULES[name]
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                base = f"{above}.{base}".rstrip(".")
            for alias in node.names:
                inside = f"{base}.{alias.name}"
                found.add(inside if inside in MODULES else base)
    return found


IMPORTS = {name: imports(name) for name in MODULES}


def test_the_reader_of_imports_sees_them() -> None:
    assert "backprop_tutor.engine.trace" in IMPORTS["backprop_tutor.lesson.steps"]
    assert "backprop_tutor.render.run.terminal" in IMPORTS["backprop_tutor.cli.running"]
    assert "backprop_tutor.scenario.loading" in IMPORTS["backprop_tutor"]


def test_imports_never_go_round_in_a_circle() -> None:
    """A circle is refused even where one of its imports stands inside a function."""
    graph = {name: {other for other in found if other in MODULES} for name, found in IMPORTS.items()}
    # The package's own __init__ is the door to everything; what a module takes from it is its version alone.
    graph = {name: found - {"backprop_tutor"} for name, found in graph.items()}
    tuple(TopologicalSorter(graph).static_order())


PIPELINE = ("formulas", "scenario", "engine", "lesson", "handwork", "slips", "judging", "quiz", "render", "cli")


def folder(name: str) -> str:
    return name.split(".")[1] if name.count(".") > 1 else ""


def test_folders_stand_in_the_order_of_the_pipeline() -> None:
    """Imports between folders point one way: towards the front of the pipeline."""
    assert {folder(name) for name in MODULES} == {*PIPELINE, ""}
    wrong = [
        (name, other)
        for name, found in IMPORTS.items()
        for other in found & set(MODULES)
        if folder(name) and folder(other) and PIPELINE.index(folder(name)) < PIPELINE.index(folder(other))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("sympy", {"lesson.symbolic"}),
        ("typer", {name for name in PLAIN if name.startswith("cli.")}),
        ("rich", {"render.screen", "render.lines"}),
        ("pydantic", {"scenario.schema"}),
        ("msgspec", {"values"}),
    ],
)
def test_a_library_has_one_home(library: str, allowed: set[str]) -> None:
    users = {name for name, found in IMPORTS.items() if any(f.split(".")[0] == library for f in found)}
    assert users <= {f"backprop_tutor.{name}" for name in allowed}


def loaded(arguments: list[str], env: dict[str, str] | None = None) -> tuple[int, set[str]]:
    """The exit status, and the modules that are loaded after it; ours without the package's name."""
    code = (
        "import json, sys\n"
        "from backprop_tutor.cli.program import program\n"
        "try: status = program(sys.argv[1:])\n"
        "except SystemExit as end: status = end.code or 0\n"
        "sys.stderr.write('\\n' + json.dumps([status, list(sys.modules)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment(env or {}), timeout=60
    )
    status, modules = json.loads(done.stderr.splitlines()[-1])
    return status, {name.removeprefix("backprop_tutor.") for name in modules}


SHOWN = ("plain", "explain", "adjoints", "by_hand", "big", "markdown", "json_document")
SOME = {f"render.run.{name}" for name in SHOWN}
"""What only some runs show."""
STYLED = {"rich.console", "rich.table", "rich.text"}


@pytest.mark.parametrize(
    ("arguments", "status", "absent"),
    [
        (["--version"], 0, {"sympy", "numpy", "pydantic", *STYLED}),
        (["--help"], 0, {"sympy", "numpy", "pydantic", "tomllib", *STYLED}),
        (["run", "--help"], 0, {"sympy", "numpy", "pydantic"}),
        (["list"], 0, {"sympy", "numpy", "pydantic"}),
        (["rnu"], 2, {"sympy", "numpy", "pydantic", "tomllib", *STYLED}),
        (["run", "--nothing"], 2, {"sympy", "numpy", "pydantic", "tomllib", *STYLED}),
        (["run", "two_sigmoid_outputs", "--digits", "many"], 2, {"sympy", "numpy", "pydantic"}),
        (["schema"], 0, {"sympy", "numpy"}),
        (["check", "two_sigmoid_outputs"], 0, {"sympy"}),
        (["run", "two_sigmoid_outputs", "--part", "forward"], 0, {"sympy", "cli.keys", *STYLED, *SOME}),
        (["run", "two_sigmoid_outputs", "--part", "update"], 0, {"sympy", "cli.keys", *STYLED, *SOME}),
        (["run", "two_sigmoid_outputs", "--part", "update", "--plain"], 0, {"sympy", "cli.keys", *STYLED}),
        (["run", "two_sigmoid_outputs", "--by-hand", "3"], 0, STYLED | SOME - {"render.run.by_hand", "render.run.big"}),
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(arguments: list[str], status: int, absent: set[str]) -> None:
    ended, found = loaded(arguments)
    assert ended == status
    assert not found & absent


@pytest.mark.parametrize("words", ["bptutor run two", "bptutor run two_sigmoid_outputs --grad w"])
def test_completion_loads_nothing_heavy(words: str) -> None:
    env = {"_BPTUTOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    status, found = loaded([], env)
    assert status == 0
    assert not found & {"sympy", "numpy", "pydantic"}


def test_the_package_itself_loads_nothing_heavy() -> None:
    code = "import sys, backprop_tutor; print([m for m in ('numpy', 'sympy', 'pydantic', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment({}), check=True)
    assert done.stdout.strip() == "[]"
