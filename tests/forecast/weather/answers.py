"""Answers in the forms of the services, made up: small, and easy to work out by hand."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
HOURS = 60
UNITS = {
    "time": "unixtime",
    "temperature_2m": "°C",
    "shortwave_radiation": "W/m²",
    "direct_normal_irradiance": "W/m²",
    "diffuse_radiation": "W/m²",
    "wind_speed_10m": "m/s",
    "wind_direction_10m": "°",
    "cloud_cover": "%",
    "surface_pressure": "hPa",
    "precipitation": "mm",
    "wind_speed_80m": "m/s",
    "wind_speed_100m": "m/s",
    "wind_speed_120m": "m/s",
}


def open_meteo(*, units: Mapping[str, str] | None = None, **changes: Any) -> bytes:
    """Give an answer that begins at midnight before noon; value i stands at hour i."""
    start = NOON.replace(hour=0)
    hourly: dict[str, Any] = {name: [float(i) for i in range(HOURS)] for name in UNITS}
    hourly["time"] = [int((start + timedelta(hours=i)).timestamp()) for i in range(HOURS)]
    hourly["surface_pressure"] = [1000.0] * HOURS
    hourly["cloud_cover"] = [50] * HOURS
    hourly["wind_direction_10m"] = [350 if i % 2 else 10 for i in range(HOURS)]
    answer = {
        "latitude": 50.1,
        "longitude": 11.9,
        "utc_offset_seconds": 0,
        "hourly_units": {**UNITS, **(units or {})},
        "hourly": {**hourly, **changes},
    }
    return json.dumps(answer, ensure_ascii=False).encode()


ELEMENTS: dict[str, Sequence[str]] = {
    "PPPP": ["101325.00"] * HOURS,
    "TTT": [f"{273.15 + i / 10:.2f}" for i in range(HOURS)],
    "FF": [f"{i % 10:.2f}" for i in range(HOURS)],
    "DD": ["180.00"] * HOURS,
    "N": ["25.00"] * HOURS,
    "Rad1h": ["-" if i == 3 else "360.00" for i in range(HOURS)],
    "RR1c": ["0.50"] * HOURS,
    "ww": ["-"] * HOURS,
}
HEAD = """<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>
<kml:kml xmlns:dwd="https://opendata.dwd.de/weather/lib/pointforecast_dwd_extension_V1_0.xsd"
 xmlns:kml="http://www.opengis.net/kml/2.2"><kml:Document><kml:ExtendedData><dwd:ProductDefinition>
<dwd:Issuer>test</dwd:Issuer><dwd:IssueTime>{issued}</dwd:IssueTime>
<dwd:ForecastTimeSteps>{steps}</dwd:ForecastTimeSteps></dwd:ProductDefinition></kml:ExtendedData>"""


def kml(
    *stations: str, doctype: str = "", elements: Mapping[str, Sequence[str]] | None = None, steps: int = HOURS
) -> str:
    """Give a KML whose first time is an hour after its issue at nine."""
    issued = NOON.replace(hour=9)
    stamps = [f"{issued + timedelta(hours=i + 1):%Y-%m-%dT%H:%M:%S.000Z}" for i in range(steps)]
    head = HEAD.format(
        issued=f"{issued:%Y-%m-%dT%H:%M:%S.000Z}",
        steps="".join(f"<dwd:TimeStep>{stamp}</dwd:TimeStep>" for stamp in stamps),
    )
    head = head.replace("<kml:kml", f"{doctype}<kml:kml", 1)
    series = {**ELEMENTS, **(elements or {})}
    forecasts = "".join(
        f'<dwd:Forecast dwd:elementName="{name}">'
        f"<dwd:value>   {'  '.join(values)} </dwd:value></dwd:Forecast>"
        for name, values in series.items()
    )
    marks = "".join(
        f"<kml:Placemark><kml:name>{station}</kml:name><kml:description>HÖHE</kml:description>"
        f"<kml:ExtendedData>{forecasts}</kml:ExtendedData>"
        "<kml:Point><kml:coordinates>11.87,50.32,500.0</kml:coordinates></kml:Point></kml:Placemark>"
        for station in stations
    )
    return f"{head}{marks}</kml:Document></kml:kml>"


def kmz(text: str, *, name: str = "MOSMIX_L_2024060109_10685.kml", more: Sequence[str] = ()) -> bytes:
    """Zip a KML, with further entries where asked."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text.encode("iso-8859-1"))
        for other in more:
            archive.writestr(other, b"x")
    return packed.getvalue()
