"""Steps of each resolution, means over groups of quarter hours, and sums over groups of assets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from energy.historian.columns import IntArray
from energy.historian.instants import HOUR_MS, MINUTE_MS, PERIOD_MS, ms_of
from energy.historian.limits import POINTS_PER_QUERY_MAX, query_fault
from energy.historian.local_days import day_of, edges_ms
from energy.historian.period_values import Values, without_history
from energy.ports import GroupSum, Resolution, RollUp

_STEP_MS = {Resolution.MINUTE: MINUTE_MS, Resolution.QUARTER: PERIOD_MS, Resolution.HOUR: HOUR_MS}
_DAYS_PER_QUERY_MAX = 20_000
"""Fifty years."""
_DAY_MS = 86_400_000


def edges(
    resolution: Resolution, start: datetime, end: datetime, zone: ZoneInfo, *, series: int = 1
) -> IntArray:
    """Give the starts of the steps that lie in [start, end), the first one rounded down, and the last end.

    Raises:
        BadInput: the end lies before the start, or there are too many values.
    """
    start_ms, end_ms = ms_of(start), ms_of(end)
    step_ms = _STEP_MS.get(resolution, _DAY_MS)
    if end_ms < start_ms:
        raise query_fault(
            "end", value=end.isoformat(), limit="it lies before the start", mend="name a later end"
        )
    steps = -((start_ms // step_ms * step_ms - end_ms) // step_ms)
    most = _DAYS_PER_QUERY_MAX if resolution is Resolution.DAY else POINTS_PER_QUERY_MAX
    if steps > most or steps * series > POINTS_PER_QUERY_MAX:
        raise query_fault(
            "start, end",
            value=f"{steps} steps of {series} points",
            limit=f"at most {POINTS_PER_QUERY_MAX} values and {_DAYS_PER_QUERY_MAX} days a query",
            mend="ask for a shorter window, fewer assets or longer steps",
        )
    if resolution is not Resolution.DAY:
        return np.arange(steps + 1, dtype=np.int64) * step_ms + start_ms // step_ms * step_ms
    if end_ms == start_ms:
        return edges_ms(day_of(start_ms, zone), day_of(start_ms, zone), zone)[:1]
    return edges_ms(day_of(start_ms, zone), day_of(end_ms - 1, zone), zone)


def grouped(quarters: Values, begin: int, edges_at_ms: IntArray) -> Values:
    """Give coverage-weighted means of quarter hours between edges; ``begin`` is the first one's number."""
    places = edges_at_ms // PERIOD_MS - begin
    if places.size < 2:
        return without_history(np.empty(0), np.empty(0, dtype=np.int64))
    part = quarters.part(int(places[0]), int(places[-1]))
    weighted = np.where(part.covered_ms > 0, part.value, 0.0) * part.covered_ms
    firsts = places[:-1] - places[0]
    return without_history(np.add.reduceat(weighted, firsts), np.add.reduceat(part.covered_ms, firsts))


def rolled_up(values: Values, edges_at_ms: IntArray) -> RollUp:
    """Give values between edges as an answer."""
    return RollUp(
        start_ms=edges_at_ms[:-1],
        value=values.value,
        coverage=values.covered_ms / np.diff(edges_at_ms),
    )


def forget_after(values: Values, edges_at_ms: IntArray, known_ms: int) -> None:
    """Take out the values of steps that were not over yet."""
    running = edges_at_ms[1:] > known_ms
    values.value[running], values.covered_ms[running] = np.nan, 0


def added(groups: Mapping[str, Sequence[str]], of: Mapping[str, RollUp]) -> Mapping[str, GroupSum]:
    """Add up the members of each group; a value that is missing makes the sum missing, not smaller."""
    sums: dict[str, GroupSum] = {}
    for name, members in groups.items():
        if not members:
            continue
        values = np.vstack([of[asset_id].value for asset_id in members])
        sums[name] = GroupSum(
            start_ms=of[members[0]].start_ms,
            value=values.sum(axis=0),
            missing=np.isnan(values).sum(axis=0),
        )
    return sums
