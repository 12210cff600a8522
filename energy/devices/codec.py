"""A value of a point to registers, or back: pure functions of the map.

Registers are unsigned 16-bit numbers in the order of their addresses; a coil or discrete input counts as one
register of 0 or 1.
"""

import math
import struct
from collections.abc import Sequence

from energy.devices.layout import Order, Register, ValueType
from energy.domain import Quality

_FORMATS = {
    ValueType.INT16: ">h",
    ValueType.UINT16: ">H",
    ValueType.INT32: ">i",
    ValueType.UINT32: ">I",
    ValueType.INT64: ">q",
    ValueType.UINT64: ">Q",
    ValueType.FLOAT32: ">f",
    ValueType.FLOAT64: ">d",
}


def decode(point: Register, registers: Sequence[int]) -> tuple[float | None, Quality]:
    """Give a point's value in our unit and sign; None with the reason unless it is good.

    Raises:
        ValueError: the number of registers is not the point's width.
    """
    if len(registers) != point.width:
        raise ValueError(
            f"{point.type} at {point.address} takes {point.width} registers, got {len(registers)}"
        )
    if point.type is ValueType.BOOL:
        raw: float = 1 if registers[0] else 0
        pattern = int(raw)
    else:
        data = _ordered(point, registers)
        pattern = int.from_bytes(data, "big")
        raw = struct.unpack(_FORMATS[point.type], data)[0]
    if pattern in point.not_implemented:
        return None, Quality.NOT_IMPLEMENTED
    value = raw * point.factor + point.base + 0.0  # no negative zero from an inverted sign
    if not math.isfinite(value) or not point.plausible.min <= value <= point.plausible.max:
        return None, Quality.IMPLAUSIBLE
    return value, Quality.GOOD


def encode(point: Register, value: float) -> list[int]:
    """Give the registers that hold a value given in our unit and sign, to the nearest step of the raw number.

    Raises:
        ValueError: the value is not finite, does not fit the type, or would read as "not implemented".
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    raw = (value - point.base) / point.factor
    if not point.type.is_float:
        raw = round(raw) if math.isfinite(raw) else raw
    raw_min, raw_max = point.type.raw_range
    if not raw_min <= raw <= raw_max:
        limits = sorted(bound * point.factor + point.base for bound in (raw_min, raw_max))
        raise ValueError(f"{value} does not fit {point.type}: it holds {limits[0]:g} to {limits[1]:g}")
    if point.type is ValueType.BOOL:
        return [int(raw)]
    data = struct.pack(_FORMATS[point.type], raw)
    if int.from_bytes(data, "big") in point.not_implemented:
        raise ValueError(f"{value} would stand in the register as the pattern for 'not implemented'")
    registers = struct.unpack(f">{point.width}H", data)
    return list(struct.unpack(f">{point.width}H", _ordered(point, registers)))


def _ordered(point: Register, registers: Sequence[int]) -> bytes:
    """Bring registers into network order, or out of it: the swap is its own inverse."""
    words = registers if point.word_order is not Order.LITTLE else registers[::-1]
    byte_order = "<" if point.byte_order is Order.LITTLE else ">"
    return struct.pack(f"{byte_order}{len(words)}H", *words)
