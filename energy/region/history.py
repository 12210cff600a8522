"""The measured past of a region: quarter-hour series of its assets and prices.

For the files see ``energy.region.history_file``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np

from energy.domain import FloatArray
from energy.errors import BadInput, Fault
from energy.periods import PERIOD, format_utc, period_start, periods_between, require_aware
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.history_file import read_columns
from energy.region.load import Load
from energy.region.model import Region


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Consecutive quarter hours from ``start`` on; ``values`` has shape (periods,), NaN where missing.

    ``source`` names the file and column for messages.
    """

    start: datetime
    values: FloatArray
    source: str = "series"

    @property
    def end(self) -> datetime:
        """The first moment after the series."""
        return self.start + self.values.size * PERIOD

    def at(self, moment: datetime) -> float:
        """Give the value of the period that contains the moment.

        Raises:
            BadInput: the series does not reach there.
        """
        return float(self.window(period_start(moment), 1)[0])

    def window(self, start: datetime, periods: int) -> FloatArray:
        """Give ``periods`` values from the period that contains ``start``, shape (periods,), read-only.

        Raises:
            BadInput: the series does not cover all of them.
        """
        first = periods_between(self.start, period_start(start))
        if periods < 0 or first < 0 or first + periods > self.values.size:
            until = require_aware(start) + periods * PERIOD
            raise BadInput(
                [
                    Fault(
                        file=self.source,
                        line=None,
                        place="time span",
                        value=f"{format_utc(start)} to {format_utc(until)}",
                        limit=f"the history covers {format_utc(self.start)} to {format_utc(self.end)}",
                        mend="choose a time inside it or extend the history",
                    )
                ]
            )
        chosen: FloatArray = self.values[first : first + periods]
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """The columns of one file: quarter hours from ``start`` on, all of one length, NaN where missing."""

    start: datetime
    columns: Mapping[str, FloatArray]


class RegionHistory:
    """All series of a region, read once and checked."""

    def __init__(self, region: Region) -> None:
        """Read every history file that the region names.

        Raises:
            BadInput: with the faults of all files.
        """
        self._region = region
        self._files: dict[str, History] = {}
        faults: list[Fault] = []
        for name, columns in _columns_by_file(region).items():
            try:
                self._files[name] = read_history(region.folder / "history" / name, columns)
            except BadInput as error:
                faults.extend(error.faults)
        if faults:
            raise BadInput(faults)

    def has(self, asset_id: str) -> bool:
        """Tell whether the asset has a series, measured or derived."""
        asset = self._region.asset(asset_id)
        if isinstance(asset, GridLoss) and asset.history is None:
            return any(self.has(load.id) for load in self._loads(asset))
        return asset.history is not None

    def magnitude_kw(self, asset_id: str) -> Series:
        """Give the magnitude of the asset's power, kW, as its file has it.

        For a source it is the power available before any curtailment. Grid losses without a column of their
        own are derived from the loads.

        Raises:
            BadInput: the region names no history for the asset.
        """
        asset = self._region.asset(asset_id)
        if asset.history is not None:
            return self._series(asset.history.file, asset.history.column)
        if isinstance(asset, GridLoss) and self.has(asset_id):
            return self._derived_losses(asset)
        raise BadInput(
            [
                Fault(
                    file=str(self._region.folder / "region.yaml"),
                    line=None,
                    place=f"{asset_id}.history",
                    value=None,
                    limit="the asset has no history",
                    mend="name a file and a column under 'history' of this asset",
                )
            ]
        )

    def power_kw(self, asset_id: str) -> Series:
        """Give the asset's power in our sign, kW: what a source could feed in is negative.

        Raises:
            BadInput: the region names no history for the asset.
        """
        series = self.magnitude_kw(asset_id)
        if not isinstance(self._region.asset(asset_id), Generator):
            return series
        return Series(start=series.start, values=_frozen(-series.values), source=series.source)

    def temperature_c(self) -> Series:
        """Give the outdoor temperature, NaN where the file has a gap.

        Raises:
            BadInput: the region names none.
        """
        column = self._region.temperature
        if column is None:
            raise BadInput(
                [
                    Fault(
                        file=str(self._region.folder / "region.yaml"),
                        line=None,
                        place="temperature",
                        value=None,
                        limit="the region has no temperature series",
                        mend="name a file and a column under 'temperature'",
                    )
                ]
            )
        return self._series(column.file, column.column)

    def price_eur_per_mwh(self) -> Series:
        """Give the day-ahead price, EUR/MWh as the market files have it; NaN where the file has a gap."""
        column = self._region.market.day_ahead
        return self._series(column.file, column.column)

    def _loads(self, losses: GridLoss) -> list[Load]:
        return [load for load in self._region.loads_of(losses) if load.history]

    def _series(self, file: str, column: str) -> Series:
        history = self._files[file]
        return Series(start=history.start, values=history.columns[column], source=f"{file}:{column}")

    def _derived_losses(self, losses: GridLoss) -> Series:
        loads = [self.magnitude_kw(load.id) for load in self._loads(losses)]
        start = max(series.start for series in loads)
        periods = periods_between(start, min(series.end for series in loads))
        total_kw = np.sum([series.window(start, periods) for series in loads], axis=0)
        return Series(
            start=start,
            values=_frozen(losses.fraction_of_load * total_kw),
            source=f"{losses.fraction_of_load} of the loads",
        )


def read_history(path: Path, columns: Sequence[str]) -> History:
    """Read the named columns of one file.

    Raises:
        BadInput: with every fault of the file and its line (the first 100, and how many more).
    """
    start, values = read_columns(path, columns)
    arrays = {name: _frozen(np.array(column, dtype=np.float64)) for name, column in values.items()}
    return History(start=start, columns=MappingProxyType(arrays))


def _columns_by_file(region: Region) -> dict[str, list[str]]:
    named = [asset.history for asset in region.assets if asset.history is not None]
    wanted: dict[str, list[str]] = {}
    if region.temperature is not None:
        named.append(region.temperature)
    for column in [*named, region.market.day_ahead]:
        columns = wanted.setdefault(column.file, [])
        if column.column not in columns:
            columns.append(column.column)
    return wanted


def _frozen(values: FloatArray) -> FloatArray:
    values.setflags(write=False)
    return values
