"""What limits leave of an asset's power, period by period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from energy.arbitration import ORDER
from energy.domain import Breach, FloatArray, Limit
from energy.periods import PERIOD

RANK = {level: rank for rank, level in enumerate(ORDER)}
"""The planner ranks limits as the controller does."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerBounds:
    """The power allowed, shape (periods,), the least never above the greatest."""

    power_kw_min: FloatArray
    power_kw_max: FloatArray
    breaches: tuple[Breach, ...]


def power_bounds(
    limits: Sequence[Limit],
    *,
    target_id: str,
    start: datetime,
    floor_kw: FloatArray,
    ceiling_kw: FloatArray,
) -> PowerBounds:
    """Narrow what physics allows by each limit on the target, the highest level first.

    A limit counts in every period that it touches. Where it contradicts physics or a higher level, the
    nearest power that these allow stays, and the breach is reported with its largest size.
    """
    least, most = floor_kw.astype(np.float64), ceiling_kw.astype(np.float64)
    breaches: list[Breach] = []
    mine = [limit for limit in limits if limit.target_id == target_id]
    for limit in sorted(mine, key=lambda limit: (RANK[limit.level], limit.limit_id)):
        touched = _periods_touched(limit, start=start, periods=least.size)
        wanted_least = np.where(touched, _or_unlimited(limit.power_kw_min, -np.inf), -np.inf)
        wanted_most = np.where(touched, _or_unlimited(limit.power_kw_max, np.inf), np.inf)
        size_kw = float(np.max(np.maximum(wanted_least - most, least - wanted_most), initial=0.0))
        least, most = np.clip(wanted_least, least, most), np.clip(wanted_most, least, most)
        if size_kw > 0.0:
            breaches.append(
                Breach(
                    name=f"limit {limit.limit_id}",
                    asset_id=target_id,
                    size=size_kw,
                    unit="kW",
                    cost_eur=0.0,
                )
            )
    return PowerBounds(power_kw_min=least, power_kw_max=most, breaches=tuple(breaches))


def _or_unlimited(bound_kw: float | None, unlimited_kw: float) -> float:
    return unlimited_kw if bound_kw is None else bound_kw


def _periods_touched(
    limit: Limit, *, start: datetime, periods: int
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Tell for each period whether the limit is in force during any part of it."""
    first = max(0, (limit.start - start) // PERIOD)
    end = periods if limit.until is None else -((start - limit.until) // PERIOD)
    index = np.arange(periods)
    return (index >= first) & (index < end)
