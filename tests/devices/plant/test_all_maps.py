"""One simulated device is made from each shipped map; the driver reads every point of it and commands it."""

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from energy.devices.codec import step_of
from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.map_library import load_map, maps_of, shipped_maps
from energy.devices.modbus import Patience
from energy.devices.plant.scales import sizes_of
from energy.devices.register_map import MapPoint, RegisterMap
from energy.domain import Applied, Level, Outcome, Point, Quality, Reading, Setpoint
from energy.errors import BadInput
from energy.region.load import Load
from energy.region.model import Asset, Region
from tests.devices.plant.conftest import free_ports, running
from tests.devices.plant.valley import BEGIN, valley

KINDS = (
    *("battery", "pv", "water", "heat_pump", "chp", "electrolyser", "gas_store", "town_store"),
    *("town_boiler", "town_heat", "hub", "load_south"),
)
"""Assets of the valley, the most demanding first: a map's device is that of the first that it suits."""
PATIENT = FieldSettings(patience=Patience(connect_s_max=10.0, answer_s_max=10.0))
AT = BEGIN + timedelta(hours=9)
EARLIER = AT - timedelta(minutes=30)
STATES = {Point.REMOTE: 1.0, Point.FAULT_FLAGS: 0.0, Point.REVERSION_S: 0.0}
LOAD_SHARE = 0.5
"""A load is made so large that its power is in the middle of what the map calls plausible."""


def placed(asset: Asset, name: str, port: int) -> Asset:
    device = dataclasses.replace(asset.device, profile=name, port=port, unit=1)
    return dataclasses.replace(asset, id=f"by_{name}", device=device)


def of_its_size(asset: Asset, content: RegisterMap) -> Asset:
    power = content.point(Point.POWER_KW)
    if not isinstance(asset, Load) or power is None:
        return asset
    return dataclasses.replace(asset, power_kw_max=min(asset.power_kw_max, LOAD_SHARE * power.plausible.max))


def device_for(region: Region, name: str, content: RegisterMap) -> Asset:
    refusals: list[str] = []
    for asset_id in KINDS:
        asset = placed(of_its_size(region.asset(asset_id), content), name, 1)
        try:
            maps_of(dataclasses.replace(region, assets=(asset,)))
        except BadInput as error:
            refusals.append(str(error))
        else:
            return asset
    raise AssertionError(f"{name} suits no asset: {refusals}")


@pytest.fixture(scope="module")
def populated(tmp_path_factory: pytest.TempPathFactory) -> Region:
    """The valley and, beside its own devices, one by each shipped map."""
    region = valley(tmp_path_factory.mktemp("maps") / "valley", free_ports(40))
    maps = {name: load_map(path) for name, path in shipped_maps().items()}
    ports = free_ports(len(maps))
    ours = tuple(
        dataclasses.replace(asset, device=dataclasses.replace(asset.device, port=port))
        for asset, port in zip(
            (device_for(region, name, content) for name, content in maps.items()), ports, strict=True
        )
    )
    return dataclasses.replace(region, assets=(*region.assets, *ours))


def expected(asset: Asset, point: MapPoint, truth: dict[str, float]) -> float | None:
    if point.name in STATES:
        return STATES[point.name]
    return sizes_of(asset).get(point.name, truth.get(point.name.value))


def faults_of(
    asset: Asset, point: MapPoint, reading: Reading, truth: dict[str, float], multiplier: float | None
) -> Iterator[str]:
    """Say what is wrong about a reading."""
    wanted = expected(asset, point, truth)
    where = f"{asset.id} {point.name}: {reading.value} ({reading.quality}) instead of {wanted}"
    if reading.quality not in {Quality.GOOD, Quality.NOT_IMPLEMENTED}:
        yield where
    elif point.name is Point.OPERATING_STATE:
        if point.values is not None and reading.value not in point.values:
            yield where
    elif wanted is None or multiplier is None:
        nothing = 0.0 if not point.not_implemented else None
        if reading.value != nothing:
            yield where
    elif reading.value is None:
        is_waiting = point.write is not None and bool(point.write.enabling)
        if not is_waiting and not (wanted == 0.0 and 0 in point.not_implemented):
            yield where
    else:
        step = 0.0 if point.type.is_float else abs(step_of(point.readback_register, multiplier))
        if reading.value != pytest.approx(wanted, rel=2e-7, abs=0.5001 * step + 1e-6):
            yield where


async def apply(field: ModbusField, asset: Asset, at: datetime) -> Outcome:
    """Command half of what the asset can."""
    assert asset.dispatch_point is not None
    setpoint = Setpoint(
        asset_id=asset.id,
        point=asset.dispatch_point,
        power_kw=0.5 * max(asset.power_kw_nameplate, key=abs),
        valid_until=at + timedelta(minutes=5),
        level=Level.PLAN,
        reason="test",
    )
    [outcome] = await field.apply([setpoint], at)
    return outcome


async def test_the_driver_reads_the_world_through_every_map_and_commands_it(populated: Region) -> None:
    maps = maps_of(populated)
    ours = [asset for asset in populated.assets if asset.id.startswith("by_")]
    assert len(ours) == len(shipped_maps())
    wrong: list[str] = []
    async with running(populated, start=EARLIER) as control:
        field = ModbusField(populated, maps, PATIENT)
        try:
            at = await control.advance_to(AT)
            wrong += await misread(field, ours, maps, await control.truth(), at)
            for asset in ours:
                point = maps[asset.device.profile].point(asset.dispatch_point or Point.POWER_KW)
                if asset.dispatch_point is None or point is None or point.write is None:
                    continue
                outcome = await apply(field, asset, at)
                held_kw = (await control.truth())[asset.id].get(point.name.value)
                tolerance_kw = point.write.readback.tolerance_kw
                fits = held_kw == pytest.approx(outcome.setpoint.power_kw, abs=tolerance_kw)
                if not isinstance(outcome, Applied) or not fits:
                    wrong.append(f"{asset.id} holds {held_kw}: {outcome}")
        finally:
            await field.close()
    assert not wrong, "\n".join(wrong)


async def misread(
    field: ModbusField,
    assets: list[Asset],
    maps: dict[str, RegisterMap],
    truth: dict[str, dict[str, float]],
    at: datetime,
) -> list[str]:
    """Give what the driver reads otherwise than it is, after one sweep to learn how devices scale."""
    await field.read(at)
    readings = {(reading.asset_id, reading.point): reading for reading in await field.read(at)}
    wrong: list[str] = []
    for asset in assets:
        for point in maps[asset.device.profile].points:
            multiplier = field._lines[asset.id].multiplier(point.readback_register)
            reading = readings[asset.id, point.name]
            wrong += faults_of(asset, point, reading, truth[asset.id], multiplier)
    return wrong


async def test_a_commanded_device_of_every_map_does_what_it_holds(populated: Region) -> None:
    maps = maps_of(populated)
    async with running(populated, start=EARLIER) as control:
        field = ModbusField(populated, maps, PATIENT)
        try:
            at = await control.advance_to(AT)
            batteries = [asset for asset in populated.assets if asset.kind == "battery"]
            assert len(batteries) >= 2
            for asset in batteries:
                await field.read(at)
                assert isinstance(await apply(field, asset, at), Applied)
            at = await control.advance_to(at + timedelta(seconds=60))
            readings = {(one.asset_id, one.point): one for one in await field.read(at)}
            for asset in batteries:
                assert readings[asset.id, Point.POWER_KW].value == pytest.approx(-500.0, abs=0.06)
        finally:
            await field.close()
