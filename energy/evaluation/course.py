"""What happened in one case: quarter hours of every asset, measured on the plant or taken from a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from energy.domain import FloatArray
from energy.periods import format_utc, parse_utc

DIGITS = 4
"""A tenth of a watt: a course is kept as JSON."""
AVAILABLE = "power_kw_available"
FUEL = "fuel_kw"
STARTS = "starts_per_period"

Columns = Mapping[str, Mapping[str, FloatArray]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """Quarter hours of every asset by name, in our sign.

    ``means`` have shape (periods,); ``ends`` have shape (periods + 1,): values at the edges of the quarter
    hours, energy registers of service (arrived, unserved) among them. ``nominated_kw`` is the exchange that
    was nominated, import positive, shape (periods,).
    """

    start: datetime
    means: Columns
    ends: Columns
    nominated_kw: FloatArray

    def mean(self, asset_id: str, name: str) -> FloatArray:
        """Give a mean by asset and name; zeros where the asset has none."""
        values = self.means.get(asset_id, {}).get(name)
        return np.zeros(self.nominated_kw.size) if values is None else values

    def end(self, asset_id: str, name: str) -> FloatArray | None:
        """Give the values at the edges; None where the asset has none."""
        return self.ends.get(asset_id, {}).get(name)


def course_to_json(course: Course) -> dict[str, Any]:
    """Give a course as plain data."""
    return {
        "start": format_utc(course.start),
        "means": _plain(course.means),
        "ends": _plain(course.ends),
        "nominated_kw": course.nominated_kw.round(DIGITS).tolist(),
    }


def course_from_json(data: Mapping[str, Any]) -> Course:
    """Read a course back."""
    return Course(
        start=parse_utc(data["start"]),
        means=_columns(data["means"]),
        ends=_columns(data["ends"]),
        nominated_kw=np.array(data["nominated_kw"], dtype=np.float64),
    )


def _plain(columns: Columns) -> dict[str, dict[str, list[float]]]:
    return {
        asset_id: {name: values.round(DIGITS).tolist() for name, values in named.items()}
        for asset_id, named in columns.items()
    }


def _columns(data: Mapping[str, Mapping[str, list[float]]]) -> Columns:
    return {
        asset_id: {name: np.array(values, dtype=np.float64) for name, values in named.items()}
        for asset_id, named in data.items()
    }
