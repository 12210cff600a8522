"""What Prometheus reads: the format, the truth of the numbers, and what is shown while things are missing."""

import math
import re
from datetime import timedelta

import httpx
import numpy as np

from dashboard.exposition import Family, Sample, text_of
from energy.controller.counting import Counts
from energy.controller.plan_keeper import Followed
from energy.domain import Applied, Level, Point, Quality, Reading, Rung, Setpoint, Unreachable
from energy.historian.influx.spool import Spool
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.metrics import COUNTED
from energy.ports import PlanAnswer
from tests.dashboard.conftest import client_of
from tests.dashboard.day import ALARM, NOW, status
from tests.dashboard.exposition_reader import Read, read_exposition
from tests.historian.test_record import plan
from tests.source_code import ROOT


async def scrape(client: httpx.AsyncClient) -> dict[str, Read]:
    response = await client.get("/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read_exposition(response.text)


def counted(counts: Counts, at=NOW, tick_ms: float = 80.0) -> None:
    setpoint = Setpoint(
        asset_id="battery",
        point=Point.POWER_KW,
        power_kw=1.0,
        valid_until=at + timedelta(minutes=15),
        level=Level.PLAN,
        reason="plan",
    )
    answer = PlanAnswer(plan=plan(at - timedelta(minutes=5), plan_id="p"), forecasts=())
    counts.tick(
        Followed(plan=None, rung=Rung.RULES, answers=(answer,), notes=()),
        [
            Applied(setpoint=setpoint, at=at, read_back_kw=1.0),
            Unreachable(setpoint=setpoint, at=at, reason="silence"),
        ],
        status(at, tick_ms=tick_ms),
    )


async def test_what_the_controller_counted_is_what_prometheus_reads(client, folder) -> None:
    counts = Counts()
    counted(counts)
    counted(counts, tick_ms=600.0)
    counts.failed_tick()
    counts.record_failure()
    with SqliteRecord(folder) as record:
        record.write_status(status(alarms=(ALARM,)))
        record.write_metrics(counts.numbers)
    found = await scrape(client)
    assert found["energiewaage_ticks_total"].value() == 2.0
    assert found["energiewaage_failed_ticks_total"].value() == 1.0
    assert found["energiewaage_record_failures_total"].value() == 1.0
    assert found["energiewaage_setpoints_total"].value(outcome="applied") == 2.0
    assert found["energiewaage_setpoints_total"].value(outcome="limited") == 0.0
    assert found["energiewaage_plans_total"].value(rung="optimal") == 2.0
    assert found["energiewaage_alarms"].value(severity="warning") == 1.0
    assert found["energiewaage_rung"].value(rung="optimal") == 1.0
    ticks = found["energiewaage_tick_seconds"].samples
    assert ticks["_bucket", (("le", "0.1"),)] == 1.0
    assert ticks["_count", ()] == 2.0
    assert math.isclose(ticks["_sum", ()], 0.68)
    assert math.isclose(found["energiewaage_plan_age_seconds"].value(), 300.0, abs_tol=120.0)
    assert found["energiewaage_ledger_entries"].value() == 1.0
    size = found["energiewaage_file_bytes"].value(file="telemetry")
    assert size == (folder / "telemetry.sqlite").stat().st_size
    assert (
        0.0 < found["energiewaage_disk_free_bytes"].value() <= found["energiewaage_disk_size_bytes"].value()
    )


async def test_counts_go_on_above_what_they_were_before_a_restart(folder) -> None:
    counts = Counts()
    counted(counts)
    with SqliteRecord(folder) as record:
        record.write_metrics(counts.numbers)
    with open_reader(folder) as reader:
        again = Counts(reader.metrics())
    counted(again)
    assert again.numbers["energiewaage_ticks_total"] == 2.0
    assert again.numbers["energiewaage_tick_seconds_bucket|+Inf"] == 2.0


async def test_a_dead_controller_grows_old_and_is_not_live(client, wall) -> None:
    before = await scrape(client)
    assert before["energiewaage_controller_live"].value() == 1.0
    wall.ahead_s = 600.0
    after = await scrape(client)
    assert after["energiewaage_controller_live"].value() == 0.0
    grown = after["energiewaage_tick_age_seconds"].value() - before["energiewaage_tick_age_seconds"].value()
    assert 599.0 < grown < 660.0


async def test_a_scrape_without_files_says_that_they_are_missing(opened, region, tmp_path) -> None:
    with opened(region, tmp_path / "nowhere") as dashboard:
        async with client_of(dashboard) as client:
            found = await scrape(client)
    assert found["energiewaage_record_readable"].value() == 0.0
    assert found["energiewaage_controller_live"].value() == 0.0
    for name in ("energiewaage_tick_age_seconds", "energiewaage_ticks_total", "energiewaage_file_bytes"):
        assert found[name].samples == {}, "missing is missing, never 0"


async def test_what_waits_for_a_further_store_is_counted(client, folder) -> None:
    assert (await scrape(client))["energiewaage_spool_waiting_bytes"].samples == {}
    reading = Reading(
        asset_id="wind", point=Point.POWER_KW, value=-1.0, quality=Quality.GOOD, measured_at=NOW
    )
    with Spool(folder, bytes_max=1_000_000) as spool:
        spool.write_readings([reading])
    found = await scrape(client)
    assert found["energiewaage_spool_waiting_bytes"].value() > 0.0
    for name in ("delivered", "refused", "lost"):
        assert found[f"energiewaage_spool_{name}_lines_total"].value() == 0.0


async def test_metrics_are_served_to_this_machine_alone(client) -> None:
    response = await client.get("/metrics", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert (await client.post("/metrics")).status_code == 405


async def test_every_number_has_a_unit_and_a_bounded_label(client, folder) -> None:
    counts = Counts()
    counted(counts)
    with SqliteRecord(folder) as record:
        record.write_metrics(counts.numbers)
    found = await scrape(client)
    assert {metric.name for metric in COUNTED} - found.keys() == {
        "energiewaage_plan_issued_timestamp_seconds",
        "energiewaage_weather_issued_timestamp_seconds",
    }
    countable = {"energiewaage_alarms", "energiewaage_rung", "energiewaage_ledger_entries"}
    states = {"energiewaage_record_readable", "energiewaage_controller_live"}
    for name, family in found.items():
        assert name.endswith(("_total", "_seconds", "_bytes")) or name in countable | states, name
        labels = {pair for _, pairs in family.samples for pair in pairs}
        assert len(labels) <= 12, name


async def test_the_documented_alerts_name_only_numbers_that_exist(client, folder) -> None:
    counts = Counts()
    counted(counts)
    with SqliteRecord(folder) as record:
        record.write_metrics(counts.numbers)
    found = await scrape(client)
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    sampled = {name + suffix for name, family in found.items() for suffix, _ in family.samples} | found.keys()
    named = set(re.findall(r"energiewaage_[a-z_]+", text))
    assert named <= sampled, named - sampled
    assert found.keys() <= named, "every number is explained"


def test_the_text_escapes_what_would_break_a_line() -> None:
    family = Family(
        name="x_total",
        kind="counter",
        help="a\nb\\c",
        samples=[Sample(labels={"l": 'q"\\\n'}, value=float(np.float64(1e20)))],
    )
    found = read_exposition(text_of([family]))["x_total"]
    assert (found.kind, found.help) == ("counter", "a\nb\\c")
    assert found.value(l='q"\\\n') == 1e20
