"""Reads one line over a connection that stands: every block, and what each value is worth."""

from collections.abc import Sequence
from datetime import datetime

from energy.devices.codec import decode
from energy.devices.line import Line
from energy.devices.modbus import ModbusEndpoint
from energy.devices.read_plan import ReadBlock
from energy.domain import Quality, Reading
from energy.errors import DeviceRefused, DeviceUnreachable


async def read_line(endpoint: ModbusEndpoint, line: Line, at: datetime, *, now_s: float) -> list[Reading]:
    """Read every block of a line; what could not be read is a communication error.

    A device that refuses a block is there all the same, and its other blocks count; one that does not answer
    is left alone until its backoff, which runs on ``now_s``, allows a try.
    """
    readings: list[Reading] = []
    refused: str | None = None
    for index, block in enumerate(line.blocks):
        try:
            registers = await endpoint.read(line.unit, block.table, address=block.address, count=block.count)
        except DeviceRefused as error:
            refused = str(error)
            readings.extend(blank(line, (block,), at))
        except DeviceUnreachable as error:
            line.backoff.fail(now_s)
            line.note_failure(str(error), at)
            return readings + blank(line, line.blocks[index:], at)
        else:
            readings.extend(_readings(line, block, registers, at))
    line.note_answer()
    if refused is not None:
        line.note_failure(refused, at)
    else:
        line.note_success(at)
    return readings


def blank(line: Line, blocks: Sequence[ReadBlock], at: datetime) -> list[Reading]:
    """Give a communication error for every value of the blocks."""
    return [
        Reading(
            asset_id=line.asset.id,
            point=slot.point,
            value=None,
            quality=Quality.COMM_ERROR,
            measured_at=at,
        )
        for block in blocks
        for slot in block.slots
    ]


def _readings(line: Line, block: ReadBlock, registers: Sequence[int], at: datetime) -> list[Reading]:
    readings = []
    for slot in block.slots:
        value, quality = decode(slot.register, registers[slot.offset : slot.offset + slot.width])
        readings.append(
            Reading(asset_id=line.asset.id, point=slot.point, value=value, quality=quality, measured_at=at)
        )
    return readings
