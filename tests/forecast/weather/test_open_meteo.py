"""Open-Meteo's answers: relabelled, in our units, and refused where they are anything else."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from energy.errors import BadInput, Retryable
from energy.forecast.weather.download import Bounds
from energy.forecast.weather.open_meteo import BYTES_MAX, UPPER_SHARE, OpenMeteo
from energy.region.weather import OpenMeteoWeather
from tests.forecast.weather.answers import HOURS, NOON, UNITS, open_meteo
from tests.forecast.weather.weather_server import Answer, WeatherServer, serving


@pytest.fixture
def server() -> Iterator[WeatherServer]:
    with serving() as held:
        yield held


def provider(
    server: WeatherServer, *, key: str | None = None, timeout_s: float = 5.0, **settings: Any
) -> OpenMeteo:
    return OpenMeteo(
        source="open_meteo/region",
        settings=OpenMeteoWeather(source="open_meteo", base_url=server.address, **settings),
        place=(50.123456, 11.9),
        bounds=Bounds(timeout_s=timeout_s, bytes_max=BYTES_MAX),
        key=key,
    )


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_becomes_hours_labelled_by_their_start(server: WeatherServer, *, packed: bool) -> None:
    server.answer = Answer(body=open_meteo(), packed=packed)
    found = provider(server).fetch(NOON)
    assert (found.start, found.step_s, found.issued_at, found.known_at) == (NOON, 3600, NOON, NOON)
    assert (found.latitude, found.longitude) == (50.1, 11.9)
    assert found.steps == HOURS - 1 - 12
    assert found.values["temperature_c"][0] == pytest.approx(12.5)
    assert found.values["ghi_w_per_m2"][0] == 13.0
    assert found.values["precipitation_mm_per_h"][0] == 13.0
    assert found.values["cloud_cover_fraction"][0] == 0.5
    assert found.values["wind_speed_100m_m_per_s"][0] == pytest.approx(12.5)
    assert np.allclose(np.cos(np.radians(found.values["wind_direction_degrees"])), 1.0)
    assert 0.5 < UPPER_SHARE < 0.6


def test_units_time_and_place_are_asked_for(server: WeatherServer) -> None:
    server.answer = Answer(body=open_meteo())
    provider(server, key="s3cret", model="icon_seamless", wind_from="100m").fetch(NOON)
    path, query = server.asked[0]
    assert path == "/v1/forecast"
    assert query["wind_speed_unit"] == ["ms"]
    assert (query["timeformat"], query["timezone"]) == (["unixtime"], ["GMT"])
    assert (query["latitude"], query["apikey"], query["models"]) == (
        ["50.1235"],
        ["s3cret"],
        ["icon_seamless"],
    )
    assert "wind_speed_100m" in query["hourly"][0]


def test_a_missing_value_stays_missing(server: WeatherServer) -> None:
    missing = [None if i == 20 else 1.0 for i in range(HOURS)]
    server.answer = Answer(body=open_meteo(shortwave_radiation=missing, temperature_2m=missing))
    found = provider(server).fetch(NOON)
    assert np.flatnonzero(np.isnan(found.values["ghi_w_per_m2"])).tolist() == [20 - 1 - 12]
    assert np.flatnonzero(np.isnan(found.values["temperature_c"])).tolist() == [20 - 1 - 12, 20 - 12]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(body=open_meteo(units={"wind_speed_10m": "km/h"})), "hourly_units.wind_speed_10m"),
        (Answer(body=open_meteo(units={"time": "iso8601"})), "hourly_units.time"),
        (Answer(body=b"<html>Please log in</html>"), "no forecast in Open-Meteo's form"),
        (Answer(body=b""), "no forecast in Open-Meteo's form"),
        (Answer(body=b"[" * 100_000), "no forecast in Open-Meteo's form"),
        (Answer(body=open_meteo(temperature_2m=[290.0] * HOURS)), "temperature_c"),
        (Answer(body=open_meteo(temperature_2m=[1.0])), "hourly.temperature_2m"),
        (Answer(body=open_meteo(temperature_2m=[True] * HOURS)), "hourly.temperature_2m"),
        (Answer(body=open_meteo(time=[0, 7200] + [0] * (HOURS - 2))), "full hours"),
        (Answer(body=open_meteo(**{name: [None] * HOURS for name in UNITS if name != "time"})), "no value"),
        (Answer(body=open_meteo().replace(b'"latitude": 50.1', b'"latitude": 52.5')), "place"),
        (Answer(body=open_meteo().replace(b'"longitude": 11.9', b'"longitude": -168.1')), "place"),
        (Answer(status=404, body=b"gone"), "refuses"),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}), "sends us elsewhere"),
        (Answer(body=b" " * (BYTES_MAX + 1)), "larger than any forecast"),
        (Answer(body=b" " * (BYTES_MAX + 1), packed=True), "larger than any forecast"),
        (Answer(headers={"Content-Encoding": "br"}), "gzip or none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_forecast_is_refused(server: WeatherServer, answer: Answer, says: str) -> None:
    server.answer = answer
    with pytest.raises(BadInput, match=says):
        provider(server).fetch(NOON)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=429),
        Answer(body=open_meteo(), cut=100),
        Answer(body=open_meteo(), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["broken", "too often", "cut", "no gzip"],
)
def test_trouble_that_may_pass_is_tried_again(server: WeatherServer, answer: Answer) -> None:
    server.answer = answer
    with pytest.raises(Retryable):
        provider(server).fetch(NOON)


def test_a_server_that_drips_is_given_up(server: WeatherServer) -> None:
    server.answer = Answer(body=open_meteo(), pause_s=0.05)
    with pytest.raises(Retryable, match="not complete after 1 s"):
        provider(server, timeout_s=1.0).fetch(NOON)


def test_a_server_that_drips_a_header_is_given_up_as_soon(server: WeatherServer) -> None:
    server.answer = Answer(headers_pause_s=0.2)
    begun_s = time.monotonic()
    with pytest.raises(Retryable, match="not complete after 1 s"):
        provider(server, timeout_s=1.0).fetch(NOON)
    assert time.monotonic() - begun_s < 3.0


def test_an_answer_of_no_stated_length_that_is_cut_is_not_taken_for_whole(server: WeatherServer) -> None:
    server.answer = Answer(body=open_meteo() + b" " * 200, pause_s=0.02, states_length=False)
    with pytest.raises(Retryable, match="not complete after 1 s"):
        provider(server, timeout_s=1.0).fetch(NOON)


def test_nobody_there_is_named_without_the_key() -> None:
    with serving() as gone:
        away = provider(gone, key="s3cret")
    with pytest.raises(Retryable, match="no answer") as caught:
        away.fetch(NOON + timedelta(hours=1))
    assert "s3cret" not in str(caught.value)
