"""Turns the picture into the API's answers."""

import math
from collections.abc import Mapping

from dashboard.asset_answers import unit_field
from dashboard.chart_schema import BandAnswer, ChartsAnswer, MachineAnswer, StoredAnswer
from dashboard.charts import Band, Charts
from dashboard.network_answers import DIGITS, heat_chart_answer, hydrogen_chart_answer, network_answer, series
from dashboard.picture import Picture, PlanState
from dashboard.presence import silent_after_s
from dashboard.schema import (
    AlarmAnswer,
    AssetPlanAnswer,
    BalanceAnswer,
    BindingAnswer,
    BreachAnswer,
    ForecastAnswer,
    GroupAnswer,
    MeansAnswer,
    MunicipalityAnswer,
    NameAnswer,
    NetworkNameAnswer,
    PlanAnswerOut,
    RegionAnswer,
    RegionAsset,
    ReservoirAnswer,
    StatusAnswer,
)
from energy.domain import Alarm, FloatArray, Forecast, Plan, Point
from energy.ports import Means
from energy.region.asset import Name
from energy.region.model import Region


def region_answer(region: Region) -> RegionAnswer:
    """Describe the region."""
    return RegionAnswer(
        id=region.id,
        name=_name(region.name),
        timezone=region.zone.key,
        illustrative=region.illustrative,
        latitude_deg=region.location.latitude,
        longitude_deg=region.location.longitude,
        digest=region.digest,
        municipalities=[
            MunicipalityAnswer(id=item.id, name=_name(item.name)) for item in region.municipalities
        ],
        assets=[
            RegionAsset(
                id=asset.id,
                name=_name(asset.name),
                kind=asset.kind,
                municipality_id=asset.municipality,
                feeder_id=asset.feeder,
                authority=region.authority_of(asset),
                power_kw_min=asset.power_kw_nameplate[0],
                power_kw_max=asset.power_kw_nameplate[1],
                dispatch_point=asset.dispatch_point,
            )
            for asset in region.assets
        ],
        heat_networks=[NetworkNameAnswer(id=item.id, name=_name(item.name)) for item in region.heat_networks],
        hydrogen_networks=[
            NetworkNameAnswer(id=item.id, name=_name(item.name)) for item in region.hydrogen_networks
        ],
    )


def status_answer(picture: Picture) -> StatusAnswer:
    """Describe the controller."""
    status, heard, plan = picture.status, picture.heard, picture.plan
    limit_s = silent_after_s(picture.region.control.tick_s, status.speed) if status is not None else None
    return StatusAnswer(
        presence=picture.presence,
        at=status.at if status else None,
        silence_s=heard.silence_s if heard else None,
        silent_after_s=limit_s,
        rung=status.rung if status else None,
        authority=status.authority if status else None,
        plan_id=plan.plan_id if plan else None,
        plan_state=picture.plan_state,
        plan_issued_at=plan.issued_at if plan else None,
        simulated=status.simulated if status else None,
        speed_ratio=status.speed if status else None,
        tick_ms=status.tick_ms if status else None,
        alarms=[alarm_answer(alarm) for alarm in picture.alarms],
    )


def alarm_answer(alarm: Alarm) -> AlarmAnswer:
    """Describe one alarm."""
    return AlarmAnswer(
        code=alarm.code,
        severity=alarm.severity,
        target_id=alarm.target_id,
        since=alarm.since,
        detail=alarm.detail,
    )


def balance_answer(picture: Picture) -> BalanceAnswer:
    """Describe the balance."""
    balance = picture.balance
    return BalanceAnswer(
        at=picture.status.at if picture.status else None,
        presence=picture.presence,
        groups=[
            GroupAnswer(
                group=total.group,
                power_kw=total.power_kw,
                power_kw_by_kind=dict(total.kinds),
                missing=list(total.missing),
            )
            for total in balance.groups
        ],
        source_kw=balance.source_kw,
        sink_kw=balance.sink_kw,
        residual_kw=balance.residual_kw,
        own_fraction=balance.own_fraction,
        heat=[network_answer(network) for network in picture.heat],
        hydrogen=[network_answer(network) for network in picture.hydrogen],
        water=[
            ReservoirAnswer(
                asset_id=item.asset_id,
                volume_m3=item.volume_m3,
                volume_m3_reserve=item.volume_m3_min,
                volume_m3_max=item.volume_m3_max,
                power_kw=item.power_kw,
            )
            for item in picture.water
        ],
    )


def forecast_answer(forecast: Forecast) -> ForecastAnswer:
    """Describe one forecast."""
    p05, p25, p50, p75, p95 = (series(row) for row in forecast.quantiles_kw)
    return ForecastAnswer(
        asset_id=forecast.asset_id,
        model=forecast.model,
        issued_at=forecast.issued_at,
        known_at=forecast.known_at,
        start=forecast.start,
        p05_kw=p05,
        p25_kw=p25,
        p50_kw=p50,
        p75_kw=p75,
        p95_kw=p95,
    )


def plan_answer(plan: Plan, state: PlanState) -> PlanAnswerOut:
    """Describe a plan."""
    return PlanAnswerOut(
        plan_id=plan.plan_id,
        issued_at=plan.issued_at,
        start=plan.start,
        periods=plan.periods,
        state=state,
        rung=plan.rung,
        status=plan.status,
        gap_fraction=plan.gap if plan.gap is not None and math.isfinite(plan.gap) else None,
        objective_eur=dict(plan.objective_eur),
        assets={
            asset_id: AssetPlanAnswer(power_kw=series(item.power_kw), states=_all_series(item.states))
            for asset_id, item in plan.assets.items()
        },
        marginal_price_eur_per_kwh=_all_series(plan.marginal_price_eur_per_kwh),
        binding=[
            BindingAnswer(
                name=item.name,
                asset_id=item.asset_id,
                periods=list(item.periods),
                worth_eur=list(item.worth_eur),
            )
            for item in plan.binding
        ],
        breaches=[
            BreachAnswer(
                name=item.name,
                asset_id=item.asset_id,
                size=f"{item.size:g} {item.unit}",
                cost_eur=item.cost_eur,
            )
            for item in plan.breaches
        ],
    )


def means_answer(asset_id: str, point: Point, means: Means) -> MeansAnswer:
    """Describe means."""
    values = series(means.value)
    return MeansAnswer(
        asset_id=asset_id,
        point=point,
        start=means.start,
        coverage_fraction=[round(float(value), DIGITS) for value in means.coverage],
        **{unit_field("mean", point): values},
    )


def charts_answer(charts: Charts, region: Region) -> ChartsAnswer:
    """Describe the page's charts."""
    low_kwh, high_kwh = charts.energy_kwh_limits or (None, None)
    return ChartsAnswer(
        start=charts.window.start,
        end=charts.window.end,
        now=charts.now,
        timezone=region.zone.key,
        tick_at=charts.window.ticks(region),
        generation=_band(charts.generation),
        consumption=_band(charts.consumption),
        exchange=_band(charts.exchange),
        storage=_band(charts.storage),
        ev=_band(charts.ev),
        stored=StoredAnswer(
            measured_kwh=series(charts.stored.measured),
            planned_kwh=series(charts.stored.planned),
            energy_kwh_min=low_kwh,
            energy_kwh_max=high_kwh,
        ),
        price_eur_per_kwh=series(charts.price_eur_per_kwh),
        marginal_price_eur_per_kwh=series(charts.marginal_price_eur_per_kwh),
        controllable={kind: _band(band) for kind, band in charts.controllable.items()},
        heat=[heat_chart_answer(chart) for chart in charts.heat],
        hydrogen=[hydrogen_chart_answer(chart) for chart in charts.hydrogen],
        machines=[
            MachineAnswer(
                asset_id=strip.asset_id,
                name=_name(strip.name),
                kind=strip.kind,
                measured_running_fraction=series(strip.measured_running_fraction),
                planned_running_fraction=series(strip.planned_running_fraction),
            )
            for strip in charts.machines
        ],
    )


def _name(name: Name) -> NameAnswer:
    return NameAnswer(de=name.de, en=name.en)


def _all_series(arrays: Mapping[str, FloatArray]) -> dict[str, list[float | None]]:
    return {name: series(values) for name, values in arrays.items()}


def _band(band: Band) -> BandAnswer:
    return BandAnswer(
        measured_kw=series(band.measured),
        planned_kw=series(band.planned),
        p05_kw=series(band.p05),
        p50_kw=series(band.p50),
        p95_kw=series(band.p95),
    )
