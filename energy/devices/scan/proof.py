"""Tries a map's own reads on the device that it was made from, so that no sweep will be refused later."""

import dataclasses

from energy.devices.modbus import ModbusEndpoint
from energy.devices.read_plan import plan_reads
from energy.devices.register_map import RegisterMap
from energy.errors import DeviceRefused


async def proven(
    endpoint: ModbusEndpoint, unit: int, content: RegisterMap, *, read_registers_max: int
) -> RegisterMap:
    """Give the map with the largest reads that the device answers: across gaps, else only what is listed.

    Args:
        endpoint: where the device answers.
        unit: its unit.
        content: the map, with the reads that one would like.
        read_registers_max: the largest read that the device has answered so far.

    Raises:
        DeviceUnreachable: it does not answer any more.
        DeviceRefused: it refuses even to read what it has shown.
    """
    careful = dataclasses.replace(content, max_gap_registers=0, max_read_registers=read_registers_max)
    for tried in (content, careful):
        try:
            for block in plan_reads(tried):
                await endpoint.open()
                await endpoint.read(unit, block.table, address=block.address, count=block.count)
        except DeviceRefused:
            if tried is careful:
                raise
        else:
            return tried
    return careful
