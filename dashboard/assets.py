"""Every asset as one row: what it does, what it was told, what became of that, how old the reading is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from energy.domain import Authority, Outcome, Point, Quality, Reading
from energy.region.boiler import Boiler
from energy.region.heat_load import HeatLoad
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset, Region

AHEAD_S_MAX = 120.0
"""How far a reading may lie ahead of the last status: one tick is read and recorded before its status is."""

Readings = Mapping[tuple[str, Point], Reading]

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "generation": ("pv", "wind", "hydro"),
    "storage": ("battery",),
    "heat": ("chp", "heat_pump", "boiler", "heat_storage", "heat_load"),
    "hydrogen": ("electrolyser", "hydrogen_storage"),
    "flexible": ("ev_hub", "flexible_load", "pumped_reservoir"),
    "demand": ("load", "grid_loss"),
    "grid": ("grid_point", "feeder"),
}
"""The kinds by the drawers of the asset list, in its order."""


def family_of(asset: Asset) -> str:
    """Name the drawer of the asset list that an asset lies in."""
    return next(family for family, kinds in FAMILIES.items() if asset.kind in kinds)


def main_point(asset: Asset) -> Point:
    """Name the point that says what the asset does: its power, or its heat or hydrogen where it has none."""
    if isinstance(asset, Boiler | HeatLoad | HeatStorage):
        return Point.HEAT_KW
    return Point.HYDROGEN_KW if isinstance(asset, HydrogenStorage) else Point.POWER_KW


class Freshness(StrEnum):
    """How far a shown value may be believed."""

    FRESH = "fresh"
    OLD = "old"
    """Once measured well, too long ago to decide anything."""
    BAD = "bad"
    """The last attempt to read gave nothing to trust."""
    MISSING = "missing"
    """Never read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One point of one asset; ``value`` is None unless it is a good reading, old ones included."""

    value: float | None
    quality: Quality | None
    age_s: float | None
    freshness: Freshness

    @property
    def live(self) -> float | None:
        """The value if it may be shown as the present one."""
        return self.value if self.freshness is Freshness.FRESH else None


NEVER_READ = Value(value=None, quality=None, age_s=None, freshness=Freshness.MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRow:
    """One asset at one moment."""

    asset: Asset
    authority: Authority
    values: Mapping[Point, Value]
    outcome: Outcome | None

    @property
    def main(self) -> Value:
        """What it does: its power, heat or hydrogen."""
        return self.point(main_point(self.asset))

    def point(self, point: Point) -> Value:
        """Give one point."""
        return self.values.get(point, NEVER_READ)

    @property
    def power_kw(self) -> float | None:
        """Its electricity at present, None where it is not known or there is none."""
        return self.point(Point.POWER_KW).live

    @property
    def dispatchable(self) -> bool:
        """Whether it can be told anything."""
        return self.asset.dispatch_point is not None


def age_s_max(region: Region) -> float:
    """Say how old a reading may be: as configured, but never less than two ticks."""
    return max(region.control.reading_age_s_max, 2.0 * region.control.tick_s)


def value_of(reading: Reading | None, *, now: datetime, age_s_limit: float) -> Value:
    """Judge one reading at a moment of the controller's clock."""
    if reading is None:
        return NEVER_READ
    age_s = (now - reading.measured_at).total_seconds()
    if reading.quality is not Quality.GOOD or reading.value is None:
        return Value(value=None, quality=reading.quality, age_s=max(0.0, age_s), freshness=Freshness.BAD)
    fresh = -AHEAD_S_MAX <= age_s <= age_s_limit
    return Value(
        value=reading.value,
        quality=reading.quality,
        age_s=max(0.0, age_s),
        freshness=Freshness.FRESH if fresh else Freshness.OLD,
    )


def rows_of(
    region: Region, readings: Readings, *, outcomes: Mapping[str, Outcome], now: datetime
) -> tuple[AssetRow, ...]:
    """List all assets in the region file's order."""
    limit_s = age_s_max(region)
    by_asset: dict[str, dict[Point, Value]] = {asset.id: {} for asset in region.assets}
    for (asset_id, point), reading in readings.items():
        if asset_id in by_asset:
            by_asset[asset_id][point] = value_of(reading, now=now, age_s_limit=limit_s)
    return tuple(
        AssetRow(
            asset=asset,
            authority=region.authority_of(asset),
            values=by_asset[asset.id],
            outcome=outcomes.get(asset.id),
        )
        for asset in region.assets
    )
