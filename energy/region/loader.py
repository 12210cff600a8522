"""Reads a region folder and reports every fault of its region file at once."""

import hashlib
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from energy.errors import BadInput, Fault
from energy.region.model import Region, RegionFile
from energy.region.structure import faults_of_structure
from energy.yaml_file import read_yaml, validate

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
    faults = faults_of_structure(file)
    try:
        content = validate(file, SCHEMA)
    except BadInput as error:
        faults = _by_line([*error.faults, *faults])
        raise BadInput(faults) from error
    if faults:
        raise BadInput(_by_line(faults))
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
        objective=content.objective,
        temperature=content.temperature,
        privacy=content.privacy,
        weather=content.weather,
        municipalities=tuple(content.municipalities),
        heat_networks=tuple(content.heat_networks),
        hydrogen_networks=tuple(content.hydrogen_networks),
        assets=tuple(content.assets),
        digest=hashlib.sha256(file.path.read_bytes()).hexdigest(),
    )


def _by_line(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.line is not None, fault.line))
