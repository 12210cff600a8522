"""Quarter hours laid onto the charts' window: what was measured, what is planned, sums of both. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from energy.adding_up import Part, kind_of_errors, summed
from energy.domain import FloatArray, Forecast, Plan, Point
from energy.periods import PERIOD, local_day, periods_between
from energy.ports import Means
from energy.region.model import Region

TICK_EVERY_H = 6
QUANTILES = 5
COVERAGE_MIN = 0.5
"""A mean of which less was covered is not drawn: half a quarter hour can mislead about the whole."""

MeansByPoint = Mapping[tuple[str, Point], Means]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Today and tomorrow on the region's calendar: 192 periods, four less or more where the clock changes."""

    start: datetime
    end: datetime

    @classmethod
    def around(cls, moment: datetime, region: Region) -> "Window":
        """Give the local day of the moment together with the next."""
        today = moment.astimezone(region.zone).date()
        start, _ = local_day(today, region.zone)
        _, end = local_day(today + timedelta(days=1), region.zone)
        return cls(start=start, end=end)

    @property
    def periods(self) -> int:
        """How many quarter hours it has."""
        return periods_between(self.start, self.end)

    def moments(self) -> list[datetime]:
        """List the periods' starts."""
        return [self.start + index * PERIOD for index in range(self.periods)]

    def ticks(self, region: Region) -> list[datetime]:
        """List the moments at which the local clock shows a sixth hour, the end included."""
        moments = [*self.moments(), self.end]
        local = [moment.astimezone(region.zone) for moment in moments]
        return [
            moment
            for moment, shown in zip(moments, local, strict=True)
            if shown.minute == 0 and shown.hour % TICK_EVERY_H == 0
        ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChartInput:
    """What the record knows about the window."""

    window: Window
    now: datetime
    means: MeansByPoint
    forecasts: Sequence[Forecast]
    plan: Plan | None
    price_eur_per_kwh: FloatArray


def nothing(window: Window) -> FloatArray:
    """Give a series that knows nothing."""
    return np.full(window.periods, np.nan)


def planned_power(given: ChartInput, asset_id: str) -> FloatArray | None:
    """Lay an asset's planned power onto the window."""
    if given.plan is None or asset_id not in given.plan.assets:
        return None
    return placed(given.plan.assets[asset_id].power_kw, given.plan.start, given.window)


def planned_state(given: ChartInput, asset_id: str, name: str) -> FloatArray | None:
    """Lay one of an asset's planned states onto the window."""
    if given.plan is None or asset_id not in given.plan.assets:
        return None
    state = given.plan.assets[asset_id].states.get(name)
    return None if state is None else placed(state, given.plan.start, given.window)


def measured(given: ChartInput, asset_id: str, point: Point) -> FloatArray | None:
    """Lay an asset's measured means onto the window, NaN where too little of a period was covered."""
    means = given.means.get((asset_id, point))
    if means is None:
        return None
    value: FloatArray = np.where(means.coverage >= COVERAGE_MIN, means.value, np.nan)
    return placed(value, means.start, given.window)


def placed(values: FloatArray, start: datetime, window: Window) -> FloatArray:
    """Lay a series onto the window, NaN where it says nothing."""
    laid = nothing(window)
    offset = periods_between(window.start, start)
    first, last = max(0, offset), min(window.periods, offset + values.size)
    if first < last:
        laid[first:last] = values[first - offset : last - offset]
    return laid


def sum_of(series: Iterable[FloatArray | None], window: Window) -> FloatArray:
    """Add series; where one of them is unknown the sum is, too."""
    known = list(series)
    if not known:
        return nothing(window)
    total: FloatArray = np.sum([nothing(window) if item is None else item for item in known], axis=0)
    return total


def band_of_sum(quantiles: Sequence[tuple[str, FloatArray | None]], window: Window) -> FloatArray:
    """Add forecasts of assets, each with its kind; NaN where one of them is unknown, shape (5, periods).

    The expected values add up; quantiles do not, since errors partly cancel (``energy.adding_up``).
    """
    parts = [
        Part(kind=kind_of_errors(kind), quantiles_kw=item) for kind, item in quantiles if item is not None
    ]
    if not parts or len(parts) < len(quantiles):
        return np.full((QUANTILES, window.periods), np.nan)
    return summed(parts)
