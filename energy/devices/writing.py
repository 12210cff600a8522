"""Writes one setpoint over a connection that stands and reads back what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from energy.devices.codec import decode, encode
from energy.devices.line import Command, Line
from energy.devices.modbus import ModbusEndpoint
from energy.domain import Applied, Limited, Outcome, Rejected, Setpoint, Unreachable
from energy.errors import DeviceRefused, DeviceUnreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A setpoint that passed its checks, with its place in the answer and where it goes."""

    index: int
    line: Line
    command: Command
    setpoint: Setpoint


async def write_order(endpoint: ModbusEndpoint, order: Order, at: datetime, *, now_s: float) -> Outcome:
    """Write and read back; a device that does not answer is left alone until its backoff allows a try."""
    line, point, readback = order.line, order.command.point, order.command.readback
    written = False
    try:
        await endpoint.write(
            line.unit,
            point.table,
            address=point.address,
            values=encode(point, order.setpoint.power_kw),
            single=order.command.write.function == "single",
        )
        written = True
        registers = await endpoint.read(
            line.unit, readback.table, address=readback.address, count=readback.count
        )
    except DeviceRefused as error:
        if written:
            return Unreachable(setpoint=order.setpoint, at=at, reason=f"written, but {error}")
        return Rejected(setpoint=order.setpoint, at=at, reason=str(error))
    except DeviceUnreachable as error:
        line.backoff.fail(now_s)
        line.note_failure(str(error), at)
        return Unreachable(setpoint=order.setpoint, at=at, reason=str(error))
    return _outcome(order, registers, at)


def _outcome(order: Order, registers: Sequence[int], at: datetime) -> Outcome:
    """Compare what the device shows with what was asked."""
    setpoint, tolerance_kw = order.setpoint, order.command.write.readback.tolerance_kw
    held_kw, quality = decode(order.command.point.readback_register, registers)
    if held_kw is None:
        return Unreachable(setpoint=setpoint, at=at, reason=f"written, but the read-back is {quality.value}")
    if abs(held_kw - setpoint.power_kw) <= tolerance_kw:
        return Applied(setpoint=setpoint, read_back_kw=held_kw, at=at)
    reason = f"asked for {setpoint.power_kw:g} kW, the device holds {held_kw:g} kW"
    return Limited(setpoint=setpoint, read_back_kw=held_kw, at=at, reason=reason)
