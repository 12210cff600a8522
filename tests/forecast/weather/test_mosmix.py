"""MOSMIX files: one station out of a zip, in our units; whatever else comes is refused."""

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from energy.errors import BadInput
from energy.forecast.weather.download import Bounds
from energy.forecast.weather.mosmix import Mosmix, read_kmz
from energy.region.weather import MosmixPlace, MosmixWeather
from tests.forecast.weather.answers import HOURS, NOON, kml, kmz
from tests.forecast.weather.weather_server import Answer, WeatherServer, serving

ISSUED = NOON.replace(hour=9)
DOCTYPE = '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.fixture
def server() -> Iterator[WeatherServer]:
    with serving() as held:
        yield held


def provider(
    server: WeatherServer, *, product: str = "MOSMIX_L", place: tuple[float, float] = (50.0, 11.6)
) -> Mosmix:
    settings = MosmixWeather(
        source="mosmix",
        base_url=server.address,
        product=product,  # type: ignore[arg-type] # one of the two
        places=[MosmixPlace(id="hof", station="10685")],
    )
    bounds = Bounds(timeout_s=5.0, bytes_max=2_000_000)
    return Mosmix(source="mosmix/hof", settings=settings, station="10685", place=place, bounds=bounds)


def test_a_station_far_from_its_place_is_refused(server: WeatherServer) -> None:
    server.answer = Answer(body=kmz(kml("10685")))
    with pytest.raises(BadInput, match="228 km from"):
        provider(server, place=(48.4, 10.8)).fetch(NOON)


def test_a_station_comes_in_our_units(server: WeatherServer) -> None:
    server.answer = Answer(body=kmz(kml("10685")))
    found = provider(server).fetch(NOON)
    assert server.asked[0][0] == "/MOSMIX_L/single_stations/10685/kml/MOSMIX_L_LATEST_10685.kmz"
    assert (found.issued_at, found.known_at) == (ISSUED, NOON)
    assert (found.start, found.steps) == (ISSUED + timedelta(hours=1), HOURS - 1)
    assert (found.latitude, found.longitude) == (50.32, 11.87)
    assert found.values["temperature_c"][0] == pytest.approx(0.05)
    assert found.values["ghi_w_per_m2"][0] == pytest.approx(100.0)
    assert np.flatnonzero(np.isnan(found.values["ghi_w_per_m2"])).tolist() == [2]
    assert found.values["cloud_cover_fraction"][0] == 0.25
    assert found.values["precipitation_mm_per_h"][0] == 0.5
    assert found.values["wind_direction_degrees"][0] == pytest.approx(180.0)
    assert found.values["pressure_hpa"][0] == pytest.approx(952.5, abs=1.0)  # 500 m at 0 degrees
    assert "dni_w_per_m2" not in found.values


def test_one_station_is_taken_out_of_all(server: WeatherServer) -> None:
    text = kml(*(f"{number:05}" for number in range(20)), "10685", "99999")
    server.answer = Answer(body=kmz(text, name="MOSMIX_S_2024060109_240.kml"))
    found = provider(server, product="MOSMIX_S").fetch(NOON)
    assert server.asked[0][0] == "/MOSMIX_S/all_stations/kml/MOSMIX_S_LATEST_240.kmz"
    assert found.steps == HOURS - 1


def test_what_follows_the_station_is_not_looked_at() -> None:
    text = kml("10685", "99999").replace("</kml:Document>", "<broken>" * 100_000)
    found = read_kmz(kmz(text), "10685", source="s", where="w", at=NOON, bytes_max=10**7)
    assert found.steps == HOURS - 1


def encrypted() -> bytes:
    body = bytearray(kmz(kml("10685")))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(mark) + place] |= 1
    return bytes(body)


def claiming_little() -> bytes:
    """A zip whose directory states fewer bytes than unpack."""
    body = bytearray(kmz(kml("99999") + " " * 1_000_000))
    place = body.index(b"PK\x01\x02") + 24
    body[place : place + 4] = (100).to_bytes(4, "little")
    return bytes(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (kmz(kml("10685"))[:-40], "no whole zip"),
        (kmz(kml("10685"))[:300], "no whole zip"),
        (b"<html>moved</html>", "no whole zip"),
        (b"", "no whole zip"),
        (kmz(kml("10685"), more=["second.kml"]), "exactly one"),
        (kmz(kml("10685"), name="readme.txt"), "exactly one"),
        (encrypted(), "not encrypted"),
        (claiming_little(), "no whole zip"),
        (kmz(kml("10685") + " " * 3_000_000), "at most"),
        (kmz(kml("00001")), "no such station"),
        (kmz(kml("10685", doctype=DOCTYPE)), "a document type"),
        (kmz(kml("10685", doctype='<!DOCTYPE kml SYSTEM "file:///etc/passwd">')), "a document type"),
        (kmz(kml("10685")[:2000]), "not well-formed"),
        (kmz(kml("10685", elements={"TTT": ["280.00"] * 3})), "as many values"),
        (kmz(kml("10685", elements={"TTT": ["warm"] * HOURS})), "numbers, or -"),
        (kmz(kml("10685", elements={"TTT": ["9.5"] * HOURS})), "temperature_c"),
        (kmz(kml("10685", elements={"TTT": ["nan"] * HOURS, "DD": ["inf"] * HOURS})), "wind_direction"),
        (kmz(kml("10685", steps=0)), "as many values"),
        (kmz(kml("10685", steps=500)), "at most 400"),
        (kmz(kml("1" * 50_000)), "longer than any"),
        (kmz(kml("10685").replace("2024-06-01T11", "2024-06-01T12", 1)), "full hours"),
        (kmz(kml("10685").replace("11.87,50.32", "411.87,50.32")), "a place on Earth"),
        (kmz(kml("10685").replace("2024-06-01T09:00:00.000Z", "soon", 1)), "ISO 8601"),
        (
            kmz(kml("10685").replace("2024-06-01T09:00:00.000Z", "2024-06-01T23:00:00.000Z", 1)),
            "ahead of now",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_mosmix_file_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_kmz(body, "10685", source="mosmix/hof", where="file", at=NOON, bytes_max=2_500_000)


def test_a_zip_that_unpacks_too_large_is_refused_however_small_it_is() -> None:
    body = kmz(kml("99999") + " " * 5_000_000)
    assert len(body) < 20_000
    with pytest.raises(BadInput, match="at most"):
        read_kmz(body, "10685", source="s", where="w", at=NOON, bytes_max=1_000_000)


def test_a_station_by_damaged_bytes_is_refused() -> None:
    body = bytearray(kmz(kml("10685")))
    body[200:220] = b"\xff" * 20
    with pytest.raises(BadInput):
        read_kmz(bytes(body), "10685", source="s", where="w", at=NOON, bytes_max=10**7)


def test_the_zip_is_read_by_the_standard() -> None:
    with zipfile.ZipFile(io.BytesIO(kmz(kml("10685")))) as archive:
        assert len(archive.infolist()) == 1
