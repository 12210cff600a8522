"""Lines say exactly what was read, and a real server reads back exactly that."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.domain import Point, Quality, Reading
from energy.historian.influx.line_protocol import ReadingLines, line
from energy.historian.influx.query import InfluxQuery, of_series
from energy.historian.influx.spool import Spool
from tests.historian.influx_drain import Drain
from tests.historian.influx_server import InfluxServer

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
T0_MS = 1_591_005_600_000


def one(value: float | None, quality: Quality = Quality.GOOD, asset_id: str = "wind") -> Reading:
    return Reading(asset_id=asset_id, point=Point.POWER_KW, value=value, quality=quality, measured_at=T0)


@pytest.mark.parametrize(
    ("reading", "fields"),
    [
        (one(5.0), "value=5.0"),
        (one(5), "value=5.0"),
        (one(-1e-7), "value=-1e-07"),
        (one(None), 'quality="good"'),
        (one(math.nan), 'quality="good"'),
        (one(math.inf), 'quality="good"'),
        (one(None, Quality.COMM_ERROR), 'quality="comm_error"'),
        (one(3.5, Quality.IMPLAUSIBLE), 'quality="implausible",doubted=3.5'),
        (one(math.nan, Quality.STALE), 'quality="stale"'),
    ],
)
def test_a_reading_becomes_a_line_and_what_is_missing_stays_missing(reading: Reading, fields: str) -> None:
    lines, moments = ReadingLines().of([reading])
    assert lines == [f"reading,asset=wind,point=power_kw {fields} {T0_MS}"]
    assert moments == [T0_MS]


def test_integers_and_floats_are_kept_apart_and_no_other_number_is_written() -> None:
    assert line("mean", 1, value=2.0, covered_ms=3) == "mean value=2.0,covered_ms=3i 1"
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            line("mean", 1, value=wrong)


VALUES = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 5e-324, 1.7e308])
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


def test_every_float_comes_back_to_the_last_bit(influx_server: InfluxServer, tmp_path: Path) -> None:
    database = influx_server.database()

    @settings(deadline=None, max_examples=20)
    @given(st.lists(VALUES, min_size=1, max_size=200), NAMES)
    def compare(values: list[float], asset_id: str) -> None:
        readings = [
            Reading(
                asset_id=asset_id,
                point=Point.POWER_KW,
                value=value,
                quality=Quality.GOOD,
                measured_at=T0 + timedelta(milliseconds=place),
            )
            for place, value in enumerate(values)
        ]
        with Spool(tmp_path, bytes_max=10**9) as spool, Drain(tmp_path, database) as drain:
            spool.write_readings(readings)
            drain.deliver()
            assert drain.queue.tally.refused_lines == 0
        with InfluxQuery(database) as query:
            asked = f"{asset_id} " if asset_id.endswith("\\") else asset_id
            tables = query.between(
                "reading",
                ["value"],
                start_ms=T0_MS,
                end_ms=T0_MS + len(values),
                where=of_series(asked, "power_kw"),
            )
            assert [float(row[1]) for table in tables for row in table.rows] == values

    compare()
