"""Forecasts of municipalities and of the region: sums of their assets' forecasts, with a band of their own.

Expected values add up exactly: the region's is the sum of its municipalities', each the sum of its assets'.
Bands do not add up: were the quantiles summed, every asset would have to err the same way at once. The spread
of a sum follows from the spreads of its parts and how alike their errors are (the variance of a sum of
correlated variables), for each quantile by itself, so that a lopsided band stays lopsided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import numpy as np

from energy.domain import FloatArray, Forecast
from energy.periods import PERIOD, periods_between
from energy.region.grid_loss import GridLoss
from energy.region.heat_load import HeatLoad
from energy.region.model import Region

EXPECTED = 2
"""Row of the quantiles that adds up: the median."""
ELSEWHERE = "elsewhere"
"""The municipality of assets that name none."""
LIKENESS: Mapping[str, float] = MappingProxyType(
    {"load": 0.3, "heat": 0.5, "ev_hub": 0.1, "pv": 0.9, "wind": 0.8, "hydro": 0.5}
)
"""Correlation of day-ahead errors of two assets of one kind; of two kinds it is taken for 0."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One forecast as it counts in a sum: ``share`` of its quantiles, shape (5, periods)."""

    kind: str
    quantiles_kw: FloatArray
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Totals:
    """What is expected of each municipality and of the region, our sign, each of shape (5, periods).

    ``asset_ids`` says what was summed: electricity that is forecast, losses of the grid among it; what is
    controlled follows from the plan.
    """

    issued_at: datetime
    start: datetime
    municipalities_kw: Mapping[str, FloatArray]
    region_kw: FloatArray
    asset_ids: tuple[str, ...]


def summed(parts: Sequence[Part], likeness: Mapping[str, float] = LIKENESS) -> FloatArray:
    """Sum forecasts: the expected values exactly, the spread as alike as the errors are.

    Args:
        parts: at least one, all of the same periods.
        likeness: correlation of errors within a kind; 0 between kinds.

    Returns:
        Quantiles of shape (5, periods), non-decreasing.
    """
    weighted = np.stack([part.share * part.quantiles_kw for part in parts])
    expected = weighted[:, EXPECTED].sum(axis=0)
    away = weighted - weighted[:, EXPECTED : EXPECTED + 1]
    variance = np.zeros(weighted.shape[1:])
    kinds = np.array([part.kind for part in parts])
    for kind in np.unique(kinds):
        own = away[kinds == kind]
        alike = likeness.get(str(kind), 0.0)
        variance += (1.0 - alike) * (own**2).sum(axis=0) + alike * own.sum(axis=0) ** 2
    sign = np.sign(np.arange(weighted.shape[1]) - EXPECTED)[:, None]
    quantiles: FloatArray = expected + sign * np.sqrt(variance)
    quantiles[EXPECTED] = expected
    return quantiles


def totals_of(region: Region, forecasts: Sequence[Forecast]) -> Totals | None:
    """Sum the forecasts of electricity by municipality and for the region; None where there are none.

    Losses stand where their asset stands: a fraction of the loads behind it, as in planning. Only forecasts
    of the last planning count, over the periods that all of them have.
    """
    assets = {asset.id: asset for asset in region.assets}
    used = _of_one_planning(
        [
            item
            for item in forecasts
            if item.asset_id in assets and not isinstance(assets[item.asset_id], HeatLoad)
        ]
    )
    if not used:
        return None
    start, rows = _aligned(used)
    places: dict[str, list[Part]] = {}
    whole: list[Part] = []
    lost = _lost_fractions(region, rows)
    for asset_id, quantiles_kw in rows.items():
        kind = kind_of_errors(assets[asset_id].kind)
        place = assets[asset_id].municipality or ELSEWHERE
        places.setdefault(place, []).append(Part(kind=kind, quantiles_kw=quantiles_kw))
        whole.append(
            Part(kind=kind, quantiles_kw=quantiles_kw, share=1.0 + sum(lost.get(asset_id, {}).values()))
        )
        for loss_id, fraction in lost.get(asset_id, {}).items():
            lossy = assets[loss_id].municipality or ELSEWHERE
            places.setdefault(lossy, []).append(Part(kind=kind, quantiles_kw=quantiles_kw, share=fraction))
    municipalities = {place: summed(parts) for place, parts in sorted(places.items())}
    total = summed(whole)
    expected = np.sum([values[EXPECTED] for values in municipalities.values()], axis=0)
    total = total + (expected - total[EXPECTED])
    total[EXPECTED] = expected  # to the last bit
    return Totals(
        issued_at=used[0].issued_at,
        start=start,
        municipalities_kw=municipalities,
        region_kw=total,
        asset_ids=tuple(rows),
    )


def _of_one_planning(forecasts: Sequence[Forecast]) -> list[Forecast]:
    last = max((item.issued_at for item in forecasts), default=None)
    return [item for item in forecasts if item.issued_at == last]


def _aligned(forecasts: Sequence[Forecast]) -> tuple[datetime, dict[str, FloatArray]]:
    """Give the periods that all have; empty arrays where they have none in common."""
    start = max(item.start for item in forecasts)
    end = min(item.start + item.quantiles_kw.shape[1] * PERIOD for item in forecasts)
    periods = max(0, (end - start) // PERIOD)
    rows = {}
    for item in forecasts:
        first = periods_between(item.start, start)
        rows[item.asset_id] = item.quantiles_kw[:, first : first + periods]
    return start, rows


def _lost_fractions(region: Region, rows: Mapping[str, FloatArray]) -> dict[str, dict[str, float]]:
    """Give by load which losses it causes, and what fraction of it is lost."""
    lost: dict[str, dict[str, float]] = {}
    for asset in region.assets:
        if isinstance(asset, GridLoss) and asset.id not in rows:
            for load in region.loads_of(asset):
                lost.setdefault(load.id, {})[asset.id] = asset.fraction_of_load
    return lost


def kind_of_errors(kind: str) -> str:
    """Say which errors an asset's are like: those of people, cars, heat, sun, wind or rivers."""
    return kind if kind in LIKENESS else {"heat_load": "heat"}.get(kind, "load")
