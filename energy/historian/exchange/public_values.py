"""The public's values: sums over groups of meters, for an export and for a page that citizens see."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from energy.domain import FloatArray, Point
from energy.historian.exchange.public_groups import Contributor, PublicGroup, public_groups
from energy.historian.exchange.resolution import Resolution, spans_of
from energy.historian.exchange.tables import Batch
from energy.historian.sqlite_reader import SqliteReader
from energy.region.heat_load import HeatLoad
from energy.region.model import Region

ELSEWHERE = "none"
"""The municipality of an asset that names none."""


def contributors_of(region: Region) -> list[Contributor]:
    """Give the assets whose electricity adds up to the region's import, with their meters."""
    return [
        Contributor(
            asset_id=asset.id,
            kind=str(asset.kind),
            municipality=asset.municipality if asset.municipality is not None else ELSEWHERE,
            meters=asset.meters,
        )
        for asset in region.members
        if not isinstance(asset, HeatLoad) and asset.power_kw_nameplate != (0.0, 0.0)
    ]


def public_sums(
    groups: Sequence[PublicGroup], power_kw: Mapping[str, FloatArray]
) -> Mapping[tuple[str, str], FloatArray]:
    """Give each group's power, NaN in a period in which one of its assets has no value.

    A sum without one of its assets would show that asset by its difference to the sum before.
    """
    return {
        (group.by, group.name): np.sum([power_kw[asset_id] for asset_id in sorted(group.asset_ids)], axis=0)
        for group in groups
    }


def public_batches(
    reader: SqliteReader, region: Region, start: datetime, end: datetime, resolution: Resolution
) -> Iterator[Batch]:
    """Give the rows of the public table.

    Quarter hours are added up before they are averaged, and one weight counts for all of a group: the mean
    then holds nothing that its quarter hours do not show. Averaged by asset, it would show by its difference
    to them what an asset did while another was not measured.
    """
    spans = spans_of(start, end, resolution, region.zone)
    groups = public_groups(contributors_of(region), region.privacy.meters_min_public)
    assets = sorted({asset_id for group in groups for asset_id in group.asset_ids})
    power = {
        asset_id: reader.means_many([asset_id], Point.POWER_KW, spans.start, spans.end)[asset_id]
        for asset_id in assets
    }
    sums = public_sums(groups, {asset_id: means.value for asset_id, means in power.items()})
    for group in groups:
        count = spans.labels.size
        coverage = np.min([power[asset_id].coverage for asset_id in sorted(group.asset_ids)], axis=0)
        yield {
            "start_utc": spans.labels,
            "by": [group.by] * count,
            "group": [group.name] * count,
            "meters": np.full(count, float(group.meters)),
            "power_kw_draws_positive": spans.weighted_mean(sums[group.by, group.name], coverage),
        }
