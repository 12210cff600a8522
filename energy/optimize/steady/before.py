"""The plan before, as a new plan sees it: what each asset was to do in the periods that both cover."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import numpy as np

from energy.domain import AssetPlan, FloatArray, Plan
from energy.errors import Fault
from energy.periods import PERIOD, format_utc, periods_between
from energy.region.model import Region

POWER_KW_MAX = 10_000_000.0
"""The region schema's own limit on any power."""
SOURCE = "(problem)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Before:
    """What was planned before, by asset id, shape (periods,) each; NaN where that is not known.

    ``power_kw`` in our sign; ``curtailed_kw`` of sources and ``running_fraction`` of machines (0 or 1).
    """

    power_kw: Mapping[str, FloatArray]
    curtailed_kw: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))
    running_fraction: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))


def before_of(plan: Plan | None, region: Region, *, start: datetime, periods: int) -> Before | None:
    """Shift a plan to the periods from ``start`` on; None where it covers none of them.

    Assets that the region does not have are left out: a region file may change between two plans.
    """
    if plan is None or plan.region_id != region.id:
        return None
    return shifted(plan.assets, region, offset=periods_between(plan.start, start), periods=periods)


def shifted(planned: Mapping[str, AssetPlan], region: Region, *, offset: int, periods: int) -> Before | None:
    """Shift what was planned by ``offset`` periods; None where nothing of it is left."""
    known = {asset.id for asset in region.members}
    assets = {asset_id: asset for asset_id, asset in planned.items() if asset_id in known}
    most = max((asset.power_kw.size for asset in assets.values()), default=0)
    if not -periods < offset < most:
        return None

    def state(name: str) -> dict[str, FloatArray]:
        return {
            asset_id: _shifted(asset.states[name], offset, periods)
            for asset_id, asset in assets.items()
            if name in asset.states
        }

    return Before(
        power_kw={asset_id: _shifted(asset.power_kw, offset, periods) for asset_id, asset in assets.items()},
        curtailed_kw=state("power_kw_curtailed"),
        running_fraction={asset_id: np.round(values) for asset_id, values in state("running").items()},
    )


def _shifted(values: FloatArray, offset: int, periods: int) -> FloatArray:
    moved = np.full(periods, np.nan)
    inside = slice(max(0, -offset), min(periods, values.size - offset))
    if inside.start < inside.stop:
        moved[inside] = values[inside.start + offset : inside.stop + offset]
    return moved


def before_faults(region: Region, start: datetime, before: Before | None, periods: int) -> Iterator[Fault]:
    """Find what is wrong with a plan before; whether it can still be kept is no fault."""
    if before is None:
        return
    known = {asset.id for asset in region.members}
    for name, series, least, most in (
        ("power_kw", before.power_kw, -POWER_KW_MAX, POWER_KW_MAX),
        ("curtailed_kw", before.curtailed_kw, -POWER_KW_MAX, POWER_KW_MAX),
        ("running_fraction", before.running_fraction, 0.0, 1.0),
    ):
        for asset_id, values in series.items():
            place = f"before.{name}.{asset_id}"
            if asset_id not in known:
                yield _fault(place, asset_id, "the region has no such asset", "remove it")
            elif np.shape(values) != (periods,):
                limit = f"must be ({periods},), as the prices"
                yield _fault(place, f"shape {np.shape(values)}", limit, "give a value or NaN a period")
            elif (wrong := np.flatnonzero((values < least) | (values > most))).size:
                first = int(wrong[0])
                at = f"{place}[{first}] {format_utc(start + first * PERIOD)}"
                limit = f"{least:.0f} to {most:.0f} ({wrong.size} periods)"
                yield _fault(at, float(values[first]), limit, "give NaN where it is not known")


def _fault(place: str, value: object, limit: str, mend: str) -> Fault:
    return Fault(file=SOURCE, line=None, place=place, value=value, limit=limit, mend=mend)
