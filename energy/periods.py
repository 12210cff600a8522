"""Quarter hours: half-open, labelled by their start in aware UTC, holding the mean power.

Local time is only for calendar features and for people: a Berlin day has 92, 96 or 100 periods.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PERIOD_S = 900
PERIOD = timedelta(seconds=PERIOD_S)
PERIOD_H = 0.25
HORIZON_PERIODS = 192
"""The model always looks 192 quarter hours ahead, so that a re-solve only changes numbers."""


def require_aware(moment: datetime) -> datetime:
    """Return the moment in UTC.

    Raises:
        ValueError: it carries no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; write it as UTC, for example with a Z")
    return moment.astimezone(UTC)


def period_start(moment: datetime) -> datetime:
    """Give the start of the quarter hour that contains the moment.

    >>> period_start(datetime(2020, 6, 1, 10, 29, 59, tzinfo=UTC)).isoformat()
    '2020-06-01T10:15:00+00:00'
    """
    moment = require_aware(moment)
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)


def next_period_start(moment: datetime) -> datetime:
    """Give the start of the first quarter hour that begins after the moment."""
    return period_start(moment) + PERIOD


def period_starts(start: datetime, count: int) -> list[datetime]:
    """List ``count`` consecutive period labels from ``start``."""
    first = period_start(start)
    return [first + index * PERIOD for index in range(count)]


def periods_between(start: datetime, end: datetime) -> int:
    """Count the whole periods from ``start`` to ``end`` (negative when the end lies before)."""
    return (end - start) // PERIOD


def local_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the first and the past-the-end moment of a local day, in UTC.

    >>> start, end = local_day(date(2020, 3, 29), ZoneInfo("Europe/Berlin"))
    >>> periods_between(start, end)
    92
    """
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def parse_utc(text: str) -> datetime:
    """Read an ISO 8601 moment; a time zone is required.

    >>> parse_utc("2020-06-01T10:00Z").isoformat()
    '2020-06-01T10:00:00+00:00'
    """
    return require_aware(datetime.fromisoformat(text))


def format_utc(moment: datetime) -> str:
    """Write a moment the way files and JSON carry it.

    >>> format_utc(datetime(2020, 6, 1, 10, tzinfo=UTC))
    '2020-06-01T10:00:00Z'
    """
    return require_aware(moment).isoformat().replace("+00:00", "Z")
