"""From what is forecast and measured to the numbers that the optimiser takes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.domain import FloatArray, Forecast, Image, Point
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.load import Load
from energy.region.model import Region
from energy.units import S_PER_H


def expected_kw(region: Region, forecasts: Sequence[Forecast], *, periods: int) -> dict[str, FloatArray]:
    """Give each asset's expected power in our sign, shape (periods,); losses follow from the loads."""
    expected = {forecast.asset_id: forecast.expected_kw[:periods] for forecast in forecasts}
    load_kw = np.sum([expected[asset.id] for asset in region.assets if isinstance(asset, Load)], axis=0)
    for asset in region.assets:
        if isinstance(asset, GridLoss):
            expected[asset.id] = asset.fraction_of_load * load_kw
    return expected


def persisting_kw(region: Region, image: Image, *, periods: int, age_s_max: float) -> dict[str, FloatArray]:
    """Expect that everything stays as measured: all that the rules need for the next quarter hour.

    A load that is not measured is taken at half its largest draw, a source that is not measured at nothing.
    """
    expected: dict[str, FloatArray] = {}
    for asset in region.assets:
        match asset:
            case Load() | GridLoss():
                value = image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
                now_kw = asset.power_kw_max / 2.0 if value is None else value
            case Generator():
                value = image.value(asset.id, Point.POWER_KW_AVAILABLE, age_s_max=age_s_max)
                now_kw = 0.0 if value is None else value
            case EvHub():
                now_kw = 0.0
            case _:
                continue
        least, most = asset.power_kw_nameplate
        expected[asset.id] = np.full(periods, max(least, min(most, now_kw)))
    return expected


def states_at(
    region: Region, image: Image, *, start: datetime, age_s_max: float
) -> dict[str, Mapping[str, float]]:
    """Give the measured state of each store, carried forward to the plan's start at its present power.

    An asset whose state is not known is left out: the optimiser plans it standing still.
    """
    states: dict[str, Mapping[str, float]] = {}
    lead_h = max(0.0, (start - image.at).total_seconds()) / S_PER_H
    for asset in region.assets:
        if isinstance(asset, Battery):
            energy_kwh = image.value(asset.id, Point.ENERGY_KWH, age_s_max=age_s_max)
            if energy_kwh is not None:
                power_kw = image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
                moved_kw = 0.0 if power_kw is None else power_kw
                within_kwh = max(0.0, min(asset.energy_kwh_capacity, energy_kwh))
                states[asset.id] = {"energy_kwh": _carried(asset, within_kwh, moved_kw, lead_h)}
        elif isinstance(asset, EvHub):
            backlog_kwh = image.value(asset.id, Point.ENERGY_KWH_BACKLOG, age_s_max=age_s_max)
            urgent_kwh = image.value(asset.id, Point.ENERGY_KWH_URGENT, age_s_max=age_s_max)
            if backlog_kwh is not None and urgent_kwh is not None:
                states[asset.id] = {
                    "energy_kwh_backlog": max(0.0, backlog_kwh),
                    "energy_kwh_urgent": max(0.0, min(urgent_kwh, backlog_kwh)),
                }
    return states


def _carried(asset: Battery, energy_kwh: float, power_kw: float, hours: float) -> float:
    efficiency = asset.efficiency_charge if power_kw > 0.0 else 1.0 / asset.efficiency_discharge
    carried = energy_kwh + power_kw * hours * efficiency
    if asset.energy_kwh_min <= energy_kwh <= asset.energy_kwh_max:
        return max(asset.energy_kwh_min, min(asset.energy_kwh_max, carried))
    return energy_kwh
