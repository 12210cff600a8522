"""The small actuation that proves a sign never leaves what is safe for its kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.app.commissioning_moves import Move, NotNow, Present, Size, is_away, moves_of, silence_kw
from energy.commissioning import SIGN_TOLERANCES, step_kw_of, tolerance_of
from energy.domain import Point
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.loader import load_region
from energy.region.machine import Machine
from energy.region.model import Asset
from energy.region.pumped_reservoir import PumpedReservoir

REGION = load_region("fichtelgebirge")
COMMANDED = [asset for asset in REGION.assets if asset.dispatch_point is not None]
KINDS = {asset.kind: asset for asset in COMMANDED}


def size_of(asset: Asset) -> Size:
    nameplate_kw = max(abs(bound) for bound in asset.power_kw_nameplate)
    tolerance_kw = tolerance_of(nameplate_kw, 0.0)
    return Size(step_kw=step_kw_of(nameplate_kw, tolerance_kw), tolerance_kw=tolerance_kw)


def moves(
    asset: Asset, power_kw: float, *, fullness: float = 0.5, start: bool = False
) -> tuple[Move, ...] | NotNow:
    return moves_of(asset, present(asset, power_kw, fullness=fullness), size_of(asset), start=start)


def present(asset: Asset, power_kw: float, *, fullness: float) -> Present:
    energy_kwh = volume_m3 = None
    if isinstance(asset, Battery):
        energy_kwh = asset.energy_kwh_min + fullness * (asset.energy_kwh_max - asset.energy_kwh_min)
    if isinstance(asset, PumpedReservoir):
        volume_m3 = asset.volume_m3_min + fullness * (asset.volume_m3_max - asset.volume_m3_min)
    return Present(power_kw=power_kw, energy_kwh=energy_kwh, volume_m3=volume_m3)


def told_kw(found: tuple[Move, ...] | NotNow) -> list[float]:
    assert not isinstance(found, NotNow), found.reason
    return [move.setpoint_kw for move in found]


def test_a_battery_that_stands_between_two_steps_is_moved_far_enough_to_be_seen() -> None:
    battery = KINDS["battery"]
    size = size_of(battery)
    between_kw = 2.0 * size.step_kw - 1.5 * size.tolerance_kw
    assert told_kw(moves(battery, between_kw))[0] >= between_kw + 2.0 * size.tolerance_kw


@given(
    asset=st.sampled_from(COMMANDED),
    place=st.floats(0.0, 1.0),
    fullness=st.floats(0.0, 1.0),
    start=st.booleans(),
)
def test_no_move_leaves_the_nameplate_or_is_too_small_to_be_seen(
    asset: Asset, place: float, fullness: float, *, start: bool
) -> None:
    low_kw, high_kw = asset.power_kw_nameplate
    power_kw = low_kw + place * (high_kw - low_kw)
    found = moves(asset, power_kw, fullness=fullness, start=start)
    if isinstance(found, NotNow):
        assert found.reason
        return
    before_kw = power_kw
    for move in found:
        assert low_kw <= move.setpoint_kw <= high_kw
        assert abs(move.setpoint_kw - before_kw) >= 2.0 * size_of(asset).tolerance_kw * (1.0 - 1e-9)
        assert abs(move.setpoint_kw) > SIGN_TOLERANCES * size_of(asset).tolerance_kw, "a direction shows"
        assert move.follows_s > 0.0
        before_kw = move.setpoint_kw


def test_a_battery_charges_a_little_then_discharges_a_little() -> None:
    battery = KINDS["battery"]
    step_kw = size_of(battery).step_kw
    assert told_kw(moves(battery, 0.0)) == [step_kw, -step_kw]


def test_a_full_battery_only_discharges_and_an_empty_one_only_charges() -> None:
    battery = KINDS["battery"]
    step_kw = size_of(battery).step_kw
    assert told_kw(moves(battery, 0.0, fullness=1.0)) == [-step_kw]
    assert told_kw(moves(battery, 0.0, fullness=0.0)) == [step_kw]


def test_a_battery_whose_content_is_not_known_is_left_alone() -> None:
    battery = KINDS["battery"]
    found = moves_of(battery, Present(power_kw=0.0), size_of(battery), start=False)
    assert isinstance(found, NotNow)


@pytest.mark.parametrize("kind", ["pv", "wind"])
def test_a_source_is_held_a_little_below_what_it_yields(kind: str) -> None:
    asset = KINDS[kind]
    half_kw = 0.5 * asset.power_kw_nameplate[0]
    assert told_kw(moves(asset, half_kw)) == [pytest.approx(half_kw + size_of(asset).step_kw)]


@pytest.mark.parametrize("kind", ["pv", "wind"])
def test_a_dark_or_calm_source_is_left_for_later(kind: str) -> None:
    found = moves(KINDS[kind], 0.0)
    assert isinstance(found, NotNow)
    assert "later" in found.reason


def test_vehicles_keep_their_minimum_current() -> None:
    hub = KINDS["ev_hub"]
    assert isinstance(hub, EvHub)
    step_kw = size_of(hub).step_kw
    assert isinstance(moves(hub, hub.power_kw_safe + 0.5 * step_kw), NotNow)
    assert told_kw(moves(hub, hub.power_kw_safe + 2.0 * step_kw))[0] >= hub.power_kw_safe


@pytest.mark.parametrize("kind", ["chp", "heat_pump", "electrolyser"])
def test_a_machine_that_stands_is_started_only_on_demand(kind: str) -> None:
    machine = KINDS[kind]
    assert isinstance(machine, Machine)
    found = moves(machine, 0.0)
    assert isinstance(found, NotNow)
    assert "--start" in found.reason
    started = told_kw(moves(machine, 0.0, start=True))
    assert [abs(value) for value in started] == [machine.power_kw_least]


@pytest.mark.parametrize("kind", ["chp", "heat_pump", "electrolyser"])
def test_a_machine_that_runs_stays_between_its_least_and_its_rated_load(kind: str) -> None:
    machine = KINDS[kind]
    assert isinstance(machine, Machine)
    sign = -1.0 if machine.power_kw_nameplate[0] < 0.0 else 1.0
    for load_kw in (machine.power_kw_least, machine.power_kw_rated):
        (target_kw,) = told_kw(moves(machine, sign * load_kw))
        assert machine.power_kw_least <= sign * target_kw <= machine.power_kw_rated


def test_pumps_leave_the_fire_water_and_never_overflow() -> None:
    reservoir = KINDS["pumped_reservoir"]
    rated_kw = reservoir.power_kw_nameplate[1]
    assert told_kw(moves(reservoir, 0.5 * rated_kw))[0] < 0.5 * rated_kw
    assert told_kw(moves(reservoir, 0.5 * rated_kw, fullness=0.0))[0] > 0.5 * rated_kw
    assert isinstance(moves(reservoir, 0.0, fullness=1.0, start=True), NotNow)


@given(asset=st.sampled_from(COMMANDED), place=st.floats(0.0, 1.0), limit=st.floats(0.0, 1.0))
def test_silence_begins_on_a_value_inside_every_limit(asset: Asset, place: float, limit: float) -> None:
    low_kw, high_kw = asset.power_kw_nameplate
    limit_kw = low_kw + limit * (high_kw - low_kw)
    is_source = asset.dispatch_point is Point.POWER_KW_MIN
    bounds = (limit_kw, high_kw) if is_source else (low_kw, limit_kw)
    moved_kw = bounds[0] + place * (bounds[1] - bounds[0])
    found = Present(
        power_kw=moved_kw,
        limit_kw_min=limit_kw if is_source else None,
        limit_kw_max=None if is_source else limit_kw,
    )
    assert bounds[0] - 1e-9 <= silence_kw(asset, moved_kw, size_of(asset), found) <= bounds[1] + 1e-9


def test_silence_begins_beside_the_safe_state_so_that_the_fall_back_shows() -> None:
    for asset in COMMANDED:
        safe_kw = None if asset.safe_state is None else asset.safe_state.power_kw
        if safe_kw is not None:
            size = size_of(asset)
            chosen_kw = silence_kw(asset, safe_kw, size, Present(power_kw=safe_kw))
            assert is_away(chosen_kw, safe_kw, size), asset.id
