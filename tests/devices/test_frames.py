"""Frames: what pymodbus frames is understood, what we frame pymodbus understands, and nothing else passes."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsResponse,
    ReadDiscreteInputsResponse,
    WriteMultipleCoilsResponse,
    WriteSingleCoilResponse,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersResponse,
    ReadInputRegistersResponse,
    WriteMultipleRegistersResponse,
    WriteSingleRegisterResponse,
)

from energy.devices.frames import (
    Doubt,
    Framing,
    MbapFraming,
    Question,
    RtuFraming,
    Stray,
    exception_of,
    read_question,
    read_values,
    write_question,
)
from energy.devices.layout import Table

TRANSACTION = 4711
FRAMINGS: dict[str, tuple[Framing, type[FramerBase]]] = {
    "mbap": (MbapFraming(), FramerSocket),
    "rtu": (RtuFraming(), FramerRTU),
}
both_framings = pytest.mark.parametrize("name", FRAMINGS)
words = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=120)
bits = st.lists(st.booleans(), min_size=1, max_size=300)
units = st.integers(1, 247)
addresses = st.integers(0, 65_000)


def framed(name: str, answer: ModbusPDU, unit: int) -> bytes:
    answer.dev_id, answer.transaction_id = unit, TRANSACTION
    return FRAMINGS[name][1](DecodePDU(is_server=True)).buildFrame(answer)


def understood(name: str, question: Question) -> ModbusPDU:
    """Give what pymodbus's own server side reads from our request."""
    framing, framer = FRAMINGS[name]
    frame = framing.wrap(question, TRANSACTION)
    used, request = framer(DecodePDU(is_server=True)).handleFrame(frame, 0, 0)
    assert used == len(frame)
    assert request is not None
    assert request.dev_id == question.unit
    assert request.function_code == question.function
    assert request.address == question.address
    return request


def taken(name: str, question: Question, frame: bytes) -> bytes:
    pdu = FRAMINGS[name][0].unwrap(question, TRANSACTION, frame)
    assert isinstance(pdu, bytes), pdu
    return pdu


@both_framings
@given(values=words, unit=units, address=addresses, table=st.sampled_from([Table.HOLDING, Table.INPUT]))
def test_registers_come_back_as_they_were_sent(
    name: str, values: list[int], unit: int, address: int, table: Table
) -> None:
    question = read_question(unit, table, address=address, count=len(values))
    assert understood(name, question).count == len(values)
    answer = ReadHoldingRegistersResponse if table is Table.HOLDING else ReadInputRegistersResponse
    pdu = taken(name, question, framed(name, answer(registers=values), unit))
    assert list(read_values(question, pdu)) == values


@both_framings
@given(values=bits, unit=units, address=addresses, table=st.sampled_from([Table.COIL, Table.DISCRETE]))
def test_bits_come_back_as_they_were_sent(
    name: str, values: list[bool], unit: int, address: int, table: Table
) -> None:
    question = read_question(unit, table, address=address, count=len(values))
    assert understood(name, question).count == len(values)
    answer = ReadCoilsResponse if table is Table.COIL else ReadDiscreteInputsResponse
    pdu = taken(name, question, framed(name, answer(bits=values), unit))
    assert list(read_values(question, pdu)) == [int(value) for value in values]


@both_framings
@given(values=words, unit=units, address=addresses, single=st.booleans())
def test_written_registers_are_understood_and_their_echo_is_taken(
    name: str, values: list[int], unit: int, address: int, *, single: bool
) -> None:
    values = values[:1] if single else values
    question = write_question(unit, Table.HOLDING, address=address, values=values, single=single)
    assert understood(name, question).registers == values
    echo: ModbusPDU = (
        WriteSingleRegisterResponse(address=address, registers=values)
        if single
        else WriteMultipleRegistersResponse(address=address, count=len(values))
    )
    assert exception_of(taken(name, question, framed(name, echo, unit))) is None


@both_framings
@given(values=bits, unit=units, address=addresses, single=st.booleans())
def test_written_coils_are_understood_and_their_echo_is_taken(
    name: str, values: list[bool], unit: int, address: int, *, single: bool
) -> None:
    values = values[:1] if single else values
    numbers = [int(value) for value in values]
    question = write_question(unit, Table.COIL, address=address, values=numbers, single=single)
    assert list(understood(name, question).bits[: len(values)]) == values
    echo: ModbusPDU = (
        WriteSingleCoilResponse(address=address, bits=values)
        if single
        else WriteMultipleCoilsResponse(address=address, count=len(values))
    )
    assert exception_of(taken(name, question, framed(name, echo, unit))) is None


@both_framings
@given(unit=units, code=st.integers(1, 11))
def test_an_exception_is_taken_for_what_it_is(name: str, unit: int, code: int) -> None:
    question = read_question(unit, Table.HOLDING, address=0, count=9)
    frame = framed(name, ExceptionResponse(3, exception_code=code), unit)
    assert exception_of(taken(name, question, frame)) == code


@both_framings
@given(values=words, unit=units, cut=st.integers(0, 300))
def test_a_part_of_an_answer_is_waited_on_and_never_taken(
    name: str, values: list[int], unit: int, cut: int
) -> None:
    question = read_question(unit, Table.HOLDING, address=0, count=len(values))
    frame = framed(name, ReadHoldingRegistersResponse(registers=values), unit)
    assert FRAMINGS[name][0].unwrap(question, TRANSACTION, frame[: min(cut, len(frame) - 1)]) is None


@both_framings
@given(values=words, more=st.binary(min_size=1, max_size=20))
def test_bytes_beyond_the_answer_leave_it_in_doubt(name: str, values: list[int], more: bytes) -> None:
    question = read_question(1, Table.HOLDING, address=0, count=len(values))
    frame = framed(name, ReadHoldingRegistersResponse(registers=values), 1) + more
    assert isinstance(FRAMINGS[name][0].unwrap(question, TRANSACTION, frame), Doubt)


@both_framings
@given(sent=words, wanted=st.integers(1, 125))
def test_another_count_is_never_taken(name: str, sent: list[int], wanted: int) -> None:
    question = read_question(1, Table.HOLDING, address=0, count=wanted)
    frame = framed(name, ReadHoldingRegistersResponse(registers=sent), 1)
    assert isinstance(FRAMINGS[name][0].unwrap(question, TRANSACTION, frame), bytes) == (len(sent) == wanted)


@both_framings
@given(data=st.binary(max_size=300), count=st.integers(1, 125))
def test_garbage_is_never_taken_for_an_answer(name: str, data: bytes, count: int) -> None:
    """A chance hit is allowed only where every check holds: one in 65,536 with the right head alone."""
    question = read_question(17, Table.INPUT, address=0, count=count)
    parsed = FRAMINGS[name][0].unwrap(question, TRANSACTION, data)
    if isinstance(parsed, bytes):
        head = TRANSACTION.to_bytes(2, "big") if name == "mbap" else b"\x11"
        assert data.startswith(head)


@given(values=words, place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_one_changed_byte_of_an_rtu_answer_is_always_noticed(
    values: list[int], place: int, flip: int
) -> None:
    question = read_question(9, Table.HOLDING, address=0, count=len(values))
    frame = bytearray(framed("rtu", ReadHoldingRegistersResponse(registers=values), 9))
    frame[place % len(frame)] ^= flip
    assert not isinstance(FRAMINGS["rtu"][0].unwrap(question, 0, bytes(frame)), bytes)


FOREIGN: dict[str, ModbusPDU] = {
    "registers": ReadInputRegistersResponse(registers=[1, 2, 3]),
    "bits": ReadCoilsResponse(bits=[True] * 9),
    "an_echo": WriteSingleRegisterResponse(address=5, registers=[6]),
    "an_exception": ExceptionResponse(3, exception_code=2),
}


@pytest.mark.parametrize("answer", FOREIGN.values(), ids=FOREIGN)
def test_a_whole_frame_of_another_unit_is_a_stray_one(answer: ModbusPDU) -> None:
    question = read_question(9, Table.HOLDING, address=0, count=1)
    frame = framed("rtu", answer, 8)
    assert FRAMINGS["rtu"][0].unwrap(question, 0, frame + b"\x09\x03") == Stray(len(frame))
    assert FRAMINGS["rtu"][0].unwrap(question, 0, frame[:-1]) is None
    assert isinstance(FRAMINGS["rtu"][0].unwrap(question, 0, frame[:-1] + b"\0"), Doubt)


@pytest.mark.parametrize("values", [[], [1, 2], [-1], [65536]])
def test_what_fits_no_single_register_is_refused(values: Sequence[int]) -> None:
    with pytest.raises(ValueError, match="cannot be written to holding 7"):
        write_question(1, Table.HOLDING, address=7, values=values, single=True)
