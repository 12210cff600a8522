"""The grid point's mean exchange since the quarter hour began, from its energy registers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from energy.domain import Image, Point
from energy.periods import PERIOD, period_start
from energy.units import S_PER_H


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A whole quarter hour, measured from its beginning to its end."""

    start: datetime
    mean_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registers:
    at: datetime
    drawn_kwh: float
    fed_in_kwh: float


class QuarterMeter:
    """Remembers the register reading at the beginning of the running quarter hour.

    After a restart in the middle of a quarter hour the mean is None until the next one begins: an operator is
    better served by no correction than by one against a wrong mean. So it is after a register ran backwards
    or jumped by more than ``power_kw_max`` allows: a meter was exchanged or reset.
    """

    def __init__(self, grid_point_id: str, *, tick_s: float, power_kw_max: float) -> None:
        self._grid_point_id = grid_point_id
        self._late = timedelta(seconds=2.0 * tick_s)
        self._power_kw_max = power_kw_max
        self._begin: _Registers | None = None
        self._before: _Registers | None = None
        self.finished: Finished | None = None
        """The last whole quarter hour; None where its beginning or end was not measured."""

    def step(self, image: Image, *, age_s_max: float) -> float | None:
        """Take one tick's image and give the mean so far in kW, import positive."""
        now = self._registers(image, age_s_max=age_s_max)
        if now is None:
            return None
        if self._before is not None and self._mean_kw(self._before, now) is None:
            self._begin = None
        self._before = now
        start = period_start(image.at)
        if self._begin is None or period_start(self._begin.at) != start:
            self.finished = self._finish(now, start)
            self._begin = now if image.at - start <= self._late else None
            return None
        return self._mean_kw(self._begin, now)

    def _registers(self, image: Image, *, age_s_max: float) -> _Registers | None:
        drawn = image.readings.get((self._grid_point_id, Point.ENERGY_KWH_DRAWN))
        drawn_kwh = image.value(self._grid_point_id, Point.ENERGY_KWH_DRAWN, age_s_max=age_s_max)
        fed_in_kwh = image.value(self._grid_point_id, Point.ENERGY_KWH_FED_IN, age_s_max=age_s_max)
        if drawn is None or drawn_kwh is None or fed_in_kwh is None:
            return None
        return _Registers(at=drawn.measured_at, drawn_kwh=drawn_kwh, fed_in_kwh=fed_in_kwh)

    def _mean_kw(self, begin: _Registers, end: _Registers) -> float | None:
        """Give the mean between two readings; None where it cannot be."""
        elapsed_s = (end.at - begin.at).total_seconds()
        drawn_kwh, fed_in_kwh = end.drawn_kwh - begin.drawn_kwh, end.fed_in_kwh - begin.fed_in_kwh
        if elapsed_s == 0.0 and drawn_kwh == fed_in_kwh == 0.0:
            return 0.0
        if elapsed_s <= 0.0 or drawn_kwh < 0.0 or fed_in_kwh < 0.0:
            return None
        mean_kw = (drawn_kwh - fed_in_kwh) * S_PER_H / elapsed_s
        return mean_kw if abs(mean_kw) <= self._power_kw_max else None

    def _finish(self, now: _Registers, start: datetime) -> Finished | None:
        begin = self._begin
        if begin is None or now.at - start > self._late or period_start(begin.at) + PERIOD != start:
            return None
        mean_kw = self._mean_kw(begin, now)
        return None if mean_kw is None else Finished(start=period_start(begin.at), mean_kw=mean_kw)
