"""The quarter hour that each series is in: what its samples add up to so far, for all series at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray, Point
from energy.historian.averaging import REACH_MS, REGISTERS, has_means, register_at, weigh
from energy.historian.columns import IntArray
from energy.historian.instants import PERIOD_MS
from energy.historian.sample_blocks import Column

_NEVER_MS = -(2**62)
_GROWTH = 256


class Found:
    """What readings brought to light, as (series, period, value, covered_ms) in columns; order counts."""

    def __init__(self) -> None:
        self.parts: list[tuple[IntArray, IntArray, FloatArray, IntArray]] = []

    def add(self, series: IntArray, period: IntArray, value: FloatArray, covered_ms: IntArray) -> None:
        """Take some more."""
        if series.size:
            self.parts.append((series, period, value, covered_ms))


class RunningMeans:
    """Sums by series; arrays are indexed by the series' number.

    ``newest_period`` is the quarter hour that the record is in; those before it are over. Sums are complete
    from ``known_from`` on; what is earlier has to be added up from the samples.
    """

    def __init__(self, newest_period: int) -> None:
        self.newest_period = newest_period
        self.known_from = newest_period
        self._last_ms = np.empty(0, dtype=np.int64)
        self._last_value = np.empty(0)
        self._period = np.empty(0, dtype=np.int64)
        self._weighted = np.empty(0)
        self._covered_ms = np.empty(0, dtype=np.int64)
        self._changed = np.empty(0, dtype=np.bool_)
        self._has_means = np.empty(0, dtype=np.bool_)
        self._is_register = np.empty(0, dtype=np.bool_)

    def keep(self, series: int, point: Point) -> None:
        """Make room for a series."""
        if series >= self._last_ms.size:
            self._grow(series + _GROWTH)
        self._has_means[series] = has_means(point)
        self._is_register[series] = point in REGISTERS

    def counts(self, series: int) -> bool:
        """Tell whether a series has means."""
        return bool(self._has_means[series])

    def add(
        self, series: IntArray, at_ms: IntArray, value: FloatArray, means: Found, registers: Found
    ) -> tuple[IntArray, IntArray]:
        """Add good samples, at most one a series; give series and moments of those that came too late."""
        counting = self._has_means[series]
        if not counting.all():
            series, at_ms, value = series[counting], at_ms[counting], value[counting]
        from_ms = at_ms - REACH_MS
        last_ms, last_value = self._last_ms[series], self._last_value[series]
        fresh = last_ms == _NEVER_MS
        late = (at_ms <= last_ms) & ((at_ms < last_ms) | (value != last_value))
        if fresh.any():
            late |= fresh & (from_ms // PERIOD_MS < self.known_from)
        late_series, late_ms = series[late], at_ms[late]
        if late_series.size:
            series, at_ms, value, from_ms = series[~late], at_ms[~late], value[~late], from_ms[~late]
            last_ms, last_value, fresh = last_ms[~late], last_value[~late], fresh[~late]
        if fresh.any():
            new = series[fresh]
            self._period[new], self._weighted[new] = from_ms[fresh] // PERIOD_MS, 0.0
            self._covered_ms[new], self._changed[new] = 0, False
        self._read_boundaries(series, (at_ms, value), (last_ms, last_value), registers)
        self._add_shares(series, np.maximum(from_ms, last_ms), at_ms, value, means)
        self._last_ms[series], self._last_value[series] = at_ms, value
        return late_series, late_ms

    def end_periods(self, touched: IntArray | None, means: Found) -> None:
        """Give the means of periods that are over, also of series that have not said so; None means all."""
        series = np.flatnonzero(self._changed) if touched is None else touched[self._changed[touched]]
        self._leave(series[self._period[series] < self.newest_period], means)

    def add_up(self, period: int, samples: Mapping[int, Column], means: Found, registers: Found) -> None:
        """Make one period's means, register readings and sums anew from the good samples around it."""
        boundary_ms, end_ms = period * PERIOD_MS, (period + 1) * PERIOD_MS
        for series, column in samples.items():
            weighted, covered_ms = weigh(column.at_ms, column.value, period)
            if covered_ms and period < self.newest_period:
                means.add(*_one(series, period, weighted / covered_ms, covered_ms))
            never = self._last_ms[series] == _NEVER_MS
            known_from = self.known_from if never else self._period[series]
            if covered_ms and column.at_ms[-1] <= end_ms and period >= known_from:
                self._last_ms[series], self._last_value[series] = column.at_ms[-1], column.value[-1]
                self._period[series], self._weighted[series] = period, weighted
                self._covered_ms[series] = covered_ms
                self._changed[series] = period >= self.newest_period
            reading = (
                register_at(boundary_ms, column.at_ms, column.value) if self._is_register[series] else None
            )
            if reading is not None:
                registers.add(*_one(series, period, reading, PERIOD_MS))

    def _grow(self, size: int) -> None:
        more = size - self._last_ms.size
        self._last_ms = np.concatenate((self._last_ms, np.full(more, _NEVER_MS, dtype=np.int64)))
        self._last_value = _longer(self._last_value, more)
        self._period = _longer(self._period, more)
        self._weighted = _longer(self._weighted, more)
        self._covered_ms = _longer(self._covered_ms, more)
        self._changed = _longer(self._changed, more)
        self._has_means = _longer(self._has_means, more)
        self._is_register = _longer(self._is_register, more)

    def _add_shares(
        self, series: IntArray, from_ms: IntArray, at_ms: IntArray, value: FloatArray, means: Found
    ) -> None:
        """Give each sample's stretch to its quarter hours: REACH_S is shorter than one, so two at most."""
        period = from_ms // PERIOD_MS
        end_ms = (period + 1) * PERIOD_MS
        over = at_ms > end_ms
        if not over.any():
            self._add_share(series, period, at_ms - from_ms, value, means)
            return
        self._add_share(series, period, np.minimum(at_ms, end_ms) - from_ms, value, means)
        self._add_share(series[over], period[over] + 1, (at_ms - end_ms)[over], value[over], means)

    def _add_share(
        self, series: IntArray, period: IntArray, weight_ms: IntArray, value: FloatArray, means: Found
    ) -> None:
        some = weight_ms > 0
        if not some.all():
            series, period, weight_ms, value = series[some], period[some], weight_ms[some], value[some]
        moved = self._period[series] != period
        if moved.any():
            left = series[moved]
            self._leave(left[self._changed[left]], means)
            self._period[left], self._weighted[left], self._covered_ms[left] = period[moved], 0.0, 0
        self._weighted[series] += weight_ms * value
        self._covered_ms[series] += weight_ms
        self._changed[series] = True

    def _leave(self, series: IntArray, means: Found) -> None:
        self._changed[series] = False
        series = series[self._covered_ms[series] > 0]
        if series.size:
            covered_ms = self._covered_ms[series]
            means.add(series, self._period[series], self._weighted[series] / covered_ms, covered_ms)

    def _read_boundaries(
        self,
        series: IntArray,
        sample: tuple[IntArray, FloatArray],
        before: tuple[IntArray, FloatArray],
        registers: Found,
    ) -> None:
        """Read registers at the boundary that a sample reaches or passes."""
        (at_ms, value), (last_ms, last_value) = sample, before
        boundary_ms = at_ms // PERIOD_MS * PERIOD_MS
        passed = (last_ms < boundary_ms) | (at_ms == boundary_ms)
        passed &= self._is_register[series]
        if not passed.any():
            return
        series, at_ms, value, boundary_ms = series[passed], at_ms[passed], value[passed], boundary_ms[passed]
        last_ms, last_value = last_ms[passed], last_value[passed]
        exact = at_ms == boundary_ms
        gap_ms = np.where(exact | (last_ms == _NEVER_MS), REACH_MS + 1, at_ms - last_ms)
        near = exact | ((gap_ms <= REACH_MS) & (value >= last_value))
        share = np.where(exact, 1.0, (boundary_ms - last_ms) / gap_ms)
        reading = np.where(exact, value, last_value + (value - last_value) * share)
        covered_ms = np.full(int(near.sum()), PERIOD_MS, dtype=np.int64)
        registers.add(series[near], boundary_ms[near] // PERIOD_MS, reading[near], covered_ms)


def _longer(array: NDArray[Any], more: int) -> NDArray[Any]:
    return np.concatenate((array, np.zeros(more, dtype=array.dtype)))


def _one(
    series: int, period: int, value: float, covered_ms: int
) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    whole = np.array([[series], [period], [covered_ms]], dtype=np.int64)
    return whole[0], whole[1], np.array([value]), whole[2]
