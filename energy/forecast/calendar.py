"""The calendar of a place: local days and slots, holidays, bridge days, clock changes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray

CALENDARS_KEPT = 8
"""Series of one region share a calendar; a few spans are in use at a time (learning, forecasting, a file)."""
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_S_PER_DAY = 86_400
_EPOCH = date(1970, 1, 1)
SATURDAY, SUNDAY = 5, 6
_EVES = frozenset({(12, 24), (12, 31)})
"""Half holidays in German-speaking countries: the shops close at noon."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """Local time of every period of a regular grid; arrays by period have shape (periods,), by day (days,).

    ``index_of`` has shape (days, slots): which period stands at that wall-clock time. In the hour that spring
    skips it is the period one hour later on the clock; in the hour that autumn repeats, the second one.
    """

    step_s: int
    at_s: IntArray
    day: IntArray
    slot: IntArray
    clock_shift: FloatArray
    index_of: IntArray
    day_class: IntArray
    weekday: IntArray
    day_of_year: IntArray
    holiday_share: FloatArray
    holiday_share_after: FloatArray
    """Of the day after: known for the last day too, which has no next one here."""
    bridge: FloatArray

    @property
    def slots(self) -> int:
        """Periods in a day of 24 hours."""
        return _S_PER_DAY // self.step_s


def calendar_of(start: datetime, periods: int, *, step_s: int, zone: ZoneInfo, holidays_of: str) -> Calendar:
    """Lay the local calendar over ``periods`` periods from ``start`` on.

    Asked again for the same, it gives the same object, so that what follows from it is worked out once for
    all series of a region; its arrays are read-only.
    """
    return _laid(int(start.timestamp()), periods, step_s, zone, holidays_of)


@lru_cache(maxsize=CALENDARS_KEPT)
def _laid(first_s: int, periods: int, step_s: int, zone: ZoneInfo, holidays_of: str) -> Calendar:
    at_s = first_s + step_s * np.arange(periods, dtype=np.int64)
    offset_s = _offsets(at_s, zone)
    local_s = at_s + offset_s
    day_number = local_s // _S_PER_DAY
    slot = (local_s % _S_PER_DAY) // step_s
    first_day = int(day_number[0])
    days = int(day_number[-1]) - first_day + 1
    day = day_number - first_day
    dates = [_EPOCH + timedelta(days=first_day + number) for number in range(days)]
    share, after, bridge = _holidays_of(dates, holidays_of)
    weekday = np.array([moment.weekday() for moment in dates], dtype=np.int64)
    eve = np.array([(moment.month, moment.day) in _EVES for moment in dates])
    day_class = np.where(eve & (weekday < SATURDAY), SATURDAY, weekday)
    day_class = np.where(share > 0.5, SUNDAY, day_class)
    calendar = Calendar(
        step_s=step_s,
        at_s=at_s,
        day=day,
        slot=slot,
        clock_shift=(offset_s - _offset_s(zone, first_s)) / 3600.0,
        index_of=_index_of(day, slot, days=days, step_s=step_s),
        day_class=day_class,
        weekday=weekday,
        day_of_year=np.array([moment.timetuple().tm_yday for moment in dates], dtype=np.int64),
        holiday_share=share,
        holiday_share_after=after,
        bridge=bridge,
    )
    for name in calendar.__slots__:
        part = getattr(calendar, name)
        if isinstance(part, np.ndarray):
            part.setflags(write=False)
    return calendar


def is_known_holiday_code(code: str) -> bool:
    """Tell whether a country and state, for example DE-BY, has a holiday calendar."""
    try:
        _year_of(code, 2024)
    except (NotImplementedError, KeyError, ValueError):
        return False
    return True


def _offset_s(zone: ZoneInfo, at_s: int) -> int:
    shift = datetime.fromtimestamp(at_s, UTC).astimezone(zone).utcoffset()
    return 0 if shift is None else int(shift.total_seconds())


def _offsets(at_s: IntArray, zone: ZoneInfo) -> IntArray:
    """Ask the zone at the ends of each stretch of a day; only where they differ, at every period."""
    result = np.empty(at_s.size, dtype=np.int64)
    stretch = max(1, int(_S_PER_DAY // max(1, int(at_s[1] - at_s[0]) if at_s.size > 1 else _S_PER_DAY)))
    for low in range(0, at_s.size, stretch):
        high = min(low + stretch, at_s.size)
        first, last = _offset_s(zone, int(at_s[low])), _offset_s(zone, int(at_s[high - 1]))
        if first == last:
            result[low:high] = first
        else:
            result[low:high] = [_offset_s(zone, int(moment)) for moment in at_s[low:high]]
    return result


def _index_of(day: IntArray, slot: IntArray, *, days: int, step_s: int) -> IntArray:
    slots = _S_PER_DAY // step_s
    table = np.full((days, slots), -1, dtype=np.int64)
    table[day, slot] = np.arange(day.size)
    hour = max(1, 3600 // step_s)
    for number in np.unique(day[1:][np.diff(slot) > 1]):
        missing = np.flatnonzero(table[number] < 0)
        inside = missing[(missing + hour < slots)]
        table[number, inside] = table[number, inside + hour]
    return table


def _holidays_of(dates: list[date], code: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give by day the share of the area on holiday, the day after's, and the bridge to a weekend."""
    off: dict[date, float] = {}
    for year in range(dates[0].year - 1, dates[-1].year + 2):
        off.update(_year_of(code, year))
    share = np.array([off.get(day, 0.0) for day in dates])
    bridge = np.zeros(len(dates))
    one = timedelta(days=1)
    share_after = np.array([off.get(day + one, 0.0) for day in dates])
    for number, day in enumerate(dates):
        before, after = off.get(day - one, 0.0), off.get(day + one, 0.0)
        if day.weekday() == 0:
            bridge[number] = after
        elif day.weekday() == 4:
            bridge[number] = before
        bridge[number] *= 1.0 - share[number]
    return share, share_after, bridge


@lru_cache(maxsize=512)
def _year_of(code: str, year: int) -> dict[date, float]:
    """Give the year's holidays with the share of the area that has them; states count alike."""
    if not code:
        return {}
    country, _, state = code.partition("-")
    if state:
        return dict.fromkeys(holidays.country_holidays(country, subdiv=state, years=year), 1.0)
    subdivisions = holidays.country_holidays(country, years=year).subdivisions
    # the library lists towns with a holiday of their own beside the states, by name instead of by code
    states = tuple(code for code in subdivisions if len(code) <= 3)
    shared: dict[date, float] = {}
    for subdivision in states or (None,):
        for day in holidays.country_holidays(country, subdiv=subdivision, years=year):
            shared[day] = shared.get(day, 0.0) + 1.0 / max(1, len(states))
    return shared
