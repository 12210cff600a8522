"""One scan from end to end: walk the device, compose its map, judge it as ``check`` does, try its reads."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from energy.devices.map_lint import faults_of
from energy.devices.modbus import ModbusEndpoint
from energy.devices.scan.device import FoundDevice, device_of
from energy.devices.scan.finding import Finding, Role, finding_of
from energy.devices.scan.proof import proven
from energy.devices.scan.walk import walk
from energy.errors import BadInput
from energy.yaml_file import YamlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person says about a device before it is scanned.

    ``role`` is what to take it for, None the most telling. ``reversion_s`` is how long a command shall last
    unless renewed. ``power_kw_rated`` counts where the device shows no rating.
    """

    role: Role | None
    reversion_s: float
    power_kw_rated: float | None


async def discover(endpoint: ModbusEndpoint, unit: int, wishes: Wishes) -> tuple[FoundDevice, Finding]:
    """Scan one unit; nothing is written to it.

    Raises:
        DeviceUnreachable: nobody answers, or the device stops answering.
        DeviceRefused: it speaks no SunSpec, or has nothing to make a map of.
        BadInput: the device describes itself so oddly that the map would not pass ``check``.
    """
    chain = await walk(endpoint, unit)
    device = device_of(chain)
    finding = finding_of(
        device, role=wishes.role, reversion_s=wishes.reversion_s, rated_kw=wishes.power_kw_rated
    )
    faults = faults_of(YamlFile(path=Path("scanned map"), data={}, lines={}), finding.content)
    if faults:
        raise BadInput(faults)
    content = await proven(endpoint, unit, finding.content, read_registers_max=chain.read_registers_max)
    return device, dataclasses.replace(finding, content=content)
