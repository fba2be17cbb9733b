"""What one run leaves for the next, in the user's cache folder: derived formulas, which scenario texts were in order.

One small text file, replaced as a whole (a reader sees the old one or the new one), with a checksum over all of it: a
file of another version, cut short or changed by hand counts as empty. It can be deleted at any time. Where nothing can
be kept (a read-only home), nothing is. Several processes at once at worst lose an entry, which is then made again.

BPTUTOR_CACHE names another folder; empty, nothing is kept. Who reads an entry still checks it, as
`lesson/derivatives.py` does.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import time
import zlib
from collections.abc import Mapping
from pathlib import Path

from . import __version__

FORMAT = 4  # of what is kept; another one counts as empty
FILE_NAME = "remembered.txt"
MAX_BYTES = 1 << 20  # of a file that is read
MAX_ENTRIES = 2000  # kept, the newest
KINDS = ("formula", "scenario")


def folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """BPTUTOR_CACHE, or the system's folder for caches; None where nothing is to be kept."""
    named = environ.get("BPTUTOR_CACHE")
    if named is not None:
        return Path(named).expanduser() if named else None
    import platformdirs

    return Path(platformdirs.user_cache_dir("bptutor", appauthor=False))


class Cache:
    """Texts by kind and key. Nothing is read before it is asked for, nothing written but by `keep`."""

    def __init__(self, place: Path | None) -> None:
        self.file = None if place is None else place / FILE_NAME
        self._old: dict[tuple[str, str], str] | None = None
        self._new: dict[tuple[str, str], str] = {}

    def get(self, kind: str, key: str) -> str | None:
        """The text, or None."""
        if self._old is None:
            self._old = self._read()
        return self._new.get((kind, key), self._old.get((kind, key)))

    def put(self, kind: str, key: str, text: str) -> None:
        """Remember a text; one that a line can't hold is left out."""
        if self.file is not None and (key + text).isprintable():
            self._new[kind, key] = text

    def keep(self) -> None:
        """Write what is new, beside what other processes have written since; silently nothing where that fails."""
        if self.file is None or not self._new:
            return
        entries = {**self._read(), **self._new}
        body = "".join(f"{kind}\t{key}\t{text}\n" for (kind, key), text in list(entries.items())[-MAX_ENTRIES:])
        beside = self.file.with_name(f"{FILE_NAME}.{os.getpid()}.{time.monotonic_ns()}")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(_heading(body) + body, encoding="utf-8", newline="\n")
            beside.replace(self.file)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
        self._old, self._new = None, {}

    def _read(self) -> dict[tuple[str, str], str]:
        """The entries of the file; none where it is anything but what `keep` has written."""
        if self.file is None:
            return {}
        try:
            with self.file.open("rb") as stream:
                heading, _, body = stream.read(MAX_BYTES).decode("utf-8").partition("\n")
        except (OSError, ValueError):
            return {}
        if heading + "\n" != _heading(body):
            return {}
        rows = [line.split("\t") for line in body.splitlines()]
        return {(row[0], row[1]): row[2] for row in rows if len(row) == 3 and row[0] in KINDS}


def fingerprint(text: str) -> str:
    """Tells a text from what chance may make of it. `hashlib` would hold against malice, too, but nobody deceives
    themselves in their own cache, and it takes longer to import than twenty modules of ours.
    """
    data = text.encode("utf-8", "surrogatepass")
    return f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}{len(data):x}"


def _heading(body: str) -> str:
    return f"bptutor {__version__} {FORMAT} {fingerprint(body)}\n"


_caches: dict[Path | None, Cache] = {}


def shared() -> Cache:
    """This process's cache; what is new in it is written when the process ends."""
    place = folder()
    if place not in _caches:
        _caches[place] = Cache(place)
        atexit.register(_caches[place].keep)
    return _caches[place]
