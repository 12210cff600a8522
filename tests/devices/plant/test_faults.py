"""Each fault, as the wire sees it, and what the device does meanwhile."""

import asyncio
import json
import math
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from energy.devices.plant.faults import EDGED, FaultDetail, FaultKind
from energy.devices.plant.pdu import ExceptionCode
from energy.devices.plant.store import FILE_NAME
from energy.domain import Point, Quality
from energy.errors import BadInput
from energy.region.model import Region
from tests.devices.plant.conftest import START, Eye, running
from tests.devices.plant.maps import SG_READY, TWO_LIMITS
from tests.devices.plant.site import Bench, bench, on_bench, site

READ_LOAD = struct.pack(">BHH", 4, 0, 2)
SETPOINT = Point.POWER_KW_SETPOINT
LIMIT = Point.POWER_KW_MIN


@pytest.fixture
def two_limits(tmp_path: Path) -> Bench:
    return bench(tmp_path / "two_limits", "battery", "two_limits", own_map=TWO_LIMITS)


@pytest.fixture
def inverter(tmp_path: Path) -> Bench:
    return bench(tmp_path / "site", "pv", "sunspec_inverter_7xx")


class Wire:
    """A bare Modbus/TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.asked = 0

    def send(self, unit: int, pdu: bytes) -> int:
        self.asked += 1
        self.writer.write(struct.pack(">HHHB", self.asked, 0, len(pdu) + 1, unit) + pdu)
        return self.asked

    async def answer(self) -> tuple[int, int, bytes]:
        """Give the transaction, the unit and the answer."""
        head = await self.reader.readexactly(7)
        transaction, _, length, unit = struct.unpack(">HHHB", head)
        return transaction, unit, await self.reader.readexactly(length - 1)


@asynccontextmanager
async def wire_to(region: Region, asset_id: str) -> AsyncIterator[Wire]:
    where = region.asset(asset_id).device.endpoint
    reader, writer = await asyncio.open_connection(where.host, where.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def first_readable(eye: Eye, asset_id: str) -> bytes:
    register = eye.register(asset_id, Point.POWER_KW)
    return struct.pack(">BHH", 4 if register.table == "input" else 3, register.address, register.width)


async def test_a_slow_device_answers_late_and_holds_up_no_neighbour(region: Region, eye: Eye) -> None:
    ask = first_readable(eye, "load")
    async with running(region) as control, wire_to(region, "load") as wire:
        await control.set_fault("load", FaultKind.SLOW, detail=FaultDetail(answer_s=0.4))
        begin_s = asyncio.get_running_loop().time()
        late, soon = wire.send(1, ask), wire.send(2, ask)
        assert (await wire.answer())[:2] == (soon, 2)
        assert asyncio.get_running_loop().time() - begin_s < 0.3
        assert (await wire.answer())[:2] == (late, 1)
        assert asyncio.get_running_loop().time() - begin_s >= 0.4


async def test_a_device_that_resets_cuts_the_connection_at_once(region: Region, eye: Eye) -> None:
    ask = first_readable(eye, "load")
    async with running(region) as control, wire_to(region, "load") as wire:
        await control.set_fault("load", FaultKind.RESET)
        wire.send(2, ask)
        assert (await wire.answer())[1] == 2
        wire.send(1, ask)
        with pytest.raises(ConnectionResetError):
            await wire.reader.readexactly(1)
        async with wire_to(region, "load") as next_wire:
            next_wire.send(2, ask)
            assert (await next_wire.answer())[1] == 2


async def test_a_truncated_answer_breaks_off_inside_its_frame(region: Region, eye: Eye) -> None:
    ask = first_readable(eye, "load")
    async with running(region) as control, wire_to(region, "load") as wire:
        await control.set_fault("load", FaultKind.SHORT, detail=FaultDetail(truncated=True))
        wire.send(1, ask)
        head = await wire.reader.readexactly(6)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await wire.reader.readexactly(int.from_bytes(head[4:6], "big"))


async def test_a_fault_waits_for_its_time_and_ends_at_it(region: Region, eye: Eye) -> None:
    ask, minute = first_readable(eye, "load"), timedelta(minutes=1)
    async with running(region) as control, wire_to(region, "load") as wire:
        await control.set_fault("load", FaultKind.EXCEPTION, since=START + minute, until=START + 2 * minute)
        seen = []
        for _ in range(3):
            wire.send(1, ask)
            seen.append((await wire.answer())[2][0] & 0x80)
            await control.advance_to(START + minute * (len(seen)))
        assert seen == [0, 0x80, 0]


def test_exceptions_come_one_after_the_other_or_as_ordered(two_limits: Bench) -> None:
    ask = struct.pack(">BHH", 4, 0, 2)
    two_limits.break_it(FaultKind.EXCEPTION)
    answers = [two_limits.ask(ask) for _ in ExceptionCode]
    assert answers == [bytes((0x84, code)) for code in ExceptionCode]
    two_limits.break_it(FaultKind.EXCEPTION, FaultDetail(code=6))
    assert {two_limits.ask(ask) for _ in range(9)} == {bytes((0x84, 6))}
    assert two_limits.set(SETPOINT, 300.0) == 6
    two_limits.break_it(None)
    assert two_limits.value(SETPOINT, readback=True) == 0.0


def test_a_short_answer_has_a_register_too_few(two_limits: Bench) -> None:
    two_limits.break_it(FaultKind.SHORT)
    assert two_limits.ask(struct.pack(">BHH", 4, 0, 4))[:2] == bytes((4, 6))
    assert len(two_limits.ask(struct.pack(">BHH", 4, 0, 4))) == 8
    assert two_limits.set(SETPOINT, 300.0) == 0


def test_a_short_answer_of_bits_has_a_byte_too_few(tmp_path: Path) -> None:
    pump = bench(tmp_path / "site", "heat_pump", "sg_ready", own_map=SG_READY)
    pump.break_it(FaultKind.SHORT)
    assert pump.ask(struct.pack(">BHH", 1, 5, 2)) == bytes((1, 0))


def test_what_is_no_number_is_nan_or_not_implemented_or_garbage(two_limits: Bench, inverter: Bench) -> None:
    two_limits.break_it(FaultKind.NOT_A_NUMBER)
    power = two_limits.point(Point.POWER_KW)
    shown = two_limits.read(power)
    assert math.isnan(struct.unpack(">f", struct.pack(">2H", *shown[::-1]))[0])
    assert two_limits.seen(power)[0] is None
    assert two_limits.seen(two_limits.point(SETPOINT).readback_register)[1] is Quality.IMPLAUSIBLE
    inverter.break_it(FaultKind.NOT_A_NUMBER)
    assert inverter.seen(inverter.point(Point.POWER_KW)) == (None, Quality.NOT_IMPLEMENTED)


def test_garbage_is_never_believed(inverter: Bench) -> None:
    inverter.break_it(FaultKind.GARBAGE)
    for _ in range(6):
        assert inverter.seen(inverter.point(Point.POWER_KW_RATED))[0] != 2000.0
        inverter.wait(60)


def test_a_jumping_device_jumps_far_and_back_and_stays_plausible(two_limits: Bench) -> None:
    two_limits.write_step("Mirror", -500.0)
    two_limits.set(SETPOINT, -500.0)
    two_limits.wait(20)
    two_limits.break_it(FaultKind.JUMPING)
    seen_kw = []
    for _ in range(6):
        two_limits.wait(5)
        value, quality = two_limits.seen(two_limits.point(Point.POWER_KW))
        assert quality is Quality.GOOD
        assert two_limits.value(Point.POWER_KW) == value
        seen_kw.append(value)
    assert sorted(set(seen_kw)) == pytest.approx([-500.0, 850.0])
    assert all(abs(after - before) > 1000.0 for before, after in pairwise(seen_kw))
    assert two_limits.power_kw == pytest.approx(-500.0)
    low_kw, high_kw = two_limits.device.asset.power_kw_nameplate
    assert all(low_kw <= value <= high_kw for value in seen_kw)


def test_swapped_words_are_swapped_in_what_is_shown_and_in_what_is_taken(two_limits: Bench) -> None:
    two_limits.write_step("Mirror", -500.0)
    two_limits.set(SETPOINT, -500.0)
    held = two_limits.point(SETPOINT).readback_register
    sound = two_limits.read(held)
    two_limits.break_it(FaultKind.WORDS_SWAPPED)
    assert two_limits.read(held) == sound[::-1]
    assert two_limits.set(SETPOINT, -300.0) == ExceptionCode.ILLEGAL_VALUE
    two_limits.break_it(None)
    assert two_limits.value(SETPOINT, readback=True) == -500.0


def test_a_restarted_device_is_silent_and_then_knows_nothing(two_limits: Bench) -> None:
    two_limits.write_step("Mirror", -500.0)
    two_limits.set(SETPOINT, -500.0)
    two_limits.wait(20)
    two_limits.break_it(FaultKind.REBOOTED, FaultDetail(silent_s=20.0))
    assert two_limits.device.respond(struct.pack(">BHH", 4, 0, 2)).pdu is None
    two_limits.wait(15)
    assert two_limits.device.respond(struct.pack(">BHH", 4, 0, 2)).pdu is None
    assert two_limits.power_kw == pytest.approx(0.0)
    two_limits.wait(5)
    assert two_limits.value(SETPOINT, readback=True) == 0.0
    assert two_limits.read(two_limits.content.heartbeat.shown) == [20]
    assert two_limits.read(two_limits.step("Mirror")) == [0]
    two_limits.wait(60)
    two_limits.set(SETPOINT, 300.0)
    two_limits.write_step("Mirror", 300.0)
    two_limits.wait(30)
    assert two_limits.value(SETPOINT, readback=True) == 300.0


def test_a_device_restarts_when_it_is_told_to(two_limits: Bench) -> None:
    two_limits.write_step("Mirror", -500.0)
    two_limits.set(SETPOINT, -500.0)
    soon = two_limits.field.world.at + timedelta(seconds=33)
    two_limits.field.set_fault("it", FaultKind.REBOOTED, since=soon)
    two_limits.wait(30)
    assert two_limits.value(SETPOINT, readback=True) == -500.0
    two_limits.wait(30)
    assert two_limits.value(SETPOINT, readback=True) == 0.0


@pytest.mark.parametrize(("ignores_writes", "code"), [(False, 4), (True, 0)])
def test_a_device_in_local_operation_says_so_and_obeys_nobody(
    inverter: Bench, *, ignores_writes: bool, code: int
) -> None:
    inverter.set(LIMIT, -100.0)
    inverter.write_step("WMaxLimPctEna", 1)
    inverter.wait(30)
    assert (inverter.value(Point.REMOTE), inverter.power_kw) == (1.0, pytest.approx(-100.0))
    inverter.break_it(FaultKind.LOCAL, FaultDetail(ignores_writes=ignores_writes))
    assert inverter.value(Point.REMOTE) == 0.0
    assert inverter.set(LIMIT, -50.0) == code
    inverter.wait(30)
    assert inverter.power_kw < -200.0
    inverter.break_it(None)
    assert inverter.value(Point.REMOTE) == 1.0
    inverter.wait(30)
    assert inverter.power_kw < -200.0


def test_a_frozen_device_freezes_when_its_fault_begins(two_limits: Bench) -> None:
    soon = two_limits.field.world.at + timedelta(seconds=60)
    two_limits.field.set_fault("it", FaultKind.FROZEN, since=soon)
    two_limits.write_step("Mirror", -500.0)
    two_limits.set(SETPOINT, -500.0)
    two_limits.wait(120)
    two_limits.set(SETPOINT, -100.0)
    two_limits.wait(30)
    assert two_limits.value(Point.POWER_KW) == pytest.approx(-500.0)
    assert two_limits.power_kw == pytest.approx(-100.0)


@pytest.mark.parametrize("kind", sorted(EDGED | {FaultKind.SLOW, FaultKind.GARBAGE}))
def test_what_is_broken_stays_broken_over_a_restart_of_the_plant(tmp_path: Path, kind: FaultKind) -> None:
    region = site(tmp_path / "site", "pv", "sunspec_inverter_7xx")
    before = on_bench(region, state=tmp_path / "state")
    before.break_it(kind, FaultDetail(fraction=0.1, answer_s=7.0, silent_s=3600.0))
    before.wait(900)
    before.field.save()
    after = on_bench(region, state=tmp_path / "state")
    ask = struct.pack(">BHH", 3, after.point(Point.ENERGY_KWH_FED_IN).address, 4)
    assert after.device.fault is kind
    assert after.device.respond(ask) == before.device.respond(ask)
    for one in (before, after):
        one.wait(900)
    assert after.device.respond(ask).delay_s == before.device.respond(ask).delay_s
    if kind is not FaultKind.LOCAL:
        assert after.device.respond(ask).pdu == before.device.respond(ask).pdu
    after.break_it(None)
    assert after.device.fault is None


def test_a_drift_that_is_over_is_still_counted_after_a_restart(tmp_path: Path) -> None:
    region = site(tmp_path / "site", "pv", "sunspec_inverter_7xx")
    before = on_bench(region, state=tmp_path / "state")
    before.break_it(FaultKind.DRIFT, FaultDetail(fraction=0.5))
    before.wait(3600)
    before.break_it(None)
    shown_kwh = before.value(Point.ENERGY_KWH_FED_IN)
    true_kwh = before.field.world.truth()["it"]["energy_kwh_fed_in"]
    assert shown_kwh == pytest.approx(1.5 * true_kwh, rel=1e-3)
    before.field.save()
    assert on_bench(region, state=tmp_path / "state").value(Point.ENERGY_KWH_FED_IN) == shown_kwh


def test_a_state_from_before_faults_were_saved_is_still_of_use(tmp_path: Path) -> None:
    region = site(tmp_path / "site", "pv", "sunspec_inverter_7xx")
    before = on_bench(region, state=tmp_path / "state")
    before.wait(600)
    before.field.save()
    path = tmp_path / "state" / FILE_NAME
    content = json.loads(path.read_text())
    del content["devices"]
    path.write_text(json.dumps(content))
    assert on_bench(region, state=tmp_path / "state").field.world.at == before.field.world.at


async def test_how_much_of_a_fault_has_its_limits(region: Region) -> None:
    async with running(region) as control:
        with pytest.raises(BadInput, match="not an order"):
            await control.set_fault("load", FaultKind.SLOW, detail=FaultDetail(answer_s=-1.0))
        with pytest.raises(BadInput, match="not an order"):
            await control.set_fault("load", FaultKind.EXCEPTION, detail=FaultDetail(code=0))


async def test_every_fault_can_be_ordered_and_mended(region: Region, eye: Eye) -> None:
    async with running(region) as control:
        for kind in FaultKind:
            await control.set_fault("load", kind)
            await control.clear_fault("load")
            assert await eye.value("load", Point.POWER_KW) is not None, kind
