"""Loads net of what is generated behind their meter: towns that feed in when the sun is high.

A load below nothing is a wrong reading, until it turns on so many days that it must be true. From then on the
series may be negative, and nothing of it is held against a load's usual size, which passes through zero.
"""

from dataclasses import replace

import numpy as np

from energy.domain import FloatArray
from energy.forecast.series import SeriesSpec

TURNING_DAYS = 5
"""A meter with its sign turned is below zero all day, and a glitch is over within the hour."""
TURNING_SHARE = 0.05
"""Of a day's greatest magnitude: so far must it go to both sides on that day."""
TURNING_H = 2
"""For so many hours of a day at least, on either side."""


def net_from(spec: SeriesSpec, values: FloatArray, *, step_s: int) -> int | None:
    """Give how many values had to be known to tell that a load is net; None where it is none.

    What comes after that many values changes nothing of the answer.
    """
    if spec.kind != "load" or not (values < 0.0).any():
        return None
    slots = 86_400 // step_s
    days = values.size // slots
    table = values[: days * slots].reshape(days, slots)
    edge = TURNING_SHARE * np.fmax.reduce(np.abs(table), axis=1, initial=0.0)[:, None]
    least = TURNING_H * slots // 24
    turning = ((table < -edge).sum(axis=1) >= least) & ((table > edge).sum(axis=1) >= least)
    found = np.flatnonzero(np.cumsum(turning) >= TURNING_DAYS)
    return (int(found[0]) + 1) * slots if found.size else None


def known_by(spec: SeriesSpec, values: FloatArray, *, step_s: int) -> SeriesSpec:
    """Describe a series as all of ``values`` show it."""
    return spec if net_from(spec, values, step_s=step_s) is None else as_net(spec)


def as_net(spec: SeriesSpec) -> SeriesSpec:
    """Describe the same series as one that may be negative."""
    return replace(spec, kind="net_load")
