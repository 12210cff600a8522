"""Between two plans: turns what the grid point needs into claims on flexible assets."""

from collections.abc import Sequence

from energy.arbitration import Claim
from energy.balance import Exchange, Flexibility, needed_kw, share
from energy.controller.tick_input import TickInput
from energy.controller.wishes import Wish, planned_kw, reading_age_s_max
from energy.domain import Level, Point
from energy.periods import PERIOD_S, period_start
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.model import Region

PLAN_FRESH_S = 2 * PERIOD_S
"""Only a plan this young says something about the present exchange that is worth holding."""


def corrections(region: Region, tick: TickInput, wishes: Sequence[Wish]) -> dict[str, Claim]:
    """Give a claim for each asset that should move, by asset id; empty when the exchange is not measured."""
    exchange = _exchange(region, tick)
    if exchange is None:
        return {}
    expected_kw = exchange.now_kw + sum(
        wish.expected_kw - wish.measured_kw
        for wish in wishes
        if wish.expected_kw is not None and wish.measured_kw is not None
    )
    deadband_kw = region.control.correction_deadband_kw
    delta_kw, why = needed_kw(exchange, expected_kw=expected_kw, deadband_kw=deadband_kw)
    if why is None:
        return {}
    by_limit = why == "grid limit"
    givers = [wish for wish in _merit_order(wishes) if by_limit or isinstance(wish.asset, Battery)]
    shares = share(delta_kw, [_flexibility(tick, wish, region) for wish in givers])
    by_id = {wish.asset.id: wish for wish in givers}
    return {asset_id: _claim(by_id[asset_id], part_kw, why) for asset_id, part_kw in shares.items()}


def _exchange(region: Region, tick: TickInput) -> Exchange | None:
    point = region.grid_point
    age_s_max = reading_age_s_max(region, tick.tick_s)
    now_kw = tick.image.value(point.id, Point.POWER_KW, age_s_max=age_s_max)
    if now_kw is None:
        return None
    low, high = point.power_kw_nameplate
    for limit in tick.limits:
        if limit.target_id == point.id:
            low = low if limit.power_kw_min is None else max(low, limit.power_kw_min)
            high = high if limit.power_kw_max is None else min(high, limit.power_kw_max)
    at = tick.image.at
    fresh = tick.plan is not None and (at - tick.plan.issued_at).total_seconds() <= PLAN_FRESH_S
    return Exchange(
        now_kw=now_kw,
        mean_kw=tick.exchange_mean_kw,
        elapsed_s=(at - period_start(at)).total_seconds(),
        planned_kw=planned_kw(tick.plan, point.id, at) if fresh else None,
        limits_kw=(min(low, high), max(low, high)),
    )


def _merit_order(wishes: Sequence[Wish]) -> list[Wish]:
    """Batteries first, then charging, then curtailment; what people asked for is left alone to the last."""

    def rank(wish: Wish) -> tuple[bool, int]:
        match wish.asset:
            case Battery():
                return wish.by_operator, 0
            case EvHub():
                return wish.by_operator, 1
            case Generator():
                return wish.by_operator, 2

    return sorted((wish for wish in wishes if wish.expected_kw is not None), key=rank)


def _flexibility(tick: TickInput, wish: Wish, region: Region) -> Flexibility:
    expected_kw = wish.expected_kw
    if expected_kw is None:
        return Flexibility(asset_id=wish.asset.id, down_kw=0.0, up_kw=0.0)
    low, high = wish.verdict.power_kw_min, wish.verdict.power_kw_max
    match wish.asset:
        case Battery():
            down_kw, up_kw = low - expected_kw, high - expected_kw
        case EvHub():
            down_kw, up_kw = low - expected_kw, 0.0
        case Generator():
            age_s_max = reading_age_s_max(region, tick.tick_s)
            available_kw = tick.image.value(wish.asset.id, Point.POWER_KW_AVAILABLE, age_s_max=age_s_max)
            freed_kw = 0.0 if available_kw is None else max(low, available_kw) - expected_kw
            down_kw, up_kw = freed_kw, high - expected_kw
    return Flexibility(asset_id=wish.asset.id, down_kw=min(0.0, down_kw), up_kw=max(0.0, up_kw))


def _claim(wish: Wish, part_kw: float, why: str) -> Claim:
    target_kw = (wish.expected_kw if wish.expected_kw is not None else 0.0) + part_kw
    if why != "grid limit":
        return Claim(level=Level.CORRECTION, reason="holds the quarter hour", wanted_kw=target_kw)
    if part_kw < 0.0:
        return Claim(
            level=Level.GRID_OPERATOR, reason="grid limit", power_kw_max=target_kw, wanted_kw=target_kw
        )
    return Claim(level=Level.GRID_OPERATOR, reason="grid limit", power_kw_min=target_kw, wanted_kw=target_kw)
