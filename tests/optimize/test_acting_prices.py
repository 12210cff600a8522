"""The price at which a store would act: beyond it a new plan moves the store, short of it none does."""

from dataclasses import replace

import numpy as np
import pytest

from energy.optimize.acting import DRAWS, FEEDS_IN
from energy.optimize.items import Exchange

PERIODS = 16
STEP_EUR_PER_KWH = 1e-3
MOVED_KW = 1e-3
BATTERY = {
    "energy_kwh_capacity": 100.0,
    "energy_kwh_min": 10.0,
    "energy_kwh_max": 90.0,
    "power_kw_charge_max": 80.0,
    "power_kw_discharge_max": 80.0,
    "wear_eur_per_kwh": 0.01,
    "fee_eur_per_kwh_drawn": 0.002,
}


def at_price(problem, period, price_eur_per_kwh):
    """Change what a kWh costs in one period alone, and nothing that hangs on the market's price."""
    old: Exchange = problem.exchange
    price = old.import_eur_per_kwh.copy()
    price[period] = price_eur_per_kwh
    return replace(problem, exchange=replace(old, import_eur_per_kwh=price, export_eur_per_kwh=price - 1e-4))


def battery_day(tiny, rng, *, filled, **changes):
    region = tiny.region(tiny.asset("load"), tiny.asset("battery", **{**BATTERY, **changes}))
    problem = tiny.problem(
        region,
        rng.uniform(0.02, 0.12, PERIODS).round(4),
        expected_kw={"load": [500.0] * PERIODS},
        states={"battery": {"energy_kwh": filled}},
    )
    return region, problem


def waiting_day(tiny, rng, kind, **changes):
    region = tiny.region(tiny.asset("load"), tiny.asset(kind, **changes))
    problem = tiny.problem(
        region,
        rng.uniform(0.02, 0.12, PERIODS).round(4),
        expected_kw={"load": [500.0] * PERIODS, kind: rng.uniform(0.0, 120.0, PERIODS)},
        states={},
    )
    return region, problem


def assert_moves_just_beyond(plan, region, problem, asset_id):
    """Plan again on either side of each named price; give how many there were."""
    made = plan(region, problem)
    named = 0
    for period in range(problem.periods):
        power_kw = made.assets[asset_id].power_kw[period]
        for state, sign in ((DRAWS, 1.0), (FEEDS_IN, -1.0)):
            price = made.assets[asset_id].states.get(state, np.full(PERIODS, np.nan))[period]
            if np.isnan(price):
                continue
            named += 1
            # Where it stands, it moves beyond the price; where it acts, it acts less short of it.
            attracts = price - sign * STEP_EUR_PER_KWH
            repels = price + sign * STEP_EUR_PER_KWH
            acts = sign * power_kw > MOVED_KW
            still = plan(region, at_price(problem, period, attracts if acts else repels))
            moved = plan(region, at_price(problem, period, repels if acts else attracts))
            where = f"{asset_id} {state} at {period}: {price}, {power_kw} kW"
            by_kw = sign * (moved.assets[asset_id].power_kw[period] - power_kw)
            stays_kw = sign * (still.assets[asset_id].power_kw[period] - power_kw)
            if acts:
                assert stays_kw > -MOVED_KW, where
                assert by_kw < -MOVED_KW, where
            else:
                assert stays_kw == pytest.approx(0.0, abs=MOVED_KW), where
                assert by_kw > MOVED_KW, where
    return named


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("filled", [10.0, 50.0, 90.0])
def test_a_battery_moves_just_beyond_the_price_that_it_names(tiny, plan, seed, filled):
    region, problem = battery_day(tiny, np.random.default_rng(seed), filled=filled)
    assert assert_moves_just_beyond(plan, region, problem, "battery") >= PERIODS


@pytest.mark.parametrize("kind", ["ev_hub", "flexible_load"])
def test_what_can_wait_moves_just_beyond_the_price_that_it_names(tiny, plan, kind):
    region, problem = waiting_day(tiny, np.random.default_rng(3), kind)
    assert assert_moves_just_beyond(plan, region, problem, kind) >= PERIODS / 2
