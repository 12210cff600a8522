"""Whether a plan obeys physics: each balance closes, each store follows its flows, each machine its times.

Recomputed from powers and states with the equations of docs/optimisation.md, without the solver's columns.
"""

from itertools import pairwise

import numpy as np

from energy.optimize.acting import DRAWS, FEEDS_IN
from energy.optimize.cost import balance_kw, exchange_of, flow_of, stored_energy_kwh
from energy.optimize.items import BlockLoad, Charging, FixedPower, Source, Storage
from energy.optimize.network_cost import stored_heat_kwh
from energy.optimize.network_items import (
    Boiling,
    Cogeneration,
    Electrolysis,
    HeatDemand,
    HeatPumping,
    HeatStore,
    HydrogenStore,
    Machine,
    Reservoir,
)

DT_H = 0.25
KW, KWH = 1e-4, 1e-2
"""The solver's 1e-7 on each row, added up over a horizon and over thousands of kWh."""


def check_plan(problem, plan):
    """Check a plan of any rung."""
    assets = plan.assets
    for asset in assets.values():
        assert np.isfinite(asset.power_kw).all()
        for name, values in asset.states.items():
            # A price at which an asset would act is not known everywhere.
            assert np.isfinite(values if name not in {DRAWS, FEEDS_IN} else np.nan_to_num(values)).all(), name
    near(assets[problem.exchange.asset_id].power_kw, exchange_of(problem, assets), KW)
    for feeder in problem.feeders:
        near(assets[feeder.asset_id].power_kw, flow_of(problem, assets, feeder.asset_id), KW)
    for surplus in problem.surpluses:
        # What is not used at all is the only thing that may be left over; nothing may be missing.
        assert (balance_kw(problem, assets, surplus.asset_id) <= KW).all(), surplus.asset_id
    for item in problem.members:
        check_member(item, assets[item.asset_id])


def near(found, wanted, limit):
    np.testing.assert_allclose(found, wanted, rtol=0.0, atol=limit)


def within(values, least, most, limit):
    assert (values >= np.asarray(least) - limit).all()
    assert (values <= np.asarray(most) + limit).all()


def check_member(item, plan):
    power, states = plan.power_kw, plan.states
    match item:
        case FixedPower():
            near(power, item.power_kw, KW)
        case Source():
            within(
                power,
                item.curtailed_kw_min - item.available_kw,
                item.curtailed_kw_max - item.available_kw,
                KW,
            )
            near(states["power_kw_curtailed"], item.available_kw + power, KW)
        case Storage():
            check_battery(item, plan)
        case BlockLoad():
            check_blocks(item, plan)
        case Charging():
            check_charging(item, plan)
        case Machine():
            check_machine(item, plan)
        case Boiling():
            within(-states["heat_kw"], 0.0, item.heat_kw_max, KW)
            near(states["fuel_kw"], -states["heat_kw"] / item.efficiency, KW)
        case HeatDemand():
            within(states["heat_kw"], 0.0, item.demand_kw, KW)
        case HeatStore():
            check_heat_store(item, plan)
        case HydrogenStore():
            check_hydrogen_store(item, plan)
        case Reservoir():
            check_reservoir(item, plan)


def check_battery(item, plan):
    within(plan.power_kw, np.minimum(0.0, item.power_kw_min), np.maximum(0.0, item.power_kw_max), KW)
    if item.energy_kwh is None:
        near(plan.power_kw, 0.0, KW)
        assert "energy_kwh" not in plan.states
        return
    energy, start = plan.states["energy_kwh"], item.energy_kwh
    near(energy, stored_energy_kwh(item, plan.power_kw), KWH)
    within(energy, min(item.energy_kwh_min, start), max(item.energy_kwh_max, start), KWH)


def check_charging(item, plan):
    within(plan.power_kw, 0.0, np.maximum(0.0, item.power_kw_max), KW)
    waiting = plan.states["energy_kwh_backlog"]
    settled = item.arrived_kwh - waiting
    within(settled, item.due_kwh, item.arrived_kwh, KWH)
    unserved = np.diff(settled - DT_H * np.cumsum(plan.power_kw), prepend=0.0)
    assert (unserved >= -KWH).all()


def check_blocks(item, plan):
    own_kw = plan.power_kw - item.carried_kw
    assert np.logical_or(np.abs(own_kw) <= KW, np.abs(own_kw - item.block_kw) <= KW).all()
    period = 0
    while period < own_kw.size:
        if own_kw[period] <= KW:
            period += 1
            continue
        assert item.begin_share_max[period] > 0.5
        near(own_kw[period : period + item.block_periods], item.block_kw, KW)
        period += item.block_periods


def check_machine(item, plan):
    on = plan.states["running"]
    near(on, np.round(on), 1e-6)
    load = np.abs(plan.power_kw) - getattr(item, "power_kw_standby", 0.0) * (1.0 - on)
    within(load, on * item.power_kw_least, on * item.power_kw_rated, KW)
    within(on, item.running_share_min, item.running_share_max, 1e-6)
    switches = np.flatnonzero(np.diff(np.round(on), prepend=float(item.running_before)))
    for first, second in pairwise(switches):
        assert second - first >= (item.uptime_periods if on[first] > 0.5 else item.downtime_periods)
    match item:
        case Cogeneration():
            near(-plan.states["heat_kw"], line(item, on, load, item.heat_kw_least, item.heat_kw_rated), KW)
            near(plan.states["fuel_kw"], line(item, on, load, item.fuel_kw_least, item.fuel_kw_rated), KW)
            assert (plan.power_kw <= KW).all()
        case HeatPumping():
            near(plan.states["heat_kw"], -item.heat_kw_per_kw * plan.power_kw, KW)
        case Electrolysis():
            made = line(item, on, load, item.hydrogen_kw_least, item.hydrogen_kw_rated)
            near(-plan.states["hydrogen_kw"], made, KW)


def line(item, on, load, least, rated):
    share = (load - item.power_kw_least * on) / (item.power_kw_rated - item.power_kw_least)
    return least * on + (rated - least) * share


def check_heat_store(item, plan):
    if item.energy_kwh is None:
        near(plan.states["heat_kw"], 0.0, KW)
        return
    energy = plan.states["energy_kwh"]
    near(energy, stored_heat_kwh(item, plan.states["heat_kw"]), KWH)
    within(energy, 0.0, max(item.energy_kwh_max, item.energy_kwh), KWH)
    within(plan.states["heat_kw"], -item.heat_kw_max, item.heat_kw_max, KW)


def check_hydrogen_store(item, plan):
    within(plan.states["hydrogen_kw"], 0.0, item.offtake_kw, KW)
    if item.energy_kwh is None:
        near(plan.states["hydrogen_kw_stored"], 0.0, KW)
        return
    energy = plan.states["energy_kwh"]
    near(energy, item.energy_kwh + DT_H * np.cumsum(plan.states["hydrogen_kw_stored"]), KWH)
    least, most = min(item.energy_kwh_min, item.energy_kwh), max(item.energy_kwh_max, item.energy_kwh)
    within(energy, least, most, KWH)


def check_reservoir(item, plan):
    within(plan.power_kw, 0.0, np.maximum(0.0, item.power_kw_max), KW)
    energy = plan.states["volume_m3"] / item.m3_per_kwh
    unserved = np.diff(energy, prepend=item.energy_kwh) - DT_H * (plan.power_kw - item.demand_kw)
    within(unserved, 0.0, DT_H * item.demand_kw, KWH)
    within(energy, 0.0, max(item.energy_kwh_max, item.energy_kwh), KWH)
