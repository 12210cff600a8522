"""Limits that stand on a device when the controller starts, and that the ledger does not prove to be ours.

Somebody set them for a reason that we do not know: an installer, a grid operator's box. They are kept until a
person releases them by name.
"""

from collections.abc import Mapping, Sequence

from energy.domain import Image, Level, Limit, Point
from energy.region.model import Region

SAME_KW = 1.0
"""A register's resolution: closer than this is the same value."""


def found_limits(
    region: Region, image: Image, *, ours: Mapping[str, Sequence[float]], age_s_max: float
) -> tuple[Limit, ...]:
    """Name the bounds on feeding in or drawing that were there before us.

    Args:
        region: the region.
        image: what the devices hold, read before anything was written.
        ours: by asset, the values that the ledger says we sent last.
        age_s_max: an older reading says nothing.
    """
    found: list[Limit] = []
    for asset in region.assets:
        point = asset.dispatch_point
        if point not in {Point.POWER_KW_MIN, Point.POWER_KW_MAX} or point is None or asset.safe_state is None:
            continue
        held_kw = image.value(asset.id, point, age_s_max=age_s_max)
        if held_kw is None:
            continue
        low, high = asset.power_kw_nameplate
        free_kw = low if point is Point.POWER_KW_MIN else high
        harmless = (free_kw, asset.safe_state.power_kw, *ours.get(asset.id, ()))
        if any(abs(held_kw - value_kw) <= SAME_KW for value_kw in harmless):
            continue
        found.append(
            Limit(
                limit_id=f"found_{asset.id}",
                target_id=asset.id,
                power_kw_min=held_kw if point is Point.POWER_KW_MIN else None,
                power_kw_max=held_kw if point is Point.POWER_KW_MAX else None,
                level=Level.GRID_OPERATOR,
                start=image.at,
                until=None,
                reason="found on the device at start",
            )
        )
    return tuple(found)
