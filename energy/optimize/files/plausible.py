"""Whether what a file expects of an asset can be what the asset says it is.

Only of files: what people write may have a wrong unit, and they can mend it. Forecasts of the running planner
are kept within the asset's bounds where they are made (``energy.forecast.series``), and never refused.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from energy.domain import FloatArray
from energy.errors import Fault
from energy.region.ev_hub import EvHub
from energy.region.expected import greatest_kw
from energy.region.flexible_load import FlexibleLoad
from energy.region.generator import Generator
from energy.region.grid_loss import GridLoss
from energy.region.heat_load import HeatLoad
from energy.region.history_check import EXCESS_FRACTION
from energy.region.load import Load
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir


def power_faults(
    region: Region,
    columns: Mapping[str, FloatArray],
    *,
    names: Mapping[str, str],
    path: Path,
    first_line: int,
) -> Iterator[Fault]:
    """Find what is above an asset's own greatest power: the first value of each column, and how many."""
    for asset in region.members:
        bound = _bound(asset)
        if bound is None or asset.id not in columns:
            continue
        key, most_kw = bound
        values = columns[asset.id]
        above = np.flatnonzero(values > most_kw * (1.0 + EXCESS_FRACTION))
        if above.size:
            more = f" ({above.size} values)" if above.size > 1 else ""
            yield Fault(
                file=str(path),
                line=first_line + int(above[0]),
                place=names[asset.id],
                value=float(values[above[0]]),
                limit=f"more than {key} of {asset.id} allows, {most_kw:g} kW and a tenth{more}",
                mend=f"check the unit of the column (kW), and {key} in region.yaml",
            )


def power_notes(
    region: Region, columns: Mapping[str, FloatArray], *, names: Mapping[str, str]
) -> Iterator[str]:
    """Say where more is asked for in the end than an asset can draw: one arrival alone may exceed it."""
    for asset in region.members:
        if isinstance(asset, EvHub) and asset.id in columns:
            mean_kw = float(columns[asset.id].mean())
            if mean_kw > asset.power_kw_max:
                yield (
                    f"{names[asset.id]}: {mean_kw:,.0f} kW are asked for on average, more than power_kw_max, "
                    f"{asset.power_kw_max:g} kW, can give"
                )


def _bound(asset: Asset) -> tuple[str, float] | None:
    """Name what bounds each single value, and give it in kW; None where what is asked for may wait."""
    match asset:
        case Generator():
            return "power_kw_rated", asset.power_kw_rated
        case PumpedReservoir():
            return "twice power_kw_rated", greatest_kw(asset)
        case HeatLoad():
            return "heat_kw_max", greatest_kw(asset)
        case Load() | GridLoss() | FlexibleLoad():
            return "power_kw_max", asset.power_kw_max
        case _:
            return None
