"""How requests are cut out of a stream of bytes, and how answers go back: by header, or by checksum."""

from dataclasses import dataclass
from typing import Protocol

MBAP_BYTES = 7
"""Transaction, protocol, length, unit (Modbus Messaging on TCP/IP V1.0b, section 3.1.3)."""
LENGTH_MAX = 254
"""Greatest length field: the unit and 253 bytes of protocol data."""
RTU_BYTES_MAX = 256
"""Modbus over Serial Line V1.02, section 2.5.1."""
_CRC_POLYNOMIAL = 0xA001
"""Modbus over Serial Line V1.02, section 6.2.2."""


class BrokenStream(Exception):  # noqa: N818 - it never leaves the plant
    """What came in is no Modbus, and nobody can say where the next request begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One request: whom it is for, what it asks, and the number that the answer must carry."""

    unit: int
    pdu: bytes
    transaction: bytes = b""


class Framing(Protocol):
    """Cuts and wraps frames."""

    answers_for_nobody: bool
    """True where a gateway says that a unit is not there; on a serial line there is just silence."""

    def cut(self, buffer: bytearray) -> Frame | None:
        """Take the first whole request out of a buffer; None while there is none.

        Raises:
            BrokenStream: it cannot be one.
        """

    def wrap(self, frame: Frame, pdu: bytes) -> bytes:
        """Give the bytes of an answer to a request."""


class MbapFraming:
    """Modbus TCP, in the clear or inside TLS."""

    answers_for_nobody = True

    def cut(self, buffer: bytearray) -> Frame | None:
        """Take the first whole request out of a buffer; None while there is none.

        Raises:
            BrokenStream: the header is not Modbus TCP's.
        """
        if len(buffer) < MBAP_BYTES:
            return None
        length = buffer[4] << 8 | buffer[5]
        if buffer[2] or buffer[3] or not 2 <= length <= LENGTH_MAX:
            raise BrokenStream
        end = MBAP_BYTES - 1 + length
        if len(buffer) < end:
            return None
        frame = Frame(unit=buffer[6], pdu=bytes(buffer[7:end]), transaction=bytes(buffer[:2]))
        del buffer[:end]
        return frame

    def wrap(self, frame: Frame, pdu: bytes) -> bytes:
        """Give the bytes of an answer to a request."""
        return b"".join(
            (frame.transaction, b"\0\0", (len(pdu) + 1).to_bytes(2, "big"), bytes((frame.unit,)), pdu)
        )


class RtuFraming:
    """Modbus RTU, on a serial line or through TCP; what does not check out is dropped, as a line does."""

    answers_for_nobody = False

    def cut(self, buffer: bytearray) -> Frame | None:
        """Take the first whole request out of a buffer; None while there is none."""
        if len(buffer) < 2:
            return None
        size = _rtu_size(buffer)
        if size is None or len(buffer) < size:
            if len(buffer) > RTU_BYTES_MAX:
                buffer.clear()
            return None
        if crc16(buffer[: size - 2]) != bytes(buffer[size - 2 : size]):
            buffer.clear()
            return None
        frame = Frame(unit=buffer[0], pdu=bytes(buffer[1 : size - 2]))
        del buffer[:size]
        return frame

    def wrap(self, frame: Frame, pdu: bytes) -> bytes:
        """Give the bytes of an answer to a request."""
        body = bytes((frame.unit,)) + pdu
        return body + crc16(body)


def crc16(data: bytes | bytearray) -> bytes:
    """Give the checksum of a serial frame, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC_POLYNOMIAL if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def _rtu_size(buffer: bytearray) -> int | None:
    """Give how long the request is, with unit and checksum; None while its byte count is still to come.

    Only functions 15 and 16 carry a count; all others that a device here knows have the same length, and a
    request with a function that it does not know ends where the line falls silent, at what came in.
    """
    match buffer[1]:
        case 1 | 2 | 3 | 4 | 5 | 6:
            return 8
        case 15 | 16:
            return 9 + buffer[6] if len(buffer) > 6 else None
        case _:
            return max(4, len(buffer))
