"""Means, coverage and boundary registers as pure functions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.historian.averaging import (
    REACH_MS,
    between,
    power_from_registers,
    register_at,
    shares,
    weigh,
)
from energy.historian.instants import PERIOD_MS

moments = st.lists(st.integers(0, 3 * PERIOD_MS), min_size=1, max_size=60, unique=True).map(sorted)


@settings(deadline=None)
@given(moments, st.data())
def test_coverage_and_mean_stay_in_bounds(at: list[int], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.floats(-1e6, 1e6), min_size=len(at), max_size=len(at)))
    at_ms, value = np.array(at, dtype=np.int64), np.array(values)
    for period in range(3):
        weighted, covered_ms = weigh(at_ms, value, period)
        assert 0 <= covered_ms <= PERIOD_MS
        if covered_ms:
            slack = 1e-6
            assert value.min() - slack <= weighted / covered_ms <= value.max() + slack


@settings(deadline=None)
@given(moments)
def test_what_is_covered_is_what_good_samples_reach(at: list[int]) -> None:
    at_ms = np.array(at, dtype=np.int64)
    covered_ms = sum(weigh(at_ms, np.ones(at_ms.size), period)[1] for period in range(-1, 4))
    gaps = np.diff(at_ms)
    assert covered_ms == REACH_MS + int(np.minimum(gaps, REACH_MS).sum())


@settings(deadline=None)
@given(st.integers(-(10**9), 10**13), st.integers(0, REACH_MS))
def test_shares_lose_no_time(start_ms: int, length_ms: int) -> None:
    parts = list(shares(start_ms, start_ms + length_ms))
    assert sum(weight for _, weight in parts) == length_ms
    assert len(parts) <= 2


@settings(deadline=None)
@given(st.integers(1, 10), st.floats(0.0, 1e5), st.floats(0.0, 1e5))
def test_power_from_registers_gives_back_a_constant_power(
    periods: int, drawn_kw: float, fed_in_kw: float
) -> None:
    hours = np.arange(periods + 1) / 4
    power_kw = power_from_registers(1e3 + drawn_kw * hours, fed_in_kw * hours)
    assert np.allclose(power_kw, drawn_kw - fed_in_kw, atol=1e-6)


def test_a_register_is_read_between_its_neighbours_only_when_they_are_near() -> None:
    value = np.array([10.0, 16.0])
    assert register_at(40_000, np.array([20_000, 80_000]), value) == 12.0
    assert register_at(20_000, np.array([20_000, 80_000]), value) == 10.0
    assert register_at(80_001, np.array([20_000, 80_000]), value) is None
    assert register_at(19_999, np.array([20_000, 80_000]), value) is None
    assert register_at(40_000, np.array([20_000, 20_001 + REACH_MS]), value) is None
    assert between(40_000, before=(20_000, 16.0), after=(80_000, 10.0)) is None
