"""What a server says is taken for whole only if it is whole, and for an answer only if it is one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from energy.domain import Point, Quality, Reading
from energy.errors import RecordBroken, StoreUnavailable
from energy.historian.influx.client import InfluxWriter
from energy.historian.influx.query import InfluxQuery
from energy.historian.influx.settings import InfluxSettings
from energy.historian.influx.spool import Spool
from energy.historian.influx.telemetry import InfluxTelemetry
from energy.historian.instants import ms_of
from tests.historian.influx_drain import Drain
from tests.historian.influx_server import InfluxServer, free_port, running

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
WINDOW = {"start_ms": ms_of(T0), "end_ms": ms_of(T0) + 1}


def test_a_server_that_cuts_answers_short_is_asked_for_less_until_they_are_whole(tmp_path: Path) -> None:
    ticks = 1000
    with running(tmp_path / "server", rows_max=50) as server, Spool(tmp_path, bytes_max=10**9) as spool:
        settings = server.database()
        for number in range(ticks):
            spool.write_readings(
                [
                    Reading(
                        asset_id=asset_id,
                        point=Point.POWER_KW,
                        value=float(number),
                        quality=Quality.GOOD,
                        measured_at=T0 + timedelta(seconds=5 * number),
                    )
                    for asset_id in ("pv", "wind")
                ]
            )
        with Drain(tmp_path, settings) as drain, InfluxTelemetry(settings) as telemetry:
            drain.settle()
            end = T0 + timedelta(seconds=5 * ticks)
            samples = telemetry.samples("wind", Point.POWER_KW, start=T0, end=end)
            means = telemetry.means(
                "wind", Point.POWER_KW, start=T0, end=T0 + timedelta(hours=1), known_at=end
            )
    assert samples.value.tolist() == [float(number) for number in range(ticks)]
    assert means.value == pytest.approx([180 * period + 90.5 for period in range(4)])


def test_a_millisecond_that_holds_more_than_the_server_gives_is_no_answer(tmp_path: Path) -> None:
    with running(tmp_path / "server", rows_max=3) as server:
        settings = server.database()
        with InfluxWriter(settings) as writer:
            writer.send("\n".join(f"reading,asset=a{n},point=power_kw value=1 {ms_of(T0)}" for n in range(9)))
        with InfluxQuery(settings) as query:
            with pytest.raises(StoreUnavailable, match="max-row-limit"):
                query.between("reading", ["value"], **WINDOW)
            with pytest.raises(StoreUnavailable, match="max-row-limit"):
                query.newest("reading", ["value"], group=" GROUP BY asset")


def test_an_error_inside_a_good_answer_is_an_error(influx_server: InfluxServer) -> None:
    missing = influx_server.database().model_copy(update={"bucket": "not_there"})
    with (
        InfluxQuery(missing) as query,
        pytest.raises(StoreUnavailable, match="database not found: not_there"),
    ):
        query.between("reading", ["value"], **WINDOW)


def test_a_wrong_token_and_a_server_that_is_away_are_unavailable(influx_server: InfluxServer) -> None:
    settings = influx_server.database()
    wrong = settings.model_copy(update={"token": SecretStr("not-this-one")})
    with InfluxQuery(wrong) as query, pytest.raises(StoreUnavailable, match=r"HTTP 401.*check token") as told:
        query.between("reading", ["value"], **WINDOW)
    assert "not-this-one" not in str(told.value)
    dead = settings.model_copy(update={"url": f"http://127.0.0.1:{free_port()}"})
    with InfluxQuery(dead) as query, pytest.raises(StoreUnavailable, match="check that it runs"):
        query.between("reading", ["value"], **WINDOW)


def test_texts_in_a_question_are_texts(influx_server: InfluxServer) -> None:
    evil = "x' OR asset != '"
    with InfluxTelemetry(influx_server.database()) as telemetry:
        samples = telemetry.samples(evil, Point.POWER_KW, start=T0, end=T0 + timedelta(hours=1))
    assert np.array_equal(samples.at_ms, [])


@contextmanager
def saying(body: bytes) -> Iterator[InfluxSettings]:
    """A server on loopback that gives the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield InfluxSettings(
                url=f"http://127.0.0.1:{server.server_port}", token=SecretStr("t"), bucket="b"
            )
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>a proxy's page</html>",
        b"[]",
        b"{}",
        b'{"results":[]}',
        b'{"results":[{"series":[{"columns":["time","other"],"values":[[1,2]]}]}]}',
        b'{"results":[{"series":[{"columns":["time","value"],"values":[[1]]}]}]}',
        b'{"results":[{"series":7}]}',
    ],
)
def test_an_answer_of_another_form_is_refused(body: bytes) -> None:
    with saying(body) as settings, InfluxQuery(settings) as query, pytest.raises(RecordBroken):
        query.between("reading", ["value"], **WINDOW)


@pytest.mark.parametrize("mark", ['"partial":true,"series":[]', '"series":[{"partial":true}]'])
def test_an_answer_marked_partial_is_none(mark: str) -> None:
    with (
        saying(f'{{"results":[{{{mark}}}]}}'.encode()) as settings,
        InfluxQuery(settings) as query,
        pytest.raises(StoreUnavailable, match="max-row-limit"),
    ):
        query.between("reading", ["value"], **WINDOW)
