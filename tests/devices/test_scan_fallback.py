"""What a scanned device falls back to: value, switch and timer together, or nothing that is counted on."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy.devices.scan.finding import Role, finding_of
from energy.domain import Point
from energy.errors import DeviceRefused
from tests.devices.servers.sunspec_image import Image, made_of
from tests.devices.test_scan_finding import (
    BANK,
    BOUND_CONTROLS,
    CAPACITY,
    CONTROLS,
    DER_CONTROL,
    DER_CONTROLS,
    DER_STORE,
    INVERTER,
    MEASURED,
    NAMEPLATE,
    SETTINGS,
    STORAGE,
    TRACKERS,
    device,
    found,
    kept,
    point,
    steps,
)


@pytest.mark.parametrize("lacking", ["WSetRvrt", "WSetEnaRvrt", "WSetRvrtTms"])
def test_a_battery_falls_back_only_where_value_switch_and_timer_are_all_there(
    lacking: str, tmp_path: Path
) -> None:
    finding = found(MEASURED, CAPACITY, {**DER_CONTROLS, lacking: None}, DER_STORE)
    write = point(kept(finding, tmp_path), Point.POWER_KW_SETPOINT).write
    assert write is not None
    assert steps(write.arming) == [("WSetMod", 1)]
    timer = "none" if lacking.endswith("Tms") else "unknown"
    assert (write.safe_value_kw, write.reversion_s) == ("unknown", timer)
    assert any(f"704.{lacking} " in warning for warning in finding.warnings)


@pytest.mark.parametrize("lacking", ["WMaxLimPctRvrt", "WMaxLimPctEnaRvrt", "WMaxLimPctRvrtTms"])
def test_a_bound_falls_back_only_where_value_switch_and_timer_are_all_there(
    lacking: str, tmp_path: Path
) -> None:
    whole = point(kept(found(MEASURED, CAPACITY, BOUND_CONTROLS), tmp_path), Point.POWER_KW_MIN).write
    assert whole is not None
    assert (whole.safe_value_kw, whole.reversion_s) == ("by_region", 180.0)
    finding = found(MEASURED, CAPACITY, {**BOUND_CONTROLS, lacking: None})
    write = point(kept(finding, tmp_path), Point.POWER_KW_MIN).write
    assert write is not None
    assert steps(write.arming) == []
    assert write.safe_value_kw == "unknown"
    assert write.reversion_s == ("none" if lacking.endswith("Tms") else "unknown")


MODELS: tuple[dict[str, Any], ...] = (
    INVERTER,
    MEASURED,
    NAMEPLATE,
    SETTINGS,
    CAPACITY,
    CONTROLS,
    STORAGE,
    DER_CONTROLS,
    BOUND_CONTROLS,
    DER_STORE,
    DER_CONTROL,
    BANK,
    TRACKERS,
)
FAMILIES: tuple[tuple[dict[str, Any], ...], ...] = (
    (),
    (INVERTER, NAMEPLATE, SETTINGS, CONTROLS),
    (INVERTER, NAMEPLATE, STORAGE),
    (MEASURED, CAPACITY, BOUND_CONTROLS),
    (MEASURED, CAPACITY, DER_CONTROLS, DER_STORE),
)
"""What a device must have together, to be commanded at all."""
REVERSIONS = ("Rvrt", "EnaRvrt", "RvrtTms")


@st.composite
def devices(draw: st.DrawFn) -> Image:
    """Devices that have some of the models, and implement some of their points with any small number."""
    others = draw(st.lists(st.sampled_from(MODELS), max_size=4))
    family = draw(st.sampled_from(FAMILIES))
    chosen = {item["ID"]: item for item in (*others, *family)}.values()
    models = []
    for model in chosen:
        changed = dict(model)
        for name in model:
            if name.endswith("_SF"):
                changed[name] = draw(st.sampled_from((*[model[name]] * 12, None, -3, 0, 4, 11)))
            elif name != "ID":
                changed[name] = draw(st.sampled_from((*[model[name]] * 12, None, 0, 1, 32000)))
        dropped = draw(st.sampled_from((None, *REVERSIONS)))
        if dropped is not None:
            changed |= dict.fromkeys((name for name in model if name.endswith(dropped)), None)
        models.append(changed)
    return made_of(*models)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(image=devices())
def test_whatever_a_device_leaves_out_its_map_passes_the_lint_or_there_is_none(
    image: Image, tmp_path: Path
) -> None:
    for role in Role:
        try:
            finding = finding_of(device(image), role=role, reversion_s=180.0, rated_kw=None)
        except DeviceRefused:
            continue
        content = kept(finding, tmp_path)
        for item in content.points:
            if item.write is not None:
                armed = any(step.value == "reversion_s" for step in item.write.arming)
                assert armed == (item.write.reversion_s == 180.0), "a timer is armed or said not to be there"
                assert item.write.enabling
                names = {
                    step.name.removeprefix("WMaxLimPct").removeprefix("WSet") for step in item.write.arming
                }
                falls_back = any(step.value == "safe_value" for step in item.write.arming)
                assert falls_back == (item.write.safe_value_kw == "by_region")
                assert not falls_back or names >= set(REVERSIONS), (
                    "no fallback without its switch and its timer"
                )
