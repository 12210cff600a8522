"""What becomes of a device's models: points with signs and scales, the steps of a command, warnings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from energy.devices.codec import decode
from energy.devices.layout import Layout, Reference, Sign, Unit
from energy.devices.map_library import load_map
from energy.devices.register_map import MapPoint, RegisterMap
from energy.devices.scan.device import FoundDevice, device_of
from energy.devices.scan.finding import Finding, Role, finding_of, roles_of
from energy.devices.scan.walk import Chain, RawModel
from energy.devices.scan.yaml_text import yaml_of
from energy.domain import Point, Quality
from energy.errors import DeviceRefused
from tests.devices.servers.sunspec_image import Image, made_of, shipped

INVERTER = {"ID": 103, "W": 4200, "W_SF": 0, "WH": 12345, "WH_SF": 1, "St": 4, "Evt1": 0}
NAMEPLATE = {"ID": 120, "DERTyp": 4, "WRtg": 10, "WRtg_SF": 3}
SETTINGS = {"ID": 121, "WMax": 8000, "WMax_SF": 0}
CONTROLS = {
    "ID": 123,
    "WMaxLimPct": 10000,
    "WMaxLimPct_SF": -2,
    "WMaxLimPct_RvrtTms": 0,
    "WMaxLimPct_WinTms": 5,
    "WMaxLim_Ena": 0,
}
STORAGE = {
    "ID": 124,
    "WChaMax": 5000,
    "WChaMax_SF": 0,
    "StorCtl_Mod": 0,
    "ChaState": 5500,
    "ChaState_SF": -2,
    "OutWRte": 10000,
    "InWRte": 10000,
    "InOutWRte_SF": -2,
    "InOutWRte_RvrtTms": 0,
}
MEASURED = {
    "ID": 701,
    "W": -3000,
    "W_SF": 0,
    "InvSt": 3,
    "Alrm": 0b101,
    "TotWhInj": 150,
    "TotWhAbs": 80,
    "TotWh_SF": 3,
}
CAPACITY = {"ID": 702, "WMax": 5000, "W_SF": 0}
DER_CONTROLS = {
    "ID": 704,
    "WSetEna": 0,
    "WSetMod": 1,
    "WSet": 0,
    "WSet_SF": 0,
    "WSetRvrt": 0,
    "WSetEnaRvrt": 0,
    "WSetRvrtTms": 0,
    "WSetRvrtRem": 0,
}
BOUND_CONTROLS = {
    "ID": 704,
    "WMaxLimPctEna": 0,
    "WMaxLimPct": 1000,
    "WMaxLimPct_SF": -1,
    "WMaxLimPctRvrt": 1000,
    "WMaxLimPctEnaRvrt": 0,
    "WMaxLimPctRvrtTms": 0,
    "WMaxLimPctRvrtRem": 0,
}
BANK = {"ID": 802, "W": 2500, "W_SF": 0, "SoC": 50, "SoC_SF": 0}
TRACKERS = {"ID": 160, "N": 2}
DER_STORE = {"ID": 713, "WHRtg": 1000, "WHAvail": 550, "SoC": 550, "WH_SF": 1, "Pct_SF": -1}
DER_CONTROL = {"ID": 715, "LocRemCtl": 0, "DERHb": 17, "ControllerHb": 4}


def device(image: Image) -> FoundDevice:
    """Give the device as a walk would, without the wire."""
    registers, _ = image.laid_out()
    models = []
    address = image.base + 2
    for values in image.models:
        length = registers[address + 1] + 2
        words = tuple(registers[address + index] for index in range(length))
        models.append(RawModel(model_id=values["ID"], address=address, registers=words))
        address += length
    return device_of(Chain(base=image.base, models=tuple(models), read_registers_max=125, broken=None))


def found(*models: dict[str, Any], role: Role | None = None, rated_kw: float | None = None) -> Finding:
    return finding_of(device(made_of(*models)), role=role, reversion_s=180.0, rated_kw=rated_kw)


def kept(finding: Finding, folder: Path) -> RegisterMap:
    """Write the map as a file and read it as ``check`` does: schema and lint."""
    path = folder / "scanned.yaml"
    path.write_text(yaml_of(finding.content, ["made by a test"]), encoding="utf-8")
    return load_map(path)


def value(image: Image, layout: MapPoint, multiplier: float = 1.0) -> tuple[float | None, Quality]:
    registers, _ = image.laid_out()
    return decode(layout, [registers[layout.address + index] for index in range(layout.width)], multiplier)


def steps(items: Sequence[Any]) -> list[tuple[str, object]]:
    return [(step.name, step.value) for step in items]


def point(content: RegisterMap, name: Point) -> MapPoint:
    wanted = content.point(name)
    assert wanted is not None
    return wanted


def test_an_inverter_of_the_old_family_is_measured_and_curtailed(tmp_path: Path) -> None:
    image = made_of(INVERTER, NAMEPLATE, SETTINGS, CONTROLS)
    finding = found(INVERTER, NAMEPLATE, SETTINGS, CONTROLS)
    content = kept(finding, tmp_path)
    assert finding.lacks == {"pv": (), "wind": (), "hydro": ()}
    assert value(image, point(content, Point.POWER_KW)) == (-4.2, Quality.GOOD)
    assert value(image, point(content, Point.ENERGY_KWH_FED_IN), 10.0) == (
        pytest.approx(123.45),
        Quality.GOOD,
    )
    assert value(image, point(content, Point.OPERATING_STATE)) == (4.0, Quality.GOOD)
    assert value(image, point(content, Point.POWER_KW_RATED)) == (8.0, Quality.GOOD)
    bound = point(content, Point.POWER_KW_MIN)
    assert (bound.unit, bound.sign, bound.reference) == (
        Unit.PERCENT,
        Sign.INVERTED,
        Reference.POWER_KW_RATED,
    )
    assert value(image, bound, 8.0 * 0.01) == (pytest.approx(-8.0), Quality.GOOD)
    assert bound.write is not None
    assert steps(bound.write.arming) == [("WMaxLimPct_WinTms", 0), ("WMaxLimPct_RvrtTms", "reversion_s")]
    assert steps(bound.write.enabling) == [("WMaxLim_Ena", 1)]
    assert bound.write.reversion_s == 180.0
    assert bound.write.safe_value_kw == -8.0
    assert any("feeds in without a bound" in warning for warning in finding.warnings)


def test_the_setting_counts_before_the_rating_and_the_rating_before_nothing() -> None:
    assert point(found(INVERTER, NAMEPLATE, CONTROLS).content, Point.POWER_KW_RATED).plausible.max == 15.0
    assert (
        point(found(INVERTER, NAMEPLATE, SETTINGS, CONTROLS).content, Point.POWER_KW_RATED).plausible.max
        == 12.0
    )


def test_a_device_without_a_rating_is_commanded_only_where_somebody_says_it(tmp_path: Path) -> None:
    mute = found(INVERTER, CONTROLS)
    assert mute.content.point(Point.POWER_KW_MIN) is None
    assert mute.lacks["pv"] == (Point.POWER_KW_MIN,)
    assert any("--rated-kw" in warning for warning in mute.warnings)
    told = kept(found(INVERTER, CONTROLS, rated_kw=8.0), tmp_path)
    assert point(told, Point.POWER_KW_MIN).reference is Reference.NAMEPLATE


def test_a_rating_of_nothing_is_no_rating() -> None:
    finding = found(INVERTER, {**NAMEPLATE, "WRtg": 0}, CONTROLS)
    assert finding.content.point(Point.POWER_KW_RATED) is None
    assert "120.WRtg" in finding.left_out


def test_a_float_inverter_needs_no_scale_factor(tmp_path: Path) -> None:
    floats = {"ID": 113, "W": 4200.0, "WH": 123.0, "St": 4, "Evt1": 0}
    content = kept(found(floats, NAMEPLATE, CONTROLS), tmp_path)
    power = point(content, Point.POWER_KW)
    assert power.scale_factor is None
    assert value(made_of(floats), power) == (pytest.approx(-4.2), Quality.GOOD)


def test_a_battery_of_the_new_family_is_set_in_watts_with_its_fallback_first(tmp_path: Path) -> None:
    models = (MEASURED, CAPACITY, DER_CONTROLS, DER_STORE, DER_CONTROL)
    finding = found(*models)
    image, content = made_of(*models), kept(finding, tmp_path)
    assert finding.role is Role.BATTERY
    assert finding.lacks == {"battery": ()}
    assert value(image, point(content, Point.POWER_KW)) == (3.0, Quality.GOOD)
    assert value(image, point(content, Point.ENERGY_KWH), 10.0) == (pytest.approx(5.5), Quality.GOOD)
    assert value(image, point(content, Point.ENERGY_KWH_CAPACITY), 10.0) == (10.0, Quality.GOOD)
    assert value(image, point(content, Point.REMOTE)) == (1.0, Quality.GOOD)
    command = point(content, Point.POWER_KW_SETPOINT)
    assert (command.unit, command.sign) == (Unit.W, Sign.INVERTED)
    assert command.write is not None
    assert steps(command.write.arming) == [
        ("WSetRvrt", "safe_value"),
        ("WSetEnaRvrt", 1),
        ("WSetRvrtTms", "reversion_s"),
        ("WSetMod", 1),
    ]
    assert steps(command.write.enabling) == [("WSetEna", 1)]
    assert command.write.safe_value_kw == "by_region"
    assert content.point(Point.REVERSION_S) is not None
    assert content.heartbeat is not None
    assert content.heartbeat.written is not None
    assert content.heartbeat.shown is not None
    assert "701.Alrm shows now: ground fault, ac disconnect" in finding.warnings


def test_a_store_that_shows_only_a_percentage_counts_from_the_capacity_it_shows_or_the_regions(
    tmp_path: Path,
) -> None:
    shown = found(MEASURED, CAPACITY, DER_CONTROLS, {**DER_STORE, "WHAvail": None})
    energy = point(kept(shown, tmp_path), Point.ENERGY_KWH)
    assert (energy.unit, energy.reference) == (Unit.PERCENT, Reference.ENERGY_KWH_CAPACITY)
    bare = found(MEASURED, CAPACITY, DER_CONTROLS, {**DER_STORE, "WHAvail": None, "WHRtg": None})
    assert point(kept(bare, tmp_path), Point.ENERGY_KWH).reference is Reference.NAMEPLATE
    assert any("capacity in the region file" in warning for warning in bare.warnings)


def test_a_battery_behind_model_124_is_forced_by_two_bounds_that_meet(tmp_path: Path) -> None:
    finding = found(INVERTER, NAMEPLATE, STORAGE, role=Role.BATTERY)
    command = point(kept(finding, tmp_path), Point.POWER_KW_SETPOINT)
    assert command.sign is Sign.AS_OURS
    assert command.write is not None
    assert steps(command.write.arming) == [("InOutWRte_RvrtTms", "reversion_s"), ("OutWRte", "setpoint")]
    mirror = command.write.arming[-1].register
    assert (mirror.sign, mirror.reference) == (Sign.INVERTED, Reference.POWER_KW_RATED)
    assert steps(command.write.enabling) == [("StorCtl_Mod", 3)]
    assert command.write.safe_value_kw == "unknown"
    rated = point(finding.content, Point.POWER_KW_RATED)
    assert value(made_of(INVERTER, NAMEPLATE, STORAGE), rated) == (5.0, Quality.GOOD)


def test_a_meter_counts_import_positive_and_says_that_this_must_be_proven(tmp_path: Path) -> None:
    meter = {"ID": 203, "W": -1500, "W_SF": 0, "TotWhImp": 500, "TotWhExp": 700, "TotWh_SF": 0, "Evt": 0}
    finding = found(meter)
    content = kept(finding, tmp_path)
    assert finding.role is Role.METER
    assert finding.lacks == {"load": (), "grid_point": (), "feeder": ()}
    assert value(made_of(meter), point(content, Point.POWER_KW)) == (-1.5, Quality.GOOD)
    assert value(made_of(meter), point(content, Point.ENERGY_KWH_DRAWN)) == (0.5, Quality.GOOD)
    assert any("prove the sign" in warning for warning in finding.warnings)


def test_a_device_of_several_roles_is_scanned_for_each(tmp_path: Path) -> None:
    meter = {"ID": 203, "W": 10, "W_SF": 0, "TotWhImp": 5, "TotWhExp": 7, "TotWh_SF": 0}
    models = (INVERTER, NAMEPLATE, CONTROLS, STORAGE, meter)
    assert roles_of(device(made_of(*models))) == (Role.INVERTER, Role.BATTERY, Role.METER)
    for role in Role:
        assert found(*models, role=role).role is role
        kept(found(*models, role=role), tmp_path)
    assert any("inverter and battery too" in warning for warning in found(*models, role=Role.METER).warnings)


def test_an_inverter_that_says_it_stores_nothing_is_no_battery() -> None:
    empty = {"ID": 713, "WHRtg": 0, "SoC": 0, "WH_SF": 0, "Pct_SF": 0}
    assert roles_of(device(made_of(MEASURED, CAPACITY, empty))) == (Role.INVERTER,)


def test_what_is_not_implemented_is_left_out_and_named() -> None:
    finding = found({**INVERTER, "WH": 0, "St": None}, NAMEPLATE, {**CONTROLS, "WMaxLimPct_RvrtTms": None})
    assert finding.left_out["103.WH"] == "not implemented"
    assert finding.left_out["103.St"] == "not implemented"
    assert finding.content.point(Point.ENERGY_KWH_FED_IN) is None
    write = point(finding.content, Point.POWER_KW_MIN).write
    assert write is not None
    assert (write.reversion_s, write.safe_value_kw) == ("none", "unknown")
    assert any("no reversion timer" in warning for warning in finding.warnings)


def test_a_number_without_its_scale_factor_is_no_number() -> None:
    finding = found(INVERTER, NAMEPLATE, {**CONTROLS, "WMaxLimPct_SF": None})
    assert finding.content.point(Point.POWER_KW_MIN) is None
    assert "WMaxLimPct_SF is not implemented" in finding.left_out["123.WMaxLimPct"]
    with pytest.raises(DeviceRefused, match=r"no active power .*W_SF"):
        found({**INVERTER, "W_SF": None})


def test_a_state_without_a_word_is_left_out() -> None:
    assert "shows 77" in found({**INVERTER, "St": 77}, NAMEPLATE, CONTROLS).left_out["103.St"]


def test_local_operation_and_a_limit_that_stands_already_are_told() -> None:
    limited = {**CONTROLS, "WMaxLim_Ena": 1, "WMaxLimPct": 7000}
    finding = found(INVERTER, NAMEPLATE, limited, {**DER_CONTROL, "LocRemCtl": 1})
    told = "\n".join(finding.warnings)
    assert "123.WMaxLim_Ena is on already and 123.WMaxLimPct shows 70: somebody set it" in told
    assert "715.LocRemCtl shows local operation" in told


def test_a_device_with_nothing_to_measure_is_refused_with_its_models() -> None:
    image = shipped("inverter_123.json")
    with pytest.raises(
        DeviceRefused, match=r"no inverter, battery or meter in the device's models \(1, 129\)"
    ):
        finding_of(device(image), role=None, reversion_s=180.0, rated_kw=None)
    with pytest.raises(DeviceRefused, match=r"no battery .*--as inverter"):
        found(INVERTER, role=Role.BATTERY)


def test_whatever_a_device_calls_itself_the_map_can_be_read(tmp_path: Path) -> None:
    image = made_of(INVERTER, NAMEPLATE, CONTROLS)
    image.set(1, Mn='Ma"ker: #1\n- x', Md="true", SN="0x10")
    finding = finding_of(device(image), role=None, reversion_s=180.0, rated_kw=None)
    content = kept(finding, tmp_path)
    assert content.manufacturer == 'Ma"ker: #1- x'
    assert content.product == "true"
    expected = {text.name: text.expected for text in content.identity}
    assert expected["model"] == "true"
    assert expected["serial_number"] is None


def test_the_file_says_what_the_map_holds(tmp_path: Path) -> None:
    finding = found(MEASURED, CAPACITY, DER_CONTROLS, DER_STORE, DER_CONTROL)
    again = kept(finding, tmp_path)
    assert {item.name for item in again.scale_factors} == {
        item.name for item in finding.content.scale_factors
    }
    for mine in finding.content.points:
        theirs = point(again, mine.name)
        for name in ("address", "type", "unit", "sign", "scale_factor", "reference", "not_implemented"):
            assert getattr(theirs, name) == getattr(mine, name)
        assert theirs.plausible == mine.plausible
        assert (theirs.values, theirs.flags) == (mine.values, mine.flags)
        assert isinstance(theirs, Layout)
