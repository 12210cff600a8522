"""What a setpoint comes to in a device's registers, in the order in which it must be written; pure.

Timers first, so that no value ever stands without one; then the value; then what puts it in force.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from energy.devices.codec import encode, raw_number, raw_registers, value_of
from energy.devices.layout import Layout
from energy.devices.line import Command, Line
from energy.devices.register_map import Heartbeat, Step, Write
from energy.devices.write_economy import Foreign
from energy.devices.write_foreign import Look, tighter_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One number and the registers that it goes into.

    ``number`` is the raw number as it must be read back. ``power_kw`` stands where the number is the
    setpoint, and is None for what stays the same whatever the setpoint.
    """

    name: str
    layout: Layout
    registers: tuple[int, ...]
    number: float
    step: Step | None = None
    power_kw: float | None = None
    multiplier: float = 1.0

    def stands(self, shown: float | None, *, tolerance_kw: float) -> bool:
        """Tell whether the device shows it: a constant exactly, a power within its tolerance."""
        if shown is None:
            return False
        if self.power_kw is None:
            return shown == self.number
        return abs(value_of(self.layout, shown, self.multiplier) - self.power_kw) <= tolerance_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """All that one setpoint writes."""

    heartbeat: Part | None
    arming: tuple[Part, ...]
    value: Part
    enabling: tuple[Part, ...]

    @property
    def steps(self) -> tuple[Part, ...]:
        """What stands beside the value."""
        return (*self.arming, *self.enabling)

    @property
    def switches(self) -> tuple[Part, ...]:
        """The constants that must be shown for the value to be in force."""
        return tuple(
            part
            for part in self.enabling
            if part.step is not None and isinstance(part.step.value, int | float)
        )

    @property
    def registers(self) -> tuple[tuple[int, ...], ...]:
        """All that is written but the heartbeat."""
        return tuple(part.registers for part in (*self.arming, self.value, *self.enabling))

    @property
    def words(self) -> tuple[tuple[int, ...], ...]:
        """The registers that depend on the setpoint."""
        return tuple(part.registers for part in (self.value, *self.steps) if part.power_kw is not None)


def script_of(line: Line, command: Command, power_kw: float, at: datetime) -> Script:
    """Give everything that a setpoint writes.

    Raises:
        ValueError: a number does not fit its register, or what scales it is not known.
    """
    write, beat = command.write, line.content.heartbeat
    return Script(
        heartbeat=None if beat is None else _heartbeat(beat, at),
        arming=tuple(_step(line, write, step, power_kw) for step in write.arming),
        value=_power(line, command.point, command.point.name.value, power_kw),
        enabling=tuple(_step(line, write, step, power_kw) for step in write.enabling),
    )


def with_timers_of(script: Script, foreign: Foreign) -> Script:
    """Give the script that leaves a bound as somebody else had set it: with their timers in place of ours."""
    return dataclasses.replace(
        script,
        arming=tuple(
            part
            if part.power_kw is not None or part.name not in foreign.raws
            else dataclasses.replace(
                part,
                number=foreign.raws[part.name],
                registers=tuple(raw_registers(part.layout, foreign.raws[part.name])),
            )
            for part in script.arming
        ),
    )


def look_at(
    script: Script, line: Line, *, held_kw: float, free_kw: float, tolerance_kw: float
) -> Look | None:
    """Say what stands on a device; None where its timers are not known, or its map has none to tell by.

    Times tell whose a bound is; only a map without any is told by all that stands before the value.
    """
    command = line.command
    timers = {part.name: part for part in script.arming if part.power_kw is None and part.step is not None}
    shown = {name: None if part.step is None else line.raw_of(part.step) for name, part in timers.items()}
    raws = {name: (raw, timers[name].number) for name, raw in shown.items() if raw is not None}
    if command is None or not timers or len(raws) < len(timers):
        return None
    point = command.point.name
    times = [
        name for name, part in timers.items() if part.step is not None and part.step.value == "reversion_s"
    ]
    return Look(
        point=point,
        held_kw=held_kw,
        is_free=abs(tighter_kw(point, held_kw, free_kw) - free_kw) <= tolerance_kw,
        is_ours=all(raws[name][0] == raws[name][1] for name in times or timers),
        registers=raws,
        told_kw=line.economy.told_kw,
        tolerance_kw=tolerance_kw,
    )


def missing(parts: Sequence[Part], line: Line, *, tolerance_kw: float) -> Iterator[str]:
    """Say what the device does not show of what stands beside the value."""
    for part in parts:
        shown = None if part.step is None else line.raw_of(part.step)
        if not part.stands(shown, tolerance_kw=tolerance_kw):
            seen = "nothing" if shown is None else f"{shown:g}"
            yield f"'{part.name}' shows {seen} instead of {part.number:g}"


def _step(line: Line, write: Write, step: Step, power_kw: float) -> Part:
    match step.value:
        case "setpoint":
            return _power(line, step.register, step.name, power_kw, step=step)
        case "safe_value":
            value = _safe_kw(line, write)
        case "reversion_s":
            value = _reversion_s(write, step)
        case constant:
            return _part(step.name, step.register, raw_registers(step.register, constant), step=step)
    registers = encode(step.register, value, _multiplier(line, step.register, step.name))
    return _part(step.name, step.register, registers, step=step)


def _power(line: Line, layout: Layout, name: str, power_kw: float, *, step: Step | None = None) -> Part:
    multiplier = _multiplier(line, layout, name)
    registers = encode(layout, power_kw, multiplier)
    return _part(name, layout, registers, step=step, power_kw=power_kw, multiplier=multiplier)


def _part(
    name: str,
    layout: Layout,
    registers: Sequence[int],
    *,
    step: Step | None = None,
    power_kw: float | None = None,
    multiplier: float = 1.0,
) -> Part:
    number = raw_number(layout, registers)
    if number is None:
        raise ValueError(f"'{name}' would read as not implemented")
    return Part(
        name=name,
        layout=layout,
        registers=tuple(registers),
        number=number,
        step=step,
        power_kw=power_kw,
        multiplier=multiplier,
    )


def _heartbeat(beat: Heartbeat, at: datetime) -> Part | None:
    """Count seconds, wrapped to what the register holds; what would read as "not implemented" counts as 0."""
    layout = beat.written
    if layout is None:
        return None
    seconds = int(at.timestamp()) % (int(layout.type.raw_range[1]) + 1)
    try:
        registers = raw_registers(layout, seconds)
    except ValueError:
        registers = raw_registers(layout, 0)
    return _part("heartbeat", layout, registers)


def _multiplier(line: Line, layout: Layout, name: str) -> float:
    multiplier = line.multiplier(layout)
    if multiplier is None:
        sources = [layout.scale_factor, None if layout.reference is None else layout.reference.value]
        words = ", ".join(source for source in sources if source is not None)
        raise ValueError(f"'{name}' is not written: what scales it is not known ({words})")
    return multiplier


def _reversion_s(write: Write, step: Step) -> float:
    if isinstance(write.reversion_s, str):
        raise ValueError(f"'{step.name}' takes reversion_s, which the map calls {write.reversion_s}")  # noqa: TRY004  bad data, no wrong call
    return write.reversion_s


def _safe_kw(line: Line, write: Write) -> float:
    """Give what the device shall fall back to: never to more than somebody else's bound allows.

    Raises:
        ValueError: nobody says it.
    """
    safe_kw, known = _own_safe_kw(line, write), line.foreign.known
    if known is None or line.command is None:
        return safe_kw
    return tighter_kw(line.command.point.name, safe_kw, known.power_kw)


def _own_safe_kw(line: Line, write: Write) -> float:
    if isinstance(write.safe_value_kw, float):
        return write.safe_value_kw
    state = line.asset.safe_state
    if write.safe_value_kw != "by_region" or state is None or state.power_kw is None:
        raise ValueError("the power that the device shall fall back to is not known")
    return state.power_kw
