"""What a gate knows of the model's errors: those held back in learning, and those made since.

A band learned in autumn is too narrow at the turn of the year. Errors after ``known_at`` were not seen in
learning, so they may widen or narrow it until the next model comes; those held back go on counting beside
them, so that a new model does not begin without experience.
"""

from datetime import timedelta

import numpy as np

from energy.forecast.calendar import IntArray
from energy.forecast.frame import Frame
from energy.forecast.gates import Gates
from energy.forecast.learned.band import place_of, spread
from energy.forecast.learned.conformal import Stretch, needed_of, stretch_of, together
from energy.forecast.learned.model import Model, learned_deviation

DAYS_MAX = 28
"""Four half-lives: what is older is hardly heard."""
SAMPLES_A_DAY = 12


def band_stretch(model: Model, frame: Frame, *, known: int, gates: Gates) -> Stretch:
    """Give the factors on the band's width at a gate, from all errors known there."""
    needed = model.needed
    index, gate = _since(model, frame, known=known, gates=gates)
    if index.size:
        deviation = learned_deviation(model, frame, index, gate)
        expected = spread(model.band, place_of(frame, index, gate, deviation))
        error = frame.anomaly[index] - deviation
        needed = together(needed, needed_of(frame.calendar.at_s[index], error, expected))
    return stretch_of(needed, now_s=int(frame.calendar.at_s[0]) + known * frame.calendar.step_s)


def _since(model: Model, frame: Frame, *, known: int, gates: Gates) -> tuple[IntArray, IntArray]:
    """Choose periods since the model was learned, others each day in turn, with the gates they had."""
    step = timedelta(seconds=frame.calendar.step_s)
    learned = (model.known_at - frame.start) // step
    stride = max(1, frame.slots // SAMPLES_A_DAY)
    first = max(learned, known - DAYS_MAX * frame.slots, 0)
    index = np.arange(first, known, dtype=np.int64)
    turn = frame.calendar.slot[first:known] + 3 * frame.calendar.day[first:known]
    index = index[(turn % stride == 0) & np.isfinite(frame.anomaly[first:known])]
    gate = gates.gate_of(frame.calendar, index)
    return index[gate > 0], gate[gate > 0]
