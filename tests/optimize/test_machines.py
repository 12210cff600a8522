"""Machines, stores and networks: what is derived, how switching is rounded, what is unknown."""

from datetime import UTC, datetime
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.errors import BadInput
from energy.optimize.drafts.offtake import offtake_kw
from energy.optimize.network_items import Machine
from energy.optimize.search.rounding import Wish, profile_of

PERIODS = 9


def machine(**changes):
    fields = {
        "asset_id": "m",
        "network": "town",
        "running_before": False,
        "running_share_min": np.zeros(PERIODS),
        "running_share_max": np.ones(PERIODS),
        "uptime_periods": 2,
        "downtime_periods": 2,
        "power_kw_least": 1.0,
        "power_kw_rated": 2.0,
        "power_kw_min": np.zeros(PERIODS),
        "power_kw_max": np.full(PERIODS, 2.0),
        "start_eur": 0.0,
    }
    return Machine(**{**fields, **changes})


def keeps_its_times(profile, item):
    before, age = item.running_before, 99
    for on in profile:
        if bool(on) != before:
            if age < (item.uptime_periods if before else item.downtime_periods):
                return False
            before, age = bool(on), 1
        else:
            age += 1
    return True


@settings(deadline=None, max_examples=60)
@given(
    eur=st.lists(st.integers(-5, 5), min_size=PERIODS, max_size=PERIODS),
    start_eur=st.integers(0, 6),
    up=st.integers(1, 4),
    down=st.integers(1, 4),
    before=st.booleans(),
    out=st.sampled_from([(), (0,), (4, 5)]),
)
def test_rounded_profile_is_the_cheapest_of_all_that_keep_the_times(*, eur, start_eur, up, down, before, out):
    most = np.ones(PERIODS)
    most[list(out)] = 0.0
    item = machine(uptime_periods=up, downtime_periods=down, running_before=before, running_share_max=most)

    def cost(profile):
        starts = np.maximum(0, np.diff(profile, prepend=float(before))).sum()
        return float(np.dot(profile, eur) + start_eur * starts)

    every = (
        np.array(profile, dtype=float)
        for profile in product((0.0, 1.0), repeat=PERIODS)
        if keeps_its_times(profile, item) and not any(profile[period] for period in out)
    )
    found = profile_of(item, Wish(running_eur=np.array(eur, dtype=float), start_eur=float(start_eur)))
    assert keeps_its_times(found, item)
    assert cost(found) == pytest.approx(min(cost(profile) for profile in every))


def test_what_is_left_of_the_least_times_is_kept(tiny):
    region = tiny.region(tiny.asset("chp"), tiny.asset("chp", "other"))
    problem = tiny.problem(
        region,
        [0.1] * 6,
        states={
            "chp": {"running_s": 1800.0, "standing_s": 0.0},
            "other": {"running_s": 0.0, "standing_s": 1000.0},
        },
    )
    running, standing = problem.members
    assert running.running_before
    assert running.running_share_min.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert standing.running_share_max.tolist() == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]


def test_a_limit_below_the_least_load_wins_over_the_least_time(tiny):
    region = tiny.region(tiny.asset("chp"))
    problem = tiny.problem(
        region,
        [0.1] * 4,
        states={"chp": {"running_s": 10.0, "standing_s": 0.0}},
        limits=[tiny.limit("chp", -100.0, None)],
    )
    assert problem.members[0].running_share_min.tolist() == [0.0] * 4
    assert problem.members[0].running_share_max.tolist() == [0.0] * 4


def test_unknown_states_of_networks_are_noted(tiny, plan):
    region = tiny.region(
        tiny.asset("chp"),
        tiny.asset("heat_pump"),
        tiny.asset("boiler"),
        tiny.asset("heat_load"),
        tiny.asset("heat_storage"),
        tiny.asset("electrolyser"),
        tiny.asset("hydrogen_storage"),
        tiny.asset("pumped_reservoir"),
    )
    problem = tiny.problem(
        region, [0.1] * 4, expected_kw={"heat_load": [400.0] * 4, "pumped_reservoir": [20.0] * 4}
    )
    made = plan(region, problem)
    assert len(problem.notes) == 7  # three machines, a temperature, two stores, a reservoir
    assert made.assets["pumped_reservoir"].power_kw.tolist() == [20.0] * 4
    assert made.assets["heat_storage"].states["heat_kw"] == pytest.approx([0.0] * 4)
    assert "energy_kwh" not in made.assets["heat_storage"].states
    assert made.objective_eur["unserved"] == pytest.approx(0.0)


def test_offtake_keeps_its_energy_over_a_change_of_the_clock(tiny):
    # Summer time begins at 01:00 UTC on 29 March 2020: the window from 1 to 5 o'clock has three hours.
    asset = tiny.asset("hydrogen_storage", offtake_from="01:00", offtake_until="05:00")
    zone = tiny.region(asset).zone
    made = offtake_kw(asset, zone=zone, start=datetime(2020, 3, 28, 23, tzinfo=UTC), periods=92)
    assert made.sum() * 0.25 == pytest.approx(2400.0)
    assert np.count_nonzero(made) == 12


def test_marginal_prices_of_heat_and_hydrogen_are_what_makes_them(tiny, plan):
    region = tiny.region(tiny.asset("boiler"), tiny.asset("heat_load"), co2_eur_per_t=50.0)
    problem = tiny.problem(region, [0.1] * 3, expected_kw={"heat_load": [400.0, 0.0, 800.0]})
    made = plan(region, problem)
    price = made.marginal_price_eur_per_kwh["heat.town"]
    assert price[[0, 2]] == pytest.approx([(0.05 + 0.2 * 50.0 / 1000.0) / 0.9] * 2)
    assert made.objective_eur["co2"] == pytest.approx(300.0 / 0.9 * 0.2 * 50.0 / 1000.0)


def test_a_store_is_not_emptied_at_the_end_for_nothing(tiny, plan):
    region = tiny.region(
        tiny.asset("boiler"), tiny.asset("heat_load"), tiny.asset("heat_storage", loss_fraction_per_h=0.0)
    )
    problem = tiny.problem(
        region,
        [0.1] * 4,
        expected_kw={"heat_load": [400.0] * 4},
        states={"heat_storage": {"energy_kwh": 1000.0}},
    )
    store = problem.members[2]
    made = plan(region, problem)
    assert store.terminal_eur_per_kwh == pytest.approx(0.05 / 0.9)
    burnt = made.objective_eur["fuel"] + made.objective_eur["terminal"]
    assert burnt == pytest.approx(400.0 * 0.05 / 0.9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature_c": np.array([1.0, np.nan])}, "temperature_c[1]"),
        ({"temperature_c": np.array([1.0])}, "shape (1,)"),
        ({"nominated_kw": np.array([np.nan, 1e9])}, "nominated_kw[1]"),
        ({"states": {"chp": {"energy_kwh": 1.0}}}, "running_s, standing_s"),
        ({"expected_kw": {"chp": [1.0, 1.0]}}, "no such asset with a forecast"),
    ],
)
def test_bad_inputs_of_new_kinds_are_refused(tiny, changes, words):
    with pytest.raises(BadInput) as caught:
        tiny.problem(tiny.region(tiny.asset("chp")), [0.1, 0.1], **changes)
    assert words in str(caught.value)
