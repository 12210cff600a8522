"""What the API answers with: units are in the names, powers carry our sign unless it is said otherwise.

Positive power draws, negative feeds in; at the grid point positive is import. Moments are ISO 8601 in UTC.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dashboard.balance import Group
from dashboard.picture import PlanState
from dashboard.presence import Presence
from energy.domain import Authority, Point, Rung, Severity

PowerKw = Annotated[float, Field(description="kW, positive draws, negative feeds in")]
MagnitudeKw = Annotated[float, Field(description="kW, a magnitude", ge=0.0)]
Series = list[float | None]
"""One value a quarter hour, null where unknown."""
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
    feeder_id: str | None = Field(description="the feeder it is connected through; null: at the busbar")
    authority: Authority
    power_kw_min: PowerKw
    power_kw_max: PowerKw
    dispatch_point: Point | None = Field(description="what can be commanded; null: only measured")


class MunicipalityAnswer(Answer):
    """A municipality."""

    id: str
    name: NameAnswer


class NetworkNameAnswer(Answer):
    """A heat or hydrogen network."""

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
    heat_networks: list[NetworkNameAnswer]
    hydrogen_networks: list[NetworkNameAnswer]
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


class PartAnswer(Answer):
    """What one asset gives to its network or takes from it."""

    asset_id: str
    kind: str
    power_kw: MagnitudeKw | None = Field(description="kW, a magnitude; null where unknown")


class StoreAnswer(Answer):
    """What one store of a network holds and does."""

    asset_id: str
    energy_kwh: float | None = Field(description="kWh; null where unknown")
    energy_kwh_capacity: float = Field(description="kWh")
    fill_fraction: float | None
    charging_kw: float | None = Field(description="kW, positive while it charges, negative while it gives")


class NetworkAnswer(Answer):
    """The balance of one heat or hydrogen network; hydrogen by its lower heating value."""

    network_id: str
    produced_kw: MagnitudeKw | None = Field(description="kW; null as soon as one producer is unknown")
    taken_kw: MagnitudeKw | None = Field(description="kW; null as soon as one taker is unknown")
    producers: list[PartAnswer]
    takers: list[PartAnswer]
    stores: list[StoreAnswer]


class ReservoirAnswer(Answer):
    """A water reservoir; below the reserve stands water for fires."""

    asset_id: str
    volume_m3: float | None = Field(description="m3; null where unknown")
    volume_m3_reserve: float = Field(description="m3")
    volume_m3_max: float = Field(description="m3")
    power_kw: PowerKw | None = Field(description="kW that its pumps draw; null where unknown")


class FeederAnswer(Answer):
    """One feeder."""

    id: str
    name: NameAnswer
    power_kw: float | None = Field(
        description="kW, positive from the busbar, negative towards it; null where unknown"
    )
    power_kw_max: float = Field(description="kW, the limit either way")
    load_fraction: float | None = Field(description="fraction of the limit")
    alarms: list[AlarmAnswer]
    alarms_behind: int = Field(description="alarms of the assets connected through it")


class FeedersAnswer(Answer):
    """All feeders at one moment."""

    at: datetime | None
    presence: Presence
    feeders: list[FeederAnswer]


class MunicipalityPowerAnswer(Answer):
    """One municipality's electricity; a sum is null as soon as one meter in it is missing."""

    id: str
    name: NameAnswer
    consumption_kw: MagnitudeKw | None = Field(description="kW, a magnitude; null where unknown")
    generation_kw: MagnitudeKw | None = Field(description="kW, a magnitude; null where unknown")
    own_fraction: float | None = Field(description="generation over consumption; above 1 it makes more")
    missing: list[str] = Field(description="assets without a reading that may count")


class MunicipalitiesAnswer(Answer):
    """All municipalities at one moment."""

    at: datetime | None
    presence: Presence
    municipalities: list[MunicipalityPowerAnswer]


class BalanceAnswer(Answer):
    """The balance of one moment by carrier; only fresh, good readings count."""

    at: datetime | None
    presence: Presence
    groups: list[GroupAnswer]
    source_kw: MagnitudeKw = Field(description="kW: generation, discharging and import together")
    sink_kw: MagnitudeKw = Field(description="kW: consumption, charging and export together")
    residual_kw: float | None = Field(
        description="kW of import that no asset accounts for; null when a meter is missing"
    )
    own_fraction: float | None = Field(
        description="fraction of the consumption covered from within the region; null when a part is unknown"
    )
    heat: list[NetworkAnswer]
    hydrogen: list[NetworkAnswer]
    water: list[ReservoirAnswer]


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
    worth_eur: list[float] = Field(
        description="EUR that one kW or kWh more, by the name, would be worth in each; empty in older plans"
    )


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
    """Quarter-hour means; the field of the point's unit is filled, the others are null."""

    asset_id: str
    point: Point
    start: datetime
    mean: Series | None = Field(default=None, description="null: states, switches and flags have no means")
    mean_kw: SeriesKw | None = None
    mean_kwh: SeriesKwh | None = None
    mean_m3: Series | None = Field(default=None, description="m3")
    mean_c: Series | None = Field(default=None, description="degrees Celsius")
    mean_s: Series | None = Field(default=None, description="s")
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
