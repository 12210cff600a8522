"""A series file to begin with: all columns that a region needs, with its own history where it has one."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from energy.domain import FloatArray
from energy.errors import BadInput
from energy.optimize.files.series_file import PRICE_COLUMN, TEMPERATURE_COLUMN, columns_of
from energy.periods import HORIZON_PERIODS, PERIOD, format_utc, period_start, periods_between
from energy.region.heat_pump import HeatPump
from energy.region.history import RegionHistory, Series
from energy.region.history_file import TIME_COLUMN
from energy.region.model import Region


def series_template(region: Region, at: datetime | None) -> tuple[list[str], int]:
    """Give the lines of a CSV, and how many of its values are left to be filled in.

    Two days from ``at`` on, or from where all histories have begun: what was measured, an empty field where
    there is nothing. Without ``at`` and without any history it is the header alone.
    """
    names, past = columns_of(region), _past(region)
    if any(isinstance(asset, HeatPump) for asset in region.members):
        names[TEMPERATURE_COLUMN] = TEMPERATURE_COLUMN
    header = ",".join([TIME_COLUMN, *names.values()])
    begun = max((series.start for series in past.values()), default=None)
    start = begun if at is None else period_start(at)
    if start is None:
        return [header], 0
    columns = [_window(past.get(key), start, HORIZON_PERIODS) for key in names]
    rows = [
        ",".join([format_utc(start + number * PERIOD), *(_field(column[number]) for column in columns)])
        for number in range(HORIZON_PERIODS)
    ]
    return [header, *rows], int(sum(np.isnan(column).sum() for column in columns))


def _past(region: Region) -> Mapping[str, Series]:
    """Gather what was measured; nothing where the files are not there or cannot be used."""
    try:
        history = RegionHistory(region)
    except BadInput:
        return {}
    assets = [key for key in columns_of(region) if key != PRICE_COLUMN and history.has(key)]
    past = {key: history.magnitude_kw(key) for key in assets}
    past[PRICE_COLUMN] = history.price_eur_per_mwh()
    if region.temperature is not None:
        past[TEMPERATURE_COLUMN] = history.temperature_c()
    return past


def _window(series: Series | None, start: datetime, periods: int) -> FloatArray:
    """Give the values of these periods, NaN where there is none."""
    window = np.full(periods, np.nan)
    if series is None:
        return window
    offset = periods_between(series.start, start)
    first, end = max(0, offset), min(series.values.size, offset + periods)
    if first < end:
        window[first - offset : end - offset] = series.values[first:end]
    return window


def _field(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.10g}"
