"""Feeders and municipalities at one moment: how loaded, how much used and made where. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.balance import IDLE_KW, Group, group_of
from dashboard.networks import Known
from energy.domain import Alarm, Point
from energy.region.asset import Name
from energy.region.feeder import Feeder
from energy.region.model import Asset, Municipality, Region

LOAD_FRACTION_WARNING = 0.9
"""Of a feeder's limit: beyond it little is left for a forecast's error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederRow:
    """One feeder; ``power_kw`` is positive from the busbar to its assets, None where it is not known.

    ``alarms`` are its own, ``alarms_behind`` those of the assets connected through it.
    """

    feeder_id: str
    name: Name
    power_kw: float | None
    power_kw_max: float
    alarms: tuple[Alarm, ...]
    alarms_behind: int

    @property
    def load_fraction(self) -> float | None:
        """How much of its limit is used, whichever way."""
        return None if self.power_kw is None else abs(self.power_kw) / self.power_kw_max

    @property
    def warns(self) -> bool:
        """Whether little of its limit is left."""
        return self.load_fraction is not None and self.load_fraction > LOAD_FRACTION_WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class MunicipalityRow:
    """One municipality's electricity in magnitudes; a sum is None as soon as one meter in it is missing.

    Stores belong to neither sum.
    """

    municipality: Municipality
    consumption_kw: float | None
    generation_kw: float | None
    missing: tuple[str, ...]

    @property
    def own_fraction(self) -> float | None:
        """Generation over consumption; above 1 it makes more than it uses."""
        if self.consumption_kw is None or self.generation_kw is None or self.consumption_kw <= IDLE_KW:
            return None
        return self.generation_kw / self.consumption_kw


def feeders_of(region: Region, known: Known, alarms: Sequence[Alarm]) -> tuple[FeederRow, ...]:
    """List the feeders in the region file's order."""
    behind: dict[str, int] = {}
    feeder_of_asset = {asset.id: asset.feeder for asset in region.assets if asset.feeder is not None}
    for alarm in alarms:
        if alarm.target_id in feeder_of_asset:
            feeder_id = feeder_of_asset[alarm.target_id]
            behind[feeder_id] = behind.get(feeder_id, 0) + 1
    return tuple(
        FeederRow(
            feeder_id=asset.id,
            name=asset.name,
            power_kw=known.get((asset.id, Point.POWER_KW)),
            power_kw_max=asset.power_kw_max,
            alarms=tuple(alarm for alarm in alarms if alarm.target_id == asset.id),
            alarms_behind=behind.get(asset.id, 0),
        )
        for asset in region.assets
        if isinstance(asset, Feeder)
    )


def municipalities_of(region: Region, known: Known) -> tuple[MunicipalityRow, ...]:
    """List the municipalities by name."""
    by_place: dict[str | None, list[Asset]] = {}
    for asset in region.members:
        by_place.setdefault(asset.municipality, []).append(asset)
    rows = (_municipality(item, by_place.get(item.id, []), known) for item in region.municipalities)
    return tuple(sorted(rows, key=lambda row: row.municipality.name.de))


def _municipality(municipality: Municipality, assets: Sequence[Asset], known: Known) -> MunicipalityRow:
    sums_kw: dict[Group, float] = {}
    missing: list[tuple[Group, str]] = []
    for asset in assets:
        group = group_of(asset)
        if group not in {Group.CONSUMPTION, Group.GENERATION}:
            continue
        power_kw = known.get((asset.id, Point.POWER_KW))
        if power_kw is None:
            missing.append((group, asset.id))
        else:
            sums_kw[group] = sums_kw.get(group, 0.0) + power_kw
    lacking = {group for group, _ in missing}
    return MunicipalityRow(
        municipality=municipality,
        consumption_kw=(
            None if Group.CONSUMPTION in lacking else max(0.0, sums_kw.get(Group.CONSUMPTION, 0.0))
        ),
        generation_kw=None if Group.GENERATION in lacking else max(0.0, -sums_kw.get(Group.GENERATION, 0.0)),
        missing=tuple(asset_id for _, asset_id in missing),
    )
