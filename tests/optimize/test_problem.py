"""What may be planned on, and what is derived from it."""

from datetime import timedelta

import numpy as np
import pytest

from energy.arbitration import ORDER
from energy.domain import Level
from energy.errors import BadInput
from energy.optimize.drafts.ev_schedule import arrived_energy_kwh, due_energy_kwh
from energy.optimize.drafts.power_bounds import RANK
from energy.optimize.drafts.terminal_values import terminal_value_eur_per_kwh
from energy.optimize.problem import problem_from
from energy.periods import PERIOD

NAN = float("nan")


def inputs(tiny, **changes):
    region = tiny.region(tiny.asset("load"), tiny.asset("pv"), tiny.asset("battery"), tiny.asset("ev_hub"))
    given = {
        "start": tiny.start,
        "prices": tiny.prices(0.1, 0.2, 0.3),
        "expected_kw": {"load": np.ones(3), "pv": -np.ones(3), "ev_hub": np.ones(3)},
        "states": {"battery": {"energy_kwh": 500.0}, "ev_hub": {"energy_kwh_backlog": 5.0}},
    }
    return region, {**given, **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"expected_kw": {"load": np.array([1.0, NAN, NAN])}},
            ["expected_kw.load[1] 2020-06-01T00:15:00Z", "nan", "finite (2 periods)"],
        ),
        ({"expected_kw": {"load": np.array([1.0, 1.0, -3.5])}}, ["expected_kw.load[2]", "-3.5", "draws"]),
        ({"expected_kw": {"pv": np.array([0.0, 7.0, 0.0])}}, ["expected_kw.pv[1]", "7.0", "feeds in"]),
        ({"expected_kw": {"load": np.ones(2)}}, ["expected_kw.load", "shape (2,)", "(3,)"]),
        ({"expected_kw": {"load": np.full(3, 1e9)}}, ["expected_kw.load[0]", "check the unit"]),
        ({"expected_kw": {"nobody": np.ones(3)}}, ["expected_kw.nobody", "no such asset"]),
        ({"states": {"battery": {"energy_kwh": NAN}}}, ["states.battery.energy_kwh", "nan"]),
        ({"states": {"battery": {"energy_kwh": -1.0}}}, ["states.battery.energy_kwh", "-1.0"]),
        ({"states": {"load": {"energy_kwh": 1.0}}}, ["states.load.energy_kwh", "no such state"]),
        (
            {"import_co2_kg_per_kwh": np.array([0.4, 400.0, 0.4])},
            ["import_co2_kg_per_kwh[1]", "400.0", "g/kWh"],
        ),
        ({"billed_peak_kw": float("inf")}, ["billed_peak_kw", "inf"]),
        ({"unavailable": ["load"]}, ["unavailable", "load"]),
    ],
)
def test_bad_numbers_are_refused_with_asset_period_and_value(tiny, changes, words):
    region, given = inputs(tiny)
    for name, value in changes.items():
        given[name] = {**given[name], **value} if isinstance(given.get(name), dict) else value
    with pytest.raises(BadInput) as caught:
        problem_from(region, **given)
    for word in words:
        assert word in str(caught.value)


def test_missing_series_is_refused(tiny):
    region, given = inputs(tiny, expected_kw={})
    with pytest.raises(BadInput) as caught:
        problem_from(region, **given)
    assert [fault.place for fault in caught.value.faults] == [
        "expected_kw.load",
        "expected_kw.pv",
        "expected_kw.ev_hub",
    ]


def test_all_faults_come_at_once(tiny):
    region, given = inputs(tiny, prices=tiny.prices(0.1, NAN, 95.0), billed_peak_kw=-1.0)
    given["limits"] = [
        tiny.limit("nobody", None, None),
        tiny.limit("battery", NAN, None),
        tiny.limit("pv", 3.0, -3.0),
    ]
    with pytest.raises(BadInput) as caught:
        problem_from(region, **given)
    places = [fault.place for fault in caught.value.faults]
    assert places == [
        "prices[1] 2020-06-01T00:15:00Z",
        "prices[2] 2020-06-01T00:30:00Z",
        "limits.limit_nobody",
        "limits.limit_battery",
        "limits.limit_pv",
        "billed_peak_kw",
    ]


def test_start_must_be_the_prices_quarter_hour(tiny):
    region, given = inputs(tiny, start=tiny.start + timedelta(minutes=1))
    with pytest.raises(BadInput, match="quarter hour"):
        problem_from(region, **given)
    region, given = inputs(tiny, start=tiny.start + PERIOD)
    with pytest.raises(BadInput, match="first period"):
        problem_from(region, **given)


def test_unknown_states_are_named_and_not_guessed(tiny):
    region, given = inputs(tiny, states={})
    problem = problem_from(region, **given)
    battery, hub = problem.members[2:]
    assert battery.energy_kwh is None
    assert not battery.power_kw_max.any()
    assert hub.arrived_kwh[0] == pytest.approx(0.25)
    assert len(problem.notes) == 2
    assert all("unknown" in note for note in problem.notes)


def test_grid_operators_limit_wins_over_the_operators(tiny):
    region, given = inputs(tiny)
    given["limits"] = [
        tiny.limit("battery", 50.0, 60.0, limit_id="b", level=Level.OPERATOR),
        tiny.limit("battery", -10.0, 10.0, limit_id="a", level=Level.GRID_OPERATOR),
    ]
    problem = problem_from(region, **given)
    battery = problem.members[2]
    assert battery.power_kw_min.tolist() == battery.power_kw_max.tolist() == [10.0] * 3
    assert [(b.name, b.asset_id, b.size, b.unit) for b in problem.breaches] == [
        ("limit b", "battery", 40.0, "kW")
    ]


def test_limit_counts_in_every_period_that_it_touches(tiny):
    region, given = inputs(tiny)
    begin = tiny.start + timedelta(minutes=20)
    given["limits"] = [tiny.limit("battery", 0.0, 0.0, start=begin, until=begin + timedelta(minutes=1))]
    battery = problem_from(region, **given).members[2]
    assert battery.power_kw_max.tolist() == [400.0, 0.0, 400.0]


def test_source_that_cannot_be_curtailed_breaks_the_limit_and_says_so(tiny):
    region = tiny.region(tiny.asset("hydro", curtailable=False))
    problem = tiny.problem(
        region, [0.1], expected_kw={"hydro": [-80.0]}, limits=[tiny.limit("hydro", -30.0, None)]
    )
    assert problem.members[0].curtailed_kw_max.tolist() == [0.0]
    assert [(b.asset_id, b.size) for b in problem.breaches] == [("hydro", 50.0)]


def test_terminal_value_is_never_negative(tiny):
    battery = tiny.asset("battery", efficiency_discharge=0.8, wear_eur_per_kwh=0.02)
    assert terminal_value_eur_per_kwh(battery, 0.12) == pytest.approx(0.08)
    assert terminal_value_eur_per_kwh(battery, -0.1) == 0.0


@pytest.mark.parametrize("dwell_h", [1.0, 1.1, 3.0, 48.0])
def test_due_energy_never_runs_ahead_of_what_arrived(dwell_h):
    demand = np.random.default_rng(3).random(192) * 50.0
    arrived = arrived_energy_kwh(30.0, demand)
    due = due_energy_kwh(backlog_kwh=30.0, urgent_kwh=10.0, demand_kw=demand, dwell_h=dwell_h)
    assert (due <= arrived + 1e-9).all()
    assert (np.diff(due) >= -1e-9).all()
    assert due[3] >= 10.0 - 1e-9


def test_the_planner_ranks_levels_as_arbitration_does():
    assert list(RANK) == list(ORDER)
    assert set(RANK) == set(Level)
