"""The world's books close, it is repeatable, and unfed devices fall back."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy.devices.plant.field import SimulatedField
from energy.errors import BadInput
from energy.region.model import Region
from tests.devices.plant.conftest import HISTORY_START, START


def field_of(region: Region, *, seed: int = 1) -> SimulatedField:
    return SimulatedField(region, start=START, seed=seed, state_folder=None)


@given(
    battery_kw=st.lists(st.floats(-1500.0, 1500.0), min_size=1, max_size=6),
    spans_s=st.lists(st.floats(0.5, 2000.0), min_size=6, max_size=6),
)
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_grid_point_is_the_sum_of_all_members(
    region: Region, battery_kw: list[float], spans_s: list[float]
) -> None:
    world = field_of(region).world
    for power_kw, span_s in zip(battery_kw, spans_s, strict=False):
        world.write("battery", power_kw)
        world.advance_to(world.at + timedelta(seconds=span_s))
        truth = world.truth()
        members = [asset_truth for asset_id, asset_truth in truth.items() if asset_id != "grid_point"]
        exchange = truth["grid_point"]
        assert exchange["power_kw"] == pytest.approx(sum(one["power_kw"] for one in members), abs=1e-6)
        net_kwh = exchange["energy_kwh_drawn"] - exchange["energy_kwh_fed_in"]
        expected_kwh = sum(one["energy_kwh_drawn"] - one["energy_kwh_fed_in"] for one in members)
        assert net_kwh == pytest.approx(expected_kwh, abs=1e-6)
        assert truth["loss"]["energy_kwh_drawn"] == pytest.approx(0.04 * truth["load"]["energy_kwh_drawn"])
        assert 100.0 <= truth["battery"]["energy_kwh"] <= 1900.0


def test_how_time_is_cut_changes_nothing(region: Region) -> None:
    fine, coarse = field_of(region).world, field_of(region).world
    for world, step_s in ((fine, 5), (coarse, 60)):
        world.write("battery", 400.0)
        for _ in range(120 // step_s):
            world.advance_to(world.at + timedelta(seconds=step_s))
    assert fine.truth() == coarse.truth()


def test_a_command_that_is_not_fed_is_dropped_after_the_watchdog_time(region: Region) -> None:
    world = field_of(region).world
    assert world.write("battery", 400.0) == 400.0
    world.advance_to(START + timedelta(seconds=175))
    assert world.truth()["battery"]["power_kw"] == 400.0
    world.advance_to(START + timedelta(seconds=190))
    assert world.truth()["battery"]["power_kw_setpoint"] == 0.0
    assert world.truth()["battery"]["power_kw"] == 0.0


def test_a_dropped_command_stays_dropped(region: Region) -> None:
    world = field_of(region).world
    world.write("hub", 400.0)
    world.advance_to(START + timedelta(seconds=200))
    world.hear("hub")
    assert world.truth()["hub"]["power_kw_max"] == 60.0


def test_reading_feeds_the_watchdog_only_where_the_map_says_so(region: Region) -> None:
    world = field_of(region).world
    world.write("hub", 400.0)
    world.write("battery", 400.0)
    for _ in range(4):
        world.advance_to(world.at + timedelta(seconds=60))
        world.hear("hub")
        world.hear("battery")
    assert world.truth()["hub"]["power_kw_max"] == 400.0
    assert world.truth()["battery"]["power_kw_setpoint"] == 0.0


def test_a_device_clamps_a_command_to_its_nameplate(region: Region) -> None:
    world = field_of(region).world
    assert world.write("battery", 5000.0) == 1000.0
    assert world.write("pv", -9000.0) == -2000.0


def test_a_command_that_is_no_number_is_refused(region: Region) -> None:
    with pytest.raises(ValueError, match="power_kw"):
        field_of(region).world.write("battery", float("nan"))


def test_it_starts_with_sensible_states(region: Region) -> None:
    truth = field_of(region).world.truth()
    assert truth["battery"]["energy_kwh"] == 1000.0
    assert truth["pv"]["power_kw_min"] == -2000.0, "a device that was never commanded runs free"
    assert truth["pv"]["power_kw"] == pytest.approx(truth["pv"]["power_kw_available"])
    assert truth["pv"]["power_kw_available"] < -1000.0
    assert truth["hub"]["energy_kwh_backlog"] == 0.0, "a free hub has charged its vehicles on arrival"
    assert truth["hub"]["energy_kwh_arrived"] == pytest.approx(truth["hub"]["energy_kwh_backlog"])
    assert truth["hub"]["energy_kwh_unserved"] == 0.0


@pytest.mark.parametrize("days", [-1, 2])
def test_a_start_outside_the_history_is_refused_with_the_span(region: Region, days: int) -> None:
    start = HISTORY_START + timedelta(days=days)
    with pytest.raises(BadInput, match="reaches from 2020-06-01T00:00:00Z to 2020-06-02T00:00:00Z"):
        SimulatedField(region, start=start, seed=1, state_folder=None)


def test_it_starts_at_any_moment_of_the_history(region: Region) -> None:
    for minutes in (0, 7, 15, 600, 1430):
        start = HISTORY_START + timedelta(minutes=minutes)
        field = SimulatedField(region, start=start, seed=1, state_folder=None)
        field.advance_to(start + timedelta(minutes=10))
        hub = field.world.truth()["hub"]
        accounted = hub["energy_kwh_drawn"] + hub["energy_kwh_unserved"] + hub["energy_kwh_backlog"]
        assert accounted == pytest.approx(hub["energy_kwh_arrived"], abs=1e-6)
