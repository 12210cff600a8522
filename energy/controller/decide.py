"""The decision of one tick: pure, so that it can be replayed from the record, bit for bit."""

from datetime import timedelta

from energy.alarms import (
    alarms_of_devices,
    alarms_of_outcomes,
    alarms_of_readings,
    alarms_of_rung,
    raise_alarm,
    with_beginnings,
)
from energy.arbitration import Verdict, is_duty
from energy.conduct import Following
from energy.controller.correct import correction
from energy.controller.flexible import AnyMachine, Flexible, may_be_missing, reading_age_s_max, runnable_kw
from energy.controller.following import alarm_unless_following, following_of
from energy.controller.sending import hindrance
from energy.controller.taking_back import TAKEN_BACK, is_taken_back
from energy.controller.tick_input import TickInput, TickOutput
from energy.controller.wishes import Wish, wishes
from energy.domain import Alarm, Decision, Level, Point, Setpoint, Severity
from energy.region.battery import Battery
from energy.region.heat_pump import HeatPump
from energy.region.machine import Machine
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.safety import Gated, gate, ramp_kw_of

TRIFLE_KW = 1.0
"""A register's resolution."""
SEVERITIES = {
    "clock_trouble": Severity.ALARM,
    "disk_full": Severity.ALARM,
    "record_set_aside": Severity.ALARM,
    "record_unavailable": Severity.ALARM,
    "spool_full": Severity.ALARM,
    "spool_unavailable": Severity.ALARM,
    "telemetry_denied": Severity.ALARM,
    "ledger_upkeep_failed": Severity.ALARM,
    "plan_gap_far_missed": Severity.INFO,
    "plan_unproven": Severity.INFO,
    "weather_unreachable": Severity.INFO,
    TAKEN_BACK: Severity.INFO,
}
"""Notes of the shell that are no warnings."""
NO_ALARMS = frozenset({"plan_gap_missed"})
"""Notes for the planners' page only: a plan a little dearer than it might be is nothing to act on."""
DATA = "data_"
"""So begin notes about the past: what forecasts leave out concerns no setpoint."""


def decide(region: Region, tick: TickInput) -> TickOutput:
    """Decide one setpoint for each asset that can be commanded.

    No I/O, no clock, no state: what must survive between ticks is part of the input.
    """
    corrected = correction(region, tick, wishes(region, tick))
    decisions: list[Decision] = []
    following: list[Following] = []
    alarms: list[Alarm] = []
    for wish in corrected.wishes:
        decisions.append(_decision(region, tick, wish, wish.verdict))
        following.append(following_of(region, tick, wish.asset))
        alarms.extend(_alarms_of_wish(tick, wish, wish.verdict))
        alarm = alarm_unless_following(following[-1], tick.image.at)
        alarms.extend([] if alarm is None else [alarm])
    for target_id, words in corrected.breaches:
        alarms.append(
            raise_alarm(
                "grid_limit_breached", Severity.ALARM, target_id=target_id, at=tick.image.at, detail=words
            )
        )
    alarms.extend(alarms_of_readings(tick.image, may_be_missing=may_be_missing(region)))
    alarms.extend(alarms_of_devices(tick.image, age_s_max=reading_age_s_max(region, tick.tick_s)))
    alarms.extend(alarms_of_outcomes(tick.outcomes, tick.image.at))
    alarms.extend(_alarms_of_shell(region, tick))
    return TickOutput(
        decisions=tuple(decisions),
        alarms=with_beginnings(alarms, tick.alarms),
        following=tuple(following),
    )


def _decision(region: Region, tick: TickInput, wish: Wish, verdict: Verdict) -> Decision:
    asset = wish.asset
    if asset.id in tick.unread:
        reason = "not sent: what the device holds is not known yet"
        return Decision(
            asset_id=asset.id, wanted_kw=verdict.wanted_kw, level=verdict.level, setpoint=None, reason=reason
        )
    if is_taken_back(tick.notes, asset.id):
        cause = "nobody asks any more for what it was sent"
        return _safe_decision(region, tick, wish, verdict, cause, asked_by=Level.PROTECTION)
    if wish.unknown is not None or verdict.wanted_kw is None:
        cause = wish.unknown if wish.unknown is not None else "no plan says anything"
        return _safe_decision(region, tick, wish, verdict, cause)
    safe = asset.safe_state
    point = asset.dispatch_point
    if safe is None or point is None:
        return Decision(asset_id=asset.id, wanted_kw=None, level=None, setpoint=None, reason="only measured")
    gated = gate(
        verdict.wanted_kw,
        bounds_kw=(verdict.power_kw_min, verdict.power_kw_max),
        held_kw=_held_kw(region, tick, wish, point),
        ramp_kw=ramp_kw_of(asset, tick_s=tick.tick_s),
        safe_kw=0.0 if safe.power_kw is None else safe.power_kw,
    )
    gated = _settled(asset, gated, verdict)
    limited_by = _limited_by(gated, verdict)
    reason = verdict.reason if gated.rule is None else f"{verdict.reason}; {gated.rule}"
    if gated.rule == "hard limit" and verdict.limited_by is not None:
        reason = f"{verdict.reason}; limited by {verdict.limited_by}"
    level = verdict.level if verdict.level is not None else Level.DEVICE_RULE
    return _send(
        region,
        tick,
        wish,
        power_kw=gated.power_kw,
        wanted_kw=verdict.wanted_kw,
        level=level,
        asked_by=level,
        reason=reason,
        limited_by=limited_by,
    )


def _limited_by(gated: Gated, verdict: Verdict) -> str | None:
    """Name the rule between what was wanted and what leaves."""
    if gated.rule is None:
        same = verdict.wanted_kw is not None and abs(gated.power_kw - verdict.wanted_kw) <= TRIFLE_KW
        return None if same else "load range"
    if gated.rule == "hard limit" and verdict.limited_by is not None:
        return verdict.limited_by
    return gated.rule


def _held_kw(region: Region, tick: TickInput, wish: Wish, point: Point) -> float | None:
    """Give what the device holds; one on its own control holds nothing, and moves on from where it is."""
    held_kw = tick.image.value(wish.asset.id, point, age_s_max=reading_age_s_max(region, tick.tick_s))
    safe = wish.asset.safe_state
    on_its_own = held_kw is None and safe is not None and safe.power_kw is None
    return wish.measured_kw if on_its_own else held_kw


def _settled(asset: Flexible, gated: Gated, verdict: Verdict) -> Gated:
    """A battery told to move less than a meter can show stands still; a machine runs or stands."""
    bounds_kw = verdict.power_kw_min, verdict.power_kw_max
    if isinstance(asset, Machine):
        wanted_kw = gated.power_kw if verdict.wanted_kw is None else verdict.wanted_kw
        return Gated(power_kw=_machine_kw(asset, gated.power_kw, wanted_kw, bounds_kw), rule=gated.rule)
    allowed = verdict.power_kw_min <= 0.0 <= verdict.power_kw_max
    if isinstance(asset, Battery) and allowed and abs(gated.power_kw) < TRIFLE_KW:
        return Gated(power_kw=0.0, rule=gated.rule)
    return gated


def _machine_kw(
    machine: AnyMachine, gated_kw: float, wanted_kw: float, bounds_kw: tuple[float, float]
) -> float:
    """Below its least load a machine does what is wanted of it: it starts at once, or stands at once.

    A ramp from standing would never reach the least load, and one downwards would never leave it. The bounds
    have the last word.
    """
    if abs(gated_kw) >= machine.power_kw_least:
        return runnable_kw(machine, gated_kw, bounds_kw)
    if 2.0 * abs(wanted_kw) < machine.power_kw_least:
        return runnable_kw(machine, wanted_kw, bounds_kw)
    return runnable_kw(machine, machine.power_kw_least, bounds_kw)


def _safe_decision(
    region: Region,
    tick: TickInput,
    wish: Wish,
    verdict: Verdict,
    cause: str,
    *,
    asked_by: Level | None = None,
) -> Decision:
    """The named safe state inside every limit that holds; sent only where we command the asset.

    ``asked_by`` is whose right to send counts; None takes the person's who asked, else the plan's.
    """
    if asked_by is None:
        asked_by = Level.OPERATOR if wish.by_operator else Level.PLAN
    asset = wish.asset
    safe = asset.safe_state
    if safe is None:
        return Decision(asset_id=asset.id, wanted_kw=None, level=None, setpoint=None, reason=cause)
    safe_kw = safe.power_kw
    if safe_kw is None:
        if asset.power_kw_nameplate == (verdict.power_kw_min, verdict.power_kw_max):
            reason = f"safe state {safe.name}: {cause}; nothing is sent, its own control takes over"
            return Decision(
                asset_id=asset.id, wanted_kw=None, level=Level.PROTECTION, setpoint=None, reason=reason
            )
        safe_kw = _blind_kw(asset, (verdict.power_kw_min, verdict.power_kw_max))
    return _send(
        region,
        tick,
        wish,
        power_kw=max(verdict.power_kw_min, min(verdict.power_kw_max, safe_kw)),
        wanted_kw=None,
        level=Level.PROTECTION,
        asked_by=asked_by,
        reason=f"safe state {safe.name}: {cause}",
    )


def _blind_kw(asset: Flexible, bounds_kw: tuple[float, float]) -> float:
    """A limit that a device's own control does not know has to be kept by us, blind as we are.

    Pumps and heat pumps then run as far as it allows: too much water runs over and a full store stops its
    heat pump, too little leaves people without. A CHP stands, its boiler heats.
    """
    match asset:
        case PumpedReservoir():
            return bounds_kw[1]
        case HeatPump():
            return runnable_kw(asset, bounds_kw[1], bounds_kw)
        case _:
            return 0.0


def _send(
    region: Region,
    tick: TickInput,
    wish: Wish,
    *,
    power_kw: float,
    wanted_kw: float | None,
    level: Level,
    asked_by: Level,
    reason: str,
    limited_by: str | None = None,
) -> Decision:
    """Make the setpoint, or say why it is held back; ``asked_by`` is the level whose right to send counts."""
    asset, point = wish.asset, wish.asset.dispatch_point
    why_not = hindrance(region, tick, asset, asked_by)
    if point is None or why_not is not None:
        return Decision(
            asset_id=asset.id,
            wanted_kw=power_kw,
            level=level,
            setpoint=None,
            reason=f"{reason}; not sent: {why_not}",
            limited_by=limited_by,
        )
    setpoint = Setpoint(
        asset_id=asset.id,
        point=point,
        power_kw=power_kw,
        valid_until=tick.image.at + timedelta(seconds=region.control.setpoint_valid_s),
        level=level,
        reason=reason,
        is_duty=is_duty(asset.power_kw_nameplate, wish.claims, power_kw),
    )
    return Decision(
        asset_id=asset.id,
        wanted_kw=wanted_kw,
        level=level,
        setpoint=setpoint,
        reason=reason,
        limited_by=limited_by,
    )


def _alarms_of_wish(tick: TickInput, wish: Wish, verdict: Verdict) -> list[Alarm]:
    at = tick.image.at
    found = [
        raise_alarm(
            "bounds_contradict",
            Severity.WARNING,
            target_id=wish.asset.id,
            at=at,
            detail=f"{violation.level}: {violation.reason}: {violation.size_kw:.0f} kW",
        )
        for violation in verdict.violations
        if violation.level not in {Level.OPERATOR, Level.CORRECTION, Level.PLAN}
    ]
    cause = wish.unknown
    if cause is None and tick.plan is not None and verdict.wanted_kw is None:
        cause = "the plan says nothing"
    if cause is not None:
        found.append(
            raise_alarm("asset_in_safe_state", Severity.ALARM, target_id=wish.asset.id, at=at, detail=cause)
        )
    if wish.asset.id in tick.uncommissioned:
        detail = "the point-to-point test is not recorded: nothing is sent"
        found.append(
            raise_alarm("not_commissioned", Severity.WARNING, target_id=wish.asset.id, at=at, detail=detail)
        )
    return found


def _alarms_of_shell(region: Region, tick: TickInput) -> list[Alarm]:
    at = tick.image.at
    detail = (
        "no plan" if tick.plan is None else f"plan {tick.plan.plan_id} of {tick.plan.issued_at:%H:%M} UTC"
    )
    found = alarms_of_rung(tick.rung, region_id=region.id, at=at, detail=detail)
    for note in tick.notes:
        named, _, detail = note.partition(": ")
        code, _, target_id = named.partition("@")
        if code in NO_ALARMS:
            continue
        severity = Severity.INFO if code.startswith(DATA) else SEVERITIES.get(code, Severity.WARNING)
        found.append(raise_alarm(code, severity, target_id=target_id or region.id, at=at, detail=detail))
    return found
