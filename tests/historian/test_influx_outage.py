"""After an outage, a crash or a restart every sample is on the server, once, with the value that was read."""

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from energy.controller.recorder import Recorder
from energy.domain import Image, Point, Quality, Reading
from energy.historian.influx.deliverer import Patience
from energy.historian.influx.settings import InfluxSettings
from energy.historian.influx.spool import Spool
from energy.historian.influx.spool_queue import SpoolQueue
from energy.historian.influx.store import InfluxStore
from energy.historian.influx.telemetry import InfluxTelemetry
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from tests.historian.influx_drain import Drain
from tests.historian.influx_server import TOKEN, InfluxServer, running

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
TICK = timedelta(seconds=5)
ASSETS = 20
POINTS = (Point.POWER_KW, Point.ENERGY_KWH_DRAWN)
DELIVERED_S_MAX = 60.0
SHORT = Patience(backoff_s_min=0.1, backoff_s_max=0.5)


class NoBook:
    """A ledger is not asked for here."""

    def append_many(self, entries: object) -> None:
        del entries


def image(number: int) -> Image:
    """What a tick reads: values with many digits, now and then a device that is silent or doubted."""
    at = T0 + number * TICK
    readings = {}
    for place in range(ASSETS):
        for point in POINTS:
            value: float | None = (
                number / 3.0 + place if point is Point.POWER_KW else 10.0 * number + place / 7.0
            )
            quality = Quality.GOOD
            if (number + place) % 37 == 0:
                value, quality = None, Quality.COMM_ERROR
            elif (number + place) % 41 == 0:
                quality = Quality.IMPLAUSIBLE
            key = f"asset_{place}", point
            readings[key] = Reading(
                asset_id=key[0], point=point, value=value, quality=quality, measured_at=at
            )
    return Image(at=at, readings=readings)


def run(recorder: Recorder, ticks: range) -> float:
    """Record ticks, and give the longest that one took."""
    longest_s = 0.0
    for number in ticks:
        seen = image(number)
        before_s = time.perf_counter()
        assert recorder.readings(seen) == []
        longest_s = max(longest_s, time.perf_counter() - before_s)
    return longest_s


def wait_until_delivered(folder: Path) -> None:
    until_s = time.monotonic() + DELIVERED_S_MAX
    with SpoolQueue(folder) as queue:
        while queue.tally.waiting_lines:
            assert time.monotonic() < until_s, queue.tally
            time.sleep(0.05)


def agree_to_the_sample(settings: InfluxSettings, record: SqliteRecord, ticks: int) -> None:
    """Compare every sample of the server with those of the local record."""
    end = T0 + ticks * TICK
    good = 0
    with InfluxTelemetry(settings) as telemetry:
        for place in range(ASSETS):
            for point in POINTS:
                there = telemetry.samples(f"asset_{place}", point, start=T0, end=end)
                here = record.samples(f"asset_{place}", point, start=T0, end=end)
                assert there.at_ms.size == ticks
                assert np.array_equal(there.at_ms, here.at_ms)
                assert np.array_equal(there.value, here.value, equal_nan=True)
                assert np.array_equal(there.good, here.good)
                good += int(there.good.sum())
        for place in (0, 7):
            window = {"start": T0, "end": end, "known_at": end}
            for ask in (
                lambda store, name, window=window: store.means(name, Point.POWER_KW, **window),
                lambda store, name, window=window: store.energy_means(name, **window),
            ):
                theirs, ours = (ask(store, f"asset_{place}") for store in (telemetry, record))
                assert np.allclose(theirs.value, ours.value, equal_nan=True, rtol=1e-12, atol=0.0)
                assert np.array_equal(theirs.coverage, ours.coverage)
    assert good > 0.9 * ticks * ASSETS * len(POINTS)


def test_an_hour_without_the_server_costs_no_sample_and_no_tick_time(tmp_path: Path) -> None:
    an_hour = 720
    with running(tmp_path / "server") as server, SqliteRecord(tmp_path) as record:
        settings = server.database()
        with InfluxStore(settings, tmp_path, now=lambda: T0, patience=SHORT) as store:
            recorder = Recorder(record, NoBook(), further=store)
            run(recorder, range(60))
            wait_until_delivered(tmp_path)
            server.kill_influxd()
            longest_s = run(recorder, range(60, 60 + an_hour))
            with SpoolQueue(tmp_path) as queue:
                assert queue.tally.waiting_lines == an_hour * ASSETS * len(POINTS)
            server.start_influxd()
            run(recorder, range(60 + an_hour, 120 + an_hour))
            wait_until_delivered(tmp_path)
        with Drain(tmp_path, settings) as drain:
            drain.settle()
            tally = drain.queue.tally
        assert (tally.lost_lines, tally.refused_lines) == (0, 0)
        assert tally.delivered_lines == (120 + an_hour) * ASSETS * len(POINTS)
        agree_to_the_sample(settings, record, 120 + an_hour)
    assert longest_s < 0.5


def test_a_server_killed_again_and_again_while_it_takes_loses_and_doubles_nothing(tmp_path: Path) -> None:
    dice, ticks = random.Random(5), 0  # noqa: S311 - seeded on purpose
    with running(tmp_path / "server") as server, SqliteRecord(tmp_path) as record:
        settings = server.database()
        with InfluxStore(settings, tmp_path, now=lambda: T0, patience=SHORT) as store:
            recorder = Recorder(record, NoBook(), further=store)
            for _ in range(5):
                run(recorder, range(ticks, ticks + 100))
                ticks += 100
                time.sleep(dice.uniform(0.0, 0.3))
                server.kill_influxd()
                run(recorder, range(ticks, ticks + 50))
                ticks += 50
                server.start_influxd()
            wait_until_delivered(tmp_path)
        with Drain(tmp_path, settings) as drain:
            drain.settle()
        agree_to_the_sample(settings, record, ticks)


CHILD = """
import sys, time
from pathlib import Path
from energy.historian.influx.client import InfluxWriter
from energy.historian.influx.delivery import Delivery
from energy.historian.influx.deliverer import Patience
from energy.historian.influx.settings import settings_in
from energy.historian.influx.spool import Spool
from energy.historian.influx.spool_queue import SpoolQueue

class Answered:
    def __init__(self, writer):
        self.writer = writer
    def send(self, lines):
        answer = self.writer.send(lines)
        print(type(answer).__name__, flush=True)
        time.sleep(60)
        return answer

url, token, bucket, folder = sys.argv[1:]
settings = settings_in({"ENERGIEWAAGE_INFLUX_URL": url, "ENERGIEWAAGE_INFLUX_TOKEN": token,
    "ENERGIEWAAGE_INFLUX_BUCKET": bucket})
with SpoolQueue(Path(folder)) as queue, InfluxWriter(settings) as writer:
    Delivery(queue, Answered(writer), give_up=lambda: False).once()
"""


def test_a_process_killed_between_answer_and_forgetting_doubles_nothing(
    influx_server: InfluxServer, tmp_path: Path
) -> None:
    settings, ticks = influx_server.database(), 200
    with SqliteRecord(tmp_path) as record:
        with Spool(tmp_path, bytes_max=10**9) as spool:
            run(Recorder(record, NoBook(), further=spool), range(ticks))
        for _ in range(3):
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, settings.url, TOKEN, settings.bucket, str(tmp_path)],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert child.stdout is not None
            assert child.stdout.readline() == "Taken\n"
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
        with Drain(tmp_path, settings) as drain:
            assert drain.queue.tally.waiting_lines == ticks * ASSETS * len(POINTS)
            drain.settle()
        agree_to_the_sample(settings, record, ticks)


def test_late_samples_give_a_new_version_and_the_past_stays_as_it_was_known(
    influx_server: InfluxServer, tmp_path: Path
) -> None:
    settings = influx_server.database()
    late = T0 + timedelta(minutes=5)
    with Spool(tmp_path, bytes_max=10**9) as store, InfluxTelemetry(settings) as telemetry:

        def record(at: datetime, value: float) -> None:
            reading = Reading(
                asset_id="wind", point=Point.POWER_KW, value=value, quality=Quality.GOOD, measured_at=at
            )
            store.write_readings([reading])

        def known(at: datetime) -> float:
            with Drain(tmp_path, settings) as drain:
                drain.settle()
            means = telemetry.means("wind", Point.POWER_KW, start=T0, end=T0 + PERIOD, known_at=at)
            return round(float(means.value[0]), 9)

        for minute in range(61):
            at = T0 + timedelta(minutes=minute)
            if at != late:
                record(at, 6.0)
        assert known(T0 + PERIOD) == 6.0
        record(late, 21.0)
        new = round((60 * 21.0 + 840 * 6.0) / 900, 9)
        assert known(T0 + timedelta(minutes=60)) == new
        assert known(T0 + timedelta(minutes=59)) == 6.0
        record(T0 + timedelta(minutes=90), 6.0)
        record(late, 36.0)
        assert known(T0 + timedelta(minutes=90)) == round((60 * 36.0 + 840 * 6.0) / 900, 9)
        assert known(T0 + timedelta(minutes=89)) == new
        assert known(T0 + PERIOD) == 6.0
