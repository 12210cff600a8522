"""What an asset's own state, and the plan for it, say at one tick; what is not known is said too."""

from energy.arbitration import Claim
from energy.controller.flexible import (
    AnyMachine,
    Deferrable,
    Flexible,
    planned_kw,
    reading_age_s_max,
    store_ids_of,
)
from energy.controller.tick_input import TickInput
from energy.domain import Level, Point
from energy.region.battery import Battery
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.heat_pump import HeatPump
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir
from energy.safety import battery_bounds_kw
from energy.units import S_PER_H

CURTAILED_KW_MIN = 1.0
"""A plan that curtails or sheds less than this does not."""
CURTAILED = "power_kw_curtailed"
UNSERVED = "power_kw_unserved"
URGENT_WITHIN_H = 0.25
"""Energy that is due within the hour is served within a quarter of it: asked for anew each tick at its rest
over a whole hour, a third of it would never arrive."""
RESERVE_MARGIN = 0.05
"""Of the band above the fire-water reserve: pumps start here at the latest, since the town keeps drawing."""


def add_own_claims(region: Region, tick: TickInput, asset: Flexible, claims: list[Claim]) -> str | None:
    """Add what the asset's state and the plan say; gives what is not known."""
    match asset:
        case Battery():
            return _add_battery_claims(region, tick, asset, claims)
        case EvHub() | FlexibleLoad():
            return _add_deferrable_claims(region, tick, asset, claims)
        case PumpedReservoir():
            return _add_reservoir_claims(region, tick, asset, claims)
        case Chp() | HeatPump() | Electrolyser():
            return _add_machine_claims(region, tick, asset, claims)
        case Generator():
            _add_generator_claims(tick, asset, claims)
            return None


def _add_battery_claims(region: Region, tick: TickInput, asset: Battery, claims: list[Claim]) -> str | None:
    """A battery moves only while its content and its power are seen: it could go the wrong way."""
    age_s_max = reading_age_s_max(region, tick.tick_s)
    energy_kwh = tick.image.value(asset.id, Point.ENERGY_KWH, age_s_max=age_s_max)
    horizon_s = max(tick.tick_s, region.control.setpoint_valid_s)
    bounds = battery_bounds_kw(asset, energy_kwh, horizon_s=horizon_s)
    is_seen = tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max) is not None
    if bounds is None or not is_seen:
        unknown = "stored energy unknown" if bounds is None else "power unknown"
        claims.append(Claim(level=Level.PROTECTION, reason=unknown, power_kw_min=0.0, power_kw_max=0.0))
        return unknown
    claims.append(
        Claim(level=Level.PROTECTION, reason="energy band", power_kw_min=bounds[0], power_kw_max=bounds[1])
    )
    _add_plan_claim(claims, planned_kw(tick.plan, asset.id, tick.image.at))
    return None


def _add_deferrable_claims(
    region: Region, tick: TickInput, asset: Deferrable, claims: list[Claim]
) -> str | None:
    age_s_max = reading_age_s_max(region, tick.tick_s)
    urgent_kwh = tick.image.value(asset.id, Point.ENERGY_KWH_URGENT, age_s_max=age_s_max)
    if urgent_kwh is None:
        if _asked_by_operator(claims):
            if isinstance(asset, EvHub):
                reason = "due energy unknown"
                claims.append(Claim(level=Level.PROTECTION, reason=reason, power_kw_max=asset.power_kw_safe))
            return None
        return "due energy unknown"
    planned = planned_kw(tick.plan, asset.id, tick.image.at)
    if planned is None:
        return None
    if isinstance(asset, FlexibleLoad) and asset.mode == "shed":
        _add_shedding_claim(tick, asset, planned, claims)
        return None
    if isinstance(asset, FlexibleLoad) and asset.mode == "block":
        _add_block_claim(tick, asset, planned, claims, age_s_max=age_s_max)
        return None
    urgent_kw = urgent_kwh / URGENT_WITHIN_H
    if urgent_kw > planned:
        claims.append(Claim(level=Level.PLAN, reason="energy due within the hour", wanted_kw=urgent_kw))
    else:
        _add_plan_claim(claims, planned)
    return None


def _add_shedding_claim(tick: TickInput, asset: FlexibleLoad, planned: float, claims: list[Claim]) -> None:
    """A bound at what was expected would shed whatever the works draw above it: bound only to shed."""
    shed_kw = planned_kw(tick.plan, asset.id, tick.image.at, state=UNSERVED)
    if shed_kw is not None and shed_kw > CURTAILED_KW_MIN:
        claims.append(Claim(level=Level.PLAN, reason="plan sheds", wanted_kw=planned))
    else:
        claims.append(Claim(level=Level.PLAN, reason="plan lets run free", wanted_kw=asset.power_kw_max))


def _add_block_claim(
    tick: TickInput, asset: FlexibleLoad, planned: float, claims: list[Claim], *, age_s_max: float
) -> None:
    """A run begins where the plan has one, and goes to its end; only a limit ends it."""
    drawn_kw = tick.image.value(asset.id, Point.POWER_KW, age_s_max=age_s_max)
    if drawn_kw is not None and 2.0 * drawn_kw > asset.power_kw_max:
        claims.append(Claim(level=Level.PLAN, reason="a run goes to its end", wanted_kw=asset.power_kw_max))
    else:
        _add_plan_claim(claims, planned)


def _add_reservoir_claims(
    region: Region, tick: TickInput, asset: PumpedReservoir, claims: list[Claim]
) -> str | None:
    """Pumps stop before the reservoir runs over, and run for the fire-water reserve whatever is planned."""
    age_s_max = reading_age_s_max(region, tick.tick_s)
    volume_m3 = tick.image.value(asset.id, Point.VOLUME_M3, age_s_max=age_s_max)
    if volume_m3 is None:
        return None if _asked_by_operator(claims) else "water level unknown"
    hours = max(tick.tick_s, region.control.setpoint_valid_s) / S_PER_H
    room_m3 = max(0.0, asset.volume_m3_max - volume_m3)
    most_kw = min(asset.power_kw_rated, room_m3 * asset.pump_kwh_per_m3 / hours)
    claims.append(Claim(level=Level.PROTECTION, reason="reservoir nearly full", power_kw_max=most_kw))
    reserve_m3 = asset.volume_m3_min + RESERVE_MARGIN * (asset.volume_m3_max - asset.volume_m3_min)
    if volume_m3 < reserve_m3:
        reason = "fire-water reserve"
        claims.append(Claim(level=Level.PROTECTION, reason=reason, power_kw_min=asset.power_kw_rated))
    _add_plan_claim(claims, planned_kw(tick.plan, asset.id, tick.image.at))
    return None


def _add_machine_claims(
    region: Region, tick: TickInput, asset: AnyMachine, claims: list[Claim]
) -> str | None:
    age_s_max = reading_age_s_max(region, tick.tick_s)
    for store_id in store_ids_of(region, asset):
        if tick.image.value(store_id, Point.ENERGY_KWH, age_s_max=age_s_max) is None:
            return None if _asked_by_operator(claims) else f"content of {store_id} unknown"
    _add_plan_claim(claims, planned_kw(tick.plan, asset.id, tick.image.at))
    return None


def _asked_by_operator(claims: list[Claim]) -> bool:
    return any(claim.level is Level.OPERATOR for claim in claims)


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
