"""A simulated region that also writes to InfluxDB decides the same, whatever the server does."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy.app.headless import Run, run_headless
from energy.domain import Point
from energy.historian.influx.telemetry import InfluxTelemetry
from energy.historian.sqlite_reader import open_reader
from tests.closed_loop.test_seeded_faults import START, settings_of
from tests.historian.influx_drain import Drain
from tests.historian.influx_server import running


async def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, hours: float, away_min: range) -> None:
    """Run without a server and with one that is away for a while; compare the ledgers, and the samples."""
    without = await run_headless(settings_of(tmp_path / "without", hours=hours))
    with running(tmp_path / "server") as server:
        settings = server.database()
        for name, value in server.environment(settings.bucket).items():
            monkeypatch.setenv(name, value)

        async def between_ticks(run: Run, at: datetime) -> None:
            minute = round((at - START) / timedelta(minutes=1))
            if minute == away_min.start:
                server.kill_influxd()
            if minute == away_min.stop:
                server.start_influxd()

        beside = await run_headless(settings_of(tmp_path / "with", hours=hours), between_ticks=between_ticks)
        assert beside["ledger_head"] == without["ledger_head"]
        with Drain(tmp_path / "with", settings) as drain:
            drain.settle()
            tally = drain.queue.tally
        assert (tally.waiting_lines, tally.lost_lines, tally.refused_lines) == (0, 0, 0)
        end = START + timedelta(hours=hours, minutes=1)
        samples = 0
        with InfluxTelemetry(settings) as telemetry, open_reader(tmp_path / "with") as record:
            latest = record.latest()
            assert telemetry.latest() == latest
            for asset_id, point in latest:
                there = telemetry.samples(asset_id, point, start=START, end=end)
                here = record.samples(asset_id, point, start=START, end=end)
                assert np.array_equal(there.at_ms, here.at_ms)
                assert np.array_equal(there.value, here.value, equal_nan=True)
                assert np.array_equal(there.good, here.good)
                samples += here.at_ms.size
                if point is Point.POWER_KW:
                    window = {"start": START, "end": START + timedelta(hours=hours), "known_at": end}
                    theirs, ours = (store.means(asset_id, point, **window) for store in (telemetry, record))
                    assert np.allclose(theirs.value, ours.value, equal_nan=True, rtol=1e-12, atol=0.0)
                    assert np.array_equal(theirs.coverage, ours.coverage)
        assert samples == tally.delivered_lines
        assert samples > 60 * hours * len(latest)


async def test_a_server_that_goes_and_comes_back_changes_no_decision_and_misses_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await compare(tmp_path, monkeypatch, hours=0.25, away_min=range(3, 10))


@pytest.mark.long
async def test_an_hour_without_the_server_changes_no_decision_and_misses_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await compare(tmp_path, monkeypatch, hours=1.5, away_min=range(15, 75))
