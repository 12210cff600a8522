"""Cases solved by hand: folders with region, series, state and the derivation of what is expected."""

import json

import pytest

from energy.optimize.files.planning import plan_from_files
from energy.region.loader import load_region
from tests.optimize.cases import small_cases


@pytest.mark.parametrize("case", small_cases(), ids=lambda case: case.name)
def test_plan_equals_the_hand_calculation(case):
    expected = json.loads((case / "expected.json").read_text())
    plan = plan_from_files(load_region(str(case)), case / "series.csv", case / "state.json", None)
    tolerance = expected["tolerance"]
    assert plan["status"] == expected["status"]
    assert plan["objective_eur"] == pytest.approx(expected["objective_eur"], abs=tolerance["eur"])
    for part, amount_eur in expected["objective_parts_eur"].items():
        assert plan["objective_parts_eur"][part] == pytest.approx(amount_eur, abs=tolerance["eur"]), part
    for asset_id, powers in expected["power_kw"].items():
        compare(plan["assets"][asset_id]["power_kw"], powers, tolerance["kw"])
    for asset_id, states in expected.get("states", {}).items():
        for name, values in states.items():
            compare(plan["assets"][asset_id][name], values, tolerance["kw"])
    if "marginal_price_eur_per_kwh" in expected:
        prices = plan["marginal_price_eur_per_kwh"]["electricity"]
        compare(prices, expected["marginal_price_eur_per_kwh"], tolerance["eur_per_kwh"])
    binding = [[b["name"], b["asset_id"], b["periods"]] for b in plan["binding"]]
    assert all(wanted in binding for wanted in expected.get("binding", []))
    breaches = [[b["name"], b["asset_id"], round(b["size"], 6), b["unit"]] for b in plan["breaches"]]
    assert breaches == expected.get("breaches", [])


def compare(values, expected, tolerance):
    """Compare where something is expected: null stands for one of many equal optima."""
    for value, wanted in zip(values, expected, strict=True):
        assert wanted is None or value == pytest.approx(wanted, abs=tolerance)
