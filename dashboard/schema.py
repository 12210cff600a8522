"""What the API answers with: units are in the names, powers carry our sign unless it is said otherwise.

Positive power draws, negative feeds in; at the grid point positive is import. Moments are ISO 8601 in UTC.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dashboard.assets import Freshness
from dashboard.balance import Group
from dashboard.picture import PlanState
from dashboard.presence import Presence
from energy.domain import Authority, Level, Point, Quality, Rung, Severity

PowerKw = Annotated[float, Field(description="kW, positive draws, negative feeds in")]
MagnitudeKw = Annotated[float, Field(description="kW, a magnitude", ge=0.0)]
SeriesKw = Annotated[
    list[float | None], Field(description="kW, one value a quarter hour, null where unknown")
]
SeriesKwh = Annotated[
    list[float | None], Field(description="kWh, one value a quarter hour, null where unknown")
]
SeriesEurPerKwh = Annotated[
    list[float | None], Field(description="EUR/kWh, one value a quarter hour, null where unknown")
]


class Answer(BaseModel):
    """Root of all answers."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Problem(Answer):
    """What went wrong (RFC 9457, application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class NameAnswer(Answer):
    """A name in both languages."""

    de: str
    en: str


class RegionAsset(Answer):
    """An asset as the region file has it."""

    id: str
    name: NameAnswer
    kind: str
    municipality_id: str | None
    authority: Authority
    power_kw_min: PowerKw
    power_kw_max: PowerKw
    dispatch_point: Point | None = Field(description="what can be commanded; null: only measured")


class MunicipalityAnswer(Answer):
    """A municipality."""

    id: str
    name: NameAnswer


class RegionAnswer(Answer):
    """The region and its assets."""

    id: str
    name: NameAnswer
    timezone: str
    illustrative: bool
    latitude_deg: float = Field(description="degrees, WGS 84")
    longitude_deg: float = Field(description="degrees, WGS 84")
    digest: str = Field(description="SHA-256 of the region file that this process read")
    municipalities: list[MunicipalityAnswer]
    assets: list[RegionAsset]


class AlarmAnswer(Answer):
    """Something wrong, for as long as it lasts."""

    code: str
    severity: Severity
    target_id: str
    since: datetime
    detail: str = Field(description="technical English")


class StatusAnswer(Answer):
    """How the controller is doing, and whether it is still there."""

    presence: Presence
    at: datetime | None = Field(description="the controller's clock at its last status")
    silence_s: float | None = Field(description="s on the wall since the last status")
    silent_after_s: float | None = Field(description="s on the wall after which it counts as silent")
    rung: Rung | None
    authority: Authority | None
    plan_id: str | None
    plan_state: PlanState
    plan_issued_at: datetime | None
    simulated: bool | None
    speed_ratio: float | None = Field(description="controller seconds per second on the wall; 0 in lockstep")
    tick_ms: float | None = Field(description="ms that the last tick took")
    alarms: list[AlarmAnswer]


class GroupAnswer(Answer):
    """One group of the balance."""

    group: Group
    power_kw: PowerKw | None
    power_kw_by_kind: dict[str, PowerKw]
    missing: list[str] = Field(
        description="assets without a reading that may count; the sums are without them"
    )


class BalanceAnswer(Answer):
    """The balance of one moment; only fresh, good readings count."""

    at: datetime | None
    presence: Presence
    groups: list[GroupAnswer]
    source_kw: MagnitudeKw = Field(description="kW: generation, discharging and import together")
    sink_kw: MagnitudeKw = Field(description="kW: consumption, charging and export together")
    residual_kw: float | None = Field(
        description="kW of import that no asset accounts for; null when a meter is missing"
    )


class SetpointAnswer(Answer):
    """What a device was told."""

    point: Point
    power_kw: PowerKw
    level: Level
    valid_until: datetime
    reason: str


class OutcomeAnswer(Answer):
    """What became of a setpoint."""

    outcome: str = Field(description="applied, limited, rejected or unreachable")
    at: datetime
    read_back_kw: PowerKw | None = Field(description="what the device holds; null where that is unknown")
    reason: str | None


class ValueAnswer(Answer):
    """The latest reading of one point; the field of its unit is filled, the other is null."""

    point: Point
    value_kw: PowerKw | None
    value_kwh: float | None = Field(description="kWh")
    quality: Quality
    freshness: Freshness
    age_s: float = Field(description="s on the controller's clock")


class AssetAnswer(Answer):
    """One asset at one moment."""

    id: str
    kind: str
    power_kw: PowerKw | None = Field(description="null unless fresh and good")
    freshness: Freshness
    age_s: float | None = Field(description="s on the controller's clock since the power was read")
    values: list[ValueAnswer]
    setpoint: SetpointAnswer | None
    outcome: OutcomeAnswer | None


class AssetsAnswer(Answer):
    """All assets at one moment."""

    at: datetime | None
    presence: Presence
    assets: list[AssetAnswer]


class ForecastAnswer(Answer):
    """What is expected of one asset; quantiles of the power in our sign."""

    asset_id: str
    model: str
    issued_at: datetime
    known_at: datetime
    start: datetime
    p05_kw: SeriesKw
    p25_kw: SeriesKw
    p50_kw: SeriesKw
    p75_kw: SeriesKw
    p95_kw: SeriesKw


class AssetPlanAnswer(Answer):
    """One asset's part of the plan."""

    power_kw: SeriesKw
    states: dict[str, list[float | None]] = Field(
        description="by name with its unit, for example energy_kwh at the end of each quarter hour"
    )


class BindingAnswer(Answer):
    """A limit that binds."""

    name: str
    asset_id: str
    periods: list[int] = Field(description="indexes of the quarter hours")


class BreachAnswer(Answer):
    """A preference that the plan could not keep."""

    name: str
    asset_id: str
    size: str = Field(description="number and unit")
    cost_eur: float


class PlanAnswerOut(Answer):
    """The latest plan."""

    plan_id: str
    issued_at: datetime
    start: datetime
    periods: int
    state: PlanState
    rung: Rung
    status: str
    gap_fraction: float | None = Field(description="relative distance to the proven bound")
    objective_eur: dict[str, float] = Field(description="EUR by part")
    assets: dict[str, AssetPlanAnswer]
    marginal_price_eur_per_kwh: dict[str, SeriesEurPerKwh]
    binding: list[BindingAnswer]
    breaches: list[BreachAnswer]


class MeansAnswer(Answer):
    """Quarter-hour means; the field of the point's unit is filled, the other is null."""

    asset_id: str
    point: Point
    start: datetime
    mean_kw: SeriesKw | None
    mean_kwh: SeriesKwh | None
    coverage_fraction: list[float] = Field(
        description="fraction of the quarter hour that good readings cover"
    )


class LedgerHeadAnswer(Answer):
    """The last entry of the ledger."""

    count: int = Field(description="number of entries")
    hash: str | None = Field(description="hexadecimal; null while the ledger is empty")


class HealthAnswer(Answer):
    """Whether what is shown is recent."""

    presence: Presence
    silence_s: float
    silent_after_s: float


class BandAnswer(Answer):
    """Sums over the assets of a chart, in kW."""

    measured_kw: SeriesKw
    planned_kw: SeriesKw
    p05_kw: SeriesKw
    p50_kw: SeriesKw
    p95_kw: SeriesKw


class StoredAnswer(Answer):
    """Stored energy over all stores; measured as the mean, planned at the end of each quarter hour."""

    measured_kwh: SeriesKwh
    planned_kwh: SeriesKwh
    energy_kwh_min: float | None
    energy_kwh_max: float | None


class ChartsAnswer(Answer):
    """Today and tomorrow on the region's calendar.

    Generation and consumption are magnitudes, the rest carries our sign.
    """

    start: datetime
    end: datetime
    now: datetime
    timezone: str
    tick_at: list[datetime] = Field(description="each sixth hour of the local clock")
    generation: BandAnswer
    consumption: BandAnswer
    exchange: BandAnswer
    storage: BandAnswer
    ev: BandAnswer
    stored: StoredAnswer
    price_eur_per_kwh: SeriesEurPerKwh = Field(description="EUR/kWh, day-ahead, null where not published yet")
    marginal_price_eur_per_kwh: SeriesEurPerKwh = Field(
        description="EUR/kWh, what one more kWh would cost in the latest plan"
    )
