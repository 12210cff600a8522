"""What one sweep over a line's registers says, before anybody doubts it.

First the scale factors, then what percentages count from, then the values; last, whether what the device
holds is in force.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from energy.devices.block_decoder import BlockDecoder
from energy.devices.codec import raw_number, step_of
from energy.devices.layout import ScaleFactor
from energy.devices.read_plan import BesideSlot, ReadBlock, place_of, steps_of, switches_of
from energy.devices.register_map import Heartbeat, RegisterMap, Step
from energy.devices.scaling import REFERENCE_POINTS, Scaling
from energy.domain import Point, Quality
from energy.region.model import Asset

Answer = Sequence[int] | None
"""The registers of a block, None where it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Good values, and why the other points have none; each point stands in one of the two."""

    values: dict[Point, float] = field(default_factory=dict)
    faults: dict[Point, Quality] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a sweep showed beside the points: raw numbers, None where unknown or not implemented."""

    steps: tuple[tuple[Step, float | None], ...]
    beat: float | None
    """The device's heartbeat counter."""
    has_beat: bool
    """False where the counter was read and says "not implemented"."""


class SweepDecoder:
    """Decodes the sweeps of one line; all that can be prepared is prepared once."""

    def __init__(
        self, asset: Asset, content: RegisterMap, blocks: Sequence[ReadBlock], scaling: Scaling
    ) -> None:
        self._scaling = scaling
        self._blocks = [(block, BlockDecoder(block, scaling)) for block in blocks]
        self._beside = [(index, slot) for index, block in enumerate(blocks) for slot in block.beside]
        self._registers = {slot.point: slot.register for block in blocks for slot in block.slots}
        used = {register.reference for register in self._registers.values()}
        for point in content.points:
            used.update((point.reference, *(step.register.reference for step in steps_of(point))))
        self._references = [
            (reference, point) for reference, point in REFERENCE_POINTS.items() if reference in used
        ]
        self._locks = [
            (point.name, lock, _free_kw(asset, point.name))
            for point in content.points
            if point.write is not None and (lock := tuple(switches_of(point.write)))
        ]
        self._steps: dict[Point, float] = {}
        self._steps_revision: int | None = None

    def read(self, answers: Sequence[Answer]) -> tuple[Sweep, Beside | None]:
        """Give what the answers say, one for each block."""
        beside = self._read_beside(answers) if self._beside else None
        sweep = Sweep()
        self._read_points(answers, sweep)
        if self._references and self._note_references(sweep):
            sweep.values.clear()
            sweep.faults.clear()
            self._read_points(answers, sweep)
        if self._locks and beside is not None:
            self._look_at_locks(sweep, beside)
        return sweep, beside

    def steps(self) -> dict[Point, float]:
        """Give what one step of an integer register is worth now; floats and the unknown are left out."""
        if self._steps_revision != self._scaling.revision:
            self._steps_revision = self._scaling.revision
            self._steps = {
                point: abs(step_of(register, multiplier))
                for point, register in self._registers.items()
                if not register.type.is_float
                and (multiplier := self._scaling.multiplier(register)) is not None
            }
        return self._steps

    def _read_points(self, answers: Sequence[Answer], sweep: Sweep) -> None:
        for answer, (block, decoder) in zip(answers, self._blocks, strict=True):
            if answer is None:
                sweep.faults.update((slot.point, Quality.COMM_ERROR) for slot in block.slots)
            else:
                decoder.decode(answer, sweep.values, sweep.faults)

    def _read_beside(self, answers: Sequence[Answer]) -> Beside:
        steps: list[tuple[Step, float | None]] = []
        beat: float | None = None
        has_beat = True
        for index, slot in self._beside:
            answer = answers[index]
            raw = None if answer is None else _raw(slot, answer)
            if isinstance(slot.subject, ScaleFactor):
                quality = Quality.COMM_ERROR if answer is None else Quality.GOOD
                self._scaling.note_factor(slot.subject.name, raw, quality)
            elif isinstance(slot.subject, Heartbeat):
                beat, has_beat = raw, answer is None or raw is not None
            else:
                steps.append((slot.subject, raw))
        return Beside(steps=tuple(steps), beat=beat, has_beat=has_beat)

    def _note_references(self, sweep: Sweep) -> bool:
        """Take over what percentages count from; tell whether that changed."""
        before = self._scaling.revision
        for reference, point in self._references:
            quality = sweep.faults.get(point, Quality.GOOD)
            self._scaling.note_reference(reference, sweep.values.get(point), quality)
        return self._scaling.revision != before

    def _look_at_locks(self, sweep: Sweep, beside: Beside) -> None:
        """Let a value count only where every register that puts it in force shows its constant."""
        shown = {place_of(step.register): raw for step, raw in beside.steps}
        for point, lock, free_kw in self._locks:
            if point not in sweep.values:
                continue
            raws = [(shown.get(place_of(step.register)), wanted) for step, wanted in lock]
            if all(raw == wanted for raw, wanted in raws):
                continue
            if any(raw is None for raw, _ in raws):
                del sweep.values[point]
                sweep.faults[point] = Quality.COMM_ERROR
            elif free_kw is None:
                del sweep.values[point]
                sweep.faults[point] = Quality.NOT_IMPLEMENTED
            else:
                sweep.values[point] = free_kw


def _raw(slot: BesideSlot, answer: Sequence[int]) -> float | None:
    """Give a raw number; what is not finite says nothing."""
    raw = raw_number(slot.layout, answer[slot.offset : slot.offset + slot.width])
    return raw if raw is not None and math.isfinite(raw) else None


def _free_kw(asset: Asset, point: Point) -> float | None:
    """Give the bound of a device that nobody bounds, None for a power to follow: its own control leads."""
    match point:
        case Point.POWER_KW_MIN:
            return asset.power_kw_nameplate[0]
        case Point.POWER_KW_MAX:
            return asset.power_kw_nameplate[1]
        case _:
            return None
