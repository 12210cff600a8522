"""Headroom against the net load's error: how much is needed, and what of the region can keep it.

``up`` serves a net load that comes higher than expected, so less is drawn or more is fed in; ``down`` the
other way. What keeps headroom is what the correction between two plans may move: stores, and electrolysers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from energy.domain import AssetPlan, FloatArray
from energy.optimize.items import Headroom, Item, ReserveNeed, Storage
from energy.optimize.network_items import Electrolysis, Reservoir
from energy.optimize.problem import Problem
from energy.periods import PERIOD_H

KEEPERS = (Storage, Electrolysis, Reservoir)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reserve:
    """What is asked for: ``up_kw`` and ``down_kw`` by period from the first on, shape (periods ahead,)."""

    up_kw: FloatArray
    down_kw: FloatArray
    hold_h: float
    shortfall_eur_per_kwh: float

    @property
    def counts(self) -> bool:
        """Whether keeping it changes any plan."""
        needed = bool(np.any(self.up_kw > 0.0) or np.any(self.down_kw > 0.0))
        return needed and self.shortfall_eur_per_kwh > 0.0


def with_reserve(problem: Problem, reserve: Reserve) -> Problem:
    """Ask a problem for headroom; the problem itself where nothing is needed."""
    if not reserve.counts:
        return problem
    ahead = min(reserve.up_kw.size, problem.periods)
    headroom = Headroom(periods=ahead, hold_h=reserve.hold_h)
    members = tuple(
        replace(item, headroom=headroom) if isinstance(item, KEEPERS) and can_keep(item) else item
        for item in problem.members
    )
    later = np.zeros(problem.periods - ahead)
    need = ReserveNeed(
        asset_id="reserve",
        ahead=ahead,
        up_kw=np.concatenate([reserve.up_kw[:ahead], later]),
        down_kw=np.concatenate([reserve.down_kw[:ahead], later]),
        shortfall_eur_per_kwh=reserve.shortfall_eur_per_kwh,
    )
    return replace(problem, members=members, reserve=need)


def can_keep(item: Item) -> bool:
    """Tell whether an asset's content is known, without which it promises nothing."""
    return not (isinstance(item, Storage) and item.energy_kwh is None)


def shortfall_eur(problem: Problem, assets: Mapping[str, AssetPlan]) -> float:
    """Give what the headroom costs that is needed and not kept."""
    need = problem.reserve
    if need is None:
        return 0.0
    missing_kw = 0.0
    for readout, needed_kw in (("reserve_up_kw", need.up_kw), ("reserve_down_kw", need.down_kw)):
        kept = [
            assets[item.asset_id].states[readout] for item in problem.members if item.headroom is not None
        ]
        kept_kw = np.sum([np.zeros(problem.periods), *kept], axis=0)
        missing_kw += float(np.maximum(0.0, needed_kw - kept_kw).sum())
    return PERIOD_H * need.shortfall_eur_per_kwh * missing_kw
