"""Where a problem's sums are limited beside the grid point: feeders, one in another, and municipalities."""

from collections.abc import Mapping

from energy.optimize.items import FeederFlow, MunicipalityFlow, municipality_balance
from energy.optimize.problem import Problem

LimitedNode = FeederFlow | MunicipalityFlow


def nodes_of(problem: Problem) -> Mapping[str, tuple[str, ...]]:
    """Name what each member stands behind: feeders up to the busbar, last its municipality."""
    paths = _paths_of(problem)
    return {
        item.asset_id: (
            *(paths[item.feeder] if item.feeder is not None else ()),
            *([municipality_balance(item.municipality)] if item.municipality is not None else []),
        )
        for item in problem.members
    }


def limited_nodes(problem: Problem) -> tuple[LimitedNode, ...]:
    """List them so that each comes before what it stands behind; municipalities last."""
    paths = _paths_of(problem)
    inside_out = sorted(problem.feeders, key=lambda feeder: -len(paths[feeder.asset_id]))
    return (*inside_out, *problem.municipalities)


def _paths_of(problem: Problem) -> Mapping[str, tuple[str, ...]]:
    """Give each feeder's way to the busbar, itself first."""
    parents = {feeder.asset_id: feeder.feeder for feeder in problem.feeders}

    def path(feeder_id: str | None) -> tuple[str, ...]:
        return () if feeder_id is None else (feeder_id, *path(parents[feeder_id]))

    return {feeder_id: path(feeder_id) for feeder_id in parents}
