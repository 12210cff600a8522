"""The writable side of a device: its value, the registers beside it, and what of them is in force."""

from collections.abc import Mapping, Sequence

from energy.devices.codec import decode, raw_number, raw_registers, value_of
from energy.devices.layout import Layout
from energy.devices.plant.cells import Cell, Kept, Shown, steps_of
from energy.devices.plant.hold import Hold
from energy.devices.plant.pdu import ExceptionCode
from energy.devices.plant.registers import words_of
from energy.devices.read_plan import Place, place_of
from energy.devices.register_map import MapPoint, RegisterMap, Step, Write
from energy.devices.scaling import Scaling

Writing = tuple[Cell, list[int]]
"""A cell and what is written to it."""


class Controls:
    """What was written to one device, and what it makes of it.

    A value is in force while every enabling register shows its constant; where a register mirrors the value,
    the stricter of the two holds. The time that a reversion step wrote counts from the next value or
    enabling on; 0 is no timer. Without a point to command, everything keeps its default.
    """

    def __init__(
        self, content: RegisterMap, point: MapPoint | None, hold: Hold | None, scaling: Scaling
    ) -> None:
        self._point = point
        self._hold = hold
        self._scaling = scaling
        self._all = {place_of(step.register): step for step in steps_of(content)}
        heartbeat = content.heartbeat.written if content.heartbeat is not None else None
        self._heartbeat = place_of(heartbeat) if heartbeat is not None else None
        write = point.write if point is not None else None
        self._steps = _steps_by_place(write)
        self._switches = _switches(write)
        self._kept: dict[Place, float] = {}
        self._wanted_kw: float | None = None
        self._was_commanded = False
        self.reset()

    @property
    def kept(self) -> Mapping[Place, float]:
        """The raw numbers that were written and still stand."""
        return self._kept

    def reset(self) -> None:
        """Stand as after a restart: nothing was written."""
        self._kept.clear()
        self._wanted_kw = self._hold.rule.power_kw_free if self._hold is not None else None
        self._was_commanded = False

    def release(self) -> None:
        """Follow nobody any more, and show so."""
        if self._hold is not None:
            self._hold.release()
        self._disable()

    def shown_kw(self, at_s: float) -> float | None:
        """Give what stands in the value's own register: what is in force, else what waits to be enabled."""
        held_kw = self._held_kw(at_s)
        return held_kw if self._was_commanded or not self._switches else self._wanted_kw

    def left_s(self, at_s: float) -> float:
        """Give the time until what is in force reverts; 0 where no timer runs."""
        self._held_kw(at_s)
        return self._hold.left_s(at_s) if self._hold is not None else 0.0

    def words(self, kept: Kept, at_s: float) -> list[int]:
        """Give what stands in a register that keeps what is written to it."""
        self._held_kw(at_s)
        number = self._kept.get(kept.place)
        if number is not None:
            return raw_registers(kept.layout, number)
        return self._default(kept)

    def take(self, writings: Sequence[Writing], at_s: float) -> ExceptionCode | None:
        """Take everything that one request writes, or nothing of it and say why."""
        wanted_kw: float | None = None
        numbers: dict[Place, float] = {}
        for cell, words in writings:
            if isinstance(cell.content, Kept):
                number = raw_number(cell.content.layout, words)
                if number is None:
                    return ExceptionCode.ILLEGAL_VALUE
                numbers[cell.content.place] = number
            else:
                wanted_kw = self._decoded(words)
                if wanted_kw is None:
                    return ExceptionCode.ILLEGAL_VALUE
        self._held_kw(at_s)
        self._beat(numbers, at_s)
        self._kept.update(numbers)
        if wanted_kw is not None:
            self._wanted_kw = wanted_kw
        if wanted_kw is not None or numbers.keys() & self._switches.keys() or self._mirrors(numbers):
            self._enforce(at_s)
        return None

    def may_write(self, cell: Cell) -> bool:
        """Tell whether a cell takes what is written to it."""
        if isinstance(cell.content, Kept):
            return cell.content.place in self._steps or cell.content.place == self._heartbeat
        return self._point is not None and cell.content == Shown(
            point=self._point.name, register=self._point, is_readback=False
        )

    def _enforce(self, at_s: float) -> None:
        """Let what stands in the registers be in force, if it is enabled."""
        if self._hold is None:
            return
        if self._switches and not self._is_enabled():
            if self._was_commanded:
                self._hold.release()
            self._was_commanded = False
            return
        if self._wanted_kw is None:
            return
        self._hold.arm(reversion_s=self._reversion_s(), fallback_kw=self._fallback_kw())
        self._hold.write(min(self._all_wanted_kw(), key=abs), at_s)
        self._was_commanded = True

    def _held_kw(self, at_s: float) -> float | None:
        """Give what is held, and clear what a drop leaves behind."""
        if self._hold is None:
            return None
        held_kw = self._hold.held_kw(at_s)
        if self._was_commanded and not self._hold.is_commanded:
            if self._hold.has_fallen_back:
                self._was_commanded = False
                self._wanted_kw = held_kw
            else:
                self._disable()
        return held_kw

    def _disable(self) -> None:
        self._was_commanded = False
        if not self._switches:
            self._wanted_kw = None
        for place in self._switches:
            self._kept.pop(place, None)

    def _beat(self, numbers: Mapping[Place, float], at_s: float) -> None:
        place = self._heartbeat
        if self._hold is None or place is None or place not in numbers:
            return
        if numbers[place] != self._kept.get(place, 0.0):
            self._hold.beat(at_s)

    def _is_enabled(self) -> bool:
        return all(self._kept.get(place) == number for place, number in self._switches.items())

    def _mirrors(self, numbers: Mapping[Place, float]) -> bool:
        """Tell whether a mirror of the value in force was written."""
        return self._was_commanded and any(self._is_mirror(place) for place in numbers)

    def _is_mirror(self, place: Place) -> bool:
        return any(step.value == "setpoint" for step in self._steps.get(place, ()))

    def _all_wanted_kw(self) -> list[float]:
        """Give the value and what its mirrors say; one that was never written stands at what is free."""
        wanted_kw = [] if self._wanted_kw is None else [self._wanted_kw]
        if self._hold is None:
            return wanted_kw
        for place, steps in self._steps.items():
            if not self._is_mirror(place):
                continue
            mirrored_kw = (
                self._read(steps[0].register) if place in self._kept else self._hold.rule.power_kw_free
            )
            if mirrored_kw is not None:
                wanted_kw.append(mirrored_kw)
        return wanted_kw

    def _reversion_s(self) -> float | None:
        """Give the time that a reversion step wrote, the map's where it has no such step."""
        if not any(step.value == "reversion_s" for steps in self._steps.values() for step in steps):
            return self._hold.rule.reversion_s if self._hold is not None else None
        written_s = self._stepped("reversion_s")
        return written_s if written_s is not None and written_s > 0.0 else None

    def _fallback_kw(self) -> float | None:
        """Give what a command reverts to: what was written for that, else what stands there by itself."""
        if not any(step.value == "safe_value" for steps in self._steps.values() for step in steps):
            return None
        written_kw = self._stepped("safe_value")
        return written_kw if written_kw is not None or self._hold is None else self._hold.rule.power_kw_safe

    def _stepped(self, value: str) -> float | None:
        """Give what was written to the step of that meaning, in our unit and sign."""
        for place, steps in self._steps.items():
            if place in self._kept and any(step.value == value for step in steps):
                return self._read(steps[0].register)
        return None

    def _read(self, layout: Layout) -> float | None:
        number = self._kept.get(place_of(layout))
        multiplier = self._scaling.multiplier(layout)
        if number is None or multiplier is None:
            return None
        return value_of(layout, number, multiplier)

    def _decoded(self, words: Sequence[int]) -> float | None:
        multiplier = self._scaling.multiplier(self._point) if self._point is not None else None
        if self._point is None or multiplier is None:
            return None
        return decode(self._point, words, multiplier)[0]

    def _default(self, kept: Kept) -> list[int]:
        """Give what stands in a register that nobody wrote: off, or what the device does by itself."""
        step = self._all.get(kept.place)
        rule = self._hold.rule if self._hold is not None else None
        multiplier = self._scaling.multiplier(kept.layout)
        if step is None or rule is None or multiplier is None:
            return raw_registers(kept.layout, 0)
        match step.value:
            case "setpoint":
                return words_of(kept.layout, rule.power_kw_free, multiplier)
            case "safe_value":
                return words_of(kept.layout, rule.power_kw_safe, multiplier)
            case "reversion_s":
                return words_of(kept.layout, 0.0, multiplier)
            case _:
                switch = self._switches.get(kept.place)
                return raw_registers(kept.layout, 1 if switch == 0 else 0)


def _steps_by_place(write: Write | None) -> dict[Place, list[Step]]:
    places: dict[Place, list[Step]] = {}
    for step in (*write.arming, *write.enabling) if write is not None else ():
        places.setdefault(place_of(step.register), []).append(step)
    return places


def _switches(write: Write | None) -> dict[Place, float]:
    """Give what must stand where for the value to be in force; of several on one register the last."""
    return {
        place_of(step.register): step.value
        for step in (write.enabling if write is not None else ())
        if not isinstance(step.value, str)
    }
