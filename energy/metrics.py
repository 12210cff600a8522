"""What the controller counts about itself: names, labels and buckets that writer and reader share.

Names follow the conventions of Prometheus: base units, ``_total`` for what only grows. In the record a number
has a key: its name, and after a bar the value of its label or the upper end of its bucket.
"""

from dataclasses import dataclass
from typing import Literal

from energy.domain import Rung

OVERFLOW = "+Inf"
"""The bucket of everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One family of numbers; ``label`` has one of ``values``, ``bounds_s`` are a histogram's buckets."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    label: str = ""
    values: tuple[str, ...] = ()
    bounds_s: tuple[float, ...] = ()


TICKS = Metric(name="energiewaage_ticks_total", kind="counter", help="Ticks that were decided and sent.")
FAILED_TICKS = Metric(
    name="energiewaage_failed_ticks_total",
    kind="counter",
    help="Ticks that failed: nothing was sent. Recorded with the next one that goes well.",
)
TICK_SECONDS = Metric(
    name="energiewaage_tick_seconds",
    kind="histogram",
    help="Wall seconds from the beginning of a tick to its last outcome.",
    bounds_s=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
SETPOINTS = Metric(
    name="energiewaage_setpoints_total",
    kind="counter",
    help="Setpoints by what became of them.",
    label="outcome",
    values=("applied", "limited", "rejected", "unreachable"),
)
PLANS = Metric(
    name="energiewaage_plans_total",
    kind="counter",
    help="Plans by the rung that they came from.",
    label="rung",
    values=tuple(Rung),
)
PLAN_SECONDS = Metric(
    name="energiewaage_plan_seconds",
    kind="histogram",
    help="Wall seconds that a plan took to make, forecasts included.",
    bounds_s=(1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0),
)
PLAN_ISSUED = Metric(
    name="energiewaage_plan_issued_timestamp_seconds",
    kind="gauge",
    help="When the latest plan was issued, by the controller's clock.",
)
RECORD_FAILURES = Metric(
    name="energiewaage_record_failures_total",
    kind="counter",
    help="Times that the record could not be written; control went on.",
)
WEATHER_FETCHES = Metric(
    name="energiewaage_weather_fetches_total",
    kind="counter",
    help="Fetches of weather forecasts by how they ended.",
    label="outcome",
    values=("fetched", "failed"),
)
WEATHER_ISSUED = Metric(
    name="energiewaage_weather_issued_timestamp_seconds",
    kind="gauge",
    help="When the newest weather forecast was issued, of the place whose newest is the oldest.",
)
COUNTED = (
    TICKS,
    FAILED_TICKS,
    TICK_SECONDS,
    SETPOINTS,
    PLANS,
    PLAN_SECONDS,
    PLAN_ISSUED,
    RECORD_FAILURES,
    WEATHER_FETCHES,
    WEATHER_ISSUED,
)
"""What the controller writes with its status."""


def key(metric: Metric, value: str = "") -> str:
    """Give the key of a number.

    >>> key(TICKS), key(SETPOINTS, "applied")
    ('energiewaage_ticks_total', 'energiewaage_setpoints_total|applied')
    """
    return f"{metric.name}|{value}" if value else metric.name


def bucket_key(metric: Metric, bound: str) -> str:
    """Give the key of a bucket: how many observations were at most its bound."""
    return f"{metric.name}_bucket|{bound}"


def sum_key(metric: Metric) -> str:
    """Give the key of the sum of all observations."""
    return f"{metric.name}_sum"
