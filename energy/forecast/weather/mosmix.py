"""The DWD's MOSMIX: statistically corrected point forecasts, as a zip that holds one KML.

MOSMIX_L comes four times a day with one file a station, MOSMIX_S each hour with one file of all stations.
Units of the DWD's elements: TTT K, FF m/s, DD degrees, N and Neff %, PPPP Pa reduced to sea level (all for
the instant), Rad1h kJ/m2 and RR1c kg/m2 of the preceding hour.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from energy.domain import FloatArray
from energy.forecast.weather.download import Bounds, download
from energy.forecast.weather.hourly import HOUR_S, bad_answer, forecast_of, require_near
from energy.forecast.weather.mosmix_kml import Station, read_station
from energy.region.weather import MosmixWeather
from energy.weather import WeatherForecast

ELEMENTS = ("TTT", "Rad1h", "FF", "DD", "N", "Neff", "PPPP", "RR1c")
KMZ_BYTES_MAX = {"MOSMIX_L": 4_000_000, "MOSMIX_S": 200_000_000}
KML_BYTES_MAX = {"MOSMIX_L": 40_000_000, "MOSMIX_S": 2_000_000_000}
"""A station of MOSMIX_L has about 0.5 MB, all of MOSMIX_S some 700 MB in 40 MB of zip."""
PIECE_BYTES = 65_536
ENCRYPTED = 0x1
KELVIN = 273.15
PA_PER_HPA = 100.0
PERCENT = 100.0
J_PER_KJ = 1000.0
LAPSE_K_PER_M = 0.0065
BAROMETRIC_EXPONENT = 5.2559
"""Standard atmosphere, ISO 2533: g / (R x lapse rate)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mosmix:
    """One station of a server that keeps the DWD's folders."""

    source: str
    settings: MosmixWeather
    station: str
    place: tuple[float, float]
    bounds: Bounds

    def fetch(self, at: datetime) -> WeatherForecast:
        """Fetch the latest issue; see ``ports.WeatherProvider``."""
        address = f"{self.settings.base_url}/{path_of(self.settings.product, self.station)}"
        body = download(address, {}, bounds=self.bounds)
        most = KML_BYTES_MAX[self.settings.product]
        found = read_kmz(body, self.station, source=self.source, where=address, at=at, bytes_max=most)
        return require_near(found, self.place, where=address)


def path_of(product: str, station: str) -> str:
    """Give the path of the latest issue below the folder of all MOSMIX products.

    >>> path_of("MOSMIX_L", "10685")
    'MOSMIX_L/single_stations/10685/kml/MOSMIX_L_LATEST_10685.kmz'
    """
    if product == "MOSMIX_L":
        return f"MOSMIX_L/single_stations/{station}/kml/MOSMIX_L_LATEST_{station}.kmz"
    return "MOSMIX_S/all_stations/kml/MOSMIX_S_LATEST_240.kmz"


def read_kmz(
    body: bytes, station: str, *, source: str, where: str, at: datetime, bytes_max: int
) -> WeatherForecast:
    """Read one station out of a KMZ.

    Raises:
        BadInput: it is no zip with one KML of at most ``bytes_max``, or the KML is wrong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            pieces = _pieces(archive, _only_entry(archive, where, bytes_max), where, bytes_max)
            found = read_station(pieces, station, elements=ELEMENTS, where=where)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise bad_answer(
            where,
            "KMZ",
            value=str(error) or type(error).__name__,
            limit="no whole zip file",
            mend="fetch it anew; check base_url if it stays so",
        ) from error
    instants, preceding = _in_our_units(found)
    return forecast_of(
        source,
        where=where,
        issued_at=found.issued_at,
        at=at,
        times=found.times,
        place=(found.latitude, found.longitude),
        instants=instants,
        preceding=preceding,
    )


def _only_entry(archive: zipfile.ZipFile, where: str, bytes_max: int) -> zipfile.ZipInfo:
    entries = archive.infolist()
    if len(entries) != 1 or not entries[0].filename.endswith(".kml"):
        names = ", ".join(entry.filename for entry in entries[:3])
        raise bad_answer(
            where,
            "KMZ",
            value=f"{len(entries)} entries: {names}",
            limit="exactly one .kml",
            mend="check base_url",
        )
    entry = entries[0]
    if entry.flag_bits & ENCRYPTED or entry.file_size > bytes_max:
        raise bad_answer(
            where,
            "KMZ",
            value=f"{entry.file_size} bytes, unpacked",
            limit=f"at most {bytes_max}, not encrypted",
            mend="check base_url",
        )
    return entry


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str, bytes_max: int) -> Iterator[bytes]:
    """Unpack piece by piece and count: what the zip says of its size need not be true."""
    taken = 0
    with archive.open(entry) as stream:
        while piece := stream.read(PIECE_BYTES):
            taken += len(piece)
            if taken > bytes_max:
                raise bad_answer(
                    where,
                    "KMZ",
                    value=f"over {bytes_max} bytes",
                    limit="larger than any MOSMIX file, unpacked",
                    mend="check base_url",
                )
            yield piece


def _in_our_units(station: Station) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Give what is stated for the instant, and what is stated for the preceding hour."""
    values = station.values
    instants: dict[str, FloatArray] = {}
    preceding: dict[str, FloatArray] = {}
    if "TTT" in values:
        instants["temperature_c"] = values["TTT"] - KELVIN
    if "FF" in values:
        instants["wind_speed_10m_m_per_s"] = values["FF"]
    if "DD" in values:
        instants["wind_direction_degrees"] = values["DD"]
    cloud = values.get("N", values.get("Neff"))
    if cloud is not None:
        instants["cloud_cover_fraction"] = cloud / PERCENT
    if "PPPP" in values and "TTT" in values:
        instants["pressure_hpa"] = _at_height(values["PPPP"], values["TTT"], station.height_m) / PA_PER_HPA
    if "Rad1h" in values:
        preceding["ghi_w_per_m2"] = values["Rad1h"] * J_PER_KJ / HOUR_S
    if "RR1c" in values:
        preceding["precipitation_mm_per_h"] = values["RR1c"]
    return instants, preceding


def _at_height(sea_level_pa: FloatArray, temperature_k: FloatArray, height_m: float) -> FloatArray:
    """Give the station's own pressure, by the barometric height formula with the standard lapse rate."""
    fall_k = LAPSE_K_PER_M * height_m
    result: FloatArray = np.asarray(
        sea_level_pa * (1.0 - fall_k / (temperature_k + fall_k)) ** BAROMETRIC_EXPONENT
    )
    return result
