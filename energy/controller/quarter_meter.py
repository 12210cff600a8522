"""The grid point's mean exchange since the quarter hour began, from its energy registers."""

from datetime import datetime, timedelta

from energy.domain import Image, Point
from energy.periods import PERIOD_S, period_start
from energy.units import S_PER_H


class QuarterMeter:
    """Remembers the register reading at the beginning of the running quarter hour.

    After a restart in the middle of a quarter hour the mean is None until the next one begins: an operator
    is better served by no correction than by one against a wrong mean.
    """

    def __init__(self, grid_point_id: str, *, tick_s: float) -> None:
        self._grid_point_id = grid_point_id
        self._late = timedelta(seconds=2.0 * tick_s)
        self._begin: tuple[datetime, float] | None = None
        self.finished: tuple[datetime, float] | None = None
        """The last whole quarter hour: its start and its mean exchange in kW."""

    def step(self, image: Image, *, age_s_max: float) -> float | None:
        """Take one tick's image and give the mean so far in kW, import positive."""
        drawn_kwh = image.value(self._grid_point_id, Point.ENERGY_KWH_DRAWN, age_s_max=age_s_max)
        fed_in_kwh = image.value(self._grid_point_id, Point.ENERGY_KWH_FED_IN, age_s_max=age_s_max)
        if drawn_kwh is None or fed_in_kwh is None:
            return None
        net_kwh = drawn_kwh - fed_in_kwh
        start = period_start(image.at)
        if self._begin is None or period_start(self._begin[0]) != start:
            self._finish(image.at, net_kwh, start)
            self._begin = (image.at, net_kwh) if image.at - start <= self._late else None
            return None
        elapsed_s = (image.at - self._begin[0]).total_seconds()
        return (net_kwh - self._begin[1]) * S_PER_H / elapsed_s if elapsed_s > 0.0 else None

    def _finish(self, now: datetime, net_kwh: float, start: datetime) -> None:
        if self._begin is None or now - start > self._late:
            self.finished = None
            return
        begun_at, begun_kwh = self._begin
        if period_start(begun_at) + timedelta(seconds=PERIOD_S) != start:
            self.finished = None
            return
        elapsed_s = (now - begun_at).total_seconds()
        self.finished = (period_start(begun_at), (net_kwh - begun_kwh) * S_PER_H / elapsed_s)
