"""Who corrects: between two plans, what the grid point needs and which assets give it.

Two needs, in this order: the exchange stays within the limits of the grid point now; the quarter hour's
mean exchange stays close to its plan, since the deviation is what imbalance is paid for. Flexible assets
give in merit order.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from energy.periods import PERIOD_S

REMAINING_S_MIN = 300.0
"""Near its end a quarter hour would be chased with ever larger powers: spread over this at least."""
GRID_MARGIN = 0.02
"""Correction starts this fraction before a grid limit, since meters and ramps need room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The grid point in this quarter hour, import positive.

    ``mean_kw`` is the mean since the quarter hour began, None when the beginning was not measured.
    ``planned_kw`` is None where no recent plan says anything.
    """

    now_kw: float
    mean_kw: float | None
    elapsed_s: float
    planned_kw: float | None
    limits_kw: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flexibility:
    """How far one asset's power can be moved from what it is expected to do at the next tick."""

    asset_id: str
    down_kw: float
    """Room towards feeding in, at most 0."""
    up_kw: float
    """Room towards drawing, at least 0."""
    feeder_ids: tuple[str, ...] = ()
    """The feeders whose rooms bound it too: its own, and those that this is connected through."""


def needed_kw(exchange: Exchange, *, expected_kw: float, deadband_kw: float) -> tuple[float, str | None]:
    """Say by how much the sum of all assets should change, and why (0 and None when nothing is needed).

    Args:
        exchange: what the meters say.
        expected_kw: the exchange to come if every asset just follows its wish.
        deadband_kw: deviation from the plan that is left alone.
    """
    low, high = with_margin(exchange.limits_kw)
    if not low <= expected_kw <= high:
        return max(low, min(high, expected_kw)) - expected_kw, "grid limit"
    target_kw = _quarter_hour_target_kw(exchange, expected_kw=expected_kw, deadband_kw=deadband_kw)
    if target_kw is None:
        return 0.0, None
    return max(low, min(high, target_kw)) - expected_kw, "quarter hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How far the flow through a feeder may still move: ``down_kw`` at most 0, ``up_kw`` at least 0."""

    down_kw: float
    up_kw: float


def room_of(expected_kw: float, limits_kw: tuple[float, float]) -> Room:
    """Give the room between a flow and its limits less their margin; a flow beyond one has none there."""
    low, high = with_margin(limits_kw)
    return Room(down_kw=min(0.0, low - expected_kw), up_kw=max(0.0, high - expected_kw))


def with_margin(limits_kw: tuple[float, float]) -> tuple[float, float]:
    """Give the limits at which correction starts."""
    low, high = limits_kw
    return low + GRID_MARGIN * abs(low), high - GRID_MARGIN * abs(high)


def share(
    delta_kw: float, flexibilities: Sequence[Flexibility], rooms: Mapping[str, Room] | None = None
) -> dict[str, float]:
    """Hand a change out in the order given, each up to its room and its feeder's; what is left is left.

    >>> share(-30.0, [Flexibility(asset_id="battery", down_kw=-20.0, up_kw=5.0)])
    {'battery': -20.0}
    """
    shares: dict[str, float] = {}
    left = dict(rooms or {})
    rest_kw = delta_kw
    for item in flexibilities:
        room = _room_for(item, left) if rooms is not None else None
        down_kw = item.down_kw if room is None else max(item.down_kw, room.down_kw)
        up_kw = item.up_kw if room is None else min(item.up_kw, room.up_kw)
        part_kw = max(down_kw, min(up_kw, rest_kw))
        if part_kw != 0.0:
            shares[item.asset_id] = part_kw
            rest_kw -= part_kw
            for feeder_id in item.feeder_ids if rooms is not None else ():
                own = left.get(feeder_id, Room(down_kw=0.0, up_kw=0.0))
                left[feeder_id] = Room(
                    down_kw=min(0.0, own.down_kw - part_kw), up_kw=max(0.0, own.up_kw - part_kw)
                )
    return shares


def _room_for(item: Flexibility, rooms: Mapping[str, Room]) -> Room | None:
    """Give the least room of an asset's feeders; one that is not known has none."""
    if not item.feeder_ids:
        return None
    own = [rooms.get(feeder_id, Room(down_kw=0.0, up_kw=0.0)) for feeder_id in item.feeder_ids]
    return Room(down_kw=max(room.down_kw for room in own), up_kw=min(room.up_kw for room in own))


def _quarter_hour_target_kw(exchange: Exchange, *, expected_kw: float, deadband_kw: float) -> float | None:
    if exchange.planned_kw is None or exchange.mean_kw is None:
        return None
    remaining_s = max(REMAINING_S_MIN, PERIOD_S - exchange.elapsed_s)
    missing_kws = (exchange.planned_kw - exchange.mean_kw) * exchange.elapsed_s
    deviation_kw = exchange.planned_kw + missing_kws / remaining_s - expected_kw
    if abs(deviation_kw) <= deadband_kw:
        return None
    return expected_kw + deviation_kw - math.copysign(deadband_kw, deviation_kw)
