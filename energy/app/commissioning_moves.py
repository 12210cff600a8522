"""The small actuation that proves a sign, chosen by kind: what to write, inside what is safe; pure.

A battery charges a little, then discharges a little; a source is held a little below what it yields; a
consumer a little below what it draws; a machine that runs is moved a little. What cannot be done now without
harm is said and left.
"""

from dataclasses import dataclass

from energy.domain import Point
from energy.region.battery import Battery
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.heat_pump import HeatPump
from energy.region.model import Asset
from energy.region.pumped_reservoir import PumpedReservoir
from energy.units import S_PER_H

SETTLE_S = 60.0
"""On top of the ramp: several sweeps, a device's own filter, and a gateway that polls once in a while."""
HOLD_S = 60.0
"""How long a value stands before the witness is asked: displays average and counters lag, and the second half
is enough for them to move."""
STEPS_MAX = 3
"""So many steps away from idle a battery is told to go where it stands near one or two of them already."""
WITNESS_S_MAX = 300.0
"""How long the witness has to say what the display shows: a walk to the device and back."""
START_S = 600.0
"""A gas engine or a stack takes minutes from its start to its least load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a move is, and how close it must arrive, kW."""

    step_kw: float
    tolerance_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What the device shows before anything is written; limits are those found on it, None where none is."""

    power_kw: float
    energy_kwh: float | None = None
    volume_m3: float | None = None
    limit_kw_min: float | None = None
    limit_kw_max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One write: the value, and how long the power may take to follow."""

    setpoint_kw: float
    follows_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNow:
    """Why no actuation is possible at the moment."""

    reason: str


def moves_of(asset: Asset, present: Present, size: Size, *, start: bool) -> tuple[Move, ...] | NotNow:
    """Choose the writes that prove the sign.

    Args:
        asset: the asset, which has a dispatch point.
        present: what its device shows.
        size: of the move.
        start: a machine that stands may be started for it.
    """
    match asset:
        case Battery():
            return _of_battery(asset, present, size)
        case Generator():
            return _of_source(asset, present, size)
        case EvHub():
            return _of_consumer(
                present, size, least_kw=asset.power_kw_safe, ramp_kw_per_s=asset.ramp_kw_per_s
            )
        case FlexibleLoad():
            return _of_consumer(present, size, least_kw=0.0, ramp_kw_per_s=asset.ramp_kw_per_s)
        case Chp() | Electrolyser() | HeatPump():
            return _of_machine(asset, present, size, start=start)
        case PumpedReservoir():
            return _of_pumps(asset, present, size, start=start)
        case _:
            return NotNow(reason=f"a {asset.kind} takes no command")


def is_away(setpoint_kw: float, safe_kw: float | None, size: Size) -> bool:
    """Tell whether a value differs enough from the safe state for the fall back to show."""
    return safe_kw is None or abs(setpoint_kw - safe_kw) >= size.tolerance_kw


def silence_kw(asset: Asset, moved_kw: float, size: Size, present: Present) -> float:
    """Choose the value to fall silent on: the last move's, or a step beside it where that is the safe state.

    A step that tightens is tried first; none leaves the nameplate or a limit found on the device.
    """
    safe_kw = None if asset.safe_state is None else asset.safe_state.power_kw
    low_kw, high_kw = asset.power_kw_nameplate
    low_kw = low_kw if present.limit_kw_min is None else max(low_kw, present.limit_kw_min)
    high_kw = high_kw if present.limit_kw_max is None else min(high_kw, present.limit_kw_max)
    tighter_kw = size.step_kw if asset.dispatch_point is Point.POWER_KW_MIN else -size.step_kw
    for setpoint_kw in (moved_kw, moved_kw + tighter_kw, moved_kw - tighter_kw):
        if low_kw <= setpoint_kw <= high_kw and is_away(setpoint_kw, safe_kw, size):
            return setpoint_kw
    return moved_kw


def _of_battery(asset: Battery, present: Present, size: Size) -> tuple[Move, ...] | NotNow:
    energy_kwh = present.energy_kwh
    if energy_kwh is None:
        return NotNow(reason="its stored energy is not known")
    follows_s = SETTLE_S + 2.0 * asset.power_kw_nameplate[1] / asset.ramp_kw_per_s
    charge_kw, discharge_kw = _away(present.power_kw, size), _away(-present.power_kw, size)
    most_kwh = (
        max(2.0 * size.step_kw, charge_kw, discharge_kw)
        * (2.0 * follows_s + HOLD_S + WITNESS_S_MAX)
        / S_PER_H
    )
    moves = []
    if energy_kwh + most_kwh <= asset.energy_kwh_max and charge_kw <= asset.power_kw_charge_max:
        moves.append(Move(setpoint_kw=charge_kw, follows_s=follows_s))
    if energy_kwh - most_kwh >= asset.energy_kwh_min and discharge_kw <= asset.power_kw_discharge_max:
        moves.append(Move(setpoint_kw=-discharge_kw, follows_s=follows_s))
    if moves:
        return tuple(moves)
    return NotNow(reason=f"it holds {energy_kwh:,.0f} kWh, no room to charge or discharge a little")


def _away(power_kw: float, size: Size) -> float:
    """Give the fewest steps that differ enough from the power; of a battery, in charge or discharge.

    A step is more than two tolerances, so that at most two neighbouring multiples lie too near.
    """
    multiples_kw = (steps * size.step_kw for steps in range(1, STEPS_MAX))
    return next(
        (kw for kw in multiples_kw if abs(power_kw - kw) >= 2.0 * size.tolerance_kw),
        STEPS_MAX * size.step_kw,
    )


def _of_source(asset: Generator, present: Present, size: Size) -> tuple[Move, ...] | NotNow:
    if -present.power_kw < 2.0 * size.step_kw:  # what is left must still show a direction
        return NotNow(
            reason=f"it feeds in {-present.power_kw:,.1f} kW; too little to hold back {size.step_kw:,.1f} kW "
            "(dark, calm or held back already): comes later"
        )
    return (
        Move(
            setpoint_kw=present.power_kw + size.step_kw,
            follows_s=SETTLE_S + size.step_kw / asset.ramp_kw_per_s,
        ),
    )


def _of_consumer(
    present: Present, size: Size, *, least_kw: float, ramp_kw_per_s: float
) -> tuple[Move, ...] | NotNow:
    target_kw = present.power_kw - size.step_kw
    if target_kw < max(least_kw, size.step_kw):  # what is left must still show a direction
        return NotNow(
            reason=f"it draws {present.power_kw:,.1f} kW; too little to hold back {size.step_kw:,.1f} kW "
            f"above its least of {least_kw:,.1f} kW: comes later"
        )
    return (Move(setpoint_kw=target_kw, follows_s=SETTLE_S + size.step_kw / ramp_kw_per_s),)


def _of_machine(
    asset: Chp | Electrolyser | HeatPump, present: Present, size: Size, *, start: bool
) -> tuple[Move, ...] | NotNow:
    sign = -1.0 if asset.power_kw_nameplate[0] < 0.0 else 1.0
    load_kw = sign * present.power_kw
    if load_kw < 0.5 * asset.power_kw_least:
        if not start:
            return NotNow(reason="it stands: test it while it runs, or let the test start it with --start")
        target_kw = max(asset.power_kw_least, size.step_kw)
        follows_s = START_S + SETTLE_S + target_kw / asset.ramp_kw_per_s
        return (Move(setpoint_kw=sign * target_kw, follows_s=follows_s),)
    follows_s = SETTLE_S + size.step_kw / asset.ramp_kw_per_s
    for target_kw in (load_kw - size.step_kw, load_kw + size.step_kw):
        if max(asset.power_kw_least, size.step_kw) <= target_kw <= asset.power_kw_rated:
            return (Move(setpoint_kw=sign * target_kw, follows_s=follows_s),)
    return NotNow(reason=f"between its least and its rated load there is no room for {size.step_kw:,.1f} kW")


def _of_pumps(
    asset: PumpedReservoir, present: Present, size: Size, *, start: bool
) -> tuple[Move, ...] | NotNow:
    if present.volume_m3 is None:
        return NotNow(reason="the water in the reservoir is not known")
    if present.power_kw <= size.tolerance_kw and not start:
        return NotNow(
            reason="its pumps stand: test it while they run, or let the test start them with --start"
        )
    follows_s = SETTLE_S + size.step_kw / asset.ramp_kw_per_s
    most_m3 = size.step_kw * (2.0 * follows_s + HOLD_S + WITNESS_S_MAX) / S_PER_H / asset.pump_kwh_per_m3
    down_kw, up_kw = present.power_kw - size.step_kw, present.power_kw + size.step_kw
    if down_kw >= size.step_kw and present.volume_m3 - most_m3 > asset.volume_m3_min:
        return (Move(setpoint_kw=down_kw, follows_s=follows_s),)
    if up_kw <= asset.power_kw_rated and present.volume_m3 + most_m3 < asset.volume_m3_max:
        return (Move(setpoint_kw=up_kw, follows_s=follows_s),)
    return NotNow(reason=f"{present.volume_m3:,.0f} m3 in the reservoir leave no room to pump more or less")
