"""The plan before from a file: the JSON that ``energiewaage plan`` writes, read as far as it is needed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from energy.domain import AssetPlan, FloatArray
from energy.errors import BadInput, Fault, reason_of, told
from energy.optimize.steady.before import Before, shifted
from energy.periods import parse_utc, period_start, periods_between
from energy.region.model import Region

PLAN_BYTES_MAX = 500_000_000
"""10,000 assets with three series of 192 numbers each."""
STATES = ("running", "power_kw_curtailed")
FORM = 'the form is that of a plan: {"region_id": ..., "start": ..., "assets": {id: {"power_kw": [...]}}}'


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanFile:
    """A plan as it was read: what each asset was to do from ``start`` on."""

    start: datetime
    assets: Mapping[str, AssetPlan]

    def before(self, region: Region, *, start: datetime, periods: int) -> Before | None:
        """Give the plan as the plan before of the periods from ``start`` on; None where it covers none."""
        offset = periods_between(self.start, start)
        return shifted(self.assets, region, offset=offset, periods=periods)


def read_plan_file(path: Path, region: Region) -> PlanFile:
    """Read a plan file.

    Raises:
        BadInput: with every fault of its form; what its numbers are is checked with the problem.
    """
    content = _content(path)
    faults: list[Fault] = []
    if content.get("region_id") != region.id:
        mend = "give a plan of this region"
        faults.append(_fault(path, "region_id", content.get("region_id"), f"must be {region.id}", mend))
    start = _start(path, content.get("start"), faults)
    assets: dict[str, AssetPlan] = {}
    planned = content.get("assets")
    for asset_id, named in planned.items() if isinstance(planned, dict) else ():
        series = {
            name: _series(path, f"assets.{asset_id}.{name}", named[name], faults)
            for name in ("power_kw", *STATES)
            if isinstance(named, dict) and name in named
        }
        if "power_kw" in series:
            assets[asset_id] = AssetPlan(power_kw=series.pop("power_kw"), states=series)
    if not assets:
        faults.append(_fault(path, "assets", told(planned), FORM, "give a plan's file"))
    if faults or start is None:
        raise BadInput(faults)
    return PlanFile(start=start, assets=assets)


def _content(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > PLAN_BYTES_MAX:
            limit = f"at most {PLAN_BYTES_MAX} bytes"
            raise BadInput([_fault(path, "(file)", path.name, limit, "give a plan's file")])
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        limit = "not a JSON file that can be read"
        raise BadInput([_fault(path, "(file)", reason_of(error), limit, "check it")]) from error
    if not isinstance(content, dict):
        raise BadInput([_fault(path, "(file)", told(content), FORM, "give a plan's file")])
    return content


def _start(path: Path, value: object, faults: list[Fault]) -> datetime | None:
    try:
        start = parse_utc(value) if isinstance(value, str) else None
    except ValueError:
        start = None
    if start is None or period_start(start) != start:
        limit = "must be the start of a quarter hour, UTC"
        faults.append(_fault(path, "start", value, limit, "write 2020-06-01T00:00:00Z"))
        return None
    return start


def _series(path: Path, place: str, values: object, faults: list[Fault]) -> FloatArray:
    """Read a list of numbers; null is not known."""
    numbers = values if isinstance(values, list) else [values]
    if not isinstance(values, list) or any(
        isinstance(number, bool) or not isinstance(number, int | float | None) for number in numbers
    ):
        faults.append(_fault(path, place, told(values), "must be a list of numbers", "check it"))
        return np.zeros(0)
    return np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)


def _fault(path: Path, place: str, value: object, limit: str, mend: str) -> Fault:
    return Fault(file=str(path), line=None, place=place, value=value, limit=limit, mend=mend)
