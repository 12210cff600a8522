"""What a region's maps must leave room for: a value is shown long before its device drops it."""

from pathlib import Path

import pytest

from energy.devices.map_library import check_devices
from energy.errors import BadInput
from tests.devices.test_map_library import own_map, region_with, shipped_text

CHANGES = (("tick_s: 5 ", "tick_s: 2 "), ("setpoint_valid_s: 150", "setpoint_valid_s: 18"))


@pytest.mark.parametrize(("settles_s", "is_refused"), [("8.9", False), ("9", True)])
def test_a_value_must_be_shown_long_before_the_device_drops_it(
    tmp_path: Path, *, settles_s: str, is_refused: bool
) -> None:
    region = region_with(tmp_path, *CHANGES)
    text = shipped_text("generic_battery").replace("watchdog_s: 180", "watchdog_s: 18")
    readback = "      readback:\n"
    assert readback in text
    own_map(region, "generic_battery", text.replace(readback, f"{readback}        settles_s: {settles_s}\n"))
    try:
        check_devices(region)
        faults = []
    except BadInput as error:
        faults = list(error.faults)
    assert bool(faults) is is_refused, faults
    for fault in faults:
        assert fault.value == "generic_battery"
        assert fault.line is not None
        assert "settles_s 9 s must be less than 9 s" in fault.limit
