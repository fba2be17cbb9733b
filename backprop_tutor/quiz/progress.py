"""The learner's progress on disk, and the only module that writes it: one SQLite file with one row an answer.

Rows are only added. Every answer is a transaction of its own, so a quiz that is killed loses at most the answer it was
writing, and two quizzes at once only wait for each other for a moment. Where nothing can be read or written, the quiz
goes on in memory and says so once; a file that is damaged, or newer than this program, is left as it is.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import Problem, RequestError, Where
from .attempts import Attempt

FILE_NAME = "progress.sqlite"
BUSY_SECONDS = 5.0

# One step per version of the file; a file of version n has had the first n steps. Steps are never changed.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE attempt (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            session TEXT NOT NULL,
            number INTEGER NOT NULL,
            skill TEXT NOT NULL,
            kind TEXT NOT NULL,
            scenario TEXT NOT NULL,
            subject TEXT NOT NULL,
            seed TEXT NOT NULL,
            digits INTEGER NOT NULL,
            typed TEXT NOT NULL,
            verdict TEXT NOT NULL,
            slip TEXT NOT NULL,
            hints INTEGER NOT NULL,
            milliseconds INTEGER NOT NULL,
            rating INTEGER,
            version TEXT NOT NULL
        )
        """,
    ),
    # which slips a right answer speaks against
    ("ALTER TABLE attempt ADD COLUMN visible TEXT NOT NULL DEFAULT ''",),
)
VERSION = len(MIGRATIONS)
COLUMNS = Attempt.__struct_fields__
Notes = Callable[[str], None]


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """`BPTUTOR_HOME`, or the folder for a program's own data on this system."""
    home = environ.get("BPTUTOR_HOME")
    if home:
        return Path(home).expanduser() / FILE_NAME
    import platformdirs

    return Path(platformdirs.user_data_dir("bptutor", appauthor=False)) / FILE_NAME


class Progress:
    """The attempts of one learner. `note` is told, once, why something is not kept."""

    def __init__(self, path: Path | None, note: Notes) -> None:
        self.path = path
        self._note = note
        self._memory = False
        self.problem = ""
        self._connection = self._opened(path) if path is not None else self._in_memory()

    # ------------------------------------------------------------------ opening
    def _opened(self, path: Path) -> sqlite3.Connection:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return self._without(f"{path.parent} can't be made ({(error.strerror or str(error)).lower()})")
        connection = None
        try:
            connection = connected(path)
            migrate(connection)
        except (sqlite3.Error, OSError, _Newer) as error:
            if connection is not None:
                connection.close()
            return self._read_only(path) if _not_writable(path, error) else self._without(_why(path, error))
        return connection

    def _read_only(self, path: Path) -> sqlite3.Connection:
        """A file that may only be read still says what was learnt."""
        memory = self._without(f"{path} can't be written")
        with suppress(sqlite3.Error, OSError):
            source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
            if version_of(source) <= VERSION:
                source.backup(memory)
                migrate(memory)
            source.close()
        return memory

    def _without(self, why: str) -> sqlite3.Connection:
        self.problem = why
        self._note(f"{why}: what you answer now is not kept")
        return self._in_memory()

    def _in_memory(self) -> sqlite3.Connection:
        self._memory = True
        connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(connection)
        return connection

    # ------------------------------------------------------------------ reading and writing
    @property
    def kept(self) -> bool:
        """Is what is answered written to a file?"""
        return not self._memory

    def attempts(self) -> list[Attempt]:
        """All attempts, in the order in which they were written."""
        try:
            return list(_rows(self._connection))
        except sqlite3.DatabaseError as error:
            assert self.path is not None, "a database in memory can't be damaged"
            self._connection.close()
            self._connection = self._without(_why(self.path, error))
            return []

    def record(self, attempt: Attempt) -> None:
        """Add one attempt: written to the disk when this returns."""
        try:
            insert(self._connection, attempt)
        except sqlite3.Error as error:
            assert self.path is not None, "a database in memory can always be written"
            self._go_on_in_memory(_why(self.path, error))
            insert(self._connection, attempt)

    def _go_on_in_memory(self, why: str) -> None:
        old = self._connection
        self._connection = self._without(why)
        with suppress(sqlite3.Error):
            for attempt in list(_rows(old)):
                insert(self._connection, attempt)
        with suppress(sqlite3.Error):
            old.close()

    def clear(self) -> int:
        """Forget every attempt; how many there were. RequestError where the file can't be written."""
        if self._memory:
            raise RequestError(Problem(self.problem, Where(str(self.path)), help="nothing was changed"))
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            [count] = self._connection.execute("SELECT count(*) FROM attempt").fetchone()
            self._connection.execute("DELETE FROM attempt")
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            assert self.path is not None
            raise RequestError(Problem(_why(self.path, error), help="nothing was changed")) from None
        return int(count)

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()


# ---------------------------------------------------------------- the file
class _Newer(Exception):
    """The file was written by a newer program."""


def connected(path: Path) -> sqlite3.Connection:
    """A connection that waits for others, and whose every statement is a transaction of its own."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")  # a reader never waits for a writer
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def version_of(connection: sqlite3.Connection) -> int:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to this program's version, in one transaction."""
    if version_of(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(connection)  # another quiz may have been quicker
        if version > VERSION:
            raise _Newer
        for steps in MIGRATIONS[version:]:
            for step in steps:
                connection.execute(step)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def insert(connection: sqlite3.Connection, attempt: Attempt) -> None:
    values = [_stored(getattr(attempt, name)) for name in COLUMNS]
    marks = ", ".join("?" * len(COLUMNS))
    connection.execute(f"INSERT INTO attempt ({', '.join(COLUMNS)}) VALUES ({marks})", values)


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    return " ".join(value) if isinstance(value, tuple) else value


def _rows(connection: sqlite3.Connection) -> Iterator[Attempt]:
    for row in connection.execute(f"SELECT {', '.join(COLUMNS)} FROM attempt ORDER BY id"):
        values = dict(zip(COLUMNS, row, strict=True))
        values["at"] = datetime.fromisoformat(values["at"])
        values["visible"] = tuple(values["visible"].split())
        yield Attempt(**values)


# ---------------------------------------------------------------- what went wrong
def _not_writable(path: Path, error: Exception) -> bool:
    said = str(error)
    return (
        isinstance(error, sqlite3.OperationalError)
        and path.is_file()
        and ("readonly" in said or "unable to open" in said)
    )


def _why(path: Path, error: Exception) -> str:
    """One clause for a person."""
    said = str(error)
    if isinstance(error, _Newer):
        return f"{path} was written by a newer bptutor and is left as it is"
    if isinstance(error, sqlite3.OperationalError):
        if "locked" in said:
            return f"{path} is in use by another program"
        if "full" in said:
            return f"there is no room left for {path}"
        if "readonly" in said or "unable to open" in said:
            return f"{path} can't be written"
    if isinstance(error, sqlite3.DatabaseError):
        return f"{path} is damaged ({said}) and is left as it is"
    return f"{path} can't be opened ({said.lower()})"
