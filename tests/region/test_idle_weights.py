"""Weights that stand on nothing are named by `check`."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy.__main__ import app
from energy.region.idle_weights import emits, idle_weights
from energy.region.loader import load_region, shipped_regions


def town(tmp_path: Path, *edits: tuple[str, str]) -> Path:
    folder = Path(shutil.copytree(shipped_regions()["musterstadt"], tmp_path / "town"))
    file = folder / "region.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    return folder


def test_a_weight_on_co2_of_which_nobody_says_anything_is_warned_of(tmp_path: Path) -> None:
    folder = town(tmp_path, ("market:\n", "objective: {co2_weight_eur_per_t: 60.0}\nmarket:\n"))
    checked = CliRunner().invoke(app, ["check", str(folder)])
    assert checked.exit_code == 0, checked.output
    assert "objective.co2_weight_eur_per_t: it weighs nothing" in checked.output
    assert "set market.import_co2_kg_per_kwh" in checked.output
    assert not emits(load_region(str(folder)))


def test_no_warning_where_imports_have_their_co2(tmp_path: Path) -> None:
    wish = "objective: {co2_weight_eur_per_t: 60.0}\nmarket:\n  import_co2_kg_per_kwh: 0.4\n"
    region = load_region(str(town(tmp_path, ("market:\n", wish))))
    assert idle_weights(region) == []
    assert emits(region)


@pytest.mark.parametrize("name", ["musterstadt", "fichtelgebirge"])
def test_the_shipped_regions_have_no_idle_weight(name: str) -> None:
    assert idle_weights(load_region(name)) == []
