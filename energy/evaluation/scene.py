"""What all cases of one window share: the region as it is judged, its past, its nature, its prices."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from energy.devices.map_library import maps_of
from energy.devices.plant.hold import HoldRule, rule_of
from energy.devices.plant.nature import RecordedNature
from energy.devices.plant.world import World
from energy.domain import Authority, FloatArray
from energy.evaluation.week_record import WeekRecord
from energy.evaluation.weeks import Window, days_of
from energy.historian.preload import WINDOW, preload
from energy.market.day_ahead import DayAheadPrices
from energy.periods import PERIOD_S
from energy.ports import Prices
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.history import RegionHistory
from energy.region.model import Region

DAYS_PER_YEAR = 365.0
SUBSTEP_S = 60.0
"""How finely the plant moves here; in a demo it moves every 5 s."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrueSeries:
    """What nature does in a window: quarter-hour means in our sign, losses too, and the temperature."""

    expected_kw: Mapping[str, FloatArray]
    temperature_c: FloatArray | None


class Scene:
    """One window of one region with one seed."""

    def __init__(self, region: Region, window: Window, *, seed: int) -> None:
        """Read everything once.

        Raises:
            BadInput: a history is wrong, or too short.
        """
        self.region = as_judged(region, window)
        self.window = window
        self.seed = seed
        self.history = RegionHistory(self.region)
        self.prices = DayAheadPrices(self.region, self.history)
        self.nature = RecordedNature(self.region, self.history, seed=seed)
        self.truth = true_series(self.region, self.nature, window)

    def world(self) -> World:
        """Give the plant as it stands at the start: the same for every case.

        Its devices' watchdogs never run out: in operation they are fed every few seconds, here the loop moves
        in minutes.
        """
        return World(
            self.region,
            nature=self.nature,
            start=self.window.start,
            rules=_rules_of(self.region),
            substep_s=SUBSTEP_S,
        )

    def available_kw(self) -> dict[str, FloatArray]:
        """Give what each source could feed in, negative, by quarter hours of the window."""
        sources = [asset.id for asset in self.region.assets if isinstance(asset, Generator)]
        return {asset_id: self.truth.expected_kw[asset_id] for asset_id in sources}

    def true_prices(self) -> Prices:
        """Give the prices as they turned out."""
        window = self.window
        return self.prices.prices(start=window.start, periods=window.periods, known_at=window.end)

    def record(self, *, until: datetime) -> WeekRecord:
        """Give a record that holds the past as if nothing had been controlled."""
        record = WeekRecord(self.window.start - WINDOW, self.window.end)
        preload(self.region, self.history, record, start=until)
        return record


def as_judged(region: Region, window: Window) -> Region:
    """Give the region as every case sees it in a window.

    Every asset is commanded: what control is worth is asked before it is allowed. The capacity charge is the
    window's share of the year's, as in the account, so that nobody saves for a bill that is not counted.
    """
    days = len(days_of(window, region.zone))
    market = dataclasses.replace(
        region.market,
        capacity_charge_eur_per_kw_year=region.market.capacity_charge_eur_per_kw_and_year
        * days
        / DAYS_PER_YEAR,
        capacity_charge_eur_per_kw_month=0.0,
    )
    assets = tuple(dataclasses.replace(asset, authority=None) for asset in region.assets)
    return dataclasses.replace(region, authority=Authority.AUTOMATIC, market=market, assets=assets)


def true_series(region: Region, nature: RecordedNature, window: Window) -> TrueSeries:
    """Average what the plant's nature does over each quarter hour, at the plant's own sub-steps."""
    times_s = np.arange(window.start.timestamp() + 0.5 * SUBSTEP_S, window.end.timestamp(), SUBSTEP_S)
    per_period = int(PERIOD_S // SUBSTEP_S)
    rows = nature.power_kw(times_s).reshape(len(nature.asset_ids), -1, per_period).mean(axis=2)
    expected: dict[str, FloatArray] = {}
    for asset_id, row in zip(nature.asset_ids, rows, strict=True):
        asset = region.asset(asset_id)
        expected[asset_id] = -np.minimum(row, asset.power_kw_rated) if isinstance(asset, Generator) else row
    for asset in region.assets:
        if isinstance(asset, GridLoss):
            load_kw = sum((expected[load.id] for load in region.loads_of(asset)), np.zeros(window.periods))
            expected[asset.id] = asset.fraction_of_load * load_kw
    if region.temperature is None:
        return TrueSeries(expected_kw=expected, temperature_c=None)
    outside_c: FloatArray = nature.temperature_c(times_s).reshape(-1, per_period).mean(axis=1)
    return TrueSeries(expected_kw=expected, temperature_c=outside_c)


def _rules_of(region: Region) -> dict[str, HoldRule]:
    """Give how each device holds a command: as in the simulated field, for as long as nothing is said."""
    maps = maps_of(region)
    rules: dict[str, HoldRule] = {}
    for asset in region.assets:
        point = (
            None if asset.dispatch_point is None else maps[asset.device.profile].point(asset.dispatch_point)
        )
        if point is not None and point.write is not None:
            rule = rule_of(asset, point.write)
            rules[asset.id] = dataclasses.replace(rule, watchdog_s=None, reversion_s=None)
    return rules
