"""Planning from files: what cannot be true is refused, what is likely a slip or has no effect is said."""

import shutil
from pathlib import Path

import pytest

from energy.errors import BadInput
from energy.optimize.cost import BILLED
from energy.optimize.files.planning import plan_from_files
from energy.region.loader import load_region

CASES = Path(__file__).parents[1] / "cases" / "optimize"
EV_HUB_DAY = CASES / "ev_hub_day"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(CASES / "battery_arbitrage", tmp_path / "case"))


def planned(folder, **options):
    files = folder / "series.csv", folder / "state.json"
    return plan_from_files(load_region(str(folder)), *files, None, **options)


def edit(folder, old, new, *, name="series.csv"):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def faults(folder, **options):
    with pytest.raises(BadInput) as caught:
        planned(folder, **options)
    return caught.value.faults


def test_more_than_an_asset_can_be_is_refused_with_line_limit_and_mend(folder):
    edit(folder, "00:30:00Z,400", "00:30:00Z,900000")
    (fault,) = faults(folder)
    assert (fault.line, fault.place, fault.value) == (4, "load_kw", 900000.0)
    assert "power_kw_max of load allows, 1000 kW" in fault.limit
    assert "unit" in fault.mend


def test_a_meter_may_read_a_tenth_over_the_rating(folder):
    edit(folder, "00:30:00Z,400", "00:30:00Z,1099")
    assert planned(folder)["assets"]["load"]["power_kw"][2] == 1099.0


def test_pv_above_its_rated_power_is_refused(tmp_path):
    folder = Path(shutil.copytree(CASES / "pv_curtailment_day", tmp_path / "case"))
    region = load_region(str(folder))
    (pv,) = (asset for asset in region.assets if asset.kind == "pv")
    lines = (folder / "series.csv").read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index(f"{pv.id}_kw")
    fields = lines[5].split(",")
    fields[place] = str(10.0 * pv.power_kw_rated)
    lines[5] = ",".join(fields)
    (folder / "series.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (fault,) = faults(folder)
    assert (fault.line, fault.place) == (6, f"{pv.id}_kw")
    assert "power_kw_rated" in fault.limit


def test_a_column_that_is_nearly_an_optional_one_is_named(folder):
    edit(folder, "price_eur_per_mwh\n", "price_eur_per_mwh,nominated_import_kW\n")
    edit(folder, ",20\n", ",20,400\n")
    edit(folder, ",200\n", ",200,400\n")
    (note,) = planned(folder)["notes"]
    assert "nominated_import_kW was not looked at: nominated_import_kw may be meant" in note


def test_a_nomination_that_costs_nothing_is_said_to_have_no_effect(folder):
    edit(folder, "price_eur_per_mwh\n", "price_eur_per_mwh,nominated_import_kw\n")
    edit(folder, ",20\n", ",20,400\n")
    edit(folder, ",200\n", ",200,400\n")
    (note,) = planned(folder)["notes"]
    assert "without effect" in note
    assert "imbalance_eur_per_kwh" in note
    edit(folder, "market:\n", "market:\n  imbalance_eur_per_kwh: 0.1\n", name="region.yaml")
    assert planned(folder)["notes"] == []


def test_prices_that_look_like_eur_per_kwh_are_noted(folder):
    edit(folder, ",200\n", ",0.2\n")
    edit(folder, ",20\n", ",0.02\n")
    (note,) = planned(folder)["notes"]
    assert "no price reaches 1 EUR/MWh" in note


def test_a_column_that_is_missing_has_a_mend_one_can_follow(folder):
    edit(folder, "load_kw", "Load_KW")
    (fault,) = faults(folder)
    assert (fault.place, fault.mend) == ("load_kw", "rename the column Load_KW")
    edit(folder, "Load_KW", "consumption")
    (fault,) = faults(folder)
    assert "--template" in fault.mend
    (folder / "series.csv").write_text("", encoding="utf-8")
    (fault,) = faults(folder)
    assert fault.limit == "the file is empty"


def test_many_columns_that_are_missing_are_one_line(tmp_path):
    series = tmp_path / "series.csv"
    series.write_text("utc,price_eur_per_mwh\n2020-06-01T00:00Z,20\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        plan_from_files(load_region("fichtelgebirge"), series, None, None)
    (fault,) = caught.value.faults
    assert "columns are missing: " in fault.limit
    assert "load_granitstadt_kw" in fault.limit


def test_a_dial_that_files_cannot_obey_is_said(folder):
    text = "control:\n  uncertainty: {mode: scenarios}\nmarket:\n"
    edit(folder, "market:\n", text, name="region.yaml")
    (note,) = planned(folder)["notes"]
    assert "control.uncertainty: mode scenarios is not followed" in note


def test_a_gap_that_was_not_reached_is_said(tmp_path):
    folder = Path(shutil.copytree(CASES / "whole_region_meeting", tmp_path / "case"))
    # In so little time a search of the whole does not prove what rounding leaves open.
    limits = "control: {solver_gap: 0.0, solver_s_max: 3.0}\n"
    edit(folder, "market:\n", f"{limits}market:\n", name="region.yaml")
    plan = planned(folder)
    said = [note for note in plan["notes"] if note.startswith("plan_gap_missed: proven ")]
    assert plan["gap"] > 1e-6
    assert plan["status"] == "optimal"
    assert said


def test_a_scheduler_that_was_not_needed_is_said(folder):
    (note,) = planned(folder, scheduler="tcp://127.0.0.1:9")["notes"]
    assert "the scheduler at tcp://127.0.0.1:9 was not asked" in note


def test_what_is_billed_stands_beside_what_is_wished(folder):
    plan = planned(folder)
    parts = plan["objective_parts_eur"]
    assert plan["billed_eur"] == pytest.approx(sum(parts[name] for name in BILLED))
    assert plan["billed_eur"] == pytest.approx(plan["objective_eur"] - parts["wear"] - parts["terminal"])


def test_more_that_is_urgent_than_waits_is_refused(tmp_path):
    folder = Path(shutil.copytree(EV_HUB_DAY, tmp_path / "case"))
    hub = next(asset.id for asset in load_region(str(folder)).assets if asset.kind == "ev_hub")
    text = f'{{"assets": {{\n"{hub}": {{"energy_kwh_backlog": 30, "energy_kwh_urgent": 50}}}}}}'
    (folder / "state.json").write_text(text, encoding="utf-8")
    (fault,) = faults(folder)
    assert (fault.line, fault.place, fault.value) == (2, f"assets.{hub}.energy_kwh_urgent", 50)
    assert "30" in fault.limit


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"assets": {"battery": [1, 2]}}', "a list of 2 stands here: the form is"),
        ('{"assets": {"battery": {"energy_kwh": null}}}', "nothing stands here: must be a number"),
        ("[1]", "a list of 1 stands here: the form is"),
    ],
)
def test_a_group_is_told_and_not_called_wrong(folder, text, words):
    (folder / "state.json").write_text(text, encoding="utf-8")
    (fault,) = faults(folder)
    assert words in str(fault)


def test_a_folder_instead_of_a_file_is_told_without_numbers_of_errors(folder):
    with pytest.raises(BadInput) as caught:
        plan_from_files(load_region(str(folder)), folder, folder, None, before=folder)
    said = [str(fault) for fault in caught.value.faults]
    assert len(said) == 3
    assert all("Is a directory" in text and "Errno" not in text for text in said)
