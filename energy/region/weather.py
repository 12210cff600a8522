"""Where a region's weather forecasts come from: the source, its places, and when it counts as late."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from energy.errors import Fault
from energy.region.asset import CONFIG, Identifier, Number
from energy.yaml_file import YamlFile

PLACES_MAX = 20
OPEN_METEO = "https://api.open-meteo.com"
DWD = "https://opendata.dwd.de/weather/local_forecasts/mos"
Seconds = Annotated[Number, Field(ge=300.0, le=86_400.0)]
Hours = Annotated[Number, Field(ge=1.0, le=72.0)]
TimeoutS = Annotated[Number, Field(ge=1.0, le=300.0)]


def _address(text: str) -> str:
    """Refuse what is no plain address; a key has no place in a file."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https address, for example https://weather.example")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("may hold a host, a port and a path, nothing else; a key stands in the environment")
    return text.rstrip("/")


Address = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_address)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class WeatherPlace:
    """A place that weather is asked for; without coordinates it is the region's own location."""

    id: Identifier
    latitude: Annotated[Number, Field(ge=-90.0, le=90.0)] | None = None
    longitude: Annotated[Number, Field(ge=-180.0, le=180.0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class MosmixPlace(WeatherPlace):
    """A station of the DWD's MOSMIX; its own coordinates count for the sun's height in its forecasts."""

    station: Annotated[
        str,
        Field(
            pattern=r"^[A-Z0-9]{3,8}$",
            description="the station's id in the DWD's MOSMIX catalogue, in quotes, as '10685'",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class CsvPlace(WeatherPlace):
    """A file that another system renews; a relative path begins in the region's folder."""

    file: Annotated[str, Field(min_length=1, max_length=300)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class WeatherBase:
    """What every source has: how often it is asked, and from which age on its forecast is late."""

    every_s: Seconds = 3600.0
    age_h_max: Hours = 12.0
    """A forecast that was issued longer ago is late: nothing stands on it."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class OpenMeteoWeather(WeatherBase):
    """Open-Meteo's forecast API, its own or a self-hosted one.

    ``wind_from`` says which heights give the wind at 100 m: that height itself, or 80 m and 120 m, between
    which it is interpolated.
    """

    source: Literal["open_meteo"]
    base_url: Address = OPEN_METEO
    model: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")] | None = None
    wind_from: Literal["100m", "80m_and_120m", "none"] = "80m_and_120m"
    timeout_s: TimeoutS = 30.0
    places: Annotated[list[WeatherPlace], Field(min_length=1, max_length=PLACES_MAX)] = Field(
        default_factory=lambda: [WeatherPlace(id="region")]
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class MosmixWeather(WeatherBase):
    """The DWD's MOSMIX as KMZ: MOSMIX_L as one file a station, MOSMIX_S as one file of all stations."""

    source: Literal["mosmix"]
    base_url: Address = DWD
    product: Literal["MOSMIX_L", "MOSMIX_S"] = "MOSMIX_L"
    timeout_s: TimeoutS = 60.0
    places: Annotated[list[MosmixPlace], Field(min_length=1, max_length=PLACES_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class CsvWeather(WeatherBase):
    """CSV files; an issue becomes known ``delay_s`` after it was issued."""

    source: Literal["csv"]
    delay_s: Annotated[Number, Field(ge=0.0, le=86_400.0)] = 0.0
    places: Annotated[list[CsvPlace], Field(min_length=1, max_length=PLACES_MAX)]


Weather = Annotated[OpenMeteoWeather | MosmixWeather | CsvWeather, Field(discriminator="source")]
"""The block ``weather:`` of a region file."""


def source_name(weather: Weather, place: WeatherPlace) -> str:
    """Give the name under which the record keeps a place's forecasts."""
    return f"{weather.source}/{place.id}"


def places_of(weather: Weather) -> Sequence[WeatherPlace]:
    """List the places, whatever the source."""
    return weather.places


def faults_of_weather(file: YamlFile) -> Iterator[Fault]:
    """Find what no single value shows: an id that stands twice, half a pair of coordinates."""
    block = file.data.get("weather")
    places = block.get("places") if isinstance(block, dict) else None
    lines: dict[str, int | None] = {}
    for index, entry in enumerate(places if isinstance(places, list) else []):
        if not isinstance(entry, dict):
            continue
        place = ("weather", "places", index)
        own = entry.get("id")
        if isinstance(own, str):
            if own in lines:
                yield file.fault(
                    (*place, "id"),
                    value=own,
                    limit=f"the place in line {lines[own]} has this id already",
                    mend="give each its own id",
                )
            lines.setdefault(own, file.line((*place, "id")))
        given = [key for key in ("latitude", "longitude") if entry.get(key) is not None]
        if len(given) == 1:
            yield file.fault(
                (*place, given[0]),
                value=entry[given[0]],
                limit="a place has both latitude and longitude, or neither (the region's location)",
                mend="add the other one, or remove this one",
            )
