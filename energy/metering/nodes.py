"""Which meters must add up, and by how much their sums may miss."""

from collections.abc import Mapping
from dataclasses import dataclass

from energy.domain import FloatArray

LIMIT_FRACTION: Mapping[str | None, float] = {
    "0.2S": 0.002,
    "0.5S": 0.005,
    "1": 0.01,
    "2": 0.02,
    None: 0.02,
}
"""Largest error at rated load and unity power factor by class (IEC 62053-21 and 62053-22, table 4 each); a
meter of unknown class may be of the widest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A metered place whose power is the sum of its members': a feeder, or the busbar at the grid point."""

    meter_id: str
    member_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeterRecord:
    """What all meters said over consecutive quarter hours.

    ``power_kw`` has shape (meters, periods), positive draws, NaN where a quarter hour was not measured as a
    whole; its rows are in the order of ``limit_fraction``, which holds each meter's class limit.
    """

    nodes: tuple[Node, ...]
    limit_fraction: Mapping[str, float]
    power_kw: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterDrift:
    """One meter that began to read too high (positive) or too low, as a fraction of what it measures.

    ``since_period`` counts from the beginning of the record; 0 means that it began earlier.
    """

    meter_id: str
    node_id: str
    error_fraction: float
    error_fraction_se: float
    since_period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbalanced:
    """A balance that no longer closes, and no single meter explains it.

    ``size_kw`` is what appeared at the node's meter and at none of its members', as a mean power.
    """

    node_id: str
    size_kw: float
    size_kw_se: float
    since_period: int


Finding = MeterDrift | Unbalanced
