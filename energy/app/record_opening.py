"""Opens the record at the controller's start, with what the start reads of it; control comes first."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import structlog

from energy.controller.memory import BilledPeak
from energy.domain import Plan, Point
from energy.errors import RecordBroken
from energy.historian.limits import PEAK_COVERAGE_MIN, Retention
from energy.historian.set_aside import set_aside
from energy.historian.sqlite_record import SqliteRecord
from energy.periods import period_start
from energy.region.model import Region

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The record, with the last plan and the billing year's highest quarter hour as it knows them."""

    record: SqliteRecord
    last_plan: Plan | None
    peak: BilledPeak


def opened_record(folder: Path, region: Region, now: datetime, *, retention: Retention) -> Opened:
    """Open the record; one that is damaged is put aside and a new one begun.

    Raises:
        StoreUnavailable: it cannot be opened now.
        RecordBroken: it is whole, but of another version, kind or zone: a person is at work, and is asked.
    """
    try:
        return _opened(folder, region, now, retention)
    except RecordBroken as error:
        if error.is_whole:
            raise
        aside = set_aside(folder, now)
        log.error("record broken: put aside, a new one begins", aside=str(aside), why=str(error))  # noqa: TRY400 - no traceback for an operator
        return _opened(folder, region, now, retention)


def _opened(folder: Path, region: Region, now: datetime, retention: Retention) -> Opened:
    record = SqliteRecord(folder, zone=region.zone, retention=retention)
    try:
        return Opened(record=record, last_plan=record.plan_at(now), peak=_billed_peak(record, region, now))
    except BaseException:
        record.close()
        raise


def _billed_peak(record: SqliteRecord, region: Region, now: datetime) -> BilledPeak:
    """Give the highest quarter-hour import of the billing period so far, 0 where nothing was recorded."""
    local = now.astimezone(region.zone)
    first, billed = region.market.billing_period_start(local), region.market.billing_period(local)
    begin = period_start(datetime(first.year, first.month, first.day, tzinfo=region.zone))
    end = period_start(now)
    if begin >= end:
        return BilledPeak(period=billed, power_kw=0.0)
    means = record.means(region.grid_point.id, Point.POWER_KW, start=begin, end=end, known_at=now)
    whole = means.value[np.isfinite(means.value) & (means.coverage >= PEAK_COVERAGE_MIN)]
    return BilledPeak(period=billed, power_kw=max(0.0, float(whole.max())) if whole.size else 0.0)
