"""What moves from one quarter hour to the next in the hand-built program, and how HiGHS is told."""

import math
from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.periods import PERIOD_H
from tests.benchmarks.region_family import (
    BAND,
    EXPORT_DISCOUNT_EUR_PER_KWH,
    IMPORT_SURCHARGE_EUR_PER_KWH,
    KEPT_FRACTION,
    MUNICIPALITIES,
    Family,
    IntArray,
)
from tests.benchmarks.region_state import State

LOST_PER_H = -math.log(KEPT_FRACTION) / PERIOD_H
KEPT_H = (1.0 - KEPT_FRACTION) / LOST_PER_H
"""What flows into a store evenly over a quarter hour keeps so many hours' worth: dE/dt = heat - rate * E."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moving:
    """Numbers of one planning: prices by period, series of shape (assets, periods), the rest (assets,)."""

    import_eur: FloatArray
    export_eur: FloatArray
    available_kw: FloatArray
    heat_kw: FloatArray
    arrived_kwh: FloatArray
    due_kwh: FloatArray
    on_min: FloatArray
    on_max: FloatArray
    running: FloatArray
    battery_kwh: FloatArray
    battery_end_kwh: FloatArray
    battery_below_kwh: FloatArray
    battery_above_kwh: FloatArray
    store_kwh: FloatArray
    store_end_kwh: FloatArray
    store_above_kwh: FloatArray
    billed_peak_kw: float
    kept_fraction: float = KEPT_FRACTION
    kept_h: float = KEPT_H


def moving_of(f: Family, state: State) -> Moving:
    """Work out what the planning that begins in this state sets."""
    window = slice(state.step, state.step + f.periods)
    market, t = f.market_eur_per_kwh[window], np.arange(f.periods)
    arrives = (f.session_arrives - state.step)[:, None]
    leaves = arrives + f.session_stays[:, None] - 1
    since, running = state.since_periods[:, None], state.running[:, None]
    least, most = BAND[0] * f.battery_kwh, BAND[1] * f.battery_kwh
    return Moving(
        import_eur=PERIOD_H * (market + IMPORT_SURCHARGE_EUR_PER_KWH),
        export_eur=-PERIOD_H * (market - EXPORT_DISCOUNT_EUR_PER_KWH),
        available_kw=f.available_kw[:, window],
        heat_kw=f.heat_kw[:, window],
        arrived_kwh=np.where(t >= arrives, state.session_kwh[:, None], 0.0),
        due_kwh=np.where(t >= leaves, state.session_kwh[:, None], 0.0),
        on_min=(running & (t < f.uptime_periods[:, None] - since)).astype(np.float64),
        on_max=1.0 - (~running & (t < f.downtime_periods[:, None] - since)),
        running=state.running.astype(np.float64),
        battery_kwh=state.battery_kwh,
        battery_end_kwh=np.clip(state.battery_kwh, least, most),
        battery_below_kwh=np.maximum(0.0, least - state.battery_kwh),
        battery_above_kwh=np.maximum(0.0, state.battery_kwh - most),
        store_kwh=state.store_kwh,
        store_end_kwh=np.clip(state.store_kwh, 0.0, f.store_kwh),
        store_above_kwh=np.maximum(0.0, state.store_kwh - f.store_kwh),
        billed_peak_kw=state.billed_peak_kw,
    )


def balance_kw(f: Family, state: State) -> FloatArray:
    """Give what is fixed in the balances (grid, feeders, heat networks), shape (balances, periods)."""
    window = slice(state.step, state.step + f.periods)
    fixed = np.zeros((1 + MUNICIPALITIES + f.chp_kw.size, f.periods))
    fixed[1 : 1 + MUNICIPALITIES] = f.load_kw[:, window]
    np.subtract.at(fixed, 1 + f.source_at, f.available_kw[:, window])
    fixed[1 + MUNICIPALITIES + place_of_network(f)] = f.heat_kw[:, window]
    return fixed


def structures_of(f: Family) -> tuple[IntArray, ...]:
    """Sort the CHPs by their least times, in order of first appearance."""
    key = f.uptime_periods * 1_000 + f.downtime_periods
    _keys, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return tuple(np.flatnonzero(inverse == number) for number in np.argsort(first))


def place_of_network(f: Family) -> IntArray:
    """Give the place of each heat network's balance: networks stand in the order of the sorted CHPs."""
    place = np.empty(f.chp_kw.size, dtype=np.int64)
    place[np.concatenate(structures_of(f))] = np.arange(place.size)
    return place
