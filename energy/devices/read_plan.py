"""Merges the reads of a map into as few requests as the device allows; pure, computed once.

What is read beside the points: scale factors, the counter by which a device shows that it lives, and the
registers of arming and enabling steps, so that it is known whether a value is in force. A step's register
that can only be written is not supported: nobody could see whether it stands.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from energy.devices.layout import Layout, Register, ScaleFactor, Table
from energy.devices.register_map import Forbidden, Heartbeat, MapPoint, RegisterMap, Step, Write
from energy.devices.scaling import layout_of
from energy.domain import Point

Place = tuple[Table, int, int, int, int]
"""Table, address, width, first bit and number of bits: where a raw number stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A point's place in the answer to a read: ``width`` registers (or bits) from ``offset`` on."""

    point: Point
    register: Register
    offset: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideSlot:
    """The place of what is no reading: a scale factor, a step's register or the heartbeat."""

    subject: ScaleFactor | Step | Heartbeat
    layout: Layout
    offset: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBlock:
    """One request: ``count`` registers (or bits) from ``address`` on, and what stands in them."""

    table: Table
    address: int
    count: int
    slots: tuple[Slot, ...]
    beside: tuple[BesideSlot, ...] = ()


_Item = tuple[Point | ScaleFactor | Step | Heartbeat, Layout]


def plan_reads(
    content: RegisterMap, registers: Mapping[Point, Register] | None = None
) -> tuple[ReadBlock, ...]:
    """Cover every point of the map exactly once, and what must be known beside them.

    A writable point is read where the device shows what it holds (its readback register). ``registers``
    replaces the map's own where an asset narrows what is plausible. A block bridges at most
    ``max_gap_registers``, keeps to ``max_read_registers`` or ``max_read_bits``, and never touches a
    forbidden address. No value is cut in two.
    """
    own = {point.name: point.readback_register for point in content.points}
    wanted: list[_Item] = list((own if registers is None else registers).items())
    wanted.extend(_beside(content))
    blocks: list[ReadBlock] = []
    for table in Table:
        of_table = sorted(
            (item for item in wanted if item[1].table is table), key=lambda item: item[1].address
        )
        blocks.extend(_block(table, group) for group in _groups(content, table, of_table))
    return tuple(blocks)


def read_of(point: Point, register: Register) -> ReadBlock:
    """Give the read of one register alone."""
    return _block(register.table, [(point, register)])


def place_of(layout: Layout) -> Place:
    """Give where a layout's raw number stands, whatever is made of it."""
    first, count = (layout.bits.first, layout.bits.count) if layout.bits is not None else (0, 0)
    return layout.table, layout.address, layout.width, first, count


def steps_of(point: MapPoint) -> tuple[Step, ...]:
    """Give what is written beside a point, in the order of writing."""
    return () if point.write is None else (*point.write.arming, *point.write.enabling)


def switches_of(write: Write) -> Iterator[tuple[Step, float]]:
    """Give the enabling steps that must show a constant for the value to be in force."""
    for step in write.enabling:
        if isinstance(step.value, int | float):
            yield step, step.value


def _beside(content: RegisterMap) -> Iterator[_Item]:
    """Give what is read beside the points; of steps that share a place, the first stands for all."""
    for factor in content.scale_factors:
        yield factor, layout_of(factor, content.byte_order)
    if content.heartbeat is not None and content.heartbeat.shown is not None:
        yield content.heartbeat, content.heartbeat.shown
    steps: dict[Place, Step] = {}
    for point in content.points:
        for step in steps_of(point):
            steps.setdefault(place_of(step.register), step)
    yield from ((step, step.register) for step in steps.values())


def _groups(content: RegisterMap, table: Table, items: Iterable[_Item]) -> Iterator[list[_Item]]:
    count_max = content.max_read_bits if table.holds_bits else content.max_read_registers
    group: list[_Item] = []
    first = last = 0
    for item in items:
        layout = item[1]
        if group:
            fits = max(layout.last, last) - first + 1 <= count_max
            near = layout.address - last - 1 <= content.max_gap_registers
            if not (fits and near) or _crosses(content.forbidden, table, last, layout.address):
                yield group
                group = []
        if not group:
            first = last = layout.address
        group.append(item)
        last = max(last, layout.last)
    if group:
        yield group


def _crosses(forbidden: Sequence[Forbidden], table: Table, last: int, following: int) -> bool:
    """Tell whether a forbidden address lies strictly between two registers."""
    return any(block.table is table and block.first < following and block.last > last for block in forbidden)


def _block(table: Table, items: Sequence[_Item]) -> ReadBlock:
    address = items[0][1].address
    slots: list[Slot] = []
    beside: list[BesideSlot] = []
    for subject, layout in items:
        offset, width = layout.address - address, layout.width
        if isinstance(subject, Point) and isinstance(layout, Register):
            slots.append(Slot(point=subject, register=layout, offset=offset, width=width))
        elif not isinstance(subject, Point):
            beside.append(BesideSlot(subject=subject, layout=layout, offset=offset, width=width))
    return ReadBlock(
        table=table,
        address=address,
        count=max(layout.last for _, layout in items) - address + 1,
        slots=tuple(slots),
        beside=tuple(beside),
    )
