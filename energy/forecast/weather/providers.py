"""From a region's ``weather:`` block to one provider a place; secrets come from the environment alone."""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from energy.errors import BadInput, Fault
from energy.forecast.weather.csv_file import CsvFile
from energy.forecast.weather.download import Bounds
from energy.forecast.weather.mosmix import KMZ_BYTES_MAX, Mosmix
from energy.forecast.weather.open_meteo import BYTES_MAX, OpenMeteo
from energy.ports import WeatherProvider
from energy.region.model import Region
from energy.region.weather import (
    CsvWeather,
    MosmixWeather,
    OpenMeteoWeather,
    WeatherPlace,
    source_name,
)

KEY = "ENERGIEWAAGE_WEATHER_KEY"
CA_FILE = "ENERGIEWAAGE_WEATHER_CA_FILE"


def providers_of(region: Region, environment: Mapping[str, str]) -> dict[str, WeatherProvider]:
    """Give the providers by the name under which the record keeps what they give; none without a block.

    Raises:
        BadInput: a setting in the environment is wrong.
    """
    weather = region.weather
    if weather is None:
        return {}
    match weather:
        case CsvWeather():
            return {**csv_files(region)}
        case OpenMeteoWeather():
            bounds = _bounds(environment, weather.timeout_s, BYTES_MAX)
            key = _key(environment, weather.base_url)
            return {
                source_name(weather, place): OpenMeteo(
                    source=source_name(weather, place),
                    settings=weather,
                    place=location_of(region, place),
                    bounds=bounds,
                    key=key,
                )
                for place in weather.places
            }
        case MosmixWeather():
            bounds = _bounds(environment, weather.timeout_s, KMZ_BYTES_MAX[weather.product])
            return {
                source_name(weather, place): Mosmix(
                    source=source_name(weather, place),
                    settings=weather,
                    station=place.station,
                    place=location_of(region, place),
                    bounds=bounds,
                )
                for place in weather.places
            }
        case _:
            assert_never(weather)


def csv_files(region: Region) -> dict[str, CsvFile]:
    """Give the files of a region whose weather comes as CSV; none for any other source."""
    weather = region.weather
    if not isinstance(weather, CsvWeather):
        return {}
    return {
        source_name(weather, place): CsvFile(
            source=source_name(weather, place),
            path=region.folder / place.file,
            place=location_of(region, place),
            delay=timedelta(seconds=weather.delay_s),
        )
        for place in weather.places
    }


def location_of(region: Region, place: WeatherPlace) -> tuple[float, float]:
    """Give a place's latitude and longitude; the region's own where it names none."""
    if place.latitude is None or place.longitude is None:
        return region.location.latitude, region.location.longitude
    return place.latitude, place.longitude


def _bounds(environment: Mapping[str, str], timeout_s: float, bytes_max: int) -> Bounds:
    named = environment.get(CA_FILE)
    if named and not Path(named).is_file():
        raise _bad(CA_FILE, named, "no such file", "name a PEM file, or leave it out")
    return Bounds(timeout_s=timeout_s, bytes_max=bytes_max, ca_file=Path(named) if named else None)


def _key(environment: Mapping[str, str], base_url: str) -> str | None:
    key = environment.get(KEY)
    if not key:
        return None
    if not (key.isascii() and key.isprintable()) or key != key.strip():
        raise _bad(KEY, None, "it must be printable ASCII without spaces around it", "set it anew")
    parts = urlsplit(base_url)
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise _bad(
            KEY, None, f"over http the key would travel openly to {parts.hostname}", "write https in base_url"
        )
    return key


def _is_this_machine(host: str | None) -> bool:
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad(variable: str, value: str | None, limit: str, mend: str) -> BadInput:
    return BadInput(
        [Fault(file="environment", line=None, place=variable, value=value, limit=limit, mend=mend)]
    )
