"""What the API answers with for the charts: series of quarter hours, units in the names."""

from datetime import datetime

from pydantic import Field

from dashboard.schema import Answer, NameAnswer, Series, SeriesEurPerKwh, SeriesKw, SeriesKwh


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


class LineAnswer(Answer):
    """What one asset gives to its network or takes from it, in magnitudes."""

    asset_id: str
    name: NameAnswer
    kind: str
    measured_kw: SeriesKw
    planned_kw: SeriesKw


class HeatChartAnswer(Answer):
    """One heat network, in magnitudes."""

    network_id: str
    name: NameAnswer
    demand: BandAnswer
    producers: list[LineAnswer]
    stored: StoredAnswer | None = Field(description="null: the network has no store")


class HydrogenChartAnswer(Answer):
    """One hydrogen network, in magnitudes, by the lower heating value."""

    network_id: str
    name: NameAnswer
    producers: list[LineAnswer]
    offtake: list[LineAnswer]
    stored: StoredAnswer | None = Field(description="null: the network has no store")


class MachineAnswer(Answer):
    """When one machine ran and shall run: 1 running, 0 standing, null unknown."""

    asset_id: str
    name: NameAnswer
    kind: str
    measured_running_fraction: Series
    planned_running_fraction: Series


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
    controllable: dict[str, BandAnswer] = Field(description="by kind, those that planning steers")
    heat: list[HeatChartAnswer]
    hydrogen: list[HydrogenChartAnswer]
    machines: list[MachineAnswer]
