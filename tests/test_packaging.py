"""The wheel as users get it: built from the tree, installed without the development extras, run from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from backprop_tutor import __version__
from tests.program import SCENARIOS, TOP

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

BIN = "Scripts" if os.name == "nt" else "bin"


def called(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed; no path of this tree leads into it."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, encoding="utf-8", timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def empty_environment(folder: Path) -> Path:
    """A new environment with nothing in it; its Python."""
    called(sys.executable, "-m", "venv", "--without-pip", folder, cwd=TOP)
    return folder / BIN / "python"


def install(python: Path, *what: str | Path) -> None:
    called(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *what, cwd=TOP)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the source distribution makes, so that both are tried."""
    folder = tmp_path_factory.mktemp("dist")
    called(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, TOP, cwd=folder)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, what it depends on, and nothing else."""
    python = empty_environment(tmp_path_factory.mktemp("empty") / "env")
    install(python, wheel)
    return python


def test_what_the_wheel_holds(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name == f"bptutor-{__version__}-py3-none-any.whl"
    folders = {name.split("/")[0] for name in names}
    assert folders == {"backprop_tutor", f"bptutor-{__version__}.dist-info"}
    for name in SCENARIOS:
        assert f"backprop_tutor/scenarios/{name}.toml" in names
    assert "backprop_tutor/render/run/terminal.py" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_runs_from_another_folder(python: Path, tmp_path: Path, name: str) -> None:
    shown = called(python.parent / "bptutor", "run", name, cwd=tmp_path)
    assert shown.startswith(name)
    assert "Traceback" not in shown


def test_the_other_commands_work_as_installed(python: Path, tmp_path: Path) -> None:
    bptutor = python.parent / "bptutor"
    assert called(bptutor, "--version", cwd=tmp_path) == f"bptutor {__version__}\n"
    listed = called(bptutor, "list", "--plain", cwd=tmp_path).splitlines()
    assert [line.partition(":")[0] for line in listed] == list(SCENARIOS)
    called(bptutor, "new", "net.toml", cwd=tmp_path)
    called(bptutor, "check", "net.toml", cwd=tmp_path)
    called(bptutor, "run", "net.toml", "--format", "json", cwd=tmp_path)
    assert "$schema" in called(bptutor, "schema", cwd=tmp_path)
    called(python, "-m", "backprop_tutor", "run", "shared_weights", "--format", "markdown", cwd=tmp_path)


def test_the_python_interface_works_as_installed(python: Path, tmp_path: Path) -> None:
    code = "import backprop_tutor as b; print(b.__file__); print(b.run('shared_weights').checks['w1'].agrees)"
    file, agrees = called(python, "-c", code, cwd=tmp_path).split()
    assert Path(file).is_relative_to(python.parent.parent)
    assert agrees == "True"


def test_no_development_package_is_needed(python: Path, tmp_path: Path) -> None:
    installed = called(sys.executable, "-m", "pip", "--python", python, "list", "--format", "freeze", cwd=tmp_path)
    names = {line.split("==")[0] for line in installed.split()}
    assert not names & {"pytest", "hypothesis", "ruff", "mypy", "hatchling"}


def test_an_editable_install_leaves_no_folder_that_hides_the_package(tmp_path: Path) -> None:
    """A folder without __init__.py in site-packages would be a namespace package of the same name."""
    python = empty_environment(tmp_path / "env")
    install(python, "--no-deps", "--editable", TOP)
    [site] = (tmp_path / "env").rglob("site-packages")
    assert not (site / "backprop_tutor").exists()
    code = "import backprop_tutor; print(backprop_tutor.__file__)"
    assert Path(called(python, "-c", code, cwd=tmp_path).strip()) == TOP / "backprop_tutor" / "__init__.py"
