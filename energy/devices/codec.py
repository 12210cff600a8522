"""A number to registers, or back: pure functions of the register map.

Registers are unsigned 16-bit numbers in the order of their addresses; a coil or discrete input counts as one
register of 0 or 1. A bit field of a signed type is a signed number of that many bits.
"""

import math
import struct
from collections.abc import Sequence

from energy.devices.layout import Layout, Order, Register, ValueType
from energy.devices.register_map import MapPoint
from energy.domain import Point, Quality

FORMATS = {
    ValueType.INT16: "h",
    ValueType.UINT16: "H",
    ValueType.INT32: "i",
    ValueType.UINT32: "I",
    ValueType.INT64: "q",
    ValueType.UINT64: "Q",
    ValueType.FLOAT32: "f",
    ValueType.FLOAT64: "d",
}
"""The letters of the module ``struct``."""
FLOAT_LEAST = 2.0**-126
"""The least number that a 32-bit float holds in full. No device measures less and not nothing; a float whose
words or bytes came the other way round reads so, and would pass for 0."""
_SIGNED = frozenset({ValueType.INT16, ValueType.INT32, ValueType.INT64})
_REMOTE_WORDS = {"remote": 1.0, "local": 0.0}


def decode(
    register: Register, registers: Sequence[int], multiplier: float = 1.0
) -> tuple[float | None, Quality]:
    """Give a value in our unit and sign; None with the reason unless it is good.

    An enumeration is read as its raw number, the point ``remote`` as 1 (remote) or 0 (local). A number that
    has no name in its enumeration is implausible, and so is a float under FLOAT_LEAST that is not 0.

    Args:
        register: where it stands.
        registers: what stands there.
        multiplier: ten to the power of its scale factor, times its reference in our unit.

    Raises:
        ValueError: the number of registers is not the width.
    """
    raw = raw_number(register, registers)
    if raw is None:
        return None, Quality.NOT_IMPLEMENTED
    if raw != 0 and abs(raw) < FLOAT_LEAST:
        return None, Quality.IMPLAUSIBLE
    named = _named(register, raw)
    if named is None:
        return None, Quality.IMPLAUSIBLE
    is_word = isinstance(register, MapPoint) and register.values is not None
    value = named if is_word else value_of(register, raw, multiplier)
    if not math.isfinite(value) or not register.plausible.min <= value <= register.plausible.max:
        return None, Quality.IMPLAUSIBLE
    return value, Quality.GOOD


def encode(layout: Layout, value: float, multiplier: float = 1.0) -> list[int]:
    """Give the registers that hold a value given in our unit and sign, to the nearest step of the raw number.

    A bit field comes with the other bits of its register at 0.

    Raises:
        ValueError: the value is not finite, does not fit, has no name in its enumeration, or would read as
            "not implemented".
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    if isinstance(layout, MapPoint) and layout.values is not None:
        return raw_registers(layout, _number_of(layout, value))
    step, base = step_of(layout, multiplier), base_of(layout, multiplier)
    if not math.isfinite(step) or step == 0.0 or not math.isfinite(base):
        raise ValueError(f"a scale of {step:g} with an offset of {base:g} cannot hold {value}")
    raw = (value - base) / step
    if not layout.type.is_float and math.isfinite(raw):
        raw = round(raw)
    elif abs(raw) < FLOAT_LEAST:
        raw = 0.0
    raw_min, raw_max = raw_range(layout)
    if not raw_min <= raw <= raw_max:
        limits = sorted(bound * step + base for bound in (raw_min, raw_max))
        raise ValueError(f"{value} does not fit {layout.type}: it holds {limits[0]:g} to {limits[1]:g}")
    try:
        return raw_registers(layout, raw)
    except ValueError as error:
        raise ValueError(f"{value} cannot be written: {error}") from error


def raw_number(layout: Layout, registers: Sequence[int]) -> float | int | None:
    """Give the raw number that stands in registers, None where the device says "not implemented".

    Where a NaN stands among the patterns of a float, every NaN means the same. Other numbers that are not
    finite are given as they are.

    Raises:
        ValueError: the number of registers is not the width.
    """
    if len(registers) != layout.width:
        raise ValueError(
            f"{layout.type} at {layout.address} takes {layout.width} registers, got {len(registers)}"
        )
    if layout.type is ValueType.BOOL:
        pattern = 1 if registers[0] else 0
        return None if pattern in layout.not_implemented else pattern
    data = _ordered(layout, registers)
    pattern = int.from_bytes(data, "big")
    if pattern in layout.not_implemented:
        return None
    if layout.type.is_float:
        [raw] = struct.unpack(f">{FORMATS[layout.type]}", data)
        return None if math.isnan(raw) and _means_nan(layout) else float(raw)
    bits, count = pattern, 16 * layout.width
    if layout.bits is not None:
        count = layout.bits.count
        bits = (pattern >> layout.bits.first) & ((1 << count) - 1)
    return bits - (1 << count) if layout.type in _SIGNED and bits >> (count - 1) else bits


def raw_registers(layout: Layout, number: float) -> list[int]:
    """Give the registers that hold a raw number, rounded to a whole one where the type is not a float.

    Raises:
        ValueError: it is not finite, does not fit, or would read as "not implemented".
    """
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a finite number")
    raw = number if layout.type.is_float else round(number)
    raw_min, raw_max = raw_range(layout)
    if not raw_min <= raw <= raw_max:
        raise ValueError(f"{number} does not fit {layout.type}: it holds {raw_min:g} to {raw_max:g}")
    if layout.type is ValueType.BOOL:
        pattern, data = int(raw), b""
    elif layout.bits is not None:
        pattern = (int(raw) & ((1 << layout.bits.count) - 1)) << layout.bits.first
        data = pattern.to_bytes(2 * layout.width, "big")
    else:
        data = struct.pack(f">{FORMATS[layout.type]}", raw)
        pattern = int.from_bytes(data, "big")
    if pattern in layout.not_implemented:
        raise ValueError(f"{number} would stand in the register as the pattern for 'not implemented'")
    if not data:
        return [pattern]
    registers = struct.unpack(f">{layout.width}H", data)
    return list(struct.unpack(f">{layout.width}H", _ordered(layout, registers)))


def text_of(registers: Sequence[int], byte_order: Order | None) -> str:
    """Give the text in registers, two characters in each, up to the first zero and without blanks around it.

    Bytes that are no UTF-8 become the replacement character.
    """
    letter = "<" if byte_order is Order.LITTLE else ">"
    data = struct.pack(f"{letter}{len(registers)}H", *registers)
    return data.split(b"\0", 1)[0].decode("utf-8", errors="replace").strip()


def value_of(layout: Layout, raw: float, multiplier: float) -> float:
    """Give a raw number in our unit and sign; an inverted nothing is plain zero."""
    return raw * step_of(layout, multiplier) + base_of(layout, multiplier) + 0.0


def step_of(layout: Layout, multiplier: float) -> float:
    """Give what one step of the raw number is in our unit and sign."""
    return layout.factor * multiplier


def base_of(layout: Layout, multiplier: float) -> float:
    """Give what a raw number of 0 is: the offset counts from the reference, never by the scale factor.

    The two do not meet: a percentage with an offset has no scale factor.
    """
    return layout.base if layout.reference is None else layout.base * multiplier


def _named(register: Register, raw: float) -> float | None:
    """Give the number that an enumeration's raw number stands for, None where it has no name."""
    if not isinstance(register, MapPoint) or register.values is None:
        return raw
    word = register.values.get(int(raw)) if math.isfinite(raw) and raw == int(raw) else None
    if word is None:
        return None
    return _REMOTE_WORDS.get(word) if register.name is Point.REMOTE else float(raw)


def _number_of(point: MapPoint, value: float) -> int:
    """Give the raw number of an enumeration's value."""
    for number in point.values or ():
        if _named(point, number) == value:
            return number
    raise ValueError(f"{value} has no name among the values of {point.name.value}")


def raw_range(layout: Layout) -> tuple[float, float]:
    """Give the least and the greatest raw number: of the bits, where it has some, with the type's sign."""
    if layout.bits is None:
        return layout.type.raw_range
    count = layout.bits.count
    if layout.type in _SIGNED:
        return -(1 << (count - 1)), (1 << (count - 1)) - 1
    return 0, (1 << count) - 1


def _means_nan(layout: Layout) -> bool:
    """Tell whether a pattern for "not implemented" is a NaN of the type."""
    code, size = FORMATS[layout.type], 2 * layout.width
    return any(
        math.isnan(struct.unpack(f">{code}", pattern.to_bytes(size, "big"))[0])
        for pattern in layout.not_implemented
        if pattern < 1 << (8 * size)
    )


def _ordered(layout: Layout, registers: Sequence[int]) -> bytes:
    """Bring registers into network order, or out of it: the swap is its own inverse."""
    words = registers if layout.word_order is not Order.LITTLE else registers[::-1]
    byte_order = "<" if layout.byte_order is Order.LITTLE else ">"
    return struct.pack(f"{byte_order}{len(words)}H", *words)
