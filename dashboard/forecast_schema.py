"""What the API answers about forecasts: magnitudes in kW, whether drawn or generated."""

from datetime import datetime

from pydantic import Field

from dashboard.schema import Answer, Series
from energy.live_score import Lead


class CorrectionAnswer(Answer):
    """An open correction; either ``factor`` or ``offset_kw`` is null."""

    id: str
    asset_id: str
    start: datetime
    end: datetime
    factor: float | None
    offset_kw: float | None
    actor: str
    reason: str
    made_at: datetime
    until: datetime | None = Field(description="when it ends by itself")


class StandingAnswer(Answer):
    """One line of a leaderboard; null where nothing was measured for it."""

    asset_id: str
    lead: Lead
    model: str
    rank: int | None = Field(description="among those with the same quarter hours; null elsewhere")
    n: int = Field(description="forecast quarter hours whose truth is known")
    mae_kw: float
    nmae: float | None = Field(description="of the mean magnitude")
    bias_kw: float = Field(description="forecast less truth, of magnitudes")
    rmse_kw: float
    pinball_kw: float
    coverage: float = Field(description="share inside the band from p05 to p95")
    skill_day_before: float | None
    skill_week_before: float | None
    skill_uncorrected: float | None
    cost_eur_per_day: float | None
    short_eur_per_day: float | None
    long_eur_per_day: float | None


class LeaderboardAnswer(Answer):
    """Live forecasts by asset and lead class, the least absolute error first."""

    days: int
    rows: list[StandingAnswer]


class ForecastHeadAnswer(Answer):
    """Which rung an asset's latest forecast stands on."""

    asset_id: str
    model: str
    rung: str
    corrected: bool
    issued_at: datetime
    why_not_above: list[str] = Field(description="codes, one for each rung above; top where there is none")
    trained_at: datetime | None = Field(description="the last training of its model")
    training: str | None = Field(description="how it ended")
    notes: list[str]


class WeatherHeardAnswer(Answer):
    """The newest weather forecast of a source."""

    source: str
    issued_at: datetime
    known_at: datetime


class ForecastsAnswer(Answer):
    """All assets that are forecast, what the planner noted, the weather, and open corrections."""

    at: datetime | None
    notes: list[str] = Field(description="all of the latest plan, as code@asset: detail")
    weather: list[WeatherHeardAnswer]
    forecasts: list[ForecastHeadAnswer]
    corrections: list[CorrectionAnswer]


class ForecastChartAnswer(Answer):
    """One asset today and tomorrow, magnitudes in kW, one value a quarter hour, null where unknown."""

    asset_id: str
    model: str
    issued_at: datetime
    start: datetime
    end: datetime
    tick_at: list[datetime]
    p05_kw: Series
    p50_kw: Series
    p95_kw: Series
    uncorrected_kw: Series
    measured_kw: Series
