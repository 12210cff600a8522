"""RECORD: telemetry on its way to a real InfluxDB, against prepared lines through the same client."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from energy.historian.influx.client import InfluxWriter, Taken
from energy.historian.influx.delivery import LINES_PER_REQUEST
from energy.historian.influx.line_protocol import ReadingLines
from energy.historian.influx.spool import Spool
from tests.benchmarks.figure import Figure, figure_of, interleaved, pairs_of
from tests.benchmarks.ticks_of_readings import TICKS_A_SIDE, points_of_copies, ticks_of_readings
from tests.historian.influx_drain import Drain
from tests.historian.influx_server import running

ASSETS = 45
PAIRS = 25
SPOOL_BYTES = 10**9


def influx_figures(*, pairs: int = PAIRS, assets: int = ASSETS) -> Iterator[Figure]:
    """Bring the same samples to the same server both ways, a database each.

    Ours is everything between a reading and the server's answer: lines, a transaction of the spool for each
    tick, the parcels out of it, and forgetting them. Theirs is one string a request, made beforehand, with
    the ticks that our parcels hold.
    """
    series = points_of_copies(assets)
    a_request = LINES_PER_REQUEST // len(series)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        server = stack.enter_context(running(Path(name) / "server"))
        folder = Path(name) / "spool"
        spool = stack.enter_context(Spool(folder, bytes_max=SPOOL_BYTES))
        drain = stack.enter_context(Drain(folder, server.database()))
        bare = stack.enter_context(InfluxWriter(server.database()))

        def ours(number: int) -> float:
            ticks = ticks_of_readings(series, number)
            began = time.perf_counter()
            for readings in ticks:
                spool.write_readings(readings)
            drain.deliver()
            return time.perf_counter() - began

        def theirs(number: int) -> float:
            ticks = ticks_of_readings(series, number)
            requests = [
                "\n".join(
                    line
                    for readings in ticks[first : first + a_request]
                    for line in ReadingLines().of(readings)[0]
                )
                for first in range(0, len(ticks), a_request)
            ]
            began = time.perf_counter()
            for request in requests:
                answer = bare.send(request)
                if not isinstance(answer, Taken):
                    raise TypeError(f"the server did not take the lines: {answer}")
            return time.perf_counter() - began

        measured = interleaved(pairs, ours=ours, theirs=theirs)
        tally = drain.queue.tally
    if tally.delivered_lines != pairs * TICKS_A_SIDE * len(series):
        raise ValueError(f"only {tally.delivered_lines} lines arrived")
    against = (
        f"prepared strings through the same client with gzip, {a_request * len(series)} lines a request; "
        f"ours from readings, {len(series)} a tick"
    )
    yield pairs_of(measured).rate_ratio(name="historian.ingest_ratio.influx", of="lines", against=against)
    yield figure_of(
        [len(series) * TICKS_A_SIDE / ours_s for ours_s, _ in measured],
        name="historian.ingest_rows_per_s.influx",
        unit="lines/s",
        against="absolute, one thread, until the server's last answer",
    )
