"""The chain of models over the wire: found wherever it may stand, whatever the device refuses."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from energy.devices.modbus import ModbusEndpoint, Patience
from energy.devices.scan.device import device_of
from energy.devices.scan.walk import Chain, walk
from energy.errors import DeviceRefused, DeviceUnreachable
from energy.region.asset import Endpoint
from tests.devices.servers.sunspec_image import Image, Registers, made_of, serving, shipped

METER = {"ID": 203, "W": 1500, "W_SF": 0, "TotWhImp": 5, "TotWhExp": 7, "TotWh_SF": 0}
Prepare = Callable[[Registers], None]


def endpoint_at(port: int, *, answer_s_max: float = 5.0) -> ModbusEndpoint:
    where = Endpoint(transport="tcp", host="127.0.0.1", port=port, serial=None)
    return ModbusEndpoint(where, Patience(connect_s_max=5.0, answer_s_max=answer_s_max))


async def walked(image: Image, prepare: Prepare | None = None) -> Chain:
    with serving(image) as (port, registers):
        if prepare is not None:
            prepare(registers)
        endpoint = endpoint_at(port)
        try:
            return await walk(endpoint, 1)
        finally:
            endpoint.close()


@pytest.mark.parametrize("base", [0, 40000, 50000])
async def test_the_marker_is_found_at_each_place_where_it_may_stand(base: int) -> None:
    image = made_of(METER)
    image.base = base
    chain = await walked(image)
    assert chain.base == base
    assert [(model.model_id, model.address) for model in chain.models] == [(1, base + 2), (203, base + 70)]
    assert chain.broken is None


async def test_the_shipped_image_of_a_1547_device_is_walked_to_its_end() -> None:
    chain = await walked(shipped("device_1547.json"))
    assert [model.model_id for model in chain.models] == [1, *range(701, 714)]
    assert chain.broken is None


async def test_a_model_longer_than_a_request_is_read_in_pieces_that_keep_to_it() -> None:
    with serving(shipped("device_1547.json")) as (port, registers):
        endpoint = endpoint_at(port)
        chain = await walk(endpoint, 1)
        endpoint.close()
        assert max(count for _, count in registers.reads) == 125
        bounds = {model.address: model.address + len(model.registers) for model in chain.models}
        for address, count in registers.reads[1:-1]:
            end = max(end for start, end in bounds.items() if start <= address)
            assert address + count <= end
        body = chain.models[1]
        assert list(body.registers) == [
            registers.words[body.address + index] for index in range(len(body.registers))
        ]


async def test_a_device_that_answers_short_reads_only_is_read_in_short_ones() -> None:
    def short(registers: Registers) -> None:
        registers.reads_max = 40

    chain = await walked(made_of(METER), short)
    assert all(None not in model.registers for model in chain.models)
    assert chain.read_registers_max <= 40


async def test_a_register_that_the_device_refuses_costs_only_itself() -> None:
    def hole(registers: Registers) -> None:
        registers.holes = {registers.places["203.VAR"]}

    chain = await walked(made_of(METER), hole)
    meter = device_of(chain).models[1]
    assert meter.raw.registers.count(None) == 1
    power, gap = meter.number("W"), meter.number("VAR")
    assert power is not None
    assert power.scaled == 1500.0
    assert gap is not None
    assert gap.lack is not None


async def test_a_chain_without_its_end_keeps_what_was_found_and_says_so() -> None:
    image = made_of(METER)
    image.with_end = False
    chain = await walked(image)
    assert [model.model_id for model in chain.models] == [1, 203]
    assert chain.broken is not None
    assert "no end marker" in chain.broken


async def test_a_chain_that_cannot_be_ends_instead_of_going_on_for_ever() -> None:
    image = made_of(METER)
    image.lengths = {203: 60000}
    chain = await walked(image)
    assert [model.model_id for model in chain.models] == [1]
    assert chain.broken is not None
    assert "60000" in chain.broken


async def test_a_model_shorter_than_its_definition_lacks_its_last_points() -> None:
    image = made_of({"ID": 103, "W": 3000, "W_SF": 0, "St": 4, "Evt1": 0, "WH": 10, "WH_SF": 0})
    image.lengths = {103: 38}

    def shortened(registers: Registers) -> None:
        end = registers.places["103.ID"] + 40
        registers.words[end], registers.words[end + 1] = 0xFFFF, 0

    inverter = device_of(await walked(image, shortened)).models[1]
    state, events = inverter.number("St"), inverter.number("Evt1")
    assert state is not None
    assert state.value == 4
    assert events is not None
    assert events.lack is not None
    assert "not in this device's model" in events.lack


async def test_a_device_without_a_marker_is_refused_with_what_to_do() -> None:
    image = made_of(METER)
    image.base = 100
    with pytest.raises(DeviceRefused, match=r"no SunSpec marker at 0, 40000, 50000; switch SunSpec on"):
        await walked(image)


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """Accept connections, and never answer."""

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            pass
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_a_silent_device_is_said_to_be_silent(silent_port: int) -> None:
    endpoint = endpoint_at(silent_port, answer_s_max=0.05)
    with pytest.raises(DeviceUnreachable, match=r"unit 7 at 127\.0\.0\.1:\d+ does not answer.*--unit"):
        await walk(endpoint, 7)
    endpoint.close()


async def test_a_closed_port_is_said_to_be_closed(unused_tcp_port: int) -> None:
    endpoint = endpoint_at(unused_tcp_port)
    with pytest.raises(DeviceUnreachable, match="connection"):
        await walk(endpoint, 1)
