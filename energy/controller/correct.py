"""Between two plans: turns what the grid point needs into claims on flexible assets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from energy.arbitration import Claim, arbitrate, claim_of_limit, usable
from energy.balance import Exchange, Flexibility, needed_kw, share
from energy.controller.flexible import planned_kw, reading_age_s_max
from energy.controller.tick_input import TickInput
from energy.controller.wishes import Wish
from energy.domain import Level, Point
from energy.periods import PERIOD_S, period_start
from energy.region.battery import Battery
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.heat_pump import HeatPump
from energy.region.machine import Machine
from energy.region.model import Region
from energy.region.pumped_reservoir import PumpedReservoir

PLAN_FRESH_S = 2 * PERIOD_S
"""Only a plan this young says something about the present exchange that is worth holding."""
STORES = Battery | Electrolyser | PumpedReservoir
"""What holds the quarter hour: their stores give back later what they take now."""
BREACH_KW_MIN = 1.0
"""A register's resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Claims by asset id, and how the grid point stands: what is breached, what nobody can give."""

    claims: Mapping[str, Claim]
    breach: str | None


def correction(region: Region, tick: TickInput, wishes: Sequence[Wish]) -> Correction:
    """Say which assets should move; nothing when the exchange is not measured or only safe states go out."""
    exchange = _exchange(region, tick)
    if exchange is None:
        return Correction(claims={}, breach=None)
    breached_kw = _outside_kw(exchange.now_kw, exchange.limits_kw)
    if tick.plan is None:
        return Correction(claims={}, breach=_breach(exchange, breached_kw, uncovered_kw=breached_kw))
    expected_kw = exchange.now_kw + sum(
        wish.expected_kw - wish.measured_kw
        for wish in wishes
        if wish.expected_kw is not None and wish.measured_kw is not None
    )
    deadband_kw = region.control.correction_deadband_kw
    delta_kw, why = needed_kw(exchange, expected_kw=expected_kw, deadband_kw=deadband_kw)
    by_limit = why == "grid limit"
    givers = [wish for wish in _merit_order(wishes) if by_limit or isinstance(wish.asset, STORES)]
    shares = share(delta_kw, [_flexibility(tick, wish, region) for wish in givers])
    by_id = {wish.asset.id: wish for wish in givers}
    left_kw = _outside_kw(expected_kw + sum(shares.values()), exchange.limits_kw)
    return Correction(
        claims={
            asset_id: _claim(by_id[asset_id], part_kw, by_limit=by_limit)
            for asset_id, part_kw in shares.items()
        },
        breach=_breach(exchange, breached_kw, uncovered_kw=left_kw),
    )


def _exchange(region: Region, tick: TickInput) -> Exchange | None:
    point = region.grid_point
    age_s_max = reading_age_s_max(region, tick.tick_s)
    now_kw = tick.image.value(point.id, Point.POWER_KW, age_s_max=age_s_max)
    if now_kw is None:
        return None
    own = [limit for limit in tick.limits if limit.target_id == point.id and usable(limit)]
    verdict = arbitrate(point.power_kw_nameplate, [claim_of_limit(limit) for limit in own])
    at = tick.image.at
    fresh = tick.plan is not None and (at - tick.plan.issued_at).total_seconds() <= PLAN_FRESH_S
    return Exchange(
        now_kw=now_kw,
        mean_kw=tick.exchange_mean_kw,
        elapsed_s=(at - period_start(at)).total_seconds(),
        planned_kw=planned_kw(tick.plan, point.id, at) if fresh else None,
        limits_kw=(verdict.power_kw_min, verdict.power_kw_max),
    )


def _outside_kw(power_kw: float, limits_kw: tuple[float, float]) -> float:
    low, high = limits_kw
    return max(0.0, low - power_kw, power_kw - high)


def _breach(exchange: Exchange, breached_kw: float, *, uncovered_kw: float) -> str | None:
    if max(breached_kw, uncovered_kw) <= BREACH_KW_MIN:
        return None
    word = "import" if exchange.now_kw >= 0.0 else "export"
    now_kw = abs(exchange.now_kw)
    return f"{word} {now_kw:.0f} kW, {breached_kw:.0f} kW over; nobody can give {uncovered_kw:.0f} kW"


def _merit_order(wishes: Sequence[Wish]) -> list[Wish]:
    """Stores first, then what can wait, heat, and curtailment; what people asked for is left to the last."""

    def rank(wish: Wish) -> tuple[bool, int]:
        match wish.asset:
            case Battery():
                return wish.by_operator, 0
            case Electrolyser() | PumpedReservoir():
                return wish.by_operator, 1
            case EvHub() | FlexibleLoad():
                return wish.by_operator, 2
            case Chp() | HeatPump():
                return wish.by_operator, 3
            case Generator():
                return wish.by_operator, 4

    return sorted((wish for wish in wishes if wish.delivers and wish.expected_kw is not None), key=rank)


def _flexibility(tick: TickInput, wish: Wish, region: Region) -> Flexibility:
    expected_kw = wish.expected_kw
    if expected_kw is None:
        return Flexibility(asset_id=wish.asset.id, down_kw=0.0, up_kw=0.0)
    low, high = wish.verdict.power_kw_min, wish.verdict.power_kw_max
    match wish.asset:
        case Battery() | PumpedReservoir():
            down_kw, up_kw = low - expected_kw, high - expected_kw
        case Chp() | HeatPump() | Electrolyser():
            low, high = _running_band_kw(wish.asset, expected_kw, (low, high))
            down_kw, up_kw = low - expected_kw, high - expected_kw
        case EvHub() | FlexibleLoad():
            down_kw, up_kw = low - expected_kw, 0.0
        case Generator():
            age_s_max = reading_age_s_max(region, tick.tick_s)
            available_kw = tick.image.value(wish.asset.id, Point.POWER_KW_AVAILABLE, age_s_max=age_s_max)
            freed_kw = 0.0 if available_kw is None else max(low, available_kw) - expected_kw
            down_kw, up_kw = freed_kw, high - expected_kw
    return Flexibility(asset_id=wish.asset.id, down_kw=min(0.0, down_kw), up_kw=max(0.0, up_kw))


def _running_band_kw(
    machine: Machine, expected_kw: float, bounds_kw: tuple[float, float]
) -> tuple[float, float]:
    """A correction moves a running machine within its load range and never switches one."""
    least_kw = machine.power_kw_least
    if 2.0 * abs(expected_kw) < least_kw:
        return expected_kw, expected_kw
    low, high = bounds_kw
    if expected_kw < 0.0:
        return min(low, expected_kw), max(expected_kw, min(high, -least_kw))
    return min(expected_kw, max(low, least_kw)), max(high, expected_kw)


def _claim(wish: Wish, part_kw: float, *, by_limit: bool) -> Claim:
    before_kw = 0.0 if wish.expected_kw is None else wish.expected_kw
    target_kw = before_kw + part_kw
    if not by_limit:
        return Claim(level=Level.CORRECTION, reason="holds the quarter hour", wanted_kw=target_kw)
    if part_kw < 0.0:
        return Claim(
            level=Level.GRID_OPERATOR, reason="grid limit", power_kw_max=target_kw, wanted_kw=target_kw
        )
    return Claim(level=Level.GRID_OPERATOR, reason="grid limit", power_kw_min=target_kw, wanted_kw=target_kw)
