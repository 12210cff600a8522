"""A leaking store is solved exactly: compared with many small steps and with itself."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.physics.stored import Flow, reached_s, stored_kwh, turning_s

flows = st.builds(Flow, st.floats(-2000.0, 2000.0), st.floats(-5.0, 5.0))
losses = st.sampled_from([0.0, 1e-9, 2.8e-6, 1e-4])
times_s = st.floats(1.0, 20000.0)


@given(st.floats(0.0, 5000.0), flows, losses, times_s)
def test_it_agrees_with_many_small_steps(
    energy_kwh: float, flow: Flow, loss_per_s: float, time_s: float
) -> None:
    steps, stepped_kwh = 400, energy_kwh
    dt_s = time_s / steps
    for index in range(steps):
        middle_kw = flow.at_kw((index + 0.5) * dt_s)
        stepped_kwh += middle_kw * dt_s / 3600.0 - loss_per_s * dt_s * (
            stepped_kwh + 0.5 * dt_s * (middle_kw / 3600.0 - loss_per_s * stepped_kwh)
        )
    exact_kwh = stored_kwh(energy_kwh, flow, loss_per_s=loss_per_s, time_s=time_s)
    assert exact_kwh == pytest.approx(stepped_kwh, rel=1e-4, abs=0.05)


@given(st.floats(0.0, 5000.0), flows, losses, times_s, st.floats(0.05, 0.95))
def test_two_parts_end_where_the_whole_ends(
    energy_kwh: float, flow: Flow, loss_per_s: float, time_s: float, part: float
) -> None:
    first_s = part * time_s
    half_kwh = stored_kwh(energy_kwh, flow, loss_per_s=loss_per_s, time_s=first_s)
    later = Flow(flow.at_kw(first_s), flow.slope_kw_per_s)
    both_kwh = stored_kwh(half_kwh, later, loss_per_s=loss_per_s, time_s=time_s - first_s)
    whole_kwh = stored_kwh(energy_kwh, flow, loss_per_s=loss_per_s, time_s=time_s)
    assert both_kwh == pytest.approx(whole_kwh, abs=1e-5)


@given(st.floats(0.0, 5000.0), flows, losses)
def test_where_it_turns_it_neither_rises_nor_falls(energy_kwh: float, flow: Flow, loss_per_s: float) -> None:
    turned_s = turning_s(energy_kwh, flow, loss_per_s=loss_per_s)
    assert turned_s > 0.0
    if turned_s < 1e5:
        at_kwh = stored_kwh(energy_kwh, flow, loss_per_s=loss_per_s, time_s=turned_s)
        assert flow.at_kw(turned_s) - loss_per_s * at_kwh * 3600.0 == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("loss_per_s", [0.0, 1e-5])
@pytest.mark.parametrize(("flow", "goal_kwh"), [(Flow(500.0, 0.2), 1400.0), (Flow(-500.0, -0.2), 700.0)])
def test_a_level_is_reached_at_the_moment_that_it_is_said_to_be(
    flow: Flow, goal_kwh: float, loss_per_s: float
) -> None:
    moment_s = reached_s(1000.0, flow, loss_per_s=loss_per_s, time_s=9000.0, goal_kwh=goal_kwh)
    reached_kwh = stored_kwh(1000.0, flow, loss_per_s=loss_per_s, time_s=moment_s)
    assert reached_kwh == pytest.approx(goal_kwh, abs=1e-9)


def test_what_is_lost_in_an_hour_is_the_fraction_that_the_region_says() -> None:
    loss_per_s = -math.log1p(-0.01) / 3600.0
    assert stored_kwh(1000.0, Flow(0.0, 0.0), loss_per_s=loss_per_s, time_s=3600.0) == pytest.approx(990.0)
