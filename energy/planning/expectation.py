"""From what is forecast and measured to the numbers that the optimiser takes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.domain import FloatArray, Forecast, Image, Point
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.heat_load import HeatLoad
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.load import Load
from energy.region.machine import Machine
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.units import S_PER_H

USUAL_SHARE = 0.5
"""Of the greatest draw: what a demand that is not measured is taken for."""


def expected_kw(region: Region, forecasts: Sequence[Forecast], *, periods: int) -> dict[str, FloatArray]:
    """Give each asset's expected power in our sign, shape (periods,); losses follow from the loads."""
    expected = {forecast.asset_id: forecast.expected_kw[:periods] for forecast in forecasts}
    return with_losses(region, expected, periods=periods)


def with_losses(
    region: Region, expected_kw: Mapping[str, FloatArray], *, periods: int
) -> dict[str, FloatArray]:
    """Add the losses of the grid, which follow from the loads."""
    expected = dict(expected_kw)
    for asset in region.assets:
        if isinstance(asset, GridLoss):
            load_kw = sum((expected[load.id] for load in region.loads_of(asset)), np.zeros(periods))
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
                now_kw = USUAL_SHARE * asset.power_kw_max if value is None else value
            case Generator():
                value = image.value(asset.id, Point.POWER_KW_AVAILABLE, age_s_max=age_s_max)
                now_kw = 0.0 if value is None else value
            case EvHub():
                now_kw = 0.0
            case FlexibleLoad():
                now_kw = _or_zero(image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max))
            case PumpedReservoir():
                now_kw = USUAL_SHARE * asset.power_kw_rated
            case HeatLoad():
                heat_kw = image.value(asset.id, Point.HEAT_KW, age_s_max=age_s_max)
                now_kw = USUAL_SHARE * asset.heat_kw_max if heat_kw is None else heat_kw
                expected[asset.id] = np.full(periods, max(0.0, min(asset.heat_kw_max, now_kw)))
                continue
            case _:
                continue
        least, most = asset.power_kw_nameplate
        expected[asset.id] = np.full(periods, max(least, min(most, now_kw)))
    return expected


def _or_zero(value_kw: float | None) -> float:
    """Nothing is expected of what can wait and is not measured: it is asked again in a quarter hour."""
    return 0.0 if value_kw is None else value_kw


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
        elif isinstance(asset, EvHub | FlexibleLoad):
            backlog_kwh = image.value(asset.id, Point.ENERGY_KWH_BACKLOG, age_s_max=age_s_max)
            urgent_kwh = image.value(asset.id, Point.ENERGY_KWH_URGENT, age_s_max=age_s_max)
            if backlog_kwh is not None and urgent_kwh is not None:
                states[asset.id] = {
                    "energy_kwh_backlog": max(0.0, backlog_kwh),
                    "energy_kwh_urgent": max(0.0, min(urgent_kwh, backlog_kwh)),
                }
                running_s = image.value(asset.id, Point.RUNNING_S, age_s_max=age_s_max)
                if isinstance(asset, FlexibleLoad) and asset.mode == "block" and running_s is not None:
                    states[asset.id] = _run_carried(asset, states[asset.id], running_s, lead_h)
        else:
            state = _measured_state(asset, image, lead_h=lead_h, age_s_max=age_s_max)
            if state:
                states[asset.id] = state
    return states


def _run_carried(
    asset: FlexibleLoad, state: Mapping[str, float], running_s: float, lead_h: float
) -> Mapping[str, float]:
    """Carry a run in progress forward: it draws on, and is over where its time is."""
    if running_s <= 0.0:
        return {**state, Point.RUNNING_S: 0.0}
    left_h = max(0.0, asset.block_h - running_s / S_PER_H)
    drawn_kwh = asset.power_kw_max * min(lead_h, left_h)
    backlog_kwh = max(0.0, state[Point.ENERGY_KWH_BACKLOG] - drawn_kwh)
    return {
        Point.ENERGY_KWH_BACKLOG: backlog_kwh,
        Point.ENERGY_KWH_URGENT: min(state[Point.ENERGY_KWH_URGENT], backlog_kwh),
        Point.RUNNING_S: running_s + lead_h * S_PER_H if lead_h < left_h else 0.0,
    }


def _measured_state(asset: Asset, image: Image, *, lead_h: float, age_s_max: float) -> Mapping[str, float]:
    """Give what is known of stores that others fill, and of machines; empty where something is missing."""
    match asset:
        case HeatStorage():
            flow_kw = image.value(asset.id, Point.HEAT_KW, age_s_max=age_s_max)
            stored_kwh = image.value(asset.id, Point.ENERGY_KWH, age_s_max=age_s_max)
            moved_kwh = _or_zero(flow_kw) * lead_h
            return _content(stored_kwh, moved_kwh=moved_kwh, capacity_kwh=asset.energy_kwh_capacity)
        case HydrogenStorage():
            stored_kwh = image.value(asset.id, Point.ENERGY_KWH, age_s_max=age_s_max)
            return _content(stored_kwh, moved_kwh=0.0, capacity_kwh=asset.energy_kwh_capacity)
        case PumpedReservoir():
            volume_m3 = image.value(asset.id, Point.VOLUME_M3, age_s_max=age_s_max)
            return {} if volume_m3 is None else {Point.VOLUME_M3: max(0.0, volume_m3)}
        case Machine():
            running_s = image.value(asset.id, Point.RUNNING_S, age_s_max=age_s_max)
            standing_s = image.value(asset.id, Point.STANDING_S, age_s_max=age_s_max)
            if running_s is None or standing_s is None:
                return {}
            lead_s = lead_h * S_PER_H
            state: dict[str, float] = {
                Point.RUNNING_S: running_s + lead_s if running_s > 0.0 else 0.0,
                Point.STANDING_S: standing_s + lead_s if running_s <= 0.0 else 0.0,
            }
            power_kw = image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
            if asset.ramp_binds and power_kw is not None:
                state[Point.POWER_KW] = power_kw
            return state
        case _:
            return {}


def _content(stored_kwh: float | None, *, moved_kwh: float, capacity_kwh: float) -> Mapping[str, float]:
    if stored_kwh is None:
        return {}
    return {Point.ENERGY_KWH: max(0.0, min(capacity_kwh, stored_kwh + moved_kwh))}


def _carried(asset: Battery, energy_kwh: float, power_kw: float, hours: float) -> float:
    efficiency = asset.efficiency_charge if power_kw > 0.0 else 1.0 / asset.efficiency_discharge
    carried = energy_kwh + power_kw * hours * efficiency
    if asset.energy_kwh_min <= energy_kwh <= asset.energy_kwh_max:
        return max(asset.energy_kwh_min, min(asset.energy_kwh_max, carried))
    return energy_kwh
