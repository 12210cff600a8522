"""Where a device is after a silence is judged by the asset's safe state, whatever its map claims."""

import dataclasses
from datetime import UTC, datetime
from typing import Literal

import pytest

from energy.app.commissioning_moves import Present, Size
from energy.app.commissioning_silence import Fallen, fallen_of, lifts_a_limit
from energy.devices.map_library import maps_of
from energy.devices.register_map import Write
from energy.domain import Point, Quality, Reading
from energy.region.loader import load_region
from energy.region.model import Asset

REGION = load_region("musterstadt")
WIND, BATTERY, HUB = (REGION.asset(asset_id) for asset_id in ("wind_park", "battery", "ev_hub"))
CHP = next(asset for asset in load_region("fichtelgebirge").assets if asset.kind == "chp")
AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def fallen(
    asset: Asset,
    held_kw: float | None,
    *,
    setpoint_kw: float,
    power_kw: float | None = None,
    quality: Quality = Quality.NOT_IMPLEMENTED,
) -> Fallen:
    point = asset.dispatch_point
    assert point is not None
    held = Reading(
        asset_id=asset.id,
        point=point,
        value=held_kw,
        quality=quality if held_kw is None else Quality.GOOD,
        measured_at=AT,
    )
    size = Size(step_kw=300.0, tolerance_kw=100.0)
    return fallen_of(
        asset, held=held, power_kw=power_kw, setpoint_kw=setpoint_kw, held_tolerance_kw=1.0, size=size
    )


@pytest.mark.parametrize(
    ("held_kw", "where"),
    [
        (-3600.0, Fallen.SHOWN),
        (-2400.0, Fallen.SHOWN),
        (-3602.0, Fallen.ELSEWHERE),
        (-6000.0, Fallen.ELSEWHERE),
        (-1800.0, Fallen.ELSEWHERE),
    ],
)
def test_a_bound_must_be_as_tight_as_the_safe_state_and_not_the_value_that_was_told(
    held_kw: float, where: Fallen
) -> None:
    assert fallen(WIND, held_kw, setpoint_kw=-1800.0, power_kw=-1700.0) is where


def test_a_bound_on_drawing_must_be_as_tight_as_the_safe_state() -> None:
    assert fallen(HUB, 120.0, setpoint_kw=400.0) is Fallen.SHOWN
    assert fallen(HUB, 0.0, setpoint_kw=400.0) is Fallen.SHOWN
    assert fallen(HUB, 600.0, setpoint_kw=400.0) is Fallen.ELSEWHERE


def test_power_alone_never_proves_a_bound() -> None:
    assert fallen(WIND, None, setpoint_kw=-1800.0, power_kw=-2100.0) is Fallen.UNSEEN
    assert fallen(WIND, -1800.0, setpoint_kw=-1800.0, power_kw=-2100.0) is Fallen.UNSEEN
    assert fallen(WIND, -1800.0, setpoint_kw=-1800.0, power_kw=-1700.0) is Fallen.ELSEWHERE


def test_power_proves_a_setpoint_that_is_dropped() -> None:
    assert fallen(BATTERY, None, setpoint_kw=-300.0, power_kw=0.0) is Fallen.BY_POWER
    assert fallen(BATTERY, None, setpoint_kw=-300.0, power_kw=-300.0) is Fallen.ELSEWHERE
    assert fallen(BATTERY, None, setpoint_kw=-300.0) is Fallen.ELSEWHERE
    assert fallen(BATTERY, 50.0, setpoint_kw=-300.0, power_kw=0.0) is Fallen.ELSEWHERE, "it shows otherwise"


def test_own_control_holds_nothing() -> None:
    assert fallen(CHP, None, setpoint_kw=-300.0) is Fallen.SHOWN
    assert fallen(CHP, 0.0, setpoint_kw=-300.0) is Fallen.ELSEWHERE, "standing is not its own control"
    assert fallen(CHP, None, setpoint_kw=-300.0, quality=Quality.COMM_ERROR) is Fallen.ELSEWHERE


def rules(safe_value_kw: float | Literal["by_region", "own_control", "unknown"]) -> Write:
    point = maps_of(REGION)[WIND.device.profile].point(Point.POWER_KW_MIN)
    assert point is not None
    assert point.write is not None
    return dataclasses.replace(point.write, safe_value_kw=safe_value_kw)


@pytest.mark.parametrize(
    ("safe_value_kw", "limit_kw", "lifts"),
    [
        ("by_region", -4000.0, False),
        ("by_region", -3000.0, True),
        (-6000.0, -4000.0, True),
        (-2000.0, -3000.0, True),
        (-2000.0, -3600.0, False),
        ("own_control", -4000.0, True),
        ("unknown", -4000.0, True),
        ("own_control", None, False),
    ],
)
def test_silence_must_not_lift_somebody_elses_limit(
    safe_value_kw: float | Literal["by_region", "own_control", "unknown"],
    limit_kw: float | None,
    *,
    lifts: bool,
) -> None:
    present = Present(power_kw=-2000.0, limit_kw_min=limit_kw)
    assert lifts_a_limit(WIND, rules(safe_value_kw), present) is lifts
