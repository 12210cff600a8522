"""FORECAST: seconds for all assets of the shipped region, and seconds to learn one, as they are."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from energy.forecast.ladder import Request, forecast, forecast_many
from energy.forecast.learned.effort import LIVE
from energy.forecast.learned.model import Model, train
from energy.forecast.series import History, SeriesSpec
from energy.periods import HORIZON_PERIODS, PERIOD, periods_between
from energy.planning.past import WINDOW, expected_assets, series_spec
from energy.region.history import RegionHistory
from energy.region.loader import load_region
from tests.benchmarks.figure import Figure, Say, figure_of

AT = datetime(2020, 9, 14, 6, tzinfo=UTC)
"""Late enough in the shipped year that the planner's whole window lies before it."""
PLANNINGS = 15
TRAININGS = 3
MANY = 55
"""As many series as a region of 17 municipalities has; the shipped ones in turn, each a day apart."""
MANY_PLANNINGS = 5
Asked = tuple[SeriesSpec, History]


def figures(say: Say) -> Iterator[Figure]:
    """Measure everything of this group."""
    say("forecast: training and forecasting")
    yield from figures_of(plannings=PLANNINGS, trainings=TRAININGS)
    say(f"forecast: {MANY} series at once")
    yield from many_figures(series=MANY, plannings=MANY_PLANNINGS)


def figures_of(*, plannings: int, trainings: int) -> Iterator[Figure]:
    """Learn every asset some days in a row, then forecast all of them quarter hour after quarter hour."""
    region = load_region("musterstadt")
    history = RegionHistory(region)

    def asked(at: datetime) -> list[Asked]:
        return [
            (series_spec(region, asset), _window(history, asset.id, at)) for asset in expected_assets(region)
        ]

    train_s: list[float] = []
    models = {}
    for number in range(trainings):
        at = AT - timedelta(days=trainings - 1 - number)
        for spec, past in asked(at):
            began = time.perf_counter()
            models[spec.asset_id] = train(spec, past, at)
            train_s.append(time.perf_counter() - began)
    assert None not in models.values()
    forecast_s: list[float] = []
    for number in range(plannings):
        at = AT + number * PERIOD
        ready = asked(at)
        began = time.perf_counter()
        for spec, past in ready:
            forecast(spec, models[spec.asset_id], past, issued_at=at, start=at, periods=HORIZON_PERIODS)
        forecast_s.append(time.perf_counter() - began)
    yield figure_of(
        forecast_s,
        name=f"forecast.seconds.{len(models)}",
        unit="s",
        against=f"absolute: {len(models)} assets, {HORIZON_PERIODS} periods, models learned before",
    )
    yield figure_of(
        train_s,
        name="forecast.train_seconds_per_asset",
        unit="s",
        against=f"absolute: one asset, {WINDOW.days} days of quarter hours",
    )


def many_figures(*, series: int, plannings: int) -> Iterator[Figure]:
    """Learn and forecast as many series as a large region has, as its planner does; in processor time."""
    region = load_region("musterstadt")
    history = RegionHistory(region)
    assets = expected_assets(region)

    def asked(number: int, at: datetime) -> Asked:
        asset = assets[number % len(assets)]
        past = _window(history, asset.id, at - timedelta(days=number // len(assets)))
        return series_spec(region, asset), History(start=at - past.value.size * PERIOD, value=past.value)

    models: list[Model | None] = []
    began = time.process_time()
    for number in range(series):
        spec, past = asked(number, AT)
        models.append(train(spec, past, AT, effort=LIVE))
    train_s = time.process_time() - began
    assert None not in models
    many_s: list[float] = []
    for turn in range(plannings):
        at = AT + turn * PERIOD
        requests = []
        for number, model in enumerate(models):
            spec, past = asked(number, at)
            requests.append(Request(spec=spec, model=model, history=past, issued_at=at, start=at))
        began = time.process_time()
        forecast_many(requests)
        many_s.append(time.process_time() - began)
    yield figure_of(
        many_s,
        name=f"forecast.many_s.{series}",
        unit="processor s",
        against=f"absolute: {series} series, {HORIZON_PERIODS} periods, one batch; wanted at most 0.25",
    )
    yield figure_of(
        [train_s],
        name=f"forecast.train_many_s.{series}",
        unit="processor s",
        against=f"absolute: {series} series, {WINDOW.days} days, live size; wanted at most 25 on one core",
    )


def _window(history: RegionHistory, asset_id: str, at: datetime) -> History:
    series = history.magnitude_kw(asset_id)
    start = max(series.start, at - WINDOW)
    return History(start=start, value=series.window(start, periods_between(start, at)))
