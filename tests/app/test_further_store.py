"""A further store is opened where the environment names one, and never keeps a controller from starting."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy.app.further_store import further_store, retention_in, told_by
from energy.domain import Point, Quality, Reading
from energy.errors import BadInput, StoreUnavailable
from energy.historian.influx.spool_file import FILE_NAME
from energy.historian.influx.spool_reader import open_spool_reader
from energy.historian.limits import SAMPLES_KEPT_DAYS

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
NAMED = {
    "ENERGIEWAAGE_INFLUX_URL": "http://127.0.0.1:9",
    "ENERGIEWAAGE_INFLUX_TOKEN": "t",
    "ENERGIEWAAGE_INFLUX_BUCKET": "b",
}
READING = Reading(asset_id="wind", point=Point.POWER_KW, value=1.0, quality=Quality.GOOD, measured_at=T0)


class Now:
    """A clock that stands."""

    def now(self) -> datetime:
        return T0


def test_without_a_server_nothing_is_opened(tmp_path: Path) -> None:
    with further_store({}, tmp_path, Now()) as store:
        assert store is None
    assert list(tmp_path.iterdir()) == []
    assert retention_in({}).samples == timedelta(days=SAMPLES_KEPT_DAYS)


def test_a_server_that_is_away_does_not_matter_and_readings_wait(tmp_path: Path) -> None:
    assert retention_in(NAMED).samples == timedelta(hours=2)
    with further_store(NAMED, tmp_path, Now()) as store:
        assert store is not None
        store.write_readings([READING])
    with open_spool_reader(tmp_path) as reader:
        assert reader.tally.waiting_lines == 1
        assert reader.waits_since == T0


def test_wrong_settings_end_the_start(tmp_path: Path) -> None:
    for ask in (retention_in, lambda given: further_store(given, tmp_path, Now()).__enter__()):
        with pytest.raises(BadInput, match="ENERGIEWAAGE_INFLUX_BUCKET"):
            ask({name: value for name, value in NAMED.items() if not name.endswith("BUCKET")})


def test_a_broken_spool_does_not_keep_a_controller_from_starting(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"damaged" * 4096)
    with further_store(NAMED, tmp_path, Now()) as store:
        assert store is not None
        with pytest.raises(StoreUnavailable, match=r"1 readings not taken: .*spool\.sqlite"):
            store.write_readings([READING])
        assert told_by(store.notes, lambda at: [f"other: {at:%H}"])(T0) == ["other: 10"]
