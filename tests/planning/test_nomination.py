"""What counts as nominated, and that it needs no memory but the recorded plans."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from energy.domain import AssetPlan, FloatArray, Forecast, Plan, Rung
from energy.periods import HORIZON_PERIODS, PERIOD
from energy.planning.nomination import Nominations
from energy.region.model import Region
from tests.controller.networks import region_in

NOON = datetime(2020, 6, 2, 10, tzinfo=UTC)
"""12:00 in Berlin on the day before."""
MIDNIGHT = datetime(2020, 6, 2, 22, tzinfo=UTC)


class RecordedPlans:
    """Plans in memory, in the order of their issue; counts how often one is looked up."""

    def __init__(self, *plans: Plan) -> None:
        self._plans = plans
        self.looked_up = 0

    def record(self, plan: Plan) -> None:
        self._plans += (plan,)

    def plan_at(self, moment: datetime) -> Plan | None:
        self.looked_up += 1
        known = [plan for plan in self._plans if plan.issued_at <= moment]
        return known[-1] if known else None

    def forecasts_at(self, moment: datetime) -> Sequence[Forecast]:
        raise AssertionError(f"nominations ask for no forecasts, and not at {moment}")


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return region_in(tmp_path_factory.mktemp("tal"))


def plan(start: datetime, first_kw: float, *, issued_at: datetime | None = None) -> Plan:
    """A plan whose exchange grows by one kW a period."""
    return Plan(
        plan_id=f"p{start:%H%M}",
        region_id="tal",
        issued_at=issued_at if issued_at is not None else start - timedelta(minutes=2),
        start=start,
        rung=Rung.OPTIMAL,
        status="optimal",
        gap=0.0,
        objective_eur={},
        assets={"netz": AssetPlan(power_kw=first_kw + np.arange(HORIZON_PERIODS, dtype=np.float64))},
        marginal_price_eur_per_kwh={},
    )


def test_the_plan_in_force_at_the_hour_of_nomination_is_nominated(region: Region) -> None:
    before, at_noon, after = (
        plan(NOON + delta, 1000.0 * n) for n, delta in enumerate([-PERIOD, 0 * PERIOD, PERIOD])
    )
    nominations = Nominations(region, RecordedPlans(before, at_noon, after))
    nominated_kw = nominations.nominated_kw(start=MIDNIGHT, periods=96, known_at=MIDNIGHT)
    assert nominated_kw.tolist() == (1000.0 + 48.0 + np.arange(96)).tolist()


def test_a_day_is_not_nominated_before_its_hour(region: Region) -> None:
    nominations = Nominations(region, RecordedPlans(plan(NOON, 0.0)))
    just_before = NOON - timedelta(seconds=1)
    nominated_kw = nominations.nominated_kw(start=NOON - PERIOD, periods=192, known_at=just_before)
    assert np.isnan(nominated_kw).all()
    assert np.isfinite(nominations.nominated_kw(start=MIDNIGHT, periods=96, known_at=NOON)).all()


def test_the_day_after_a_nominated_one_is_still_open(region: Region) -> None:
    nominations = Nominations(region, RecordedPlans(plan(NOON, 0.0)))
    nominated_kw = nominations.nominated_kw(start=MIDNIGHT, periods=192, known_at=MIDNIGHT)
    assert np.isfinite(nominated_kw[:96]).all()
    assert np.isnan(nominated_kw[96:]).all()


def test_without_a_plan_at_the_hour_nothing_is_nominated(region: Region) -> None:
    nominations = Nominations(region, RecordedPlans())
    assert np.isnan(nominations.nominated_kw(start=MIDNIGHT, periods=96, known_at=MIDNIGHT)).all()


def test_a_day_whose_plan_was_not_recorded_yet_is_asked_again(region: Region) -> None:
    plans = RecordedPlans()
    nominations = Nominations(region, plans)

    def nominated_kw() -> FloatArray:
        return nominations.nominated_kw(start=MIDNIGHT, periods=96, known_at=NOON)

    assert np.isnan(nominated_kw()).all()
    plans.record(plan(NOON, 0.0))
    assert np.isfinite(nominated_kw()).all()
    assert np.isfinite(nominated_kw()).all()
    assert plans.looked_up == 2


def test_a_plan_too_old_to_be_followed_nominates_nothing(region: Region) -> None:
    age = timedelta(seconds=region.control.plan_age_s_max)
    for late, known in ((timedelta(minutes=1), False), (-timedelta(minutes=1), True)):
        plans = RecordedPlans(plan(NOON, 0.0, issued_at=NOON - age - late))
        nominated_kw = Nominations(region, plans).nominated_kw(start=MIDNIGHT, periods=96, known_at=MIDNIGHT)
        assert np.isfinite(nominated_kw).all() == known


def test_rules_are_never_nominated_but_the_plan_before_them_is(region: Region) -> None:
    good, rules = plan(NOON - PERIOD, 1000.0), replace(plan(NOON, 5.0), rung=Rung.RULES)
    nominations = Nominations(region, RecordedPlans(good, rules))
    nominated_kw = nominations.nominated_kw(start=MIDNIGHT, periods=96, known_at=MIDNIGHT)
    assert nominated_kw[0] == 1000.0 + 49.0
    only_rules = Nominations(region, RecordedPlans(rules))
    assert np.isnan(only_rules.nominated_kw(start=MIDNIGHT, periods=96, known_at=MIDNIGHT)).all()


def test_each_day_is_looked_up_once(region: Region) -> None:
    plans = RecordedPlans(plan(NOON, 0.0))
    nominations = Nominations(region, plans)
    for number in range(20):
        nominations.nominated_kw(start=MIDNIGHT + number * PERIOD, periods=8, known_at=MIDNIGHT)
    assert plans.looked_up == 1


@pytest.mark.parametrize(("day", "periods"), [(date(2020, 3, 29), 92), (date(2020, 10, 25), 100)])
def test_a_day_with_a_clock_change_is_nominated_whole(region: Region, day: date, periods: int) -> None:
    noon = datetime(day.year, day.month, day.day - 1, 12, tzinfo=region.zone).astimezone(UTC)
    first = datetime(day.year, day.month, day.day, tzinfo=region.zone).astimezone(UTC)
    nominations = Nominations(region, RecordedPlans(plan(noon, 0.0)))
    nominated_kw = nominations.nominated_kw(start=first, periods=periods + 4, known_at=first)
    assert np.isfinite(nominated_kw[:periods]).all()
    assert np.isnan(nominated_kw[periods:]).all()
