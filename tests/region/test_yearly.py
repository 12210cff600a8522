"""What a region file may say of an asset's year, and how it is told what is wrong."""

import re
import shutil
from pathlib import Path

import pytest

from energy.errors import BadInput
from energy.planning.profile_prior import shares_of
from energy.region.load import Load
from energy.region.loader import load_region, shipped_regions

SHIPPED = shipped_regions()["musterstadt"]


def _region_with(folder: Path, asset_id: str, lines: str) -> Path:
    """Copy the shipped region with more lines in one asset."""
    shutil.copytree(SHIPPED, folder)
    text = (SHIPPED / "region.yaml").read_text(encoding="utf-8")
    start = f"  - id: {asset_id}\n"
    assert start in text
    (folder / "region.yaml").write_text(text.replace(start, f"{start}{lines}"), encoding="utf-8")
    return folder


def _message(folder: Path) -> str:
    with pytest.raises(BadInput) as caught:
        load_region(str(folder))
    return "\n".join(str(fault) for fault in caught.value.faults)


def test_a_town_states_its_energy_and_whose_it_is(tmp_path: Path) -> None:
    lines = "    energy_kwh_per_year: 52000000\n    standard_profile: {h25: 0.6, g25: 0.3, l25: 0.1}\n"
    load = load_region(str(_region_with(tmp_path / "r", "load", lines))).asset("load")
    assert isinstance(load, Load)
    assert load.energy_kwh_per_year == 52_000_000.0
    shares = shares_of(load.standard_profile, otherwise={})
    assert {name: share for name, share in shares.items() if share} == {"h25": 0.6, "g25": 0.3, "l25": 0.1}


@pytest.mark.parametrize(
    ("asset_id", "lines", "words"),
    [
        ("load", "    standard_profile: {h25: 0.6, g25: 0.3}\n", "must add up to 1; these make 0.900"),
        ("load", "    standard_profile: {h25: 60, g25: 40}\n", "at most 1"),
        ("load", "    standard_profile: {h0: 1.0}\n", "h0"),
        ("load", "    energy_kwh_per_year: 52\n", "give kWh, not MWh or GWh"),
        ("load", "    energy_kwh_per_year: 0\n", "energy_kwh_per_year: 0 is wrong"),
        (
            "load",
            "    energy_kwh_per_year: 525960000\n",
            "is 60000 kW on average, more than power_kw_max 10000",
        ),
        (
            "hydro",
            "    energy_kwh_per_year: 52596000\n",
            "is 6000 kW on average, more than power_kw_rated 600",
        ),
        (
            "ev_hub",
            "    energy_kwh_per_year: 52596000\n",
            "is 6000 kW on average, more than power_kw_max 600",
        ),
        ("ev_hub", "    standard_profile: {h25: 1.0}\n", "standard_profile"),
    ],
)
def test_a_year_that_cannot_be_is_refused_in_words(
    tmp_path: Path, asset_id: str, lines: str, words: str
) -> None:
    message = _message(_region_with(tmp_path / "r", asset_id, lines))
    assert re.search(words, message), message
    assert "region.yaml:" in message


def test_works_state_their_energy_before_their_profile(tmp_path: Path) -> None:
    text = (shipped_regions()["fichtelgebirge"] / "region.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "r"
    folder.mkdir()
    start = "  - id: pellet_works\n"
    assert start in text
    text = text.replace(start, f"{start}    standard_profile: {{g25: 1.0}}\n")
    (folder / "region.yaml").write_text(text, encoding="utf-8")
    assert "standard_profile needs energy_kwh_per_year" in _message(folder)
