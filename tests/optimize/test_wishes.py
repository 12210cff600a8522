"""What the region wishes beside its bill: it moves the plan, stands apart, and is 0 unless set."""

from dataclasses import replace

import numpy as np
import pytest

from energy.evaluation.foresight import unhampered
from energy.optimize.cost import PARTS, WISHES
from energy.optimize.fallback.rules import rules_plan
from energy.region.objective import Objective


def wishing(region, **weights):
    return replace(region, objective=Objective(**weights))


def with_pv(tiny, **weights):
    """Two hours of surplus and two of need; import is dear enough to pay for a battery's losses only just."""
    region = wishing(
        tiny.region(tiny.asset("load"), tiny.asset("pv"), tiny.asset("battery"), **tiny_market()), **weights
    )
    problem = tiny.problem(
        region,
        [0.1] * 16,
        expected_kw={"load": [100.0] * 16, "pv": [-300.0] * 8 + [0.0] * 8},
        states={"battery": {"energy_kwh": 100.0}},
    )
    return region, problem


def tiny_market():
    return {"import_surcharge_eur_per_kwh": 0.0, "import_co2_kg_per_kwh": 0.4}


def exchanged_kwh(made):
    return 0.25 * float(np.abs(made.assets["grid_point"].power_kw).sum())


def test_without_weights_no_part_is_a_wish(tiny, plan):
    made = plan(*with_pv(tiny))
    assert set(made.objective_eur) == set(PARTS)
    assert [made.objective_eur[name] for name in WISHES] == [0.0, 0.0, 0.0]


def test_autarky_keeps_in_the_region_what_would_have_been_sold_and_bought_back(tiny, plan):
    without = plan(*with_pv(tiny))
    weighed = plan(*with_pv(tiny, import_weight_eur_per_kwh=0.05, export_weight_eur_per_kwh=0.05))
    assert exchanged_kwh(weighed) < exchanged_kwh(without) - 100.0
    assert weighed.objective_eur["wish_autarky"] == pytest.approx(0.05 * exchanged_kwh(weighed))
    bill = {name: eur for name, eur in weighed.objective_eur.items() if name not in WISHES}
    cheapest = sum(without.objective_eur.values())
    assert sum(bill.values()) > cheapest, "a wish costs money, or it would not be one"


def test_a_weight_on_co2_moves_imports_to_hours_of_cleaner_supply(tiny, plan):
    region = wishing(tiny.region(tiny.asset("load"), tiny.asset("flexible_load")), co2_weight_eur_per_t=100.0)
    carbon = np.array([0.5] * 4 + [0.1] * 4)
    problem = tiny.problem(
        region,
        [0.1] * 8,
        expected_kw={"load": [0.0] * 8, "flexible_load": [100.0] * 2 + [0.0] * 6},
        import_co2_kg_per_kwh=carbon,
    )
    made = plan(region, problem)
    drawn = made.assets["flexible_load"].power_kw
    assert drawn[:4].sum() == pytest.approx(0.0, abs=1e-6)
    assert made.objective_eur["wish_co2"] == pytest.approx(0.25 * float(drawn @ carbon) * 0.1)
    assert made.marginal_price_eur_per_kwh["electricity"][:4] == pytest.approx(0.1 + 0.05)


def test_fuel_burnt_here_weighs_as_imports_do(tiny, plan):
    region = wishing(tiny.region(tiny.asset("boiler"), tiny.asset("heat_load")), co2_weight_eur_per_t=100.0)
    made = plan(region, tiny.problem(region, [0.1] * 4, expected_kw={"heat_load": [90.0] * 4}))
    assert made.objective_eur["wish_co2"] == pytest.approx(90.0 / 0.9 * 0.2 * 0.1)
    assert made.objective_eur["co2"] == 0.0


def test_rules_account_for_wishes_as_a_plan_does(tiny):
    region = wishing(
        tiny.region(tiny.asset("load"), **tiny_market()),
        co2_weight_eur_per_t=50.0,
        import_weight_eur_per_kwh=0.01,
    )
    problem = tiny.problem(region, [0.1] * 4, expected_kw={"load": [100.0] * 4})
    by_rules = rules_plan(problem, plan_id="r", issued_at=tiny.start)
    drawn = np.maximum(0.0, by_rules.assets["grid_point"].power_kw)
    assert by_rules.objective_eur["wish_co2"] == pytest.approx(0.25 * float(drawn.sum()) * 0.02)
    assert by_rules.objective_eur["wish_autarky"] == pytest.approx(0.25 * float(drawn.sum()) * 0.01)
    assert drawn.sum() == pytest.approx(400.0)


def test_perfect_foresight_has_no_wishes(tiny):
    region, _problem = with_pv(tiny, co2_weight_eur_per_t=50.0)
    assert unhampered(region).objective == Objective()


def test_a_region_file_says_which_weight_is_wrong(tiny):
    with pytest.raises(ValueError, match="co2_weight_eur_per_t"):
        Objective(co2_weight_eur_per_t=-1.0)


def test_import_and_export_are_never_both_in_use_at_negative_prices(tiny, plan):
    """Surcharge and discount are never negative, so nothing is gained by turning energy in a circle."""
    region = tiny.region(tiny.asset("load"), tiny.asset("pv"), export_discount_eur_per_kwh=0.002)
    problem = tiny.problem(
        region, [-0.5, -0.1, 0.0, 0.1], expected_kw={"load": [50.0] * 4, "pv": [-200.0] * 4}
    )
    made = plan(region, problem)
    exchange = made.assets["grid_point"].power_kw
    price = problem.market_eur_per_kwh
    paid = 0.25 * float(price @ np.maximum(0.0, exchange))
    earned = 0.25 * float((price - 0.002) @ np.maximum(0.0, -exchange))
    assert made.objective_eur["energy_import"] == pytest.approx(paid)
    assert made.objective_eur["energy_export"] == pytest.approx(-earned)


def nominated(tiny, *, load_kw=100.0, **weights):
    """A plan was sent for the first hour; since then prices have turned, or the load."""
    region = wishing(tiny.region(tiny.asset("load"), tiny.asset("battery")), **weights)
    problem = tiny.problem(
        region,
        [0.1] * 4 + [0.4] * 4,
        expected_kw={"load": [load_kw] * 8},
        states={"battery": {"energy_kwh": 500.0}},
        nominated_kw=np.array([100.0] * 4 + [np.nan] * 4),
    )
    return region, problem


def test_a_firm_nomination_is_kept_though_deviating_would_pay(tiny, plan):
    free = plan(*nominated(tiny)).assets["grid_point"].power_kw
    assert np.abs(free[:4] - 100.0).max() > 1.0
    firm = plan(*nominated(tiny, nomination_weight_eur_per_kwh=5.0))
    assert firm.assets["grid_point"].power_kw[:4] == pytest.approx([100.0] * 4)
    assert firm.objective_eur["wish_nomination"] == pytest.approx(0.0, abs=1e-9)
    assert firm.objective_eur["imbalance"] == 0.0


def test_what_no_device_can_keep_is_told_as_the_wish_that_it_misses(tiny, plan):
    made = plan(*nominated(tiny, load_kw=900.0, nomination_weight_eur_per_kwh=5.0))
    missed_kw = np.abs(made.assets["grid_point"].power_kw[:4] - 100.0)
    assert missed_kw.max() > 100.0
    assert made.objective_eur["wish_nomination"] == pytest.approx(0.25 * 5.0 * float(missed_kw.sum()))
