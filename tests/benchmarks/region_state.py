"""Where a planning of a region of the family begins: what was measured, quarter hour after quarter hour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from tests.benchmarks.region_family import Family, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """The region at the start of the ``step``-th quarter hour; shape (assets of the kind,) each."""

    step: int
    battery_kwh: FloatArray
    store_kwh: FloatArray
    session_kwh: FloatArray
    """What each session still needs."""
    running: NDArray[np.bool_]
    since_periods: IntArray
    """How long each CHP has run or stood."""
    billed_peak_kw: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FirstPeriod:
    """What a plan does in its first quarter hour, and what it then holds."""

    battery_kwh: FloatArray
    store_kwh: FloatArray
    charged_kwh: FloatArray
    running: NDArray[np.bool_]
    import_kw: float


def state_at_start(family: Family) -> State:
    """Give the first state: every CHP has just been stopped."""
    return State(
        step=0,
        battery_kwh=family.battery_kwh_start,
        store_kwh=family.store_kwh_start,
        session_kwh=family.session_kwh,
        running=np.zeros(family.chp_kw.size, dtype=np.bool_),
        since_periods=np.zeros(family.chp_kw.size, dtype=np.int64),
        billed_peak_kw=0.0,
    )


def state_after(state: State, first: FirstPeriod) -> State:
    """Give the state a quarter hour later."""
    stays = first.running == state.running
    return State(
        step=state.step + 1,
        battery_kwh=np.maximum(0.0, first.battery_kwh),
        store_kwh=np.maximum(0.0, first.store_kwh),
        session_kwh=np.maximum(0.0, state.session_kwh - first.charged_kwh),
        running=first.running,
        since_periods=np.where(stays, state.since_periods + 1, 1),
        billed_peak_kw=max(state.billed_peak_kw, first.import_kw),
    )
