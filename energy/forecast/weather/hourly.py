"""From values at full hours, as weather services give them, to values of the hours that begin there."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import cos, hypot, radians

import numpy as np

from energy.domain import FloatArray
from energy.errors import BadInput, Fault
from energy.weather import WeatherForecast

HOUR_S = 3600
REACH_H_MAX = 120
"""Five days: a plan looks two days ahead, and a late forecast must still reach over that."""
AWAY_KM_MAX = 100.0
"""Cells of the coarsest global models are a degree wide, their corners 80 km off; stations are closer."""
KM_PER_DEGREE = 111.2
"""Of a great circle: 40,030 km in 360 degrees."""
AHEAD_S_MAX = 3600.0
"""A source's clock may be ahead of ours by this much; more is no clock error."""
DIRECTION = "wind_direction_degrees"
RANGES: Mapping[str, tuple[float, float]] = {
    "temperature_c": (-90.0, 60.0),
    "ghi_w_per_m2": (-5.0, 1500.0),
    "dni_w_per_m2": (-5.0, 1500.0),
    "dhi_w_per_m2": (-5.0, 1500.0),
    "wind_speed_10m_m_per_s": (0.0, 100.0),
    "wind_speed_100m_m_per_s": (0.0, 120.0),
    DIRECTION: (0.0, 360.0),
    "cloud_cover_fraction": (0.0, 1.0),
    "pressure_hpa": (450.0, 1100.0),
    "precipitation_mm_per_h": (0.0, 400.0),
}
"""Least and greatest value that a forecast can truly hold; beyond them the unit is another one. Above the
solar constant (1361 W/m2) only clouds' edges reach, for minutes; the small negative radiation is rounding."""
IRRADIANCE = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")
SLACK = 1e-9


def bad_answer(
    where: str, place: str, *, value: object, limit: str, mend: str, line: int | None = None
) -> BadInput:
    """Make the error of an answer that is not what was asked for."""
    return BadInput([Fault(file=where, line=line, place=place, value=value, limit=limit, mend=mend)])


def require_plausible(values: Mapping[str, FloatArray], *, where: str) -> dict[str, FloatArray]:
    """Give the values with rounding taken off, the variables without any value left out.

    Raises:
        BadInput: with every variable beyond its range, or there is no value at all.
    """
    faults: list[Fault] = []
    kept: dict[str, FloatArray] = {}
    for name, array in values.items():
        low, high = RANGES[name]
        wrong = array[np.isfinite(array) & ((array < low - SLACK) | (array > high + SLACK))]
        if np.isinf(array).any() or wrong.size:
            value = float(wrong[0]) if wrong.size else "infinite"
            mend = "look at the source's unit"
            limit = f"{low:g} to {high:g}"
            faults.append(Fault(file=where, line=None, place=name, value=value, limit=limit, mend=mend))
        elif np.isfinite(array).any():
            kept[name] = np.clip(array, max(0.0, low) if name in IRRADIANCE else low, high)
    if not kept and not faults:
        raise bad_answer(
            where, "(values)", value="none", limit="no value of any variable", mend="look at the source"
        )
    if faults:
        raise BadInput(faults)
    return kept


def hours_from(
    *, instants: Mapping[str, FloatArray], preceding: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """Relabel n + 1 values at full hours to the n hours between them, each labelled by its start.

    What is stated for an instant becomes the mean of both ends of its hour, a direction that of the two unit
    vectors; what is stated as the preceding hour's mean or sum moves to the hour's start.
    """
    hours = {
        name: _mean_direction(array) if name == DIRECTION else 0.5 * (array[:-1] + array[1:])
        for name, array in instants.items()
    }
    return hours | {name: array[1:] for name, array in preceding.items()}


def _mean_direction(degrees: FloatArray) -> FloatArray:
    angle = np.radians(degrees)
    east, north = np.sin(angle), np.cos(angle)
    mean = np.degrees(np.arctan2(east[:-1] + east[1:], north[:-1] + north[1:]))
    result: FloatArray = np.mod(mean, 360.0)
    return result


def forecast_of(
    source: str,
    *,
    where: str,
    issued_at: datetime,
    at: datetime,
    times: list[datetime],
    place: tuple[float, float],
    instants: Mapping[str, FloatArray],
    preceding: Mapping[str, FloatArray],
) -> WeatherForecast:
    """Put a forecast together from values at full hours; hours that were over at its issue are left out.

    Raises:
        BadInput: hours are missing, values cannot be, or nothing lies ahead.
    """
    require_hours(times, where=where)
    if (issued_at - at).total_seconds() > AHEAD_S_MAX:
        raise bad_answer(
            where,
            "issue time",
            value=issued_at.isoformat(),
            limit=f"it lies ahead of now, {at:%Y-%m-%dT%H:%MZ}",
            mend="set this machine's clock",
        )
    plausible = require_plausible({**instants, **preceding}, where=where)
    values = hours_from(
        instants={name: array for name, array in plausible.items() if name in instants},
        preceding={name: array for name, array in plausible.items() if name in preceding},
    )
    first = issued_at.replace(minute=0, second=0, microsecond=0)
    skip = max(0, round((first - times[0]).total_seconds()) // HOUR_S)
    ahead = {name: array[skip : skip + REACH_H_MAX] for name, array in values.items()}
    if not any(np.isfinite(array).any() for array in ahead.values()):
        raise bad_answer(
            where,
            "(times)",
            value=f"{times[0].isoformat()} to {times[-1].isoformat()}",
            limit=f"nothing after its issue, {issued_at.isoformat()}",
            mend="look at the source",
        )
    return WeatherForecast(
        source=source,
        issued_at=issued_at,
        known_at=max(at, issued_at),
        start=times[0] + skip * timedelta(seconds=HOUR_S),
        step_s=HOUR_S,
        latitude=place[0],
        longitude=place[1],
        values=ahead,
    )


def require_near(forecast: WeatherForecast, place: tuple[float, float], *, where: str) -> WeatherForecast:
    """Give a forecast back if it is one of the place that was asked for.

    Raises:
        BadInput: it lies too far away: a mistyped station, or another place's answer out of some cache.
    """
    north_km = KM_PER_DEGREE * (forecast.latitude - place[0])
    east_degrees = (forecast.longitude - place[1] + 180.0) % 360.0 - 180.0
    east_km = KM_PER_DEGREE * east_degrees * cos(radians(place[0]))
    away_km = hypot(north_km, east_km)
    if not away_km <= AWAY_KM_MAX:
        raise bad_answer(
            where,
            "place",
            value=f"{forecast.latitude:g}, {forecast.longitude:g}",
            limit=f"{away_km:.0f} km from {place[0]:g}, {place[1]:g}, at most {AWAY_KM_MAX:g} km",
            mend="check the station's id; give the place its own latitude and longitude",
        )
    return forecast


def require_hours(times: list[datetime], *, where: str) -> None:
    """Check that times are full hours, one after the other.

    Raises:
        BadInput: they are not.
    """
    for number, moment in enumerate(times):
        expected = times[0] + timedelta(hours=number)
        if moment != expected or moment.timestamp() % HOUR_S:
            raise bad_answer(
                where,
                f"time {number}",
                value=moment.astimezone(UTC).isoformat(),
                limit=f"full hours without a gap; {expected.isoformat()} comes here",
                mend="ask the source for hourly values",
            )
    if len(times) < 2:
        raise bad_answer(
            where, "(times)", value=len(times), limit="at least two times", mend="look at the source"
        )
