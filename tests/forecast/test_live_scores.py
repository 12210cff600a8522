"""Live forecasts are scored by model and lead class, against what came, and days add up."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energy.domain import Forecast
from energy.forecast.judging.error_cost import error_cost
from energy.forecast.judging.live_scores import Day, day_scores, naive_kw
from energy.live_score import DAY_BEFORE, WEEK_BEFORE, Lead, LiveScore, standings
from energy.periods import PERIOD, local_day, periods_between

ZONE = ZoneInfo("Europe/Berlin")
START, END = local_day(date(2020, 6, 2), ZONE)
NOON = datetime(2020, 6, 1, 10, tzinfo=UTC)
BAND = np.array([[-10.0], [-5.0], [0.0], [5.0], [10.0]])


def day_of(sign: int = 1, truth: float = 100.0) -> Day:
    return Day(
        start=START,
        zone=ZONE,
        sign=sign,
        truth_kw=np.full(96, truth),
        naive_kw={DAY_BEFORE: np.full(96, truth + 20.0), WEEK_BEFORE: np.full(96, np.nan)},
        price_eur_per_kwh=np.full(96, 0.1),
        imbalance_eur_per_kwh=0.0,
    )


def forecast_of(
    model: str, start: datetime, magnitude: float, *, sign: int = 1, lead: timedelta = timedelta(minutes=2)
) -> Forecast:
    quantiles = np.sort(sign * (magnitude + BAND + np.zeros((5, 192))), axis=0)
    return Forecast(
        asset_id="a",
        issued_at=start - lead,
        known_at=start - lead,
        model=model,
        start=start,
        quantiles_kw=quantiles,
    )


def found(scores: tuple[LiveScore, ...], model: str, lead: Lead) -> LiveScore:
    return next(score for score in scores if (score.model, score.lead) == (model, lead))


def test_a_forecast_of_noon_is_the_day_ahead_and_its_hours_fall_in_their_classes() -> None:
    scores = day_scores(day_of(), [forecast_of("learned", NOON, 105.0)])
    ahead = found(scores, "learned", Lead.DAY_AHEAD)
    assert (ahead.n, ahead.error_kw, ahead.error_kw_abs, ahead.inside) == (96, 480.0, 480.0, 96)
    assert {score.lead: score.n for score in scores} == {
        Lead.DAY_AHEAD: 96,
        Lead.FROM_6_TO_24_H: 48,
        Lead.FROM_24_TO_48_H: 48,
    }


def test_a_forecast_is_scored_in_the_class_of_its_lead_and_none_after_the_fact() -> None:
    scores = day_scores(day_of(), [forecast_of("learned", START + 8 * PERIOD, 100.0)])
    assert {score.lead: score.n for score in scores} == {
        Lead.UNDER_1_H: 4,
        Lead.FROM_1_TO_6_H: 20,
        Lead.FROM_6_TO_24_H: 64,
    }
    late = forecast_of("learned", START, 100.0, lead=timedelta(minutes=-10))
    assert found(day_scores(day_of(), [late]), "learned", Lead.UNDER_1_H).n == 4


def test_generation_is_judged_as_magnitude_and_costs_by_what_the_region_lacks() -> None:
    scores = day_scores(day_of(sign=-1), [forecast_of("learned", NOON, 120.0, sign=-1)])
    ahead = found(scores, "learned", Lead.DAY_AHEAD)
    assert ahead.error_kw == pytest.approx(96 * 20.0)
    assert ahead.inside == 0
    assert ahead.short_eur == pytest.approx(96 * 20.0 * 0.25 * 0.1)
    assert (ahead.long_eur, ahead.cost_eur) == (0.0, pytest.approx(ahead.short_eur))


def test_rivals_are_ranked_over_the_same_day_and_skill_is_against_naive_forecasts() -> None:
    live, shadow = forecast_of("learned", NOON, 105.0), forecast_of("seasonal", NOON, 90.0)
    rows = [row for row in standings(day_scores(day_of(), [live], [shadow])) if row.lead is Lead.DAY_AHEAD]
    assert [(row.model, row.mae_kw) for row in rows] == [("learned", 5.0), ("seasonal", 10.0)]
    assert rows[0].skill_day_before == pytest.approx(0.75)
    assert rows[0].skill_week_before is None
    assert rows[0].nmae == pytest.approx(0.05)


def test_a_corrected_forecast_answers_to_itself_without_the_correction() -> None:
    base = forecast_of("learned", NOON, 110.0)
    quantiles = base.quantiles_kw.copy()
    quantiles[:, 48:96] -= 5.0
    after = Forecast(
        asset_id="a",
        issued_at=base.issued_at,
        known_at=base.known_at,
        model="learned+corrected",
        start=NOON,
        quantiles_kw=quantiles,
    )
    other = forecast_of("seasonal", NOON, 100.0)
    rows = {
        row.model: row
        for row in standings(day_scores(day_of(), [after], [base, other]))
        if row.lead is Lead.DAY_AHEAD
    }
    assert rows["learned+corrected"].skill_uncorrected == pytest.approx(0.5)
    assert rows["learned"].skill_uncorrected is None
    assert rows["learned"].mae_kw == pytest.approx(10.0)
    touched = [score for score in day_scores(day_of(), [after], [base]) if score.model.endswith("+corrected")]
    assert {score.lead: score.n for score in touched} == {
        Lead.DAY_AHEAD: 48,
        Lead.FROM_6_TO_24_H: 48,
    }
    assert (rows["learned"].n, rows["learned+corrected"].n) == (96, 48)
    assert rows["learned+corrected"].mae_kw == pytest.approx(5.0)
    assert {model: row.rank for model, row in rows.items()} == {
        "seasonal": 1,
        "learned": 2,
        "learned+corrected": None,
    }


def test_there_is_no_rank_where_rivals_forecast_other_quarter_hours() -> None:
    live = [forecast_of("learned", NOON + hour * timedelta(hours=1), 105.0) for hour in range(12)]
    rows = standings(day_scores(day_of(), live, [forecast_of("seasonal", NOON, 90.0)]))
    assert {row.model for row in rows if row.lead is Lead.FROM_6_TO_24_H} == {"learned", "seasonal"}
    assert {row.rank for row in rows if row.lead is not Lead.DAY_AHEAD} == {None}
    assert [row.rank for row in rows if row.lead is Lead.DAY_AHEAD] == [1, 2]
    alone = standings(day_scores(day_of(), live))
    assert {row.rank for row in alone} == {None}


def test_what_was_not_measured_is_not_scored() -> None:
    day = day_of()
    day.truth_kw[10:] = np.nan
    assert found(day_scores(day, [forecast_of("learned", NOON, 105.0)]), "learned", Lead.DAY_AHEAD).n == 10
    day.truth_kw[:] = np.nan
    assert day_scores(day, [forecast_of("learned", NOON, 105.0)]) == ()


def test_days_add_up() -> None:
    score = found(day_scores(day_of(), [forecast_of("learned", NOON, 105.0)]), "learned", Lead.DAY_AHEAD)
    (one,), (two,) = standings([score]), standings([score, score])
    assert two.n == 2 * one.n
    assert two.cost_eur_per_day == one.cost_eur_per_day
    assert (two.mae_kw, two.coverage, two.skill_day_before) == (
        one.mae_kw,
        one.coverage,
        one.skill_day_before,
    )


@pytest.mark.parametrize("day", [date(2020, 3, 30), date(2020, 3, 29), date(2020, 10, 26), date(2020, 6, 2)])
def test_naive_forecasts_go_by_the_clock_on_the_wall(day: date) -> None:
    start, end = local_day(day, ZONE)
    first = start - timedelta(days=10)
    count = periods_between(first, end)
    hours = [(first + place * PERIOD).astimezone(ZONE).hour for place in range(count)]
    values = np.array(hours, dtype=np.float64)
    periods = periods_between(start, end)
    naive = naive_kw(values, first=first, start=start, periods=periods, zone=ZONE)
    wanted = values[-periods:]
    for name in (DAY_BEFORE, WEEK_BEFORE):
        off = naive[name] != wanted
        assert off.sum() <= 4  # the hour that the day before did not have


def test_error_cost_leaves_out_what_is_not_known_and_knows_negative_prices() -> None:
    cost = error_cost(
        truth_kw=np.array([8.0, 4.0, np.nan, 9.0]),
        expected_kw=np.array([4.0, 8.0, 1.0, 1.0]),
        price_eur_per_kwh=np.array([-0.1, 0.05, 0.1, np.nan]),
        imbalance_eur_per_kwh=0.01,
        period_h=0.25,
    )
    assert cost.n == 2
    assert cost.short_eur == pytest.approx(-0.1)
    assert cost.long_eur == pytest.approx(-0.05)
    assert cost.cost_eur == pytest.approx(0.1 + 0.05 + 2 * 0.01)
