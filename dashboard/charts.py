"""Today and tomorrow in quarter hours: what was measured, what is expected, what is planned. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from dashboard.balance import Group, group_of
from dashboard.network_charts import (
    HeatChart,
    HydrogenChart,
    MachineStrip,
    heat_charts,
    hydrogen_charts,
    machine_strips,
    network_points,
)
from dashboard.series import (
    ChartInput,
    Window,
    band_of_sum,
    measured,
    nothing,
    placed,
    planned_power,
    planned_state,
    sum_of,
)
from energy.domain import FloatArray, Point
from energy.region.battery import Battery
from energy.region.ev_hub import EvHub
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.load import Load
from energy.region.model import Asset, Region

CONTROLLABLE_KINDS = ("chp", "heat_pump", "electrolyser", "pumped_reservoir", "flexible_load")
"""Kinds whose power follows from planning and not from weather or people, in the order they are drawn."""
P05, P50, P95 = 0, 2, 4
"""Rows of ``Forecast.quantiles_kw``."""
BALANCE = "electricity"
"""The balance whose marginal price is drawn."""
Expected = Mapping[str, FloatArray]
"""Quantiles by asset id, each of shape (5, periods of the window)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """Sums over assets, each array of shape (periods,), NaN where unknown."""

    measured: FloatArray
    planned: FloatArray
    p05: FloatArray
    p50: FloatArray
    p95: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Charts:
    """All series of the page. Generation and consumption are magnitudes, the others carry our sign."""

    window: Window
    now: datetime
    generation: Band
    consumption: Band
    exchange: Band
    storage: Band
    stored: Band
    ev: Band
    price_eur_per_kwh: FloatArray
    marginal_price_eur_per_kwh: FloatArray
    energy_kwh_limits: tuple[float, float] | None
    controllable: Mapping[str, Band]
    """By kind, of those that the region has."""
    heat: tuple[HeatChart, ...]
    hydrogen: tuple[HydrogenChart, ...]
    machines: tuple[MachineStrip, ...]


def charts_of(region: Region, given: ChartInput) -> Charts:
    """Sum the series of the assets into the page's charts."""
    exchanging = [asset for asset in region.assets if group_of(asset) is Group.EXCHANGE]
    generators = [asset for asset in region.assets if isinstance(asset, Generator)]
    demands = [asset for asset in region.assets if isinstance(asset, Load | GridLoss)]
    hubs = [asset for asset in region.assets if isinstance(asset, EvHub)]
    stores = [asset for asset in region.assets if isinstance(asset, Battery)]
    expected = _expected(region, given)
    return Charts(
        window=given.window,
        now=given.now,
        generation=_mirrored(_powers(generators, given, expected)),
        consumption=_powers(demands, given, expected),
        exchange=_powers(exchanging, given, {}),
        storage=_powers(stores, given, {}),
        stored=_energies(stores, given),
        ev=_powers(hubs, given, {}),
        price_eur_per_kwh=given.price_eur_per_kwh,
        marginal_price_eur_per_kwh=_marginal_price(given),
        energy_kwh_limits=_limits(stores),
        controllable={
            kind: _powers(assets, given, {})
            for kind in CONTROLLABLE_KINDS
            if (assets := [asset for asset in region.assets if asset.kind == kind])
        },
        heat=heat_charts(region, given, expected),
        hydrogen=hydrogen_charts(region, given),
        machines=machine_strips(region, given),
    )


def points_wanted(region: Region) -> list[tuple[str, Point]]:
    """List the series that the charts are made of."""
    powers = [(asset.id, Point.POWER_KW) for asset in region.assets if group_of(asset) is not None]
    stores = [(asset.id, Point.ENERGY_KWH) for asset in region.assets if isinstance(asset, Battery)]
    return powers + stores + network_points(region)


def _expected(region: Region, given: ChartInput) -> Expected:
    """Lay each forecast onto the window; losses without one follow from the loads, as in planning."""
    expected: dict[str, FloatArray] = {
        forecast.asset_id: np.array(
            [placed(row, forecast.start, given.window) for row in forecast.quantiles_kw]
        )
        for forecast in given.forecasts
    }
    for losses in (asset for asset in region.assets if isinstance(asset, GridLoss)):
        known = [expected[load.id] for load in region.loads_of(losses) if load.id in expected]
        if known and len(known) == len(region.loads_of(losses)):
            total: FloatArray = np.sum(known, axis=0)
            expected.setdefault(losses.id, losses.fraction_of_load * total)
    return expected


def _powers(assets: Sequence[Asset], given: ChartInput, expected: Expected) -> Band:
    window = given.window
    band = band_of_sum([(asset.kind, expected.get(asset.id)) for asset in assets], window)
    return Band(
        measured=sum_of((measured(given, asset.id, Point.POWER_KW) for asset in assets), window),
        planned=sum_of((planned_power(given, asset.id) for asset in assets), window),
        p05=band[P05],
        p50=band[P50],
        p95=band[P95],
    )


def _energies(stores: Sequence[Asset], given: ChartInput) -> Band:
    window = given.window
    return Band(
        measured=sum_of((measured(given, asset.id, Point.ENERGY_KWH) for asset in stores), window),
        planned=sum_of((planned_state(given, asset.id, "energy_kwh") for asset in stores), window),
        p05=nothing(window),
        p50=nothing(window),
        p95=nothing(window),
    )


def _marginal_price(given: ChartInput) -> FloatArray:
    plan = given.plan
    if plan is None or BALANCE not in plan.marginal_price_eur_per_kwh:
        return nothing(given.window)
    return placed(plan.marginal_price_eur_per_kwh[BALANCE], plan.start, given.window)


def _mirrored(band: Band) -> Band:
    """Turn feeding in into a magnitude; the low quantile of the power is the high one of the generation."""
    return Band(measured=-band.measured, planned=-band.planned, p05=-band.p95, p50=-band.p50, p95=-band.p05)


def _limits(stores: Sequence[Battery]) -> tuple[float, float] | None:
    if not stores:
        return None
    return sum(store.energy_kwh_min for store in stores), sum(store.energy_kwh_max for store in stores)
