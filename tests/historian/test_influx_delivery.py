"""What is delivered, kept, set aside or lost, judged by a real server behind a real proxy."""

import dataclasses
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from energy.domain import Point, Quality, Reading
from energy.historian.influx.client import Away, Denied, InfluxWriter
from energy.historian.influx.delivery import Delivery
from energy.historian.influx.query import InfluxQuery
from energy.historian.influx.settings import InfluxSettings
from energy.historian.influx.spool import Spool
from energy.historian.influx.spool_queue import Refusal, SpoolQueue
from energy.historian.influx.spool_reader import open_spool_reader
from energy.historian.influx.store import InfluxStore
from energy.historian.instants import ms_of
from tests.historian.influx_drain import Drain
from tests.historian.influx_server import InfluxServer, free_port, running

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
ROOM = 10**9


def tick(number: int, points: int = 20) -> list[Reading]:
    at = T0 + timedelta(seconds=5 * number)
    return [
        Reading(
            asset_id=f"asset_{place}",
            point=Point.POWER_KW,
            value=number + place / 1000.0,
            quality=Quality.GOOD,
            measured_at=at,
        )
        for place in range(points)
    ]


def stored(settings: InfluxSettings) -> dict[tuple[str, int], float]:
    """Every good value on the server, by asset and moment."""
    with InfluxQuery(settings) as query:
        tables = query.between(
            "reading",
            ["value"],
            start_ms=ms_of(T0),
            end_ms=ms_of(T0 + timedelta(days=2)),
            group=" GROUP BY asset, point",
        )
    return {(table.tags["asset"], int(at_ms)): value for table in tables for at_ms, value in table.rows}


def expected(ticks: list[list[Reading]]) -> dict[tuple[str, int], float]:
    return {
        (one.asset_id, ms_of(one.measured_at)): one.value
        for readings in ticks
        for one in readings
        if one.value is not None
    }


def refused_lines(folder: Path) -> list[Refusal]:
    with open_spool_reader(folder) as reader:
        return reader.refused(limit=100)


@pytest.fixture
def database(influx_server: InfluxServer) -> InfluxSettings:
    return influx_server.database()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path, bytes_max=ROOM) as made:
        yield made


def test_what_was_delivered_waits_no_longer_and_is_there_once(
    database: InfluxSettings, spool: Spool, tmp_path: Path
) -> None:
    ticks = [tick(number) for number in range(50)]
    for readings in ticks:
        spool.write_readings(readings)
    with Drain(tmp_path, database) as drain:
        assert drain.deliver() == 1000
        tally = drain.queue.tally
    assert (tally.waiting_lines, tally.waiting_bytes, tally.delivered_lines) == (0, 0, 1000)
    assert stored(database) == expected(ticks)


def test_a_parcel_sent_twice_changes_nothing(database: InfluxSettings, spool: Spool, tmp_path: Path) -> None:
    spool.write_readings(tick(1))
    with Drain(tmp_path, database) as drain:
        parcel = drain.queue.take(lines_max=100, bytes_max=ROOM)
        assert parcel is not None
        for _ in range(3):
            drain.writer.send(parcel.body)
        drain.deliver()
    assert stored(database) == expected([tick(1)])


def test_lines_that_the_server_refuses_are_set_aside_and_the_rest_arrives(
    database: InfluxSettings, spool: Spool, tmp_path: Path
) -> None:
    with InfluxWriter(database) as writer:  # another program made the field an integer
        writer.send(f"reading,asset=asset_7,point=power_kw value=1i {ms_of(T0) - 1}")
    ticks = [tick(number) for number in range(3)]
    for readings in ticks:
        spool.write_readings(readings)
    with Drain(tmp_path, database) as drain:
        drain.deliver()
        tally = drain.queue.tally
        refused = refused_lines(tmp_path)
    assert (tally.waiting_lines, tally.refused_lines) == (0, 60)
    assert {item.line.split(",")[0] for item in refused} == {"reading"}
    assert all("field type conflict" in item.reason for item in refused)


def test_a_lone_line_at_fault_does_not_hold_up_its_neighbours(
    database: InfluxSettings, spool: Spool, tmp_path: Path
) -> None:
    ticks = [tick(number) for number in range(40)]
    for readings in ticks:
        spool.write_readings(readings)
    nonsense = dataclasses.replace(tick(99)[0], asset_id="x" * 70_000)  # more than a key may have
    spool.write_readings([nonsense])
    with Drain(tmp_path, database) as drain:
        drain.deliver()
        tally = drain.queue.tally
        (refused,) = refused_lines(tmp_path)
    assert (tally.waiting_lines, tally.refused_lines, tally.delivered_lines) == (0, 1, 800)
    assert refused.line.startswith("reading,asset=xxx")
    assert "max key length" in refused.reason
    assert stored(database) == expected(ticks)


def test_a_wrong_token_keeps_everything_and_is_told(
    database: InfluxSettings, spool: Spool, tmp_path: Path
) -> None:
    spool.write_readings(tick(1))
    wrong = database.model_copy(update={"token": SecretStr("not-this-one")})
    with SpoolQueue(tmp_path) as queue, InfluxWriter(wrong) as writer:
        sent = Delivery(queue, writer, give_up=lambda: False).once()
        assert isinstance(sent.trouble, Denied)
        assert "401" in sent.trouble.reason
        assert "not-this-one" not in sent.trouble.reason
        assert queue.tally.waiting_lines == 20
    with Drain(tmp_path, database) as drain:
        drain.deliver()
    assert stored(database) == expected([tick(1)])


def test_a_bucket_that_is_missing_keeps_everything(
    database: InfluxSettings, spool: Spool, tmp_path: Path
) -> None:
    spool.write_readings(tick(1))
    wrong = database.model_copy(update={"bucket": "not_there"})
    with SpoolQueue(tmp_path) as queue, InfluxWriter(wrong) as writer:
        sent = Delivery(queue, writer, give_up=lambda: False).once()
        assert isinstance(sent.trouble, Denied)
        assert "not_there" in sent.trouble.reason
        assert queue.tally.waiting_lines == 20


@pytest.mark.parametrize(
    ("instead", "words", "wait_s"),
    [
        ("add_header Retry-After 7 always; return 503 'busy';", "503", 7.0),
        ("return 429;", "429", None),
        ('return 500 \'{"message":"timeout"}\';', "timeout", None),
        ("return 444;", "", None),
    ],
)
def test_a_server_that_cannot_now_is_asked_again_later(
    influx_server: InfluxServer,
    database: InfluxSettings,
    spool: Spool,
    tmp_path: Path,
    instead: str,
    words: str,
    wait_s: float | None,
) -> None:
    spool.write_readings(tick(1))
    with SpoolQueue(tmp_path) as queue, InfluxWriter(database) as writer:
        with influx_server.behaving(instead):
            sent = Delivery(queue, writer, give_up=lambda: False).once()
        assert isinstance(sent.trouble, Away)
        assert words in sent.trouble.reason
        assert sent.trouble.wait_s == wait_s
        assert queue.tally.waiting_lines == 20


def test_a_server_behind_a_proxy_that_cannot_reach_it_is_asked_again_later(
    influx_server: InfluxServer, database: InfluxSettings, spool: Spool, tmp_path: Path
) -> None:
    spool.write_readings(tick(1))
    with SpoolQueue(tmp_path) as queue, InfluxWriter(database) as writer:
        with influx_server.behaving(influx_port=free_port()):
            sent = Delivery(queue, writer, give_up=lambda: False).once()
        assert isinstance(sent.trouble, Away)
        assert "502" in sent.trouble.reason
        assert queue.tally.waiting_lines == 20


def test_a_server_that_takes_only_small_requests_gets_them(spool: Spool, tmp_path: Path) -> None:
    ticks = [tick(number, points=100) for number in range(60)]
    for readings in ticks:
        spool.write_readings(readings)
    with running(tmp_path / "server", body_max="10k") as server:
        database = server.database()
        with Drain(tmp_path, database) as drain:
            drain.deliver()
            assert drain.queue.tally.refused_lines == 0
        assert stored(database) == expected(ticks)


def test_a_full_spool_lets_the_oldest_go_and_counts_them(database: InfluxSettings, tmp_path: Path) -> None:
    ticks = [tick(number) for number in range(100)]
    with Spool(tmp_path, bytes_max=30_000) as spool:
        for readings in ticks:
            spool.write_readings(readings)
            assert spool.tally.waiting_bytes <= 30_000
        tally = spool.tally
        assert spool.share > 0.9
    assert tally.lost_lines + tally.waiting_lines == 2000
    assert tally.lost_lines > 0
    with Drain(tmp_path, database) as drain:
        drain.deliver()
    assert stored(database) == expected(ticks[tally.lost_lines // 20 :])


def test_a_store_tells_what_is_wrong_and_never_waits(database: InfluxSettings, tmp_path: Path) -> None:
    """A server that takes the connection and never answers is the worst of them."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = database.model_copy(
            update={"url": f"http://127.0.0.1:{silent.getsockname()[1]}", "spool_mb": 1}
        )
        now = T0
        store = InfluxStore(hung, tmp_path, now=lambda: now)
        longest_s = 0.0
        for number in range(400):
            before_s = time.perf_counter()
            store.write_readings(tick(number, points=100))
            longest_s = max(longest_s, time.perf_counter() - before_s)
        assert longest_s < 0.5
        codes = [note.partition(":")[0] for note in store.notes(T0 + timedelta(hours=1))]
        assert "spool_full" in codes
        store.close(wait_s=0.1)


def test_troubles_become_notes_and_go_when_they_are_over(
    influx_server: InfluxServer, database: InfluxSettings, tmp_path: Path
) -> None:
    dead = database.model_copy(update={"url": f"http://127.0.0.1:{free_port()}"})
    with InfluxStore(dead, tmp_path, now=lambda: T0) as store:
        store.write_readings(tick(0))
        _wait_until(lambda: store.notes(T0 + timedelta(minutes=3)) != [])
        assert store.notes(T0 + timedelta(minutes=1)) == []
        (note,) = store.notes(T0 + timedelta(minutes=3))
        assert note.startswith("telemetry_unreachable: since 2020-06-01 10:00 UTC")
    wrong = database.model_copy(update={"token": SecretStr("not-this-one")})
    with InfluxStore(wrong, tmp_path, now=lambda: T0) as store:
        _wait_until(lambda: store.notes(T0) != [])
        (note,) = store.notes(T0)
        assert note.startswith("telemetry_denied: ")
    with InfluxStore(database, tmp_path, now=lambda: T0) as store:
        store.write_readings(tick(1))
        _wait_until(lambda: len(stored(database)) == 40)
        assert store.notes(T0) == []
    assert stored(database) == expected([tick(0), tick(1)])


def _wait_until(true: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20.0
    while time.monotonic() < until_s:
        if true():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come to pass within 20 s")


def test_a_person_sees_what_waits_and_what_was_refused(
    database: InfluxSettings, spool: Spool, tmp_path: Path
) -> None:
    def shown(*more: str) -> str:
        arguments = ["spool", "musterstadt", "--data", str(tmp_path), *more]
        return subprocess.run(
            [sys.executable, "-m", "energy", *arguments], capture_output=True, text=True, check=True
        ).stdout

    spool.write_readings(tick(1))
    spool.write_readings([dataclasses.replace(tick(99)[0], asset_id="x" * 70_000)])
    waiting = json.loads(shown("--json"))
    assert waiting["waiting_readings"] == 21
    assert waiting["waiting_since"] == "2020-06-01T10:00:05Z"
    assert "since 2020-06-01T10:00:05Z" in shown()
    with Drain(tmp_path, database) as drain:
        drain.deliver()
    told = json.loads(shown("--refused", "--json"))
    assert (told["waiting_readings"], told["delivered_readings"], told["refused_readings"]) == (0, 20, 1)
    assert "max key length" in told["refused"][0]["reason"]
    assert "max key length" in shown("--refused")


def test_a_proxy_that_says_bad_request_condemns_no_reading(
    influx_server: InfluxServer, tmp_path: Path
) -> None:
    database = influx_server.database()
    too_long = database.model_copy(update={"token": SecretStr("x" * 60_000)})
    with Spool(tmp_path, bytes_max=ROOM) as spool, SpoolQueue(tmp_path) as queue:
        spool.write_readings(tick(1))
        with InfluxWriter(too_long) as writer:
            sent = Delivery(queue, writer, give_up=lambda: False).once()
        assert isinstance(sent.trouble, Denied)
        assert "400" in sent.trouble.reason
        assert (queue.tally.waiting_lines, queue.tally.refused_lines) == (20, 0)


def test_a_page_that_answers_in_a_servers_place_has_taken_nothing(
    influx_server: InfluxServer, database: InfluxSettings, spool: Spool, tmp_path: Path
) -> None:
    spool.write_readings(tick(1))
    with SpoolQueue(tmp_path) as queue, InfluxWriter(database) as writer:
        with influx_server.behaving("return 200 '<html>please log in</html>';"):
            sent = Delivery(queue, writer, give_up=lambda: False).once()
        assert isinstance(sent.trouble, Denied)
        assert "HTTP 200" in sent.trouble.reason
        assert (queue.tally.waiting_lines, queue.tally.delivered_lines) == (20, 0)


def test_an_answer_in_another_encoding_is_no_end_of_the_delivery(influx_server: InfluxServer) -> None:
    database = influx_server.database()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\n\xfc")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with InfluxWriter(database.model_copy(update={"url": url})) as writer:
            assert isinstance(writer.send("reading value=1.0 1"), Away)
        thread.join()
