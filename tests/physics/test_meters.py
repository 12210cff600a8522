"""Meters count what flows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.physics.grid_loss import step_grid_loss
from energy.physics.grid_point import step_grid_point
from energy.physics.load import step_load
from energy.physics.meter import MeterState
from energy.region.asset import DeviceAddress, Name
from energy.region.grid_loss import GridLoss
from energy.region.load import Load

NAME = Name(de="Netz", en="Grid")
DEVICE = DeviceAddress(profile="generic_meter", host="127.0.0.1")
LOAD = Load(id="town", name=NAME, device=DEVICE, kind="load", power_kw_max=1000.0)
LOSS = GridLoss(
    id="loss", name=NAME, device=DEVICE, kind="grid_loss", fraction_of_load=0.05, power_kw_max=60.0
)


@given(st.lists(st.tuples(st.floats(0.0, 1000.0), st.floats(0.0, 900.0)), max_size=20))
def test_a_load_counts_the_energy_of_its_power(orders: list[tuple[float, float]]) -> None:
    state = MeterState()
    for power_kw, dt_s in orders:
        state = step_load(LOAD, state, power_kw=power_kw, dt_s=dt_s)
    assert state.energy_kwh_drawn == pytest.approx(sum(power * dt / 3600.0 for power, dt in orders))
    assert state.energy_kwh_fed_in == 0.0


def test_a_load_keeps_to_its_connection() -> None:
    assert step_load(LOAD, MeterState(), power_kw=1200.0, dt_s=5.0).power_kw == 1000.0


def test_losses_are_a_fraction_of_the_load() -> None:
    state = step_grid_loss(LOSS, MeterState(), load_kw=800.0, dt_s=900.0)
    assert state.power_kw == pytest.approx(40.0)
    assert state.energy_kwh_drawn == pytest.approx(10.0)


@given(st.lists(st.floats(-500.0, 500.0), max_size=20))
def test_the_grid_point_counts_import_and_export_apart(energies_kwh: list[float]) -> None:
    state = MeterState()
    for energy_kwh in energies_kwh:
        before = state
        state = step_grid_point(state, members_kw=energy_kwh, members_kwh=energy_kwh)
        assert before.energy_kwh_drawn == state.energy_kwh_drawn or energy_kwh > 0.0
        assert before.energy_kwh_fed_in == state.energy_kwh_fed_in or energy_kwh < 0.0
    net_kwh = state.energy_kwh_drawn - state.energy_kwh_fed_in
    assert net_kwh == pytest.approx(sum(energies_kwh), abs=1e-9)


def test_a_power_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="power_kw"):
        step_load(LOAD, MeterState(), power_kw=float("nan"), dt_s=5.0)
