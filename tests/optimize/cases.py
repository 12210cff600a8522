"""Loads the golden cases, for whoever wants to hold something against them."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from energy.domain import FloatArray
from energy.region.loader import load_region
from energy.region.model import Region

CASES = Path(__file__).parents[1] / "cases" / "optimize"
DAY_SUFFIX = "_day"
"""Folders of a day of one kind; cases of a few periods, solved by hand, have no suffix."""
MEETING_SUFFIX = "_meeting"
"""Folders of a day of several kinds that meet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Day:
    """One golden day: its files, read, and what is expected of it."""

    folder: Path
    region: Region
    plain: dict[str, Any]
    """The region file as plain data."""
    series: dict[str, FloatArray]
    """By column name, as the file has them (magnitudes)."""
    states: dict[str, dict[str, float]]
    billed_peak_kw: float
    expected: dict[str, Any]


def days() -> list[Path]:
    """List the folders of a day of one kind each."""
    return sorted(folder for folder in CASES.iterdir() if folder.name.endswith(DAY_SUFFIX))


def small_cases() -> list[Path]:
    """List the folders of cases solved by hand."""
    return sorted(
        folder for folder in CASES.iterdir() if not folder.name.endswith((DAY_SUFFIX, MEETING_SUFFIX))
    )


def meetings() -> list[Path]:
    """List the folders of days at which several kinds meet."""
    return sorted(folder for folder in CASES.iterdir() if folder.name.endswith(MEETING_SUFFIX))


def load_day(folder: Path) -> Day:
    """Read one day."""
    with (folder / "series.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    series = {
        name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0] if name != "utc"
    }
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    expected = folder / "expected.json"
    return Day(
        folder=folder,
        region=load_region(str(folder)),
        plain=yaml.safe_load((folder / "region.yaml").read_text(encoding="utf-8")),
        series=series,
        states=state["assets"],
        billed_peak_kw=state["billed_peak_kw"],
        expected=json.loads(expected.read_text(encoding="utf-8")) if expected.exists() else {},
    )
