"""Standard load profiles of German electricity customers, and mixtures of them.

Source: BDEW, "Standardlastprofile Strom" of 2025, kWh by quarter hour for one million kWh a year, by month
and type of day: H25 households, G25 commerce, L25 farms, P25 households with PV, S25 households with PV and a
battery. Holidays count as Sundays, 24 and 31 December as Saturdays.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import CALENDARS_KEPT, SATURDAY, Calendar
from energy.forecast.profiles.climate import HOURS_PER_YEAR, month_of_days
from energy.forecast.profiles.published import published_rows

StandardName = Literal["h25", "g25", "l25", "p25", "s25", "even"]
STANDARD_NAMES: tuple[StandardName, ...] = ("h25", "g25", "l25", "p25", "s25", "even")
"""``even`` is no profile of BDEW's: what draws the same at all hours, as industry nearly does."""
TOWN: Mapping[StandardName, float] = MappingProxyType({"h25": 0.28, "g25": 0.28, "even": 0.44})
"""A town of which nothing is said, by the shares of Germany's final consumption of electricity (AG
Energiebilanzen, 2022): households, commerce with services and railways, industry."""

Shares = tuple[tuple[StandardName, float], ...]
_PUBLISHED_KWH = 1e6
_SLOTS = 96
_PER_HOUR = 4
_DAY_TYPES = ("WT", "SA", "FT")
_DYNAMIC: frozenset[StandardName] = frozenset({"h25", "p25", "s25"})
_DYNAMISATION = (-3.92e-10, 3.2e-7, -7.02e-5, 2.1e-3, 1.24)
"""BDEW's polynomial of the day of the year, highest power first: it smooths what the months cut."""


def standard_load(calendar: Calendar, zone: ZoneInfo, shares: Mapping[StandardName, float]) -> FloatArray:
    """Give the mean power of each period per kWh a year, shape (periods,), read-only.

    Args:
        calendar: quarter hours or hours, with the holidays that count.
        zone: the calendar's.
        shares: of the year's energy by profile, which add up to 1.
    """
    return _mixed(calendar, zone, _frozen(shares))


def standard_peak(shares: Mapping[StandardName, float]) -> float:
    """Give the year's highest quarter hour per kWh a year, with each month's dynamisation at its middle."""
    middle = 30.5 * np.arange(12, dtype=np.float64) + 15.0
    total = np.zeros((12, len(_DAY_TYPES), _SLOTS))
    for name, share in shares.items():
        total += share * _table(name) * _dynamisation(name, middle)[:, None, None]
    return float(total.max())


def _frozen(shares: Mapping[StandardName, float]) -> Shares:
    return tuple((name, shares[name]) for name in STANDARD_NAMES if shares.get(name, 0.0) > 0.0)


@lru_cache(maxsize=2 * CALENDARS_KEPT)
def _mixed(calendar: Calendar, zone: ZoneInfo, shares: Shares) -> FloatArray:
    month = month_of_days(calendar, zone)[calendar.day]
    day_type = np.clip(calendar.day_class - (SATURDAY - 1), 0, 2)[calendar.day]
    total = np.zeros(calendar.day.size)
    for name, share in shares:
        table = _table(name)
        table = table.reshape(12, len(_DAY_TYPES), calendar.slots, _SLOTS // calendar.slots).mean(axis=3)
        day_factor = _dynamisation(name, calendar.day_of_year.astype(np.float64))
        total += share * day_factor[calendar.day] * table[month, day_type, calendar.slot]
    total.setflags(write=False)
    return total


def _dynamisation(name: StandardName, day_of_year: FloatArray) -> FloatArray:
    factor = np.full(day_of_year.size, 0.0 if name in _DYNAMIC else 1.0)
    if name in _DYNAMIC:
        for coefficient in _DYNAMISATION:
            factor = factor * day_of_year + coefficient
    return factor


@lru_cache(maxsize=len(STANDARD_NAMES))
def _table(name: StandardName) -> FloatArray:
    """Give kW per kWh a year, shape (months, types of day, quarter hours), before any dynamisation."""
    if name == "even":
        return np.full((12, len(_DAY_TYPES), _SLOTS), 1.0 / HOURS_PER_YEAR)
    rows = published_rows(f"{name}.csv")
    kinds = rows[1][1:]
    kwh = np.array([[float(cell) for cell in row[1:]] for row in rows[2 : 2 + _SLOTS]])
    columns = [
        [3 * month + kinds[3 * month : 3 * month + 3].index(kind) for kind in _DAY_TYPES]
        for month in range(12)
    ]
    table: FloatArray = kwh[:, columns].transpose(1, 2, 0) * (_PER_HOUR / _PUBLISHED_KWH)
    return table
