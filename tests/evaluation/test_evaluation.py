"""One day of a small region, from the question to the verdict, in worker processes."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from energy.domain import FloatArray
from energy.evaluation.account import sums_eur
from energy.evaluation.course import Course
from energy.evaluation.evaluation import Question, evaluate, write_series
from energy.evaluation.shards import Case
from energy.evaluation.verdict import CASES, Judged, Week, broken_invariants, judge, summary
from energy.region.asset import DeviceAddress, Name
from energy.region.ev_hub import EvHub
from energy.region.model import Region
from tests.evaluation.conftest import JUDGED

SHARDS = len(Case) + 1
"""Every case once, and ours under a second setting of the dial."""


def question(region_folder: Path, folder: Path, *, workers: int) -> Question:
    return Question(
        region_name=str(region_folder),
        seed=1,
        weeks=1,
        code_digest="as it stands",
        folder=folder,
        first=JUDGED,
        days=1,
        workers=workers,
        uncertainty=("point", "reserve"),
    )


def ask(region: Region, asked: Question) -> tuple[dict[str, Any], Judged, list[tuple[int, int]]]:
    steps: list[tuple[int, int]] = []
    result, [judged] = evaluate(region, asked, progress=lambda done, total: steps.append((done, total)))
    return result, judged, steps


@pytest.fixture(scope="module")
def first_run(
    tiny: Region, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Judged, Path]:
    folder = tmp_path_factory.mktemp("shards")
    result, judged, steps = ask(tiny, question(tiny_folder, folder, workers=2))
    assert steps[-1] == (SHARDS, SHARDS)
    return result, judged, folder


def without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_seconds(inner) for name, inner in value.items() if not name.endswith("_s")}
    return value


def test_the_json_holds_what_others_rely_on(first_run: tuple[dict[str, Any], Judged, Path]) -> None:
    result = first_run[0]
    json.dumps(result, allow_nan=False)
    for name in ("captured", "captured_over_rules"):
        assert set(result[name]) == {"median", "worst"}
    assert set(CASES) <= set(result["cost_eur"])
    [week] = result["weeks"]
    assert {"start", "captured", "captured_over_rules", "cost_eur", "parts_eur"} <= set(week)
    assert result["broken_invariants"] == []


def test_the_worth_of_control_lies_between_nothing_and_all(
    first_run: tuple[dict[str, Any], Judged, Path],
) -> None:
    cost_eur = first_run[0]["cost_eur"]
    assert cost_eur["perfect_foresight"] < cost_eur["ours"] < cost_eur["uncontrolled"]
    assert 0.3 < first_run[0]["captured"]["worst"] < 1.0


def test_perfect_foresight_undercuts_every_case_and_its_replay(
    first_run: tuple[dict[str, Any], Judged, Path],
) -> None:
    cost_eur = first_run[0]["cost_eur"]
    for case in ("uncontrolled", "rules", "ours", "replayed"):
        assert cost_eur["perfect_foresight"] <= cost_eur[case] + 0.01
    assert cost_eur["replayed"] == pytest.approx(cost_eur["perfect_foresight"], rel=0.01)


def test_every_case_begins_in_the_same_state_and_meets_the_same_load(
    first_run: tuple[dict[str, Any], Judged, Path],
) -> None:
    courses = first_run[1].week.courses
    loads = [course.mean("load", "power_kw") for course in courses.values()]
    for load_kw in loads:
        np.testing.assert_allclose(load_kw, loads[0], atol=0.01)
    contents = [course.end("battery", "energy_kwh") for course in courses.values()]
    assert {float(content[0]) for content in contents if content is not None} == {500.0}
    content = courses["perfect_foresight"].end("battery", "energy_kwh")
    assert content is not None
    assert content[-1] >= content[0] - 0.01


def test_parks_are_off_at_negative_prices_though_nobody_controls(
    first_run: tuple[dict[str, Any], Judged, Path],
) -> None:
    week = first_run[1].week
    negative = week.price_eur_per_kwh < 0.0
    assert negative.sum() == 8
    pv_kw = week.courses["uncontrolled"].mean("pv", "power_kw")
    available_kw = week.courses["uncontrolled"].mean("pv", "power_kw_available")
    assert np.abs(pv_kw[negative][1:]).max() < 1.0
    assert np.abs(available_kw[negative]).min() > 100.0
    assert np.abs(pv_kw[~negative]).sum() > 0.0


def test_the_plant_alone_keeps_the_export_limit(first_run: tuple[dict[str, Any], Judged, Path]) -> None:
    exchange_kw = first_run[1].week.courses["uncontrolled"].mean("grid_point", "power_kw")
    assert exchange_kw.min() >= -500.0
    assert exchange_kw.min() < -400.0


def test_every_case_nominates_another_exchange_than_it_has_but_perfect_foresight(
    first_run: tuple[dict[str, Any], Judged, Path],
) -> None:
    def deviation(case: str) -> float:
        course = first_run[1].week.courses[case]
        off_kw: FloatArray = course.mean("grid_point", "power_kw") - course.nominated_kw
        return float(np.abs(off_kw).mean())

    assert deviation("perfect_foresight") == pytest.approx(0.0, abs=0.01)
    for case in ("uncontrolled", "rules", "ours"):
        assert 1.0 < deviation(case) < 600.0


def test_a_second_run_computes_nothing_and_a_lost_shard_alone(
    tiny: Region, tiny_folder: Path, first_run: tuple[dict[str, Any], Judged, Path]
) -> None:
    before_result, _, folder = first_run
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(before) == SHARDS
    lost = next(path for path in before if "_uncontrolled_" in path.name)
    lost.unlink()
    result, _, steps = ask(tiny, question(tiny_folder, folder, workers=1))
    after = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert steps[0] == (SHARDS - 1, SHARDS)
    assert set(after) == set(before)
    assert [path for path in after if after[path] != before[path]] == [lost]
    assert without_seconds(result) == without_seconds(before_result)


def test_one_worker_gives_the_numbers_of_two(
    tiny: Region, tiny_folder: Path, tmp_path: Path, first_run: tuple[dict[str, Any], Judged, Path]
) -> None:
    asked = dataclasses.replace(question(tiny_folder, tmp_path, workers=1), uncertainty=("point",))
    result, _, _ = ask(tiny, asked)
    assert json.dumps(without_seconds(result["weeks"])) == json.dumps(without_seconds(first_run[0]["weeks"]))


def test_settings_of_the_dial_are_compared_by_what_they_save(
    first_run: tuple[dict[str, Any], Judged, Path],
) -> None:
    result = first_run[0]
    saved = {name: verdict["weeks"][0]["saved_eur"] for name, verdict in result["uncertainty"].items()}
    assert list(saved) == ["point", "reserve"]
    assert saved["point"] == result["weeks"][0]["saved_eur"]
    assert saved["reserve"] != saved["point"]


def test_series_are_written_one_file_a_week(
    tiny: Region, tmp_path: Path, first_run: tuple[dict[str, Any], Judged, Path]
) -> None:
    [path] = write_series(tmp_path, tiny, [first_run[1]])
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 96
    assert {"ours.nominated_kw", "ours.exchange_kw", "perfect_foresight.battery.energy_kwh"} <= set(
        lines[0].split(",")
    )


def test_a_breached_limit_a_broken_tick_and_more_than_the_possible_are_failures(
    tiny: Region, first_run: tuple[dict[str, Any], Judged, Path]
) -> None:
    good = first_run[1].week
    courses = dict(good.courses)
    ours = courses["ours"]
    beyond = {"grid_point": {"power_kw": np.full(96, -700.0)}}
    courses["ours"] = Course(
        start=ours.start, means={**ours.means, **beyond}, ends=ours.ends, nominated_kw=np.full(96, -700.0)
    )
    bad = Week(
        window=good.window,
        price_eur_per_kwh=good.price_eur_per_kwh,
        courses=courses,
        gap_eur=good.gap_eur,
        broken=("a tick: something",),
        plan_s=(),
    )
    found = summary(tiny, [judge(tiny, bad)])["broken_invariants"]
    assert any("something" in line for line in found)
    assert any("grid_point: 96 quarter hours beyond its limit, by up to 200 kW" in line for line in found)
    assert any("% of what could be saved against uncontrolled" in line for line in found)


def test_demand_that_was_not_served_is_a_failure_and_priced(
    tiny: Region, first_run: tuple[dict[str, Any], Judged, Path]
) -> None:
    hub = EvHub(
        id="hub",
        kind="ev_hub",
        name=Name(de="x", en="x"),
        device=DeviceAddress(profile="generic_ev_hub", host="127.0.0.1"),
        power_kw_max=100.0,
        power_kw_safe=10.0,
        dwell_h=4.0,
        ramp_kw_per_s=10.0,
        unserved_eur_per_kwh=2.0,
    )
    region = dataclasses.replace(tiny, assets=(*tiny.assets, hub))
    good = first_run[1].week
    courses = dict(good.courses)
    missed = {"hub": {"energy_kwh_unserved": np.concatenate([np.zeros(50), np.full(47, 30.0)])}}
    ours = courses["ours"]
    courses["ours"] = dataclasses.replace(ours, ends={**ours.ends, **missed})
    judged = judge(region, dataclasses.replace(good, courses=courses))
    assert sums_eur(judged.accounts["ours"])["shortfall"] == pytest.approx(60.0)
    assert any("ev_hub: 0.00 %" in line for line in broken_invariants(region, judged))
