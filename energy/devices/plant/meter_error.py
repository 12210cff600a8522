"""What a meter makes of the truth: a fixed error, a small noise, and a drift if it is broken that way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from energy.devices.plant.nature import SUBSTEP_S
from energy.devices.plant.noise import key_of, uniform
from energy.domain import Point
from energy.region.asset import MeterClass

CLASS_LIMIT: Mapping[MeterClass, float] = {"0.2S": 0.002, "0.5S": 0.005, "1": 0.01, "2": 0.02}
"""Largest error at normal load, as a fraction of the reading (IEC 62053-22:2020 for 0.2S and 0.5S, IEC
62053-21:2020 for 1 and 2); heat and hydrogen meters are taken to be as good as their class number says."""
GAIN_SHARE = 0.5
"""How much of the limit the fixed error may take; the noise of a reading has the rest."""
FLOWS = frozenset({Point.POWER_KW, Point.HEAT_KW, Point.HYDROGEN_KW})
REGISTERS = frozenset({Point.ENERGY_KWH_DRAWN, Point.ENERGY_KWH_FED_IN})


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRecord:
    """What a meter that drifts or drifted must not forget: by how much, and what it has counted too much."""

    drift_fraction: float = 0.0
    ahead_kwh: dict[Point, float] = field(default_factory=dict)


class Meter:
    """The meter of one asset; without a class it is exact.

    Registers count the truth with the fixed error and the drift, without noise, so they never run backwards.
    """

    def __init__(self, asset_id: str, meter_class: MeterClass | None, *, seed: int) -> None:
        limit = CLASS_LIMIT[meter_class] if meter_class is not None else 0.0
        self._gain = 1.0 + GAIN_SHARE * limit * uniform(key_of(seed, f"{asset_id}:gain"))
        self._noise_fraction = (1.0 - GAIN_SHARE) * limit
        self._keys = {point: key_of(seed, f"{asset_id}:{point}") for point in FLOWS}
        self._drift_fraction = 0.0
        self._ahead_kwh = dict.fromkeys(REGISTERS, 0.0)

    def set_drift(self, fraction: float, truth: Mapping[Point, float]) -> None:
        """Let the meter be off by a fraction from now on; its registers go on from where they stand."""
        before, after = self._factor, self._gain * (1.0 + fraction)
        for point in REGISTERS & truth.keys():
            self._ahead_kwh[point] += truth[point] * (before - after)
        self._drift_fraction = fraction

    @property
    def record(self) -> MeterRecord | None:
        """What must survive a restart; None of a meter that never drifted."""
        if self._drift_fraction == 0.0 and not any(self._ahead_kwh.values()):
            return None
        return MeterRecord(drift_fraction=self._drift_fraction, ahead_kwh=dict(self._ahead_kwh))

    def resume(self, record: MeterRecord) -> None:
        """Go on drifting, and counting, where an earlier run stopped."""
        self._drift_fraction = record.drift_fraction
        self._ahead_kwh.update(record.ahead_kwh)

    def reading(self, truth: Mapping[Point, float], at_s: float) -> dict[Point, float]:
        """Give what the device shows of what is true at a moment."""
        values = dict(truth)
        tick = int(at_s // SUBSTEP_S)
        for point, value in truth.items():
            if point in REGISTERS:
                values[point] = value * self._factor + self._ahead_kwh[point]
            elif point in FLOWS:
                noise = (
                    self._noise_fraction * uniform(self._keys[point] + tick) if self._noise_fraction else 0.0
                )
                values[point] = value * (self._gain + noise) * (1.0 + self._drift_fraction)
        return values

    @property
    def _factor(self) -> float:
        return self._gain * (1.0 + self._drift_fraction)
