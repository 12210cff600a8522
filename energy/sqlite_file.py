"""One SQLite file, held by its one writer or by one of many readers, with its troubles told in our words.

Write-ahead logging: a reader sees the last committed state and never waits for the writer, nor the writer for
it. The one place that opens SQLite.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Literal, NoReturn, Self

from energy.errors import RecordBroken, StoreUnavailable

Row = tuple[Any, ...]
BUSY_S_MAX = 2.0
"""How long a writer waits for another one before it gives up; a tick must not hang on a lock."""
WAL_BYTES_MAX = 64_000_000
"""The log is cut back to this size after a checkpoint."""
STATEMENTS_CACHED = 128
_PRIMARY_CODE = 0xFF
_MENDS = {
    sqlite3.SQLITE_FULL: "free disk space or raise the size limit of the file",
    sqlite3.SQLITE_BUSY: "another process writes this file; only one may",
    sqlite3.SQLITE_LOCKED: "another process writes this file; only one may",
    sqlite3.SQLITE_CANTOPEN: "check that the data folder exists and may be read and written",
    sqlite3.SQLITE_READONLY: "check the permissions of the data folder and its files",
    sqlite3.SQLITE_PERM: "check the permissions of the data folder and its files",
    sqlite3.SQLITE_IOERR: "check the disk and its free space",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a kind of file is: its mark, its schema with a version, and how hard a commit reaches the disk.

    ``FULL`` survives a power cut after every commit; ``NORMAL`` survives the death of the process and may
    lose the last commits in a power cut, without breaking the file. ``upgrades`` holds by version the
    statements that lead to the next one; the writer runs them in one transaction.
    """

    application_id: int
    version: int
    schema: str
    synchronous: Literal["NORMAL", "FULL"]
    upgrades: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))


class SqliteFile:
    """An open file; may be shared by threads, one statement at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one statement and give all its rows.

        Raises:
            StoreUnavailable: locked, full, gone, or not to be read.
            RecordBroken: the file is damaged or not ours.
        """
        with self._lock:
            try:
                return self._connection.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                _raise_ours(self.path, error)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for every row; raises like ``execute``."""
        with self._lock:
            try:
                self._connection.executemany(sql, rows)
            except sqlite3.Error as error:
                _raise_ours(self.path, error)

    @property
    def in_transaction(self) -> bool:
        """Tell whether a transaction is open."""
        return self._connection.in_transaction

    def begin(self) -> None:
        """Open a write transaction unless one is open; raises like ``execute``."""
        if not self._connection.in_transaction:
            self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the open transaction durable, if there is one; raises like ``execute``."""
        if self._connection.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Drop the open transaction, if there is one; raises like ``execute``."""
        if self._connection.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Drop what is not committed and let the file go."""
        with self._lock:
            try:
                self._connection.close()
            except sqlite3.Error as error:
                _raise_ours(self.path, error)

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the transaction that ``with file:`` opened: commit, or roll back after an exception."""
        if kind is not None:
            self.rollback()
            return
        try:
            self.commit()
        except BaseException:
            self.rollback()
            raise


class HoldsFile:
    """What every owner of one file does with it: let it go, also at the end of a ``with``."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_writer(path: Path, layout: Layout, *, size_bytes_max: int | None = None) -> SqliteFile:
    """Open a file for its one writer; a missing file is created with its schema.

    Raises:
        StoreUnavailable: the file cannot be opened or written now.
        RecordBroken: it is damaged, of another kind, or of another version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"{path}: {error.strerror}. Mend: check the data folder's permissions"
        ) from error
    file = _connect(path, str(path), uri=False)
    try:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute(f"PRAGMA synchronous = {layout.synchronous}")
        file.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
        if size_bytes_max is not None:
            page_bytes = file.execute("PRAGMA page_size")[0][0]
            file.execute(f"PRAGMA max_page_count = {max(1, size_bytes_max // page_bytes)}")
        with file:
            if file.execute("PRAGMA user_version")[0][0] == 0 and not file.execute(
                "SELECT 1 FROM sqlite_master LIMIT 1"
            ):
                _create(file, layout)
            _upgrade(file, layout)
        _check(file, layout)
    except BaseException:
        file.close()
        raise
    return file


def open_reader(path: Path, layout: Layout) -> SqliteFile:
    """Open a file read-only; it never creates, writes or blocks anything.

    Raises:
        StoreUnavailable: the file does not exist yet or cannot be read now.
        RecordBroken: it is damaged, of another kind, or of another version.
    """
    if not path.is_file():
        raise StoreUnavailable(
            f"{path} does not exist yet. Mend: start the process that writes it, or check the data folder"
        )
    file = _connect(path, f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        _check(file, layout)
    except BaseException:
        file.close()
        raise
    return file


def _connect(path: Path, name: str, *, uri: bool) -> SqliteFile:
    try:
        connection = sqlite3.connect(
            name,
            timeout=BUSY_S_MAX,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_CACHED,
            uri=uri,
        )
    except sqlite3.Error as error:
        _raise_ours(path, error)
    return SqliteFile(path, connection)


def _create(file: SqliteFile, layout: Layout) -> None:
    _run(file, layout.schema)
    file.execute(f"PRAGMA application_id = {layout.application_id}")
    file.execute(f"PRAGMA user_version = {layout.version}")


def _upgrade(file: SqliteFile, layout: Layout) -> None:
    """Bring an older file of this kind up to date as far as the layout knows how."""
    if file.execute("PRAGMA application_id")[0][0] != layout.application_id:
        return
    version = file.execute("PRAGMA user_version")[0][0]
    while version < layout.version and version in layout.upgrades:
        _run(file, layout.upgrades[version])
        version += 1
        file.execute(f"PRAGMA user_version = {version}")


def _run(file: SqliteFile, statements: str) -> None:
    for statement in statements.split(";\n\n"):
        if statement.strip():
            file.execute(statement)


def _check(file: SqliteFile, layout: Layout) -> None:
    application_id = file.execute("PRAGMA application_id")[0][0]
    version = file.execute("PRAGMA user_version")[0][0]
    if application_id == 0 and version == 0:
        raise StoreUnavailable(f"{file.path} is still empty. Mend: start the process that writes it")
    if application_id != layout.application_id:
        raise RecordBroken(f"{file.path} is a database of another kind. Mend: move it out of the data folder")
    if version != layout.version:
        raise RecordBroken(
            f"{file.path} has schema version {version}, this program knows {layout.version}. "
            "Mend: run the program version that wrote it, or move the file away"
        )


def _raise_ours(path: Path, error: sqlite3.Error) -> NoReturn:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        raise error
    primary = code & _PRIMARY_CODE
    if primary in _MENDS:
        raise StoreUnavailable(f"{path}: {error}. Mend: {_MENDS[primary]}") from error
    raise RecordBroken(
        f"{path}: {error}. Mend: stop the writer, keep the file for inspection and restore a copy"
    ) from error
