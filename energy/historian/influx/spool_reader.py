"""The spool as a person looks at it, beside the controller that fills it."""

from datetime import datetime
from pathlib import Path

from energy.historian.influx.spool_file import FILE_NAME, LAYOUT, Tally, tally_of
from energy.historian.influx.spool_queue import Refusal
from energy.historian.instants import moment_of
from energy.sqlite_file import HoldsFile, open_reader


class SpoolReader(HoldsFile):
    """Answers from what is committed; raises where the file does."""

    @property
    def tally(self) -> Tally:
        """How the spool stands."""
        return tally_of(self._file)

    @property
    def waits_since(self) -> datetime | None:
        """When the oldest readings that wait were taken, None where none wait."""
        rows = self._file.execute("SELECT known_ms FROM batch ORDER BY id LIMIT 1")
        return moment_of(rows[0][0]) if rows else None

    def refused(self, *, limit: int) -> list[Refusal]:
        """Give the newest lines set aside, newest first."""
        rows = self._file.execute("SELECT line, reason FROM refused ORDER BY id DESC LIMIT ?", (limit,))
        return [Refusal(line=line, reason=reason) for line, reason in rows]


def open_spool_reader(folder: Path) -> SpoolReader:
    """Open the spool in a data folder.

    Raises:
        StoreUnavailable: it does not exist yet, or cannot be read now.
        RecordBroken: it is damaged or of another version.
    """
    return SpoolReader(open_reader(folder / FILE_NAME, LAYOUT))
