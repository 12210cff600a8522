"""One SQLite file, held by its one writer or by one of many readers, with its troubles told in our words.

Write-ahead logging: a reader sees the last committed state and never waits for the writer, nor the writer for
it. The one place that opens SQLite.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Literal, NoReturn, Self

from energy.errors import RecordBroken, StoreUnavailable
from energy.sqlite_medium import medium_of, reading_uri

Row = tuple[Any, ...]
BUSY_S_MAX = 2.0
"""How long a writer waits for another one; a tick must not hang on a lock."""
WAL_BYTES_MAX = 64_000_000
"""The log is cut back to this size after a checkpoint."""
STATEMENTS_CACHED = 128
SQLITE_VERSION = sqlite3.sqlite_version
COPY_PAGES_PER_STEP = 256
"""1 MB at pages of 4 kB: a step of a copy takes a few milliseconds of the disk."""
COPY_REST_S = 0.002
"""Between two steps the disk belongs to the writer."""
_PRIMARY_CODE = 0xFF
_INCREMENTAL = 2
_MENDS = {
    sqlite3.SQLITE_FULL: "free disk space or raise the size limit of the file",
    sqlite3.SQLITE_BUSY: "another process writes this file; only one may",
    sqlite3.SQLITE_LOCKED: "another process writes this file; only one may",
    sqlite3.SQLITE_CANTOPEN: "check that the data folder exists and may be read and written",
    sqlite3.SQLITE_READONLY: "check the permissions of the data folder and its files",
    sqlite3.SQLITE_PERM: "check the permissions of the data folder and its files",
    sqlite3.SQLITE_IOERR: "check the disk and its free space",
}
_MAY_BE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
"""A spent quota, and a full disk under the file that readers share, are told as input or output errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a kind of file is: its mark, its schema with a version, and how hard a commit reaches the disk.

    ``FULL`` survives a power cut after every commit; ``NORMAL`` survives the death of the process and may
    lose the last commits in a power cut, without breaking the file. ``upgrades`` holds by version the
    statements that lead to the next one, or a function that does; the writer runs them in one transaction.
    ``erases`` overwrites what is deleted with zeros and lets the file give free pages back to the disk.
    """

    application_id: int
    version: int
    schema: str
    synchronous: Literal["NORMAL", "FULL"]
    upgrades: "Mapping[int, str | Callable[[SqliteFile], None]]" = field(
        default_factory=lambda: MappingProxyType({})
    )
    erases: bool = False


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
            except (sqlite3.Error, UnicodeDecodeError) as error:
                _raise_ours(self.path, error)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for every row; raises like ``execute``."""
        with self._lock:
            try:
                self._connection.executemany(sql, rows)
            except (sqlite3.Error, UnicodeDecodeError) as error:
                _raise_ours(self.path, error)

    def copy_into(self, target: "SqliteFile", progress: Callable[[int, int], None]) -> None:
        """Copy all pages in small steps; ``progress`` is told the pages left and in all."""

        def rest(_status: int, left: int, total: int) -> None:
            progress(left, total)
            time.sleep(COPY_REST_S)

        try:
            self._connection.backup(
                target._connection,  # noqa: SLF001 - of the same class
                pages=COPY_PAGES_PER_STEP,
                progress=rest,
            )
        except sqlite3.Error as error:
            _raise_ours(target.path if target.path.exists() else self.path, error)

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

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let several statements see the same state, inside an open transaction or one for reading alone.

        Short by nature: every statement fetches all its rows, and the log that the writer may not cut back
        meanwhile grows by what is written in that time.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self.execute("BEGIN")
            try:
                yield
            finally:
                self.rollback()

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
        raise StoreUnavailable(f"{path}: {error.strerror}. Mend: check the folder's permissions") from error
    file = _connect(path, str(path), uri=False)
    try:
        if layout.erases:
            file.execute("PRAGMA auto_vacuum = INCREMENTAL")
            file.execute("PRAGMA secure_delete = ON")
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
        if layout.erases:
            _let_shrink(file)
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
    file = _connect(path, reading_uri(path, medium_of(path)), uri=True)
    try:
        _check(file, layout)
    except BaseException:
        file.close()
        raise
    return file


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a file says of itself: its kind and its schema version."""

    application_id: int
    version: int


def copy_file(source: Path, target: Path, progress: Callable[[int], None]) -> Stamp:
    """Copy a file as it is at one moment while its writer goes on; the copy is one plain file, flushed.

    One read transaction spans the copy: it is consistent and need not begin anew when the writer commits. The
    writer never waits; its log cannot be cut back meanwhile.

    Args:
        source: a file that may have a writer.
        target: where the copy goes; nothing may be there.
        progress: told the bytes copied so far.

    Raises:
        StoreUnavailable: one of the two cannot be opened, or the disk is full.
        RecordBroken: the source is damaged, or no database.
    """
    with (
        closing(_connect(source, reading_uri(source, medium_of(source)), uri=True)) as reading,
        closing(_connect(target, str(target), uri=False)) as writing,
    ):
        writing.execute("PRAGMA journal_mode = OFF")
        writing.execute("PRAGMA synchronous = OFF")
        reading.execute("BEGIN")
        page_bytes = reading.execute("PRAGMA page_size")[0][0]
        stamp = _stamp(reading)
        reading.copy_into(writing, lambda left, total: progress((total - left) * page_bytes))
        reading.rollback()
        writing.execute("PRAGMA journal_mode = DELETE")
    return stamp


def stamp_of(path: Path) -> Stamp:
    """Read what a file at rest says of itself; raises like ``copy_file``."""
    with closing(_at_rest(path)) as file:
        return _stamp(file)


def damage_of(path: Path) -> Sequence[str]:
    """Look through every page and index of a file at rest: what is wrong with it, at most a hundred lines."""
    try:
        with closing(_at_rest(path)) as file:
            found = [str(row[0]) for row in file.execute("PRAGMA integrity_check")]
    except RecordBroken as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def _at_rest(path: Path) -> SqliteFile:
    """Open a file that nobody writes, from any medium; nothing appears beside it."""
    return _connect(path, f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _stamp(file: SqliteFile) -> Stamp:
    return Stamp(
        application_id=file.execute("PRAGMA application_id")[0][0],
        version=file.execute("PRAGMA user_version")[0][0],
    )


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
    run_statements(file, layout.schema)
    file.execute(f"PRAGMA application_id = {layout.application_id}")
    file.execute(f"PRAGMA user_version = {layout.version}")


def _upgrade(file: SqliteFile, layout: Layout) -> None:
    """Bring an older file of this kind up to date as far as the layout knows how."""
    if file.execute("PRAGMA application_id")[0][0] != layout.application_id:
        return
    version = file.execute("PRAGMA user_version")[0][0]
    while version < layout.version and version in layout.upgrades:
        upgrade = layout.upgrades[version]
        if isinstance(upgrade, str):
            run_statements(file, upgrade)
        else:
            upgrade(file)
        version += 1
        file.execute(f"PRAGMA user_version = {version}")


def _let_shrink(file: SqliteFile) -> None:
    """Write a file anew, once, that was made when files could not give space back."""
    if file.execute("PRAGMA auto_vacuum")[0][0] == _INCREMENTAL:
        return
    try:
        file.execute("PRAGMA auto_vacuum = INCREMENTAL")
        file.execute("VACUUM")
    except StoreUnavailable:
        return  # too little space to write it anew: it works all the same, and the next opening tries again


def run_statements(file: SqliteFile, statements: str) -> None:
    """Run statements that an empty line parts."""
    for statement in statements.split(";\n\n"):
        if statement.strip():
            file.execute(statement)


def _check(file: SqliteFile, layout: Layout) -> None:
    application_id = file.execute("PRAGMA application_id")[0][0]
    version = file.execute("PRAGMA user_version")[0][0]
    if application_id == 0 and version == 0:
        raise StoreUnavailable(f"{file.path} is still empty. Mend: start the process that writes it")
    if application_id != layout.application_id:
        raise RecordBroken(
            f"{file.path} is a database of another kind. Mend: move it out of the data folder", is_whole=True
        )
    if version != layout.version:
        is_older = version in layout.upgrades  # each leads to the next
        mend = "start its writer: it upgrades it" if is_older else "run what wrote it, or move it away"
        raise RecordBroken(
            f"{file.path} has schema version {version}, this program knows {layout.version}. Mend: {mend}",
            is_whole=True,
        )


def _raise_ours(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> NoReturn:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None and not isinstance(error, sqlite3.OperationalError | UnicodeDecodeError):
        raise error
    # Those two without a code: a text in the file, or in what SQLite says of it, is no UTF-8.
    primary = sqlite3.SQLITE_CORRUPT if code is None else code & _PRIMARY_CODE
    if primary in _MENDS:
        raise StoreUnavailable(
            f"{path}: {error}. Mend: {_MENDS[primary]}", may_be_full=primary in _MAY_BE_FULL
        ) from error
    raise RecordBroken(
        f"{path}: {error}. Mend: stop the writer, keep the file for inspection and restore a copy"
    ) from error
