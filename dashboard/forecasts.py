"""The planners' desk as people see it: what is expected, by which rung, and how good that was. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from dashboard.trainings import Training
from energy.domain import Forecast, Request
from energy.ledger.corrections import covering
from energy.live_score import Lead, Standing
from energy.region.model import Asset, Region
from energy.rung_reason import why_not_above

CORRECTED = "+corrected"
DAYS_SHOWN = 28
"""The window of the page's leaderboard; the API and the command give 7 days too."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannersLook:
    """What record and ledger say of forecasts at one moment."""

    at: datetime | None = None
    forecasts: Sequence[Forecast] = ()
    standings: Sequence[Standing] = ()
    corrections: Sequence[Request] = ()
    notes: Sequence[str] = ()
    weather: "Sequence[WeatherHeard]" = ()
    trainings: Mapping[str, Training] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherHeard:
    """The newest weather forecast of a source: issued by it, known to us."""

    source: str
    issued_at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the planner noted, taken apart; ``target_id`` is empty where it concerns nobody."""

    code: str
    target_id: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastRow:
    """One asset's forecast with what a planner asks first."""

    asset: Asset
    forecast: Forecast
    rung: str
    corrected: bool
    day_ahead: Standing | None
    """How the rung in use did, as of noon."""
    corrections: tuple[Request, ...]
    notes: tuple[Note, ...]
    why: tuple[str, ...]
    """Why it stands on no higher rung: codes of ``energy.rung_reason``."""
    training: Training | None
    """Of its model, the last one that is noted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannersPicture:
    """All that the page shows; ``chosen`` is the asset whose chart and leaderboard are open."""

    at: datetime | None
    rows: tuple[ForecastRow, ...]
    chosen: ForecastRow | None
    leaderboard: tuple[tuple[Lead, tuple[Standing, ...]], ...]
    corrections: tuple[Request, ...]
    covered_by: Mapping[str, str]
    """By a correction's id the later one's that counts where both do."""
    notes: tuple[Note, ...]
    weather: tuple[WeatherHeard, ...]


def planners_picture(region: Region, look: PlannersLook, chosen_id: str | None) -> PlannersPicture:
    """Make the page's picture; an asset that is not forecast chooses the first one."""
    notes = tuple(note_of(text) for text in look.notes)
    by_id = {asset.id: asset for asset in region.assets}
    rows = tuple(
        _row(by_id[forecast.asset_id], forecast, look, notes)
        for forecast in look.forecasts
        if forecast.asset_id in by_id
    )
    chosen = next((row for row in rows if row.asset.id == chosen_id), rows[0] if rows else None)
    own = [line for line in look.standings if chosen is not None and line.asset_id == chosen.asset.id]
    by_lead = [(lead, tuple(line for line in own if line.lead is lead)) for lead in Lead]
    return PlannersPicture(
        at=look.at,
        rows=rows,
        chosen=chosen,
        leaderboard=tuple((lead, lines) for lead, lines in by_lead if lines),
        corrections=tuple(look.corrections),
        covered_by=covering(look.corrections),
        notes=notes,
        weather=tuple(look.weather),
    )


def rung_of(model: str) -> str:
    """Give the rung of a model's name, without what people did to it.

    >>> rung_of("learned+corrected")
    'learned'
    """
    return model.removesuffix(CORRECTED)


def note_of(text: str) -> Note:
    """Take a note apart.

    >>> note_of("data_stuck@pv_park: stands still")
    Note(code='data_stuck', target_id='pv_park', detail='stands still')
    """
    head, _, detail = text.partition(": ")
    code, _, target_id = head.partition("@")
    return Note(code=code, target_id=target_id, detail=detail)


def _row(asset: Asset, forecast: Forecast, look: PlannersLook, notes: Sequence[Note]) -> ForecastRow:
    rung = rung_of(forecast.model)
    training = look.trainings.get(asset.id)
    return ForecastRow(
        asset=asset,
        forecast=forecast,
        rung=rung,
        corrected=forecast.model != rung,
        day_ahead=next(
            (
                line
                for line in look.standings
                if (line.asset_id, line.model, line.lead) == (asset.id, rung, Lead.DAY_AHEAD)
            ),
            None,
        ),
        corrections=tuple(request for request in look.corrections if request.asset_id == asset.id),
        notes=tuple(note for note in notes if note.target_id == asset.id),
        why=why_not_above(
            rung,
            asset_id=asset.id,
            kind=asset.kind,
            notes=look.notes,
            verdict=training.verdict if training is not None else None,
        ),
        training=training,
    )
