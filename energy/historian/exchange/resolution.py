"""Quarter hours put together to hours, and to days as the region's clock counts them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from energy.domain import FloatArray
from energy.historian import resolutions
from energy.historian.columns import IntArray
from energy.historian.instants import PERIOD_MS, moment_of
from energy.historian.period_values import Values
from energy.ports import Resolution as Step

Resolution = Literal["15min", "1h", "1d"]
STEPS: dict[Resolution, Step] = {"15min": Step.QUARTER, "1h": Step.HOUR, "1d": Step.DAY}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """Whole intervals over quarter hours; ``edges_ms`` are their starts and the end of the last one."""

    edges_ms: IntArray

    @property
    def labels(self) -> NDArray[np.datetime64]:
        """The start of each interval in UTC."""
        return self.edges_ms[:-1].astype("datetime64[ms]")

    @property
    def start(self) -> datetime:
        """The first interval's start."""
        return moment_of(int(self.edges_ms[0]))

    @property
    def end(self) -> datetime:
        """The last interval's end."""
        return moment_of(int(self.edges_ms[-1]))

    def weighted_mean(self, values: FloatArray, coverage: FloatArray) -> FloatArray:
        """Give the mean of each interval's quarter hours from ``start`` on, as the record weights them.

        A quarter hour without a value counts as not covered.
        """
        covered_ms = np.where(np.isfinite(values), np.rint(coverage * PERIOD_MS), 0.0).astype(np.int64)
        nothing = np.zeros(values.size, dtype=np.int64)
        quarters = Values(value=values, covered_ms=covered_ms, source=nothing, known_ms=nothing)
        return resolutions.grouped(quarters, int(self.edges_ms[0]) // PERIOD_MS, self.edges_ms).value

    def complete_mean(self, values: FloatArray) -> FloatArray:
        """Give the plain mean of each interval, NaN where one of its quarter hours has no value."""
        lengths = np.diff(self.edges_ms) // PERIOD_MS
        places = (self.edges_ms[:-1] - self.edges_ms[0]) // PERIOD_MS
        means: FloatArray = np.add.reduceat(values, places) / lengths
        return means


def spans_of(start: datetime, end: datetime, resolution: Resolution, zone: ZoneInfo) -> Spans:
    """Give the whole intervals that [start, end) touches; a day is one of the zone's."""
    return Spans(edges_ms=resolutions.edges(STEPS[resolution], start, end, zone))
