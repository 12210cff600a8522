"""The command that tries the weather settings: a table, JSON, or why it does not work with exit code 2."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy.__main__ import app
from energy.app.clock import wall_now
from energy.periods import format_utc, parse_utc
from energy.region.loader import shipped_regions
from tests.forecast.weather.weather_server import Answer, WeatherServer, serving


@pytest.fixture
def server() -> Iterator[WeatherServer]:
    with serving() as held:
        yield held


def region_with(tmp_path: Path, block: str) -> str:
    shutil.copytree(shipped_regions()["musterstadt"], tmp_path / "town", dirs_exist_ok=True)
    with (tmp_path / "town" / "region.yaml").open("a", encoding="utf-8") as stream:
        stream.write(block)
    return str(tmp_path / "town")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["weather", *arguments])
    return result.exit_code, result.stdout, result.stderr


def csv_region(tmp_path: Path, *, warm: str = "12.5") -> str:
    region = region_with(tmp_path, "weather: {source: csv, places: [{id: town, file: w.csv}]}\n")
    issued = wall_now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    lines = [f"{format_utc(issued + timedelta(hours=h))},{format_utc(issued)},{warm}" for h in range(72)]
    text = "\n".join(["utc,issued_at,temperature_c", *lines])
    (tmp_path / "town" / "w.csv").write_text(text, encoding="utf-8")
    return region


def test_it_shows_a_table_and_json(tmp_path: Path) -> None:
    region = csv_region(tmp_path)
    code, out, _ = run(region)
    assert code == 0
    assert "csv/town: issued" in out
    assert "12.50" in out
    code, out, _ = run(region, "--json")
    found = json.loads(out)["weather"][0]
    assert (code, found["source"], found["values"]["temperature_c"][0]) == (0, "csv/town", 12.5)


def test_weather_that_is_late_or_shines_by_night_is_told_with_exit_code_one(tmp_path: Path) -> None:
    region = region_with(tmp_path, "weather: {source: csv, places: [{id: town, file: w.csv}]}\n")
    issued = parse_utc("2020-01-01T00:00Z")
    lines = [f"{format_utc(issued + timedelta(hours=h))},{format_utc(issued)},300" for h in range(24)]
    (tmp_path / "town" / "w.csv").write_text(
        "\n".join(["utc,issued_at,ghi_w_per_m2", *lines]), encoding="utf-8"
    )
    code, _, err = run(region, "--hours", "1")
    assert code == 1
    assert "csv/town is late" in err
    assert "300 at 2020-01-01T00:00" in err
    code, out, _ = run(region, "--json")
    assert (code, len(json.loads(out)["troubles"])) == (1, 2)


def test_what_does_not_work_is_said_with_exit_code_two(tmp_path: Path, server: WeatherServer) -> None:
    code, _, err = run(csv_region(tmp_path, warm="warm"))
    assert code == 2
    assert "w.csv:2: temperature_c: 'warm' is wrong" in err
    other = tmp_path / "other"
    server.answer = Answer(status=500)
    code, _, err = run(region_with(other, f"weather: {{source: open_meteo, base_url: {server.address}}}\n"))
    assert code == 2
    assert "HTTP 500" in err
    assert "Mend:" in err


def test_a_region_without_weather_says_so() -> None:
    code, _, err = run("musterstadt")
    assert code == 2
    assert "asks for no weather" in err


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("weather: {source: dwd}", "weather"),
        ("weather: {source: csv}", "places"),
        ("weather: {source: mosmix, places: [{id: a, station: 10685}]}", "station"),
        ("weather: {source: open_meteo, base_url: 'https://u:p@weather.example'}", "base_url"),
        ("weather: {source: open_meteo, base_url: 'https://weather.example/?apikey=1'}", "base_url"),
        ("weather: {source: open_meteo, base_url: 'ftp://weather.example'}", "base_url"),
        ("weather: {source: open_meteo, every_s: 1}", "every_s"),
        ("weather: {source: open_meteo, age_h_max: 0}", "age_h_max"),
        ("weather: {source: open_meteo, key: x}", "key"),
        ("weather: {source: open_meteo, places: [{id: a, latitude: 50.0}]}", "latitude"),
        ("weather: {source: open_meteo, places: [{id: a}, {id: a}]}", "id"),
    ],
)
def test_a_wrong_block_is_a_fault_with_its_place(tmp_path: Path, block: str, says: str) -> None:
    result = CliRunner().invoke(app, ["check", region_with(tmp_path, block + "\n")])
    assert result.exit_code == 2
    assert says in result.stderr + result.stdout
    assert "Mend" in result.stderr + result.stdout


def test_the_key_comes_from_the_environment_and_never_travels_openly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGIEWAAGE_WEATHER_KEY", "s3cret")
    region = region_with(tmp_path, "weather: {source: open_meteo, base_url: 'http://weather.example'}\n")
    code, _, err = run(region)
    assert code == 2
    assert "travel openly" in err
    assert "s3cret" not in err
