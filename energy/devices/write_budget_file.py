"""What the field keeps in the data folder: counts of register writes, and bounds that somebody else set.

Neither a restart nor a power cut renews a budget, nor puts our timers on a bound that must outlive us.
"""

import json
from datetime import date, timedelta
from pathlib import Path

from energy.devices.write_economy import Foreign
from energy.errors import RecordBroken
from energy.sqlite_file import HoldsFile, Layout, open_writer

FILE_NAME = "field.sqlite"
KEPT = timedelta(days=400)
"""Older counts are of no use: a little more than a year, to see what a memory has borne."""
_FOREIGN = """
CREATE TABLE foreign_bound (asset_id TEXT NOT NULL PRIMARY KEY, power_kw REAL NOT NULL,
    raws TEXT NOT NULL) STRICT;
"""
_LAYOUT = Layout(
    application_id=0x4557464C,
    version=2,
    synchronous="FULL",
    schema=f"""
CREATE TABLE writes (asset_id TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (asset_id, day)) STRICT;

{_FOREIGN}""",
    upgrades={1: _FOREIGN},
)


class CountInFile(HoldsFile):
    """Implements ``write_budget.FieldRecord``; whoever holds the controller's lock is its one writer."""

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

    def foreign(self, asset_id: str) -> Foreign | None:
        """Give what is kept of somebody else's bound; raises like the constructor."""
        rows = self._file.execute("SELECT power_kw, raws FROM foreign_bound WHERE asset_id = ?", (asset_id,))
        if not rows:
            return None
        power_kw, raws = rows[0]
        try:
            return Foreign(
                power_kw=power_kw, raws={str(name): float(raw) for name, raw in json.loads(raws).items()}
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise RecordBroken(
                f"{self._file.path}: what is kept of '{asset_id}' cannot be understood: {error}. "
                "Mend: restore a copy, or move the file away and look at the bounds on the devices"
            ) from error

    def keep_foreign(self, asset_id: str, foreign: Foreign) -> None:
        """Keep it, durably before it returns; raises like the constructor."""
        with self._file:
            self._file.execute(
                "INSERT INTO foreign_bound VALUES (?, ?, ?) "
                "ON CONFLICT (asset_id) DO UPDATE SET power_kw = excluded.power_kw, raws = excluded.raws",
                (asset_id, foreign.power_kw, json.dumps(dict(foreign.raws), sort_keys=True)),
            )

    def forget_foreign(self, asset_id: str) -> None:
        """Keep nothing of it; raises like the constructor."""
        with self._file:
            self._file.execute("DELETE FROM foreign_bound WHERE asset_id = ?", (asset_id,))
