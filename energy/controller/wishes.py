"""What each asset should do before anybody corrects: plan, limits, people's requests, its own safety."""

from collections.abc import Sequence
from dataclasses import dataclass

from energy.arbitration import SAME_KW, Claim, Verdict, arbitrate, claim_of_limit, usable
from energy.conduct import FollowingState
from energy.controller.flexible import (
    Deferrable,
    Flexible,
    flexible_assets,
    reading_age_s_max,
    runnable_kw,
)
from energy.controller.following import is_switching
from energy.controller.own_claims import add_own_claims
from energy.controller.sending import hindrance
from energy.controller.tick_input import TickInput
from energy.domain import Applied, Level, Limit, Limited, Outcome, Point
from energy.periods import PERIOD_H
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.machine import Machine
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir


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


def wishes(region: Region, tick: TickInput) -> list[Wish]:
    """Give each commandable asset's wish."""
    return [_wish(region, tick, asset) for asset in flexible_assets(region)]


def _wish(region: Region, tick: TickInput, asset: Flexible) -> Wish:
    age_s_max = reading_age_s_max(region, tick.tick_s)
    measured_kw = tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    limits = [limit for limit in tick.limits if limit.target_id == asset.id]
    claims = [claim_of_limit(limit) for limit in limits if usable(limit)]
    claims.extend(_operator_claims(tick, asset.id))
    unknown = add_own_claims(region, tick, asset, claims) or _unusable(limits)
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


def _unusable(limits: Sequence[Limit]) -> str | None:
    wrong = [limit.limit_id for limit in limits if not usable(limit)]
    return f"limit {wrong[0]} cannot be kept as it stands" if wrong else None


def _delivers(region: Region, tick: TickInput, asset: Flexible, verdict: Verdict) -> bool:
    """Tell whether the asset does what it is told: it is sent, the last one arrived, and it follows."""
    if hindrance(region, tick, asset, verdict.level) is not None:
        return False
    last = [outcome for outcome in tick.outcomes if outcome.setpoint.asset_id == asset.id]
    if last and not _arrives(last[-1]):
        return False
    return not any(
        item.asset_id == asset.id and item.state is FollowingState.NOT_FOLLOWED for item in tick.behind
    )


def _arrives(outcome: Outcome) -> bool:
    """Tell a setpoint that arrived, or may still be shown, from one that did not."""
    return isinstance(outcome, Applied) or (isinstance(outcome, Limited) and outcome.is_settling)


def _expected_kw(tick: TickInput, asset: Flexible, verdict: Verdict, *, age_s_max: float) -> float | None:
    """Say what the asset will do under the verdict, from what was measured; None when that is not known."""
    measured_kw = tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    if verdict.wanted_kw is None:
        return measured_kw
    target_kw = max(verdict.power_kw_min, min(verdict.power_kw_max, verdict.wanted_kw))
    match asset:
        case Battery() | PumpedReservoir():
            return target_kw
        case Machine():
            if is_switching(asset, tick.image, age_s_max=age_s_max):
                return measured_kw  # it may not come, or not yet: nothing is built on it
            return runnable_kw(asset, target_kw, (verdict.power_kw_min, verdict.power_kw_max))
        case EvHub() | FlexibleLoad():
            return _expected_charging_kw(tick, asset, target_kw, measured_kw, age_s_max=age_s_max)
        case Generator():
            available_kw = tick.image.value(asset.id, Point.POWER_KW_AVAILABLE, age_s_max=age_s_max)
            return None if available_kw is None else max(target_kw, available_kw)


def _expected_charging_kw(
    tick: TickInput, asset: Deferrable, target_kw: float, measured_kw: float | None, *, age_s_max: float
) -> float | None:
    """It draws what is asked of it, at most its bound; it draws more if that held it back."""
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
