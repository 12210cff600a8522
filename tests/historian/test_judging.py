"""Shadows and scores are recorded with a plan, once a day, and expire."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.domain import Forecast, Plan, Rung
from energy.historian.limits import LIVE_SCORES_KEPT_DAYS
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.live_score import DayScores, Lead, LiveScore, Rival
from energy.ports import PlanAnswer

T0 = datetime(2020, 6, 1, 22, tzinfo=UTC)
SHADOW = Forecast(
    asset_id="load",
    issued_at=T0,
    known_at=T0,
    model="seasonal",
    start=T0,
    quantiles_kw=np.arange(10.0).reshape(5, 2),
)
SCORE = LiveScore(
    asset_id="load",
    model="learned",
    lead=Lead.DAY_AHEAD,
    n=96,
    error_kw=1.0,
    error_kw_abs=2.0,
    error_kw_squared=3.0,
    pinball_kw=4.0,
    inside=90,
    truth_kw_abs=5.0,
    rivals={"day_before": Rival(n=96, error_kw_abs=7.0, own_error_kw_abs=2.0)},
)
ANSWER = PlanAnswer(
    plan=Plan(
        plan_id="p1",
        region_id="r",
        issued_at=T0,
        start=T0,
        rung=Rung.OPTIMAL,
        status="optimal",
        gap=0.0,
        objective_eur={},
        assets={},
        marginal_price_eur_per_kwh={},
    ),
    forecasts=(),
    shadows=(SHADOW,),
    scores=(DayScores(day_start=T0, scores=(SCORE,)),),
)
DAY = timedelta(days=1)


def test_scores_told_twice_count_once_and_shadows_stand_apart(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        record.write_plan(ANSWER)
        record.write_plan(dataclasses.replace(ANSWER, shadows=()))
        record.commit()
        with open_reader(tmp_path) as reader:
            assert reader.live_scores(T0, T0 + DAY) == [SCORE]
            assert reader.live_scores(T0, T0 + DAY, "load") == [SCORE]
            assert reader.live_scores(T0, T0 + DAY, "pv") == []
            assert reader.scored_days(T0, T0 + DAY) == [T0]
            assert reader.forecasts_at(T0) == []
            (shadow,) = reader.shadows_between("load", T0, T0 + DAY)
            assert shadow.model == "seasonal"
            assert np.array_equal(shadow.quantiles_kw, SHADOW.quantiles_kw)


def test_a_day_without_scores_counts_as_looked_at(tmp_path: Path) -> None:
    empty = dataclasses.replace(ANSWER, scores=(DayScores(day_start=T0, scores=()),))
    with SqliteRecord(tmp_path) as record:
        record.write_plan(empty)
        assert record.scored_days(T0, T0 + DAY) == [T0]


def test_scores_go_after_two_years(tmp_path: Path) -> None:
    with SqliteRecord(tmp_path) as record:
        record.write_plan(ANSWER)
        record._judging.prune(T0 + timedelta(days=LIVE_SCORES_KEPT_DAYS))
        assert record.live_scores(T0, T0 + DAY) == [SCORE]
        record._judging.prune(T0 + timedelta(days=LIVE_SCORES_KEPT_DAYS + 1))
        assert record.live_scores(T0, T0 + DAY) == []
        assert record.shadows_between("load", T0, T0 + DAY) == []
