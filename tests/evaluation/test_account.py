"""The account against sums worked out by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from energy.evaluation.account import Bill, account_of, sums_eur, total_eur
from energy.evaluation.course import Course
from energy.region.model import Region

START = datetime(2020, 5, 3, 22, tzinfo=UTC)
PRICE = np.array([0.10, 0.20, -0.05, 0.10])


def course(*, exchange_kw: list[float], nominated_kw: list[float], content_kwh: list[float]) -> Course:
    """Two MW of sun are there, and one is fed in; the battery gives 100 kW in the second quarter hour."""
    return Course(
        start=START,
        means={
            "grid_point": {"power_kw": np.array(exchange_kw)},
            "pv": {
                "power_kw": np.full(4, -1000.0),
                "power_kw_available": np.array([-1000.0, -1000.0, -2000.0, -1000.0]),
            },
            "battery": {"power_kw": np.array([0.0, -100.0, 0.0, 0.0])},
        },
        ends={"battery": {"energy_kwh": np.array(content_kwh)}},
        nominated_kw=np.array(nominated_kw),
    )


def bill(**changes: float) -> Bill:
    return Bill(price_eur_per_kwh=PRICE, days=1, last_day_periods=4, **changes)


def test_each_part_is_what_a_hand_gets(tiny: Region) -> None:
    happened = course(
        exchange_kw=[400.0, -200.0, 400.0, 800.0],
        nominated_kw=[400.0, -100.0, 440.0, 800.0],
        content_kwh=[500.0, 500.0, 473.7, 473.7, 473.7],
    )
    parts = sums_eur(account_of(tiny, happened, bill()))
    assert parts["energy"] == pytest.approx(0.25 * (40.0 - 40.0 - 20.0 + 80.0))
    assert parts["imbalance"] == pytest.approx(0.25 * 0.065 * (100.0 + 40.0))
    assert parts["fees"] == pytest.approx(0.25 * (0.01 * 1600.0 + 0.002 * 200.0))
    assert parts["wear"] == pytest.approx(0.25 * 0.01 * 100.0)
    assert parts["capacity"] == pytest.approx(70.0 / 365.0 * 800.0)
    assert parts["end_stores"] == pytest.approx(26.3 * 0.20 / 0.95)
    assert parts["fuel"] == parts["shortfall"] == 0.0
    assert "curtailment" not in parts, "what a park may not sell is lost revenue, and that is in the energy"


def test_nomination_at_its_price_and_deviation_at_its_price_are_the_exchange_at_its_price(
    tiny: Region,
) -> None:
    exchange, nominated = np.array([400.0, -200.0, 400.0, 800.0]), np.array([300.0, 0.0, 500.0, 800.0])
    happened = course(exchange_kw=exchange.tolist(), nominated_kw=nominated.tolist(), content_kwh=[1.0] * 5)
    by_hand = 0.25 * float(PRICE @ nominated) + 0.25 * float(PRICE @ (exchange - nominated))
    by_hand += 0.25 * 0.065 * float(np.abs(exchange - nominated).sum())
    parts = sums_eur(account_of(tiny, happened, bill()))
    assert parts["energy"] + parts["imbalance"] == pytest.approx(by_hand)


def test_a_store_that_ends_fuller_earns_the_last_days_lowest_price_but_never_pays_for_it(
    tiny: Region,
) -> None:
    happened = course(
        exchange_kw=[0.0] * 4, nominated_kw=[0.0] * 4, content_kwh=[100.0, 100.0, 100.0, 100.0, 300.0]
    )
    assert sums_eur(account_of(tiny, happened, bill()))["end_stores"] == 0.0
    dearer = Bill(price_eur_per_kwh=PRICE + 0.10, days=1, last_day_periods=4)
    earned = sums_eur(account_of(tiny, happened, dearer))["end_stores"]
    assert earned == pytest.approx(-200.0 * 0.05 * 0.95)


def test_one_floor_takes_the_same_from_every_case(tiny: Region) -> None:
    low = course(exchange_kw=[500.0] * 4, nominated_kw=[500.0] * 4, content_kwh=[1.0] * 5)
    high = course(exchange_kw=[800.0] * 4, nominated_kw=[800.0] * 4, content_kwh=[1.0] * 5)

    def apart(peak_floor_kw: float) -> float:
        floor = bill(peak_floor_kw=peak_floor_kw)
        return total_eur(account_of(tiny, high, floor)) - total_eur(account_of(tiny, low, floor))

    assert apart(0.0) == pytest.approx(apart(500.0))
    assert sums_eur(account_of(tiny, low, bill(peak_floor_kw=500.0)))["capacity"] == 0.0
