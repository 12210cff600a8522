"""People's corrections on top of what a rung forecasts: the band is scaled or shifted with its middle.

Where several corrections cover a quarter hour the one made last counts alone, so that nobody has to multiply
in his head. What the asset can do bounds the result, and a sun that is down stays down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from energy.domain import Forecast, Request
from energy.forecast.series import SeriesSpec
from energy.periods import PERIOD

SUFFIX = "+corrected"


def corrected(forecast: Forecast, requests: Iterable[Request], spec: SeriesSpec) -> Forecast:
    """Apply the corrections of one asset; the forecast itself where none touches its quarter hours.

    Factor and offset act on the magnitude: whoever says 0.8 of a plant means a fifth less generation.
    """
    periods = forecast.quantiles_kw.shape[1]
    factor, offset_kw, touched = np.ones(periods), np.zeros(periods), np.zeros(periods, dtype=bool)
    for request in sorted(requests, key=lambda item: item.made_at):  # as taken within a moment
        if request.asset_id != forecast.asset_id or request.correction is None:
            continue
        start, end = request.correction.start, request.correction.end
        first, last = (-((forecast.start - moment) // PERIOD) for moment in (start, end))
        covered = slice(max(0, first), max(0, last))
        touched[covered] = True
        factor[covered] = 1.0 if request.correction.factor is None else request.correction.factor
        offset_kw[covered] = 0.0 if request.correction.offset_kw is None else request.correction.offset_kw
    if not touched.any():
        return forecast
    magnitude = np.sort(spec.sign * forecast.quantiles_kw, axis=0)
    changed = np.clip(magnitude * factor + offset_kw, *spec.bounds)
    if spec.kind == "pv":
        changed = np.where(magnitude[-1] > 0.0, changed, 0.0)
    result = np.where(touched, changed, magnitude)
    return replace(
        forecast, model=forecast.model + SUFFIX, quantiles_kw=np.sort(spec.sign * result, axis=0) + 0.0
    )


def with_corrections(
    forecasts: Sequence[Forecast], requests: Sequence[Request], specs: Sequence[SeriesSpec]
) -> tuple[tuple[Forecast, ...], tuple[Forecast, ...]]:
    """Give the forecasts that a plan stands on, and what those that were corrected were before."""
    after = tuple(
        corrected(forecast, requests, spec) for forecast, spec in zip(forecasts, specs, strict=True)
    )
    replaced = tuple(before for before, now in zip(forecasts, after, strict=True) if now is not before)
    return after, replaced
