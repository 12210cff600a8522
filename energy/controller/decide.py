"""The decision of one tick: pure, so that it can be replayed from the record, bit for bit."""

from datetime import timedelta

from energy.alarms import (
    alarms_of_outcomes,
    alarms_of_readings,
    alarms_of_rung,
    raise_alarm,
    with_beginnings,
)
from energy.arbitration import Claim, Verdict, arbitrate
from energy.authority import may_send
from energy.controller.correct import corrections
from energy.controller.tick_input import TickInput, TickOutput
from energy.controller.wishes import Flexible, Wish, reading_age_s_max, wishes
from energy.domain import Alarm, Decision, Level, Setpoint, Severity
from energy.region.model import Region
from energy.safety import gate, ramp_kw_of


def decide(region: Region, tick: TickInput) -> TickOutput:
    """Decide one setpoint for each asset that can be commanded.

    No I/O, no clock, no state: what must survive between ticks is part of the input.
    """
    wished = wishes(region, tick)
    claims = corrections(region, tick, wished)
    decisions: list[Decision] = []
    alarms: list[Alarm] = []
    for wish in wished:
        verdict = _corrected(wish, claims.get(wish.asset.id))
        decisions.append(_decision(region, tick, wish, verdict))
        alarms.extend(_alarms_of_verdict(tick, wish, verdict))
    alarms.extend(alarms_of_readings(region, tick.image))
    alarms.extend(alarms_of_outcomes(tick.outcomes, tick.image.at))
    alarms.extend(_alarms_of_shell(region, tick))
    return TickOutput(decisions=tuple(decisions), alarms=with_beginnings(alarms, tick.alarms))


def _corrected(wish: Wish, claim: Claim | None) -> Verdict:
    if claim is None:
        return wish.verdict
    return arbitrate(wish.asset.power_kw_nameplate, [*wish.claims, claim])


def _decision(region: Region, tick: TickInput, wish: Wish, verdict: Verdict) -> Decision:
    asset = wish.asset
    if wish.unknown is not None or verdict.wanted_kw is None:
        cause = wish.unknown if wish.unknown is not None else "no plan says anything"
        return _safe_decision(region, tick, asset, verdict, cause)
    safe = asset.safe_state
    point = asset.dispatch_point
    if safe is None or point is None:
        return Decision(asset_id=asset.id, wanted_kw=None, level=None, setpoint=None, reason="only measured")
    gated = gate(
        verdict.wanted_kw,
        bounds_kw=(verdict.power_kw_min, verdict.power_kw_max),
        held_kw=tick.image.value(asset.id, point, age_s_max=reading_age_s_max(region, tick.tick_s)),
        ramp_kw=ramp_kw_of(asset, tick_s=tick.tick_s),
        safe_kw=safe.power_kw,
    )
    reason = verdict.reason if gated.rule is None else f"{verdict.reason}; {gated.rule}"
    if gated.rule == "hard limit" and verdict.limited_by is not None:
        reason = f"{verdict.reason}; limited by {verdict.limited_by}"
    level = verdict.level if verdict.level is not None else Level.DEVICE_RULE
    return _send(
        region, tick, asset, power_kw=gated.power_kw, wanted_kw=verdict.wanted_kw, level=level, reason=reason
    )


def _safe_decision(
    region: Region, tick: TickInput, asset: Flexible, verdict: Verdict, cause: str
) -> Decision:
    """The named safe state, still inside every limit that holds."""
    safe = asset.safe_state
    if safe is None:
        return Decision(asset_id=asset.id, wanted_kw=None, level=None, setpoint=None, reason=cause)
    power_kw = max(verdict.power_kw_min, min(verdict.power_kw_max, safe.power_kw))
    reason = f"safe state {safe.name}: {cause}"
    return _send(
        region, tick, asset, power_kw=power_kw, wanted_kw=None, level=Level.PROTECTION, reason=reason
    )


def _send(
    region: Region,
    tick: TickInput,
    asset: Flexible,
    *,
    power_kw: float,
    wanted_kw: float | None,
    level: Level,
    reason: str,
) -> Decision:
    point = asset.dispatch_point
    authority = region.authority_of(asset)
    if point is None or not may_send(authority, level):
        held_back = f"{reason}; not sent: authority is {authority}"
        return Decision(asset_id=asset.id, wanted_kw=power_kw, level=level, setpoint=None, reason=held_back)
    setpoint = Setpoint(
        asset_id=asset.id,
        point=point,
        power_kw=power_kw,
        valid_until=tick.image.at + timedelta(seconds=region.control.setpoint_valid_s),
        level=level,
        reason=reason,
    )
    return Decision(asset_id=asset.id, wanted_kw=wanted_kw, level=level, setpoint=setpoint, reason=reason)


def _alarms_of_verdict(tick: TickInput, wish: Wish, verdict: Verdict) -> list[Alarm]:
    found = [
        raise_alarm(
            "bounds_contradict",
            Severity.WARNING,
            target_id=wish.asset.id,
            at=tick.image.at,
            detail=f"{violation.level}: {violation.reason}: {violation.size_kw:.0f} kW",
        )
        for violation in verdict.violations
        if violation.level not in {Level.OPERATOR, Level.CORRECTION, Level.PLAN}
    ]
    if wish.unknown is not None:
        found.append(
            raise_alarm(
                "asset_in_safe_state",
                Severity.ALARM,
                target_id=wish.asset.id,
                at=tick.image.at,
                detail=wish.unknown,
            )
        )
    return found


def _alarms_of_shell(region: Region, tick: TickInput) -> list[Alarm]:
    at = tick.image.at
    detail = (
        "no plan" if tick.plan is None else f"plan {tick.plan.plan_id} of {tick.plan.issued_at:%H:%M} UTC"
    )
    found = alarms_of_rung(tick.rung, region_id=region.id, at=at, detail=detail)
    for note in tick.notes:
        code, _, detail = note.partition(": ")
        found.append(raise_alarm(code, Severity.WARNING, target_id=region.id, at=at, detail=detail))
    return found
