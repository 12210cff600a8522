"""What each asset should do before anybody corrects: plan, limits, people's requests, its own safety."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from energy.arbitration import Claim, Verdict, arbitrate, claim_of_limit, usable
from energy.authority import may_send
from energy.controller.following import NOT_FOLLOWED
from energy.controller.tick_input import TickInput
from energy.domain import Applied, Level, Limit, Plan, Point
from energy.periods import PERIOD_H, periods_between
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.model import Region
from energy.safety import battery_bounds_kw

CURTAILED_KW_MIN = 1.0
"""A plan that curtails less than this does not curtail."""
CURTAILED = "power_kw_curtailed"
URGENT_WITHIN_H = 0.25
"""Energy that is due within the hour is served within a quarter of it: asked for anew each tick at its rest
over a whole hour, a third of it would never arrive."""
SAME_KW = 1.0
Flexible = Battery | EvHub | Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One asset's verdict with what it is expected to do at the next tick if the verdict goes out.

    ``unknown`` names what is missing for anything but the safe state; ``expected_kw`` is None where the
    asset's power is not known either. ``delivers`` is False for an asset that does not do, or is not told,
    what is wished: nothing can be built on it.
    """

    asset: Flexible
    claims: tuple[Claim, ...]
    verdict: Verdict
    measured_kw: float | None
    expected_kw: float | None
    delivers: bool
    unknown: str | None

    @property
    def by_operator(self) -> bool:
        """Whether a person's request stands."""
        return self.verdict.level is Level.OPERATOR


def flexible_assets(region: Region) -> tuple[Flexible, ...]:
    """List the assets that can be commanded, in the region file's order."""
    return tuple(
        asset
        for asset in region.assets
        if isinstance(asset, Battery | EvHub | Generator) and asset.dispatch_point is not None
    )


def wishes(region: Region, tick: TickInput) -> list[Wish]:
    """Give each commandable asset's wish."""
    return [_wish(region, tick, asset) for asset in flexible_assets(region)]


def reading_age_s_max(region: Region, tick_s: float) -> float:
    """Give the age up to which a reading may decide: never less than two ticks."""
    return max(region.control.reading_age_s_max, 2.0 * tick_s)


def planned_kw(
    plan: Plan | None, asset_id: str, moment: datetime, *, state: str | None = None
) -> float | None:
    """Give what the plan says for an asset at a moment (its power, or a state by name); None if nothing."""
    if plan is None or asset_id not in plan.assets:
        return None
    index = periods_between(plan.start, moment)
    part = plan.assets[asset_id]
    values = part.power_kw if state is None else part.states.get(state)
    if values is None or not 0 <= index < values.size:
        return None
    return float(values[index])


def _wish(region: Region, tick: TickInput, asset: Flexible) -> Wish:
    age_s_max = reading_age_s_max(region, tick.tick_s)
    measured_kw = tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    limits = [limit for limit in tick.limits if limit.target_id == asset.id]
    claims = [claim_of_limit(limit) for limit in limits if usable(limit)]
    claims.extend(_operator_claims(tick, asset.id))
    unknown = _add_own_claims(region, tick, asset, claims) or _unusable(limits)
    verdict = arbitrate(asset.power_kw_nameplate, claims)
    delivers = unknown is None and _delivers(region, tick, asset, verdict)
    return Wish(
        asset=asset,
        claims=tuple(claims),
        verdict=verdict,
        measured_kw=measured_kw,
        expected_kw=_expected_kw(tick, asset, verdict, age_s_max=age_s_max) if delivers else measured_kw,
        delivers=delivers,
        unknown=unknown,
    )


def _add_own_claims(region: Region, tick: TickInput, asset: Flexible, claims: list[Claim]) -> str | None:
    """Add what the asset's state and the plan say; gives what is not known."""
    match asset:
        case Battery():
            return _add_battery_claims(region, tick, asset, claims)
        case EvHub():
            return _add_ev_hub_claims(region, tick, asset, claims)
        case Generator():
            _add_generator_claims(tick, asset, claims)
            return None


def _unusable(limits: Sequence[Limit]) -> str | None:
    wrong = [limit.limit_id for limit in limits if not usable(limit)]
    return f"limit {wrong[0]} cannot be kept as it stands" if wrong else None


def _delivers(region: Region, tick: TickInput, asset: Flexible, verdict: Verdict) -> bool:
    """Tell whether the asset does what it is told: it is sent, the last one arrived, and it follows."""
    if asset.id in tick.unread or not may_send(region.authority_of(asset), verdict.level):
        return False
    last = [outcome for outcome in tick.outcomes if outcome.setpoint.asset_id == asset.id]
    if last and not isinstance(last[-1], Applied):
        return False
    return not any(alarm.code == NOT_FOLLOWED and alarm.target_id == asset.id for alarm in tick.alarms)


def _expected_kw(tick: TickInput, asset: Flexible, verdict: Verdict, *, age_s_max: float) -> float | None:
    """Say what the asset will do under the verdict, from what was measured; None when that is not known."""
    measured_kw = tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    if verdict.wanted_kw is None:
        return measured_kw
    target_kw = max(verdict.power_kw_min, min(verdict.power_kw_max, verdict.wanted_kw))
    match asset:
        case Battery():
            return target_kw
        case EvHub():
            return _expected_charging_kw(tick, asset, target_kw, measured_kw, age_s_max=age_s_max)
        case Generator():
            available_kw = tick.image.value(asset.id, Point.POWER_KW_AVAILABLE, age_s_max=age_s_max)
            return None if available_kw is None else max(target_kw, available_kw)


def _expected_charging_kw(
    tick: TickInput, asset: EvHub, target_kw: float, measured_kw: float | None, *, age_s_max: float
) -> float | None:
    """A hub draws what its vehicles take, at most its bound; it draws more if that held it back."""
    if measured_kw is None:
        return None
    held_kw = tick.image.value(asset.id, Point.POWER_KW_MAX, age_s_max=age_s_max)
    backlog_kwh = tick.image.value(asset.id, Point.ENERGY_KWH_BACKLOG, age_s_max=age_s_max)
    was_held_back = held_kw is not None and measured_kw >= held_kw - SAME_KW
    if was_held_back and backlog_kwh is not None:
        return max(min(measured_kw, target_kw), min(target_kw, backlog_kwh / PERIOD_H))
    return min(measured_kw, target_kw)


def _operator_claims(tick: TickInput, asset_id: str) -> Sequence[Claim]:
    return [
        Claim(level=Level.OPERATOR, reason=f"request of {request.actor}", wanted_kw=request.power_kw)
        for request in tick.overrides
        if request.asset_id == asset_id and (request.until is None or tick.image.at < request.until)
    ]


def _add_battery_claims(region: Region, tick: TickInput, asset: Battery, claims: list[Claim]) -> str | None:
    age_s_max = reading_age_s_max(region, tick.tick_s)
    energy_kwh = tick.image.value(asset.id, Point.ENERGY_KWH, age_s_max=age_s_max)
    horizon_s = max(tick.tick_s, region.control.setpoint_valid_s)
    bounds = battery_bounds_kw(asset, energy_kwh, horizon_s=horizon_s)
    if bounds is None:
        claims.append(
            Claim(level=Level.PROTECTION, reason="stored energy unknown", power_kw_min=0.0, power_kw_max=0.0)
        )
        return "stored energy unknown"
    claims.append(
        Claim(level=Level.PROTECTION, reason="energy band", power_kw_min=bounds[0], power_kw_max=bounds[1])
    )
    _add_plan_claim(claims, planned_kw(tick.plan, asset.id, tick.image.at))
    return None


def _add_ev_hub_claims(region: Region, tick: TickInput, asset: EvHub, claims: list[Claim]) -> str | None:
    age_s_max = reading_age_s_max(region, tick.tick_s)
    urgent_kwh = tick.image.value(asset.id, Point.ENERGY_KWH_URGENT, age_s_max=age_s_max)
    if urgent_kwh is None:
        if any(claim.level is Level.OPERATOR for claim in claims):
            reason = "due energy unknown"
            claims.append(Claim(level=Level.PROTECTION, reason=reason, power_kw_max=asset.power_kw_safe))
            return None
        return "due energy unknown"
    planned = planned_kw(tick.plan, asset.id, tick.image.at)
    if planned is None:
        return None
    urgent_kw = urgent_kwh / URGENT_WITHIN_H
    if urgent_kw > planned:
        claims.append(Claim(level=Level.PLAN, reason="energy due within the hour", wanted_kw=urgent_kw))
    else:
        _add_plan_claim(claims, planned)
    return None


def _add_generator_claims(tick: TickInput, asset: Generator, claims: list[Claim]) -> None:
    planned = planned_kw(tick.plan, asset.id, tick.image.at)
    if planned is None:
        return
    curtailed_kw = planned_kw(tick.plan, asset.id, tick.image.at, state=CURTAILED)
    if curtailed_kw is not None and curtailed_kw > CURTAILED_KW_MIN:
        claims.append(Claim(level=Level.PLAN, reason="plan curtails", wanted_kw=planned))
    else:
        free_kw = asset.power_kw_nameplate[0]
        claims.append(Claim(level=Level.PLAN, reason="plan lets run free", wanted_kw=free_kw))


def _add_plan_claim(claims: list[Claim], planned: float | None) -> None:
    if planned is not None:
        claims.append(Claim(level=Level.PLAN, reason="plan", wanted_kw=planned))
