"""Counts register writes in a file of the data folder: a restart or a power cut does not renew a budget."""

from datetime import date, timedelta
from pathlib import Path

from energy.sqlite_file import HoldsFile, Layout, open_writer

FILE_NAME = "field.sqlite"
KEPT = timedelta(days=400)
"""Older counts are of no use: a little more than a year, to see what a memory has borne."""
_LAYOUT = Layout(
    application_id=0x4557464C,
    version=1,
    synchronous="FULL",
    schema="""
CREATE TABLE writes (asset_id TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (asset_id, day)) STRICT;
""",
)


class CountInFile(HoldsFile):
    """Implements ``write_budget.WriteCount``; the controller is the one process that writes it."""

    def __init__(self, path: Path) -> None:
        """Open the file; a missing one is created.

        Raises:
            StoreUnavailable: locked, full or not writable.
            RecordBroken: damaged, of another kind or of another version.
        """
        super().__init__(open_writer(path, _LAYOUT))

    def of(self, asset_id: str, day: date) -> int:
        """Give how many registers of an asset were written on a day; raises like the constructor."""
        rows = self._file.execute(
            "SELECT count FROM writes WHERE asset_id = ? AND day = ?", (asset_id, day.isoformat())
        )
        return int(rows[0][0]) if rows else 0

    def add(self, asset_id: str, day: date, writes: int) -> None:
        """Count more, durably before it returns; raises like the constructor."""
        with self._file:
            self._file.execute("DELETE FROM writes WHERE day < ?", ((day - KEPT).isoformat(),))
            self._file.execute(
                "INSERT INTO writes VALUES (?, ?, ?) "
                "ON CONFLICT (asset_id, day) DO UPDATE SET count = count + excluded.count",
                (asset_id, day.isoformat(), writes),
            )
