"""Takes the answer to one read apart in one stroke: what can be prepared of decoding is prepared once.

It gives exactly what ``codec.decode`` gives value by value, several times as fast.
"""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from energy.devices.codec import FLOAT_LEAST, FORMATS, base_of, decode, step_of
from energy.devices.layout import Layout, Order, Register, ValueType
from energy.devices.read_plan import ReadBlock, Slot
from energy.devices.register_map import MapPoint
from energy.devices.scaling import Scaling
from energy.domain import Point, Quality

_NEVER = float("nan")
"""A factor whose product lies in no range: such a value is looked at one by one."""
_ORDERS = {
    (Order.BIG, Order.BIG): (">", ">"),
    (Order.BIG, Order.LITTLE): ("<", "<"),
    (Order.LITTLE, Order.BIG): ("<", ">"),
    (Order.LITTLE, Order.LITTLE): (">", "<"),
}
"""By byte and word order: how registers become bytes, and how numbers are read from these."""


class _Row(NamedTuple):
    """What makes a raw number a value that can be believed."""

    slot: Slot
    factor: float
    base: float
    lowest: float
    highest: float
    missing: frozenset[float]


class _Stroke:
    """Values of one order, read from a block's registers by one format."""

    def __init__(self, order: tuple[str, str], block: ReadBlock, slots: Sequence[Slot]) -> None:
        letters, end = order[1], 0
        for slot in slots:
            letters += "x" * (2 * (slot.offset - end)) + FORMATS[slot.register.type]
            end = slot.offset + slot.width
        letters += "x" * (2 * (block.count - end))
        self.slots = tuple(slots)
        self.rows: tuple[_Row, ...] = ()
        self._pack = struct.Struct(f"{order[0]}{block.count}H").pack
        self._unpack = struct.Struct(letters).unpack

    def raws(self, registers: Sequence[int]) -> tuple[float, ...]:
        """Give the raw numbers in the order of the slots."""
        return self._unpack(self._pack(*registers))


class BlockDecoder:
    """Decodes the answers to one request of one line."""

    def __init__(self, block: ReadBlock, scaling: Scaling) -> None:
        self._scaling = scaling
        self._revision: int | None = None
        self._strokes: list[_Stroke] = []
        plain: dict[tuple[str, str], list[Slot]] = {}
        self._odd: list[Slot] = []
        for slot in block.slots:
            order = _order_of(slot.register)
            own = plain.setdefault(order, [])
            if _is_plain(slot.register) and not (own and own[-1].offset + own[-1].width > slot.offset):
                own.append(slot)
            else:
                self._odd.append(slot)
        self._strokes = [_Stroke(order, block, slots) for order, slots in plain.items() if slots]

    def decode(
        self,
        registers: Sequence[int],
        values: dict[Point, float],
        faults: dict[Point, Quality],
    ) -> None:
        """Add each point's value in our unit and sign, or why there is none."""
        if self._revision != self._scaling.revision:
            self._rescale()
        for stroke in self._strokes:
            for raw, (slot, factor, base, lowest, highest, missing) in zip(
                stroke.raws(registers), stroke.rows, strict=True
            ):
                value = raw * factor + base + 0.0
                is_number = raw >= FLOAT_LEAST or raw == 0 or raw <= -FLOAT_LEAST
                if lowest <= value <= highest and is_number and raw not in missing:
                    values[slot.point] = value
                else:
                    self._look_at(slot, registers, values, faults)
        for slot in self._odd:
            self._look_at(slot, registers, values, faults)

    def _look_at(
        self,
        slot: Slot,
        registers: Sequence[int],
        values: dict[Point, float],
        faults: dict[Point, Quality],
    ) -> None:
        """Decode one value; what scales it may be missing, but a value that does not exist needs no scale."""
        own = registers[slot.offset : slot.offset + slot.width]
        multiplier, known = self._scaling.factor_of(slot.register)
        value, quality = decode(slot.register, own, 1.0 if multiplier is None else multiplier)
        if multiplier is None and quality is not Quality.NOT_IMPLEMENTED:
            value, quality = None, known
        if value is not None:
            values[slot.point] = value
        else:
            faults[slot.point] = quality

    def _rescale(self) -> None:
        self._revision = self._scaling.revision
        for stroke in self._strokes:
            stroke.rows = tuple(self._row(slot) for slot in stroke.slots)

    def _row(self, slot: Slot) -> _Row:
        register = slot.register
        multiplier = self._scaling.multiplier(register)
        return _Row(
            slot=slot,
            factor=_NEVER if multiplier is None else step_of(register, multiplier),
            base=_NEVER if multiplier is None else base_of(register, multiplier),
            lowest=register.plausible.min,
            highest=register.plausible.max,
            missing=_missing(register),
        )


def _order_of(layout: Layout) -> tuple[str, str]:
    byte_order = layout.byte_order if layout.byte_order is not None else Order.BIG
    word_order = layout.word_order if layout.word_order is not None else Order.BIG
    return _ORDERS[byte_order, word_order]


def _is_plain(register: Register) -> bool:
    """Tell a number of whole registers that only the formula makes a value."""
    is_word = isinstance(register, MapPoint) and register.values is not None
    return register.type is not ValueType.BOOL and register.bits is None and not is_word


def _missing(register: Register) -> frozenset[float]:
    """Give the raw numbers that need a closer look because a pattern for "not implemented" reads so."""
    size = 2 * register.width
    read: Callable[[bytes], tuple[float, ...]] = struct.Struct(f">{FORMATS[register.type]}").unpack
    patterns = [pattern for pattern in register.not_implemented if pattern < 1 << (8 * size)]
    return frozenset(read(pattern.to_bytes(size, "big"))[0] for pattern in patterns)
