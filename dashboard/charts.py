"""Today and tomorrow in quarter hours: what was measured, what is expected, what is planned. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from dashboard.balance import Group, group_of
from energy.domain import FloatArray, Forecast, Plan, Point
from energy.periods import PERIOD, local_day, periods_between
from energy.ports import Means
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.grid_loss import GridLoss
from energy.region.load import Load
from energy.region.model import Asset, Region

TICK_EVERY_H = 6
P05, P50, P95 = 0, 2, 4
"""Rows of ``Forecast.quantiles_kw``."""
BALANCE = "electricity"
"""The balance whose marginal price is drawn."""
COVERAGE_MIN = 0.5
"""A mean of which less was covered is not drawn: half a quarter hour can mislead about the whole."""

Expected = Mapping[str, FloatArray]
"""Quantiles by asset id, each of shape (5, periods of the window)."""
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
class Band:
    """Sums over assets, each array of shape (periods,), NaN where unknown."""

    measured: FloatArray
    planned: FloatArray
    p05: FloatArray
    p50: FloatArray
    p95: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Charts:
    """All series of the page. Generation and consumption are magnitudes, the others carry our sign."""

    window: Window
    now: datetime
    generation: Band
    consumption: Band
    exchange: Band
    storage: Band
    stored: Band
    ev: Band
    price_eur_per_kwh: FloatArray
    marginal_price_eur_per_kwh: FloatArray
    energy_kwh_limits: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChartInput:
    """What the record knows about the window."""

    window: Window
    now: datetime
    means: MeansByPoint
    forecasts: Sequence[Forecast]
    plan: Plan | None
    price_eur_per_kwh: FloatArray


def charts_of(region: Region, given: ChartInput) -> Charts:
    """Sum the series of the assets into the page's charts."""
    by_group = {group: [asset for asset in region.assets if group_of(asset) is group] for group in Group}
    generators = by_group[Group.GENERATION]
    demands = [asset for asset in region.assets if isinstance(asset, Load | GridLoss)]
    hubs = [asset for asset in region.assets if isinstance(asset, EvHub)]
    stores = [asset for asset in region.assets if isinstance(asset, Battery)]
    expected = _expected(region, given)
    return Charts(
        window=given.window,
        now=given.now,
        generation=_mirrored(_powers(generators, given, expected)),
        consumption=_powers(demands, given, expected),
        exchange=_powers(by_group[Group.EXCHANGE], given, {}),
        storage=_powers(stores, given, {}),
        stored=_energies(stores, given),
        ev=_powers(hubs, given, {}),
        price_eur_per_kwh=given.price_eur_per_kwh,
        marginal_price_eur_per_kwh=_marginal_price(given),
        energy_kwh_limits=_limits(stores),
    )


def points_wanted(region: Region) -> list[tuple[str, Point]]:
    """List the series that the charts are made of."""
    powers = [(asset.id, Point.POWER_KW) for asset in region.assets]
    return powers + [(asset.id, Point.ENERGY_KWH) for asset in region.assets if isinstance(asset, Battery)]


def _expected(region: Region, given: ChartInput) -> Expected:
    """Lay each forecast onto the window; losses without one follow from the loads, as in planning."""
    expected: dict[str, FloatArray] = {
        forecast.asset_id: np.array(
            [_placed(row, forecast.start, given.window) for row in forecast.quantiles_kw]
        )
        for forecast in given.forecasts
    }
    loads = [expected.get(asset.id) for asset in region.assets if isinstance(asset, Load)]
    known = [quantiles for quantiles in loads if quantiles is not None]
    if not known or len(known) < len(loads):
        return expected
    total: FloatArray = np.sum(known, axis=0)
    losses = (asset for asset in region.assets if isinstance(asset, GridLoss))
    return {asset.id: asset.fraction_of_load * total for asset in losses} | expected


def _powers(assets: Sequence[Asset], given: ChartInput, expected: Expected) -> Band:
    window, plan = given.window, given.plan
    planned = (
        _placed(plan.assets[asset.id].power_kw, plan.start, window)
        if plan is not None and asset.id in plan.assets
        else None
        for asset in assets
    )
    quantiles = [expected.get(asset.id) for asset in assets]
    rows = [[item[row] if item is not None else None for item in quantiles] for row in (P05, P50, P95)]
    return Band(
        measured=_sum((_measured(given, asset.id, Point.POWER_KW) for asset in assets), window),
        planned=_sum(planned, window),
        p05=_sum(rows[0], window),
        p50=_sum(rows[1], window),
        p95=_sum(rows[2], window),
    )


def _energies(stores: Sequence[Asset], given: ChartInput) -> Band:
    nothing = np.full(given.window.periods, np.nan)
    planned = (
        _placed(given.plan.assets[asset.id].states["energy_kwh"], given.plan.start, given.window)
        if given.plan is not None
        and asset.id in given.plan.assets
        and "energy_kwh" in given.plan.assets[asset.id].states
        else None
        for asset in stores
    )
    measured = (_measured(given, asset.id, Point.ENERGY_KWH) for asset in stores)
    return Band(
        measured=_sum(measured, given.window),
        planned=_sum(planned, given.window),
        p05=nothing,
        p50=nothing,
        p95=nothing,
    )


def _marginal_price(given: ChartInput) -> FloatArray:
    plan = given.plan
    if plan is None or BALANCE not in plan.marginal_price_eur_per_kwh:
        return np.full(given.window.periods, np.nan)
    return _placed(plan.marginal_price_eur_per_kwh[BALANCE], plan.start, given.window)


def _measured(given: ChartInput, asset_id: str, point: Point) -> FloatArray | None:
    means = given.means.get((asset_id, point))
    if means is None:
        return None
    value: FloatArray = np.where(means.coverage >= COVERAGE_MIN, means.value, np.nan)
    return _placed(value, means.start, given.window)


def _placed(values: FloatArray, start: datetime, window: Window) -> FloatArray:
    """Lay a series onto the window, NaN where it says nothing."""
    placed = np.full(window.periods, np.nan)
    offset = periods_between(window.start, start)
    first, last = max(0, offset), min(window.periods, offset + values.size)
    if first < last:
        placed[first:last] = values[first - offset : last - offset]
    return placed


def _sum(series: Iterable[FloatArray | None], window: Window) -> FloatArray:
    """Add series; where one of them is unknown the sum is, too."""
    known = list(series)
    nothing = np.full(window.periods, np.nan)
    if not known:
        return nothing
    total: FloatArray = np.sum([nothing if item is None else item for item in known], axis=0)
    return total


def _mirrored(band: Band) -> Band:
    """Turn feeding in into a magnitude; the low quantile of the power is the high one of the generation."""
    return Band(measured=-band.measured, planned=-band.planned, p05=-band.p95, p50=-band.p50, p95=-band.p05)


def _limits(stores: Sequence[Battery]) -> tuple[float, float] | None:
    if not stores:
        return None
    return sum(store.energy_kwh_min for store in stores), sum(store.energy_kwh_max for store in stores)
