"""From wall clocks to quarter hours in UTC: the doubled hour, the missing one, labels of ends."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from energy.historian.exchange.metering_text import Label

LabelledBy = Literal["start", "end"]
WINTER_ALL_YEAR = "Etc/GMT-1"
"""Central European time without summer time, by the name that the time-zone database gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """Why a label cannot be given a place in time."""

    limit: str
    mend: str


def interval_of(labels: Sequence[Label]) -> timedelta | None:
    """Give the distance that most neighbours have; None where there are no two labels."""
    steps = Counter(abs(after.wall - before.wall) for before, after in pairwise(labels))
    steps.pop(timedelta(), None)
    return steps.most_common(1)[0][0] if steps else None


def labelled_by(labels: Sequence[Label], interval: timedelta) -> LabelledBy | None:
    """Find out which end of the interval a label names; None where the file does not show it.

    24:00 can only be an end. A file of whole days that begins at 0:00 and ends one interval before midnight
    has starts; one that begins an interval after midnight and ends on it has ends.
    """
    if any(label.day_of_24 for label in labels):
        return "end"
    first, last = min(label.wall for label in labels).time(), max(label.wall for label in labels).time()
    some_midnight = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock's
    if (first, last) == (time(0), (some_midnight - interval).time()):
        return "start"
    if (first, last) == ((some_midnight + interval).time(), time(0)):
        return "end"
    return None


def with_midnights_rolled(labels: Sequence[Label], interval: timedelta) -> tuple[list[Label], int]:
    """Move a closing 0:00 that still bears the day it closes to the next day; give how many did.

    Only for labels that name the end of their interval.
    """
    rolled = list(labels)
    count = 0
    for place in range(1, len(rolled)):
        label, before = rolled[place], rolled[place - 1]
        if label.wall.time() == time(0) and before.wall == label.wall + timedelta(days=1) - interval:
            wall = label.wall + timedelta(days=1)
            rolled[place] = Label(wall=wall, fold=label.fold, offset=label.offset)
            count += 1
    return rolled, count


def starts_of(
    labels: Sequence[Label], interval: timedelta, zone: ZoneInfo, by: LabelledBy
) -> list[datetime | Unplaced]:
    """Give for each label the start of its interval in UTC, or why it has none.

    Args:
        labels: in the order of time; the first of two equal labels is the earlier one.
        interval: what one value stands for.
        zone: whose wall clock the labels show, unless they bear an offset.
        by: which end of the interval they name.
    """
    often = Counter(label.wall for label in labels if label.fold is None and label.offset is None)
    seen: Counter[datetime] = Counter()
    starts: list[datetime | Unplaced] = []
    for label in labels:
        seen[label.wall] += 1
        if label.offset is not None:
            instant = (label.wall - label.offset).replace(tzinfo=UTC)
            starts.append(instant if by == "start" else instant - interval)
        elif by == "start":
            starts.append(_instant(label, zone, often, seen))
        else:
            starts.append(_start_before(label, interval, zone, often, seen))
    return starts


def _start_before(
    label: Label, interval: timedelta, zone: ZoneInfo, often: Counter[datetime], seen: Counter[datetime]
) -> datetime | Unplaced:
    """Place an interval by its end."""
    wall, begin = label.wall, label.wall - interval
    if _is_doubled(begin, zone) and not _is_doubled(wall, zone):
        first = label.fold == "first" or (
            label.fold is None
            and often[wall] > 1
            and often[_first_doubled(begin, zone)] == 1
            and seen[wall] == 1
        )
        return _utc(begin, zone, fold=0 if first else 1)
    if _is_doubled(wall, zone):
        closes_03 = _last_doubled(wall, zone) + interval
        if (
            label.fold is None
            and often[wall] == 1
            and wall == _first_doubled(wall, zone)
            and often[closes_03] > 1
        ):
            return _utc(wall, zone, fold=0) - interval
        instant = _instant(label, zone, often, seen)
        return instant if isinstance(instant, Unplaced) else instant - interval
    if _is_missing(begin, zone):
        opening = begin
        while _is_missing(opening - interval, zone):
            opening -= interval
        if _is_missing(wall, zone) or often[opening]:
            return _missing_hour()
        return _utc(wall, zone, fold=0) - interval
    return _utc(begin, zone, fold=0)


def _instant(
    label: Label, zone: ZoneInfo, often: Counter[datetime], seen: Counter[datetime]
) -> datetime | Unplaced:
    """Place a wall clock's moment."""
    if _is_missing(label.wall, zone):
        return _missing_hour()
    if not _is_doubled(label.wall, zone):
        return _utc(label.wall, zone, fold=0)
    if label.fold is not None:
        return _utc(label.wall, zone, fold=0 if label.fold == "first" else 1)
    times = often[label.wall]
    if times == 2:
        return _utc(label.wall, zone, fold=seen[label.wall] - 1)
    return Unplaced(
        limit=f"this hour is there twice on that day, and the file has it {times} times",
        mend="mark it 2A and 2B, or give offsets; "
        f"a file in winter time all year takes --tz {WINTER_ALL_YEAR}",
    )


def _missing_hour() -> Unplaced:
    return Unplaced(
        limit="this hour does not exist on that day: the clock goes forward",
        mend=f"remove it; a file in winter time all year takes --tz {WINTER_ALL_YEAR}",
    )


def _utc(wall: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _is_missing(wall: datetime, zone: ZoneInfo) -> bool:
    return _utc(wall, zone, fold=0).astimezone(zone).replace(tzinfo=None) != wall


def _is_doubled(wall: datetime, zone: ZoneInfo) -> bool:
    return not _is_missing(wall, zone) and _utc(wall, zone, fold=0) != _utc(wall, zone, fold=1)


def _first_doubled(wall: datetime, zone: ZoneInfo) -> datetime:
    """Give the first doubled moment at or before a doubled one, in steps of five minutes."""
    while _is_doubled(wall - _FINE, zone):
        wall -= _FINE
    return wall


def _last_doubled(wall: datetime, zone: ZoneInfo) -> datetime:
    """Give the last doubled quarter hour at or after a doubled one."""
    while _is_doubled(wall + _QUARTER, zone):
        wall += _QUARTER
    return wall


_FINE = timedelta(minutes=5)
_QUARTER = timedelta(minutes=15)
