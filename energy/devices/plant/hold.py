"""What a device holds of a command: clamped to its nameplate, dropped when nobody feeds its watchdog.

None in place of a power is the device's own control.
"""

from copy import copy
from dataclasses import dataclass

from energy.devices.register_map import Write
from energy.domain import Point
from energy.physics.finite import clamp, finite
from energy.region.generator import Generator
from energy.region.machine import Machine
from energy.region.model import Asset
from energy.region.pumped_reservoir import PumpedReservoir


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRule:
    """How a device treats a command; a time that is None never runs out."""

    power_kw_safe: float | None
    """What a device does whose command was dropped."""
    power_kw_free: float | None
    """What a device does that was never commanded."""
    power_kw_min: float
    power_kw_max: float
    watchdog_s: float | None
    fed_by_any: bool
    fed_by_heartbeat: bool = False
    """The watchdog counts from the command on and is fed by the controller's counter alone."""
    reversion_s: float | None


def rule_of(asset: Asset, write: Write, *, has_heartbeat: bool = False) -> HoldRule:
    """Give the rule of an asset's writable point; a time that the map calls unknown never runs out here."""
    safe_state = asset.safe_state
    safe_kw = safe_state.power_kw if safe_state is not None else 0.0
    if isinstance(write.safe_value_kw, float):
        safe_kw = write.safe_value_kw
    elif write.safe_value_kw == "own_control":
        safe_kw = free_kw(asset)
    power_kw_min, power_kw_max = asset.power_kw_nameplate
    return HoldRule(
        power_kw_safe=None if safe_kw is None else clamp(safe_kw, power_kw_min, power_kw_max),
        power_kw_free=free_kw(asset),
        power_kw_min=power_kw_min,
        power_kw_max=power_kw_max,
        watchdog_s=write.watchdog_s if isinstance(write.watchdog_s, float) else None,
        fed_by_any=write.watchdog_fed_by == "any" and not has_heartbeat,
        fed_by_heartbeat=has_heartbeat,
        reversion_s=write.reversion_s if isinstance(write.reversion_s, float) else None,
    )


class Hold:
    """The command of one device; times are Unix seconds of the simulation."""

    def __init__(self, rule: HoldRule) -> None:
        self.rule = rule
        self._power_kw: float | None = rule.power_kw_free
        """What holds now, whatever it comes from."""
        self._is_commanded = False
        self._has_fallen_back = False
        self._reversion_s = rule.reversion_s
        self._fallback_kw: float | None = None
        self._written_s = self._fed_s = 0.0

    def copy(self) -> "Hold":
        """Give another device that holds the same."""
        return copy(self)

    @property
    def is_commanded(self) -> bool:
        """True from a command until it is dropped or released, as far as ``held_kw`` was asked."""
        return self._is_commanded

    @property
    def has_fallen_back(self) -> bool:
        """True where the last command reverted to a value that was set up for that."""
        return self._has_fallen_back

    def arm(self, *, reversion_s: float | None, fallback_kw: float | None) -> None:
        """Set how long the next commands last, and what they revert to; None is for ever, and safe."""
        self._reversion_s, self._fallback_kw = reversion_s, fallback_kw

    def write(self, power_kw: float, at_s: float) -> float:
        """Take a command as far as the nameplate goes and give what is held of it.

        Raises:
            ValueError: it is not finite.
        """
        held_kw = self._clamped(finite(power_kw, "power_kw"))
        if not (self._is_commanded and self.rule.fed_by_heartbeat):
            self._fed_s = at_s
        self._power_kw = held_kw
        self._written_s = at_s
        self._is_commanded, self._has_fallen_back = True, False
        return held_kw

    def reboot(self) -> None:
        """Lose the command, as a device does that restarts: its safe state follows."""
        self._power_kw = self.rule.power_kw_safe
        self._is_commanded = self._has_fallen_back = False

    def release(self) -> None:
        """Follow nobody any more, as a device does that was never commanded."""
        self._power_kw = self.rule.power_kw_free
        self._is_commanded = self._has_fallen_back = False

    def hear(self, at_s: float) -> None:
        """Notice that somebody spoke to the device without writing."""
        if self.rule.fed_by_any:
            self._fed_s = at_s

    def beat(self, at_s: float) -> None:
        """Notice that the controller's counter moved."""
        if self.rule.fed_by_heartbeat:
            self._fed_s = at_s

    def held_kw(self, at_s: float) -> float | None:
        """Give what the device holds; a command that nobody fed is dropped for good."""
        if self._is_commanded:
            watchdog_s = self.rule.watchdog_s
            if watchdog_s is not None and at_s - self._fed_s >= watchdog_s:
                self.reboot()
            elif self._reversion_s is not None and at_s - self._written_s >= self._reversion_s:
                self._revert()
        return self._power_kw

    def left_s(self, at_s: float) -> float:
        """Give the time until the command reverts; 0 where no timer runs."""
        if not self._is_commanded or self._reversion_s is None:
            return 0.0
        return max(0.0, self._written_s + self._reversion_s - at_s)

    def _revert(self) -> None:
        self.reboot()
        if self._fallback_kw is not None:
            self._power_kw = self._clamped(self._fallback_kw)
            self._has_fallen_back = True

    def _clamped(self, power_kw: float) -> float:
        return clamp(power_kw, self.rule.power_kw_min, self.rule.power_kw_max)


def free_kw(asset: Asset) -> float | None:
    """Give what an asset follows that nobody commands: its full rating, nothing, or its own control."""
    if isinstance(asset, Machine | PumpedReservoir):
        return None
    low_kw, high_kw = asset.power_kw_nameplate
    if isinstance(asset, Generator):
        return low_kw
    match asset.dispatch_point:
        case Point.POWER_KW_MAX:
            return high_kw
        case _:
            return 0.0
