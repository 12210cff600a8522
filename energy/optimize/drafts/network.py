"""Derives the items of a problem from checked inputs: machines, heat, hydrogen, water."""

import math
from typing import Any

import numpy as np

from energy.domain import FloatArray, Point
from energy.optimize.drafts.draft import Draft, fixed_of
from energy.optimize.drafts.offtake import offtake_kw
from energy.optimize.drafts.power_bounds import PowerBounds
from energy.optimize.drafts.ramp import Ramped, lifted_kw, ramped
from energy.optimize.drafts.terminal_values import (
    heat_value_eur_per_kwh,
    hydrogen_value_eur_per_kwh,
    water_value_eur_per_kwh,
)
from energy.optimize.items import FixedPower
from energy.optimize.network_items import (
    Bend,
    Boiling,
    Cogeneration,
    Electrolysis,
    HeatDemand,
    HeatPumping,
    HeatStore,
    HydrogenStore,
    Reservoir,
)
from energy.periods import PERIOD_H, PERIOD_S
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.machine import Machine as MachineAsset
from energy.region.pumped_reservoir import PumpedReservoir
from energy.units import S_PER_H

STANDING_S_LONG = 48.0 * S_PER_H
"""The longest least time that a region can state."""


def cogeneration_of(draft: Draft, asset: Chp) -> Cogeneration:
    """Derive a CHP."""
    out = draft.note_outage(asset)
    bounds = draft.rated_bounds(asset.id, (0.0, 0.0) if out else asset.power_kw_nameplate)
    return Cogeneration(
        **_machine_fields(draft, asset, bounds, most_kw=-bounds.power_kw_min),
        network=asset.heat_network,
        heat_kw_least=asset.heat_kw_least,
        heat_kw_rated=asset.heat_kw_rated,
        fuel_kw_least=asset.fuel_kw_least,
        fuel_kw_rated=asset.fuel_kw_rated,
        fuel_eur_per_kwh=asset.fuel_eur_per_kwh,
        co2_eur_per_kwh_fuel=draft.region.market.co2_eur_per_kwh_fuel(asset.co2_kg_per_kwh_fuel),
        co2_weight_eur_per_kwh_fuel=draft.region.objective.co2_weight_eur_per_kwh(asset.co2_kg_per_kwh_fuel),
        wear_eur_per_kwh=asset.wear_eur_per_kwh,
    )


def heat_pumping_of(draft: Draft, asset: HeatPump) -> HeatPumping:
    """Derive a heat pump."""
    out = draft.note_outage(asset)
    bounds = draft.rated_bounds(asset.id, (0.0, 0.0) if out else asset.power_kw_nameplate)
    if draft.temperature_c is None:
        draft.notes.append(f"{asset.id}: {Point.TEMPERATURE_C} is unknown, planned at 0 degrees Celsius")
    return HeatPumping(
        **_machine_fields(draft, asset, bounds, most_kw=bounds.power_kw_max),
        network=asset.heat_network,
        heat_kw_per_kw=_cop(draft, asset),
        fee_eur_per_kwh_drawn=asset.fee_eur_per_kwh_drawn,
    )


def electrolysis_of(draft: Draft, asset: Electrolyser) -> Electrolysis:
    """Derive an electrolyser; only out of service does it draw nothing at all."""
    out = draft.note_outage(asset)
    standby_kw = 0.0 if out else asset.power_kw_standby
    bounds = draft.rated_bounds(asset.id, (standby_kw, 0.0 if out else asset.power_kw_rated))
    return Electrolysis(
        **_machine_fields(draft, asset, bounds, most_kw=bounds.power_kw_max),
        network=asset.hydrogen_network,
        power_kw_standby=standby_kw,
        hydrogen_kw_least=asset.hydrogen_kw_least,
        hydrogen_kw_rated=asset.hydrogen_kw_rated,
        bend=_bend(asset),
        wear_eur_per_kwh=asset.wear_eur_per_kwh,
        fee_eur_per_kwh_drawn=asset.fee_eur_per_kwh_drawn,
    )


def _bend(asset: Electrolyser) -> Bend | None:
    if asset.power_kw_middle is None or asset.hydrogen_kw_middle is None:
        return None
    return Bend(power_kw=asset.power_kw_middle, hydrogen_kw=asset.hydrogen_kw_middle)


def _machine_fields(
    draft: Draft, asset: MachineAsset, bounds: PowerBounds, *, most_kw: FloatArray
) -> dict[str, Any]:
    """Derive what machines share: where it must run or stand because of its last switch and of limits."""
    running_s, standing_s = _since_switch_s(draft, asset)
    uptime_periods = max(1, math.ceil(asset.uptime_h_min / PERIOD_H))
    downtime_periods = max(1, math.ceil(asset.downtime_h_min / PERIOD_H))
    on_max = np.where(most_kw >= asset.power_kw_least, 1.0, 0.0)
    on_min = draft.constant(0.0)
    if running_s > 0.0:
        still = math.ceil((asset.uptime_h_min * S_PER_H - running_s) / PERIOD_S)
        # It keeps running only until the first period in which it may not.
        on_min[: max(0, still)] = 1.0
        on_min = np.where(np.cumprod(on_max) > 0.0, on_min, 0.0)
    else:
        still = math.ceil((asset.downtime_h_min * S_PER_H - standing_s) / PERIOD_S)
        on_max[: max(0, still)] = 0.0
    fields: dict[str, Any] = {
        "asset_id": asset.id,
        "feeder": asset.feeder,
        "running_before": running_s > 0.0,
        "running_share_min": on_min,
        "running_share_max": on_max,
        "uptime_periods": uptime_periods,
        "downtime_periods": downtime_periods,
        "power_kw_least": asset.power_kw_least,
        "power_kw_rated": asset.power_kw_rated,
        "power_kw_min": bounds.power_kw_min,
        "power_kw_max": bounds.power_kw_max,
        "start_eur": asset.start_eur,
    }
    ramp = ramped(draft, asset, running=running_s > 0.0, running_share_max=on_max)
    return fields if ramp is None else fields | _ramp_fields(draft, asset, fields, ramp, most_kw=most_kw)


def _ramp_fields(
    draft: Draft, asset: MachineAsset, fields: dict[str, Any], ramp: Ramped, *, most_kw: FloatArray
) -> dict[str, Any]:
    """Derive what the ramp adds: on its way down a machine runs, beyond a limit where that comes too soon."""
    lifted = lifted_kw(draft, asset, most_kw=most_kw, least_kw=ramp.least_kw)
    name, power_kw = ("power_kw_min", -lifted) if isinstance(asset, Chp) else ("power_kw_max", lifted)
    return {
        name: np.where(ramp.least_kw > most_kw, power_kw, fields[name]),
        "running_share_min": np.where(ramp.least_kw > 0.0, 1.0, fields["running_share_min"]),
        "ramp_kw": ramp.ramp_kw,
        "load_kw_first_min": ramp.first_min_kw,
        "load_kw_first_max": ramp.first_max_kw,
    }


def _since_switch_s(draft: Draft, asset: MachineAsset) -> tuple[float, float]:
    """Give running and standing time; a machine of unknown state is taken to have stood for long."""
    state = draft.state(asset)
    running_s, standing_s = state.get(Point.RUNNING_S), state.get(Point.STANDING_S)
    if running_s is None and standing_s is None:
        draft.notes.append(f"{asset.id}: {Point.RUNNING_S} is unknown, planned as standing for long")
    if running_s is not None and running_s > 0.0:
        return running_s, 0.0
    return 0.0, STANDING_S_LONG if standing_s is None else standing_s


def _cop(draft: Draft, asset: HeatPump) -> FloatArray:
    if draft.temperature_c is None:
        return draft.constant(asset.cop_at_0_c)
    return np.array([asset.cop(float(value)) for value in draft.temperature_c])


def boiling_of(draft: Draft, asset: Boiler) -> Boiling:
    """Derive a boiler."""
    most_kw = 0.0 if draft.note_outage(asset) else asset.heat_kw_rated
    return Boiling(
        asset_id=asset.id,
        feeder=asset.feeder,
        network=asset.heat_network,
        heat_kw_max=draft.constant(most_kw),
        efficiency=asset.efficiency,
        fuel_eur_per_kwh=asset.fuel_eur_per_kwh,
        co2_eur_per_kwh_fuel=draft.region.market.co2_eur_per_kwh_fuel(asset.co2_kg_per_kwh_fuel),
        co2_weight_eur_per_kwh_fuel=draft.region.objective.co2_weight_eur_per_kwh(asset.co2_kg_per_kwh_fuel),
    )


def heat_demand_of(draft: Draft, asset: HeatLoad) -> HeatDemand:
    """Derive a heat load."""
    demand_kw = np.maximum(0.0, draft.expected_kw[asset.id])
    return HeatDemand(asset_id=asset.id, feeder=asset.feeder, network=asset.heat_network, demand_kw=demand_kw)


def heat_store_of(draft: Draft, asset: HeatStorage) -> HeatStore:
    """Derive a heat store: what is lost in an hour is lost evenly over it, dE/dt = heat - rate * E."""
    most_kwh = asset.energy_kwh_capacity
    energy_kwh = draft.content(asset, Point.ENERGY_KWH, most=most_kwh, planned="standing still")
    rate_per_h = -math.log1p(-asset.loss_fraction_per_h)
    lost_fraction = -math.expm1(-rate_per_h * PERIOD_H)
    cop = {
        other.id: _cop(draft, other)
        for other in draft.on_network[f"heat.{asset.heat_network}"]
        if isinstance(other, HeatPump)
    }
    return HeatStore(
        asset_id=asset.id,
        feeder=asset.feeder,
        network=asset.heat_network,
        energy_kwh=energy_kwh,
        energy_kwh_max=asset.energy_kwh_capacity,
        heat_kw_max=asset.heat_kw_max,
        kept_fraction=1.0 - lost_fraction,
        kept_h=lost_fraction / rate_per_h if rate_per_h > 0.0 else PERIOD_H,
        **draft.end(
            energy_kwh if _is_heated(draft, asset) else None,
            (0.0, asset.energy_kwh_capacity),
            worth_eur_per_kwh=heat_value_eur_per_kwh(
                draft.region.market,
                draft.on_network[f"heat.{asset.heat_network}"],
                power_eur_per_kwh=draft.median_eur_per_kwh,
                expected_kw=draft.expected_kw,
                cop=cop,
            ),
        ),
    )


def _is_heated(draft: Draft, asset: HeatStorage) -> bool:
    """Tell whether anything can make up for what the store loses."""
    return any(
        isinstance(other, Chp | HeatPump | Boiler) and other.id not in draft.unavailable
        for other in draft.on_network[f"heat.{asset.heat_network}"]
    )


def hydrogen_store_of(draft: Draft, asset: HydrogenStorage) -> HydrogenStore:
    """Derive a hydrogen store with its offtake."""
    most_kwh = asset.energy_kwh_capacity
    energy_kwh = draft.content(asset, Point.ENERGY_KWH, most=most_kwh, planned="standing still")
    return HydrogenStore(
        asset_id=asset.id,
        feeder=asset.feeder,
        network=asset.hydrogen_network,
        energy_kwh=energy_kwh,
        energy_kwh_min=asset.energy_kwh_min + asset.energy_kwh_reserve,
        energy_kwh_max=asset.energy_kwh_capacity,
        offtake_kw=offtake_kw(asset, zone=draft.region.zone, start=draft.start, periods=draft.periods),
        unserved_eur_per_kwh=asset.unserved_eur_per_kwh,
        **draft.end(
            energy_kwh,
            (asset.energy_kwh_min + asset.energy_kwh_reserve, asset.energy_kwh_capacity),
            worth_eur_per_kwh=hydrogen_value_eur_per_kwh(
                draft.region.market,
                draft.on_network[f"hydrogen.{asset.hydrogen_network}"],
                asset,
                market_eur_per_kwh=draft.market_eur_per_kwh,
            ),
        ),
    )


def reservoir_of(draft: Draft, asset: PumpedReservoir) -> Reservoir | FixedPower:
    """Derive a reservoir; of an unknown level its own control is expected to pump what is drawn."""
    demand_kw = np.maximum(0.0, draft.expected_kw[asset.id])
    out = draft.note_outage(asset)
    most_kw = 0.0 if out else asset.power_kw_rated
    most_m3, planned = asset.volume_m3_max, "to pump what is drawn"
    volume_m3 = draft.content(asset, Point.VOLUME_M3, most=most_m3, planned=planned)
    if volume_m3 is None:
        return fixed_of(draft, asset, np.minimum(demand_kw, most_kw))
    bounds = draft.rated_bounds(asset.id, (0.0, most_kw))
    return Reservoir(
        asset_id=asset.id,
        feeder=asset.feeder,
        energy_kwh=volume_m3 * asset.pump_kwh_per_m3,
        energy_kwh_min=asset.volume_m3_min * asset.pump_kwh_per_m3,
        energy_kwh_max=asset.volume_m3_max * asset.pump_kwh_per_m3,
        demand_kw=demand_kw,
        power_kw_min=bounds.power_kw_min,
        power_kw_max=bounds.power_kw_max,
        m3_per_kwh=1.0 / asset.pump_kwh_per_m3,
        fee_eur_per_kwh_drawn=asset.fee_eur_per_kwh_drawn,
        **draft.end(
            None if out else volume_m3 * asset.pump_kwh_per_m3,
            (asset.volume_m3_min * asset.pump_kwh_per_m3, asset.volume_m3_max * asset.pump_kwh_per_m3),
            worth_eur_per_kwh=water_value_eur_per_kwh(
                draft.region, asset, market_eur_per_kwh=draft.market_eur_per_kwh
            ),
        ),
    )
