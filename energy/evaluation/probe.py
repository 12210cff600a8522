"""Measures the plant without error while a case runs: quarter hours from registers and counters."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from energy.devices.plant.world import World
from energy.domain import FloatArray, Point
from energy.evaluation.course import AVAILABLE, FUEL, STARTS, Course
from energy.evaluation.week_record import WeekRecord
from energy.periods import PERIOD, PERIOD_H, PERIOD_S, next_period_start, period_start
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.heat_pump import HeatPump
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir

AT_EDGES = ("energy_kwh", "volume_m3", "energy_kwh_backlog", "energy_kwh_unserved")
"""Contents, and service missed since commissioning."""
RECORDED = (
    *(Point.POWER_KW, Point.POWER_KW_AVAILABLE, Point.HEAT_KW, Point.HYDROGEN_KW),
    *(Point.ENERGY_KWH_BACKLOG, Point.VOLUME_M3, Point.TEMPERATURE_C),
)
"""What a record would hold of a quarter hour, as far as forecasts ask for it."""
Truth = Mapping[str, Mapping[str, float]]


class Probe:
    """Moves a world and writes down what is true of it; a record may be given its means.

    ``available_kw`` is what each source could feed in, by quarter hours of the window, negative.
    """

    def __init__(
        self,
        region: Region,
        world: World,
        *,
        available_kw: Mapping[str, FloatArray],
        record: WeekRecord | None = None,
    ) -> None:
        self._region = region
        self._world = world
        self._available_kw = available_kw
        self._record = record
        self._start = world.at
        self._periods = 0
        self._means: dict[str, dict[str, list[float]]] = {}
        self._ends: dict[str, dict[str, list[float]]] = {}
        self._sampled = {
            asset.id: Point.VOLUME_M3 if isinstance(asset, PumpedReservoir) else Point.ENERGY_KWH_BACKLOG
            for asset in region.assets
            if isinstance(asset, EvHub | FlexibleLoad | PumpedReservoir)
        }
        self._sums = dict.fromkeys(self._sampled, 0.0)
        self._edge: Truth = world.truth()
        self._note_edges(self._edge)

    def advance_to(self, moment: datetime) -> None:
        """Move the world to a moment."""
        while (at := self._world.at) < moment:
            self._world.advance_to(min(moment, next_period_start(at)))
            self._sample((self._world.at - at).total_seconds())
            if period_start(self._world.at) == self._world.at:
                self._close(self._world.truth())

    def course(self, nominated_kw: FloatArray) -> Course:
        """Give what happened since the start."""
        means: dict[str, dict[str, FloatArray]] = _arrays(self._means)
        for asset_id, values in self._available_kw.items():
            means[asset_id][AVAILABLE] = values[: self._periods]
        return Course(start=self._start, means=means, ends=_arrays(self._ends), nominated_kw=nominated_kw)

    def _sample(self, seconds: float) -> None:
        for asset_id, point in self._sampled.items():
            value = self._world.shown(asset_id).get(point)
            if value is not None:
                self._sums[asset_id] += seconds * value

    def _close(self, truth: Truth) -> None:
        """Finish a quarter hour."""
        label = self._world.at - PERIOD
        for asset in self._region.assets:
            means = _between(asset, self._edge[asset.id], truth[asset.id])
            for name, value in means.items():
                self._means.setdefault(asset.id, {}).setdefault(name, []).append(value)
            if self._record is not None:
                self._tell(asset, label, {**means, **self._shown(asset, truth)})
        self._sums = dict.fromkeys(self._sampled, 0.0)
        self._periods += 1
        self._edge = truth
        self._note_edges(truth)

    def _shown(self, asset: Asset, truth: Truth) -> dict[str, float]:
        """Give what a record would hold besides."""
        if asset.id in self._sampled:
            return {self._sampled[asset.id].value: self._sums[asset.id] / PERIOD_S}
        if asset.id in self._available_kw:
            return {AVAILABLE: float(self._available_kw[asset.id][self._periods])}
        if isinstance(asset, HeatPump):
            return {Point.TEMPERATURE_C.value: truth[asset.id][Point.TEMPERATURE_C.value]}
        return {}

    def _tell(self, asset: Asset, label: datetime, values: Mapping[str, float]) -> None:
        for point in RECORDED:
            if self._record is not None and point.value in values:
                self._record.import_means(asset.id, point, label, np.array([values[point.value]]))

    def _note_edges(self, truth: Truth) -> None:
        for asset in self._region.assets:
            for name in AT_EDGES:
                if name in truth[asset.id]:
                    self._ends.setdefault(asset.id, {}).setdefault(name, []).append(truth[asset.id][name])


def _between(asset: Asset, before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Give the means of a quarter hour from what was counted at its edges."""

    def grown(name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    means = {"power_kw": (grown("energy_kwh_drawn") - grown("energy_kwh_fed_in")) / PERIOD_H}
    gives = -1.0 if isinstance(asset, Boiler | Chp | HeatPump | Electrolyser) else 1.0
    for carrier in ("heat", "hydrogen"):
        if f"{carrier}_kwh" in after:
            means[f"{carrier}_kw"] = gives * grown(f"{carrier}_kwh") / PERIOD_H
    if "fuel_kwh" in after:
        means[FUEL] = grown("fuel_kwh") / PERIOD_H
    if "starts" in after:
        means[STARTS] = grown("starts")
    return means


def _arrays(columns: Mapping[str, Mapping[str, list[float]]]) -> dict[str, dict[str, FloatArray]]:
    return {
        asset_id: {name: np.array(values) for name, values in named.items()}
        for asset_id, named in columns.items()
    }
