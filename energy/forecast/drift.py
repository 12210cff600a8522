"""How the band must change since the model was learned: its errors since, against what it expected.

A band learned in autumn is too narrow at the turn of the year. Errors after ``known_at`` were not seen in
learning, so they may widen or narrow it until the next model comes.
"""

from datetime import timedelta

import numpy as np

from energy.forecast.band import expected_size, place_of
from energy.forecast.calendar import IntArray
from energy.forecast.frame import Frame
from energy.forecast.gates import Gates
from energy.forecast.model import Model, learned_deviation

DAYS_MAX = 14
SAMPLES_A_DAY = 12
DAYS_OF_TRUST = 5.0
"""The learned band counts as much as this many days of recent errors."""
_LEAST, _MOST = 0.9, 2.0
"""A few calm days prove little; a few wild ones are warning enough."""


def band_drift(model: Model, frame: Frame, *, known: int, gates: Gates) -> float:
    """Give the factor on the band's width at a gate; 1 while nothing was measured since the learning."""
    index, gate = _since(model, frame, known=known, gates=gates)
    if index.size == 0:
        return 1.0
    deviation = learned_deviation(model, frame, index, gate)
    size = expected_size(model.band, place_of(frame, index, gate, deviation))
    ratio = float(np.mean(np.abs(frame.anomaly[index] - deviation) / np.maximum(size, 1e-9)))
    days = index.size / SAMPLES_A_DAY
    return float(np.clip((ratio * days + DAYS_OF_TRUST) / (days + DAYS_OF_TRUST), _LEAST, _MOST))


def _since(model: Model, frame: Frame, *, known: int, gates: Gates) -> tuple[IntArray, IntArray]:
    """Choose periods since the model was learned, the same few of each day, with the gates they had."""
    step = timedelta(seconds=frame.calendar.step_s)
    learned = (model.known_at - frame.start) // step
    stride = max(1, frame.slots // SAMPLES_A_DAY)
    first = max(learned, known - DAYS_MAX * frame.slots, 0)
    index = np.arange(first - first % stride + stride // 2, known, stride, dtype=np.int64)
    index = index[(index >= first) & np.isfinite(frame.anomaly[index])]
    gate = gates.gate_of(frame.calendar, index)
    return index[gate > 0], gate[gate > 0]
