"""Headroom against the net load's error: kept where that is cheap, short at its price where it is not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from energy.optimize.cost import cost_parts_eur
from energy.optimize.uncertainty.reserve import Reserve, with_reserve

FLAT = [0.1] * 4


def asked(
    up_kw: float, down_kw: float, *, price: float = 0.01, hold_h: float = 1.0, ahead: int = 4
) -> Reserve:
    return Reserve(
        up_kw=np.full(ahead, up_kw),
        down_kw=np.full(ahead, down_kw),
        hold_h=hold_h,
        shortfall_eur_per_kwh=price,
    )


def with_battery(tiny: Any, energy_kwh: float, price: list[float] | None = None, **changes: Any) -> Any:
    region = tiny.region(tiny.asset("load"), tiny.asset("battery", wear_eur_per_kwh=0.0, **changes))
    states = {"battery": {"energy_kwh": energy_kwh}}
    return region, tiny.problem(
        region, price or FLAT, expected_kw={"load": [500.0] * len(price or FLAT)}, states=states
    )


def test_a_battery_keeps_the_energy_to_hold_its_headroom(tiny: Any, plan: Any) -> None:
    """At a falling price it would empty at once; 95 kW for an hour take 100 kWh out of store."""
    region, problem = with_battery(tiny, 500.0, [0.5, 0.1, 0.1, 0.0])
    assert plan(region, problem).assets["battery"].states["energy_kwh"][0] == pytest.approx(394.737, abs=0.01)
    kept = plan(region, with_reserve(problem, asked(95.0, 0.0, price=10.0)))
    energy_kwh = kept.assets["battery"].states["energy_kwh"]
    assert energy_kwh.min() >= 200.0 - 1e-6
    assert not kept.breaches


def test_what_cannot_be_kept_is_short_by_its_size(tiny: Any, plan: Any) -> None:
    """Of 600 kW up the battery has at most 400: 200 kW are short over four quarter hours."""
    region, problem = with_battery(tiny, 900.0)
    kept = plan(region, with_reserve(problem, asked(600.0, 0.0, hold_h=0.25)))
    breach = next(item for item in kept.breaches if item.name == "reserve_up")
    assert breach.size == pytest.approx(200.0, abs=0.01)
    assert kept.objective_eur["reserve"] == pytest.approx(0.25 * 4 * 200.0 * 0.01, abs=1e-4)


def test_headroom_either_way_needs_room_and_energy(tiny: Any, plan: Any) -> None:
    """With 200 kW either way for an hour the store stays between 100 + 210.5 and 900 - 190 kWh."""
    region, problem = with_battery(tiny, 500.0, [0.5, 0.0, 0.5, 0.0])
    kept = plan(region, with_reserve(problem, asked(200.0, 200.0, price=10.0)))
    energy_kwh = kept.assets["battery"].states["energy_kwh"]
    assert energy_kwh.min() >= 100.0 + 200.0 / 0.95 - 1e-4
    assert energy_kwh.max() <= 900.0 - 200.0 * 0.95 + 1e-4


def test_the_cost_is_found_again_without_a_solver(tiny: Any, plan: Any) -> None:
    region, problem = with_battery(tiny, 300.0, [0.3, 0.1, 0.3, 0.0])
    asking = with_reserve(problem, asked(350.0, 450.0, hold_h=2.0, ahead=3))
    kept = plan(region, asking)
    assert cost_parts_eur(asking, kept.assets) == pytest.approx(kept.objective_eur, abs=1e-4)
    assert kept.objective_eur["reserve"] > 0.0


def test_nothing_needed_or_nothing_paid_is_the_point_plan(tiny: Any) -> None:
    _, problem = with_battery(tiny, 300.0, [0.3, 0.1, 0.3, 0.0])
    for reserve in (asked(0.0, 0.0), asked(100.0, 100.0, price=0.0)):
        assert with_reserve(problem, reserve) is problem


def test_more_reserve_never_costs_less(tiny: Any, plan: Any) -> None:
    region, problem = with_battery(tiny, 300.0, [0.3, 0.1, 0.3, 0.0])
    costs = [
        sum(plan(region, with_reserve(problem, asked(kw, kw))).objective_eur.values())
        for kw in (0.0, 50.0, 100.0, 200.0, 400.0)
    ]
    assert costs == sorted(costs)


def test_electrolyser_and_pumps_keep_headroom_by_their_load(tiny: Any, plan: Any) -> None:
    region = tiny.region(
        tiny.asset("load"),
        tiny.asset("pumped_reservoir"),
        tiny.asset("electrolyser", uptime_h_min=0.25),
        tiny.asset("hydrogen_storage"),
    )
    states = {
        "pumped_reservoir": {"volume_m3": 600.0},
        "hydrogen_storage": {"energy_kwh": 500.0},
        "electrolyser": {"running_s": 3600.0, "standing_s": 0.0},
    }
    expected = {"load": [500.0] * 4, "pumped_reservoir": [20.0] * 4}
    problem = tiny.problem(region, FLAT, expected_kw=expected, states=states)
    asking = with_reserve(problem, asked(60.0, 60.0, price=1.0))
    kept = plan(region, asking)
    assert not kept.breaches
    up = sum(kept.assets[name].states["reserve_up_kw"] for name in ("pumped_reservoir", "electrolyser"))
    assert np.all(up >= 60.0 - 1e-6)
    pumped = kept.assets["pumped_reservoir"]
    assert np.all(pumped.states["reserve_up_kw"] <= pumped.power_kw + 1e-6)
    assert cost_parts_eur(asking, kept.assets) == pytest.approx(kept.objective_eur, abs=1e-4)


def test_a_battery_of_unknown_content_promises_nothing(tiny: Any) -> None:
    _, problem = with_battery(tiny, 300.0)
    unknown = replace(
        problem,
        members=tuple(
            replace(item, energy_kwh=None) if item.asset_id == "battery" else item for item in problem.members
        ),
    )
    assert all(item.headroom is None for item in with_reserve(unknown, asked(10.0, 0.0)).members)
