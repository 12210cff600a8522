"""Reads a region folder and reports every fault of its region file at once."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays as public_holidays
from pydantic import TypeAdapter

from energy.errors import BadInput, Fault
from energy.region.grid_point import GridPoint
from energy.region.model import Region, RegionFile
from energy.yaml_file import YamlFile, read_yaml, validate

SCHEMA = TypeAdapter(RegionFile)
FILE_NAME = "region.yaml"


def shipped_regions() -> dict[str, Path]:
    """Give the folders of the regions that ship with the package, by name."""
    root = Path(str(files("energy") / "regions"))
    return {folder.name: folder for folder in sorted(root.iterdir()) if (folder / FILE_NAME).is_file()}


def find_region(name_or_path: str) -> Path:
    """Find a region folder by its path or by the name of a shipped region.

    Raises:
        BadInput: there is no such folder.
    """
    shipped = shipped_regions()
    path = Path(name_or_path)
    if (path / FILE_NAME).is_file():
        return path
    if name_or_path in shipped:
        return shipped[name_or_path]
    known = ", ".join(shipped) or "none"
    fault = Fault(
        file=name_or_path,
        line=None,
        place="REGION",
        value=name_or_path,
        limit=f"neither a folder with a {FILE_NAME} nor a shipped region (shipped: {known})",
        mend="check the path or name a shipped region",
    )
    raise BadInput([fault])


def load_region(name_or_path: str) -> Region:
    """Load and check a region.

    Raises:
        BadInput: with every fault found, each with its line.
    """
    folder = find_region(name_or_path)
    file = read_yaml(folder / FILE_NAME)
    content = validate(file, SCHEMA)
    faults = [
        *_faults_of_names(file, content),
        *_faults_of_structure(file, content),
        *_faults_of_files(file, content),
    ]
    if faults:
        raise BadInput(faults)
    return Region(
        folder=folder,
        id=content.id,
        name=content.name,
        description=content.description,
        zone=ZoneInfo(content.timezone),
        holidays=content.holidays,
        location=content.location,
        illustrative=content.illustrative,
        authority=content.authority,
        control=content.control,
        market=content.market,
        municipalities=tuple(content.municipalities),
        assets=tuple(content.assets),
        digest=hashlib.sha256(file.path.read_bytes()).hexdigest(),
    )


def _faults_of_names(file: YamlFile, content: RegionFile) -> Iterator[Fault]:
    try:
        ZoneInfo(content.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield file.fault(
            ("timezone",),
            value=content.timezone,
            limit="no such time zone",
            mend="write an IANA name such as Europe/Berlin",
        )
    country, _, state = content.holidays.partition("-")
    try:
        public_holidays.country_holidays(country, subdiv=state or None)
    except NotImplementedError:
        yield file.fault(
            ("holidays",),
            value=content.holidays,
            limit="no such country or state",
            mend="write for example DE-BY",
        )
    for key, things in (("assets", content.assets), ("municipalities", content.municipalities)):
        counts = Counter(thing.id for thing in things)
        seen: set[str] = set()
        for index, thing in enumerate(things):
            if counts[thing.id] > 1 and thing.id in seen:
                yield file.fault(
                    (key, index, "id"),
                    value=thing.id,
                    limit="the id stands twice",
                    mend="give each its own id",
                )
            seen.add(thing.id)


def _faults_of_structure(file: YamlFile, content: RegionFile) -> Iterator[Fault]:
    points = [index for index, asset in enumerate(content.assets) if isinstance(asset, GridPoint)]
    if len(points) != 1:
        place = ("assets", points[1], "kind") if points else ("assets",)
        yield file.fault(
            place,
            value=f"{len(points)} grid points",
            limit="a region has exactly one",
            mend="keep one asset of kind grid_point",
        )
    towns = {municipality.id for municipality in content.municipalities}
    endpoints: dict[tuple[str, int, int], str] = {}
    for index, asset in enumerate(content.assets):
        if asset.municipality is not None and asset.municipality not in towns:
            yield file.fault(
                ("assets", index, "municipality"),
                value=asset.municipality,
                limit="no such municipality",
                mend=f"use one of: {', '.join(sorted(towns))}",
            )
        endpoint = (asset.device.host, asset.device.port, asset.device.unit)
        if endpoint in endpoints:
            yield file.fault(
                ("assets", index, "device"),
                value="{}:{} unit {}".format(*endpoint),
                limit=f"the same device as of asset '{endpoints[endpoint]}'",
                mend="give each asset its own port or unit",
            )
        endpoints[endpoint] = asset.id


def _faults_of_files(file: YamlFile, content: RegionFile) -> Iterator[Fault]:
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("assets", index, "history", "file"), asset.history.file)
        for index, asset in enumerate(content.assets)
        if asset.history
    ]
    named.append((("market", "day_ahead", "file"), content.market.day_ahead.file))
    for place, name in named:
        if not (file.path.parent / "history" / name).is_file():
            yield file.fault(
                place,
                value=name,
                limit="no such file in history/",
                mend="put the CSV there or correct the name",
            )
