"""What a nameplate makes believable, and what it forbids."""

import dataclasses
import math
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from energy.devices.map_library import maps_of
from energy.devices.nameplate import ROUNDING_KW, believable, refusal
from energy.domain import Level, Point, Setpoint
from energy.region.loader import load_region
from tests.devices.conftest import AT

REGION = load_region("musterstadt")
MAPS = maps_of(REGION)
BATTERY = REGION.asset("battery")
SETPOINT = MAPS[BATTERY.device.profile].point(Point.POWER_KW_SETPOINT)


@settings(deadline=None)
@given(st.floats())
def test_only_what_the_nameplate_allows_may_be_written(power_kw: float) -> None:
    lowest_kw, highest_kw = BATTERY.power_kw_nameplate
    wanted = Setpoint(
        asset_id="battery",
        point=Point.POWER_KW_SETPOINT,
        power_kw=power_kw,
        valid_until=AT + timedelta(seconds=1),
        level=Level.PLAN,
        reason="drawn",
    )
    allowed = math.isfinite(power_kw) and lowest_kw - ROUNDING_KW <= power_kw <= highest_kw + ROUNDING_KW
    assert (refusal(BATTERY, SETPOINT, wanted, AT) is None) == allowed


def test_the_grid_point_is_believed_beyond_its_agreement_so_that_a_breach_is_seen() -> None:
    point = MAPS[REGION.grid_point.device.profile].point(Point.POWER_KW)
    assert point is not None
    plausible = believable(REGION, REGION.grid_point, Point.POWER_KW, point).plausible
    lowest_kw = sum(asset.power_kw_nameplate[0] for asset in REGION.members)
    highest_kw = sum(asset.power_kw_nameplate[1] for asset in REGION.members)
    assert plausible.min < lowest_kw < -REGION.grid_point.power_kw_export_max
    assert plausible.max > highest_kw > REGION.grid_point.power_kw_import_max


def test_a_nameplate_only_ever_narrows_what_the_map_says() -> None:
    for asset in REGION.assets:
        for point in MAPS[asset.device.profile].points:
            narrowed = believable(REGION, asset, point.name, point.readback_register)
            own = point.readback_register.plausible
            assert own.min <= narrowed.plausible.min < narrowed.plausible.max <= own.max
            assert dataclasses.replace(narrowed, plausible=own) == point.readback_register
