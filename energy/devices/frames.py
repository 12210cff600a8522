"""Modbus requests and answers as bytes, in both framings: pure, and strict about what counts as an answer.

Application protocol: MODBUS Application Protocol Specification V1.1b3, sections 4 and 6. Framing with a
header (MBAP): MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3; the same inside TLS (MODBUS/TCP
Security Protocol Specification V21). Framing with a checksum (RTU): MODBUS over Serial Line V1.02, 2.5.1.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from pymodbus.framer import FramerRTU

from energy.devices.layout import Table

MBAP_BYTES = 7
"""Transaction, protocol, length, unit."""
CRC_BYTES = 2
EXCEPTION_BYTES = 2
WRITTEN_BYTES = 5
"""Function, address, and the value or the count."""
ERROR_BIT = 0x80
READ_FUNCTIONS = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
QUESTIONS_MAX = 8192
"""A sweep of 1,000 devices asks some 2,000 different ones, again and again."""
_COIL_ON = 0xFF00
_READS_BITS = frozenset({1, 2})
_READS = frozenset({1, 2, 3, 4})
_WRITES_ONE = frozenset({5, 6})
_WRITES = frozenset({5, 6, 15, 16})
GLITCH_BYTES_MAX = 4
"""So many bytes before an answer are taken for what a line makes when its driver is switched."""
FRAME_BYTES_MIN = 1 + 1 + CRC_BYTES
"""Unit, function, checksum."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and what its answer must look like.

    ``answer_bytes`` counts the answer from its function code on, without framing.
    """

    unit: int
    function: int
    address: int
    count: int
    pdu: bytes
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why what came cannot be the answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A whole frame of another unit, so many bytes long: an answer that somebody else waited for."""

    size: int


Parsed = bytes | Doubt | Stray | None
"""The answer from its function code on; a doubt; a stray frame; None while bytes are missing."""


class Framing(Protocol):
    """How requests and answers are wrapped."""

    def wrap(self, question: Question, transaction: int, /) -> bytes:
        """Give the bytes that go over the wire."""
        ...

    def unwrap(self, question: Question, transaction: int, data: bytes, /) -> Parsed:
        """Find the answer to a question in what has come so far."""
        ...


@lru_cache(maxsize=QUESTIONS_MAX)
def read_question(unit: int, table: Table, *, address: int, count: int) -> Question:
    """Ask for registers or bits (functions 1 to 4)."""
    function = READ_FUNCTIONS[table]
    data_bytes = (count + 7) // 8 if table.holds_bits else 2 * count
    return Question(
        unit, function, address, count, struct.pack(">BHH", function, address, count), 2 + data_bytes
    )


def write_question(unit: int, table: Table, *, address: int, values: Sequence[int], single: bool) -> Question:
    """Ask to write registers (functions 6 and 16) or coils (5 and 15).

    Raises:
        ValueError: a value is none of 16 bits, or a single write has not exactly one.
    """
    if not values or (single and len(values) != 1):
        raise ValueError(f"{len(values)} values cannot be written to {table.value} {address}")
    try:
        if table is Table.COIL:
            function, pdu = _write_coils(address, values, single=single)
        elif single:
            function, pdu = 6, struct.pack(">BHH", 6, address, values[0])
        else:
            body = struct.pack(f">{len(values)}H", *values)
            function, pdu = 16, struct.pack(">BHHB", 16, address, len(values), len(body)) + body
    except struct.error as error:
        raise ValueError(f"{list(values)} cannot be written to {table.value} {address}: {error}") from error
    return Question(unit, function, address, len(values), pdu, WRITTEN_BYTES)


def _write_coils(address: int, values: Sequence[int], *, single: bool) -> tuple[int, bytes]:
    if single:
        return 5, struct.pack(">BHH", 5, address, _COIL_ON if values[0] else 0)
    packed = sum(1 << index for index, value in enumerate(values) if value)
    body = packed.to_bytes((len(values) + 7) // 8, "little")
    return 15, struct.pack(">BHHB", 15, address, len(values), len(body)) + body


def read_values(question: Question, pdu: bytes) -> Sequence[int]:
    """Give the registers or bits of an answer that was unwrapped for this question."""
    if question.function in _READS_BITS:
        bits = int.from_bytes(pdu[2:], "little")
        return [bits >> index & 1 for index in range(question.count)]
    return _registers(question.count).unpack_from(pdu, 2)


@lru_cache(maxsize=256)
def _registers(count: int) -> struct.Struct:
    return struct.Struct(f">{count}H")


def exception_of(pdu: bytes) -> int | None:
    """Give the exception code of an answer, None if it is none."""
    return pdu[1] if pdu[0] & ERROR_BIT else None


def _pdu_doubt(question: Question, pdu: bytes) -> Doubt | None:
    """Hold an answer of the right length against its question."""
    if pdu[0] & ERROR_BIT:
        return None
    if question.function in _READS:
        if pdu[1] != question.answer_bytes - 2:
            return Doubt(f"it says {pdu[1]} bytes of data instead of {question.answer_bytes - 2}")
        return None
    address, number = struct.unpack_from(">HH", pdu, 1)
    if address != question.address:
        return Doubt(f"the device confirms address {address}")
    if question.function not in _WRITES_ONE and number != question.count:
        return Doubt(f"the device confirms {number} written")
    return None


def _expected_bytes(question: Question, function: int) -> int | Doubt:
    if function == question.function:
        return question.answer_bytes
    if function == question.function | ERROR_BIT:
        return EXCEPTION_BYTES
    return Doubt(f"the answer is to function {function & ~ERROR_BIT}")


class MbapFraming:
    """Framing with a header: the transaction says which request an answer belongs to."""

    def wrap(self, question: Question, transaction: int) -> bytes:
        """Put the header before the request."""
        return struct.pack(">HHHB", transaction, 0, len(question.pdu) + 1, question.unit) + question.pdu

    def unwrap(self, question: Question, transaction: int, data: bytes) -> Parsed:
        """Find the answer; every field of the header must be right. Unit 0 is answered by any unit."""
        if len(data) < MBAP_BYTES:
            return None
        own_transaction, protocol, length, unit = struct.unpack_from(">HHHB", data)
        if protocol != 0 or length <= 1:
            return Doubt(f"no Modbus/TCP frame (protocol {protocol}, length {length})")
        if own_transaction != transaction:
            return Doubt(f"the answer is to transaction {own_transaction}, not {transaction}")
        if unit != question.unit and question.unit:
            return Doubt(f"the answer is from unit {unit}, not {question.unit}")
        return None if len(data) == MBAP_BYTES else _answer(question, data[MBAP_BYTES:], length - 1)


def _answer(question: Question, pdu: bytes, length: int) -> bytes | Doubt | None:
    """Judge what follows a header that says how long it is."""
    expected = _expected_bytes(question, pdu[0])
    if isinstance(expected, Doubt):
        return expected
    if length != expected:
        return Doubt(f"the answer has {length} bytes instead of {expected}")
    if len(pdu) < expected:
        return None
    if len(pdu) > expected:
        return Doubt(f"{len(pdu) - expected} bytes came beyond the answer")
    return _pdu_doubt(question, pdu) or pdu


class RtuFraming:
    """Framing with a checksum: only unit, function, length and checksum say whose answer it is."""

    def wrap(self, question: Question, _transaction: int, /) -> bytes:
        """Put the unit before the request and the checksum behind; there is no room for a transaction."""
        body = bytes([question.unit]) + question.pdu
        return body + FramerRTU.compute_CRC(body).to_bytes(CRC_BYTES, "big")

    def unwrap(self, question: Question, _transaction: int, data: bytes, /) -> Parsed:
        """Find the answer; a whole frame of another unit is a stray one, anything else in doubt.

        An answer counts behind a few bytes of noise too, where its checksum holds.
        """
        parsed = self._unwrap(question, data)
        if isinstance(parsed, bytes | Stray) or len(data) <= FRAME_BYTES_MIN:
            return parsed
        for noise in range(1, 1 + min(GLITCH_BYTES_MAX, len(data) - FRAME_BYTES_MIN)):
            if data[noise] == question.unit and data[noise + 1] & ~ERROR_BIT == question.function:
                behind = self._unwrap(question, data[noise:])
                if isinstance(behind, bytes):
                    return behind
        return parsed

    def _unwrap(self, question: Question, data: bytes) -> Parsed:
        if len(data) < 1 + EXCEPTION_BYTES:
            return None
        if data[0] != question.unit:
            return _foreign(question, data)
        expected = _expected_bytes(question, data[1])
        if isinstance(expected, Doubt):
            return expected
        size = 1 + expected + CRC_BYTES
        if expected != EXCEPTION_BYTES and question.function in _READS and data[2] != expected - 2:
            return Doubt(f"it says {data[2]} bytes of data instead of {expected - 2}")
        if len(data) < size:
            return None
        if len(data) > size:
            return Doubt(f"{len(data) - size} bytes came beyond the answer")
        if not _is_sound(data):
            return Doubt("its checksum is wrong")
        pdu = data[1:-CRC_BYTES]
        return _pdu_doubt(question, pdu) or pdu


def is_over(question: Question, data: bytes) -> bool:
    """Tell whether bytes that are no answer were one: as many as it has, or a whole frame.

    Then, once the line is silent, nothing more comes for the question; after less it may still.
    """
    if len(data) >= 1 + question.answer_bytes + CRC_BYTES:
        return True
    return len(data) >= FRAME_BYTES_MIN and _is_sound(data)


def _foreign(question: Question, data: bytes) -> Doubt | Stray | None:
    """Tell another unit's late answer, which is skipped, from garbage."""
    doubt = Doubt(f"the answer is from unit {data[0]}, not {question.unit}")
    function = data[1]
    if function & ERROR_BIT:
        size = 1 + EXCEPTION_BYTES + CRC_BYTES
    elif function in _READS:
        size = 1 + 2 + data[2] + CRC_BYTES
    elif function in _WRITES:
        size = 1 + WRITTEN_BYTES + CRC_BYTES
    else:
        return doubt
    if len(data) < size:
        return None
    return Stray(size) if _is_sound(data[:size]) else doubt


def _is_sound(frame: bytes) -> bool:
    checksum = int.from_bytes(frame[-CRC_BYTES:], "big")
    return bool(FramerRTU.check_CRC(frame[:-CRC_BYTES], checksum))
