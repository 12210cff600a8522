"""Walks the chain of a SunSpec device's models over the wire: marker, then number and length of each model.

Source: SunSpec Device Information Model Specification V1.1, sections 6.2 and 6.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from energy.devices.layout import ADDRESS_MAX, Table
from energy.devices.modbus import ModbusEndpoint
from energy.devices.register_map import READ_REGISTERS_MAX
from energy.errors import DeviceRefused, DeviceUnreachable

BASES = (40000, 0, 50000)
"""Where the marker may stand, the most frequent first."""
MARKER = (0x5375, 0x6E53)
"""``SunS``."""
END = 0xFFFF
HEAD_REGISTERS = 2
MODELS_MAX = 200
"""Real devices have some 10 to 40; a chain that goes on and on is none."""
ATTEMPTS_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RawModel:
    """One model as it stood on the wire.

    ``registers`` begins with the model's number and its length; a register that the device refuses is None.
    """

    model_id: int
    address: int
    registers: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All models of one device, in the order of their addresses.

    ``broken`` says where and why the chain ends before its end marker, None where it is whole.
    ``read_registers_max`` is the largest read that the device answered.
    """

    base: int
    models: tuple[RawModel, ...]
    read_registers_max: int
    broken: str | None


@dataclass(slots=True)
class _Wire:
    """Reads holding registers of one unit, again if need be, and smaller where the device refuses."""

    endpoint: ModbusEndpoint
    unit: int
    answered_max: int = 0
    refused_min: int = field(default=READ_REGISTERS_MAX + 1)

    async def once(self, address: int, count: int) -> Sequence[int]:
        """Read; a connection that broke is opened again.

        Raises:
            DeviceUnreachable: no answer in several tries.
            DeviceRefused: the device said no.
        """
        for attempt in range(ATTEMPTS_MAX):
            try:
                await self.endpoint.open()
                registers = await self.endpoint.read(self.unit, Table.HOLDING, address=address, count=count)
            except DeviceUnreachable:
                if attempt + 1 == ATTEMPTS_MAX:
                    raise
            else:
                self.answered_max = max(self.answered_max, count)
                return registers
        raise AssertionError("the last attempt returns or raises")

    async def all(self, address: int, count: int) -> list[int | None]:
        """Read any number of registers in pieces that the device takes; what it refuses alone is None."""
        found: list[int | None] = []
        while len(found) < count:
            piece = min(count - len(found), max(1, self.refused_min - 1))
            found += await self._piece(address + len(found), piece)
        return found

    async def _piece(self, address: int, count: int) -> list[int | None]:
        """Read a piece, halved as often as the device refuses it."""
        try:
            return list(await self.once(address, count))
        except DeviceRefused:
            if count == 1:
                return [None]
        half = count // 2
        found = await self._piece(address, half) + await self._piece(address + half, count - half)
        if None not in found:  # too many at once, not a hole
            self.refused_min = min(self.refused_min, count)
        return found


async def walk(endpoint: ModbusEndpoint, unit: int) -> Chain:
    """Find the marker and read every model behind it.

    Raises:
        DeviceUnreachable: nobody answers, or the unit does not.
        DeviceRefused: the device answers, but shows no marker.
    """
    await endpoint.open()
    wire = _Wire(endpoint=endpoint, unit=unit)
    base = await _base(wire)
    models: list[RawModel] = []
    address = base + len(MARKER)
    broken = None
    while broken is None:
        model, broken = await _model(wire, address, models)
        if model is None:
            break
        models.append(model)
        address += len(model.registers)
    return Chain(base=base, models=tuple(models), read_registers_max=wire.answered_max, broken=broken)


async def _base(wire: _Wire) -> int:
    """Give the address of the marker; a device may refuse an address, or keep silent about it."""
    answered = False
    silence: DeviceUnreachable | None = None
    for base in BASES:
        try:
            marker = await wire.once(base, len(MARKER))
        except DeviceRefused:
            answered = True
        except DeviceUnreachable as error:
            silence = error
        else:
            answered = True
            if tuple(marker) == MARKER:
                return base
    who = f"unit {wire.unit} at {wire.endpoint.name}"
    if answered or silence is None:
        places = ", ".join(map(str, sorted(BASES)))
        raise DeviceRefused(
            f"{who} answers, but shows no SunSpec marker at {places}; switch SunSpec on in the device's "
            "settings, or try another unit (--unit; many inverters have 1, 126 or 200), or use the product's "
            "own register map"
        )
    raise DeviceUnreachable(
        f"{who} does not answer: {silence}; check the unit (--unit), whether Modbus is switched on in the "
        "device and whether somebody else holds its only connection"
    ) from silence


async def _model(wire: _Wire, address: int, before: Sequence[RawModel]) -> tuple[RawModel | None, str | None]:
    """Read one model; None at the end of the chain, with a reason where that is no proper end."""
    if len(before) >= MODELS_MAX:
        return None, f"more than {MODELS_MAX} models"
    if address + HEAD_REGISTERS - 1 > ADDRESS_MAX:
        return None, f"no end marker up to address {ADDRESS_MAX}"
    try:
        model_id, length = await wire.once(address, HEAD_REGISTERS)
    except (DeviceRefused, DeviceUnreachable) as error:
        if isinstance(error, DeviceRefused) and await _ends(wire, address):
            return None, None
        return None, f"no end marker: {error}"
    if model_id == END:
        return None, None
    if model_id == 0 or address + HEAD_REGISTERS + length - 1 > ADDRESS_MAX:
        return None, f"address {address} says model {model_id} of {length} registers, which cannot be"
    body = await wire.all(address + HEAD_REGISTERS, length) if length else []
    return RawModel(model_id=model_id, address=address, registers=(model_id, length, *body)), None


async def _ends(wire: _Wire, address: int) -> bool:
    """Tell whether the end marker stands there alone: its length is missing on some devices."""
    try:
        return (await wire.once(address, 1))[0] == END
    except (DeviceRefused, DeviceUnreachable):
        return False
