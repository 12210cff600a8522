"""The balance of one moment: where power comes from and where it goes, in magnitudes that add up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.feeder import Feeder
from energy.region.generator import Generator
from energy.region.grid_point import GridPoint
from energy.region.heat_load import HeatLoad
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset, Region

IDLE_KW = 0.005
"""Less than half a digit of what is shown counts as nothing."""


class Group(StrEnum):
    """The four words of the balance."""

    GENERATION = "generation"
    CONSUMPTION = "consumption"
    STORAGE = "storage"
    EXCHANGE = "exchange"


def group_of(asset: Asset) -> Group | None:
    """Sort an asset into the balance; None takes no part in it.

    Heat and hydrogen have balances of their own, and a feeder only measures once more what its assets do.
    """
    if isinstance(asset, Feeder | HeatLoad | HeatStorage | Boiler | HydrogenStorage):
        return None
    if isinstance(asset, GridPoint):
        return Group.EXCHANGE
    if isinstance(asset, Battery):
        return Group.STORAGE
    if isinstance(asset, Generator | Chp):
        return Group.GENERATION
    return Group.CONSUMPTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one kind brings in or takes out, a magnitude, and its fraction of the longer side."""

    kind: str
    power_kw: float
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotal:
    """A group's net power in our sign, None when nothing of it is known.

    ``missing`` are the assets without a value that may count; the sums are without them.
    """

    group: Group
    power_kw: float | None
    kinds: tuple[tuple[str, float], ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Both sides of the balance; they differ by ``residual_kw``, which the meters leave unexplained.

    ``residual_kw`` is the import less the sum over all assets: positive means that more flows in than the
    assets account for. It is None as soon as one meter is missing.
    """

    groups: tuple[GroupTotal, ...]
    sources: tuple[Share, ...]
    sinks: tuple[Share, ...]
    source_kw: float
    sink_kw: float
    residual_kw: float | None

    def group(self, group: Group) -> GroupTotal:
        """Give one group."""
        return next(total for total in self.groups if total.group is group)

    @property
    def own_fraction(self) -> float | None:
        """How much of the consumption is covered from within the region, discharging stores among it.

        At most 1; charging a store is not consumption. None where a part is unknown or nothing is consumed.
        """
        parts = [self.group(group) for group in (Group.GENERATION, Group.CONSUMPTION, Group.STORAGE)]
        made, used, stored = (None if part.missing else part.power_kw for part in parts)
        if made is None or used is None or stored is None or used <= IDLE_KW:
            return None
        return max(0.0, min(1.0, (max(0.0, -stored) - made) / used))


def balance_of(region: Region, powers_kw: Mapping[str, float | None]) -> Balance:
    """Add up the powers of all assets.

    Args:
        region: whose assets.
        powers_kw: by asset id in our sign; None where there is nothing to trust.
    """
    groups = tuple(_total(group, region, powers_kw) for group in Group)
    # Seen from the region's bus bar an import is a source like generation: turn the grid point's sign around.
    flows = [
        (asset.kind, -power if isinstance(asset, GridPoint) else power)
        for asset in region.assets
        if group_of(asset) is not None and (power := powers_kw.get(asset.id)) is not None
    ]
    given = _sum_by_kind((kind, -power) for kind, power in flows if power < -IDLE_KW)
    taken = _sum_by_kind((kind, power) for kind, power in flows if power > IDLE_KW)
    source_kw, sink_kw = sum(given.values()), sum(taken.values())
    longer_kw = max(source_kw, sink_kw)
    complete = not any(total.missing for total in groups)
    return Balance(
        groups=groups,
        sources=_shares(given, longer_kw),
        sinks=_shares(taken, longer_kw),
        source_kw=source_kw,
        sink_kw=sink_kw,
        residual_kw=source_kw - sink_kw if complete else None,
    )


def _total(group: Group, region: Region, powers_kw: Mapping[str, float | None]) -> GroupTotal:
    assets = [asset for asset in region.assets if group_of(asset) is group]
    known = [(asset.kind, power) for asset in assets if (power := powers_kw.get(asset.id)) is not None]
    kinds = _sum_by_kind(known)
    return GroupTotal(
        group=group,
        power_kw=sum(kinds.values()) if known or not assets else None,
        kinds=tuple(kinds.items()),
        missing=tuple(asset.id for asset in assets if powers_kw.get(asset.id) is None),
    )


def _sum_by_kind(powers: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for kind, power_kw in powers:
        sums[kind] = sums.get(kind, 0.0) + power_kw
    return sums


def _shares(sums: Mapping[str, float], longer_kw: float) -> tuple[Share, ...]:
    return tuple(
        Share(kind=kind, power_kw=power_kw, fraction=power_kw / longer_kw) for kind, power_kw in sums.items()
    )
