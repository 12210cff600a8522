"""How often a device may be written in a day: memory that wears out is counted before it is written.

A count belongs to an asset and a UTC day. What is left near the end is kept for the safe state.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import structlog

from energy.devices.register_map import Write
from energy.devices.write_economy import Foreign
from energy.devices.write_foreign import ForeignRecord
from energy.errors import RecordBroken, StoreUnavailable

SAFE_STATE_FRACTION = 0.05
"""Of the budget, at least one write: for what leads to the safe state or keeps a grid operator's bound."""
LOW_FRACTION = 0.8
"""A person is told when so much of the budget is spent."""


class WriteCount(Protocol):
    """Where writes are counted."""

    def of(self, asset_id: str, day: date) -> int:
        """Give how many registers of an asset were written on a day."""
        ...

    def add(self, asset_id: str, day: date, writes: int) -> None:
        """Count more; what is counted stays so, whatever happens to this process."""
        ...


class FieldRecord(WriteCount, ForeignRecord, Protocol):
    """All that a field keeps beyond its process."""


class CountInMemory:
    """Implements ``FieldRecord`` as long as this process lives: where there is no data folder."""

    def __init__(self) -> None:
        self._writes: dict[tuple[str, date], int] = {}
        self._foreign: dict[str, Foreign] = {}

    def of(self, asset_id: str, day: date) -> int:
        """See ``WriteCount``."""
        return self._writes.get((asset_id, day), 0)

    def add(self, asset_id: str, day: date, writes: int) -> None:
        """See ``WriteCount``."""
        self._writes = {key: count for key, count in self._writes.items() if key[1] == day}
        self._writes[asset_id, day] = self.of(asset_id, day) + writes

    def foreign(self, asset_id: str) -> Foreign | None:
        """See ``ForeignRecord``."""
        return self._foreign.get(asset_id)

    def keep_foreign(self, asset_id: str, foreign: Foreign) -> None:
        """See ``ForeignRecord``."""
        self._foreign[asset_id] = foreign

    def forget_foreign(self, asset_id: str) -> None:
        """See ``ForeignRecord``."""
        self._foreign.pop(asset_id, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A budget of which much is gone, on the day for which it counts."""

    day: date
    writes: int
    budget: int

    @property
    def is_out(self) -> bool:
        """True when only writes towards the safe state are left, or none."""
        return self.writes >= ordinary_max(self.budget)

    @property
    def words(self) -> str:
        """Say how much is spent and when it renews."""
        return (
            f"{self.writes} of {self.budget} register writes are spent on {self.day.isoformat()} (UTC), "
            f"renewed at {renewed_at(self.day).isoformat()}"
        )


class WriteBudget:
    """All devices' budgets of one field; ``foreign`` is where the same record keeps others' bounds."""

    def __init__(self, count: FieldRecord) -> None:
        self._count: WriteCount = count
        self.foreign: ForeignRecord = count
        self._spent: dict[str, Spent] = {}
        self._log = structlog.get_logger("energy.devices")

    def take(
        self, asset_id: str, write: Write, writes: int, *, at: datetime, is_towards_safe: bool
    ) -> str | None:
        """Count writes that are about to be sent; gives the reason where they must not be.

        Args:
            asset_id: whose device.
            write: what its map says.
            writes: how many values are about to be written.
            at: the moment; its UTC day counts.
            is_towards_safe: they lead to the safe state or keep a bound that must be kept.
        """
        if not is_counted(write):
            return None
        day = at.astimezone(UTC).date()
        budget = write.write_budget_per_day
        try:
            before = self._count.of(asset_id, day)
            if isinstance(budget, int):
                limit = budget if is_towards_safe else ordinary_max(budget)
                if before + writes > limit:
                    spent = Spent(day=day, writes=before, budget=budget)
                    self._tell(asset_id, spent, "write_budget_spent")
                    kept = "" if is_towards_safe else f"; {budget - limit} are kept for the safe state"
                    return f"not written: {spent.words}{kept}"
            self._count.add(asset_id, day, writes)
        except (StoreUnavailable, RecordBroken) as error:
            return f"not written: writes of this device must be counted, and cannot be: {error}"
        if isinstance(budget, int) and before + writes >= LOW_FRACTION * budget:
            self._tell(asset_id, Spent(day=day, writes=before + writes, budget=budget), "write_budget_low")
        return None

    def notes(self, at: datetime) -> tuple[str, ...]:
        """Give a note for each budget that is low or spent today, as the loop's notes are written."""
        day = at.astimezone(UTC).date()
        self._spent = {asset_id: spent for asset_id, spent in self._spent.items() if spent.day == day}
        return tuple(
            f"{'write_budget_spent' if spent.is_out else 'write_budget_low'}@{asset_id}: {spent.words}"
            for asset_id, spent in sorted(self._spent.items())
        )

    def _tell(self, asset_id: str, spent: Spent, event: str) -> None:
        """Remember, and log where it was not so before."""
        known = self._spent.get(asset_id)
        if known is None or known.day != spent.day or known.is_out != spent.is_out:
            self._log.warning(event, asset_id=asset_id, detail=spent.words)
        self._spent[asset_id] = spent


def is_counted(write: Write) -> bool:
    """Tell whether a device's writes are counted: its memory wears out, or its map names a number."""
    return write.storage == "flash" or isinstance(write.write_budget_per_day, int)


def ordinary_max(budget: int) -> int:
    """Give how many writes a day may serve anything else than the safe state."""
    return budget - max(1, math.ceil(SAFE_STATE_FRACTION * budget))


def renewed_at(day: date) -> datetime:
    """Give when a day's budget is renewed."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
