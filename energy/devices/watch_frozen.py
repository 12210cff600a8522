"""Notices values that stand still though they cannot.

Counter rule: power that is well away from nothing moves its energy register; where that stands still for
more than ten of its steps, it is frozen, and with it everything of the device that stands still as long.
Learned rule, where no register counts: power that has been seen changing stands still far longer than it
ever did. What nothing happens to is calm: no power, an idle battery, a source at the bound that it holds.
"""

from collections.abc import Mapping

from energy.devices.nameplate import heat_kw_nameplate, power_kw_bounds
from energy.domain import Point, Quality
from energy.region.battery import Battery
from energy.region.model import Asset, Region
from energy.units import S_PER_H

FROZEN_S_MIN = 60.0
"""Nothing is called frozen sooner: devices refresh their registers each second, loggers each minute."""
SWEEPS_MIN = 3
"""At least so many sweeps must show the same."""
REGISTER_STEPS = 10.0
FLOAT_STEP_KWH = 0.1
"""What a counter in a float is taken to count by: meters round it by themselves, to 0.01 to 0.1 kWh."""
FLOAT_STEP_FRACTION = 2.0**-23
"""Of the value: one step of a 32-bit float."""
STORE_FRACTION = 0.01
"""Of a battery's capacity: what its controller must have seen moving; less is lost in rounding."""
STORE_AWAY_FRACTION = 0.05
"""Of a battery's nameplate: less may be what its meter sees of cooling and controls, which no cell stores."""
STORE_END_FRACTION = 0.02
"""Of the capacity: this close to full or empty cells are balanced, and power moves the content no more."""
STORE_CALM_S = 900.0
"""A battery that rests cannot show that its content moves: after so long it gets its chance again."""
AWAY_FRACTION = 0.01
"""Of the nameplate: less power than this may be the starting current below which a meter counts nothing."""
COUNTER_PATIENCE = 3.0
"""Times the longest wait of a counter seen so far: a logger that refreshes slowly is not frozen."""
WAIT_S_LEARNED_MAX = 900.0
"""Slower than a quarter hour nobody refreshes registers: a longer wait was a frozen device, not a habit."""
POWER_PATIENCE = 20.0
"""Times the longest time that the power itself stood still before."""
CHANGES_MIN = 20
"""So often a power must have been seen changing before its standing still means anything."""
_NOT_MEASURED = frozenset(
    {
        Point.POWER_KW_SETPOINT,
        Point.POWER_KW_MIN,
        Point.POWER_KW_MAX,
        Point.POWER_KW_RATED,
        Point.ENERGY_KWH_CAPACITY,
        Point.REVERSION_S,
        Point.REMOTE,
        Point.OPERATING_STATE,
        Point.FAULT_FLAGS,
    }
)
"""What may stand still for ever."""


class _Run:
    """How long one value has stood still, and how long it did before."""

    __slots__ = ("changes", "doubted", "longest_s", "since_s", "sweeps", "value")

    def __init__(self) -> None:
        self.value: float | None = None
        self.since_s = 0.0
        self.sweeps = 0
        self.changes = 0
        self.longest_s = 0.0
        self.doubted = False

    def see(self, value: float, at_s: float, *, learns: bool) -> float | None:
        """Take another value over; give how long the one before stood, if any did, and learn from that."""
        stood_s = None
        if self.value is not None:
            stood_s = at_s - self.since_s
            self.changes += 1
            if learns and stood_s > self.longest_s and not (self.doubted and stood_s > WAIT_S_LEARNED_MAX):
                self.longest_s = stood_s
        self.value, self.since_s, self.sweeps, self.doubted = value, at_s, 1, False
        return stood_s

    def stands(self, at_s: float, for_s: float) -> bool:
        """Tell whether the value has stood still for a time and over enough sweeps."""
        return self.value is not None and self.sweeps >= SWEEPS_MIN and at_s - self.since_s >= for_s


class _Register:
    """An energy register or a store: what should have moved it since it last moved."""

    __slots__ = ("away_kw", "energy_kwh", "point", "sign", "wait_s")

    def __init__(self, point: Point, sign: float, away_kw: float) -> None:
        self.point = point
        self.away_kw = away_kw
        """Less power than this need not move it."""
        self.sign = sign
        """Which power moves it: 1 what draws, -1 what feeds in, 0 both."""
        self.energy_kwh = 0.0
        self.wait_s = 0.0
        """The longest wait, with energy enough, that ended by itself."""

    @property
    def patience_s(self) -> float:
        """How long it may stand still however much should have moved it."""
        return max(FROZEN_S_MIN, COUNTER_PATIENCE * self.wait_s)

    def moves(self, power_kw: float, span_s: float) -> None:
        """Count what should move it."""
        if self.sign * power_kw >= 0.0 and abs(power_kw) >= self.away_kw:
            self.energy_kwh += power_kw * span_s / S_PER_H

    def has_moved(self, stood_s: float, *, enough_kwh: float) -> None:
        """Begin anew, and learn how long it takes."""
        if abs(self.energy_kwh) >= enough_kwh and stood_s <= WAIT_S_LEARNED_MAX:
            self.wait_s = max(self.wait_s, stood_s)
        self.energy_kwh = 0.0


class FrozenWatch:
    """The stillness of one line; an asset without electricity is judged by its heat."""

    def __init__(self, region: Region, asset: Asset) -> None:
        heat_kw = heat_kw_nameplate(asset)
        self._flow = Point.POWER_KW if heat_kw is None else Point.HEAT_KW
        self._limits_kw = power_kw_bounds(region, asset) if heat_kw is None else (-heat_kw, heat_kw)
        self._away_kw = AWAY_FRACTION * max(abs(limit_kw) for limit_kw in self._limits_kw)
        self._runs: dict[Point, _Run] = {}
        self._registers = [
            _Register(Point.ENERGY_KWH_DRAWN, 1.0, self._away_kw),
            _Register(Point.ENERGY_KWH_FED_IN, -1.0, self._away_kw),
        ]
        self._battery = asset if isinstance(asset, Battery) else None
        self._store_kwh_least = 0.0
        self._calm_since_s: float | None = None
        if isinstance(asset, Battery):
            plate_kw = max(abs(limit_kw) for limit_kw in self._limits_kw)
            self._registers.append(_Register(Point.ENERGY_KWH, 0.0, STORE_AWAY_FRACTION * plate_kw))
            self._store_kwh_least = STORE_FRACTION * asset.energy_kwh_capacity
        self._at_s = 0.0
        self._power_kw: float | None = None

    def miss(self) -> None:
        """Notice a gap: what stood still before it need not have stood still in it."""
        self._power_kw = None
        for run in self._runs.values():
            run.value = None
        for register in self._registers:
            register.energy_kwh = 0.0

    def judge(
        self,
        values: Mapping[Point, float],
        *,
        at_s: float,
        held_kw: float | None,
        steps: Mapping[Point, float],
    ) -> dict[Point, Quality]:
        """Give the points that stand still though they cannot."""
        changed = self._see(values, at_s, held_kw)
        power_kw = values.get(self._flow)
        self._count(power_kw, at_s)
        frozen = self._frozen_registers(values, changed, at_s=at_s, steps=steps)
        if power_kw is not None:
            counting = Point.ENERGY_KWH_DRAWN if power_kw > 0.0 else Point.ENERGY_KWH_FED_IN
            if counting not in values and self._stands_too_long(power_kw, at_s, held_kw):
                frozen[self._flow] = Quality.STALE
        for point in frozen:
            self._runs[point].doubted = True
        return frozen

    def _see(self, values: Mapping[Point, float], at_s: float, held_kw: float | None) -> dict[Point, float]:
        """Follow every measured value; give how long those that changed had stood."""
        changed: dict[Point, float] = {}
        for point, value in values.items():
            run = self._runs.get(point)
            if run is None:
                if point in _NOT_MEASURED:
                    continue
                run = self._runs[point] = _Run()
            elif value == run.value:  # most values of most sweeps: nothing to learn
                run.sweeps += 1
                continue
            was_calm = point is self._flow and run.value is not None and self._is_calm(run.value, held_kw)
            stood_s = run.see(value, at_s, learns=not was_calm)
            if stood_s is not None:
                changed[point] = stood_s
        if len(self._runs) > len(values):
            for point, run in self._runs.items():
                if point not in values:
                    run.value = None
        return changed

    def _count(self, power_kw: float | None, at_s: float) -> None:
        """Count what power moves, no more than both ends of the span vouch for."""
        before_kw, self._power_kw = self._power_kw, power_kw
        span_s, self._at_s = at_s - self._at_s, at_s
        if power_kw is None or before_kw is None or before_kw * power_kw <= 0.0:
            return
        least_kw = min(before_kw, power_kw, key=abs)
        for register in self._registers:
            register.moves(least_kw, span_s)

    def _frozen_registers(
        self,
        values: Mapping[Point, float],
        changed: Mapping[Point, float],
        *,
        at_s: float,
        steps: Mapping[Point, float],
    ) -> dict[Point, Quality]:
        frozen: dict[Point, Quality] = {}
        for register in self._registers:
            point = register.point
            value = values.get(point)
            if value is None:
                register.energy_kwh = 0.0
                continue
            if register.sign == 0.0 and self._need_not_move(register, value, values.get(self._flow), at_s):
                register.energy_kwh = 0.0
            if not register.energy_kwh:
                continue
            enough_kwh = self._enough_kwh(point, value, steps)
            stood_s = changed.get(point)
            if stood_s is not None:
                register.has_moved(stood_s, enough_kwh=enough_kwh)
            elif abs(register.energy_kwh) >= enough_kwh and self._runs[point].stands(
                at_s, register.patience_s
            ):
                frozen[point] = Quality.STALE
                if register.sign:
                    frozen.update(self._standing_with(at_s, register.patience_s))
        return frozen

    def _need_not_move(
        self, store: _Register, energy_kwh: float, power_kw: float | None, at_s: float
    ) -> bool:
        """Tell whether a battery's content may stand: it has rested for long, or is at its end."""
        battery = self._battery
        if battery is None or power_kw is None:
            return False
        if abs(power_kw) >= store.away_kw:
            self._calm_since_s = None
        elif self._calm_since_s is None:
            self._calm_since_s = at_s
        has_rested = self._calm_since_s is not None and at_s - self._calm_since_s >= STORE_CALM_S
        margin_kwh = STORE_END_FRACTION * battery.energy_kwh_capacity
        is_full = power_kw > 0.0 and energy_kwh >= battery.energy_kwh_max - margin_kwh
        is_empty = power_kw < 0.0 and energy_kwh <= battery.energy_kwh_min + margin_kwh
        return has_rested or is_full or is_empty

    def _enough_kwh(self, point: Point, value: float, steps: Mapping[Point, float]) -> float:
        """Give the energy that must have moved a register."""
        step_kwh = steps.get(point)
        if step_kwh is None:
            step_kwh = max(FLOAT_STEP_KWH, abs(value) * FLOAT_STEP_FRACTION)
        least_kwh = self._store_kwh_least if point is Point.ENERGY_KWH else 0.0
        return max(REGISTER_STEPS * step_kwh, least_kwh)

    def _standing_with(self, at_s: float, patience_s: float) -> dict[Point, Quality]:
        """Give all that stands still with a counter, if the power does: it is an old picture."""
        power = self._runs.get(self._flow)
        if power is None or not power.stands(at_s, patience_s):
            return {}
        return {point: Quality.STALE for point, run in self._runs.items() if run.stands(at_s, patience_s)}

    def _stands_too_long(self, power_kw: float, at_s: float, held_kw: float | None) -> bool:
        """Judge power that nothing counts by what it did before."""
        run = self._runs[self._flow]
        return (
            run.changes >= CHANGES_MIN
            and run.stands(at_s, max(FROZEN_S_MIN, POWER_PATIENCE * run.longest_s))
            and not self._is_calm(power_kw, held_kw)
        )

    def _is_calm(self, flow_kw: float, held_kw: float | None) -> bool:
        """Tell whether nothing happens: no power, full power, or just what is held."""
        levels_kw = (0.0, *self._limits_kw) if held_kw is None else (0.0, held_kw, *self._limits_kw)
        return any(abs(flow_kw - level_kw) <= self._away_kw for level_kw in levels_kw)
