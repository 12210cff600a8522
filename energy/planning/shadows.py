"""Shadow forecasts: what the other rungs would have said at noon, so that there is somebody to beat.

Once a local day, from the very histories that the plan's forecasts stand on. They are only ever judged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from energy.domain import Forecast
from energy.forecast.ladder import Request, forecast_many

NOON = time(12)
"""The gate by which day-ahead forecasts are compared."""
NOON_OVER = time(13)
"""A planner that was away at noon has nothing to compare that day."""


def is_noon(start: datetime, zone: ZoneInfo, *, done_on: date | None) -> bool:
    """Tell whether a plan that begins at ``start`` is the first of its day's noon."""
    local = start.astimezone(zone)
    return local.date() != done_on and NOON <= local.time() < NOON_OVER


def shadows_of(asked: Sequence[Request], forecasts: Sequence[Forecast]) -> tuple[Forecast, ...]:
    """Forecast by every lower rung that gives something else than the plan's own forecasts."""
    rivals = list(_lower(asked))
    own = {forecast.asset_id: forecast.model for forecast in forecasts}
    found: dict[tuple[str, str], Forecast] = {}
    for forecast in forecast_many(rivals):
        if forecast.model != own.get(forecast.asset_id):
            found.setdefault((forecast.asset_id, forecast.model), forecast)
    return tuple(found.values())


def _lower(asked: Sequence[Request]) -> Iterator[Request]:
    for request in asked:
        if request.model is not None and request.history.prior is not None:
            yield replace(request, model=None)
        if request.model is not None or request.history.prior is not None:
            yield replace(request, model=None, history=replace(request.history, prior=None))
