"""Consecutive plannings of a region from its history, as the controller would make them each quarter hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from energy.domain import FloatArray, Plan
from energy.market.day_ahead import DayAheadPrices
from energy.optimize.problem import Problem, problem_from
from energy.periods import HORIZON_PERIODS, PERIOD
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from energy.region.model import Asset, Region
from tests.benchmarks.copies import region_of_copies, round_of

START = datetime(2020, 5, 18, 6, tzinfo=UTC)
BACKLOG = {"energy_kwh_backlog": 300.0, "energy_kwh_urgent": 40.0}
"""A hub on a working day; the same at each planning."""
FILLED_AT_START = 0.5
"""Share of its band that a battery holds at the first planning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that one call of ``problem_from`` takes, looked up beforehand."""

    start: datetime
    expected_kw: Mapping[str, FloatArray]
    states: Mapping[str, Mapping[str, float]]


class Plannings:
    """A region of so many assets; a copy lives as many days earlier as the number of its round."""

    def __init__(self, assets: int | None = None) -> None:
        shipped = load_region("musterstadt")
        self.region: Region = shipped if assets is None else region_of_copies(shipped, assets)
        self._history = RegionHistory(self.region)
        self._prices = DayAheadPrices(self.region, self._history)

    def inputs(self, number: int, before: Plan | None = None) -> Inputs:
        """Look up the inputs of the ``number``-th planning, with batteries as the plan before leaves them."""
        start = START + number * PERIOD
        expected = {
            asset.id: self._history.power_kw(asset.id).window(
                start - timedelta(days=round_of(asset)), HORIZON_PERIODS
            )
            for asset in self.region.members
            if self._history.has(asset.id)
        }
        states = {
            asset.id: BACKLOG if isinstance(asset, EvHub) else {"energy_kwh": _energy_kwh(asset, before)}
            for asset in self.region.members
            if isinstance(asset, EvHub | Battery)
        }
        return Inputs(start=start, expected_kw=expected, states=states)

    def problem(self, inputs: Inputs) -> Problem:
        """Make the problem."""
        return problem_from(
            self.region,
            start=inputs.start,
            prices=self._prices.prices(start=inputs.start, periods=HORIZON_PERIODS, known_at=inputs.start),
            expected_kw=inputs.expected_kw,
            states=inputs.states,
        )


def _energy_kwh(asset: Asset, before: Plan | None) -> float:
    assert isinstance(asset, Battery)
    if before is not None:
        return float(before.assets[asset.id].states["energy_kwh"][0])
    return asset.energy_kwh_min + FILLED_AT_START * (asset.energy_kwh_max - asset.energy_kwh_min)
