"""The planner's child process for real: it answers, dies, hangs, and is replaced."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.domain import Image, Point, Quality, Reading, Rung
from energy.errors import PlannerUnavailable
from energy.historian.preload import preload
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import parse_utc
from energy.planning.child import PlannerProcess
from energy.planning.desk import RulesPlanner
from energy.planning.messages import decode_request, encode_request
from energy.planning.worker import IN_TURN
from energy.ports import PlanAnswer, PlanRequest, Prices
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from energy.region.model import Region

NOW = parse_utc("2020-05-18T09:58Z")
START = parse_utc("2020-05-18T10:00Z")
DIGEST = load_region("musterstadt").digest
VALUES = {
    ("load", Point.POWER_KW): 6000.0,
    ("grid_loss", Point.POWER_KW): 150.0,
    ("wind_park", Point.POWER_KW_AVAILABLE): -1000.0,
    ("pv_park", Point.POWER_KW_AVAILABLE): -2000.0,
    ("hydro", Point.POWER_KW_AVAILABLE): -100.0,
    ("battery", Point.ENERGY_KWH): 2000.0,
    ("battery", Point.POWER_KW): 0.0,
    ("ev_hub", Point.ENERGY_KWH_BACKLOG): 200.0,
    ("ev_hub", Point.ENERGY_KWH_URGENT): 20.0,
}


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region("musterstadt")


@pytest.fixture(scope="module")
def folder(region: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("record")
    with SqliteRecord(made) as record:
        preload(region, RegionHistory(region), record, start=NOW)
    return made


@pytest.fixture
def planner(folder: Path) -> Iterator[PlannerProcess]:
    made = PlannerProcess(["musterstadt", str(folder), DIGEST, IN_TURN], seconds_max=90.0, wait_s=90.0)
    yield made
    made.close()


def request_of(number: int = 0) -> PlanRequest:
    readings = {
        key: Reading(asset_id=key[0], point=key[1], value=value, quality=Quality.GOOD, measured_at=NOW)
        for key, value in VALUES.items()
    }
    return PlanRequest(
        plan_id=f"p{number}",
        issued_at=NOW + timedelta(minutes=15 * number),
        start=START + timedelta(minutes=15 * number),
        image=Image(at=NOW, readings=readings),
        limits=(),
        billed_peak_kw=6000.0,
    )


def answer_of(planner: PlannerProcess, request: PlanRequest) -> PlanAnswer:
    planner.start(request)
    answer = planner.poll()
    assert answer is not None
    return answer


def test_a_request_survives_the_pipe() -> None:
    request = request_of()
    assert decode_request(encode_request(request)) == request


def test_the_child_plans_learns_and_is_replaced_when_it_dies(planner: PlannerProcess, region: Region) -> None:
    first = answer_of(planner, request_of(0))
    assert first.plan.rung is Rung.OPTIMAL
    assert set(first.plan.assets) == {asset.id for asset in region.assets}
    assert first.plan.periods == 192
    assert {forecast.asset_id for forecast in first.forecasts} == {
        "load",
        "wind_park",
        "pv_park",
        "hydro",
        "ev_hub",
    }
    balance = sum(part.power_kw for name, part in first.plan.assets.items() if name != "grid_point")
    np.testing.assert_allclose(first.plan.assets["grid_point"].power_kw, balance, atol=1e-3)
    models = {forecast.model for forecast in first.forecasts}
    assert models == {"physical", "seasonal"}, "a first plan never waits for a model"
    second = answer_of(planner, request_of(1))
    assert "learned" in {forecast.model for forecast in second.forecasts}

    pid = planner.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    planner.start(request_of(2))
    with pytest.raises(PlannerUnavailable, match="died"):
        _poll_until_it_raises(planner)
    third = answer_of(planner, request_of(3))
    assert third.plan.rung is Rung.OPTIMAL
    assert planner.pid != pid
    assert "learned" in {forecast.model for forecast in third.forecasts}, "what was learned outlives it"


def test_a_planner_over_its_time_is_ended(folder: Path) -> None:
    planner = PlannerProcess(["musterstadt", str(folder), DIGEST], seconds_max=0.2)
    try:
        planner.start(request_of())
        assert planner.pid is not None
        with pytest.raises(PlannerUnavailable, match="no plan within"):
            _poll_until_it_raises(planner)
        assert planner.pid is None
    finally:
        planner.close()


def test_a_busy_planner_says_so(folder: Path) -> None:
    planner = PlannerProcess(["musterstadt", str(folder), DIGEST], seconds_max=30.0)
    try:
        planner.start(request_of())
        with pytest.raises(PlannerUnavailable, match="busy"):
            planner.start(request_of(1))
    finally:
        planner.close()


def test_a_worker_that_cannot_start_is_reported(tmp_path: Path) -> None:
    planner = PlannerProcess(["no_such_region", str(tmp_path), DIGEST], seconds_max=30.0)
    try:
        planner.start(request_of())
        with pytest.raises(PlannerUnavailable, match="died"):
            _poll_until_it_raises(planner)
    finally:
        planner.close()


class FlatPrices:
    """Prices that never change."""

    def prices(self, *, start: datetime, periods: int, known_at: datetime) -> Prices:
        assert known_at <= start
        return Prices(start=start, price_eur_per_kwh=np.full(periods, 0.09), indicative=[True] * periods)


def test_the_rules_plan_without_child_solver_or_record(region: Region) -> None:
    rules = RulesPlanner(region, prices=FlatPrices())
    rules.start(request_of())
    answer = rules.poll()
    assert answer is not None
    assert answer.plan.rung is Rung.RULES
    assert rules.poll() is None


def test_the_rules_plan_even_if_nothing_is_measured(region: Region) -> None:
    rules = RulesPlanner(region, prices=FlatPrices())
    blind = PlanRequest(
        plan_id="r",
        issued_at=NOW,
        start=START,
        image=Image(at=NOW, readings={}),
        limits=(),
        billed_peak_kw=0.0,
    )
    rules.start(blind)
    answer = rules.poll()
    assert answer is not None
    assert not answer.plan.assets["battery"].power_kw.any(), "a battery of unknown content stands still"


def _poll_until_it_raises(planner: PlannerProcess) -> None:
    for _ in range(600):
        planner.poll()
        time.sleep(0.05)
