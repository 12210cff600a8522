"""Halving the step keeps the physics: plans replayed at finer steps, and problems planned in halves.

The model knows quarter hours only. A problem in steps of half that length is therefore stated in time that
runs twice as slowly: twice as many periods with the same powers, energies and their costs twice as large.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.optimize.items import Charging, Storage
from energy.optimize.network_items import HeatStore
from energy.physics.battery import BatteryState, step_battery
from energy.physics.stored import Flow, stored_kwh
from tests.optimize.random_regions import BACKLOG_KWH, PERIODS, meetings
from tests.optimize.test_properties import loose, proven, solved, total

PERIOD_S = 900.0
RAMP_KW_PER_S = 1e6
"""A plan knows no ramps: a device this quick needs none of its energy for them."""
KWH = 1e-3
HALVES = np.arange(1, 2 * PERIODS + 1) / 2.0
TWICE = {
    "energy_kwh",
    "energy_kwh_min",
    "energy_kwh_max",
    "energy_kwh_end_min",
    "capacity_charge_eur_per_kw",
    "start_eur",
    "uptime_periods",
    "downtime_periods",
}


def in_band(meeting):
    """Begin inside the band: energy outside costs by the hour, in slow time four times as much."""
    return replace(meeting, filled=0.5)


def halved(item):
    """Give an item in steps of half the length."""
    changes = {}
    for name in item.__dataclass_fields__:
        value = getattr(item, name)
        if name in TWICE and value is not None:
            changes[name] = 2 * value
        elif isinstance(value, np.ndarray):
            changes[name] = np.repeat(value, 2)
    if isinstance(item, Charging):
        # What arrives and is due grows evenly within a period.
        changes["arrived_kwh"], changes["due_kwh"] = (
            2.0 * np.interp(HALVES, np.arange(PERIODS + 1), np.append(first, values))
            for first, values in ((waiting_at_start(item), item.arrived_kwh), (0.0, item.due_kwh))
        )
    if isinstance(item, HeatStore):
        kept = np.sqrt(item.kept_fraction)
        changes |= {"kept_fraction": kept, "kept_h": 2.0 * item.kept_h / (1.0 + kept)}
    return replace(item, **changes)


def waiting_at_start(item):
    """Give the backlog; what can only be shed never waits."""
    return 0.0 if item.asset_id == "shed" else BACKLOG_KWH


def problem_in_halves(problem):
    return replace(
        problem,
        periods=2 * problem.periods,
        market_eur_per_kwh=np.repeat(problem.market_eur_per_kwh, 2),
        members=tuple(halved(item) for item in problem.members),
        feeders=tuple(halved(item) for item in problem.feeders),
        exchange=halved(problem.exchange),
    )


@settings(deadline=None, derandomize=True, max_examples=25)
@given(meeting=meetings(machines=False).map(in_band))
def test_a_linear_region_costs_the_same_in_half_steps(tiny, meeting):
    region, problem = meeting.build(tiny)
    whole = solved(region, problem, tiny, gap=1e-6)
    halves = solved(region, problem_in_halves(problem), tiny, gap=1e-6)
    twice = 2.0 * total(whole.plan)
    # A plan of quarter hours is one of halves; the means of a plan of halves are one of quarter hours, but
    # for a store that turns between the halves, and for heat that is lost between them.
    assert halves.bound_eur <= twice + loose(twice)
    if problem.market_eur_per_kwh.min() > 0.0 and not any(isinstance(i, HeatStore) for i in problem.members):
        assert total(halves.plan) == pytest.approx(twice, abs=loose(twice))


@settings(deadline=None, derandomize=True, max_examples=10)
@given(meeting=meetings().map(in_band).filter(lambda meeting: "mill" not in meeting.ids))
def test_halves_give_machines_more_freedom_and_nothing_else(tiny, meeting):
    region, problem = meeting.build(tiny)
    whole = solved(region, problem, tiny, search="exact", gap=1e-3)
    halves = solved(region, problem_in_halves(problem), tiny)
    assert halves.bound_eur <= 2.0 * total(whole.plan) + loose(2.0 * total(whole.plan))


@settings(deadline=None, derandomize=True, max_examples=20)
@given(meeting=meetings(machines=False).map(in_band), pieces=st.sampled_from([1, 2, 15]))
def test_stores_replayed_in_finer_steps_hold_what_the_plan_says(tiny, meeting, pieces):
    region, problem = meeting.build(tiny)
    plan = proven(tiny, meeting)[1].plan
    assets = {asset.id: asset for asset in region.members}
    for item in problem.members:
        power = plan.assets[item.asset_id]
        if isinstance(item, Storage):
            replayed = replay_battery(assets[item.asset_id], item.energy_kwh, power.power_kw, pieces)
        elif isinstance(item, HeatStore):
            replayed = replay_heat(assets[item.asset_id], item.energy_kwh, power.states["heat_kw"], pieces)
        else:
            continue
        np.testing.assert_allclose(power.states["energy_kwh"], replayed, atol=KWH, err_msg=item.asset_id)


def replay_battery(asset, energy_kwh, power_kw, pieces):
    quick = replace(asset, ramp_kw_per_s=RAMP_KW_PER_S)
    state, ends = BatteryState(energy_kwh=energy_kwh), []
    for wanted_kw in power_kw:
        for _piece in range(pieces):
            state = step_battery(quick, state, wanted_kw=float(wanted_kw), dt_s=PERIOD_S / pieces)
        ends.append(state.energy_kwh)
    return ends


def replay_heat(asset, energy_kwh, heat_kw, pieces):
    loss_per_s, ends = -np.log1p(-asset.loss_fraction_per_h) / 3600.0, []
    for flow_kw in heat_kw:
        for _piece in range(pieces):
            flow = Flow(start_kw=float(flow_kw), slope_kw_per_s=0.0)
            energy_kwh = stored_kwh(energy_kwh, flow, loss_per_s=loss_per_s, time_s=PERIOD_S / pieces)
        ends.append(energy_kwh)
    return ends
