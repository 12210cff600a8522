"""What each asset should do before anybody corrects: plan, limits, people's requests, its own safety."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from energy.arbitration import Claim, Verdict, arbitrate, claim_of_limit
from energy.controller.tick_input import TickInput
from energy.domain import Level, Plan, Point
from energy.periods import PERIOD_H, periods_between
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.model import Region
from energy.safety import battery_bounds_kw

CURTAILED_KW_MIN = 1.0
"""A plan that curtails less than this does not curtail."""
CURTAILED = "power_kw_curtailed"
Flexible = Battery | EvHub | Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One asset's verdict with what it is expected to do at the next tick if the verdict goes out.

    ``unknown`` names the reading that is missing for anything but the safe state; ``expected_kw`` is None
    where the asset's power is not known either.
    """

    asset: Flexible
    claims: tuple[Claim, ...]
    verdict: Verdict
    measured_kw: float | None
    expected_kw: float | None
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


def planned_kw(plan: Plan | None, asset_id: str, moment: datetime) -> float | None:
    """Give what the plan says for an asset at a moment, None where it says nothing."""
    return _planned(plan, asset_id, moment, name=None)


def _planned(plan: Plan | None, asset_id: str, moment: datetime, *, name: str | None) -> float | None:
    if plan is None or asset_id not in plan.assets:
        return None
    index = periods_between(plan.start, moment)
    part = plan.assets[asset_id]
    values = part.power_kw if name is None else part.states.get(name)
    if values is None or not 0 <= index < values.size:
        return None
    return float(values[index])


def _wish(region: Region, tick: TickInput, asset: Flexible) -> Wish:
    age_s_max = reading_age_s_max(region, tick.tick_s)
    measured_kw = tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    claims = [
        *(claim_of_limit(limit) for limit in tick.limits if _applies(limit.target_id, asset.id)),
        *_operator_claims(tick, asset.id),
    ]
    unknown: str | None = None
    match asset:
        case Battery():
            unknown = _add_battery_claims(region, tick, asset, claims)
        case EvHub():
            unknown = _add_ev_hub_claims(tick, asset, claims, age_s_max=age_s_max)
        case Generator():
            _add_generator_claims(tick, asset, claims)
    verdict = arbitrate(asset.power_kw_nameplate, claims)
    return Wish(
        asset=asset,
        claims=tuple(claims),
        verdict=verdict,
        measured_kw=measured_kw,
        expected_kw=expected_kw(tick, asset, verdict, age_s_max=age_s_max) if unknown is None else None,
        unknown=unknown,
    )


def expected_kw(tick: TickInput, asset: Flexible, verdict: Verdict, *, age_s_max: float) -> float | None:
    """Say what the asset will do under the verdict, from what was measured; None when that is not known."""
    if verdict.wanted_kw is None:
        return tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    target_kw = max(verdict.power_kw_min, min(verdict.power_kw_max, verdict.wanted_kw))
    match asset:
        case Battery():
            return target_kw
        case EvHub():
            backlog_kwh = tick.image.value(asset.id, Point.ENERGY_KWH_BACKLOG, age_s_max=age_s_max)
            return None if backlog_kwh is None else min(target_kw, backlog_kwh / PERIOD_H)
        case Generator():
            available_kw = tick.image.value(asset.id, Point.POWER_KW_AVAILABLE, age_s_max=age_s_max)
            return None if available_kw is None else max(target_kw, available_kw)


def _applies(target_id: str, asset_id: str) -> bool:
    return target_id == asset_id


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


def _add_ev_hub_claims(tick: TickInput, asset: EvHub, claims: list[Claim], *, age_s_max: float) -> str | None:
    urgent_kwh = tick.image.value(asset.id, Point.ENERGY_KWH_URGENT, age_s_max=age_s_max)
    if urgent_kwh is None:
        return "due energy unknown"
    planned = planned_kw(tick.plan, asset.id, tick.image.at)
    if planned is None:
        return None
    urgent_kw = urgent_kwh  # due within one hour: kWh / 1 h
    if urgent_kw > planned:
        claims.append(Claim(level=Level.PLAN, reason="energy due within the hour", wanted_kw=urgent_kw))
    else:
        _add_plan_claim(claims, planned)
    return None


def _add_generator_claims(tick: TickInput, asset: Generator, claims: list[Claim]) -> None:
    planned = planned_kw(tick.plan, asset.id, tick.image.at)
    if planned is None:
        return
    curtailed_kw = _planned(tick.plan, asset.id, tick.image.at, name=CURTAILED)
    if curtailed_kw is not None and curtailed_kw > CURTAILED_KW_MIN:
        claims.append(Claim(level=Level.PLAN, reason="plan curtails", wanted_kw=planned))
    else:
        claims.append(
            Claim(level=Level.PLAN, reason="plan lets run free", wanted_kw=asset.power_kw_nameplate[0])
        )


def _add_plan_claim(claims: list[Claim], planned: float | None) -> None:
    if planned is not None:
        claims.append(Claim(level=Level.PLAN, reason="plan", wanted_kw=planned))
