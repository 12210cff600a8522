"""A battery that shares its inverter with PV: whose power is measured, and when nobody can say."""

from pathlib import Path
from typing import Any

import pytest

from energy.devices.scan.finding import Role, roles_of
from energy.domain import Point, Quality
from energy.errors import DeviceRefused
from tests.devices.servers.sunspec_image import made_of
from tests.devices.test_scan_finding import (
    BANK,
    CAPACITY,
    DER_CONTROLS,
    DER_STORE,
    INVERTER,
    MEASURED,
    NAMEPLATE,
    STORAGE,
    TRACKERS,
    device,
    found,
    kept,
    point,
    value,
)


def test_an_inverters_sum_is_not_taken_for_its_batterys_power_unless_a_person_says_so(tmp_path: Path) -> None:
    models = (INVERTER, NAMEPLATE, STORAGE)
    assert roles_of(device(made_of(*models))) == (Role.INVERTER, Role.BATTERY)
    by_default = found(*models)
    assert by_default.role is Role.INVERTER
    assert any("a battery shares the inverter" in warning for warning in by_default.warnings)
    told = found(*models, role=Role.BATTERY)
    assert value(made_of(*models), point(kept(told, tmp_path), Point.POWER_KW)) == (-4.2, Quality.GOOD)
    assert any("the PV counts twice" in warning for warning in told.warnings)


@pytest.mark.parametrize(
    ("models", "sign"),
    [
        ((INVERTER, NAMEPLATE, STORAGE, TRACKERS), "model 160"),
        ((INVERTER, {**NAMEPLATE, "DERTyp": 82}, STORAGE), "120.DERTyp"),
        ((INVERTER, NAMEPLATE, {**STORAGE, "ChaGriSet": 0}), "124.ChaGriSet"),
    ],
)
def test_a_battery_that_is_measured_with_pv_only_is_refused(
    models: tuple[dict[str, Any], ...], sign: str
) -> None:
    assert roles_of(device(made_of(*models))) == (Role.INVERTER,)
    with pytest.raises(DeviceRefused, match=rf"measured as one power \(.*{sign}.*--as inverter"):
        found(*models, role=Role.BATTERY)


def test_a_hybrids_battery_is_measured_by_its_own_power(tmp_path: Path) -> None:
    models = (INVERTER, NAMEPLATE, {**STORAGE, "ChaGriSet": 0}, TRACKERS, BANK)
    finding = found(*models)
    assert finding.role is Role.BATTERY
    power = point(kept(finding, tmp_path), Point.POWER_KW)
    assert value(made_of(*models), power) == (-2.5, Quality.GOOD), "802.W, not 103.W"
    assert finding.content.point(Point.ENERGY_KWH_FED_IN) is None, "103.WH is the sum's"
    told = "\n".join(finding.warnings)
    assert "prove its sign" in told
    assert "124.ChaGriSet is PV" in told


def test_a_storage_port_shows_the_batterys_own_power_and_a_pv_port_that_it_is_a_hybrid(
    tmp_path: Path,
) -> None:
    ports = {
        "ID": 714,
        "NPrt": 2,
        "DCW_SF": 1,
        "Prt": [{"PrtTyp": 0, "ID": 1, "DCW": 400}, {"PrtTyp": 1, "ID": 2, "DCW": -150}],
    }
    models = (INVERTER, NAMEPLATE, STORAGE, ports)
    power = point(kept(found(*models, role=Role.BATTERY), tmp_path), Point.POWER_KW)
    assert value(made_of(*models), power, 10.0) == (1.5, Quality.GOOD)
    whole = found(MEASURED, CAPACITY, DER_CONTROLS, DER_STORE, ports)
    assert whole.role is Role.INVERTER
    both = found(MEASURED, CAPACITY, DER_CONTROLS, DER_STORE, ports, role=Role.BATTERY)
    assert any("those of the whole device" in warning for warning in both.warnings)
