"""Planning from files: its JSON and its refusals."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from energy.errors import BadInput
from energy.optimize.files import plan_from_files
from energy.periods import parse_utc
from energy.region.loader import load_region

CASE = Path(__file__).parents[1] / "cases" / "optimize" / "battery_arbitrage"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(CASE, tmp_path / "case"))


def planned(folder, *, state="state.json", at=None, before=None):
    path = folder / state if state is not None else None
    return plan_from_files(load_region(str(folder)), folder / "series.csv", path, at, before=before)


def test_plan_has_the_keys_that_others_rely_on_and_is_json(folder):
    plan = json.loads(json.dumps(planned(folder)))
    wanted = {"status", "gap", "objective_eur", "wall_s", "assets", "marginal_price_eur_per_kwh", "binding"}
    assert wanted <= set(plan)
    assert set(plan["wall_s"]) == {"problem_s", "build_s", "solve_s", "steady_s", "read_s"}
    assert plan["objective_eur"] == pytest.approx(sum(plan["objective_parts_eur"].values()))
    assert plan["assets"]["battery"]["energy_kwh"][-1] == pytest.approx(0.0, abs=1e-6)
    assert plan["notes"] == []


def test_planning_may_start_inside_the_file(folder):
    start = parse_utc("2020-06-01T00:40Z")
    plan = planned(folder, at=start)
    assert (plan["start"], plan["periods"]) == ("2020-06-01T00:30:00Z", 2)


def test_a_plan_holds_on_to_its_own_file(folder):
    first = planned(folder)
    before = folder / "plan.json"
    before.write_text(json.dumps(first))
    again = planned(folder, before=before)
    assert again["assets"] == first["assets"]
    later = planned(folder, before=before, at=parse_utc("2020-06-01T00:30Z"))
    assert later["start"] == "2020-06-01T00:30:00Z"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"region_id": "elsewhere"}, "region_id"),
        ({"start": "2020-06-01T00:07:00Z"}, "start"),
        ({"start": "2020-06-01"}, "start"),
        ({"assets": []}, "assets"),
        ({"assets": {"battery": {"power_kw": ["much"]}}}, "assets.battery.power_kw"),
    ],
)
def test_a_file_that_is_no_plan_of_the_region_is_refused(folder, change, place):
    before = folder / "plan.json"
    before.write_text(json.dumps(planned(folder) | change))
    with pytest.raises(BadInput) as caught:
        planned(folder, before=before)
    assert [fault.place for fault in caught.value.faults] == [place]


def test_unknown_states_are_noted(folder):
    plan = planned(folder, state=None)
    assert plan["assets"]["battery"]["power_kw"] == [0.0] * 4
    assert "unknown" in plan["notes"][0]


def test_faults_of_both_files_come_together(folder):
    text = (folder / "series.csv").read_text()
    (folder / "series.csv").write_text(
        text.replace("00:15:00Z,400", "00:15:00Z,").replace("00:30:00Z,400,200", "00:30:00Z,400,")
    )
    (folder / "state.json").write_text('{"assets": {"battery": {"energy_kwh": "full"}, "x": 1}, "odd": 1}')
    with pytest.raises(BadInput) as caught:
        planned(folder)
    found = {(Path(fault.file).name, fault.line, fault.place) for fault in caught.value.faults}
    assert found == {
        ("state.json", None, "odd"),
        ("state.json", None, "assets.battery.energy_kwh"),
        ("state.json", None, "assets.x"),
        ("series.csv", 3, "load_kw"),
        ("series.csv", 4, "price_eur_per_mwh"),
    }


@pytest.mark.parametrize("text", ["", "[]", '{"assets": 3}', '{"assets": {"battery": {"energy_kwh": NaN}}}'])
def test_broken_state_is_refused(folder, text):
    (folder / "state.json").write_text(text)
    with pytest.raises(BadInput):
        planned(folder)


def test_missing_file_and_moment_outside_are_refused(folder):
    with pytest.raises(BadInput, match="covers 2020-06-01T00:00:00Z"):
        planned(folder, at=parse_utc("2020-06-01T00:00Z") - timedelta(days=1))
    with pytest.raises(BadInput, match=r"missing\.json"):
        planned(folder, state="missing.json")
    (folder / "series.csv").unlink()
    with pytest.raises(BadInput, match="no such file"):
        planned(folder)
