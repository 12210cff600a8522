"""The coldest week of the shipped year, and nobody controls: what the devices owe by themselves."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from energy.devices.plant.field import SimulatedField
from energy.devices.plant.world import World
from energy.periods import PERIOD
from energy.region.battery import Battery
from energy.region.electrolyser import Electrolyser
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir

WEEK_PERIODS = 7 * 96
SUBSTEP_S = 60.0
WATCHDOG_S = 180.0
"""Of the shipped register maps: after so long without a command a device is on its own."""


def coldest_week(region: Region) -> datetime:
    """The start of the seven days with the lowest mean temperature."""
    series = RegionHistory(region).temperature_c()
    sums = np.convolve(series.values, np.ones(WEEK_PERIODS), mode="valid")
    return series.start + int(np.argmin(sums)) * PERIOD


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("fichtelgebirge")


@pytest.fixture(scope="module")
def before(region: Region) -> World:
    """The world at the moment the controller dies: it had just stopped everything that can be stopped."""
    start = coldest_week(region)
    world = SimulatedField(region, start=start, seed=1, state_folder=None).world.copy(substep_s=SUBSTEP_S)
    for asset in region.assets:
        if asset.dispatch_point is not None:
            world.write(asset.id, 0.0)
    world.advance_to(start + timedelta(seconds=60))
    return world


@pytest.fixture(scope="module")
def after(before: World) -> World:
    """The same world a week later, with nobody having spoken to it."""
    world = before.copy()
    world.advance_to(before.at + timedelta(days=7))
    return world


def grown(before: World, after: World, asset_id: str, name: str) -> float:
    return after.truth()[asset_id][name] - before.truth()[asset_id][name]


def test_it_is_a_frost_week(region: Region, before: World) -> None:
    outside_c = RegionHistory(region).temperature_c().window(before.at, WEEK_PERIODS)
    assert outside_c.mean() < 0.0


def test_the_controller_had_stopped_the_machines(before: World) -> None:
    truth = before.truth()
    assert truth["chp_a"]["power_kw"] == truth["chp_b"]["power_kw"] == truth["heat_pump_b"]["power_kw"] == 0.0


def test_district_heat_is_served_by_local_control(before: World, after: World) -> None:
    for heat_load in ("heat_load_a", "heat_load_b"):
        assert grown(before, after, heat_load, "heat_kwh") > 0.0
        assert after.truth()[heat_load]["energy_kwh_unserved"] == 0.0
    for machine in ("chp_a", "chp_b", "heat_pump_b"):
        assert grown(before, after, machine, "heat_kwh") > 0.0, "own control started it"


def test_heat_is_conserved_over_the_week(region: Region, before: World, after: World) -> None:
    for network in region.heat_networks:
        parts = [asset for asset in region.assets if getattr(asset, "heat_network", None) == network.id]
        made = sum(
            grown(before, after, asset.id, "heat_kwh")
            for asset in parts
            if asset.kind in {"chp", "heat_pump", "boiler"}
        )
        [load] = [asset.id for asset in parts if asset.kind == "heat_load"]
        [store] = [asset.id for asset in parts if asset.kind == "heat_storage"]
        kept = grown(before, after, store, "energy_kwh") + grown(before, after, store, "energy_kwh_lost")
        dumped = grown(before, after, load, "energy_kwh_dumped")
        assert made == pytest.approx(grown(before, after, load, "heat_kwh") + kept + dumped, rel=1e-9)


def test_water_keeps_the_fire_reserve_all_week(region: Region, before: World) -> None:
    [works] = [asset for asset in region.assets if isinstance(asset, PumpedReservoir)]
    world = before.copy()
    for hour in range(1, 7 * 24 + 1):
        world.advance_to(before.at + timedelta(hours=hour))
        assert world.truth()[works.id]["volume_m3"] >= works.volume_m3_min, f"hour {hour}"


def test_everything_else_falls_back_to_its_named_safe_state(region: Region, before: World) -> None:
    world = before.copy()
    world.advance_to(before.at + timedelta(seconds=WATCHDOG_S + 120.0))
    truth = world.truth()
    for asset in region.assets:
        safe = asset.safe_state
        if safe is None:
            continue
        if safe.power_kw is None:
            assert safe.point.value not in truth[asset.id], f"{asset.id} is on its own control"
        else:
            assert truth[asset.id][safe.point.value] == safe.power_kw
        if isinstance(asset, Battery):
            assert truth[asset.id]["power_kw"] == 0.0
        if isinstance(asset, Electrolyser):
            assert truth[asset.id]["power_kw"] == asset.power_kw_standby
