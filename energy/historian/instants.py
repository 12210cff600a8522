"""Moments as the record keeps them: whole milliseconds and quarter hours since 1970, as integers."""

from datetime import UTC, datetime, timedelta

from energy.periods import PERIOD_S, require_aware

MS_PER_S = 1000
PERIOD_MS = PERIOD_S * MS_PER_S
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def ms_of(moment: datetime) -> int:
    """Give a moment in whole milliseconds, rounded down.

    >>> ms_of(datetime(1970, 1, 1, 0, 0, 1, 500_900, tzinfo=UTC))
    1500
    """
    return (require_aware(moment) - _EPOCH) // _MS


def moment_of(at_ms: int) -> datetime:
    """Give the moment of a number of milliseconds.

    >>> moment_of(1500).isoformat()
    '1970-01-01T00:00:01.500000+00:00'
    """
    return _EPOCH + at_ms * _MS


def period_of(moment: datetime) -> int:
    """Give the number of the quarter hour that contains a moment.

    >>> period_of(datetime(1970, 1, 1, 0, 29, tzinfo=UTC))
    1
    """
    return ms_of(moment) // PERIOD_MS
