"""The seasonal rung: the reference, drawn towards what was measured last.

No learning: a few fixed shares of the recent deviation that fade with the lead time. It serves new assets and
short histories, and it is what the learned rung must beat.
"""

from collections.abc import Mapping

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray
from energy.forecast.frame import Frame
from energy.forecast.gates import Gates
from energy.forecast.learned.band import Band, Errors, band_of, place_of
from energy.forecast.series import SKEWED, Kind

_ALWAYS = 1e9
_PULLS: Mapping[Kind, tuple[tuple[float, float, float], ...]] = {
    "load": ((168.0, 0.35, _ALWAYS), (24.0, 0.25, 36.0), (1.0, 0.35, 4.0)),
    "net_load": ((24.0, 0.3, 48.0), (1.0, 0.5, 6.0)),
    "heat": ((24.0, 0.6, 72.0), (1.0, 0.3, 4.0)),
    "ev_hub": ((168.0, 0.5, _ALWAYS),),
    "pv": ((24.0, 0.25, 24.0), (1.0, 0.6, 4.0)),
    "wind": ((1.0, 0.95, 10.0),),
    "hydro": ((6.0, 0.9, 96.0),),
    "temperature": ((24.0, 0.6, 72.0), (1.0, 0.4, 6.0)),
    "price": ((24.0, 0.45, 48.0), (168.0, 0.2, _ALWAYS)),
}
"""By kind: window of the recent deviation in hours, share of it that is carried on, fading time in hours."""

BAND_DAYS = 28
_SAMPLES_MAX = 1500


def seasonal_deviation(frame: Frame, index: IntArray, gate: IntArray) -> FloatArray:
    """Expect deviations from the reference, shape (samples,)."""
    lead_h = (index - gate) * (frame.calendar.step_s / 3600.0)
    total = np.zeros(index.size)
    for window_h, share, fade_h in _PULLS[frame.spec.kind]:
        width = max(1, round(window_h * 3600.0 / frame.calendar.step_s))
        recent = np.nan_to_num(frame.sums.mean(gate - width, gate))
        total += share * recent * np.exp(-lead_h / fade_h)
    return total


def seasonal_band(frame: Frame, *, known: int, gates: Gates) -> Band | None:
    """Learn the band from the rung's own errors over the last weeks; None without any."""
    first = max(0, known - BAND_DAYS * frame.slots)
    index = np.arange(first, known, dtype=np.int64)
    index = index[np.isfinite(frame.anomaly[first:known])]
    index = index[:: max(1, -(-index.size // _SAMPLES_MAX))]
    gate = gates.gate_of(frame.calendar, index)
    usable = gate > 0
    index, gate = index[usable], gate[usable]
    if index.size == 0:
        return None
    expected = seasonal_deviation(frame, index, gate)
    place = place_of(frame, index, gate, expected)
    days = max(1, int(np.unique(frame.calendar.day[index]).size))
    return band_of(
        Errors(deviation=frame.anomaly[index] - expected, place=place, days=days),
        centred=frame.spec.kind not in SKEWED,
    )
