"""The running planner says where a plan is proven less near to the best than the region asks for."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.domain import Image, Point, Quality, Reading
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import parse_utc
from energy.planning.desk import Desk
from energy.planning.messages import decode_answer, encode_request
from energy.planning.models_at_hand import LearnedHere
from energy.ports import PlanAnswer, PlanRequest, Prices
from energy.region.loader import load_region

CASE = Path(__file__).parents[1] / "cases" / "optimize" / "whole_region_meeting"
START = parse_utc("2020-01-15T00:15Z")
NOW = START - timedelta(minutes=1)
VALUES = {
    ("load", Point.POWER_KW): 900.0,
    ("heat_load", Point.HEAT_KW): 1000.0,
    ("battery", Point.ENERGY_KWH): 1000.0,
    ("heat_storage", Point.ENERGY_KWH): 1500.0,
    ("chp", Point.STANDING_S): 7200.0,
    ("heat_pump", Point.STANDING_S): 7200.0,
}


class Swinging:
    """Prices that swing by the hour, so that not every decision is proven within the search's nodes."""

    def prices(self, *, start: datetime, periods: int, known_at: datetime) -> Prices:
        del known_at
        hourly = np.repeat(np.random.default_rng(1).normal(size=periods // 4 + 1), 4)
        price = 0.08 + 0.05 * hourly[:periods]
        return Prices(start=start, price_eur_per_kwh=price, indicative=[False] * periods)


def answer_of(folder: Path, *, solver_gap: float) -> PlanAnswer:
    region = load_region(str(CASE))
    region = replace(region, control=replace(region.control, solver_gap=solver_gap))
    readings = {
        key: Reading(asset_id=key[0], point=key[1], value=value, quality=Quality.GOOD, measured_at=NOW)
        for key, value in VALUES.items()
    }
    request = PlanRequest(
        plan_id="p",
        issued_at=NOW,
        start=START,
        image=Image(at=NOW, readings=readings),
        limits=(),
        billed_peak_kw=1050.0,
    )
    with SqliteRecord(folder), open_reader(folder) as reader:
        desk = Desk(region, record=reader, prices=Swinging(), models=LearnedHere())
        return decode_answer(desk.answer(encode_request(request)))


def told(answer: PlanAnswer) -> list[str]:
    return [note for note in answer.notes if note.startswith("plan_")]


def test_a_missed_gap_is_told_with_both_figures(tmp_path: Path) -> None:
    answer = answer_of(tmp_path, solver_gap=0.0)
    (note,) = told(answer)
    found = re.fullmatch(r"plan_gap_(?:far_)?missed: proven ([\d.]+) %, wanted 0 %", note)
    assert found is not None, note
    assert answer.plan.gap is not None
    assert answer.plan.gap > 1e-6, "missed by more than the last digits"
    assert float(found[1]) == pytest.approx(100.0 * answer.plan.gap, abs=1.1e-3)


def test_a_plan_that_reaches_its_gap_says_nothing_of_it(tmp_path: Path) -> None:
    assert told(answer_of(tmp_path, solver_gap=0.1)) == []
