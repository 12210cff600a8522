"""Turns the balances and charts of heat and hydrogen networks into the API's answers."""

import math

from dashboard.chart_schema import BandAnswer, HeatChartAnswer, HydrogenChartAnswer, LineAnswer, StoredAnswer
from dashboard.network_charts import Content, HeatChart, HydrogenChart, Line
from dashboard.networks import Network, Part
from dashboard.schema import NameAnswer, NetworkAnswer, PartAnswer, StoreAnswer
from energy.domain import FloatArray
from energy.region.asset import Name

DIGITS = 6
"""Micro-units: finer than any meter, coarse enough to keep the answers short."""


def series(values: FloatArray) -> list[float | None]:
    """Write an array with null where it is unknown."""
    return [round(value, DIGITS) if math.isfinite(value) else None for value in values.tolist()]


def network_answer(network: Network) -> NetworkAnswer:
    """Describe one network's balance."""
    return NetworkAnswer(
        network_id=network.network_id,
        produced_kw=network.produced_kw,
        taken_kw=network.taken_kw,
        producers=[_part(part) for part in network.producers],
        takers=[_part(part) for part in network.takers],
        stores=[
            StoreAnswer(
                asset_id=store.asset_id,
                energy_kwh=store.energy_kwh,
                energy_kwh_capacity=store.energy_kwh_capacity,
                fill_fraction=store.fraction,
                charging_kw=store.charging_kw,
            )
            for store in network.stores
        ],
    )


def heat_chart_answer(chart: HeatChart) -> HeatChartAnswer:
    """Describe one heat network's chart."""
    return HeatChartAnswer(
        network_id=chart.network_id,
        name=_name(chart.name),
        demand=BandAnswer(
            measured_kw=series(chart.demand_measured_kw),
            planned_kw=series(chart.demand_p50_kw),
            p05_kw=series(chart.demand_p05_kw),
            p50_kw=series(chart.demand_p50_kw),
            p95_kw=series(chart.demand_p95_kw),
        ),
        producers=[_line(line) for line in chart.producers],
        stored=_stored(chart.content),
    )


def hydrogen_chart_answer(chart: HydrogenChart) -> HydrogenChartAnswer:
    """Describe one hydrogen network's chart."""
    return HydrogenChartAnswer(
        network_id=chart.network_id,
        name=_name(chart.name),
        producers=[_line(line) for line in chart.producers],
        offtake=[_line(line) for line in chart.offtake],
        stored=_stored(chart.content),
    )


def _part(part: Part) -> PartAnswer:
    return PartAnswer(asset_id=part.asset_id, kind=part.kind, power_kw=part.power_kw)


def _line(line: Line) -> LineAnswer:
    return LineAnswer(
        asset_id=line.asset_id,
        name=_name(line.name),
        kind=line.kind,
        measured_kw=series(line.measured_kw),
        planned_kw=series(line.planned_kw),
    )


def _stored(content: Content | None) -> StoredAnswer | None:
    if content is None:
        return None
    return StoredAnswer(
        measured_kwh=series(content.measured_kwh),
        planned_kwh=series(content.planned_kwh),
        energy_kwh_min=content.energy_kwh_min,
        energy_kwh_max=content.energy_kwh_max,
    )


def _name(name: Name) -> NameAnswer:
    return NameAnswer(de=name.de, en=name.en)
