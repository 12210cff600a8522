"""How good one asset's day-ahead forecast is on the region's own record."""

import csv
import math
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from energy.errors import BadInput
from energy.forecast.judging.backtest import run_backtest
from energy.forecast.judging.backtest_options import BacktestOptions
from energy.forecast.series import History
from energy.historian.sqlite_reader import SqliteReader
from energy.job import fault
from energy.periods import PERIOD, format_utc
from energy.planning.inputs import Inputs
from energy.planning.past import expected_assets, series_spec
from energy.region.model import Region

DAYS_DEFAULT = 28
DAYS_MAX = 60
TARGET = "power_kw"


def run_asset_backtest(region: Region, reader: SqliteReader, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Judge the last ``days`` of one asset's forecasts, rolling origin, magnitudes in kW.

    Raises:
        BadInput: the asset is none that is forecast, the days are no number, or too little is recorded.
    """
    assets = {asset.id: asset for asset in expected_assets(region)}
    faults = []
    asset = assets.get(parameters["asset"])
    if asset is None:
        names = ", ".join(sorted(assets))
        faults.append(fault("asset", parameters["asset"], "it is not forecast", f"use one of: {names}"))
    text = parameters.get("days", str(DAYS_DEFAULT))
    if not text.isdecimal() or not 1 <= int(text) <= DAYS_MAX:
        faults.append(fault("days", text, f"a whole number from 1 to {DAYS_MAX}", "choose one"))
    status = reader.status()
    if status is None:
        faults.append(fault("asset", parameters["asset"], "no controller has run here", "start one"))
    if faults or asset is None or status is None:
        raise BadInput(faults)
    history = Inputs(region, reader).measured(asset, known_at=status[0].at)
    spec = series_spec(region, asset)
    with tempfile.TemporaryDirectory(prefix="energiewaage-") as folder:
        path = Path(folder) / f"{asset.id}.csv"
        _write(path, history)
        end = status[0].at.astimezone(region.zone).date()
        result = run_backtest(
            BacktestOptions(
                data=path,
                target=TARGET,
                zone=region.zone,
                holidays=region.holidays,
                location=spec.location,
                kind=spec.kind,
                start=end - timedelta(days=int(text)),
                end=end,
            )
        )
    return {"asset": asset.id, "unit": "kW", **_without_nan(result)}


def _write(path: Path, history: History) -> None:
    """Write from the first measured quarter hour on; what is missing stays empty."""
    known = np.flatnonzero(np.isfinite(history.value))
    first = int(known[0]) if known.size else history.value.size
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("utc", TARGET))
        for place in range(first, history.value.size):
            value = float(history.value[place])
            rows.writerow(
                (format_utc(history.start + place * PERIOD), repr(value) if math.isfinite(value) else "")
            )


def _without_nan(value: Any) -> Any:
    """A score that does not exist is None in JSON."""
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
