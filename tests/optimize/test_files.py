"""Planning from files: its JSON and its refusals."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from energy.errors import BadInput
from energy.optimize.files.planning import plan_from_files
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
        ("state.json", 1, "odd"),
        ("state.json", 1, "assets.battery.energy_kwh"),
        ("state.json", 1, "assets.x"),
        ("series.csv", 3, "load_kw"),
        ("series.csv", 4, "price_eur_per_mwh"),
    }


SERIES_FAULTS = {
    "not a number": (("400,200", "NaN,200"), 4, "load_kw", "not a finite number"),
    "a gap in the values": (("400,200", ",200"), 4, "load_kw", "every value"),
    "no such column": (("load_kw", "last_kw"), 1, "load_kw", "no such column"),
    "another unit of price": ((",200", ",20000000"), 4, "price_eur_per_mwh", "EUR/MWh"),
    "another unit of power": (("400,200", "4e11,200"), 4, "load_kw", "10000000 kW"),
    "the wrong sign": (("400,200", "-400,200"), 4, "load_kw", "0 to"),
    "a gap in time": (("00:15:00Z", "00:30:00Z"), 3, "utc", "missing before it"),
    "a time that repeats": (("00:15:00Z", "00:00:00Z"), 3, "utc", "repeats"),
    "a time without its zone": (("00:15:00Z", "00:15:00"), 3, "utc", "time zone"),
    "no start of a quarter hour": (("00:15:00Z", "00:16:00Z"), 3, "utc", "start of a quarter hour"),
    "semicolons": ((",", ";"), 1, "(header)", "commas"),
}
STATE_FAULTS = {
    "an unknown asset": (
        '{\n"assets": {\n"batery": {"energy_kwh": 3}}}',
        3,
        "assets.batery",
        "no such asset",
    ),
    "an unknown asset without states": ('{"assets": {"batery": {}}}', 1, "assets.batery", "no such asset"),
    "an unknown state": (
        '{"assets": {\n"battery": {"energy": 3}}}',
        2,
        "assets.battery.energy",
        "energy_kwh",
    ),
    "a state of a load": ('{"assets": {"load": {"energy_kwh": 3}}}', 1, "assets.load.energy_kwh", "none"),
    "not a number": (
        '{"assets": {"battery": {\n"energy_kwh": NaN}}}',
        2,
        "assets.battery.energy_kwh",
        "finite",
    ),
    "the wrong sign": ('{"assets": {"battery": {"energy_kwh": -3}}}', 1, "assets.battery.energy_kwh", "0 to"),
    "a word": ('{"assets": {},\n"billed_peak_kw": "6 MW"}', 2, "billed_peak_kw", "must be a number"),
    "a wrong peak": ('{"billed_peak_kw": -5}', 1, "billed_peak_kw", "10000000 kW"),
    "an unknown key": ('{"asets": {}}', 1, "asets", "the form is"),
    "a key twice": ('{"billed_peak_kw": 1, "billed_peak_kw": 2}', None, "(file)", "not a JSON file"),
    "no JSON": ('{\n"assets": {', 2, "(file)", "not JSON"),
}


@pytest.mark.parametrize("fault", SERIES_FAULTS)
def test_a_fault_of_the_series_names_its_line_and_its_mend(folder, fault):
    (old, new), line, place, limit = SERIES_FAULTS[fault]
    path = folder / "series.csv"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadInput) as caught:
        planned(folder)
    named(caught.value, path, line, place, limit)


@pytest.mark.parametrize("fault", STATE_FAULTS)
def test_a_fault_of_the_state_names_its_line_and_its_mend(folder, fault):
    text, line, place, limit = STATE_FAULTS[fault]
    path = folder / "state.json"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        planned(folder)
    named(caught.value, path, line, place, limit)


def named(error, path, line, place, limit):
    first = error.faults[0]
    assert (first.file, first.line, first.place) == (str(path), line, place)
    assert limit in first.limit
    assert first.mend


def test_one_moment_may_be_written_in_several_zones(folder):
    path = folder / "series.csv"
    wanted = planned(folder)["objective_eur"]
    path.write_text(path.read_text().replace("2020-06-01T00:30:00Z", "2020-06-01T02:30:00+02:00"))
    assert planned(folder)["objective_eur"] == pytest.approx(wanted)


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
