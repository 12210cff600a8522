"""A device that was exchanged is neither believed nor written to until it says who it is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.domain import Applied, Level, Outcome, Point, Quality, Reading, Rejected, Setpoint
from tests.devices.conftest import AT, PATIENT, region_at
from tests.devices.inverter import POWER, Inverter, Serve, map_of

MODEL_AT = 200
NAMED = (
    "points:",
    "identity:\n  - {name: model, table: holding, address: 200, length: 8, expected: Park 5}\npoints:",
)


class Site:
    """A field with one inverter that has a name."""

    def __init__(self, serve: Serve, folder: Path) -> None:
        port, bank = serve()
        self.inverter = Inverter(bank)
        self.inverter.put(POWER, 2000)
        self.at = AT
        maps = {"generic_park_controller": map_of(folder, NAMED)}
        self.field = ModbusField(region_at({"pv_park": port}), maps, FieldSettings(patience=PATIENT))

    def call(self, name: str) -> None:
        data = name.encode().ljust(16, b"\0")
        for index in range(8):
            self.inverter.put(MODEL_AT + index, int.from_bytes(data[2 * index : 2 * index + 2], "big"))

    def cut(self) -> None:
        """Break the connection; the next question opens another."""
        [gateway] = self.field._gateways.values()
        gateway._endpoint.close()

    async def tick(self) -> tuple[dict[Point, Reading], Outcome]:
        readings = {reading.point: reading for reading in await self.field.read(self.at)}
        [outcome] = await self.field.apply([self.setpoint()], self.at)
        self.at += timedelta(seconds=5)
        self.inverter.pass_s(5)
        return readings, outcome

    def setpoint(self) -> Setpoint:
        return Setpoint(
            asset_id="pv_park",
            point=Point.POWER_KW_MIN,
            power_kw=-1000.0,
            valid_until=self.at + timedelta(seconds=30),
            level=Level.PLAN,
            reason="test",
        )


@pytest.fixture
async def site(serve: Serve, tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(serve, tmp_path)
    yield made
    await made.field.close()


async def test_the_device_that_the_map_was_written_for_is_believed_and_written(site: Site) -> None:
    site.call("Park 5 R2")
    readings, outcome = await site.tick()
    assert readings[Point.POWER_KW].value == -2000.0
    assert isinstance(outcome, Applied), outcome


async def test_another_device_is_not_believed_and_nothing_is_written_to_it(site: Site) -> None:
    site.call("Other 7")
    with capture_logs() as logs:
        for _ in range(3):
            readings, outcome = await site.tick()
            assert {reading.quality for reading in readings.values()} == {Quality.IMPLAUSIBLE}
            assert {reading.value for reading in readings.values()} == {None}
            assert isinstance(outcome, Rejected)
            assert "not written: its model reads 'Other 7'" in outcome.reason
    assert site.inverter.log == []
    [entry] = [entry for entry in logs if entry["event"] == "device_failing"]
    assert "'Other 7' and must contain 'Park 5'" in entry["reason"]


async def test_a_device_exchanged_while_nobody_looked_is_recognised_on_the_new_connection(site: Site) -> None:
    site.call("Park 5")
    await site.tick()
    site.call("Other 7")
    site.cut()
    readings, outcome = await site.tick()
    assert {reading.quality for reading in readings.values()} == {Quality.IMPLAUSIBLE}
    assert isinstance(outcome, Rejected)


async def test_a_connection_that_breaks_between_reading_and_writing_costs_no_setpoint(site: Site) -> None:
    site.call("Park 5")
    await site.field.read(site.at)
    site.cut()
    [outcome] = await site.field.apply([site.setpoint()], site.at)
    assert isinstance(outcome, Applied), outcome
    site.call("Other 7")
    site.cut()
    [outcome] = await site.field.apply([site.setpoint()], site.at)
    assert isinstance(outcome, Rejected)


async def test_the_name_is_asked_for_once_and_again_after_a_silence(site: Site) -> None:
    site.call("Park 5")
    await site.tick()
    site.call("Other 7")
    readings, _ = await site.tick()
    assert readings[Point.POWER_KW].value == -2000.0, "nobody exchanges a device that goes on answering"
    site.field._lines["pv_park"].forget(site.at)
    readings, outcome = await site.tick()
    assert readings[Point.POWER_KW].quality is Quality.IMPLAUSIBLE
    assert isinstance(outcome, Rejected)
    site.call("Park 5")
    readings, outcome = await site.tick()
    assert readings[Point.POWER_KW].value == -2000.0
    assert isinstance(outcome, Applied)
