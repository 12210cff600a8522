"""All kinds together in the simulated world: books, own control, commands, copies."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy.devices.plant.field import SimulatedField
from energy.devices.plant.store import Saved, StateStore
from energy.devices.plant.world import World
from energy.domain import FloatArray, Point
from energy.errors import BadInput
from energy.region.history import RegionHistory
from energy.region.model import Region
from tests.devices.plant.valley import BEGIN, valley

HOUR = timedelta(hours=1)
START = BEGIN + 6 * HOUR


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return valley(tmp_path_factory.mktemp("valley") / "valley")


def world_of(region: Region, *, start: datetime = START) -> World:
    return SimulatedField(region, start=start, seed=1, state_folder=None).world


def drive(world: World, *, hours: float, commands: dict[str, float] | None = None) -> None:
    """Go on minute by minute, renewing the commands."""
    for _ in range(round(hours * 60)):
        for asset_id, power_kw in (commands or {}).items():
            world.write(asset_id, power_kw)
        world.advance_to(world.at + timedelta(minutes=1))


def net_kwh(values: dict[str, float]) -> float:
    return values["energy_kwh_drawn"] - values["energy_kwh_fed_in"]


COMMANDS = st.fixed_dictionaries(
    {
        "battery": st.floats(-1200.0, 1200.0),
        "chp": st.floats(-2500.0, 0.0),
        "heat_pump": st.floats(0.0, 900.0),
        "electrolyser": st.floats(0.0, 2500.0),
        "water": st.floats(0.0, 500.0),
        "pellets": st.floats(0.0, 1000.0),
        "freezer": st.floats(0.0, 1000.0),
        "pv": st.floats(-2000.0, 0.0),
    }
)


@given(orders=st.lists(COMMANDS, min_size=1, max_size=4), minutes=st.integers(1, 90))
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_balance_closes_whatever_is_commanded(region: Region, orders: list, minutes: int) -> None:
    world = world_of(region)
    first = world.truth()
    for commands in orders:
        for asset_id, power_kw in commands.items():
            world.write(asset_id, power_kw)
        world.advance_to(world.at + timedelta(minutes=minutes))
    truth = world.truth()
    _check_electricity(region, truth)
    _check_heat(first, truth)
    taken_kwh = truth["gas_store"]["hydrogen_kwh"] + truth["gas_store"]["energy_kwh"]
    made_kwh = truth["electrolyser"]["hydrogen_kwh"] + first["gas_store"]["energy_kwh"]
    assert made_kwh == pytest.approx(taken_kwh, abs=1e-4)
    pumped_m3 = truth["water"]["energy_kwh_drawn"] / 0.5 + first["water"]["volume_m3"]
    assert pumped_m3 == pytest.approx(
        truth["water"]["volume_m3_delivered"] + truth["water"]["volume_m3"], abs=1e-4
    )


def _check_electricity(region: Region, truth: dict[str, dict[str, float]]) -> None:
    members = [asset.id for asset in region.members if "power_kw" in truth[asset.id]]
    assert truth["grid_point"]["power_kw"] == pytest.approx(
        sum(truth[one]["power_kw"] for one in members), abs=1e-6
    )
    assert net_kwh(truth["grid_point"]) == pytest.approx(
        sum(net_kwh(truth[one]) for one in members), abs=1e-5
    )
    for feeder in region.feeders:
        behind = [one.id for one in region.members_of(feeder.id)]
        assert truth[feeder.id]["power_kw"] == pytest.approx(
            sum(truth[one]["power_kw"] for one in behind), abs=1e-6
        )
        assert net_kwh(truth[feeder.id]) == pytest.approx(
            sum(net_kwh(truth[one]) for one in behind), abs=1e-5
        )
    for side, fraction in (("north", 0.03), ("south", 0.02)):
        drawn_kwh = truth[f"load_{side}"]["energy_kwh_drawn"]
        assert truth[f"loss_{side}"]["energy_kwh_drawn"] == pytest.approx(fraction * drawn_kwh)


def _check_heat(first: dict[str, dict[str, float]], truth: dict[str, dict[str, float]]) -> None:
    made_kwh = sum(truth[one]["heat_kwh"] for one in ("chp", "heat_pump", "town_boiler"))
    used_kwh = truth["town_heat"]["heat_kwh"] + truth["town_heat"]["energy_kwh_dumped"]
    kept_kwh = truth["town_store"]["energy_kwh"] - first["town_store"]["energy_kwh"]
    assert made_kwh == pytest.approx(used_kwh + kept_kwh + truth["town_store"]["energy_kwh_lost"], abs=1e-4)


def test_a_frosty_week_without_anybody_commanding_is_served_in_full(region: Region) -> None:
    world = world_of(region, start=BEGIN).copy(substep_s=60.0)
    world.advance_to(BEGIN + timedelta(days=7))
    truth = world.truth()
    assert min(world.shown("heat_pump")[Point.TEMPERATURE_C], -10.0) < 0.0
    for asset_id in ("town_heat", "school_heat", "gas_store", "water", "hub", "pellets", "freezer"):
        assert truth[asset_id]["energy_kwh_unserved"] == pytest.approx(0.0, abs=1e-6), asset_id
    assert truth["town_heat"]["heat_kwh"] > 500_000.0
    assert truth["chp"]["starts"] <= 14
    assert truth["chp"]["fuel_kwh"] == pytest.approx(3.0 * truth["chp"]["energy_kwh_fed_in"], rel=0.02)
    assert truth["water"]["volume_m3"] > 500.0
    assert truth["electrolyser"]["hydrogen_kwh"] == pytest.approx(7 * 18_000.0, rel=0.01)


def test_sixty_second_steps_end_where_five_second_steps_end_but_for_the_noise(region: Region) -> None:
    fine = world_of(region)
    coarse = fine.copy(substep_s=60.0)
    for world in (fine, coarse):
        drive(world, hours=6, commands={"chp": -1600.0, "heat_pump": 0.0, "battery": 300.0})
    ours, theirs = fine.truth(), coarse.truth()
    for asset_id, name, tolerance in (
        ("grid_point", "energy_kwh_drawn", 30.0),
        ("town_store", "energy_kwh", 24.0),
        ("gas_store", "energy_kwh", 1.0),
        ("water", "volume_m3", 3.0),
        ("hub", "energy_kwh_drawn", 1.0),
    ):
        assert theirs[asset_id][name] == pytest.approx(ours[asset_id][name], abs=tolerance), asset_id


def test_a_copy_goes_its_own_way_and_can_be_gone_back_to(region: Region) -> None:
    world = world_of(region)
    drive(world, hours=0.5, commands={"chp": -2000.0})
    kept, before = world.copy(), world.truth()
    other = world.copy()
    other.write("battery", 900.0)
    drive(other, hours=0.5)
    assert world.truth() == before
    world.copy().resume(other.at, other.states)
    assert world.truth() == before
    drive(world, hours=0.25, commands={"chp": -1500.0})
    drive(kept, hours=0.25, commands={"chp": -1500.0})
    assert kept.truth() == world.truth()


class Forecast:
    """A nature that expects the same of every moment."""

    def __init__(self, region: Region, *, until: datetime) -> None:
        moved = ("load_north", "load_south", "pv", "hub", "pellets", "freezer", "water", "town_heat")
        self.asset_ids = (*moved, "school_heat")
        self.start, self.end = BEGIN, until
        self.region = region

    def power_kw(self, times_s: FloatArray) -> FloatArray:
        return np.full((len(self.asset_ids), times_s.size), 400.0)

    def temperature_c(self, times_s: FloatArray) -> FloatArray:
        return np.full(times_s.size, -5.0)


def test_a_copy_can_live_under_a_forecast(region: Region) -> None:
    world = world_of(region)
    drive(world, hours=0.2)
    other = world.copy(nature=Forecast(region, until=START + 10 * HOUR), substep_s=60.0)
    other.advance_to(START + 5 * HOUR)
    assert other.truth()["load_north"]["power_kw"] == 400.0
    assert other.truth()["heat_pump"]["temperature_c"] == -5.0
    assert world.truth()["load_north"]["power_kw"] > 1000.0
    with pytest.raises(BadInput, match="reaches from"):
        other.advance_to(START + 11 * HOUR)


def test_a_nature_that_lacks_an_asset_is_refused_with_its_name(region: Region) -> None:
    short = Forecast(region, until=START + HOUR)
    short.asset_ids = short.asset_ids[:-1]
    with pytest.raises(BadInput, match="school_heat"):
        world_of(region).copy(nature=short)


def test_a_heat_pump_without_a_temperature_is_refused(region: Region) -> None:
    class Blind(Forecast):
        def temperature_c(self, times_s: FloatArray) -> FloatArray:
            return np.full(times_s.size, np.nan)

    with pytest.raises(BadInput, match="heat_pump"):
        world_of(region).copy(nature=Blind(region, until=START + HOUR))


def test_it_starts_half_full_and_standing(region: Region) -> None:
    truth = world_of(region).truth()
    assert truth["town_store"]["energy_kwh"] == 6000.0
    assert truth["gas_store"]["energy_kwh"] == 10_500.0
    assert truth["water"]["volume_m3"] == pytest.approx(500.0 + 0.7 * 2500.0)
    for asset_id in ("chp", "heat_pump", "electrolyser"):
        assert truth[asset_id]["running_s"] == 0.0
        assert truth[asset_id]["standing_s"] > 24 * 3600.0
    assert truth["school_boiler"]["heat_kw"] == -truth["school_heat"]["heat_kw"] < 0.0


@pytest.mark.parametrize("asset_id", ["chp", "heat_pump", "water"])
def test_who_is_let_go_returns_to_its_own_control_and_shows_no_setpoint(
    region: Region, asset_id: str
) -> None:
    world = world_of(region)
    assert Point.POWER_KW_SETPOINT not in world.shown(asset_id)
    world.write(asset_id, 0.0)
    assert world.shown(asset_id)[Point.POWER_KW_SETPOINT] == 0.0
    world.advance_to(START + timedelta(seconds=175))
    assert Point.POWER_KW_SETPOINT in world.shown(asset_id)
    world.advance_to(START + timedelta(seconds=185))
    assert Point.POWER_KW_SETPOINT not in world.shown(asset_id)


def test_an_electrolyser_runs_flat_until_commanded_and_stands_by_when_let_go(region: Region) -> None:
    world = world_of(region)
    drive(world, hours=1)
    assert world.shown("electrolyser")[Point.HYDROGEN_KW] == pytest.approx(-750.0)
    assert Point.POWER_KW_SETPOINT not in world.shown("electrolyser")
    world.write("electrolyser", 1800.0)
    drive(world, hours=0.1)
    assert world.shown("electrolyser")[Point.POWER_KW_SETPOINT] == 20.0
    drive(world, hours=0.5)
    assert world.shown("electrolyser")[Point.POWER_KW] == 20.0


def test_a_restarted_plant_lets_every_machine_go(region: Region) -> None:
    world = world_of(region)
    for asset_id in ("chp", "heat_pump", "water", "electrolyser"):
        world.write(asset_id, -1500.0 if asset_id == "chp" else 300.0)
    world.resume(world.at, world.states)
    for asset_id in ("chp", "heat_pump", "water"):
        assert Point.POWER_KW_SETPOINT not in world.shown(asset_id)
    assert world.shown("electrolyser")[Point.POWER_KW_SETPOINT] == 20.0


def test_the_state_on_disk_is_the_state(region: Region, tmp_path: Path) -> None:
    world = world_of(region)
    drive(world, hours=2, commands={"chp": -2000.0})
    store = StateStore(tmp_path, region, seed=1)
    store.save(Saved(at=world.at, states=world.states))
    saved = store.load()
    assert saved == Saved(at=world.at, states=dict(world.states))
    other = world_of(region)
    other.resume(saved.at, saved.states)
    commanded = {"power_kw_setpoint", "power_kw_max", "power_kw_min"}
    for asset_id, values in world.truth().items():
        kept = {name: value for name, value in values.items() if name not in commanded}
        assert kept.items() <= other.truth()[asset_id].items(), asset_id


def test_nature_tells_the_temperature_of_the_quarter_hour(region: Region) -> None:
    world = world_of(region)
    expected_c = RegionHistory(region).temperature_c().at(START)
    assert expected_c < 0.0
    assert world.shown("heat_pump")[Point.TEMPERATURE_C] == expected_c
