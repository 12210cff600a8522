"""The stores that keep telemetry, each opened for a test, and how a test writes to them and asks them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from energy.domain import FloatArray, Point, Quality, Reading
from energy.historian.influx.settings import InfluxSettings
from energy.historian.influx.spool import Spool
from energy.historian.influx.telemetry import InfluxTelemetry
from energy.historian.memory_record import MemoryRecord
from energy.historian.sqlite_reader import open_reader
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import PERIOD
from energy.ports import Means
from tests.historian.influx_drain import Drain

T0 = datetime(2020, 6, 1, 10, tzinfo=UTC)
POWER = Point.POWER_KW


class TakesTelemetry(Protocol):
    """The writing side that every store has."""

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Record samples."""
        ...

    def import_means(self, asset_id: str, point: Point, start: datetime, values: FloatArray) -> None:
        """Take means from elsewhere."""
        ...


class AnswersTelemetry(Protocol):
    """The reading side that every store has."""

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Give the latest reading of every point."""
        ...

    def means(
        self, asset_id: str, point: Point, *, start: datetime, end: datetime, known_at: datetime
    ) -> Means:
        """Give quarter-hour means."""
        ...

    def energy_means(self, asset_id: str, *, start: datetime, end: datetime, known_at: datetime) -> Means:
        """Give means from energy registers."""
        ...


@dataclass(frozen=True)
class Kept:
    """A store to write to; ``settle`` makes what was written visible to ``reader``."""

    writer: TakesTelemetry
    settle: Callable[[], None]
    reader: AnswersTelemetry

    def ask(self) -> AnswersTelemetry:
        self.settle()
        return self.reader


@dataclass(frozen=True)
class Place:
    """Where a store may be opened: a folder, and the settings of a server's database for who asks."""

    folder: Path
    database: Callable[[], InfluxSettings]


@contextmanager
def _memory(place: Place) -> Iterator[Kept]:
    record = MemoryRecord()
    yield Kept(record, record.commit, record)


@contextmanager
def _sqlite(place: Place) -> Iterator[Kept]:
    with SqliteRecord(place.folder) as record:
        yield Kept(record, record.commit, record)


@contextmanager
def _sqlite_through_reader(place: Place) -> Iterator[Kept]:
    with SqliteRecord(place.folder) as record, open_reader(place.folder) as reader:
        yield Kept(record, record.commit, reader)


@contextmanager
def _influx(place: Place) -> Iterator[Kept]:
    settings = place.database()
    with (
        Spool(place.folder, bytes_max=settings.spool_bytes_max) as spool,
        Drain(place.folder, settings) as drain,
        InfluxTelemetry(settings) as telemetry,
    ):
        yield Kept(spool, drain.settle, telemetry)


STORES: Mapping[str, Callable[[Place], AbstractContextManager[Kept]]] = MappingProxyType(
    {
        "memory": _memory,
        "sqlite": _sqlite,
        "sqlite_through_reader": _sqlite_through_reader,
        "influx": _influx,
    }
)
"""A further store joins the contract by an entry here; each gets a folder of its own."""


def reading(
    at: datetime,
    value: float | None,
    *,
    asset_id: str = "wind",
    point: Point = POWER,
    quality: Quality = Quality.GOOD,
) -> Reading:
    return Reading(asset_id=asset_id, point=point, value=value, quality=quality, measured_at=at)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def ticks(start: datetime, end: datetime, every_s: float = 60.0) -> list[datetime]:
    return [start + seconds(every_s) * index for index in range(int((end - start) / seconds(every_s)) + 1)]


def mean(kept: Kept, start: datetime, *, known_at: datetime | None = None) -> tuple[float, float]:
    means = kept.ask().means(
        "wind", POWER, start=start, end=start + PERIOD, known_at=known_at or start + timedelta(days=9)
    )
    return float(means.value[0]), float(means.coverage[0])
