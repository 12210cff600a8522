"""What the planners' page asks of record and ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.forecasts import PlannersLook, WeatherHeard
from dashboard.series import Window
from energy.domain import Forecast, Point
from energy.historian.sqlite_reader import SqliteReader
from energy.live_score import Standing, standings
from energy.ports import Means
from energy.region.model import Region


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastBeside:
    """A forecast, what it was before it was corrected, and what was measured in the window."""

    window: Window
    forecast: Forecast
    uncorrected: Forecast | None
    means: Means


def planners_look(reader: SqliteReader, now: datetime, days: int) -> PlannersLook:
    """Collect what the record says, the corrections excepted: those are in the ledger."""
    return PlannersLook(
        at=now,
        forecasts=reader.forecasts_at(now),
        standings=standings_of(reader, now, days),
        notes=reader.notes_at(now),
        weather=[
            WeatherHeard(source=source, issued_at=issued_at, known_at=known_at)
            for source, issued_at, known_at in reader.weather_heard(now)
        ],
    )


def standings_of(
    reader: SqliteReader, now: datetime, days: int, asset_id: str | None = None
) -> Sequence[Standing]:
    """Give the leaderboard of the last whole local days; a day counts by its start."""
    return standings(reader.live_scores(now - timedelta(days=days + 1), now, asset_id))


def uncorrected(reader: SqliteReader, forecast: Forecast) -> Forecast | None:
    """Give what a corrected forecast was before; None where nothing was corrected."""
    found = reader.shadows_between(
        forecast.asset_id, forecast.issued_at, forecast.issued_at + timedelta(milliseconds=1)
    )
    return next((item for item in found if forecast.model.startswith(f"{item.model}+")), None)


def forecast_beside(
    reader: SqliteReader, now: datetime, asset_id: str, point: Point, region: Region
) -> ForecastBeside | None:
    """Give an asset's forecast of the latest plan; None where there is none."""
    window = Window.around(now, region)
    for forecast in reader.forecasts_at(now):
        if forecast.asset_id == asset_id:
            return ForecastBeside(
                window=window,
                forecast=forecast,
                uncorrected=uncorrected(reader, forecast),
                means=reader.means_many([asset_id], point, window.start, window.end)[asset_id],
            )
    return None
