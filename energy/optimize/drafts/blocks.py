"""Derives a load that draws in blocks: how many of them have arrived and are due, and the run measured."""

import numpy as np

from energy.domain import Breach, FloatArray, Point
from energy.optimize.drafts.draft import Draft
from energy.optimize.drafts.ev_schedule import arrived_energy_kwh, due_energy_kwh
from energy.optimize.items import BlockLoad
from energy.periods import PERIOD_H, PERIOD_S
from energy.region.flexible_load import FlexibleLoad
from energy.units import S_PER_H

WHOLE = 1e-9
"""Fractions of a block: what is nearer than this to a whole block is one."""
ENOUGH_KW = 1e-6
"""A limit that is lower than a block's power by less than this lets it run."""


def block_load_of(draft: Draft, asset: FlexibleLoad) -> BlockLoad:
    """Derive a load in blocks.

    A block has arrived when its last kWh was asked for, at a period's start; it is due to have begun
    ``block_h`` before that kWh is due. A run in progress goes on unless a limit or an outage ends it: what it
    had left waits again, and the breach is reported.
    """
    state = draft.state(asset)
    most_kw = 0.0 if draft.note_outage(asset) else asset.power_kw_max
    bounds = draft.rated_bounds(asset.id, (0.0, most_kw))
    allowed = bounds.power_kw_max >= asset.power_kw_max - ENOUGH_KW
    left_kw = _left_of_the_run_kw(draft, asset)
    carried_kw = np.where(np.cumprod(allowed) > 0.0, left_kw, 0.0)
    broken_kwh = PERIOD_H * float((left_kw - carried_kw).sum())
    if broken_kwh > 0.0:
        draft.breaches.append(
            Breach(name="block_broken", asset_id=asset.id, size=broken_kwh, unit="kWh", cost_eur=0.0)
        )
    carried_kwh = PERIOD_H * float(carried_kw.sum())
    backlog_kwh = state.get(Point.ENERGY_KWH_BACKLOG)
    if backlog_kwh is None:
        draft.notes.append(f"{asset.id}: {Point.ENERGY_KWH_BACKLOG} is unknown, planned on arrivals alone")
        backlog_kwh = 0.0
    waiting_kwh = max(broken_kwh, backlog_kwh - carried_kwh)
    expected_kw = draft.expected_kw[asset.id]
    periods = round(asset.block_h / PERIOD_H)
    least, most = _blocks(
        draft,
        asset,
        waiting_kwh=waiting_kwh,
        urgent_kwh=min(waiting_kwh, state.get(Point.ENERGY_KWH_URGENT, 0.0)),
    )
    least[: np.count_nonzero(carried_kw)] = 0.0
    return BlockLoad(
        asset_id=asset.id,
        feeder=asset.feeder,
        power_kw_min=bounds.power_kw_min,
        power_kw_max=bounds.power_kw_max,
        arrived_kwh=arrived_energy_kwh(waiting_kwh + carried_kwh, expected_kw),
        due_kwh=carried_kwh + asset.block_kwh * least,
        unserved_eur_per_kwh=asset.unserved_eur_per_kwh,
        fee_eur_per_kwh_drawn=asset.fee_eur_per_kwh_drawn,
        block_periods=periods,
        block_kw=asset.power_kw_max,
        carried_kw=carried_kw,
        begin_share_max=_may_begin(allowed & (carried_kw <= 0.0), periods),
        begun_kwh_min=asset.block_kwh * least,
        begun_kwh_max=asset.block_kwh * most,
    )


def _left_of_the_run_kw(draft: Draft, asset: FlexibleLoad) -> FloatArray:
    """Give what the run in progress would still draw, shape (periods,); nothing where none is known."""
    running_s = draft.state(asset).get(Point.RUNNING_S)
    if running_s is None:
        draft.notes.append(f"{asset.id}: {Point.RUNNING_S} is unknown, planned as standing")
    if running_s is None or running_s <= 0.0:
        return draft.constant(0.0)
    left_s = max(0.0, asset.block_h * S_PER_H - running_s)
    share = np.clip(left_s / PERIOD_S - np.arange(draft.periods), 0.0, 1.0)
    left_kw: FloatArray = asset.power_kw_max * share
    return left_kw


def _blocks(
    draft: Draft, asset: FlexibleLoad, *, waiting_kwh: float, urgent_kwh: float
) -> tuple[FloatArray, FloatArray]:
    """Count the blocks that are due to have begun, and that have arrived; cumulative, shape (periods,)."""
    expected_kw = draft.expected_kw[asset.id]
    arrived_kwh = arrived_energy_kwh(waiting_kwh, np.concatenate([[0.0], expected_kw[:-1]]))
    due_kwh = due_energy_kwh(
        backlog_kwh=waiting_kwh,
        urgent_kwh=urgent_kwh,
        demand_kw=expected_kw,
        dwell_h=asset.shift_h - asset.block_h + PERIOD_H,
    )
    most = np.floor(arrived_kwh / asset.block_kwh + WHOLE)
    least = np.minimum(np.floor(due_kwh / asset.block_kwh + WHOLE), most)
    if draft.end_at_start:
        # What still waits at the end is a debt: no more of it than at the start.
        least[-1] = max(least[-1], most[-1] - np.floor(waiting_kwh / asset.block_kwh + WHOLE))
    return least, most


def _may_begin(free: "np.ndarray[tuple[int], np.dtype[np.bool_]]", periods: int) -> FloatArray:
    """Tell where a run may begin: it must not be ended in any of its periods, as far as they are planned."""
    taken = np.concatenate([[0], np.cumsum(~free)])
    end = np.minimum(np.arange(free.size) + periods, free.size)
    may: FloatArray = (taken[end] == taken[:-1]).astype(np.float64)
    return may
