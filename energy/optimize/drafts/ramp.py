"""Derives what a ramp leaves of a machine's load, from the measured power on; only where it can bind."""

import math
from dataclasses import dataclass

import numpy as np

from energy.domain import Breach, FloatArray, Point
from energy.optimize.drafts.draft import Draft
from energy.periods import PERIOD_S
from energy.region.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ramped:
    """Bounds on a machine's load in the first period, and where it cannot but run on its way down.

    ``least_kw`` is the least load that it can have come down to by each period, 0 where it may stand.
    """

    ramp_kw: float
    first_min_kw: float
    first_max_kw: float
    least_kw: FloatArray


def ramped(draft: Draft, asset: Machine, *, running: bool, running_share_max: FloatArray) -> Ramped | None:
    """Derive the ramp's bounds; None where the machine can reach any load within a period.

    A run starts at the least load and stops from it. A machine that must stand (a limit below its least load,
    an outage) trips from whatever load. Of a running machine of unknown power any load may be the next.
    """
    if not asset.ramp_binds:
        return None
    ramp_kw = asset.ramp_kw_per_s * PERIOD_S
    none = draft.constant(0.0)
    if not running:
        return Ramped(ramp_kw=ramp_kw, first_min_kw=0.0, first_max_kw=asset.power_kw_least, least_kw=none)
    power_kw = draft.state(asset).get(Point.POWER_KW)
    if power_kw is None:
        draft.notes.append(
            f"{asset.id}: {Point.POWER_KW} is unknown, its ramp is kept from the first period on"
        )
        rated_kw = asset.power_kw_rated
        return Ramped(ramp_kw=ramp_kw, first_min_kw=0.0, first_max_kw=rated_kw, least_kw=none)
    load_kw = min(abs(power_kw), asset.power_kw_rated)
    # So many periods it runs above the least load at least; it may stop after the last of them.
    down_periods = max(0, math.ceil((load_kw - asset.power_kw_least) / ramp_kw))
    period = np.arange(draft.periods)
    coming_down_kw = np.maximum(asset.power_kw_least, load_kw - ramp_kw * (period + 1))
    on_the_way = (period < down_periods) & (np.cumprod(running_share_max) > 0.0)
    least_kw = np.where(on_the_way, coming_down_kw, 0.0)
    return Ramped(
        ramp_kw=ramp_kw,
        first_min_kw=float(least_kw[0]),
        first_max_kw=max(asset.power_kw_least, load_kw + ramp_kw),
        least_kw=least_kw,
    )


def lifted_kw(draft: Draft, asset: Machine, *, most_kw: FloatArray, least_kw: FloatArray) -> FloatArray:
    """Give the greatest loads, lifted where a limit asks for less than the ramp allows; report the breach."""
    beyond_kw = float(np.maximum(0.0, least_kw - most_kw).max())
    if beyond_kw > 0.0:
        draft.breaches.append(Breach(name="ramp", asset_id=asset.id, size=beyond_kw, unit="kW", cost_eur=0.0))
    lifted: FloatArray = np.maximum(most_kw, least_kw)
    return lifted
