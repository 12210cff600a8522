"""Watches the region's meters: from the record to notes about a meter that drifts."""

from datetime import datetime, timedelta

import numpy as np

from energy.domain import Point
from energy.metering.nodes import LIMIT_FRACTION, Finding, MeterDrift, MeterRecord, Node
from energy.metering.search import findings
from energy.periods import PERIOD, format_utc, period_start
from energy.ports import MeansSource
from energy.region.boiler import Boiler
from energy.region.heat_load import HeatLoad
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Region

WINDOW_PERIODS = 14 * 96
"""Two weeks: one of them at least to learn what each meter's error was before."""
EVERY = timedelta(hours=1)
COVERAGE_MIN = 0.98
"""Meters that were read at different moments of a quarter hour do not balance: all of it, or not at all."""
PERCENT = 100.0
NotElectric = Boiler | HeatLoad | HeatStorage | HydrogenStorage
"""Kinds without an electricity meter of their own."""


class MeterWatch:
    """Computes anew from the record at most once an hour; in between it repeats itself."""

    def __init__(self, region: Region, means: MeansSource) -> None:
        self._means = means
        self._nodes = nodes_of(region)
        classes = {asset.id: asset.meter_class for asset in region.assets}
        meter_ids = dict.fromkeys(
            meter_id for node in self._nodes for meter_id in (*node.member_ids, node.meter_id)
        )
        self._limit_fraction = {meter_id: LIMIT_FRACTION[classes[meter_id]] for meter_id in meter_ids}
        self._told: tuple[datetime, tuple[str, ...]] | None = None

    def notes(self, known_at: datetime) -> tuple[str, ...]:
        """Tell of meters that drift and balances that do not close, as ``code@asset: detail``.

        Raises:
            StoreUnavailable: the record cannot be read now.
        """
        if self._told is None or not timedelta() <= known_at - self._told[0] < EVERY:
            self._told = known_at, self._notes(known_at)
        return self._told[1]

    def _notes(self, known_at: datetime) -> tuple[str, ...]:
        end = period_start(known_at)
        start = end - WINDOW_PERIODS * PERIOD
        rows = []
        for meter_id in self._limit_fraction:
            means = self._means.means(meter_id, Point.POWER_KW, start=start, end=end, known_at=known_at)
            rows.append(np.where(means.coverage >= COVERAGE_MIN, means.value, np.nan))
        record = MeterRecord(nodes=self._nodes, limit_fraction=self._limit_fraction, power_kw=np.stack(rows))
        return tuple(_note(finding, start) for finding in findings(record))


def nodes_of(region: Region) -> tuple[Node, ...]:
    """List the busbar, whose meter is the grid point's, and every feeder, with the meters that add up."""
    members = [asset for asset in region.members if not isinstance(asset, NotElectric)]
    direct = [asset.id for asset in members if asset.feeder is None]
    at_busbar = [feeder.id for feeder in region.feeders if feeder.feeder is None]
    found = [Node(meter_id=region.grid_point.id, member_ids=(*at_busbar, *direct))]
    for feeder in region.feeders:
        inner = [one.id for one in region.feeders if one.feeder == feeder.id]
        ids = (*inner, *(asset.id for asset in members if asset.feeder == feeder.id))
        if ids:
            found.append(Node(meter_id=feeder.id, member_ids=ids))
    return tuple(found)


def _note(finding: Finding, start: datetime) -> str:
    """Write a finding as a note; what changes from hour to hour stands in the detail only."""
    began = start + finding.since_period * PERIOD
    since = (
        f"since about {format_utc(began)}"
        if finding.since_period > 0
        else f"since before {format_utc(began)}"
    )
    if isinstance(finding, MeterDrift):
        way = "high" if finding.error_fraction > 0.0 else "low"
        error = _with_error(finding.error_fraction * PERCENT, finding.error_fraction_se * PERCENT, "%")
        return (
            f"meter_drift@{finding.meter_id}: reads {error} too {way} {since}; balance of {finding.node_id}"
        )
    size = _with_error(finding.size_kw, finding.size_kw_se, "kW")
    return f"balance_residual@{finding.node_id}: {size} unaccounted for {since}"


def _with_error(value: float, standard_error: float, unit: str) -> str:
    return f"{abs(value):.1f} {unit} (standard error {standard_error:.1f} {unit})"
