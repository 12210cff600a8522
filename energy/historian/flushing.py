"""Flushes a write-ahead log beside its writer, so that a power cut takes at most the last second.

A commit under ``synchronous=NORMAL`` is in the operating system's memory, safe from the death of the process
but not from that of the machine. This thread brings it to the disk while the writer goes on. Only the log is
opened here: to open and close the database itself outside of SQLite would drop the locks that SQLite holds on
it, for POSIX locks end with any close of the file. Between two flushes SQLite may copy the log into the
database and begin it anew; it flushes both itself before it does, so nothing is between the two.
"""

import os
import threading
import time
from pathlib import Path

FLUSH_EVERY_S = 0.8
"""Between the beginnings of two flushes; leaves the disk 0.2 s of the second that may be lost."""
STOP_S_MAX = 5.0
"""A disk that does not answer must not keep a process from ending."""


class LogFlusher:
    """Brings what was committed to the disk, at most once in ``every_s``.

    A commit is on the disk ``every_s`` and one flush after it was made, at the latest.

    Args:
        database: the SQLite file whose log is flushed.
        every_s: between the beginnings of two flushes.
    """

    def __init__(self, database: Path, *, every_s: float = FLUSH_EVERY_S) -> None:
        self._log = database.with_name(database.name + "-wal")
        self._every_s = every_s
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._trouble: str | None = None
        self._inode: int | None = None
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Take note that something was committed; returns at once."""
        if not self._stopping.is_set():
            self._wanted.set()
            if self._thread is None:
                self._begin()

    def trouble(self) -> str | None:
        """Say once what went wrong since the last call."""
        trouble, self._trouble = self._trouble, None
        return trouble

    def close(self) -> None:
        """Flush what was committed and end, before the writer lets its file go."""
        self._stopping.set()
        if self._thread is not None:
            self._wanted.set()
            self._thread.join(STOP_S_MAX)
            self._thread = None

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, name=f"flush {self._log.name}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no room for another thread: a tick must not fail for it
            self._trouble = f"{self._log} is not flushed beside the loop ({error}): tried again"
            return
        self._thread = thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.wait()
            self._wanted.clear()
            begun_s = time.monotonic()
            self._flush()
            self._stopping.wait(max(0.0, begun_s + self._every_s - time.monotonic()))
        if self._wanted.is_set():
            self._flush()

    def _flush(self) -> None:
        try:
            log = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # SQLite has copied it into the database, flushed that and removed the log
        except OSError as error:
            self._trouble = self._words(error)
            return
        try:
            os.fdatasync(log)
            self._keep_name(os.fstat(log).st_ino)
        except OSError as error:
            self._trouble = self._words(error)
        finally:
            os.close(log)

    def _keep_name(self, inode: int) -> None:
        """A log that was made anew is found after a power cut only if its folder was flushed too."""
        if inode != self._inode:
            folder = os.open(self._log.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            self._inode = inode

    def _words(self, error: OSError) -> str:
        return (
            f"{self._log}: {error.strerror}: a power cut would take more than the last second. "
            "Mend: check the disk and the system's log"
        )
