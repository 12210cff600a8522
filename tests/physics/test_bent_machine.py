"""A machine whose curve bends makes the same in two half steps as in a whole one."""

import pytest

from energy.physics.machine import Curve, MachineState, advance, phase_of

CURVE = Curve(
    power_kw_least=100.0,
    power_kw_rated=500.0,
    power_kw_standing=0.0,
    ramp_kw_per_s=1.0,
    uptime_s_min=0.0,
    downtime_s_min=0.0,
    output_kw_at_0=0.0,
    output_kw_per_kw=0.8,
    power_kw_bend=250.0,
    output_kw_per_kw_bent=-0.2,
)


def follow(state: MachineState, *, wanted_kw: float, dt_s: float) -> MachineState:
    while dt_s > 1e-9:
        phase = phase_of(CURVE, state, wanted_kw=wanted_kw, is_blocked=False)
        span_s = min(dt_s, phase.lasts_s)
        state = advance(CURVE, phase, dt_s=span_s)
        dt_s -= span_s
    return state


def test_output_over_a_ramp_across_the_bend_is_the_area_under_the_curve() -> None:
    start = MachineState(level_kw=200.0, is_running=True)
    end = follow(start, wanted_kw=400.0, dt_s=200.0)
    assert end.level_kw == pytest.approx(400.0)
    # From 160 to 200 kW in 50 s, then to 290 kW in 150 s.
    assert end.output_kwh == pytest.approx((180.0 * 50.0 + 245.0 * 150.0) / 3600.0)


@pytest.mark.parametrize("part", [0.1, 0.25, 0.5, 0.9])
def test_two_parts_of_a_step_make_what_the_whole_makes(part: float) -> None:
    start = MachineState(level_kw=450.0, is_running=True)
    whole = follow(start, wanted_kw=150.0, dt_s=350.0)
    both = follow(
        follow(start, wanted_kw=150.0, dt_s=350.0 * part), wanted_kw=150.0, dt_s=350.0 * (1.0 - part)
    )
    assert both.output_kwh == pytest.approx(whole.output_kwh)
    assert both.level_kw == pytest.approx(whole.level_kw)
