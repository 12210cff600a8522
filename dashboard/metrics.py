"""What Prometheus may ask: how the controller does, what it counted, and how the store stands.

A scrape reads what is there. What cannot be read is left out, never shown as 0; the age of the last tick
grows by the wall's clock while nobody ticks.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

from dashboard.desk import Given
from dashboard.exposition import MEDIA_TYPE, Family, Sample, text_of
from dashboard.presence import Heard, Presence, controller_now, presence_of
from dashboard.record import Counted
from energy.domain import Rung, Severity
from energy.historian.influx.spool_file import Tally
from energy.metrics import (
    COUNTED,
    OVERFLOW,
    PLAN_ISSUED,
    WEATHER_ISSUED,
    Metric,
    bucket_key,
    key,
    sum_key,
)

FILES = ("telemetry", "ledger", "requests", "field", "spool", "jobs")
"""The data folder's databases; others are not looked at."""
SEGMENTS = "ledger"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Sizes in the data folder, bytes, by file; what does not exist is missing."""

    file_bytes: Mapping[str, int]
    wal_bytes: Mapping[str, int]
    segments_bytes: int
    disk_free_bytes: int | None
    disk_size_bytes: int | None


@router.get("/metrics")
def metrics(desk: Given) -> Response:
    """Everything in Prometheus' text format."""
    counted = desk.record.counted()
    families = [
        *_of_controller(counted, desk.region.control.tick_s),
        *_of_counts(counted),
        *_of_ledger(counted),
        *_of_store(store_of(desk.record.folder)),
        *_of_spool(counted.spool),
    ]
    return Response(text_of(families), media_type=MEDIA_TYPE)


def store_of(folder: Path) -> Store:
    """Look at the data folder."""
    databases = {name: folder / f"{name}.sqlite" for name in FILES}
    walls = {name: path.with_name(path.name + "-wal") for name, path in databases.items()}
    segments = folder / SEGMENTS
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        usage = None
    return Store(
        file_bytes=_sizes(databases),
        wal_bytes=_sizes(walls),
        segments_bytes=sum(_sizes({path.name: path for path in segments.glob("*")}).values()),
        disk_free_bytes=usage.free if usage is not None else None,
        disk_size_bytes=usage.total if usage is not None else None,
    )


def _of_controller(counted: Counted, tick_s: float) -> Iterator[Family]:
    heard = counted.heard
    yield _gauge(
        "energiewaage_record_readable", "1 while telemetry can be read, 0 otherwise.", float(counted.readable)
    )
    yield _gauge(
        "energiewaage_tick_age_seconds",
        "Wall seconds since the controller last wrote its status.",
        heard.silence_s if heard is not None else None,
    )
    present = heard is not None and presence_of(heard, tick_s=tick_s) is Presence.LIVE
    yield _gauge(
        "energiewaage_controller_live", "1 while the controller reports, 0 otherwise.", float(present)
    )
    status = heard.status if heard is not None else None
    yield _gauge(
        "energiewaage_rung",
        "1 at the rung of the way down that was in force at the last tick.",
        {rung: float(status.rung is rung) for rung in Rung} if status is not None else None,
        label="rung",
    )
    severities = [alarm.severity for alarm in status.alarms] if status is not None else []
    yield _gauge(
        "energiewaage_alarms",
        "Alarms open at the last tick.",
        {item: float(severities.count(item)) for item in Severity} if status is not None else None,
        label="severity",
    )
    issued_s = counted.numbers.get(key(PLAN_ISSUED))
    yield _gauge(
        "energiewaage_plan_age_seconds",
        "Seconds since the latest plan was issued, by the controller's clock; grows while it is silent.",
        _now_s(heard) - issued_s if heard is not None and issued_s is not None else None,
    )
    weather_s = counted.numbers.get(key(WEATHER_ISSUED))
    yield _gauge(
        "energiewaage_weather_age_seconds",
        "Seconds since the newest weather forecast was issued, of the place where that is oldest.",
        _now_s(heard) - weather_s if heard is not None and weather_s is not None else None,
    )


def _of_counts(counted: Counted) -> Iterator[Family]:
    for metric in COUNTED:
        if metric in {PLAN_ISSUED, WEATHER_ISSUED}:
            continue
        samples = list(_samples(metric, counted.numbers))
        yield Family(name=metric.name, kind=metric.kind, help=metric.help, samples=samples)


def _samples(metric: Metric, numbers: Mapping[str, float]) -> Iterator[Sample]:
    """A family that was never counted has no sample; one that was has all its labels, 0 where none came."""
    if metric.kind == "histogram":
        count = numbers.get(bucket_key(metric, OVERFLOW))
        if count is None:
            return
        for bound in (*(f"{bound_s:g}" for bound_s in metric.bounds_s), OVERFLOW):
            value = numbers.get(bucket_key(metric, bound), 0.0)
            yield Sample(suffix="_bucket", labels={"le": bound}, value=value)
        yield Sample(suffix="_sum", value=numbers.get(sum_key(metric), 0.0))
        yield Sample(suffix="_count", value=count)
        return
    if not numbers:
        return
    for mark in metric.values or ("",):
        labels = {metric.label: mark} if mark else {}
        yield Sample(labels=labels, value=numbers.get(key(metric, mark), 0.0))


def _of_ledger(counted: Counted) -> Iterator[Family]:
    head, heard = counted.head, counted.heard
    yield _gauge(
        "energiewaage_ledger_entries",
        "Number of the ledger's last entry.",
        float(head.count) if head is not None else None,
    )
    yield _gauge(
        "energiewaage_ledger_head_age_seconds",
        "Seconds since the ledger's last entry, by the controller's clock.",
        _now_s(heard) - counted.head_at.timestamp()
        if heard is not None and counted.head_at is not None
        else None,
    )


def _of_store(store: Store) -> Iterator[Family]:
    files = {name: float(size) for name, size in store.file_bytes.items()}
    logs = {name: float(size) for name, size in store.wal_bytes.items()}
    yield _gauge("energiewaage_file_bytes", "Size of a database of the data folder.", files, label="file")
    yield _gauge("energiewaage_wal_bytes", "Size of its write-ahead log.", logs, label="file")
    yield _gauge(
        "energiewaage_ledger_segments_bytes",
        "Size of the ledger's sealed segments.",
        float(store.segments_bytes),
    )
    free, size = store.disk_free_bytes, store.disk_size_bytes
    yield _gauge(
        "energiewaage_disk_free_bytes",
        "Free on the disk of the data folder.",
        float(free) if free is not None else None,
    )
    yield _gauge(
        "energiewaage_disk_size_bytes", "Size of that disk.", float(size) if size is not None else None
    )


def _of_spool(tally: Tally | None) -> Iterator[Family]:
    yield _gauge(
        "energiewaage_spool_waiting_bytes",
        "Readings that wait for InfluxDB.",
        float(tally.waiting_bytes) if tally is not None else None,
    )
    lines = (
        ("delivered", "Readings that InfluxDB took.", tally.delivered_lines if tally else None),
        ("refused", "Readings that InfluxDB refused, set aside.", tally.refused_lines if tally else None),
        ("lost", "Readings lost because the spool was full.", tally.lost_lines if tally else None),
    )
    for name, text, count in lines:
        samples = [Sample(value=float(count))] if count is not None else []
        yield Family(
            name=f"energiewaage_spool_{name}_lines_total", kind="counter", help=text, samples=samples
        )


def _gauge(name: str, text: str, found: float | Mapping[str, float] | None, *, label: str = "") -> Family:
    samples: list[Sample] = []
    if isinstance(found, Mapping):
        samples = [Sample(labels={label: str(item)}, value=value) for item, value in found.items()]
    elif found is not None:
        samples = [Sample(value=found)]
    return Family(name=name, kind="gauge", help=text, samples=samples)


def _now_s(heard: Heard) -> float:
    return controller_now(heard, Presence.SILENT).timestamp()


def _sizes(paths: Mapping[str, Path]) -> dict[str, int]:
    found = {}
    for name, path in paths.items():
        try:
            found[name] = path.stat().st_size
        except OSError:
            continue
    return found
