"""The picture for programs under /api/v1: GET only, every question bounded, units in the names."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import StreamingResponse

from dashboard import answers, asset_answers, place_answers
from dashboard.asset_schema import AssetsAnswer, DevicesAnswer
from dashboard.chart_schema import ChartsAnswer
from dashboard.charts import charts_of, points_wanted
from dashboard.desk import Given
from dashboard.language import DEFAULT_LANGUAGE
from dashboard.presence import Presence, presence_of, silent_after_s
from dashboard.schema import (
    BalanceAnswer,
    FeedersAnswer,
    ForecastAnswer,
    HealthAnswer,
    LedgerHeadAnswer,
    MeansAnswer,
    MunicipalitiesAnswer,
    PlanAnswerOut,
    Problem,
    RegionAnswer,
    StatusAnswer,
)
from dashboard.series import Window
from dashboard.stream import page_events
from energy.domain import Point
from energy.errors import StoreUnavailable
from energy.periods import require_aware

MEANS_SPAN_MAX = timedelta(days=31)
"""The longest span of means one question may ask: 2,976 quarter hours."""
AssetId = Annotated[str, Query(pattern=r"^[a-z][a-z0-9_]{0,47}$", description="an id of /api/v1/region")]
LanguageQuery = Annotated[str, Query(pattern="^(de|en)$", description="language of the page's parts")]

Responses = dict[int | str, dict[str, Any]]
UNAVAILABLE: Responses = {503: {"model": Problem, "description": "the record cannot be read now"}}
WRONG: Responses = {422: {"model": Problem, "description": "a parameter is wrong"}}
UNKNOWN: Responses = {404: {"model": Problem, "description": "there is no such thing"}}

router = APIRouter(prefix="/api/v1", tags=["read"])


@router.get("/region")
async def region(desk: Given) -> RegionAnswer:
    """The region and its assets, as the region file has them."""
    return answers.region_answer(desk.region)


@router.get("/status", responses=UNAVAILABLE)
async def status(desk: Given) -> StatusAnswer:
    """How the controller is doing, and whether it is still there."""
    return answers.status_answer(await desk.readable_picture())


@router.get("/balance", responses=UNAVAILABLE)
async def balance(desk: Given) -> BalanceAnswer:
    """The balance of the latest tick; ``presence`` says whether that is now, ``at`` of when it is."""
    return answers.balance_answer(await desk.readable_picture())


@router.get("/feeders", responses=UNAVAILABLE)
async def feeders(desk: Given) -> FeedersAnswer:
    """Every feeder with its measured flow, its limit and its alarms."""
    return place_answers.feeders_answer(await desk.readable_picture())


@router.get("/municipalities", responses=UNAVAILABLE)
async def municipalities(desk: Given) -> MunicipalitiesAnswer:
    """Every municipality's consumption and own generation; sums only, no connection of a person."""
    return place_answers.municipalities_answer(await desk.readable_picture())


@router.get("/assets", responses=UNAVAILABLE)
async def assets(desk: Given) -> AssetsAnswer:
    """Every asset with its readings, its last setpoint and what became of that."""
    return asset_answers.assets_answer(await desk.readable_picture())


@router.get("/devices", responses=UNAVAILABLE)
async def devices(desk: Given) -> DevicesAnswer:
    """Every device that can be commanded: its last setpoint link by link, and its score; worst first."""
    return asset_answers.devices_answer(await desk.readable_picture())


@router.get("/forecast", responses=UNAVAILABLE | UNKNOWN | WRONG)
async def forecast(desk: Given, asset: AssetId) -> ForecastAnswer:
    """What is expected of one asset, from the forecasts that the latest plan stands on."""
    desk.require_asset(asset)
    for found in await asyncio.to_thread(desk.record.forecasts):
        if found.asset_id == asset:
            return answers.forecast_answer(found)
    raise HTTPException(404, f"there is no forecast for {asset} now")


@router.get("/plan", responses=UNAVAILABLE | UNKNOWN)
async def plan(desk: Given) -> PlanAnswerOut:
    """The latest plan."""
    picture = await desk.readable_picture()
    if picture.plan is None:
        raise HTTPException(404, "there is no plan yet")
    return answers.plan_answer(picture.plan, picture.plan_state)


@router.get("/means", responses=UNAVAILABLE | UNKNOWN | WRONG)
async def means(
    desk: Given,
    asset: AssetId,
    point: Annotated[Point, Query(description="what was measured")],
    start: Annotated[datetime, Query(alias="from", description="ISO 8601 with a time zone")],
    end: Annotated[
        datetime, Query(alias="to", description="ISO 8601 with a time zone; at most 31 days later")
    ],
) -> MeansAnswer:
    """Quarter-hour means of one point in [from, to)."""
    desk.require_asset(asset)
    first, last = _aware("from", start), _aware("to", end)
    if not timedelta(0) < last - first <= MEANS_SPAN_MAX:
        raise HTTPException(422, f"to must lie after from, and at most {MEANS_SPAN_MAX.days} days after it")
    found = await asyncio.to_thread(desk.record.means, asset, point, start=first, end=last)
    return answers.means_answer(asset, point, found)


@router.get("/charts", responses=UNAVAILABLE)
async def charts(desk: Given) -> ChartsAnswer:
    """The page's charts: today and tomorrow, summed over the assets."""
    picture = await desk.readable_picture()
    if picture.status is None:
        raise StoreUnavailable("the controller has not reported a tick yet. Mend: start the controller")
    now = picture.status.at
    window = Window.around(now, desk.region)
    given = await asyncio.to_thread(desk.record.chart_input, window, now, points_wanted(desk.region))
    return answers.charts_answer(charts_of(desk.region, given), desk.region)


@router.get("/ledger/head", responses=UNAVAILABLE)
async def ledger_head(desk: Given) -> LedgerHeadAnswer:
    """The last entry of the ledger."""
    head = await asyncio.to_thread(desk.record.ledger_head)
    return (
        LedgerHeadAnswer(count=head.count, hash=head.hash) if head else LedgerHeadAnswer(count=0, hash=None)
    )


@router.get("/healthz", responses=UNAVAILABLE)
async def healthz(desk: Given) -> HealthAnswer:
    """Whether the controller reported lately; 503 while it is silent, unheard, or unrecorded."""
    heard = await asyncio.to_thread(desk.record.heard)
    if heard is None:
        raise StoreUnavailable("the controller has not reported a tick yet. Mend: start the controller")
    tick_s = desk.region.control.tick_s
    presence, limit_s = presence_of(heard, tick_s=tick_s), silent_after_s(tick_s, heard.status.speed)
    if presence is not Presence.LIVE:
        raise StoreUnavailable(
            f"the controller is silent for {heard.silence_s:.0f} s, allowed are {limit_s:.0f} s. "
            "Mend: look at the controller's log and start it again"
        )
    return HealthAnswer(presence=presence, silence_s=heard.silence_s, silent_after_s=limit_s)


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "server-sent events"},
        **UNAVAILABLE,
    },
)
async def stream(desk: Given, language: LanguageQuery = DEFAULT_LANGUAGE) -> StreamingResponse:
    """The page's parts as they change: ``page`` events at most once a second, ``pulse`` events in between."""
    if desk.streams.full:
        raise HTTPException(503, "too many viewers; close some pages")
    return StreamingResponse(page_events(desk.live, language, desk.streams), media_type="text/event-stream")


def _aware(name: str, moment: datetime) -> datetime:
    try:
        return require_aware(moment).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise HTTPException(422, f"{name}: {error}") from error
