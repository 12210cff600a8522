"""How feeders hang on each other: a feeder may be connected through another."""

from collections.abc import Mapping, Sequence

from energy.region.feeder import Feeder

Paths = Mapping[str | None, tuple[str, ...]]
"""By feeder, itself and those that it is connected through, up to the busbar; None is the busbar."""


def paths_of(feeders: Sequence[Feeder]) -> Paths:
    """Give each feeder's way to the busbar; the region's check has seen that none leads in a circle."""
    parents = {feeder.id: feeder.feeder for feeder in feeders}
    paths: dict[str | None, tuple[str, ...]] = {None: ()}

    def path(feeder_id: str) -> tuple[str, ...]:
        parent = parents[feeder_id]
        return (feeder_id,) if parent is None else (feeder_id, *path(parent))

    return paths | {feeder.id: path(feeder.id) for feeder in feeders}


def inside_out(feeders: Sequence[Feeder]) -> tuple[Feeder, ...]:
    """Sort feeders so that each comes before the one that it is connected through, else as they came."""
    paths = paths_of(feeders)
    return tuple(sorted(feeders, key=lambda feeder: -len(paths[feeder.id])))
