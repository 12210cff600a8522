"""Limits on devices that are not ours: found at the start, or set by somebody else while we run.

Somebody set them for a reason that we do not know: an installer, a grid operator's box. They are kept until a
person releases them by name. A device whose bound was not read yet, or not for long, is not written to.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from energy.arbitration import SAME_KW
from energy.domain import Applied, Image, Level, Limit, Outcome, Point, Quality
from energy.region.model import Asset, Region

SENT_KEPT_MAX = 8
"""Values sent since the last one that arrived; any of them may stand on the device."""
BELIEVED = frozenset({Quality.GOOD, Quality.NOT_IMPLEMENTED})
SILENT = frozenset({Quality.COMM_ERROR, Quality.STALE})
AT_START = "found on the device at start"
AFTER_SILENCE = "found on the device after it was silent"
BY_OTHERS = "set on the device by somebody else"
BOUNDS = frozenset({Point.POWER_KW_MIN, Point.POWER_KW_MAX})


class FoundLimits:
    """Per asset: not read yet, then free, ours, or found; the smallest owner of that state.

    A bound that changes while we run is somebody else's only where nothing else explains it: in the tick
    before, the device was seen to hold what we sent; since then it has been read without a break; the new
    bound is tighter than all that we sent and no value that the device falls back to; and a tick later, in
    which nothing was sent, it still stands.

    A device that was silent for so long that nothing is known of it any more is looked at as at the start:
    what stands there when it answers again may have been set meanwhile, on the spot.

    Args:
        region: the region.
        limits: found before, as the ledger has them.
        sent_kw: by asset, the values that the ledger says may stand on the device because we sent them.
        fallback_kw: by asset, what its register map says that the device falls back to.
    """

    def __init__(
        self,
        region: Region,
        *,
        limits: Iterable[Limit],
        sent_kw: Mapping[str, Sequence[float]],
        fallback_kw: Mapping[str, float] | None = None,
    ) -> None:
        self._region = region
        self._limits = {limit.target_id: limit for limit in limits}
        self._sent_kw = {asset_id: tuple(values) for asset_id, values in sent_kw.items()}
        self._fallback_kw = dict(fallback_kw or {})
        self._bounded = [asset for asset in region.assets if asset.dispatch_point in BOUNDS]
        self._unread = {asset.id: AT_START for asset in self._bounded}
        """With the reason of a limit that may be found there."""
        self._seen_at: dict[str, datetime] = {}
        self._proven: frozenset[str] = frozenset()
        """Assets that were seen to hold what we sent, in the tick before."""
        self._suspected_kw: dict[str, float] = {}

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What was found and is kept, by asset id."""
        return tuple(self._limits[target_id] for target_id in sorted(self._limits))

    @property
    def unread(self) -> tuple[str, ...]:
        """Assets whose bound was not read since the start or of late, or may not be ours: nothing is sent."""
        return tuple(sorted(self._unread.keys() | self._suspected_kw.keys()))

    @property
    def notes(self) -> tuple[str, ...]:
        """A note for each bound that somebody else set while we ran, as long as it is kept."""
        return tuple(
            f"foreign_write@{limit.target_id}: {limit.reason}: {_bound_kw(limit):.0f} kW"
            for limit in self.limits
            if limit.reason in {BY_OTHERS, AFTER_SILENCE}
        )

    @property
    def sent_kw(self) -> Mapping[str, tuple[float, ...]]:
        """By asset, what may stand on the device because we sent it."""
        return dict(self._sent_kw)

    def look(self, image: Image, *, age_s_max: float) -> tuple[Limit, ...]:
        """Look at the devices; gives the limits that are new or became tighter."""
        changed: list[Limit] = []
        for asset in self._bounded:
            point = asset.dispatch_point
            if point is None:
                continue
            self._note_silence(asset.id, point, image, age_s_max=age_s_max)
            if asset.id in self._unread:
                limit = self._found_at_start(asset, point, image, age_s_max=age_s_max)
            else:
                limit = self._found_since(asset, point, image)
            if limit is not None and limit != self._limits.get(asset.id):
                self._limits[asset.id] = limit
                changed.append(limit)
        return tuple(changed)

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Remember what was sent: what arrived stands alone, what may have arrived is added."""
        proven: set[str] = set()
        for outcome in outcomes:
            asset_id, power_kw = outcome.setpoint.asset_id, outcome.setpoint.power_kw
            if isinstance(outcome, Applied):
                proven.add(asset_id)
                is_same = abs(outcome.read_back_kw - power_kw) <= SAME_KW
                self._sent_kw[asset_id] = (power_kw,) if is_same else (outcome.read_back_kw, power_kw)
            else:
                known_kw = self._sent_kw.get(asset_id, ())
                before = tuple(value_kw for value_kw in known_kw if value_kw != power_kw)
                self._sent_kw[asset_id] = (*before, power_kw)[-SENT_KEPT_MAX:]
        self._proven = frozenset(proven)

    def clear(self, asset_id: str) -> bool:
        """Stop keeping what was found on an asset; tells whether there was anything."""
        self._suspected_kw.pop(asset_id, None)
        return self._limits.pop(asset_id, None) is not None

    def _note_silence(self, asset_id: str, point: Point, image: Image, *, age_s_max: float) -> None:
        """Put an asset back among the unread whose device was silent for longer than a reading lasts."""
        seen_at = self._seen_at.get(asset_id)
        if seen_at is not None and (image.at - seen_at).total_seconds() > age_s_max:
            self._unread.setdefault(asset_id, AFTER_SILENCE)
            self._suspected_kw.pop(asset_id, None)
        reading = image.readings.get((asset_id, point))
        if reading is not None and reading.quality not in SILENT:
            self._seen_at[asset_id] = reading.measured_at

    def _found_at_start(self, asset: Asset, point: Point, image: Image, *, age_s_max: float) -> Limit | None:
        held_kw = image.value(asset.id, point, age_s_max=age_s_max)
        if held_kw is None:
            return None
        reason = self._unread.pop(asset.id)
        if self._is_ours(asset, point, held_kw):
            return None
        return self._tighter(_limit(asset, point, held_kw, image, reason=reason))

    def _found_since(self, asset: Asset, point: Point, image: Image) -> Limit | None:
        """Suspect in one tick, keep in the next; a break in between proves nothing."""
        held_kw = image.value(asset.id, point, age_s_max=0.0)
        suspected_kw = self._suspected_kw.pop(asset.id, None)
        if held_kw is None:
            return None
        if suspected_kw is None:
            is_foreign = asset.id in self._proven and self._is_foreign(asset, point, held_kw)
            if is_foreign and _is_believed(image, asset.id):
                self._suspected_kw[asset.id] = held_kw
            return None
        if abs(held_kw - suspected_kw) > SAME_KW or not _is_believed(image, asset.id):
            return None
        return self._tighter(_limit(asset, point, held_kw, image, reason=BY_OTHERS))

    def _is_foreign(self, asset: Asset, point: Point, held_kw: float) -> bool:
        """Tell a bound tighter than all that we sent from one that the device falls back to by itself."""
        sent_kw = self._sent_kw.get(asset.id, ())
        if not sent_kw or self._is_ours(asset, point, held_kw):
            return False
        if point is Point.POWER_KW_MIN:
            return held_kw > max(sent_kw) + SAME_KW
        return held_kw < min(sent_kw) - SAME_KW

    def _is_ours(self, asset: Asset, point: Point, held_kw: float) -> bool:
        """A free device is nobody's; a sent value, or the safe state of an asset we commanded, is ours."""
        low, high = asset.power_kw_nameplate
        known_kw = [low if point is Point.POWER_KW_MIN else high]
        sent_kw = self._sent_kw.get(asset.id, ())
        known_kw.extend(sent_kw)
        safe_kw = None if asset.safe_state is None else asset.safe_state.power_kw
        if sent_kw and safe_kw is not None:
            known_kw.append(safe_kw)
        if sent_kw and asset.id in self._fallback_kw:
            known_kw.append(self._fallback_kw[asset.id])
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


def _is_believed(image: Image, asset_id: str) -> bool:
    """Tell whether all that was read of an asset in this very tick can be believed.

    A device that shows nonsense, or was silent for a moment, proves nothing.
    """
    return all(
        reading.quality in BELIEVED and reading.measured_at == image.at
        for (owner, _), reading in image.readings.items()
        if owner == asset_id
    )


def _bound_kw(limit: Limit) -> float:
    return next(bound for bound in (limit.power_kw_min, limit.power_kw_max, math.nan) if bound is not None)


def _limit(asset: Asset, point: Point, held_kw: float, image: Image, *, reason: str) -> Limit:
    return Limit(
        limit_id=f"found_{asset.id}",
        target_id=asset.id,
        power_kw_min=held_kw if point is Point.POWER_KW_MIN else None,
        power_kw_max=held_kw if point is Point.POWER_KW_MAX else None,
        level=Level.GRID_OPERATOR,
        start=image.at,
        until=None,
        reason=reason,
    )
