"""Between two plans: turns what feeders and the grid point need into claims on flexible assets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from energy.arbitration import Claim, arbitrate, claim_of_limit, usable
from energy.balance import Exchange, Flexibility, Room, needed_kw, room_of, share, with_margin
from energy.controller.flexible import Flexible, planned_kw, reading_age_s_max
from energy.controller.tick_input import TickInput
from energy.controller.wishes import Wish
from energy.domain import Level, Point
from energy.periods import PERIOD_S, period_start
from energy.region.battery import Battery
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.feeder import Feeder
from energy.region.feeder_tree import Paths, inside_out, paths_of
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.grid_point import GridPoint
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
    """The wishes with what was corrected, and by target what is breached and what nobody can give."""

    wishes: tuple[Wish, ...]
    breaches: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A metered place with a limit: the assets behind it add up to its power."""

    node_id: str
    now_kw: float
    expected_kw: float
    limits_kw: tuple[float, float]


def correction(region: Region, tick: TickInput, wishes: Sequence[Wish]) -> Correction:
    """Say which assets should move: for their feeder first, then for the grid point.

    What is not measured is not corrected; without a plan only safe states go out, and breaches are told.
    """
    corrected, breaches = list(wishes), list[tuple[str, str]]()
    rooms: dict[str, Room] = {}
    paths = paths_of(region.feeders)
    for feeder in inside_out(region.feeders):
        own = [wish for wish in corrected if feeder.id in paths[wish.asset.feeder]]
        node = _node(region, tick, feeder, own)
        if node is None:
            continue
        moved = _kept_in_limits(region, tick, node, own, rooms) if tick.plan is not None else own
        _take_from(rooms, paths, own, moved)
        by_id = {wish.asset.id: wish for wish in moved}
        corrected = [by_id.get(wish.asset.id, wish) for wish in corrected]
        after_kw = node.expected_kw + _change_kw(own, moved)
        rooms[feeder.id] = room_of(after_kw, node.limits_kw)
        breaches += _breaches(node, after_kw if tick.plan is not None else node.now_kw)
    corrected, found = _at_grid_point(region, tick, corrected, rooms)
    return Correction(wishes=tuple(corrected), breaches=(*breaches, *found))


def _at_grid_point(
    region: Region, tick: TickInput, wishes: list[Wish], rooms: Mapping[str, Room]
) -> tuple[list[Wish], list[tuple[str, str]]]:
    node = _node(region, tick, region.grid_point, wishes)
    if node is None:
        return wishes, []
    if tick.plan is None:
        return wishes, _breaches(node, node.now_kw)
    exchange = _exchange(region, tick, node)
    deadband_kw = region.control.correction_deadband_kw
    delta_kw, why = needed_kw(exchange, expected_kw=node.expected_kw, deadband_kw=deadband_kw)
    by_limit = why == "grid limit"
    givers = [wish for wish in _merit_order(wishes, delta_kw) if by_limit or isinstance(wish.asset, STORES)]
    measured = frozenset(rooms)
    paths = paths_of(region.feeders)
    flexibilities = [
        _seen(_flexibility(tick, wish, region, paths[wish.asset.feeder]), wish, measured) for wish in givers
    ]
    shares = share(delta_kw, flexibilities, rooms)
    moved = [_moved(wish, shares.get(wish.asset.id), by_limit=by_limit) for wish in wishes]
    return moved, _breaches(node, node.expected_kw + sum(shares.values()))


def _kept_in_limits(
    region: Region, tick: TickInput, node: _Node, wishes: Sequence[Wish], rooms: Mapping[str, Room]
) -> list[Wish]:
    """Move what stands behind a feeder; feeders behind it keep theirs."""
    low, high = with_margin(node.limits_kw)
    delta_kw = max(low, min(high, node.expected_kw)) - node.expected_kw
    paths = paths_of(region.feeders)
    flexibilities = []
    for wish in _merit_order(wishes, delta_kw):
        path = paths[wish.asset.feeder]
        inner = path[: path.index(node.node_id)]
        flexibilities.append(_seen(_flexibility(tick, wish, region, inner), wish, frozenset(rooms)))
    shares = share(delta_kw, flexibilities, rooms)
    return [_moved(wish, shares.get(wish.asset.id), by_limit=True) for wish in wishes]


def _take_from(rooms: dict[str, Room], paths: Paths, before: Sequence[Wish], after: Sequence[Wish]) -> None:
    """Count what moved for a feeder in the rooms of those behind it."""
    for wish, moved in zip(before, after, strict=True):
        change_kw = _change_kw([wish], [moved])
        for feeder_id in paths[wish.asset.feeder] if change_kw != 0.0 else ():
            if (room := rooms.get(feeder_id)) is not None:
                rooms[feeder_id] = Room(
                    down_kw=min(0.0, room.down_kw - change_kw), up_kw=max(0.0, room.up_kw - change_kw)
                )


def _node(region: Region, tick: TickInput, point: Feeder | GridPoint, wishes: Sequence[Wish]) -> _Node | None:
    """Give what a metered place will carry if every asset behind it follows its wish; None if unmeasured."""
    age_s_max = reading_age_s_max(region, tick.tick_s)
    now_kw = tick.image.value(point.id, Point.POWER_KW, age_s_max=age_s_max)
    if now_kw is None:
        return None
    own = [limit for limit in tick.limits if limit.target_id == point.id and usable(limit)]
    verdict = arbitrate(point.power_kw_nameplate, [claim_of_limit(limit) for limit in own])
    expected_kw = now_kw + sum(
        wish.expected_kw - wish.measured_kw
        for wish in wishes
        if wish.expected_kw is not None and wish.measured_kw is not None
    )
    limits_kw = (verdict.power_kw_min, verdict.power_kw_max)
    return _Node(node_id=point.id, now_kw=now_kw, expected_kw=expected_kw, limits_kw=limits_kw)


def _exchange(region: Region, tick: TickInput, node: _Node) -> Exchange:
    at = tick.image.at
    fresh = tick.plan is not None and (at - tick.plan.issued_at).total_seconds() <= PLAN_FRESH_S
    return Exchange(
        now_kw=node.now_kw,
        mean_kw=tick.exchange_mean_kw,
        elapsed_s=(at - period_start(at)).total_seconds(),
        planned_kw=planned_kw(tick.plan, region.grid_point.id, at) if fresh else None,
        limits_kw=node.limits_kw,
    )


def _moved(wish: Wish, part_kw: float | None, *, by_limit: bool) -> Wish:
    """Give the wish with the correction's claim among its own."""
    if part_kw is None or wish.expected_kw is None:
        return wish
    claims = (*wish.claims, _claim(wish.expected_kw + part_kw, part_kw, by_limit=by_limit))
    verdict = arbitrate(wish.asset.power_kw_nameplate, claims)
    return replace(wish, claims=claims, verdict=verdict, expected_kw=wish.expected_kw + part_kw)


def _change_kw(before: Sequence[Wish], after: Sequence[Wish]) -> float:
    return sum(
        moved.expected_kw - wish.expected_kw
        for wish, moved in zip(before, after, strict=True)
        if wish.expected_kw is not None and moved.expected_kw is not None
    )


def _outside_kw(power_kw: float, limits_kw: tuple[float, float]) -> float:
    low, high = limits_kw
    return max(0.0, low - power_kw, power_kw - high)


def _breaches(node: _Node, after_kw: float) -> list[tuple[str, str]]:
    """Tell a breach of the limits now, or one that nobody can prevent."""
    breached_kw = _outside_kw(node.now_kw, node.limits_kw)
    uncovered_kw = _outside_kw(after_kw, node.limits_kw)
    if max(breached_kw, uncovered_kw) <= BREACH_KW_MIN:
        return []
    word = "import" if node.now_kw >= 0.0 else "export"
    words = (
        f"{word} {abs(node.now_kw):.0f} kW, {breached_kw:.0f} kW over; nobody can give {uncovered_kw:.0f} kW"
    )
    return [(node.node_id, words)]


def _merit_order(wishes: Sequence[Wish], delta_kw: float) -> list[Wish]:
    """Stores first, then what can wait, heat, and curtailment; what people asked for is left to the last.

    Among equals first who does the opposite already: no battery charges what another one gives.
    """

    def rank(wish: Wish) -> tuple[bool, int, bool]:
        opposed = wish.expected_kw is not None and wish.expected_kw * delta_kw < 0.0
        return wish.by_operator, _class_of(wish.asset), not opposed

    return sorted((wish for wish in wishes if wish.delivers and wish.expected_kw is not None), key=rank)


def _class_of(asset: Flexible) -> int:
    match asset:
        case Battery():
            return 0
        case Electrolyser() | PumpedReservoir():
            return 1
        case EvHub() | FlexibleLoad():
            return 2
        case Chp() | HeatPump():
            return 3
        case Generator():
            return 4


def _flexibility(tick: TickInput, wish: Wish, region: Region, feeder_ids: tuple[str, ...]) -> Flexibility:
    expected_kw = wish.expected_kw
    if expected_kw is None:
        return Flexibility(asset_id=wish.asset.id, down_kw=0.0, up_kw=0.0)
    low, high = wish.verdict.power_kw_min, wish.verdict.power_kw_max
    match wish.asset:
        case Battery() | PumpedReservoir():
            down_kw, up_kw = low - expected_kw, high - expected_kw
        case Chp() | HeatPump() | Electrolyser():
            low, high = _running_band_kw(wish, wish.asset, expected_kw)
            down_kw, up_kw = low - expected_kw, high - expected_kw
        case FlexibleLoad(mode="block"):
            down_kw, up_kw = 0.0, 0.0  # a run is not broken for a correction
        case EvHub() | FlexibleLoad():
            down_kw, up_kw = low - expected_kw, 0.0
        case Generator():
            age_s_max = reading_age_s_max(region, tick.tick_s)
            available_kw = tick.image.value(wish.asset.id, Point.POWER_KW_AVAILABLE, age_s_max=age_s_max)
            freed_kw = 0.0 if available_kw is None else max(low, available_kw) - expected_kw
            down_kw, up_kw = freed_kw, high - expected_kw
    return Flexibility(
        asset_id=wish.asset.id,
        down_kw=min(0.0, down_kw),
        up_kw=max(0.0, up_kw),
        feeder_ids=feeder_ids,
    )


def _seen(flexibility: Flexibility, wish: Wish, measured: frozenset[str]) -> Flexibility:
    """Behind a feeder that is not measured power may only go back towards nothing: that loads no cable."""
    expected_kw = wish.expected_kw
    if measured.issuperset(flexibility.feeder_ids) or expected_kw is None:
        return flexibility
    return Flexibility(
        asset_id=flexibility.asset_id,
        down_kw=max(flexibility.down_kw, min(0.0, -expected_kw)),
        up_kw=min(flexibility.up_kw, max(0.0, -expected_kw)),
    )


def _running_band_kw(wish: Wish, machine: Machine, expected_kw: float) -> tuple[float, float]:
    """A correction moves a machine that runs and is to go on within its load range; it switches none."""
    least_kw = machine.power_kw_least
    wanted_kw = wish.verdict.wanted_kw
    if wanted_kw is None or 2.0 * min(abs(expected_kw), abs(wanted_kw)) < least_kw:
        return expected_kw, expected_kw
    low, high = wish.verdict.power_kw_min, wish.verdict.power_kw_max
    if expected_kw < 0.0:
        return min(low, expected_kw), max(expected_kw, min(high, -least_kw))
    return min(expected_kw, max(low, least_kw)), max(high, expected_kw)


def _claim(target_kw: float, part_kw: float, *, by_limit: bool) -> Claim:
    if not by_limit:
        return Claim(level=Level.CORRECTION, reason="holds the quarter hour", wanted_kw=target_kw)
    least_kw, most_kw = (None, target_kw) if part_kw < 0.0 else (target_kw, None)
    return Claim(
        level=Level.GRID_OPERATOR,
        reason="grid limit",
        power_kw_min=least_kw,
        power_kw_max=most_kw,
        wanted_kw=target_kw,
    )
