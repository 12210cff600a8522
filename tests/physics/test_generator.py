"""A source yields at most what nature gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.physics.generator import GeneratorState, step_generator
from energy.region.asset import DeviceAddress, Name
from energy.region.pv import Pv

fed_in = st.floats(-1500.0, 0.0)
ways = st.tuples(st.floats(0.1, 500.0), st.floats(0.01, 3600.0))
steps_s = st.floats(0.01, 3600.0)


def park(*, ramp_kw_per_s: float = 20.0) -> Pv:
    return Pv(
        id="pv",
        name=Name(de="Solarpark", en="PV park"),
        device=DeviceAddress(profile="generic_park_controller", host="127.0.0.1"),
        kind="pv",
        power_kw_rated=1000.0,
        ramp_kw_per_s=ramp_kw_per_s,
    )


@given(st.lists(st.tuples(fed_in, fed_in, steps_s), max_size=10))
@settings(deadline=None)
def test_it_never_yields_more_than_nature_gives_and_never_draws(
    orders: list[tuple[float, float, float]],
) -> None:
    asset, state = park(), GeneratorState()
    for available_kw, bound_kw, dt_s in orders:
        after = step_generator(asset, state, available_kw=available_kw, power_kw_min=bound_kw, dt_s=dt_s)
        assert max(available_kw, -1000.0) <= after.power_kw <= 0.0
        fed_in_kwh = after.energy_kwh_fed_in - state.energy_kwh_fed_in
        assert fed_in_kwh <= min(1000.0, -available_kw) * dt_s / 3600.0 + 1e-9
        assert after.energy_kwh_drawn == 0.0
        state = after


@given(fed_in, fed_in, fed_in, ways, st.floats(0.01, 0.99))
@settings(deadline=None)
def test_two_parts_of_a_step_end_where_the_whole_step_ends(
    power_kw: float, available_kw: float, bound_kw: float, way: tuple[float, float], part: float
) -> None:
    ramp_kw_per_s, dt_s = way
    asset, state = park(ramp_kw_per_s=ramp_kw_per_s), GeneratorState(power_kw=power_kw)

    def step(state: GeneratorState, dt_s: float) -> GeneratorState:
        return step_generator(asset, state, available_kw=available_kw, power_kw_min=bound_kw, dt_s=dt_s)

    whole, both = step(state, dt_s), step(step(state, dt_s * part), dt_s * (1.0 - part))
    assert both.power_kw == pytest.approx(whole.power_kw, abs=1e-6)
    assert both.energy_kwh_fed_in == pytest.approx(whole.energy_kwh_fed_in, abs=1e-6)


def test_curtailment_follows_the_ramp() -> None:
    state = GeneratorState(power_kw=-500.0)
    after = step_generator(park(), state, available_kw=-500.0, power_kw_min=-100.0, dt_s=5.0)
    assert after.power_kw == -400.0
    assert after.power_kw_available == -500.0


def test_a_bound_keeps_after_the_ramp() -> None:
    after = step_generator(park(), GeneratorState(), available_kw=-500.0, power_kw_min=-100.0, dt_s=60.0)
    assert after.power_kw == -100.0


def test_a_bound_that_is_no_number_is_refused_not_clamped() -> None:
    with pytest.raises(ValueError, match="power_kw_min"):
        step_generator(park(), GeneratorState(), available_kw=-1.0, power_kw_min=float("nan"), dt_s=5.0)
