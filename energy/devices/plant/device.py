"""One simulated device: an asset of the world behind the registers of its map."""

from dataclasses import dataclass
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

from energy.devices.codec import decode
from energy.devices.layout import Register, Table
from energy.devices.plant.faults import DeviceFault, FaultKind
from energy.devices.plant.meter_error import Meter
from energy.devices.plant.registers import garbage_of, spans_of, words_of
from energy.devices.plant.world import World
from energy.devices.register_map import MapPoint, RegisterMap
from energy.domain import Point
from energy.region.model import Asset

_TABLES = {
    3: Table.HOLDING,
    4: Table.INPUT,
    6: Table.HOLDING,
    16: Table.HOLDING,
    22: Table.HOLDING,
    23: Table.HOLDING,
}
"""Modbus Application Protocol V1.1b3, section 5.1; a simulated device has no coils and no discrete inputs."""
_WRITE_MULTIPLE = 16
GARBAGE_HOLD_S = 60
"""How long one filling of nonsense stands before the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Where a point stands: the point's own register or that of its readback."""

    name: Point
    register: Register
    garbage: list[list[int]]


class Device:
    """Answers Modbus requests for one asset; the world is the only thing that it shows and commands."""

    def __init__(self, asset: Asset, content: RegisterMap, world: World, *, seed: int) -> None:
        self.asset = asset
        self._content = content
        self._world = world
        self._meter = Meter(asset.id, asset.meter_class, seed=seed)
        self._fault: DeviceFault | None = None
        self._frozen: dict[Point, float] = {}
        self._cells = {table: _cells(content, table) for table in (Table.HOLDING, Table.INPUT)}
        self._shown_at: dict[Table, tuple[int, DeviceFault | None]] = {}
        self._writable = {
            point.address: point
            for point in content.points
            if point.write is not None and point.name is asset.dispatch_point
        }

    @property
    def fault(self) -> FaultKind | None:
        """The fault in force now."""
        fault, at_s = self._fault, self._world.at.timestamp()
        if fault is None or not fault.holds_at(at_s):
            return None
        return fault.kind

    @property
    def edges_s(self) -> tuple[float, ...]:
        """When the meter begins or ends to drift: moments that time must not step over."""
        fault = self._fault
        if fault is None or fault.kind is not FaultKind.DRIFT:
            return ()
        return (fault.since_s,) if fault.until_s is None else (fault.since_s, fault.until_s)

    def set_fault(self, fault: DeviceFault | None) -> None:
        """Break the device, or mend it with None."""
        self._fault = fault
        self._frozen = self._reading()
        self.settle()

    def settle(self) -> None:
        """Let the meter drift from now on, or no longer."""
        fraction = self._fault.fraction if self._fault is not None and self.fault is FaultKind.DRIFT else 0.0
        self._meter.set_drift(fraction, self._world.shown(self.asset.id))
        self._shown_at.clear()

    def _reading(self) -> dict[Point, float]:
        return self._meter.reading(self._world.shown(self.asset.id), self._world.at.timestamp())

    def sim_device(self) -> SimDevice:
        """Give the device as pymodbus wants it; addresses outside the map are illegal."""
        no_bits = [SimData(0, datatype=DataType.BITS, values=[False] * 16)]
        return SimDevice(
            id=self.asset.device.unit,
            simdata=(list(no_bits), list(no_bits), self._block(Table.HOLDING), self._block(Table.INPUT)),
            action=self._answer,
        )

    def _block(self, table: Table) -> list[SimData]:
        used = [cell.register for cell in self._cells[table]]
        runs = [
            SimData(first, values=[0] * (last - first + 1), datatype=DataType.REGISTERS)
            for first, last in spans_of(self._content, table, used)
        ]
        return runs or [SimData(0, datatype=DataType.INVALID)]

    async def _answer(  # noqa: PLR0917 (pymodbus fixes the signature)
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        registers: list[int],
        set_values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Bring registers up to date before they are read, take commands before they are written."""
        if self.fault is FaultKind.SILENT:
            return ExcCodes.DEVICE_FAILURE  # the server drops this answer, see endpoint.py
        table = _TABLES.get(function_code)
        if table is None:
            return ExcCodes.ILLEGAL_FUNCTION
        if count > self._content.max_read_registers:
            return ExcCodes.ILLEGAL_VALUE
        if set_values is None:
            self._world.hear(self.asset.id)
        else:
            refusal = self._command(function_code, address, [int(word) for word in set_values])
            if refusal is not None:
                return refusal
        self._show(table, start_address, registers)
        if set_values is not None:
            first = address - start_address
            cast("list[int]", set_values)[:] = registers[first : first + count]  # it stores these
        return None

    def _command(self, function_code: int, address: int, words: list[int]) -> ExcCodes | None:
        """Take a write that fills exactly one writable point."""
        point = self._writable.get(address)
        if point is None or point.write is None or point.width != len(words):
            return ExcCodes.ILLEGAL_ADDRESS
        if point.write.function == "single" and function_code == _WRITE_MULTIPLE:
            return ExcCodes.ILLEGAL_FUNCTION
        if self.fault is FaultKind.WRITE_REFUSED:
            return ExcCodes.DEVICE_FAILURE
        power_kw, _ = decode(point, words)
        if power_kw is None:
            return ExcCodes.ILLEGAL_VALUE
        if self.fault is not FaultKind.WRITE_IGNORED:
            self._world.write(self.asset.id, power_kw)
        return None

    def _show(self, table: Table, start_address: int, registers: list[int]) -> None:
        kind = self.fault
        state = (self._world.revision, self._fault)
        if self._shown_at.get(table) == state:
            return
        self._shown_at[table] = state
        values = self._frozen if kind is FaultKind.FROZEN else self._reading()
        turn = int(self._world.at.timestamp() // GARBAGE_HOLD_S)
        for cell in self._cells[table]:
            if kind is FaultKind.GARBAGE:
                words = cell.garbage[turn % len(cell.garbage)]
            else:
                words = words_of(cell.register, values.get(cell.name))
            first = cell.register.address - start_address
            registers[first : first + len(words)] = words


def _cells(content: RegisterMap, table: Table) -> list[Cell]:
    """Give every register of a table that shows a point, readbacks of their own included."""
    return [
        Cell(name=point.name, register=register, garbage=garbage_of(register))
        for point in content.points
        for register in _registers(point)
        if register.table is table
    ]


def _registers(point: MapPoint) -> list[Register]:
    own = point.readback_register
    return [point] if own is point else [point, own]
