"""Puts the weather's fetching together for the controller's process."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Literal

import structlog

from energy.forecast.weather.arrivals import InLockstep, InThread, Tally, WeatherBoard
from energy.forecast.weather.providers import csv_files, providers_of
from energy.forecast.weather.rounds import Rounds
from energy.historian.sqlite_record import SqliteRecord
from energy.ports import Clock, WeatherProvider
from energy.region.model import Region
from energy.region.weather import places_of, source_name

Pace = Literal["live", "simulated", "lockstep"]
"""Real time; simulated time on a clock; or simulated time that waits for everybody."""
log = structlog.get_logger(__name__)


def opened_weather(
    stack: AsyncExitStack,
    region: Region,
    record: SqliteRecord,
    clock: Clock,
    environment: Mapping[str, str],
    *,
    tally: Tally,
    pace: Pace,
) -> WeatherBoard | None:
    """Start fetching where the region asks for it; None where it does not.

    In simulated time only files are read: what a server says of today is no weather of another day. In
    lockstep they are read at simulated moments.

    Raises:
        BadInput: a setting in the environment is wrong.
    """
    weather = region.weather
    if weather is None:
        return None
    providers: Mapping[str, WeatherProvider] = (
        providers_of(region, environment) if pace == "live" else csv_files(region)
    )
    if not providers:
        log.warning("simulated time has no weather from a server", source=weather.source)
    rounds = Rounds(providers, every_s=weather.every_s)
    arrivals = (
        InLockstep(rounds) if pace == "lockstep" else stack.enter_context(InThread(rounds, now=clock.now))
    )
    names = [source_name(weather, place) for place in places_of(weather)] if providers else []
    now = clock.now()
    found = {name: record.weather_at(name, now) for name in names}
    issued = {name: forecast.issued_at if forecast else None for name, forecast in found.items()}
    return WeatherBoard(arrivals, age_h_max=weather.age_h_max, issued=issued, tally=tally)


def preload_weather(region: Region, record: SqliteRecord, *, known_at: datetime) -> int:
    """Record the issues that a region's files held before a simulated run; gives how many.

    Each is known from its issue and the stated delay on, as it would have been.
    """
    count = 0
    for file in csv_files(region).values():
        for forecast in file.known_before(known_at):
            record.write_weather(forecast)
            count += 1
    record.commit()
    return count
