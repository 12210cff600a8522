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


class Leaderboards:
    """Leaderboards by window, worked out anew only when another day was scored or another file is read.

    Four weeks of 60 assets take a second, and whoever asks the record meanwhile waits.
    """

    def __init__(self) -> None:
        self._kept: dict[int, tuple[SqliteReader, Sequence[datetime], Sequence[Standing]]] = {}

    def of(self, reader: SqliteReader, now: datetime, days: int) -> Sequence[Standing]:
        """Give the leaderboard of the last whole local days; a day counts by its start."""
        start = now - timedelta(days=days + 1)
        scored = reader.scored_days(start, now)
        kept = self._kept.get(days)
        if kept is None or kept[0] is not reader or kept[1] != scored:
            kept = reader, scored, standings(reader.live_scores(start, now))
            self._kept[days] = kept
        return kept[2]


def planners_look(
    reader: SqliteReader, now: datetime, days: int, *, leaderboards: Leaderboards
) -> PlannersLook:
    """Collect what the record says, the corrections excepted: those are in the ledger."""
    return PlannersLook(
        at=now,
        forecasts=reader.forecasts_at(now),
        standings=leaderboards.of(reader, now, days),
        notes=reader.notes_at(now),
        weather=[
            WeatherHeard(source=source, issued_at=issued_at, known_at=known_at)
            for source, issued_at, known_at in reader.weather_heard(now)
        ],
    )


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
