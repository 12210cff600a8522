"""One simulated device: an asset of the world behind the registers of its map."""

from dataclasses import dataclass

from energy.devices.codec import decode, raw_registers
from energy.devices.plant.cells import Arrangement, Cell, Counting, Fixed, Kept, Shown
from energy.devices.plant.controls import Controls, Writing
from energy.devices.plant.distortion import jumped
from energy.devices.plant.faults import PLAIN, DeviceFault, FaultKind
from energy.devices.plant.meter_error import Meter, MeterRecord
from energy.devices.plant.pdu import (
    WRITE_COILS,
    WRITE_REGISTERS,
    ExceptionCode,
    Request,
    answer_to,
    exception,
    parse,
    shortened,
)
from energy.devices.plant.registers import garbage_of, not_a_number, not_implemented, words_of
from energy.devices.plant.scales import note_sizes, scaling_of, sizes_of
from energy.devices.plant.state_words import state_number
from energy.devices.plant.world import World
from energy.devices.register_map import RegisterMap
from energy.domain import Point
from energy.region.model import Asset

GARBAGE_HOLD_S = 60
"""How long one filling of nonsense stands before the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What goes back for one request: an answer or silence, late or broken off, or the end of it all."""

    pdu: bytes | None = None
    delay_s: float = 0.0
    is_truncated: bool = False
    cuts: bool = False


SILENCE = Response()
CUT = Response(cuts=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """What of a broken device survives a restart of the plant; ``values`` is what a frozen one shows."""

    fault: DeviceFault | None
    meter: MeterRecord
    values: dict[Point, float]
    frozen_s: float


class Device:
    """Answers Modbus requests for one asset; the world is the only thing that it shows and commands."""

    def __init__(self, asset: Asset, content: RegisterMap, world: World, *, seed: int) -> None:
        self.asset = asset
        self._content = content
        self._world = world
        self._meter = Meter(asset.id, asset.meter_class, seed=seed)
        self._scaling, exponents = scaling_of(asset, content)
        self._sizes = self._shown_sizes()
        note_sizes(self._scaling, self._sizes)
        self._cells = Arrangement(content, exponents)
        commanded = content.point(asset.dispatch_point) if asset.dispatch_point is not None else None
        self._point = commanded if commanded is not None and commanded.write is not None else None
        self._hold = world.holds.get(asset.id)
        self._controls = Controls(content, self._point, self._hold, self._scaling)
        self._fault: DeviceFault | None = None
        self._has_begun = False
        self._frozen: dict[Point, float] = {}
        self._frozen_s = self._booted_s = 0.0
        self._asked = self._written = 0
        self._is_far = False
        self._values: dict[Point, float] = {}
        self._valued: tuple[int, int] | None = None

    @property
    def fault(self) -> FaultKind | None:
        """The fault in force now."""
        fault = self._fault
        return fault.kind if fault is not None and fault.holds_at(self._world.at_s) else None

    @property
    def edges_s(self) -> tuple[float, ...]:
        """When its fault does something by itself: moments that time must not step over."""
        return self._fault.edges_s if self._fault is not None else ()

    @property
    def record(self) -> DeviceRecord | None:
        """What must survive a restart; None of a device that is and was sound."""
        meter = self._meter.record
        if self._fault is None and meter is None:
            return None
        return DeviceRecord(
            fault=self._fault,
            meter=meter if meter is not None else MeterRecord(),
            values=self._frozen,
            frozen_s=self._frozen_s,
        )

    def resume(self, record: DeviceRecord) -> None:
        """Be as broken as before a restart; what was commanded is gone all the same."""
        self._meter.resume(record.meter)
        self._frozen, self._frozen_s = record.values, record.frozen_s
        self._fault = record.fault
        self._has_begun = self.fault is not None
        if self.fault is FaultKind.LOCAL:
            self._controls.release()
        self._valued = None

    def set_fault(self, fault: DeviceFault | None) -> None:
        """Break the device, or mend it with None."""
        if self._has_begun:
            self._end()
        self._fault, self._has_begun = fault, False
        self.settle()

    def settle(self) -> None:
        """Do what a fault does when it begins, and when it is over."""
        is_now = self.fault is not None
        if is_now and not self._has_begun:
            self._begin()
        elif self._has_begun and not is_now:
            self._end()
        self._has_begun = is_now
        self._valued = None

    def respond(self, pdu: bytes) -> Response:
        """Answer one request as the device is now, sound or broken."""
        kind = self.fault
        detail = self._fault.detail if self._fault is not None else PLAIN
        if kind in {FaultKind.SILENT, FaultKind.REBOOTED}:
            return SILENCE
        if kind is FaultKind.RESET:
            return CUT
        if kind is FaultKind.EXCEPTION:
            return Response(pdu=exception(pdu[0], self._next_code(detail.code)))
        request = parse(pdu)
        answer = request if isinstance(request, ExceptionCode) else self._answer(request, kind)
        if isinstance(request, ExceptionCode) or isinstance(answer, ExceptionCode):
            return Response(pdu=exception(pdu[0], int(answer)))
        if kind is FaultKind.SHORT and not detail.truncated:
            answer = shortened(request, answer)
        return Response(
            pdu=answer,
            delay_s=detail.answer_s if kind is FaultKind.SLOW else 0.0,
            is_truncated=kind is FaultKind.SHORT and detail.truncated,
        )

    def _answer(self, request: Request, kind: FaultKind | None) -> bytes | ExceptionCode:
        """Do what is asked; addresses outside the map are illegal."""
        table, first, last = request.table, request.address, request.address + request.count - 1
        if table.holds_bits and not self._cells.has(table):
            return ExceptionCode.ILLEGAL_FUNCTION
        if request.values is not None:
            refusal = self._command(request, kind)
            return refusal if refusal is not None else answer_to(request, ())
        content = self._content
        if request.count > (content.max_read_bits if table.holds_bits else content.max_read_registers):
            return ExceptionCode.ILLEGAL_VALUE
        if not self._cells.is_readable(table, first, last):
            return ExceptionCode.ILLEGAL_ADDRESS
        self._world.hear(self.asset.id)
        words = [0] * request.count
        for cell in self._cells.within(table, first, last):
            shown = self._words(cell, kind)
            cell.put(shown[::-1] if self._swaps(cell, kind) else shown, words, first)
        return answer_to(request, words)

    def _command(self, request: Request, kind: FaultKind | None) -> ExceptionCode | None:
        """Take a write that fills writable registers from end to end."""
        first, last = request.address, request.address + request.count - 1
        cells = [
            cell for cell in self._cells.within(request.table, first, last) if self._controls.may_write(cell)
        ]
        reached = {address for cell in cells for address in range(cell.first, cell.last + 1)}
        if reached != set(range(first, last + 1)):
            return ExceptionCode.ILLEGAL_ADDRESS
        if request.function in {WRITE_COILS, WRITE_REGISTERS} and self._takes_one_at_a_time(cells):
            return ExceptionCode.ILLEGAL_FUNCTION
        detail = self._fault.detail if self._fault is not None else PLAIN
        is_local = kind is FaultKind.LOCAL
        if kind is FaultKind.WRITE_IGNORED or (is_local and detail.ignores_writes):
            return None
        if kind is FaultKind.WRITE_REFUSED or is_local:
            return ExceptionCode.DEVICE_FAILURE
        values = request.values if request.values is not None else ()
        writings: list[Writing] = []
        for cell in cells:
            words = list(values[cell.first - first : cell.last - first + 1])
            writings.append((cell, words[::-1] if self._swaps(cell, kind) else words))
        self._written += 1
        return self._controls.take(writings, self._world.at_s)

    def _takes_one_at_a_time(self, cells: list[Cell]) -> bool:
        """Tell whether the value is among the cells and is written by functions 5 and 6 alone."""
        write = self._point.write if self._point is not None else None
        is_value = any(isinstance(cell.content, Shown) for cell in cells)
        return is_value and write is not None and write.function == "single"

    def _words(self, cell: Cell, kind: FaultKind | None) -> list[int]:
        """Give what stands in a cell, before a swap of its words."""
        at_s = self._world.at_s
        match cell.content:
            case Shown() as shown:
                return self._words_of_point(shown, kind)
            case Kept() as kept:
                return self._controls.words(kept, at_s)
            case Counting(layout=layout):
                until_s = self._frozen_s if kind is FaultKind.FROZEN else at_s
                return raw_registers(layout, int(until_s - self._booted_s) % int(layout.type.raw_range[1]))
            case Fixed(words=words):
                return list(words)

    def _words_of_point(self, shown: Shown, kind: FaultKind | None) -> list[int]:
        register = shown.register
        multiplier = self._scaling.multiplier(register)
        if multiplier is None:
            return not_implemented(register)
        if kind is FaultKind.GARBAGE:
            fillings = garbage_of(register, multiplier)
            return fillings[int(self._world.at_s // GARBAGE_HOLD_S) % len(fillings)]
        if kind is FaultKind.NOT_A_NUMBER:
            return not_a_number(register, multiplier)
        if kind is FaultKind.FROZEN:
            return words_of(register, self._frozen.get(shown.point), multiplier)
        values = self._present()
        if self._point is not None and shown.point is self._point.name and not shown.is_readback:
            return words_of(register, self._controls.shown_kw(self._world.at_s), multiplier)
        return words_of(register, values.get(shown.point), multiplier)

    def _present(self) -> dict[Point, float]:
        """Give what the device would show now, computed once for each state of the world."""
        state = (self._world.revision, self._written)
        if self._valued != state:
            has_moved = self._valued is None or self._valued[0] != state[0]
            self._valued, self._values = state, self._reading()
            if self.fault is FaultKind.JUMPING:
                self._is_far = not self._is_far if has_moved else self._is_far
                self._values = jumped(self._values, self.asset, self._sizes) if self._is_far else self._values
        return self._values

    def _reading(self) -> dict[Point, float]:
        at_s = self._world.at_s
        values = self._meter.reading(self._world.shown(self.asset.id), at_s)
        values.update(self._sizes)
        values[Point.REMOTE] = 0.0 if self.fault is FaultKind.LOCAL else 1.0
        values[Point.FAULT_FLAGS] = 0.0
        values[Point.REVERSION_S] = self._controls.left_s(at_s)
        state = self._content.point(Point.OPERATING_STATE)
        if state is not None:
            flow_kw = values.get(Point.POWER_KW, values.get(Point.HEAT_KW, 0.0))
            values[Point.OPERATING_STATE] = state_number(state.values, is_running=flow_kw != 0.0)
        return values

    def _shown_sizes(self) -> dict[Point, float]:
        """Give the device's own sizes as its registers round them: its percentages count from these."""
        shown: dict[Point, float] = {}
        for name, size in sizes_of(self.asset).items():
            point = self._content.point(name)
            multiplier = self._scaling.multiplier(point) if point is not None else None
            if point is None or multiplier is None:
                continue
            rounded, _ = decode(point, words_of(point, size, multiplier), multiplier)
            if rounded is not None:
                shown[name] = rounded
        return shown

    def _swaps(self, cell: Cell, kind: FaultKind | None) -> bool:
        return kind is FaultKind.WORDS_SWAPPED and not isinstance(cell.content, Fixed)

    def _next_code(self, code: int | None) -> int:
        codes = tuple(ExceptionCode)
        self._asked += 1
        return code if code is not None else codes[(self._asked - 1) % len(codes)]

    def _begin(self) -> None:
        fault, at_s = self._fault, self._world.at_s
        match fault.kind if fault is not None else None:
            case FaultKind.DRIFT:
                self._drift(fault.detail.fraction if fault is not None else 0.0)
            case FaultKind.FROZEN:
                self._frozen, self._frozen_s = self._reading(), at_s
            case FaultKind.LOCAL:
                self._controls.release()
            case FaultKind.REBOOTED:
                self._booted_s = at_s
                if self._hold is not None:
                    self._hold.reboot()
                self._controls.reset()

    def _end(self) -> None:
        if self._fault is not None and self._fault.kind is FaultKind.DRIFT:
            self._drift(0.0)

    def _drift(self, fraction: float) -> None:
        self._meter.set_drift(fraction, self._world.shown(self.asset.id))
