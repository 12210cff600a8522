"""Requests are cut out of any stream of bytes, and only what is well formed is done."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from energy.devices.layout import Table
from energy.devices.plant.framing import BrokenStream, Frame, MbapFraming, RtuFraming, crc16
from energy.devices.plant.pdu import ExceptionCode, Request, answer_to, exception, parse

units = st.integers(0, 255)
addresses = st.integers(0, 60_000)
words = st.lists(st.integers(0, 65_535), min_size=1, max_size=123)
bits = st.lists(st.integers(0, 1), min_size=1, max_size=1968)


def pdus() -> st.SearchStrategy[bytes]:
    reads = st.builds(
        lambda function, address, count: struct.pack(">BHH", function, address, count),
        st.integers(1, 4),
        addresses,
        st.integers(1, 125),
    )
    registers = st.builds(
        lambda address, values: (
            struct.pack(">BHHB", 16, address, len(values), 2 * len(values))
            + struct.pack(f">{len(values)}H", *values)
        ),
        addresses,
        words,
    )
    return st.one_of(reads, registers)


@given(st.lists(st.tuples(units, pdus()), min_size=1, max_size=4), st.data())
def test_requests_come_out_of_a_stream_however_it_is_cut(
    asked: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    rtu = [bytes((unit,)) + pdu for unit, pdu in asked]
    streams = {
        MbapFraming: b"".join(
            struct.pack(">HHHB", index, 0, len(pdu) + 1, unit) + pdu
            for index, (unit, pdu) in enumerate(asked)
        ),
        RtuFraming: b"".join(body + crc16(body) for body in rtu),
    }
    for framing, stream in streams.items():
        buffer, found, rest = bytearray(), [], stream
        while rest:
            size = data.draw(st.integers(1, len(rest)))
            buffer += rest[:size]
            rest = rest[size:]
            while (frame := framing().cut(buffer)) is not None:
                found.append((frame.unit, frame.pdu))
        assert found == asked
        assert not buffer


@given(st.binary(max_size=300))
def test_no_bytes_make_a_serial_line_fail(stream: bytes) -> None:
    buffer = bytearray(stream)
    while RtuFraming().cut(buffer) is not None:
        pass


@given(st.binary(min_size=8, max_size=300))
def test_no_bytes_make_a_connection_fail_otherwise_than_by_ending_it(stream: bytes) -> None:
    buffer = bytearray(stream)
    try:
        while MbapFraming().cut(buffer) is not None:
            pass
    except BrokenStream:
        assert buffer


@given(st.binary(min_size=1, max_size=253))
def test_any_request_is_understood_or_refused(pdu: bytes) -> None:
    request = parse(pdu)
    if isinstance(request, Request) and request.values is not None:
        assert len(request.values) == request.count


@given(st.binary(min_size=1, max_size=200))
def test_the_checksum_is_pymodbus_s(data: bytes) -> None:
    assert crc16(data) == FramerRTU.compute_CRC(data).to_bytes(2, "big")


@given(st.integers(0, 65_000), bits)
def test_coils_come_back_as_they_were_written(address: int, values: list[int]) -> None:
    packed = sum(bit << index for index, bit in enumerate(values)).to_bytes((len(values) + 7) // 8, "little")
    request = parse(struct.pack(">BHHB", 15, address, len(values), len(packed)) + packed)
    if address + len(values) > 65_536:
        assert request is ExceptionCode.ILLEGAL_ADDRESS
        return
    assert isinstance(request, Request)
    assert (request.table, list(request.values)) == (Table.COIL, values)
    read = Request(function=1, table=Table.COIL, address=address, count=len(values), values=None)
    assert answer_to(read, values) == bytes((1, len(packed))) + packed


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (bytes((7,)), ExceptionCode.ILLEGAL_FUNCTION),
        (struct.pack(">BHH", 3, 0, 0), ExceptionCode.ILLEGAL_VALUE),
        (struct.pack(">BHH", 3, 0, 126), ExceptionCode.ILLEGAL_VALUE),
        (struct.pack(">BHH", 3, 65_535, 2), ExceptionCode.ILLEGAL_ADDRESS),
        (struct.pack(">BHH", 1, 0, 2001), ExceptionCode.ILLEGAL_VALUE),
        (struct.pack(">BHH", 5, 0, 1), ExceptionCode.ILLEGAL_VALUE),
        (struct.pack(">BHHBH", 16, 0, 2, 4, 1), ExceptionCode.ILLEGAL_VALUE),
        (struct.pack(">BHHBH", 16, 0, 1, 4, 1), ExceptionCode.ILLEGAL_VALUE),
        (bytes((3, 0)), ExceptionCode.ILLEGAL_VALUE),
    ],
)
def test_what_is_not_well_formed_is_refused(pdu: bytes, code: ExceptionCode) -> None:
    assert parse(pdu) is code


def test_a_checksum_that_is_wrong_drops_what_came() -> None:
    buffer = bytearray(struct.pack(">BBHH", 1, 3, 0, 1) + b"\0\0")
    assert RtuFraming().cut(buffer) is None
    assert not buffer


def test_an_answer_carries_its_question_s_number() -> None:
    frame = Frame(unit=7, pdu=b"\x03", transaction=b"\x12\x34")
    assert MbapFraming().wrap(frame, exception(3, 2)) == bytes.fromhex("1234000000030783 02".replace(" ", ""))


def test_pymodbus_understands_what_a_serial_device_answers() -> None:
    asked = Request(function=3, table=Table.HOLDING, address=5, count=2, values=None)
    data = RtuFraming().wrap(Frame(unit=9, pdu=b""), answer_to(asked, [258, 772]))
    used, answer = FramerRTU(DecodePDU(is_server=False)).handleFrame(data, 9, 0)
    assert used == len(data)
    assert answer is not None
    assert answer.registers == [258, 772]
