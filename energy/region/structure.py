"""What no single value of a region file can show: names that must match, things that stand only once.

Works on the plain data, whatever else is wrong with it, so that these faults are reported together with those
of the schema.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays as public_holidays

from energy.errors import Fault
from energy.region.connections import Entry, entries, faults_of_connections
from energy.region.endpoints import faults_of_devices
from energy.region.history_file import POWER_SUFFIX, PRICE_SUFFIX, TEMPERATURE_SUFFIX
from energy.region.model import HOLIDAYS_PATTERN
from energy.region.privacy import faults_of_privacy
from energy.region.weather import faults_of_weather
from energy.yaml_file import Place, YamlFile

HISTORY_FOLDER = "history"
KINDS_WITHOUT_HISTORY = (
    "battery",
    "boiler",
    "chp",
    "electrolyser",
    "feeder",
    "grid_point",
    "heat_pump",
    "heat_storage",
    "hydrogen_storage",
)
"""Their power is what the controller decides or what follows from the others: no column could foretell it."""


def faults_of_structure(file: YamlFile) -> list[Fault]:
    """Find every fault between the values of a region file."""
    if not isinstance(file.data, dict):
        return []
    assets = list(entries(file, "assets"))
    municipalities = list(entries(file, "municipalities"))
    return [
        *_faults_of_calendar(file),
        *_faults_of_ids(file, assets, "asset"),
        *_faults_of_ids(file, municipalities, "municipality"),
        *_faults_of_ids(file, list(entries(file, "heat_networks")), "heat network"),
        *_faults_of_ids(file, list(entries(file, "hydrogen_networks")), "hydrogen network"),
        *_faults_of_grid_points(file, assets),
        *_faults_of_municipalities(file, assets, municipalities),
        *faults_of_connections(file, assets),
        *faults_of_devices(file, assets),
        *_faults_of_columns(file, assets),
        *faults_of_privacy(file, assets),
        *faults_of_weather(file),
    ]


def _faults_of_calendar(file: YamlFile) -> Iterator[Fault]:
    zone, holidays = file.data.get("timezone"), file.data.get("holidays")
    if isinstance(zone, str):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield file.fault(
                ("timezone",),
                value=zone,
                limit="there is no such time zone",
                mend="write its IANA name, for example Europe/Berlin",
            )
    if isinstance(holidays, str) and re.search(HOLIDAYS_PATTERN, holidays.strip()):
        country, _, state = holidays.strip().partition("-")
        try:
            public_holidays.country_holidays(country, subdiv=state or None)
        except NotImplementedError:
            yield file.fault(
                ("holidays",),
                value=holidays,
                limit="there is no such country or state",
                mend="write country-state, for example DE-BY",
            )


def _faults_of_ids(file: YamlFile, entries: list[Entry], what: str) -> Iterator[Fault]:
    lines: dict[str, int | None] = {}
    for place, entry in entries:
        own = entry.get("id")
        if not isinstance(own, str):
            continue
        if own in lines:
            yield file.fault(
                (*place, "id"),
                value=own,
                limit=f"the {what} in line {lines[own]} has this id already",
                mend="give each its own id",
            )
        lines.setdefault(own, file.line((*place, "id")))


def _faults_of_grid_points(file: YamlFile, assets: list[Entry]) -> Iterator[Fault]:
    points = [place for place, entry in assets if entry.get("kind") == "grid_point"]
    if assets and not points:
        yield file.fault(
            ("assets",),
            value="no grid point",
            limit="a region has exactly one",
            mend="add one asset of kind grid_point: where the exchange with the upstream grid is metered",
        )
    for place in points[1:]:
        yield file.fault(
            (*place, "kind"),
            value="another grid point",
            limit=f"a region has exactly one, and it stands in line {file.line(points[0])}",
            mend="keep one asset of kind grid_point",
        )


def _faults_of_municipalities(
    file: YamlFile, assets: list[Entry], municipalities: list[Entry]
) -> Iterator[Fault]:
    known = sorted(str(entry["id"]) for _, entry in municipalities if isinstance(entry.get("id"), str))
    for place, entry in assets:
        named = entry.get("municipality")
        if isinstance(named, str) and named not in known:
            yield file.fault(
                (*place, "municipality"),
                value=named,
                limit="there is no such municipality under 'municipalities'",
                mend=f"use one of: {', '.join(known)}" if known else "add it there",
            )


def _faults_of_columns(file: YamlFile, assets: list[Entry]) -> Iterator[Fault]:
    for place, entry in assets:
        if "history" not in entry or entry["history"] is None:
            continue
        if entry.get("kind") in KINDS_WITHOUT_HISTORY:
            yield file.fault(
                (*place, "history"),
                value=entry.get("kind"),
                limit="this kind has no history: its power is decided, or follows from the others",
                mend="remove 'history' here",
            )
        else:
            yield from _faults_of_column(file, (*place, "history"), entry["history"], POWER_SUFFIX)
    market = file.data.get("market")
    if isinstance(market, dict):
        yield from _faults_of_column(file, ("market", "day_ahead"), market.get("day_ahead"), PRICE_SUFFIX)
    yield from _faults_of_column(file, ("temperature",), file.data.get("temperature"), TEMPERATURE_SUFFIX)


def _faults_of_column(file: YamlFile, place: Place, named: object, suffix: str) -> Iterator[Fault]:
    if not isinstance(named, dict):
        return
    name, column = named.get("file"), named.get("column")
    plain = isinstance(name, str) and "/" not in name and "\0" not in name
    if plain and not _is_file(file.path.parent / HISTORY_FOLDER / str(name)):
        yield file.fault(
            (*place, "file"),
            value=name,
            limit=f"there is no such file in {HISTORY_FOLDER}/ beside this file",
            mend="put it there or correct the name",
        )
    if isinstance(column, str) and not column.endswith(suffix):
        yield file.fault(
            (*place, "column"),
            value=column,
            limit=f"the column's name must end in its unit, {suffix}",
            mend="rename the column in the CSV and here",
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
