"""Reads what was measured: latest readings, raw samples, quarter-hour means, energies from registers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray, Point, Quality, Reading
from energy.errors import RecordBroken
from energy.historian.averaging import REGISTERS, power_from_registers
from energy.historian.instants import HOUR_MS, PERIOD_MS, moment_of, ms_of, period_of
from energy.historian.limits import POINTS_PER_QUERY_MAX, query_fault, window
from energy.historian.newest_readings import read_newest
from energy.historian.period_values import Values, no_values
from energy.historian.roll_up_queries import RollUpQueries
from energy.historian.sample_blocks import EMPTY, Column, joined
from energy.historian.schema import NOT_IMPLEMENTED, QUALITIES
from energy.historian.telemetry_pages import FOR_EVER_MS
from energy.periods import PERIOD
from energy.ports import Means

_POINTS = {str(point): point for point in Point}
_QUALITIES = tuple(map(Quality, QUALITIES))
_SAMPLES_STEP_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """Raw samples of one point in order, all of shape (samples,).

    ``at_ms`` counts milliseconds since 1970 UTC; ``value`` is NaN where there was none to trust; ``good``
    tells which may decide anything.
    """

    at_ms: NDArray[np.int64]
    value: FloatArray
    good: NDArray[np.bool_]


class TelemetryQueries(RollUpQueries):
    """The reading side of telemetry in one SQLite file.

    Every method raises StoreUnavailable or RecordBroken where the file does, and BadInput where the question
    is too big.
    """

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give the latest reading of every point."""
        with self._file.snapshot():
            names = self._file.execute("SELECT id, asset_id, point FROM series")
            newest = read_newest(self._file)
        moments = {at_ms: moment_of(at_ms) for at_ms, _, _ in newest.values()}
        latest: dict[tuple[str, Point], Reading] = {}
        for number, asset_id, name in names:
            if number not in newest:
                continue
            at_ms, value, quality = newest[number]
            if name not in _POINTS or not 0 <= quality < len(_QUALITIES):
                raise RecordBroken(f"the latest reading of {asset_id} {name} makes no sense")
            point = _POINTS[name]
            latest[asset_id, point] = Reading(
                asset_id=asset_id,
                point=point,
                value=value,
                quality=_QUALITIES[quality],
                measured_at=moments[at_ms],
            )
        return latest

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Give the means of all periods that begin in [start, end), NaN unless complete at ``known_at``.

        A period is in the record once a reading of any point shows that it is over. What changed a mean
        after ``known_at`` is left out; what did within SETTLING_S after the period's end counts as known at
        its end.
        """
        return self.means_many([asset_id], point, start=start, end=end, known_at=known_at)[asset_id]

    def means_many(
        self,
        asset_ids: Sequence[str],
        point: Point,
        start: datetime,
        end: datetime,
        *,
        known_at: datetime | None = None,
    ) -> Mapping[str, Means]:
        """Give the means of one point of several assets; ``known_at`` None takes all there is."""
        first, periods = window(start, end, series=max(1, len(asset_ids)))
        begin = period_of(first)
        known_ms = FOR_EVER_MS if known_at is None else ms_of(known_at)
        with self._file.snapshot():
            slabs = self._tables.quarter.slabs(begin, begin + periods, known_ms)
            numbers = self._numbers(asset_ids, point)
            values = {
                asset_id: self._tables.quarter.read(number, begin, periods, known_ms=known_ms, slabs=slabs)
                for asset_id, number in numbers.items()
            }
        return {asset_id: _means(first, values.get(asset_id, no_values(periods))) for asset_id in asset_ids}

    def energy_means(self, asset_id: str, *, start: datetime, end: datetime, known_at: datetime) -> Means:
        """Give mean powers from the differences of energy registers at the period boundaries.

        Free of sampling error, so that they balance where sampled means need not. A register that was never
        read or says it is not implemented counts as none; without any the values are NaN. Coverage is 1 where
        all readings are known.
        """
        first, periods = window(start, end)
        begin, known_ms = period_of(first), ms_of(known_at)
        stop = max(begin, min(begin + periods, known_ms // PERIOD_MS))
        with self._file.snapshot():
            slabs = self._tables.boundary.slabs(begin, begin + periods + 1, known_ms)
            newest = read_newest(self._file)
            registers: list[FloatArray | None] = []
            for point in REGISTERS:
                number = self._numbers([asset_id], point).get(asset_id)
                if number is None or number not in newest or newest[number][2] == NOT_IMPLEMENTED:
                    registers.append(None)
                    continue
                values = self._tables.boundary.read(
                    number, begin, periods + 1, known_ms=known_ms, slabs=slabs
                )
                registers.append(values.value)
        value: FloatArray = np.full(periods, np.nan)
        if any(register is not None for register in registers):
            value = power_from_registers(*registers)
            value[stop - begin :] = np.nan
        return Means(start=first, value=value, coverage=np.isfinite(value).astype(np.float64))

    def samples(self, asset_id: str, point: Point, *, start: datetime, end: datetime) -> Samples:
        """Give the raw samples of one point in [start, end).

        Raises:
            BadInput: there are more than POINTS_PER_QUERY_MAX.
        """
        from_ms, to_ms = ms_of(start), ms_of(end) - 1
        with self._file.snapshot():
            number = self._numbers([asset_id], point).get(asset_id)
            column = EMPTY if number is None or to_ms < from_ms else self._column(number, from_ms, to_ms)
        return Samples(at_ms=column.at_ms, value=column.value, good=column.good)

    def coverage(
        self, asset_ids: Sequence[str], point: Point, start: datetime, end: datetime
    ) -> Mapping[str, float]:
        """Give for each asset the fraction of [start, end) that good readings cover; 0.0 without periods."""
        means = self.means_many(asset_ids, point, start, end)
        return {
            asset_id: float(mean.coverage.mean()) if mean.coverage.size else 0.0
            for asset_id, mean in means.items()
        }

    def _column(self, number: int, from_ms: int, to_ms: int) -> Column:
        """Read samples some hours at a time, so that a question that is too big is refused early."""
        parts: list[Column] = []
        count = 0
        for low_ms in range(from_ms, to_ms + 1, _SAMPLES_STEP_MS):
            high_ms = min(to_ms, low_ms + _SAMPLES_STEP_MS - 1)
            blocks = self._samples.blocks(low_ms, high_ms)
            parts.append(self._samples.column(number, low_ms, high_ms, blocks))
            count += parts[-1].at_ms.size
            if count > POINTS_PER_QUERY_MAX:
                raise query_fault(
                    "start, end",
                    value=f"{moment_of(from_ms)} to {moment_of(to_ms)}",
                    limit=f"at most {POINTS_PER_QUERY_MAX} samples a query",
                    mend="ask for a shorter window",
                )
        return joined(parts)


def import_window(start: datetime, periods: int, *, series: int = 1) -> None:
    """Check that an import fits a query and begins at a quarter hour.

    Raises:
        BadInput: it does not.
    """
    first, _ = window(start, start + periods * PERIOD, series=series)
    if first != start:
        raise query_fault(
            "start", value=start.isoformat(), limit="no quarter hour begins there", mend="round it down"
        )


def _means(start: datetime, values: Values) -> Means:
    return Means(start=start, value=values.value, coverage=values.covered_ms / PERIOD_MS)
