"""A serial line with simulated devices on it: the place of the plant where pyserial is known."""

import asyncio

import serial

from energy.devices.plant.conversation import Switchboard
from energy.region.asset import SerialLine

READ_BYTES_MAX = 4096
_PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}


class OpenLine:
    """One end of a serial line: whoever is asked answers, all others are silent."""

    def __init__(self, board: Switchboard, line: SerialLine) -> None:
        """Open the line.

        Raises:
            OSError: it cannot be opened, or somebody else has it.
        """
        self._board = board
        self._buffer = bytearray()
        self._port = opened(line)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._port.fileno(), self._read)

    def close(self) -> None:
        """Close the line."""
        if self._port.is_open:
            self._loop.remove_reader(self._port.fileno())
            self._port.close()

    def _read(self) -> None:
        try:
            self._buffer += self._port.read(READ_BYTES_MAX)
        except serial.SerialException:  # the other end is gone
            self.close()
            return
        while (frame := self._board.cut(self._buffer)) is not None:
            response, answer = self._board.respond(frame)
            if response.delay_s > 0.0:
                self._loop.call_later(response.delay_s, self._send, answer)
            else:
                self._send(answer)

    def _send(self, data: bytes) -> None:
        if data and self._port.is_open:
            self._port.write(data)


def opened(line: SerialLine) -> serial.Serial:
    """Open a serial line that nobody else has.

    Raises:
        OSError: it cannot be opened, or somebody else has it.
    """
    return serial.Serial(
        line.device,
        baudrate=line.baud_rate,
        parity=_PARITIES[line.parity],
        stopbits=line.stop_bits,
        timeout=0,
        exclusive=True,
    )
