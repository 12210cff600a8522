"""People's open requests: taken once, folded to at most one an asset, dropped when they end."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from energy.domain import Image, Level, Limit, Point, Request, RequestKind
from energy.region.model import Region

HOLD_AGE_S_MAX = 180.0
"""A power measured longer ago is not what a person means by the present power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request, in words for the ledger."""

    text: str
    clears_limits: bool = False


class Overrides:
    """At most one open request an asset; the newest counts."""

    def __init__(self, requests: Iterable[Request] = ()) -> None:
        self._open = {request.asset_id: request for request in requests}

    def open_at(self, now: datetime) -> tuple[Request, ...]:
        """Give the requests still open, and forget the others."""
        self._open = {
            asset_id: request
            for asset_id, request in self._open.items()
            if request.until is None or now < request.until
        }
        return tuple(self._open[asset_id] for asset_id in sorted(self._open))

    def limits_at(self, region: Region, now: datetime) -> tuple[Limit, ...]:
        """Give the open requests as limits, so that a plan stands on what people decided."""
        return tuple(_as_limit(region, request) for request in self.open_at(now))

    def take(self, region: Region, request: Request, image: Image) -> Answer:
        """Take a request in; a request that cannot be honoured is answered with the reason."""
        known = {asset.id: asset for asset in region.assets}
        asset = known.get(request.asset_id)
        if asset is None or asset.dispatch_point is None:
            return Answer(text=f"refused: {request.asset_id} cannot be commanded")
        if request.until is not None and request.until <= image.at:
            return Answer(text="refused: it had ended before it was taken")
        match request.kind:
            case RequestKind.SET:
                return self._set(asset.power_kw_nameplate, request)
            case RequestKind.HOLD:
                power_kw = image.value(request.asset_id, Point.POWER_KW, age_s_max=HOLD_AGE_S_MAX)
                if power_kw is None:
                    return Answer(text="refused: the present power is not known")
                low, high = asset.power_kw_nameplate
                held_kw = max(low, min(high, power_kw))
                return self._set(asset.power_kw_nameplate, replace(request, power_kw=held_kw))
            case RequestKind.RELEASE:
                removed = self._open.pop(request.asset_id, None)
                return Answer(text="released" if removed is not None else "nothing was held")
            case RequestKind.CLEAR_LIMIT:
                return Answer(text="limits found on the device are no longer kept", clears_limits=True)
            case RequestKind.CORRECT | RequestKind.WITHDRAW:
                return Answer(text="refused: a forecast is corrected, not an asset")
            case _:
                assert_never(request.kind)

    def _set(self, nameplate_kw: tuple[float, float], request: Request) -> Answer:
        low, high = nameplate_kw
        if request.power_kw is None or not low <= request.power_kw <= high:
            return Answer(text=f"refused: {request.power_kw} kW is outside [{low}, {high}] kW")
        self._open[request.asset_id] = request
        return Answer(text=f"taken: {request.power_kw} kW")


def _as_limit(region: Region, request: Request) -> Limit:
    """A power to follow leaves no room on either side; a bound bounds its own side."""
    point = region.asset(request.asset_id).dispatch_point
    return Limit(
        limit_id=f"request_{request.request_id}",
        target_id=request.asset_id,
        power_kw_min=request.power_kw if point is not Point.POWER_KW_MAX else None,
        power_kw_max=request.power_kw if point is not Point.POWER_KW_MIN else None,
        level=Level.OPERATOR,
        start=request.made_at,
        until=request.until,
        reason=f"request of {request.actor}",
    )
