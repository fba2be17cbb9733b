"""Where scenarios come from: bundled by name, a file by its path, standard input; arrays from .npz files beside them.

Nothing here is trusted: sizes are limited before anything is read, and no file outside the scenario's folder is opened.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import tomllib
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from ..errors import Problem, RequestError, ScenarioError, Where, did_you_mean
from .names import quoted, text_fault
from .types import MAX_ARRAY_ELEMENTS, MAX_FILE_BYTES, MAX_NPZ_BYTES, Floats
from .values import ArrayFault

STANDARD_INPUT = "standard input"
_LIST = "'bptutor list' shows the bundled scenarios"


class Found(NamedTuple):
    """The text of a scenario, its name (the file's stem), its path if it has one, what errors call the file."""

    text: str
    name: str
    path: str | None
    label: str


class Title(NamedTuple):
    """One line of the list of bundled scenarios."""

    name: str
    title: str
    document: str | None


def bundled_folder() -> Path:
    """The folder of the bundled scenarios: inside the installed package, or at the top of the source tree."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def bundled() -> tuple[str, ...]:
    """The names of the bundled scenarios, in alphabetical order."""
    folder = bundled_folder()
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def titles() -> tuple[Title, ...]:
    """Name, title and document of each bundled scenario, without a check of the rest (needs no numpy, no pydantic)."""
    found = []
    for name in bundled():
        try:
            entries = tomllib.loads((bundled_folder() / f"{name}.toml").read_text(encoding="utf-8-sig"))
        except ValueError:
            entries = {}
        title, document = entries.get("title"), entries.get("document")
        found.append(Title(name, _one_line(title) or name, _one_line(document)))
    return tuple(found)


def _one_line(text: object) -> str | None:
    return text if isinstance(text, str) and text_fault(text) is None else None


def find(name_or_path: str, stdin: str | None = None) -> Found:
    """The text of a bundled scenario, of a file, or (for "-") of standard input.

    With a slash or ending in .toml it is a path; else a bundled name, and if there is none, a file of that name. Raises
    RequestError when there is nothing there, ScenarioError when it can't be read as text.
    """
    if name_or_path == "-":
        if stdin is None:
            stdin = decoded(sys.stdin.buffer.read(MAX_FILE_BYTES + 1), STANDARD_INPUT)
        elif len(stdin.encode("utf-8", "surrogatepass")) > MAX_FILE_BYTES:
            raise _too_large(STANDARD_INPUT)
        return Found(_checked(stdin.removeprefix("\ufeff"), STANDARD_INPUT), "stdin", None, STANDARD_INPUT)
    if not name_or_path.strip():
        raise RequestError(Problem("no scenario is named", help=f"name one, or a file; {_LIST}"))
    if not _is_path(name_or_path):
        if name_or_path in bundled():
            entry = bundled_folder() / f"{name_or_path}.toml"
            label = f"{name_or_path}.toml"
            with entry.open("rb") as stream:
                text = decoded(stream.read(MAX_FILE_BYTES + 1), label)
            return Found(text, name_or_path, str(entry), label)
        for candidate in (f"{name_or_path}.toml", name_or_path):
            if _exists(candidate):
                return _read(candidate)
        help = did_you_mean(name_or_path, bundled()) or _LIST
        raise RequestError(Problem(f"there is no scenario {quoted(name_or_path)}", Where(), "", help))
    return _read(name_or_path)


def _is_path(name: str) -> bool:
    return "/" in name or "\\" in name or name.endswith(".toml")


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def first_bytes(path: str, limit: int) -> bytes:
    """A file's bytes, `limit` of them and one more at most, whatever stands behind the name. OSError, ValueError.

    A pipe is read until its writers are done; one that nobody writes to is not waited for, it is BrokenPipeError.
    """
    waits_not = getattr(os, "O_NONBLOCK", 0)
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | waits_not)) as stream:
        if waits_not:
            os.set_blocking(stream.fileno(), True)
        data = stream.read(limit + 1)
        if not data and stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode):
            raise BrokenPipeError(errno.EPIPE, "it is a pipe that nobody writes to")
    return data


def _read(path: str) -> Found:
    """The text of a file, or what is wrong with it."""
    shown = quoted(path, 200)
    try:
        if Path(path).is_dir():
            raise ScenarioError(Problem(f"{shown} is a folder", Where(path), "", "name a scenario file in it"))
        data = first_bytes(path, MAX_FILE_BYTES)
    except FileNotFoundError:
        raise RequestError(Problem(f"there is no file {shown}", Where(path), "", _near_file(path))) from None
    except PermissionError:
        raise ScenarioError(
            Problem(f"{shown} can't be read: permission denied", Where(path), "", "ask its owner, or copy it")
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(Problem(f"{shown} can't be read: {reason}", Where(path), "", "check the path")) from None
    return Found(decoded(data, path), Path(path).stem, path, path)


def _near_file(path: str) -> str:
    """What else it may have been: a file of the same folder, a bundled scenario."""
    wanted = Path(path)
    try:
        beside = [entry.name for entry in wanted.parent.iterdir() if entry.suffix == ".toml"]
    except (OSError, ValueError):
        beside = []
    return did_you_mean(wanted.name, beside) or did_you_mean(wanted.stem, bundled()) or _LIST


def decoded(data: bytes, label: str) -> str:
    """The text of a file: UTF-8, with or without a byte order mark. ScenarioError when too large, empty, not UTF-8."""
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(label)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        offset = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        start = data.rfind(b"\n", 0, offset) + 1
        end = data.find(b"\n", offset)
        line = data[start : len(data) if end < 0 else end].decode("utf-8", "replace").removesuffix("\r")
        where = Where(label, data.count(b"\n", 0, offset) + 1, len(data[start:offset].decode("utf-8")) + 1, 1, line)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            help = "it looks like UTF-16: save it as UTF-8"
        else:
            help = "save the file as UTF-8"
        said = f"byte 0x{data[offset]:02x} at offset {offset} is not UTF-8"
        raise ScenarioError(Problem(said, where, "not UTF-8", help)) from None
    return _checked(text, label)


def _checked(text: str, label: str) -> str:
    if not text.strip():
        raise ScenarioError(
            Problem("the scenario is empty", Where(label), "", "'bptutor new FILE' writes one to start from")
        )
    return text


def _too_large(label: str) -> ScenarioError:
    return ScenarioError(
        Problem(
            f"the scenario has more than {MAX_FILE_BYTES:,} bytes, the limit",
            Where(label),
            "",
            'keep large arrays in an .npz file: W1 = { npz = "weights.npz", key = "W1" }',
        )
    )


# ---------------------------------------------------------------- arrays
def load_array(folder: Path | None, name: str, key: str) -> Floats | ArrayFault:
    """The array `key` of the .npz file `name` in (or below) `folder`, as float64. Only plain numbers are loaded."""
    import zipfile

    if folder is None:
        said = f"{quoted(name)} can't be found: a scenario without a file has no folder"
        return ArrayFault("npz", said, "save the scenario as a file beside it")
    parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
    outside = ".." in parts or PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor
    try:
        path = (folder / name).resolve()
        if outside or not path.is_relative_to(folder.resolve()):
            return ArrayFault(
                "npz", f"{quoted(name)} is outside the scenario's folder", "put the file beside the scenario"
            )
        if not path.is_file():
            near = did_you_mean(name, sorted(entry.name for entry in folder.glob("*.npz")))
            return ArrayFault(
                "npz", f"there is no file {quoted(name)} beside the scenario", near or "check the file's name"
            )
        if path.stat().st_size > MAX_NPZ_BYTES:
            return ArrayFault(
                "npz", f"{quoted(name)} has more than {MAX_NPZ_BYTES:,} bytes, the limit", "make it smaller"
            )
        with zipfile.ZipFile(path) as archive:
            members = [member.removesuffix(".npy") for member in archive.namelist() if member.endswith(".npy")]
            if key not in members:
                near = did_you_mean(key, members) or f"it has: {', '.join(map(quoted, members[:10])) or 'nothing'}"
                return ArrayFault("key", f"{quoted(name)} has no array {quoted(key)}", near)
            info = archive.getinfo(f"{key}.npy")
            if info.file_size > MAX_ARRAY_ELEMENTS * 8 + 65_536:
                said = f"{quoted(key)} is larger than {MAX_ARRAY_ELEMENTS:,} elements"
                return ArrayFault("key", said, "make the network smaller")
            with archive.open(info) as member:
                data = member.read(info.file_size)
        return _numbers(data, key)
    except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        # `error` may quote the file's content; its kind says enough.
        said = f"{quoted(name)} can't be read ({type(error).__name__})"
        return ArrayFault("npz", said, "write it with numpy.savez")


def _numbers(data: bytes, key: str) -> Floats | ArrayFault:
    """The .npy bytes as float64; the header is checked before memory is taken for what it promises."""
    import numpy as np
    from numpy.lib import format as npy

    stream = io.BytesIO(data)
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError("unknown version")
    header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = header(stream)
    count = int(np.prod(shape, dtype=object)) if shape else 1
    if dtype.kind not in "fiu":
        return ArrayFault("key", f"{quoted(key)} holds no plain numbers ({dtype})", "store it as float64")
    if count == 0:
        return ArrayFault("key", f"{quoted(key)} is an array without elements", "store at least one number")
    if count * dtype.itemsize > len(data):
        raise ValueError("the header promises more than there is")
    stream.seek(0)
    array = npy.read_array(stream, allow_pickle=False)
    values = np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
    if not np.isfinite(values).all():
        return ArrayFault("key", f"{quoted(key)} holds values that are no finite numbers", "store finite numbers only")
    return values
