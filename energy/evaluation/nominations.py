"""What each case nominates for tomorrow, from what could be known at the hour of nomination.

The first day of a window is nominated at that hour of the day before, from the forecasts of then and from the
start state that all cases share.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from energy.domain import FloatArray, Image
from energy.evaluation.scene import Scene
from energy.evaluation.weeks import Window, days_of
from energy.forecast.ladder import Request, forecast, forecast_many
from energy.forecast.learned.effort import LIVE
from energy.forecast.learned.model import Model, train
from energy.optimize.fallback.rules import rules_plan
from energy.optimize.problem import problem_from
from energy.periods import HORIZON_PERIODS, format_utc, parse_utc, period_start, periods_between
from energy.planning.expectation import expected_kw, states_at
from energy.planning.inputs import Inputs
from energy.planning.past import expected_assets, series_spec, temperature_spec
from energy.region.model import Region

Nominate = Callable[[Image, datetime, Window], FloatArray]
"""From what is measured, when, for which local day: the exchange, import positive, shape (periods,)."""
DIGITS = 3
"""A watt: an outlook is kept as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """What was expected at the hour of nomination: medians in our sign, (periods,) from ``start`` on."""

    issued_at: datetime
    start: datetime
    expected_kw: Mapping[str, FloatArray]
    temperature_c: FloatArray | None


Outlooks = Mapping[datetime, Outlook]
"""By the hour of nomination."""


def nomination_at(day: Window, region: Region) -> datetime:
    """Give the moment at which a local day's exchange is nominated: the day before."""
    before = day.start.astimezone(region.zone).date() - timedelta(days=1)
    moment = datetime.combine(before, region.market.nominated_at, tzinfo=region.zone)
    return period_start(moment)


def outlooks_of(scene: Scene) -> dict[datetime, Outlook]:
    """Forecast each day of a window at its hour of nomination, as if nothing had been controlled before.

    The forecaster learns once, at the first of them.
    """
    region, window = scene.region, scene.window
    inputs = Inputs(region, scene.record(until=window.end))
    days = days_of(window, region.zone)
    first_at = nomination_at(days[0], region)
    models = _models(region, inputs, known_at=first_at)
    outlooks: dict[datetime, Outlook] = {}
    for day in days:
        issued_at = nomination_at(day, region)
        start = day.start if day.start == window.start else issued_at
        forecasts = forecast_many(
            [
                Request(
                    spec=series_spec(region, asset),
                    model=models[asset.id],
                    history=inputs.history(asset, known_at=issued_at),
                    issued_at=issued_at,
                    start=start,
                )
                for asset in expected_assets(region)
            ]
        )
        outlooks[issued_at] = Outlook(
            issued_at=issued_at,
            start=start,
            expected_kw={
                asset_id: values.round(DIGITS)
                for asset_id, values in expected_kw(region, forecasts, periods=HORIZON_PERIODS).items()
            },
            temperature_c=_temperature_c(region, inputs, issued_at=issued_at, start=start),
        )
    return outlooks


def _models(region: Region, inputs: Inputs, *, known_at: datetime) -> dict[str, Model | None]:
    return {
        asset.id: train(
            series_spec(region, asset),
            inputs.history(asset, known_at=known_at),
            known_at=known_at,
            effort=LIVE,
        )
        for asset in expected_assets(region)
    }


def nominated_by_rules(scene: Scene, outlook: Outlook, *, image: Image, day: Window) -> FloatArray:
    """Give the exchange that the rules would lead to under the forecast."""
    region = scene.region
    problem = problem_from(
        region,
        start=outlook.start,
        prices=scene.prices.prices(start=outlook.start, periods=HORIZON_PERIODS, known_at=outlook.issued_at),
        expected_kw=outlook.expected_kw,
        states=states_at(region, image, start=max(outlook.start, image.at), age_s_max=0.0),
        temperature_c=outlook.temperature_c,
    )
    plan = rules_plan(problem, plan_id="nomination", issued_at=outlook.issued_at)
    exchange_kw = plan.assets[region.grid_point.id].power_kw
    offset = periods_between(outlook.start, day.start)
    nominated_kw: FloatArray = exchange_kw[offset : offset + day.periods].copy()
    return nominated_kw


def outlooks_to_json(outlooks: Outlooks) -> list[dict[str, Any]]:
    """Give outlooks as plain data."""
    return [
        {
            "issued_at": format_utc(outlook.issued_at),
            "start": format_utc(outlook.start),
            "expected_kw": {asset_id: values.tolist() for asset_id, values in outlook.expected_kw.items()},
            "temperature_c": None if outlook.temperature_c is None else outlook.temperature_c.tolist(),
        }
        for outlook in outlooks.values()
    ]


def outlooks_from_json(data: list[dict[str, Any]]) -> dict[datetime, Outlook]:
    """Read outlooks back."""
    outlooks = [
        Outlook(
            issued_at=parse_utc(item["issued_at"]),
            start=parse_utc(item["start"]),
            expected_kw={asset_id: np.array(values) for asset_id, values in item["expected_kw"].items()},
            temperature_c=None if item["temperature_c"] is None else np.array(item["temperature_c"]),
        )
        for item in data
    ]
    return {outlook.issued_at: outlook for outlook in outlooks}


def _temperature_c(
    region: Region, inputs: Inputs, *, issued_at: datetime, start: datetime
) -> FloatArray | None:
    spec = temperature_spec(region)
    history = inputs.temperature(known_at=issued_at)
    if spec is None or history is None:
        return None
    expected = forecast(spec, None, history, issued_at=issued_at, start=start, periods=HORIZON_PERIODS)
    return expected.expected_kw.round(DIGITS)
