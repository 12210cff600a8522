"""The region's net load as planning sees it: what each asset's electricity counts for in the sum.

Heat is no electricity; losses of the grid follow the loads behind them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from energy.adding_up import EXPECTED, LIKENESS, Part, kind_of_errors, summed
from energy.domain import FloatArray, Forecast
from energy.region.grid_loss import GridLoss
from energy.region.heat_load import HeatLoad
from energy.region.model import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How often a kWh of an asset counts in the net load, and whose errors its own are like."""

    kind: str
    share: float


def shares_of(region: Region, asset_ids: Sequence[str]) -> dict[str, Share]:
    """Give the share of each asset that is forecast in electricity."""
    lost: dict[str, float] = {}
    for asset in region.assets:
        if isinstance(asset, GridLoss):
            for load in region.loads_of(asset):
                lost[load.id] = lost.get(load.id, 0.0) + asset.fraction_of_load
    wanted = set(asset_ids)
    return {
        asset.id: Share(kind=kind_of_errors(asset.kind), share=1.0 + lost.get(asset.id, 0.0))
        for asset in region.assets
        if asset.id in wanted and not isinstance(asset, HeatLoad)
    }


def parts_of(region: Region, forecasts: Sequence[Forecast]) -> dict[str, Part]:
    """Give each forecast as it counts in the net load."""
    shares = shares_of(region, [item.asset_id for item in forecasts])
    return {
        item.asset_id: Part(
            kind=shares[item.asset_id].kind,
            quantiles_kw=item.quantiles_kw,
            share=shares[item.asset_id].share,
        )
        for item in forecasts
        if item.asset_id in shares
    }


def net_kw(region: Region, forecasts: Sequence[Forecast]) -> FloatArray:
    """Sum what is expected, shape (periods,); the forecasts are of the same periods."""
    parts = parts_of(region, forecasts).values()
    total: FloatArray = np.sum([part.share * part.quantiles_kw[EXPECTED] for part in parts], axis=0)
    return total


def net_band_kw(region: Region, forecasts: Sequence[Forecast]) -> FloatArray:
    """Sum forecasts with a band of their own, shape (5, periods)."""
    return summed(list(parts_of(region, forecasts).values()))


def shared_out(parts: Mapping[str, Part], row: int) -> dict[str, FloatArray]:
    """Say how far each asset is off when the net load is off by its quantile ``row``, shape (periods,) each.

    What is expected of a part given the sum: its covariance with the sum over the sum's variance (the
    regression of correlated normal variables). The errors, each as often as it counts, add up to the sum's.
    """
    away = {
        name: part.share * (part.quantiles_kw[row] - part.quantiles_kw[EXPECTED])
        for name, part in parts.items()
    }
    by_kind: dict[str, FloatArray] = {}
    for name, part in parts.items():
        by_kind[part.kind] = by_kind.get(part.kind, np.zeros_like(away[name])) + away[name]
    covariance = {}
    for name, part in parts.items():
        alike = LIKENESS.get(part.kind, 0.0)
        covariance[name] = (1.0 - alike) * away[name] ** 2 + alike * away[name] * by_kind[part.kind]
    variance = np.sum(list(covariance.values()), axis=0)
    size = np.sign(row - EXPECTED) * np.sqrt(variance)
    scale = np.divide(size, variance, out=np.zeros_like(variance), where=variance > 0.0)
    return {name: covariance[name] * scale / parts[name].share for name in parts}
