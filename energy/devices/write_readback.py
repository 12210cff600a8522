"""Reads back what was written, in as few requests as the device's own blocks allow."""

from collections.abc import Sequence

from energy.devices.codec import decode, raw_number
from energy.devices.layout import Layout
from energy.devices.line import Line
from energy.devices.modbus import ModbusEndpoint
from energy.devices.read_plan import ReadBlock
from energy.devices.write_script import Part
from energy.domain import Point, Quality


async def read_steps(endpoint: ModbusEndpoint, line: Line, parts: Sequence[Part]) -> None:
    """Look at what stands beside the value; the line remembers it.

    Raises:
        DeviceUnreachable, DeviceRefused: see ``ModbusEndpoint.read``.
    """
    shown = await _read(endpoint, line, [part.layout for part in parts])
    _note(line, parts, shown)


async def read_all(
    endpoint: ModbusEndpoint, line: Line, parts: Sequence[Part]
) -> tuple[float | None, Quality]:
    """Look at the value, at what stands beside it and at the device's countdown; the line remembers it.

    Returns:
        What stands in the value's read-back register, whether or not it is in force.

    Raises:
        DeviceUnreachable, DeviceRefused: see ``ModbusEndpoint.read``.
    """
    command = line.command
    if command is None:
        raise ValueError(f"'{line.asset.id}' is not commanded")
    register = command.point.readback_register
    countdown = line.content.point(Point.REVERSION_S)
    own = [register] if countdown is None else [register, countdown]
    shown = await _read(endpoint, line, [*own, *(part.layout for part in parts)])
    _note(line, parts, shown)
    if countdown is not None:
        multiplier = line.multiplier(countdown)
        value = (
            (None, Quality.COMM_ERROR)
            if multiplier is None
            else decode(countdown, shown[_key(countdown)], multiplier)
        )
        line.note_shown(Point.REVERSION_S, *value)
    multiplier = line.multiplier(register)
    if multiplier is None:
        return None, Quality.COMM_ERROR
    return decode(register, shown[_key(register)], multiplier)


def requests_of(blocks: Sequence[ReadBlock], layouts: Sequence[Layout]) -> list[tuple[Layout, ...]]:
    """Put together what one request may read: what a block of the sweep reads together, too."""
    groups: dict[int, list[Layout]] = {}
    alone = len(blocks)
    for layout in layouts:
        homes = [index for index, block in enumerate(blocks) if _holds(block, layout)]
        groups.setdefault(homes[0] if homes else (alone := alone + 1), []).append(layout)
    return [tuple(group) for group in groups.values()]


def _holds(block: ReadBlock, layout: Layout) -> bool:
    last = block.address + block.count - 1
    return block.table is layout.table and block.address <= layout.address and layout.last <= last


async def _read(
    endpoint: ModbusEndpoint, line: Line, layouts: Sequence[Layout]
) -> dict[tuple[object, ...], Sequence[int]]:
    shown: dict[tuple[object, ...], Sequence[int]] = {}
    for group in requests_of(line.blocks, layouts):
        first = min(layout.address for layout in group)
        count = max(layout.last for layout in group) - first + 1
        registers = await endpoint.read(line.unit, group[0].table, address=first, count=count)
        for layout in group:
            offset = layout.address - first
            shown[_key(layout)] = registers[offset : offset + layout.width]
    return shown


def _key(layout: Layout) -> tuple[object, ...]:
    return layout.table, layout.address, layout.width


def _note(line: Line, parts: Sequence[Part], shown: dict[tuple[object, ...], Sequence[int]]) -> None:
    for part in parts:
        if part.step is not None:
            line.note_raw(part.step, raw_number(part.layout, shown[_key(part.layout)]))
