"""One series after the other as a server holds it: samples, quarter hours, registers, and how far it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy.domain import FloatArray, Point, Quality
from energy.errors import RecordBroken
from energy.historian.averaging import COVERED_MS_OVER_IMPORT
from energy.historian.influx.line_protocol import CLOCK_BACK, MEAN, MEAN_IMPORT, READING, REGISTER
from energy.historian.influx.query import InfluxQuery, of_series
from energy.historian.instants import PERIOD_MS, moment_of
from energy.historian.limits import POINTS_PER_QUERY_MAX, query_fault
from energy.historian.period_values import Values, no_values
from energy.historian.sample_blocks import Column
from energy.historian.schema import GOOD, QUALITIES

SAMPLE = ("value", "quality", "doubted")
"""The fields of a reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Consecutive quarter hours of one point."""

    asset_id: str
    point: Point
    begin: int
    periods: int

    def place(self, at_ms: float) -> int:
        """Give the place of a quarter hour's beginning among them."""
        return int(at_ms) // PERIOD_MS - self.begin


class InfluxSeries:
    """Reads through one connection, and raises where that does."""

    def __init__(self, query: InfluxQuery) -> None:
        self._query = query

    def column(self, asset_id: str, point: Point, from_ms: int, to_ms: int) -> Column:
        """Give the samples with from_ms <= at_ms <= to_ms, doubted ones too.

        Raises:
            BadInput: there are more than POINTS_PER_QUERY_MAX.
        """
        tables = self._query.between(
            READING,
            SAMPLE,
            start_ms=from_ms,
            end_ms=max(from_ms, to_ms + 1),
            where=of_series(asset_id, point.value),
        )
        rows = [row for table in tables for row in table.rows]
        if len(rows) > POINTS_PER_QUERY_MAX:
            raise query_fault(
                "start, end",
                value=f"{moment_of(from_ms)} to {moment_of(to_ms)}",
                limit=f"at most {POINTS_PER_QUERY_MAX} samples a query",
                mend="ask for a shorter window",
            )
        return Column(
            at_ms=np.array([row[0] for row in rows], dtype=np.int64),
            quality=np.array([_quality_number(row) for row in rows], dtype=np.int64),
            value=np.array([row[1] if row[1] is not None else row[3] for row in rows], dtype=np.float64),
        )

    def quarters(self, asset_id: str, point: Point, begin: int, periods: int, known_ms: int | None) -> Values:
        """Give quarter hours from the period ``begin`` on as known at a moment, None for all there is."""
        stretch = _Stretch(asset_id=asset_id, point=point, begin=begin, periods=periods)
        values = no_values(periods)
        for at_ms, mean in self._rows(MEAN_IMPORT, ["value"], stretch):
            if known_ms is None or at_ms + PERIOD_MS <= known_ms:
                place = stretch.place(at_ms)
                values.value[place], values.covered_ms[place] = mean, PERIOD_MS
        for at_ms, mean, covered_ms in self._versions(MEAN, ["value", "covered_ms"], stretch, known_ms):
            place = stretch.place(at_ms)
            if values.covered_ms[place] == 0 or covered_ms >= COVERED_MS_OVER_IMPORT:
                values.value[place], values.covered_ms[place] = mean, int(covered_ms)
        return values

    def register(
        self, asset_id: str, point: Point, begin: int, boundaries: int, known_ms: int
    ) -> FloatArray | None:
        """Give register readings at boundaries; None where the asset has no such register."""
        stretch = _Stretch(asset_id=asset_id, point=point, begin=begin, periods=boundaries)
        readings: FloatArray = np.full(boundaries, np.nan)
        rows = self._versions(REGISTER, ["energy_kwh"], stretch, known_ms)
        for at_ms, energy_kwh in rows:
            readings[stretch.place(at_ms)] = energy_kwh
        if rows:
            return readings
        last = self._newest(of_series(asset_id, point.value))
        missing = last is None or (last[1] is None and last[2] == Quality.NOT_IMPLEMENTED.value)
        return None if missing else readings

    def knows(self, asset_id: str, point: Point) -> bool:
        """Tell whether there is any reading of a point."""
        return self._newest(of_series(asset_id, point.value)) is not None

    def present_ms(self) -> int | None:
        """Give how far the record has come: the newest sample, or the clock where it is behind that."""
        newest, back_ms = self._newest(""), self.back_ms()
        return back_ms if newest is None or back_ms is not None else int(newest[0])

    def back_ms(self) -> int | None:
        """Give where the clock is while it is behind the newest sample, None while it is not."""
        newest = self._newest("")
        for table in self._query.newest(CLOCK_BACK, ["present_ms"]):
            from_ms, present_ms = table.rows[0]
            if newest is not None and newest[0] <= from_ms:
                return int(present_ms)
        return None

    def _newest(self, where: str) -> Sequence[Any] | None:
        rows = [row for table in self._query.newest(READING, SAMPLE, where=where) for row in table.rows]
        return rows[0] if rows else None

    def _versions(
        self, measurement: str, columns: list[str], stretch: _Stretch, known_ms: int | None
    ) -> list[Sequence[float]]:
        """Give the rows as they were known at a moment, without their ``known_ms``."""
        wanted = [*columns, "known_ms"]
        rows = self._rows(measurement, wanted, stretch)
        if known_ms is None:
            return [row[:-1] for row in rows]
        known = {row[0]: row for row in rows if row[-1] <= known_ms}
        if len(known) < len(rows):
            for row in self._rows(f"{measurement}_before", wanted, stretch):
                other = known.get(row[0])
                if row[-1] <= known_ms and (other is None or row[-1] > other[-1]):
                    known[row[0]] = row
        return [row[:-1] for _, row in sorted(known.items())]

    def _rows(self, measurement: str, columns: list[str], stretch: _Stretch) -> list[Sequence[float]]:
        if stretch.periods == 0:
            return []
        tables = self._query.between(
            measurement,
            columns,
            start_ms=stretch.begin * PERIOD_MS,
            end_ms=(stretch.begin + stretch.periods) * PERIOD_MS,
            where=of_series(stretch.asset_id, stretch.point.value),
        )
        return [row for table in tables for row in table.rows if None not in row]


def _quality_number(row: Sequence[object]) -> int:
    """Give the number of a sample's quality: good where there is a value."""
    try:
        return GOOD if row[1] is not None else QUALITIES.index(str(row[2]))
    except ValueError as error:
        raise RecordBroken(f"a reading on the server has no value and the quality {row[2]!r}") from error
