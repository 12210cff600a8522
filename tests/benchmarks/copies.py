"""Bigger regions, made in memory by repeating the assets of the shipped one."""

import dataclasses
from itertools import count, islice

from energy.region.model import Region


def region_of_copies(region: Region, assets: int) -> Region:
    """Give a region of exactly so many assets: the grid point, then the others again and again.

    The first round keeps its ids; a copy's id ends in the number of its round. The grid point's limits grow
    with the region.
    """
    members = region.members
    rounds = (assets - 1) / len(members)
    point = dataclasses.replace(
        region.grid_point,
        power_kw_import_max=rounds * region.grid_point.power_kw_import_max,
        power_kw_export_max=rounds * region.grid_point.power_kw_export_max,
    )
    repeated = (
        asset if number == 0 else dataclasses.replace(asset, id=f"{asset.id}_{number}")
        for number in count()
        for asset in members
    )
    return dataclasses.replace(region, assets=(point, *islice(repeated, assets - 1)))
