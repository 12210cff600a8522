"""What must hold after every tick, checked from the outside; shares no code with the gate or the arbitration.

Used by the headless demo and the closed-loop test. It reads the same record that an auditor would: the
image, the setpoints that left, what the devices hold, and, where a simulator can tell it, the truth.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from energy.domain import Applied, Decision, Image, Level, Limit, Outcome, Point, Quality
from energy.region.battery import Battery
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir

TOLERANCE_KW = 1.0
ENERGY_TOLERANCE = 0.002
"""Of the capacity: a register's resolution and one step's rounding."""


FOLLOWING = 0.05
"""Of the nameplate: a battery further from its setpoint does not follow and cannot be counted on."""
SPARE_ENERGY = 0.1
"""Of the capacity: nearer to its ends a battery may not be able to give."""
CORRECTABLE = frozenset({Level.PLAN, Level.CORRECTION, Level.GRID_OPERATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One invariant that did not hold, with what was found."""

    name: str
    asset_id: str
    at: str
    found: str

    def __str__(self) -> str:
        """Give it as one line."""
        return f"{self.at} {self.asset_id}: {self.name}: {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRecord:
    """What one tick left behind."""

    image: Image
    age_s_max: float
    limits: Sequence[Limit]
    decisions: Sequence[Decision]
    outcomes: Sequence[Outcome]
    truth: Mapping[str, Mapping[str, float]] | None
    """True values by asset and name where a simulator tells them."""


def broken_invariants(region: Region, record: TickRecord) -> list[Broken]:
    """Name everything that does not hold."""
    found: list[Broken] = []
    by_id = {asset.id: asset for asset in region.assets}
    at = record.image.at.isoformat()

    def report(name: str, asset_id: str, what: str) -> None:
        found.append(Broken(name=name, asset_id=asset_id, at=at, found=what))

    commandable = {asset.id for asset in region.assets if asset.dispatch_point is not None}
    decided = [decision.asset_id for decision in record.decisions]
    if sorted(decided) != sorted(commandable):
        report("every commandable asset has one decision", region.id, f"decided {decided}")
    sent = [decision.setpoint for decision in record.decisions if decision.setpoint is not None]
    if len(record.outcomes) != len(sent):
        what = f"{len(sent)} sent, {len(record.outcomes)} outcomes"
        report("every setpoint has an outcome", region.id, what)
    for decision in record.decisions:
        for name, what in _faults_of_decision(by_id[decision.asset_id], decision, record):
            report(name, decision.asset_id, what)
    for name, asset_id, what in _faults_of_exchange(region, record):
        report(name, asset_id, what)
    for outcome in record.outcomes:
        if (
            isinstance(outcome, Applied)
            and abs(outcome.read_back_kw - outcome.setpoint.power_kw) > TOLERANCE_KW
        ):
            report("applied means read back", outcome.setpoint.asset_id, f"{outcome}")
    for asset_id, values in (record.truth or {}).items():
        for name, what in _faults_of_truth(by_id[asset_id], values):
            report(name, asset_id, what)
    return found


def _faults_of_decision(asset: Asset, decision: Decision, record: TickRecord) -> list[tuple[str, str]]:
    setpoint = decision.setpoint
    if setpoint is None:
        return []
    found: list[tuple[str, str]] = []
    power_kw = setpoint.power_kw
    if not math.isfinite(power_kw):
        return [("a setpoint is a number", f"{power_kw}")]
    least, most = asset.power_kw_nameplate
    if power_kw < least - TOLERANCE_KW or power_kw > most + TOLERANCE_KW:
        found.append(("a setpoint stays in the nameplate", f"{power_kw:.1f} kW outside [{least}, {most}]"))
    if not 0.0 < (setpoint.valid_until - record.image.at).total_seconds() <= 900.0:
        found.append(("a setpoint ends within a quarter hour", f"{setpoint.valid_until.isoformat()}"))
    found.extend(_faults_of_limits(asset, power_kw, record))
    if isinstance(asset, Battery):
        found.extend(_faults_of_battery(asset, power_kw, decision, record))
    return found


def _faults_of_limits(asset: Asset, power_kw: float, record: TickRecord) -> list[tuple[str, str]]:
    top = [
        limit
        for limit in record.limits
        if limit.target_id == asset.id and limit.level in {Level.PROTECTION, Level.GRID_OPERATOR}
    ]
    floors = [limit.power_kw_min for limit in top if limit.power_kw_min is not None]
    ceilings = [limit.power_kw_max for limit in top if limit.power_kw_max is not None]
    if floors and ceilings and max(floors) > min(ceilings):
        return []  # contradicting limits are reported as an alarm; no value could keep both
    least, most = asset.power_kw_nameplate
    found = []
    if floors and power_kw < min(max(floors), most) - TOLERANCE_KW and not _stands_still(asset, power_kw):
        found.append(("a limit in force is kept", f"{power_kw:.1f} kW below {max(floors)}"))
    if (
        ceilings
        and power_kw > max(min(ceilings), least) + TOLERANCE_KW
        and not _stands_still(asset, power_kw)
    ):
        found.append(("a limit in force is kept", f"{power_kw:.1f} kW above {min(ceilings)}"))
    return found


def _faults_of_exchange(region: Region, record: TickRecord) -> list[tuple[str, str, str]]:
    """An exchange over its limit must call every battery that can still give; only meters are believed."""
    point = region.grid_point
    exchange_kw = _good(record, point.id, Point.POWER_KW)
    least, most = point.power_kw_nameplate
    if exchange_kw is None or least <= exchange_kw <= most:
        return []
    found: list[tuple[str, str, str]] = []
    for decision in record.decisions:
        asset = region.asset(decision.asset_id)
        setpoint, level = decision.setpoint, decision.level
        if not isinstance(asset, Battery) or setpoint is None or level not in CORRECTABLE:
            continue
        energy_kwh = _good(record, asset.id, Point.ENERGY_KWH)
        measured_kw = _good(record, asset.id, Point.POWER_KW)
        held_kw = _good(record, asset.id, Point.POWER_KW_SETPOINT)
        if energy_kwh is None or measured_kw is None or held_kw is None:
            continue
        follows = abs(measured_kw - held_kw) <= FOLLOWING * max(asset.power_kw_nameplate)
        spare_kwh = SPARE_ENERGY * asset.energy_kwh_capacity
        inside = asset.energy_kwh_kept + spare_kwh < energy_kwh < asset.energy_kwh_max - spare_kwh
        after_kw = exchange_kw + setpoint.power_kw - measured_kw
        slack_kw = FOLLOWING * max(abs(least), most)
        idle_low = setpoint.power_kw > asset.power_kw_nameplate[0] + TOLERANCE_KW
        idle_high = setpoint.power_kw < asset.power_kw_nameplate[1] - TOLERANCE_KW
        over, under = after_kw > most + slack_kw and idle_low, after_kw < least - slack_kw and idle_high
        if follows and inside and (over or under):
            what = f"{setpoint.power_kw:.0f} kW at an exchange of {exchange_kw:.0f} kW"
            found.append(("an exchange over its limit calls the battery", asset.id, what))
    return found


def _good(record: TickRecord, asset_id: str, point: Point) -> float | None:
    reading = record.image.readings.get((asset_id, point))
    if reading is None or reading.quality is not Quality.GOOD or reading.measured_at != record.image.at:
        return None
    return reading.value


def _stands_still(asset: Asset, power_kw: float) -> bool:
    """A store that is empty, full or unknown may not follow even a limit: standing still is protection."""
    return isinstance(asset, Battery) and abs(power_kw) <= TOLERANCE_KW


def _faults_of_battery(
    asset: Battery, power_kw: float, decision: Decision, record: TickRecord
) -> list[tuple[str, str]]:
    reading = record.image.readings.get((asset.id, Point.ENERGY_KWH))
    known = (
        reading is not None
        and reading.quality is Quality.GOOD
        and reading.value is not None
        and (record.image.at - reading.measured_at).total_seconds() <= record.age_s_max
    )
    if not known or reading is None or reading.value is None:
        if power_kw != 0.0:
            return [("an unknown store stands still", f"{power_kw:.1f} kW, {decision.reason}")]
        return []
    slack_kwh = ENERGY_TOLERANCE * asset.energy_kwh_capacity
    if power_kw < -TOLERANCE_KW and reading.value < asset.energy_kwh_min - slack_kwh:
        return [("an empty store is not discharged", f"{power_kw:.1f} kW at {reading.value:.1f} kWh")]
    if power_kw > TOLERANCE_KW and reading.value > asset.energy_kwh_max + slack_kwh:
        return [("a full store is not charged", f"{power_kw:.1f} kW at {reading.value:.1f} kWh")]
    return []


def _faults_of_truth(asset: Asset, values: Mapping[str, float]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    power_kw = values.get("power_kw")
    least, most = asset.power_kw_nameplate
    if power_kw is not None and asset.dispatch_point is not None:
        slack_kw = 0.02 * max(abs(least), abs(most)) + TOLERANCE_KW
        if not least - slack_kw <= power_kw <= most + slack_kw:
            found.append(("a plant stays in its nameplate", f"{power_kw:.1f} kW"))
    content = _content_of(asset, values)
    if content is not None:
        held, least, most, unit = content
        slack = ENERGY_TOLERANCE * most
        if not least - slack <= held <= most + slack:
            found.append(("a store stays in its band", f"{held:.1f} {unit}"))
    return found


def _content_of(asset: Asset, values: Mapping[str, float]) -> tuple[float, float, float, str] | None:
    """Give what a store holds, its least, its most, and the unit; None where nothing is stored or told."""
    energy_kwh, volume_m3 = values.get("energy_kwh"), values.get("volume_m3")
    match asset:
        case Battery() if energy_kwh is not None:
            return energy_kwh, asset.energy_kwh_min, asset.energy_kwh_max, "kWh"
        case HeatStorage() | HydrogenStorage() if energy_kwh is not None:
            return energy_kwh, 0.0, asset.energy_kwh_capacity, "kWh"
        case PumpedReservoir() if volume_m3 is not None:
            return volume_m3, asset.volume_m3_min, asset.volume_m3_max, "m3"
        case _:
            return None
