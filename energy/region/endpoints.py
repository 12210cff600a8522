"""Devices that share a connection: each has its own unit, and all speak to it in one way.

Works on the plain data, as ``energy.region.structure`` does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from energy.errors import Fault
from energy.region.asset import PORTS
from energy.region.connections import Entry
from energy.yaml_file import YamlFile

RTU_UNITS = range(1, 248)
"""MODBUS over Serial Line V1.02, 2.2: 0 speaks to all and nobody answers, from 248 on reserved."""
_SERIAL_SETTINGS = {"baud_rate": 9600, "parity": "none", "stop_bits": 1}
"""As in ``asset.SerialLine``."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How an asset's device is reached: ``connection`` can be opened once, ``settings`` say how."""

    connection: tuple[object, ...]
    settings: dict[str, object]
    name: str
    unit: int


def faults_of_devices(file: YamlFile, assets: list[Entry]) -> Iterator[Fault]:
    """Find devices named twice, connections that are to be set in two ways, and units that cannot be."""
    owners: dict[tuple[object, ...], int | None] = {}
    first: dict[tuple[object, ...], tuple[_Way, int | None]] = {}
    for place, entry in assets:
        way = _way(entry.get("device"))
        if way is None:
            continue
        line, here = file.line(place), (*place, "device")
        if way.settings["transport"] in {"serial", "rtu_over_tcp"} and way.unit not in RTU_UNITS:
            yield file.fault(
                (*here, "unit"),
                value=way.unit,
                limit=f"units on a serial line count from {RTU_UNITS[0]} to {RTU_UNITS[-1]}",
                mend="write the unit that is set at the device",
            )
        owner: tuple[object, ...] = (*way.connection, way.unit)
        if owner in owners:
            yield file.fault(
                here,
                value=f"{way.name} unit {way.unit}",
                limit=f"the asset in line {owners[owner]} has this device already",
                mend="give each asset its own host, port or unit",
            )
        owners.setdefault(owner, line)
        other, other_line = first.setdefault(way.connection, (way, line))
        for name, value in way.settings.items():
            wanted = other.settings.get(name, value)
            if value != wanted:
                yield file.fault(
                    (*here, name) if name == "transport" else (*here, "serial", name),
                    value=value,
                    limit=f"the asset in line {other_line} reaches {way.name} with {wanted}",
                    mend=f"one connection serves both: give both the same {name}",
                )


def _way(device: object) -> _Way | None:
    """Read where a device is, with the defaults of the schema; None where the schema finds a fault anyway."""
    if not isinstance(device, dict):
        return None
    transport, unit = device.get("transport", "tcp"), device.get("unit", 1)
    if not isinstance(unit, int) or not isinstance(transport, str):
        return None
    if transport == "serial":
        serial = device.get("serial")
        path = serial.get("device") if isinstance(serial, dict) else None
        if not isinstance(serial, dict) or not isinstance(path, str):
            return None
        settings = {name: serial.get(name, usual) for name, usual in _SERIAL_SETTINGS.items()}
        return _Way((path.strip(),), {"transport": transport, **settings}, path.strip(), unit)
    usual_ports = {str(name): usual for name, usual in PORTS.items()}
    host, port = device.get("host"), device.get("port")
    port = usual_ports.get(transport) if port is None else port
    if not isinstance(host, str) or not isinstance(port, int):
        return None
    name = host.strip().lower().removesuffix(".")
    return _Way((name, port), {"transport": transport}, f"{host.strip()}:{port}", unit)
