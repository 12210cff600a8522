"""What a request asks of a device, and the answers: the Modbus protocol without its transport.

Modbus Application Protocol Specification V1.1b3, sections 6.1 to 6.6, 6.11, 6.12 and 7.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from energy.devices.layout import ADDRESS_MAX, Table
from energy.devices.register_map import READ_BITS_MAX, READ_REGISTERS_MAX

WRITE_BITS_MAX = 1968
"""Section 6.11."""
WRITE_REGISTERS_MAX = 123
"""Section 6.12."""
COIL_ON = 0xFF00
"""Section 6.5."""
ERROR_BIT = 0x80
"""Section 7: set in the function code of an exception."""
READS = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
WRITES = {
    WRITE_COIL: Table.COIL,
    WRITE_REGISTER: Table.HOLDING,
    WRITE_COILS: Table.COIL,
    WRITE_REGISTERS: Table.HOLDING,
}


class ExceptionCode(IntEnum):
    """Why a device does not do what it is asked (section 7)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    ACKNOWLEDGE = 5
    BUSY = 6
    GATEWAY_PATH = 10
    GATEWAY_NO_RESPONSE = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A read, or a write where there are values: registers, or bits as 0 and 1."""

    function: int
    table: Table
    address: int
    count: int
    values: tuple[int, ...] | None


def parse(pdu: bytes) -> Request | ExceptionCode:
    """Give what a request asks, or why it asks nothing that could be done."""
    function = pdu[0]
    table = READS.get(function) or WRITES.get(function)
    if table is None:
        return ExceptionCode.ILLEGAL_FUNCTION
    if len(pdu) < 5:
        return ExceptionCode.ILLEGAL_VALUE
    address, number = struct.unpack_from(">HH", pdu, 1)
    values = None if function in READS else _values(pdu, number)
    count = number if function in READS else len(values or ())
    count_max = READ_BITS_MAX if table.holds_bits else READ_REGISTERS_MAX
    if not 1 <= count <= count_max:
        return ExceptionCode.ILLEGAL_VALUE
    if address + count - 1 > ADDRESS_MAX:
        return ExceptionCode.ILLEGAL_ADDRESS
    return Request(function=function, table=table, address=address, count=count, values=values)


def answer_to(request: Request, values: Sequence[int]) -> bytes:
    """Give the answer to a request; ``values`` are what was read, registers or bits."""
    if request.values is None:
        data = _packed_bits(values) if request.table.holds_bits else struct.pack(f">{len(values)}H", *values)
        return bytes((request.function, len(data))) + data
    if request.function in {WRITE_COILS, WRITE_REGISTERS}:
        return struct.pack(">BHH", request.function, request.address, request.count)
    [value] = request.values
    shown = COIL_ON * value if request.function == WRITE_COIL else value
    return struct.pack(">BHH", request.function, request.address, shown)


def exception(function: int, code: int) -> bytes:
    """Give the answer of a device that does not do what it is asked."""
    return bytes((function | ERROR_BIT, code))


def shortened(request: Request, answer: bytes) -> bytes:
    """Give an answer to a read with one register (with bits: one byte of them) too few."""
    if request.values is not None:
        return answer
    cut = 1 if request.table.holds_bits else 2
    return bytes((answer[0], answer[1] - cut)) + answer[2:-cut]


def _values(pdu: bytes, number: int) -> tuple[int, ...]:
    """Give what a write carries; nothing where it is not well formed."""
    match pdu[0]:
        case 5:
            return (int(number == COIL_ON),) if number in {0, COIL_ON} else ()
        case 6:
            return (number,)
        case 15:
            data = pdu[6:]
            fits = 1 <= number <= WRITE_BITS_MAX and _carries(pdu, (number + 7) // 8)
            return tuple(data[index // 8] >> index % 8 & 1 for index in range(number)) if fits else ()
        case _:
            fits = 1 <= number <= WRITE_REGISTERS_MAX and _carries(pdu, 2 * number)
            return struct.unpack_from(f">{number}H", pdu, 6) if fits else ()


def _carries(pdu: bytes, size: int) -> bool:
    """Tell whether a write's byte count is right and its bytes are all there."""
    return len(pdu) == 6 + size and pdu[5] == size


def _packed_bits(bits: Sequence[int]) -> bytes:
    data = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        if bit:
            data[index // 8] |= 1 << index % 8
    return bytes(data)
