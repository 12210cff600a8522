"""The charts of heat and hydrogen networks, in magnitudes, with the machines' schedule. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dashboard.series import (
    ChartInput,
    band_of_sum,
    measured,
    nothing,
    planned_power,
    planned_state,
    sum_of,
)
from energy.domain import FloatArray, Point
from energy.region.asset import Name
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.machine import Machine
from energy.region.model import Region

P05, P50, P95 = 0, 2, 4
"""Rows of the quantiles."""
RUNNING_MIN = 0.5
"""Of the least load (and of a planned 0 or 1): the setpoint's own threshold between standing and running."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """What one asset gives or takes in kW, each array of shape (periods,), NaN where unknown."""

    asset_id: str
    name: Name
    kind: str
    measured_kw: FloatArray
    planned_kw: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Content:
    """What the stores of one network hold together; planned at the end of each period."""

    measured_kwh: FloatArray
    planned_kwh: FloatArray
    energy_kwh_min: float
    energy_kwh_max: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatChart:
    """One heat network: demand with its band, who gives how much, what is stored (None: it has no store)."""

    network_id: str
    name: Name
    demand_measured_kw: FloatArray
    demand_p05_kw: FloatArray
    demand_p50_kw: FloatArray
    demand_p95_kw: FloatArray
    producers: tuple[Line, ...]
    content: Content | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HydrogenChart:
    """One hydrogen network: what electrolysers make, what is taken from its stores, what is stored."""

    network_id: str
    name: Name
    producers: tuple[Line, ...]
    offtake: tuple[Line, ...]
    content: Content | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MachineStrip:
    """When one machine ran and when it is to run: 1 running, 0 standing, NaN unknown."""

    asset_id: str
    name: Name
    kind: str
    measured_running_fraction: FloatArray
    planned_running_fraction: FloatArray


def network_points(region: Region) -> list[tuple[str, Point]]:
    """List the series that these charts are made of, beside the powers."""
    points: list[tuple[str, Point]] = []
    for asset in region.assets:
        if isinstance(asset, Chp | HeatPump | Boiler | HeatLoad):
            points.append((asset.id, Point.HEAT_KW))
        if isinstance(asset, Electrolyser | HydrogenStorage):
            points.append((asset.id, Point.HYDROGEN_KW))
        if isinstance(asset, HeatStorage | HydrogenStorage):
            points.append((asset.id, Point.ENERGY_KWH))
    return points


def heat_charts(
    region: Region, given: ChartInput, expected: Mapping[str, FloatArray]
) -> tuple[HeatChart, ...]:
    """Draw up each heat network.

    Args:
        region: whose networks.
        given: what was measured and planned.
        expected: quantiles by asset id, each of shape (5, periods of the window).
    """
    charts = []
    for network in region.heat_networks:
        members = [asset for asset in region.assets if getattr(asset, "heat_network", None) == network.id]
        loads = [asset for asset in members if isinstance(asset, HeatLoad)]
        band = band_of_sum([(load.kind, expected.get(load.id)) for load in loads], given.window)
        makers = [asset for asset in members if isinstance(asset, Chp | HeatPump | Boiler)]
        charts.append(
            HeatChart(
                network_id=network.id,
                name=network.name,
                demand_measured_kw=sum_of(
                    (measured(given, load.id, Point.HEAT_KW) for load in loads), given.window
                ),
                demand_p05_kw=band[P05],
                demand_p50_kw=band[P50],
                demand_p95_kw=band[P95],
                producers=tuple(
                    _line(maker, given, point=Point.HEAT_KW, state="heat_kw") for maker in makers
                ),
                content=_content([asset for asset in members if isinstance(asset, HeatStorage)], given),
            )
        )
    return tuple(charts)


def hydrogen_charts(region: Region, given: ChartInput) -> tuple[HydrogenChart, ...]:
    """Draw up each hydrogen network."""
    charts = []
    for network in region.hydrogen_networks:
        members = [asset for asset in region.assets if getattr(asset, "hydrogen_network", None) == network.id]
        makers = [asset for asset in members if isinstance(asset, Electrolyser)]
        stores = [asset for asset in members if isinstance(asset, HydrogenStorage)]
        charts.append(
            HydrogenChart(
                network_id=network.id,
                name=network.name,
                producers=tuple(
                    _line(item, given, point=Point.HYDROGEN_KW, state="hydrogen_kw") for item in makers
                ),
                offtake=tuple(
                    _line(item, given, point=Point.HYDROGEN_KW, state="hydrogen_kw") for item in stores
                ),
                content=_content(stores, given),
            )
        )
    return tuple(charts)


def machine_strips(region: Region, given: ChartInput) -> tuple[MachineStrip, ...]:
    """Say of each machine in which quarter hours it ran and shall run.

    A machine counts as running where the mean of its power is at least half its least load.
    """
    strips = []
    for machine in (asset for asset in region.assets if isinstance(asset, Machine)):
        threshold_kw = max(RUNNING_MIN * machine.power_kw_least, 1e-9)
        was = _known(measured(given, machine.id, Point.POWER_KW), given)
        planned = planned_state(given, machine.id, "running")
        will = (
            _above(_known(planned_power(given, machine.id), given), threshold_kw)
            if planned is None
            else _above(planned, RUNNING_MIN)
        )
        strips.append(
            MachineStrip(
                asset_id=machine.id,
                name=machine.name,
                kind=machine.kind,
                measured_running_fraction=_above(was, threshold_kw),
                planned_running_fraction=will,
            )
        )
    return tuple(strips)


def _above(values: FloatArray, threshold: float) -> FloatArray:
    running: FloatArray = np.where(np.isnan(values), np.nan, np.abs(values) >= threshold)
    return running


def _known(values: FloatArray | None, given: ChartInput) -> FloatArray:
    return nothing(given.window) if values is None else values


def _line(
    asset: Chp | HeatPump | Boiler | Electrolyser | HydrogenStorage,
    given: ChartInput,
    *,
    point: Point,
    state: str,
) -> Line:
    return Line(
        asset_id=asset.id,
        name=asset.name,
        kind=asset.kind,
        measured_kw=np.abs(_known(measured(given, asset.id, point), given)),
        planned_kw=np.abs(_known(planned_state(given, asset.id, state), given)),
    )


def _content(stores: list[HeatStorage] | list[HydrogenStorage], given: ChartInput) -> Content | None:
    if not stores:
        return None
    window = given.window
    return Content(
        measured_kwh=sum_of((measured(given, store.id, Point.ENERGY_KWH) for store in stores), window),
        planned_kwh=sum_of((planned_state(given, store.id, "energy_kwh") for store in stores), window),
        energy_kwh_min=sum(store.energy_kwh_min for store in stores if isinstance(store, HydrogenStorage)),
        energy_kwh_max=sum(store.energy_kwh_capacity for store in stores),
    )
