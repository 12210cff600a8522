"""The planners' page and the same for programs, under /api/v1/forecasts."""

import asyncio
import dataclasses
from typing import Annotated

import numpy as np
from fastapi import APIRouter, HTTPException, Query
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse

from dashboard.api import UNAVAILABLE, UNKNOWN, WRONG, AssetId
from dashboard.desk import Given
from dashboard.forecast_schema import (
    CorrectionAnswer,
    ForecastChartAnswer,
    ForecastHeadAnswer,
    ForecastsAnswer,
    LeaderboardAnswer,
    StandingAnswer,
    WeatherHeardAnswer,
)
from dashboard.forecasts import DAYS_SHOWN, planners_picture
from dashboard.language import DEFAULT_LANGUAGE
from dashboard.network_answers import series
from dashboard.series import COVERAGE_MIN, placed
from energy.domain import FloatArray, Point, Request
from energy.live_score import WINDOWS_DAYS
from energy.region.expected import Forecastable
from energy.region.generator import Generator
from energy.region.heat_load import HeatLoad
from energy.region.model import Asset

pages = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api/v1/forecasts", tags=["read"])
AssetInPath = Annotated[str, InPath(pattern=r"^[a-z][a-z0-9_]{0,47}$", description="an id of /api/v1/region")]
AssetChoice = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,47}$")]


@pages.get("/forecasts", response_class=HTMLResponse)
async def default_page(desk: Given, asset: AssetChoice = None) -> str:
    """The planners' page in the default language."""
    return await _page(desk, DEFAULT_LANGUAGE, asset)


@pages.get("/de/forecasts", response_class=HTMLResponse)
async def german_page(desk: Given, asset: AssetChoice = None) -> str:
    """The planners' page in German."""
    return await _page(desk, "de", asset)


@pages.get("/en/forecasts", response_class=HTMLResponse)
async def english_page(desk: Given, asset: AssetChoice = None) -> str:
    """The planners' page in English."""
    return await _page(desk, "en", asset)


async def _page(desk: Given, language: str, asset_id: str | None) -> str:
    picture = await desk.live.picture()
    if picture.trouble is None:
        look = await asyncio.to_thread(desk.record.planners_look, DAYS_SHOWN)
        planners = planners_picture(desk.region, look, asset_id)
    else:
        planners = None
    return await asyncio.to_thread(desk.live.planners_page, picture, planners, language)


@router.get("", responses=UNAVAILABLE)
async def forecasts(desk: Given) -> ForecastsAnswer:
    """Which rung each asset's latest forecast stands on, what the planner noted, and open corrections."""
    look = await asyncio.to_thread(desk.record.planners_look, DAYS_SHOWN)
    picture = planners_picture(desk.region, look, None)
    return ForecastsAnswer(
        at=picture.at,
        notes=list(look.notes),
        weather=[WeatherHeardAnswer(**dataclasses.asdict(heard)) for heard in picture.weather],
        forecasts=[
            ForecastHeadAnswer(
                asset_id=row.asset.id,
                model=row.forecast.model,
                rung=row.rung,
                corrected=row.corrected,
                issued_at=row.forecast.issued_at,
                why_not_above=list(row.why),
                trained_at=row.training.known_at if row.training is not None else None,
                training=row.training.verdict if row.training is not None else None,
                notes=[f"{note.code}: {note.detail}" for note in row.notes],
            )
            for row in picture.rows
        ],
        corrections=[_correction_answer(request) for request in picture.corrections],
    )


@router.get("/leaderboard", responses=UNAVAILABLE | UNKNOWN | WRONG)
async def leaderboard(
    desk: Given,
    asset: AssetId | None = None,
    days: Annotated[int, Query(description="local days back: 7 or 28")] = DAYS_SHOWN,
) -> LeaderboardAnswer:
    """How good live forecasts were, by asset, lead class and model."""
    if days not in WINDOWS_DAYS:
        raise HTTPException(422, f"days is one of {', '.join(map(str, WINDOWS_DAYS))}")
    if asset is not None:
        desk.require_asset(asset)
    look = await asyncio.to_thread(desk.record.planners_look, days)
    rows = [line for line in look.standings if asset in {None, line.asset_id}]
    return LeaderboardAnswer(days=days, rows=[StandingAnswer(**dataclasses.asdict(row)) for row in rows])


@router.get("/{asset_id}", responses=UNAVAILABLE | UNKNOWN | WRONG)
async def chart(desk: Given, asset_id: AssetInPath) -> ForecastChartAnswer:
    """One asset's latest forecast over today and tomorrow, with what was measured."""
    desk.require_asset(asset_id)
    asset = desk.region.asset(asset_id)
    point = _point(asset)
    found = await asyncio.to_thread(desk.record.forecast_beside, asset_id, point, desk.region)
    if found is None:
        raise HTTPException(404, f"there is no forecast for {asset_id} now")
    sign = -1.0 if isinstance(asset, Generator) else 1.0

    def laid(values: FloatArray) -> list[float | None]:
        return series(sign * values + 0.0)

    window, means = found.window, found.means
    low, middle, high = (
        placed(found.forecast.quantiles_kw[row], found.forecast.start, window) for row in (0, 2, 4)
    )
    if sign < 0.0:
        low, high = high, low
    before = found.uncorrected
    nothing = np.full(window.periods, np.nan)
    measured = np.where(means.coverage >= COVERAGE_MIN, means.value, np.nan)
    return ForecastChartAnswer(
        asset_id=asset_id,
        model=found.forecast.model,
        issued_at=found.forecast.issued_at,
        start=window.start,
        end=window.end,
        tick_at=window.ticks(desk.region),
        p05_kw=laid(low),
        p50_kw=laid(middle),
        p95_kw=laid(high),
        uncorrected_kw=laid(nothing if before is None else placed(before.expected_kw, before.start, window)),
        measured_kw=laid(placed(measured, means.start, window)),
    )


def _point(asset: Asset) -> Point:
    """What is measured of what was forecast, as near as one point comes to it."""
    if not isinstance(asset, Forecastable):
        raise HTTPException(404, f"{asset.id} is not forecast from its own past")
    if isinstance(asset, HeatLoad):
        return Point.HEAT_KW
    return Point.POWER_KW_AVAILABLE if isinstance(asset, Generator) else Point.POWER_KW


def _correction_answer(request: Request) -> CorrectionAnswer:
    given = request.correction
    if given is None:
        raise ValueError(f"request {request.request_id} corrects nothing")
    return CorrectionAnswer(
        id=request.request_id,
        asset_id=request.asset_id,
        start=given.start,
        end=given.end,
        factor=given.factor,
        offset_kw=given.offset_kw,
        actor=request.actor,
        reason=request.reason,
        made_at=request.made_at,
        until=request.until,
    )
