"""Where assets are connected: what flows through each feeder, what is lost, what is exchanged."""

from collections.abc import Mapping

from energy.devices.plant.member import net_kwh
from energy.physics.feeder import step_feeder
from energy.physics.grid_loss import step_grid_loss
from energy.physics.grid_point import step_grid_point
from energy.physics.meter import MeterState
from energy.region.feeder_tree import inside_out
from energy.region.grid_loss import GridLoss
from energy.region.model import Asset, Region

BUSBAR = 0
"""The node of what no feeder connects; each feeder is a node of its own."""


class Tally:
    """Sums up one step: power at its end and energy over it, by node."""

    def __init__(self, nodes: int) -> None:
        self.power_kw = [0.0] * nodes
        self.energy_kwh = [0.0] * nodes
        self.load_kw = [0.0] * nodes

    def add(self, node: int, power_kw: float, energy_kwh: float) -> None:
        """Count what an asset draws, negative what it feeds in."""
        self.power_kw[node] += power_kw
        self.energy_kwh[node] += energy_kwh


class Grid:
    """The meters that depend on others: losses, feeders, the grid point."""

    def __init__(self, region: Region) -> None:
        self._nodes: dict[str | None, int] = {None: BUSBAR}
        self._nodes.update({feeder.id: 1 + index for index, feeder in enumerate(region.feeders)})
        self._feeder_ids = [feeder.id for feeder in region.feeders]
        inner = [self._nodes[feeder.id] for feeder in inside_out(region.feeders)]
        parents = {self._nodes[feeder.id]: self._nodes[feeder.feeder] for feeder in region.feeders}
        self._into = [(node, parents[node]) for node in inner if parents[node] != BUSBAR]
        self._losses = [asset for asset in region.members if isinstance(asset, GridLoss)]
        self._exchange_id = region.grid_point.id

    def node_of(self, asset: Asset) -> int:
        """Give where an asset is connected."""
        return self._nodes[asset.feeder]

    def tally(self) -> Tally:
        """Give an empty sum."""
        return Tally(len(self._nodes))

    def first_meters(self) -> dict[str, MeterState]:
        """Give the meters before anything flowed."""
        return {
            asset_id: MeterState()
            for asset_id in (*(loss.id for loss in self._losses), *self._feeder_ids, self._exchange_id)
        }

    def step(self, meters: Mapping[str, MeterState], tally: Tally, *, dt_s: float) -> dict[str, MeterState]:
        """Give the meters after a step."""
        after = dict(meters)
        for loss in self._losses:
            node = self.node_of(loss)
            before = meters[loss.id]
            lost = step_grid_loss(loss, before, load_kw=tally.load_kw[node], dt_s=dt_s)
            after[loss.id] = lost
            tally.add(node, lost.power_kw, net_kwh(lost) - net_kwh(before))
        power_kw, energy_kwh = list(tally.power_kw), list(tally.energy_kwh)
        for node, parent in self._into:
            power_kw[parent] += power_kw[node]
            energy_kwh[parent] += energy_kwh[node]
        for node, feeder_id in enumerate(self._feeder_ids, start=1):
            after[feeder_id] = step_feeder(
                meters[feeder_id], members_kw=power_kw[node], members_kwh=energy_kwh[node]
            )
        after[self._exchange_id] = step_grid_point(
            meters[self._exchange_id], members_kw=sum(tally.power_kw), members_kwh=sum(tally.energy_kwh)
        )
        return after
