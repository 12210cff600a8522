"""How the capacity charge is billed: by the year, or by the month."""

from dataclasses import replace
from datetime import date

import pytest

from energy.region.asset import HistoryColumn
from energy.region.market import Market

YEARLY = Market(
    day_ahead=HistoryColumn(file="prices.csv", column="price_eur_per_mwh"),
    capacity_charge_eur_per_kw_year=75.0,
)
MONTHLY = replace(YEARLY, capacity_charge_eur_per_kw_year=0.0, capacity_charge_eur_per_kw_month=9.0)


@pytest.mark.parametrize(
    ("market", "charge_eur_per_kw", "eur_per_kw_and_year"), [(YEARLY, 75.0, 75.0), (MONTHLY, 9.0, 108.0)]
)
def test_a_new_peak_costs_what_its_billing_period_charges(
    market: Market, charge_eur_per_kw: float, eur_per_kw_and_year: float
) -> None:
    assert market.capacity_charge_eur_per_kw == charge_eur_per_kw
    assert market.capacity_charge_eur_per_kw_and_year == eur_per_kw_and_year


def test_a_billing_period_is_a_year_or_a_month() -> None:
    last, first = date(2026, 10, 31), date(2026, 11, 1)
    assert YEARLY.billing_period(last) == YEARLY.billing_period(first) == 2026
    assert (MONTHLY.billing_period(last), MONTHLY.billing_period(first)) == (202610, 202611)
    assert YEARLY.billing_period_start(last) == date(2026, 1, 1)
    assert MONTHLY.billing_period_start(last) == date(2026, 10, 1)


def test_no_peak_is_billed_twice() -> None:
    with pytest.raises(ValueError, match="by the year or by the month"):
        replace(YEARLY, capacity_charge_eur_per_kw_month=9.0)
