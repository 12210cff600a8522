"""The plant over the wire: registers, faults, control, ports, restart."""

import asyncio
import json
import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pymodbus.exceptions import ModbusIOException

from energy.devices.plant.control_client import PlantControl
from energy.devices.plant.faults import FaultKind
from energy.devices.plant.run import PlantSettings, run_plant
from energy.devices.plant.store import FILE_NAME
from energy.domain import Point
from energy.errors import BadInput, DeviceUnreachable
from energy.region.model import Region
from tests.devices.plant.conftest import START, Eye, eye_on, free_ports, running

MINUTE = timedelta(minutes=1)


async def test_registers_show_the_truth(region: Region, eye: Eye) -> None:
    async with running(region) as control:
        assert await control.advance_to(START + 10 * MINUTE) == START + 10 * MINUTE
        truth = await control.truth()
        for asset in region.assets:
            for name, tolerance in (("power_kw", 0.11), ("energy_kwh_drawn", 0.011)):
                shown = await eye.value(asset.id, Point(name))
                assert shown == pytest.approx(truth[asset.id][name], abs=tolerance)
        assert await eye.value("battery", Point.ENERGY_KWH) == pytest.approx(1000.0, abs=0.1)
        backlog = await eye.value("hub", Point.ENERGY_KWH_BACKLOG)
        assert backlog == pytest.approx(truth["hub"]["energy_kwh_backlog"], abs=0.1)
        available = await eye.value("pv", Point.POWER_KW_AVAILABLE)
        assert available == pytest.approx(truth["pv"]["power_kw_available"], abs=0.1)


async def test_a_setpoint_is_done_in_the_next_step_and_shown_at_once(region: Region, eye: Eye) -> None:
    async with running(region) as control:
        await eye.write("battery", Point.POWER_KW_SETPOINT, -5000.0)
        assert await eye.value("battery", Point.POWER_KW_SETPOINT, readback=True) == -1000.0
        assert await eye.value("battery", Point.POWER_KW) == 0.0
        await control.advance_to(START + MINUTE)
        assert await eye.value("battery", Point.POWER_KW) == -1000.0


async def test_an_unfed_device_shows_its_safe_value(region: Region, eye: Eye) -> None:
    async with running(region) as control:
        await eye.write("pv", Point.POWER_KW_MIN, -1500.0)
        assert await eye.value("pv", Point.POWER_KW_MIN) == -1500.0
        await control.advance_to(START + 4 * MINUTE)
        assert await eye.value("pv", Point.POWER_KW_MIN) == -600.0
        assert await eye.value("pv", Point.POWER_KW) == pytest.approx(-600.0, abs=0.1)


async def test_illegal_requests_are_answered_with_an_exception(region: Region, eye: Eye) -> None:
    async with running(region):
        outside = await eye.ask("load", lambda client, unit: client.read_input_registers(500, device_id=unit))
        assert (outside.isError(), outside.exception_code) == (True, 2)
        forbidden = await eye.ask(
            "pv", lambda client, unit: client.read_holding_registers(1013, count=3, device_id=unit)
        )
        assert (forbidden.isError(), forbidden.exception_code) == (True, 2)
        read_only = await eye.ask(
            "pv", lambda client, unit: client.write_registers(1000, [0, 0], device_id=unit)
        )
        assert (read_only.isError(), read_only.exception_code) == (True, 2)
        half = await eye.ask("battery", lambda client, unit: client.write_registers(40, [0], device_id=unit))
        assert (half.isError(), half.exception_code) == (True, 2)
        coil = await eye.ask("load", lambda client, unit: client.read_coils(0, device_id=unit))
        assert (coil.isError(), coil.exception_code) == (True, 1)
        nobody = await eye.ask("load", lambda client, _: client.read_holding_registers(0, device_id=99))
        assert (nobody.isError(), nobody.exception_code) == (True, 11)


async def test_two_devices_share_a_port_by_unit(region: Region, eye: Eye) -> None:
    async with running(region):
        load_kw = await eye.value("load", Point.POWER_KW)
        assert load_kw is not None
        assert await eye.value("loss", Point.POWER_KW) == pytest.approx(0.04 * load_kw, abs=0.01)


async def test_the_same_seed_gives_the_same_truth_whoever_reads_in_whatever_order(
    region: Region, eye: Eye
) -> None:
    async def run(order: list[str], seed: int) -> object:
        async with running(region, seed=seed) as control:
            for minute in range(1, 8):
                for asset_id in order:
                    await eye.value(asset_id, Point.POWER_KW)
                await eye.write("battery", Point.POWER_KW_SETPOINT, 100.0 * minute)
                await control.advance_to(START + minute * MINUTE)
            return await control.truth()

    first = await run(["load", "pv", "battery", "hub"], seed=5)
    assert first == await run(["hub", "battery"], seed=5)
    assert first != await run(["hub", "battery"], seed=6)


async def test_nothing_moves_until_time_is_granted(region: Region) -> None:
    async with running(region) as control:
        before = await control.truth()
        await asyncio.sleep(0.2)
        assert await control.truth() == before


async def test_a_silent_device_answers_nothing_and_does_nothing_until_the_fault_ends(
    region: Region, eye: Eye
) -> None:
    async with running(region) as control:
        await control.set_fault("battery", FaultKind.SILENT, until=START + 2 * MINUTE)
        with pytest.raises(ModbusIOException):
            await eye.write("battery", Point.POWER_KW_SETPOINT, 500.0)
        assert await eye.value("load", Point.POWER_KW) is not None
        await control.advance_to(START + 2 * MINUTE)
        assert await eye.value("battery", Point.POWER_KW) == 0.0


async def test_a_silent_unit_leaves_its_neighbour_behind_the_same_port_alone(
    region: Region, eye: Eye
) -> None:
    async with running(region) as control:
        await control.set_fault("loss", FaultKind.SILENT)
        assert await eye.value("load", Point.POWER_KW) is not None


async def test_garbage_is_implausible(region: Region, eye: Eye) -> None:
    async with running(region) as control:
        for asset_id in ("load", "pv", "battery", "hub"):
            await control.set_fault(asset_id, FaultKind.GARBAGE)
            for minute in range(5):
                assert await eye.value(asset_id, Point.POWER_KW) is None, minute
        await control.clear_fault("load")
        assert await eye.value("load", Point.POWER_KW) is not None


async def test_a_frozen_device_shows_the_same_while_it_goes_on(region: Region, eye: Eye) -> None:
    async with running(region) as control:
        before = await eye.value("load", Point.POWER_KW)
        await control.set_fault("load", FaultKind.FROZEN)
        await control.advance_to(START + 30 * MINUTE)
        assert await eye.value("load", Point.POWER_KW) == before
        assert (await control.truth())["load"]["power_kw"] != pytest.approx(before, abs=1.0)


async def test_a_refused_write_is_an_exception_and_an_ignored_one_is_not(region: Region, eye: Eye) -> None:
    async with running(region) as control:
        await control.set_fault("battery", FaultKind.WRITE_REFUSED)
        answer = await eye.write("battery", Point.POWER_KW_SETPOINT, 500.0)
        assert (answer.isError(), answer.exception_code) == (True, 4)
        await control.set_fault("battery", FaultKind.WRITE_IGNORED)
        answer = await eye.write("battery", Point.POWER_KW_SETPOINT, 500.0)
        assert not answer.isError()
        assert await eye.value("battery", Point.POWER_KW_SETPOINT) == 0.0
        await control.advance_to(START + MINUTE)
        assert (await control.truth())["battery"]["power_kw"] == 0.0


async def test_a_port_in_use_names_the_assets_the_address_and_the_mend(region: Region) -> None:
    device = region.asset("load").device
    with socket.create_server((device.host, device.port)), pytest.raises(BadInput) as caught:
        await run_plant(PlantSettings(region=region, start=START, seed=1))
    assert [fault.place for fault in caught.value.faults] == ["load.device", "loss.device"]
    assert f"{device.host}:{device.port}" in str(caught.value)
    assert "end what holds the port" in str(caught.value)


async def test_a_control_port_in_use_is_bad_input_and_keeps_no_state(region: Region, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = PlantSettings(region=region, start=START, seed=1, control_port=port, state_folder=tmp_path)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(BadInput, match="control_port"):
        await run_plant(settings)
    assert not (tmp_path / FILE_NAME).exists()


async def test_orders_that_cannot_be_obeyed_are_answered_with_why(region: Region) -> None:
    async with running(region) as control:
        with pytest.raises(BadInput, match="history reaches"):
            await control.advance_to(START + timedelta(days=9))
        await control.advance_to(START + MINUTE)
        with pytest.raises(BadInput, match="time does not run backwards"):
            await control.advance_to(START)
        with pytest.raises(BadInput, match="no such asset"):
            await control.set_fault("moon", FaultKind.SILENT)


@pytest.mark.parametrize(
    "line", [b"\n", b"nonsense\n", b"[]\n", b'{"advance_to": "2020-06-01T10:00:00"}\n', b'{"stop": false}\n']
)
async def test_a_line_that_is_no_order_is_answered_not_obeyed(region: Region, line: bytes) -> None:
    async with running(region) as control:
        control._writer.write(line)
        assert "error" in json.loads(await control._reader.readline())
        assert await control.truth()


async def test_a_line_too_long_ends_that_connection_only(region: Region) -> None:
    async with running(region) as control:
        port = control._writer.get_extra_info("peername")[1]
        async with await PlantControl.connect(port) as other:
            other._writer.write(b"x" * 70_000 + b"\n")
            assert b"at most" in await other._reader.readline()
        assert await control.truth()


async def test_nobody_listening_for_control_is_said_so() -> None:
    (port,) = free_ports(1)
    with pytest.raises(DeviceUnreachable, match="start it first"):
        await PlantControl.connect(port)


async def test_a_restarted_field_keeps_its_energy_and_falls_back_to_safe_values(
    region: Region, tmp_path: Path
) -> None:
    async with running(region, state_folder=tmp_path) as control:
        await control.advance_to(START + MINUTE)
        await eye_on(region).write("battery", Point.POWER_KW_SETPOINT, 800.0)
        await control.advance_to(START + 3 * MINUTE)
        before = await control.truth()
    async with running(region, state_folder=tmp_path) as control:
        after = await control.truth()
        for asset_id, was in before.items():
            for name in set(was) - {"power_kw_setpoint", "power_kw_min", "power_kw_max"}:
                assert after[asset_id][name] == was[name], (asset_id, name)
        assert after["battery"]["energy_kwh"] > 1000.0
        assert after["battery"]["power_kw_setpoint"] == 0.0
        assert (before["pv"]["power_kw_min"], after["pv"]["power_kw_min"]) == (-2000.0, -600.0)


async def test_what_a_kill_would_cost_is_at_most_a_simulated_minute(region: Region, tmp_path: Path) -> None:
    async with running(region, state_folder=tmp_path) as control:
        await control.advance_to(START + 7 * MINUTE)
        await control.advance_to(START + 7 * MINUTE + timedelta(seconds=30))
        saved = json.loads((tmp_path / FILE_NAME).read_text())
        assert saved["at"] == "2020-06-01T09:07:00Z"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"form": "energiewaage.plant_state/1"}'])
async def test_a_broken_state_file_starts_afresh(region: Region, tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    async with running(region, state_folder=tmp_path) as control:
        assert (await control.truth())["battery"]["energy_kwh"] == 1000.0


async def test_the_state_of_another_seed_is_not_taken(region: Region, tmp_path: Path) -> None:
    async with running(region, seed=1, state_folder=tmp_path) as control:
        await control.advance_to(START + 5 * MINUTE)
    async with running(region, seed=2, state_folder=tmp_path) as control:
        assert (await control.truth())["load"]["energy_kwh_drawn"] == 0.0


class Clock:
    """A clock that the test moves."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


async def reached(control: PlantControl, energy_kwh: float) -> float:
    """Wait until the load's register has passed an energy."""
    async with asyncio.timeout(10.0):
        while True:
            drawn_kwh = (await control.truth())["load"]["energy_kwh_drawn"]
            if drawn_kwh >= energy_kwh:
                return drawn_kwh
            await asyncio.sleep(0.02)


async def test_a_plant_on_a_clock_follows_it_and_takes_no_time_from_control(region: Region) -> None:
    clock = Clock(START)
    async with running(region, clock=clock) as control:
        clock.moment = START + 60 * MINUTE + timedelta(seconds=3)
        assert await reached(control, 1500.0) < 3000.0
        with pytest.raises(BadInput, match="follows the clock"):
            await control.advance_to(START + 90 * MINUTE)


async def test_a_plant_killed_on_a_clock_catches_up_when_it_is_back(region: Region, tmp_path: Path) -> None:
    clock = Clock(START)
    async with running(region, clock=clock, state_folder=tmp_path) as control:
        clock.moment = START + 10 * MINUTE
        before_kwh = await reached(control, 300.0)
    clock.moment = START + 40 * MINUTE
    async with running(region, clock=clock, state_folder=tmp_path) as control:
        assert await reached(control, 1200.0) > before_kwh


async def test_a_run_from_an_earlier_time_does_not_take_the_later_state(
    region: Region, tmp_path: Path
) -> None:
    async with running(region, clock=Clock(START + 20 * MINUTE), state_folder=tmp_path) as control:
        await reached(control, 600.0)
    async with running(region, clock=Clock(START), state_folder=tmp_path) as control:
        assert (await control.truth())["load"]["energy_kwh_drawn"] == 0.0
