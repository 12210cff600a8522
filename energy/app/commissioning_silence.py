"""What a device may fall back to when nobody speaks to it, and what proves that it did; pure.

The judge is the asset's own safe state. What the register map says that the device falls back to is a claim.
"""

from enum import StrEnum

from energy.app.commissioning_moves import Present, Size, is_away
from energy.devices.register_map import Write
from energy.domain import Point, Quality, Reading
from energy.region.model import Asset


class Fallen(StrEnum):
    """Where a device is after the silence."""

    SHOWN = "shown"
    """In the safe state, as it shows itself; a bound may be tighter."""
    BY_POWER = "by_power"
    """In the safe state, as its power shows."""
    UNSEEN = "unseen"
    """It dropped the value, but nothing shows which bound it holds now."""
    ELSEWHERE = "elsewhere"
    """It holds something else, or still what it was told."""


def safe_kw_of(asset: Asset) -> float | None:
    """Give the power of the asset's safe state; None is its own control."""
    return None if asset.safe_state is None else asset.safe_state.power_kw


def fallen_of(
    asset: Asset,
    *,
    held: Reading | None,
    power_kw: float | None,
    setpoint_kw: float,
    held_tolerance_kw: float,
    size: Size,
) -> Fallen:
    """Judge where a device is by what it shows of it, else by what its power does.

    Args:
        asset: the asset.
        held: what the device shows that it holds.
        power_kw: its power.
        setpoint_kw: what it was told before the silence.
        held_tolerance_kw: how far what it shows may be off.
        size: of a move.
    """
    safe_kw = safe_kw_of(asset)
    if held is None:
        return Fallen.ELSEWHERE
    if safe_kw is None:
        return Fallen.SHOWN if held.quality is Quality.NOT_IMPLEMENTED else Fallen.ELSEWHERE
    held_kw = held.value if held.quality is Quality.GOOD else None
    is_dropped = held_kw is not None and abs(held_kw - setpoint_kw) > held_tolerance_kw
    if held_kw is not None and is_dropped:
        is_safe = _is_as_safe(asset, held_kw, safe_kw, tolerance_kw=held_tolerance_kw)
        return Fallen.SHOWN if is_safe else Fallen.ELSEWHERE
    if power_kw is None or not is_away(setpoint_kw, safe_kw, size):
        return Fallen.ELSEWHERE
    match asset.dispatch_point:
        case Point.POWER_KW_MIN:
            return Fallen.UNSEEN if power_kw < setpoint_kw - size.tolerance_kw else Fallen.ELSEWHERE
        case Point.POWER_KW_MAX:
            return Fallen.UNSEEN if power_kw > setpoint_kw + size.tolerance_kw else Fallen.ELSEWHERE
        case _:
            return Fallen.BY_POWER if abs(power_kw - safe_kw) <= size.tolerance_kw else Fallen.ELSEWHERE


def lifts_a_limit(asset: Asset, rules: Write, present: Present) -> bool:
    """Tell whether falling back would lift somebody else's limit, by the map or by the safe state."""
    low_kw, high_kw = present.limit_kw_min, present.limit_kw_max
    if low_kw is None and high_kw is None:
        return False
    if rules.safe_value_kw in {"own_control", "unknown"}:
        return True  # a bound under its own control is dropped
    falls_to_kw = [rules.safe_value_kw, safe_kw_of(asset)]
    return any(
        (low_kw is not None and kw < low_kw) or (high_kw is not None and kw > high_kw)
        for kw in falls_to_kw
        if isinstance(kw, float)
    )


def _is_as_safe(asset: Asset, held_kw: float, safe_kw: float, *, tolerance_kw: float) -> bool:
    """Tell whether a value is the safe state; a bound that is tighter is as safe."""
    match asset.dispatch_point:
        case Point.POWER_KW_MIN:
            return held_kw >= safe_kw - tolerance_kw
        case Point.POWER_KW_MAX:
            return held_kw <= safe_kw + tolerance_kw
        case _:
            return abs(held_kw - safe_kw) <= tolerance_kw
