"""People's open corrections of forecasts: taken once, handed to the planner, dropped when they end.

They never reach ``decide``: what they change is the next plan.
"""

from collections.abc import Iterable
from datetime import datetime

from energy.controller.overrides import Answer
from energy.domain import Request, RequestKind
from energy.region.expected import Forecastable, greatest_kw
from energy.region.model import Region

OPEN_MAX = 100
"""In a region; each is handed to the planner with every request and repeated in the ledger with each tick."""
OPEN_PER_ASSET_MAX = 10
PERSONAL = (RequestKind.CORRECT, RequestKind.WITHDRAW)
"""The kinds of request that are answered here."""


class Corrections:
    """The open corrections, by the id of their request, in the order in which they were taken."""

    def __init__(self, requests: Iterable[Request] = ()) -> None:
        self._open = {request.request_id: request for request in requests}

    def open_at(self, now: datetime) -> tuple[Request, ...]:
        """Give the corrections still open, and forget the others."""
        self._open = {
            number: request
            for number, request in self._open.items()
            if request.until is not None and now < request.until
        }
        return tuple(self._open.values())

    def take(self, region: Region, request: Request, now: datetime) -> Answer:
        """Take a correction or a withdrawal; what cannot be honoured is answered with the reason."""
        still_open = self.open_at(now)
        if request.kind is RequestKind.WITHDRAW:
            withdrawn = self._open.pop(request.withdraws or "", None)
            return Answer(
                text="withdrawn" if withdrawn is not None else "refused: no such correction is open"
            )
        asset = {asset.id: asset for asset in region.assets}.get(request.asset_id)
        if not isinstance(asset, Forecastable):
            return Answer(text=f"refused: {request.asset_id} is not forecast from its own past")
        if request.until is None or request.until <= now:
            return Answer(text="refused: it had ended before it was taken")
        offset_kw = None if request.correction is None else request.correction.offset_kw
        if offset_kw is not None and abs(offset_kw) > greatest_kw(asset):
            return Answer(
                text=f"refused: {offset_kw:+g} kW is more than {asset.id} can be: {greatest_kw(asset):g} kW"
            )
        own = sum(item.asset_id == request.asset_id for item in still_open)
        if own >= OPEN_PER_ASSET_MAX or len(still_open) >= OPEN_MAX:
            return Answer(
                text=f"refused: {own} corrections of the asset and {len(still_open)} in all are open; at most"
                f" {OPEN_PER_ASSET_MAX} and {OPEN_MAX} may be"
            )
        self._open[request.request_id] = request
        return Answer(text="taken: it counts from the next plan on")
