"""Weather from a file in a simulated run: it goes late, forecasts go on without it, it comes back."""

import json
import math
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from energy.__main__ import app
from energy.app.data_folder import LEDGER
from energy.app.headless import HeadlessSettings, Run, run_headless
from energy.app.replaying import replay_ticks
from energy.historian.sqlite_reader import open_reader
from energy.periods import format_utc, parse_utc
from energy.region.loader import load_region, shipped_regions
from tests.closed_loop.ports import free_range

START = parse_utc("2020-05-18T06:00Z")
HOURS = 1.5
BLOCK = """
weather:
  source: csv
  every_s: 300
  age_h_max: 6
  places: [{id: town, file: weather.csv}]
"""
AWAY_MIN, BACK_MIN = 30, 60
"""The newest issue passes its age in between; then the next one is written."""


def issue(issued: datetime) -> list[str]:
    """Give an issue of three days whose temperature follows the hours."""
    lines = []
    for hour in range(72):
        at = issued.replace(minute=0) + timedelta(hours=hour)
        warm_c = 14.0 + 6.0 * math.sin((at.hour - 9) / 24.0 * 2.0 * math.pi)
        ghi = max(0.0, 700.0 * math.sin((at.hour - 4) / 16.0 * math.pi)) if 4 <= at.hour < 20 else 0.0
        lines.append(f"{format_utc(at)},{format_utc(issued)},{warm_c:.2f},{ghi:.1f}")
    return lines


def write(folder: Path, *issues: datetime) -> None:
    lines = ["utc,issued_at,temperature_c,ghi_w_per_m2"]
    for issued in issues:
        lines += issue(issued)
    (folder / "weather.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


async def run(place: Path) -> tuple[dict[str, Any], Path]:
    """Run once; the weather's next issue comes only half an hour after the last one became late."""
    folder = place / "town"
    shutil.copytree(shipped_regions()["musterstadt"], folder)
    with (folder / "region.yaml").open("a", encoding="utf-8") as stream:
        stream.write(BLOCK)
    past = [START - timedelta(hours=hours, minutes=30) for hours in range(24 * 40 + 5, 0, -12)]
    write(folder, *past)
    region = load_region(str(folder))
    first = {"done": False}

    async def between_ticks(run: Run, at: datetime) -> None:
        del run
        if at >= START + timedelta(minutes=BACK_MIN) and not first["done"]:
            write(folder, *past, START + timedelta(minutes=30))
            first["done"] = True

    settings = HeadlessSettings(
        region_name=str(folder),
        region=region,
        start=START,
        days=HOURS / 24.0,
        seed=1,
        tick_s=60.0,
        folder=place / "data",
        first_port=free_range(len(region.assets)),
    )
    return await run_headless(settings, between_ticks=between_ticks), place / "data"


async def test_weather_that_goes_late_is_told_and_the_run_repeats_to_the_last_bit(tmp_path: Path) -> None:
    first, data = await run(tmp_path / "a")
    second, _ = await run(tmp_path / "b")
    assert first["broken"] == []
    assert first["ledger_head"] == second["ledger_head"]
    late = first["alarm_ticks"]["weather_late"]
    assert BACK_MIN - AWAY_MIN - 10 <= late <= BACK_MIN - AWAY_MIN + 10
    assert first["alarm_ticks"]["planned_without_weather"] > 0
    region = load_region(str(tmp_path / "a" / "town"))
    assert replay_ticks(region, data / LEDGER, start=None, end=None)["different"] == 0
    with open_reader(data) as reader:
        events = [item.alarm.code for item in reader.recent_events(1000) if item.appeared]
        assert events.count("weather_late") == 1
        newest = reader.weather_at("csv/town", START + timedelta(hours=HOURS))
        assert newest is not None
        assert newest.issued_at == START + timedelta(minutes=30)
        assert newest.known_at >= START + timedelta(minutes=BACK_MIN)
        plans = reader.plans_between(START, START + timedelta(hours=HOURS))
        assert {len(plan.assets) for plan in plans}
    told = CliRunner().invoke(app, ["forecast", str(tmp_path / "a" / "town"), "--data", str(data), "--json"])
    assert told.exit_code == 0, told.output
    weather = json.loads(told.stdout)["weather"]
    assert weather["used"][0]["source"] == "csv/town"
    assert weather["used"][0]["issued_at"] == format_utc(START + timedelta(minutes=30))
    assert weather["notes"] == []
