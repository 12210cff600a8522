"""A ramp that can bind within a period is kept from the measured power on; a limit beyond it is told."""

import numpy as np
import pytest

from energy.optimize.fallback.rules import rules_plan
from energy.optimize.matrix.layout import layout_of
from energy.periods import PERIOD


def heat_region(tiny, **chp):
    fields = {"start_eur": 0.0, "ramp_kw_per_s": 0.05, "uptime_h_min": 0.0, "downtime_h_min": 0.0}
    return tiny.region(
        tiny.asset("chp", **{**fields, **chp}),
        tiny.asset("boiler"),
        tiny.asset("heat_load"),
        tiny.asset("heat_storage"),
    )


def problem_of(tiny, region, price, *, running_s=7200.0, power_kw=-400.0, **inputs):
    state = {"running_s": running_s, "standing_s": 0.0 if running_s else 7200.0}
    if power_kw is not None:
        state["power_kw"] = power_kw
    return tiny.problem(
        region,
        price,
        expected_kw={"heat_load": np.full(len(price), 400.0)},
        states={"heat_storage": {"energy_kwh": 1000.0}, "chp": state},
        **inputs,
    )


def test_it_comes_down_by_the_ramp_before_it_stops(tiny, plan):
    made = plan(tiny_region := heat_region(tiny), problem_of(tiny, tiny_region, [-0.5] * 8))
    assert made.assets["chp"].power_kw[:5] == pytest.approx([-355.0, -310.0, -265.0, -220.0, -200.0])
    assert made.assets["chp"].power_kw[5] == pytest.approx(0.0)


def test_it_starts_at_its_least_load_and_rises_by_the_ramp(tiny, plan):
    region = heat_region(tiny)
    made = plan(region, problem_of(tiny, region, [0.6] * 8, running_s=0.0, power_kw=0.0))
    expected = [-200.0, -245.0, -290.0, -335.0, -380.0, -400.0, -400.0, -400.0]
    assert made.assets["chp"].power_kw == pytest.approx(expected)


def test_rules_keep_the_ramp(tiny):
    region = heat_region(tiny)
    problem = problem_of(tiny, region, [0.1] * 16, running_s=0.0, power_kw=0.0)
    made = rules_plan(problem, plan_id="r", issued_at=tiny.start)
    load = -made.assets["chp"].power_kw
    running = made.assets["chp"].states["running"] > 0.0
    both = running[1:] & running[:-1]
    assert (np.abs(np.diff(load))[both] <= 45.0 + 1e-6).all()
    assert (load[1:][running[1:] & ~running[:-1]] <= 200.0).all()


def test_a_limit_sooner_than_the_ramp_allows_is_reported(tiny, plan):
    region = heat_region(tiny)
    problem = problem_of(tiny, region, [0.6] * 8, limits=[tiny.limit("chp", -250.0, None)])
    made = plan(region, problem)
    assert made.assets["chp"].power_kw[:4] == pytest.approx([-355.0, -310.0, -265.0, -250.0])
    found = {breach.name: breach for breach in made.breaches}
    assert found["ramp"].size == pytest.approx(105.0)
    assert made.objective_eur["breach"] == pytest.approx(0.0, abs=1e-6)


def test_an_outage_trips_it_from_whatever_load(tiny, plan):
    region = heat_region(tiny)
    limit = tiny.limit("chp", 0.0, 0.0, start=tiny.start + 2 * PERIOD)
    made = plan(region, problem_of(tiny, region, [0.6] * 8, limits=[limit]))
    assert made.assets["chp"].power_kw == pytest.approx([-400.0] * 2 + [0.0] * 6)


def test_of_unknown_power_the_first_load_is_free_and_a_note_says_so(tiny, plan):
    region = heat_region(tiny)
    problem = problem_of(tiny, region, [0.6] * 4, power_kw=None)
    assert any("power_kw is unknown" in note for note in problem.notes)
    assert plan(region, problem).assets["chp"].power_kw[0] == pytest.approx(-400.0)


def test_a_machine_that_reaches_any_load_in_a_period_has_no_row_more(tiny):
    slow, fast = (
        layout_of(problem_of(tiny, heat_region(tiny, ramp_kw_per_s=ramp), [0.1] * 4)) for ramp in (0.05, 0.5)
    )
    assert slow.columns == fast.columns
    assert slow.rows - fast.rows == 2 * 3
