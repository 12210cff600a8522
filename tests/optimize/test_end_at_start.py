"""A horizon that must end as it began: no store lends what it does not get back."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from energy.optimize.optimizer import Optimizer
from energy.optimize.problem import problem_from
from energy.ports import Prices
from tests.controller.networks import region_in

START = datetime(2020, 6, 3, 10, tzinfo=UTC)
PERIODS = 96
CONTENT = {"waermespeicher": 5000.0, "wasserstoff": 9000.0}


@pytest.mark.parametrize("end_at_start", [False, True])
def test_every_store_ends_with_what_it_began_with(tmp_path: Path, *, end_at_start: bool) -> None:
    region = region_in(tmp_path / "tal")
    flat = np.full(PERIODS, 0.0)
    problem = problem_from(
        region,
        start=START,
        prices=Prices(start=START, price_eur_per_kwh=np.full(PERIODS, 2.0), indicative=[False] * PERIODS),
        expected_kw={
            "last": flat + 2000.0,
            "dorf": flat + 200.0,
            "verlust": flat + 10.0,
            "waerme": flat + 800.0,
            "hochbehaelter": flat + 100.0,
            "werk": flat + 500.0,
            "kuehlhaus": flat + 100.0,
        },
        states={
            **{store: {"energy_kwh": energy_kwh} for store, energy_kwh in CONTENT.items()},
            "hochbehaelter": {"volume_m3": 1500.0},
        },
        end_at_start=end_at_start,
    )
    plan = Optimizer(region).solve(problem, plan_id="p", issued_at=START, seconds_max=30.0, gap=0.001)
    ends = {store: plan.assets[store].states["energy_kwh"][-1] for store in CONTENT}
    ends["hochbehaelter"] = plan.assets["hochbehaelter"].states["volume_m3"][-1]
    begins = {**CONTENT, "hochbehaelter": 1500.0}
    short = {store for store in begins if ends[store] < begins[store] - 1e-3}
    if end_at_start:
        assert short == set()
        assert plan.objective_eur["terminal"] == 0.0
    else:
        assert short, "at a price this high somebody would rather lend"


@pytest.mark.parametrize("out", [(), ("pumped_reservoir", "boiler")], ids=["in service", "out"])
@pytest.mark.parametrize("volume_m3", [0.0, 50.0, 500.0, 1100.0])
def test_what_cannot_be_filled_again_has_a_plan_all_the_same(tiny, plan, volume_m3, out):
    """A reservoir in its fire-water reserve, a heat store that only loses: no end that nobody can reach."""
    names = ("pumped_reservoir", "boiler", "heat_load", "heat_storage")
    region = tiny.region(*(tiny.asset(name) for name in names))
    problem = tiny.problem(
        region,
        [0.1] * 8,
        expected_kw={"pumped_reservoir": [30.0] * 8, "heat_load": [100.0] * 8},
        states={"pumped_reservoir": {"volume_m3": volume_m3}, "heat_storage": {"energy_kwh": 1500.0}},
        unavailable=out,
        end_at_start=True,
    )
    made = plan(region, problem)
    served_kwh = min(60.0, volume_m3 * region.asset("pumped_reservoir").pump_kwh_per_m3) if out else 60.0
    unserved = [breach.size for breach in made.breaches if breach.name == "unserved_water"]
    assert bool(unserved) == (served_kwh < 60.0)
    assert not [breach for breach in made.breaches if breach.name == "unserved_heat"]
