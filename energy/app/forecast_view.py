"""Forecasts at a terminal: clock times, magnitudes with a word, the rung and why it is not a higher one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from energy.domain import Forecast
from energy.periods import PERIOD
from energy.planning.model_store import ModelStore
from energy.region.generator import Generator
from energy.region.model import Region
from energy.rung_reason import why_not_above

HOUR = 4
"""Quarter hours between two lines."""
CORRECTED = "+corrected"
WORDS = {
    "top": "the highest rung",
    "model_damaged": "not learned: the model's file is damaged or does not fit (models --rollback)",
    "model_other_version": "not learned: the model is of another version of the program",
    "model_retired": "not learned: the model was retired, being worse than the rung below",
    "training_failed": "not learned: the last training failed",
    "too_short": "not learned: too short a time is measured yet",
    "never_trained": "not learned: never trained yet",
    "model_does_not_fit": "not learned: the model does not fit what is known now",
    "model_lacks_weather": "not learned: the model lacks the weather forecast",
    "physics_lacks_weather": "not physical: the weather forecast is missing or too old",
    "physics_lacks": "not physical: no weather forecast, or the plant is not described",
    "profile_outgrown": "not by profile: after ten measured days its own say more",
    "profile_lacks": "not by profile: no yearly energy in the region file, or its own days say more",
    "too_little_measured": "too little is measured",
}


def verdicts(folder: Path) -> Mapping[str, str]:
    """Give how the last training of each asset's model ended."""
    latest: dict[str, tuple[datetime, str]] = {}
    for record in ModelStore(folder).records():
        for night in record.nights[:1]:
            before = latest.get(record.asset_id)
            if before is None or before[0] < night.known_at:
                latest[record.asset_id] = night.known_at, night.verdict
    return {asset_id: verdict for asset_id, (_, verdict) in latest.items()}


def reasons(
    region: Region, forecast: Forecast, notes: Sequence[str], verdict: str | None
) -> tuple[str, tuple[str, ...]]:
    """Give a forecast's rung and the codes of why it is not a higher one."""
    rung = forecast.model.removesuffix(CORRECTED)
    kind = next((asset.kind for asset in region.assets if asset.id == forecast.asset_id), "")
    return rung, why_not_above(rung, asset_id=forecast.asset_id, kind=kind, notes=notes, verdict=verdict)


def lines_of(region: Region, forecast: Forecast, notes: Sequence[str], verdict: str | None) -> Iterator[str]:
    """Write a forecast hour by hour, in the region's local time."""
    generating = {asset.id for asset in region.assets if isinstance(asset, Generator)}
    sign, what = (-1.0, "generation") if forecast.asset_id in generating else (1.0, "consumption")
    magnitudes = np.sort(sign * forecast.quantiles_kw, axis=0) + 0.0
    rung, why = reasons(region, forecast, notes, verdict)
    hand = ", corrected by hand" if forecast.model != rung else ""
    issued = f"{forecast.issued_at.astimezone(region.zone):%Y-%m-%d %H:%M}"
    because = "; ".join(WORDS[code] for code in why)
    yield f"{forecast.asset_id}, {what}: {rung}{hand} ({because}); issued {issued}"
    yield f"  {region.zone.key:20} {'p05 kW':>10} {'expected kW':>12} {'p95 kW':>10}"
    for place in range(0, magnitudes.shape[1], HOUR):
        moment = (forecast.start + place * PERIOD).astimezone(region.zone)
        low, expected, high = (float(magnitudes[row, place]) for row in (0, 2, 4))
        yield f"  {moment:%a %Y-%m-%d %H:%M} {low:10.0f} {expected:12.0f} {high:10.0f}"
