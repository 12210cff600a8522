"""What no store can hold was not measured: it is noted by name, and nothing is sold of it."""

import numpy as np
import pytest

from energy.optimize.cost import cost_parts_eur

CAPACITY = {"battery": 1000.0, "heat_storage": 2000.0, "hydrogen_storage": 2000.0, "pumped_reservoir": 1000.0}


def planned(tiny, plan, name, value):
    beside = {"heat_storage": ("boiler", "heat_load"), "hydrogen_storage": ("electrolyser",)}.get(name, ())
    region = tiny.region(tiny.asset("load"), tiny.asset(name), *(tiny.asset(other) for other in beside))
    expected = {"load": 500.0, "heat_load": 100.0, "pumped_reservoir": 30.0}
    problem = tiny.problem(
        region,
        [0.1, 0.5] * 4,
        expected_kw={asset.id: [expected[asset.id]] * 8 for asset in region.members if asset.id in expected},
        states={name: {"volume_m3" if name == "pumped_reservoir" else "energy_kwh": value}},
    )
    return problem, plan(region, problem)


@pytest.mark.parametrize("name", CAPACITY)
def test_a_content_in_watt_hours_is_unknown_and_said_so(tiny, plan, name):
    value = 305.0 * CAPACITY[name]
    problem, made = planned(tiny, plan, name, value)
    (note,) = [note for note in problem.notes if note.startswith(f"{name}: ") and "more than 2 times" in note]
    assert f"of {value:.0f} " in note
    assert f" the {CAPACITY[name]:.0f} that it can hold" in note
    assert made.breaches == ()
    own = made.assets[name]
    assert not {"energy_kwh", "volume_m3"} & set(own.states), "what is unknown is not told"
    np.testing.assert_allclose(own.power_kw, 30.0 if name == "pumped_reservoir" else 0.0, atol=1e-9)
    account = sum(cost_parts_eur(problem, made.assets).values())
    assert sum(made.objective_eur.values()) == pytest.approx(account, abs=1e-3)


@pytest.mark.parametrize("name", CAPACITY)
@pytest.mark.parametrize("filled", [1.0, 1.3, 2.0])
def test_a_content_somewhat_above_the_capacity_counts_as_measured(tiny, plan, name, filled):
    problem, made = planned(tiny, plan, name, filled * CAPACITY[name])
    assert not [note for note in problem.notes if "times" in note]
    assert {"energy_kwh", "volume_m3"} & set(made.assets[name].states)
