"""Limits that stand on devices when the controller starts, and that the ledger does not prove to be ours.

Somebody set them for a reason that we do not know: an installer, a grid operator's box. They are kept until a
person releases them by name. A device whose bound was not read yet is not written to.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from energy.domain import Applied, Image, Level, Limit, Outcome, Point
from energy.region.model import Asset, Region

SAME_KW = 1.0
"""A register's resolution: closer than this is the same value."""
SENT_KEPT_MAX = 8
"""Values sent since the last one that arrived; any of them may stand on the device."""
BOUNDS = frozenset({Point.POWER_KW_MIN, Point.POWER_KW_MAX})


class FoundLimits:
    """Per asset: not read yet, then free, ours, or found; the smallest owner of that state.

    Args:
        region: the region.
        limits: found before, as the ledger has them.
        sent_kw: by asset, the values that the ledger says may stand on the device because we sent them.
    """

    def __init__(
        self, region: Region, *, limits: Iterable[Limit], sent_kw: Mapping[str, Sequence[float]]
    ) -> None:
        self._region = region
        self._limits = {limit.target_id: limit for limit in limits}
        self._sent_kw = {asset_id: tuple(values) for asset_id, values in sent_kw.items()}
        self._unread = {asset.id for asset in region.assets if asset.dispatch_point in BOUNDS}

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What was found and is kept, by asset id."""
        return tuple(self._limits[target_id] for target_id in sorted(self._limits))

    @property
    def unread(self) -> tuple[str, ...]:
        """Assets whose bound has not been read since the start."""
        return tuple(sorted(self._unread))

    @property
    def sent_kw(self) -> Mapping[str, tuple[float, ...]]:
        """By asset, what may stand on the device because we sent it."""
        return dict(self._sent_kw)

    def look(self, image: Image, *, age_s_max: float) -> tuple[Limit, ...]:
        """Look at the devices not read yet; gives the limits that are new or became tighter."""
        changed: list[Limit] = []
        for asset in self._region.assets:
            point = asset.dispatch_point
            if asset.id not in self._unread or point is None:
                continue
            held_kw = image.value(asset.id, point, age_s_max=age_s_max)
            if held_kw is None:
                continue
            self._unread.discard(asset.id)
            if not self._is_ours(asset, point, held_kw):
                limit = self._tighter(_limit(asset, point, held_kw, image))
                if limit != self._limits.get(asset.id):
                    self._limits[asset.id] = limit
                    changed.append(limit)
        return tuple(changed)

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Remember what was sent: what arrived stands alone, what may have arrived is added."""
        for outcome in outcomes:
            asset_id, power_kw = outcome.setpoint.asset_id, outcome.setpoint.power_kw
            before = () if isinstance(outcome, Applied) else self._sent_kw.get(asset_id, ())
            self._sent_kw[asset_id] = (*before, power_kw)[-SENT_KEPT_MAX:]

    def clear(self, asset_id: str) -> bool:
        """Stop keeping what was found on an asset; tells whether there was anything."""
        return self._limits.pop(asset_id, None) is not None

    def _is_ours(self, asset: Asset, point: Point, held_kw: float) -> bool:
        """A free device is nobody's; a sent value, or the safe state of an asset we commanded, is ours."""
        low, high = asset.power_kw_nameplate
        known_kw = [low if point is Point.POWER_KW_MIN else high]
        sent_kw = self._sent_kw.get(asset.id, ())
        known_kw.extend(sent_kw)
        safe_kw = None if asset.safe_state is None else asset.safe_state.power_kw
        if sent_kw and safe_kw is not None:
            known_kw.append(safe_kw)
        return any(abs(held_kw - value_kw) <= SAME_KW for value_kw in known_kw)

    def _tighter(self, found: Limit) -> Limit:
        known = self._limits.get(found.target_id)
        if known is None:
            return found
        if found.power_kw_min is not None and known.power_kw_min is not None:
            return found if found.power_kw_min > known.power_kw_min else known
        if found.power_kw_max is not None and known.power_kw_max is not None:
            return found if found.power_kw_max < known.power_kw_max else known
        return dataclasses.replace(
            found,
            power_kw_min=known.power_kw_min if found.power_kw_min is None else found.power_kw_min,
            power_kw_max=known.power_kw_max if found.power_kw_max is None else found.power_kw_max,
        )


def _limit(asset: Asset, point: Point, held_kw: float, image: Image) -> Limit:
    return Limit(
        limit_id=f"found_{asset.id}",
        target_id=asset.id,
        power_kw_min=held_kw if point is Point.POWER_KW_MIN else None,
        power_kw_max=held_kw if point is Point.POWER_KW_MAX else None,
        level=Level.GRID_OPERATOR,
        start=image.at,
        until=None,
        reason="found on the device at start",
    )
