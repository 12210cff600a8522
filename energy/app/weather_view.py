"""What people see of the weather: one fetch to try the settings, and what a forecast stands on."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import TypedDict

import numpy as np

from energy.errors import BadInput, Fault, Retryable
from energy.forecast.sun import sine_of_elevation
from energy.forecast.weather.providers import providers_of
from energy.periods import format_utc
from energy.planning.weather_columns import WeatherColumns
from energy.ports import WeatherSource
from energy.region.model import Region
from energy.weather import WeatherForecast

S_PER_H = 3600.0
DECIMALS = 3
NIGHT_SINE = -0.05
"""Three degrees below the horizon: twilight gives a few W/m2 at most."""
NIGHT_W_PER_M2_MAX = 20.0


class WeatherRow(TypedDict):
    """A weather forecast that forecasts stand on."""

    source: str
    issued_at: str
    known_at: str
    age_h: float
    reaches_to: str


class Stands(TypedDict):
    """The weather behind a region's forecasts, and what is wrong with it."""

    used: list[WeatherRow]
    notes: list[str]


def weather_behind(region: Region, record: WeatherSource, *, known_at: datetime) -> Stands:
    """Say which weather a forecast issued at a moment stands on."""
    columns = WeatherColumns(region, record)
    rows = [weather_row(forecast, at=known_at) for forecast in columns.newest(known_at)]
    return Stands(used=rows, notes=list(columns.notes(known_at)))


def weather_row(forecast: WeatherForecast, *, at: datetime) -> WeatherRow:
    """Give a forecast's head."""
    reach = forecast.start + forecast.steps * timedelta(seconds=forecast.step_s)
    return WeatherRow(
        source=forecast.source,
        issued_at=format_utc(forecast.issued_at),
        known_at=format_utc(forecast.known_at),
        age_h=round((at - forecast.issued_at).total_seconds() / S_PER_H, 2),
        reaches_to=format_utc(reach),
    )


def behind_in_words(stands: Stands) -> list[str]:
    """Give one line a place, and one a trouble."""
    lines = [
        f"weather: {row['source']}, issued {row['issued_at']}, known {row['known_at']}, "
        f"{row['age_h']:g} h old, reaches to {row['reaches_to']}"
        for row in stands["used"]
    ]
    return [*lines, *stands["notes"]]


def fetched_once(region: Region, environment: Mapping[str, str], *, at: datetime) -> list[WeatherForecast]:
    """Fetch every place once.

    Raises:
        BadInput: the region has no ``weather:`` block, or one of its sources fails; all faults at once.
    """
    if region.weather is None:
        raise _no_block(region)
    found: list[WeatherForecast] = []
    faults: list[Fault] = []
    for name, provider in providers_of(region, environment).items():
        try:
            found.append(provider.fetch(at))
        except BadInput as error:
            faults.extend(error.faults)
        except Retryable as error:
            mend = "check the address or the path in weather:, and the network"
            faults.append(Fault(file=name, line=None, place="fetch", value=None, limit=str(error), mend=mend))
    if faults:
        raise BadInput(faults)
    return found


def troubles_of(region: Region, found: Sequence[WeatherForecast], *, at: datetime) -> list[str]:
    """Say which forecasts are late, and which have the sun shine by night: their times or columns are off."""
    age_h_max = float("inf") if region.weather is None else region.weather.age_h_max
    told: list[str] = []
    for forecast in found:
        age_h = (at - forecast.issued_at).total_seconds() / S_PER_H
        if age_h > age_h_max:
            limit = f"issued {format_utc(forecast.issued_at)}, {age_h:.0f} h ago; at most {age_h_max:g} h"
            told.append(f"{forecast.source} is late: {limit}. Mend: see why no newer one came")
        values = forecast.values.get("ghi_w_per_m2")
        if values is None:
            continue
        at_s = forecast.start.timestamp() + forecast.step_s * np.arange(forecast.steps + 1.0)
        sine = sine_of_elevation(at_s, latitude=forecast.latitude, longitude=forecast.longitude)
        wrong = np.flatnonzero((np.maximum(sine[:-1], sine[1:]) < NIGHT_SINE) & (values > NIGHT_W_PER_M2_MAX))
        if wrong.size:
            moment = forecast.start + int(wrong[0]) * timedelta(seconds=forecast.step_s)
            told.append(
                f"{forecast.source}: ghi_w_per_m2 {values[wrong[0]]:g} at {format_utc(moment)}, and the sun"
                f" is down there; {wrong.size} such values. Mend: write UTC, and the start of each step"
            )
    return told


def _no_block(region: Region) -> BadInput:
    fault = Fault(
        file=str(region.folder / "region.yaml"),
        line=None,
        place="weather",
        value=None,
        limit="the region asks for no weather",
        mend="add a block weather: as docs/weather.md shows",
    )
    return BadInput([fault])


def weather_json(forecast: WeatherForecast, *, at: datetime) -> dict[str, object]:
    """Give a forecast as JSON carries it; null is missing."""
    return {
        **weather_row(forecast, at=at),
        "start": format_utc(forecast.start),
        "step_s": forecast.step_s,
        "latitude": forecast.latitude,
        "longitude": forecast.longitude,
        "values": {
            name: [round(value, DECIMALS) if isfinite(value) else None for value in values.tolist()]
            for name, values in forecast.values.items()
        },
    }


def weather_table(forecast: WeatherForecast, *, hours: int) -> tuple[Sequence[str], list[list[str]]]:
    """Give a table's heading and its first ``hours`` rows; an empty cell is missing."""
    names = list(forecast.values)
    steps = min(forecast.steps, round(hours * S_PER_H / forecast.step_s))
    rows = [
        [
            format_utc(forecast.start + number * timedelta(seconds=forecast.step_s)),
            *(_cell(float(forecast.values[name][number])) for name in names),
        ]
        for number in range(steps)
    ]
    return ["utc", *names], rows


def _cell(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else ""
