"""A battery's reserve is left alone, and cycles deeper than stated cost more: counted as the plan does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.battery_wear import Depth, deep_kwh_at_start, deeply_taken_kwh
from energy.safety import battery_bounds_kw

DEPTH = Depth(energy_kwh_min=100.0, energy_kwh_max=900.0, shallow_kwh=300.0)


def region_of(tiny, **changes):
    return tiny.region(tiny.asset("battery", wear_eur_per_kwh=0.0, **changes))


def solved(tiny, plan, region, price, *, energy_kwh=900.0):
    problem = tiny.problem(region, price, states={"battery": {"energy_kwh": energy_kwh}})
    return plan(region, problem)


def test_plans_and_corrections_leave_the_reserve(tiny, plan):
    region = region_of(tiny, energy_kwh_reserve=200.0)
    made = solved(tiny, plan, region, [0.9] * 12 + [0.0] * 20)
    assert made.assets["battery"].states["energy_kwh"][11] == pytest.approx(300.0)
    bounds_kw = battery_bounds_kw(region.assets[0], 300.0, horizon_s=60.0)
    assert bounds_kw is not None
    assert bounds_kw[0] == 0.0


def test_measured_in_the_reserve_it_comes_back_at_a_price(tiny, plan):
    region = region_of(tiny, energy_kwh_reserve=200.0)
    made = solved(tiny, plan, region, [0.2] * 8, energy_kwh=250.0)
    assert made.assets["battery"].states["energy_kwh"][0] >= 300.0 - 1e-6
    assert made.objective_eur["breach"] == pytest.approx(0.0, abs=1e-6)


def test_only_a_price_that_pays_for_it_takes_from_the_deep_part(tiny, plan):
    region = region_of(tiny, wear_depth_kwh=300.0, wear_deep_eur_per_kwh=0.1)
    low, high = [0.15] * 6 + [0.1] * 12, [0.25] * 6 + [0.1] * 12
    shallow, deep = (solved(tiny, plan, region, price) for price in (low, high))
    assert shallow.assets["battery"].states["energy_kwh"].min() == pytest.approx(600.0)
    assert shallow.objective_eur["wear"] == pytest.approx(0.0, abs=1e-6)
    assert deep.assets["battery"].states["energy_kwh"].min() < 400.0
    taken_kwh = 600.0 - float(deep.assets["battery"].states["energy_kwh"].min())
    assert deep.objective_eur["wear"] == pytest.approx(0.1 * 0.95 * taken_kwh)


def test_a_battery_without_depth_has_no_column_more(tiny):
    from energy.optimize.matrix.layout import layout_of  # noqa: PLC0415 - keeps collection fast

    plain, deep = (
        layout_of(tiny.problem(region, [0.1] * 4, states={"battery": {"energy_kwh": 500.0}}))
        for region in (
            region_of(tiny),
            region_of(tiny, wear_depth_kwh=300.0, wear_deep_eur_per_kwh=0.1),
        )
    )
    assert deep.columns - plain.columns == 2 * 4
    assert deep.rows - plain.rows == 3 * 4


@given(st.lists(st.floats(100.0, 900.0), min_size=1, max_size=20), st.floats(100.0, 900.0))
@settings(deadline=None)
def test_every_kwh_below_the_depth_is_counted_once_a_cycle(contents: list, start_kwh: float) -> None:
    taken = deeply_taken_kwh(DEPTH, start_kwh=start_kwh, energy_kwh=np.array(contents))
    assert (taken >= 0.0).all()
    # The first way down, from as full as it was.
    lowest = min(contents)
    deep_kwh = deep_kwh_at_start(DEPTH, start_kwh)
    assert taken.sum() >= deep_kwh - (lowest - DEPTH.energy_kwh_min) - 1e-9
    assert taken.sum() <= np.maximum(0.0, -np.diff([start_kwh, *contents])).sum() + 1e-9


def test_cycles_within_the_depth_take_nothing_deeply():
    contents = np.array([650.0, 900.0, 600.0, 900.0, 700.0])
    assert deeply_taken_kwh(DEPTH, start_kwh=900.0, energy_kwh=contents).sum() == 0.0
    deeper = np.array([500.0, 800.0, 500.0, 900.0])
    assert deeply_taken_kwh(DEPTH, start_kwh=900.0, energy_kwh=deeper).tolist() == [100.0, 0.0, 0.0, 0.0]
