"""Merges the reads of a map into as few requests as the device allows; pure, computed once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from energy.devices.layout import Register, Table
from energy.devices.register_map import Forbidden, RegisterMap
from energy.domain import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A point's place in the answer to a read: ``width`` registers (or bits) from ``offset`` on."""

    point: Point
    register: Register
    offset: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBlock:
    """One request: ``count`` registers (or bits) from ``address`` on, and what stands in them."""

    table: Table
    address: int
    count: int
    slots: tuple[Slot, ...]


def plan_reads(
    content: RegisterMap, registers: Mapping[Point, Register] | None = None
) -> tuple[ReadBlock, ...]:
    """Cover every point of the map exactly once.

    A writable point is read where the device shows what it holds (its readback register). ``registers``
    replaces the map's own where an asset narrows what is plausible. A block bridges at most
    ``max_gap_registers``, keeps to ``max_read_registers`` or ``max_read_bits``, and never touches a
    forbidden address.
    """
    own = {point.name: point.readback_register for point in content.points}
    wanted = list((own if registers is None else registers).items())
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


def _groups(
    content: RegisterMap, table: Table, items: Sequence[tuple[Point, Register]]
) -> Iterator[list[tuple[Point, Register]]]:
    count_max = content.max_read_bits if table.holds_bits else content.max_read_registers
    group: list[tuple[Point, Register]] = []
    for item in items:
        if group:
            first, before, register = group[0][1], group[-1][1], item[1]
            fits = register.last - first.address + 1 <= count_max
            near = register.address - before.last - 1 <= content.max_gap_registers
            if not (fits and near) or _crosses(content.forbidden, table, before.last, register.address):
                yield group
                group = []
        group.append(item)
    if group:
        yield group


def _crosses(forbidden: Sequence[Forbidden], table: Table, last: int, following: int) -> bool:
    """Tell whether a forbidden address lies strictly between two registers."""
    return any(block.table is table and block.first < following and block.last > last for block in forbidden)


def _block(table: Table, items: Sequence[tuple[Point, Register]]) -> ReadBlock:
    address = items[0][1].address
    return ReadBlock(
        table=table,
        address=address,
        count=items[-1][1].last - address + 1,
        slots=tuple(
            Slot(
                point=point,
                register=register,
                offset=register.address - address,
                width=register.width,
            )
            for point, register in items
        ),
    )
