"""The rung of physics or of a standard profile: the prior, mended by what was measured, with its own band.

It serves from the first day on. The band comes from the rung's own errors of the last weeks, each made at the
gate it would have had; a default band counts for a few days beside them, and alone on the first day.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from energy.domain import FloatArray
from energy.forecast.calendar import IntArray
from energy.forecast.correction import Correction
from energy.forecast.frame import Frame
from energy.forecast.gates import Gates
from energy.forecast.learned.band import Errors, Place, band_of, place_of, spread
from energy.forecast.reference import clear_sky_over
from energy.forecast.series import Kind

BAND_DAYS = 42
DEFAULT_DAYS = 3.0
"""The default band counts as much as this many days of own errors."""
_SAMPLES_MAX = 1500
_SHARES = (-1.0, -0.4, 0.0, 0.4, 1.0)
DEFAULT_BANDS: Mapping[Kind, float] = {"pv": 0.7, "wind": 0.8, "hydro": 0.6, "ev_hub": 0.8, "heat": 0.35}
"""Half the 90 % band before anything was measured, as a share of the usual size; a load's is LOAD_BAND. So
wide that a day-ahead forecast of a single plant or street would seldom leave it."""
LOAD_BAND = 0.25
_PULLS: Mapping[Kind, tuple[float, float]] = {
    "pv": (0.6, 4.0),
    "wind": (0.8, 6.0),
    "hydro": (0.9, 48.0),
    "heat": (0.5, 6.0),
}
_USUAL_PULL = (0.5, 6.0)
"""Share of the last hour's error that is carried on, and the hours in which it fades."""
_CLEAR_PEAK = 1.3
"""Clear-sky power over a day's usual power by energy: a sunny noon against its day."""


def prior_quantiles(frame: Frame, index: IntArray, gate: IntArray, *, gates: Gates) -> FloatArray | None:
    """Give magnitudes (5, samples), or None where there is no prior for every one of the periods."""
    if frame.prior is None or not np.isfinite(frame.prior.column.value[index]).all():
        return None
    correction = frame.prior.correction
    known = int(gate[0])
    centre, size = _expected(frame, correction, index, gate)
    half = DEFAULT_BANDS.get(frame.spec.kind, LOAD_BAND) * size
    errors = np.asarray(_SHARES)[:, None] * half
    own, days = _own_errors(frame, correction, known=known, gates=gates, at=(index, gate))
    if own is not None:
        errors = (days * own + DEFAULT_DAYS * errors) / (days + DEFAULT_DAYS)
    low, high = frame.spec.bounds
    magnitude = (centre + errors) * frame.capacity[index]
    bounded: FloatArray = np.sort(np.clip(np.where(size > 0.0, magnitude, 0.0), low, high), axis=0)
    return bounded


def prior_deviation(frame: Frame, index: IntArray, gate: IntArray) -> FloatArray:
    """Give the mended prior as a deviation from the reference; NaN where it says nothing."""
    if frame.prior is None:
        return np.full(index.size, np.nan)
    centre, _ = _expected(frame, frame.prior.correction, index, gate)
    scale = frame.reference.scale[index]
    away = np.divide(
        centre - frame.reference.centre[index], scale, out=np.full(index.size, np.nan), where=scale > 0.0
    )
    return np.where(np.isfinite(frame.prior.column.value[index]), away, np.nan)


def _expected(
    frame: Frame, correction: Correction, index: IntArray, gate: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The mended prior, drawn towards the last hour's error; and the usual size of its errors' scale."""
    centre = correction.expected(index, gate)
    size = _size(frame, correction, centre, index, gate)
    share, fade_h = _PULLS.get(frame.spec.kind, _USUAL_PULL)
    lead_h = (index - gate) * (frame.calendar.step_s / 3600.0)
    pull = share * np.exp(-lead_h / fade_h)
    near = np.flatnonzero((pull > 0.01) & (gate > 0))
    if near.size:
        gates, back = np.unique(gate[near], return_inverse=True)
        recent = _recent_error(frame, correction, gates)[back]
        centre = centre.copy()
        centre[near] = np.maximum(centre[near] + pull[near] * recent * size[near], 0.0)
    low, high = frame.spec.bounds
    capacity = frame.capacity[index]
    return np.clip(centre, low / capacity, high / capacity), size


def _recent_error(frame: Frame, correction: Correction, gate: IntArray) -> FloatArray:
    """Mean error over the hour before each gate in units of the size, 0 where nothing was measured."""
    width = 3600 // frame.calendar.step_s
    before = gate[:, None] - 1 - np.arange(width)
    index, at = np.maximum(before, 0).ravel(), np.repeat(gate, width)
    centre = correction.expected(index, at)
    size = _size(frame, correction, centre, index, at)
    gap = frame.value[index] - centre
    known = np.isfinite(gap) & (size > 0.0) & (before >= 0).ravel()
    above = np.where(known, gap, 0.0).reshape(-1, width).sum(axis=1)
    below = np.where(known, size, 0.0).reshape(-1, width).sum(axis=1)
    error: FloatArray = np.divide(above, below, out=np.zeros(gate.size), where=below > 0.0)
    return np.clip(error, -1.0, 1.0)


def _size(
    frame: Frame, correction: Correction, centre: FloatArray, index: IntArray, gate: IntArray
) -> FloatArray:
    """In what units errors are alike: half what is expected and half what could be; 0 in the night."""
    note = np.minimum(gate // correction.chunk, correction.level.size - 1)
    usual = correction.scale[note] * correction.level[note]
    usual = np.where(np.isfinite(usual), usual, float(np.mean(centre)) if centre.size else 0.0)
    if frame.spec.kind == "pv":
        clear = clear_sky_over(frame.calendar, frame.spec.location)[index]
        sunny = (clear > 0.0) | (centre > 0.0)
        return np.where(sunny, 0.5 * (centre + _CLEAR_PEAK * usual * clear), 0.0)
    if frame.spec.kind in ("wind", "hydro"):
        return 0.5 * (centre + usual)
    return np.maximum(centre, 0.1 * usual)


def _own_errors(
    frame: Frame,
    correction: Correction,
    *,
    known: int,
    gates: Gates,
    at: tuple[IntArray, IntArray],
) -> tuple[FloatArray | None, float]:
    """The errors' quantiles (5, samples) at ``at`` from the rung's own last weeks, and how many days."""
    first = max(0, known - BAND_DAYS * frame.slots)
    index = np.arange(first, known, dtype=np.int64)
    index = index[np.isfinite(frame.value[index]) & correction.said[index]]
    index = index[:: max(1, -(-index.size // _SAMPLES_MAX))]
    gate = gates.gate_of(frame.calendar, index)
    index, gate = index[gate > 0], gate[gate > 0]
    centre, size = _expected(frame, correction, index, gate)
    lit = size > 0.0
    if not lit.any():
        return None, 0.0
    index, gate, centre, size = index[lit], gate[lit], centre[lit], size[lit]
    days = max(1, int(np.unique(frame.calendar.day[index]).size))
    errors = Errors(
        deviation=(frame.value[index] - centre) / size,
        place=_place(frame, index, gate, centre / size),
        days=days,
    )
    band = band_of(errors, centred=True)
    wanted, wanted_gate = at
    centre, size = _expected(frame, correction, wanted, wanted_gate)
    level = np.divide(centre, size, out=np.zeros(centre.size), where=size > 0.0)
    return spread(band, _place(frame, wanted, wanted_gate, level)) * size, float(days)


def _place(frame: Frame, index: IntArray, gate: IntArray, level: FloatArray) -> Place:
    """Place samples by what is expected in units of the size, not by the reference: there may be none yet."""
    return replace(place_of(frame, index, gate, np.zeros(index.size)), level=level)
